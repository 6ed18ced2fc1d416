#include "stream/stream.h"

#include "core/file.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
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

/* A folder of a test's own; FILE in it. */
struct place {
    char folder[32];
    char file[48];
};

static void place_make(struct place *place)
{
    strncpy(place->folder, "/tmp/inlay-stream-XXXXXX", sizeof(place->folder) - 1);
    if (mkdtemp(place->folder) == NULL)
        fail_msg("no folder could be made");
    snprintf(place->file, sizeof(place->file), "%s/file", place->folder);
}

/* Removes it; it holds no other files than these. */
static void place_remove(struct place *place, const char *const *names)
{
    for (; *names != NULL; names++) {
        CLEANUP(text) char *path = xasprintf("%s/%s", place->folder, *names);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(rmdir(place->folder), 0);
}

static void expect_content(const char *path, const char *expected)
{
    CLEANUP(buf) struct buf content = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (file_read(path, MIB, &content, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(buf_text(&content), expected);
}

static void open_and_write(const char *path, const char *text, struct writer **out)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    if (file_writer_open(path, NULL, out, &err) < 0 ||
        writer_write(*out, text, strlen(text), &err) < 0)
        fail_msg("%s", err.text);
}

static void a_file_takes_its_name_at_the_end_and_not_before(void **state)
{
    static const char *const names[] = {"file", NULL};
    struct place place = {0};
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    place_make(&place);
    for (int synced = 0; synced <= 1; synced++) {
        struct writer *writer = NULL;
        assert_int_equal(file_replace(place.file, "old", 3, &err), 0);
        open_and_write(place.file, "new", &writer);
        if (synced)
            assert_int_equal(file_writer_sync(writer, &err), 0);
        expect_content(place.file, "old");
        assert_int_equal(writer_finish(writer, &err), 0);
        writer_free(writer);
        expect_content(place.file, "new");
    }
    place_remove(&place, names);
}

static void a_file_that_is_not_finished_leaves_nothing(void **state)
{
    static const char *const none[] = {NULL};
    struct place place = {0};
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    place_make(&place);
    for (int synced = 0; synced <= 1; synced++) {
        struct writer *writer = NULL;
        open_and_write(place.file, "new", &writer);
        if (synced)
            assert_int_equal(file_writer_sync(writer, &err), 0);
        writer_free(writer);
    }
    place_remove(&place, none);
}

static void a_link_stays_and_the_file_behind_it_is_replaced(void **state)
{
    static const char *const names[] = {"file", "link", NULL};
    struct place place = {0};
    struct writer *writer = NULL;
    struct stat status;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    place_make(&place);
    CLEANUP(text) char *link = xasprintf("%s/link", place.folder);
    assert_int_equal(symlink("file", link), 0);
    assert_int_equal(file_replace(place.file, "old", 3, &err), 0);
    open_and_write(link, "new", &writer);
    assert_int_equal(writer_finish(writer, &err), 0);
    writer_free(writer);
    expect_content(place.file, "new");
    assert_int_equal(lstat(link, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    place_remove(&place, names);
}

static void what_is_no_place_for_a_file_is_refused(void **state)
{
    static const struct {
        const char *path;
        enum error_kind kind;
        const char *complaint;
    } cases[] = {
        {"", ERROR_USAGE, "'' is not the name of a file"},
        {"/tmp", ERROR_USAGE, "'/tmp' is a folder, expected the name of a file"},
        {"/tmp/not-there/", ERROR_USAGE, "'/tmp/not-there/' is a folder"},
        {"/dev/null", ERROR_USAGE, "'/dev/null' is not a regular file"},
        {"/tmp/not-there/file", ERROR_LOCAL, "creating a file in '/tmp/not-there'"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct writer *writer = NULL;
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(file_writer_open(cases[i].path, NULL, &writer, &err), -1);
        assert_null(writer);
        if (strstr(err.text, cases[i].complaint) == NULL || err.kind != cases[i].kind)
            fail_msg("\"%s\", expected \"%s\"", err.text, cases[i].complaint);
    }
}

/* Standard output is a pipe for a while; its other end is returned. */
static int pipe_output(int *own)
{
    int ends[2];

    fflush(stdout);
    assert_int_equal(pipe(ends), 0);
    *own = dup(STDOUT_FILENO);
    assert_int_equal(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
    close(ends[1]);
    return ends[0];
}

static void restore_output(int own)
{
    dup2(own, STDOUT_FILENO);
    close(own);
}

static void standard_output_takes_what_is_written(void **state)
{
    char text[16] = "";
    struct writer *writer = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;
    int own;
    int end = pipe_output(&own);

    (void)state;
    open_and_write("-", "through", &writer);
    int synced = file_writer_sync(writer, &err);
    int finished = writer_finish(writer, &err);
    writer_free(writer);
    int still_open = fcntl(STDOUT_FILENO, F_GETFD);
    restore_output(own);
    assert_int_equal(synced, 0);
    assert_int_equal(finished, 0);
    assert_int_not_equal(still_open, -1);
    assert_int_equal(read(end, text, sizeof(text) - 1), 7);
    close(end);
    assert_string_equal(text, "through");
}

static void *request_soon(void *arg)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    if (cancel_wait(NULL, 100, &err) < 0)
        abort();
    cancel_request(arg);
    return NULL;
}

static void nobody_waits_for_a_reader_after_a_request_to_stop(void **state)
{
    struct cancel cancel = {.requested = false};
    CLEANUP(text) char *much = xcalloc(MIB, 1);
    struct writer *writer = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;
    pthread_t thread;
    int own;
    int end = pipe_output(&own);

    (void)state;
    int result = file_writer_open("-", &cancel, &writer, &err);
    pthread_create(&thread, NULL, request_soon, &cancel);
    if (result == 0)
        result = writer_write(writer, much, MIB, &err);
    writer_free(writer);
    restore_output(own);
    pthread_join(thread, NULL);
    close(end);
    assert_int_equal(result, -1);
    assert_int_equal(err.kind, ERROR_CANCELED);
}

static void a_reader_that_has_gone_is_told_of(void **state)
{
    struct writer *writer = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;
    int own;
    int end = pipe_output(&own);

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    close(end);
    int result = file_writer_open("-", NULL, &writer, &err);
    if (result == 0)
        result = writer_write(writer, "x", 1, &err);
    writer_free(writer);
    restore_output(own);
    assert_int_equal(result, -1);
    assert_int_equal(err.kind, ERROR_LOCAL);
    assert_string_equal(err.text, "whoever reads standard output has stopped before the end");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verify_passes_on_what_was_promised),
        cmocka_unit_test(verify_refuses_what_is_not_and_never_hands_it_on_whole),
        cmocka_unit_test(a_pipeline_hashes_and_counts_all_that_passes),
        cmocka_unit_test(copying_stops_on_request),
        cmocka_unit_test(a_file_is_read_in_parts),
        cmocka_unit_test(a_file_takes_its_name_at_the_end_and_not_before),
        cmocka_unit_test(a_file_that_is_not_finished_leaves_nothing),
        cmocka_unit_test(a_link_stays_and_the_file_behind_it_is_replaced),
        cmocka_unit_test(what_is_no_place_for_a_file_is_refused),
        cmocka_unit_test(standard_output_takes_what_is_written),
        cmocka_unit_test(nobody_waits_for_a_reader_after_a_request_to_stop),
        cmocka_unit_test(a_reader_that_has_gone_is_told_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
