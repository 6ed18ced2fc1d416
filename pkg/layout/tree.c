#include "layout/layout_internal.h"

#include <string.h>

void tree_add(struct tree *tree, const struct tree_entry *entry)
{
    tree->entries = xrealloc(tree->entries, tree->count + 1, sizeof(*tree->entries));
    tree->entries[tree->count++] = *entry;
}

static void entry_release(struct tree_entry *entry)
{
    free(entry->path);
    free(entry->text);
}

void tree_release(struct tree *tree)
{
    strings_release(&tree->also);
    for (size_t i = 0; i < tree->count; i++)
        entry_release(&tree->entries[i]);
    free(tree->entries);
    free(tree->place);
    free(tree->cache);
    *tree = (struct tree)TREE_INIT;
}

/* A parent's path is the beginning of its children's, and so comes before them. */
static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const struct tree_entry *)a)->path, ((const struct tree_entry *)b)->path);
}

static const char *type_name(enum tree_type type)
{
    switch (type) {
    case TREE_FOLDER:
        return "a folder";
    case TREE_FILE:
    case TREE_TEXT:
        return "a file";
    case TREE_LINK:
        return "a link";
    }
    abort();
}

static bool entries_agree(const struct tree_entry *a, const struct tree_entry *b)
{
    if (a->type != b->type || a->mode != b->mode || a->uid != b->uid || a->gid != b->gid ||
        a->above != b->above || a->newest != b->newest || a->yields != b->yields)
        return false;
    if (a->type == TREE_FILE)
        return a->file == b->file;
    return a->type == TREE_FOLDER || strcmp(a->text, b->text) == 0;
}

int tree_sort(struct tree *tree, struct error *err)
{
    struct tree_entry *entries = tree->entries;
    size_t count = 0;

    if (tree->count > 0)
        qsort(entries, tree->count, sizeof(*entries), compare_entries);
    for (size_t i = 1; i < tree->count; i++)
        if (compare_entries(&entries[i - 1], &entries[i]) == 0 &&
            !entries_agree(&entries[i - 1], &entries[i]))
            return error_set(err, ERROR_CORRUPT,
                             "'/%s' would be %s and at the same time %s with other properties",
                             entries[i].path, type_name(entries[i - 1].type),
                             type_name(entries[i].type));
    for (size_t i = 0; i < tree->count; i++) {
        if (count > 0 && compare_entries(&entries[count - 1], &entries[i]) == 0)
            entry_release(&entries[i]);
        else
            entries[count++] = entries[i];
    }
    tree->count = count;
    return 0;
}

/*
 * From the home down everything is the user's. So is a place outside of it, where loaders add what
 * they download, from the folder down that the variable names: the Hub's clients write into HF_HOME
 * beside the place. The folders on the way there and those above the home are root's.
 */
static bool is_users(const struct tree *tree, const struct home *home, const char *path)
{
    CLEANUP(text) char *user_home = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;
    bool in_cache = path_is_inside(path, tree->cache != NULL ? tree->cache : tree->place);

    /* The home decides on owners only; whoever takes it for the place refuses a wrong one. */
    if (place_find(home, no_places, "", &user_home, NULL, &err) < 0)
        return in_cache;
    return path_is_inside(path, user_home) || (in_cache && !path_is_inside(user_home, path));
}

/* The group may do what the owner may: a random user of group 0 is to be at home. */
static void let_group_write(struct tree_entry *entry)
{
    entry->gid = 0;
    entry->mode |= (entry->mode & 0700) >> 3;
}

static bool is_program(const struct tree_entry *entry)
{
    return entry->type == TREE_FILE && (entry->mode & TREE_MAY_BE_RUN) != 0;
}

/* Notes a program, and the folders on the way to it, of a sorted tree. */
static void note_way(const struct tree *tree, size_t program, bool *leads)
{
    CLEANUP(text) char *path = xstrdup(tree->entries[program].path);
    const struct tree_entry wanted = {.path = path};

    leads[program] = true;
    for (char *end = strrchr(path, '/'); end != NULL; end = strrchr(path, '/')) {
        *end = '\0';
        const struct tree_entry *folder =
            bsearch(&wanted, tree->entries, tree->count, sizeof(wanted), compare_entries);
        if (folder == NULL)
            continue;
        size_t number = (size_t)(folder - tree->entries);
        if (leads[number])
            return; /* and so do those above it */
        leads[number] = folder->type == TREE_FOLDER;
    }
}

/* A user who is in no list of users has '/' for a home, in which nobody is at home. */
static bool is_in_home(const struct home *home, const char *path)
{
    CLEANUP(text) char *user_home = NULL;
    CLEANUP(text) char *absolute = xasprintf("/%s", path);
    CLEANUP(error) struct error err = ERROR_INIT; /* then there is none that it could be in */

    return place_find(home, no_places, "", &user_home, NULL, &err) == 0 &&
           strcmp(user_home, "/") != 0 && path_is_inside(absolute, user_home);
}

/* Who may write a folder on the way to a program may exchange what is run. */
void tree_own_programs(struct tree *tree, const struct home *home)
{
    bool *leads = xcalloc(tree->count + 1, sizeof(*leads));

    for (size_t i = 0; i < tree->count; i++)
        if (is_program(&tree->entries[i]))
            note_way(tree, i, leads);
    for (size_t i = 0; i < tree->count; i++) {
        struct tree_entry *entry = &tree->entries[i];
        bool has_owner = !entry->above && home->owner != NULL;
        if (!leads[i] || (entry->type == TREE_FOLDER && is_in_home(home, entry->path)))
            continue;
        entry->mode &= ~0020U;
        entry->uid = has_owner ? home->owner->uid : 0;
        entry->gid = has_owner ? home->owner->gid : 0;
    }
    free(leads);
}

static void add_above(struct tree *tree, const struct home *home, const char *owner, char *path)
{
    bool users = is_users(tree, home, owner);
    struct tree_entry entry = {
        .type = TREE_FOLDER,
        .path = path,
        .mode = strcmp(path, "root") == 0 ? 0700 : 0755, /* as distributions have it */
        .uid = users ? home->uid : 0,
        .gid = users ? home->gid : 0,
        .above = true,
    };

    if (users && home->group_writable)
        let_group_write(&entry);
    tree_add(tree, &entry);
}

void tree_add_above(struct tree *tree, const struct home *home)
{
    size_t size = strlen(tree->place);

    for (size_t i = 2; i <= size; i++) {
        if (tree->place[i] != '/' && tree->place[i] != '\0')
            continue;
        CLEANUP(text) char *folder = xstrndup(tree->place, i);
        add_above(tree, home, folder, xstrdup(folder + 1));
    }
}

void tree_add_shared(struct tree *tree, const struct home *home, char *path)
{
    add_above(tree, home, tree->place, path);
}

void tree_add_own(struct tree *tree, const struct home *home, struct tree_entry entry)
{
    switch (entry.type) {
    case TREE_FOLDER:
        entry.mode = 0755;
        break;
    case TREE_FILE:
    case TREE_TEXT:
        entry.mode = 0644 | (entry.mode & TREE_MAY_BE_RUN);
        break;
    case TREE_LINK:
        entry.mode = 0777;
        break;
    }
    entry.uid = home->owner != NULL ? home->owner->uid : home->uid;
    entry.gid = home->owner != NULL ? home->owner->gid : home->gid;
    if (home->group_writable)
        let_group_write(&entry);
    tree_add(tree, &entry);
}

void tree_add_parents(struct tree *tree, const struct home *home, const char *base,
                      const char *path, const char *previous)
{
    bool is_common = previous != NULL;

    for (size_t i = 0; path[i] != '\0'; i++) {
        is_common = is_common && previous[i] == path[i];
        if (path[i] == '/' && !is_common)
            tree_add_own(
                tree, home,
                (struct tree_entry){
                    .type = TREE_FOLDER,
                    .path = xasprintf("%s%s%.*s", base, base[0] != '\0' ? "/" : "", (int)i, path),
                });
    }
}
