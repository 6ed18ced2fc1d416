#!/bin/bash
# --shared: the model lies in a folder that is the same in every image, so that images with other
# users and homes have its layers in common; the caches of these users hold links to it. The Hub's
# clients read both, and what they write is the user's or refused.
. "$(dirname "$0")/../../testdata/lib.sh"
readers=$TESTDATA/readers
cd "$TEST_DIR" || exit
chmod 755 "$TEST_DIR"

jq -n '{repos: [
    {id: "acme/tiny", commits: [
        {name: "c1", files: [{path: "config.json", text: "{}"}, {path: "1_Pooling/config.json", text: "[1]"},
            {path: "model.safetensors", synthetic: 2000000, seed: 1}]},
        {name: "c2", files: [{path: "config.json", text: "[]"}]}],
        branches: {main: "c1", next: "c2"}},
    {id: "acme/part", files: [{path: "config.json", text: "{}"}, {path: "model.safetensors", text: "x"},
        {path: "pytorch_model.bin", text: "y"}]},
    {id: "acme/words", type: "dataset", files: [{path: "train.csv", text: "a\n"}]},
    {id: "acme/later", files: [{path: "config.json", text: "later"}]},
    {id: "acme/st", files: [{path: "modules.json", text: "[]"}, {path: "config.json", text: "{}"}]}]}' >repos.json
start_hub "$TEST_DIR"
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
inject() { # BASE TAG ARGUMENT...
    expect_exit 0 "$INLAY" inject "oci:$1" "${@:3}" --to "oci:out:$2"
}
layers_of() { # TAG KIND: digests, by skopeo and the history
    paste <(image_config out "$1" | jq -r '.history[] | select(.empty_layer != true) | .comment // "{}" | fromjson? // {} | .kind // "base"') \
        <(skopeo inspect "oci:out:$1" | jq -r '.Layers[]') | awk -v kind="$2" '$1 == kind { print $2 }'
}

# Two bases, two users, two homes: all layers of the models in common, and the two that are apart.
make_base app 1 --user app
mkdir -p extra/srv/me
make_base other 1 --user 4321:4321 --env HOME=/srv/me --extra extra
inject app:1 app acme/tiny acme/tiny@next acme/part datasets/acme/words --shared
expect_contains "$ERR" 'place: /usr/share/models'
expect_contains "$ERR" 'links: in /home/app/.cache/huggingface/hub'
inject other:1 other acme/tiny acme/tiny@next acme/part datasets/acme/words --shared
expect_contains "$ERR" 'layer: small files of acme/tiny, '
expect_contains "$ERR" 'moved 0 B of model'
for kind in medium small; do
    [ -n "$(layers_of app $kind)" ] || fail "there is no layer of $kind files"
    expect_eq "$(layers_of app $kind)" "$(layers_of other $kind)" "layers of $kind files"
done
for kind in links folders; do
    [ -n "$(layers_of app $kind)" ] || fail "there is no layer of $kind"
    [ "$(layers_of app $kind)" != "$(layers_of other $kind)" ] || fail "$kind of two homes are the same"
done
expect_eq "links links links folders" "$(image_config out app | jq -r '.history[].comment // "{}" | fromjson? // {} |
    .kind // "base"' | tail -4 | xargs)" 'what a home decides on is on top'
for tag in app other; do
    "$TESTDATA/validate_image.sh" out $tag >/dev/null
    expect_exit 0 "$INLAY" verify "oci:out:$tag"
    expect_contains "$OUT" 'note: this path leads to /usr/share/models/models--acme--tiny'
    umoci unpack --image out:$tag $tag >/dev/null 2>&1 || fail 'umoci does not unpack'
    chmod 755 $tag $tag/rootfs
    expect_eq '755 0:0' "$(find $tag/rootfs/usr/share/models -type d -printf '%m %U:%G\n' | sort -u)"
    expect_eq '644 0:0' "$(find $tag/rootfs/usr/share/models -type f -printf '%m %U:%G\n' | sort -u)"
done
declare -A hubs=([1000]=$TEST_DIR/app/rootfs/home/app/.cache/huggingface/hub [4321]=$TEST_DIR/other/rootfs/srv/me/.cache/huggingface/hub)
expect_eq ../../../../../usr/share/models/models--acme--tiny "$(readlink "${hubs[1000]}/models--acme--tiny")"
expect_eq '755 4321:4321' "$(stat -c '%a %u:%g' "${hubs[4321]}/.locks/models--acme--tiny")"

# The real clients, as the images' users. There is nothing that they could not read, with the
# network and without; another model comes into the user's cache.
clients=(huggingface-hub-0.36 huggingface-hub-1.24 huggingface-hub-2.4)
declare -A installed
for reader in "${clients[@]}"; do
    install_reader "$reader"
    installed[$reader]=$READERS/$READER
done
run_as() { # UID READER COMMAND...
    local network=()
    [ "$offline" = 0 ] || network=(unshare --net)
    PYTHONPATH=${installed[$2]} "${network[@]}" setpriv --reuid="$1" --regid="$1" --clear-groups env -u XDG_CACHE_HOME \
        HOME="${hubs[$1]%/.cache/*}" HF_HUB_OFFLINE="$offline" HF_HUB_DISABLE_TELEMETRY=1 \
        HF_HUB_DISABLE_PROGRESS_BARS=1 PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "${@:3}" 2>"$TEST_DIR/reader.log"
}
cat >writes.py <<'PYTHON'
import sys
from huggingface_hub import hf_hub_download, snapshot_download
for what, call in {
    "another model": lambda: hf_hub_download("acme/later", "config.json"),
    "file of the commit": lambda: hf_hub_download("acme/tiny", "config.json"),
    "snapshot of the commit": lambda: snapshot_download("acme/tiny"),
    "file of another revision": lambda: hf_hub_download("acme/tiny", "config.json", revision=sys.argv[1]),
    "snapshot of another revision": lambda: snapshot_download("acme/tiny", revision=sys.argv[1]),
}.items():
    try:
        call()
        print(f"{what}: there")
    except Exception as error:
        print(f"{what}: {type(error).__name__}")
PYTHON
state() { (cd app/rootfs/usr/share/models && find . -printf '%p %m %l %T@\n' | sort); }
main=$(cat "${hubs[1000]}/models--acme--tiny/refs/main")
before=$(state)
for reader in "${clients[@]}"; do
    for uid in 1000 4321; do
        offline=1
        offline_lines=$(run_as $uid "$reader" "$readers/read_cache.py" "$main")
        expect_contains "$offline_lines" 'file: "{}"' "$reader"
        expect_contains "$offline_lines" 'snapshot of a branch: "config.json"' "$reader"
        expect_contains "$offline_lines" 'snapshot of a part: "config.json model.safetensors"' "$reader"
        expect_contains "$offline_lines" '["model", "acme/tiny", ["main", "next"]]]' "$reader"
        expect_eq 'file that is not there: LocalEntryNotFoundError' "$(grep Error <<<"$offline_lines")" "$reader"
        offline=0
        hub_control '{"clearLog": true}' >/dev/null
        run_as $uid "$reader" "$readers/read_cache.py" "$main" >online.txt
        expect_eq 'file that is not there: ' "$(grep Error online.txt | sed 's/[A-Za-z]*EntryNotFoundError//')" "$reader, online"
        expect_eq '' "$(hub_log '.requests[] | select(.method == "GET" and .kind != "api") | .path')" "what $reader fetched"
    done
done
# A revision that is not baked in: the user may not write into the shared folder, and is told so.
# What is there stays as it is.
inject app:1 one acme/tiny --shared
umoci unpack --image out:one one >/dev/null 2>&1
chmod 755 one one/rootfs
hubs[1000]=$TEST_DIR/one/rootfs/home/app/.cache/huggingface/hub
before_one=$(cd one/rootfs/usr/share/models && find . | sort)
offline=0
for reader in "${clients[@]}"; do
    expect_eq 'another model: there
file of the commit: there
snapshot of the commit: there
file of another revision: PermissionError
snapshot of another revision: PermissionError' "$(run_as 1000 "$reader" writes.py next)" "$reader"
    expect_file "${hubs[1000]}/models--acme--later"
    rm -rf "${hubs[1000]}/models--acme--later"
done
expect_eq "$before_one" "$(cd one/rootfs/usr/share/models && find . | sort)" 'what the user could write'
expect_eq "$before" "$(state)" 'what readers have changed'
hubs[0]=${hubs[1000]}
expect_lacks "$(run_as 0 "$reader" writes.py next)" Error "root writes there"

# Injected again: with and without --shared it is replaced, not stacked; a model that stays keeps
# its link; what is left after its removal is what the others alone are.
inject app:1 own acme/tiny
inject out:own there acme/tiny --shared
expect_eq "$(tag_digest out one)" "$(tag_digest out there)" 'from the home to the shared folder'
inject out:one back acme/tiny
expect_eq "$(tag_digest out own)" "$(tag_digest out back)" 'and back'
inject out:one moved acme/tiny --shared=/opt/m
inject app:1 fresh acme/tiny --shared=/opt/m
expect_eq "$(tag_digest out fresh)" "$(tag_digest out moved)" 'to another shared folder'
inject out:one both acme/part --shared
inject out:both both acme/later
expect_exit 0 "$INLAY" verify oci:out:both
expect_contains "$OUT" '3 models: nothing is wrong'
expect_exit 0 "$INLAY" inspect oci:out:both --json
expect_json "$OUT" '[.models[] | [.name, .place, .links]]' '[["acme/later","/home/app/.cache/huggingface/hub",[]],["acme/part","/usr/share/models",["/home/app/.cache/huggingface/hub"]],["acme/tiny","/usr/share/models",["/home/app/.cache/huggingface/hub"]]]'
expect_exit 0 "$INLAY" inspect oci:out:both
expect_contains "$OUT" '/usr/share/models, linked from /home/app/.cache/huggingface/hub'
expect_exit 0 "$INLAY" remove oci:out:both acme/tiny acme/later --to oci:out:left
inject app:1 alone acme/part --shared
expect_eq "$(tag_digest out alone)" "$(tag_digest out left)" 'what is left is what the other alone would be'
unpack_image out left left
[ ! -L left/home/app/.cache/huggingface/hub/models--acme--tiny ] || fail 'the link of a removed model'
inject out:one user acme/tiny --shared --user root
expect_contains "$ERR" "'acme/tiny' was linked from /home/app/.cache/huggingface/hub, and is now from /root/.cache/huggingface/hub alone"
# What leads away from models that stay is refused for these, too.
expect_exit 6 "$INLAY" inject oci:out:one acme/later --env HF_HUB_CACHE=/srv --to oci:out:no
expect_contains "$ERR" "'acme/tiny' in /usr/share/models"
inject out:one along acme/tiny --shared --env HF_HUB_CACHE=/srv/hub
inject app:1 straight acme/tiny --shared --env HF_HUB_CACHE=/srv/hub
expect_eq "$(tag_digest out straight)" "$(tag_digest out along)" 'it moves along'

# Variables that lead elsewhere; a folder that the loader looks in itself; links on the way.
make_base led 1 --user app --env SENTENCE_TRANSFORMERS_HOME=/opt/st
inject led:1 led acme/tiny --shared
unpack_image out led led
for there in opt/st home/app/.cache/huggingface/hub; do
    expect_file "led/$there/models--acme--tiny/refs/main"
    expect_eq '755 1000:1000' "$(stat -c '%a %u:%g' led/$there/.locks/models--acme--tiny)"
done
expect_eq "$(layers_of one small)" "$(layers_of led small)" 'links do not concern the model'
inject app:1 cache acme/tiny --shared --cache-dir /usr/share/models
unpack_image out cache cache-root
expect_eq '1000:1000' "$(stat -c '%u:%g' cache-root/usr/share/models/.locks/models--acme--tiny)"
expect_file cache-root/usr/share/models/models--acme--tiny/refs/main
expect_exit 0 "$INLAY" verify oci:out:cache
mkdir -p linked/usr/real linked/var/h
ln -s real linked/usr/share
make_base linked 1 --user app --extra linked
inject linked:1 linked acme/tiny --shared --home /var/h
expect_contains "$ERR" 'the base has links on the way: /usr/share/models is /usr/real/models'
expect_exit 0 "$INLAY" verify oci:out:linked --home /var/h
unpack_image out linked linked-root
expect_eq ../../../../../usr/real/models/models--acme--tiny "$(readlink linked-root/var/h/.cache/huggingface/hub/models--acme--tiny)"
# Another loader, whose folder is in one of its own.
inject app:1 st acme/st --shared --layout sentence-transformers
unpack_image out st st
expect_eq ../../../../../usr/share/models/sentence-transformers/acme_st "$(readlink st/home/app/.cache/torch/sentence_transformers/acme_st)"
expect_exit 0 "$INLAY" verify oci:out:st

# A link that is removed or leads elsewhere is found, and so is a folder of the base in its place.
change() { # TAG COMMAND...: in the cache of the unpacked image
    rm -rf bundle && umoci unpack --image out:one bundle >/dev/null 2>&1
    (cd bundle/rootfs/home/app/.cache/huggingface/hub && "${@:2}")
    umoci repack --image "out:$1" bundle >/dev/null 2>&1
    expect_exit 7 "$INLAY" verify "oci:out:$1"
    expect_contains "$OUT" "the loader of the user 1000:1000 looks at '/home/app/.cache/huggingface/hub/models--acme--tiny', which does not lead to the model in '/usr/share/models/models--acme--tiny'"
}
change gone rm models--acme--tiny
expect_contains "$OUT" "layer 6 of 6 removes '/home/app/.cache/huggingface/hub/models--acme--tiny'"
# An image that was built on this one has taken the link away: it does not come back by itself.
expect_exit 6 "$INLAY" inject oci:out:gone acme/later --to oci:out:no
expect_contains "$ERR" "layer 6 of 6 changes '/home/app/.cache/huggingface/hub/models--acme--tiny' of 'acme/tiny', which would be put on top of it again; name that model too"
inject out:gone again acme/tiny acme/later --shared
expect_exit 0 "$INLAY" verify oci:out:again
change changed ln -sfn ../models models--acme--tiny
expect_contains "$OUT" "layer 6 of 6 has another link '/home/app/.cache/huggingface/hub/models--acme--tiny' than the model"
mkdir -p taken/home/app/.cache/huggingface/hub/models--acme--tiny
make_base taken 1 --user app --extra taken
expect_exit 6 "$INLAY" inject oci:taken:1 acme/tiny --shared --to oci:out:no
expect_contains "$ERR" "the base has a '/home/app/.cache/huggingface/hub/models--acme--tiny' of its own, where a link to the shared model has to be"

# Layers by themselves: the links are an image's.
expect_exit 0 "$INLAY" layer acme/tiny --shared -o plain.tar
expect_json "$OUT" '[.layers[].kind]' '["medium","small"]'
expect_contains "$ERR" '--base IMAGE adds the layers with links and folders'
expect_lacks "$ERR" 'lies in a home'
expect_exit 0 "$INLAY" layer acme/tiny --shared --base oci:app:1 -o whole.tar
expect_json "$OUT" '[.layers[].kind]' '["medium","small","links","folders"]'
expect_eq "$(layers_of one links)" "sha256:$(sha256_of whole.3.tar)"
expect_exit 0 "$INLAY" plan oci:app:1 acme/tiny --shared --json
expect_json "$OUT" '.platforms[0] | [.places, .links, .owner]' '[["/usr/share/models"],["/home/app/.cache/huggingface/hub"],{"uid":0,"gid":0}]'
expect_json "$OUT" '[.layers[].kind]' '["medium","small","links","folders"]'

# What does not go together.
refuse() { # WORDS ARGUMENT...
    expect_exit 2 "$INLAY" inject oci:app:1 acme/tiny --to oci:out:no "${@:2}"
    expect_contains "$ERR" "$1"
}
refuse "--path names the model's folder already" --shared --layout dir --path /m
refuse '--shared leaves the models to root' --shared --owner 7
refuse "--shared 'models' is not an absolute path" --shared=models
refuse "--shared '/' cannot be a folder of models" --shared=/
refuse "--shared= has nothing behind '='" --shared=
