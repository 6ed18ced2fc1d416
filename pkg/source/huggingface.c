#include "source/source_internal.h"

#include "auth/auth.h"
#include "core/text.h"

#include <string.h>

#define ENDPOINT_DEFAULT "https://huggingface.co"
#define PAGE_LIMIT ((size_t)(16 * MIB))
#define PAGES_MAX 10000

struct huggingface {
    struct source base;
    struct http *http;     /* borrowed */
    const struct log *log; /* borrowed, may be NULL */
    struct model_reference model;
    struct address_memo addresses;
    char *endpoint;      /* without a '/' at its end */
    char *token;         /* a secret; NULL: none */
    char *authorization; /* the header value made of it */
};

static const char *type_folder(enum repo_type type)
{
    switch (type) {
    case REPO_MODEL:
        return "models";
    case REPO_DATASET:
        return "datasets";
    }
    return "models";
}

/* The token is for the endpoint's origin and for nobody else. */
static const char *authorization_for(const struct huggingface *hub, const char *url)
{
    return http_same_origin(url, hub->endpoint) ? hub->authorization : NULL;
}

static int refuse(const struct huggingface *hub, const char *path,
                  const struct http_response *response, struct error *err)
{
    const struct hub_question question = {
        .endpoint = hub->endpoint,
        .model = &hub->model,
        .path = path,
        .token = hub->token,
    };

    return hub_refusal(&question, response, err);
}

static int get_document(const struct huggingface *hub, const char *url,
                        struct http_response *response, struct error *err)
{
    const struct http_request request = {
        .method = "GET",
        .url = url,
        .authorization = authorization_for(hub, url),
        .accept = "application/json",
        .body_limit = PAGE_LIMIT,
    };

    if (http_send(hub->http, &request, response, err) < 0)
        return error_wrap(err, "asking for the files of '%s'", hub->model.id);
    if (response->status != 200)
        return refuse(hub, NULL, response, err);
    return 0;
}

/* What came is not what a hub sends; most often a proxy or a login page answers in its place. */
static int blame_endpoint(const char *url, struct error *err)
{
    CLEANUP(text) char *shown = http_display_url(url);

    return error_wrap(err, "'%s' does not answer as a hub does, check HF_ENDPOINT and proxies",
                      shown);
}

static int read_info(const struct huggingface *hub, struct hub_info *info, struct error *err)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(buf) struct buf url = BUF_INIT;
    const struct model_reference *model = &hub->model;

    buf_addf(&url, "%s/api/%s/%s/revision/", hub->endpoint, type_folder(model->type), model->id);
    http_encode(&url, model->revision, "");
    if (get_document(hub, buf_text(&url), &response, err) < 0)
        return -1;
    if (hub_info_parse(response.body.data, response.body.size, info, err) < 0)
        return blame_endpoint(buf_text(&url), err);
    if (info->is_disabled)
        return error_set(err, ERROR_DENIED,
                         "the hub has disabled '%s' for everyone: use another model", model->id);
    if (model_revision_is_commit(model->revision) && strcmp(model->revision, info->commit) != 0)
        return error_set(err, ERROR_CORRUPT,
                         "the hub names the commit %s when asked for '%s' at %s, expected the same",
                         info->commit, model->id, model->revision);
    log_debug(hub->log, "'%s' is '%s' at commit %s%s%s", model->id,
              info->id != NULL ? info->id : model->id, info->commit,
              info->is_gated ? ", gated" : "", info->is_private ? ", private" : "");
    return 0;
}

/* Where the next page is, or *out NULL. */
static int choose_next(const struct huggingface *hub, const struct http_response *response,
                       const struct strings *seen, char **out, struct error *err)
{
    CLEANUP(text) char *next = NULL;

    if (listing_next_page(response, &next, err) < 0)
        return error_wrap(err, "the files of '%s'", hub->model.id);
    if (next != NULL && strings_has(seen, next))
        return error_set(err, ERROR_CORRUPT,
                         "page %zu of the files of '%s' leads back to a page that was read",
                         seen->count, hub->model.id);
    if (next != NULL && seen->count >= PAGES_MAX)
        return error_set(err, ERROR_CORRUPT, "the files of '%s' have more than %d pages",
                         hub->model.id, PAGES_MAX);
    *out = TAKE(next);
    return 0;
}

static int read_files(const struct huggingface *hub, const char *commit, struct plan *plan,
                      struct error *err)
{
    CLEANUP(strings) struct strings seen = STRINGS_INIT;
    CLEANUP(text)
    char *url = xasprintf("%s/api/%s/%s/tree/%s?recursive=true&expand=false", hub->endpoint,
                          type_folder(hub->model.type), hub->model.id, commit);

    while (url != NULL) {
        CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
        CLEANUP(text) char *next = NULL;
        strings_add(&seen, url);
        if (get_document(hub, url, &response, err) < 0)
            return -1;
        if (listing_page_parse(response.body.data, response.body.size, plan, err) < 0)
            return blame_endpoint(url, err);
        if (choose_next(hub, &response, &seen, &next, err) < 0)
            return -1;
        free(url);
        url = TAKE(next);
    }
    log_debug(hub->log, "'%s' has %zu files, listed on %zu pages", hub->model.id, plan->count,
              seen.count);
    return 0;
}

static int huggingface_open(struct source *source, const struct plan *plan,
                            const struct plan_file *file, const struct source_range *range,
                            struct reader **out, struct error *err);

/* The hub lists the files of a gated repo to everybody: whether they can be had is asked now. */
static int try_access(struct source *source, const struct plan *plan, struct error *err)
{
    const struct source_range first_byte = {.length = 1};

    for (size_t i = 0; i < plan->count; i++) {
        CLEANUP(reader) struct reader *content = NULL;
        if (plan->files[i].size > 0)
            return huggingface_open(source, plan, &plan->files[i], &first_byte, &content, err);
    }
    return 0;
}

static int huggingface_list(struct source *source, struct plan *plan, struct error *err)
{
    const struct huggingface *hub = CONTAINER_OF(source, struct huggingface, base);
    CLEANUP(hub_info) struct hub_info info = HUB_INFO_INIT;
    CLEANUP(plan) struct plan listed = PLAN_INIT;

    if (read_info(hub, &info, err) < 0 || read_files(hub, info.commit, &listed, err) < 0)
        return -1;
    listed.type = hub->model.type;
    listed.id = xstrdup(hub->model.id); /* as asked: loaders look for it under that name */
    listed.revision = xstrdup(hub->model.revision);
    listed.commit = xstrdup(info.commit);
    plan_sort(&listed);
    if (info.is_gated && try_access(source, &listed, err) < 0)
        return -1;
    plan_release(plan);
    *plan = listed;
    listed = (struct plan)PLAN_INIT;
    return 0;
}

/* A bounded range was answered: from where, and does the server know ranges at all? */
static void learn_from(struct huggingface *hub, const char *path,
                       const struct http_response *response)
{
    if (response->status != 206)
        atomic_store(&hub->base.refuses_ranges, true);
    else if (!http_same_origin(response->url, hub->endpoint))
        address_memo_keep(&hub->addresses, path, response->url);
}

/*
 * Asks for a range where the hub has sent us before; *body stays NULL if it is not known, or no
 * longer good: addresses expire.
 */
static int open_remembered(struct huggingface *hub, const char *path,
                           const struct source_range *range, struct reader **body,
                           struct error *err)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(text) char *url = address_memo_find(&hub->addresses, path);

    if (url == NULL)
        return 0;
    const struct http_request request = {
        .method = "GET",
        .url = url,
        .offset = range->offset,
        .length = range->length,
        .public_only = !http_is_private_origin(hub->http, hub->endpoint),
        .cancel = range->cancel,
    };
    int result = http_open(hub->http, &request, &response, body, err);
    if (*body != NULL)
        learn_from(hub, path, &response);
    else
        address_memo_forget(&hub->addresses, path, url);
    return result;
}

static int huggingface_open(struct source *source, const struct plan *plan,
                            const struct plan_file *file, const struct source_range *range,
                            struct reader **out, struct error *err)
{
    struct huggingface *hub = CONTAINER_OF(source, struct huggingface, base);
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(reader) struct reader *body = NULL;
    CLEANUP(buf) struct buf url = BUF_INIT;
    bool is_bounded = range->length != SIZE_UNKNOWN;

    if (range->length == 0 || range->offset > file->size ||
        (range->offset == file->size && range->offset > 0)) {
        *out = memory_reader_new("", 0); /* a range of no bytes cannot be asked for */
        return 0;
    }
    if (is_bounded && open_remembered(hub, file->path, range, &body, err) < 0)
        return -1;
    if (body != NULL) {
        *out = TAKE(body);
        return 0;
    }
    buf_addf(&url, "%s/%s%s/resolve/%s/", hub->endpoint,
             hub->model.type == REPO_DATASET ? "datasets/" : "", hub->model.id, plan->commit);
    http_encode(&url, file->path, "/");
    const struct http_request request = {
        .method = "GET",
        .url = buf_text(&url),
        .authorization = hub->authorization,
        .offset = range->offset,
        .length = is_bounded ? range->length : 0,
        .cancel = range->cancel,
    };
    if (http_open(hub->http, &request, &response, &body, err) < 0)
        return -1;
    if (body == NULL && response.status == 416 && range->offset > 0) {
        *out = memory_reader_new("", 0); /* the file ends before: to be found by who verifies it */
        return 0;
    }
    if (body == NULL)
        return refuse(hub, file->path, &response, err);
    if (is_bounded)
        learn_from(hub, file->path, &response);
    *out = TAKE(body);
    return 0;
}

static void huggingface_free(struct source *source)
{
    struct huggingface *hub = CONTAINER_OF(source, struct huggingface, base);

    model_reference_release(&hub->model);
    address_memo_release(&hub->addresses);
    free(hub->endpoint);
    if (hub->token != NULL)
        explicit_bzero(hub->token, strlen(hub->token));
    free(hub->token);
    if (hub->authorization != NULL)
        explicit_bzero(hub->authorization, strlen(hub->authorization));
    free(hub->authorization);
    free(hub);
}

/* Takes HF_ENDPOINT apart far enough to know that paths can be put behind it. */
static int read_endpoint(char **out, struct error *err)
{
    const char *value = getenv("HF_ENDPOINT");
    const char *text = value != NULL ? value : ENDPOINT_DEFAULT;
    CLEANUP(text) char *shown = http_display_url(text);
    const char *host = strstr(text, "://");

    if (*text == '\0')
        return error_set(err, ERROR_USAGE,
                         "HF_ENDPOINT is set and empty: unset it, or set it to the URL of a hub");
    if (!hub_url_has_scheme(text, "http://") && !hub_url_has_scheme(text, "https://"))
        return error_set(err, ERROR_USAGE,
                         "HF_ENDPOINT is '%s', expected a URL that begins with http:// or https://",
                         shown);
    size_t host_size = strcspn(host + 3, "/?#");
    if (memchr(host + 3, '@', host_size) != NULL)
        return error_set(err, ERROR_USAGE,
                         "HF_ENDPOINT '%s' has a user name in it: take it out, and set HF_TOKEN",
                         shown);
    for (const char *at = text; *at != '\0'; at++)
        if ((unsigned char)*at <= ' ' || *at == 0x7f || *at == '?' || *at == '#')
            return error_set(err, ERROR_USAGE,
                             "HF_ENDPOINT '%s' has a blank, control character, '?' or '#' in it, "
                             "expected a URL like " ENDPOINT_DEFAULT,
                             shown);
    if (!http_same_origin(text, text)) /* has no origin: nothing to connect to */
        return error_set(err, ERROR_USAGE, "HF_ENDPOINT is '%s', expected a URL like %s", shown,
                         ENDPOINT_DEFAULT);

    size_t size = strlen(text);
    while (text[size - 1] == '/')
        size--;
    *out = xstrndup(text, size);
    return 0;
}

int source_open_huggingface(const struct source_context *context,
                            const struct model_reference *model, struct source **out,
                            struct error *err)
{
    static const struct source_ops ops = {huggingface_list, huggingface_open, huggingface_free};
    CLEANUP(text) char *endpoint = NULL;
    CLEANUP(text) char *token = NULL;

    if (read_endpoint(&endpoint, err) < 0 || auth_hub_token(&token, err) < 0)
        return -1;
    struct huggingface *hub = xcalloc(1, sizeof(*hub));
    hub->base.ops = &ops;
    hub->base.pool = context->pool;
    hub->base.cache = context->cache;
    address_memo_init(&hub->addresses);
    hub->http = context->http;
    hub->log = context->log;
    hub->model = (struct model_reference){
        .type = model->type,
        .id = xstrdup(model->id),
        .revision = xstrdup(model->revision),
    };
    hub->endpoint = TAKE(endpoint);
    hub->authorization = token != NULL ? xasprintf("Bearer %s", token) : NULL;
    hub->token = TAKE(token);
    *out = &hub->base;
    return 0;
}
