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
    shellcheck -s sh -S info -e SC2153 scripts/* "$examples"/*/*.sh || fail 'shellcheck'
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
export DIGEST_FILE=$TEST_DIR/digest IMAGE_FILE=$TEST_DIR/image REFERENCE_FILE=$TEST_DIR/reference
digest_of() {
    skopeo inspect --tls-verify=false --creds ci:secret --format '{{.Digest}}' "docker://$REGISTRY/app:$1"
}
# As the pipeline does it, in a folder of its own.
run_script() {
    local name=$1 shell=${2:-sh}
    mkdir -p "work.$name" && cd "work.$name"
    export TARGET=$REGISTRY/app:$name INLAY_WORK=$TEST_DIR/work.$name/inlay
    expect_exit 0 "$shell" "../scripts/$name"
    expect_eq '' "$(ls -A inlay)" 'what is left of the program and the login'
    cd ..
}

# The same three everywhere: the image by its tag, its digest, and both.
export GITHUB_OUTPUT=$TEST_DIR/github.output GITHUB_STEP_SUMMARY=$TEST_DIR/github.summary
run_script github bash
unset GITHUB_OUTPUT GITHUB_STEP_SUMMARY
digest=$(digest_of github)
expect_eq "image=$REGISTRY/app:github
digest=$digest
reference=$REGISTRY/app:github@$digest" "$(cat github.output)"
expect_contains "$(cat github.summary)" "$digest"
for name in gitlab jenkins; do
    run_script "$name"
    expect_eq "INLAY_IMAGE=$REGISTRY/app:$name
INLAY_DIGEST=$digest
INLAY_REFERENCE=$REGISTRY/app:$name@$digest" "$(cat "work.$name/inlay.env")"
done
run_script tekton
expect_eq "$REGISTRY/app:tekton $digest $REGISTRY/app:tekton@$digest" "$(cat image) $(cat digest) $(cat reference)"
run_script argo
expect_eq "$REGISTRY/app:argo@$digest" "$(cat reference)"
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
expect_eq "$REGISTRY/app:image@$digest" "$(cat reference)"

# The two Jobs one after the other; one that fails ends it at once.
mkdir bin
cat >bin/kubectl <<'KUBECTL'
#!/bin/sh
echo "$*" >>"$CALLS"
case "$*" in
"create -f "*) echo "job.batch/bake-$3-x" ;;
"get job.batch/"*) [ "$STATE" != gone ] || exit 1; [ "$(grep -c '^get job' "$CALLS")" = 1 ] || echo "$STATE" ;;
"get pods -l job-name=bake-image.yaml-x "*) printf 'r.example/app:1@sha256:1' ;;
*) exit 64 ;;
esac
KUBECTL
chmod +x bin/kubectl
export CALLS=$TEST_DIR/calls WAIT_S=0
expect_exit 0 env PATH="$TEST_DIR/bin:$PATH" STATE='SuccessCriteriaMet Complete' sh "$examples/kubernetes/bake.sh"
expect_eq 'r.example/app:1@sha256:1' "$OUT"
expect_eq 'shards.yaml image.yaml' "$(sed -n 's/^create -f \([a-z.]*\) -o name$/\1/p' "$CALLS" | paste -sd ' ')"
rm "$CALLS"
expect_exit 1 env PATH="$TEST_DIR/bin:$PATH" STATE='FailureTarget Failed' sh "$examples/kubernetes/bake.sh"
expect_contains "$ERR" 'job.batch/bake-shards.yaml-x has failed; see: kubectl logs'
expect_eq 1 "$(grep -c ^create "$CALLS")"
# One that is gone is not looked for without end.
expect_exit 1 env PATH="$TEST_DIR/bin:$PATH" STATE=gone sh "$examples/kubernetes/bake.sh"
expect_contains "$ERR" 'job.batch/bake-shards.yaml-x cannot be looked at'

# Whose login it is: TARGET's host, however it is written. The lines are those of the script.
sed -n '/^registry=/,/^esac/p' scripts/gitlab >whose.sh
while read -r target host; do
    expect_eq "$host" "$(TARGET=$target sh -c '. ./whose.sh; echo "$registry"')" "$target"
done <<'TARGETS'
registry.example.com/team/app:1 registry.example.com
docker://registry.example.com/app registry.example.com
localhost:5000/app:1 localhost:5000
localhost/app:1 localhost
acme/rag:1 docker.io
docker.io/acme/rag docker.io
TARGETS

# Bazel's action writes the layers that inject adds.
printf 'ci:secret' >creds
expect_exit 0 sh -c "$(cat scripts/bazel)" bazel "$INLAY" e5.json acme/tiny acme/words "--base=$BASE" "--creds=$REGISTRY=creds" -o e5.tar
expect_eq "$(skopeo inspect --raw --tls-verify=false --creds ci:secret "docker://$REGISTRY/app:github" | jq -c '[.layers[1:][].digest]')" \
    "$(jq -c '[.layers[].digest]' e5.json)"
expect_eq "$(jq -r '.layers[].path' e5.json)" "$(printf '%s\n' e5.?.tar)"

# Another program than the one that was meant does not run.
export INLAY_SHA256=${digest#sha256:} TARGET=$REGISTRY/app:wrong
expect_exit 1 sh scripts/gitlab
expect_eq '' "$(ls -A "$INLAY_WORK")" 'what is left'
expect_exit 1 skopeo inspect --tls-verify=false --creds ci:secret "docker://$REGISTRY/app:wrong"
