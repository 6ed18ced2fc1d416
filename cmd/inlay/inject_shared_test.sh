#!/bin/bash
# The layout `dir` with several models in one folder, in one call or in several: what does not clash
# is the same image either way, what does is refused, and remove takes out a model's own. umoci
# unpacks.
. "$(dirname "$0")/../../testdata/lib.sh"

start_hub "$(jq -nc '{repos: [
    {id: "acme/a", files: [{path: "a.gguf", text: "a"}, {path: "LICENSE", text: "free"}, {path: "sub/a.json", text: "{}"}]},
    {id: "acme/b", files: [{path: "b.bin", synthetic: 2000000, seed: 1}, {path: "LICENSE", text: "free"}, {path: "sub/b.json", text: "{}"}]},
    {id: "acme/large", files: [{path: "l.bin", synthetic: 70000000, seed: 2}]},
    {id: "acme/clash", files: [{path: "LICENSE", text: "not free"}]},
    {id: "acme/file", files: [{path: "sub", text: "a file"}]},
    {id: "acme/folder", files: [{path: "a.gguf/x", text: "in a folder"}]},
    {id: "acme/fat", files: [{path: "l.bin", text: "small"}]},
    {id: "acme/b.json", files: [{path: "b.json", text: "[]"}]},
    {id: "st_x/y", files: [{path: "modules.json", text: "[]"}]},
    {id: "st/x_y", files: [{path: "modules.json", text: "[ ]"}]}]}')"
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
cd "$TEST_DIR" || exit
make_base base 1 --user app
dir=(--layout dir --path /srv/models)

inject() { # FROM TO MODEL...: sets digest
    local from=$1 to=$2
    shift 2
    expect_exit 0 "$INLAY" inject "oci:$from" "$@" --to "oci:out:$to" "${dir[@]}"
    digest=${OUT##*@}
}
refused() { # MESSAGE FROM MODEL [OPTION...]
    local message=$1 from=$2
    shift 2
    expect_exit 6 "$INLAY" inject "oci:$from" "$@" --to oci:out:no
    expect_contains "$ERR" "$message"
}
files() { # TAG: what lies in the folder
    rm -rf bundle
    umoci unpack --rootless --image "out:$1" bundle >/dev/null 2>&1 || fail "umoci does not unpack $1"
    (cd bundle/rootfs/srv/models && find . -type f -printf '%P\n' | LC_ALL=C sort | tr '\n' ' ')
}
without_contents() { # TAG TO: the image as an earlier version made it
    local config manifest
    mkdir -p old/blobs/sha256
    cp -r out/. old/
    config=$(image_config out "$1" | jq -c '.history |= map(if .comment then .comment |= (fromjson | del(.contents) | tojson) else . end)')
    printf '%s' "$config" >config.json
    manifest=$(image_manifest out "$1" | jq -c --arg digest "sha256:$(sha256_of config.json)" \
        --argjson size "$(stat -c %s config.json)" '.config.digest = $digest | .config.size = $size')
    cp config.json "old/blobs/sha256/$(sha256_of config.json)"
    printf '%s' "$manifest" >manifest.json
    cp manifest.json "old/blobs/sha256/$(sha256_of manifest.json)"
    jq --arg tag "$2" --arg digest "sha256:$(sha256_of manifest.json)" --argjson size "$(stat -c %s manifest.json)" \
        '.manifests += [.manifests[0] | .digest = $digest | .size = $size
            | .annotations["org.opencontainers.image.ref.name"] = $tag]' out/index.json >old/index.json
}

# One call or three, in any order: one image.
inject base:1 all acme/a acme/b acme/large
all=$digest
expect_eq 'LICENSE a.gguf b.bin l.bin sub/a.json sub/b.json ' "$(files all)"
inject base:1 steps acme/large
inject out:steps steps acme/b
inject out:steps steps acme/a
expect_eq "$all" "$digest" 'three calls'
"$TESTDATA/validate_image.sh" out all >/dev/null

# The records name the files, which is a format.
expect_json "$(image_config out all)" \
    '[.history[].comment // "" | select(contains("acme/a\"")) | fromjson | .contents] | add | map(sub("^[0-9a-f]{40} "; "GIT "))' \
    '["GIT LICENSE","GIT a.gguf","GIT sub/a.json"]'
expect_json "$(image_config out all)" \
    '[.history[].comment // "" | select(contains("large\"")) | fromjson | .contents // []] | add' \
    "[\"sha256:$(sha256_of bundle/rootfs/srv/models/l.bin) l.bin\"]"

# inspect and verify tell them apart, remove takes out one and leaves the file that both have.
expect_exit 0 "$INLAY" inspect oci:out:all --json
expect_json "$OUT" '[.models[] | [.name, .place, .files]]' \
    '[["acme/a","/srv/models",3],["acme/b","/srv/models",3],["acme/large","/srv/models",1]]'
expect_exit 0 "$INLAY" verify oci:out:all
expect_exit 0 "$INLAY" remove oci:out:all acme/a --to oci:out:less
expect_eq 'LICENSE b.bin l.bin sub/b.json ' "$(files less)"
expect_exit 0 "$INLAY" verify oci:out:less
inject base:1 pair acme/b acme/large
expect_eq "$digest" "$(tag_digest out less)" 'what is left of three, and two'
expect_exit 0 "$INLAY" remove oci:out:less acme/large acme/b --to oci:out:bare
expect_eq "$(image_manifest base 1 | jq -c .layers)" "$(image_manifest out bare | jq -c .layers)" 'the base again'

# What clashes is refused, both named: another content, a file for a folder, a folder for a file,
# places of which one is in the other, and places at or below a file.
clashes() { # IMAGE
    refused "'acme/clash@main' and 'acme/a', which the image has, would both write '/srv/models/LICENSE'" "$1" acme/clash "${dir[@]}"
    refused "'acme/file@main' and 'acme/a', which the image has, would both write '/srv/models/sub'" "$1" acme/file "${dir[@]}"
    refused "'acme/folder@main' and 'acme/a', which the image has, would both write '/srv/models/a.gguf'" "$1" acme/folder "${dir[@]}"
    refused "'acme/fat@main' and 'acme/large', which the image has" "$1" acme/fat "${dir[@]}"
    refused "'acme/b.json@main' and 'acme/b', which the image has" "$1" acme/b.json --layout dir --path /srv/models/sub
    for place in a.gguf a.gguf/deep; do
        refused "'acme/b.json@main' and 'acme/a', which the image has, would both write '/srv/models/a.gguf'" "$1" \
            acme/b.json --layout dir --path "/srv/models/$place"
    done
    refused "'acme/b.json@main' and 'acme/a', which the image has, would both write '/srv/models/a.gguf'" "$1" \
        acme/b.json --cache-dir /srv/models/a.gguf
    expect_exit 0 "$INLAY" inject "oci:$1" acme/b.json --to oci:out:beside --layout dir --path /srv/models2
}
clashes out:all
refused "'acme/a@main' and 'acme/clash@main' would both write '/srv/models/LICENSE'" base:1 acme/a acme/clash "${dir[@]}"
expect_exit 0 "$INLAY" inject oci:base:1 acme/b.json --to oci:out:inner --layout dir --path /srv/models/sub
refused "'acme/b@main' and 'acme/b.json', which the image has" out:inner acme/b "${dir[@]}"
# An image of an earlier version does not name the files: its layers are read.
without_contents all old
clashes old:old
without_contents pair old
inject old:old again acme/a
expect_json "$(image_config out again)" '[.history[].comment // "" | select(contains("acme/a"))] | length' 1
expect_eq 'LICENSE a.gguf b.bin l.bin sub/a.json sub/b.json ' "$(files again)"
# The folder that the Hub's cache has for a model is that model's alone; beside it there is room.
hub=/home/app/.cache/huggingface/hub
expect_exit 0 "$INLAY" inject oci:base:1 acme/a --to oci:out:cached
for place in models--acme--a "models--acme--a/snapshots/$(jq -r '.[0].commit' <<<"$("$INLAY" inspect oci:out:cached --json | jq -c .models)")"; do
    refused "$hub/models--acme--a is the folder of 'acme/a' in the cache, which the image has" out:cached acme/b \
        --layout dir --path "$hub/$place"
done
expect_exit 0 "$INLAY" inject oci:out:cached acme/b --to oci:out:beside --layout dir --path "$hub/plain"
expect_exit 0 "$INLAY" verify oci:out:beside
# Two names may be one folder elsewhere too.
expect_exit 0 "$INLAY" inject oci:base:1 st_x/y --to oci:out:st --layout sentence-transformers
refused "'st/x_y@main' and 'st_x/y', which the image has" out:st st/x_y --layout sentence-transformers

# "~" is the home of the image's user.
# shellcheck disable=SC2088 # not this shell's
expect_exit 0 "$INLAY" inject oci:base:1 acme/a --to oci:out:home --layout dir --path '~/m'
expect_contains "$ERR" 'place: /home/app/m'
unpack_image out home home
expect_eq '755 1000:1000' "$(stat -c '%a %u:%g' home/home/app/m)"
make_base root 1
expect_exit 0 "$INLAY" inject oci:root:1 acme/a --to oci:out:home --layout dir --path '~'
expect_contains "$ERR" 'place: /root'
expect_exit 6 "$INLAY" inject oci:root:1 acme/a --to oci:out:no --layout dir --path '~' --home /
expect_contains "$ERR" "'~' cannot be the model's folder"
# shellcheck disable=SC2088 # as above
for wrong in '~app/x' '~/../x' 'x/~'; do
    expect_exit 2 "$INLAY" inject oci:root:1 acme/a --to oci:out:no --layout dir --path "$wrong"
done
