#!/bin/bash
# Models out of a registry: artifacts as ModelPack, KitOps, Docker and ORAS make them, and images that
# hold a model in /models, made by inlay and by buildah.
. "$(dirname "$0")/../../testdata/lib.sh"

start_registry
cd "$TEST_DIR" || exit
mkdir -p model/sub config
printf '{"tiny": 1}' >model/config.json
printf 'nested' >model/sub/vocab.txt
head -c 3000000 /dev/urandom >model/model.safetensors
cp model/config.json config/
tar=(tar --format=posix --owner=0 --group=0 --mtime=@0 --sort=name)
make_base base 1

# blob FILE: uploads it and prints "digest size"
blob() {
    local url digest
    digest=sha256:$(sha256_of "$1")
    url=$(curl -fsS -o /dev/null -D - -X POST "http://$REGISTRY/v2/models/m/blobs/uploads/" | tr -d '\r' | sed -n 's/^[Ll]ocation: //p')
    curl -fsS -X PUT -H 'Content-Type: application/octet-stream' --data-binary @"$1" -o /dev/null "$url&digest=$digest"
    printf '%s %s' "$digest" "$(stat -c %s "$1")"
}
# layer FILE TYPE [KEY VALUE]: a descriptor
layer() {
    local digest size
    read -r digest size <<<"$(blob "$1")"
    jq -nc --arg type "$2" --arg digest "$digest" --argjson size "$size" --arg key "${3:-}" --arg value "${4:-}" \
        '{mediaType: $type, digest: $digest, size: $size} + if $key == "" then {} else {annotations: {($key): $value}} end'
}
# artifact TAG TYPE CONFIG-TYPE LAYER...: prints its digest
artifact() {
    local tag=$1 type=$2 config
    printf '{}' >empty
    config=$(layer empty "$3")
    shift 3
    printf '%s\n' "$@" | jq -sc --arg type "$type" --argjson config "$config" '{schemaVersion: 2,
        mediaType: "application/vnd.oci.image.manifest.v1+json", config: $config, layers: .}
        + if $type == "" then {} else {artifactType: $type} end' >manifest
    curl -fsS -X PUT -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' --data-binary @manifest \
        -o /dev/null "http://$REGISTRY/v2/models/m/manifests/$tag"
    printf 'sha256:%s' "$(sha256_of manifest)"
}
# inject MODEL...: $ROOT is the unpacked image
number=0
inject() {
    number=$((number + 1))
    expect_exit 0 "$INLAY" inject oci:base:1 "$@" --layout dir --path /m --all-files --to oci:out:$number
    ROOT=root$number
    unpack_image out $number $ROOT
}
expect_model() { diff -r "$1" "$ROOT/m" || fail "$2: other files than those of the model"; }

model=oci-model://$REGISTRY/models/m
modelpack=application/vnd.cncf.model. path=org.cncf.model.filepath title=org.opencontainers.image.title

# ModelPack: files by themselves, and tars as modctl packs them; layers in any order.
"${tar[@]}" -C model -czf vocab.tar.gz sub/vocab.txt
"${tar[@]}" -C model -cf config.tar config.json
digest=$(artifact pack ${modelpack}manifest.v1+json ${modelpack}config.v1+json \
    "$(layer model/model.safetensors ${modelpack}weight.v1.raw $path model.safetensors)" \
    "$(layer config.tar ${modelpack}weight.config.v1.tar $path config.json)" \
    "$(layer vocab.tar.gz ${modelpack}doc.v1.tar+gzip $path sub/vocab.txt)")
inject "$model:pack"
expect_model model ModelPack
expect_contains "$ERR" "is $digest, 3 files"
image=$(image_manifest out $number | sha256_of /dev/stdin)
printf '{"version": 1, "base": "oci:base:1", "models": [{"model": "%s", "layout": "dir", "path": "/m"}]}' "$model:pack" >project.json
expect_exit 0 "$INLAY" lock --project project.json
expect_exit 0 "$INLAY" lock --project project.json --check
inject "$model@$digest"
expect_model model 'by digest'
config=application/vnd.cnai.model.
artifact before ${config}manifest.v1+json ${config}config.v1+json \
    "$(layer model/config.json ${config}weight.config.v1.raw org.cnai.model.filepath config.json)" >/dev/null
inject "$model:before"
expect_model config 'the names of before'

# What is asked of the registry for a model of files by themselves: no byte of it to be listed.
artifact raw ${modelpack}manifest.v1+json ${modelpack}config.v1+json \
    "$(layer model/model.safetensors ${modelpack}weight.v1.raw $path model.safetensors)" >/dev/null
seen=$(wc -l <"$REGISTRY_LOG")
expect_exit 0 "$INLAY" plan oci:base:1 "$model:raw" --layout dir --path /m
expect_lacks "$(tail -n +$((seen + 1)) "$REGISTRY_LOG")" "/blobs/sha256:$(sha256_of model/model.safetensors)"

# KitOps: one tar of everything, and the same layers as of ModelPack.
"${tar[@]}" -C model -czf kit.tar.gz .
kit=application/vnd.kitops.modelkit.
artifact kit ${kit}manifest.v1+json ${kit}config.v1+json "$(layer kit.tar.gz ${kit}model.v1.tar+gzip)" >/dev/null
inject "$model:kit"
expect_model model KitOps
expect_json "$(image_config out $number)" .rootfs "$(image_config out 1 | jq -c .rootfs)"

# Docker: names that follow from the types, in the order of the layers.
head -c 2000 /dev/urandom >part1
head -c 1000 /dev/urandom >part2
docker=application/vnd.docker.ai.
artifact docker '' ${docker}model.config.v0.1+json "$(layer part1 ${docker}gguf.v3)" "$(layer part2 ${docker}gguf.v3)" \
    "$(layer empty ${docker}license)" "$(layer config.tar ${docker}vllm.config.tar)" >/dev/null
inject "$model:docker"
mkdir parts
cp part1 parts/model-00001-of-00002.gguf
cp part2 parts/model-00002-of-00002.gguf
cp empty parts/LICENSE
cp model/config.json parts/
expect_model parts Docker

# ORAS: names as titles; a folder is a tar.
"${tar[@]}" -C model -czf sub.tar.gz sub
artifact oras application/x-model application/vnd.oci.empty.v1+json \
    "$(layer model/model.safetensors application/vnd.oci.image.layer.v1.tar $title model.safetensors)" \
    "$(layer model/config.json application/json $title config.json)" \
    "$(layer sub.tar.gz application/vnd.oci.image.layer.v1.tar+gzip $title sub | jq -c '.annotations["io.deis.oras.content.unpack"] = "true"')" >/dev/null
inject "$model:oras"
expect_model model ORAS

# Images: made by inlay, of two platforms, and by buildah, with a link; what is beside /models stays out.
start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{\"tiny\": 1}"}]}'
export HF_ENDPOINT=$HUB_URL
expect_exit 0 "$INLAY" inject scratch acme/tiny --layout dir --path /models --to "$REGISTRY/models/m:car" \
    --platform linux/arm64 --platform linux/amd64
inject "$model:car"
expect_model config 'a modelcar of inlay'
amd64=$(skopeo inspect --tls-verify=false --raw "docker://$REGISTRY/models/m:car" | jq -r '.manifests[] | select(.platform.architecture == "amd64").digest')
expect_contains "$ERR" "is $amd64"
if [ "$(id -u)" = 0 ]; then
    export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
    storage=(--root "$TEST_DIR/storage" --runroot "$TEST_DIR/run")
    container=$(buildah "${storage[@]}" from --quiet scratch)
    ln -s model.safetensors model/model.file
    buildah "${storage[@]}" copy --quiet "$container" model /models >/dev/null
    buildah "${storage[@]}" copy --quiet "$container" part1 /other >/dev/null
    buildah "${storage[@]}" commit --quiet "$container" car >/dev/null
    buildah "${storage[@]}" push --quiet --tls-verify=false car "docker://$REGISTRY/models/m:built"
    inject "$model:built"
    rm model/model.file
    cmp model/model.safetensors $ROOT/m/model.file || fail 'a link has other bytes than what it leads to'
    rm $ROOT/m/model.file
    expect_model model 'a modelcar of buildah'
    buildah "${storage[@]}" rm --all >/dev/null
    buildah "${storage[@]}" rmi --all --force >/dev/null 2>&1 || true
fi

# Again, from the registry: the same image; and from the layers that the target has, without a byte of the model.
expect_exit 0 "$INLAY" inject oci:base:1 "$model:pack" --layout dir --path /m --all-files --to oci:again:1
expect_eq "$image" "$(image_manifest again 1 | sha256_of /dev/stdin)" 'another image'
expect_exit 0 "$INLAY" inject oci:base:1 "$model:raw" --layout dir --path /m --to oci:reused:1
seen=$(wc -l <"$REGISTRY_LOG")
expect_exit 0 "$INLAY" inject oci:base:1 "$model:raw" --layout dir --path /m --to oci:reused:1
expect_lacks "$(tail -n +$((seen + 1)) "$REGISTRY_LOG")" "/blobs/sha256:$(sha256_of model/model.safetensors)"
expect_exit 0 "$INLAY" verify oci:reused:1
expect_exit 0 "$INLAY" inspect oci:reused:1
expect_contains "$OUT" "$model:raw"

# Behind a login.
plain=$REGISTRY plain_data=$REGISTRY_DATA
start_registry --htpasswd bob:secret
skopeo copy --quiet --src-tls-verify=false --dest-tls-verify=false --dest-creds bob:secret --all \
    "docker://$plain/models/m:car" "docker://$REGISTRY/models/m:car"
echo bob:secret >line
expect_exit 4 "$INLAY" inject oci:base:1 "oci-model://$REGISTRY/models/m:car" --layout dir --path /m --to oci:none:1
expect_exit 0 "$INLAY" inject oci:base:1 "oci-model://$REGISTRY/models/m:car" --layout dir --path /m --to oci:login:1 \
    --creds "$REGISTRY=line"
REGISTRY=$plain

# What holds no model, or cannot be read as one; the target stays as it is.
refuses() { # STATUS WORDS MODEL
    expect_exit "$1" "$INLAY" inject oci:base:1 "$3" --layout dir --path /m --to oci:none:1
    expect_contains "$ERR" "$2"
    expect_eq 1 "$(grep -c '^inlay:' <<<"$ERR")" 'one line'
    [ ! -e none/index.json ] || expect_json none/index.json .manifests '[]'
}
push_base base 1 "$REGISTRY/models/m:base"
refuses 6 "without the folder '/models'" "$model:base"
chart=application/vnd.cncf.helm.
artifact chart '' ${chart}config.v1+json "$(layer kit.tar.gz ${chart}chart.content.v1.tar+gzip)" >/dev/null
refuses 6 "layer 1 of 1: its type is '${chart}chart.content.v1.tar+gzip', and it has no name" "$model:chart"
artifact secret '' ${modelpack}config.v1+json "$(layer part1 ${modelpack}weight.v1.tar+encrypted)" >/dev/null
refuses 6 'it is encrypted' "$model:secret"
artifact up '' ${modelpack}config.v1+json "$(layer part1 ${modelpack}weight.v1.raw $path ../up)" >/dev/null
refuses 7 "has the part '..'" "$model:up"
# spoil FILE: the registry gives other bytes of it than its digest says, from now on
spoil() {
    local digest
    digest=$(sha256_of "$1")
    printf 'xxxxxxxx' | dd of="$plain_data/docker/registry/v2/blobs/sha256/${digest:0:2}/$digest/data" bs=1 seek=30 conv=notrunc status=none
}
spoil model/model.safetensors
refuses 7 "m:raw/model.safetensors' has the digest" "$model:raw"
spoil kit.tar.gz
refuses 7 'among the layers that are tars: layer 1 of 1: ' "$model:kit"
artifact bad '' ${kit}config.v1+json "$(layer part1 ${kit}model.v1.tar)" >/dev/null
refuses 7 'among the layers that are tars: layer 1 of 1: it is not a tar' "$model:bad"
refuses 3 'no-such-tag' "$model:no-such-tag"
refuses 2 "is in no registry" oci-model://oci:base:1
