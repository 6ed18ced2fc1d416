#ifndef INLAY_IMAGE_IMAGE_INTERNAL_H
#define INLAY_IMAGE_IMAGE_INTERNAL_H

#include "image/image.h"

#include <jansson.h>

struct image {
    json_t *manifest;
    json_t *config;
    char *media_type; /* of the manifest */
    char *platform;
    bool docker;
};

/* Names of ours, and of others that we set; docs/formats.md is their glossary. */
#define ANNOTATION_MODEL "dev.inlay.model"
#define ANNOTATION_COMMIT "dev.inlay.commit"
#define ANNOTATION_RECIPE "dev.inlay.recipe"
/* stargz-snapshotter, docs/estargz.md; containers/storage, pkg/estargz */
#define ANNOTATION_TABLE "containerd.io/snapshot/stargz/toc.digest"
#define ANNOTATION_TABLE_TAR_SIZE "io.containers.estargz.uncompressed-size"
#define ANNOTATION_BASE_NAME "org.opencontainers.image.base.name"
#define ANNOTATION_BASE_DIGEST "org.opencontainers.image.base.digest"
#define KIND_FOLDERS "folders"

/* The arrays that run in parallel; NULL or null if the documents have none. Borrowed. */
json_t *image_layers_json(const struct image *image);
json_t *image_diff_ids_json(const struct image *image);
json_t *image_history_json(const struct image *image);

/*
 * The object `name` in `parent`, made if it is absent or null; then `made` (the record of what
 * was made) says which of the two it was. `type` is '{' or '['.
 */
json_t *member_make(json_t *parent, const char *name, char type, json_t *made);
/* Takes an empty member that member_make() made away again, or makes it null again. */
void member_unmake(json_t *parent, const char *name, const json_t *made);

/* The same for a text that is absent or null, which becomes `text`. */
void text_make(json_t *parent, const char *name, const char *text, json_t *made);
void text_unmake(json_t *parent, const char *name, const json_t *made);

/* An eStargz layer's table, as annotations of the layer; none if it has no table. */
void table_to_annotations(const struct layer_table *table, json_t *annotations);
void table_from_annotations(const json_t *annotations, struct layer_table *out);

/* The record in a history entry's comment; NULL if it is not one of inlay's. Caller owns it. */
json_t *record_from_history(const json_t *entry);
bool record_is_of_folders(const json_t *record);

#define RECORD_ANY_LAYER (SIZE_MAX - 1) /* several could be meant, and nothing tells which */
#define RECORD_NO_LAYER SIZE_MAX        /* the image does not have it */

/* An entry of the history that is one of inlay's. */
struct record_entry {
    size_t number;  /* in the history, from 0 */
    json_t *record; /* owned */
    bool is_empty;  /* the layer is another entry's, which it shares */
    bool ends;      /* the last one of a run */
    size_t layer;   /* of the image, from 0, bottom up; or one of the above */
};

struct record_entries {
    struct record_entry *items; /* in the order of the history */
    size_t count;
};

/* The records of the image, each with the layer that it speaks of. */
void record_entries_find(const struct image *image, struct record_entries *out);
void record_entries_release(struct record_entries *entries);
CLEANUP_RELEASE(record_entries)

/* ChainID of the lowest `count` layers. */
void image_chain_id_below(const struct image *image, size_t count, struct digest *out);

/* The record of the topmost folders layer; NULL if the image has none. Caller owns it. */
json_t *folders_record(const struct image *image);
json_t *base_facts_to_json(const struct image_base_facts *facts);
json_t *folders_to_json(const struct image_folder *folders, size_t count);

/* Sets NAME=value, in place if NAME is there. The old value goes to `was`, or null. */
void environment_set(json_t *env, const char *assignment, json_t *was);
/* Puts the values in `was` back. */
void environment_restore(json_t *env, const json_t *was);
/*
 * start.c: sets Entrypoint and Cmd of the object `config`. Returns what they were, null if they
 * were not there, which `made` tells then; the caller owns it.
 */
json_t *start_set(json_t *config, const struct container_start *start, json_t *made);
/* Puts what start_set() returned back. */
void start_restore(json_t *config, const json_t *was, const json_t *made);
/* Sets key to value in an object of strings; the old value goes to `was`, or null. */
void strings_set(json_t *object, const char *key, const char *value, json_t *was);
/* Removes `key`, and what has the same name before it, which would count otherwise. */
void strings_drop(json_t *object, const char *key);
void strings_restore(json_t *object, const json_t *was);

#endif
