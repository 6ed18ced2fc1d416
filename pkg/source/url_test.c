#include "source/hub_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct world {
    struct hub_server server;
    struct http *http;
};

static int setup(void **state)
{
    struct world *world = xcalloc(1, sizeof(*world));

    *state = world;
    hub_server_start(&world->server);
    hub_server_enter(&world->server, HUB_TOKEN);
    world->http = hub_server_http(NULL);
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    http_free(world->http);
    hub_server_stop(&world->server);
    free(world);
    return 0;
}

/* Opens "http://SERVER" and what follows; *plan is then its list. */
static int list(struct world *world, const char *rest, bool unverified, struct source **source,
                struct plan *plan, struct error *err)
{
    CLEANUP(text)
    char *text = xasprintf("http://127.0.0.1:%u%s", world->server.port, rest);
    CLEANUP(origin) struct origin origin = ORIGIN_INIT;
    const struct source_context context = {.http = world->http, .unverified = unverified};

    assert_int_equal(origin_parse(text, &origin, err), 0);
    if (source_open(&context, &origin, source, err) < 0)
        return -1;
    return source_list(*source, plan, err);
}

static const struct plan_file *only_file(const struct plan *plan)
{
    if (plan->count != 1 || plan->files == NULL)
        abort();
    return plan->files;
}

static void check_content(struct source *source, const struct plan *plan)
{
    CLEANUP(reader) struct reader *reader = NULL;
    CLEANUP(buf) struct buf content = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    assert_int_equal(source_open_file(source, plan, &plan->files[0], NULL, &reader, &err), 0);
    assert_int_equal(reader_read_all(reader, 100, &content, &err), 0);
    assert_string_equal(buf_text(&content), "hello");
}

static void a_url_is_one_file_that_its_path_ends_with(void **state)
{
    static const struct {
        const char *target, *name;
    } cases[] = {
        {"/f", "f"},
        {"/a/na%20me%C3%A9.bin?x=/y", "na me\xc3\xa9.bin"},
    };
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(source) struct source *source = NULL;
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(text) char *rest = xasprintf("%s#sha256=" HELLO_SHA256, cases[i].target);
        hub_server_add(&world->server,
                       (struct scripted_answer){.target = cases[i].target, .body = "hello"});
        assert_int_equal(list(world, rest, false, &source, &plan, &err), 0);
        assert_int_equal(plan.count, 1);
        const struct plan_file *file = only_file(&plan);
        assert_string_equal(file->path, cases[i].name);
        assert_int_equal(file->size, 5);
        assert_string_equal(plan.pin, "sha256:" HELLO_SHA256);
        assert_null(strchr(plan.origin.name, '?'));
        check_content(source, &plan);
    }
    assert_int_equal(hub_server_count(&world->server, "Authorization"), 0);
}

static void a_name_that_cannot_be_one_is_refused_before_any_request(void **state)
{
    static const char *const cases[] = {"/a%2Fb", "/a%00b", "/%2e%2e", "/.wh.a", "/a%0Ab", "/%ff"};
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(source) struct source *source = NULL;
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(list(world, cases[i], true, &source, &plan, &err), -1);
        assert_int_equal(err.kind, ERROR_USAGE);
        assert_non_null(strstr(err.text, "give it one by --name"));
    }
    assert_int_equal(world->server.requests.count, 0);
}

static void a_server_that_refuses_is_quoted_by_its_status_alone(void **state)
{
    static const struct {
        int status;
        enum error_kind kind;
        const char *text;
    } cases[] = {
        {404, ERROR_NOT_FOUND, "/f': the server answers 404"},
        {410, ERROR_NOT_FOUND, "/f': the server answers 410"},
        {401, ERROR_DENIED, "/f' is not for everybody: the server answers 401"},
        {403, ERROR_DENIED, "/f' is not for everybody: the server answers 403"},
        {429, ERROR_UNREACHABLE, "the server answers 429; try again later"},
        {503, ERROR_UNREACHABLE, "the server answers 503; try again later"},
        {418, ERROR_UNSUPPORTED, "the server answers 418, expected 200"},
        {416, ERROR_UNSUPPORTED, "the server answers 416, expected 200"},
        {204, ERROR_UNSUPPORTED, "the server answers 204, expected 200"},
    };
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(source) struct source *source = NULL;
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        hub_server_clear(&world->server);
        hub_server_add(&world->server, (struct scripted_answer){.target = "/f?key=secret",
                                                                .status = cases[i].status,
                                                                .body = "no key=secret here"});
        assert_int_equal(list(world, "/f?key=secret", true, &source, &plan, &err), -1);
        assert_int_equal(err.kind, cases[i].kind);
        assert_non_null(strstr(err.text, cases[i].text));
        assert_null(strstr(err.text, "secret"));
    }
}

static void without_a_checksum_parts_of_two_versions_are_never_one_file(void **state)
{
    struct world *world = *state;
    CLEANUP(source) struct source *source = NULL;
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    hub_server_add(&world->server, (struct scripted_answer){.target = "/f",
                                                            .body = "hello",
                                                            .headers = "ETag: \"1\"\r\n",
                                                            .breaks = true,
                                                            .break_after = 2,
                                                            .times = 2});
    hub_server_add(
        &world->server,
        (struct scripted_answer){.target = "/f", .body = "other", .headers = "ETag: \"2\"\r\n"});
    assert_int_equal(list(world, "/f", true, &source, &plan, &err), -1);
    assert_int_equal(err.kind, ERROR_CORRUPT);
    assert_non_null(strstr(err.text, "has changed on the server while it was fetched"));
}

static void a_file_that_never_comes_whole_is_named(void **state)
{
    struct world *world = *state;
    CLEANUP(source) struct source *source = NULL;
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    hub_server_add(&world->server, (struct scripted_answer){.target = "/f?key=secret",
                                                            .body = "hello",
                                                            .breaks = true,
                                                            .break_after = 2,
                                                            .times = 2});
    hub_server_add(&world->server,
                   (struct scripted_answer){.target = "/f?key=secret", .status = 503});
    assert_int_equal(list(world, "/f?key=secret", true, &source, &plan, &err), -1);
    assert_int_equal(err.kind, ERROR_UNREACHABLE);
    assert_non_null(strstr(err.text, "/f': no progress behind byte 2"));
    assert_null(strstr(err.text, "secret"));
}

static void an_empty_file_is_one(void **state)
{
    struct world *world = *state;
    CLEANUP(source) struct source *source = NULL;
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    hub_server_add(&world->server,
                   (struct scripted_answer){.target = "/f", .ignores_range = true, .body = ""});
    assert_int_equal(list(world, "/f", true, &source, &plan, &err), 0);
    assert_int_equal(only_file(&plan)->size, 0);
    assert_string_equal(plan.pin,
                        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_url_is_one_file_that_its_path_ends_with, setup, teardown),
        cmocka_unit_test_setup_teardown(a_name_that_cannot_be_one_is_refused_before_any_request,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_server_that_refuses_is_quoted_by_its_status_alone, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(without_a_checksum_parts_of_two_versions_are_never_one_file,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_never_comes_whole_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(an_empty_file_is_one, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
