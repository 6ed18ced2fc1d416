#!/bin/bash
# A run that is killed leaves nothing behind, whatever it was writing, and the next one gives what it
# would have given.
. "$(dirname "$0")/../../testdata/lib.sh"

start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"},
    {"path": "model.safetensors", "synthetic": 9000000, "seed": 1}]}'
export HF_ENDPOINT=$HUB_URL
export TMPDIR=$TEST_DIR/tmp XDG_CACHE_HOME=$TEST_DIR/cache
mkdir "$TMPDIR"
make_base "$TEST_DIR/base" 1

inject=("$INLAY" inject "oci:$TEST_DIR/base:1" acme/tiny) # no function: the program itself is killed
files() { find "$1" -type f | sort; }

expect_exit 0 "${inject[@]}" --to "oci:$TEST_DIR/expected:1"
expected=${OUT##*@}

# kill_in_file COMMAND...: in the middle of the model's large file
kill_in_file() {
    local run
    hub_control '{"faults": [{"do": "stall", "on": "cdn", "bytes": 3000000, "times": 9}], "clearLog": true}' >/dev/null
    "$@" >"$TEST_DIR/killed.out" 2>"$TEST_DIR/killed.err" &
    run=$!
    until [ "$(hub_log '[.faults[] | select(.applied > 0)] | length')" -gt 0 ]; do
        kill -0 "$run" 2>/dev/null || fail "it ended before: $(cat "$TEST_DIR/killed.err")"
        sleep 0.05
    done
    kill -KILL "$run"
    wait "$run" 2>/dev/null || true
    hub_control '{"faults": []}' >/dev/null
}

# An OCI layout: whole blobs alone, and after the next run those of the image.
kill_in_file "${inject[@]}" --to "oci:$TEST_DIR/layout:1"
expect_eq '' "$(find "$TEST_DIR/layout" -name '.*')" 'what the killed run has left'
for blob in "$TEST_DIR"/layout/blobs/sha256/*; do
    [ ! -e "$blob" ] || expect_eq "${blob##*/}" "$(sha256_of "$blob")" 'a blob'
done
expect_exit 0 "${inject[@]}" --to "oci:$TEST_DIR/layout:1"
expect_eq "$expected" "${OUT##*@}" 'the image'
(cd "$TEST_DIR/expected" && find . -type f | sort) >"$TEST_DIR/expected.files"
(cd "$TEST_DIR/layout" && find . -type f | sort) >"$TEST_DIR/layout.files"
expect_eq "$(cat "$TEST_DIR/expected.files")" "$(cat "$TEST_DIR/layout.files")" 'the files of the layout'

# What earlier versions left, and what is left where every file needs a name, goes with the next run;
# what another run still writes stays.
touch "$TEST_DIR/layout/.inlay-00000001" "$TEST_DIR/layout/blobs/sha256/.inlay-00000002"
exec 7>"$TEST_DIR/layout/blobs/sha256/.inlay-00000003"
flock 7
expect_exit 0 "${inject[@]}" --env A=1 --to "oci:$TEST_DIR/layout:2"
expect_eq "$TEST_DIR/layout/blobs/sha256/.inlay-00000003" "$(find "$TEST_DIR/layout" -name '.*')" \
    'what is left of files that nobody writes'
exec 7>&-

# An archive, a layer, and the download cache, whose part of a file is there for the next run.
mkdir "$TEST_DIR/archive" "$TEST_DIR/layers"
kill_in_file "${inject[@]}" --to "oci-archive:$TEST_DIR/archive/a.tar"
expect_eq '' "$(files "$TEST_DIR/archive")" 'an archive'
kill_in_file "$INLAY" layer acme/tiny --layout dir --path /model --output "$TEST_DIR/layers/l.tar"
expect_eq '' "$(files "$TEST_DIR/layers")" 'layers'
kill_in_file "${inject[@]}" --to "oci:$TEST_DIR/cached:1" --download-cache "$TEST_DIR/downloads"
expect_exit 0 "${inject[@]}" --to "oci:$TEST_DIR/cached:1" --download-cache "$TEST_DIR/downloads"
expect_eq "$expected" "${OUT##*@}" 'the image by the cache'
expect_eq '' "$(find "$TEST_DIR/downloads" -name '.inlay-*' -o -name '*.partial')" 'the cache'

expect_eq '' "$(files "$TMPDIR")" 'files in TMPDIR'
expect_eq '' "$(find "$XDG_CACHE_HOME" -name '.inlay-*')" 'the memo'
