#ifndef INLAY_SCAN_LOADING_INTERNAL_H
#define INLAY_SCAN_LOADING_INTERNAL_H

#include "scan/scan_internal.h"

/* A call that a rule speaks of. */
struct loading {
    struct scan *scan;
    const struct scan_source *source;
    const struct python_call *call;
    const struct call_rule *rule;
    char *place;       /* "/app/app.py:14" */
    const char *title; /* "SentenceTransformer": what people call it */
    bool sure;
    char *folder;       /* absolute, in which the call itself makes its loader look; NULL: none */
    char *folder_title; /* "by cache_dir"; NULL with it */
    bool is_plain;      /* that is for files by their own names, as those of local_dir are */
};

/* python_models.c: what a text comes to that the call is given; `how` as in struct scan_value */
void loading_add_text(const struct loading *loading, const char *text, const char *how);
/* The same of a model by inlay's own name. */
void loading_add_model(const struct loading *loading, const char *model, const char *how);
/* folders.c: fills `folder`, or says that it is not known, and then the call is a guess. */
void loading_find_folder(struct loading *loading);
/* The text of another argument of the call. Caller frees; NULL: none, or not known. */
char *loading_text(const struct loading *loading, const char *keyword, int position);

#endif
