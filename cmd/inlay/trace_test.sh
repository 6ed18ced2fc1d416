#!/bin/bash
# --trace: a file of all requests and their times.
. "$(dirname "$0")/../../testdata/lib.sh"

start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"},
    {"path": "model.safetensors", "synthetic": 300000, "seed": 1, "lfs": true}]}'
export HF_ENDPOINT=$HUB_URL HF_TOKEN=hf_a-secret-token-of-mine
hub_control "{\"tokens\": {\"$HF_TOKEN\": [\"*\"]}}" >/dev/null
start_token_registry --user bob:hunter-2-word
make_base "$TEST_DIR/base" 1
push_base "$TEST_DIR/base" 1 "$REGISTRY/base:1" --dest-creds bob:hunter-2-word
printf 'bob:hunter-2-word\n' >"$TEST_DIR/login"
trace=$TEST_DIR/trace.json
inject=("$INLAY" inject "$REGISTRY/base:1" acme/tiny --to "$REGISTRY/app:1" --creds "$REGISTRY=$TEST_DIR/login")

hub_control '{"clearLog": true}' >/dev/null
expect_exit 0 "${inject[@]}" --trace "$trace"
# requests URL: those of the trace that went there
requests() { jq --arg url "$1" '[.[] | select(.args.status != null and (.name | contains($url)))] | length' "$trace"; }
expect_eq "$(hub_log '.requests | length')" "$(($(requests "$HUB_URL/") + $(requests "$CDN_URL/")))" 'requests to the hub and its CDN'
expect_eq 1 "$(jq '[.[] | select(.name | test("^PUT .*/v2/app/manifests/1$")) | select(.args.status == 201)] | length' "$trace")" 'the tag'
expect_eq true "$(jq 'all(.[]; (.ph == "M") or (.ph == "X" and .ts >= 0 and .dur >= 0 and .pid == 1 and .tid > 0))' "$trace")" 'events'
# Parts lie in the request that they are of, and a connection has a name before anything happens on it.
expect_eq true "$(jq '[.[] | select(.ph == "X")] | group_by(.tid) | all(.[];
    [.[] | select(.args.status == null)] as $parts | [.[] | select(.args.status != null)] as $trips
    | all($parts[]; . as $part | any($trips[]; .ts <= $part.ts and .ts + .dur >= $part.ts + $part.dur)))' "$trace")" 'parts'
expect_eq true "$(jq '[.[] | select(.ph == "X") | .tid] | unique as $used
    | $used == ([$all[] | select(.ph == "M") | .tid] | unique)' --argjson all "$(cat "$trace")" "$trace")" 'named connections'
expect_eq 300000 "$(jq '[.[] | select(.name | startswith("GET '"$CDN_URL"'")) | .args.received] | add' "$trace")" 'bytes of the model'
for secret in "$HF_TOKEN" hunter-2-word "$(printf 'bob:hunter-2-word' | base64)" '?'; do
    [[ $(cat "$trace") != *"$secret"* ]] || fail "the trace has '$secret' in it"
done
[[ $(node "$TESTDATA/bench/trips.mjs" "$trace") =~ ^[0-9]+\ of\ [0-9]+$ ]] || fail 'trips.mjs does not read it'

# A run that fails has one, too, with what got no answer; and one without requests an empty one.
expect_exit 5 "$INLAY" inspect "127.0.0.1:1/none:1" --insecure 127.0.0.1:1 --retries 0 --trace "$trace"
expect_eq true "$(jq 'all(.[] | select(.args.status != null); .args.status == 0) and length > 0' "$trace")" 'what has no answer'
expect_exit 0 "$INLAY" inspect "oci:$TEST_DIR/base:1" --trace "$trace"
expect_eq '[]' "$(jq -c . "$trace")" 'no requests'

# A lock is made by several calls, and one trace would be of one of them.
expect_exit 2 "$INLAY" lock --trace "$trace"

# What cannot be written is said before anything is asked; later it is a warning.
expect_exit 8 "$INLAY" inspect "oci:$TEST_DIR/base:1" --trace "$TEST_DIR/none/trace.json"
expect_contains "$ERR" "opening '$TEST_DIR/none/trace.json' for --trace: No such file or directory"
mkfifo "$TEST_DIR/pipe"
expect_exit 8 "$INLAY" inspect "oci:$TEST_DIR/base:1" --trace "$TEST_DIR/pipe"
expect_contains "$ERR" "--trace: '$TEST_DIR/pipe'"
