#ifndef INLAY_OPTIONS_H
#define INLAY_OPTIONS_H

#include "command.h"
#include "core/buf.h"
#include "inject/inject.h"
#include "oci/reference.h"

/*
 * The options of all commands are one table, in options.c. A row says how an option is written, who
 * takes it, what its value becomes, and what the help says of it: the parser and the help have
 * nothing else to go by. A value is asked for by the option's name; what a row's `set` makes of it
 * besides is a member of struct options.
 */

struct settings;

/* A value for one of them. */
struct option_input {
    struct options *options;
    const struct option_row *row;
    const char *value; /* NULL for an option that has none */
};

struct option_row {
    const char *title;     /* of the paragraph of the help that it is in: "Which files:" */
    const char *name;      /* without the dashes; several rows may have it, for other commands */
    char letter;           /* 0: none */
    const char *argument;  /* what its value is called; NULL: it has none */
    unsigned commands;     /* bits of enum command_id: who takes it */
    unsigned needed;       /* who cannot do without */
    const char *otherwise; /* the value where none is given: --NAME[=VALUE]; NULL: it needs one */
    const char *help;      /* wrapped where it is printed */
    unsigned common;       /* whose help has it, and not only --help-all */
    const char *brief;     /* the same as `help` there, in less words; NULL: `help` will do */
    /* Looks at a value and keeps it; NULL: as it was given will do. ERROR_USAGE if it is none. */
    int (*set)(const struct option_input *in, struct error *err);
    size_t member; /* of struct options, where one of the functions below puts the value */
    unsigned most; /* of a number */
    bool once;     /* given twice, one of its values would be forgotten, and that is refused */
};

/* The table, up to a row without a name; rows with the same title stand together. */
extern const struct option_row option_rows[];
#define OPTION_ROWS_MAX 128

/* What was given of a row. */
struct option_value {
    const char **texts; /* in the order they were given, NULL-terminated; NULL: not given */
    size_t count;
    uint64_t number; /* the last of them, if it is a number */
};

/* A command line. Texts are borrowed from argv. */
struct options {
    const struct command *command;
    char *const *names; /* its arguments */
    size_t name_count;
    struct option_value values[OPTION_ROWS_MAX]; /* one a row */
    struct reference target;                     /* REFERENCE_NONE: --to was left out */
    struct strings more_targets;                 /* tags of the same place */
    struct tag_state expected;                   /* --expect */
    struct oci_platform *platforms;
    size_t platform_count;
    struct tree_owner owner;
    const struct layout *layout;  /* NULL: --layout was left out */
    const char *path;             /* NULL: --path was left out */
    struct container_start start; /* --entrypoint, --cmd */
    bool all_files;
    enum companions_wanted companions;
    struct strings allowed_licenses;
    struct strings denied_licenses;
    struct inject_options inject;    /* what rows set of it; the rest is zero */
    const struct settings *settings; /* the configuration that was added; NULL: none was read */
};

/*
 * Takes `argv`, which begins with the command's name, and reorders it: every option is known and
 * has a value that is one. There are as many arguments as the command wants, unless it takes
 * --project, and then options_check() is to be called. `out` is zeroed before. ERROR_USAGE.
 */
int options_parse(const struct command *command, int argc, char **argv, struct options *out,
                  struct error *err) MUST_CHECK;
/*
 * The same of one that a program sets: `name` is without dashes, `value` NULL where there is none;
 * borrows the value. `options` knows its command. ERROR_USAGE for an option that the command does
 * not take, and for a value that is none.
 */
int options_set(struct options *options, const char *name, const char *value,
                struct error *err) MUST_CHECK;
/* Where all are set: options_check(), unless that is left to whoever reads --project. */
int options_finish(const struct options *options, struct error *err) MUST_CHECK;
/* Whether all that the command wants is there; the first `known` arguments are, elsewhere. */
int options_check(const struct options *options, size_t known, struct error *err) MUST_CHECK;
/*
 * As if the option stood on the command line behind all that does; NULL: without a value. Borrows
 * the value. Nothing happens if the command does not take it, or if the value is none: ERROR_USAGE.
 */
int options_add(struct options *options, const char *name, const char *value,
                struct error *err) MUST_CHECK;
/*
 * Whether a command line, of which more may be wrong, has --json; *progress is the value of its
 * last
 * --progress, or stays as it is. Both may be written in part, as options_parse() takes them.
 * `argv[0]` is the program, and `command` NULL where none is known.
 */
bool options_ask_for_json(const struct command *command, int argc, char **argv,
                          const char **progress);
void options_release(struct options *options);
CLEANUP_RELEASE(options)

/*
 * What was given of the option of this name, which stands in the table. One that the command does
 * not take was not given.
 */
bool options_has(const struct options *options, const char *name);
/* The last value; NULL if there is none. */
const char *options_text(const struct options *options, const char *name);
/* All values, NULL-terminated; NULL if there is none. */
const char *const *options_list(const struct options *options, const char *name);
size_t options_count(const struct options *options, const char *name);
/* 0 if there is none. */
uint64_t options_number(const struct options *options, const char *name);

/* What rows have as `set`, for several options alike. */

/* Into a bool. */
int option_set_flag(const struct option_input *in, struct error *err) MUST_CHECK;
/* Into a const char *. */
int option_set_text(const struct option_input *in, struct error *err) MUST_CHECK;
/* The same, of an absolute path without "..". */
int option_set_path(const struct option_input *in, struct error *err) MUST_CHECK;
/* The same; "~" and what begins with "~/" are in the home of the image's user. */
int option_set_image_path(const struct option_input *in, struct error *err) MUST_CHECK;
/* From 0 to row->most, for options_number(). */
int option_set_number(const struct option_input *in, struct error *err) MUST_CHECK;
/* From 1 on. */
int option_set_count(const struct option_input *in, struct error *err) MUST_CHECK;
/*
 * Bytes, at least `least` and at most row->most unless that is 0, with K, M, G or T for powers of
 * 1024. `expected` tells what a value is, and gives examples.
 */
int option_set_size(const struct option_input *in, uint64_t least, const char *expected,
                    struct error *err) MUST_CHECK;

/* UID[:GID] into `owner`, of which inject.placement knows then. */
int option_set_owner(const struct option_input *in, struct error *err) MUST_CHECK;
/* K/N, N at most row->most, into inject.reuse. */
int option_set_shard(const struct option_input *in, struct error *err) MUST_CHECK;
/* Of --progress: a value that render.h knows. */
int option_set_progress(const struct option_input *in, struct error *err) MUST_CHECK;
/* Of --allow-license and --deny-license: names of licences with ',' between them. */
int option_set_licenses(const struct option_input *in, struct error *err) MUST_CHECK;

/* Of --name: a file's name without folders. ERROR_USAGE. */
int options_check_file_name(const char *name, struct error *err) MUST_CHECK;
/* Of --path: what option_set_image_path() takes. ERROR_USAGE. */
int options_check_image_path(const char *path, struct error *err) MUST_CHECK;

#endif
