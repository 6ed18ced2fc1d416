#include "build/known.h"

void known_release(struct known *known)
{
    for (size_t i = 0; i < known->layer_count; i++)
        image_layer_release(&known->layers[i].layer);
    free(known->layers);
    known_bases_release(&known->bases);
    *known = (struct known){0};
}

static void know_own(struct known *known, const struct own_parts *own, struct store *from)
{
    known->layers =
        xrealloc(known->layers, known->layer_count + own->layer_count, sizeof(*known->layers));
    for (size_t i = 0; i < own->layer_count; i++) {
        struct known_layer *layer = &known->layers[known->layer_count++];
        *layer = (struct known_layer){.layer = own->layers[i], .from = from};
        layer_record_copy(&own->layers[i].record, &layer->layer.record);
    }
}

/*
 * Of every image for Linux that `version` of the store shows. What TARGET's own tag (`from` is
 * NULL) notes of its base is believed; any other image could make a folder writable for everybody.
 */
static int know_images(struct known *known, const struct stored_image *image, struct store *from,
                       struct descriptor *what, struct error *err)
{
    CLEANUP(image_tree) struct image_tree *present = NULL;
    struct image_tree **list = NULL;
    size_t count = 0;

    if (image_tree_open(image->store, image->version, IMAGE_TREE_IN_REACH, &present, err) < 0)
        return -1;
    image_tree_list(present, &list, &count);
    for (size_t i = 0; i < count; i++) {
        CLEANUP(own_parts) struct own_parts own = {0};
        if (list[i]->image == NULL)
            continue;
        own_parts_read(list[i]->image, &own);
        know_own(known, &own, from);
        if (from == NULL)
            known_bases_add(&known->bases, &own);
    }
    free(list);
    *what = present->document.descriptor;
    return 0;
}

/* Whatever is wrong with what the tag shows now, it is about to be replaced. */
static int know_target(const struct build_request *request, struct known *known, struct error *err)
{
    const struct stored_image shown = request->target;
    CLEANUP(error) struct error why = ERROR_INIT;

    if (shown.store == NULL || shown.version == NULL ||
        know_images(known, &shown, NULL, &known->present, &why) == 0)
        return 0;
    if (why.kind == ERROR_CANCELED || why.kind == ERROR_DENIED) {
        error_move(err, &why);
        return error_wrap(err, "the target %s", shown.store->name);
    }
    log_debug(request->run->log, "nothing is known of %s:%s: %s", shown.store->name, shown.version,
              why.text);
    return 0;
}

int known_find(const struct build_request *request, const struct base *base, struct known *out,
               struct error *err)
{
    CLEANUP(known) struct known known = {0};

    /* The target first: what it has there and is believed ends the search. */
    if (know_target(request, &known, err) < 0)
        return -1;
    for (size_t i = 0; i < base->platform_count; i++) {
        know_own(&known, &base->platforms[i].own, base->store);
        known_bases_add(&known.bases, &base->platforms[i].own);
    }
    for (size_t i = 0; i < request->reuse->image_count; i++) {
        const struct stored_image *image = &request->reuse->images[i];
        struct descriptor ignored;
        if (know_images(&known, image, image->store, &ignored, err) < 0)
            return error_wrap(err, "--reuse-from %s", image->store->name);
    }
    *out = known;
    known = (struct known){0};
    return 0;
}
