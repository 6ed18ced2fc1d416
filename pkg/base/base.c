#include "base/base.h"

#include "placement/above.h"

#include <string.h>

/* The base being read. Everything is borrowed. */
struct base_reading {
    const struct base_request *request;
    const struct run_context *run;
    struct base *out;
    struct notes *notes;
    size_t dropped;   /* attestations, of all indexes */
    size_t were_true; /* of these, what --keep-attestations would keep */
};

static void base_platform_release(struct base_platform *platform)
{
    own_parts_release(&platform->own);
    rootfs_free(platform->rootfs);
    rootfs_free(platform->whole);
    free(platform->base_name);
    free(platform->base_digest);
}

void base_release(struct base *base)
{
    for (size_t i = 0; i < base->platform_count; i++)
        base_platform_release(&base->platforms[i]);
    for (size_t i = 0; i < base->document_count; i++)
        free(base->documents[i].keeps);
    free(base->platforms);
    free(base->documents);
    image_tree_free(base->tree);
    *base = (struct base){0};
}

/* What an earlier run has recorded of the base holds; else the image is the base itself. */
static void name_base(const struct base_reading *reading, struct base_platform *platform)
{
    const char *name = reading->request->name;
    const char *digest = NULL;
    struct digest_text own_digest = digest_format(&reading->out->tree->document.descriptor.digest);

    if (platform->own.layer_count > 0) {
        name = image_base_name(platform->image);
        digest = image_base_digest(platform->image);
    } else {
        digest = own_digest.text;
    }
    if (digest == NULL)
        return;
    platform->base_digest = xstrdup(digest);
    platform->base_name = name != NULL ? xstrdup(name) : NULL;
}

/* All that reading trees of BASE needs, but for the layers. */
static struct rootfs_options rootfs_options_of(const struct base_reading *reading)
{
    const struct run_context *run = reading->run;

    return (struct rootfs_options){
        .store = reading->request->store,
        .memo = run->memo,
        .jobs = run->jobs,
        .cancel = run->cancel,
        .log = run->log,
        .progress = run->progress,
        .sandbox = run->sandbox,
    };
}

/* What rootfs is to look at: the image's layers, without those of inlay's. */
static int open_rootfs(const struct base_reading *reading, struct base_platform *platform,
                       struct error *err)
{
    struct rootfs_options rootfs = rootfs_options_of(reading);
    struct rootfs_layer *layers = NULL;

    if (rootfs_layers_of(platform->image, &layers, &rootfs.layer_count, err) < 0)
        return -1;
    rootfs.layers = layers;
    int result = rootfs_open(&rootfs, &platform->rootfs, err);
    free(layers);
    return result;
}

/* What no model can be added to. */
static int check_platform(const struct base_reading *reading, const struct base_platform *platform,
                          struct error *err)
{
    size_t layers = image_layer_count(platform->image);

    if (reading->request->wants_zstd && image_is_docker(platform->image))
        return error_set(err, ERROR_UNSUPPORTED,
                         "it is an image of Docker's schema 2, which has no zstd layers; compress "
                         "with gzip, or make it an OCI image first ('skopeo copy --format oci')");
    if (reading->request->wants_tables && image_is_docker(platform->image))
        return error_set(err, ERROR_UNSUPPORTED,
                         "it is an image of Docker's schema 2, whose layers have no annotations, "
                         "and eStargz needs them; compress with gzip, or make it an OCI image "
                         "first ('skopeo copy --format oci')");
    /* A small layer and the folders are the least that a model adds. */
    if (layers + 2 > IMAGE_LAYERS_MAX)
        return error_set(err, ERROR_UNSUPPORTED,
                         "it has too many layers: %zu, and runtimes take %d at most with those of "
                         "the models; squash the base",
                         layers, IMAGE_LAYERS_MAX);
    return 0;
}

/* Notes what inlay did to this image before, and takes it out. */
static int open_platform(const struct base_reading *reading, const struct image_tree *loaded,
                         struct error *err)
{
    const struct rootfs_options rootfs = rootfs_options_of(reading);
    struct base *base = reading->out;

    base->platforms = xrealloc(base->platforms, base->platform_count + 1, sizeof(*base->platforms));
    struct base_platform *platform = &base->platforms[base->platform_count++];
    *platform = (struct base_platform){.image = loaded->image};
    own_parts_read(platform->image, &platform->own);
    name_base(reading, platform);
    platform->whole_count = image_layer_count(platform->image);
    if (above_open(platform->image, &rootfs, &platform->whole, err) < 0 ||
        image_strip(platform->image, err) < 0 || open_rootfs(reading, platform, err) < 0)
        return -1;
    if (image_drop_subject(platform->image))
        notes_info(
            reading->notes,
            "%s: the manifest's 'subject' is dropped: what refers to it spoke of another image",
            image_platform(platform->image));
    return check_platform(reading, platform, err);
}

/* Is it an image for this platform? The index decides where it says so, as it does for clients. */
static bool runs_on(const struct base_document *document, const struct oci_platform *platform)
{
    struct oci_platform own;

    if (document->was->image == NULL)
        return false;
    if (document->entry != NULL && document->entry->platform.os[0] != '\0')
        return oci_platform_equal(platform, &document->entry->platform);
    image_oci_platform(document->was->image, &own);
    return oci_platform_equal(platform, &own);
}

static bool is_wanted(const struct base_reading *reading, const struct base_document *document)
{
    const struct base_request *request = reading->request;

    for (size_t i = 0; i < request->platform_count; i++)
        if (runs_on(document, &request->platforms[i]))
            return true;
    return request->platform_count == 0;
}

static struct base_document *document_of(const struct base *base, const struct image_tree *loaded)
{
    for (size_t i = 0; i < base->document_count; i++)
        if (base->documents[i].was == loaded)
            return &base->documents[i];
    abort();
}

static int choose_image(const struct base_reading *reading, struct base_document *document,
                        struct error *err)
{
    document->leaves = !is_wanted(reading, document);
    if (document->leaves)
        return 0;
    document->platform = reading->out->platform_count;
    if (open_platform(reading, document->was, err) == 0)
        return 0;
    if (document->entry != NULL)
        error_wrap(err, "%s", digest_format(&document->was->document.descriptor.digest).text);
    return -1;
}

/* Does it speak of an entry that stays, and stays as it is? */
static bool stays_true(const struct base_document *document, const struct index_entry *attestation)
{
    const struct image_tree *index = document->was;

    for (size_t i = 0; i < index->entry_count; i++)
        if (index->entries[i].role != INDEX_ATTESTATION && document->keeps[i] &&
            index->children[i] == NULL &&
            digest_equal(&index->entries[i].descriptor.digest, &attestation->about))
            return true;
    return false;
}

static void say_attestations(const struct base_reading *reading)
{
    size_t dropped = reading->dropped;
    size_t were_true = reading->were_true;

    if (dropped == 0)
        return;
    notes_info(reading->notes, "dropping %zu attestation manifest%s of the base: %s%s", dropped,
               dropped > 1 ? "s" : "",
               were_true < dropped ? "they speak of images without the model"
                                   : "they speak of images that do not change",
               were_true > 0 ? "; --keep-attestations keeps those that stay true" : "");
}

/* Attestations of images that are edited would be lies; of the others the caller decides. */
static void choose_attestations(struct base_reading *reading, struct base_document *document)
{
    const struct image_tree *index = document->was;

    for (size_t i = 0; i < index->entry_count; i++) {
        if (index->entries[i].role != INDEX_ATTESTATION)
            continue;
        bool is_true = stays_true(document, &index->entries[i]);
        document->keeps[i] = is_true && reading->request->keep_attestations;
        reading->dropped += !document->keeps[i];
        reading->were_true += is_true && !document->keeps[i];
    }
}

/* What of an index stays; its images and indexes have been decided on. */
static void choose_entries(struct base_reading *reading, struct base_document *document)
{
    const struct image_tree *index = document->was;
    size_t kept = 0;

    document->keeps = xcalloc(index->entry_count, sizeof(*document->keeps));
    for (size_t i = 0; i < index->entry_count; i++) {
        const struct image_tree *child = index->children[i];
        document->keeps[i] = index->entries[i].role != INDEX_ATTESTATION &&
                             (child != NULL ? !document_of(reading->out, child)->leaves
                                            : reading->request->platform_count == 0);
        kept += document->keeps[i];
    }
    document->leaves = kept == 0 && index->entry_count > 0;
    choose_attestations(reading, document);
}

static void choose_index(struct base_reading *reading, struct base_document *document)
{
    choose_entries(reading, document);
    if (!document->leaves && index_has_subject(&document->was->document))
        notes_info(reading->notes, "the index's 'subject' is dropped: what refers to it spoke of "
                                   "another index");
}

/* "linux/amd64, linux/arm64"; caller frees. */
static char *list_images(const struct base *base)
{
    CLEANUP(buf) struct buf list = BUF_INIT;

    for (size_t i = 0; i < base->document_count; i++)
        if (base->documents[i].was->image != NULL)
            buf_addf(&list, "%s%s", list.size > 0 ? ", " : "",
                     image_platform(base->documents[i].was->image));
    return buf_take(&list);
}

/* Every --platform has to be there, or the result would lack what was asked for. */
static int check_platforms(const struct base_reading *reading, struct error *err)
{
    const struct base_request *request = reading->request;
    CLEANUP(text) char *there = list_images(reading->out);

    if (there[0] == '\0')
        return error_set(err, ERROR_UNSUPPORTED, "its index has no image for Linux");
    for (size_t i = 0; i < request->platform_count; i++) {
        CLEANUP(text) char *name = oci_platform_format(&request->platforms[i]);
        bool found = false;
        for (size_t k = 0; k < reading->out->document_count && !found; k++)
            found = runs_on(&reading->out->documents[k], &request->platforms[i]);
        if (!found)
            return error_set(err, ERROR_NOT_FOUND, "it has no image for '%s'; there is %s", name,
                             there);
    }
    return 0;
}

static void list_documents(struct base *base)
{
    struct image_tree **list = NULL;

    image_tree_list(base->tree, &list, &base->document_count);
    base->documents = xcalloc(base->document_count, sizeof(*base->documents));
    for (size_t i = 0; i < base->document_count; i++)
        base->documents[i] = (struct base_document){.was = list[i], .platform = NO_PLATFORM};
    free(list);
    for (size_t i = 0; i < base->document_count; i++) {
        const struct image_tree *index = base->documents[i].was;
        for (size_t k = 0; k < index->entry_count; k++)
            if (index->children[k] != NULL)
                document_of(base, index->children[k])->entry = &index->entries[k];
    }
}

/* Do all images that are wanted run on the same platform? Then clients take the first. */
static bool is_one_platform(const struct base_reading *reading)
{
    for (size_t i = 1; i < reading->out->platform_count; i++)
        if (reading->request->platform_count != 1 &&
            strcmp(image_platform(reading->out->platforms[i].image),
                   image_platform(reading->out->platforms[0].image)) != 0)
            return false;
    return reading->out->platform_count > 0;
}

/* With --no-index the one image that is wanted is all that the result has. */
static int take_single(const struct base_reading *reading, struct error *err)
{
    struct base *base = reading->out;
    CLEANUP(text) char *there = list_images(base);

    if (!is_one_platform(reading))
        return error_set(err, ERROR_USAGE,
                         "without an index there is room for one image, and it has %s; choose one "
                         "with --platform",
                         there);
    for (size_t i = 0; i < base->document_count; i++) {
        struct base_document document = base->documents[i];
        base->documents[i].keeps = NULL;
        if (document.platform == 0)
            base->documents[0] = document;
        else
            free(document.keeps);
    }
    base->document_count = 1;
    for (; base->platform_count > 1; base->platform_count--)
        base_platform_release(&base->platforms[base->platform_count - 1]);
    return 0;
}

static int read_documents(struct base_reading *reading, struct error *err)
{
    const struct base_request *request = reading->request;
    struct base *base = reading->out;

    if (image_tree_open(request->store, request->version, IMAGE_TREE_WHOLE, &base->tree, err) < 0)
        return -1;
    list_documents(base);
    if (check_platforms(reading, err) < 0)
        return -1;
    for (size_t i = 0; i < base->document_count; i++) {
        struct base_document *document = &base->documents[i];
        if (document->was->document.is_index)
            choose_index(reading, document);
        else if (choose_image(reading, document, err) < 0)
            return -1;
    }
    say_attestations(reading);
    return request->no_index ? take_single(reading, err) : 0;
}

struct base_request base_request_for(const struct base_request *asked, const struct store *target,
                                     const struct compression_choice *compression)
{
    struct base_request request = *asked;

    request.no_index = request.no_index || (target != NULL && target->single_image);
    request.wants_zstd = compression->kind == COMPRESSION_ZSTD;
    request.wants_tables = compression->kind == COMPRESSION_ESTARGZ;
    return request;
}

int base_read(const struct base_request *request, const struct run_context *run, struct base *out,
              struct notes *notes, struct error *err)
{
    struct base_reading reading = {request, run, out, notes, 0, 0};

    *out = (struct base){.store = request->store};
    if (read_documents(&reading, err) < 0) {
        base_release(out);
        return -1;
    }
    CLEANUP(text) char *name = image_tree_title(request->store, request->version);
    for (size_t i = 0; i < out->platform_count; i++) {
        const struct image *image = out->platforms[i].image;
        size_t count = image_layer_count(image);
        size_t own = out->platforms[i].whole_count - count;
        CLEANUP(text)
        char *besides =
            own > 0 ? xasprintf(", and %zu that inlay has put there", own) : xstrdup("");
        notes_fact(notes, "base: %s, %s, %zu layer%s%s", name, image_platform(image), count,
                   count == 1 ? "" : "s", besides);
    }
    return 0;
}
