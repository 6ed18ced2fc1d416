#include "source/source_internal.h"

#include "core/text.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

const struct json_rules page_rules = {
    .name = "the answer",
    .values_max = PAGE_VALUES_MAX,
    .flags = JSON_REJECT_DUPLICATES,
};

bool hub_revision_is_commit(const char *revision)
{
    return text_is_hex(revision, GIT_OID_HEX);
}

static json_t *load(const void *data, size_t size, struct error *err)
{
    json_t *document = NULL;

    return json_parse(data, size, &page_rules, &document, err) == 0 ? document : NULL;
}

static void siblings_from_json(const json_t *siblings, struct strings *out)
{
    const json_t *sibling;
    size_t i;

    json_array_foreach(siblings, i, sibling)
    {
        const char *path = json_string_value(json_object_get(sibling, "rfilename"));
        if (path != NULL)
            strings_add(out, path);
    }
}

/* The texts of a value, which may be one or a list: "a, b"; NULL: none that is one line. */
static char *texts_from_json(const json_t *value)
{
    CLEANUP(buf) struct buf texts = BUF_INIT;
    const json_t *item;
    size_t i;

    if (json_is_string(value))
        buf_add_text(&texts, json_string_value(value));
    json_array_foreach(value, i, item)
    {
        if (json_is_string(item))
            buf_addf(&texts, "%s%s", texts.size > 0 ? ", " : "", json_string_value(item));
    }
    return text_is_one_line(buf_text(&texts)) ? buf_take(&texts) : NULL;
}

/* The card's own word, else the Hub's tag for it; NULL: none that is one line. */
static char *license_from_json(const json_t *document)
{
    static const char prefix[] = "license:";
    const json_t *card = json_object_get(document, "cardData");
    const json_t *of_card = json_object_get(card, "license");
    const json_t *tag;
    size_t i;

    if (json_is_string(of_card) || json_array_size(of_card) > 0)
        return texts_from_json(of_card);
    json_array_foreach(json_object_get(document, "tags"), i, tag)
    {
        const char *text = json_string_value(tag);
        if (text != NULL && text_starts_with(text, prefix) &&
            text_is_one_line(text + strlen(prefix)))
            return xstrdup(text + strlen(prefix));
    }
    return NULL;
}

/* Cards name a few; a longer list would cost time and says nothing. */
#define CARD_NAMES_MAX 100

/* Those of a value, which may be one or a list, that are one line. */
static void names_from_json(const json_t *value, struct strings *out)
{
    const json_t *item;
    size_t i;

    if (json_is_string(value) && text_is_one_line(json_string_value(value)))
        strings_add(out, json_string_value(value));
    json_array_foreach(value, i, item)
    {
        if (out->count < CARD_NAMES_MAX && json_is_string(item) &&
            text_is_one_line(json_string_value(item)) && !strings_has(out, json_string_value(item)))
            strings_add(out, json_string_value(item));
    }
}

static void card_from_json(const json_t *document, struct plan_card *out)
{
    const json_t *card = json_object_get(document, "cardData");
    const char *task = json_string_value(json_object_get(document, "pipeline_tag"));

    names_from_json(json_object_get(card, "datasets"), &out->datasets);
    names_from_json(json_object_get(card, "base_model"), &out->base_models);
    out->task = task != NULL && text_is_one_line(task) ? xstrdup(task) : NULL;
}

int hub_info_parse(const void *data, size_t size, struct hub_info *out, struct error *err)
{
    json_auto_t *document = load(data, size, err);

    if (document == NULL)
        return -1;
    if (!json_is_object(document))
        return error_set(err, ERROR_CORRUPT, "the answer is not a JSON object");
    const char *commit = json_string_value(json_object_get(document, "sha"));
    if (commit == NULL)
        return error_set(err, ERROR_CORRUPT, "the answer names no commit ('sha')");
    if (!hub_revision_is_commit(commit))
        return error_set(err, ERROR_CORRUPT, "the commit is '%s', expected 40 hex digits", commit);

    const char *id = json_string_value(json_object_get(document, "id"));
    const json_t *gated = json_object_get(document, "gated"); /* false, "auto" or "manual" */
    struct hub_info info = {
        .id = id != NULL ? xstrdup(id) : NULL,
        .license = license_from_json(document),
        .license_name =
            texts_from_json(json_object_get(json_object_get(document, "cardData"), "license_name")),
        .is_gated = json_is_string(gated) || json_is_true(gated),
        .is_private = json_is_true(json_object_get(document, "private")),
        .is_disabled = json_is_true(json_object_get(document, "disabled")),
    };
    memcpy(info.commit, commit, sizeof(info.commit));
    siblings_from_json(json_object_get(document, "siblings"), &info.siblings);
    card_from_json(document, &info.card);
    hub_info_release(out);
    *out = info;
    return 0;
}

void hub_info_release(struct hub_info *info)
{
    free(info->id);
    free(info->license);
    free(info->license_name);
    plan_card_release(&info->card);
    strings_release(&info->siblings);
    *info = (struct hub_info)HUB_INFO_INIT;
}

static int size_from_json(const json_t *value, const char *path, uint64_t *out, struct error *err)
{
    if (!json_is_integer(value))
        return error_set(err, ERROR_CORRUPT, "the size of '%s' is missing or not a whole number",
                         path);
    json_int_t size = json_integer_value(value);
    if (size < 0)
        return error_set(err, ERROR_CORRUPT, "the size of '%s' is %" JSON_INTEGER_FORMAT, path,
                         size);
    *out = (uint64_t)size;
    return 0;
}

static int digest_from_json(const json_t *value, enum digest_algorithm algorithm, const char *path,
                            struct digest *out, struct error *err)
{
    const char *hex = json_string_value(value);

    if (hex == NULL)
        return error_set(err, ERROR_CORRUPT, "the hash ('oid') of '%s' is missing", path);
    if (digest_parse_hex(algorithm, hex, out, err) < 0)
        return error_wrap(err, "the hash of '%s'", path);
    return 0;
}

/*
 * A pointer is written in one way, so that its name follows from what it says. One of another size
 * is an older one, or has extensions: that is believed.
 */
static int check_pointer(const json_t *lfs, const struct plan_file *file, struct error *err)
{
    struct plan_file named = {.size = file->size, .digest = file->digest};
    uint64_t size = source_name_blob(&named);

    if (strcmp(named.blob_id, file->blob_id) == 0 ||
        (uint64_t)json_integer_value(json_object_get(lfs, "pointerSize")) != size)
        return 0;
    return error_set(err, ERROR_CORRUPT,
                     "the hash ('oid') of '%s' is %s, expected %s, the one of a pointer to %s; "
                     "something on the way changes the list",
                     file->path, file->blob_id, named.blob_id, digest_format(&file->digest).text);
}

/* Size and digest of the content: LFS has them apart, since `oid` is that of its pointer. */
static int content_from_json(const json_t *entry, struct plan_file *file, struct error *err)
{
    const json_t *lfs = json_object_get(entry, "lfs");

    if (size_from_json(json_object_get(entry, "size"), file->path, &file->size, err) < 0 ||
        digest_from_json(json_object_get(entry, "oid"), DIGEST_GIT_SHA1, file->path, &file->digest,
                         err) < 0)
        return -1;
    memcpy(file->blob_id, digest_format_hex(&file->digest).text, sizeof(file->blob_id));
    if (lfs == NULL || json_is_null(lfs))
        return 0;
    if (!json_is_object(lfs))
        return error_set(err, ERROR_CORRUPT, "'lfs' of '%s' is not an object", file->path);
    if (digest_from_json(json_object_get(lfs, "oid"), DIGEST_SHA256, file->path, &file->digest,
                         err) < 0)
        return -1;
    if (size_from_json(json_object_get(lfs, "size"), file->path, &file->size, err) < 0)
        return -1;
    return check_pointer(lfs, file, err);
}

static int entry_from_json(const json_t *entry, struct plan *plan, struct strings *folders,
                           struct error *err)
{
    const char *type = json_string_value(json_object_get(entry, "type"));
    const char *path = json_string_value(json_object_get(entry, "path"));

    if (type == NULL)
        return error_set(err, ERROR_CORRUPT, "an entry of the file list has no 'type'");
    if (plan->count + folders->count >= LISTING_FILES_MAX)
        return error_set(err, ERROR_UNSUPPORTED, "there are more than %d files", LISTING_FILES_MAX);
    if (strcmp(type, "directory") == 0 && path != NULL)
        strings_add(folders, path);
    if (strcmp(type, "file") != 0)
        return 0;
    if (path == NULL)
        return error_set(err, ERROR_CORRUPT, "a file of the file list has no 'path'");

    CLEANUP(text) char *name = xstrdup(path);
    struct plan_file file = {.path = name};
    if (content_from_json(entry, &file, err) < 0)
        return -1;
    plan_add(plan, &file);
    return 0;
}

int listing_page_parse(const void *data, size_t size, struct plan *plan, struct strings *folders,
                       struct error *err)
{
    json_auto_t *document = load(data, size, err);
    const json_t *entry;
    size_t i;

    if (document == NULL)
        return -1;
    if (!json_is_array(document))
        return error_set(err, ERROR_CORRUPT, "the file list is not a JSON array");
    json_array_foreach(document, i, entry)
    {
        if (entry_from_json(entry, plan, folders, err) < 0)
            return -1;
    }
    return 0;
}

bool hub_url_has_scheme(const char *url, const char *scheme)
{
    size_t size = strlen(scheme);

    if (strnlen(url, size) < size)
        return false;
    CLEANUP(text) char *start = xstrndup(url, size);
    return text_equal_fold(start, scheme);
}

/* The path and what is behind it; `url` is absolute. */
static const char *behind_origin(const char *url)
{
    const char *host = strstr(url, "://");

    return host != NULL ? host + 3 + strcspn(host + 3, "/?#") : url;
}

/* `path` is that of `prefix` or below it. */
static bool is_below(const char *path, const char *prefix)
{
    return text_starts_with(path, prefix) && (*prefix == '\0' || path[strlen(prefix)] == '/');
}

/* The same page of `endpoint`: the host that it mirrors, and what it mirrors it at, are left out.
 */
static char *at_endpoint(const char *endpoint, const char *url)
{
    const char *prefix = behind_origin(endpoint);
    const char *path = behind_origin(url);

    if (is_below(path, prefix))
        path += strlen(prefix);
    return xasprintf("%s%s", endpoint, path);
}

int listing_next_page(const struct http_response *response, const char *endpoint, char **out,
                      struct error *err)
{
    const char *here = response->url;
    CLEANUP(text) char *next = http_find_link(response, "next");

    if (next != NULL && !hub_url_has_scheme(next, "http://") &&
        !hub_url_has_scheme(next, "https://")) {
        CLEANUP(text) char *target = TAKE(next);
        if (http_resolve_url(here, target, &next, err) < 0)
            return error_wrap(err, "the link to the next page");
    }
    /* What is behind the host is used as it stands: the cursor in it must not change by a byte. */
    bool is_here = next != NULL && http_same_origin(next, here);
    bool is_redirected = !http_same_origin(here, endpoint);
    if (next != NULL &&
        !(is_here && (is_redirected || is_below(behind_origin(next), behind_origin(endpoint))))) {
        CLEANUP(text) char *named = TAKE(next);
        next = at_endpoint(endpoint, named);
    }
    *out = TAKE(next);
    return 0;
}

/* The first file whose path does not come before `text`; `plan->count` if there is none. */
static size_t find_from(const struct plan *plan, const char *text)
{
    size_t first = 0;
    size_t end = plan->count;

    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (strcmp(plan->files[middle].path, text) < 0)
            first = middle + 1;
        else
            end = middle;
    }
    return first;
}

static int refuse_cut(const struct plan *plan, const char *id, const char *missing,
                      struct error *err)
{
    return error_set(
        err, ERROR_CORRUPT,
        "the list of files of '%s' is cut short: it has %zu files, and %s; most likely "
        "a mirror or proxy loses the header 'Link' or 'recursive=true', check "
        "HF_ENDPOINT and proxies",
        id, plan->count, missing);
}

int listing_check_whole(const struct plan *plan, const char *id, const struct strings *folders,
                        const struct strings *siblings, struct error *err)
{
    for (size_t i = 0; i < siblings->count; i++) {
        size_t at = find_from(plan, siblings->items[i]);
        if (at < plan->count && strcmp(plan->files[at].path, siblings->items[i]) == 0)
            continue;
        CLEANUP(text)
        char *missing = xasprintf("lacks '%s' of the %zu that the repo's info names",
                                  siblings->items[i], siblings->count);
        return refuse_cut(plan, id, missing, err);
    }
    for (size_t i = 0; i < folders->count; i++) {
        CLEANUP(text) char *start = xasprintf("%s/", folders->items[i]);
        size_t at = find_from(plan, start);
        if (at < plan->count && text_starts_with(plan->files[at].path, start))
            continue;
        CLEANUP(text) char *missing = xasprintf("none in its folder '%s'", folders->items[i]);
        return refuse_cut(plan, id, missing, err);
    }
    return 0;
}
