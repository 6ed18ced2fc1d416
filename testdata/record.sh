#!/bin/bash
# Records the main job on a terminal, by inlay itself, for docs/recording.md: record.sh FILE writes it there. The hub and the
# registry are servers of this machine, and stand there by the names that people have. What is recorded is what the terminal
# shows in the end, 100 columns wide; of two widths it does not break lines.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

file=$(realpath -m "$1")
start_hub '{"id": "intfloat/multilingual-e5-small", "files": [
      {"path": "README.md", "text": "---\nlicense: mit\n---\n"},
      {"path": "config.json", "text": "{}"}, {"path": "modules.json", "text": "[]"},
      {"path": "1_Pooling/config.json", "text": "{}"}, {"path": "tokenizer_config.json", "text": "{}"},
      {"path": "model.safetensors", "synthetic": 47100000, "seed": 1},
      {"path": "pytorch_model.bin", "synthetic": 47100000, "seed": 2},
      {"path": "sentencepiece.bpe.model", "synthetic": 5069051, "seed": 3},
      {"path": "tokenizer.json", "synthetic": 17082730, "seed": 4}],
    "info": {"cardData": {"license": "mit"}, "tags": ["license:mit"]}}'
start_registry
make_base "$TEST_DIR/base" 1 --user app
push_base "$TEST_DIR/base" 1 "$REGISTRY/rag:1.4"
mkdir "$TEST_DIR/bin"
ln -s "$(realpath "$INLAY")" "$TEST_DIR/bin/inlay"
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache PATH=$TEST_DIR/bin:$PATH TERM=xterm

# show WORD...: the command as it is typed, and what the terminal shows
show() {
    {
        printf '$ %s\n' "$*"
        # shellcheck disable=SC2048,SC2086 # the words are those that are typed
        python3 "$TESTDATA/terminal.py" 100,100 ${*//registry.example.com/"$REGISTRY"} |
            jq -r 'if .status == 0 then .screen | join("\n") | sub("\n+$"; "") else error("status \(.status): \(.screen)") end' |
            sed "s#$REGISTRY#registry.example.com#g; s# *\$##"
    } | sed 's/^\(.\)/    \1/'
    echo
}

model=intfloat/multilingual-e5-small
{
    cat <<'END'
# The main job, as a terminal shows it

What follows was recorded by `testdata/record.sh`: inlay at work with a hub and a registry of one machine, for which the usual
names stand here, and with a model a tenth of its real size. A test records it anew and compares.

What would happen, before a byte of weights moves:

END
    show inlay plan registry.example.com/rag:1.4 $model --to registry.example.com/rag:1.4-e5
    printf 'The job itself:\n\n'
    show inlay inject registry.example.com/rag:1.4 $model --to registry.example.com/rag:1.4-e5
    printf 'The same once more, which moves nothing and gives the same digest:\n\n'
    show inlay inject registry.example.com/rag:1.4 $model --to registry.example.com/rag:1.4-e5
    printf "Can the image's user read it, offline?\n\n"
    show inlay verify registry.example.com/rag:1.4-e5 $model
    printf 'Where it lies, and whose it is:\n\n'
    show inlay inspect registry.example.com/rag:1.4-e5 --tree
} | sed '$d' >"$TEST_DIR/recording"
cp "$TEST_DIR/recording" "$file"
