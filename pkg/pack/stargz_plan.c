#include "pack/stargz_internal.h"

#define HEADER_LIMIT MIB

/* Bytes that fill the last block of a content. */
static uint64_t padding_of(uint64_t size)
{
    return (PACK_TAR_BLOCK - size % PACK_TAR_BLOCK) % PACK_TAR_BLOCK;
}

int stargz_add_header(const char *path, uint64_t size, struct buf *out, struct error *err)
{
    struct plan_file file = {.size = size};
    const struct plan plan = {.files = &file, .count = 1};
    const struct recipe recipe = {.kind = RECIPE_LARGE, .plan = &plan};
    CLEANUP(text) char *name = xstrdup(path);
    const struct tree_entry entry = {.type = TREE_FILE, .path = name, .mode = 0444};
    CLEANUP(writer) struct writer *memory = memory_writer_new(out, HEADER_LIMIT);

    return tar_write_header(&recipe, &entry, memory, err);
}

static int header_size(const struct recipe *recipe, const struct tree_entry *entry, uint64_t *out,
                       struct error *err)
{
    CLEANUP(buf) struct buf header = BUF_INIT;
    CLEANUP(writer) struct writer *memory = memory_writer_new(&header, HEADER_LIMIT);

    if (tar_write_header(recipe, entry, memory, err) < 0)
        return -1;
    *out = header.size;
    return 0;
}

/* The files of the recipe, and the landmark behind them. */
static int find_files(struct stargz_plan *plan, struct error *err)
{
    const struct recipe *recipe = plan->recipe;
    uint64_t gap = 0, header = 0;

    for (size_t i = 0; i <= recipe->count; i++) {
        const struct tree_entry *entry = i < recipe->count ? recipe->entries[i] : &plan->landmark;
        uint64_t size = entry_size(recipe, entry);
        if (header_size(recipe, entry, &header, err) < 0)
            return -1;
        gap += header;
        if (size == 0)
            continue;
        plan->files[plan->file_count++] = (struct stargz_file){gap, size};
        gap = padding_of(size);
    }
    return 0;
}

static size_t count_chunks(const struct stargz_plan *plan)
{
    uint64_t count = 0;

    for (size_t i = 0; i < plan->file_count; i++)
        count += (plan->files[i].size + plan->chunk - 1) / plan->chunk;
    return (size_t)count;
}

/*
 * Where there is more than one chunk a file, tables stay short: a reader fetches all of the table
 * before anything else.
 */
static void choose_chunk(struct stargz_plan *plan)
{
    plan->chunk = STARGZ_CHUNK;
    plan->chunk_count = count_chunks(plan);
    while (plan->chunk_count > STARGZ_CHUNKS_MAX && plan->chunk_count > plan->file_count) {
        plan->chunk *= 2;
        plan->chunk_count = count_chunks(plan);
    }
}

int stargz_plan_make(const struct recipe *recipe, struct stargz_plan *out, struct error *err)
{
    static char prefetch[] = ".prefetch.landmark", no_prefetch[] = ".no.prefetch.landmark";
    static char mark[] = "\xf"; /* the content that the specification gives them */
    CLEANUP(stargz_plan)
    struct stargz_plan plan = {
        .recipe = recipe,
        .landmark = {.type = TREE_TEXT,
                     .path = recipe->kind == RECIPE_SMALL ? prefetch : no_prefetch,
                     .mode = 0444,
                     .text = mark},
        .files = xcalloc(recipe->count + 1, sizeof(*plan.files)),
    };

    if (find_files(&plan, err) < 0)
        return -1;
    choose_chunk(&plan);
    *out = plan;
    plan = (struct stargz_plan){.files = NULL};
    return 0;
}

void stargz_plan_release(struct stargz_plan *plan)
{
    free(plan->files);
    *plan = (struct stargz_plan){.files = NULL};
}

/* The same as stargz.c writes it. */
static int stargz_blob_size(const struct recipe *recipe, uint64_t *out, struct error *err)
{
    CLEANUP(stargz_plan) struct stargz_plan plan = {.files = NULL};
    CLEANUP(buf) struct buf header = BUF_INIT;
    uint64_t table = 0;
    uint64_t total = 0;

    if (stargz_plan_make(recipe, &plan, err) < 0 || stargz_measure_table(&plan, &table, err) < 0 ||
        stargz_add_header(STARGZ_TABLE_NAME, table, &header, err) < 0)
        return -1;
    for (size_t i = 0; i < plan.file_count; i++) {
        const struct stargz_file *file = &plan.files[i];
        total +=
            gzip_member_size(file->gap) + file->size / plan.chunk * gzip_member_size(plan.chunk);
        if (file->size % plan.chunk > 0)
            total += gzip_member_size(file->size % plan.chunk);
    }
    total += gzip_member_size(padding_of(1));
    total += gzip_member_size(header.size + table + padding_of(table) + PACK_TAR_END);
    *out = total + STARGZ_FOOTER_SIZE;
    return 0;
}

int recipe_blob_size(const struct recipe *recipe, uint64_t *out, struct error *err)
{
    switch (recipe->compression.kind) {
    case COMPRESSION_NONE:
        *out = recipe->tar_size;
        return 0;
    case COMPRESSION_GZIP:
    case COMPRESSION_ZSTD:
        *out = SIZE_UNKNOWN;
        return 0;
    case COMPRESSION_ESTARGZ:
        return stargz_blob_size(recipe, out, err);
    }
    abort();
}
