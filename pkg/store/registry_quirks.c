#include "store/registry_internal.h"

#include "core/clock.h"

#include <fnmatch.h>
#include <string.h>

#define CHUNK_LARGE (4 * MIB)
#define CHUNK_SMALL (512 * KIB)
/* Chunks are held in memory; who wants larger ones gets the blob in one body. */
#define CHUNK_MOST (64 * MIB)
/* After a break: large enough that the requests between do not count. */
#define CHUNK_RESUMED (16 * MIB)
#define GB UINT64_C(1000000000)

uint64_t registry_chunk_size(struct registry *registry)
{
    pthread_mutex_lock(&registry->lock);
    uint64_t chunk = registry->quirks.chunk;
    pthread_mutex_unlock(&registry->lock);
    return chunk > 0 ? chunk : SIZE_UNKNOWN;
}

uint64_t registry_resume_size(struct registry *registry)
{
    pthread_mutex_lock(&registry->lock);
    const struct registry_quirks *quirks = &registry->quirks;
    uint64_t size = quirks->chunk > 0 ? quirks->chunk : CHUNK_RESUMED;
    bool refuses = quirks->refuses_chunks;
    pthread_mutex_unlock(&registry->lock);
    return refuses ? 0 : size;
}

uint64_t registry_chunk_least(struct registry *registry)
{
    pthread_mutex_lock(&registry->lock);
    uint64_t least = registry->quirks.chunk_least;
    pthread_mutex_unlock(&registry->lock);
    return least > CHUNK_SMALL ? least : CHUNK_SMALL;
}

void registry_learn_loss(struct registry *registry)
{
    pthread_mutex_lock(&registry->lock);
    struct registry_quirks *quirks = &registry->quirks;
    bool is_new = quirks->chunk == 0 && !quirks->refuses_chunks;
    if (is_new) {
        quirks->chunk = CHUNK_RESUMED;
        quirks->chunk_origin = CHUNK_OURS;
    }
    pthread_mutex_unlock(&registry->lock);
    if (is_new)
        log_debug(registry->log, "'%s' keeps nothing of a body that breaks off: going on with %s",
                  registry->host, text_format_size(CHUNK_RESUMED).text);
}

void registry_learn_chunk(struct registry *registry, bool is_taken)
{
    pthread_mutex_lock(&registry->lock);
    struct registry_quirks *quirks = &registry->quirks;
    quirks->takes_chunks = quirks->takes_chunks || is_taken;
    quirks->refuses_chunks = !is_taken;
    if (!is_taken)
        quirks->chunk = 0;
    pthread_mutex_unlock(&registry->lock);
    if (!is_taken)
        log_debug(registry->log, "'%s' takes no parts of blobs", registry->host);
}

bool registry_may_refuse_chunks(struct registry *registry, bool is_resumed)
{
    pthread_mutex_lock(&registry->lock);
    const struct registry_quirks *quirks = &registry->quirks;
    bool may = !quirks->takes_chunks &&
               (is_resumed || (quirks->chunk > 0 && quirks->chunk_origin == CHUNK_OURS));
    pthread_mutex_unlock(&registry->lock);
    return may;
}

bool registry_refuses_patch(struct registry *registry)
{
    pthread_mutex_lock(&registry->lock);
    bool refuses = registry->quirks.refuses_patch;
    pthread_mutex_unlock(&registry->lock);
    return refuses;
}

bool registry_takes_in_put(struct registry *registry, uint64_t size)
{
    pthread_mutex_lock(&registry->lock);
    const struct registry_quirks *quirks = &registry->quirks;
    bool takes = quirks->refuses_patch || (!quirks->refuses_put && size <= REGISTRY_HELD_MOST &&
                                           (quirks->chunk == 0 || size <= quirks->chunk));
    pthread_mutex_unlock(&registry->lock);
    return takes;
}

bool registry_learn_no_put(struct registry *registry, int status)
{
    if (status != 400 && status != 405 && status != 411 && status != 413 && status != 415 &&
        status != 501)
        return false;
    pthread_mutex_lock(&registry->lock);
    struct registry_quirks *quirks = &registry->quirks;
    bool is_new = !quirks->refuses_put && !quirks->refuses_patch;
    quirks->refuses_put = true;
    pthread_mutex_unlock(&registry->lock);
    if (is_new)
        log_debug(registry->log, "'%s' refuses a PUT with a body: blobs go by PATCH",
                  registry->host);
    return is_new;
}

void registry_learn_minimum(struct registry *registry, const struct http_response *response)
{
    const char *text = http_response_header(response, "OCI-Chunk-Min-Length");
    CLEANUP(error) struct error ignored = ERROR_INIT; /* then it asks for nothing */
    uint64_t least = 0;

    if (text == NULL || parse_u64(text, CHUNK_MOST, &least, &ignored) < 0 || least == 0)
        return;
    pthread_mutex_lock(&registry->lock);
    struct registry_quirks *quirks = &registry->quirks;
    bool is_new = quirks->chunk_least == 0;
    quirks->chunk_least = least;
    if (quirks->chunk == 0)
        quirks->chunk = least > CHUNK_LARGE ? least : CHUNK_LARGE;
    else if (quirks->chunk < least && quirks->chunk_origin != CHUNK_NEEDED)
        quirks->chunk = least;
    quirks->chunk_origin = CHUNK_NEEDED;
    pthread_mutex_unlock(&registry->lock);
    if (is_new)
        log_debug(registry->log, "'%s' asks for chunks of %s at least", registry->host,
                  text_format_size(least).text);
}

void registry_learn_wait(struct registry *registry, const struct http_response *response)
{
    unsigned wait_ms = http_retry_after_ms(response);
    uint64_t begin_ms = clock_ms() + wait_ms;

    if (wait_ms == 0)
        return;
    pthread_mutex_lock(&registry->lock);
    if (registry->quirks.begin_ms < begin_ms)
        registry->quirks.begin_ms = begin_ms;
    pthread_mutex_unlock(&registry->lock);
    log_wait(registry->log, "the registry at '%s' asks to wait for %u s", registry->host,
             wait_ms / 1000);
}

int registry_wait(struct registry *registry, struct error *err)
{
    uint64_t now_ms = clock_ms();

    pthread_mutex_lock(&registry->lock);
    uint64_t begin_ms = registry->quirks.begin_ms;
    pthread_mutex_unlock(&registry->lock);
    return begin_ms > now_ms ? cancel_wait(registry->cancel, (unsigned)(begin_ms - now_ms), err)
                             : 0;
}

/* A body of `size` bytes is too much: the next smaller kind of chunk, if there is one. */
static enum upload_retry learn_too_large(struct registry *registry, uint64_t size)
{
    uint64_t next = size > CHUNK_LARGE ? CHUNK_LARGE : CHUNK_SMALL;

    if (size <= CHUNK_SMALL)
        return UPLOAD_RETRY_NONE;
    pthread_mutex_lock(&registry->lock);
    struct registry_quirks *quirks = &registry->quirks;
    if (quirks->chunk == 0 || quirks->chunk > next)
        quirks->chunk = next;
    quirks->chunk_origin = CHUNK_NEEDED;
    next = quirks->chunk;
    pthread_mutex_unlock(&registry->lock);
    log_debug(registry->log, "'%s' refuses a body of that size: going on with %s at a time",
              registry->host, text_format_size(next).text);
    return UPLOAD_RETRY_SMALLER;
}

static enum upload_retry learn_no_patch(struct registry *registry)
{
    pthread_mutex_lock(&registry->lock);
    registry->quirks.refuses_patch = true;
    pthread_mutex_unlock(&registry->lock);
    log_debug(registry->log, "'%s' has no PATCH: blobs go in the PUT", registry->host);
    return UPLOAD_RETRY_ANEW;
}

static bool is_session_gone(const struct http_response *response)
{
    return response->status == 404 || response->status == 410 ||
           (response->status == 400 &&
            (registry_error_has_code(&response->body, "BLOB_UPLOAD_INVALID") ||
             registry_error_has_code(&response->body, "BLOB_UPLOAD_UNKNOWN")));
}

enum upload_retry registry_learn_refusal(struct registry *registry,
                                         const struct http_response *response, bool is_patch,
                                         uint64_t size)
{
    if (is_session_gone(response))
        return UPLOAD_RETRY_ANEW;
    if (registry_status_is_transient(response->status)) {
        registry_learn_wait(registry, response);
        return UPLOAD_RETRY_ANEW;
    }
    switch (response->status) {
    case 405:
    case 501:
        return is_patch ? learn_no_patch(registry) : UPLOAD_RETRY_NONE;
    case 400:
    case 411: /* a length is wanted, and chunks have one */
        return is_patch && size == SIZE_UNKNOWN ? learn_too_large(registry, size)
                                                : UPLOAD_RETRY_NONE;
    case 413:
    case 416: /* some have a limit for what one PATCH may add */
        return is_patch ? learn_too_large(registry, size) : UPLOAD_RETRY_NONE;
    default:
        return UPLOAD_RETRY_NONE;
    }
}

int registry_check_blob_size(const struct store *store, uint64_t size, struct error *err)
{
    static const struct {
        const char *hosts; /* a glob */
        uint64_t most;
    } limits[] = {
        {"ghcr.io", 10 * GB},
        {"*.dkr.ecr.*.amazonaws.com", 52000 * MIB},
        {"*.dkr.ecr.*.amazonaws.com.cn", 52000 * MIB},
        {"*.dkr.ecr-fips.*.amazonaws.com", 52000 * MIB},
        {"public.ecr.aws", 10000 * MIB},
        {"*.azurecr.io", 200 * GIB},
        {"quay.io", 20 * GB},
    };
    const struct registry *registry = registry_of((struct store *)(uintptr_t)store);
    CLEANUP(text) char *host = xstrndup(registry->host, strcspn(registry->host, ":"));

    for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
        if (size > limits[i].most && fnmatch(limits[i].hosts, host, FNM_CASEFOLD) == 0)
            return error_set(err, ERROR_UNSUPPORTED,
                             "'%s' takes layers of %s at most, and one would have %s; choose "
                             "another registry or a model in smaller files, or use --force to try "
                             "all the same",
                             host, text_format_size(limits[i].most).text,
                             text_format_size(size).text);
    return 0;
}
