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

static bool is_model(const char *path)
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

    if (!shard_cut(stem))
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
        if (!keep[i] || !is_model(plan->files[i].path))
            continue;
        out->items = xrealloc(out->items, out->count + 1, sizeof(*out->items));
        out->items[out->count++] = (struct quantisation){
            .glob = shard_glob(plan->files[i].path),
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
    for (size_t i = 0; i < list.count && i < LISTED_MAX; i++)
        buf_addf(&text, "%s'%s' (%s)", i > 0 ? ", " : "", list.items[i].glob,
                 text_format_size(list.items[i].size).text);
    if (list.count > LISTED_MAX)
        buf_addf(&text, ", and %zu more", list.count - LISTED_MAX);
    return error_set(err, ERROR_UNSUPPORTED,
                     "'%s' has %zu GGUF quantisations, and a loader may take any of them: %s; "
                     "choose one, as in --include '%s'",
                     plan->id, list.count, buf_text(&text), list.items[0].glob);
}
