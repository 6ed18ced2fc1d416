#!/bin/bash
# 'inlay presets' lists, searches and explains the short names of models; the list that is built in,
# what it prints as JSON and one's own files have one format, which a schema states.
. "$(dirname "$0")/../../testdata/lib.sh"

cd "$TEST_DIR" || exit
schema=$TESTDATA/../docs/presets.schema.json
builtin=$TESTDATA/../pkg/preset/presets.json
hex=$(printf 'ab%.0s' {1..32})

valid() { /usr/bin/python3 -W ignore -m jsonschema -i "$1" "$schema" >schema.out 2>&1; }
expect_valid() { valid "$1" || fail "$1 is not what the schema says: $(head -3 schema.out)"; }
columns() { LC_ALL=C.UTF-8 wc -L; }
# own FILE PRESET...
own() {
    local file=$1
    shift
    jq -n --args '{version: 1, presets: $ARGS.positional | map(fromjson)}' "$@" >"$file"
}

expect_valid "$builtin"

# All of them, one a line where nothing limits the width.
expect_exit 0 "$INLAY" presets
expect_eq '' "$ERR"
expect_eq "$(jq '.presets | length' "$builtin")" "$(($(wc -l <<<"$OUT") - 1))" 'presets listed'
expect_contains "$(head -1 <<<"$OUT")" 'NAME '
grep -qE '^chroma:all-MiniLM-L6-v2 +.* chroma +chroma-onnx-models.s3.amazonaws.com$' <<<"$OUT" ||
    fail "chroma is not listed as it should be"
names=$(jq -r '.presets[].name' "$builtin" | tr '\n' ' ')
# In a terminal of any width nothing is cut off, and no line is longer unless a name is.
for width in 80 120 200; do
    expect_exit 0 env COLUMNS=$width "$INLAY" presets
    [ "$(columns <<<"$OUT")" -le "$width" ] || fail "a line has more than $width columns"
    expect_eq "NAME $names" "$(grep -o '^[^ ]*' <<<"$OUT" | grep . | tr '\n' ' ')" "names at $width columns"
done
expect_exit 0 env COLUMNS=80 "$INLAY" presets
expect_contains "$OUT" 'fastembed:sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2
   '
expect_exit 0 script -qec "stty cols 60; '$INLAY' presets whisper" /dev/null
[ "$(tr -d '\r' <<<"$OUT" | columns)" -le 75 ] || fail 'the width of the terminal is not looked at'
expect_lacks "$OUT" 'LAYOUT'

# Words narrow it down: in name, alias, summary, layout and source, in any case.
names() { "$INLAY" presets "$@" --json | jq -r '[.presets[].name] | join(" ")'; }
expect_eq 'faster-whisper:base.en whisper:base.en' "$(names BASE.en whisper)"
expect_eq 'faster-whisper:large-v3-turbo whisper:large-v3-turbo' "$(names turbo whisper)"
expect_eq 'piper:en_US-lessac-medium' "$(names rhasspy)"
expect_eq 'chroma:all-MiniLM-L6-v2' "$(names amazonaws)"
# A word that is a whole name means that one, and not all that have it in theirs.
expect_eq 'whisper:base' "$(names whisper:base)"
expect_eq 'whisper:large-v3' "$(names whisper:large)"

# Everything about one.
expect_exit 0 "$INLAY" presets easyocr:en
expect_eq 'name       easyocr:en
what       EasyOCR, English: craft and english_g2
layout     easyocr
from       https://github.com/JaidedAI/EasyOCR/releases/download/pre-v1.1.6/craft_mlt_25k.zip
  sha256   4a5efbfb48b4081100544e75e1e2b57f8de3d84f213004b14b85fd4b3748db17
  member   craft_mlt_25k.pth' "$(head -6 <<<"$OUT")"
expect_contains "$(tail -1 <<<"$OUT")" 'read in    EasyOCR 1.7.2, easyocr/config.py'
expect_exit 0 "$INLAY" presets fastembed:BAAI/bge-small-en-v1.5
expect_contains "$OUT" 'from       Qdrant/bge-small-en-v1.5-onnx-Q@main
  files    model_optimized.onnx
  maybe    config.json, tokenizer.json'
expect_exit 0 "$INLAY" presets tiktoken:gpt-4
expect_contains "$OUT" 'also       tiktoken:gpt-4, '

# What is printed as JSON is the list itself, and can be read again.
expect_exit 0 "$INLAY" presets --json
printf '%s\n' "$OUT" >all.json
expect_valid all.json
expect_eq "$(jq -S '.presets' "$builtin")" "$(jq -S '.presets' all.json)" 'the list as JSON'
"$INLAY" presets faster-whisper --json >some.json
expect_exit 0 "$INLAY" presets faster-whisper --json --presets some.json
expect_eq "$(jq -S . some.json)" "$(jq -S . <<<"$OUT")" 'the list read again'

# One's own list adds, and wins.
own ours.json "{\"name\": \"whisper:base\", \"summary\": \"ours\", \"layout\": \"dir\", \"items\": [{\"origin\":
    \"https://mirror.example.com/base.pt?token=secret#sha256=$hex\", \"file_name\": \"b.pt\"}]}" \
    '{"name": "ours", "aliases": ["our:model"], "summary": "our model", "layout": "huggingface",
      "items": [{"origin": "acme/tiny@v1", "include": ["*.bin"], "optional": ["*.json"]}]}'
expect_valid ours.json
expect_exit 0 "$INLAY" presets whisper:base --presets ours.json
expect_eq "the preset 'whisper:base' is that of 'ours.json', in place of the one built in" "$ERR"
expect_eq "name       whisper:base
what       ours
layout     dir
from       https://mirror.example.com/base.pt
  sha256   $hex
  name     b.pt
file       ours.json" "$OUT"
expect_exit 0 "$INLAY" presets our:model --presets ours.json
expect_contains "$OUT" 'from       acme/tiny@v1'
own more.json '{"name": "ours", "summary": "s", "layout": "dir", "items": [{"origin": "acme/more"}]}'
expect_exit 0 "$INLAY" presets ours --presets ours.json --presets more.json
expect_contains "$ERR" "the preset 'ours' is that of 'more.json', in place of that of 'ours.json'"
expect_contains "$OUT" 'from       acme/more@main'

# Nothing is found.
refuse() { # STATUS WORDS ARGUMENT...
    local status=$1 words=$2
    shift 2
    expect_exit "$status" "$INLAY" "$@"
    expect_eq '' "$OUT"
    expect_eq 1 "$(wc -l <<<"$ERR")" 'lines'
    expect_contains "$ERR" "$words"
}
refuse 3 "no preset has 'nothing-like-it'; 'inlay presets' lists all" presets nothing-like-it
refuse 3 "'whisper:bsae' is no preset; near it: whisper:base; 'inlay presets whisper' lists them" presets whisper:bsae
refuse 2 "the option '--presets' wants a value" presets --presets

# A file that is no list: the program refuses it, and so does the schema.
refuse_file() { # STATUS WORDS TEXT
    printf '%s' "$3" >bad.json
    refuse "$1" "inlay: --presets: $2" presets --presets bad.json
    ! valid bad.json || fail "the schema takes $3"
}
preset() { printf '{"version": 1, "presets": [{"name": "%s", "summary": "s", "layout": "dir", "items": [%s]%s}]}' "$1" "$2" "${3:-}"; }
refuse 3 "--presets: 'none.json'" presets --presets none.json
refuse_file 7 "'bad.json': it is not JSON, at line 2, column 14: something else was expected there" '{"version": 1,
 "presets": [}'
refuse_file 7 "'bad.json' is no list of presets: the member 'more' is not known" '{"version": 1, "presets": [], "more": 1}'
refuse_file 6 "'bad.json' is no list of presets: it has version 2 of the format, this inlay knows version 1" \
    '{"version": 2, "presets": []}'
refuse_file 7 "'bad.json' is no list of presets: preset 'a:b': 'items[0]': its origin has no '#sha256=HEX'" \
    "$(preset a:b '{"origin": "https://example.com/x"}')"
refuse_file 7 "'bad.json' is no list of presets: preset 'a:b': 'items[0]': its origin is on one machine only" \
    "$(preset a:b '{"origin": "dir:/x"}')"
refuse_file 7 "'bad.json' is no list of presets: preset 'dir:x': 'dir:x' cannot be a preset's name: it names a source" \
    "$(preset dir:x '{"origin": "a/b"}')"
refuse_file 7 "'bad.json' is no list of presets: preset 'a:b': 'items' is not a list with something in it" "$(preset a:b '')"
refuse_file 7 "'bad.json' is no list of presets: preset 'a:b': the member 'sha' is not known" \
    "$(preset a:b '{"origin": "a/b"}' ', "sha": 1')"
printf '{"version": 1, "presets": [{"name": "a:b", "summary": "s", "layout": "dyr", "items": [{"origin": "a/b"}]}]}' >bad.json
refuse 2 "--presets: 'bad.json': preset 'a:b': 'dyr' is no layout; near it: dir; 'inlay layouts' lists them" presets --presets bad.json
