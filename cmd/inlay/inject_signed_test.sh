#!/bin/bash
# Records that are signed: openssl verifies them, who trusts the key reads no layer, and a wrong signature is none.
. "$(dirname "$0")/../../testdata/lib.sh"

start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"},
    {"path": "model.safetensors", "synthetic": 2000000, "seed": 1},
    {"path": "tokenizer.json", "synthetic": 3000, "seed": 2}]}' \
    '{"id": "acme/other", "files": [{"path": "config.json", "text": "{ }"}]}'
start_registry
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
cd "$TEST_DIR" || exit
forge() { python3 "$TESTDATA/forge.py" "$@"; }
reads() { grep -c "\"GET /v2/$1/blobs/[^\"]*\" 20" "$REGISTRY_LOG" || true; } # REPOSITORY: configs and layers that it has
# inject OPTION...: on a machine that has seen nothing
inject() {
    rm -rf "$XDG_CACHE_HOME"
    expect_exit 0 "$INLAY" inject "$BASE" acme/tiny "$@"
    DIGEST=${OUT##*@}
}
type=application/vnd.oci.image.manifest.v1+json
umask 077
openssl genpkey -algorithm ed25519 -out ours.pem
openssl pkey -in ours.pem -pubout -out ours.pub
openssl genpkey -algorithm ed25519 -out theirs.pem
openssl pkey -in theirs.pem -pubout -out theirs.pub
openssl rand 32 >secret
openssl rand 48 >another
umask 022

make_base base 1 --user app
push_base base 1 "$REGISTRY/app:base"
BASE=$REGISTRY/app:base
inject --to "$REGISTRY/plain:1"
plain=$DIGEST

# Every record is signed over recipe, diff_id, blob and size: openssl says so. The signature is the same each time.
inject --to "$REGISTRY/signed:1" --sign-records ours.pem
signed=$DIGEST
[ "$signed" != "$plain" ] || fail 'nothing was signed'
inject --to "$REGISTRY/again:1" --sign-records ours.pem
expect_eq "$signed" "$DIGEST" 'signed once more'
# verify_signature STATEMENT-LINES ed25519:HEX
verify_signature() {
    printf '%s\n' "$1" >statement
    python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.argv[1]))' "${2#ed25519:}" >signature
    openssl pkeyutl -verify -pubin -inkey ours.pub -rawin -in statement -sigfile signature >/dev/null ||
        fail "openssl does not take the signature of $1"
}
skopeo copy -q --preserve-digests --src-tls-verify=false "docker://$REGISTRY/signed:1" oci:seen:1
"$TESTDATA/validate_image.sh" seen 1 >/dev/null
count=0
while IFS=$'\t' read -r recipe diff_id signature; do
    size=$(image_manifest seen 1 | jq -r --arg digest "$diff_id" '.layers[] | select(.digest == $digest).size')
    verify_signature "inlay layer 1
recipe $recipe
diff_id $diff_id
blob $diff_id
size $size
type application/vnd.oci.image.layer.v1.tar" "$signature"
    count=$((count + 1))
done < <(image_config seen 1 | jq -r '.history[].comment // empty | select(startswith("{\"inlay\"")) | fromjson |
    [.recipe, .diff_id, .signature] | @tsv')
expect_eq 3 $count 'records'

# Who trusts the key reads no layer; who trusts another, or none, reads them.
before=$(reads signed)
inject --to "$REGISTRY/trusting:1" --reuse-from "$REGISTRY/signed:1" --trust-records theirs.pub --trust-records ours.pub
expect_lacks "$ERR" checked
expect_contains "$ERR" 'taken from another image'
expect_eq $((before + 1)) "$(reads signed)" 'reads: the config alone'
expect_eq "$plain" "$DIGEST" 'the result, which is not signed'
inject --to "$REGISTRY/wary:1" --reuse-from "$REGISTRY/signed:1" --trust-records theirs.pub
expect_contains "$ERR" 'taken from another image, checked'
expect_eq "$plain" "$DIGEST"
# What is known here is signed by whoever has a key; TARGET's own tag is not vouched for without a look.
forge "http://$REGISTRY/v2/wary" 1 1 weights
inject --to "$REGISTRY/wary:1" --sign-records ours.pem
expect_contains "$ERR" "warning: $REGISTRY/wary: what is recorded there as the layer 'medium files of acme/tiny' is not"
expect_eq "$signed" "$DIGEST" 'signed over a forged tag'

# verify says who has signed, and finds what he has not.
key_of() { jq -c '[.platforms[].models[].notes[] | select(contains("signed by"))]' <<<"$OUT"; }
kinds() { jq -c '[.platforms[] | [.findings[].kind], [.models[].findings[].kind]]' <<<"$OUT"; }
expect_exit 0 "$INLAY" verify "$REGISTRY/signed:1" --trust-records theirs.pub --trust-records ours.pub --json
expect_eq '["what is recorded of its layers is signed by '"'ours.pub'"'"]' "$(key_of)"
expect_json "$OUT" .compared.keys '["theirs.pub","ours.pub"]'
expect_exit 0 "$INLAY" verify "$REGISTRY/signed:1" --trust-records theirs.pub --trust-records ours.pub
expect_contains "$OUT" "1 model: nothing is wrong
signed by 'theirs.pub' or 'ours.pub'"
expect_exit 7 "$INLAY" verify "$REGISTRY/signed:1" --trust-records theirs.pub --json
expect_eq '[["not-signed"],["not-signed","not-signed"]]' "$(kinds)"
expect_eq '[]' "$(key_of)" 'notes of a model with layers that are not signed'
expect_exit 7 "$INLAY" verify "$REGISTRY/plain:1" --trust-records ours.pub
expect_contains "$OUT" ', acme/tiny, is not signed'
expect_contains "$OUT" ', folders of the models, is not signed'
expect_exit 0 "$INLAY" verify "$REGISTRY/plain:1"
# What is not signed is wrong with the model that it is of, and not with those beside it.
expect_exit 0 "$INLAY" inject "$REGISTRY/plain:1" acme/other --to "$REGISTRY/mixed:1" --sign-records ours.pem
expect_exit 7 "$INLAY" verify "$REGISTRY/mixed:1" --trust-records ours.pub --json
expect_json "$OUT" '[.wrong_models, (.platforms[0].models[] | [.name, ([.findings[].kind] | unique), any(.notes[]; contains("signed by"))])]' \
    '[1,["acme/other",[],true],["acme/tiny",["not-signed"],false]]'
expect_exit 7 "$INLAY" verify "$REGISTRY/mixed:1" --trust-records ours.pub
expect_contains "$ERR" ' in 1 of 2 models'
expect_exit 0 "$INLAY" copy "$REGISTRY/signed:1" docker-archive:signed.tar:signed:1
expect_exit 0 "$INLAY" verify docker-archive:signed.tar --trust-records ours.pub # whose documents are others
expect_exit 2 "$INLAY" verify "$REGISTRY/signed:1" --trust-records all
expect_contains "$ERR" "--trust-records is 'all', expected a key"
expect_exit 3 "$INLAY" verify "$REGISTRY/signed:1" --trust-records absent.pub

# The signature of other bytes is none, and neither is that of another layer.
forge "http://$REGISTRY/v2/signed" 1 forged weights
expect_exit 7 "$INLAY" verify "$REGISTRY/signed:forged" --trust-records ours.pub
expect_contains "$OUT" 'has a signature that is none of a key given'
inject --to "$REGISTRY/careful:1" --reuse-from "$REGISTRY/signed:forged" --trust-records ours.pub
expect_contains "$ERR" "'model.safetensors' has the digest sha256:"
expect_eq "$plain" "$DIGEST" 'with a forged image that keeps the signatures'
[ "$(reads signed)" -gt "$before" ] || fail 'the forged layer was not looked at'

# A repository that keeps layers. Who has no key leaves the signed records there as they are.
inject --to "$REGISTRY/one:1" --layer-cache "$REGISTRY/layers" --sign-records ours.pem
mapfile -t tags < <(curl -s "http://$REGISTRY/v2/layers/tags/list" | jq -r '.tags[]')
expect_eq 2 "${#tags[@]}" 'layers that are kept'
signatures() {
    for tag in "${tags[@]}"; do
        curl -s -H "Accept: $type" "http://$REGISTRY/v2/layers/manifests/$tag" |
            jq -r '.annotations["dev.inlay.signature"] // "none"'
    done
}
kept=$(signatures)
expect_lacks "$kept" none
before=$(reads layers)
inject --to "$REGISTRY/two:1" --layer-cache "$REGISTRY/layers" --trust-records ours.pub
expect_lacks "$ERR" checked
expect_eq "$before" "$(reads layers)" 'layers of the cache that are read'
expect_eq "$kept" "$(signatures)" 'signatures in the cache'
inject --to "$REGISTRY/unsigned:1" --layer-cache "$REGISTRY/layers"
expect_eq "$kept" "$(signatures)" 'signatures in the cache after a call that knows no key'
inject --to "$REGISTRY/wary:2" --layer-cache "$REGISTRY/layers" --trust-records hmac:another
expect_eq "$kept" "$(signatures)" 'signatures in the cache after a call that trusts another key'
for tag in "${tags[@]}"; do
    forge "http://$REGISTRY/v2/layers" "$tag" "$tag" weights 2>/dev/null || true
done
inject --to "$REGISTRY/three:1" --layer-cache "$REGISTRY/layers" --trust-records ours.pub
expect_contains "$ERR" "warning: $REGISTRY/layers: what is recorded there"
expect_eq "$plain" "$DIGEST" 'with a forged cache that keeps the signatures'

# A secret that machines share, here of two shards, and another one.
for shard in 1 2; do
    inject --to "$REGISTRY/sharded:1" --shard $shard/2 --sign-records hmac:secret
done
before=$(reads sharded)
inject --to "$REGISTRY/sharded:1" --trust-records hmac:secret
expect_lacks "$ERR" checked
expect_eq "$before" "$(reads sharded)" 'layers of the shards that are read'
expect_eq "$plain" "$DIGEST" 'the result of the shards'
inject --to "$REGISTRY/sharded:2" --trust-records hmac:another
expect_contains "$ERR" 'already there, checked'
# Signed by a secret, the next image of another base keeps the record of the model that stays.
BASE=oci:base:1
inject --to oci:kept:1 --sign-records hmac:secret
expect_exit 0 "$INLAY" inject oci:kept:1 'acme/tiny,layout=dir' --path /models --to oci:kept:2
expect_contains "$(image_config kept 2 | jq -r '.history[].comment // empty')" '"signature":"hmac-sha256:'

# --check-reused does not go by signatures, and does not go with them. plan takes the same options.
expect_exit 2 "$INLAY" inject oci:base:1 acme/tiny --to oci:out:1 --trust-records ours.pub --check-reused
expect_contains "$ERR" '--check-reused and --trust-records exclude each other'
rm -rf "$XDG_CACHE_HOME"
expect_exit 0 "$INLAY" plan "$REGISTRY/app:base" acme/tiny --to "$REGISTRY/planned:1" --json \
    --reuse-from "$REGISTRY/again:1" --trust-records ours.pub --sign-records ours.pem
expect_json "$OUT" '[.layers[].check] | unique' '[false]'

# A second key would be forgotten.
expect_exit 2 "$INLAY" inject oci:base:1 acme/tiny --to oci:out:1 --sign-records ours.pem --sign-records hmac:secret
expect_contains "$ERR" "--sign-records is given twice, with 'ours.pem' and 'hmac:secret'"

# Files that will not do are one line, before anything else is done.
refuse() { # STATUS WORDS OPTION...
    expect_exit "$1" "$INLAY" inject oci:nowhere acme/tiny --to oci:out:1 "${@:3}"
    expect_contains "$ERR" "$2"
    expect_eq 1 "$(wc -l <<<"$ERR")" 'lines'
}
refuse 3 '--sign-records: ' --sign-records missing.pem
refuse 3 '--trust-records: ' --trust-records hmac:missing
refuse 8 "--sign-records: 'ours.pub' has no private key in PEM" --sign-records ours.pub
refuse 8 "--trust-records: 'ours.pem' has no public key in PEM" --trust-records ours.pem
(umask 077 && echo tiny >short)
refuse 8 "--trust-records: 'short' has 5 bytes, a secret has 32 at least" --trust-records hmac:short
openssl genpkey -algorithm ed25519 -aes256 -pass pass:word -out locked.pem
chmod 600 locked.pem
refuse 8 'that is not protected by a passphrase' --sign-records locked.pem
chmod 640 ours.pem secret
refuse 8 "'ours.pem' holds a secret and may be read by others (mode 0640); 'chmod 600' it" --sign-records ours.pem
refuse 8 "'secret' holds a secret and may be read by others" --trust-records hmac:secret
