#!/bin/bash
# Bases that have a layer with the bytes of one of inlay's: it stays the base's, where it is, and what
# the base has deleted stays deleted. Appended by umoci, edited by jq, built by buildah; the trees are
# compared as umoci unpacks them.
. "$(dirname "$0")/../../testdata/lib.sh"

start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"},
    {"path": "model.safetensors", "synthetic": 2000000, "seed": 1}]}' \
    '{"id": "acme/other", "files": [{"path": "config.json", "text": "[]"}]}' \
    '{"id": "acme/third", "files": [{"path": "config.json", "text": "3"}]}'
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
cd "$TEST_DIR" || exit
hub=root/.cache/huggingface/hub

inject() { expect_exit 0 "$INLAY" inject --quiet "$@" && DIGEST=${OUT##*@}; }
take() { expect_exit 0 "$INLAY" remove --quiet "$@" && DIGEST=${OUT##*@}; }
layers() { image_config i "$1" | jq -c .rootfs.diff_ids; } # TAG
# TAG: every path of the image as umoci unpacks it, with type, mode, owner, time and content
tree() {
    rm -rf bundle
    umoci unpack --image "i:$1" bundle 2>"$TEST_DIR/umoci.log"
    (cd bundle/rootfs && find . -mindepth 1 -printf '%P %y %m %U:%G %T@ %l\n' | LC_ALL=C sort &&
        find . -type f -exec sha256sum {} + | LC_ALL=C sort)
}
# TAG NEW-TAG JQ-FILTER [MANIFEST-FILTER]: the same image with another config
edit() {
    local config=$TEST_DIR/edited-config manifest=$TEST_DIR/edited-manifest digest
    image_config i "$1" | jq -c "$3" >"$config"
    digest=$(sha256_of "$config")
    image_manifest i "$1" | jq -c --arg digest "sha256:$digest" --argjson size "$(stat -c %s "$config")" \
        "${4:-.} | .config.digest = \$digest | .config.size = \$size" >"$manifest"
    mv "$config" "i/blobs/sha256/$digest"
    digest=$(sha256_of "$manifest")
    jq -c --arg tag "$2" --arg digest "sha256:$digest" --argjson size "$(stat -c %s "$manifest")" '
        .manifests |= map(select(.annotations["org.opencontainers.image.ref.name"] != $tag)) + [
        {mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $digest, size: $size,
         annotations: {"org.opencontainers.image.ref.name": $tag}}]' i/index.json >index.new
    mv index.new i/index.json
    mv "$manifest" "i/blobs/sha256/$digest"
}

# whole BASE: the model goes in, in again, another one too, and each out again; the base stays
whole() {
    local base=$1 before once
    before=$(layers "$base")
    tree "$base" >before.txt
    inject "oci:i:$base" acme/tiny --to "oci:i:$base-1" && once=$DIGEST
    expect_eq "$before" "$(layers "$base-1" | jq -c ".[:$(jq length <<<"$before")]")" "the base's layers in $base-1"
    tree "$base-1" >after.txt
    expect_file "bundle/rootfs/$hub/models--acme--tiny/refs/main"
    [ -z "${VALID-1}" ] || "$TESTDATA/validate_image.sh" i "$base-1" >/dev/null
    expect_exit 0 "$INLAY" verify --quiet "oci:i:$base-1"
    for _ in 1 2; do
        inject "oci:i:$base-1" acme/tiny --to "oci:i:$base-1"
        expect_eq "$once" "$DIGEST" "$base, injected again"
    done
    inject "oci:i:$base-1" acme/other --to "oci:i:$base-2"
    expect_eq "$before" "$(layers "$base-2" | jq -c ".[:$(jq length <<<"$before")]")" "the base's layers in $base-2"
    expect_exit 0 "$INLAY" inspect --json "oci:i:$base-2"
    expect_json "$OUT" '[.models[].name]' '["acme/other","acme/tiny"]'
    expect_exit 0 "$INLAY" copy --quiet "oci:i:$base-2" "oci:copied:$base"
    expect_eq "$(tag_digest i "$base-2")" "$(tag_digest copied "$base")" 'the copy'
    take "oci:i:$base-2" acme/other --to "oci:i:$base-3"
    expect_eq "$once" "$DIGEST" "$base, the other one taken out"
    take "oci:i:$base-1" acme/tiny --to "oci:i:$base-4"
    expect_eq "$(tag_digest i "$base")" "$DIGEST" "$base, all taken out"
    tree "$base-4" >after.txt
    cmp before.txt after.txt || fail "$base: the tree is another one"
}

make_base i plain --gzip --layers 2
expect_exit 0 "$INLAY" layer --quiet acme/tiny --base oci:i:plain -o model.tar
mapfile -t tars < <(jq -r '.layers[].path' <<<"$OUT")
mkdir -p gone/$hub && touch "gone/$hub/.wh.models--acme--tiny"
tar -C gone --owner 0 --group 0 --mtime @0 --sort name -cf gone.tar root
append() { # TAG NEW-TAG TAR...
    local from=$1 tag=$2 path
    shift 2
    umoci tag --image "i:$from" "$tag"
    for path; do
        umoci raw add-layer --image "i:$tag" "$path" 2>/dev/null
    done
}

# The output of `inlay layer`, as umoci appends it; then taken away again by a layer on top.
append plain appended "${tars[@]}"
whole appended
append appended deleted gone.tar
whole deleted
append deleted again "${tars[@]}"
whole again

# The same with a history that says less, nothing, or too much; validate_image.sh minds the last.
edit deleted none 'del(.history)'
whole none
edit again short '.history |= .[:2]'
whole short
edit again long '.history += [range(3) | {created_by: "RUN true"}]'
VALID='' whole long

# An injected image that was built again without its history, and one whose layers lie there twice.
inject oci:i:plain acme/tiny --to oci:i:injected
edit injected unrecorded 'del(.history)'
whole unrecorded
storage=(--storage-driver vfs --root "$TEST_DIR/storage" --runroot "$TEST_DIR/run")
container=$(buildah "${storage[@]}" from --quiet oci:i:injected)
buildah "${storage[@]}" commit --quiet --omit-history --format oci "$container" "oci:$TEST_DIR/i:omitted" >/dev/null
expect_json "$(image_config i omitted)" '.history' null
whole omitted
append unrecorded none-deleted gone.tar
edit none-deleted none-deleted 'del(.history)'
whole none-deleted
append plain twice "${tars[0]}" "${tars[0]}" "${tars[@]}"
whole twice

# Layers of inlay's appended on top of inlay's own, with a history, and without: those below are inlay's.
own=$(layers injected | jq 'length')
for filter in . '.history |= .[:-1]'; do
    append injected on-top "${tars[@]}"
    edit on-top counted "$filter"
    take oci:i:counted acme/tiny --to oci:i:below
    expect_eq "$(layers on-top | jq -c --argjson own "$own" '.[:2] + .[$own:]')" "$(layers below)" 'what is left'
    "$INLAY" inspect --json oci:i:counted >inspected.json
    expect_json inspected.json '[.models[].name]' '["acme/tiny"]'
done
# Nothing tells them apart: refused, and nothing is written.
append injected apart gone.tar "${tars[@]}"
edit apart apart 'def own: (.comment // "") | startswith("{\"inlay\""); .history |= (map(select(own)) |
    .[-1].comment |= (fromjson | del(.base) | tojson))'
edit apart apart '.rootfs.diff_ids += [.rootfs.diff_ids[0]]' '.layers += [.layers[0]]'
for command in 'inject oci:i:apart acme/other' 'remove oci:i:apart acme/tiny'; do
    # shellcheck disable=SC2086 # words
    expect_exit 7 "$INLAY" ${command%% *} --quiet ${command#* } --to oci:i:never
    expect_contains "$ERR" 'several times, and its history does not tell which one inlay put there'
done
expect_exit 0 "$INLAY" inspect oci:i:apart
expect_contains "$OUT" 'acme/tiny'
expect_exit 7 "$INLAY" verify --quiet oci:i:apart
expect_contains "$OUT" 'does not tell which one inlay put there'

# What an image built on one with models has deleted does not come back, whatever becomes of others.
inject oci:i:plain acme/tiny acme/other --to oci:i:both
append both less gone.tar
for command in 'inject oci:i:less acme/third' 'remove oci:i:less acme/other'; do
    # shellcheck disable=SC2086 # words
    expect_exit 0 "$INLAY" ${command%% *} ${command#* } --to oci:i:now
    expect_contains "$ERR" 'acme/tiny@'
    expect_contains "$ERR" 'is left out: layer '
    tree now >now.txt
    expect_no_file "bundle/rootfs/$hub/models--acme--tiny"
    "$INLAY" inspect --json oci:i:now >inspected.json
    expect_lacks "$(cat inspected.json)" 'acme/tiny'
done
# Named, it is there again: that is what was asked for.
inject oci:i:less acme/tiny --to oci:i:now
tree now >now.txt
expect_file "bundle/rootfs/$hub/models--acme--tiny/refs/main"
expect_file "bundle/rootfs/$hub/models--acme--other/refs/main"
# Deleted or changed in part: only who names it can mean to undo that.
mkdir -p part/$hub/models--acme--tiny/refs && touch part/$hub/models--acme--tiny/refs/.wh.main
tar -C part --owner 0 --group 0 --mtime @0 --sort name -cf part.tar root
append both partly part.tar
for command in 'inject oci:i:partly acme/third' 'remove oci:i:partly acme/other'; do
    # shellcheck disable=SC2086 # words
    expect_exit 6 "$INLAY" ${command%% *} --quiet ${command#* } --to oci:i:never
    expect_contains "$ERR" "changes '/$hub/models--acme--tiny/refs/main' of 'acme/tiny', which would be put on top of it again; name that model too"
done
inject oci:i:partly acme/third acme/tiny --to oci:i:now
take oci:i:partly acme/tiny acme/other --to oci:i:now
expect_json i/index.json '[.manifests[].annotations["org.opencontainers.image.ref.name"] | select(. == "never")]' '[]'
