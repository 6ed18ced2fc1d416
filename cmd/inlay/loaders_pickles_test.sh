#!/bin/bash
# What inlay says of pickles, judged by a scanner that is not ours: whatever picklescan finds dangerous is
# dangerous, and nothing that it takes for harmless is.
. "$(dirname "$0")/../../testdata/lib.sh"
cd "$TEST_DIR" || exit

install_reader picklescan
python3 "$TESTDATA/pickles/make.py" "$TEST_DIR/made" >made.json
make_base base 1
export XDG_CACHE_HOME=$TEST_DIR/cache
expect_exit 0 "$INLAY" plan -q --json oci:base:1 "dir:$TEST_DIR/made,as=acme/made" --all-files
plan=$OUT

PYTHONPATH=$READERS/$READER python3 - made >judged.json <<'PYTHON'
import json, sys
from pathlib import Path
from picklescan.scanner import scan_file_path
root = Path(sys.argv[1])
found = {}
for path in sorted(p for p in root.rglob("*") if p.is_file()):
    try:
        result = scan_file_path(str(path))
    except Exception:  # damaged and empty files, and arrays, for which it wants NumPy
        continue
    found[str(path.relative_to(root))] = {f"{g.module}.{g.name}": g.safety.value for g in result.globals}
json.dump(found, sys.stdout)
PYTHON

# Names that both give, and their words for them.
pairs=$(jq -n --argjson plan "$plan" --slurpfile judged judged.json '
    [$plan.models[0].code[] | .path as $path | .imports[] | . as $one
     | ($judged[0][$path][$one.name] // empty) as $theirs
     | {path: $path, name: $one.name, ours: $one.verdict, theirs: $theirs}]')
expect_eq '[]' "$(jq -c '[.[] | select(.theirs == "dangerous" and .ours != "dangerous")]' <<<"$pairs")" 'dangerous for picklescan alone'
expect_eq '[]' "$(jq -c '[.[] | select(.theirs == "innocuous" and .ours != "known")]' <<<"$pairs")" 'harmless for picklescan alone'
[ "$(jq length <<<"$pairs")" -ge 20 ] || fail "few names were compared: $pairs"
# Files that are harmful for it are harmful here.
for path in $(jq -r 'to_entries[] | select(any(.value[]; . == "dangerous")) | .key' judged.json); do
    expect_json "$plan" "any(.models[0].code[]; .path == \"$path\" and any(.imports[]; .verdict == \"dangerous\"))" true
done
