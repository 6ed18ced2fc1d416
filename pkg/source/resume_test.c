#include "source/hub_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define TARGET "/acme/tiny/resolve/" HUB_COMMIT "/f"

struct world {
    struct hub_server hub;
    struct http *http;
    struct source *source;
    struct plan plan; /* "f", which is "hello" */
};

static int setup(void **state)
{
    struct world *world = xcalloc(1, sizeof(*world));
    CLEANUP(error) struct error err = ERROR_INIT;

    *state = world;
    hub_server_start(&world->hub);
    hub_server_enter(&world->hub, NULL);
    world->http = hub_server_http(NULL);
    const struct source_context context = {.http = world->http};
    if (hub_server_open(&context, &world->source) < 0)
        return -1;
    world->source->tries = 5;
    CLEANUP(text) char *path = xstrdup("f");
    struct plan_file file = {.path = path, .size = 5};
    if (digest_parse_hex(DIGEST_SHA256, HELLO_SHA256, &file.digest, &err) < 0)
        return -1;
    world->plan = hub_server_plan();
    plan_add(&world->plan, &file);
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    source_free(world->source);
    http_free(world->http);
    hub_server_stop(&world->hub);
    plan_release(&world->plan);
    free(world);
    return 0;
}

static int read_file(struct world *world, const struct cancel *cancel, struct buf *content,
                     struct error *err)
{
    CLEANUP(reader) struct reader *reader = NULL;

    if (source_open_file(world->source, &world->plan, &world->plan.files[0], cancel, &reader, err) <
        0)
        return -1;
    return reader_read_all(reader, 1000, content, err);
}

static void a_source_that_breaks_off_often_is_read_as_long_as_it_moves(void **state)
{
    struct world *world = *state;
    CLEANUP(buf) struct buf content = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    for (unsigned i = 0; i < 4; i++) {
        hub_server_add(
            &world->hub,
            (struct scripted_answer){
                .target = TARGET, .body = "hello", .times = 1, .breaks = true, .break_after = 0});
        hub_server_add(
            &world->hub,
            (struct scripted_answer){
                .target = TARGET, .body = "hello", .times = 1, .breaks = true, .break_after = 1});
    }
    hub_server_add(&world->hub, (struct scripted_answer){.target = TARGET, .body = "hello"});
    assert_int_equal(read_file(world, NULL, &content, &err), 0);
    assert_string_equal(buf_text(&content), "hello");
    assert_int_equal(err.kind, ERROR_NONE);
    assert_int_equal(hub_server_count(&world->hub, "GET "), 9);
    assert_int_equal(hub_server_count(&world->hub, "Range: bytes=4-"), 1);
}

static void a_source_that_does_not_move_is_given_up_after_five_tries(void **state)
{
    struct world *world = *state;
    CLEANUP(buf) struct buf content = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    hub_server_add(
        &world->hub,
        (struct scripted_answer){
            .target = TARGET, .body = "hello", .times = 1, .breaks = true, .break_after = 3});
    hub_server_add(&world->hub,
                   (struct scripted_answer){
                       .target = TARGET, .body = "hello", .breaks = true, .break_after = 0});
    assert_int_equal(read_file(world, NULL, &content, &err), -1);
    assert_int_equal(err.kind, ERROR_UNREACHABLE);
    assert_non_null(
        strstr(err.text, "reading 'acme/tiny/f': no progress behind byte 3 in 5 tries: "));
    assert_int_equal(hub_server_count(&world->hub, "GET "), 1 + 5);
}

static void a_source_is_tried_as_often_as_is_said(void **state)
{
    struct world *world = *state;

    hub_server_add(
        &world->hub,
        (struct scripted_answer){
            .target = TARGET, .body = "hello", .times = 1, .breaks = true, .break_after = 3});
    hub_server_add(&world->hub,
                   (struct scripted_answer){
                       .target = TARGET, .body = "hello", .breaks = true, .break_after = 0});
    for (unsigned tries = 0; tries <= 1; tries++) {
        CLEANUP(buf) struct buf content = BUF_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        world->source->tries = tries;
        assert_int_equal(read_file(world, NULL, &content, &err), -1);
        assert_int_equal(err.kind, ERROR_UNREACHABLE);
        assert_non_null(strstr(err.text, " in 1 try: "));
        assert_int_equal(hub_server_count(&world->hub, "GET "), tries == 0 ? 1 : 3);
    }
}

static void what_is_refused_while_resuming_is_not_tried_again(void **state)
{
    struct world *world = *state;
    CLEANUP(buf) struct buf content = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    hub_server_add(
        &world->hub,
        (struct scripted_answer){
            .target = TARGET, .body = "hello", .times = 1, .breaks = true, .break_after = 3});
    hub_server_add(&world->hub,
                   (struct scripted_answer){.target = TARGET,
                                            .status = 404,
                                            .headers = "X-Error-Code: EntryNotFound\r\n"});
    assert_int_equal(read_file(world, NULL, &content, &err), -1);
    assert_int_equal(err.kind, ERROR_NOT_FOUND);
    assert_string_equal(err.text, "reading 'acme/tiny/f': 'acme/tiny' has no file 'f' at revision "
                                  "'main'");
    assert_int_equal(hub_server_count(&world->hub, "GET "), 2);
}

static void a_connection_that_breaks_behind_the_last_byte_has_given_all(void **state)
{
    struct world *world = *state;
    CLEANUP(buf) struct buf content = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    hub_server_add(&world->hub,
                   (struct scripted_answer){
                       .target = TARGET, .body = "hello!", .breaks = true, .break_after = 5});
    assert_int_equal(read_file(world, NULL, &content, &err), 0);
    assert_string_equal(buf_text(&content), "hello");
    assert_int_equal(err.kind, ERROR_NONE);
    assert_int_equal(hub_server_count(&world->hub, "GET "), 1);
}

/* Each time it is opened after half of the wait that is enough, and breaks before a byte. */
static void a_source_that_is_mostly_silent_is_given_up_long_before_its_tries(void **state)
{
    struct world *world = *state;
    CLEANUP(http)
    struct http *http = http_new(&(struct http_options){
        .user_agent = "inlay/test", .stall_timeout_s = 1, .retries = 20, .retry_wait_ms = 1});
    const struct source_context context = {.http = http};
    CLEANUP(buf) struct buf content = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    source_free(TAKE(world->source));
    assert_int_equal(hub_server_open(&context, &world->source), 0);
    world->source->http = http;
    world->source->tries = 20;
    hub_server_add(
        &world->hub,
        (struct scripted_answer){
            .target = TARGET, .body = "hello", .times = 1, .breaks = true, .break_after = 3});
    for (unsigned i = 0; i < 2; i++) {
        hub_server_add(&world->hub,
                       (struct scripted_answer){.target = TARGET, .times = 8, .is_silent = true});
        hub_server_add(
            &world->hub,
            (struct scripted_answer){
                .target = TARGET, .body = "hello", .times = 1, .breaks = true, .break_after = 0});
    }
    hub_server_add(&world->hub, (struct scripted_answer){.target = TARGET, .body = "hello"});
    assert_int_equal(read_file(world, NULL, &content, &err), -1);
    assert_int_equal(err.kind, ERROR_UNREACHABLE);
    assert_true(hub_server_count(&world->hub, "GET ") <= 1 + 2 * 9);
    source_free(TAKE(world->source)); /* before its http */
}

static void *request_later(void *arg)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* nobody stops this wait */

    if (cancel_wait(NULL, 100, &ignored) == 0)
        cancel_request(arg);
    return NULL;
}

static void waiting_to_resume_ends_when_asked_to_stop(void **state)
{
    struct world *world = *state;
    CLEANUP(reader) struct reader *reader = NULL;
    CLEANUP(buf) struct buf content = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct cancel cancel = {.parent = NULL};
    pthread_t thread;

    hub_server_add(&world->hub,
                   (struct scripted_answer){
                       .target = TARGET, .body = "hello", .breaks = true, .break_after = 3});
    assert_int_equal(source_open_file(world->source, &world->plan, &world->plan.files[0], &cancel,
                                      &reader, &err),
                     0);
    assert_int_equal(pthread_create(&thread, NULL, request_later, &cancel), 0);
    assert_int_equal(reader_read_all(reader, 1000, &content, &err), -1);
    pthread_join(thread, NULL);
    assert_int_equal(err.kind, ERROR_CANCELED);
    assert_in_range(hub_server_count(&world->hub, "GET "), 1, 2); /* and not six */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_source_that_breaks_off_often_is_read_as_long_as_it_moves,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_source_that_does_not_move_is_given_up_after_five_tries,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_source_is_tried_as_often_as_is_said, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_refused_while_resuming_is_not_tried_again, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_connection_that_breaks_behind_the_last_byte_has_given_all,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_source_that_is_mostly_silent_is_given_up_long_before_its_tries, setup, teardown),
        cmocka_unit_test_setup_teardown(waiting_to_resume_ends_when_asked_to_stop, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
