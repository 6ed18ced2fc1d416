#!/bin/bash
# A lock of models that are not of the Hub, or are not named by themselves: ModelScope, datasets, URLs,
# archives and their members, presets, and one model with several options in several sets.
. "$(dirname "$0")/../../testdata/lib.sh"

cd "$TEST_DIR" || exit
mkdir -p files/m
printf one >files/m/a.bin
printf two >files/m/b.bin
tar -C files -czf m.tar.gz m
sum=$(sha256sum m.tar.gz | cut -d' ' -f1)
member=$(sha256sum files/m/b.bin | cut -d' ' -f1)
start_hub '{"repos": [
    {"id": "acme/files", "files": [{"path": "m.tar.gz", "file": "'"$TEST_DIR"'/m.tar.gz"}]},
    {"id": "acme/tiny", "commits": [
        {"name": "c1", "oid": "1111111111111111111111111111111111111111", "files": [{"path": "config.json", "text": "{}"},
            {"path": "model.safetensors", "synthetic": 3000, "seed": 1}, {"path": "onnx/model.onnx", "synthetic": 3000, "seed": 2}]},
        {"name": "c2", "oid": "2222222222222222222222222222222222222222", "files": [{"path": "config.json", "text": "[]"},
            {"path": "model.safetensors", "synthetic": 4000, "seed": 3}, {"path": "onnx/model.onnx", "synthetic": 3000, "seed": 2}]}],
        "branches": {"main": "c1", "master": "c1"}},
    {"id": "acme/rows", "type": "dataset", "commits": [
        {"name": "d1", "files": [{"path": "a.jsonl", "text": "1"}]}, {"name": "d2", "files": [{"path": "a.jsonl", "text": "2"}]}],
        "branches": {"main": "d1"}}]}'
export HF_ENDPOINT=$HUB_URL MODELSCOPE_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
make_base "$TEST_DIR/base" 1
schema=$TESTDATA/../docs/inlay.lock.schema.json
lock() { # ARGUMENT...: writes the lock, which the schema takes
    expect_exit 0 "$INLAY" lock "$@"
    /usr/bin/python3 -W ignore -m jsonschema -i inlay.lock.json "$schema" >schema.out 2>&1 \
        || fail "the lock is not what the schema says: $(head -3 schema.out)"
}
digest() { # ARGUMENT...: what the call makes, in $DIGEST
    expect_exit 0 "$INLAY" inject "$@"
    DIGEST=${OUT##*@}
}
move() { hub_control "{\"move\": {\"repo\": \"acme/$1\", \"ref\": \"$2\", \"to\": \"$3\"}, \"clearLog\": true}" >/dev/null; }
url=$HUB_URL/acme/files/resolve/main/m.tar.gz

jq -n '{version: 1, presets: [{name: "tiny:two", summary: "s", layout: "huggingface",
    items: [{origin: "acme/tiny", include: ["config.json"], optional: ["none.txt"]}, {origin: "datasets/acme/rows"}]}]}' >presets.json
jq -n --arg url "$url?token=s3cret" --arg sum "$sum" --arg member "$member" '{version: 1, base: "oci:base:1", models: [
    {model: "ms://acme/tiny", layout: "dir", path: "/ms"},
    {model: "file:m.tar.gz", unpack: true, layout: "dir", path: "/m"},
    {model: ($url + "#sha256=" + $member + "&member=m/b.bin"), layout: "dir", path: "/b"},
    {model: ($url + "#sha256=" + $sum), layout: "dir", path: "/c"}],
    sets: {preset: ["tiny:two"], onnx: [{model: "acme/tiny", weights: "onnx"}], all: ["acme/tiny"]}}' >inlay.json

lock --presets presets.json
expect_json "$(cat inlay.lock.json)" "[.models[] | [.model, .member, .preset, (.pin | .[:10]), [.files[].path]]]" \
    "[[\"ms://acme/tiny@master\",null,null,\"1111111111\",[\"config.json\",\"model.safetensors\"]],[\"file:m.tar.gz\",null,null,\"sha256:${sum:0:3}\",[\"m/a.bin\",\"m/b.bin\"]],[\"$url\",\"m/b.bin\",null,\"sha256:${member:0:3}\",[\"b.bin\"]],[\"$url\",null,null,\"sha256:${sum:0:3}\",[\"m.tar.gz\"]],[\"acme/tiny@main\",null,\"tiny:two\",\"1111111111\",[\"config.json\"]],[\"datasets/acme/rows@main\",null,\"tiny:two\",$(jq '.models[5].pin | .[:10]' inlay.lock.json),[\"a.jsonl\"]],[\"acme/tiny@main\",null,null,\"1111111111\",[\"config.json\",\"onnx/model.onnx\"]],[\"acme/tiny@main\",null,null,\"1111111111\",[\"config.json\",\"model.safetensors\"]]]"
! grep -q s3cret inlay.lock.json || fail 'the query of a URL is in the lock'
cp inlay.lock.json first.json
lock --presets presets.json
cmp first.json inlay.lock.json || fail 'a second lock has other bytes'
expect_exit 0 "$INLAY" lock --check --presets presets.json

declare -A before
for set in preset onnx all; do
    digest --presets presets.json --set $set --to "oci:out:$set"
    before[$set]=$DIGEST
done
move tiny main c2
move tiny master c2
move rows main d2
for set in preset onnx all; do
    hub_control '{"clearLog": true}' >/dev/null
    digest --presets presets.json --set $set --locked --to "oci:locked:$set"
    expect_eq "${before[$set]}" "$DIGEST" "the set $set"
    expect_eq '' "$(hub_log '[.requests[].path | select(test("/(revisions?|tree|refs|repo/files)(/|$)"))] | join(" ")')" "listings for $set"
done
digest --presets presets.json --set all --to oci:out:moved
[ "$DIGEST" != "${before[all]}" ] || fail 'without the lock the digest is the same'

# A preset moves forward by its name; the same repo that is named itself stays.
lock --presets presets.json --update tiny:two
expect_eq 2 "$(grep -c ' -> ' <<<"$(grep '^[a-z]' <<<"$OUT")")" "$OUT"
expect_json "$(cat inlay.lock.json)" '[.models[] | .pin[:1]] | [.[0], .[4], .[6], .[7]]' '["1","2","1","1"]'

# An archive that is packed anew is the same as long as its members are; else it is refused.
tar -C files --mtime=@1 -czf m.tar.gz m
refuse() { # STATUS WORDS ARGUMENT...
    local status=$1 words=$2
    shift 2
    expect_exit "$status" "$INLAY" "$@"
    expect_contains "$(tail -1 <<<"$ERR")" "$words" "$*"
}
jq '.models |= .[1:2] | del(.sets)' inlay.json >archive.json
expect_exit 0 "$INLAY" lock --project archive.json
printf ONE >files/m/a.bin
tar -C files -czf m.tar.gz m
refuse 7 "the file 'm/a.bin' of 'file:m.tar.gz' is another by now" inject --project archive.json --locked --to oci:out:x
rm files/m/a.bin
tar -C files -czf m.tar.gz m
refuse 7 "'file:m.tar.gz' no longer has the file 'm/a.bin'" inject --project archive.json --locked --to oci:out:x
