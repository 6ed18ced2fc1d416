#include "stream/stream_internal.h"

#include <pthread.h>

/* Blocks for pieces that have come and wait to be read, beyond one for each connection. */
#define BLOCKS_WAITING 4

struct prefetch_pool {
    unsigned connections;
    unsigned tiny; /* the same, where all pieces are tiny */
    size_t blocks_most;
    pthread_mutex_t lock; /* guards the following */
    unsigned connected;
    size_t blocks; /* that are in use */
    char **spare;  /* that are not; with those in use `blocks_most` at most */
    size_t spare_count;
};

struct prefetch_pool *prefetch_pool_new(unsigned connections)
{
    struct prefetch_pool *pool = xcalloc(1, sizeof(*pool));

    pool->connections = pool->tiny = connections;
    pool->blocks_most = (size_t)connections + BLOCKS_WAITING;
    pool->spare = xcalloc(pool->blocks_most, sizeof(*pool->spare));
    pthread_mutex_init(&pool->lock, NULL);
    return pool;
}

void prefetch_pool_widen(struct prefetch_pool *pool, unsigned connections)
{
    pool->tiny = connections > pool->connections ? connections : pool->connections;
}

unsigned prefetch_pool_connections(const struct prefetch_pool *pool)
{
    return pool->connections;
}

unsigned prefetch_pool_most(const struct prefetch_pool *pool, bool is_tiny)
{
    return is_tiny ? pool->tiny : pool->connections;
}

void prefetch_pool_free(struct prefetch_pool *pool)
{
    if (pool == NULL)
        return;
    for (size_t i = 0; i < pool->spare_count; i++)
        free(pool->spare[i]);
    pthread_mutex_destroy(&pool->lock);
    free(pool->spare);
    free(pool);
}

bool prefetch_pool_take(struct prefetch_pool *pool, bool is_tiny, bool needs, char **block)
{
    char *spare = NULL;
    unsigned most = prefetch_pool_most(pool, is_tiny);

    pthread_mutex_lock(&pool->lock);
    bool granted =
        needs || (pool->connected < most && pool->blocks < (size_t)most + BLOCKS_WAITING);
    if (granted) {
        pool->connected++;
        pool->blocks++;
        if (pool->spare_count > 0)
            spare = pool->spare[--pool->spare_count];
    }
    pthread_mutex_unlock(&pool->lock);
    if (granted)
        *block = spare != NULL ? spare : xcalloc(PREFETCH_BLOCK, 1);
    return granted;
}

void prefetch_pool_disconnect(struct prefetch_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->connected--;
    pthread_mutex_unlock(&pool->lock);
}

void prefetch_pool_give(struct prefetch_pool *pool, char *block)
{
    char *surplus = block;

    pthread_mutex_lock(&pool->lock);
    pool->blocks--;
    if (pool->blocks + pool->spare_count < pool->blocks_most) {
        pool->spare[pool->spare_count++] = block;
        surplus = NULL;
    }
    pthread_mutex_unlock(&pool->lock);
    free(surplus);
}
