#!/bin/bash
# What an image says of its models: for people, for programs, and without a layer being read.
. "$(dirname "$0")/../../testdata/lib.sh"

c1=1111111111111111111111111111111111111111 c2=2222222222222222222222222222222222222222
start_hub '{"id": "acme/tiny", "commits": [
      {"name": "c1", "oid": "'$c1'", "files": [{"path": "config.json", "text": "{}"},
        {"path": "modules.json", "text": "[]"}, {"path": "model.safetensors", "synthetic": 2000000, "seed": 1}]},
      {"name": "c2", "oid": "'$c2'", "files": [{"path": "config.json", "text": "{\"v\":2}"}]}],
    "branches": {"main": "c1", "dev": "c2"}}' \
    '{"id": "acme/words", "type": "dataset", "files": [{"path": "train.csv", "text": "a,b\n"}]}'
export HF_ENDPOINT=$HUB_URL
start_registry
make_base "$TEST_DIR/base" 1 --index
push_base "$TEST_DIR/base" 1 "$REGISTRY/app:1"
inspect() {
    expect_exit 0 "$INLAY" inspect "$@"
    expect_eq '' "$ERR" 'stderr'
}

# Without models: a line, or a document without any.
inspect "$REGISTRY/app:1"
expect_eq 'no models' "$OUT"
inspect "$REGISTRY/app:1" --json
expect_json "$OUT" '[.digest, .models, [.platforms[] | .platform, .base, .environment]]' \
    "[\"$(tag_digest "$TEST_DIR/base" 1)\",[],[\"linux/amd64\",null,[],\"linux/arm64\",null,[]]]"

# Two models on two platforms.
expect_exit 0 "$INLAY" inject "$REGISTRY/app:1" acme/tiny datasets/acme/words --env X=y --to "$REGISTRY/app:2"
digest=${OUT##*@}
logged=$(wc -l <"$REGISTRY_LOG")
inspect "$REGISTRY/app:2"
expect_contains "$OUT" "image      $digest"
expect_contains "$OUT" 'platforms  linux/amd64, linux/arm64'
expect_contains "$OUT" "base       $REGISTRY/app:1@$(tag_digest "$TEST_DIR/base" 1)"
expect_contains "$OUT" 'sets       HF_HUB_OFFLINE=1, X=y'
expect_eq "MODEL                COMMIT   FILES    SIZE  LAYERS  LAYOUT       PLACE
acme/tiny            1111111      3  2.0 MB       2  huggingface  /root/.cache/huggingface/hub" \
    "$(grep -A 1 '^MODEL' <<<"$OUT")"
expect_eq 1 "$(grep -c '^datasets/acme/words  [0-9a-f]\{7\}  ' <<<"$OUT")"
widest=$(awk '{ if (length > most) most = length } END { print most }' < <(grep -A 9 '^MODEL' <<<"$OUT"))
[ "$widest" -le 100 ] || fail "the table has $widest columns"

# The same for programs, as others see it; what they need to run `remove` is in it.
inspect "docker://$REGISTRY/app:2" --json
expect_eq 1 "$(wc -l <<<"$OUT")" 'lines of JSON'
expect_json "$OUT" '[.digest, (.models | length), (.platforms | length)]' "[\"$digest\",2,2]"
expect_json "$OUT" '.models[0] | [.kind, .name, .commit, .layout, .place, .platforms]' \
    "[\"model\",\"acme/tiny\",\"$c1\",\"huggingface\",\"/root/.cache/huggingface/hub\",[\"linux/amd64\",\"linux/arm64\"]]"
expect_json "$OUT" '.models[1] | [.kind, .name, .files, (.layers | map(.kind))]' \
    '["dataset","datasets/acme/words",1,["small"]]'
expect_json "$OUT" '.models[0].files' 3
expect_json "$OUT" '.platforms[0] | [.platform, .base.name, .base.digest, .environment]' \
    "[\"linux/amd64\",\"$REGISTRY/app:1\",\"$(tag_digest "$TEST_DIR/base" 1)\",[\"HF_HUB_OFFLINE=1\",\"X=y\"]]"
told=$OUT
raw() { skopeo inspect --raw --tls-verify=false "docker://$REGISTRY/app$1"; }
child=$(jq -r '.platforms[1].digest' <<<"$told")
expect_eq "$(raw "@$child" | jq -c '[.layers[-4,-3] | {digest, size}]')" \
    "$(jq -c '[.models[0].layers[] | {digest, size}]' <<<"$told")" 'the layers of the first model'
expect_eq "$(raw "@$child" | jq '[.layers[-4,-3].size] | add')" \
    "$(jq '.models[0].size' <<<"$told")" 'the size of the first model'
expect_eq "$(raw "@$child" | jq -c '[.layers[-4,-3].annotations["dev.inlay.recipe"]]')" \
    "$(jq -c '[.models[0].layers[].recipe]' <<<"$told")" 'recipes'

# No layer was asked for.
for layer in $(raw "@$child" | jq -r '.layers[].digest'); do
    expect_eq 0 "$(tail -n "+$((logged + 1))" "$REGISTRY_LOG" | grep 'inlay/' | grep -c "blobs/$layer" || true)" \
        "requests for $layer"
done

# One platform by its digest; two revisions and two layouts are models of their own.
inspect "$REGISTRY/app@$child" --json
expect_json "$OUT" '[.digest, (.platforms | map(.platform))]' "[\"$child\",[\"linux/arm64\"]]"
make_base "$TEST_DIR/base" plain
expect_exit 0 "$INLAY" inject "oci:$TEST_DIR/base:plain" acme/tiny acme/tiny@dev --to "oci:$TEST_DIR/out:1"
expect_exit 0 "$INLAY" inject "oci:$TEST_DIR/out:1" acme/tiny --layout sentence-transformers --to "oci:$TEST_DIR/out:1"
inspect "oci:$TEST_DIR/out:1" --json
expect_json "$OUT" '[.models[] | [.layout, .commit[0:1], .files]] | sort' \
    '[["huggingface","1",3],["huggingface","2",1],["sentence-transformers","1",3]]'
expect_json "$OUT" '.platforms[0].base.name' null
inspect "oci:$TEST_DIR/out:1"
expect_contains "$OUT" "base       $(tag_digest "$TEST_DIR/base" plain)"

# Platforms that differ are told apart.
make_base "$TEST_DIR/base" elsewhere --env HF_HOME=/opt --architecture arm64
expect_exit 0 "$INLAY" inject "oci:$TEST_DIR/base:elsewhere" acme/tiny --to "oci:$TEST_DIR/out:arm64"
jq -n --slurpfile all "$TEST_DIR/out/index.json" '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [$all[0].manifests[] | del(.annotations) + {platform: {os: "linux", architecture: "any"}}]}' >"$TEST_DIR/index"
blob=$(sha256_of "$TEST_DIR/index")
cp "$TEST_DIR/index" "$TEST_DIR/out/blobs/sha256/$blob"
inspect "oci:$TEST_DIR/out:sha256:$blob"
expect_contains "$OUT" 'PLATFORMS'
expect_eq 1 "$(grep -cE '/opt/hub +linux/arm64$' <<<"$OUT")" 'lines for the other platform'
expect_contains "$OUT" "$(tag_digest "$TEST_DIR/base" elsewhere) (linux/arm64)"

# What a stranger wrote into an image does not reach the terminal as it is.
evil=$TEST_DIR/evil
cp -r "$TEST_DIR/out" "$evil"
config=$(image_config "$evil" arm64 | jq -c '.history[-2].comment |= (fromjson | .model = "a\u001b[2Jb" | tojson)')
name=$(printf '%s' "$config" | sha256sum | cut -d ' ' -f 1)
printf '%s' "$config" >"$evil/blobs/sha256/$name"
image_manifest "$evil" arm64 | jq -c --arg digest "sha256:$name" --argjson size "$(stat -c %s "$evil/blobs/sha256/$name")" \
    '.config.digest = $digest | .config.size = $size' >"$TEST_DIR/manifest"
cp "$TEST_DIR/manifest" "$evil/blobs/sha256/$(sha256_of "$TEST_DIR/manifest")"
inspect "oci:$evil:sha256:$(sha256_of "$TEST_DIR/manifest")"
expect_contains "$OUT" 'a?[2Jb'

# Earlier versions did not record the number of files.
config=$(image_config "$evil" arm64 | jq -c '.history[].comment |= if . then (fromjson | del(.files) | tojson) else . end')
name=$(printf '%s' "$config" | sha256sum | cut -d ' ' -f 1)
printf '%s' "$config" >"$evil/blobs/sha256/$name"
image_manifest "$evil" arm64 | jq -c --arg digest "sha256:$name" --argjson size "$(stat -c %s "$evil/blobs/sha256/$name")" \
    '.config.digest = $digest | .config.size = $size' >"$TEST_DIR/manifest"
cp "$TEST_DIR/manifest" "$evil/blobs/sha256/$(sha256_of "$TEST_DIR/manifest")"
inspect "oci:$evil:sha256:$(sha256_of "$TEST_DIR/manifest")" --json
expect_json "$OUT" '.models[0].files' null
inspect "oci:$evil:sha256:$(sha256_of "$TEST_DIR/manifest")"
expect_eq 1 "$(grep -cE '^acme/tiny +1111111 +- ' <<<"$OUT")" 'a dash for the files'

# A commit that is none: nobody of ours wrote that, and nothing is read beyond it.
config=$(image_config "$TEST_DIR/out" arm64 | jq -c '.history[].comment |= if . then (fromjson | if .commit then .commit = "" else . end | tojson) else . end')
name=$(printf '%s' "$config" | sha256sum | cut -d ' ' -f 1)
printf '%s' "$config" >"$evil/blobs/sha256/$name"
image_manifest "$TEST_DIR/out" arm64 | jq -c --arg digest "sha256:$name" --argjson size "$(stat -c %s "$evil/blobs/sha256/$name")" \
    '.config.digest = $digest | .config.size = $size' >"$TEST_DIR/manifest"
cp "$TEST_DIR/manifest" "$evil/blobs/sha256/$(sha256_of "$TEST_DIR/manifest")"
inspect "oci:$evil:sha256:$(sha256_of "$TEST_DIR/manifest")"
expect_eq 'no models' "$OUT"
inspect "oci:$evil:sha256:$(sha256_of "$TEST_DIR/manifest")" --json
expect_json "$OUT" .models '[]'

# What goes wrong, in one line.
refuse() {
    local status=$1 part=$2
    shift 2
    expect_exit "$status" "$INLAY" inspect "$@"
    expect_contains "$ERR" "$part" "the message of: inspect $*"
    expect_eq 1 "$(wc -l <<<"$ERR")" "lines of: $ERR"
    expect_eq '' "$OUT" 'stdout'
}
refuse 2 'no IMAGE'
refuse 2 "'two'" one two
refuse 2 "'--unknown'" one --unknown
refuse 2 'lower case' Acme/App
refuse 3 "'9'" "oci:$TEST_DIR/base:9"
refuse 3 "no image 'nothing'" "$REGISTRY/app:nothing"
refuse 5 'cannot connect' 127.0.0.1:1/x:1
make_base "$TEST_DIR/bad" 1 --artifact
refuse 6 'artifact' "oci:$TEST_DIR/bad:1"
make_base "$TEST_DIR/bad" 1 --windows
refuse 6 'Windows' "oci:$TEST_DIR/bad:1"
expect_exit 8 bash -c '"$0" "$@" >/dev/full' "$INLAY" inspect "oci:$TEST_DIR/out:1"

expect_exit 0 "$INLAY" inspect --help-all
expect_contains "$OUT" 'Usage: inlay inspect IMAGE'
widest=$(awk '{ if (length > most) most = length } END { print most }' <<<"$OUT")
[ "$widest" -le 100 ] || fail "a line of help has $widest columns"

# What a folder is by is no commit; on a narrow terminal each cell has a line, and nothing is lost.
mkdir "$TEST_DIR/folder"
echo x >"$TEST_DIR/folder/x.bin"
expect_exit 0 "$INLAY" inject scratch "dir:$TEST_DIR/folder,layout=dir,path=/m" --to "oci:$TEST_DIR/sums:1"
inspect "oci:$TEST_DIR/sums:1"
expect_contains "$OUT" 'MODEL       CHECKSUM  FILES'
expect_exit 0 "$INLAY" plan scratch "dir:$TEST_DIR/folder,layout=dir,path=/m" acme/tiny
expect_eq 'checksum,commit,' "$(grep -oE '^(commit|checksum) ' <<<"$OUT" | tr -s ' \n' ,)"
expect_exit 0 "$INLAY" inject "oci:$TEST_DIR/sums:1" acme/tiny --to "oci:$TEST_DIR/sums:2"
inspect "oci:$TEST_DIR/sums:2"
expect_contains "$OUT" '  COMMIT OR CHECKSUM  '
wide=$(grep -A 9 '^MODEL' <<<"$OUT")
for width in 20 60 300; do
    expect_exit 0 env COLUMNS=$width "$INLAY" inspect "oci:$TEST_DIR/sums:2"
    narrow=$(grep -A 99 '^MODEL' <<<"$OUT")
    if [ $width = 300 ]; then
        expect_eq "$wide" "$narrow" "$width columns"
    else
        expect_eq "MODEL               acme/tiny
COMMIT OR CHECKSUM  ${c1:0:7}
FILES               3" "$(head -3 <<<"$narrow")" "$width columns"
        expect_eq "$(tail -n +2 <<<"$wide" | tr -s ' ' '\n' | sort)" \
            "$(grep -v '^$' <<<"$narrow" | sed -E 's/^(COMMIT OR CHECKSUM|[A-Z]+) +//' | tr -s ' ' '\n' | sort)" 'what is told'
    fi
done
