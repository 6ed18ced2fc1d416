#ifndef INLAY_INJECT_TEST_INTERNAL_H
#define INLAY_INJECT_TEST_INTERNAL_H

/* What the tests of this module share: a model in a folder, images in memory, and what was said. */

#include "core/file.h"
#include "inject/inject.h"
#include "oci/document.h"
#include "oci/media_type.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COMMIT_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define COMMIT_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define WEIGHTS_SIZE ((size_t)2 * 1024 * 1024)

/* A folder with a small model in it, a store with a base in it, and what was said. */
struct bench {
    char folder[32];
    struct store *store;
    struct buf said;
    pthread_mutex_t lock; /* of `said`: jobs speak at the same time */
    struct log log;
};

static inline void say(void *arg, enum log_level level, const char *line)
{
    struct bench *bench = arg;

    (void)level;
    pthread_mutex_lock(&bench->lock);
    buf_addf(&bench->said, "%s\n", line);
    pthread_mutex_unlock(&bench->lock);
}

static inline void write_file(const struct bench *bench, const char *name, const void *data,
                              size_t size)
{
    CLEANUP(text) char *path = xasprintf("%s/%s", bench->folder, name);
    CLEANUP(error) struct error err = ERROR_INIT;

    if (file_replace(path, data, size, &err) < 0)
        fail_msg("%s", err.text);
}

static inline int bench_open(void **state)
{
    struct bench *bench = xcalloc(1, sizeof(*bench));
    CLEANUP(text) char *weights = xcalloc(WEIGHTS_SIZE, 1);
    CLEANUP(error) struct error err = ERROR_INIT;

    strncpy(bench->folder, "/tmp/inlay-inject-XXXXXX", sizeof(bench->folder) - 1);
    if (mkdtemp(bench->folder) == NULL)
        return -1;
    for (size_t i = 0; i < WEIGHTS_SIZE; i++)
        weights[i] = (char)(i * 7 % 253);
    CLEANUP(text) char *pooling = xasprintf("%s/1_Pooling", bench->folder);
    if (file_make_folders(pooling, &err) < 0)
        return -1;
    write_file(bench, "config.json", "{\"a\":1}\n", 8);
    write_file(bench, "1_Pooling/config.json", "{\"a\":1}\n", 8);
    write_file(bench, "model.safetensors", weights, WEIGHTS_SIZE);
    write_file(bench, "pytorch_model.bin", weights, WEIGHTS_SIZE - 1);
    bench->store = store_new_memory();
    bench->log = (struct log){.level = LOG_INFO, .write = say, .arg = bench};
    pthread_mutex_init(&bench->lock, NULL);
    *state = bench;
    return 0;
}

static inline int bench_close(void **state)
{
    static const char *const names[] = {"config.json",       "1_Pooling/config.json",
                                        "model.safetensors", "pytorch_model.bin",
                                        "1_Pooling",         ""};
    struct bench *bench = *state;

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        CLEANUP(text) char *path = xasprintf("%s/%s", bench->folder, names[i]);
        remove(path);
    }
    store_free(bench->store);
    buf_release(&bench->said);
    pthread_mutex_destroy(&bench->lock);
    free(bench);
    return 0;
}

static inline struct source *open_model(const struct bench *bench, const char *id,
                                        const char *revision, const char *commit)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *own_id = xstrdup(id);
    CLEANUP(text) char *own_revision = xstrdup(revision);
    struct model_reference model = {REPO_MODEL, own_id, own_revision};
    struct source *source = NULL;

    if (source_open_directory(bench->folder, &model, commit, &source, &err) < 0)
        fail_msg("%s", err.text);
    return source;
}

static inline struct descriptor put_blob(struct store *store, const char *text,
                                         const char *media_type)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct descriptor blob = DESCRIPTOR_INIT;

    buf_add_text(&bytes, text);
    memcpy(blob.media_type, media_type, strlen(media_type) + 1);
    if (store_write_blob(store, &bytes, &blob, &err) < 0)
        fail_msg("%s", err.text);
    return blob;
}

static inline struct descriptor put_manifest(struct store *store, const char *version,
                                             const char *text, const char *media_type)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct descriptor manifest = {.size = strlen(text)};

    buf_add_text(&bytes, text);
    memcpy(manifest.media_type, media_type, strlen(media_type) + 1);
    manifest.digest = digest_of(DIGEST_SHA256, text, strlen(text));
    struct digest_text digest = digest_format(&manifest.digest);
    if (store_write_manifest(store, version != NULL ? version : digest.text, media_type, &bytes,
                             &err) < 0)
        fail_msg("%s", err.text);
    return manifest;
}

/* A tar without entries: two closing blocks. */
static inline struct descriptor put_empty_layer(struct store *store)
{
    static const char zeros[1024];
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct descriptor blob = {.media_type = MEDIA_TYPE_OCI_LAYER};

    buf_add(&bytes, zeros, sizeof(zeros));
    if (store_write_blob(store, &bytes, &blob, &err) < 0)
        fail_msg("%s", err.text);
    return blob;
}

/* An image of `layers` equal layers, whose config begins with `members`. */
static inline struct descriptor put_image(struct store *store, const char *version,
                                          const char *members, size_t layers)
{
    CLEANUP(buf) struct buf config = BUF_INIT;
    CLEANUP(buf) struct buf manifest = BUF_INIT;
    struct descriptor layer = put_empty_layer(store);
    struct digest_text layer_digest = digest_format(&layer.digest);

    buf_addf(&config, "{%s,\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[", members);
    for (size_t i = 0; i < layers; i++)
        buf_addf(&config, "%s\"%s\"", i > 0 ? "," : "", layer_digest.text);
    buf_add_text(&config, "]}}");
    struct descriptor blob = put_blob(store, buf_text(&config), MEDIA_TYPE_OCI_CONFIG);
    buf_addf(&manifest,
             "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_OCI_MANIFEST "\",\"config\":"
             "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%llu},\"layers\":[",
             blob.media_type, digest_format(&blob.digest).text, (unsigned long long)blob.size);
    for (size_t i = 0; i < layers; i++)
        buf_addf(&manifest, "%s{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%llu}",
                 i > 0 ? "," : "", layer.media_type, layer_digest.text,
                 (unsigned long long)layer.size);
    buf_add_text(&manifest, "]}");
    return put_manifest(store, version, buf_text(&manifest), MEDIA_TYPE_OCI_MANIFEST);
}

#define PLAIN "\"os\":\"linux\",\"architecture\":\"amd64\",\"created\":\"2024-05-01T12:00:00Z\""

static inline struct inject_options make_options(struct bench *bench, struct source *const *sources,
                                                 size_t count)
{
    return (struct inject_options){
        .sources = sources,
        .source_count = count,
        .layout = layout_find(NULL),
        .base = bench->store,
        .base_version = "base",
        .base_name = "registry.example.com/base:1",
        .target = bench->store,
        .target_version = "out",
        .log = &bench->log,
    };
}

static inline struct inject_result inject(const struct inject_options *options)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    struct inject_result result = {0};

    if (inject_run(options, &result, &err) < 0)
        fail_msg("%s", err.text);
    return result;
}

static inline void refuse(const struct inject_options *options, enum error_kind kind,
                          const char *complaint)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    struct inject_result result = {0};

    assert_int_equal(inject_run(options, &result, &err), -1);
    if (strstr(err.text, complaint) == NULL || err.kind != kind)
        fail_msg("\"%s\" (%d), expected \"%s\" (%d)", err.text, (int)err.kind, complaint,
                 (int)kind);
}

static inline void read_document(struct store *store, const char *version, struct document *out)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    if (store_read_document(store, version, out, &err) < 0)
        fail_msg("%s", err.text);
}

static inline void read_config(struct store *store, const char *version, struct buf *out)
{
    CLEANUP(document) struct document manifest = DOCUMENT_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct descriptor config;

    read_document(store, version, &manifest);
    assert_int_equal(document_config(&manifest, &config, &err), 0);
    if (store_read_blob(store, &config, out, &err) < 0)
        fail_msg("%s", err.text);
}

#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

#endif
