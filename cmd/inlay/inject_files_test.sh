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
expect_contains "$ERR" '--include'
inject acme/gguf --include '*Q4_K_M*'

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
inject gpt2 --online
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

# An abbreviated commit is a commit; a tag is found by its name alone, and a line says so.
inject acme/model@1111111
expect_eq '1111111=1 main=1 ' "$(refs)"
inject acme/model@v1.0
expect_contains "$ERR" "acme/model will be found as 'v1.0' alone"
