#ifndef INLAY_OCI_DESCRIPTOR_H
#define INLAY_OCI_DESCRIPTOR_H

#include "core/digest.h"
#include "core/error.h"

#include <jansson.h>

#define MEDIA_TYPE_MAX 256

/* What a blob is, which one, and how large (image-spec, descriptor.md). A plain value. */
struct descriptor {
    char media_type[MEDIA_TYPE_MAX];
    struct digest digest;
    uint64_t size; /* bytes of the blob as stored */
};

#define DESCRIPTOR_INIT                                                                            \
    {                                                                                              \
        "", DIGEST_INIT, 0                                                                         \
    }

/* ERROR_CORRUPT if the media type does not fit. */
int descriptor_set(struct descriptor *out, const char *media_type, const struct digest *digest,
                   uint64_t size, struct error *err) MUST_CHECK;
/* Reads the three members and ignores the others; ERROR_CORRUPT if one is missing or malformed. */
int descriptor_from_json(const json_t *json, struct descriptor *out, struct error *err) MUST_CHECK;
/* A new object with the three members; the caller owns it. */
json_t *descriptor_to_json(const struct descriptor *descriptor);

#endif
