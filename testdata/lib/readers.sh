#!/bin/bash
# Loaders that are not ours, pinned and hashed, and the images that they read in; lib.sh sources this
# and tells how to call it.
# shellcheck disable=SC2034 # the variables are for the tests

READERS=$(dirname "${INLAY:-$TESTDATA/../build/inlay}")/readers

# install_once NAME COMMAND...: runs the command in a new folder, which becomes $READERS/NAME as a
# whole; several tests may want it at the same time.
install_once() {
    local name=$1 scratch
    shift
    mkdir -p "$READERS"
    exec 9>"$READERS/.lock-$name"
    flock 9
    if [ ! -d "$READERS/$name" ]; then
        scratch=$(mktemp -d "$READERS/.install.XXXXXX")
        (cd "$scratch" && "$@" 9>&-) || fail "cannot install $name"
        chmod -R a+rX "$scratch"
        mv -T "$scratch" "$READERS/$name"
    fi
    exec 9>&-
}

# versioned NAME FILE...: a name that is another one when a file changes
versioned() {
    printf '%s-%s' "$1" "$(cat "${@:2}" | sha256sum | cut -c 1-16)"
}

make_pip() {
    /usr/bin/python3 -m venv "$PWD" || fail 'no venv: Debian has it in python3-venv'
}

# What the pinned list does not have is not installed.
pip_install() { # LIST
    "$READERS/pip/bin/python3" -m pip install -qq --disable-pip-version-check --no-deps --no-compile \
        --only-binary :all: --require-hashes --requirement "$1" --target "$PWD" >&2
}

install_reader() {
    local list=$TESTDATA/readers/$1.txt
    READER=$(versioned "$1" "$list")
    install_once pip make_pip
    install_once "$READER" pip_install "$list"
}

install_node_reader() {
    local folder=$TESTDATA/readers/$1
    READER=$(versioned "$1" "$folder"/package{,-lock}.json)
    install_once "$READER" npm_install "$folder"
}

npm_install() { # FOLDER
    cp "$1"/package{,-lock}.json .
    npm ci --ignore-scripts --silent --no-audit --no-fund >&2
}

install_rust_reader() {
    local folder=$TESTDATA/readers/$1
    READER=$(versioned "$1" "$folder"/Cargo.{toml,lock} "$folder"/src/main.rs)
    install_once "$READER" cargo_install "$folder"
}

cargo_install() { # FOLDER
    cargo install --quiet --locked --debug --path "$1" --root "$PWD" --target-dir "$PWD/target" >&2
    rm -r target
}

need_namespaces() {
    [ "$(id -u)" = 0 ] || skip 'only root can run the loaders in the folders of an image, as its user'
    unshare --mount --net true 2>/dev/null || skip 'this machine gives no namespaces of mounts and network'
}

# /usr of this machine, where the interpreters are, stands in for that of the image, which is empty.
open_image() {
    umoci unpack --image "$1:$2" "$3" >/dev/null 2>&1 || fail "umoci does not unpack $1:$2"
    mkdir -p "$3/rootfs"/{proc,dev,etc/alternatives,opt/{readers,judges,material}}
    touch "$3/rootfs/opt/node"
    ln -s usr/lib "$3/rootfs/lib"
    ln -s usr/lib64 "$3/rootfs/lib64"
}

# The root file system is read-only, and /tmp is not; who is online may write both.
# shellcheck disable=SC2016 # expanded by the inner shell
ENTER_IMAGE='cd "$1"
    mount --bind . .
    cd "$1"
    for place in /usr /etc/alternatives /proc /dev; do mount --rbind "$place" ".$place"; done
    mount --bind "$2" opt/readers
    mount --bind "$3" opt/judges
    mount --bind "$4" opt/material
    mount --bind "$5" opt/node
    mount -t tmpfs -o mode=1777 tmpfs tmp
    busybox ip link set lo up # as containers without a network have it
    [ "$6" = online ] || mount -o remount,bind,ro .
    shift 6
    exec env -i "$@"'

# umoci writes user, environment and working directory as container runtimes take them.
in_image() {
    enter_image offline "$@"
}

# image_command BUNDLE: what the image runs, a word a line
image_command() {
    jq -r '.process.args[]' "$1/config.json"
}

enter_image() { # online|offline BUNDLE READERS COMMAND...
    local bundle modules='' reader user folder environment way=$1 namespaces=(--mount)
    [ "$way" = online ] || namespaces+=(--net)
    shift
    bundle=$(realpath "$1")
    for reader in ${2//:/ }; do modules+=${modules:+:}/opt/readers/$reader; done
    user=$(jq -r '.process.user | "\(.uid):\(.gid)"' "$bundle/config.json")
    folder=$(jq -r .process.cwd "$bundle/config.json")
    mapfile -t environment < <(jq -r '.process.env[]' "$bundle/config.json")
    shift 2
    unshare "${namespaces[@]}" bash -euc "$ENTER_IMAGE" - "$bundle/rootfs" "$READERS" "$TESTDATA/readers" \
        "${MATERIAL:-$TEST_DIR}" "$(realpath "$(command -v node)")" "$way" \
        "${environment[@]}" PYTHONPATH="$modules" PYTHONDONTWRITEBYTECODE=1 \
        /usr/sbin/chroot --userspec="$user" --groups= "$bundle/rootfs" \
        /usr/bin/env -C "$folder" "$@" 2>"$TEST_DIR/reader.log"
}
