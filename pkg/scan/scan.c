#include "scan/scan_internal.h"

#include <string.h>

static void release(struct scan *scan)
{
    for (size_t i = 0; i < scan->source_count; i++)
        python_file_release(&scan->sources[i].python);
    free(scan->sources);
    config_values_release(&scan->configs);
    strings_release(&scan->imports);
    strings_release(&scan->variables);
    strings_release(&scan->overriding);
    scan_settings_release(&scan->settings);
}

static bool has_python_packages(const struct application *application)
{
    for (size_t i = 0; i < application->package_count; i++)
        if (application->packages[i].kind != PACKAGE_NODE)
            return true;
    return false;
}

int scan_application(const struct application *application, const struct presets *presets,
                     const struct cancel *cancel, struct scan_findings *out, struct error *err)
{
    struct scan scan = {
        .application = application,
        .presets = presets,
        .cancel = cancel,
        .out = out,
        .has_python_packages = has_python_packages(application),
    };

    for (size_t i = 0; i < application->skipped.count; i++)
        scan_add_skipped(out, "%s", application->skipped.items[i]);
    scan_read_configs(&scan);
    scan_commands(&scan);
    scan_manifests(&scan);
    scan_python(&scan);
    scan_javascript(&scan);
    scan_environment(&scan);
    scan_configs(&scan);
    scan_offline_versions(&scan);
    scan_sort(out);
    release(&scan);
    return cancel_check(cancel, err);
}
