#ifndef INLAY_SOURCE_UNPACK_INTERNAL_H
#define INLAY_SOURCE_UNPACK_INTERNAL_H

#include "sandbox/sandbox.h"
#include "source/source_internal.h"

/* What an archive holds under one name. */
struct member {
    char *path;
    char *target; /* of a link: the path of the member that it leads to; NULL: a file */
    uint64_t size;
    uint64_t offset;      /* where its content is in the file that was unpacked into */
    struct digest digest; /* DIGEST_NONE: its content was not wanted */
};

struct members {
    struct member *items; /* sorted by path */
    size_t count;
};

void members_release(struct members *members);
CLEANUP_RELEASE(members)
/* NULL if there is none. */
const struct member *members_find(const struct members *members, const char *path);
/*
 * The file that a member is, or that its links lead to; ERROR_UNSUPPORTED if they lead to no file
 * in the archive.
 */
int members_follow(const struct members *members, const struct member *member,
                   const struct member **out, struct error *err) MUST_CHECK;
/*
 * Where the link `path` leads if its target is this text, as a path of a member. ERROR_UNSUPPORTED
 * if that is not in the archive. Caller frees *out.
 */
int member_resolve(const char *path, const char *target, char **out, struct error *err) MUST_CHECK;

/* What is made of more than this is made to fill disks. */
struct unpack_limits {
    uint64_t size;  /* bytes of all members */
    uint64_t free;  /* so many whatever the archive's size is */
    uint64_t ratio; /* beyond, so many times the archive's size */
    size_t count;   /* members, folders too */
};

struct unpack_request {
    struct source *source; /* has the archive, as the one file of `plan` */
    const struct plan *plan;
    const char *only; /* the one member whose content is wanted; NULL: of all */
    int to;           /* an open file to which contents are appended */
    struct unpack_limits limits;
    const struct cancel *cancel;   /* may be NULL */
    const struct sandbox *sandbox; /* where it is parsed; NULL: in this process */
};

/*
 * Reads an archive and fills `out`, empty before. Contents are known by SHA-256 from LFS_SIZE on
 * and if there is an `only`, else by git SHA-1. *is_archive is false, and nothing is done, if it is
 * none. Fails as source_open() says.
 */
int unpack_archive(const struct unpack_request *request, struct members *out, bool *is_archive,
                   struct error *err) MUST_CHECK;

/* What an archive says of one of its members, before anything of it is believed. */
enum archive_kind {
    ARCHIVE_FILE,
    ARCHIVE_LINK,
    ARCHIVE_HARD_LINK,
    ARCHIVE_FOLDER,
    ARCHIVE_SPECIAL, /* a device, pipe or the like */
};

struct archive_member {
    enum archive_kind kind;
    const char *name;   /* NULL: it cannot be read */
    const char *target; /* of links; else "" */
    uint64_t size;      /* of a file; SIZE_UNKNOWN: it is not told */
};

/* Who is told what is in an archive: each member, and the content behind it, if it is wanted. */
struct archive_sink {
    int (*member)(void *arg, const struct archive_member *member, struct error *err);
    int (*content)(void *arg, const void *data, size_t size, struct error *err);
    void *arg;
};

/* What is to be parsed. */
struct archive_input {
    struct sandbox_input bytes;
    uint64_t size;
    const char *only; /* the one member whose content is wanted; NULL: of all */
};

/*
 * unpack.c: an archive that is being unpacked. What its sink is told is believed nowhere: it may
 * come from a process that a stranger has taken over.
 */
struct unpacking {
    const struct unpack_request *request;
    struct reader *content; /* of the archive; NULL: to be opened at `offset` */
    uint64_t offset;
    struct members members;
    size_t headers;
    uint64_t made;         /* bytes of contents so far */
    struct hasher *hasher; /* of the last member, whose content comes; NULL: none does */
    uint64_t passed;       /* of it */
};

struct archive_sink unpacking_sink(struct unpacking *unpacking);
/* Nothing more is told; `out` is empty before. */
int unpacking_finish(struct unpacking *unpacking, struct members *out,
                     struct error *err) MUST_CHECK;
void unpacking_release(struct unpacking *unpacking);
CLEANUP_RELEASE(unpacking)

/* archive_parse.c: by libarchive. *is_archive is false, and nothing is told, if it is none. */
int archive_parse(const struct archive_input *in, const struct archive_sink *sink, bool *is_archive,
                  struct error *err) MUST_CHECK;
/* Whether a name is that of the one whose content is wanted; `only` may be NULL. */
bool archive_is_wanted(const char *only, const char *name);
/* `name` without "./" before it. */
const char *archive_skip_dots(const char *name);

/*
 * archive_apart.c: the same in a process of its own where there is one to be had. What it tells may
 * be anything that a sink can be told.
 */
int archive_parse_apart(const struct sandbox *sandbox, const struct cancel *cancel,
                        const struct archive_input *in, const struct archive_sink *sink,
                        bool *is_archive, struct error *err) MUST_CHECK;
/* What goes through its pipe. ERROR_CORRUPT for what archive_tell() does not make. */
int archive_take_record(char kind, const struct buf *record, const struct archive_sink *sink,
                        bool *is_archive, struct error *err) MUST_CHECK;
void archive_format_member(const struct archive_member *member, char *kind, struct buf *out);

#endif
