#include "command.h"
#include "json.h"
#include "options.h"
#include "preset_list.h"
#include "table.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS_LEAST 40 /* of a terminal, and of a name before columns are left out */

/* Those that are shown; borrowed from the list. */
struct shown {
    const struct preset **items;
    size_t count;
};

static void shown_release(struct shown *shown)
{
    free(shown->items);
}
CLEANUP_RELEASE(shown)

static bool matches_all(const struct preset *preset, const struct options *options)
{
    for (size_t i = 0; i < options->name_count; i++)
        if (!preset_matches(preset, options->names[i]))
            return false;
    return true;
}

/* What has all words; a word that is a preset's whole name means that one. */
static int choose(const struct presets *presets, const struct options *options, struct shown *out,
                  struct error *err)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* a word need not be a name */
    const struct preset *named = NULL;

    out->items = xcalloc(presets->count, sizeof(struct preset *));
    if (options->name_count == 1 &&
        presets_find(presets, options->names[0], &named, &ignored) == 0 && named != NULL) {
        out->items[out->count++] = named;
        return 0;
    }
    for (size_t i = 0; i < presets->count; i++)
        if (matches_all(&presets->items[i], options))
            out->items[out->count++] = &presets->items[i];
    if (out->count > 0)
        return 0;
    if (ignored.kind == ERROR_USAGE)
        return error_set(err, ERROR_NOT_FOUND, "%s", ignored.text);
    CLEANUP(buf) struct buf words = BUF_INIT;
    for (size_t i = 0; i < options->name_count; i++)
        buf_addf(&words, "%s'%s'", i > 0 ? " and " : "", options->names[i]);
    return error_set(err, ERROR_NOT_FOUND, "no preset has %s; 'inlay presets' lists all",
                     buf_text(&words));
}

static json_t *item_to_json(const struct preset_item *item)
{
    json_t *json = json_pack("{s:s}", "origin", item->text);

    if (item->include.count > 0)
        json_object_set_new(json, "include", strings_to_json(&item->include));
    if (item->optional.count > 0)
        json_object_set_new(json, "optional", strings_to_json(&item->optional));
    if (item->origin.file_name != NULL)
        json_object_set_new(json, "file_name", json_string(item->origin.file_name));
    if (item->origin.unpacks)
        json_object_set_new(json, "unpack", json_true());
    return json;
}

static json_t *preset_to_json(const struct preset *preset)
{
    json_t *json = json_pack("{s:s}", "name", preset->name);
    json_t *items = json_array();

    if (preset->aliases.count > 0)
        json_object_set_new(json, "aliases", strings_to_json(&preset->aliases));
    json_object_set_new(json, "summary", json_string(preset->summary));
    json_object_set_new(json, "layout", json_string(preset->layout));
    if (preset->evidence != NULL)
        json_object_set_new(json, "evidence", json_string(preset->evidence));
    for (size_t i = 0; i < preset->item_count; i++)
        json_array_append_new(items, item_to_json(&preset->items[i]));
    json_object_set_new(json, "items", items);
    return json;
}

/* In the format that --presets reads. */
static void print_json(const struct shown *shown)
{
    json_t *list = json_array();
    CLEANUP(buf) struct buf text = BUF_INIT;

    for (size_t i = 0; i < shown->count; i++)
        json_array_append_new(list, preset_to_json(shown->items[i]));
    json_auto_t *document = json_pack("{s:i, s:o}", "version", 1, "presets", list);
    json_to_buf(document, &text);
    printf("%s\n", buf_text(&text));
}

/* "openaipublic.azureedge.net"; "org/name" of the Hub. Caller frees. */
static char *format_source(const struct origin *origin)
{
    const char *host = strstr(origin->name, "://");

    if (origin->kind != ORIGIN_URL || host == NULL)
        return origin_join(origin->kind, origin->name);
    return xstrndup(host + 3, strcspn(host + 3, "/"));
}

/* Each once. Caller frees. */
static char *format_sources(const struct preset *preset)
{
    CLEANUP(strings) struct strings sources = STRINGS_INIT;

    for (size_t i = 0; i < preset->item_count; i++) {
        CLEANUP(text) char *source = format_source(&preset->items[i].origin);
        if (!strings_has(&sources, source))
            strings_add(&sources, source);
    }
    return table_join(&sources);
}

static size_t list_width(void)
{
    size_t width = table_terminal_width();

    return width > 0 && width < COLUMNS_LEAST ? COLUMNS_LEAST : width;
}

static void print_list(const struct shown *shown)
{
    CLEANUP(table) struct table table = {.columns = 4};

    table_add(&table, "NAME");
    table_add(&table, "WHAT");
    table_add(&table, "LAYOUT");
    table_add(&table, "FROM");
    for (size_t i = 0; i < shown->count; i++) {
        CLEANUP(text) char *sources = format_sources(shown->items[i]);
        table_add(&table, shown->items[i]->name);
        table_add(&table, shown->items[i]->summary);
        table_add(&table, shown->items[i]->layout);
        table_add(&table, sources);
    }
    table_print_within(&table, list_width(), COLUMNS_LEAST);
}

static void print_item(const struct preset_item *item)
{
    CLEANUP(text) char *origin = origin_format(&item->origin);
    CLEANUP(text) char *include = table_join(&item->include);
    CLEANUP(text) char *optional = table_join(&item->optional);

    table_print_line("from", origin);
    if (item->origin.digest.algorithm != DIGEST_NONE)
        table_print_line("  sha256", digest_format_hex(&item->origin.digest).text);
    table_print_line("  member", item->origin.member != NULL ? item->origin.member : "");
    table_print_line("  name", item->origin.file_name != NULL ? item->origin.file_name : "");
    table_print_line("  unpack", item->origin.unpacks ? "all of the archive" : "");
    table_print_line("  files", include);
    table_print_line("  maybe", optional);
}

static void print_preset(const struct preset *preset)
{
    CLEANUP(text) char *aliases = table_join(&preset->aliases);

    table_print_line("name", preset->name);
    table_print_line("also", aliases);
    table_print_line("what", preset->summary);
    table_print_line("layout", preset->layout);
    for (size_t i = 0; i < preset->item_count; i++)
        print_item(&preset->items[i]);
    table_print_line("read in", preset->evidence != NULL ? preset->evidence : "");
    table_print_line("file", preset->file != NULL ? preset->file : "");
}

static int run_presets(const struct command_context *context, struct options *options,
                       struct error *err)
{
    CLEANUP(presets) struct presets presets = PRESETS_INIT;
    CLEANUP(notes) struct notes notes = NOTES_INIT;
    CLEANUP(shown) struct shown shown = {NULL, 0};

    (void)context;
    if (preset_list_read(options, &notes, &presets, err) < 0 ||
        choose(&presets, options, &shown, err) < 0)
        return -1;
    for (size_t i = 0; i < notes.count; i++)
        fprintf(stderr, "%s\n", notes.items[i].text);
    if (options_has(options, "json"))
        print_json(&shown);
    else if (shown.count == 1)
        print_preset(shown.items[0]);
    else
        print_list(&shown);
    return 0;
}

const struct command presets_command = {
    .id = COMMAND_PRESETS,
    .name = "presets",
    .summary = "list and search short names of models",
    .usage = "[WORD…] [OPTION…]",
    .about = "Lists the short names that MODEL may be, such as whisper:base: all of them, or those "
             "that have every WORD in their name, summary, layout or source. Of a single one it "
             "tells everything: where it comes from, with which checksums, which files of it are "
             "taken, and in which source of the loader that was read.",
    .completed = {"PRESET…"},
    .examples = {"whisper", "fastembed bge", "whisper:base --json"},
    .run = run_presets,
};
