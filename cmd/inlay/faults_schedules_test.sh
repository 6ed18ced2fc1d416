#!/bin/bash
# Faults of the wire, drawn from seeds: each run ends in the right image, or in a documented status
# with TARGET as it was. `testdata/soak.sh` runs more of them.
. "$(dirname "$0")/../../testdata/lib.sh"

prepare_faults
count=100
[ -z "${INLAY_SANITIZE:-}" ] || count=30
node "$TESTDATA/faults/soak.mjs" "$FAULTS_CONFIG" --schedules "$count" --jobs 4
