#include "cache/cache.h"
#include "command.h"
#include "json.h"
#include "oci/document.h"
#include "options.h"
#include "table.h"

#include <stdio.h>
#include <string.h>

#define SECONDS_PER_DAY 86400

static bool has_criterion(const struct options *options)
{
    return options_has(options, "older-than") || options_has(options, "max-size") ||
           options_has(options, "partial");
}

static int check_names(const struct options *options, struct error *err)
{
    if (options->name_count == 0)
        return error_set(err, ERROR_USAGE,
                         "expected 'list' or 'prune', and DIR; see 'inlay cache --help'");
    if (strcmp(options->names[0], "list") != 0 && strcmp(options->names[0], "prune") != 0)
        return error_set(err, ERROR_USAGE,
                         "'%s' is neither 'list' nor 'prune'; expected 'inlay cache list DIR', or "
                         "'inlay cache prune DIR' to remove files",
                         options->names[0]);
    if (options->name_count == 1)
        return error_set(err, ERROR_USAGE, "no DIR is named; see 'inlay cache --help'");
    if (options->name_count > 2)
        return error_set(err, ERROR_USAGE, "'%s' is one name too many; expected one DIR",
                         options->names[2]);
    return 0;
}

/* "sha256:…", "git-sha1:…", or the path of a listing. Caller frees. */
static char *format_name(const struct cache_item *item)
{
    if (item->listing != NULL)
        return xstrdup(item->listing);
    return xasprintf("%s:%s", digest_algorithm_name(item->digest.algorithm),
                     digest_format_hex(&item->digest).text);
}

/* "2026-01-01T00:00:00Z", by value. */
struct time_text {
    char text[sizeof("-2147481748-01-01T00:00:00Z")];
};

static struct time_text format_time(time_t time)
{
    struct time_text out = {""};
    struct tm parts;

    if (gmtime_r(&time, &parts) != NULL)
        strftime(out.text, sizeof(out.text), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return out;
}

static json_t *item_json(const struct cache_item *item)
{
    CLEANUP(text) char *name = format_name(item);
    json_t *json = json_pack("{s:I, s:s}", "size", (json_int_t)item->size, "last_used",
                             format_time(item->used).text);

    json_object_set_new(json, item->listing != NULL ? "path" : "digest", text_to_json(name));
    if (item->listing == NULL)
        json_object_set_new(json, "partial", json_boolean(item->is_partial));
    return json;
}

static void print_json(const char *folder, const struct cache_list *list)
{
    json_t *files = json_array();
    json_t *listings = json_array();
    CLEANUP(buf) struct buf text = BUF_INIT;

    for (size_t i = 0; i < list->count; i++) {
        const struct cache_item *item = &list->items[i];
        json_array_append_new(item->listing != NULL ? listings : files, item_json(item));
    }
    json_t *name = json_string(folder); /* NULL if it is not UTF-8 */
    json_auto_t *document =
        json_pack("{s:o, s:I, s:o, s:o}", "folder", name != NULL ? name : json_null(), "size",
                  (json_int_t)cache_list_size(list), "files", files, "listings", listings);
    json_to_buf(document, &text);
    printf("%s\n", buf_text(&text));
}

static json_t *items_json(const struct cache_list *list)
{
    json_t *items = json_array();

    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(items, item_json(&list->items[i]));
    return items;
}

static void print_pruned(const char *folder, const struct cache_prune_result *result)
{
    CLEANUP(buf) struct buf text = BUF_INIT;
    json_auto_t *document =
        json_pack("{s:i, s:o, s:I, s:o, s:o}", "version", 1, "folder", text_to_json(folder),
                  "freed", (json_int_t)cache_list_size(&result->removed), "removed",
                  items_json(&result->removed), "in_use", items_json(&result->in_use));

    json_to_buf(document, &text);
    printf("%s\n", buf_text(&text));
}

static void print_total(const char *name, const struct cache_list *list)
{
    printf("%s %s: %zu file%s\n", name, text_format_size(cache_list_size(list)).text, list->count,
           list->count == 1 ? "" : "s");
}

static void add_row(struct table *table, const struct cache_item *item, const char *remark)
{
    CLEANUP(text) char *name = format_name(item);

    table_add(table, name);
    table_add(table, text_format_size(item->size).text);
    table_add(table, format_time(item->used).text);
    table_add(table, remark);
}

static const char *item_state(const struct cache_item *item)
{
    if (item->listing != NULL)
        return "listing";
    return item->is_partial ? "partial" : "whole";
}

static int run_list(const struct options *options, struct error *err)
{
    CLEANUP(cache_list) struct cache_list list = CACHE_LIST_INIT;
    CLEANUP(table) struct table table = {.columns = 4, .is_number = {false, true}};

    if (has_criterion(options))
        return error_set(err, ERROR_USAGE,
                         "--older-than, --max-size and --partial are for 'inlay cache prune'");
    if (cache_list(options->names[1], &list, err) < 0)
        return -1;
    if (options_has(options, "json")) {
        print_json(options->names[1], &list);
        return 0;
    }
    table_add(&table, "DIGEST");
    table_add(&table, "SIZE");
    table_add(&table, "LAST USED");
    table_add(&table, "STATE");
    for (size_t i = 0; i < list.count; i++)
        add_row(&table, &list.items[i], item_state(&list.items[i]));
    if (list.count > 0)
        table_print(&table, table.columns);
    print_total("total", &list);
    return 0;
}

/* 0 is no age: it counts as 1970. */
static time_t unused_since(const struct options *options)
{
    time_t since = time(NULL) - (time_t)options_number(options, "older-than") * SECONDS_PER_DAY;

    if (!options_has(options, "older-than"))
        return 0;
    return since < 1 ? 1 : since;
}

/* What was removed is told after a failure, too. */
static int run_prune(const struct command_context *context, const struct options *options,
                     struct error *err)
{
    CLEANUP(cache_prune_result) struct cache_prune_result result = CACHE_PRUNE_RESULT_INIT;
    CLEANUP(table)
    struct table table = {.columns = 4, .is_number = {false, true}, .is_untitled = true};
    const struct cache_prune_options prune = {
        .folder = options->names[1],
        .unused_since = unused_since(options),
        .max_size =
            options_has(options, "max-size") ? options_number(options, "max-size") : SIZE_UNKNOWN,
        .partial = options_has(options, "partial"),
        .cancel = context->cancel,
    };

    if (!has_criterion(options))
        return error_set(err, ERROR_USAGE,
                         "nothing says what to remove; expected --older-than DAYS, --max-size SIZE "
                         "or --partial");
    int status = cache_prune(&prune, &result, err);
    if (status < 0 && result.removed.count == 0)
        return -1; /* there is nothing to tell but why */
    if (options_has(options, "json")) {
        print_pruned(options->names[1], &result);
        return status;
    }
    for (size_t i = 0; i < result.removed.count; i++)
        add_row(&table, &result.removed.items[i], "removed");
    for (size_t i = 0; i < result.in_use.count; i++)
        add_row(&table, &result.in_use.items[i], "left: in use");
    table_print(&table, table.columns);
    print_total("freed", &result.removed);
    return status;
}

static int run_cache(const struct command_context *context, struct options *options,
                     struct error *err)
{
    if (check_names(options, err) < 0)
        return -1;
    if (strcmp(options->names[0], "prune") == 0)
        return run_prune(context, options, err);
    return run_list(options, err);
}

const struct command cache_command = {
    .id = COMMAND_CACHE,
    .name = "cache",
    .summary = "list and prune what --download-cache keeps",
    .usage = "list DIR [--json]",
    .more = "prune DIR [--older-than DAYS] [--max-size SIZE] [--partial]",
    .about = "Lists and removes files that --download-cache DIR has kept. What a running inlay is "
             "using is left.",
    .completed = {"list|prune", "DIR"},
    .examples = {"list /var/cache/models",
                 "prune /var/cache/models --older-than 30 --max-size 200G",
                 "prune /var/cache/models --partial"},
    .run = run_cache,
};
