#include "store/registry_test_internal.h"

#define TYPE "application/vnd.oci.image.index.v1+json"
#define MANIFEST "{\"schemaVersion\":2,\"manifests\":[]}"
#define OTHER "{\"schemaVersion\":2, \"manifests\":[]}"
#define EMPTY_DIGEST "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define TAG_PUT "PUT /v2/a/manifests/v1 "
#define TAG_GET "GET /v2/a/manifests/v1 "

/* The repository "a", whose manifests are sent again without waiting. */
static struct store *open_hasty(const struct world *world, const struct script *script)
{
    struct store *store = script_open(world, script);

    registry_of(store)->manifest_wait_ms = 1;
    return store;
}

static int write_tag(struct store *store, const char *version, struct error *err)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;

    buf_add_text(&bytes, MANIFEST);
    return store_write_manifest(store, version, TYPE, &bytes, err);
}

/* What a registry answers to the PUT of the tag, what the tag shows then, and what is said. */
static const struct tag_case {
    const char *put, *get, *shown;
    const char *complaint; /* NULL: success */
    enum error_kind kind;
} tag_cases[] = {
    {NULL, "200 OK", MANIFEST, NULL, ERROR_NONE},
    {"502 Bad Gateway", "200 OK", MANIFEST, NULL, ERROR_NONE},
    {"400 Bad Request", "200 OK", MANIFEST, NULL, ERROR_NONE},
    {"301 Moved\r\nLocation: /", "200 OK", MANIFEST, NULL, ERROR_NONE},
    {"201 Created\r\nDocker-Content-Digest: " EMPTY_DIGEST, "200 OK", MANIFEST, NULL, ERROR_NONE},

    {NULL, "200 OK", OTHER, "; 'v1' does not show the image", ERROR_UNREACHABLE},
    {"502 Bad Gateway", "404 Not Found", NULL, "status 502; 'v1' does not show the image",
     ERROR_UNREACHABLE},
    {"400 Bad Request", "200 OK", OTHER, "status 400; 'v1' does not show the image",
     ERROR_UNSUPPORTED},
    {"201 Created\r\nDocker-Content-Digest: " EMPTY_DIGEST, "200 OK", OTHER, "stored it as",
     ERROR_CORRUPT},

    {NULL, NULL, NULL, "; it may have been published all the same, since asking what 'v1' shows",
     ERROR_UNCERTAIN},
    {"502 Bad Gateway", "500 Oops", NULL, "status 502; it may have been published",
     ERROR_UNCERTAIN},
    {"400 Bad Request", "403 Forbidden", NULL, "inlay inspect 127.0.0.1:", ERROR_UNCERTAIN},

    /* Who says so may stand in front of who has taken it; who may not ask is told the refusal. */
    {"403 Forbidden", "200 OK", MANIFEST, NULL, ERROR_NONE},
    {"401 Unauthorized", "200 OK", MANIFEST, NULL, ERROR_NONE},
    {"403 Forbidden", "200 OK", OTHER, "status 403", ERROR_DENIED},
    {"403 Forbidden", NULL, NULL, "status 403", ERROR_DENIED},
    {"404 Not Found", NULL, NULL, "status 404", ERROR_NOT_FOUND},
    {"429 Too Many Requests", NULL, NULL, "status 429", ERROR_UNREACHABLE},
};

static void a_tag_is_asked_when_the_answer_does_not_tell(void **state)
{
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(tag_cases); i++) {
        const struct tag_case *each = &tag_cases[i];
        const struct answer answers[] = {{"GET /v2/ ", "200 OK", NULL},
                                         {TAG_PUT, each->put, NULL},
                                         {TAG_GET, each->get, each->shown}};
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
        CLEANUP(store) struct store *store = open_hasty(world, script);
        print_message("%s, %s\n", each->put != NULL ? each->put : "no answer",
                      each->get != NULL ? each->get : "no answer");
        int result = write_tag(store, "v1", &err);
        if (each->complaint == NULL)
            CHECK(result, err);
        else
            CHECK_REFUSED(result, err, each->kind, each->complaint);
    }
}

/* The first PUT has done its work: a second could overwrite what somebody else has put since. */
static void a_tag_that_shows_it_is_not_written_again(void **state)
{
    static const struct answer answers[] = {{"GET /v2/ ", "200 OK", NULL},
                                            {TAG_PUT, "503 Service Unavailable", NULL},
                                            {TAG_GET, "200 OK", MANIFEST}};
    struct world *world = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
    CLEANUP(store) struct store *store = open_hasty(world, script);

    CHECK(write_tag(store, "v1", &err), err);
    assert_true(script_saw(script, TAG_PUT "-\n" TAG_GET "-\n"));
    assert_null(strstr(strstr(buf_text(&script->log), TAG_PUT) + 1, TAG_PUT));
}

/* Without TLS a byte may be changed, and a registry has nothing to compare a tag's manifest with.
 */
static void a_manifest_that_was_changed_on_its_way_is_sent_once_more(void **state)
{
    struct digest changed = digest_of(DIGEST_SHA256, OTHER, strlen(OTHER));
    CLEANUP(text)
    char *stored =
        xasprintf("201 Created\r\nDocker-Content-Digest: %s", digest_format(&changed).text);
    const struct answer answers[] = {
        {"GET /v2/ ", "200 OK", NULL}, {TAG_GET, "200 OK", "{}"}, /* what is expected */
        {TAG_PUT, stored, NULL},       {TAG_GET, "200 OK", OTHER},
        {TAG_GET, "200 OK", OTHER},    {TAG_PUT, "201 Created", NULL},
    };
    const struct tag_state expected = {
        .kind = TAG_IMAGE,
        .digest = digest_of(DIGEST_SHA256, "{}", 2),
    };
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
    CLEANUP(store) struct store *store = open_hasty(*state, script);

    buf_add_text(&bytes, MANIFEST);
    CHECK(store_write_tag(store, "v1", TYPE, &bytes, &expected, &err), err);
    const char *first = strstr(buf_text(&script->log), TAG_PUT);
    assert_non_null(first);
    assert_non_null(strstr(first + 1, TAG_PUT));
}

static void a_manifest_that_is_refused_for_its_bytes_is_sent_once_more(void **state)
{
    static const struct answer answers[] = {
        {"GET /v2/ ", "200 OK", NULL},
        {TAG_PUT, "400 Bad Request", "{\"errors\":[{\"code\":\"MANIFEST_INVALID\"}]}"},
        {TAG_GET, "404 Not Found", NULL},
        {TAG_PUT, "201 Created", NULL},
    };
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
    CLEANUP(store) struct store *store = open_hasty(*state, script);

    CHECK(write_tag(store, "v1", &err), err);
}

/* What nobody can ask for by a tag is no reason for doubts about one. */
static void a_manifest_that_has_no_tag_leaves_no_doubts(void **state)
{
    static const struct answer answers[] = {{"GET /v2/ ", "200 OK", NULL},
                                            {"PUT /v2/a/manifests/sha256:", "502 Bad", NULL},
                                            {"GET /v2/a/manifests/sha256:", NULL, NULL}};
    struct world *world = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
    CLEANUP(store) struct store *store = open_hasty(world, script);
    struct digest digest = digest_of(DIGEST_SHA256, MANIFEST, strlen(MANIFEST));

    CHECK_REFUSED(write_tag(store, digest_format(&digest).text, &err), err, ERROR_UNREACHABLE,
                  "status 502");
}

static void whoever_asked_to_stop_before_has_written_nothing(void **state)
{
    static const struct answer answers[] = {{"GET /v2/ ", "200 OK", NULL},
                                            {TAG_PUT, "201 Created", NULL}};
    struct world *world = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct cancel cancel = {.requested = false};
    CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
    CLEANUP(store) struct store *store = open_hasty(world, script);

    registry_of(store)->cancel = &cancel;
    cancel_request(&cancel);
    CHECK_REFUSED(write_tag(store, "v1", &err), err, ERROR_CANCELED, "stopped on request");
    assert_null(strstr(buf_text(&script->log), "PUT"));
}

/* Asks to stop once the PUT has come. */
static void *stop_at_put(void *arg)
{
    struct script *script = ((void **)arg)[0];

    for (bool seen = false; !seen; usleep(1000)) {
        pthread_mutex_lock(&script->lock);
        seen = strstr(buf_text(&script->log), "PUT") != NULL;
        pthread_mutex_unlock(&script->lock);
    }
    cancel_request(((void **)arg)[1]);
    return NULL;
}

static void a_request_to_stop_waits_for_what_the_tag_shows(void **state)
{
    static const struct {
        const char *shown, *complaint;
    } cases[] = {{MANIFEST, NULL}, {OTHER, "stopped on request; 'v1' does not show the image"}};
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct answer answers[] = {{"GET /v2/ ", "200 OK", NULL},
                                         {TAG_PUT, "503 Busy\r\nRetry-After: 60", NULL},
                                         {TAG_GET, "200 OK", cases[i].shown}};
        CLEANUP(error) struct error err = ERROR_INIT;
        struct cancel cancel = {.requested = false};
        CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
        CLEANUP(store) struct store *store = open_hasty(world, script);
        pthread_t thread;
        registry_of(store)->cancel = &cancel;
        pthread_create(&thread, NULL, stop_at_put, (void *[]){script, &cancel});
        int result = write_tag(store, "v1", &err);
        pthread_join(thread, NULL);
        if (cases[i].complaint == NULL)
            CHECK(result, err);
        else
            CHECK_REFUSED(result, err, ERROR_CANCELED, cases[i].complaint);
    }
}

#define ALONE(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

/* What a registry says when the run begins, and what becomes of the run. */
static const struct note_case {
    const char *status, *body;
    enum tag_kind expected; /* TAG_ANY: nothing is said */
    enum tag_kind shown;
    const char *note, *complaint;
    enum error_kind kind;
} note_cases[] = {
    {"404 Not Found", NULL, TAG_ANY, TAG_NONE, NULL, NULL, ERROR_NONE},
    {"200 OK", OTHER, TAG_ANY, TAG_IMAGE, NULL, NULL, ERROR_NONE},
    {"403 Forbidden", NULL, TAG_ANY, TAG_ANY, "replaced unnoticed: ", NULL, ERROR_NONE},
    {"403 Forbidden", NULL, TAG_NONE, TAG_ANY, NULL, "what 'v1' shows now: ", ERROR_DENIED},
    {"503 Busy", NULL, TAG_ANY, TAG_ANY, NULL, "(--overwrite does without): ", ERROR_UNREACHABLE},
    {"503 Busy", NULL, TAG_NONE, TAG_ANY, NULL, "what 'v1' shows now: ", ERROR_UNREACHABLE},
};

static void a_tag_that_cannot_be_read_at_first_is_told(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(note_cases); i++) {
        const struct note_case *each = &note_cases[i];
        const struct answer answers[] = {{"GET /v2/ ", "200 OK", NULL},
                                         {TAG_GET, each->status, each->body},
                                         {TAG_GET, each->status, each->body},
                                         {TAG_GET, each->status, each->body}};
        const struct tag_state expected = {.kind = each->expected};
        const struct tag_state any = {.kind = TAG_ANY};
        struct tag_state shown = {.kind = TAG_NONE};
        CLEANUP(notes) struct notes notes = NOTES_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
        CLEANUP(store) struct store *store = script_open(*state, script);
        print_message("%s\n", each->status);
        int result = store_note_tag(store, "v1", each->expected == TAG_ANY ? NULL : &expected,
                                    &notes, &shown, &err);
        if (each->complaint == NULL)
            CHECK(result, err);
        else
            CHECK_REFUSED(result, err, each->kind, each->complaint);
        assert_int_equal(shown.kind, each->shown);
        assert_int_equal(notes.count, each->note != NULL);
        assert_true(each->note == NULL || strstr(notes.items[0].text, each->note) != NULL);
        CHECK(store_note_tag(store, "v1", &any, &notes, &shown, &err), err);
        assert_int_equal(notes.count, each->note != NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(a_tag_that_cannot_be_read_at_first_is_told),
        ALONE(a_tag_is_asked_when_the_answer_does_not_tell),
        ALONE(a_tag_that_shows_it_is_not_written_again),
        ALONE(a_manifest_that_was_changed_on_its_way_is_sent_once_more),
        ALONE(a_manifest_that_is_refused_for_its_bytes_is_sent_once_more),
        ALONE(a_manifest_that_has_no_tag_leaves_no_doubts),
        ALONE(whoever_asked_to_stop_before_has_written_nothing),
        ALONE(a_request_to_stop_waits_for_what_the_tag_shows),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
