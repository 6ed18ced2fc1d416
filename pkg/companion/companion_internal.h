#ifndef INLAY_COMPANION_INTERNAL_H
#define INLAY_COMPANION_INTERNAL_H

#include "companion/companion.h"

#include <jansson.h>

/* A model that is looked at; all borrowed. */
struct search {
    const char *model;
    const struct plan_contents *contents;
    const struct strings *files;
    struct companions *out;
    size_t *untold; /* notes above COMPANION_NOTES_MAX */
};

/* One file of it. */
struct document {
    const char *path;
    const char *folder; /* with its '/' at the end; "" at the root */
    const char *text;
    size_t size;
    json_t *json; /* an object or an array; NULL: it is not JSON */
};

/* What a file says of a companion. All borrowed. */
struct mention {
    enum companion_kind kind;
    const char *name;           /* as it is written: "org/name" */
    const char *revision;       /* NULL: "main" */
    const char *const *include; /* globs, NULL-terminated; NULL: the automatic choice */
    const char *file;
    const char *key;
    const char *reason;
    bool is_conditional;
};

/* Adds it, unless it is the model itself, is there already, or is no name of the Hub: then a note.
 */
void mention_add(const struct search *search, const struct mention *mention);

/* Whether one more note is to be added; above COMPANION_NOTES_MAX it is counted alone. */
bool search_tells(const struct search *search);

/* The model has code of its own, which this file names. */
void search_note_code(const struct search *search, const struct document *document);

bool search_has_file(const struct search *search, const char *path);

/*
 * "org/name--module.Class", as transformers and what builds on it have it: code of another
 * repository; without "--" it is the model's own.
 */
void class_reference_read(const struct search *search, const struct document *document,
                          const char *key, const char *text);

/* The globs by which a tokenizer and its config are taken. */
extern const char *const tokenizer_globs[];

/* Rules, each called for the files of the names that it is registered for. */
void read_auto_map(const struct search *search, const struct document *document);
void read_backbone(const struct search *search, const struct document *document);
void read_ctranslate2(const struct search *search, const struct document *document);
void read_adapter(const struct search *search, const struct document *document);
void read_modules(const struct search *search, const struct document *document);
void read_pipeline(const struct search *search, const struct document *document);
void read_modular_pipeline(const struct search *search, const struct document *document);
void read_gliner(const struct search *search, const struct document *document);
void read_open_clip(const struct search *search, const struct document *document);
void read_pyannote(const struct search *search, const struct document *document);

#endif
