#!/bin/bash
# Whoever repeats a password or token that was sent: it is in nothing that inlay prints.
. "$(dirname "$0")/../../testdata/lib.sh"

export HOME=$TEST_DIR/home XDG_CACHE_HOME=$TEST_DIR/cache no_proxy=127.0.0.1
mkdir -p "$HOME"
cd "$TEST_DIR" || exit
start_server parrot.log node "$TESTDATA/parrot-server.mjs" "$TEST_DIR/parrot"
wait_until parrot.log test -f "$TEST_DIR/parrot"
parrot=$(cat "$TEST_DIR/parrot")
password='p4ss/W0rd+"of bob'

# expect_hidden SECRET: it is in no form in what was said
expect_hidden() {
    local form
    for form in "$1" "$(printf %s "$1" | jq -sRr @uri)" "$(printf %s "$1" | base64 -w 0 | tr -d =)" \
        "$(printf %s "$1" | base64 -w 0 | tr -d = | tr +/ -_)" "$(printf %s "$1" | jq -sR . | jq -r 'tojson | .[3:-3]')"; do
        expect_lacks "$OUT$ERR" "$form" 'a secret is shown'
    done
}

# A registry in its error.
printf 'bob:%s\n' "$password" >"$TEST_DIR/creds"
expect_exit 6 "$INLAY" inspect "$parrot/team/app:1" --creds "$parrot=$TEST_DIR/creds" --insecure "$parrot" --verbose
expect_contains "$ERR" 'PARROT'
expect_contains "$ERR" '…'
expect_hidden "$password"
expect_hidden "$(printf 'bob:%s' "$password" | base64 -w 0)"

expect_hidden "bob:$password"

# A message is cut behind 300 bytes: of a secret that stands there nothing is left.
for depth in 280 285 290 295; do
    PARROT_DEPTH=$depth start_server deep.log node "$TESTDATA/parrot-server.mjs" "$TEST_DIR/deep$depth"
    wait_until deep.log test -f "$TEST_DIR/deep$depth"
    deep=$(cat "$TEST_DIR/deep$depth")
    expect_exit 6 "$INLAY" inspect "$deep/team/app:1" --creds "$deep=$TEST_DIR/creds" --insecure "$deep"
    expect_lacks "$ERR" "$(printf 'bob:%s' "$password" | base64 -w 0 | head -c 4)"
done

# A hub in its error, and as the name of a file.
export HF_TOKEN=hf_abcdefghijklmnop
HF_ENDPOINT=http://$parrot expect_exit 6 "$INLAY" plan scratch acme/tiny --verbose
expect_hidden "$HF_TOKEN"
start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"}, {"path": "'"$HF_TOKEN"'.safetensors", "synthetic": 70000000}]}'
hub_control >/dev/null '{"tokens": {"'"$HF_TOKEN"'": ["*"]}}'
HF_ENDPOINT=$HUB_URL expect_exit 0 "$INLAY" plan scratch acme/tiny --layout dir --path /models
expect_contains "$OUT" '….safetensors'
expect_hidden "$HF_TOKEN"
unset HF_TOKEN

# A proxy, which gets a password of its own.
password='pr0xy/p4ss word'
http_proxy=http://bob:$(printf %s "$password" | jq -sRr @uri)@$parrot \
    HF_ENDPOINT=http://hub.example expect_exit 6 "$INLAY" plan scratch acme/tiny --verbose
expect_contains "$ERR" '…'
expect_hidden "$password"
expect_hidden "bob:$password"

# refuses COMMAND...: whatever its status, but 0
refuses() {
    ! "$@" >"$TEST_DIR/stdout" 2>"$TEST_DIR/stderr" </dev/null || fail "status 0 of: $*"
    OUT=$(cat "$TEST_DIR/stdout") ERR=$(cat "$TEST_DIR/stderr")
}

# Nothing that a call was given with a login before the host repeats the password.
export HF_ENDPOINT=http://127.0.0.1:1
for password in hunter2secret p4w; do
    name=bob:$password@127.0.0.1:1/team/app:1 url=https://bob:$password@127.0.0.1:1/m.gguf
    for call in "plan $name acme/tiny" "verify $name" "inspect $name" "inspect $name more" "scan $name" \
        "copy $name oci:x:1" "copy scratch $name" "lock $name" "init $name" "doctor $name" "config $name" \
        "$name" "plan scratch $name" "plan scratch $url" "plan scratch oci-model://$name" "plan scratch dir:$name" \
        "plan scratch ollama://$name" "plan scratch ms://$name" "inject scratch acme/tiny --to $name" \
        "inspect docker-daemon:$name" "inspect oci:$name" "plan scratch acme/tiny --what=$url"; do
        # shellcheck disable=SC2086 # these are words
        refuses "$INLAY" $call
        expect_lacks "$OUT$ERR" "$password" "a password is shown by $call"
    done
    for option in --reuse-from --layer-cache --hub-endpoint --download-cache --hub-cache --set --also --trust-records; do
        for value in "$name" "$url"; do
            refuses "$INLAY" inject scratch acme/absent --to oci:x:1 "$option" "$value" --retries 0
            expect_lacks "$OUT$ERR" "$password" "a password is shown by $option"
        done
    done
    for variable in HF_ENDPOINT INLAY_HUB_ENDPOINT INLAY_LAYER_CACHE OLLAMA_HOST DOCKER_HOST; do
        for value in "$name" "$url"; do
            refuses env "$variable=$value" "$INLAY" plan scratch acme/tiny --retries 0
            expect_lacks "$OUT$ERR" "$password" "a password is shown with $variable"
            refuses env "$variable=$value" "$INLAY" inspect docker-daemon:absent:1 --retries 0
            expect_lacks "$OUT$ERR" "$password" "a password is shown with $variable"
        done
    done
    jq -n --arg name "$name" '{version: 1, base: $name, models: [$name]}' >"$TEST_DIR/inlay.json"
    expect_exit 2 "$INLAY" plan --project "$TEST_DIR/inlay.json"
    expect_lacks "$OUT$ERR" "$password" 'a password is shown by a project'
done
expect_exit 2 "$INLAY" inspect bob:hunter2secret@127.0.0.1:1/team/app:1
expect_contains "$ERR" "IMAGE: 'bob:…@127.0.0.1:1/team/app:1': a name has no user or password"
