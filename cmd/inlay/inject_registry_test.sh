#!/bin/bash
# What is particular to registries: mounts, tokens, both families of documents, indexes, and what
# goes over the wire.
. "$(dirname "$0")/../../testdata/lib.sh"

start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"},
    {"path": "model.safetensors", "synthetic": 2000000, "seed": 1}]}'
export HF_ENDPOINT=$HUB_URL
start_registry

requests() { grep -cE "\"$1" "$REGISTRY_LOG" || true; }
inspect() { skopeo inspect --tls-verify=false "$@"; }

# Into another repository of the same registry: the base's layers are mounted, not sent.
make_base "$TEST_DIR/base" 1 --gzip --layers 3
push_base "$TEST_DIR/base" 1 "$REGISTRY/team/app:1"
expect_exit 0 "$INLAY" inject "$REGISTRY/team/app:1" acme/tiny --to "$REGISTRY/other/app:1"
expect_contains "$ERR" 'moved 2.0 MB of model, 0 B of base'
expect_eq 3 "$(requests 'POST /v2/other/app/blobs/uploads/\?[^ ]*mount=')" 'mounts'
layers=$(image_manifest "$TEST_DIR/base" 1 | jq -r '.layers[].digest' | paste -sd'|')
expect_eq 0 "$(requests "(HEAD|GET) /v2/other/app/blobs/($layers)")" 'questions before that, for a tag that is new'
pull_image "$REGISTRY/other/app:1" "$TEST_DIR/mounted" 1
"$TESTDATA/validate_image.sh" "$TEST_DIR/mounted" 1 >/dev/null

# A registry that cannot mount is asked for that once for each layer, and gets it.
start_quirk_registry
skopeo copy --quiet --insecure-policy --dest-tls-verify=false "oci:$TEST_DIR/base:1" "docker://$QUIRK/team/app:1"
quirk_control '{"mount": 202}' >/dev/null
expect_exit 0 "$INLAY" inject "$QUIRK/team/app:1" acme/tiny --to "$QUIRK/other/app:1" --jobs 1
requests=$(quirk_log . -c)
expect_eq 3 "$(jq 'map(select(.query.mount)) | length' <<<"$requests")" 'mounts that come to nothing'
expect_eq '{"uploads":0}' "$(quirk_control '{}')" 'uploads that are left'
expect_eq "$(image_manifest "$TEST_DIR/mounted" 1 | jq -c .layers)" \
    "$(skopeo inspect --tls-verify=false --raw "docker://$QUIRK/other/app:1" | jq -c .layers)" 'layers, sent'

# Nothing is mounted for models that are refused.
expect_exit 11 "$INLAY" inject "$QUIRK/team/app:1" acme/tiny --to "$QUIRK/third/app:1" --allow-license mit
expect_eq 0 "$(quirk_log 'map(select(.query.mount)) | length')" 'mounts for a model that is refused'

# From another registry: streamed.
first=$REGISTRY
start_registry
expect_exit 0 "$INLAY" inject "$first/team/app:1" acme/tiny --to "$REGISTRY/app:1"
expect_lacks "$ERR" ' 0 B of base'
pull_image "$REGISTRY/app:1" "$TEST_DIR/streamed" 1
"$TESTDATA/validate_image.sh" "$TEST_DIR/streamed" 1 >/dev/null
expect_eq "$(image_manifest "$TEST_DIR/mounted" 1 | jq -c .layers)" \
    "$(image_manifest "$TEST_DIR/streamed" 1 | jq -c .layers)" 'layers'

# Where nothing can be mounted the base's layers are looked for while the models are still asked for: from another
# registry, from a folder, and for a tag that is there.
#
# looked BASE TARGET: whether that is so while the hub is silent; the run is ended then.
looked() {
    local run end=$((SECONDS + 60))
    hub_control '{"faults": [{"do": "silence", "on": "api"}]}' >/dev/null
    quirk_control '{}' >/dev/null
    "$INLAY" inject "$1" acme/tiny --to "$2" --quiet >/dev/null 2>&1 &
    run=$!
    until [ "$(quirk_log "[.[] | select(.method == \"HEAD\" and (.path | test(\"/blobs/($layers)\")))] | length")" -ge 3 ]; do
        [ "$SECONDS" -lt "$end" ] || fail "no layer of $1 was looked for in $2"
        kill -0 "$run" 2>/dev/null || fail "it ended before a layer of $1 was looked for in $2"
        sleep 0.05
    done
    kill -INT "$run"
    wait "$run" || true
    hub_control '{"faults": []}' >/dev/null
}
looked "$first/team/app:1" "$QUIRK/early/app:1"
looked "oci:$TEST_DIR/base:1" "$QUIRK/early/app:1"
looked "$QUIRK/team/app:1" "$QUIRK/other/app:1"

# The second run sends no body but what is asked for by HEAD, and the tag stays.
sent() { grep -cE '"(PATCH|PUT) ' "$REGISTRY_LOG" || true; }
before=$(sent)
expect_exit 0 "$INLAY" inject "$first/team/app:1" acme/tiny --to "$REGISTRY/app:1"
expect_eq "$before" "$(sent)" 'uploads of the second run'

# Each blob went over as POST and PUT, large ones with one PATCH between them; the tag came last.
expect_contains "$(grep -oE '"(PUT) /v2/app/[a-z]+' "$REGISTRY_LOG" | tail -n 1)" 'PUT /v2/app/manifests' 'last'
expect_eq 1 "$(requests 'PATCH /v2/app/blobs')" 'PATCHes'

# By digest, too; base.name says it.
digest=$(inspect --format '{{.Digest}}' "docker://$first/team/app:1")
expect_exit 0 "$INLAY" inject "$first/team/app@$digest" acme/tiny --to "oci:$TEST_DIR/by-digest:1"
expect_json "$(image_manifest "$TEST_DIR/by-digest" 1)" \
    '.annotations["org.opencontainers.image.base.name"]' "\"$first/team/app@$digest\""

# Docker's schema 2 stays schema 2, and says in labels what has no annotations there.
make_base "$TEST_DIR/docker" 1 --docker --gzip
push_base "$TEST_DIR/docker" 1 "$REGISTRY/docker:1"
expect_exit 0 "$INLAY" inject "$REGISTRY/docker:1" acme/tiny --to "$REGISTRY/docker:2"
raw=$(inspect --raw "docker://$REGISTRY/docker:2")
expect_json "$raw" '[.mediaType, .config.mediaType, .layers[-1].mediaType, (.layers[-1] | has("annotations"))]' \
    '["application/vnd.docker.distribution.manifest.v2+json","application/vnd.docker.container.image.v1+json","application/vnd.docker.image.rootfs.diff.tar",false]'
expect_json "$(inspect --config "docker://$REGISTRY/docker:2")" \
    '.config.Labels["org.opencontainers.image.base.name"]' "\"$REGISTRY/docker:1\""
skopeo copy --quiet --insecure-policy --src-tls-verify=false "docker://$REGISTRY/docker:2" "dir:$TEST_DIR/docker-copy"

# Layers of ours that another tool has compressed are used as they are, and say so.
make_base "$TEST_DIR/plain" 1
expect_exit 0 "$INLAY" inject "oci:$TEST_DIR/plain:1" acme/tiny --to "oci:$TEST_DIR/plain:2"
skopeo copy --quiet --insecure-policy --dest-compress "oci:$TEST_DIR/plain:2" "oci:$TEST_DIR/packed:1"
expect_json "$(image_manifest "$TEST_DIR/packed" 1)" '.layers[-1].mediaType' \
    '"application/vnd.oci.image.layer.v1.tar+gzip"'
expect_exit 0 "$INLAY" inject "oci:$TEST_DIR/packed:1" acme/tiny --to "oci:$TEST_DIR/packed:2" --env X=1
expect_contains "$ERR" 'moved 0 B of model'
"$TESTDATA/validate_image.sh" "$TEST_DIR/packed" 2 >/dev/null

# A failure that passes is not a failure.
hub_control '{"faults": [{"do": "close", "on": "api", "times": 1}, {"do": "status", "status": 503, "on": "resolve", "times": 1}]}' >/dev/null
expect_exit 0 "$INLAY" inject "oci:$TEST_DIR/plain:1" acme/tiny --to "oci:$TEST_DIR/plain:3"
hub_control '{"faults": []}' >/dev/null

# All platforms of an index; attestations go, and a line says so.
make_base "$TEST_DIR/index" 1 --index
push_base "$TEST_DIR/index" 1 "$REGISTRY/multi:1"
expect_exit 0 "$INLAY" inject "$REGISTRY/multi:1" acme/tiny --to "$REGISTRY/multi:2"
expect_contains "$ERR" 'dropping 2 attestation manifests of the base'
raw=$(inspect --raw "docker://$REGISTRY/multi:2")
expect_json "$raw" '[.manifests[].platform.architecture]' '["amd64","arm64"]'
pull_image "$REGISTRY/multi:2" "$TEST_DIR/multi" 2
"$TESTDATA/validate_image.sh" "$TEST_DIR/multi" 2 >/dev/null
expect_eq "$(image_manifest "$TEST_DIR/multi" 2 amd64 | jq -c '[.layers[-3,-2,-1].digest]')" \
    "$(image_manifest "$TEST_DIR/multi" 2 arm64 | jq -c '[.layers[-3,-2,-1].digest]')" 'shared layers'
digest=${OUT##*@}
expect_exit 0 "$INLAY" inject "$REGISTRY/multi:1" acme/tiny --to "$REGISTRY/multi:2"
expect_eq "$digest" "${OUT##*@}" 'the digest of the second run on an index'
expect_contains "$ERR" 'moved 0 B of model, 0 B of base'

# A registry that wants tokens: anonymous ones for what anybody may read and write.
start_token_registry --user test:test --anonymous 'open/*' --lifetime 60
push_base "$TEST_DIR/base" 1 "$REGISTRY/open/app:1" --dest-creds test:test
push_base "$TEST_DIR/base" 1 "$REGISTRY/closed/app:1" --dest-creds test:test
expect_exit 0 "$INLAY" inject "$REGISTRY/open/app:1" acme/tiny --to "oci:$TEST_DIR/from-token:1"
expect_exit 4 "$INLAY" inject "$REGISTRY/closed/app:1" acme/tiny --to "oci:$TEST_DIR/from-token:2"
expect_contains "$ERR" 'closed/app'
expect_exit 4 "$INLAY" inject "oci:$TEST_DIR/base:1" acme/tiny --to "$REGISTRY/closed/app:2"
expect_contains "$ERR" 'closed/app'
