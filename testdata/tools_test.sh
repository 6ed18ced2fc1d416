#!/bin/bash
# Tests the judges: each must refuse what is broken, or the other tests prove nothing.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

COMMIT=3f0c6d0c1d3b4e5f60718293a4b5c6d7e8f90123
HELLO=2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824

# --- validate_image.sh

# replace_blob DIR DIGEST FILTER: edits a document; prints the digest of the result
replace_blob() {
    local digest
    jq -c "$3" "$(blob_path "$1" "$2")" >"$TEST_DIR/edited"
    digest=$(sha256_of "$TEST_DIR/edited")
    cp "$TEST_DIR/edited" "$1/blobs/sha256/$digest"
    printf 'sha256:%s' "$digest"
}

# set_root DIR DIGEST: makes this manifest the only one of the layout
set_root() {
    jq -c --arg digest "$2" --argjson size "$(stat -c %s "$(blob_path "$1" "$2")")" \
        '.manifests = [.manifests[0] | .digest = $digest | .size = $size]' \
        "$1/index.json" >"$TEST_DIR/index"
    mv "$TEST_DIR/index" "$1/index.json"
}

edit_manifest() { # DIR FILTER
    local digest
    digest=$(tag_digest "$1" t)
    digest=$(replace_blob "$1" "$digest" "$2")
    set_root "$1" "$digest"
}

edit_config() { # DIR FILTER
    local digest size
    digest=$(image_manifest "$1" t | jq -r .config.digest)
    digest=$(replace_blob "$1" "$digest" "$2")
    size=$(stat -c %s "$(blob_path "$1" "$digest")")
    edit_manifest "$1" ".config.digest = \"$digest\" | .config.size = $size"
}

first_layer() { # DIR
    blob_path "$1" "$(image_manifest "$1" t | jq -r '.layers[0].digest')"
}

damage_layer() { # DIR
    printf 'x' | dd of="$(first_layer "$1")" bs=1 seek=600 conv=notrunc status=none
}

remove_layer() { # DIR
    rm "$(first_layer "$1")"
}

# refuses COMPLAINT EDIT...: the image is good before the edit and not after
refuses() {
    local complaint=$1 edit=$2 dir=$TEST_DIR/broken
    shift 2
    rm -rf "$dir"
    cp -r "$TEST_DIR/good" "$dir"
    "$edit" "$dir" "$@"
    expect_exit 1 "$TESTDATA/validate_image.sh" "$dir" t
    expect_contains "$ERR" "$complaint" "complaint about $edit $*"
}

make_base "$TEST_DIR/good" t --layers 2
expect_exit 0 "$TESTDATA/validate_image.sh" "$TEST_DIR/good" t
expect_contains "$OUT" 'diff_id 1 is that'
ZEROS=$(printf '0%.0s' {1..64})
refuses "diff_id 1 is sha256:$ZEROS" edit_config ".rootfs.diff_ids[1] = \"sha256:$ZEROS\""
refuses 'number of diff_ids is 1, expected 2' edit_config '.rootfs.diff_ids |= .[:1]'
refuses 'history tells of 3 layers' edit_config '.history += [.history[0]]'
refuses 'size of the blob' edit_manifest '.layers[1].size += 512'
refuses 'size of the blob' edit_manifest '.config.size += 1'
refuses 'media types of another family' edit_manifest \
    '.layers[1].mediaType = "application/vnd.docker.image.rootfs.diff.tar.gzip"'
refuses 'digest of data' edit_manifest '.config.data = "e30="'
refuses "mediaType in" edit_manifest 'del(.mediaType)'
refuses 'digest of the blob' damage_layer
refuses 'no blob sha256:' remove_layer
if /usr/bin/python3 -c 'import jsonschema' 2>/dev/null; then
    refuses 'rootfs' edit_config 'del(.rootfs)'
    refuses 'schemaVersion' edit_manifest '.schemaVersion = 1'
fi
expect_exit 1 "$TESTDATA/validate_image.sh" "$TEST_DIR/good" other
expect_contains "$ERR" "number of entries tagged 'other' is 0"
damaged_child() {
    edit_manifest "$1" '.manifests[1].size += 1'
}
rm -rf "$TEST_DIR/good"
make_base "$TEST_DIR/good" t --index
expect_exit 0 "$TESTDATA/validate_image.sh" "$TEST_DIR/good" t
refuses 'size of the blob' damaged_child
refuses 'platform in the index' edit_manifest '.manifests[1].platform.architecture = "riscv64"'

# --- read_cache.sh

# make_cache DIR: a cache of one commit that is as it should be
make_cache() {
    local repo=$1/models--acme--tiny
    mkdir -p "$repo/blobs" "$repo/refs" "$repo/snapshots/$COMMIT/a" "$1/.locks/models--acme--tiny"
    printf 'hello' >"$repo/blobs/$HELLO"
    printf '%s' "$COMMIT" >"$repo/refs/main"
    ln -s "../../blobs/$HELLO" "$repo/snapshots/$COMMIT/model.safetensors"
    ln -s "../../../blobs/$HELLO" "$repo/snapshots/$COMMIT/a/copy.bin"
}

# breaks_cache COMPLAINT EDIT: `--scan` and a read of both files complain after the edit
breaks_cache() {
    local complaint=$1 edit=$2 repo=$TEST_DIR/cache/models--acme--tiny
    rm -rf "$TEST_DIR/cache"
    make_cache "$TEST_DIR/cache"
    (cd "$repo" && eval "$edit")
    expect_exit 1 "$TESTDATA/read_cache.sh" --scan "$TEST_DIR/cache"
    expect_contains "$ERR" "$complaint" "--scan after $edit"
    [ "${3:-}" != scan ] || return 0
    expect_exit 1 "$TESTDATA/read_cache.sh" "$TEST_DIR/cache" acme/tiny main \
        model.safetensors a/copy.bin
}

make_cache "$TEST_DIR/cache"
for revision in main "$COMMIT"; do
    expect_exit 0 "$TESTDATA/read_cache.sh" "$TEST_DIR/cache" acme/tiny "$revision" \
        model.safetensors a/copy.bin
    expect_eq "$HELLO  model.safetensors
$HELLO  a/copy.bin" "$OUT"
done
expect_exit 0 "$TESTDATA/read_cache.sh" --scan "$TEST_DIR/cache"
expect_exit 0 "$TESTDATA/read_cache.sh" --verify "$TEST_DIR/cache"
expect_exit 1 "$TESTDATA/read_cache.sh" "$TEST_DIR/cache" acme/tiny v1.0 model.safetensors
expect_contains "$ERR" "no ref 'v1.0'"
expect_exit 1 "$TESTDATA/read_cache.sh" "$TEST_DIR/cache" acme/other main model.safetensors
expect_contains "$ERR" 'no folder'
breaks_cache 'names a snapshot that is not there' "printf '%s\n' $COMMIT >refs/main"
breaks_cache 'links to nothing' "rm blobs/$HELLO"
breaks_cache 'links to nothing' "ln -sfn ../../blobs/$HELLO snapshots/$COMMIT/a/copy.bin"
breaks_cache "no folder" 'rm -r refs'
breaks_cache 'not a folder' 'touch snapshots/file' scan
breaks_cache 'not the name of a repository' 'mkdir ../other' scan
breaks_cache 'no folder' 'rm -r snapshots'
make_cache "$TEST_DIR/cache2"
printf 'jello' >"$TEST_DIR/cache2/models--acme--tiny/blobs/$HELLO"
expect_exit 1 "$TESTDATA/read_cache.sh" --verify "$TEST_DIR/cache2"
expect_contains "$ERR" 'has the digest'

if [ "$(id -u)" = 0 ]; then
    cp "$TESTDATA/read_cache.sh" "$TEST_DIR/" # the checkout may lie where others cannot look
    other=(setpriv --reuid=1234 --regid=1234 --clear-groups "$TEST_DIR/read_cache.sh")
    make_cache "$TEST_DIR/cache3"
    chmod 755 "$TEST_DIR"
    expect_exit 0 "${other[@]}" "$TEST_DIR/cache3" acme/tiny main model.safetensors
    expect_exit 0 "${other[@]}" --scan "$TEST_DIR/cache3"
    chmod 700 "$TEST_DIR/cache3/models--acme--tiny/blobs"
    expect_exit 1 "${other[@]}" "$TEST_DIR/cache3" acme/tiny main model.safetensors
    expect_contains "$ERR" 'no file'
    expect_exit 1 "${other[@]}" --scan "$TEST_DIR/cache3"
fi

# --- scan_cache.mjs

install_hub_client
export HUB_CLIENT
rm -rf "$TEST_DIR/cache"
make_cache "$TEST_DIR/cache"
expect_exit 0 node "$TESTDATA/scan_cache.mjs" "$TEST_DIR/cache"
expect_eq 'model acme/tiny: 1 snapshots, 2 files' "$OUT"
printf '%s\n' "$COMMIT" >"$TEST_DIR/cache/models--acme--tiny/refs/main"
expect_exit 1 node "$TESTDATA/scan_cache.mjs" "$TEST_DIR/cache"
expect_contains "$ERR" 'missing commit hashes'
rm -rf "$TEST_DIR/cache"
make_cache "$TEST_DIR/cache"
mv "$TEST_DIR/cache/models--acme--tiny/snapshots/"{"$COMMIT",main}
rm "$TEST_DIR/cache/models--acme--tiny/refs/main"
expect_exit 1 node "$TESTDATA/scan_cache.mjs" "$TEST_DIR/cache"
expect_contains "$ERR" 'is not found'
rm -rf "$TEST_DIR/cache"
make_cache "$TEST_DIR/cache"
ln -sfn nothing "$TEST_DIR/cache/models--acme--tiny/snapshots/$COMMIT/a/copy.bin"
expect_exit 1 node "$TESTDATA/scan_cache.mjs" "$TEST_DIR/cache"
expect_contains "$ERR" "'a/copy.bin' of acme/tiny@$COMMIT is not found"

# --- make_base.sh and the registries

start_registry
for options in '' --gzip --zstd --docker '--docker --gzip' --index '--docker --index' --windows \
    --artifact '--layers 121' \
    '--user app --env HF_HOME=/x --label a=b=c --volume /data --no-history'; do
    rm -rf "$TEST_DIR/base" "$TEST_DIR/again" "$TEST_DIR/back"
    # shellcheck disable=SC2086 # several options
    make_base "$TEST_DIR/base" t $options
    # shellcheck disable=SC2086
    make_base "$TEST_DIR/again" t $options
    digest=$(tag_digest "$TEST_DIR/base" t)
    expect_eq "$digest" "$(tag_digest "$TEST_DIR/again" t)" "twice: $options"
    expect_exit 0 "$TESTDATA/validate_image.sh" "$TEST_DIR/base" t
    push_base "$TEST_DIR/base" t "$REGISTRY/base:latest"
    expect_exit 0 skopeo inspect --raw --tls-verify=false "docker://$REGISTRY/base:latest"
    pull_image "$REGISTRY/base:latest" "$TEST_DIR/back" t
    expect_eq "$digest" "$(tag_digest "$TEST_DIR/back" t)" "pulled: $options"
    expect_exit 0 "$TESTDATA/validate_image.sh" "$TEST_DIR/back" t
    [ "$options" != --artifact ] || continue
    expect_exit 0 skopeo inspect --config --tls-verify=false "docker://$REGISTRY/base:latest"
done
expect_json "$OUT" '.config | [.User, .Env[1], .Labels, .Volumes]' \
    '["app","HF_HOME=/x",{"a":"b=c"},{"/data":{}}]'
expect_json "$OUT" 'has("history")' false

# The base really runs, and layers lie over each other as they should.
mkdir -p "$TEST_DIR/extra/etc"
touch "$TEST_DIR/extra/etc/.wh.group" "$TEST_DIR/extra/etc/new"
make_base "$TEST_DIR/base" extra --extra "$TEST_DIR/extra"
unpack_image "$TEST_DIR/base" extra "$TEST_DIR/root"
expect_no_file "$TEST_DIR/root/etc/group"
expect_no_file "$TEST_DIR/root/etc/.wh.group"
expect_file "$TEST_DIR/root/etc/new"
expect_eq 'drwx------' "$(stat -c %A "$TEST_DIR/root/root")"
if [ "$(id -u)" = 0 ]; then
    expect_eq '1000:1000 750' "$(stat -c '%u:%g %a' "$TEST_DIR/root/home/app")"
    expect_eq 1000 "$(chroot --userspec=1000:1000 "$TEST_DIR/root" /bin/id -u)"
fi

# Registries with credentials refuse without them, and a token ends when it is said to.
expect_refused() {
    expect_exit 1 skopeo inspect --tls-verify=false "docker://$REGISTRY/$1"
    expect_contains "$ERR" "$2"
}
make_base "$TEST_DIR/base" t
start_registry --htpasswd bob:secret
push_base "$TEST_DIR/base" t "$REGISTRY/x:1" --dest-creds bob:secret
expect_refused x:1 unauthorized
start_registry --read-only --data "$REGISTRY_DATA"
expect_exit 0 skopeo inspect --tls-verify=false "docker://$REGISTRY/x:1"
expect_exit 1 skopeo copy -q --insecure-policy --dest-tls-verify=false \
    "oci:$TEST_DIR/base:t" "docker://$REGISTRY/y:1"
start_registry --tls --relative-urls
push_base "$TEST_DIR/base" t "$REGISTRY/x:1"
NODE_EXTRA_CA_CERTS=$REGISTRY_CA expect_exit 0 http_get "https://$REGISTRY/v2/x/tags/list"
expect_exit 1 http_get "https://$REGISTRY/v2/x/tags/list"
start_token_registry --user bob:secret --anonymous 'base/*' --lifetime 8
push_base "$TEST_DIR/base" t "$REGISTRY/base/x:1" --dest-creds bob:secret
push_base "$TEST_DIR/base" t "$REGISTRY/other/x:1" --dest-creds bob:secret
expect_exit 0 skopeo inspect --tls-verify=false "docker://$REGISTRY/base/x:1"
expect_refused other/x:1 'access to the resource is denied'
token=$(http_get "$TOKEN_URL?service=test-registry&scope=repository:base/x:pull" | jq -r .token)
status_with() { # AUTHORIZATION URL
    node -e 'fetch(process.argv[2], { headers: { Authorization: process.argv[1] } })
        .then((r) => console.log(r.status));' "$1" "$2"
}
expect_eq 200 "$(status_with "Bearer $token" "http://$REGISTRY/v2/base/x/tags/list")"
for _ in {1..30}; do
    status=$(status_with "Bearer $token" "http://$REGISTRY/v2/base/x/tags/list")
    [ "$status" = 200 ] || break
    sleep 1
done
expect_eq 401 "$status" 'a token that is over'
wrong="Basic $(printf 'bob:no' | base64)"
expect_eq 401 "$(status_with "$wrong" "$TOKEN_URL?service=test-registry")"
expect_eq bob "$(http_get "$TOKEN_LOG_URL" | jq -r '.requests[0].user')"

# --- lib.sh itself: an assertion that does not hold ends the test and tells where

failing() { # TEXT OF A TEST
    printf '. "%s/lib.sh"\n%s\necho went on\n' "$TESTDATA" "$1" >"$TEST_DIR/failing.sh"
    expect_exit 1 bash "$TEST_DIR/failing.sh"
    expect_contains "$ERR" "$TEST_DIR/failing.sh:2" "place in: $1"
    expect_lacks "$OUT" 'went on'
}
failing 'expect_eq one two number'
expect_contains "$ERR" 'expected: one'
expect_contains "$ERR" 'actual:   two'
failing 'expect_contains abc d'
failing 'expect_lacks abc b'
failing 'expect_exit 2 true'
failing "expect_json '{\"a\": 1}' .a 2"
failing 'expect_file /nowhere'
failing 'expect_no_file /'
failing 'false'
cat >"$TEST_DIR/cleaning.sh" <<TEST
. "$TESTDATA/lib.sh"
start_server "\$TEST_DIR/x.log" sleep 1000
echo "\$SERVER_PID \$TEST_DIR"
TEST
expect_exit 0 bash "$TEST_DIR/cleaning.sh"
read -r pid folder <<<"$OUT"
expect_no_file "$folder"
expect_exit 1 kill -0 "$pid"
