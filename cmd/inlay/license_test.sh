#!/bin/bash
# Licences and gates are told, and refused by a list before weights move.
. "$(dirname "$0")/../../testdata/lib.sh"

model() { # NAME INFO [MEMBERS]
    jq -n --arg name "$1" --argjson info "$2" --argjson more "${3:-{\}}" '{id: $name, info: $info, files: [
        {path: "config.json", text: "{}"}, {path: "model.safetensors", synthetic: 2000000, seed: 1}]} + $more'
}
start_hub "$(model acme/free '{"cardData": {"license": "mit"}}')" \
    "$(model acme/tagged '{"tags": ["license:apache-2.0"]}')" \
    "$(model acme/own '{"cardData": {"license": "other", "license_name": "acme-community"}}' '{"gated": "auto"}')" \
    "$(model acme/silent '{}')" \
    '{"id": "acme/code", "info": {"cardData": {"license": "gpl-3.0"}}, "files": [{"path": "modeling.py", "text": "class M: pass"}]}' \
    '{"id": "acme/with-code", "info": {"cardData": {"license": "mit"}}, "files": [
        {"path": "config.json", "text": "{\"auto_map\": {\"AutoModel\": \"acme/code--modeling.M\"}}"},
        {"path": "model.safetensors", "text": "w"}]}' \
    '{"tokens": {"hf_reader": ["acme/own"]}}'
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache HF_TOKEN=hf_reader
cd "$TEST_DIR" || exit
make_base base 1
mkdir card text none beside folded
printf -- '---\nlanguage: en\nlicense: CC-BY-4.0\n---\n# A model\n' >card/README.md
printf '                    GNU GENERAL PUBLIC LICENSE\n                       Version 3, 29 June 2007\n' >text/LICENSE
printf '# A model\n' >beside/README.md
printf -- '---\nlicense: >-\n  mit\n---\n' >folded/README.md
cp text/LICENSE beside
cp text/LICENSE folded
for folder in card text none beside folded; do echo w >"$folder/w.bin"; done

# What plan tells, for people and programs.
license_of() { # MODEL
    "$INLAY" plan -q --json oci:base:1 "$1" | jq -c '.models[0] | [.license, .license_name, .gated]'
}
expect_eq '["mit",null,false]' "$(license_of acme/free)"
expect_eq '["apache-2.0",null,false]' "$(license_of acme/tagged)"
expect_eq '["other","acme-community",true]' "$(license_of acme/own)"
expect_eq '[null,null,false]' "$(license_of acme/silent)"
expect_eq '["CC-BY-4.0",null,null]' "$(license_of dir:card,as=acme/card)"
expect_eq '["gpl-3.0",null,null]' "$(license_of dir:text,as=acme/text)"
expect_eq '["gpl-3.0",null,null]' "$(license_of dir:beside,as=acme/beside)" # the card says nothing
expect_eq '[null,null,null]' "$(license_of dir:folded,as=acme/folded)"      # it says what is not read
expect_eq '[null,null,null]' "$(license_of dir:none,as=acme/none)"
tar -cf card.tar -C card .
expect_eq '["CC-BY-4.0",null,null]' "$("$INLAY" plan -q --json oci:base:1 file:card.tar --unpack --as acme/card | jq -c '.models[0] | [.license, .license_name, .gated]')"
expect_exit 0 "$INLAY" plan -q oci:base:1 acme/own
expect_contains "$OUT" 'other (acme-community), gated'
expect_exit 0 "$INLAY" plan -q oci:base:1 acme/silent
grep -qE '^license +unknown$' <<<"$OUT" || fail 'plan does not say that the licence is unknown'

# Lists, in either case; companions count; nothing of weights is asked for.
refuse() { # WORDS ARGUMENT...
    local words=$1
    shift
    hub_control '{"clearLog": true}' >/dev/null
    expect_exit 11 "$INLAY" inject -q oci:base:1 "$@" --to oci:out:1
    expect_contains "$ERR" "$words"
    expect_eq 1 "$(wc -l <<<"$ERR")"
    expect_eq '' "$(hub_log '.requests[] | .path | select(test("/resolve/.*safetensors"))')"
    expect_no_file out/index.json
    expect_exit 11 "$INLAY" layer -q "$@" -o layer.tar
    expect_no_file layer.tar
    expect_exit 11 "$INLAY" plan -q oci:base:1 "$@"
}
refuse "'acme/silent@main' is under the licence 'unknown', which --allow-license does not name" acme/free acme/silent --allow-license MIT,apache-2.0
refuse "'acme/free@main' is under the licence 'mit', which --deny-license names" acme/free --deny-license gpl-3.0 --deny-license Mit
refuse "'acme/own@main' is under the licence 'other (acme-community)'" acme/own --allow-license other --deny-license acme-community
refuse "'acme/code@main' is under the licence 'gpl-3.0'" acme/with-code --allow-license mit
refuse "none' is under the licence 'unknown'" dir:none,as=acme/none --deny-license unknown
refuse "text' is under the licence 'gpl-3.0', which --deny-license names: take another model, or leave it out of --deny-license" \
    dir:text,as=acme/text --deny-license gpl-3.0
refuse "card' is under the licence 'CC-BY-4.0'" dir:card,as=acme/card --allow-license mit
expect_exit 0 "$INLAY" inject -q oci:base:1 acme/free acme/tagged acme/own dir:text,as=acme/text --to oci:out:1 \
    --allow-license mit,apache-2.0,gpl-3.0 --allow-license ACME-community --deny-license unknown
expect_exit 0 "$INLAY" plan -q oci:base:1 acme/with-code --allow-license mit --no-companions

# A lock goes by what the hub says, and without a hub by what it has.
jq -n '{version: 1, models: ["acme/free", "acme/own"]}' >inlay.json
expect_exit 11 "$INLAY" lock -q --allow-license mit
expect_no_file inlay.lock.json
expect_exit 0 "$INLAY" lock -q
expect_json inlay.lock.json '[.models[] | [.license, .license_name]]' '[["mit",null],["other","acme-community"]]'
export HF_ENDPOINT=http://127.0.0.1:9
expect_exit 0 "$INLAY" lock --check --allow-license mit,acme-community
expect_exit 11 "$INLAY" lock --check --allow-license mit
expect_contains "$ERR" "'acme/own@main' is under the licence 'other (acme-community)'"

# No list.
for list in '' 'mit,' 'a b' a/b; do
    expect_exit 2 "$INLAY" plan oci:base:1 acme/free --allow-license "$list"
    expect_contains "$ERR" "--allow-license: '$list' is no list of licences"
    expect_exit 2 "$INLAY" lock --deny-license "$list"
done
