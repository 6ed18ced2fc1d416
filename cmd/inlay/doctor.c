#include "doctor/doctor.h"

#include "cache/cache.h"
#include "command.h"
#include "core/text.h"
#include "json.h"
#include "oci_source.h"
#include "preset/preset.h"
#include "rootfs/rootfs.h"
#include "session.h"
#include "settings/settings.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FOLDERS_MAX 3

/* What is opened for the checks. */
struct checkup {
    const struct options *line;
    struct session session;
    struct reference image;
    char *version;
    struct presets presets;
    struct notes notes;
    struct origin *models;
    size_t model_count;
    char *memo;
    char *hub_cache;     /* where offline models are looked for; NULL: nowhere */
    struct cache *cache; /* the same */
    struct doctor_folder folders[FOLDERS_MAX];
    size_t folder_count;
    struct doctor_note *looked; /* at what is looked here */
    size_t looked_count;
    char *barriers; /* what one of them says */
    struct source_context sources;
    struct oci_opener opener;
    bool is_open; /* the session is */
};

static void checkup_release(struct checkup *run)
{
    if (run->is_open)
        session_release(&run->session);
    for (size_t i = 0; i < run->model_count; i++)
        origin_release(&run->models[i]);
    free(run->models);
    cache_free(run->cache);
    free(run->hub_cache);
    free(run->memo);
    free(run->version);
    free(run->looked);
    free(run->barriers);
    presets_release(&run->presets);
    notes_release(&run->notes);
    reference_release(&run->image);
}
CLEANUP_RELEASE(checkup)

static void add_model(struct checkup *run, const struct origin *origin)
{
    run->models = xrealloc(run->models, run->model_count + 1, sizeof(*run->models));
    run->models[run->model_count] = (struct origin)ORIGIN_INIT;
    origin_copy(origin, &run->models[run->model_count++]);
}

static int parse_model(struct checkup *run, const char *text, struct error *err)
{
    CLEANUP(origin) struct origin origin = ORIGIN_INIT;
    const struct preset *preset = NULL;

    if (presets_find(&run->presets, text, &preset, err) < 0)
        return error_wrap(err, "MODEL");
    for (size_t i = 0; preset != NULL && i < preset->item_count; i++)
        add_model(run, &preset->items[i].origin);
    if (preset != NULL)
        return 0;
    if (origin_parse(text, &origin, err) < 0)
        return error_wrap(err, "MODEL");
    add_model(run, &origin);
    return 0;
}

/* 'scratch' in place of IMAGE is none, so that models can be asked for alone. */
static int parse_names(struct checkup *run, struct error *err)
{
    const struct options *line = run->line;

    if (line->name_count > 0 &&
        session_parse_image(line, "IMAGE", line->names[0], &run->image, err) < 0)
        return -1;
    if (run->image.kind != REFERENCE_NONE && run->image.kind != REFERENCE_SCRATCH)
        run->version = reference_version(&run->image);
    if (presets_read(NULL, &run->notes, &run->presets, err) < 0)
        return -1;
    for (size_t i = 1; i < line->name_count; i++)
        if (parse_model(run, line->names[i], err) < 0)
            return -1;
    return 0;
}

static void add_folder(struct checkup *run, const struct doctor_folder *folder)
{
    if (folder->path != NULL)
        run->folders[run->folder_count++] = *folder;
}

static void list_folders(struct checkup *run)
{
    const char *temporary = getenv("TMPDIR");

    run->memo = session_memo_folder();
    add_folder(run, &(struct doctor_folder){
                        .name = "temporary",
                        .path = temporary != NULL && *temporary != '\0' ? temporary : "/tmp",
                        .hint = "archives and URLs are unpacked there; TMPDIR names another folder",
                        .has_to_exist = true, /* nobody makes it */
                    });
    add_folder(run, &(struct doctor_folder){
                        .name = "memo",
                        .path = run->memo,
                        .hint = "what is known of images is kept there; XDG_CACHE_HOME names "
                                "another folder",
                    });
    add_folder(run, &(struct doctor_folder){
                        .name = "download-cache",
                        .path = options_text(run->line, "download-cache"),
                        .hint = "--download-cache names another folder",
                    });
}

/* Offline, models are what the caches of this machine have. One is opened, but not made. */
static int open_caches(struct checkup *run, struct error *err)
{
    const struct cache_options options = {
        .folder = options_text(run->line, "download-cache"),
        .log = run->session.stores.log,
    };

    if (session_find_hub_cache(run->line, &run->sources, &run->hub_cache, err) < 0)
        return -1;
    if (!run->sources.offline || options.folder == NULL || access(options.folder, F_OK) < 0)
        return 0;
    if (cache_open(&options, &run->cache, err) < 0)
        return error_wrap(err, "--download-cache");
    run->sources.cache = run->cache;
    return 0;
}

static int open_run(struct checkup *run, const struct command_context *context, struct error *err)
{
    if (session_open(&run->session, context, run->line, err) < 0)
        return -1;
    run->is_open = true;
    run->opener = (struct oci_opener){
        .stores = &run->session.stores, .sources = &run->sources, .sandbox = run->session.sandbox};
    run->sources = (struct source_context){
        .http = run->session.http,
        .auth = run->session.auth,
        .cancel = context->cancel,
        .log = run->session.stores.log,
        .hub_endpoint = options_text(run->line, "hub-endpoint"),
        .pool = run->session.pool,
        .sandbox = run->session.sandbox,
        .unverified = true, /* nothing is taken */
        .open_oci_model = oci_source_open,
        .open_arg = &run->opener,
    };
    list_folders(run);
    return open_caches(run, err);
}

static void add_look(struct checkup *run, const struct doctor_note *look)
{
    run->looked = xrealloc(run->looked, run->looked_count + 1, sizeof(*run->looked));
    run->looked[run->looked_count++] = *look;
}

/* One is started, as for a layer, and ended. */
static void look_at_sandbox(struct checkup *run, const struct cancel *cancel)
{
    CLEANUP(sandbox_process) struct sandbox_process process = SANDBOX_PROCESS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct doctor_note look = {.check = "sandbox", .state = DOCTOR_OK};

    if (run->session.sandbox == NULL)
        return;
    if (sandbox_start(run->session.sandbox, ROOTFS_JOB_LAYER, cancel, &process, &err) < 0) {
        look.state = DOCTOR_FAILED;
        look.kind = err.kind;
        run->barriers = xasprintf("layers cannot be read: %s; --no-sandbox reads them in the "
                                  "process that has the credentials",
                                  err.text);
    } else {
        CLEANUP(text) char *barriers = sandbox_format_barriers(&process.barriers);
        bool is_whole = process.barriers.landlock > 0 && process.barriers.seccomp;
        look.state = is_whole ? DOCTOR_OK : DOCTOR_WARNING;
        run->barriers = xasprintf("layers are read by a process that is shut off by %s%s", barriers,
                                  is_whole ? "" : "; a kernel from Linux 5.13 on has both");
    }
    look.text = run->barriers;
    add_look(run, &look);
}

static void look_at_settings(struct checkup *run)
{
    const struct settings *settings = run->line->settings;

    for (size_t i = 0; settings != NULL && i < settings->problem_count; i++)
        add_look(run, &(struct doctor_note){
                          .check = "settings",
                          .state = DOCTOR_FAILED,
                          .kind = settings->problems[i].kind,
                          .text = settings->problems[i].text,
                      });
    if (settings != NULL && settings->has_file && settings->problem_count == 0)
        add_look(run, &(struct doctor_note){
                          .check = "settings", .state = DOCTOR_OK, .text = settings->file});
}

static bool asks_hub(const struct checkup *run)
{
    bool asks = run->model_count == 0;

    for (size_t i = 0; i < run->model_count; i++)
        asks = asks || origin_is_of_hub(run->models[i].kind);
    return asks;
}

static void print_text(const struct doctor_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct doctor_finding *finding = &report->items[i];
        printf("%-8s %-14s %s\n", doctor_state_name(finding->state), finding->check, finding->text);
    }
}

static void print_json(const struct doctor_report *report)
{
    json_auto_t *checks = json_array();
    CLEANUP(buf) struct buf out = BUF_INIT;

    for (size_t i = 0; i < report->count; i++) {
        const struct doctor_finding *finding = &report->items[i];
        const char *kind = finding->kind != ERROR_NONE ? error_kind_name(finding->kind) : NULL;
        json_array_append_new(checks, json_pack("{s:s, s:s, s:s?, s:o}", "check", finding->check,
                                                "state", doctor_state_name(finding->state), "kind",
                                                kind, "message", text_to_json(finding->text)));
    }
    json_auto_t *document =
        json_pack("{s:i, s:s, s:s, s:s?, s:O}", "version", 1, "inlay", INLAY_VERSION, "libcurl",
                  http_library_version(), "tls", http_tls_version(), "checks", checks);
    json_to_buf(document, &out);
    printf("%s\n", buf_text(&out));
}

/* The first that has failed decides on the status. */
static int judge(const struct doctor_report *report, struct error *err)
{
    CLEANUP(buf) struct buf names = BUF_INIT;
    enum error_kind kind = ERROR_NONE;
    size_t failed = 0;
    size_t made = 0;

    for (size_t i = 0; i < report->count; i++) {
        const struct doctor_finding *finding = &report->items[i];
        made += finding->state != DOCTOR_SKIPPED;
        if (finding->state != DOCTOR_FAILED)
            continue;
        kind = kind == ERROR_NONE ? finding->kind : kind;
        buf_addf(&names, "%s%s", failed++ > 0 ? ", " : "", finding->check);
    }
    if (failed == 0)
        return 0;
    return error_set(err, kind, "%zu of %zu checks %s failed: %s", failed, made,
                     failed == 1 ? "has" : "have", buf_text(&names));
}

static int run_doctor(const struct command_context *context, struct options *options,
                      struct error *err)
{
    CLEANUP(checkup) struct checkup run = {.line = options, .image = REFERENCE_INIT};
    CLEANUP(doctor_report) struct doctor_report report = DOCTOR_REPORT_INIT;

    if (parse_names(&run, err) < 0 || open_run(&run, context, err) < 0)
        return -1;
    look_at_settings(&run);
    look_at_sandbox(&run, context->cancel);
    bool has_image = run.image.kind != REFERENCE_NONE && run.image.kind != REFERENCE_SCRATCH;
    const struct doctor_options wanted = {
        .http = run.session.http,
        .sources = &run.sources,
        .stores = &run.session.stores,
        .cancel = context->cancel,
        .image = has_image ? &run.image : NULL,
        .version = run.version,
        .models = run.models,
        .model_count = run.model_count,
        .asks_hub = asks_hub(&run),
        .folders = run.folders,
        .folder_count = run.folder_count,
        .notes = run.looked,
        .note_count = run.looked_count,
        .now_s = (int64_t)time(NULL),
    };
    if (doctor_run(&wanted, &report, err) < 0)
        return -1;
    if (options_has(options, "json")) {
        print_json(&report);
    } else {
        printf("%-8s %-14s inlay %s, libcurl %s, %s\n", "ok", "version", INLAY_VERSION,
               http_library_version(),
               http_tls_version() != NULL ? http_tls_version() : "without TLS");
        print_text(&report);
    }
    return judge(&report, err);
}

static const struct argument_help doctor_arguments[] = {
    {"IMAGE", "[docker://]NAME[:TAG]",
     "where an image is read and written; or 'oci:DIR', or a file"},
    {"", "scratch", "none, where models alone are looked at"},
    {"MODEL", "[ORG/]NAME[@REVISION]", "a model as of 'inlay inject'"},
    {NULL, NULL, NULL},
};

const struct command doctor_command = {
    .id = COMMAND_DOCTOR,
    .goes_by = 0,
    .name = "doctor",
    .summary = "look whether hub, registry, login, certificates and disk will do",
    .usage = "[IMAGE [MODEL…]] [OPTION…]",
    .about = "Looks whether what other commands need is there: the hub and its token, the "
             "registry, login, pull and push, certificates, proxy, clock and disk. Changes "
             "nothing. A line a check says what was found and what to do.",
    .names = {"[IMAGE]", "[MODEL…]"},
    .arguments = doctor_arguments,
    .examples = {"registry.example.com/app:1", "scratch org/private-model", "--json"},
    .environment = ENVIRONMENT_HUB "; TMPDIR; " ENVIRONMENT_NETWORK,
    .result =
        "ok, warning, failed or skipped, the check, and what was found. Status 0 if nothing has "
        "failed, else that of the first failure.",
    .run = run_doctor,
};
