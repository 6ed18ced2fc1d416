#include "stream/stream_internal.h"

#include <zstd.h>

struct zstd_writer {
    struct writer base;
    struct writer *next; /* borrowed */
    ZSTD_CCtx *context;
    size_t trouble; /* what zstd said when it was set up */
    size_t room;
    char *output;
};

static int zstd_refuse(size_t code, struct error *err)
{
    return error_set(err, ERROR_LOCAL, "zstd does not compress: %s", ZSTD_getErrorName(code));
}

/* Hands all of the input over; with ZSTD_e_end, until nothing is left inside. */
static int zstd_pass(struct zstd_writer *zstd, ZSTD_inBuffer *input, ZSTD_EndDirective how,
                     struct error *err)
{
    size_t left;

    if (ZSTD_isError(zstd->trouble))
        return zstd_refuse(zstd->trouble, err);
    do {
        ZSTD_outBuffer output = {zstd->output, zstd->room, 0};
        left = ZSTD_compressStream2(zstd->context, &output, input, how);
        if (ZSTD_isError(left))
            return zstd_refuse(left, err);
        if (output.pos > 0 && writer_write(zstd->next, zstd->output, output.pos, err) < 0)
            return -1;
    } while (input->pos < input->size || (how == ZSTD_e_end && left > 0));
    return 0;
}

static int zstd_write(struct writer *writer, const void *data, size_t size, struct error *err)
{
    struct zstd_writer *zstd = CONTAINER_OF(writer, struct zstd_writer, base);
    ZSTD_inBuffer input = {data, size, 0};

    return zstd_pass(zstd, &input, ZSTD_e_continue, err);
}

static int zstd_finish(struct writer *writer, struct error *err)
{
    struct zstd_writer *zstd = CONTAINER_OF(writer, struct zstd_writer, base);
    ZSTD_inBuffer input = {NULL, 0, 0};

    if (zstd_pass(zstd, &input, ZSTD_e_end, err) < 0)
        return -1;
    return writer_finish(zstd->next, err);
}

static void zstd_free(struct writer *writer)
{
    struct zstd_writer *zstd = CONTAINER_OF(writer, struct zstd_writer, base);

    ZSTD_freeCCtx(zstd->context);
    free(zstd->output);
    free(zstd);
}

static void zstd_set(struct zstd_writer *zstd, ZSTD_cParameter parameter, int value)
{
    size_t code = ZSTD_CCtx_setParameter(zstd->context, parameter, value);

    if (!ZSTD_isError(zstd->trouble))
        zstd->trouble = code;
}

struct writer *zstd_writer_new(struct writer *next, int level, unsigned threads)
{
    static const struct writer_ops ops = {
        .write = zstd_write, .finish = zstd_finish, .free = zstd_free};
    struct zstd_writer *zstd = xcalloc(1, sizeof(*zstd));

    zstd->base.ops = &ops;
    zstd->next = next;
    zstd->room = ZSTD_CStreamOutSize();
    zstd->output = xcalloc(1, zstd->room);
    zstd->context = ZSTD_createCCtx();
    if (zstd->context == NULL)
        out_of_memory();
    zstd_set(zstd, ZSTD_c_compressionLevel, level);
    zstd_set(zstd, ZSTD_c_checksumFlag, 1);
    /* One worker at least: without workers zstd produces other bytes, and so another digest. */
    zstd_set(zstd, ZSTD_c_nbWorkers, threads > 0 ? (int)threads : 1);
    return &zstd->base;
}

const char *stream_zstd_version(void)
{
    return ZSTD_versionString();
}
