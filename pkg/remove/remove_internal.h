#ifndef INLAY_REMOVE_INTERNAL_H
#define INLAY_REMOVE_INTERNAL_H

#include "remove/remove.h"
#include "transfer/image_tree.h"
#include "transfer/transfer.h"

/* A repository that images name as their base's. */
struct named_store {
    char *name;
    struct store *store; /* NULL: it cannot be opened, and `why` says what is in the way */
    char *why;
};

/* The base of an image as one store has it. */
struct base_candidate {
    char *digest;
    struct store *store;       /* borrowed */
    struct image_tree *loaded; /* NULL: not to be had there, and `why` says what is in the way */
    struct image_tree **list;  /* all of it */
    size_t count;
    char *why;
};

/* What becomes of one document of the image. */
struct document_change {
    struct image_tree *was;  /* an image is edited in place */
    struct image_layer *own; /* what inlay had added to an image */
    bool *leaves;            /* which of them go */
    size_t own_count;
    bool *keeps; /* which entries of an index stay */
    bool edited; /* else the bytes are those that arrived */
    const struct image_tree
        *base;                /* edited, and the bytes are the base's own; NULL: they are not */
    struct store *base_store; /* where those are */
    char *base_digest;        /* what is said of the base; NULL: nothing */
    char *base_name;
    struct buf folders; /* the new folders layer; empty: none */
    struct buf config;  /* of an edited image, unless it is the base's */
    struct descriptor config_blob;
    struct buf bytes; /* of an edited document, unless they are the base's */
    struct descriptor becomes;
};

struct removal {
    const struct remove_options *options;
    struct image_tree *loaded;
    struct document_change
        *changes; /* children before parents; the last one is what the tag shows */
    size_t change_count;
    struct named_store *named;
    size_t named_count;
    struct base_candidate *candidates;
    size_t candidate_count;
    struct tag_state expected; /* what the target's tag must show before */
    struct transfer transfer;
};

/* What becomes of a document of the image; NULL if it is passed on. */
struct document_change *removal_change(const struct removal *removal, const struct image_tree *was);

/* remove_choose.c: marks the layers that go; fails if a model is not there. */
int removal_choose(struct removal *removal, struct error *err) MUST_CHECK;
/* remove_choose.c: what can be said of a revision without the image. */
int removal_check_revision(const struct origin *model, struct error *err) MUST_CHECK;

/* remove_edit.c: what every document becomes. */
int removal_edit(struct removal *removal, struct error *err) MUST_CHECK;
/* remove_edit.c: what the entries of an index become; the caller frees the array. */
struct descriptor *removal_entries(const struct removal *removal, const struct image_tree *index);

/*
 * remove_base.c: the base's own document that is the same as this edited image, or the same as
 * this edited index but for attestations; `change->base` stays NULL if there is none.
 */
int removal_find_base(struct removal *removal, struct document_change *change,
                      struct error *err) MUST_CHECK;
/* remove_base.c: when no model remains, says whether the result is the base's own, or why not. */
void removal_explain(const struct removal *removal);
void removal_release_base(struct removal *removal);

/* remove_publish.c: blobs, manifests, tag. */
int removal_publish(struct removal *removal, struct error *err) MUST_CHECK;

#endif
