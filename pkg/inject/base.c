#include "inject/inject_internal.h"

#include <string.h>

/* Notes what inlay did to this image before, and takes it out. */
static int platform_strip(struct platform *platform, const struct work *work, struct error *err)
{
    const char *own_digest = NULL;

    image_own_layers(platform->image, &platform->own, &platform->own_count);
    image_own_folders(platform->image, &platform->own_folders, &platform->own_folder_count);
    image_own_environment(platform->image, &platform->assignments);
    image_own_learned(platform->image, &platform->own_learned);
    if (platform->own_count > 0)
        own_digest = image_base_digest(platform->image);
    if (own_digest != NULL) {
        const char *own_name = image_base_name(platform->image);
        platform->base_digest = xstrdup(own_digest);
        platform->base_name = own_name != NULL ? xstrdup(own_name) : NULL;
    } else if (platform->own_count == 0) {
        const char *name = work->options->base_name;
        platform->base_digest =
            xstrdup(digest_format(&work->base->document.descriptor.digest).text);
        platform->base_name = name != NULL ? xstrdup(name) : NULL;
    }
    if (image_strip(platform->image, err) < 0)
        return -1;
    image_chain_id(platform->image, &platform->learned.chain_id);
    return 0;
}

static int open_platform(struct work *work, const struct loaded *loaded, struct error *err)
{
    work_recollect(work, loaded->image);
    work->platforms = xrealloc(work->platforms, work->platform_count + 1, sizeof(*work->platforms));
    struct platform *platform = &work->platforms[work->platform_count++];
    *platform = (struct platform){.image = loaded->image};
    if (platform_strip(platform, work, err) < 0 || platform_open_rootfs(work, platform, err) < 0)
        return -1;
    if (image_drop_subject(platform->image))
        log_info(
            work->options->log,
            "%s: the manifest's 'subject' is dropped: what refers to it spoke of another image",
            image_platform(platform->image));
    if (work->options->compression.kind == COMPRESSION_ZSTD && image_is_docker(platform->image))
        return error_set(err, ERROR_UNSUPPORTED,
                         "it is an image of Docker's schema 2, which has no zstd layers; compress "
                         "with gzip, or make it an OCI image first ('skopeo copy --format oci')");
    /* A small layer and the folders are the least that a model adds. */
    size_t layers = image_layer_count(platform->image);
    if (layers + 2 > IMAGE_LAYERS_MAX)
        return error_set(err, ERROR_UNSUPPORTED,
                         "it has too many layers: %zu, and runtimes take %d at most with those of "
                         "the models; squash the base",
                         layers, IMAGE_LAYERS_MAX);
    return 0;
}

/* Is it an image for this platform? The index decides where it says so, as it does for clients. */
static bool runs_on(const struct edition *edition, const struct oci_platform *platform)
{
    struct oci_platform own;

    if (edition->was->image == NULL)
        return false;
    if (edition->entry != NULL && edition->entry->platform.os[0] != '\0')
        return oci_platform_equal(platform, &edition->entry->platform);
    image_oci_platform(edition->was->image, &own);
    return oci_platform_equal(platform, &own);
}

static bool is_wanted(const struct work *work, const struct edition *edition)
{
    const struct inject_options *options = work->options;

    for (size_t i = 0; i < options->platform_count; i++)
        if (runs_on(edition, &options->platforms[i]))
            return true;
    return options->platform_count == 0;
}

static struct edition *edition_of(const struct work *work, const struct loaded *loaded)
{
    for (size_t i = 0; i < work->edition_count; i++)
        if (work->editions[i].was == loaded)
            return &work->editions[i];
    abort();
}

static int choose_image(struct work *work, struct edition *edition, struct error *err)
{
    edition->leaves = !is_wanted(work, edition);
    if (edition->leaves)
        return 0;
    edition->platform = work->platform_count;
    if (open_platform(work, edition->was, err) == 0)
        return 0;
    if (edition->entry != NULL)
        error_wrap(err, "%s", digest_format(&edition->was->document.descriptor.digest).text);
    return -1;
}

/* Does it speak of an entry that stays, and stays as it is? */
static bool stays_true(const struct edition *edition, const struct index_entry *attestation)
{
    const struct loaded *index = edition->was;

    for (size_t i = 0; i < index->entry_count; i++)
        if (index->entries[i].role != INDEX_ATTESTATION && edition->keeps[i] &&
            index->children[i] == NULL &&
            digest_equal(&index->entries[i].descriptor.digest, &attestation->about))
            return true;
    return false;
}

static void say_attestations(const struct work *work, size_t dropped, size_t were_true)
{
    if (dropped == 0)
        return;
    log_info(work->options->log, "dropping %zu attestation manifest%s of the base: %s%s", dropped,
             dropped > 1 ? "s" : "",
             were_true < dropped ? "they speak of images without the model"
                                 : "they speak of images that do not change",
             were_true > 0 ? "; --keep-attestations keeps those that stay true" : "");
}

/* Attestations of images that are edited would be lies; of the others the caller decides. */
static void choose_attestations(const struct work *work, struct edition *edition)
{
    const struct loaded *index = edition->was;
    size_t dropped = 0;
    size_t were_true = 0;

    for (size_t i = 0; i < index->entry_count; i++) {
        if (index->entries[i].role != INDEX_ATTESTATION)
            continue;
        bool is_true = stays_true(edition, &index->entries[i]);
        edition->keeps[i] = is_true && work->options->keep_attestations;
        dropped += !edition->keeps[i];
        were_true += is_true && !edition->keeps[i];
    }
    say_attestations(work, dropped, were_true);
}

/* What of an index stays; its images and indexes have been decided on. */
static void choose_entries(struct work *work, struct edition *edition)
{
    const struct loaded *index = edition->was;
    size_t kept = 0;

    edition->keeps = xcalloc(index->entry_count, sizeof(*edition->keeps));
    for (size_t i = 0; i < index->entry_count; i++) {
        const struct loaded *child = index->children[i];
        edition->keeps[i] =
            index->entries[i].role != INDEX_ATTESTATION &&
            (child != NULL ? !edition_of(work, child)->leaves : work->options->platform_count == 0);
        kept += edition->keeps[i];
    }
    edition->leaves = kept == 0 && index->entry_count > 0;
    choose_attestations(work, edition);
}

static void choose_index(struct work *work, struct edition *edition)
{
    choose_entries(work, edition);
    if (!edition->leaves && index_has_subject(&edition->was->document))
        log_info(work->options->log, "the index's 'subject' is dropped: what refers to it spoke of "
                                     "another index");
}

/* "linux/amd64, linux/arm64"; caller frees. */
static char *list_images(const struct work *work)
{
    CLEANUP(buf) struct buf list = BUF_INIT;

    for (size_t i = 0; i < work->edition_count; i++)
        if (work->editions[i].was->image != NULL)
            buf_addf(&list, "%s%s", list.size > 0 ? ", " : "",
                     image_platform(work->editions[i].was->image));
    return buf_take(&list);
}

/* Every --platform has to be there, or the result would lack what was asked for. */
static int check_platforms(const struct work *work, struct error *err)
{
    const struct inject_options *options = work->options;
    CLEANUP(text) char *there = list_images(work);

    if (there[0] == '\0')
        return error_set(err, ERROR_UNSUPPORTED, "its index has no image for Linux");
    for (size_t i = 0; i < options->platform_count; i++) {
        CLEANUP(text) char *name = oci_platform_format(&options->platforms[i]);
        bool found = false;
        for (size_t k = 0; k < work->edition_count && !found; k++)
            found = runs_on(&work->editions[k], &options->platforms[i]);
        if (!found)
            return error_set(err, ERROR_NOT_FOUND, "it has no image for '%s'; there is %s", name,
                             there);
    }
    return 0;
}

static void list_editions(struct work *work)
{
    struct loaded **list = NULL;

    loaded_list(work->base, &list, &work->edition_count);
    work->editions = xcalloc(work->edition_count, sizeof(*work->editions));
    for (size_t i = 0; i < work->edition_count; i++)
        work->editions[i] = (struct edition){.was = list[i], .platform = NO_PLATFORM};
    free(list);
    for (size_t i = 0; i < work->edition_count; i++) {
        const struct loaded *index = work->editions[i].was;
        for (size_t k = 0; k < index->entry_count; k++)
            if (index->children[k] != NULL)
                edition_of(work, index->children[k])->entry = &index->entries[k];
    }
}

/* Do all images that are wanted run on the same platform? Then clients take the first. */
static bool is_one_platform(const struct work *work)
{
    for (size_t i = 1; i < work->platform_count; i++)
        if (work->options->platform_count != 1 &&
            strcmp(image_platform(work->platforms[i].image),
                   image_platform(work->platforms[0].image)) != 0)
            return false;
    return work->platform_count > 0;
}

/* With --no-index the one image that is wanted is all that the result has. */
static int take_single(struct work *work, struct error *err)
{
    CLEANUP(text) char *there = list_images(work);

    if (!is_one_platform(work))
        return error_set(err, ERROR_USAGE,
                         "without an index there is room for one image, and it has %s; choose one "
                         "with --platform",
                         there);
    for (size_t i = 0; i < work->edition_count; i++)
        if (work->editions[i].platform == 0)
            work->editions[0] = work->editions[i];
        else
            edition_release(&work->editions[i]);
    work->edition_count = 1;
    for (; work->platform_count > 1; work->platform_count--)
        platform_release(&work->platforms[work->platform_count - 1], 0);
    return 0;
}

int work_read_base(struct work *work, struct error *err)
{
    const struct inject_options *options = work->options;

    if (loaded_open(options->base, options->base_version, LOADED_WHOLE, &work->base, err) < 0)
        return -1;
    list_editions(work);
    if (check_platforms(work, err) < 0)
        return -1;
    for (size_t i = 0; i < work->edition_count; i++) {
        struct edition *edition = &work->editions[i];
        if (edition->was->document.is_index)
            choose_index(work, edition);
        else if (choose_image(work, edition, err) < 0)
            return -1;
    }
    bool single = options->no_index || (options->target != NULL && options->target->single_image);
    if (single && take_single(work, err) < 0)
        return -1;
    for (size_t i = 0; i < work->platform_count; i++) {
        const struct image *image = work->platforms[i].image;
        size_t count = image_layer_count(image);
        CLEANUP(text) char *name = loaded_title(options->base, options->base_version);
        log_info(options->log, "base: %s, %s, %zu layer%s", name, image_platform(image), count,
                 count == 1 ? "" : "s");
    }
    return 0;
}
