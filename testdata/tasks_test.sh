#!/bin/bash
# Every command line of the pages in docs/tasks, page by page, against a hub and a registry of this machine.
. "$(dirname "$0")/lib.sh"

pages=$(realpath "$TESTDATA/../docs/tasks")
cd "$TEST_DIR" || exit
c1=1111111111111111111111111111111111111111 c2=2222222222222222222222222222222222222222
start_hub '{"id": "intfloat/multilingual-e5-small", "commits": [
    {"name": "c1", "oid": "'$c1'", "files": [{"path": "config.json", "text": "{}"}, {"path": "README.md", "text": "---\nlicense: mit\n---\n"},
        {"path": "modules.json", "text": "[]"}, {"path": "model.safetensors", "synthetic": 2000000, "seed": 1}]},
    {"name": "c2", "oid": "'$c2'", "files": [{"path": "config.json", "text": "{\"v\": 2}"}, {"path": "README.md", "text": "---\nlicense: mit\n---\n"},
        {"path": "modules.json", "text": "[]"}, {"path": "model.safetensors", "synthetic": 2000000, "seed": 1}]}],
    "branches": {"main": "c1"}, "tags": {"v2": "c2"}, "info": {"cardData": {"license": "mit"}, "tags": ["license:mit"]}}' \
    '{"id": "acme/private", "private": true, "files": [{"path": "config.json", "text": "{}"}, {"path": "model.safetensors", "text": "a"}]}' \
    '{"tokens": {"hf_reader": ["acme/private"]}}'
expect_exit 4 env HF_ENDPOINT="$HUB_URL" HF_TOKEN=hf_nobody "$INLAY" plan scratch acme/private
export HF_ENDPOINT=$HUB_URL HF_TOKEN=hf_reader XDG_CACHE_HOME=$TEST_DIR/cache
start_registry
make_base base 1 --user app
make_base base other --user nohome --env HOME=/tmp
make_base base busybox
for page in "$pages"/*.md; do
    name=$(basename "$page" .md)
    [ "$name" != README ] || continue
    # A repository of its own for each page, so that none leans on another.
    home=$REGISTRY/$name
    push_base base 1 "$home/rag:1.4"
    push_base base other "$home/search:7"
    push_base base busybox "$home/busybox:1.36"
    mkdir "$name"
    lines=0
    while read -r line; do
        line=${line//registry.example.com/$home}
        line=${line//registry.internal.example/$home\/internal}
        read -ra words <<<"${line#inlay }"
        cd "$name"
        expect_exit 0 "$INLAY" "${words[@]}"
        cd ..
        said=$ERR
        lines=$((lines + 1))
    done < <(sed -n 's/^    \(inlay .*\)/\1/p' "$page")
    [ "$name" != from-a-dockerfile ] || expect_contains "$said" 'moved 0 B of model' 'the second build'
    [ "$lines" -gt 0 ] || fail "$name has no command line"
done
expect_file first-image/plan.html

# What the pages say of the results.
expect_eq "$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$REGISTRY/upgrade/rag:1.4")" \
    "$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$REGISTRY/upgrade/rag:1.4-plain")" 'without the model the image is its base'
expect_eq "$(skopeo inspect --raw oci-archive:air-gapped/rag.tar:1.4-e5 | sha256sum)" \
    "$(skopeo inspect --raw --tls-verify=false "docker://$REGISTRY/air-gapped/internal/rag:1.4-e5" | sha256sum)" 'the same digest on the other side'
shared() { skopeo inspect --raw --tls-verify=false "docker://$REGISTRY/many-services/$1" | jq -r '.layers[].digest' | sort; }
[ "$(comm -12 <(shared rag:1.4-e5) <(shared search:7-e5) | wc -l)" -ge 2 ] || fail 'two services have no layers in common'

# No token is in what was written.
if grep -rqaF hf_reader "$REGISTRY_DATA"; then
    fail 'the registry has the token'
fi

# Links between the pages lead somewhere.
for page in "$pages"/*.md "$pages"/../ci/README.md; do
    while read -r link; do
        expect_file "$(dirname "$page")/${link%%#*}"
    done < <(sed -nE 's/\]\(/\n&/gp' "$page" | sed -nE 's/^\]\(([^)#h][^)]*)\).*/\1/p')
done
