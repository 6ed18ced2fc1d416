#!/bin/bash
# Packs the layers of an image anew, with tables of contents, by the tools that people use for that:
#   add_tables.sh OCI_DIR TAG NEW_OCI_DIR KIND
# KIND is estargz (ctr-remote), zstd-chunked (skopeo), or zstd-stargz (ctr-remote's own kind of
# zstd:chunked). The image has one platform. ctr-remote works through containerd, which is started
# for it and needs root. Needs containerd, stargz-snapshotter and skopeo.
set -euo pipefail
shopt -s inherit_errexit

from=$1 tag=$2 to=$3 kind=$4
work=$(mktemp -d)
pid=''

cleanup() {
    local status=$?
    trap - EXIT
    if [ -n "$pid" ]; then
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    fi
    rm -rf "$work"
    exit "$status"
}
trap cleanup EXIT

start_containerd() {
    local i
    cat >"$work/config.toml" <<TOML
version = 2
root = "$work/root"
state = "$work/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
  address = "$work/sock"
[ttrpc]
  address = "$work/ttrpc"
TOML
    containerd --config "$work/config.toml" >"$work/log" 2>&1 </dev/null &
    pid=$!
    for ((i = 0; i < 300; i++)); do
        ! ctr-remote -a "$work/sock" version >/dev/null 2>&1 || return 0
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    tail -n 5 "$work/log" >&2
    return 1
}

convert_by_containerd() { # CTR-REMOTE-OPTION
    local ctr=(ctr-remote -a "$work/sock")
    start_containerd
    tar -C "$from" -cf "$work/from.tar" oci-layout index.json blobs
    "${ctr[@]}" images import --no-unpack --base-name base "$work/from.tar" >/dev/null
    "${ctr[@]}" images convert "$1" --oci "base:$tag" base:packed >/dev/null
    "${ctr[@]}" images export "$work/to.tar" base:packed
    mkdir -p "$to"
    tar -C "$to" -xf "$work/to.tar" oci-layout index.json blobs
    jq --arg tag "$tag" \
        '.manifests[0].annotations = {"org.opencontainers.image.ref.name": $tag}' \
        "$to/index.json" >"$work/index.json"
    mv "$work/index.json" "$to/index.json"
}

case $kind in
estargz) convert_by_containerd --estargz ;;
zstd-stargz) convert_by_containerd --zstdchunked ;;
zstd-chunked)
    # It warns on the way that zstd and zstd:chunked are two names of the same blobs.
    {
        skopeo copy --quiet --insecure-policy --dest-compress \
            --dest-compress-format zstd:chunked "oci:$from:$tag" "dir:$work/dir" &&
            skopeo copy --quiet --insecure-policy --preserve-digests "dir:$work/dir" "oci:$to:$tag"
    } 2>"$work/words" || { cat "$work/words" >&2 && exit 1; }
    ;;
*) printf "add_tables.sh has no kind '%s'\n" "$kind" >&2 && exit 2 ;;
esac
