#include "command.h"
#include "json.h"
#include "layout/layout.h"
#include "oci/document.h"
#include "options.h"
#include "table.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NARROW 80        /* columns, where a terminal does not tell */
#define GAP 2            /* between columns */
#define SUMMARY_LEAST 20 /* columns */

/* What a row stands for: its own members, or those of the row that it looks the same as. */
static const struct layout *effective(const struct layout *row)
{
    return row->same_as != NULL ? row->same_as : row;
}

static const char *evidence_name(const struct layout *row)
{
    switch (row->evidence) {
    case LAYOUT_JUDGED:
        return "judged";
    case LAYOUT_READ:
        return "read";
    case LAYOUT_UNVERIFIED:
        return "unverified";
    }
    abort();
}

static const char *evidence_text(const struct layout *row)
{
    switch (row->evidence) {
    case LAYOUT_JUDGED:
        return "the loader itself reads injected images in inlay's tests";
    case LAYOUT_READ:
        return "read in the loader's source";
    case LAYOUT_UNVERIFIED:
        return "unverified";
    }
    abort();
}

/* Where it looks if no variable decides: "~/.cache/…", "WORKDIR/x", "rapidocr/models". */
static char *default_place(const struct layout *row)
{
    const struct layout *layout = effective(row);
    const char *package = layout->package != NULL ? strchr(layout->package, ':') + 1 : "";

    if (layout->takes_path)
        return xstrdup("--path");
    switch (layout->base) {
    case LAYOUT_IN_HOME:
        return xasprintf("~%s", layout->below);
    case LAYOUT_IN_WORKING_DIR:
        return xasprintf("WORKDIR%s", layout->below);
    case LAYOUT_IN_PACKAGE:
        return xasprintf("package %s%s", package, layout->below);
    case LAYOUT_BESIDE_PACKAGE:
        return xasprintf("beside package %s", package);
    case LAYOUT_IN_ROOT:
        return xstrdup(layout->below);
    }
    abort();
}

static void list_variables(const struct layout *row, struct strings *out)
{
    const struct place_rule *rule = effective(row)->places;

    for (; rule != NULL && rule->variable != NULL; rule++)
        strings_addf(out, "%s%s", rule->variable, rule->below);
}

static void list_settings(const struct layout *row, struct strings *out)
{
    const struct layout *layout = effective(row);

    for (const char *const *setting = layout->offline; setting != NULL && *setting != NULL;
         setting++)
        strings_add(out, *setting);
    for (const char *const *setting = layout->settings; setting != NULL && *setting != NULL;
         setting++)
        strings_add(out, *setting);
}

static json_t *row_json(const struct layout *row)
{
    const struct layout *layout = effective(row);
    CLEANUP(strings) struct strings variables = STRINGS_INIT;
    CLEANUP(strings) struct strings settings = STRINGS_INIT;
    CLEANUP(text) char *place = default_place(row);

    list_variables(row, &variables);
    list_settings(row, &settings);
    return json_pack("{s:s, s:s, s:s?, s:s?, s:s, s:o, s:o, s:b, s:s, s:s?}", "name", row->name,
                     "summary", row->summary, "versions", row->versions, "same_as",
                     row->same_as != NULL ? row->same_as->name : NULL, "place", place, "variables",
                     strings_to_json(&variables), "settings", strings_to_json(&settings),
                     "sets_variable", (int)layout->sets_variable, "evidence", evidence_name(row),
                     "note", row->note);
}

static bool matches_all(const struct layout *row, const struct options *options)
{
    for (size_t i = 0; i < options->name_count; i++)
        if (!layout_matches(row, options->names[i]))
            return false;
    return true;
}

/* The rows that are shown. */
struct shown {
    const struct layout **items;
    size_t count;
};

static void shown_release(struct shown *shown)
{
    free(shown->items);
}
CLEANUP_RELEASE(shown)

/* What has all words; a word that is a row's whole name means that one. */
static int choose(const struct options *options, struct shown *out, struct error *err)
{
    const struct layout *named =
        options->name_count == 1 ? layout_find_row(options->names[0]) : NULL;
    CLEANUP(buf) struct buf words = BUF_INIT;
    const struct layout *row = NULL;

    for (size_t i = 0; (row = layout_at(i)) != NULL; i++)
        if (named != NULL ? row == named : matches_all(row, options)) {
            out->items = xrealloc(out->items, out->count + 1, sizeof(const struct layout *));
            out->items[out->count++] = row;
        }
    if (out->count > 0)
        return 0;
    if (options->name_count == 1)
        return layout_refuse_name(options->names[0], err);
    for (size_t i = 0; i < options->name_count; i++)
        buf_addf(&words, "%s'%s'", i > 0 ? " and " : "", options->names[i]);
    return error_set(err, ERROR_USAGE, "no layout has %s; 'inlay layouts' lists them",
                     buf_text(&words));
}

static void print_json(const struct shown *shown)
{
    json_auto_t *document = json_pack("{s:[]}", "layouts");
    CLEANUP(buf) struct buf text = BUF_INIT;

    for (size_t i = 0; i < shown->count; i++)
        json_array_append_new(json_object_get(document, "layouts"), row_json(shown->items[i]));
    json_to_buf(document, &text);
    puts(buf_text(&text));
}

/* The terminal's; what goes elsewhere has no end of the line. */
static size_t line_width(void)
{
    struct winsize size = {.ws_col = 0};

    if (!isatty(STDOUT_FILENO))
        return SIZE_MAX;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : NARROW;
}

/* As much of the text as there is room for. Caller frees. */
static char *shorten(const char *text, size_t room)
{
    size_t used = 0;
    size_t size = 0;

    if (text_width(text) <= room)
        return xstrdup(text);
    while (used + text_width_at(text + size) + 1 <= room)
        used += text_width_at(text + size++);
    while (size > 0 && text_width_at(text + size) == 0) /* within a character */
        size--;
    return xasprintf("%.*s…", (int)size, text);
}

static void add_row(struct table *table, const struct layout *row, size_t room)
{
    const struct layout *layout = effective(row);
    bool has_own = row->same_as == NULL;
    CLEANUP(text) char *place = has_own ? default_place(row) : xasprintf("as %s", layout->name);
    CLEANUP(text) char *summary = shorten(row->summary, room);

    table_add(table, row->name);
    table_add(table, summary);
    table_add(table, place);
    table_add(table, has_own && layout->places != NULL ? layout->places[0].variable : "");
    table_add(table, layout->offline != NULL ? layout->offline[0] : "");
    table_add(table, evidence_name(row));
    table_add(table, row->versions != NULL ? row->versions : "");
}

/* How many columns have their place in a line; the first two in any case. */
static size_t count_columns(const struct table *table, size_t width)
{
    size_t count = 0;

    for (size_t used = 0; count < table->columns; count++) {
        size_t widest = 0;
        for (size_t i = count; i < table->cells.count; i += table->columns)
            if (text_width(table->cells.items[i]) > widest)
                widest = text_width(table->cells.items[i]);
        used += widest + (count > 0 ? GAP : 0);
        if (used > width)
            break;
    }
    return count > 2 ? count : 2;
}

/* What is left of the line behind the names. */
static size_t room_for_summary(const struct shown *shown, size_t width)
{
    size_t names = 0;

    for (size_t i = 0; i < shown->count; i++)
        if (strlen(shown->items[i]->name) > names)
            names = strlen(shown->items[i]->name);
    return width > names + GAP + SUMMARY_LEAST ? width - names - GAP : SUMMARY_LEAST;
}

/* One line for each, with as many columns as fit; the rest is told of a layout by its name. */
static void print_table(const struct shown *shown)
{
    static const char *const titles[] = {"LAYOUT",  "FOR",      "PLACE",   "VARIABLE",
                                         "OFFLINE", "EVIDENCE", "VERSIONS"};
    CLEANUP(table) struct table table = {.columns = ARRAY_SIZE(titles), .is_untitled = true};
    CLEANUP(buf) struct buf left = BUF_INIT;
    size_t width = line_width();
    size_t room = room_for_summary(shown, width);

    for (size_t i = 0; i < ARRAY_SIZE(titles); i++)
        table_add(&table, titles[i]);
    for (size_t i = 0; i < shown->count; i++)
        add_row(&table, shown->items[i], room);
    size_t columns = count_columns(&table, width);
    table_print(&table, columns);
    for (size_t i = columns; i < ARRAY_SIZE(titles); i++)
        buf_addf(&left, "%s%s", i > columns ? ", " : "", titles[i]);
    if (left.size > 0)
        printf("\nA wider line also has %s.", buf_text(&left));
    puts("\n'inlay layouts NAME' tells all of one. WORKDIR is the image's working directory.\n"
         "judged: the loader itself reads images in inlay's tests; read: in its source.");
}

/* As table_print_line(), in lines of at most NARROW columns. */
static void print_text(const char *name, const char *text)
{
    while (text != NULL && *text != '\0') {
        size_t size = strlen(text);
        size_t most = NARROW - strlen("evidence   ");
        if (size > most) {
            const char *space = memrchr(text, ' ', most + 1);
            size = space != NULL && space > text ? (size_t)(space - text) : most;
        }
        CLEANUP(text) char *line = xstrndup(text, size);
        table_print_line(name, line);
        name = "";
        text += size + (text[size] == ' ');
    }
}

static void print_row(const struct layout *row)
{
    const struct layout *layout = effective(row);
    CLEANUP(strings) struct strings variables = STRINGS_INIT;
    CLEANUP(strings) struct strings settings = STRINGS_INIT;
    CLEANUP(text) char *place = default_place(row);
    CLEANUP(text)
    char *set = layout->sets_variable
                    ? xasprintf("%s, unless the image sets one", layout->cache_variable)
                    : xstrdup("");

    list_variables(row, &variables);
    list_settings(row, &settings);
    CLEANUP(text) char *order = table_join(&variables);
    CLEANUP(text) char *offline = table_join(&settings);
    table_print_line("layout", row->name);
    print_text("for", row->summary);
    table_print_line("versions", row->versions != NULL ? row->versions : "");
    table_print_line("same as", row->same_as != NULL ? row->same_as->name : "");
    print_text("variables", order);
    table_print_line(variables.count > 0 ? "otherwise" : "place", place);
    table_print_line("sets", set);
    table_print_line("sets", offline);
    table_print_line("evidence", evidence_text(row));
    print_text("note", row->note);
}

static int run_layouts(const struct command_context *context, struct options *options,
                       struct error *err)
{
    CLEANUP(shown) struct shown shown = {NULL, 0};

    (void)context;
    if (choose(options, &shown, err) < 0)
        return -1;
    if (options_has(options, "json"))
        print_json(&shown);
    else if (shown.count == 1)
        print_row(shown.items[0]);
    else
        print_table(&shown);
    return 0;
}

const struct command layouts_command = {
    .id = COMMAND_LAYOUTS,
    .name = "layouts",
    .summary = "list the loaders that images can be made for",
    .usage = "[NAME|WORD…] [--json]",
    .about =
        "Lists what --layout takes: loaders, where they look, the variables that move that "
        "place, and how this is known. With NAME, all of one; with words, those that have all of "
        "them in their name or in what they are for.",
    .completed = {"LAYOUT…"},
    .examples = {"chroma", "langchain", "whisper --json"},
    .run = run_layouts,
};
