#ifndef INLAY_STREAM_STREAM_H
#define INLAY_STREAM_STREAM_H

#include "core/buf.h"
#include "core/cancel.h"
#include "core/digest.h"
#include "core/error.h"

#include <sys/types.h>

/*
 * Bytes on their way. Readers are pulled from, writers are pushed into, stream_copy() stands
 * between them. A stage borrows its neighbour; whoever built a pipeline frees all of it. A reader
 * or a writer belongs to one thread.
 */

#define SIZE_UNKNOWN UINT64_MAX

struct reader {
    const struct reader_ops *ops;
};

struct reader_ops {
    /* 1 to `size` bytes, 0 at the end, -1 with `err` set. */
    ssize_t (*read)(struct reader *reader, void *data, size_t size, struct error *err);
    void (*free)(struct reader *reader);
};

struct writer {
    const struct writer_ops *ops;
};

struct writer_ops {
    /* As writer_room(); NULL: there is no such place. */
    int (*room)(struct writer *writer, char **data, size_t *size, struct error *err);
    /* Takes all of `data` or fails; never takes a part. */
    int (*write)(struct writer *writer, const void *data, size_t size, struct error *err);
    /* Flushes, finishes the stage behind, and makes the result visible. */
    int (*finish)(struct writer *writer, struct error *err);
    /* Releases the writer. Without a successful finish, nothing of it remains. */
    void (*free)(struct writer *writer);
};

ssize_t reader_read(struct reader *reader, void *data, size_t size, struct error *err) MUST_CHECK;
/* Appends everything that is left to `out`; ERROR_CORRUPT if that is more than `limit` bytes. */
int reader_read_all(struct reader *reader, size_t limit, struct buf *out,
                    struct error *err) MUST_CHECK;
void reader_free(struct reader *reader);
CLEANUP_FREE(reader)

int writer_write(struct writer *writer, const void *data, size_t size,
                 struct error *err) MUST_CHECK;
/*
 * Where bytes may be put that are to be written next, so that writing them copies nothing: *size
 * bytes at *data, up to the next call on the writer. *data NULL: the writer has no such place.
 */
int writer_room(struct writer *writer, char **data, size_t *size, struct error *err) MUST_CHECK;
int writer_finish(struct writer *writer, struct error *err) MUST_CHECK;
void writer_free(struct writer *writer);
CLEANUP_FREE(writer)

/*
 * Moves everything that is left in `from` into `to`, through 256 KiB, and does not finish `to`.
 * Fails with what either side says, or ERROR_CANCELED. `cancel` may be NULL.
 */
int stream_copy(struct reader *from, struct writer *to, const struct cancel *cancel,
                struct error *err) MUST_CHECK;

/*
 * Passes over `skip` bytes and appends `size` bytes to `out`. ERROR_CORRUPT if the reader ends
 * before that.
 */
int reader_read_exactly(struct reader *reader, uint64_t skip, size_t size, struct buf *out,
                        struct error *err) MUST_CHECK;

/* Reads `size` bytes at `data`, which stay the caller's and must outlive the reader. */
struct reader *memory_reader_new(const void *data, size_t size);
/* Appends to `out`, which must outlive the writer; ERROR_CORRUPT above `limit` bytes. */
struct writer *memory_writer_new(struct buf *out, size_t limit);

/*
 * Reads `length` bytes (SIZE_UNKNOWN: to the end) of a regular file from `offset`. The file may be
 * a link. ERROR_NOT_FOUND or ERROR_LOCAL, with the path.
 */
int file_reader_open(const char *path, uint64_t offset, uint64_t length, struct reader **out,
                     struct error *err) MUST_CHECK;

/*
 * Writes a new file beside `path`, under a temporary name, which takes the name at writer_finish(),
 * in place of the file that is there; a link is followed. Mode 0644 less the umask. "-" is standard
 * output, where what is written stays; waiting for whoever reads it ends with `cancel`, which may
 * be NULL. ERROR_USAGE for a folder, a device or the like; else ERROR_LOCAL, with the path.
 */
int file_writer_open(const char *path, const struct cancel *cancel, struct writer **out,
                     struct error *err) MUST_CHECK;
/*
 * Has all of it on the disk, of a writer from file_writer_open() that takes nothing more: what is
 * left to writer_finish() is the name.
 */
int file_writer_sync(struct writer *writer, struct error *err) MUST_CHECK;

/*
 * Passes `next` on and tells at finish, before `next` is finished, the digest and the number of
 * what has passed. `digest` and `size` outlive the writer; `size` may be NULL.
 */
struct writer *digest_writer_new(struct writer *next, enum digest_algorithm algorithm,
                                 struct digest *digest, uint64_t *size);

/*
 * Passes `next` on and fails with ERROR_CORRUPT unless exactly `size` bytes with this digest come.
 * The last bytes are withheld until the digest is known to be right, so that nobody downstream
 * ever holds a whole wrong file. `name` is for the message: "'name' has …". A digest of
 * DIGEST_NONE checks the size alone.
 */
struct reader *verify_reader_new(struct reader *next, const char *name, uint64_t size,
                                 const struct digest *digest);

/* Called with the number of bytes that just passed. */
typedef void count_fn(void *arg, uint64_t size);
/* Passes `next` on and tells `count` of every piece. */
struct reader *count_reader_new(struct reader *next, count_fn *count, void *arg);

/*
 * digest_writer_new() through a ring, from which one thread hashes and another one passes `next`
 * on, so that both work beside whoever writes; where there is one core only, or no thread can be
 * had, without. One ring of the process has 10 MiB, others that are in use beside it 3 MiB. What
 * `next` fails with is told by a later write, or at finish. `next` is finished by the caller's
 * thread; it may be used and freed again once the writer is freed. Waits for nothing but `next`.
 */
struct writer *async_digest_writer_new(struct writer *next, enum digest_algorithm algorithm,
                                       struct digest *digest, uint64_t *size);

/* How a layer is compressed. */
enum compression {
    COMPRESSION_NONE,
    COMPRESSION_GZIP,
    COMPRESSION_ZSTD,
    COMPRESSION_ESTARGZ, /* gzip members that can be read one by one: pack/pack.h */
};

struct compression_choice {
    enum compression kind;
    int level; /* 0 if there is none to choose */
};

/*
 * "none", "gzip", "zstd", "zstd:LEVEL", of 1 to 19, or "estargz". ERROR_USAGE if it is something
 * else; ERROR_UNSUPPORTED if the library at hand cannot do it.
 */
int compression_parse(const char *text, struct compression_choice *out,
                      struct error *err) MUST_CHECK;
/* What it adds to the media type of a tar: "", "+gzip", "+zstd". */
const char *compression_suffix(const struct compression_choice *choice);
/*
 * All that decides on the compressed bytes, with the library's version: "none", "gzip:6 zlib
 * 1.2.13 block 262144", "zstd:3 libzstd 1.5.4", "estargz 1". Caller frees.
 */
char *compression_version(const struct compression_choice *choice);

/*
 * Compresses what goes to `next`: gzip as one member (RFC 1952) without name and time, zstd as one
 * frame (RFC 8878) with a checksum and without a size. Works with `threads` threads, at least one;
 * the bytes depend neither on their number nor on the sizes of the writes. Memory: for gzip 0.3 MiB
 * and 1.4 MiB more a thread; for zstd what its level wants, about 50 MiB with one thread and 20 MiB
 * more for each other at level 3. `next` is used by the caller's thread. `choice` is
 * COMPRESSION_GZIP or COMPRESSION_ZSTD.
 */
struct writer *compress_writer_new(struct writer *next, const struct compression_choice *choice,
                                   unsigned threads);

/*
 * Members of gzip (RFC 1952) one behind the other, without name and time, whose bytes are stored in
 * blocks of 65,535 and not deflated (RFC 1951, section 3.2.4): each can be read by itself, and how
 * long it is is known beforehand. The bytes depend neither on the sizes of the writes nor on
 * zlib's version; ERROR_UNSUPPORTED from a zlib that has other blocks. Memory: 128 KiB. Belongs to
 * one thread, and does not finish `next`.
 */
struct gzip_members;

struct gzip_members *gzip_members_new(struct writer *next);
/* The next member, of `size` bytes, at least one; it ends by itself when these have come. */
int gzip_members_begin(struct gzip_members *members, uint64_t size, struct error *err) MUST_CHECK;
int gzip_members_add(struct gzip_members *members, const void *data, size_t size,
                     struct error *err) MUST_CHECK;
/* A member without content, and with an extra field (RFC 1952, section 2.3.1.1). */
int gzip_members_mark(struct gzip_members *members, const void *extra, size_t size,
                      struct error *err) MUST_CHECK;
/* Bytes that `next` has got: after the end of a member, where the next one begins. */
uint64_t gzip_members_passed(const struct gzip_members *members);
void gzip_members_free(struct gzip_members *members);
CLEANUP_FREE(gzip_members)
/* Bytes of a member with `size` bytes of content. */
uint64_t gzip_member_size(uint64_t size);

/*
 * Connections and memory that everything fetched ahead in this process shares: `connections`
 * pieces on their way at a time, and blocks of memory for four more. Only whoever has nothing
 * under way and nothing to read may always fetch one piece, so that nobody waits for another.
 * Safe to share.
 */
struct prefetch_pool;

#define PREFETCH_BLOCK ((size_t)(4 * MIB)) /* the largest piece */
#define PREFETCH_TINY ((size_t)(1 * MIB))
#define PREFETCH_CONNECTIONS_MAX 64

/* `connections` is 1 to PREFETCH_CONNECTIONS_MAX. */
struct prefetch_pool *prefetch_pool_new(unsigned connections);
/* Before it is used: as many connections where all pieces are tiny, and requests are what counts.
 */
void prefetch_pool_widen(struct prefetch_pool *pool, unsigned connections);
unsigned prefetch_pool_connections(const struct prefetch_pool *pool);
void prefetch_pool_free(struct prefetch_pool *pool);
CLEANUP_FREE(prefetch_pool)

/*
 * Opens a piece, which has PREFETCH_BLOCK bytes at most; called from several threads. The reader
 * and its opening end soon after `cancel` asks for it.
 */
typedef int prefetch_open_fn(void *arg, size_t number, const struct cancel *cancel,
                             struct reader **out, struct error *err);

struct prefetch_options {
    prefetch_open_fn *open; /* required */
    void *arg;
    size_t count;                /* pieces, numbered from 0 */
    bool is_tiny;                /* none has more than PREFETCH_TINY bytes */
    struct prefetch_pool *pool;  /* required; borrowed */
    const struct cancel *cancel; /* borrowed; may be NULL */
    struct reader *first;        /* the piece 0, already open; taken over; NULL: opened like any */
};

/*
 * Reads pieces in order while the next ones are fetched, each connection by a thread of its own.
 * Begins with two connections and doubles them as long as more bytes come of it; with all of them
 * where pieces are tiny. The first piece that cannot be had ends all of it. Belongs to one thread.
 */
struct prefetch;

struct prefetch *prefetch_new(const struct prefetch_options *options);
/* Bytes of the piece that is next; 0 at its end, when it has come without a failure. */
ssize_t prefetch_read(struct prefetch *prefetch, void *data, size_t size,
                      struct error *err) MUST_CHECK;
/* Goes on to the piece behind it. After the end of a piece only. */
void prefetch_advance(struct prefetch *prefetch);
/* Ends what is under way. */
void prefetch_free(struct prefetch *prefetch);
CLEANUP_FREE(prefetch)

/*
 * Unpacks `next`: gzip of one or more members (RFC 1952), or zstd of one or more frames, skippable
 * ones among them (RFC 8878, windows of up to 512 MiB). ERROR_CORRUPT if it is something else, is
 * damaged, ends in the middle, or has something behind its end. ERROR_UNSUPPORTED above 64 GiB,
 * and, beyond the first GiB, above 1,000 times what was read.
 */
struct reader *gunzip_reader_new(struct reader *next);
struct reader *unzstd_reader_new(struct reader *next);
/* The same of one deflate stream (RFC 1951) by itself, as zip has it, or in zlib's form (RFC 1950).
 */
enum inflate_form {
    INFLATE_PLAIN,
    INFLATE_ZLIB,
};
struct reader *inflate_reader_new(struct reader *next, enum inflate_form form);
/*
 * The one of them that the first bytes of `next` ask for, or neither: then the bytes pass as they
 * are. ERROR_UNSUPPORTED for bzip2 and xz.
 */
struct reader *unpack_reader_new(struct reader *next);

/* Of the libraries as they run: "1.2.13". */
const char *stream_zlib_version(void);
const char *stream_zstd_version(void);

#endif
