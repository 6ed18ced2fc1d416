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
