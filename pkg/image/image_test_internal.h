#ifndef INLAY_IMAGE_TEST_INTERNAL_H
#define INLAY_IMAGE_TEST_INTERNAL_H

#include "image/image_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* An image of these documents; fails the test if they are not those of one. Caller frees. */
static inline struct image *image_of_texts(const char *manifest, const char *config)
{
    CLEANUP(buf) struct buf manifest_bytes = BUF_INIT;
    CLEANUP(buf) struct buf config_bytes = BUF_INIT;
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct descriptor what = DESCRIPTOR_INIT;
    struct image *image = NULL;

    buf_add_text(&manifest_bytes, manifest);
    buf_add_text(&config_bytes, config);
    if (document_parse(&manifest_bytes, &what, &document, &err) < 0 ||
        image_open(&document, &config_bytes, &image, &err) < 0)
        fail_msg("'%s', '%s': %s", manifest, config, err.text);
    return image;
}

#endif
