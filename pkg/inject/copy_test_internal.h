#ifndef INLAY_INJECT_COPY_TEST_INTERNAL_H
#define INLAY_INJECT_COPY_TEST_INTERNAL_H

/* What the tests of copying share: two stores, and an index with all that one may hold. */

#include "inject/copy.h"
#include "inject/inject_test_internal.h"

#define HELM_CONFIG "application/vnd.cncf.helm.config.v1+json"
#define FOREIGN_LAYER "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
#define WINDOWS "\"os\":\"windows\",\"architecture\":\"amd64\""

/*
 * A store in memory that notes what is written, in order, and is as strict as registries are: a
 * manifest whose parts are not there is refused.
 */
struct strict {
    struct store base;
    struct store *behind;
    struct strings written; /* texts of digests, and tags */
    pthread_mutex_t lock;   /* of `written` and `open` */
    size_t open;            /* blobs being written */
    size_t most_open;
    const char *refused; /* a version that is not taken; NULL: none */
    uint64_t most;       /* bytes of a blob; 0: any */
    bool finished;
};

struct strict_writer {
    struct writer base;
    struct writer *behind;
    struct strict *strict;
    const struct digest *digest;
};

static inline struct strict *strict_of(struct store *store)
{
    return CONTAINER_OF(store, struct strict, base);
}

static inline void note(struct strict *strict, const char *text)
{
    pthread_mutex_lock(&strict->lock);
    strings_add(&strict->written, text);
    pthread_mutex_unlock(&strict->lock);
}

static inline int strict_read_manifest(struct store *store, const char *version, struct buf *out,
                                       struct descriptor *what, struct error *err)
{
    struct store *behind = strict_of(store)->behind;

    return behind->ops->read_manifest(behind, version, out, what, err);
}

static inline int strict_open_blob(struct store *store, const struct descriptor *blob,
                                   uint64_t offset, uint64_t length, struct reader **out,
                                   struct error *err)
{
    struct store *behind = strict_of(store)->behind;

    return behind->ops->open_blob(behind, blob, offset, length, out, err);
}

static inline int strict_has_blob(struct store *store, const struct descriptor *blob, bool *out,
                                  struct error *err)
{
    return store_has_blob(strict_of(store)->behind, blob, out, err);
}

static inline int strict_blob_write(struct writer *writer, const void *data, size_t size,
                                    struct error *err)
{
    return writer_write(CONTAINER_OF(writer, struct strict_writer, base)->behind, data, size, err);
}

static inline int strict_blob_finish(struct writer *writer, struct error *err)
{
    struct strict_writer *blob = CONTAINER_OF(writer, struct strict_writer, base);

    if (writer_finish(blob->behind, err) < 0)
        return -1;
    note(blob->strict, digest_format(blob->digest).text);
    return 0;
}

static inline void strict_blob_free(struct writer *writer)
{
    struct strict_writer *blob = CONTAINER_OF(writer, struct strict_writer, base);

    pthread_mutex_lock(&blob->strict->lock);
    blob->strict->open--;
    pthread_mutex_unlock(&blob->strict->lock);
    writer_free(blob->behind);
    free(blob);
}

static inline int strict_create_blob(struct store *store, uint64_t size,
                                     const struct digest *digest, struct writer **out,
                                     struct error *err)
{
    static const struct writer_ops ops = {strict_blob_write, strict_blob_finish, strict_blob_free};
    struct strict *strict = strict_of(store);
    struct writer *behind = NULL;

    if (strict->behind->ops->create_blob(strict->behind, size, digest, &behind, err) < 0)
        return -1;
    pthread_mutex_lock(&strict->lock);
    if (++strict->open > strict->most_open)
        strict->most_open = strict->open;
    pthread_mutex_unlock(&strict->lock);
    struct strict_writer *blob = xcalloc(1, sizeof(*blob));
    *blob = (struct strict_writer){{&ops}, behind, strict, digest};
    *out = &blob->base;
    return 0;
}

/* Is what a document mentions there? */
static inline int check_parts(struct strict *strict, const struct document *document,
                              struct error *err)
{
    CLEANUP(document) struct document child = DOCUMENT_INIT;
    struct descriptor *children = NULL;
    size_t count = 0;
    bool there = true;
    int result = document_children(document, &children, &count, err);

    for (size_t i = 0; i < count && result == 0; i++) {
        bool manifest = media_type_is_manifest(children[i].media_type) ||
                        media_type_is_index(children[i].media_type);
        if (document->is_index && manifest)
            result = store_read_document(strict->behind, digest_format(&children[i].digest).text,
                                         &child, err);
        else
            result = store_has_blob(strict->behind, &children[i], &there, err);
        if (result == 0 && !there)
            result = error_set(err, ERROR_NOT_FOUND, "%s is mentioned and not there",
                               digest_format(&children[i].digest).text);
    }
    free(children);
    return result;
}

static inline int strict_write_manifest(struct store *store, const char *version,
                                        const char *media_type, const struct buf *manifest,
                                        struct error *err)
{
    struct strict *strict = strict_of(store);
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    struct descriptor what = {.size = manifest->size};

    if (strict->refused != NULL && strcmp(strict->refused, version) == 0)
        return error_set(err, ERROR_DENIED, "'%s' may not be written", version);
    buf_add(&bytes, buf_text(manifest), manifest->size);
    memcpy(what.media_type, media_type, strlen(media_type) + 1);
    what.digest = digest_of(DIGEST_SHA256, buf_text(manifest), manifest->size);
    if (document_parse(&bytes, &what, &document, err) < 0 ||
        check_parts(strict, &document, err) < 0)
        return -1;
    note(strict, version);
    return store_write_manifest(strict->behind, version, media_type, manifest, err);
}

static inline int strict_probe_write(struct store *store, struct error *err)
{
    (void)store;
    (void)err;
    return 0;
}

static inline int strict_check_blob_size(const struct store *store, uint64_t size,
                                         struct error *err)
{
    uint64_t most = strict_of((struct store *)(uintptr_t)store)->most;

    if (most > 0 && size > most)
        return error_set(err, ERROR_UNSUPPORTED, "it would be too large");
    return 0;
}

static inline int strict_finish(struct store *store, struct error *err)
{
    (void)err;
    strict_of(store)->finished = true;
    return 0;
}

static inline void strict_free(struct store *store)
{
    struct strict *strict = strict_of(store);

    store_free(strict->behind);
    strings_release(&strict->written);
    pthread_mutex_destroy(&strict->lock);
    free(strict);
}

static inline struct store *new_strict(void)
{
    static const struct store_ops ops = {
        .read_manifest = strict_read_manifest,
        .open_blob = strict_open_blob,
        .has_blob = strict_has_blob,
        .create_blob = strict_create_blob,
        .write_manifest = strict_write_manifest,
        .probe_write = strict_probe_write,
        .check_blob_size = strict_check_blob_size,
        .finish = strict_finish,
        .free = strict_free,
    };
    struct strict *strict = xcalloc(1, sizeof(*strict));

    strict->base.ops = &ops;
    strict->base.name = xstrdup("strict");
    strict->behind = store_new_memory();
    pthread_mutex_init(&strict->lock, NULL);
    return &strict->base;
}

/* Two stores and what is said. */
struct pair {
    struct store *from;
    struct store *to; /* a strict one */
    struct bench bench;
    struct copy_options options;
};

static inline int pair_open(void **state)
{
    struct pair *pair = xcalloc(1, sizeof(*pair));

    pair->from = store_new_memory();
    pair->to = new_strict();
    pair->bench.log = (struct log){.level = LOG_INFO, .write = say, .arg = &pair->bench};
    pthread_mutex_init(&pair->bench.lock, NULL);
    pair->options = (struct copy_options){
        .from = pair->from,
        .from_version = "in",
        .target = pair->to,
        .target_version = "out",
        .log = &pair->bench.log,
    };
    *state = pair;
    return 0;
}

static inline int pair_close(void **state)
{
    struct pair *pair = *state;

    store_free(pair->from);
    store_free(pair->to);
    buf_release(&pair->bench.said);
    pthread_mutex_destroy(&pair->bench.lock);
    free(pair);
    return 0;
}

static inline const struct strings *written(const struct pair *pair)
{
    return &strict_of(pair->to)->written;
}

static inline struct copy_result copy(struct pair *pair)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    struct copy_result result = {.moved = 0};

    if (copy_run(&pair->options, &result, &err) < 0)
        fail_msg("%s", err.text);
    return result;
}

static inline void refuse_to_copy(struct pair *pair, enum error_kind kind, const char *complaint)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    struct copy_result result = {.moved = 0};

    assert_int_equal(copy_run(&pair->options, &result, &err), -1);
    if (strstr(err.text, complaint) == NULL || err.kind != kind)
        fail_msg("\"%s\" (%d), expected \"%s\" (%d)", err.text, (int)err.kind, complaint,
                 (int)kind);
    assert_false(strict_of(pair->to)->finished);
}

static inline void expect_digest(const struct descriptor *found, const struct descriptor *expected)
{
    assert_string_equal(digest_format(&found->digest).text, digest_format(&expected->digest).text);
}

static inline void expect_shown(struct store *store, const char *version,
                                const struct descriptor *expected)
{
    CLEANUP(document) struct document shown = DOCUMENT_INIT;

    read_document(store, version, &shown);
    expect_digest(&shown.descriptor, expected);
    assert_string_equal(shown.descriptor.media_type, expected->media_type);
}

static inline bool has_blob(struct store *store, const struct descriptor *blob)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    bool there = false;

    if (store_has_blob(store, blob, &there, &err) < 0)
        fail_msg("%s", err.text);
    return there;
}

static inline void add_descriptor(struct buf *out, const struct descriptor *what,
                                  const char *members)
{
    buf_addf(out, "%s{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%llu%s}",
             out->data[out->size - 1] == '[' || out->data[out->size - 1] == ' ' ? "" : ",",
             what->media_type, digest_format(&what->digest).text, (unsigned long long)what->size,
             members);
}

/* An artifact, spaced as no tool would do it. */
static inline struct descriptor put_artifact(struct store *store, const char *version,
                                             const char *content)
{
    CLEANUP(buf) struct buf manifest = BUF_INIT;
    struct descriptor config = put_blob(store, "{\"name\":\"chart\"}", HELM_CONFIG);
    struct descriptor layer =
        put_blob(store, content, "application/vnd.cncf.helm.chart.v1.tar+gzip");

    buf_add_text(&manifest, "{ \"layers\" : [");
    add_descriptor(&manifest, &layer, "");
    buf_add_text(&manifest, "],\n\"x\": 0.10, \"schemaVersion\":2, \"config\": ");
    add_descriptor(&manifest, &config, "");
    buf_add_text(&manifest, " }\n");
    return put_manifest(store, version, buf_text(&manifest), MEDIA_TYPE_OCI_MANIFEST);
}

/* A schema 2 image whose first layer is not to be moved; that one is not even there. */
static inline struct descriptor put_windows(struct store *store, const char *version)
{
    CLEANUP(buf) struct buf manifest = BUF_INIT;
    struct descriptor config = put_blob(store, "{" WINDOWS "}", MEDIA_TYPE_DOCKER_CONFIG);
    struct descriptor layer = put_blob(store, "a layer of Windows", MEDIA_TYPE_DOCKER_LAYER);
    struct descriptor foreign = {FOREIGN_LAYER, digest_of(DIGEST_SHA256, "far", 3), 3};

    buf_addf(&manifest,
             "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"config\": ", MEDIA_TYPE_DOCKER_MANIFEST);
    add_descriptor(&manifest, &config, "");
    buf_add_text(&manifest, ",\"layers\":[");
    add_descriptor(&manifest, &foreign, ",\"urls\":[\"https://far.example.com/layer\"]");
    add_descriptor(&manifest, &layer, "");
    buf_add_text(&manifest, "]}");
    return put_manifest(store, version, buf_text(&manifest), MEDIA_TYPE_DOCKER_MANIFEST);
}

static inline void begin_index(struct buf *index)
{
    buf_addf(index, "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"y\":1.50,\"manifests\": [",
             MEDIA_TYPE_OCI_INDEX);
}

static inline struct descriptor put_index(struct store *store, const char *version,
                                          struct buf *index)
{
    buf_add_text(index, "]}");
    return put_manifest(store, version, buf_text(index), MEDIA_TYPE_OCI_INDEX);
}

#define FOR(os, architecture)                                                                      \
    ",\"platform\":{\"os\":\"" os "\",\"architecture\":\"" architecture "\"}"
#define ARM64 "\"os\":\"linux\",\"architecture\":\"arm64\""
#define S390X "\"os\":\"linux\",\"architecture\":\"s390x\""

/* What an index may hold. */
struct family {
    struct descriptor amd64;
    struct descriptor arm64;
    struct descriptor windows;
    struct descriptor artifact;
    struct descriptor s390x;
    struct descriptor nested;
    struct descriptor attestation;
    struct descriptor blob; /* of a type that nobody knows */
    struct descriptor index;
};

static inline struct family put_family(struct store *store)
{
    CLEANUP(buf) struct buf index = BUF_INIT;
    CLEANUP(buf) struct buf nested = BUF_INIT;
    CLEANUP(buf) struct buf about = BUF_INIT;
    struct family family = {
        .amd64 = put_image(store, NULL, PLAIN, 2),
        .arm64 = put_image(store, NULL, ARM64, 1),
        .windows = put_windows(store, NULL),
        .artifact = put_artifact(store, NULL, "a chart"),
        .s390x = put_image(store, NULL, S390X, 1),
        .attestation = put_artifact(store, NULL, "a statement"),
        .blob = put_blob(store, "whatever", "application/vnd.example.unknown"),
    };

    begin_index(&nested);
    add_descriptor(&nested, &family.s390x, "");
    add_descriptor(&nested, &family.artifact, "");
    family.nested = put_index(store, NULL, &nested);
    buf_addf(&about,
             FOR("unknown", "unknown") ",\"annotations\":{\"vnd.docker.reference.type\":"
                                       "\"attestation-manifest\","
                                       "\"vnd.docker.reference.digest\":\"%s\"}",
             digest_format(&family.amd64.digest).text);
    begin_index(&index);
    add_descriptor(&index, &family.nested, "");
    add_descriptor(&index, &family.artifact, "");
    add_descriptor(&index, &family.amd64, FOR("linux", "x86_64"));
    add_descriptor(&index, &family.arm64, FOR("linux", "arm64") ",\"variant\":\"v8\"");
    add_descriptor(&index, &family.windows, FOR("windows", "amd64"));
    add_descriptor(&index, &family.attestation, buf_text(&about));
    add_descriptor(&index, &family.blob, "");
    add_descriptor(&index, &family.amd64, FOR("linux", "amd64"));
    family.index = put_index(store, "in", &index);
    return family;
}

static inline size_t count_written(const struct pair *pair, const char *text)
{
    size_t count = 0;

    for (size_t i = 0; i < written(pair)->count; i++)
        count += strcmp(written(pair)->items[i], text) == 0;
    return count;
}

#define PAIR_TEST(test) cmocka_unit_test_setup_teardown(test, pair_open, pair_close)

#endif
