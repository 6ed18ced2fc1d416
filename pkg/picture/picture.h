#ifndef INLAY_PICTURE_PICTURE_H
#define INLAY_PICTURE_PICTURE_H

#include "core/buf.h"
#include "core/text.h"

/*
 * An image as people can look at it: values in, text out; no I/O. Texts may come from strangers:
 * what is drawn of them does nothing but be read.
 */

#define PICTURE_NO_SIZE UINT64_MAX

/* What stands in a line of a tree. */
enum picture_node_kind {
    PICTURE_FOLDER,
    PICTURE_LINK,  /* `target` is where it leads */
    PICTURE_MODEL, /* in a folder */
};

/* Texts are owned. */
struct picture_node {
    enum picture_node_kind kind;
    char *folder;   /* absolute path; of a folder its own, else the one that it is in */
    char *name;     /* what is shown; of a folder the last part of its path */
    char *target;   /* NULL: none */
    char *note;     /* besides the name: "87cc5bb, 5 files"; NULL: nothing */
    bool has_owner; /* mode, uid and gid are known */
    uint32_t mode;
    uint32_t uid;
    uint32_t gid;
    uint64_t size; /* PICTURE_NO_SIZE: none is told */
    bool is_new;   /* the base lacks it */
    size_t model;  /* of a model or a link to one: its number, which decides on the colour */

    size_t depth;   /* set by picture_tree_arrange(), as what follows: 0 is the root */
    uint64_t later; /* bit d: behind it, or behind what it is in, others follow at depth d */
};

/* The folders down to the models. */
struct picture_tree {
    struct picture_node *nodes;
    size_t count;
};

#define PICTURE_TREE_INIT                                                                          \
    {                                                                                              \
        NULL, 0                                                                                    \
    }

/*
 * Each adds one, which stays empty but for the texts that are given, and belongs to the tree until
 * the next one is added.
 */
struct picture_node *picture_tree_add_folder(struct picture_tree *tree, const char *path);
struct picture_node *picture_tree_add_model(struct picture_tree *tree, const char *folder,
                                            const char *name);
struct picture_node *picture_tree_add_link(struct picture_tree *tree, const char *folder,
                                           const char *name, const char *target);
/*
 * Adds the folders on the way to those that are there, of which nothing is known, and sorts: what
 * is in a folder follows it, models and links first. A folder that was added twice is there once.
 * What is not absolute, or deeper than anybody has, is dropped.
 */
void picture_tree_arrange(struct picture_tree *tree);
/* Whether nothing follows in the same folder. */
bool picture_node_is_last(const struct picture_node *node);
bool picture_tree_equal(const struct picture_tree *a, const struct picture_tree *b);
void picture_tree_release(struct picture_tree *tree);
CLEANUP_RELEASE(picture_tree)

/* What becomes of a layer. */
enum picture_change {
    PICTURE_STAYS,    /* nothing is told: it is a picture of what there is */
    PICTURE_NEW,      /* it has to be built */
    PICTURE_REUSED,   /* it is somewhere already */
    PICTURE_REPLACED, /* the result does not have it */
};

#define PICTURE_OF_BASE SIZE_MAX
#define PICTURE_OF_IMAGE (SIZE_MAX - 1)

/* One layer. Texts are owned, here and below. */
struct picture_layer {
    char *title;
    char *digest; /* NULL: it has yet to be built */
    char *owner;  /* "1000:1000", of all that is in it; NULL: not known, or several */
    uint64_t size;
    size_t model; /* which one of the picture's; or one of the two above */
    enum picture_change change;
};

/* The image of one platform, or of several that are alike. */
struct picture_stack {
    char *name;
    struct picture_layer *layers; /* from the bottom up */
    size_t layer_count;
    struct picture_tree tree; /* arranged */
};

struct picture_fact {
    char *name;
    char *text;
};

struct picture {
    char *title; /* the image's name */
    char *about; /* one line more; NULL: none */
    struct picture_fact *facts;
    size_t fact_count;
    struct strings models; /* each has a colour */
    struct picture_stack *stacks;
    size_t stack_count;
    bool tells_changes; /* layers and folders say what becomes of them */
};

#define PICTURE_INIT                                                                               \
    {                                                                                              \
        .models = STRINGS_INIT                                                                     \
    }

/* Each adds one. An empty text is no fact. What is returned stays until the next one is added. */
void picture_add_fact(struct picture *picture, const char *name, const char *text);
struct picture_stack *picture_add_stack(struct picture *picture, const char *name);
/* The title is all that is filled. */
struct picture_layer *picture_add_layer(struct picture_stack *stack, const char *title);
/* Stacks that have the same layers and folders become one, with all their names. */
void picture_merge(struct picture *picture);
void picture_release(struct picture *picture);
CLEANUP_RELEASE(picture)

/*
 * The picture as a file by itself, which needs nothing from elsewhere and runs nothing: an SVG 1.1
 * document of a fixed width, or a page of HTML that fits any. Light or dark as the reader's
 * system is; on paper light.
 */
void picture_format_svg(const struct picture *picture, struct buf *out);
void picture_format_html(const struct picture *picture, struct buf *out);

/* The branches before a name, for a font of equal widths. */
struct picture_branches {
    const char *fork; /* others follow in the folder */
    const char *last;
    const char *line; /* of a folder above, in which others follow */
    const char *none;
};

/* "│   └── " of the node of this number in an arranged tree, without its name. */
void picture_tree_format_branches(const struct picture_tree *tree, size_t number,
                                  const struct picture_branches *branches, struct buf *out);

#endif
