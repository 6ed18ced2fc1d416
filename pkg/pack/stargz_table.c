#include "pack/stargz_internal.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* A table being written. */
struct table {
    const struct stargz_plan *plan;
    const struct digest *digests; /* of the chunks; NULL: any */
    struct writer *out;
    uint64_t offset; /* in the blob, where the next member begins */
    size_t file;     /* of the plan, that comes next */
    size_t chunk;
};

static json_t *time_to_json(int64_t seconds)
{
    time_t when = (time_t)seconds;
    struct tm parts = {0};
    char text[64] = "";

    if (gmtime_r(&when, &parts) != NULL)
        (void)!strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return json_string(text);
}

static void set_number(json_t *json, const char *name, uint64_t number)
{
    json_object_set_new(json, name, json_integer((json_int_t)number));
}

static int put_text(struct table *table, const char *text, struct error *err)
{
    return writer_write(table->out, text, strlen(text), err);
}

/* Takes `json` over, an entry of the table; NULL: its names are no UTF-8. */
static int put_entry(struct table *table, const char *path, json_t *json, struct error *err)
{
    json_auto_t *entry = json;
    CLEANUP(text) char *text = entry != NULL ? json_dumps(entry, JSON_COMPACT) : NULL;

    if (text == NULL)
        return error_set(err, ERROR_INTERNAL, "the path or link '%s' is no UTF-8", path);
    return put_text(table, text, err);
}

static void set_chunk(struct table *table, json_t *json, uint64_t at, uint64_t left)
{
    static const struct digest any = {.algorithm = DIGEST_SHA256};
    uint64_t chunk = table->plan->chunk;
    const struct digest *digest = table->digests != NULL ? &table->digests[table->chunk] : &any;

    set_number(json, "offset", table->offset);
    if (at > 0)
        set_number(json, "chunkOffset", at);
    if (left > chunk) /* the last one says nothing of its size */
        set_number(json, "chunkSize", chunk);
    json_object_set_new(json, "chunkDigest", json_string(digest_format(digest).text));
    table->chunk++;
    table->offset += gzip_member_size(left < chunk ? left : chunk);
}

/* The chunks of a file behind its first one, which is in the file's own entry. */
static int put_chunks(struct table *table, const char *path, uint64_t size, struct error *err)
{
    uint64_t chunk = table->plan->chunk;

    for (uint64_t at = chunk; at < size; at += chunk) {
        json_t *json = json_pack("{s:s, s:s}", "name", path, "type", "chunk");
        if (json != NULL)
            set_chunk(table, json, at, size - at);
        if (put_text(table, ",", err) < 0 || put_entry(table, path, json, err) < 0)
            return -1;
    }
    return 0;
}

/* The digest of a file that is told, if the plan knows it, or if it is one chunk. */
static void set_digest(struct table *table, json_t *json, const struct tree_entry *entry,
                       uint64_t size)
{
    const struct recipe *recipe = table->plan->recipe;
    static const struct digest any = {.algorithm = DIGEST_SHA256};
    const struct digest *digest = NULL;

    if (entry->type == TREE_FILE)
        digest = &recipe->plan->files[entry->file].digest;
    if (digest != NULL && digest->algorithm != DIGEST_SHA256)
        digest = NULL;
    if (digest == NULL && size <= table->plan->chunk)
        digest = table->digests != NULL ? &table->digests[table->chunk] : &any;
    if (digest != NULL)
        json_object_set_new(json, "digest", json_string(digest_format(digest).text));
}

static int put_tree_entry(struct table *table, const struct tree_entry *entry, struct error *err)
{
    static const char *const types[] = {
        [TREE_FOLDER] = "dir", [TREE_FILE] = "reg", [TREE_TEXT] = "reg", [TREE_LINK] = "symlink"};
    const struct recipe *recipe = table->plan->recipe;
    uint64_t size = entry_size(recipe, entry);
    CLEANUP(text)
    char *name = xasprintf("%s%s", entry->path, entry->type == TREE_FOLDER ? "/" : "");
    json_t *json = json_pack(
        "{s:s, s:s, s:o, s:I, s:I, s:I}", "name", name, "type", types[entry->type], "modtime",
        time_to_json(entry_time_s(entry)), "mode", (json_int_t)entry->mode, "uid",
        (json_int_t)recipe_uid(recipe, entry), "gid", (json_int_t)recipe_gid(recipe, entry));

    if (json != NULL && entry->type == TREE_LINK &&
        json_object_set_new(json, "linkName", json_string(entry->text)) < 0) {
        json_decref(json);
        json = NULL;
    }
    if (json != NULL && size > 0) {
        table->offset += gzip_member_size(table->plan->files[table->file++].gap);
        set_number(json, "size", size);
        set_digest(table, json, entry, size);
        set_chunk(table, json, 0, size);
    }
    if (put_entry(table, entry->path, json, err) < 0)
        return -1;
    return size > 0 ? put_chunks(table, entry->path, size, err) : 0;
}

int stargz_write_table(const struct stargz_plan *plan, const struct digest *digests,
                       struct writer *out, struct error *err)
{
    struct table table = {.plan = plan, .digests = digests, .out = out};

    if (put_text(&table, "{\"version\":1,\"entries\":[", err) < 0)
        return -1;
    for (size_t i = 0; i < plan->recipe->count; i++)
        if (put_tree_entry(&table, plan->recipe->entries[i], err) < 0 ||
            put_text(&table, ",", err) < 0)
            return -1;
    if (put_tree_entry(&table, &plan->landmark, err) < 0)
        return -1;
    return put_text(&table, "]}", err);
}

/* A writer that knows how much has passed. */
struct measuring_writer {
    struct writer base;
    uint64_t size;
};

static int measuring_write(struct writer *writer, const void *data, size_t size, struct error *err)
{
    (void)data;
    (void)err;
    CONTAINER_OF(writer, struct measuring_writer, base)->size += size;
    return 0;
}

int stargz_measure_table(const struct stargz_plan *plan, uint64_t *out, struct error *err)
{
    static const struct writer_ops ops = {.write = measuring_write};
    struct measuring_writer measuring = {{&ops}, 0};

    if (stargz_write_table(plan, NULL, &measuring.base, err) < 0)
        return -1;
    *out = measuring.size;
    return 0;
}
