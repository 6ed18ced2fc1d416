#include "source/hub_server.h"
#include "source/source_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define RESOLVE "/acme/tiny/resolve/" HUB_COMMIT "/"
#define SIZE ((size_t)SPLIT_LEAST + 70001)
#define RANGES 9

struct world {
    struct hub_server hub;
    struct hub_server cdn;
    struct http *http;
    struct prefetch_pool *pool;
    struct source *source;
    struct strings texts;
    char *body;
    struct plan plan; /* "large", which is split, and "small", which is not */
};

static void add_file(struct world *world, const char *name, size_t size)
{
    CLEANUP(text) char *path = xstrdup(name);
    struct plan_file file = {
        .path = path,
        .size = size,
        .digest = digest_of(DIGEST_SHA256, world->body, size),
    };

    plan_add(&world->plan, &file);
}

static int setup(void **state)
{
    struct world *world = xcalloc(1, sizeof(*world));

    *state = world;
    hub_server_start(&world->hub);
    hub_server_start(&world->cdn);
    hub_server_enter(&world->hub, HUB_TOKEN);
    world->http = hub_server_http(NULL);
    world->pool = prefetch_pool_new(4);
    const struct source_context context = {.http = world->http, .pool = world->pool};
    if (hub_server_open(&context, &world->source) < 0)
        return -1;
    world->source->tries = 5;
    world->body = xcalloc(SIZE, 1);
    for (size_t i = 0; i < SIZE; i++)
        world->body[i] = (char)(i * 7 + i / 251);
    world->plan = hub_server_plan();
    add_file(world, "large", SIZE);
    add_file(world, "small", (size_t)SPLIT_LEAST - 1);
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    source_free(world->source);
    prefetch_pool_free(world->pool);
    http_free(world->http);
    hub_server_stop(&world->hub);
    hub_server_stop(&world->cdn);
    plan_release(&world->plan);
    strings_release(&world->texts);
    free(world->body);
    free(world);
    return 0;
}

/* The hub sends whoever asks for the large file to this path of the CDN. */
static void send_to(struct world *world, const char *path, unsigned times)
{
    strings_addf(&world->texts, "Location: http://127.0.0.1:%u%s\r\n", world->cdn.port, path);
    hub_server_add(&world->hub, (struct scripted_answer){
                                    .target = RESOLVE "large",
                                    .status = 302,
                                    .headers = world->texts.items[world->texts.count - 1],
                                    .times = times,
                                });
}

static void serve(struct world *world, struct scripted_answer answer)
{
    answer.body = world->body;
    answer.size = answer.size > 0 ? answer.size : SIZE;
    hub_server_add(&world->cdn, answer);
}

static int read_large(struct world *world, struct buf *content, struct error *err)
{
    CLEANUP(reader) struct reader *reader = NULL;

    if (source_open_file(world->source, &world->plan, &world->plan.files[0], NULL, &reader, err) <
        0)
        return -1;
    return reader_read_all(reader, 2 * SIZE, content, err);
}

static void check_large(struct world *world)
{
    CLEANUP(buf) struct buf content = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (read_large(world, &content, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(content.size, SIZE);
    assert_memory_equal(content.data, world->body, SIZE);
}

static void a_large_file_comes_in_ranges_from_where_the_hub_sends_once(void **state)
{
    struct world *world = *state;

    send_to(world, "/blob?Signature=abc", 0);
    serve(world, (struct scripted_answer){.target = "/blob?Signature=abc"});
    check_large(world);
    assert_int_equal(hub_server_count(&world->hub, "GET "), 1);
    assert_int_equal(hub_server_count(&world->cdn, "GET "), RANGES);
    assert_int_equal(hub_server_count(&world->cdn, "Range: bytes=0-4194303\r\n"), 1);
    assert_int_equal(hub_server_count(&world->cdn, "Range: bytes=33554432-33624432\r\n"), 1);
    assert_int_equal(hub_server_count(&world->hub, HUB_TOKEN), 1);
    assert_int_equal(hub_server_count(&world->cdn, "Authorization"), 0);
}

static void an_address_that_has_expired_is_asked_for_again(void **state)
{
    struct world *world = *state;

    send_to(world, "/blob?Signature=first", 1);
    send_to(world, "/blob?Signature=second", 0);
    serve(world, (struct scripted_answer){.target = "/blob?Signature=first", .times = 3});
    hub_server_add(&world->cdn, (struct scripted_answer){.target = "/blob?Signature=first",
                                                         .status = 403,
                                                         .body = "Request has expired"});
    serve(world, (struct scripted_answer){.target = "/blob?Signature=second"});
    check_large(world);
    assert_in_range(hub_server_count(&world->hub, "GET "), 2, 5); /* a connection each at most */
}

static void a_range_that_breaks_costs_its_rest(void **state)
{
    struct world *world = *state;

    send_to(world, "/blob", 0);
    serve(world, (struct scripted_answer){
                     .target = "/blob", .times = 1, .breaks = true, .break_after = 1000000});
    serve(world, (struct scripted_answer){.target = "/blob"});
    check_large(world);
    assert_int_equal(hub_server_count(&world->cdn, "Range: bytes=1000000-4194303\r\n"), 1);
    assert_int_equal(hub_server_count(&world->cdn, "GET "), RANGES + 1);
}

static void a_server_without_ranges_is_read_in_one_stream(void **state)
{
    struct world *world = *state;

    send_to(world, "/blob", 0);
    serve(world, (struct scripted_answer){.target = "/blob", .ignores_range = true});
    check_large(world);
    assert_int_equal(hub_server_count(&world->cdn, "GET "), 2); /* the first finds it out */
    assert_int_equal(hub_server_count(&world->cdn, "Range: "), 1);
    check_large(world);
    assert_int_equal(hub_server_count(&world->cdn, "GET "), 3);
    assert_int_equal(hub_server_count(&world->cdn, "Range: "), 1);
}

static void a_file_that_is_not_large_is_one_request(void **state)
{
    struct world *world = *state;
    CLEANUP(reader) struct reader *reader = NULL;
    CLEANUP(buf) struct buf content = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    hub_server_add(&world->hub, (struct scripted_answer){.target = RESOLVE "small",
                                                         .body = world->body,
                                                         .size = (size_t)SPLIT_LEAST - 1});
    assert_int_equal(
        source_open_file(world->source, &world->plan, &world->plan.files[1], NULL, &reader, &err),
        0);
    assert_int_equal(reader_read_all(reader, 2 * SIZE, &content, &err), 0);
    assert_int_equal(hub_server_count(&world->hub, "GET "), 1);
    assert_int_equal(hub_server_count(&world->hub, "Range: "), 0);
}

static void a_range_that_is_refused_ends_the_file(void **state)
{
    struct world *world = *state;
    CLEANUP(buf) struct buf content = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    send_to(world, "/blob", 1);
    serve(world, (struct scripted_answer){.target = "/blob", .times = 2});
    hub_server_add(&world->cdn, (struct scripted_answer){.target = "/blob", .status = 410});
    hub_server_add(&world->hub,
                   (struct scripted_answer){.target = RESOLVE "large",
                                            .status = 404,
                                            .headers = "X-Error-Code: EntryNotFound\r\n"});
    assert_int_equal(read_large(world, &content, &err), -1);
    assert_int_equal(err.kind, ERROR_NOT_FOUND);
    assert_string_equal(err.text, "reading 'acme/tiny/large': 'acme/tiny' has no file 'large' at "
                                  "revision 'main'");
}

static void a_file_that_is_shorter_than_listed_says_so(void **state)
{
    static const size_t sizes[] = {1, 4194304, 5000000, SIZE - 1};
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        CLEANUP(buf) struct buf content = BUF_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(text)
        char *expected =
            xasprintf("'acme/tiny/large' ends after %zu bytes, expected %zu", sizes[i], SIZE);
        hub_server_clear(&world->hub);
        hub_server_add(&world->hub, (struct scripted_answer){.target = RESOLVE "large",
                                                             .body = world->body,
                                                             .size = sizes[i]});
        assert_int_equal(read_large(world, &content, &err), -1);
        assert_int_equal(err.kind, ERROR_CORRUPT);
        assert_string_equal(err.text, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_large_file_comes_in_ranges_from_where_the_hub_sends_once,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(an_address_that_has_expired_is_asked_for_again, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_range_that_breaks_costs_its_rest, setup, teardown),
        cmocka_unit_test_setup_teardown(a_server_without_ranges_is_read_in_one_stream, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_file_that_is_not_large_is_one_request, setup, teardown),
        cmocka_unit_test_setup_teardown(a_range_that_is_refused_ends_the_file, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_is_shorter_than_listed_says_so, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
