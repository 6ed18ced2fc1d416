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

# From here on with a registry.
start_registry
push_base base 1 "$REGISTRY/app:base"
copy_to() { skopeo copy -q --preserve-digests --dest-tls-verify=false "oci:$1" "docker://$REGISTRY/$2"; }
reads() { grep -c "\"GET /v2/$1/blobs/" "$REGISTRY_LOG" || true; } # REPOSITORY: configs and layers
contents() {
    hub_log '[.requests[] | select(.kind == "cdn" or (.path | test("/resolve/"))) |
        select(.path | endswith("/config.json") | not)] | length'
}
rm -rf "$XDG_CACHE_HOME" && umoci unpack --image honest:1 seen-honest 2>umoci.log
home=$(cd seen-honest/rootfs && find . -name models--acme--tiny -type d | head -1)
# honest LAYOUT TAG: the image of a build from the source, also in the files that umoci unpacks
honest() {
    expect_eq "$right" "$DIGEST" "$1:$2"
    honest_files "$@"
}
honest_files() {
    rm -rf seen
    umoci unpack --image "$1:$2" seen 2>umoci.log
    diff -r "seen-honest/rootfs/$home" "seen/rootfs/$home" || fail "the files of $1:$2"
}
# told WHERE: a warning names the place, the layer and what differs
told() {
    expect_contains "$ERR" "warning: $1: what is recorded there as the layer 'medium files of acme/tiny' is not that layer"
    expect_contains "$ERR" "'model.safetensors' has the digest sha256:"
}

# Another image: in a folder, whose bytes pass through inlay, and in the same registry, which mounts them.
forge honest 1 weights weights
copy_to honest:weights forged:1
grep -q POISONED honest/blobs/sha256/* || fail 'nothing was forged'
inject oci:base:1 acme/tiny --to oci:out:reuse --reuse-from oci:honest:weights
told oci:honest
honest out reuse
inject "$REGISTRY/app:base" acme/tiny --to "$REGISTRY/out:reuse" --reuse-from "$REGISTRY/forged:1"
told "$REGISTRY/forged"
registry=$DIGEST
inject "$REGISTRY/app:base" acme/tiny --to "$REGISTRY/clean:1"
expect_eq "$registry" "$DIGEST" 'the result in the registry'
# The forged bytes were copied nowhere but where the registry mounts by itself.
expect_lacks "$(cat out/blobs/sha256/* | tr -d '\0' | grep -ao POISONED || true)" POISONED

# What a record calls the bytes decides nothing either, believed or not: engines would go by it.
for type in application/vnd.oci.image.layer.v1.tar+gzip application/vnd.oci.image.layer.v1.tar+zstd application/vnd.evil; do
    forge honest 1 typed "type=$type"
    for trust in '' '--trust-records all'; do
        # shellcheck disable=SC2086 # no option, or one with a value
        inject oci:base:1 acme/tiny --to oci:out:typed --reuse-from oci:honest:typed $trust
        honest out typed
    done
done

# BASE has the model already, forged, and the call replaces it.
inject oci:honest:weights acme/tiny --to oci:out:base
told oci:honest
honest out base

# The repository that keeps layers: a folder, and a registry.
inject oci:base:1 acme/tiny --to oci:out:kept --layer-cache oci:kept
inject "$REGISTRY/app:base" acme/tiny --to "$REGISTRY/warm:1" --layer-cache "$REGISTRY/layers"
forge_tags() { # PLACE TAG...: those that have something to forge
    local place=$1 forged=0
    shift
    for tag; do
        if forge "$place" "$tag" "$tag" weights 2>forge.log; then
            forged=$((forged + 1))
        else
            expect_contains "$(cat forge.log)" 'nothing to forge'
        fi
    done
    [ $forged -gt 0 ] || fail "nothing was forged in $place"
}
mapfile -t tags < <(jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"]' kept/index.json)
cp -r kept kept-honest
forge_tags kept "${tags[@]}"
forge_tags "http://$REGISTRY/v2/layers" "${tags[@]}"
inject oci:base:1 acme/tiny --to oci:out:cache --layer-cache oci:kept
told oci:kept
honest out cache
inject "$REGISTRY/app:base" acme/tiny --to "$REGISTRY/cold:1" --layer-cache "$REGISTRY/layers"
told "$REGISTRY/layers"
expect_eq "$registry" "$DIGEST" 'the result with a forged cache'
# The layer was built and is kept: the next one finds the right one there.
before=$(contents)
inject "$REGISTRY/app:base" acme/tiny --to "$REGISTRY/colder:1" --layer-cache "$REGISTRY/layers"
expect_lacks "$ERR" 'warning'
expect_eq "$before" "$(contents)" 'contents from the hub'
expect_eq "$registry" "$DIGEST" 'the result with the cache mended'

# What a shard would have left in TARGET's own repository.
XDG_CACHE_HOME=$TEST_DIR/shard expect_exit 0 "$INLAY" inject --quiet "$REGISTRY/app:base" acme/tiny \
    --to "$REGISTRY/sharded:1" --shard 1/1
forge_tags "http://$REGISTRY/v2/sharded" "${tags[@]}"
inject "$REGISTRY/app:base" acme/tiny --to "$REGISTRY/sharded:1"
told "$REGISTRY/sharded"
expect_eq "$registry" "$DIGEST" 'the result with forged layers of shards'

# What is right is read once: the hub is not asked, and the next call of this machine does not read it again.
before=$(contents)
inject "$REGISTRY/app:base" acme/tiny --to "$REGISTRY/once:1" --reuse-from "$REGISTRY/clean:1"
expect_eq "$before" "$(contents)" 'contents from the hub'
expect_contains "$ERR" 'taken from another image, checked'
expect_eq "$registry" "$DIGEST"
before=$(reads clean)
expect_exit 0 "$INLAY" inject "$REGISTRY/app:base" acme/tiny --to "$REGISTRY/twice:1" --reuse-from "$REGISTRY/clean:1"
expect_lacks "$ERR" 'checked'
expect_eq $((before + 1)) "$(reads clean)" 'reads: the config alone'
# TARGET's own tag is believed, on a machine that has seen nothing, and with --check-reused it is not.
before=$(reads once)
inject "$REGISTRY/app:base" acme/tiny --to "$REGISTRY/once:1"
expect_lacks "$ERR" 'checked'
expect_eq $((before + 1)) "$(reads once)" 'reads of TARGET: the config alone'
forge "http://$REGISTRY/v2/once" 1 1 weights
inject "$REGISTRY/app:base" acme/tiny --to "$REGISTRY/once:1"
[ "$registry" != "$DIGEST" ] || fail 'TARGET was not forged'
inject "$REGISTRY/app:base" acme/tiny --to "$REGISTRY/once:1" --check-reused
told "$REGISTRY/once"
expect_eq "$registry" "$DIGEST" 'the result with --check-reused'
# So is what this machine has learned, which --check-reused reads again.
expect_exit 0 "$INLAY" inject "$REGISTRY/app:base" acme/tiny --to "$REGISTRY/once:2" --check-reused
expect_contains "$ERR" 'small files of acme/tiny'
expect_contains "$ERR" 'already there, checked'

# What an earlier version has noted in the memo it may only have been told: it says where to look, and is checked.
inject "$REGISTRY/app:base" acme/tiny --to "$REGISTRY/noted:1"
mv "$XDG_CACHE_HOME/inlay/layers" "$XDG_CACHE_HOME/inlay/recipes"
expect_exit 0 "$INLAY" inject "$REGISTRY/app:base" acme/tiny --to "$REGISTRY/noted:2"
expect_contains "$ERR" 'medium files of acme/tiny, 2.0 MB, already there, checked'
expect_exit 0 "$INLAY" inject "$REGISTRY/app:base" acme/tiny --to "$REGISTRY/noted:3"
expect_contains "$ERR" 'medium files of acme/tiny, 2.0 MB, already there'
expect_lacks "$ERR" 'files of acme/tiny, 2.0 MB, already there, checked'

# A lock does not write down what a forged base claims its layers to be.
mkdir project
(cd project && rm -rf "$XDG_CACHE_HOME" && "$INLAY" init --quiet acme/tiny >/dev/null &&
    "$INLAY" lock --quiet --base oci:../honest:weights >/dev/null) || fail 'no lock was made'
[ "$(jq '[.images[].layers[] | select(.model)] | length' project/inlay.lock.json)" -gt 0 ] || fail 'the lock has no layers'
expect_json project/inlay.lock.json '[.images[].layers[] | select(.model) | .diff_id] | unique' '[null]'

# --trust-records all reads nothing, and takes what it is told.
before=$(reads forged)
inject "$REGISTRY/app:base" acme/tiny --to "$REGISTRY/gullible:1" --reuse-from "$REGISTRY/forged:1" --trust-records all
expect_lacks "$ERR" 'checked'
expect_eq $((before + 1)) "$(reads forged)" 'reads with --trust-records all: the config alone'
[ "$registry" != "$DIGEST" ] || fail 'the forged image was not used'
# It is not remembered as checked.
expect_exit 0 "$INLAY" inject "$REGISTRY/app:base" acme/tiny --to "$REGISTRY/gullible:2"
expect_eq "$registry" "${OUT##*@}" 'the result after that'

# Another compression of the same tar is the same layer; another tar in it is not.
skopeo copy -q --dest-compress oci:honest:1 oci:packed:1
inject oci:base:1 acme/tiny --to oci:out:packed --reuse-from oci:packed:1
expect_lacks "$ERR" warning
expect_contains "$ERR" 'checked'
skopeo copy -q --dest-compress oci:honest:weights oci:packed:2
inject oci:base:1 acme/tiny --to oci:out:repacked --reuse-from oci:packed:2
told oci:packed
honest_files out repacked

# Layers that inlay has compressed itself.
for how in gzip zstd; do
    inject oci:base:1 acme/tiny --to "oci:out:$how" --compression $how --layer-cache "oci:kept-$how"
    compressed=$DIGEST
    before=$(contents)
    inject oci:base:1 acme/tiny --to "oci:fresh:$how" --compression $how --layer-cache "oci:kept-$how"
    expect_contains "$ERR" 'taken from another image, checked'
    expect_eq "$before" "$(contents)" "contents from the hub, $how"
    expect_eq "$compressed" "$DIGEST" "$how, out of a cache"
done

# plan says what will be read, and reads nothing.
rm -rf "$XDG_CACHE_HOME"
before=$(reads clean)
expect_exit 0 "$INLAY" plan "$REGISTRY/app:base" acme/tiny --to "$REGISTRY/planned:1" --reuse-from "$REGISTRY/clean:1" --json
expect_json "$OUT" '[.layers[] | select(.model) | .check] | unique' '[true]'
expect_exit 0 "$INLAY" plan "$REGISTRY/app:base" acme/tiny --to "$REGISTRY/planned:1" --reuse-from "$REGISTRY/clean:1"
expect_contains "$OUT" 'to be checked'
expect_exit 0 "$INLAY" plan "$REGISTRY/app:base" acme/tiny --to "$REGISTRY/clean:1" --json
expect_json "$OUT" '[.layers[].check] | unique' '[false]'

expect_exit 2 "$INLAY" inject oci:base:1 acme/tiny --to oci:out:1 --trust-records all --check-reused
expect_contains "$ERR" '--check-reused and --trust-records exclude each other'
expect_exit 3 "$INLAY" inject oci:base:1 acme/tiny --to oci:out:1 --trust-records most
expect_contains "$ERR" "--trust-records: 'most' does not exist"
