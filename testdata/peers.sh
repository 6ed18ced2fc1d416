#!/bin/bash
# peers.sh DIR [NAME...]: what other tools make of the main job, for the table in docs/comparison.md. The model of a hub of this
# machine goes into an image that runs as `app`, in a registry of this machine, twice, by inlay and by each peer that
# can be installed; a row tells what became of it. DIR keeps the peers, which are installed into it from PyPI and by Go;
# buildah, skopeo and umoci are Debian's. Needs root. No part of the tests.
. "$(dirname "$0")/lib.sh"

tools=$(realpath -m "$1")
shift
INLAY=$(realpath "${INLAY:-$TESTDATA/../build/inlay}")
wanted=("$@")
[ $# -gt 0 ] || wanted=(inlay crane regctl umoci buildah olot modelcar_maker oci_modelcar)
if [ ! -x "$tools/py/bin/olot" ]; then
    python3 -m venv "$tools/py"
    "$tools/py/bin/pip" -q install olot==1.2.1 modelcar-maker==0.8.1 oci-modelcar==1.3.0
fi
[ -x "$tools/bin/crane" ] || GOBIN=$tools/bin go install github.com/google/go-containerregistry/cmd/crane@v0.22.1
[ -x "$tools/bin/regctl" ] || GOBIN=$tools/bin go install github.com/regclient/regclient/cmd/regctl@v0.11.7
export PATH=$tools/bin:$tools/py/bin:$PATH

cd "$TEST_DIR" || exit
model=acme/tiny
start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"}, {"path": "onnx/model.onnx", "synthetic": 30000000, "seed": 2},
    {"path": "model.safetensors", "synthetic": 70000000, "seed": 1}, {"path": "pytorch_model.bin", "synthetic": 70000000, "seed": 3}]}'
start_registry
make_base base 1 --user app
push_base base 1 "$REGISTRY/app:1"
make_base base-gzip 1 --user app --gzip
push_base base-gzip 1 "$REGISTRY/app:gzip"
export HF_ENDPOINT=$HUB_URL HF_HUB_DISABLE_XET=1 HF_HUB_DISABLE_PROGRESS_BARS=1
export XDG_CACHE_HOME=$TEST_DIR/cache STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot

# For the tools that take files: the Hub's cache, as its own client writes it, in a tar that is the same each time.
download() {
    hf download $model --quiet --cache-dir "root/home/app/.cache/huggingface/hub" >/dev/null
    tar -C root --sort=name --mtime=@0 --owner=1000 --group=1000 --numeric-owner -cf layer.tar home/app/.cache
}
run_inlay() { "$INLAY" inject --quiet "$REGISTRY/app:1" $model --to "$REGISTRY/inlay:1"; }
run_crane() { download && crane append --insecure -b "$REGISTRY/app:1" -f layer.tar -t "$REGISTRY/crane:1"; }
run_regctl() {
    download
    regctl registry set "$REGISTRY" --tls disabled
    regctl image mod "$REGISTRY/app:1" --create "$REGISTRY/regctl:1" --layer-add tar=layer.tar
}
run_umoci() {
    download
    skopeo copy -q --src-tls-verify=false "docker://$REGISTRY/app:1" oci:image:1
    umoci insert --image image:1 root/home/app/.cache /home/app/.cache
    skopeo copy -q --dest-tls-verify=false oci:image:1 "docker://$REGISTRY/umoci:1"
}
run_buildah() {
    download
    local container
    container=$(buildah --root "$PWD/storage" --runroot "$PWD/run" from --tls-verify=false "$REGISTRY/app:1")
    buildah --root "$PWD/storage" --runroot "$PWD/run" copy --chown 1000:1000 "$container" root/home/app/.cache /home/app/.cache
    buildah --root "$PWD/storage" --runroot "$PWD/run" commit --tls-verify=false "$container" "docker://$REGISTRY/buildah:1"
}
run_olot() {
    hf download $model --quiet --local-dir model >/dev/null
    skopeo copy -q --src-tls-verify=false "docker://$REGISTRY/app:1" oci:image:1
    olot --root-dir model image model/config.json model/model.safetensors model/pytorch_model.bin model/onnx/model.onnx
    skopeo copy -q --dest-tls-verify=false oci:image "docker://$REGISTRY/olot:1"
}
run_modelcar_maker() {
    # It calls skopeo, which is told here that the registry has no TLS; and takes no base with
    # plain layers, or whose manifest ends with a line feed.
    crane mutate --insecure "$REGISTRY/app:gzip" --label one=line -t "$REGISTRY/line:1"
    mkdir -p bin
    cat >bin/skopeo <<SKOPEO
#!/bin/bash
case \$1 in
copy) exec $(command -v skopeo) copy --src-tls-verify=false --dest-tls-verify=false "\${@:2}" ;;
*) exec $(command -v skopeo) "\$1" --tls-verify=false "\${@:2}" ;;
esac
SKOPEO
    chmod +x bin/skopeo
    PATH=$PWD/bin:$PATH \
        modelcar-maker $model --registry "$REGISTRY" --repository modelcar_maker --tag 1 --base-image "$REGISTRY/line:1" --no-skip-if-exists -v -v
}
run_oci_modelcar() {
    oci-modelcar push --hf-repo $model --hf-endpoint "$HUB_URL" --registry "http://$REGISTRY" --target-repo oci_modelcar --target-tag 1 \
        --spool-dir "$PWD/spool"
}

row() { # NAME
    local name=$1 run digests=() blobs=() before found status
    for run in 1 2; do
        mkdir -p "$name.$run" && cd "$name.$run"
        before=$(grep -c 'PUT /v2/.*/blobs/uploads.* 201' "$REGISTRY_LOG" || true)
        status=0
        SOURCE_DATE_EPOCH='' "run_$name" >"../$name.$run.out" 2>&1 || status=$?
        cd ..
        if [ $status != 0 ]; then
            printf '%s: status %s: %s\n' "$name" "$status" "$(tail -n 1 "$name.$run.out" | cut -c 1-200)"
            return
        fi
        digests[run]=$(skopeo inspect --raw --tls-verify=false "docker://$REGISTRY/$name:1" | sha256sum | cut -c 1-12)
        blobs[run]=$(($(grep -c 'PUT /v2/.*/blobs/uploads.* 201' "$REGISTRY_LOG" || true) - before))
        sleep 1.1
    done
    pull_image "$REGISTRY/$name:1" pulled "$name" --override-os linux
    rm -rf tree
    umoci raw unpack --image "pulled:$name" tree 2>unpack.err || { printf '%s: umoci: %s\n' "$name" "$(tail -n 1 unpack.err)"; return; }
    found=$(cd tree && find . -name model.safetensors -exec stat -L -c '%n %u:%g %a' {} + | head -n 1)
    printf '%s: digests %s %s, blobs sent %s then %s, layers %s, files %s, %s, user %s, home %s, HF_HUB_OFFLINE %s\n' "$name" "${digests[1]}" "${digests[2]}" \
        "${blobs[1]}" "${blobs[2]}" "$(image_manifest pulled "$name" | jq '.layers | length')" \
        "$(cd tree && find . \( -name '*.onnx' -o -name '*.bin' -o -name '*.safetensors' \) | wc -l)" "${found:-no model}" \
        "$(image_config pulled "$name" | jq -r '.config.User // "none"')" "$(stat -c '%a %u:%g' tree/home/app 2>/dev/null || echo none)" \
        "$(image_config pulled "$name" | jq -r '[.config.Env[]? | select(startswith("HF_"))] | length')"
}
for name in "${wanted[@]}"; do
    row "$name" || printf '%s: the row broke off\n' "$name"
done
[ -z "${PEERS_KEEP:-}" ] || cp ./*.out "$PEERS_KEEP/"
