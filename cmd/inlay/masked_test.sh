#!/bin/bash
# Words that a CI system obeys at the start of a line, and characters that turn a line round: whoever says them, an image's
# history and records, a registry, the names of files, no command passes them on.
. "$(dirname "$0")/../../testdata/lib.sh"

export HOME=$TEST_DIR/home XDG_CACHE_HOME=$TEST_DIR/cache
cd "$TEST_DIR" || exit
mkdir model
printf '{}' >model/config.json
head -c 100 /dev/zero >model/model.safetensors
"$INLAY" inject scratch dir:model,as=acme/tiny --layout dir --path /m --platform linux/amd64 --to oci:good:1 -q >/dev/null
turned=$'\u202e'

# said COMMAND...: whatever its status, no line of what it prints begins with such words, or holds such characters
said() {
    "$@" >said.out 2>said.err </dev/null || true
    [ -s said.out ] || [ -s said.err ] || fail "nothing was said: $*"
    ! grep -aHE "^[[:space:]]*(##|::)|$turned" said.out said.err || fail "passed on: $*"
}

for words in $'##vso[task.complete]q\n::error::z' "a$turned"$'b\n  ##[group]c'; do
    for member in none model commit layout place source User; do
        rm -rf forged out
        cp -r good forged
        python3 "$TESTDATA/forge_history.py" forged "$words" $member
        said "$INLAY" inspect oci:forged:1
        said "$INLAY" inspect oci:forged:1 --tree
        said "$INLAY" verify oci:forged:1
        said "$INLAY" verify oci:forged:1 acme/other
        said "$INLAY" plan oci:forged:1 dir:model,as=acme/other --layout dir --path /n
        said "$INLAY" inject oci:forged:1 dir:model,as=acme/other --layout dir --path /n --to oci:out:1 --verbose
        said "$INLAY" remove oci:forged:1 acme/tiny --to oci:out:1
        said "$INLAY" scan oci:forged:1
    done
done
cp -r good forged-text
python3 "$TESTDATA/forge_history.py" forged-text $'##vso[task.complete]q\n::error::z' model
"$INLAY" inspect oci:forged-text:1 >text
expect_contains "$(cat text)" '?#vso[task.complete]q' 'what is masked is seen'

# A registry's own words.
cat >words.mjs <<'JS'
import { createServer } from 'node:http';
import { renameSync, writeFileSync } from 'node:fs';
const words = '\n##vso[task.complete]\n::error::x\n\u202e##[group]';
const server = createServer((request, response) => {
    const body = JSON.stringify({ error: words, errors: [{ code: words, message: words, detail: words }] });
    response.writeHead(request.url === '/v2/' ? 200 : 400, { 'X-Error-Message': '##vso[x]', 'X-Error-Code': '::error::' }).end(body);
});
server.listen(0, '127.0.0.1', () => {
    writeFileSync('port.new', String(server.address().port));
    renameSync('port.new', 'port');
});
JS
start_server words.log node words.mjs
wait_until words.log test -s port
peer=127.0.0.1:$(cat port)
said "$INLAY" inspect "$peer/team/app:1"
said "$INLAY" copy oci:good:1 "$peer/team/app:1" --verbose
HF_ENDPOINT=http://$peer said "$INLAY" plan scratch acme/tiny

# A file that is called so becomes no file of a model.
for name in '##vso[task.complete]' '::error::x' "a$turned"; do
    printf x >"model/$name"
    expect_exit 7 "$INLAY" plan scratch dir:model,as=acme/tiny --layout dir --path /m
    rm "model/$name"
    ! grep -aE "^[[:space:]]*(##|::)|$turned" <<<"$OUT$ERR" || fail "the name of a file is passed on: $name"
done
