#!/bin/bash
# Builds what a release hands out, into build-release-out/ (or OUT):
#
#     testdata/release.sh [--check] [--arch amd64|arm64] [--out OUT]
#
#   inlay-VERSION-linux-ARCH.tar.gz  the static program, which runs on any Linux, with docs: bin/, share/
#   inlay_VERSION-1_ARCH.deb         for Debian 12, linked with Debian's libraries; for this machine's processor alone
#   SHA256SUMS
#
# The commit is what is built: nothing may be uncommitted. Times come from the commit, and no path of this machine gets
# in. --check builds all of it, libraries and all, a second time in another folder, and compares the bytes. What is built
# stays in build-static/, for another processor in build-static/MACHINE/, so that a second call is quick. Needs Debian 12 with the
# packages of setup.sh, and dpkg-dev; for another processor gcc-aarch64-linux-gnu and qemu-user-static, too, or
# gcc-x86-64-linux-gnu. Sources, musl's too, come from Debian (release/sources.txt).
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
out=$root/build-release-out check='' machine=$(uname -m) jobs=${INLAY_BUILD_JOBS:-$(nproc)}
export INLAY_BUILD_JOBS=$jobs LC_ALL=C.UTF-8

while [ $# -gt 0 ]; do
    case $1 in
    --check) check=yes ;;
    --arch)
        case ${2:-} in
        amd64) machine=x86_64 ;;
        arm64) machine=aarch64 ;;
        *) echo "--arch '${2:-}' is not amd64 or arm64" >&2 && exit 2 ;;
        esac
        shift
        ;;
    --out) out=$2 && shift ;;
    *) echo "usage: release.sh [--check] [--arch amd64|arm64] [--out OUT]" >&2 && exit 2 ;;
    esac
    shift
done
tools=(gcc dpkg-source dpkg-shlibdeps cmake ninja)
is_cross=''
if [ "$machine" != "$(uname -m)" ]; then
    is_cross=yes
    tools+=("$machine-linux-gnu-gcc" "qemu-$machine-static")
fi
for tool in "${tools[@]}"; do
    command -v "$tool" >/dev/null ||
        { echo "'$tool' is not there; install dpkg-dev, cmake, ninja-build, and for another processor gcc-${machine//_/-}-linux-gnu and qemu-user-static" >&2 && exit 1; }
done
if [ -n "$(git -C "$root" status --porcelain)" ]; then
    echo "there are uncommitted changes; a release is what a commit has" >&2
    exit 1
fi
commit=$(git -C "$root" rev-parse HEAD)
SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct)
export SOURCE_DATE_EPOCH

# configure SOURCE BUILD OPTION...: a release build, in which no path of this machine is left
configure() {
    local source=$1 build=$2
    shift 2
    cmake -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF -DINLAY_COMMIT="$commit" \
        -DCMAKE_INSTALL_PREFIX=/usr "-DCMAKE_C_FLAGS=-ffile-prefix-map=$build=/usr/src/build -ffile-prefix-map=$source=/usr/src/inlay" \
        "$@" >/dev/null
    cmake --build "$build" -j "$jobs" >"$build/log" || { tail -n 40 "$build/log" >&2 && exit 1; }
}

# build_all SOURCE WORK OUT
build_all() {
    local source=$1 work=$2 out=$3 static
    mkdir -p "$work" "$out"
    bash "$source/testdata/release/dependencies.sh" "$work/libraries" "$machine"
    # Its program writes the manual of both.
    configure "$source" "$work/debian"
    # What these stand on is not told by all of them, so that their order is told here.
    static="-L$work/libraries/sysroot/usr/lib -larchive -lbz2 -llzma -lcurl -lssl -lcrypto -lzstd -lz"
    # The program has its own stdout, which musl's library defines, too: cmd/inlay/output.c.
    configure "$source" "$work/static" -DCMAKE_TOOLCHAIN_FILE="$work/libraries/toolchain.cmake" \
        -DINLAY_HOST_PROGRAM="$work/debian/inlay" -DOPENSSL_USE_STATIC_LIBS=ON -DCMAKE_EXE_LINKER_FLAGS=-Wl,-z,muldefs \
        "-DCMAKE_C_STANDARD_LIBRARIES=$static"
    rm -rf "$work"/*/packages "$out"/inlay-*-"$machine".tar.gz
    (cd "$work/static" && cpack -G TGZ -B "$work/static/packages" >/dev/null)
    cp "$work"/static/packages/*.tar.gz "$out/"
    if [ -z "$is_cross" ]; then
        rm -f "$out"/inlay_*.deb
        (cd "$work/debian" && cpack -G DEB -B "$work/debian/packages" >/dev/null)
        cp "$work"/debian/packages/*.deb "$out/"
    fi
    (cd "$out" && sha256sum -- inlay[-_]* >SHA256SUMS)
}

build=$root/build-static
if [ -n "$is_cross" ]; then
    build+=/$machine
fi
build_all "$root" "$build" "$out"
cat "$out/SHA256SUMS"
[ -n "$check" ] || exit 0

again=$root/build-static/again-$$
trap 'rm -rf "$again"' EXIT
mkdir -p "$again/source/of/this/commit"
git -C "$root" archive "$commit" | tar -x -C "$again/source/of/this/commit"
# A compiler's cache would give back what the first build has made.
export CCACHE_DISABLE=1 INLAY_RELEASE_DOWNLOADS=$build/libraries/downloads
build_all "$again/source/of/this/commit" "$again/work" "$again/out"
for file in "$again/out"/inlay[-_]*; do
    cmp "$file" "$out/${file##*/}"
done
echo "built twice in two folders: the same bytes"
