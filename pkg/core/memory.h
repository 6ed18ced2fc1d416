#ifndef INLAY_CORE_MEMORY_H
#define INLAY_CORE_MEMORY_H

/*
 * Has libcrypto end the process as xcalloc() does, where it would go on with a failure that nobody
 * could tell from others. To be called before anything makes use of it.
 */
void memory_watch_crypto(void);

#endif
