#include "inject/remove_internal.h"

#include "inject/folders_internal.h"
#include "oci/media_type.h"

#include <string.h>

/* Everything of inlay's in one image that stays, and what it takes to put it back. */
struct staying {
    struct image_layer *layers; /* borrowed texts */
    size_t count;
    struct image_folder *folders; /* those of the image, the needed ones in front */
    size_t folder_count;
    size_t needed_count;
    struct image_learned learned;
    struct strings environment;
    char *created;
    struct tree_entry *entries;
    struct recipe recipe; /* of the folders layer */
};

static void staying_release(struct staying *staying)
{
    recipe_release(&staying->recipe);
    free(staying->entries);
    image_folders_free(staying->folders, staying->folder_count);
    image_learned_release(&staying->learned);
    strings_release(&staying->environment);
    free(staying->created);
    free(staying->layers);
}
CLEANUP_RELEASE(staying)

static char *copy_text(const char *text)
{
    return text != NULL ? xstrdup(text) : NULL;
}

/* The layers of models that stay, in their order; there is room for one more. */
static void keep_layers(const struct outcome *outcome, struct staying *out)
{
    out->layers = xcalloc(outcome->own_count + 1, sizeof(*out->layers));
    for (size_t i = 0; i < outcome->own_count; i++)
        if (outcome->own[i].record.model != NULL && !outcome->leaves[i])
            out->layers[out->count++] = outcome->own[i];
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
static void keep_learned(const struct image *image, struct staying *out)
{
    CLEANUP(image_learned) struct image_learned all = {0};

    image_own_learned(image, &all);
    out->learned.chain_id = all.chain_id;
    image_learned_set_user(&out->learned, &all);
    for (size_t i = 0; i < all.way_count; i++)
        for (size_t k = 0; k < out->count; k++)
            if (way_is_needed(&all.ways[i], &out->layers[k].record))
                image_learned_add(&out->learned, &all.ways[i]);
}

/* Packs the folders layer. It is small, so that it may stay in memory until it is written. */
static int pack_folders(const struct removal *removal, struct staying *staying,
                        struct outcome *outcome, struct error *err)
{
    if (folders_cut(staying->folders, staying->needed_count, &staying->entries, &staying->recipe,
                    err) < 0)
        return -1;
    if (staying->recipe.tar_size > DOCUMENT_LIMIT)
        return error_set(err, ERROR_CORRUPT, "its folders layer would have more than %zu bytes",
                         DOCUMENT_LIMIT);
    CLEANUP(writer) struct writer *writer = memory_writer_new(&outcome->folders, DOCUMENT_LIMIT);
    if (recipe_write_tar(&staying->recipe, NULL, NULL, writer, removal->options->cancel, err) < 0 ||
        writer_finish(writer, err) < 0)
        return -1;
    return 0;
}

/* Puts what stays on top of the bare base again. */
static int put_back(struct removal *removal, struct outcome *outcome, struct staying *staying,
                    struct error *err)
{
    char kind[] = "folders";

    if (pack_folders(removal, staying, outcome, err) < 0)
        return -1;
    struct image_layer *folders = &staying->layers[staying->count];
    *folders = (struct image_layer){
        .blob = {.media_type = MEDIA_TYPE_OCI_LAYER, .size = outcome->folders.size},
        .diff_id = digest_of(DIGEST_SHA256, buf_text(&outcome->folders), outcome->folders.size),
        .record = {.kind = kind, .recipe = staying->recipe.digest},
    };
    folders->blob.digest = folders->diff_id; /* a plain layer */
    struct image_changes changes = {
        .layers = staying->layers,
        .layer_count = staying->count + 1,
        .folders = staying->folders,
        .folder_count = staying->needed_count,
        .learned = staying->learned.chain_id.algorithm != DIGEST_NONE ? &staying->learned : NULL,
        .environment = (const char *const *)staying->environment.items,
        .base_name = outcome->base_name,
        .base_digest = outcome->base_digest,
        .created = staying->created,
    };
    return image_append(outcome->was->image, &changes, err);
}

static void take_base_bytes(struct outcome *outcome)
{
    buf_release(&outcome->bytes);
    buf_release(&outcome->config);
    outcome->becomes = outcome->base->document.descriptor;
}

static int edit_image(struct removal *removal, struct outcome *outcome, struct error *err)
{
    CLEANUP(staying) struct staying staying = {0};
    struct image *image = outcome->was->image;

    if (!outcome->edited)
        return 0;
    keep_layers(outcome, &staying);
    keep_folders(image, &staying);
    keep_learned(image, &staying);
    image_own_environment(image, &staying.environment);
    staying.created = copy_text(image_own_created(image));
    outcome->base_name = copy_text(image_base_name(image));
    outcome->base_digest = copy_text(image_base_digest(image));
    if (image_strip(image, err) < 0)
        return -1;
    if (image_drop_subject(image))
        log_info(
            removal->options->log,
            "%s: the manifest's 'subject' is dropped: what refers to it spoke of another image",
            image_platform(image));
    if (staying.count > 0 && put_back(removal, outcome, &staying, err) < 0)
        return -1;
    image_format(image, &outcome->config, &outcome->config_blob, &outcome->bytes,
                 &outcome->becomes);
    if (staying.count > 0)
        return 0;
    if (removal_find_base(removal, outcome, err) < 0)
        return -1;
    if (outcome->base != NULL)
        take_base_bytes(outcome);
    return 0;
}

/* Does this attestation speak of an entry that has become another one? */
static bool is_outdated(const struct outcome *outcome, const struct index_entry *attestation,
                        const struct descriptor *now)
{
    const struct loaded *index = outcome->was;

    for (size_t i = 0; i < index->entry_count; i++)
        if (digest_equal(&index->entries[i].descriptor.digest, &attestation->about) &&
            !digest_equal(&index->entries[i].descriptor.digest, &now[i].digest))
            return true;
    return false;
}

/* An index is edited if one of its entries is, and built on what that one is built on. */
static void inherit(struct outcome *outcome, const struct outcome *child)
{
    if (child == NULL || !child->edited)
        return;
    outcome->edited = true;
    if (outcome->base_digest == NULL && child->base_digest != NULL) {
        outcome->base_digest = xstrdup(child->base_digest);
        outcome->base_name = copy_text(child->base_name);
    }
}

struct descriptor *removal_entries(const struct removal *removal, const struct loaded *index)
{
    struct descriptor *now = xcalloc(index->entry_count, sizeof(*now));

    for (size_t i = 0; i < index->entry_count; i++) {
        const struct outcome *child = removal_outcome(removal, index->children[i]);
        now[i] = child != NULL ? child->becomes : index->entries[i].descriptor;
    }
    return now;
}

static int edit_index(struct removal *removal, struct outcome *outcome, struct error *err)
{
    const struct loaded *index = outcome->was;
    struct descriptor *now = removal_entries(removal, index);
    size_t dropped = 0;

    outcome->keeps = xcalloc(index->entry_count, sizeof(*outcome->keeps));
    for (size_t i = 0; i < index->entry_count; i++) {
        const struct index_entry *entry = &index->entries[i];
        inherit(outcome, removal_outcome(removal, index->children[i]));
        outcome->keeps[i] = entry->role != INDEX_ATTESTATION || !is_outdated(outcome, entry, now);
        dropped += !outcome->keeps[i];
    }
    if (outcome->edited)
        index_format(&index->document, now, outcome->keeps, &outcome->bytes, &outcome->becomes);
    free(now);
    if (!outcome->edited)
        return 0;
    if (removal_find_base(removal, outcome, err) < 0)
        return -1;
    if (outcome->base != NULL)
        take_base_bytes(outcome);
    else if (dropped > 0)
        log_info(removal->options->log,
                 "dropping %zu attestation manifest%s: they speak of images with the model",
                 dropped, dropped > 1 ? "s" : "");
    return 0;
}

int removal_edit(struct removal *removal, struct error *err)
{
    for (size_t i = 0; i < removal->outcome_count; i++) {
        struct outcome *outcome = &removal->outcomes[i];
        outcome->becomes = outcome->was->document.descriptor;
        if (outcome->was->image == NULL) {
            if (edit_index(removal, outcome, err) < 0)
                return -1;
        } else if (edit_image(removal, outcome, err) < 0) {
            return error_wrap(err, "%s", image_platform(outcome->was->image));
        }
    }
    removal_explain(removal);
    return 0;
}
