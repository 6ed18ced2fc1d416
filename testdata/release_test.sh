#!/bin/bash
# The static program does the main job in roots that have nothing but what it is given: certificates where different
# distributions have them, names in /etc/hosts and from a DNS server, http and https. testdata/release.sh builds the program;
# without one the test is skipped. With one for another processor, an emulator does the same with that.
. "$(dirname "$0")/lib.sh"
static=${INLAY_STATIC:-$TESTDATA/../build-static/static/inlay}
[ -x "$static" ] || skip "there is no '$static'; testdata/release.sh builds it"
[ "$(id -u)" = 0 ] || skip 'only root can change the root folder, and answer on the port of DNS'
cd "$TEST_DIR" || exit

# It asks for no loader and no library, lies anywhere in memory, and gives threads 8 MiB of stack.
check_program() {
    expect_lacks "$(readelf -lW "$1")" INTERP
    expect_lacks "$(readelf -dW "$1")" NEEDED
    expect_contains "$(readelf -hW "$1")" 'DYN'
    grep -qE 'GNU_STACK +0x0+ 0x0+ 0x0+ 0x0+ 0x800000 RW ' <<<"$(readelf -lW "$1")" || fail 'threads have less stack'
    expect_lacks "$(strings -a "$1")" "$(realpath "$TESTDATA/..")" 'paths of the machine that built it'
}
check_program "$static"

# A hub and a registry behind names, with certificates of an authority of their own.
names='hub.test registry.test'
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=names -addext 'subjectAltName=DNS:hub.test,DNS:registry.test' \
    -keyout names.key -out names.crt 2>/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=nobody -keyout nobody.key -out nobody.crt 2>/dev/null
start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"}, {"path": "model.safetensors", "synthetic": 3000000}]}'
start_registry
make_base base 1
push_base base 1 "$REGISTRY/app:1"
tls="ssl on; proxy_request_buffering off; proxy_buffering off; proxy_http_version 1.1; ssl_certificate $TEST_DIR/names.crt; ssl_certificate_key $TEST_DIR/names.key; client_max_body_size 0;
    proxy_set_header X-Forwarded-Proto https;"
start_proxy "${CDN_URL#http://}" "$tls"
start_proxy "${HUB_URL#http://}" "$tls proxy_redirect $CDN_URL/ https://hub.test:${PROXY##*:}/;"
hub=https://hub.test:${PROXY##*:}
start_proxy "$REGISTRY" "$tls"
registry=registry.test:${PROXY##*:}

# Answers A for the two names, and nothing for others or AAAA.
cat >dns.py <<'END'
import socket, sys
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((sys.argv[1], 53))
print("ready", flush=True)
while True:
    query, peer = server.recvfrom(512)
    end = query.index(b"\0", 12) + 5
    name, kind = query[12:end - 4].lower(), query[end - 4:end - 2]
    known = name in (b"\x03hub\x04test\0", b"\x08registry\x04test\0")
    answer = b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\x7f\0\0\x01" if known and kind == b"\0\x01" else b""
    print(name, kind, flush=True)
    server.sendto(query[:2] + (b"\x81\x80" if known else b"\x81\x83") + b"\0\x01" + (b"\0\x01" if answer else b"\0\0")
                  + b"\0\0\0\0" + query[12:end] + answer, peer)
END
start_server dns.log /usr/bin/python3 dns.py 127.0.0.53
wait_until dns.log grep -q ready dns.log

# make_root NAME BUNDLE: with the program, and the certificates at this path; names from DNS.
make_root() {
    mkdir -p "$1/etc" "$1/$(dirname "$2")"
    cp "$static" "$1/inlay"
    cat nobody.crt names.crt >"$1/$2"
    echo 'nameserver 127.0.0.53' >"$1/etc/resolv.conf"
}
within() { # ROOT ARGUMENT...
    env -i HF_ENDPOINT="$hub" SOURCE_DATE_EPOCH=1 /usr/sbin/chroot "$1" /inlay "${@:2}"
}

# What the program that is linked with the system's libraries makes of the same; records of the image name hosts, layers do not.
expect_exit 0 env HF_ENDPOINT="$HUB_URL" SOURCE_DATE_EPOCH=1 "$INLAY" inject "$REGISTRY/app:1" acme/tiny --to "$REGISTRY/app:expected"
layers() {
    skopeo inspect --tls-verify=false --format '{{.Layers}}' "docker://$REGISTRY/app:$1"
}

number=0
for bundle in etc/ssl/certs/ca-certificates.crt etc/pki/tls/certs/ca-bundle.crt etc/ssl/ca-bundle.pem etc/ssl/cert.pem; do
    root=root$((number += 1))
    make_root $root $bundle
    if [ $number = 1 ]; then
        echo "127.0.0.1 $names" >$root/etc/hosts
    fi
    expect_exit 0 within $root inject "$registry/app:1" acme/tiny --to "$registry/app:$root"
    expect_eq "$(layers expected)" "$(layers $root)" "$bundle"
    expect_exit 0 within $root verify "$registry/app:$root" acme/tiny
    if [ $number = 1 ]; then
        expect_lacks "$(cat dns.log)" hub 'names of /etc/hosts were asked for'
    fi
done
expect_contains "$(cat dns.log)" registry

# Over plain http, with a host that is given as a number; compressed layers are the same bytes, too.
for how in gzip zstd; do
    expect_exit 0 env HF_ENDPOINT="$HUB_URL" "$INLAY" inject "$REGISTRY/app:1" acme/tiny --compression $how --to "$REGISTRY/$how:expected"
    expect_exit 0 env -i HF_ENDPOINT="$HUB_URL" /usr/sbin/chroot root4 /inlay inject "$REGISTRY/app:1" acme/tiny --compression $how --to "$REGISTRY/$how:static"
    expect_eq "$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$REGISTRY/$how:expected")" \
        "$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$REGISTRY/$how:static")" "$how"
done

# For another processor: the same layers.
other=$TESTDATA/../build-static/aarch64/static/inlay
emulator=$(command -v qemu-aarch64-static || true)
if [ -x "$other" ] && [ -n "$emulator" ] && [ "$(uname -m)" != aarch64 ]; then
    check_program "$other"
    mkdir -p other/tmp
    make_root other etc/ssl/cert.pem
    cp "$emulator" other/emulator
    cp "$other" other/inlay
    emulated() {
        env -i HF_ENDPOINT="$hub" SOURCE_DATE_EPOCH=1 /usr/sbin/chroot other /emulator /inlay "$@"
    }
    expect_exit 0 emulated version --json
    expect_eq "$(/usr/sbin/chroot root1 /inlay version --json | jq -c .libraries)" "$(jq -c .libraries <<<"$OUT")"
    expect_exit 0 emulated inject "$registry/app:1" acme/tiny --to "$registry/app:other"
    expect_eq "$(layers expected)" "$(layers other)"
    expect_exit 0 emulated verify "$registry/app:other" acme/tiny
fi

# What is wrong is told as ever: a name that there is not, a certificate of nobody that is trusted.
expect_exit 5 within root4 inspect --retries 0 "nowhere.test:1/app:1"
expect_contains "$ERR" nowhere.test
cp nobody.crt root4/etc/ssl/cert.pem
status=0
within root4 inspect "$registry/app:1" >out 2>&1 || status=$?
expect_eq 6 "$status" "$(cat out)"
rm root4/etc/ssl/cert.pem
status=0
within root4 inspect "$registry/app:1" >out 2>&1 || status=$?
expect_eq 6 "$status" "$(cat out)"
expect_contains "$(cat out)" --tls-ca
SSL_CERT_FILE=/names.crt
cp names.crt root4/
expect_exit 0 env -i SSL_CERT_FILE=$SSL_CERT_FILE /usr/sbin/chroot root4 /inlay inspect "$registry/app:root1"
