#include "cache/folder_test_internal.h"

#include <fcntl.h>

/* A file of `size` bytes named by the digest of one letter, last used at `used`. */
static void put(const struct world *world, char letter, const char *suffix, size_t size,
                time_t used)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *content = xcalloc(1, size);
    struct digest digest = digest_of(DIGEST_SHA256, &letter, 1);
    CLEANUP(text) char *whole = cache_path(world->folder, &digest);
    CLEANUP(text) char *path = xasprintf("%s%s", whole, suffix);
    struct timespec times[2] = {{.tv_sec = used}, {.tv_sec = used}};

    assert_int_equal(file_replace(path, content, size, &err), 0);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* "a b.": the letters in their order, with a dot behind what is partial. */
static char *letters_of(const struct cache_list *list)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    for (size_t i = 0; i < list->count; i++)
        for (const char *at = "abcd"; *at != '\0'; at++) {
            struct digest digest = digest_of(DIGEST_SHA256, at, 1);
            if (digest_equal(&digest, &list->items[i].digest))
                buf_addf(&text, "%c%s", *at, list->items[i].is_partial ? "." : "");
        }
    return buf_take(&text);
}

static void fill(struct world *world)
{
    cache_free(world_open(world));
    put(world, 'd', "", 1000, 400);
    put(world, 'a', "", 10, 100);
    put(world, 'c', "", 300, 300);
    put(world, 'b', ".partial", 200, 200);
}

static void list_tells_what_is_there_and_nothing_else(void **state)
{
    struct world *world = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(cache_list) struct cache_list list = CACHE_LIST_INIT;
    static const char *const others[] = {"sha256/README", "sha256/abcd", "git-sha1/x.partial",
                                         "other"};

    fill(world);
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        CLEANUP(text) char *path = xasprintf("%s/%s", world->folder, others[i]);
        assert_int_equal(file_replace(path, "x", 1, &err), 0);
    }
    assert_int_equal(cache_list(world->folder, &list, &err), 0);
    CLEANUP(text) char *letters = letters_of(&list);
    assert_string_equal(letters, "ab.cd");
    assert_int_equal(list.items[1].size, 200);
    assert_int_equal(list.items[1].used, 200);
    assert_int_equal(cache_list_size(&list), 1510);
}

static void prune_takes_what_it_is_told_to(void **state)
{
    static const struct {
        time_t unused_since;
        uint64_t max_size;
        bool partial;
        const char *removed, *left;
    } cases[] = {
        {0, SIZE_UNKNOWN, false, "", "ab.cd"},
        {200, SIZE_UNKNOWN, false, "ab.", "cd"},
        {0, SIZE_UNKNOWN, true, "b.", "acd"},
        {0, 1510, false, "", "ab.cd"},
        {0, 1509, false, "a", "b.cd"},
        {0, 1000, false, "ab.c", "d"},
        {0, 1310, true, "b.", "acd"}, /* the oldest stays: there is room without the partial one */
        {0, 0, false, "ab.cd", ""},
        {100, 1300, false, "ab.", "cd"},
    };

    struct world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(cache_prune_result) struct cache_prune_result result = CACHE_PRUNE_RESULT_INIT;
        CLEANUP(cache_list) struct cache_list list = CACHE_LIST_INIT;
        const struct cache_prune_options options = {.folder = world->folder,
                                                    .unused_since = cases[i].unused_since,
                                                    .max_size = cases[i].max_size,
                                                    .partial = cases[i].partial};
        fill(world);
        assert_int_equal(cache_prune(&options, &result, &err), 0);
        CLEANUP(text) char *removed = letters_of(&result.removed);
        assert_string_equal(removed, cases[i].removed);
        assert_int_equal(result.in_use.count, 0);
        assert_int_equal(cache_list(world->folder, &list, &err), 0);
        CLEANUP(text) char *left = letters_of(&list);
        assert_string_equal(left, cases[i].left);
    }
}

static void no_other_folder_is_touched(void **state)
{
    struct world *world = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(cache_prune_result) struct cache_prune_result result = CACHE_PRUNE_RESULT_INIT;
    CLEANUP(text) char *tag = xasprintf("%s/CACHEDIR.TAG", world->folder);
    const struct cache_prune_options options = {.folder = world->folder};

    assert_int_equal(cache_prune(&options, &result, &err), -1);
    assert_int_equal(err.kind, ERROR_NOT_FOUND);
    fill(world);
    assert_int_equal(unlink(tag), 0); /* as the blobs of an OCI layout would look */
    assert_int_equal(cache_prune(&options, &result, &err), -1);
    assert_int_equal(err.kind, ERROR_USAGE);
    assert_non_null(strstr(err.text, "expected the DIR of --download-cache"));
    assert_int_equal(result.removed.count, 0);
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, world_enter, world_leave)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(list_tells_what_is_there_and_nothing_else),
        WORLD_TEST(prune_takes_what_it_is_told_to),
        WORLD_TEST(no_other_folder_is_touched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
