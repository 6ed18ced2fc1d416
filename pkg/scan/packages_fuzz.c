#include "scan/application_internal.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever comes out is a word that can be printed and compared. */
static void check(char *name, char *version)
{
    const char *const words[] = {name, version};

    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        for (const char *at = words[i]; at != NULL && *at != '\0'; at++)
            if (*at <= ' ' || *at > '~')
                abort();
    if ((name != NULL && *name == '\0') || (version != NULL && *version == '\0'))
        abort();
    free(name);
    free(version);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(text) char *text = xstrndup((const char *)data, size);
    char *name = NULL, *version = NULL;

    package_read_metadata((const char *)data, size, &name, &version);
    check(name, version);
    package_read_folder_name(text, &name, &version);
    check(name, version);
    package_read_conda_name(text, &name, &version);
    check(name, version);
    package_read_node((const char *)data, size, &name, &version);
    check(name, version);
    return 0;
}
