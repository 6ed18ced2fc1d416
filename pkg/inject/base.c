#include "inject/inject_internal.h"

#include "oci/media_type.h"

#include <string.h>

/* Notes what inlay did to this image before, and takes it out. */
static int platform_strip(struct platform *platform, const struct work *work, struct error *err)
{
    const char *own_digest = NULL;

    image_own_layers(platform->image, &platform->own, &platform->own_count);
    image_own_folders(platform->image, &platform->own_folders, &platform->own_folder_count);
    image_own_environment(platform->image, &platform->assignments);
    if (platform->own_count > 0)
        own_digest = image_base_digest(platform->image);
    if (own_digest != NULL) {
        const char *own_name = image_base_name(platform->image);
        platform->base_digest = xstrdup(own_digest);
        platform->base_name = own_name != NULL ? xstrdup(own_name) : NULL;
    } else {
        const char *name = work->options->base_name;
        platform->base_digest = xstrdup(digest_format(&work->base.descriptor.digest).text);
        platform->base_name = name != NULL ? xstrdup(name) : NULL;
    }
    return image_strip(platform->image, err);
}

static int platform_open(struct work *work, const struct document *manifest, struct error *err)
{
    struct platform *platform;
    CLEANUP(buf) struct buf config = BUF_INIT;
    struct descriptor what;

    if (document_config(manifest, &what, err) < 0 ||
        store_read_blob(work->options->base, &what, &config, err) < 0)
        return error_wrap(err, "reading the config");
    work->platforms = xrealloc(work->platforms, work->platform_count + 1, sizeof(*work->platforms));
    platform = &work->platforms[work->platform_count++];
    *platform = (struct platform){.was = manifest->descriptor};
    if (image_open(manifest, &config, &platform->image, err) < 0 ||
        platform_strip(platform, work, err) < 0 || platform_open_rootfs(work, platform, err) < 0)
        return -1;
    if (image_drop_subject(platform->image))
        log_info(
            work->options->log,
            "%s: the manifest's 'subject' is dropped: what refers to it spoke of another image",
            image_platform(platform->image));
    /* A small layer and the folders are the least that a model adds. */
    size_t layers = image_layer_count(platform->image);
    if (layers + 2 > IMAGE_LAYERS_MAX)
        return error_set(err, ERROR_UNSUPPORTED,
                         "it has too many layers: %zu, and runtimes take %d at most with those of "
                         "the models; squash the base",
                         layers, IMAGE_LAYERS_MAX);
    return 0;
}

/* An entry that looks like an image may turn out to be an artifact: that is passed on as it is. */
static int read_entry(struct work *work, struct index_entry *entry, struct error *err)
{
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    struct digest_text version = digest_format(&entry->descriptor.digest);
    struct descriptor config;

    if (store_read_document(work->options->base, version.text, &document, err) < 0 ||
        document_config(&document, &config, err) < 0)
        return error_wrap(err, "%s", version.text);
    if (!media_type_is_image_config(config.media_type)) {
        entry->role = INDEX_OTHER;
        return 0;
    }
    if (platform_open(work, &document, err) < 0)
        return error_wrap(err, "%s", version.text);
    return 0;
}

/* What an attestation says of an image that is not edited stays true, and is passed on. */
static void keep_true_attestations(struct work *work)
{
    size_t dropped = 0;

    for (size_t i = 0; i < work->entry_count; i++) {
        struct index_entry *entry = &work->entries[i];
        bool of_other = false;
        if (entry->role != INDEX_ATTESTATION)
            continue;
        for (size_t k = 0; k < work->entry_count; k++)
            of_other =
                of_other || (work->entries[k].role == INDEX_OTHER &&
                             digest_equal(&work->entries[k].descriptor.digest, &entry->about));
        if (of_other && entry->about.algorithm != DIGEST_NONE)
            entry->role = INDEX_OTHER;
        else
            dropped++;
    }
    if (dropped > 0)
        log_info(work->options->log,
                 "dropping %zu attestation manifest%s of the base: they speak of images without "
                 "the model",
                 dropped, dropped > 1 ? "s" : "");
}

static int read_index(struct work *work, struct error *err)
{
    if (index_entries(&work->base, &work->entries, &work->entry_count, err) < 0)
        return -1;
    for (size_t i = 0; i < work->entry_count; i++) {
        struct index_entry *entry = &work->entries[i];
        if (entry->role == INDEX_INDEX)
            return error_set(err, ERROR_UNSUPPORTED,
                             "its index holds another index (%s); name that one by its digest",
                             digest_format(&entry->descriptor.digest).text);
        if (entry->role == INDEX_IMAGE && read_entry(work, entry, err) < 0)
            return -1;
    }
    if (work->platform_count == 0)
        return error_set(err, ERROR_UNSUPPORTED, "its index has no image for Linux");
    keep_true_attestations(work);
    return 0;
}

int work_read_base(struct work *work, struct error *err)
{
    const struct inject_options *options = work->options;

    if (store_read_document(options->base, options->base_version, &work->base, err) < 0)
        return -1;
    int result =
        work->base.is_index ? read_index(work, err) : platform_open(work, &work->base, err);
    if (result < 0)
        return -1;
    for (size_t i = 0; i < work->platform_count; i++) {
        const struct image *image = work->platforms[i].image;
        size_t count = image_layer_count(image);
        log_info(options->log, "base: %s%s%s, %s, %zu layer%s", options->base->name,
                 options->base_version != NULL ? " " : "",
                 options->base_version != NULL ? options->base_version : "", image_platform(image),
                 count, count == 1 ? "" : "s");
    }
    return 0;
}

static void know_layer(struct work *work, const struct image_layer *layer, bool in_base)
{
    work->known = xrealloc(work->known, work->known_count + 1, sizeof(*work->known));
    struct known_layer *known = &work->known[work->known_count++];
    *known = (struct known_layer){.layer = *layer, .in_base = in_base};
    layer_record_copy(&layer->record, &known->layer.record);
}

static int know_manifest(struct work *work, const struct document *manifest, struct error *err)
{
    CLEANUP(buf) struct buf config = BUF_INIT;
    CLEANUP(image) struct image *image = NULL;
    struct descriptor what;
    struct image_layer *own = NULL;
    size_t count = 0;

    if (document_config(manifest, &what, err) < 0 ||
        store_read_blob(work->options->target, &what, &config, err) < 0 ||
        image_open(manifest, &config, &image, err) < 0)
        return -1;
    image_own_layers(image, &own, &count);
    for (size_t i = 0; i < count; i++)
        know_layer(work, &own[i], false);
    image_layers_free(own, count);
    return 0;
}

static int know_target(struct work *work, struct error *err)
{
    const struct inject_options *options = work->options;
    CLEANUP(document) struct document present = DOCUMENT_INIT;
    struct index_entry *entries = NULL;
    size_t count = 0;
    int result = 0;

    if (store_read_document(options->target, options->target_version, &present, err) < 0)
        return -1;
    if (!present.is_index) {
        result = know_manifest(work, &present, err);
        if (result == 0)
            work->present = present.descriptor;
        return result;
    }
    if (index_entries(&present, &entries, &count, err) < 0)
        return -1;
    for (size_t i = 0; i < count && result == 0; i++) {
        CLEANUP(document) struct document child = DOCUMENT_INIT;
        struct digest_text version = digest_format(&entries[i].descriptor.digest);
        if (entries[i].role != INDEX_IMAGE)
            continue;
        result = store_read_document(options->target, version.text, &child, err);
        if (result == 0)
            result = know_manifest(work, &child, err);
    }
    free(entries);
    if (result == 0)
        work->present = present.descriptor;
    return result;
}

int work_find_known(struct work *work, struct error *err)
{
    CLEANUP(error) struct error why = ERROR_INIT;

    for (size_t i = 0; i < work->platform_count; i++)
        for (size_t k = 0; k < work->platforms[i].own_count; k++)
            know_layer(work, &work->platforms[i].own[k], true);
    /* Whatever is wrong with what the tag shows now, it is about to be replaced. */
    if (know_target(work, &why) < 0) {
        if (why.kind == ERROR_CANCELED)
            return error_move(err, &why);
        log_debug(work->options->log, "nothing is known of %s:%s: %s", work->options->target->name,
                  work->options->target_version, why.text);
    }
    return 0;
}
