#include "store/registry_test_internal.h"

#include "oci/media_type.h"
#include "oci/member.h"

#define STATEMENT "application/vnd.in-toto+json"
#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define LIST "GET /v2/a/referrers/sha256:" HEX "?artifactType=application%2Fvnd.in-toto%2Bjson "
#define TAG_GET "GET /v2/a/manifests/sha256-" HEX " "
#define TAG_PUT "PUT /v2/a/manifests/sha256-" HEX " "
#define INDEX_TYPE "200 OK\r\nContent-Type: application/vnd.oci.image.index.v1+json"
#define EMPTY "{\"schemaVersion\":2,\"manifests\":[]}"

static struct descriptor subject_of_hex(void)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    struct descriptor subject = {.media_type = MEDIA_TYPE_OCI_MANIFEST, .size = 7};

    CHECK(digest_parse_hex(DIGEST_SHA256, HEX, &subject.digest, &err), err);
    return subject;
}

static int say(struct store *store, struct error *err)
{
    CLEANUP(buf) struct buf content = BUF_INIT;
    const struct referrer referrer = {STATEMENT, &content, "x.json", NULL, NULL};
    struct descriptor subject = subject_of_hex();
    struct descriptor out = DESCRIPTOR_INIT;

    buf_add_text(&content, "{}");
    return store_write_referrer(store, &subject, &referrer, &out, err);
}

/* What a registry answers to the manifest and to who asks for its list; whether the tag is used. */
static const struct api_case {
    const char *put, *list, *body;
    bool is_asked, is_tagged;
} api_cases[] = {
    {"201 Created\r\nOCI-Subject: sha256:" HEX, "404 Not Found", NULL, false, false},
    {"201 Created", INDEX_TYPE, EMPTY, true, false},
    {"201 Created", INDEX_TYPE "; charset=utf-8", EMPTY, true, false},
    {"201 Created", "404 Not Found", NULL, true, true},
    {"201 Created", "400 Bad Request", NULL, true, true},
    {"201 Created", "403 Forbidden", NULL, true, true},
    {"201 Created", "501 Not Implemented", NULL, true, true},
    {"201 Created", "303 See Other\r\nLocation: http://127.0.0.1:{port}/page", NULL, true, true},
    {"201 Created", "200 OK\r\nContent-Type: text/html", "<p>hello</p>", true, true},
    {"201 Created", INDEX_TYPE, "[]", true, true},
    {"201 Created", "200 OK", EMPTY, true, true},
};

static void the_tag_is_for_a_registry_that_keeps_no_list(void **state)
{
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(api_cases); i++) {
        const struct api_case *each = &api_cases[i];
        const struct answer answers[] = {
            {"GET /v2/ ", "200 OK", NULL},
            {"HEAD /v2/a/blobs/", "200 OK", NULL},
            {"PUT /v2/a/manifests/sha256:", each->put, NULL},
            {LIST, each->list, each->body},
            {TAG_PUT, "201 Created", NULL},
        };
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
        CLEANUP(store) struct store *store = script_open(world, script);
        print_message("%s, %s\n", each->put, each->list);
        CHECK(say(store, &err), err);
        assert_int_equal(count_requests(script, "/referrers/"), each->is_asked);
        assert_int_equal(count_requests(script, TAG_PUT), each->is_tagged);
        assert_int_equal(count_requests(script, "/page"), 0);
    }
}

static void a_registry_that_is_down_is_not_taken_for_one_without_a_list(void **state)
{
    static const struct answer answers[] = {
        {"GET /v2/ ", "200 OK", NULL},
        {"HEAD /v2/a/blobs/", "200 OK", NULL},
        {"PUT /v2/a/manifests/sha256:", "201 Created", NULL},
        {LIST, "503 Service Unavailable", NULL},
        {TAG_PUT, "201 Created", NULL},
    };
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
    CLEANUP(store) struct store *store = script_open(*state, script);

    CHECK_REFUSED(say(store, &err), err, ERROR_UNREACHABLE, "what is said of an image");
    assert_int_equal(count_requests(script, TAG_PUT), 0);
}

static void what_a_list_has_of_other_types_or_broken_is_left_out(void **state)
{
#define ENTRY(type, digest)                                                                        \
    "{\"mediaType\":\"application/"                                                                \
    "vnd.oci.image.manifest.v1+json\",\"size\":3,\"digest\":\"" digest                             \
    "\",\"artifactType\":\"" type "\"}"
    static const struct answer answers[] = {
        {"GET /v2/ ", "200 OK", NULL},
        {LIST, INDEX_TYPE,
         "{\"schemaVersion\":2,\"manifests\":[" ENTRY("a/b", "sha256:" HEX) ",7," ENTRY(
             "application/vnd.in-toto+json", "sha256:12") "," ENTRY("application/vnd.in-toto+json",
                                                                    "sha256:" HEX) "]}"},
    };
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
    CLEANUP(store) struct store *store = script_open(*state, script);
    struct descriptor subject = subject_of_hex();
    struct descriptor *found = NULL;
    size_t count = 0;

    CHECK(store_list_referrers(store, &subject.digest, STATEMENT, &found, &count, &err), err);
    assert_int_equal(count, 1);
    assert_true(digest_equal(&found[0].digest, &subject.digest));
    free(found);
}

#define OF(digest)                                                                                 \
    "{\"schemaVersion\":2,\"manifests\":[" ENTRY("application/vnd.in-toto+json",                   \
                                                 "sha256:" digest) "]}"
#define NEXT INDEX_TYPE "\r\nLink: <"

/* OCI distribution specification, "Listing Referrers": pages follow each other by Link. */
static void a_list_in_pages_is_read_to_its_end(void **state)
{
    static const struct answer answers[] = {
        {"GET /v2/ ", "200 OK", NULL},
        {LIST, NEXT "/v2/a/referrers/two?x=1>; rel=\"next\"", EMPTY},
        {"GET /v2/a/referrers/two?x=1 ", NEXT "three?y=2>; rel=\"next\"", OF(HEX)},
        {"GET /v2/a/referrers/three?y=2 ",
         INDEX_TYPE "\r\nLink: </v2/a/referrers/one>; rel=\"prev\"", OF(HEX)},
    };
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
    CLEANUP(store) struct store *store = script_open(*state, script);
    struct descriptor subject = subject_of_hex();
    struct descriptor *found = NULL;
    size_t count = 0;

    CHECK(store_list_referrers(store, &subject.digest, STATEMENT, &found, &count, &err), err);
    assert_int_equal(count, 2);
    free(found);
    assert_int_equal(count_requests(script, "/referrers/"), 3);
}

static void a_list_that_breaks_off_or_has_no_end_is_refused(void **state)
{
    static const struct {
        const char *link, *next, *body;
        enum error_kind kind;
        const char *complaint;
    } cases[] = {
        {"two", "404 Not Found", NULL, ERROR_CORRUPT,
         "page 2 of the list is no index (status 404)"},
        {"two", "503 Service Unavailable", NULL, ERROR_UNREACHABLE, "what is said of an image"},
        {"two", INDEX_TYPE "\r\nLink: <two>; rel=next", EMPTY, ERROR_CORRUPT,
         "the list does not end: 1000 pages"},
        {"http://127.0.0.1:1/two", INDEX_TYPE, EMPTY, ERROR_CORRUPT,
         "goes on at 'http://127.0.0.1:1/two', expected a page of the same host"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(text) char *first = xasprintf(NEXT "%s>; rel=next", cases[i].link);
        const struct answer answers[] = {
            {"GET /v2/ ", "200 OK", NULL},
            {LIST, first, EMPTY},
            {"GET /v2/a/referrers/two ", cases[i].next, cases[i].body},
        };
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
        CLEANUP(store) struct store *store = script_open(*state, script);
        struct descriptor subject = subject_of_hex();
        struct descriptor *found = NULL;
        size_t count = 0;
        CHECK_REFUSED(store_list_referrers(store, &subject.digest, STATEMENT, &found, &count, &err),
                      err, cases[i].kind, cases[i].complaint);
    }
}

/* Somebody else adds to the list at the same time: it is read again, and nothing gets lost. */
static void a_tag_that_is_moved_meanwhile_is_read_again(void **state)
{
    static const struct answer answers[] = {
        {"GET /v2/ ", "200 OK", NULL},
        {"HEAD /v2/a/blobs/", "200 OK", NULL},
        {"PUT /v2/a/manifests/sha256:", "201 Created", NULL},
        {TAG_GET, "404 Not Found", NULL},
        {TAG_GET, INDEX_TYPE, EMPTY},
        {TAG_PUT, "201 Created", NULL},
    };
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
    CLEANUP(store) struct store *store = script_open(*state, script);

    CHECK(say(store, &err), err);
    assert_int_equal(count_requests(script, TAG_GET), 4); /* each time once more before it writes */
    assert_int_equal(count_requests(script, TAG_PUT), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_tag_is_for_a_registry_that_keeps_no_list),
        TEST(a_registry_that_is_down_is_not_taken_for_one_without_a_list),
        TEST(what_a_list_has_of_other_types_or_broken_is_left_out),
        TEST(a_list_in_pages_is_read_to_its_end),
        TEST(a_list_that_breaks_off_or_has_no_end_is_refused),
        TEST(a_tag_that_is_moved_meanwhile_is_read_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
