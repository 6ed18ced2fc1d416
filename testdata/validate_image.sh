#!/bin/bash
# Judges an image in an OCI layout without inlay: `validate_image.sh OCI_DIR TAG`. From the tag
# down: size and digest of every descriptor, the JSON schemas of the image specification (where
# python3-jsonschema and the schemas are installed), one family of media types, diff_ids computed
# again with gzip, zstd and sha256sum, history, platforms. Prints a line for each check and exits
# with status 1 at the first defect.

set -euo pipefail
shopt -s inherit_errexit

dir=$1 tag=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
schemas=/usr/share/gocode/src/github.com/opencontainers/image-spec/schema
if [ ! -d "$schemas" ] || ! /usr/bin/python3 -c 'import jsonschema' 2>/dev/null; then
    schemas=''
fi

good() {
    printf 'good: %s\n' "$1"
}

bad() {
    printf 'BAD:  %s\n' "$1" >&2
    exit 1
}

# same WHAT FOUND EXPECTED
same() {
    [ "$2" = "$3" ] || bad "$1 is $2, expected $3"
}

check_schema() { # KIND FILE
    local complaint
    [ -n "$schemas" ] || return 0
    complaint=$(/usr/bin/python3 -W ignore "$here/validate_schema.py" "$schemas" "$1" "$2" 2>&1) \
        || bad "$1 ${2##*/}: $complaint"
    good "$1 ${2##*/} follows its schema"
}

sha256_of() { # FILE
    printf 'sha256:%s' "$(sha256sum <"$1" | cut -d ' ' -f 1)"
}

# descriptors FILE FILTER: prints a line for each descriptor that the filter finds, as
# check_descriptor takes it
descriptors() {
    jq -r "$2 | \"\(.digest) \(.size) \(.data // \"-\") \(.mediaType)\"" "$1"
}

# check_descriptor WHAT DIGEST SIZE DATA: sets blob to the path of what it describes
check_descriptor() {
    local what=$1 digest=$2 size=$3 data=$4
    [[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || bad "$what: digest is '$digest'"
    blob=$dir/blobs/sha256/${digest#sha256:}
    [ -f "$blob" ] || bad "$what: no blob $digest"
    same "$what $digest: size of the blob" "$(stat -c %s "$blob")" "$size"
    same "$what $digest: digest of the blob" "$(sha256_of "$blob")" "$digest"
    [ "$data" = - ] || same "$what: digest of data" \
        "$(sha256_of <(base64 -d <<<"$data"))" "$digest"
    good "$what $digest, $size bytes"
}

layer_tar() { # MEDIA_TYPE FILE
    case $1 in
    *gzip) gzip -dc "$2" ;;
    *zstd) zstd -dcq "$2" ;;
    *.tar) cat "$2" ;;
    *) bad "layer type '$1' is not known" ;;
    esac
}

check_layers() { # MANIFEST CONFIG
    local i list digest size data type
    local -a layers=() diff_ids=()
    list=$(descriptors "$1" '.layers[]')
    [ -z "$list" ] || mapfile -t layers <<<"$list"
    list=$(jq -r '.rootfs.diff_ids[]' "$2")
    [ -z "$list" ] || mapfile -t diff_ids <<<"$list"
    same 'number of diff_ids' "${#diff_ids[@]}" "${#layers[@]}"
    for ((i = 0; i < ${#layers[@]}; i++)); do
        read -r digest size data type <<<"${layers[i]}"
        [[ $type != *nondistributable* && $type != *foreign* ]] || continue
        check_descriptor "layer $i" "$digest" "$size" "$data"
        same "diff_id $i" "${diff_ids[i]}" "$(layer_tar "$type" "$blob" | sha256_of /dev/stdin)"
        good "diff_id $i is that of the layer's tar"
    done
}

check_family() { # MANIFEST
    local family
    case $(jq -r .mediaType "$1") in
    application/vnd.oci.image.manifest.v1+json) family=application/vnd.oci.image. ;;
    application/vnd.docker.distribution.manifest.v2+json) family=application/vnd.docker. ;;
    *) bad "manifest ${1##*/} says mediaType $(jq -c .mediaType "$1")" ;;
    esac
    same 'media types of another family' "$(jq -c --arg family "$family" \
        '[.config, .layers[] | .mediaType | select(startswith($family) | not)]' "$1")" '[]'
    good "config and layers are ${family%.}"
}

check_config() { # CONFIG PLATFORM
    local config=$1 layers steps
    layers=$(jq '.rootfs.diff_ids | length' "$config")
    steps=$(jq '[.history // [] | .[] | select(.empty_layer != true)] | length' "$config")
    [ "$steps" -le "$layers" ] || bad "history tells of $steps layers, there are $layers"
    good "history tells of $steps layers, there are $layers"
    [ "$2" = null ] || same 'platform in the index' \
        "$(jq -c '[.os, .architecture]' <<<"$2")" "$(jq -c '[.os, .architecture]' "$config")"
}

# Attestations have the config of an image, but no platform that exists.
is_image() { # MANIFEST PLATFORM
    [ "$(jq -r '.os?' <<<"$2")" != unknown ] || return 1
    case $(jq -r .config.mediaType "$1") in
    application/vnd.oci.image.config.v1+json) ;;
    application/vnd.docker.container.image.v1+json) ;;
    *) return 1 ;;
    esac
}

check_manifest() { # FILE PLATFORM
    local manifest=$1 config list digest size data
    check_schema manifest "$manifest"
    list=$(descriptors "$manifest" .config)
    read -r digest size data _ <<<"$list"
    check_descriptor config "$digest" "$size" "$data"
    config=$blob
    if is_image "$manifest" "$2"; then
        check_family "$manifest"
        check_schema config "$config"
        check_layers "$manifest" "$config"
        check_config "$config" "$2"
        return
    fi
    list=$(descriptors "$manifest" '.layers[]')
    while read -r digest size data _; do
        check_descriptor 'part of an artifact' "$digest" "$size" "$data"
    done <<<"$list"
}

check_index() { # FILE
    local i=0 list digest size data type
    check_schema index "$1"
    list=$(descriptors "$1" '.manifests[]')
    [ -n "$list" ] || bad "index ${1##*/} is empty"
    while read -r digest size data type; do
        check_descriptor 'entry of the index' "$digest" "$size" "$data"
        check_document "$blob" "$(jq -c ".manifests[$i].platform" "$1")" "$type"
        i=$((i + 1))
    done <<<"$list"
}

check_document() { # FILE PLATFORM MEDIA_TYPE
    same "mediaType in ${1##*/}" "$(jq -r '.mediaType' "$1")" "$3"
    if jq -e 'has("manifests")' "$1" >/dev/null; then
        check_index "$1"
    else
        check_manifest "$1" "$2"
    fi
}

check_schema layout "$dir/oci-layout"
check_schema index "$dir/index.json"
roots=$(descriptors "$dir/index.json" ".manifests[]
    | select(.annotations[\"org.opencontainers.image.ref.name\"] == \"$tag\")")
same "number of entries tagged '$tag'" "$(grep -c . <<<"$roots" || true)" 1
read -r digest size data type <<<"$roots"
check_descriptor "tag '$tag'" "$digest" "$size" "$data"
check_document "$blob" null "$type"
