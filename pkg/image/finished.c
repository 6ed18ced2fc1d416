#include "image/image_internal.h"

/* document_parse() keeps the bytes that it reads. */
static int parse_copy(const struct buf *bytes, const struct descriptor *what, struct document *out,
                      struct error *err)
{
    CLEANUP(buf) struct buf copy = BUF_INIT;

    buf_add(&copy, bytes->data, bytes->size);
    return document_parse(&copy, what, out, err);
}

int image_check_finished(const struct buf *manifest_bytes, const struct descriptor *manifest,
                         const struct buf *config_bytes, struct error *err)
{
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    CLEANUP(image) struct image *image = NULL;
    struct descriptor config;

    if (manifest_bytes->size > DOCUMENT_LIMIT || config_bytes->size > DOCUMENT_LIMIT)
        return error_set(err, ERROR_UNSUPPORTED, "the manifest or config would exceed %zu bytes",
                         DOCUMENT_LIMIT);
    if (parse_copy(manifest_bytes, manifest, &document, err) < 0 ||
        document_config(&document, &config, err) < 0 ||
        image_open(&document, config_bytes, &image, err) < 0)
        return error_wrap(err, "the finished image, which is not published");
    return 0;
}

int index_check_finished(const struct buf *bytes, const struct descriptor *index, struct error *err)
{
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    struct index_entry *entries = NULL;
    size_t count = 0;

    if (bytes->size > DOCUMENT_LIMIT)
        return error_set(err, ERROR_UNSUPPORTED, "the index would exceed %zu bytes",
                         DOCUMENT_LIMIT);
    if (parse_copy(bytes, index, &document, err) < 0 ||
        index_entries(&document, &entries, &count, err) < 0)
        return error_wrap(err, "the finished index, which is not published");
    free(entries);
    return 0;
}
