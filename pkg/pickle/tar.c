#include "pickle/pickle_internal.h"

#include "core/text.h"

#include <string.h>

/* POSIX.1-1988, "ustar", as far as names and sizes; old headers are the same up to there. */
#define BLOCK 512
#define NAME_SIZE 100
#define SIZE_AT 124
#define SIZE_SIZE 12
#define MEMBERS_MAX 4096

/* What torch called its pickles in archives before 1.6. */
static bool is_of_torch(const char *name)
{
    static const char *const names[] = {"storages", "tensors", "pickle", "sys_info", NULL};

    while (text_starts_with(name, "./"))
        name += 2;
    return text_is_among(name, names);
}

static bool parse_size(const char *field, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < SIZE_SIZE && field[i] != '\0' && field[i] != ' '; i++) {
        if (field[i] < '0' || field[i] > '7')
            return false;
        *out = *out * 8 + (uint64_t)(field[i] - '0');
    }
    return true;
}

int pickle_scan_tar(struct pickle_scan *scan, const struct pickle_input *in, struct error *err)
{
    CLEANUP(window) struct window window = {.scan = scan, .in = in};

    for (unsigned i = 0; i < MEMBERS_MAX; i++) {
        const unsigned char *header = NULL;
        uint64_t size = 0;
        if (window_need(&window, BLOCK, &header, err) < 0)
            return -1;
        if (header == NULL || header[0] == '\0')
            return 0;
        CLEANUP(text) char *name = xstrndup((const char *)header, NAME_SIZE);
        if (!parse_size((const char *)header + SIZE_AT, &size)) {
            pickle_scan_note_unread(
                scan, "it is a tar archive with the size of '%s' in another form", name);
            return 0;
        }
        window.at += BLOCK;
        if ((pickle_is_suspect(name) || is_of_torch(name)) &&
            pickle_scan_part(scan, name, in, window.at, size, err) < 0)
            return -1;
        window.at += (size + BLOCK - 1) / BLOCK * BLOCK;
    }
    pickle_scan_note_unread(scan, "it is a tar archive with more than %d files", MEMBERS_MAX);
    return 0;
}
