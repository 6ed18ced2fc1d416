#!/bin/bash
# Images from place to place, unchanged: the same digests and the same blobs, as other tools see them.
. "$(dirname "$0")/../../testdata/lib.sh"

start_registry
copy() { # FROM TO [OPTION...]: sets DIGEST
    expect_exit 0 "$INLAY" copy "$@"
    expect_eq 1 "$(wc -l <<<"$OUT")" 'lines on stdout'
    expect_eq "$2@" "${OUT%%sha256:*}" 'the target on stdout'
    DIGEST=${OUT##*@}
}
seen() { # REFERENCE: the digest of what the registry shows
    printf 'sha256:%s' "$(skopeo inspect --raw --tls-verify=false "docker://$1" | sha256_of /dev/stdin)"
}
fetch() { # REFERENCE FOLDER: all of it, as skopeo gets it
    skopeo copy --quiet --insecure-policy --src-tls-verify=false --preserve-digests --all \
        "docker://$1" "dir:$2"
}
requests() { grep -oE '"(PUT|POST|PATCH|GET|HEAD) /v2/[^ ]*' "$REGISTRY_LOG" | tail -n "+$1"; }
next_request() { echo $(($(requests 1 | wc -l) + 1)); }

# Every kind of image from a layout to a registry, from there to a layout, and as skopeo does it.
for kind in '' --docker --index --windows --artifact; do
    name=kind$kind
    # shellcheck disable=SC2086 # an option, or none
    make_base "$TEST_DIR/$name" 1 --gzip --layers 2 $kind
    digest=$(tag_digest "$TEST_DIR/$name" 1)
    copy "oci:$TEST_DIR/$name:1" "$REGISTRY/$name:1"
    expect_eq "$digest" "$DIGEST" "what is printed of $name"
    expect_eq "$digest" "$(seen "$REGISTRY/$name:1")" "what the registry shows of $name"
    copy "$REGISTRY/$name:1" "oci:$TEST_DIR/back$kind:1"
    expect_eq "$digest" "$DIGEST" "what is printed of $name, back"
    expect_eq "$digest" "$(tag_digest "$TEST_DIR/back$kind" 1)" "what the layout shows of $name"
    diff -r "$TEST_DIR/$name/blobs" "$TEST_DIR/back$kind/blobs" || fail "the blobs of $name"
    push_base "$TEST_DIR/$name" 1 "$REGISTRY/skopeo$kind:1"
    fetch "$REGISTRY/skopeo$kind:1" "$TEST_DIR/theirs$kind"
    fetch "$REGISTRY/$name:1" "$TEST_DIR/ours$kind"
    diff -r "$TEST_DIR/theirs$kind" "$TEST_DIR/ours$kind" || fail "what skopeo gets of $name"
done
"$TESTDATA/validate_image.sh" "$TEST_DIR/back" 1 >/dev/null
"$TESTDATA/validate_image.sh" "$TEST_DIR/back--docker" 1 >/dev/null
"$TESTDATA/validate_image.sh" "$TEST_DIR/back--index" 1 >/dev/null

# The tag comes last, and indexes after their manifests.
first=$(next_request)
copy "oci:$TEST_DIR/kind--index:1" "$REGISTRY/order:1" --jobs 8
expect_contains "$(requests "$first" | tail -n 1)" 'PUT /v2/order/manifests/1'
expect_eq 5 "$(requests "$first" | grep -c 'PUT /v2/order/manifests/')" 'manifests: two images, two attestations, the index'
expect_eq '' "$(requests "$first" | sed '0,/PUT .*manifests/d' | grep blobs || true)" 'blobs behind a manifest'
expect_contains "$ERR" "image: oci:$TEST_DIR/kind--index:1, "
expect_contains "$ERR" '5 manifests'
expect_lacks "$ERR" 'moved 0 B'

# What is shown already does not move; nor what is there, or can be had from a neighbour.
first=$(next_request)
copy "oci:$TEST_DIR/kind--index:1" "$REGISTRY/order:1"
expect_contains "$ERR" 'done: already there'
expect_eq '' "$(requests "$first" | grep -E 'PUT|POST|PATCH|blobs' || true)" 'requests for what is there'
first=$(next_request)
copy "$REGISTRY/order:1" "$REGISTRY/order:2"
expect_contains "$ERR" 'done: moved 0 B'
expect_eq '' "$(requests "$first" | grep -E 'PATCH|PUT .*/blobs' || true)" 'uploads to the same repository'
first=$(next_request)
copy "$REGISTRY/order:1" "$REGISTRY/neighbour:1"
expect_contains "$ERR" 'done: moved 0 B'
expect_contains "$(requests "$first")" 'from=order'
expect_eq '' "$(requests "$first" | grep PATCH || true)" 'uploads to a neighbour'
expect_eq "$(seen "$REGISTRY/order:1")" "$(seen "$REGISTRY/neighbour:1")" 'what the neighbour shows'
first=$(next_request)
copy "oci:$TEST_DIR/kind--index:1" "oci:$TEST_DIR/back--index:1"
expect_contains "$ERR" 'done: already there'

# By digest, and by digest beside a tag that shows something else by now.
one=$(tag_digest "$TEST_DIR/kind" 1)
copy "$REGISTRY/kind@$one" "$REGISTRY/kind:by-digest"
expect_eq "$one" "$(seen "$REGISTRY/kind:by-digest")" 'by digest'
copy "docker://$REGISTRY/order:1@$(tag_digest "$TEST_DIR/kind--index" 1)" "$REGISTRY/order:3"
expect_eq "$(seen "$REGISTRY/order:1")" "$(seen "$REGISTRY/order:3")" 'by tag and digest'
copy "oci:$TEST_DIR/kind" "oci:$TEST_DIR/only:1" # the only image there is

# One platform: that image alone, as skopeo takes it.
copy "$REGISTRY/order:1" "$REGISTRY/arm:1" --platform linux/arm64/v8
skopeo copy --quiet --insecure-policy --override-arch arm64 --src-tls-verify=false --preserve-digests \
    "docker://$REGISTRY/order:1" "dir:$TEST_DIR/arm"
expect_eq "$(sha256_of "$TEST_DIR/arm/manifest.json")" "${DIGEST#sha256:}" 'the digest for arm64'
fetch "$REGISTRY/arm:1" "$TEST_DIR/arm-ours"
diff -r "$TEST_DIR/arm" "$TEST_DIR/arm-ours" || fail 'the image for arm64'
expect_contains "$ERR" 'platform: linux/arm64'
copy "$REGISTRY/order:1" "oci:$TEST_DIR/amd:1" --platform x86_64
expect_eq 4 "$(find "$TEST_DIR/amd/blobs" -type f | wc -l)" 'blobs of a platform: manifest, config, layers'
"$TESTDATA/validate_image.sh" "$TEST_DIR/amd" 1 >/dev/null
copy "$REGISTRY/kind:1" "oci:$TEST_DIR/amd:2" --platform linux/amd64

# An index in an index, an artifact in it, and an entry that is none of these.
put() { # LAYOUT: stores stdin, prints its descriptor without a type
    local digest
    cat >"$TEST_DIR/blob"
    digest=$(sha256_of "$TEST_DIR/blob")
    mkdir -p "$1/blobs/sha256"
    jq -cn --arg digest "sha256:$digest" --argjson size "$(stat -c %s "$TEST_DIR/blob")" \
        '{digest: $digest, size: $size}'
    mv "$TEST_DIR/blob" "$1/blobs/sha256/$digest"
}
root() { # LAYOUT TAG DESCRIPTOR
    printf '{"imageLayoutVersion":"1.0.0"}' >"$1/oci-layout"
    jq -n --arg tag "$2" --argjson what "$3" '{schemaVersion: 2, manifests:
        [$what + {annotations: {"org.opencontainers.image.ref.name": $tag}}]}' >"$1/index.json"
}
index_type=application/vnd.oci.image.index.v1+json
deep=$TEST_DIR/deep
mkdir -p "$deep"
cp -r "$TEST_DIR"/kind--{index,artifact}/blobs "$deep/"
unknown=$(put "$deep" <<<'something' | jq -c '. + {mediaType: "application/vnd.example.thing"}')
nested=$(jq -n --argjson a "$(jq .manifests[0] "$TEST_DIR/kind--index/index.json")" \
    --argjson b "$(jq .manifests[0] "$TEST_DIR/kind--artifact/index.json")" --arg type $index_type \
    '{schemaVersion: 2, mediaType: $type, manifests: [$a, $b] | map(del(.annotations))}' | put "$deep")
for extra in '' ", $unknown"; do
    top=$(jq -n --argjson list "[$(jq -c --arg type $index_type '. + {mediaType: $type}' <<<"$nested")$extra]" \
        --arg type $index_type '{schemaVersion: 2, mediaType: $type, manifests: $list}' | put "$deep")
    root "$deep" top "$(jq --arg type $index_type '. + {mediaType: $type}' <<<"$top")"
    copy "oci:$deep:top" "oci:$TEST_DIR/deep-out:top"
    expect_eq "$(jq -r .digest <<<"$top")" "$(tag_digest "$TEST_DIR/deep-out" top)" 'an index in an index'
    [ -n "$extra" ] || copy "oci:$deep:top" "$REGISTRY/deep:1" # a registry knows no such entry
done
diff -r "$deep/blobs" "$TEST_DIR/deep-out/blobs" || fail 'the blobs of an index in an index'
copy "$REGISTRY/deep:1" "oci:$TEST_DIR/deep-back:1"
diff -r -x "$(jq -r '.digest[7:]' <<<"$top")" -x "$(jq -r '.digest[7:]' <<<"$unknown")" \
    "$deep/blobs" "$TEST_DIR/deep-back/blobs" || fail 'the blobs of an index in an index, from a registry'
copy "oci:$deep:top" "$REGISTRY/deep:arm" --platform linux/arm64
expect_eq "$(seen "$REGISTRY/arm:1")" "$DIGEST" 'a platform of an index in an index'

# A foreign layer stays where it is.
cp -r "$TEST_DIR/kind--docker" "$TEST_DIR/foreign"
foreign=application/vnd.docker.image.rootfs.foreign.diff.tar.gzip
far=$(image_manifest "$TEST_DIR/foreign" 1 | jq -r .layers[0].digest)
manifest=$(image_manifest "$TEST_DIR/foreign" 1 | jq --arg type $foreign \
    '.layers[0] += {mediaType: $type, urls: ["https://far.example.com/layer"]}' | put "$TEST_DIR/foreign")
root "$TEST_DIR/foreign" 1 "$(jq '. + {mediaType:
    "application/vnd.docker.distribution.manifest.v2+json"}' <<<"$manifest")"
rm "$(blob_path "$TEST_DIR/foreign" "$far")"
copy "oci:$TEST_DIR/foreign:1" "oci:$TEST_DIR/foreign-out:1"
expect_eq "$(jq -r .digest <<<"$manifest")" "$DIGEST" 'an image with a foreign layer'
expect_contains "$ERR" 'leaving out 1 foreign layer'
expect_no_file "$(blob_path "$TEST_DIR/foreign-out" "$far")"
expect_file "$(blob_path "$TEST_DIR/foreign-out" "$(image_manifest "$TEST_DIR/foreign" 1 | jq -r .layers[1].digest)")"

# Into archives and out of them, files and pipes: the same bytes again.
many=$(tag_digest "$TEST_DIR/kind--index" 1)
copy "oci:$TEST_DIR/kind--index:1" "oci-archive:$TEST_DIR/many.tar:1" --jobs 8
expect_eq "$many" "$DIGEST" 'an index in an archive'
expect_eq "${many#*:}" "$(skopeo inspect --raw "oci-archive:$TEST_DIR/many.tar:1" | sha256_of /dev/stdin)" \
    'what skopeo finds in the archive'
copy "$REGISTRY/order:1" "oci-archive:$TEST_DIR/again.tar:1"
cmp "$TEST_DIR/many.tar" "$TEST_DIR/again.tar" || fail 'the same image in two archives'
copy "oci-archive:$TEST_DIR/many.tar:1" "oci:$TEST_DIR/many-back:1"
diff -r "$TEST_DIR/kind--index/blobs" "$TEST_DIR/many-back/blobs" || fail 'the blobs out of an archive'
copy "oci-archive:$TEST_DIR/many.tar" "$REGISTRY/from-archive:1" --platform linux/arm64
expect_eq "$(seen "$REGISTRY/arm:1")" "$DIGEST" 'a platform out of an archive'
"$INLAY" copy "oci:$TEST_DIR/kind--index:1" oci-archive:-:1 2>"$TEST_DIR/stderr" >"$TEST_DIR/piped.tar"
cmp "$TEST_DIR/many.tar" "$TEST_DIR/piped.tar" || fail 'an archive in a pipe'
expect_eq "oci-archive:-:1@$many" "$(tail -n 1 "$TEST_DIR/stderr")" 'what is printed beside an archive in a pipe'
"$INLAY" copy --quiet oci-archive:- "oci:$TEST_DIR/piped:1" <"$TEST_DIR/piped.tar" >/dev/null
diff -r "$TEST_DIR/kind--index/blobs" "$TEST_DIR/piped/blobs" || fail 'the blobs out of a pipe'
for from in kind kind--docker; do
    copy "oci:$TEST_DIR/$from:1" "docker-archive:$TEST_DIR/$from.tar:example.com/app:1"
    expect_eq "$(tag_digest "$TEST_DIR/$from" 1)" "$DIGEST" "what is printed of $from in a Docker archive"
    expect_eq "$(image_config "$TEST_DIR/$from" 1 | sha256_of /dev/stdin)" \
        "$(skopeo inspect --config --raw "docker-archive:$TEST_DIR/$from.tar" | sha256_of /dev/stdin)" 'its config'
done
copy "docker-archive:$TEST_DIR/kind.tar:example.com/app:1" "oci:$TEST_DIR/unsaved:1"
"$TESTDATA/validate_image.sh" "$TEST_DIR/unsaved" 1 >/dev/null
expect_eq "$(image_config "$TEST_DIR/kind" 1)" "$(image_config "$TEST_DIR/unsaved" 1)" 'the config out of a Docker archive'
expect_exit 2 "$INLAY" copy --quiet "oci:$TEST_DIR/kind--index:1" "docker-archive:$TEST_DIR/no.tar:example.com/app:1"
expect_contains "$ERR" 'takes one image; name one of linux/amd64, linux/arm64 with --platform'
expect_exit 6 "$INLAY" copy --quiet "oci:$TEST_DIR/kind--artifact:1" "docker-archive:$TEST_DIR/no.tar:example.com/app:1"
expect_contains "$ERR" 'takes images only'
expect_exit 6 "$INLAY" copy --quiet "oci:$TEST_DIR/foreign:1" "docker-archive:$TEST_DIR/no.tar:example.com/app:1"
expect_contains "$ERR" 'layers that lie elsewhere'
expect_no_file "$TEST_DIR/no.tar"
copy "oci:$TEST_DIR/kind--index:1" "docker-archive:$TEST_DIR/arm.tar:example.com/app:1" --platform linux/arm64
expect_eq "$(seen "$REGISTRY/arm:1")" "$DIGEST" 'a platform in a Docker archive'
first=$(jq -r .manifests[0].digest "$(blob_path "$TEST_DIR/kind--index" "$many")")
cp -r "$TEST_DIR/kind--index" "$TEST_DIR/lone"
lone=$(jq --arg first "$first" '.manifests |= map(select(.digest == $first))' \
    "$(blob_path "$TEST_DIR/lone" "$many")" | put "$TEST_DIR/lone")
root "$TEST_DIR/lone" 1 "$(jq --arg type $index_type '. + {mediaType: $type}' <<<"$lone")"
copy "oci:$TEST_DIR/lone:1" "docker-archive:$TEST_DIR/lone.tar:example.com/app:1"
expect_eq "$first" "$DIGEST" 'the one image of an index in a Docker archive'

# What goes wrong, in one line, and nothing is written: the tag is as it was.
target=oci:$TEST_DIR/back
state() { (cd "$TEST_DIR/back" && find . -type f -printf '%P %s %T@\n' | LC_ALL=C sort | sha256sum); }
before=$(state)
refuse() {
    local status=$1 part=$2
    shift 2
    expect_exit "$status" "$INLAY" copy --quiet "$@"
    expect_contains "$ERR" "$part" "the message of: copy $*"
    expect_eq 1 "$(wc -l <<<"$ERR")" "lines of: $ERR"
    expect_eq '' "$OUT" 'stdout'
    expect_eq "$before" "$(state)" "the target after: copy $*"
}
index=oci:$TEST_DIR/kind--index:1
refuse 2 'no FROM'
refuse 2 'no TO' "$index"
refuse 2 "'third' is one argument too many" "$index" "$target:1" third
refuse 2 'FROM: ' 'a/UPPER' "$target:1"
refuse 2 'TO: ' "$index" 'a/UPPER'
refuse 2 'names a digest, which follows from the image' "$index" "$REGISTRY/x@$one"
refuse 2 'names no tag; expected oci:DIR:TAG' "$index" "$target"
refuse 2 "'--unknown'" "$index" "$target:1" --unknown
refuse 2 '--jobs' "$index" "$target:1" --jobs 0
refuse 2 "--platform: 'linux/' is not OS/ARCH" "$index" "$target:1" --platform linux/
refuse 2 '--platform is given twice' "$index" "$target:1" --platform linux/amd64 --platform linux/arm64
refuse 3 'has no image for linux/s390x; there is linux/amd64, linux/arm64' "$index" "$target:1" --platform linux/s390x
refuse 3 'one image for linux/amd64, not for linux/arm64' "oci:$TEST_DIR/kind:1" "$target:1" --platform linux/arm64
refuse 6 'an artifact, which is for no platform' "oci:$TEST_DIR/kind--artifact:1" "$target:1" --platform linux/arm64
refuse 3 "'9'" "oci:$TEST_DIR/kind:9" "$target:1"
refuse 3 'no/such' "$REGISTRY/no/such:1" "$target:1"
refuse 5 'cannot connect' 127.0.0.1:1/x:1 "$target:1"
refuse 5 'cannot connect' "$index" 127.0.0.1:1/x:1

# A manifest that is missing or other than its index says: nothing is begun.
child=$(jq -r .manifests[1].digest "$(blob_path "$TEST_DIR/kind--index" "$(tag_digest "$TEST_DIR/kind--index" 1)")")
cp -r "$TEST_DIR/kind--index" "$TEST_DIR/broken"
rm "$(blob_path "$TEST_DIR/broken" "$child")"
refuse 3 "$child" "oci:$TEST_DIR/broken:1" "$target:1"
tr 2 3 <"$(blob_path "$TEST_DIR/kind--index" "$child")" >"$(blob_path "$TEST_DIR/broken" "$child")"
refuse 7 "$child" "oci:$TEST_DIR/broken:1" "$target:1"

# A layer that is missing, or damaged: the tag shows what it showed.
layer=$(image_manifest "$TEST_DIR/kind" 1 | jq -r .layers[1].digest)
copy "oci:$TEST_DIR/kind--docker:1" "$REGISTRY/kept:1" && kept=$DIGEST
cp -r "$TEST_DIR/kind" "$TEST_DIR/damaged"
printf 'X' | dd of="$(blob_path "$TEST_DIR/damaged" "$layer")" bs=1 seek=100 conv=notrunc status=none
expect_exit 7 "$INLAY" copy --quiet "oci:$TEST_DIR/damaged:1" "oci:$TEST_DIR/kept:1"
expect_contains "$ERR" "$layer"
expect_json "$TEST_DIR/kept/index.json" .manifests '[]'
rm "$(blob_path "$TEST_DIR/damaged" "$layer")"
expect_exit 3 "$INLAY" copy --quiet "oci:$TEST_DIR/damaged:1" "oci:$TEST_DIR/kept:1"
expect_contains "$ERR" "$layer"
expect_json "$TEST_DIR/kept/index.json" .manifests '[]'

# Ctrl-C while the other side does not answer.
from=$REGISTRY
start_registry
copy "oci:$TEST_DIR/kind--docker:1" "$REGISTRY/kept:1"
kill -STOP "$REGISTRY_PID"
"$INLAY" copy "$from/kind:1" "$REGISTRY/kept:1" >"$TEST_DIR/stdout" 2>"$TEST_DIR/stderr" &
pid=$!
sleep 1
began=$SECONDS
kill -INT $pid
status=0
wait $pid || status=$?
kill -CONT "$REGISTRY_PID"
expect_eq 130 "$status" 'the exit status after Ctrl-C'
[ $((SECONDS - began)) -le 3 ] || fail "Ctrl-C took $((SECONDS - began)) seconds"
expect_eq '' "$(cat "$TEST_DIR/stdout")" 'stdout after Ctrl-C'
expect_eq "$kept" "$(seen "$REGISTRY/kept:1")" 'the tag after Ctrl-C'

# A target that takes nothing.
stop_server "$REGISTRY_PID"
start_registry --read-only
expect_exit 4 "$INLAY" copy --quiet "oci:$TEST_DIR/kind:1" "$REGISTRY/x:1"
expect_contains "$ERR" "the target $REGISTRY/x"

expect_exit 0 "$INLAY" copy --help-all
expect_contains "$OUT" 'Usage: inlay copy FROM TO'
widest=$(awk '{ if (length > most) most = length } END { print most }' <<<"$OUT")
[ "$widest" -le 100 ] || fail "a line of help has $widest columns"
