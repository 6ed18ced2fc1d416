#!/bin/bash
# The servers and models of the benchmark; run.sh sources this.
# shellcheck disable=SC2034,SC2154 # the variables are run.sh's and the contestants'

CDN='' CDN_PID='' NULL_REGISTRY='' NULL_PID='' CONTAINERD_PID=''
SLOW_CDN='' SLOW_PID='' TLS_CDN='' TLS_REGISTRY='' TLS_PID='' STARGZ_PID=''

# start_nginx DIR DIRECTIVES: one process, whose `http` has these and files of its own in DIR; sets SERVER_PID
start_nginx() {
    mkdir -p "$1"
    cat >"$1/nginx.conf" <<CONFIG
daemon off;
master_process off;
pid $1/pid;
error_log $1.log;
events {}
http {
    access_log off;
    sendfile on;
    keepalive_requests 1000000;
    client_body_temp_path $1/body;
    proxy_temp_path $1/proxy;
    fastcgi_temp_path $1/fastcgi;
    uwsgi_temp_path $1/uwsgi;
    scgi_temp_path $1/scgi;
$2
}
CONFIG
    start_server "$1.log" nginx -e "$1.log" -c "$1/nginx.conf"
    wait_until "$1.log" test -s "$1/pid"
}

# nginx that serves the files in CDN_DIR by the SHA-256 they are called.
start_cdn() {
    local port
    port=$(free_port)
    mkdir -p "$CDN_DIR"
    start_nginx "$TEST_DIR/nginx" "    tcp_nopush on;
    server {
        listen 127.0.0.1:$port;
        location ~ \"/([0-9a-f]{64})\$\" { alias $CDN_DIR/\$1; }
    }"
    CDN_PID=$SERVER_PID CDN=http://127.0.0.1:$port
}

# start_slow_cdn RATE: the files in CDN_DIR at the paths to which the hub redirects
start_slow_cdn() {
    local dir=$TEST_DIR/slow key file
    key=$(printf 'model %s' "$MODEL" | openssl dgst -sha256 -r | cut -d ' ' -f 1)
    mkdir -p "$dir/repos/${key:0:2}/${key:2:2}/$key"
    for file in "$CDN_DIR"/*; do
        ln -s "$file" "$dir/repos/${key:0:2}/${key:2:2}/$key/"
    done
    start_server "$dir.log" python3 "$here/slow-server.py" --root "$dir" --rate "$1" \
        --ready "$dir.ready"
    SLOW_PID=$SERVER_PID
    wait_until "$dir.log" test -s "$dir.ready"
    SLOW_CDN=$(cat "$dir.ready")
}

start_null_registry() {
    start_server "$TEST_DIR/null.log" "$TEST_DIR/null-registry" "$TEST_DIR/null.ready"
    NULL_PID=$SERVER_PID
    wait_until "$TEST_DIR/null.log" test -s "$TEST_DIR/null.ready"
    NULL_REGISTRY=$(cat "$TEST_DIR/null.ready")
}

# nginx with TLS before the files in CDN_DIR and before the null registry.
start_tls() {
    local dir=$TEST_DIR/tls cdn registry
    cdn=$(free_port) registry=$(free_port)
    mkdir -p "$dir"
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=127.0.0.1 \
        -addext subjectAltName=IP:127.0.0.1 -keyout "$dir.key" -out "$dir.crt" 2>/dev/null
    start_nginx "$dir" "    client_max_body_size 0;
    ssl_certificate $dir.crt;
    ssl_certificate_key $dir.key;
    server {
        listen 127.0.0.1:$cdn ssl;
        location ~ \"/([0-9a-f]{64})\$\" { alias $CDN_DIR/\$1; }
    }
    server {
        listen 127.0.0.1:$registry ssl;
        location / {
            proxy_pass http://$NULL_REGISTRY;
            proxy_http_version 1.1;
            proxy_request_buffering off;
            client_body_buffer_size 256k;
        }
    }"
    TLS_PID=$SERVER_PID TLS_CDN=https://127.0.0.1:$cdn TLS_REGISTRY=127.0.0.1:$registry
}

server_pids() {
    printf '%s,' "$HUB_PID" "$CDN_PID" "$REGISTRY_PID" "$NULL_PID" ${SLOW_PID:+"$SLOW_PID"} ${TLS_PID:+"$TLS_PID"} \
        ${CONTAINERD_PID:+"$CONTAINERD_PID"} ${STARGZ_PID:+"$STARGZ_PID"}
}

use_registry() {
    REGISTRY=$real_registry
    BASE=$REGISTRY/base:1 BASE_COPY=docker://$REGISTRY/base:1
    reset_registry
}

# Its base comes from a folder. What is pushed gets another repository each time, see before_null.
use_null_registry() {
    REGISTRY=$NULL_REGISTRY
    BASE=oci:$TEST_DIR/base:1 BASE_COPY=oci:$TEST_DIR/base:1
}

# The real registry as it was with nothing but the bases.
reset_registry() {
    rm -rf "$REGISTRY_DATA/docker"
    cp -a "$TEST_DIR/registry.clean/docker" "$REGISTRY_DATA/"
    TARGET=$real_registry/model:1
}

# describe PATH FILE DIGEST: prints a file as repos.json has it; it is moved to the CDN
describe() {
    mv "$2" "$CDN_DIR/$3"
    jq -nc --arg path "$1" --arg file "$CDN_DIR/$3" --arg digest "$3" \
        '{path: $path, file: $file, sha256: $digest}'
}

# weights_file PATH SEED BYTES: makes such a file, and prints it as repos.json has it
weights_file() {
    local digest
    digest=$("$TEST_DIR/weights" "$2" "$3" | tee "$CDN_DIR/new" |
        openssl dgst -sha256 -r | cut -d ' ' -f 1)
    describe "$1" "$CDN_DIR/new" "$digest"
}

bytes_of() {
    numfmt --from=auto "${1%B}"
}

# weights_files COUNT SIZE: prints COUNT files, of SIZE bytes together
weights_files() {
    local i
    for ((i = 1; i <= $1; i++)); do
        weights_file "$(printf 'model-%05d-of-%05d.safetensors' "$i" "$1")" "$i" $(($2 / $1))
    done
}

# serve_model [CDN]: a hub with the model of the files on standard input (a JSON object a line)
serve_model() {
    jq -s '{id: "bench/model", lfs: {globs: ["*.safetensors"]}, files: (. + [
        {path: "config.json", text: "{\"model_type\": \"bench\"}"}])}' >"$TEST_DIR/model.json"
    serve_repository "$TEST_DIR/model.json" "$@"
}

# serve_repository FILE [CDN]: a hub with this repository, and lists of it for curl
serve_repository() {
    start_hub "$(cat "$1")" "{\"switches\": {\"cdnUrl\": \"${2:-$CDN}\"}}"
    HF_ENDPOINT=$HUB_URL
    write_lists
}

# What curl has to fetch, thrown away (nowhere) or under the files' names (files), and what it has
# to send: a blob for each large file, and one of all others together.
write_lists() {
    local commit
    LISTS=$TEST_DIR/lists
    rm -rf "$LISTS"
    mkdir -p "$LISTS"
    commit=$(http_get "$HUB_URL/api/models/$MODEL" | jq -r .sha)
    http_get "$HUB_URL/api/models/$MODEL/tree/$commit?recursive=true&limit=100000" >"$LISTS/tree"
    jq -r --arg url "$HUB_URL/$MODEL/resolve/$commit" '.[] | select(.type == "file")
        | "url = \"\($url)/\(.path)\"\noutput = \"\(.path)\""' "$LISTS/tree" >"$LISTS/files"
    sed 's|^output = .*|output = "/dev/null"|' "$LISTS/files" >"$LISTS/nowhere"
    jq -r --arg dir "$CDN_DIR" '.[] | select(.lfs and .size >= 67108864)
        | "\($dir)/\(.lfs.oid) \(.lfs.oid)"' "$LISTS/tree" >"$LISTS/blobs"
    [ -z "$(jq -r '.[] | select(.lfs and .size < 67108864) | .path' "$LISTS/tree")" ] || {
        jq -r --arg dir "$CDN_DIR" '.[] | select(.lfs and .size < 67108864)
            | "\($dir)/\(.lfs.oid)"' "$LISTS/tree" | xargs cat >"$LISTS/together"
        printf '%s %s\n' "$LISTS/together" "$(sha256_of "$LISTS/together")" >>"$LISTS/blobs"
    }
}

drop_model() {
    [ -z "$HUB_PID" ] || stop_server "$HUB_PID"
    HUB_PID=''
    rm -rf "$CDN_DIR" "$TEST_DIR/lists"
    mkdir -p "$CDN_DIR"
}
