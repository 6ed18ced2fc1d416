#!/bin/bash
# What the program says of itself.
. "$(dirname "$0")/../../testdata/lib.sh"

expect_exit 0 "$INLAY" --version
expect_contains "$OUT" 'inlay 0.'
program=$OUT
expect_exit 0 "$INLAY" -V
expect_eq "$program" "$OUT"
expect_exit 0 "$INLAY" --help
expect_contains "$OUT" 'inject'
program=$OUT
expect_exit 0 "$INLAY" help
expect_eq "$program" "$OUT"
expect_exit 0 "$INLAY" --help-all
expect_contains "$OUT" "$program"
for way in 'inject --help' 'inject -h' 'help inject' 'inject base --to x --help' 'inject --help-all' 'help inject --help-all' '--help-all inject'; do
    # shellcheck disable=SC2086 # the ways are words
    expect_exit 0 "$INLAY" $way
    expect_contains "$OUT" 'Usage: inlay inject BASE MODEL'
    expect_eq '' "$ERR"
done

# A command that is used in several ways has a line for each.
expect_exit 0 "$INLAY" lock --help
expect_eq 'Usage: inlay lock [OPTION…]
       inlay lock --update [MODEL…] [OPTION…]
       inlay lock --check [OPTION…]' "$(head -3 <<<"$OUT")"

# What the help of a command lists is what its command line takes, and the other way round; and its
# page, or one that the page goes by, tells of it.
docs=$TESTDATA/../docs
# Each form of MODEL has a row in the table of the page on sources.
"$INLAY" inject --help-all | sed -n '/^MODEL:/,/^$/s/^  \([^ ]*\)  .*/\1/p' >"$TEST_DIR/forms"
expect_contains "$(cat "$TEST_DIR/forms")" 'ollama://'
sed -nE 's/^(\[hf:\/\/\])?([a-z-]+:(\/\/)?).*/\2/p' "$TEST_DIR/forms" | while read -r prefix; do
    grep -q "^| \`$prefix" "$docs/sources.md" || fail "docs/sources.md has no row for '$prefix'"
    for page in inject safety remove; do
        grep -q "\`$prefix" "$docs/$page.md" || fail "docs/$page.md, which lists them, does not have '$prefix'"
    done
done
# So do the pages that list what documents and policies call the places that models come from.
printf '{"version": 1, "sources": ["nowhere"]}' >"$TEST_DIR/policy.json"
expect_exit 7 "$INLAY" verify oci:none:1 --policy "$TEST_DIR/policy.json"
kinds=$(sed "s/.*'nowhere', expected //; s/, / /g; s/ or / /" <<<"$ERR" | tr ' ' '\n' | sort)
[ "$(wc -l <<<"$kinds")" -ge 7 ] || fail "$ERR"
listed() { # PAGE ROW CELL: the names in a cell of a table
    grep -E "^\| \`$2\` \|" "$docs/$1" | cut -d '|' -f "$3" | grep -oE '`[a-z-]+`' | tr -d '`' | grep -vx inspect | sort
}
expect_eq "$kinds" "$(listed inspect.md source 3)" 'docs/inspect.md'
expect_eq "$kinds" "$(listed verify.md sources 3 | grep -vx source)" 'docs/verify.md'
expect_eq "$(grep -vx hub <<<"$kinds")" "$(listed formats.md source 4)" 'docs/formats.md'
expect_eq "$kinds" "$(jq -r '.properties.sources.items.enum[]' "$docs/policy.schema.json" | sort)" 'docs/policy.schema.json'
columns() { LC_ALL=C.UTF-8 wc -L; }
complaint() { { "$INLAY" "$@" >/dev/null || true; } 2>&1; }
commands='inject plan layer init lock remove inspect verify scan copy cache presets layouts config doctor completion version'
expect_eq "$(tr ' ' '\n' <<<"$commands" | sort)" \
    "$(sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' <<<"$program" | sort)" 'commands'
declare -A help
every=''
for command in $commands; do
    # What people use fits a screen: what it does, examples, and no more than ten options.
    expect_exit 0 "$INLAY" "$command" --help
    brief=$OUT
    [ "$(wc -l <<<"$brief")" -le 24 ] || fail "the help of $command has more than 24 lines"
    [ "$(columns <<<"$brief")" -le 80 ] || fail "a line of the help of $command is wider than 80 columns"
    [ "$(grep -cE '^  (-[a-z], )?--' <<<"$brief")" -le 10 ] || fail "the help of $command has more than ten options"
    grep -q "^'inlay $command --help-all' tells of all" <<<"$brief" || fail "the help of $command does not say where the rest is"
    expect_exit 0 "$INLAY" "$command" --help-all
    for example in "$brief" "$OUT"; do
        expect_eq "$([ "$command" = version ] && echo 1 || echo 3)" "$(sed -n '/^Examples:/,/^$/p' <<<"$example" | grep -c "^  inlay $command ")" "examples of $command"
    done
    help[$command]=$(grep -E '^  (-[a-z], )?--' <<<"$OUT" | sed 's/^  //; s/  .*//')
    every+=" $(grep -oE -- '--[a-z-]+' <<<"${help[$command]}" | tr '\n' ' ')"
    [ "$(columns <<<"$OUT")" -le 80 ] || fail "a line of the help of $command is wider than 80 columns"
    grep -q '^Exit status: 0 done, 2 usage' <<<"$OUT" || fail "the help of $command has no exit status"
    # Nothing is said of options that the command does not take, but as those of another command.
    for option in $(tr '\n' ' ' <<<"$brief$OUT" | sed "s/  */ /g; s/'inlay [^']*'//g" | grep -oE -- ' \(?--[a-z][a-z-]*' | tr -d ' (' | sort -u); do
        grep -qE -- "^(-[a-z], )?$option( |\[|\$)" <<<"${help[$command]}" || [ "$command $option" = 'cache --download-cache' ] \
            || [ "$command $option" = 'layouts --layout' ] || fail "the help of $command speaks of $option"
    done
done
every=$(tr ' ' '\n' <<<"$every" | grep . | grep -vxE -- '--help|--help-all' | sort -u)
[ "$(wc -l <<<"$every")" -ge 39 ] || fail "there are few options: $every"
for command in $commands; do
    pages=("$docs/$command.md" "$docs/registries.md")
    [[ $command != plan && $command != layer ]] || pages+=("$docs/inject.md")
    for option in $every; do
        row=$(grep -E -- "(^|, )${option}( |\[|\$)" <<<"${help[$command]}") || row=''
        case $row in
        '')
            # The beginning of another's name stands for that.
            ! grep -qE -- "(^|, )$option-" <<<"${help[$command]}" || continue
            expect_contains "$(complaint "$command" "$option")" "the option '$option' is not known"
            continue
            ;;
        *"${option}["*)
            expect_lacks "$(complaint "$command" "$option")" "'$option'" "inlay $command $option"
            expect_lacks "$(complaint "$command" "$option=/x")" "'$option" "inlay $command $option=/x"
            ;;
        *"$option "*)
            expect_contains "$(complaint "$command" "$option")" "the option '$option' wants a value; see 'inlay $command --help'"
            ;;
        *)
            expect_lacks "$(complaint "$command" "$option")" "'$option'" "inlay $command $option"
            expect_contains "$(complaint "$command" "$option=x")" "the option '$option=x' takes no value; see 'inlay $command --help'"
            ;;
        esac
        expect_eq "$row" "$(uniq <<<"$row" | head -1)" "rows of $command $option"
        grep -qE -- "$option([^a-z-]|\$)" "${pages[@]}" || fail "no page tells of $command $option"
        letter=$(grep -oE '^-[a-z]' <<<"$row") || continue
        expect_lacks "$(complaint "$command" "$letter")" 'is not known'
    done
    # What a page has a row for is taken.
    for option in $(grep -oE '^\| `--[a-z-]+' "$docs/$command.md" | grep -oE -- '--[a-z-]+'); do
        grep -qE -- "${option}( |\[|\$)" <<<"${help[$command]}" || fail "$command.md tells of $option, which is not in the help"
    done
done

# Parts of a command line that do not go together are told in one line.
refuse() { # WORDS ARGUMENT...
    local words=$1
    shift
    expect_exit 2 "$INLAY" "$@"
    expect_eq "inlay: $words" "$ERR" "$*"
}
refuse "no BASE is named, and there is no inlay.json here; see 'inlay inject --help'" inject
refuse "--layout: 'wisper' is no layout; near it: whisper; 'inlay layouts' lists them" inject a b --to oci:x:1 --layout wisper
refuse "--layout: 'nothing-like-it' is no layout; 'inlay layouts' lists them" plan a b --layout nothing-like-it
refuse "no MODEL is named; see 'inlay plan --help'" plan oci:base:1
refuse "--to TARGET is missing; see 'inlay inject --help'" inject oci:base:1 acme/tiny
refuse "--to TARGET is missing; see 'inlay remove --help'" remove oci:base:1 acme/tiny
refuse "-o FILE is missing; see 'inlay layer --help'" layer acme/tiny
refuse "no TO is named; see 'inlay copy --help'" copy oci:base:1
refuse "'c' is one argument too many; see 'inlay copy --help'" copy oci:a:1 oci:b:1 c
refuse "'b' is one argument too many; see 'inlay inspect --help'" inspect oci:a:1 b
refuse "no IMAGE is named; see 'inlay verify --help'" verify
refuse "the option '-x' is not known; see 'inlay inspect --help'" inspect -qx
refuse "the option '-x' is not known; see 'inlay inspect --help'" inspect --verbose -xq
refuse "the option '--quiet=x' takes no value; see 'inlay inspect --help'" inspect --quiet=x
refuse "the option '--bogus=1' is not known; see 'inlay inspect --help'" inspect --bogus=1

# What a URL has that may be secret is in none of the complaints about what stands behind it.
url='https://user:s3cret@h.example/m.bin?token=t0k'
for options in ,layout=bogus ,weights=bogus ,path=/a ,path=a ,name=a/b ,as=/ ,also=a,include=b; do
    expect_exit 2 "$INLAY" plan oci:base:1 "$url$options"
    expect_lacks "$ERR" s3cret "$options"
    expect_lacks "$ERR" t0k "$options"
done
expect_exit 2 "$INLAY" verify oci:base:1 "$url,layout=bogus"
expect_lacks "$ERR" s3cret
hex=$(printf '%064d' 1)
expect_exit 2 "$INLAY" plan oci:base:1 "https://h.example/m.bin?token=t0k#sha256=$hex" "https://h.example/m.bin?token=t0k#sha256=$hex"
expect_contains "$ERR" 'is named twice'
expect_lacks "$ERR" t0k
refuse "--to is given twice, as 'oci:x:1' and 'oci:x:2'" remove oci:a:1 m --to oci:x:1 --to oci:x:2
refuse "--platform is given twice, the second time as 'arm64'; leave it out for all platforms" \
    copy oci:a:1 oci:b:1 --platform amd64 --platform arm64
refuse "--jobs is 0, expected 1 to 64" remove oci:a:1 m --to oci:x:1 --jobs 0
refuse "--creds wants to read standard input twice" inspect oci:a:1 --creds a=- --creds b=-
refuse "IMAGE and --creds both want to read standard input; name a file" inspect oci-archive:- --creds a=-
# The last of an option that has one value counts; after -- there are no options; a letter may have
# its value beside it; --help is seen in any place.
refuse "--cache-dir 'b' is not an absolute path" inject a m --to oci:x:1 --cache-dir /a --cache-dir b
refuse "IMAGE: '--json' is not a repository (parts of a-z, 0-9 with '.', '_', '-' between them, joined by '/')" inspect -- --json
refuse "no MODEL is named; see 'inlay layer --help'" layer -qox
for way in '-qh' '--hel' '-q x --help' '--help-a'; do
    # shellcheck disable=SC2086 # the ways are words
    expect_exit 0 "$INLAY" inspect $way
    expect_contains "$OUT" 'Usage: inlay inspect IMAGE'
done

expect_exit 2 "$INLAY"
expect_contains "$ERR" "'inlay --help'"
expect_exit 2 "$INLAY" injekt
expect_contains "$ERR" "'injekt' is not a command"
expect_exit 2 "$INLAY" help injekt

# A reader of help that has read enough is no error; help that cannot be written is one, as any
# result is: a full disk, a closed output.
for way in --help --version -V help 'inject --help' 'help cache'; do
    for reader in true 'head -1'; do
        expect_exit 0 bash -c '{ sleep 0.1; "$0" $2; echo "status $?" >&2; } | $1' "$INLAY" "$reader" "$way"
        expect_eq 'status 0' "$ERR" "$way | $reader"
    done
    expect_exit 8 bash -c '"$0" $1 >/dev/full' "$INLAY" "$way"
    expect_contains "$ERR" 'writing to standard output: No space left on device'
    expect_exit 8 bash -c '"$0" $1 >&-' "$INLAY" "$way"
    expect_contains "$ERR" 'standard output is closed'
done

# Results of commands: text and JSON, short and long, of what reads and of what writes an image.
cd "$TEST_DIR" || exit
start_hub '{"id": "acme/tiny", "files": [{"path": "config.json", "text": "{}"}]}'
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
make_base "$TEST_DIR/base" 1
"$INLAY" inject -q oci:base:1 acme/tiny --to oci:out:1 >/dev/null
refuse_output() { # WORDS COMMAND...
    local words=$1 sink
    shift
    for sink in '>/dev/full' '>&-' '| true'; do
        expect_exit 0 bash -c '{ sleep 0.1; "$@"; echo "status $?" >&2; } '"$sink || true" - "$INLAY" "$@"
        expect_contains "$ERR" 'status 8' "$* $sink"
        expect_contains "$ERR" "$words" "$* $sink"
    done
}
refuse_output 'standard output' inspect oci:out:1
refuse_output 'standard output' inspect oci:out:1 --json
refuse_output 'standard output' verify -q oci:out:1
refuse_output 'standard output' verify -q oci:out:1 --json
refuse_output 'standard output' plan oci:base:1 acme/tiny --to oci:out:2
refuse_output 'standard output' plan oci:base:1 acme/tiny --json
refuse_output 'published, but could not be written' inject -q oci:base:1 acme/tiny --to oci:out:3
refuse_output 'published, but could not be written' copy -q oci:base:1 oci:out:4
refuse_output 'published, but could not be written' remove -q oci:out:1 acme/tiny --to oci:out:5
refuse_output 'the layers are written, but' layer -q acme/tiny -o tiny.tar
refuse_output 'standard output' layer -q acme/tiny --include config.json --layout dir --path /m -o -
refuse_output 'standard output' inject -q oci:base:1 acme/tiny --to oci-archive:-
refuse_output 'standard output' copy -q oci:base:1 docker-archive:-
"$INLAY" inject -q scratch acme/tiny --to oci:x:1 --platform linux/amd64 --download-cache kept2 >/dev/null
refuse_output 'standard output' version
refuse_output 'standard output' version --json
refuse_output 'standard output' cache list kept2
refuse_output 'standard output' cache list kept2 --json
refuse_output 'standard output' cache prune kept2 --partial
# What says what was written goes to standard error if the image goes to standard output.
expect_exit 8 bash -c '"$0" layer -q acme/tiny --layout dir --path /m -o - 2>&- | cat >layer.tar; exit "${PIPESTATUS[0]}"' "$INLAY"
expect_exit 8 bash -c '"$0" copy -q oci:base:1 oci-archive:- 2>&- | cat >image.tar; exit "${PIPESTATUS[0]}"' "$INLAY"
