#include "layout/layout_internal.h"

#include <fnmatch.h>
#include <string.h>

/*
 * The arrangement that most loaders share: the model's files, each under a name that its row knows,
 * in the place itself or in a folder of the model's own.
 */

/* A row says how deep its files lie: '*' stands for no '/'. */
static bool matches(const char *glob, const char *path)
{
    return fnmatch(glob, path, FNM_PATHNAME | FNM_NOESCAPE) == 0;
}

static bool matches_one(const char *const *globs, const char *path)
{
    for (; *globs != NULL; globs++)
        if (matches(*globs, path))
            return true;
    return false;
}

/* "a, b, c" for people; caller frees. */
static char *join(const char *const *globs)
{
    CLEANUP(buf) struct buf out = BUF_INIT;

    for (size_t i = 0; globs[i] != NULL; i++)
        buf_addf(&out, "%s%s", i > 0 ? ", " : "", globs[i]);
    return buf_take(&out);
}

static int check_names(const struct layout *layout, const struct strings *paths, struct error *err)
{
    for (size_t i = 0; layout->only != NULL && i < paths->count; i++)
        if (!matches_one(layout->only, paths->items[i])) {
            CLEANUP(text) char *names = join(layout->only);
            return error_set(err, ERROR_UNSUPPORTED,
                             "'%s' is not what its loader looks for in the layout '%s': %s; leave "
                             "it out by --exclude, or give files their names by --name",
                             paths->items[i], layout->name, names);
        }
    for (const char *const *glob = layout->required; glob != NULL && *glob != NULL; glob++) {
        bool is_there = false;
        for (size_t i = 0; i < paths->count && !is_there; i++)
            is_there = matches(*glob, paths->items[i]);
        if (is_there)
            continue;
        CLEANUP(text) char *names = join(layout->required);
        return error_set(err, ERROR_UNSUPPORTED,
                         "'%s' is missing: in the layout '%s' the loader finds nothing without %s",
                         *glob, layout->name, names);
    }
    return 0;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names that lose their folders may become one. */
static int check_twice(const struct strings *paths, struct error *err)
{
    char **sorted = xcalloc(paths->count, sizeof(*sorted));
    const char *twice = NULL;

    for (size_t i = 0; i < paths->count; i++)
        sorted[i] = paths->items[i];
    qsort(sorted, paths->count, sizeof(*sorted), compare_texts);
    for (size_t i = 1; i < paths->count && twice == NULL; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            twice = sorted[i];
    free(sorted);
    if (twice == NULL)
        return 0;
    return error_set(err, ERROR_UNSUPPORTED,
                     "several of its files would be '%s', since the loader knows no folders; "
                     "choose one by --include",
                     twice);
}

static int find_path(const struct layout *layout, const struct plan *plan, size_t file, char **out,
                     struct error *err)
{
    CLEANUP(text) char *path = NULL;

    if (layout->file_path == NULL)
        path = xstrdup(plan->files[file].path);
    else if (layout->file_path(plan, file, &path, err) < 0)
        return -1;
    *out = layout->inside != NULL ? xasprintf("%s/%s", layout->inside, path) : TAKE(path);
    return 0;
}

/* Where in the model's own folder each file goes. */
static int find_paths(const struct layout_request *request, struct strings *out, struct error *err)
{
    const struct plan *plan = request->plan;

    if (plan->count == 0)
        return error_set(err, ERROR_NOT_FOUND, "it has no files");
    for (size_t i = 0; i < plan->count; i++) {
        CLEANUP(text) char *path = NULL;
        if (find_path(request->layout, plan, i, &path, err) < 0)
            return -1;
        if (!parts_are_usable(path))
            return error_set(err, ERROR_UNSUPPORTED, "'%s' cannot be a path in an image", path);
        strings_add(out, path);
    }
    if (check_names(request->layout, out, err) < 0)
        return -1;
    return request->layout->file_path != NULL ? check_twice(out, err) : 0;
}

static int find_place(const struct layout_request *request, struct tree *tree, struct error *err)
{
    const struct layout *layout = request->layout;

    if (layout->takes_path)
        return place_named(request, &tree->place, err);
    if (layout_place(layout, request->home, &tree->place, &tree->cache, err) < 0)
        return -1;
    if (strcmp(tree->place, "/") != 0 || layout->folder_name != NULL)
        return 0;
    return error_set(
        err, ERROR_UNSUPPORTED, "in the layout '%s' the loader looks in /, the root of the image%s",
        layout->name,
        layout->base == LAYOUT_IN_WORKING_DIR ? ", which is its WorkingDir; set another in the base"
                                              : "; choose another place");
}

static void add_entry(const struct layout_request *request, const char *base, const char *path,
                      struct tree_entry entry, struct tree *tree)
{
    tree_add_parents(tree, request->home, base, path, NULL);
    entry.path = path_join(base, path);
    tree_add_own(tree, request->home, entry);
}

static bool may_be_run(const struct layout_request *request, size_t file)
{
    const char *const *glob = request->executable;

    while (glob != NULL && *glob != NULL && !glob_matches(*glob, request->plan->files[file].path))
        glob++;
    return glob != NULL && *glob != NULL;
}

static void add_files(const struct layout_request *request, const char *base,
                      const struct strings *paths, struct tree *tree)
{
    for (size_t i = 0; i < paths->count; i++) {
        const struct tree_entry file = {
            .type = TREE_FILE, .file = i, .mode = may_be_run(request, i) ? TREE_MAY_BE_RUN : 0};
        CLEANUP(text) char *marker = layout_marker(request->layout, paths->items[i]);
        add_entry(request, base, paths->items[i], file, tree);
        if (marker != NULL)
            add_entry(request, tree->place + 1, marker,
                      (struct tree_entry){.type = TREE_TEXT, .text = xstrdup(""), .yields = true},
                      tree);
    }
}

/* The model's own folder as a path in the image; the place itself if it has none. */
static int add_folders(const struct layout_request *request, struct tree *tree, char **out,
                       struct error *err)
{
    const struct layout *layout = request->layout;
    CLEANUP(text) char *folder = layout_own_folder(layout, &request->plan->origin);
    CLEANUP(text) char *prefix = place_prefix(tree->place);

    tree_add_above(tree, request->home);
    for (const char *const *name = layout->shared; name != NULL && *name != NULL; name++)
        tree_add_shared(tree, request->home, xasprintf("%s%s", prefix, *name));
    if (folder == NULL) {
        *out = xstrdup(tree->place + 1);
        return 0;
    }
    if (!parts_are_usable(folder))
        return error_set(err, ERROR_UNSUPPORTED, "'%s' cannot be the name of a folder", folder);
    add_entry(request, tree->place + 1, folder, (struct tree_entry){.type = TREE_FOLDER}, tree);
    *out = xasprintf("%s%s", prefix, folder);
    return 0;
}

static bool is_shared(const struct layout *layout, const char *prefix, const char *path)
{
    size_t size = strlen(prefix);

    for (const char *const *name = layout->shared; name != NULL && *name != NULL; name++)
        if (strncmp(path, prefix, size) == 0 && strcmp(path + size, *name) == 0)
            return true;
    return false;
}

/* Folders that are shared are not the model's as well. */
static void drop_shared(const struct layout *layout, struct tree *tree)
{
    CLEANUP(text) char *prefix = place_prefix(tree->place);
    size_t kept = 0;

    for (size_t i = 0; i < tree->count; i++) {
        struct tree_entry *entry = &tree->entries[i];
        if (entry->type == TREE_FOLDER && !entry->above && is_shared(layout, prefix, entry->path))
            free(entry->path);
        else
            tree->entries[kept++] = *entry;
    }
    tree->count = kept;
}

int arrange_plain(const struct layout_request *request, struct tree *out, struct error *err)
{
    CLEANUP(tree) struct tree tree = TREE_INIT;
    CLEANUP(strings) struct strings paths = STRINGS_INIT;
    CLEANUP(text) char *base = NULL;

    if (find_place(request, &tree, err) < 0 || find_paths(request, &paths, err) < 0 ||
        add_folders(request, &tree, &base, err) < 0)
        return -1;
    add_files(request, base, &paths, &tree);
    drop_shared(request->layout, &tree);
    if (tree_sort(&tree, err) < 0)
        return -1;
    if (request->executable != NULL)
        tree_own_programs(&tree, request->home);

    tree_release(out);
    *out = tree;
    tree = (struct tree)TREE_INIT;
    return 0;
}

void layout_file_path(const struct layout *layout, const struct plan *plan, size_t file, char **out)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* such a file is in no image */
    char *path = NULL;

    if (find_path(layout, plan, file, &path, &ignored) == 0)
        *out = path;
}

char *layout_marker(const struct layout *layout, const char *path)
{
    return layout->marker != NULL ? layout->marker(path) : NULL;
}
