#include "store/archive_internal.h"

void turn_init(struct turn *turn)
{
    pthread_condattr_t monotonic;

    *turn = (struct turn){.is_taken = false};
    pthread_mutex_init(&turn->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&turn->given, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

void turn_release(struct turn *turn)
{
    pthread_cond_destroy(&turn->given);
    pthread_mutex_destroy(&turn->lock);
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

int turn_take(struct turn *turn, const struct cancel *cancel, struct error *err)
{
    int result = 0;

    pthread_mutex_lock(&turn->lock);
    while (turn->is_taken && result == 0) {
        struct timespec when = time_of_next_look();
        pthread_cond_timedwait(&turn->given, &turn->lock, &when);
        result = cancel_check(cancel, err);
    }
    if (result == 0)
        turn->is_taken = true;
    pthread_mutex_unlock(&turn->lock);
    return result;
}

void turn_give(struct turn *turn)
{
    pthread_mutex_lock(&turn->lock);
    turn->is_taken = false;
    pthread_cond_signal(&turn->given);
    pthread_mutex_unlock(&turn->lock);
}
