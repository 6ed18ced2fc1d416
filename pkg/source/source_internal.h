#ifndef INLAY_SOURCE_SOURCE_INTERNAL_H
#define INLAY_SOURCE_SOURCE_INTERNAL_H

#include "core/temporary.h"
#include "http/http.h"
#include "json/parse.h"
#include "source/source.h"

#include <inttypes.h>
#include <pthread.h>

/* More files than any repo has; a listing beyond it would only eat memory. */
#define LISTING_FILES_MAX 1000000
/* One answer of a hub, and the values in it: 150 MB when they are parsed. */
#define PAGE_LIMIT ((size_t)(16 * MIB))
#define PAGE_VALUES_MAX ((size_t)500000)
extern const struct json_rules page_rules; /* no member twice */

/* What the Hub tells about a repo at one revision. */
struct hub_info {
    char *id; /* canonical spelling, for messages; NULL if the hub does not say */
    char commit[GIT_OID_HEX + 1];
    char *license;      /* of its card: "apache-2.0"; of several "a, b"; NULL: it has none */
    char *license_name; /* where that is "other": the card's name for it; NULL: it has none */
    struct plan_card card;
    bool is_gated;
    bool is_private;
    bool is_disabled;
    struct strings siblings; /* paths of the files, as far as it names them */
};

#define HUB_INFO_INIT                                                                              \
    {                                                                                              \
        .siblings = STRINGS_INIT                                                                   \
    }

/* Reads the answer of /api/models/{id}/revision/{revision}. ERROR_CORRUPT. */
int hub_info_parse(const void *data, size_t size, struct hub_info *out,
                   struct error *err) MUST_CHECK;
void hub_info_release(struct hub_info *info);
CLEANUP_RELEASE(hub_info)

/*
 * Adds what the Hub's scanners say of files that are not safe, "'model.bin' is unsafe", out of the
 * answer of /api/models/{id}/revision/{commit}?securityStatus=true. ERROR_CORRUPT.
 */
int hub_flags_parse(const void *data, size_t size, struct strings *out,
                    struct error *err) MUST_CHECK;

/*
 * Adds the files of one page of /api/models/{id}/tree/{commit} to `plan`, unsorted, and the paths
 * of its folders to `folders`. ERROR_CORRUPT, with some of the page's entries in them.
 */
int listing_page_parse(const void *data, size_t size, struct plan *plan, struct strings *folders,
                       struct error *err) MUST_CHECK;

/*
 * Whether the listing of `id` is whole, as far as that shows: it has a file in each of `folders`,
 * since git knows no empty ones, and all that the repo's info names, which may be fewer than there
 * are. `plan` is sorted. ERROR_CORRUPT.
 */
int listing_check_whole(const struct plan *plan, const char *id, const struct strings *folders,
                        const struct strings *siblings, struct error *err) MUST_CHECK;

/*
 * Takes size, digest and blob id of a file from the hub's answer to HEAD (or its redirect to where
 * the content is) into `file`. ERROR_UNSUPPORTED if the answer does not tell them, ERROR_CORRUPT if
 * it is about another commit.
 */
int hub_head_parse(const struct http_response *response, const char *commit, struct plan_file *file,
                   struct error *err) MUST_CHECK;

/*
 * Sets `blob_id` by size and digest: git's name of the file, for LFS that of its pointer. Returns
 * the size of what has that name.
 */
uint64_t source_name_blob(struct plan_file *file);

/* From this size on a hub would keep a file in LFS, and it is known by its SHA-256. */
#define LFS_SIZE MIB

/* A file of this machine, open at its start. All borrowed. */
struct local_file {
    int fd;
    uint64_t size;
    const char *name;            /* for messages */
    const struct cancel *cancel; /* may be NULL */
};

/* Reads it once, for both; either may be NULL. ERROR_LOCAL if its size is no longer the same. */
int local_hash(const struct local_file *file, struct digest *sha256, struct digest *git_sha1,
               struct error *err) MUST_CHECK;
/* As source->explain: a file of this machine that is another than before has changed. */
int local_explain(struct source *source, struct error *err);

/* Reads a part of an open file. Takes over *fd, which is -1 afterwards. */
int part_reader_open(int *fd, const char *name, const struct source_range *range,
                     struct reader **out, struct error *err) MUST_CHECK;

/* Opens a part of a temporary file, however often, from any thread. `name` is for messages. */
int temporary_open(int fd, const char *name, const struct source_range *range, struct reader **out,
                   struct error *err) MUST_CHECK;
/* Appends to it; `fd` outlives the writer. */
struct writer *temporary_writer_new(int fd);

/* source_list() of a source that is pinned. */
int source_list_pinned(struct source *source, struct plan *plan, struct error *err) MUST_CHECK;

/* A file of a git tree. */
struct git_file {
    char *path;
    struct digest id; /* of the blob */
};

/* The id of the tree of these files, all of them of mode 100644. Sorts them. */
struct digest git_tree_id(struct git_file *files, size_t count);

struct directory {
    struct source base;
    struct origin model;
    char *path;                  /* for messages */
    char *commit;                /* NULL: the pin is the id of git's tree */
    char *real;                  /* `path` without links, if links in it are followed; else NULL */
    const struct cancel *cancel; /* may be NULL */
    int root;
};

/* Opens the folder that `path` lies in, part by part, so that no link is followed on the way. */
int directory_open_parent(const struct directory *directory, const char **path, int *out,
                          struct error *err) MUST_CHECK;
/* Opens a regular file, no link followed. */
int directory_open_regular(const struct directory *directory, const char *path, int *out,
                           uint64_t *size, struct error *err) MUST_CHECK;
/*
 * Where links lead from `path`: a path in the directory, without links; "" is the directory itself.
 * ERROR_UNSUPPORTED if that is outside, ERROR_NOT_FOUND if it is nothing. Caller frees *out.
 */
int directory_resolve(const struct directory *directory, const char *path, char **out,
                      struct error *err) MUST_CHECK;
int directory_list(struct source *source, struct plan *plan, struct error *err) MUST_CHECK;

/*
 * The archive that is the one file of `archive`, as a source of its members; see source_open().
 * Takes over `archive`, whose files can be read at any offset at little cost once it is listed.
 */
struct source *source_unpack(struct source *archive, const struct source_context *context);

/*
 * The URL of the page behind the one that `response` is, by its Link header; *out is NULL on the
 * last page. A mirror may pass on a link to the host that it mirrors: the same path is then asked
 * of `endpoint`. ERROR_UNSUPPORTED or ERROR_CORRUPT for what is no URL. Caller frees *out.
 */
int listing_next_page(const struct http_response *response, const char *endpoint, char **out,
                      struct error *err) MUST_CHECK;

/* `scheme` is "http://" or "https://", in lower case. */
bool hub_url_has_scheme(const char *url, const char *scheme);

/* What the hub was asked for, to say why it refused. All borrowed. */
struct hub_question {
    const char *endpoint;
    const struct origin *model;
    const char *path;   /* the file; NULL: the list of files */
    const char *token;  /* a secret; NULL: none was sent */
    const char *commit; /* what was asked for in place of the revision; NULL: the revision */
    bool is_pinned;     /* not the hub has named the commit, but source_pin() */
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

/* A range of no bytes, which cannot be asked for. */
bool source_range_is_empty(const struct source_range *range, uint64_t size);

/* A server that may send us elsewhere for a file. All borrowed. */
struct remote {
    struct http *http;
    const char *endpoint; /* its URL */
    struct address_memo *addresses;
    struct source *source; /* learns whether ranges are refused */
};

/*
 * Asks for a bounded range where the server has sent us before; *body stays NULL if that is not
 * known, or no longer good: addresses expire.
 */
int remote_open_remembered(const struct remote *remote, const struct plan_file *file,
                           const struct source_range *range, struct reader **body,
                           struct error *err) MUST_CHECK;
/* A bounded range was answered: from where, and does the server know ranges at all? */
void remote_learn(const struct remote *remote, const char *path,
                  const struct http_response *response);

/*
 * Takes the URL in an environment variable apart far enough to know that paths can be put behind
 * it; a trailing '/' is dropped. ERROR_USAGE. Caller frees *out.
 */
int source_endpoint_parse(const char *variable, const char *text, const char *token_variable,
                          const char *example, char **out, struct error *err) MUST_CHECK;

/* Whether a file of an offline source is on this machine. */
bool source_has_offline(const struct source *source, const struct plan *plan,
                        const struct plan_file *file);
/* Says that it would have to be asked for, which the user has ruled out. Returns -1. */
int source_refuse_offline(const struct origin *model, struct error *err);

struct huggingface {
    struct source base;
    struct http *http;     /* borrowed */
    const struct log *log; /* borrowed, may be NULL */
    struct origin model;
    struct address_memo addresses;
    char *endpoint;      /* without a '/' at its end */
    char *token;         /* a secret; NULL: none */
    char *authorization; /* the header value made of it */
};

/* "models", as in the paths of the API. */
const char *hub_type_folder(enum origin_kind type);
/* The header value for a URL; NULL: none. */
const char *hub_authorization(const struct huggingface *hub, const char *url);
/* "{endpoint}/{id}/resolve/{commit}/{path}" */
void hub_format_file_url(const struct huggingface *hub, const char *commit, const char *path,
                         struct buf *out);
/* As source->read_flags, of a repo of the Hub. */
int huggingface_read_flags(struct source *source, const struct plan *plan, struct strings *out,
                           struct error *err) MUST_CHECK;
/* Asks for a document; any status is handed over. */
int hub_get_document(const struct huggingface *hub, const char *url, struct http_response *response,
                     struct error *err) MUST_CHECK;
/* hub_refusal() of what was asked of `hub`; `path` and `commit` may be NULL. Returns -1. */
int hub_refuse(const struct huggingface *hub, const char *commit, const char *path,
               const struct http_response *response, struct error *err);
/* What came from `url` is not what a hub sends: says so in front of `err`. Returns -1. */
int hub_blame_endpoint(const char *url, struct error *err);

/*
 * Fills `plan` with the files of the commit in `info`, sorted: by the hub's listing, which has to
 * be whole; where the hub has no listings, by HEAD for each file that `info` names.
 */
int hub_read_files(const struct huggingface *hub, const struct hub_info *info, struct plan *plan,
                   struct error *err) MUST_CHECK;

#endif
