#include "stream/stream.h"

#include <string.h>
#include <zlib.h>

#define BLOCK_MAX ((size_t)65535) /* of a stored block (RFC 1951, section 3.2.4) */
#define BLOCK_HEADER 5
#define MEMBER_HEADER 10
#define MEMBER_TRAILER 8
/* What zlib keeps for matches, which there are none of: as little as it takes. */
#define WINDOW_BITS (16 + 9)
#define MEMORY_LEVEL 1
#define ROOM (BLOCK_MAX + 64)

struct gzip_members {
    struct writer *next; /* borrowed */
    z_stream stream;
    uint64_t left;   /* of the member's content; 0: none is open */
    bool has_begun;  /* its header is written */
    uint64_t passed; /* bytes that `next` has got */
    size_t held;     /* bytes in `input` */
    unsigned char input[BLOCK_MAX];
    unsigned char output[ROOM];
};

struct gzip_members *gzip_members_new(struct writer *next)
{
    struct gzip_members *members = xcalloc(1, sizeof(*members));

    members->next = next;
    if (deflateInit2(&members->stream, 0, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        out_of_memory();
    return members;
}

void gzip_members_free(struct gzip_members *members)
{
    if (members == NULL)
        return;
    deflateEnd(&members->stream);
    free(members);
}

uint64_t gzip_member_size(uint64_t size)
{
    uint64_t blocks = size > 0 ? (size + BLOCK_MAX - 1) / BLOCK_MAX : 1;

    return MEMBER_HEADER + blocks * BLOCK_HEADER + size + MEMBER_TRAILER;
}

uint64_t gzip_members_passed(const struct gzip_members *members)
{
    return members->passed;
}

static int refuse(struct error *err)
{
    return error_set(err, ERROR_UNSUPPORTED,
                     "zlib %s does not store bytes in the blocks that an eStargz layer has; use a "
                     "zlib of 1.2.11 or later",
                     zlibVersion());
}

/* One block; `size` bytes, BLOCK_MAX unless it is the last one of its member. */
static int pass_block(struct gzip_members *members, const void *data, size_t size,
                      struct error *err)
{
    z_stream *stream = &members->stream;
    bool is_last = members->left == size;
    size_t expected = size + BLOCK_HEADER + (members->has_begun ? 0 : MEMBER_HEADER) +
                      (is_last ? MEMBER_TRAILER : 0);

    stream->next_in = (Bytef *)(uintptr_t)data;
    stream->avail_in = (uInt)size;
    stream->next_out = members->output;
    stream->avail_out = (uInt)ROOM;
    int status = deflate(stream, is_last ? Z_FINISH : Z_NO_FLUSH);
    size_t made = ROOM - stream->avail_out;
    if (status != (is_last ? Z_STREAM_END : Z_OK) || made != expected)
        return refuse(err);
    members->has_begun = true;
    members->left -= size;
    members->passed += made;
    return writer_write(members->next, members->output, made, err);
}

int gzip_members_begin(struct gzip_members *members, uint64_t size, struct error *err)
{
    if (members->left > 0 || size == 0)
        return error_set(err, ERROR_INTERNAL, "a gzip member begins inside of another");
    if (deflateReset(&members->stream) != Z_OK)
        return refuse(err);
    members->left = size;
    members->has_begun = false;
    return 0;
}

int gzip_members_add(struct gzip_members *members, const void *data, size_t size, struct error *err)
{
    const unsigned char *at = data;

    if (size > members->left - members->held)
        return error_set(err, ERROR_INTERNAL, "a gzip member has more bytes than it was to have");
    while (size > 0) {
        size_t block = members->left < BLOCK_MAX ? (size_t)members->left : BLOCK_MAX;
        if (members->held == 0 && size >= block) {
            if (pass_block(members, at, block, err) < 0)
                return -1;
            at += block;
            size -= block;
            continue;
        }
        size_t part = block - members->held < size ? block - members->held : size;
        memcpy(members->input + members->held, at, part);
        members->held += part;
        at += part;
        size -= part;
        if (members->held < block)
            continue;
        members->held = 0;
        if (pass_block(members, members->input, block, err) < 0)
            return -1;
    }
    return 0;
}

int gzip_members_mark(struct gzip_members *members, const void *extra, size_t size,
                      struct error *err)
{
    z_stream *stream = &members->stream;
    gz_header header = {
        .extra = (Bytef *)(uintptr_t)extra, .extra_len = (uInt)size, .os = 255 /* unknown */};

    if (deflateReset(stream) != Z_OK || deflateSetHeader(stream, &header) != Z_OK)
        return refuse(err);
    stream->next_in = NULL;
    stream->avail_in = 0;
    stream->next_out = members->output;
    stream->avail_out = (uInt)ROOM;
    int status = deflate(stream, Z_FINISH);
    size_t made = ROOM - stream->avail_out;
    if (status != Z_STREAM_END || made != gzip_member_size(0) + 2 + size)
        return refuse(err);
    members->passed += made;
    return writer_write(members->next, members->output, made, err);
}
