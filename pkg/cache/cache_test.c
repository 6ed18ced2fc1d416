#include "cache/folder_test_internal.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

static void what_was_fetched_once_comes_from_the_disk(void **state)
{
    struct world *world = *state;
    CLEANUP(cache) struct cache *cache = world_open(world);
    struct hub hub = world_hub(world);

    world_expect(world, cache, &hub);
    assert_int_equal(hub.asked, 1);
    assert_int_equal(world_size(world, ""), CONTENT_SIZE);
    assert_int_equal(world_size(world, ".partial"), -1);
    world_expect(world, cache, &hub);
    cache_free(TAKE(cache));
    cache = world_open(world);
    world_expect(world, cache, &hub);
    assert_int_equal(hub.asked, 1);
    assert_string_equal(buf_text(&world->said), "");
}

static void a_file_is_for_its_user_alone_and_reading_it_is_use(void **state)
{
    struct world *world = *state;
    CLEANUP(cache) struct cache *cache = world_open(world);
    struct hub hub = world_hub(world);
    CLEANUP(text) char *path = world_path(world, "");
    struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    struct stat status;

    mode_t before = umask(0);
    world_expect(world, cache, &hub);
    umask(before);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
    world_expect(world, cache, &hub);
    assert_int_equal(stat(path, &status), 0);
    assert_true(status.st_mtime > 1000);
}

static void files_of_git_are_kept_by_their_names_there(void **state)
{
    struct world *world = *state;
    CLEANUP(cache) struct cache *cache = world_open(world);
    struct hub hub = world_hub(world);

    world->digest = digest_of(DIGEST_GIT_SHA1, world->content, CONTENT_SIZE);
    world_expect(world, cache, &hub);
    world_expect(world, cache, &hub);
    assert_int_equal(hub.asked, 1);
    CLEANUP(text) char *path = world_path(world, "");
    assert_non_null(strstr(path, "/cache/git-sha1/"));
}

static void a_part_that_is_left_is_gone_on_from(void **state)
{
    static const size_t parts[] = {1000, 100000, CONTENT_SIZE - 1000};

    struct world *world = *state;
    CLEANUP(cache) struct cache *cache = world_open(world);
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        struct hub hub = world_hub(world);
        CLEANUP(text) char *whole = world_path(world, "");
        world_begin(world, cache, parts[i]);
        assert_int_equal(world_size(world, ".partial"), parts[i]);
        assert_int_equal(world_size(world, ""), -1);
        world_expect(world, cache, &hub);
        assert_int_equal(hub.asked, 1);
        assert_int_equal(hub.offset, parts[i]);
        assert_int_equal(world_size(world, ""), CONTENT_SIZE);
        assert_int_equal(world_size(world, ".partial"), -1);
        assert_int_equal(unlink(whole), 0);
    }
}

/* As after an end between the last byte and the name. */
static void a_part_that_is_all_of_it_becomes_the_whole(void **state)
{
    struct world *world = *state;
    CLEANUP(cache) struct cache *cache = world_open(world);
    struct hub hub = world_hub(world);

    world_put(world, ".partial", world->content, CONTENT_SIZE);
    world_expect(world, cache, &hub);
    assert_int_equal(hub.asked, 0);
    assert_int_equal(world_size(world, ""), CONTENT_SIZE);
    assert_int_equal(world_size(world, ".partial"), -1);
}

static void a_part_that_is_too_long_is_begun_again(void **state)
{
    struct world *world = *state;
    CLEANUP(cache) struct cache *cache = world_open(world);
    struct hub hub = world_hub(world);
    CLEANUP(text) char *longer = xcalloc(1, CONTENT_SIZE + 1);

    world_put(world, ".partial", longer, CONTENT_SIZE + 1);
    world_expect(world, cache, &hub);
    assert_int_equal(hub.offset, 0);
    assert_int_equal(world_size(world, ""), CONTENT_SIZE);
}

static void a_failure_leaves_what_has_come_and_nothing_else(void **state)
{
    struct world *world = *state;
    CLEANUP(cache) struct cache *cache = world_open(world);
    CLEANUP(error) struct error err = ERROR_INIT;
    struct hub hub = world_hub(world);

    hub.refusal = ERROR_UNREACHABLE;
    assert_int_equal(world_read(world, cache, &hub, &err), -1);
    assert_int_equal(err.kind, ERROR_UNREACHABLE);
    assert_int_equal(world_size(world, ".partial"), -1);
    world_begin(world, cache, 5000);
    assert_int_equal(world_read(world, cache, &hub, &err), -1);
    assert_int_equal(err.kind, ERROR_UNREACHABLE);
    assert_int_equal(world_size(world, ".partial"), 5000);
    assert_int_equal(world_size(world, ""), -1);
}

static void what_is_damaged_is_told_removed_and_fetched_again(void **state)
{
    static const struct {
        const char *suffix;
        size_t size;
    } cases[] = {{"", CONTENT_SIZE}, {".partial", CONTENT_SIZE}, {".partial", 1234}};

    struct world *world = *state;
    CLEANUP(cache) struct cache *cache = world_open(world);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(text) char *damaged = xcalloc(1, CONTENT_SIZE);
        CLEANUP(text) char *path = world_path(world, cases[i].suffix);
        CLEANUP(text) char *whole = world_path(world, "");
        struct hub hub = world_hub(world);
        memcpy(damaged, world->content, CONTENT_SIZE);
        damaged[1000] ^= 1;
        world_put(world, cases[i].suffix, damaged, cases[i].size);
        assert_int_equal(world_read(world, cache, &hub, &err), -1);
        assert_int_equal(err.kind, ERROR_CORRUPT);
        assert_non_null(strstr(err.text, path));
        assert_non_null(strstr(err.text, "was damaged and is removed, so that it is"));
        assert_non_null(strstr(err.text, "'acme/model/weights' has the digest sha256:"));
        assert_int_equal(world_size(world, ""), -1);
        assert_int_equal(world_size(world, ".partial"), -1);
        world_expect(world, cache, &hub);
        assert_int_equal(hub.offset, 0);
        assert_int_equal(unlink(whole), 0);
    }
}

static void a_whole_file_of_another_size_comes_anew(void **state)
{
    struct world *world = *state;
    CLEANUP(cache) struct cache *cache = world_open(world);
    struct hub hub = world_hub(world);

    world_put(world, "", world->content, CONTENT_SIZE - 1);
    world_expect(world, cache, &hub);
    assert_int_equal(hub.asked, 1);
    assert_non_null(strstr(buf_text(&world->said), "has 299999 bytes, expected 300000"));
    assert_int_equal(world_size(world, ""), CONTENT_SIZE);
}

static void what_the_hub_sends_wrong_is_not_kept(void **state)
{
    struct world *world = *state;
    CLEANUP(cache) struct cache *cache = world_open(world);
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *wrong = xcalloc(1, CONTENT_SIZE);
    struct hub hub = {.content = wrong, .size = CONTENT_SIZE};

    assert_int_equal(world_read(world, cache, &hub, &err), -1);
    assert_int_equal(err.kind, ERROR_CORRUPT);
    assert_null(strstr(err.text, "download cache"));
    assert_int_equal(world_size(world, ""), -1);
    assert_int_equal(world_size(world, ".partial"), -1);
}

static void what_has_no_digest_or_no_bytes_is_not_kept(void **state)
{
    struct world *world = *state;
    CLEANUP(cache) struct cache *cache = world_open(world);
    CLEANUP(cache_list) struct cache_list list = CACHE_LIST_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(reader) struct reader *reader = NULL;
    struct hub hub = world_hub(world);
    char byte;

    world->digest = digest_of(DIGEST_SHA256, "", 0);
    struct hub empty = {.content = "", .size = 0};
    const struct cache_request request = {
        .name = "empty", .digest = &world->digest, .size = 0, .fetch = hub_fetch, .arg = &empty};
    assert_int_equal(cache_reader_open(cache, &request, &reader, &err), 0);
    assert_int_equal(reader_read(reader, &byte, 1, &err), 0);
    world->digest = (struct digest)DIGEST_INIT;
    world_expect(world, cache, &hub);
    world_expect(world, cache, &hub);
    assert_int_equal(hub.asked, 2);
    assert_int_equal(cache_list(world->folder, &list, &err), 0);
    assert_int_equal(list.count, 0);
}

static void a_full_disk_is_a_warning_once(void **state)
{
    struct world *world = *state;
    CLEANUP(cache) struct cache *cache = world_open(world);
    struct hub hub = world_hub(world);
    struct rlimit before;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit small = {.rlim_cur = 4096, .rlim_max = before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    world_expect(world, cache, &hub);
    world_expect(world, cache, &hub);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(hub.asked, 2);
    const char *said = strstr(buf_text(&world->said), "takes nothing more");
    assert_non_null(said);
    assert_non_null(strstr(said, "File too large"));
    assert_null(strstr(said + 1, "takes nothing more"));
    assert_int_equal(world_size(world, ""), -1);
    assert_int_equal(world_size(world, ".partial"), -1);
    world_put(world, "", world->content, CONTENT_SIZE);
    world_expect(world, cache, &hub); /* reading goes on */
    assert_int_equal(hub.asked, 2);
}

static void what_stands_in_the_way_is_a_warning(void **state)
{
    struct world *world = *state;
    CLEANUP(cache) struct cache *cache = world_open(world);
    CLEANUP(text) char *path = world_path(world, ".partial");
    struct hub hub = world_hub(world);

    assert_int_equal(symlink("/etc/passwd", path), 0);
    world_expect(world, cache, &hub);
    assert_non_null(strstr(buf_text(&world->said), "takes nothing more"));
    assert_non_null(strstr(buf_text(&world->said), path));
}

static void only_a_folder_for_it_becomes_a_cache(void **state)
{
    static const struct {
        const char *make; /* below the folder; a folder with '/' at its end */
        const char *text;
        const char *complaint; /* NULL: it is fine */
        enum error_kind kind;
    } cases[] = {
        {"lost+found/", NULL, NULL, ERROR_NONE},
        {"sha256/", NULL, "is no download cache; name another folder", ERROR_USAGE},
        {"git-sha1/", NULL, "is no download cache; name another folder", ERROR_USAGE},
        {"CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n# of pip\n",
         "is the cache of something else", ERROR_USAGE},
        {"CACHEDIR.TAG/", NULL, "is a folder", ERROR_LOCAL},
    };

    struct world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(cache) struct cache *cache = NULL;
        CLEANUP(text) char *folder = xasprintf("%s/%zu", world->root, i);
        CLEANUP(text) char *path = xasprintf("%s/%s", folder, cases[i].make);
        assert_int_equal(file_make_folders(folder, &err), 0);
        if (cases[i].text == NULL)
            path[strlen(path) - 1] = '\0';
        int made = cases[i].text == NULL
                       ? mkdir(path, 0755)
                       : file_replace(path, cases[i].text, strlen(cases[i].text), &err);
        assert_int_equal(made, 0);
        const struct cache_options options = {.folder = folder};
        assert_int_equal(cache_open(&options, &cache, &err), cases[i].complaint == NULL ? 0 : -1);
        assert_int_equal(err.kind, cases[i].kind);
        if (cases[i].complaint != NULL)
            assert_non_null(strstr(err.text, cases[i].complaint));
    }
}

/* The limit on the size of files stands for a file system that is read-only, for root as well. */
static void an_empty_folder_that_cannot_be_written_is_read(void **state)
{
    static const struct rlimit nothing = {0, RLIM_INFINITY};
    struct world *world = *state;
    struct hub hub = world_hub(world);
    CLEANUP(error) struct error err = ERROR_INIT;
    struct rlimit before;

    assert_int_equal(file_make_folders(world->folder, &err), 0);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &nothing), 0);
    CLEANUP(cache) struct cache *cache = world_open(world);
    int result = world_read(world, cache, &hub, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(result, 0);
    assert_non_null(strstr(buf_text(&world->said), "the download cache takes nothing more"));
    assert_int_equal(cache_kept_size(cache), 0);
}

static void a_folder_that_cannot_be_made_is_told(void **state)
{
    static const struct {
        const char *folder, *complaint;
    } cases[] = {{"", "is not the name of a folder"},
                 {"/dev/null", "'/dev/null' is not a folder"},
                 {"/dev/null/cache", "/dev/null"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(cache) struct cache *cache = NULL;
        const struct cache_options options = {.folder = cases[i].folder};
        assert_int_equal(cache_open(&options, &cache, &err), -1);
        assert_non_null(strstr(err.text, cases[i].complaint));
    }
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, world_enter, world_leave)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(what_was_fetched_once_comes_from_the_disk),
        WORLD_TEST(a_file_is_for_its_user_alone_and_reading_it_is_use),
        WORLD_TEST(files_of_git_are_kept_by_their_names_there),
        WORLD_TEST(a_part_that_is_left_is_gone_on_from),
        WORLD_TEST(a_part_that_is_all_of_it_becomes_the_whole),
        WORLD_TEST(a_part_that_is_too_long_is_begun_again),
        WORLD_TEST(a_failure_leaves_what_has_come_and_nothing_else),
        WORLD_TEST(what_is_damaged_is_told_removed_and_fetched_again),
        WORLD_TEST(a_whole_file_of_another_size_comes_anew),
        WORLD_TEST(what_the_hub_sends_wrong_is_not_kept),
        WORLD_TEST(what_has_no_digest_or_no_bytes_is_not_kept),
        WORLD_TEST(a_full_disk_is_a_warning_once),
        WORLD_TEST(what_stands_in_the_way_is_a_warning),
        WORLD_TEST(only_a_folder_for_it_becomes_a_cache),
        WORLD_TEST(an_empty_folder_that_cannot_be_written_is_read),
        cmocka_unit_test(a_folder_that_cannot_be_made_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
