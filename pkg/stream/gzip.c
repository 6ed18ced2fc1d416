#include "stream/stream_internal.h"

#include <pthread.h>
#include <string.h>
#include <zlib.h>

/* What deflate looks back at (RFC 1951): a block begins with the end of the one before in mind. */
#define WINDOW ((size_t)32 * 1024)
#define WINDOW_BITS 15
#define MEMORY_LEVEL 8
/* Beyond deflateBound(), which counts with the end of a stream: the end of a flush. */
#define FLUSH_ROOM 256

/* A run of GZIP_BLOCK bytes, or what is left at the end, that one thread deflates. */
struct gzip_block {
    unsigned char *input; /* WINDOW bytes, then its own; NULL until it is used */
    unsigned char *output;
    size_t window; /* bytes in front of its own that are the end of the block before */
    size_t size;
    size_t packed; /* bytes of output; 0: deflate does not do as it should */
    uLong crc;
    bool is_last;
    bool is_done; /* guarded by the writer's lock */
};

/*
 * One member. Its owner fills blocks and passes on what became of them, in order; threads deflate
 * them, each by itself, so that the bytes do not depend on their number. They wait for blocks
 * alone, and the owner for them.
 */
struct gzip_writer {
    struct writer base;
    struct writer *next; /* borrowed */
    int level;
    size_t room; /* for the output of a block */
    struct gzip_block *blocks;
    size_t block_count;
    struct gzip_block *current; /* that is being filled; NULL: the next one has to be begun */
    size_t passed;              /* blocks that `next` has taken */
    uLong crc;
    uint64_t size;
    pthread_t *threads;
    unsigned thread_count;
    unsigned threads_max;

    pthread_mutex_t lock; /* guards the following */
    pthread_cond_t changed;
    size_t filled; /* blocks that were handed over */
    size_t taken;  /* and of them, those that a thread has taken */
    bool is_over;  /* no more come, and none is wanted */
};

/* Raw deflate: header and trailer are around all blocks. */
static void deflate_open(z_stream *stream, int level)
{
    *stream = (z_stream){0};
    if (deflateInit2(stream, level, Z_DEFLATED, -WINDOW_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        out_of_memory();
}

/* A block ends with a flush, so that its bytes are whole; the last one ends the stream. */
static void deflate_block(z_stream *stream, struct gzip_block *block, size_t room)
{
    unsigned char *own = block->input + WINDOW;

    block->packed = 0;
    block->crc = crc32_z(crc32_z(0, NULL, 0), own, block->size);
    if (deflateReset(stream) != Z_OK)
        return;
    if (block->window > 0 &&
        deflateSetDictionary(stream, own - block->window, (uInt)block->window) != Z_OK)
        return;
    stream->next_in = own;
    stream->avail_in = (uInt)block->size;
    stream->next_out = block->output;
    stream->avail_out = (uInt)room;
    int status = deflate(stream, block->is_last ? Z_FINISH : Z_SYNC_FLUSH);
    if (stream->avail_in == 0 && stream->avail_out > 0 &&
        status == (block->is_last ? Z_STREAM_END : Z_OK))
        block->packed = room - stream->avail_out;
}

static struct gzip_block *block_at(const struct gzip_writer *gzip, size_t number)
{
    return &gzip->blocks[number % gzip->block_count];
}

/* Waits for a block to deflate; NULL if none comes. */
static struct gzip_block *take_block(struct gzip_writer *gzip)
{
    struct gzip_block *block = NULL;

    pthread_mutex_lock(&gzip->lock);
    while (gzip->taken == gzip->filled && !gzip->is_over)
        pthread_cond_wait(&gzip->changed, &gzip->lock);
    if (!gzip->is_over)
        block = block_at(gzip, gzip->taken++);
    pthread_mutex_unlock(&gzip->lock);
    return block;
}

static void *gzip_run(void *arg)
{
    struct gzip_writer *gzip = arg;
    struct gzip_block *block;
    z_stream stream;

    deflate_open(&stream, gzip->level);
    for (block = take_block(gzip); block != NULL; block = take_block(gzip)) {
        deflate_block(&stream, block, gzip->room);
        pthread_mutex_lock(&gzip->lock);
        block->is_done = true;
        pthread_cond_broadcast(&gzip->changed);
        pthread_mutex_unlock(&gzip->lock);
    }
    deflateEnd(&stream);
    return NULL;
}

/* Where there are no threads, its owner deflates it. */
static void wait_for_block(struct gzip_writer *gzip, struct gzip_block *block)
{
    z_stream stream;

    if (gzip->thread_count == 0) {
        deflate_open(&stream, gzip->level);
        deflate_block(&stream, block, gzip->room);
        deflateEnd(&stream);
        return;
    }
    pthread_mutex_lock(&gzip->lock);
    while (!block->is_done)
        pthread_cond_wait(&gzip->changed, &gzip->lock);
    pthread_mutex_unlock(&gzip->lock);
}

/* RFC 1952, section 2.3: no name, no time, so that the same bytes are the same member. */
static int pass_header(struct gzip_writer *gzip, struct error *err)
{
    static const unsigned char header[] = {0x1f, 0x8b, Z_DEFLATED, 0, 0, 0, 0, 0, 0, 3};

    return writer_write(gzip->next, header, sizeof(header), err);
}

static int pass_trailer(struct gzip_writer *gzip, struct error *err)
{
    unsigned char trailer[8];

    for (unsigned i = 0; i < 4; i++) {
        trailer[i] = (unsigned char)(gzip->crc >> (8 * i));
        trailer[4 + i] = (unsigned char)(gzip->size >> (8 * i));
    }
    return writer_write(gzip->next, trailer, sizeof(trailer), err);
}

static int pass_block(struct gzip_writer *gzip, struct error *err)
{
    struct gzip_block *block = block_at(gzip, gzip->passed);

    if (gzip->passed == 0 && pass_header(gzip, err) < 0)
        return -1;
    wait_for_block(gzip, block);
    if (block->packed == 0)
        return error_set(err, ERROR_INTERNAL, "zlib %s does not deflate", zlibVersion());
    gzip->crc = crc32_combine(gzip->crc, block->crc, (z_off_t)block->size);
    gzip->size += block->size;
    gzip->passed++;
    return writer_write(gzip->next, block->output, block->packed, err);
}

/* The block that is being filled; it is emptied first, by the one that has it now. */
static int begin_block(struct gzip_writer *gzip, struct gzip_block **out, struct error *err)
{
    struct gzip_block *block = block_at(gzip, gzip->filled);

    if (gzip->filled - gzip->passed == gzip->block_count && pass_block(gzip, err) < 0)
        return -1;
    if (block->input == NULL) {
        block->input = xcalloc(1, WINDOW + GZIP_BLOCK);
        block->output = xcalloc(1, gzip->room);
    }
    block->size = 0;
    block->is_done = false;
    block->window = gzip->filled > 0 ? WINDOW : 0;
    if (gzip->filled > 0) {
        const struct gzip_block *before = block_at(gzip, gzip->filled - 1);
        memcpy(block->input, before->input + before->size, WINDOW); /* the last of its own */
    }
    *out = block;
    return 0;
}

/* One thread more for each block, as many as there may be. What fits into one needs none. */
static void add_thread(struct gzip_writer *gzip)
{
    pthread_t *thread = &gzip->threads[gzip->thread_count];

    if (gzip->thread_count == gzip->threads_max)
        return;
    if (pthread_create(thread, NULL, gzip_run, gzip) == 0)
        gzip->thread_count++;
    else
        gzip->threads_max = gzip->thread_count; /* no more can be had */
}

static void hand_over(struct gzip_writer *gzip, struct gzip_block *block, bool is_last)
{
    block->is_last = is_last;
    pthread_mutex_lock(&gzip->lock);
    gzip->filled++;
    pthread_cond_broadcast(&gzip->changed);
    pthread_mutex_unlock(&gzip->lock);
    if (!is_last)
        add_thread(gzip);
}

static int gzip_write(struct writer *writer, const void *data, size_t size, struct error *err)
{
    struct gzip_writer *gzip = CONTAINER_OF(writer, struct gzip_writer, base);
    const char *from = data;

    while (size > 0) {
        struct gzip_block *block = gzip->current;
        if (block == NULL && begin_block(gzip, &block, err) < 0)
            return -1;
        size_t part = GZIP_BLOCK - block->size < size ? GZIP_BLOCK - block->size : size;
        memcpy(block->input + WINDOW + block->size, from, part);
        block->size += part;
        from += part;
        size -= part;
        gzip->current = block;
        if (block->size == GZIP_BLOCK) {
            hand_over(gzip, block, false);
            gzip->current = NULL;
        }
    }
    return 0;
}

/* The last block is what is left, be it nothing. */
static int gzip_finish(struct writer *writer, struct error *err)
{
    struct gzip_writer *gzip = CONTAINER_OF(writer, struct gzip_writer, base);
    struct gzip_block *block = gzip->current;

    if (block == NULL && begin_block(gzip, &block, err) < 0)
        return -1;
    hand_over(gzip, block, true);
    gzip->current = NULL;
    while (gzip->passed < gzip->filled)
        if (pass_block(gzip, err) < 0)
            return -1;
    if (pass_trailer(gzip, err) < 0)
        return -1;
    return writer_finish(gzip->next, err);
}

static void gzip_free(struct writer *writer)
{
    struct gzip_writer *gzip = CONTAINER_OF(writer, struct gzip_writer, base);

    pthread_mutex_lock(&gzip->lock);
    gzip->is_over = true;
    pthread_cond_broadcast(&gzip->changed);
    pthread_mutex_unlock(&gzip->lock);
    for (unsigned i = 0; i < gzip->thread_count; i++)
        pthread_join(gzip->threads[i], NULL);
    for (size_t i = 0; i < gzip->block_count; i++) {
        free(gzip->blocks[i].input);
        free(gzip->blocks[i].output);
    }
    pthread_cond_destroy(&gzip->changed);
    pthread_mutex_destroy(&gzip->lock);
    free(gzip->blocks);
    free(gzip->threads);
    free(gzip);
}

static size_t measure_room(int level)
{
    z_stream stream;

    deflate_open(&stream, level);
    size_t room = deflateBound(&stream, GZIP_BLOCK) + FLUSH_ROOM;
    deflateEnd(&stream);
    return room;
}

struct writer *gzip_writer_new(struct writer *next, int level, unsigned threads)
{
    static const struct writer_ops ops = {
        .write = gzip_write, .finish = gzip_finish, .free = gzip_free};
    struct gzip_writer *gzip = xcalloc(1, sizeof(*gzip));

    gzip->base.ops = &ops;
    gzip->next = next;
    gzip->level = level;
    gzip->room = measure_room(level);
    gzip->threads_max = threads > 0 ? threads : 1;
    gzip->threads = xcalloc(gzip->threads_max, sizeof(*gzip->threads));
    gzip->block_count = (size_t)2 * gzip->threads_max;
    gzip->blocks = xcalloc(gzip->block_count, sizeof(*gzip->blocks));
    gzip->crc = crc32_z(0, NULL, 0);
    pthread_mutex_init(&gzip->lock, NULL);
    pthread_cond_init(&gzip->changed, NULL);
    return &gzip->base;
}

const char *stream_zlib_version(void)
{
    return zlibVersion();
}
