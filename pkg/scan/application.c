#include "scan/application.h"

#include <string.h>

void application_release(struct application *application)
{
    for (size_t i = 0; i < application->file_count; i++) {
        free(application->files[i].path);
        free(application->files[i].text);
    }
    for (size_t i = 0; i < application->package_count; i++) {
        free(application->packages[i].name);
        free(application->packages[i].version);
        free(application->packages[i].path);
    }
    free(application->files);
    free(application->packages);
    strings_release(&application->environment);
    strings_release(&application->entrypoint);
    strings_release(&application->command);
    strings_release(&application->skipped);
    free(application->working_dir);
    free(application->user);
    free(application->dockerfile);
    *application = (struct application){.files = NULL};
}

const struct application_file *application_find_file(const struct application *application,
                                                     const char *path)
{
    size_t low = 0, high = application->file_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(application->files[middle].path, path);
        if (order == 0)
            return &application->files[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct application_package *application_find_package(const struct application *application,
                                                           enum package_kind kind, const char *name)
{
    for (size_t i = 0; i < application->package_count; i++) {
        const struct application_package *package = &application->packages[i];
        if (package->kind == kind && strcmp(package->name, name) == 0)
            return package;
    }
    return NULL;
}

static bool is_separator(char letter)
{
    return letter == '-' || letter == '_' || letter == '.';
}

char *package_normalize(const char *name)
{
    char *normal = xstrdup(name);
    size_t size = 0;

    for (const char *at = name; *at != '\0'; at++) {
        if (!is_separator(*at))
            normal[size++] = (char)(*at >= 'A' && *at <= 'Z' ? *at - 'A' + 'a' : *at);
        else if (at == name || !is_separator(at[-1]))
            normal[size++] = '-';
    }
    normal[size] = '\0';
    return normal;
}
