#include "source/modelscope_internal.h"

#include "core/text.h"

#include <string.h>

#define ENDPOINT_DEFAULT "https://modelscope.cn"
#define TOKEN_VARIABLE "MODELSCOPE_API_TOKEN"
/* What a repo of LISTING_FILES_MAX files in folders of a sensible size takes. */
#define PAGES_MAX 2000
#define STATUS_OK 200
#define STATUS_UNAUTHORIZED 401
#define STATUS_FORBIDDEN 403
#define STATUS_NOT_FOUND 404
#define STATUS_RANGE 416

/* A model at modelscope.cn, by the API that its Python clients use (/api/v1). */
struct modelscope {
    struct source base;
    struct http *http;     /* borrowed */
    const struct log *log; /* borrowed, may be NULL */
    struct origin model;
    struct address_memo addresses;
    char *endpoint;      /* without a '/' at its end */
    char *authorization; /* a secret; NULL: none; what newer parts of the service want */
    char *cookie;        /* the same, for the older ones */
    bool offline;
};

static bool has_token(const struct modelscope *modelscope)
{
    return modelscope->authorization != NULL;
}

/* Turns an answer into an error a person can act on. `path` is the file, or NULL. Returns -1. */
static int refuse(const struct modelscope *modelscope, const char *path,
                  const struct http_request *request, const struct http_response *response,
                  struct error *err)
{
    struct http_request wanted = *request;
    const char *name = modelscope->model.name;
    int status = response->status;
    bool is_denied = status == STATUS_UNAUTHORIZED || status == STATUS_FORBIDDEN;

    wanted.expect = HTTP_EXPECT(STATUS_OK);
    if (http_check(&wanted, response, err) == 0)
        return error_set(err, ERROR_INTERNAL, "status %d is no refusal", status);
    if (!http_same_origin(response->url, modelscope->endpoint)) {
        if (is_denied) /* signed addresses expire, and ModelScope gives a new one */
            err->kind = ERROR_UNREACHABLE;
        return -1;
    }
    if (is_denied && has_token(modelscope))
        return error_wrap(err, "the token in " TOKEN_VARIABLE " may not read '%s', or is not valid",
                          name);
    if (is_denied)
        return error_wrap(
            err,
            "'%s' does not exist, or is private: check the name, or set " TOKEN_VARIABLE
            " to a token that may read it",
            name);
    if (status == STATUS_NOT_FOUND && path != NULL)
        return error_wrap(err, "'%s' has no file '%s' at revision '%s'", name, path,
                          modelscope->model.revision);
    if (status == STATUS_NOT_FOUND) {
        CLEANUP(text) char *asked = origin_format(&modelscope->model);
        return error_wrap(err, "ModelScope has no '%s', or keeps it private: check the name%s",
                          asked, has_token(modelscope) ? "" : ", or set " TOKEN_VARIABLE);
    }
    return -1;
}

/* Asks for a document; a status other than 200 is refused. */
static int get_document(const struct modelscope *modelscope, const char *url,
                        struct http_response *response, struct error *err)
{
    const struct http_request request = {
        .method = "GET",
        .url = url,
        .peer = "the hub",
        .authorization = modelscope->authorization,
        .cookie = modelscope->cookie,
        .body_limit = PAGE_LIMIT,
    };

    if (http_send(modelscope->http, &request, response, err) < 0)
        return error_wrap(err, "asking for the files of '%s'", modelscope->model.name);
    return response->status == STATUS_OK ? 0 : refuse(modelscope, NULL, &request, response, err);
}

/* What is no answer of ModelScope comes most often from a proxy or a login page. */
static int blame(const struct modelscope *modelscope, struct error *err)
{
    if (err->kind != ERROR_CORRUPT)
        return error_wrap(err, "asking for '%s'", modelscope->model.name);
    CLEANUP(text) char *shown = text_display_url(modelscope->endpoint);
    return error_wrap(err,
                      "'%s' does not answer as ModelScope does, check MODELSCOPE_ENDPOINT and "
                      "proxies",
                      shown);
}

/* What is to be listed. */
struct listing {
    const char *revision;
    const char *folder; /* "": the repo's root */
    bool recursive;
};

/* The files go to the end of `plan`. */
static int read_page(const struct modelscope *modelscope, const struct listing *listing,
                     struct plan *plan, struct modelscope_page *page, struct error *err)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(buf) struct buf url = BUF_INIT;

    buf_addf(&url, "%s/api/v1/models/%s/repo/files?Revision=", modelscope->endpoint,
             modelscope->model.name);
    http_encode(&url, listing->revision, "");
    /* In capitals alone: another spelling is taken for none. */
    buf_addf(&url, "&Recursive=%s", listing->recursive ? "True" : "False");
    if (listing->folder[0] != '\0') {
        buf_add_text(&url, "&Root=");
        http_encode(&url, listing->folder, "");
    }
    if (get_document(modelscope, buf_text(&url), &response, err) < 0)
        return -1;
    if (modelscope_page_parse(response.body.data, response.body.size, plan, page, err) < 0)
        return blame(modelscope, err);
    return 0;
}

static int check_revision(const struct modelscope *modelscope, struct error *err)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(strings) struct strings names = STRINGS_INIT;
    CLEANUP(buf) struct buf list = BUF_INIT;
    const struct origin *model = &modelscope->model;
    CLEANUP(text)
    char *url = xasprintf("%s/api/v1/models/%s/revisions", modelscope->endpoint, model->name);

    if (get_document(modelscope, url, &response, err) < 0)
        return -1;
    if (modelscope_revisions_parse(response.body.data, response.body.size, &names, err) < 0)
        return blame(modelscope, err);
    if (strings_has(&names, model->revision))
        return 0;
    for (size_t i = 0; i < names.count && i < 20; i++)
        buf_addf(&list, "%s'%s'", i > 0 ? ", " : "", names.items[i]);
    return error_set(err, ERROR_NOT_FOUND,
                     "'%s' has no revision '%s'; there is %s, and a commit is named by its %d "
                     "digits",
                     model->name, model->revision, names.count > 0 ? buf_text(&list) : "none",
                     GIT_OID_HEX);
}

/* The API does not tell the commit if no file stands as it left it; git's own always does. */
static int ask_git(const struct modelscope *modelscope, const char *short_commit,
                   char commit[GIT_OID_HEX + 1], struct error *err)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    const struct origin *model = &modelscope->model;
    CLEANUP(text)
    char *url =
        xasprintf("%s/%s.git/info/refs?service=git-upload-pack", modelscope->endpoint, model->name);

    if (get_document(modelscope, url, &response, err) == 0 &&
        git_refs_find(response.body.data, response.body.size, model->revision, commit) &&
        text_starts_with(commit, short_commit))
        return 0;
    if (err->kind == ERROR_CANCELED || err->kind == ERROR_UNREACHABLE)
        return -1;
    error_release(err);
    return error_set(err, ERROR_UNSUPPORTED,
                     "ModelScope does not tell the commit of '%s' at revision '%s' in full ('%s'), "
                     "and git at '%s' neither; name it: ms://%s@COMMIT",
                     model->name, model->revision, short_commit, modelscope->endpoint, model->name);
}

static int find_commit(const struct modelscope *modelscope, char commit[GIT_OID_HEX + 1],
                       struct error *err)
{
    CLEANUP(modelscope_page) struct modelscope_page page = MODELSCOPE_PAGE_INIT;
    CLEANUP(plan) struct plan unused = PLAN_INIT; /* the branch may have moved by now */
    const char *revision = modelscope->model.revision;
    const struct listing all = {.revision = revision, .folder = "", .recursive = true};

    if (hub_revision_is_commit(revision)) {
        memcpy(commit, revision, GIT_OID_HEX + 1);
        return 0;
    }
    if (check_revision(modelscope, err) < 0 || read_page(modelscope, &all, &unused, &page, err) < 0)
        return -1;
    if (page.commit[0] == '\0')
        return ask_git(modelscope, page.short_commit, commit, err);
    memcpy(commit, page.commit, sizeof(page.commit));
    return 0;
}

static int check_page(const struct modelscope *modelscope, const char *commit,
                      const struct modelscope_page *page, struct error *err)
{
    const char *named = page->commit[0] != '\0' ? page->commit : page->short_commit;

    if (text_starts_with(commit, named))
        return 0;
    return error_set(err, ERROR_CORRUPT,
                     "ModelScope lists the commit %s when asked for '%s' at %s, expected the same",
                     named, modelscope->model.name, commit);
}

/* A listing that may have been cut off is asked for anew, folder by folder. */
static int read_folder(const struct modelscope *modelscope, const char *commit, const char *folder,
                       struct plan *plan, struct strings *queue, struct error *err)
{
    CLEANUP(modelscope_page) struct modelscope_page page = MODELSCOPE_PAGE_INIT;
    CLEANUP(plan) struct plan part = PLAN_INIT;
    struct listing listing = {.revision = commit, .folder = folder, .recursive = true};

    if (read_page(modelscope, &listing, &part, &page, err) < 0 ||
        (folder[0] == '\0' && check_page(modelscope, commit, &page, err) < 0))
        return -1;
    if (page.count >= MODELSCOPE_PAGE_ENTRIES) {
        plan_release(&part);
        part = (struct plan)PLAN_INIT;
        modelscope_page_release(&page);
        listing.recursive = false;
        if (read_page(modelscope, &listing, &part, &page, err) < 0)
            return -1;
        if (page.count >= MODELSCOPE_PAGE_ENTRIES)
            return error_set(err, ERROR_UNSUPPORTED,
                             "the folder '%s' of '%s' has more than the %d files that ModelScope "
                             "lists",
                             folder, modelscope->model.name, MODELSCOPE_PAGE_ENTRIES - 1);
        strings_add_all(queue, &page.folders);
    }
    for (size_t i = 0; i < part.count; i++)
        plan_add(plan, &part.files[i]);
    return 0;
}

static int read_files(const struct modelscope *modelscope, const char *commit, struct plan *plan,
                      struct error *err)
{
    CLEANUP(strings) struct strings queue = STRINGS_INIT;

    strings_add(&queue, "");
    for (size_t i = 0; i < queue.count; i++) {
        if (i == PAGES_MAX || plan->count > LISTING_FILES_MAX)
            return error_set(err, ERROR_UNSUPPORTED,
                             "'%s' has more files than are read, %d in %d folders",
                             modelscope->model.name, LISTING_FILES_MAX, PAGES_MAX);
        CLEANUP(text) char *folder = xstrdup(queue.items[i]);
        if (read_folder(modelscope, commit, folder, plan, &queue, err) < 0)
            return -1;
    }
    plan_sort(plan);
    return 0;
}

static int modelscope_list(struct source *source, struct plan *plan, struct error *err)
{
    const struct modelscope *modelscope = CONTAINER_OF(source, struct modelscope, base);
    CLEANUP(plan) struct plan listed = PLAN_INIT;
    char commit[GIT_OID_HEX + 1];

    if (modelscope->offline)
        return source_refuse_offline(&modelscope->model, err);
    if (find_commit(modelscope, commit, err) < 0 ||
        read_files(modelscope, commit, &listed, err) < 0)
        return -1;
    log_debug(modelscope->log, "'%s' is at commit %s, %zu files", modelscope->model.name, commit,
              listed.count);
    origin_copy(&modelscope->model, &listed.origin);
    listed.pin = xstrdup(commit);
    plan_release(plan);
    *plan = listed;
    listed = (struct plan)PLAN_INIT;
    return 0;
}

static struct remote remote_of(struct modelscope *modelscope)
{
    return (struct remote){
        .http = modelscope->http,
        .endpoint = modelscope->endpoint,
        .addresses = &modelscope->addresses,
        .source = &modelscope->base,
    };
}

static void format_file_url(const struct modelscope *modelscope, const char *commit,
                            const char *path, struct buf *out)
{
    buf_addf(out, "%s/api/v1/models/%s/repo?Revision=%s&FilePath=", modelscope->endpoint,
             modelscope->model.name, commit);
    http_encode(out, path, "");
}

/* Asks the service itself, which gives the content or sends us to where it is. */
static int open_at_endpoint(struct modelscope *modelscope, const struct plan *plan,
                            const struct plan_file *file, const struct source_range *range,
                            struct reader **body, struct error *err)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(buf) struct buf url = BUF_INIT;
    const struct remote remote = remote_of(modelscope);
    bool is_bounded = range->length != SIZE_UNKNOWN;

    format_file_url(modelscope, plan->pin, file->path, &url);
    const struct http_request request = {
        .method = "GET",
        .url = buf_text(&url),
        .peer = "the hub",
        .authorization = modelscope->authorization,
        .cookie = modelscope->cookie,
        .offset = range->offset,
        .length = is_bounded ? range->length : 0,
        .size = file->size,
        .cancel = range->cancel,
    };
    if (http_open(modelscope->http, &request, &response, body, err) < 0)
        return -1;
    if (*body == NULL && response.status == STATUS_RANGE && range->offset > 0) {
        *body = memory_reader_new("", 0); /* ends before: to be found by who verifies it */
        return 0;
    }
    if (*body == NULL)
        return refuse(modelscope, file->path, &request, &response, err);
    if (is_bounded)
        remote_learn(&remote, file->path, &response);
    return 0;
}

static int modelscope_open(struct source *source, const struct plan *plan,
                           const struct plan_file *file, const struct source_range *range,
                           struct reader **out, struct error *err)
{
    struct modelscope *modelscope = CONTAINER_OF(source, struct modelscope, base);
    CLEANUP(reader) struct reader *body = NULL;
    const struct remote remote = remote_of(modelscope);

    /* Its own clients do not ask for empty files either. */
    if (source_range_is_empty(range, file->size) || file->size == 0) {
        *out = memory_reader_new("", 0);
        return 0;
    }
    if (modelscope->offline)
        return source_refuse_offline(&modelscope->model, err);
    if (range->length != SIZE_UNKNOWN &&
        remote_open_remembered(&remote, file, range, &body, err) < 0)
        return -1;
    if (body == NULL && open_at_endpoint(modelscope, plan, file, range, &body, err) < 0)
        return -1;
    *out = TAKE(body);
    return 0;
}

static void free_secret(char *secret)
{
    if (secret != NULL)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

static void modelscope_free(struct source *source)
{
    struct modelscope *modelscope = CONTAINER_OF(source, struct modelscope, base);

    origin_release(&modelscope->model);
    address_memo_release(&modelscope->addresses);
    free(modelscope->endpoint);
    free_secret(modelscope->authorization);
    free_secret(modelscope->cookie);
    free(modelscope);
}

/* In the order of the Python clients, which take a bare host for an https one. */
static int read_endpoint(char **out, struct error *err)
{
    static const char *const names[] = {"MODELSCOPE_ENDPOINT", "MODELSCOPE_DOMAIN"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const char *value = getenv(names[i]);
        if (value == NULL || *value == '\0')
            continue;
        CLEANUP(text)
        char *url = xasprintf("%s%s", strstr(value, "://") == NULL ? "https://" : "", value);
        return source_endpoint_parse(names[i], url, TOKEN_VARIABLE, ENDPOINT_DEFAULT, out, err);
    }
    *out = xstrdup(ENDPOINT_DEFAULT);
    return 0;
}

/*
 * A model of ModelScope at MODELSCOPE_ENDPOINT, else MODELSCOPE_DOMAIN (https://modelscope.cn if
 * both are unset or empty), with the token in MODELSCOPE_API_TOKEN. Makes no request. The plan's
 * digests are SHA-256. ERROR_USAGE for an endpoint that is not an http(s) URL.
 */
int source_open_modelscope(const struct source_context *context, const struct origin *model,
                           struct source **out, struct error *err)
{
    static const struct source_ops ops = {modelscope_list, modelscope_open, modelscope_free};
    CLEANUP(text) char *endpoint = NULL;
    const char *token = getenv(TOKEN_VARIABLE);

    if (read_endpoint(&endpoint, err) < 0)
        return -1;
    struct modelscope *modelscope = xcalloc(1, sizeof(*modelscope));
    modelscope->base.ops = &ops;
    modelscope->base.pool = context->pool;
    modelscope->base.is_remote = true;
    modelscope->base.opens_unlisted = true;
    modelscope->base.cache = context->cache;
    address_memo_init(&modelscope->addresses);
    modelscope->http = context->http;
    modelscope->log = context->log;
    modelscope->offline = context->offline;
    origin_copy(model, &modelscope->model);
    modelscope->endpoint = TAKE(endpoint);
    if (token != NULL && *token != '\0') {
        modelscope->authorization = xasprintf("Bearer %s", token);
        modelscope->cookie = xasprintf("m_session_id=%s", token);
    }
    *out = &modelscope->base;
    return 0;
}
