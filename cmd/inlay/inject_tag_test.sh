#!/bin/bash
# What is said about the tag is true, whatever becomes of the answer to the last PUT.
. "$(dirname "$0")/../../testdata/lib.sh"

start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"}]}'
export HF_ENDPOINT=$HUB_URL
make_base "$TEST_DIR/base" 1
start_quirk_registry
push_base "$TEST_DIR/base" 1 "$QUIRK/old:1"

# fault FAULT... : they befall what is sent to and asked of the tag "1"
fault() {
    local IFS=,
    quirk_control "{\"faults\": [$*]}" >/dev/null
}
inject() { "$INLAY" inject "oci:$TEST_DIR/base:1" acme/tiny "$@"; }
shown() { skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$QUIRK/$1:${2:-1}"; }
# The tag 1 of a repository shows the image without models again.
reset() {
    quirk_control '{}' >/dev/null
    skopeo copy --quiet --insecure-policy --src-tls-verify=false --dest-tls-verify=false \
        "docker://$QUIRK/old:1" "docker://$QUIRK/$1:1"
}
PUT='"method": "PUT", "path": "/manifests/1$"'
GET='"method": "GET", "path": "/manifests/1$"'

expect_exit 0 inject --to "oci:$TEST_DIR/expected:1"
expected=${OUT##*@}

# The tag has moved, and the answer does not say so: that is success, and the tag is written once.
for late in '"lost"' '"cut"' 400 500 502; do
    fault "{$PUT, \"late\": $late}"
    expect_exit 0 inject --to "$QUIRK/moved:1"
    expect_eq "$expected" "${OUT##*@}" "the image, $late"
    expect_eq "$expected" "$(shown moved)" "what the tag shows, $late"
    expect_eq 1 "$(quirk_log 'map(select(.method == "PUT" and (.path | endswith("/manifests/1")))) | length')" \
        "times that the tag was written, $late"
    reset moved
done

# It has not, and that is what is said.
old=$(shown moved)
fault "{$PUT, \"status\": 400, \"times\": 9}"
expect_exit 6 inject --to "$QUIRK/moved:1"
expect_contains "$ERR" "'1' does not show the image"
fault "{$PUT, \"status\": 502, \"times\": 9}"
expect_exit 5 inject --to "$QUIRK/moved:1"
expect_contains "$ERR" "'1' does not show the image"
expect_contains "$ERR" "'1' of '$QUIRK/moved': "
expect_contains "$ERR" '(try 4 of 4)'
expect_contains "$ERR" "the target $QUIRK/moved: writing the manifest '1' to '"
fault "{$PUT, \"status\": 502, \"times\": 9}"
expect_exit 5 inject --to "$QUIRK/moved:1" --retries 0
expect_eq 1 "$(quirk_log 'map(select(.method == "PUT" and (.path | endswith("/manifests/1")))) | length')" \
    'tries with --retries 0'
expect_eq "$old" "$(shown moved)" 'what the tag shows'

# Nobody can say. (Two GETs come before the PUT.)
fault "{$PUT, \"late\": \"lost\", \"times\": 9}" "{$GET, \"status\": 403, \"after\": 2, \"times\": 99}"
expect_exit 9 inject --to "$QUIRK/moved:1"
expect_contains "$ERR" 'it may have been published all the same'
expect_contains "$ERR" "'inlay inspect $QUIRK/moved:1' tells"

# copy and remove go by the same rule.
reset moved
expect_exit 0 inject --to "$QUIRK/moved:1"
fault "{$PUT, \"late\": \"lost\"}"
expect_exit 0 "$INLAY" copy "$QUIRK/moved:1" "$QUIRK/copied:1"
expect_eq "$expected" "$(shown copied)" 'the copy'
fault "{$PUT, \"late\": \"cut\"}"
expect_exit 0 "$INLAY" remove "$QUIRK/copied:1" acme/tiny --to "$QUIRK/copied:1"
expect_eq "${OUT##*@}" "$(shown copied)" 'the image without models'
# Of several tags it is said which show the image.
fault '{"method": "PUT", "path": "/manifests/3$", "status": 403, "times": 9}'
expect_exit 4 inject --to "$QUIRK/tags:1" --to "$QUIRK/tags:2" --to "$QUIRK/tags:3"
expect_contains "$ERR" "the image is published as '1', '2'; writing the tag '3'"
expect_eq "$expected" "$(shown tags 2)" 'the second tag'

# Runs one until its PUT of the tag is held, which the file opens that is named. Sets run.
begin_put() {
    reset stopped
    fault "{$PUT, \"hold\": \"$1\"}"
    "$INLAY" inject "oci:$TEST_DIR/base:1" acme/tiny --to "$QUIRK/stopped:1" >"$TEST_DIR/stdout" 2>"$TEST_DIR/stderr" &
    run=$!
    until [ "$(http_get "http://$QUIRK/_held")" -gt 0 ]; do
        kill -0 "$run" 2>/dev/null || fail "it ended before: $(cat "$TEST_DIR/stderr")"
        sleep 0.05
    done
}

# Ctrl-C while the answer is under way: it is waited for.
begin_put "$TEST_DIR/gate"
kill -TERM "$run"
sleep 1 # so that it has seen the signal when the answer comes
touch "$TEST_DIR/gate"
status=0
wait "$run" || status=$?
expect_eq 0 "$status" "the exit status: $(cat "$TEST_DIR/stderr")"
expect_eq "$expected" "$(shown stopped)" 'what the tag shows after SIGTERM'

# A second one does not wait, and says what that leaves open.
begin_put "$TEST_DIR/second-gate"
kill -TERM "$run"
kill -INT "$run"
status=0
wait "$run" || status=$?
touch "$TEST_DIR/second-gate"
expect_eq 130 "$status" 'the exit status'
expect_contains "$(cat "$TEST_DIR/stderr")" "'inlay inspect' tells what it shows"
