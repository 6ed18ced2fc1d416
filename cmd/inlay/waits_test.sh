#!/bin/bash
# Whoever is waited for is named, and every wait has an end that --timeout and --retries move.
. "$(dirname "$0")/../../testdata/lib.sh"

export XDG_CACHE_HOME=$TEST_DIR/cache
cd "$TEST_DIR" || exit

# Accepts connections, reads, and says what its argument is, if anything, but to a TLS hello.
cat >peer.mjs <<'JS'
import net from 'node:net';
const [file, words] = process.argv.slice(2);
const server = net.createServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', (data) => {
    if (data[0] === 0x16) console.log('hello');
    else if (words) socket.write(words);
  });
});
server.listen(0, '127.0.0.1', async () => {
  const {writeFileSync, renameSync} = await import('node:fs');
  writeFileSync(`${file}.new`, `${server.address().port}`);
  renameSync(`${file}.new`, file);
});
JS
start_peer() { # WORDS; sets PEER
    rm -f port
    start_server "$TEST_DIR/peer.log" node peer.mjs "$TEST_DIR/port" "$@"
    wait_until "$TEST_DIR/peer.log" test -s port
    PEER=127.0.0.1:$(cat port)
}

# A hub that is busy is asked as often as --retries says, with a line for each try: in plan, too.
start_peer $'HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n'
for command in 'plan scratch acme/tiny' 'inject scratch acme/tiny --platform linux/amd64 --to oci:out:1'; do
    # shellcheck disable=SC2086 # it is words
    HF_ENDPOINT=http://$PEER expect_exit 5 "$INLAY" $command --retries 1
    expect_contains "$ERR" "the hub at '$PEER' answers with status 429; again in 1"
    expect_contains "$ERR" '(try 2 of 2)'
done
HF_ENDPOINT=http://$PEER expect_exit 5 "$INLAY" plan scratch acme/tiny --retries 0
expect_lacks "$ERR" 'again in'
HF_ENDPOINT=http://$PEER expect_exit 5 "$INLAY" inject -q scratch acme/tiny --platform linux/amd64 --to oci:out:1 --retries 1
expect_lacks "$ERR" 'again in' 'quiet'

# One that is silent is given up when --timeout is over, as often.
start_peer
HF_ENDPOINT=http://$PEER expect_exit 5 "$INLAY" plan scratch acme/tiny --timeout 1 --retries 1
expect_contains "$ERR" "no byte to or from '$PEER' for 1 s; again in 1"
expect_contains "$ERR" "inlay: asking for the files of 'acme/tiny': no byte to or from '$PEER' for 1 s"
expect_exit 5 "$INLAY" inspect "$PEER/x:1" --timeout 1 --retries 1
expect_contains "$ERR" "cannot connect to '$PEER': no answer within 1 s; again in 1"
expect_contains "$ERR" '(try 2 of 2)'

# A registry in plain http that ignores a TLS hello is found out, once.
start_peer $'HTTP/1.1 404 None\r\nContent-Length: 0\r\n\r\n'
expect_exit 3 "$INLAY" inspect "$PEER/x:1" --timeout 1 --retries 0 -v
expect_contains "$ERR" "'$PEER' does not answer in https; using http, which is allowed for it"
expect_eq 1 "$(grep -c hello peer.log)" 'TLS hellos'

for option in '--timeout 0' '--timeout x' '--retries 101' '--retries -1'; do
    # shellcheck disable=SC2086 # it is words
    expect_exit 2 "$INLAY" inspect x:1 $option
    expect_contains "$ERR" "${option% *}"
done
