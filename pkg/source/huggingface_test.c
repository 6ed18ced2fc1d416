#include "source/hub_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define API "/api/models/acme/tiny"
#define TREE API "/tree/" HUB_COMMIT "?recursive=true&expand=false"
#define RESOLVE "/acme/tiny/resolve/" HUB_COMMIT
#define INFO "{\"id\": \"acme/tiny\", \"sha\": \"" HUB_COMMIT "\", \"gated\": false}"
#define CONFIG_ENTRY                                                                               \
    "{\"type\": \"file\", \"oid\": \"" CONFIG_SHA1 "\", \"size\": 8, \"path\": \"config.json\"}"
#define HELLO_ENTRY(path)                                                                          \
    "{\"type\": \"file\", \"oid\": \"" POINTER_SHA1 "\", \"size\": 5, \"path\": \"" path           \
    "\", \"lfs\": {\"oid\": \"" HELLO_SHA256 "\", \"size\": 5}}"

struct world {
    struct hub_server hub;
    struct hub_server cdn;
    struct http *http;
    struct source *source;
    struct strings texts; /* what the scripts point to */
    struct buf said;      /* all that was logged */
    struct log log;
};

static void keep_line(void *arg, enum log_level level, const char *line)
{
    (void)level;
    buf_addf(arg, "%s\n", line);
}

/* Text that lives as long as the world does. */
#define WORLD_TEXT(world, ...)                                                                     \
    (strings_addf(&(world)->texts, __VA_ARGS__), (world)->texts.items[(world)->texts.count - 1])

static void open_world(struct world *world, const char *name, const char *token)
{
    CLEANUP(origin) struct origin model = ORIGIN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    hub_server_enter(&world->hub, token);
    world->http = hub_server_http(&world->log);
    const struct source_context context = {.http = world->http, .log = &world->log};
    assert_int_equal(origin_parse(name, &model, &err), 0);
    assert_int_equal(source_open_huggingface(&context, &model, &world->source, &err), 0);
    world->source->tries = 5;
}

static int setup(void **state)
{
    struct world *world = xcalloc(1, sizeof(*world));

    world->log = (struct log){LOG_DEBUG, keep_line, &world->said};
    hub_server_start(&world->hub);
    hub_server_start(&world->cdn);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    bool secret = strstr(buf_text(&world->said), HUB_TOKEN) != NULL ||
                  strstr(buf_text(&world->said), "Signature") != NULL;

    source_free(world->source);
    http_free(world->http);
    hub_server_stop(&world->hub);
    hub_server_stop(&world->cdn);
    strings_release(&world->texts);
    buf_release(&world->said);
    free(world);
    return secret ? -1 : 0; /* no log may ever have one */
}

static void serve(struct world *world, const char *target, const char *body)
{
    hub_server_add(&world->hub, (struct scripted_answer){.target = target, .body = body});
}

/* acme/tiny with one file, which is in LFS. */
static void serve_hello(struct world *world)
{
    serve(world, API "/revision/main", INFO);
    serve(world, TREE, "[" HELLO_ENTRY("model.bin") "]");
}

static void send_to_cdn(struct world *world, const char *storage, unsigned times)
{
    hub_server_add(&world->hub,
                   (struct scripted_answer){
                       .target = RESOLVE "/model.bin",
                       .status = 302,
                       .headers = WORLD_TEXT(world, "Location: http://127.0.0.1:%u%s\r\n",
                                             world->cdn.port, storage),
                       .times = times,
                   });
}

static void serve_on_cdn(struct world *world, struct scripted_answer answer)
{
    hub_server_add(&world->cdn, answer);
}

static void list(struct world *world, struct plan *plan)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    int result = source_list(world->source, plan, &err);

    if (result < 0)
        print_error("%s\n", err.text);
    assert_int_equal(result, 0);
}

/* What reading the plan's only file ends with. */
static int read_file(struct world *world, const struct cancel *cancel, struct buf *content,
                     struct error *err)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(reader) struct reader *reader = NULL;

    list(world, &plan);
    assert_int_equal(plan.count, 1);
    if (source_open_file(world->source, &plan, &plan.files[0], cancel, &reader, err) < 0)
        return -1;
    return reader_read_all(reader, 1000, content, err);
}

static void check_content(struct world *world, const char *expected)
{
    CLEANUP(buf) struct buf content = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    int result = read_file(world, NULL, &content, &err);

    if (result < 0)
        print_error("%s\n", err.text);
    assert_int_equal(result, 0);
    assert_string_equal(buf_text(&content), expected);
}

static void check_complaint(struct world *world, enum error_kind kind, const char *complaint)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    assert_int_equal(source_list(world->source, &plan, &err), -1);
    assert_non_null(strstr(err.text, complaint));
    assert_int_equal(err.kind, kind);
    assert_null(plan.origin.name);
    assert_null(strstr(err.text, HUB_TOKEN));
}

static void list_pins_the_revision_and_reads_every_page(void **state)
{
    struct world *world = *state;
    CLEANUP(plan) struct plan plan = PLAN_INIT;

    open_world(world, "acme/tiny@refs/pr/1", HUB_TOKEN);
    serve(world, API "/revision/refs%2Fpr%2F1", INFO);
    hub_server_add(&world->hub, (struct scripted_answer){
                                    .target = TREE,
                                    .body = "[" HELLO_ENTRY("z.bin") "]",
                                    .headers = WORLD_TEXT(world,
                                                          "Link: <http://127.0.0.1:%u/p?c=a+b%%2c>;"
                                                          " rel=\"next\"\r\n",
                                                          world->hub.port),
                                });
    hub_server_add(&world->hub, (struct scripted_answer){
                                    .target = "/p?c=a+b%2c",
                                    .body = "[" CONFIG_ENTRY "]",
                                    .headers = "Link: </p?c=2>; rel=\"next\"\r\n",
                                });
    serve(world, "/p?c=2", "[" HELLO_ENTRY("a/b.bin") "]");

    list(world, &plan);
    assert_int_equal(plan.origin.kind, ORIGIN_HUB_MODEL);
    assert_string_equal(plan.origin.name, "acme/tiny");
    assert_string_equal(plan.origin.revision, "refs/pr/1");
    assert_string_equal(plan.pin, HUB_COMMIT);
    assert_int_equal(plan.count, 3);
    assert_string_equal(plan.files[0].path, "a/b.bin");
    assert_string_equal(plan.files[1].path, "config.json");
    assert_string_equal(plan.files[2].path, "z.bin");
    assert_int_equal(hub_server_count(&world->hub, "\r\nAuthorization: Bearer " HUB_TOKEN), 4);
}

static void list_asks_the_endpoint_for_a_page_that_is_named_at_another_host(void **state)
{
    struct world *world = *state;
    CLEANUP(plan) struct plan plan = PLAN_INIT;

    open_world(world, "acme/tiny", HUB_TOKEN);
    serve(world, API "/revision/main", INFO);
    hub_server_add(&world->hub,
                   (struct scripted_answer){
                       .target = TREE,
                       .body = "[]",
                       .headers = WORLD_TEXT(world, "Link: <http://127.0.0.1:%u/p>; rel=next\r\n",
                                             world->cdn.port),
                   });
    serve(world, "/p", "[" CONFIG_ENTRY "]");

    list(world, &plan);
    assert_int_equal(plan.count, 1);
    assert_int_equal(hub_server_count(&world->hub, "GET /p "), 1);
    assert_int_equal(hub_server_count(&world->cdn, "GET "), 0);
}

static void list_keeps_the_name_of_a_renamed_repo_as_it_was_asked_for(void **state)
{
    struct world *world = *state;
    CLEANUP(plan) struct plan plan = PLAN_INIT;

    open_world(world, "acme/old", HUB_TOKEN);
    hub_server_add(&world->hub, (struct scripted_answer){
                                    .target = "/api/models/acme/old/revision/main",
                                    .status = 307,
                                    .headers = "Location: " API "/revision/main\r\n",
                                });
    hub_server_add(&world->hub, (struct scripted_answer){
                                    .target = "/api/models/acme/old/tree/" HUB_COMMIT
                                              "?recursive=true&expand=false",
                                    .status = 307,
                                    .headers = "Location: " TREE "\r\n",
                                });
    serve_hello(world);

    list(world, &plan);
    assert_string_equal(plan.origin.name, "acme/old");
    assert_int_equal(plan.count, 1);
    assert_int_equal(hub_server_count(&world->hub, "GET "), 4);
    assert_int_equal(hub_server_count(&world->hub, "\r\nAuthorization: "), 4);
    assert_non_null(strstr(buf_text(&world->said), "'acme/old' is 'acme/tiny' at commit"));
}

static void list_says_what_a_hub_should_not_have_answered(void **state)
{
    static const struct {
        const char *info, *tree;
        enum error_kind kind;
        const char *complaint;
    } cases[] = {
        {"<html>Log in</html>", NULL, ERROR_CORRUPT,
         "/api/models/acme/tiny/revision/main' does not answer as a hub does, check HF_ENDPOINT "
         "and proxies: the answer is not JSON"},
        {"{\"id\": \"acme/tiny\"}", NULL, ERROR_CORRUPT, "names no commit"},
        {"{\"sha\": \"" HUB_COMMIT "\", \"disabled\": true}", NULL, ERROR_DENIED,
         "the hub has disabled 'acme/tiny'"},
        {INFO, "{}", ERROR_CORRUPT,
         "/tree/" HUB_COMMIT "' does not answer as a hub does, check HF_ENDPOINT and proxies: the "
         "file list is not a JSON array"},
        {INFO, "[]", ERROR_NOT_FOUND, "'acme/tiny' has no files at revision 'main'"},
        {INFO, "[" HELLO_ENTRY("../x") "]", ERROR_CORRUPT, "the file list of 'acme/tiny': "},
        {INFO, "[" HELLO_ENTRY("/etc/x") "]", ERROR_CORRUPT, "'/etc/x'"},
        {INFO, "[" CONFIG_ENTRY ", " CONFIG_ENTRY "]", ERROR_CORRUPT, "'config.json'"},
    };
    struct world *world = *state;

    open_world(world, "acme/tiny", NULL);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        hub_server_clear(&world->hub);
        serve(world, API "/revision/main", cases[i].info);
        serve(world, TREE, cases[i].tree);
        check_complaint(world, cases[i].kind, cases[i].complaint);
    }
}

static void list_wants_the_commit_that_was_asked_for(void **state)
{
    struct world *world = *state;

    open_world(world, "acme/tiny@0000000000000000000000000000000000000001", NULL);
    serve(world, API "/revision/0000000000000000000000000000000000000001", INFO);
    check_complaint(world, ERROR_CORRUPT,
                    "the hub names the commit " HUB_COMMIT
                    " when asked for 'acme/tiny' at 0000000000000000000000000000000000000001");
}

static void list_does_not_walk_in_circles(void **state)
{
    struct world *world = *state;

    open_world(world, "acme/tiny", NULL);
    serve(world, API "/revision/main", INFO);
    hub_server_add(&world->hub, (struct scripted_answer){
                                    .target = TREE,
                                    .body = "[]",
                                    .headers = "Link: </b>; rel=next\r\n",
                                });
    hub_server_add(&world->hub, (struct scripted_answer){
                                    .target = "/b",
                                    .body = "[]",
                                    .headers = "Link: <" TREE ">; rel=next\r\n",
                                });
    check_complaint(world, ERROR_CORRUPT,
                    "page 2 of the files of 'acme/tiny' leads back to a page that was read");
}

static void list_turns_a_refusal_into_what_to_do(void **state)
{
    struct world *world = *state;

    open_world(world, "acme/tiny", HUB_TOKEN);
    hub_server_add(
        &world->hub,
        (struct scripted_answer){
            .target = API "/revision/main",
            .status = 401,
            .headers = "X-Error-Message: Invalid credentials in Authorization header\r\n",
        });
    check_complaint(world, ERROR_DENIED,
                    "the token in HF_TOKEN or the token file is not valid (wrong or expired)");
}

static void list_names_the_model_when_there_is_no_hub(void **state)
{
    struct world *world = *state;

    open_world(world, "acme/tiny", NULL);
    hub_server_add(&world->hub, (struct scripted_answer){
                                    .target = API "/revision/main",
                                    .breaks = true,
                                    .body = INFO,
                                    .break_after = 3,
                                });
    check_complaint(world, ERROR_UNREACHABLE, "asking for the files of 'acme/tiny': ");
    assert_int_equal(hub_server_count(&world->hub, "GET "), 2); /* http has tried again */
}

static void open_leaves_the_token_at_the_hub_when_the_storage_is_elsewhere(void **state)
{
    struct world *world = *state;

    open_world(world, "acme/tiny", HUB_TOKEN);
    serve_hello(world);
    send_to_cdn(world, "/blob?Signature=abc", 0);
    serve_on_cdn(world, (struct scripted_answer){.target = "/blob?Signature=abc", .body = "hello"});
    check_content(world, "hello");
    assert_int_equal(hub_server_count(&world->hub, "GET " RESOLVE "/model.bin "), 1);
    assert_int_equal(hub_server_count(&world->hub, "\r\nAuthorization: Bearer " HUB_TOKEN), 3);
    assert_int_equal(hub_server_count(&world->cdn, "GET "), 1);
    assert_int_equal(hub_server_count(&world->cdn, "Authorization"), 0);
    assert_int_equal(hub_server_count(&world->cdn, "Accept-Encoding: identity"), 1);
}

static void open_encodes_the_path_and_knows_datasets(void **state)
{
    struct world *world = *state;

    open_world(world, "datasets/acme/rows", NULL);
    serve(world, "/api/datasets/acme/rows/revision/main", INFO);
    serve(world, "/api/datasets/acme/rows/tree/" HUB_COMMIT "?recursive=true&expand=false",
          "[" HELLO_ENTRY("d e/f+g&h#i?(1)~\xc3\xa9.txt") "]");
    serve(world,
          "/datasets/acme/rows/resolve/" HUB_COMMIT "/d%20e/f%2Bg%26h%23i%3F%281%29~%C3%A9.txt",
          "hello");
    check_content(world, "hello");
    assert_int_equal(hub_server_count(&world->hub, "Authorization"), 0);
}

static void a_broken_connection_is_resumed_where_it_broke(void **state)
{
    struct world *world = *state;

    open_world(world, "acme/tiny", HUB_TOKEN);
    serve_hello(world);
    send_to_cdn(world, "/first", 1);
    send_to_cdn(world, "/expired", 1);
    send_to_cdn(world, "/third", 1);
    send_to_cdn(world, "/fourth", 1);
    serve_on_cdn(world, (struct scripted_answer){
                            .target = "/first", .body = "hello", .breaks = true, .break_after = 2});
    serve_on_cdn(world, (struct scripted_answer){.target = "/expired", .status = 403});
    serve_on_cdn(world, (struct scripted_answer){.target = "/third",
                                                 .body = "hello",
                                                 .ignores_range = true,
                                                 .breaks = true,
                                                 .break_after = 4});
    serve_on_cdn(world, (struct scripted_answer){.target = "/fourth", .body = "hello"});
    check_content(world, "hello");
    assert_int_equal(hub_server_count(&world->hub, "GET " RESOLVE), 4);
    assert_int_equal(hub_server_count(&world->cdn, "Range: bytes=2-\r\n"), 2);
    assert_int_equal(hub_server_count(&world->cdn, "Range: bytes=4-\r\n"), 1);
    assert_int_equal(hub_server_count(&world->cdn, "Authorization"), 0);
}

static void check_refused_file(struct world *world, enum error_kind kind, const char *complaint)
{
    CLEANUP(buf) struct buf content = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    assert_int_equal(read_file(world, NULL, &content, &err), -1);
    assert_non_null(strstr(err.text, complaint));
    assert_int_equal(err.kind, kind);
    assert_true(content.size < 5);
    assert_null(strstr(err.text, HUB_TOKEN));
}

/* One that ends early may have broken off: its end is asked for twice more. */
static void a_file_that_is_not_as_listed_is_refused(void **state)
{
    static const struct {
        const char *body, *complaint;
        size_t requests;
    } cases[] = {
        {"hallo", "'acme/tiny/model.bin' has the digest sha256:", 1},
        {"hell", "'acme/tiny/model.bin' ends after 4 bytes, expected 5", 3},
        {"hello!", "'acme/tiny/model.bin' has more than the expected 5 bytes", 1},
    };
    struct world *world = *state;
    size_t requests = 0;

    open_world(world, "acme/tiny", HUB_TOKEN);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        hub_server_clear(&world->hub);
        serve_hello(world);
        serve(world, RESOLVE "/model.bin", cases[i].body);
        check_refused_file(world, ERROR_CORRUPT, cases[i].complaint);
        requests += cases[i].requests;
        assert_int_equal(hub_server_count(&world->hub, "GET " RESOLVE), requests);
    }
}

static void a_file_that_may_not_be_read_says_so(void **state)
{
    static const struct {
        int status;
        const char *headers;
        enum error_kind kind;
        const char *complaint;
    } cases[] = {
        {403, "X-Error-Code: GatedRepo\r\n", ERROR_DENIED,
         "reading 'acme/tiny/model.bin': 'acme/tiny' is gated: ask for access at http://127.0.0.1"},
        {404, "X-Error-Code: EntryNotFound\r\n", ERROR_NOT_FOUND,
         "reading 'acme/tiny/model.bin': 'acme/tiny' has no file 'model.bin' at revision 'main'"},
        {503, "X-Request-Id: r1\r\n", ERROR_UNREACHABLE,
         "answers 503 when asked for 'acme/tiny' (request 'r1'); try again later"},
    };
    struct world *world = *state;

    open_world(world, "acme/tiny", HUB_TOKEN);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        hub_server_clear(&world->hub);
        serve_hello(world);
        hub_server_add(&world->hub, (struct scripted_answer){.target = RESOLVE "/model.bin",
                                                             .status = cases[i].status,
                                                             .headers = cases[i].headers});
        check_refused_file(world, cases[i].kind, cases[i].complaint);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(list_pins_the_revision_and_reads_every_page, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            list_asks_the_endpoint_for_a_page_that_is_named_at_another_host, setup, teardown),
        cmocka_unit_test_setup_teardown(list_keeps_the_name_of_a_renamed_repo_as_it_was_asked_for,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(list_says_what_a_hub_should_not_have_answered, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(list_wants_the_commit_that_was_asked_for, setup, teardown),
        cmocka_unit_test_setup_teardown(list_does_not_walk_in_circles, setup, teardown),
        cmocka_unit_test_setup_teardown(list_turns_a_refusal_into_what_to_do, setup, teardown),
        cmocka_unit_test_setup_teardown(list_names_the_model_when_there_is_no_hub, setup, teardown),
        cmocka_unit_test_setup_teardown(
            open_leaves_the_token_at_the_hub_when_the_storage_is_elsewhere, setup, teardown),
        cmocka_unit_test_setup_teardown(open_encodes_the_path_and_knows_datasets, setup, teardown),
        cmocka_unit_test_setup_teardown(a_broken_connection_is_resumed_where_it_broke, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_file_that_is_not_as_listed_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_may_not_be_read_says_so, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
