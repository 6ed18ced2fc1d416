#!/bin/bash
# The pages of the manual are well-formed for man(7), as mandoc and groff judge, and have all that the help has.
. "$(dirname "$0")/../../testdata/lib.sh"
cd "$TEST_DIR" || exit

# words FILE: each word once, without what stands around it
words() { tr -s '[:space:]' '\n' <"$1" | sed "s/^[('\"]*//; s/[])'\",.;:]*\$//" | grep . | LC_ALL=C sort -u; }

commands=$("$INLAY" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
mkdir man1
"$INLAY" __manual 2001-02-03 >man1/inlay.1
for command in $commands; do
    "$INLAY" __manual 2001-02-03 "$command" >"man1/inlay-$command.1"
done
for page in man1/*.1; do
    name=$(basename "$page" .1)
    expect_eq '' "$(mandoc -Tlint -W warning "$page")" "mandoc of $page"
    expect_eq '' "$(groff -ww -man -Tutf8 -z "$page" 2>&1)" "groff of $page"
    expect_eq '' "$(MANWIDTH=78 man --warnings=w -E UTF-8 -l "$page" 2>&1 >/dev/null)" "man of $page"
    expect_lacks "$(LC_ALL=C tr -d '\000-\177' <"$page")" ? "bytes beyond ASCII in $page"
    # What apropos finds.
    expect_contains "$(lexgrog "$page")" "$page: \"$name - "
    LC_ALL=C.UTF-8 MANWIDTH=500 man -E UTF-8 -l "$page" | sed 's/\x1b\[[0-9;]*m//g; s/.\x08//g' >"$name.txt"
    [ "$name" != inlay ] || continue
    "$INLAY" "${name#inlay-}" --help-all | sed 's/^\(Usage\|Environment\|Exit status\|Examples\)://' >help
    expect_eq '' "$(comm -23 <(words help) <(words "$name.txt"))" "words of the help that are not in $page"
done
expect_eq "$(sed 's/^/inlay-/; 1i inlay' <<<"$commands" | LC_ALL=C sort)" "$(sed -n 's/^\.BR \(inlay[a-z\\-]*\) (1).*/\1/p' man1/*.1 | tr -d '\\' | LC_ALL=C sort -u)" 'pages that are referred to'

# Options are ASCII, so that they can be copied; what a formatter would obey stands as text.
expect_contains "$(cat inlay-inject.txt)" '             --to registry.example.com/rag:1.4-e5'
grep -qE '^ +-q, --quiet' inlay-inject.txt || fail "an option with a letter"
grep -qE '^ +--shared\[=DIR\]' inlay-inject.txt || fail 'a value that may be left out'
expect_contains "$(cat inlay-inject.txt)" "'*' matches '/' too"
expect_contains "$(cat inlay-inject.txt)" 'intfloat/multilingual-e5-large \'
"$INLAY" --help | sed -n '/^Commands:/,/^$/s/^  [a-z]*  *//p' >help
while read -r summary; do
    expect_contains "$(cat inlay.txt)" "  $summary"
done <help
expect_contains "$(cat inlay-scan.txt)" 'inlay scan dir:.'
grep -q '^.TH INLAY\\*-INJECT 1 2001-02-03 "inlay ' man1/inlay-inject.1 || fail 'the title of a page'

# The build has made the same pages, with a date of its own.
if [ -d "$(dirname "$INLAY")/man" ]; then
    for page in man1/*.1; do
        expect_eq "$(sed 1d "$page")" "$(sed 1d "$(dirname "$INLAY")/man/$(basename "$page")")" "$page of the build"
    done
fi

expect_exit 2 "$INLAY" __manual 2001-02-03 nothing
expect_exit 8 bash -c '"$0" __manual 2001-02-03 >/dev/full' "$INLAY"
