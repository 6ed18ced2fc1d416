#!/bin/bash
# The row of the benchmark about lazy pulls, by stargz-snapshotter; run.sh sources this. The
# snapshotter is built of Go modules (stargz/), and needs a network for that the first time: build it
# there before, as run.sh has none.
# shellcheck disable=SC2034,SC2154 # the variables are run.sh's

# Nothing of an earlier turn is left: the snapshotter keeps what it has fetched in memory, too.
end_lazy() {
    local place
    # The snapshots' own mounts are below that of the image.
    for place in $(awk -v dir="$TEST_DIR/" 'index($2, dir) == 1 { print $2 }' /proc/self/mounts | sort -r); do
        umount -l "$place"
    done
    [ -z "$CONTAINERD_PID" ] || stop_server "$CONTAINERD_PID"
    [ -z "$STARGZ_PID" ] || stop_server "$STARGZ_PID"
    CONTAINERD_PID='' STARGZ_PID=''
    rm -rf "$TEST_DIR/containerd" "$TEST_DIR/stargz.d"
}

# start_lazy CONFIG: a new containerd and a new snapshotter, of this configuration
start_lazy() {
    local dir=$TEST_DIR/stargz.d
    end_lazy
    mkdir -p "$dir"
    start_server "$TEST_DIR/stargz.log" "$TEST_DIR/stargz" "$dir/sock" "$dir/root" "$1"
    STARGZ_PID=$SERVER_PID
    wait_until "$TEST_DIR/stargz.log" test -S "$dir/sock"
    start_containerd "[proxy_plugins.stargz]
  type = \"snapshot\"
  address = \"$dir/sock\""
    mkdir "$TEST_DIR/containerd/mounted"
    drop_page_cache
}
before_lazy() { start_lazy '{"no_background_fetch": true}'; }
before_lazy-background() { start_lazy '{}'; }
before_lazy-tuned() { start_lazy "{\"no_background_fetch\": true, \"blob\": {\"chunk_size\": $((4 << 20))}}"; }

# What is read of the image, until a container could go on: its config, half of its weights, all of them.
row_lazy() {
    local until
    [ "$(id -u)" -eq 0 ] || { echo 'the row lazy is left out: it needs root' >&2 && return 0; }
    command -v ctr-remote >/dev/null && command -v go >/dev/null && [ -c /dev/fuse ] ||
        { echo 'the row lazy is left out: it needs ctr-remote, go and /dev/fuse' >&2 && return 0; }
    # Not the cache of the contestants, which each turn empties.
    (cd "$here/stargz" && GOPATH=$INLAY_TEST_CACHE/go GOCACHE=$INLAY_TEST_CACHE/go/build \
        GOFLAGS='-mod=readonly -modcacherw' go build -trimpath -o "$TEST_DIR/stargz" .) >&2 ||
        { echo 'the row lazy is left out: the snapshotter is not built' >&2 && return 0; }
    serve_weights 4 "$size"
    PULL=$REGISTRY/model
    inject_once "$PULL:plain"
    "$INLAY" inject --quiet "$BASE" "$MODEL" --to "$PULL:estargz" --compression estargz >/dev/null
    contest lazy "$size in 4 files: until the config, half of the weights or all of them are read" \
        full-all full-config lazy-config lazy-half lazy-all lazy-background-all lazy-tuned-half lazy-tuned-all
    end_lazy
}
for until in config half all; do
    eval "before_lazy-$until() { before_lazy; }
        before_full-$until() { before_lazy; }
        before_lazy-background-$until() { before_lazy-background; }
        before_lazy-tuned-$until() { before_lazy-tuned; }"
done
