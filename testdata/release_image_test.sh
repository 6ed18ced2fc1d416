#!/bin/bash
# The images of inlay itself run: the main job and doctor in the small one, a script in the one with a shell; and the same program
# makes the same images. Without a static program (testdata/release.sh) the test is skipped; with one for another processor, too,
# they are indexes.
. "$(dirname "$0")/lib.sh"
static=${INLAY_STATIC:-$TESTDATA/../build-static/static/inlay}
[ -x "$static" ] || skip "there is no '$static'; testdata/release.sh builds it"
for tool in podman runc busybox; do
    command -v $tool >/dev/null || skip "there is no $tool"
done
[ "$(id -u)" = 0 ] || skip 'podman is run by root here'
cd "$TEST_DIR" || exit

export SOURCE_DATE_EPOCH=1700000000
programs=("$static") platforms='["amd64"]'
other=$TESTDATA/../build-static/aarch64/static/inlay
if [ -x "$other" ] && [ "$(uname -m)" = x86_64 ]; then
    programs+=("$other") platforms='["amd64","arm64"]'
fi
# By the static program itself; the one that is tested makes the same of it.
INLAY='' bash "$TESTDATA/release_image.sh" images "${programs[@]}"
bash "$TESTDATA/release_image.sh" again "${programs[@]}"
expect_eq "$(jq -c '.manifests | map(.digest)' images/index.json)" "$(jq -c '.manifests | map(.digest)' again/index.json)" 'digests of a second run'
skopeo inspect --config oci:images:latest >config.json
expect_json config.json '[.config.Entrypoint, .created]' '[["inlay"],"2023-11-14T22:13:20Z"]'
if [ ${#programs[@]} -gt 1 ]; then
    expect_eq "$platforms" "$(skopeo inspect --raw oci:images:latest | jq -c '[.manifests[].platform.architecture]')"
    expect_eq '[["inlay"],"arm64"]' "$(skopeo inspect --override-arch arm64 --config oci:images:latest | jq -c '[.config.Entrypoint, .architecture]')"
fi
expect_exit 1 bash "$TESTDATA/release_image.sh" none /bin/bash
expect_contains "$ERR" 'is not static'

# Storage of its own; images come from a registry, where inlay has put them.
podman() { TMPDIR=$TEST_DIR command podman --root "$TEST_DIR/storage" --runroot "$TEST_DIR/run" --storage-driver vfs --cgroup-manager cgroupfs --events-backend none "$@"; }
# Of runc, which comes with containerd: crun refuses hosts with both kinds of cgroups.
run() { podman --runtime runc run --rm --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --network host --pull never "$@"; }
start_registry
for tag in latest shell; do
    "$INLAY" copy -q "oci:images:$tag" "$REGISTRY/inlay:$tag" >/dev/null
    podman pull -q --tls-verify=false "$REGISTRY/inlay:$tag" >/dev/null
done
run "$REGISTRY/inlay:latest" version >version.out 2>version.err || {
    grep -qiE 'permission|not permitted|mount|cgroup|namespace' version.err && skip "podman cannot run here: $(tail -1 version.err)"
    fail "podman: $(cat version.err)"
}
expect_contains "$(cat version.out)" 'inlay 0.'

start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"}, {"path": "model.safetensors", "synthetic": 3000000}]}'
make_base base 1
push_base base 1 "$REGISTRY/app:1"
expect_exit 0 run -e HF_ENDPOINT="$HUB_URL" "$REGISTRY/inlay:latest" doctor "$REGISTRY/app:1" acme/tiny
expect_contains "$OUT" "ok       push"
expect_exit 0 run -e HF_ENDPOINT="$HUB_URL" "$REGISTRY/inlay:latest" inject -q "$REGISTRY/app:1" acme/tiny --to "$REGISTRY/app:2"
expect_exit 0 "$INLAY" verify -q "$REGISTRY/app:2" acme/tiny
# As any user; a file of the host as what it writes.
mkdir -m 0777 shared
expect_exit 0 run --user 12345:0 -e HF_ENDPOINT="$HUB_URL" -v "$TEST_DIR/shared:/work" -w /work "$REGISTRY/inlay:latest" layer -q acme/tiny -o model.tar
for layer in shared/model*.tar; do
    tar -tf "$layer" >/dev/null || fail "$layer is no archive"
done
# What a CI system does: a script in the image, by its shell.
# shellcheck disable=SC2016 # it is the image's shell that expands
expect_exit 0 run -e HF_ENDPOINT="$HUB_URL" -e REGISTRY="$REGISTRY" "$REGISTRY/inlay:shell" sh -euc '
    inlay inject -q "$REGISTRY/app:1" acme/tiny --to "$REGISTRY/app:3" --digest-file /tmp/digest >/dev/null; cat /tmp/digest'
expect_eq "$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$REGISTRY/app:3")" "$OUT"
# Each applet is a file, too, for what starts one without the shell, as runners of jobs do; users of group 0 have a folder for
# temporary files.
expect_exit 0 run --entrypoint tail "$REGISTRY/inlay:shell" -n 1 /etc/passwd
expect_contains "$OUT" nobody
expect_exit 0 run --user 12345:0 "$REGISTRY/inlay:shell" sh -euc 'file=$(mktemp) && echo written >$file && exec cat $file'
expect_eq written "$OUT"
expect_exit 0 run "$REGISTRY/inlay:shell" sh -euc 'cd ~ && pwd && stat -c %a:%u /usr/bin/inlay /etc/passwd /root'
expect_eq $'/root\n755:0\n644:0\n700:0' "$OUT"
