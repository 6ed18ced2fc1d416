#ifndef INLAY_CORE_PROGRESS_H
#define INLAY_CORE_PROGRESS_H

#include <stdint.h>

/* Told how far a use case is; called from several threads. NULL functions are not called. */
struct progress {
    void (*expect)(void *arg, uint64_t size); /* so many bytes more are to be dealt with */
    void (*moved)(void *arg, uint64_t size);  /* so many of them have moved */
    void (*spared)(void *arg, uint64_t size); /* and so many need not: they were there */
    void *arg;
};

/* `progress` may be NULL. */
void progress_expect(const struct progress *progress, uint64_t size);
void progress_moved(const struct progress *progress, uint64_t size);
void progress_spared(const struct progress *progress, uint64_t size);

#endif
