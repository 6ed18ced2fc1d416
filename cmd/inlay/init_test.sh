#!/bin/bash
# A project file is written from names and from what an application asks for; what it says can be baked.
. "$(dirname "$0")/../../testdata/lib.sh"

cd "$TEST_DIR" || exit
start_hub '{"repos": [
    {"id": "acme/e5", "files": [{"path": "config.json", "text": "{}"}, {"path": "modules.json", "text": "[]"},
        {"path": "model.safetensors", "synthetic": 2000}]},
    {"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"}, {"path": "onnx/model.onnx", "synthetic": 2000}]}]}'
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
schema=$TESTDATA/../docs/inlay.schema.json
init() { # FILE ARGUMENT...: the schema takes what is written to FILE
    local file=$1
    shift
    expect_exit 0 "$INLAY" init "$@"
    /usr/bin/python3 -W ignore -m jsonschema -i "$file" "$schema" >schema.out 2>&1 || fail "$file: $(head -3 schema.out)"
}
refuse() { # STATUS WORDS ARGUMENT...
    local status=$1 words=$2
    shift 2
    expect_exit "$status" "$INLAY" init "$@"
    expect_contains "$(tail -1 <<<"$ERR")" "$words" "$*"
}

# From names, with their options.
init inlay.json acme/e5@main 'acme/tiny,weights=onnx,also=*.md' whisper:base --base oci:base:1 --to oci:out:1
expect_eq "inlay.json: 3 models; 'inlay lock' writes down what they are now, 'inlay inject' bakes them" "$OUT"
expect_json "$(cat inlay.json)" . \
    '{"version":1,"base":"oci:base:1","target":"oci:out:1","models":["acme/e5@main",{"model":"acme/tiny","weights":"onnx","also":["*.md"]},"whisper:base"]}'
# What is there is not lost.
refuse 2 "'inlay.json' is there already; --force replaces it" acme/e5
init inlay.json acme/e5 --force
expect_json "$(cat inlay.json)" .models '["acme/e5"]'
mkfifo pipe
refuse 8 "'pipe' is a pipe or device" acme/e5 --project pipe --force
[ -p pipe ] || fail 'the pipe is there no more'
refuse 8 "creating a file in 'none'" acme/e5 --project none/inlay.json
# What could not be baked is not written.
cp inlay.json before.json
refuse 2 "MODEL: 'acme/e5' is named twice" acme/e5 acme/e5 --force
refuse 2 "'path=' is for the layout dir" acme/e5,path=/m --force
refuse 2 "MODEL 'acme/e5': layout: 'dyr' is no layout; near it: dir" acme/e5,layout=dyr --force
refuse 2 '--to' acme/e5 --to 'oci:' --force
cmp before.json inlay.json || fail 'a failure has changed the file'
refuse 2 "a folder has no name in the Hub's cache; say --as org/name, or --layout dir --path PATH; for the models that an application in a folder asks for, say --scan dir:PATH" dir:. --force
refuse 2 'no MODEL is named; --scan IMAGE or --scan dir:PATH finds them' --force

# A query is needed and may be a secret: it is written, and not shown.
init inlay.json "https://h.example/m.bin?t=s3cret#sha256=$(printf '0%.0s' {1..64}),layout=dir,path=/m" --force
expect_contains "$ERR" "what is behind '?' in 'https://h.example/m.bin' is written to 'inlay.json', and may be a secret"
expect_lacks "$ERR$OUT" s3cret

refuse 2 'is not one line of UTF-8' $'dir:/tmp/\xff' --force
refuse 2 'is not one line of UTF-8' $'dir:/tmp/a\nb' --force

# From an image: what is sure, with its loader's layout; the image is the base. The rest is said.
mkdir -p app/app app/usr/lib/python3.11/site-packages/sentence_transformers-2.2.2.dist-info
printf 'Metadata-Version: 2.1\nName: sentence-transformers\nVersion: 2.2.2\n' \
    >app/usr/lib/python3.11/site-packages/sentence_transformers-2.2.2.dist-info/METADATA
cat >app/app/main.py <<'END'
import os
from sentence_transformers import CrossEncoder, SentenceTransformer

embeddings = SentenceTransformer("acme/e5")
reranker = CrossEncoder(os.environ["RERANKER"])
END
make_base base 1 --user app --extra app
init inlay.json --scan oci:base:1 --to oci:out:1 --force
expect_json "$(cat inlay.json)" '[.base, .target, [.models[] | if type == "string" then . else .model end]]' '["oci:base:1","oci:out:1",["acme/e5"]]'
expect_contains "$ERR" 'scan: not resolved: /app/main.py:5'
expect_exit 0 "$INLAY" inject
by_file=${OUT##*@}
expect_exit 0 "$INLAY" inject oci:base:1 --scan --to oci:out:2
expect_eq "$by_file" "${OUT##*@}" 'the same as by --scan'
expect_exit 0 "$INLAY" verify --scan oci:out:1

# From a folder, named models first; one that is named is not found again.
init inlay.json acme/tiny --scan dir:app/app --force
expect_json "$(cat inlay.json)" '[has("base"), [.models[] | if type == "string" then . else .model end]]' '[false,["acme/tiny","acme/e5"]]'
mkdir empty
refuse 3 "--scan found no model in 'dir:empty' that is sure" --scan dir:empty --force
refuse 3 'none' --scan dir:none --force

# Into another folder: paths are seen from there.
mkdir -p sub/local && printf w >sub/local/w.bin && printf w >w.bin
init sub/inlay.json dir:sub/local,as=acme/local file:w.bin,layout=dir,path=/m --base oci:base:1 --project sub/inlay.json
expect_json "$(cat sub/inlay.json)" '[.base, .models[].model]' '["oci:../base:1","dir:local","file:../w.bin"]'
expect_exit 0 "$INLAY" plan --project sub/inlay.json
# By the folder that it is, however it is named.
mkdir -p deep/down && ln -s deep/down link
init link/inlay.json file:./w.bin,layout=dir,path=/m dir:deep/down/own,as=acme/own --base oci:base:1 --to oci:/else:1 --project link/inlay.json
expect_json "$(cat link/inlay.json)" '[.base, .target, .models[].model]' \
    '["oci:../../base:1","oci:/else:1","file:../../w.bin","dir:own"]'
init sub/inlay.json file:sub/local/w.bin,layout=dir,path=/m --base oci:base:1 --project "$TEST_DIR/sub/inlay.json" --force
expect_json "$(cat sub/inlay.json)" '[.base, .models[].model]' '["oci:../base:1","file:local/w.bin"]'
expect_exit 0 "$INLAY" plan --project sub/inlay.json
