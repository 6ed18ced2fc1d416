#!/bin/bash
# Bad input: one clear line, a documented exit status, and the target as it was.
. "$(dirname "$0")/../../testdata/lib.sh"

start_hub '{"id": "acme/good", "files": [{"path": "config.json", "text": "{}"}]}' \
    '{"id": "acme/gated", "gated": "auto", "files": [{"path": "config.json", "text": "{}"}, {"path": "model.safetensors", "text": "large", "lfs": true}]}' \
    '{"id": "acme/private", "private": true, "files": [{"path": "config.json", "text": "{}"}]}' \
    '{"id": "acme/wrong", "files": [{"path": "model.safetensors", "text": "hello", "lfs": true, "served": {"text": "hullo"}}]}' \
    '{"id": "acme/short", "files": [{"path": "model.safetensors", "text": "hello", "lfs": true, "served": {"text": "hell"}}]}' \
    '{"id": "acme/big", "files": [{"path": "model.safetensors", "synthetic": 50000000, "seed": 1}]}' \
    '{"id": "acme/empty", "files": []}' \
    '{"id": "acme/gguf", "files": [{"path": "a.Q4_K_M.gguf", "text": "1"}, {"path": "a.Q8_0.gguf", "text": "2"}]}' \
    '{"type": "dataset", "id": "acme/data", "files": [{"path": "modules.json", "text": "[]"}]}' \
    '{"tokens": {"hf_reader": ["acme/gated", "acme/private"], "hf_nobody": []}}'
export HF_ENDPOINT=$HUB_URL
export HF_HOME=$TEST_DIR/no-home
make_base "$TEST_DIR/base" 1
out=oci:$TEST_DIR/out:1
expect_exit 0 "$INLAY" inject "oci:$TEST_DIR/base:1" acme/good --to "$out"
state() { (cd "$TEST_DIR/out" && find . -type f -printf '%P %s %T@\n' | LC_ALL=C sort | sha256sum); }
before=$(state)

# refuse STATUS PART ARGUMENT...: one line that has PART, nothing on stdout, the target untouched
refuse() {
    local status=$1 part=$2
    shift 2
    expect_exit "$status" "$INLAY" inject --quiet "$@"
    expect_contains "$ERR" "$part" "the message of: inject $*"
    expect_eq 1 "$(wc -l <<<"$ERR")" "lines of: $ERR"
    expect_contains "$ERR" 'inlay: '
    if grep -qE "(^|[ '])([^ ']+)'?: ('\\2'|.* of '\\2')" <<<"$ERR"; then
        fail "the subject is there twice: $ERR"
    fi
    expect_eq '' "$OUT" 'stdout'
    expect_eq "$before" "$(state)" "the target after: inject $*"
}
base=oci:$TEST_DIR/base:1

# Names that do not parse, and words that are missing.
refuse 2 'no BASE'
refuse 2 'no MODEL' "$base"
refuse 2 '--to TARGET is missing' "$base" acme/good
refuse 2 "'--unknown'" "$base" acme/good --to "$out" --unknown
refuse 2 'lower case' Acme/App acme/good --to "$out"
refuse 2 'not a tag' "$base" acme/good --to localhost/x:.a
refuse 2 'names no tag' "$base" acme/good --to "oci:$TEST_DIR/out"
refuse 2 'names a digest' "$base" acme/good --to "localhost/x@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
refuse 2 'a//b' "$base" a//b --to "$out"
refuse 2 '..' "$base" acme/.. --to "$out"
refuse 2 'bad..revision' "$base" acme/good@bad..revision --to "$out"
refuse 2 "'flat'" "$base" acme/good --to "$out" --layout flat
refuse 2 'NAME=VALUE' "$base" acme/good --to "$out" --env novalue
refuse 2 '--jobs' "$base" acme/good --to "$out" --jobs 0
refuse 2 'exclude each other' "$base" acme/good --to "$out" --all-files --include '*'
refuse 2 '--include and --weights exclude each other' "$base" acme/good --to "$out" --weights onnx --include '*'
refuse 2 '--include and --also exclude each other' "$base" acme/good --to "$out" --also x --include '*'
refuse 2 "--weights: 'keras' is no format of weights; expected safetensors" "$base" acme/good --to "$out" --weights keras
refuse 2 "MODEL 'acme/good': include and also exclude each other" "$base" acme/good,also=x,include=y --to "$out"
refuse 2 "MODEL 'acme/good': weights: 'a' is no format" "$base" acme/good,weights=a --to "$out"
refuse 2 "MODEL 'acme/good': weights: 'weights=' is given twice, as 'onnx' and 'flax'" "$base" acme/good,weights=onnx,weights=flax --to "$out"
refuse 2 "MODEL 'acme/good': layout: " "$base" acme/good,layout=flat --to "$out"
refuse 2 "MODEL 'acme/good': also: there is nothing behind 'also='" "$base" acme/good,also= --to "$out"
refuse 2 "MODEL 'acme/good': 'as=' is for models that are not of the Hub" "$base" acme/good,as=a/b --to "$out"
refuse 2 "MODEL 'acme/good': 'name=' is for files and URLs" "$base" acme/good,name=f --to "$out"
refuse 2 "MODEL: 'acme/good,files=x' has 'files=', which is no option of a model; expected also, as," "$base" acme/good,files=x --to "$out"
refuse 2 "MODEL: 'acme/good,weight=onnx' has 'weight=', which is no option of a model; did you mean 'weights='?" "$base" acme/good,weight=onnx --to "$out"
refuse 2 "MODEL 'acme/good': weights: 'onnx,foo=1' has 'foo=', which is no option of a model; expected also, as," "$base" acme/good,weights=onnx,foo=1 --to "$out"
refuse 2 "MODEL 'acme/good': layout: 'dir,pth=/m' has 'pth=', which is no option of a model; did you mean 'path='?" "$base" acme/good,layout=dir,pth=/m --to "$out"
refuse 2 "MODEL 'acme/good': --layout dir wants the model's folder; name it by --path, or by path= behind the MODEL" "$base" acme/good,layout=dir --to "$out"
refuse 2 "'whisper:base' is a preset, which says itself" "$base" whisper:base,also=x --to "$out"
refuse 2 'named twice' "$base" acme/good acme/good@main --to "$out"
SOURCE_DATE_EPOCH=yesterday refuse 2 'SOURCE_DATE_EPOCH' "$base" acme/good --to "$out"

# What is not there.
refuse 4 'acme/none' "$base" acme/none --to "$out"
HF_TOKEN=hf_reader refuse 3 'acme/none' "$base" acme/none --to "$out"
refuse 3 "no revision 'v9'" "$base" acme/good@v9 --to "$out"
refuse 3 "'*.gguf'" "$base" acme/good --to "$out" --include '*.gguf'
refuse 3 "no file of 'acme/good' matches '*.gguf'" "$base" acme/good,also='*.gguf' --to "$out"
refuse 3 "has no weights in the format 'gguf:Q4_K_M'" "$base" acme/good --to "$out" --weights gguf:Q4_K_M
refuse 3 "'none/*'" "$base" acme/good --to "$out" --exclude 'none/*'
refuse 3 'no files' "$base" acme/empty --to "$out"
refuse 3 "$TEST_DIR/nowhere" "oci:$TEST_DIR/nowhere:1" acme/good --to "$out"
refuse 3 "the base oci:$TEST_DIR/base:9: it has no image '9'; there is '1'" "oci:$TEST_DIR/base:9" acme/good --to "$out"
refuse 3 "--reuse-from oci:$TEST_DIR/base: it has no image '9'" "$base" acme/good --to "$out" --reuse-from "oci:$TEST_DIR/base:9"
refuse 6 "inlay: 'acme/gguf' has 2 GGUF quantisations" "$base" acme/gguf --to "$out"
refuse 6 "'datasets/acme/data': it is a dataset" "$base" datasets/acme/data --to "$out" --layout sentence-transformers
refuse 6 "'acme/good': it has no modules.json" "$base" acme/good --to "$out" --layout sentence-transformers
refuse 3 "inlay: nothing of 'acme/good' is selected" "$base" acme/good --to "$out" --exclude '*'
refuse 2 "BASE: 'x y' is not a repository" 'x y' acme/good --to "$out"
refuse 2 '--owner' "$base" acme/good --to "$out" --owner x
refuse 2 "'scratch' is nothing to write to" "$base" acme/good --to scratch
refuse 5 'the base localhost:1/x:1: looking for the registry: cannot connect to' localhost:1/x:1 acme/good --to "$out"

# Gated and private: what to do about it; the token itself is never shown.
refuse 4 'gated' "$base" acme/gated --to "$out"
expect_lacks "$(hub_log '[.requests[].path] | join(" ")')" 'cdn'
refuse 4 'HF_TOKEN' "$base" acme/private --to "$out"
HF_TOKEN=hf_nobody refuse 4 'gated' "$base" acme/gated --to "$out"
HF_TOKEN=hf_wrongsecret refuse 4 'token' "$base" acme/good --to "$out"
expect_lacks "$ERR" hf_wrongsecret
HF_TOKEN=hf_reader expect_exit 0 "$INLAY" inject "$base" acme/gated acme/private --to "oci:$TEST_DIR/allowed:1" --verbose
expect_lacks "$ERR" hf_reader
expect_hub_manners
expect_eq 1 "$(hub_log '[.requests[] | select(.kind == "cdn")] | length')" 'requests at the CDN, none with the token'
printf 'hf_reader\n' >"$TEST_DIR/token"
HF_TOKEN_PATH=$TEST_DIR/token expect_exit 0 "$INLAY" inject "$base" acme/gated --to "oci:$TEST_DIR/allowed:2"

# Bases that cannot be built on.
for case in '--artifact|6|artifact' '--windows|6|Windows' '--layers 119|6|too many layers: 119' \
    '--user stranger|6|stranger' '--no-diff-id|7|diff_ids'; do
    IFS='|' read -r options status part <<<"$case"
    # shellcheck disable=SC2086 # the options are words
    make_base "$TEST_DIR/bad" 1 $options
    refuse "$status" "$part" "oci:$TEST_DIR/bad:1" acme/good --to "$out"
done
cp -r "$TEST_DIR/base" "$TEST_DIR/cut"
blob=$(blob_path "$TEST_DIR/cut" "$(image_manifest "$TEST_DIR/cut" 1 | jq -r '.layers[0].digest')")
truncate -s -1 "$blob"
mkdir "$TEST_DIR/full"
expect_exit 7 "$INLAY" inject "oci:$TEST_DIR/cut:1" acme/good --to "oci:$TEST_DIR/full:1"
expect_contains "$ERR" 'bytes'
expect_json "$TEST_DIR/full/index.json" .manifests '[]'
printf 'x' | dd of="$TEST_DIR/cut/blobs/sha256/$(image_manifest "$TEST_DIR/base" 1 | jq -r '.config.digest' | cut -d : -f 2)" \
    conv=notrunc status=none
refuse 7 'digest' "oci:$TEST_DIR/cut:1" acme/good --to "$out"

# Content that is not what the listing promised.
refuse 7 'has the digest' "$base" acme/wrong --to "$out"
refuse 7 'expected 5' "$base" acme/short --to "$out"
left() { find "$TEST_DIR/out" -name '.inlay-*'; }
expect_eq '' "$(left)" 'temporary files'

# Names from the hub that must not become files of an image.
long=$(printf 'x%.0s' {1..256})
for path in ../x /etc/x a/../../x 'C:\\x' .wh.x a/.wh..wh..opq "$long" 'a//b' './x' 'a\\..\\x'; do
    start_hub '{"id": "evil/names", "files": [{"path": "config.json", "text": "{}"}, {"path": "'"$path"'", "text": "x"}]}'
    HF_ENDPOINT=$HUB_URL refuse 7 'evil/names' "$base" evil/names --to "$out" --all-files
    stop_server "$HUB_PID"
done
start_hub '{"id": "evil/clash", "files": [{"path": "a", "text": "x"}, {"path": "a/b", "text": "x"}]}'
HF_ENDPOINT=$HUB_URL refuse 7 "'a'" "$base" evil/clash --to "$out" --all-files

# A server that ends early is asked again where it stopped; one that is gone is named.
start_hub '{"id": "acme/big", "files": [{"path": "model.safetensors", "synthetic": 5000000, "seed": 1}]}' \
    '{"faults": [{"do": "cut", "on": "cdn", "bytes": 1000000, "times": 2}]}'
HF_ENDPOINT=$HUB_URL expect_exit 0 "$INLAY" inject "$base" acme/big --to "oci:$TEST_DIR/resumed:1"
expect_eq 3 "$(hub_log '[.requests[] | select(.kind == "cdn")] | length')" 'requests at the CDN'
expect_hub_manners
stop_server "$HUB_PID"

# A target that cannot be written is found out before the model is downloaded: it is listed meanwhile, and its small files
# are looked at.
start_hub '{"id": "acme/good", "files": [{"path": "config.json", "text": "{}"},
    {"path": "model.safetensors", "synthetic": 5000000, "seed": 1, "lfs": true}]}'
export HF_ENDPOINT=$HUB_URL
mkdir "$TEST_DIR/notes"
touch "$TEST_DIR/notes/readme"
refuse 2 'not an OCI image layout' "$base" acme/good --to "oci:$TEST_DIR/notes:1"
refuse 8 '/proc' "$base" acme/good --to oci:/proc/inlay:1
refuse 5 'cannot connect' "$base" acme/good --to 127.0.0.1:1/x:1
start_registry --read-only
expect_exit 4 "$INLAY" inject --quiet "$base" acme/good --to "$REGISTRY/x:1"
expect_contains "$ERR" "$REGISTRY/x"
expect_eq 0 "$(hub_log '[.requests[] | select((.kind == "cdn") or (.path | contains("model.safetensors")))] | length')" 'downloads'

# A full disk: the old image is still there, and no part of the new one.
if mkdir "$TEST_DIR/small" && mount -t tmpfs -o size=4m tmpfs "$TEST_DIR/small" 2>/dev/null; then
    start_hub '{"id": "acme/big", "files": [{"path": "model.safetensors", "synthetic": 9000000, "seed": 1}]}' \
        '{"id": "acme/good", "files": [{"path": "config.json", "text": "{}"}]}'
    export HF_ENDPOINT=$HUB_URL
    expect_exit 0 "$INLAY" inject "$base" acme/good --to "oci:$TEST_DIR/small/out:1"
    index=$(cat "$TEST_DIR/small/out/index.json")
    expect_exit 8 "$INLAY" inject --quiet "$base" acme/big --to "oci:$TEST_DIR/small/out:1"
    expect_contains "$ERR" 'No space left on device'
    expect_eq "$index" "$(cat "$TEST_DIR/small/out/index.json")" 'index.json'
    expect_eq '' "$(find "$TEST_DIR/small" -name '.inlay-*')" 'temporary files'
    umount "$TEST_DIR/small"
fi

# Ctrl-C ends it soon, and leaves nothing.
start_hub '{"id": "acme/slow", "files": [{"path": "model.safetensors", "synthetic": 90000000, "seed": 1}]}' \
    '{"switches": {"bytesPerSecond": 1000000}}'
index=$(cat "$TEST_DIR/out/index.json")
HF_ENDPOINT=$HUB_URL "$INLAY" inject "$base" acme/slow --to "$out" 2>"$TEST_DIR/stopped" &
pid=$!
sleep 2
kill -INT $pid
status=0
wait $pid || status=$?
expect_eq 130 $status 'status after an interruption'
expect_eq '' "$(left)" 'temporary files'
expect_eq "$index" "$(cat "$TEST_DIR/out/index.json")" 'index.json after an interruption'
