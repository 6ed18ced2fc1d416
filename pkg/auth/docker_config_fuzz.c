#include "auth/auth_internal.h"

#include <string.h>

/* A credentials file, maybe of a project that was checked out. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct credential_query queries[] = {
        {"registry-1.docker.io", "library/alpine"},
        {"h:5000", "a/b"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(queries); i++) {
        CLEANUP(docker_config) struct docker_config file = DOCKER_CONFIG_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        struct credential_text text = {"F", (const char *)data, size, size % 2 == 1};
        unsigned rank = 0;
        if (docker_config_parse(&text, &queries[i], &file, &err) < 0) {
            if (err.kind != ERROR_LOCAL)
                __builtin_trap();
            continue;
        }
        if (file.key != NULL && !credential_key_fits(file.key, &queries[i], &rank))
            __builtin_trap();
        if (!credential_is_empty(&file.own) && file.own.provenance == NULL)
            __builtin_trap();
    }
    return 0;
}
