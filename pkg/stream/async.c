#include "stream/stream.h"

#include "core/clock.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#define SLOT_SIZE ((size_t)256 * 1024)
/*
 * Of one ring of the process, and of others that are in use beside it. Threads that share few cores
 * run for some milliseconds each: the ring has work for as long, or a core has none.
 */
#define SLOTS_MOST 40
#define SLOTS_LEAST 12
#define SLOTS_SHARE 4
/* But whoever fills them as slowly as that offers each at once. */
#define SLOW_MS 100

enum async_state {
    ASYNC_HELD,    /* what has come fits into one slot: no threads yet */
    ASYNC_RUNNING, /* the threads take slots */
    ASYNC_DIRECT,  /* there is no thread to be had: every write goes straight on */
    ASYNC_BROKEN,  /* `next` has said why */
};

struct async_writer;

/* One of those that take every slot: a hash, or `next`. */
struct lane {
    struct async_writer *async;
    int (*take)(struct async_writer *async, const char *data, size_t size, struct error *err);
    pthread_t thread;
    bool has_thread;
    size_t passed; /* slots that it has taken; guarded by the lock */
};

/*
 * Slots are filled in order, and free again when all lanes have taken them. Waits are for a lane,
 * which waits for `next` at most, or for the writer's owner, who finishes or frees it in the end.
 */
struct async_writer {
    struct writer base;
    struct writer *next; /* borrowed */
    struct hasher *hasher;
    struct digest *digest; /* borrowed, and so is `size` */
    uint64_t *size;
    uint64_t total;
    enum async_state state;
    struct lane hashing; /* without a thread: `writing` hashes, too */
    struct lane writing;
    char *slots; /* one, until there are lanes */
    size_t slot_count;
    bool is_long; /* has the slots of the long ring */
    size_t held;  /* bytes in the slot that is being filled */

    pthread_mutex_t lock; /* guards the following */
    pthread_cond_t come;
    pthread_cond_t gone;
    size_t filled;  /* slots that were handed over */
    size_t offered; /* and of these, those that the lanes may take */
    uint64_t offered_ms;
    size_t sizes[SLOTS_MOST];
    bool is_last;      /* no more come */
    bool is_abandoned; /* and those that are there are not wanted */
    struct error error;
};

static char *slot_data(const struct async_writer *async, size_t number)
{
    return async->slots + number % async->slot_count * SLOT_SIZE;
}

/*
 * Slots are offered, and room is waited for, so many at a time: threads that wake up for each of
 * them are moved between cores too rarely, and stay together on one.
 */
static size_t batch_of(const struct async_writer *async)
{
    return async->slot_count / SLOTS_SHARE;
}

static int take_hash(struct async_writer *async, const char *data, size_t size, struct error *err)
{
    (void)err;
    hasher_add(async->hasher, data, size);
    return 0;
}

static int take_write(struct async_writer *async, const char *data, size_t size, struct error *err)
{
    if (!async->hashing.has_thread)
        hasher_add(async->hasher, data, size);
    return writer_write(async->next, data, size, err);
}

/* Waits for a slot to take; false if there is none to come. */
static bool lane_wait(const struct lane *lane, const char **data, size_t *size)
{
    struct async_writer *async = lane->async;

    pthread_mutex_lock(&async->lock);
    while (lane->passed == async->offered && !async->is_last)
        pthread_cond_wait(&async->come, &async->lock);
    bool is_there = lane->passed < async->offered && !async->is_abandoned;
    *data = slot_data(async, lane->passed);
    *size = async->sizes[lane->passed % async->slot_count];
    pthread_mutex_unlock(&async->lock);
    return is_there;
}

/* The lock is held. Slots that some lane has not taken yet. */
static size_t slots_in_use(const struct async_writer *async)
{
    size_t passed = async->writing.passed;

    if (async->hashing.has_thread && async->hashing.passed < passed)
        passed = async->hashing.passed;
    return async->filled - passed;
}

static void *lane_run(void *arg)
{
    struct lane *lane = arg;
    struct async_writer *async = lane->async;
    CLEANUP(error) struct error err = ERROR_INIT;
    const char *data = NULL;
    size_t size = 0;

    while (lane_wait(lane, &data, &size)) {
        int result = lane->take(async, data, size, &err);
        pthread_mutex_lock(&async->lock);
        if (result < 0)
            error_move(&async->error, &err);
        else
            lane->passed++;
        if (result < 0 || slots_in_use(async) <= async->slot_count - batch_of(async))
            pthread_cond_signal(&async->gone);
        pthread_mutex_unlock(&async->lock);
        if (result < 0)
            return NULL;
        error_release(&err); /* of a try that did not work, before the one that did */
    }
    return NULL;
}

static bool lane_start(struct lane *lane)
{
    lane->has_thread = true; /* seen by the thread */
    if (pthread_create(&lane->thread, NULL, lane_run, lane) != 0)
        lane->has_thread = false;
    return lane->has_thread;
}

/* What stopped the writing, if anything did. */
static int check_error(struct async_writer *async, struct error *err)
{
    int result = 0;

    pthread_mutex_lock(&async->lock);
    if (async->error.kind != ERROR_NONE)
        result = error_set(err, async->error.kind, "%s", async->error.text);
    pthread_mutex_unlock(&async->lock);
    return result;
}

/* The lock is held. The lanes may take all that there is. */
static void offer(struct async_writer *async, uint64_t now_ms)
{
    async->offered = async->filled;
    async->offered_ms = now_ms;
    pthread_cond_broadcast(&async->come);
}

/* Hands the slot over that was being filled. */
static void hand_over(struct async_writer *async)
{
    uint64_t now_ms = clock_ms();

    pthread_mutex_lock(&async->lock);
    async->sizes[async->filled % async->slot_count] = async->held;
    async->filled++;
    if (async->filled - async->offered >= batch_of(async) || now_ms - async->offered_ms >= SLOW_MS)
        offer(async, now_ms);
    pthread_mutex_unlock(&async->lock);
    async->held = 0;
}

static int wait_for_room(struct async_writer *async, struct error *err)
{
    pthread_mutex_lock(&async->lock);
    if (slots_in_use(async) == async->slot_count)
        while (slots_in_use(async) > async->slot_count - batch_of(async) &&
               async->error.kind == ERROR_NONE)
            pthread_cond_wait(&async->gone, &async->lock);
    pthread_mutex_unlock(&async->lock);
    return check_error(async, err);
}

static bool has_several_cores(void)
{
    cpu_set_t cores;

    return sched_getaffinity(0, sizeof(cores), &cores) != 0 || CPU_COUNT(&cores) > 1;
}

/* No more slots come: the lanes end when they have taken what there is, or at once. */
static void end_lanes(struct async_writer *async, bool is_abandoned)
{
    pthread_mutex_lock(&async->lock);
    async->is_last = true;
    async->is_abandoned = is_abandoned;
    offer(async, clock_ms());
    pthread_mutex_unlock(&async->lock);
    if (async->writing.has_thread)
        pthread_join(async->writing.thread, NULL);
    if (async->hashing.has_thread)
        pthread_join(async->hashing.thread, NULL);
    async->writing.has_thread = async->hashing.has_thread = false;
}

static atomic_flag long_ring = ATOMIC_FLAG_INIT; /* set: some ring is it */

/* Starts both lanes, or at least the one that writes. */
static bool start_lanes(struct async_writer *async)
{
    if (!has_several_cores())
        return false;
    async->is_long = !atomic_flag_test_and_set(&long_ring);
    async->slot_count = async->is_long ? SLOTS_MOST : SLOTS_LEAST;
    async->slots = xrealloc(async->slots, async->slot_count, SLOT_SIZE);
    lane_start(&async->hashing); /* first: the other one goes by whether it is there */
    if (lane_start(&async->writing))
        return true;
    end_lanes(async, true);
    return false;
}

/* The first slot is full. */
static int begin(struct async_writer *async, struct error *err)
{
    if (start_lanes(async)) {
        async->state = ASYNC_RUNNING;
        return 0;
    }
    async->state = ASYNC_DIRECT;
    size_t held = async->held;
    async->held = 0;
    return take_write(async, slot_data(async, 0), held, err);
}

/* Makes room in the slot that is being filled, if that is full. */
static int make_room(struct async_writer *async, struct error *err)
{
    if (async->held < SLOT_SIZE)
        return 0;
    if (async->state == ASYNC_HELD && begin(async, err) < 0)
        return -1;
    if (async->state == ASYNC_DIRECT)
        return 0;
    hand_over(async);
    return wait_for_room(async, err);
}

static int async_room(struct writer *writer, char **data, size_t *size, struct error *err)
{
    struct async_writer *async = CONTAINER_OF(writer, struct async_writer, base);

    if (make_room(async, err) < 0)
        return -1;
    if (async->state != ASYNC_HELD && async->state != ASYNC_RUNNING)
        return 0;
    *data = slot_data(async, async->filled) + async->held;
    *size = SLOT_SIZE - async->held;
    return 0;
}

static int async_fill(struct async_writer *async, const char *data, size_t size, struct error *err)
{
    while (size > 0) {
        if (make_room(async, err) < 0)
            return -1;
        if (async->state == ASYNC_DIRECT)
            return take_write(async, data, size, err);
        char *room = slot_data(async, async->filled) + async->held;
        size_t part = SLOT_SIZE - async->held;
        if (part > size)
            part = size;
        if (room != data) /* else it came into async_room() */
            memcpy(room, data, part);
        async->held += part;
        data += part;
        size -= part;
    }
    return 0;
}

static int async_write(struct writer *writer, const void *data, size_t size, struct error *err)
{
    struct async_writer *async = CONTAINER_OF(writer, struct async_writer, base);

    async->total += size;
    switch (async->state) {
    case ASYNC_DIRECT:
        return take_write(async, data, size, err);
    case ASYNC_BROKEN:
        return check_error(async, err);
    case ASYNC_HELD:
    case ASYNC_RUNNING:
        break;
    }
    return async_fill(async, data, size, err);
}

static void end_running(struct async_writer *async, bool is_abandoned)
{
    if (async->state != ASYNC_RUNNING)
        return;
    end_lanes(async, is_abandoned);
    async->state = ASYNC_BROKEN; /* it takes nothing more */
}

static int async_finish(struct writer *writer, struct error *err)
{
    struct async_writer *async = CONTAINER_OF(writer, struct async_writer, base);

    if (async->state == ASYNC_RUNNING && async->held > 0)
        hand_over(async);
    end_running(async, false);
    if (check_error(async, err) < 0)
        return -1;
    if (async->state == ASYNC_HELD && async->held > 0 &&
        take_write(async, async->slots, async->held, err) < 0)
        return -1;
    *async->digest = hasher_finish(async->hasher);
    if (async->size != NULL)
        *async->size = async->total;
    return writer_finish(async->next, err);
}

static void async_free(struct writer *writer)
{
    struct async_writer *async = CONTAINER_OF(writer, struct async_writer, base);

    end_running(async, true);
    pthread_cond_destroy(&async->come);
    pthread_cond_destroy(&async->gone);
    pthread_mutex_destroy(&async->lock);
    error_release(&async->error);
    hasher_free(async->hasher);
    if (async->is_long)
        atomic_flag_clear(&long_ring);
    free(async->slots);
    free(async);
}

struct writer *async_digest_writer_new(struct writer *next, enum digest_algorithm algorithm,
                                       struct digest *digest, uint64_t *size)
{
    static const struct writer_ops ops = {
        .room = async_room, .write = async_write, .finish = async_finish, .free = async_free};
    struct async_writer *async = xcalloc(1, sizeof(*async));

    async->base.ops = &ops;
    async->next = next;
    async->hasher = hasher_new(algorithm, 0);
    async->digest = digest;
    async->size = size;
    async->hashing = (struct lane){.async = async, .take = take_hash};
    async->writing = (struct lane){.async = async, .take = take_write};
    async->slot_count = 1;
    async->slots = xcalloc(async->slot_count, SLOT_SIZE);
    pthread_mutex_init(&async->lock, NULL);
    pthread_cond_init(&async->come, NULL);
    pthread_cond_init(&async->gone, NULL);
    return &async->base;
}
