#!/bin/bash
# What soak.sh and kill.sh stand on; lib.sh sources this and tells how to call it.
# shellcheck disable=SC2034 # the variables are for the tests

# prepare_faults: servers, images and the config of faults/site.mjs, which is FAULTS_CONFIG
prepare_faults() {
    local dir=$TEST_DIR/faulty shown
    mkdir "$dir"
    cc -shared -fPIC -O1 -Wall -o "$dir/preload.so" "$TESTDATA/faults/hasten.c" "$TESTDATA/faults/strike.c" ||
        fail 'the library that hastens and strikes does not build'
    start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{\"model_type\": \"bert\"}"},
        {"path": "tokenizer.json", "synthetic": 20000, "seed": 2}, {"path": "vocab.txt", "text": "a b c"},
        {"path": "model.safetensors", "synthetic": 3000000, "seed": 1, "lfs": true}]}'
    start_token_registry --user bob:hunter-2-word
    make_base "$dir/layout" base --gzip --layers 3
    push_base "$dir/layout" base "$REGISTRY/base:1" --dest-creds bob:hunter-2-word
    HF_ENDPOINT=$HUB_URL "$INLAY" inject "oci:$dir/layout:base" acme/tiny --to "oci:$dir/layout:injected" -q >/dev/null
    push_base "$dir/layout" injected "$REGISTRY/injected:1" --dest-creds bob:hunter-2-word
    for shown in base injected; do
        "$INLAY" copy "oci:$dir/layout:$shown" "oci:$dir/old-$shown:1" -q >/dev/null
    done
    "$INLAY" copy "oci:$dir/old-base:1" "oci-archive:$dir/old.oci-archive:1" -q >/dev/null
    "$INLAY" copy "oci:$dir/old-base:1" "docker-archive:$dir/old.docker-archive:app:1" -q >/dev/null
    make_certificate faults
    mkdir "$dir/certificates" "$dir/images"
    cp "$TEST_DIR/faults.crt" "$dir/certificates/ca.pem"
    cp "$TEST_DIR/faults.crt" "$dir/certificates/cert.pem"
    cp "$TEST_DIR/faults.key" "$dir/certificates/key.pem"
    start_server "$dir/engine.log" node "$TESTDATA/engine-server.mjs" --dir "$dir/images" --ready "$dir/engine"
    wait_until "$dir/engine.log" test -s "$dir/engine"
    for shown in base injected; do
        DOCKER_HOST=tcp://$(cut -d/ -f3 "$dir/engine") "$INLAY" copy "oci:$dir/layout:$shown" "docker-daemon:$shown:1" -q >/dev/null
    done
    FAULTS_CONFIG=$dir/config.json
    jq -n --arg dir "$dir" --arg test "$TEST_DIR" --arg inlay "$(realpath "$INLAY")" --arg hub "$HUB_URL" \
        --arg cdn "$CDN_URL" --arg registry "http://$REGISTRY" --arg token "${TOKEN_URL%/token}" --arg engine "$(cat "$dir/engine")" --arg images "$dir/images" \
        --arg data "$REGISTRY_DATA" --argjson hasten "${INLAY_HASTEN:-20}" '{$dir, $inlay, $data, $images, $hasten,
        preload: "\($dir)/preload.so", layout: "\($dir)/layout", user: "bob:hunter-2-word",
        key: "\($test)/faults.key", certificate: "\($test)/faults.crt", uncertain: 9, moved: 10,
        servers: {$hub, $cdn, $registry, $token, $engine}}' >"$FAULTS_CONFIG"
}
