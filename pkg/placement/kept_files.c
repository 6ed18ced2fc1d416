#include "placement/placement_internal.h"

#include "pack/pack.h"

#include <string.h>

/*
 * Layouts with plain files let models share a folder, also models of several calls: what a call
 * adds is held against the files of the models that stay. Their records name these; records of
 * earlier versions do not, and then the layer itself is read.
 */

/* A file of a model that stays. */
struct kept_file {
    char *path;               /* in the image, without leading '/' */
    const char *model;        /* borrowed */
    struct digest digests[2]; /* of its content, one or both algorithms; DIGEST_NONE: not known */
};

struct kept_files {
    struct kept_file *items;
    size_t count;
};

static void kept_files_release(struct kept_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        free(files->items[i].path);
    free(files->items);
    *files = (struct kept_files){NULL, 0};
}
CLEANUP_RELEASE(kept_files)

static struct kept_file *add_file(struct kept_files *files, char *path, const char *model)
{
    files->items = xrealloc(files->items, files->count + 1, sizeof(*files->items));
    struct kept_file *file = &files->items[files->count++];
    *file = (struct kept_file){.path = path, .model = model};
    return file;
}

/* "DIGEST PATH" each; what is not of this form is nobody's file. */
static void add_recorded(struct kept_files *files, const struct layer_record *record)
{
    for (size_t i = 0; i < record->contents.count; i++) {
        CLEANUP(error) struct error ignored = ERROR_INIT;
        const char *item = record->contents.items[i];
        const char *space = strchr(item, ' ');
        if (space == NULL)
            continue;
        CLEANUP(text) char *text = xstrndup(item, (size_t)(space - item));
        struct kept_file *file =
            add_file(files, path_join(record->place + 1, space + 1), record->model);
        if (digest_parse(text, &file->digests[0], &ignored) < 0 &&
            digest_parse_hex(DIGEST_GIT_SHA1, text, &file->digests[0], &ignored) < 0)
            file->digests[0] = (struct digest)DIGEST_INIT;
    }
}

/* The layer as it is, every file of it hashed. */
static int add_stated(const struct placement_base *base, struct kept_files *files,
                      const struct image_layer *layer, struct error *err)
{
    struct rootfs_layer only = {
        .blob = layer->blob, .diff_id = layer->diff_id, .hash_contents = true};
    struct rootfs_options how = {
        .store = base->store,
        .layers = &only,
        .layer_count = 1,
        .cancel = base->cancel,
        .sandbox = base->sandbox,
    };
    CLEANUP(rootfs) struct rootfs *rootfs = NULL;
    struct rootfs_entry *entries = NULL;
    size_t count = 0;

    if (rootfs_open(&how, &rootfs, err) < 0 ||
        rootfs_list_layer(rootfs, 1, &entries, &count, err) < 0)
        return error_wrap(err, "the layer of '%s'", layer->record.model);
    for (size_t i = 0; i < count; i++) {
        if (entries[i].type == ROOTFS_FOLDER)
            continue;
        struct kept_file *file = add_file(files, xstrdup(entries[i].path), layer->record.model);
        file->digests[0] = entries[i].sha256;
        file->digests[1] = entries[i].git_sha1;
    }
    rootfs_entries_free(entries, count);
    return 0;
}

/* Is one the other, or above it? Both absolute. */
static bool do_overlap(const char *one, const char *other)
{
    size_t size = strlen(one) < strlen(other) ? strlen(one) : strlen(other);

    if (strncmp(one, other, size) != 0)
        return false;
    return size <= 1 || (one[size] == '\0' && other[size] == '\0') ||
           (one[size] == '\0' ? other : one)[size] == '/';
}

/* Is the place one of the record's model, or of links to it? */
static bool touches(const struct layer_record *record, const char *place)
{
    for (size_t i = 0; i < record->also.count; i++)
        if (do_overlap(record->also.items[i], place))
            return true;
    return do_overlap(record->place, place);
}

static bool shares_place(const struct placing *placing, const struct layer_record *record)
{
    const struct layout *layout = layout_find(record->layout);

    if (layout == NULL || layout->content != LAYOUT_PLAIN_FILES || record->place[0] != '/')
        return false;
    for (size_t i = 0; i < placing->out->model_count; i++) {
        const struct placed_model *placed = &placing->out->models[i];
        if (touches(record, placed->tree.place) || touches(record, placed_model_looks(placed)))
            return true;
    }
    return false;
}

static int find_kept(const struct placing *placing, struct kept_files *files, struct error *err)
{
    for (size_t i = 0; i < placing->base->own->layer_count; i++) {
        const struct image_layer *layer = &placing->base->own->layers[i];
        const struct layer_record *record = &layer->record;
        if (record->model == NULL || placement_replaces(placing->out, layer) ||
            !shares_place(placing, record) ||
            strcmp(record->kind, recipe_kind_name(RECIPE_ANCESTORS)) == 0)
            continue;
        if (record->contents.count > 0)
            add_recorded(files, record);
        else if (add_stated(placing->base, files, layer, err) < 0)
            return -1;
    }
    return 0;
}

static bool has_content(const struct kept_file *kept, const struct digest *digest)
{
    return digest->algorithm != DIGEST_NONE &&
           (digest_equal(&kept->digests[0], digest) || digest_equal(&kept->digests[1], digest));
}

/* Only a file with the same bytes is at the same path, and nothing is below a file. */
static bool do_clash(const struct kept_file *kept, const struct tree_entry *entry,
                     const struct plan *plan)
{
    if (path_is_below(entry->path, kept->path))
        return true;
    if (entry->type != TREE_FOLDER && path_is_below(kept->path, entry->path))
        return true;
    if (strcmp(kept->path, entry->path) != 0)
        return false;
    if (entry->type == TREE_TEXT) {
        struct digest digest = digest_of(DIGEST_SHA256, entry->text, strlen(entry->text));
        return !has_content(kept, &digest);
    }
    return entry->type != TREE_FILE || !has_content(kept, &plan->files[entry->file].digest);
}

static int check_tree(const struct model *model, const struct tree *tree,
                      const struct kept_file *kept, struct error *err)
{
    for (size_t i = 0; i < tree->count; i++) {
        const struct tree_entry *entry = &tree->entries[i];
        if (!do_clash(kept, entry, &model->plan))
            continue;
        return error_set(err, ERROR_UNSUPPORTED,
                         "'%s' and '%s', which the image has, would both write '/%s', "
                         "with different content; remove that one, or choose another place",
                         model->title, kept->model,
                         path_is_below(entry->path, kept->path) ? kept->path : entry->path);
    }
    return 0;
}

static int check_file(const struct placing *placing, const struct kept_file *kept,
                      struct error *err)
{
    for (size_t i = 0; i < placing->out->model_count; i++) {
        const struct placed_model *placed = &placing->out->models[i];
        if (check_tree(placed->model, &placed->tree, kept, err) < 0 ||
            check_tree(placed->model, &placed->links, kept, err) < 0)
            return -1;
    }
    return 0;
}

int placing_check_kept_files(const struct placing *placing, struct error *err)
{
    CLEANUP(kept_files) struct kept_files files = {NULL, 0};

    if (find_kept(placing, &files, err) < 0)
        return -1;
    for (size_t i = 0; i < files.count; i++)
        if (check_file(placing, &files.items[i], err) < 0)
            return -1;
    return 0;
}
