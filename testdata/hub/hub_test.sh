#!/bin/bash
# Tests the served hub: the public JavaScript client downloads from it (hub_test.mjs), and what it
# leaves is read by the judges of caches that the other tests rely on.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

install_hub_client
real_model_repo "$TEST_DIR/real"
mkdir -p "$TEST_DIR/tiny/v1/1_Pooling" "$TEST_DIR/tiny/v2/a/b"
printf '{"a":1}\n' | tee "$TEST_DIR"/tiny/v{1,2}/config.json >/dev/null
printf 'hello' | tee "$TEST_DIR"/tiny/v{1,2}/model.safetensors >/dev/null
printf '{}' >"$TEST_DIR/tiny/v1/1_Pooling/config.json"
printf 'deep' >"$TEST_DIR/tiny/v2/a/b/c.txt"
cat >"$TEST_DIR/tiny/repos.json" <<'JSON'
{"repos": [
  {"id": "acme/tiny", "renamedFrom": ["acme/old"], "lfs": {"globs": ["*.safetensors"]},
   "commits": [
     {"name": "c1", "folder": "v1", "oid": "3f0c6d0c1d3b4e5f60718293a4b5c6d7e8f90123"},
     {"name": "c2", "folder": "v2"},
     {"name": "pr", "folder": "v2", "files": [{"path": "new.txt", "text": "new"}]},
     {"name": "odd", "files": [{"path": "x~y(1)é+ .txt", "text": "odd"}]}],
   "branches": {"main": "c2", "odd": "odd"}, "tags": {"v1.0": "c1"}, "refs": {"refs/pr/1": "pr"}},
  {"id": "gpt2", "files": [{"path": "config.json", "text": "{}"}]},
  {"id": "acme/data", "type": "dataset", "lfs": {"threshold": 0},
   "files": [{"path": "data.bin", "text": "rows"}]},
  {"id": "acme/secret", "private": true, "lfs": {"threshold": 0},
   "files": [{"path": "w.bin", "text": "secret"}]},
  {"id": "acme/gated", "gated": "auto", "lfs": {"threshold": 0},
   "files": [{"path": "w.bin", "text": "gated"}]},
  {"id": "acme/wrong", "files": [{"path": "w.bin", "text": "right", "served": {"text": "wrong"}}]},
  {"id": "acme/hostile", "files": [
     {"path": "../x", "text": "x"}, {"path": "/etc/x", "text": "x"},
     {"path": "C:\\x", "text": "x"}]},
  {"id": "acme/given", "files": [{"path": "w.bin", "text": "given", "lfs": true,
     "sha256": "abababababababababababababababababababababababababababababababab"}]},
  {"id": "acme/big", "files": [{"path": "big.bin", "synthetic": 30000000, "seed": 1}]}],
 "tokens": {"hf_reader": ["acme/secret", "acme/gated"], "hf_stranger": []}}
JSON
start_hub "$TEST_DIR/real" "$TEST_DIR/tiny"

CACHE=$TEST_DIR/cache
export HUB_CLIENT HUB_URL CDN_URL CACHE REAL_MODEL REAL_FILES=$TEST_DIR/real/files
timeout 300 node "$TESTDATA/hub/hub_test.mjs"

"$TESTDATA/read_cache.sh" --scan "$CACHE"
"$TESTDATA/read_cache.sh" --verify "$CACHE"
node "$TESTDATA/scan_cache.mjs" "$CACHE"
for file in "$REAL_FILES"/*; do
    name=${file##*/}
    found=$("$TESTDATA/read_cache.sh" "$CACHE" "$REAL_MODEL" main "$name")
    expect_eq "$(sha256_of "$file")  $name" "$found" 'the real model, as the client stored it'
done
expect_eq 11 "$(find "$REAL_FILES" -type f | wc -l)" 'files of the real model'

# The manners that other tests ask for: this client, made for another purpose, has not got them.
ask_file() { # URL ACCEPT_ENCODING
    node -e 'require("http").get(process.argv[1], { headers: JSON.parse(process.argv[2]) },
        (res) => res.resume());' "$1" "$2"
}
manners() {
    (expect_hub_manners)
}
commit=$(http_get "$HUB_URL/api/models/gpt2" | jq -r .sha)
for case in "main|identity|something else than a commit hash" \
    "$commit|gzip|without Accept-Encoding" "$commit|identity|"; do
    IFS='|' read -r revision encoding complaint <<<"$case"
    hub_control '{"clearLog": true}' >/dev/null
    ask_file "$HUB_URL/gpt2/resolve/$revision/config.json" "{\"Accept-Encoding\": \"$encoding\"}"
    expect_exit "$([ -z "$complaint" ] && echo 0 || echo 1)" manners
    expect_contains "$ERR" "$complaint"
done
hub_control '{"clearLog": true}' >/dev/null
ask_file "$CDN_URL/x" '{"Authorization": "Bearer x", "Accept-Encoding": "identity"}'
expect_exit 1 manners
expect_contains "$ERR" 'the CDN saw Authorization'
hub_control '{"clearLog": true}' >/dev/null
ask_file "$HUB_URL/api/models/gpt2/tree/main?cursor=x" '{}'
expect_exit 1 manners
expect_contains "$ERR" 'the URL of a page'
