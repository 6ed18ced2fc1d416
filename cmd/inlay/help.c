#include "help.h"

#include "options.h"
#include "table.h"

#include <string.h>

#define COLUMNS 100
#define INDENT 2
#define GAP 2 /* between columns */

const struct exit_status exit_statuses[] = {
    {ERROR_NONE, 0, "done"},
    {ERROR_USAGE, 2, "usage"},
    {ERROR_NOT_FOUND, 3, "not found"},
    {ERROR_DENIED, 4, "denied"},
    {ERROR_UNREACHABLE, 5, "unreachable"},
    {ERROR_UNSUPPORTED, 6, "unsupported"},
    {ERROR_CORRUPT, 7, "corrupt"},
    {ERROR_LOCAL, 8, "this machine"},
    {ERROR_UNCERTAIN, 9, "may be published"},
    {ERROR_CONFLICT, 10, "moved by others"},
    {ERROR_REFUSED, 11, "refused by a rule"},
    {ERROR_CANCELED, 130, "interrupted"},
    {ERROR_INTERNAL, 1, "a defect"},
    {ERROR_NONE, 0, NULL},
};

/* Text that is wrapped: lines go on below the column in which it began. */
struct wrapping {
    struct buf *out;
    size_t left; /* where lines begin */
    size_t at;   /* where the line has come to */
};

static void add_spaces(struct buf *out, size_t count)
{
    buf_addf(out, "%*s", (int)count, "");
}

static void add_word(struct wrapping *wrapping, const char *word, size_t size)
{
    CLEANUP(text) char *text = xasprintf("%.*s", (int)size, word);
    size_t width = text_width(text);
    bool is_first = wrapping->at <= wrapping->left;

    if (!is_first && wrapping->at + 1 + width > COLUMNS) {
        buf_add_text(wrapping->out, "\n");
        add_spaces(wrapping->out, wrapping->left);
        wrapping->at = wrapping->left;
        is_first = true;
    }
    buf_addf(wrapping->out, "%s%s", is_first ? "" : " ", text);
    wrapping->at += width + (is_first ? 0 : 1);
}

/* From column `left` on, where the line has come to; a line feed in the text begins a new line. */
static void add_wrapped(struct buf *out, size_t left, const char *text)
{
    struct wrapping wrapping = {out, left, left};

    while (*text != '\0') {
        size_t size = strcspn(text, " \n");
        if (size > 0)
            add_word(&wrapping, text, size);
        text += size;
        if (*text == '\n') {
            buf_add_text(out, "\n");
            add_spaces(out, left);
            wrapping.at = left;
        }
        text += *text != '\0';
    }
    buf_add_text(out, "\n");
}

static void add_paragraph(struct buf *out, const char *text)
{
    buf_add_text(out, "\n");
    add_wrapped(out, 0, text);
}

static void add_exit_statuses(struct buf *out)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    for (const struct exit_status *each = exit_statuses; each->name != NULL; each++)
        buf_addf(&text, "%s %d %s", each == exit_statuses ? "Exit status:" : ",", each->status,
                 each->name);
    buf_add_text(&text, ".");
    add_paragraph(out, buf_text(&text));
}

/* One cell of `width`, and the gap behind it. */
static void add_cell(struct buf *out, const char *text, size_t width)
{
    buf_add_text(out, text);
    add_spaces(out, width - text_width(text) + GAP);
}

static void add_arguments(const struct argument_help *arguments, struct buf *out)
{
    size_t names = 0;
    size_t forms = 0;

    for (const struct argument_help *each = arguments; each->name != NULL; each++) {
        if (text_width(each->name) > names)
            names = text_width(each->name);
        if (each->form != NULL && text_width(each->form) > forms)
            forms = text_width(each->form);
    }
    buf_add_text(out, "\n");
    for (const struct argument_help *each = arguments; each->name != NULL; each++) {
        size_t left = INDENT + names + GAP;
        add_spaces(out, INDENT);
        add_cell(out, each->name, names);
        if (each->form != NULL) {
            add_cell(out, each->form, forms);
            left += forms + GAP;
        }
        add_wrapped(out, left, each->text);
    }
}

/* "-o, --output FILE", "--shared[=DIR]"; caller frees. */
static char *format_label(const struct option_row *row)
{
    char letter[] = {'-', row->letter, ',', ' ', '\0'};

    if (row->otherwise != NULL)
        return xasprintf("--%s[=%s]", row->name, row->argument);
    return xasprintf("%s--%s%s%s", row->letter != 0 ? letter : "", row->name,
                     row->argument != NULL ? " " : "", row->argument != NULL ? row->argument : "");
}

static void add_option(const struct option_row *row, size_t width, struct buf *out)
{
    CLEANUP(text) char *label = format_label(row);

    add_spaces(out, INDENT);
    add_cell(out, label, width);
    add_wrapped(out, INDENT + width + GAP, row->help);
}

static bool is_listed(const struct option_row *row, const struct command *command,
                      const char *title)
{
    return (row->commands & command->id) != 0 && strcmp(row->title, title) == 0;
}

/* The options of `command` under one title, which begin with `first`. */
static void add_group(const struct command *command, const struct option_row *first,
                      struct buf *out)
{
    size_t width = 0;

    for (const struct option_row *row = first; row->name != NULL; row++) {
        CLEANUP(text) char *label = format_label(row);
        if (is_listed(row, command, first->title) && text_width(label) > width)
            width = text_width(label);
    }
    buf_addf(out, "\n%s%s", first->title, first->title[0] != '\0' ? "\n" : "");
    for (const struct option_row *row = first; row->name != NULL; row++)
        if (is_listed(row, command, first->title))
            add_option(row, width, out);
}

static void add_options(const struct command *command, struct buf *out)
{
    const char *title = NULL;

    for (const struct option_row *row = option_rows; row->name != NULL; row++) {
        if ((row->commands & command->id) == 0 || (title != NULL && strcmp(row->title, title) == 0))
            continue;
        title = row->title;
        add_group(command, row, out);
    }
}

/* A line for each usage. */
static void add_usages(const struct command *command, struct buf *out)
{
    buf_addf(out, "Usage: inlay %s %s\n", command->name, command->usage);
    for (const char *line = command->more; line != NULL; line = strchr(line, '\n')) {
        line += line[0] == '\n';
        buf_addf(out, "       inlay %s %.*s\n", command->name, (int)strcspn(line, "\n"), line);
    }
}

void help_format_command(const struct command *command, struct buf *out)
{
    add_usages(command, out);
    add_paragraph(out, command->about);
    if (command->arguments != NULL)
        add_arguments(command->arguments, out);
    add_options(command, out);
    if (command->environment != NULL) {
        CLEANUP(text) char *text = xasprintf("Environment: %s.", command->environment);
        add_paragraph(out, text);
    }
    if (command->result != NULL)
        add_paragraph(out, command->result);
    add_exit_statuses(out);
    buf_addf(out, "\nExample:\n  inlay %s %s\n", command->name, command->example);
}

void help_format_program(const struct command *const *commands, size_t count, struct buf *out)
{
    buf_add_text(out,
                 "inlay bakes models into container images, without a Dockerfile or a container "
                 "engine.\n\nUsage: inlay COMMAND [OPTION…] …\n\nCommands:\n");
    for (size_t i = 0; i < count; i++)
        buf_addf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    buf_addf(out,
             "\nOptions:\n"
             "  -h, --help     this text; 'inlay COMMAND --help' tells of a command\n"
             "  -V, --version  the version; 'inlay version' tells of the libraries, too\n"
             "\nExample:\n  inlay %s %s\n",
             commands[0]->name, commands[0]->example);
}
