#!/bin/bash
# The same inputs give the same digest, and a model of any size fits into little memory.
. "$(dirname "$0")/../../testdata/lib.sh"

start_hub '{"id": "acme/big", "files": [{"path": "model.safetensors", "synthetic": 700000000, "seed": 1},
    {"path": "config.json", "text": "{}"}, {"path": "ünïcödé 模.txt", "text": "x"}]}' \
    '{"id": "acme/small", "files": [{"path": "a/b.json", "text": "{}"}, {"path": "model.bin", "synthetic": 3000000, "seed": 2}]}'
export HF_ENDPOINT=$HUB_URL
make_base "$TEST_DIR/base" 1

inject_as() { # TARGET COMMAND...: the digest
    local target=$1
    shift
    expect_exit 0 "$@" "$INLAY" inject "oci:$TEST_DIR/base:1" acme/small --to "oci:$target:1"
    printf '%s\n' "${OUT##*@}"
}
hub_xet() { # the length of the Xet hash that the listing has
    http_get "$HUB_URL/api/models/acme/small/tree/main?recursive=true" \
        | jq 'first(.[] | select(.path == "model.bin")).xetHash | length'
}
first=$(inject_as "$TEST_DIR/a" env)
[[ $first == sha256:* ]] || fail "no digest: $first"

expect_eq "$first" "$(inject_as "$TEST_DIR/b" env TZ=Pacific/Kiritimati LC_ALL=de_DE.UTF-8 LANG=tr_TR)" 'zone and locale'
expect_eq "$first" "$(inject_as "$TEST_DIR/c" env LC_ALL=C.UTF-8 TZ=America/New_York)" 'another zone'
expect_eq "$first" "$(umask 077 && inject_as "$TEST_DIR/d" env)" 'umask'
expect_eq "$first" "$(cd / && inject_as "$TEST_DIR/e" env)" 'folder'
mkdir -m 777 "$TEST_DIR/f"
chmod 755 "$TEST_DIR"
chmod -R a+rX "$TEST_DIR/base"
cp "$INLAY" "$TEST_DIR/inlay"
INLAY=$TEST_DIR/inlay expect_eq "$first" \
    "$(INLAY=$TEST_DIR/inlay inject_as "$TEST_DIR/f/x" setpriv --reuid=1234 --regid=1234 --clear-groups env HOME=/)" 'user'
# The Hub moves a file's storage to Xet without a commit, and mirrors do not tell.
hub_control '{"switches": {"xet": true}}' >/dev/null
[ "$(hub_xet)" = 64 ] || fail 'the hub does not tell Xet hashes'
expect_eq "$first" "$(inject_as "$TEST_DIR/xet" env)" 'a file that has been moved to Xet'
hub_control '{"switches": {"xet": false}}' >/dev/null
for jobs in 1 2 7; do
    expect_exit 0 "$INLAY" inject "oci:$TEST_DIR/base:1" acme/small --to "oci:$TEST_DIR/j$jobs:1" --jobs $jobs
    expect_eq "$first" "${OUT##*@}" "--jobs $jobs"
done
for epoch in 0 1700000000; do
    SOURCE_DATE_EPOCH=$epoch expect_exit 0 \
        "$INLAY" inject "oci:$TEST_DIR/base:1" acme/small --to "oci:$TEST_DIR/epoch:$epoch"
    expect_json "$(image_config "$TEST_DIR/epoch" $epoch)" '[.created, .history[-1].created]' \
        "$(TZ=UTC date -d @$epoch +'["%Y-%m-%dT%H:%M:%SZ","%Y-%m-%dT%H:%M:%SZ"]')"
done
# The time is in the config alone: the layers are the same.
expect_eq "$(image_manifest "$TEST_DIR/a" 1 | jq -c .layers)" \
    "$(image_manifest "$TEST_DIR/epoch" 0 | jq -c .layers)" 'layers under another time'

# 700 MB pass through; the process never holds 100 MiB, whether the target is a folder or a registry:
# 46 on an idle machine, more connections and so more of them on a busy one (a sanitizer keeps what is freed, so there is nothing to measure then).
start_registry
for target in "oci:$TEST_DIR/big:1" "$REGISTRY/big:1"; do
    peak=$("$TESTDATA/peak_memory.sh" "$INLAY" inject "oci:$TEST_DIR/base:1" acme/big \
        --to "$target" --quiet 2>&1 >/dev/null)
    [ -n "${INLAY_SANITIZE:-}" ] || [ "$peak" -lt $((100 * 1024)) ] || fail "$peak KiB at the peak into $target"
done
large=$(image_manifest "$TEST_DIR/big" 1 | jq -r '.layers[1].digest')
expect_eq '-rw-r--r-- 0/0 700000000' \
    "$(tar --numeric-owner -tvf "$(blob_path "$TEST_DIR/big" "$large")" | tr -s ' ' | cut -d ' ' -f 1-3)" \
    'the large layer'
