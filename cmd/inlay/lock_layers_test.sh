#!/bin/bash
# What the layers of a project unpack to, in its lock: of layers that were built, and with --diff-ids
# also of those that nobody has built yet.
. "$(dirname "$0")/../../testdata/lib.sh"

cd "$TEST_DIR" || exit
start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"}, {"path": "model.safetensors", "synthetic": 70000000, "seed": 1}]}' \
    '{"id": "acme/other", "files": [{"path": "config.json", "text": "{}"}, {"path": "model.safetensors", "synthetic": 3000, "seed": 2}]}'
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
make_base "$TEST_DIR/base" 1
cat >inlay.json <<'JSON'
{"version": 1, "base": "oci:base:1", "target": "oci:out:1", "models": ["acme/tiny"], "sets": {"more": ["acme/other"]}}
JSON
diff_ids() { jq -c "[.images[] | select(.set == $1) | .layers[].diff_id] | sort" inlay.lock.json; }
downloads() { hub_log '[.requests[] | select(.method == "GET" and (.path | endswith("model.safetensors")))] | length'; }
# What skopeo says of an image's layers, above those of its base.
skopeo_diff_ids() {
    jq -c -n --argjson image "$(skopeo inspect --config "oci:$1")" --argjson base "$(skopeo inspect --config oci:base:1)" \
        '($image.rootfs.diff_ids - $base.rootfs.diff_ids) | sort'
}

# Nobody has built them: the lock says so, or they are packed, once. The target is not made for that.
expect_exit 0 "$INLAY" lock
expect_eq '[null]' "$(jq -c '[.images[].layers[].diff_id] | unique' inlay.lock.json)"
expect_exit 0 "$INLAY" lock --diff-ids --download-cache files
expect_eq 'inlay.lock.json: no model has changed' "$OUT"
/usr/bin/python3 -W ignore -m jsonschema -i inlay.lock.json "$TESTDATA/../docs/inlay.lock.schema.json" || fail 'the schema'
expect_json "$(cat inlay.lock.json)" '[.images[].layers[] | .diff_id == null] | unique' '[false]'
expect_eq 2 "$(downloads)" 'each model is read once, though two sets have it'
[ ! -e out ] || fail 'a target was made'
mv inlay.lock.json whole.json
# They are what the image has, by another tool, of the models of all and of a set; what the cache keeps is not fetched.
cp whole.json inlay.lock.json
expect_exit 0 "$INLAY" inject --locked --download-cache files
expect_exit 0 "$INLAY" inject --locked --set more --download-cache files --to oci:out:more
expect_eq "$(skopeo_diff_ids out:1)" "$(diff_ids null)"
expect_eq "$(skopeo_diff_ids out:more)" "$(diff_ids '"more"')"
expect_eq 2 "$(downloads)" 'downloads with a cache'

# This machine remembers them: nothing is read for the next lock, which has the same bytes.
rm -r inlay.lock.json out files
expect_exit 0 "$INLAY" lock --diff-ids
cmp whole.json inlay.lock.json || fail 'a second lock has other bytes'
expect_eq 2 "$(downloads)" 'downloads for a lock of what is remembered'
# So it does of what inject has built, whose target is gone.
rm -r inlay.lock.json cache
expect_exit 0 "$INLAY" lock
expect_exit 0 "$INLAY" inject --locked
expect_exit 0 "$INLAY" lock
expect_eq "$(jq -c '[.images[] | select(.set == null)]' whole.json)" "$(jq -c '[.images[] | select(.set == null)]' inlay.lock.json)"
rm -r inlay.lock.json out
expect_exit 0 "$INLAY" lock
expect_eq "$(jq -c '[.images[] | select(.set == null)]' whole.json)" "$(jq -c '[.images[] | select(.set == null)]' inlay.lock.json)"
expect_json "$(cat inlay.lock.json)" '[.images[] | select(.set == "more") | .layers[] | select(.model == "acme/other") | .diff_id] | unique' '[null]'
# What the lock has is not read either, on a machine that remembers nothing.
rm -r cache
cp whole.json inlay.lock.json
hub_control '{"clearLog": true}' >/dev/null
expect_exit 0 "$INLAY" lock --diff-ids
cmp whole.json inlay.lock.json || fail 'a lock that is whole was written anew'
expect_eq 0 "$(downloads)" 'downloads for a lock that is whole'

# Layers that come out otherwise are refused, here too.
jq '(.images[].layers[] | select(.kind == "large")).diff_id |= "sha256:'"$(printf '0%.0s' {1..64})"'"' whole.json >bad.lock.json
expect_exit 7 "$INLAY" inject --lock bad.lock.json --to oci:out:bad
expect_contains "$ERR" "expected sha256:$(printf '0%.0s' {1..64}) by 'bad.lock.json'"

# Whoever wants them gets no lock without them.
expect_exit 2 "$INLAY" lock --diff-ids --check
expect_contains "$ERR" '--diff-ids reads models and --check asks nobody; leave one out'
expect_exit 3 "$INLAY" lock --diff-ids --base oci:base:nowhere
expect_exit 2 "$INLAY" lock --diff-ids=yes
jq 'del(.base)' inlay.json >bare.json
expect_exit 2 "$INLAY" lock --diff-ids --project bare.json
expect_contains "$ERR" "--diff-ids is about layers, which are for a base, and the project has none; name it by --base, or as 'base' in 'bare.json'"
[ ! -e bare.lock.json ] || fail 'a lock was written'
