# bash completion for inlay: 'inlay completion bash' prints it. bash 4.4 or newer.

_inlay() {
    local line=${COMP_LINE:0:COMP_POINT} words=() word='' quote='' breaks='' lines last i

    # COMP_WORDS is cut at ':' and '=', too; what has no space between is one word. The word at the
    # cursor ends there.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $i == 0 || $line == [[:space:]]* ]]; then
            line=${line#"${line%%[![:space:]]*}"}
            words+=('')
        fi
        [[ $i != "$COMP_CWORD" ]] || word=$line
        line=${line:${#word}}
        words[-1]+=$word
    done

    # Words as they are meant; nothing in them is expanded but a home.
    for i in "${!words[@]}"; do
        word=${words[i]}
        case $word in
        \'*) quote=\' word=${word#\'} word=${word%\'} ;;
        \"*) quote=\" word=${word#\"} word=${word%\"} ;;
        *) quote='' word=${word//\\/} ;;
        esac
        words[i]=$word
    done
    mapfile -t lines < <("${words[0]/#\~\//$HOME/}" __complete "${words[@]:1}" 2>/dev/null)
    [[ ${#lines[@]} -gt 0 ]] || return 0
    last=${lines[-1]}
    unset 'lines[-1]'

    # Readline replaces what stands behind the last of its breaks.
    if [[ -z $quote ]]; then
        for i in : = @; do
            [[ $COMP_WORDBREAKS != *"$i"* ]] || breaks+=$i
        done
        [[ -z $breaks ]] || breaks=${words[-1]%"${words[-1]##*["$breaks"]}"}
    fi
    for word in "${lines[@]}"; do
        word=${word%%$'\t'*}
        word=${word#"$breaks"}
        if [[ -z $quote ]]; then
            printf -v word %q "$word"
            word=${word//\\,/,} # which means something in braces alone, and these are quoted
        fi
        COMPREPLY+=("$word")
    done
    case ${COMPREPLY[*]: -1} in
    *[:=/,]) compopt -o nospace 2>/dev/null ;;
    esac
    case $last in
    :files) compopt -o default 2>/dev/null ;;
    :folders) compopt -o dirnames -o nospace 2>/dev/null ;;
    esac
    return 0
}

complete -F _inlay inlay
