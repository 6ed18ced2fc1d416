#!/bin/bash
# Installs what is needed, builds, and runs all tests:  bash testdata/test.sh [CTEST-OPTION...]
# INLAY_PRESET=asan builds and tests with another of the presets than dev, in its folder.
set -euo pipefail
cd "$(dirname "$0")/.."

bash testdata/setup.sh
preset=${INLAY_PRESET:-}
build=build${preset:+-$preset}
if [ -n "$preset" ]; then
    cmake --preset "$preset" >/dev/null
else
    cmake -S . -B "$build" -G Ninja >/dev/null
fi
cmake --build "$build"
# Many tests wait for a server or for time to pass: more of them than processors.
ctest --test-dir "$build" --output-on-failure -j "$(($(nproc) * 3 / 2))" "$@"
