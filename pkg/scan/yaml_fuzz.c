#include "scan/application_internal.h"
#include "scan/scan.h"
#include "scan/yaml_internal.h"

#include <stdlib.h>
#include <string.h>

/* Whatever the text, it is an outline: one root, parents before children, lines in their order. */
static void check_outline(const struct yaml *yaml)
{
    for (size_t i = 0; i < yaml->count; i++) {
        const struct yaml_node *node = &yaml->nodes[i];
        if (i == 0 ? node->key != NULL || node->parent != 0
                   : node->parent >= i || node->line < yaml->nodes[node->parent].line ||
                         node->line < 1)
            abort();
    }
    for (size_t i = 1; i < yaml->count; i++) {
        size_t found = yaml->nodes[i].key == NULL
                           ? 0
                           : yaml_child(yaml, yaml->nodes[i].parent, yaml->nodes[i].key);
        if (found > i || (found == 0 && yaml->nodes[i].key != NULL))
            abort();
    }
}

static void scan_as(const char *path, const char *text)
{
    CLEANUP(application) struct application application = {.files = NULL};
    CLEANUP(scan_findings) struct scan_findings findings = SCAN_FINDINGS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct presets presets = PRESETS_INIT;

    application.files = xcalloc(1, sizeof(*application.files));
    application.file_count = 1;
    application.files[0] = (struct application_file){.path = xstrdup(path), .text = xstrdup(text)};
    application.files[0].size = strlen(text);
    strings_add(&application.environment, "MODEL=acme/a");
    (void)scan_application(&application, &presets, NULL, &findings, &err);
}

/* The text of a manifest: as YAML, of Compose and of Kubernetes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(text) char *text = xstrndup((const char *)data, size);
    CLEANUP(yaml) struct yaml yaml = {NULL, 0};

    yaml_read(text, &yaml);
    check_outline(&yaml);
    scan_as("compose.yaml", text);
    scan_as("k8s/llm.yaml", text);
    return 0;
}
