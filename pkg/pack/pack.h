#ifndef INLAY_PACK_PACK_H
#define INLAY_PACK_PACK_H

#include "core/cancel.h"
#include "core/digest.h"
#include "core/error.h"
#include "core/text.h"
#include "layout/layout.h"
#include "plan/plan.h"
#include "stream/stream.h"

/*
 * Cuts the tree of a model into recipes, and packs a recipe into the tar of a layer (image-spec,
 * layer.md). Both are pure functions of the tree: the same model gives the same bytes, on any day,
 * machine, user and locale.
 */

/* To change the bytes of a tar is to change this number, which is part of every recipe digest. */
#define PACK_FORMAT 1
/* The time of everything that inlay makes: 1980-01-01T00:00:00Z, in seconds. */
#define PACK_TIME INT64_C(315532800)
/* The time of an entry that has to be the newest among its like: a day later. */
#define PACK_TIME_NEWEST INT64_C(315619200)
/* Layers of one model at most, small one included. */
#define PACK_LAYERS_MAX 48

#define PACK_LARGE (64 * MIB) /* a file of so many bytes has a layer of its own */
#define PACK_MEDIUM (1 * MIB)

enum recipe_kind {
    RECIPE_LARGE,     /* one large file, or neighbours if there are too many; root's */
    RECIPE_MEDIUM,    /* the files from 1 to 64 MiB */
    RECIPE_SMALL,     /* smaller files, texts, links, and the model's own folders */
    RECIPE_LINKS,     /* what the place that the loader looks in has of a model elsewhere */
    RECIPE_FOLDERS,   /* the folders above the models */
    RECIPE_ANCESTORS, /* the folders that the model's other layers go through, if the base needs it
                       */
};

/* A run of entries that becomes one layer, from the parents to the children. */
struct recipe {
    enum recipe_kind kind;
    const struct plan *plan;           /* borrowed; NULL for recipes without files */
    const struct tree_entry **entries; /* the array is owned, the entries are the tree's */
    size_t count;
    uint64_t content_size;                 /* bytes of the model's files in it */
    uint64_t tar_size;                     /* bytes of the whole tar, known beforehand */
    struct digest digest;                  /* of all that decides on the bytes; docs/formats.md */
    struct compression_choice compression; /* what becomes of the tar; of folders nothing */
};

struct recipes_options {
    unsigned layers_max; /* 3 or more */
    struct compression_choice compression;
};

/*
 * The recipes of one model, from the most to the least stable, `layers_max` at most.
 * Folders marked `above` are left out: they belong to folders_cut(). `tree` and `plan`
 * outlive the recipes. *out is an array of *count.
 */
int recipes_cut(const struct tree *tree, const struct plan *plan,
                const struct recipes_options *options, struct recipe **out, size_t *count,
                struct error *err) MUST_CHECK;
void recipes_free(struct recipe *recipes, size_t count);
/* A recipe without files: `entries` are TREE_FOLDERs and TREE_LINKs, sorted, each path once. */
int recipe_of_entries(enum recipe_kind kind, const struct tree_entry *const *entries, size_t count,
                      struct recipe *out, struct error *err) MUST_CHECK;
void recipe_release(struct recipe *recipe);
CLEANUP_RELEASE(recipe)

/* Whose an entry is in the tar: the entry's owner, and root in a layer of large files. */
uint32_t recipe_uid(const struct recipe *recipe, const struct tree_entry *entry);
uint32_t recipe_gid(const struct recipe *recipe, const struct tree_entry *entry);

/* "large", "medium", "small", "links", "folders", "way". */
const char *recipe_kind_name(enum recipe_kind kind);

/* Opens the content of one file of the plan, verified. The caller frees *out. */
typedef int pack_open_fn(void *arg, const struct plan_file *file, struct reader **out,
                         struct error *err);

/*
 * Writes the tar, exactly recipe->tar_size bytes, and does not finish `out`. Fails with what
 * `open`, the readers or `out` say. Safe to call from several threads.
 */
int recipe_write_tar(const struct recipe *recipe, pack_open_fn *open, void *arg, struct writer *out,
                     const struct cancel *cancel, struct error *err) MUST_CHECK;

/*
 * Whether `tar` gives exactly the bytes that recipe_write_tar() writes: reads it once, to its end,
 * in constant memory, and verifies the content of each file by the digest that the plan has.
 * ERROR_CORRUPT says what differs; ERROR_UNSUPPORTED if the plan has no digest of a file. Fails
 * with what `tar` says, too. Safe to call from several threads.
 */
int recipe_check_tar(const struct recipe *recipe, struct reader *tar, const struct cancel *cancel,
                     struct error *err) MUST_CHECK;

/* Headers and contents of a tar begin with a block; what it ends with is two of zeros. */
#define PACK_TAR_BLOCK UINT64_C(512)
#define PACK_TAR_END (2 * PACK_TAR_BLOCK)

/*
 * A layer of COMPRESSION_ESTARGZ (stargz-snapshotter, docs/estargz.md): the recipe's tar, a
 * landmark and a table of contents as its last entries, in gzip members whose bytes are stored; one
 * member a chunk, so that each can be read and verified by itself. Files of small layers are marked
 * to be fetched ahead.
 */
#define STARGZ_CHUNK (4 * MIB) /* doubled until a layer has no more than this many chunks: */
#define STARGZ_CHUNKS_MAX 16384

struct stargz_layer {
    struct digest diff_id; /* of the tar with the table in it */
    struct digest table;   /* of the table: the annotation toc.digest */
    uint64_t tar_size;     /* of the tar with the table in it */
};

/*
 * A writer that takes exactly what recipe_write_tar() writes. At finish it writes what is behind
 * that, fills *out and finishes `next`; both outlive it, as `recipe` does. Keeps 72 bytes a chunk
 * and an entry of the table, never a content. The caller frees *writer.
 */
int stargz_writer_open(const struct recipe *recipe, struct writer *next, struct stargz_layer *out,
                       struct writer **writer, struct error *err) MUST_CHECK;
/* Bytes of the layer's blob where they are known beforehand; SIZE_UNKNOWN of a compressed one. */
int recipe_blob_size(const struct recipe *recipe, uint64_t *out, struct error *err) MUST_CHECK;

/* A part of a file's content that is wanted: never empty. */
struct pack_part {
    const struct plan_file *file;
    uint64_t offset;
    uint64_t size;
};

/* Opens the content from there on; it need not end with the part. The caller frees *out. */
typedef int pack_open_part_fn(void *arg, const struct pack_part *part, struct reader **out,
                              struct error *err);

/* Bytes of a tar. */
struct pack_range {
    uint64_t offset;
    uint64_t end;                /* one behind the last of them; tar_size at most */
    const struct cancel *cancel; /* may be NULL */
};

/*
 * Writes a range of what recipe_write_tar() writes, and does not finish `out`. Files that are not
 * in it are not opened; contents are taken as they come. Fails and may be shared like that.
 */
int recipe_write_range(const struct recipe *recipe, const struct pack_range *range,
                       pack_open_part_fn *open, void *arg, struct writer *out,
                       struct error *err) MUST_CHECK;

/* Of libarchive as it runs: "3.6.2". */
const char *pack_library_version(void);
/* Adds what archives may be packed with, of what a libarchive need not know: "bzip2", "xz". */
void pack_list_features(struct strings *out);

#endif
