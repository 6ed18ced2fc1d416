#!/bin/bash
# Makes the images of inlay itself, as an OCI layout:
#
#     testdata/release_image.sh PROGRAM OUT
#
#   OUT:latest  the static program, certificates and a /tmp; ENTRYPOINT ["inlay"]
#   OUT:shell   busybox besides, without an entrypoint, for CI systems that start a shell in an image
#
# PROGRAM is what testdata/release.sh leaves in build-static/static/inlay. Times are SOURCE_DATE_EPOCH, or else the commit's, so
# that the same program makes the same images. Needs umoci, ca-certificates and busybox-static: files that inlay itself puts into
# images are data, without the right to be run, and it sets no entrypoint.
set -euo pipefail
[ $# = 2 ] || { echo "usage: release_image.sh PROGRAM OUT" >&2 && exit 2; }
program=$1 out=$2
certificates=/etc/ssl/certs/ca-certificates.crt busybox=/bin/busybox
root=$(cd "$(dirname "$0")/.." && pwd)
epoch=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct)}
export LC_ALL=C.UTF-8
case $(readelf -h "$program" | sed -n 's/.*Machine: *//p') in
*X86-64*) architecture=amd64 ;;
*AArch64*) architecture=arm64 ;;
*) echo "'$program' is for a processor that is not known here" >&2 && exit 1 ;;
esac
if readelf -lW "$program" | grep -q INTERP; then
    echo "'$program' is not static: it would find no loader in the image" >&2
    exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# pack FOLDER TAR: root's, with one time
pack() {
    tar --sort=name --mtime="@$epoch" --owner=0 --group=0 --numeric-owner --format=pax \
        --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime -cf "$2" -C "$1" .
}
created=$(date -u -d "@$epoch" +%FT%TZ)
# add TAG TAR WHAT
add() {
    umoci raw add-layer --image "$out:$1" --history.created "$created" --history.created_by "$3" --history.comment '' "$2" >/dev/null
}
# configure TAG OPTION...
configure() {
    umoci config --image "$out:$1" --no-history --created "$created" --os linux --architecture "$architecture" \
        --config.env PATH=/usr/bin:/bin --config.env HOME=/root "${@:2}" >/dev/null
}

mkdir -p "$work/inlay/usr/bin" "$work/inlay/etc/ssl/certs" "$work/inlay/root" "$work/inlay/tmp"
install -m 0755 "$program" "$work/inlay/usr/bin/inlay"
install -m 0644 "$certificates" "$work/inlay/etc/ssl/certs/ca-certificates.crt"
printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/tmp:/bin/sh\n' >"$work/inlay/etc/passwd"
chmod 1777 "$work/inlay/tmp"
pack "$work/inlay" "$work/inlay.tar"
mkdir -p "$work/shell/bin"
install -m 0755 "$busybox" "$work/shell/bin/busybox"
for applet in $("$busybox" --list); do
    [ "$applet" = busybox ] || ln -s busybox "$work/shell/bin/$applet"
done
pack "$work/shell" "$work/shell.tar"

rm -rf "$out"
umoci init --layout "$out" >/dev/null
umoci new --image "$out:latest" >/dev/null
add latest "$work/inlay.tar" 'the static inlay and certificates'
umoci tag --image "$out:latest" shell >/dev/null
configure latest --config.entrypoint inlay
add shell "$work/shell.tar" 'busybox'
configure shell --config.cmd sh
umoci gc --layout "$out" >/dev/null
