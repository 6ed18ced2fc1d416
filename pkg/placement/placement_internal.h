#ifndef INLAY_PLACEMENT_INTERNAL_H
#define INLAY_PLACEMENT_INTERNAL_H

#include "placement/placement.h"

/* A placement being found. Everything is borrowed. */
struct placing {
    const struct placement_options *options;
    const struct placement_base *base;
    const struct models *models;
    struct placement *out;
    struct notes *notes;
};

/* What the base has on the way to a path, as rootfs_walk() tells it. */
struct path_walk {
    struct rootfs_entry *entries;
    size_t count;
};

void path_walk_release(struct path_walk *walk);
CLEANUP_RELEASE(path_walk)

/* environment.c: what the result's environment is, and what of it the result sets. */
void placing_decide_environment(const struct placing *placing);
/* environment.c: names the places of loaders that look nowhere that stays unless they are told. */
int placing_decide_places(const struct placing *placing, struct error *err) MUST_CHECK;
/* environment.c: what it was before this call. */
void placing_environment_before(const struct placing *placing, struct strings *out);

/* packages.c: finds the packages that layouts of the models put files into. */
int placing_find_packages(const struct placing *placing, struct error *err) MUST_CHECK;

/* base_facts.c: rootfs_find_user(), unless some image in reach knows it. Notes nothing. */
int placing_recall_user(const struct placing *placing, const struct rootfs_user_request *request,
                        struct rootfs_user *out, struct error *err) MUST_CHECK;
/* base_facts.c: the same of the user that the placement is for. */
int placing_find_user(const struct placing *placing, const struct rootfs_user_request *request,
                      struct error *err) MUST_CHECK;
/* base_facts.c: notes the base's root if not everybody may enter it; after all else is known. */
int placing_find_root(const struct placing *placing, struct error *err) MUST_CHECK;
/*
 * base_facts.c: rootfs_walk(), unless some image in reach knows the way, or it is clear from what
 * is known. Notes it; `model` is whom the question is for, NULL: for whoever goes there. What is
 * not stated in the folders layer may come without its attributes.
 */
int placing_walk(const struct placing *placing, const char *path, const char *model,
                 struct path_walk *out, struct error *err) MUST_CHECK;
/* base_facts.c: the home of the image's own user where HOME is not set; notes nothing. */
int placing_find_home(const struct placing *placing, char **out, struct error *err) MUST_CHECK;
/* base_facts.c: the canonical path, absolute, of what a path leads to; notes nothing. */
int placing_resolve(const struct placing *placing, const char *path, char **out,
                    struct error *err) MUST_CHECK;
/* base_facts.c: takes over what was known for the sake of models that stay. */
void placing_keep_facts(const struct placing *placing);

/* place.c: moves the models' trees to where the base really has the place, fills `folders`. */
int placing_place_models(const struct placing *placing, struct error *err) MUST_CHECK;
/*
 * place.c: states the folders from the root to the place of `tree`, which has those that have to
 * be made; *out is the place's canonical path without '/'.
 */
int placing_add_ancestors(const struct placing *placing, struct placed_model *placed,
                          const struct tree *tree, char **out, struct error *err) MUST_CHECK;
/* place.c: states a folder of the tree that is above models; it is as the base has it, or made. */
int placing_place_entry(const struct placing *placing, const struct placed_model *placed,
                        const struct tree_entry *entry, struct error *err) MUST_CHECK;
/* place.c: the folders that models which stay need, as the image states them. */
void placing_keep_folders(const struct placing *placing);

/*
 * compat_links.c: adds links to the models' own folders from where else loaders look, once it is
 * known which models stay.
 */
int placing_link_models(const struct placing *placing, struct error *err) MUST_CHECK;

/* kept.c: models that stay are found as before, or replaced by this call's, or it is refused. */
int placing_hold_kept(const struct placing *placing, struct error *err) MUST_CHECK;

/* kept_files.c: files of models that stay and of the call's may not be two at one path. */
int placing_check_kept_files(const struct placing *placing, struct error *err) MUST_CHECK;

/* kept_folders.c: nothing of the call's goes to a folder of a model that stays, or to its links. */
int placing_check_kept_folders(const struct placing *placing, struct error *err) MUST_CHECK;
/*
 * kept_folders.c: which other model, of the call or one that stays, has its folder or a link to it
 * at this path, without leading '/'; NULL: none.
 */
const char *placing_find_holder(const struct placing *placing, const struct placed_model *placed,
                                const char *path);

/* check.c: finds which models that stay are deleted by layers of others above them. */
int placing_check_above(const struct placing *placing, struct error *err) MUST_CHECK;
/* placement.c: is it a layer of such a model? */
bool placement_is_deleted(const struct placement *placement, const struct image_layer *layer);
/* check.c: says where the models go, and what of that might surprise. */
void placing_tell_place(const struct placing *placing);
/* offline.c: what cannot start offline whatever is baked, if the base has been read anyway. */
int placing_tell_offline(const struct placing *placing, struct error *err) MUST_CHECK;
/* check.c: what is refused, and what people are told, once every file has its place. */
int placing_check(const struct placing *placing, struct error *err) MUST_CHECK;

#endif
