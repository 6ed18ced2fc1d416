#!/bin/bash
# One run of one contestant of the benchmark: `contestants.sh NAME`. run.sh measures it, in an empty
# folder, and tells by these variables what there is to do:
#
#   HF_ENDPOINT, MODEL   the hub, and the model on it
#   LISTS                the folder with what curl has to fetch and to send, see run.sh
#   BASE, TARGET         images, as inlay takes them; BASE_COPY is the base as skopeo takes it
#   REGISTRY, SCHEME     HOST:PORT for uploads by curl; http or https
#   TLS_CA               the servers' authority with https, else empty
#   INLAY, PULL          the program; the image to pull
#   CTR_SOCKET           of a containerd

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
place=root/.cache/model
abroad=(--quiet --insecure-policy --src-tls-verify=false --dest-tls-verify=false)
storage=(--storage-driver overlay --storage-opt overlay.skip_mount_home=true --root "$PWD/storage"
    --runroot "$PWD/runroot")
[ -z "$TLS_CA" ] || export CURL_CA_BUNDLE=$TLS_CA
export TMPDIR=$PWD BUILDAH_ISOLATION=chroot

# Several transfers at a time if there are several files, as many as inlay has layers in flight.
fetch() {
    local -a parallel=()
    [ "$(grep -c '^url' "$1")" -le 1 ] || parallel=(--parallel --parallel-max 4)
    curl -sSfL --create-dirs "${parallel[@]}" --config "$1"
}

# A blob as the specification has it: POST, PATCH of known length, PUT.
upload_blob() { # FILE DIGEST
    local location headers
    location=$(curl -sSf -D - -o /dev/null -X POST "$SCHEME://$REGISTRY/v2/curl/blobs/uploads/" |
        tr -d '\r' | sed -n 's/^Location: //Ip')
    [[ $location == http* ]] || location=$SCHEME://$REGISTRY$location
    headers=$(curl -sSf -D - -o /dev/null -X PATCH -H 'Content-Type: application/octet-stream' \
        -H 'Expect:' -T "$1" "$location" | tr -d '\r')
    location=$(sed -n 's/^Location: //Ip' <<<"$headers")
    [[ $location == http* ]] || location=$SCHEME://$REGISTRY$location
    [[ $location == *\?* ]] && location+='&' || location+='?'
    curl -sSf -o /dev/null -X PUT -H 'Content-Length: 0' "${location}digest=sha256:$2"
}

# Fetches the model to files/, the base to image/.
fetch_all() {
    mkdir -p "files/$place"
    (cd "files/$place" && fetch "$LISTS/files")
    skopeo copy "${abroad[@]}" "$BASE_COPY" oci:image:1
}

# add_document FILE: moves it among the blobs, prints its digest
add_document() {
    local digest
    digest=$(openssl dgst -sha256 -r <"$1" | cut -d ' ' -f 1)
    mv "$1" "image/blobs/sha256/$digest"
    printf 'sha256:%s' "$digest"
}

# What a plain layer takes without a tool for it: tar, a digest, three documents edited.
append_tar() {
    local manifest config size diff_id digest
    tar -C files -cf layer.tar --numeric-owner --owner=0 --group=0 "$place"
    size=$(stat -c %s layer.tar)
    diff_id=$(add_document layer.tar)
    manifest=image/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' image/index.json)
    config=image/blobs/sha256/$(jq -r '.config.digest[7:]' "$manifest")
    jq -c --arg id "$diff_id" '.rootfs.diff_ids += [$id]
        | .history += [{created_by: "bench"}]' "$config" >config.json
    jq -c --arg id "$diff_id" --argjson size "$size" --argjson config "$(stat -c %s config.json)" \
        --arg name "$(add_document config.json)" '.config.digest = $name | .config.size = $config
        | .layers += [{mediaType: "application/vnd.oci.image.layer.v1.tar", digest: $id,
            size: $size}]' "$manifest" >manifest.json
    size=$(stat -c %s manifest.json)
    digest=$(add_document manifest.json)
    jq -c --arg digest "$digest" --argjson size "$size" \
        '.manifests[0] |= (.digest = $digest | .size = $size)' image/index.json >index.json
    mv index.json image/index.json
}

build_with_buildah() {
    local container
    mkdir -p "files/$place"
    (cd "files/$place" && fetch "$LISTS/files")
    container=$(buildah "${storage[@]}" from --quiet --tls-verify=false "$BASE_COPY")
    buildah "${storage[@]}" copy --quiet "$container" files/ / >/dev/null
    buildah "${storage[@]}" commit --quiet "$container" bench >/dev/null
    buildah "${storage[@]}" push --quiet --tls-verify=false bench "docker://$TARGET"
}

inject() { # OPTION...
    exec "$INLAY" inject --quiet ${TLS_CA:+--tls-ca "$TLS_CA"} "$BASE" "$MODEL" --to "$TARGET" "$@"
}

# Every shard by a process with a cache of its own, and then the run that writes the image.
machines() { # COUNT
    local i pids=()
    for ((i = 1; i <= $1; i++)); do
        XDG_CACHE_HOME=$PWD/cache-$i "$INLAY" inject --quiet "$BASE" "$MODEL" --to "$TARGET" \
            --limit-rate 50M --shard "$i/$1" >/dev/null &
        pids+=($!)
    done
    for i in "${pids[@]}"; do
        wait "$i"
    done
    inject --trust-records all
}

# What a container would find: the files of the image that is there.
read_mounted() { # SNAPSHOTTER UNTIL
    local dir models top
    dir=$(dirname "$CTR_SOCKET")/mounted
    # `ctr images mount` would unpack layers that the snapshotter has already.
    top=$(ctr -a "$CTR_SOCKET" snapshots --snapshotter "$1" ls |
        awk 'NR > 1 { key[$1]; parent[$2] } END { for (k in key) if (!(k in parent)) print k }')
    eval "$(ctr -a "$CTR_SOCKET" snapshots --snapshotter "$1" prepare --target "$dir" bench "$top")"
    models=("$dir"/root/.cache/huggingface/hub/models--bench--model/snapshots/*)
    cat "${models[0]}/config.json" >/dev/null
    case $2 in
    config) ;;
    half) cat "${models[0]}"/model-0000[12]-* >/dev/null ;;
    all) cat "${models[0]}"/model-* >/dev/null ;;
    esac
}

case $1 in
curl-down) fetch "$LISTS/nowhere" ;;
curl-up) xargs -a "$LISTS/blobs" -P 4 -n 2 "$here/contestants.sh" upload-blob ;;
upload-blob) upload_blob "$2" "$3" ;;
sha256) cut -d ' ' -f 1 "$LISTS/blobs" | xargs openssl dgst -sha256 ;;
inlay) inject ;;
again | again-new-base | readme | shard | first) inject ;;
reuse-from) inject --reuse-from "$REUSE" ;;
layer-cache) inject --layer-cache "$REUSE" ;;
reuse-from-trusting) inject --reuse-from "$REUSE" --trust-records all ;;
layer-cache-trusting) inject --layer-cache "$REUSE" --trust-records all ;;
machines-*) machines "${1#*-}" ;;
jobs-*) inject --jobs "${1#*-}" ;;
connections-*) inject --connections "${1#*-}" ;;
none | gzip | zstd | estargz) inject --compression "$1" ;;
tar-skopeo)
    fetch_all
    append_tar
    skopeo copy "${abroad[@]}" --preserve-digests oci:image:1 "docker://$TARGET"
    ;;
umoci)
    fetch_all
    umoci insert --image image:1 "files/$place" "/$place"
    skopeo copy "${abroad[@]}" oci:image:1 "docker://$TARGET"
    ;;
buildah) build_with_buildah ;;
full-*)
    ctr -a "$CTR_SOCKET" images pull --plain-http "$PULL:plain" >/dev/null
    read_mounted overlayfs "${1##*-}"
    ;;
lazy-*)
    ctr-remote -a "$CTR_SOCKET" images rpull --plain-http --snapshotter stargz "$PULL:estargz" >/dev/null
    read_mounted stargz "${1##*-}"
    ;;
podman-*) podman "${storage[@]}" pull --quiet --tls-verify=false "$PULL:${1#*-}" ;;
containerd-*) ctr -a "$CTR_SOCKET" images pull --plain-http "$PULL:${1#*-}" ;;
*)
    printf "contestants.sh has no contestant '%s'\n" "$1" >&2
    exit 2
    ;;
esac
