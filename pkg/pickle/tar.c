#include "pickle/pickle_internal.h"

#include "core/text.h"

#include <string.h>

/*
 * POSIX.1-1988, "ustar", and old headers, which are the same up to there. Names that stand in a
 * member of their own (POSIX.1-2001, "pax", and GNU's type L) are not read: a member with such a
 * name is looked at whatever it is called. Python's tarfile decides on what is not in the standard.
 */
#define BLOCK 512
#define NAME_SIZE 100
#define SIZE_AT 124
#define SIZE_SIZE 12
#define TYPE_AT 156
#define MAGIC_AT 257
#define PREFIX_AT 345
#define PREFIX_SIZE 155
#define MEMBERS_MAX 4096
/* Links, devices, folders, pipes: nothing stands behind their headers. */
#define TYPES_WITHOUT_CONTENT "123456"

struct member {
    char *name;
    char type;
    uint64_t size;
    bool is_readable; /* its size is one */
};

static void member_release(struct member *member)
{
    free(member->name);
}
CLEANUP_RELEASE(member)

/* What earlier members say of the name of the next. */
struct renaming {
    bool next;
    bool all;      /* a global header does, or a link may lead to any of them */
    bool has_link; /* of a name that is looked at */
};

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
    size_t i = 0;

    *out = 0;
    while (i < SIZE_SIZE && field[i] == ' ')
        i++;
    for (; i < SIZE_SIZE && field[i] >= '0' && field[i] <= '7'; i++)
        *out = *out * 8 + (uint64_t)(field[i] - '0');
    for (; i < SIZE_SIZE && field[i] == ' '; i++)
        ;
    return i == SIZE_SIZE || field[i] == '\0';
}

/* With the prefix, and without '/' at its end, which extracting takes off. */
static char *parse_name(const char *header)
{
    CLEANUP(text) char *name = xstrndup(header, NAME_SIZE);
    CLEANUP(text) char *prefix = xstrndup(header + PREFIX_AT, PREFIX_SIZE);
    bool has_prefix = memcmp(header + MAGIC_AT, "ustar", 5) == 0 && *prefix != '\0';
    char *full = has_prefix ? xasprintf("%s/%s", prefix, name) : xstrdup(name);

    for (size_t size = strlen(full); size > 0 && full[size - 1] == '/';)
        full[--size] = '\0';
    return full;
}

/* Where something has a size that has no content, readers do not agree on where the next one is. */
static void parse_member(const char *header, struct member *out)
{
    CLEANUP(text) char *own_name = xstrndup(header, NAME_SIZE);

    out->name = parse_name(header);
    out->type = header[TYPE_AT];
    out->is_readable = parse_size(header + SIZE_AT, &out->size);
    bool is_bare = out->type == '\0' ? text_ends_with(own_name, "/")
                                     : strchr(TYPES_WITHOUT_CONTENT, out->type) != NULL;
    if (is_bare && out->size > 0)
        out->is_readable = false;
}

static bool is_empty_block(const unsigned char *block)
{
    for (size_t i = 0; i < BLOCK; i++)
        if (block[i] != '\0')
            return false;
    return true;
}

/* A member that says something of the next: what it says of its name, or that its size is there. */
static int read_extension(struct pickle_scan *scan, const struct pickle_input *in, uint64_t at,
                          const struct member *member, struct renaming *renaming, struct error *err)
{
    CLEANUP(buf) struct buf text = BUF_INIT;
    uint64_t end = 0;
    bool found = member->size <= WINDOW_BLOCK && u64_add(at, member->size, &end) && end <= in->size;

    if (member->type == 'L')
        renaming->next = true;
    if (member->type == 'L' || member->type == 'K')
        return 0;
    if (found &&
        pickle_scan_read(scan, in, (struct extent){at, member->size}, &text, &found, err) < 0)
        return -1;
    if (!found || memmem(buf_text(&text), text.size, "size=", 5) != NULL ||
        memmem(buf_text(&text), text.size, "GNU.sparse", 10) != NULL)
        pickle_scan_note_unread(scan, "it is a tar archive whose pax headers are not followed");
    if (memmem(buf_text(&text), text.size, "path=", 5) != NULL)
        *(member->type == 'g' ? &renaming->all : &renaming->next) = true;
    return 0;
}

/* Whatever else it is. */
static int scan_member(struct pickle_scan *scan, const struct pickle_input *in, uint64_t at,
                       const struct member *member, struct renaming *renaming, struct error *err)
{
    bool is_wanted = renaming->next || renaming->all || pickle_is_suspect(member->name) ||
                     is_of_torch(member->name);

    if (!is_wanted || member->type == '5')
        return 0;
    if (member->type == '1' || member->type == '2' || member->type == 'S') {
        renaming->has_link = true;
        pickle_scan_note_unread(scan, "'%s' in it is a link or has holes", member->name);
        return 0;
    }
    return pickle_scan_part(scan, member->name, in, at, member->size, err);
}

/* The member at the position, and moves behind it; *goes_on false: it is the last one. */
static int next_member(struct pickle_scan *scan, struct window *window, struct renaming *renaming,
                       bool *goes_on, struct error *err)
{
    const unsigned char *block = NULL;
    CLEANUP(member) struct member member = {.name = NULL};

    if (window_need(window, BLOCK, &block, err) < 0)
        return -1;
    *goes_on = block != NULL && !is_empty_block(block);
    if (!*goes_on)
        return 0;
    parse_member((const char *)block, &member);
    if (!member.is_readable) {
        pickle_scan_note_unread(scan, "it is a tar archive with the size of '%s' in another form",
                                member.name);
        *goes_on = false;
        return 0;
    }
    window->at += BLOCK;
    bool is_extension = member.type != '\0' && strchr("xXgLK", member.type) != NULL;
    int result = is_extension ? read_extension(scan, window->in, window->at, &member, renaming, err)
                              : scan_member(scan, window->in, window->at, &member, renaming, err);
    if (!is_extension)
        renaming->next = false;
    window->at += (member.size + BLOCK - 1) / BLOCK * BLOCK;
    return result;
}

static int scan_members(struct pickle_scan *scan, const struct pickle_input *in,
                        struct renaming *renaming, struct error *err)
{
    CLEANUP(window) struct window window = {.scan = scan, .in = in};
    bool goes_on = true;

    for (unsigned i = 0; i < MEMBERS_MAX && goes_on; i++)
        if (next_member(scan, &window, renaming, &goes_on, err) < 0)
            return -1;
    if (goes_on)
        pickle_scan_note_unread(scan, "it is a tar archive with more than %d files", MEMBERS_MAX);
    return 0;
}

int pickle_scan_tar(struct pickle_scan *scan, const struct pickle_input *in, struct error *err)
{
    struct renaming renaming = {false, false, false};

    if (scan_members(scan, in, &renaming, err) < 0)
        return -1;
    if (!renaming.has_link)
        return 0;
    renaming = (struct renaming){.all = true};
    return scan_members(scan, in, &renaming, err);
}
