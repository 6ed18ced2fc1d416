#include "rootfs/rootfs.h"

#include "core/text.h"
#include "image/image.h"

#include <string.h>

/* The declared path without slashes at its ends; caller frees. */
static char *trim(const char *volume)
{
    const char *start = volume + strspn(volume, "/");
    size_t size = strlen(start);

    while (size > 0 && start[size - 1] == '/')
        size--;
    return xstrndup(start, size);
}

/* Whether the volume holds `place`; *title is then what it is called. */
static int check_volume(struct rootfs *rootfs, const char *volume, const char *place, char **title,
                        struct error *err)
{
    CLEANUP(text) char *path = trim(volume);
    CLEANUP(error) struct error why = ERROR_INIT;
    struct rootfs_entry *entries = NULL;
    size_t count = 0;

    /* What is above a canonical path is no link: nothing has to be read. */
    if (path_is_inside(place, path)) {
        *title = xasprintf("'%s'", volume);
        return 0;
    }
    if (rootfs_walk(rootfs, path, &entries, &count, &why) < 0) {
        if (why.kind == ERROR_UNSUPPORTED)
            return 0; /* nothing can be mounted there */
        error_move(err, &why);
        return error_wrap(err, "the image's volume '%s'", volume);
    }
    const char *canonical = count > 0 ? entries[count - 1].path : "";
    if (path_is_inside(place, canonical))
        *title = xasprintf("'%s', which is '/%s'", volume, canonical);
    rootfs_entries_free(entries, count);
    return 0;
}

int rootfs_find_volume(struct rootfs *rootfs, const struct image *image, const char *place,
                       char **out, struct error *err)
{
    CLEANUP(strings) struct strings volumes = STRINGS_INIT;
    CLEANUP(text) char *title = NULL;

    place += place[0] == '/';
    image_volumes(image, &volumes);
    for (size_t i = 0; title == NULL && i < volumes.count; i++)
        if (check_volume(rootfs, volumes.items[i], place, &title, err) < 0)
            return -1;
    *out = TAKE(title);
    return 0;
}
