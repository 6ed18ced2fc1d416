#!/bin/bash
# Indexes: all platforms, some of them, one without an index; indexes in indexes; attestations,
# entries of other systems, artifacts and subjects.
. "$(dirname "$0")/../../testdata/lib.sh"

start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"},
    {"path": "model.safetensors", "synthetic": 2000000, "seed": 1}]}'
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
cd "$TEST_DIR" || exit

# document OCI_DIR DIGEST
document() { cat "$1/blobs/${2/:/\/}"; }
index() { document "$1" "$(tag_digest "$1" "$2")"; }
platforms() { index "$1" "$2" | jq -c '[.manifests[].platform | "\(.os)/\(.architecture)"]'; }
# add_document OCI_DIR JSON MEDIA-TYPE: prints a descriptor of it
add_document() {
    local hex
    hex=$(printf '%s' "$2" | sha256sum | cut -d ' ' -f 1)
    printf '%s' "$2" >"$1/blobs/sha256/$hex"
    jq -cn --arg type "$3" --arg digest "sha256:$hex" --argjson size "$(printf '%s' "$2" | wc -c)" \
        '{mediaType: $type, digest: $digest, size: $size}'
}
# set_tag OCI_DIR TAG DESCRIPTOR
set_tag() {
    jq -c --arg tag "$2" --argjson image "$3" '.manifests |= map(select(
        .annotations["org.opencontainers.image.ref.name"] != $tag)) +
        [$image + {annotations: {"org.opencontainers.image.ref.name": $tag}}]' "$1/index.json" >"$1/index.new"
    mv "$1/index.new" "$1/index.json"
}
INDEX=application/vnd.oci.image.index.v1+json

# All platforms; attestations are dropped, and it is said.
make_base base 1 --index --user app
expect_exit 0 "$INLAY" inject oci:base:1 acme/tiny --to oci:out:all
expect_contains "$ERR" 'dropping 2 attestation manifests of the base: they speak of images without the model'
expect_eq '["linux/amd64","linux/arm64"]' "$(platforms out all)"
"$TESTDATA/validate_image.sh" out all >/dev/null
expect_eq 1 "$(hub_log '[.requests[] | select(.kind != "cdn" and (.path | test("resolve.*/model.safetensors")))] | length')" \
    'downloads of the model for two platforms'
# What would be a lie is not kept for any flag.
expect_exit 0 "$INLAY" inject oci:base:1 acme/tiny --to oci:out:all --keep-attestations
expect_eq '["linux/amd64","linux/arm64"]' "$(platforms out all)"

# Some: the others leave the index, which stays one.
expect_exit 0 "$INLAY" inject oci:base:1 acme/tiny --to oci:out:some --platform linux/aarch64
expect_eq '["linux/arm64"]' "$(platforms out some)"
expect_eq "$(index out all | jq -r '.manifests[1].digest')" "$(index out some | jq -r '.manifests[0].digest')"
expect_exit 0 "$INLAY" inject oci:base:1 acme/tiny --to oci:out:some --platform arm64 --platform amd64
expect_eq "$(tag_digest out all)" "$(tag_digest out some)"
expect_exit 3 "$INLAY" inject oci:base:1 acme/tiny --to oci:out:some --platform amd64 --platform s390x
expect_contains "$ERR" "no image for 'linux/s390x'; there is linux/amd64, linux/arm64"
expect_eq "$(tag_digest out all)" "$(tag_digest out some)"
expect_exit 2 "$INLAY" inject oci:base:1 acme/tiny --to oci:out:some --platform linux/arm64/v8/x
expect_contains "$ERR" 'OS/ARCH[/VARIANT]'

# One, as a single manifest.
expect_exit 0 "$INLAY" inject oci:base:1 acme/tiny --to oci:out:one --platform amd64 --no-index
expect_eq "$(index out all | jq -r '.manifests[0].digest')" "$(tag_digest out one)"
expect_exit 2 "$INLAY" inject oci:base:1 acme/tiny --to oci:out:one --no-index
expect_contains "$ERR" 'linux/amd64, linux/arm64; choose one with --platform'
# A manifest is one already; its digest chooses it from an index, too.
child=$(index base 1 | jq -r '.manifests[0].digest')
expect_exit 0 "$INLAY" inject "oci:base@$child" acme/tiny --to oci:out:single --no-index --platform amd64
expect_exit 3 "$INLAY" inject "oci:base:$child" acme/tiny --to oci:out:single --platform arm64
expect_contains "$ERR" "no image for 'linux/arm64'; there is linux/amd64"

# An index in an index; a second run finds all of it there.
inner=$(jq -cn --arg digest "$(tag_digest base 1)" --argjson size "$(index base 1 | wc -c)" --arg type $INDEX \
    '{mediaType: $type, digest: $digest, size: $size}')
outer=$(add_document base "$(jq -cn --argjson inner "$inner" --arg type $INDEX \
    '{schemaVersion: 2, mediaType: $type, manifests: [$inner], annotations: {keep: "me"}}')" $INDEX)
set_tag base nested "$outer"
expect_exit 0 "$INLAY" inject oci:base:nested acme/tiny --to oci:out:nested
inner=$(document out "$(index out nested | jq -r '.manifests[0].digest')")
expect_json "$inner" '[.manifests[].platform.architecture]' '["amd64","arm64"]'
expect_json "$(document out "$(jq -r '.manifests[1].digest' <<<"$inner")")" '.layers | length' \
    "$(($(image_manifest base 1 arm64 | jq '.layers | length') + 3))"
expect_json "$(index out nested)" .annotations '{"keep":"me"}'
before=$OUT
expect_exit 0 "$INLAY" inject oci:base:nested acme/tiny --to oci:out:nested
expect_eq "$before" "$OUT"
expect_contains "$ERR" 'done: 0 layers built'
expect_exit 0 "$INLAY" inject oci:base:nested acme/tiny --to oci:out:nested --platform amd64
expect_json "$(document out "$(index out nested | jq -r '.manifests[0].digest')")" \
    '[.manifests[].platform.architecture]' '["amd64"]'
# Two of them: what they drop is told for both together.
two=$(jq -c '.manifests += .manifests' <<<"$(index base nested)")
set_tag base two "$(add_document base "$two" $INDEX)"
expect_exit 0 "$INLAY" inject oci:base:two acme/tiny --to oci:out:two
expect_contains "$ERR" 'dropping 4 attestation manifests of the base: they speak of images without the model'
expect_exit 0 "$INLAY" remove oci:out:nested acme/tiny --to oci:out:bare
start_registry
expect_exit 0 "$INLAY" inject oci:base:nested acme/tiny --to "$REGISTRY/nested:1"
first=${OUT#*@}
expect_exit 0 "$INLAY" inject "$REGISTRY/nested:1" acme/tiny --to "$REGISTRY/nested:2"
expect_eq "$first" "${OUT#*@}"

# Entries of other systems pass, whether the index tells of them or not, with what is true of them.
make_base base win --windows
windows=$(jq -cn --arg digest "$(tag_digest base win)" --argjson size "$(index base win | wc -c)" \
    '{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $digest, size: $size}')
statement=$(index base 1 | jq -c '.manifests[2]')
mixed=$(jq -c --argjson windows "$windows" --argjson statement "$statement" '
    .subject = $windows | .manifests += [$windows, ($windows + {platform: {os: "windows", architecture: "amd64"}}),
        ($statement | .annotations["vnd.docker.reference.digest"] = $windows.digest)]' < <(index base 1))
set_tag base mixed "$(add_document base "$mixed" $INDEX)"
expect_exit 0 "$INLAY" inject oci:base:mixed acme/tiny --to oci:out:mixed
expect_contains "$ERR" 'dropping 3 attestation manifests'
expect_contains "$ERR" '--keep-attestations keeps those that stay true'
expect_contains "$ERR" "the index's 'subject' is dropped"
expect_json "$(index out mixed)" '[.manifests[] | .platform.os], has("subject")' \
    '["linux","linux",null,"windows"]'$'\n''false'
expect_file "out/blobs/$(tag_digest base win | tr : /)"
expect_exit 0 "$INLAY" inject oci:base:mixed acme/tiny --to oci:out:mixed --keep-attestations
expect_contains "$ERR" 'dropping 2 attestation manifests'
expect_json "$(index out mixed)" '.manifests | length' 5
expect_eq "$(tag_digest base win)" "$(index out mixed |
    jq -r '.manifests[4].annotations["vnd.docker.reference.digest"]')"
expect_exit 0 "$INLAY" inject oci:base:mixed acme/tiny --to oci:out:mixed --platform amd64
expect_eq '["linux/amd64"]' "$(platforms out mixed)"
# Without any image for Linux there is nothing to do.
only=$(jq -cn --argjson windows "$windows" --arg type $INDEX \
    '{schemaVersion: 2, mediaType: $type, manifests: [$windows]}')
set_tag base only "$(add_document base "$only" $INDEX)"
expect_exit 6 "$INLAY" inject oci:base:only acme/tiny --to oci:out:no
expect_contains "$ERR" 'no image for Linux'
