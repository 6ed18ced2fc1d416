#!/bin/bash
# How many round trips wait for one another, with a distance between inlay and its servers. Counts, and
# no times: a machine with much to do may count some more, so limits are a few above what is measured.
. "$(dirname "$0")/../lib.sh"

start_hub '{"id": "acme/small", "files": [{"path": "config.json", "text": "{}"},
    {"path": "model.safetensors", "synthetic": 1000000, "seed": 1, "lfs": true}]}' \
    "$(jq -n '{id: "acme/many", files: [{path: "config.json", text: "{}"}, (range(300) |
        {path: "part-\(.).safetensors", synthetic: 3000, seed: ., lfs: (. % 2 == 0)})]}')"
start_registry
make_base "$TEST_DIR/base" 1
push_base "$TEST_DIR/base" 1 "$REGISTRY/base:1"
start_server "$TEST_DIR/delay.log" node "$TESTDATA/bench/delay.mjs" --ms "${TRIP_MS:-100}" \
    --ready "$TEST_DIR/delay.ready" "$HUB_URL" "$CDN_URL" "http://$REGISTRY"
wait_until "$TEST_DIR/delay.log" test -s "$TEST_DIR/delay.ready"
mapfile -t urls <"$TEST_DIR/delay.ready"
export HF_ENDPOINT=${urls[0]} XDG_CACHE_HOME=$TEST_DIR/cache
far=${urls[2]#http://}

# trips TITLE MODEL TAG MOST: injects, and prints what it took; MOST round trips may wait for one another
trips() {
    local trace=$TEST_DIR/trace.json begun=$EPOCHREALTIME counted
    expect_exit 0 "$INLAY" inject "$far/base:1" "$2" --to "$far/app:$3" --trace "$trace"
    counted=$(node "$TESTDATA/bench/trips.mjs" "$trace")
    printf '%s: %s requests wait for one another, %s ms\n' "$1" "$counted" \
        "$(((${EPOCHREALTIME/./} - ${begun/./}) / 1000))"
    ((${counted%% *} <= $4)) || fail "$1: $counted round trips, expected $4 at most"
}

trips 'a small model, for the first time' acme/small small 16
trips 'the same once more' acme/small small 12
expect_lacks "$(cat "$TEST_DIR/trace.json")" "${urls[1]}" 'the files of a model whose layers are there'
rm -rf "$XDG_CACHE_HOME"
trips '300 small files' acme/many many 52
trips 'the same once more' acme/many many 12
expect_eq 1 "$(http_get "http://$REGISTRY/v2/app/tags/list" | jq '.tags | map(select(. == "many")) | length')" 'the tag'

# Nothing comes of a model for a target that cannot be written, be its tag as new as it may.
start_registry --read-only
expect_exit 4 "$INLAY" inject "$far/base:1" acme/many --to "$REGISTRY/app:1" --trace "$TEST_DIR/trace.json"
expect_lacks "$(cat "$TEST_DIR/trace.json")" "${urls[1]}" 'files for a target that cannot be written'

# The same layer at hand, by crane, where there is one.
if command -v crane >/dev/null; then
    head -c 1000000 /dev/urandom >"$TEST_DIR/file"
    tar -C "$TEST_DIR" -cf "$TEST_DIR/layer.tar" file
    begun=$EPOCHREALTIME
    crane append --insecure -b "$far/base:1" -f "$TEST_DIR/layer.tar" -t "$far/crane:1" >/dev/null 2>&1
    printf 'crane append, of a layer at hand: %s ms\n' "$(((${EPOCHREALTIME/./} - ${begun/./}) / 1000))"
fi
