#ifndef INLAY_IMAGE_IMAGE_H
#define INLAY_IMAGE_IMAGE_H

#include "core/digest.h"
#include "core/error.h"
#include "core/text.h"
#include "core/xattr.h"
#include "oci/descriptor.h"
#include "oci/document.h"
#include "oci/platform.h"
#include "oci/start.h"

/*
 * Images being edited: manifest and config as JSON, changed in place, so that members nobody here
 * knows survive (image-spec, manifest.md, config.md, image-index.md; Docker's schema 2). No I/O.
 * What inlay writes about itself is described in docs/formats.md, and only this module knows it.
 */

/* Layers that an image may have, all of the base's included: the lowest limit in use less some. */
#define IMAGE_LAYERS_MAX 120

/* What one of inlay's layers is. Texts are owned. */
struct layer_record {
    char *kind;   /* "large", "medium", "small", "links", "folders" */
    char *model;  /* "org/name", "datasets/org/name"; NULL for "folders" */
    char *source; /* what it came from, if not from the Hub: "folder", "url"; else NULL */
    char *commit; /* what it was pinned to: 40 hex digits or a digest; NULL for "folders" */
    char *layout; /* of the model; NULL for "folders" */
    char *place;  /* absolute path of the folder that holds the model's; NULL for "folders" */
    struct strings also; /* of folders, elsewhere, that hold links to it */
    uint64_t files; /* of the model, in this layer under their own names; 0: none, or not told */
    struct strings contents; /* "DIGEST PATH" of files in the place; empty: none, or not told */
    struct digest recipe;
    char *signature; /* of image_layer_statement(), as the record has it; NULL: none */
};

/* The table of contents of an eStargz layer, as the layer's annotations tell of it. A plain value.
 */
struct layer_table {
    struct digest digest; /* DIGEST_NONE: the layer has none */
    uint64_t tar_size;    /* of the layer, unpacked, the table in it */
};

/* A layer on top of an image. */
struct image_layer {
    struct descriptor blob; /* media type "": a plain tar, in the family of the image */
    struct digest diff_id;
    struct layer_table table;
    struct layer_record record;
    size_t number; /* which one of the image it is, from 1, bottom up; 0: of none, or not told */
};

/*
 * What a signature of a layer's record is made over (docs/formats.md): recipe, diff_id, the
 * blob's digest, size and type, and its table's digest if it has one. The caller frees it.
 */
char *image_layer_statement(const struct image_layer *layer);

void layer_record_copy(const struct layer_record *from, struct layer_record *to);
void layer_record_release(struct layer_record *record);
void image_layer_release(struct image_layer *layer);
CLEANUP_RELEASE(image_layer)

/* A folder above the models, as the folders layer states it: as the base has it, or made. */
struct image_folder {
    char *path; /* without leading '/' */
    uint32_t mode;
    uint32_t uid;
    uint32_t gid;
    int64_t time_s; /* modification, seconds since 1970, and the fraction */
    uint32_t time_ns;
    struct xattr *xattrs; /* owned */
    size_t xattr_count;
};

/* The answer to one question about the base's tree: where a path leads. */
struct image_path_walk {
    char *path;      /* as it was asked for, absolute */
    char *canonical; /* links followed, without leading '/' */
    size_t existing; /* so many parts of that are folders of the base, and the rest is not there */
    bool removed;    /* the rest was there, and a layer takes it away */
    char *model;     /* whom the question was for; NULL: for whoever goes there */
};

/* A root that not everybody may enter. */
struct image_root {
    uint32_t mode;
    uint32_t uid;
    uint32_t gid;
};

/*
 * What is known of a base without reading its layers: who its user is and where paths lead. It is
 * kept in the image, for the next one to add to it, under the base's ChainID. The folders
 * themselves are those that the folders layer states.
 */
struct image_base_facts {
    struct digest chain_id; /* DIGEST_NONE: nothing is known */
    char *user_asked;       /* config.User; NULL: nothing is known of the user */
    char *home_asked;       /* HOME of the environment; "": not set */
    uint32_t uid;
    uint32_t gid;
    char *home;
    char *user_from;
    char *home_from;
    bool has_root; /* false: everybody may enter the root, or nobody has looked */
    struct image_root root;
    struct image_path_walk *walks;
    size_t walk_count;
};

void image_path_walk_release(struct image_path_walk *walk);
void image_base_facts_release(struct image_base_facts *facts);
CLEANUP_RELEASE(image_base_facts)
/* Adds a copy, in the order of paths and models; one that is there stays as it is. */
void image_base_facts_add(struct image_base_facts *facts, const struct image_path_walk *walk);
/* Takes the user over from another one. */
void image_base_facts_set_user(struct image_base_facts *facts, const struct image_base_facts *from);

/* One manifest and its config. */
struct image;

/*
 * Takes over nothing; `config` are the bytes that the manifest's config descriptor names. Fails
 * with ERROR_UNSUPPORTED for what is not an image (an artifact), for Windows and for encrypted
 * layers, and with ERROR_CORRUPT if layers and diff_ids differ in number.
 */
int image_open(const struct document *manifest, const struct buf *config, struct image **out,
               struct error *err) MUST_CHECK;
/* Does this config say that it is for another system than Linux? */
bool image_config_is_foreign(const struct buf *config);
void image_free(struct image *image);
CLEANUP_FREE(image)

/* Getters; results belong to the image and last until it is edited. */
const char *image_platform(const struct image *image); /* "linux/arm64/v8" */
void image_oci_platform(const struct image *image, struct oci_platform *out);
const char *image_user(const struct image *image);        /* config.User; "" if none */
const char *image_working_dir(const struct image *image); /* absolute; "/" if none */
size_t image_layer_count(const struct image *image);
bool image_is_docker(const struct image *image); /* of Docker's schema 2 */
/* Copies the paths of config.Volumes to `out`, as they are declared. */
void image_volumes(const struct image *image, struct strings *out);
/* Copies config.Env to `out`. */
void image_environment(const struct image *image, struct strings *out);
/* Copies config.Entrypoint and config.Cmd: the words of what is started; a text is one word. */
void image_entrypoint(const struct image *image, struct strings *out);
void image_command(const struct image *image, struct strings *out);

/*
 * The layers that inlay added, from the bottom up: *out is an array of *count, which the caller
 * frees with image_layers_free(). An entry whose diff_id the image does not have is left out. Where
 * the image has the diff_id several times and the records do not tell which is inlay's, the number
 * is 0.
 */
void image_own_layers(const struct image *image, struct image_layer **out, size_t *count);
void image_layers_free(struct image_layer *layers, size_t count);
/* The folders that the folders layer states, in the same way; none if there is no such layer. */
void image_own_folders(const struct image *image, struct image_folder **out, size_t *count);
void image_folder_copy(const struct image_folder *from, struct image_folder *to);
void image_folder_release(struct image_folder *folder);
CLEANUP_RELEASE(image_folder)
void image_folders_free(struct image_folder *folders, size_t count);

/* What inlay noted of the base; nothing if the record does not hold up. */
void image_own_base_facts(const struct image *image, struct image_base_facts *out);
/* ChainID of all layers (image-spec, config.md); of none the digest of nothing. */
void image_chain_id(const struct image *image, struct digest *out);

/* NAME=value of what inlay has set in the environment, as it is now. */
void image_own_environment(const struct image *image, struct strings *out);
/* What inlay has set of what containers start, as it is now. The caller releases `out`. */
void image_own_start(const struct image *image, struct container_start *out);
/* What inlay has set `created` to; NULL if it left the base's. Belongs to the image. */
const char *image_own_created(const struct image *image);

/*
 * Takes out every layer that inlay added and puts back what it changed besides: environment, what
 * is started, annotations, labels, `created`. Afterwards the image is its base, member for member.
 * ERROR_CORRUPT, and the image as it was, if it does not have a layer that it records, or if the
 * records do not tell it from others of the same diff_id.
 */
int image_strip(struct image *image, struct error *err) MUST_CHECK;

struct image_changes {
    /*
     * Bottom up; the last one is the folders layer. A model's that others share is named for each
     * of them: the image has it once, and its history tells of all.
     */
    const struct image_layer *layers;
    size_t layer_count;
    const struct image_folder *folders; /* what that layer states */
    size_t folder_count;
    const struct image_base_facts *facts; /* NULL: nothing */
    const char *const *environment;       /* NAME=value, NULL-terminated: set in the config */
    const struct container_start *start;  /* set in the config; NULL: nothing */
    const char *base_name;                /* NULL: the base is not in a registry */
    const char *base_digest;              /* "sha256:…" */
    const char *created;                  /* RFC 3339, or NULL: the base's own */
};

/*
 * Adds layers on top, with their diff_ids, history and (OCI) annotations, sets the environment,
 * what is started and org.opencontainers.image.base.name and .digest (as annotations; as labels in
 * schema 2), and notes all of it, so that image_strip() can put it back. The image carries nothing
 * of inlay's before. ERROR_UNSUPPORTED above IMAGE_LAYERS_MAX.
 */
int image_append(struct image *image, const struct image_changes *changes,
                 struct error *err) MUST_CHECK;

/* The recorded base of an image that carries inlay's layers; NULL where there is none. */
const char *image_base_name(const struct image *image);
const char *image_base_digest(const struct image *image);

/* Removes the manifest's `subject`; false if it has none. */
bool image_drop_subject(struct image *image);

/*
 * Whether two images are the same, member for member. The order of members does not count, nor
 * does what follows from the config's bytes, nor `subject`, which image_drop_subject() drops.
 */
bool image_equal(const struct image *a, const struct image *b);

/*
 * The edited documents: config bytes, then the manifest's bytes that name them. The media types
 * stay what they were. `manifest` tells media type, digest and size.
 */
void image_format(struct image *image, struct buf *config_bytes, struct descriptor *config,
                  struct buf *manifest_bytes, struct descriptor *manifest);

/*
 * Reads finished documents as if they were those of a base: nothing is to be published that could
 * not be read again. Fails with what image_open(), document_parse() and index_entries() say, and
 * with ERROR_UNSUPPORTED for documents above DOCUMENT_LIMIT.
 */
int image_check_finished(const struct buf *manifest_bytes, const struct descriptor *manifest,
                         const struct buf *config_bytes, struct error *err) MUST_CHECK;
int index_check_finished(const struct buf *bytes, const struct descriptor *index,
                         struct error *err) MUST_CHECK;

/* The `layers` of the manifest as it is now; *out is an array of *count that the caller frees. */
int image_layers(const struct image *image, struct descriptor **out, size_t *count,
                 struct error *err) MUST_CHECK;

/*
 * An annotation of a layer's descriptor in the manifest, counted from 0, bottom up; NULL if there
 * is none. Belongs to the image.
 */
const char *image_layer_annotation(const struct image *image, size_t number, const char *key);

/* The diff_ids of the config, one for each layer; *out is an array that the caller frees. */
int image_diff_ids(const struct image *image, struct digest **out, size_t *count,
                   struct error *err) MUST_CHECK;

/*
 * A layer by itself, as a repository keeps it for whoever wants its recipe: a manifest that names
 * the blob, under the tag of the recipe (docs/formats.md). `layer` tells recipe, blob, diff_id,
 * table and signature.
 */
char *cached_layer_tag(const struct digest *recipe); /* the caller frees it */
/* The manifest, and the config that it names. Fills media type, digest and size of both. */
void cached_layer_format(const struct image_layer *layer, struct buf *config_bytes,
                         struct descriptor *config, struct buf *manifest_bytes,
                         struct descriptor *manifest);
/*
 * Fills blob, diff_id, table, recipe and signature of `out`, which is to be released; ERROR_CORRUPT
 * if it speaks of another recipe.
 */
int cached_layer_parse(const struct document *manifest, const struct digest *recipe,
                       struct image_layer *out, struct error *err) MUST_CHECK;

enum index_role {
    INDEX_IMAGE,       /* a manifest for Linux or of unnamed platform */
    INDEX_INDEX,       /* a nested index */
    INDEX_ATTESTATION, /* says something about another entry, by digest */
    INDEX_OTHER,       /* another system, an artifact, an unknown type: passed on */
};

struct index_entry {
    enum index_role role;
    struct descriptor descriptor;
    struct oci_platform platform; /* as the index says it; `os` is "" where it says none */
    struct digest about;          /* INDEX_ATTESTATION: the entry it speaks of */
};

/* The entries of an index, in order; *out is an array of *count that the caller frees. */
int index_entries(const struct document *index, struct index_entry **out, size_t *count,
                  struct error *err) MUST_CHECK;

/* Does the index have a `subject`? */
bool index_has_subject(const struct document *index);

/*
 * The bytes of `index` with other entries: replacement[i] stands for entry i (its digest and size
 * are put in, `data` is dropped), and entries with keep[i] false are left out. An index that
 * becomes another one loses its `subject`; everything else stays. Fills `out` with media type,
 * digest and size.
 */
void index_format(const struct document *index, const struct descriptor *replacement,
                  const bool *keep, struct buf *bytes, struct descriptor *out);

#endif
