#include "store/registry_test_internal.h"

#define SAYS(code) "{\"errors\":[{\"code\":\"" code "\",\"message\":\"m\"}]}"
#define SENT "abcdefghijklmnopqrstuvwxy"
#define ACCEPTED "202 Accepted"

static void a_range_says_how_much_is_there(void **state)
{
    static const struct {
        const char *text;
        bool is_range;
        uint64_t size;
    } cases[] = {
        {"0-1023", true, 1024},
        {"bytes=0-1023", true, 1024},
        {"0-0", true, 0},
        {"0-18446744073709551614", true, UINT64_MAX},
        {"0-18446744073709551615", false, 7},
        {"1-1023", false, 7},
        {"0-", false, 7},
        {"-5", false, 7},
        {"1023", false, 7},
        {"0-5/10", false, 7},
        {"", false, 7},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t size = 7;
        assert_int_equal(registry_range_parse(cases[i].text, &size), cases[i].is_range);
        assert_int_equal(size, cases[i].size);
    }
}

/* Sends SENT in chunks of ten bytes to "/up/1" of the script, which has `offset` bytes before. */
static int send_behind(const struct world *world, const struct script *script, uint64_t offset,
                       bool is_whole, struct error *err)
{
    CLEANUP(store) struct store *store = script_open(world, script);
    struct registry_session session = {.registry = registry_of(store), .is_silent = true};

    session.registry->quirks.chunk = 10;
    session.offset = offset;
    session.location = xasprintf("http://127.0.0.1:%u/up/1", script->port);
    int result = registry_session_write(&session, SENT, strlen(SENT), is_whole, err);
    if (result == 0)
        assert_int_equal(session.offset, offset + strlen(SENT));
    free(session.location);
    return result;
}

static int send_chunks(const struct world *world, const struct script *script, bool is_whole,
                       struct error *err)
{
    return send_behind(world, script, 0, is_whole, err);
}

/* The requests after the ping. */
static void check_requests(struct script *script, const char *expected)
{
    const char *requests = strstr(buf_text(&script->log), " /up");

    assert_non_null(requests);
    while (requests > script->log.data && requests[-1] != '\n')
        requests--;
    assert_string_equal(requests, expected);
}

static void chunks_follow_each_other_and_what_is_lost_is_sent_again(void **state)
{
    static const struct {
        struct answer answers[5];
        const char *requests;
    } cases[] = {
        {{{"PATCH /up/1", ACCEPTED "\r\nLocation: /up/2", NULL},
          {"PATCH /up/2", ACCEPTED "\r\nLocation: /up/3?_state=x", NULL},
          {"PATCH /up/3", ACCEPTED, NULL}},
         "PATCH /up/1 - 0-9\nPATCH /up/2 - 10-19\nPATCH /up/3?_state=x - 20-24\n"},
        /* 201, and the Range of the answer before */
        {{{"PATCH ", "201 Created\r\nRange: 0-9", NULL}},
         "PATCH /up/1 - 0-9\nPATCH /up/1 - 10-19\nPATCH /up/1 - 20-24\n"},
        /* a part of the chunk was enough for it */
        {{{"PATCH ", ACCEPTED "\r\nRange: 0-9", NULL},
          {"PATCH ", ACCEPTED "\r\nRange: 0-12", NULL},
          {"PATCH ", ACCEPTED "\r\nRange: 0-22", NULL}},
         "PATCH /up/1 - 0-9\nPATCH /up/1 - 10-19\nPATCH /up/1 - 13-22\nPATCH /up/1 - 23-24\n"},
        /* a connection that breaks: nothing, some, all of the chunk had arrived */
        {{{"PATCH ", ACCEPTED, NULL},
          {"PATCH ", NULL, NULL},
          {"PATCH ", ACCEPTED, NULL},
          {"GET ", "204 No Content\r\nRange: 0-9", NULL}},
         "PATCH /up/1 - 0-9\nPATCH /up/1 - 10-19\nGET /up/1 -\nPATCH /up/1 - 10-19\n"
         "PATCH /up/1 - 20-24\n"},
        {{{"PATCH ", ACCEPTED, NULL},
          {"PATCH ", NULL, NULL},
          {"PATCH ", ACCEPTED, NULL},
          {"GET ", "204 No Content\r\nLocation: /up/9\r\nRange: bytes=0-14", NULL}},
         "PATCH /up/1 - 0-9\nPATCH /up/1 - 10-19\nGET /up/1 -\nPATCH /up/9 - 15-24\n"},
        {{{"PATCH ", ACCEPTED, NULL},
          {"PATCH ", "503 Unavailable", NULL},
          {"PATCH ", ACCEPTED, NULL},
          {"GET ", "204 No Content\r\nRange: 0-19", NULL}},
         "PATCH /up/1 - 0-9\nPATCH /up/1 - 10-19\nGET /up/1 -\nPATCH /up/1 - 20-24\n"},
        {{{"PATCH ", ACCEPTED, NULL},
          {"PATCH ", "416 Range Not Satisfiable", SAYS("RANGE_INVALID")},
          {"PATCH ", ACCEPTED, NULL},
          {"GET ", "204 No Content\r\nRange: 0-9", NULL}},
         "PATCH /up/1 - 0-9\nPATCH /up/1 - 10-19\nGET /up/1 -\nPATCH /up/1 - 10-19\n"
         "PATCH /up/1 - 20-24\n"},
        /* turned away for a while: the same again, in the same session */
        {{{"PATCH ", "429 Too Many Requests", NULL}, {"PATCH ", ACCEPTED, NULL}},
         "PATCH /up/1 - 0-9\nPATCH /up/1 - 0-9\nPATCH /up/1 - 10-19\nPATCH /up/1 - 20-24\n"},
    };
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct answer answers[6] = {{"GET /v2/ ", "200 OK", NULL}};
        size_t count = 1;
        CLEANUP(error) struct error err = ERROR_INIT;
        for (; count < 6 && cases[i].answers[count - 1].request != NULL; count++)
            answers[count] = cases[i].answers[count - 1];
        CLEANUP(script) struct script *script = script_new(answers, count);
        CHECK(send_chunks(world, script, true, &err), err);
        check_requests(script, cases[i].requests);
    }
}

static void a_range_that_counts_from_the_piece_is_told_by_its_size(void **state)
{
    static const struct answer answers[] = {
        {"GET /v2/ ", "200 OK", NULL},
        {"PATCH /up/1", ACCEPTED "\r\nLocation: /up/2\r\nRange: 0-9", NULL},
        {"PATCH /up/2", ACCEPTED "\r\nLocation: /up/3\r\nRange: 0-9", NULL},
        {"PATCH /up/3", ACCEPTED "\r\nRange: 0-4", NULL},
    };
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));

    CHECK(send_behind(*state, script, 3, false, &err), err);
    check_requests(script, "PATCH /up/1 - 3-12\nPATCH /up/2 - 13-22\nPATCH /up/3 - 23-27\n");
}

static const struct {
    struct answer patch, then, ask;
    const char *complaint;
    enum error_kind kind;
} breaks[] = {
    {{"PATCH ", ACCEPTED, NULL},
     {"PATCH ", NULL, NULL},
     {"GET ", "204 No Content\r\nRange: 0-4", NULL},
     "the registry has 5 bytes of an upload, expected at least 10 and 10 more at most",
     ERROR_UNREACHABLE},
    {{"PATCH ", ACCEPTED, NULL},
     {"PATCH ", NULL, NULL},
     {"GET ", "204 No Content\r\nRange: 0-99", NULL},
     "the registry has 100 bytes of an upload",
     ERROR_UNREACHABLE},
    {{"PATCH ", ACCEPTED, NULL},
     {"PATCH ", NULL, NULL},
     {"GET ", "404 Not Found", SAYS("BLOB_UPLOAD_INVALID")},
     "BLOB_UPLOAD_INVALID: m",
     ERROR_UNREACHABLE},
    {{"PATCH ", ACCEPTED, NULL},
     {"PATCH ", "404 Not Found", SAYS("BLOB_UPLOAD_UNKNOWN")},
     {"GET ", "204 No Content", NULL},
     "BLOB_UPLOAD_UNKNOWN: m",
     ERROR_UNREACHABLE},
    {{"PATCH ", "400 Bad Request", SAYS("BLOB_UPLOAD_INVALID")},
     {"PATCH ", ACCEPTED, NULL},
     {"GET ", "204 No Content", NULL},
     "BLOB_UPLOAD_INVALID: m",
     ERROR_UNREACHABLE},
    {{"PATCH ", "503 Unavailable", NULL},
     {"PATCH ", ACCEPTED, NULL},
     {"GET ", "204 No Content", NULL},
     "status 503",
     ERROR_UNREACHABLE},
    {{"PATCH ", "405 Not Allowed", SAYS("UNSUPPORTED")},
     {"PATCH ", ACCEPTED, NULL},
     {"GET ", "204 No Content", NULL},
     "UNSUPPORTED: m",
     ERROR_UNREACHABLE},
    {{"PATCH ", "413 Too Large", NULL},
     {"PATCH ", ACCEPTED, NULL},
     {"GET ", "204 No Content", NULL},
     "a body of 10 B is too large for the registry or for a proxy before it: the registry "
     "answers with status 413",
     ERROR_UNSUPPORTED},
    {{"PATCH ", "403 Forbidden", SAYS("DENIED")},
     {"PATCH ", ACCEPTED, NULL},
     {"GET ", "204 No Content", NULL},
     "the registry says 'DENIED: m' (status 403)",
     ERROR_DENIED},
    {{"PATCH ", ACCEPTED "\r\nLocation: ftp://x/", NULL},
     {"PATCH ", ACCEPTED, NULL},
     {"GET ", "204 No Content", NULL},
     "neither http nor https",
     ERROR_UNSUPPORTED},
};

static void what_cannot_be_resumed_is_begun_anew_or_refused(void **state)
{
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(breaks); i++) {
        const struct answer answers[] = {
            {"GET /v2/ ", "200 OK", NULL}, breaks[i].patch, breaks[i].then, breaks[i].ask};
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
        CHECK_REFUSED(send_chunks(world, script, false, &err), err, breaks[i].kind,
                      breaks[i].complaint);
    }
}

#define ALONE(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_range_says_how_much_is_there),
        ALONE(chunks_follow_each_other_and_what_is_lost_is_sent_again),
        ALONE(a_range_that_counts_from_the_piece_is_told_by_its_size),
        ALONE(what_cannot_be_resumed_is_begun_anew_or_refused),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
