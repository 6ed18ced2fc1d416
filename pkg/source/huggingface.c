#include "source/source_internal.h"

#include "auth/auth.h"
#include "core/text.h"

#include <string.h>

#define ENDPOINT_DEFAULT "https://huggingface.co"

const char *hub_type_folder(enum origin_kind type)
{
    return type == ORIGIN_HUB_DATASET ? "datasets" : "models";
}

/* The token is for the endpoint's origin and for nobody else. */
const char *hub_authorization(const struct huggingface *hub, const char *url)
{
    return http_same_origin(url, hub->endpoint) ? hub->authorization : NULL;
}

int hub_refuse(const struct huggingface *hub, const char *commit, const char *path,
               const struct http_response *response, struct error *err)
{
    const struct hub_question question = {
        .endpoint = hub->endpoint,
        .model = &hub->model,
        .path = path,
        .token = hub->token,
        .commit = commit,
        .is_pinned = hub->base.pinned != NULL,
    };

    return hub_refusal(&question, response, err);
}

int hub_get_document(const struct huggingface *hub, const char *url, struct http_response *response,
                     struct error *err)
{
    const struct http_request request = {
        .method = "GET",
        .url = url,
        .peer = "the hub",
        .authorization = hub_authorization(hub, url),
        .accept = "application/json",
        .body_limit = PAGE_LIMIT,
        .named_by = http_same_origin(url, hub->endpoint) ? NULL : hub->endpoint,
    };

    if (http_send(hub->http, &request, response, err) < 0)
        return error_wrap(err, "asking for the files of '%s'", hub->model.name);
    return 0;
}

/* Most often a proxy or a login page answers in the hub's place. */
int hub_blame_endpoint(const char *url, struct error *err)
{
    CLEANUP(text) char *shown = text_display_url(url);

    return error_wrap(err, "'%s' does not answer as a hub does, check HF_ENDPOINT and proxies",
                      shown);
}

void hub_format_file_url(const struct huggingface *hub, const char *commit, const char *path,
                         struct buf *out)
{
    buf_addf(out, "%s/%s%s/resolve/%s/", hub->endpoint,
             hub->model.kind == ORIGIN_HUB_DATASET ? "datasets/" : "", hub->model.name, commit);
    http_encode(out, path, "/");
}

/* Ends the complaint about a model that the hub does not have, if it has a dataset of this name. */
static int suggest_dataset(const struct huggingface *hub, struct error *err)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error ignored = ERROR_INIT; /* the complaint stands without it */
    CLEANUP(text) char *url = xasprintf("%s/api/datasets/%s", hub->endpoint, hub->model.name);
    CLEANUP(text) char *words = xstrdup(err->text);

    if (hub->model.kind != ORIGIN_HUB_MODEL || hub->base.pinned != NULL ||
        hub_get_document(hub, url, &response, &ignored) < 0 || response.status != 200)
        return -1;
    return error_set(err, err->kind, "%s; the hub has a dataset of this name: write 'datasets/%s'",
                     words, hub->model.name);
}

static int read_info(const struct huggingface *hub, struct hub_info *info, struct error *err)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(buf) struct buf url = BUF_INIT;
    const struct origin *model = &hub->model;

    buf_addf(&url, "%s/api/%s/%s/revision/", hub->endpoint, hub_type_folder(model->kind),
             model->name);
    http_encode(&url, model->revision, "");
    if (hub_get_document(hub, buf_text(&url), &response, err) < 0)
        return -1;
    if (response.status != 200) {
        hub_refuse(hub, NULL, NULL, &response, err);
        bool is_missing = response.status == 404 || response.status == 401;
        return is_missing ? suggest_dataset(hub, err) : -1;
    }
    if (hub_info_parse(response.body.data, response.body.size, info, err) < 0)
        return hub_blame_endpoint(buf_text(&url), err);
    if (info->is_disabled)
        return error_set(err, ERROR_DENIED,
                         "the hub has disabled '%s' for everyone: use another model", model->name);
    if (hub_revision_is_commit(model->revision) && strcmp(model->revision, info->commit) != 0)
        return error_set(err, ERROR_CORRUPT,
                         "the hub names the commit %s when asked for '%s' at %s, expected the same",
                         info->commit, model->name, model->revision);
    log_debug(hub->log, "'%s' is '%s' at commit %s%s%s", model->name,
              info->id != NULL ? info->id : model->name, info->commit,
              info->is_gated ? ", gated" : "", info->is_private ? ", private" : "");
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

    if (read_info(hub, &info, err) < 0 || hub_read_files(hub, &info, &listed, err) < 0)
        return -1;
    origin_copy(&hub->model, &listed.origin); /* as asked: loaders look for it under that name */
    listed.pin = xstrdup(info.commit);
    listed.license = TAKE(info.license);
    listed.license_name = TAKE(info.license_name);
    plan_card_copy(&info.card, &listed.card);
    listed.gate = info.is_gated ? PLAN_GATE_CLOSED : PLAN_GATE_OPEN;
    if (info.is_gated && try_access(source, &listed, err) < 0)
        return -1;
    plan_release(plan);
    *plan = listed;
    listed = (struct plan)PLAN_INIT;
    return 0;
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
    const struct remote remote = {
        .http = hub->http,
        .endpoint = hub->endpoint,
        .addresses = &hub->addresses,
        .source = source,
    };

    if (source_range_is_empty(range, file->size)) {
        *out = memory_reader_new("", 0); /* a range of no bytes cannot be asked for */
        return 0;
    }
    if (is_bounded && remote_open_remembered(&remote, file, range, &body, err) < 0)
        return -1;
    if (body != NULL) {
        *out = TAKE(body);
        return 0;
    }
    hub_format_file_url(hub, plan->pin, file->path, &url);
    const struct http_request request = {
        .method = "GET",
        .url = buf_text(&url),
        .peer = "the hub",
        .authorization = hub->authorization,
        .offset = range->offset,
        .length = is_bounded ? range->length : 0,
        .size = file->size,
        .cancel = range->cancel,
    };
    if (http_open(hub->http, &request, &response, &body, err) < 0)
        return -1;
    if (body == NULL && response.status == 416 && range->offset > 0) {
        *out = memory_reader_new("", 0); /* the file ends before: to be found by who verifies it */
        return 0;
    }
    if (body == NULL)
        return hub_refuse(hub, plan->pin, file->path, &response, err);
    if (is_bounded)
        remote_learn(&remote, file->path, &response);
    *out = TAKE(body);
    return 0;
}

static void huggingface_free(struct source *source)
{
    struct huggingface *hub = CONTAINER_OF(source, struct huggingface, base);

    origin_release(&hub->model);
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

int source_check_hub_endpoint(const char *name, const char *url, struct error *err)
{
    CLEANUP(text) char *endpoint = NULL;

    return source_endpoint_parse(name, url, "HF_TOKEN", ENDPOINT_DEFAULT, &endpoint, err);
}

int source_find_hub_endpoint(const struct source_context *context, char **out, struct error *err)
{
    const char *variable = getenv("HF_ENDPOINT");
    const char *named = context->hub_endpoint != NULL ? context->hub_endpoint : variable;

    return source_endpoint_parse(context->hub_endpoint != NULL ? "--hub-endpoint" : "HF_ENDPOINT",
                                 named != NULL ? named : ENDPOINT_DEFAULT, "HF_TOKEN",
                                 ENDPOINT_DEFAULT, out, err);
}

int source_open_huggingface(const struct source_context *context, const struct origin *model,
                            struct source **out, struct error *err)
{
    static const struct source_ops ops = {huggingface_list, huggingface_open, huggingface_free};
    CLEANUP(text) char *endpoint = NULL;
    CLEANUP(text) char *token = NULL;

    if (source_find_hub_endpoint(context, &endpoint, err) < 0 || auth_hub_token(&token, err) < 0)
        return -1;
    struct huggingface *hub = xcalloc(1, sizeof(*hub));
    hub->base.ops = &ops;
    hub->base.pool = context->pool;
    hub->base.cache = context->cache;
    hub->base.is_remote = true;
    hub->base.opens_unlisted = true;
    hub->base.read_flags = huggingface_read_flags;
    address_memo_init(&hub->addresses);
    hub->http = context->http;
    hub->log = context->log;
    hub->model = (struct origin){
        .kind = model->kind,
        .name = xstrdup(model->name),
        .revision = xstrdup(model->revision),
    };
    hub->endpoint = TAKE(endpoint);
    hub->authorization = token != NULL ? xasprintf("Bearer %s", token) : NULL;
    hub->token = TAKE(token);
    *out = &hub->base;
    return 0;
}
