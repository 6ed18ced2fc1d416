#ifndef INLAY_PROVENANCE_PROVENANCE_H
#define INLAY_PROVENANCE_PROVENANCE_H

#include "core/buf.h"
#include "core/digest.h"
#include "core/text.h"
#include "oci/reference.h"
#include "plan/plan.h"

/*
 * What an image was made of, as documents for others: a statement of where it comes from
 * (in-toto Statement v1 with the predicate of SLSA v1), and a bill of its materials
 * (CycloneDX 1.6, or SPDX 3.0.1). Values in, JSON out; no I/O. The same values are the same bytes.
 */

#define PROVENANCE_MEDIA_TYPE "application/vnd.in-toto+json"
#define BOM_MEDIA_TYPE "application/vnd.cyclonedx+json"
#define SPDX3_MEDIA_TYPE "application/spdx+json"
#define PROVENANCE_PREDICATE_TYPE "https://slsa.dev/provenance/v1"
#define PROVENANCE_STATEMENT_TYPE "https://in-toto.io/Statement/v1"
#define PROVENANCE_BUILD_TYPE "urn:inlay:inject:v1"
#define PROVENANCE_BUILDER "urn:inlay:builder"

/* An image as others look it up. Texts are owned. */
struct provenance_image {
    char *name; /* "localhost:5000/app:1"; of a layout or archive only the last part of its path */
    char *purl; /* "pkg:oci/app@sha256:…?…" (purl-spec); NULL: it is in no registry */
    struct digest digest; /* of its manifest or index; DIGEST_NONE: it has none */
};

#define PROVENANCE_IMAGE_INIT                                                                      \
    {                                                                                              \
        NULL, NULL, DIGEST_INIT                                                                    \
    }

void provenance_image_set(struct provenance_image *image, const struct reference *reference,
                          const struct digest *digest);
void provenance_image_release(struct provenance_image *image);
CLEANUP_RELEASE(provenance_image)

/* A model of the image. Borrowed. */
struct provenance_model {
    const char *title;           /* with its revision, as others name it in `companion_of` */
    const struct plan *plan;     /* its pin, and the files that were taken */
    const struct digest *sha256; /* of each file of the plan, for the bill of materials; NULL: as
                                    the plan has it */
    const char *layout;          /* the loader's name */
    const struct strings *companion_of; /* titles of models that load it; empty: it was asked for */
};

/* A model that the base had, and the image has. Borrowed. */
struct provenance_kept {
    const char *name;   /* as its layers record it: "org/name" */
    const char *source; /* the kind of its origin; NULL: a model or dataset of the Hub */
    const char *pin;
    const char *layout;
};

/* An option of the call that decides on the result. Borrowed. */
struct provenance_option {
    const char *name;          /* without the dashes */
    const char *const *values; /* NULL-terminated; NULL: it has none */
};

/* All that the documents say. Borrowed. */
struct provenance {
    const struct provenance_image *images; /* the result: one a tag, all of one digest */
    size_t image_count;
    const struct provenance_image *base;
    const struct strings *recorded_bases; /* digests that the image records as its base's */
    const struct strings *asked; /* the models as they were asked for, by provenance_ask() */
    const struct provenance_option *options;
    size_t option_count;
    const struct provenance_model *models;
    size_t model_count;
    const struct provenance_kept *kept;
    size_t kept_count;
    const char *version;   /* of inlay */
    struct digest program; /* SHA-256 of its executable; DIGEST_NONE: not known */
    const char *created;   /* RFC 3339; NULL: the documents have no time */
};

/* What was asked for, without paths of this machine and without secrets. Caller frees. */
char *provenance_ask(const struct origin *origin);

/* The statement. Replaces what is in `out`. */
void provenance_format(const struct provenance *provenance, struct buf *out);
/* The bill of materials, of the first of the images. Replaces what is in `out`. */
void bom_format(const struct provenance *provenance, struct buf *out);
/* The same in SPDX 3.0.1, which has to have a time: 1970 and a comment, if none is known. */
void spdx3_format(const struct provenance *provenance, struct buf *out);

/* A model as a statement has it. Texts are owned. */
struct stated_model {
    char *name; /* as layers record it: "org/name" */
    char *pin;
    char *layout;
    char *uri;        /* as others look it up; NULL: none is told */
    bool has_source;  /* `plan.origin.kind` is what the statement says, not what the name does */
    bool is_kept;     /* it came with the base: `plan` has no files */
    struct plan plan; /* its files; the origin as far as its record tells */
    struct strings flaws; /* what it says of itself that does not agree: "its uri is '…', …" */
};

/* What a statement says, as far as an image can be compared with it. */
struct statement {
    struct digest *subjects; /* at least one */
    size_t subject_count;
    struct strings bases; /* digests that the image may record as its base's; empty: none is told */
    char *base_name;      /* of the image with the first of these; NULL: none is told */
    struct strings subject_flaws; /* as those of a model */
    struct strings base_flaws;
    struct stated_model *models;
    size_t model_count;
};

#define STATEMENT_INIT                                                                             \
    {                                                                                              \
        .subjects = NULL                                                                           \
    }

/*
 * Reads what provenance_format() has written. ERROR_UNSUPPORTED for a statement of others,
 * ERROR_CORRUPT for what is none. What others have added to it is passed over. What is said twice
 * and not alike is noted.
 */
int statement_parse(const struct buf *bytes, struct statement *out, struct error *err) MUST_CHECK;
void statement_release(struct statement *statement);
CLEANUP_RELEASE(statement)

#endif
