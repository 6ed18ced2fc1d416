#include "verify/verify_internal.h"

#include <string.h>

/* A model in the Hub's cache as its loader finds it there, whoever has put it there. */

#define COMMIT_HEX ((size_t)40)
#define FOLDERS_MAX 8

/* *out: NULL: the loader finds no commit under this revision. */
static int find_commit(const struct check *check, const char *folder, const char *revision,
                       char **out, struct error *err)
{
    CLEANUP(text) char *ref = xasprintf("%s/refs/%s", folder, revision);
    CLEANUP(buf) struct buf content = BUF_INIT;
    CLEANUP(error) struct error why = ERROR_INIT;

    if (text_is_hex(revision, COMMIT_HEX)) {
        *out = xstrdup(revision);
        return 0;
    }
    if (rootfs_read(check->rootfs, ref, COMMIT_HEX, &content, &why) < 0)
        return error_is_finding(&why) ? 0 : error_move(err, &why);
    if (text_is_hex(buf_text(&content), COMMIT_HEX))
        *out = xstrdup(buf_text(&content));
    return 0;
}

/* *out: a file at the end of it, which the user may read. */
static int can_read(const struct check *check, const char *path, bool *out, struct error *err)
{
    CLEANUP(error) struct error why = ERROR_INIT;
    struct rootfs_entry *way = NULL;
    size_t count = 0;

    *out = false;
    if (rootfs_trace(check->rootfs, path, &way, &count, &why) < 0)
        return error_is_finding(&why) ? 0 : error_move(err, &why);
    *out = count > 0 && way[count - 1].type == ROOTFS_FILE &&
           check_may(check, &way[count - 1], ACCESS_READ);
    for (size_t i = 0; i + 1 < count; i++)
        *out = *out && (way[i].type != ROOTFS_FOLDER || check_may(check, &way[i], ACCESS_ENTER));
    rootfs_entries_free(way, count);
    return 0;
}

struct folder_listing {
    const struct check *check;
    const char *top;       /* absolute */
    struct strings *files; /* by their paths in it */
};

static int list_files(const struct folder_listing *listing, const char *below, unsigned depth,
                      struct error *err)
{
    CLEANUP(text) char *folder = xasprintf("%s%s", listing->top, below);
    CLEANUP(error) struct error why = ERROR_INIT;
    struct rootfs_entry *entries = NULL;
    size_t count = 0;
    int result = 0;

    if (rootfs_list(listing->check->rootfs, folder, &entries, &count, &why) < 0)
        return error_is_finding(&why) ? 0 : error_move(err, &why);
    for (size_t i = 0; i < count && result == 0; i++) {
        const char *slash = strrchr(entries[i].path, '/');
        CLEANUP(text)
        char *name = xasprintf("%s/%s", below, slash != NULL ? slash + 1 : entries[i].path);
        CLEANUP(text) char *path = xasprintf("%s%s", listing->top, name);
        bool is_there = false;
        if (entries[i].type == ROOTFS_FOLDER && depth < FOLDERS_MAX)
            result = list_files(listing, name, depth + 1, err);
        else if (entries[i].type == ROOTFS_FILE || entries[i].type == ROOTFS_LINK)
            result = can_read(listing->check, path, &is_there, err);
        if (is_there)
            strings_add(listing->files, name + 1);
    }
    rootfs_entries_free(entries, count);
    return result;
}

int check_has_companion(const struct check *check, const char *place,
                        const struct companion *companion, bool *out, struct error *err)
{
    const struct plan wanted = {.origin = companion->origin};
    CLEANUP(text)
    char *folder =
        layout_folder(layout_find(NULL), place, companion->origin.kind, companion->origin.name);
    CLEANUP(text) char *commit = NULL;
    CLEANUP(strings) struct strings files = STRINGS_INIT;

    *out = false;
    if (find_commit(check, folder, plan_ref(&wanted), &commit, err) < 0)
        return -1;
    if (commit == NULL)
        return 0;
    CLEANUP(text) char *snapshot = xasprintf("%s/snapshots/%s", folder, commit);
    const struct folder_listing listing = {check, snapshot, &files};
    if (list_files(&listing, "", 0, err) < 0)
        return -1;
    *out = companion_is_in(companion, &files);
    return 0;
}
