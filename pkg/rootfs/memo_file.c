#include "rootfs/rootfs_internal.h"

#include "core/draft.h"
#include "core/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char *memo_path(const char *folder, const struct memo_key *key)
{
    return xasprintf("%s/layers/%s%s%s", folder, digest_format_hex(&key->blob).text,
                     key->selection != NULL ? "-" : "",
                     key->selection != NULL ? key->selection : "");
}

int memo_load(const char *folder, const struct memo_key *key, struct listing **out,
              struct error *err)
{
    CLEANUP(text) char *path = memo_path(folder, key);
    CLEANUP(reader) struct reader *reader = NULL;

    if (file_reader_open(path, 0, SIZE_UNKNOWN, &reader, err) < 0)
        return -1;
    if (memo_read(reader, key, out, err) < 0)
        return error_wrap(err, "'%s'", path);
    return 0;
}

static int write_part(void *arg, const char *data, size_t size, struct error *err)
{
    const int *fd = arg;

    while (size > 0) {
        ssize_t written = write(*fd, data, size);
        if (written < 0 && errno != EINTR)
            return error_set_errno(err, errno, "writing");
        data += written > 0 ? written : 0;
        size -= written > 0 ? (size_t)written : 0;
    }
    return 0;
}

static int write_memo(int fd, const struct memo_key *key, const struct listing *listing,
                      struct error *err)
{
    CLEANUP(text) char *title = memo_format_title(listing, key);

    if (write_part(&fd, title, strlen(title), err) < 0 ||
        memo_give_records(listing, write_part, &fd, err) < 0)
        return -1;
    return 0;
}

int memo_save(const char *folder, const struct memo_key *key, const struct listing *listing,
              struct error *err)
{
    CLEANUP(text) char *path = memo_path(folder, key);
    CLEANUP(text) char *layers = xasprintf("%s/layers", folder);
    CLEANUP(draft) struct draft draft = DRAFT_INIT;

    if (file_make_private_folders(layers, err) < 0 || draft_create(layers, &draft, err) < 0)
        return -1;
    if (write_memo(draft.fd, key, listing, err) < 0)
        return error_wrap(err, "'%s'", path);
    return draft_publish(&draft, path, err);
}
