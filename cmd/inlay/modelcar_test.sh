#!/bin/bash
# The example of docs/places.md: an image that KServe runs as a modelcar. buildah does here what the
# kubelet does, with KServe's own commands (its pkg/utils/storage.go): an init container looks whether
# /models is filled; then the image runs beside the model server and shows it /models by a link
# through its own process. Both share the process namespace and the folder that holds the link.
. "$(dirname "$0")/../../testdata/lib.sh"

[ "$(id -u)" = 0 ] || exit 0 # buildah's chroot, and users other than one's own

start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{\"tiny\": 1}"},
    {"path": "model.safetensors", "synthetic": 2000000, "seed": 1}]}'
start_registry
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
storage=(--root "$TEST_DIR/storage" --runroot "$TEST_DIR/run")
cd "$TEST_DIR" || exit
chmod 755 .
make_base base 1
push_base base 1 "$REGISTRY/busybox:1"

pull() { # REFERENCE
    container=$(buildah "${storage[@]}" from --quiet --tls-verify=false "docker://$1")
}
run=(buildah "${storage[@]}" run --volume "$TEST_DIR/mnt:/mnt")

# The commands of the init container and of the modelcar; in the pod's document $$ stands for $.
# shellcheck disable=SC2016 # the image's own shell expands it
prefetch='[ -d /models ] && [ "$(ls -A /models)" ] && echo "OK ... Prefetched and valid (/models exists)"'
# shellcheck disable=SC2016
share='ln -sf /proc/$$/root/models /mnt/models && sleep infinity'

# serves USER: the model server, another process of USER, reads the model through the link
serves() {
    local pid
    rm -rf mnt && mkdir -m 777 mnt
    expect_exit 0 "${run[@]}" --user "$1" "$container" -- sh -c "$prefetch"
    start_server "$TEST_DIR/modelcar.log" "${run[@]}" --user "$1" "$container" -- sh -c "$share"
    wait_until "$TEST_DIR/modelcar.log" test -L mnt/models
    expect_eq "$(printf '{"tiny": 1}' | sha256sum)
2000000" "$(setpriv --reuid="$1" --regid=0 --clear-groups sh -c \
        'sha256sum <mnt/models/config.json && stat -Lc %s mnt/models/model.safetensors')" "as user $1"
    pid=$(readlink mnt/models | cut -d / -f 3)
    pkill -P "$pid" || true # some shells become the last command, others start it
    kill "$pid"
    stop_server "$SERVER_PID"
}

expect_exit 0 "$INLAY" inject "$REGISTRY/busybox:1" acme/tiny --layout dir --path /models \
    --to "$REGISTRY/modelcars/tiny:1"
pull "$REGISTRY/modelcars/tiny:1"
serves 0
serves 1010 # as with KServe's uidModelcar

# The example for image volumes: from scratch, readable for every user wherever it is mounted. It has
# no sh, and KServe's commands cannot run in it.
expect_exit 0 "$INLAY" inject scratch acme/tiny --cache-dir /hub --to "$REGISTRY/models/tiny:1" \
    --platform linux/amd64 --platform linux/arm64
pull "$REGISTRY/models/tiny:1"
mounted=$(buildah "${storage[@]}" mount "$container")
expect_eq "$(sha256_of <(printf '{"tiny": 1}'))  config.json" \
    "$("$TESTDATA/read_cache.sh" "$mounted/hub" acme/tiny main config.json)"
unreadable=$(find "$mounted" -mindepth 1 \( -type d ! -perm -5 -o -type f ! -perm -4 \) -printf '%P ')
buildah "${storage[@]}" umount "$container" >/dev/null
expect_eq '' "$unreadable" 'not for every user'
expect_exit 1 "${run[@]}" "$container" -- sh -c "$prefetch"
expect_contains "$ERR" '"sh": executable file not found'

buildah "${storage[@]}" rm --all >/dev/null
buildah "${storage[@]}" rmi --all --force >/dev/null 2>&1 || true
