#ifndef INLAY_PICTURE_OWNED_TEST_INTERNAL_H
#define INLAY_PICTURE_OWNED_TEST_INTERNAL_H

#include "picture/picture.h"

/* A folder of this user and the group of the same number. */
static inline struct picture_node *add_owned(struct picture_tree *tree, const char *path,
                                             uint32_t mode, uint32_t uid)
{
    struct picture_node *node = picture_tree_add_folder(tree, path);

    node->has_owner = true;
    node->mode = mode;
    node->uid = uid;
    node->gid = uid;
    return node;
}

#endif
