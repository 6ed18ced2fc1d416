# fish completion for inlay: 'inlay completion fish' prints it.

function __inlay_complete
    set -l words (commandline -opc)
    set -l raw (commandline -ct)
    set -l current (string unescape -- $raw; or echo -- $raw)
    set -l program (string replace -r '^~/' "$HOME/" -- $words[1])
    set -l lines ($program __complete $words[2..] "$current" 2>/dev/null)

    set -q lines[1]; or return
    test (count $lines) = 1; or printf '%s\n' $lines[1..-2]
    switch $lines[-1]
        case ':files' ':folders'
            set -l head (string match -r -- '^--[^=]*=' $current)
            set -l value (string replace -r -- '^--[^=]*=' '' $current)
            for path in (complete -C "'' "(string escape -- $value))
                test $lines[-1] = ':files'; or string match -qr -- '/(\t|$)' $path; or continue
                printf '%s%s\n' "$head" $path
            end
    end
end

complete -c inlay -f -a '(__inlay_complete)'
