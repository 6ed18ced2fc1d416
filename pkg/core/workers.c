#include "core/workers.h"

#include <pthread.h>
#include <string.h>

struct workers {
    worker_fn *job;
    void *arg;
    size_t count;
    atomic_size_t next;
    struct cancel cancel;
    struct error *errors; /* a slot for each job */
};

static void *workers_thread(void *arg)
{
    struct workers *workers = arg;
    const struct cancel *before = cancel_enter(&workers->cancel);

    for (;;) {
        size_t number = atomic_fetch_add(&workers->next, 1);
        if (number >= workers->count) {
            cancel_enter(before);
            return NULL;
        }
        struct error *err = &workers->errors[number];
        if (cancel_check(&workers->cancel, err) < 0)
            continue;
        if (workers->job(workers->arg, number, &workers->cancel, err) < 0)
            cancel_request(&workers->cancel);
        else
            error_release(err); /* of a try that did not work, before the one that did */
    }
}

/* The lowest job that failed by itself; else the lowest that was canceled; else none. */
static size_t workers_first_failure(const struct workers *workers)
{
    size_t found = workers->count;

    for (size_t i = 0; i < workers->count; i++) {
        enum error_kind kind = workers->errors[i].kind;
        if (kind != ERROR_NONE && kind != ERROR_CANCELED)
            return i;
        if (kind == ERROR_CANCELED && found == workers->count)
            found = i;
    }
    return found;
}

int workers_run(unsigned threads, size_t count, worker_fn *job, void *arg,
                const struct cancel *cancel, struct error *err)
{
    struct workers workers = {
        .job = job,
        .arg = arg,
        .count = count,
        .cancel = {.parent = cancel},
        .errors = xcalloc(count, sizeof(struct error)),
    };
    size_t most = threads > 0 ? threads : WORKERS_DEFAULT;
    size_t wanted = most < count ? most : count;
    pthread_t *ids = xcalloc(wanted, sizeof(*ids));
    size_t started = 0;

    while (started + 1 < wanted &&
           pthread_create(&ids[started], NULL, workers_thread, &workers) == 0)
        started++;
    workers_thread(&workers); /* the caller's thread is one of them */
    for (size_t i = 0; i < started; i++)
        pthread_join(ids[i], NULL);

    size_t failure = workers_first_failure(&workers);
    int result = failure < count ? error_move(err, &workers.errors[failure]) : 0;
    for (size_t i = 0; i < count; i++)
        error_release(&workers.errors[i]);
    free(workers.errors);
    free(ids);
    return result;
}
