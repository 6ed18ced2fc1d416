#ifndef INLAY_CACHE_FOLDER_TEST_INTERNAL_H
#define INLAY_CACHE_FOLDER_TEST_INTERNAL_H

/* For this module's tests: a cache of a test's own, and a file that is fetched from memory. */

#include "cache/cache_internal.h"
#include "core/file.h"
#include "testing/folder.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define CONTENT_SIZE ((size_t)300000)

struct world {
    char *root;
    char *folder; /* in it; of the cache, which is not opened */
    unsigned patience_ms;
    struct log log;
    struct buf said; /* warnings, each with its newline */
    char *content;   /* CONTENT_SIZE bytes */
    struct digest digest;
};

static inline void world_hear(void *arg, enum log_level level, const char *line)
{
    (void)level;
    buf_addf(arg, "%s\n", line);
}

static inline int world_enter(void **state)
{
    char name[] = "/tmp/inlay-cache-XXXXXX";
    struct world *world = xcalloc(1, sizeof(*world));

    assert_non_null(mkdtemp(name));
    world->root = xstrdup(name);
    world->folder = xasprintf("%s/a/cache", name);
    world->patience_ms = 60000; /* no test takes so long */
    world->log = (struct log){LOG_WARN, world_hear, &world->said};
    world->content = xcalloc(1, CONTENT_SIZE);
    for (size_t i = 0; i < CONTENT_SIZE; i++)
        world->content[i] = (char)(i * 7 + i / 251);
    world->digest = digest_of(DIGEST_SHA256, world->content, CONTENT_SIZE);
    *state = world;
    return 0;
}

static inline int world_leave(void **state)
{
    struct world *world = *state;
    int result = folder_clear(world->root);

    free(world->root);
    free(world->folder);
    free(world->content);
    buf_release(&world->said);
    free(world);
    return result;
}

static inline struct cache *world_open(struct world *world)
{
    const struct cache_options options = {
        .folder = world->folder, .log = &world->log, .patience_ms = world->patience_ms};
    CLEANUP(error) struct error err = ERROR_INIT;
    struct cache *cache = NULL;

    if (cache_open(&options, &cache, &err) < 0)
        fail_msg("%s", err.text);
    return cache;
}

/* Where a file is kept; suffix is "" or ".partial". */
static inline char *world_path(const struct world *world, const char *suffix)
{
    CLEANUP(text) char *whole = cache_path(world->folder, &world->digest);

    return xasprintf("%s%s", whole, suffix);
}

/* Bytes of the file that is kept; -1: there is none. */
static inline int64_t world_size(const struct world *world, const char *suffix)
{
    CLEANUP(text) char *path = world_path(world, suffix);
    struct stat status;

    return lstat(path, &status) < 0 ? -1 : (int64_t)status.st_size;
}

static inline void world_put(const struct world *world, const char *suffix, const void *data,
                             size_t size)
{
    CLEANUP(text) char *path = world_path(world, suffix);
    CLEANUP(error) struct error err = ERROR_INIT;

    assert_int_equal(file_replace(path, data, size, &err), 0);
}

/* The other end: how often it was asked, from where on, and what it does. */
struct hub {
    const char *content;
    size_t size;
    unsigned asked;
    uint64_t offset;
    enum error_kind refusal; /* it refuses to answer */
};

static inline int hub_fetch(void *arg, uint64_t offset, struct reader **out, struct error *err)
{
    struct hub *hub = arg;

    hub->asked++;
    hub->offset = offset;
    if (hub->refusal != ERROR_NONE)
        return error_set(err, hub->refusal, "the hub does not answer");
    *out = memory_reader_new(hub->content + offset, hub->size - (size_t)offset);
    return 0;
}

static inline struct hub world_hub(const struct world *world)
{
    return (struct hub){.content = world->content, .size = CONTENT_SIZE};
}

static inline int world_request(struct world *world, struct cache *cache, struct hub *hub,
                                struct reader **out, struct error *err)
{
    const struct cache_request request = {
        .name = "acme/model/weights",
        .digest = &world->digest,
        .size = CONTENT_SIZE,
        .fetch = hub_fetch,
        .arg = hub,
    };

    return cache_reader_open(cache, &request, out, err);
}

/* Reads all of it, and compares. */
static inline int world_read(struct world *world, struct cache *cache, struct hub *hub,
                             struct error *err)
{
    CLEANUP(reader) struct reader *reader = NULL;
    CLEANUP(buf) struct buf found = BUF_INIT;

    if (world_request(world, cache, hub, &reader, err) < 0 ||
        reader_read_all(reader, CONTENT_SIZE, &found, err) < 0)
        return -1;
    assert_int_equal(found.size, CONTENT_SIZE);
    assert_memory_equal(found.data, world->content, CONTENT_SIZE);
    return 0;
}

static inline void world_expect(struct world *world, struct cache *cache, struct hub *hub)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    if (world_read(world, cache, hub, &err) < 0)
        fail_msg("%s", err.text);
}

/* Reads `size` bytes and goes away. */
static inline void world_begin(struct world *world, struct cache *cache, size_t size)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(reader) struct reader *reader = NULL;
    struct hub hub = world_hub(world);
    char part[1000];

    assert_int_equal(world_request(world, cache, &hub, &reader, &err), 0);
    for (size_t i = 0; i < size; i += sizeof(part))
        assert_int_equal(reader_read(reader, part, sizeof(part), &err), sizeof(part));
}

#endif
