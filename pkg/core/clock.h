#ifndef INLAY_CORE_CLOCK_H
#define INLAY_CORE_CLOCK_H

#include <stdint.h>

/* A clock that only goes forward, CLOCK_MONOTONIC (POSIX.1-2017, clock_gettime()), for differences.
 */
uint64_t clock_ms(void);
uint64_t clock_us(void);

#endif
