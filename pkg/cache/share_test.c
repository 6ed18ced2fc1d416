#include "cache/folder_test_internal.h"

#include "core/workers.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

/* A process of a test's own that has begun to fetch the file. */
struct other {
    pid_t pid;
};

/* Tells by a byte that it has 100,000 bytes; then the rest slowly, or nothing more. */
static void be_other(struct world *world, int told, bool goes_on)
{
    CLEANUP(cache) struct cache *cache = world_open(world);
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(reader) struct reader *reader = NULL;
    struct hub hub = world_hub(world);
    char part[1000];

    if (world_request(world, cache, &hub, &reader, &err) < 0)
        _exit(1);
    for (size_t passed = 0; reader_read(reader, part, sizeof(part), &err) > 0;) {
        passed += sizeof(part);
        if (passed == 100000 && write(told, "", 1) != 1)
            _exit(1);
        if (passed >= 100000 && !goes_on)
            pause();
        if (passed >= 100000 && passed % 40000 == 0 && cancel_wait(NULL, 100, &err) < 0)
            _exit(1);
    }
    _exit(world_size(world, "") == (int64_t)CONTENT_SIZE ? 0 : 1);
}

static struct other other_start(struct world *world, bool goes_on)
{
    int ends[2];
    char byte;

    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        be_other(world, ends[1], goes_on);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    close(ends[1]);
    return (struct other){pid};
}

static void another_process_is_waited_for(void **state)
{
    struct world *world = *state;
    struct other other = other_start(world, true);
    CLEANUP(cache) struct cache *cache = world_open(world);
    struct hub hub = world_hub(world);
    int status = -1;

    world_expect(world, cache, &hub);
    assert_int_equal(hub.asked, 0);
    assert_int_equal(waitpid(other.pid, &status, 0), other.pid);
    assert_int_equal(status, 0);
}

static void a_killed_process_is_taken_over_from(void **state)
{
    struct world *world = *state;
    struct other other = other_start(world, false);
    CLEANUP(cache) struct cache *cache = world_open(world);
    struct hub hub = world_hub(world);
    int status = -1;

    pid_t killer = fork(); /* while we wait for it */
    assert_true(killer >= 0);
    if (killer == 0) {
        CLEANUP(error) struct error err = ERROR_INIT;
        _exit(cancel_wait(NULL, 400, &err) < 0 || kill(other.pid, SIGKILL) < 0);
    }
    world_expect(world, cache, &hub);
    assert_int_equal(hub.asked, 1);
    assert_int_equal(hub.offset, 100000);
    assert_int_equal(world_size(world, ""), CONTENT_SIZE);
    assert_int_equal(waitpid(other.pid, &status, 0), other.pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(waitpid(killer, &status, 0), killer);
    assert_int_equal(status, 0);
}

static void a_process_that_stands_still_is_not_waited_for(void **state)
{
    struct world *world = *state;
    struct other other = other_start(world, false);
    struct hub hub = world_hub(world);
    int status = -1;

    world->patience_ms = 600;
    CLEANUP(cache) struct cache *cache = world_open(world);
    world_expect(world, cache, &hub);
    assert_int_equal(hub.asked, 1);
    assert_int_equal(hub.offset, 0);
    assert_int_equal(world_size(world, ""), -1);
    assert_int_equal(world_size(world, ".partial"), 100000); /* it is the other's still */
    assert_int_equal(kill(other.pid, SIGKILL), 0);
    assert_int_equal(waitpid(other.pid, &status, 0), other.pid);
}

static void waiting_ends_with_cancel(void **state)
{
    struct world *world = *state;
    struct other other = other_start(world, false);
    CLEANUP(cache) struct cache *cache = world_open(world);
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(reader) struct reader *reader = NULL;
    struct hub hub = world_hub(world);
    struct cancel cancel = {.requested = true};
    int status = -1;
    const struct cache_request request = {
        .name = "acme/model/weights",
        .digest = &world->digest,
        .size = CONTENT_SIZE,
        .cancel = &cancel,
        .fetch = hub_fetch,
        .arg = &hub,
    };

    assert_int_equal(cache_reader_open(cache, &request, &reader, &err), -1);
    assert_int_equal(err.kind, ERROR_CANCELED);
    assert_int_equal(hub.asked, 0);
    assert_string_equal(buf_text(&world->said), "");
    assert_int_equal(kill(other.pid, SIGKILL), 0);
    assert_int_equal(waitpid(other.pid, &status, 0), other.pid);
}

static void prune_leaves_what_is_in_use(void **state)
{
    struct world *world = *state;
    struct other other = other_start(world, false);
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(cache_prune_result) struct cache_prune_result result = CACHE_PRUNE_RESULT_INIT;
    CLEANUP(cache_prune_result) struct cache_prune_result later = CACHE_PRUNE_RESULT_INIT;
    const struct cache_prune_options options = {
        .folder = world->folder, .max_size = SIZE_UNKNOWN, .partial = true};
    int status = -1;

    assert_int_equal(cache_prune(&options, &result, &err), 0);
    assert_int_equal(result.removed.count, 0);
    assert_int_equal(result.in_use.count, 1);
    assert_int_equal(world_size(world, ".partial"), 100000);
    assert_int_equal(kill(other.pid, SIGKILL), 0);
    assert_int_equal(waitpid(other.pid, &status, 0), other.pid);
    assert_int_equal(cache_prune(&options, &later, &err), 0);
    assert_int_equal(later.removed.count, 1);
    assert_int_equal(later.in_use.count, 0);
    assert_int_equal(world_size(world, ".partial"), -1);
}

/* What the threads of one process have in common. */
struct crowd {
    struct world *world;
    struct cache *cache;
    struct hub hubs[8]; /* one a thread */
};

static int want_it(void *arg, size_t number, const struct cancel *cancel, struct error *err)
{
    struct crowd *crowd = arg;

    (void)cancel;
    crowd->hubs[number] = world_hub(crowd->world);
    return world_read(crowd->world, crowd->cache, &crowd->hubs[number], err);
}

static void threads_fetch_it_once(void **state)
{
    struct world *world = *state;
    CLEANUP(cache) struct cache *cache = world_open(world);
    CLEANUP(error) struct error err = ERROR_INIT;
    struct crowd crowd = {.world = world, .cache = cache};
    unsigned asked = 0;

    if (workers_run(8, ARRAY_SIZE(crowd.hubs), want_it, &crowd, NULL, &err) < 0)
        fail_msg("%s", err.text);
    for (size_t i = 0; i < ARRAY_SIZE(crowd.hubs); i++)
        asked += crowd.hubs[i].asked;
    assert_int_equal(asked, 1);
    assert_int_equal(world_size(world, ".partial"), -1);
}

static void processes_fetch_it_once(void **state)
{
    struct world *world = *state;
    pid_t pids[6];
    int asked = 0;

    for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] > 0)
            continue;
        CLEANUP(cache) struct cache *cache = world_open(world); /* all make the folder, too */
        CLEANUP(error) struct error err = ERROR_INIT;
        struct hub hub = world_hub(world);
        _exit(world_read(world, cache, &hub, &err) < 0 ? 100 : (int)hub.asked);
    }
    for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
        int status = -1;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFEXITED(status));
        asked += WEXITSTATUS(status);
    }
    assert_int_equal(asked, 1);
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, world_enter, world_leave)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(another_process_is_waited_for),
        WORLD_TEST(a_killed_process_is_taken_over_from),
        WORLD_TEST(a_process_that_stands_still_is_not_waited_for),
        WORLD_TEST(waiting_ends_with_cancel),
        WORLD_TEST(prune_leaves_what_is_in_use),
        WORLD_TEST(processes_fetch_it_once), /* before there are threads */
        WORLD_TEST(threads_fetch_it_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
