#include "cache/cache.h"
#include "command.h"
#include "oci/document.h"
#include "session.h"
#include "table.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define DAYS_MAX 36500
#define SECONDS_PER_DAY 86400

/* The command line of `inlay cache`. */
struct cache_command_line {
    bool is_prune;
    bool json;
    bool has_criterion;
    struct cache_prune_options prune; /* `folder` is that of both commands */
};

enum argument {
    OPTION_JSON = 256,
    OPTION_OLDER_THAN,
    OPTION_MAX_SIZE,
    OPTION_PARTIAL,
};

static int set_age(struct cache_command_line *out, const char *text, struct error *err)
{
    uint64_t days = 0;

    if (parse_u64(text, DAYS_MAX, &days, err) < 0)
        return error_wrap(err, "--older-than");
    out->prune.unused_since = time(NULL) - (time_t)days * SECONDS_PER_DAY;
    if (out->prune.unused_since < 1)
        out->prune.unused_since = 1; /* 0 is no age */
    return 0;
}

static int take_option(struct cache_command_line *out, int option, char **argv, struct error *err)
{
    struct session_options none = {.mode = RENDER_NORMAL}; /* no server is spoken to */

    out->has_criterion |= option >= OPTION_OLDER_THAN && option <= OPTION_PARTIAL;
    switch (option) {
    case OPTION_JSON:
        out->json = true;
        return 0;
    case OPTION_OLDER_THAN:
        return set_age(out, optarg, err);
    case OPTION_MAX_SIZE:
        if (session_parse_size(optarg, &out->prune.max_size))
            return 0;
        return error_set(err, ERROR_USAGE,
                         "--max-size '%s' is not a size; expected bytes, such as 500M, 20G or 1T",
                         optarg);
    case OPTION_PARTIAL:
        out->prune.partial = true;
        return 0;
    default:
        return session_take_option(&none, option, argv, "cache", err);
    }
}

static int parse_names(struct cache_command_line *out, int argc, char **argv, struct error *err)
{
    if (optind == argc)
        return error_set(err, ERROR_USAGE,
                         "expected 'list' or 'prune', and DIR; see 'inlay cache --help'");
    out->is_prune = strcmp(argv[optind], "prune") == 0;
    if (!out->is_prune && strcmp(argv[optind], "list") != 0)
        return error_set(err, ERROR_USAGE, "'%s' is neither 'list' nor 'prune'", argv[optind]);
    if (optind + 1 == argc)
        return error_set(err, ERROR_USAGE, "no DIR is named; see 'inlay cache --help'");
    if (optind + 2 < argc)
        return error_set(err, ERROR_USAGE, "'%s' is one name too many; expected one DIR",
                         argv[optind + 2]);
    out->prune.folder = argv[optind + 1];
    if (out->is_prune && out->json)
        return error_set(err, ERROR_USAGE, "--json is for 'inlay cache list'");
    if (!out->is_prune && out->has_criterion)
        return error_set(err, ERROR_USAGE,
                         "--older-than, --max-size and --partial are for 'inlay cache prune'");
    if (out->is_prune && !out->has_criterion)
        return error_set(err, ERROR_USAGE,
                         "nothing says what to remove; expected --older-than DAYS, --max-size SIZE "
                         "or --partial");
    return 0;
}

static int parse(struct cache_command_line *out, int argc, char **argv, struct error *err)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, OPTION_JSON},
        {"older-than", required_argument, NULL, OPTION_OLDER_THAN},
        {"max-size", required_argument, NULL, OPTION_MAX_SIZE},
        {"partial", no_argument, NULL, OPTION_PARTIAL},
        {NULL, 0, NULL, 0},
    };
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1)
        if (take_option(out, option, argv, err) < 0)
            return -1;
    return parse_names(out, argc, argv, err);
}

/* "sha256:…", "git-sha1:…". Caller frees. */
static char *format_digest(const struct digest *digest)
{
    return xasprintf("%s:%s", digest_algorithm_name(digest->algorithm),
                     digest_format_hex(digest).text);
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

static void print_json(const char *folder, const struct cache_list *list)
{
    json_t *files = json_array();
    CLEANUP(buf) struct buf text = BUF_INIT;

    for (size_t i = 0; i < list->count; i++) {
        const struct cache_item *item = &list->items[i];
        CLEANUP(text) char *digest = format_digest(&item->digest);
        json_array_append_new(files,
                              json_pack("{s:s, s:I, s:s, s:b}", "digest", digest, "size",
                                        (json_int_t)item->size, "last_used",
                                        format_time(item->used).text, "partial", item->is_partial));
    }
    json_t *name = json_string(folder); /* NULL if it is not UTF-8 */
    json_auto_t *document =
        json_pack("{s:o, s:I, s:o}", "folder", name != NULL ? name : json_null(), "size",
                  (json_int_t)cache_list_size(list), "files", files);
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
    CLEANUP(text) char *digest = format_digest(&item->digest);

    table_add(table, digest);
    table_add(table, text_format_size(item->size).text);
    table_add(table, format_time(item->used).text);
    table_add(table, remark);
}

static int run_list(const struct cache_command_line *line, struct error *err)
{
    CLEANUP(cache_list) struct cache_list list = CACHE_LIST_INIT;
    CLEANUP(table) struct table table = {.columns = 4, .is_number = {false, true}};

    if (cache_list(line->prune.folder, &list, err) < 0)
        return -1;
    if (line->json) {
        print_json(line->prune.folder, &list);
        return 0;
    }
    table_add(&table, "DIGEST");
    table_add(&table, "SIZE");
    table_add(&table, "LAST USED");
    table_add(&table, "STATE");
    for (size_t i = 0; i < list.count; i++)
        add_row(&table, &list.items[i], list.items[i].is_partial ? "partial" : "whole");
    if (list.count > 0)
        table_print(&table, table.columns);
    print_total("total", &list);
    return 0;
}

/* What was removed is told after a failure, too. */
static int run_prune(const struct cache_command_line *line, struct error *err)
{
    CLEANUP(cache_prune_result) struct cache_prune_result result = CACHE_PRUNE_RESULT_INIT;
    CLEANUP(table) struct table table = {.columns = 4, .is_number = {false, true}};

    int status = cache_prune(&line->prune, &result, err);
    for (size_t i = 0; i < result.removed.count; i++)
        add_row(&table, &result.removed.items[i], "removed");
    for (size_t i = 0; i < result.in_use.count; i++)
        add_row(&table, &result.in_use.items[i], "left: in use");
    table_print(&table, table.columns);
    if (status == 0 || result.removed.count > 0)
        print_total("freed", &result.removed);
    return status;
}

static int run_cache(const struct command_context *context, int argc, char **argv,
                     struct error *err)
{
    struct cache_command_line line = {
        .prune = {.max_size = SIZE_UNKNOWN, .cancel = context->cancel},
    };

    if (parse(&line, argc, argv, err) < 0)
        return -1;
    return line.is_prune ? run_prune(&line, err) : run_list(&line, err);
}

static const char help[] =
    "Usage: inlay cache list DIR [--json]\n"
    "       inlay cache prune DIR [--older-than DAYS] [--max-size SIZE] [--partial]\n"
    "\n"
    "Lists and removes files that --download-cache DIR has kept. What a running inlay is using\n"
    "is left. Any of these says what to remove:\n"
    "\n"
    "  --older-than DAYS  what was not used for so long\n"
    "  --max-size SIZE    what was not used for longest, until no more than SIZE is left: 500M,\n"
    "                     20G, 1T\n"
    "  --partial          downloads that have not come to their end\n"
    "\n"
    "  --json             of list: one JSON document\n"
    "  -h, --help         this text\n"
    "\n"
    "Exit status: 0 done, 2 usage, 3 not found, 8 this machine, 130 interrupted, 1 a defect.\n";

const struct command cache_command = {
    .name = "cache",
    .summary = "list and prune what --download-cache keeps",
    .help = help,
    .run = run_cache,
};
