#!/bin/bash
# Where the files go and whose they are, when the caller or the image decides otherwise: --cache-dir,
# --owner, --group-writable, variables that lead some loaders elsewhere; and what an earlier run has
# noted of the base.
. "$(dirname "$0")/../../testdata/lib.sh"

start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"},
    {"path": "model.safetensors", "synthetic": 2000000, "seed": 1}]}' \
    '{"id": "acme/st", "files": [{"path": "modules.json", "text": "[]"},
        {"path": "config.json", "text": "{}"}]}' '{"id": "acme/other", "files": [{"path": "config.json", "text": "{ }"}]}'
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
cd "$TEST_DIR" || exit

# What `stat` says of a path below the model's place.
of() { stat -c "${3:-%a %u:%g}" "$1/$2"; }
snapshot() { # PLACE
    printf '%s/snapshots/%s' "$1" "$(cat "$1/refs/main")"
}

# --cache-dir names the place, and the image is told.
make_base plain 1 --user app
expect_exit 0 "$INLAY" inject oci:plain:1 acme/tiny --to oci:out:dir --cache-dir /srv//models/
expect_contains "$ERR" 'setting HF_HUB_CACHE=/srv//models/'
unpack_image out dir dir
expect_file "$(snapshot dir/srv/models/models--acme--tiny)/config.json"
expect_eq '755 0:0' "$(of dir srv)"
expect_eq '755 1000:1000' "$(of dir srv/models)"
expect_json "$(image_config out dir)" '.config.Env | map(select(startswith("HF_HUB_CACHE")))' \
    '["HF_HUB_CACHE=/srv//models/"]'
expect_exit 0 "$INLAY" inject oci:plain:1 acme/st --to oci:out:st --cache-dir /st \
    --layout sentence-transformers
expect_json "$(image_config out st)" '.config.Env | map(select(endswith("=/st")))' \
    '["SENTENCE_TRANSFORMERS_HOME=/st"]'
expect_exit 2 "$INLAY" inject oci:plain:1 acme/tiny --to oci:out:dir --cache-dir models
expect_contains "$ERR" "--cache-dir 'models' is not an absolute path"
# An image that looks there already is not told again.
make_base told 1 --env HF_HUB_CACHE=/m
expect_exit 0 "$INLAY" inject oci:told:1 acme/tiny --to oci:out:told --cache-dir /m --online
expect_json "$(image_config out told)" '.config.Env | length' 2

# A folder that a variable names is the user's, not only the cache in it: the Hub's client writes
# `modules/`, `token` and assets there. A place of its own leaves the folders above it to root.
user_writes() { # ROOT FOLDER
    chmod 755 "$TEST_DIR" "$1"
    setpriv --reuid=1000 --regid=1000 --clear-groups mkdir "$1/$2/modules" || fail "/$2 is not the user's"
}
for set in HF_HOME=/models/hf:/models/hf:/models XDG_CACHE_HOME=/var/cache/app:/var/cache/app:/var/cache; do
    IFS=: read -r variable folder above <<<"$set"
    make_base variable 1 --user app --env "$variable"
    expect_exit 0 "$INLAY" inject oci:variable:1 acme/tiny --to "oci:out:${variable%%=*}"
    unpack_image out "${variable%%=*}" "root-${variable%%=*}"
    expect_eq '755 1000:1000' "$(of "root-${variable%%=*}" "$folder")" "$variable"
    expect_eq '755 0:0' "$(of "root-${variable%%=*}" "$above")" "above $variable"
    user_writes "root-${variable%%=*}" "$folder"
done
# Two variables, one above the other: whose is the first decides, whatever the order.
make_base variable 1 --user app --env HF_HUB_CACHE=/opt/a/b/hub --env TRANSFORMERS_CACHE=/opt/a
expect_exit 0 "$INLAY" inject oci:variable:1 acme/tiny --to oci:out:nested
unpack_image out nested nested
user_writes nested opt/a
expect_eq '755 0:0' "$(of nested opt)"
make_base variable 1 --user app --env HF_HOME=/models
expect_exit 0 "$INLAY" inject oci:variable:1 acme/tiny --to oci:out:hub-first
expect_exit 0 "$INLAY" inject oci:out:hub-first acme/other --to oci:out:hub-first --layout dir --path /models/x
expect_exit 0 "$INLAY" inject oci:variable:1 acme/other --to oci:out:dir-first --layout dir --path /models/x
expect_exit 0 "$INLAY" inject oci:out:dir-first acme/tiny --to oci:out:dir-first
expect_eq "$(tag_digest out hub-first)" "$(tag_digest out dir-first)" 'the order of calls with two layouts'
unpack_image out hub-first hub-first
expect_eq '755 1000:1000' "$(of hub-first models)"

# --owner: the model's own files and folders, not those above them.
expect_exit 0 "$INLAY" inject oci:plain:1 acme/tiny --to oci:out:owner --owner 7
unpack_image out owner owner
place=home/app/.cache/huggingface/hub
expect_eq '755 7:7' "$(of owner $place/models--acme--tiny/blobs)"
expect_eq '755 1000:1000' "$(of owner $place)"
expect_eq '750 1000:1000' "$(of owner home/app)"
expect_exit 0 "$INLAY" inject oci:plain:1 acme/tiny --to oci:out:owner --owner 7:8
unpack_image out owner owner2
expect_eq '7:8' "$(of owner2 $place/models--acme--tiny/refs/main %u:%g)"
for wrong in '' x 1: :1 1:x -1 4294967296; do
    expect_exit 2 "$INLAY" inject oci:plain:1 acme/tiny --to oci:out:no --owner "$wrong"
    expect_contains "$ERR" 'UID[:GID]'
done

# --group-writable: group 0 writes, also in the folders that were made.
expect_exit 0 "$INLAY" inject oci:plain:1 acme/tiny --to oci:out:group --group-writable
expect_contains "$ERR" 'group 0 may not enter /home/app'
unpack_image out group group
expect_eq '775 1000:0' "$(of group $place)"
expect_eq '775 1000:0' "$(of group $place/models--acme--tiny)"
expect_eq '664 1000:0' "$(of group $place/models--acme--tiny/refs/main)"
expect_eq '750 1000:1000' "$(of group home/app)"
expect_exit 0 "$INLAY" inject oci:plain:1 acme/tiny --to oci:out:group --group-writable --owner 5:0 \
    --cache-dir /models
expect_lacks "$ERR" 'may not enter'
unpack_image out group group2
expect_eq '664 5:0' "$(of group2 models/models--acme--tiny/refs/main)"
expect_exit 2 "$INLAY" inject oci:plain:1 acme/tiny --to oci:out:no --group-writable --owner 5
expect_contains "$ERR" '--owner 5:0'
# The home of a random user is known by the environment alone.
expect_exit 0 "$INLAY" inject oci:plain:1 acme/tiny --to oci:out:group --group-writable
expect_contains "$ERR" 'set it with --env HOME=/home/app'

# Loaders that are led elsewhere find the model behind a link.
mkdir -p extra/opt/real/st
ln -s real/st extra/opt/st
make_base elsewhere 1 --extra extra --user app --env SENTENCE_TRANSFORMERS_HOME=/opt/st \
    --env TRANSFORMERS_CACHE=/home/app/tc --env PYTORCH_TRANSFORMERS_CACHE=relative
expect_exit 0 "$INLAY" inject oci:elsewhere:1 acme/tiny --to oci:out:links
"$TESTDATA/validate_image.sh" out links >/dev/null
expect_contains "$ERR" 'SENTENCE_TRANSFORMERS_HOME=/opt/st: applications that obey it find the model there behind a link'
expect_contains "$ERR" 'PYTORCH_TRANSFORMERS_CACHE=relative: applications that obey it look there and not in'
unpack_image out links links
expect_eq ../../../$place/models--acme--tiny "$(readlink links/opt/real/st/models--acme--tiny)"
expect_eq ../.cache/huggingface/hub/models--acme--tiny "$(readlink links/home/app/tc/models--acme--tiny)"
for there in opt/st home/app/tc; do
    expect_eq '{}' "$(cat "$(snapshot links/$there/models--acme--tiny)/config.json")"
    expect_eq '755 1000:1000' "$(of links $there/.locks/models--acme--tiny)"
done
expect_eq '755 1000:1000' "$(of links home/app/tc)"
expect_eq real/st "$(readlink links/opt/st)"
# They go with the model, and its neighbour keeps its own.
expect_exit 0 "$INLAY" inject oci:out:links acme/other --to oci:out:both
expect_exit 0 "$INLAY" inject oci:elsewhere:1 acme/other --to oci:out:alone
expect_exit 0 "$INLAY" remove oci:out:both acme/tiny --to oci:out:left
expect_eq "$(tag_digest out alone)" "$(tag_digest out left)" 'what is left is what the other alone would be'
unpack_image out left left
expect_no_file left/opt/st/models--acme--tiny
expect_file left/opt/st/models--acme--other
# A folder of the base in that place is left alone.
mkdir -p own/opt/st/models--acme--tiny
make_base own 1 --extra own --env SENTENCE_TRANSFORMERS_HOME=/opt/st
expect_exit 0 "$INLAY" inject oci:own:1 acme/tiny --to oci:out:own
expect_contains "$ERR" "the base has a '/opt/st/models--acme--tiny' of its own"
unpack_image out own own-root
expect_eq directory "$(of own-root opt/st/models--acme--tiny %F)"
# A whiteout below such a place is one on the model's way, too.
mkdir -p gone-below/opt/st gone/opt
touch gone-below/opt/st/x gone/opt/.wh.st
make_base removed-below 1 --extra gone-below
make_base removed 1 --extra gone --env SENTENCE_TRANSFORMERS_HOME=/opt/st
expect_exit 0 "$INLAY" inject oci:removed:1 acme/tiny --to oci:out:removed
unpack_image out removed removed-root
expect_file removed-root/opt/st/models--acme--tiny/refs/main

# What was learned of a base is in the image: another machine reads none of its layers.
start_registry
mkdir -p deep/home/app/.cache/huggingface/hub/models--old--one
chown -R 1000:1000 deep/home/app
chmod 750 deep/home/app
make_base base 1 --gzip --user app --layers 3 --extra deep
push_base base 1 "$REGISTRY/app:1"
fetched() { grep -c '"GET /v2/app/blobs/' "$REGISTRY_LOG" || true; }
configs() { # COMMAND...: blobs that it fetches
    local before
    before=$(fetched)
    rm -rf "$XDG_CACHE_HOME"
    expect_exit 0 "$@"
    configs=$(($(fetched) - before))
}
configs "$INLAY" inject "$REGISTRY/app:1" acme/tiny --to "$REGISTRY/app:2"
[ "$configs" -gt 2 ] || fail 'the first run read no layer'
first=$OUT
configs "$INLAY" inject "$REGISTRY/app:1" acme/tiny --to "$REGISTRY/app:2"
expect_eq 2 "$configs" 'the same again: the configs of base and target'
expect_eq "$first" "$OUT"
configs "$INLAY" inject "$REGISTRY/app:2" acme/tiny --to "$REGISTRY/app:3" --trust-records all
expect_eq 1 "$configs" 'from the image itself, to a new tag: its config'
expect_eq "${first#*@}" "${OUT#*@}"
configs "$INLAY" inject "$REGISTRY/app:2" acme/tiny --to "$REGISTRY/app:4"
expect_eq 4 "$configs" 'the same, of which no record is believed: its config and the layers that it says are inlay'"'"'s'
expect_eq "${first#*@}" "${OUT#*@}"
configs "$INLAY" inject "$REGISTRY/app:2" acme/tiny acme/other --to "$REGISTRY/app:both"
both=${OUT#*@}
configs "$INLAY" inject "$REGISTRY/app:1" acme/other acme/tiny --to "$REGISTRY/app:both"
expect_eq 2 "$configs" 'both again'
expect_eq "$both" "${OUT#*@}" 'both, in whatever order they came'
# Another base below the same tag is another matter.
make_base base 2 --gzip --user app --layers 4 --extra deep
push_base base 2 "$REGISTRY/app:1"
configs "$INLAY" inject "$REGISTRY/app:1" acme/tiny --to "$REGISTRY/app:2"
[ "$configs" -gt 2 ] || fail 'a base with other layers was not read'
# A record that somebody spoiled is as if there were none.
expect_eq '750 1000:1000' "$(unpack_image base 2 r2 && of r2 home/app)"

# --- what is refused, and what is said of it ---

# The layout `dir` writes plain files where it is told, and into nothing that is there as a file.
expect_exit 0 "$INLAY" inject oci:plain:1 acme/tiny --to oci:out:plain --layout dir --path /srv/models
unpack_image out plain plain-root
expect_eq '{}' "$(cat plain-root/srv/models/config.json)"
expect_json "$(image_config out plain)" '.config.Env | map(select(startswith("HF_HUB"))) | length' 0
expect_exit 6 "$INLAY" inject oci:plain:1 acme/tiny --to oci:out:no --layout dir --path /etc/passwd
expect_contains "$ERR" "'/etc/passwd' is a file in the base"
expect_exit 6 "$INLAY" inject oci:out:plain acme/other --to oci:out:no --layout dir --path /srv/models
expect_contains "$ERR" "'acme/other@main' and 'acme/tiny', which the image has, would both write '/srv/models/config.json'"
expect_exit 0 "$INLAY" inject oci:out:plain acme/other --to oci:out:two --layout dir --path /srv/other
for wrong in '--layout dir' '--path /x' '--layout dir --path x' '--layout dir --path /a/../b' \
    '--layout dir --path /x --cache-dir /y' '--cache-dir /x --env HF_HUB_CACHE=/y'; do
    # shellcheck disable=SC2086 # several words
    expect_exit 2 "$INLAY" inject oci:plain:1 acme/tiny --to oci:out:no $wrong
done
mkdir -p closed/srv/models inway/home/app/.cache/huggingface/hub/models--acme--tiny
chmod 700 closed/srv/models
echo base >closed/srv/models/config.json
chown -R 1000:1000 inway/home/app
chmod 750 inway/home/app
touch inway/home/app/.cache/huggingface/hub/models--acme--tiny/refs
make_base closed 1 --extra closed --user app
expect_exit 0 "$INLAY" inject oci:closed:1 acme/tiny --to oci:out:closed --layout dir --path /srv/models
expect_contains "$ERR" 'the user 1000:1000 may not enter /srv/models, which is 0700 0:0'
expect_contains "$ERR" "the model replaces the base's '/srv/models/config.json'"
make_base inway 1 --extra inway --user app
expect_exit 6 "$INLAY" inject oci:inway:1 acme/tiny --to oci:out:no
expect_contains "$ERR" "refs' is a file in the base"

# Options that make the place another than the image's processes will look in.
expect_exit 0 "$INLAY" inject oci:plain:1 acme/tiny --to oci:out:other --home /opt/h
expect_contains "$ERR" 'home /opt/h (--home)'
expect_contains "$ERR" 'the image does not set HOME'
expect_exit 0 "$INLAY" inject oci:plain:1 acme/tiny --to oci:out:other --user root
expect_contains "$ERR" "user: 0:0 (--user)"
expect_contains "$ERR" "the image itself runs as 'app'"
# The same user by number, with the home that the base's /etc/passwd has for it, is no other.
for same in 'app' '1000' '1000:1000' 'app:1000'; do
    expect_exit 0 "$INLAY" inject oci:plain:1 acme/tiny --to oci:out:same --user "$same" --home /home/app
    expect_lacks "$ERR" warning
done
expect_exit 0 "$INLAY" inject oci:out:same acme/tiny --to oci:out:same --user 1000:1000 --home /home/app
expect_lacks "$ERR" warning
expect_exit 0 "$INLAY" inject oci:plain:1 acme/tiny --to oci:out:other --user 0:0 --home /root
expect_contains "$ERR" "the image itself runs as 'app'"
expect_lacks "$ERR" 'does not set HOME'
expect_exit 0 "$INLAY" inject oci:plain:1 acme/tiny --to oci:out:other --user 1000:1001 --home /opt/h
expect_contains "$ERR" "the image itself runs as 'app'"
expect_contains "$ERR" 'the image does not set HOME'
expect_exit 6 "$INLAY" inject oci:plain:1 acme/tiny --to oci:out:no --user nobody-there
expect_contains "$ERR" '--user'
expect_exit 0 "$INLAY" inject oci:plain:1 acme/tiny --to oci:out:other --cache-dir /proc/models
expect_contains "$ERR" 'containers, which mount /proc anew'

# A volume hides the model wherever links of the base lead: the place's, and the volume's own.
mkdir -p home-link/home home-link/data/app volume-link/data
ln -s /data/app home-link/home/app
ln -s data volume-link/vol
chown 1000:1000 home-link/data/app
ln -s vol/hub volume-link/models
volumes() { # BASE VOLUME: what inject, plan and verify say of the volume that hides the model
    expect_exit 0 "$INLAY" inject "oci:$1:1" acme/tiny --to oci:out:volume
    expect_contains "$ERR" "lies in the image's volume $2: each container will copy"
    expect_exit 0 "$INLAY" plan "oci:$1:1" acme/tiny
    expect_contains "$ERR" "lies in the image's volume $2: each container will copy"
    expect_exit 0 "$INLAY" verify oci:out:volume
    expect_contains "$OUT" "lies in the image's volume $2: what is mounted there hides it"
}
make_base in-place 1 --extra home-link --user app --volume /data/
volumes in-place "'/data/'"
make_base in-volume 1 --extra volume-link --env HF_HUB_CACHE=/data/hub --volume /else --volume /vol/
volumes in-volume "'/vol/', which is '/data'"
make_base in-both 1 --extra volume-link --env HF_HUB_CACHE=/models --volume /vol
volumes in-both "'/vol', which is '/data'"
# What only holds a link to where the model is, or is a file, hides nothing.
make_base beside 1 --extra home-link --user app --volume /home --volume /etc/passwd/x --volume /dat
expect_exit 0 "$INLAY" inject oci:beside:1 acme/tiny --to oci:out:volume
expect_lacks "$ERR" "image's volume"
expect_exit 0 "$INLAY" verify oci:out:volume
expect_lacks "$OUT" "image's volume"

# A variable that leads into the cache itself, or to a file, gives no link and no failure.
place=/home/app/.cache/huggingface/hub
make_base inside 1 --user app --env TRANSFORMERS_CACHE=$place/models--acme--tiny --env SENTENCE_TRANSFORMERS_HOME=/etc/passwd
expect_exit 0 "$INLAY" inject oci:inside:1 acme/tiny --to oci:out:inside
expect_contains "$ERR" "which lies in $place itself"
expect_contains "$ERR" 'no link to the model from /etc/passwd'
"$TESTDATA/validate_image.sh" out inside >/dev/null

# In whatever order: variables are sorted, and what one model made open stays so.
expect_exit 0 "$INLAY" inject oci:plain:1 acme/tiny --to oci:out:ab --env X=1 --group-writable
expect_exit 0 "$INLAY" inject oci:out:ab acme/other --to oci:out:ab --env A=2
expect_exit 0 "$INLAY" inject oci:plain:1 acme/other --to oci:out:ba --env A=2
expect_exit 0 "$INLAY" inject oci:out:ba acme/tiny --to oci:out:ba --env X=1 --group-writable
expect_eq "$(tag_digest out ab)" "$(tag_digest out ba)" 'the order of calls'
unpack_image out ab ab
expect_eq '775 1000:0' "$(of ab "$place")"
# A base that has changed below inlay's layers is asked again.
expect_exit 0 "$INLAY" inject oci:plain:1 acme/tiny --to oci:out:under
mkdir -p people/etc
sed 's/^app:x:1000:1000/app:x:2000:2000/' plain-root/etc/passwd >people/etc/passwd
make_base changed 1 --user app --extra people
expect_exit 0 "$INLAY" inject oci:changed:1 acme/other --to oci:out:under --home /home/app
expect_contains "$ERR" 'user: 2000:2000'
expect_exit 0 "$INLAY" inject oci:out:under acme/tiny --to oci:out:under
expect_contains "$ERR" 'user: 2000:2000'
