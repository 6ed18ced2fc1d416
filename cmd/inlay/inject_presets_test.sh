#!/bin/bash
# A preset's name stands for a model: its source, the files that its loader reads, and its layout.
. "$(dirname "$0")/../../testdata/lib.sh"

start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"},
        {"path": "a.bin", "synthetic": 1000, "seed": 1}, {"path": "b.bin", "synthetic": 1000, "seed": 2},
        {"path": "README.md", "text": "tiny"}]}' \
    '{"id": "acme/other", "files": [{"path": "config.json", "text": "{\"other\": 1}"}]}' \
    '{"id": "single", "files": [{"path": "config.json", "text": "{\"single\": 1}"}]}'
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/memo
cd "$TEST_DIR" || exit
make_base base 1

preset() { # NAME LAYOUT ITEM...
    local name=$1 layout=$2
    shift 2
    jq -n --arg name "$name" --arg layout "$layout" \
        '{name: $name, summary: "s", layout: $layout, items: $ARGS.positional | map(fromjson)}' --args "$@"
}
{
    preset tiny:a huggingface '{"origin": "acme/tiny", "include": ["a.bin"], "optional": ["config.json", "vocab.txt"]}'
    preset tiny:b huggingface '{"origin": "acme/tiny", "include": ["b.bin"]}'
    preset tiny:all huggingface '{"origin": "acme/tiny"}'
    preset tiny:missing huggingface '{"origin": "acme/tiny", "include": ["c.bin"]}'
    preset two:both huggingface '{"origin": "acme/tiny", "include": ["a.bin"]}' '{"origin": "acme/other"}'
    preset plain dir '{"origin": "acme/tiny", "include": ["b.bin"]}'
    preset single dir '{"origin": "acme/other"}'
} | jq -s '{version: 1, presets: .}' >presets.json

count=0
# inject ARGUMENT...: into an image of its own, which lies in out/ then
inject() {
    count=$((count + 1))
    expect_exit 0 "$INLAY" inject -q oci:base:1 --to "oci:image$count:1" --presets presets.json "$@"
    rm -rf out && unpack_image "image$count" 1 out
}
# files [FOLDER]: of models
files() {
    (cd "out/${1:-root/.cache/huggingface/hub}" && find . \( -path '*/snapshots/*' -o -name '*.bin' -o -name config.json \) \
        ! -path '*/blobs/*' ! -type d -printf '%P\n' | sed -E 's,models--([^/]*)/snapshots/[0-9a-f]{40},\1,' | sort | tr '\n' ' ')
}

# Its files alone are taken, those that need not be there too.
inject tiny:a
expect_eq 'acme--tiny/a.bin acme--tiny/config.json ' "$(files)"
inject tiny:all
expect_eq 'acme--tiny/README.md acme--tiny/a.bin acme--tiny/b.bin acme--tiny/config.json ' "$(files)"
inject two:both
expect_eq 'acme--other/config.json acme--tiny/a.bin ' "$(files)"
# Presets of one model take what each of them takes, and twice the same is once.
inject tiny:a tiny:b tiny:a
expect_eq 'acme--tiny/a.bin acme--tiny/b.bin acme--tiny/config.json ' "$(files)"
# --include chooses in other models.
inject tiny:b acme/other --include '*.json'
expect_eq 'acme--other/config.json acme--tiny/b.bin ' "$(files)"

# Each goes where its own layout says.
inject plain tiny:a --path /models
expect_eq 'b.bin ' "$(files models)"
expect_eq 'acme--tiny/a.bin acme--tiny/config.json ' "$(files)"
inject tiny:b --layout huggingface
expect_eq 'acme--tiny/b.bin ' "$(files)"
# One layout of all is that of the call.
inject tiny:b --cache-dir /cache
expect_eq 'acme--tiny/b.bin ' "$(files cache)"

# A word that is a preset's name is that preset, and hf:// names the model of the Hub.
inject single --path /models
expect_eq '{"other": 1}' "$(cat out/models/config.json)"
inject hf://single
expect_eq 'single/config.json ' "$(files)"

# plan and layer take them, and remove knows what they stand for.
expect_exit 0 "$INLAY" plan oci:base:1 tiny:a --presets presets.json --json
expect_json "$OUT" '[.models[].name]' '["acme/tiny"]'
expect_exit 0 "$INLAY" layer -q plain --path /models -o layer.tar --presets presets.json
expect_contains "$(tar tf layer.tar)" 'models/b.bin'
inject two:both
expect_exit 0 "$INLAY" remove -q "oci:image$count:1" two:both --to oci:removed:1 --presets presets.json
expect_exit 0 "$INLAY" inspect oci:removed:1 --json
expect_json "$OUT" '[.. | objects | .model? // empty]' '[]'

refuse() { # STATUS WORDS ARGUMENT...
    local status=$1 words=$2
    shift 2
    expect_exit "$status" "$INLAY" inject oci:base:1 --to oci:refused:1 --presets presets.json "$@"
    expect_eq "inlay: $words" "$(tail -1 <<<"$ERR")" "$*"
    expect_no_file refused
}
refuse 2 "MODEL: the preset 'tiny:a' is for --layout huggingface, and --layout dir is given; leave it out, or name the \
model's files by their own source" tiny:a --layout dir --path /m
refuse 2 "MODEL: the preset 'plain' wants --path, the folder of its files" plain
refuse 2 "--path is for --layout dir or hub-dir; --cache-dir moves the cache of a loader" tiny:a --path /m
refuse 2 "--layout dir has no cache; name the folder by --path" plain --path /m --cache-dir /c
refuse 2 "MODEL: 'tiny:c' is no preset; near it: tiny:a, tiny:b; 'inlay presets tiny' lists them" tiny:c
refuse 2 "MODEL: 'whisper:bsae' is no preset; near it: whisper:base; 'inlay presets whisper' lists them" whisper:bsae
refuse 2 "MODEL: 'acme/tiny', which the preset 'tiny:a' stands for, is named besides" acme/tiny tiny:a
refuse 2 "MODEL: 'acme/tiny' is named twice" tiny:a acme/tiny
refuse 2 "--include, --exclude, --weights, --also and --all-files choose in models that are no presets, and there is none" \
    tiny:a --include '*'
refuse 3 "no file of 'acme/tiny' matches 'c.bin'; globs are compared with the whole path, as in 'onnx/*'" tiny:missing
printf '{' >broken.json
refuse 7 "--presets: 'broken.json': it is not JSON, at line 1, column 1: it ends too early" tiny:a --presets broken.json

# A preset that takes the place of another one is told.
preset tiny:a huggingface '{"origin": "acme/other"}' | jq '{version: 1, presets: [.]}' >more.json
expect_exit 0 "$INLAY" inject oci:base:1 tiny:a --to oci:told:1 --presets presets.json --presets more.json
expect_contains "$ERR" "the preset 'tiny:a' is that of 'more.json', in place of that of 'presets.json'"
