#!/bin/bash
# The Hub's Python client in five releases from 0.16 on, and model2vec, read what was injected as people
# run them: another user than the files', nothing that may be written, no network.
. "$(dirname "$0")/../../testdata/lib.sh"
need_namespaces
readers=$TESTDATA/readers
cd "$TEST_DIR" || exit
chmod 755 "$TEST_DIR"

declare -A installed
for list in "$readers"/huggingface-hub-*.txt; do
    name=$(basename "$list" .txt)
    install_reader "$name"
    installed[$name]=$READERS/$READER
done
newest=huggingface-hub-2.4
python() { # READER COMMAND...
    PYTHONPATH=${installed[$1]} PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "${@:2}"
}

python $newest "$readers/static_model.py" make one 1
python $newest "$readers/static_model.py" make two 2
jq -n '{repos: [
    {id: "acme/tiny", commits: [
        {name: "c1", files: [{path: "config.json", text: "{}"}, {path: "1_Pooling/config.json", text: "[1]"},
            {path: "model.safetensors", synthetic: 2000000, seed: 1}]},
        {name: "c2", files: [{path: "config.json", text: "[]"}]}],
        branches: {main: "c1", next: "c2"}},
    {id: "acme/part", files: [{path: "config.json", text: "{}"}, {path: "model.safetensors", text: "x"},
        {path: "pytorch_model.bin", text: "y"}]},
    {id: "acme/words", type: "dataset", files: [{path: "train.csv", text: "a\n"}]},
    {id: "acme/static", commits: [{name: "s1", folder: "one"}, {name: "s2", folder: "two"}],
        branches: {main: "s1", next: "s2"}}]}' >repos.json
start_hub "$TEST_DIR"
export HF_ENDPOINT=$HUB_URL
make_base base 1 --user app --env HF_HOME=/models/hf
expect_exit 0 "$INLAY" inject oci:base:1 acme/tiny acme/tiny@next acme/part datasets/acme/words acme/static \
    acme/static@next --to oci:out:1
mkdir root
umoci unpack --image out:1 bundle >/dev/null 2>&1 || fail 'umoci does not unpack'
hub=$TEST_DIR/bundle/rootfs/models/hf/hub
chmod 755 bundle bundle/rootfs
main=$(cat "$hub/models--acme--tiny/refs/main")

# read_as UID READER COMMAND...: on a tree that is mounted read-only; offline without a network too
read_as() {
    local network=()
    [ "$offline" = 0 ] || network=(--net)
    # shellcheck disable=SC2016 # expanded there
    PYTHONPATH=${installed[$2]} unshare --mount "${network[@]}" bash -c '
        mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"' - "$TEST_DIR" \
        setpriv --reuid="$1" --regid="$1" --clear-groups env HOME=/nonexistent HF_HUB_OFFLINE="$offline" \
        HF_HOME="${hub%/hub}" HF_HUB_DISABLE_TELEMETRY=1 HF_HUB_DISABLE_PROGRESS_BARS=1 PYTHONDONTWRITEBYTECODE=1 \
        /usr/bin/python3 "${@:3}" 2>"$TEST_DIR/reader.log"
}

expected='file: "{}"
file in a folder: "[1]"
file of a branch: "[]"
file of a commit: "{}"
file of a dataset: "a\n"
file that is not there: LocalEntryNotFoundError
cached: "config.json"
snapshot: "1_Pooling/config.json config.json model.safetensors"
snapshot of a branch: "config.json"
snapshot of a commit: "1_Pooling/config.json config.json model.safetensors"
snapshot of a dataset: "train.csv"
snapshot by patterns: "config.json model.safetensors"
scan: [["dataset", "acme/words", ["main"]], ["model", "acme/part", ["main"]], ["model", "acme/static", ["main", "next"]], ["model", "acme/tiny", ["main", "next"]]]'
# as_known READER: what READER says in place of the expected lines on standard input. Before 0.20
# snapshot_download() asks the Hub also offline; before 0.19 the scan takes .locks for a model. Online,
# old clients write refs, and names of files that are not there, whether they changed or not.
as_known() {
    local known=()
    [ "$1" != huggingface-hub-0.16 ] || known+=(-e 's/^scan: .*/scan: CorruptedCacheException/')
    case $1:$offline in
    *-0.16:1) known+=(-e '/^snapshot/s/: .*/: ConnectionError/') ;;
    *-0.16:0 | *-0.20:0)
        known+=(-e '/^snapshot of a commit/!s/^\(snapshot.*\): .*/\1: OSError/' -e 's/ EntryNotFoundError/ OSError/')
        ;;
    esac
    sed "${known[@]}" -e ''
}
offline=1
for reader in "${!installed[@]}"; do
    for uid in 1000 4321; do
        expect_eq "$(as_known "$reader" <<<"$expected
snapshot of a part: \"config.json model.safetensors\"
snapshot of a part by its commit: \"config.json model.safetensors\"")" "$(read_as $uid "$reader" "$readers/read_cache.py" "$main")" \
            "$reader, offline, as $uid"
    done
done
# Online, what is asked of the Hub is whether it is still so; no file is fetched.
offline=0
for reader in "${!installed[@]}"; do
    hub_control '{"clearLog": true}' >/dev/null
    expect_eq "$(as_known "$reader" <<<"${expected/LocalEntryNotFoundError/EntryNotFoundError}")" \
        "$(read_as 4321 "$reader" "$readers/read_cache.py" "$main" | sed s/RemoteEntryNotFoundError/EntryNotFoundError/)" \
        "$reader, online"
    expect_eq '' "$(hub_log '.requests[] | select(.method == "GET" and .kind != "api") | .path')" "what $reader fetched"
done

# In a folder that the call itself names, which another model's folder and no variable is.
expect_exit 0 "$INLAY" inject oci:base:1 acme/tiny,layout=hub-dir,path=/models/own acme/tiny,layout=hub-dir,path=/models/other \
    --to oci:out:own
expect_exit 0 "$INLAY" verify oci:out:own
umoci unpack --image out:own bundle-own >/dev/null 2>&1
chmod 755 bundle-own bundle-own/rootfs
offline=1
for folder in own other; do
    expect_eq 2000000 "$(read_as 4321 $newest -c "import os
from huggingface_hub import hf_hub_download
print(os.path.getsize(hf_hub_download('acme/tiny', 'model.safetensors', cache_dir='$TEST_DIR/bundle-own/rootfs/models/$folder')))")" "$folder"
done

# model2vec goes by the time of the snapshots: it is to take that of main, whatever else is there.
offline=1
expect_eq '1.0 1.0' "$(read_as 4321 $newest "$readers/static_model.py" load acme/static)" 'model2vec'
hub_control '{"move": {"repo": "acme/static", "ref": "main", "to": "s2"}}' >/dev/null
commit=$(http_get "$HUB_URL/api/models/acme/static/revision/next" | jq -r .sha)
old=$(cd "$hub/models--acme--static/snapshots" && printf '%s\n' * | grep -v "$commit")
expect_exit 0 "$INLAY" inject oci:base:1 "acme/static@$old" acme/static --to oci:out:2
umoci unpack --image out:2 bundle2 >/dev/null 2>&1
chmod 755 bundle2 bundle2/rootfs
hub=$TEST_DIR/bundle2/rootfs/models/hf/hub
expect_eq '2.0 2.0' "$(read_as 4321 $newest "$readers/static_model.py" load acme/static)" 'model2vec, main moved'
