#!/bin/bash
# The links of all pages lead somewhere, as they stand and in the site that mkdocs makes of them; the site has a search, asks
# no other host, and its bytes are the same each time. And the checker finds what is wrong.
. "$(dirname "$0")/lib.sh"
root=$(realpath "$TESTDATA/..")
cd "$TEST_DIR" || exit
check() { /usr/bin/python3 "$TESTDATA/check_links.py" "$@"; }

mapfile -t pages < <(cd "$root" && find . -name '*.md' -not -path './build*' -not -path './.git/*' | sort)
expect_exit 0 check markdown "$root" "${pages[@]}"

expect_exit 0 bash "$TESTDATA/site.sh" "$TEST_DIR/site"
expect_eq '' "$ERR"
expect_exit 0 check site site
expect_file site/docs/pictures/plan.svg
expect_contains "$(cat site/index.html)" 'src="docs/pictures/plan.svg"'
expect_contains "$(cat site/docs/tasks/index.html)" 'How do I bake my first model?'
expect_contains "$(cat site/index.html)" 'prefers-color-scheme: dark'
jq -re '.docs[] | select(.location == "docs/completion.html") | .text' site/search/search_index.json | grep -q 'Tab key' || fail 'the search does not know a page'
jq -r '.docs[].location' site/search/search_index.json | sed 's/#.*//' | sort -u >found
for page in "${pages[@]}"; do
    [[ $page == ./docs/* ]] || continue
    name=${page#./}
    name=${name%.md}
    grep -qxF -e "${name/%README/index}.html" -e "${name/%README/}" found || fail "the search does not know $page"
done

# Each page has its place in the menu; tasks and examples have it by their tables.
for page in "${pages[@]}"; do
    case $page in ./docs/tasks/* | ./docs/ci/*) continue ;; ./docs/*) ;; *) continue ;; esac
    grep -qE -e "^ +- (.*: )?${page#./}\$" "$root/docs/site.yml" || fail "docs/site.yml has no place for $page"
done

# Twice the same; in place of an older site, and of nothing else.
cp -r site first
expect_exit 0 bash "$TESTDATA/site.sh" "$TEST_DIR/site"
diff -r first site >/dev/null || fail "built twice, two sites: $(diff -rq first site)"
mkdir other && : >other/file
expect_exit 1 bash "$TESTDATA/site.sh" other
expect_contains "$ERR" "is there and is no such site"
expect_file other/file
expect_exit 2 bash "$TESTDATA/site.sh"

# What the checker has to find.
wrong() { # TEXT: in the last answer
    expect_contains "$OUT" "$1"
}
mkdir pages
printf '# A b/c `d`\n\n[x](#a-bc-d) [y](#nothing) [z](none.md) [w](b.md#b) `[code](none2.md)` [o](https://h.example/#x)\n\n    [block](none3.md)\n' >pages/a.md
printf '# B\n# B\n[up](../site/index.html) [again](#b-1)\n' >pages/b.md
expect_exit 1 check markdown pages a.md b.md
expect_eq 'a.md: #nothing: there is no such heading
a.md: none.md: there is no such file
b.md: ../site/index.html: there is no such file' "$OUT"
mkdir html
echo '<a href="b.html#x">b</a><a href="none.html">n</a><img src="https://h.example/a.png"><p>list:
- one</p><p>code <code>a
- b</code></p>' >html/index.html
echo '<p id="y">b</p>' >html/b.html
echo '<p>c</p>' >html/c.html
echo '@import "x.css";' >html/a.css
expect_exit 1 check site html
wrong 'index.html: b.html#x: there is no such anchor'
wrong 'index.html: none.html: there is no such file'
wrong 'index.html: https://h.example/a.png: comes from another host'
wrong 'index.html: a list or table that is shown as text: - one'
wrong 'c.html: nothing leads there'
wrong 'a.css'
expect_eq 7 "$(wc -l <<<"$OUT")" "$OUT"
