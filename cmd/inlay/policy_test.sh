#!/bin/bash
# `inlay verify --policy` is a gate: an image whose models do not meet the rules is refused by a status of its own.
. "$(dirname "$0")/../../testdata/lib.sh"

cd "$TEST_DIR" || exit
python3 "$TESTDATA/pickles/make.py" "$TEST_DIR/made" >made.json
card() { # LICENSE
    jq -n --arg text "---
license: $1
---
# A model" '{path: "README.md", text: $text}'
}
start_hub "$(jq -n --arg made "$TEST_DIR/made" --argjson card "$(card mit)" --argjson other "$(card other)" '{repos: [
        {id: "acme/safe", info: {cardData: {license: "mit"}}, files: [$card, {path: "config.json", text: "{}"},
            {path: "model.safetensors", text: "w"}, {path: "openvino.bin", file: "\($made)/other/openvino.bin"}]},
        {id: "bits/shell", files: [$other, {path: "config.json", text: "{}"},
            {path: "pytorch_model.bin", file: "\($made)/harmful/shell.bin"}]},
        {id: "bits/bare", info: {cardData: {license: "gpl-3.0"}}, files: [{path: "config.json", text: "{}"},
            {path: "model.safetensors", text: "x"}]}]}')"
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
make_base base 1 --index
commit=$(http_get "$HUB_URL/api/models/acme/safe/revision/main" | jq -r .sha)
expect_exit 0 "$INLAY" inject -q oci:base:1 acme/safe --to oci:out:safe
expect_exit 0 "$INLAY" inject -q oci:base:1 acme/safe bits/shell bits/bare --to oci:out:all
expect_exit 0 "$INLAY" inject -q oci:base:1 acme/safe bits/shell --compression gzip --to oci:out:packed
mkdir folder && echo w >folder/w.safetensors
expect_exit 0 "$INLAY" inject -q oci:base:1 dir:folder,as=acme/local --to oci:out:local

schema=$TESTDATA/../docs/policy.schema.json
valid() {
    /usr/bin/python3 -W ignore -m jsonschema -i policy.json "$schema" >schema.out 2>&1 || fail "$(cat schema.out)"
}
lets_in() { # TAG POLICY
    printf '%s' "$2" >policy.json
    valid
    expect_exit 0 "$INLAY" verify -q "oci:out:$1" --policy policy.json "${@:3}"
    expect_lacks "$OUT" 'policy: '
    expect_contains "$OUT" "by the policy 'policy.json'"
}
refuses() { # TAG POLICY LINES [OPTION...]
    printf '%s' "$2" >policy.json
    valid
    expect_exit 11 "$INLAY" verify -q "oci:out:$1" --policy policy.json "${@:4}"
    expect_eq "$3" "$(grep '^policy: ' <<<"$OUT" | sed 's/@[0-9a-f]*:/:/; s/@[0-9a-f]* /@ /')" "$2"
    expect_contains "$ERR" "against the policy 'policy.json'"
    expect_contains "$OUT" 'nothing is wrong but what the policy says'
    expect_exit 11 "$INLAY" verify -q "oci:out:$1" --policy policy.json --json "${@:4}"
    expect_json "$OUT" '[.findings, (.policy | length > 0), .compared.policy]' '[0,true,"policy.json"]'
}

# What 'sources' may say is what there is, in the complaint and in the schema.
echo '{"version": 1, "sources": ["nowhere"]}' >policy.json
expect_exit 7 "$INLAY" verify -q oci:out:safe --policy policy.json
expect_contains "$ERR" "'sources[0]' is 'nowhere', expected hub, "
expect_eq "$(jq -r '.properties.sources.items.enum[]' "$schema" | LC_ALL=C sort)" \
    "$(sed -n 's/.*, expected \(.*\)/\1/p' <<<"$ERR" | sed 's/, /\n/g; s/ or /\n/' | LC_ALL=C sort)" 'sources in the schema'

lets_in safe '{"version": 1, "sources": ["hub"], "organizations": ["ACME"], "licenses": ["MIT"], "formats": ["safetensors", "openvino"], "safe_only": true}'
lets_in safe "{\"version\": 1, \"models\": [\"acme/safe@$commit\"], \"pins_only\": true}"
lets_in local '{"version": 1, "sources": ["folder"], "licenses": ["unknown"]}'
refuses local '{"version": 1, "sources": ["hub", "url"]}' \
    "policy: acme/local: it comes from 'folder', which is not among 'sources'"
refuses all '{"version": 1, "organizations": ["acme"]}' \
    "policy: bits/bare: its organization is 'bits', which is not among 'organizations'
policy: bits/shell: its organization is 'bits', which is not among 'organizations'"
refuses all '{"version": 1, "licenses": ["mit"]}' \
    "policy: bits/bare: its licence is 'unknown', which is not among 'licenses'
policy: bits/shell: its licence is 'other', which is not among 'licenses'"
for tag in all packed; do
    refuses $tag '{"version": 1, "safe_only": true}' \
        "policy: bits/shell: it has files that run code when they are loaded: 'pytorch_model.bin'"
done
refuses packed '{"version": 1, "formats": ["safetensors", "openvino"]}' \
    "policy: bits/shell: it has weights in the format pytorch, which is not among 'formats'"
refuses safe '{"version": 1, "models": ["acme/safe@0123456789012345678901234567890123456789"], "pins_only": true}' \
    "policy: acme/safe: 'models' does not name it at $commit"
# The Hub tells a licence that the image does not.
refuses all '{"version": 1, "denied_licenses": ["gpl-3.0"]}' \
    "policy: bits/bare: its licence is 'gpl-3.0', which is among 'denied_licenses'" --hub

# For programs: each finding once, and the status.
printf '{"version": 1, "safe_only": true}' >policy.json
expect_exit 11 "$INLAY" verify -q oci:out:all --policy policy.json --json
expect_json "$OUT" '[.policy[] | [(.model | sub("@.*"; "")), (.text | test("pytorch_model.bin"))]]' '[["bits/shell",true]]'
expect_json "$OUT" .findings 0
expect_exit 0 "$INLAY" verify -q oci:out:safe --policy policy.json --json
expect_json "$OUT" .policy '[]'
expect_exit 0 "$INLAY" verify -q oci:out:safe --json
expect_json "$OUT" .policy null
# What is wrong with the image comes first.
expect_exit 7 "$INLAY" verify -q oci:out:all acme/none --policy policy.json
expect_contains "$OUT" 'policy: bits/shell@'

# Two would be one too many: neither is forgotten.
expect_exit 2 "$INLAY" verify oci:out:safe --policy policy.json --policy none.json
expect_contains "$ERR" "--policy is given twice, with 'policy.json' and 'none.json'"

# No policy.
expect_exit 3 "$INLAY" verify oci:out:safe --policy none.json
for text in '' '{}' '{"version": 1}' '{"version": 1, "licences": ["mit"]}' '{"version": 1, "pins_only": true}'; do
    printf '%s' "$text" >policy.json
    expect_exit 7 "$INLAY" verify oci:out:safe --policy policy.json
    expect_contains "$ERR" "--policy: 'policy.json'"
done
printf '{"version": 2}' >policy.json
expect_exit 6 "$INLAY" verify oci:out:safe --policy policy.json

# An entry that nothing can meet is told, and decides as it stands.
printf '{"version": 1, "organizations": ["*"]}' >policy.json

expect_exit 11 "$INLAY" verify oci:out:safe --policy policy.json
expect_contains "$ERR" "the policy has an entry that no model can meet: 'organizations[0]' is '*'"
