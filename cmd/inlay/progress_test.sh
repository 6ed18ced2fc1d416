#!/bin/bash
# How far the work is: on terminals of any width, in logs, and for programs.
. "$(dirname "$0")/../../testdata/lib.sh"

cd "$TEST_DIR" || exit
start_hub '{"id": "acme/two", "files": [{"path": "config.json", "text": "{}"},
    {"path": "model-00001-of-00002.safetensors", "synthetic": 70000000, "lfs": true, "seed": 1},
    {"path": "model-00002-of-00002.safetensors", "synthetic": 70000000, "lfs": true, "seed": 2}]}'
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache TERM=xterm
make_base "$TEST_DIR/base" 1

terminal() { # WIDTHS COMMAND...: sets OUT; as the others, but on a terminal
    expect_exit 0 /usr/bin/python3 "$TESTDATA/terminal.py" "$@"
    expect_json "$OUT" .status 0
    expect_json "$OUT" .over '[]'
}
slowly() { # WIDTHS: the same image, in a new layout, as slowly as it takes to be looked at
    rm -rf slow
    terminal "$1" "$INLAY" inject oci:base:1 acme/two --to oci:slow:1 --limit-rate 60M "${@:2}"
}

# A line a transfer and a total, that no width breaks; the total stays, and says 100 %.
for width in 20 23 40 80 200 300; do
    slowly $width
    expect_json "$OUT" '.most >= 3' true
    expect_json "$OUT" '[.screen[] | select(test("^100%"))] | length' 1
    expect_json "$OUT" '[.screen[] | select(test("^ *[0-9]+%"))] | length' 1
done
expect_json "$OUT" '[.screen[] | select(test("^100% \\[=+\\] 1[0-9.]+ MB of 1[0-9.]+ MB.*  in [0-9]+ s$"))] | length' 1
expect_json "$OUT" '[.seen[] | select(test("model-0000[12]-of-00002.safetensors of acme/two  +[0-9.]+ .?B of 70.0 MB"))] | length > 0' true
expect_json "$OUT" '[.seen[] | select(test("[0-9.]+ MB/s  [0-9]+ s left"))] | length > 0' true
# Ctrl-C, which the terminal shows, leaves none of the lines behind.
for width in 30 40 80; do
    rm -rf slow
    expect_exit 0 /usr/bin/python3 "$TESTDATA/terminal.py" --interrupt $width "$INLAY" inject oci:base:1 acme/two --to oci:slow:1 --limit-rate 30M
    expect_json "$OUT" '[.status, (.most >= 3), ([.screen[] | select(test("%"))] | length)]' '[130,true,0]'
    expect_json "$OUT" '[.screen[] | select(test("inlay: stopped on request"))] | length' 1
done
# One that changes while it is drawn on.
slowly 20,200,33,80
expect_json "$OUT" '[.screen[] | select(test("^100%"))] | length' 1
# Nothing of it comes in colours, and a copy and a verification tell of themselves, too.
terminal 80 "$INLAY" copy oci:slow:1 oci:copy:1 --limit-rate 100M
expect_json "$OUT" '[.screen[] | select(test("^100%.*142.* of 142"))] | length' 1
terminal 80 "$INLAY" verify oci:copy:1
expect_json "$OUT" '[.screen[] | select(test("^100%"))] | length' 1

# No lines are drawn where they cannot be, or where nobody sees them.
for setting in TERM=dumb CI=true; do
    rm -rf slow
    expect_exit 0 env "$setting" /usr/bin/python3 "$TESTDATA/terminal.py" 80 "$INLAY" inject oci:base:1 acme/two --to oci:slow:1
    expect_json "$OUT" '[.most, ([.seen[] | select(test("%"))] | length)]' '[0,0]'
done
rm -rf slow
expect_exit 0 /usr/bin/python3 "$TESTDATA/terminal.py" 80 "$INLAY" inject oci:base:1 acme/two --to oci:slow:1 --progress none
expect_json "$OUT" '[.most, ([.seen[] | select(test("%"))] | length)]' '[0,0]'
expect_exit 0 "$INLAY" copy oci:slow:1 oci:x:1 --progress tty
expect_contains "$ERR" $'\r100%'
expect_exit 0 "$INLAY" copy oci:slow:1 oci:x:2
expect_lacks "$ERR" $'\r'

# For programs: every line is JSON.
rm -rf slow
expect_exit 0 "$INLAY" inject oci:base:1 acme/two --to oci:slow:1 --limit-rate 60M --progress json
jq -es 'all(has("level") or has("progress"))' <<<"$ERR" >/dev/null || fail "$ERR"
expect_json "$(tail -20 <<<"$ERR" | jq -sc '[.[] | select(.progress.ended)]')" '[length, .[0].progress.percent]' '[1,100]'
expect_exit 3 "$INLAY" copy oci:nix:1 oci:x:1 --progress=json
expect_json "$ERR" .error.status 3
expect_exit 2 "$INLAY" copy oci:slow:1 oci:x:3 --progress bar
expect_eq "inlay: --progress 'bar' is not known, expected auto, tty, plain, json or none" "$ERR"

# The end says what was made, and how to look at it again.
expect_exit 0 "$INLAY" inject oci:base:1 acme/two --to oci:end:1
expect_contains "$ERR" 'model   acme/two@main, '
expect_contains "$ERR" '140.0 MB, in /root/.cache/huggingface/hub'
expect_contains "$ERR" 'image   linux/amd64, 142.'
expect_contains "$ERR" 'done: 4 layers built, 0 already there; moved '
check=$(sed -n 's/^  check   inlay //p' <<<"$ERR")
# shellcheck disable=SC2086 # words
expect_exit 0 "$INLAY" $check
expect_exit 0 "$INLAY" inject oci:base:1 acme/two --to oci:end:user --user 2000 --home /srv/app
check=$(sed -n 's/^  check   inlay //p' <<<"$ERR")
expect_contains "$check" ' --user 2000 --home /srv/app'
# shellcheck disable=SC2086 # words
expect_exit 0 "$INLAY" $check
expect_exit 0 "$INLAY" inject -q oci:base:1 acme/two --to oci:end:2
expect_eq '' "$ERR"
