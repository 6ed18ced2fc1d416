#include "http/http_internal.h"

#include <string.h>

/* Header lines of a 206, or a 200, to a request for bytes 5 to 14 of 20. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The answer is used, asked for anew, or refused as corrupt; and never beyond what was asked. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    static char url[] = "https://h/p";
    const char *at = (const char *)data;
    const char *end = at + size;
    struct transfer transfer = {.url = url, .offset = 5, .length = 10, .size = 20};

    transfer.response.status = size % 2 == 0 ? 206 : 200;
    transfer.decode = size % 3 == 0;
    transfer.whole = size % 5 == 0;
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t line_size = (size_t)((line_end != NULL ? line_end : end) - at);
        http_response_add_header(&transfer.response, at, line_size);
        at += line_size + (line_end != NULL ? 1 : 0);
    }
    int result = transfer_judge(&transfer, &err);
    if (result < 0 && transfer_wants_more(&transfer) == (err.kind == ERROR_CORRUPT))
        __builtin_trap();
    if (result < 0 &&
        ((transfer.decode && transfer.wants_decoding) || (transfer.whole && transfer.wants_whole)))
        __builtin_trap();
    if (result == 0 && (transfer.left != 10 || transfer_wants_more(&transfer) ||
                        (transfer.skip != 0 && transfer.skip != 5)))
        __builtin_trap();
    http_response_release(&transfer.response);
    return 0;
}
