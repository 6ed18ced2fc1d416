/*
 * What the null registry remembers: by path, uploads, blobs and manifests, each as a number of
 * bytes and, while they are few, the bytes.
 */
#pragma once

#include <pthread.h>
#include <stdint.h>

#define KEEP_LIMIT (4U << 20)

/* A number of bytes, and the bytes themselves while they are few. */
struct body {
    uint64_t size;
    char *bytes; /* NULL if `size` is 0 or above KEEP_LIMIT */
};

struct item {
    struct item *next;
    char *path;
    char *type;
    char digest[80];
    struct body body;
};

struct table {
    pthread_mutex_t lock; /* guards what follows */
    struct item *items;
    uint64_t upload_count;
};

/* `memory`, which the program cannot go on without. */
void *checked(void *memory);

void body_release(struct body *body);
void item_free(struct item *item); /* accepts NULL */

/* The item of this path, or NULL. The caller holds the lock for as long as it looks at the item. */
struct item *table_find(struct table *table, const char *path);

/* Takes the item of this path out, or NULL; the caller frees it. Safe to call from any thread. */
struct item *table_take(struct table *table, const char *path);

/*
 * Puts an item in, in place of the one that has this path. Takes what `body` holds, and leaves it
 * empty. Safe to call from any thread.
 */
void table_put(struct table *table, const char *path, const char *type, const char *digest,
               struct body *body);
