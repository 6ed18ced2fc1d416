#include "remove/remove_internal.h"

#include "oci/media_type.h"

/* Writes what was made in memory: the config and the folders layer of an edited image. */
static int write_made(struct removal *removal, struct document_change *change, struct error *err)
{
    struct store *target = removal->options->target;
    struct descriptor folders = {.media_type = MEDIA_TYPE_OCI_LAYER};

    if (change->folders.size > 0 && store_write_blob(target, &change->folders, &folders, err) < 0)
        return error_wrap(err, "writing the folders layer");
    if (store_write_blob(target, &change->config, &change->config_blob, err) < 0)
        return error_wrap(err, "writing the config");
    return 0;
}

static int want_image(struct removal *removal, struct document_change *change, struct error *err)
{
    const struct image_tree *source = change->base != NULL ? change->base : change->was;
    struct store *image = removal->options->image;
    struct descriptor *layers = NULL;
    struct descriptor config;
    size_t count = 0;

    if (change->edited && change->base == NULL) {
        if (write_made(removal, change, err) < 0)
            return -1;
    } else {
        if (document_config(&source->document, &config, err) < 0)
            return -1;
        transfer_add_blob(&removal->transfer, &config,
                          change->base != NULL ? change->base_store : image);
    }
    if (image_layers(source->image, &layers, &count, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        transfer_add_blob(&removal->transfer, &layers[i], image);
    free(layers);
    return 0;
}

static int want_index(struct removal *removal, struct document_change *change, struct error *err)
{
    bool base = change->base != NULL;
    const struct image_tree *index = base ? change->base : change->was;
    struct store *from = base ? change->base_store : removal->options->image;

    for (size_t i = 0; i < index->entry_count; i++) {
        bool stays = base || change->keeps[i];
        if (stays && index->children[i] == NULL &&
            transfer_add_entry(&removal->transfer, &index->entries[i].descriptor, from, err) < 0)
            return -1;
    }
    return 0;
}

static int write_manifests(const struct removal *removal, struct error *err)
{
    struct store *target = removal->options->target;

    if (transfer_write_manifests(&removal->transfer, err) < 0)
        return -1;
    for (size_t i = 0; i < removal->change_count; i++) {
        const struct document_change *change = &removal->changes[i];
        const struct image_tree *source = change->base != NULL ? change->base : change->was;
        bool made = change->edited && change->base == NULL;
        bool last = i + 1 == removal->change_count;
        struct digest_text digest = digest_format(&change->becomes.digest);
        if (store_write_tag(target, last ? removal->options->target_version : digest.text,
                            change->becomes.media_type,
                            made ? &change->bytes : &source->document.bytes,
                            last ? &removal->expected : NULL, err) < 0)
            return -1;
    }
    return 0;
}

int removal_publish(struct removal *removal, struct error *err)
{
    for (size_t i = 0; i < removal->change_count; i++) {
        struct document_change *change = &removal->changes[i];
        int result = change->was->image != NULL ? want_image(removal, change, err)
                                                : want_index(removal, change, err);
        if (result < 0)
            return -1;
    }
    if (transfer_copy_blobs(&removal->transfer, err) < 0)
        return -1;
    if (cancel_check(removal->options->cancel, err) < 0 || write_manifests(removal, err) < 0)
        return -1;
    return store_finish(removal->options->target, err);
}
