#ifndef INLAY_PACK_FOLDERS_H
#define INLAY_PACK_FOLDERS_H

#include "image/image.h"
#include "pack/pack.h"

/*
 * Whether the folders layer has to state this folder for the sake of this layer's model: it is on
 * the way to the model's place, or one that its loader wants beside the model.
 */
bool folder_is_needed(const struct image_folder *folder, const struct layer_record *record);

/* Whether an answer about the base has to be noted for the sake of this layer's model. */
bool walk_is_needed(const struct image_path_walk *walk, const struct layer_record *record);

/*
 * What the folders layer is packed from; `folders` are sorted by path. They outlive *entries, an
 * array that the caller frees, and both outlive the recipe.
 */
int folders_cut(const struct image_folder *folders, size_t count, struct tree_entry **entries,
                struct recipe *out, struct error *err) MUST_CHECK;

/*
 * What a model's links layer is packed from: all entries of `links`, which outlives the recipe and
 * has no files. No entry: an empty recipe, of no layer.
 */
int links_cut(const struct tree *links, struct recipe *out, struct error *err) MUST_CHECK;

/*
 * What the way layer of a model is packed from: the folders above it and beside it, whatever other
 * models need, and those of its own that its large and medium layers go through without stating
 * them. That they are there is all that counts: what they are, the layers above say. Everything
 * outlives *entries and the recipe.
 */
int folders_cut_ancestors(const struct image_folder *folders, size_t count, const struct tree *tree,
                          struct tree_entry **entries, struct recipe *out,
                          struct error *err) MUST_CHECK;

#endif
