#include "source/source_internal.h"

#include "cache/cache.h"
#include "core/text.h"

#include <string.h>
#include <unistd.h>

/* One file that is fetched by its URL. */
struct url_source {
    struct source base;
    struct http *http;           /* borrowed, as are the next two */
    const struct log *log;       /* may be NULL */
    const struct cancel *cancel; /* may be NULL */
    struct origin origin;
    char *shown;          /* the URL without its query, which may hold secrets */
    struct digest digest; /* of the file; DIGEST_NONE: not known beforehand */
    char *name;
    char *version; /* its ETag, if nothing else tells that it is the same; may be NULL */
    bool is_archive;
    bool is_offline;
    uint64_t size; /* SIZE_UNKNOWN: the server does not say */
    int copy;      /* a temporary file that holds it; -1: it is fetched as it is read */
};

/* There are answers that succeed without a file. */
static bool has_no_file(const struct http_response *response, const struct reader *body)
{
    return body == NULL || response->status == 204 || response->status == 205;
}

static int refuse(const struct url_source *url, const struct http_response *response,
                  struct error *err)
{
    CLEANUP(text)
    char *shown = response->url != NULL ? text_display_url(response->url) : xstrdup(url->shown);
    CLEANUP(text)
    char *from = strcmp(shown, url->shown) == 0
                     ? xstrdup("the server")
                     : xasprintf("'%s', where it is redirected to,", shown);
    int status = response->status;

    if (status == 404 || status == 410)
        return error_set(err, ERROR_NOT_FOUND, "there is no '%s': %s answers %d", url->shown, from,
                         status);
    if (status == 401 || status == 403)
        return error_set(
            err, ERROR_DENIED,
            "'%s' is not for everybody: %s answers %d; no credentials are sent to URLs", url->shown,
            from, status);
    if (status == 408 || status == 429 || (status >= 500 && status != 501 && status != 505))
        return error_set(err, ERROR_UNREACHABLE,
                         "'%s' cannot be had: %s answers %d; try again "
                         "later",
                         url->shown, from, status);
    return error_set(err, ERROR_UNSUPPORTED, "'%s' cannot be had: %s answers %d, expected 200",
                     url->shown, from, status);
}

/* Without a digest nothing but the ETag tells that the parts of a file are parts of one. */
static int check_version(const struct url_source *url, const struct http_response *response,
                         struct error *err)
{
    const char *version = http_response_header(response, "ETag");

    if (url->version == NULL || version == NULL || strcmp(url->version, version) == 0)
        return 0;
    return error_set(err, ERROR_CORRUPT, "'%s' has changed on the server while it was fetched",
                     url->shown);
}

static int url_open(struct source *source, const struct plan *plan, const struct plan_file *file,
                    const struct source_range *range, struct reader **out, struct error *err)
{
    struct url_source *url = CONTAINER_OF(source, struct url_source, base);
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(reader) struct reader *body = NULL;
    bool is_bounded = range->length != SIZE_UNKNOWN;
    bool is_sized = file->size != SIZE_UNKNOWN;

    (void)plan;
    if (url->copy >= 0)
        return temporary_open(url->copy, url->shown, range, out, err);
    if (url->is_offline)
        return source_refuse_offline(&url->origin, err);
    if (range->length == 0 || (is_sized && range->offset >= file->size && range->offset > 0)) {
        *out = memory_reader_new("", 0); /* a range of no bytes cannot be asked for */
        return 0;
    }
    const struct http_request request = {
        .method = "GET",
        .url = url->origin.name,
        .offset = range->offset,
        .length = is_bounded ? range->length : 0,
        .size = is_sized ? file->size : 0,
        .cancel = range->cancel,
    };
    if (http_open(url->http, &request, &response, &body, err) < 0)
        return -1;
    if (body == NULL && response.status == 416 && range->offset > 0) {
        *out = memory_reader_new("", 0); /* the file ends before: to be found by who verifies it */
        return 0;
    }
    if (has_no_file(&response, body))
        return refuse(url, &response, err);
    if (check_version(url, &response, err) < 0)
        return -1;
    if (is_bounded && response.status != 206)
        atomic_store(&url->base.refuses_ranges, true);
    *out = TAKE(body);
    return 0;
}

/* By "bytes 0-0/SIZE", or "bytes * /SIZE" for an empty file, else by the length of all of it. */
static uint64_t told_size(const struct http_response *response)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* then the size is not known */
    bool is_part = response->status == 206 || response->status == 416;
    const char *text = http_response_header(response, is_part ? "Content-Range" : "Content-Length");
    uint64_t size = SIZE_UNKNOWN;

    if (text != NULL && is_part)
        text = strchr(text, '/') != NULL ? strchr(text, '/') + 1 : NULL;
    if (text == NULL || parse_u64(text, INT64_MAX, &size, &ignored) < 0)
        return SIZE_UNKNOWN;
    return size;
}

/* Asks for the first byte: of servers that refuse HEAD there are many. */
static int ask_size(struct url_source *url, struct error *err)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(reader) struct reader *body = NULL;
    const struct http_request request = {.method = "GET", .url = url->origin.name, .length = 1};

    if (http_open(url->http, &request, &response, &body, err) < 0)
        return -1;
    url->size = told_size(&response);
    if (has_no_file(&response, body) && (response.status != 416 || url->size != 0))
        return refuse(url, &response, err);
    if (response.status == 200)
        atomic_store(&url->base.refuses_ranges, true);
    const char *version = http_response_header(&response, "ETag");
    if (url->digest.algorithm == DIGEST_NONE && version != NULL && url->version == NULL)
        url->version = xstrdup(version);
    log_debug(url->log, "'%s' has %s", url->shown,
              url->size != SIZE_UNKNOWN ? text_format_size(url->size).text
                                        : "a size that the server does not tell");
    return 0;
}

/* The server is asked for nothing that the download cache has. */
static int find_size(struct url_source *url, struct error *err)
{
    if (url->base.cache != NULL && url->digest.algorithm != DIGEST_NONE &&
        cache_find_size(url->base.cache, &url->digest, &url->size))
        return 0;
    return url->is_offline ? source_refuse_offline(&url->origin, err) : ask_size(url, err);
}

/* For whoever takes files without a checksum: how to name this one the next time. */
static void tell_digest(const struct url_source *url, const struct digest *digest)
{
    const struct digest_text hex = digest_format_hex(digest);

    if (strchr(url->origin.name, '?') == NULL)
        log_warn(url->log, "took %s as sha256=%s; pin it: '%s#sha256=%s'", url->shown, hex.text,
                 url->shown, hex.text);
    else
        log_warn(url->log, "took %s as sha256=%s; pin it: '#sha256=%s' behind its query",
                 url->shown, hex.text, hex.text);
}

/* What is known is verified on the way; the rest is learned. */
static int copy_content(struct url_source *url, const struct plan *plan, int to,
                        struct digest *digest, struct error *err)
{
    const struct plan_file *file = &plan->files[0];
    const struct source_range all = {.length = SIZE_UNKNOWN, .cancel = url->cancel};
    bool is_known = url->digest.algorithm != DIGEST_NONE && url->size != SIZE_UNKNOWN;
    CLEANUP(reader) struct reader *content = NULL;
    CLEANUP(writer) struct writer *copy = temporary_writer_new(to);
    CLEANUP(writer)
    struct writer *hashed = digest_writer_new(copy, DIGEST_SHA256, digest, &url->size);

    if ((is_known ? source_open_file(&url->base, plan, file, url->cancel, &content, err)
                  : resume_reader_open(&url->base, plan, file, &all, &content, err)) < 0)
        return -1;
    if (stream_copy(content, hashed, url->cancel, err) < 0)
        return is_known || err->kind != ERROR_UNREACHABLE
                   ? -1
                   : error_wrap(err, "reading '%s'", url->shown);
    return writer_finish(hashed, err);
}

/* Fetches all of it into a temporary file, after which its size and digest are known. */
static int fetch_copy(struct url_source *url, const struct plan *plan, struct error *err)
{
    bool is_pinned = url->digest.algorithm != DIGEST_NONE;
    struct digest digest = DIGEST_INIT;
    CLEANUP(fd) int copy = -1;

    if (temporary_create(&copy, err) < 0 || copy_content(url, plan, copy, &digest, err) < 0)
        return -1;
    if (is_pinned && !digest_equal(&digest, &url->digest))
        return error_set(err, ERROR_CORRUPT,
                         "'%s' has the digest %s, expected %s: the first is "
                         "that of what the server sends, the second the one "
                         "that was asked for",
                         url->shown, digest_format(&digest).text, digest_format(&url->digest).text);
    if (!is_pinned && url->origin.member == NULL)
        tell_digest(url, &digest);
    url->digest = digest;
    url->copy = copy;
    url->base.pool = NULL; /* it is at hand now */
    copy = -1;
    return 0;
}

static void fill_plan(const struct url_source *url, struct plan *plan)
{
    struct plan_file file = {.path = url->name, .size = url->size, .digest = url->digest};

    if (file.digest.algorithm != DIGEST_NONE && file.size != SIZE_UNKNOWN)
        source_name_blob(&file);
    plan_release(plan);
    plan_add(plan, &file);
    origin_copy(&url->origin, &plan->origin);
    free(plan->origin.name);
    plan->origin.name = xstrdup(url->shown);
    plan->pin = xstrdup(digest_format(&url->digest).text);
}

static int url_list(struct source *source, struct plan *plan, struct error *err)
{
    struct url_source *url = CONTAINER_OF(source, struct url_source, base);
    CLEANUP(plan) struct plan known = PLAN_INIT;

    if (url->copy < 0 && find_size(url, err) < 0)
        return -1;
    fill_plan(url, &known);
    bool is_known = url->digest.algorithm != DIGEST_NONE && url->size != SIZE_UNKNOWN;
    if (url->copy < 0 && (url->is_archive || !is_known) && fetch_copy(url, &known, err) < 0)
        return -1;
    fill_plan(url, plan);
    return 0;
}

static void url_free(struct source *source)
{
    struct url_source *url = CONTAINER_OF(source, struct url_source, base);

    if (url->copy >= 0)
        close(url->copy);
    origin_release(&url->origin);
    free(url->shown);
    free(url->name);
    free(url->version);
    free(url);
}

static int url_explain(struct source *source, struct error *err)
{
    (void)source;
    return error_wrap(err, "what the server sends is not what was asked for");
}

/* The last part of the URL's path, as it was before it was encoded. */
static int find_name(const struct origin *origin, const char *shown, char **out, struct error *err)
{
    CLEANUP(text) char *name = NULL;

    if (origin->file_name != NULL) {
        *out = xstrdup(origin->file_name);
        return 0;
    }
    if (!http_decode(strrchr(shown, '/') + 1, &name) || strchr(name, '/') != NULL ||
        plan_check_path(name, err) < 0)
        return error_set(err, ERROR_USAGE,
                         "what '%s' ends with cannot be the name of a file; give it one by --name",
                         shown);
    *out = TAKE(name);
    return 0;
}

/*
 * One file behind an http(s) URL, called origin->file_name, else what the URL's path ends with.
 * Pinned to its SHA-256; the plan's origin has the URL without its query. No credentials are sent.
 * Makes no request; source_list() asks for the size. Without a digest in the origin, or where the
 * server tells no size, source_list() fetches all of it into a temporary file, and a warning says
 * what was taken. ERROR_USAGE if there is no digest and the context is not `unverified`, or if the
 * URL ends with what is no name of a file.
 */
int source_open_url(const struct source_context *context, const struct origin *origin,
                    struct source **out, struct error *err)
{
    static const struct source_ops ops = {url_list, url_open, url_free};
    CLEANUP(text) char *shown = text_display_url(origin->name);
    CLEANUP(text) char *name = NULL;

    if (origin->digest.algorithm == DIGEST_NONE && !context->unverified)
        return error_set(err, ERROR_USAGE,
                         "'%s' comes without a checksum: put '#sha256=HEX' behind it, or take what "
                         "the server sends by --unverified",
                         shown);
    if (find_name(origin, shown, &name, err) < 0)
        return -1;
    struct url_source *url = xcalloc(1, sizeof(*url));
    url->base.ops = &ops;
    url->base.pool = context->pool;
    url->base.cache = context->cache;
    url->base.explain = url_explain;
    url->http = context->http;
    url->log = context->log;
    url->cancel = context->cancel;
    url->origin = (struct origin)ORIGIN_INIT;
    origin_copy(origin, &url->origin);
    if (origin->member == NULL)
        url->digest = origin->digest;
    url->is_offline = context->offline;
    url->is_archive = origin->unpacks || origin->member != NULL;
    url->shown = TAKE(shown);
    url->name = TAKE(name);
    url->size = SIZE_UNKNOWN;
    url->copy = -1;
    *out = &url->base;
    return 0;
}
