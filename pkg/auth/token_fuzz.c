#include "auth/auth_internal.h"

#include <stdint.h>
#include <string.h>

/* The answer of a token server. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(token) struct token token = TOKEN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (token_parse((const char *)data, size, &token, &err) < 0)
        return 0;
    if (strpbrk(token.header, "\r\n") != NULL || token.lifetime_s < 60)
        __builtin_trap();
    return 0;
}
