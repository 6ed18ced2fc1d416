#!/bin/bash
# The rows of the benchmark; run.sh sources this. A row makes its model, and calls contest. What a
# contestant finds when its turn comes is made by before_CONTESTANT or before_ROW.
# shellcheck disable=SC2034,SC2154 # the variables are run.sh's

serve_weights() { # COUNT SIZE
    weights_files "$1" "$(bytes_of "$2")" >"$TEST_DIR/files.jsonl"
    serve_model <"$TEST_DIR/files.jsonl"
}

before_peers() { reset_registry; }
row_peers() {
    local -a others=(tar-skopeo umoci)
    [ "$(id -u)" -ne 0 ] || others+=(buildah)
    serve_weights 1 "$size"
    contest peers "$size in one file: other ways to the same image" curl-down curl-up sha256 inlay \
        "${others[@]}"
}

before_one() { reset_registry; }
row_one() {
    serve_weights 1 "$large"
    contest one "$large in one file" curl-down curl-up sha256 inlay
}

before_shards() { reset_registry; }
row_shards() {
    serve_weights 40 "$large"
    contest shards "$large in 40 files" curl-down curl-up sha256 inlay
}

before_null() {
    TARGET=$REGISTRY/model$RANDOM$RANDOM:1
}
row_null() {
    local digest
    truncate -s "$(bytes_of "$null")" "$CDN_DIR/zeros"
    digest=$(openssl dgst -sha256 -r "$CDN_DIR/zeros" | cut -d ' ' -f 1)
    describe model.safetensors "$CDN_DIR/zeros" "$digest" >"$TEST_DIR/files.jsonl"
    serve_model <"$TEST_DIR/files.jsonl"
    use_null_registry
    contest null "$null in one file, into a registry that keeps nothing" curl-down curl-up sha256 \
        inlay
}

# TLS is nginx's: before the registry it passes everything on, and costs more than the registry.
before_https() { before_null; }
row_https() {
    start_tls
    CDN=$TLS_CDN serve_weights 1 "$large"
    use_null_registry
    REGISTRY=$TLS_REGISTRY SCHEME=https TLS_CA=$TEST_DIR/tls.crt
    contest https "$large in one file, over HTTPS, into a registry that keeps nothing" curl-down \
        curl-up sha256 inlay
    SCHEME=http TLS_CA=''
    stop_server "$TLS_PID"
    TLS_PID=''
}

files_row() { # COUNT
    serve_weights "$1" "$size"
    contest "files-$1" "$size in $1 file$([ "$1" = 1 ] || echo s)" curl-down curl-up inlay
}
row_files_1() { files_row 1; }
row_files_100() { files_row 100; }
row_files_1000() { files_row 1000; }
before_files-1() { reset_registry; }
before_files-100() { reset_registry; }
before_files-1000() { reset_registry; }

# Files that the hub itself answers, as it does with those that are not in LFS.
before_small() { reset_registry; }
row_small() {
    jq -nc 'range(300) | {path: "part-\(.).json", text: ("\(.) " * 1024)[:4096]}' \
        >"$TEST_DIR/files.jsonl"
    serve_model <"$TEST_DIR/files.jsonl"
    contest small '300 files of 4 KiB' curl-down inlay
}

# Round trips are counted, and no seconds: a test does that, and prints them.
row_latency() {
    bash "$here/trips_test.sh" >&2
}

inject_once() { # TARGET: what is there before the turn; nothing of it remains on this machine
    "$INLAY" inject --quiet "$BASE" "$MODEL" --to "$1" >/dev/null
    rm -rf "$XDG_CACHE_HOME"
}

# The tag of the turn shows what an earlier run left; BASE is the first base.
retag() {
    BASE=$REGISTRY/base:1 TARGET=$REGISTRY/model:turn
    skopeo copy --quiet --insecure-policy --src-tls-verify=false --dest-tls-verify=false \
        --preserve-digests "docker://$REGISTRY/model:1" "docker://$TARGET"
}
before_first() { BASE=$REGISTRY/base:1 && reset_registry; }
before_again() { before_first && inject_once "$REGISTRY/model:1" && retag; }
before_again-new-base() { before_again && BASE=$REGISTRY/base:2; }
before_reuse-from() { before_again && REUSE=$REGISTRY/model:1 TARGET=$REGISTRY/other:1; }
before_layer-cache() {
    before_first && REUSE=$REGISTRY/layers
    "$INLAY" inject --quiet "$BASE" "$MODEL" --to "$REGISTRY/model:1" --layer-cache "$REUSE" \
        >/dev/null
    rm -rf "$XDG_CACHE_HOME"
    TARGET=$REGISTRY/other:1
}
before_reuse-from-trusting() { before_reuse-from; }
before_layer-cache-trusting() { before_layer-cache; }
row_again() {
    local -a others=()
    serve_weights 1 "$size"
    ! has_option --reuse-from || others+=(reuse-from)
    ! has_option --layer-cache || others+=(layer-cache)
    ! has_option --trust-records || others+=(reuse-from-trusting layer-cache-trusting)
    contest again "$size, for the second time, on a machine that has not seen it" first again \
        again-new-base "${others[@]}"
}

move_main() { # COMMIT
    hub_control "{\"move\": {\"repo\": \"$MODEL\", \"ref\": \"main\", \"to\": \"$1\"}}" >/dev/null
}
before_readme() { move_main old && before_again && move_main "${1:-readme}"; }
before_shard() { before_readme shard; }
row_revision() {
    local shard
    weights_files 4 "$(bytes_of "$size")" >"$TEST_DIR/files.jsonl"
    shard=$(weights_file model-00003-of-00004.safetensors 5 $(($(bytes_of "$size") / 4)))
    jq -s --argjson shard "$shard" '. as $files
        | def readme(text): {path: "README.md", text: text};
        {id: "bench/model", lfs: {globs: ["*.safetensors"]}, branches: {main: "old"}, commits: [
            {name: "old", files: ($files + [readme("old")])},
            {name: "readme", files: ($files + [readme("new")])},
            {name: "shard", files: (($files | map(select(.path != $shard.path)))
                + [$shard, readme("old")])}]}' "$TEST_DIR/files.jsonl" >"$TEST_DIR/model.json"
    serve_repository "$TEST_DIR/model.json"
    contest revision "$size in 4 files: a commit that changes the README, or one of them" first readme shard
}

# A CDN that limits each connection, before a registry that is not the limit.
before_slow() { before_null; }
before_connections-1() { before_null; }
before_connections-8() { before_null; }
row_slow() {
    has_option --connections || return 0
    weights_files 1 "$(bytes_of "$size")" >"$TEST_DIR/files.jsonl"
    start_slow_cdn 50M
    serve_model "$SLOW_CDN" <"$TEST_DIR/files.jsonl"
    use_null_registry
    contest slow "$size in one file, from a CDN that gives 50 MB/s a connection" connections-1 \
        connections-8
    stop_server "$SLOW_PID"
    SLOW_PID=''
}

before_none() { reset_registry; }
before_gzip() { reset_registry; }
before_zstd() { reset_registry; }
row_compression() {
    has_option --compression || return 0
    serve_weights 1 "$size"
    contest compression "$size in one file, compressed by inlay" none gzip zstd
}
