#include "core/ahead.h"
#include "store/registry_test_internal.h"

#define SIZE ((size_t)(2 * MIB))
#define ACCEPTED "202 Accepted"

/* A blob that can be had again, unless it is `lost`. */
struct again {
    struct buf bytes;
    bool is_lost;
    unsigned calls;
};

static int write_again(void *arg, uint64_t offset, uint64_t end, struct writer *out,
                       struct error *err)
{
    struct again *again = arg;

    again->calls++;
    if (again->is_lost)
        return error_set(err, ERROR_UNREACHABLE, "the hub has gone");
    for (uint64_t at = offset; at < end; at += 1000) {
        size_t size = end - at < 1000 ? (size_t)(end - at) : 1000;
        if (writer_write(out, again->bytes.data + at, size, err) < 0)
            return -1;
    }
    return 0;
}

/* Sends the blob to the script. */
static int send_blob(const struct world *world, const struct script *script, struct again *again,
                     bool has_replay, struct error *err)
{
    CLEANUP(store) struct store *store = script_open(world, script);
    const struct blob_replay replay = {"the layer", write_again, again, NULL};
    CLEANUP(writer) struct writer *writer = NULL;
    struct descriptor blob = DESCRIPTOR_INIT;

    if (store_create_blob(store, SIZE, &blob, &writer, err) < 0)
        return -1;
    if (has_replay)
        store_set_replay(store, writer, &replay);
    if (writer_write(writer, again->bytes.data, SIZE, err) < 0)
        return -1;
    return writer_finish(writer, err);
}

#define BEGIN                                                                                      \
    {"GET /v2/ ", "200 OK", NULL},                                                                 \
    {                                                                                              \
        "POST ", ACCEPTED "\r\nLocation: /up/1", NULL                                              \
    }

static const struct {
    struct answer answers[9];
    const char *requests[4]; /* among those that come, in this order */
    unsigned calls;          /* of the replay */
} cases[] = {
    /* half of it has arrived */
    {{BEGIN,
      {"PATCH ", NULL, NULL},
      {"PATCH ", ACCEPTED, NULL},
      {"GET /up/1", "204 No Content\r\nLocation: /up/2\r\nRange: 0-1048575", NULL},
      {"PUT ", "201 Created", NULL}},
     {"PATCH /up/1 -\nGET /up/1 -\nPATCH /up/2 - 1048576-2097151\nPUT /up/2?digest="},
     1},
    /* all of it: only the answer was lost */
    {{BEGIN,
      {"PATCH ", NULL, NULL},
      {"GET /up/1", "204 No Content\r\nRange: 0-2097151", NULL},
      {"PUT ", "201 Created", NULL}},
     {"PATCH /up/1 -\nGET /up/1 -\nPUT /up/1?digest="},
     0},
    /* the upload is forgotten, or it cannot be told how far it is */
    {{BEGIN,
      {"POST ", ACCEPTED "\r\nLocation: /up/7", NULL},
      {"PATCH ", NULL, NULL},
      {"PATCH ", ACCEPTED, NULL},
      {"GET /up/1", "404 Not Found", NULL},
      {"HEAD ", "404 Not Found", NULL},
      {"PUT ", "201 Created", NULL}},
     {"PATCH /up/1 -\nGET /up/1 -\n", "POST ", "PATCH /up/7 -\nPUT /up/7?digest="},
     1},
    /* it has more than there is */
    {{BEGIN,
      {"POST ", ACCEPTED "\r\nLocation: /up/7", NULL},
      {"PATCH ", NULL, NULL},
      {"PATCH ", ACCEPTED, NULL},
      {"GET /up/1", "204 No Content\r\nRange: 0-9999999", NULL},
      {"HEAD ", "404 Not Found", NULL},
      {"PUT ", "201 Created", NULL}},
     {"GET /up/1 -\n", "POST ", "PATCH /up/7 -\nPUT /up/7?digest="},
     1},
    /* the answers to the PUT were lost, and it had done its work */
    {{BEGIN,
      {"PATCH ", ACCEPTED, NULL},
      {"PUT ", NULL, NULL},
      {"GET /up/1", "404 Not Found", NULL},
      {"HEAD ", "200 OK", NULL}},
     {"PUT /up/1?digest=", "GET /up/1 -\n", "HEAD /v2/a/blobs/"},
     0},
};

/* Each of these, in this order, stands in what the registry was asked. */
static void check_requests(const char *log, const char *const *requests, size_t count)
{
    const char *at = log;
    size_t i = 0;

    for (; i < count && requests[i] != NULL && at != NULL; i++) {
        const char *found = strstr(at, requests[i]);
        at = found != NULL ? found + strlen(requests[i]) : NULL;
    }
    if (at == NULL)
        fail_msg("no '%s' in\n%s", requests[i - 1], log);
}

static void an_upload_goes_on_where_the_registry_says_that_it_is(void **state)
{
    const struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        struct again again = {.bytes = BUF_INIT};
        size_t count = 0;
        while (count < ARRAY_SIZE(cases[i].answers) && cases[i].answers[count].request != NULL)
            count++;
        CLEANUP(script) struct script *script = script_new(cases[i].answers, count);
        buf_fill(&again.bytes, SIZE, i);
        CHECK(send_blob(world, script, &again, true, &err), err);
        check_requests(buf_text(&script->log), cases[i].requests, ARRAY_SIZE(cases[i].requests));
        assert_int_equal(again.calls, cases[i].calls);
        buf_release(&again.bytes);
    }
}

static void what_cannot_be_had_again_ends_the_upload(void **state)
{
    static const struct answer answers[] = {
        BEGIN,
        {"PATCH ", NULL, NULL},
        {"GET /up/1", "204 No Content\r\nRange: 0-1048575", NULL},
        {"HEAD ", "404 Not Found", NULL},
    };
    static const struct {
        bool has_replay, is_lost;
        const char *complaint;
    } ends[] = {
        {true, true, "the hub has gone"},
        {true, false, "nothing has moved in 2 tries: "},
        {false, false, "ended before there was an answer"},
    };
    const struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        struct again again = {.bytes = BUF_INIT, .is_lost = ends[i].is_lost};
        CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
        buf_fill(&again.bytes, SIZE, i);
        CHECK_REFUSED(send_blob(world, script, &again, ends[i].has_replay, &err), err,
                      ERROR_UNREACHABLE, ends[i].complaint);
        buf_release(&again.bytes);
    }
}

/* Only what goes beyond the most that there ever was is progress: such a registry never has it all.
 */
static void sessions_that_are_lost_in_turn_end_the_tries(void **state)
{
    static const struct answer answers[] = {
        BEGIN,
        {"PATCH ", NULL, NULL},
        {"GET /up/1", "404 Not Found", NULL},
        {"GET /up/1", "204 No Content\r\nRange: 0-1048575", NULL},
        {"GET /up/1", "404 Not Found", NULL},
        {"GET /up/1", "204 No Content\r\nRange: 0-1048575", NULL},
        {"GET /up/1", "404 Not Found", NULL},
        {"GET /up/1", "204 No Content\r\nRange: 0-1048575", NULL},
        {"HEAD ", "404 Not Found", NULL},
    };
    CLEANUP(http)
    struct http *http = http_new(
        &(struct http_options){.user_agent = "inlay/test", .retries = 4, .retry_wait_ms = 1});
    CLEANUP(error) struct error err = ERROR_INIT;
    struct world patient = *(const struct world *)*state;
    struct again again = {.bytes = BUF_INIT};
    CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));

    patient.http = http;
    buf_fill(&again.bytes, SIZE, 0);
    CHECK_REFUSED(send_blob(&patient, script, &again, true, &err), err, ERROR_UNREACHABLE,
                  "nothing has moved in 5 tries");
    buf_release(&again.bytes);
}

/* An upload into a registry that is silent at some of its requests for good. */
struct silent {
    struct world world;
    struct script *script;
    bool is_small;
};

static int send_silent(void *arg, struct error *err)
{
    const struct silent *silent = arg;
    struct again again = {.bytes = BUF_INIT};

    if (silent->is_small) {
        CLEANUP(store) struct store *store = script_open(&silent->world, silent->script);
        return write_five(store, err);
    }
    buf_fill(&again.bytes, SIZE, 0);
    int result = send_blob(&silent->world, silent->script, &again, true, err);
    buf_release(&again.bytes);
    return result;
}

/* Tries of a request, of a session and of a blob do not multiply. */
static void a_registry_that_is_silent_for_good_ends_an_upload_after_few_tries(void **state)
{
    static const struct {
        struct answer answers[5];
        bool is_small;
        const char *request;
        unsigned most; /* of these */
    } ends[] = {
        {{BEGIN, {"PATCH ", ACCEPTED, NULL}, {"PUT ", SILENCE, NULL}, {"GET /up/1", "404", NULL}},
         false,
         "PUT ",
         3},
        {{BEGIN, {"PUT ", SILENCE, NULL}, {"HEAD ", "404 Not Found", NULL}}, true, "PUT ", 3},
        {{BEGIN, {"PATCH ", SILENCE, NULL}, {"GET /up/1", "404", NULL}}, false, "PATCH ", 3},
        {{{"GET /v2/ ", "200 OK", NULL}, {"POST ", SILENCE, NULL}}, true, "POST ", 3},
    };
    CLEANUP(http)
    struct http *http = http_new(&(struct http_options){
        .user_agent = "inlay/test", .stall_timeout_s = 1, .retries = 9, .retry_wait_ms = 1});
    CLEANUP(auth) struct auth *auth = auth_new(&(struct auth_options){.http = http});
    struct silent silents[ARRAY_SIZE(ends)];
    struct ahead sent[ARRAY_SIZE(ends)];

    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        size_t count = 0;
        while (count < ARRAY_SIZE(ends[i].answers) && ends[i].answers[count].request != NULL)
            count++;
        silents[i] = (struct silent){*(const struct world *)*state,
                                     script_new(ends[i].answers, count), ends[i].is_small};
        silents[i].world.http = http;
        silents[i].world.auth = auth;
        ahead_begin(&sent[i], send_silent, &silents[i], NULL);
    }
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CHECK_REFUSED(ahead_join(&sent[i], &err), err, ERROR_UNREACHABLE, "no byte to or from '");
        unsigned count = count_requests(silents[i].script, ends[i].request);
        if (count == 0 || count > ends[i].most)
            fail_msg("case %zu: %u requests '%s', expected %u at most", i, count, ends[i].request,
                     ends[i].most);
        script_free(silents[i].script);
    }
}

#define ALONE(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(an_upload_goes_on_where_the_registry_says_that_it_is),
        ALONE(what_cannot_be_had_again_ends_the_upload),
        ALONE(sessions_that_are_lost_in_turn_end_the_tries),
        ALONE(a_registry_that_is_silent_for_good_ends_an_upload_after_few_tries),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
