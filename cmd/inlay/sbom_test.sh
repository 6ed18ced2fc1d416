#!/bin/bash
# The bill of materials of an image's models: judged by the official JSON schema, strictly, by the classes
# that SPDX makes of its model, and by packageurl-python; the hashes by sha256sum, of what the image has.
. "$(dirname "$0")/../../testdata/lib.sh"

install_reader attestations
licenses=$(sed -n '/^static const char \*const identifiers/,/^};/p' "$TESTDATA/../pkg/provenance/spdx.c" \
    | grep -oE '"[^"]+"' | tr -d '"' | tr '[:upper:]' '[:lower:]')
[ "$(wc -l <<<"$licenses")" -gt 50 ] || fail 'there are few licences'
start_hub "$(jq -n --arg licenses "$licenses" '{repos: [
    {id: "acme/tiny", info: {pipeline_tag: "fill-mask", cardData: {license: "apache-2.0", datasets: ["acme/corpus"], base_model: "acme/large"}},
     files: [{path: "config.json", text: "{}"}, {path: "a b.txt", text: "one"}, {path: "model.safetensors", text: "weights", lfs: true}]},
    {id: "acme/licensed", info: {cardData: {license: ($licenses | split("\n") + ["llama3.1"])}}, files: [{path: "config.json", text: "{}"}]},
    {id: "acme/rows", type: "dataset", files: [{path: "rows.csv", text: "1"}]},
    {id: "acme/adapter", files: [{path: "adapter_config.json", text: "{\"base_model_name_or_path\": \"acme/tiny\"}"},
                                 {path: "adapter_model.safetensors", text: "a", lfs: true}]}]}')"
export HF_ENDPOINT=$HUB_URL
make_base "$TEST_DIR/base" 1
mkdir "$TEST_DIR/folder"
printf 'model of a folder' >"$TEST_DIR/folder/model.bin"
inject() { "$INLAY" inject "oci:$TEST_DIR/base:1" "$@"; }
judge() { PYTHONPATH=$READERS/$READER /usr/bin/python3 "$TESTDATA/readers/judge_attestations.py" "$@"; }

# All kinds of models at once.
bill=$TEST_DIR/bill.json
expect_exit 0 inject acme/tiny acme/licensed datasets/acme/rows "dir:$TEST_DIR/folder,as=own/model" --to "oci:$TEST_DIR/out:1" --sbom="$bill"
digest=${OUT##*@}
expect_exit 0 judge bom "$bill"
expect_lacks "$(cat "$bill")" "$TEST_DIR"
expect_json "$bill" '[.metadata.component | .name, .version]' "[\"oci:out:1\",\"$digest\"]"
expect_json "$bill" '[.components[] | [.type, .name]]' \
    '[["container","oci:base:1"],["machine-learning-model","tiny"],["machine-learning-model","licensed"],["data","rows"],["machine-learning-model","own/model"]]'
expect_json "$bill" '.components[3] | [.group, .purl == "pkg:generic/acme/rows@\(.version)?vcs_url=git%2Bhttps://huggingface.co/datasets/acme/rows%40\(.version)"]' \
    '["acme",true]'
expect_json "$bill" '.components[1] | [.group, .purl == "pkg:huggingface/acme/tiny@\(.version)", .licenses, .pedigree.ancestors[0].purl,
        .modelCard.modelParameters.task, .modelCard.modelParameters.datasets[0].name]' \
    '["acme",true,[{"license":{"id":"Apache-2.0"}}],"pkg:huggingface/acme/large","fill-mask","acme/corpus"]'
expect_json "$bill" '[.components[2].licenses[].license | has("id")] | [length, (map(select(.)) | length)]' \
    "[$(($(wc -l <<<"$licenses") + 1)),$(wc -l <<<"$licenses")]"
expect_json "$bill" '[.components[].components[]? | [.name, .hashes[0].content]]' "$(jq -nc \
    --arg brackets "$(printf '{}' | sha256sum | cut -d ' ' -f 1)" --arg one "$(printf one | sha256sum | cut -d ' ' -f 1)" \
    --arg weights "$(printf weights | sha256sum | cut -d ' ' -f 1)" --arg row "$(printf 1 | sha256sum | cut -d ' ' -f 1)" \
    --arg folder "$(sha256_of "$TEST_DIR/folder/model.bin")" \
    '[["a b.txt", $one], ["config.json", $brackets], ["model.safetensors", $weights], ["config.json", $brackets],
      ["rows.csv", $row], ["model.bin", $folder]]')"
# Again, from layers that are there, and with what a cache has: the same bytes.
expect_exit 0 inject acme/tiny acme/licensed datasets/acme/rows "dir:$TEST_DIR/folder,as=own/model" --to "oci:$TEST_DIR/out:1" \
    --sbom="$TEST_DIR/again.json" --download-cache "$TEST_DIR/cache"
cmp "$bill" "$TEST_DIR/again.json"

# A companion is told of its model.
expect_exit 0 inject acme/adapter --companions --to "oci:$TEST_DIR/adapter:1" --sbom="$bill"
expect_exit 0 judge bom "$bill"
expect_json "$bill" '.dependencies[] | select(.ref | startswith("acme/adapter@")) | .dependsOn | map(sub("@.*"; ""))' '["acme/tiny"]'

# The same in SPDX 3, which has to have a time: the bytes are the same each time, and other bytes name their elements otherwise.
expect_exit 0 inject acme/adapter acme/licensed datasets/acme/rows "dir:$TEST_DIR/folder,as=own/model" --companions --to "oci:$TEST_DIR/spdx:1" \
    --sbom="$bill" --sbom-format spdx3
expect_exit 0 judge spdx "$bill"
expect_lacks "$(cat "$bill")" "$TEST_DIR"
element() { printf '."@graph" | map(select(.type == "%s"))' "$1"; }
expect_json "$bill" "$(element CreationInfo) | .[0] | [.created, (.comment | contains(\"SOURCE_DATE_EPOCH\"))]" '["1970-01-01T00:00:00Z",true]'
expect_json "$bill" "$(element ai_AIPackage) | map(.name) | sort" '["acme/adapter","acme/large","acme/licensed","acme/tiny","own/model"]'
expect_json "$bill" "$(element dataset_DatasetPackage) | map(.name) | sort" '["acme/corpus","datasets/acme/rows"]'
expect_json "$bill" '."@graph" as $all | def name($id): $all[] | select(.spdxId == $id) | .name // .simplelicensing_licenseExpression;
    [$all[] | select(.type == "Relationship" and (name(.from) | IN("acme/tiny", "acme/adapter"))) | {(name(.from) + " " + .relationshipType): [.to[] as $to | name($to)]}] | add' \
    '{"acme/adapter contains":["adapter_config.json","adapter_model.safetensors"],"acme/adapter dependsOn":["acme/tiny"],"acme/tiny contains":["a b.txt","config.json","model.safetensors"],"acme/tiny hasDeclaredLicense":["Apache-2.0"],"acme/tiny descendantOf":["acme/large"],"acme/tiny trainedOn":["acme/corpus"]}'
expect_json "$bill" "$(element software_File) | map(select(.name == \"model.safetensors\")) | .[0].verifiedUsing[0].hashValue" \
    "\"$(printf weights | sha256sum | cut -d ' ' -f 1)\""
expect_exit 0 inject acme/adapter acme/licensed datasets/acme/rows "dir:$TEST_DIR/folder,as=own/model" --companions --to "oci:$TEST_DIR/spdx:1" \
    --sbom="$TEST_DIR/again.json" --sbom-format=spdx3
cmp "$bill" "$TEST_DIR/again.json"
expect_exit 0 env SOURCE_DATE_EPOCH=1577836800 "$INLAY" inject "oci:$TEST_DIR/base:1" acme/tiny --to "oci:$TEST_DIR/spdx:2" --sbom --sbom-format spdx3
expect_json "$TEST_DIR/spdx/index.json" '[.manifests[] | .artifactType // empty]' '["application/spdx+json"]'
about=$(jq -r '.manifests[] | select(.artifactType) | .digest | ltrimstr("sha256:")' "$TEST_DIR/spdx/index.json")
attached=$TEST_DIR/spdx/blobs/sha256/$(jq -r '.layers[0].digest | ltrimstr("sha256:")' "$TEST_DIR/spdx/blobs/sha256/$about")
expect_exit 0 judge spdx "$attached"
expect_json "$attached" "$(element CreationInfo) | .[0] | [.created, .comment]" '["2020-01-01T00:00:00Z",null]'
expect_eq '' "$(jq -r '."@graph"[].spdxId // empty' "$bill" "$attached" | sort | uniq -d)" 'no two documents name an element alike'
expect_exit 2 inject acme/tiny --to "oci:$TEST_DIR/out:1" --sbom --sbom-format spdx2
expect_contains "$ERR" "'spdx2' is not known, expected cyclonedx or spdx3"
expect_exit 2 inject acme/tiny --to "oci:$TEST_DIR/out:1" --sbom-format spdx3
expect_contains "$ERR" '--sbom-format is about --sbom'

# Attached beside a statement, and found by its type.
start_registry
expect_exit 0 env SOURCE_DATE_EPOCH=1577836800 "$INLAY" inject "oci:$TEST_DIR/base:1" acme/tiny \
    --to "$REGISTRY/app:1" --sbom --provenance --sbom="$TEST_DIR/written.json"
digest=${OUT##*@}
raw() { skopeo inspect --tls-verify=false --raw "docker://$1"; }
list=$(raw "$REGISTRY/app:sha256-${digest#sha256:}")
expect_json "$list" '[.manifests[].artifactType] | sort' '["application/vnd.cyclonedx+json","application/vnd.in-toto+json"]'
about=$(raw "$REGISTRY/app@$(jq -r '.manifests[] | select(.artifactType == "application/vnd.cyclonedx+json") | .digest' <<<"$list")")
expect_json "$about" '.layers | map([.mediaType, .annotations["org.opencontainers.image.title"]])' '[["application/vnd.cyclonedx+json","sbom.cdx.json"]]'
expect_eq "sha256:$(sha256_of "$TEST_DIR/written.json")" "$(jq -r '.layers[0].digest' <<<"$about")" 'what is attached and what is written'
expect_exit 0 judge bom "$TEST_DIR/written.json"
expect_json "$TEST_DIR/written.json" '[.metadata.timestamp, (.metadata.component.purl | startswith("pkg:oci/app@sha256:"))]' '["2020-01-01T00:00:00Z",true]'

# Wrong places.
expect_exit 2 inject acme/tiny --to "docker-archive:$TEST_DIR/a.tar:app" --sbom
expect_contains "$ERR" 'write --sbom=FILE'
expect_exit 2 inject acme/tiny --to "oci:$TEST_DIR/out:1" --sbom=-
expect_contains "$ERR" 'name a file'
