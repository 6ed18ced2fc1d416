#include "manual.h"

#include "core/text.h"
#include "exit_status.h"
#include "help.h"
#include "options.h"
#include "roff.h"

#include <string.h>

#define DOCS "/usr/share/doc/inlay/docs"

/* `name` is NULL for the program itself. */
static void add_title(const char *name, const char *summary, const char *date, struct buf *out)
{
    CLEANUP(text) char *title = xasprintf("inlay%s%s", name != NULL ? "-" : "", name ? name : "");
    CLEANUP(text) char *upper = xstrdup(title);

    for (char *at = upper; *at != '\0'; at++)
        *at = (char)(*at >= 'a' && *at <= 'z' ? *at - 0x20 : *at);
    buf_addf(out, ".TH %s 1 %s \"inlay " INLAY_VERSION "\" \"Manual of inlay\"\n", upper, date);
    buf_add_text(out, ".SH NAME\n");
    roff_add(out, title, true);
    buf_add_text(out, " \\- ");
    roff_add(out, summary, false);
    buf_add_text(out, "\n");
}

static void add_section(const char *title, struct buf *out)
{
    buf_addf(out, ".SH %s\n", title);
}

/* "inlay NAME", which is written as it stands, and what follows it. */
static void add_usage(const char *name, const char *usage, size_t size, struct buf *out)
{
    CLEANUP(text) char *words = xasprintf("inlay %s", name);
    CLEANUP(text) char *rest = xasprintf(" %.*s", (int)size, usage);

    roff_add_font(out, 'B', words);
    roff_add(out, rest, false);
    buf_add_text(out, "\n");
}

static void add_synopsis(const struct command *command, struct buf *out)
{
    add_section("SYNOPSIS", out);
    add_usage(command->name, command->usage, strlen(command->usage), out);
    for (const char *line = command->more; line != NULL; line = strchr(line, '\n')) {
        line += line[0] == '\n';
        buf_add_text(out, ".br\n");
        add_usage(command->name, line, strcspn(line, "\n"), out);
    }
}

static void add_argument(const struct argument_help *first, struct buf *out)
{
    const struct argument_help *end = help_next_argument(first);

    buf_add_text(out, ".SS ");
    roff_add(out, first->name, false);
    buf_add_text(out, "\n");
    for (const struct argument_help *each = first; each < end; each++) {
        if (each->form != NULL) {
            buf_add_text(out, ".TP\n");
            roff_add_font(out, 'B', each->form);
            buf_add_text(out, "\n");
        } else if (each != first) {
            buf_add_text(out, ".PP\n");
        }
        roff_add_prose(out, each->text);
    }
}

static void add_arguments(const struct command *command, struct buf *out)
{
    if (command->arguments == NULL)
        return;
    add_section("ARGUMENTS", out);
    for (const struct argument_help *each = command->arguments; each->name != NULL;
         each = help_next_argument(each))
        add_argument(each, out);
}

static void add_option(const struct option_row *row, struct buf *out)
{
    char letter[] = {'-', row->letter, '\0'};
    CLEANUP(text) char *name = xasprintf("--%s", row->name);

    buf_add_text(out, ".TP\n");
    if (row->letter != 0) {
        roff_add_font(out, 'B', letter);
        buf_add_text(out, ", ");
    }
    roff_add_font(out, 'B', name);
    if (row->argument != NULL) {
        buf_add_text(out, row->otherwise != NULL ? "[=" : " ");
        roff_add_font(out, 'I', row->argument);
        buf_add_text(out, row->otherwise != NULL ? "]" : "");
    }
    buf_add_text(out, "\n");
    roff_add_prose(out, row->help);
}

static void add_options(const struct command *command, struct buf *out)
{
    add_section("OPTIONS", out);
    for (const char *title = NULL; (title = help_next_title(command, title)) != NULL;) {
        CLEANUP(text) char *bare = xstrndup(title, strlen(title) - text_ends_with(title, ":"));
        buf_add_text(out, ".SS ");
        roff_add(out, bare, false);
        buf_add_text(out, "\n");
        for (const struct option_row *row = option_rows; row->name != NULL; row++)
            if ((row->commands & command->id) != 0 && strcmp(row->title, title) == 0)
                add_option(row, out);
    }
}

static void add_examples(const struct command *command, struct buf *out)
{
    add_section("EXAMPLES", out);
    for (size_t i = 0; i < COMMAND_EXAMPLES && command->examples[i] != NULL; i++) {
        CLEANUP(text) char *line = xasprintf("inlay %s %s", command->name, command->examples[i]);
        buf_addf(out, "%s.nf\n", i > 0 ? ".PP\n" : "");
        roff_add_lines(out, line);
        buf_add_text(out, ".fi\n");
    }
}

static void add_exit_statuses(struct buf *out)
{
    add_section("EXIT STATUS", out);
    for (const struct exit_status *each = exit_statuses; each->name != NULL; each++) {
        buf_addf(out, ".TP\n\\fB%d\\fR\n", each->status);
        roff_add_prose(out, each->name);
    }
}

static void add_page_reference(const char *page, const char *text, struct buf *out)
{
    buf_add_text(out, ".PP\n");
    roff_add_font(out, 'I', page);
    buf_add_text(out, "\n");
    roff_add_prose(out, text);
}

void manual_format_command(const struct command *command, const char *date, struct buf *out)
{
    CLEANUP(text) char *page = xasprintf(DOCS "/%s.md", command->name);

    add_title(command->name, command->summary, date, out);
    add_synopsis(command, out);
    add_section("DESCRIPTION", out);
    roff_add_prose(out, command->about);
    add_arguments(command, out);
    add_options(command, out);
    if (command->result != NULL) {
        add_section("OUTPUT", out);
        roff_add_prose(out, command->result);
    }
    if (command->environment != NULL) {
        add_section("ENVIRONMENT", out);
        roff_add_prose(out, command->environment);
    }
    add_exit_statuses(out);
    add_examples(command, out);
    add_section("SEE ALSO", out);
    buf_add_text(out, ".BR inlay (1)\n");
    add_page_reference(page, "tells more, where packages install it.", out);
}

void manual_format_program(const struct command *const *commands, size_t count, const char *date,
                           struct buf *out)
{
    add_title(NULL, "bakes models into container images", date, out);
    add_section("SYNOPSIS", out);
    buf_add_text(out, "\\fBinlay\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR\\[u2026]] \\[u2026]\n");
    add_section("DESCRIPTION", out);
    roff_add_prose(out,
                   "Takes the files of a model, from the Hugging Face Hub first of all, lays them "
                   "out where the image's own environment makes the loading library look, and adds "
                   "them as reproducible layers to an image in a registry, an OCI layout, an "
                   "archive or a Docker engine. It needs neither a Dockerfile nor an engine.");
    add_section("COMMANDS", out);
    for (size_t i = 0; i < count; i++) {
        buf_addf(out, ".TP\n.BR inlay\\-%s (1)\n", commands[i]->name);
        roff_add_prose(out, commands[i]->summary);
    }
    add_section("OPTIONS", out);
    buf_add_text(out,
                 ".TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nthe commands; of a command what people "
                 "use most\n.TP\n\\fB\\-\\-help\\-all\\fR\nall of it\n"
                 ".TP\n\\fB\\-V\\fR, \\fB\\-\\-version\\fR\nthe version\n");
    add_exit_statuses(out);
    add_examples(commands[0], out);
    add_section("SEE ALSO", out);
    for (size_t i = 0; i < count; i++)
        buf_addf(out, ".BR inlay\\-%s (1)%s\n", commands[i]->name, i + 1 < count ? "," : "");
    add_page_reference(DOCS, "has the documentation, where packages install it.", out);
}
