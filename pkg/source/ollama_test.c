#include "auth/auth.h"
#include "core/workers.h"
#include "source/hub_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define API "/v2/library/tiny"
#define CONFIG_SHA256 "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
#define MANIFEST                                                                                   \
    "{ \"schemaVersion\": 2, \"mediaType\": "                                                      \
    "\"application/vnd.docker.distribution.manifest.v2+json\",\n \"config\": {\"mediaType\": "     \
    "\"application/vnd.docker.container.image.v1+json\", \"digest\": \"sha256:" CONFIG_SHA256      \
    "\", \"size\": 2}, \"layers\": [{\"mediaType\": \"application/vnd.ollama.image.model\", "      \
    "\"digest\": \"sha256:" HELLO_SHA256 "\", \"size\": 5}]}\n"
#define BLOB API "/blobs/sha256:" HELLO_SHA256
#define CONFIG_BLOB API "/blobs/sha256:" CONFIG_SHA256

struct world {
    struct hub_server hub;
    struct hub_server cdn;
    struct http *http;
    struct auth *auth;
    struct source *source;
    struct strings texts; /* what the scripts point to */
};

static void open_source(struct world *world, bool offline)
{
    CLEANUP(text) char *name = xasprintf("ollama://127.0.0.1:%u/library/tiny:q4", world->hub.port);
    CLEANUP(origin) struct origin model = ORIGIN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    const struct source_context context = {
        .http = world->http, .auth = world->auth, .offline = offline};

    assert_int_equal(origin_parse(name, &model, &err), 0);
    assert_int_equal(source_open(&context, &model, &world->source, &err), 0);
}

static int setup(void **state)
{
    struct world *world = xcalloc(1, sizeof(*world));

    hub_server_start(&world->hub);
    hub_server_start(&world->cdn);
    hub_server_enter(&world->hub, NULL);
    setenv("HOME", "/nonexistent", 1);
    world->http = hub_server_http(NULL);
    world->auth = auth_new(&(struct auth_options){.http = world->http});
    open_source(world, false);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    source_free(world->source);
    auth_free(world->auth);
    http_free(world->http);
    hub_server_stop(&world->hub);
    hub_server_stop(&world->cdn);
    strings_release(&world->texts);
    free(world);
    return 0;
}

static const char *keep(struct world *world, const char *text)
{
    strings_add(&world->texts, text);
    return world->texts.items[world->texts.count - 1];
}

static void serve(struct world *world, const char *target, const char *body)
{
    hub_server_add(&world->hub, (struct scripted_answer){.target = target, .body = body});
}

static void list(struct world *world, struct plan *plan)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    if (source_list(world->source, plan, &err) < 0) {
        print_error("%s\n", err.text);
        fail();
    }
}

static void list_keeps_the_manifest_as_it_came_and_asks_once(void **state)
{
    struct world *world = *state;
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(plan) struct plan again = PLAN_INIT;
    struct digest digest = digest_of(DIGEST_SHA256, MANIFEST, strlen(MANIFEST));
    CLEANUP(text)
    char *path = xasprintf("manifests/127.0.0.1:%u/library/tiny/q4", world->hub.port);

    serve(world, API "/manifests/q4", MANIFEST);
    list(world, &plan);
    list(world, &again);
    assert_int_equal(plan.origin.kind, ORIGIN_OLLAMA);
    assert_string_equal(plan.origin.revision, "q4");
    assert_string_equal(plan.pin, digest_format(&digest).text);
    assert_string_equal(again.pin, plan.pin);
    assert_int_equal(plan.count, 3);
    assert_string_equal(plan.files[0].path, "blobs/sha256-" HELLO_SHA256);
    assert_string_equal(plan.files[1].path, "blobs/sha256-" CONFIG_SHA256);
    assert_string_equal(plan.files[2].path, path);
    assert_int_equal(hub_server_count(&world->hub, "GET " API "/manifests/"), 1);
    assert_int_equal(
        hub_server_count(&world->hub,
                         "Accept: application/vnd.docker.distribution.manifest.v2+json\r\n"),
        1);
}

static int read_whole(void *arg, size_t number, const struct cancel *cancel, struct error *err)
{
    static const char *const expected[] = {"hello", "{}", MANIFEST};
    struct world *world = arg;
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(reader) struct reader *reader = NULL;
    CLEANUP(buf) struct buf content = BUF_INIT;

    number %= ARRAY_SIZE(expected);
    if (source_list(world->source, &plan, err) < 0 ||
        source_open_file(world->source, &plan, &plan.files[number], cancel, &reader, err) < 0 ||
        reader_read_all(reader, 10000, &content, err) < 0)
        return -1;
    if (strcmp(buf_text(&content), expected[number]) != 0)
        return error_set(err, ERROR_INTERNAL, "'%s' has other content", plan.files[number].path);
    return 0;
}

static void every_file_is_read_from_several_threads(void **state)
{
    struct world *world = *state;
    CLEANUP(error) struct error err = ERROR_INIT;

    serve(world, API "/manifests/q4", MANIFEST);
    serve(world, BLOB, "hello");
    serve(world, CONFIG_BLOB, "{}");
    int result = workers_run(3, 12, read_whole, world, NULL, &err);
    if (result < 0)
        print_error("%s\n", err.text);
    assert_int_equal(result, 0);
}

static void open_reads_the_range_it_was_asked_for_and_no_more(void **state)
{
    static const struct {
        size_t file;
        uint64_t offset, length;
        const char *expected;
    } cases[] = {
        {0, 0, SIZE_UNKNOWN, "hello"}, {0, 1, 3, "ell"},   {0, 4, 100, "o"},
        {0, 5, SIZE_UNKNOWN, ""},      {0, 2, 0, ""},      {2, 0, 3, "{ \""},
        {2, 2, 8, "\"schemaV"},        {2, 100000, 5, ""}, {2, 1, 0, ""},
    };
    struct world *world = *state;
    CLEANUP(plan) struct plan plan = PLAN_INIT;

    serve(world, API "/manifests/q4", MANIFEST);
    serve(world, BLOB, "hello");
    list(world, &plan);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(reader) struct reader *reader = NULL;
        CLEANUP(buf) struct buf content = BUF_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        const struct source_range range = {.offset = cases[i].offset, .length = cases[i].length};
        assert_int_equal(world->source->ops->open(world->source, &plan, &plan.files[cases[i].file],
                                                  &range, &reader, &err),
                         0);
        assert_int_equal(reader_read_all(reader, 1000, &content, &err), 0);
        assert_string_equal(buf_text(&content), cases[i].expected);
    }
}

static int read_blob(struct world *world, struct buf *content, struct error *err)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(reader) struct reader *reader = NULL;

    list(world, &plan);
    if (source_open_file(world->source, &plan, &plan.files[0], NULL, &reader, err) < 0)
        return -1;
    return reader_read_all(reader, 100, content, err);
}

/* The registry sends us to another host, with a token that is not for it. */
static void serve_by_redirects(struct world *world)
{
    static const char *const targets[] = {"/first", "/expired", "/third"};
    CLEANUP(text)
    char *challenge = xasprintf("WWW-Authenticate: Bearer realm=\"http://127.0.0.1:%u/token\","
                                "service=\"s\",scope=\"repository:library/tiny:pull\"\r\n",
                                world->hub.port);

    hub_server_add(&world->hub, (struct scripted_answer){.target = API "/manifests/q4",
                                                         .status = 401,
                                                         .headers = keep(world, challenge),
                                                         .times = 1});
    serve(world, "/token?service=s&scope=repository:library/tiny:pull",
          "{\"token\": \"anonymous-1\"}");
    serve(world, API "/manifests/q4", MANIFEST);
    for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
        CLEANUP(text)
        char *location =
            xasprintf("Location: http://127.0.0.1:%u%s\r\n", world->cdn.port, targets[i]);
        hub_server_add(&world->hub, (struct scripted_answer){.target = BLOB,
                                                             .status = 307,
                                                             .headers = keep(world, location),
                                                             .times = 1});
    }
    hub_server_add(&world->cdn,
                   (struct scripted_answer){
                       .target = "/first", .body = "hello", .breaks = true, .break_after = 2});
    hub_server_add(&world->cdn, (struct scripted_answer){.target = "/expired", .status = 403});
    hub_server_add(&world->cdn, (struct scripted_answer){.target = "/third", .body = "hello"});
}

static void an_anonymous_token_is_fetched_and_a_broken_connection_is_resumed(void **state)
{
    struct world *world = *state;
    CLEANUP(buf) struct buf content = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    serve_by_redirects(world);
    int result = read_blob(world, &content, &err);
    if (result < 0)
        print_error("%s\n", err.text);
    assert_int_equal(result, 0);
    assert_string_equal(buf_text(&content), "hello");
    assert_int_equal(hub_server_count(&world->hub, "Authorization: Bearer anonymous-1\r\n"), 4);
    assert_int_equal(hub_server_count(&world->cdn, "Authorization"), 0);
    assert_int_equal(hub_server_count(&world->cdn, "Range: bytes=2-\r\n"), 2);
}

static void what_is_not_right_is_said(void **state)
{
    static const struct {
        const char *manifest, *blob, *complaint;
        int manifest_status, blob_status;
        enum error_kind kind;
    } cases[] = {
        {"", "", "has no model 'library/tiny' with the tag 'q4'", 404, 0, ERROR_NOT_FOUND},
        {"", "", "may not be read: it does not exist, or is private", 403, 0, ERROR_DENIED},
        {"", "", "status 500", 500, 0, ERROR_UNREACHABLE},
        {"<html>", "", "not JSON", 0, 0, ERROR_CORRUPT},
        {"", "", "the manifest is empty", 0, 0, ERROR_CORRUPT},
        {"{\"schemaVersion\": 2, \"manifests\": []}", "", "an index", 0, 0, ERROR_UNSUPPORTED},
        {MANIFEST, "", "has no file 'blobs/sha256-" HELLO_SHA256, 0, 404, ERROR_NOT_FOUND},
        {MANIFEST, "hallo", "has the digest sha256:", 0, 0, ERROR_CORRUPT},
        {MANIFEST, "hell", "ends after 4 bytes, expected 5", 0, 0, ERROR_CORRUPT},
    };
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(reader) struct reader *reader = NULL;
        CLEANUP(buf) struct buf content = BUF_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        source_free(world->source);
        open_source(world, false);
        hub_server_clear(&world->hub);
        hub_server_add(&world->hub, (struct scripted_answer){.target = API "/manifests/q4",
                                                             .status = cases[i].manifest_status,
                                                             .body = cases[i].manifest});
        hub_server_add(&world->hub, (struct scripted_answer){.target = BLOB,
                                                             .status = cases[i].blob_status,
                                                             .body = cases[i].blob});
        int result = source_list(world->source, &plan, &err);
        if (result == 0)
            result = source_open_file(world->source, &plan, &plan.files[0], NULL, &reader, &err);
        if (result == 0)
            result = reader_read_all(reader, 100, &content, &err);
        assert_int_equal(result, -1);
        if (err.kind != cases[i].kind || strstr(err.text, cases[i].complaint) == NULL)
            print_error("%s\n", err.text);
        assert_int_equal(err.kind, cases[i].kind);
        assert_non_null(strstr(err.text, cases[i].complaint));
    }
}

static void offline_nothing_is_asked_for(void **state)
{
    struct world *world = *state;
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    source_free(world->source);
    open_source(world, true);
    assert_int_equal(source_list(world->source, &plan, &err), -1);
    assert_int_equal(err.kind, ERROR_NOT_FOUND);
    assert_non_null(strstr(err.text, "--offline"));
    assert_int_equal(hub_server_count(&world->hub, ""), 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(list_keeps_the_manifest_as_it_came_and_asks_once),
        TEST(every_file_is_read_from_several_threads),
        TEST(open_reads_the_range_it_was_asked_for_and_no_more),
        TEST(an_anonymous_token_is_fetched_and_a_broken_connection_is_resumed),
        TEST(what_is_not_right_is_said),
        TEST(offline_nothing_is_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
