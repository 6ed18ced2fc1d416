#!/bin/bash
# What other commands need is looked at: hub, token, registry, login, rights, certificates, proxy, clock, disk.
. "$(dirname "$0")/../../testdata/lib.sh"

cd "$TEST_DIR" || exit
unset http_proxy https_proxy HTTPS_PROXY no_proxy NO_PROXY all_proxy ALL_PROXY SSL_CERT_FILE SSL_CERT_DIR
export HOME=$TEST_DIR/home XDG_CACHE_HOME=$TEST_DIR/cache TMPDIR=$TEST_DIR/temporary
mkdir -p "$HOME" "$TMPDIR"
expect_valid() {
    /usr/bin/python3 -W ignore -m jsonschema -i "$1" "$TESTDATA/../docs/schema/doctor.schema.json" >schema.out 2>&1 ||
        fail "$1 is not what the schema says: $(head -3 schema.out)"
}
doctor() { # STATUS ARGUMENT...: sets OUT, the document
    local status=$1
    shift
    expect_exit "$status" "$INLAY" doctor --json "$@"
    printf '%s\n' "$OUT" >document.json
    expect_valid document.json
}
expect_check() { # CHECK STATE PART
    expect_eq "$2" "$(jq -r --arg check "$1" '[.checks[] | select(.check == $check)][0].state' document.json)" "$1: $(cat document.json)"
    expect_contains "$(jq -r --arg check "$1" '.checks[] | select(.check == $check) | .message' document.json)" "$3"
}
# node SERVER: a server of few lines; sets ADDRESS
start_script() { # NAME SCRIPT
    printf '%s\n' "$2
server.listen(0, '127.0.0.1', () => require('fs').writeFileSync('$TEST_DIR/$1.address', '127.0.0.1:' + server.address().port));" >"$1.cjs"
    start_server "$1.log" node "$1.cjs"
    wait_until "$1.log" test -s "$TEST_DIR/$1.address"
    ADDRESS=$(cat "$TEST_DIR/$1.address")
}

start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"}]}' \
    '{"id": "acme/secret", "private": true, "files": [{"path": "config.json", "text": "{}"}]}' \
    '{"tokens": {"hf_reader01": ["acme/secret"]}}'
export HF_ENDPOINT=$HUB_URL
start_registry --htpasswd bob:s3cret99
make_base "$TEST_DIR/base" 1
skopeo copy -q --dest-tls-verify=false --dest-creds bob:s3cret99 oci:base:1 "docker://$REGISTRY/app:1"
mkdir -p "$HOME/.docker"
printf '{"auths":{"%s":{"auth":"%s"}}}' "$REGISTRY" "$(printf bob:s3cret99 | base64)" >"$HOME/.docker/config.json"

# All is well: a line each, and no secret in them.
expect_exit 0 env HF_TOKEN=hf_reader01 "$INLAY" doctor "$REGISTRY/app:1" acme/tiny acme/secret
expect_eq 'version sandbox hub certificate clock token model model registry certificate clock pull push login temporary memo ' \
    "$(awk '{print $2}' <<<"$OUT" | tr '\n' ' ')"
expect_lacks "$OUT" failed
expect_contains "$OUT" "token          from HF_TOKEN, of 'reader'"
expect_contains "$OUT" "'acme/tiny@main' may be read: 1 file, 2 B"
expect_contains "$OUT" "the credentials of 'bob' come from '$HOME/.docker/config.json', key '$REGISTRY'"
for secret in s3cret99 hf_reader01 "$(printf bob:s3cret99 | base64)"; do
    expect_lacks "$OUT$ERR" "$secret"
done
doctor 0 "$REGISTRY/app:1"
expect_check push ok "'$REGISTRY/app' may be written"
expect_check pull ok "'$REGISTRY/app:1' may be read"
expect_check certificate warning 'is spoken to in plain http'
expect_check token ok 'none: public models alone'
expect_check clock ok 'as that of'
expect_eq "$("$INLAY" version --json | jq -r .libraries.libcurl)" "$(jq -r .libcurl document.json)"
# The probe leaves nothing: no upload, no file, no folder.
# (docker-registry itself keeps the state of a hash of an upload that it has ended.)
expect_eq '' "$(find "$REGISTRY_DATA" -path '*_uploads/*' -name data)"
expect_eq "$(grep -c '"POST /v2/app/blobs/uploads/ HTTP/1.1" 202 .* "inlay' "$REGISTRY_LOG")" "$(grep -c '"DELETE /v2/app/blobs/uploads/.* 204 .*inlay' "$REGISTRY_LOG")" 'uploads that were begun and ended'
expect_eq '' "$(find "$TMPDIR" "$XDG_CACHE_HOME" -type f 2>/dev/null || true)"

# The hub: a token that it does not take, a model that may not be read, a file that is no token.
HF_TOKEN=hf_old00000 doctor 4
expect_check token failed 'does not take the token from HF_TOKEN (status 401)'
expect_lacks "$OUT$ERR" hf_old00000
mkdir -p "$HOME/hf"
printf hf_reader01 >"$HOME/hf/token"
HF_HOME=$HOME/hf doctor 0 scratch acme/secret
expect_check token ok "from $HOME/hf/token, of 'reader'"
doctor 4 scratch acme/secret
expect_check model failed 'acme/secret'
HF_HUB_OFFLINE=1 doctor 0
expect_check hub warning 'HF_HUB_OFFLINE'

# Offline, models are what this machine has.
HF_HUB_OFFLINE=1 doctor 3 scratch acme/tiny
expect_check model failed "the Hub cache '$XDG_CACHE_HOME/huggingface/hub' lacks 'acme/tiny' at revision 'main'"
HOME='' XDG_CACHE_HOME='' HF_HUB_OFFLINE=1 doctor 3 scratch acme/tiny
expect_check model failed "nothing on this machine has 'acme/tiny' at revision 'main'"
expect_exit 0 "$INLAY" inject scratch acme/tiny --layout dir --path /m --to oci:offline:1 --download-cache "$TEST_DIR/kept"
HF_HUB_OFFLINE=1 doctor 0 scratch acme/tiny --download-cache "$TEST_DIR/kept"
expect_check model ok "'acme/tiny@main' may be read: 1 file,"
commit=$(printf '%040d' 7)
mkdir -p "$HOME/hub/models--acme--own/refs" "$HOME/hub/models--acme--own/snapshots/$commit"
printf %s "$commit" >"$HOME/hub/models--acme--own/refs/main"
printf '{}' >"$HOME/hub/models--acme--own/snapshots/$commit/config.json"
HF_HUB_CACHE=$HOME/hub HF_HUB_OFFLINE=1 doctor 0 scratch acme/own
expect_check model ok "at $commit"
doctor 5 scratch acme/tiny --hub-endpoint http://127.0.0.1:1
expect_check hub failed "cannot connect to '127.0.0.1:1'"
expect_check hub failed 'HF_ENDPOINT or --hub-endpoint names the hub or its mirror, HTTPS_PROXY a proxy'
expect_check token skipped 'the hub does not answer'
expect_check model skipped "'acme/tiny@main': the hub does not answer"
expect_json "$ERR" .error.message "\"1 of $(jq '[.checks[] | select(.state != "skipped")] | length' document.json) checks has failed: hub\""
doctor 0 scratch dir:base
expect_eq '["sandbox","model","temporary","memo"]' "$(jq -c '[.checks[].check]' document.json)"

# Registries: no login, a wrong one, one that is read-only, nothing there yet.
DOCKER_CONFIG=/nowhere doctor 4 "$REGISTRY/app:1" dir:base
expect_check pull failed 'denied'
expect_check push failed 'denied'
expect_check login ok 'no credentials'
printf 'bob:wrong000' >wrong
doctor 4 "$REGISTRY/app:1" --creds "$REGISTRY=wrong"
expect_check push failed 'denied'
expect_check login ok "'wrong', which --creds names"
expect_lacks "$OUT$ERR" wrong000
doctor 0 "$REGISTRY/new:1"
expect_check pull warning 'a TARGET need not be there, a BASE has to'
expect_check push ok 'may be written'
start_registry --read-only
doctor 4 "$REGISTRY/app:1"
expect_check push failed 'the registry takes no uploads'
start_token_registry --user ann:s3cret98 --anonymous 'library/*'
printf 'ann:s3cret98' >ann
doctor 0 "$REGISTRY/app:1" --creds "$REGISTRY=ann"
expect_check push ok 'may be written'
expect_check login ok "'ann'"
doctor 4 "$REGISTRY/app:1"
expect_check push failed 'denied'
doctor 5 127.0.0.1:1/app:1
expect_check registry failed "127.0.0.1:1"
expect_check registry failed 'look at the name of the registry'
for check in pull push login; do
    expect_check $check skipped 'the registry does not answer'
done
doctor 0 oci:base:1
expect_check push ok 'may be written'
doctor 8 oci:/proc/none/x:1
expect_check push failed '/proc'

# Certificates: one that nobody here vouches for, one that a file does, one that nobody looks at; and one that ends soon.
start_registry --tls
doctor 6 "$REGISTRY/app:1"
expect_check registry failed 'certificate'
expect_contains "$(jq -r '.checks[].message' document.json)" '--tls-ca'
doctor 0 "$REGISTRY/app:1" --tls-ca "$REGISTRY_CA"
expect_contains "$(jq -r '.checks[] | select(.check == "certificate") | .message' document.json)" "and $REGISTRY_CA, issued by"
end=$(date -u -d "$(openssl x509 -noout -enddate -in "$REGISTRY_CA" | cut -d= -f2)" +%F)
expect_contains "$(jq -r '.checks[] | select(.check == "certificate") | .message' document.json)" "valid until $end; it ends soon"
doctor 0 "$REGISTRY/app:1" --insecure "$REGISTRY"
expect_contains "$(jq -r '.checks[] | select(.check == "certificate") | .message' document.json)" 'nobody vouches'
doctor 8 "$REGISTRY/app:1" --tls-ca /nowhere.pem
expect_check registry failed '/nowhere.pem'

# A clock that is off, a server that says nothing, a proxy.
start_script skewed "const server = require('http').createServer((request, response) => {
    response.sendDate = false;
    const age = /age=([^&]*)/.exec(request.url);
    response.writeHead(200, { Date: new Date(Date.now() - 7200 * 1000).toUTCString(), ...(age && { Age: age[1] }) }).end('{}');
});"
doctor 8 --hub-endpoint "http://$ADDRESS"
expect_check clock failed 's ahead of that of'
expect_check token ok none
# A cache on the way repeats an old Date, and says how old.
doctor 0 --hub-endpoint "http://$ADDRESS/age=7200"
expect_check clock ok 'as that of'
doctor 8 --hub-endpoint "http://$ADDRESS/age=60"
expect_check clock failed 's ahead of that of'
doctor 0 --hub-endpoint "http://$ADDRESS/age=long"
expect_check clock skipped 'does not say what time it is'
# A start page may be long.
start_script long "const server = require('http').createServer((request, response) => response.end('x'.repeat(request.url === '/' ? 1 << 20 : 2)));"
doctor 0 --hub-endpoint "http://$ADDRESS"
expect_check hub ok 'answers with status 200'
start_script silent "const server = require('net').createServer(() => {});"
start=$SECONDS
doctor 5 --hub-endpoint "http://$ADDRESS" --timeout 1
expect_check hub failed '1 s'
doctor 5 "$ADDRESS/app:1" dir:base --timeout 1
expect_check registry failed ''
[ $((SECONDS - start)) -lt 60 ] || fail 'a silent server was waited for'
start_script forward "const server = require('http').createServer((request, response) => {
    const target = new URL(request.url);
    require('http').request(target, { method: request.method, headers: request.headers },
        (answer) => { response.writeHead(answer.statusCode, answer.headers); answer.pipe(response); }).end();
});"
http_proxy=http://user:s3cret97@$ADDRESS doctor 0
expect_check hub ok "through the proxy http://$ADDRESS"
expect_lacks "$OUT$ERR" s3cret97
http_proxy=http://127.0.0.1:1 doctor 5
expect_check hub failed "cannot connect to the proxy '127.0.0.1:1'"

# The disk: full, and not to be written.
if mkdir "$TEST_DIR/small" && mount -t tmpfs -o size=1m tmpfs "$TEST_DIR/small" 2>/dev/null; then
    TMPDIR=$TEST_DIR/small doctor 0
    expect_check temporary warning 'TMPDIR names another folder'
    head -c 1048576 /dev/zero >"$TEST_DIR/small/full"
    TMPDIR=$TEST_DIR/small doctor 8
    expect_check temporary failed 'No space left on device'
    expect_eq full "$(ls -A "$TEST_DIR/small")" 'files that the probe has left'
    umount "$TEST_DIR/small"
fi
TMPDIR=$TEST_DIR/absent doctor 8
expect_check temporary failed "'$TEST_DIR/absent' cannot be written: No such file or directory; archives"
doctor 8 --download-cache /proc/none
expect_check download-cache failed '--download-cache names another folder'
doctor 0 --download-cache "$TEST_DIR/new/cache"
expect_check download-cache ok "'$TEST_DIR/new/cache' can be written"
expect_no_file "$TEST_DIR/new"

# Layers are read by a process of its own, if it can be had.
doctor 0 scratch dir:base
expect_check sandbox "$("$INLAY" version --json | jq -r 'if .sandbox.landlock > 0 and .sandbox.seccomp then "ok" else "warning" end')" 'shut off by'

# The settings count here, too; how long a transfer may stand still does not.
mkdir -p "$HOME/.config/inlay"
printf '{"download_cache": "/proc/none", "timeout": 600}' >"$HOME/.config/inlay/config.json"
doctor 8
expect_check download-cache failed /proc/none
rm -r "$HOME/.config"

refuse() { # WORDS ARGUMENT...
    local words=$1
    shift
    expect_exit 2 "$INLAY" doctor "$@"
    expect_contains "$ERR" "$words" "$*"
}
refuse 'IMAGE:' 'localhost:5000/UPPER'
refuse 'MODEL:' "$REGISTRY/app:1" 'a b'
refuse '--timeout is 0' --timeout 0
refuse '--hub-endpoint' --hub-endpoint ftp://x
refuse "'--json=1' takes no value" --json=1
expect_exit 8 "$INLAY" doctor --authfile /nowhere
