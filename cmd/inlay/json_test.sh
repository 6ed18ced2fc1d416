#!/bin/bash
# --json of every command: one document that its schema takes, as an independent validator says; and errors.
. "$(dirname "$0")/../../testdata/lib.sh"

docs=$TESTDATA/../docs
cd "$TEST_DIR" || exit
start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"},
    {"path": "model.safetensors", "synthetic": 3000000, "lfs": true}]}' \
    '{"id": "acme/other", "files": [{"path": "config.json", "text": "{}"}]}'
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
start_registry
make_base "$TEST_DIR/base" 1
make_base "$TEST_DIR/both" 1 --index

expect_valid() { # SCHEMA TEXT
    printf '%s' "$2" >document.json
    /usr/bin/python3 -W ignore -m jsonschema -i document.json "$docs/$1" >schema.out 2>&1 \
        || fail "not what $1 says: $(head -3 schema.out)"
}
json() { # SCHEMA COMMAND...: sets OUT
    local schema=$1
    shift
    expect_exit 0 "$INLAY" "$@" --json
    expect_eq 1 "$(wc -l <<<"$OUT")" "lines of $*"
    expect_valid "$schema" "$OUT"
}

# What a document of version 1 has had, it keeps: docs/json.md. Members, types and names, as the schemas have them.
members() { # SCHEMA...
    local file
    for file in "$@"; do
        jq -r --arg file "$(basename "$file" .schema.json)" '[paths(scalars) as $p
            | select(any($p[]; IN("type", "enum", "const", "required")) and ($p[-1] | IN("description", "title") | not))
            | "\($file) \($p | map(if type == "number" then "*" else . end) | join(".")) \(getpath($p) | tojson)"] | unique[]' "$file"
    done | LC_ALL=C sort -u
}
members "$docs"/schema/*.json "$docs/scan.schema.json" >members.txt
expect_eq '' "$(LC_ALL=C comm -23 "$TESTDATA/golden/json_members.txt" members.txt)" \
    'what documents had, and what programs may go by: to take it away or to give it another type, version has to become 2'
expect_eq '' "$(LC_ALL=C comm -13 "$TESTDATA/golden/json_members.txt" members.txt)" 'new ones: add them to golden/json_members.txt'

# What writes an image says what other tools see of it.
seen() { printf 'sha256:%s' "$(skopeo inspect --raw --tls-verify=false "docker://$1" | sha256_of /dev/stdin)"; }
size() { skopeo inspect --raw --tls-verify=false "docker://$1" | wc -c; }
json schema/inject.schema.json inject oci:base:1 acme/tiny --to "$REGISTRY/a:1" --to "$REGISTRY/a:2"
expect_json "$OUT" .version 1
expect_json "$OUT" '[.image, .tags]' "[\"$REGISTRY/a:1\",[\"$REGISTRY/a:1\",\"$REGISTRY/a:2\"]]"
expect_json "$OUT" '[.digest, .size]' "[\"$(seen "$REGISTRY/a:2")\",$(size "$REGISTRY/a:1")]"
expect_json "$OUT" .base.digest "\"$(tag_digest "$TEST_DIR/base" 1)\""
expect_json "$OUT" '.models[] | [.model, .layout, .places, .files, .size]' \
    '["acme/tiny@main","huggingface",["/root/.cache/huggingface/hub"],2,3000002]'
expect_json "$OUT" .layers '{"built":3,"reused":0,"mounted":0}'
expect_json "$OUT" '.moved.models' 3000002
all=$(skopeo inspect --raw --tls-verify=false "docker://$REGISTRY/a:1" | jq '[.layers[].size] | add')
models=$(skopeo inspect --raw --tls-verify=false "docker://$REGISTRY/a:1" | jq '[.layers[1:][].size] | add')
expect_json "$OUT" .platforms "[{\"platform\":\"linux/amd64\",\"size\":$all,\"models_size\":$models}]"
# A neighbour's layers are mounted, and nothing of the model moves.
json schema/inject.schema.json inject oci:base:1 acme/tiny --to "$REGISTRY/b:1" --reuse-from "$REGISTRY/a:1"
expect_json "$OUT" .layers '{"built":0,"reused":3,"mounted":3}'
expect_json "$OUT" '[.moved.models, .moved.spared >= 3000002]' '[0,true]'
json schema/inject.schema.json inject oci:both:1 acme/tiny --to oci:many:1
expect_json "$OUT" '[.platforms[].platform]' '["linux/amd64","linux/arm64"]'
json schema/inject.schema.json inject oci:base:1 acme/tiny --to oci:shard:1 --shard 1/2
expect_json "$OUT" '[.image, .digest, .tags]' '[null,null,[]]'
# What the image already has of models is told; what goes to standard output is not mixed with it.
json schema/inject.schema.json inject oci:many:1 acme/other --to oci:many:2
expect_json "$OUT" '[.models[].model, .kept[].name]' '["acme/other@main","acme/tiny"]'
expect_exit 0 bash -c '"$0" inject -q oci:base:1 acme/tiny --to oci-archive:- --json >image.tar' "$INLAY"
expect_valid schema/inject.schema.json "$ERR"
tar -tf image.tar >/dev/null || fail 'standard output is no archive'

json schema/copy.schema.json copy "$REGISTRY/a:1" oci:x:1
expect_json "$OUT" '[.digest, .was_there, .moved.image > 3000000]' "[\"$(tag_digest "$TEST_DIR/x" 1)\",false,true]"
json schema/copy.schema.json copy "$REGISTRY/a:1" oci:x:1
expect_json "$OUT" '[.was_there, .moved.image]' '[true,0]'
json schema/remove.schema.json remove "$REGISTRY/a:1" acme/tiny --to oci:y:1
expect_json "$OUT" '[.digest, .layers.removed]' "[\"$(tag_digest "$TEST_DIR/y" 1)\",3]"
json schema/plan.schema.json plan oci:base:1 acme/tiny --to oci:x:2
json schema/plan.schema.json plan oci:x:1 acme/tiny
json schema/layer.schema.json layer acme/tiny -o tiny.tar
json schema/inspect.schema.json inspect oci:x:1
json schema/inspect.schema.json inspect oci:base:1
json schema/verify.schema.json verify oci:x:1
json scan.schema.json scan oci:base:1
json presets.schema.json presets
json schema/layouts.schema.json layouts
json schema/version.schema.json version
json schema/config.schema.json config
json schema/doctor.schema.json doctor oci:base:1
json schema/init.schema.json init acme/tiny
expect_json "$OUT" . '{"version":1,"project":"inlay.json","models":["acme/tiny"]}'

# A lock: new, checked, the same, gone.
json schema/lock.schema.json lock
expect_json "$OUT" '[.checked, .models[0].state, .models[0].was]' '[false,"new",null]'
json schema/lock.schema.json lock --check
expect_json "$OUT" '[.checked, .models[].state]' '[true,"same"]'
jq '.models[0].pin = "1111111111111111111111111111111111111111"' inlay.lock.json >other.json && mv other.json inlay.lock.json
json schema/lock.schema.json lock --update
expect_json "$OUT" '.models[] | [.state, .was]' '["changed","1111111111111111111111111111111111111111"]'
expect_json "$OUT" '.models[0].commit' "$(jq -c '.models[0].pin' inlay.lock.json)"

"$INLAY" inject -q scratch acme/tiny --to oci:z:1 --platform linux/amd64 --download-cache kept >/dev/null
json schema/cache.schema.json cache list kept
files=$(jq -c '[.files[].digest] | sort' <<<"$OUT")
json schema/cache.schema.json cache prune kept --older-than 0
expect_json "$OUT" '[.removed[].digest | select(. != null)] | sort' "$files"
expect_json "$OUT" .in_use '[]'

# Errors: the last line on standard error, and nothing on standard output.
refuse() { # STATUS KIND COMMAND...
    local status=$1 kind=$2
    shift 2
    expect_exit "$status" "$INLAY" "$@"
    expect_eq '' "$OUT" "stdout of $*"
    expect_valid schema/error.schema.json "$(tail -1 <<<"$ERR")"
    expect_json "$(tail -1 <<<"$ERR")" '[.error.status, .error.kind]' "[$status,\"$kind\"]"
}
refuse 2 usage copy --json
refuse 2 usage inspect 'oci:"\:1' --json --bogus
refuse 3 not-found copy --json oci:nix:1 oci:y:2
refuse 4 denied inject oci:base:1 acme/nix --to oci:y:2 --json
refuse 5 unreachable inspect --json --retries 0 127.0.0.1:1/x:1
refuse 2 usage cache prune kept --json
refuse 10 conflict copy oci:base:1 oci:x:1 --expect none --json
expect_exit 3 "$INLAY" copy oci:nix:1 oci:y:2
expect_eq "inlay: the image oci:nix: the folder 'nix' does not exist" "$ERR" 'without --json'
# A document that says that something is wrong stays one.
expect_exit 7 "$INLAY" verify oci:base:1 acme/tiny --json
expect_valid schema/verify.schema.json "$OUT"
expect_valid schema/error.schema.json "$(tail -1 <<<"$ERR")"
