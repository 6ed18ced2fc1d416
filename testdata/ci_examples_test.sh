#!/bin/bash
# The examples for pipelines: they are parsed, their marks are complete, and their shell scripts do what they say.
. "$(dirname "$0")/lib.sh"

examples=$TESTDATA/../docs/ci
cd "$TEST_DIR" || exit
mkdir scripts
python3 "$TESTDATA/ci_examples.py" "$examples" scripts || fail 'an example is not what it should be'

# Whatever stands for something of one's own is marked, or is explained in a comment or by a default's mark.
unmarked=$(grep -rnE 'example\.com|0{64}|acme/|: (registry-login|inlay-cache)$' "$examples" --include='*.y*ml' --include=Jenkinsfile --include='*.bazel' |
    grep -vE 'CHANGE|: *(#|//)' || true)
expect_eq '' "$unmarked" 'lines without a mark'
if [ -n "$(command -v shellcheck)" ]; then
    shellcheck -s sh -S warning scripts/* || fail 'shellcheck'
fi
linter=$(command -v actionlint || true)
if [ -n "$linter" ]; then
    mkdir -p repository/.github/workflows repository/.github/actions/inlay repository/.git
    cp "$examples/github/workflow.yml" repository/.github/workflows/bake.yml
    cp "$examples/github/action.yml" repository/.github/actions/inlay/action.yml
    (cd repository && "$linter" -no-color) || fail 'actionlint'
fi

linter=$(command -v buildifier || true)
if [ -n "$linter" ]; then
    "$linter" --lint=warn --mode=check "$examples"/bazel/* || fail 'buildifier'
fi

start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"},
    {"path": "model.safetensors", "synthetic": 70000000, "seed": 1}]}' \
    '{"id": "acme/words", "files": [{"path": "config.json", "text": "{}"}, {"path": "model.safetensors", "text": "a"}]}'
start_registry --htpasswd ci:secret
make_base base 1 --user app
push_base base 1 "$REGISTRY/app:1" --dest-creds ci:secret
mkdir -p inlay-0-linux/bin
cp "$INLAY" inlay-0-linux/bin/inlay
tar -czf inlay.tar.gz inlay-0-linux
INLAY_URL=file://$PWD/inlay.tar.gz INLAY_SHA256=$(sha256_of inlay.tar.gz)
export HF_ENDPOINT=$HUB_URL INLAY_URL INLAY_SHA256 BASE=$REGISTRY/app:1 MODELS='acme/tiny acme/words'
export REGISTRY_USER=ci REGISTRY_PASSWORD=secret REGISTRY_USR=ci REGISTRY_PSW=secret
export XDG_CACHE_HOME=$TEST_DIR/cache LAYERS=$REGISTRY/layers SHARDS=2
export GITHUB_OUTPUT=$TEST_DIR/github.output GITHUB_STEP_SUMMARY=$TEST_DIR/github.summary
export DIGEST_FILE=$TEST_DIR/digest IMAGE_FILE=$TEST_DIR/image
digest_of() {
    skopeo inspect --tls-verify=false --creds ci:secret --format '{{.Digest}}' "docker://$REGISTRY/app:$1"
}
# As the pipeline does it, in a folder of its own.
run_script() {
    local name=$1 shell=${2:-sh}
    mkdir -p "work.$name" && cd "work.$name"
    export TARGET=$REGISTRY/app:$name INLAY_WORK=$TEST_DIR/work.$name/inlay
    expect_exit 0 "$shell" "../scripts/$name"
    expect_no_file inlay/login
    cd ..
}

run_script github bash
digest=$(digest_of github)
expect_eq "digest=$digest
image=$REGISTRY/app:github@$digest" "$(cat github.output)"
expect_contains "$(cat github.summary)" "$digest"
for name in gitlab jenkins; do
    run_script "$name"
    expect_eq "INLAY_DIGEST=$digest
INLAY_IMAGE=$REGISTRY/app:$name@$digest" "$(cat "work.$name/inlay.env")"
done
run_script tekton
expect_eq "$digest $REGISTRY/app:tekton@$digest" "$(cat digest) $(cat image)"
run_script argo
expect_eq "$digest" "$(tail -n 1 <<<"$OUT")"
expect_eq "$REGISTRY/app:argo@$digest" "$(cat image)"
for name in github gitlab jenkins tekton argo; do
    expect_eq "$digest" "$(digest_of "$name")" "$name"
done

# Two machines, then the image: the same.
for JOB_COMPLETION_INDEX in 0 1; do
    export JOB_COMPLETION_INDEX
    run_script shards
done
expect_exit 1 skopeo inspect --tls-verify=false --creds ci:secret "docker://$REGISTRY/app:shards"
run_script image
expect_contains "$ERR" 'moved 0 B of model'
expect_eq "$digest" "$(digest_of image)"

# Bazel's action writes the layers that inject adds.
printf 'ci:secret' >creds
expect_exit 0 sh -c "$(cat scripts/bazel)" bazel "$INLAY" e5.json acme/tiny acme/words "--base=$BASE" "--creds=$REGISTRY=creds" -o e5.tar
expect_eq "$(skopeo inspect --raw --tls-verify=false --creds ci:secret "docker://$REGISTRY/app:github" | jq -c '[.layers[1:][].digest]')" \
    "$(jq -c '[.layers[].digest]' e5.json)"
expect_eq "$(jq -r '.layers[].path' e5.json)" "$(printf '%s\n' e5.?.tar)"

# Another program than the one that was meant does not run.
export INLAY_SHA256=${digest#sha256:} TARGET=$REGISTRY/app:wrong
expect_exit 1 sh scripts/gitlab
expect_no_file "$INLAY_WORK/login"
expect_exit 1 skopeo inspect --tls-verify=false --creds ci:secret "docker://$REGISTRY/app:wrong"
