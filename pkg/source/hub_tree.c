#include "source/hub_cache_internal.h"

#include "core/text.h"
#include "json/parse.h"

#include <jansson.h>
#include <string.h>

#define TREE_VERSION 1

static int hash_from_json(const json_t *file, const char *name, enum digest_algorithm algorithm,
                          struct digest *out, struct error *err)
{
    const char *hex = json_string_value(json_object_get(file, name));

    if (hex == NULL)
        return error_set(err, ERROR_CORRUPT, "'%s' is missing", name);
    return digest_parse_hex(algorithm, hex, out, err);
}

static int file_from_json(const char *path, const json_t *json, struct plan *plan,
                          struct error *err)
{
    CLEANUP(text) char *name = xstrdup(path);
    struct plan_file file = {.path = name};
    bool is_lfs = json_object_get(json, "lfs_sha256") != NULL;
    const json_t *size = json_object_get(json, is_lfs ? "lfs_size" : "size");

    if (hash_from_json(json, "blob_id", DIGEST_GIT_SHA1, &file.digest, err) < 0)
        return -1;
    memcpy(file.blob_id, digest_format_hex(&file.digest).text, sizeof(file.blob_id));
    if (is_lfs && hash_from_json(json, "lfs_sha256", DIGEST_SHA256, &file.digest, err) < 0)
        return -1;
    if (!json_is_integer(size) || json_integer_value(size) < 0)
        return error_set(err, ERROR_CORRUPT, "its size is missing or no size");
    file.size = (uint64_t)json_integer_value(size);
    plan_add(plan, &file);
    return 0;
}

int hub_tree_parse(const void *data, size_t size, struct plan *plan, struct error *err)
{
    static const struct json_rules rules = {.values_max = PAGE_VALUES_MAX};
    json_auto_t *document = NULL;
    const char *path;
    json_t *file;

    if (json_parse(data, size, &rules, &document, err) < 0)
        return -1;
    json_t *files = json_object_get(document, "files");
    if (json_integer_value(json_object_get(document, "format_version")) != TREE_VERSION ||
        !json_is_object(files))
        return error_set(err, ERROR_CORRUPT, "it is no list of files of version %d", TREE_VERSION);
    json_object_foreach(files, path, file)
    {
        if (file_from_json(path, file, plan, err) < 0)
            return error_wrap(err, "'%s'", path);
    }
    plan_sort(plan);
    return 0;
}

static json_t *file_to_json(const struct plan_file *file)
{
    struct digest_text hex = digest_format_hex(&file->digest);
    json_t *json = json_pack("{s:I, s:s}", "size", (json_int_t)file->size, "blob_id",
                             file->blob_id[0] != '\0' ? file->blob_id : hex.text);

    if (file->digest.algorithm == DIGEST_SHA256) {
        json_object_set_new(json, "lfs_sha256", json_string(hex.text));
        json_object_set_new(json, "lfs_size", json_integer((json_int_t)file->size));
    }
    return json;
}

char *hub_tree_format(const struct plan *plan)
{
    json_t *files = json_object();
    json_auto_t *document = json_pack("{s:i, s:o}", "format_version", TREE_VERSION, "files", files);

    for (size_t i = 0; i < plan->count; i++)
        json_object_set_new(files, plan->files[i].path, file_to_json(&plan->files[i]));
    return json_dumps(document, JSON_INDENT(1));
}
