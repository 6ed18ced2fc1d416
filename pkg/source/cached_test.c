#include "cache/cache.h"
#include "source/hub_server.h"
#include "source/source_internal.h"
#include "testing/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>

#include <cmocka.h>

#define LARGE "/acme/tiny/resolve/" HUB_COMMIT "/large"
#define PRESENT ((size_t)1000001)
#define SIZE ((size_t)SPLIT_LEAST + PRESENT + 5000)

/* A hub with one file, and a download cache. */
struct world {
    struct hub_server hub;
    struct http *http;
    struct prefetch_pool *pool;
    struct source *source;
    struct cache *cache;
    char *folder;
    char *body;
    struct plan plan;
};

static int setup(void **state)
{
    struct world *world = xcalloc(1, sizeof(*world));
    CLEANUP(origin) struct origin model = ORIGIN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    const struct http_options options = {.user_agent = "inlay/test", .retries = 1};
    char folder[] = "/tmp/inlay-source-XXXXXX";
    char path[] = "large";

    *state = world;
    assert_non_null(mkdtemp(folder));
    world->folder = xstrdup(folder);
    hub_server_start(&world->hub);
    hub_server_enter(&world->hub, HUB_TOKEN);
    world->http = http_new(&options);
    world->pool = prefetch_pool_new(4);
    if (cache_open(&(struct cache_options){.folder = folder}, &world->cache, &err) < 0)
        fail_msg("%s", err.text);
    const struct source_context context = {
        .http = world->http, .pool = world->pool, .cache = world->cache};
    if (origin_parse("acme/tiny", &model, &err) < 0 ||
        source_open_huggingface(&context, &model, &world->source, &err) < 0)
        fail_msg("%s", err.text);
    world->body = xcalloc(SIZE, 1);
    for (size_t i = 0; i < SIZE; i++)
        world->body[i] = (char)(i * 7 + i / 251);
    world->plan = (struct plan)PLAN_INIT;
    world->plan.origin.name = xstrdup("acme/tiny");
    world->plan.origin.revision = xstrdup("main");
    world->plan.pin = xstrdup(HUB_COMMIT);
    const struct plan_file file = {
        .path = path,
        .size = SIZE,
        .digest = digest_of(DIGEST_SHA256, world->body, SIZE),
    };
    plan_add(&world->plan, &file);
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    int result = folder_clear(world->folder);

    source_free(world->source);
    cache_free(world->cache);
    prefetch_pool_free(world->pool);
    http_free(world->http);
    hub_server_stop(&world->hub);
    plan_release(&world->plan);
    free(world->body);
    free(world->folder);
    free(world);
    return result;
}

static int open_large(struct world *world, struct reader **out, struct error *err)
{
    return source_open_file(world->source, &world->plan, &world->plan.files[0], NULL, out, err);
}

static void check_large(struct world *world)
{
    CLEANUP(reader) struct reader *reader = NULL;
    CLEANUP(buf) struct buf content = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (open_large(world, &reader, &err) < 0 || reader_read_all(reader, SIZE, &content, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(content.size, SIZE);
    assert_memory_equal(content.data, world->body, SIZE);
}

/* Reads its beginning, which is kept, and forgets what was asked for. */
static void begin_large(struct world *world)
{
    CLEANUP(reader) struct reader *reader = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *part = xcalloc(1, PRESENT);
    size_t passed = 0;

    if (open_large(world, &reader, &err) < 0)
        fail_msg("%s", err.text);
    while (passed < PRESENT) {
        ssize_t size = reader_read(reader, part, PRESENT - passed, &err);
        assert_true(size > 0);
        passed += (size_t)size;
    }
    reader_free(TAKE(reader));
    pthread_mutex_lock(&world->hub.lock);
    strings_release(&world->hub.requests);
    pthread_mutex_unlock(&world->hub.lock);
}

static void the_rest_of_a_large_file_comes_in_ranges(void **state)
{
    struct world *world = *state;

    hub_server_add(&world->hub,
                   (struct scripted_answer){.target = LARGE, .body = world->body, .size = SIZE});
    begin_large(world);
    check_large(world);
    assert_int_equal(hub_server_count(&world->hub, "Range: bytes=1000001-5194304\r\n"), 1);
    assert_int_equal(hub_server_count(&world->hub, "Range: bytes=34554433-34559432\r\n"), 1);
    assert_int_equal(hub_server_count(&world->hub, "Range: bytes=0-"), 0);
    size_t asked = hub_server_count(&world->hub, "GET ");
    assert_int_equal(asked, 9);
    assert_int_equal(source_claim_cached(world->source, 1000000), 1000000);
    assert_int_equal(source_claim_cached(world->source, SIZE), 1);
    check_large(world);
    assert_int_equal(hub_server_count(&world->hub, "GET "), asked);
    assert_int_equal(source_claim_cached(world->source, UINT64_MAX), SIZE);
    assert_int_equal(source_claim_cached(world->source, UINT64_MAX), 0);
}

static void check_part(struct world *world, uint64_t offset, uint64_t length)
{
    const struct source_range range = {.offset = offset, .length = length};
    CLEANUP(reader) struct reader *reader = NULL;
    CLEANUP(buf) struct buf content = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (source_open_part(world->source, &world->plan, &world->plan.files[0], &range, &reader,
                         &err) < 0 ||
        reader_read_exactly(reader, 0, (size_t)length, &content, &err) < 0)
        fail_msg("%s", err.text);
    assert_memory_equal(content.data, world->body + offset, (size_t)length);
}

/* Whoever reads it holds the partial file, which nobody else may wait for meanwhile. */
static void a_part_comes_from_the_cache_once_the_file_is_there(void **state)
{
    struct world *world = *state;
    CLEANUP(reader) struct reader *reader = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;
    char byte;

    hub_server_add(&world->hub,
                   (struct scripted_answer){.target = LARGE, .body = world->body, .size = SIZE});
    if (open_large(world, &reader, &err) < 0 || reader_read(reader, &byte, 1, &err) < 0)
        fail_msg("%s", err.text);
    check_part(world, 10, 1000);
    assert_int_equal(hub_server_count(&world->hub, "Range: bytes=10-1009\r\n"), 1);
    reader_free(TAKE(reader));
    check_large(world);
    size_t asked = hub_server_count(&world->hub, "GET ");
    source_claim_cached(world->source, UINT64_MAX);
    check_part(world, SIZE - 1000, 1000);
    check_part(world, 10, 1000);
    assert_int_equal(hub_server_count(&world->hub, "GET "), asked);
    assert_int_equal(source_claim_cached(world->source, UINT64_MAX), 2000);
}

static void a_server_without_ranges_begins_again_and_the_file_is_right(void **state)
{
    struct world *world = *state;

    hub_server_add(&world->hub,
                   (struct scripted_answer){
                       .target = LARGE, .body = world->body, .size = SIZE, .ignores_range = true});
    begin_large(world);
    check_large(world);
    assert_true(hub_server_count(&world->hub, "GET ") >= 1);
    size_t asked = hub_server_count(&world->hub, "GET ");
    check_large(world);
    assert_int_equal(hub_server_count(&world->hub, "GET "), asked);
}

static void a_refusal_is_told_as_without_a_cache(void **state)
{
    struct world *world = *state;
    CLEANUP(reader) struct reader *reader = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;

    hub_server_add(&world->hub,
                   (struct scripted_answer){.target = LARGE,
                                            .status = 404,
                                            .headers = "X-Error-Code: EntryNotFound\r\n"});
    assert_int_equal(open_large(world, &reader, &err), -1);
    assert_int_equal(err.kind, ERROR_NOT_FOUND);
    assert_string_equal(err.text, "reading 'acme/tiny/large': 'acme/tiny' has no file 'large' at "
                                  "revision 'main'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_rest_of_a_large_file_comes_in_ranges, setup, teardown),
        cmocka_unit_test_setup_teardown(a_part_comes_from_the_cache_once_the_file_is_there, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_server_without_ranges_begins_again_and_the_file_is_right,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_refusal_is_told_as_without_a_cache, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
