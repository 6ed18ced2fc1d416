#!/bin/bash
# What people write who mean something else, and the line that tells them what to write.
. "$(dirname "$0")/../../testdata/lib.sh"

cd "$TEST_DIR" || exit
start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"}, {"path": "onnx/a.onnx", "text": "a"}]}' \
    '{"id": "acme/words", "type": "dataset", "files": [{"path": "words.txt", "text": "a"}]}'
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
make_base "$TEST_DIR/base" 1

said() { # WORDS ARGUMENT...
    local words=$1
    shift
    expect_exit 2 "$INLAY" "$@"
    expect_contains "$ERR" "$words" "$*"
    expect_eq 1 "$(wc -l <<<"$ERR")" "lines of $*"
}

# Mistyped names.
said "'injekt' is not a command; near it: inject; 'inlay --help' lists them" injekt
said "the option '--platfrom' is not known; near it: --platform; see 'inlay plan --help'" plan oci:base:1 acme/tiny --platfrom linux/amd64
said "the option '--pr' may be one of --" plan oci:base:1 acme/tiny --pr x
said "near it: whisper; 'inlay layouts' lists them" plan oci:base:1 acme/tiny --layout wisper
said "'whisper:bsae' is no preset; near it: whisper:base; " plan oci:base:1 whisper:bsae
said "--platform: 'linux/amd46': there is no 'amd46'; near it: amd64" plan oci:base:1 acme/tiny --platform linux/amd46
said "--platform: 'linx/amd64': there is no 'linx'; near it: linux" plan oci:base:1 acme/tiny --platform linx/amd64

# Words of other tools.
said "'push' is not a command; 'inlay copy' copies an image" push
said "'ls' is not a command; 'inlay inspect' says" ls
said "'login' is not a command; logins of docker, skopeo, podman" login
said "'build' is not a command; 'inlay inject' adds" build .
plan=(plan oci:base:1 acme/tiny)
said "'-t' is not known; the result is named by --to TARGET" "${plan[@]}" -t x
said "'--tag' is not known; the result is named by --to TARGET" "${plan[@]}" --tag=x
said "'-o' is not known; the result is named by --to" "${plan[@]}" -o x
said "'--output' is not known; the result is named by --to" "${plan[@]}" --output x
said "'--push' is not known; --to NAME:TAG writes to the registry" "${plan[@]}" --push
said "'--load' is not known; --to docker-daemon:NAME:TAG" "${plan[@]}" --load
said "'--revision' is not known; a revision stands behind the model: ORG/NAME@REVISION" "${plan[@]}" --revision v1
said "'--token' is not known; the hub's token is" "${plan[@]}" --token hf_x
said "'--dry-run' is not known; 'inlay plan' says" inject oci:base:1 acme/tiny --dry-run
said "'--base-image' is not known; BASE is the first argument" "${plan[@]}" --base-image x
said "'--model' is not known; models are arguments" "${plan[@]}" --model x
said "'--repo-type' is not known; a dataset is named datasets/ORG/NAME" "${plan[@]}" --repo-type dataset
said "'--local-dir' is not known; --layout dir --path PATH" "${plan[@]}" --local-dir x
said "'--tls-verify' is not known; --insecure HOST" copy oci:base:1 oci:x:1 --tls-verify=false
said "'--dest-creds' is not known; logins of docker, skopeo and podman" copy oci:base:1 oci:x:1 --dest-creds a:b
said "'--all' is not known; an index is copied with all its images" copy oci:base:1 oci:x:1 --all
said "'--override-arch' is not known; --platform OS/ARCH" copy oci:base:1 oci:x:1 --override-arch arm64
said "'--format' is not known; --json writes one JSON document" inspect oci:base:1 --format json
said "--platform 'linux/amd64,linux/arm64' has several, expected one; write --platform once" "${plan[@]}" --platform linux/amd64,linux/arm64
said "--platform 'a,b' has several, expected one; leave the others out" copy oci:base:1 oci:x:1 --platform a,b
expect_lacks "$("$INLAY" "${plan[@]}" --token=hf_secret 2>&1 || true)" hf_secret

# Images where models stand.
said "MODEL 'acme/tiny:latest' has ':latest' behind its name; a revision stands behind '@': 'acme/tiny@main'" plan oci:base:1 acme/tiny:latest
said "'acme/tiny@v1'" plan oci:base:1 acme/tiny:v1
for image in docker.io/library/x localhost:5000/x localhost:5000/x:1 registry.example.com/a/b:1 oci:x:1 docker://x; do
    said "MODEL '$image' looks like an image; BASE stands first, then each MODEL, and the result is --to TARGET" plan oci:base:1 "$image"
done
said "MODEL 'python:3.12' looks like an image, and BASE 'acme/tiny' like a model; BASE stands first: inlay plan python:3.12 acme/tiny" plan acme/tiny python:3.12
said "--to TARGET is missing; did you mean --to 'localhost:5000/x:1'?" inject oci:base:1 acme/tiny localhost:5000/x:1

said "MODEL 'hf:acme/tiny' has no '//' behind its ':'; expected 'hf://acme/tiny'" plan oci:base:1 hf:acme/tiny
said "expected 'ollama://llama3.2'" plan oci:base:1 ollama:llama3.2
said "MODEL 'acme/tiny/onnx/a.onnx' has the name of a file behind that of a repo; expected 'acme/tiny' and --include 'onnx/a.onnx'" plan oci:base:1 acme/tiny/onnx/a.onnx
said "expected 'datasets/acme/words' and --include 'words.txt'" plan oci:base:1 hf://datasets/acme/words/words.txt
said "MODEL 'models--acme--tiny' is called as a folder in the Hub's cache; the model is 'acme/tiny'" plan oci:base:1 models--acme--tiny
said "MODEL 'oci:base:1' looks like an image; IMAGE stands first, then each MODEL" remove acme/tiny oci:base:1 --to oci:x:1
said "'--filename' is not known; --include GLOB and --exclude GLOB choose files" "${plan[@]}" --filename config.json
said "'--frozen' is not known; --locked goes by inlay.lock.json" "${plan[@]}" --frozen
said "'--frozen' is not known; --check says whether the lock is up to date" lock --frozen
said "'images' is not a command; 'inlay inspect' says" images
said "'tag' is not a command; 'inlay copy' copies" tag a b
said "'whoami' is not a command; 'inlay doctor [IMAGE]' says which login counts" whoami
said "'run' is not a command; inlay makes images; docker, podman or a cluster runs them" run app:1
said "'-v' is not a command; a command stands first, and its options behind it; -V says the version" -v
said "'clean' is neither 'list' nor 'prune'; expected 'inlay cache list DIR', or 'inlay cache prune DIR'" cache clean
# As Helm and KServe name a registry: that would be a folder below '/'.
said "'oci://out:1': a path does not begin with '//'; expected oci:DIR[:TAG][@DIGEST], or [HOST/]NAME[:TAG] without 'oci://'" inject oci:base:1 acme/tiny --to oci://out:1
said "'docker:localhost:5000/x:1': expected docker://localhost:5000/x:1 for a registry" inspect docker:localhost:5000/x:1

# An address out of a browser is what it shows.
files() { # MODEL [OPTION...]
    expect_exit 0 "$INLAY" plan oci:base:1 "$@" --json
    jq -r '[.models[] | .files[].path] | sort | join(" ")' <<<"$OUT"
}
all=$(files acme/tiny)
for page in huggingface.co/acme/tiny hf.co/acme/tiny https://huggingface.co/acme/tiny https://huggingface.co/acme/tiny/tree/main 'https://hf.co/acme/tiny?library=x'; do
    expect_eq "$all" "$(files "$page")" "$page"
done
expect_eq config.json "$(files https://huggingface.co/acme/tiny/blob/main/config.json)"
expect_eq config.json "$(files 'https://huggingface.co/acme/tiny/resolve/main/config.json?download=true')"
expect_eq onnx/a.onnx "$(files https://huggingface.co/acme/tiny/tree/main/onnx)"
expect_eq words.txt "$(files https://huggingface.co/datasets/acme/words)"

# A dataset that is named as a model.
expect_exit 4 "$INLAY" plan oci:base:1 acme/words
expect_contains "$ERR" "the hub has a dataset of this name: write 'datasets/acme/words'"
expect_exit 4 "$INLAY" plan oci:base:1 acme/nothing
expect_lacks "$ERR" 'dataset of this name'

# A file, a layout, or a folder of this name is here: nobody is asked for an image of Docker Hub.
"$INLAY" copy -q oci:base:1 oci-archive:rag.tar >/dev/null
mkdir -p sources/code
for command in 'verify' 'remove --to oci:x:1' 'copy' 'plan'; do
    # shellcheck disable=SC2086 # words
    expect_exit 2 "$INLAY" ${command%% *} rag.tar acme/tiny ${command#"${command%% *}"}
    expect_contains "$ERR" "'rag.tar' is a file here; expected oci-archive:rag.tar or docker-archive:rag.tar for an image in it, or docker://rag.tar" "$command"
done
layout="'base' is an OCI layout here; expected oci:base"
said "BASE: $layout for an image in it, or docker://base for that of Docker Hub" plan base acme/tiny
said "BASE: $layout for an image in it, or docker://base" plan base/ acme/tiny
said "BASE: $layout:1 for an image in it, or docker://base:1 for that of Docker Hub" plan base:1 acme/tiny
said "BASE: $layout@sha256:0 for an image in it" plan base@sha256:0 acme/tiny
said "--to: $layout:TAG for an image in it, or docker://base for" inject oci:base:1 acme/tiny --to base
said "--to: $layout:2 for an image in it, or docker://base:2 for" inject oci:base:1 acme/tiny --to base:2
said "TO: $layout:TAG for an image in it" copy oci:base:1 base
mkdir -p python Upper
cp -r base Capital
code="IMAGE: 'sources/code' is a folder here; expected dir:sources/code for the sources in it, or docker://sources/code"
said "$code" scan sources/code
said "$code" scan sources/code/
said "IMAGE: 'Upper' is a folder here; expected dir:Upper for the sources in it" scan Upper
expect_lacks "$ERR" docker://
said "IMAGE: 'Capital' is an OCI layout here; expected oci:Capital:1 for an image in it" inspect Capital:1
expect_lacks "$ERR" docker://
said "BASE: 'python' is a folder here, and no OCI layout; expected the name of an image, or docker://python for that" plan python acme/tiny
said "--to: 'python' is a folder here; expected oci:python:TAG for an OCI layout in it, or docker://python" inject oci:base:1 acme/tiny --to python
said "--to: 'new.tar' is a file by its name; expected oci-archive:new.tar or docker-archive:new.tar for an image in it" inject oci:base:1 acme/tiny --to new.tar
said "IMAGE: 'rag.tar' is a file here; expected oci-archive:rag.tar:1 or docker-archive:rag.tar:1 for" inspect rag.tar:1
# With a tag a folder is none that is meant, and what is written as a registry's name is one.
for image in python:3.12 docker://python docker://base docker://base:1; do
    https_proxy=http://127.0.0.1:1 expect_exit 5 "$INLAY" inspect "$image" --retries 0
done
