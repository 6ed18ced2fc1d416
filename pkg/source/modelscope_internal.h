#ifndef INLAY_SOURCE_MODELSCOPE_INTERNAL_H
#define INLAY_SOURCE_MODELSCOPE_INTERNAL_H

#include "source/source_internal.h"

/* ModelScope cuts a listing off here, and says nothing of it. */
#define MODELSCOPE_PAGE_ENTRIES 3000

/* What a listing of one folder of a repo tells beside the files. */
struct modelscope_page {
    char commit[GIT_OID_HEX + 1];       /* of the revision that was listed; "": not told in full */
    char short_commit[GIT_OID_HEX + 1]; /* its first digits; "": not told */
    size_t count;                       /* entries, folders too */
    struct strings folders;             /* their paths */
};

#define MODELSCOPE_PAGE_INIT                                                                       \
    {                                                                                              \
        "", "", 0, STRINGS_INIT                                                                    \
    }

/*
 * Reads the answer of /api/v1/models/{id}/repo/files and adds its files to `plan`, unsorted.
 * `page` is empty before. ERROR_CORRUPT, and as the answer's own code says if it tells of a
 * failure; then there may be some of the entries in them.
 */
int modelscope_page_parse(const void *data, size_t size, struct plan *plan,
                          struct modelscope_page *page, struct error *err) MUST_CHECK;
void modelscope_page_release(struct modelscope_page *page);
CLEANUP_RELEASE(modelscope_page)

/* Adds the names of branches and tags in the answer of /api/v1/models/{id}/revisions to `names`. */
int modelscope_revisions_parse(const void *data, size_t size, struct strings *names,
                               struct error *err) MUST_CHECK;

/*
 * The commit of a branch or a tag in what git's smart HTTP advertises (gitprotocol-http(5), "Smart
 * Clients"; gitprotocol-pack(5), "Reference Discovery"). False if it is not in there.
 */
bool git_refs_find(const void *data, size_t size, const char *revision,
                   char commit[GIT_OID_HEX + 1]);

#endif
