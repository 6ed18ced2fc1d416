#include "source/hub_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define API "/api/v1/models/acme/tiny"
#define LIST(revision) API "/repo/files?Revision=" revision "&Recursive=True"
#define CONTENT API "/repo?Revision=" HUB_COMMIT "&FilePath=model.bin"
#define OTHER "90c83b81d6733584c13cb8bb50b21d5b5b81ee28"
#define ANSWER(data) "{\"Code\": 200, \"Success\": true, \"Data\": " data "}"
#define REVISIONS                                                                                  \
    ANSWER("{\"RevisionMap\": {\"Branches\": [{\"Revision\": \"master\"}], \"Tags\": []}}")
#define HELLO(path, revision)                                                                      \
    "{\"Type\": \"blob\", \"Path\": \"" path "\", \"Size\": 5, \"Sha256\": \"" HELLO_SHA256        \
    "\", \"Revision\": \"" revision "\"}"
#define LISTED(short_commit, files)                                                                \
    ANSWER("{\"LatestCommitter\": {\"Id\": \"\", \"ShortId\": \"" short_commit                     \
           "\"}, \"Files\": [" files "]}")
#define WHOLE LISTED("3f0c6d0c", HELLO("model.bin", HUB_COMMIT))
#define TOKEN "ms-0123456789"

struct world {
    struct hub_server hub;
    struct hub_server cdn;
    struct http *http;
    struct source *source;
    struct strings texts; /* what the scripts point to */
};

static void open_world(struct world *world, const char *name, const char *token)
{
    CLEANUP(origin) struct origin model = ORIGIN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    hub_server_enter(&world->hub, NULL);
    hub_server_name("MODELSCOPE_ENDPOINT");
    if (token != NULL)
        setenv("MODELSCOPE_API_TOKEN", token, 1);
    else
        unsetenv("MODELSCOPE_API_TOKEN");
    world->http = hub_server_http(NULL);
    const struct source_context context = {.http = world->http};
    assert_int_equal(origin_parse(name, &model, &err), 0);
    assert_int_equal(source_open(&context, &model, &world->source, &err), 0);
}

static int setup(void **state)
{
    struct world *world = xcalloc(1, sizeof(*world));

    hub_server_start(&world->hub);
    hub_server_start(&world->cdn);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    source_free(world->source);
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

static void check_complaint(struct world *world, enum error_kind kind, const char *complaint)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    assert_int_equal(source_list(world->source, &plan, &err), -1);
    if (err.kind != kind || strstr(err.text, complaint) == NULL)
        print_error("kind %d: %s\n", (int)err.kind, err.text);
    assert_int_equal(err.kind, kind);
    assert_non_null(strstr(err.text, complaint));
    assert_null(strstr(err.text, TOKEN));
}

static void list(struct world *world, struct plan *plan)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    if (source_list(world->source, plan, &err) < 0) {
        print_error("%s\n", err.text);
        fail();
    }
}

static void a_branch_is_pinned_to_its_commit_and_listed_by_it(void **state)
{
    struct world *world = *state;
    CLEANUP(plan) struct plan plan = PLAN_INIT;

    open_world(world, "ms://acme/tiny", NULL);
    serve(world, API "/revisions", REVISIONS);
    serve(world, LIST("master"), WHOLE);
    serve(world, LIST(HUB_COMMIT), LISTED("3f0c6d0c", HELLO("other.bin", OTHER)));
    list(world, &plan);
    assert_string_equal(plan.pin, HUB_COMMIT);
    assert_string_equal(plan.origin.revision, "master");
    assert_int_equal(plan.count, 1);
    assert_string_equal(plan.files[0].path, "other.bin");
    assert_string_equal(plan.files[0].blob_id, POINTER_SHA1);
    assert_int_equal(hub_server_count(&world->hub, "Authorization"), 0);
    assert_int_equal(hub_server_count(&world->hub, "Cookie"), 0);
}

static void git_is_asked_if_no_file_tells_the_commit(void **state)
{
    static const char refs[] =
        "001e# service=git-upload-pack\n0000003f" HUB_COMMIT " refs/heads/master\n0000";
    static const char stale[] = "003f" OTHER " refs/heads/master\n0000";
    struct world *world = *state;
    CLEANUP(plan) struct plan plan = PLAN_INIT;

    open_world(world, "ms://acme/tiny", NULL);
    serve(world, API "/revisions", REVISIONS);
    serve(world, LIST("master"), LISTED("3f0c6d0c", HELLO("model.bin", OTHER)));
    serve(world, LIST(HUB_COMMIT), LISTED("3f0c6d0c", HELLO("model.bin", OTHER)));
    check_complaint(world, ERROR_UNSUPPORTED, "name it: ms://acme/tiny@COMMIT");
    hub_server_add(&world->hub, (struct scripted_answer){
                                    .target = "/acme/tiny.git/info/refs?service=git-upload-pack",
                                    .body = stale,
                                    .times = 1,
                                });
    serve(world, "/acme/tiny.git/info/refs?service=git-upload-pack", refs);
    check_complaint(world, ERROR_UNSUPPORTED, "('3f0c6d0c')");
    list(world, &plan);
    assert_string_equal(plan.pin, HUB_COMMIT);
}

static void what_is_not_right_is_said(void **state)
{
    static const struct {
        const char *name, *revisions, *branch, *commit;
        enum error_kind kind;
        const char *complaint;
    } cases[] = {
        {"ms://acme/tiny", "<html>", NULL, NULL, ERROR_CORRUPT,
         "does not answer as ModelScope does"},
        {"ms://acme/tiny@v1", REVISIONS, NULL, NULL, ERROR_NOT_FOUND,
         "'acme/tiny' has no revision 'v1'; there is 'master'"},
        {"ms://acme/tiny", REVISIONS, "[]", NULL, ERROR_CORRUPT, "not a JSON object"},
        {"ms://acme/tiny", REVISIONS, WHOLE, LISTED("90c83b81", HELLO("f", OTHER)), ERROR_CORRUPT,
         "lists the commit 90c83b81"},
        {"ms://acme/tiny", REVISIONS, WHOLE, LISTED("3f0c6d0c", ""), ERROR_NOT_FOUND, "no files"},
        {"ms://acme/tiny", REVISIONS, WHOLE, LISTED("3f0c6d0c", HELLO("../f", OTHER)),
         ERROR_CORRUPT, "'../f'"},
        {"ms://acme/tiny@" OTHER, NULL, NULL, WHOLE, ERROR_NOT_FOUND,
         "ModelScope has no 'ms://acme/tiny@" OTHER "', or keeps it private"},
        {"ms://acme/tiny", "{\"Code\": 401, \"Success\": false, \"Message\": \"log in\"}", NULL,
         NULL, ERROR_DENIED, "'log in'"},
    };
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        source_free(world->source);
        world->source = NULL;
        http_free(world->http);
        open_world(world, cases[i].name, TOKEN);
        hub_server_clear(&world->hub);
        if (cases[i].revisions != NULL)
            serve(world, API "/revisions", cases[i].revisions);
        if (cases[i].branch != NULL)
            serve(world, LIST("master"), cases[i].branch);
        if (cases[i].commit != NULL)
            serve(world, LIST(HUB_COMMIT), cases[i].commit);
        check_complaint(world, cases[i].kind, cases[i].complaint);
    }
}

/* A listing of files "NAME0", "NAME1" …, and a folder. */
static const char *many(struct world *world, const char *prefix, size_t count, const char *folder)
{
    CLEANUP(buf) struct buf out = BUF_INIT;

    buf_add_text(&out, "{\"Code\": 200, \"Success\": true, \"Data\": {\"Files\": [");
    for (size_t i = 0; i < count; i++)
        buf_addf(&out,
                 "{\"Type\": \"blob\", \"Path\": \"%s%zu\", \"Size\": 5, \"Sha256\": \"%s\"},",
                 prefix, i, HELLO_SHA256);
    buf_addf(&out, "{\"Type\": \"tree\", \"Path\": \"%s\"}]}}", folder);
    return keep(world, buf_text(&out));
}

static void a_listing_that_is_cut_off_is_read_folder_by_folder(void **state)
{
    struct world *world = *state;
    CLEANUP(plan) struct plan plan = PLAN_INIT;

    open_world(world, "ms://acme/tiny@" HUB_COMMIT, NULL);
    serve(world, LIST(HUB_COMMIT), many(world, "d e/", 2999, "d e"));
    serve(world, API "/repo/files?Revision=" HUB_COMMIT "&Recursive=False",
          many(world, "f", 2, "d e"));
    serve(world, LIST(HUB_COMMIT) "&Root=d%20e", many(world, "d e/", 2998, "d e/x"));
    list(world, &plan);
    assert_int_equal(plan.count, 3000);
    assert_string_equal(plan.files[plan.count - 1].path, "f1");
}

static void a_folder_that_cannot_be_listed_whole_is_refused(void **state)
{
    struct world *world = *state;

    open_world(world, "ms://acme/tiny@" HUB_COMMIT, NULL);
    serve(world, LIST(HUB_COMMIT), many(world, "f", 2999, "d"));
    serve(world, API "/repo/files?Revision=" HUB_COMMIT "&Recursive=False",
          many(world, "f", 2999, "d"));
    check_complaint(world, ERROR_UNSUPPORTED, "more than the 2999 files that ModelScope lists");
}

static int read_file(struct world *world, struct buf *content, struct error *err)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(reader) struct reader *reader = NULL;

    list(world, &plan);
    if (source_open_file(world->source, &plan, &plan.files[0], NULL, &reader, err) < 0)
        return -1;
    return reader_read_all(reader, 100, content, err);
}

static void send_to_cdn(struct world *world, const char *target, unsigned times)
{
    CLEANUP(text)
    char *location = xasprintf("Location: http://127.0.0.1:%u%s\r\n", world->cdn.port, target);

    hub_server_add(&world->hub, (struct scripted_answer){
                                    .target = CONTENT,
                                    .status = 302,
                                    .headers = keep(world, location),
                                    .times = times,
                                });
}

static void the_token_stays_where_it_belongs_and_a_broken_connection_is_resumed(void **state)
{
    struct world *world = *state;
    CLEANUP(buf) struct buf content = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    open_world(world, "ms://acme/tiny@" HUB_COMMIT, TOKEN);
    serve(world, LIST(HUB_COMMIT), WHOLE);
    send_to_cdn(world, "/first?Signature=a", 1);
    send_to_cdn(world, "/expired?Signature=b", 1);
    send_to_cdn(world, "/third?Signature=c", 1);
    hub_server_add(&world->cdn, (struct scripted_answer){.target = "/first?Signature=a",
                                                         .body = "hello",
                                                         .breaks = true,
                                                         .break_after = 2});
    hub_server_add(&world->cdn,
                   (struct scripted_answer){.target = "/expired?Signature=b", .status = 403});
    hub_server_add(&world->cdn,
                   (struct scripted_answer){.target = "/third?Signature=c", .body = "hello"});
    assert_int_equal(read_file(world, &content, &err), 0);
    assert_string_equal(buf_text(&content), "hello");
    assert_int_equal(hub_server_count(&world->hub, "\r\nAuthorization: Bearer " TOKEN "\r\n"), 4);
    assert_int_equal(hub_server_count(&world->hub, "\r\nCookie: m_session_id=" TOKEN "\r\n"), 4);
    assert_int_equal(hub_server_count(&world->cdn, TOKEN), 0);
    assert_int_equal(hub_server_count(&world->cdn, "Range: bytes=2-\r\n"), 2);
}

static void a_file_that_may_not_be_read_or_is_another_says_so(void **state)
{
    static const struct {
        const char *body;
        const char *complaint;
        int status;
        enum error_kind kind;
    } cases[] = {
        {"{\"Message\": \"no\"}", "the token in MODELSCOPE_API_TOKEN", 403, ERROR_DENIED},
        {"", "'acme/tiny' has no file 'model.bin' at revision '" HUB_COMMIT, 404, ERROR_NOT_FOUND},
        {"", "status 503", 503, ERROR_UNREACHABLE},
        {"hallo", "'acme/tiny/model.bin' has the digest sha256:", 0, ERROR_CORRUPT},
    };
    struct world *world = *state;

    open_world(world, "ms://acme/tiny@" HUB_COMMIT, TOKEN);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buf) struct buf content = BUF_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        hub_server_clear(&world->hub);
        serve(world, LIST(HUB_COMMIT), WHOLE);
        hub_server_add(&world->hub, (struct scripted_answer){.target = CONTENT,
                                                             .status = cases[i].status,
                                                             .body = cases[i].body});
        assert_int_equal(read_file(world, &content, &err), -1);
        assert_int_equal(err.kind, cases[i].kind);
        assert_non_null(strstr(err.text, cases[i].complaint));
    }
}

static void the_endpoint_is_where_the_clients_of_modelscope_look(void **state)
{
    static const struct {
        const char *endpoint, *domain, *complaint;
    } cases[] = {
        {NULL, NULL, NULL},
        {"", "", NULL},
        {"ms.example", NULL, NULL},
        {"https://ms.example/", "ftp://ignored", NULL},
        {NULL, "www.modelscope.ai", NULL},
        {"ftp://ms.example", NULL, "MODELSCOPE_ENDPOINT is 'ftp://ms.example'"},
        {NULL, "u:p@ms.example",
         "has a user name in it: take it out, and set MODELSCOPE_API_TOKEN"},
    };
    static char name[] = "acme/tiny";
    static char revision[] = "master";
    static const struct origin model = {
        .kind = ORIGIN_MODELSCOPE, .name = name, .revision = revision};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(source) struct source *source = NULL;
        const struct source_context context = {.offline = true};
        unsetenv("MODELSCOPE_ENDPOINT");
        unsetenv("MODELSCOPE_DOMAIN");
        if (cases[i].endpoint != NULL)
            setenv("MODELSCOPE_ENDPOINT", cases[i].endpoint, 1);
        if (cases[i].domain != NULL)
            setenv("MODELSCOPE_DOMAIN", cases[i].domain, 1);
        bool is_refused = source_open_modelscope(&context, &model, &source, &err) < 0;
        assert_int_equal(is_refused, cases[i].complaint != NULL);
        if (cases[i].complaint == NULL)
            continue;
        assert_int_equal(err.kind, ERROR_USAGE);
        assert_non_null(strstr(err.text, cases[i].complaint));
    }
    unsetenv("MODELSCOPE_DOMAIN");
}

static void a_service_that_is_not_there_is_unreachable(void **state)
{
    struct world *world = *state;

    hub_server_stop(&world->hub);
    open_world(world, "ms://acme/tiny", NULL);
    check_complaint(world, ERROR_UNREACHABLE,
                    "asking for the files of 'acme/tiny': cannot connect");
    hub_server_start(&world->hub);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_branch_is_pinned_to_its_commit_and_listed_by_it),
        TEST(git_is_asked_if_no_file_tells_the_commit),
        TEST(what_is_not_right_is_said),
        TEST(a_listing_that_is_cut_off_is_read_folder_by_folder),
        TEST(a_folder_that_cannot_be_listed_whole_is_refused),
        TEST(the_token_stays_where_it_belongs_and_a_broken_connection_is_resumed),
        TEST(a_service_that_is_not_there_is_unreachable),
        TEST(a_file_that_may_not_be_read_or_is_another_says_so),
        cmocka_unit_test(the_endpoint_is_where_the_clients_of_modelscope_look),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
