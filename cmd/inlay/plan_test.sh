#!/bin/bash
# `inlay plan` says what `inlay inject` then does.
. "$(dirname "$0")/../../testdata/lib.sh"

start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"},
    {"path": "model.safetensors", "synthetic": 70000000, "seed": 1},
    {"path": "pytorch_model.bin", "synthetic": 70000000, "seed": 2},
    {"path": "onnx/model.onnx", "synthetic": 2000000, "seed": 3}]}'
start_registry
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
cd "$TEST_DIR" || exit
make_base base 1 --index --user app --layers 3
push_base base 1 "$REGISTRY/app:1"

# Before: everything is to be built, and nothing of the model has moved but the file that says what it is.
expect_exit 0 "$INLAY" plan "$REGISTRY/app:1" acme/tiny --to "$REGISTRY/new:1" --json -q
expect_eq '' "$ERR"
plan=$OUT
expect_json "$plan" '[.platforms[].platform]' '["linux/amd64","linux/arm64"]'
expect_json "$plan" '.platforms[0] | [.user.uid, .user.gid, .home.path, .owner.uid, .places, .environment]' \
    '[1000,1000,"/home/app",1000,["/home/app/.cache/huggingface/hub"],["HF_HUB_OFFLINE=1"]]'
expect_json "$plan" '.platforms[0].user.from | test("/etc/passwd")' true
expect_json "$plan" '.platforms[0].folders[] | select(.path == "/home/app") | [.mode, .uid, .made]' '["0750",1000,false]'
expect_json "$plan" '.platforms[0].folders[] | select(.path == "/home/app/.cache") | [.mode, .uid, .made]' '["0755",1000,true]'
expect_json "$plan" '.models[0] | [.name, .revision, (.files | map(.path)), .left_out, .left_out_size]' \
    '["acme/tiny","main",["config.json","model.safetensors"],["onnx/model.onnx","pytorch_model.bin"],72000000]'
expect_json "$plan" '.models[0].left_out_files | map([.path, .size])' '[["onnx/model.onnx",2000000],["pytorch_model.bin",70000000]]'
expect_json "$plan" '[.layers[] | [.kind, .state, .digest]]' \
    '[["large","build",null],["small","build",null],["folders","build",null]]'
expect_json "$plan" '.moves.model' 70000002
expect_eq config.json "$(hub_log '.requests[] | .path | select(test("/resolve/")) | sub(".*/"; "")')" 'files that were fetched'
expect_eq 404 "$(curl -s -o /dev/null -w '%{http_code}' "http://$REGISTRY/v2/new/manifests/1")"
expect_json "$plan" '.base_blobs | .count == .missing and .count > 0' true

# The table says the same to people.
expect_exit 0 "$INLAY" plan "$REGISTRY/app:1" acme/tiny --to "$REGISTRY/new:1" --platform amd64
for part in 'linux/amd64, 3 layers' '1000:1000 (' '/home/app (' '/home/app/.cache/huggingface/hub' \
    'HF_HUB_OFFLINE=1' 'as in the base' 'model.safetensors' 'leave out' 'acme/tiny@main' 'would move: 70.0 MB of model'; do
    expect_contains "$OUT" "$part"
done
moved=$(jq -r .moves.base <<<"$plan")
[[ $OUT =~ onnx/model.onnx\ +2.0\ MB\ +leave\ out ]] || fail 'a file that is left out has no size'
# Once for platforms that are alike, and what inject would say besides.
expect_contains "$OUT" "note       left out of acme/tiny: "
expect_contains "$OUT" 'note       setting HF_HUB_OFFLINE=1 in the image'
expect_lacks "$OUT" 'note       model:'
make_base alike 1 --index --user app
expect_exit 0 "$INLAY" plan oci:alike:1 acme/tiny
expect_contains "$OUT" 'platform   linux/amd64, linux/arm64, 1 layer in the base'
expect_eq 1 "$(grep -c '^home ' <<<"$OUT")"

# inject moves what was said, and makes the layers that were said.
expect_exit 0 "$INLAY" inject "$REGISTRY/app:1" acme/tiny --to "$REGISTRY/app:2"
expect_exit 0 "$INLAY" plan "$REGISTRY/app:1" acme/tiny --to "$REGISTRY/app:2" --json
after=$OUT
expect_json "$after" '[.layers[].state] | unique' '["there"]'
expect_json "$after" '[.moves.model, .moves.base, .base_blobs.missing]' '[0,0,0]'
expect_eq "$(jq -c '[.layers[].recipe]' <<<"$plan")" "$(jq -c '[.layers[].recipe]' <<<"$after")"
expect_eq "$(curl -s -H 'Accept: application/vnd.oci.image.manifest.v1+json' "http://$REGISTRY/v2/app/manifests/$(
    curl -s -H 'Accept: application/vnd.oci.image.index.v1+json' "http://$REGISTRY/v2/app/manifests/2" |
        jq -r '.manifests[0].digest')" | jq -c '[.layers[-3:][].digest]')" "$(jq -c '[.layers[].digest]' <<<"$after")"
[ "$moved" -gt 0 ] || fail 'a new repository lacks the base'

# From an image that has the model, its layers come along; without a target nothing is there.
expect_exit 0 "$INLAY" plan "$REGISTRY/app:2" acme/tiny --to oci:elsewhere:1 --json
expect_json "$OUT" '[.layers[].state] | unique' '["copy"]'
expect_json "$OUT" '.moves.model' 0
expect_no_file elsewhere
expect_exit 0 "$INLAY" plan oci:base:1 acme/tiny --platform arm64
expect_contains "$OUT" 'would move: 70.0 MB of model'
expect_lacks "$OUT" 'target'

# Without a target every kind of base is planned, an image in a registry among them.
skopeo copy -q oci:base:1 oci-archive:base.tar:docker.io/library/base:1
for base in "$REGISTRY/app:1" "docker://$REGISTRY/app:2" oci:base:1 oci-archive:base.tar scratch; do
    expect_exit 0 "$INLAY" plan "$base" acme/tiny --platform amd64
    expect_contains "$OUT" "$([ "$base" = "docker://$REGISTRY/app:2" ] && echo 'would move: 0 B of model' || echo 'would move: 70.0 MB of model')" "$base"
    expect_lacks "$OUT" 'of base' "$base"
    expect_exit 0 "$INLAY" plan "$base" acme/tiny --platform amd64 --json -q
    expect_json "$OUT" '[.platforms[].platform]' '["linux/amd64"]'
    expect_json "$OUT" '.base_blobs | .count == .missing' true
done

# It fails where inject would.
expect_exit 3 "$INLAY" plan oci:base:1 acme/tiny@nothing
expect_exit 3 "$INLAY" plan oci:base:2 acme/tiny
expect_exit 6 "$INLAY" plan oci:base:1 acme/tiny --user nobody-there
expect_exit 2 "$INLAY" plan oci:base:1

# Where TARGET's registry cannot be reached, plan fails as inject does, whatever the base is.
nobody=127.0.0.1:$(free_port)
for command in plan inject; do
    expect_exit 5 "$INLAY" "$command" scratch acme/tiny --to "$nobody/app:1"
    expect_contains "$ERR" "$nobody"
done
# A folder for what is learned that cannot be made is told of once.
touch file
expect_exit 0 env XDG_CACHE_HOME="$PWD/file" "$INLAY" plan scratch acme/tiny
expect_eq "warning: '$PWD/file/inlay' cannot be written: nothing that is learned of layers is kept, and the next run reads them again; XDG_CACHE_HOME names another folder" "$(grep 'cannot be written' <<<"$ERR")"
# An image is named with its tag, whatever is wrong with it.
expect_exit 3 "$INLAY" plan "$REGISTRY/app:1" acme/tiny --platform s390x
expect_contains "$ERR" "the base $REGISTRY/app:1: "
for command in inspect verify; do
    expect_exit 3 "$INLAY" "$command" "$REGISTRY/app:none"
    expect_contains "$ERR" "the image $REGISTRY/app:none: "
done
expect_exit 3 "$INLAY" remove "$REGISTRY/app:1" acme/none --to oci:removed:1
expect_contains "$ERR" "the image $REGISTRY/app:1: "
