#include "pack/pack_internal.h"

#include <inttypes.h>
#include <string.h>

const char *recipe_kind_name(enum recipe_kind kind)
{
    switch (kind) {
    case RECIPE_LARGE:
        return "large";
    case RECIPE_MEDIUM:
        return "medium";
    case RECIPE_SMALL:
        return "small";
    case RECIPE_LINKS:
        return "links";
    case RECIPE_FOLDERS:
        return "folders";
    case RECIPE_ANCESTORS:
        return "way";
    }
    abort();
}

uint64_t entry_size(const struct recipe *recipe, const struct tree_entry *entry)
{
    if (entry->type == TREE_FILE && recipe->plan != NULL)
        return recipe->plan->files[entry->file].size;
    return entry->type == TREE_TEXT ? strlen(entry->text) : 0;
}

uint32_t recipe_uid(const struct recipe *recipe, const struct tree_entry *entry)
{
    return recipe->kind == RECIPE_LARGE ? 0 : entry->uid;
}

uint32_t recipe_gid(const struct recipe *recipe, const struct tree_entry *entry)
{
    return recipe->kind == RECIPE_LARGE ? 0 : entry->gid;
}

int64_t entry_time_s(const struct tree_entry *entry)
{
    if (entry->above)
        return entry->time_s;
    return entry->newest ? PACK_TIME_NEWEST : PACK_TIME;
}

static void recipe_add(struct recipe *recipe, const struct tree_entry *entry)
{
    recipe->entries =
        xrealloc(recipe->entries, recipe->count + 1, sizeof(const struct tree_entry *));
    recipe->entries[recipe->count++] = entry;
    if (entry->type == TREE_FILE)
        recipe->content_size += entry_size(recipe, entry);
}

/* What an entry's bytes are known by: the file's digest, the text's, or the link's target. */
static void describe_content(const struct recipe *recipe, const struct tree_entry *entry,
                             struct buf *out)
{
    struct digest text;

    switch (entry->type) {
    case TREE_FOLDER:
        buf_add_text(out, "-");
        return;
    case TREE_FILE:
        if (recipe->plan != NULL)
            buf_add_text(out, digest_format(&recipe->plan->files[entry->file].digest).text);
        return;
    case TREE_TEXT:
        text = digest_of(DIGEST_SHA256, entry->text, strlen(entry->text));
        buf_add_text(out, digest_format(&text).text);
        return;
    case TREE_LINK:
        buf_addf(out, "%zu:%s", strlen(entry->text), entry->text);
        return;
    }
}

/* docs/formats.md, "The recipe digest": any change here is a change of that format. */
static void describe_entry(const struct recipe *recipe, const struct tree_entry *entry,
                           struct buf *out)
{
    static const char letters[] = {
        [TREE_FOLDER] = 'd', [TREE_FILE] = 'f', [TREE_TEXT] = 'f', [TREE_LINK] = 'l'};

    buf_addf(out, "%c %04o %u:%u %" PRId64 " %" PRIu64 " ", letters[entry->type], entry->mode,
             recipe_uid(recipe, entry), recipe_gid(recipe, entry), entry_time_s(entry),
             entry_size(recipe, entry));
    describe_content(recipe, entry, out);
    buf_addf(out, " %zu:%s\n", strlen(entry->path), entry->path);
    if (entry->above && entry->time_ns > 0)
        buf_addf(out, "ns %u\n", entry->time_ns);
    for (size_t i = 0; i < entry->xattr_count; i++) {
        const struct xattr *xattr = &entry->xattrs[i];
        buf_addf(out, "x %zu:%s %zu:", strlen(xattr->name), xattr->name, xattr->size);
        buf_add(out, xattr->value, xattr->size);
        buf_add_text(out, "\n");
    }
}

static int recipe_seal(struct recipe *recipe, struct error *err)
{
    CLEANUP(hasher) struct hasher *hasher = hasher_new(DIGEST_SHA256, 0);
    CLEANUP(buf) struct buf line = BUF_INIT;
    CLEANUP(text) char *compression = compression_version(&recipe->compression);

    buf_addf(&line, "inlay recipe %d\ncompression %s\n", PACK_FORMAT, compression);
    for (size_t i = 0; i < recipe->count; i++) {
        hasher_add(hasher, buf_text(&line), line.size);
        buf_clear(&line);
        describe_entry(recipe, recipe->entries[i], &line);
    }
    hasher_add(hasher, buf_text(&line), line.size);
    recipe->digest = hasher_finish(hasher);
    return tar_measure(recipe, &recipe->tar_size, err);
}

void recipe_release(struct recipe *recipe)
{
    free(recipe->entries);
    *recipe = (struct recipe){0};
}

void recipes_free(struct recipe *recipes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        recipe_release(&recipes[i]);
    free(recipes);
}

static bool is_of_kind(const struct recipe *recipe, const struct tree_entry *entry,
                       enum recipe_kind kind)
{
    uint64_t size = entry_size(recipe, entry);
    bool large = entry->type == TREE_FILE && size >= PACK_LARGE;
    bool medium = entry->type == TREE_FILE && !large && size >= PACK_MEDIUM;

    if (entry->above)
        return false;
    if (kind == RECIPE_LARGE)
        return large;
    return kind == RECIPE_MEDIUM ? medium : !large && !medium;
}

/* Files in the order of their paths in the repo: a changed shard then leaves its neighbours be. */
static int compare_files(const void *a, const void *b)
{
    const struct tree_entry *const *left = a;
    const struct tree_entry *const *right = b;

    if ((*left)->file != (*right)->file)
        return (*left)->file < (*right)->file ? -1 : 1;
    return strcmp((*left)->path, (*right)->path);
}

static int compare_paths(const void *a, const void *b)
{
    const struct tree_entry *const *left = a;
    const struct tree_entry *const *right = b;

    return strcmp((*left)->path, (*right)->path);
}

static struct recipe recipe_collect(const struct tree *tree, const struct plan *plan,
                                    enum recipe_kind kind)
{
    struct recipe recipe = {.kind = kind, .plan = plan};

    for (size_t i = 0; i < tree->count; i++)
        if (is_of_kind(&recipe, &tree->entries[i], kind))
            recipe_add(&recipe, &tree->entries[i]);
    return recipe;
}

/* Large files each get a recipe; over `most` of them, neighbours share one. */
static size_t cut_large(const struct tree *tree, const struct plan *plan, size_t most,
                        struct recipe *out)
{
    CLEANUP(recipe) struct recipe all = recipe_collect(tree, plan, RECIPE_LARGE);
    size_t groups = all.count < most ? all.count : most;

    if (all.count > 0)
        qsort(all.entries, all.count, sizeof(const struct tree_entry *), compare_files);
    for (size_t group = 0; group < groups; group++) {
        struct recipe *recipe = &out[group];
        *recipe = (struct recipe){.kind = RECIPE_LARGE, .plan = plan};
        for (size_t i = group * all.count / groups; i < (group + 1) * all.count / groups; i++)
            recipe_add(recipe, all.entries[i]);
        if (recipe->count > 1)
            qsort(recipe->entries, recipe->count, sizeof(const struct tree_entry *), compare_paths);
    }
    return groups;
}

int recipes_cut(const struct tree *tree, const struct plan *plan,
                const struct recipes_options *options, struct recipe **out, size_t *count,
                struct error *err)
{
    struct recipe *recipes = xcalloc(options->layers_max, sizeof(*recipes));
    size_t found = cut_large(tree, plan, options->layers_max - 2, recipes);

    recipes[found] = recipe_collect(tree, plan, RECIPE_MEDIUM);
    if (recipes[found].count > 0)
        found++;
    recipes[found] = recipe_collect(tree, plan, RECIPE_SMALL);
    if (recipes[found].count > 0)
        found++;
    for (size_t i = 0; i < found; i++) {
        recipes[i].compression = options->compression;
        if (recipe_seal(&recipes[i], err) < 0) {
            recipes_free(recipes, found);
            return -1;
        }
    }
    *out = recipes;
    *count = found;
    return 0;
}

int recipe_of_entries(enum recipe_kind kind, const struct tree_entry *const *entries, size_t count,
                      struct recipe *out, struct error *err)
{
    CLEANUP(recipe) struct recipe recipe = {.kind = kind};

    for (size_t i = 0; i < count; i++)
        recipe_add(&recipe, entries[i]);
    if (recipe_seal(&recipe, err) < 0)
        return -1;
    *out = recipe;
    recipe = (struct recipe){0};
    return 0;
}
