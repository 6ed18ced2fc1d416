#!/bin/bash
# How registries are got at: stored credentials, helpers, tokens, certificates, plain http, and where
# none of that goes.
. "$(dirname "$0")/../../testdata/lib.sh"

start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"}]}' \
    '{"id": "acme/slow", "files": [{"path": "model.safetensors", "synthetic": 12000000, "seed": 1}]}'
export HF_ENDPOINT=$HUB_URL
export HOME=$TEST_DIR/home XDG_RUNTIME_DIR=$TEST_DIR/run XDG_CACHE_HOME=$TEST_DIR/cache
export no_proxy=127.0.0.1
mkdir -p "$HOME" "$XDG_RUNTIME_DIR/containers" "$TEST_DIR/bin"
PATH=$TEST_DIR/bin:$PATH

base=oci:$TEST_DIR/base:1
make_base "$TEST_DIR/base" 1

# Whatever is said, with --verbose, no secret is in it.
secret='p4ss:W0rd of bob'
secrets=("$secret" "$(printf 'bob:%s' "$secret" | base64 -w 0)" "$(printf '%s' "$secret" | jq -sRr @uri)" refresh-bob)

# access STATUS COMMAND...: runs inlay, and looks for secrets in what it says
access() {
    local status=$1 text
    shift
    expect_exit "$status" "$INLAY" "$@" --verbose
    for text in "${secrets[@]}"; do
        expect_lacks "$OUT$ERR" "$text" 'a secret is shown'
    done
}

# push_pull [OPTION...]: both ways
push_pull() {
    access 0 inject "$base" acme/tiny --to "$REGISTRY/team/app:1" "$@"
    access 0 inspect "$REGISTRY/team/app:1" "$@"
    expect_contains "$OUT" 'acme/tiny'
}

# entry HOST [USER:PASSWORD]: a credentials file as `docker login` writes it
entry() {
    jq -n --arg host "$1" --arg auth "$(printf %s "${2-bob:$secret}" | base64 -w 0)" \
        '{auths: {($host): {auth: $auth}}}'
}

# --- user and password, wherever they are kept
start_registry --htpasswd "bob:$secret"

access 4 inspect "$REGISTRY/team/app:1"
expect_contains "$ERR" "access to 'team/app' at 'http://$REGISTRY' is denied: it wants a user and a password; there are no credentials for '$REGISTRY': 'docker login $REGISTRY', 'skopeo login $REGISTRY' or --creds $REGISTRY=FILE gives some"

skopeo login --tls-verify=false --username bob --password-stdin "$REGISTRY" <<<"$secret" >/dev/null
push_pull
expect_contains "$ERR" "the credentials of 'bob' come from '$XDG_RUNTIME_DIR/containers/auth.json', key '$REGISTRY'"
rm "$XDG_RUNTIME_DIR/containers/auth.json"

mkdir -p "$TEST_DIR/docker" "$HOME/.docker"
entry "https://$REGISTRY/v1/" >"$HOME/.docker/config.json"
push_pull
expect_contains "$ERR" "'$HOME/.docker/config.json', key 'https://$REGISTRY/v1/'"
rm "$HOME/.docker/config.json"

entry "$REGISTRY" >"$TEST_DIR/docker/config.json"
DOCKER_CONFIG=$TEST_DIR/docker push_pull
REGISTRY_AUTH_FILE=$TEST_DIR/docker/config.json push_pull
DOCKER_AUTH_CONFIG=$(cat "$TEST_DIR/docker/config.json") push_pull
push_pull --authfile "$TEST_DIR/docker/config.json"

# That of a repository is closer than that of its host.
jq -s '{auths: (map(.auths) | add)}' <(entry "$REGISTRY" bob:wrong) <(entry "$REGISTRY/team") >"$TEST_DIR/closer.json"
push_pull --authfile "$TEST_DIR/closer.json"
access 4 inspect "$REGISTRY/other/app:1" --authfile "$TEST_DIR/closer.json"
expect_contains "$ERR" "'$TEST_DIR/closer.json', key '$REGISTRY'"

# From a file or standard input; a password on the command line is no such thing.
printf 'bob:%s\n' "$secret" >"$TEST_DIR/line"
push_pull --creds "$REGISTRY=$TEST_DIR/line"
access 0 inspect "$REGISTRY/team/app:1" --creds "$REGISTRY=-" <"$TEST_DIR/line"
# A file that others may read is warned of, and a host that is none of this call's; a login that nobody asks for is not.
chmod 644 "$TEST_DIR/line"
access 0 inspect "$REGISTRY/team/app:1" --creds "$REGISTRY=$TEST_DIR/line"
expect_contains "$ERR" "warning: '$TEST_DIR/line' holds a password and may be read by others (mode 0644); 'chmod 600' it, or mount it with mode 0400"
chmod 600 "$TEST_DIR/line"
access 0 inspect "$REGISTRY/team/app:1" --creds "$REGISTRY=$TEST_DIR/line"
expect_lacks "$ERR" 'warning: '
# One list of logins may serve several calls, of which each needs some.
access 0 inspect "$REGISTRY/team/app:1" --creds "$REGISTRY=$TEST_DIR/line" --creds "team=$TEST_DIR/line"
expect_lacks "$ERR" 'warning: '
access 4 inspect "$REGISTRY/team/app:1" --creds "team=$TEST_DIR/line"
expect_contains "$ERR" "warning: --creds has a login for 'team', which did not ask for one; '$REGISTRY' did"
access 0 inspect "$base" --creds "team=$TEST_DIR/line"
expect_lacks "$ERR" 'warning: '
access 2 inspect "$REGISTRY/team/app:1" --creds "bob:$secret"
expect_contains "$ERR" 'expected HOST=FILE, or HOST=- for standard input'
access 8 inspect "$REGISTRY/team/app:1" --creds "$REGISTRY=$TEST_DIR/no-such-file"
expect_contains "$ERR" "$TEST_DIR/no-such-file"
access 2 inspect "$REGISTRY/team/app:1" --creds a=- --creds b=-

# What is wrong is named by file and key, and what was there stays.
digest_of() { skopeo inspect --tls-verify=false --creds "bob:$secret" --format '{{.Digest}}' "docker://$1"; }
before=$(digest_of "$REGISTRY/team/app:1")
entry "$REGISTRY" 'bob:not W0rd' >"$TEST_DIR/docker/config.json"
for wrong in inspect "inject $base acme/slow --to"; do
    # shellcheck disable=SC2086 # words
    DOCKER_CONFIG=$TEST_DIR/docker access 4 $wrong "$REGISTRY/team/app:1"
    expect_contains "$ERR" "the credentials of 'bob' come from '$TEST_DIR/docker/config.json', key '$REGISTRY'"
    expect_lacks "$ERR" 'not W0rd'
done
printf '{"auths": {"%s": {"auth": "%s"' "$REGISTRY" 'Ym9iOg' >"$TEST_DIR/docker/config.json"
DOCKER_CONFIG=$TEST_DIR/docker access 8 inject "$base" acme/tiny --to "$REGISTRY/team/app:1"
expect_contains "$ERR" "'$TEST_DIR/docker/config.json' is not JSON, at line 1, column"
expect_lacks "$ERR" 'Ym9iOg'
access 8 inspect "$REGISTRY/team/app:1" --authfile "$TEST_DIR/gone.json"
expect_contains "$ERR" "'$TEST_DIR/gone.json' does not exist"
expect_eq "$before" "$(digest_of "$REGISTRY/team/app:1")" 'the tag'

# --- a helper on PATH
cat >"$TEST_DIR/bin/docker-credential-test" <<HELPER
#!/bin/sh
{ tr '\\0' ' ' <"/proc/\$\$/cmdline"; echo; } >>"$TEST_DIR/helper.cmdline"
server=\$(cat)
echo "\$1 \$server" >>"$TEST_DIR/helper.log"
grep -qFx "\$server" "$TEST_DIR/helper.servers" || { echo credentials not found in native keychain; exit 1; }
cat "$TEST_DIR/helper.answer"
HELPER
chmod +x "$TEST_DIR/bin/docker-credential-test"
printf '%s\n' "$REGISTRY" >"$TEST_DIR/helper.servers"
jq -n --arg secret "$secret" '{ServerURL: "x", Username: "bob", Secret: $secret}' >"$TEST_DIR/helper.answer"
for config in "{\"credHelpers\": {\"$REGISTRY\": \"test\"}}" '{"credsStore": "test"}' \
    "{\"credsStore\": \"test\", \"auths\": {\"$REGISTRY\": {}}}"; do
    printf '%s' "$config" >"$HOME/.docker/config.json"
    : >"$TEST_DIR/helper.log"
    push_pull
    expect_contains "$ERR" "'docker-credential-test', which '$HOME/.docker/config.json' names"
    expect_eq "get $REGISTRY" "$(sort -u "$TEST_DIR/helper.log")" 'what the helper was asked'
    expect_eq 2 "$(wc -l <"$TEST_DIR/helper.log")" 'how often: once a command'
done
expect_lacks "$(cat "$TEST_DIR/helper.cmdline")" "$REGISTRY"
expect_contains "$(cat "$TEST_DIR/helper.cmdline")" 'docker-credential-test get'

: >"$TEST_DIR/helper.servers" # it knows none: anonymous, and told
access 4 inspect "$REGISTRY/team/app:1"
expect_contains "$ERR" "'$HOME/.docker/config.json' has no credentials for '$REGISTRY'"
printf '{"credsStore": "gone"}' >"$HOME/.docker/config.json"
access 8 inspect "$REGISTRY/team/app:1"
expect_contains "$ERR" "'$HOME/.docker/config.json' says that 'docker-credential-gone' has the credentials for '$REGISTRY', and there is no such program in PATH"
rm "$HOME/.docker/config.json"

# --- tokens
token_log() { http_get "$TOKEN_LOG_URL" | jq -c "$1"; }
start_token_registry --user "bob:$secret" --lifetime 300
entry "$REGISTRY" >"$HOME/.docker/config.json"
push_pull
expect_eq '["GET","bob"]' "$(token_log '[.requests[] | [.method, .user]] | unique[]')" 'requests for tokens'

# A mount asks for both repositories at once.
push_base "$TEST_DIR/base" 1 "$REGISTRY/team/base:1" --dest-creds "bob:$secret"
access 0 inject "$REGISTRY/team/base:1" acme/tiny --to "$REGISTRY/other/app:1"
expect_contains "$ERR" '0 B of base'
expect_contains "$(token_log '.requests[].scopes')" '["repository:other/app:pull,push","repository:team/base:pull"]'

entry "$REGISTRY" 'bob:not W0rd' >"$HOME/.docker/config.json"
access 4 inspect "$REGISTRY/team/app:1"
expect_contains "$ERR" "getting a token for 'http://$REGISTRY'"
expect_contains "$ERR" 'was answered with status 401'
expect_contains "$ERR" "the credentials of 'bob' come from '$HOME/.docker/config.json', key '$REGISTRY'"
expect_lacks "$ERR" 'not W0rd' 'the server said it, inlay must not'

# Nobody else gets what is bob's at this registry, even by naming its realm.
entry "$REGISTRY" >"$HOME/.docker/config.json"
cat >"$TEST_DIR/thief.mjs" <<'THIEF'
import { createServer } from 'node:http';
import { writeFileSync } from 'node:fs';
const server = createServer((req, res) => res.writeHead(401, { 'WWW-Authenticate':
    `Bearer realm="${process.argv[2]}",service="test-registry"` }).end());
server.listen(0, '127.0.0.1', () => writeFileSync(process.argv[3], `127.0.0.1:${server.address().port}`));
THIEF
start_server "$TEST_DIR/thief.log" node "$TEST_DIR/thief.mjs" "$TOKEN_URL" "$TEST_DIR/thief.ready"
wait_until "$TEST_DIR/thief.log" test -s "$TEST_DIR/thief.ready"
access 4 inspect "$(cat "$TEST_DIR/thief.ready")/team/app:1"
expect_eq '""' "$(token_log '.requests[-1].user')" 'the thief made inlay anonymous'

# An identity token goes by POST, or as a password where the server knows only GET.
entry "$REGISTRY" bob: | jq --arg host "$REGISTRY" '.auths[$host].identitytoken = "refresh-bob"' >"$HOME/.docker/config.json"
push_pull
expect_eq '["POST","refresh_token","bob"]' "$(token_log '.requests[-1] | [.method, .grant, .user]')"
jq -n '{ServerURL: "x", Username: "<token>", Secret: "refresh-bob"}' >"$TEST_DIR/helper.answer"
printf '%s\n' "$REGISTRY" >"$TEST_DIR/helper.servers"
printf '{"credsStore": "test"}' >"$HOME/.docker/config.json"
push_pull
expect_eq '["POST","refresh_token","bob"]' "$(token_log '.requests[-1] | [.method, .grant, .user]')"

# The token runs out while the layer is on its way.
start_token_registry --user "bob:$secret" --lifetime 3
entry "$REGISTRY" >"$HOME/.docker/config.json"
hub_control '{"switches": {"bytesPerSecond": 2000000}}' >/dev/null
access 0 inject "$base" acme/slow --to "$REGISTRY/team/app:1"
hub_control '{"switches": {"bytesPerSecond": 0}}' >/dev/null
expect_contains "$(grep -E '"PUT /v2/team/app/blobs' "$REGISTRY_LOG")" ' 401 ' 'no token had run out'
expect_eq 2 "$(grep -cE '"PATCH /v2/team/app/blobs' "$REGISTRY_LOG")" 'nothing large was sent twice: base and model'
access 0 inspect "$REGISTRY/team/app:1"
expect_contains "$OUT" 'acme/slow'
rm "$HOME/.docker/config.json"

# --- a registry of the open internet, as far as inlay can tell: behind a proxy, by name
cat >"$TEST_DIR/internet.mjs" <<'INTERNET'
import { createServer, request } from 'node:http';
import { writeFileSync } from 'node:fs';
const [upstream, ready] = process.argv.slice(2);
const [host, port] = upstream.split(':');
const server = createServer((req, res) => {
    const url = new URL(req.url);
    const onward = request({ host, port, method: req.method, path: url.pathname + url.search,
        headers: req.headers }, (answer) => {
        res.writeHead(answer.statusCode, answer.headers);
        answer.pipe(res);
    });
    req.pipe(onward);
});
server.on('connect', (req, socket) => {
    const status = req.url.startsWith('r.example') ? 502 : 403;
    socket.end(`HTTP/1.1 ${status} no\r\n\r\n`);
});
server.listen(0, '127.0.0.1', () => writeFileSync(ready, `http://127.0.0.1:${server.address().port}`));
INTERNET
start_server "$TEST_DIR/internet.log" node "$TEST_DIR/internet.mjs" "$REGISTRY" "$TEST_DIR/internet.ready"
wait_until "$TEST_DIR/internet.log" test -s "$TEST_DIR/internet.ready"
proxy=$(cat "$TEST_DIR/internet.ready")
entry r.example >"$TEST_DIR/public.json"
asked=$(token_log '.requests | length')
http_proxy=$proxy https_proxy=$proxy access 4 inspect r.example/team/app:1 --insecure r.example --authfile "$TEST_DIR/public.json"
expect_contains "$ERR" "'http://r.example' sends for tokens to '$TOKEN_URL', where only a server that is there itself may send inlay"
expect_eq "$asked" "$(token_log '.requests | length')" 'requests for tokens'

# Without --insecure, plain http is for this machine alone.
http_proxy=$proxy https_proxy=$proxy access 4 inspect strict.example/team/app:1 --insecure r.example
expect_contains "$ERR" "the proxy answered with status 403"
expect_lacks "$ERR" 'http://strict.example'

# --- certificates

# Plain http needs none: what cannot be read is no reason not to find it.
start_registry
push_base "$TEST_DIR/base" 1 "$REGISTRY/base:1"
SSL_CERT_FILE=$TEST_DIR/nothing access 0 inspect "$REGISTRY/base:1"

mkdir "$TEST_DIR/ca"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=test authority' -sha256 \
    -keyout "$TEST_DIR/ca/ca.key" -out "$TEST_DIR/ca/ca.pem" 2>/dev/null

# sign NAME ALTERNATIVE-NAME [OPTION...]: NAME.pem and NAME.key, signed by the authority
sign() {
    local name=$1 alternative=$2
    shift 2
    openssl req -new -newkey rsa:2048 -nodes -subj "/CN=$name" -keyout "$TEST_DIR/ca/$name.key" \
        -out "$TEST_DIR/ca/$name.csr" 2>/dev/null
    openssl x509 -req -in "$TEST_DIR/ca/$name.csr" -CA "$TEST_DIR/ca/ca.pem" -CAkey "$TEST_DIR/ca/ca.key" \
        -CAcreateserial -days 2 -sha256 -out "$TEST_DIR/ca/$name.pem" \
        -extfile <(printf 'subjectAltName=%s' "$alternative") "$@" 2>/dev/null
}

# start_tls_registry NAME: with the certificate of that name
start_tls_registry() {
    local dir
    dir=$(begin_registry '' false false)
    printf '  tls: {certificate: "%s", key: "%s"}\n' "$TEST_DIR/ca/$1.pem" "$TEST_DIR/ca/$1.key" >>"$dir/config.yml"
    run_registry "$dir"
}
sign server IP:127.0.0.1
sign elsewhere DNS:elsewhere.example
sign expired IP:127.0.0.1 -days 0
sign client DNS:client
ca=$TEST_DIR/ca/ca.pem

start_tls_registry server
push_pull --tls-ca "$ca"
mkdir "$TEST_DIR/authorities"
cp "$ca" "$TEST_DIR/authorities"
push_pull --tls-ca "$TEST_DIR/authorities"
SSL_CERT_FILE=$ca push_pull
push_pull --insecure "$REGISTRY"
expect_contains "$ERR" "--insecure $REGISTRY: whoever is on the way can read"
mkdir -p "$TEST_DIR/certs" "$HOME/.config/containers/certs.d/$REGISTRY"
cp "$ca" "$TEST_DIR/certs/ca.crt"
push_pull --cert-dir "$TEST_DIR/certs"
cp "$ca" "$HOME/.config/containers/certs.d/$REGISTRY/ca.crt"
push_pull
SSL_CERT_FILE=$TEST_DIR/ca/client.pem push_pull # one does not put out the other
rm -r "$HOME/.config"

before=$(skopeo inspect --cert-dir "$TEST_DIR/certs" --format '{{.Digest}}' "docker://$REGISTRY/team/app:1")
access 6 inject "$base" acme/slow --to "$REGISTRY/team/app:1"
expect_contains "$ERR" "the certificate of '$REGISTRY' is not trusted: SSL certificate problem: unable to get local issuer certificate; name the authority that signed it with --tls-ca FILE or in certs.d/$REGISTRY, or go without by --insecure $REGISTRY"
access 6 inject "$base" acme/slow --to "$REGISTRY/team/app:1" --insecure 127.0.0.1:9
access 6 inject "$base" acme/slow --to "$REGISTRY/team/app:1" --tls-ca "$TEST_DIR/ca/client.pem"
expect_eq "$before" "$(skopeo inspect --cert-dir "$TEST_DIR/certs" --format '{{.Digest}}' "docker://$REGISTRY/team/app:1")" 'the tag'
access 8 inspect "$REGISTRY/team/app:1" --tls-ca "$TEST_DIR/line"
expect_contains "$ERR" "'$TEST_DIR/line' has no certificate in PEM"
access 8 inspect "$REGISTRY/team/app:1" --tls-ca "$TEST_DIR/gone.pem"
expect_contains "$ERR" "'$TEST_DIR/gone.pem' does not exist"

start_tls_registry elsewhere
access 6 inspect "$REGISTRY/team/app:1" --tls-ca "$ca"
expect_contains "$ERR" "no alternative certificate subject name matches target host name '127.0.0.1'"
start_tls_registry expired
sleep 1
access 6 inspect "$REGISTRY/team/app:1" --tls-ca "$ca"
expect_contains "$ERR" 'certificate has expired'

# --- a token server of its own certificate, which knows no POST: an identity token is a password there
dir=$(begin_registry '' false false)
make_certificate token
jq -n --arg dir "$TEST_DIR" --arg secret "$secret" '{key: "\($dir)/token.key", certificate: "\($dir)/token.crt",
    issuer: "test-issuer", service: "test-registry", lifetime: 300, post: 404,
    tls: {key: "\($dir)/ca/server.key", certificate: "\($dir)/ca/server.pem"},
    users: {bob: {password: $secret, access: {"*": ["pull", "push"]}}}}' >"$dir/token.json"
start_server "$dir.token.log" node "$TESTDATA/token-server.mjs" --config "$dir/token.json" --ready "$dir/ready"
wait_until "$dir.token.log" test -f "$dir/ready"
cat >>"$dir/config.yml" <<CONFIG
auth:
  token: {realm: "$(jq -r .url "$dir/ready")/token", service: test-registry, issuer: test-issuer,
          rootcertbundle: "$TEST_DIR/token.crt"}
CONFIG
run_registry "$dir"
entry "$REGISTRY" bob: | jq --arg host "$REGISTRY" '.auths[$host].identitytoken = "refresh-bob"' >"$HOME/.docker/config.json"
access 6 inspect "$REGISTRY/team/app:1"
expect_contains "$ERR" "getting a token for 'http://$REGISTRY': the certificate of"
push_pull --tls-ca "$ca"
expect_eq '404 bob' "$(NODE_EXTRA_CA_CERTS=$ca http_get "$(jq -r .url "$dir/ready")/_log" |
    jq -r '.requests[-2:] | [.[0].status, .[1].user] | join(" ")')" 'POST, then GET'
rm "$HOME/.docker/config.json"

# --- a certificate of ours: nginx in front of a registry wants one
start_registry
behind=$REGISTRY
port=$(free_port)
# shellcheck disable=SC2016 # these are nginx's variables
start_proxy "$behind" "listen 127.0.0.1:$port ssl; client_max_body_size 0; proxy_set_header X-Forwarded-Proto \$scheme;
    ssl_certificate $TEST_DIR/ca/server.pem; ssl_certificate_key $TEST_DIR/ca/server.key;
    ssl_client_certificate $ca; ssl_verify_client on; proxy_request_buffering off; proxy_http_version 1.1;"
REGISTRY=127.0.0.1:$port
access 4 inspect "$REGISTRY/team/app:1" --tls-ca "$ca"
expect_contains "$ERR" "'$REGISTRY' wants a client certificate that it trusts; NAME.cert and NAME.key belong into certs.d/$REGISTRY or the folder of --cert-dir"
cp "$TEST_DIR/ca/client.pem" "$TEST_DIR/certs/client.cert"
access 8 inspect "$REGISTRY/team/app:1" --cert-dir "$TEST_DIR/certs"
expect_contains "$ERR" "'$TEST_DIR/certs/client.cert' is of no use without 'client.key' beside it"
cp "$TEST_DIR/ca/client.key" "$TEST_DIR/certs/client.key"
push_pull --cert-dir "$TEST_DIR/certs"
mkdir -p "$HOME/.config/containers/certs.d"
cp -r "$TEST_DIR/certs" "$HOME/.config/containers/certs.d/$REGISTRY"
push_pull
cp "$TEST_DIR/ca/server.key" "$TEST_DIR/certs/client.key" # of another certificate
access 8 inspect "$REGISTRY/team/app:1" --cert-dir "$TEST_DIR/certs"
expect_contains "$ERR" "the client certificate for '$REGISTRY' cannot be used"
openssl rsa -aes128 -passout pass:x -in "$TEST_DIR/ca/client.key" -out "$TEST_DIR/certs/client.key" 2>/dev/null
access 8 inspect "$REGISTRY/team/app:1" --cert-dir "$TEST_DIR/certs" # and nobody is asked for its password
expect_contains "$ERR" "the client certificate for '$REGISTRY' cannot be used"

# Nothing is left in the cache, either.
expect_eq '' "$(find "$XDG_CACHE_HOME" -type f -print0 2>/dev/null | xargs -0r grep -lF "$secret" || true)" 'a secret is kept'

# Tokens are in memory: no core dump, and no debugger of the same user, whose files these then are not.
mkfifo "$TEST_DIR/nothing"
exec 9<>"$TEST_DIR/nothing"
chmod 755 "$TEST_DIR"
install -m 755 "$INLAY" "$TEST_DIR/inlay"
# memory EXPECTED [VARIABLE=VALUE]: whose the memory of a process of user 1234 is, and its limit for core dumps
memory() {
    local expected=$1 found='' id
    shift
    setpriv --reuid=1234 --regid=1234 --clear-groups env "$@" "$TEST_DIR/inlay" inspect oci-archive:- <&9 >/dev/null 2>&1 &
    id=$!
    for _ in {1..200}; do
        found="$(stat -c %u "/proc/$id/mem") $(awk '/^Max core file size/ { print $5 }' "/proc/$id/limits")"
        [ "$(readlink "/proc/$id/exe")" = "$TEST_DIR/inlay" ] && [ "$found" = "$expected" ] && break
        sleep 0.05
    done
    kill "$id"
    wait "$id" || true
    expect_eq "$expected" "$found" "memory and core dumps ($*)"
}
ulimit -c unlimited
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}disable_coredump=0" # which AddressSanitizer sets to 0 by itself
memory '0 0'
memory '1234 unlimited' INLAY_DEBUG=1
exec 9>&-
