#!/bin/bash
# The rows of the benchmark about what comes after a push: how long a node takes to have the image;
# run.sh sources this.
# shellcheck disable=SC2034,SC2154 # the variables are run.sh's

# start_containerd [TOML]: with this configuration besides
# shellcheck disable=SC2120 # lazy.sh gives it one
start_containerd() {
    local dir=$TEST_DIR/containerd
    mkdir -p "$dir"
    cat >"$dir.toml" <<TOML
version = 2
root = "$dir/root"
state = "$dir/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
  address = "$dir/sock"
[ttrpc]
  address = "$dir/ttrpc"
${1:-}
TOML
    start_server "$dir.log" containerd --config "$dir.toml"
    CONTAINERD_PID=$SERVER_PID CTR_SOCKET=$dir/sock
    wait_until "$dir.log" ctr -a "$CTR_SOCKET" version >/dev/null
}
before_containerd() {
    ctr -a "$CTR_SOCKET" images ls -q | xargs -r ctr -a "$CTR_SOCKET" images rm --sync >/dev/null
    ctr -a "$CTR_SOCKET" content ls -q | xargs -r ctr -a "$CTR_SOCKET" content rm >/dev/null
}

# What the registry has is read from the disk, where the kernel lets its cache be dropped.
drop_page_cache() {
    sync
    (echo 3 >/proc/sys/vm/drop_caches) 2>/dev/null || true
}
before_pull() { before_containerd && drop_page_cache; }
before_cuts-containerd() { before_pull; }
before_cuts-podman() { before_pull; }

# add_blob DIR FILE: moves it among the blobs, prints its digest
add_blob() {
    local digest
    digest=$(sha256_of "$2")
    mv "$2" "$1/blobs/sha256/$digest"
    printf 'sha256:%s' "$digest"
}

# tag_manifest DIR TAG MANIFEST: adds this file to the layout, under the tag
tag_manifest() {
    local size digest
    size=$(stat -c %s "$3")
    digest=$(add_blob "$1" "$3")
    jq -c --arg tag "$2" --arg digest "$digest" --argjson size "$size" \
        '.manifests += [.manifests[0] | .digest = $digest | .size = $size
            | .annotations["org.opencontainers.image.ref.name"] = $tag]' "$1/index.json" >"$1/edited"
    mv "$1/edited" "$1/index.json"
}

# pack_image FORMAT: the plain image in $TEST_DIR/packed with compressed layers, under a tag of that
# name
pack_image() {
    local dir=$TEST_DIR/packed old new
    image_manifest "$dir" plain >"$dir/manifest"
    for old in $(jq -r '.layers[].digest' "$dir/manifest"); do
        case $1 in
        gzip) gzip -nc "$(blob_path "$dir" "$old")" ;;
        zstd) zstd -qcT0 "$(blob_path "$dir" "$old")" ;;
        esac >"$dir/layer"
        new=sha256:$(sha256_of "$dir/layer")
        jq -c --arg old "$old" --arg new "$new" --argjson size "$(stat -c %s "$dir/layer")" \
            --arg type "application/vnd.oci.image.layer.v1.tar+$1" '(.layers[]
                | select(.digest == $old)) |= {mediaType: $type, digest: $new, size: $size}' \
            "$dir/manifest" >"$dir/edited"
        mv "$dir/edited" "$dir/manifest"
        mv "$dir/layer" "$(blob_path "$dir" "$new")"
    done
    tag_manifest "$dir" "$1" "$dir/manifest"
}

row_pull() {
    local format formats=(gzip zstd) pullers=()
    [ "$(id -u)" -eq 0 ] || { echo 'the row pull is left out: it needs root' >&2 && return 0; }
    serve_weights 4 "$size"
    TARGET=$REGISTRY/model:plain PULL=$REGISTRY/model
    inject_once "$TARGET"
    pull_image "$TARGET" "$TEST_DIR/packed" plain
    for format in "${formats[@]}"; do
        pack_image "$format"
        push_base "$TEST_DIR/packed" "$format" "$PULL:$format"
    done
    rm -r "$TEST_DIR/packed"
    formats=(plain "${formats[@]}" estargz)
    "$INLAY" inject --quiet "$BASE" "$MODEL" --to "$PULL:estargz" --compression estargz >/dev/null
    ! command -v podman >/dev/null || pullers+=("${formats[@]/#/podman-}")
    pullers+=("${formats[@]/#/containerd-}")
    start_containerd
    contest pull "$size in 4 files: pulling and unpacking the image" "${pullers[@]}"
    stop_server "$CONTAINERD_PID"
    CONTAINERD_PID=''
}

# cut_image COUNT: weights of $size in as many layers of one file each, on the base: the tag plain
# in $TEST_DIR/packed. By hand, since inlay has files below 64 MiB in one layer.
cut_image() {
    local dir=$TEST_DIR/packed i bytes digest
    cp -a "$TEST_DIR/base" "$dir"
    image_manifest "$dir" 1 >"$dir/manifest"
    image_config "$dir" 1 >"$dir/config"
    mkdir "$dir/models"
    for ((i = 1; i <= $1; i++)); do
        "$TEST_DIR/weights" "$i" $(($(bytes_of "$size") / $1)) >"$dir/models/part-$i"
        tar -C "$dir" --owner=0 --group=0 --numeric-owner -cf "$dir/layer" "models/part-$i"
        rm "$dir/models/part-$i"
        printf '%s %s\n' "$(stat -c %s "$dir/layer")" "$(add_blob "$dir" "$dir/layer")" >>"$dir/layers"
    done
    jq -c --rawfile layers "$dir/layers" '.layers += [$layers | split("\n")[:-1][] | split(" ") | {
        mediaType: "application/vnd.oci.image.layer.v1.tar", digest: .[1], size: (.[0] | tonumber)}]' \
        "$dir/manifest" >"$dir/edited" && mv "$dir/edited" "$dir/manifest"
    jq -c --slurpfile manifest "$dir/manifest" '($manifest[0].layers[-'"$1"':] | map(.digest)) as $new
        | .rootfs.diff_ids += $new | .history += ($new | map({created_by: "bench"}))' \
        "$dir/config" >"$dir/edited" && mv "$dir/edited" "$dir/config"
    bytes=$(stat -c %s "$dir/config")
    digest=$(add_blob "$dir" "$dir/config")
    jq -c --arg digest "$digest" --argjson size "$bytes" \
        '.config.digest = $digest | .config.size = $size' "$dir/manifest" >"$dir/edited" && mv "$dir/edited" "$dir/manifest"
    tag_manifest "$dir" plain "$dir/manifest"
}

# cuts_row ENGINE: the same weights, cut into more and fewer layers. A row an engine, as one alone
# with models of 1 GiB takes some ten minutes.
cuts_row() {
    local count format pullers=() cuts=(1 4 16 48)
    [ "$(id -u)" -eq 0 ] || { echo "the row cuts-$1 is left out: it needs root" >&2 && return 0; }
    command -v "$1" >/dev/null || { echo "the row cuts-$1 is left out: there is no $1" >&2 && return 0; }
    PULL=$REGISTRY/cut
    for count in "${cuts[@]}"; do
        cut_image "$count"
        push_base "$TEST_DIR/packed" plain "$PULL:plain-$count"
        pack_image zstd
        push_base "$TEST_DIR/packed" zstd "$PULL:zstd-$count"
        rm -r "$TEST_DIR/packed"
    done
    for format in plain zstd; do
        pullers+=("${cuts[@]/#/$1-$format-}")
    done
    start_containerd
    contest "cuts-$1" "$size in 1 to 48 layers: pulling and unpacking the image by $1" "${pullers[@]}"
    stop_server "$CONTAINERD_PID"
    CONTAINERD_PID=''
}
row_cuts_containerd() { cuts_row containerd; }
row_cuts_podman() { cuts_row podman; }
