#!/bin/bash
# What ends when this machine has no more of something: one true line, and status 8; and a signal
# is heard from the beginning.
. "$(dirname "$0")/../../testdata/lib.sh"

cd "$TEST_DIR" || exit
export XDG_CACHE_HOME=$TEST_DIR/cache
mkdir model
head -c 2000000 /dev/urandom >model/model.safetensors
echo '{}' >model/config.json
start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"}]}'
export HF_ENDPOINT=$HUB_URL

# Runs with a limit; 0 and 127 (the loader of programs had too little) count as nothing to see.
limited() { # KIND LIMIT COMMAND...
    local kind=$1 limit=$2 status=0
    shift 2
    (ulimit "$kind" "$limit" && exec "$INLAY" "$@") >stdout 2>stderr || status=$?
    case $status in
    0 | 127) return ;;
    8) ;;
    *) fail "ulimit $kind $limit: $* ends with $status: $(cat stderr)" ;;
    esac
    expect_eq 1 "$(wc -l <stderr)" "lines of ulimit $kind $limit: $*: $(cat stderr)"
    SEEN+="$(cat stderr)"$'\n'
}

# Memory. What needs terabytes of addresses, as under AddressSanitizer, cannot be limited.
SEEN=''
is_limited=false
if (ulimit -v 400000 && exec "$INLAY" --version) >/dev/null 2>&1; then
    is_limited=true
    for limit in 40000 55000 60000 62000 66000 72000 76000 78000 80000 82000 100000 150000 200000; do
        rm -rf out
        limited -v "$limit" inject -q scratch dir:model --as a/b --platform linux/amd64 --to oci:out:1
        limited -v "$limit" plan scratch acme/tiny
        limited -v "$limit" layouts
    done
    expect_contains "$SEEN" 'inlay: out of memory: the system gives this process no more'
fi

# Descriptors.
SEEN=''
for limit in 4 5 6 7 8 9 10; do
    "$is_limited" || break
    rm -rf out
    limited -n "$limit" inject -q scratch dir:model --as a/b --platform linux/amd64 --to oci:out:1
    limited -n "$limit" plan scratch acme/tiny
done
while read -r line; do
    [ -z "$line" ] || expect_contains "${line,,}" 'too many open files'
done <<<"$SEEN"
! "$is_limited" || expect_contains "$SEEN" 'ulimit -n'

# A signal that came before the first instruction: whoever started the program had blocked it.
cat >early.py <<'PY'
import os, signal, sys
number = getattr(signal, sys.argv[1])
signal.pthread_sigmask(signal.SIG_BLOCK, [number])
os.kill(os.getpid(), number)
os.execv(sys.argv[2], sys.argv[2:])
PY
for number in SIGTERM SIGINT; do
    for command in --version 'layouts' 'inspect oci:none:1' 'plan scratch acme/tiny'; do
        # shellcheck disable=SC2086 # it is words
        expect_exit 130 python3 early.py "$number" "$INLAY" $command
        expect_eq 'inlay: stopped on request' "$ERR" "$number $command"
    done
done
