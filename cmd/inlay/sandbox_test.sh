#!/bin/bash
# Layers are parsed by a process that can do nothing else: with the same results and errors as without it, with nothing of ours
# in it, and with an error where it ends early.
. "$(dirname "$0")/../../testdata/lib.sh"
cd "$TEST_DIR" || exit
export XDG_CACHE_HOME=$TEST_DIR/cache AWS_SECRET_ACCESS_KEY=aVerySecretWord
start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"}]}'
export HF_ENDPOINT=$HUB_URL

expect_exit 0 "$INLAY" version --json
has_seccomp=$(jq -r .sandbox.seccomp <<<"$OUT") landlock=$(jq -r .sandbox.landlock <<<"$OUT")
barriers=$("$INLAY" version | sed -n 's/^sandbox  *//p')
[ "${INLAY_SANITIZE:-}" = '' ] || expect_eq '0 false' "$landlock $has_seccomp" 'builds with sanitizers need more calls'

# The same image with it and without, however the base is packed.
for packing in plain gzip zstd; do
    "$TESTDATA/images/make_large.py" "base-$packing" 1 300 3 "$packing"
    for how in '' --no-sandbox; do
        rm -rf "$XDG_CACHE_HOME"
        # shellcheck disable=SC2086 # an option, or none
        expect_exit 0 "$INLAY" inject "oci:base-$packing:1" acme/tiny --to "oci:out-$packing$how:1" -v $how
        if [ -z "$how" ]; then
            expect_contains "$ERR" "a layer is read by the process"
            expect_contains "$ERR" ", behind $barriers"
        else
            expect_lacks "$ERR" 'a layer is read by'
        fi
    done
    expect_eq "$(jq -r '.manifests[0].digest' "out-$packing/index.json")" \
        "$(jq -r '.manifests[0].digest' "out-$packing--no-sandbox/index.json")"
done

# So are archives of models, pickles, and what is packed in a registry; each gives the same image.
python3 - <<'PYTHON'
import io, tarfile, zipfile
with zipfile.ZipFile('model.zip', 'w', zipfile.ZIP_DEFLATED) as zip:
    zip.writestr('config.json', '{}')
    zip.writestr('\u00e4/weights.bin', b'\x80\x04ccollections\nOrderedDict\n.' + bytes(300000))
with tarfile.open('model.tar.xz', 'w:xz') as tar:
    for name in 'config.json', '\u00e4/weights.bin':
        data = zipfile.ZipFile('model.zip').read(name)
        info = tarfile.TarInfo(name)
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
data = open('model.zip', 'rb').read()
open('damaged.zip', 'wb').write(data[:-200] + bytes(100) + data[-100:])
PYTHON
start_registry
mkdir packed
printf '{}' >packed/config.json
head -c 300000 /dev/zero >packed/model.gguf
expect_exit 0 "$INLAY" inject scratch dir:./packed --layout dir --path /models --all-files --as acme/packed --compression gzip \
    --platform linux/amd64 --to "$REGISTRY/models/packed:1"
same() { # WORDS MODEL…: the words of the log, and one digest with the sandbox and without
    local digests='' how
    for how in '' --no-sandbox; do
        rm -rf "$XDG_CACHE_HOME" same
        # shellcheck disable=SC2086
        expect_exit 0 "$INLAY" inject oci:base-plain:1 "${@:2}" --layout dir --path /m --all-files --to oci:same:1 --json -v $how
        digests+=" $(jq -r .digest <<<"$OUT")"
        if [ -z "$how" ]; then
            expect_contains "$ERR" "$1 is read by the process"
        else
            expect_lacks "$ERR" 'is read by the process'
        fi
    done
    expect_eq "${digests% *}" " ${digests##* }" "$2"
}
same 'an archive' file:./model.zip --unpack --as acme/m
same 'a pickle' file:./model.zip --unpack --as acme/m
same 'an archive' file:./model.tar.xz --unpack --as acme/m
same 'a layer' "oci-model://$REGISTRY/models/packed:1"
same 'a packed layer' "oci-model://$REGISTRY/models/packed:1"
for how in '' --no-sandbox; do
    # shellcheck disable=SC2086
    expect_exit 7 "$INLAY" plan oci:base-plain:1 file:./damaged.zip --unpack --as acme/m --layout dir --path /m $how
    [ -z "$how" ] && words=$ERR
    expect_eq "$words" "$ERR" 'a damaged archive'
done

# What the application in an image asks for is read in the same way.
for how in '' --no-sandbox; do
    rm -rf "$XDG_CACHE_HOME"
    # shellcheck disable=SC2086
    expect_exit 0 "$INLAY" scan oci:base-gzip:1 --json $how
    printf '%s' "$OUT" >"scan$how.json"
done
cmp scan.json scan--no-sandbox.json || fail 'scan finds something else'

# A layer that no engine unpacks is refused in the same words.
python3 - <<'PYTHON'
import hashlib, io, json, os, tarfile
os.makedirs('bad/blobs/sha256')
def blob(data):
    name = hashlib.sha256(data).hexdigest()
    open('bad/blobs/sha256/' + name, 'wb').write(data)
    return {'digest': 'sha256:' + name, 'size': len(data)}
out = io.BytesIO()
with tarfile.open(fileobj=out, mode='w') as tar:
    tar.addfile(tarfile.TarInfo('../../etc/cron.d/job'), io.BytesIO(b''))
layer = blob(out.getvalue())
config = blob(json.dumps({'architecture': 'amd64', 'os': 'linux', 'config': {},
                          'rootfs': {'type': 'layers', 'diff_ids': [layer['digest']]}}).encode())
image = 'application/vnd.oci.image.'
manifest = blob(json.dumps({'schemaVersion': 2, 'mediaType': image + 'manifest.v1+json',
    'config': {'mediaType': image + 'config.v1+json', **config},
    'layers': [{'mediaType': image + 'layer.v1.tar', **layer}]}).encode())
json.dump({'schemaVersion': 2, 'manifests': [{'mediaType': image + 'manifest.v1+json', **manifest,
    'annotations': {'org.opencontainers.image.ref.name': '1'}}]}, open('bad/index.json', 'w'))
json.dump({'imageLayoutVersion': '1.0.0'}, open('bad/oci-layout', 'w'))
PYTHON
expect_exit 6 "$INLAY" plan oci:bad:1 acme/tiny
expect_contains "$ERR" 'leads out of the image'
words=$ERR
expect_exit 6 "$INLAY" plan oci:bad:1 acme/tiny --no-sandbox
expect_eq "$words" "$ERR"

# While a slow registry gives a layer, what reads it has no token, no connection, no right.
start_registry
push_base base-plain 1 "$REGISTRY/base:1"
slow() {
    rm -rf "$XDG_CACHE_HOME"
    "$INLAY" plan "$REGISTRY/base:1" acme/tiny --jobs 1 --limit-rate 20K -v >slow.out 2>slow.err &
    slow_pid=$!
    for _ in $(seq 600); do
        reader=$(sed -n 's/.*a layer is read by the process \([0-9]*\),.*/\1/p' slow.err | head -1)
        [ -z "$reader" ] || return 0
        sleep 0.1
    done
    fail "nothing reads a layer: $(cat slow.err)"
}
expect_end() { # STATUS
    local status=0
    wait "$slow_pid" || status=$?
    expect_eq "$1" "$status" "$(tail -3 slow.err)"
    [ ! -e "/proc/$reader" ] || fail 'what reads a layer outlives the command'
}
slow
expect_eq "$slow_pid" "$(awk '/^PPid/ {print $2}' "/proc/$reader/status")"
expect_eq "inlay __read layer" "$(tr '\0' ' ' <"/proc/$reader/cmdline" | sed 's/ $//')"
if [ -r "/proc/$reader/environ" ]; then
    expect_lacks "$(tr '\0' '\n' <"/proc/$reader/environ")" AWS_SECRET
    expect_eq '0 1 2' "$(find "/proc/$reader/fd" -mindepth 1 -printf '%f\n' | sort -n | xargs)"
    expect_eq 'pipe pipe' "$(readlink "/proc/$reader/fd/0" "/proc/$reader/fd/1" | cut -d: -f1 | xargs)"
fi
[ "$has_seccomp" = false ] || expect_eq '1 2' "$(awk '/^NoNewPrivs|^Seccomp:/ {print $2}' "/proc/$reader/status" | xargs)"

# It is ended by somebody, or with the command, or the command with it.
kill -KILL "$reader"
expect_end 8
expect_contains "$(cat slow.err)" 'the process that reads it was ended by somebody'
slow
kill -INT "$slow_pid"
expect_end 130
slow
kill -KILL "$slow_pid"
wait "$slow_pid" || true
for _ in $(seq 100); do
    [ -e "/proc/$reader" ] || break
    sleep 0.1
done
[ ! -e "/proc/$reader" ] || [ "$(awk '/^State/ {print $2}' "/proc/$reader/status")" = Z ] || fail 'what reads a layer outlives a command that was killed'

# Without root it is the same.
if [ "$(id -u)" = 0 ]; then
    chmod 755 "$TEST_DIR"
    chmod -R a+rX base-gzip
    expect_exit 0 env XDG_CACHE_HOME=/nowhere setpriv --reuid=65534 --regid=65534 --clear-groups \
        "$INLAY" plan oci:base-gzip:1 acme/tiny -v
    expect_contains "$ERR" "a layer is read by the process"
fi

expect_exit 2 "$INLAY" plan oci:base-gzip:1 acme/tiny --no-sandbox=1
expect_contains "$ERR" "the option '--no-sandbox=1' takes no value"
