#include "stream/stream_internal.h"

#include <inttypes.h>
#include <zstd.h>
#include <zstd_errors.h>

/* 512 MiB: the largest window that container runtimes read; zstd itself stops at 128 MiB. */
#define WINDOW_LOG_MAX 29

struct unzstd_reader {
    struct reader base;
    struct reader *next; /* borrowed */
    ZSTD_DCtx *context;
    ZSTD_inBuffer input;
    bool in_frame;
    bool input_ended;
    uint64_t taken;
    uint64_t made;
    unsigned char bytes[UNPACK_PART];
};

static int unzstd_fill(struct unzstd_reader *unzstd, struct error *err)
{
    if (unzstd->input.pos < unzstd->input.size || unzstd->input_ended)
        return 0;
    ssize_t part = reader_read(unzstd->next, unzstd->bytes, sizeof(unzstd->bytes), err);
    if (part < 0)
        return -1;
    unzstd->input_ended = part == 0;
    unzstd->input = (ZSTD_inBuffer){unzstd->bytes, (size_t)part, 0};
    unzstd->taken += (uint64_t)part;
    return 0;
}

static int unzstd_refuse(size_t code, struct error *err)
{
    if (ZSTD_getErrorCode(code) == ZSTD_error_frameParameter_windowTooLarge)
        return error_set(err, ERROR_UNSUPPORTED,
                         "the zstd stream needs a window of more than %zu MiB",
                         (size_t)1 << (WINDOW_LOG_MAX - 20));
    return error_set(err, ERROR_CORRUPT, "the zstd stream is damaged: %s", ZSTD_getErrorName(code));
}

/* One step; *ended once the last frame is complete and nothing is behind it. */
static int unzstd_step(struct unzstd_reader *unzstd, ZSTD_outBuffer *output, bool *ended,
                       struct error *err)
{
    if (unzstd_fill(unzstd, err) < 0)
        return -1;
    bool is_dry = unzstd->input.pos == unzstd->input.size;
    *ended = !unzstd->in_frame && is_dry;
    if (*ended)
        return 0;

    size_t left = ZSTD_decompressStream(unzstd->context, output, &unzstd->input);
    if (ZSTD_isError(left))
        return unzstd_refuse(left, err);
    unzstd->in_frame = left > 0;
    if (unzstd->in_frame && is_dry && output->pos == 0)
        return error_set(err, ERROR_CORRUPT,
                         "the zstd stream ends after %" PRIu64 " bytes, in the middle",
                         unzstd->taken);
    return 0;
}

static ssize_t unzstd_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    struct unzstd_reader *unzstd = CONTAINER_OF(reader, struct unzstd_reader, base);
    ZSTD_outBuffer output = {data, size, 0};
    bool ended = false;

    while (!ended && output.pos == 0)
        if (unzstd_step(unzstd, &output, &ended, err) < 0)
            return -1;
    unzstd->made += output.pos;
    if (unpack_check(unzstd->taken, unzstd->made, err) < 0)
        return -1;
    return (ssize_t)output.pos;
}

static void unzstd_free(struct reader *reader)
{
    struct unzstd_reader *unzstd = CONTAINER_OF(reader, struct unzstd_reader, base);

    ZSTD_freeDCtx(unzstd->context);
    free(unzstd);
}

struct reader *unzstd_reader_new(struct reader *next)
{
    static const struct reader_ops ops = {unzstd_read, unzstd_free};
    struct unzstd_reader *unzstd = xcalloc(1, sizeof(*unzstd));

    unzstd->base.ops = &ops;
    unzstd->next = next;
    unzstd->in_frame = true; /* so that an empty input is one that ends early */
    unzstd->context = ZSTD_createDCtx();
    if (unzstd->context == NULL ||
        ZSTD_isError(ZSTD_DCtx_setParameter(unzstd->context, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
        out_of_memory();
    return &unzstd->base;
}
