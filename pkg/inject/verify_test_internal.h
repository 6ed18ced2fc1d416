#ifndef INLAY_INJECT_VERIFY_TEST_INTERNAL_H
#define INLAY_INJECT_VERIFY_TEST_INTERNAL_H

/* What the tests of verify share: layers made by hand, below and above a model, and a verdict. */

#include "inject/inject_test_internal.h"
#include "inject/verify.h"

/* One entry of a layer. */
struct item {
    const char *path;
    char type; /* '0' file, '1' hard link, '2' link, '5' folder, '6' fifo */
    unsigned mode;
    unsigned id;      /* uid and gid */
    const char *data; /* content, or the target of a link */
};

static inline void tar_header(struct buf *tar, const struct item *item, size_t size)
{
    char header[512] = {0};
    unsigned sum = 0;
    bool is_link = item->type == '1' || item->type == '2';

    assert_in_range(strlen(item->path), 1, 250);
    /* ustar divides a long name at a slash */
    const char *name = item->path;
    if (strlen(name) > 100) {
        name = strchr(item->path + strlen(item->path) - 100, '/') + 1;
        memcpy(header + 345, item->path, (size_t)(name - item->path) - 1);
    }
    memcpy(header, name, strlen(name));
    snprintf(header + 100, 8, "%07o", item->mode);
    snprintf(header + 108, 8, "%07o", item->id);
    snprintf(header + 116, 8, "%07o", item->id);
    snprintf(header + 124, 12, "%011o", is_link ? 0 : (unsigned)size);
    snprintf(header + 136, 12, "%011o", 0U);
    header[156] = item->type;
    if (is_link)
        memcpy(header + 157, item->data, strlen(item->data));
    memcpy(header + 257,
           "ustar\0"
           "00",
           8);
    memset(header + 148, ' ', 8);
    for (size_t i = 0; i < sizeof(header); i++)
        sum += (unsigned char)header[i];
    snprintf(header + 148, 8, "%06o", sum);
    buf_add(tar, header, sizeof(header));
}

static inline void tar_item(struct buf *tar, const struct item *item)
{
    static const char zeros[512];
    size_t size = item->type == '0' && item->data != NULL ? strlen(item->data) : 0;

    tar_header(tar, item, size);
    buf_add(tar, item->data, size);
    if (size % sizeof(zeros) > 0)
        buf_add(tar, zeros, sizeof(zeros) - size % sizeof(zeros));
}

static inline void tar_items(struct buf *tar, const struct item *items, size_t count)
{
    static const char zeros[1024];

    for (size_t i = 0; i < count && items[i].path != NULL; i++)
        tar_item(tar, &items[i]);
    buf_add(tar, zeros, sizeof(zeros));
}

static inline struct descriptor put_tar(struct store *store, const struct buf *tar)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    struct descriptor blob = {.media_type = MEDIA_TYPE_OCI_LAYER};

    if (store_write_blob(store, tar, &blob, &err) < 0)
        fail_msg("%s", err.text);
    return blob;
}

/* Writes the edited documents of an image under a version. */
static inline struct descriptor put_edited(struct store *store, const char *version,
                                           json_t *manifest, const json_t *config)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;

    json_to_buf(config, &bytes);
    struct descriptor blob = put_blob(store, buf_text(&bytes), MEDIA_TYPE_OCI_CONFIG);
    json_object_set_new(manifest, "config", descriptor_to_json(&blob));
    buf_clear(&bytes);
    json_to_buf(manifest, &bytes);
    return put_manifest(store, version, buf_text(&bytes), MEDIA_TYPE_OCI_MANIFEST);
}

static inline json_t *parsed_config(struct store *store, const char *version)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    json_t *config = NULL;

    read_config(store, version, &bytes);
    assert_int_equal(json_from_buf(&bytes, "the config", &config, &err), 0);
    return config;
}

/*
 * The image `from` with another layer, as `to`: on top, or in place of layer `number`, from 0,
 * bottom up.
 */
#define ON_TOP SIZE_MAX
static inline struct descriptor put_layer(struct store *store, const char *from, const char *to,
                                          const struct buf *tar, size_t number)
{
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    struct descriptor blob = put_tar(store, tar);

    read_document(store, from, &document);
    json_auto_t *config = parsed_config(store, from);
    json_t *layers = json_object_get(document.json, "layers");
    json_t *diff_ids = json_object_get(json_object_get(config, "rootfs"), "diff_ids");
    json_t *diff_id = json_string(digest_format(&blob.digest).text);
    if (number == ON_TOP) {
        json_array_append_new(layers, descriptor_to_json(&blob));
        json_array_append_new(diff_ids, diff_id);
    } else {
        json_array_set_new(layers, number, descriptor_to_json(&blob));
        json_array_set_new(diff_ids, number, diff_id);
    }
    return put_edited(store, to, document.json, config);
}

static inline void stack(struct store *store, const char *from, const char *to,
                         const struct item *items, size_t count)
{
    CLEANUP(buf) struct buf tar = BUF_INIT;

    tar_items(&tar, items, count);
    put_layer(store, from, to, &tar, ON_TOP);
}

/* The image with members of its config replaced. */
static inline void configure(struct store *store, const char *from, const char *to,
                             const char *members)
{
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    json_auto_t *config = parsed_config(store, from);
    json_auto_t *change = json_loads(members, 0, NULL);

    read_document(store, from, &document);
    assert_non_null(change);
    json_t *inner = json_object_get(config, "config");
    json_object_update(inner, change);
    put_edited(store, to, document.json, config);
}

/* The image with a member of its models' records replaced; `value` is JSON. */
static inline void put_record(struct store *store, const char *version, const char *member,
                              const char *value)
{
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    json_auto_t *config = parsed_config(store, "out");
    size_t i;
    json_t *entry;

    read_document(store, "out", &document);
    json_array_foreach(json_object_get(config, "history"), i, entry)
    {
        const char *comment = json_string_value(json_object_get(entry, "comment"));
        json_auto_t *record = comment != NULL ? json_loads(comment, 0, NULL) : NULL;
        if (json_object_get(record, "model") == NULL)
            continue;
        json_object_set_new(record, member, json_loads(value, JSON_DECODE_ANY, NULL));
        CLEANUP(text) char *text = json_dumps(record, JSON_COMPACT);
        json_object_set_new(entry, "comment", json_string(text));
    }
    put_edited(store, version, document.json, config);
}

static inline struct verify_options verify_of(const struct bench *bench, const char *version)
{
    return (struct verify_options){.store = bench->store, .version = version, .log = &bench->log};
}

static inline void verify(const struct verify_options *options, struct verify_result *out)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    if (verify_run(options, out, &err) < 0)
        fail_msg("%s", err.text);
}

/* All findings, a line each: "kind path text". */
static inline char *findings_text(const struct verify_result *result)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    for (size_t i = 0; i < result->platform_count; i++) {
        const struct verify_platform *platform = &result->platforms[i];
        for (size_t k = 0; k <= platform->model_count; k++) {
            const struct verify_findings *findings =
                k == 0 ? &platform->findings : &platform->models[k - 1].findings;
            for (size_t j = 0; j < findings->count; j++)
                buf_addf(&text, "%s %s: %s\n", verify_kind_name(findings->items[j].kind),
                         findings->items[j].path != NULL ? findings->items[j].path : "-",
                         findings->items[j].text);
        }
    }
    return buf_take(&text);
}

static inline void check_findings(const struct verify_options *options, const char *expected)
{
    CLEANUP(verify_result) struct verify_result result = VERIFY_RESULT_INIT;

    verify(options, &result);
    CLEANUP(text) char *found = findings_text(&result);
    if (strcmp(found, expected) != 0)
        fail_msg("%s: found\n%sexpected\n%s", options->version, found, expected);
}

#define HOME "home/app/"
#define PLACE HOME ".cache/huggingface/hub"
#define FOLDER PLACE "/models--org--name"
#define SNAPSHOT FOLDER "/snapshots/" COMMIT_A
/* The git SHA-1 of config.json. */
#define CONFIG_BLOB "0187f3b09d66cef7911083ad49f890f5a6589589"
#define APP PLAIN ",\"config\":{\"User\":\"1000:1000\",\"Env\":[\"HOME=/home/app\"]}"

/* "out" is an image of a user with a home of mode 0750, and has org/name. */
static inline void inject_app(struct bench *bench)
{
    static const struct item home[] = {{"home/", '5', 0755, 0, NULL},
                                       {"home/app/", '5', 0750, 1000, NULL}};
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);
    struct inject_options options = make_options(bench, &model, 1);

    put_image(bench->store, "bare", APP, 1);
    stack(bench->store, "bare", "base", home, ARRAY_SIZE(home));
    inject(&options);
}

#endif
