#include "store/registry_internal.h"

#include "oci/media_type.h"
#include "oci/member.h"

#include <string.h>

#define STATUS_OK 200
#define STATUS_NOT_IMPLEMENTED 501
#define STATUS_SERVER_ERROR 500
/* An image has a few. What goes on without end is not read to its end. */
#define PAGES_MAX 1000
#define ENTRIES_MAX 100000
#define BYTES_MAX (16 * DOCUMENT_LIMIT)

/* application/vnd.in-toto+json as the value of a query. */
static char *encode_type(const char *media_type)
{
    CLEANUP(buf) struct buf out = BUF_INIT;

    for (; *media_type != '\0'; media_type++) {
        if (*media_type == '+' || *media_type == '/')
            buf_addf(&out, "%%%02X", (unsigned)*media_type);
        else
            buf_add(&out, media_type, 1);
    }
    return buf_take(&out);
}

/* Some answer with a page for people: only an index says that there is such a list. */
static json_t *index_of(const struct http_response *response)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* then there is no list */
    const char *type = http_response_header(response, "Content-Type");
    json_t *index = NULL;

    if (response->status != STATUS_OK || type == NULL ||
        !text_starts_with(type, MEDIA_TYPE_OCI_INDEX) ||
        oci_index_parse(&response->body, &index, &ignored) < 0)
        return NULL;
    return index;
}

/* *out is NULL if the answer is no list. */
static int read_page(struct registry *registry, const char *url, struct http_response *response,
                     json_t **out, struct error *err)
{
    const struct http_request request = {
        .method = "GET",
        .url = url,
        .accept = MEDIA_TYPE_OCI_INDEX,
        .body_limit = DOCUMENT_LIMIT,
        .keep_redirect = true, /* to a page for people */
    };
    if (registry_send(registry, &request, response, err) < 0)
        return -1;
    if (response->status >= STATUS_SERVER_ERROR && response->status != STATUS_NOT_IMPLEMENTED) {
        registry_refuse(response, err);
        return -1;
    }
    *out = index_of(response);
    return 0;
}

/* Where the list goes on: *url becomes NULL behind the last page. A login is for this host alone.
 */
static int find_next(const struct http_response *response, char **url, struct error *err)
{
    CLEANUP(text) char *here = TAKE(*url);
    CLEANUP(text) char *link = http_find_link(response, "next");
    CLEANUP(text) char *next = NULL;

    if (link == NULL)
        return 0;
    if (http_resolve_url(here, link, &next, err) < 0)
        return error_wrap(err, "the link to the next page");
    if (!http_same_origin(next, here))
        return error_set(err, ERROR_CORRUPT,
                         "the list goes on at '%.300s', expected a page of the same host", next);
    *url = TAKE(next);
    return 0;
}

/* The pages behind the first one, whose entries are added to it. */
static int add_pages(struct registry *registry, char **url, json_t *entries, struct error *err)
{
    size_t bytes = 0;

    for (size_t pages = 1; *url != NULL; pages++) {
        CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
        json_auto_t *page = NULL;
        if (pages == PAGES_MAX || json_array_size(entries) > ENTRIES_MAX)
            return error_set(err, ERROR_CORRUPT,
                             "the list does not end: %zu pages with %zu entries, expected %d and "
                             "%d at most",
                             pages, json_array_size(entries), PAGES_MAX, ENTRIES_MAX);
        if (read_page(registry, *url, &response, &page, err) < 0)
            return -1;
        if (page == NULL)
            return error_set(err, ERROR_CORRUPT,
                             "page %zu of the list is no index (status %d), though the page before "
                             "names it",
                             pages + 1, response.status);
        bytes += response.body.size;
        if (bytes > BYTES_MAX)
            return error_set(err, ERROR_CORRUPT, "the list is longer than %zu MiB after %zu pages",
                             BYTES_MAX / MIB, pages + 1);
        if (json_array_extend(entries, json_object_get(page, "manifests")) < 0)
            out_of_memory();
        if (find_next(&response, url, err) < 0)
            return -1;
    }
    return 0;
}

int registry_list_referrers(struct store *store, const struct digest *subject,
                            const char *artifact_type, json_t **out, struct error *err)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    struct registry *registry = registry_of(store);
    CLEANUP(text) char *type = encode_type(artifact_type);
    CLEANUP(text)
    char *path = xasprintf("referrers/%s?artifactType=%s", digest_format(subject).text, type);
    CLEANUP(text) char *url = NULL;
    json_auto_t *list = NULL;

    if (registry_format_url(registry, path, &url, err) < 0)
        return -1;
    if (read_page(registry, url, &response, &list, err) < 0)
        return error_wrap(err, "asking '%s' what is said of an image", store->name);
    if (list == NULL)
        log_debug(registry->log, "'%s' keeps no list of referrers (status %d)", store->name,
                  response.status);
    else if (find_next(&response, &url, err) < 0 ||
             add_pages(registry, &url, json_object_get(list, "manifests"), err) < 0)
        return error_wrap(err, "asking '%s' what is said of an image", store->name);
    *out = list;
    list = NULL;
    return 0;
}

void registry_learn_subject(struct registry *registry, const struct http_response *response)
{
    if (http_response_header(response, "OCI-Subject") == NULL)
        return;
    pthread_mutex_lock(&registry->lock);
    registry->quirks.lists_referrers = true;
    pthread_mutex_unlock(&registry->lock);
}

static bool lists_referrers(struct registry *registry)
{
    pthread_mutex_lock(&registry->lock);
    bool lists = registry->quirks.lists_referrers;
    pthread_mutex_unlock(&registry->lock);
    return lists;
}

int registry_write_referrer(struct store *store, const struct digest *subject, const json_t *entry,
                            const struct buf *manifest, bool *is_listed, struct error *err)
{
    struct registry *registry = registry_of(store);
    const char *version = member_text(entry, "digest");
    const char *type = member_text(entry, "artifactType");
    json_auto_t *list = NULL;

    if (registry_write_manifest(store, version, MEDIA_TYPE_OCI_MANIFEST, manifest, err) < 0)
        return -1;
    /* It says that it has understood; one that does not may have the list all the same. */
    if (!lists_referrers(registry) && registry_list_referrers(store, subject, type, &list, err) < 0)
        return -1;
    *is_listed = list != NULL || lists_referrers(registry);
    return 0;
}
