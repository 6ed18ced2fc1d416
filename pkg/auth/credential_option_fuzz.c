#include "auth/auth_internal.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is taken is what stands before and behind the first colon of the first line. */
static void check_line(const char *text)
{
    CLEANUP(credential) struct credential credential = CREDENTIAL_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (credential_option_parse_line(text, "F", &credential, &err) < 0) {
        if (!credential_is_empty(&credential) || err.kind == ERROR_NONE)
            __builtin_trap();
        return;
    }
    CLEANUP(secret) char *again = xasprintf("%s:%s", credential.user, credential.password);
    if (credential.user[0] == '\0' || strpbrk(again, "\r\n") != NULL ||
        strchr(credential.user, ':') != NULL || !text_starts_with(text, again))
        __builtin_trap();
}

/* HOST=FILE, and the first line of the file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(text) char *text = xstrndup((const char *)data, size);
    CLEANUP(credential_option) struct credential_option option = {NULL, NULL};
    CLEANUP(error) struct error err = ERROR_INIT;

    check_line(text);
    if (credential_option_parse(text, &option, &err) < 0) {
        if (option.host != NULL || err.kind != ERROR_USAGE)
            __builtin_trap();
        return 0;
    }
    CLEANUP(text)
    char *again = xasprintf("%s=%s", option.host, option.file != NULL ? option.file : "-");
    if (strcmp(again, text) != 0)
        __builtin_trap();
    return 0;
}
