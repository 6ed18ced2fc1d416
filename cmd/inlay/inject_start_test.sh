#!/bin/bash
# --entrypoint and --cmd: what containers start is set, told, kept by later calls, and put back.
. "$(dirname "$0")/../../testdata/lib.sh"

start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"}, {"path": "model.safetensors", "synthetic": 3000}]}' \
    '{"id": "acme/other", "files": [{"path": "config.json", "text": "{\"other\": 1}"}]}'
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
cd "$TEST_DIR" || exit
make_base base 1
umoci config --image base:1 --no-history --config.entrypoint /old --config.cmd one --config.cmd two

starts() { # TAG: [Entrypoint, Cmd], as another tool reads them
    skopeo inspect --config "oci:$1" | jq -c '[.config.Entrypoint, .config.Cmd]'
}
inject() { # BASE TAG ARGUMENT...
    expect_exit 0 "$INLAY" inject -q "$1" "${@:3}" --to "oci:out:$2"
}

# Nothing is said, nothing changes; an entrypoint alone leaves no arguments of another program.
inject oci:base:1 plain acme/tiny
expect_eq '[["/old"],["one","two"]]' "$(starts out:plain)"
inject oci:base:1 new acme/tiny --entrypoint '["python3", "-m", "my app"]'
expect_eq '[["python3","-m","my app"],null]' "$(starts out:new)"
inject oci:base:1 both acme/tiny --entrypoint /app --cmd '["--port","80"]'
expect_eq '[["/app"],["--port","80"]]' "$(starts out:both)"
inject oci:base:1 cmd acme/tiny --cmd three
expect_eq '[["/old"],["three"]]' "$(starts out:cmd)"
inject oci:base:1 none acme/tiny --entrypoint '[]' --cmd sh
expect_eq '[null,["sh"]]' "$(starts out:none)"
inject scratch scratch acme/tiny --platform linux/amd64 --entrypoint inlay
expect_eq '[["inlay"],null]' "$(starts out:scratch)"

# What is replaced is said, the base's arguments too; so is that nothing is left.
expect_exit 0 "$INLAY" inject oci:base:1 acme/tiny --entrypoint sh --to oci:out:said
expect_contains "$ERR" 'starts: ENTRYPOINT ["sh"] CMD []; the base has ENTRYPOINT ["/old"] CMD ["one", "two"]'
expect_lacks "$ERR" warning
expect_exit 0 "$INLAY" inject oci:base:1 acme/tiny --entrypoint '[]' --to oci:out:said
expect_contains "$ERR" 'warning: nothing is left that containers start'
expect_exit 0 "$INLAY" inject oci:base:1 acme/tiny --cmd '[]' --to oci:out:said
expect_contains "$ERR" 'starts: ENTRYPOINT ["/old"] CMD []; the base has ENTRYPOINT ["/old"] CMD ["one", "two"]'
expect_lacks "$ERR" warning
expect_exit 0 "$INLAY" inject oci:out:both acme/other --to oci:out:said
expect_lacks "$ERR" 'starts:'

# What would be set, and what was.
expect_exit 0 "$INLAY" plan oci:base:1 acme/tiny --entrypoint /app
expect_contains "$OUT" 'starts     ENTRYPOINT ["/app"] CMD []'
expect_exit 0 "$INLAY" plan oci:base:1 acme/tiny --entrypoint /app --json
expect_eq '[["/app"],[]]' "$(jq -c '.platforms[0] | [.entrypoint, .cmd]' <<<"$OUT")"
printf '%s' "$OUT" >plan.json
/usr/bin/python3 -W ignore -m jsonschema -i plan.json "$TESTDATA/../docs/schema/plan.schema.json" >/dev/null 2>&1 || fail 'plan --json does not meet its schema'
expect_exit 0 "$INLAY" inspect oci:out:both
expect_contains "$OUT" 'starts     ENTRYPOINT ["/app"] CMD ["--port", "80"]'
expect_exit 0 "$INLAY" inspect oci:out:both --json
expect_eq '[["/app"],["--port","80"]]' "$(jq -c '.platforms[0] | [.entrypoint, .cmd]' <<<"$OUT")"
printf '%s' "$OUT" >inspect.json
/usr/bin/python3 -W ignore -m jsonschema -i inspect.json "$TESTDATA/../docs/schema/inspect.schema.json" >/dev/null 2>&1 || fail 'inspect --json does not meet its schema'
expect_exit 0 "$INLAY" inspect oci:out:plain
expect_lacks "$OUT" starts
expect_exit 0 "$INLAY" inject -q oci:base:1 acme/tiny --entrypoint /app --provenance=provenance.json --to oci:out:told
expect_eq '["/app"]' "$(jq -c '[.. | objects | .entrypoint? // empty | .. | strings]' provenance.json)"

# It is the image's: a later call keeps it or replaces it, as if that had been the first; it goes with the last model.
inject oci:out:both later acme/other
expect_eq '[["/app"],["--port","80"]]' "$(starts out:later)"
inject oci:out:both replaced acme/tiny --entrypoint '["python3", "-m", "my app"]'
expect_eq "$(tag_digest out new)" "$(tag_digest out replaced)"
expect_exit 0 "$INLAY" verify -q oci:out:later acme/tiny acme/other
expect_exit 0 "$INLAY" remove -q oci:out:later acme/other --to oci:out:less
expect_eq "$(tag_digest out both)" "$(tag_digest out less)"
for tag in plain new both cmd none; do
    expect_exit 0 "$INLAY" remove -q "oci:out:$tag" acme/tiny --to "oci:out:without-$tag"
    expect_eq "$(tag_digest out without-plain)" "$(tag_digest out "without-$tag")" "$tag"
    expect_eq "$(image_config base 1 | jq -cS .)" "$(image_config out "without-$tag" | jq -cS .)" "$tag"
done

# What is no list of words.
for wrong in 'python3 -m app' '' '["a"' '[1]' '{"a": 1}'; do
    expect_exit 2 "$INLAY" inject oci:base:1 acme/tiny --entrypoint "$wrong" --to oci:out:no
    expect_contains "$ERR" '--entrypoint'
    expect_contains "$ERR" 'one word, or a list of words like ["python3", "-m", "app"]'
    expect_exit 2 "$INLAY" plan oci:base:1 acme/tiny --cmd "$wrong"
    expect_contains "$ERR" '--cmd'
done
expect_exit 2 "$INLAY" inject oci:base:1 acme/tiny --cmd a --cmd b --to oci:out:no
expect_contains "$ERR" 'given twice'
