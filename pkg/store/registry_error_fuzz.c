#include "store/store_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever a registry says: the words are text of a bounded length, and make an error. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(http_response) struct http_response response = {.status = 400};
    CLEANUP(buf) struct buf words = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    buf_add(&response.body, data, size);
    registry_error_words(&response.body, &words);
    (void)registry_error_has_code(&response.body, "DENIED");
    if (words.size > 8192 || !text_is_utf8(buf_text(&words)))
        abort();
    (void)registry_refuse(&response, &err);
    return 0;
}
