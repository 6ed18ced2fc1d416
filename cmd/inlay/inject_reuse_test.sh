#!/bin/bash
# No byte of a model twice: layers are found again in other images, in a repository that keeps them,
# and by what this machine has written before; several machines share the work.
. "$(dirname "$0")/../../testdata/lib.sh"

start_hub '{"id": "acme/parts", "files": [{"path": "config.json", "text": "{}"},
    {"path": "model-1.safetensors", "synthetic": 68000000, "seed": 1},
    {"path": "model-2.safetensors", "synthetic": 68000000, "seed": 2},
    {"path": "model-3.safetensors", "synthetic": 68000000, "seed": 3},
    {"path": "tokenizer.json", "synthetic": 2000000, "seed": 4}]}'
start_registry
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
cd "$TEST_DIR" || exit
make_base base 1 --user app
make_base base 2 --user app --layers 4 --env OTHER=1
push_base base 1 "$REGISTRY/app:base"
push_base base 2 "$REGISTRY/other:base"

# moved COMMAND...: requests for content of the model, on a machine that has seen nothing; but for the small files by
# which it is decided what is taken
downloads() {
    hub_log '[.requests[] | select(.kind == "cdn" or (.path | test("/resolve/"))) |
        select(.path | endswith("/config.json") | not)] | length'
}
moved() {
    local before
    before=$(downloads)
    rm -rf "$XDG_CACHE_HOME"
    expect_exit 0 "$@"
    moved=$(($(downloads) - before))
}
uploads() { grep -c '"PATCH /v2/' "$REGISTRY_LOG" || true; }

moved "$INLAY" inject "$REGISTRY/app:base" acme/parts --to "$REGISTRY/app:1"
[ "$moved" -gt 4 ] || fail 'the first run downloads'
first=${OUT#*@}

# Another tag of the repository, another base: --reuse-from finds them, and the registry mounts.
moved "$INLAY" inject "$REGISTRY/app:base" acme/parts --to "$REGISTRY/app:2" --reuse-from "$REGISTRY/app:1"
expect_eq 0 "$moved" 'content from the hub'
expect_eq "$first" "${OUT#*@}"
before=$(uploads)
moved "$INLAY" inject "$REGISTRY/other:base" acme/parts --to "$REGISTRY/other:1" \
    --reuse-from oci:base:1 --reuse-from "$REGISTRY/app:1"
expect_eq 0 "$moved" 'content from the hub for another base'
expect_contains "$ERR" 'taken from another image'
expect_contains "$ERR" 'moved 0 B of model'
[ $(($(uploads) - before)) -le 3 ] || fail 'the layers were sent, not mounted'
skopeo copy -q --preserve-digests --src-tls-verify=false "docker://$REGISTRY/other:1" oci:seen:1
"$TESTDATA/validate_image.sh" seen 1 >/dev/null
expect_exit 3 "$INLAY" inject "$REGISTRY/app:base" acme/parts --to "$REGISTRY/app:3" --reuse-from "$REGISTRY/app:nope"
expect_contains "$ERR" '--reuse-from'
expect_exit 0 "$INLAY" plan "$REGISTRY/app:base" acme/parts --to "$REGISTRY/app:3" --reuse-from "$REGISTRY/app:1" --json
expect_json "$OUT" '.moves.model' 0

# A repository that keeps layers: written by one, read by the next.
moved "$INLAY" inject oci:base:1 acme/parts --to oci:out:1 --layer-cache "$REGISTRY/layers"
[ "$moved" -gt 0 ] || fail 'an empty cache has nothing'
tags=$(curl -s "http://$REGISTRY/v2/layers/tags/list" | jq '.tags | length')
expect_eq 5 "$tags" 'one tag a recipe that has content'
moved "$INLAY" inject oci:base:2 acme/parts --to oci:out:2 --layer-cache "$REGISTRY/layers"
expect_eq 0 "$moved" 'content from the hub, with the cache'
moved "$INLAY" inject "$REGISTRY/app:base" acme/parts --to "$REGISTRY/third:1" --layer-cache "$REGISTRY/layers"
expect_eq 0 "$moved" 'content from the hub, mounted out of the cache'
expect_eq "$first" "${OUT#*@}"
moved "$INLAY" inject oci:base:1 acme/parts --to oci:out:3 --layer-cache oci:kept
moved "$INLAY" inject oci:base:1 acme/parts --to oci:fresh:1 --layer-cache oci:kept
expect_eq 0 "$moved" 'content from the hub, with a cache in a folder'
# What is in the cache is not believed beyond its recipe: a tag that tells of another is passed over.
one=$(curl -s "http://$REGISTRY/v2/layers/tags/list" | jq -r '.tags[0]')
two=$(curl -s "http://$REGISTRY/v2/layers/tags/list" | jq -r '.tags[1]')
type=application/vnd.oci.image.manifest.v1+json
curl -s -H "Accept: $type" "http://$REGISTRY/v2/layers/manifests/$two" >swapped
curl -s -f -X PUT -H "Content-Type: $type" --data-binary @swapped "http://$REGISTRY/v2/layers/manifests/$one"
moved "$INLAY" inject oci:base:1 acme/parts --to oci:wary:1 --layer-cache "$REGISTRY/layers"
[ "$moved" -gt 0 ] || fail 'a swapped entry was used'
expect_eq "$(tag_digest out 1)" "$(tag_digest wary 1)"
expect_exit 2 "$INLAY" inject oci:base:1 acme/parts --to oci:out:4 --layer-cache docker-archive:x.tar
expect_contains "$ERR" 'neither a repository nor oci:DIR'

# This machine remembers what it has written where.
rm -rf "$XDG_CACHE_HOME"
expect_exit 0 "$INLAY" inject oci:base:1 acme/parts --to oci:memo:1
before=$(downloads)
expect_exit 0 "$INLAY" inject oci:base:2 acme/parts --to oci:memo:2
expect_eq "$before" "$(downloads)" 'the second tag takes the layers that are there'
expect_exit 0 "$INLAY" inject oci:base:2 acme/parts --to oci:elsewhere:2
[ "$(downloads)" -gt "$before" ] || fail 'a memo of another place was believed'

# Three shards as three processes, and a last run that finds all of it.
rm -rf "$XDG_CACHE_HOME"
before=$(downloads)
for shard in 1 2 3; do
    XDG_CACHE_HOME=$TEST_DIR/cache$shard "$INLAY" inject "$REGISTRY/app:base" acme/parts \
        --to "$REGISTRY/sharded:1" --shard $shard/3 >"shard$shard.out" 2>"shard$shard.err" &
    shards[shard]=$!
done
for shard in 1 2 3; do
    wait "${shards[shard]}" || fail "shard $shard: $(cat "shard$shard.err")"
    expect_eq '' "$(cat "shard$shard.out")"
    expect_contains "$(cat "shard$shard.err")" "shard $shard of 3: no image is written"
done
expect_eq 404 "$(curl -s -o /dev/null -w '%{http_code}' "http://$REGISTRY/v2/sharded/manifests/1")"
[ "$(downloads)" -gt "$before" ] || fail 'the shards download'
moved "$INLAY" inject "$REGISTRY/app:base" acme/parts --to "$REGISTRY/sharded:1"
expect_eq 0 "$moved" 'content from the hub after the shards'
expect_eq "$first" "${OUT#*@}"
# Through a cache, into a place that keeps no tags of its own.
for shard in 2 1; do
    expect_exit 0 "$INLAY" inject oci:base:1 acme/parts --to oci:shards:1 --layer-cache oci:shared --shard $shard/2
done
moved "$INLAY" inject oci:base:1 acme/parts --to oci-archive:all.tar:1 --layer-cache oci:shared
expect_eq 0 "$moved" 'content from the hub into an archive'
for wrong in 0/3 4/3 1 1/0 a/b 1/2000 -1/2; do
    expect_exit 2 "$INLAY" inject oci:base:1 acme/parts --to oci:out:5 --shard "$wrong"
    expect_contains "$ERR" 'K/N'
done

# The examples in the documentation parse, and are about the same number of shards.
python3 - "$TESTDATA/../docs/jobs.md" <<'PYTHON'
import re, sys, yaml

text = open(sys.argv[1]).read()
job, ci = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.S))
container = job["spec"]["template"]["spec"]["containers"][0]
assert job["apiVersion"] == "batch/v1" and job["kind"] == "Job"
assert job["spec"]["completionMode"] == "Indexed"
assert f'/{job["spec"]["completions"]}"' in container["args"][0], container["args"]
assert {mount["name"] for mount in container["volumeMounts"]} == {
    volume["name"] for volume in job["spec"]["template"]["spec"]["volumes"]}
shards = ci["jobs"]["shards"]["strategy"]["matrix"]["shard"]
assert shards == list(range(1, len(shards) + 1))
assert f"/{len(shards)}" in ci["jobs"]["shards"]["steps"][0]["run"]
assert "--shard" not in ci["jobs"]["image"]["steps"][0]["run"] and ci["jobs"]["image"]["needs"] == "shards"
PYTHON
