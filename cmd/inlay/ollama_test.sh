#!/bin/bash
# Models of Ollama's registries, out of a real registry: the manifest as it came and its blobs, as
# Ollama keeps them; what is not there, may not be read or is not what it should be.
. "$(dirname "$0")/../../testdata/lib.sh"
cd "$TEST_DIR" || exit

export HOME=$TEST_DIR/home
make_base base 1
printf '{"model_format":"gguf"}' >config
openssl enc -aes-128-ctr -K 00 -iv 00 -in /dev/zero 2>/dev/null | head -c 40000000 >weights || true
printf '{{ .Prompt }}' >template
image=application/vnd.ollama.image
model=('application/vnd.docker.container.image.v1+json=config' "$image.model=weights"
    "$image.template=template" "$image.system=template")
config=$(sha256_of config) weights=$(sha256_of weights) template=$(sha256_of template)
start_registry
push_ollama "$REGISTRY/library/tiny:latest" "${model[@]}" >manifest
push_ollama "$REGISTRY/me/mine:Q4_K_M" "${model[@]:0:2}" >mine
number=0

# inject ARGUMENT...: into a new tag; $ROOT is then the image's unpacked file system
inject() {
    number=$((number + 1))
    expect_exit 0 "$INLAY" inject oci:base:1 "$@" --to "oci:out:$number"
    ROOT=$TEST_DIR/root$number
    unpack_image out $number "$ROOT"
}
files() { (cd "$1" && find . -type f -printf '%P\n' | LC_ALL=C sort); }

# check_tiny FOLDER HOST: all of the model, with the registry's bytes
check_tiny() {
    expect_eq "$(printf 'blobs/sha256-%s\n' "$config" "$template" "$weights" | LC_ALL=C sort)
manifests/$2/library/tiny/latest" "$(files "$1")"
    cmp -s manifest "$1/manifests/$2/library/tiny/latest" || fail 'the manifest has other bytes'
    cmp -s weights "$1/blobs/sha256-$weights" || fail 'the weights have other bytes'
    cmp -s template "$1/blobs/sha256-$template" || fail 'the template has other bytes'
}
inject "ollama://$REGISTRY/library/tiny" --layout dir --path /models
check_tiny "$ROOT/models" "$REGISTRY"
expect_contains "$ERR" "ollama://$REGISTRY/library/tiny:latest is sha256:$(sha256_of manifest)"
expect_eq 1 "$(grep -c 'GET /v2/library/tiny/manifests/' "$REGISTRY_LOG")" 'requests for the manifest'
printf '{"version": 1, "base": "oci:base:1", "models": [{"model": "ollama://%s/library/tiny", "layout": "dir", "path": "/m"}]}' \
    "$REGISTRY" >project.json
expect_exit 0 "$INLAY" lock --project project.json
expect_exit 0 "$INLAY" lock --project project.json --check
inject "ollama://$REGISTRY/me/mine:Q4_K_M" --include 'blobs/*' --layout dir --path /models
expect_eq "$(printf 'blobs/sha256-%s\n' "$config" "$weights" | LC_ALL=C sort)" "$(files "$ROOT/models")"

# The same image again, and none of it twice.
first=$(tag_digest out 1)
inject "ollama://$REGISTRY/library/tiny:latest" --layout dir --path /models
expect_eq "$first" "$(tag_digest out $number)" 'the same model'
expect_contains "$ERR" 'moved 0 B of model'

# Blobs at another host, as the public registry has them.
start_quirk_registry '{"storageBlobs": true}'
push_ollama "$QUIRK/library/tiny:latest" "${model[@]}" >/dev/null
inject "ollama://$QUIRK/library/tiny" --layout dir --path /models
check_tiny "$ROOT/models" "$QUIRK"
expect_eq false "$(quirk_log 'map(select(.port == "storage")) | any(.authorization)')"

# Whoever wants a token gives one to everybody, or to those who are logged in.
data=$REGISTRY_DATA plain=$REGISTRY
start_token_registry --anonymous 'library/*' --user bob:secret
mkdir -p "$REGISTRY_DATA"
cp -r "$data/." "$REGISTRY_DATA/"
inject "ollama://$REGISTRY/library/tiny" --layout dir --path /models
check_tiny "$ROOT/models" "$REGISTRY"
printf 'bob:secret\n' >login
inject "ollama://$REGISTRY/me/mine:Q4_K_M" --creds "$REGISTRY=login" --layout dir --path /models
expect_lacks "$ERR" secret

# Bad input: one line, the documented status, and the target as it was.
refuse() { # STATUS PART MODEL
    expect_exit "$1" "$INLAY" inject --quiet oci:base:1 "$3" --layout dir --path /new --to oci:out:1
    expect_contains "$ERR" "$2" "the message for $3"
    expect_eq 1 "$(wc -l <<<"$ERR")" "lines of: $ERR"
    expect_eq "$first" "$(tag_digest out 1)" "the target after $3"
}
refuse 2 'at most three parts' ollama://a/b/c/d
refuse 3 "'$plain' has no model 'library/none' with the tag 'latest'" "ollama://$plain/library/none"
refuse 3 "has no model 'library/tiny' with the tag 'q8'" "ollama://$plain/library/tiny:q8"
refuse 4 "$REGISTRY" "ollama://$REGISTRY/me/mine:Q4_K_M"
refuse 5 'looking for the registry: cannot connect' ollama://localhost:1/a/b
path=$data/docker/registry/v2/blobs/sha256/${weights:0:2}/$weights/data
printf 'x' | dd of="$path" conv=notrunc status=none
refuse 7 "has the digest sha256:" "ollama://$plain/library/tiny"
truncate -s -1 "$path"
refuse 7 "$weights" "ollama://$plain/library/tiny"
