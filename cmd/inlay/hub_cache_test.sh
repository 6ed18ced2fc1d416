#!/bin/bash
# --hub-cache takes what the Hub's own clients have fetched to this machine, and --offline asks no
# hub: the same image, bit for bit. The caches are filled by the real Python client, an old one and
# the newest, as testdata/readers/ pins them.
. "$(dirname "$0")/../../testdata/lib.sh"
readers=$TESTDATA/readers
cd "$TEST_DIR" || exit
export XDG_CACHE_HOME=$TEST_DIR/memo

old=huggingface-hub-0.36 newest=huggingface-hub-2.4
/usr/bin/python3 -m venv venv || fail 'no venv: Debian has it in python3-venv'
for reader in $old $newest; do
    venv/bin/pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --no-compile \
        --require-hashes --requirement "$readers/$reader.txt" --target "$reader" || fail "cannot install $reader"
done
# fetch READER CACHE ID [KEYWORD-ARGUMENTS]: as the application's machine does
fetch() {
    PYTHONPATH=$TEST_DIR/$1 PYTHONDONTWRITEBYTECODE=1 HF_HOME=$TEST_DIR/home HF_HUB_DISABLE_TELEMETRY=1 \
        HF_HUB_DISABLE_PROGRESS_BARS=1 /usr/bin/python3 -c "
from huggingface_hub import snapshot_download
snapshot_download('$3', cache_dir='$2'${4:+, $4})" 2>fetch.log || fail "$1: $(tail -3 fetch.log)"
}

start_hub '{"repos": [
    {"id": "acme/tiny", "commits": [
        {"name": "c1", "files": [{"path": ".gitattributes", "text": "*.safetensors filter=lfs diff=lfs merge=lfs -text\n"},
            {"path": "config.json", "text": "{}"}, {"path": "1_Pooling/config.json", "text": "[1]"},
            {"path": "empty.txt", "text": ""}, {"path": "model.safetensors", "synthetic": 2000000, "seed": 1}]},
        {"name": "c2", "files": [{"path": "config.json", "text": "[]"}]}],
        "branches": {"main": "c1"}, "tags": {"v2": "c2"}},
    {"id": "acme/words", "type": "dataset", "files": [{"path": "train.csv", "text": "a\n"}]}]}'
export HF_ENDPOINT=$HUB_URL
count=0
inject() { # [OPTION...] MODEL...: sets $DIGEST
    count=$((count + 1))
    rm -rf "$XDG_CACHE_HOME"
    expect_exit 0 "$INLAY" inject scratch "$@" --to "oci:out$count:1" --platform linux/amd64
    DIGEST=$(tag_digest "out$count" 1)
}
refused() { # STATUS WORDS [OPTION...] MODEL...
    expect_exit "$1" "$INLAY" inject scratch "${@:3}" --to oci:refused:1 --platform linux/amd64
    expect_contains "$ERR" "$2"
    [ ! -e refused/index.json ] || expect_json refused/index.json '.manifests' '[]'
}
asked() { hub_log '[.requests[].path] | join(" ")'; }
forget() { hub_control '{"clearLog": true}' >/dev/null; }

inject acme/tiny
tiny=$DIGEST
commit=$(http_get "$HUB_URL/api/models/acme/tiny/revision/main" | jq -r .sha)
inject acme/tiny@v2
tagged=$DIGEST
inject "acme/tiny@$commit"
pinned=$DIGEST
inject "acme/tiny@${commit:0:10}"
abbreviated=$DIGEST
inject datasets/acme/words
words=$DIGEST
for revision in main v2 "$commit"; do
    fetch $newest full acme/tiny "revision='$revision'"
done
fetch $newest full acme/words "repo_type='dataset'"
fetch $old ancient acme/tiny
fetch $newest part acme/tiny "allow_patterns='config.json'"
find full ancient part -printf '%p %y %s %l %T@\n' | sort >before

# What is there comes from there, the rest from the Hub, which still says what there is.
forget
inject acme/tiny --hub-cache full
expect_eq "$tiny" "$DIGEST" 'with a full cache'
expect_lacks "$(asked)" '/resolve/'
expect_contains "$ERR" 'moved 0 B of model (and '
inject acme/tiny --hub-cache ancient
expect_eq "$tiny" "$DIGEST" 'with the cache of an old client'
expect_lacks "$(asked)" '/resolve/'
inject acme/tiny --hub-cache part
expect_eq "$tiny" "$DIGEST" 'with a part'
expect_contains "$(asked)" '/model.safetensors'
expect_lacks "$(asked)" "/resolve/$commit/config.json"
forget
HF_HUB_CACHE=$TEST_DIR/full inject acme/tiny --hub-cache auto
expect_lacks "$(asked)" '/resolve/'
# What is damaged is told, left as it is, and fetched.
cp -a full damaged
blob=$(readlink -f "damaged/models--acme--tiny/snapshots/$commit/model.safetensors")
printf x | dd of="$blob" bs=1 seek=1000 conv=notrunc status=none
forget
inject acme/tiny --hub-cache damaged
expect_eq "$tiny" "$DIGEST" 'with a damaged blob'
expect_contains "$ERR" "'model.safetensors' is not taken from the Hub cache: 'damaged/models--acme--tiny/blobs/${blob##*/}'"
expect_eq 1 "$(hub_log '[.requests[] | select(.path | test("resolve"))] | length')"
# The download cache remembers the list, and what it was asked for.
inject acme/tiny --download-cache kept
expect_eq "$tiny" "$DIGEST"
expect_eq "$commit" "$(cat kept/hub/models--acme--tiny/refs/main)"

# From here on the hub is not asked, and then it is gone.
forget
offline() { # CACHE EXPECTED MODEL [OPTION...]
    inject --offline --hub-cache "$1" "${@:3}"
    expect_eq "$2" "$DIGEST" "offline from $1: ${*:3}"
}
offline full "$tiny" acme/tiny
offline full "$tagged" acme/tiny@v2
offline full "$pinned" "acme/tiny@$commit"
offline full "$abbreviated" "acme/tiny@${commit:0:10}"
offline full "$words" datasets/acme/words
HF_HUB_OFFLINE=1 inject acme/tiny --hub-cache full
expect_eq '' "$(asked)" 'asked of the hub'
stop_server "$HUB_PID"
export HF_ENDPOINT=http://127.0.0.1:1
# An air gap, over which links became files; blobs that are links; one without a list.
mkdir elsewhere
cp -rL full elsewhere/copy
offline elsewhere/copy "$tiny" acme/tiny
rm -r elsewhere/copy/models--acme--tiny/blobs
offline elsewhere/copy "$tiny" acme/tiny
cp -a full linked
mv linked/models--acme--tiny/blobs store
mkdir linked/models--acme--tiny/blobs
for file in store/*; do
    ln -s "$TEST_DIR/$file" "linked/models--acme--tiny/blobs/${file##*/}"
done
offline linked "$tiny" acme/tiny
# Without a list what the snapshot has is all there is known to be: clients are given no list either.
files_of() { # OUT: the model's files and links, but for the list
    unpack_image "$1" 1 "$1.root"
    find "$1.root/root/.cache/huggingface/hub/models--acme--tiny" ! -path '*/trees*' -type f -printf '%P\n' -o \
        -type l -printf '%P %l\n' | sort
}
expected=$(files_of out1)
expect_contains "$expected" 'refs/main'
expect_file out1.root/root/.cache/huggingface/hub/models--acme--tiny/trees
rm -r elsewhere/copy/models--acme--tiny/trees
for cache in ancient elsewhere/copy; do
    inject acme/tiny --offline --hub-cache $cache
    expect_eq "$expected" "$(files_of out$count)" "files from $cache"
    expect_no_file "out$count.root/root/.cache/huggingface/hub/models--acme--tiny/trees"
done

# By variables, and where the clients look.
for value in 1 on Yes TRUE; do
    HF_HUB_OFFLINE=$value HF_HOME=$TEST_DIR/none inject acme/tiny --hub-cache full
    expect_eq "$tiny" "$DIGEST"
done
mkdir home2
cp -a full home2/hub
HF_HOME=$TEST_DIR/home2 inject acme/tiny --offline
expect_eq "$tiny" "$DIGEST" 'the place that HF_HOME names'
HF_HUB_OFFLINE=2 expect_exit 5 "$INLAY" plan scratch acme/tiny --hub-cache full
expect_exit 0 "$INLAY" plan scratch acme/tiny --offline --hub-cache full --json
expect_json "$OUT" '.models[0].commit' "\"$commit\""
expect_exit 0 "$INLAY" layer acme/tiny -o model.tar --offline --hub-cache full
expect_exit 0 "$INLAY" verify oci:out1:1 --hub --offline --hub-cache full

# The download cache alone.
HF_HOME=$TEST_DIR/none inject acme/tiny --offline --download-cache kept
HF_HOME=$TEST_DIR/none expect_exit 0 "$INLAY" plan scratch acme/tiny --platform linux/amd64 --offline --download-cache kept
expect_contains "$OUT" 'acme/tiny@main'
expect_eq "$tiny" "$DIGEST" 'from the download cache'
HF_HOME=$TEST_DIR/none inject "acme/tiny@$commit" --offline --download-cache kept
expect_eq "$pinned" "$DIGEST" 'from the download cache, by commit'
expect_exit 0 "$INLAY" cache list kept --json
expect_json "$OUT" '[.listings[].path] | sort' \
    "[\"hub/models--acme--tiny/refs/main\",\"hub/models--acme--tiny/trees/$commit.json\"]"
expect_exit 0 "$INLAY" cache list kept
expect_contains "$OUT" "hub/models--acme--tiny/trees/$commit.json"
# Both together have all.
inject acme/tiny --offline --hub-cache part --download-cache kept
expect_eq "$tiny" "$DIGEST" 'from both'
large=$(find kept/sha256 -type f)
rm "$large"
HF_HOME=$TEST_DIR/none refused 3 "1 of 5 files of 'acme/tiny' at commit $commit are not on this machine: 'model.safetensors'" \
    acme/tiny --offline --download-cache kept
inject acme/tiny --offline --hub-cache full --download-cache kept
expect_no_file "$large"

# What is missing.
refused 3 "'model.safetensors'" acme/tiny --offline --hub-cache part
expect_contains "$ERR" "of 5 files of 'acme/tiny'"
inject acme/tiny --offline --hub-cache part --include config.json
refused 3 "the Hub cache 'full' lacks 'acme/none' at revision 'main'" acme/none --offline --hub-cache full
refused 3 "lacks 'acme/tiny' at revision 'v9'" acme/tiny@v9 --offline --hub-cache full
HF_HOME=$TEST_DIR/nowhere refused 3 "the Hub cache '$TEST_DIR/nowhere/hub' lacks" acme/tiny --offline
refused 3 "--hub-cache 'nowhere' is no folder" acme/tiny --hub-cache nowhere
cp -a ancient dangling
rm "$(readlink -f "dangling/models--acme--tiny/snapshots/$commit/config.json")"
refused 3 "are not on this machine: 'config.json';" acme/tiny --offline --hub-cache dangling
inject acme/tiny --offline --hub-cache dangling --exclude config.json
refused 7 "damaged/models--acme--tiny/blobs/${blob##*/}" acme/tiny --offline --hub-cache damaged
mkdir -p "broken/models--acme--tiny/refs"
printf main >broken/models--acme--tiny/refs/main
refused 7 "'broken/models--acme--tiny/refs/main' is no commit" acme/tiny --offline --hub-cache broken

# A cache is never written.
find full ancient part -printf '%p %y %s %l %T@\n' | sort >after
expect_eq "$(cat before)" "$(cat after)" 'the caches'
