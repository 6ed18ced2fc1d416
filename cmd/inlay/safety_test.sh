#!/bin/bash
# Files that run code when they are loaded are named with what they import, and refused by --safe-only.
. "$(dirname "$0")/../../testdata/lib.sh"

cd "$TEST_DIR" || exit
python3 "$TESTDATA/pickles/make.py" "$TEST_DIR/made" >made.json
# More than is read as a whole.
python3 - <<'END'
size = 5 << 20
with open('large.bin', 'wb') as file:
    file.write(b'\x80\x03B' + size.to_bytes(4, 'little') + bytes(size) + b"0cposix\nsystem\n(S'true'\ntR.")
with open('numbers.bin', 'wb') as file:
    file.write(b'\xff' * size)
END
start_hub "$(jq -n --arg made "$TEST_DIR/made" --arg folder "$TEST_DIR" '{repos: [
        {id: "acme/all", folder: $made},
        {id: "acme/torch", files: [{path: "config.json", text: "{}"}, {path: "model.bin", file: "\($made)/torch/model.bin", lfs: true}]},
        {id: "acme/both", files: [{path: "model.safetensors", text: "w"}, {path: "training_args.pt", file: "\($made)/torch/model.bin"}]},
        {id: "acme/shell", issues: [{path: "model.bin", level: "unsafe"}],
            files: [{path: "config.json", text: "{}"}, {path: "model.bin", file: "\($made)/harmful/shell.bin", lfs: true}]},
        {id: "acme/code", files: [{path: "config.json", text: "{\"auto_map\": {\"AutoModel\": \"modeling.M\"}}"},
            {path: "model.safetensors", text: "w"}, {path: "modeling.py", text: "class M: pass"}]},
        {id: "acme/escaped", files: [{path: "config.json", text: "{\"auto\\u005fmap\": {\"AutoModel\": \"modeling.M\"}}"},
            {path: "model.safetensors", text: "w"}, {path: "modeling.py", text: "class M: pass"}]},
        {id: "acme/large", files: [{path: "config.json", text: "{}"}, {path: "model.bin", file: "\($folder)/large.bin", lfs: true}]},
        {id: "acme/numbers", files: [{path: "config.json", text: "{}"}, {path: "model.bin", file: "\($folder)/numbers.bin", lfs: true}]},
        {id: "acme/bytes", files: [{path: "config.json", text: "{}"}, {path: "a.bin", text: "? {\"class_name\": \"Lambda\"}"}]},
        {id: "acme/keras", files: [{path: "config.json", text: "{}"}, {path: "a.h5", text: "? {\"class_name\": \"Lambda\"}"}]},
        {id: "acme/modules", files: [{path: "modules.json", text: "[{\"idx\": 0, \"path\": \"\", \"type\": \"custom.M\"}]"},
            {path: "config.json", text: "{}"}, {path: "model.safetensors", text: "w"}, {path: "custom.py", text: "class M: pass"}]},
        {id: "acme/pipeline", files: [{path: "model_index.json", text: "{\"_class_name\": [\"pipeline\", \"P\"]}"},
            {path: "unet/config.json", text: "{}"}, {path: "unet/diffusion_pytorch_model.safetensors", text: "w"},
            {path: "pipeline.py", text: "class P: pass"}]},
        {id: "acme/safe", files: [{path: "config.json", text: "{}"}, {path: "model.safetensors", text: "w"},
            {path: "tools.py", text: "1"}, {path: "openvino.bin", file: "\($made)/other/openvino.bin"}]}]}')" \

export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
make_base base 1

# What inlay finds in each file is what the script put there, from the hub by ranges and from a folder.
code='[.models[0].code[] | {path, imports: ([.imports[] | {(.name): .verdict}] | add // {}), unread: (.unread != null)}]'
expected=$(jq -cS '[.[] | select(.runs_code or .unread) | {path, imports, unread}] | sort_by(.path)' made.json)
for model in acme/all "dir:$TEST_DIR/made,as=acme/made"; do
    expect_exit 0 "$INLAY" plan --json oci:base:1 "$model" --all-files
    expect_eq "$expected" "$(jq -cS "$code" <<<"$OUT")" "$model"
    for path in $(jq -r '.[].path | select(startswith("harmful/"))' made.json); do
        expect_contains "$ERR" "warning: DANGEROUS: '$path' of "
    done
    expect_contains "$ERR" "warning: 'unknown/net.pt' of "
    expect_contains "$ERR" 'imports acme.models.Net (not known)'
    expect_contains "$ERR" "no safetensors, ONNX or GGUF is taken in their place: 'numpy/objects.npy'"
    expect_lacks "$ERR" openvino
done

# CPython's own disassembler names the same imports.
for path in $(jq -r '.[] | .path | select(test("^harmful/.*[.](pkl|dill)$|plain.pt|old.pth|second.pth|net.pkl"))' made.json); do
    case $path in */computed.pkl) continue ;; esac
    expect_eq "$(jq -r --arg path "$path" '.[] | select(.path == $path) | .imports | keys[]' made.json | sort)" \
        "$(python3 "$TESTDATA/pickles/judge.py" "made/$path" | sort -u)" "$path"
done

# Of a file kilobytes are asked for, once: the second call remembers. No weight is fetched.
hub_control '{"clearLog": true}' >/dev/null
expect_exit 0 "$INLAY" plan -q oci:base:1 acme/torch
expect_contains "$ERR" "acme/torch@main has pickles, which run code when they are loaded"
expect_eq 0 "$(hub_log '[.requests[] | select(.path | test("model.bin")) | select(.range == null and .method == "GET")] | length')"
hub_control '{"clearLog": true}' >/dev/null
expect_exit 0 "$INLAY" plan -q oci:base:1 acme/torch
expect_contains "$ERR" "acme/torch@main has pickles"
expect_eq 0 "$(hub_log '[.requests[] | select(.path | test("/resolve/.*model.bin"))] | length')"

# Beside safe weights, known imports are not worth a line; a danger is, and what the hub says.
expect_exit 0 "$INLAY" plan -q oci:base:1 acme/both acme/safe acme/code
expect_eq '' "$ERR"
expect_exit 0 "$INLAY" layer -q acme/shell -o shell.tar
expect_contains "$ERR" "warning: DANGEROUS: 'model.bin' of acme/shell@main runs code when it is loaded, and imports posix.system (dangerous)"
expect_contains "$ERR" "warning: the hub's scanners say of acme/shell@main: 'model.bin' is unsafe"
expect_exit 0 "$INLAY" inject oci:base:1 acme/code --to oci:out:1
expect_contains "$ERR" "acme/code@main has code that its loader runs: 'modeling.py'"

# However the files that name code spell it.
expect_exit 0 "$INLAY" layer acme/escaped acme/modules acme/pipeline --all-files -o code.tar
for model in acme/escaped:modeling.py acme/modules:custom.py acme/pipeline:pipeline.py; do
    expect_contains "$ERR" "${model%:*}@main has code that its loader runs: '${model#*:}'"
done

# --safe-only refuses all of it, before weights move.
refuse() { # WORDS ARGUMENT...
    local words=$1
    shift
    hub_control '{"clearLog": true}' >/dev/null
    expect_exit 11 "$INLAY" inject -q oci:base:1 "$@" --to oci:refused:1 --safe-only
    expect_contains "$ERR" "$words"
    expect_eq '' "$(hub_log '.requests[] | .path | select(test("/resolve/.*safetensors"))')"
    expect_no_file refused/index.json
    expect_exit 11 "$INLAY" plan -q oci:base:1 "$@" --safe-only
    expect_exit 11 "$INLAY" layer -q "$@" -o refused.tar --safe-only
    expect_no_file refused.tar
}
refuse "'acme/torch@main' has files that run code when they are loaded, which --safe-only refuses: 'model.bin'; take other weights" acme/safe,exclude=*.py acme/torch
refuse "'acme/shell@main' has files that run code when they are loaded, which --safe-only refuses: 'model.bin': one imports posix.system (dangerous)" acme/shell
refuse "which --safe-only refuses: 'tools.py'" acme/safe
refuse "which --safe-only refuses: 'training_args.pt'" acme/both
refuse "which --safe-only refuses: 'modeling.py'" acme/code
expect_exit 0 "$INLAY" inject -q oci:base:1 acme/safe,exclude=*.py acme/both,exclude=*.pt acme/code,exclude=*.py --to oci:out:2 --safe-only
expect_eq '' "$ERR"

# What a mirror hands out for a look alone is not believed, nor remembered.
spoil='{"faults": [{"do": "corrupt", "bytes": 0, "times": 2, "method": "GET", "on": "cdn"}]}'
hub_control "$spoil" >/dev/null
expect_exit 11 "$INLAY" inject -q oci:base:1 acme/large --to oci:refused:1 --safe-only
expect_contains "$ERR" "which --safe-only refuses: 'model.bin'"
expect_contains "$ERR" "its server has handed out other bytes than it has"
expect_no_file refused/index.json
hub_control "$spoil" >/dev/null
expect_exit 0 "$INLAY" plan -q oci:base:1 acme/large
expect_lacks "$ERR" DANGEROUS
hub_control '{"faults": []}' >/dev/null
expect_exit 0 "$INLAY" plan -q oci:base:1 acme/large
expect_contains "$ERR" "DANGEROUS: 'model.bin' of acme/large@main"
expect_exit 0 "$INLAY" inject -q oci:base:1 acme/numbers --to oci:out:3 --safe-only
expect_eq '' "$ERR"
expect_eq '600 700' "$(stat -c %a "$XDG_CACHE_HOME"/inlay/pickles-3/* | sort -u) $(stat -c %a "$XDG_CACHE_HOME/inlay/pickles-3")"

# What is remembered of the same bytes by another name is of that name.
expect_exit 0 "$INLAY" plan -q oci:base:1 acme/bytes --all-files
expect_eq '' "$ERR"
expect_exit 0 "$INLAY" plan -q oci:base:1 acme/keras --all-files
expect_contains "$ERR" "'a.h5' of acme/keras@main runs code when it is loaded, and imports a Lambda layer"

# It has no value.
expect_exit 2 "$INLAY" plan oci:base:1 acme/safe --safe-only=yes
expect_contains "$ERR" "takes no value"
