#include "plan/plan_internal.h"

#include "core/buf.h"

#include <string.h>

#define LISTED_MAX 40

/* GGUF files that stand beside a model and are none, by a part of their name (llama.cpp). */
static const char *const companions[] = {"mmproj",  "imatrix", "mtp-",
                                         "eagle3-", "dflash-", "dspark-"};

/* One file, or the shards of one: "model-Q8_0-*-of-00003.gguf". */
struct quantisation {
    char *glob;
    const char *path; /* of the file, or of a shard; the plan's */
    uint64_t size;
};

struct quantisations {
    struct quantisation *items;
    size_t count;
};

static void quantisations_release(struct quantisations *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i].glob);
    free(list->items);
    *list = (struct quantisations){NULL, 0};
}
CLEANUP_RELEASE(quantisations)

bool gguf_is_model(const char *path)
{
    if (!text_ends_with(path, ".gguf"))
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(companions); i++)
        if (strstr(path_name(path), companions[i]) != NULL)
            return false;
    return true;
}

/* The glob that selects the file and the other shards of the same weights. Caller frees. */
static char *shard_glob(const char *path)
{
    CLEANUP(text) char *stem = xstrndup(path, strlen(path) - strlen(".gguf"));
    const char *total = strrchr(path, '-');

    if (shard_cut(stem) == 0)
        return xstrdup(path);
    return xasprintf("%s-*-of%s", stem, total);
}

static int compare_quantisations(const void *a, const void *b)
{
    return strcmp(((const struct quantisation *)a)->glob, ((const struct quantisation *)b)->glob);
}

static void list_quantisations(const struct plan *plan, const bool *keep, struct quantisations *out)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (!keep[i] || !gguf_is_model(plan->files[i].path))
            continue;
        out->items = xrealloc(out->items, out->count + 1, sizeof(*out->items));
        out->items[out->count++] = (struct quantisation){
            .glob = shard_glob(plan->files[i].path),
            .path = plan->files[i].path,
            .size = plan->files[i].size,
        };
    }
    if (out->count > 0)
        qsort(out->items, out->count, sizeof(*out->items), compare_quantisations);
}

/* Makes one of the shards of the same weights; the list is sorted. */
static void join_shards(struct quantisations *list)
{
    size_t count = 0;

    for (size_t i = 0; i < list->count; i++) {
        struct quantisation *item = &list->items[i];
        struct quantisation *last = count > 0 ? &list->items[count - 1] : NULL;
        if (last == NULL || strcmp(last->glob, item->glob) != 0) {
            list->items[count++] = *item;
            continue;
        }
        if (!u64_add(last->size, item->size, &last->size))
            last->size = UINT64_MAX;
        free(item->glob);
    }
    list->count = count;
}

int gguf_check(const struct plan *plan, const bool *keep, struct error *err)
{
    CLEANUP(quantisations) struct quantisations list = {NULL, 0};
    CLEANUP(buf) struct buf text = BUF_INIT;

    list_quantisations(plan, keep, &list);
    join_shards(&list);
    if (list.count < 2)
        return 0;
    CLEANUP(weights_file) struct weights_file first = WEIGHTS_FILE_INIT;
    weights_file_parse(list.items[0].path, &first);
    CLEANUP(text)
    char *example = *first.variant != '\0' ? xasprintf("--weights gguf:%s", first.variant)
                                           : xasprintf("--include '%s'", list.items[0].glob);
    for (size_t i = 0; i < list.count && i < LISTED_MAX; i++)
        buf_addf(&text, "%s'%s' (%s)", i > 0 ? ", " : "", list.items[i].glob,
                 text_format_size(list.items[i].size).text);
    if (list.count > LISTED_MAX)
        buf_addf(&text, ", and %zu more", list.count - LISTED_MAX);
    return error_set(err, ERROR_UNSUPPORTED,
                     "'%s' has %zu GGUF quantisations, and a loader may take any of them: %s; "
                     "choose one, as in %s",
                     plan->origin.name, list.count, buf_text(&text), example);
}

/* Numbers that are close to any quantisation's, the best first (llama.cpp, common/download.cpp). */
static size_t projector_rank(const char *name)
{
    static const char *const globs[] = {"*[-._][fF]16*", "*[-._][bB][fF]16*"};
    size_t rank = 0;

    while (rank < ARRAY_SIZE(globs) && !glob_matches(globs[rank], name))
        rank++;
    return rank;
}

static bool is_projector(const char *path)
{
    return text_ends_with(path, ".gguf") && strstr(path_name(path), "mmproj") != NULL;
}

/* Are both in one folder? */
static bool are_beside(const char *one, const char *other)
{
    size_t size = (size_t)(path_name(one) - one);

    return size == (size_t)(path_name(other) - other) && memcmp(one, other, size) == 0;
}

void gguf_choose_projectors(const struct plan *plan, bool *keep)
{
    size_t best = SIZE_MAX; /* of the folder that is being looked at; a folder's files may be
                               interrupted by those of its folders */
    for (size_t i = 0; i < plan->count; i++) {
        const char *path = plan->files[i].path;
        if (!keep[i] || !is_projector(path))
            continue;
        if (best == SIZE_MAX || !are_beside(path, plan->files[best].path)) {
            best = i;
            continue;
        }
        bool is_better =
            projector_rank(path_name(path)) < projector_rank(path_name(plan->files[best].path));
        keep[is_better ? best : i] = false;
        best = is_better ? i : best;
    }
}
