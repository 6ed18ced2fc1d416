#include "source/modelscope_internal.h"

#include "core/text.h"

#include <jansson.h>
#include <string.h>

#define MESSAGE_MAX 300

void modelscope_page_release(struct modelscope_page *page)
{
    strings_release(&page->folders);
    *page = (struct modelscope_page)MODELSCOPE_PAGE_INIT;
}

static enum error_kind kind_of(json_int_t code)
{
    if (code == 404)
        return ERROR_NOT_FOUND;
    if (code == 401 || code == 403)
        return ERROR_DENIED;
    return code == 429 || (code >= 500 && code < 600) ? ERROR_UNREACHABLE : ERROR_UNSUPPORTED;
}

/* Failures come with the status 200, too: {"Code": …, "Success": false, "Message": …}. */
static int load(const void *data, size_t size, json_t **out, struct error *err)
{
    json_auto_t *document = NULL;

    if (json_parse(data, size, &page_rules, &document, err) < 0)
        return -1;
    if (!json_is_object(document))
        return error_set(err, ERROR_CORRUPT, "the answer is not a JSON object");
    const json_t *success = json_object_get(document, "Success");
    const char *message = json_string_value(json_object_get(document, "Message"));
    json_int_t code = json_integer_value(json_object_get(document, "Code"));
    if (json_is_false(success) || (code != 0 && code != 200))
        return error_set(err, kind_of(code), "ModelScope says '%s' (code %" JSON_INTEGER_FORMAT ")",
                         message != NULL && strlen(message) <= MESSAGE_MAX ? message : "", code);
    *out = json_incref(document);
    return 0;
}

/* Hashes are written in capitals at times. *out is `size` hex digits, or "". */
static void copy_hex(const json_t *value, char *out, size_t size)
{
    const char *text = json_string_value(value);
    size_t length = text != NULL ? strlen(text) : 0;

    out[0] = '\0';
    if (length == 0 || length > size)
        return;
    for (size_t i = 0; i <= length; i++)
        out[i] = (char)(text[i] >= 'A' && text[i] <= 'F' ? text[i] - 'A' + 'a' : text[i]);
    if (!text_is_hex(out, length))
        out[0] = '\0';
}

static int file_from_json(const json_t *entry, struct plan_file *file, struct error *err)
{
    const json_t *size = json_object_get(entry, "Size");
    char hex[65];

    if (!json_is_integer(size) || json_integer_value(size) < 0)
        return error_set(err, ERROR_CORRUPT, "the 'Size' of '%s' is missing, or no number of bytes",
                         file->path);
    file->size = (uint64_t)json_integer_value(size);
    copy_hex(json_object_get(entry, "Sha256"), hex, sizeof(hex) - 1);
    if (digest_parse_hex(DIGEST_SHA256, hex, &file->digest, err) < 0)
        return error_wrap(err, "the 'Sha256' of '%s'", file->path);
    source_name_blob(file);
    return 0;
}

static int entry_from_json(const json_t *entry, struct plan *plan, struct modelscope_page *page,
                           struct error *err)
{
    const char *type = json_string_value(json_object_get(entry, "Type"));
    const char *path = json_string_value(json_object_get(entry, "Path"));

    if (path == NULL)
        return error_set(err, ERROR_CORRUPT, "an entry of the file list has no 'Path'");
    if (++page->count > LISTING_FILES_MAX)
        return error_set(err, ERROR_UNSUPPORTED, "there are more than %d files", LISTING_FILES_MAX);
    if (type != NULL && strcmp(type, "tree") == 0) {
        strings_add(&page->folders, path);
        return 0;
    }
    if (type != NULL && strcmp(type, "blob") != 0) /* what git has beside files: a submodule */
        return 0;
    CLEANUP(text) char *name = xstrdup(path);
    struct plan_file file = {.path = name};
    if (file_from_json(entry, &file, err) < 0)
        return -1;
    plan_add(plan, &file);
    return 0;
}

/*
 * The commit that was listed. ModelScope leaves its 'Id' empty and tells the first digits; all of
 * them stand at the files that it has changed, whose 'Revision' is the last commit of each.
 */
static void commit_from_json(const json_t *latest, const json_t *files,
                             struct modelscope_page *page)
{
    const json_t *entry;
    size_t i;

    copy_hex(json_object_get(latest, "Id"), page->commit, GIT_OID_HEX);
    copy_hex(json_object_get(latest, "ShortId"), page->short_commit, GIT_OID_HEX);
    if (strlen(page->commit) == GIT_OID_HEX)
        return;
    page->commit[0] = '\0';
    if (page->short_commit[0] == '\0')
        return;
    json_array_foreach(files, i, entry)
    {
        char revision[GIT_OID_HEX + 1];
        copy_hex(json_object_get(entry, "Revision"), revision, GIT_OID_HEX);
        if (strlen(revision) != GIT_OID_HEX || !text_starts_with(revision, page->short_commit))
            continue;
        bool differs = page->commit[0] != '\0' && strcmp(page->commit, revision) != 0;
        memcpy(page->commit, differs ? "" : revision, differs ? 1 : sizeof(revision));
        if (differs)
            return;
    }
}

int modelscope_page_parse(const void *data, size_t size, struct plan *plan,
                          struct modelscope_page *page, struct error *err)
{
    json_auto_t *document = NULL;
    const json_t *entry;
    size_t i;

    if (load(data, size, &document, err) < 0)
        return -1;
    const json_t *content = json_object_get(document, "Data");
    const json_t *files = json_object_get(content, "Files");
    if (!json_is_array(files) && !(json_is_object(content) && json_is_null(files)))
        return error_set(err, ERROR_CORRUPT, "the answer has no list of files ('Data', 'Files')");
    json_array_foreach(files, i, entry) if (entry_from_json(entry, plan, page, err) < 0) return -1;
    commit_from_json(json_object_get(content, "LatestCommitter"), files, page);
    return 0;
}

static void add_names(const json_t *list, struct strings *names)
{
    const json_t *entry;
    size_t i;

    json_array_foreach(list, i, entry)
    {
        const char *name = json_string_value(json_object_get(entry, "Revision"));
        if (name != NULL)
            strings_add(names, name);
    }
}

int modelscope_revisions_parse(const void *data, size_t size, struct strings *names,
                               struct error *err)
{
    json_auto_t *document = NULL;

    if (load(data, size, &document, err) < 0)
        return -1;
    const json_t *map = json_object_get(json_object_get(document, "Data"), "RevisionMap");
    if (!json_is_object(map))
        return error_set(err, ERROR_CORRUPT, "the answer has no revisions ('Data', 'RevisionMap')");
    add_names(json_object_get(map, "Branches"), names);
    add_names(json_object_get(map, "Tags"), names);
    return 0;
}
