#!/bin/bash
# A single fault that may be over the next time does not end a run, and what stays has its status.
. "$(dirname "$0")/../../testdata/lib.sh"

start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"},
    {"path": "model.safetensors", "synthetic": 3000000, "seed": 1}]}'
start_registry
make_base "$TEST_DIR/base" 1
push_base "$TEST_DIR/base" 1 "$REGISTRY/app:base"
start_fault_proxy "http://$REGISTRY"
faulty=${FAULTY_URL#http://}
export HF_ENDPOINT=$HUB_URL
make_certificate faults
cd "$TEST_DIR" || exit

# inject STATUS BASE TARGET: on a machine that remembers nothing
count=0
inject() {
    count=$((count + 1))
    export XDG_CACHE_HOME=$TEST_DIR/memo.$count
    expect_exit "$1" "$INLAY" inject "$2" acme/tiny --to "$3" --timeout 2 --retries 3
}
struck() { expect_eq true "$(fault_log '.faults | all(.applied > 0)')" "every fault has struck: $1"; }

# The image names its base, and so the registry that it was read from.
inject 0 "$REGISTRY/app:base" "$REGISTRY/whole/app:1"
digest=${OUT##*@}
inject 0 "$faulty/app:base" "$faulty/whole/app:2"
digest_by_proxy=${OUT##*@}

# Of the registry: the first look, documents, the config's blob, the layer on its way up.
while read -r fault; do
    [ -n "$fault" ] || continue
    fault_control "[$fault]"
    inject 0 "$faulty/app:base" "$faulty/new$count/app:1"
    expect_eq "$digest_by_proxy" "${OUT##*@}" "$fault"
    struck "$fault"
done <<'FAULTS'
{"do": "garble"}
{"do": "mute", "ms": 60000}
{"do": "close", "path": "^/v2/$", "end": "reset"}
{"do": "garbage", "path": "^/v2/$"}
{"do": "cutHead", "at": 5, "method": "GET", "path": "/manifests/"}
{"do": "cutHead", "at": 30, "method": "POST"}
{"do": "cut", "share": 0.5, "method": "GET", "path": "/blobs/", "end": "reset"}
{"do": "cut", "share": 0.5, "method": "GET", "path": "/blobs/", "end": "close"}
{"do": "short", "bytes": 7, "method": "GET", "path": "/blobs/"}
{"do": "change", "at": 9, "method": "GET", "path": "/blobs/"}
{"do": "changeUp", "share": 0.5, "method": "PATCH"}
FAULTS
expect_contains "$ERR" 'again in'
# What cannot be mounted is asked for.
silent='{"do": "silence", "method": "HEAD", "path": "/blobs/"}'
fault_control "[$silent]"
inject 0 "oci:$TEST_DIR/base:1" "$faulty/asked/app:1"
struck "$silent"

# A byte that is changed each time is not what was sent, or asked for.
fault_control '[{"do": "changeUp", "share": 0.5, "method": "PATCH", "times": 1000}]'
inject 7 "$REGISTRY/app:base" "$faulty/changed/app:1"
expect_contains "$ERR" DIGEST_INVALID
fault_control '[{"do": "change", "at": 9, "method": "GET", "path": "/blobs/", "times": 1000}]'
inject 7 "$faulty/app:base" "$REGISTRY/changed/app:1"

# What is no TLS may be a connection that was damaged: it is asked once more, and who has spoken TLS as often as any.
start_fault_proxy "$HUB_URL" --tls "$TEST_DIR/faults.key,$TEST_DIR/faults.crt"
plan() { HF_ENDPOINT=$FAULTY_URL expect_exit "$1" "$INLAY" plan scratch acme/tiny --tls-ca faults.crt "${@:2}"; }
for fault in '{"do": "garble"}' '{"do": "close"}, {"do": "garble", "after": 1, "times": 2}'; do
    fault_control "[$fault]"
    plan 0 --retries 3
    struck "$fault"
done
expect_contains "$ERR" "'${FAULTY_URL#https://}' does not speak TLS: is it plain http?"
expect_contains "$ERR" '(try 4 of 4)'
fault_control '[{"do": "garble", "times": 1000}]'
plan 6 --retries 3
expect_eq 2 "$(fault_log '.faults[0].applied')" 'a server that has never spoken TLS'
plan 6 --retries 0
expect_eq 3 "$(fault_log '.faults[0].applied')" 'without a second try'

# A Docker engine over TCP is asked again, for an image too; a load is not, and may have been done.
mkdir engine
start_server engine.log node "$TESTDATA/engine-server.mjs" --dir engine --ready engine.ready
wait_until engine.log test -s engine.ready
start_fault_proxy "$(cat engine.ready)"
export DOCKER_HOST=tcp://${FAULTY_URL#http://}
expect_exit 0 "$INLAY" copy -q oci:base:1 docker-daemon:app:1
while read -r fault; do
    fault_control "[$fault]"
    expect_exit 0 "$INLAY" copy docker-daemon:app:1 "oci:taken:$((count += 1))" --timeout 2 --retries 3
    expect_exit 0 "$INLAY" copy "oci:taken:$count" docker-daemon:app:2 --timeout 2 --retries 3
    expect_eq "$(image_manifest taken "$count" | jq -r .config.digest)" "$(curl -fsS "$(cat engine.ready)/images/app:2/json" | jq -r .Id)"
    struck "$fault"
done <<'FAULTS'
{"do": "garble"}
{"do": "close", "path": "/get$", "end": "reset"}
{"do": "cut", "share": 0.5, "path": "/get$", "end": "close"}
{"do": "stall", "share": 0.5, "path": "/get$"}
{"do": "silence", "path": "/_ping"}
FAULTS
fault_control '[{"do": "silence", "path": "/get$", "times": 1000}]'
expect_exit 5 "$INLAY" copy docker-daemon:app:1 oci:never:1 --timeout 1 --retries 1
expect_eq 1 "$(fault_log '.faults[0].applied')" 'an engine that is silent, which may be an hour, is not asked again'
fault_control '[{"do": "lose", "path": "/load", "end": "reset"}]'
expect_exit 0 "$INLAY" copy oci:taken:$count docker-daemon:app:3 --retries 1
struck lose
# A proxy's answer to a load that was done is none of the engine's; one to a load that was not is believed.
fault_control '[{"do": "replace", "status": 502, "path": "/load"}]'
expect_exit 0 "$INLAY" copy oci:taken:$count docker-daemon:app:4
fault_control '[{"do": "status", "status": 502, "path": "/load"}]'
expect_exit 6 "$INLAY" copy oci:taken:$count docker-daemon:app:5
expect_contains "$ERR" 'does not load the image (status 502)'
unset DOCKER_HOST

# Of the hub and its CDN.
while read -r fault; do
    hub_control "{\"faults\": [$fault]}" >/dev/null
    inject 0 "$REGISTRY/app:base" "$REGISTRY/hub$count/app:1"
    expect_eq "$digest" "${OUT##*@}" "$fault"
    expect_eq true "$(hub_control '{}' | jq '[.faults[]? | .applied > 0] | all')" "$fault"
done <<'FAULTS'
{"do": "corrupt", "on": "cdn", "bytes": 1500000, "times": 1}
{"do": "short", "on": "cdn", "bytes": 1000, "times": 1}
{"do": "cut", "on": "cdn", "bytes": 1000000, "times": 1}
{"do": "status", "on": "cdn", "status": 403, "times": 2}
{"do": "silence", "on": "cdn", "times": 1}
{"do": "close", "on": "api", "reset": true, "times": 1}
FAULTS
hub_control '{"faults": [{"do": "corrupt", "on": "cdn", "bytes": 1500000, "times": 1000}]}' >/dev/null
inject 7 "$REGISTRY/app:base" "$REGISTRY/corrupt/app:1"
expect_contains "$ERR" "'acme/tiny/model.safetensors' has the digest sha256:"
