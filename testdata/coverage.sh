#!/bin/bash
# Which lines of the program the tests run:  testdata/coverage.sh [CTEST-OPTION...]
# Builds with Clang into build-coverage, runs the tests, and prints a table by module and the files of which most is
# not run. `build-coverage/lines.txt` then has every line with how often it ran. Needs what `setup.sh --checks` installs.
set -euo pipefail
cd "$(dirname "$0")/.."

build=$PWD/build-coverage
profiles=$build/profiles
cmake --preset coverage >/dev/null
cmake --build --preset coverage
rm -rf "$profiles"
mkdir -p "$profiles"
chmod 1777 "$profiles" # some tests run the program as other users
# The preset says where profiles go: processes of the same program add to one file (%m).
ctest --test-dir "$build" --output-on-failure -j "$(nproc)" "$@" || failed=$?
llvm-profdata merge -sparse "$profiles"/*.profraw -o "$build/all.profdata"

objects=()
for program in "$build"/*_test; do
    objects+=(-object "$program")
done
options=(-instr-profile "$build/all.profdata" "$build/inlay" "${objects[@]}"
    -ignore-filename-regex '(_test|_fuzz|_test_internal)\.[ch]$|/pkg/testing/|/view/')
llvm-cov show "${options[@]}" >"$build/lines.txt" 2>/dev/null
llvm-cov export -summary-only "${options[@]}" 2>/dev/null | jq -r --arg root "$PWD/" '
    .data[0].files | map({file: (.filename | ltrimstr($root) | ltrimstr("build-coverage/../")), lines: .summary.lines})
    | map(. + {module: (.file | split("/")[0:2] | join("/")), missing: (.lines.count - .lines.covered)}) as $files
    | def share: "\((.covered / .count * 1000 | floor) / 10) %";
      def sum: {count: (map(.lines.count) | add), covered: (map(.lines.covered) | add)};
    ($files | group_by(.module) | .[] | "\(.[0].module)\t\(sum.count)\t\(sum | share)"),
    "all\t\($files | sum | .count)\t\($files | sum | share)",
    "", "most lines that no test runs:",
    ($files | sort_by(-.missing) | .[0:15] | .[] | "\(.file)\t\(.missing)\t\(.lines | share)")' |
    column -t -s "$(printf '\t')"
exit "${failed:-0}"
