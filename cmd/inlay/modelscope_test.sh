#!/bin/bash
# Models of ModelScope: the very files, by the commit, into a folder and into the Hub's cache; what is
# not there, may not be read or is not what it should be; and the token, which stays where it belongs.
. "$(dirname "$0")/../../testdata/lib.sh"

c1=1111111111111111111111111111111111111111 c2=2222222222222222222222222222222222222222
start_hub '{"id": "acme/tiny", "commits": [
      {"name": "c1", "oid": "'$c1'", "files": [{"path": "config.json", "text": "{\"v\":1}"},
        {"path": "a/b/na me&x=é.txt", "text": "odd"}, {"path": "empty", "text": ""},
        {"path": "model.safetensors", "synthetic": 40000000, "seed": 1}]},
      {"name": "c2", "oid": "'$c2'", "files": [{"path": "config.json", "text": "{\"v\":1}"}]}],
    "branches": {"master": "c1", "dev": "c2"}, "tags": {"v1.0": "c1"}}' \
    '{"id": "acme/secret", "private": true, "branches": {"master": "first"}, "files": [{"path": "w.bin", "text": "secret", "lfs": true}]}' \
    '{"id": "acme/gated", "gated": "auto", "branches": {"master": "first"}, "files": [{"path": "w.bin", "text": "gated"}]}' \
    '{"id": "acme/wrong", "branches": {"master": "first"}, "files": [{"path": "w.bin", "text": "hello", "lfs": true, "served": {"text": "hullo"}}]}' \
    '{"id": "acme/hostile", "branches": {"master": "first"}, "files": [{"path": "../x", "text": "x"}]}' \
    '{"id": "acme/none", "branches": {"master": "first"}, "files": []}' \
    '{"tokens": {"ms-reader": ["acme/secret", "acme/gated"], "ms-nobody": []}}'
export MODELSCOPE_ENDPOINT=$HUB_URL
make_base "$TEST_DIR/base" 1
base=oci:$TEST_DIR/base:1
number=0

# inject ARGUMENT...: into a new tag; $ROOT is then the image's unpacked file system
inject() {
    number=$((number + 1))
    expect_exit 0 "$INLAY" inject "$base" "$@" --to "oci:$TEST_DIR/out:$number"
    ROOT=$TEST_DIR/root$number
    unpack_image "$TEST_DIR/out" $number "$ROOT"
}
files() { (cd "$1" && find . -type f -printf '%P\n' | LC_ALL=C sort | tr '\n' ' '); }

# What is asked, and how: the branch is pinned, and only the commit is asked for its files.
inject ms://acme/tiny --layout dir --path /m
expect_eq 'a/b/na me&x=é.txt config.json empty model.safetensors ' "$(files "$ROOT/m")"
expect_eq odd "$(cat "$ROOT/m/a/b/na me&x=é.txt")"
expect_eq 0 "$(stat -c %s "$ROOT/m/empty")"
expect_eq true "$(hub_log '[.requests[] | select(.kind == "cdn" and .range != null)] | length > 1')" 'ranges'
expect_eq '' "$(hub_log '.requests[] | select(.kind == "resolve" and .revision != "'$c1'") | .query')"
expect_hub_manners
expect_contains "$ERR" "ms://acme/tiny@master is commit $c1"
expect_eq "$(sha256sum <"$ROOT/m/model.safetensors")" \
    "$(curl -fsSL "$HUB_URL/acme/tiny/resolve/$c1/model.safetensors" | sha256sum)" 'as the Hub serves it'

# A commit that left no file as it is: git knows it. A commit in full needs neither.
inject ms://acme/tiny@dev --layout dir --path /m
expect_contains "$ERR" "is commit $c2"
expect_eq 'config.json ' "$(files "$ROOT/m")"
hub_control '{"switches": {"noGit": true}, "clearLog": true}' >/dev/null
expect_exit 6 "$INLAY" inject "$base" ms://acme/tiny@dev --layout dir --path /m --to "oci:$TEST_DIR/out:no"
expect_contains "$ERR" "name it: ms://acme/tiny@COMMIT"
inject ms://acme/tiny@$c2 --layout dir --path /m
expect_eq 'config.json ' "$(files "$ROOT/m")"

# In the Hub's cache the default is found as the Hub's, and every other name as it is.
hub=root/.cache/huggingface/hub
inject ms://acme/tiny ms://acme/tiny@v1.0 --include config.json
expect_eq 'main v1.0 ' "$(files "$ROOT/$hub/models--acme--tiny/refs")"
sh "$TESTDATA/read_cache.sh" "$ROOT/$hub" acme/tiny main config.json >/dev/null
sh "$TESTDATA/read_cache.sh" --verify "$ROOT/$hub" >/dev/null

# A connection that breaks is resumed where it broke; an address that has expired is asked for anew.
hub_control '{"switches": {"noGit": false}, "clearLog": true,
    "faults": [{"do": "cut", "on": "cdn", "bytes": 1000000, "times": 1}, {"do": "status", "status": 403, "on": "cdn", "after": 1, "times": 1}]}' >/dev/null
inject ms://acme/tiny --layout dir --path /resumed --connections 1
expect_eq 'bytes=1000000-' "$(hub_log 'first(.requests[] | select(.kind == "cdn" and .range != null) | .range)')"
hub_control '{"faults": []}' >/dev/null

# The token goes to ModelScope, in both ways that its clients have, and not to where the files are.
hub_control '{"clearLog": true}' >/dev/null
MODELSCOPE_API_TOKEN=ms-reader inject ms://acme/secret --layout dir --path /m --verbose
expect_lacks "$ERR" ms-reader
expect_eq secret "$(cat "$ROOT/m/w.bin")"
expect_eq 'true true' "$(hub_log '[.requests[] | select(.port == "hub")] | "\(all(.authorization)) \(all(.cookie))"')"
expect_eq 'false false' "$(hub_log '[.requests[] | select(.port == "cdn")] | "\(any(.authorization)) \(any(.cookie))"')"

# Bad input: one line, the documented status, and the target as it was.
out=oci:$TEST_DIR/out:1
state() { (cd "$TEST_DIR/out" && find . -type f -printf '%P %s %T@\n' | LC_ALL=C sort | sha256sum); }
before=$(state)
refuse() { # STATUS PART MODEL [OPTION...]
    local status=$1 part=$2
    shift 2
    expect_exit "$status" "$INLAY" inject --quiet "$base" "$@" --layout dir --path /m --to "$out"
    expect_contains "$ERR" "$part" "the message for $*"
    expect_eq 1 "$(wc -l <<<"$ERR")" "lines of: $ERR"
    expect_eq "$before" "$(state)" "the target after $*"
}
refuse 2 "a model of ModelScope is named 'org/name'" ms://tiny
refuse 3 "ModelScope has no 'ms://acme/nobody@master', or keeps it private: check the name, or set MODELSCOPE_API_TOKEN" ms://acme/nobody
refuse 3 "ModelScope has no 'ms://acme/secret@master', or keeps it private" ms://acme/secret
refuse 3 "'acme/tiny' has no revision 'v9'; there is 'master', 'dev', 'v1.0'" ms://acme/tiny@v9
refuse 3 "ModelScope has no 'ms://acme/tiny@3333333333333333333333333333333333333333'" ms://acme/tiny@3333333333333333333333333333333333333333
refuse 3 "'acme/none' has no files" ms://acme/none
refuse 4 'set MODELSCOPE_API_TOKEN to a token that may read it' ms://acme/gated
MODELSCOPE_API_TOKEN=ms-nobody refuse 4 'the token in MODELSCOPE_API_TOKEN may not read' ms://acme/gated
MODELSCOPE_API_TOKEN=ms-unknown refuse 4 'or is not valid' ms://acme/tiny
expect_lacks "$ERR" ms-unknown
refuse 7 "'acme/wrong/w.bin' has the digest sha256:" ms://acme/wrong
refuse 7 "'../x'" ms://acme/hostile
hub_control '{"faults": [{"do": "status", "status": 200, "body": "<html>Log in</html>", "on": "api"}]}' >/dev/null
refuse 7 'does not answer as ModelScope does, check MODELSCOPE_ENDPOINT and proxies' ms://acme/tiny
MODELSCOPE_ENDPOINT=ftp://x refuse 2 "MODELSCOPE_ENDPOINT is 'ftp://x'" ms://acme/tiny
