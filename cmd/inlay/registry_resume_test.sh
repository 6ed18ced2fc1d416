#!/bin/bash
# A connection that breaks in the middle of a layer: what is sent and fetched again, and that the
# image is the same in the end.
. "$(dirname "$0")/../../testdata/lib.sh"

size=100000000
start_hub "{\"id\": \"acme/model\", \"files\": [{\"path\": \"config.json\", \"text\": \"{}\"},
    {\"path\": \"model.safetensors\", \"synthetic\": $size, \"seed\": 1}]}"
export HF_ENDPOINT=$HUB_URL
make_base "$TEST_DIR/base" 1
start_quirk_registry
inject=("$INLAY" inject "oci:$TEST_DIR/base:1" acme/model --to)
expect_exit 0 "${inject[@]}" "oci:$TEST_DIR/plain:1"
plain=${OUT##*@}

# What is on the way when a connection breaks is in buffers of both kernels, and at most this.
buffers=16777216
chunk=16777216

# broken NAME SWITCHES IMAGE COMMAND...: runs it into a registry with these switches; the result is
# to be IMAGE. $requests is what the registry saw, $stored the bytes of PATCHes that it took in,
# $fetched the bytes of the model that the hub has sent, $breaks what people were told of.
broken() {
    local name=$1 expected=$3
    quirk_control "$2" >/dev/null
    hub_control '{"clearLog": true}' >/dev/null
    shift 3
    expect_exit 0 "$@" "$QUIRK/$name:1"
    expect_eq "$expected" "${OUT##*@}" "the image at $name"
    requests=$(quirk_log . -c)
    stored=$(jq 'map(select(.method == "PATCH") | .bytes) | add' <<<"$requests")
    fetched=$(hub_log '[.requests[] | select(.kind == "cdn") | .bytes] | add // 0')
    breaks=$(grep -c ' (try [0-9]*)$' <<<"$ERR" || true)
    expect_eq "$expected" "$(skopeo inspect --tls-verify=false --format '{{.Digest}}' \
        "docker://$QUIRK/$name:1")" "$name for skopeo"
}

# count FILTER: the requests of the last run that fit
count() { jq "map(select($1)) | length" <<<"$requests"; }

# at_most NUMBER LIMIT WHAT
at_most() { [ "$1" -le "$2" ] || fail "$3: $1, expected $2 at most"; }

reset="{\"method\": \"PATCH\", \"least\": $((size / 2 + 1)), \"drop\": $((size / 2))}"

# A registry that keeps what came of a PATCH: the rest follows, in chunks, and the hub is asked for
# what was on the way alone.
broken kept "{\"state\": true, \"faults\": [$reset]}" "$plain" "${inject[@]}"
expect_eq 1 "$breaks" 'breaks that were told'
expect_contains "$ERR" "model.safetensors of acme/model: "
expect_contains "$ERR" " of 100.0 MB; going on at 50.0 MB (try 2)"
expect_eq 1 "$(count ".range and (.range | startswith(\"$((size / 2))-\"))")" 'PATCHes that go on there'
at_most "$stored" $((size + size / 10)) 'bytes that were sent'
at_most "$fetched" $((size + buffers)) 'bytes that were fetched'

# One that keeps nothing of it: chunks from the start, and then no more than one is sent twice.
broken lost "{\"state\": true, \"broken\": \"nothing\", \"faults\": [$reset,
    {\"method\": \"PATCH\", \"range\": \"^$((2 * chunk))-\", \"drop\": 10000000}]}" "$plain" "${inject[@]}"
expect_eq 2 "$breaks" 'breaks that were told'
expect_eq 2 "$(count ".range == \"$((2 * chunk))-$((3 * chunk - 1))\"")" 'the chunk that broke'
at_most "$stored" $((size + size / 2 + 10000000 + size / 10)) 'bytes that were sent'
at_most "$fetched" $((size + size / 2 + buffers)) 'bytes that were fetched'

# One that forgets the upload, as docker-registry 2.8 does, or cannot say how far it is: anew.
for switch in '"broken": "forgotten"' '"refuseStatus": true'; do
    name=${switch//[^a-zA-Z]/}
    broken "${name,,}" "{$switch, \"faults\": [$reset]}" "$plain" "${inject[@]}"
    expect_contains "$ERR" "of 100.0 MB; beginning it anew (try 2)"
    expect_eq 0 "$(count '.range')" 'parts'
done
# Twenty of them are too much, and end as they should.
quirk_control '{"broken": "forgotten", "faults": [{"method": "PATCH", "least": 3000001, "drop": 3000000, "times": 20}]}' >/dev/null
expect_exit 5 "${inject[@]}" "$QUIRK/never:1"
expect_contains "$ERR" 'nothing has moved in 6 tries'
expect_contains "$ERR" 'beginning it anew (try 6)'
expect_eq 6 "$(quirk_log 'map(select(.method == "PATCH" and .bytes == 3000000)) | length')" 'tries'

# One that takes no parts gets the whole again.
broken no-parts "{\"refuseChunks\": true, \"faults\": [$reset]}" "$plain" "${inject[@]}"
expect_eq 2 "$(count '.range and .status == 416')" 'parts that were tried, of 16 and of 4 MiB'

# A connection that breaks again and again: each time it goes on.
broken often "{\"state\": true, \"faults\": [{\"method\": \"PATCH\", \"least\": 3000001, \"drop\": 3000000, \"times\": 20}]}" \
    "$plain" "${inject[@]}"
expect_eq 20 "$breaks" 'breaks that were told'
at_most "$stored" $((size + size / 10)) 'bytes that were sent'
at_most "$fetched" $((size + buffers)) 'bytes that were fetched'
# Too large a part for it: smaller ones.
broken narrow "{\"broken\": \"nothing\", \"faults\": [$reset,
    {\"method\": \"PATCH\", \"range\": \".\", \"drop\": 5000000, \"times\": 3}]}" "$plain" "${inject[@]}"

# A compressed layer is compressed again up to there, and sent from there.
expect_exit 0 "${inject[@]}" "oci:$TEST_DIR/packed:1" --compression zstd
broken packed "{\"state\": true, \"faults\": [$reset]}" "${OUT##*@}" "${inject[@]:0:4}" --compression zstd --to
at_most "$stored" $((size + size / 10)) 'bytes that were sent'
expect_eq 1 "$breaks" 'breaks that were told'

# A copy goes on likewise, from a folder and from another registry, on both sides.
broken copied "{\"state\": true, \"faults\": [$reset]}" "$plain" "$INLAY" copy "oci:$TEST_DIR/plain:1"
expect_eq 1 "$breaks" 'breaks that were told'
at_most "$stored" $((size + size / 10)) 'bytes that were sent'
start_registry
expect_exit 0 "$INLAY" copy "oci:$TEST_DIR/plain:1" "$REGISTRY/from:1"
broken copied-over "{\"state\": true, \"faults\": [$reset]}" "$plain" "$INLAY" copy "$REGISTRY/from:1"
expect_eq 1 "$breaks" 'breaks that were told'
at_most "$stored" $((size + size / 10)) 'bytes that were sent'

# --chunk-size: parts from the start, never smaller than the registry asks for; and how not to write it.
broken parts "{\"state\": true, \"faults\": [{\"method\": \"PATCH\", \"range\": \"^50331648-\", \"drop\": 4000000}]}" \
    "$plain" "${inject[@]:0:4}" --chunk-size 8M --to
expect_eq 8388608 "$(jq 'map(select(.range) | .bytes) | max' <<<"$requests")" 'the largest part'
expect_eq 1 "$(count '.range == "54331648-58720255"')" 'the rest of the part that broke'
expect_eq "$size" "$fetched" 'bytes that were fetched'
broken least '{"chunkMinLength": 5242880}' "$plain" "${inject[@]:0:4}" --chunk-size 1M --to
expect_eq 5242880 "$(jq 'map(select(.range) | .bytes) | max' <<<"$requests")" 'the largest part'
for wrong in 511K 65M 0 many; do
    expect_exit 2 "${inject[@]}" "$QUIRK/wrong:1" --chunk-size "$wrong"
    expect_contains "$ERR" "--chunk-size '$wrong' is not a size of 512K to 64M, such as 16M"
done
