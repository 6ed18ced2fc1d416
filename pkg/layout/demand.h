#ifndef INLAY_LAYOUT_DEMAND_H
#define INLAY_LAYOUT_DEMAND_H

#include "layout/layout.h"

/* A model that somebody wants to be in an image, and whether what is there will do. No I/O. */

/* Everything is borrowed. */
struct layout_demand {
    const struct origin *model; /* which one; its revision does not count */
    const char *revision;       /* NULL: any, or with `by_loader` what the loader means then */
    const char *layout;         /* NULL: any */
    /*
     * The folder that the layout's place is, absolute or "~/…" in the home, since a call names it
     * and no variable decides; NULL: wherever the layout's loader looks. Links are not followed.
     */
    const char *place;
    const struct strings *files; /* globs, each of which a file of it has to match; NULL: none */
    const char *weights;         /* in this format, as plan_check_weights() takes it; NULL: any */
    /*
     * Formats that the loader reads, NULL-terminated, of which there has to be one if there are
     * weights at all; NULL: nobody knows.
     */
    const char *const *readable;
    /*
     * It is the loader who asks, at its start. It goes by refs: without a revision by "main", and
     * part of a commit is the name of a ref; another layout will do whose loader looks in the same
     * place. Without `by_loader` a person asks: 7 digits and more of a commit or of a digest will
     * do, and the image has to record that very layout.
     */
    bool by_loader;
    bool any_revision; /* with `by_loader`: it takes what there is, as model2vec does */
};

/* What an image has. Everything is borrowed. */
struct layout_state {
    const char *name;            /* as it is recorded: "org/name" */
    const char *layout;          /* the same */
    const char *commit;          /* the same: of git, or a digest */
    const struct strings *refs;  /* names under which a loader finds it; NULL: not known */
    const struct strings *paths; /* of its files, in its repo; NULL: not known */
    const char *place;           /* as it is recorded; NULL: not known */
    const struct strings *links; /* the same: folders elsewhere that hold links to it; NULL: none */
};

/* The better the smaller. */
enum layout_answer {
    LAYOUT_MEETS,
    LAYOUT_LACKS_FILES,
    LAYOUT_LACKS_REVISION,
    LAYOUT_LACKS_PLACE, /* it is there for loaders that look elsewhere */
    LAYOUT_IS_OTHER,    /* another model */
};

/*
 * What is not known is not missed. *lacking is what is not among the files, which belongs to the
 * demand; set with LAYOUT_LACKS_FILES alone.
 */
enum layout_answer layout_answer(const struct layout_demand *demand,
                                 const struct layout_state *state, const char **lacking);

/* The revision that the loader asks for: the demand's, or "main". Belongs to the demand. */
const char *layout_demand_revision(const struct layout_demand *demand);

/* Whether the loaders of two layouts look in one place for the same tree. */
bool layout_is_same_place(const struct layout *one, const struct layout *other);

#endif
