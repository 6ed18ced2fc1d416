#ifndef INLAY_PICTURE_PICTURE_INTERNAL_H
#define INLAY_PICTURE_PICTURE_INTERNAL_H

#include "picture/picture.h"

/* Models beyond that share colours. */
#define PICTURE_COLOURS 6

/* Adds a text as XML and HTML have it in content and in quoted attributes; masked as terminals. */
void picture_add_text(struct buf *out, const char *text);
/* The same, cut to so many columns, with "…" at its end if it is longer. */
void picture_add_fitted(struct buf *out, const char *text, size_t columns);

/* "base", "image", "m0" … : the class of what is drawn of the layer. */
void picture_add_class(struct buf *out, const struct picture_layer *layer);
/* "new", "reused", "replaced"; "" where nothing is told. */
const char *picture_change_name(enum picture_change change);
/* The colours, as variables of CSS, for light, dark and paper; `root` is the selector. */
void picture_add_colours(struct buf *out, const char *root);

/* The bytes of a stack's layers, saturated. */
struct picture_sums {
    uint64_t all; /* that the image has */
    uint64_t base;
    uint64_t replaced;
    size_t base_count;
    size_t added_count;
    size_t replaced_count;
    bool has_owners; /* of some layer it is known whose it is */
};

struct picture_sums picture_sum(const struct picture_stack *stack);
/* Of the layer's block: so much for everybody, and its share of the rest. */
unsigned picture_height(const struct picture_layer *layer, const struct picture_sums *sums);
/* "62 %", "0.4 %", "< 0.1 %". */
void picture_add_share(struct buf *out, uint64_t part, uint64_t whole);
/* All that is known of the layer, for whoever points at it. */
void picture_add_hover(struct buf *out, const struct picture_layer *layer,
                       const struct picture_sums *sums);

/* The digest without its algorithm, where that is the usual one; NULL if there is none. */
const char *picture_short_digest(const struct picture_layer *layer);

/* In which of three groups a layer is drawn, from the top of a picture. */
enum picture_group { PICTURE_ADDED, PICTURE_BELOW, PICTURE_GONE, PICTURE_GROUPS };

enum picture_group picture_group_of(const struct picture_layer *layer);
/* "added by inlay: 3 layers, 488.0 MB, 99 %"; nothing for a group without layers. */
void picture_add_group(struct buf *out, enum picture_group group, const struct picture_sums *sums);

/* A part of the SVG that begins at *y, which is moved behind it. */
void picture_svg_stack(const struct picture *picture, const struct picture_stack *stack,
                       struct buf *out, unsigned *y);
void picture_svg_tree(const struct picture_tree *tree, struct buf *out, unsigned *y);

#endif
