#!/bin/bash
# Runs that are ended in the middle: TARGET is old or new and whole, the status is true, and the next run
# ends in the right image. `testdata/kill.sh` runs more of them.
. "$(dirname "$0")/../../testdata/lib.sh"

INLAY_HASTEN=1 prepare_faults
count=44
[ -z "${INLAY_SANITIZE:-}" ] || count=22
node "$TESTDATA/faults/kill.mjs" "$FAULTS_CONFIG" --kills "$count" --jobs 2
