#include "stream/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* A reader that gives `step` bytes at a time: stages must not rely on full buffers. */
struct slow_reader {
    struct reader base;
    struct reader *next;
    size_t step;
};

static ssize_t slow_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    struct slow_reader *slow = CONTAINER_OF(reader, struct slow_reader, base);

    return reader_read(slow->next, data, size < slow->step ? size : slow->step, err);
}

static void slow_free(struct reader *reader)
{
    (void)reader;
}

static const struct reader_ops slow_ops = {slow_read, slow_free};

static int verify(const char *content, const char *promised, enum digest_algorithm algorithm,
                  size_t step, struct buf *out, struct error *err)
{
    CLEANUP(reader) struct reader *memory = memory_reader_new(content, strlen(content));
    struct slow_reader slow = {{&slow_ops}, memory, step};
    struct digest digest = DIGEST_INIT;

    if (algorithm != DIGEST_NONE)
        digest = digest_of(algorithm, promised, strlen(promised));
    CLEANUP(reader)
    struct reader *reader = verify_reader_new(&slow.base, "a file", strlen(promised), &digest);
    return reader_read_all(reader, MIB, out, err);
}

static void verify_passes_on_what_was_promised(void **state)
{
    static const char *const contents[] = {"", "x", "hello", "a longer text of several words"};
    static const enum digest_algorithm algorithms[] = {DIGEST_NONE, DIGEST_SHA256, DIGEST_SHA512,
                                                       DIGEST_GIT_SHA1};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(contents) * ARRAY_SIZE(algorithms); i++) {
        const char *content = contents[i / ARRAY_SIZE(algorithms)];
        CLEANUP(buf) struct buf out = BUF_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        if (verify(content, content, algorithms[i % ARRAY_SIZE(algorithms)], 1 + i % 3, &out,
                   &err) < 0)
            fail_msg("%s", err.text);
        assert_string_equal(buf_text(&out), content);
    }
}

static void verify_refuses_what_is_not_and_never_hands_it_on_whole(void **state)
{
    static const struct {
        const char *content, *promised, *complaint;
        enum digest_algorithm algorithm;
    } cases[] = {
        {"hell", "hello", "ends after 4 bytes, expected 5", DIGEST_SHA256},
        {"hello!", "hello", "more than the expected 5 bytes", DIGEST_SHA256},
        {"hullo", "hello", "has the digest sha256:", DIGEST_SHA256},
        {"hullo", "hello", "expected b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0", DIGEST_GIT_SHA1},
        {"hello!", "hello", "more than", DIGEST_NONE},
        {"x", "", "more than", DIGEST_SHA256},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buf) struct buf out = BUF_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(
            verify(cases[i].content, cases[i].promised, cases[i].algorithm, 2, &out, &err), -1);
        assert_int_equal(err.kind, ERROR_CORRUPT);
        if (strstr(err.text, cases[i].complaint) == NULL)
            fail_msg("\"%s\" lacks \"%s\"", err.text, cases[i].complaint);
        assert_true(out.size < strlen(cases[i].promised) || out.size == 0);
    }
}

static void add_up(void *arg, uint64_t size)
{
    *(uint64_t *)arg += size;
}

static void a_pipeline_hashes_and_counts_all_that_passes(void **state)
{
    size_t size = 3 * 256 * 1024 + 17; /* more than stream_copy holds at a time */
    CLEANUP(text) char *content = xcalloc(size, 1);
    uint64_t counted = 0;
    uint64_t passed = 0;
    struct digest digest = DIGEST_INIT;
    CLEANUP(buf) struct buf out = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < size; i++)
        content[i] = (char)(i * 31 % 251);
    CLEANUP(reader) struct reader *memory = memory_reader_new(content, size);
    CLEANUP(reader) struct reader *count = count_reader_new(memory, add_up, &counted);
    CLEANUP(writer) struct writer *end = memory_writer_new(&out, 4 * MIB);
    CLEANUP(writer) struct writer *hash = digest_writer_new(end, DIGEST_SHA256, &digest, &passed);
    assert_int_equal(stream_copy(count, hash, NULL, &err), 0);
    assert_int_equal(digest.algorithm, DIGEST_NONE); /* known at finish, not before */
    assert_int_equal(writer_finish(hash, &err), 0);
    struct digest expected = digest_of(DIGEST_SHA256, content, size);
    assert_true(digest_equal(&digest, &expected));
    assert_int_equal(counted, size);
    assert_int_equal(passed, size);
    assert_int_equal(out.size, size);
    assert_memory_equal(out.data, content, size);
}

static void copying_stops_on_request(void **state)
{
    struct cancel cancel = {.requested = true};
    CLEANUP(reader) struct reader *from = memory_reader_new("x", 1);
    CLEANUP(buf) struct buf out = BUF_INIT;
    CLEANUP(writer) struct writer *to = memory_writer_new(&out, MIB);
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(stream_copy(from, to, &cancel, &err), -1);
    assert_int_equal(err.kind, ERROR_CANCELED);
    assert_int_equal(out.size, 0);
}

static void a_file_is_read_in_parts(void **state)
{
    static const struct {
        uint64_t offset, length;
        const char *expected;
    } cases[] = {
        {0, SIZE_UNKNOWN, "0123456789"},
        {3, SIZE_UNKNOWN, "3456789"},
        {3, 4, "3456"},
        {10, SIZE_UNKNOWN, ""},
        {8, 100, "89"},
        {0, 0, ""},
    };
    char path[] = "/tmp/inlay-stream-XXXXXX";
    int fd = mkstemp(path);
    CLEANUP(error) struct error err = ERROR_INIT;
    struct reader *none = NULL;

    (void)state;
    assert_int_equal(write(fd, "0123456789", 10), 10);
    close(fd);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(reader) struct reader *file = NULL;
        CLEANUP(buf) struct buf out = BUF_INIT;
        assert_int_equal(file_reader_open(path, cases[i].offset, cases[i].length, &file, &err), 0);
        assert_int_equal(reader_read_all(file, 100, &out, &err), 0);
        assert_string_equal(buf_text(&out), cases[i].expected);
    }
    unlink(path);
    assert_int_equal(file_reader_open(path, 0, 1, &none, &err), -1);
    assert_int_equal(err.kind, ERROR_NOT_FOUND);
    assert_int_equal(file_reader_open("/dev/null", 0, 1, &none, &err), -1);
    assert_int_equal(err.kind, ERROR_LOCAL);
    assert_null(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verify_passes_on_what_was_promised),
        cmocka_unit_test(verify_refuses_what_is_not_and_never_hands_it_on_whole),
        cmocka_unit_test(a_pipeline_hashes_and_counts_all_that_passes),
        cmocka_unit_test(copying_stops_on_request),
        cmocka_unit_test(a_file_is_read_in_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
