#!/bin/bash
# What docs/recording.md shows is what inlay shows: the same lines, but for digests, sizes and times, and for the order in
# which layers are done.
. "$(dirname "$0")/lib.sh"
page=$(realpath "$TESTDATA/../docs/recording.md")

shape() {
    sed -E 's/\b[0-9a-f]{7,64}\b/HEX/g; s/\b[0-9.]+ (B|kB|MB|GB)\b/SIZE/g; s/ +SIZE/ SIZE/g; s/in [0-9]+ s\b/in N s/; s/\[=+\]/[=]/' "$1" |
        awk '/^    layer: / { for (i = count++; i > 0 && layers[i - 1] > $0; i--) layers[i] = layers[i - 1]; layers[i] = $0; next }
            { for (i = 0; i < count; i++) print layers[i]; count = 0; print }'
}
expect_exit 0 bash "$TESTDATA/record.sh" "$TEST_DIR/recording.md"
diff <(shape "$page") <(shape "$TEST_DIR/recording.md") >"$TEST_DIR/difference" ||
    fail "docs/recording.md is another one now; look at it, and record it anew: INLAY=PROGRAM bash testdata/record.sh docs/recording.md
$(cat "$TEST_DIR/difference")"
[ "$(grep -c '^    \$ inlay' "$page")" = 5 ] || fail 'not all is recorded'

# What is said to stay the same does: one digest of both runs, which the tree names, too.
expect_eq 1 "$(grep -oE '^    registry.example.com/rag:1.4-e5@sha256:[0-9a-f]{64}$' "$page" | sort -u | wc -l)"
expect_eq 2 "$(grep -cE '^    registry.example.com/rag:1.4-e5@sha256:[0-9a-f]{64}$' "$page")"
digest=$(grep -oE '^    registry.example.com/rag:1.4-e5@sha256:[0-9a-f]{64}$' "$page" | head -1 | sed 's/.*@//')
grep -q "^    image  *$digest\$" "$page" || fail 'the tree is that of another image'
expect_contains "$(cat "$page")" 'moved 0 B of model,'
