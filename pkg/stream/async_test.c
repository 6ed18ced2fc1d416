#include "stream/stream.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ENOUGH ((size_t)(21 * MIB) + 17) /* goes round the ring more than twice */

/* Keeps what it is given, and breaks when that is to be more than `most`. */
struct keeping_writer {
    struct writer base;
    struct buf bytes;
    size_t most;
    unsigned finished;
    pthread_t writer;
    bool breaks_at_finish;
};

static int keeping_write(struct writer *writer, const void *data, size_t size, struct error *err)
{
    struct keeping_writer *keeping = CONTAINER_OF(writer, struct keeping_writer, base);

    keeping->writer = pthread_self();
    return buf_add_limited(&keeping->bytes, data, size, keeping->most, err);
}

static int keeping_finish(struct writer *writer, struct error *err)
{
    struct keeping_writer *keeping = CONTAINER_OF(writer, struct keeping_writer, base);

    keeping->finished++;
    return keeping->breaks_at_finish ? error_set(err, ERROR_LOCAL, "the disk is full") : 0;
}

static void keeping_free(struct writer *writer)
{
    (void)writer;
}

static const struct writer_ops keeping_ops = {
    .write = keeping_write, .finish = keeping_finish, .free = keeping_free};

static struct buf pattern(size_t size)
{
    struct buf out = BUF_INIT;

    for (size_t i = 0; out.size < size; i++)
        buf_addf(&out, "%zu,", i);
    out.size = size;
    return out;
}

static void check_passes(const struct buf *bytes, size_t step)
{
    struct keeping_writer keeping = {.base.ops = &keeping_ops, .most = SIZE_MAX};
    struct digest digest = DIGEST_INIT;
    struct digest expected = digest_of(DIGEST_SHA256, buf_text(bytes), bytes->size);
    uint64_t size = 0;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(writer)
    struct writer *async = async_digest_writer_new(&keeping.base, DIGEST_SHA256, &digest, &size);

    for (size_t at = 0; at < bytes->size; at += step) {
        size_t part = bytes->size - at < step ? bytes->size - at : step;
        assert_int_equal(writer_write(async, bytes->data + at, part, &err), 0);
    }
    assert_int_equal(keeping.finished, 0);
    assert_int_equal(writer_finish(async, &err), 0);
    assert_int_equal(keeping.finished, 1);
    assert_int_equal(keeping.bytes.size, bytes->size);
    if (bytes->size > 0)
        assert_memory_equal(keeping.bytes.data, bytes->data, bytes->size);
    assert_true(digest_equal(&digest, &expected));
    assert_true(size == bytes->size);
    buf_release(&keeping.bytes);
}

static void bytes_come_as_they_went_and_their_digest_is_told(void **state)
{
    static const size_t sizes[] = {0, 1, 262143, 262144, 262145, 1048576, 1048577, 3 * MIB, ENOUGH};
    static const size_t steps[] = {1021, 262144, MIB};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        CLEANUP(buf) struct buf bytes = pattern(sizes[i]);
        for (size_t k = 0; k < ARRAY_SIZE(steps); k++)
            check_passes(&bytes, steps[k]);
    }
}

/* Whether it is this thread that writes on behalf of the stage. */
static bool writes_by_itself(void)
{
    struct keeping_writer keeping = {.base.ops = &keeping_ops, .most = SIZE_MAX};
    CLEANUP(buf) struct buf bytes = pattern(ENOUGH);
    struct digest digest = DIGEST_INIT;
    struct digest expected = digest_of(DIGEST_SHA256, bytes.data, bytes.size);
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(writer)
    struct writer *async = async_digest_writer_new(&keeping.base, DIGEST_SHA256, &digest, NULL);

    assert_int_equal(writer_write(async, bytes.data, bytes.size, &err), 0);
    assert_int_equal(writer_finish(async, &err), 0);
    assert_int_equal(keeping.bytes.size, bytes.size);
    assert_memory_equal(keeping.bytes.data, bytes.data, bytes.size);
    assert_true(digest_equal(&digest, &expected));
    buf_release(&keeping.bytes);
    return pthread_equal(keeping.writer, pthread_self());
}

static void a_second_core_is_used_and_a_single_one_not_shared(void **state)
{
    cpu_set_t usual;
    cpu_set_t one;

    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof(usual), &usual), 0);
    assert_int_equal(writes_by_itself(), CPU_COUNT(&usual) == 1);
    CPU_ZERO(&one);
    for (int i = 0; CPU_COUNT(&one) == 0; i++)
        if (CPU_ISSET(i, &usual))
            CPU_SET(i, &one);
    assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
    assert_true(writes_by_itself());
    assert_int_equal(sched_setaffinity(0, sizeof(usual), &usual), 0);
}

static void without_a_thread_everything_still_passes(void **state)
{
    pthread_attr_t usual;
    pthread_attr_t huge;

    (void)state;
    pthread_getattr_default_np(&usual);
    pthread_getattr_default_np(&huge);
    pthread_attr_setstacksize(&huge, (size_t)1 << 50); /* more than there are addresses */
    pthread_setattr_default_np(&huge);
    assert_true(writes_by_itself());
    pthread_setattr_default_np(&usual);
    pthread_attr_destroy(&usual);
    pthread_attr_destroy(&huge);
}

static void what_breaks_behind_is_told_and_ends_all(void **state)
{
    static const size_t breaks[] = {0, 100, 262144, 2 * MIB, 3 * MIB, ENOUGH - 1};
    CLEANUP(buf) struct buf bytes = pattern(ENOUGH);

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(breaks); i++) {
        struct keeping_writer keeping = {.base.ops = &keeping_ops, .most = breaks[i]};
        CLEANUP(error) struct error err = ERROR_INIT;
        struct digest digest = DIGEST_INIT;
        CLEANUP(writer)
        struct writer *async = async_digest_writer_new(&keeping.base, DIGEST_SHA256, &digest, NULL);
        int result = writer_write(async, bytes.data, bytes.size, &err);
        if (result == 0)
            result = writer_finish(async, &err);
        assert_int_equal(result, -1);
        assert_int_equal(err.kind, ERROR_CORRUPT);
        error_release(&err);
        assert_int_equal(writer_finish(async, &err), -1); /* and so it stays */
        assert_int_equal(err.kind, ERROR_CORRUPT);
        assert_int_equal(keeping.finished, 0);
        assert_int_equal(digest.algorithm, DIGEST_NONE);
        buf_release(&keeping.bytes);
    }
}

static void an_end_that_breaks_is_told(void **state)
{
    struct keeping_writer keeping = {
        .base.ops = &keeping_ops, .most = SIZE_MAX, .breaks_at_finish = true};
    CLEANUP(buf) struct buf bytes = pattern(ENOUGH);
    CLEANUP(error) struct error err = ERROR_INIT;
    struct digest digest = DIGEST_INIT;
    CLEANUP(writer)
    struct writer *async = async_digest_writer_new(&keeping.base, DIGEST_SHA256, &digest, NULL);

    (void)state;
    assert_int_equal(writer_write(async, bytes.data, bytes.size, &err), 0);
    assert_int_equal(writer_finish(async, &err), -1);
    assert_string_equal(err.text, "the disk is full");
    buf_release(&keeping.bytes);
}

static void giving_up_finishes_nothing(void **state)
{
    static const size_t sizes[] = {0, 1, MIB, 2 * MIB, ENOUGH};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        struct keeping_writer keeping = {.base.ops = &keeping_ops, .most = SIZE_MAX};
        CLEANUP(buf) struct buf bytes = pattern(sizes[i]);
        CLEANUP(error) struct error err = ERROR_INIT;
        struct digest digest = DIGEST_INIT;
        struct writer *async = async_digest_writer_new(&keeping.base, DIGEST_SHA256, &digest, NULL);
        assert_int_equal(writer_write(async, buf_text(&bytes), bytes.size, &err), 0);
        writer_free(async);
        assert_int_equal(keeping.finished, 0);
        buf_release(&keeping.bytes);
    }
}

/* Puts all of `bytes` where the writer has room for them, `step` at a time. */
static void fill_rooms(struct writer *async, const struct buf *bytes, size_t step)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    for (size_t at = 0; at < bytes->size;) {
        char *room = NULL;
        size_t part = 0;
        assert_int_equal(writer_room(async, &room, &part, &err), 0);
        if (at == 0)
            assert_non_null(room);
        if (room == NULL ||
            part > step) /* with one core there is a place for the beginning alone */
            part = step;
        if (part > bytes->size - at)
            part = bytes->size - at;
        if (room != NULL)
            memcpy(room, bytes->data + at, part);
        const char *from = room != NULL ? room : bytes->data + at;
        assert_int_equal(writer_write(async, from, part, &err), 0);
        at += part;
    }
    assert_int_equal(writer_finish(async, &err), 0);
}

/* Two at a time: one with the long ring. */
static void bytes_may_be_put_where_they_go(void **state)
{
    static const size_t steps[] = {1021, 262143, MIB};
    struct keeping_writer other = {.base.ops = &keeping_ops, .most = SIZE_MAX};
    struct digest ignored = DIGEST_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(writer)
    struct writer *first = async_digest_writer_new(&other.base, DIGEST_SHA256, &ignored, NULL);
    CLEANUP(buf) struct buf bytes = pattern(ENOUGH);

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        struct keeping_writer keeping = {.base.ops = &keeping_ops, .most = SIZE_MAX};
        struct digest digest = DIGEST_INIT;
        assert_int_equal(writer_write(first, bytes.data, MIB, &err), 0);
        struct digest expected = digest_of(DIGEST_SHA256, bytes.data, bytes.size);
        struct writer *async = async_digest_writer_new(&keeping.base, DIGEST_SHA256, &digest, NULL);
        fill_rooms(async, &bytes, steps[i]);
        writer_free(async);
        assert_int_equal(keeping.bytes.size, bytes.size);
        assert_memory_equal(keeping.bytes.data, bytes.data, bytes.size);
        assert_true(digest_equal(&digest, &expected));
        buf_release(&keeping.bytes);
    }
    assert_int_equal(writer_finish(first, &err), 0);
    assert_int_equal(other.bytes.size, ARRAY_SIZE(steps) * MIB);
    buf_release(&other.bytes);
}

static void a_writer_without_a_place_says_so(void **state)
{
    struct keeping_writer keeping = {.base.ops = &keeping_ops};
    CLEANUP(error) struct error err = ERROR_INIT;
    char *room = NULL;
    size_t size = 1;

    (void)state;
    assert_int_equal(writer_room(&keeping.base, &room, &size, &err), 0);
    assert_null(room);
    assert_int_equal(size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_as_they_went_and_their_digest_is_told),
        cmocka_unit_test(a_second_core_is_used_and_a_single_one_not_shared),
        cmocka_unit_test(without_a_thread_everything_still_passes),
        cmocka_unit_test(what_breaks_behind_is_told_and_ends_all),
        cmocka_unit_test(an_end_that_breaks_is_told),
        cmocka_unit_test(giving_up_finishes_nothing),
        cmocka_unit_test(bytes_may_be_put_where_they_go),
        cmocka_unit_test(a_writer_without_a_place_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
