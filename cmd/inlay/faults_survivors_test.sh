#!/bin/bash
# Single faults of the wire, each of which must be survived: status 0 and the right image. The list is
# in testdata/faults/schedule.mjs.
. "$(dirname "$0")/../../testdata/lib.sh"

INLAY_HASTEN=5 prepare_faults
every=1
[ -z "${INLAY_SANITIZE:-}" ] || every=10
node "$TESTDATA/faults/soak.mjs" "$FAULTS_CONFIG" --survivors --every "$every" --jobs 6
