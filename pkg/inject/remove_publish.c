#include "inject/remove_internal.h"

#include "core/workers.h"
#include "oci/media_type.h"

#define JOBS_DEFAULT 4

static void want_blob(struct removal *removal, const struct descriptor *blob, struct store *from)
{
    if (media_type_is_foreign_layer(blob->media_type))
        return;
    for (size_t i = 0; i < removal->wanted_count; i++)
        if (digest_equal(&removal->wanted[i].blob.digest, &blob->digest))
            return;
    removal->wanted =
        xrealloc(removal->wanted, removal->wanted_count + 1, sizeof(*removal->wanted));
    removal->wanted[removal->wanted_count++] = (struct wanted_blob){*blob, from};
}

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
        want_blob(removal, &config, outcome->base != NULL ? outcome->base_store : image);
    }
    if (image_layers(source->image, &layers, &count, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        want_blob(removal, &layers[i], image);
    free(layers);
    return 0;
}

/* An entry of an index that is not edited: a manifest with all that it mentions, or a blob. */
static int want_other(struct removal *removal, const struct descriptor *entry, struct store *from,
                      struct error *err)
{
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    struct digest_text version = digest_format(&entry->digest);
    struct descriptor *children = NULL;
    size_t count = 0;

    if (!media_type_is_manifest(entry->media_type)) {
        want_blob(removal, entry, from);
        return 0;
    }
    if (store_read_document(from, version.text, &document, err) < 0 ||
        document_children(&document, &children, &count, err) < 0)
        return error_wrap(err, "%s", version.text);
    for (size_t i = 0; i < count; i++)
        want_blob(removal, &children[i], from);
    free(children);
    removal->passed =
        xrealloc(removal->passed, removal->passed_count + 1, sizeof(*removal->passed));
    removal->passed[removal->passed_count++] = document;
    document = (struct document)DOCUMENT_INIT;
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
            want_other(removal, &index->entries[i].descriptor, from, err) < 0)
            return -1;
    }
    return 0;
}

static void count_moved(void *arg, uint64_t size)
{
    struct removal *removal = arg;
    const struct inject_progress *progress = removal->options->progress;

    atomic_fetch_add(&removal->moved, size);
    if (progress != NULL && progress->moved != NULL)
        progress->moved(progress->arg, size);
}

static int copy_blob(void *arg, size_t number, const struct cancel *cancel, struct error *err)
{
    struct removal *removal = arg;
    const struct inject_progress *progress = removal->options->progress;
    const struct wanted_blob *wanted = &removal->wanted[number];
    struct store_copy_options copy = {
        .cancel = cancel,
        .count = count_moved,
        .count_arg = removal,
    };
    enum store_copied how;

    if (store_copy_blob(wanted->from, removal->options->target, &wanted->blob, &copy, &how, err) <
        0)
        return error_wrap(err, "the image's %s", digest_format(&wanted->blob.digest).text);
    if (how != STORE_STREAMED && progress != NULL && progress->moved != NULL)
        progress->moved(progress->arg, wanted->blob.size);
    return 0;
}

static int copy_blobs(struct removal *removal, struct error *err)
{
    const struct remove_options *options = removal->options;
    const struct inject_progress *progress = options->progress;

    for (size_t i = 0; i < removal->wanted_count; i++)
        if (progress != NULL && progress->expect != NULL)
            progress->expect(progress->arg, removal->wanted[i].blob.size);
    return workers_run(options->jobs > 0 ? options->jobs : JOBS_DEFAULT, removal->wanted_count,
                       copy_blob, removal, options->cancel, err);
}

static int write_manifests(const struct removal *removal, struct error *err)
{
    struct store *target = removal->options->target;

    for (size_t i = 0; i < removal->passed_count; i++) {
        const struct document *document = &removal->passed[i];
        struct digest_text digest = digest_format(&document->descriptor.digest);
        if (store_write_manifest(target, digest.text, document->descriptor.media_type,
                                 &document->bytes, err) < 0)
            return -1;
    }
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
    if (copy_blobs(removal, err) < 0)
        return -1;
    if (cancel_check(removal->options->cancel, err) < 0 || write_manifests(removal, err) < 0)
        return error_wrap(err, "writing the manifest");
    return 0;
}
