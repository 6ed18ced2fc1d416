#include "models/code.h"

#include "companion/companion.h"
#include "models/models_internal.h"

#include <stdio.h>
#include <string.h>

#define NAMED_MAX 4

/* Files that are looked at, each by a job of its own. */
struct code_search {
    const struct models_request *request;
    const struct run_context *run;
    const struct models *models;
    struct code *code;
};

void code_release(struct code *code)
{
    for (size_t i = 0; i < code->count; i++)
        pickle_findings_release(&code->items[i].findings);
    free(code->items);
    *code = (struct code){NULL, 0};
}

static void add(struct code *code, size_t model, const struct plan_file *file, bool is_source)
{
    code->items = xrealloc(code->items, code->count + 1, sizeof(*code->items));
    code->items[code->count++] = (struct code_file){
        .model = model,
        .file = file,
        .is_source = is_source,
        .findings = {.runs_code = is_source},
    };
}

/* Whether its loader imports Python files of the model, or of another's sake, as far as the small
 * files say; what cannot be told is told as code. */
static bool runs_sources(const struct model *model)
{
    CLEANUP(companions) struct companions found = COMPANIONS_INIT;
    CLEANUP(strings) struct strings files = STRINGS_INIT;
    CLEANUP(error) struct error ignored = ERROR_INIT;

    if (model->companion_of != NULL)
        return true;
    for (size_t i = 0; i < model->plan.count; i++)
        strings_add(&files, model->plan.files[i].path);
    return companions_find(model->name, &model->contents, &files, &found, &ignored) < 0 ||
           companions_find_code(&found) != NULL;
}

/* Where code is refused, Python counts as it does for a policy, whether anything names it or not.
 */
static void list_files(const struct models_request *request, const struct models *models,
                       struct code *code)
{
    for (size_t i = 0; i < models->count; i++) {
        const struct plan *plan = &models->items[i].plan;
        bool has_sources = request->safe_only || runs_sources(&models->items[i]);
        for (size_t k = 0; k < plan->count; k++) {
            bool is_source = has_sources && text_ends_with(plan->files[k].path, ".py");
            if (is_source || pickle_is_suspect(plan->files[k].path))
                add(code, i, &plan->files[k], is_source);
        }
    }
}

static int look(void *arg, size_t number, const struct cancel *cancel, struct error *err)
{
    const struct code_search *search = arg;
    struct code_file *code = &search->code->items[number];
    const struct code_look how = {
        .memo = search->run->memo,
        .is_strict = search->request->safe_only,
        .model = &search->models->items[code->model],
        .sandbox = search->run->sandbox,
        .cancel = cancel,
    };

    return code_look(&how, code, err);
}

/* Files that are none of these after all, such as weights of OpenVINO. */
static void drop_harmless(struct code *code)
{
    size_t kept = 0;

    for (size_t i = 0; i < code->count; i++) {
        if (code->items[i].findings.runs_code || code->items[i].findings.unread != NULL)
            code->items[kept++] = code->items[i];
        else
            pickle_findings_release(&code->items[i].findings);
    }
    code->count = kept;
}

static bool is_safe_weight(const char *path)
{
    return text_ends_with(path, ".safetensors") || text_ends_with(path, ".onnx") ||
           text_ends_with(path, ".gguf");
}

static bool has_safe_weights(const struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        if (is_safe_weight(plan->files[i].path))
            return true;
    return false;
}

/* "a.bin, b.bin and 3 more": files of the model for which `fits` holds; NULL: none. */
static char *name_files(const struct code *code, size_t model,
                        bool (*fits)(const struct code_file *file))
{
    CLEANUP(buf) struct buf names = BUF_INIT;
    size_t count = 0;

    for (size_t i = 0; i < code->count; i++) {
        if (code->items[i].model != model || !fits(&code->items[i]))
            continue;
        if (count++ < NAMED_MAX)
            buf_addf(&names, "%s'%s'", count > 1 ? ", " : "", code->items[i].file->path);
    }
    if (count > NAMED_MAX)
        buf_addf(&names, " and %zu more", count - NAMED_MAX);
    return count > 0 ? buf_take(&names) : NULL;
}

static bool is_source(const struct code_file *file)
{
    return file->is_source;
}

static bool is_known(const struct code_file *file)
{
    return !file->is_source && pickle_findings_verdict(&file->findings) == PICKLE_KNOWN;
}

static bool is_any(const struct code_file *file)
{
    (void)file;
    return true;
}

static void tell_file(const char *title, const struct code_file *file, struct notes *notes)
{
    CLEANUP(text) char *found = pickle_findings_format(&file->findings);

    switch (pickle_findings_verdict(&file->findings)) {
    case PICKLE_KNOWN:
        return;
    case PICKLE_UNKNOWN:
        notes_warn(notes, "'%s' of %s runs code when it is loaded, and %s", file->file->path, title,
                   found);
        return;
    case PICKLE_DANGEROUS:
        notes_warn(
            notes,
            "DANGEROUS: '%s' of %s runs code when it is loaded, and %s: whoever loads it does "
            "what its author says; leave it out with --exclude, or refuse it with --safe-only",
            file->file->path, title, found);
        return;
    }
}

/* What a hub's own scanners say is asked once for a model with such files; that it cannot be told
 * is no failure. */
static int tell_scans(const struct model *model, struct notes *notes, struct error *err)
{
    CLEANUP(strings) struct strings flagged = STRINGS_INIT;
    CLEANUP(error) struct error why = ERROR_INIT;

    if (source_read_flags(model->from, &model->plan, &flagged, &why) < 0)
        return why.kind == ERROR_CANCELED ? error_move(err, &why) : 0;
    for (size_t i = 0; i < flagged.count; i++)
        notes_warn(notes, "the hub's scanners say of %s: %s", model->title, flagged.items[i]);
    return 0;
}

static int tell_model(const struct code_search *search, size_t number, struct notes *notes,
                      struct error *err)
{
    const struct code *code = search->code;
    const struct model *model = &search->models->items[number];
    CLEANUP(text) char *sources = name_files(code, number, is_source);
    CLEANUP(text) char *known = name_files(code, number, is_known);
    CLEANUP(text) char *all = name_files(code, number, is_any);

    if (all == NULL)
        return 0;
    for (size_t i = 0; i < code->count; i++)
        if (code->items[i].model == number && !code->items[i].is_source)
            tell_file(model->title, &code->items[i], notes);
    if (known != NULL && !has_safe_weights(&model->plan))
        notes_warn(
            notes,
            "%s has pickles, which run code when they are loaded, and no safetensors, ONNX or "
            "GGUF is taken in their place: %s; what they import is known of checkpoints",
            model->title, known);
    if (sources != NULL && !search->request->safe_only)
        notes_info(notes, "%s has code that its loader runs: %s", model->title, sources);
    return tell_scans(model, notes, err);
}

static int refuse(const struct code_search *search, struct error *err)
{
    const struct code *code = search->code;
    const struct model *model = &search->models->items[code->items[0].model];
    CLEANUP(text) char *names = name_files(code, code->items[0].model, is_any);
    CLEANUP(text) char *found = NULL;

    for (size_t i = 0; i < code->count && found == NULL; i++)
        if (pickle_findings_verdict(&code->items[i].findings) == PICKLE_DANGEROUS &&
            code->items[i].model == code->items[0].model)
            found = pickle_findings_format(&code->items[i].findings);
    return error_set(
        err, ERROR_REFUSED,
        "'%s' has files that run code when they are loaded, which --safe-only refuses: "
        "%s%s%s; %s",
        model->title, names, found != NULL ? ": one " : "", found != NULL ? found : "",
        model->companion_of != NULL
            ? "it is a companion: leave such models out with --no-companions"
            : "take other weights with --weights, or leave them out with --exclude");
}

int code_check(const struct models_request *request, const struct run_context *run,
               const struct models *models, struct code *out, struct notes *notes,
               struct error *err)
{
    CLEANUP(code) struct code code = {NULL, 0};
    const struct code_search search = {request, run, models, &code};

    if (request->looks_for_code || request->safe_only)
        list_files(request, models, &code);
    if (workers_run(run->jobs, code.count, look, (void *)(uintptr_t)&search, run->cancel, err) < 0)
        return -1;
    drop_harmless(&code);
    for (size_t i = 0; i < models->count; i++)
        if (tell_model(&search, i, notes, err) < 0)
            return -1;
    if (request->safe_only && code.count > 0)
        return refuse(&search, err);
    *out = code;
    code = (struct code){NULL, 0};
    return 0;
}
