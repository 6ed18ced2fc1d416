#include "oci/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct descriptor what = DESCRIPTOR_INIT;
    struct descriptor *children = NULL;
    size_t count;

    buf_add(&bytes, data, size);
    what.digest = digest_of(DIGEST_SHA256, data, size);
    what.size = size;
    if (document_parse(&bytes, &what, &document, &err) < 0)
        return 0;
    if (document_children(&document, &children, &count, &err) == 0)
        free(children);
    return 0;
}
