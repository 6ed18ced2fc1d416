#include "store/registry_internal.h"

#include "oci/media_type.h"
#include "oci/member.h"

#include <inttypes.h>
#include <string.h>

#define STATUS_OK 200
#define STATUS_UNAUTHORIZED 401
#define STATUS_FORBIDDEN 403
#define STATUS_NOT_FOUND 404
#define STATUS_NOT_ALLOWED 405
#define STATUS_RANGE 416
#define STATUS_NOT_IMPLEMENTED 501
#define TAGS_LIMIT ((size_t)4 * MIB)
#define TAGS_TOLD 20

/* The type without parameters, in lower case; empty if there is none. The caller frees it. */
static char *copy_media_type(const struct http_response *response)
{
    const char *value = http_response_header(response, "Content-Type");

    if (value == NULL)
        return xstrdup("");
    char *type = xstrndup(value, strcspn(value, "; \t"));
    for (char *at = type; *at != '\0'; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
    return type;
}

/* Many services answer alike for what is not there and for what may not be seen. */
static int refuse_read(struct registry *registry, const char *what,
                       const struct http_response *response, struct error *err)
{
    bool is_denied =
        response->status == STATUS_UNAUTHORIZED || response->status == STATUS_FORBIDDEN;

    registry_refuse(response, err);
    if (response->status == STATUS_NOT_FOUND)
        return error_wrap(err, "'%s' has no %s", registry->base.name, what);
    if (!is_denied)
        return error_wrap(err, "reading %s of '%s'", what, registry->base.name);
    error_wrap(err, "%s of '%s' cannot be read: it does not exist, or it is private", what,
               registry->base.name);
    return registry_add_identity(registry, err);
}

int registry_tags_parse(const struct buf *body, struct strings *out, struct error *err)
{
    json_auto_t *json = NULL;
    size_t i;
    json_t *tag;

    if (json_from_buf(body, "the list of tags", &json, err) < 0)
        return -1;
    const json_t *tags = member_get(json, "tags");
    if (!json_is_array(tags) && !json_is_null(tags))
        return error_set(err, ERROR_CORRUPT, "the list of tags has no 'tags'");
    json_array_foreach(tags, i, tag)
    {
        const char *text = json_text(tag);
        if (text != NULL && reference_is_tag(text))
            strings_add(out, text);
    }
    return 0;
}

static int read_tags(struct registry *registry, struct strings *out, struct error *err)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(text) char *url = NULL;

    if (registry_format_url(registry, "tags/list?n=1000", &url, err) < 0)
        return -1;
    struct http_request request = {
        .method = "GET",
        .url = url,
        .body_limit = TAGS_LIMIT,
        .expect = HTTP_EXPECT(STATUS_OK),
        .no_retry = true,
    };
    if (registry_send(registry, &request, &response, err) < 0)
        return -1;
    return registry_tags_parse(&response.body, out, err);
}

/* Ends the complaint about an unknown tag with those there are, if the registry likes to tell. */
static int add_tags(struct registry *registry, const char *version, struct error *err)
{
    CLEANUP(strings) struct strings tags = STRINGS_INIT;
    CLEANUP(error) struct error ignored = ERROR_INIT; /* the complaint stands without them */
    CLEANUP(buf) struct buf list = BUF_INIT;

    if (read_tags(registry, &tags, &ignored) < 0) {
        log_debug(registry->log, "asking for the tags of '%s': %s", registry->base.name,
                  ignored.text);
        return -1;
    }
    for (size_t i = 0; i < tags.count && i < TAGS_TOLD; i++)
        buf_addf(&list, "%s'%s'", i > 0 ? ", " : "", tags.items[i]);
    if (tags.count > TAGS_TOLD)
        buf_addf(&list, " and %zu more", tags.count - TAGS_TOLD);
    CLEANUP(text) char *words = xstrdup(err->text);
    CLEANUP(text) char *near = version_format_near(version, &tags);
    if (tags.count == 0)
        return error_set(err, err->kind, "%s; it has no tags", words);
    return error_set(err, err->kind, "%s%s; there is %s", words, near, buf_text(&list));
}

/* Asks for a version; what the registry refuses is explained. */
static int get_manifest(struct registry *registry, const char *version,
                        struct http_response *response, struct error *err)
{
    CLEANUP(text) char *path = xasprintf("manifests/%s", version);
    CLEANUP(text) char *name = xasprintf("image '%s'", version);
    CLEANUP(text) char *url = NULL;
    struct digest digest;

    if (registry_format_url(registry, path, &url, err) < 0)
        return -1;
    struct http_request request = {
        .method = "GET",
        .url = url,
        .accept = MEDIA_TYPES_MANIFEST,
        .body_limit = DOCUMENT_LIMIT,
    };
    if (registry_send(registry, &request, response, err) < 0)
        return error_wrap(err, "reading %s of '%s'", name, registry->base.name);
    if (response->status == STATUS_OK)
        return 0;
    refuse_read(registry, name, response, err);
    bool may_explain = response->status == STATUS_NOT_FOUND && !registry->is_target;
    return may_explain && !version_is_digest(version, &digest) ? add_tags(registry, version, err)
                                                               : -1;
}

/*
 * The answer for a tag says of itself that it is something else. Either what is on the way has
 * changed the bytes, and then those of the digest are what the tag shows; or the registry names a
 * digest that it does not have, as some do, and then it has said nothing.
 */
static int resolve_difference(struct registry *registry, const char *version,
                              struct http_response *response, struct error *err)
{
    CLEANUP(http_response) struct http_response named = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error why = ERROR_INIT;
    CLEANUP(text) char *text = xstrdup(http_response_header(response, "Docker-Content-Digest"));
    struct digest digest = DIGEST_INIT;

    if (!version_is_digest(text, &digest))
        return 0;
    struct digest found =
        digest_of(digest.algorithm, buf_text(&response->body), response->body.size);
    if (get_manifest(registry, text, &named, &why) < 0) {
        if (why.kind != ERROR_NOT_FOUND)
            return error_move(err, &why);
        log_debug(registry->log, "'%s' of '%s' is said to be '%s', which is not there", version,
                  registry->base.name, text);
        return 0;
    }
    struct digest other = digest_of(digest.algorithm, buf_text(&named.body), named.body.size);
    if (!digest_equal(&other, &digest))
        return error_set(err, ERROR_CORRUPT,
                         "the registry says that '%s' is %s, and the bytes have the digest %s; "
                         "something on the way changes them",
                         version, text, digest_format(&found).text);
    log_debug(registry->log, "'%s' of '%s' was changed on the way; it is read as '%s'", version,
              registry->base.name, text);
    http_response_release(response);
    *response = named;
    named = (struct http_response)HTTP_RESPONSE_INIT;
    return 0;
}

int registry_read_manifest(struct store *store, const char *version, struct buf *out,
                           struct descriptor *what, struct error *err)
{
    struct registry *registry = registry_of(store);
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error difference = ERROR_INIT;
    struct digest digest = DIGEST_INIT;

    if (registry_check_version(registry, version, &digest, err) < 0 ||
        get_manifest(registry, version, &response, err) < 0)
        return -1;
    struct digest found = digest_of(DIGEST_SHA256, buf_text(&response.body), response.body.size);
    if (digest.algorithm == DIGEST_NONE &&
        registry_check_digest(&response, &found, &difference) < 0 &&
        resolve_difference(registry, version, &response, err) < 0)
        return error_wrap(err, "reading image '%s' of '%s'", version, store->name);
    CLEANUP(text) char *media_type = copy_media_type(&response);
    if (version_describe(&response.body, media_type, &digest, what, err) < 0)
        return error_wrap(err, "reading image '%s' of '%s'", version, store->name);
    buf_release(out);
    *out = response.body;
    response.body = (struct buf)BUF_INIT;
    return 0;
}

/* A whole blob must be announced with its size, if it is announced at all. */
static int check_length(const struct http_response *response, const struct descriptor *blob,
                        struct error *err)
{
    const char *text = http_response_header(response, "Content-Length");
    CLEANUP(error) struct error ignored = ERROR_INIT; /* not a number: the reader will tell */
    uint64_t length = 0;

    if (text == NULL || parse_u64(text, UINT64_MAX, &length, &ignored) < 0 || length == blob->size)
        return 0;
    return error_set(err, ERROR_CORRUPT,
                     "blob '%s' has %" PRIu64 " bytes, its descriptor says %" PRIu64,
                     digest_format(&blob->digest).text, length, blob->size);
}

int registry_open_part(struct registry *registry, const struct descriptor *blob,
                       const struct blob_part *part, struct reader **out, struct error *err)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(reader) struct reader *body = NULL;
    struct digest_text text = digest_format(&blob->digest);
    CLEANUP(text) char *path = xasprintf("blobs/%s", text.text);
    CLEANUP(text) char *name = xasprintf("blob '%s'", text.text);
    CLEANUP(text) char *url = NULL;
    struct registry_scope scope;

    bool is_whole = part->offset == 0 && part->length == SIZE_UNKNOWN;
    if (!is_whole &&
        (part->length == 0 || part->offset >= blob->size)) { /* a range must not be empty */
        *out = memory_reader_new("", 0);
        return 0;
    }
    if (registry_format_url(registry, path, &url, err) < 0 ||
        registry_scope_init(registry, NULL, &scope, err) < 0)
        return -1;
    struct http_request request = {
        .method = "GET",
        .url = url,
        .peer = "the registry",
        .offset = part->offset,
        .length = part->length != SIZE_UNKNOWN ? part->length : 0,
        .size = blob->size,
    };
    if (auth_open(registry->auth, &scope.scope, &request, &response, &body, err) < 0)
        return error_wrap(err, "reading %s of '%s'", name, registry->base.name);
    if (body == NULL)
        return refuse_read(registry, name, &response, err);
    if (is_whole && check_length(&response, blob, err) < 0)
        return error_wrap(err, "'%s'", registry->base.name);
    if (part->offset > 0 && !part->is_rest && response.status == STATUS_OK) /* all before it, too */
        return error_set(err, ERROR_UNSUPPORTED, "'%s' does not give parts of a blob",
                         registry->base.name);
    *out = TAKE(body);
    return 0;
}

/* A redirect to where the bytes are means that the registry has them. */
static bool says_there(int status)
{
    return status == STATUS_OK || status == 302 || status == 303 || status == 307;
}

/* Not every registry has HEAD, and some answer it with 404 whatever is there. */
static bool may_lack_head(int status)
{
    return status == STATUS_NOT_FOUND || status == STATUS_NOT_ALLOWED ||
           status == STATUS_NOT_IMPLEMENTED;
}

/*
 * Asks for one byte, wherever that leads: a redirect alone says little, since some come from a
 * proxy that does not know what is there. An empty blob has no such range. What cannot be asked is
 * taken for missing.
 */
static int ask_by_get(struct registry *registry, const char *url, bool *out, struct error *err)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(reader) struct reader *body = NULL; /* not read: it may be all of the blob */
    struct registry_scope scope;
    struct http_request request = {.method = "GET", .url = url, .length = 1, .no_retry = true};

    *out = false;
    if (registry_scope_init(registry, NULL, &scope, err) < 0)
        return -1;
    if (auth_open(registry->auth, &scope.scope, &request, &response, &body, err) < 0) {
        if (err->kind == ERROR_CANCELED)
            return -1;
        log_debug(registry->log, "asking for a blob by GET: %s", err->text);
        error_release(err);
        return 0;
    }
    *out = body != NULL || response.status == STATUS_RANGE;
    return 0;
}

static int ask_by_head(struct registry *registry, const char *url, int *status, struct error *err)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    struct http_request request = {.method = "HEAD", .url = url, .keep_redirect = true};

    if (registry_send(registry, &request, &response, err) < 0)
        return -1;
    *status = response.status;
    return 0;
}

static struct registry_quirks copy_quirks(struct registry *registry)
{
    pthread_mutex_lock(&registry->lock);
    struct registry_quirks quirks = registry->quirks;
    pthread_mutex_unlock(&registry->lock);
    return quirks;
}

static void learn_head(struct registry *registry, bool works)
{
    pthread_mutex_lock(&registry->lock);
    registry->quirks.is_head_confirmed = works;
    registry->quirks.refuses_head = !works;
    pthread_mutex_unlock(&registry->lock);
}

/*
 * By HEAD, which what stands behind a redirect may refuse; and by GET for as long as HEAD has not
 * shown that it finds anything.
 */
static int look_for_blob(struct registry *registry, const char *url, bool *out, struct error *err)
{
    struct registry_quirks quirks = copy_quirks(registry);
    int status = STATUS_NOT_ALLOWED;

    if (!quirks.refuses_head && ask_by_head(registry, url, &status, err) < 0)
        return -1;
    *out = says_there(status);
    if (*out && !quirks.is_head_confirmed)
        learn_head(registry, true);
    if (*out || quirks.is_head_confirmed || !may_lack_head(status))
        return 0;
    if (ask_by_get(registry, url, out, err) < 0)
        return -1;
    if (*out && !quirks.refuses_head)
        learn_head(registry, false);
    return 0;
}

/* Any refusal means no: then the blob is sent, and the answer to that tells why. */
int registry_has_blob(struct store *store, const struct descriptor *blob, bool *out,
                      struct error *err)
{
    struct registry *registry = registry_of(store);
    CLEANUP(text) char *path = xasprintf("blobs/%s", digest_format(&blob->digest).text);
    CLEANUP(text) char *url = NULL;

    if (registry_format_url(registry, path, &url, err) < 0)
        return -1;
    *out = false;
    if (look_for_blob(registry, url, out, err) < 0 && err->kind != ERROR_DENIED)
        return error_wrap(err, "looking for a blob in '%s'", store->name);
    error_release(err);
    return 0;
}
