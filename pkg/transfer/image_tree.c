#include "transfer/image_tree.h"

#include "oci/media_type.h"

#include <string.h>

/* Indexes one in another, more than that, are refused: two have been seen. */
#define DEPTH_MAX 4

/* Where a document is being loaded from. */
struct loading {
    struct store *store;
    enum image_tree_extent extent;
    unsigned depth;
    bool *is_missing; /* told that there is no such version; NULL: nobody asks */
};

static int load(const struct loading *loading, const char *version, struct image_tree **out,
                struct error *err);

static int load_image(const struct loading *loading, struct image_tree *loaded, struct error *err)
{
    struct descriptor config;

    if (document_config(&loaded->document, &config, err) < 0)
        return -1;
    if (loading->depth > 0 && !media_type_is_image_config(config.media_type))
        return 0; /* an artifact among images */
    if (store_read_blob(loading->store, &config, &loaded->config, err) < 0)
        return error_wrap(err, "reading the config");
    if (loading->depth > 0 && image_config_is_foreign(&loaded->config))
        return 0; /* for another system, and the index does not tell */
    return image_open(&loaded->document, &loaded->config, &loaded->image, err);
}

static int load_entry(const struct loading *loading, const struct index_entry *entry,
                      struct image_tree **out, struct error *err)
{
    CLEANUP(error) struct error why = ERROR_INIT;
    struct loading below = *loading;
    struct digest_text version = digest_format(&entry->descriptor.digest);

    if (entry->role != INDEX_IMAGE && entry->role != INDEX_INDEX)
        return 0;
    below.depth++;
    if (load(&below, version.text, out, &why) == 0) {
        if ((*out)->image == NULL && !(*out)->document.is_index)
            image_tree_free(TAKE(*out));
        return 0;
    }
    if (loading->extent == IMAGE_TREE_IN_REACH && why.kind == ERROR_NOT_FOUND)
        return 0;
    error_wrap(&why, "%s", version.text);
    return error_move(err, &why);
}

static int load_index(const struct loading *loading, struct image_tree *loaded, struct error *err)
{
    if (loading->depth == DEPTH_MAX)
        return error_set(err, ERROR_UNSUPPORTED, "more than %d indexes one in another", DEPTH_MAX);
    if (index_entries(&loaded->document, &loaded->entries, &loaded->entry_count, err) < 0)
        return -1;
    loaded->children = xcalloc(loaded->entry_count, sizeof(struct image_tree *));
    for (size_t i = 0; i < loaded->entry_count; i++)
        if (load_entry(loading, &loaded->entries[i], &loaded->children[i], err) < 0)
            return -1;
    return 0;
}

static int load(const struct loading *loading, const char *version, struct image_tree **out,
                struct error *err)
{
    CLEANUP(image_tree) struct image_tree *loaded = xcalloc(1, sizeof(*loaded));

    if (store_read_document(loading->store, version, &loaded->document, err) < 0) {
        if (loading->is_missing != NULL && loading->depth == 0)
            *loading->is_missing = err->kind == ERROR_NOT_FOUND;
        return -1;
    }
    int result = loaded->document.is_index ? load_index(loading, loaded, err)
                                           : load_image(loading, loaded, err);
    if (result == 0)
        *out = TAKE(loaded);
    return result;
}

char *image_tree_title(const struct store *store, const char *version)
{
    if (version == NULL)
        return xstrdup(store->name);
    bool is_digest = text_starts_with(version, "sha256:");
    bool is_scheme = text_ends_with(store->name, ":"); /* an engine's */
    return xasprintf("%s%s%s", store->name, is_scheme ? "" : is_digest ? "@" : ":", version);
}

int image_tree_wrap(const char *what, const struct store *store, const char *version,
                    struct error *err)
{
    CLEANUP(text) char *title = image_tree_title(store, version);
    CLEANUP(text) char *own = xasprintf("'%s': ", store->name);
    const char *reason = err->text;

    /* The store's own name is in the title. */
    if (text_starts_with(reason, own)) {
        CLEANUP(text) char *rest = xstrdup(reason + strlen(own));
        error_set(err, err->kind, "%s", rest);
    }
    return error_wrap(err, "%s %s", what, title);
}

int image_tree_open(struct store *store, const char *version, enum image_tree_extent extent,
                    struct image_tree **out, struct error *err)
{
    struct loading loading = {.store = store, .extent = extent};

    return load(&loading, version, out, err);
}

int image_tree_find(struct store *store, const char *version, enum image_tree_extent extent,
                    struct image_tree **out, bool *is_missing, struct error *err)
{
    struct loading loading = {.store = store, .extent = extent, .is_missing = is_missing};

    *is_missing = false;
    return load(&loading, version, out, err);
}

void image_tree_free(struct image_tree *loaded)
{
    if (loaded == NULL)
        return;
    for (size_t i = 0; loaded->children != NULL && i < loaded->entry_count; i++)
        image_tree_free(loaded->children[i]);
    free(loaded->children);
    free(loaded->entries);
    image_free(loaded->image);
    buf_release(&loaded->config);
    document_release(&loaded->document);
    free(loaded);
}

void image_tree_list(struct image_tree *loaded, struct image_tree ***out, size_t *count)
{
    struct image_tree **list = NULL;
    size_t found = 0;

    for (size_t i = 0; i < loaded->entry_count; i++) {
        struct image_tree **below = NULL;
        size_t more = 0;
        if (loaded->children[i] == NULL)
            continue;
        image_tree_list(loaded->children[i], &below, &more);
        list = xrealloc(list, found + more + 1, sizeof(struct image_tree *));
        for (size_t k = 0; k < more; k++)
            list[found++] = below[k];
        free(below);
    }
    list = xrealloc(list, found + 1, sizeof(struct image_tree *));
    list[found++] = loaded;
    *out = list;
    *count = found;
}
