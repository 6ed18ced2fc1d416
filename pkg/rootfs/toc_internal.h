#ifndef INLAY_ROOTFS_TOC_INTERNAL_H
#define INLAY_ROOTFS_TOC_INTERNAL_H

#include "core/log.h"
#include "rootfs/rootfs_internal.h"

/*
 * Tables of contents that the blob of a layer carries at its end, so that what the layer holds can
 * be told without reading it: eStargz (stargz-snapshotter, docs/estargz.md) and zstd:chunked
 * (containers/storage, docs/containers-storage-zstd-chunked.md). An annotation of the layer in the
 * manifest has the digest that the table is verified by. Nothing proves that a table says what the
 * layer's tar says, so a listing made of one is never taken for the listing of a diff_id.
 */
enum toc_format {
    TOC_NONE,
    TOC_STARGZ,
    TOC_CHUNKED,
};

/* Where the table of a layer is, as its annotations say. A plain value. */
struct toc {
    enum toc_format format;
    struct digest digest; /* of the table: eStargz unpacked, zstd:chunked as it is stored */
    uint64_t offset;      /* TOC_CHUNKED: of the table in the blob */
    uint64_t size;        /* TOC_CHUNKED: as it is stored */
};

/*
 * Fills `out` from the annotations; TOC_NONE if there are none, or if the layer is so small that
 * it is as well read whole. ERROR_UNSUPPORTED for annotations that promise something else.
 */
int toc_promise(const struct rootfs_layer *layer, struct toc *out, struct error *err) MUST_CHECK;
/* OFFSET:SIZE:PLAIN_SIZE:TYPE in a blob of `blob_size` bytes. */
int toc_parse_position(const char *text, uint64_t blob_size, struct toc *out,
                       struct error *err) MUST_CHECK;

struct toc_request {
    struct store *store;
    const struct descriptor *blob;
    const struct toc *table;
    struct scan_wanted wanted;
    const char *memo;              /* folder; NULL: nothing is kept */
    const struct cancel *cancel;   /* may be NULL */
    const struct log *log;         /* may be NULL */
    const struct sandbox *sandbox; /* where the table is read; NULL: in this process */
    count_fn *count;               /* told of the bytes that are fetched */
    void *count_arg;
};

/*
 * The listing of a layer by its table, from the memo or by reading ranges of the blob. *out stays
 * NULL if there is no table that can be trusted, which is logged: then the layer has to be read.
 * Fails with ERROR_CANCELED alone.
 */
int toc_find(const struct toc_request *request, struct listing **out, bool *is_remembered,
             struct error *err) MUST_CHECK;

/* Reads the table and what it leads to, in this process. */
int toc_read_here(const struct toc_request *request, struct listing **out,
                  struct error *err) MUST_CHECK;
/*
 * The same in a process of its own where there is one to be had. It compares the digest of the
 * table, and so its word for this one layer is all that there is.
 */
int toc_read_apart(const struct toc_request *request, struct listing **out,
                   struct error *err) MUST_CHECK;

/* Where in a blob the content of a file is. */
struct toc_content {
    size_t number;   /* of the file's entry in the listing, by arrival */
    uint64_t offset; /* of the first gzip member or zstd frame with bytes of it */
    uint64_t end;    /* of the last one; 0: not known */
    uint64_t inner;  /* how many bytes of what is unpacked come before it */
    struct digest digest;
};

#define TOC_CONTENTS_MAX 8

/* A table being turned into a listing. */
struct toc_scan {
    const struct scan_wanted *wanted; /* borrowed */
    const struct cancel *cancel;      /* borrowed; may be NULL */
    struct listing *listing;          /* not finished */
    struct toc_content contents[TOC_CONTENTS_MAX];
    size_t content_count;
    bool is_open; /* where the last content ends is yet to come */
};

void toc_scan_init(struct toc_scan *scan, const struct scan_wanted *wanted,
                   const struct cancel *cancel);
void toc_scan_release(struct toc_scan *scan);
CLEANUP_RELEASE(toc_scan)

/*
 * Reads a table to its end: {"version": 1, "entries": [...]}. Fills the listing, and finds where
 * the content of etc/passwd, etc/group and of what is wanted begins. ERROR_CORRUPT if it is not a
 * table; ERROR_UNSUPPORTED for what is too large or cannot be told in JSON.
 */
int toc_scan_entries(struct toc_scan *scan, struct reader *json, struct error *err) MUST_CHECK;
/* One entry, a JSON object of `size` bytes. */
int toc_scan_entry(struct toc_scan *scan, const char *json, size_t size,
                   struct error *err) MUST_CHECK;

/* What a table scan reads from, piece by piece: the entries, without what is around them. */
struct cutter;

struct cutter *cutter_new(struct reader *json, const struct cancel *cancel);
void cutter_free(struct cutter *cutter);
CLEANUP_FREE(cutter)
/* The text of the next entry, which lasts until the next call; NULL behind the last one. */
int cutter_next(struct cutter *cutter, const struct buf **out, struct error *err) MUST_CHECK;

#define STARGZ_FOOTER_MAX ((size_t)51)

/*
 * Where the table begins, by the last `size` bytes of a blob, at most STARGZ_FOOTER_MAX; and how
 * many of them are the footer. ERROR_UNSUPPORTED if they are none.
 */
int stargz_parse_footer(const unsigned char *bytes, size_t size, uint64_t *offset,
                        size_t *footer_size, struct error *err) MUST_CHECK;
/*
 * From a tar whose first member is the table, a reader of the table; *size is how long it is.
 */
int stargz_open_member(struct reader *tar, uint64_t *size, struct reader **out,
                       struct error *err) MUST_CHECK;

/* Seconds since 1970 of "2023-11-14T22:13:20.5Z" (RFC 3339); the year 1 stands for none: 0. */
int toc_parse_time(const char *text, int64_t *seconds, uint32_t *nanoseconds,
                   struct error *err) MUST_CHECK;
/* RFC 4648, section 4, with padding. */
int toc_parse_base64(const char *text, struct buf *out, struct error *err) MUST_CHECK;

#endif
