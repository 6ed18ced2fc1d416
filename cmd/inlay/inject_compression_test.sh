#!/bin/bash
# Compressed layers are what other tools take them for, the same bytes in every run, and another
# choice changes the model's layers alone.
. "$(dirname "$0")/../../testdata/lib.sh"

printf '%0.sthe same line of text, again and again\n' {1..40000} >"$TEST_DIR/tokens.txt"
start_hub '{"id": "acme/packed", "files": [{"path": "config.json", "text": "{}"},
      {"path": "model.safetensors", "synthetic": 70000000, "seed": 1},
      {"path": "merges.bin", "synthetic": 2000000, "seed": 2},
      {"path": "tokens.txt", "file": "'"$TEST_DIR"'/tokens.txt"}]}'
start_registry
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
cd "$TEST_DIR" || exit
make_base base 1 --user app --layers 2
make_base docker 1 --user app --docker
push_base base 1 "$REGISTRY/app:base"

fetched() { hub_log '[.requests[] | select(.path | test("/resolve/"))] | length'; }
# The media types of what inlay added, from the bottom up
types() { image_manifest "$1" "$2" | jq -c '[.layers[] | select(.annotations["dev.inlay.recipe"]) | .mediaType | sub(".*[.]tar"; "tar")]'; }
own_diff_ids() { image_config "$1" "$2" | jq -c '.rootfs.diff_ids[-4:]'; }

expect_exit 0 "$INLAY" inject oci:base:1 acme/packed --to oci:out:plain
expect_eq '["tar","tar","tar","tar"]' "$(types out plain)"
for choice in gzip zstd zstd:1; do
    tag=${choice/:/-}
    kind=${choice%:*}
    # The memo knows the layers without compression, which are not these.
    before=$(fetched)
    expect_exit 0 "$INLAY" inject oci:base:1 acme/packed --to "oci:out:$tag" --compression "$choice"
    [ "$(fetched)" -gt "$before" ] || fail "$choice: another recipe's layers were taken"
    expect_eq "[\"tar+$kind\",\"tar+$kind\",\"tar+$kind\",\"tar\"]" "$(types out "$tag")"
    expect_eq "$(own_diff_ids out plain)" "$(own_diff_ids out "$tag")" "the diff_ids of $choice"
    "$TESTDATA/validate_image.sh" out "$tag" >judged || fail "$choice: $(tail -1 judged)"
    skopeo copy -q "oci:out:$tag" "oci:copied:$tag" || fail "skopeo does not take $choice"

    # A second run moves nothing; one that has seen nothing makes the same bytes.
    before=$(fetched)
    digest=$(tag_digest out "$tag")
    expect_exit 0 "$INLAY" inject oci:base:1 acme/packed --to "oci:out:$tag" --compression "$choice"
    expect_contains "$ERR" 'moved 0 B of model, 0 B of base'
    expect_eq "$before" "$(fetched)" "what a second run with $choice asks for"
    expect_eq "$digest" "$(tag_digest out "$tag")"
    XDG_CACHE_HOME=$TEST_DIR/fresh expect_exit 0 "$INLAY" inject oci:base:1 acme/packed \
        --to "oci:again:$tag" --compression "$choice" --jobs 1
    expect_eq "$digest" "$(tag_digest again "$tag")" "the same bytes of $choice"
    expect_exit 0 "$INLAY" verify "oci:out:$tag" --hub
    expect_exit 0 "$INLAY" inspect "oci:out:$tag"
    expect_contains "$OUT" acme/packed

    # The size is not known beforehand: into a registry, an archive, a pipe.
    XDG_CACHE_HOME=$TEST_DIR/fresh expect_exit 0 "$INLAY" inject "$REGISTRY/app:base" acme/packed \
        --to "$REGISTRY/app:$tag" --compression "$choice"
    pull_image "$REGISTRY/app:$tag" pulled "$tag"
    expect_eq "$(image_manifest out "$tag" | jq -c '[.layers[].digest]')" \
        "$(image_manifest pulled "$tag" | jq -c '[.layers[].digest]')" 'the layers in the registry'
    XDG_CACHE_HOME=$TEST_DIR/fresh "$INLAY" inject oci:base:1 acme/packed --to oci-archive:-:1 \
        --compression "$choice" -q >piped.tar 2>/dev/null || fail "$choice into a pipe"
    skopeo copy -q --preserve-digests oci-archive:piped.tar:1 "oci:piped:$tag" || fail "$choice out of a pipe"
    expect_eq "$(image_manifest out "$tag" | jq -c '[.layers[].digest]')" \
        "$(image_manifest piped "$tag" | jq -c '[.layers[].digest]')" 'the layers out of a pipe'
done
[ "$(image_manifest out gzip | jq '[.layers[-4:][].size] | add')" -lt \
    "$(image_manifest out plain | jq '[.layers[-4:][].size] | add')" ] || fail 'text does not shrink'

# What umoci and the shell make of it is what is in the image without compression.
umoci unpack --rootless --image out:gzip bundle >unpacked 2>&1 || fail 'umoci does not unpack gzip'
unpack_image out plain tree
unpack_image out zstd tree-zstd
cmp -s <(cd tree && find . -type f -exec sha256sum {} + | sort) \
    <(cd tree-zstd && find . -type f -exec sha256sum {} + | sort) || fail 'other files with zstd'
home=home/app/.cache/huggingface
cmp -s <(cd "tree/$home" && find . -type f -exec sha256sum {} + | sort) \
    <(cd "bundle/rootfs/$home" && find . -type f -exec sha256sum {} + | sort) ||
    fail 'other files with gzip'

# containerd checks the diff_ids as it unpacks.
if command -v containerd >/dev/null && [ "$(id -u)" -eq 0 ]; then
    printf 'version = 2\nroot = "%s/c/root"\nstate = "%s/c/state"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\n  address = "%s/c.sock"\n' \
        "$TEST_DIR" "$TEST_DIR" "$TEST_DIR" >containerd.toml
    start_server containerd.log containerd --config containerd.toml
    ctr() { command ctr --address "$TEST_DIR/c.sock" "$@"; }
    wait_until containerd.log eval 'ctr version >/dev/null 2>&1'
    for tag in gzip zstd; do
        skopeo copy -q "oci:out:$tag" "oci-archive:$tag.tar:1"
        ctr images import --snapshotter native --base-name "localhost/$tag" "$tag.tar" >/dev/null ||
            fail "containerd does not take $tag"
    done
fi

# Another choice takes the place of the first: the model's layers alone are others.
expect_exit 0 "$INLAY" inject oci:out:plain acme/packed --to oci:out:changed --compression gzip
expect_eq "$(image_manifest out gzip | jq -c '[.layers[].digest]')" \
    "$(image_manifest out changed | jq -c '[.layers[].digest]')"
expect_eq "$(image_manifest out plain | jq -c '[.layers[0,1,-1].digest]')" \
    "$(image_manifest out changed | jq -c '[.layers[0,1,-1].digest]')" 'the base and the folders'
expect_exit 0 "$INLAY" remove oci:out:zstd acme/packed --to oci:out:removed
expect_eq "$(image_manifest base 1 | jq -c '[.layers[].digest]')" \
    "$(image_manifest out removed | jq -c '[.layers[].digest]')" 'the base, with the model taken out'

# Docker's schema 2 has gzip, and no zstd.
expect_exit 0 "$INLAY" inject oci:docker:1 acme/packed --to oci:out:docker --compression gzip
expect_eq '["application/vnd.docker.image.rootfs.diff.tar.gzip"]' \
    "$(image_manifest out docker | jq -c '[.layers[-4:-1][].mediaType] | unique')"
before=$(fetched)
expect_exit 6 "$INLAY" inject oci:docker:1 acme/packed --to oci:out:no --compression zstd
expect_contains "$ERR" "schema 2, which has no zstd layers"
expect_eq "$before" "$(fetched)" 'what is asked for before the refusal'

# The layers alone, too; and what a plan says before that.
expect_exit 0 "$INLAY" layer acme/packed -o layer.tar --base oci:base:1 --compression zstd
expect_json "$OUT" '[.layers[] | [.digest, .size, .media_type]]' \
    "$(image_manifest out zstd | jq -c '[.layers[-4:][] | [.digest, .size, .mediaType]]')"
expect_json "$OUT" '[.layers[].diff_id]' "$(own_diff_ids out zstd)"
expect_eq "$(jq -r '.layers[0].diff_id' <<<"$OUT")" \
    "sha256:$(zstd -dc "$(jq -r '.layers[0].path' <<<"$OUT")" | sha256sum | cut -d' ' -f1)"
expect_exit 0 "$INLAY" plan oci:base:1 acme/packed --to oci:out:zstd --compression zstd --json
expect_json "$OUT" '.moves.model' 0
expect_exit 0 "$INLAY" plan oci:base:1 acme/packed --to oci:out:zstd --compression zstd:7 --json
[ "$(jq '.moves.model' <<<"$OUT")" -gt 70000000 ] || fail 'another level is another layer'

for wrong in xz gzip:9 none:1 zstd:0 zstd:20 zstd:fast '' GZIP; do
    expect_exit 2 "$INLAY" inject oci:base:1 acme/packed --to oci:out:wrong --compression "$wrong"
    expect_contains "$ERR" '--compression: '
done
