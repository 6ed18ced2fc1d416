#include "layout/layout_internal.h"

#include <string.h>

/*
 * A model at a place that is the same in every image. Its own entries are root's there, so that the
 * bytes depend on the model alone; what loaders write beside it stays in the place that they look
 * in, which is the user's.
 */

/* A tree being taken apart. */
struct sharing {
    char *from;        /* what is before the names in the place that the loader looks in */
    char *own;         /* the model's own folder there; NULL: its files lie in the place itself */
    struct tree *tree; /* where the model goes; the place is known */
    struct tree *links;
};

static void sharing_release(struct sharing *sharing)
{
    free(sharing->from);
    free(sharing->own);
}
CLEANUP_RELEASE(sharing)

/* The Hub's cache lies in the folder itself, which so is one, and every other in one of its own. */
static int find_place(const struct layout *layout, const char *folder, char **out,
                      struct error *err)
{
    CLEANUP(text) char *place = place_from_value(folder);

    if (place == NULL || strcmp(place, "/") == 0)
        return error_set(err, ERROR_USAGE,
                         "--shared '%s' cannot be a folder of models in an image; name an absolute "
                         "path below /",
                         folder);
    *out = layout == layout_find(NULL) ? TAKE(place) : xasprintf("%s/%s", place, layout->name);
    return 0;
}

/* A copy of the entry in the shared place, root's. */
static void add_shared(const struct sharing *sharing, const struct tree_entry *entry)
{
    static const struct home root = {.path = "/root"};
    struct tree_entry copy = *entry;

    copy.path = xasprintf("%s/%s", sharing->tree->place + 1, entry->path + strlen(sharing->from));
    copy.text = text_copy(entry->text);
    tree_add_own(sharing->tree, &root, copy);
}

static void add_link(const struct sharing *sharing, const struct home *home,
                     const struct tree_entry *entry)
{
    tree_add_own(sharing->links, home,
                 (struct tree_entry){.type = TREE_LINK, .path = xstrdup(entry->path)});
}

static void add_copy(struct tree *tree, const struct tree_entry *entry)
{
    struct tree_entry copy = *entry;

    copy.path = xstrdup(entry->path);
    copy.text = text_copy(entry->text);
    tree_add(tree, &copy);
}

/* What is the model's own goes to the shared place, the rest to the links. */
static void share_entry(const struct sharing *sharing, const struct home *home,
                        const struct tree_entry *entry)
{
    bool is_own = !entry->above && !entry->yields &&
                  (sharing->own == NULL || path_is_inside(entry->path, sharing->own));

    if (!is_own) {
        add_copy(sharing->links, entry);
        return;
    }
    add_shared(sharing, entry);
    if (sharing->own == NULL && entry->type == TREE_FOLDER)
        add_copy(sharing->links, entry); /* loaders may put files of other models there */
    else if (sharing->own == NULL || strcmp(entry->path, sharing->own) == 0)
        add_link(sharing, home, entry);
}

int tree_share(const struct layout_request *request, const struct layout *layout,
               const char *folder, struct tree *tree, struct tree *links, struct error *err)
{
    static const struct home root = {.path = "/root"};
    const struct origin *origin = &request->plan->origin;
    CLEANUP(tree) struct tree shared = TREE_INIT;
    CLEANUP(tree) struct tree left = TREE_INIT;
    CLEANUP(sharing)
    struct sharing sharing = {.from = place_prefix(tree->place), .tree = &shared, .links = &left};

    if (layout->takes_path)
        return error_set(err, ERROR_USAGE,
                         "the layout '%s' is told its folder by --path, which may be a shared one; "
                         "leave --shared out",
                         layout->name);
    if (find_place(layout, folder, &shared.place, err) < 0)
        return -1;
    if (layout->folder_name != NULL) {
        CLEANUP(text) char *own = layout_own_folder(layout, origin);
        sharing.own = xasprintf("%s%s", sharing.from, own);
    }
    tree_add_above(&shared, &root);
    left.place = xstrdup(tree->place);
    left.cache = text_copy(tree->cache);
    for (size_t i = 0; i < tree->count; i++)
        share_entry(&sharing, request->home, &tree->entries[i]);
    if (tree_sort(&shared, err) < 0 || tree_sort(&left, err) < 0)
        return -1;
    tree_release(tree);
    *tree = shared;
    shared = (struct tree)TREE_INIT;
    tree_release(links);
    *links = left;
    left = (struct tree)TREE_INIT;
    return 0;
}
