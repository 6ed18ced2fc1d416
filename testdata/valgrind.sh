#!/bin/bash
# The main job, and what looks at its result, under valgrind: no byte is read that was not written, and
# nothing is lost. $INLAY is the program, built without sanitizers.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{\"model_type\": \"bert\"}"},
    {"path": "README.md", "text": "---\nlicense: mit\n---\n"}, {"path": "vocab.txt", "text": "a b c"},
    {"path": "model.safetensors", "synthetic": 3000000, "seed": 1, "lfs": true}]}'
export HF_ENDPOINT=$HUB_URL
start_token_registry --user bob:hunter-2-word
make_base "$TEST_DIR/base" 1 --gzip --layers 3
push_base "$TEST_DIR/base" 1 "$REGISTRY/base:1" --dest-creds bob:hunter-2-word
printf 'bob:hunter-2-word\n' >"$TEST_DIR/login"
under=(valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=all --fair-sched=yes)

# checked ARGUMENT...: inlay with these
checked() { expect_exit 0 "${under[@]}" "$INLAY" "$@" --creds "$REGISTRY=$TEST_DIR/login"; }
checked inject "$REGISTRY/base:1" acme/tiny --to "$REGISTRY/app:1" --sbom --provenance
checked inject "$REGISTRY/base:1" acme/tiny --to "$REGISTRY/app:2"
checked inspect "$REGISTRY/app:1" --json
checked verify "$REGISTRY/app:1" --hub
checked copy "$REGISTRY/app:1" "oci-archive:$TEST_DIR/app.tar:1"
checked remove "$REGISTRY/app:1" acme/tiny --to "$REGISTRY/app:3"
