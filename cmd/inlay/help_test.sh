#!/bin/bash
# What the program says of itself.
. "$(dirname "$0")/../../testdata/lib.sh"

expect_exit 0 "$INLAY" --version
expect_contains "$OUT" 'inlay 0.'
expect_exit 0 "$INLAY" --help
expect_contains "$OUT" 'inject'
program=$OUT
expect_exit 0 "$INLAY" help
expect_eq "$program" "$OUT"
for way in 'inject --help' 'inject -h' 'help inject' 'inject base --to x --help'; do
    # shellcheck disable=SC2086 # the ways are words
    expect_exit 0 "$INLAY" $way
    expect_contains "$OUT" 'Usage: inlay inject BASE MODEL'
    expect_eq '' "$ERR"
done
widest=$(awk '{ if (length > most) most = length } END { print most }' <<<"$program
$OUT")
[ "$widest" -le 100 ] || fail "a line of help has $widest columns"

# Every option that the help names is known.
for option in $(grep -oE -- '--[a-z-]+' <<<"$OUT" | grep -vx -- --help | sort -u); do
    expect_exit 2 "$INLAY" inject "$option"
    expect_lacks "$ERR" 'is not known'
done

expect_exit 2 "$INLAY"
expect_contains "$ERR" "'inlay --help'"
expect_exit 2 "$INLAY" injekt
expect_contains "$ERR" "'injekt' is not a command"
expect_exit 2 "$INLAY" help injekt
expect_exit 8 bash -c '"$0" --help >/dev/full' "$INLAY"
