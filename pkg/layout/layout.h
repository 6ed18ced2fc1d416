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
    const char *path;        /* absolute: the HOME of the image's user */
    const char *working_dir; /* of the image, absolute; NULL: "/" */
    /*
     * Where packages that layouts ask for are installed in the image: absolute paths, one for each
     * name of `package_names`; NULL: none was looked for.
     */
    const struct strings *package_names;
    const struct strings *package_folders; /* "": it is not installed */
    uint32_t uid; /* that user, whose the folders are that have to be made */
    uint32_t gid;
    const struct tree_owner *owner; /* whose the model's own entries are; NULL: that user's */
    bool group_writable;            /* all of these have group 0, which may write */
    const char *const *environment; /* NAME=value, NULL-terminated; the last of a name counts */
};

/* The value of NAME; NULL if it is not set. Belongs to the home. */
const char *home_variable(const struct home *home, const char *name);

/* The right to be run, as permission bits. */
#define TREE_MAY_BE_RUN 0111U

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
    bool newest;    /* one of the model's own with a later time than all others */
    bool yields;    /* TREE_TEXT: what the base has there stays instead */
    int64_t time_s; /* of a folder above: seconds since 1970, and the fraction */
    uint32_t time_ns;
    const struct xattr *xattrs; /* of a folder above; borrowed */
    size_t xattr_count;
};

/* A model in an image: parents before children, otherwise sorted by the bytes of the path. */
struct tree {
    char *place;         /* absolute path of the folder that holds the model's own folder */
    char *cache;         /* of what a variable names, the place or above it; NULL: the place */
    struct strings also; /* of folders, elsewhere, that hold links to it */
    struct tree_entry *entries;
    size_t count;
};

#define TREE_INIT                                                                                  \
    {                                                                                              \
        NULL, NULL, STRINGS_INIT, NULL, 0                                                          \
    }

/* Takes over `entry`'s path and text. */
void tree_add(struct tree *tree, const struct tree_entry *entry);
/* Adds the folders from the root down to tree->place, as they are made where a base lacks them. */
void tree_add_above(struct tree *tree, const struct home *home);
/* Sorts; entries with the same path and content become one. ERROR_CORRUPT if two differ. */
int tree_sort(struct tree *tree, struct error *err) MUST_CHECK;
void tree_release(struct tree *tree);
CLEANUP_RELEASE(tree)

/* Where one variable of the environment puts a cache. */
struct place_rule {
    const char *variable;
    const char *below;   /* what is added to its value: "", "/hub" */
    bool expands_home;   /* the loader takes a leading '~' for the home */
    bool empty_is_unset; /* else an empty value is the loader's working directory: refused */
    bool is_list;        /* of several folders, with ':' between them, the first counts */
};

struct layout_request {
    const struct layout *layout; /* whose `arrange` this is */
    const struct plan *plan;
    const struct home *home;
    bool as_main;     /* it is to be found as "main" too */
    bool is_main;     /* "main" names its commit, in this tree or in another one of the model */
    const char *path; /* if it takes one, else NULL: absolute, or "~/…" in the home */
    /* Globs of the plan's files that may be run, if it takes a path; NULL-terminated; NULL: none */
    const char *const *executable;
};

/* What the place is below if no variable decides. */
enum layout_base {
    LAYOUT_IN_HOME,        /* the HOME of the image's user */
    LAYOUT_IN_WORKING_DIR, /* the image's WorkingDir */
    LAYOUT_IN_PACKAGE,     /* the folder of a package that is installed in the image */
    LAYOUT_BESIDE_PACKAGE, /* the folder that this one lies in: site-packages */
    LAYOUT_IN_ROOT,        /* the root of the image */
};

/* How it is known what a loader reads. */
enum layout_evidence {
    LAYOUT_JUDGED,     /* the loader itself reads an injected image in the tests */
    LAYOUT_READ,       /* in the loader's source */
    LAYOUT_UNVERIFIED, /* said to be so */
};

/* What a model's own folder holds, for whoever checks it. */
enum layout_content {
    LAYOUT_HUB_CACHE,   /* blobs/, snapshots/COMMIT/ with links to them, refs/ */
    LAYOUT_PLAIN_FILES, /* the model's files under their own names */
};

/* A row a loader. Members are NULL where it has nothing to say; see the functions below. */
struct layout {
    const char *name;     /* what --layout takes */
    const char *summary;  /* one line: which loaders */
    const char *versions; /* of them, for people; NULL: all */
    const char *note;     /* for people: what else has to be known */
    /*
     * Its loader looks where that of this row does: images are made and recorded by that one, and
     * this row has name, summary, versions, evidence and note alone.
     */
    const struct layout *same_as;
    enum layout_evidence evidence;
    bool takes_path;                 /* the caller says where, and not the environment */
    const struct place_rule *places; /* in their precedence, if it takes no path; NULL: none */
    enum layout_base base;           /* and `below` in that: the place if none of them is set */
    const char *below;               /* "/.cache/…", "" */
    const char *package; /* that `base` is about: "python:rapidocr", "node:@huggingface/hub" */
    const char *cache_variable; /* of the environment: names the place and nothing else */
    bool sets_variable; /* the image gets it where none of `places` is set: the place is ours */
    /* NAME=value that keep its loaders from asking the hub, NULL-terminated; NULL: none. */
    const char *const *offline;
    /* NAME=value that they need besides, also when they may ask; the same. */
    const char *const *settings;
    /* Folders in the place that are no model's, NULL-terminated: ".locks". */
    const char *const *shared;
    enum layout_content content;
    bool shares_folder; /* a model's own folder may hold files of others, too */
    bool unpacks;       /* archives are taken for what is in them */
    bool wants_write;   /* the loader takes the place only if its user may write there */
    bool runs_code;     /* the model's own, by transformers, out of HF_MODULES_CACHE */
    bool goes_by_name;  /* that under which the application asks for the model: "org/name" */
    enum plan_weights weights;
    /* The id that the loader asks the hub for, from what the application says; NULL: the same. */
    char *(*model_id)(const char *id);
    /* The name of the model's own folder in its place; NULL: it is the place. Caller frees. */
    char *(*folder_name)(enum origin_kind kind, const char *id);
    /*
     * Of plain files: globs for the names that the loader reads, any of which will do, and for
     * those without which it finds nothing; both for paths in the model's own folder, where '*'
     * stands for no '/', as in fnmatch() with FNM_PATHNAME. NULL-terminated; NULL: whatever there
     * is.
     */
    const char *const *only;
    const char *const *required;
    /* Of plain files: a folder in the model's own that all of them go to. */
    const char *inside;
    /* Of plain files: the path in that; NULL: that of the plan. Caller frees. */
    int (*file_path)(const struct plan *plan, size_t file, char **out, struct error *err);
    /* An empty file in the place, which the loader wants to see for this one. Caller frees. */
    char *(*marker)(const char *path);
    /* Refuses what its loader would not find, before anything else; NULL: nothing. */
    int (*check)(const struct layout_request *request, struct error *err);
    /*
     * Fills `out`; an error does not name the model. ERROR_UNSUPPORTED, naming the variable, if the
     * environment decides on an empty or relative place. NULL only with `same_as`.
     */
    int (*arrange)(const struct layout_request *request, struct tree *out, struct error *err);
    /* As layout_alternates(), for `place`, which its loader looks in; NULL: there are none. */
    void (*alternates)(const struct home *home, const char *place, struct strings *variables,
                       struct strings *paths);
};

/* ERROR_USAGE for what has no name by which the loaders of this layout ask for it. */
int layout_check_name(const struct layout *layout, const struct origin *origin,
                      struct error *err) MUST_CHECK;
/* `request->layout->arrange`, after its checks. */
int layout_arrange(const struct layout_request *request, struct tree *out,
                   struct error *err) MUST_CHECK;
/*
 * Where in the model's own folder a layout of plain files has this file of the plan. *out is NULL
 * for files that it would refuse. Caller frees.
 */
void layout_file_path(const struct layout *layout, const struct plan *plan, size_t file,
                      char **out);
/* The empty file, as a path in the place, that its loader wants for a file; NULL: none. Caller
 * frees. */
char *layout_marker(const struct layout *layout, const char *path);

/*
 * The folder that its loader looks in, as `arrange` finds it; not for one that takes a path. In
 * *variable, unless that is NULL, the name of what decides on it, which is constant; also after a
 * failure. The caller frees *out. ERROR_UNSUPPORTED for a place that cannot be, ERROR_NOT_FOUND
 * for a package that is not in the image.
 */
int layout_find_place(const struct layout *layout, const struct home *home, char **out,
                      const char **variable, struct error *err) MUST_CHECK;
/* What the loader asks the hub for. Caller frees. */
char *layout_model_id(const struct layout *layout, const char *id);
/*
 * Whether this model is recorded under that name in an image that has it for this layout (NULL: one
 * that is not known): its loader may ask for a longer id than people type.
 */
bool layout_is_record_of(const struct layout *layout, const char *record,
                         const struct origin *model);
/*
 * Moves what `layout` has arranged to `folder`, or a folder in it that is named like the layout
 * unless that is the default: root's, and the same for every user. In *links what stays in the
 * place that the loader looks in: links to the model's own folder, or where it has none to each of
 * its files, and what the loader wants beside them. A link leads to the same path below
 * tree->place as its own below links->place; it has no text before both places are canonical.
 * ERROR_USAGE for a folder that cannot be, and for a layout that takes a path.
 */
int tree_share(const struct layout_request *request, const struct layout *layout,
               const char *folder, struct tree *tree, struct tree *links,
               struct error *err) MUST_CHECK;
/* The absolute path of the model's own folder in this place. Caller frees. */
char *layout_folder(const struct layout *layout, const char *place, enum origin_kind kind,
                    const char *id);
/*
 * Variables of the environment that make some loaders look elsewhere than in its place: the names
 * of those that are set, and for each the absolute path of the folder, or "" if its value is none.
 * The loaders find the model there behind a link.
 */
void layout_alternates(const struct layout *layout, const struct home *home,
                       struct strings *variables, struct strings *paths);

/* Do loaders that obey this one of them look in the layout's place while it is not set? */
bool layout_alternate_follows(const char *variable);

/*
 * By what --layout takes or a record names: the row that images are made by. NULL if there is none
 * of that name; NULL as name means the default, the Hub's own cache.
 */
const struct layout *layout_find(const char *name);
/* The row of that very name, for people; NULL: there is none. */
const struct layout *layout_find_row(const char *name);
/* One row after the other, the default first; NULL behind the last. */
const struct layout *layout_at(size_t number);
/* Whether a word is in what is said of a row, in any case: its name, what it is for, its note. */
bool layout_matches(const struct layout *row, const char *word);
/* Says that no row has this name, and which ones may have been meant: ERROR_USAGE. Returns -1. */
int layout_refuse_name(const char *name, struct error *err);

#endif
