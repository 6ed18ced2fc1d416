#include "copy/copy.h"

#include "image/image.h"
#include "oci/media_type.h"
#include "transfer/image_tree.h"
#include "transfer/transfer.h"

#include <string.h>

/* As deep as indexes may lie in one another. */
#define DEPTH_MAX 4

/* An image that an index offers. */
struct offer {
    struct descriptor manifest;
    struct oci_platform platform;
};

struct offers {
    struct offer *items;
    size_t count;
    struct digest *seen; /* entries that were read; another mention of one offers nothing new */
    size_t seen_count;
};

struct copy {
    const struct copy_options *options;
    struct document document;  /* what the tag is to show */
    struct tag_state expected; /* what the tag must show before */
    struct transfer transfer;
};

static void offers_release(struct offers *offers)
{
    free(offers->items);
    free(offers->seen);
    *offers = (struct offers){.items = NULL};
}
CLEANUP_RELEASE(offers)

static void copy_release(struct copy *copy)
{
    document_release(&copy->document);
    transfer_release(&copy->transfer);
}
CLEANUP_RELEASE(copy)

/* What the config of an image says that it is for; *is_image is false for an artifact. */
static int read_platform(struct store *store, const struct document *manifest, bool *is_image,
                         struct oci_platform *out, struct error *err)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    json_auto_t *json = NULL;
    struct descriptor config;

    if (document_config(manifest, &config, err) < 0)
        return -1;
    *is_image = media_type_is_image_config(config.media_type);
    if (!*is_image)
        return 0;
    if (store_read_blob(store, &config, &bytes, err) < 0 ||
        json_from_buf(&bytes, "the config", &json, err) < 0)
        return error_wrap(err, "reading the config");
    oci_platform_from_json(json, out);
    return 0;
}

static void add_offer(struct offers *offers, const struct descriptor *manifest,
                      const struct oci_platform *platform)
{
    offers->items = xrealloc(offers->items, offers->count + 1, sizeof(*offers->items));
    offers->items[offers->count++] = (struct offer){*manifest, *platform};
}

/* False if it was seen before. */
static bool see(struct offers *offers, const struct digest *digest)
{
    for (size_t i = 0; i < offers->seen_count; i++)
        if (digest_equal(&offers->seen[i], digest))
            return false;
    offers->seen = xrealloc(offers->seen, offers->seen_count + 1, sizeof(*offers->seen));
    offers->seen[offers->seen_count++] = *digest;
    return true;
}

static int gather(const struct copy *copy, const struct document *index, unsigned depth,
                  struct offers *offers, struct error *err);

static int gather_entry(const struct copy *copy, const struct index_entry *entry, unsigned depth,
                        struct offers *offers, struct error *err)
{
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    struct oci_platform platform = entry->platform;
    bool is_image = false;

    if (entry->role == INDEX_ATTESTATION || strcmp(platform.os, "unknown") == 0)
        return 0;
    if (entry->role != INDEX_INDEX && !media_type_is_manifest(entry->descriptor.media_type))
        return 0;
    if (entry->role != INDEX_INDEX && platform.os[0] != '\0') {
        add_offer(offers, &entry->descriptor, &platform);
        return 0;
    }
    if (!see(offers, &entry->descriptor.digest))
        return 0;
    if (cancel_check(copy->options->cancel, err) < 0 ||
        transfer_read_entry(copy->options->from, &entry->descriptor, &document, err) < 0)
        return -1;
    if (document.is_index)
        return gather(copy, &document, depth + 1, offers, err);
    if (read_platform(copy->options->from, &document, &is_image, &platform, err) < 0)
        return error_wrap(err, "%s", digest_format(&entry->descriptor.digest).text);
    if (is_image)
        add_offer(offers, &entry->descriptor, &platform);
    return 0;
}

/* The images of an index and of those in it, in their order. */
static int gather(const struct copy *copy, const struct document *index, unsigned depth,
                  struct offers *offers, struct error *err)
{
    struct index_entry *entries = NULL;
    size_t count = 0;
    int result = 0;

    if (depth == DEPTH_MAX)
        return error_set(err, ERROR_UNSUPPORTED, "more than %d indexes one in another", DEPTH_MAX);
    if (index_entries(index, &entries, &count, err) < 0)
        return -1;
    for (size_t i = 0; i < count && result == 0; i++)
        result = gather_entry(copy, &entries[i], depth, offers, err);
    free(entries);
    return result;
}

/* "linux/amd64, linux/arm64"; the caller frees it. */
static char *list_offers(const struct offers *offers)
{
    CLEANUP(strings) struct strings names = STRINGS_INIT;
    CLEANUP(buf) struct buf list = BUF_INIT;

    for (size_t i = 0; i < offers->count; i++) {
        CLEANUP(text) char *name = oci_platform_format(&offers->items[i].platform);
        if (!strings_has(&names, name))
            strings_add(&names, name);
    }
    for (size_t i = 0; i < names.count; i++)
        buf_addf(&list, "%s%s", i > 0 ? ", " : "", names.items[i]);
    return buf_take(&list);
}

/* The first image for the platform: what clients take. */
static int find_platform(const struct offers *offers, const struct oci_platform *platform,
                         const struct offer **out, struct error *err)
{
    CLEANUP(text) char *wanted = oci_platform_format(platform);
    CLEANUP(text) char *list = list_offers(offers);

    for (size_t i = 0; i < offers->count; i++)
        if (oci_platform_equal(&offers->items[i].platform, platform)) {
            *out = &offers->items[i];
            return 0;
        }
    if (offers->count == 0)
        return error_set(err, ERROR_NOT_FOUND, "its index has no image for %s, and no other",
                         wanted);
    return error_set(err, ERROR_NOT_FOUND, "its index has no image for %s; there is %s", wanted,
                     list);
}

/* What goes where no index can: the image for Linux, if nobody has to choose. */
static int find_single(const struct copy *copy, const struct offers *offers,
                       const struct offer **out, struct error *err)
{
    const char *target = copy->options->target->name;
    CLEANUP(text) char *list = list_offers(offers);
    const struct offer *found = NULL;
    size_t count = 0;

    for (size_t i = 0; i < offers->count; i++)
        if (strcmp(offers->items[i].platform.os, "linux") == 0) {
            found = &offers->items[i];
            count++;
        }
    if (offers->count == 0)
        return error_set(err, ERROR_UNSUPPORTED,
                         "its index has no image, and '%s' takes nothing else", target);
    if (count != 1)
        return error_set(err, ERROR_USAGE,
                         "it is an index, and '%s' takes one image; name one of %s with --platform",
                         target, list);
    *out = found;
    return 0;
}

static int choose_entry(struct copy *copy, struct error *err)
{
    const struct copy_options *options = copy->options;
    CLEANUP(offers) struct offers offers = {.items = NULL};
    const struct offer *chosen = NULL;

    if (gather(copy, &copy->document, 0, &offers, err) < 0)
        return -1;
    int result = options->platform != NULL ? find_platform(&offers, options->platform, &chosen, err)
                                           : find_single(copy, &offers, &chosen, err);
    if (result < 0)
        return -1;
    CLEANUP(text) char *name = oci_platform_format(&chosen->platform);
    log_info(options->log, "platform: %s, %s of the index", name,
             digest_format(&chosen->manifest.digest).text);
    return transfer_read_entry(options->from, &chosen->manifest, &copy->document, err);
}

/* What is named with a platform, or goes where one image fits, has to be an image, and for
 * `wanted`. */
static int check_manifest(const struct copy *copy, const struct oci_platform *wanted,
                          struct error *err)
{
    const struct copy_options *options = copy->options;
    struct oci_platform platform = {"", "", ""};
    bool is_image = false;

    if (read_platform(options->from, &copy->document, &is_image, &platform, err) < 0)
        return -1;
    if (!is_image && options->platform != NULL)
        return error_set(err, ERROR_UNSUPPORTED,
                         "it is an artifact, which is for no platform; leave out --platform");
    if (!is_image)
        return error_set(err, ERROR_UNSUPPORTED, "it is an artifact, and '%s' takes images only",
                         options->target->name);
    if (wanted == NULL || oci_platform_equal(&platform, wanted))
        return 0;
    CLEANUP(text) char *found = oci_platform_format(&platform);
    CLEANUP(text) char *expected = oci_platform_format(wanted);
    return error_set(err, ERROR_NOT_FOUND, "it is one image for %s, not for %s", found, expected);
}

static int choose(struct copy *copy, struct error *err)
{
    const struct copy_options *options = copy->options;

    if (options->platform == NULL && !options->target->single_image)
        return 0;
    if (!copy->document.is_index)
        return check_manifest(copy, options->platform, err);
    if (choose_entry(copy, err) < 0)
        return -1;
    return check_manifest(copy, NULL, err); /* the index has said what it is for */
}

/* Does the tag show it already? What cannot be read of what it shows will be replaced. */
static int check_target(struct copy *copy, bool *is_there, struct error *err)
{
    const struct copy_options *options = copy->options;
    CLEANUP(notes) struct notes notes = {.log = options->log};
    struct tag_state shown;

    if (store_note_tag(options->target, options->target_version, options->expected, &notes, &shown,
                       err) < 0)
        return error_wrap(err, "the target %s", options->target->name);
    *is_there =
        shown.kind == TAG_IMAGE && digest_equal(&shown.digest, &copy->document.descriptor.digest);
    copy->expected = options->expected != NULL ? *options->expected : shown;
    if (*is_there || shown.kind == TAG_ANY ||
        tag_state_check(options->target, options->target_version, &copy->expected, &shown, err) ==
            0)
        return 0;
    return error_wrap(err, "the target %s", options->target->name);
}

/* What the target would refuse after hours is refused now. */
static int check_fits(const struct copy *copy, struct error *err)
{
    const struct copy_options *options = copy->options;

    for (size_t i = 0; i < copy->transfer.blob_count && !options->force; i++) {
        const struct descriptor *blob = &copy->transfer.blobs[i].blob;
        CLEANUP(error) struct error why = ERROR_INIT;
        bool is_there = false;
        if (store_check_blob_size(options->target, blob->size, &why) == 0)
            continue;
        if (store_has_blob(options->target, blob, &is_there, err) < 0)
            return -1;
        if (!is_there)
            return error_move(err, &why);
    }
    if (options->target->single_image && copy->transfer.foreign_count > 0)
        return error_set(err, ERROR_UNSUPPORTED,
                         "the image has layers that lie elsewhere, which only a registry or an OCI "
                         "layout can say");
    return 0;
}

static void tell_size(const struct copy *copy)
{
    const struct log *log = copy->options->log;
    const struct transfer *transfer = &copy->transfer;
    size_t manifests = transfer->manifest_count + 1;
    CLEANUP(text) char *title = image_tree_title(copy->options->from, copy->options->from_version);

    log_info(log, "image: %s, %zu manifest%s and %zu blob%s, %s", title, manifests,
             manifests == 1 ? "" : "s", transfer->blob_count, transfer->blob_count == 1 ? "" : "s",
             text_format_size(transfer->blob_size).text);
    if (transfer->foreign_count > 0)
        log_info(log, "leaving out %zu foreign layer%s: the manifest says where %s fetched from",
                 transfer->foreign_count, transfer->foreign_count == 1 ? "" : "s",
                 transfer->foreign_count == 1 ? "it is" : "they are");
}

static int write_all(struct copy *copy, struct error *err)
{
    const struct copy_options *options = copy->options;

    if (transfer_write_manifests(&copy->transfer, err) < 0 ||
        cancel_check(options->cancel, err) < 0)
        return -1;
    if (store_write_tag(options->target, options->target_version,
                        copy->document.descriptor.media_type, &copy->document.bytes,
                        &copy->expected, err) < 0)
        return -1;
    return store_finish(options->target, err);
}

static int move(struct copy *copy, struct error *err)
{
    const struct copy_options *options = copy->options;

    if (transfer_add_below(&copy->transfer, &copy->document, options->from, err) < 0)
        return error_wrap(err, "the image %s", options->from->name);
    if (check_fits(copy, err) < 0 || store_probe_write(options->target, err) < 0)
        return error_wrap(err, "the target %s", options->target->name);
    tell_size(copy);
    if (transfer_copy_blobs(&copy->transfer, err) < 0)
        return -1;
    if (write_all(copy, err) < 0)
        return error_wrap(err, "the target %s", options->target->name);
    return 0;
}

int copy_run(const struct copy_options *options, struct copy_result *result, struct error *err)
{
    CLEANUP(copy)
    struct copy copy = {
        .options = options,
        .document = DOCUMENT_INIT,
        .transfer = {.target = options->target,
                     .jobs = options->jobs,
                     .log = options->log,
                     .cancel = options->cancel,
                     .progress = options->progress},
    };
    bool is_there = false;

    if (store_read_document(options->from, options->from_version, &copy.document, err) < 0 ||
        choose(&copy, err) < 0)
        return error_wrap(err, "the image %s", options->from->name);
    if (check_target(&copy, &is_there, err) < 0 || (!is_there && move(&copy, err) < 0))
        return -1;
    *result = (struct copy_result){
        .manifest = copy.document.descriptor,
        .was_there = is_there,
        .moved = copy.transfer.moved,
    };
    return 0;
}
