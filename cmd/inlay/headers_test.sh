#!/bin/bash
# Heads of answers without end: whoever sends one, a hub, a registry, a realm, where they lead or a proxy in between, gets one line.
. "$(dirname "$0")/../../testdata/lib.sh"

export HOME=$TEST_DIR/home XDG_CACHE_HOME=$TEST_DIR/cache no_proxy=127.0.0.1
mkdir -p "$HOME"
cd "$TEST_DIR" || exit

# Answers 200 whatever it is asked, with SIZE bytes in: one line of the head, its first line, lines of 1000 bytes, the line of a
# chunk, the trailer behind the chunks. Writes HOST:PORT to READY.
cat >long.mjs <<'JS'
import { renameSync, writeFileSync } from 'node:fs';
import net from 'node:net';

const [ready, kind, size] = process.argv.slice(2);
const words = 'x'.repeat(Number(size));
const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const answers = {
    line: `HTTP/1.1 200 OK\r\nX-Words: ${words}\r\nContent-Length: 2\r\n\r\n{}`,
    challenge: `HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer realm="${words}"\r\nContent-Length: 2\r\n\r\n{}`,
    redirect: `HTTP/1.1 302 There\r\nLocation: /${words}\r\nContent-Length: 2\r\n\r\n{}`,
    interim: `HTTP/1.1 103 Hints\r\nX-Words: ${words}\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}`,
    first: `HTTP/1.1 200 ${words}\r\nContent-Length: 2\r\n\r\n{}`,
    lines: `HTTP/1.1 200 OK\r\n${`X-Words: ${'x'.repeat(989)}\r\n`.repeat(Number(size) / 1000)}Content-Length: 2\r\n\r\n{}`,
    chunk: `${chunked}2;x=${words}\r\n{}\r\n0\r\n\r\n`,
    trailer: `${chunked}2\r\n{}\r\n0\r\nX-Words: ${words}\r\n\r\n`,
};
const server = net.createServer((socket) => {
    socket.on('error', () => {}).on('data', (data) => {
        if (data[0] === 0x16) // no TLS here
            socket.end('HTTP/1.1 400 Plain\r\n\r\n');
        else if (data.includes('\r\n\r\n'))
            socket.write(answers[kind]);
    });
});
server.listen(0, '127.0.0.1', () => {
    writeFileSync(`${ready}.new`, `127.0.0.1:${server.address().port}`);
    renameSync(`${ready}.new`, ready);
});
JS
start_long() { # KIND SIZE; sets LONG
    rm -f ready
    start_server long.log node long.mjs "$TEST_DIR/ready" "$@"
    wait_until long.log test -s ready
    LONG=$(cat ready)
}

# refused STATUS WORDS COMMAND...: one line says what is wrong
refused() {
    local status=$1 words=$2
    shift 2
    expect_exit "$status" "$@" --retries 1
    expect_contains "$ERR" "$words"
    expect_eq 1 "$(grep -c '^inlay: ' <<<"$ERR")" 'lines of the error'
    [ ${#ERR} -lt 1000 ] || fail "a line of ${#ERR} bytes"
}
too_long='answers with a line of headers that is longer than libcurl reads'

start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"},
    {"path": "model.safetensors", "synthetic": 100000, "lfs": true}]}'
start_registry
make_base layout base --gzip
push_base layout base "$REGISTRY/team/app:1"
start_fault_proxy "$HUB_URL"
hub=$FAULTY_URL hub_faults=$FAULTY_CONTROL
start_fault_proxy "http://$REGISTRY"
registry=${FAULTY_URL#http://}
inject=("$INLAY" inject oci:layout:base acme/tiny --to oci:out:1 -q)

for size in 110000 1000000; do
    start_long line $size

    # The hub itself, in its three forms, and whom it sends us to.
    HF_ENDPOINT=http://$LONG refused 7 "'$LONG' $too_long" "$INLAY" plan scratch acme/tiny
    MODELSCOPE_ENDPOINT=http://$LONG refused 7 "'$LONG' $too_long" "$INLAY" plan scratch ms://acme/tiny
    refused 7 "'$LONG' $too_long" "$INLAY" plan scratch "ollama://$LONG/acme/tiny:1" --insecure "$LONG"
    refused 7 "'$LONG' $too_long" "$INLAY" plan scratch "http://$LONG/m.gguf" --unverified
    FAULTY_CONTROL=$hub_faults fault_control '[{"do": "status", "status": 302, "times": 1000, "path": "/resolve/.*safetensors",
        "headers": {"Location": "http://'"$LONG"'/file"}}]'
    HF_ENDPOINT=$hub refused 7 "'$LONG' $too_long" "${inject[@]}"

    # The registry itself, read from and written to; where it has its blobs, and its realm.
    refused 7 "'$LONG' $too_long" "$INLAY" inspect "$LONG/team/app:1"
    refused 7 "'$LONG' $too_long" "$INLAY" copy oci:layout:base "$LONG/team/app:1"
    fault_control '[{"do": "status", "status": 307, "times": 1000, "method": "GET", "path": "/blobs/",
        "headers": {"Location": "http://'"$LONG"'/blob"}}]'
    refused 7 "'$LONG' $too_long" "$INLAY" copy "$registry/team/app:1" oci:out:1
    fault_control '[{"do": "status", "status": 401, "times": 1000,
        "headers": {"WWW-Authenticate": "Bearer realm=\"http://'"$LONG"'/token\",service=\"x\""}}]'
    refused 7 "'$LONG' $too_long" "$INLAY" inspect "$registry/team/app:1"

    # A proxy, asked for what is in plain http.
    http_proxy=http://$LONG HF_ENDPOINT=http://hub.example refused 7 "$too_long" "$INLAY" plan scratch acme/tiny
done

# Wherever in an answer it stands.
for kind in challenge redirect interim first; do
    start_long "$kind" 110000
    refused 7 "'$LONG' $too_long" "$INLAY" inspect "$LONG/team/app:1"
    HF_ENDPOINT=http://$LONG refused 7 "'$LONG' $too_long" "$INLAY" plan scratch acme/tiny
done

# Where libcurl itself says no more than that the connection has ended: behind a body, and of a proxy that is to open a tunnel.
start_long trailer 110000
refused 5 "the connection to '$LONG' ended" "$INLAY" inspect "$LONG/team/app:1"
start_long line 110000
https_proxy=http://$LONG HF_ENDPOINT=https://hub.example refused 5 "'hub.example:443' ended" "$INLAY" plan scratch acme/tiny

# The line of a chunk says nothing that is kept, however long it is.
start_long chunk 2000000
refused 7 'neither a manifest nor an index' "$INLAY" inspect "$LONG/team/app:1"

# A URL is too long from 16 KiB on.
start_long redirect 16400
refused 7 'points to a URL of 16401 bytes, the limit is 16384' "$INLAY" inspect "$LONG/team/app:1"
start_long challenge 16400
refused 7 'points to a URL of 16400 bytes, the limit is 16384' "$INLAY" inspect "$LONG/team/app:1"

# Many lines are too many from 256 KiB on.
start_long lines 270000
refused 7 'more than 262144 bytes of headers' "$INLAY" inspect "$LONG/team/app:1"
HF_ENDPOINT=http://$LONG refused 7 'more than 262144 bytes of headers' "$INLAY" plan scratch acme/tiny

# What is below the limits is read: then it is the document that is wrong.
for kind in 'line 90000' 'lines 240000'; do
    # shellcheck disable=SC2086 # two words
    start_long $kind
    refused 7 'manifest' "$INLAY" inspect "$LONG/team/app:1"
    expect_lacks "$ERR" 'headers'
done
