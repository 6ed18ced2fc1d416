#include "source/source.h"

#include "cache/cache.h"
#include "source/hub_cache_internal.h"

/* From here on several connections bring more than what they fetch ahead in vain. */
#define PART_SPLIT_LEAST (8 * SPLIT_LEAST)

/* A file of the plan, whole and verified: the pipeline behind source_open_file(). */
struct file_pipeline {
    struct reader base;
    struct source *source; /* borrowed, as are the next three */
    const struct plan *plan;
    const struct plan_file *file;
    const struct cancel *cancel; /* may be NULL */
    struct reader *content;      /* NULL with a cache, which has its own */
    struct reader *verify;
    struct reader *fetching; /* what `content`, or the cache, gets from the source, counted */
    bool is_skipping;        /* what passes is not wanted */
    uint64_t passed;
    uint64_t fetched; /* bytes that came from there */
    uint64_t cached;  /* bytes that did not, as far as the source has been told */
};

/* Of what has passed; some of what was fetched may still be withheld. */
static void count_cached(struct file_pipeline *pipeline)
{
    uint64_t cached =
        pipeline->passed > pipeline->fetched ? pipeline->passed - pipeline->fetched : 0;

    if (cached <= pipeline->cached)
        return;
    atomic_fetch_add(&pipeline->source->cached, cached - pipeline->cached);
    pipeline->cached = cached;
}

static ssize_t file_pipeline_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    struct file_pipeline *pipeline = CONTAINER_OF(reader, struct file_pipeline, base);
    ssize_t part = reader_read(pipeline->verify, data, size, err);

    if (part < 0 && err->kind == ERROR_CORRUPT && pipeline->source->explain != NULL)
        return pipeline->source->explain(pipeline->source, err);
    if (part > 0 && !pipeline->is_skipping) {
        pipeline->passed += (uint64_t)part;
        count_cached(pipeline);
    }
    return part;
}

static void count_fetched(void *arg, uint64_t size)
{
    struct file_pipeline *pipeline = arg;

    pipeline->fetched += size;
}

static void file_pipeline_free(struct reader *reader)
{
    struct file_pipeline *pipeline = CONTAINER_OF(reader, struct file_pipeline, base);

    reader_free(pipeline->verify);
    reader_free(pipeline->content);
    reader_free(pipeline->fetching);
    free(pipeline);
}

/* `verify` may be NULL, and is taken. */
static struct file_pipeline *file_pipeline_new(struct source *source, struct reader *verify)
{
    static const struct reader_ops ops = {file_pipeline_read, file_pipeline_free};
    struct file_pipeline *pipeline = xcalloc(1, sizeof(*pipeline));

    pipeline->base.ops = &ops;
    pipeline->source = source;
    pipeline->verify = verify;
    return pipeline;
}

/* With the cache of the Hub's clients on this machine before it, or in its place. */
int source_open_hub(const struct source_context *context, const struct origin *origin,
                    struct source **out, struct error *err)
{
    if (context->offline ? source_open_hub_offline(context, origin, out, err) < 0
                         : source_open_huggingface(context, origin, out, err) < 0)
        return -1;
    (*out)->keeps_listings = !context->offline;
    if (context->hub_cache != NULL)
        (*out)->hub_cache = hub_cache_new(context->hub_cache, origin, context->log);
    return 0;
}

/* Takes a store, of which this module knows nothing: whoever does has handed over how. */
int source_open_oci_model(const struct source_context *context, const struct origin *origin,
                          struct source **out, struct error *err)
{
    if (context->open_oci_model == NULL)
        return error_set(err, ERROR_UNSUPPORTED, "'%s': models are not fetched from there",
                         origin->name);
    return context->open_oci_model(context->open_arg, origin, out, err);
}

static int open_kind(const struct source_context *context, const struct origin *origin,
                     struct source **out, struct error *err)
{
#define SOURCE_ROW(constant, opener, ...) [constant] = source_open_##opener,
    static source_opener *const openers[] = {ORIGIN_KINDS(SOURCE_ROW)};

    return openers[origin->kind](context, origin, out, err);
}

int source_refuse_offline(const struct origin *model, struct error *err)
{
    CLEANUP(text) char *name = origin_format(model);

    return error_set(err, ERROR_NOT_FOUND,
                     "'%s' is not on this machine, and no request is made (--offline)", name);
}

int source_open(const struct source_context *context, const struct origin *origin,
                struct source **out, struct error *err)
{
    CLEANUP(source) struct source *source = NULL;

    if (open_kind(context, origin, &source, err) < 0)
        return -1;
    source->log = context->log;
    source->tries = context->http != NULL ? http_retries(context->http) : 0;
    source->http = context->http;
    if (origin_is_file(origin->kind) && (origin->unpacks || origin->member != NULL))
        source = source_unpack(TAKE(source), context);
    *out = TAKE(source);
    return 0;
}

int source_list(struct source *source, struct plan *plan, struct error *err)
{
    CLEANUP(plan) struct plan listed = PLAN_INIT;

    if (source->pinned != NULL)
        return source_list_pinned(source, plan, err);
    if (source->ops->list(source, &listed, err) < 0)
        return -1;
    if (listed.count == 0)
        return plan_refuse_empty(&listed, err);
    if (plan_check(&listed, err) < 0)
        return error_wrap(err, "the file list of '%s'", listed.origin.name);
    if (source->keeps_listings && source->cache != NULL)
        hub_listing_keep(source->cache, &listed);
    plan_release(plan);
    *plan = listed;
    listed = (struct plan)PLAN_INIT;
    return 0;
}

/* One connection is best for what is left if there may be one only, or ranges cannot be had. */
static bool is_worth_splitting(const struct source *source, uint64_t left)
{
    return source->pool != NULL && prefetch_pool_connections(source->pool) > 1 &&
           left >= SPLIT_LEAST && !atomic_load(&source->refuses_ranges);
}

/* What the cache asks for, and without one the whole file: unverified. */
static int fetch_content(void *arg, uint64_t offset, struct reader **out, struct error *err)
{
    struct file_pipeline *pipeline = arg;
    struct source *source = pipeline->source;
    const struct plan_file *file = pipeline->file;
    const struct source_range rest = {
        .offset = offset,
        .length = SIZE_UNKNOWN,
        .cancel = pipeline->cancel,
    };
    struct reader *content = NULL;

    if (is_worth_splitting(source, file->size - offset) &&
        split_reader_open(source, pipeline->plan, file, &rest, &content, err) < 0)
        return -1;
    if (content == NULL &&
        resume_reader_open(source, pipeline->plan, file, &rest, &content, err) < 0)
        return -1;
    pipeline->fetching = content;
    *out = count_reader_new(content, count_fetched, pipeline);
    return 0;
}

/*
 * Opens what the Hub cache has; pipeline->content stays NULL if it has to come from elsewhere. What
 * is damaged there is left alone; offline it is an error, unless the download cache has it.
 */
static int open_from_hub_cache(struct file_pipeline *pipeline, struct error *err)
{
    const struct source *source = pipeline->source;
    const struct plan_file *file = pipeline->file;
    CLEANUP(error) struct error why = ERROR_INIT;

    if (source->hub_cache == NULL ||
        hub_cache_open(source->hub_cache, pipeline->plan->pin, file, pipeline->cancel,
                       &pipeline->content, &why) == 0)
        return 0;
    bool is_elsewhere =
        !source->is_offline ||
        (source->cache != NULL && cache_has(source->cache, &file->digest, file->size));
    if (why.kind == ERROR_CANCELED)
        return error_move(err, &why);
    if (!is_elsewhere) {
        error_move(err, &why);
        return error_wrap(err,
                          "it is not taken from the Hub cache, and offline the hub is not asked");
    }
    log_warn(source->hub_cache->log, "'%s' is not taken from the Hub cache: %s", file->path,
             why.text);
    return 0;
}

static int open_pipeline(struct file_pipeline *pipeline, const char *name, struct error *err)
{
    const struct plan_file *file = pipeline->file;
    const struct cache_request request = {
        .name = name,
        .digest = &file->digest,
        .size = file->size,
        .cancel = pipeline->cancel,
        .fetch = fetch_content,
        .arg = pipeline,
    };

    if (open_from_hub_cache(pipeline, err) < 0)
        return -1;
    if (pipeline->content == NULL && pipeline->source->cache != NULL)
        return cache_reader_open(pipeline->source->cache, &request, &pipeline->verify, err);
    if (pipeline->content == NULL && fetch_content(pipeline, 0, &pipeline->content, err) < 0)
        return -1;
    pipeline->verify = verify_reader_new(pipeline->content, name, file->size, &file->digest);
    return 0;
}

/* For messages: what is one file has its name alone. Caller frees. */
static char *file_title(const struct plan *plan, const struct plan_file *file)
{
    const struct origin *origin = &plan->origin;

    if (origin_is_file(origin->kind) && !origin->unpacks && origin->member == NULL)
        return xstrdup(origin->name);
    return xasprintf("%s/%s", origin->name, file->path);
}

int source_open_file(struct source *source, const struct plan *plan, const struct plan_file *file,
                     const struct cancel *cancel, struct reader **out, struct error *err)
{
    CLEANUP(text) char *name = file_title(plan, file);
    struct file_pipeline *pipeline = file_pipeline_new(source, NULL);
    CLEANUP(reader) struct reader *reader = &pipeline->base;

    pipeline->plan = plan;
    pipeline->file = file;
    pipeline->cancel = cancel;
    if (open_pipeline(pipeline, name, err) < 0)
        return error_wrap(err, "reading '%s'", name);
    *out = TAKE(reader);
    return 0;
}

/* A file that the download cache has whole, which is verified on the way to the part. */
static int open_cached_part(struct source *source, const struct plan *plan,
                            const struct plan_file *file, const struct source_range *range,
                            struct reader **out, struct error *err)
{
    static const size_t piece = (size_t)(256 * KIB);
    CLEANUP(reader) struct reader *whole = NULL;
    CLEANUP(text) char *passed = xcalloc(1, piece);

    if (source_open_file(source, plan, file, range->cancel, &whole, err) < 0)
        return -1;
    struct file_pipeline *pipeline = CONTAINER_OF(whole, struct file_pipeline, base);
    pipeline->is_skipping = true;
    for (uint64_t left = range->offset; left > 0;) {
        ssize_t got = reader_read(whole, passed, left < piece ? (size_t)left : piece, err);
        if (got < 0 || cancel_check(range->cancel, err) < 0)
            return -1;
        if (got == 0)
            break;
        left -= (uint64_t)got;
    }
    pipeline->is_skipping = false;
    *out = TAKE(whole);
    return 0;
}

int source_open_part(struct source *source, const struct plan *plan, const struct plan_file *file,
                     const struct source_range *range, struct reader **out, struct error *err)
{
    struct source_range rest = *range;
    struct reader *content = NULL;

    if (source->hub_cache != NULL &&
        hub_cache_open_part(source->hub_cache, plan->pin, file, range->offset, &content, err) < 0)
        return -1;
    if (content != NULL) {
        *out = &file_pipeline_new(source, content)->base;
        return 0;
    }
    if (source->cache != NULL && cache_has(source->cache, &file->digest, file->size))
        return open_cached_part(source, plan, file, range, out, err);
    rest.length = SIZE_UNKNOWN;
    if (range->length >= PART_SPLIT_LEAST &&
        is_worth_splitting(source, file->size - range->offset) &&
        split_reader_open(source, plan, file, &rest, &content, err) < 0)
        return -1;
    if (content == NULL && resume_reader_open(source, plan, file, range, &content, err) < 0)
        return -1;
    *out = content;
    return 0;
}

uint64_t source_claim_cached(struct source *source, uint64_t size)
{
    uint_fast64_t cached = atomic_load(&source->cached);
    uint64_t part;

    do
        part = cached < size ? cached : size;
    while (!atomic_compare_exchange_weak(&source->cached, &cached, cached - part));
    return part;
}

void source_free(struct source *source)
{
    if (source == NULL)
        return;
    hub_cache_free(source->hub_cache);
    if (source->pinned != NULL)
        plan_release(source->pinned);
    free(source->pinned);
    source->ops->free(source);
}
