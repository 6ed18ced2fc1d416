#include "store/store_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever an index.json holds: a tag that was set is found, and the result is an index again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    json_auto_t *index = NULL;
    json_auto_t *again = NULL;
    struct descriptor found = DESCRIPTOR_INIT;
    struct descriptor image = {.media_type = "a/b", .size = size};

    image.digest = digest_of(DIGEST_SHA256, data, size);
    buf_add(&bytes, data, size);
    if (oci_index_parse(&bytes, &index, &err) < 0)
        return 0;
    (void)!oci_index_find(index, NULL, &found, &err);
    (void)!oci_index_find(index, "latest", &found, &err);
    (void)oci_index_find_digest(index, &image.digest, &found);
    if (!oci_index_set(index, "latest", &image))
        abort();
    json_to_buf(index, &bytes);
    if (oci_index_parse(&bytes, &again, &err) < 0 ||
        oci_index_find(again, "latest", &found, &err) < 0 ||
        !digest_equal(&found.digest, &image.digest))
        abort();
    return 0;
}
