#!/bin/bash
# Whether an image's user can read its models: layers that other tools put above them, damaged
# layers, exchanged bases, users, platforms, and the Hub.
. "$(dirname "$0")/../../testdata/lib.sh"

c1=1111111111111111111111111111111111111111 c2=2222222222222222222222222222222222222222
files='[{"path": "config.json", "text": "{}"}, {"path": "1_Pooling/config.json", "text": "{}"},
    {"path": "modules.json", "text": "[]"}, {"path": "model.safetensors", "synthetic": 2000000, "seed": 1},
    {"path": "tf_model.h5", "synthetic": 2000, "seed": 2, "lfs": true}]'
start_hub '{"id": "acme/tiny", "commits": [{"name": "c1", "oid": "'$c1'", "files": '"$files"'}], "branches": {"main": "c1"}}' \
    '{"id": "acme/twice", "commits": [
      {"name": "c1", "oid": "'$c1'", "files": [{"path": "config.json", "text": "{\"v\":1}"}]},
      {"name": "c2", "oid": "'$c2'", "files": [{"path": "config.json", "text": "{\"v\":2}"}]}],
    "branches": {"main": "c2", "dev": "c1"}}' \
    '{"id": "acme/words", "type": "dataset", "files": [{"path": "train.csv", "text": "a,b\n"}]}'
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
cd "$TEST_DIR" || exit
cache=/home/app/.cache/huggingface/hub
model=$cache/models--acme--tiny
snapshot=$model/snapshots/$c1

good() { # the arguments of verify: nothing is wrong
    expect_exit 0 "$INLAY" verify --quiet "$@"
    expect_eq '' "$ERR" "stderr of: verify $*"
}
bad() { # SUMMARY VERIFY-ARGUMENT...
    local summary=$1
    shift
    expect_exit 7 "$INLAY" verify --quiet "$@"
    [[ $ERR != '{'* ]] || ERR="inlay: $(jq -r .error.message <<<"$ERR")"
    expect_eq "inlay: $summary" "$ERR" "stderr of: verify $*"
}

# A whole model: one line, and the last one.
make_base base 1 --user app --layers 3 --gzip
expect_exit 0 "$INLAY" inject oci:base:1 acme/tiny --to oci:out:1
good oci:out:1
expect_eq "linux/amd64: user 1000:1000 (line 2 of /etc/passwd) can read acme/tiny@1111111 offline at $model, 4 files, 2.0 MB
1 model: nothing is wrong" "$OUT"
# An image without models is none that can be deployed, unless that is said.
expect_exit 3 "$INLAY" verify --quiet oci:base:1
expect_eq 'no models' "$OUT"
expect_eq "inlay: 'oci:base:1' has no models that inlay has put in; if that is right, say --allow-none" "$ERR"
good oci:base:1 --allow-none
expect_eq 'no models' "$OUT"
good oci:base:1 --allow-none --json
expect_json "$OUT" '[.models, .findings, .demanded, .missing]' '[0,0,[],[]]'
good oci:out:1 --json
expect_eq 1 "$(wc -l <<<"$OUT")" 'lines of JSON'
expect_json "$OUT" '[.digest, .models, .wrong_models, .findings]' "[\"$(tag_digest out 1)\",1,0,0]"
expect_json "$OUT" '.platforms[0] | [.platform, .user.user, .user.uid, .user.home, .findings]' \
    '["linux/amd64","1000:1000",1000,"/home/app",[]]'
expect_json "$OUT" '.platforms[0].models[0] | [.kind, .name, .commit, .layout, .place, .path, .checked, .files, .findings, .notes]' \
    "[\"model\",\"acme/tiny\",\"$c1\",\"huggingface\",\"$cache\",\"$model\",true,4,[],[]]"

# above TAG: what the function `change` does in the unpacked image is a layer above, made by umoci.
above() {
    rm -rf bundle
    umoci unpack --image out:1 bundle 2>/dev/null
    (cd bundle/rootfs && change)
    umoci repack --image "out:$1" bundle 2>/dev/null
}
blob=$(printf '{}' | git hash-object --stdin)

change() { rm -r ".$model"; }
above hidden
bad '1 finding in 1 of 1 model' oci:out:hidden
expect_contains "$OUT" "linux/amd64: acme/tiny@1111111 at $model: 1 finding"
expect_eq 1 "$(grep -cE "^  - layer [0-9]+ of [0-9]+ removes '$model'$" <<<"$OUT")" 'lines of the whiteout'

change() { rm ".$model/blobs/$blob"; }
above dangling
bad '3 findings in 1 of 1 model' oci:out:dangling
expect_contains "$OUT" "removes '$model/blobs/$blob'"
expect_contains "$OUT" "the link '$snapshot/config.json' leads to '$model/blobs/$blob', which is not there"
bad '3 findings in 1 of 1 model' oci:out:dangling --json
expect_json "$OUT" '[.platforms[0].models[0].findings[].kind]' '["hidden","dangling-link","dangling-link"]'
expect_json "$OUT" '.platforms[0].models[0].findings[0].path' "\"$model/blobs/$blob\""

change() { chmod 0600 ".$model/blobs/$blob" && chown 0:0 ".$model/blobs/$blob"; }
above closed
bad '1 finding in 1 of 1 model' oci:out:closed
expect_contains "$OUT" "the user 1000:1000 cannot read '$model/blobs/$blob', which is 0600 0:0"
expect_contains "$OUT" "note: the user for whom 'inlay inject' puts a model in can read it: a layer above has changed that"
expect_lacks "$OUT" '--user'
bad '2 findings in 1 of 1 model' oci:out:closed --user 1234:1234 --home /home/app
expect_contains "$OUT" "note: for this user 'inlay inject' has --user 1234:1234 --home PATH, or --cache-dir PATH"
expect_lacks "$OUT" 'a layer above'
good oci:out:closed --user 0:0 --home /home/app
expect_contains "$OUT" "user 0:0 (--user) can read acme/tiny@1111111"

change() { chown 0:0 home/app && chmod 0700 home/app; }
above home
bad '1 finding in 1 of 1 model' oci:out:home
expect_contains "$OUT" "cannot enter '/home/app', which is 0700 0:0"
# Of what somebody did to the home above, only that counts: it can still be read.
change() { chmod 0775 home/app && chown 5:1000 home/app; }
above opened
good oci:out:opened

change() { printf '[]' >".$model/blobs/$blob"; }
above changed
bad '1 finding in 1 of 1 model' oci:out:changed
expect_contains "$OUT" "'$model/blobs/$blob', in layer "
expect_contains "$OUT" "has the digest $(printf '[]' | git hash-object --stdin), which is not its name"

change() { printf '%s\n' $c1 >".$model/refs/main"; }
above newline
bad '1 finding in 1 of 1 model' oci:out:newline
expect_contains "$OUT" "the ref '$model/refs/main', in layer"
expect_contains "$OUT" 'has a newline behind the commit'

change() { printf '%s' $c2 >".$model/refs/main"; }
above noref
bad '1 finding in 1 of 1 model' oci:out:noref
expect_contains "$OUT" "names the commit $c2, of which there is no snapshot"

change() { mkdir -p data && mv home/app/.cache/huggingface data/ && ln -s /data/huggingface home/app/.cache/huggingface; }
above moved
bad '2 findings in 1 of 1 model' oci:out:moved
expect_contains "$OUT" "the loader of the user 1000:1000 looks in '$cache', which is '/data/huggingface/hub', the model is in '$cache'"

change() { sed -i 's/^app:.*/app:x:1000:1000:app:\/srv:\/bin\/sh/' etc/passwd; }
above otherhome
bad '1 finding in 1 of 1 model' oci:out:otherhome
expect_contains "$OUT" "looks in '/srv/.cache/huggingface/hub', the model is in '$cache'"
change() { sed -i '/^app:/d' etc/passwd; }
above nouser
bad '1 finding in 1 of 1 model' oci:out:nouser
expect_contains "$OUT" "1 finding in the image itself"
expect_contains "$OUT" "the image's user 'app' is not in its /etc/passwd"
expect_contains "$OUT" 'nothing more is wrong with it'

# Models that have to be there: by name, commit, the name of a revision, layout, preset.
for model_text in acme/tiny hf://acme/tiny acme/tiny@main acme/tiny@1111111 acme/tiny@$c1 acme/tiny,layout=huggingface \
    'acme/tiny --layout vllm' acme/tiny,also=*.md,layout=infinity; do
    # shellcheck disable=SC2086 # options are words
    good oci:out:1 $model_text
    expect_contains "$OUT" '1 model: nothing is wrong'
done
lacks() { # TEXT MODEL-AND-OPTIONS: the one model is not there
    # shellcheck disable=SC2086 # options are words
    bad '1 of 1 model that is asked for is not there' oci:out:1 $2
    expect_contains "$OUT" "linux/amd64: $1"
    # shellcheck disable=SC2086
    bad '1 of 1 model that is asked for is not there' oci:out:1 $2 --json
    expect_json "$OUT" '[.findings, .wrong_models, (.missing | length), .platforms[0].missing[0].kind]' '[1,0,1,"not-baked"]'
}
lacks "'acme/other' is not there; the image has acme/tiny@1111111 (huggingface)" acme/other
lacks "'datasets/acme/tiny' is not there; the image has acme/tiny@1111111 (huggingface)" datasets/acme/tiny
lacks "'acme/tiny@v2' is not there; the image has acme/tiny@1111111 (huggingface)" acme/tiny@v2
lacks "'acme/tiny@2222222' is not there" acme/tiny@2222222
lacks "'acme/tiny@111' is not there" acme/tiny@111
lacks "'acme/tiny' is not there in the layout hf-hub; the image has acme/tiny@1111111 (huggingface)" acme/tiny,layout=hf-hub
lacks "'acme/tiny' is not there in the layout hf-hub" 'acme/tiny --layout hf-hub'
lacks "'dir:tiny' is not there" dir:tiny
lacks "'whisper:base' is not there in the layout whisper" whisper:base
good oci:out:1 acme/tiny acme/tiny@main --json
expect_json "$OUT" '[.demanded, .missing, .platforms[0].missing]' '[["acme/tiny","acme/tiny@main"],[],[]]'
bad '2 of 3 models that are asked for are not there' oci:out:1 acme/other acme/tiny dir:tiny
bad '1 finding in 1 of 1 model; 1 of 2 models that are asked for is not there' oci:out:hidden acme/other acme/tiny
bad '1 of 1 model that is asked for is not there' oci:base:1 acme/tiny
expect_contains "$OUT" "'acme/tiny' is not there; the image has no models"
usage() { # WORDS ARGUMENT...
    expect_exit 2 "$INLAY" verify oci:out:1 "${@:2}"
    expect_contains "$ERR" "$1"
}
usage "--allow-none is for images without models, and MODEL 'acme/tiny' has to be there" acme/tiny --allow-none
usage '--layout says for which loader a MODEL has to be there, and none is named' --layout hf-hub
usage "'wisper:base' is no preset" wisper:base
usage "MODEL: " acme/tiny/more
mkdir given && printf '{}' >given/config.json
expect_exit 0 "$INLAY" inject oci:base:1 dir:given --layout dir --path /srv/m --to oci:out:folder
good oci:out:folder dir:given
# Which models --hub does not compare is said.
good oci:out:folder --hub
expect_contains "$OUT" 'note: it is not compared with the Hub: it comes from elsewhere (folder)'
expect_lacks "$OUT" 'as the hub has it'
good oci:out:folder --hub --json
expect_json "$OUT" .compared.hub false
good oci:base:1 --hub --allow-none
expect_eq 'no models' "$OUT" 'of an image without any'
# The empty base is no image.
for command in verify scan inspect; do
    expect_exit 2 "$INLAY" $command scratch
    expect_eq "inlay: IMAGE 'scratch' is the empty base of 'inlay inject', and no image; name one" "$ERR"
done
good oci:out:folder dir:/elsewhere/given
expect_exit 0 "$INLAY" inject oci:base:1 dir:given --as acme/given --to oci:out:folder
good oci:out:folder dir:given,as=acme/given
good oci:out:folder acme/given
# Files of a layout without refs are known by their commit alone.
expect_exit 0 "$INLAY" inject oci:base:1 acme/tiny --layout sentence-transformers --to oci:out:old
good oci:out:old acme/tiny acme/tiny@1111111
bad '1 of 1 model that is asked for is not there' oci:out:old acme/tiny@main
# What is asked for has to be there on each platform.
expect_exit 0 "$INLAY" inject oci:base:1 acme/twice --to oci:out:other
entry() { jq -c --arg tag "$1" '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $tag)' out/index.json; }
jq -nc --argjson one "$(entry 1)" --argjson two "$(entry other)" '{schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json", manifests: [($one | .platform = {os: "linux", architecture: "amd64"}),
    ($two | .platform = {os: "linux", architecture: "arm64"})] | map(del(.annotations))}' >index
cp index "out/blobs/sha256/$(sha256_of index)"
bad '2 of 2 models that are asked for are not there' "oci:out:sha256:$(sha256_of index)" acme/tiny acme/twice
good "oci:out:sha256:$(sha256_of index)"

# What a Dockerfile does above, by buildah; and the environment.
storage=(--storage-driver overlay --root "$TEST_DIR/storage" --runroot "$TEST_DIR/run")
container=$(buildah "${storage[@]}" from --quiet oci:out:1)
buildah "${storage[@]}" run --isolation chroot --user 0:0 "$container" -- sh -c "rm -rf $model/snapshots && mkdir $model/snapshots && chmod 700 /home"
buildah "${storage[@]}" config --env HF_HUB_OFFLINE=0 "$container"
buildah "${storage[@]}" commit --quiet --format oci "$container" "oci:$TEST_DIR/out:buildah" >/dev/null
bad '3 findings in 1 of 1 model' oci:out:buildah
expect_contains "$OUT" "cannot enter '/home', which is 0700 0:0"
expect_contains "$OUT" "removes '$snapshot'"
expect_contains "$OUT" 'note: the image does not set HF_HUB_OFFLINE=1'
buildah "${storage[@]}" rm --all >/dev/null
buildah "${storage[@]}" rmi --all --force >/dev/null 2>&1 || true

# edited TAG CONFIG-FILTER MANIFEST-FILTER: the image of out:1 with other documents
edited() {
    local config
    image_config out 1 | jq -c "$2" >config
    config=$(sha256_of config)
    cp config "out/blobs/sha256/$config"
    image_manifest out 1 | jq -c --arg digest "sha256:$config" --argjson size "$(stat -c %s config)" \
        ".config.digest = \$digest | .config.size = \$size | $3" >manifest
    cp manifest "out/blobs/sha256/$(sha256_of manifest)"
    EDITED=oci:out:sha256:$(sha256_of manifest)
}
edited elsewhere '.config.Env += ["HF_HOME=/opt"]' .
bad '1 finding in 1 of 1 model' "$EDITED"
expect_contains "$OUT" "looks in '/opt/hub'"
edited volume '.config.Volumes = {"/home/app": {}}' .
good "$EDITED"
expect_contains "$OUT" "note: it lies in the image's volume '/home/app'"

# The base exchanged under the models: the folders are those of the old one.
mkdir -p rebased/home/app
chmod 700 rebased/home/app && chown 1000:1000 rebased/home/app
make_base base rebased --user app --layers 2 --gzip --extra rebased
layers=$(image_manifest base rebased | jq -c '[.layers[]]') ids=$(image_config base rebased | jq -c '.rootfs.diff_ids')
cp -n base/blobs/sha256/* out/blobs/sha256/
edited rebased ".rootfs.diff_ids = $ids + .rootfs.diff_ids[3:]" ".layers = $layers + .layers[3:]"
bad '1 finding in 1 of 1 model' "$EDITED"
expect_contains "$OUT" "changes '/home/app': it is 0750 1000:1000, the base has 0700 1000:1000"

# A layer that is damaged, missing, or not what its diff_id says; the others are still read.
cp -r out broken
weights=$(image_manifest broken 1 | jq -r '.layers[3].digest')
small=$(image_manifest broken 1 | jq -r '.layers[4].digest')
printf 'X' | dd of="$(blob_path broken "$weights")" bs=1 seek=100000 conv=notrunc 2>/dev/null
truncate -s -1 "$(blob_path broken "$small")"
bad '2 findings in 1 of 1 model' oci:broken:1
expect_contains "$OUT" '2 findings in the image itself'
expect_contains "$OUT" "layer 4 of 6: '$weights' has the digest"
expect_contains "$OUT" 'layer 5 of 6: '
expect_contains "$OUT" 'has 9727 bytes, its descriptor says 9728'
expect_contains "$OUT" 'is not checked'
rm "$(blob_path broken "$small")"
bad '2 findings in 1 of 1 model' oci:broken:1
expect_contains "$OUT" 'the image is not complete'
edited diff_id "(.rootfs.diff_ids[3] | .) as \$id | .rootfs.diff_ids[3] = \"sha256:$(printf '0%.0s' {1..64})\"
    | .history[].comment |= if . then gsub(\$id; \"sha256:$(printf '0%.0s' {1..64})\") else . end" .
bad '1 finding in 1 of 1 model' "$EDITED"
expect_contains "$OUT" 'unpacks to the digest'
# Squashed by a tool that kept the history: the models that it speaks of are not to be found.
edited squashed 'del(.rootfs.diff_ids[3:])' 'del(.layers[3:])'
bad '1 finding in an image without models' "$EDITED"
expect_contains "$OUT" "the image's history names a layer of inlay's that the image does not have"

# Both layouts, two revisions, a dataset; a link on the way is named.
mkdir -p links/var/people && mv bundle/rootfs/home/app links/var/people/app 2>/dev/null || mkdir -p links/var/people/app
rm -rf links/var/people/app/.cache && chown 1000:1000 links/var/people/app
ln -s /var/people links/home
make_base base links --user app --extra links
expect_exit 0 "$INLAY" inject oci:base:links acme/twice acme/twice@dev datasets/acme/words --to oci:out:many
expect_exit 0 "$INLAY" inject oci:out:many acme/tiny --layout sentence-transformers --to oci:out:many
good oci:out:many
expect_contains "$OUT" '4 models: nothing is wrong'
expect_eq 4 "$(grep -c '^linux/amd64: user 1000:1000 (line 2 of /etc/passwd) can read ' <<<"$OUT")" 'models that can be read'
expect_contains "$OUT" "datasets/acme/words@"
expect_contains "$OUT" "offline at $cache/models--acme--twice, 1 file,"
expect_contains "$OUT" '  note: this path leads to /var/people/app/.cache/huggingface/hub/models--acme--twice'
expect_contains "$OUT" "  note: it is found as 'dev' and by its commit: applications have to name that"
expect_contains "$OUT" 'offline at /home/app/.cache/torch/sentence_transformers/acme_tiny, 4 files'
rm -rf bundle && umoci unpack --image out:many bundle 2>/dev/null
rm bundle/rootfs/var/people/app/.cache/torch/sentence_transformers/acme_tiny/modules.json
printf 'x' >>bundle/rootfs/var/people/app/.cache/torch/sentence_transformers/acme_tiny/config.json
umoci repack --image out:many-changed bundle 2>/dev/null
bad '2 findings in 1 of 4 models' oci:out:many-changed
expect_contains "$OUT" "removes '/var/people/app/.cache/torch/sentence_transformers/acme_tiny/modules.json'"
expect_contains "$OUT" "has other content in '/var/people/app/.cache/torch/sentence_transformers/acme_tiny/config.json' than the model"

# Whatever the family and the compression, by whomever.
make_base base docker --docker --gzip
expect_exit 0 "$INLAY" inject oci:base:docker acme/tiny --to oci:out:docker
good oci:out:docker
expect_contains "$OUT" 'user 0:0 (the image has no user: root) can read acme/tiny@1111111 offline at /root/.cache/'
skopeo copy --quiet --insecure-policy --dest-compress --dest-compress-format zstd oci:out:1 oci:packed:1
expect_contains "$(image_manifest packed 1 | jq -r '.layers[-1].mediaType')" 'zstd'
good oci:packed:1

# A place of its own, for whatever user; and loaders that look where a variable says find a link.
expect_exit 0 "$INLAY" inject oci:base:1 acme/tiny --cache-dir /models --group-writable --to oci:out:open
good oci:out:open --user 4321
expect_contains "$OUT" 'user 4321:0 ('
expect_contains "$OUT" ') can read acme/tiny@1111111 offline at /models/models--acme--tiny, 4 files, 2.0 MB'
make_base base st --user app --env SENTENCE_TRANSFORMERS_HOME=/srv/st
expect_exit 0 "$INLAY" inject oci:base:st acme/tiny --to oci:out:st
good oci:out:st
expect_lacks "$OUT" 'note:'
rm -rf bundle && umoci unpack --image out:st bundle 2>/dev/null
rm bundle/rootfs/srv/st/models--acme--tiny
umoci repack --image out:st-changed bundle 2>/dev/null
bad '1 finding in 1 of 1 model' oci:out:st-changed
expect_contains "$OUT" "removes '/srv/st/models--acme--tiny'"
expect_contains "$OUT" 'note: the image sets SENTENCE_TRANSFORMERS_HOME=/srv/st: loaders that obey it do not find the model'

# A folder that somebody named, which others have files in as well.
mkdir -p shared/models/own && printf x >shared/models/own/x && chmod 600 shared/models/own/x
make_base base shared --user app --extra shared
expect_exit 0 "$INLAY" inject oci:base:shared acme/tiny --layout dir --path /models --to oci:out:dir
good oci:out:dir
expect_eq "linux/amd64: user 1000:1000 (line 2 of /etc/passwd) can read acme/tiny@1111111 offline at /models, 4 files, 2.0 MB
1 model: nothing is wrong" "$OUT"
good oci:out:dir --json
expect_json "$OUT" '.platforms[0].models[0] | [.layout, .place, .path, .canonical, .files, .size]' \
    '["dir","/models","/models","/models",4,2000006]'
good oci:out:dir --hub
rm -rf bundle && umoci unpack --image out:dir bundle 2>/dev/null
rm bundle/rootfs/models/modules.json
printf 'x' >>bundle/rootfs/models/config.json
chmod 600 bundle/rootfs/models/model.safetensors && chown 0:0 bundle/rootfs/models/model.safetensors
umoci repack --image out:dir-changed bundle 2>/dev/null
bad '3 findings in 1 of 1 model' oci:out:dir-changed
expect_contains "$OUT" "removes '/models/modules.json'"
expect_contains "$OUT" "has other content in '/models/config.json' than the model"
expect_contains "$OUT" "the user 1000:1000 cannot read '/models/model.safetensors', which is 0600 0:0"

# The Hub: what it has is the same, less what was left out; then it has something else.
good oci:out:1 --hub
expect_contains "$OUT" 'as the hub has it'
expect_contains "$OUT" '  note: 1 file of the Hub is not in the image: tf_model.h5'
good oci:out:many --hub
stop_server "$HUB_PID"
expect_exit 5 "$INLAY" verify --quiet oci:out:1 --hub
expect_contains "$ERR" "the image oci:out:1: asking the Hub for 'acme/tiny'"
expect_eq '' "$OUT" 'stdout'
good oci:out:1
start_hub '{"id": "acme/tiny", "commits": [{"name": "c1", "oid": "'$c1'", "files": [
    {"path": "config.json", "text": "{ }"}, {"path": "model.safetensors", "synthetic": 2000000, "seed": 7},
    {"path": "1_Pooling/config.json", "text": "[]"}]}], "branches": {"main": "c1"}}' \
    '{"id": "acme/twice", "commits": [{"name": "c2", "oid": "'$c2'", "files": [{"path": "config.json", "text": "{\"v\":2}"}]}],
    "branches": {"main": "c2"}}' \
    '{"id": "acme/words", "type": "dataset", "files": [{"path": "train.csv", "text": "a,b\n"}]}'
export HF_ENDPOINT=$HUB_URL
bad '4 findings in 1 of 1 model' oci:out:1 --hub
expect_contains "$OUT" "'config.json' has 2 bytes, the Hub's has 3"
expect_contains "$OUT" "'1_Pooling/config.json' has the digest $blob, the Hub's has $(printf '[]' | git hash-object --stdin)"
expect_contains "$OUT" "the Hub has no 'modules.json' at this commit"
expect_contains "$OUT" "'model.safetensors' has the digest sha256:"
bad '5 findings in 2 of 4 models' oci:out:many --hub
expect_contains "$OUT" "acme/twice@1111111 at $cache/models--acme--twice: 1 finding"

# Two platforms with an attestation in a registry: what they share is read once, and what is true of
# both is told once. Of the base only what is not remembered is read.
start_registry
make_base multi 1 --index --gzip --user app --layers 2
push_base multi 1 "$REGISTRY/app:1"
rm -rf "$XDG_CACHE_HOME"
expect_exit 0 "$INLAY" inject "$REGISTRY/app:1" acme/tiny --to "$REGISTRY/app:2" --quiet
gets() { # how often each of the layers of platform $1 was asked for since line $logged
    local layer
    for layer in $(skopeo inspect --raw --tls-verify=false "docker://$REGISTRY/app@$1" | jq -r '.layers[].digest'); do
        tail -n "+$((logged + 1))" "$REGISTRY_LOG" | grep 'inlay/' | grep -c "\"GET /v2/app/blobs/$layer" || true
    done | paste -sd ' '
}
platforms=$(skopeo inspect --raw --tls-verify=false "docker://$REGISTRY/app:2" | jq -r '.manifests[].digest')
logged=$(wc -l <"$REGISTRY_LOG")
good "$REGISTRY/app:2"
expect_eq "linux/amd64, linux/arm64: user 1000:1000 (line 2 of /etc/passwd) can read acme/tiny@1111111 offline at $model, 3 files, 2.0 MB
1 model: nothing is wrong" "$OUT"
for platform in $platforms; do
    expect_eq '0 0 1 1 1' "$(gets "$platform")" 'requests for each layer'
done
rm -rf "$XDG_CACHE_HOME"
logged=$(wc -l <"$REGISTRY_LOG")
good "$REGISTRY/app:2" --jobs 1
for platform in $platforms; do
    expect_eq '1 1 1 1 1' "$(gets "$platform")" 'requests for each layer without a memo'
done
# One of them is changed: each is told with its name.
arm=$(tail -n 1 <<<"$platforms")
pull_image "$REGISTRY/app:2" pulled 2
jq -c --arg digest "$arm" '.manifests[] | select(.digest == $digest)' "$(blob_path pulled "$(tag_digest pulled 2)")" >entry
jq -c --slurpfile entry entry '.manifests += [$entry[0] | .annotations = {"org.opencontainers.image.ref.name": "arm"} | del(.platform)]' \
    pulled/index.json >edited && mv edited pulled/index.json
umoci unpack --image pulled:arm bundle-arm 2>/dev/null
rm "bundle-arm/rootfs$model/refs/main"
umoci repack --image pulled:arm bundle-arm 2>/dev/null
jq -n --slurpfile index pulled/index.json --slurpfile was "$(blob_path pulled "$(tag_digest pulled 2)")" '$was[0]
    | .manifests[1] += ($index[0].manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == "arm") | {digest, size})' >index
cp index "pulled/blobs/sha256/$(sha256_of index)"
bad '1 finding in 1 of 1 model' "oci:pulled:sha256:$(sha256_of index)"
expect_contains "$OUT" 'linux/amd64: user 1000:1000 (line 2 of /etc/passwd) can read acme/tiny@1111111'
expect_contains "$OUT" "linux/arm64: acme/tiny@1111111 at $model: 1 finding"

# Names that are no UTF-8 or reach for the terminal.
change() { printf 'x' >".$model/blobs/$(printf 'a\033[2Jb\377')"; }
above strange
bad '1 finding in 1 of 1 model' oci:out:strange
expect_contains "$OUT" 'a?[2Jb'
expect_lacks "$OUT" $'\033'
bad '1 finding in 1 of 1 model' oci:out:strange --json
expect_json "$OUT" '.platforms[0].models[0].findings[0] | [.kind, (.path | explode[-1:])]' '["unexpected",[63]]'

# What goes wrong otherwise, in one line.
refuse() {
    local status=$1 part=$2
    shift 2
    expect_exit "$status" "$INLAY" verify --quiet "$@"
    expect_contains "$ERR" "$part" "the message of: verify $*"
    expect_eq 1 "$(wc -l <<<"$ERR")" "lines of: $ERR"
    expect_eq '' "$OUT" 'stdout'
}
refuse 2 'no IMAGE'
refuse 2 'MODEL: ' one a/b/c
refuse 2 "'--unknown'" one --unknown
refuse 2 'not an absolute path' one --home app
refuse 2 '--jobs' one --jobs 0
refuse 2 'lower case' Acme/App
refuse 3 "'9'" oci:out:9
refuse 5 'cannot connect' 127.0.0.1:1/x:1
stop_server "$REGISTRY_PID"
refuse 5 'cannot connect' "$REGISTRY/app:2"
make_base bad 1 --windows
refuse 6 'Windows' oci:bad:1
expect_exit 8 bash -c '"$0" "$@" >/dev/full' "$INLAY" verify --quiet oci:out:1

expect_exit 0 "$INLAY" verify --help-all
expect_contains "$OUT" 'Usage: inlay verify IMAGE'
expect_contains "$OUT" 'docker-daemon:NAME[:TAG]'
expect_contains "$OUT" 'http_proxy'
widest=$(awk '{ if (length > most) most = length } END { print most }' <<<"$OUT")
[ "$widest" -le 100 ] || fail "a line of help has $widest columns"

# What is wrong on two platforms in the same way is told once, and counts once; programs get each.
make_base two 1 --index --user app
expect_exit 0 "$INLAY" inject -q oci:two:1 acme/tiny --to oci:out:two
expect_exit 7 "$INLAY" verify -q oci:out:two --user 2000:2000 --home /home/app
count=$(grep -c '^  - ' <<<"$OUT")
[[ $ERR =~ ^"inlay: $count finding"s?" in 1 of 1 model"$ ]] || fail "$count findings are listed, and the last line is: $ERR"
expect_exit 7 "$INLAY" verify -q oci:out:two --user 2000:2000 --home /home/app --json
expect_json "$OUT" .findings "$((2 * count))"
