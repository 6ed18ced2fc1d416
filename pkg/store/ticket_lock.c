#include "store/archive_internal.h"

#include "core/clock.h"

void ticket_lock_init(struct ticket_lock *ticket)
{
    *ticket = (struct ticket_lock){.is_taken = false};
    pthread_mutex_init(&ticket->lock, NULL);
    clock_condition_init(&ticket->given);
}

void ticket_lock_release(struct ticket_lock *ticket)
{
    pthread_cond_destroy(&ticket->given);
    pthread_mutex_destroy(&ticket->lock);
}

int ticket_lock_take(struct ticket_lock *ticket, const struct cancel *cancel, struct error *err)
{
    int result = 0;

    pthread_mutex_lock(&ticket->lock);
    while (ticket->is_taken && result == 0) {
        clock_wait(&ticket->given, &ticket->lock, CANCEL_POLL_MS);
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
