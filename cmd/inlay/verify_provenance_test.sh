#!/bin/bash
# inlay verify --provenance: an image is what its statement says, and what is not so is found.
. "$(dirname "$0")/../../testdata/lib.sh"

start_hub '{"repos": [{"id": "acme/tiny", "files": [
    {"path": "config.json", "text": "{}"}, {"path": "a b.txt", "text": "one"},
    {"path": "model.safetensors", "text": "weights", "lfs": true}]},
    {"id": "acme/other", "files": [{"path": "config.json", "text": "{ }"}]},
    {"id": "acme/rows", "type": "dataset", "files": [{"path": "rows.csv", "text": "1"}]}]}'
export HF_ENDPOINT=$HUB_URL
make_base "$TEST_DIR/base" 1
make_base "$TEST_DIR/many" 1 --index
start_registry
push_base "$TEST_DIR/base" 1 "$REGISTRY/plain:1"
mkdir "$TEST_DIR/folder"
printf 'model of a folder' >"$TEST_DIR/folder/model.bin"
printf 'model of a file' >"$TEST_DIR/voice.onnx"
inject() { "$INLAY" inject "$@"; }
verify() { "$INLAY" verify "$@"; }

# What was made a moment ago is as stated, wherever the statement is kept, and whatever the models are.
expect_exit 0 inject "oci:$TEST_DIR/base:1" acme/tiny datasets/acme/rows --to "$REGISTRY/app:1" --provenance
expect_exit 0 verify "$REGISTRY/app:1" --provenance
expect_contains "$OUT" '2 models: nothing is wrong
as stated in sha256:'
expect_exit 0 verify "$REGISTRY/app:1" --provenance --hub --json
expect_json "$OUT" '[(.compared.statements | length), .compared.hub, .compared.policy]' '[1,true,null]'
expect_exit 0 inject "oci:$TEST_DIR/many:1" acme/tiny --to "oci:$TEST_DIR/many:2" --provenance
expect_exit 0 verify "oci:$TEST_DIR/many:2" --provenance
expect_exit 0 inject "oci:$TEST_DIR/base:1" "dir:$TEST_DIR/folder" --layout dir --path /models/own --to "oci:$TEST_DIR/plain:1" --provenance
expect_exit 0 verify "oci:$TEST_DIR/plain:1" --provenance
expect_exit 0 inject "oci:$TEST_DIR/plain:1" "file:$TEST_DIR/voice.onnx" --layout dir --path /models/voice --to "oci:$TEST_DIR/plain:2" --provenance
expect_exit 0 verify "oci:$TEST_DIR/plain:2" --provenance
expect_contains "$OUT" '2 models: nothing is wrong'
start_quirk_registry '{"referrers": true}'
expect_exit 0 inject "$REGISTRY/app:1" acme/other --to "$QUIRK/app:1" --provenance --provenance="$TEST_DIR/more.json"
expect_exit 0 verify "$QUIRK/app:1" --provenance
expect_exit 0 verify "$QUIRK/app:1" --provenance="$TEST_DIR/more.json"
expect_exit 0 inject "oci:$TEST_DIR/base:1" acme/tiny --to "oci-archive:$TEST_DIR/a.tar" --provenance="$TEST_DIR/a.json"
expect_exit 0 verify "oci-archive:$TEST_DIR/a.tar" --provenance="$TEST_DIR/a.json"
expect_contains "$OUT" "as stated in '$TEST_DIR/a.json'"

# Each thing that is not as stated is told. changed JQ-FILTER: the statement, with something else in it
statement=$TEST_DIR/one.json
expect_exit 0 inject "oci:$TEST_DIR/base:1" acme/tiny --to "oci:$TEST_DIR/one:1" --provenance="$statement"
changed() { jq -c "$1" "$statement" >"$TEST_DIR/changed.json"; }
refused() { # WORDS
    expect_exit 7 verify "oci:$TEST_DIR/one:1" --provenance="$TEST_DIR/changed.json"
    expect_contains "$OUT" "$1"
    expect_exit 7 verify "oci:$TEST_DIR/one:1" --provenance="$TEST_DIR/changed.json" --json
    expect_json "$OUT" '[.. | objects | select(.kind? == "not-as-stated")] | length > 0' true
}
zeros=$(printf '0%.0s' {1..64})
D=.predicate.buildDefinition.resolvedDependencies
changed ".subject[0].digest.sha256 = \"$zeros\""
refused "the statement is about sha256:$zeros, and not about this image, sha256:"
changed "${D}[0].digest.sha256 = \"$zeros\""
refused ", the statement has sha256:$zeros"
changed "(${D}[] | select(.name == \"model.safetensors\")).digest.sha256 = \"$zeros\""
refused "'model.safetensors' has the digest sha256:$(printf weights | sha256sum | cut -d ' ' -f 1), the statement's has sha256:$zeros"
changed "(${D}[] | select(.name == \"config.json\")).digest.gitBlob = \"${zeros:0:40}\""
refused "'config.json' has the digest 9e26dfeeb6e641a33dae4961196235bdb965b21b, the statement's has ${zeros:0:40}"
changed "(${D}[] | select(.name == \"a b.txt\")).annotations.size = 9"
refused "'a b.txt' has 3 bytes, the statement's has 9"
changed "$D |= map(select(.name != \"config.json\"))"
refused "the statement has no 'config.json'"
changed "$D += [${D}[-1] | .name = \"more.bin\"]"
refused "the statement has 'more.bin', which is not there"
changed "$D |= .[:1]"
refused 'the statement does not name it'
expect_lacks "$OUT" 'fewer times'
changed "${D}[1:][].annotations.pin = \"${zeros:0:40}\""
refused 'the statement does not name it'
expect_exit 7 verify "oci:$TEST_DIR/one:1" --provenance="$TEST_DIR/changed.json"
expect_contains "$OUT" "the statement has 'acme/tiny' at ${zeros:0:40} in the layout huggingface, which the image does not record"

# A statement that is silent about the base, or hides it, is no better than one that has another.
base_digest=$(jq -r "${D}[0].digest.sha256" "$statement")
for filter in "del(${D}[0])" "del(${D}[0].digest)" "${D}[0].digest = {\"md5\": \"1\"}" "${D}[0].annotations.model = \"x\""; do
    changed "$filter"
    refused "the image records the base sha256:$base_digest, the statement has no digest of a base"
done
changed "$D = [{\"name\": \"note\"}] + $D"
expect_exit 0 verify "oci:$TEST_DIR/one:1" --provenance="$TEST_DIR/changed.json"
changed "${D}[0].digest.sha256 = \"$zeros\" | $D = [{\"name\": \"note\"}] + $D"
refused "the image records the base sha256:$base_digest, the statement has sha256:$zeros"
changed "$D += [${D}[0] | .digest.sha256 = \"$zeros\"]"
refused 'the statement contradicts itself on the base: several dependencies have its name, expected one'

# So is one that says a model twice, once as it is and once as it is not.
changed "$D += (${D}[1:] | .[1].digest = {\"sha256\": \"$zeros\"})"
refused "the statement has 'acme/tiny' 2 times, the image records it 1 time"
changed "$D += [${D}[1] | .annotations.from = \"base\" | .digest.gitCommit = \"${zeros:0:40}\"]"
refused "the statement contradicts itself on 'acme/tiny': its digest is 'gitCommit:${zeros:0:40}'"
changed "(${D}[] | select(.name == \"config.json\")).digest.gitBlob = \"${zeros:0:40}\" | $D += [${D}[1] | .annotations.from = \"base\"]"
refused "'config.json' has the digest 9e26dfeeb6e641a33dae4961196235bdb965b21b, the statement's has ${zeros:0:40}"

# The same model in two places has other files in each: both are as stated, in either order, and each has to be.
in_a=acme/tiny,layout=dir,path=/models/a
in_b=acme/tiny,layout=dir,path=/models/b,include=config.json
for models in "$in_a $in_b" "$in_b $in_a"; do
    # shellcheck disable=SC2086 # two models
    expect_exit 0 inject "oci:$TEST_DIR/base:1" $models --to "oci:$TEST_DIR/two:1" --provenance="$TEST_DIR/two.json"
    expect_exit 0 verify "oci:$TEST_DIR/two:1" --provenance="$TEST_DIR/two.json"
    statement=$TEST_DIR/two.json
    for at in 0 1; do
        changed "($D | map(.name == \"config.json\") | indices(true) | .[$at]) as \$i |
            ${D}[\$i].digest.gitBlob = \"${zeros:0:40}\""
        expect_exit 7 verify "oci:$TEST_DIR/two:1" --provenance="$TEST_DIR/changed.json"
        expect_contains "$OUT" "'config.json' has the digest 9e26dfeeb6e641a33dae4961196235bdb965b21b, the statement's has ${zeros:0:40}"
    done
    last=$(jq "$D | map(.annotations.size == null) | rindex(true)" "$statement")
    changed "$D |= .[:$last]"
    expect_exit 7 verify "oci:$TEST_DIR/two:1" --provenance="$TEST_DIR/changed.json"
    expect_contains "$OUT" 'the statement names it fewer times than the image records it'
done
for first in "$in_a" "$in_b"; do
    second=$([ "$first" = "$in_a" ] && echo "$in_b" || echo "$in_a")
    expect_exit 0 inject "oci:$TEST_DIR/base:1" "$first" --to "oci:$TEST_DIR/below:1"
    expect_exit 0 inject "oci:$TEST_DIR/below:1" "$second" --to "oci:$TEST_DIR/two:2" --provenance="$TEST_DIR/two.json"
    expect_exit 0 verify "oci:$TEST_DIR/two:2" --provenance="$TEST_DIR/two.json"
    statement=$TEST_DIR/two.json
    changed "(${D}[] | select(.name == \"config.json\")).digest.gitBlob = \"${zeros:0:40}\""
    expect_exit 7 verify "oci:$TEST_DIR/two:2" --provenance="$TEST_DIR/changed.json"
done
statement=$TEST_DIR/one.json

# What others judge by is said alike: names, addresses and digests of models and files.
M="(${D}[] | select(.name == \"acme/tiny\"))"
F="(${D}[] | select(.name == \"a b.txt\"))"
commit=$(jq -r "$M.digest.gitCommit" "$statement")
base_name=$(jq -r "${D}[0].name" "$statement")
while IFS=$'\t' read -r filter line; do
    changed "$filter"
    refused "the statement contradicts itself on $line"
done <<EDITS
$M.digest.gitCommit = "${zeros:0:40}"	'acme/tiny': its digest is 'gitCommit:${zeros:0:40}', expected 'gitCommit:$commit'
del($M.digest)	'acme/tiny': its digest is not there, expected 'gitCommit:$commit'
$M.digest.sha256 = "$zeros"	'acme/tiny': its digest is not there, expected 'gitCommit:$commit'
$M.uri = "pkg:huggingface/acme/good@$commit"	'acme/tiny': its uri is 'pkg:huggingface/acme/good@$commit', expected 'pkg:huggingface/acme/tiny@$commit'
$M.uri = "pkg:huggingface/acme/tiny@${zeros:0:40}"	'acme/tiny': its uri is 'pkg:huggingface/acme/tiny@${zeros:0:40}', expected 'pkg:huggingface/acme/tiny@$commit'
del($M.uri)	'acme/tiny': its uri is not there, expected 'pkg:huggingface/acme/tiny@$commit'
$M.name = "acme/good"	'acme/tiny': its name is 'acme/good', expected 'acme/tiny'
$F.uri = "pkg:huggingface/acme/tiny@$commit#x"	'acme/tiny': its uri of 'a b.txt' is 'pkg:huggingface/acme/tiny@$commit#x', expected 'pkg:huggingface/acme/tiny@$commit#a%20b.txt'
del($F.uri)	'acme/tiny': its uri of 'a b.txt' is not there, expected 'pkg:huggingface/acme/tiny@$commit#a%20b.txt'
${D}[0].name = "good"	the base: its name is 'good', expected '$base_name'
${D}[0].uri = "pkg:oci/good"	the base: its uri is 'pkg:oci/good', expected none
.subject[0].uri = "pkg:oci/good"	the image: its uri is 'pkg:oci/good', expected none
EDITS
changed "$M.annotations.source = \"folder\""
refused "the image records the source 'hub', the statement has 'folder'"
# A base in a registry is recorded by its name; a statement of other sources says where they are from, or nothing.
statement=$TEST_DIR/more.json
changed ".subject[0].name = \"h.example/good:1\""
expect_exit 7 verify "$QUIRK/app:1" --provenance="$TEST_DIR/changed.json"
expect_contains "$OUT" 'the statement contradicts itself on the image: its uri is'
expect_exit 0 inject "$REGISTRY/plain:1" acme/tiny --to "oci:$TEST_DIR/named:1" --provenance="$TEST_DIR/named.json"
statement=$TEST_DIR/named.json
changed "${D}[0].name = \"h.example/good:1\" | .predicate.buildDefinition.externalParameters.base = \"h.example/good:1\" |
    ${D}[0].uri |= (split(\"?\")[0] | sub(\"/plain@\"; \"/good@\")) + \"?repository_url=h.example/good&tag=1\""
expect_exit 7 verify "oci:$TEST_DIR/named:1" --provenance="$TEST_DIR/changed.json"
expect_contains "$OUT" "the image records the base '$REGISTRY/plain:1', the statement has 'h.example/good:1'"
expect_lacks "$OUT" 'contradicts itself'
statement=$TEST_DIR/one.json

# A base that was given by its digest is stated by its name alone; with a tag before it, by both.
plain=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$REGISTRY/plain:1")
for name in plain plain:1; do
    expect_exit 0 inject "$REGISTRY/$name@$plain" acme/tiny --to "oci:$TEST_DIR/pinned:1" --provenance="$TEST_DIR/pinned.json"
    expect_json "$TEST_DIR/pinned.json" "${D}[0].name" "\"$REGISTRY/$name\""
    expect_exit 0 verify "oci:$TEST_DIR/pinned:1" --provenance="$TEST_DIR/pinned.json"
    statement=$TEST_DIR/pinned.json
    changed "${D}[0].uri += \"&tag=2\""
    expect_exit 7 verify "oci:$TEST_DIR/pinned:1" --provenance="$TEST_DIR/changed.json"
    expect_contains "$OUT" 'the statement contradicts itself on the base: its uri is'
done
statement=$TEST_DIR/one.json

# Another image is not that of the statement, though its models are the same.
expect_exit 0 env SOURCE_DATE_EPOCH=5 "$INLAY" inject "oci:$TEST_DIR/base:1" acme/tiny --to "oci:$TEST_DIR/one:2"
expect_exit 7 verify "oci:$TEST_DIR/one:2" --provenance="$statement"
expect_contains "$OUT" 'and not about this image'

# Where there is none, that is said; what others have attached in the same form is passed over.
expect_exit 3 verify "oci:$TEST_DIR/one:2" --provenance
expect_contains "$ERR" 'has no statement of inlay'
digest=$(skopeo inspect --format '{{.Digest}}' "oci:$TEST_DIR/plain:1")
layout=$TEST_DIR/plain
about=$(jq -r --arg digest "$digest" '.manifests[] | select(.artifactType) | .digest' "$layout/index.json" | head -1)
blob=$(jq -r '.layers[0].digest | ltrimstr("sha256:")' "$layout/blobs/sha256/${about#sha256:}")
jq -c '.predicate.buildDefinition.buildType = "https://mobyproject.org/buildkit@v1"' "$layout/blobs/sha256/$blob" >"$TEST_DIR/foreign"
keep() { # FILE: as a blob of the layout; prints its descriptor
    cp "$1" "$layout/blobs/sha256/$(sha256_of "$1")"
    jq -nc --arg digest "sha256:$(sha256_of "$1")" --argjson size "$(stat -c %s "$1")" '{digest: $digest, size: $size}'
}
jq -c --argjson blob "$(keep "$TEST_DIR/foreign")" '.layers[0] += $blob' "$layout/blobs/sha256/${about#sha256:}" >"$TEST_DIR/manifest"
entry=$(keep "$TEST_DIR/manifest")
jq -c --argjson entry "$entry" '.manifests += [.manifests[] | select(.artifactType) | . + $entry][:1]' "$layout/index.json" >"$TEST_DIR/index"
cp "$TEST_DIR/index" "$layout/index.json"
expect_exit 0 verify "oci:$layout:1" --provenance
expect_contains "$ERR" "a build of type 'https://mobyproject.org/buildkit@v1', expected 'urn:inlay:inject:v1'"

# What is no statement, and where none can be.
expect_exit 6 verify "oci-archive:$TEST_DIR/a.tar" --provenance
expect_contains "$ERR" 'keeps nothing that is said of an image'
expect_exit 3 verify "oci:$TEST_DIR/one:1" --provenance="$TEST_DIR/none.json"
expect_exit 7 verify "oci:$TEST_DIR/one:1" --provenance="$TEST_DIR/voice.onnx"
expect_exit 6 verify "oci:$TEST_DIR/one:1" --provenance="$TEST_DIR/foreign"
expect_contains "$ERR" "inlay: --provenance: '$TEST_DIR/foreign': the statement is of a build of type"

# A Docker archive has no manifest that a statement could name; a missing image is no matter of the statement.
expect_exit 0 inject "oci:$TEST_DIR/base:1" acme/tiny --to "docker-archive:$TEST_DIR/d.tar:d:1" --provenance="$TEST_DIR/d.json"
expect_exit 6 verify "docker-archive:$TEST_DIR/d.tar" --provenance="$TEST_DIR/d.json"
expect_contains "$ERR" '--provenance: a statement names the digest of an image'\''s manifest, and a Docker archive keeps no manifest;'
expect_exit 0 verify "docker-archive:$TEST_DIR/d.tar"
for option in --provenance "--provenance=$statement"; do
    expect_exit 3 verify "$REGISTRY/nothere:1" "$option"
    expect_lacks "$ERR" '--provenance'
    expect_exit 3 verify "oci:$TEST_DIR/one:nothere" "$option"
    expect_lacks "$ERR" '--provenance'
done
