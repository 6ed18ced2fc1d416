#include "build/layer_order.h"
#include "inject/inject_internal.h"

/* What a document of the base becomes. */
struct document_change {
    struct buf config; /* of an image */
    struct descriptor config_blob;
    struct buf bytes;
    struct descriptor becomes;
};

/* The documents being written. */
struct publishing {
    const struct publication *input;
    struct document_change *changes; /* one a document of the base */
};

static void publishing_release(struct publishing *publishing)
{
    for (size_t i = 0; i < publishing->input->base->document_count; i++) {
        buf_release(&publishing->changes[i].config);
        buf_release(&publishing->changes[i].bytes);
    }
    free(publishing->changes);
}
CLEANUP_RELEASE(publishing)

static int edit_platform(const struct publication *input, size_t number, struct error *err)
{
    const struct placement *placement = &input->placements->items[number];
    struct base_platform *platform = &input->base->platforms[number];
    size_t count = 0;
    const struct layer_order order = {&platform->own, placement, &input->plan->platforms[number],
                                      input->plan};
    struct image_layer *layers = layer_order_built(&order, input->built->layers, &count);
    struct image_changes changes = {
        .layers = layers,
        .layer_count = count,
        .folders = placement->folders,
        .folder_count = placement->folder_count,
        .facts = &placement->facts,
        .environment = (const char *const *)placement->assignments.items,
        .start = &placement->start,
        .base_name = platform->base_name,
        .base_digest = platform->base_digest,
        .created = input->created,
    };
    int result = image_append(platform->image, &changes, err);

    free(layers); /* the texts in it are the built layers', the placement's and the base's */
    return result;
}

static int format_image(struct image *image, struct document_change *change, struct error *err)
{
    image_format(image, &change->config, &change->config_blob, &change->bytes, &change->becomes);
    return image_check_finished(&change->bytes, &change->becomes, &change->config, err);
}

/* What an entry of an index has become; its documents come before the index. */
static struct descriptor entry_now(const struct publishing *publishing,
                                   const struct image_tree *child, const struct index_entry *entry)
{
    const struct base *base = publishing->input->base;

    for (size_t i = 0; i < base->document_count; i++)
        if (child != NULL && base->documents[i].was == child)
            return publishing->changes[i].becomes;
    return entry->descriptor;
}

static int format_index(const struct publishing *publishing, size_t number, struct error *err)
{
    const struct base_document *document = &publishing->input->base->documents[number];
    struct document_change *change = &publishing->changes[number];
    const struct image_tree *index = document->was;
    struct descriptor *now = xcalloc(index->entry_count, sizeof(*now));

    for (size_t i = 0; i < index->entry_count; i++)
        now[i] = entry_now(publishing, index->children[i], &index->entries[i]);
    index_format(&index->document, now, document->keeps, &change->bytes, &change->becomes);
    free(now);
    return index_check_finished(&change->bytes, &change->becomes, err);
}

static int format_documents(const struct publishing *publishing, struct error *err)
{
    const struct base *base = publishing->input->base;

    for (size_t i = 0; i < base->document_count; i++) {
        const struct base_document *document = &base->documents[i];
        if (document->leaves)
            continue;
        int result = document->was->document.is_index
                         ? format_index(publishing, i, err)
                         : format_image(base->platforms[document->platform].image,
                                        &publishing->changes[i], err);
        if (result < 0)
            return -1;
    }
    return 0;
}

static int write_document(const struct publishing *publishing, size_t number, const char *version,
                          struct error *err)
{
    const struct document_change *change = &publishing->changes[number];
    struct store *target = publishing->input->target->store;
    bool is_index = publishing->input->base->documents[number].was->document.is_index;

    if (!is_index) {
        struct descriptor config = change->config_blob;
        if (store_put_blob(target, &change->config, &config, err) < 0)
            return error_wrap(err, "writing the config");
    }
    bool is_last = number + 1 == publishing->input->base->document_count;
    const struct tag_state *tags = is_last ? publishing->input->tags : NULL;
    return store_write_tag(target, version, change->becomes.media_type, &change->bytes, tags, err);
}

/* The image is there under its first tag: now under the others. */
static int write_more_tags(const struct publication *input, const struct document_change *root,
                           struct error *err)
{
    const struct inject_target *target = input->target;
    const struct tag_state *tags = input->tags;
    const char *const *more = target->more_versions;
    CLEANUP(buf) struct buf shown = BUF_INIT;

    buf_addf(&shown, "'%s'", target->version != NULL ? target->version : "");
    for (; more != NULL && *more != NULL; more++) {
        if (store_write_tag(target->store, *more, root->becomes.media_type, &root->bytes,
                            tags != NULL ? ++tags : NULL, err) < 0)
            return error_wrap(err, "the image is published as %s; writing the tag '%s'",
                              buf_text(&shown), *more);
        buf_addf(&shown, ", '%s'", *more);
    }
    return 0;
}

static int drop_unused(void *arg, struct error *err)
{
    (void)err;
    store_drop_unused(arg);
    return 0;
}

/* What the tag shows, while the target gives up what was opened for blobs that need not come. */
static int read_tag(const struct publication *input, struct tag_state *out, struct error *err)
{
    struct store *target = input->target->store;
    struct ahead ahead = {.is_begun = false};
    CLEANUP(tag_look)
    struct tag_look own = {.store = target, .version = input->target->version};
    CLEANUP(error) struct error ignored = ERROR_INIT; /* the target forgets it by itself */

    if (target->is_remote)
        ahead_begin(&ahead, drop_unused, target, NULL);
    int result = tag_look_take(input->look != NULL ? input->look : &own, out, err);
    if (target->is_remote && ahead_join(&ahead, &ignored) < 0)
        error_release(&ignored);
    return result;
}

/*
 * Whether the tag shows all of this already. It did when the run began, and may have been moved:
 * what cannot be told, or is something else, is for whoever writes the tag.
 */
static int is_shown(const struct publication *input, const struct digest *root, bool *out,
                    struct error *err)
{
    CLEANUP(error) struct error why = ERROR_INIT;
    struct tag_state now = {.kind = TAG_NONE};

    *out = false;
    if (!digest_equal(root, &input->present->digest))
        return 0;
    if (read_tag(input, &now, &why) < 0)
        return why.kind == ERROR_CANCELED ? error_move(err, &why) : 0;
    *out = now.kind == TAG_IMAGE && digest_equal(root, &now.digest);
    return 0;
}

/* Children before parents, and the tag last. */
static int write_documents(const struct publishing *publishing, struct error *err)
{
    const struct publication *input = publishing->input;
    const struct inject_target *target = input->target;
    size_t last = input->base->document_count - 1;
    const struct document_change *root = &publishing->changes[last];
    bool is_there = false;

    if (is_shown(input, &root->becomes.digest, &is_there, err) < 0)
        return -1;
    if (!is_there) {
        if (transfer_write_manifests(&input->plan->others, err) < 0)
            return -1;
        for (size_t i = 0; i <= last; i++) {
            struct digest_text digest = digest_format(&publishing->changes[i].becomes.digest);
            if (!input->base->documents[i].leaves &&
                write_document(publishing, i, i == last ? target->version : digest.text, err) < 0)
                return -1;
        }
    }
    if (write_more_tags(input, root, err) < 0)
        return -1;
    return store_finish(target->store, err);
}

int publish(const struct publication *publication, struct descriptor *out, struct error *err)
{
    size_t count = publication->base->document_count;
    CLEANUP(publishing)
    struct publishing publishing = {publication, xcalloc(count, sizeof(struct document_change))};

    for (size_t i = 0; i < publication->base->platform_count; i++)
        if (edit_platform(publication, i, err) < 0)
            return -1;
    if (format_documents(&publishing, err) < 0 || write_documents(&publishing, err) < 0)
        return -1;
    *out = publishing.changes[count - 1].becomes;
    return 0;
}
