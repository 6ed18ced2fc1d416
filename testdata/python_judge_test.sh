#!/bin/bash
# inlay's reading of Python is the same as that of CPython's own parser, over the standard library of this machine.
. "$(dirname "$0")/lib.sh"

python=/usr/bin/python3
reader=${INLAY%/*}/python_reading_test
if ! [ -x $python ] || ! [ -x "$reader" ]; then
    echo 'skipped: it needs /usr/bin/python3, and python_reading_test beside inlay'
    exit 77
fi
library=$($python -c 'import os; print(os.path.dirname(os.__file__))')
expect_exit 0 $python "$TESTDATA/python_judge.py" "$reader" "${INLAY_JUDGE_PYTHON:-$library}"
echo "$OUT"
