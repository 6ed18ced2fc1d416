#!/bin/bash
# What a call changes in the environment is held against the models of earlier calls: they are found
# as before, or move along where the call names them too, or the call is refused.
. "$(dirname "$0")/../../testdata/lib.sh"

[ "$(id -u)" = 0 ] || exit 0 # buildah's chroot, and users other than one's own

start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{\"tiny\": 1}"},
    {"path": "model.safetensors", "synthetic": 2000000, "seed": 1}]}' \
    '{"id": "acme/other", "files": [{"path": "config.json", "text": "{\"other\": 1}"}]}' \
    '{"id": "acme/st", "files": [{"path": "modules.json", "text": "[]"},
        {"path": "config.json", "text": "{\"st\": 1}"}]}'
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
storage=(--root "$TEST_DIR/storage" --runroot "$TEST_DIR/run")
cd "$TEST_DIR" || exit
chmod 755 .
mkdir -p linked/home/app linked/data
ln -s /data linked/home/app/.cache
chown -hR 1000:1000 linked
chmod 750 linked/home/app
make_base plain 1 --user app
make_base linked 1 --user app --extra linked
make_base told 1 --user app --env HF_HOME=/opt/hf

inject() { # STATUS BASE-TAG TAG ARGUMENT...: into oci:out:TAG
    local status=$1 base=$2 tag=$3
    shift 3
    expect_exit "$status" "$INLAY" inject "oci:$base" "$@" --to "oci:out:$tag"
}

# Where the Hub's clients look in this environment, the first of these being set (their constants.py).
# shellcheck disable=SC2016 # the image's own shell expands it
looks='cache=${HF_HUB_CACHE-${HUGGINGFACE_HUB_CACHE-${HF_HOME-${XDG_CACHE_HOME-$HOME/.cache}/huggingface}/hub}}
model() { ls -d "$1/models--acme--$2/snapshots"/*/config.json >/dev/null && cat "$1/models--acme--$2/snapshots"/*/config.json; }
'
sees() { # TAG COMMAND EXPECTED: in a process of the image's user
    local container
    container=$(buildah "${storage[@]}" from --quiet "oci:out:$1")
    expect_exit 0 buildah "${storage[@]}" run "$container" -- sh -c "$looks$2"
    buildah "${storage[@]}" rm "$container" >/dev/null
    expect_eq "$3" "$OUT" "$1: $2"
}
# shellcheck disable=SC2016
both='model $cache tiny; model $cache other'

inject 0 plain:1 one acme/tiny
before=$(tag_digest out one)

# Each variable that moves the place is refused, and so is --cache-dir; the tag shows what it showed.
for moved in '--cache-dir /srv/models' '--env HF_HUB_CACHE=/srv/models' '--env HUGGINGFACE_HUB_CACHE=/srv/models' \
    '--env HF_HOME=/srv' '--env XDG_CACHE_HOME=/srv' '--env HOME=/srv' '--env HF_HOME=~/hf' \
    '--env SENTENCE_TRANSFORMERS_HOME=/srv/st' '--env TRANSFORMERS_CACHE=/srv/t' \
    '--layout dir --path /srv/other --env HF_HOME=/srv'; do
    # shellcheck disable=SC2086 # several words
    inject 6 out:one one acme/other $moved
    expect_contains "$ERR" "'acme/tiny' in /home/app/.cache/huggingface/hub"
    variable=${moved##* } && variable=${variable%%=*}
    [[ $variable != /* ]] || variable=HF_HUB_CACHE
    expect_contains "$ERR" "leave $variable as it is"
    expect_eq "$before" "$(tag_digest out one)"
done
expect_contains "$ERR" "'inlay remove' them and inject them after this call, with --layout huggingface"
inject 6 out:one one acme/other --layout dir --path /srv/other --env HF_HUB_CACHE=
expect_contains "$ERR" 'HF_HUB_CACHE= makes loaders look in their working directory, and not where'
inject 6 out:one one acme/other --cache-dir /srv/models
expect_contains "$ERR" 'HF_HUB_CACHE=/srv/models makes loaders look in /srv/models'
expect_contains "$ERR" 'name them in this call too'
expect_exit 6 "$INLAY" plan oci:out:one acme/other --cache-dir /srv/models
expect_exit 6 "$INLAY" layer acme/other --base oci:out:one --cache-dir /srv/models -o layer.tar

# Named in the call too, they move along: the image is what one call would have made.
inject 0 out:one both acme/tiny acme/other --cache-dir /srv/models
expect_contains "$ERR" "'acme/tiny' in /home/app/.cache/huggingface/hub moves along"
sees both "$both" '{"tiny": 1}{"other": 1}'
inject 0 plain:1 at-once acme/other acme/tiny --cache-dir /srv/models
expect_eq "$(tag_digest out at-once)" "$(tag_digest out both)" 'what has moved leaves nothing behind'
inject 0 out:one both acme/other acme/tiny --env SENTENCE_TRANSFORMERS_HOME=/srv/st
# shellcheck disable=SC2016
sees both "$both"'; model $SENTENCE_TRANSFORMERS_HOME tiny' '{"tiny": 1}{"other": 1}{"tiny": 1}'
# Then it is set, whatever is named later.
inject 0 plain:1 later acme/other --cache-dir /srv/models
inject 0 out:later later acme/tiny
expect_eq "$(tag_digest out at-once)" "$(tag_digest out later)" 'set by the first call'
inject 0 out:later later acme/st --env HF_HOME=/opt/hf # HF_HUB_CACHE decides still
sees later "$both" '{"tiny": 1}{"other": 1}'

# The other tools agree: what is taken out leaves the other where its variable leads.
expect_exit 0 "$INLAY" remove oci:out:at-once acme/tiny --to oci:out:left
# shellcheck disable=SC2016
sees left 'model $cache other' '{"other": 1}'
expect_exit 0 "$INLAY" verify oci:out:left
expect_exit 0 "$INLAY" remove oci:out:left acme/other --to oci:out:left
expect_json "$(image_config out left)" '.config.Env | map(select(startswith("HF_"))) | length' 0

# A variable that leads to where they are is as good as none: by name, by a link, and by '~'.
for same in HF_HUB_CACHE=/home/app/.cache/huggingface/hub HF_HOME=~/.cache/huggingface HOME=/home/app/ X=/srv HF_HOME=/home/app/.cache/huggingface; do
    [[ $same != HF_HOME=/root/* ]] || same='HF_HOME=~/.cache/huggingface'
    inject 0 out:one same acme/other --env "$same"
    expect_exit 0 "$INLAY" verify oci:out:same
done
sees same "$both" '{"tiny": 1}{"other": 1}'
inject 0 linked:1 links acme/tiny
inject 0 out:links links acme/other --cache-dir /data/huggingface/hub
sees links "$both" '{"tiny": 1}{"other": 1}'
inject 6 out:links links acme/other --env HF_HUB_CACHE=/data
# One that the base sets stays what it was; another one decides before it.
inject 0 told:1 told acme/tiny
inject 0 out:told told acme/other --env XDG_CACHE_HOME=/srv --env HF_HOME=/opt/hf
inject 6 out:told told acme/other --env HUGGINGFACE_HUB_CACHE=/opt/hf
expect_contains "$ERR" "'acme/tiny' in /opt/hf/hub"

# Those of another layout, by its own variables.
inject 0 plain:1 st acme/st --layout sentence-transformers
for moved in TORCH_HOME=/srv SENTENCE_TRANSFORMERS_HOME=/srv XDG_CACHE_HOME=relative; do
    inject 6 out:st st acme/other --env "$moved"
    [ "$moved" = XDG_CACHE_HOME=relative ] || expect_contains "$ERR" "'acme/st' in /home/app/.cache/torch/sentence_transformers"
done
inject 0 out:st st acme/other --cache-dir /srv/hub
expect_exit 0 "$INLAY" verify oci:out:st

# Another user or home is for who is started so: what is there stays where its own user finds it.
inject 0 out:one root acme/other --user root
expect_contains "$ERR" "'acme/tiny' stays in /home/app/.cache/huggingface/hub: containers that are started with the user root do not find it"
# shellcheck disable=SC2016
sees root 'model $cache tiny' '{"tiny": 1}'
inject 0 plain:1 home acme/tiny --home /opt/h
inject 0 out:home home acme/other
inject 6 out:home home acme/st --env HF_HOME=/srv
expect_contains "$ERR" "'acme/other' in /home/app/.cache/huggingface/hub"
expect_contains "$ERR" "'acme/tiny' in /opt/h/.cache/huggingface/hub"
inject 0 plain:1 root acme/tiny --user root
inject 6 out:root root acme/other --env HOME=/home/app
expect_contains "$ERR" "'acme/tiny' in /root/.cache/huggingface/hub"
