#ifndef INLAY_PLAN_PLAN_H
#define INLAY_PLAN_PLAN_H

#include "core/digest.h"
#include "core/error.h"
#include "core/notes.h"
#include "core/text.h"
#include "plan/origin.h"

/* Which files of a model are taken. Values only, no I/O. */

#define GIT_OID_HEX 40

struct plan_file {
    char *path;                    /* from the repo's root, '/' between parts, UTF-8 */
    uint64_t size;                 /* bytes of the content */
    struct digest digest;          /* of the content: SHA-256 (LFS, Xet) or git SHA-1 */
    char blob_id[GIT_OID_HEX + 1]; /* git's name of the blob, for LFS of the pointer; "": none */
};

/* Whether the owner of a repo decides who gets its files. */
enum plan_gate {
    PLAN_GATE_UNKNOWN, /* where it comes from does not tell, or was not asked */
    PLAN_GATE_OPEN,
    PLAN_GATE_CLOSED, /* only those get them who were let in */
};

/* What a model's card says of its making, each as "org/name"; empty: nothing. */
struct plan_card {
    struct strings datasets;    /* that it was trained on */
    struct strings base_models; /* that it was made from */
    char *task;                 /* "sentence-similarity"; NULL: it is not told */
};

/* `to` is empty. */
void plan_card_copy(const struct plan_card *from, struct plan_card *to);
void plan_card_release(struct plan_card *card);

/* A model, its revision pinned, and its files, sorted by the bytes of their paths. */
struct plan {
    struct origin origin; /* its name as the application spells it */
    /*
     * What it is pinned to: of the Hub and of ModelScope the commit, of a folder the id of git's
     * tree, 40 hex digits each; else the digest of a file or manifest, "sha256:…".
     */
    char *pin;
    struct plan_file *files;
    size_t count;
    struct strings left_out;  /* paths that plan_select() dropped, sorted */
    uint64_t *left_out_sizes; /* one a path; NULL: not known, as by a lock */
    uint64_t left_out_size;
    /* As the listing or the model's card names it: "apache-2.0"; of several "a, b"; NULL: unknown.
     */
    char *license;
    char *license_name; /* where that is "other": the card's name for it; NULL: it has none */
    enum plan_gate gate;
    struct plan_card card; /* as the hub's listing has it; a lock and the caches do not */
};

#define PLAN_INIT                                                                                  \
    {                                                                                              \
        .origin = ORIGIN_INIT, .left_out = STRINGS_INIT                                            \
    }

/*
 * The name under which the Hub's cache finds it: its revision, or "main" if it has none. What is
 * ModelScope's default, "master", is the Hub's.
 */
const char *plan_ref(const struct plan *plan);
/* What names its snapshot in the Hub's cache: 40 hex digits of its pin, "" if that has no such. */
struct plan_commit {
    char text[GIT_OID_HEX + 1];
};
struct plan_commit plan_commit(const char *pin);

/* Copies `file` to the end; plan_sort() afterwards. */
void plan_add(struct plan *plan, const struct plan_file *file);
void plan_sort(struct plan *plan);
/* `to` is PLAN_INIT. */
void plan_copy(const struct plan *from, struct plan *to);
uint64_t plan_size(const struct plan *plan);
/* Says that it has no files, and at which revision: ERROR_NOT_FOUND. Returns -1. */
int plan_refuse_empty(const struct plan *plan, struct error *err);
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
/* The same of one path by itself. */
int plan_check_path(const char *path, struct error *err) MUST_CHECK;

enum plan_weights {
    PLAN_PREFER_SAFETENSORS,
    PLAN_PREFER_PYTORCH, /* for loaders from before safetensors */
    PLAN_KEEP_ONNX,      /* safetensors, and model.onnx too: for servers that ask for it first */
    PLAN_PREFER_ONNX, /* for loaders of ONNX alone: as with the format "onnx", where there is one */
};

struct plan_contents; /* plan/contents.h */

struct plan_selection {
    const char *const *include;  /* globs, NULL-terminated; NULL: the automatic choice */
    const char *const *optional; /* more globs, which need not match; together with `include` */
    const char *const *exclude;  /* globs, NULL-terminated; NULL: none */
    const char *const *also;     /* globs of what is taken besides the automatic choice */
    const char *format;          /* of the weights, as plan_check_weights() takes it; NULL: any */
    bool all_files;              /* no automatic choice; `include` and `format` are NULL */
    enum plan_weights weights;   /* which copy the automatic choice keeps */
    /* Small files of the plan, which decide what its loader loads; NULL: the choice is by names. */
    const struct plan_contents *contents;
};

/* "safetensors", "onnx:fp16", "gguf:Q4_K_M": a format, and a variant of it. ERROR_USAGE. */
int plan_check_weights(const char *text, struct error *err) MUST_CHECK;

/*
 * Drops from `plan` what is not selected and notes it in `left_out`. Fails with ERROR_NOT_FOUND,
 * naming it, for a glob that must match and does not, for a format that there is not, listing those
 * that there are, and if nothing is left; with ERROR_UNSUPPORTED, listing them, if the automatic
 * choice meets several GGUF quantisations or ONNX weights alone in several precisions.
 */
int plan_select(struct plan *plan, const struct plan_selection *selection,
                struct error *err) MUST_CHECK;

/* Of the automatic choice: who misses what it left out, and how it is taken. */
void plan_add_hints(const struct plan *plan, struct notes *notes);

/* Left-out files in one line for people: "pytorch_model.bin, onnx/ (8 files)". Caller frees. */
char *plan_format_left_out(const struct plan *plan);

/*
 * Matches as the Hub's clients do (Python's fnmatchcase on the whole path): '*' takes any run of
 * characters, '/' and leading dots too; '?' one character; [abc], [a-z], [!abc]; a trailing '/'
 * means everything below; backslashes count as '/'. Nothing else is special.
 */
bool glob_matches(const char *glob, const char *path);

#endif
