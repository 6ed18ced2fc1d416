#ifndef INLAY_COPY_TEST_INTERNAL_H
#define INLAY_COPY_TEST_INTERNAL_H

/* What the tests of copying share: two stores, and an index with all that one may hold. */

#include "copy/copy.h"
#include "testing/inject_bench.h"
#include "testing/strict_store.h"

#define HELM_CONFIG "application/vnd.cncf.helm.config.v1+json"
#define FOREIGN_LAYER "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
#define WINDOWS "\"os\":\"windows\",\"architecture\":\"amd64\""

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
