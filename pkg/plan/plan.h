#ifndef INLAY_PLAN_PLAN_H
#define INLAY_PLAN_PLAN_H

#include "core/digest.h"
#include "core/error.h"
#include "core/text.h"

/* Which files of a model are taken. Values only, no I/O. */

enum repo_type {
    REPO_MODEL,
    REPO_DATASET,
};

#define GIT_OID_HEX 40
#define XET_HASH_HEX 64

struct plan_file {
    char *path;                      /* from the repo's root, '/' between parts, UTF-8 */
    uint64_t size;                   /* bytes of the content */
    struct digest digest;            /* of the content: SHA-256 (LFS, Xet) or git SHA-1 */
    char blob_id[GIT_OID_HEX + 1];   /* git's name of the blob, for LFS of the pointer; "": none */
    char xet_hash[XET_HASH_HEX + 1]; /* "": not stored in Xet */
};

/* A model, its revision pinned, and its files, sorted by the bytes of their paths. */
struct plan {
    enum repo_type type;
    char *id;       /* as the application spells it: "org/name" or "name" */
    char *revision; /* as asked for: "main", "v1.0", "refs/pr/1", a commit */
    char *commit;   /* 40 hex digits */
    struct plan_file *files;
    size_t count;
    struct strings left_out; /* paths that plan_select() dropped, sorted */
    uint64_t left_out_size;
};

#define PLAN_INIT                                                                                  \
    {                                                                                              \
        REPO_MODEL, NULL, NULL, NULL, NULL, 0, STRINGS_INIT, 0                                     \
    }

/* Copies `file` to the end; plan_sort() afterwards. */
void plan_add(struct plan *plan, const struct plan_file *file);
void plan_sort(struct plan *plan);
uint64_t plan_size(const struct plan *plan);
void plan_release(struct plan *plan);
CLEANUP_RELEASE(plan)

/*
 * Refuses, with ERROR_CORRUPT and the path, what must not become a file in an image: an absolute
 * path, an empty, "." or ".." part, a drive prefix (C:) or backslash-separated form of these, a
 * part that begins with ".wh." or has more than 255 bytes, a path above 4000 bytes, what is not
 * UTF-8 or has a control character, a path twice, and a path that is a file here and a folder
 * there. `plan` is sorted.
 */
int plan_check(const struct plan *plan, struct error *err) MUST_CHECK;

enum plan_weights {
    PLAN_PREFER_SAFETENSORS,
    PLAN_PREFER_PYTORCH, /* for loaders from before safetensors */
};

struct plan_selection {
    const char *const *include; /* globs, NULL-terminated; NULL: the automatic choice */
    const char *const *exclude; /* globs, NULL-terminated; NULL: none */
    bool all_files;             /* no automatic choice; not together with `include` */
    enum plan_weights weights;  /* which copy the automatic choice keeps */
};

/*
 * Drops from `plan` what is not selected and notes it in `left_out`. Fails with ERROR_NOT_FOUND,
 * naming it, for a glob that matches nothing and if nothing is left; with ERROR_UNSUPPORTED,
 * listing them, if the automatic choice meets several GGUF quantisations.
 */
int plan_select(struct plan *plan, const struct plan_selection *selection,
                struct error *err) MUST_CHECK;

/* Left-out files in one line for people: "pytorch_model.bin, onnx/ (8 files)". Caller frees. */
char *plan_format_left_out(const struct plan *plan);

/*
 * Matches as the Hub's clients do (Python's fnmatchcase on the whole path): '*' takes any run of
 * characters, '/' and leading dots too; '?' one character; [abc], [a-z], [!abc]; a trailing '/'
 * means everything below; backslashes count as '/'. Nothing else is special.
 */
bool glob_matches(const char *glob, const char *path);

#endif
