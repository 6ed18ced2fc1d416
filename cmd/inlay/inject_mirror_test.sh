#!/bin/bash
# Hubs behind mirrors and proxies: what can be read gives the image that the hub itself gives, and
# what was lost on the way is told.
. "$(dirname "$0")/../../testdata/lib.sh"

gone=1111111111111111111111111111111111111111
start_hub '{"id": "acme/model", "lfs": {"threshold": 1000}, "files": [
    {"path": "config.json", "text": "{}"}, {"path": "1_Pooling/config.json", "text": "{\"a\": 1}"},
    {"path": "1_Pooling/deep/ünï cödé.json", "text": "{\"b\": 2}"},
    {"path": "model.safetensors", "synthetic": 34000000, "seed": 1},
    {"path": "small.bin", "synthetic": 2000, "seed": 2}]}' \
    '{"id": "acme/gated", "gated": "auto", "files": [{"path": "config.json", "text": "{}"}]}'
export HF_ENDPOINT=$HUB_URL
make_base "$TEST_DIR/base" 1
number=0

# through SWITCHES [OPTION...]: injects by a hub with these switches alone; its status and words
through() {
    local switches
    number=$((number + 1))
    switches=$(jq -c '{encode: "", encodeRanges: false, noContentRange: false, rangeLimit: 0, nextHost: "",
        loseLink: false, loseRecursive: false, noTree: false, noSiblings: false, endless: "",
        goneCommit: false, pageSize: 0, chunked: false, ignoreRange: false} + .' <<<"$1")
    hub_control "{\"switches\": $switches, \"clearLog\": true}" >/dev/null
    shift
    "$INLAY" inject "oci:$TEST_DIR/base:1" "${MODEL:-acme/model}" --to "oci:$TEST_DIR/out$number:1" \
        --all-files "$@"
}
# gives_the_same SWITCHES [OPTION...]
gives_the_same() {
    expect_exit 0 through "$@"
    expect_eq "$first" "${OUT##*@}" "$*"
}
# is_refused STATUS WORDS SWITCHES [OPTION...]: and nothing is written
is_refused() {
    expect_exit "$1" through "${@:3}"
    expect_contains "$ERR" "$2"
    expect_no_file "$TEST_DIR/out$number/index.json"
}

expect_exit 0 through '{}'
first=${OUT##*@}
unpack_image "$TEST_DIR/out1" 1 "$TEST_DIR/root"
cache=$TEST_DIR/root/root/.cache/huggingface/hub
"$TESTDATA/read_cache.sh" --scan "$cache"
"$TESTDATA/read_cache.sh" --verify "$cache"

# Bodies in a content encoding that was not asked for, by one connection and by several.
for encode in deflate br; do
    gives_the_same "{\"encode\": \"$encode\"}" --connections 1
done
gives_the_same '{"encode": "gzip"}' --connections 8
gives_the_same '{"encode": "gzip", "encodeRanges": true}' --connections 8
hub_control '{"faults": [{"do": "cut", "on": "cdn", "bytes": 3000000, "times": 2}]}' >/dev/null
gives_the_same '{"encode": "gzip", "encodeRanges": true}' --connections 1
expect_eq 2 "$(hub_log '.faults[0].applied')" 'connections that broke in an encoded body'
hub_control '{"faults": []}' >/dev/null
MODEL=acme/gated is_refused 4 "'acme/gated' is gated: ask for access at" '{"encode": "gzip"}'

# Ranges that do not say which they are, and those that end early.
gives_the_same '{"noContentRange": true}' --connections 8
expect_eq 200 "$(hub_log '[.requests[] | select(.port == "cdn") | .status] | last')" 'without a range'
gives_the_same '{"noContentRange": true}' --connections 1
gives_the_same '{"rangeLimit": 3000000}' --connections 4
gives_the_same '{"ignoreRange": true}' --connections 8

# The next page is named at the host that is mirrored, as a real client has it behind a mirror.
gives_the_same '{"pageSize": 2, "nextHost": "https://origin.invalid"}'
expect_eq 4 "$(hub_log '[.requests[] | select(.path | test("/tree/"))] | length')" 'pages'
expect_hub_manners

# Without listings the files are those that the repo's info names.
gives_the_same '{"noTree": true}'
expect_eq 5 "$(hub_log '[.requests[] | select(.method == "HEAD")] | length')" 'questions by HEAD'
expect_eq 0 "$(hub_log '[.requests[] | select(.port == "cdn" and .method == "HEAD")] | length')" 'HEAD of contents'
gives_the_same '{"noTree": true, "encode": "gzip"}'
is_refused 6 "has 'acme/model', but neither lists its files" '{"noTree": true, "noSiblings": true}'
MODEL=acme/gated is_refused 4 "'acme/gated' is gated: ask for access at" '{"noTree": true}'

# A listing that lost a part of itself.
cut="the list of files of 'acme/model' is cut short: it has"
is_refused 7 "$cut 2 files, and lacks 'config.json' of the 5" '{"pageSize": 4, "loseLink": true}'
is_refused 7 "$cut 3 files, and lacks '1_Pooling/config.json' of the 5" '{"loseRecursive": true}'
is_refused 7 "$cut 3 files, and none in its folder '1_Pooling'" '{"loseRecursive": true, "noSiblings": true}'
gives_the_same '{"noSiblings": true, "pageSize": 1}'

# Pages without an end.
is_refused 7 "page 2 of the files of 'acme/model' begins as an earlier one" '{"endless": "same", "pageSize": 3}'
is_refused 6 "are on more than 2000 pages, the most that are read" '{"endless": "new"}'

# A commit that is gone is not a revision that there never was.
is_refused 3 "for 'acme/model' at revision 'main', and now does not have it" '{"goneCommit": true}'
MODEL=acme/model@$gone is_refused 3 "'acme/model' has no revision '$gone'" '{}'

# Registries behind such proxies: manifests, configs and layers; and a storage that calls the form
# of a layer its encoding.
start_quirk_registry
skopeo copy -q --dest-tls-verify=false "oci:$TEST_DIR/out1:1" "docker://$QUIRK/model:1"
pushed=sha256:$(skopeo inspect --raw --tls-verify=false "docker://$QUIRK/model:1" | sha256sum | cut -d ' ' -f 1)
for switches in '{"encode": "gzip"}' '{"encode": "deflate"}' '{"encode": "br"}' '{"claimGzip": true}'; do
    quirk_control "$switches" >/dev/null
    rm -rf "$TEST_DIR/copy"
    expect_exit 0 "$INLAY" copy "$QUIRK/model:1" "oci:$TEST_DIR/copy:1" --insecure "$QUIRK"
    expect_eq "$pushed" "${OUT##*@}" "$switches"
    "$TESTDATA/validate_image.sh" "$TEST_DIR/copy" 1
done
