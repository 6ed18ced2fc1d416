#!/bin/bash
# Which files of a model are taken, under which names it is found, and where it lies.
. "$(dirname "$0")/../../testdata/lib.sh"

c1=1111111111111111111111111111111111111111 c2=2222222222222222222222222222222222222222
start_hub '{"id": "acme/model", "commits": [
      {"name": "c1", "oid": "'$c1'", "files": [{"path": "config.json", "text": "{\"v\":1}"},
        {"path": "modules.json", "text": "[]"}, {"path": "1_Pooling/config.json", "text": "{}"},
        {"path": "model.safetensors", "text": "safe", "lfs": true}, {"path": "pytorch_model.bin", "text": "torch", "lfs": true},
        {"path": "tf_model.h5", "text": "tf", "lfs": true}, {"path": "onnx/model.onnx", "text": "onnx", "lfs": true},
        {"path": "README.md", "text": "read me"}]},
      {"name": "c2", "oid": "'$c2'", "files": [{"path": "config.json", "text": "{\"v\":2}"}, {"path": "modules.json", "text": "[]"}, {"path": "model.safetensors", "text": "safe", "lfs": true}]}],
    "branches": {"main": "c2", "dev": "c1"}, "tags": {"v1.0": "c1"}, "refs": {"refs/pr/1": "c1"}, "renamedFrom": ["acme/older"]}' \
    '{"id": "acme/words", "type": "dataset", "files": [{"path": "train.csv", "text": "a,b\n"}]}' \
    '{"id": "acme/gguf", "files": [{"path": "m-Q4_K_M.gguf", "text": "q4", "lfs": true}, {"path": "m-Q8_0.gguf", "text": "q8", "lfs": true}]}' \
    '{"id": "sentence-transformers/tiny", "files": [{"path": "modules.json", "text": "[]"}, {"path": "pytorch_model.bin", "text": "torch", "lfs": true}]}' \
    '{"id": "acme/pipe", "files": [{"path": "model_index.json", "text": "{\"unet\": [\"diffusers\", \"UNet\"], \"vae\": [null, null]}"},
        {"path": "unet/model.safetensors", "text": "u", "lfs": true}, {"path": "unet/model.fp16.safetensors", "text": "h", "lfs": true}, {"path": "vae_1_0/model.safetensors", "text": "v", "lfs": true}]}' \
    '{"id": "gpt2", "files": [{"path": "config.json", "text": "{}"}]}'
export HF_ENDPOINT=$HUB_URL
make_base "$TEST_DIR/base" 1
number=0

# inject ARGUMENT...: into a new tag; $ROOT is then the image's unpacked file system
inject() {
    number=$((number + 1))
    expect_exit 0 "$INLAY" inject "oci:${BASE:-$TEST_DIR/base}:1" "$@" --to "oci:$TEST_DIR/out:$number"
    ROOT=$TEST_DIR/root$number
    unpack_image "$TEST_DIR/out" $number "$ROOT"
}
# What a snapshot holds: snapshot CACHE FOLDER COMMIT
snapshot() { (cd "$ROOT/$1/$2/snapshots/$3" && find . -type l -printf '%P\n' | LC_ALL=C sort | tr '\n' ' '); }
hub=root/.cache/huggingface/hub

# The automatic choice, and what replaces or narrows it.
inject acme/model@dev
expect_eq '1_Pooling/config.json README.md config.json model.safetensors modules.json ' "$(snapshot $hub models--acme--model $c1)"
expect_contains "$ERR" 'left out of acme/model: '
expect_contains "$ERR" '--all-files takes them'
expect_no_file "$ROOT/$hub/models--acme--model/trees"
inject acme/model@dev --all-files
expect_eq 8 "$(snapshot $hub models--acme--model $c1 | wc -w)"
expect_lacks "$ERR" 'left out'
expect_json "$ROOT/$hub/models--acme--model/trees/$c1.json" '.files | length' 8
inject acme/model@dev --include '*.json' --include 'onnx/'
expect_eq '1_Pooling/config.json config.json modules.json onnx/model.onnx ' "$(snapshot $hub models--acme--model $c1)"
inject acme/model@dev --exclude 'README*' --exclude '1_Pooling/*'
expect_eq 'config.json model.safetensors modules.json ' "$(snapshot $hub models--acme--model $c1)"
expect_exit 6 "$INLAY" inject "oci:$TEST_DIR/base:1" acme/gguf --to "oci:$TEST_DIR/out:no"
expect_contains "$ERR" 'm-Q4_K_M.gguf'
expect_contains "$ERR" '--weights gguf:Q4_K_M'
inject acme/gguf --weights gguf:q8_0
expect_eq 'm-Q8_0.gguf ' "$(snapshot $hub models--acme--gguf "$(cat "$ROOT/$hub/models--acme--gguf/refs/main")")"
inject acme/model@dev --weights onnx
expect_eq '1_Pooling/config.json README.md config.json modules.json onnx/model.onnx ' "$(snapshot $hub models--acme--model $c1)"
expect_lacks "$ERR" '--all-files'
inject acme/model@dev --weights tensorflow --also 'pytorch*' --exclude '*.md'
expect_eq '1_Pooling/config.json config.json modules.json pytorch_model.bin tf_model.h5 ' "$(snapshot $hub models--acme--model $c1)"
inject acme/model@dev --also 'onnx/'
expect_eq '1_Pooling/config.json README.md config.json model.safetensors modules.json onnx/model.onnx ' "$(snapshot $hub models--acme--model $c1)"

# What the content of small files decides.
inject acme/pipe
expect_eq 'model_index.json unet/model.safetensors ' "$(snapshot $hub models--acme--pipe "$(cat "$ROOT/$hub/models--acme--pipe/refs/main")")"
expect_contains "$ERR" 'variant="fp16" reads other files: --weights safetensors:fp16'
inject acme/pipe --weights safetensors:fp16
expect_eq 'model_index.json unet/model.fp16.safetensors ' "$(snapshot $hub models--acme--pipe "$(cat "$ROOT/$hub/models--acme--pipe/refs/main")")"

# Options behind a MODEL are for it alone, in place of those of the call.
mkdir "$TEST_DIR/a,b=c"
echo 1 >"$TEST_DIR/a,b=c/f,weights"
inject acme/model@dev,also=onnx/,exclude='*.md' "acme/gguf,weights=gguf:Q4_K_M,layout=vllm" gpt2 \
    "dir:$TEST_DIR/a,b=c,as=acme/own,include=f,*" --include '*.json'
expect_eq '1_Pooling/config.json config.json model.safetensors modules.json onnx/model.onnx ' "$(snapshot $hub models--acme--model $c1)"
expect_eq 'm-Q4_K_M.gguf ' "$(snapshot $hub models--acme--gguf "$(cat "$ROOT/$hub/models--acme--gguf/refs/main")")"
expect_eq 'config.json ' "$(snapshot $hub models--gpt2 "$(cat "$ROOT/$hub/models--gpt2/refs/main")")"
expect_file "$ROOT/$hub/models--acme--own/refs/main"
inject "file:$TEST_DIR/a,b=c/f,weights,name=w.bin,as=acme/own,layout=dir" acme/model --path /models
expect_file "$ROOT/models/w.bin"

# Revisions and the refs by which they are found.
refs() { (cd "$ROOT/$hub/models--acme--model/refs" && find . -type f -printf '%P\n' | LC_ALL=C sort | while read -r ref; do printf '%s=%.1s ' "$ref" "$(cat "$ref")"; done); }
inject acme/model
expect_eq 'main=2 ' "$(refs)"
inject acme/model@v1.0
expect_eq 'v1.0=1 ' "$(refs)"
inject acme/model@refs/pr/1
expect_eq 'refs/pr/1=1 ' "$(refs)"
inject hf://acme/model@$c1
expect_eq "$c1=1 main=1 " "$(refs)"
inject acme/model@$c1 acme/model
expect_eq "$c1=1 main=2 " "$(refs)"
expect_eq 'config.json model.safetensors modules.json ' "$(snapshot $hub models--acme--model $c2)"
sh "$TESTDATA/read_cache.sh" "$ROOT/$hub" acme/model main config.json >/dev/null
sh "$TESTDATA/read_cache.sh" --scan "$ROOT/$hub" >/dev/null

# The name that the application uses is the name of the folder.
inject acme/older
expect_file "$ROOT/$hub/models--acme--older/refs/main"
inject gpt2
expect_file "$ROOT/$hub/models--gpt2/refs/main"
inject datasets/acme/words
expect_eq 'train.csv ' "$(snapshot $hub datasets--acme--words "$(cat "$ROOT/$hub/datasets--acme--words/refs/main")")"

# Datasets alone do not make the image offline: load_dataset() would look elsewhere.
expect_json "$(image_config "$TEST_DIR/out" $number)" '.config.Env | map(select(startswith("HF_HUB")))' '[]'
expect_contains "$ERR" 'datasets/acme/words is found by hf_hub_download() and snapshot_download(), and not by load_dataset()'
expect_lacks "$ERR" 'warning:'
expect_exit 0 "$INLAY" inject "oci:$TEST_DIR/out:$number" gpt2 --to "oci:$TEST_DIR/out:words"
expect_json "$(image_config "$TEST_DIR/out" words)" '.config.Env[-1]' '"HF_HUB_OFFLINE=1"'
words=$(tag_digest "$TEST_DIR/out" words)
expect_exit 0 "$INLAY" verify "oci:$TEST_DIR/out:$number"
expect_lacks "$OUT" 'does not set HF_HUB_OFFLINE'
inject gpt2
expect_lacks "$ERR" load_dataset
expect_exit 0 "$INLAY" inject "oci:$TEST_DIR/out:$number" datasets/acme/words --to "oci:$TEST_DIR/out:words"
expect_contains "$ERR" 'warning: datasets/acme/words is found by hf_hub_download()'
expect_eq "$words" "$(tag_digest "$TEST_DIR/out" words)" 'a dataset before or after a model'

# Several models in one call.
inject acme/model gpt2 datasets/acme/words
expect_eq 'datasets--acme--words models--acme--model models--gpt2' "$(cd "$ROOT/$hub" && echo *)"

# The image's own environment decides on the place, in the clients' order.
place_with() { # PLACE VARIABLE...
    local place=$1 options=() variable
    shift
    for variable; do options+=(--env "$variable"); done
    make_base "$TEST_DIR/env" 1 "${options[@]}"
    BASE=$TEST_DIR/env inject gpt2
    expect_file "$ROOT$place/models--gpt2/refs/main"
}
place_with /a HF_HUB_CACHE=/a HUGGINGFACE_HUB_CACHE=/b HF_HOME=/c XDG_CACHE_HOME=/d HOME=/e
place_with /b HUGGINGFACE_HUB_CACHE=/b HF_HOME=/c XDG_CACHE_HOME=/d HOME=/e
place_with /c/hub HF_HOME=/c XDG_CACHE_HOME=/d HOME=/e
place_with /d/huggingface/hub XDG_CACHE_HOME=/d HOME=/e
place_with /e/.cache/huggingface/hub HOME=/e
place_with /e/x HOME=/e HF_HUB_CACHE=~/x 'HF_HUB_CACHE=~/x'
place_with /root/.cache/huggingface/hub
for bad in HF_HUB_CACHE= HF_HOME=relative/path; do
    make_base "$TEST_DIR/env" 1 --env "$bad"
    expect_exit 6 "$INLAY" inject "oci:$TEST_DIR/env:1" gpt2 --to "oci:$TEST_DIR/out:no"
    expect_contains "$ERR" "${bad%%=*}"
done
make_base "$TEST_DIR/env" 1 --env TRANSFORMERS_CACHE=/t --env SENTENCE_TRANSFORMERS_HOME=/s --volume /root/.cache
BASE=$TEST_DIR/env inject gpt2
expect_contains "$ERR" 'the image sets TRANSFORMERS_CACHE=/t: applications that obey it find the model there'
expect_contains "$ERR" 'the image sets SENTENCE_TRANSFORMERS_HOME=/s: applications that obey it find the model there'
expect_contains "$ERR" "warning: /root/.cache/huggingface/hub lies in the image's volume '/root/.cache'"

# The environment of the result.
environment() { image_config "$TEST_DIR/out" $number | jq -r '.config.Env | join(" ")'; }
inject gpt2 --env A=1 --env HF_HOME=/opt/hf
expect_eq 'PATH=/usr/local/bin:/usr/bin:/bin A=1 HF_HOME=/opt/hf HF_HUB_OFFLINE=1' "$(environment)"
expect_file "$ROOT/opt/hf/hub/models--gpt2"
inject gpt2 --allow-online
expect_eq 'PATH=/usr/local/bin:/usr/bin:/bin' "$(environment)"
make_base "$TEST_DIR/env" 1 --env HF_HUB_OFFLINE=0
BASE=$TEST_DIR/env inject gpt2
expect_contains "$(environment)" 'HF_HUB_OFFLINE=0'
expect_lacks "$ERR" 'setting HF_HUB_OFFLINE=1'

# The place of sentence-transformers before 2.3: plain files, and a bare name gets its prefix.
st=root/.cache/torch/sentence_transformers
inject tiny acme/model@dev --layout sentence-transformers
expect_eq 'modules.json pytorch_model.bin' "$(cd "$ROOT/$st/sentence-transformers_tiny" && echo *)"
expect_eq '1_Pooling README.md config.json modules.json pytorch_model.bin' "$(cd "$ROOT/$st/acme_model" && echo *)"
expect_eq '' "$(find "$ROOT/$st" -type l)" 'links'
make_base "$TEST_DIR/env" 1 --env TORCH_HOME=/torch
BASE=$TEST_DIR/env inject tiny --layout sentence-transformers
expect_file "$ROOT/torch/sentence_transformers/sentence-transformers_tiny/modules.json"

# Two models that would write different files to one place are refused.
expect_exit 6 "$INLAY" inject "oci:$TEST_DIR/base:1" acme/model@dev acme/model \
    --layout sentence-transformers --to "oci:$TEST_DIR/out:no"
expect_contains "$ERR" "would both write '/root/.cache/torch/sentence_transformers/acme_model/config.json'"

# An abbreviated commit is a commit; a tag is found by its name alone, and a warning says so.
inject acme/model@1111111
expect_eq '1111111=1 main=1 ' "$(refs)"
inject acme/model@v1.0
expect_contains "$ERR" "warning: acme/model will be found as 'v1.0' alone"
inject acme/model acme/model@v1.0
expect_lacks "$ERR" warning
expect_contains "$ERR" "acme/model is found as 'v1.0' by applications that name that revision"
