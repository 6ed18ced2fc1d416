#include "scan/application_internal.h"
#include "scan/scan.h"

#include <string.h>

/* The first byte says what kind of file the rest is; the readers of Python have a target too. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const paths[] = {"a.js", "a.sh",       "a.yaml", "a.toml", "a.json",
                                        ".env", "Dockerfile", "a.py",   "a.ipynb"};
    CLEANUP(application) struct application application = {.files = NULL};
    CLEANUP(scan_findings) struct scan_findings findings = SCAN_FINDINGS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct presets presets = PRESETS_INIT;

    if (size == 0)
        return 0;
    application.files = xcalloc(1, sizeof(*application.files));
    application.file_count = 1;
    application.files[0] = (struct application_file){
        .path = xstrdup(paths[data[0] % ARRAY_SIZE(paths)]),
        .text = xstrndup((const char *)data + 1, size - 1),
    };
    application.files[0].size = strlen(application.files[0].text);
    strings_add(&application.environment, "MODEL=acme/a");
    application_read_dockerfile(&application);
    (void)scan_application(&application, &presets, NULL, &findings, &err);
    return 0;
}
