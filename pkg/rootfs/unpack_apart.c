#include "rootfs/rootfs_internal.h"

#include "sandbox/sandbox.h"

#define PART_SIZE ((size_t)128 * 1024)
#define RECORD_BYTES 'b'

/* What is unpacked, at the side that has it. */
struct packed {
    struct reader base;
    struct reader *stored; /* borrowed */
    struct reader *plain;  /* what the process gives */
    uint64_t position;
};

/* It has one stream, which is read once. */
static int read_packed(void *arg, const struct sandbox_range *range, struct buf *out,
                       struct error *err)
{
    struct packed *packed = arg;
    char part[PART_SIZE];

    if (range->offset != packed->position || range->size > sizeof(part))
        return error_set(err, ERROR_CORRUPT, "the process that reads it asks for other bytes");
    ssize_t size = reader_read(packed->stored, part, range->size, err);
    if (size < 0)
        return -1;
    buf_add(out, part, (size_t)size);
    packed->position += (uint64_t)size;
    return 0;
}

static ssize_t packed_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    return reader_read(CONTAINER_OF(reader, struct packed, base)->plain, data, size, err);
}

static void packed_free(struct reader *reader)
{
    struct packed *packed = CONTAINER_OF(reader, struct packed, base);

    reader_free(packed->plain);
    free(packed);
}

int unpack_apart(const struct sandbox *sandbox, struct reader *packed, struct reader **out,
                 struct error *err)
{
    static const struct reader_ops ops = {packed_read, packed_free};
    const struct buf nothing = BUF_INIT;
    const struct sandbox_call call = {ROOTFS_JOB_UNPACK, "a packed layer", &nothing, NULL};
    struct packed *new = xcalloc(1, sizeof(*new));
    CLEANUP(reader) struct reader *reader = &new->base;
    const struct sandbox_input input = {read_packed, new};
    struct sandbox_talk *talk = NULL;

    *new = (struct packed){.base.ops = &ops, .stored = packed};
    if (sandbox_talk_start(sandbox, &call, &input, &talk, err) < 0)
        return -1;
    if (talk == NULL) {
        *out = unpack_reader_new(packed);
        return 0;
    }
    new->plain = sandbox_talk_reader_new(talk, RECORD_BYTES);
    *out = TAKE(reader);
    return 0;
}

/* The other side. */

static int serve(void *arg, const struct buf *question, struct error *err)
{
    CLEANUP(reader)
    struct reader *packed =
        sandbox_pull_reader_new(&(struct sandbox_range){0, UINT64_MAX, PART_SIZE});
    CLEANUP(reader) struct reader *plain = unpack_reader_new(packed);
    CLEANUP(text) char *part = xmalloc(PART_SIZE);
    ssize_t size = 0;

    (void)arg;
    (void)question;
    while ((size = reader_read(plain, part, PART_SIZE, err)) > 0)
        if (sandbox_tell(RECORD_BYTES, part, (size_t)size, err) < 0)
            return -1;
    return size < 0 ? -1 : 0;
}

int rootfs_serve_unpack(void)
{
    return sandbox_serve_talk(
        &(struct sandbox_job){.name = ROOTFS_JOB_UNPACK, .serve = serve, .outlives_thread = true});
}
