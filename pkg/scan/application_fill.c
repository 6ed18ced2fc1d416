#include "scan/application_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BINARY_PROBE ((size_t)8 * 1024)

void candidates_release(struct candidates *candidates)
{
    for (size_t i = 0; i < candidates->count; i++)
        free(candidates->items[i].path);
    free(candidates->items);
    strings_release(&candidates->skipped);
    *candidates = (struct candidates){.items = NULL};
}

void candidates_add(struct candidates *candidates, const struct candidate *candidate)
{
    size_t count = candidates->count;

    if ((count & (count - 1)) == 0) /* full at each power of two */
        candidates->items =
            xrealloc(candidates->items, count > 0 ? 2 * count : 1, sizeof(*candidates->items));
    candidates->items[count] = *candidate;
    candidates->items[count].path = xstrdup(candidate->path);
    candidates->count++;
}

void candidates_skip(struct candidates *candidates, const char *format, ...)
{
    char *line = NULL;
    va_list arguments;

    if (candidates->skipped.count == APPLICATION_SKIPPED_MAX) {
        candidates->skipped_more++;
        return;
    }
    va_start(arguments, format);
    int size = vasprintf(&line, format, arguments);
    va_end(arguments);
    if (size < 0)
        abort();
    text_mask(line);
    strings_add(&candidates->skipped, line);
    free(line);
}

/* Packages, then sources, then configs, each in the order of paths. */
static int compare_candidates(const void *a, const void *b)
{
    static const int ranks[] = {
        [ROLE_NONE] = 3,   [ROLE_SOURCE] = 1, [ROLE_CONFIG] = 2,
        [ROLE_PYTHON] = 0, [ROLE_NODE] = 0,   [ROLE_CONDA] = 0,
    };
    const struct candidate *left = a, *right = b;

    if (ranks[left->role] != ranks[right->role])
        return ranks[left->role] - ranks[right->role];
    return strcmp(left->path, right->path);
}

static int compare_files(const void *a, const void *b)
{
    return strcmp(((const struct application_file *)a)->path,
                  ((const struct application_file *)b)->path);
}

static int compare_packages(const void *a, const void *b)
{
    const struct application_package *left = a, *right = b;

    if (left->kind != right->kind)
        return left->kind < right->kind ? -1 : 1;
    int order = strcmp(left->name, right->name);
    return order != 0 ? order : strcmp(left->path, right->path);
}

struct fill {
    struct candidates *candidates;
    candidate_read_fn *read; /* NULL: what has no content has none */
    void *arg;
    struct application *out;
    size_t size;           /* of the files so far */
    size_t files_left_out; /* behind the limits */
    size_t packages_left_out;
};

/* The content of a candidate: its own, or read into `bytes`; NULL if it cannot be had. */
static int fill_content(struct fill *fill, const struct candidate *candidate, struct buf *bytes,
                        const char **content, size_t *size, struct error *err)
{
    bool is_read = false;

    *content = candidate->content;
    *size = (size_t)candidate->size;
    if (candidate->content != NULL || fill->read == NULL ||
        candidate->size > APPLICATION_FILE_LIMIT)
        return 0;
    if (fill->read(fill->arg, fill->candidates, candidate, bytes, &is_read, err) < 0)
        return -1;
    if (is_read) {
        *content = buf_text(bytes);
        *size = bytes->size;
    }
    return 0;
}

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* The name of the folder that the file is in; caller frees. */
static char *folder_of(const char *path)
{
    size_t size = (size_t)(base_of(path) - path);
    CLEANUP(text) char *above = xstrndup(path, size > 0 ? size - 1 : 0);

    return xstrdup(base_of(above));
}

/* What its path says, where its content says nothing. */
static void name_by_path(const struct candidate *candidate, char **name, char **version)
{
    CLEANUP(text) char *folder = folder_of(candidate->path);
    const char *modules = NULL;

    if (candidate->role == ROLE_CONDA) {
        package_read_conda_name(base_of(candidate->path), name, version);
    } else if (candidate->role == ROLE_PYTHON) {
        bool is_file = text_ends_with(candidate->path, ".egg-info");
        package_read_folder_name(is_file ? base_of(candidate->path) : folder, name, version);
    } else {
        for (const char *at = candidate->path; (at = strstr(at, "node_modules/")) != NULL;)
            modules = at += strlen("node_modules/");
        if (modules != NULL)
            *name = xstrndup(modules, strlen(modules) - strlen("/package.json"));
    }
}

static void add_package(struct fill *fill, const struct candidate *candidate, const char *content,
                        size_t size)
{
    static const enum package_kind kinds[] = {
        [ROLE_PYTHON] = PACKAGE_PYTHON, [ROLE_NODE] = PACKAGE_NODE, [ROLE_CONDA] = PACKAGE_CONDA};
    struct application *out = fill->out;
    CLEANUP(text) char *name = NULL;
    CLEANUP(text) char *version = NULL;

    if (content != NULL && candidate->role == ROLE_PYTHON)
        package_read_metadata(content, size, &name, &version);
    if (content != NULL && candidate->role == ROLE_NODE)
        package_read_node(content, size, &name, &version);
    if (name == NULL) {
        free(TAKE(version));
        name_by_path(candidate, &name, &version);
    }
    if (name == NULL) {
        candidates_skip(fill->candidates, "%s is not read: it names no package", candidate->path);
        return;
    }
    out->packages = xrealloc(out->packages, out->package_count + 1, sizeof(*out->packages));
    out->packages[out->package_count++] = (struct application_package){
        .kind = kinds[candidate->role],
        .name = TAKE(name),
        .version = TAKE(version),
        .path = xstrdup(candidate->path),
    };
}

static int fill_package(struct fill *fill, const struct candidate *candidate, struct error *err)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    const char *content = NULL;
    size_t size = 0;

    if (fill->out->package_count == APPLICATION_PACKAGES_MAX) {
        fill->packages_left_out++;
        return 0;
    }
    if (candidate->role != ROLE_CONDA &&
        fill_content(fill, candidate, &bytes, &content, &size, err) < 0)
        return -1;
    add_package(fill, candidate, content, size);
    return 0;
}

static void add_file(struct fill *fill, const char *path, const char *content, size_t size)
{
    struct application *out = fill->out;
    size_t probe = size < BINARY_PROBE ? size : BINARY_PROBE;

    if (size > APPLICATION_FILE_LIMIT) {
        candidates_skip(fill->candidates, "%s is not read: it has %s, %zu MiB are the most", path,
                        text_format_size(size).text, APPLICATION_FILE_LIMIT / (size_t)MIB);
        return;
    }
    if (probe > 0 && memchr(content, '\0', probe) != NULL) {
        candidates_skip(fill->candidates, "%s is not read: it is binary", path);
        return;
    }
    fill->size += size;
    out->files = xrealloc(out->files, out->file_count + 1, sizeof(*out->files));
    struct application_file *file = &out->files[out->file_count++];
    *file = (struct application_file){.path = xstrdup(path), .text = xcalloc(size + 1, 1)};
    file->size = size;
    if (size > 0)
        memcpy(file->text, content, size);
}

static int fill_file(struct fill *fill, const struct candidate *candidate, struct error *err)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    const char *content = NULL;
    size_t size = 0;

    if (candidate->size > APPLICATION_FILE_LIMIT) {
        candidates_skip(fill->candidates, "%s is not read: it has %s, %zu MiB are the most",
                        candidate->path, text_format_size(candidate->size).text,
                        APPLICATION_FILE_LIMIT / (size_t)MIB);
        return 0;
    }
    if (fill->out->file_count == APPLICATION_FILES_MAX ||
        fill->size + (size_t)candidate->size > APPLICATION_SIZE_LIMIT) {
        fill->files_left_out++;
        return 0;
    }
    if (fill_content(fill, candidate, &bytes, &content, &size, err) < 0)
        return -1;
    if (content != NULL)
        add_file(fill, candidate->path, content, size);
    else if (fill->read == NULL)
        candidates_skip(
            fill->candidates,
            "%s is not read: its layer holds more files like it than are read, or does not hold "
            "what the hard link leads to",
            candidate->path);
    return 0;
}

static int fill_one(struct fill *fill, const struct candidate *candidate, struct error *err)
{
    switch (candidate->role) {
    case ROLE_NONE:
        return 0;
    case ROLE_SOURCE:
    case ROLE_CONFIG:
        return fill_file(fill, candidate, err);
    case ROLE_PYTHON:
    case ROLE_NODE:
    case ROLE_CONDA:
        break;
    }
    return fill_package(fill, candidate, err);
}

static void add_sums(struct fill *fill)
{
    struct candidates *candidates = fill->candidates;
    struct strings *skipped = &candidates->skipped;

    if (candidates->skipped_more > 0)
        strings_addf(skipped, "%zu more are not read", candidates->skipped_more);
    if (fill->files_left_out > 0)
        strings_addf(skipped,
                     "%zu more files are not read: %zu files and %zu MiB are the most, sources "
                     "first",
                     fill->files_left_out, APPLICATION_FILES_MAX,
                     APPLICATION_SIZE_LIMIT / (size_t)MIB);
    if (fill->packages_left_out > 0)
        strings_addf(skipped, "%zu more packages are not read: %zu are the most",
                     fill->packages_left_out, APPLICATION_PACKAGES_MAX);
}

int application_fill(struct candidates *candidates, candidate_read_fn *read, void *arg,
                     struct application *out, struct error *err)
{
    struct fill fill = {.candidates = candidates, .read = read, .arg = arg, .out = out};

    if (candidates->count > 1)
        qsort(candidates->items, candidates->count, sizeof(*candidates->items), compare_candidates);
    for (size_t i = 0; i < candidates->count; i++)
        if (fill_one(&fill, &candidates->items[i], err) < 0)
            return -1;
    add_sums(&fill);
    if (out->file_count > 1)
        qsort(out->files, out->file_count, sizeof(*out->files), compare_files);
    if (out->package_count > 1)
        qsort(out->packages, out->package_count, sizeof(*out->packages), compare_packages);
    out->skipped = candidates->skipped;
    candidates->skipped = (struct strings)STRINGS_INIT;
    return 0;
}
