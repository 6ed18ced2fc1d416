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
 * Of every image for Linux that a version shows. What TARGET's own tag (`from` is NULL) notes of
 * its base is believed; any other image could make a folder writable for everybody.
 */
static void know_images(struct known *known, struct image_tree *shown, struct store *from)
{
    struct image_tree **list = NULL;
    size_t count = 0;

    image_tree_list(shown, &list, &count);
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
}

static int look_at_target(void *arg, struct error *err)
{
    struct known_lookup *lookup = arg;
    const struct stored_image *target = &lookup->target;

    int result = image_tree_find(target->store, target->version, IMAGE_TREE_IN_REACH,
                                 &lookup->present, &lookup->is_missing, err);
    if (lookup->tell != NULL)
        lookup->tell(lookup->tell_arg, result < 0 && lookup->is_missing);
    return result;
}

void known_begin(const struct build_request *request, struct known_lookup *lookup)
{
    lookup->target = request->target;
    if (lookup->target.store != NULL && lookup->target.store->is_remote &&
        lookup->target.version != NULL)
        ahead_begin(&lookup->ahead, look_at_target, lookup, request->run->cancel);
}

void known_lookup_release(struct known_lookup *lookup)
{
    ahead_release(&lookup->ahead);
    image_tree_free(TAKE(lookup->present));
}

/* Whatever is wrong with what the tag shows now, it is about to be replaced. */
static int know_target(const struct build_request *request, struct known_lookup *begun,
                       struct known *known, struct error *err)
{
    CLEANUP(known_lookup) struct known_lookup own = {.target = request->target};
    CLEANUP(error) struct error why = ERROR_INIT;
    struct known_lookup *lookup = begun != NULL ? begun : &own;
    const struct stored_image *target = &request->target;

    if (target->store == NULL || target->version == NULL)
        return 0;
    int result =
        lookup->ahead.is_begun ? ahead_join(&lookup->ahead, &why) : look_at_target(lookup, &why);
    if (result == 0) {
        know_images(known, lookup->present, NULL);
        known->present = lookup->present->document.descriptor;
        known->shown = (struct tag_state){.kind = TAG_IMAGE, .digest = known->present.digest};
        return 0;
    }
    /* A preview, which began no lookup, asks nothing else of the target; others find out. */
    bool is_last = begun == NULL && why.kind == ERROR_UNREACHABLE;
    if (why.kind == ERROR_CANCELED || why.kind == ERROR_DENIED || is_last) {
        error_move(err, &why);
        return error_wrap(err, "the target %s", target->store->name);
    }
    if (lookup->is_missing)
        known->shown.kind = TAG_NONE;
    log_debug(request->run->log, "nothing is known of %s:%s: %s", target->store->name,
              target->version, why.text);
    return 0;
}

int known_find(const struct build_request *request, const struct base *base,
               struct known_lookup *lookup, struct known *out, struct error *err)
{
    CLEANUP(known) struct known known = {0};

    /* The target first: what it has there and is believed ends the search. */
    if (know_target(request, lookup, &known, err) < 0)
        return -1;
    for (size_t i = 0; i < base->platform_count; i++) {
        know_own(&known, &base->platforms[i].own, base->store);
        known_bases_add(&known.bases, &base->platforms[i].own);
    }
    for (size_t i = 0; i < request->reuse->image_count; i++) {
        const struct stored_image *image = &request->reuse->images[i];
        CLEANUP(image_tree) struct image_tree *shown = NULL;
        if (image_tree_open(image->store, image->version, IMAGE_TREE_IN_REACH, &shown, err) < 0)
            return error_wrap(err, "--reuse-from %s", image->store->name);
        know_images(&known, shown, image->store);
    }
    *out = known;
    known = (struct known){0};
    return 0;
}
