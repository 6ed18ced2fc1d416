#include "null-table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *checked(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

void body_release(struct body *body)
{
    free(body->bytes);
    *body = (struct body){0};
}

void item_free(struct item *item)
{
    if (!item)
        return;
    body_release(&item->body);
    free(item->path);
    free(item->type);
    free(item);
}

struct item *table_find(struct table *table, const char *path)
{
    struct item *item = table->items;

    while (item && strcmp(item->path, path) != 0)
        item = item->next;
    return item;
}

/* The lock is held. */
static struct item *unlink_item(struct table *table, const char *path)
{
    for (struct item **at = &table->items; *at; at = &(*at)->next) {
        struct item *item = *at;
        if (strcmp(item->path, path) == 0) {
            *at = item->next;
            return item;
        }
    }
    return NULL;
}

struct item *table_take(struct table *table, const char *path)
{
    pthread_mutex_lock(&table->lock);
    struct item *item = unlink_item(table, path);
    pthread_mutex_unlock(&table->lock);
    return item;
}

void table_put(struct table *table, const char *path, const char *type, const char *digest,
               struct body *body)
{
    struct item *item = checked(calloc(1, sizeof(*item)));

    item->path = checked(strdup(path));
    item->type = checked(strdup(type));
    snprintf(item->digest, sizeof(item->digest), "%s", digest);
    item->body = *body;
    *body = (struct body){0};
    pthread_mutex_lock(&table->lock);
    struct item *old = unlink_item(table, path);
    item->next = table->items;
    table->items = item;
    pthread_mutex_unlock(&table->lock);
    item_free(old);
}
