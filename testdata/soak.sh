#!/bin/bash
# Runs inlay under faults of the wire, drawn from seeds, and judges every ending:
#   testdata/soak.sh N [SEED] [OPTION...]     N schedules, from this seed (1) on
#   testdata/soak.sh --survivors [OPTION...]  the list of single faults that must be survived
# Options: --jobs J, --json FILE, --verbose, with --survivors --only N,N or --every N. Prints each wrong ending with
# its seed, which `soak.sh 1 SEED` repeats, and a table of endings by fault. $INLAY is the program.
# INLAY_HASTEN (20) is how much faster its time runs, so that waits and limits are met.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ $# -gt 0 ] || fail 'how many schedules? soak.sh N [SEED]'
options=()
if [[ $1 =~ ^[0-9]+$ ]]; then
    options+=(--schedules "$1")
    shift
    if [[ ${1:-} =~ ^[0-9]+$ ]]; then
        options+=(--seed "$1")
        shift
    fi
fi
prepare_faults
node "$TESTDATA/faults/soak.mjs" "$FAULTS_CONFIG" "${options[@]}" "$@"
