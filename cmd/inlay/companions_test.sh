#!/bin/bash
# What models make their loaders ask for besides: found before any weight moves, told, and taken or left.
. "$(dirname "$0")/../../testdata/lib.sh"

# repo ID FILE TEXT [FILE TEXT]...: a repository of small files
repo() {
    local id=$1 files=()
    shift
    while [ $# -gt 0 ]; do
        files+=("$(jq -n --arg path "$1" --arg text "$2" '{path: $path, text: $text}')")
        shift 2
    done
    jq -n --arg id "$id" '{id: $id, files: [inputs]}' <<<"${files[*]}"
}
adapter() { repo "$1" adapter_config.json "$(jq -n --arg base "$2" '{base_model_name_or_path: $base}')" adapter_model.safetensors a; }
maps_to() { jq -n --arg class "$1--modeling.Model" '{auto_map: {AutoModel: $class}}'; }
names_many() { # ID FIRST LAST: weights of so many other repositories
    repo "$1" modular_model_index.json "$(jq -n --argjson first "$2" --argjson last "$3" \
        '[range($first; $last + 1) | {("c\(.)"): ["d", "C", {repo: "acme/part-\(.)"}]}] | add')"
}

gated=$(repo acme/gated-code modeling.py 'class Model: pass' | jq '.gated = "manual"')
text_of() { jq -n --arg name "$1" '{model_cfg: {text_cfg: {hf_tokenizer_name: $name}}}'; }
start_hub "$(repo acme/tiny config.json "$(maps_to acme/code)" model.safetensors w)" \
    "$(repo acme/code modeling.py 'from .parts import x' parts.py 'x = 1' config.json '{}' model.safetensors large README.md text)" \
    "$(repo acme/own config.json "$(jq -n '{auto_map: {AutoModel: "modeling.Model"}}')" modeling.py 'class Model: pass' model.safetensors w)" \
    "$(adapter acme/adapter acme/tiny)" "$(adapter acme/one acme/two)" "$(adapter acme/two acme/one)" \
    "$(adapter acme/local /home/me/llama)" "$(adapter acme/orphan acme/gone)" \
    "$(adapter acme/of-code acme/code)" \
    "$(repo acme/locked config.json "$(maps_to acme/gated-code)" model.safetensors w)" "$gated" \
    "$(repo acme/lost config.json "$(maps_to acme/gone)" model.safetensors w)" \
    "$(repo acme/names gliner_config.json '{"model_name": "acme/gone"}' pytorch_model.bin w)" \
    "$(repo acme/notok tokenizer.json '{}')" \
    "$(repo acme/text-first open_clip_config.json "$(text_of acme/notok)" processor_config.json "$(maps_to acme/notok)" model.bin w)" \
    "$(repo acme/code-first config.json "$(maps_to acme/notok)" open_clip_config.json "$(text_of acme/notok)" model.bin w)" \
    "$(repo acme/base-first adapter_config.json '{"base_model_name_or_path": "acme/notok"}' config.json "$(maps_to acme/notok)")" \
    "$(repo acme/pyonly modeling.py 'class Model: pass')" \
    "$(repo acme/no-text config.json "$(maps_to acme/pyonly)" open_clip_config.json "$(text_of acme/pyonly)" model.bin w)" \
    "$(repo acme/parts unet/model.bin u vae/model.bin v text/model.bin t)" \
    "$(repo acme/modular modular_model_index.json "$(jq -n '{_class_name: "P"} + (["unet", "vae"] | map({(.): ["d", "C", {repo: "acme/parts", subfolder: .}]}) | add)')")" \
    '{"id": "acme/twice", "commits": [{"name": "c1", "files": [{"path": "m.py", "text": "1"}, {"path": "model.bin", "text": "1"}]},
        {"name": "c2", "files": [{"path": "m.py", "text": "2"}, {"path": "model.bin", "text": "2"}]}],
        "branches": {"main": "c2", "v9": "c1"}}' \
    "$(repo acme/pinned adapter_config.json '{"base_model_name_or_path": "acme/twice", "revision": "v9"}')" \
    "$(repo acme/runs-twice config.json "$(maps_to acme/twice)" model.bin w)" \
    "$(names_many acme/many-1 1 60)" "$(names_many acme/many-2 61 101)" "$(names_many acme/many-3 41 100)" \
    "$(repo acme/hostile config.json '{"auto_map": {"AutoModel": "../../etc--a.B", "AutoConfig": "a/\u001b[2J--a.B"}}' model.safetensors w)"
export HF_ENDPOINT=$HUB_URL
cd "$TEST_DIR" || exit
make_base base 1 --user app --env HF_HOME=/models/hf
hub=models/hf/hub
# inject TAG ARGUMENT...: the base is oci:base:1, unless BASE names another
inject() {
    expect_exit 0 "$INLAY" inject "oci:${BASE:-base:1}" "${@:2}" --to "oci:out:$1"
    ROOT=$TEST_DIR/root-$1
    unpack_image out "$1" "$ROOT"
}
files_of() { (cd "$ROOT/$hub/models--acme--$1/snapshots"/* && find . -type l -printf '%P\n' | LC_ALL=C sort | tr '\n' ' '); }
models_in() { (cd "$1/$hub" && echo models--*); }

# Code in another repository comes along, all Python files of it and nothing else, under its own name and main.
inject code acme/tiny
expect_eq 'modeling.py parts.py ' "$(files_of code)"
expect_file "$ROOT/$hub/models--acme--code/refs/main"
expect_contains "$ERR" 'acme/code@main comes along: acme/tiny@main loads it (config.json: auto_map.AutoModel, code that is run)'
expect_contains "$ERR" 'acme/tiny@main has code, which is copied at the start to HF_MODULES_CACHE'
expect_lacks "$ERR" 'left out of acme/code'
expect_exit 0 "$INLAY" inspect oci:out:code --json
expect_json "$OUT" '[.models[].name] | sort' '["acme/code","acme/tiny"]'
expect_exit 0 "$INLAY" verify oci:out:code

# The same again is the same image; from an image that has the code already it stays, and nothing is said to be missing.
first=$(image_manifest out code | sha256sum)
inject again acme/tiny
expect_eq "$first" "$(image_manifest out again | sha256sum)"
BASE=out:code inject more acme/tiny --no-companions
expect_lacks "$ERR" 'left out'
expect_eq 'models--acme--code models--acme--tiny' "$(models_in "$ROOT")"

# What the base has counts if it is what the loader asks for: weights, not the code alone, and of that revision.
BASE=out:code inject code-alone acme/of-code
expect_contains "$ERR" 'acme/of-code@main loads acme/code@main besides (adapter_config.json: base_model_name_or_path, the adapter'"'"'s base model, '
expect_contains "$ERR" 'which is not taken'
expect_contains "$ERR" 'acme/code@main: the image has another commit of it, or less'
BASE=out:code inject code-alone acme/of-code --no-companions
expect_contains "$ERR" 'which is left out'
BASE=out:code inject whole acme/adapter
expect_lacks "$ERR" 'acme/adapter@main loads'
inject main acme/twice
inject v9 acme/twice@v9
BASE=out:main inject pinned acme/pinned
expect_contains "$ERR" 'acme/pinned@main loads acme/twice@v9 besides'
BASE=out:main inject pinned acme/pinned --no-companions
expect_contains "$ERR" 'acme/twice@v9 besides (adapter_config.json: base_model_name_or_path, the adapter'"'"'s base model), which is left out'
BASE=out:v9 inject pinned acme/pinned
expect_lacks "$ERR" 'besides'
BASE=out:main inject runs-main acme/runs-twice
expect_lacks "$ERR" 'besides'
BASE=out:v9 inject runs-v9 acme/runs-twice
expect_contains "$ERR" 'acme/runs-twice@main loads acme/twice@main besides (config.json: auto_map.AutoModel, code that is run); the image has another commit of it, which stays'
expect_eq 'm.py model.bin ' "$(files_of twice)"
expect_exit 7 "$INLAY" verify oci:out:runs-v9
expect_contains "$OUT" "'inlay inject IMAGE acme/runs-twice acme/twice@main --to TARGET' takes it along"
BASE=out:v9 inject runs-both acme/runs-twice acme/twice@main
expect_exit 0 "$INLAY" verify oci:out:runs-both

# Without companions, and one that the call names.
inject none acme/tiny --no-companions
expect_eq 'models--acme--tiny' "$(models_in "$ROOT")"
expect_contains "$ERR" 'acme/tiny@main loads acme/code@main besides (config.json: auto_map.AutoModel, code that is run), which is left out'
inject named acme/tiny acme/code
expect_eq 'README.md config.json model.safetensors modeling.py parts.py ' "$(files_of code)"
expect_lacks "$ERR" 'comes along'
inject own acme/own
expect_contains "$ERR" 'HF_MODULES_CACHE'
expect_eq 'models--acme--own' "$(models_in "$ROOT")"

# An adapter's base is weights: told with its size, taken with --companions, and then followed.
inject adapter acme/adapter
expect_eq 'models--acme--adapter' "$(models_in "$ROOT")"
expect_contains "$ERR" 'acme/adapter@main loads acme/tiny@main besides (adapter_config.json: base_model_name_or_path, the adapter'"'"'s base model, '
expect_contains "$ERR" 'which is not taken: name it, too, or --companions takes it'
inject base acme/adapter --companions
expect_eq 'models--acme--adapter models--acme--code models--acme--tiny' "$(models_in "$ROOT")"
expect_eq 'modeling.py parts.py ' "$(files_of code)"
expect_eq 'config.json model.safetensors ' "$(files_of tiny)"
inject circle acme/one --companions
expect_eq 'models--acme--one models--acme--two' "$(models_in "$ROOT")"

# A repository that is code to one and weights to another is taken whole.
inject both acme/tiny acme/of-code --companions
expect_eq 'README.md config.json model.safetensors modeling.py parts.py ' "$(files_of code)"

# Of a repository that is named for several of its folders, all of these are taken, and told with their size.
inject modular acme/modular --companions
expect_eq 'unet/model.bin vae/model.bin ' "$(files_of parts)"
expect_exit 0 "$INLAY" plan oci:base:1 acme/modular --json -q
expect_json "$OUT" '.companions | map([.name, .state, .size])' '[["acme/parts","left",2]]'

# What is no name of the Hub, and what names nothing at all.
inject local acme/local
expect_contains "$ERR" "'/home/me/llama', which adapter_config.json names (base_model_name_or_path), is no model of the Hub"
inject hostile acme/hostile
expect_contains "$ERR" "'../../etc', which config.json names"
expect_contains "$ERR" "'a/?[2J', which config.json names"

# What cannot be had: code is needed, and so are weights that are asked for; a tokenizer is missed.
expect_exit 4 "$INLAY" inject oci:base:1 acme/lost --to oci:out:lost
expect_contains "$ERR" "'acme/lost@main' needs 'acme/gone@main' (config.json: auto_map.AutoModel, code that is run): "
expect_contains "$ERR" '--no-companions leaves it out'
expect_exit 4 "$INLAY" inject oci:base:1 acme/locked --to oci:out:locked
expect_contains "$ERR" "'acme/locked@main' needs 'acme/gated-code@main'"
expect_contains "$ERR" 'HF_TOKEN'
inject locked acme/locked --no-companions
expect_exit 4 "$INLAY" inject oci:base:1 acme/orphan --companions --to oci:out:orphan
expect_contains "$ERR" "'acme/orphan@main' needs 'acme/gone@main'"
inject orphan acme/orphan
expect_contains "$ERR" 'of unknown size), which is not taken'
inject names acme/names
expect_contains "$ERR" 'acme/names@main loads acme/gone@main besides (gliner_config.json: model_name, the tokenizer), which cannot be had: '
# So it is in whatever order one repository is named for several things.
for model in text-first code-first base-first; do
    expect_exit 3 "$INLAY" inject oci:base:1 acme/$model --companions --to oci:out:x
    expect_contains "$ERR" "'acme/$model@main' needs 'acme/notok@main'"
    expect_contains "$ERR" "no file of 'acme/notok' matches '*.py'"
done
inject no-text acme/no-text
expect_contains "$ERR" 'acme/no-text@main loads acme/pyonly@main besides (open_clip_config.json: model_cfg.text_cfg.hf_tokenizer_name, the tokenizer), which cannot be had: no file of '
expect_eq 'modeling.py ' "$(files_of pyonly)"
expect_exit 2 "$INLAY" inject oci:base:1 acme/tiny --companions --no-companions --to oci:out:x
expect_contains "$ERR" '--companions and --no-companions exclude each other'

# A layout that has another tree.
expect_exit 0 "$INLAY" inject oci:base:1 acme/tiny --layout dir --path /m --to oci:out:dir
expect_contains "$ERR" 'which layout dir has no place for: it is not taken'

# plan says the same.
size=$(find root-base/$hub/models--acme--tiny/blobs -type f -printf '%s\n' | paste -sd + | bc)
expect_exit 0 "$INLAY" plan oci:base:1 acme/adapter --json -q
expect_json "$OUT" '.companions | map([.name, .title, .of, .kind, .file, .key, .state, .size])' \
    '[["acme/tiny","acme/tiny@main","acme/adapter@main","weights","adapter_config.json","base_model_name_or_path","left",'"$size"']]'
expect_exit 0 "$INLAY" plan oci:base:1 acme/adapter --companions --json -q
expect_json "$OUT" '[.models[] | [.name, .companion_of]]' \
    '[["acme/adapter",null],["acme/tiny","acme/adapter@main"],["acme/code","acme/tiny@main"]]'
expect_json "$OUT" '[.companions[].state]' '["comes","comes"]'
expect_exit 0 "$INLAY" plan oci:base:1 acme/tiny acme/code
expect_contains "$OUT" 'named in the call'
expect_contains "$OUT" 'config.json: auto_map.AutoModel, code that is run'

# A second call on the same machine asks for no file; offline, by the download cache, the code is there, too.
before=$(hub_log '[.requests[] | select(.path | test("/resolve/"))] | length')
expect_exit 0 "$INLAY" plan oci:base:1 acme/adapter --companions -q
expect_eq "$before" "$(hub_log '[.requests[] | select(.path | test("/resolve/"))] | length')"
expect_exit 0 "$INLAY" inject oci:base:1 acme/tiny --download-cache cache --to oci:fresh:online
expect_exit 0 "$INLAY" inject oci:base:1 acme/tiny --download-cache cache --offline --to oci:newer:offline
expect_eq "$(image_manifest fresh online | sha256sum)" "$(image_manifest newer offline | sha256sum)"
expect_exit 3 "$INLAY" inject oci:base:1 acme/tiny --download-cache cache --offline --companions acme/adapter --to oci:out:x

# Removing the model leaves its companion, which is a model like any.
expect_exit 0 "$INLAY" remove oci:out:code acme/tiny --to oci:out:removed
unpack_image out removed removed
expect_eq 'models--acme--code' "$(models_in removed)"

# Of what the models of a call name there is a bound in all, too; what is named twice counts once.
expect_exit 0 "$INLAY" plan oci:base:1 acme/many-1 acme/many-3
expect_exit 6 "$INLAY" plan oci:base:1 acme/many-1 acme/many-2
expect_contains "$ERR" "models of one call name at most 100 other repositories, and 'acme/part-"
expect_exit 0 "$INLAY" plan oci:base:1 acme/many-1 acme/many-2 --no-companions
