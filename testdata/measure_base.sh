#!/bin/bash
# Measures what reading a large base costs, and fails if it is too much:
#   measure_base.sh [ENTRIES [LAYERS [gzip|zstd|plain]]]
# A base of ENTRIES files (200000) in LAYERS layers (4) is put into a registry on this machine, and a
# tiny model is injected into it, to the same repository, so that no layer of the base is copied. All
# layers have to be read, since the user is in the lowest one. Beside it stands what curl and the
# unpacker need for the same layers, as many at a time as this machine has processors. INLAY names
# the program. docs/performance.md tells what came out.
. "$(dirname "$0")/lib.sh"

entries=${1:-200000} layers=${2:-4} packing=${3:-gzip}
memory_limit=$((64 * 1024)) # KiB
INLAY=${INLAY:-inlay}
jobs=$(nproc)

least() { printf '%s\n' "$@" | grep . | sort -n | head -n 1; }

# timed LABEL COMMAND...: sets TOOK_MS, and CPU_MS of it and of the programs that it has started
timed() {
    local label=$1 TIMEFORMAT='%R %U %S'
    shift
    { time "$@" >/dev/null 2>"$TEST_DIR/words"; } 2>"$TEST_DIR/times" \
        || fail "$label: $(cat "$TEST_DIR/words")"
    read -r TOOK_MS CPU_MS < <(awk '{printf "%.0f %.0f\n", 1000 * $1, 1000 * ($2 + $3)}' "$TEST_DIR/times")
}

# The most memory that the command has at a time, in KiB. By itself, since looking takes time.
peak_of() {
    "$TESTDATA/peak_memory.sh" "$@" 2>&1 >/dev/null | tail -n 1
}

# How often a layer of the base was fetched.
layer_requests() { grep '"GET /v2/app/blobs/' "$REGISTRY_LOG" | grep -cFf "$TEST_DIR/digests" || true; }

case $packing in
gzip) unpacker='gzip -dc' ;;
zstd) unpacker='zstd -dcq' ;;
*) unpacker='cat' ;;
esac

start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"}]}'
start_registry
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
"$TESTDATA/images/make_large.py" "$TEST_DIR/base" 1 "$entries" "$layers" "$packing"
push_base "$TEST_DIR/base" 1 "$REGISTRY/app:1"
image_manifest "$TEST_DIR/base" 1 | jq -r '.layers[].digest' >"$TEST_DIR/digests"
packed=$(image_manifest "$TEST_DIR/base" 1 | jq '[.layers[].size] | add')

# shellcheck disable=SC2016 # the inner shell expands it
reference=(xargs -a "$TEST_DIR/digests" -P "$jobs" -I DIGEST
    sh -c "curl -fsS 'http://$REGISTRY/v2/app/blobs/DIGEST' | $unpacker >/dev/null")
timed reference "${reference[@]}" # the registry's files are in memory from now on
reference_ms='' reference_cpu='' first_ms='' first_cpu='' second_ms='' second_cpu=''
for run in 1 2 3; do # the best of three, by turns: other programs may be running
    timed reference "${reference[@]}"
    reference_ms=$(least "$TOOK_MS" "$reference_ms")
    reference_cpu=$(least "$CPU_MS" "$reference_cpu")
    rm -rf "$XDG_CACHE_HOME"
    timed 'first run' "$INLAY" inject "$REGISTRY/app:1" acme/tiny --to "$REGISTRY/app:first$run"
    first_ms=$(least "$TOOK_MS" "$first_ms")
    first_cpu=$(least "$CPU_MS" "$first_cpu")
    before=$(layer_requests)
    timed 'second run' "$INLAY" inject "$REGISTRY/app:1" acme/tiny --to "$REGISTRY/app:second$run"
    second_ms=$(least "$TOOK_MS" "$second_ms")
    second_cpu=$(least "$CPU_MS" "$second_cpu")
    fetched=$(($(layer_requests) - before))
done
rm -rf "$XDG_CACHE_HOME"
first_peak=$(peak_of "$INLAY" inject "$REGISTRY/app:1" acme/tiny --to "$REGISTRY/app:first")
second_peak=$(peak_of "$INLAY" inject "$REGISTRY/app:1" acme/tiny --to "$REGISTRY/app:second")

printf '%s entries in %s layers (%s), %s MB packed, %s processors\n' \
    "$entries" "$layers" "$packing" $((packed / 1000000)) "$jobs"
line='%-20s %6s ms, %6s ms of processors'
printf "$line\n" "curl and ${unpacker%% *}" "$reference_ms" "$reference_cpu"
printf "$line, %s KiB at most\n" 'inlay, first run' "$first_ms" "$first_cpu" "$first_peak" \
    'inlay, second run' "$second_ms" "$second_cpu" "$second_peak"
printf 'layers fetched by the second run: %s\n' "$fetched"
printf 'first run / curl and %s: %s\n' "${unpacker%% *}" \
    "$(awk "BEGIN {printf \"%.2f\", $first_ms / $reference_ms}")"

[ "$first_peak" -le "$memory_limit" ] && [ "$second_peak" -le "$memory_limit" ] \
    || fail "inlay needs more than $memory_limit KiB"
[ "$fetched" = 0 ] || fail 'the second run has fetched layers'
