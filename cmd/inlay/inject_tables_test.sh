#!/bin/bash
# Bases whose layers have tables of contents: only these are fetched, and verified. The layers are
# packed by the tools that people use, ctr-remote and skopeo.
. "$(dirname "$0")/../../testdata/lib.sh"

start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"}]}'
start_registry
export HF_ENDPOINT=$HUB_URL
cd "$TEST_DIR" || exit

# Several MB that do not pack, and on the way to the model what a listing can be wrong about.
mkdir -p extra/home/app/.cache/huggingface extra/usr/share
chown -R 1000:1000 extra/home/app
chmod 2770 extra/home/app/.cache
chmod 1750 extra/home/app
touch -d 2011-01-01T00:00:00Z extra/home/app/.cache/huggingface
touch -d 1971-03-02T01:00:00Z extra/home/app/.cache
head -c 6000000 /dev/urandom >extra/usr/share/large
# Without padding, which skopeo 1.9 loses when it packs for zstd:chunked: diff_ids would be wrong.
TAR_OPTIONS=--blocking-factor=1 make_base base 1 --gzip --user app --extra extra

# with_annotations DIR TAG JQ: another tag, of the same layers with other annotations
with_annotations() {
    local dir=$1 tag=$2 digest
    image_manifest "$dir" 1 | jq -c "$3" >manifest.json
    digest=$(sha256_of manifest.json)
    jq --arg tag "$tag" --arg digest "sha256:$digest" --argjson size "$(stat -c %s manifest.json)" '
        .manifests += [.manifests[0] + {digest: $digest, size: $size,
            annotations: {"org.opencontainers.image.ref.name": $tag}}]' "$dir/index.json" >index.json
    mv manifest.json "$dir/blobs/sha256/$digest"
    mv index.json "$dir/index.json"
}

# How many bytes of a layer of the base the registry has sent.
fetched() { # KIND
    image_manifest "$1" 1 | jq -r '.layers[].digest' >digests
    awk -v path="/v2/$1/blobs/" 'NR == FNR {layer[path $1]; next}
        $6 == "\"GET" && $7 in layer {sum += $10} END {print sum + 0}' digests "$REGISTRY_LOG"
}

# injected KIND TAG: injects into that base, from an empty memo, and sets BYTES of layers fetched
injected() {
    local before
    before=$(fetched "$1")
    expect_exit 0 env XDG_CACHE_HOME="$TEST_DIR/cache-$1-$2" \
        "$INLAY" inject --verbose "$REGISTRY/$1:$2" acme/tiny --to "$REGISTRY/$1:$2-out"
    BYTES=$(($(fetched "$1") - before))
}

# The layers that inlay has added, the base's left out: added KIND TAG
added() {
    skopeo inspect --raw --tls-verify=false "docker://$REGISTRY/$1:$2-out" |
        jq -c --argjson below "$(image_manifest "$1" 1 | jq '.layers | length')" '[.layers[$below:][].digest]'
}

for kind in estargz zstd-chunked zstd-stargz; do
    "$TESTDATA/images/add_tables.sh" base 1 $kind $kind
    large=$(image_manifest $kind 1 | jq '[.layers[].size] | max')
    with_annotations $kind without 'del(.layers[].annotations)'
    # A digest that the table does not have; the memo of the table is not known by it either.
    with_annotations $kind wrong '.layers[].annotations |= with_entries(
        select(.key | test("toc.digest$|checksum$")).value |= "sha256:" + ("0123456789abcdef" * 4))'
    # A table that is somewhere else: no reason to refuse the base, nor to warn.
    with_annotations $kind nowhere '.layers[].annotations |= with_entries(
        if .key | test("position$") then .value = "99999999:10:10:1"
        elif .key | test("toc.digest$") then .value = "md5:x" else . end)'
    for tag in 1 without wrong nowhere; do
        push_base $kind $tag "$REGISTRY/$kind:$tag"
    done

    injected $kind 1
    expect_contains "$ERR" 'user: 1000:1000 (line 2 of /etc/passwd), home /home/app' "$kind"
    expect_contains "$ERR" 'reading the table of contents of the layer' "$kind"
    [ "$BYTES" -lt 100000 ] || fail "$kind: $BYTES bytes of layers were fetched, of $large"
    injected $kind without
    [ "$BYTES" -ge "$large" ] || fail "$kind: $BYTES bytes were fetched without a table"
    expect_lacks "$ERR" 'table of contents' "$kind"
    expect_eq "$(added $kind without)" "$(added $kind 1)" "$kind: what is added to the base"

    injected $kind wrong
    [ "$BYTES" -ge "$large" ] || fail "$kind: $BYTES bytes were fetched with a wrong table"
    expect_contains "$ERR" 'is read whole, since its table of contents cannot be trusted:' "$kind"
    expect_contains "$ERR" 'expected sha256:0123456789abcdef' "$kind"
    expect_eq "$(added $kind without)" "$(added $kind wrong)" "$kind: what is added"
    injected $kind nowhere
    [ "$BYTES" -ge "$large" ] || fail "$kind: $BYTES bytes were fetched without a position"
    expect_lacks "$ERR" 'cannot be trusted' "$kind"
    expect_eq "$(added $kind without)" "$(added $kind nowhere)" "$kind: what is added"

    # What a table said is remembered, and a second run fetches nothing of a layer.
    injected $kind 1
    expect_eq 0 "$BYTES" "$kind: bytes of layers that the second run has fetched"
done
