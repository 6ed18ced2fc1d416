#!/bin/bash
# Nobody's update is lost: a tag that somebody else has moved is left as it is, and --expect says what
# it has to show.
. "$(dirname "$0")/../../testdata/lib.sh"

start_hub '{"id": "acme/one", "files": [{"path": "config.json", "text": "{\"is\": 1}"}]}' \
    '{"id": "acme/two", "files": [{"path": "config.json", "text": "{\"is\": 2}"}]}'
export HF_ENDPOINT=$HUB_URL
make_base "$TEST_DIR/base" 1
start_quirk_registry

inject() { "$INLAY" inject "oci:$TEST_DIR/base:1" "$@"; }
shown() { skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$QUIRK/$1"; }

# race TAG COMMAND...: while the command is at its first upload, or where $AT says, acme/two is put under the
# tag. Sets theirs, and of the command status and ERR.
race() {
    local tag=$1 run
    shift
    rm -f "$TEST_DIR/gate"
    quirk_control "{\"faults\": [{${AT:-\"method\": \"PUT\", \"path\": \"/uploads/\"}, \"hold\": \"$TEST_DIR/gate\"}]}" >/dev/null
    "$@" >"$TEST_DIR/first.out" 2>"$TEST_DIR/first.err" &
    run=$!
    until [ "$(held_requests)" -gt 0 ]; do
        kill -0 "$run" 2>/dev/null || fail "it ended before its first upload: $(cat "$TEST_DIR/first.err")"
        sleep 0.05
    done
    theirs=$(inject acme/two --to "$QUIRK/$tag" --quiet)
    theirs=${theirs##*@}
    touch "$TEST_DIR/gate"
    status=0
    wait "$run" || status=$?
    ERR=$(cat "$TEST_DIR/first.err")
}
# Requests that are held.
held_requests() { http_get "http://$QUIRK/_held"; }

# A tag that was not there when the run began.
race new:1 inject acme/one --to "$QUIRK/new:1"
expect_eq 10 "$status" "two runs for one new tag: $ERR"
expect_contains "$ERR" "'1' of '$QUIRK/new' shows $theirs, expected no image"
expect_contains "$ERR" '--overwrite'
expect_eq "$theirs" "$(shown new:1)" 'what the tag shows'

# One that was: with --overwrite it is replaced, and then nobody is asked.
expect_exit 0 inject acme/one --to "$QUIRK/app:1"
one=${OUT##*@}
race app:1 inject acme/one --env A=1 --to "$QUIRK/app:1"
expect_eq 10 "$status" "two runs for one tag: $ERR"
expect_contains "$ERR" "shows $theirs, expected $one"
expect_exit 0 inject acme/one --to "$QUIRK/app:1"
race app:1 inject acme/one --env A=2 --to "$QUIRK/app:1" --overwrite
expect_eq 0 "$status" "--overwrite: $ERR"
[ "$theirs" != "$(shown app:1)" ] || fail '--overwrite has not replaced it'

# One that showed the result already when the run began.
expect_exit 0 inject acme/one --to "$QUIRK/same:1"
one=${OUT##*@}
AT='"method": "HEAD", "path": "/same/blobs/"' race same:1 inject acme/one --to "$QUIRK/same:1"
expect_eq 10 "$status" "a tag that showed the result: $ERR"
expect_contains "$ERR" "shows $theirs, expected $one"
expect_eq "$theirs" "$(shown same:1)" 'what the tag shows'
expect_exit 0 inject acme/one --to "$QUIRK/same:1"
AT='"method": "HEAD", "path": "/same/blobs/"' race same:1 inject acme/one --to "$QUIRK/same:1" --overwrite
expect_eq 0 "$status" "--overwrite: $ERR"
expect_eq "$one" "$(shown same:1)" 'what the tag shows after --overwrite'

# copy and remove look, too; so does the second of two tags.
race copied:1 "$INLAY" copy "oci:$TEST_DIR/base:1" "$QUIRK/copied:1"
expect_eq 10 "$status" "copy: $ERR"
expect_eq "$theirs" "$(shown copied:1)" 'what the tag shows after copy'
expect_exit 0 inject acme/one acme/two --to "oci:$TEST_DIR/both:1"
race less:1 "$INLAY" remove "oci:$TEST_DIR/both:1" acme/two --to "$QUIRK/less:1"
expect_eq 10 "$status" "remove: $ERR"
race tags:2 inject acme/one --env B=1 --to "$QUIRK/tags:1" --to "$QUIRK/tags:2"
expect_eq 10 "$status" "the second tag: $ERR"
expect_contains "$ERR" "the image is published as '1'; writing the tag '2'"

# The same image twice at once is no conflict.
race twice:1 inject acme/two --to "$QUIRK/twice:1"
expect_eq 0 "$status" "the same image twice: $ERR"

# --expect, in a registry and in a layout: what is wrong is found before anything is sent.
zeros=sha256:0000000000000000000000000000000000000000000000000000000000000000
for place in "$QUIRK/expect" "oci:$TEST_DIR/expect"; do
    expect_exit 0 inject acme/one --to "$place:1" --expect none
    one=${OUT##*@}
    expect_exit 0 inject acme/one --to "$place:1" --expect none # again, with the same result
    quirk_control '{}' >/dev/null
    expect_exit 10 inject acme/two --to "$place:1" --expect none
    expect_contains "$ERR" "--expect says no image, and '1' of '$place' shows $one"
    expect_lacks "$ERR" 'somebody else'
    expect_exit 10 inject acme/two --to "$place:1" --expect "$zeros"
    expect_contains "$ERR" "--expect says $zeros, and"
    expect_eq 0 "$(quirk_log 'map(select(.query.digest)) | length')" 'uploads'
    expect_exit 0 inject acme/two --to "$place:1" --expect "$one"
    expect_exit 10 "$INLAY" copy "oci:$TEST_DIR/base:1" "$place:1" --expect "$one"
    expect_exit 0 "$INLAY" copy "oci:$TEST_DIR/both:1" "$place:1" --expect "$(
        "$INLAY" inspect "$place:1" --json | jq -r .digest)"
    expect_exit 10 "$INLAY" remove "$place:1" acme/one --to "$place:1" --expect none
    expect_exit 0 "$INLAY" remove "$place:1" acme/one --to "$place:2" --expect none
done

# A tag that cannot be read when the run begins: nobody could notice that it is moved.
faulty() { quirk_control "{\"faults\": [{\"method\": \"GET\", \"path\": \"/manifests/1\$\", \"status\": $1, \"times\": 9}]}" >/dev/null; }
faulty 503
expect_exit 5 inject acme/one --to "$QUIRK/blind:1" --retries 0
expect_contains "$ERR" "what '1' shows now (--overwrite does without): "
expect_exit 0 inject acme/one --to "$QUIRK/blind:1" --retries 0 --overwrite
faulty 403
expect_exit 0 "$INLAY" copy "oci:$TEST_DIR/base:1" "$QUIRK/blind:1"
expect_contains "$ERR" "what '1' of '$QUIRK/blind' shows cannot be read"
expect_exit 4 "$INLAY" copy "oci:$TEST_DIR/base:1" "$QUIRK/blind:1" --expect none
expect_exit 0 "$INLAY" remove "oci:$TEST_DIR/both:1" acme/one --to "$QUIRK/blind:1"
expect_contains "$ERR" 'that is replaced unnoticed'
quirk_control '{}' >/dev/null

# A shard may come once more when the last call is done, which alone goes by --expect.
sharded() { inject acme/one --env SHARDED=1 --to "$QUIRK/sharded:1" --expect none "$@"; }
expect_exit 0 sharded --shard 1/1
expect_exit 0 sharded
expect_exit 0 sharded --shard 1/1
expect_exit 0 sharded
expect_exit 0 inject acme/two --to "$QUIRK/sharded:1" --expect none --shard 1/1
expect_exit 10 inject acme/two --env SHARDED=1 --to "$QUIRK/sharded:1" --expect none

# What cannot be meant.
expect_exit 2 inject acme/one --to "$QUIRK/app:1" --expect yesterday
expect_contains "$ERR" "--expect: 'yesterday' is no digest"
expect_exit 2 inject acme/one --to "$QUIRK/app:1" --expect none --overwrite
expect_exit 2 inject acme/one --to "oci-archive:$TEST_DIR/a.tar" --expect none
expect_contains "$ERR" 'an archive is written anew'
