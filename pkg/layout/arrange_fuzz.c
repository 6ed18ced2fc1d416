#include "layout/layout.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Parts that a file system takes as names. A backslash is a letter like others in an image. */
static bool is_clean(const char *path)
{
    for (const char *part = path;; part++) {
        size_t size = strcspn(part, "/");
        if (size == 0 || (size <= 2 && strncmp(part, "..", size) == 0))
            return false;
        part += size;
        if (*part == '\0')
            return true;
    }
}

/* Every path is clean, comes once, and its folder came before it. */
static void check_tree(const struct tree *tree)
{
    for (size_t i = 0; i < tree->count; i++) {
        const char *path = tree->entries[i].path;
        const char *slash = strrchr(path, '/');
        bool has_parent = slash == NULL;
        if (!is_clean(path) || (i > 0 && strcmp(tree->entries[i - 1].path, path) >= 0))
            abort();
        for (size_t j = 0; j < i && !has_parent; j++)
            has_parent = tree->entries[j].type == TREE_FOLDER &&
                         strlen(tree->entries[j].path) == (size_t)(slash - path) &&
                         strncmp(tree->entries[j].path, path, (size_t)(slash - path)) == 0;
        if (!has_parent)
            abort();
    }
}

/* Lines: home, a variable, its rival, id, revision, and then the paths of the plan. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(text) char *text = xstrndup((const char *)data, size);
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(strings) struct strings environment = STRINGS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    const char *lines[5] = {"/root", "", "", "acme/model", "main"};
    char *rest = text;

    for (size_t i = 0; i < ARRAY_SIZE(lines) && rest != NULL; i++)
        lines[i] = strsep(&rest, "\n");
    strings_add(&environment, lines[1]);
    strings_add(&environment, lines[2]);
    plan.origin.name = xstrdup(lines[3]);
    plan.origin.revision = xstrdup(lines[4]);
    plan.pin = xstrdup("3f0c6d0c1d3b4e5f60718293a4b5c6d7e8f90123");
    while (rest != NULL && plan.count < 50) {
        struct plan_file file = {.path = strsep(&rest, "\n")};
        file.size = strlen(file.path);
        file.digest = digest_of(DIGEST_SHA256, file.path, file.size / 2 * 2);
        memcpy(file.blob_id, plan.pin, GIT_OID_HEX + 1);
        plan_add(&plan, &file);
    }
    plan_sort(&plan);
    if (plan_check(&plan, &err) < 0)
        return 0;

    struct tree_owner owner = {3, 4};
    struct home home = {
        .path = lines[0],
        .uid = 1,
        .gid = 2,
        .owner = size % 3 == 0 ? &owner : NULL,
        .group_writable = size % 5 == 0,
        .environment = (const char *const *)environment.items,
    };
    struct layout_request request = {NULL,          &plan,    &home, size % 2 == 0,
                                     size % 7 == 0, lines[0], NULL};
    for (size_t i = 0; (request.layout = layout_at(i)) != NULL; i++) {
        CLEANUP(tree) struct tree tree = TREE_INIT;
        CLEANUP(strings) struct strings names = STRINGS_INIT;
        CLEANUP(strings) struct strings paths = STRINGS_INIT;
        layout_alternates(request.layout, &home, &names, &paths);
        if (request.layout->same_as == NULL && layout_arrange(&request, &tree, &err) == 0)
            check_tree(&tree);
    }
    return 0;
}
