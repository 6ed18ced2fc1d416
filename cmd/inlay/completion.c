#include "completion.h"

#include "command.h"
#include "core/nearest.h"
#include "options.h"
#include "output.h"

#include <string.h>

static const struct shell {
    const char *name;
    const unsigned char *script;
    const size_t *size;
} shells[] = {
    {"bash", completion_bash, &completion_bash_size},
    {"zsh", completion_zsh, &completion_zsh_size},
    {"fish", completion_fish, &completion_fish_size},
};

static int run_completion(const struct command_context *context, struct options *options,
                          struct error *err)
{
    const char *name = options->names[0];
    struct nearest nearest = nearest_begin(name);

    for (size_t i = 0; i < ARRAY_SIZE(shells); i++) {
        nearest_consider(&nearest, shells[i].name);
        if (strcmp(name, shells[i].name) != 0)
            continue;
        CLEANUP(text) char *script = xstrndup((const char *)shells[i].script, *shells[i].size);
        return output_say(context->output, script, err);
    }
    CLEANUP(text) char *near = nearest_format(&nearest);
    return error_set(err, ERROR_USAGE,
                     "'%s' is no shell that is known%s; expected bash, zsh or fish", name, near);
}

const struct command completion_command = {
    .id = COMMAND_COMPLETION,
    .name = "completion",
    .summary = "print what completes inlay's command lines in a shell",
    .usage = "SHELL",
    .about = "Prints a script for bash, zsh or fish, by which the Tab key completes commands, "
             "options, layouts, presets, and images and models of this machine. The script asks "
             "inlay itself for what fits; no network is used. Packages install it.",
    .names = {"SHELL"},
    .examples = {"bash >~/.local/share/bash-completion/completions/inlay",
                 "zsh >/usr/local/share/zsh/site-functions/_inlay",
                 "fish >~/.config/fish/completions/inlay.fish"},
    .run = run_completion,
};
