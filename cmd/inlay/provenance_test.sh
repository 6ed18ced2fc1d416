#!/bin/bash
# What inlay inject says of its result: statements of in-toto, judged by in-toto's own library, and
# where they are kept, judged by skopeo and jq.
. "$(dirname "$0")/../../testdata/lib.sh"

install_reader attestations
STATEMENT=application/vnd.in-toto+json
start_hub '{"id": "acme/tiny", "files": [
    {"path": "config.json", "text": "{}"},
    {"path": "a b.txt", "text": "one"}, {"path": "b", "text": ""},
    {"path": "model.safetensors", "text": "weights", "lfs": true}]}' '{"id": "acme/other", "files": [{"path": "config.json", "text": "{}"}]}'
export HF_ENDPOINT=$HUB_URL
make_base "$TEST_DIR/base" 1
inject() { "$INLAY" inject "oci:$TEST_DIR/base:1" acme/tiny "$@"; }
judge() { PYTHONPATH=$READERS/$READER /usr/bin/python3 "$TESTDATA/readers/judge_attestations.py" "$@"; }

# Written to a file: the same call is the same bytes, and no file of this machine is in them.
for name in one two; do
    mkdir "$TEST_DIR/$name"
    expect_exit 0 inject --to "oci:$TEST_DIR/$name/out:1" --provenance="$TEST_DIR/$name.json" --env TOKEN=secret \
        --exclude 'b*'
    digest=${OUT##*@}
done
statement=$TEST_DIR/one.json
cmp "$statement" "$TEST_DIR/two.json"
expect_exit 0 judge statement "$statement"
expect_lacks "$(cat "$statement")" "$TEST_DIR"
expect_lacks "$(cat "$statement")" secret
commit=$(http_get "$HUB_URL/api/models/acme/tiny" | jq -r .sha)
expect_json "$statement" '[._type, .predicateType, .predicate.buildDefinition.buildType, .predicate.runDetails.metadata]' \
    '["https://in-toto.io/Statement/v1","https://slsa.dev/provenance/v1","urn:inlay:inject:v1",null]'
expect_json "$statement" '.subject' "[{\"name\":\"oci:out:1\",\"digest\":{\"sha256\":\"${digest#sha256:}\"}}]"
expect_json "$statement" .predicate.buildDefinition.externalParameters \
    '{"base":"oci:base:1","models":["acme/tiny@main,layout=huggingface,exclude=b*"],"options":{"env":["TOKEN"],"exclude":["b*"]}}'
base=$(skopeo inspect --raw "oci:$TEST_DIR/base:1" | sha256sum | cut -d ' ' -f 1)
expect_json "$statement" '[.predicate.buildDefinition.resolvedDependencies[] | [.name, .uri, .digest]]' \
    "$(jq -nc --arg base "$base" --arg commit "$commit" --arg uri "pkg:huggingface/acme/tiny@$commit" \
        --arg text "$(printf 'blob 3\0one' | sha1sum | cut -d ' ' -f 1)" \
        --arg config "$(printf 'blob 2\0{}' | sha1sum | cut -d ' ' -f 1)" \
        --arg weights "$(printf weights | sha256sum | cut -d ' ' -f 1)" \
        '[["oci:base:1", null, {sha256: $base}], ["acme/tiny", $uri, {gitCommit: $commit}],
          ["a b.txt", "\($uri)#a%20b.txt", {gitBlob: $text}],
          ["config.json", "\($uri)#config.json", {gitBlob: $config}],
          ["model.safetensors", "\($uri)#model.safetensors", {sha256: $weights}]]')"
expect_json "$statement" '.predicate.runDetails.builder | [.id, .builderDependencies[0].digest.sha256]' \
    "[\"urn:inlay:builder\",\"$(sha256_of "$INLAY")\"]"

# Signatures of records are in the image: that they are is told, and not which file the key is in.
openssl genpkey -algorithm ed25519 -out "$TEST_DIR/key.pem" 2>/dev/null
expect_exit 0 inject --to "oci:$TEST_DIR/signed:1" --provenance="$TEST_DIR/signed.json" --sign-records "$TEST_DIR/key.pem"
expect_json "$TEST_DIR/signed.json" .predicate.buildDefinition.externalParameters.options '{"sign-records":true}'
expect_lacks "$(cat "$TEST_DIR/signed.json")" key.pem

# A time, if one is given.
expect_exit 0 env SOURCE_DATE_EPOCH=1577836800 "$INLAY" inject "oci:$TEST_DIR/base:1" acme/tiny \
    --to "oci:$TEST_DIR/timed:1" --provenance="$TEST_DIR/timed.json"
expect_json "$TEST_DIR/timed.json" .predicate.runDetails.metadata '{"finishedOn":"2020-01-01T00:00:00Z"}'
expect_exit 0 judge statement "$TEST_DIR/timed.json"

# attached DIR-OR-REPOSITORY DIGEST: the manifests about it, by the tag or by index.json
tag_of() { printf 'sha256-%s' "${1#sha256:}"; }
raw() { skopeo inspect --tls-verify=false --raw "docker://$1"; }

# A registry that keeps no list: the tag is one, others' entries stay, and the same statement is there once.
start_registry
expect_exit 0 inject --to "$REGISTRY/app:1" --to "$REGISTRY/app:2" --provenance
digest=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$REGISTRY/app:1")
expect_eq "$REGISTRY/app:1@$digest
$REGISTRY/app:2@$digest" "$OUT"
expect_contains "$ERR" 'attached: the statement of its provenance, sha256:'
list=$(raw "$REGISTRY/app:$(tag_of "$digest")")
expect_json "$list" '[.mediaType, (.manifests | length), .manifests[0].artifactType, .manifests[0].annotations]' \
    "[\"application/vnd.oci.image.index.v1+json\",1,\"$STATEMENT\",{\"in-toto.io/predicate-type\":\"https://slsa.dev/provenance/v1\"}]"
about=$(raw "$REGISTRY/app@$(jq -r '.manifests[0].digest' <<<"$list")")
expect_json "$about" '[.artifactType, .subject.digest, .config.mediaType, (.layers | length), .layers[0].mediaType]' \
    "[\"$STATEMENT\",\"$digest\",\"application/vnd.oci.empty.v1+json\",1,\"$STATEMENT\"]"
skopeo copy --quiet --insecure-policy --src-tls-verify=false \
    "docker://$REGISTRY/app@$(jq -r '.manifests[0].digest' <<<"$list")" "dir:$TEST_DIR/about" 
attached=$TEST_DIR/about/$(jq -r '.layers[0].digest' <<<"$about" | cut -d : -f 2)
expect_exit 0 judge statement "$attached"
expect_json "$attached" '[.subject[] | [.name, .uri, .digest.sha256]]' \
    "$(jq -nc --arg digest "$digest" --arg repository "$REGISTRY/app" '["1", "2"] | map(["\($repository):\(.)",
        "pkg:oci/app@\($digest)?repository_url=\($repository)&tag=\(.)", ($digest | ltrimstr("sha256:"))])')"
expect_exit 0 inject --to "$REGISTRY/app:1" --to "$REGISTRY/app:2" --provenance
expect_eq "$list" "$(raw "$REGISTRY/app:$(tag_of "$digest")")" 'the list after a second run'
expect_exit 0 inject --to "$REGISTRY/app:1" --provenance
expect_json "$(raw "$REGISTRY/app:$(tag_of "$digest")")" '.manifests | length' 2

# An image on an image with models: what it had is told, and which base that had.
expect_exit 0 "$INLAY" inject "$REGISTRY/app:1" acme/other --to "$REGISTRY/app:more" --provenance="$TEST_DIR/more.json"
expect_exit 0 judge statement "$TEST_DIR/more.json"
expect_json "$TEST_DIR/more.json" '.predicate.buildDefinition.resolvedDependencies |
    [(.[0] | [.digest.sha256, .annotations.recordedBase]), (.[1:3][] | [.name, .annotations.from])]' \
    "[[\"${digest#sha256:}\",[\"sha256:$base\"]],[\"acme/tiny\",\"base\"],[\"acme/other\",null]]"

# A layout: index.json names it, without a tag, and the image stays the only one.
expect_exit 0 inject --to "oci:$TEST_DIR/layout:1" --provenance
digest=${OUT##*@}
expect_exit 0 inject --to "oci:$TEST_DIR/layout:1" --provenance
expect_json "$TEST_DIR/layout/index.json" '[.manifests[] | [.artifactType, .annotations["org.opencontainers.image.ref.name"]]]' \
    "[[null,\"1\"],[\"$STATEMENT\",null]]"
expect_exit 0 "$INLAY" inspect "oci:$TEST_DIR/layout"
expect_exit 0 skopeo inspect "oci:$TEST_DIR/layout:1"

# An index: it is the subject.
make_base "$TEST_DIR/many" 1 --index
expect_exit 0 "$INLAY" inject "oci:$TEST_DIR/many:1" acme/tiny --to "oci:$TEST_DIR/many:out" --provenance="$TEST_DIR/many.json" --provenance
digest=${OUT##*@}
expect_json "$TEST_DIR/many.json" '.subject[0].digest.sha256' "\"${digest#sha256:}\""
about=$TEST_DIR/many/blobs/sha256/$(jq -r '.manifests[] | select(.artifactType) | .digest | ltrimstr("sha256:")' "$TEST_DIR/many/index.json")
expect_json "$about" '[.subject.mediaType, .subject.digest]' "[\"application/vnd.oci.image.index.v1+json\",\"$digest\"]"
cmp "$TEST_DIR/many.json" "$TEST_DIR/many/blobs/sha256/$(jq -r '.layers[0].digest | ltrimstr("sha256:")' "$about")"

# A registry with a list of its own gets no tag.
start_quirk_registry '{"referrers": true}'
expect_exit 0 inject --to "$QUIRK/app:1" --provenance
digest=${OUT##*@}
expect_json "$(http_get "http://$QUIRK/v2/app/referrers/$digest")" '[.manifests[].artifactType]' "[\"$STATEMENT\"]"
expect_json "$(http_get "http://$QUIRK/v2/app/tags/list")" .tags '["1"]'

# It is said truly when the image is there and the statement is not.
quirk_control '{"faults": [{"method": "PUT", "path": "/manifests/sha256:", "status": 403, "times": 9}]}' >/dev/null
expect_exit 4 inject --to "$QUIRK/app:denied" --provenance
digest=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$QUIRK/app:denied")
expect_eq "$QUIRK/app:denied@$digest" "$OUT"
expect_contains "$ERR" "the image is published as $QUIRK/app:denied@$digest, and the statement of its provenance could not be attached: "
expect_exit 8 inject --to "oci:$TEST_DIR/layout:2" --provenance="$TEST_DIR/$(printf 'x%.0s' {1..300})"
expect_contains "$ERR" 'and the statement of its provenance could not be written: '

# Wrong places are known before anything moves.
expect_exit 2 inject --to "oci-archive:$TEST_DIR/a.tar" --provenance
expect_contains "$ERR" 'write --provenance=FILE'
expect_no_file "$TEST_DIR/a.tar"
expect_exit 0 inject --to "oci-archive:$TEST_DIR/a.tar" --provenance="$TEST_DIR/a.json"
expect_json "$TEST_DIR/a.json" '.subject[0].name' '"oci-archive:a.tar"'
expect_exit 2 inject --to "oci:$TEST_DIR/layout:3" --provenance=-
expect_contains "$ERR" 'name a file'
mkfifo "$TEST_DIR/pipe"
ln -s pipe "$TEST_DIR/link"
printf text >"$TEST_DIR/text"
requests=$(hub_log '.requests | length')
for option in provenance sbom; do
    for file in pipe link layout none/x.json text/x.json; do
        expect_exit 8 inject --to "oci:$TEST_DIR/layout:3" "--$option=$TEST_DIR/$file"
        expect_contains "$ERR" "inlay: --$option: "
    done
    expect_exit 2 inject --to "oci-archive:$TEST_DIR/new.tar" "--$option=$TEST_DIR/./new.tar"
    expect_contains "$ERR" "--$option=$TEST_DIR/./new.tar: that file is TARGET; name another one"
    expect_no_file "$TEST_DIR/new.tar"
    expect_exit 2 "$INLAY" inject "oci-archive:$TEST_DIR/a.tar" acme/tiny --to "oci:$TEST_DIR/layout:3" "--$option=$TEST_DIR/a.tar"
    expect_contains "$ERR" 'that file is BASE'
done
[ -p "$TEST_DIR/pipe" ] || fail 'the pipe is there no more'
expect_eq pipe "$(readlink "$TEST_DIR/link")"
expect_exit 2 inject --to "oci:$TEST_DIR/layout:3" --provenance="$TEST_DIR/x.json" --sbom="$TEST_DIR/../${TEST_DIR##*/}/x.json"
expect_contains "$ERR" '--provenance is written to that file; name another one'
expect_no_file "$TEST_DIR/x.json"
expect_eq "$requests" "$(hub_log '.requests | length')" 'what the hub was asked'

# A value stands behind '=', and is there.
for option in provenance sbom shared; do
    expect_exit 2 inject --to "oci:$TEST_DIR/layout:3" "--$option="
    expect_contains "$ERR" "--$option= has nothing behind '='; write --$option="
    for file in "$TEST_DIR/x" ./x ../x x.json; do
        expect_exit 2 inject --to "oci:$TEST_DIR/layout:3" "--$option" "$file"
        expect_contains "$ERR" "write --$option=$file; if '$file' is none"
    done
done
expect_exit 2 "$INLAY" verify "oci:$TEST_DIR/layout:1" --provenance=
expect_contains "$ERR" 'write --provenance=FILE, or --provenance alone'
expect_exit 2 "$INLAY" verify "oci:$TEST_DIR/layout:1" --provenance x.json
expect_contains "$ERR" 'write --provenance=x.json'
expect_exit 0 "$INLAY" inject --provenance "oci:$TEST_DIR/base:1" --sbom acme/tiny --to "oci:$TEST_DIR/order:1"

# A project names the place as well as the command line does.
jq -nc --arg base "oci:$TEST_DIR/base:1" '{version: 1, base: $base, target: "oci:project:1", models: ["acme/tiny"]}' >"$TEST_DIR/inlay.json"
cd "$TEST_DIR" || exit
expect_exit 0 "$INLAY" inject --project inlay.json --provenance --provenance=both.json --sbom --sbom=both.cdx.json
expect_json project/index.json '[.manifests[] | .artifactType]' "[null,\"$STATEMENT\",\"application/vnd.cyclonedx+json\"]"
expect_exit 0 "$INLAY" verify oci:project:1 --provenance=both.json
jq '.target = "oci-archive:project.tar:1"' inlay.json >archive.json
expect_exit 2 "$INLAY" inject --project archive.json --provenance
expect_contains "$ERR" 'write --provenance=FILE'
expect_exit 2 "$INLAY" inject --project archive.json --provenance=project.tar
expect_contains "$ERR" 'that file is TARGET'
expect_no_file project.tar
for file in archive.json archive.lock.json; do
    expect_exit 2 "$INLAY" inject --project archive.json --provenance="$file"
    expect_contains "$ERR" "--provenance=$file: that file is the project"
done
expect_no_file archive.lock.json
expect_exit 2 "$INLAY" inject oci:base:1 file:text --layout dir --path /m --to oci:project:2 --sbom=text
expect_contains "$ERR" '--sbom=text: that file is a MODEL'
expect_eq text "$(cat text)"
expect_exit 2 inject --to "oci:$TEST_DIR/layout:3" --provenance --shard 1/2
expect_contains "$ERR" 'a shard writes no image'
