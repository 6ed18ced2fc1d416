#ifndef INLAY_TESTING_IMAGES_H
#define INLAY_TESTING_IMAGES_H

/* Images put into a store by hand, and read back. */

#include "oci/document.h"
#include "oci/media_type.h"
#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

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

#endif
