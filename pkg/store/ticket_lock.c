#include "store/archive_internal.h"

void ticket_lock_init(struct ticket_lock *ticket)
{
    pthread_condattr_t monotonic;

    *ticket = (struct ticket_lock){.is_taken = false};
    pthread_mutex_init(&ticket->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&ticket->given, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

void ticket_lock_release(struct ticket_lock *ticket)
{
    pthread_cond_destroy(&ticket->given);
    pthread_mutex_destroy(&ticket->lock);
}

static struct timespec time_of_next_look(void)
{
    struct timespec when = {0, 0};

    clock_gettime(CLOCK_MONOTONIC, &when);
    when.tv_nsec += CANCEL_POLL_MS * 1000000L;
    if (when.tv_nsec >= 1000000000L) {
        when.tv_nsec -= 1000000000L;
        when.tv_sec++;
    }
    return when;
}

int ticket_lock_take(struct ticket_lock *ticket, const struct cancel *cancel, struct error *err)
{
    int result = 0;

    pthread_mutex_lock(&ticket->lock);
    while (ticket->is_taken && result == 0) {
        struct timespec when = time_of_next_look();
        pthread_cond_timedwait(&ticket->given, &ticket->lock, &when);
        result = cancel_check(cancel, err);
    }
    if (result == 0)
        ticket->is_taken = true;
    pthread_mutex_unlock(&ticket->lock);
    return result;
}

void ticket_lock_give(struct ticket_lock *ticket)
{
    pthread_mutex_lock(&ticket->lock);
    ticket->is_taken = false;
    pthread_cond_signal(&ticket->given);
    pthread_mutex_unlock(&ticket->lock);
}
