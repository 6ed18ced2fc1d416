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
