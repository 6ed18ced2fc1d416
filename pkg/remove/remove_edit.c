#include "remove/remove_internal.h"

#include "layout/layout.h"
#include "oci/media_type.h"
#include "pack/folders.h"
#include "placement/above.h"

#include <string.h>

/* Everything of inlay's in one image that stays, and what it takes to put it back. */
struct staying {
    struct image_layer *layers; /* borrowed texts */
    size_t count;
    struct image_folder *folders; /* those of the image, the needed ones in front */
    size_t folder_count;
    size_t needed_count;
    struct image_base_facts facts;
    struct strings environment;
    struct container_start start;
    char *created;
    struct tree_entry *entries;
    struct recipe recipe; /* of the folders layer */
};

static void staying_release(struct staying *staying)
{
    recipe_release(&staying->recipe);
    free(staying->entries);
    image_folders_free(staying->folders, staying->folder_count);
    image_base_facts_release(&staying->facts);
    strings_release(&staying->environment);
    container_start_release(&staying->start);
    free(staying->created);
    free(staying->layers);
}
CLEANUP_RELEASE(staying)

/* The layers of models that stay, in their order; there is room for one more. */
static void keep_layers(const struct document_change *change, struct staying *out)
{
    out->layers = xcalloc(change->own_count + 1, sizeof(*out->layers));
    for (size_t i = 0; i < change->own_count; i++)
        if (change->own[i].record.model != NULL && !change->leaves[i])
            out->layers[out->count++] = change->own[i];
}

static bool is_needed(const struct staying *staying, const struct image_folder *folder)
{
    for (size_t i = 0; i < staying->count; i++)
        if (folder_is_needed(folder, &staying->layers[i].record))
            return true;
    return false;
}

/* Sorted as they are, the folders that are still needed move to the front. */
static void keep_folders(const struct image *image, struct staying *out)
{
    image_own_folders(image, &out->folders, &out->folder_count);
    for (size_t i = 0; i < out->folder_count; i++) {
        struct image_folder folder = out->folders[i];
        if (!is_needed(out, &folder))
            continue;
        out->folders[i] = out->folders[out->needed_count];
        out->folders[out->needed_count++] = folder;
    }
}

/* What was noted of the base for the sake of what stays. */
static void keep_facts(const struct image *image, struct staying *out)
{
    CLEANUP(image_base_facts) struct image_base_facts all = {0};

    image_own_base_facts(image, &all);
    out->facts.chain_id = all.chain_id;
    out->facts.has_root = all.has_root;
    out->facts.root = all.root;
    image_base_facts_set_user(&out->facts, &all);
    for (size_t i = 0; i < all.walk_count; i++)
        for (size_t k = 0; k < out->count; k++)
            if (walk_is_needed(&all.walks[i], &out->layers[k].record))
                image_base_facts_add(&out->facts, &all.walks[i]);
}

/* Packs the folders layer. It is small, so that it may stay in memory until it is written. */
static int pack_folders(const struct removal *removal, struct staying *staying,
                        struct document_change *change, struct error *err)
{
    if (folders_cut(staying->folders, staying->needed_count, &staying->entries, &staying->recipe,
                    err) < 0)
        return -1;
    if (staying->recipe.tar_size > DOCUMENT_LIMIT)
        return error_set(err, ERROR_CORRUPT, "its folders layer would have more than %zu bytes",
                         DOCUMENT_LIMIT);
    CLEANUP(writer) struct writer *writer = memory_writer_new(&change->folders, DOCUMENT_LIMIT);
    if (recipe_write_tar(&staying->recipe, NULL, NULL, writer, removal->options->cancel, err) < 0 ||
        writer_finish(writer, err) < 0)
        return -1;
    return 0;
}

/* Puts what stays on top of the bare base again. */
static int put_back(struct removal *removal, struct document_change *change,
                    struct staying *staying, struct error *err)
{
    char kind[] = "folders";

    if (pack_folders(removal, staying, change, err) < 0)
        return -1;
    struct image_layer *folders = &staying->layers[staying->count];
    *folders = (struct image_layer){
        .blob = {.media_type = MEDIA_TYPE_OCI_LAYER, .size = change->folders.size},
        .diff_id = digest_of(DIGEST_SHA256, buf_text(&change->folders), change->folders.size),
        .record = {.kind = kind, .recipe = staying->recipe.digest},
    };
    folders->blob.digest = folders->diff_id; /* a plain layer */
    struct image_changes changes = {
        .layers = staying->layers,
        .layer_count = staying->count + 1,
        .folders = staying->folders,
        .folder_count = staying->needed_count,
        .facts = staying->facts.chain_id.algorithm != DIGEST_NONE ? &staying->facts : NULL,
        .environment = (const char *const *)staying->environment.items,
        .start = &staying->start,
        .base_name = change->base_name,
        .base_digest = change->base_digest,
        .created = staying->created,
    };
    return image_append(change->was->image, &changes, err);
}

/* Is this what keeps loaders of some layout from asking the hub? */
static bool is_offline_switch(const char *assignment)
{
    const struct layout *layout = NULL;

    for (size_t i = 0; (layout = layout_at(i)) != NULL; i++)
        for (const char *const *setting = layout->offline; setting != NULL && *setting != NULL;
             setting++)
            if (strcmp(assignment, *setting) == 0)
                return true;
    return false;
}

/* Is there a model whose loader obeys such a switch? What loads a dataset needs the hub. */
static bool has_model(const struct staying *staying)
{
    const char *name = NULL;

    for (size_t i = 0; i < staying->count; i++)
        if (origin_from_record(staying->layers[i].record.model, &name) != ORIGIN_HUB_DATASET)
            return true;
    return false;
}

/* As if what leaves had never been put in: datasets alone do not make an image offline. */
static void keep_environment(const struct document_change *change, struct staying *staying)
{
    CLEANUP(strings) struct strings all = STRINGS_INIT;

    image_own_environment(change->was->image, &all);
    for (size_t i = 0; i < all.count; i++)
        if (has_model(staying) || !is_offline_switch(all.items[i]))
            strings_add(&staying->environment, all.items[i]);
}

static void take_base_bytes(struct document_change *change)
{
    buf_release(&change->bytes);
    buf_release(&change->config);
    change->becomes = change->base->document.descriptor;
}

static bool has_staying(const struct document_change *change)
{
    for (size_t i = 0; i < change->own_count; i++)
        if (change->own[i].record.model != NULL && !change->leaves[i])
            return true;
    return false;
}

/* A model that a layer of others above takes away does not come back on top of it. */
static int leave_deleted(struct removal *removal, struct document_change *change, struct error *err)
{
    const struct remove_options *options = removal->options;
    CLEANUP(rootfs) struct rootfs *whole = NULL;
    const struct rootfs_options rootfs = {
        .store = options->image,
        .jobs = options->jobs,
        .cancel = options->cancel,
        .log = options->log,
        .progress = options->progress,
        .sandbox = options->sandbox,
    };
    CLEANUP(notes) struct notes notes = {.log = options->log};
    const struct above_models models = {
        .own = change->own,
        .count = change->own_count,
        .layer_count = image_layer_count(change->was->image),
        .leaves = change->leaves,
        .notes = &notes,
    };

    if (!has_staying(change))
        return 0;
    if (above_open(change->was->image, &rootfs, &whole, err) < 0)
        return -1;
    if (whole == NULL)
        return 0;
    bool *deleted = xcalloc(change->own_count, sizeof(*deleted));
    int result = above_check(whole, &models, deleted, err);
    for (size_t i = 0; i < change->own_count; i++)
        change->leaves[i] = change->leaves[i] || deleted[i];
    free(deleted);
    return result;
}

static int edit_image(struct removal *removal, struct document_change *change, struct error *err)
{
    CLEANUP(staying) struct staying staying = {0};
    struct image *image = change->was->image;

    if (!change->edited)
        return 0;
    if (leave_deleted(removal, change, err) < 0)
        return -1;
    keep_layers(change, &staying);
    keep_folders(image, &staying);
    keep_facts(image, &staying);
    keep_environment(change, &staying);
    image_own_start(image, &staying.start);
    staying.created = text_copy(image_own_created(image));
    change->base_name = text_copy(image_base_name(image));
    change->base_digest = text_copy(image_base_digest(image));
    if (image_strip(image, err) < 0)
        return -1;
    if (image_drop_subject(image))
        log_info(
            removal->options->log,
            "%s: the manifest's 'subject' is dropped: what refers to it spoke of another image",
            image_platform(image));
    if (staying.count > 0 && put_back(removal, change, &staying, err) < 0)
        return -1;
    image_format(image, &change->config, &change->config_blob, &change->bytes, &change->becomes);
    if (image_check_finished(&change->bytes, &change->becomes, &change->config, err) < 0)
        return -1;
    if (staying.count > 0)
        return 0;
    if (removal_find_base(removal, change, err) < 0)
        return -1;
    if (change->base != NULL)
        take_base_bytes(change);
    return 0;
}

/* Does this attestation speak of an entry that has become another one? */
static bool is_outdated(const struct document_change *change, const struct index_entry *attestation,
                        const struct descriptor *now)
{
    const struct image_tree *index = change->was;

    for (size_t i = 0; i < index->entry_count; i++)
        if (digest_equal(&index->entries[i].descriptor.digest, &attestation->about) &&
            !digest_equal(&index->entries[i].descriptor.digest, &now[i].digest))
            return true;
    return false;
}

/* An index is edited if one of its entries is, and built on what that one is built on. */
static void inherit(struct document_change *change, const struct document_change *child)
{
    if (child == NULL || !child->edited)
        return;
    change->edited = true;
    if (change->base_digest == NULL && child->base_digest != NULL) {
        change->base_digest = xstrdup(child->base_digest);
        change->base_name = text_copy(child->base_name);
    }
}

struct descriptor *removal_entries(const struct removal *removal, const struct image_tree *index)
{
    struct descriptor *now = xcalloc(index->entry_count, sizeof(*now));

    for (size_t i = 0; i < index->entry_count; i++) {
        const struct document_change *child = removal_change(removal, index->children[i]);
        now[i] = child != NULL ? child->becomes : index->entries[i].descriptor;
    }
    return now;
}

static int edit_index(struct removal *removal, struct document_change *change, struct error *err)
{
    const struct image_tree *index = change->was;
    struct descriptor *now = removal_entries(removal, index);
    size_t dropped = 0;

    change->keeps = xcalloc(index->entry_count, sizeof(*change->keeps));
    for (size_t i = 0; i < index->entry_count; i++) {
        const struct index_entry *entry = &index->entries[i];
        inherit(change, removal_change(removal, index->children[i]));
        change->keeps[i] = entry->role != INDEX_ATTESTATION || !is_outdated(change, entry, now);
        dropped += !change->keeps[i];
    }
    if (change->edited)
        index_format(&index->document, now, change->keeps, &change->bytes, &change->becomes);
    free(now);
    if (!change->edited)
        return 0;
    if (index_check_finished(&change->bytes, &change->becomes, err) < 0)
        return -1;
    if (removal_find_base(removal, change, err) < 0)
        return -1;
    if (change->base != NULL)
        take_base_bytes(change);
    else if (dropped > 0)
        log_info(removal->options->log,
                 "dropping %zu attestation manifest%s: they speak of images with the model",
                 dropped, dropped > 1 ? "s" : "");
    return 0;
}

int removal_edit(struct removal *removal, struct error *err)
{
    for (size_t i = 0; i < removal->change_count; i++) {
        struct document_change *change = &removal->changes[i];
        change->becomes = change->was->document.descriptor;
        if (change->was->image == NULL) {
            if (edit_index(removal, change, err) < 0)
                return -1;
        } else if (edit_image(removal, change, err) < 0) {
            return error_wrap(err, "%s", image_platform(change->was->image));
        }
    }
    removal_explain(removal);
    return 0;
}
