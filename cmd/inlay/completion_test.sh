#!/bin/bash
# What is typed in bash, zsh and fish, with the Tab key, is completed as inlay's tables have it.
. "$(dirname "$0")/../../testdata/lib.sh"
cd "$TEST_DIR" || exit
completions=$(dirname "$INLAY")/completions

# proposals WORD...: what the last word may become, sorted; and the kind of paths
proposals() {
    local lines
    lines=$("$INLAY" __complete "$@" | sed 's/\t.*//')
    { tail -1 <<<"$lines" && sed '$d' <<<"$lines" | LC_ALL=C sort; } | paste -sd ' '
}

# Commands and options are those of the help.
help=$("$INLAY" --help)
commands=$(sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' <<<"$help")
expect_eq ": $( (echo help && echo "$commands") | LC_ALL=C sort | paste -sd ' ')" "$(proposals '')"
expect_eq ": $(LC_ALL=C sort <<<"$commands" | paste -sd ' ')" "$(proposals help '')"
expect_eq ': --help --help-all --version' "$(proposals -)"
expect_contains "$("$INLAY" __complete ver)" $'verify\tsay whether an image'
for command in $commands; do
    all=$("$INLAY" "$command" --help-all)
    listed=$(sed -nE 's/^  (-[a-z], )?(--[a-z-]+\[?).*/\2/p' <<<"$all" | sed 's/\(.*\)\[/\1\n\1=/' | LC_ALL=C sort -u | paste -sd ' ')
    expect_eq ": $listed" "$(proposals "$command" --)" "options of $command"
    # A value is completed, unless it is one that only the user knows.
    while read -r option argument; do
        [ "$("$INLAY" __complete "$command" "$option" '')" = : ] || continue
        case $argument in
        GLOB | PATH | USER | N | SIZE | RATE | SECONDS | DAYS | HOST | HOST=FILE | NAME=VALUE | ORG/NAME | K/N | LIST | WORDS | 'UID[:GID]') ;;
        NAME | FILE) [[ $option == --set || $option == --name ]] || fail "nothing is proposed for $command $option $argument" ;;
        *) fail "nothing is proposed for $command $option $argument" ;;
        esac
    done < <(sed -nE 's/^  (-[a-z], )?(--[a-z-]+ [A-Z][^ ]*).*/\2/p' <<<"$all")
done

# What is proposed is taken.
for value in $("$INLAY" __complete inject --compression '' | sed '$d; s/\t.*//; s/^zstd:$/zstd:3/'); do
    expect_exit 2 "$INLAY" plan --compression "$value"
    expect_eq "inlay: no BASE is named, and there is no inlay.json here; see 'inlay plan --help'" "$ERR" "$value"
done
for option in progress weights platform layout trust-records; do
    for value in $("$INLAY" __complete plan --$option '' | sed '$d; s/\t.*//; s/^hmac:$/all/'); do
        expect_exit 2 "$INLAY" plan --$option "$value"
        expect_contains "$ERR" "no BASE is named, and there is no inlay.json here; see 'inlay plan --help'" "--$option $value"
    done
done
expect_eq "$("$INLAY" layouts --json | jq -r '.layouts[].name' | LC_ALL=C sort | paste -sd ' ')" "$(proposals plan --layout '' | sed 's/^: //')" 'layouts'
expect_eq "$("$INLAY" layouts --json | jq -r '.layouts[].name' | LC_ALL=C sort | paste -sd ' ')" "$(proposals layouts '' | sed 's/^: //')" 'layouts'
expect_contains "$(proposals presets '')" "$("$INLAY" presets --json | jq -r '.presets[0].name')"
expect_eq ': whisper:base whisper:base.en' "$(proposals plan base whisper:base)"
expect_contains "$(proposals plan base '')" ' whisper:'
expect_lacks "$(proposals plan base '')" whisper:base
cat >own.json <<'END'
{"version": 1, "presets": [{"name": "own:a", "summary": "of one's own", "layout": "huggingface", "items": [{"origin": "acme/a"}]}]}
END
"$INLAY" presets --presets own.json own >/dev/null
expect_eq ': own:' "$(proposals plan --presets own.json base ow)"
expect_eq ': own:a' "$(proposals plan base --presets=own.json own:)"
expect_eq ':' "$(proposals plan --presets not-there.json base own:)"
expect_eq ': m,also= m,as=' "$(proposals plan base m,a)"
expect_eq ': m,as=x/y,layout=whisper' "$(proposals plan base m,as=x/y,layout=whi)"

# Sets of the project file.
echo '{"version": 1, "sets": {"dev": [], "prod": []}}' >inlay.json
echo '{"version": 1, "sets": {"other": []}}' >other.json
expect_eq ': dev prod' "$(proposals inject --set '')"
expect_eq ': prod' "$(proposals plan base --set p)"
expect_eq ': --set=other' "$(proposals layer --project other.json --set=)"
expect_eq ':' "$(proposals layer --project none.json --set '')"
rm inlay.json other.json
# A comma means nothing to a shell, and is left as it is typed.
expect_eq 'org/x,layout=' "$(PATH=$(dirname "$INLAY"):$PATH bash -c '. "$1"; COMP_LINE="inlay plan base org/x,layo" COMP_POINT=${#COMP_LINE}
    COMP_WORDS=(inlay plan base org/x,layo) COMP_CWORD=3; COMP_POINT=${#COMP_LINE}; _inlay; echo "${COMPREPLY[@]}"' - "$completions/inlay.bash")"

# Images of this machine: layouts with their tags, archives, folders; names that a terminal would obey are left out.
make_base img 1
"$INLAY" copy -q oci:img:1 oci:img:other >/dev/null
mkdir -p models/inner .hidden $'bad\nname'
cp -r img models/img2
: >models/app.tar
: >'two words.tar'
expect_eq ': oci-archive: oci: oci:img:' "$(proposals inspect oci)"
expect_eq ': oci:.hidden/' "$(proposals inspect oci:.h)"
expect_eq ': oci:img: oci:models/' "$(proposals inspect oci:)"
expect_eq ': oci:models/img2: oci:models/inner/' "$(proposals inspect oci:models/)"
expect_eq ': oci:img:1 oci:img:other' "$(proposals inspect oci:img:)"
expect_eq ': oci:img:other' "$(proposals copy oci:img:1 oci:img:o)"
expect_eq ': --to=oci:img:1 --to=oci:img:other' "$(proposals remove oci:img:1 m --to=oci:img:)"
expect_eq ': oci-archive:models/app.tar' "$(proposals inspect oci-archive:models/a)"
expect_eq ': docker-archive:two words.tar' "$(proposals inspect 'docker-archive:two')"
expect_eq ': dir:models/' "$(proposals scan dir:mod)"
expect_eq ': file:models/app.tar' "$(proposals plan scratch file:models/app)"
expect_eq ': oci:img:' "$(proposals plan scratch m --layer-cache oci:i)"
expect_contains "$(proposals inject '')" 'scratch'
expect_lacks "$(proposals inspect '')" 'scratch'

# The place of a word decides: values, arguments, and what stands behind '--'.
expect_eq ':files' "$(proposals layer m -o '')"
expect_eq ':files' "$(proposals layer m -qo '')"
expect_eq ': oci:img:' "$(proposals inspect -q --authfile --json oci:i)"
expect_eq ':folders' "$(proposals cache list '')"
expect_eq ': list' "$(proposals cache l)"
expect_eq ':' "$(proposals inspect -- --j)"
expect_eq ': --json' "$(proposals inspect x --js)"
expect_eq ': --json' "$(proposals inspect x '' | tr ' ' '\n' | grep -x -e : -e --json | paste -sd ' ')"
expect_eq ':' "$(proposals nonsense '')"
expect_eq ': --shared=/usr/share/models' "$(proposals layer --shared=/)" 'a folder of the image'
expect_exit 0 "$INLAY" __complete
expect_eq '' "$OUT"

# The scripts are the files that packages install; another shell is refused.
for pair in bash:inlay.bash zsh:_inlay fish:inlay.fish; do
    expect_exit 0 "$INLAY" completion "${pair%%:*}"
    expect_eq "$(cat "$completions/${pair##*:}")" "$OUT"
done
expect_exit 2 "$INLAY" completion bsh
expect_eq "inlay: 'bsh' is no shell that is known; near it: bash, zsh; expected bash, zsh or fish" "$ERR"
expect_exit 2 "$INLAY" completion
expect_exit 8 bash -c '"$0" completion bash >/dev/full' "$INLAY"
! command -v shellcheck >/dev/null || shellcheck -s bash "$completions/inlay.bash"

# At the keys of real shells: each line is typed as a person does, and shows the words that inlay gets in the end.
mkdir bin home
ln -s "$INLAY" bin/real
forward='[ "$1" = __complete ]'
cat >bash.rc <<END
PS1='READY> '
inlay() { if $forward; then real "\$@"; else printf '%s\n' "\$@" . >>words; echo MARK; fi; }
[ ! -f /usr/share/bash-completion/bash_completion ] || . /usr/share/bash-completion/bash_completion
. <(real completion bash)
END
cat >home/.zshrc <<END
PS1='READY> '
fpath=(\$PWD/functions \$fpath)
autoload -Uz compinit && compinit -u
inlay() { if $forward; then real "\$@"; else printf '%s\n' "\$@" . >>words; echo MARK; fi; }
END
mkdir functions
cp "$completions/_inlay" functions/
cat >fish.rc <<'END'
function fish_prompt; echo -n 'READY> '; end
function inlay
    if test "$argv[1]" = __complete
        real $argv
    else
        printf '%s\n' $argv . >>words
        echo MARK
    end
end
real completion fish | source
END
cat >typed <<'END'
inlay insp<TAB>oci:im<TAB>ot<TAB>
inlay inject oci:img:1 whisper:base.<TAB>--layo<TAB>tikt<TAB>
inlay plan oci:models/im<TAB>1<TAB> m --progress=pl<TAB>
inlay layer m -o mod<TAB>app<TAB>
inlay plan --download-cache mod<TAB>inn<TAB>
inlay inspect docker-archive:two<TAB>
inlay inspect oci:img:1 --authfile own.j<TAB>--jso<TAB>
END
cat >expected <<'END'
inspect
oci:img:other
.
inject
oci:img:1
whisper:base.en
--layout
tiktoken
.
plan
oci:models/img2:1
m
--progress=plain
.
layer
m
-o
models/app.tar
.
plan
--download-cache
models/inner
.
inspect
docker-archive:two words.tar
.
inspect
oci:img:1
--authfile
own.json
--json
.
END
# zsh takes the slash behind a folder off again.
type_in() { # COMMAND...
    rm -f words
    expect_exit 0 env -u BASH_ENV HOME="$TEST_DIR/home" XDG_CONFIG_HOME="$TEST_DIR/home/config" PATH="$TEST_DIR/bin:$PATH" TERM=xterm \
        timeout 300 python3 "$TESTDATA/keys.py" MARK "$@" <typed
    expect_eq "$(cat expected)" "$(sed 's,/$,,' words)" "$*
$OUT"
}
shells=0
if command -v bash >/dev/null; then
    type_in bash --noprofile --rcfile bash.rc -i
    shells=$((shells + 1))
fi
if command -v zsh >/dev/null; then
    type_in zsh -o no_global_rcs -i
    shells=$((shells + 1))
fi
if command -v fish >/dev/null; then
    type_in fish --no-config -i -C 'source fish.rc'
    shells=$((shells + 1))
fi
[ $shells = 3 ] || fail "only $shells of the three shells are here; testdata/setup.sh installs them"
