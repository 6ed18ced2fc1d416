#ifndef INLAY_PLACEMENT_OPTIONS_H
#define INLAY_PLACEMENT_OPTIONS_H

#include "layout/layout.h"
#include "oci/start.h"

/* What the caller decides for all images alike. Everything is borrowed. */
struct placement_options {
    /* Of the loader of `cache_layout`, in place of what the environment makes it look in. */
    const char *cache_dir;             /* NULL: that */
    const struct layout *cache_layout; /* has a variable for it; NULL with `cache_dir` */
    /*
     * Where the models lie in every image alike, root's; the place that the loader looks in holds
     * links to them. NULL: they lie in that place.
     */
    const char *shared;
    const char *user; /* in place of the image's own, in the same forms; NULL: the image's */
    const char *home; /* in place of the home that the image gives this user; NULL: that one */
    const struct tree_owner *owner;      /* in place of the user; NULL: the user */
    bool group_writable;                 /* group 0, which may write what the user may */
    const char *const *environment;      /* NAME=value to set; NULL-terminated; NULL: none */
    const struct container_start *start; /* what containers start; NULL: nothing is said */
    bool online;                         /* do not set HF_HUB_OFFLINE */
};

#endif
