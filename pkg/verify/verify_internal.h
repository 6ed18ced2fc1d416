#ifndef INLAY_VERIFY_INTERNAL_H
#define INLAY_VERIFY_INTERNAL_H

#include "companion/companion.h"
#include "layout/layout.h"
#include "rootfs/rootfs.h"
#include "transfer/image_tree.h"
#include "verify/verify.h"

/* What the Hub has of a model at a commit. */
struct hub_model {
    char *name;
    char *commit;
    struct plan plan;
    char *why_not; /* NULL: the plan is filled */
};

/* A folder of the merged tree with its children. */
struct listed {
    char *path;    /* without leading '/' */
    bool is_there; /* under this very name, without links */
    struct rootfs_entry *entries;
    size_t count;
};

/* One platform being checked. */
struct check {
    const struct verify_options *options;
    const struct image_tree *loaded;
    const struct digest *root;        /* of the manifest or index that was asked for */
    struct verify_platform *platform; /* what is found out; borrowed */
    const struct hub_model *hub;      /* borrowed */
    size_t hub_count;
    struct image_layer *own;
    size_t own_count;
    size_t layer_count;
    bool *hashed;          /* by a layer's number: its files have their hashes */
    struct rootfs *rootfs; /* the image's tree */
    struct rootfs *base;   /* the tree of the layers below inlay's */
    struct strings environment;
    struct home home;
    struct strings package_names; /* that its models' layouts put files into, and where each is */
    struct strings package_folders;
    bool has_user; /* `home` and `groups` are known */
    uint32_t *groups;
    size_t group_count;
    struct listed **listed; /* what was listed so far */
    size_t listed_count;
    const struct stated_model **taken; /* that models have been found to be; borrowed */
    size_t taken_count;
};

/* A file of the model, links followed. */
struct found_file {
    char *path; /* in the repo */
    char *at;   /* in the image, absolute, by its own name */
    uint64_t size;
    struct digest sha256;
    struct digest git_sha1;
};

/* One model being checked. */
struct subject {
    struct check *check;
    struct verify_model *model; /* what is found out; borrowed */
    const struct layout *layout;
    char *folder; /* the model's own, canonical, without leading '/' */
    /* All that is in it, or of a folder of others what the model states; of the check's entries. */
    const struct rootfs_entry **tree;
    size_t tree_count;
    struct found_file *files;
    size_t file_count;
    struct strings explained; /* paths whose absence has been told, with all below them */
};

/* verify.c: adds to the list. `path` has no leading '/'; NULL: none. */
void findings_add(struct verify_findings *findings, enum verify_kind kind, const char *path,
                  const char *format, ...) PRINTF_FORMAT(4, 5);
/* verify.c: moves all of `from` behind those of `findings`; `from` is empty then. */
void findings_move(struct verify_findings *findings, struct verify_findings *from);
void findings_release(struct verify_findings *findings);
/* verify.c: is it the image that this error speaks of, so that it is a finding? */
bool error_is_finding(const struct error *err);
/* verify.c: the failure as a finding, `kind` unless a layer is to blame; others are passed on. */
int findings_take(struct verify_findings *findings, enum verify_kind kind, struct error *why,
                  struct error *err) MUST_CHECK;

/* verify_platform.c: `known` is what was read for other platforms; may be NULL. */
int check_open(struct check *check, struct rootfs *known, struct error *err) MUST_CHECK;
void check_release(struct check *check);
/* verify_platform.c: reads the layers and finds out who the user is; *out: models can be checked */
int check_read(struct check *check, bool *out, struct error *err) MUST_CHECK;

/* verify_model.c: what a record of the Hub calls a model and its commit; fails if it cannot be. */
int record_parse(const char *name, const char *commit, struct origin *out,
                 struct error *err) MUST_CHECK;
/* verify_model.c: everything about one model. */
int check_model(struct check *check, struct verify_model *model, struct error *err) MUST_CHECK;
/* verify_model.c: the absolute path by which the user's loader comes to this one. Caller frees. */
char *subject_loader_path(const struct subject *subject, const char *path);
/* verify_model.c: was it told already that this is not there? */
bool subject_is_explained(const struct subject *subject, const char *path);

/* verify_tree.c: what stands at this path (canonical, without '/'); NULL: nothing. */
int check_find(struct check *check, const char *path, const struct rootfs_entry **out,
               struct error *err) MUST_CHECK;
/* verify_tree.c: forgets what was listed. */
void check_forget(struct check *check);
/*
 * verify_tree.c: collects the model's tree; all files in it have their hashes afterwards. Where the
 * folder may be that of others too, subject_check_stated() does it.
 */
int subject_collect(struct subject *subject, struct error *err) MUST_CHECK;
/* verify_tree.c: what the model's own layers state has to be what the image shows. */
int subject_check_stated(struct subject *subject, struct error *err) MUST_CHECK;
/* verify_tree.c: says why this is not there as the model's layers have it, once. */
int subject_explain(struct subject *subject, const char *path, struct error *err) MUST_CHECK;

/* What a user may do with a file or a folder, as bits. */
enum access {
    ACCESS_READ = 4,
    ACCESS_ENTER = 1,
    ACCESS_MAKE = 3, /* something in it */
};

/* verify_access.c: may the user do that? Nobody is asked while the user is not known. */
bool check_may(const struct check *check, const struct rootfs_entry *entry, uint32_t wanted);
/* verify_access.c: the user has to come as far as to the model's folder. */
int subject_check_way(struct subject *subject, struct error *err) MUST_CHECK;
/* verify_access.c: goes to a file as the loader does, and notes it under its path in the repo. */
int subject_reach(struct subject *subject, const struct rootfs_entry *entry, const char *path,
                  struct error *err) MUST_CHECK;
/* verify_access.c: forgets the file that was noted last. */
void subject_drop_file(struct subject *subject);
/* verify_access.c: may the user look into this folder, or read this file? */
void subject_check_entry(struct subject *subject, const struct rootfs_entry *entry);
/* verify_access.c: folders above the model have to be as the base has them. */
int subject_check_folders(struct subject *subject, struct error *err) MUST_CHECK;

/* verify_cache.c: by the rules of the model's layout. */
int subject_check_layout(struct subject *subject, struct error *err) MUST_CHECK;

/*
 * verify_demand.c: says which of the models that are demanded this platform lacks, and adds the
 * titles of these to `missing` unless they are there.
 */
void check_demands(const struct check *check, struct strings *missing);

/* verify_companions.c: what the model makes its loader ask for besides, by its small files. */
int subject_find_companions(struct subject *subject, struct companions *out,
                            struct error *err) MUST_CHECK;
/* verify_companions.c: each of them is where the user's loader looks. */
int subject_check_companions(struct subject *subject, const struct companions *found,
                             struct error *err) MUST_CHECK;
/* verify_companion_files.c: whether the Hub's cache in `place` has what its loader asks for. */
int check_has_companion(const struct check *check, const char *place,
                        const struct companion *companion, bool *out, struct error *err) MUST_CHECK;

/* verify_rules.c: what rules of a policy ask of the model, as far as the options want it. */
int subject_find_rules(struct subject *subject, struct error *err) MUST_CHECK;
/* verify_hub.c: what the Hub has of the model, if it was asked and has it; NULL: nothing is known.
 */
const struct plan *subject_hub_plan(const struct subject *subject);

/* verify_modules.c: the user can make the folder that code is run from. */
int subject_check_modules(struct subject *subject, const struct companions *found,
                          struct error *err) MUST_CHECK;

/* verify_hub.c: asks the Hub for every model of these images; *out is an array of *count. */
int hub_list(const struct verify_options *options, struct image_tree *const *images,
             size_t image_count, struct hub_model **out, size_t *count,
             struct error *err) MUST_CHECK;
void hub_free(struct hub_model *models, size_t count);
/* verify_hub.c: compares the files that were found. */
void subject_compare_hub(struct subject *subject);

/* What the files of a model are compared with. Borrowed. */
struct comparison {
    const struct plan *plan;
    enum verify_kind kind; /* of what is found */
    const char *whose;     /* "the Hub" */
    bool by_content;       /* nothing tells what each file is called in the image */
};

/* verify_compare.c: *paths are those in the image, one a file of the plan; "": it has none. */
void subject_compare(struct subject *subject, const struct comparison *comparison,
                     struct strings *paths);
/* verify_compare.c: whether such a file was found, or one of this content. */
bool subject_has_file(const struct subject *subject, const char *path);
bool subject_has_content(const struct subject *subject, const struct plan_file *file);

/* verify_signature.c: who has signed what is recorded of each layer. */
void check_signatures(struct check *check);
/* verify_statement.c: image, base and models, and then the files of a model. */
void check_statements(struct check *check);
void subject_compare_statements(struct subject *subject);

#endif
