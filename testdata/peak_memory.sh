#!/bin/bash
# Runs a command and prints the most memory it had at a time, in KiB, on standard error, behind
# whatever the command writes there: `peak_memory.sh COMMAND...`. Its exit status is the command's.
set -uo pipefail

"$@" &
pid=$!
peak=0
while [ -e "/proc/$pid/status" ]; do
    now=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status" 2>/dev/null)
    [ "${now:-0}" -le "$peak" ] || peak=$now
    [ -n "$now" ] || break
    sleep 0.02
done
wait "$pid"
status=$?
echo "$peak" >&2
exit $status
