#!/bin/bash
# The layers alone are those of `inlay inject`, and another tool makes a working image of them.
. "$(dirname "$0")/../../testdata/lib.sh"

start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"},
      {"path": "model.safetensors", "synthetic": 70000000, "seed": 1},
      {"path": "onnx/model.onnx", "synthetic": 2000000, "seed": 2}]}' \
    '{"id": "acme/small", "files": [{"path": "a/b.json", "text": "{}"},
      {"path": "modules.json", "text": "[]"}]}' \
    '{"id": "acme/wrong", "files": [{"path": "config.json", "text": "{}"},
      {"path": "model.safetensors", "synthetic": 2000000, "seed": 3}]}'
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
chmod 755 "$TEST_DIR"
cd "$TEST_DIR" || exit
make_base base 1 --index --user app --layers 3

layer() { # ARGUMENT...: sets $RESULT
    expect_exit 0 "$INLAY" layer "$@"
    RESULT=$OUT
}
# Each file is what the document says of it, and all are plain tars: files DOCUMENT
files() {
    local path digest
    while read -r path digest; do
        expect_eq "$digest" "sha256:$(sha256_of "$path")" "the digest of $path"
    done < <(jq -r '.layers[] | "\(.path) \(.digest)"' <<<"$1")
    expect_json "$1" '[.layers[] | .diff_id == .digest and .media_type == "application/vnd.oci.image.layer.v1.tar"] | unique' '[true]'
    expect_json "$1" '[.layers[].size] | add' "$(jq -r '.layers[].path' <<<"$1" | xargs stat -Lc %s | jq -s add)"
}
# The last layers of an image, as a document of layers has them
layers_of() { image_manifest "$1" "$2" "$3" | jq -c --argjson count "$4" '[.layers[-$count:][] | [.digest, .size]]'; }
nothing_left() { expect_eq '' "$(find . -name '.inlay-*')" 'what is left'; }
fetched() { hub_log '[.requests[] | select(.path | test("/resolve/"))] | length'; }

# For an image: the layers that inject adds to it, the folders' included, in its order.
layer acme/small acme/tiny -o app.tar --base oci:base:1 --platform arm64 --all-files
files "$RESULT"
expect_exit 0 "$INLAY" inject oci:base:1 acme/tiny acme/small --to oci:out:1 --all-files
expect_json "$RESULT" '[.layers[] | [.digest, .size]]' "$(layers_of out 1 arm64 5)"
expect_json "$RESULT" '[.layers[] | [.path, .kind, .model]]' \
    '[["app.1.tar","small","acme/small"],["app.2.tar","large","acme/tiny"],["app.3.tar","medium","acme/tiny"],["app.4.tar","small","acme/tiny"],["app.5.tar","folders",null]]'
expect_json "$RESULT" '.environment' '["HF_HUB_OFFLINE=1"]'
expect_json "$RESULT" '[.layers[].recipe]' \
    "$(image_manifest out 1 arm64 | jq -c '[.layers[-5:][].annotations["dev.inlay.recipe"]]')"
nothing_left

# umoci appends them, and the user finds both models where the Hub's client looks, in a home that
# is as the base has it.
expect_exit 0 "$INLAY" copy oci:base:1 oci:appended:1 --platform arm64
for path in $(jq -r '.layers[].path' <<<"$RESULT"); do
    umoci raw add-layer --image appended:1 "$path" || fail "umoci does not append $path"
done
expect_eq "$(jq -c '[.layers[].diff_id]' <<<"$RESULT")" \
    "$(image_config appended 1 | jq -c '.rootfs.diff_ids[-5:]')" 'the diff_ids that umoci finds'
umoci unpack --image appended:1 bundle >/dev/null || fail 'umoci does not unpack the image'
unpack_image base 1 plain arm64
for folder in /home/app /root; do
    expect_eq "$(stat -c '%a %u:%g' "plain$folder")" "$(stat -c '%a %u:%g' "bundle/rootfs$folder")" "$folder"
done
expect_eq '755 1000:1000' "$(stat -c '%a %u:%g' bundle/rootfs/home/app/.cache)" '.cache'
chmod 755 bundle
as_app() { setpriv --reuid=1000 --regid=1000 --clear-groups sh "$TEST_DIR/read_cache.sh" "$@"; }
cp "$TESTDATA/read_cache.sh" . && chmod 755 read_cache.sh
hub=$TEST_DIR/bundle/rootfs/home/app/.cache/huggingface/hub
as_app "$hub" acme/tiny main config.json model.safetensors onnx/model.onnx >/dev/null
as_app "$hub" acme/small main a/b.json >/dev/null
as_app --verify "$hub" >/dev/null

# Links of the image are followed, and what it removes is stated below the model's other layers.
mkdir -p link/data link/root gone/root
ln -s /data link/root/.cache
mkdir old && mkdir -p old/root/.cache && touch old/root/.cache/x gone/root/.wh..cache
make_base linked 1 --extra link
make_base removed 1 --extra old --extra gone
for base in linked removed; do
    layer acme/small -o "$base.tar" --base "oci:$base:1"
    files "$RESULT"
    expect_exit 0 "$INLAY" inject "oci:$base:1" acme/small --to "oci:out:$base"
    expect_json "$RESULT" '[.layers[] | [.digest, .size]]' "$(layers_of out $base amd64 "$(jq '.layers | length' <<<"$RESULT")")"
    expect_eq "$(jq '.layers | length' <<<"$RESULT")" "$(($(image_manifest out $base | jq '.layers | length') \
        - $(image_manifest $base 1 | jq '.layers | length')))" "layers for $base"
done
expect_json "$RESULT" '[.layers[].kind]' '["way","small","folders"]'
expect_contains "$(tar -tf linked.1.tar)" 'data/huggingface/hub/models--acme--small/refs/main'

# For none: the models' own, those of an image whose user is root.
layer acme/tiny -o own.tar --layout dir --path /models/tiny
files "$RESULT"
expect_exit 0 "$INLAY" inject scratch acme/tiny --to oci:out:2 --layout dir --path /models/tiny
expect_json "$RESULT" '[.layers[] | [.digest, .size]]' "$(layers_of out 2 amd64 3 | jq -c '.[:-1]')"
expect_json "$RESULT" '[.layers[].path]' '["own.1.tar","own.2.tar"]'
expect_json "$RESULT" '.environment' '[]'
expect_lacks "$ERR" 'warning'

# The options decide on place and owner as they do for inject.
same() { # OPTION...
    layer acme/small -o same.tar "$@"
    expect_exit 0 "$INLAY" inject scratch acme/small --to oci:out:3 "$@"
    expect_json "$RESULT" '[.layers[] | [.path, .digest, .size]]' "$(layers_of out 3 amd64 2 | jq -c '[["same.tar"] + .[0]]')"
    expect_json "$RESULT" '.environment' "$(image_config out 3 | jq -c .config.Env)"
}
same --home /srv/app --owner 1000:1000
same --user 1000:1000 --cache-dir /models --group-writable
same --env HF_HOME=/opt/hf --env HF_HUB_OFFLINE=0
same --layout sentence-transformers --env HOME=/x --platform arm64 --include '*.json'

# Through a pipe: one layer, and the document beside it.
"$INLAY" layer -q acme/small -o - --cache-dir /models 2>said | tee piped.tar | tar -tf - >list
expect_contains "$(cat list)" 'models/models--acme--small/refs/main'
expect_json said '[.layers[] | [.path, .digest, .size]]' "[[\"-\",\"sha256:$(sha256_of piped.tar)\",$(stat -c %s piped.tar)]]"
before=$(fetched)
expect_exit 2 "$INLAY" layer acme/tiny -o -
expect_eq '' "$OUT" 'standard output'
expect_contains "$ERR" 'there are 2 layers, and standard output takes one'
expect_contains "$ERR" "'-o FILE'"
expect_eq "$before" "$(fetched)" 'files that were fetched'
expect_exit 8 bash -c '"$0" layer acme/small -q -o - >/dev/full' "$INLAY"
expect_contains "$ERR" 'writing to standard output: No space left on device'
expect_exit 8 bash -c '"$0" layer acme/small -q -o told.tar >/dev/full' "$INLAY"
expect_contains "$ERR" 'the layers are written'

# Who reads nothing is not waited for after a signal.
mkfifo stuck
exec 9<>stuck
"$INLAY" layer acme/tiny --include '*.safetensors' --layout dir --path /m -q -o - >stuck 2>said &
pid=$!
sleep 1
kill -TERM $pid
status=0
wait $pid || status=$?
exec 9>&-
expect_eq 130 $status 'status after the signal'
expect_contains "$(cat said)" 'stopped on request'

# What is there is replaced, by all files or by none.
layer acme/small -o link.tar
mv link.tar real.tar && ln -s real.tar link.tar && printf old >real.tar
layer acme/small -o link.tar -q
files "$RESULT"
[ -L link.tar ] || fail 'the link was replaced'
printf old | tee wrong.1.tar >wrong.2.tar
hub_control '{"faults": [{"do": "corrupt", "on": "cdn", "bytes": 7}]}' >/dev/null
expect_exit 7 "$INLAY" layer acme/wrong -q -o wrong.tar
expect_contains "$ERR" "the medium layer of 'acme/wrong': "
expect_eq 'old old' "$(cat wrong.1.tar) $(cat wrong.2.tar)"
expect_no_file wrong.tar
nothing_left
hub_control '{"faults": []}' >/dev/null

# Warnings.
layer acme/small -o w.tar
expect_contains "$ERR" 'warning: /root/.cache/huggingface/hub lies in a home, and these layers do not state the folders above it'
expect_contains "$ERR" '--base IMAGE adds the layer that states these folders'
layer acme/small -o w.tar --base oci:base:1 --platform amd64
expect_lacks "$ERR" 'warning'
expect_lacks "$ERR" 'attestation'
layer acme/small -o w.tar --base oci:out:1 --platform amd64
expect_contains "$ERR" "warning: the base has 'acme/small' in this place already"

# What is refused, before any request.
before=$(hub_log '.requests | length')
refuse() { # STATUS WORDS ARGUMENT...
    local status=$1 words=$2
    shift 2
    expect_exit "$status" "$INLAY" layer "$@"
    expect_contains "$ERR" "$words"
    expect_eq 1 "$(wc -l <<<"$ERR")" "lines of: $ERR"
    expect_eq '' "$OUT" 'standard output'
}
refuse 2 'no MODEL is named' -o x.tar
refuse 2 '-o FILE is missing' acme/small
refuse 2 "the option '-o' wants a value" acme/small -o
refuse 2 "'' is not the name of a file" acme/small -o ''
refuse 2 'is a folder, expected the name of a file' acme/small -o "$TEST_DIR"
refuse 2 "'x/' is a folder" acme/small -o x/
refuse 2 "'/dev/null' is not a regular file" acme/small -o /dev/null
refuse 8 "creating a file in 'nowhere'" acme/small -o nowhere/x.tar
refuse 2 '--platform is given 2 times' acme/small -o x.tar --platform amd64 --platform arm64
refuse 2 "--base: 'oci:'" acme/small -o x.tar --base oci:
refuse 3 'the base oci:none' acme/small -o x.tar --base oci:none:1
refuse 2 'linux/amd64, linux/arm64; choose one with --platform' acme/small -o x.tar --base oci:base:1
refuse 3 "no image for 'linux/s390x'" acme/small -o x.tar --base oci:base:1 --platform s390x
refuse 2 '--base and --creds both want to read standard input' acme/small -o x.tar --base oci-archive:- --creds h=-
for option in to=x no-index keep-attestations force online; do
    refuse 2 "'--$option' is not known" acme/small -o x.tar --$option
done
for option in base output; do
    expect_exit 2 "$INLAY" inject oci:base:1 acme/small --to oci:out:9 "--$option=x"
    expect_contains "$ERR" "'--$option' is not known"
done
expect_exit 2 "$INLAY" inject oci:base:1 acme/small --to oci:out:9 -o x
expect_contains "$ERR" "'-o' is not known"
expect_eq "$before" "$(hub_log '.requests | length')" 'requests'
expect_no_file x.tar

# Every option that the help names is known.
expect_exit 0 "$INLAY" layer --help-all
widest=$(awk '{ if (length > most) most = length } END { print most }' <<<"$OUT")
[ "$widest" -le 100 ] || fail "a line of help has $widest columns"
for option in $(grep -oE -- '^ +(-[a-z], )?--[a-z-]+' <<<"$OUT" | grep -oE -- '--[a-z-]+' | grep -vxE -- '--(help|help-all|locked)' | sort -u); do
    expect_exit 2 "$INLAY" layer "$option"
    expect_lacks "$ERR" 'is not known'
done
