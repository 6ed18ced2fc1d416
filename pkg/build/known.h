#ifndef INLAY_BUILD_KNOWN_H
#define INLAY_BUILD_KNOWN_H

#include "base/base.h"
#include "build/request.h"
#include "core/ahead.h"
#include "image/image.h"

/* What images in reach have of layers, by their records. */

/* A layer that some image in reach is known to have. */
struct known_layer {
    struct image_layer layer;
    struct store *from; /* where it can be copied from; NULL: the target alone may have it */
};

struct known {
    struct known_layer *layers;
    size_t layer_count;
    struct known_bases bases;  /* of BASE and of the target's tag alone */
    struct descriptor present; /* what the target's tag shows; DIGEST_NONE: nothing is known */
    struct tag_state shown;    /* the same, or that there is no such tag; TAG_ANY: not known */
};

/* What the target's tag shows, asked for before anybody needs it. Belongs to its caller. */
struct known_lookup {
    struct stored_image target;
    struct image_tree *present;
    bool is_missing;
    struct ahead ahead;
    void (*tell)(void *arg, bool is_missing); /* by the thread that has asked; NULL: nobody */
    void *tell_arg;
};

/*
 * Begins it where that saves time; `request` and what it borrows outlive it. `tell` and `tell_arg`
 * of `lookup` are set.
 */
void known_begin(const struct build_request *request, struct known_lookup *lookup);
void known_lookup_release(struct known_lookup *lookup);
CLEANUP_RELEASE(known_lookup)

/*
 * Reads documents of the target's tag, BASE and the images to reuse, in this order; no layer. That
 * the target's tag cannot be read is no failure, unless it is denied; an image to reuse has to be
 * there. *out is filled on success. `lookup` is NULL, or of known_begin() for the same request.
 */
int known_find(const struct build_request *request, const struct base *base,
               struct known_lookup *lookup, struct known *out, struct error *err) MUST_CHECK;
void known_release(struct known *known);
CLEANUP_RELEASE(known)

#endif
