#ifndef INLAY_LAYOUT_LAYOUT_H
#define INLAY_LAYOUT_LAYOUT_H

#include "core/buf.h"
#include "core/error.h"
#include "core/xattr.h"
#include "plan/plan.h"

/* Where the files of a model lie in an image, so that its loader finds them. No I/O. */

struct tree_owner {
    uint32_t uid;
    uint32_t gid;
};

/* What a layout has to know of the image. Everything is borrowed. */
struct home {
    const char *path; /* absolute: the HOME of the image's user */
    uint32_t uid;     /* that user, whose the folders are that have to be made */
    uint32_t gid;
    const struct tree_owner *owner; /* whose the model's own entries are; NULL: that user's */
    bool group_writable;            /* all of these have group 0, which may write */
    const char *const *environment; /* NAME=value, NULL-terminated; the last of a name counts */
};

/* The value of NAME; NULL if it is not set. Belongs to the home. */
const char *home_variable(const struct home *home, const char *name);

enum tree_type {
    TREE_FOLDER,
    TREE_FILE, /* content is a file of the plan */
    TREE_TEXT, /* content is `text` */
    TREE_LINK, /* symbolic link to `text` */
};

struct tree_entry {
    enum tree_type type;
    char *path;    /* in the image, without leading or trailing '/': "root/.cache/…" */
    uint32_t mode; /* permission bits */
    uint32_t uid;
    uint32_t gid;
    size_t file;    /* TREE_FILE: index into plan->files */
    char *text;     /* TREE_TEXT, TREE_LINK; else NULL */
    bool above;     /* a folder above the model's own: belongs to the folders layer */
    int64_t time_s; /* of a folder above: seconds since 1970, and the fraction */
    uint32_t time_ns;
    const struct xattr *xattrs; /* of a folder above; borrowed */
    size_t xattr_count;
};

/* A model in an image: parents before children, otherwise sorted by the bytes of the path. */
struct tree {
    char *place;         /* absolute path of the folder that holds the model's own folder */
    struct strings also; /* of folders, elsewhere, that hold links to it */
    struct tree_entry *entries;
    size_t count;
};

#define TREE_INIT                                                                                  \
    {                                                                                              \
        NULL, STRINGS_INIT, NULL, 0                                                                \
    }

/* Takes over `entry`'s path and text. */
void tree_add(struct tree *tree, const struct tree_entry *entry);
/* Adds the folders from the root down to tree->place, as they are made where a base lacks them. */
void tree_add_above(struct tree *tree, const struct home *home);
/* Sorts; entries with the same path and content become one. ERROR_CORRUPT if two differ. */
int tree_sort(struct tree *tree, struct error *err) MUST_CHECK;
void tree_release(struct tree *tree);
CLEANUP_RELEASE(tree)

struct layout_request {
    const struct plan *plan;
    const struct home *home;
    bool as_main;     /* it is to be found as "main" too */
    const char *path; /* absolute; for a layout that wants_path, else NULL */
};

struct layout {
    const char *name;           /* what --layout takes */
    const char *summary;        /* one line of help */
    bool wants_path;            /* the caller says where, and not the environment */
    const char *cache_variable; /* of the environment: names the place and nothing else; or NULL */
    const char *offline_variable; /* keeps its loaders from asking the hub; NULL: they do not */
    enum plan_weights weights;
    /* The id that the loader asks the hub for, from what the application says. Caller frees. */
    char *(*model_id)(const char *id);
    /*
     * Fills `out`. ERROR_UNSUPPORTED, naming the variable, if the environment decides on an empty
     * or relative place.
     */
    int (*arrange)(const struct layout_request *request, struct tree *out, struct error *err);
    /*
     * Variables of the environment that make some loaders look elsewhere than `arrange` writes:
     * the names of those that are set, and for each the absolute path of the folder, or "" if
     * its value is none. The loaders find the model there behind a link.
     */
    void (*elsewhere)(const struct home *home, struct strings *variables, struct strings *paths);
};

/* NULL if there is none of that name; NULL as name means the default, the Hub's own cache. */
const struct layout *layout_find(const char *name);
/* All of them, NULL-terminated; the default is first. */
const struct layout *const *layout_all(void);

#endif
