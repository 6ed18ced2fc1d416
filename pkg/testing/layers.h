#ifndef INLAY_TESTING_LAYERS_H
#define INLAY_TESTING_LAYERS_H

/* Layers made by hand, below and above a model. */

#include "testing/inject_bench.h"
#include "testing/tars.h"

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
