#!/bin/bash
# Runs the fuzz targets: fuzz.sh HOURS [TARGET...]
#
# HOURS (0.5 is half of one) is the time that it takes in all, of which each target has its share;
# INLAY_FUZZ_JOBS of them run at a time (all processors if it is not set). A target begins with its
# seeds, testdata/fuzz/TARGET/, and what earlier runs have learned, build-fuzz/corpus/TARGET/. A
# finding is made as small as a minute allows and kept with the seeds, as found-KIND-DIGEST: a test
# that fails until it is mended. A table ends it, and status 1 if anything was found.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/.."

jobs=${INLAY_FUZZ_JOBS:-$(nproc)}
built=$PWD/build-fuzz seeds=$PWD/testdata/fuzz
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}

# keep_finding TARGET FILE: with the seeds, smaller if that can be had
keep_finding() {
    local target=$1 found=$2 kind small=$2.small
    kind=$(basename "$found") && kind=${kind%%-*}
    "$built/$target" -minimize_crash=1 -max_total_time=60 -exact_artifact_path="$small" "$found" \
        >"$found.log" 2>&1 || true
    [ -s "$small" ] || small=$found
    cp "$small" "$seeds/$target/found-$kind-$(sha256sum <"$small" | cut -c 1-8)"
}

# run_target TARGET SECONDS: adds its line to build-fuzz/fuzz/table
run_target() {
    local target=$1 seconds=$2 out=$built/fuzz/$1 dict found count=0
    local -a options=(-max_total_time="$seconds" -print_final_stats=1 -timeout=25 -rss_limit_mb=2048
        -artifact_prefix="$out/")
    rm -rf "$out"
    mkdir -p "$out" "$built/corpus/$target" "$seeds/$target"
    dict=$(awk -v target="$target" '$1 == target { print $2 }' "$seeds/dictionaries")
    [ -z "$dict" ] || options+=(-dict="$seeds/$dict")
    "$built/$target" "${options[@]}" "$built/corpus/$target" "$seeds/$target" >"$out/log" 2>&1 || true
    for found in "$out"/{crash,leak,oom,timeout,slow-unit}-*; do
        [ -f "$found" ] || continue
        case $found in *.log | *.small | */slow-unit-*) continue ;; esac
        keep_finding "$target" "$found"
        count=$((count + 1))
    done
    # A target that ends without its figures has found something, if only that it does not start.
    grep -q '^stat::number_of_executed_units' "$out/log" || [ "$count" -gt 0 ] || count=1
    awk -v target="$target" -v count="$count" '
        /^stat::number_of_executed_units/ { runs = $2 }
        /^Done [0-9]+ runs in/ { seconds = $5 }
        match($0, /cov: [0-9]+/) { edges = substr($0, RSTART + 5, RLENGTH - 5) }
        END { printf "%s %d %d %d %d\n", target, seconds, runs, edges, count }' "$out/log" >>"$built/fuzz/table"
}

if [ "${1:-}" = --target ]; then
    run_target "$2" "$3"
    exit
fi
if ! [[ ${1:-} =~ ^[0-9]+(\.[0-9]+)?$ ]]; then
    echo "usage: fuzz.sh HOURS [TARGET...]" >&2
    exit 2
fi
hours=$1
shift

cmake --preset fuzz >/dev/null
cmake --build --preset fuzz >/dev/null
if [ $# -eq 0 ]; then
    mapfile -t targets < <(find "$built" -maxdepth 1 -name '*_fuzz' -printf '%f\n' | sort)
    set -- "${targets[@]}"
fi
for target in "$@"; do
    [ -x "$built/$target" ] || { echo "there is no target '$target' in build-fuzz" >&2 && exit 2; }
done
share=$(awk -v hours="$hours" -v jobs="$jobs" -v count=$# '
    BEGIN { share = int(hours * 3600 * (jobs < count ? jobs : count) / count); print (share > 0 ? share : 1) }')
mkdir -p "$built/fuzz"
: >"$built/fuzz/table"
printf '%s\0' "$@" | xargs -0 -P "$jobs" -I '{}' bash "$seeds/../fuzz.sh" --target '{}' "$share"

sort "$built/fuzz/table" | awk '
    BEGIN { print "| target | seconds | executions | edges | findings |\n| --- | --- | --- | --- | --- |" }
    { printf "| `%s` | %d | %d | %d | %d |\n", $1, $2, $3, $4, $5; time += $2; runs += $3; found += $5 }
    END { printf "| %d targets | %d | %d | | %d |\n", NR, time, runs, found; exit found > 0 }'
