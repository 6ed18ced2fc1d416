#include "source/source_internal.h"

#include <string.h>

void address_memo_init(struct address_memo *memo)
{
    *memo = (struct address_memo){.next = 0};
    pthread_mutex_init(&memo->lock, NULL);
}

static void drop(struct address_memo *memo, size_t number)
{
    free(TAKE(memo->known[number].path));
    if (memo->known[number].url != NULL)
        explicit_bzero(memo->known[number].url, strlen(memo->known[number].url));
    free(TAKE(memo->known[number].url));
}

void address_memo_release(struct address_memo *memo)
{
    for (size_t i = 0; i < ARRAY_SIZE(memo->known); i++)
        drop(memo, i);
    pthread_mutex_destroy(&memo->lock);
}

/* The lock is held. SIZE_MAX if there is none. */
static size_t find(const struct address_memo *memo, const char *path)
{
    for (size_t i = 0; i < ARRAY_SIZE(memo->known); i++)
        if (memo->known[i].path != NULL && strcmp(memo->known[i].path, path) == 0)
            return i;
    return SIZE_MAX;
}

char *address_memo_find(struct address_memo *memo, const char *path)
{
    pthread_mutex_lock(&memo->lock);
    size_t number = find(memo, path);
    char *url = number != SIZE_MAX ? xstrdup(memo->known[number].url) : NULL;
    pthread_mutex_unlock(&memo->lock);
    return url;
}

void address_memo_keep(struct address_memo *memo, const char *path, const char *url)
{
    pthread_mutex_lock(&memo->lock);
    size_t number = find(memo, path);
    if (number == SIZE_MAX) {
        number = memo->next;
        memo->next = (memo->next + 1) % ARRAY_SIZE(memo->known);
    }
    drop(memo, number);
    memo->known[number].path = xstrdup(path);
    memo->known[number].url = xstrdup(url);
    pthread_mutex_unlock(&memo->lock);
}

void address_memo_forget(struct address_memo *memo, const char *path, const char *url)
{
    pthread_mutex_lock(&memo->lock);
    size_t number = find(memo, path);
    if (number != SIZE_MAX && strcmp(memo->known[number].url, url) == 0)
        drop(memo, number);
    pthread_mutex_unlock(&memo->lock);
}
