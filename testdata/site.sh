#!/bin/bash
# Builds the documentation as a site, with search, into OUT, which is made anew:
#
#     testdata/site.sh OUT
#
# Needs Debian's mkdocs and mkdocs-material. The pages ask no other host for anything. To look at it:
# python3 -m http.server --directory OUT
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
[ $# = 1 ] || { echo "usage: site.sh OUT" >&2 && exit 2; }
for tool in mkdocs python3; do
    command -v $tool >/dev/null || { echo "'$tool' is not there; install mkdocs and mkdocs-material" >&2 && exit 1; }
done
out=$(realpath -m "$1")
[ ! -e "$out" ] || [ -f "$out/search/search_index.json" ] || [ -z "$(ls -A "$out")" ] ||
    { echo "'$out' is there and is no such site; name a folder that is not there" >&2 && exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/pages"
cp -r "$root"/{README.md,CHANGELOG.md,CONTRIBUTING.md,LICENSE,docs} "$work/pages/"
rm "$work/pages/docs/site.yml"
/usr/bin/python3 "$root/testdata/site_pages.py" "$root" "$work"
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct 2>/dev/null || echo 0)}
export SOURCE_DATE_EPOCH
mkdocs build --quiet --strict --config-file "$work/mkdocs.yml" --site-dir "$out"
