#!/bin/bash
# On a bare Debian 12, from the packages in a folder that is served to the main job done and verified, with the tarball and with
# the .deb, whose libraries come from Debian; and with the image of inlay as a CI job runs it. Prints how long each took. The root
# is INLAY_BARE_ROOT, which debootstrap --variant=minbase bookworm made; packages are in build-release-out, or INLAY_RELEASE_OUT.
# Without these the test is skipped.
. "$(dirname "$0")/lib.sh"
bare=${INLAY_BARE_ROOT:-} out=${INLAY_RELEASE_OUT:-$TESTDATA/../build-release-out}
[ -n "$bare" ] && [ -x "$bare/usr/bin/dpkg" ] || skip 'INLAY_BARE_ROOT is no root that debootstrap made'
[ -f "$out/SHA256SUMS" ] || skip "there is no '$out/SHA256SUMS'; testdata/release.sh makes it"
[ "$(id -u)" = 0 ] || skip 'only root can change the root folder'
cd "$TEST_DIR" || exit

start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"}, {"path": "model.safetensors", "synthetic": 30000000}]}'
start_registry
make_base base 1
push_base base 1 "$REGISTRY/app:1"
port=$(free_port)
start_server served.log python3 -m http.server --bind 127.0.0.1 --directory "$out" "$port"
wait_until served.log curl -fsS -o /dev/null "http://127.0.0.1:$port/SHA256SUMS"

# within ROOT SCRIPT: in a shell of this root, with nothing of the environment here
within() {
    env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive HF_ENDPOINT="$HUB_URL" from="http://127.0.0.1:$port" \
        registry="$REGISTRY" chroot "$1" sh -euc "$2"
}
# try NAME SCRIPT: what gets inlay, and then the main job; in a copy of the bare root
try() {
    local begin=$EPOCHREALTIME
    cp -a "$bare" "$1"
    cp /etc/resolv.conf "$1/etc/resolv.conf"
    begin=$EPOCHREALTIME
    # shellcheck disable=SC2016 # it is the shell there that expands
    within "$1" "get() { /usr/lib/apt/apt-helper -qq download-file \"\$from/\$1\" \"/root/\$1\"; }
        cd /root; get SHA256SUMS; $2
        inlay inject -q \"\$registry/app:1\" acme/tiny --to \"\$registry/app:$1\" >/dev/null
        inlay verify -q \"\$registry/app:$1\" acme/tiny" >"$1.log" 2>&1 || fail "$1: $(tail -5 "$1.log")"
    echo "$1: $(awk "BEGIN {printf \"%.1f\", $EPOCHREALTIME - $begin}") s from download to the image verified"
    expect_exit 0 "$INLAY" verify -q "$REGISTRY/app:$1" acme/tiny
}
tarball=$(basename "$out"/inlay-*-linux-"$(uname -m)".tar.gz)
package=$(basename "$out"/inlay_*_"$(dpkg --print-architecture)".deb)
try tarball "get $tarball; sha256sum --quiet --check --ignore-missing SHA256SUMS; tar -xzf $tarball --strip-components 1 -C /usr/local"
try deb "get $package; sha256sum --quiet --check --ignore-missing SHA256SUMS; apt-get -qq update; apt-get -qq install -y ./$package"
if command -v lintian >/dev/null; then
    expect_exit 0 lintian --fail-on error --allow-root "$out/$package"
fi

# The image, pulled from a registry and run by podman, as in release_image_test.
static=${INLAY_STATIC:-$TESTDATA/../build-static/static/inlay}
if ! command -v podman >/dev/null || ! command -v runc >/dev/null || [ ! -x "$static" ]; then
    exit 0
fi
bash "$TESTDATA/release_image.sh" images "$static"
"$INLAY" copy -q oci:images:shell "$REGISTRY/inlay:shell" >/dev/null
podman() { TMPDIR=$TEST_DIR command podman --root "$TEST_DIR/storage" --runroot "$TEST_DIR/run" --storage-driver vfs --cgroup-manager cgroupfs --events-backend none "$@"; }
begin=$EPOCHREALTIME
podman pull -q --tls-verify=false "$REGISTRY/inlay:shell" >/dev/null
# shellcheck disable=SC2016
podman --runtime runc run --rm --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --network host --pull never -e HF_ENDPOINT="$HUB_URL" -e registry="$REGISTRY" \
    "$REGISTRY/inlay:shell" sh -euc 'inlay inject -q "$registry/app:1" acme/tiny --to "$registry/app:image" >/dev/null; inlay verify -q "$registry/app:image" acme/tiny' >image.log 2>&1 || {
    grep -qiE 'permission|not permitted|mount|cgroup|namespace' image.log && exit 0
    fail "podman: $(tail -5 image.log)"
}
echo "image: $(awk "BEGIN {printf \"%.1f\", $EPOCHREALTIME - $begin}") s from pull to the image verified"
