#ifndef INLAY_INJECT_MATERIALS_H
#define INLAY_INJECT_MATERIALS_H

#include "inject/inject.h"
#include "models/listing.h"

/* The use case inject, for whoever has to say afterwards what the image was made of. */

/* A model that BASE carried and the result has, as its layers record it. Texts are owned. */
struct kept_model {
    char *name;   /* "org/name" */
    char *source; /* what it came from, if not from the Hub; else NULL */
    char *pin;
    char *layout;
};

/* An image of the result. Texts are owned. */
struct made_image {
    char *platform;       /* "linux/arm64/v8" */
    uint64_t size;        /* bytes of all its layers, as they are stored */
    uint64_t models_size; /* of those that inlay has put there */
};

struct materials {
    struct descriptor base;        /* BASE as it was given: its manifest or index */
    struct strings recorded_bases; /* digests, each once, that the images of the result record as
                                      their base's: of BASE, or of what BASE was built on */
    struct listing models;         /* that were put in, companions too */
    struct strings *places;        /* one a model of these: folders in the images, each once */
    struct made_image *images;     /* one a platform; of a shard none */
    size_t image_count;
    struct kept_model *kept; /* each once, whatever the number of platforms */
    size_t kept_count;
};

#define MATERIALS_INIT                                                                             \
    {                                                                                              \
        .base = DESCRIPTOR_INIT, .models = LISTING_INIT                                            \
    }

/* As inject_run(). *out is filled on success. */
int inject_run_told(const struct inject_options *options, struct inject_result *result,
                    struct materials *out, struct error *err) MUST_CHECK;
void materials_release(struct materials *materials);
CLEANUP_RELEASE(materials)

#endif
