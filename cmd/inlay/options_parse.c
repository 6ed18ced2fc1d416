#include "core/nearest.h"
#include "core/text.h"
#include "mistakes.h"
#include "options.h"

#include <getopt.h>
#include <string.h>

/* For getopt_long(): a row's number behind this; below are letters. */
#define FIRST_ROW 256

/* What getopt_long() wants to know of a command's options. */
struct getopt_table {
    struct option options[OPTION_ROWS_MAX + 1];
    char letters[2 * OPTION_ROWS_MAX + 2];
};

static int argument_of(const struct option_row *row)
{
    if (row->argument == NULL)
        return no_argument;
    return row->otherwise != NULL ? optional_argument : required_argument;
}

static void fill_table(const struct command *command, struct getopt_table *out)
{
    size_t count = 0;
    size_t letters = 0;

    *out = (struct getopt_table){0};
    out->letters[letters++] = ':'; /* a value that is missing is told apart */
    for (size_t i = 0; option_rows[i].name != NULL; i++) {
        const struct option_row *row = &option_rows[i];
        if ((row->commands & command->id) == 0)
            continue;
        out->options[count++] =
            (struct option){row->name, argument_of(row), NULL, FIRST_ROW + (int)i};
        if (row->letter != 0)
            out->letters[letters++] = row->letter;
        if (row->letter != 0 && row->argument != NULL)
            out->letters[letters++] = ':';
    }
}

/* NULL: it is none. `option` is what getopt_long() returned. */
static const struct option_row *find_row(const struct command *command, int option)
{
    if (option >= FIRST_ROW)
        return &option_rows[option - FIRST_ROW];
    for (const struct option_row *row = option_rows; row->name != NULL; row++)
        if (row->letter == option && (row->commands & command->id) != 0)
            return row;
    return NULL;
}

/* "--he", which may begin --help-all as well. */
static bool is_help_in_part(const char *word)
{
    return text_starts_with("--help", word) && strlen(word) > strlen("--h");
}

/* What begins like several options: "--pro". */
static int refuse_ambiguous(const struct command *command, const char *word, size_t size,
                            struct error *err)
{
    CLEANUP(buf) struct buf names = BUF_INIT;

    for (const struct option_row *row = option_rows; row->name != NULL; row++)
        if ((row->commands & command->id) != 0 && strncmp(row->name, word + 2, size - 2) == 0)
            buf_addf(&names, "%s--%s", names.size > 0 ? ", " : "", row->name);
    return error_set(err, ERROR_USAGE, "the option '%s' may be one of %s; write it in full", word,
                     buf_text(&names));
}

/*
 * An option that the command does not take: a word of other tools, or mistyped. `letter` is the one
 * that is not known, maybe of several in the word; 0: the word is.
 */
static int refuse_unknown(const struct command *command, const char *word, int letter,
                          struct error *err)
{
    char alone[] = {'-', (char)letter, '\0'};
    const char *option = letter > 0 ? alone : word;
    CLEANUP(text) char *name = xstrndup(option, strcspn(option, "="));
    const char *instead = mistakes_option(command->id, name);
    struct nearest nearest = nearest_begin(name + strspn(name, "-"));
    bool is_ambiguous = false;

    if (instead != NULL)
        return error_set(err, ERROR_USAGE, "the option '%s' is not known; %s", name, instead);
    for (const struct option_row *row = option_rows; row->name != NULL && letter == 0; row++) {
        if ((row->commands & command->id) == 0)
            continue;
        is_ambiguous = is_ambiguous || text_starts_with(row->name, nearest.typed);
        nearest_consider(&nearest, row->name);
    }
    if (is_ambiguous && nearest.typed[0] != '\0')
        return refuse_ambiguous(command, name, strlen(name), err);
    CLEANUP(text) char *near = nearest_format_with(&nearest, "--");
    return error_set(err, ERROR_USAGE, "the option '%s' is not known%s; see 'inlay %s --help'",
                     option, near, command->name);
}

/* What getopt_long() did not take: `option` is what it returned. */
static int refuse_option(const struct command *command, int option, const char *word,
                         struct error *err)
{
    if (option == ':')
        return error_set(err, ERROR_USAGE, "the option '%s' wants a value; see 'inlay %s --help'",
                         word, command->name);
    if (optopt >= FIRST_ROW)
        return error_set(err, ERROR_USAGE, "the option '%s' takes no value; see 'inlay %s --help'",
                         word, command->name);
    return refuse_unknown(command, word, optopt, err);
}

/* Of a value that may be left out: it stands behind '=', and is one. */
static int check_optional(const struct option_row *row, const char *text, struct error *err)
{
    if (row->otherwise == NULL || text == NULL || *text != '\0')
        return 0;
    return error_set(err, ERROR_USAGE, "--%s= has nothing behind '='; write --%s=%s, or --%s alone",
                     row->name, row->name, row->argument, row->name);
}

/* Whether a word is the path of a file, and none of what arguments name without a prefix. */
static bool is_path(const char *word)
{
    bool has_prefix = word[0] == '-' || strchr(word, ':') != NULL;

    return text_starts_with(word, "/") || text_starts_with(word, "./") ||
           text_starts_with(word, "../") || (!has_prefix && text_ends_with(word, ".json"));
}

/* What stands behind the option as its value would be taken for an argument. */
static int refuse_apart(const struct option_row *row, const char *next, struct error *err)
{
    if (row->otherwise == NULL || next == NULL || !is_path(next))
        return 0;
    return error_set(err, ERROR_USAGE,
                     "the value of --%s stands behind '=': write --%s=%s; if '%s' is none, put it "
                     "in front of the option",
                     row->name, row->name, next, next);
}

/* Of the first of these commands that takes it; NULL: none does. */
static const struct option_row *find_named_row(unsigned commands, const char *name)
{
    for (const struct option_row *row = option_rows; row->name != NULL; row++)
        if (strcmp(row->name, name) == 0 && (row->commands & commands) != 0)
            return row;
    return NULL;
}

static int take(struct options *out, const struct option_row *row, const char *text,
                struct error *err)
{
    struct option_value *value = &out->values[row - option_rows];
    const char *given = text != NULL ? text : row->otherwise;
    const struct option_input in = {.options = out, .row = row, .value = given};

    if (check_optional(row, text, err) < 0)
        return -1;
    if (row->once && value->count > 0)
        return error_set(err, ERROR_USAGE,
                         "--%s is given twice, with '%s' and '%s'; only one is taken, leave the "
                         "other out",
                         row->name, value->texts[0], given);
    value->texts = xrealloc(value->texts, value->count + 2, sizeof(*value->texts));
    value->texts[value->count++] = given;
    value->texts[value->count] = NULL;
    if (row->set == NULL || row->set(&in, err) == 0)
        return 0;
    value->texts[--value->count] = NULL; /* whoever goes on does without it */
    return -1;
}

int options_add(struct options *options, const char *name, const char *value, struct error *err)
{
    const struct command *command = options->command;
    const struct option_row *row = find_named_row(command->id | command->goes_by, name);

    return row != NULL ? take(options, row, value, err) : 0;
}

/* What the command wants, one each; of the last maybe more, or in brackets none. */
static int check_names(const struct options *options, size_t known, struct error *err)
{
    const struct command *command = options->command;
    size_t wanted = 0;
    bool takes_more = command->names[0] == NULL;

    for (; command->names[wanted] != NULL; wanted++) {
        const char *name = command->names[wanted];
        takes_more = strstr(name, "…") != NULL;
        if (name[0] != '[' && wanted >= options->name_count && wanted >= known)
            return error_set(err, ERROR_USAGE, "no %.*s is named; see 'inlay %s --help'",
                             (int)(strlen(name) - (takes_more ? strlen("…") : 0)), name,
                             command->name);
    }
    if (takes_more || options->name_count <= wanted)
        return 0;
    return error_set(err, ERROR_USAGE, "'%s' is one argument too many; see 'inlay %s --help'",
                     options->names[wanted], command->name);
}

static int check_needed(const struct options *options, struct error *err)
{
    const char *last = options->name_count > 0 ? options->names[options->name_count - 1] : "";

    for (const struct option_row *row = option_rows; row->name != NULL; row++) {
        char letter[] = {'-', row->letter, '\0'};
        if ((row->needed & options->command->id) == 0 || options_has(options, row->name))
            continue;
        if (strcmp(row->name, "to") == 0 && options->name_count > 2 && mistakes_is_image(last))
            return error_set(err, ERROR_USAGE, "--to %s is missing; did you mean --to '%s'?",
                             row->argument, last);
        return error_set(err, ERROR_USAGE, "%s%s %s is missing; see 'inlay %s --help'",
                         row->letter != 0 ? letter : "--", row->letter != 0 ? "" : row->name,
                         row->argument, options->command->name);
    }
    return 0;
}

int options_parse(const struct command *command, int argc, char **argv, struct options *out,
                  struct error *err)
{
    struct getopt_table table;
    int option;

    fill_table(command, &table);
    out->command = command;
    opterr = 0;
    while ((option = getopt_long(argc, argv, table.letters, table.options, NULL)) != -1) {
        const struct option_row *row = find_row(command, option);
        if (row == NULL && option == '?' && is_help_in_part(argv[optind - 1]))
            row = find_named_row(command->id, "help");
        if (row == NULL)
            return refuse_option(command, option, argv[optind - 1], err);
        if (optarg == NULL && refuse_apart(row, argv[optind], err) < 0)
            return -1;
        if (take(out, row, optarg, err) < 0)
            return -1;
    }
    out->names = argv + optind;
    out->name_count = (size_t)(argc - optind);
    /* In a form that main() has not seen: "-qh", "--hel". */
    if (options_has(out, "help") || options_has(out, "help-all"))
        return 0;
    return options_finish(out, err);
}

int options_set(struct options *options, const char *name, const char *value, struct error *err)
{
    const struct command *command = options->command;
    const struct option_row *row = find_named_row(command->id, name);

    if (row == NULL) {
        CLEANUP(text) char *word = xasprintf("--%s", name);
        return refuse_unknown(command, word, 0, err);
    }
    if (value == NULL && argument_of(row) == required_argument)
        return error_set(err, ERROR_USAGE, "the option '--%s' wants a value", name);
    if (value != NULL && row->argument == NULL)
        return error_set(err, ERROR_USAGE, "the option '--%s' takes no value", name);
    return take(options, row, value, err);
}

int options_finish(const struct options *options, struct error *err)
{
    if (find_named_row(options->command->id, "project") != NULL)
        return 0;
    return options_check(options, 0, err);
}

int options_check(const struct options *options, size_t known, struct error *err)
{
    return check_names(options, known, err) < 0 ? -1 : check_needed(options, err);
}

/*
 * What "--NAME" or "--NAME=VALUE" stands for, in part if no other option of the command begins so;
 * NULL: for nothing. In full it may be one of other commands.
 */
static const struct option_row *find_written(const struct command *command, const char *word)
{
    CLEANUP(text) char *name = xstrndup(word + 2, strcspn(word + 2, "="));
    const struct option_row *whole = find_named_row(~0U, name);
    const struct option_row *found = NULL;

    if (whole != NULL || command == NULL)
        return whole;
    for (const struct option_row *row = option_rows; row->name != NULL; row++) {
        if ((row->commands & command->id) == 0 || !text_starts_with(row->name, name))
            continue;
        if (found != NULL && strcmp(found->name, row->name) != 0)
            return NULL;
        found = row;
    }
    return found;
}

bool options_ask_for_json(const struct command *command, int argc, char **argv,
                          const char **progress)
{
    bool asks = false;

    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        const char *value = strchr(argv[i], '=');
        const struct option_row *row =
            text_starts_with(argv[i], "--") ? find_written(command, argv[i]) : NULL;
        if (row == NULL)
            continue;
        asks = asks || strcmp(row->name, "json") == 0;
        bool is_apart = row->argument != NULL && row->otherwise == NULL && value == NULL;
        if (is_apart && i + 1 < argc)
            i++;
        if (strcmp(row->name, "progress") == 0)
            *progress = value != NULL ? value + 1 : argv[i];
    }
    return asks;
}
