#include "models/models_internal.h"

/* Beyond that many the hub would be asked for too much at a time. */
#define LOOKUPS_MOST 8

/* A file of the size that is read early, and that nobody has read for its contents. */
static bool is_early(const struct plan_file *file)
{
    return file->size > 0 && file->size <= PLAN_CONTENT_MAX && !plan_wants_content(file);
}

static const struct plan_file **choose_early(const struct plan *plan, size_t *count)
{
    const struct plan_file **files = xcalloc(plan->count, sizeof(const struct plan_file *));
    uint64_t total = 0;

    *count = 0;
    for (size_t i = 0; i < plan->count; i++)
        if (is_early(&plan->files[i])) {
            total += plan->files[i].size;
            files[(*count)++] = &plan->files[i];
        }
    if (total > EARLY_MOST)
        *count = 0;
    return files;
}

/* Up to the first that goes wrong: whoever needs it asks again, and says so. */
static void read_files(struct model_lookup *lookup, const struct plan_file *const *files,
                       size_t count)
{
    CLEANUP(source_files)
    struct source_files *opened =
        source_files_new(&(struct source_files_request){.source = lookup->source,
                                                        .plan = &lookup->early_plan,
                                                        .files = files,
                                                        .count = count,
                                                        .cancel = lookup->run->cancel});

    for (size_t i = 0; i < count; i++) {
        CLEANUP(error) struct error ignored = ERROR_INIT;
        CLEANUP(reader) struct reader *reader = NULL;
        CLEANUP(buf) struct buf bytes = BUF_INIT;
        if (source_files_open(opened, files[i], &reader, &ignored) < 0 ||
            reader_read_all(reader, PLAN_CONTENT_MAX, &bytes, &ignored) < 0) {
            log_debug(lookup->run->log, "reading '%s' early: %s", files[i]->path, ignored.text);
            return;
        }
        plan_contents_add(&lookup->files, files[i]->path, buf_text(&bytes), bytes.size);
    }
}

/* What a selection leaves out is read in vain, which small files are worth. */
static int read_early(void *arg, struct error *err)
{
    struct model_lookup *lookup = arg;
    size_t count = 0;

    (void)err;
    const struct plan_file **files = choose_early(&lookup->early_plan, &count);
    if (count > 0 && lookup->early->are_needed(lookup->early->arg, lookup->run->cancel))
        read_files(lookup, files, count);
    free(files);
    return 0;
}

static void begin_early(struct model_lookup *lookup)
{
    const struct source *source = lookup->source;

    if (lookup->early == NULL || source->is_offline || source->cache != NULL ||
        !origin_is_model_repo(lookup->plan.origin.kind))
        return;
    plan_copy(&lookup->plan, &lookup->early_plan);
    ahead_begin(&lookup->reading, read_early, lookup, lookup->run->cancel);
}

/* The steps of models_add() that ask the source. */
static int look_up(void *arg, struct error *err)
{
    struct model_lookup *lookup = arg;
    const struct run_context *run = lookup->run;

    if (source_list(lookup->source, &lookup->plan, err) < 0 ||
        source_find_license(lookup->source, &lookup->plan, run->cancel, err) < 0)
        return -1;
    begin_early(lookup);
    lookup->has_contents = source_read_contents(lookup->source, &lookup->plan, run->memo,
                                                run->cancel, &lookup->contents, &lookup->why) == 0;
    return 0;
}

void model_lookups_begin(const struct models_request *request, const struct run_context *run,
                         const struct early_files *early, struct model_lookups *out)
{
    size_t count = request->count < LOOKUPS_MOST ? request->count : LOOKUPS_MOST;

    *out = (struct model_lookups){xcalloc(count, sizeof(*out->items)), count};
    for (size_t i = 0; i < count; i++) {
        struct model_lookup *lookup = &out->items[i];
        *lookup = (struct model_lookup){
            .source = request->sources[i],
            .run = run,
            .plan = PLAN_INIT,
            .contents = PLAN_CONTENTS_INIT,
            .early = early,
            .early_plan = PLAN_INIT,
            .files = PLAN_CONTENTS_INIT,
        };
        if (lookup->source->is_remote)
            ahead_begin(&lookup->ahead, look_up, lookup, run->cancel);
    }
}

void model_lookups_release(struct model_lookups *lookups)
{
    for (size_t i = 0; i < lookups->count; i++) /* all of them stop, and then they end */
        if (lookups->items[i].ahead.is_begun)
            cancel_request(&lookups->items[i].ahead.cancel);
    for (size_t i = 0; i < lookups->count; i++) {
        ahead_release(&lookups->items[i].ahead);
        ahead_release(&lookups->items[i].reading);
        plan_release(&lookups->items[i].early_plan);
        plan_contents_release(&lookups->items[i].files);
        plan_release(&lookups->items[i].plan);
        plan_contents_release(&lookups->items[i].contents);
        error_release(&lookups->items[i].why);
    }
    free(lookups->items);
    *lookups = (struct model_lookups){NULL, 0};
}

void model_lookups_take_files(struct model_lookups *lookups, struct models *models)
{
    for (size_t i = 0; i < lookups->count && i < models->count; i++) {
        struct model_lookup *lookup = &lookups->items[i];
        struct plan_contents *contents = &models->items[i].contents;
        CLEANUP(error) struct error ignored = ERROR_INIT; /* it has none */
        if (!lookup->reading.is_begun || ahead_join(&lookup->reading, &ignored) < 0)
            continue;
        for (size_t k = 0; k < lookup->files.count; k++) {
            const struct plan_content *file = &lookup->files.items[k];
            if (plan_contents_find(contents, file->path) == NULL)
                plan_contents_add(contents, file->path, file->text, file->size);
        }
        plan_contents_release(&lookup->files);
    }
}

struct model_lookup *model_lookup_find(const struct model_listing *listing, size_t number)
{
    struct model_lookups *begun = listing->begun;

    return begun != NULL && number < begun->count && begun->items[number].ahead.is_begun
               ? &begun->items[number]
               : NULL;
}

int model_lookup_take(struct model_lookup *lookup, struct plan *out, struct error *err)
{
    if (ahead_join(&lookup->ahead, err) < 0)
        return -1;
    plan_release(out);
    *out = lookup->plan;
    lookup->plan = (struct plan)PLAN_INIT;
    return 0;
}

int model_lookup_take_contents(struct model_lookup *lookup, struct plan_contents *out,
                               struct error *err)
{
    if (!lookup->has_contents)
        return error_move(err, &lookup->why);
    plan_contents_release(out);
    *out = lookup->contents;
    lookup->contents = (struct plan_contents)PLAN_CONTENTS_INIT;
    return 0;
}
