#!/bin/bash
# Hostile records: images and layers that claim to be what a recipe makes, and hold something else. The result is that
# of a build from the source, whoever has written what.
. "$(dirname "$0")/../../testdata/lib.sh"

start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"},
    {"path": "model.safetensors", "synthetic": 2000000, "seed": 1},
    {"path": "tokenizer.json", "synthetic": 3000, "seed": 2}]}'
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
cd "$TEST_DIR" || exit
forge() { python3 "$TESTDATA/forge.py" "$@"; }
# inject OPTION...: on a machine that has seen nothing
inject() {
    rm -rf "$XDG_CACHE_HOME"
    expect_exit 0 "$INLAY" inject "$@"
    DIGEST=${OUT##*@}
}

make_base base 1 --user app
inject oci:base:1 acme/tiny --to oci:honest:1
right=$DIGEST

# What another image notes of the same base decides nothing.
forge honest 1 facts facts
inject oci:base:1 acme/tiny --to oci:out:facts --reuse-from oci:honest:facts
expect_eq "$right" "$DIGEST" 'the result, with an image whose record has other folders and another user'
