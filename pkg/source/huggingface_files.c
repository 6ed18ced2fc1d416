#include "source/source_internal.h"

#include "core/text.h"

#include <string.h>

/* The Hub has a thousand entries on each. */
#define PAGES_MAX 2000
/* Beyond that the repo's info may name some of the files only. */
#define SIBLINGS_MAX 1000
#define REDIRECTS_MAX 10

/* The pages of a listing, as they come. */
struct pages {
    struct strings urls;    /* of those that were read */
    struct strings firsts;  /* the first file and the first folder of each */
    struct strings folders; /* on all of them */
};

static void pages_release(struct pages *pages)
{
    strings_release(&pages->urls);
    strings_release(&pages->firsts);
    strings_release(&pages->folders);
}
CLEANUP_RELEASE(pages)

/* Where the next page is, or *out NULL. */
static int choose_next(const struct huggingface *hub, const struct http_response *response,
                       struct pages *pages, const char *first, char **out, struct error *err)
{
    CLEANUP(text) char *next = NULL;

    if (listing_next_page(response, hub->endpoint, &next, err) < 0)
        return error_wrap(err, "the files of '%s'", hub->model.name);
    if (next != NULL && strings_has(&pages->urls, next))
        return error_set(err, ERROR_CORRUPT,
                         "page %zu of the files of '%s' leads back to a page that was read",
                         pages->urls.count, hub->model.name);
    if (next != NULL && strings_has(&pages->firsts, first))
        return error_set(err, ERROR_CORRUPT,
                         "page %zu of the files of '%s' begins as an earlier one, and names one "
                         "more: its pages have no end",
                         pages->urls.count, hub->model.name);
    if (next != NULL && pages->urls.count >= PAGES_MAX)
        return error_set(err, ERROR_UNSUPPORTED,
                         "the files of '%s' are on more than %d pages, the most that are read",
                         hub->model.name, PAGES_MAX);
    strings_add(&pages->firsts, first);
    *out = TAKE(next);
    return 0;
}

/* Adds what a page has; *next is NULL if it was the last one. */
static int read_page(const struct huggingface *hub, const struct http_response *response,
                     struct pages *pages, struct plan *plan, char **next, struct error *err)
{
    size_t file = plan->count;
    size_t folder = pages->folders.count;

    if (listing_page_parse(response->body.data, response->body.size, plan, &pages->folders, err) <
        0)
        return hub_blame_endpoint(pages->urls.items[pages->urls.count - 1], err);
    CLEANUP(text)
    char *first = xasprintf("%s\n%s", file < plan->count ? plan->files[file].path : "",
                            folder < pages->folders.count ? pages->folders.items[folder] : "");
    return choose_next(hub, response, pages, first, next, err);
}

/* A hub that has the repo, and says of the address of its listing that there is no such thing. */
static bool has_no_listings(const struct http_response *response)
{
    int status = response->status;

    return (status == 404 || status == 405 || status == 501) &&
           http_response_header(response, "X-Error-Code") == NULL;
}

/* Reads the listing; *known is false if the hub has none, and then nothing has been read. */
static int read_listing(const struct huggingface *hub, const struct hub_info *info,
                        struct plan *plan, bool *known, struct error *err)
{
    CLEANUP(pages) struct pages pages = {STRINGS_INIT, STRINGS_INIT, STRINGS_INIT};
    CLEANUP(text)
    char *url = xasprintf("%s/api/%s/%s/tree/%s?recursive=true&expand=false", hub->endpoint,
                          hub_type_folder(hub->model.kind), hub->model.name, info->commit);

    *known = true;
    while (url != NULL) {
        CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
        CLEANUP(text) char *next = NULL;
        strings_add(&pages.urls, url);
        if (hub_get_document(hub, url, &response, err) < 0)
            return -1;
        *known = pages.urls.count > 1 || !has_no_listings(&response);
        if (!*known)
            return 0;
        if (response.status != 200)
            return hub_refuse(hub, info->commit, NULL, &response, err);
        if (read_page(hub, &response, &pages, plan, &next, err) < 0)
            return -1;
        free(url);
        url = TAKE(next);
    }
    log_debug(hub->log, "'%s' has %zu files, listed on %zu pages", hub->model.name, plan->count,
              pages.urls.count);
    plan_sort(plan);
    return listing_check_whole(plan, hub->model.name, &pages.folders, &info->siblings, err);
}

static bool is_redirect(const struct http_response *response)
{
    return response->status >= 300 && response->status < 400 &&
           http_response_header(response, "X-Linked-Etag") == NULL &&
           http_response_header(response, "Location") != NULL;
}

/*
 * Asks about a file. A redirect to the content is the answer, since it is the hub that knows the
 * file; one to another address of the hub is followed.
 */
static int ask_head(const struct huggingface *hub, const char *file_url,
                    struct http_response *response, struct error *err)
{
    CLEANUP(text) char *url = xstrdup(file_url);

    for (unsigned hop = 0;; hop++) {
        CLEANUP(text) char *next = NULL;
        const struct http_request request = {
            .method = "HEAD",
            .url = url,
            .peer = "the hub",
            .authorization = hub_authorization(hub, url),
            .keep_redirect = true,
        };
        if (http_send(hub->http, &request, response, err) < 0)
            return -1;
        if (!is_redirect(response) || hop == REDIRECTS_MAX)
            return 0;
        if (http_resolve_url(url, http_response_header(response, "Location"), &next, err) < 0)
            return -1;
        if (!http_same_origin(next, hub->endpoint))
            return 0;
        free(url);
        url = TAKE(next);
    }
}

static int add_by_head(const struct huggingface *hub, const char *commit, const char *path,
                       struct plan *plan, struct error *err)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(buf) struct buf url = BUF_INIT;
    CLEANUP(text) char *name = xstrdup(path);
    struct plan_file file = {.path = name};

    hub_format_file_url(hub, commit, path, &url);
    if (ask_head(hub, buf_text(&url), &response, err) < 0)
        return error_wrap(err, "asking for '%s' of '%s'", path, hub->model.name);
    if (response.status >= 400)
        return hub_refuse(hub, commit, path, &response, err);
    if (hub_head_parse(&response, commit, &file, err) < 0)
        return error_wrap(err,
                          "the hub at '%s' has no lists of files, so that only its answer for '%s' "
                          "of '%s' could tell",
                          hub->endpoint, path, hub->model.name);
    plan_add(plan, &file);
    return 0;
}

static int read_siblings(const struct huggingface *hub, const struct hub_info *info,
                         struct plan *plan, struct error *err)
{
    const struct strings *siblings = &info->siblings;

    if (siblings->count == 0)
        return error_set(
            err, ERROR_UNSUPPORTED,
            "the hub at '%s' has '%s', but neither lists its files (/api/%s/…/tree) nor "
            "names them in the repo's info: use another hub or mirror",
            hub->endpoint, hub->model.name, hub_type_folder(hub->model.kind));
    if (siblings->count > SIBLINGS_MAX)
        return error_set(err, ERROR_UNSUPPORTED,
                         "the hub at '%s' has no lists of files, and the info of '%s' names %zu, "
                         "beyond %d of which it may not be whole: use another hub or mirror",
                         hub->endpoint, hub->model.name, siblings->count, SIBLINGS_MAX);
    log_debug(hub->log, "the hub has no lists of files, asking for each of the %zu of '%s'",
              siblings->count, hub->model.name);
    for (size_t i = 0; i < siblings->count; i++)
        if (add_by_head(hub, info->commit, siblings->items[i], plan, err) < 0)
            return -1;
    plan_sort(plan);
    return 0;
}

int hub_read_files(const struct huggingface *hub, const struct hub_info *info, struct plan *plan,
                   struct error *err)
{
    bool known;

    if (read_listing(hub, info, plan, &known, err) < 0)
        return -1;
    return known ? 0 : read_siblings(hub, info, plan, err);
}
