#!/bin/bash
# The benchmark: how inlay compares with curl and with other ways to the same image.
#
#   bash testdata/bench/run.sh [OPTION...]
#
#   --runs N        rounds of each row; 5
#   --size SIZE     of the model that meets the other tools, and of most rows; 1GiB
#   --large SIZE    of the models that meet curl; 4GiB
#   --null SIZE     of the model that goes into the null registry; 16GiB
#   --cores LIST    processors that contestants run on, as taskset takes them; servers run on all
#   --quick         3 rounds, 256MiB for --size and --large, 1GiB for --null
#   --only ROW      this row; repeatable. All of them, if left out.
#   --json FILE     all that was measured, too
#   --list          prints the rows
#
# Prints a table a row, medians. In each round every contestant has a turn, so that they meet the
# same disturbances. Hub, CDN and registries run on this machine; their processors' time is told
# apart. As root all of it has a network of its own, so that the bytes on the wire are those of the
# contestant alone; otherwise they are those of everybody on the loopback device.
#
# Needs what the tests need (testdata/setup.sh), and disk space for four times --large. $INLAY is
# the program, `inlay` if not set. Without root, buildah and the rows pull, cuts and lazy are left out, as are the
# rows of options that the program has not got. The null registry is fed by a file without blocks
# and stores nothing.

if [ "$(id -u)" -eq 0 ] && [ -z "${INLAY_BENCH_APART:-}" ] && command -v ip >/dev/null; then
    export INLAY_BENCH_APART=yes
    # shellcheck disable=SC2016 # the inner shell expands it
    exec unshare --net --mount -- bash -c 'ip link set lo up && exec bash "$0" "$@"' "$0" "$@"
fi

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

ROWS=(peers one shards null https files-1 files-100 files-1000 small latency again revision slow compression pull
    cuts-containerd cuts-podman lazy memory machines)

runs=5 size=1GiB large=4GiB null=16GiB json='' cores='' only=()
while [ $# -gt 0 ]; do
    case $1 in
    --runs) runs=$2 && shift ;;
    --size) size=$2 && shift ;;
    --large) large=$2 && shift ;;
    --null) null=$2 && shift ;;
    --quick) runs=3 size=256MiB large=256MiB null=1GiB ;;
    --cores) cores=$2 && shift ;;
    --only) only+=("$2") && shift ;;
    --json) json=$(realpath "$2") && shift ;;
    --list) printf '%s\n' "${ROWS[@]}" && exit 0 ;;
    *) printf "run.sh has no option '%s'; its head tells which there are\n" "$1" >&2 && exit 2 ;;
    esac
    shift
done
for row in "${only[@]}"; do
    [[ " ${ROWS[*]} " == *" $row "* ]] ||
        { printf "no row '%s'; --list prints them\n" "$row" >&2 && exit 2; }
done

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$here/../lib.sh"

INLAY=$(realpath "$(command -v "${INLAY:-inlay}")")
RESULTS=$TEST_DIR/results.jsonl
WORK=$TEST_DIR/work
CDN_DIR=$TEST_DIR/cdn
MODEL=bench/model
export INLAY MODEL LISTS='' BASE='' BASE_COPY='' TARGET='' PULL='' REUSE='' CTR_SOCKET='' REGISTRY
export HF_ENDPOINT='' XDG_CACHE_HOME=$WORK/cache SCHEME=http TLS_CA=''
# shellcheck source-path=SCRIPTDIR source=servers.sh
. "$here/servers.sh"
# shellcheck source-path=SCRIPTDIR source=rows.sh
. "$here/rows.sh"
# shellcheck source-path=SCRIPTDIR source=pull.sh
. "$here/pull.sh"
# shellcheck source-path=SCRIPTDIR source=lazy.sh
. "$here/lazy.sh"
# shellcheck source-path=SCRIPTDIR source=scale.sh
. "$here/scale.sh"

# measure_one ROW TITLE RUN CONTESTANT: one run, in an empty folder. A function that is called
# before_CONTESTANT or before_ROW makes what it needs and has no part in the figures.
measure_one() {
    local row=$1 title=$2 run=$3 contestant=$4
    rm -rf "$WORK"
    mkdir -p "$WORK"
    if declare -F "before_$contestant" >/dev/null; then
        "before_$contestant"
    elif declare -F "before_$row" >/dev/null; then
        "before_$row"
    fi
    sync -f "$TEST_DIR"
    (cd "$WORK" && ${cores:+taskset -c "$cores"} "$TEST_DIR/measure" "$TEST_DIR/result" "$(server_pids)" \
        "$here/contestants.sh" "$contestant" >"$TEST_DIR/words" 2>&1)
    [ "$(jq .status "$TEST_DIR/result")" = 0 ] ||
        fail "$row, $contestant: $(tail -n 5 "$TEST_DIR/words")"
    jq -c --arg row "$row" --arg title "$title" --argjson run "$run" --arg who "$contestant" \
        '{row: $row, title: $title, run: $run, contestant: $who} + .' \
        "$TEST_DIR/result" >>"$RESULTS"
    printf '%s %s %s: %s s\n' "$row" "$run" "$contestant" "$(jq .wall_s "$TEST_DIR/result")" >&2
}

# contest ROW TITLE CONTESTANT...
contest() {
    local row=$1 title=$2 run contestant
    shift 2
    for ((run = 1; run <= runs; run++)); do
        for contestant in "$@"; do
            measure_one "$row" "$title" "$run" "$contestant"
        done
    done
}

has_option() {
    "$INLAY" inject --help-all | grep -E "^ +(-., )?$1\b" >/dev/null # -q would end before inlay does
}

# The versions of the others, in one line.
tools() {
    local name version
    for name in curl skopeo umoci buildah podman containerd docker-registry; do
        version=$("$name" --version 2>/dev/null | grep -oE '[0-9]+(\.[0-9]+)+' | sed -n 1p || true)
        printf '%s %s, ' "$name" "${version:-is missing}"
    done
    nginx -v 2>&1 | sed 's|.*/|nginx |'
}

about() {
    local model
    model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | sort -u)
    jq -nc --arg processors "$(nproc), $model" \
        --arg sha "$(grep -qm1 '^flags.* sha_ni' /proc/cpuinfo && echo yes || echo no)" \
        --arg load "$(cut -d ' ' -f 1-3 /proc/loadavg)" --arg inlay "$("$INLAY" --version)" \
        --arg apart "${INLAY_BENCH_APART:-no}" --arg tools "$(tools)" \
        '{about: {inlay: $inlay, processors: $processors, "SHA instructions": $sha,
            "load before": $load, "network of its own": $apart, tools: $tools}}'
}

compile() { # PROGRAM SOURCE-OR-OPTION...
    cc -std=gnu17 -D_GNU_SOURCE -O2 -o "$TEST_DIR/$1" "${@:2}"
}
compile measure "$here/measure.c"
compile weights "$here/weights.c"
compile null-registry "$here/null-registry.c" "$here/null-table.c" -lcrypto -pthread

about >"$RESULTS"
start_registry
make_base "$TEST_DIR/base" 1
make_base "$TEST_DIR/base" 2 --layers 2
push_base "$TEST_DIR/base" 1 "$REGISTRY/base:1"
push_base "$TEST_DIR/base" 2 "$REGISTRY/base:2"
cp -a "$REGISTRY_DATA" "$TEST_DIR/registry.clean"
real_registry=$REGISTRY
start_cdn
start_null_registry

[ ${#only[@]} -gt 0 ] || only=("${ROWS[@]}")
for row in "${only[@]}"; do
    use_registry
    "row_${row//-/_}"
    drop_model
done
node "$here/report.mjs" "$RESULTS" ${json:+"$json"}
