#ifndef INLAY_CORE_CLOCK_H
#define INLAY_CORE_CLOCK_H

#include <pthread.h>
#include <stdint.h>

/* A clock that only goes forward, CLOCK_MONOTONIC (POSIX.1-2017, clock_gettime()), for differences.
 */
uint64_t clock_ms(void);
uint64_t clock_us(void);

/* A condition that clock_wait() waits for. Its caller destroys it. */
void clock_condition_init(pthread_cond_t *condition);
/* Waits for a condition, `ms` at most; `lock` is held. It may wake for no reason. */
void clock_wait(pthread_cond_t *condition, pthread_mutex_t *lock, unsigned ms);

#endif
