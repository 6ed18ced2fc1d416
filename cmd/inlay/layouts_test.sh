#!/bin/bash
# Layouts of other loaders than the Hub's: where their files lie, calls that add to them, and what is
# said of a model that a loader would not find.
. "$(dirname "$0")/../../testdata/lib.sh"

cd "$TEST_DIR" || exit
repository() { # ID FILE...: a repository whose files hold their own names
    local id=$1
    shift
    jq -cn --arg id "$id" '{id: $id, files: [$ARGS.positional[] | {path: ., text: "\($id): \(.)"}]}' --args "$@"
}
start_hub "$(repository acme/chroma onnx/config.json onnx/model.onnx onnx/special_tokens_map.json onnx/tokenizer.json onnx/tokenizer_config.json onnx/vocab.txt)" \
    "$(repository acme/five config.json model.onnx)" \
    "$(repository acme/encodings cl100k_base.tiktoken)" "$(repository acme/gpt2 vocab.bpe encoder.json)" \
    "$(repository acme/resnet weights/resnet18-f37072fd.pth)" "$(repository acme/vgg vgg16-397923af.pth)" \
    "$(repository acme/code acme_net_v1/hubconf.py acme_net_v1/net.py acme_net_v1/weights/w.pth)" \
    "$(repository acme/base base.pt)" "$(repository acme/tiny tiny.pt)" "$(repository acme/other other.pt)" \
    "$(repository acme/words tokenizers/punkt_tab/english/a.txt corpora/stopwords/english)" \
    "$(repository acme/eng eng.traineddata)" "$(repository acme/ocr ch_PP-OCRv4_det.onnx)" \
    "$(repository acme/en en_core_web_sm/__init__.py en_core_web_sm-3.8.0.dist-info/METADATA)" \
    "$(repository acme/ollama manifests/registry.ollama.ai/library/tiny/latest "blobs/sha256-$(printf %064d 1)")" \
    "$(repository acme/kaggle google/gemma/keras/2b/3/config.json google/gemma/keras/2b/3/model.h5)" \
    "$(repository acme/net config.json onnx/model.onnx)" "$(repository acme/keras weights.h5)" \
    "$(repository acme/flair pytorch_model.bin)" \
    '{"id": "acme/twice", "commits": [{"name": "c1", "files": [{"path": "config.json", "text": "1"}]}, {"name": "c2", "files": [{"path": "config.json", "text": "2"}]}], "branches": {"main": "c1", "next": "c2"}}' \
    '{"id": "acme/d.ot", "branches": {"master": "first"}, "files": [{"path": "config.json", "text": "{}"}]}'
export HF_ENDPOINT=$HUB_URL MODELSCOPE_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
make_base base 1 --user app

# inject BASE TAG ARGUMENT...: $ROOT is then the image's unpacked file system, and verify finds all
inject() {
    local base=$1 tag=$2
    shift 2
    expect_exit 0 "$INLAY" inject "oci:$base" "$@" --to "oci:out:$tag"
    said=$ERR
    ROOT=$TEST_DIR/root-$tag
    rm -rf "$ROOT"
    unpack_image out "$tag" "$ROOT"
    expect_exit 0 "$INLAY" verify "oci:out:$tag"
    checked=$OUT
}
# Files and links below a folder of the image.
found() { (cd "$ROOT/$1" && find . ! -type d -printf '%P\n' | LC_ALL=C sort | tr '\n' ' '); }
variable() { image_config out "$1" | jq -r --arg name "$2" '[.config.Env[] | select(startswith($name + "="))] | last'; }
models() { "$INLAY" inspect --json "oci:out:$1" | jq -r '[.. | .models? | arrays | .[] | .name] | unique | join(" ")'; }

# --- chroma: its six files and no others, with or without the folder that its archive has ---
place=home/app/.cache/chroma/onnx_models/all-MiniLM-L6-v2
inject base:1 chroma acme/chroma --layout chroma
expect_eq 'onnx/config.json onnx/model.onnx onnx/special_tokens_map.json onnx/tokenizer.json onnx/tokenizer_config.json onnx/vocab.txt ' "$(found $place)"
expect_eq '1000:1000' "$(stat -c %u:%g "$ROOT/$place/onnx/vocab.txt")"
expect_eq null "$(variable chroma HF_HUB_OFFLINE)"
# The archive that Chroma itself fetches, and its folder, are the same files.
mkdir onnx && (cd "$ROOT/$place/onnx" && cp -- * "$TEST_DIR/onnx/")
tar -czf onnx.tar.gz onnx
inject base:1 archive file:onnx.tar.gz --layout chroma
expect_eq "$(sha256_of onnx/model.onnx)" "$(sha256_of "$ROOT/$place/onnx/model.onnx")"
expect_eq 6 "$(found $place | wc -w)"
inject base:1 folder dir:onnx --layout chroma
expect_eq "$(sha256_of onnx/vocab.txt)" "$(sha256_of "$ROOT/$place/onnx/vocab.txt")"
expect_exit 6 "$INLAY" inject oci:base:1 acme/five --layout chroma --to oci:out:no
expect_contains "$ERR" "'onnx/special_tokens_map.json' is missing: in the layout 'chroma' the loader finds nothing without onnx/config.json, onnx/model.onnx"
expect_exit 6 "$INLAY" inject oci:base:1 acme/base --layout chroma --to oci:out:no
expect_contains "$ERR" "'onnx/base.pt' is not what its loader looks for in the layout 'chroma': onnx/config.json"
expect_exit 2 "$INLAY" inject oci:base:1 acme/chroma --layout chroma --cache-dir /x --to oci:out:no
expect_contains "$ERR" '--cache-dir cannot move the place of --layout chroma'

# --- tiktoken: names made of URLs, a variable that the image gets, a second call to the same folder ---
place=home/app/.cache/tiktoken
inject base:1 tiktoken acme/encodings --layout tiktoken
expect_eq '9b5ad71b2ce5302211f9c61530b329a4922fc6a4 ' "$(found $place)"
expect_eq "TIKTOKEN_CACHE_DIR=/$place" "$(variable tiktoken TIKTOKEN_CACHE_DIR)"
expect_contains "$said" "setting TIKTOKEN_CACHE_DIR=/$place in the image"
inject out:tiktoken tiktoken acme/gpt2 --layout tiktoken
expect_eq '6c7ea1a7e38e3a7f062df639a5b80947f075ffe6 6d1cbeee0f20b3d9449abfede4726ed8212e3aee 9b5ad71b2ce5302211f9c61530b329a4922fc6a4 ' "$(found $place)"
expect_eq 'acme/encodings acme/gpt2' "$(models tiktoken)"
expect_exit 0 "$INLAY" verify --hub oci:out:tiktoken
expect_exit 0 "$INLAY" remove oci:out:tiktoken acme/encodings --to oci:out:tiktoken
ROOT=$TEST_DIR/removed && unpack_image out tiktoken "$ROOT"
expect_eq '6c7ea1a7e38e3a7f062df639a5b80947f075ffe6 6d1cbeee0f20b3d9449abfede4726ed8212e3aee ' "$(found $place)"
expect_exit 0 "$INLAY" verify oci:out:tiktoken
inject base:1 moved acme/encodings --layout tiktoken --cache-dir /srv/tiktoken
expect_eq '9b5ad71b2ce5302211f9c61530b329a4922fc6a4 ' "$(found srv/tiktoken)"
make_base named 1 --env DATA_GYM_CACHE_DIR=/gym
inject named:1 gym acme/encodings --layout tiktoken
expect_eq null "$(variable gym TIKTOKEN_CACHE_DIR)"
expect_file "$ROOT/gym/9b5ad71b2ce5302211f9c61530b329a4922fc6a4"
expect_exit 6 "$INLAY" inject oci:base:1 acme/tiny --layout tiktoken --to oci:out:no
expect_contains "$ERR" "'tiny.pt' is none of the files that tiktoken knows by name"

# --- torch.hub: checkpoints, code, and a list that has to be there ---
place=home/app/.cache/torch/hub
inject base:1 torch acme/resnet acme/code --layout torch-hub
inject out:torch torch acme/vgg --layout torch-hub
expect_eq 'acme_net_v1/hubconf.py acme_net_v1/net.py acme_net_v1/weights/w.pth checkpoints/resnet18-f37072fd.pth checkpoints/vgg16-397923af.pth trusted_list ' "$(found $place)"
expect_eq 0 "$(stat -c %s "$ROOT/$place/trusted_list")"
expect_eq 'acme/code acme/resnet acme/vgg' "$(models torch)"
expect_exit 0 "$INLAY" verify --hub oci:out:torch
expect_exit 0 "$INLAY" remove oci:out:torch acme/resnet --to oci:out:torch
expect_exit 0 "$INLAY" verify oci:out:torch
ROOT=$TEST_DIR/rest && unpack_image out torch "$ROOT"
expect_no_file "$ROOT/$place/checkpoints/resnet18-f37072fd.pth"
expect_file "$ROOT/$place/checkpoints/vgg16-397923af.pth"
# What a base has of these stays as it is.
mkdir -p trusts/opt/torch/hub/checkpoints && echo acme_net >trusts/opt/torch/hub/trusted_list
chmod 770 trusts/opt/torch/hub/checkpoints
make_base trusts 1 --extra trusts --env TORCH_HOME=/opt/torch
inject trusts:1 trusts acme/vgg --layout torch-hub
expect_eq acme_net "$(cat "$ROOT/opt/torch/hub/trusted_list")"
expect_eq 770 "$(stat -c %a "$ROOT/opt/torch/hub/checkpoints")"

# --- whisper: two sizes in one folder; names of its list alone ---
inject base:1 whisper acme/base acme/tiny --layout whisper
expect_eq 'base.pt tiny.pt ' "$(found home/app/.cache/whisper)"
expect_exit 0 "$INLAY" remove oci:out:whisper acme/base --to oci:out:whisper
ROOT=$TEST_DIR/one && unpack_image out whisper "$ROOT"
expect_eq 'tiny.pt ' "$(found home/app/.cache/whisper)"
make_base xdg 1 --env XDG_CACHE_HOME=/var/cache
inject xdg:1 xdg acme/base --layout whisper
expect_eq 'base.pt ' "$(found var/cache/whisper)"
expect_exit 6 "$INLAY" inject oci:base:1 acme/other --layout whisper --to oci:out:no
expect_contains "$ERR" "'other.pt' is not what its loader looks for in the layout 'whisper': tiny.en.pt, tiny.pt"
expect_exit 2 "$INLAY" inject oci:base:1 acme/base --layout whisper --cache-dir /x --to oci:out:no
expect_contains "$ERR" 'set that by --env XDG_CACHE_HOME=PATH'

# --- NLTK: a list of folders, of which the first counts ---
make_base nltk 1 --env NLTK_DATA=:/data/nltk:/usr/share/nltk_data
inject nltk:1 nltk acme/words --layout nltk
expect_eq 'corpora/stopwords/english tokenizers/punkt_tab/english/a.txt ' "$(found data/nltk)"
expect_exit 6 "$INLAY" inject oci:base:1 acme/base --layout nltk --to oci:out:no
expect_contains "$ERR" "'base.pt' is in none of NLTK's categories"

# --- the working directory, an installed package, and what lies beside it ---
site=opt/venv/lib/python3.11/site-packages
mkdir -p installed/app installed/$site/{rapidocr/models,spacy} installed/usr/lib/python3/dist-packages/spacy
mkdir -p installed/app/node_modules/@huggingface/transformers
chmod 775 installed/$site/rapidocr/models
make_base plain 1 --extra installed --env PATH=/opt/venv/bin:/usr/bin
# working_dir OCI_DIR PATH: gives the image a WorkingDir
working_dir() {
    skopeo copy -q "oci:$1:1" dir:edited && rm -rf "$1"
    local config
    config=$(jq -r .config.digest edited/manifest.json)
    jq -c --arg path "$2" '.config.WorkingDir = $path' "edited/${config#*:}" >config.json
    rm "edited/${config#*:}"
    local digest size
    digest=$(sha256_of config.json) size=$(stat -c %s config.json)
    mv config.json "edited/$digest"
    jq -c --arg digest "sha256:$digest" --argjson size "$size" '.config.digest = $digest | .config.size = $size' \
        edited/manifest.json >manifest.json && mv manifest.json edited/
    skopeo copy -q --preserve-digests dir:edited "oci:$1:1"
}
expect_exit 6 "$INLAY" inject oci:plain:1 acme/eng --layout tesseract-js --to oci:out:no
expect_contains "$ERR" "in the layout 'tesseract-js' the loader looks in /, the root of the image, which is its WorkingDir"
working_dir plain /app
inject plain:1 tesseract acme/eng --layout tesseract-js
expect_eq 'eng.traineddata ' "$(found app)"
inject plain:1 rapidocr acme/ocr --layout rapidocr
expect_eq 'ch_PP-OCRv4_det.onnx ' "$(found $site/rapidocr/models)"
expect_eq 775 "$(stat -c %a "$ROOT/$site/rapidocr/models")"
inject plain:1 spacy acme/en --layout spacy
expect_contains "$said" "the package 'spacy' is in /usr/lib/python3/dist-packages/spacy too; the model goes to that in /$site/spacy"
expect_eq 'en_core_web_sm-3.8.0.dist-info/METADATA en_core_web_sm/__init__.py ' "$(found $site)"
inject plain:1 js acme/net --layout transformers-js
expect_eq 'acme/net/config.json acme/net/onnx/model.onnx ' "$(found app/node_modules/@huggingface/transformers/.cache)"
expect_exit 3 "$INLAY" inject oci:base:1 acme/ocr --layout rapidocr --to oci:out:no
expect_contains "$ERR" "puts files into the package 'rapidocr', which the image does not have"

# --- marker files, settings, a folder that has to be writable, the Hub's tree elsewhere ---
inject base:1 kaggle acme/kaggle --layout kagglehub
expect_eq 'google/gemma/keras/2b/3.complete google/gemma/keras/2b/3/config.json google/gemma/keras/2b/3/model.h5 ' "$(found home/app/.cache/kagglehub/models)"
expect_contains "$checked" '2 files'
inject base:1 ollama acme/ollama --layout ollama
expect_eq OLLAMA_NOPRUNE=1 "$(variable ollama OLLAMA_NOPRUNE)"
expect_file "$ROOT/home/app/.ollama/models/manifests/registry.ollama.ai/library/tiny/latest"
# Two models of Ollama's own registry, which share a blob: what is left has it when one goes.
start_registry
printf one >config-one && printf two >config-two && printf weights >weights
for name in one two; do
    push_ollama "$REGISTRY/library/$name:latest" "application/vnd.docker.container.image.v1+json=config-$name" \
        application/vnd.ollama.image.model=weights >/dev/null
done
inject base:1 two "ollama://$REGISTRY/library/one" --layout ollama
inject out:two two "ollama://$REGISTRY/library/two" --layout ollama
expect_eq 5 "$(found home/app/.ollama/models | wc -w)"
expect_exit 0 "$INLAY" remove oci:out:two "ollama://$REGISTRY/library/one:latest" --to oci:out:two
expect_exit 0 "$INLAY" verify oci:out:two
ROOT=$TEST_DIR/second && unpack_image out two "$ROOT"
expect_eq 3 "$(found home/app/.ollama/models | wc -w)"
expect_eq weights "$(cat "$ROOT/home/app/.ollama/models/blobs/sha256-$(sha256_of weights)")"
mkdir -p closed/opt/keras/models
make_base closed 1 --extra closed --user app --env KERAS_HOME=/opt/keras
inject closed:1 keras acme/keras --layout keras
expect_contains "$said" 'the user 1000:1000 may not write in /opt/keras/models'
inject base:1 keras acme/keras --layout keras
expect_lacks "$said" 'may not write'
inject base:1 fastembed acme/net --layout fastembed
expect_eq FASTEMBED_CACHE_PATH=/home/app/.cache/fastembed "$(variable fastembed FASTEMBED_CACHE_PATH)"
expect_eq HF_HUB_OFFLINE=1 "$(variable fastembed HF_HUB_OFFLINE)"
expect_file "$ROOT/home/app/.cache/fastembed/models--acme--net/refs/main"
inject base:1 flair acme/flair --layout flair
expect_file "$ROOT/home/app/.flair/models/flair/models--acme--flair/refs/main"
inject base:1 docling dir:onnx --as acme/layout --layout docling
expect_file "$ROOT/home/app/.cache/docling/models/acme--layout/model.onnx"
expect_exit 2 "$INLAY" inject oci:base:1 dir:onnx --layout docling --to oci:out:no
expect_contains "$ERR" 'a folder has no name in the cache of its loader; say --as org/name'
inject base:1 modelscope ms://acme/d.ot --layout modelscope
expect_eq 'acme/d___ot/config.json ' "$(found home/app/.cache/modelscope/hub/models)"
# vLLM's is the Hub's own cache, by the name of that.
inject base:1 vllm acme/net --layout vllm
inject base:1 hub acme/net
expect_eq "$(image_manifest out hub | sha256_of /dev/stdin)" "$(image_manifest out vllm | sha256_of /dev/stdin)"

# --- several layouts in one image, one after the other ---
inject out:chroma all acme/base --layout whisper
inject out:all all acme/encodings --layout tiktoken
inject out:all all acme/net
expect_eq 'acme/base acme/chroma acme/encodings acme/net' "$(models all)"

# --- loaders that read one tree: there is one folder for a model, and the later call's is in it ---
commits() { "$INLAY" inspect --json "oci:out:$1" | jq -r '[.. | .models? | arrays | .[] | "\(.name) \(.layout)"] | unique | join(", ")'; }
for pair in 'huggingface hf-hub' 'hf-hub tei' 'tei llama-cpp' 'llama-cpp huggingface'; do
    inject base:1 tree acme/twice --layout "${pair% *}"
    inject out:tree tree acme/twice@next --layout "${pair#* }"
    expect_contains "$said" 'acme/twice: commit '
    expect_eq "acme/twice ${pair#* }" "$(commits tree)"
    expect_eq 1 "$(find "$ROOT/home/app/.cache/huggingface/hub/models--acme--twice/snapshots" -mindepth 1 -maxdepth 1 | wc -l)"
done
# Other models of these stay.
inject out:tree tree acme/net
expect_eq 'acme/net huggingface, acme/twice huggingface' "$(commits tree)"
inject out:tree tree acme/net --layout tei
expect_eq 'acme/net tei, acme/twice huggingface' "$(commits tree)"
expect_exit 0 "$INLAY" remove oci:out:tree acme/net --to oci:out:tree
expect_exit 0 "$INLAY" verify oci:out:tree
# In one call the same folder is there once.
inject base:1 tree acme/net acme/net,layout=hf-hub
expect_eq 'acme/net huggingface' "$(commits tree)"
inject base:1 tree acme/net acme/net,layout=tei,also=*

# --- a link for one loader where another has the model: the folder stays what it is ---
fastembed=home/app/.cache/fastembed/models--acme--net
refused() { # TEXT BASE ARGUMENT...
    expect_exit 6 "$INLAY" inject "oci:$2" "${@:3}" --to oci:out:no
    expect_contains "$ERR" "$1"
}
no_link="no link to the model from /home/app/.cache/fastembed, where 'acme/net' lies as another loader has it"
inject base:1 both acme/net --layout fastembed
inject out:both both acme/net
expect_contains "$said" "$no_link"
expect_eq true "$([ -d "$ROOT/$fastembed" ] && [ ! -L "$ROOT/$fastembed" ] && echo true)"
expect_eq 'acme/net fastembed, acme/net huggingface' "$(commits both)"
expect_exit 0 "$INLAY" remove oci:out:both acme/net --to oci:out:both
expect_exit 0 "$INLAY" verify --allow-none oci:out:both
# A model that nobody else has gets its link.
inject base:1 both acme/net --layout fastembed
inject out:both both acme/twice
expect_lacks "$said" 'no link'
expect_eq true "$([ -L "$ROOT/home/app/.cache/fastembed/models--acme--twice" ] && echo true)"
for order in 'acme/net acme/net,layout=fastembed' 'acme/net,layout=fastembed acme/net'; do
    # shellcheck disable=SC2086 # two models
    inject base:1 both $order
    expect_contains "$said" "$no_link"
    expect_eq true "$([ ! -L "$ROOT/$fastembed" ] && echo true)"
done
make_base linked 1 --user app --env FASTEMBED_CACHE_PATH=/home/app/.cache/fastembed
inject linked:1 both acme/net
expect_eq true "$([ -L "$ROOT/$fastembed" ] && echo true)"
refused "/$fastembed is a link to 'acme/net' in the cache, which the image has; remove that one" out:both acme/net --layout fastembed
inject out:both both acme/net acme/net,layout=fastembed
expect_contains "$said" "$no_link"
expect_eq true "$([ ! -L "$ROOT/$fastembed" ] && echo true)"
# Shared models have links in the one place.
inject base:1 both acme/net --shared
refused "/home/app/.cache/huggingface/hub/models--acme--net is a link to 'acme/net' in the cache, which the image has" \
    out:both acme/net --shared --layout hf-hub
refused "/home/app/.cache/huggingface/hub/models--acme--net is a link to" out:both acme/net --layout hf-hub
refused "'acme/net@main' and 'acme/net@main' would both write '/home/app/.cache/huggingface/hub/models--acme--net'" \
    base:1 acme/net acme/net,layout=hf-hub --shared
inject base:1 both acme/net
inject out:both both acme/net --shared --layout hf-hub
expect_eq 'acme/net hf-hub' "$(commits both)"

# --- the last of several is not taken for all ---
expect_exit 2 "$INLAY" inject oci:base:1 acme/base --layout whisper --layout dir --path /x --to oci:out:no
expect_contains "$ERR" '--layout is for all models, and is given twice, as whisper and dir; write MODEL,layout=dir for one of them'
inject base:1 vllm acme/net --layout vllm --layout huggingface

# --- a shared model of a loader that wants to write: its own place counts ---
inject base:1 keras acme/keras --layout keras --shared
expect_lacks "$said" 'may not write'
inject closed:1 keras acme/keras --layout keras --shared
expect_contains "$said" 'the user 1000:1000 may not write in /opt/keras/models'

# --- the Hub's cache in a folder that a call names: no variable says so, and each folder is one of its own ---
expect_exit 2 "$INLAY" inject oci:base:1 acme/net --layout hub-dir --to oci:out:hub
expect_contains "$ERR" "--layout hub-dir wants the model's folder; name it by --path"
inject base:1 hub acme/net --layout hub-dir --path /srv/a
expect_file "$ROOT/srv/a/models--acme--net/refs/main"
expect_eq null "$(variable hub HF_HUB_CACHE)"
expect_eq HF_HUB_OFFLINE=1 "$(variable hub HF_HUB_OFFLINE)"
inject out:hub hub acme/net,layout=hub-dir,path=/srv/b acme/net
expect_eq 3 "$(find "$ROOT" -path '*models--acme--net/refs/main' | wc -l)"
expect_exit 0 "$INLAY" remove oci:out:hub acme/net --to oci:out:hub
expect_eq '' "$(models hub)"
expect_exit 2 "$INLAY" inject oci:base:1 acme/net --layout hub-dir --path /srv/a --shared --to oci:out:hub
expect_contains "$ERR" "leave --shared out"

# --- the list ---
expect_exit 0 "$INLAY" layouts --json
expect_eq true "$(jq '(.layouts | length) >= 25 and ([.layouts[] | select(.evidence == "judged")] | length) >= 10' <<<"$OUT")"
for name in $(jq -r '.layouts[].name' <<<"$OUT"); do
    expect_exit 0 "$INLAY" layouts "$name"
    expect_contains "$OUT" "layout     $name"
    [ "$(wc -L <<<"$OUT")" -le 100 ] || fail "what is told of $name has long lines"
    grep -q "\`$name\`" "$TESTDATA/../docs/layouts.md" || fail "docs/layouts.md does not tell of $name"
done
expect_exit 2 "$INLAY" layouts wisper
expect_eq "inlay: 'wisper' is no layout; near it: whisper; 'inlay layouts' lists them" "$ERR"
# Words are looked for in names, and in what layouts are for.
expect_exit 0 "$INLAY" layouts Transformers --json
expect_json "$OUT" '[.layouts[0].name, ([.layouts[].name] | index("transformers-js") != null)]' '["huggingface",true]'
expect_exit 0 "$INLAY" layouts langchain
expect_contains "$OUT" 'layout     huggingface'
expect_exit 0 "$INLAY" layouts rust hub
expect_contains "$OUT" 'layout     fastembed-rs'
expect_exit 0 "$INLAY" layouts onnx
expect_contains "$(head -n 1 <<<"$OUT")" 'LAYOUT'
expect_exit 2 "$INLAY" layouts nothing-like-it
# On a terminal: what they are for comes first, and no column is left out in silence.
for width in 40 80 200; do
    screen=$(COLUMNS=$width script -qec "stty cols $width; '$INLAY' layouts" /dev/null | tr -d '\r')
    expect_contains "$(head -n 1 <<<"$screen")" 'FOR'
    [ "$(grep -v '^A wider\|judged\|inlay layouts' <<<"$screen" | LC_ALL=C.UTF-8 wc -L)" -le "$((width > 43 ? width : 43))" ] || fail "lines are wider than $width"
    expect_contains "$screen" 'A wider line also has '
done
expect_exit 2 "$INLAY" layouts ax bx
expect_contains "$ERR" "no layout has 'ax' and 'bx'"
