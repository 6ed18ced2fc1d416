#!/bin/bash
# Models out of images: what stays is what it was before, by digest, as other tools see it.
. "$(dirname "$0")/../../testdata/lib.sh"

c1=1111111111111111111111111111111111111111 c2=2222222222222222222222222222222222222222
start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"},
      {"path": "modules.json", "text": "[]"}, {"path": "model.safetensors", "synthetic": 2000000, "seed": 1}]}' \
    '{"id": "acme/twice", "commits": [
      {"name": "c1", "oid": "'$c1'", "files": [{"path": "config.json", "text": "{\"v\":1}"}]},
      {"name": "c2", "oid": "'$c2'", "files": [{"path": "config.json", "text": "{\"v\":2}"}]}],
    "branches": {"main": "c2", "dev": "c1"}}' \
    '{"id": "sentence-transformers/mini", "files": [{"path": "modules.json", "text": "[]"}, {"path": "pytorch_model.bin", "text": "x"}]}' \
    '{"id": "acme/words", "type": "dataset", "files": [{"path": "train.csv", "text": "a,b\n"}]}'
export HF_ENDPOINT=$HUB_URL
start_registry
inject() { expect_exit 0 "$INLAY" inject "$@" && DIGEST=${OUT##*@}; }
take() { # IMAGE MODEL... --to TARGET: sets DIGEST, which others see too
    local target=${*: -1} folder
    expect_exit 0 "$INLAY" remove "$@"
    expect_eq 1 "$(wc -l <<<"$OUT")" 'lines on stdout'
    expect_eq "$target@" "${OUT%%sha256:*}" 'the target on stdout'
    DIGEST=${OUT##*@}
    folder=${target#oci:}
    if [ "$folder" = "$target" ]; then
        expect_eq "$(skopeo inspect --raw --tls-verify=false "docker://$target" | sha256_of /dev/stdin)" \
            "${DIGEST#sha256:}" "the digest of $target"
    else # skopeo does not read schema 2 there
        expect_eq "$(tag_digest "${folder%:*}" "${folder##*:}")" "$DIGEST" "the digest of $target"
        expect_eq "${DIGEST#sha256:}" "$(sha256_of "$(blob_path "${folder%:*}" "$DIGEST")")" "the bytes of $target"
    fi
}

# One after the other in, and one of them out, in either store: the image with the other alone.
for family in '' --docker --index; do
    # shellcheck disable=SC2086 # an option, or none
    make_base "$TEST_DIR/base$family" 1 --gzip --layers 2 --label a=b $family
    base=$(tag_digest "$TEST_DIR/base$family" 1)
    app=$REGISTRY/app$family
    push_base "$TEST_DIR/base$family" 1 "$app:1"
    inject "$app:1" acme/tiny --to "$app:tiny" && tiny=$DIGEST
    inject "$app:1" datasets/acme/words --to "$app:words" && words=$DIGEST
    inject "$app:tiny" datasets/acme/words --to "$app:both"
    take "$app:both" datasets/acme/words --to "$app:left"
    expect_eq "$tiny" "$DIGEST" "what stays of $family"
    expect_contains "$ERR" 'removing: datasets/acme/words@'
    expect_contains "$ERR" 'done: 1 layer removed; moved 0 B'
    take "$app:both" hf://acme/tiny --to "$app:left"
    expect_eq "$words" "$DIGEST" "what stays of $family"

    # In place, until nothing is left: the base, byte for byte.
    take "$app:both" acme/tiny --to "$app:both"
    take "$app:both" datasets/acme/words --to "$app:both"
    expect_eq "$base" "$DIGEST" "the base of $family"
    expect_contains "$ERR" 'the result is the base, byte for byte'
    # Both at once, and into a layout: other tools find everything there.
    inject "$app:1" acme/tiny datasets/acme/words --to "$app:both"
    take "$app:both" acme/tiny datasets/acme/words --to "$app:none"
    expect_eq "$base" "$DIGEST" "the base of $family"
    take "$app:tiny" acme/tiny --to "oci:$TEST_DIR/none$family:1"
    expect_eq "$base" "$DIGEST" "the base of $family in a layout"
    "$TESTDATA/validate_image.sh" "$TEST_DIR/none$family" 1 >/dev/null
    expect_exit 0 "$INLAY" inspect "$app:none"
    expect_eq 'no models' "$OUT"
done

# From a layout to a registry: what stays comes along, and is whole.
make_base "$TEST_DIR/base" 1 --gzip --layers 3
inject "oci:$TEST_DIR/base:1" acme/tiny --to "oci:$TEST_DIR/out:tiny" && tiny=$DIGEST
inject "oci:$TEST_DIR/base:1" acme/tiny acme/twice --to "oci:$TEST_DIR/out:both"
take "oci:$TEST_DIR/out:both" acme/twice --to "$REGISTRY/moved:1"
expect_eq "$tiny" "$DIGEST" 'what stays, moved'
expect_lacks "$ERR" 'moved 0 B'
pull_image "$REGISTRY/moved:1" "$TEST_DIR/moved" 1
"$TESTDATA/validate_image.sh" "$TEST_DIR/moved" 1 >/dev/null
unpack_image "$TEST_DIR/moved" 1 "$TEST_DIR/root"
expect_file "$TEST_DIR/root/root/.cache/huggingface/hub/models--acme--tiny/refs/main"
expect_no_file "$TEST_DIR/root/root/.cache/huggingface/hub/models--acme--twice"
# Blobs before manifests, the tag last.
expect_contains "$(grep -oE '"PUT /v2/moved/[a-z]+/[^ ]*' "$REGISTRY_LOG" | tail -n 1)" 'manifests/1'

# The base is not there any more: what is left is the same, member for member.
take "oci:$TEST_DIR/out:tiny" acme/tiny --to "oci:$TEST_DIR/out:none"
expect_contains "$ERR" "the base's own documents cannot be used"
expect_eq "$(image_config "$TEST_DIR/base" 1 | jq -cS .)" "$(image_config "$TEST_DIR/out" none | jq -cS .)" 'config'
expect_eq "$(image_manifest "$TEST_DIR/base" 1 | jq -cS 'del(.config.digest, .config.size)')" \
    "$(image_manifest "$TEST_DIR/out" none | jq -cS 'del(.config.digest, .config.size)')" 'manifest'
"$TESTDATA/validate_image.sh" "$TEST_DIR/out" none >/dev/null
# It is found in the target, and where the image says that it was.
take "oci:$TEST_DIR/out:tiny" acme/tiny --to "oci:$TEST_DIR/base:again"
expect_eq "$(tag_digest "$TEST_DIR/base" 1)" "$DIGEST" 'the base, found in the target'
push_base "$TEST_DIR/base" 1 "$REGISTRY/said:1"
inject "$REGISTRY/said:1" acme/tiny --to "oci:$TEST_DIR/out:said"
take "oci:$TEST_DIR/out:said" acme/tiny --to "oci:$TEST_DIR/elsewhere:1"
expect_eq "$(tag_digest "$TEST_DIR/base" 1)" "$DIGEST" 'the base, found by its name'
"$TESTDATA/validate_image.sh" "$TEST_DIR/elsewhere" 1 >/dev/null
stop_server "$REGISTRY_PID"
take "oci:$TEST_DIR/out:said" acme/tiny --to "oci:$TEST_DIR/out:gone"
expect_contains "$ERR" 'cannot connect'
start_registry

# An index without its base, to another registry: attestations are gone, other things stay.
make_base "$TEST_DIR/multi" 1 --index
inject "oci:$TEST_DIR/multi:1" acme/tiny --to "oci:$TEST_DIR/multi-out:1"
take "oci:$TEST_DIR/multi-out:1" acme/tiny --to "$REGISTRY/multi:1"
expect_json "$(skopeo inspect --raw --tls-verify=false "docker://$REGISTRY/multi:1")" \
    '[.manifests[].platform.architecture]' '["amd64","arm64"]'
pull_image "$REGISTRY/multi:1" "$TEST_DIR/multi-left" 1
"$TESTDATA/validate_image.sh" "$TEST_DIR/multi-left" 1 >/dev/null

# Two revisions, by name and by commit.
image=oci:$TEST_DIR/revisions
inject "oci:$TEST_DIR/base:1" acme/twice@dev --to "$image:old" && old=$DIGEST
inject "oci:$TEST_DIR/base:1" acme/twice --to "$image:new" && new=$DIGEST
inject "oci:$TEST_DIR/base:1" acme/twice acme/twice@dev --to "$image:two"
take "$image:two" acme/twice@2222222 --to "$image:left"
expect_eq "$old" "$DIGEST" 'the old revision'
take "$image:two" acme/twice@$c1 --to "$image:left"
expect_eq "$new" "$DIGEST" 'the new revision'
take "$image:two" acme/twice --to "$image:left"
expect_exit 0 "$INLAY" inspect "$image:left"
expect_eq 'no models' "$OUT"

# Both layouts: a bare name is what the layout makes of it; folders go with the last that needs them.
inject "oci:$TEST_DIR/base:1" mini --layout sentence-transformers --to "$image:st" && st=$DIGEST
inject "$image:st" acme/tiny --to "$image:mixed"
take "$image:mixed" acme/tiny --to "$image:left"
expect_eq "$st" "$DIGEST" 'the model in the other layout'
take "$image:mixed" mini --to "$image:left"
expect_eq "$tiny" "$DIGEST" 'the model in the default layout'
inject "oci:$TEST_DIR/out:tiny" acme/tiny --layout sentence-transformers --to "$image:same"
take "$image:same" acme/tiny --to "$image:left"
expect_exit 0 "$INLAY" inspect "$image:left"
expect_eq 'no models' "$OUT"

# The environment and the time that were set stay while a model does.
export SOURCE_DATE_EPOCH=1600000000
inject "oci:$TEST_DIR/base:1" acme/tiny --env A=1 --to "$image:a" && tiny=$DIGEST
inject "$image:a" acme/twice --to "$image:b"
unset SOURCE_DATE_EPOCH
take "$image:b" acme/twice --to "$image:left"
expect_eq "$tiny" "$DIGEST" 'environment and time'
expect_json "$(image_config "$TEST_DIR/revisions" left)" '[.created, .config.Env[-2:]]' \
    '["2020-09-13T12:26:40Z",["A=1","HF_HUB_OFFLINE=1"]]'

# What goes wrong, in one line, and the target is as it was.
state() { (cd "$TEST_DIR/revisions" && find . -type f -printf '%P %s %T@\n' | LC_ALL=C sort | sha256sum); }
before=$(state)
refuse() {
    local status=$1 part=$2
    shift 2
    expect_exit "$status" "$INLAY" remove --quiet "$@"
    expect_contains "$ERR" "$part" "the message of: remove $*"
    expect_eq 1 "$(wc -l <<<"$ERR")" "lines of: $ERR"
    expect_eq '' "$OUT" 'stdout'
    expect_eq "$before" "$(state)" "the target after: remove $*"
}
refuse 2 'no IMAGE'
refuse 2 'no MODEL' "$image:two"
refuse 2 '--to TARGET is missing' "$image:two" acme/twice
refuse 2 'given twice' "$image:two" acme/twice --to "$image:x" --to "$image:y"
refuse 2 "'--unknown'" "$image:two" acme/twice --to "$image:x" --unknown
refuse 2 'names a digest' "$image:two" acme/twice --to "localhost/x@$old"
refuse 2 'a//b' "$image:two" a//b --to "$image:x"
refuse 2 'an image records commits, not branches or tags' "$image:two" acme/twice@main --to "$image:x"
refuse 2 '7 to 40 hex digits' "$image:two" acme/twice@222222 --to "$image:x"
refuse 3 "does not have 'acme/tiny'; it has acme/twice@$c1, acme/twice@$c2" "$image:two" acme/tiny --to "$image:x"
refuse 3 "does not have 'acme/twice@3333333'" "$image:two" acme/twice@3333333 --to "$image:x"
refuse 3 "does not have 'datasets/acme/twice'" "$image:two" datasets/acme/twice --to "$image:x"
refuse 3 "does not have 'acme/tiny'" "$image:two" acme/twice acme/tiny --to "$image:x"
refuse 3 'it carries no models' "oci:$TEST_DIR/base:1" acme/tiny --to "$image:x"
refuse 3 "'9'" "$image:9" acme/tiny --to "$image:x"
refuse 5 'cannot connect' "$image:two" acme/twice --to 127.0.0.1:1/x:1
stop_server "$REGISTRY_PID"
start_registry --read-only
expect_exit 4 "$INLAY" remove --quiet "$image:two" acme/twice --to "$REGISTRY/x:1"
expect_contains "$ERR" "$REGISTRY/x"

# A layer that is missing is named, and the tag stays as it was.
cp -r "$TEST_DIR/revisions" "$TEST_DIR/broken"
rm "$(blob_path "$TEST_DIR/broken" "$(image_manifest "$TEST_DIR/broken" two | jq -r '.layers[0].digest')")"
mkdir "$TEST_DIR/full"
expect_exit 3 "$INLAY" remove --quiet "oci:$TEST_DIR/broken:two" acme/twice@$c1 --to "oci:$TEST_DIR/full:1"
expect_contains "$ERR" "$(image_manifest "$TEST_DIR/broken" two | jq -r '.layers[0].digest')"
expect_json "$TEST_DIR/full/index.json" .manifests '[]'

expect_exit 0 "$INLAY" remove --help-all
expect_contains "$OUT" 'Usage: inlay remove IMAGE MODEL'
widest=$(awk '{ if (length > most) most = length } END { print most }' <<<"$OUT")
[ "$widest" -le 100 ] || fail "a line of help has $widest columns"

# Nothing was the base, and nobody has it: what is left is the same all the same.
for platforms in '' '--platform linux/amd64 --platform linux/arm64'; do
    # shellcheck disable=SC2086 # options, or none
    inject scratch acme/tiny $platforms --to "oci:$TEST_DIR/nothing:1"
    base=$("$INLAY" inspect "oci:$TEST_DIR/nothing:1" --json | jq -r '.base.digest // .platforms[0].base.digest')
    take "oci:$TEST_DIR/nothing:1" acme/tiny --to "oci:$TEST_DIR/nothing:2"
    expect_contains "$ERR" 'no model is left: the result is the base, byte for byte'
    expect_lacks "$ERR" 'cannot be used'
    [ -n "$platforms" ] || expect_eq "$base" "$DIGEST" 'the digest of nothing'
done
