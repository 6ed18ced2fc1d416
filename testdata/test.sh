#!/bin/bash
# Installs what is needed, builds, and runs all tests:  bash testdata/test.sh [CTEST-OPTION...]
set -euo pipefail
cd "$(dirname "$0")/.."

bash testdata/setup.sh
cmake -S . -B build -G Ninja >/dev/null
cmake --build build
ctest --test-dir build --output-on-failure -j "$(nproc)" "$@"
