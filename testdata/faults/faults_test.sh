#!/bin/bash
# Tests the fault proxy: curl, which is not ours, has to see each fault.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

mkdir "$TEST_DIR/www"
head -c 300000 /dev/zero | openssl enc -aes-128-ctr -K 00 -iv 00 2>/dev/null >"$TEST_DIR/body"
cat >"$TEST_DIR/upstream.mjs" <<'JS'
import { createServer } from 'node:http';
import { readFileSync, writeFileSync } from 'node:fs';
const [body, ready, uploads] = process.argv.slice(2);
const bytes = readFileSync(body);
const server = createServer((req, res) => {
    if (req.url === '/moved')
        return res.writeHead(302, { Location: `http://127.0.0.1:${server.address().port}/file` }).end();
    if (req.method !== 'PUT')
        return res.writeHead(200, { 'Content-Length': bytes.length, 'X-Test': 'yes' }).end(bytes);
    const parts = [];
    const write = () => writeFileSync(uploads, Buffer.concat(parts));
    return req.on('data', (part) => { parts.push(part); write(); })
        .on('end', () => res.writeHead(201, { 'Content-Length': 0 }).end()).on('error', () => {});
});
process.on('SIGTERM', () => process.exit(0));
server.listen(0, '127.0.0.1', () => writeFileSync(ready, String(server.address().port)));
JS
start_server "$TEST_DIR/upstream.log" node "$TEST_DIR/upstream.mjs" "$TEST_DIR/body" "$TEST_DIR/ready" "$TEST_DIR/up"
wait_until "$TEST_DIR/upstream.log" test -s "$TEST_DIR/ready"
UPSTREAM=http://127.0.0.1:$(cat "$TEST_DIR/ready")
make_certificate faults

# get STATUS[|STATUS...] [CURL-OPTION...] PATH: curl ends so; what it got is in $TEST_DIR/got
get() {
    local expected=$1 status=0
    shift
    rm -f "$TEST_DIR/got" "$TEST_DIR/head"
    curl -sS --max-time 60 --cacert "$TEST_DIR/faults.crt" -D "$TEST_DIR/head" \
        -o "$TEST_DIR/got" "${@:1:$#-1}" "$FAULTY_URL${*: -1}" >"$TEST_DIR/out" 2>&1 || status=$?
    OUT=$(cat "$TEST_DIR/out")
    touch "$TEST_DIR/got"
    [[ "|$expected|" == *"|$status|"* ]] || fail "curl $* ended with $status: $OUT"
}
size() { stat -c %s "$TEST_DIR/got"; }
whole() { cmp "$TEST_DIR/body" "$TEST_DIR/got" || fail 'the body is not that of the server'; }
same_beginning() { cmp -n "$(size)" "$TEST_DIR/body" "$TEST_DIR/got" || fail 'the beginning is another'; }
differing() { { cmp -l "$TEST_DIR/body" "$1" || true; } | wc -l; }
faults() { fault_control "[$1]"; }

# What every proxy knows: connections. A fault strikes once, and the next try is as it should be.
connections() {
    get 0 /file
    whole
    faults '{"do": "refuse"}'
    get "7|$1" /file
    get 0 /file
    whole
    faults '{"do": "garble"}'
    get "$2" --http1.1 --http0.9 /file
    [ "$2" != 0 ] || expect_contains "$(cat "$TEST_DIR/got")" SSH-2.0
    faults '{"do": "mute"}'
    get 28 --max-time 1 /file
    faults '{"do": "mute", "ms": 200}'
    get "7|$1" /file
    faults '{"do": "breakOff", "way": "down", "at": 60000, "end": "reset"}'
    get "18|52|56" /file
    same_beginning
    expect_eq yes "$([ "$(size)" -lt 60000 ] && [ "$(size)" -gt 0 ] && echo yes)" 'a part has arrived'
    faults '{"do": "breakOff", "way": "down", "at": 60000, "end": "close"}'
    get "$3" /file
    faults '{"do": "breakOff", "way": "up", "at": 10, "end": "reset"}'
    get "7|$1" /file
    faults '{"do": "freeze", "way": "down", "at": 60000}'
    get 28 --max-time 1 /file
    same_beginning
    faults '{"do": "drip", "way": "down", "bytesPerSecond": 400000}'
    get 0 /file
    whole
    faults '{"do": "refuse", "after": 1, "times": 2}'
    get 0 /file
    get "7|$1" /file
    get "7|$1" /file
    get 0 /file
    expect_eq '4 2' "$(fault_log '.faults[0] | "\(.seen) \(.applied)"')" 'seen and applied'
}

start_fault_proxy "$UPSTREAM" --raw
connections "52|56" 0 18
faults '{"do": "flip", "way": "down", "at": 100000}'
get 0 /file
expect_eq 1 "$(differing "$TEST_DIR/got")" 'bytes that differ'

start_fault_proxy "$UPSTREAM" --tls "$TEST_DIR/faults.key,$TEST_DIR/faults.crt"
connections 35 35 "18|56"
faults '{"do": "flip", "way": "down", "at": 100000}'
get "18|56" /file # which TLS does not let pass
same_beginning

start_fault_proxy "$UPSTREAM"
connections "52|56" 0 18

# Requests that the server does not see, or not as they are.
faults '{"do": "status", "status": 503, "headers": {"Retry-After": "7"}}'
get 0 -w '%{http_code}' /file
expect_eq 503 "$OUT"
expect_contains "$(cat "$TEST_DIR/head")" 'Retry-After: 7'
faults '{"do": "silence", "ms": 100, "end": "close"}'
get 52 /file
faults '{"do": "close", "end": "reset"}'
get "18|52|56" /file
faults '{"do": "garbage"}'
get 1 /file # what curl says of what is not HTTP
up() { get "$1" --expect100-timeout 0 -H Expect: -T "$TEST_DIR/body" "${@:2}" /up; }
up 0
cmp "$TEST_DIR/body" "$TEST_DIR/up"
for share in 0.1 0.9; do
    faults "{\"do\": \"cutUp\", \"share\": $share, \"end\": \"reset\"}"
    rm "$TEST_DIR/up"
    status=0
    up "52|55|56" || status=$?
    at=$(jq -n "300000 * $share | floor")
    wait_until "$TEST_DIR/upstream.log" test -f "$TEST_DIR/up"
    for ((i = 0; i < 100 && $(stat -c %s "$TEST_DIR/up") < at; i++)); do sleep 0.1; done
    expect_eq "$at" "$(stat -c %s "$TEST_DIR/up")" 'bytes that the server got'
done
faults '{"do": "stallUp", "at": 5000}'
up 28 --max-time 1
faults '{"do": "changeUp", "at": 299999}'
up 0
expect_eq 1 "$(differing "$TEST_DIR/up")" 'bytes that the server got changed'
faults '{"do": "status", "status": 429, "method": "PUT|POST", "path": "^/up"}'
get 0 -w '%{http_code}' /file
expect_eq 200 "$OUT"
up 0 -w '%{http_code}'
expect_eq 429 "$OUT"

# Answers: the server has done what was asked.
lost() { # CURL-STATUS FAULT
    rm -f "$TEST_DIR/up"
    faults "$2"
    up "$1"
    cmp "$TEST_DIR/body" "$TEST_DIR/up" || fail "the server has not got it: $2"
    expect_eq 201 "$(fault_log '.log[0].status')" 'what the server said'
}
lost "52|56" '{"do": "lose", "end": "reset"}'
lost 52 '{"do": "lose", "end": "close"}'
lost "52|56" '{"do": "lose", "end": "silence", "ms": 100}'
lost 0 '{"do": "replace", "status": 502}'
faults '{"do": "cutHead", "at": 12, "end": "close"}'
exec 3<>"/dev/tcp/127.0.0.1/${FAULTY_URL##*:}"
printf 'GET /file HTTP/1.1\r\nHost: x\r\n\r\n' >&3
expect_eq 'HTTP/1.1 200' "$(cat <&3)" 'what is left of the head'
exec 3<&-
faults '{"do": "cut", "at": 1000, "end": "reset"}'
get "18|52|56" /file
expect_eq 1000 "$(size)" 'bytes before a reset'
faults '{"do": "cut", "share": 0.5, "end": "close"}'
get 18 /file
expect_eq 150000 "$(size)" 'bytes before the end'
faults '{"do": "stall", "at": 2000}'
get 28 --max-time 1 /file
expect_eq 2000 "$(size)" 'bytes before silence'
faults '{"do": "short", "bytes": 10}'
get 0 /file
expect_eq 299990 "$(size)" 'a clean end too early'
same_beginning
faults '{"do": "long", "bytes": 10}'
get 0 /file
expect_eq 300010 "$(size)" 'more than there is'
faults '{"do": "change", "at": 7}'
get 0 /file
expect_eq 1 "$(differing "$TEST_DIR/got")" 'bytes that differ'
faults '{"do": "trickle", "bytesPerSecond": 200000}'
get 0 -w '%{time_total}' /file
whole
[[ ! $OUT =~ ^0\. ]] || fail "trickled in $OUT s"
get 0 -L /moved
whole
faults '{"do": "expire", "path": "moved"}'
get 0 -L -w '%{http_code}' /moved
expect_eq 403 "$OUT"
get 0 -L /moved
whole
expect_contains "$(fault_log '.log[0].url')" /moved
expect_exit 22 curl -fsS "$FAULTY_CONTROL" -d '[{"do": "nothing"}]'
expect_exit 22 curl -fsS "$FAULTY_CONTROL" -d '[{"do": "cut", "bites": 1}]'
