#include "scan/scan.h"
#include "command.h"
#include "core/buf.h"
#include "json.h"
#include "oci/document.h"
#include "options.h"
#include "preset_list.h"
#include "session.h"
#include "table.h"

#include <stdio.h>
#include <string.h>

#define FOLDER_PREFIX "dir:"

/* What `inlay scan` opens, and what it finds. */
struct scanning {
    struct session session;
    struct reference image;
    struct store *store;
    struct notes notes;
    struct presets presets;
    struct scan_findings findings;
    char *platform; /* that was read; NULL: a folder */
};

static void scanning_release(struct scanning *scanning)
{
    free(scanning->platform);
    scan_findings_release(&scanning->findings);
    presets_release(&scanning->presets);
    notes_release(&scanning->notes);
    store_free(scanning->store);
    session_release(&scanning->session);
    reference_release(&scanning->image);
}
CLEANUP_RELEASE(scanning)

static json_t *finding_json(const struct scan_finding *finding)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b}", "model",
                     text_to_json(finding->model), "layout", text_to_json(finding->layout), "path",
                     text_to_json(finding->path), "weights", text_to_json(finding->weights),
                     "include", strings_to_json(&finding->include), "optional",
                     strings_to_json(&finding->optional), "loader", text_to_json(finding->loader),
                     "version", text_to_json(finding->version), "places",
                     strings_to_json(&finding->places), "reason", text_to_json(finding->reason),
                     "sure", (int)finding->sure, "baked", (int)finding->baked);
}

static void print_json(const struct scanning *scanning)
{
    const struct scan_findings *findings = &scanning->findings;
    CLEANUP(buf) struct buf text = BUF_INIT;
    json_t *models = json_array();

    for (size_t i = 0; i < findings->count; i++)
        json_array_append_new(models, finding_json(&findings->items[i]));
    json_auto_t *document =
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "platform", text_to_json(scanning->platform),
                  "models", models, "unresolved", strings_to_json(&findings->unresolved), "skipped",
                  strings_to_json(&findings->skipped), "asking", strings_to_json(&findings->asking),
                  "notes", strings_to_json(&findings->notes));
    json_to_buf(document, &text);
    puts(buf_text(&text));
}

static void add_row(struct table *table, const struct scan_finding *finding)
{
    if (finding->path != NULL)
        table_addf(table, "%s,layout=%s,path=%s", finding->model, finding->layout, finding->path);
    else
        table_add(table, finding->model);
    table_add(table, finding->sure ? "sure" : "guess");
    table_add(table, finding->baked ? "yes" : "no");
    table_addf(table, "%s%s%s", finding->loader[0] != '\0' ? finding->loader : "-",
               finding->version != NULL ? " " : "",
               finding->version != NULL ? finding->version : "");
    if (finding->places.count > 1)
        table_addf(table, "%s and %zu more", finding->places.items[0], finding->places.count - 1);
    else
        table_add(table, finding->places.count > 0 ? finding->places.items[0] : "");
}

static void print_list(const char *title, const struct strings *lines)
{
    if (lines->count > 0)
        printf("\n%s\n", title);
    for (size_t i = 0; i < lines->count; i++)
        printf("  %s\n", lines->items[i]);
}

/* A word for a shell, whatever sources have in it (POSIX, 2.2 "Quoting"). */
static void print_word(const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "@%+=:,./_-";
    CLEANUP(text) char *word = xstrdup(text);

    text_mask(word);
    if (word[strspn(word, plain)] == '\0') {
        printf(" %s", word);
        return;
    }
    fputs(" '", stdout);
    for (const char *at = word; *at != '\0'; at++)
        if (*at == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*at);
    putchar('\'');
}

/* Files that a loader may go without cannot be named so: then all that is chosen is taken. */
static void print_model(const struct scan_finding *finding)
{
    size_t count = finding->optional.count == 0 ? finding->include.count : 0;
    CLEANUP(buf) struct buf text = BUF_INIT;

    buf_add_text(&text, finding->model);
    for (size_t k = 0; k < count; k++)
        buf_addf(&text, ",include=%s", finding->include.items[k]);
    if (finding->layout != NULL && (finding->path != NULL || strchr(finding->model, ':') == NULL))
        buf_addf(&text, ",layout=%s", finding->layout);
    if (finding->path != NULL)
        buf_addf(&text, ",path=%s", finding->path);
    if (finding->weights != NULL)
        buf_addf(&text, ",weights=%s", finding->weights);
    print_word(buf_text(&text));
}

/* The command line to take next: of a folder it names the models, whose image is elsewhere. */
static void print_next(const struct scanning *scanning, const char *name)
{
    const struct scan_findings *findings = &scanning->findings;
    bool is_folder = scanning->platform == NULL;
    size_t count = 0;

    for (size_t i = 0; i < findings->count; i++)
        count += findings->items[i].sure && !findings->items[i].baked;
    if (count == 0)
        return;
    printf("\nTo bake what is sure:\n  inlay inject %s", is_folder ? "IMAGE" : name);
    for (size_t i = 0; is_folder && i < findings->count; i++)
        if (findings->items[i].sure)
            print_model(&findings->items[i]);
    printf("%s --to TARGET\n", is_folder ? "" : " --scan");
}

static void print_text(const struct scanning *scanning, const char *name)
{
    static const char *const titles[] = {"MODEL", "SURE", "BAKED", "LOADER", "WHERE"};
    const struct scan_findings *findings = &scanning->findings;
    CLEANUP(table) struct table table = {.columns = ARRAY_SIZE(titles)};

    for (size_t i = 0; i < ARRAY_SIZE(titles); i++)
        table_add(&table, titles[i]);
    for (size_t i = 0; i < findings->count; i++)
        add_row(&table, &findings->items[i]);
    if (findings->count > 0)
        table_print(&table, table.columns);
    else
        puts("no models found");
    print_list("Not known before it runs:", &findings->unresolved);
    print_list("Not read:", &findings->skipped);
    print_list("Asks a server at each start, whatever is baked:", &findings->asking);
    print_list("Worth knowing:", &findings->notes);
    print_next(scanning, name);
}

static int scan_reference(struct scanning *scanning, const struct options *options,
                          struct error *err)
{
    struct session *session = &scanning->session;
    CLEANUP(text) char *memo = session_memo_folder();

    if (options->platform_count > 1)
        return error_set(err, ERROR_USAGE, "--platform is given twice, and one image is scanned");
    if (store_open(&scanning->image, &session->stores, &scanning->store, err) < 0)
        return -1;
    CLEANUP(text) char *version = reference_version(&scanning->image);
    struct scan_options request = {
        .store = scanning->store,
        .version = version,
        .platform = options->platform_count > 0 ? options->platforms : NULL,
        .presets = &scanning->presets,
        .memo = memo,
        .jobs = (unsigned)options_number(options, "jobs"),
        .cancel = session->stores.cancel,
        .log = session->stores.log,
        .sandbox = session->sandbox,
    };
    return scan_image(&request, &scanning->platform, &scanning->findings, err);
}

/* A path by itself, of which no image's name can be. */
static bool is_path(const char *name)
{
    return name[0] == '/' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
           text_starts_with(name, "./") || text_starts_with(name, "../");
}

static int run_scan(const struct command_context *context, struct options *options,
                    struct error *err)
{
    CLEANUP(scanning)
    struct scanning scanning = {.image = REFERENCE_INIT, .findings = SCAN_FINDINGS_INIT};
    const char *name = options->names[0];
    bool is_folder = text_starts_with(name, FOLDER_PREFIX);

    if (is_path(name))
        return error_set(err, ERROR_USAGE,
                         "IMAGE: '%s' is a path; expected dir:%s for a folder with sources, oci:%s "
                         "for an image in an OCI layout, or oci-archive: or docker-archive: before "
                         "it for one in a file",
                         name, name, name);
    if (!is_folder && session_parse_existing(options, "IMAGE", name, &scanning.image, err) < 0)
        return -1;
    if (is_folder && options->platform_count > 0)
        return error_set(err, ERROR_USAGE, "--platform chooses an image, and '%s' is a folder",
                         name);
    if (preset_list_read(options, &scanning.notes, &scanning.presets, err) < 0)
        return -1;
    if (session_open(&scanning.session, context, options, err) < 0)
        return -1;
    int result = is_folder ? scan_folder(name + strlen(FOLDER_PREFIX), &scanning.presets,
                                         context->cancel, &scanning.findings, err)
                           : scan_reference(&scanning, options, err);
    if (result < 0)
        return -1;
    if (options_has(options, "json"))
        print_json(&scanning);
    else
        print_text(&scanning, name);
    return 0;
}

static const struct argument_help arguments[] = {
    ARGUMENT_HELP_IMAGE("IMAGE", "stdin"),
    {"", "dir:PATH", "a folder of this machine with the application's sources"},
    {NULL, NULL, NULL},
};

const struct command scan_command = {
    .id = COMMAND_SCAN,
    .name = "scan",
    .summary = "say which models an application will ask for",
    .usage = "IMAGE|dir:PATH [OPTION…]",
    .about = "Says which models an application will download at its start, by what its sources "
             "and notebooks in Python and its JavaScript call, its command line and scripts, the "
             "packages that are installed, variables and configs. Nothing of it is run.",
    .names = {"IMAGE"},
    .arguments = arguments,
    .completed = {"IMAGE|dir:PATH"},
    .examples = {"registry.example.com/rag:1.4", "dir:.", "oci:images:rag --json"},
    .environment = ENVIRONMENT_NETWORK,
    .result = "What is sure is called by code that was read to its end; a guess may be wrong. The "
              "exit status is 0 whatever is found.",
    .run = run_scan,
};
