#include "stream/stream.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

#define SLOT_SIZE ((size_t)256 * 1024)
#define SLOT_COUNT 4

enum async_state {
    ASYNC_HELD,    /* what has come fits into one slot: no thread yet */
    ASYNC_RUNNING, /* the thread passes slots on */
    ASYNC_DIRECT,  /* there is no thread to be had: every write goes straight to `next` */
    ASYNC_BROKEN,  /* `next` has said why */
};

/*
 * Slots are filled and passed on in order. Waits are for the thread, which waits for `next` alone,
 * or for the writer's owner, who finishes or frees it in the end.
 */
struct async_writer {
    struct writer base;
    struct writer *next; /* borrowed */
    enum async_state state;
    pthread_t thread;
    char *slots;
    size_t held; /* bytes in the slot that is being filled */

    pthread_mutex_t lock; /* guards the following */
    pthread_cond_t changed;
    size_t filled; /* slots that were handed over */
    size_t passed; /* and of them, those that `next` has taken */
    size_t sizes[SLOT_COUNT];
    bool is_last;      /* no more come */
    bool is_abandoned; /* and those that are there are not wanted */
    struct error error;
};

static char *slot_data(const struct async_writer *async, size_t number)
{
    return async->slots + number % SLOT_COUNT * SLOT_SIZE;
}

/* Waits for a slot to pass on; false if there is none to come. */
static bool take_slot(struct async_writer *async, const char **data, size_t *size)
{
    pthread_mutex_lock(&async->lock);
    while (async->passed == async->filled && !async->is_last)
        pthread_cond_wait(&async->changed, &async->lock);
    bool is_there = async->passed < async->filled && !async->is_abandoned;
    *data = slot_data(async, async->passed);
    *size = async->sizes[async->passed % SLOT_COUNT];
    pthread_mutex_unlock(&async->lock);
    return is_there;
}

static void *async_run(void *arg)
{
    struct async_writer *async = arg;
    CLEANUP(error) struct error err = ERROR_INIT;
    const char *data = NULL;
    size_t size = 0;

    while (take_slot(async, &data, &size)) {
        int result = writer_write(async->next, data, size, &err);
        pthread_mutex_lock(&async->lock);
        if (result < 0)
            error_move(&async->error, &err);
        else
            async->passed++;
        pthread_cond_signal(&async->changed);
        pthread_mutex_unlock(&async->lock);
        if (result < 0)
            return NULL;
        error_release(&err); /* of a try that did not work, before the one that did */
    }
    return NULL;
}

/* What stopped the thread, if anything did. */
static int check_error(struct async_writer *async, struct error *err)
{
    int result = 0;

    pthread_mutex_lock(&async->lock);
    if (async->error.kind != ERROR_NONE)
        result = error_set(err, async->error.kind, "%s", async->error.text);
    pthread_mutex_unlock(&async->lock);
    return result;
}

/* Hands the slot over that was being filled. */
static void hand_over(struct async_writer *async)
{
    pthread_mutex_lock(&async->lock);
    async->sizes[async->filled % SLOT_COUNT] = async->held;
    async->filled++;
    pthread_cond_signal(&async->changed);
    pthread_mutex_unlock(&async->lock);
    async->held = 0;
}

static int wait_for_room(struct async_writer *async, struct error *err)
{
    pthread_mutex_lock(&async->lock);
    while (async->filled - async->passed == SLOT_COUNT && async->error.kind == ERROR_NONE)
        pthread_cond_wait(&async->changed, &async->lock);
    pthread_mutex_unlock(&async->lock);
    return check_error(async, err);
}

static bool has_several_cores(void)
{
    cpu_set_t cores;

    return sched_getaffinity(0, sizeof(cores), &cores) != 0 || CPU_COUNT(&cores) > 1;
}

/* The first slot is full. */
static int begin(struct async_writer *async, struct error *err)
{
    if (has_several_cores() && pthread_create(&async->thread, NULL, async_run, async) == 0) {
        async->state = ASYNC_RUNNING;
        return 0;
    }
    async->state = ASYNC_DIRECT;
    size_t held = async->held;
    async->held = 0;
    return writer_write(async->next, slot_data(async, 0), held, err);
}

static int async_fill(struct async_writer *async, const char *data, size_t size, struct error *err)
{
    while (size > 0) {
        if (async->held == SLOT_SIZE) {
            if (async->state == ASYNC_HELD && begin(async, err) < 0)
                return -1;
            if (async->state == ASYNC_DIRECT)
                return writer_write(async->next, data, size, err);
            hand_over(async);
            if (wait_for_room(async, err) < 0)
                return -1;
        }
        size_t part = SLOT_SIZE - async->held;
        if (part > size)
            part = size;
        memcpy(slot_data(async, async->filled) + async->held, data, part);
        async->held += part;
        data += part;
        size -= part;
    }
    return 0;
}

static int async_write(struct writer *writer, const void *data, size_t size, struct error *err)
{
    struct async_writer *async = CONTAINER_OF(writer, struct async_writer, base);

    switch (async->state) {
    case ASYNC_DIRECT:
        return writer_write(async->next, data, size, err);
    case ASYNC_BROKEN:
        return check_error(async, err);
    case ASYNC_HELD:
    case ASYNC_RUNNING:
        break;
    }
    return async_fill(async, data, size, err);
}

/* Nothing more comes: the thread ends when it has passed on what there is, or at once. */
static void end_thread(struct async_writer *async, bool is_abandoned)
{
    if (async->state != ASYNC_RUNNING)
        return;
    pthread_mutex_lock(&async->lock);
    async->is_last = true;
    async->is_abandoned = is_abandoned;
    pthread_cond_signal(&async->changed);
    pthread_mutex_unlock(&async->lock);
    pthread_join(async->thread, NULL);
    async->state = ASYNC_BROKEN; /* it takes nothing more */
}

static int async_finish(struct writer *writer, struct error *err)
{
    struct async_writer *async = CONTAINER_OF(writer, struct async_writer, base);

    if (async->state == ASYNC_RUNNING && async->held > 0)
        hand_over(async);
    end_thread(async, false);
    if (check_error(async, err) < 0)
        return -1;
    if (async->state == ASYNC_HELD && async->held > 0 &&
        writer_write(async->next, async->slots, async->held, err) < 0)
        return -1;
    return writer_finish(async->next, err);
}

static void async_free(struct writer *writer)
{
    struct async_writer *async = CONTAINER_OF(writer, struct async_writer, base);

    end_thread(async, true);
    pthread_cond_destroy(&async->changed);
    pthread_mutex_destroy(&async->lock);
    error_release(&async->error);
    free(async->slots);
    free(async);
}

struct writer *async_writer_new(struct writer *next)
{
    static const struct writer_ops ops = {async_write, async_finish, async_free};
    struct async_writer *async = xcalloc(1, sizeof(*async));

    async->base.ops = &ops;
    async->next = next;
    async->slots = xcalloc(SLOT_COUNT, SLOT_SIZE);
    pthread_mutex_init(&async->lock, NULL);
    pthread_cond_init(&async->changed, NULL);
    return &async->base;
}
