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
#define ANNOTATION_BASE_NAME "org.opencontainers.image.base.name"
#define ANNOTATION_BASE_DIGEST "org.opencontainers.image.base.digest"
#define KIND_FOLDERS "folders"

/* The arrays that run in parallel; empty ones if the documents have none. Borrowed. */
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

/* The record in a history entry's comment; NULL if it is not one of inlay's. Caller owns it. */
json_t *record_from_history(const json_t *entry);
/* Where the diff_id of a record is in the image's diff_ids; the number of them if nowhere. */
size_t record_find_layer(const struct image *image, const json_t *record);

/* The record of the folders layer; NULL if the image has none. Caller owns it. */
json_t *folders_record(const struct image *image);
json_t *learned_to_json(const struct image_learned *learned);
json_t *folders_to_json(const struct image_folder *folders, size_t count);

/* Sets NAME=value, in place if NAME is there. The old value goes to `was`, or null. */
void environment_set(json_t *env, const char *assignment, json_t *was);
/* Puts the values in `was` back. */
void environment_restore(json_t *env, const json_t *was);
/* Sets key to value in an object of strings; the old value goes to `was`, or null. */
void strings_set(json_t *object, const char *key, const char *value, json_t *was);
void strings_restore(json_t *object, const json_t *was);

#endif
