#!/bin/bash
# Settings: a file and variables hold where the command line says nothing, and `inlay config` tells which.
. "$(dirname "$0")/../../testdata/lib.sh"

docs=$TESTDATA/../docs
cd "$TEST_DIR" || exit
export HOME=$TEST_DIR/home XDG_CACHE_HOME=$TEST_DIR/cache
file=$HOME/.config/inlay/config.json
mkdir -p "$HOME/.config/inlay"
expect_valid() { # SCHEMA FILE
    /usr/bin/python3 -W ignore -m jsonschema -i "$2" "$docs/$1" >schema.out 2>&1 || fail "$2 is not what $1 says: $(head -3 schema.out)"
}
write() { # JSON
    printf '%s\n' "$1" >"$file"
    chmod 600 "$file"
}
setting() { # NAME: its row, as ["values"],"from","where"
    "$INLAY" config "$1" --json | jq -c '.settings[0] | [.values, .from, .where]'
}

# One table: what the command lists is what the schema and the page have, and options and help agree.
"$INLAY" config --json >config.json
expect_valid schema/config.schema.json config.json
names=$(jq -r '.settings[].name' config.json)
expect_eq "$names" "$(jq -r '.properties | keys_unsorted[] | select(. != "$schema")' "$docs/config.schema.json")" 'members of the schema'
expect_eq "$(jq -r '.settings[] | "\(.name) \(.variable) --\(.option)"' config.json)" \
    "$(sed -nE 's/^\| `([a-z_]+)`[^|]*\| `(INLAY_[A-Z_]+)`[^|]*\| `(--[a-z-]+)`.*/\1 \2 \3/p' "$docs/config.md")" 'rows of the page'
expect_eq '[]' "$(jq -c '[.settings[] | select(.from != "built-in")]' config.json)"
"$INLAY" inject --help-all | tr '\n' ' ' | tr -s ' ' >help
for option in jobs connections retries timeout hub-endpoint; do
    value=$(jq -r --arg option "$option" '.settings[] | select(.option == $option) | .values[0]' config.json)
    grep -qE -- "--$option [^-]*[( ]${value}[;) ]" help || fail "the help does not say that --$option is $value: $(cat help)"
done

# The order: option, variable, those of others, file, built in.
start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"}]}'
make_base "$TEST_DIR/base" 1
expect_exit 0 "$INLAY" config
expect_eq "file: $file (there is none)" "$(head -1 <<<"$OUT")"
write "{\"hub_endpoint\": \"$HUB_URL\", \"jobs\": 8, \"layer_cache\": \"oci:~/layers\", \"insecure\": [\"localhost:5000\", \"r.example\"]}"
expect_valid config.schema.json "$file"
expect_eq "[[\"$HUB_URL\"],\"file\",\"$file\"]" "$(setting hub_endpoint)"
expect_eq 'localhost:5000 r.example ' "$("$INLAY" config insecure | tr '\n' ' ')"
expect_exit 0 "$INLAY" inject -q oci:base:1 acme/tiny --to oci:out:1
[ "$(jq '.manifests | length' "$HOME/layers/index.json")" -gt 0 ] || fail 'nothing is in the layer cache'
expect_eq true "$(hub_log '[.requests[] | select(.path | contains("acme/tiny"))] | length > 0')" 'the hub of the file was asked'
export HF_ENDPOINT=http://127.0.0.1:1
expect_eq '[["http://127.0.0.1:1"],"variable","HF_ENDPOINT"]' "$(setting hub_endpoint)"
expect_exit 5 "$INLAY" inject -q oci:base:1 acme/tiny --to oci:out:2 --retries 0
expect_exit 0 env INLAY_HUB_ENDPOINT="$HUB_URL/" "$INLAY" inject -q oci:base:1 acme/tiny --to oci:out:2
expect_exit 5 env INLAY_HUB_ENDPOINT= INLAY_RETRIES=0 HTTPS_PROXY=http://127.0.0.1:1 "$INLAY" inject -q oci:base:1 acme/other --to oci:out:3
expect_exit 0 env INLAY_HUB_ENDPOINT=http://127.0.0.1:1 "$INLAY" inject -q oci:base:1 acme/tiny --to oci:out:3 --hub-endpoint "$HUB_URL"
expect_eq '[["3"],"variable","INLAY_JOBS"]' "$(INLAY_JOBS=3 setting jobs)"
expect_eq '[["4"],"variable","INLAY_JOBS"]' "$(INLAY_JOBS='' setting jobs)"
# A value is that of the option, for every command that takes it and for no other; a list is replaced as a whole.
expect_exit 0 "$INLAY" inspect oci:out:1
expect_contains "$ERR" '--insecure r.example: whoever is on the way'
expect_exit 0 "$INLAY" inspect oci:out:1 --insecure s.example
expect_lacks "$ERR" 'r.example'
expect_exit 0 env INLAY_INSECURE= "$INLAY" inspect oci:out:1
expect_eq '' "$ERR"
expect_exit 0 env INLAY_CONFIG= "$INLAY" inspect oci:out:1
expect_eq '' "$ERR"
expect_exit 0 env INLAY_JOBS=none "$INLAY" inspect oci:out:1
expect_exit 0 env INLAY_JOBS=none "$INLAY" version

# Errors say where the value is from.
refuse() { # STATUS WORDS COMMAND...
    local status=$1 words=$2
    shift 2
    expect_exit "$status" "$@"
    expect_contains "$(tail -1 <<<"$ERR")" "$words" "$*"
}
refuse 2 'INLAY_JOBS: --jobs is 0, expected 1 to 64' env INLAY_JOBS=0 "$INLAY" verify oci:out:1
refuse 2 'INLAY_HUB_ENDPOINT: --hub-endpoint is' env INLAY_HUB_ENDPOINT=ftp://x "$INLAY" plan oci:base:1 acme/tiny
refuse 2 '--hub-endpoint' "$INLAY" plan oci:base:1 acme/tiny --hub-endpoint nonsense
refuse 3 "the configuration: '/nowhere' does not exist" env INLAY_CONFIG=/nowhere "$INLAY" verify oci:out:1
write '{"jobs": 100}'
refuse 2 "'jobs' in '$file': --jobs" "$INLAY" verify oci:out:1
expect_exit 2 "$INLAY" config
expect_contains "$OUT" "wrong: 'jobs' in '$file': --jobs"
expect_exit 0 "$INLAY" config progress
expect_eq auto "$OUT"
write '{"layer_cache": "oci-archive:/x"}'
refuse 2 "'layer_cache' in '$file': --layer-cache 'oci-archive:/x' is neither a repository nor oci:DIR" "$INLAY" config layer_cache
write '{"hub_token": "hf_0123456789"}'
refuse 11 "'hub_token' looks like a secret" "$INLAY" verify oci:out:1
expect_lacks "$ERR" hf_0123456789
write '{"insecur": []}'
refuse 7 "the member 'insecur' is not known; near it: insecure" "$INLAY" config --json
refuse 7 "mend what is wrong, as told above: the file" "$INLAY" config
refuse 7 "'$file': the member 'insecur'" "$INLAY" inspect oci:out:1
# What is wrong is shown beside what is right, and a value that is wrong is printed for no script.
write '{"jbos": 3, "retries": 1, "timeout": "x"}'
expect_exit 7 "$INLAY" config
expect_contains "$OUT" "wrong: '$file': the member 'jbos' is not known; near it: jobs; 'inlay config' lists all of them"
expect_contains "$OUT" "wrong: '$file': 'timeout' is not what it has to be, expected a whole number"
grep -qE "^retries +1 +$file$" <<<"$OUT" || fail "no retries in: $OUT"
expect_exit 7 "$INLAY" config --json
printf '%s\n' "$OUT" >wrong.json
expect_valid schema/config.schema.json wrong.json
expect_json wrong.json '[(.problems | length), (.settings[] | select(.problem != null) | .name)]' '[1,"timeout"]'
expect_exit 7 "$INLAY" config retries
expect_eq '' "$OUT"
expect_exit 7 "$INLAY" doctor scratch dir:base
expect_contains "$OUT" "failed   settings       '$file': the member 'jbos' is not known; near it: jobs"
expect_contains "$OUT" 'ok       model '
write '{not'
expect_exit 7 "$INLAY" config
expect_contains "$OUT" "wrong: '$file': it is not JSON"
expect_exit 2 env INLAY_CONFIG= INLAY_JOBS=abc "$INLAY" config jobs
expect_eq '' "$OUT"
expect_exit 2 env INLAY_CONFIG= HF_ENDPOINT=ftp://x "$INLAY" config
expect_contains "$OUT" "wrong: HF_ENDPOINT: --hub-endpoint is 'ftp://x'"
expect_eq 'inlay: mend what is wrong, as told above: hub_endpoint' "$ERR"
expect_exit 2 env INLAY_CONFIG= INLAY_JOBS=abc INLAY_TLS_CA= INLAY_HUB_ENDPOINT=ftp://x "$INLAY" doctor scratch dir:base
expect_contains "$OUT" 'failed   settings       INLAY_HUB_ENDPOINT: --hub-endpoint'
expect_contains "$OUT" "failed   settings       INLAY_JOBS: --jobs: 'abc' is not a number"
# The doctor speaks of all settings, whether it goes by them itself or not.
write '{"connections": 999, "timeout": 0}'
expect_exit 2 "$INLAY" doctor scratch dir:base
expect_contains "$OUT" "failed   settings       'connections' in '$file': --connections: '999' is above 64"
expect_contains "$OUT" "failed   settings       'timeout' in '$file': --timeout is 0, expected 1 to "
expect_lacks "$OUT" 'ok       settings'
write '{"jobs": 8}'
chmod 664 "$file"
refuse 8 "'chmod go-w'" "$INLAY" verify oci:out:1
expect_exit 0 "$INLAY" layouts
rm "$file"

# A home that this user may not see has no file: an image of somebody else's.
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    write '{"jobs": 100}'
    chmod 700 "$HOME"
    chmod 755 "$TEST_DIR"
    cp "$INLAY" "$TEST_DIR/inlay"
    chmod 755 "$TEST_DIR/inlay"
    expect_exit 0 setpriv --reuid 12345 --regid 12345 --clear-groups "$TEST_DIR/inlay" config jobs
    expect_eq 4 "$OUT"
    rm "$file"
fi

# What may be secret is not shown; a variable that is nearly one is told.
expect_exit 2 env HF_ENDPOINT=https://user:s3cret99@h.example/x?token=t0ken123 INLAY_JOBBS=1 DOCKER_AUTH_CONFIG='{"auths":{"h":{"auth":"dTpzM2NyZXQ5OQ=="}}}' "$INLAY" config
expect_contains "$OUT" 'https://h.example/x'
expect_contains "$OUT" 'not read: INLAY_JOBBS; did you mean INLAY_JOBS?'
for secret in s3cret99 t0ken123 dTpz user:; do
    expect_lacks "$OUT$ERR" "$secret"
done
expect_exit 0 env INLAY_JOBBS=1 INLAY_LAYER_CACHE=u:s3cret99@r.example/x "$INLAY" config jobs --json
expect_json "$OUT" .unknown '[{"variable":"INLAY_JOBBS","nearest":"INLAY_JOBS"}]'
expect_lacks "$(INLAY_LAYER_CACHE=u:s3cret99@r.example/x "$INLAY" config 2>&1 || true)" s3cret99
# An error is JSON where progress is.
expect_exit 2 env INLAY_PROGRESS=json "$INLAY" config nothing
expect_json "$ERR" .error.kind '"usage"'
plain() { # COMMAND...: the error is a line for people
    expect_exit 3 "$@"
    expect_eq 'inlay: ' "$(tail -1 <<<"$ERR" | cut -c 1-7)" "$*"
}
in_json() { # COMMAND...
    expect_exit 3 "$@"
    expect_json "$(tail -1 <<<"$ERR")" .error.kind '"not-found"'
}
plain env INLAY_PROGRESS=json "$INLAY" inspect oci:none:1 --progress plain
plain env INLAY_PROGRESS=json "$INLAY" inspect oci:none:1 --progress=none
in_json env INLAY_PROGRESS=plain "$INLAY" inspect oci:none:1 --progress json
in_json "$INLAY" inspect oci:none:1 --js
in_json "$INLAY" inspect --prog=json oci:none:1
in_json "$INLAY" inspect oci:none:1 --progress plain --json
plain "$INLAY" inspect oci:none:1 --tls-ca --json
write '{"progress": "json"}'
in_json "$INLAY" inspect oci:none:1
plain env INLAY_PROGRESS= "$INLAY" inspect oci:none:1
plain "$INLAY" inspect oci:none:1 --progress tty
rm "$file"
refuse 2 "'tls-ca' is no setting; near it: tls_ca" "$INLAY" config tls-ca
refuse 2 "'b' is one argument too many" "$INLAY" config a b
refuse 2 "the option '--json=1' takes no value" "$INLAY" config --json=1
