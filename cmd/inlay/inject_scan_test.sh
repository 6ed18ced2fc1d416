#!/bin/bash
# What an application asks for is baked without being named: `inject --scan`, `plan --scan`; `verify
# --scan` fails until it is.
. "$(dirname "$0")/../../testdata/lib.sh"
cd "$TEST_DIR" || exit

# The application of the articles: LangChain's embeddings, and a collection of Chroma's without any.
site=usr/local/lib/python3.11/site-packages
package() { # ROOT NAME VERSION
    mkdir -p "$1/$site/$2-$3.dist-info"
    printf 'Metadata-Version: 2.1\nName: %s\nVersion: %s\n' "$2" "$3" >"$1/$site/$2-$3.dist-info/METADATA"
}
mkdir -p article/app
package article sentence_transformers 5.7.0
package article langchain_huggingface 1.2.3
package article chromadb 1.5.9
cat >article/app/app.py <<'END'
"""Answers questions about a handful of documents."""
import os

import chromadb
from langchain_huggingface import HuggingFaceEmbeddings
from sentence_transformers import CrossEncoder

embeddings = HuggingFaceEmbeddings(
    model_name="acme/e5",
    encode_kwargs={"normalize_embeddings": True},
)
documents = chromadb.EphemeralClient().get_or_create_collection("documents")
reranker = CrossEncoder(os.environ["RERANKER"]) if "RERANKER" in os.environ else None
END
printf 'rerank:\n  model: acme/rerank\n' >article/app/config.yaml

mkdir -p chroma/onnx
for name in config.json model.onnx special_tokens_map.json tokenizer_config.json tokenizer.json vocab.txt; do
    echo "$name" >"chroma/onnx/$name"
done
tar -C chroma -czf onnx.tar.gz onnx
start_hub '{"id": "acme/e5", "files": [{"path": "config.json", "text": "{}"}, {"path": "modules.json", "text": "[]"},
        {"path": "model.safetensors", "synthetic": 2000}]}' \
    '{"id": "acme/files", "files": [{"path": "onnx.tar.gz", "file": "'"$TEST_DIR"'/onnx.tar.gz"}]}' \
    '{"id": "acme/gguf", "commits": [{"name": "c1", "files": [{"path": "a-Q4_K_M.gguf", "text": "1"}, {"path": "a-Q8_0.gguf", "text": "2"}]},
        {"name": "c2", "files": [{"path": "a-Q4_K_M.gguf", "text": "3"}, {"path": "a-Q8_0.gguf", "text": "4"}]}], "branches": {"main": "c2", "v1": "c1"}}' \
    '{"id": "acme/rerank", "files": [{"path": "config.json", "text": "{}"}, {"path": "model.safetensors", "synthetic": 9}]}'
export HF_ENDPOINT=$HUB_URL
url=$HUB_URL/acme/files/resolve/main/onnx.tar.gz
jq --arg url "$url#sha256=$(sha256_of onnx.tar.gz)" '{version,
    presets: [.presets[] | select(.name == "chroma:all-MiniLM-L6-v2") | .items[0].origin = $url]}' \
    "$TESTDATA/../pkg/preset/presets.json" >presets.json
make_base base 1 --user app --workdir /app --extra article
models() { "$INLAY" inspect "$1" --json | jq -c '[.models[] | [.name, .layout]] | sort'; }

expect_exit 0 "$INLAY" scan oci:base:1
expect_contains "$OUT" 'acme/e5                  sure   no     sentence-transformers 5.7.0  /app/app.py:8'
expect_contains "$OUT" 'chroma:all-MiniLM-L6-v2  sure   no     chromadb 1.5.9               /app/app.py:12'
expect_contains "$OUT" 'inlay inject oci:base:1 --scan --to TARGET'

# Both are baked, and what is left out is said.
expect_exit 0 "$INLAY" inject oci:base:1 --scan --presets presets.json --to oci:out:1
expect_contains "$ERR" 'scan: acme/e5 (/app/app.py:8)'
expect_contains "$ERR" 'scan: chroma:all-MiniLM-L6-v2 (/app/app.py:12)'
expect_contains "$ERR" 'scan: guesses do not count; name those that are needed: acme/rerank (/app/config.yaml: rerank.model)'
expect_contains "$ERR" 'scan: not resolved: /app/app.py:13: model_name_or_path of CrossEncoder() comes from the variable RERANKER'
expect_eq "[[\"acme/e5\",\"huggingface\"],[\"$url\",\"chroma\"]]" "$(models oci:out:1)"
unpack_image out 1 tree
cmp chroma/onnx/vocab.txt tree/home/app/.cache/chroma/onnx_models/all-MiniLM-L6-v2/onnx/vocab.txt || fail 'the files of Chroma'
test -f tree/home/app/.cache/huggingface/hub/models--acme--e5/refs/main || fail 'the model of the embeddings'
expect_exit 0 "$INLAY" scan oci:out:1 --presets presets.json --json
expect_json "$OUT" '[.models[] | select(.sure) | .baked]' '[true,true]'

# A gate: the base lacks both, the result none. Names that are demanded besides count, too.
expect_exit 7 "$INLAY" verify --scan oci:base:1 --presets presets.json
expect_contains "$OUT" "'acme/e5' is not there"
expect_contains "$OUT" "'chroma:all-MiniLM-L6-v2' is not there"
expect_contains "$ERR" 'inlay: 2 of 2 models that are asked for are not there'
expect_exit 0 "$INLAY" verify --scan oci:out:1 --presets presets.json
expect_contains "$OUT" '2 models: nothing is wrong'
expect_contains "$ERR" 'scan: not resolved: /app/app.py:13'
expect_exit 7 "$INLAY" verify --scan oci:out:1 acme/rerank --presets presets.json --json
expect_json "$OUT" '[.missing, .platforms[0].missing[].kind]' '[["acme/rerank"],"not-baked"]'

# Again: the same image. With a name besides: that too, and no name twice.
first=$(tag_digest out 1)
expect_exit 0 "$INLAY" inject oci:out:1 --scan --presets presets.json --to oci:out:2
expect_eq "$first" "$(tag_digest out 2)" 'an image that has it all'
expect_exit 0 "$INLAY" inject oci:base:1 acme/rerank acme/e5@main --scan --presets presets.json --to oci:out:3
expect_eq "[[\"acme/e5\",\"huggingface\"],[\"acme/rerank\",\"huggingface\"],[\"$url\",\"chroma\"]]" "$(models oci:out:3)"
expect_exit 0 "$INLAY" plan oci:base:1 --scan --presets presets.json --json
expect_json "$OUT" '[.models[].name] | sort' "[\"acme/e5\",\"$url\"]"

# The installed version says where the model goes; two versions, two places.
old=article.old both=article.both
for root in $old $both; do
    mkdir -p "$root/app"
    package "$root" sentence_transformers 2.2.2
    printf 'from sentence_transformers import SentenceTransformer\nSentenceTransformer("acme/e5")\n' >"$root/app/a.py"
done
mkdir -p "$both/opt/venv/lib/python3.11/site-packages"
cp -r "article/$site/sentence_transformers-5.7.0.dist-info" "$both/opt/venv/lib/python3.11/site-packages/"
make_base base old --extra "$old"
make_base base both --extra "$both"
expect_exit 0 "$INLAY" inject oci:base:old --scan --to oci:out:old
expect_eq '[["acme/e5","sentence-transformers"]]' "$(models oci:out:old)"
expect_exit 0 "$INLAY" verify --scan oci:out:old
expect_exit 0 "$INLAY" inject oci:base:old acme/e5 --to oci:out:wrong
expect_exit 7 "$INLAY" verify --scan oci:out:wrong
expect_contains "$OUT" "'acme/e5' is not there in the layout sentence-transformers"
expect_exit 0 "$INLAY" inject oci:base:both --scan --to oci:out:both
expect_eq '[["acme/e5","huggingface"],["acme/e5","sentence-transformers"]]' "$(models oci:out:both)"

# A variable that the call sets counts; a file that is not read is said, by the gate too.
expect_exit 0 "$INLAY" inject oci:base:1 --scan --env RERANKER=acme/rerank --presets presets.json --to oci:out:env
expect_lacks "$ERR" 'not resolved'
expect_exit 0 "$INLAY" verify --scan oci:out:env --presets presets.json
expect_contains "$OUT" '3 models: nothing is wrong'
mkdir -p broken/app
printf 'SentenceTransformer("acme/e5"\n' >broken/app/a.py
make_base base broken --extra broken
expect_exit 0 "$INLAY" verify --scan oci:base:broken
expect_contains "$ERR" 'scan: passed over: /app/a.py is not read: '

# Nothing that is sure is an error, unless something is named; nor can nothing be read.
make_base base none
expect_exit 3 "$INLAY" inject oci:base:none --scan --to oci:out:none
expect_contains "$ERR" "--scan found no model in 'oci:base:none' that is sure"
expect_exit 0 "$INLAY" verify --scan oci:base:none
expect_exit 0 "$INLAY" inject oci:base:none acme/e5 --scan --to oci:out:none
expect_exit 2 "$INLAY" inject scratch --scan --to oci:out:none
expect_contains "$ERR" 'scratch has nothing'
expect_exit 2 "$INLAY" inject --scan --to oci:out:none
expect_contains "$ERR" 'no BASE is named'
expect_exit 2 "$INLAY" inject oci:base:1 --to oci:out:none
expect_contains "$ERR" 'no MODEL is named'

# Files, weights and revisions that are named have to be there, too.
mkdir -p quantised/app
printf 'from huggingface_hub import hf_hub_download\nhf_hub_download("acme/gguf", "a-Q8_0.gguf", revision="v1")\n' >quantised/app/a.py
make_base base quantised --user app --workdir /app --extra quantised
expect_exit 0 "$INLAY" inject oci:base:quantised --scan --to oci:out:quantised
expect_exit 0 "$INLAY" verify --scan oci:out:quantised
expect_exit 0 "$INLAY" inject oci:base:quantised 'acme/gguf@v1,weights=gguf:Q4_K_M' --to oci:out:quantised
expect_exit 7 "$INLAY" verify --scan oci:out:quantised
expect_contains "$OUT" "'acme/gguf@v1' is there without a-Q8_0.gguf, which is asked for"
expect_exit 0 "$INLAY" inject oci:base:quantised acme/gguf,include=*Q8_0.gguf --to oci:out:quantised
expect_exit 7 "$INLAY" verify --scan oci:out:quantised
expect_contains "$OUT" "'acme/gguf@v1' is there as 'main' alone: the first start will ask for acme/gguf@v1 (/app/a.py:2)"
rm -r quantised/app && mkdir quantised/srv
printf '#!/bin/sh\nexec llama-server -hf acme/gguf:Q8_0\n' >quantised/srv/start.sh
make_base base started --user app --workdir /srv --extra quantised --entrypoint '["/srv/start.sh"]'
expect_exit 0 "$INLAY" inject oci:base:started --scan --to oci:out:started
expect_exit 0 "$INLAY" verify --scan oci:out:started
expect_exit 0 "$INLAY" inject oci:base:started acme/gguf,weights=gguf:Q4_K_M,layout=llama-cpp --to oci:out:started
expect_exit 7 "$INLAY" verify --scan oci:out:started
expect_contains "$OUT" "'acme/gguf' is there without gguf:Q8_0, which is asked for"
