#ifndef INLAY_COMMAND_H
#define INLAY_COMMAND_H

#include "core/cancel.h"
#include "core/error.h"
#include "core/log.h"
#include "core/secrets.h"
#include "oci/reference.h"
#include "plan/origin.h"

struct buf;
struct listener;
struct options;
struct output;

/* What every command gets from whoever runs it: main(), or a program that has the library. */
struct command_context {
    const struct cancel *cancel;
    struct secrets *secrets; /* what no output has in it */
    struct output *output;   /* NULL: nothing is printed; the two below are there */
    struct buf *result;      /* what would be printed on standard output; NULL: it is printed */
    const struct listener *listener; /* of render.h; NULL: standard error is told */
    const char *program; /* starts inlay anew, for the sandbox; NULL: this is another's process */
};

/* As bits: which commands take an option. */
enum command_id {
    COMMAND_INJECT = 1,
    COMMAND_PLAN = 2,
    COMMAND_LAYER = 4,
    COMMAND_REMOVE = 8,
    COMMAND_INSPECT = 16,
    COMMAND_VERIFY = 32,
    COMMAND_COPY = 64,
    COMMAND_CACHE = 128,
    COMMAND_PRESETS = 256,
    COMMAND_LAYOUTS = 512,
    COMMAND_SCAN = 1024,
    COMMAND_LOCK = 2048,
    COMMAND_INIT = 4096,
    COMMAND_VERSION = 8192,
    COMMAND_CONFIG = 16384,
    COMMAND_DOCTOR = 32768,
    COMMAND_COMPLETION = 65536,
};

/* A line of the help on arguments: three columns, or the first and a text beside it. */
struct argument_help {
    const char *name; /* "BASE, TARGET"; "": goes on with the one above */
    const char *form; /* how it is written; NULL: `text` takes its column too */
    const char *text;
};

#define COMMAND_EXAMPLES 3

/* A row of the table of commands; texts are wrapped where they are printed. */
struct command {
    enum command_id id;
    unsigned goes_by; /* bits of commands for whose options a project file counts here, too */
    const char *name;
    const char *summary; /* one line for the program's help */
    const char *usage;   /* what follows "inlay NAME" */
    const char *more;    /* other usages, a line each, or NULL */
    const char *about;   /* what it does */
    const char *names[3]; /* the arguments that it needs; "MODEL…" is one and more, "[MODEL…]" none
                               and more, "[NAME]" may be left out. NULL: any */
    const char *completed[3]; /* the same for completion where `names` does not tell; as the table
                                 in completion_values.c has them */
    const struct argument_help *arguments;  /* up to one without a name; may be NULL */
    const char *examples[COMMAND_EXAMPLES]; /* what follows "inlay NAME "; the commonest first; may
                                               be less */
    const char *environment;                /* the variables that it reads; NULL: none */
    const char *result;                     /* what it prints, and how it ends; may be NULL */
    int (*run)(const struct command_context *context, struct options *options, struct error *err);
};

extern const struct command cache_command;
extern const struct command completion_command;
extern const struct command config_command;
extern const struct command copy_command;
extern const struct command doctor_command;
extern const struct command init_command;
extern const struct command inject_command;
extern const struct command inspect_command;
extern const struct command layer_command;
extern const struct command layouts_command;
extern const struct command lock_command;
extern const struct command plan_command;
extern const struct command presets_command;
extern const struct command remove_command;
extern const struct command scan_command;
extern const struct command verify_command;
extern const struct command version_command;

#define ARGUMENT_HELP_PLACE(constant, opener, form, summary, ...)                                  \
    ,                                                                                              \
    {                                                                                              \
        "", form, summary                                                                          \
    }
/* How images are written, for `arguments`; `pipe` is what '-' stands for. */
#define ARGUMENT_HELP_IMAGE(name, pipe)                                                            \
    {name, NULL, "FILE is '-' for " pipe "."} REFERENCE_KINDS(ARGUMENT_HELP_PLACE)

#define ARGUMENT_HELP_ORIGIN(constant, opener, form, summary, ...)                                 \
    ,                                                                                              \
    {                                                                                              \
        "", form, summary                                                                          \
    }
/* The same of models, wherever they are. */
#define ARGUMENT_HELP_MODEL                                                                        \
    {"MODEL", NULL,                                                                                \
     "REVISION is a branch, a tag, a commit or refs/pr/N; if left out main, of ModelScope "        \
     "master."} ORIGIN_KINDS(ARGUMENT_HELP_ORIGIN),                                                \
        {"", "FAMILY:NAME", "a preset, such as whisper:base; 'inlay presets' lists them"},         \
    {                                                                                              \
        "", "MODEL,KEY=VALUE",                                                                     \
            "options for this one: also as exclude include layout name path weights"               \
    }

/* Variables that the Hub's clients, and that connections, go by. */
#define ENVIRONMENT_HUB                                                                            \
    "HF_ENDPOINT, HF_TOKEN, HF_TOKEN_PATH, HF_HOME, HF_HUB_OFFLINE as the Hub's clients read them"
#define ENVIRONMENT_MODELSCOPE                                                                     \
    "MODELSCOPE_ENDPOINT, MODELSCOPE_DOMAIN, MODELSCOPE_API_TOKEN as ModelScope's"
#define ENVIRONMENT_NETWORK "HTTPS_PROXY, http_proxy, NO_PROXY; SSL_CERT_FILE; DOCKER_HOST"

#endif
