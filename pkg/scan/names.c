#include "plan/origin.h"
#include "scan/scan_internal.h"

#include <string.h>

static bool ends_with_any(const char *text, const char *const *suffixes)
{
    for (; *suffixes != NULL; suffixes++)
        if (text_ends_with(text, *suffixes))
            return true;
    return false;
}

bool scan_looks_like_model(const char *text)
{
    static const char *const files[] = {
        ".py",  ".js",  ".ts",   ".json", ".yaml", ".yml", ".toml", ".txt",  ".md",          ".pt",
        ".pth", ".bin", ".onnx", ".gguf", ".html", ".png", ".jpg",  ".jpeg", ".csv",         ".sh",
        ".log", ".db",  ".pkl",  ".css",  ".svg",  ".wav", ".mp3",  ".git",  ".safetensors", NULL};
    /* What begins relative paths, media types, and names of other registries. */
    static const char *const folders[] = {
        "models/",    "model/",   "data/",        "src/",    "app/",     "lib/",
        "text/",      "image/",   "application/", "audio/",  "video/",   "usr/",
        "opt/",       "home/",    "tmp/",         "var/",    "weights/", "openai/gpt-",
        "anthropic/", "azure/",   "bedrock/",     "ollama/", "gemini/",  "checkpoints/",
        "output/",    "outputs/", "config/",      "assets/", "cache/",   "and/",
        "library/",   "runs/",    "multipart/"};
    CLEANUP(error) struct error err = ERROR_INIT; /* only whether it is one matters */
    const char *slash = strchr(text, '/');

    if (slash == NULL || slash == text || slash[1] == '\0' || strchr(slash + 1, '/') != NULL)
        return false;
    if (ends_with_any(text, files) || text_starts_with(text, "openai/text-embedding"))
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
        if (text_starts_with(text, folders[i]))
            return false;
    return origin_check_hub_name(text, &err) == 0;
}

/* Whether the application has a file of this name, or files below it. */
static bool has_path(const struct application *application, const char *path)
{
    size_t size = strlen(path);
    size_t low = 0, high = application->file_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(application->files[middle].path, path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = low; i < application->file_count; i++) {
        const char *there = application->files[i].path;
        if (strncmp(there, path, size) != 0)
            return false;
        if (there[size] == '/' || there[size] == '\0')
            return true;
    }
    return false;
}

static bool has_below(const struct scan *scan, const char *folder, size_t size, const char *text)
{
    CLEANUP(text)
    char *path = size == 0 ? xstrdup(text) : xasprintf("%.*s/%s", (int)size, folder, text);

    return has_path(scan->application, path);
}

bool scan_is_local(const struct scan *scan, const char *file, const char *text)
{
    const char *dir = scan->application->working_dir;
    const char *slash = file != NULL ? strrchr(file, '/') : NULL;
    size_t size = strlen(text);

    if (text[0] == '/' || text[0] == '.' || text[0] == '~' || strchr(text, '\\') != NULL ||
        strstr(text, "://") != NULL || (size > 0 && text[size - 1] == '/'))
        return true;
    if (has_below(scan, "", 0, text))
        return true;
    if (slash != NULL && has_below(scan, file, (size_t)(slash - file), text))
        return true;
    return dir != NULL && has_below(scan, strcmp(dir, "/") == 0 ? "" : dir,
                                    strlen(strcmp(dir, "/") == 0 ? "" : dir), text);
}

static const char *find_assignment(const struct strings *list, const char *name)
{
    size_t size = strlen(name);

    for (size_t i = list->count; i > 0; i--)
        if (strncmp(list->items[i - 1], name, size) == 0 && list->items[i - 1][size] == '=')
            return list->items[i - 1] + size + 1;
    return NULL;
}

const char *scan_variable(const struct scan *scan, const char *name, const char **where)
{
    const char *value = find_assignment(&scan->overriding, name);

    *where = "the application sets";
    if (value != NULL && value[0] != '\0')
        return value;
    value = find_assignment(&scan->application->environment, name);
    *where = scan->application->is_folder ? "the Dockerfile sets" : "the image sets";
    if (value != NULL && value[0] != '\0')
        return value;
    value = find_assignment(&scan->variables, name);
    *where = "the application sets";
    return value != NULL && value[0] != '\0' ? value : NULL;
}

const char *scan_version(const struct scan *scan, enum package_kind kind, const char *name)
{
    const struct application_package *package =
        application_find_package(scan->application, kind, name);

    if (package == NULL && kind == PACKAGE_PYTHON)
        package = application_find_package(scan->application, PACKAGE_CONDA, name);
    return package != NULL ? package->version : NULL;
}

bool scan_is_test(const char *path)
{
    static const char *const folders[] = {"test", "tests", "testing", "example",    "examples",
                                          "doc",  "docs",  "bench",   "benchmarks", "__tests__",
                                          "demo", "demos", "evals"};
    const char *name = strrchr(path, '/');

    name = name != NULL ? name + 1 : path;
    if (text_starts_with(name, "test_") || strstr(name, "_test.") != NULL ||
        strstr(name, ".test.") != NULL || strstr(name, ".spec.") != NULL ||
        strcmp(name, "conftest.py") == 0 || strcmp(name, "setup.py") == 0)
        return true;
    for (const char *part = path; part < name;) {
        size_t size = strcspn(part, "/");
        for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
            if (strlen(folders[i]) == size && strncmp(part, folders[i], size) == 0)
                return true;
        part += size + 1;
    }
    return false;
}

static const struct preset *find_preset(const struct scan *scan, const char *family,
                                        const char *name)
{
    CLEANUP(error) struct error err = ERROR_INIT; /* only whether there is one matters */
    CLEANUP(text) char *text = xasprintf("%s:%s", family, name);
    const struct preset *preset = NULL;

    if (presets_find(scan->presets, text, &preset, &err) < 0)
        return NULL;
    return preset;
}

const char *scan_preset(const struct scan *scan, const char *family, const char *name)
{
    const struct preset *preset = find_preset(scan, family, name);

    return preset != NULL ? preset->name : NULL;
}

char *scan_preset_model(const struct scan *scan, const char *family, const char *name)
{
    const struct preset *preset = find_preset(scan, family, name);

    if (preset == NULL || preset->item_count != 1 ||
        !origin_is_of_hub(preset->items[0].origin.kind))
        return NULL;
    return xstrdup(preset->items[0].origin.name);
}
