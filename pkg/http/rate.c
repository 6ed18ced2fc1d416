#include "http/http_internal.h"

#define US_PER_S UINT64_C(1000000)
/* Parts of a second that a portion takes at the full rate. */
#define PORTIONS_PER_S 8
#define PORTION_LEAST 1024
/* Longer than that is nobody's rate; keeps the sums within their type. */
#define WAIT_MOST_US (3600 * US_PER_S)

void rate_init(struct rate *rate, uint64_t per_s)
{
    *rate = (struct rate){.per_s = per_s};
    pthread_mutex_init(&rate->lock, NULL);
}

void rate_release(struct rate *rate)
{
    pthread_mutex_destroy(&rate->lock);
}

size_t rate_portion(const struct rate *rate, size_t size)
{
    uint64_t portion = rate->per_s / PORTIONS_PER_S;

    if (rate->per_s == 0)
        return size;
    if (portion < PORTION_LEAST)
        portion = PORTION_LEAST;
    return portion < size ? (size_t)portion : size;
}

/* Bytes queue up: each begins when those before it are paid for. A pause is not made up for. */
int rate_wait(struct rate *rate, size_t size, const struct cancel *cancel, struct error *err)
{
    uint64_t cost_us = 0;
    uint64_t now = clock_us();

    if (rate->per_s == 0 || size == 0)
        return 0;
    if (__builtin_mul_overflow((uint64_t)size, US_PER_S, &cost_us) ||
        cost_us / rate->per_s > WAIT_MOST_US)
        cost_us = WAIT_MOST_US * rate->per_s;
    pthread_mutex_lock(&rate->lock);
    if (rate->free_us < now)
        rate->free_us = now;
    rate->free_us += cost_us / rate->per_s;
    uint64_t wait_us = rate->free_us - now;
    pthread_mutex_unlock(&rate->lock);
    return cancel_wait(cancel, (unsigned)(wait_us / 1000), err);
}
