#ifndef INLAY_LAYOUT_INTERNAL_H
#define INLAY_LAYOUT_INTERNAL_H

#include "layout/layout.h"

extern const struct layout layout_huggingface;
extern const struct layout layout_sentence_transformers;
extern const struct layout layout_dir;

/* Where one variable of the environment puts a cache. */
struct place_rule {
    const char *variable;
    const char *below; /* what is added to its value: "", "/hub" */
    bool expands_home; /* the loader takes a leading '~' for the home */
};

/*
 * The place that the first rule whose variable is set decides on, else `below_home` in the home:
 * absolute, without empty, "." and ".." parts. `rules` ends with a NULL variable. The caller frees
 * *out. ERROR_UNSUPPORTED, with variable and value, for a place that is empty, relative, has a
 * '$' (clients of the Hub expand it since 0.30 only), or cannot be a path in an image.
 */
int place_find(const struct home *home, const struct place_rule *rules, const char *below_home,
               char **out, struct error *err) MUST_CHECK;
/* `value`, taken literally, as a place: NULL if it cannot be one. Caller frees. */
char *place_from_value(const char *value);
/* What stands before a name in that place as a path in the image: "root/.cache/". Caller frees. */
char *place_prefix(const char *place);

/* Whether the parts of a path may be names in an image: none empty, "..", too long, ".wh.…". */
bool parts_are_usable(const char *path);

/* Adds one more folder in the place, with the place's owner. Takes over `path`. */
void tree_add_shared(struct tree *tree, const struct home *home, char *path);
/*
 * Adds an entry of the model's own: owned by the home's user, with the mode that its type has.
 * Takes over the path and text of `entry`.
 */
void tree_add_own(struct tree *tree, const struct home *home, struct tree_entry entry);
/*
 * Adds the folders of `path` below the folder `base`, which is there already. Those that it has in
 * common with `previous`, the path before it (NULL: none), are there as well.
 */
void tree_add_parents(struct tree *tree, const struct home *home, const char *base,
                      const char *path, const char *previous);

#endif
