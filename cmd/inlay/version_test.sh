#!/bin/bash
# The program says what it is and runs with: as others see the same libraries, and as its schema says.
. "$(dirname "$0")/../../testdata/lib.sh"
cd "$TEST_DIR" || exit
expect_valid() {
    /usr/bin/python3 -W ignore -m jsonschema -i "$1" "$TESTDATA/../docs/schema/version.schema.json" >schema.out 2>&1 ||
        fail "$1 is not what the schema says: $(head -3 schema.out)"
}

expect_exit 0 "$INLAY" --version
first=$OUT
expect_exit 0 "$INLAY" -V
expect_eq "$first" "$OUT"
expect_exit 0 "$INLAY" version
expect_eq "$first" "$(head -1 <<<"$OUT")"
expect_eq '' "$ERR"
text=$OUT

expect_exit 0 "$INLAY" version --json
printf '%s' "$OUT" >version.json
expect_valid version.json
expect_eq "$first" "inlay $(jq -r .version version.json)"
# What is a value in the one is a line of the other.
for library in $(jq -r '.libraries | to_entries[] | select(.value != null) | .key' version.json); do
    version=$(jq -r --arg name "$library" '.libraries[$name]' version.json)
    grep -qE "^$library +$version\$" <<<"$text" || fail "the text has no line of $library $version: $text"
done
grep -qE "^TLS +$(jq -r .tls version.json)\$" <<<"$text" || fail "the text does not tell of TLS: $text"
grep -qE "^features +$(jq -r '.features | join(" ")' version.json)\$" <<<"$text" || fail "other features: $text"

# Where the kernel filters calls, it says so.
grep -qE '^sandbox +(Landlock [0-9]+|seccomp|neither)' <<<"$text" || fail "the text does not tell of the sandbox: $text"
[ -n "${INLAY_SANITIZE:-}" ] || [ ! -e /proc/sys/kernel/seccomp/actions_avail ] ||
    expect_eq "$(grep -qw kill_process /proc/sys/kernel/seccomp/actions_avail && echo true || echo false)" "$(jq -r .sandbox.seccomp version.json)"

# Linked with the system's, they are the versions of the files that the loader finds.
loaded() { # SONAME
    ldd "$INLAY" 2>/dev/null | sed -n "s|.*$1[^ ]* => \([^ ]*\) .*|\1|p"
}
file=$(loaded libz.so)
if [ -n "$file" ]; then
    expect_contains "$(basename "$(realpath "$file")")" "$(jq -r .libraries.zlib version.json)"
    file=$(loaded libzstd.so)
    expect_contains "$(basename "$(realpath "$file")")" "$(jq -r .libraries.zstd version.json)"
    expect_contains "$(ldd --version | head -1)" "$(jq -r .libraries.glibc version.json)"
fi

# A value that is none, an argument that nobody takes.
expect_exit 2 "$INLAY" version --json=1
expect_contains "$ERR" "the option '--json=1' takes no value; see 'inlay version --help'"
expect_exit 2 "$INLAY" version now
expect_eq "inlay: 'now' is one argument too many; see 'inlay version --help'" "$ERR"
