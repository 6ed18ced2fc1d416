#ifndef INLAY_CORE_PROGRESS_H
#define INLAY_CORE_PROGRESS_H

#include <stdint.h>

/* Told how far a use case is; called from several threads. NULL functions are not called. */
struct progress {
    void (*expect)(void *arg, uint64_t size); /* so many bytes more are to be dealt with */
    void (*moved)(void *arg, uint64_t size);  /* so many of them have moved */
    void (*spared)(void *arg, uint64_t size); /* and so many need not: they were there */
    void (*begin)(void *arg, const char *title, uint64_t size); /* the calling thread's transfer */
    void (*end)(void *arg);                                     /* of that */
    void *arg;
};

/* `progress` may be NULL. */
void progress_expect(const struct progress *progress, uint64_t size);
void progress_moved(const struct progress *progress, uint64_t size);
void progress_spared(const struct progress *progress, uint64_t size);
/*
 * What this thread deals with until progress_end() is one transfer, of so many bytes; a new one
 * takes the place of another.
 */
void progress_begin(const struct progress *progress, const char *title, uint64_t size);
void progress_end(const struct progress *progress);

#endif
