#include "plan/plan_internal.h"

#include <string.h>

char *copy_key(const char *path, const struct weights *weights, const char *variant,
               enum weights_format format)
{
    return xasprintf("%.*s\n%s\n%s\n%d", (int)(path_name(path) - path), path, weights->family,
                     variant, (int)format);
}

/* Weights that are no index, by their key. */
struct stored {
    char *key;
    unsigned shards;
};

struct stored_list {
    struct stored *items;
    size_t count;
};

static void stored_list_release(struct stored_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i].key);
    free(list->items);
    *list = (struct stored_list){NULL, 0};
}
CLEANUP_RELEASE(stored_list)

static int compare_stored(const void *a, const void *b)
{
    return strcmp(((const struct stored *)a)->key, ((const struct stored *)b)->key);
}

static void list_stored(const struct plan *plan, const bool *keep, struct stored_list *out)
{
    out->items = xcalloc(plan->count, sizeof(*out->items));
    for (size_t i = 0; i < plan->count; i++) {
        CLEANUP(weights) struct weights weights = WEIGHTS_INIT;
        const char *path = plan->files[i].path;
        if (!keep[i] || !weights_parse(path_name(path), &weights) || weights.is_index)
            continue;
        out->items[out->count++] = (struct stored){
            .key = copy_key(path, &weights, weights.variant, weights.format),
            .shards = weights.shards,
        };
    }
    if (out->count > 0)
        qsort(out->items, out->count, sizeof(*out->items), compare_stored);
}

/* The first one that is not before the key. */
static size_t find_first(const struct stored_list *list, const char *key)
{
    size_t low = 0;
    size_t high = list->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(list->items[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* How many shards an index wants, and how many of them there are. */
struct shard_count {
    size_t wanted;
    size_t found;
};

static int compare_path(const void *path, const void *file)
{
    return strcmp(path, ((const struct plan_file *)file)->path);
}

static struct shard_count count_listed(const struct plan *plan, const bool *keep,
                                       const struct strings *shards)
{
    struct shard_count count = {0, 0};

    for (size_t i = 0; i < shards->count; i++) {
        if (i > 0 && strcmp(shards->items[i - 1], shards->items[i]) == 0)
            continue;
        const struct plan_file *file =
            bsearch(shards->items[i], plan->files, plan->count, sizeof(*plan->files), compare_path);
        count.wanted++;
        count.found += file != NULL && keep[file - plan->files];
    }
    return count;
}

/* By their numbers; false: the weights are there in one file, which loaders take before. */
static bool count_numbered(const struct stored_list *list, const char *key, struct shard_count *out)
{
    *out = (struct shard_count){0, 0};
    for (size_t i = find_first(list, key); i < list->count && strcmp(list->items[i].key, key) == 0;
         i++) {
        unsigned shards = list->items[i].shards;
        if (shards == 0)
            return false;
        out->wanted = shards > out->wanted ? shards : out->wanted;
        out->found++;
    }
    return true;
}

static int check_index(const struct plan *plan, const struct shard_count *count, const char *path,
                       struct error *err)
{
    if (count->found > 0 && count->found >= count->wanted)
        return 0;
    if (count->found == 0)
        return error_set(err, ERROR_NOT_FOUND,
                         "'%s' of '%s' lists shards, and the repo has none of them: loaders would "
                         "ask for them at each start; choose files by --include",
                         path, plan->origin.name);
    return error_set(err, ERROR_NOT_FOUND,
                     "'%s' of '%s' lists %zu shards, and the repo has %zu of them: loaders would "
                     "ask for the rest at each start; choose files by --include",
                     path, plan->origin.name, count->wanted, count->found);
}

int shards_check(const struct plan *plan, const struct plan_contents *contents, const bool *keep,
                 struct error *err)
{
    CLEANUP(stored_list) struct stored_list list = {NULL, 0};

    list_stored(plan, keep, &list);
    for (size_t i = 0; i < plan->count; i++) {
        CLEANUP(weights) struct weights weights = WEIGHTS_INIT;
        CLEANUP(strings) struct strings shards = STRINGS_INIT;
        const char *path = plan->files[i].path;
        struct shard_count count;
        if (!keep[i] || !weights_parse(path_name(path), &weights) || !weights.is_index)
            continue;
        CLEANUP(text) char *key = copy_key(path, &weights, weights.variant, weights.format);
        if (!count_numbered(&list, key, &count))
            continue;
        if (contents_find_shards(contents, path, &shards))
            count = count_listed(plan, keep, &shards);
        if (check_index(plan, &count, path, err) < 0)
            return -1;
    }
    return 0;
}
