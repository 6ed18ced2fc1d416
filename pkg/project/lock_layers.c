#include "project/lock.h"

#include <string.h>

/* All that the lock says, but for the base and its layers. */
static void format_models(const struct lock *lock, struct buf *out)
{
    struct lock bare = *lock; /* borrows */

    bare.base = NULL;
    bare.image_count = 0;
    lock_format(&bare, out);
}

bool lock_has_same_models(const struct lock *lock, const struct lock *other)
{
    CLEANUP(buf) struct buf one = BUF_INIT;
    CLEANUP(buf) struct buf two = BUF_INIT;

    format_models(lock, &one);
    format_models(other, &two);
    return strcmp(buf_text(&one), buf_text(&two)) == 0;
}

static bool has_layer(const struct lock *lock, const char *platform, const struct digest *recipe)
{
    bool has = false;

    for (size_t i = 0; i < lock->image_count && !has; i++) {
        const struct lock_image *image = &lock->images[i];
        for (size_t k = 0; k < image->layer_count && !has; k++)
            has = strcmp(image->platform, platform) == 0 &&
                  digest_equal(&image->layers[k].recipe, recipe);
    }
    return has;
}

/* Of the first lock. A model may have moved to another set; folders are of all models together. */
static const struct lock_layer *find_missing(const struct lock *lock, const struct lock *other,
                                             const struct lock_image **image)
{
    for (size_t i = 0; i < lock->image_count; i++) {
        *image = &lock->images[i];
        for (size_t k = 0; k < (*image)->layer_count; k++) {
            const struct lock_layer *layer = &(*image)->layers[k];
            if (layer->model != NULL && !has_layer(other, (*image)->platform, &layer->recipe))
                return layer;
        }
    }
    return NULL;
}

const struct lock_layer *lock_find_odd_layer(const struct lock *lock, const struct lock *other,
                                             const struct lock_image **image)
{
    const struct lock_layer *layer;

    if (lock->base == NULL || other->base == NULL ||
        !digest_equal(&lock->base_digest, &other->base_digest))
        return NULL;
    layer = find_missing(lock, other, image);
    return layer != NULL ? layer : find_missing(other, lock, image);
}

void lock_move_layers(struct lock *from, struct lock *to)
{
    lock_release_layers(to);
    to->base = from->base;
    to->base_digest = from->base_digest;
    to->images = from->images;
    to->image_count = from->image_count;
    from->base = NULL;
    from->images = NULL;
    from->image_count = 0;
}
