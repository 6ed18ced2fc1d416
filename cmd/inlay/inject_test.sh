#!/bin/bash
# The main job on a real model: from and to every pair of stores, and the result as others see it.
. "$(dirname "$0")/../../testdata/lib.sh"

real_model_repo "$TEST_DIR/hub"
start_hub "$TEST_DIR/hub"
export HF_ENDPOINT=$HUB_URL
start_registry
make_base "$TEST_DIR/base" 1 --gzip --label org.opencontainers.image.title=base
push_base "$TEST_DIR/base" 1 "$REGISTRY/app:1"
cache=root/.cache/huggingface/hub
model=models--${REAL_MODEL/\//--}

# Every pair of stores; one line on stdout, and the digest that others see.
for pair in "oci:$TEST_DIR/base:1 oci:$TEST_DIR/out:1-e5" "oci:$TEST_DIR/base:1 $REGISTRY/new:1-e5" \
    "$REGISTRY/app:1 oci:$TEST_DIR/out2:x" "docker://$REGISTRY/app:1 $REGISTRY/app:1-e5"; do
    read -r from to <<<"$pair"
    expect_exit 0 "$INLAY" inject "$from" "$REAL_MODEL" --to "$to"
    expect_eq 1 "$(wc -l <<<"$OUT")" 'lines on stdout'
    expect_eq "$to@" "${OUT%%sha256:*}" 'the target on stdout'
    digest=${OUT##*@}
    case $to in
    oci:*) raw=$to ;;
    *) raw=docker://$to ;;
    esac
    expect_eq "$digest" "sha256:$(skopeo inspect --raw --tls-verify=false "$raw" | sha256sum | cut -d ' ' -f 1)" \
        "the digest of $to"
done

# The same base gives the same layers and config, wherever it is read from and written to.
expect_eq "$(image_manifest "$TEST_DIR/out" 1-e5 | jq -c .layers)" \
    "$(image_manifest "$TEST_DIR/out2" x | jq -c .layers)" 'layers by either way'

# skopeo copies it, our own judge recomputes every digest and diff_id, umoci unpacks it.
skopeo copy --quiet --insecure-policy "oci:$TEST_DIR/out:1-e5" "dir:$TEST_DIR/copy"
"$TESTDATA/validate_image.sh" "$TEST_DIR/out" 1-e5 >/dev/null
pull_image "$REGISTRY/app:1-e5" "$TEST_DIR/pulled" 1-e5
"$TESTDATA/validate_image.sh" "$TEST_DIR/pulled" 1-e5 >/dev/null
umoci unpack --image "$TEST_DIR/pulled:1-e5" "$TEST_DIR/bundle" 2>/dev/null
rootfs=$TEST_DIR/bundle/rootfs

# What of the base was not edited is as it was; what was, says so.
before=$(image_manifest "$TEST_DIR/base" 1) after=$(image_manifest "$TEST_DIR/pulled" 1-e5)
expect_eq "$(jq -c '.layers[0]' <<<"$before")" "$(jq -c '.layers[0]' <<<"$after")" "the base's layer"
expect_eq "$REGISTRY/app:1" "$(jq -r '.annotations["org.opencontainers.image.base.name"]' <<<"$after")"
expect_eq "$(tag_digest "$TEST_DIR/base" 1)" \
    "$(jq -r '.annotations["org.opencontainers.image.base.digest"]' <<<"$after")" 'base.digest'
expect_eq "$(image_config "$TEST_DIR/base" 1 | jq -c '.config | del(.Env)')" \
    "$(image_config "$TEST_DIR/pulled" 1-e5 | jq -c '.config | del(.Env)')" 'the config but for Env'
expect_json "$(image_config "$TEST_DIR/pulled" 1-e5)" '.config.Env' \
    '["PATH=/usr/local/bin:/usr/bin:/bin","HF_HUB_OFFLINE=1"]'
expect_json "$(image_manifest "$TEST_DIR/out" 1-e5)" \
    '.annotations | has("org.opencontainers.image.base.name")' false

# The public client scans the cache without a warning, and finds every file with no server running.
install_hub_client
HUB_CLIENT=$HUB_CLIENT node "$TESTDATA/scan_cache.mjs" "$rootfs/$cache" >/dev/null

# The modes are those that were promised.
expect_eq '700 0:0' "$(stat -c '%a %u:%g' "$rootfs/root")" 'the home'

# So does the Python client's way of looking, as another user, on a tree that this user cannot write.
chmod 755 "$TEST_DIR" "$TEST_DIR/bundle" "$rootfs" "$rootfs/root"
mapfile -t files < <(cd "$TEST_DIR/hub/files" && find . -type f -printf '%P\n' | LC_ALL=C sort)
as_other() { setpriv --reuid=1234 --regid=1234 --clear-groups sh "$TEST_DIR/read_cache.sh" "$@"; }
cp "$TESTDATA/read_cache.sh" "$TEST_DIR/read_cache.sh"
expect_eq "$(cd "$TEST_DIR/hub/files" && sha256sum "${files[@]}")" \
    "$(as_other "$rootfs/$cache" "$REAL_MODEL" main "${files[@]}")" 'every file, found by refs/main'
as_other --scan "$rootfs/$cache" >/dev/null
as_other --verify "$rootfs/$cache" >/dev/null

# A process in the image reads the model. It writes to a file: under load buildah's chroot now and then
# ends before it has passed on what the process wrote to its output.
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
storage=(--root "$TEST_DIR/storage" --runroot "$TEST_DIR/run")
container=$(cd "$TEST_DIR" && buildah "${storage[@]}" from --quiet oci:out:1-e5)
mkdir "$TEST_DIR/seen"
buildah "${storage[@]}" run --volume "$TEST_DIR/seen:/seen" "$container" -- sh -c \
    "cat \$HOME/.cache/huggingface/hub/$model/snapshots/*/vocab.json | sha256sum >/seen/model; echo \$HF_HUB_OFFLINE >/seen/offline"
expect_eq "$(sha256sum <"$TEST_DIR/hub/files/vocab.json")
1" "$(cat "$TEST_DIR/seen/model" "$TEST_DIR/seen/offline")" 'what a process in the image reads'
buildah "${storage[@]}" rm "$container" >/dev/null
buildah "${storage[@]}" rmi --all >/dev/null 2>&1 || true

expect_eq '' "$(find "$rootfs/root/.cache" \( -type d ! -perm 755 \) -o \( -type f ! -perm 644 \) -o ! -uid 0)" \
    'entries with another mode or owner'
expect_eq '' "$(find "$rootfs/root/.cache" -type f -newermt 1980-01-02)" 'entries with another time'
expect_file "$rootfs/$cache/.locks/$model"
expect_eq 40 "$(stat -c %s "$rootfs/$cache/$model/refs/main")" 'size of the ref'
commit=$(cat "$rootfs/$cache/$model/refs/main")
expect_json "$rootfs/$cache/$model/trees/$commit.json" '.files | length' "${#files[@]}"

# Again: the same digest, and not a byte of the model is asked of the hub.
hub_control '{"clearLog": true}' >/dev/null
before=$(skopeo inspect --raw --tls-verify=false "docker://$REGISTRY/app:1-e5" | sha256sum)
expect_exit 0 "$INLAY" inject "$REGISTRY/app:1" "$REAL_MODEL" --to "$REGISTRY/app:1-e5"
expect_contains "$ERR" 'moved 0 B of model, 0 B of base'
expect_eq "${before%% *}" "${OUT##*sha256:}" 'the digest of the second run'
expect_eq 0 "$(hub_log '[.requests[] | select(.kind != "api")] | length')" 'requests for files'

# In place, twice: still one model.
expect_exit 0 "$INLAY" inject "$REGISTRY/app:1-e5" "$REAL_MODEL" --to "$REGISTRY/app:1-e5"
expect_eq "${before%% *}" "${OUT##*sha256:}" 'the digest of an injection in place'
expect_hub_manners
