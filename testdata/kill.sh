#!/bin/bash
# Ends inlay by SIGKILL, SIGTERM and SIGINT, at random moments and exactly before and after a file takes
# its name or a registry gets a manifest, and judges what is left:  testdata/kill.sh N [SEED] [OPTION...]
# Options: --jobs J, --json FILE, --verbose. Prints each wrong ending with its seed, which `kill.sh 1
# SEED` repeats (random moments come near the same), and a table. $INLAY is the program.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ ${1:-} =~ ^[0-9]+$ ]] || fail 'how many kills? kill.sh N [SEED]'
options=(--kills "$1")
shift
if [[ ${1:-} =~ ^[0-9]+$ ]]; then
    options+=(--seed "$1")
    shift
fi
INLAY_HASTEN=1 prepare_faults
node "$TESTDATA/faults/kill.mjs" "$FAULTS_CONFIG" "${options[@]}" "$@"
