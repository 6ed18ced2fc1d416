#!/bin/bash
# Uploads to registries that have it their own way: what goes over the wire, and that the same image
# arrives everywhere.
. "$(dirname "$0")/../../testdata/lib.sh"

start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"},
    {"path": "model.safetensors", "synthetic": 9000000, "seed": 1}]}' \
    '{"id": "acme/large", "files": [{"path": "model.safetensors", "synthetic": 300000000, "seed": 2}]}'
export HF_ENDPOINT=$HUB_URL
make_base "$TEST_DIR/base" 1 --gzip
expect_exit 0 "$INLAY" inject "oci:$TEST_DIR/base:1" acme/tiny --to "oci:$TEST_DIR/expected:1"
expected=${OUT##*@}
last=$(($(image_manifest "$TEST_DIR/expected" 1 | jq '[.layers[].size] | max') - 1)) # byte of the model's layer
start_quirk_registry

# quirk NAME SWITCHES [OPTION...]: injects into a registry with these switches; the image must be
# the one that a folder gets, in skopeo's eyes.
quirk() {
    local name=$1
    quirk_control "$2" >/dev/null
    shift 2
    expect_exit 0 "$INLAY" inject "oci:$TEST_DIR/base:1" acme/tiny --to "$QUIRK/$name:1" "$@"
    expect_eq "$expected" "${OUT##*@}" "the image at $name"
    requests=$(quirk_log . -c)
    uploads=$(quirk_control '{}')
    expect_eq '{"uploads":0}' "$uploads" "uploads left at $name"
    skopeo copy --quiet --insecure-policy --src-tls-verify=false "docker://$QUIRK/$name:1" \
        "dir:$TEST_DIR/$name"
    expect_eq "$expected" "sha256:$(sha256_of "$TEST_DIR/$name/manifest.json")" "$name for skopeo"
}

# count FILTER: the requests of the last quirk that fit
count() { jq "map(select($1)) | length" <<<"$requests"; }

# Without quirks: a blob of 1 MiB goes in the PUT, one that is larger in one PATCH before it.
quirk plain '{}'
expect_eq 0 "$(count '.range')" 'parts of blobs'
blobs=$(count '.method == "PUT" and .query.digest')
expect_eq 1 "$(count '.method == "PATCH" and .bytes > 1048576')" 'a PATCH for the large blob'
expect_eq 1 "$(count '.method == "PATCH"')" 'PATCHes'
expect_eq "$((blobs - 1))" "$(count '.method == "PUT" and .query.digest and .bytes > 0')" 'bodies of PUTs'
expect_eq 0 "$(count '.method == "PATCH" and (.length == null)')" 'bodies without length'

# Locations: as a path, with a state that changes, at another port.
quirk location '{"relativeLocation": true, "state": true}'
quirk state '{"state": true}'
quirk elsewhere '{"storageUploads": true}'
expect_eq 1 "$(count '.method == "PATCH" and .port == "storage"')" 'PATCHes elsewhere'
expect_eq "$blobs" "$(count '.method == "PUT" and .query.digest and .port == "storage"')" 'PUTs elsewhere'

# Chunks where they are asked for: the smallest of 5 MiB.
quirk minimum '{"chunkMinLength": 5242880, "state": true}'
expect_eq "[\"0-5242879\",\"5242880-$last\"]" \
    "$(jq -c '[.[] | .range | select(.)]' <<<"$requests")" 'ranges'

# A registry that is behind a proxy with a limit: found out once, then never again.
quirk limit '{"bodyLimit": 4500000}'
expect_eq 1 "$(count '.status == 413')" 'refusals'
expect_eq "[\"0-4194303\",\"4194304-8388607\",\"8388608-$last\"]" \
    "$(jq -c '[.[] | .range | select(.)]' <<<"$requests")" 'ranges of 4 MiB'
quirk tight '{"bodyLimit": 1048576, "state": true}' --jobs 1
expect_eq 2 "$(count '.status == 413')" 'refusals, of the whole and of 4 MiB'
expect_eq 524288 "$(jq '[.[] | select(.range and .status == 202) | .bytes] | max' <<<"$requests")" \
    'the largest chunk'
quirk tight-jobs '{"bodyLimit": 1048576}' --jobs 4

# More than that is not to be had: the message says who it may be.
quirk_control '{"bodyLimit": 300}' >/dev/null
expect_exit 6 "$INLAY" inject "oci:$TEST_DIR/base:1" acme/tiny --to "$QUIRK/none:1"
expect_contains "$ERR" 'is too large for the registry or for a proxy before it'
expect_contains "$ERR" 'request entity too large'

# Other answers to a PATCH: 201 with an old range, ranges of the chunk alone.
quirk created '{"createdOnPatch": true}'
quirk created-chunks '{"createdOnPatch": true, "chunkMinLength": 1}'
quirk relative-range '{"relativeRange": true, "chunkMinLength": 1}'

# No chunks at all: none are sent.
quirk no-chunks '{"refuseChunks": true}'
# No PATCH: the body of the PUT has it.
quirk no-patch '{"refusePatch": true}' --jobs 1
expect_eq 1 "$(count '.method == "PATCH"')" 'PATCHes'
quirk no-patch-jobs '{"refusePatch": true, "state": true}' --jobs 4

# An upload that is forgotten on the way is begun anew; small ones without a new look at the source.
quirk expired '{"expire": {"bytes": 3000000, "times": 1}}'
quirk expired-chunks '{"expire": {"bytes": 5000000, "times": 1}, "chunkMinLength": 1}'
quirk expired-small '{"expire": {"bytes": 100, "times": 2}}'

# Turned away, for once: with and without a time to wait.
quirk busy-post '{"faults": [{"method": "POST", "status": 429, "headers": {"Retry-After": "1"}}]}'
quirk busy-patch '{"faults": [{"method": "PATCH", "status": 429, "headers": {"Retry-After": "4"}}]}' --jobs 1
waited=$(jq '(map(select(.status == 429)) | first.at) as $refused
    | (map(select(.method == "POST" and .at > $refused)) | first.at) - $refused' <<<"$requests")
[ "$waited" -ge 3900 ] || fail "the next upload was begun after $waited ms"
quirk busy-put '{"faults": [{"method": "PUT", "path": "uploads", "status": 429, "headers": {"Retry-After": "1"}}]}'
quirk busy-chunk '{"chunkMinLength": 1, "faults": [{"method": "PATCH", "range": "^4194304-", "status": 429}]}'
expect_eq 2 "$(count '.range == "4194304-8388607"')" 'the chunk that was turned away'
expect_eq 0 "$(count '.method == "GET" and (.path | contains("/uploads/"))')" 'questions how far it is'
for method in POST PATCH PUT; do
    quirk "broken-${method,,}" "{\"faults\": [{\"method\": \"$method\", \"path\": \"uploads\", \"status\": 503}]}"
done

# A connection that breaks in a chunk: the registry says how far it is, and the rest follows.
hub_control '{"clearLog": true}' >/dev/null
quirk resumed '{"state": true, "chunkMinLength": 1,
    "faults": [{"method": "PATCH", "range": "^4194304-", "drop": 1000000}]}'
expect_eq 1 "$(count '.range == "5194304-8388607"')" 'the rest of the chunk'
expect_eq 1 "$(hub_log '[.requests[] | select(.kind == "cdn")] | length')" 'downloads of the model'
# One that cannot say it gets the blob anew.
quirk not-resumed '{"refuseStatus": true, "chunkMinLength": 1,
    "faults": [{"method": "PATCH", "range": "^4194304-", "drop": 1000000}]}'
expect_eq 2 "$(count '.range == "0-4194303"')" 'the first chunk'

# No HEAD: a second run moves nothing all the same.
for status in 405 404; do
    quirk "head-$status" "{\"head\": $status}"
    quirk "head-$status" "{\"head\": $status}" --jobs 1
    expect_eq 0 "$(count '.query.digest')" "uploads of the second run without HEAD ($status)"
    # What is asked at the same time does not know yet.
    expect_contains '1 2' "$(count '.method == "HEAD"')" "HEADs that are answered with $status"
done

# No mount: 202 opens an upload, which serves the next blob; refusals cost a request.
push_base "$TEST_DIR/base" 1 "$QUIRK/from:1"
for status in 202 404 405; do
    quirk_control "{\"mount\": $status, \"state\": true}" >/dev/null
    expect_exit 0 "$INLAY" inject "$QUIRK/from:1" acme/tiny --to "$QUIRK/mount-$status:1"
    requests=$(quirk_log . -c)
    [ "$(count '.query.mount and .method == "POST"')" -gt 0 ] || fail "no mount was tried ($status)"
    expect_json "$(quirk_control '{}')" .uploads 0
    skopeo inspect --tls-verify=false "docker://$QUIRK/mount-$status:1" >/dev/null
done
expect_exit 0 "$INLAY" inject "$QUIRK/from:1" acme/tiny --to "$QUIRK/mounted:1"
requests=$(quirk_log . -c)
expect_eq 1 "$(count '.query.mount and .status == 201')" 'mounts'

# Blobs behind a redirect to another port are read, and without the query in any message.
quirk_control '{"storageBlobs": true}' >/dev/null
expect_exit 0 "$INLAY" inject "$QUIRK/from:1" acme/tiny --to "oci:$TEST_DIR/redirected:1" --verbose
expect_lacks "$ERR" 'signature='

# A tag that is not there is answered with those that are.
expect_exit 3 "$INLAY" inject "$QUIRK/from:9" acme/tiny --to "oci:$TEST_DIR/none:1"
expect_contains "$ERR" "has no image '9'"
expect_contains "$ERR" "there is '1'"

# Chunks of a large layer are one at a time in memory.
quirk_control '{"bodyLimit": 67108864}' >/dev/null
peak=$("$TESTDATA/peak_memory.sh" "$INLAY" inject "oci:$TEST_DIR/base:1" acme/large \
    --to "$QUIRK/large:1" --quiet 2>&1 >/dev/null)
[ -n "${INLAY_SANITIZE:-}" ] || [ "$peak" -lt $((64 * 1024)) ] || fail "$peak KiB at the peak, in chunks"
expect_eq 4194304 "$(quirk_log 'map(select(.range) | .bytes) | max')" 'the largest chunk of it'
expect_exit 0 "$INLAY" inject "oci:$TEST_DIR/base:1" acme/large --to "oci:$TEST_DIR/large:1"
expect_eq "${OUT##*@}" "$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$QUIRK/large:1")" \
    'the large image'

# nginx before docker-registry, with the limit it has when nobody sets one, and with blobs elsewhere.
start_registry
start_proxy "$REGISTRY" 'proxy_request_buffering off;'
expect_exit 0 "$INLAY" inject "oci:$TEST_DIR/base:1" acme/tiny --to "$PROXY/app:1"
expect_eq "$expected" "${OUT##*@}" 'the image behind nginx'
[ "$(grep -c ' 413 ' "$PROXY_LOG")" -gt 0 ] || fail 'nginx has refused nothing'
pull_image "$REGISTRY/app:1" "$TEST_DIR/nginx" 1
"$TESTDATA/validate_image.sh" "$TEST_DIR/nginx" 1 >/dev/null

# shellcheck disable=SC2016 # the variables are nginx's
start_proxy "$REGISTRY" 'client_max_body_size 0;' \
    'location ~ ^/v2/.*/blobs/sha256: { if ($request_method = GET) { return 307 "http://'"$REGISTRY"'$request_uri?signature=x"; } proxy_pass http://'"$REGISTRY"'; }'
expect_exit 0 "$INLAY" inject "$PROXY/app:1" acme/tiny --to "oci:$TEST_DIR/moved:1" --env X=1
expect_contains "$(cat "$PROXY_LOG")" ' 307 '
expect_exit 0 "$INLAY" inject "$PROXY/app:1" acme/tiny --to "$PROXY/copy:1"
