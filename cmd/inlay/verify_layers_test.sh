#!/bin/bash
# Layers as odd writers of tars make them: verify refuses what engines refuse, and sees what they
# unpack. umoci judges each, and containerd where it is. What is changed is told in edit_layer.py.
. "$(dirname "$0")/../../testdata/lib.sh"

start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"}]}'
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
cd "$TEST_DIR" || exit
make_base base 1 --user app --layers 3 --gzip
expect_exit 0 "$INLAY" inject -q oci:base:1 acme/tiny --to oci:out:1
expect_exit 0 "$INLAY" verify -q oci:out:1 # the blobs of the base are known from now on
cache=home/app/.cache/huggingface/hub

start_containerd() {
    cat >containerd.toml <<TOML
version = 2
root = "$TEST_DIR/c/root"
state = "$TEST_DIR/c/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
  address = "$TEST_DIR/c/sock"
[ttrpc]
  address = "$TEST_DIR/c/ttrpc"
TOML
    mkdir c
    start_server containerd.log containerd --config containerd.toml
    wait_until containerd.log ctr -a c/sock version >/dev/null
}
[ "$(id -u)" -eq 0 ] && command -v containerd >/dev/null && start_containerd

# judge CHANGE TAKEN STATUS: is it taken by the engines, and what verify ends with
judge() {
    local change=$1 taken=$2 status=$3 found=yes
    rm -rf bundle one
    "$TESTDATA/images/edit_layer.py" out 1 "$change" "$change"
    umoci unpack --image "out:$change" bundle >umoci.words 2>&1 || found=no
    expect_eq "$taken" "$found" "umoci takes $change: $(tail -n 1 umoci.words)"
    if [ -S c/sock ] && [ "${4:-}" != umoci ]; then
        skopeo copy -q "oci:out:$change" "oci-archive:$change.tar:localhost/$change:1"
        found=yes
        ctr -a c/sock images import --snapshotter native "$change.tar" >ctr.words 2>&1 || found=no
        ctr -a c/sock images rm --sync "localhost/$change:1" >/dev/null 2>&1 || true
        rm "$change.tar"
        expect_eq "$taken" "$found" "containerd takes $change: $(tail -n 1 ctr.words)"
    fi
    expect_exit "$status" "$INLAY" verify -q "oci:out:$change"
    echo "$change: taken: $taken, verify: $status"
}

judge as-it-is yes 0

# The root's mode and owner.
for change in root-closed root-closed-slash; do
    judge "$change" yes 7
    expect_eq '700 0:0' "$(stat -c '%a %u:%g' bundle/rootfs)" "umoci's root"
    expect_contains "$OUT" "the user 1000:1000 cannot enter '/', which is 0700 0:0"
done
judge root-closed-up yes 7
expect_eq '750 7:7' "$(stat -c '%a %u:%g' bundle/rootfs)" "umoci's root"
expect_contains "$OUT" "the user 1000:1000 cannot enter '/', which is 0750 7:7"
expect_exit 0 "$INLAY" verify -q oci:out:root-closed --user 0 --home /home/app
expect_exit 0 "$INLAY" inject oci:out:root-closed acme/tiny --to oci:closed:1
expect_contains "$ERR" 'the user 1000:1000 may not enter /, which is 0700 0:0 in the base'
judge root-owned yes 0
judge root-entered yes 0
for change in root-file root-link root-hard-link; do # containerd passes over them
    judge "$change" no 7 umoci
    expect_contains "$OUT" 'in place of the root, expected a folder'
done

# Members of which engines know nothing.
for change in sparse-gnu sparse-gnu-full; do
    judge "$change" no 7
    expect_contains "$OUT" "'sparse' is a sparse file in the form of GNU tar"
done
for change in sparse-pax-0.0 sparse-pax-0.1 sparse-pax-1.0; do
    judge "$change" yes 0
    expect_eq 4096 "$(stat -c %s bundle/rootfs/sparse)" "the file of $change"
done
for change in type-contiguous type-volume type-multivolume type-unknown; do
    judge "$change" no 7
    expect_contains "$OUT" 'which container engines do not unpack'
done

# Where a tar ends.
for change in end-missing end-of-one-block end-with-more-behind padding-missing top-empty; do
    judge "$change" yes 0
done
for change in end-of-one-block-and-more end-in-a-header; do
    judge "$change" no 7
done

# Behind the stream: the tar is one that this machine knows.
for change in behind-gzip-garbage behind-gzip-a-byte behind-gzip-zeros behind-gzip-half-a-header; do
    judge "$change" no 7 umoci # containerd does not unpack the same diff_id twice
    expect_contains "$OUT" 'the gzip stream'
done
judge behind-gzip-an-empty-member yes 0

# Names with ".." that stay inside.
judge names-up yes 0
expect_eq x "$(cat bundle/rootfs/usr/x)"
judge names-absolute yes 0
expect_eq x "$(cat bundle/rootfs/x)"
judge hard-link-up yes 0
expect_eq 2 "$(stat -c %h bundle/rootfs/y)" 'names of the file'
judge hard-link-to-the-root no 7
for change in top-passwd-up top-passwd-through-a-link; do
    judge "$change" yes 7
    expect_eq 1234 "$(sed -n 's/^app:x:\([0-9]*\):.*/\1/p' bundle/rootfs/etc/passwd)" "app's id"
    expect_contains "$OUT" "the user 1234:1234 cannot enter '/home/app', which is 0750 1000:1000"
done
for change in top-whiteout-up top-opaque-up; do
    judge "$change" yes 7
    expect_no_file "bundle/rootfs/$cache"
    expect_contains "$OUT" "removes '/home/app/.cache'"
done
judge top-whiteout-in-a-name yes 0
expect_file "bundle/rootfs/$cache"
judge top-home-closed-up yes 7
expect_contains "$OUT" "the user 1000:1000 cannot enter '/home/app', which is 0700 0:0"
judge top-file-with-a-slash yes 7
expect_eq 'regular empty file' "$(stat -c %F bundle/rootfs/home)"

echo "what is odd in layers is as engines see it"
