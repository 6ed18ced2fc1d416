#!/bin/bash
# A project file in place of a long command line: the same image, and the command line wins. A
# schema states the format; what the program refuses, it refuses too.
. "$(dirname "$0")/../../testdata/lib.sh"

cd "$TEST_DIR" || exit
schema=$TESTDATA/../docs/inlay.schema.json
valid() { /usr/bin/python3 -W ignore -m jsonschema -i "$1" "$schema" >schema.out 2>&1; }
# project [FILE]: from standard input, which the schema takes
project() {
    cat >"${1:-inlay.json}"
    valid "${1:-inlay.json}" || fail "it is not what the schema says: $(head -3 schema.out)"
}
start_hub '{"repos": [
    {"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"}, {"path": "model.safetensors", "synthetic": 3000, "seed": 1},
        {"path": "pytorch_model.bin", "synthetic": 3000, "seed": 2}, {"path": "onnx/model.onnx", "synthetic": 3000, "seed": 3}],
        "tags": {"v1": "first"}},
    {"id": "acme/more", "files": [{"path": "config.json", "text": "{}"}, {"path": "a.bin", "synthetic": 100, "seed": 4}]}]}'
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
make_base "$TEST_DIR/base" 1
mkdir app app/local
printf 'local weights' >app/local/w.bin
digest() { # ARGUMENT...: what the call makes, in $DIGEST
    expect_exit 0 "$INLAY" inject "$@"
    DIGEST=${OUT##*@}
}
refuse() { # STATUS WORDS ARGUMENT...
    local status=$1 words=$2
    shift 2
    expect_exit "$status" "$INLAY" "$@"
    expect_eq "inlay: $words" "$(tail -1 <<<"$ERR")" "$*"
}

# Base, models, target and place: the same digest as by the long command line.
project <<'JSON'
{"version": 1, "base": "oci:base:1", "target": "oci:out:file",
 "models": ["acme/tiny@v1", {"model": "acme/more", "include": ["*.bin"], "layout": "dir", "path": "/srv/more"}],
 "place": {"owner": "5:6", "home": "/srv/home", "env": {"A": "1", "B": "x=y"}},
 "sets": {"gpu": [{"model": "acme/tiny", "weights": "onnx"}], "none": []}}
JSON
digest oci:base:1 acme/tiny@v1 'acme/more,include=*.bin,layout=dir,path=/srv/more' --owner 5:6 --home /srv/home --env A=1 \
    --env B=x=y --to oci:out:line
long=$DIGEST
digest
expect_eq "$long" "$DIGEST" 'the file that is there, found by itself'
expect_contains "$OUT" 'oci:out:file@'
expect_contains "$ERR" "project: 'inlay.json'"
digest --project inlay.json
expect_eq "$long" "$DIGEST" 'the file, named'
expect_lacks "$ERR" "project: 'inlay.json'"
digest oci:base:1 --to oci:out:more
expect_eq "$long" "$DIGEST" 'BASE and --to on the command line'
expect_contains "$OUT" 'oci:out:more@'
expect_contains "$ERR" "project: 'inlay.json'; 'oci:base:1' is taken as BASE"
# With a MODEL and nothing about a project, it is not looked at.
digest oci:base:1 acme/tiny@v1 --to oci:out:alone
[ "$long" != "$DIGEST" ] || fail 'the file is read though a MODEL is named'
expect_lacks "$ERR" 'project'

# plan and layer go by it, too.
expect_exit 0 "$INLAY" plan --json
expect_json "$OUT" '[[.models[].name], .platforms[0].home.path, .platforms[0].owner.uid]' '[["acme/tiny","acme/more"],"/srv/home",5]'
expect_exit 0 "$INLAY" layer -o layer.tar
expect_json "$OUT" '[.layers[].model] | unique' '[null,"acme/more","acme/tiny"]'

# The one word is BASE, and a model is none.
refuse 2 "'BAAI/bge-m3' is the first word, which is BASE, and looks like a model; write the base before it, as in 'inlay inject oci:base:1 BAAI/bge-m3'; docker://NAME is an image" \
    inject --set gpu BAAI/bge-m3
refuse 2 "'acme/tiny' is the first word, which is BASE, and looks like a model; write the base before it, as in 'inlay plan oci:base:1 acme/tiny --project inlay.json'; docker://NAME is an image" \
    plan acme/tiny

# Sets, besides the models of all; those that are not taken are told.
expect_exit 0 "$INLAY" plan --json -v
expect_contains "$ERR" 'sets not taken: gpu, none'
expect_exit 0 "$INLAY" plan --set gpu --json -v
expect_contains "$ERR" 'sets not taken: none'
expect_exit 0 "$INLAY" plan --set gpu --set none --json -v
expect_lacks "$ERR" 'sets not taken'
expect_exit 0 "$INLAY" plan --set gpu --json
expect_json "$OUT" '[.models[] | [.name, .revision, [.files[].path]]]' \
    '[["acme/tiny","v1",["config.json","model.safetensors"]],["acme/more","main",["a.bin"]],["acme/tiny","main",["config.json","onnx/model.onnx"]]]'
digest --set none
expect_eq "$long" "$DIGEST" 'a set with nothing in it'
refuse 2 "--set 'cpu': the project has no such set; near it: gpu; it has gpu, none" inject --set cpu

# The command line wins: a variable, an option of the place, the files of the models, a layout.
expect_exit 0 "$INLAY" plan --home /other --env B=2 --json
expect_json "$OUT" '.platforms[0] | [.home.path, [.environment[] | select(test("^[AB]="))]]' '["/other",["A=1","B=2"]]'
expect_exit 0 "$INLAY" plan --include '*.json' --json
expect_json "$OUT" '[.models[].files[].path] | unique' '["config.json"]'
expect_exit 0 "$INLAY" plan --path /elsewhere --json
expect_contains "$OUT" '"/elsewhere"'
jq '.companions = true' inlay.json | project with.json
refuse 2 '--companions and --no-companions exclude each other; leave one out' plan --project with.json --no-companions --companions
expect_exit 0 "$INLAY" plan --project with.json --no-companions
# Models that are named besides; one that is named wins over that of the file.
expect_exit 0 "$INLAY" plan oci:base:1 acme/tiny --project inlay.json --json
expect_json "$OUT" '[.models[] | [.name, .revision]]' '[["acme/tiny","main"],["acme/tiny","v1"],["acme/more","main"]]'
expect_exit 0 "$INLAY" plan oci:base:1 'acme/tiny@v1,weights=onnx' --project inlay.json --json
expect_json "$OUT" '[.models[0].files[].path, .models[1].name]' '["config.json","onnx/model.onnx","acme/more"]'

# Paths are seen from the file's folder.
project app/inlay.json <<'JSON'
{"version": 1, "base": "oci:../base:1", "target": "oci:out:1", "models": [{"model": "dir:local", "as": "acme/local"}], "place": {"shared": true}}
JSON
digest --project app/inlay.json
expect_file app/out/index.json
first=$DIGEST
digest oci:base:1 dir:app/local --as acme/local --shared --to oci:out:local
expect_eq "$first" "$DIGEST" 'a folder beside the file'

# What is missing, or no project, is told.
refuse 3 "'none.json' does not exist; 'inlay init' writes one" inject --project none.json --to oci:out:x
rm inlay.json
refuse 2 "no BASE is named, and there is no inlay.json here; see 'inlay inject --help'" inject
refuse 3 "'inlay.json' does not exist; 'inlay init' writes one" inject --set gpu
refuse_file() { # STATUS WORDS TEXT
    printf '%s' "$3" >bad.json
    refuse "$1" "'bad.json': $2" plan --project bad.json
    ! valid bad.json || fail "the schema takes $3"
}
refuse_file 7 "it is not JSON, at line 1, column 27: something else was expected there" '{"version": 1, "models": [}'
refuse_file 7 "the member 'models[0].layuot' is not known; did you mean 'layout'?" '{"version": 1, "models": [{"model": "a/b", "layuot": "dir"}]}'
refuse_file 7 "the member 'place.uid' is not known" '{"version": 1, "place": {"uid": 5}}'
refuse_file 7 "'models[0].unpack' is not what it has to be, expected true or false" '{"version": 1, "models": [{"model": "a/b", "unpack": 1}]}'
refuse_file 6 'it has version 2 of the format, this inlay knows version 1; a newer inlay reads it' '{"version": 2}'
refuse_file 7 "'version' is missing; this inlay writes \"version\": 1" '{"models": []}'
refuse_file 7 "'\$schema' is not what it has to be, expected one line of text" '{"version": 1, "$schema": 1}'
# What the command line would refuse is refused in its words.
said() { # STATUS WORDS TEXT
    project bad.json <<<"$3"
    refuse "$1" "$2" plan --project bad.json
}
said 2 "'bad.json': MODEL 'a/b': layout: 'dyr' is no layout; near it: dir; 'inlay layouts' lists them" \
    '{"version": 1, "base": "oci:base:1", "models": [{"model": "a/b", "layout": "dyr"}]}'
refuse_both() { # STATUS WORDS TEXT: the schema refuses it, too
    printf '%s' "$3" >bad.json
    refuse "$1" "$2" plan --project bad.json
    ! valid bad.json || fail "the schema takes $3"
}
refuse_both 2 "'bad.json': place: --owner 'me' is not UID[:GID], two numbers from 0 to 2147483647" '{"version": 1, "place": {"owner": "me"}}'
refuse_both 2 "'bad.json': MODEL 'a/b': include and also exclude each other; leave one out" \
    '{"version": 1, "base": "oci:base:1", "models": [{"model": "a/b", "include": ["*"], "also": ["*"]}]}'
refuse_both 2 "'bad.json': place: --home 'x' is not an absolute path" '{"version": 1, "place": {"home": "x"}}'
said 2 "'bad.json': MODEL 'acme/tiny': 'path=' is for the layout dir or hub-dir" \
    '{"version": 1, "base": "oci:base:1", "models": [{"model": "acme/tiny", "path": "/x"}]}'
said 2 "'bad.json': MODEL 'acme/tiny': 'unpack' is for files and URLs" \
    '{"version": 1, "base": "oci:base:1", "models": [{"model": "acme/tiny", "unpack": true}]}'
said 2 "'bad.json': MODEL: 'acme/tiny' is named twice" '{"version": 1, "base": "oci:base:1", "models": ["acme/tiny", "acme/tiny"]}'
said 2 "no MODEL is named; see 'inlay plan --help'" '{"version": 1, "base": "oci:base:1"}'
expect_hub_manners
