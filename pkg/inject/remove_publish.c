#include "inject/remove_internal.h"

#include "oci/media_type.h"

/* Writes what was made in memory: the config and the folders layer of an edited image. */
static int write_made(struct removal *removal, struct outcome *outcome, struct error *err)
{
    struct store *target = removal->options->target;
    struct descriptor folders = {.media_type = MEDIA_TYPE_OCI_LAYER};

    if (outcome->folders.size > 0 && store_write_blob(target, &outcome->folders, &folders, err) < 0)
        return error_wrap(err, "writing the folders layer");
    if (store_write_blob(target, &outcome->config, &outcome->config_blob, err) < 0)
        return error_wrap(err, "writing the config");
    return 0;
}

static int want_image(struct removal *removal, struct outcome *outcome, struct error *err)
{
    const struct loaded *source = outcome->base != NULL ? outcome->base : outcome->was;
    struct store *image = removal->options->image;
    struct descriptor *layers = NULL;
    struct descriptor config;
    size_t count = 0;

    if (outcome->edited && outcome->base == NULL) {
        if (write_made(removal, outcome, err) < 0)
            return -1;
    } else {
        if (document_config(&source->document, &config, err) < 0)
            return -1;
        passing_add_blob(&removal->passing, &config,
                         outcome->base != NULL ? outcome->base_store : image);
    }
    if (image_layers(source->image, &layers, &count, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        passing_add_blob(&removal->passing, &layers[i], image);
    free(layers);
    return 0;
}

static int want_index(struct removal *removal, struct outcome *outcome, struct error *err)
{
    bool base = outcome->base != NULL;
    const struct loaded *index = base ? outcome->base : outcome->was;
    struct store *from = base ? outcome->base_store : removal->options->image;

    for (size_t i = 0; i < index->entry_count; i++) {
        bool stays = base || outcome->keeps[i];
        if (stays && index->children[i] == NULL &&
            passing_add_entry(&removal->passing, &index->entries[i].descriptor, from, err) < 0)
            return -1;
    }
    return 0;
}

static int write_manifests(const struct removal *removal, struct error *err)
{
    struct store *target = removal->options->target;

    if (passing_write_manifests(&removal->passing, err) < 0)
        return -1;
    for (size_t i = 0; i < removal->outcome_count; i++) {
        const struct outcome *outcome = &removal->outcomes[i];
        const struct loaded *source = outcome->base != NULL ? outcome->base : outcome->was;
        bool made = outcome->edited && outcome->base == NULL;
        bool last = i + 1 == removal->outcome_count;
        struct digest_text digest = digest_format(&outcome->becomes.digest);
        if (store_write_manifest(target, last ? removal->options->target_version : digest.text,
                                 outcome->becomes.media_type,
                                 made ? &outcome->bytes : &source->document.bytes, err) < 0)
            return -1;
    }
    return 0;
}

int removal_publish(struct removal *removal, struct error *err)
{
    for (size_t i = 0; i < removal->outcome_count; i++) {
        struct outcome *outcome = &removal->outcomes[i];
        int result = outcome->was->image != NULL ? want_image(removal, outcome, err)
                                                 : want_index(removal, outcome, err);
        if (result < 0)
            return -1;
    }
    if (passing_copy_blobs(&removal->passing, err) < 0)
        return -1;
    if (cancel_check(removal->options->cancel, err) < 0 || write_manifests(removal, err) < 0)
        return error_wrap(err, "writing the manifest");
    return store_finish(removal->options->target, err);
}
