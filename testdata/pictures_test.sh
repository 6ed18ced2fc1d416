#!/bin/bash
# The pictures of the documentation are what inlay draws.
. "$(dirname "$0")/lib.sh"

mkdir "$TEST_DIR/drawn"
expect_exit 0 bash "$TESTDATA/pictures.sh" "$TEST_DIR/drawn"
expect_eq "$(cd "$TESTDATA/../docs/pictures" && ls)" "$(ls "$TEST_DIR/drawn")"
for file in "$TEST_DIR"/drawn/*; do
    cmp "$file" "$TESTDATA/../docs/pictures/${file##*/}" ||
        fail "${file##*/} is another one now; look at it, and draw it anew: INLAY=PROGRAM bash testdata/pictures.sh docs/pictures"
done
