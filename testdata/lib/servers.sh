#!/bin/bash
# Hubs and registries for the tests; lib.sh sources this and tells how to call it.
# shellcheck disable=SC2034 # the variables are for the tests

http_get() {
    node -e 'fetch(process.argv[1]).then(async (r) => {
        process.stdout.write(await r.text());
        process.exitCode = r.ok ? 0 : 1;
    });' "$1"
}

http_post() {
    node -e 'fetch(process.argv[1], { method: "POST", body: process.argv[2] }).then(async (r) => {
        process.stdout.write(await r.text());
        process.exitCode = r.ok ? 0 : 1;
    });' "$1" "$2"
}

start_server() {
    local log=$1
    shift
    "$@" >"$log" 2>&1 </dev/null &
    SERVER_PID=$!
    printf '%s\n' "$SERVER_PID" >>"$TEST_DIR/pids"
}

stop_server() {
    kill "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
    sed -i "/^$1\$/d" "$TEST_DIR/pids"
}

# Digests of big synthetic files may take a while.
wait_until() {
    local log=$1 i
    shift
    for ((i = 0; i < 1200; i++)); do
        "$@" && return
        kill -0 "$SERVER_PID" 2>/dev/null || fail "the server ended: $(tail -n 5 "$log")"
        sleep 0.1
    done
    fail "the server is not ready after two minutes: $(tail -n 5 "$log")"
}

# Prints the repos.json of this path with its folders and files made absolute.
absolute_repos() {
    jq --arg root "$(dirname "$(realpath "$1")")" '
        def absolute: if . == null or startswith("/") then . else "\($root)/\(.)" end;
        def located: (select(has("folder")) | .folder) |= absolute
            | (.files[]? | select(has("file")) | .file) |= absolute;
        .repos |= map(located | (.commits[]?) |= located)' "$1"
}

start_hub() {
    local dir data
    dir=$(mktemp -d "$TEST_DIR/hub.XXXXXX")
    for data in "$@"; do
        if [ -d "$data" ]; then
            absolute_repos "$data/repos.json"
        elif [ -f "$data" ]; then
            absolute_repos "$data"
        else
            jq 'if has("id") then {repos: [.]} else . end' <<<"$data"
        fi
    done | jq -s 'reduce .[] as $part ({}; (.repos // []) as $repos
        | . * $part | .repos = $repos + ($part.repos // []))' >"$dir/repos.json"
    start_server "$dir.log" node "$TESTDATA/hub/server.mjs" --data "$dir" --ready "$dir/ready" \
        --digests "$INLAY_TEST_CACHE/digests.json"
    HUB_PID=$SERVER_PID
    wait_until "$dir.log" test -f "$dir/ready"
    HUB_URL=$(jq -r .hub "$dir/ready")
    CDN_URL=$(jq -r .cdn "$dir/ready")
}

hub_control() {
    http_post "$HUB_URL/_control" "$1" || fail "the hub refuses this control: $1"
}

hub_log() {
    local filter=${1:-.}
    [ $# -eq 0 ] || shift
    http_get "$HUB_URL/_log" | jq -r "$@" "$filter"
}

expect_hub_manners() {
    local found
    found=$(hub_log '.requests[] | select(.port == "cdn" and .authorization) | .path')
    expect_eq '' "$found" 'the CDN saw Authorization'
    found=$(hub_log '.requests[] | select(.kind == "resolve" and .revision != null)
        | select(.revision | test("^[0-9a-f]{40}$") | not) | .path')
    expect_eq '' "$found" 'files were asked by something else than a commit hash'
    found=$(hub_log '.requests[] | select(.kind == "resolve" or .kind == "cdn")
        | select(.acceptEncoding != "identity") | "\(.path) \(.acceptEncoding)"')
    expect_eq '' "$found" 'files were asked without Accept-Encoding: identity'
    found=$(hub_log '.requests[] | select(.status == 400) | .query | select(contains("cursor="))')
    expect_eq '' "$found" 'the URL of a page was not used as it was given'
}

# make_certificate NAME: a self-signed one for 127.0.0.1, $TEST_DIR/NAME.crt and NAME.key
make_certificate() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -sha256 \
        -addext 'subjectAltName=IP:127.0.0.1,DNS:localhost' \
        -keyout "$TEST_DIR/$1.key" -out "$TEST_DIR/$1.crt" 2>/dev/null
}

# run_registry DIR: starts the registry of DIR/config.yml
run_registry() {
    REGISTRY_LOG=$1.log
    start_server "$REGISTRY_LOG" env OTEL_TRACES_EXPORTER=none docker-registry serve "$1/config.yml"
    REGISTRY_PID=$SERVER_PID
    wait_until "$REGISTRY_LOG" grep -qs 'listening on 127' "$REGISTRY_LOG"
    REGISTRY=$(sed -n 's/.*listening on \(127[0-9.:]*\).*/\1/p' "$REGISTRY_LOG" | head -n 1)
}

# begin_registry DATA RELATIVE READ_ONLY: prints a new folder with the common part of config.yml
begin_registry() {
    local dir
    dir=$(mktemp -d "$TEST_DIR/registry.XXXXXX")
    cat >"$dir/config.yml" <<CONFIG
version: 0.1
log: {level: info, accesslog: {disabled: false}}
storage:
  filesystem: {rootdirectory: "${1:-$dir/data}"}
  delete: {enabled: true}
  maintenance: {uploadpurging: {enabled: false}, readonly: {enabled: $3}}
http:
  addr: 127.0.0.1:0
  secret: test
  relativeurls: $2
CONFIG
    printf '%s' "$dir"
}

# Bcrypt as docker-registry wants it, from the crypt(3) of the system.
htpasswd_line() {
    # shellcheck disable=SC2016 # these are Perl's variables
    printf '%s:%s\n' "${1%%:*}" \
        "$(perl -e 'print crypt($ARGV[0], q($2y$05$) . "abcdefghijklmnopqrstuu")' "${1#*:}")"
}

start_registry() {
    local dir data='' relative=false read_only=false user='' tls=''
    while [ $# -gt 0 ]; do
        case $1 in
        --htpasswd) user=$2 && shift ;;
        --tls) tls=yes ;;
        --relative-urls) relative=true ;;
        --read-only) read_only=true ;;
        --data) data=$2 && shift ;;
        *) fail "start_registry has no option '$1'" ;;
        esac
        shift
    done
    dir=$(begin_registry "$data" "$relative" "$read_only")
    REGISTRY_DATA=${data:-$dir/data}
    if [ -n "$tls" ]; then
        make_certificate registry
        REGISTRY_CA=$TEST_DIR/registry.crt
        printf '  tls: {certificate: "%s", key: "%s"}\n' "$REGISTRY_CA" "$TEST_DIR/registry.key"
    fi >>"$dir/config.yml"
    if [ -n "$user" ]; then
        htpasswd_line "$user" >"$dir/htpasswd"
        printf 'auth: {htpasswd: {realm: test, path: "%s"}}\n' "$dir/htpasswd"
    fi >>"$dir/config.yml"
    run_registry "$dir"
}

start_token_registry() {
    local dir settings='{"lifetime": 300, "users": {}, "anonymous": {}}' name password
    while [ $# -gt 0 ]; do
        case $1 in
        --user)
            name=${2%%:*} password=${2#*:}
            settings=$(jq --arg name "$name" --arg password "$password" '.users[$name] =
                {password: $password, access: {"*": ["pull", "push"]}}' <<<"$settings")
            ;;
        --anonymous) settings=$(jq --arg name "$2" '.anonymous[$name] = ["pull"]' <<<"$settings") ;;
        --lifetime) settings=$(jq --argjson value "$2" '.lifetime = $value' <<<"$settings") ;;
        *) fail "start_token_registry has no option '$1'" ;;
        esac
        shift 2
    done
    dir=$(begin_registry '' false false)
    REGISTRY_DATA=$dir/data
    make_certificate token
    jq --arg dir "$TEST_DIR" '. + {key: "\($dir)/token.key", certificate: "\($dir)/token.crt",
        issuer: "test-issuer", service: "test-registry"}' <<<"$settings" >"$dir/token.json"
    start_server "$dir.token.log" node "$TESTDATA/token-server.mjs" \
        --config "$dir/token.json" --ready "$dir/ready"
    TOKEN_PID=$SERVER_PID
    wait_until "$dir.token.log" test -f "$dir/ready"
    TOKEN_URL=$(jq -r .url "$dir/ready")/token
    TOKEN_LOG_URL=$(jq -r .url "$dir/ready")/_log
    cat >>"$dir/config.yml" <<CONFIG
auth:
  token: {realm: "$TOKEN_URL", service: test-registry, issuer: test-issuer,
          rootcertbundle: "$TEST_DIR/token.crt"}
CONFIG
    run_registry "$dir"
}

start_quirk_registry() {
    local dir
    dir=$(mktemp -d "$TEST_DIR/quirk.XXXXXX")
    QUIRK_LOG=$dir/requests
    start_server "$dir.log" node "$TESTDATA/quirk-server.mjs" --data "$dir/data" \
        --ready "$dir/ready" --log "$QUIRK_LOG" --switches "${1:-{\}}"
    QUIRK_PID=$SERVER_PID
    wait_until "$dir.log" test -f "$dir/ready"
    QUIRK=$(jq -r '.url | ltrimstr("http://")' "$dir/ready")
}

quirk_control() {
    http_post "http://$QUIRK/_control" "$1"
}

quirk_log() {
    jq -rs "${@:-.}" "$QUIRK_LOG"
}

start_proxy() {
    local dir upstream=$1 port
    shift
    dir=$(mktemp -d "$TEST_DIR/proxy.XXXXXX")
    port=$(free_port)
    PROXY_LOG=$dir/requests
    cat >"$dir/nginx.conf" <<CONFIG
daemon off;
worker_processes 1;
pid $dir/pid;
error_log $dir.log;
events {}
http {
    access_log $PROXY_LOG;
    client_body_temp_path $dir/body;
    proxy_temp_path $dir/proxy;
    fastcgi_temp_path $dir/fastcgi;
    uwsgi_temp_path $dir/uwsgi;
    scgi_temp_path $dir/scgi;
    server {
        listen 127.0.0.1:$port;
        proxy_set_header Host \$http_host;
        $*
        location / { proxy_pass http://$upstream; }
    }
}
CONFIG
    start_server "$dir.log" nginx -e "$dir.log" -c "$dir/nginx.conf"
    PROXY_PID=$SERVER_PID
    wait_until "$dir.log" test -s "$dir/pid"
    PROXY=127.0.0.1:$port
}

start_fault_proxy() {
    local dir
    dir=$(mktemp -d "$TEST_DIR/faults.XXXXXX")
    start_server "$dir.log" node "$TESTDATA/faults/proxy.mjs" --upstream "$1" --ready "$dir/ready" "${@:2}"
    FAULTY_PID=$SERVER_PID
    wait_until "$dir.log" test -f "$dir/ready"
    FAULTY_URL=$(jq -r .url "$dir/ready")
    FAULTY_CONTROL=$(jq -r .control "$dir/ready")
}

fault_control() {
    curl -fsS --data-binary "$1" "$FAULTY_CONTROL" >/dev/null || fail "the proxy refuses these faults: $1"
}

fault_log() {
    curl -fsS "$FAULTY_CONTROL" | jq -r "${@:-.}"
}

# A port of 127.0.0.1 that nobody listens on, for programs that cannot choose one themselves.
free_port() {
    node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => {
        console.log(s.address().port);
        s.close();
    });'
}
