#include "pack/stargz_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/*
 * Walks along the recipe's tar. Between two contents of files lie headers and padding, a gap, which
 * is one member; a content is one member a chunk.
 */
struct stargz_writer {
    struct writer base;
    struct writer *next; /* borrowed */
    struct gzip_members *members;
    struct stargz_plan plan;
    struct stargz_layer *out;
    struct hasher *tar;
    struct hasher *chunk;   /* of the chunk that is being written; else NULL */
    struct digest *digests; /* of the chunks before it */
    size_t digest_count;
    size_t file;           /* of the plan: whose gap or content it is */
    uint64_t content_left; /* of this file, what no member has begun with; 0: its gap is next */
    uint64_t member_left;  /* of the member that is open */
    uint64_t left;         /* of the recipe's tar, its two last blocks left out */
    uint64_t passed;       /* bytes of the tar */
};

/* What goes into the tar, within a member that is open. */
static int put(struct stargz_writer *stargz, const void *data, size_t size, struct error *err)
{
    hasher_add(stargz->tar, data, size);
    stargz->passed += size;
    return gzip_members_add(stargz->members, data, size, err);
}

static int begin_member(struct stargz_writer *stargz, struct error *err)
{
    const struct stargz_file *file = &stargz->plan.files[stargz->file];

    if (stargz->file == stargz->plan.file_count)
        return error_set(err, ERROR_INTERNAL, "a tar has more files than its recipe");
    stargz->member_left = file->gap;
    if (stargz->content_left > 0) {
        uint64_t chunk = stargz->plan.chunk;
        stargz->member_left = stargz->content_left < chunk ? stargz->content_left : chunk;
        stargz->chunk = hasher_new(DIGEST_SHA256, 0);
    }
    return gzip_members_begin(stargz->members, stargz->member_left, err);
}

/* `size` bytes of a content, or a gap if that is 0. */
static void end_member(struct stargz_writer *stargz)
{
    if (stargz->chunk == NULL) {
        stargz->content_left = stargz->plan.files[stargz->file].size;
        return;
    }
    uint64_t chunk = stargz->plan.chunk;
    stargz->digests[stargz->digest_count++] = hasher_finish(stargz->chunk);
    hasher_free(TAKE(stargz->chunk));
    stargz->content_left -= stargz->content_left < chunk ? stargz->content_left : chunk;
    stargz->file += stargz->content_left == 0;
}

/* The recipe's entries, and the landmark. */
static int walk(struct stargz_writer *stargz, const void *data, size_t size, struct error *err)
{
    const char *at = data;

    while (size > 0) {
        if (stargz->member_left == 0 && begin_member(stargz, err) < 0)
            return -1;
        size_t part = stargz->member_left < size ? (size_t)stargz->member_left : size;
        if (stargz->chunk != NULL)
            hasher_add(stargz->chunk, at, part);
        if (put(stargz, at, part, err) < 0)
            return -1;
        at += part;
        size -= part;
        stargz->member_left -= part;
        if (stargz->member_left == 0)
            end_member(stargz);
    }
    return 0;
}

/* The end of the recipe's tar is left out: the table comes before it. */
static int stargz_write(struct writer *writer, const void *data, size_t size, struct error *err)
{
    struct stargz_writer *stargz = CONTAINER_OF(writer, struct stargz_writer, base);
    size_t part = stargz->left < size ? (size_t)stargz->left : size;

    stargz->left -= part;
    return walk(stargz, data, part, err);
}

static int put_zeros(struct stargz_writer *stargz, uint64_t size, struct error *err)
{
    static const char zeros[PACK_TAR_END + PACK_TAR_BLOCK];

    return put(stargz, zeros, (size_t)size, err);
}

static int write_landmark(struct stargz_writer *stargz, struct error *err)
{
    const struct tree_entry *landmark = &stargz->plan.landmark;
    CLEANUP(buf) struct buf header = BUF_INIT;
    CLEANUP(writer) struct writer *memory = memory_writer_new(&header, MIB);
    size_t size = strlen(landmark->text);
    uint64_t padding = PACK_TAR_BLOCK - size;

    if (tar_write_header(stargz->plan.recipe, landmark, memory, err) < 0 ||
        walk(stargz, buf_text(&header), header.size, err) < 0 ||
        walk(stargz, landmark->text, size, err) < 0)
        return -1;
    if (stargz->file != stargz->plan.file_count)
        return error_set(err, ERROR_INTERNAL, "a tar has fewer files than its recipe");
    if (gzip_members_begin(stargz->members, padding, err) < 0)
        return -1;
    return put_zeros(stargz, padding, err);
}

/* What the table's bytes pass on their way into the tar. */
struct table_writer {
    struct writer base;
    struct stargz_writer *stargz;
};

static int table_write(struct writer *writer, const void *data, size_t size, struct error *err)
{
    return put(CONTAINER_OF(writer, struct table_writer, base)->stargz, data, size, err);
}

static int table_finish(struct writer *writer, struct error *err)
{
    (void)writer;
    (void)err;
    return 0;
}

static int write_table(struct stargz_writer *stargz, struct digest *digest, struct error *err)
{
    static const struct writer_ops ops = {.write = table_write, .finish = table_finish};
    struct table_writer table = {{&ops}, stargz};
    CLEANUP(buf) struct buf header = BUF_INIT;
    uint64_t size = 0;

    if (stargz_measure_table(&stargz->plan, &size, err) < 0 ||
        stargz_add_header(STARGZ_TABLE_NAME, size, &header, err) < 0)
        return -1;
    uint64_t end = (PACK_TAR_BLOCK - size % PACK_TAR_BLOCK) % PACK_TAR_BLOCK + PACK_TAR_END;
    CLEANUP(writer)
    struct writer *stage = digest_writer_new(&table.base, DIGEST_SHA256, digest, NULL);
    if (gzip_members_begin(stargz->members, header.size + size + end, err) < 0 ||
        put(stargz, buf_text(&header), header.size, err) < 0 ||
        stargz_write_table(&stargz->plan, stargz->digests, stage, err) < 0 ||
        writer_finish(stage, err) < 0)
        return -1;
    return put_zeros(stargz, end, err);
}

/* Where the table begins, as the specification has it: 16 hex digits behind a subfield's header. */
static int write_footer(struct stargz_writer *stargz, uint64_t offset, struct error *err)
{
    char field[27]; /* 26 bytes */

    snprintf(field, sizeof(field), "SG\x16%c%016" PRIx64 "STARGZ", '\0', offset);
    return gzip_members_mark(stargz->members, field, sizeof(field) - 1, err);
}

static int stargz_finish(struct writer *writer, struct error *err)
{
    struct stargz_writer *stargz = CONTAINER_OF(writer, struct stargz_writer, base);
    struct stargz_layer layer = {.diff_id = DIGEST_INIT};

    if (stargz->left > 0)
        return error_set(err, ERROR_INTERNAL, "a tar ends %" PRIu64 " bytes early", stargz->left);
    if (write_landmark(stargz, err) < 0)
        return -1;
    uint64_t offset = gzip_members_passed(stargz->members);
    if (write_table(stargz, &layer.table, err) < 0 || write_footer(stargz, offset, err) < 0)
        return -1;
    layer.diff_id = hasher_finish(stargz->tar);
    layer.tar_size = stargz->passed;
    *stargz->out = layer;
    return writer_finish(stargz->next, err);
}

static void stargz_free(struct writer *writer)
{
    struct stargz_writer *stargz = CONTAINER_OF(writer, struct stargz_writer, base);

    gzip_members_free(stargz->members);
    hasher_free(stargz->tar);
    hasher_free(stargz->chunk);
    stargz_plan_release(&stargz->plan);
    free(stargz->digests);
    free(stargz);
}

int stargz_writer_open(const struct recipe *recipe, struct writer *next, struct stargz_layer *out,
                       struct writer **writer, struct error *err)
{
    static const struct writer_ops ops = {
        .write = stargz_write, .finish = stargz_finish, .free = stargz_free};
    CLEANUP(stargz_plan) struct stargz_plan plan = {.files = NULL};

    if (stargz_plan_make(recipe, &plan, err) < 0)
        return -1;
    struct stargz_writer *stargz = xcalloc(1, sizeof(*stargz));
    stargz->base.ops = &ops;
    stargz->next = next;
    stargz->members = gzip_members_new(next);
    stargz->out = out;
    stargz->tar = hasher_new(DIGEST_SHA256, 0);
    stargz->digests = xcalloc(plan.chunk_count, sizeof(*stargz->digests));
    stargz->left = recipe->tar_size - PACK_TAR_END;
    stargz->plan = plan;
    plan = (struct stargz_plan){.files = NULL};
    *writer = &stargz->base;
    return 0;
}
