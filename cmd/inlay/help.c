#include "help.h"

#include "core/text.h"
#include "exit_status.h"
#include "help_text.h"
#include "options.h"
#include "table.h"

#include <string.h>

#define INDENT 2
#define GAP 2 /* between columns, as help_add_cell() leaves it */

static void add_exit_statuses(struct buf *out)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    for (const struct exit_status *each = exit_statuses; each->name != NULL; each++)
        buf_addf(&text, "%s %d %s", each == exit_statuses ? "Exit status:" : ",", each->status,
                 each->name);
    buf_add_text(&text, ".");
    help_add_paragraph(out, buf_text(&text));
}

const struct argument_help *help_next_argument(const struct argument_help *argument)
{
    do
        argument++;
    while (argument->name != NULL && argument->name[0] == '\0');
    return argument;
}

/* An argument in all its forms, and what there is to say of it. */
static void add_argument(const struct argument_help *first, size_t forms, struct buf *out)
{
    const struct argument_help *end = help_next_argument(first);

    buf_addf(out, "\n%s:\n", first->name);
    for (const struct argument_help *each = first; each < end; each++) {
        if (each->form == NULL)
            continue;
        help_add_spaces(out, INDENT);
        help_add_cell(out, each->form, forms);
        help_add_wrapped(out, INDENT + forms + GAP, each->text);
    }
    for (const struct argument_help *each = first; each < end; each++) {
        if (each->form != NULL)
            continue;
        help_add_spaces(out, INDENT);
        help_add_wrapped(out, INDENT, each->text);
    }
}

static void add_arguments(const struct argument_help *arguments, struct buf *out)
{
    size_t forms = 0;

    for (const struct argument_help *each = arguments; each->name != NULL; each++)
        if (each->form != NULL && text_width(each->form) > forms)
            forms = text_width(each->form);
    for (const struct argument_help *each = arguments; each->name != NULL;
         each = help_next_argument(each))
        add_argument(each, forms, out);
}

char *help_format_label(const struct option_row *row)
{
    char letter[] = {'-', row->letter, ',', ' ', '\0'};

    if (row->otherwise != NULL)
        return xasprintf("--%s[=%s]", row->name, row->argument);
    return xasprintf("%s--%s%s%s", row->letter != 0 ? letter : "", row->name,
                     row->argument != NULL ? " " : "", row->argument != NULL ? row->argument : "");
}

/* The same without what is left out mostly: "--platform OS/ARCH"; caller frees. */
static char *format_brief_label(const struct option_row *row)
{
    CLEANUP(text) char *label = help_format_label(row);

    return row->otherwise != NULL ? TAKE(label) : xstrndup(label, strcspn(label, "["));
}

/* The options of a command that are wanted. */
struct selection {
    const struct command *command;
    const char *title; /* those under this one; NULL: those that are common */
};

static bool is_listed(const struct option_row *row, const struct selection *selection)
{
    if (selection->title == NULL)
        return (row->common & row->commands & selection->command->id) != 0;
    return (row->commands & selection->command->id) != 0 &&
           strcmp(row->title, selection->title) == 0;
}

static char *format_listed(const struct option_row *row, const struct selection *selection)
{
    return selection->title != NULL ? help_format_label(row) : format_brief_label(row);
}

static void add_options(const struct selection *selection, struct buf *out)
{
    bool is_brief = selection->title == NULL;
    size_t width = 0;

    for (const struct option_row *row = option_rows; row->name != NULL; row++) {
        CLEANUP(text) char *label = format_listed(row, selection);
        if (is_listed(row, selection) && text_width(label) > width)
            width = text_width(label);
    }
    if (width == 0)
        return;
    buf_addf(out, "\n%s\n", is_brief ? "Options:" : selection->title);
    for (const struct option_row *row = option_rows; row->name != NULL; row++) {
        CLEANUP(text) char *label = format_listed(row, selection);
        if (!is_listed(row, selection))
            continue;
        help_add_spaces(out, INDENT);
        help_add_cell(out, label, width);
        help_add_wrapped(out, INDENT + width + GAP,
                         is_brief && row->brief != NULL ? row->brief : row->help);
    }
}

const char *help_next_title(const struct command *command, const char *title)
{
    bool is_there = false;

    for (const struct option_row *row = option_rows; row->name != NULL; row++) {
        bool is_same = title != NULL && strcmp(row->title, title) == 0;
        is_there = is_there || is_same;
        if ((title == NULL || (is_there && !is_same)) && (row->commands & command->id) != 0)
            return row->title;
    }
    return NULL;
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

static void add_examples(const struct command *command, struct buf *out)
{
    buf_add_text(out, "\nExamples:\n");
    for (size_t i = 0; i < COMMAND_EXAMPLES && command->examples[i] != NULL; i++)
        buf_addf(out, "  inlay %s %s\n", command->name, command->examples[i]);
}

void help_format_brief(const struct command *command, struct buf *out)
{
    CLEANUP(text)
    char *more = xasprintf("'inlay %s --help-all' tells of all options%s and exit statuses.",
                           command->name, command->arguments != NULL ? ", arguments" : "");

    add_usages(command, out);
    help_add_paragraph(out, command->about);
    add_examples(command, out);
    add_options(&(struct selection){command, NULL}, out);
    help_add_paragraph(out, more);
}

void help_format_command(const struct command *command, struct buf *out)
{
    add_usages(command, out);
    help_add_paragraph(out, command->about);
    if (command->arguments != NULL)
        add_arguments(command->arguments, out);
    for (const char *title = NULL; (title = help_next_title(command, title)) != NULL;)
        add_options(&(struct selection){command, title}, out);
    if (command->environment != NULL) {
        CLEANUP(text) char *text = xasprintf("Environment: %s.", command->environment);
        help_add_paragraph(out, text);
    }
    if (command->result != NULL)
        help_add_paragraph(out, command->result);
    add_exit_statuses(out);
    add_examples(command, out);
}

void help_format_program(const struct command *const *commands, size_t count, bool all,
                         struct buf *out)
{
    buf_add_text(out, "inlay bakes models into container images, without a Dockerfile or an "
                      "engine.\n\nUsage: inlay COMMAND [OPTION…] …\n\nCommands:\n");
    for (size_t i = 0; i < count; i++)
        buf_addf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    buf_addf(out,
             "\n"
             "  inlay COMMAND --help      what it does, examples, the options that people use\n"
             "  inlay COMMAND --help-all  all of it\n"
             "  inlay --version, -V       the version\n"
             "\nExample:\n  inlay %s %s\n",
             commands[0]->name, commands[0]->examples[0]);
    if (all)
        add_exit_statuses(out);
}
