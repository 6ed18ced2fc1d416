#!/bin/bash
# A lock: the same digest for ever, without a listing of the hub; what moves forward, and what does not
# fit, is told. A schema states the format.
. "$(dirname "$0")/../../testdata/lib.sh"

cd "$TEST_DIR" || exit
start_hub '{"repos": [
    {"id": "acme/tiny", "commits": [
        {"name": "c1", "files": [{"path": "config.json", "text": "{}"}, {"path": "model.safetensors", "synthetic": 3000, "seed": 1},
            {"path": "pytorch_model.bin", "synthetic": 3000, "seed": 2}, {"path": "old.json", "text": "1"}]},
        {"name": "c2", "files": [{"path": "config.json", "text": "{}"}, {"path": "model.safetensors", "synthetic": 5000, "seed": 3},
            {"path": "new.json", "text": "22"}]}],
        "branches": {"main": "c1", "next": "c2"}, "info": {"cardData": {"license": "mit"}}},
    {"id": "acme/code", "commits": [
        {"name": "k1", "files": [{"path": "modeling.py", "text": "x = 1"}, {"path": "README.md", "text": "x"}]},
        {"name": "k2", "files": [{"path": "modeling.py", "text": "x = 22"}, {"path": "README.md", "text": "x"}]}],
        "branches": {"main": "k1", "next": "k2"}},
    {"id": "acme/remote", "commits": [
        {"name": "r1", "files": [{"path": "config.json", "text": "{\"auto_map\": {\"AutoModel\": \"acme/code--modeling.Model\"}}"},
            {"path": "model.safetensors", "synthetic": 2000, "seed": 4}]},
        {"name": "r2", "files": [{"path": "config.json", "text": "{\"auto_map\": {\"AutoModel\": \"acme/code--modeling.Model\"}}"},
            {"path": "model.safetensors", "synthetic": 2000, "seed": 5}]}],
        "branches": {"main": "r1", "next": "r2"}},
    {"id": "acme/adapter", "files": [{"path": "adapter_config.json", "text": "{\"base_model_name_or_path\": \"acme/remote\"}"},
        {"path": "adapter_model.safetensors", "text": "a"}]}]}'
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
schema=$TESTDATA/../docs/inlay.lock.schema.json
make_base "$TEST_DIR/base" 1
mkdir local
printf 'local weights' >local/w.bin
move() { hub_control "{\"move\": {\"repo\": \"acme/$1\", \"ref\": \"main\", \"to\": \"$2\"}, \"clearLog\": true}" >/dev/null; }
listings() { hub_log '[.requests[] | select(.kind == "api")] | length'; }
lock() { # ARGUMENT...: writes the lock, which the schema takes
    expect_exit 0 "$INLAY" lock "$@"
    /usr/bin/python3 -W ignore -m jsonschema -i inlay.lock.json "$schema" >schema.out 2>&1 \
        || fail "the lock is not what the schema says: $(head -3 schema.out)"
}
digest() { # ARGUMENT...: what the call makes, in $DIGEST
    expect_exit 0 "$INLAY" inject "$@"
    DIGEST=${OUT##*@}
}
refuse() { # STATUS WORDS ARGUMENT...
    local status=$1 words=$2
    shift 2
    expect_exit "$status" "$INLAY" "$@"
    expect_contains "$(tail -1 <<<"$ERR")" "$words" "$*"
}

# What is written: commits, files, what is left out, the licence, companions, layers.
cat >inlay.json <<'JSON'
{"version": 1, "base": "oci:base:1", "target": "oci:out:1",
 "models": ["acme/tiny", "acme/remote", {"model": "dir:local", "as": "acme/local", "layout": "huggingface"}],
 "sets": {"bin": [{"model": "acme/tiny@next", "weights": "safetensors"}], "none": []}}
JSON
lock
expect_contains "$OUT" 'acme/tiny@main: new, '
expect_eq 1 "$(grep -c 'model: acme/tiny@main is commit' <<<"$ERR")" 'lines about a model that is in every set'
expect_eq 1 "$(grep -c "^project: 'inlay.json'" <<<"$ERR")" "$ERR"
expect_json "$(cat inlay.lock.json)" '[.models[] | [.model, .companion_of, .license, [.files[].path], .left_out, .options.layout]]' \
    '[["acme/tiny@main",null,"mit",["config.json","model.safetensors","old.json"],["pytorch_model.bin"],"huggingface"],["acme/remote@main",null,null,["config.json","model.safetensors"],null,"huggingface"],["dir:local",null,null,["w.bin"],null,"huggingface"],["acme/tiny@next",null,"mit",["config.json","model.safetensors","new.json"],null,"huggingface"],["acme/code@main",["acme/remote@main"],null,["modeling.py"],["README.md"],"huggingface"]]'
expect_json "$(cat inlay.lock.json)" '[.base.name, [.images[] | [.set, .platform, (.layers | length > 0)]]]' \
    '["oci:base:1",[[null,"linux/amd64",true],["bin","linux/amd64",true],["none","linux/amd64",true]]]'
expect_json "$(cat inlay.lock.json)" '[.images[].layers[].diff_id] | unique' '[null]'
expect_eq "$(http_get "$HUB_URL/api/models/acme/tiny/revision/main" | jq -r .sha)" "$(jq -r '.models[0].pin' inlay.lock.json)"
# Again, the same bytes; and nobody is asked for a listing.
cp inlay.lock.json first.json
hub_control '{"clearLog": true}' >/dev/null
lock
cmp first.json inlay.lock.json || fail 'a second lock has other bytes'
expect_eq 'inlay.lock.json: no model has changed' "$OUT"
expect_eq 0 "$(listings)" 'listings for a second lock'
expect_exit 0 "$INLAY" lock --check
expect_eq 'inlay.lock.json fits: 5 models, 10 files' "$OUT"

# The branches move: the same digest with the lock, another without, and no listing is asked for.
digest
before=$DIGEST
digest --set bin --to oci:out:bin
before_bin=$DIGEST
move tiny c2
move code k2
move remote r2
hub_control '{"clearLog": true}' >/dev/null
digest --locked --to oci:other:1
expect_eq "$before" "$DIGEST" 'locked, and the branches have moved'
expect_eq 0 "$(listings)" 'listings for a locked image'
digest --lock first.json --set bin --to oci:other:2
expect_eq "$before_bin" "$DIGEST" 'a set'
digest --to oci:other:3
expect_contains "$ERR" "'inlay.lock.json' is not used: --locked takes what it has"
[ "$before" != "$DIGEST" ] || fail 'without the lock the digest is the same'
expect_exit 0 "$INLAY" plan --locked --json
expect_json "$OUT" '[.models[] | [.name, .companion_of]]' '[["acme/tiny",null],["acme/remote",null],["acme/local",null],["acme/code","acme/remote@main"]]'
expect_exit 0 "$INLAY" layer --locked -o locked.tar
"$TESTDATA/validate_image.sh" other 1 >/dev/null
expect_exit 0 "$INLAY" verify oci:other:1

# Once the target has them, the lock knows the diff_ids, and they are looked at.
lock
expect_json "$(cat inlay.lock.json)" '[.images[] | select(.set == null) | .layers[] | .diff_id == null] | unique' '[false]'
digest --locked --to oci:other:4
expect_eq "$before" "$DIGEST" 'with diff_ids'
cp inlay.lock.json good.json
jq '(.images[].layers[].diff_id) |= "sha256:'"$(printf '0%.0s' {1..64})"'"' good.json >bad.lock.json
refuse 7 "expected sha256:$(printf '0%.0s' {1..64}) by 'bad.lock.json'" inject --lock bad.lock.json --to oci:other:5
jq '(.images[].layers[].recipe) |= "sha256:'"$(printf '0%.0s' {1..64})"'"' good.json >bad.lock.json
refuse 7 "which is none of those that 'bad.lock.json' has for this base; take the lock back as it was, or let 'inlay lock --update' make it anew" \
    plan --lock bad.lock.json
jq '.models |= map(select(.model != "acme/code@main"))' good.json >bad.lock.json
refuse 7 "'bad.lock.json' has a layer of acme/code with the recipe sha256:" inject --lock bad.lock.json --to oci:other:5
refuse 7 "it has layers of 'acme/code' and not the model; 'inlay lock --update' makes it anew" lock --check --lock bad.lock.json
jq '(.images[].layers[].recipe) |= "sha256:'"$(printf '0%.0s' {1..64})"'"' good.json >bad.lock.json
# On another base, or in another place, these layers do not count.
make_base "$TEST_DIR/base" 2 --env OTHER=1
expect_exit 0 "$INLAY" inject oci:base:2 --lock bad.lock.json --to oci:other:5
expect_contains "$ERR" "layers are not compared: those of 'bad.lock.json' are for another base, $(jq -r .base.digest good.json)"
expect_exit 0 "$INLAY" plan --home /elsewhere --lock bad.lock.json

# Bytes that differ: of a folder, and of the hub.
printf 'other weights' >local/w.bin
refuse 7 "/local' is another by now: it has " inject --locked --to oci:other:6
printf 'local weights' >local/w.bin
jq '(.models[0].files[] | select(.path == "model.safetensors")).digest |= "sha256:'"$(printf '1%.0s' {1..64})"'"' good.json >bad.lock.json
refuse 7 'sha256:1111' inject --lock bad.lock.json --home /x --to oci:other:6
# A commit that the hub does not have any more.
gone=$(printf 'a%.0s' {1..40})
jq '.models[0].pin = "'"$gone"'"' good.json >gone.lock.json
refuse 3 "does not have the commit $gone of 'acme/tiny' any more, which it is pinned to; 'gone.lock.json' has it locked, and 'inlay lock --update acme/tiny@main' takes what is there now" \
    inject oci:base:2 --lock gone.lock.json --to oci:other:6

# Nor does another lock make the layers fit what was written by hand.
cp bad.lock.json inlay.lock.json
refuse 7 "'inlay.lock.json' does not fit itself: on linux/amd64 the layers of 'acme/tiny' are others than its files make" lock
cmp bad.lock.json inlay.lock.json || fail 'a refused lock was written'
jq '.models |= map(select(.model != "acme/code@main"))' good.json >inlay.lock.json
refuse 7 "the layers of 'acme/code' are others than its files make" lock
jq '(.models[3].files[] | select(.path == "model.safetensors")).size += 1' good.json >inlay.lock.json
refuse 7 "on linux/amd64 with the set 'bin' the layers of 'acme/tiny' are others" lock
# As it may be on another base, and with the models moved among the sets.
lock --base oci:base:2
cp good.json inlay.lock.json
cp inlay.json whole.json
jq '.models += .sets.bin | .sets.bin = []' whole.json >inlay.json
lock
mv whole.json inlay.json
cp good.json inlay.lock.json

# Forward: one model, then all. What is not named stays.
lock --update acme/remote
expect_contains "$OUT" 'acme/remote@main: '
expect_contains "$OUT" '  changed  model.safetensors (2.0 kB)'
expect_contains "$OUT" 'acme/code@main: '
expect_contains "$OUT" '  changed  modeling.py (5 B -> 6 B)'
expect_lacks "$OUT" 'acme/tiny'
expect_eq "$(jq -c '.models[0]' good.json)" "$(jq -c '.models[0]' inlay.lock.json)" 'a model that is not named'
lock --update
expect_contains "$OUT" 'acme/tiny@main: '
expect_contains "$OUT" '  removed  old.json (1 B)'
expect_contains "$OUT" '  added    new.json (2 B)'
expect_contains "$OUT" '  changed  model.safetensors (3.0 kB -> 5.0 kB)'
expect_lacks "$OUT" 'acme/remote'
digest --to oci:other:7
after=$DIGEST
digest --locked --to oci:other:8
expect_eq "$after" "$DIGEST" 'up to date'
refuse 2 "MODEL 'acme/none' is not in the project" lock --update acme/none
cp inlay.lock.json kept.json
refuse 2 "MODEL 'acme/code' is not in the project: 'acme/remote@main' loads it, and takes it along with 'inlay lock --update acme/remote@main'" \
    lock --update acme/code
cmp kept.json inlay.lock.json || fail 'a refused update has written the lock'
refuse 2 "'acme/tiny': all models of the project are locked" lock acme/tiny
refuse 2 '--update writes and --check does not' lock --update --check

# What does not fit is told, by inject and by --check.
both() { # WORDS
    refuse 7 "'inlay.lock.json' does not fit: $1" inject --locked --to oci:other:9
    refuse 7 "'inlay.lock.json' does not fit: $1" lock --check
}
cp inlay.json project.json
jq '.models += ["acme/code"]' project.json >inlay.json
both "'acme/code@main' is not in it"
jq '.models[0] = {"model": "acme/tiny", "also": ["*.md"]}' project.json >inlay.json
both "'acme/tiny@main' is locked with layout=huggingface and wanted with layout=huggingface,also=*.md"
jq '.models[0] = "acme/tiny@v2"' project.json >inlay.json
both "'acme/tiny@v2' is not in it, or for another loader, but 'acme/tiny@main' is; 'inlay lock' renews it"
jq '.models |= .[1:]' project.json >inlay.json
both "the project does not name 'acme/tiny@main', which is in it"
jq '.sets.none = ["acme/code"]' project.json >inlay.json
refuse 7 "'acme/code@main' is not in it" lock --check
jq '.place = {"home": "/x"}' project.json >inlay.json
both "'place' of the project is another by now"
cp project.json inlay.json
refuse 7 "it was made with neither --companions nor --no-companions, and this call is with --no-companions" inject --locked --no-companions --to oci:other:9
refuse 7 "'acme/tiny@main' is locked with layout=huggingface and wanted with layout=huggingface,weights=safetensors" \
    inject --locked --weights safetensors --to oci:other:9
refuse 7 ',all-files; the command line says that, which no lock knows of: leave it out, or say it in the project' inject --locked --all-files --to oci:other:9
refuse 7 "'acme/code@main' is not in it, or for another loader; the command line names it, which no lock knows of: leave it out" inject oci:base:1 acme/code --locked --to oci:other:9
refuse 2 "--locked takes what the lock has" inject --locked --scan --to oci:other:9

# Another wish for companions follows them anew; the models stay.
cp inlay.lock.json kept.json
lock --no-companions
expect_json "$(cat inlay.lock.json)" '[.companions, [.models[].model]]' \
    '["none",["acme/tiny@main","acme/remote@main","dir:local","acme/tiny@next"]]'
expect_eq 'acme/code@main: gone' "$OUT"
move tiny c1
lock --companions
expect_eq 1 "$(wc -l <<<"$OUT")" "$OUT"
expect_contains "$OUT" 'acme/code@main: new'
lock
expect_eq "$(jq -c .models kept.json)" "$(jq -c .models inlay.lock.json)" 'as it was'
move tiny c2

# The project may say it, too: weights come along, and what these load.
cp inlay.lock.json kept.json
echo '{"version": 1, "models": ["acme/adapter"]}' >inlay.json
lock
expect_json "$(cat inlay.lock.json)" '[.companions, [.models[].model]]' '[null,["acme/adapter@main"]]'
echo '{"version": 1, "companions": true, "models": ["acme/adapter"]}' >inlay.json
lock
expect_json "$(cat inlay.lock.json)" '[.companions, [.models[] | [.model, .companion_of]]]' \
    '["all",[["acme/adapter@main",null],["acme/remote@main",["acme/adapter@main"]],["acme/code@main",["acme/remote@main"]]]]'
expect_exit 0 "$INLAY" plan oci:base:1 --locked --json
expect_json "$OUT" '[.models[].name]' '["acme/adapter","acme/remote","acme/code"]'
cp inlay.lock.json whole.json
jq '.models |= map(select(.model != "acme/remote@main"))' whole.json >inlay.lock.json
refuse 7 "'acme/remote@main', which loads 'acme/code@main', is not in it; 'inlay lock --update' makes it anew" lock --check
mv whole.json inlay.lock.json
lock --base oci:base:1
lock
expect_contains "$ERR" "the project has no base: the layers for 'oci:base:1' are not written down any more"
mv kept.json inlay.lock.json
cp project.json inlay.json

# No lock, a newer one, and one that was edited by hand.
mv inlay.lock.json kept.json
refuse 3 "'inlay.lock.json' does not exist; 'inlay lock' writes it" inject --locked --to oci:other:9
refuse 3 "'inlay.lock.json' does not exist; 'inlay lock' writes it" lock --check
broken() { # STATUS WORDS JQ
    jq "$3" kept.json >inlay.lock.json
    refuse "$1" "'inlay.lock.json': $2" inject --locked --to oci:other:9
    refuse "$1" "'inlay.lock.json': $2" lock --check
    ! /usr/bin/python3 -W ignore -m jsonschema -i inlay.lock.json "$schema" >/dev/null 2>&1 || fail "the schema takes $3"
}
broken 6 'it has version 2 of the format, this inlay knows version 1; a newer inlay reads it' '.version = 2'
broken 7 "'models[0].files[0].size' is not what it has to be, expected a number, 0 or more" '.models[0].files[0].size = "2"'
broken 7 "the member 'models[1].licence' is not known; did you mean 'license'?" '.models[1].licence = "mit"'
broken 7 "'models[0].files[1].digest': " '.models[0].files[1].digest = "sha256:12"'
printf '{"version": 1,\n "models": [}' >inlay.lock.json
refuse 7 "'inlay.lock.json': it is not JSON, at line 2, column " inject --locked --to oci:other:9
mv kept.json inlay.lock.json

# The project in another folder, its lock beside it; paths are seen from there.
mkdir app && cp -r local app/ && cp project.json app/inlay.json && sed -i 's,oci:base,oci:../base,; s,oci:out,oci:../out,' app/inlay.json
expect_exit 0 "$INLAY" lock --project app/inlay.json
expect_json "$(cat app/inlay.lock.json)" '[.models[2].model, .base.name]' '["dir:local","oci:../base:1"]'
expect_exit 0 "$INLAY" lock --project app/inlay.json --check
digest --project app/inlay.json --locked --to oci:other:10
expect_eq "$after" "$DIGEST" 'from another folder'
# Without the base, what the lock has of it stays if the models do; else nothing is written.
rm -rf base
cp app/inlay.lock.json kept.json
expect_exit 0 "$INLAY" lock --project app/inlay.json
expect_contains "$ERR" "the layers stay as 'app/inlay.lock.json' has them: the base oci:app/../base:1: "
expect_contains "$OUT" 'no model has changed'
cmp kept.json app/inlay.lock.json || fail 'without the base the lock is another'
refuse 3 "'app/inlay.lock.json' stays as it is: the base oci:other" lock --project app/inlay.json --base oci:other:none
jq '.models |= .[1:]' app/inlay.json >app/less.json
refuse 3 "'app/inlay.lock.json' stays as it is: the base " lock --project app/less.json --lock app/inlay.lock.json
cmp kept.json app/inlay.lock.json || fail 'a failure has changed the lock'
# What is there and is no file is neither waited for nor replaced.
mkfifo pipe
refuse 8 "'pipe' is a pipe or device" lock --project app/inlay.json --lock pipe
[ -p pipe ] || fail 'the pipe is there no more'
# The first one has models, and no layers.
rm app/inlay.lock.json
expect_exit 0 "$INLAY" lock --project app/inlay.json
expect_contains "$ERR" 'without the base the layers are not written down'
expect_json "$(cat app/inlay.lock.json)" '[(.models | length), .images]' '[5,[]]'
expect_hub_manners

# What no inject could take is not locked: a file without a name in the Hub's cache.
mkdir named
echo x >named/m.bin
echo '{"version": 1, "base": "scratch", "models": ["file:m.bin"]}' >named/inlay.json
refuse 2 "a file has no name in the Hub's cache; say --as org/name, or --layout dir --path PATH" lock --project named/inlay.json
expect_no_file named/inlay.lock.json
echo '{"version": 1, "base": "scratch", "models": [{"model": "file:m.bin", "layout": "dir", "path": "/m"}]}' >named/inlay.json
expect_exit 0 "$INLAY" lock --project named/inlay.json
expect_exit 0 "$INLAY" inject --locked --project named/inlay.json --to oci:named/out:1

# Sets share one connection to people and servers: one line about progress, and each warning once.
echo '{"version": 1, "base": "scratch", "sets": {"a": ["dir:."], "b": [{"model": "file:m.bin", "layout": "dir", "path": "/m"}]}}' >named/inlay.json
jq '.sets.a = [{"model": "file:m.bin", "layout": "dir", "path": "/a"}]' named/inlay.json >named/two.json
expect_exit 0 "$INLAY" lock --project named/two.json --diff-ids --insecure r.example --progress json
expect_eq 1 "$(grep -c 'insecure r.example' <<<"$ERR")" 'warnings'
