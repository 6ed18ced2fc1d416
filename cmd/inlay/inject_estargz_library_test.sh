#!/bin/bash
# Layers of estargz, judged by the library that the format comes from: it opens them, verifies the table,
# and reads every file by it, each chunk against its digest.
. "$(dirname "$0")/../../testdata/lib.sh"

command -v go >/dev/null || skip 'there is no go, which the judge is built with'
export GOPATH=$INLAY_TEST_CACHE/go GOCACHE=$INLAY_TEST_CACHE/go/build GOFLAGS='-mod=readonly -modcacherw' GOTOOLCHAIN=local
(cd "$TESTDATA/estargz" && go build -trimpath -o "$TEST_DIR/judge" .) >"$TEST_DIR/words" 2>&1 ||
    skip "the judge is not built: $(tail -n 3 "$TEST_DIR/words")"

# Contents of one chunk, of one to the byte, of several; none; and names that need more than ustar has.
long=$(printf 'a%.0s' {1..120})
start_hub '{"id": "acme/lazy", "files": [{"path": "config.json", "text": "{\"a\": 1}"}, {"path": "empty", "text": ""},
      {"path": "model.safetensors", "synthetic": 70000000, "seed": 1, "lfs": true},
      {"path": "chunk.bin", "synthetic": 4194304, "seed": 2, "lfs": true},
      {"path": "more.bin", "synthetic": 4194305, "seed": 3, "lfs": true},
      {"path": "na\u00efve/'"$long"'.json", "text": "{}"}]}'
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
cd "$TEST_DIR" || exit
make_base base 1 --user app
expect_exit 0 "$INLAY" inject oci:base:1 acme/lazy --to oci:out:lazy --compression estargz

image_manifest out lazy | jq -r '.layers[] | select(.annotations["containerd.io/snapshot/stargz/toc.digest"])
    | "\(.digest) \(.annotations["containerd.io/snapshot/stargz/toc.digest"])"' >layers
while read -r blob table; do
    expect_exit 0 ./judge "$(blob_path out "$blob")" "$table"
    printf '%s\n' "$OUT" >>judged
done <layers
unpack_image out lazy tree
home=home/app/.cache/huggingface
(cd tree && find "$home" -type f -printf '%s %p\n') | LC_ALL=C sort >expected
expect_eq "$(cat expected)" "$(cut -d ' ' -f 2- judged | grep " $home/" | LC_ALL=C sort)" 'the files that it found'
chunks_of() { awk -v size="$1" '$2 == size { print $1 }' judged; }
for case in '8 1' '4194304 1' '4194305 2' '70000000 17'; do
    expect_eq "${case#* }" "$(chunks_of "${case% *}")" "chunks of ${case% *} bytes"
done

# It is a judge: one other byte of a content, and another table.
read -r blob table < <(jq -rn --rawfile layers layers '$layers | split("\n")[0]')
cp "$(blob_path out "$blob")" wrong
printf '\x55' | dd of=wrong bs=1 seek=$(($(stat -c %s wrong) / 2)) conv=notrunc status=none
expect_exit 1 ./judge wrong "$table"
expect_exit 1 ./judge "$(blob_path out "$blob")" "sha256:$(printf '0%.0s' {1..64})"
expect_contains "$ERR" 'invalid TOC JSON'
