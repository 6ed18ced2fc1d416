#!/bin/bash
# Every command line of the pages in docs/tasks, page by page, against hubs and registries of this machine. Lines behind
# four blanks are run as they stand, with names of this machine in place of those of the pages; what a page shows besides
# stands between fences. Clouds, and programs that sign, are those of tasks/outside.sh.
. "$(dirname "$0")/lib.sh"

pages=$(realpath "$TESTDATA/../docs/tasks")
cd "$TEST_DIR" || exit
mkdir bin docker
for name in docker aws gcloud docker-credential-gcloud az cosign notation; do
    ln -s "$TESTDATA/tasks/outside.sh" "bin/$name"
done
# The preset of Chroma's model, with an archive of this machine.
cat >bin/inlay <<WRAPPER
#!/bin/bash
case \$1 in
inject | lock | plan | scan | verify) exec "$(realpath "$INLAY")" "\$@" --presets "$TEST_DIR/presets.json" ;;
*) exec "$(realpath "$INLAY")" "\$@" ;;
esac
WRAPPER
chmod +x bin/inlay
export PATH=$TEST_DIR/bin:$PATH DOCKER_CONFIG=$TEST_DIR/docker XDG_CACHE_HOME=$TEST_DIR/cache
export TASKS_PASSWORD=pw-4711 TASKS_SIGNED=$TEST_DIR/signed

# A model of two commits, `main` the first one and `v2` the second.
repo() {
    local files='{"path": "README.md", "text": "---\nlicense: mit\n---\n"}, {"path": "modules.json", "text": "[]"},
        {"path": "onnx/model.onnx", "synthetic": 1500000, "seed": 2}, {"path": "model.safetensors", "synthetic": 2000000, "seed": 1}'
    cat <<REPO
{"id": "$1", "commits": [
    {"name": "c1", "oid": "1111111111111111111111111111111111111111", "files": [{"path": "config.json", "text": "{}"}, $files]},
    {"name": "c2", "oid": "2222222222222222222222222222222222222222", "files": [{"path": "config.json", "text": "{\"v\": 2}"}, $files]}],
 "branches": {"main": "c1"}, "tags": {"v2": "c2"}, "info": {"cardData": {"license": "mit"}, "tags": ["license:mit"]}}
REPO
}
mkdir -p chroma/onnx
for name in config.json model.onnx special_tokens_map.json tokenizer_config.json tokenizer.json vocab.txt; do
    echo "$name" >"chroma/onnx/$name"
done
tar -C chroma -czf onnx.tar.gz onnx
start_hub "$(repo intfloat/multilingual-e5-small)" "$(repo sentence-transformers/all-MiniLM-L6-v2)" \
    '{"id": "Qwen/Qwen3-0.6B", "files": [{"path": "config.json", "text": "{}"}, {"path": "model.safetensors", "text": "a"}]}' \
    '{"id": "ggml-org/Qwen3-0.6B-GGUF", "files": [{"path": "Qwen3-0.6B-Q4_0.gguf", "text": "a"}, {"path": "Qwen3-0.6B-Q8_0.gguf", "text": "b"}]}' \
    '{"id": "acme/private", "private": true, "files": [{"path": "config.json", "text": "{}"}, {"path": "model.safetensors", "text": "a"}]}' \
    '{"id": "acme/chroma", "files": [{"path": "onnx.tar.gz", "file": "'"$TEST_DIR"'/onnx.tar.gz"}]}' \
    '{"tokens": {"hf_reader": ["acme/private"]}}'
jq --arg url "$HUB_URL/acme/chroma/resolve/main/onnx.tar.gz#sha256=$(sha256_of onnx.tar.gz)" '{version,
    presets: [.presets[] | select(.name == "chroma:all-MiniLM-L6-v2") | .items[0].origin = $url]}' \
    "$TESTDATA/../pkg/preset/presets.json" >presets.json
expect_exit 4 env HF_ENDPOINT="$HUB_URL" HF_TOKEN=hf_nobody inlay plan scratch acme/private
export HF_ENDPOINT=$HUB_URL HF_TOKEN=hf_reader

# A mirror with a path, and a certificate of its own; it gives the bytes itself, as mirrors do.
make_certificate company
port=$(free_port)
start_proxy "${HUB_URL#http://}" "listen 127.0.0.1:$port ssl; ssl_certificate $TEST_DIR/company.crt; ssl_certificate_key $TEST_DIR/company.key;
    location /repository/hf/ { proxy_pass $HUB_URL/; proxy_redirect $CDN_URL/ https://127.0.0.1:$port/files/; }
    location /files/ { proxy_pass $CDN_URL/; proxy_set_header Authorization ''; }"
names="s#nexus\.example\.com#127.0.0.1:$port#g; s#https://huggingface\.co#$HUB_URL#g"

# The registries of others, each with its own login.
clouds=()
while read -r host user; do
    start_registry --htpasswd "$user:$TASKS_PASSWORD"
    names+="; s#${host//./\\.}#$REGISTRY#g"
    [ "$host" != acme.azurecr.io ] || export TASKS_ACR=$REGISTRY
    clouds+=("$REGISTRY $user")
done <<'HOSTS'
123456789012.dkr.ecr.eu-central-1.amazonaws.com AWS
ghcr.io octocat
europe-west3-docker.pkg.dev oauth2accesstoken
acme.azurecr.io 00000000-0000-0000-0000-000000000000
harbor.example.com robot$ci
docker.io acme
quay.io acme+ci
registry.gitlab.example.com gitlab-ci-token
HOSTS
start_registry

# The application of from-a-dockerfile.md, with what pip says of itself.
package() { # NAME VERSION
    local site=application/usr/local/lib/python3.11/site-packages
    mkdir -p "$site/$1-$2.dist-info"
    printf 'Metadata-Version: 2.1\nName: %s\nVersion: %s\n' "$1" "$2" >"$site/$1-$2.dist-info/METADATA"
}
package sentence_transformers 5.7.0
package langchain_huggingface 1.2.3
package chromadb 1.5.9
mkdir application/app
cp "$TESTDATA/applications/langchain-chroma/app.py" application/app/
while read -r line; do
    grep -qF "${line#*= }" application/app/app.py || grep -qF "$(sed 's/.*(//; s/).*//' <<<"$line")" application/app/app.py ||
        fail "the page's application is not that of the test: $line"
done < <(sed -n '/^```python/,/^```/{/^```/!p}' "$pages/from-a-dockerfile.md")

make_base base 1 --user app
make_base base application --user app --workdir /app --extra application
make_base base index --user app --index
make_base base other --user nohome --env HOME=/tmp
make_base base busybox
# What a page takes as given: files beside its commands, and bases of its own.
before_page() {
    case $1 in
    environments) sed -n '/^```json/,/^```/{/^```/d; s#registry\.example\.com#'"$home"'#; p}' "$page" >inlay.json ;;
    from-a-dockerfile) push_base ../base application "$home/rag:1.4" ;;
    mirror) cp ../company.crt company.pem ;;
    platforms) push_base ../base index "$home/rag:1.4" ;;
    registries)
        for cloud in "${clouds[@]}"; do
            push_base ../base 1 "${cloud% *}/acme/rag:1.4" --dest-creds "${cloud#* }:$TASKS_PASSWORD"
        done
        export GITHUB_TOKEN=$TASKS_PASSWORD CI_JOB_TOKEN=$TASKS_PASSWORD DOCKER_TOKEN=$TASKS_PASSWORD
        export QUAY_TOKEN=$TASKS_PASSWORD HARBOR_TOKEN=$TASKS_PASSWORD
        ;;
    servers)
        for name in vllm tei llama-server tritonserver; do
            push_base ../base busybox "$home/$name:1"
        done
        mkdir -p repository/e5/1
        echo 'backend: "onnxruntime"' >repository/e5/config.pbtxt
        echo onnx >repository/e5/1/model.onnx
        ;;
    esac
}

declare -A said
for page in "$pages"/*.md; do
    name=$(basename "$page" .md)
    [ "$name" != README ] || continue
    # A repository of its own for each page, so that none leans on another.
    home=$REGISTRY/$name
    mkdir "$name"
    cd "$name"
    push_base ../base 1 "$home/rag:1.4"
    push_base ../base other "$home/search:7"
    push_base ../base busybox "$home/busybox:1.36"
    before_page "$name"
    sed -n '/^```/,/^```/d; s/^    //p' "$page" | sed "$names
        s#registry\.internal\.example#$home/internal#g; s#registry\.example\.com#$home#g" >../"$name.sh"
    [ -s ../"$name.sh" ] || fail "$name has no command line"
    expect_exit 0 bash -euxo pipefail ../"$name.sh"
    said[$name]=$OUT$ERR
    cd ..
done

# What the pages say of the results.
digest() { skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$REGISTRY/$1"; }
layers() { skopeo inspect --raw --tls-verify=false "docker://$REGISTRY/$1" | jq -r '.layers[].digest' | sort; }
common() { comm -12 <(layers "$1") <(layers "$2") | wc -l; }
manifests() { skopeo inspect --raw --tls-verify=false "docker://$REGISTRY/platforms/$1" | jq '.manifests | length'; }
expect_file first-image/plan.html
expect_contains "${said["from-a-dockerfile"]}" 'moved 0 B of model' 'the next build'
expect_eq "$(digest upgrade/rag:1.4)" "$(digest upgrade/rag:1.4-plain)" 'without the model the image is its base'
expect_eq "$(skopeo inspect --raw oci-archive:air-gapped/rag.tar:1.4-e5 | sha256sum)" \
    "$(skopeo inspect --raw --tls-verify=false "docker://$REGISTRY/air-gapped/internal/rag:1.4-e5" | sha256sum)" 'the same digest on the other side'
expect_eq 2 "$(grep -c 'moved 0 B of model' <<<"${said["many-services"]}")" 'layers of another service'
expect_contains "${said[mirror]}" '{"name":"hub_endpoint","values":["https://127.0.0.1:'
expect_eq "$(tag_digest air-gapped/with-hub 1.4-e5)" "$(tag_digest air-gapped/without-hub 1.4-e5)" 'without the Hub'
[ "$(common many-services/rag:1.4-e5 many-services/search:7-e5)" -ge 2 ] || fail 'two services have no layers in common'
[ "$(common environments/rag:1.4-dev environments/rag:1.4-prod)" -ge 2 ] || fail 'what both sets have is not one layer'
expect_eq "$(digest environments/rag:1.4-prod)" "$(digest environments/production/rag:1.4)" 'promoted by its digest'
expect_eq '2 1 0 2' "$(manifests rag:1.4-e5) $(manifests rag:1.4-arm) $(manifests rag:1.4-arm64) $(manifests models/e5:1)" 'images of each index'
expect_contains "$(cat "$PROXY_LOG")" 'GET /repository/hf/api/models/intfloat/multilingual-e5-small'
expect_eq 'cosign notation' "$(cut -d ' ' -f 1 "$TASKS_SIGNED" | xargs)"
[[ ${said[limits]%%$'\n'*} =~ ^[0-9]{7}$ ]] || fail "the size of the largest layer: ${said[limits]%%$'\n'*}"
# Files where the servers of the pages are told to look.
expect_files() { # IMAGE PATH...
    local image=$1
    shift
    pull_image "$REGISTRY/$image" pulled "${image//[\/:]/-}"
    unpack_image pulled "${image//[\/:]/-}" tree
    for path in "$@"; do
        expect_file "tree/$path"
    done
}
expect_files kubernetes/models/e5:1 model/config.json model/model.safetensors
expect_files kubernetes/models/e5-hub:1 hub/models--intfloat--multilingual-e5-small/refs/main
expect_files kubernetes/modelcars/e5:1 models/config.json bin/sh
expect_files servers/tritonserver:1-e5 models/e5/config.pbtxt models/e5/1/model.onnx
expect_files servers/tritonserver:1-file models/e5/1/model.onnx
expect_files servers/tritonserver:1-hub models/e5/1/model.onnx
expect_files servers/llama-server:1-path models/Qwen3-0.6B-Q4_0.gguf
expect_no_file tree/models/Qwen3-0.6B-Q8_0.gguf

# The documents for Kubernetes parse, and name images that the page makes; a validator that is there looks at the pod.
sed -n '/^```yaml/,/^```/{s/^```yaml/---/; /^```/!p}' "$pages/kubernetes.md" >kubernetes.yaml
python3 - kubernetes.yaml <<'PYTHON'
import json, sys, yaml
for document in yaml.safe_load_all(open(sys.argv[1])):
    with open(document["kind"] + ".json", "w") as file:
        json.dump(document, file)
PYTHON
expect_json Pod.json '.spec.volumes[0].image.reference' '"registry.example.com/models/e5:1"'
expect_json Pod.json '[.spec.containers[0].volumeMounts[0].name == .spec.volumes[0].name, .spec.containers[0].args[1]]' '[true,"/models/e5/model"]'
expect_json InferenceService.json '.spec.predictor.model.storageUri' '"oci://registry.example.com/modelcars/e5:1"'
validator=$(command -v kubernetes-validate || true)
if [ -n "$validator" ]; then
    "$validator" --strict Pod.json || fail 'the pod'
fi

# No token is in what was written.
if grep -rqaE "hf_reader|$TASKS_PASSWORD" "$TEST_DIR"/registry.*/data; then
    fail 'a registry has a token or a password'
fi

# Links between the pages lead somewhere.
for page in "$pages"/*.md "$pages"/../ci/README.md; do
    while read -r link; do
        expect_file "$(dirname "$page")/${link%%#*}"
    done < <(sed -nE 's/\]\(/\n&/gp' "$page" | sed -nE 's/^\]\(([^)#h][^)]*)\).*/\1/p')
done
