#include "stream/stream_internal.h"

#include "core/clock.h"

#include <pthread.h>
#include <string.h>

/* A piece between its fetcher and the reader: in slots[number % slot_count]. */
struct slot {
    char *block;
    size_t filled;
    bool is_whole;
};

/* A connection. Each starts the one behind it, so that all are joined in this order. */
struct fetcher {
    struct prefetch *prefetch;
    unsigned number;
    pthread_t thread;
    bool has_next;
};

struct prefetch {
    struct prefetch_options options;
    struct cancel cancel; /* of those that fetch */
    struct fetcher *fetchers;
    struct slot *slots;
    size_t slot_count;
    bool has_thread; /* else the reader's has to do */
    unsigned begin_with;
    size_t offset; /* what has been read of the piece `head` */

    pthread_mutex_t lock; /* guards the following */
    pthread_cond_t arrived;
    pthread_cond_t freed;
    size_t next; /* the piece to be fetched next */
    size_t head; /* the piece to be read */
    struct prefetch_pace pace;
    struct error error;
};

/* The lock is held. Wakes by itself in time to look at who asks to stop. */
static void wait_for(struct prefetch *prefetch, pthread_cond_t *event)
{
    clock_wait(event, &prefetch->lock, CANCEL_POLL_MS);
}

static struct slot *slot_of(const struct prefetch *prefetch, size_t number)
{
    return &prefetch->slots[number % prefetch->slot_count];
}

/* The lock is held. Takes the next piece for this fetcher, if it is its turn and there is room. */
static bool try_claim(struct prefetch *prefetch, const struct fetcher *fetcher)
{
    size_t waiting = prefetch->next - prefetch->head;
    struct slot *slot = slot_of(prefetch, prefetch->next);
    char *block = NULL;

    if (fetcher->number >= prefetch->pace.wanted)
        return false;
    if (waiting >= prefetch->pace.wanted + PREFETCH_AHEAD) {
        if (slot_of(prefetch, prefetch->head)->is_whole)
            prefetch->pace.is_held = true;
        return false;
    }
    if (!prefetch_pool_take(prefetch->options.pool, prefetch->options.is_tiny, waiting == 0,
                            &block))
        return false;
    *slot = (struct slot){.block = block};
    return true;
}

/* Waits until there is a piece to fetch; false if there will be none. */
static bool claim(struct fetcher *fetcher, size_t *out)
{
    struct prefetch *prefetch = fetcher->prefetch;
    bool claimed = false;

    pthread_mutex_lock(&prefetch->lock);
    while (prefetch->next < prefetch->options.count && !cancel_is_requested(&prefetch->cancel)) {
        claimed = try_claim(prefetch, fetcher);
        if (claimed)
            break;
        wait_for(prefetch, &prefetch->freed);
    }
    if (claimed)
        *out = prefetch->next++;
    pthread_mutex_unlock(&prefetch->lock);
    return claimed;
}

static void *fetcher_run(void *arg);

static void start_next(struct fetcher *fetcher, unsigned wanted)
{
    struct fetcher *next = fetcher + 1;

    if (!fetcher->has_next && next->number < wanted)
        fetcher->has_next = pthread_create(&next->thread, NULL, fetcher_run, next) == 0;
}

/* Bytes have come into the slot, or its end. */
static void note(struct fetcher *fetcher, struct slot *slot, size_t size, bool is_end)
{
    struct prefetch *prefetch = fetcher->prefetch;

    pthread_mutex_lock(&prefetch->lock);
    unsigned wanted_before = prefetch->pace.wanted;
    slot->filled += size;
    slot->is_whole = is_end;
    prefetch_pace_note(&prefetch->pace, fetcher->number, size, is_end, clock_ms());
    unsigned wanted = prefetch->pace.wanted;
    if (slot == slot_of(prefetch, prefetch->head))
        pthread_cond_signal(&prefetch->arrived);
    if (wanted > wanted_before) /* those that pause have to look */
        pthread_cond_broadcast(&prefetch->freed);
    pthread_mutex_unlock(&prefetch->lock);
    if (prefetch->has_thread)
        start_next(fetcher, wanted);
}

static int open_piece(struct prefetch *prefetch, size_t number, struct reader **out,
                      struct error *err)
{
    const struct prefetch_options *options = &prefetch->options;

    if (number > 0 || options->first == NULL)
        return options->open(options->arg, number, &prefetch->cancel, out, err);
    *out = TAKE(prefetch->options.first);
    return 0;
}

static int fetch(struct fetcher *fetcher, size_t number, struct error *err)
{
    struct prefetch *prefetch = fetcher->prefetch;
    struct slot *slot = slot_of(prefetch, number);
    CLEANUP(reader) struct reader *piece = NULL;
    size_t filled = 0;
    char beyond;

    if (open_piece(prefetch, number, &piece, err) < 0)
        return -1;
    for (;;) {
        size_t room = PREFETCH_BLOCK - filled;
        ssize_t part =
            reader_read(piece, room > 0 ? slot->block + filled : &beyond, room > 0 ? room : 1, err);
        if (part < 0 || cancel_check(&prefetch->cancel, err) < 0)
            return -1;
        if (part == 0)
            return 0;
        if (room == 0)
            return error_set(err, ERROR_INTERNAL, "piece %zu has more than %zu bytes", number,
                             PREFETCH_BLOCK);
        filled += (size_t)part;
        note(fetcher, slot, (size_t)part, false);
    }
}

/* Fetches one piece; false if there is none, or after a failure. */
static bool fetcher_step(struct fetcher *fetcher)
{
    struct prefetch *prefetch = fetcher->prefetch;
    CLEANUP(error) struct error err = ERROR_INIT;
    size_t number = 0;

    if (!claim(fetcher, &number))
        return false;
    int result = fetch(fetcher, number, &err);
    prefetch_pool_disconnect(prefetch->options.pool);
    if (result == 0) {
        note(fetcher, slot_of(prefetch, number), 0, true);
        return true;
    }
    pthread_mutex_lock(&prefetch->lock);
    if (prefetch->error.kind == ERROR_NONE)
        error_move(&prefetch->error, &err);
    cancel_request(&prefetch->cancel);
    pthread_cond_broadcast(&prefetch->freed);
    pthread_cond_signal(&prefetch->arrived);
    pthread_mutex_unlock(&prefetch->lock);
    return false;
}

static void *fetcher_run(void *arg)
{
    const struct fetcher *fetcher = arg;

    if (fetcher->prefetch->options.is_tiny)
        start_next(arg, fetcher->prefetch->begin_with);
    while (fetcher_step(arg))
        ;
    return NULL;
}

/* The lock is held. Is there something to say about the piece `head`? */
static bool is_readable(const struct prefetch *prefetch)
{
    const struct slot *slot = slot_of(prefetch, prefetch->head);

    return prefetch->error.kind != ERROR_NONE || prefetch->head == prefetch->options.count ||
           (prefetch->next > prefetch->head && (slot->filled > prefetch->offset || slot->is_whole));
}

ssize_t prefetch_read(struct prefetch *prefetch, void *data, size_t size, struct error *err)
{
    const struct slot *slot = slot_of(prefetch, prefetch->head);
    int result = 0;

    if (!prefetch->has_thread && prefetch->head == prefetch->next)
        fetcher_step(&prefetch->fetchers[0]);
    pthread_mutex_lock(&prefetch->lock);
    while (!is_readable(prefetch) && result == 0) {
        wait_for(prefetch, &prefetch->arrived);
        result = cancel_check(prefetch->options.cancel, err);
    }
    if (result == 0 && prefetch->error.kind != ERROR_NONE)
        result = error_set(err, prefetch->error.kind, "%s", prefetch->error.text);
    bool is_over = prefetch->head == prefetch->options.count;
    size_t left = result == 0 && !is_over ? slot->filled - prefetch->offset : 0;
    pthread_mutex_unlock(&prefetch->lock);
    if (result < 0)
        return -1;
    if (left > size)
        left = size;
    if (left > 0)
        memcpy(data, slot->block + prefetch->offset, left);
    prefetch->offset += left;
    return (ssize_t)left;
}

void prefetch_advance(struct prefetch *prefetch)
{
    pthread_mutex_lock(&prefetch->lock);
    char *block = TAKE(slot_of(prefetch, prefetch->head)->block);
    prefetch->head++;
    prefetch_pool_give(prefetch->options.pool, block);
    pthread_cond_broadcast(&prefetch->freed);
    pthread_mutex_unlock(&prefetch->lock);
    prefetch->offset = 0;
}

static void init_events(struct prefetch *prefetch)
{
    pthread_mutex_init(&prefetch->lock, NULL);
    clock_condition_init(&prefetch->arrived);
    clock_condition_init(&prefetch->freed);
}

struct prefetch *prefetch_new(const struct prefetch_options *options)
{
    struct prefetch *prefetch = xcalloc(1, sizeof(*prefetch));
    unsigned connections = prefetch_pool_most(options->pool, options->is_tiny);

    prefetch->options = *options;
    prefetch->cancel.parent = options->cancel;
    prefetch->slot_count = (size_t)connections + PREFETCH_AHEAD;
    prefetch->slots = xcalloc(prefetch->slot_count, sizeof(*prefetch->slots));
    prefetch->fetchers = xcalloc((size_t)connections + 1, sizeof(*prefetch->fetchers));
    for (unsigned i = 0; i <= connections; i++)
        prefetch->fetchers[i] = (struct fetcher){.prefetch = prefetch, .number = i};
    prefetch_pace_init(&prefetch->pace, connections);
    if (options->is_tiny)
        prefetch->pace.wanted = connections;
    prefetch->begin_with = connections < options->count ? connections : (unsigned)options->count;
    init_events(prefetch);
    struct fetcher *first = &prefetch->fetchers[0];
    prefetch->has_thread = true; /* seen by the thread */
    if (pthread_create(&first->thread, NULL, fetcher_run, first) != 0)
        prefetch->has_thread = false;
    return prefetch;
}

void prefetch_free(struct prefetch *prefetch)
{
    if (prefetch == NULL)
        return;
    pthread_mutex_lock(&prefetch->lock);
    cancel_request(&prefetch->cancel);
    pthread_cond_broadcast(&prefetch->freed);
    pthread_mutex_unlock(&prefetch->lock);
    for (struct fetcher *fetcher = prefetch->fetchers; prefetch->has_thread; fetcher++) {
        pthread_join(fetcher->thread, NULL);
        if (!fetcher->has_next)
            break;
    }
    for (size_t i = prefetch->head; i < prefetch->next; i++)
        prefetch_pool_give(prefetch->options.pool, slot_of(prefetch, i)->block);
    reader_free(prefetch->options.first);
    pthread_cond_destroy(&prefetch->arrived);
    pthread_cond_destroy(&prefetch->freed);
    pthread_mutex_destroy(&prefetch->lock);
    error_release(&prefetch->error);
    free(prefetch->fetchers);
    free(prefetch->slots);
    free(prefetch);
}
