#!/bin/bash
# --download-cache keeps what was downloaded, for the next run, after a killed one, and for several
# at once; 'inlay cache' lists and prunes it.
. "$(dirname "$0")/../../testdata/lib.sh"

start_hub '{"id": "acme/parts", "files": [{"path": "config.json", "text": "{\"a\": 1}"},
    {"path": "empty.txt", "text": ""},
    {"path": "model-1.safetensors", "synthetic": 68000000, "seed": 1},
    {"path": "model-2.safetensors", "synthetic": 2000000, "seed": 2},
    {"path": "tokenizer.json", "synthetic": 900000, "seed": 3, "lfs": false}]}'
start_registry
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/memo
cd "$TEST_DIR" || exit
whole=$((8 + 68000000 + 2000000 + 900000))

contents='.requests[] | select(.kind == "cdn" or (.path | test("/resolve/"))) | select(.status < 300)'
sent() { hub_log "[$contents | select(.file != \"empty.txt\") | .bytes] | add // 0"; }
ranges() { hub_log "[$contents | .range // empty] | unique | join(\" \")"; }
# injects OPTION...: into a fresh place, on a machine that remembers nothing but the cache
count=0
inject() {
    count=$((count + 1))
    rm -rf "$XDG_CACHE_HOME"
    hub_control '{"clearLog": true}' >/dev/null
    expect_exit 0 "$INLAY" inject scratch acme/parts --to "oci:out$count:1" --platform linux/amd64 "$@"
}

# Nothing is kept unless it is asked for.
inject
expect_eq "$whole" "$(sent)" 'bytes without a cache'
first=$(tag_digest out1 1)
expect_eq '' "$(find . -name '*.partial' -o -name CACHEDIR.TAG)"

# The second injection, into another place, downloads nothing.
inject --download-cache kept
expect_eq "$whole" "$(sent)" 'bytes into the cache'
expect_eq "$first" "$(tag_digest out$count 1)"
expect_contains "$ERR" 'moved 70.9 MB of model, 0 B of base'
inject --download-cache kept
expect_eq 0 "$(sent)" 'bytes from the hub, with the cache'
expect_contains "$ERR" 'moved 0 B of model (and 70.9 MB from caches), 0 B of base'
expect_eq "$first" "$(tag_digest out$count 1)"
expect_eq '' "$(find kept -name '*.partial')"
expect_eq 4 "$(find kept/sha256 kept/git-sha1 -type f | wc -l)"
for file in kept/sha256/*; do
    expect_eq "${file##*/}" "$(sha256_of "$file")"
done
for file in kept/git-sha1/*; do
    expect_eq "${file##*/}" "$(git hash-object "$file")"
done
expect_contains "$(head -n 1 kept/CACHEDIR.TAG)" 'Signature: 8a477f597d28d172789f06886806bc55'
# It is for this user alone: files of gated repos may be in it. So are the notes of layers.
expect_eq '' "$(find kept "$XDG_CACHE_HOME/inlay" -type d -perm /077; find kept/sha256 kept/git-sha1 -perm /077)" 'what others may look at'
# A folder that several users write into is for all of these.
mkdir -m 1777 many
(umask 0 && exec "$INLAY" inject scratch acme/parts --to oci:out-many:1 --platform linux/amd64 --download-cache many) 2>/dev/null
expect_contains "$(find many/sha256 -type f -perm 644)" many/sha256/ 'files for all'
expect_eq '' "$(find many -mindepth 1 -type d ! -perm 777; find many/sha256 many/git-sha1 -type f ! -perm 644)" 'what others may not read'

# A link in the place of its folders leads nowhere: what is pruned is the cache's own.
cp -r kept linked && mv linked/sha256 elsewhere && ln -s ../elsewhere linked/sha256
before=$(ls elsewhere)
expect_exit 8 "$INLAY" cache prune linked --older-than 0
expect_eq '' "$OUT" 'what is printed beside the error'
expect_contains "$ERR" "linked/sha256' is a link or a file, expected a folder"
expect_eq "$before" "$(ls elsewhere)"

# So does a layer alone, and a target that wants the digests before the bytes.
hub_control '{"clearLog": true}' >/dev/null
expect_exit 0 "$INLAY" layer acme/parts -o model.tar --download-cache kept
expect_eq 0 "$(sent)" 'bytes for layer'
rm -rf "$XDG_CACHE_HOME"
hub_control '{"clearLog": true}' >/dev/null
"$INLAY" inject scratch acme/parts --to oci-archive:-:1 --platform linux/amd64 --download-cache piped |
    cat >piped.tar 2>piped.err
expect_eq "$whole" "$(sent)" 'bytes for a pipe'
expect_contains "$(tar -tf piped.tar)" 'index.json'

# A killed run is gone on from.
large=$(find kept/sha256 -size +60M -printf %f)
hub_control '{"clearLog": true, "faults": [{"do": "slow", "on": "cdn", "bytesPerSecond": 8000000}]}' >/dev/null
"$INLAY" inject scratch acme/parts --to oci:killed:1 --platform linux/amd64 --connections 1 \
    --download-cache resumed 2>killed.err &
pid=$!
for _ in $(seq 200); do
    [ "$(stat -c %s "resumed/sha256/$large.partial" 2>/dev/null || echo 0)" -lt 1000000 ] || break
    sleep 0.1
done
kill -KILL "$pid"
wait "$pid" || true
present=$(stat -c %s "resumed/sha256/$large.partial")
[ "$present" -ge 1000000 ] || fail "only $present bytes of the file are there"
expect_no_file "resumed/sha256/$large"
hub_control '{"faults": []}' >/dev/null
expect_exit 0 "$INLAY" cache list resumed --json
expect_json "$OUT" "[.files[] | select(.partial) | select(.digest == \"sha256:$large\") | .size]" "[$present]"
inject --download-cache resumed
expect_contains "$(ranges)" "bytes=$present-"
[ "$(sent)" -le $((whole - present)) ] || fail "$(sent) bytes came, $present were there"
expect_eq "$first" "$(tag_digest out$count 1)"
expect_eq "$large" "$(sha256_of "resumed/sha256/$large")"

# Several at once download each file once.
hub_control '{"clearLog": true, "faults": [{"do": "slow", "on": "cdn", "bytesPerSecond": 30000000}]}' >/dev/null
for i in 1 2 3; do
    XDG_CACHE_HOME=$TEST_DIR/memo$i "$INLAY" inject scratch acme/parts --to "oci:many$i:1" \
        --platform linux/amd64 --download-cache shared >"many$i.out" 2>"many$i.err" &
    pids[i]=$!
done
for i in 1 2 3; do
    wait "${pids[i]}" || fail "run $i: $(cat "many$i.err")"
    expect_eq "$first" "$(tag_digest "many$i" 1)"
done
expect_eq "$whole" "$(sent)" 'bytes for three at once'
hub_control '{"faults": []}' >/dev/null

# What is damaged is told, and comes anew: in the same run, where the layer can be packed again.
for command in 'layer acme/parts -o damaged.tar' 'inject scratch acme/parts --to oci:damaged:1 --platform linux/amd64'; do
    printf x | dd of="shared/sha256/$large" bs=1 seek=1000 conv=notrunc status=none
    rm -rf "$XDG_CACHE_HOME"
    hub_control '{"clearLog": true}' >/dev/null
    # shellcheck disable=SC2086 # it is words
    expect_exit "$([[ $command == layer* ]] && echo 7 || echo 0)" "$INLAY" $command --download-cache shared
    expect_contains "$ERR" "shared/sha256/$large' in the download cache was damaged and is removed, so that it is downloaded"
    expect_contains "$ERR" 'acme/parts/model-1.safetensors'
    [[ $command != layer* ]] || inject --download-cache shared
    expect_eq 68000000 "$(sent)" 'bytes of the one file'
done
expect_eq "$first" "$(tag_digest damaged 1)"

# A disk that is full is a warning.
count=$((count + 1))
rm -rf "$XDG_CACHE_HOME"
rm -rf full
expect_exit 0 bash -c 'ulimit -f 10000 && exec "$@"' - "$INLAY" inject scratch acme/parts \
    --to "docker://$REGISTRY/full:1" --platform linux/amd64 --download-cache full
expect_contains "$ERR" 'the download cache takes nothing more, and the work goes on'
expect_contains "$ERR" 'File too large'
expect_no_file "full/sha256/$large.partial"
expect_contains "$OUT" "$first"

# List and prune.
expect_exit 0 "$INLAY" cache list kept
expect_contains "$OUT" 'DIGEST'
expect_contains "$OUT" "sha256:$large"
expect_contains "$OUT" 'git-sha1:'
expect_contains "$OUT" 'hub/models--acme--parts/refs/main'
expect_contains "$OUT" 'total 70.9 MB: 6 files'
cp "kept/sha256/$large" "kept/sha256/$(printf a | sha256sum | cut -c 1-64).partial"
touch -d '10 days ago' kept/git-sha1/*
expect_exit 0 "$INLAY" cache list kept --json
expect_json "$OUT" '[.folder, (.files | length), (.listings | length), .size - ([.listings[].size] | add)]' \
    '["kept",5,2,138900008]'
expect_json "$OUT" '[.files[].partial] | sort' '[false,false,false,false,true]'
expect_json "$OUT" '[.files[] | select(.last_used | fromdate < now - 9 * 86400)] | length' 2
expect_exit 0 "$INLAY" cache prune kept --partial
expect_contains "$OUT" 'removed'
expect_contains "$OUT" 'freed 68.0 MB: 1 file'
expect_exit 0 "$INLAY" cache prune kept --older-than 30
expect_eq 'freed 0 B: 0 files' "$OUT"
expect_exit 0 "$INLAY" cache prune kept --older-than 9
expect_contains "$OUT" 'git-sha1:'
expect_lacks "$OUT" 'sha256:'
expect_contains "$OUT" 'freed 900.0 kB: 2 files'
touch -d '1 day ago' "kept/sha256/$large"
expect_exit 0 "$INLAY" cache prune kept --max-size 60M
expect_contains "$OUT" "sha256:$large"
expect_eq 1 "$(find kept/sha256 kept/git-sha1 -type f | wc -l)"
# What is locked is in use.
exec 9<"$(find kept/sha256 -type f)"
flock -s 9
expect_exit 0 "$INLAY" cache prune kept --older-than 0
expect_contains "$OUT" 'left: in use'
expect_contains "$OUT" ': 2 files'
expect_eq '' "$(find kept/hub -type f)" 'listings are pruned, too'
exec 9<&-
expect_exit 0 "$INLAY" cache prune kept --older-than 0
expect_contains "$OUT" 'freed 2.0 MB: 1 file'
expect_exit 0 "$INLAY" cache list kept
expect_eq 'total 0 B: 0 files' "$OUT"

# What it refuses.
complains() {
    local status=$1 words=$2
    shift 2
    expect_exit "$status" "$INLAY" "$@"
    expect_contains "$ERR" "$words"
}
complains 2 "expected 'list' or 'prune'" cache
complains 2 "'purge' is neither" cache purge kept
complains 2 'no DIR is named' cache list
complains 2 'one name too many' cache list kept kept
complains 2 '--older-than DAYS, --max-size SIZE or --partial' cache prune kept
complains 2 'are for '"'inlay cache prune'" cache list kept --partial
complains 2 '--max-size' cache prune kept --max-size much
complains 2 '--older-than' cache prune kept --older-than never
complains 2 'is not known' cache list kept --insecure x
complains 3 "'nowhere' does not exist" cache list nowhere
complains 2 'is no download cache' cache prune out1/blobs --older-than 0
complains 2 'is no download cache; name another folder' inject scratch acme/parts --to oci:x:1 --download-cache out1/blobs
complains 8 'is not a folder' inject scratch acme/parts --to oci:x:1 --download-cache piped.tar

# Who stops a run is told what stays, and that the next one goes on there.
start_hub '{"id": "acme/slow", "files": [{"path": "model.safetensors", "synthetic": 9000000, "seed": 9}]}'
HF_ENDPOINT=$HUB_URL "$INLAY" inject scratch acme/slow --platform linux/amd64 --to oci:slow:1 \
    --download-cache stopped --limit-rate 200K >/dev/null 2>stopped.err &
pid=$!
until [ -n "$(find stopped -name '*.partial' -size +0 2>/dev/null)" ]; do
    kill -0 "$pid" || fail "it has ended: $(cat stopped.err)"
    sleep 0.1
done
kill -INT "$pid"
status=0
wait "$pid" || status=$?
expect_eq 130 "$status"
expect_contains "$(tail -1 stopped.err)" 'stopped on request; kept: '
expect_contains "$(tail -1 stopped.err)" ' in the download cache; run the same command again to go on'

# The line of progress, of every ten seconds, and the one at the end count what moves; the rest was there.
start_hub '{"id": "acme/two", "files": [{"path": "config.json", "text": "{}"},
    {"path": "a.safetensors", "synthetic": 9000000, "seed": 1}, {"path": "b.safetensors", "synthetic": 3000000, "seed": 2}]}'
export HF_ENDPOINT=$HUB_URL
expect_exit 0 "$INLAY" inject scratch acme/two --platform linux/amd64 --to oci:two:1 --download-cache half
rm -rf "$XDG_CACHE_HOME" two
rm "half/sha256/$(sha256_of /dev/stdin < <(curl -fsSL "$HUB_URL/acme/two/resolve/main/b.safetensors"))"
hub_control '{"clearLog": true}' >/dev/null
expect_exit 0 "$INLAY" inject scratch acme/two --platform linux/amd64 --to oci:two:1 --download-cache half --limit-rate 250K
expect_eq 3000000 "$(sent)" 'bytes of the file that the cache has lost'
expect_contains "$ERR" 'done: 3 layers built, 0 already there; moved 3.0 MB of model (and 9.0 MB from caches), 0 B of base'
expect_contains "$ERR" ' of 3.0 MB (9.0 MB were there)'
