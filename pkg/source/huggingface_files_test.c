#include "source/hub_server.h"
#include "source/source_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define API "/api/models/acme/tiny"
#define TREE API "/tree/" HUB_COMMIT "?recursive=true&expand=false"
#define RESOLVE "/acme/tiny/resolve/" HUB_COMMIT
#define INFO(siblings)                                                                             \
    "{\"id\": \"acme/tiny\", \"sha\": \"" HUB_COMMIT "\", \"siblings\": [" siblings "]}"
#define SIBLING(path) "{\"rfilename\": \"" path "\"}"
#define FILE_ENTRY(path)                                                                           \
    "{\"type\": \"file\", \"oid\": \"" CONFIG_SHA1 "\", \"size\": 8, \"path\": \"" path "\"}"
#define FOLDER_ENTRY(path)                                                                         \
    "{\"type\": \"directory\", \"oid\": \"" CONFIG_SHA1 "\", \"size\": 0, \"path\": \"" path "\"}"

/* acme/tiny at a hub that answers by the script of one test. */
struct world {
    struct hub_server hub;
    struct http *http;
    struct source *source;
};

static int setup(void **state)
{
    struct world *world = xcalloc(1, sizeof(*world));

    *state = world;
    hub_server_start(&world->hub);
    hub_server_enter(&world->hub, HUB_TOKEN);
    world->http = hub_server_http(NULL);
    const struct source_context context = {.http = world->http};
    if (hub_server_open(&context, &world->source) < 0)
        return -1;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    source_free(world->source);
    http_free(world->http);
    hub_server_stop(&world->hub);
    free(world);
    return 0;
}

static void answer(struct world *world, const char *target, int status, const char *headers,
                   const char *body)
{
    hub_server_add(&world->hub,
                   (struct scripted_answer){
                       .target = target, .status = status, .headers = headers, .body = body});
}

static void check_complaint(struct world *world, enum error_kind kind, const char *complaint)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (source_list(world->source, &plan, &err) == 0)
        fail_msg("the list is taken, and not '%s'", complaint);
    if (strstr(err.text, complaint) == NULL)
        fail_msg("'%s' does not say '%s'", err.text, complaint);
    assert_int_equal(err.kind, kind);
}

static void list(struct world *world, struct plan *plan)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    if (source_list(world->source, plan, &err) < 0)
        fail_msg("%s", err.text);
}

static void a_listing_that_was_cut_short_is_refused(void **state)
{
    static const struct {
        const char *info, *tree, *complaint;
    } cases[] = {
        {INFO(SIBLING("a") ", " SIBLING("b")), "[" FILE_ENTRY("a") "]",
         "the list of files of 'acme/tiny' is cut short: it has 1 files, and lacks 'b' of the 2 "
         "that the repo's info names; most likely a mirror or proxy loses the header 'Link' or "
         "'recursive=true', check HF_ENDPOINT and proxies"},
        {INFO(SIBLING("a/b")), "[" FILE_ENTRY("a") "]", "lacks 'a/b' of the 1"},
        {INFO(SIBLING("a")), "[]", "it has 0 files, and lacks 'a'"},
        {INFO(""), "[" FILE_ENTRY("a") ", " FOLDER_ENTRY("d") "]",
         "it has 1 files, and none in its folder 'd'"},
        {INFO(""), "[" FILE_ENTRY("d.txt") ", " FOLDER_ENTRY("d") ", " FILE_ENTRY("d0") "]",
         "none in its folder 'd'"},
    };
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        hub_server_clear(&world->hub);
        answer(world, API "/revision/main", 0, NULL, cases[i].info);
        answer(world, TREE, 0, NULL, cases[i].tree);
        check_complaint(world, ERROR_CORRUPT, cases[i].complaint);
    }
}

/* The info of a large repo does not name all of its files, and that of a mirror may name none. */
static void a_listing_with_more_than_the_info_names_is_whole(void **state)
{
    static const char *const infos[] = {
        INFO(SIBLING("d/e/f")),
        INFO(""),
        INFO("{}, 7, {\"rfilename\": 7}"),
        "{\"sha\": \"" HUB_COMMIT "\", \"siblings\": null}",
    };
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(infos); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        hub_server_clear(&world->hub);
        answer(world, API "/revision/main", 0, NULL, infos[i]);
        answer(world, TREE, 0, "Link: </p2>; rel=next\r\n",
               "[" FOLDER_ENTRY("d") ", " FOLDER_ENTRY("d/e") ", " FILE_ENTRY("a") "]");
        answer(world, "/p2", 0, NULL, "[" FILE_ENTRY("d/e/f") "]");
        list(world, &plan);
        assert_int_equal(plan.count, 2);
    }
}

static void pages_without_an_end_are_told_at_the_first_that_repeats(void **state)
{
    static const struct {
        const char *second, *third;
        size_t page;
    } cases[] = {
        {"[" FILE_ENTRY("a") "]", "[]", 2},
        {"[" FOLDER_ENTRY("d") "]", "[" FOLDER_ENTRY("d") "]", 3},
        {"[]", "[]", 3},
    };
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(text)
        char *complaint =
            xasprintf("page %zu of the files of 'acme/tiny' begins as an earlier one, "
                      "and names one more: its pages have no end",
                      cases[i].page);
        hub_server_clear(&world->hub);
        answer(world, API "/revision/main", 0, NULL, INFO(""));
        answer(world, TREE, 0, "Link: </2>; rel=next\r\n", "[" FILE_ENTRY("a") "]");
        answer(world, "/2", 0, "Link: </3>; rel=next\r\n", cases[i].second);
        answer(world, "/3", 0, "Link: </4>; rel=next\r\n", cases[i].third);
        check_complaint(world, ERROR_CORRUPT, complaint);
        assert_int_equal(hub_server_count(&world->hub, "GET /4 "), 0);
    }
}

#define LINKED                                                                                     \
    "Location: http://cdn.invalid/blob\r\nX-Linked-Size: 5\r\nX-Linked-Etag: \"" HELLO_SHA256      \
    "\"\r\nETag: \"d41d8cd9-2\"\r\nX-Repo-Commit: " HUB_COMMIT "\r\n"

static void where_there_are_no_listings_each_file_is_asked_for_by_head(void **state)
{
    static const int statuses[] = {404, 405, 501};
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        hub_server_clear(&world->hub);
        answer(world, API "/revision/main", 0, NULL,
               INFO(SIBLING("w e.bin") ", " SIBLING("config.json")));
        answer(world, TREE, statuses[i], NULL, "no such page");
        answer(world, RESOLVE "/w%20e.bin", 302, LINKED, NULL);
        answer(world, RESOLVE "/config.json", 307, "Location: /cached\r\n", NULL);
        answer(world, "/cached", 0, "ETag: W/\"" CONFIG_SHA1 "\"\r\n", "{\"a\":1}\n");
        list(world, &plan);
        assert_int_equal(plan.count, 2);
        assert_string_equal(plan.files[0].path, "config.json");
        assert_int_equal(plan.files[0].size, 8);
        assert_string_equal(digest_format(&plan.files[0].digest).text, CONFIG_SHA1);
        assert_string_equal(plan.files[0].blob_id, CONFIG_SHA1);
        assert_string_equal(plan.files[1].path, "w e.bin");
        assert_int_equal(plan.files[1].size, 5);
        assert_string_equal(digest_format(&plan.files[1].digest).text, "sha256:" HELLO_SHA256);
        assert_string_equal(plan.files[1].blob_id, POINTER_SHA1); /* as the listing would say */
    }
    assert_int_equal(hub_server_count(&world->hub, "HEAD "), 9);
}

static void a_hub_without_listings_is_not_a_hub_without_the_model(void **state)
{
    static const struct {
        const char *info;
        long status;
        const char *headers;
        long kind; /* enum error_kind */
        const char *complaint;
    } cases[] = {
        {INFO(""), 200, NULL, ERROR_UNSUPPORTED,
         "has 'acme/tiny', but neither lists its files (/api/models/…/tree) nor names them"},
        {INFO(SIBLING("f")), 200, NULL, ERROR_UNSUPPORTED,
         "has no lists of files, so that only its answer for 'f' of 'acme/tiny' could tell: it "
         "names no hash of the file (status 200, neither X-Linked-Etag nor ETag)"},
        {INFO(SIBLING("f")), 200, "ETag: \"5f3-61a\"\r\n", ERROR_UNSUPPORTED,
         "its entity tag '\"5f3-61a\"' is no hash of the file, expected 40 or 64 hex digits"},
        {INFO(SIBLING("f")), 302, "Location: http://cdn.invalid/\r\nETag: \"" CONFIG_SHA1 "\"\r\n",
         ERROR_UNSUPPORTED, "it names no hash of the file (status 302, "},
        {INFO(SIBLING("f")), 200, "Content-Encoding: gzip\r\nETag: \"" CONFIG_SHA1 "\"\r\n",
         ERROR_UNSUPPORTED, "it does not tell the size of the file"},
        {INFO(SIBLING("f")), 200, "X-Linked-Size: 5x\r\nETag: \"" CONFIG_SHA1 "\"\r\n",
         ERROR_CORRUPT, "the size of the file is '5x', expected a number"},
        {INFO(SIBLING("f")), 200,
         "X-Repo-Commit: 0000000000000000000000000000000000000001\r\nETag: \"" CONFIG_SHA1 "\"\r\n",
         ERROR_CORRUPT,
         "it is of the commit '0000000000000000000000000000000000000001', expected "},
        {INFO(SIBLING("f")), 404, NULL, ERROR_NOT_FOUND,
         "has no 'acme/tiny/f' at revision 'main' (status 404)"},
        {INFO(SIBLING("f")), 307, "Location: " RESOLVE "/f\r\n", ERROR_UNSUPPORTED,
         "it names no hash of the file (status 307, "},
        {INFO(SIBLING("f")), 403, "X-Error-Code: GatedRepo\r\n", ERROR_DENIED,
         "'acme/tiny' is gated: ask for access at "},
    };
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        hub_server_clear(&world->hub);
        answer(world, API "/revision/main", 0, NULL, cases[i].info);
        answer(world, TREE, 404, NULL, "no such page");
        answer(world, RESOLVE "/f", (int)cases[i].status, cases[i].headers, NULL);
        check_complaint(world, (enum error_kind)cases[i].kind, cases[i].complaint);
    }
}

static void an_info_that_may_not_be_whole_does_not_stand_for_a_listing(void **state)
{
    struct world *world = *state;
    CLEANUP(buf) struct buf siblings = BUF_INIT;

    for (unsigned i = 0; i < 1001; i++)
        buf_addf(&siblings, "%s{\"rfilename\": \"f%u\"}", i > 0 ? ", " : "", i);
    CLEANUP(text)
    char *info =
        xasprintf("{\"sha\": \"" HUB_COMMIT "\", \"siblings\": [%s]}", buf_text(&siblings));
    answer(world, API "/revision/main", 0, NULL, info);
    check_complaint(world, ERROR_UNSUPPORTED,
                    "names 1001, beyond 1000 of which it may not be whole");
    assert_int_equal(hub_server_count(&world->hub, "HEAD "), 0);
}

static void a_commit_that_is_gone_is_not_a_revision_that_never_was(void **state)
{
    static const struct {
        int status;
        const char *headers, *complaint;
    } cases[] = {
        {404, "X-Error-Code: RevisionNotFound\r\n",
         "named the commit " HUB_COMMIT " for 'acme/tiny' at revision 'main', and now does not "
         "have it"},
        {404, "X-Error-Code: RepoNotFound\r\n", "'acme/tiny' does not exist, or is private"},
    };
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        hub_server_clear(&world->hub);
        answer(world, API "/revision/main", 0, NULL, INFO(SIBLING("f")));
        answer(world, TREE, cases[i].status, cases[i].headers, NULL);
        check_complaint(world, ERROR_NOT_FOUND, cases[i].complaint);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_listing_that_was_cut_short_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_listing_with_more_than_the_info_names_is_whole, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(pages_without_an_end_are_told_at_the_first_that_repeats,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(where_there_are_no_listings_each_file_is_asked_for_by_head,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_hub_without_listings_is_not_a_hub_without_the_model,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(an_info_that_may_not_be_whole_does_not_stand_for_a_listing,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_commit_that_is_gone_is_not_a_revision_that_never_was,
                                        setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
