#!/bin/bash
# The base's own user, home and folders: after an injection the image behaves as if the model had
# been downloaded in it by its own user. Judged by umoci, by the overlay driver of buildah, and by
# containerd's overlayfs snapshotter.
. "$(dirname "$0")/../../testdata/lib.sh"

start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"},
    {"path": "model.safetensors", "synthetic": 2000000, "seed": 1}]}'
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
cd "$TEST_DIR" || exit
number=0

# Mode, owner and time of every folder from the root down to PATH, as far as it is there.
way() { # ROOT PATH
    local folder=$1 part
    for part in ${2//\// }; do
        folder=$folder/$part
        [ -d "$folder" ] || return 0
        stat -c "%a %u:%g %Y ${folder#"$1"}" "$folder"
    done
}

# As many lines of standard input as the text has: what was made below the base's folders is left out.
first_of() { awk -v most="$(grep -c . <<<"$1" || true)" 'NR <= most'; }

start_containerd() {
    mkdir -p "$TEST_DIR/containerd"
    cat >"$TEST_DIR/containerd.toml" <<TOML
version = 2
root = "$TEST_DIR/containerd/root"
state = "$TEST_DIR/containerd/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
  address = "$TEST_DIR/containerd/sock"
[ttrpc]
  address = "$TEST_DIR/containerd/ttrpc"
TOML
    start_server "$TEST_DIR/containerd.log" containerd --config "$TEST_DIR/containerd.toml"
    wait_until "$TEST_DIR/containerd.log" ctr -a "$TEST_DIR/containerd/sock" version >/dev/null
}
CTR=(ctr -a "$TEST_DIR/containerd/sock")
command -v containerd >/dev/null && start_containerd
storage=(--storage-driver overlay --root "$TEST_DIR/storage" --runroot "$TEST_DIR/run")

# The same folders in every runtime: judge NUMBER PLACE EXPECTED
judge() {
    local number=$1 place=$2 expected=$3 mounted
    umoci unpack --image "out:$number" "bundle$number" 2>/dev/null
    expect_eq "$expected" "$(way "bundle$number/rootfs" "$place" | first_of "$expected")" 'umoci'
    container=$(buildah "${storage[@]}" from --quiet "oci:out:$number")
    mounted=$(buildah "${storage[@]}" mount "$container")
    expect_eq "$expected" "$(way "$mounted" "$place" | first_of "$expected")" "buildah's overlay"
    buildah "${storage[@]}" umount "$container" >/dev/null
    [ -S "$TEST_DIR/containerd/sock" ] || return 0
    tar -C out -cf "archive$number.tar" oci-layout index.json blobs
    "${CTR[@]}" images import --base-name "test$number" "archive$number.tar" >/dev/null
    mkdir -p "mount$number"
    "${CTR[@]}" images mount --platform linux/amd64 "test$number:$number" "$TEST_DIR/mount$number" >/dev/null
    expect_eq "$expected" "$(way "mount$number" "$place" | first_of "$expected")" "containerd's overlayfs"
    umount "$TEST_DIR/mount$number"
}

# injected PLACE MAKE_BASE-OPTION...: makes a base, injects, and has the runtimes judge
injected() {
    local place=$1 before
    shift
    number=$((number + 1))
    make_base "base$number" 1 "$@"
    umoci unpack --image "base$number:1" "before$number" 2>/dev/null
    before=$(way "before$number/rootfs" "$place")
    expect_exit 0 "$INLAY" inject "oci:base$number:1" acme/tiny --to "oci:out:$number"
    "$TESTDATA/validate_image.sh" out $number >/dev/null
    judge $number "$place" "$before"
    expect_file "bundle$number/rootfs/$place/models--acme--tiny/refs/main"
}
# As the image's own user, in the image: reads the model, writes to its home.
behaves() { # PLACE
    local seen=''
    # Under load buildah's chroot now and then ends before it has passed on what the process said.
    for _ in 1 2 3; do
        [ -z "$seen" ] || break
        # shellcheck disable=SC2016 # the image's own shell expands it
        seen=$(buildah "${storage[@]}" run --isolation chroot "$container" -- sh -c '
        cat "$1/models--acme--tiny/snapshots/$(cat "$1/models--acme--tiny/refs/main")/config.json" &&
        if [ -n "$2" ]; then touch "$2/written" "$1/models--acme--tiny/written" && echo written; fi' _ "/$1" "${2:-}")
    done
    expect_eq "{}${2:+written}" "$seen" 'what the user does in the image'
}

# Root's home is stated as the base has it.
injected root/.cache/huggingface/hub
behaves root/.cache/huggingface/hub /root
expect_contains "$ERR" 'user: 0:0'

# A user with a home of mode 0750: the files are the user's, and so are the folders that were missing.
injected home/app/.cache/huggingface/hub --user app
behaves home/app/.cache/huggingface/hub /home/app
expect_contains "$ERR" 'user: 1000:1000'
expect_contains "$ERR" 'home /home/app'
expect_eq '750 1000:1000' "$(stat -c '%a %u:%g' "bundle$number/rootfs/home/app")"
expect_eq '755 1000:1000' "$(stat -c '%a %u:%g' "bundle$number/rootfs/home/app/.cache/huggingface/hub/models--acme--tiny/blobs")"

# Folders of the base on the way keep mode, owner and time, wherever the layer that states them is.
mkdir -p extra/home/app/.cache/huggingface
chown -R 1000:1000 extra/home/app
chmod 2770 extra/home/app/.cache
chmod 0750 extra/home/app
touch -d 2011-01-01T00:00:00Z extra/home/app/.cache extra/home/app extra/home
injected home/app/.cache/huggingface/hub --user 1000:1000 --extra extra --gzip
expect_eq '2770 1000:1000' "$(stat -c '%a %u:%g' "bundle$number/rootfs/home/app/.cache")"

# Links on the way are followed, and stay.
mkdir -p links/var/lib/people/app links/var/root
chmod 700 links/var/root
chown 1000:1000 links/var/lib/people/app
ln -s var/root links/root
ln -s /var/lib/people links/home
injected var/root/.cache/huggingface/hub --extra links
expect_contains "$ERR" '/root/.cache/huggingface/hub is /var/root/.cache/huggingface/hub'
expect_eq var/root "$(readlink "bundle$number/rootfs/root")"
behaves root/.cache/huggingface/hub /root
injected var/lib/people/app/.cache/huggingface/hub --extra links --user app
expect_eq /var/lib/people "$(readlink "bundle$number/rootfs/home")"
behaves home/app/.cache/huggingface/hub /home/app

# A number without an entry has the root folder as its home, and belongs to group 0.
injected .cache/huggingface/hub --user 4321
behaves .cache/huggingface/hub
expect_contains "$ERR" 'user: 4321:0'
expect_eq '4321:0' "$(stat -c '%u:%g' "bundle$number/rootfs/.cache/huggingface/hub/models--acme--tiny")"

# A home that does not exist is made, and is the user's.
injected home/nohome/.cache/huggingface/hub --user nohome
behaves home/nohome/.cache/huggingface/hub /home/nohome
expect_eq '755 1001:1001' "$(stat -c '%a %u:%g' "bundle$number/rootfs/home/nohome")"

# Without /etc/passwd, as in distroless images.
mkdir -p bare/etc
touch bare/etc/.wh.passwd bare/etc/.wh.group
injected root/.cache/huggingface/hub --extra bare
expect_exit 6 "$INLAY" inject "oci:base$number:1" acme/tiny --to oci:out:no --user app
expect_contains "$ERR" "'app'"

# A whiteout over the cache folder: what was below it is gone, and the folder is made anew.
mkdir -p cache-below/root/.cache/huggingface cache-gone/root
chmod 700 cache-below/root cache-gone/root
touch cache-below/root/.cache/old cache-gone/root/.wh..cache
make_base whiteout 1 --extra cache-below
mkdir both
cp -a whiteout both/base
injected root/.cache/huggingface/hub --extra cache-gone

# What is in the way is named.
mkdir -p blocked/root/.cache/huggingface/hub
chmod 700 blocked/root
ln -s /tmp blocked/root/.cache/huggingface/hub/models--acme--tiny
make_base blocked-base 1 --extra blocked
expect_exit 6 "$INLAY" inject oci:blocked-base:1 acme/tiny --to oci:out:no
expect_contains "$ERR" 'models--acme--tiny'
rm -r blocked/root/.cache
touch blocked/root/.cache
make_base blocked-base 1 --extra blocked
expect_exit 6 "$INLAY" inject oci:blocked-base:1 acme/tiny --to oci:out:no
expect_contains "$ERR" 'root/.cache'

# Two platforms with another user and home each share nothing that depends on these.
make_base index 1 --index --user app
expect_exit 0 "$INLAY" inject oci:index:1 acme/tiny --to oci:out:index
"$TESTDATA/validate_image.sh" out index >/dev/null
for platform in amd64 arm64; do
    unpack_image out index "root-$platform" $platform
    expect_eq '750 1000:1000' "$(stat -c '%a %u:%g' "root-$platform/home/app")"
    expect_file "root-$platform/home/app/.cache/huggingface/hub/models--acme--tiny"
done

# --user and --home stand in for the image's own.
make_base plain 1
expect_exit 0 "$INLAY" inject oci:plain:1 acme/tiny --to oci:out:other --user app
expect_contains "$ERR" 'home /home/app'
expect_exit 0 "$INLAY" inject oci:plain:1 acme/tiny --to oci:out:other --home /srv/models
unpack_image out other other
expect_file other/srv/models/.cache/huggingface/hub/models--acme--tiny

# What was learned of a base is not read again; a registry shows how much is.
start_registry
make_base remembered 1 --gzip --user app --layers 3
push_base remembered 1 "$REGISTRY/app:1"
rm -rf "$XDG_CACHE_HOME"
expect_exit 0 "$INLAY" inject "$REGISTRY/app:1" acme/tiny --to "$REGISTRY/app:2"
fetched() { grep -c '"GET /v2/app/blobs/' "$REGISTRY_LOG" || true; }
first=$(fetched)
expect_exit 0 "$INLAY" inject "$REGISTRY/app:1" acme/tiny --to "$REGISTRY/app:2"
expect_eq $((first + 2)) "$(fetched)" 'blobs that the second run fetches: the two configs'
if [ -S "$TEST_DIR/containerd/sock" ]; then
    "${CTR[@]}" images ls -q | while read -r image; do "${CTR[@]}" images rm "$image" >/dev/null; done
fi
buildah "${storage[@]}" rm --all >/dev/null
buildah "${storage[@]}" rmi --all --force >/dev/null 2>&1 || true
