#!/bin/bash
# The build.sh of OSS-Fuzz: with its variables OUT, CC, CFLAGS and LIB_FUZZING_ENGINE, puts each target
# into $OUT as TARGET, its seeds as TARGET_seed_corpus.zip and its dictionary as TARGET.dict. The
# libraries of testdata/setup.sh have to be there: they are linked as the system has them.
set -euo pipefail
cd "$(dirname "$0")/../.."

work=${WORK:-$PWD/build-oss-fuzz}
cmake -S . -B "$work" -G Ninja -DCMAKE_C_COMPILER="${CC:-clang}" -DCMAKE_C_FLAGS="${CFLAGS:-}" \
    -DINLAY_FUZZ=ON -DINLAY_FUZZ_ENGINE="${LIB_FUZZING_ENGINE:--fsanitize=fuzzer}" -DBUILD_TESTING=OFF
cmake --build "$work"
for target in "$work"/*_fuzz; do
    name=${target##*/}
    cp "$target" "$OUT/"
    (cd "testdata/fuzz/$name" && zip -q -r "$OUT/${name}_seed_corpus.zip" .)
    dict=$(awk -v target="$name" '$1 == target { print $2 }' testdata/fuzz/dictionaries)
    [ -z "$dict" ] || cp "testdata/fuzz/$dict" "$OUT/$name.dict"
done
