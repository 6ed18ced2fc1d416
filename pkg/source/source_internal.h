#ifndef INLAY_SOURCE_SOURCE_INTERNAL_H
#define INLAY_SOURCE_SOURCE_INTERNAL_H

#include "http/http.h"
#include "source/source.h"

#include <pthread.h>

/* More files than any repo has; a listing beyond it would only eat memory. */
#define LISTING_FILES_MAX 1000000

/* What the Hub tells about a repo at one revision. */
struct hub_info {
    char *id; /* canonical spelling, for messages; NULL if the hub does not say */
    char commit[GIT_OID_HEX + 1];
    bool is_gated;
    bool is_private;
    bool is_disabled;
};

#define HUB_INFO_INIT                                                                              \
    {                                                                                              \
        NULL, "", false, false, false                                                              \
    }

/* Reads the answer of /api/models/{id}/revision/{revision}. ERROR_CORRUPT. */
int hub_info_parse(const void *data, size_t size, struct hub_info *out,
                   struct error *err) MUST_CHECK;
void hub_info_release(struct hub_info *info);
CLEANUP_RELEASE(hub_info)

/*
 * Adds the files of one page of /api/models/{id}/tree/{commit} to `plan`, unsorted; folders are
 * skipped. ERROR_CORRUPT, with some of the page's files in `plan`.
 */
int listing_page_parse(const void *data, size_t size, struct plan *plan,
                       struct error *err) MUST_CHECK;

/*
 * The target of the first link with this relation in a Link header (RFC 8288, section 3), as it
 * stands there; NULL if there is none. Caller frees.
 */
char *link_find(const char *header, const char *relation);

/*
 * The URL of the page behind the one that `response` is, by its Link header; *out is NULL on the
 * last page. ERROR_UNSUPPORTED for a way from https to http, ERROR_CORRUPT for what is no URL.
 * Caller frees *out.
 */
int listing_next_page(const struct http_response *response, char **out,
                      struct error *err) MUST_CHECK;

/* `scheme` is "http://" or "https://", in lower case. */
bool hub_url_has_scheme(const char *url, const char *scheme);

/* What the hub was asked for, to say why it refused. All borrowed. */
struct hub_question {
    const char *endpoint;
    const struct model_reference *model;
    const char *path;  /* the file; NULL: the list of files */
    const char *token; /* a secret; NULL: none was sent */
};

/* Turns an answer that refuses what was asked into an error a person can act on. Returns -1. */
int hub_refusal(const struct hub_question *question, const struct http_response *response,
                struct error *err);

/*
 * Reads a part of one file, unverified, and opens the source again at the offset it reached when
 * that ends with ERROR_UNREACHABLE: see source_open_file(). The first opening is not repeated.
 * Everything is borrowed and outlives *out, but for `range`.
 */
int resume_reader_open(struct source *source, const struct plan *plan, const struct plan_file *file,
                       const struct source_range *range, struct reader **out,
                       struct error *err) MUST_CHECK;

/* What is left of a file comes in ranges from this size on. */
#define SPLIT_LEAST (32 * MIB)

/*
 * The same in pieces that are fetched ahead; `range` goes to the end of the file, and is not empty.
 * *out is NULL if the source turns out to refuse ranges, and then nothing has been read. `source`
 * has a pool.
 */
int split_reader_open(struct source *source, const struct plan *plan, const struct plan_file *file,
                      const struct source_range *range, struct reader **out,
                      struct error *err) MUST_CHECK;

/*
 * Where the hub sent us for a file, so that its ranges need not ask again: such addresses are
 * signed, and secrets. Safe to share between threads.
 */
struct address_memo {
    pthread_mutex_t lock;
    struct {
        char *path;
        char *url;
    } known[32];
    size_t next; /* is given up for a new one */
};

void address_memo_init(struct address_memo *memo);
void address_memo_release(struct address_memo *memo);
/* NULL if it is not known. Caller frees. */
char *address_memo_find(struct address_memo *memo, const char *path);
void address_memo_keep(struct address_memo *memo, const char *path, const char *url);
/* Forgets it, unless there is another by now. */
void address_memo_forget(struct address_memo *memo, const char *path, const char *url);

#endif
