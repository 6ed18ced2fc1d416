#include "http/peer_test_internal.h"

#define GZIP                                                                                       \
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\x4c\x4a\x4e\x49\x4d\x4b\xcf\xc8\xcc\x02\x00\x3a" \
    "\x70\x81\x39\x0a\x00\x00\x00"
#define ZLIB "\x78\x9c\x4b\x4c\x4a\x4e\x49\x4d\x4b\xcf\xc8\xcc\x02\x00\x15\x86\x03\xf8"
#define RAW_DEFLATE "\x4b\x4c\x4a\x4e\x49\x4d\x4b\xcf\xc8\xcc\x02\x00"
#define BROTLI "\x8b\x04\x80\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x03"
#define ZSTD                                                                                       \
    "\x28\xb5\x2f\xfd\x04\x58\x51\x00\x00\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\xb2\x8b\x49\xe5"
#define TEXT "abcdefghij"
#define BYTES(text) (text), sizeof(text) - 1

/* What the peer of a test sends, again and again. */
static struct answer {
    const char *encoding; /* NULL: none */
    const char *body;
    size_t size;
    int status;        /* of an answer to a request without a range; 0: 200 */
    const char *range; /* Content-Range of a 206, which answers a range; "": none; NULL: 200 */
} answer;

static void serve_answer(struct peer *peer, int fd)
{
    CLEANUP(buf) struct buf head = BUF_INIT;
    bool is_part = answer.range != NULL && strstr(peer->head, "\r\nRange: ") != NULL;

    buf_addf(&head, "HTTP/1.1 %d Answer\r\nContent-Length: %zu\r\n",
             is_part              ? 206
             : answer.status != 0 ? answer.status
                                  : 200,
             answer.size);
    if (answer.encoding != NULL)
        buf_addf(&head, "Content-Encoding: %s\r\n", answer.encoding);
    if (is_part && *answer.range != '\0')
        buf_addf(&head, "Content-Range: %s\r\n", answer.range);
    buf_add_text(&head, "\r\n");
    send_text(peer, fd, buf_text(&head));
    send_all(peer, fd, answer.body, answer.size);
}

struct result {
    int result;
    struct buf body;
    struct http_response response;
    struct error err;
    unsigned requests;
};

static void result_release(struct result *result)
{
    buf_release(&result->body);
    http_response_release(&result->response);
    error_release(&result->err);
}
CLEANUP_RELEASE(result)

/* Asks the peer for `request` by http_open(), or by http_send(). */
static void ask(struct http_request request, bool stream, struct result *out)
{
    struct peer peer = {.serve = serve_answer, .more = 9};
    CLEANUP(http) struct http *http = new_http();
    CLEANUP(reader) struct reader *body = NULL;

    memset(out, 0, sizeof(*out));
    peer_start(&peer);
    request.method = "GET";
    request.url = peer.url;
    out->result = stream ? http_open(http, &request, &out->response, &body, &out->err)
                         : http_send(http, &request, &out->response, &out->err);
    if (body != NULL)
        out->result = reader_read_all(body, 1000, &out->body, &out->err);
    else
        buf_add(&out->body, out->response.body.data, out->response.body.size);
    reader_free(TAKE(body));
    peer_stop(&peer);
    out->requests = peer.number;
    assert_non_null(strstr(peer.head, "\r\nAccept-Encoding: identity\r\n"));
}

static void expect_text(const struct result *result, const char *expected)
{
    if (result->result < 0)
        fail_msg("%s", result->err.text);
    assert_string_equal(buf_text(&result->body), expected);
}

static void an_encoded_answer_is_decoded(void **state)
{
    static const struct answer answers[] = {
        {"gzip", BYTES(GZIP), 0, NULL},           {"x-gzip", BYTES(GZIP), 0, NULL},
        {"GZip", BYTES(GZIP), 0, NULL},           {"deflate", BYTES(ZLIB), 0, NULL},
        {"br", BYTES(BROTLI), 0, NULL},           {"deflate", BYTES(RAW_DEFLATE), 0, NULL},
        {"zstd", BYTES(ZSTD), 0, NULL},           {"identity", BYTES(TEXT), 0, NULL},
        {"gzip, identity", BYTES(GZIP), 0, NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        answer = answers[i];
        for (int stream = 0; stream < 2; stream++) {
            CLEANUP(result) struct result result;
            ask((struct http_request){.size = 10}, stream, &result);
            expect_text(&result, TEXT);
            bool is_plain = strcmp(answer.encoding, "identity") == 0;
            const char *length = http_response_header(&result.response, "Content-Length");
            assert_true((length != NULL) == is_plain); /* it is not that of the content */
            assert_int_equal(result.requests, stream && !is_plain ? 2 : 1);
        }
    }
}

static void a_range_of_an_encoded_answer_is_cut_out_of_the_whole(void **state)
{
    static const struct {
        const char *range; /* of the peer's answer */
        uint64_t offset, length;
        const char *text;
    } cases[] = {
        {NULL, 3, 0, "defghij"},         {NULL, 3, 4, "defg"}, {"bytes 3-29/30", 3, 0, "defghij"},
        {"bytes 0-4/30", 0, 5, "abcde"}, {"", 3, 4, "defg"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(result) struct result result;
        answer = (struct answer){"gzip", BYTES(GZIP), 0, cases[i].range};
        ask((struct http_request){.offset = cases[i].offset, .length = cases[i].length, .size = 10},
            true, &result);
        expect_text(&result, cases[i].text);
        assert_int_equal(result.response.status, 200);
        assert_int_equal(result.requests, 2);
    }
}

/* As of a file *.gz, whose own form some servers call an encoding. */
static void an_answer_of_the_size_of_the_content_is_taken_as_it_is(void **state)
{
    static const struct {
        const char *encoding;
        const char *range;
        uint64_t offset, length;
        const char *text;
    } cases[] = {
        {"gzip", NULL, 0, 0, TEXT},
        {"aws-chunked", NULL, 0, 0, TEXT},
        {"gzip", "bytes 0-9/10", 0, 4, "abcd"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(result) struct result result;
        answer = (struct answer){cases[i].encoding, BYTES(TEXT), 0, cases[i].range};
        ask((struct http_request){.offset = cases[i].offset, .length = cases[i].length, .size = 10},
            true, &result);
        expect_text(&result, cases[i].text);
        assert_int_equal(result.requests, 1);
        assert_non_null(http_response_header(&result.response, "Content-Length"));
    }
}

static void a_part_that_is_not_said_to_be_one_is_asked_for_as_a_whole(void **state)
{
    static const char *const ranges[] = {"", "3-6/10", "bytes 6-3/10", "bytes 3-20/10",
                                         "bytes */10"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
        CLEANUP(result) struct result result;
        answer = (struct answer){NULL, BYTES(TEXT), 0, ranges[i]};
        ask((struct http_request){.offset = 3, .length = 4}, true, &result);
        expect_text(&result, "defg");
        assert_int_equal(result.response.status, 200);
        assert_int_equal(result.requests, 2);
    }
}

/* Every answer of this peer is a 206, whatever it was asked for. */
static void a_whole_that_is_called_a_part_is_the_whole(void **state)
{
    CLEANUP(result) struct result result;

    (void)state;
    answer = (struct answer){NULL, BYTES(TEXT), 206, ""};
    ask((struct http_request){.offset = 3}, true, &result);
    expect_text(&result, "defghij");
    assert_int_equal(result.requests, 2);
}

static void check_refused(const struct answer *sent, bool stream, const char *complaint)
{
    CLEANUP(result) struct result result;

    answer = *sent;
    ask((struct http_request){.size = 10}, stream, &result);
    if (result.result == 0)
        fail_msg("it was read as '%s', not refused: %s", buf_text(&result.body), complaint);
    assert_int_equal(result.err.kind, ERROR_CORRUPT);
    if (strstr(result.err.text, complaint) == NULL)
        fail_msg("'%s' does not say '%s'", result.err.text, complaint);
    assert_in_range(result.requests, 1, 2);
}

static void an_encoding_that_cannot_be_decoded_is_told_at_once(void **state)
{
    static const struct {
        struct answer answer;
        const char *complaint;
    } cases[] = {
        {{"gzip", BYTES("not of gzip"), 0, NULL},
         "a content encoding, where identity was asked, and cannot be "},
        {{"zstd", BYTES(GZIP), 0, NULL}, "cannot be decoded: "},
        {{"compress", BYTES("x"), 0, NULL}, "the content encoding 'compress', where identity was "},
        {{"gzip, x", BYTES(GZIP), 0, NULL}, "the content encoding 'gzip, x', where identity was "},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        for (int stream = 0; stream < 2; stream++)
            check_refused(&cases[i].answer, stream != 0, cases[i].complaint);
}

static void the_words_of_an_encoded_refusal_are_read(void **state)
{
    CLEANUP(result) struct result result;

    (void)state;
    answer = (struct answer){"gzip", BYTES(GZIP), 404, NULL};
    ask((struct http_request){.expect = HTTP_EXPECT(200)}, false, &result);
    assert_int_equal(result.err.kind, ERROR_NOT_FOUND);
    assert_non_null(strstr(result.err.text, "status 404: 'abcdefghij'"));
}

#define ZEROS_BLOCKS 2048
#define ZEROS_SIZE (ZEROS_BLOCKS * (uint64_t)131072)

/* One frame of zstd: 128 KiB of zeros in four bytes, many times (RFC 8878, 3.1.1.2). */
static void add_zeros(struct buf *out)
{
    buf_add(out, BYTES("\x28\xb5\x2f\xfd\x00\x38"));
    for (unsigned i = 0; i < ZEROS_BLOCKS; i++)
        buf_add(out, i + 1 < ZEROS_BLOCKS ? "\x02\x00\x10\x00" : "\x03\x00\x10\x00", 4);
}

static void what_grows_a_lot_is_read_in_little_memory(void **state)
{
    struct peer peer = {.serve = serve_answer, .more = 9};
    CLEANUP(http) struct http *http = new_http();
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(reader) struct reader *body = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf zeros = BUF_INIT;
    CLEANUP(text) char *part = xcalloc(MIB, 1);
    uint64_t total = 0;
    ssize_t size;

    (void)state;
    add_zeros(&zeros);
    answer = (struct answer){"zstd", zeros.data, zeros.size, 0, NULL};
    peer_start(&peer);
    const struct http_request request = {.method = "GET", .url = peer.url};
    assert_int_equal(http_open(http, &request, &response, &body, &err), 0);
    while ((size = reader_read(body, part, MIB, &err)) > 0)
        total += (uint64_t)size;
    if (size < 0)
        fail_msg("%s", err.text);
    assert_int_equal(total, ZEROS_SIZE);

    assert_int_equal(http_send(http, &request, &response, &err), -1); /* the limit is 64 KiB */
    assert_int_equal(err.kind, ERROR_CORRUPT);
    peer_stop(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_encoded_answer_is_decoded),
        cmocka_unit_test(a_range_of_an_encoded_answer_is_cut_out_of_the_whole),
        cmocka_unit_test(an_answer_of_the_size_of_the_content_is_taken_as_it_is),
        cmocka_unit_test(a_part_that_is_not_said_to_be_one_is_asked_for_as_a_whole),
        cmocka_unit_test(a_whole_that_is_called_a_part_is_the_whole),
        cmocka_unit_test(an_encoding_that_cannot_be_decoded_is_told_at_once),
        cmocka_unit_test(the_words_of_an_encoded_refusal_are_read),
        cmocka_unit_test(what_grows_a_lot_is_read_in_little_memory),
    };

    setenv("no_proxy", "127.0.0.1", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
