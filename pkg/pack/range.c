#include "pack/pack_internal.h"

#include <string.h>

#define PART_SIZE ((size_t)256 * 1024)

/* Goes along a tar and passes on what lies in the range. */
struct walk {
    const struct recipe *recipe;
    const struct pack_range *range;
    pack_open_part_fn *open;
    void *arg;
    struct writer *out;
    uint64_t at; /* in the tar */
};

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Which of the next `size` bytes are wanted: from *start up to *stop. */
static bool is_wanted(const struct walk *walk, uint64_t size, uint64_t *start, uint64_t *stop)
{
    const struct pack_range *range = walk->range;

    *start = range->offset > walk->at ? least(range->offset - walk->at, size) : 0;
    *stop = range->end > walk->at ? least(range->end - walk->at, size) : 0;
    return *start < *stop;
}

static int walk_bytes(struct walk *walk, const char *data, size_t size, struct error *err)
{
    uint64_t start;
    uint64_t stop;
    bool wanted = is_wanted(walk, size, &start, &stop);

    walk->at += size;
    return wanted ? writer_write(walk->out, data + start, (size_t)(stop - start), err) : 0;
}

static int walk_zeros(struct walk *walk, uint64_t size, struct error *err)
{
    static const char zeros[PACK_TAR_END];

    return walk_bytes(walk, zeros, (size_t)size, err);
}

static int walk_file(struct walk *walk, const struct tree_entry *entry, struct error *err)
{
    const struct plan_file *file = &walk->recipe->plan->files[entry->file];
    CLEANUP(reader) struct reader *content = NULL;
    uint64_t size = entry_size(walk->recipe, entry);
    uint64_t start;
    uint64_t stop;
    bool wanted = is_wanted(walk, size, &start, &stop);

    walk->at += size;
    if (!wanted)
        return 0;
    CLEANUP(text) char *part = xcalloc(PART_SIZE, 1);
    const struct pack_part wish = {file, start, stop - start};
    if (walk->open(walk->arg, &wish, &content, err) < 0)
        return -1;
    while (start < stop) {
        if (cancel_check(walk->range->cancel, err) < 0)
            return -1;
        ssize_t got = reader_read(content, part, (size_t)least(PART_SIZE, stop - start), err);
        if (got < 0)
            return -1;
        if (got == 0)
            return error_set(err, ERROR_CORRUPT, "'%s' has fewer bytes than expected", entry->path);
        if (writer_write(walk->out, part, (size_t)got, err) < 0)
            return -1;
        start += (uint64_t)got;
    }
    return 0;
}

static int walk_entry(struct walk *walk, const struct tree_entry *entry, struct error *err)
{
    CLEANUP(buf) struct buf header = BUF_INIT;
    CLEANUP(writer) struct writer *memory = memory_writer_new(&header, MIB);
    uint64_t size = entry_size(walk->recipe, entry);

    if (tar_write_header(walk->recipe, entry, memory, err) < 0 ||
        walk_bytes(walk, buf_text(&header), header.size, err) < 0)
        return -1;
    if (entry->type == TREE_FILE && walk_file(walk, entry, err) < 0)
        return -1;
    if (entry->type == TREE_TEXT && walk_bytes(walk, entry->text, (size_t)size, err) < 0)
        return -1;
    return walk_zeros(walk, (PACK_TAR_BLOCK - size % PACK_TAR_BLOCK) % PACK_TAR_BLOCK, err);
}

int recipe_write_range(const struct recipe *recipe, const struct pack_range *range,
                       pack_open_part_fn *open, void *arg, struct writer *out, struct error *err)
{
    struct walk walk = {recipe, range, open, arg, out, 0};

    for (size_t i = 0; i < recipe->count && walk.at < range->end; i++)
        if (walk_entry(&walk, recipe->entries[i], err) < 0)
            return -1;
    return walk_zeros(&walk, PACK_TAR_END, err);
}
