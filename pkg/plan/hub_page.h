#ifndef INLAY_PLAN_HUB_PAGE_H
#define INLAY_PLAN_HUB_PAGE_H

#include "core/base.h"

#include <stdbool.h>

/* An address of the Hub as it is copied out of a browser, and what it shows. No I/O. */
struct hub_page {
    char *model;    /* "org/name", "datasets/org/name@revision" */
    char *path;     /* of the file or folder that it shows, without '/' at the end; NULL: none */
    bool is_folder; /* the path is one */
    bool is_file;   /* the bytes of a file are behind it: /resolve/, /raw/ */
};

#define HUB_PAGE_INIT                                                                              \
    {                                                                                              \
        NULL, NULL, false, false                                                                   \
    }

/*
 * Whether `text` is the address of a model or dataset on huggingface.co or hf.co: its own page, a
 * revision's (/tree/REVISION, /commit/REVISION), a folder's, or a file's (/blob/, /resolve/,
 * /raw/). Without https:// it needs an owner: "hf.co/x" is a name. `out` is filled only then; query
 * and fragment are left out.
 */
bool hub_page_parse(const char *text, struct hub_page *out);
void hub_page_release(struct hub_page *page);
CLEANUP_RELEASE(hub_page)

#endif
