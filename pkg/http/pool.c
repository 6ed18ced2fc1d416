#include "http/http_internal.h"

#include <stdatomic.h>
#include <string.h>

static CURL *easy_new(void)
{
    CURL *easy = curl_easy_init();

    if (easy == NULL)
        out_of_memory();
    return easy;
}

struct connection *connection_new(const char *route)
{
    static atomic_uint count;

    struct connection *connection = xcalloc(1, sizeof(*connection));

    connection->route = xstrdup(route);
    connection->number = atomic_fetch_add(&count, 1) + 1;
    connection->multi = curl_multi_init();
    connection->easy = easy_new();
    if (connection->multi == NULL)
        out_of_memory();
    curl_multi_setopt(connection->multi, CURLMOPT_MAXCONNECTS, 1L);
    return connection;
}

void connection_free(struct connection *connection)
{
    if (connection == NULL)
        return;
    curl_easy_cleanup(connection->easy);
    curl_multi_cleanup(connection->multi);
    free(connection->route);
    free(connection);
}

void pool_init(struct pool *pool)
{
    pthread_mutex_init(&pool->lock, NULL);
    pool->count = 0;
}

void pool_release(struct pool *pool)
{
    for (size_t i = 0; i < pool->count; i++)
        connection_free(pool->idle[i]);
    pool->count = 0;
    pthread_mutex_destroy(&pool->lock);
}

static struct connection *pool_remove(struct pool *pool, size_t index)
{
    struct connection *connection = pool->idle[index];

    pool->count--;
    memmove(&pool->idle[index], &pool->idle[index + 1],
            (pool->count - index) * sizeof(struct connection *));
    return connection;
}

struct connection *pool_take(struct pool *pool, const char *route)
{
    struct connection *found = NULL;

    pthread_mutex_lock(&pool->lock);
    for (size_t i = pool->count; i > 0 && found == NULL; i--)
        if (strcmp(pool->idle[i - 1]->route, route) == 0)
            found = pool_remove(pool, i - 1);
    pthread_mutex_unlock(&pool->lock);
    return found != NULL ? found : connection_new(route);
}

void pool_put(struct pool *pool, struct connection *connection)
{
    struct connection *oldest = NULL;

    /*
     * The multi handle keeps the connection. An easy handle that is used again, reset or not, is
     * what libcurl before 8.1 adds a folded first header to freed memory by.
     */
    curl_easy_cleanup(connection->easy);
    connection->easy = easy_new();
    pthread_mutex_lock(&pool->lock);
    if (pool->count == POOL_SIZE)
        oldest = pool_remove(pool, 0);
    pool->idle[pool->count++] = connection;
    pthread_mutex_unlock(&pool->lock);
    connection_free(oldest);
}

static void share_lock(CURL *handle, curl_lock_data data, curl_lock_access access, void *arg)
{
    struct share *share = arg;

    (void)handle;
    (void)access;
    pthread_mutex_lock(&share->locks[data]);
}

static void share_unlock(CURL *handle, curl_lock_data data, void *arg)
{
    struct share *share = arg;

    (void)handle;
    pthread_mutex_unlock(&share->locks[data]);
}

void share_init(struct share *share)
{
    for (size_t i = 0; i < ARRAY_SIZE(share->locks); i++)
        pthread_mutex_init(&share->locks[i], NULL);
    share->handle = curl_share_init();
    if (share->handle == NULL)
        out_of_memory();
    curl_share_setopt(share->handle, CURLSHOPT_LOCKFUNC, share_lock);
    curl_share_setopt(share->handle, CURLSHOPT_UNLOCKFUNC, share_unlock);
    curl_share_setopt(share->handle, CURLSHOPT_USERDATA, share);
    curl_share_setopt(share->handle, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
    curl_share_setopt(share->handle, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
}

void share_release(struct share *share)
{
    curl_share_cleanup(share->handle);
    for (size_t i = 0; i < ARRAY_SIZE(share->locks); i++)
        pthread_mutex_destroy(&share->locks[i]);
}
