#include "source/source_internal.h"

#include "core/buf.h"

#include <string.h>

#define SHA1_SIZE ((size_t)20)

static void add_entry(struct buf *tree, const char *mode, const char *name, size_t size,
                      const struct digest *id)
{
    buf_addf(tree, "%s %.*s", mode, (int)size, name);
    buf_add(tree, "", 1);
    buf_add(tree, id->bytes, SHA1_SIZE);
}

/* Of the folder whose path, with its '/', is the first `skip` bytes of all paths. */
static struct digest folder_id(const struct git_file *files, size_t count, size_t skip)
{
    CLEANUP(buf) struct buf tree = BUF_INIT;

    for (size_t i = 0; i < count;) {
        const char *name = files[i].path + skip;
        const char *slash = strchr(name, '/');
        if (slash == NULL) {
            add_entry(&tree, "100644", name, strlen(name), &files[i++].id);
            continue;
        }
        size_t first = i;
        size_t below = (size_t)(slash - files[i].path) + 1;
        while (i < count && strncmp(files[i].path, files[first].path, below) == 0)
            i++;
        const struct digest id = folder_id(files + first, i - first, below);
        add_entry(&tree, "40000", name, (size_t)(slash - name), &id);
    }
    return digest_of_git_tree(tree.data, tree.size);
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct git_file *)a)->path, ((const struct git_file *)b)->path);
}

/* In the order of whole paths a folder stands where git sorts it: by its name with a '/'. */
struct digest git_tree_id(struct git_file *files, size_t count)
{
    if (count > 0)
        qsort(files, count, sizeof(*files), compare);
    return folder_id(files, count, 0);
}
