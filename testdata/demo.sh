#!/bin/bash
# Installs what is needed, builds inlay, and bakes a real model into a real image: into a folder,
# and into a registry. Then a process inside the image reads the model, with no server running.
set -euo pipefail
cd "$(dirname "$0")/.."

bash testdata/setup.sh
cmake -S . -B build -G Ninja >/dev/null
cmake --build build >/dev/null
PATH=$PWD/build:$PATH

. testdata/lib.sh

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
run() {
    printf '$ %s\n' "$*"
    "$@"
}

say "A hub with a real model ($REAL_MODEL), a registry, and a base image with busybox"
real_model_repo "$TEST_DIR/hub"
start_hub "$TEST_DIR/hub"
start_registry
make_base "$TEST_DIR/base" 1
push_base "$TEST_DIR/base" 1 "$REGISTRY/app:1"
export HF_ENDPOINT=$HUB_URL
echo "hub $HF_ENDPOINT, registry $REGISTRY, base oci:base:1"
cd "$TEST_DIR"

say 'From a folder into a folder: no server, no engine, no Dockerfile'
run inlay inject oci:base:1 "$REAL_MODEL" --to oci:out:1

say 'From a registry into the same registry, under a new tag'
run inlay inject "$REGISTRY/app:1" "$REAL_MODEL" --to "$REGISTRY/app:1-e5"

say 'Again: no byte of the model moves, and the digest is the same'
run inlay inject "$REGISTRY/app:1" "$REAL_MODEL" --to "$REGISTRY/app:1-e5"

say 'The image as others see it'
run skopeo inspect --tls-verify=false --format '{{.Name}}: {{len .Layers}} layers, {{.Env}}' \
    "docker://$REGISTRY/app:1-e5"

say 'The hub is gone; a process inside the image reads the model'
stop_server "$HUB_PID"
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
storage=(--root "$TEST_DIR/storage" --runroot "$TEST_DIR/run")
container=$(buildah "${storage[@]}" from --quiet oci:out:1)
# shellcheck disable=SC2016 # the image's own shell expands it
run buildah "${storage[@]}" run "$container" -- sh -c '
    cd "$HOME/.cache/huggingface/hub/models--'"${REAL_MODEL/\//--}"'" &&
    echo "HF_HUB_OFFLINE=$HF_HUB_OFFLINE, main is $(cat refs/main)" &&
    cd "snapshots/$(cat refs/main)" && ls -l && sha256sum group1-shard1of7 vocab.json'
(cd hub/files && sha256sum group1-shard1of7 vocab.json | sed 's/$/  (what the hub had)/')
buildah "${storage[@]}" rm "$container" >/dev/null
