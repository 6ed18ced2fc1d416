#include "picture/picture.h"

#include <string.h>

/* Nobody reads more, and others may have written any path. */
#define DEPTH_MAX 48

/* Parts of an absolute path. */
static size_t path_depth(const char *path)
{
    size_t depth = 0;

    for (; *path != '\0'; path++)
        depth += *path == '/' && path[1] != '\0';
    return depth;
}

static const char *path_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

static struct picture_node *add_node(struct picture_tree *tree, enum picture_node_kind kind,
                                     const char *folder, const char *name)
{
    tree->nodes = xrealloc(tree->nodes, tree->count + 1, sizeof(*tree->nodes));
    struct picture_node *node = &tree->nodes[tree->count++];
    *node = (struct picture_node){
        .kind = kind,
        .folder = xstrdup(folder),
        .name = xstrdup(name),
        .size = PICTURE_NO_SIZE,
    };
    return node;
}

struct picture_node *picture_tree_add_folder(struct picture_tree *tree, const char *path)
{
    return add_node(tree, PICTURE_FOLDER, path, path_name(path));
}

struct picture_node *picture_tree_add_model(struct picture_tree *tree, const char *folder,
                                            const char *name)
{
    return add_node(tree, PICTURE_MODEL, folder, name);
}

struct picture_node *picture_tree_add_link(struct picture_tree *tree, const char *folder,
                                           const char *name, const char *target)
{
    struct picture_node *node = add_node(tree, PICTURE_LINK, folder, name);

    node->target = xstrdup(target);
    return node;
}

/* '/' comes before all others, so that what is in a folder follows it. */
static int compare_paths(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    unsigned char left = (unsigned char)*a;
    unsigned char right = (unsigned char)*b;
    if (left == right)
        return 0;
    if (left == '\0' || right == '\0')
        return left == '\0' ? -1 : 1;
    if (left == '/' || right == '/')
        return left == '/' ? -1 : 1;
    return left < right ? -1 : 1;
}

static int compare_nodes(const void *left, const void *right)
{
    const struct picture_node *a = left;
    const struct picture_node *b = right;
    int paths = compare_paths(strcmp(a->folder, "/") == 0 ? "" : a->folder,
                              strcmp(b->folder, "/") == 0 ? "" : b->folder);

    if (paths != 0)
        return paths;
    if ((a->kind == PICTURE_FOLDER) != (b->kind == PICTURE_FOLDER))
        return a->kind == PICTURE_FOLDER ? -1 : 1;
    if (a->kind == PICTURE_FOLDER)
        return (int)b->has_owner - (int)a->has_owner;
    int names = strcmp(a->name, b->name);
    return names != 0 ? names
                      : strcmp(a->note != NULL ? a->note : "", b->note != NULL ? b->note : "");
}

static void node_release(struct picture_node *node)
{
    free(node->folder);
    free(node->name);
    free(node->target);
    free(node->note);
}

static void sort_nodes(struct picture_tree *tree)
{
    if (tree->count > 0)
        qsort(tree->nodes, tree->count, sizeof(*tree->nodes), compare_nodes);
}

/* Adds the folders on the way to `path` that are not on the way to `before`, itself included. */
static void add_way(struct picture_tree *tree, const char *before, const char *path)
{
    CLEANUP(text) char *way = xstrdup(path);

    for (char *slash = strrchr(way, '/'); slash != NULL && slash[1] != '\0';
         slash = strrchr(way, '/')) {
        if (path_is_inside(before, way))
            return;
        (void)picture_tree_add_folder(tree, way);
        if (slash == way)
            return;
        *slash = '\0';
    }
}

/* Of a folder that is there several times, the one of which most is known stays. */
static void drop_equal_folders(struct picture_tree *tree)
{
    size_t kept = 0;

    for (size_t i = 0; i < tree->count; i++) {
        struct picture_node *node = &tree->nodes[i];
        bool is_known = kept > 0 && node->kind == PICTURE_FOLDER &&
                        tree->nodes[kept - 1].kind == PICTURE_FOLDER &&
                        strcmp(tree->nodes[kept - 1].folder, node->folder) == 0;
        if (is_known)
            node_release(node);
        else
            tree->nodes[kept++] = *node;
    }
    tree->count = kept;
}

/* From the end: what comes later in a folder is known then. */
static void find_depths(struct picture_tree *tree)
{
    uint64_t later = 0;

    for (size_t i = tree->count; i > 0; i--) {
        struct picture_node *node = &tree->nodes[i - 1];
        node->depth = path_depth(node->folder) + (node->kind != PICTURE_FOLDER);
        node->later = later & ((UINT64_C(2) << node->depth) - 1);
        later = node->later | UINT64_C(1) << node->depth;
    }
}

/* Absolute, without needless parts, and not too deep. */
static bool is_drawn(const char *path)
{
    if (strcmp(path, "/") == 0)
        return true;
    return path[0] == '/' && !text_ends_with(path, "/") && strstr(path, "//") == NULL &&
           path_depth(path) < DEPTH_MAX;
}

static void drop_odd_nodes(struct picture_tree *tree)
{
    size_t kept = 0;

    for (size_t i = 0; i < tree->count; i++)
        if (is_drawn(tree->nodes[i].folder))
            tree->nodes[kept++] = tree->nodes[i];
        else
            node_release(&tree->nodes[i]);
    tree->count = kept;
}

void picture_tree_arrange(struct picture_tree *tree)
{
    drop_odd_nodes(tree);
    sort_nodes(tree);
    for (size_t i = 0, given = tree->count; i < given; i++) {
        CLEANUP(text) char *folder = xstrdup(tree->nodes[i].folder);
        add_way(tree, i > 0 ? tree->nodes[i - 1].folder : "", folder);
    }
    (void)picture_tree_add_folder(tree, "/");
    sort_nodes(tree);
    drop_equal_folders(tree);
    find_depths(tree);
}

bool picture_node_is_last(const struct picture_node *node)
{
    return (node->later >> node->depth & 1) == 0;
}

static bool texts_equal(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool nodes_equal(const struct picture_node *a, const struct picture_node *b)
{
    return a->kind == b->kind && texts_equal(a->folder, b->folder) &&
           texts_equal(a->name, b->name) && texts_equal(a->target, b->target) &&
           texts_equal(a->note, b->note) && a->has_owner == b->has_owner && a->mode == b->mode &&
           a->uid == b->uid && a->gid == b->gid && a->size == b->size && a->is_new == b->is_new;
}

bool picture_tree_equal(const struct picture_tree *a, const struct picture_tree *b)
{
    bool equal = a->count == b->count;

    for (size_t i = 0; equal && i < a->count; i++)
        equal = nodes_equal(&a->nodes[i], &b->nodes[i]);
    return equal;
}

void picture_tree_format_branches(const struct picture_tree *tree, size_t number,
                                  const struct picture_branches *branches, struct buf *out)
{
    const struct picture_node *node = &tree->nodes[number];

    for (size_t depth = 1; depth < node->depth; depth++)
        buf_add_text(out, (node->later >> depth & 1) != 0 ? branches->line : branches->none);
    if (node->depth > 0)
        buf_add_text(out, picture_node_is_last(node) ? branches->last : branches->fork);
}

void picture_tree_release(struct picture_tree *tree)
{
    for (size_t i = 0; i < tree->count; i++)
        node_release(&tree->nodes[i]);
    free(tree->nodes);
    *tree = (struct picture_tree)PICTURE_TREE_INIT;
}
