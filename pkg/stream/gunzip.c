#include "stream/stream_internal.h"

#include <inttypes.h>
#include <limits.h>
#include <zlib.h>

/* zlib: the largest window, and which header there is: of gzip, of zlib, or none. */
#define GZIP_WINDOW (15 + 16)
#define ZLIB_WINDOW 15
#define PLAIN_WINDOW (-15)

struct gunzip_reader {
    struct reader base;
    struct reader *next; /* borrowed */
    const char *name;    /* of the format, for messages */
    z_stream stream;
    bool in_member;
    bool input_ended;
    uint64_t taken;
    uint64_t made;
    unsigned char input[UNPACK_PART];
};

static int gunzip_fill(struct gunzip_reader *gunzip, struct error *err)
{
    if (gunzip->stream.avail_in > 0 || gunzip->input_ended)
        return 0;
    ssize_t part = reader_read(gunzip->next, gunzip->input, sizeof(gunzip->input), err);
    if (part < 0)
        return -1;
    gunzip->input_ended = part == 0;
    gunzip->stream.next_in = gunzip->input;
    gunzip->stream.avail_in = (uInt)part;
    gunzip->taken += (uint64_t)part;
    return 0;
}

/* One step; *ended once the last member is complete and nothing is behind it. */
static int gunzip_step(struct gunzip_reader *gunzip, bool *ended, struct error *err)
{
    z_stream *stream = &gunzip->stream;

    if (gunzip_fill(gunzip, err) < 0)
        return -1;
    *ended = !gunzip->in_member && stream->avail_in == 0;
    if (*ended)
        return 0;
    if (!gunzip->in_member && inflateReset(stream) != Z_OK)
        return error_set(err, ERROR_INTERNAL, "zlib does not begin anew");
    gunzip->in_member = true;

    int status = inflate(stream, Z_NO_FLUSH);
    if (status == Z_STREAM_END)
        gunzip->in_member = false;
    else if (status == Z_BUF_ERROR && stream->avail_in == 0 && gunzip->input_ended)
        return error_set(err, ERROR_CORRUPT,
                         "the %s stream ends after %" PRIu64 " bytes, in the middle", gunzip->name,
                         gunzip->taken);
    else if (status != Z_OK && status != Z_BUF_ERROR)
        return error_set(err, ERROR_CORRUPT, "the %s stream is damaged: %s", gunzip->name,
                         stream->msg != NULL ? stream->msg : "zlib gives no reason");
    return 0;
}

static ssize_t gunzip_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    struct gunzip_reader *gunzip = CONTAINER_OF(reader, struct gunzip_reader, base);
    uInt room = size < INT_MAX ? (uInt)size : INT_MAX;
    bool ended = false;

    gunzip->stream.next_out = data;
    gunzip->stream.avail_out = room;
    while (!ended && gunzip->stream.avail_out == room)
        if (gunzip_step(gunzip, &ended, err) < 0)
            return -1;
    gunzip->made += room - gunzip->stream.avail_out;
    if (unpack_check(gunzip->taken, gunzip->made, err) < 0)
        return -1;
    return (ssize_t)(room - gunzip->stream.avail_out);
}

static void gunzip_free(struct reader *reader)
{
    struct gunzip_reader *gunzip = CONTAINER_OF(reader, struct gunzip_reader, base);

    inflateEnd(&gunzip->stream);
    free(gunzip);
}

static struct reader *new_reader(struct reader *next, const char *name, int window)
{
    static const struct reader_ops ops = {gunzip_read, gunzip_free};
    struct gunzip_reader *gunzip = xcalloc(1, sizeof(*gunzip));

    gunzip->base.ops = &ops;
    gunzip->next = next;
    gunzip->name = name;
    gunzip->in_member = true; /* so that an empty input is one that ends early */
    if (inflateInit2(&gunzip->stream, window) != Z_OK)
        out_of_memory();
    return &gunzip->base;
}

struct reader *gunzip_reader_new(struct reader *next)
{
    return new_reader(next, "gzip", GZIP_WINDOW);
}

struct reader *inflate_reader_new(struct reader *next, enum inflate_form form)
{
    return form == INFLATE_ZLIB ? new_reader(next, "zlib", ZLIB_WINDOW)
                                : new_reader(next, "deflate", PLAIN_WINDOW);
}
