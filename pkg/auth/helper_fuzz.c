#include "auth/auth_internal.h"

#include <string.h>

/* What a credential helper writes; the first byte is the status it ends with. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(credential) struct credential credential = CREDENTIAL_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf answer = BUF_INIT;
    struct helper helper = {.name = "x", .server = "h", .named_by = "F"};

    if (size == 0)
        return 0;
    buf_add(&answer, data + 1, size - 1);
    if (helper_parse(&helper, &answer, data[0] % 2, &credential, &err) < 0 &&
        !credential_is_empty(&credential))
        __builtin_trap();
    if (!credential_is_empty(&credential) && credential.provenance == NULL)
        __builtin_trap();
    return 0;
}
