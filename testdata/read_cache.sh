#!/bin/sh
# Reads a Hugging Face cache as the Python client does offline: refs -> snapshot -> blob. Written
# against the documented layout only, in POSIX sh, so that it also runs inside a busybox image and
# as any user: setpriv --reuid=1234 --regid=1234 --clear-groups read_cache.sh ...
#
#   read_cache.sh [--type dataset] CACHE_DIR REPO_ID REVISION PATH...
#       prints "SHA256  PATH" for each file. The revision is a commit hash, or the name of a ref,
#       whose content is taken as it is: a newline in it is part of the name of the snapshot.
#   read_cache.sh --scan CACHE_DIR
#       the checks of the clients' scan_cache_dir; prints a line for each repository
#   read_cache.sh --verify CACHE_DIR
#       every blob has the content that its name says
#
# Exit status 1 and one line on standard error at the first defect.

set -eu

complain() {
    printf 'read_cache: %s\n' "$1" >&2
    exit 1
}

is_hex() { # TEXT LENGTH
    case $1 in
    *[!0-9a-f]*) return 1 ;;
    esac
    [ ${#1} -eq "$2" ]
}

# Prints the content of a ref, with an x at its end, which keeps newlines from being lost.
read_ref() {
    cat "$1" && printf x
}

read_files() { # TYPE CACHE_DIR REPO_ID REVISION PATH...
    repo=$2/${1}s--$(printf '%s' "$3" | sed 's,/,--,g') id=$3 commit=$4
    shift 4
    [ -d "$repo" ] || complain "no folder '$repo' for '$id'"
    if ! is_hex "$commit" 40; then
        [ -f "$repo/refs/$commit" ] || complain "no ref '$commit' of '$id'"
        content=$(read_ref "$repo/refs/$commit")
        commit=${content%x}
    fi
    [ -d "$repo/snapshots/$commit" ] || complain "no snapshot '$commit' of '$id'"
    for path; do
        file=$repo/snapshots/$commit/$path
        [ -f "$file" ] || complain "no file '$file'"
        sum=$(sha256sum <"$file") || complain "cannot read '$file'"
        printf '%s  %s\n' "${sum%% *}" "$path"
    done
}

scan_refs() { # REPO
    [ -d "$1/refs" ] || complain "no folder '$1/refs'"
    find "$1/refs" -type f >"$list"
    while IFS= read -r ref; do
        content=$(read_ref "$ref")
        [ -d "$1/snapshots/${content%x}" ] \
            || complain "'$ref' names a snapshot that is not there: '${content%x}'"
    done <"$list"
}

scan_repo() { # REPO
    [ -d "$1" ] || complain "not a folder: '$1'"
    case ${1##*/} in
    models--?* | datasets--?* | spaces--?*) ;;
    *) complain "not the name of a repository: '$1'" ;;
    esac
    [ -d "$1/snapshots" ] || complain "no folder '$1/snapshots'"
    scan_refs "$1"
    for snapshot in "$1"/snapshots/* "$1"/snapshots/.[!.]*; do
        [ -d "$snapshot" ] || [ ! -e "$snapshot" ] || complain "not a folder: '$snapshot'"
    done
    dangling=$(find -L "$1/snapshots" -type l)
    [ -z "$dangling" ] || complain "links to nothing: $dangling"
    printf '%s: %s files\n' "${1##*/}" "$(find -L "$1/snapshots" -type f | wc -l)"
}

scan_cache() { # CACHE_DIR
    [ -d "$1" ] || complain "no folder '$1'"
    count=0
    for entry in "$1"/* "$1"/.[!.]*; do
        case ${entry##*/} in
        .locks | CACHEDIR.TAG | .DS_Store | Thumbs.db | desktop.ini) continue ;;
        esac
        [ -e "$entry" ] || [ -L "$entry" ] || continue
        scan_repo "$entry"
        count=$((count + 1))
    done
    [ "$count" -gt 0 ] || complain "no repository in '$1'"
}

verify_blobs() { # CACHE_DIR
    find "$1" -path '*/blobs/*' -type f >"$list"
    while IFS= read -r blob; do
        name=${blob##*/}
        if is_hex "$name" 64; then
            sum=$(sha256sum <"$blob")
        elif is_hex "$name" 40; then
            sum=$({ printf 'blob %s\0' "$(wc -c <"$blob" | tr -d ' ')" && cat "$blob"; } | sha1sum)
        else
            complain "not the name of a blob: '$blob'"
        fi
        [ "${sum%% *}" = "$name" ] || complain "'$blob' has the digest ${sum%% *}"
    done <"$list"
    printf '%s blobs\n' "$(wc -l <"$list" | tr -d ' ')"
    [ -s "$list" ] || complain "no blobs in '$1'"
}

type=model
if [ "${1:-}" = --type ]; then
    type=$2
    shift 2
fi
case ${1:-} in
--scan | --verify)
    list=$(mktemp)
    trap 'rm -f "$list"' EXIT
    if [ "$1" = --scan ]; then scan_cache "$2"; else verify_blobs "$2"; fi
    ;;
*)
    [ $# -ge 4 ] || complain 'usage: read_cache.sh CACHE_DIR REPO_ID REVISION PATH...'
    read_files "$type" "$@"
    ;;
esac
