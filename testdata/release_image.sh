#!/bin/bash
# Makes the images of inlay itself, by inlay, as an OCI layout:
#
#     testdata/release_image.sh OUT PROGRAM...
#
#   OUT:latest  the static program, certificates and a /tmp; ENTRYPOINT ["inlay"]
#   OUT:shell   busybox besides, without an entrypoint, for CI systems that start a shell in an image
#
# Each PROGRAM is what testdata/release.sh leaves in build-static/static/inlay or build-static/MACHINE/static/inlay, for one platform each; of several both tags
# are an index. INLAY, or else the first PROGRAM, makes them. Times are SOURCE_DATE_EPOCH, or else the commit's, so that the same
# programs make the same images. Needs ca-certificates, and busybox-static for the platforms that are to have a shell: /bin/busybox
# is for this machine's own, and BUSYBOX_ARCH (BUSYBOX_arm64) names that for another one. Without it there is no shell for that.
set -euo pipefail
[ $# -ge 2 ] || { echo "usage: release_image.sh OUT PROGRAM..." >&2 && exit 2; }
out=$1
shift
root=$(cd "$(dirname "$0")/.." && pwd)
inlay=${INLAY:-$1}
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct)}
export LC_ALL=C.UTF-8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# architecture PROGRAM: as images name it
architecture() {
    case $(readelf -h "$1" | sed -n 's/.*Machine: *//p') in
    *X86-64*) echo amd64 ;;
    *AArch64*) echo arm64 ;;
    *) echo "'$1' is for a processor that is not known here" >&2 && return 1 ;;
    esac
}
# inject BASE TAG MODEL... OPTION...: into the layout that collects the platforms
inject() {
    "$inlay" inject -q "$1" --to "oci:$work/platforms:$2" "${@:3}" >/dev/null
}
# file PATH NAME FOLDER: one file as MODEL; a comma in a path would end it
file() {
    cp "$1" "$work/files/$2"
    echo "file:$work/files/$2,layout=dir,path=$3"
}

# What all platforms have. Folders come with the files in them, and these two with an empty one.
mkdir -p "$work"/{files,tmp,home,applets}
printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/tmp:/bin/sh\n' >"$work/passwd"
: >"$work/tmp/.keep"
: >"$work/home/.keep"
common=("$(file "$work/passwd" passwd /etc)" "$(file "$root/LICENSE" LICENSE /usr/share/doc/inlay)"
    "$(file /etc/ssl/certs/ca-certificates.crt ca-certificates.crt /etc/ssl/certs)" "dir:$work/home,layout=dir,path=/root")

tags=()
for program in "$@"; do
    if readelf -lW "$program" | grep -q INTERP; then
        echo "'$program' is not static: it would find no loader in the image" >&2
        exit 1
    fi
    architecture=$(architecture "$program")
    inject scratch "$architecture" "$(file "$program" inlay /usr/bin),executable=inlay" "${common[@]}" \
        --platform "linux/$architecture" --env PATH=/usr/bin:/bin --env HOME=/root --entrypoint inlay
    # A user of group 0 may write there, as platforms with random users have it; others get a folder mounted.
    inject "oci:$work/platforms:$architecture" "latest-$architecture" "dir:$work/tmp,layout=dir,path=/tmp" --group-writable
    tags+=("$architecture")
done

# shell ARCHITECTURE: /bin/sh, and a script for each other applet, which the shell finds in itself
shell() {
    local busybox=BUSYBOX_$1 applet
    busybox=${!busybox:-/bin/busybox}
    [ "$(architecture "$busybox")" = "$1" ] || return 0
    if [ -z "$(ls "$work/applets")" ]; then
        for applet in $("$busybox" --list); do
            printf '#!/bin/sh\nexec %s "$@"\n' "$applet" >"$work/applets/$applet"
        done
        rm "$work/applets"/{sh,ash,busybox}
    fi
    inject "oci:$work/platforms:latest-$1" "shell-$1" "$(file "$busybox" sh /bin),executable=sh" \
        "dir:$work/applets,layout=dir,path=/bin,executable=*" --entrypoint '[]' --cmd sh
    echo "$1"
}
shells=()
for architecture in "${tags[@]}"; do
    mapfile -t -O ${#shells[@]} shells < <(shell "$architecture")
done

# publish TAG ARCHITECTURE...: the one image, or an index of them, which is a document of a few lines
publish() {
    local tag=$1 architecture index digest
    shift
    if [ $# = 1 ]; then
        "$inlay" copy -q "oci:$work/platforms:$tag-$1" "oci:$out:$tag" >/dev/null
        return
    fi
    for architecture in "$@"; do
        jq -c --arg tag "$tag-$architecture" --arg architecture "$architecture" '.manifests[] |
            select(.annotations["org.opencontainers.image.ref.name"] == $tag) |
            {mediaType, digest, size, platform: {architecture: $architecture, os: "linux"}}' "$work/platforms/index.json"
    done | jq -sc '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: .}' | tr -d '\n' >"$work/index"
    digest=$(sha256sum "$work/index" | cut -d ' ' -f 1)
    cp "$work/index" "$work/platforms/blobs/sha256/$digest"
    index=$(jq -c --arg tag "$tag" --arg digest "sha256:$digest" --argjson size "$(wc -c <"$work/index")" '.manifests += [{
        mediaType: "application/vnd.oci.image.index.v1+json", $digest, $size,
        annotations: {"org.opencontainers.image.ref.name": $tag}}]' "$work/platforms/index.json")
    echo "$index" >"$work/platforms/index.json"
    "$inlay" copy -q "oci:$work/platforms:$tag" "oci:$out:$tag" >/dev/null
}
rm -rf "$out"
publish latest "${tags[@]}"
[ ${#shells[@]} = 0 ] || publish shell "${shells[@]}"
