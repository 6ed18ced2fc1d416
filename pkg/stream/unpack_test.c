#include "stream/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

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

/* One gzip member. */
static void add_gzip(struct buf *out, const void *data, size_t size)
{
    z_stream stream = {.next_in = (void *)(uintptr_t)data, .avail_in = (uInt)size};
    size_t room = size + size / 100 + 1000;

    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    unsigned char *packed = xcalloc(room, 1);
    stream.next_out = packed;
    stream.avail_out = (uInt)room;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    buf_add(out, packed, room - stream.avail_out);
    deflateEnd(&stream);
    free(packed);
}

/* One zstd frame. */
static void add_zstd(struct buf *out, const void *data, size_t size)
{
    size_t room = ZSTD_compressBound(size);
    char *packed = xcalloc(room, 1);
    size_t used = ZSTD_compress(packed, room, data, size, 3);

    assert_false(ZSTD_isError(used));
    buf_add(out, packed, used);
    free(packed);
}

static void add_skippable(struct buf *out, unsigned char kind, unsigned char size)
{
    const unsigned char head[] = {0x50 + kind, 0x2a, 0x4d, 0x18, size, 0, 0, 0};

    buf_add(out, head, sizeof(head));
    for (unsigned i = 0; i < size; i++)
        buf_add(out, "x", 1);
}

/* Words that pack to about a half. */
static void fill(struct buf *out, size_t size)
{
    uint64_t seed = 1;

    while (out->size < size) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        buf_addf(out, "%u ", (unsigned)(seed >> 48));
    }
    out->size = size;
}

/* Unpacks `packed`, which comes `step` bytes at a time, `part` bytes at a time. */
static int unpack(const struct buf *packed, size_t step, size_t part, struct buf *out,
                  struct error *err)
{
    CLEANUP(reader) struct reader *memory = memory_reader_new(buf_text(packed), packed->size);
    struct slow_reader slow = {{&slow_ops}, memory, step};
    CLEANUP(reader) struct reader *plain = unpack_reader_new(&slow.base);
    CLEANUP(text) char *piece = xcalloc(part, 1);
    ssize_t size;

    while ((size = reader_read(plain, piece, part, err)) > 0)
        buf_add(out, piece, (size_t)size);
    if (size == 0 && reader_read(plain, piece, part, err) != 0)
        return error_set(err, ERROR_INTERNAL, "something is behind the end");
    return size < 0 ? -1 : 0;
}

static void check_unpacks(const struct buf *packed, const struct buf *expected)
{
    static const size_t steps[] = {1, 7, 4096, MIB};

    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf out = BUF_INIT;
        size_t part = steps[ARRAY_SIZE(steps) - 1 - i];
        if (unpack(packed, steps[i], part, &out, &err) < 0)
            fail_msg("%zu bytes at a time: %s", steps[i], err.text);
        assert_int_equal(out.size, expected->size);
        assert_memory_equal(buf_text(&out), buf_text(expected), expected->size);
    }
}

static void check_refused(const struct buf *packed, enum error_kind kind, const char *words)
{
    static const size_t steps[] = {1, 7, MIB};

    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf out = BUF_INIT;
        if (unpack(packed, steps[i], 1000, &out, &err) == 0)
            fail_msg("it was unpacked, expected \"%s\"", words);
        if (err.kind != kind || strstr(err.text, words) == NULL)
            fail_msg("kind %d, \"%s\", expected kind %d, \"%s\"", (int)err.kind, err.text,
                     (int)kind, words);
    }
}

static void each_packing_is_told_by_its_first_bytes(void **state)
{
    static const size_t sizes[] = {0, 1, 2, 9, 10, 11, 512, 200000};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        CLEANUP(buf) struct buf plain = BUF_INIT;
        CLEANUP(buf) struct buf gzip = BUF_INIT;
        CLEANUP(buf) struct buf zstd = BUF_INIT;
        fill(&plain, sizes[i]);
        add_gzip(&gzip, buf_text(&plain), plain.size);
        add_zstd(&zstd, buf_text(&plain), plain.size);
        check_unpacks(&plain, &plain);
        check_unpacks(&gzip, &plain);
        check_unpacks(&zstd, &plain);
    }
}

static void members_and_frames_follow_each_other(void **state)
{
    CLEANUP(buf) struct buf plain = BUF_INIT;
    CLEANUP(buf) struct buf gzip = BUF_INIT;
    CLEANUP(buf) struct buf zstd = BUF_INIT;

    (void)state;
    fill(&plain, 300000);
    add_skippable(&zstd, 0, 0);
    add_skippable(&zstd, 15, 200);
    for (size_t at = 0; at < plain.size; at += 100000) {
        add_gzip(&gzip, plain.data + at, 100000);
        add_gzip(&gzip, "", 0);
        add_zstd(&zstd, plain.data + at, 100000);
        add_skippable(&zstd, 7, 30);
        add_zstd(&zstd, "", 0);
    }
    add_skippable(&zstd, 3, 5);
    check_unpacks(&gzip, &plain);
    check_unpacks(&zstd, &plain);
}

static void a_stream_that_ends_early_is_refused_wherever_it_ends(void **state)
{
    CLEANUP(buf) struct buf plain = BUF_INIT;
    CLEANUP(buf) struct buf gzip = BUF_INIT;
    CLEANUP(buf) struct buf zstd = BUF_INIT;

    (void)state;
    fill(&plain, 700);
    add_gzip(&gzip, plain.data, plain.size);
    add_zstd(&zstd, plain.data, plain.size);
    for (size_t size = 3; size < gzip.size; size++)
        check_refused(&(struct buf){gzip.data, size, size}, ERROR_CORRUPT,
                      "the gzip stream ends after");
    for (size_t size = 4; size < zstd.size; size++)
        check_refused(&(struct buf){zstd.data, size, size}, ERROR_CORRUPT,
                      "the zstd stream ends after");
    add_zstd(&zstd, plain.data, plain.size);
    add_gzip(&gzip, plain.data, plain.size);
    zstd.size--;
    gzip.size--;
    check_refused(&gzip, ERROR_CORRUPT, "the gzip stream ends after");
    check_refused(&zstd, ERROR_CORRUPT, "the zstd stream ends after");
    zstd.size = 0;
    add_skippable(&zstd, 0, 100);
    zstd.size--;
    check_refused(&zstd, ERROR_CORRUPT, "the zstd stream ends after 107 bytes, in the middle");
}

static void a_decoder_refuses_an_input_without_a_byte(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(reader) struct reader *empty = memory_reader_new("", 0);
        CLEANUP(reader)
        struct reader *decoder = i == 0 ? gunzip_reader_new(empty) : unzstd_reader_new(empty);
        char byte;
        assert_int_equal(reader_read(decoder, &byte, 1, &err), -1);
        assert_int_equal(err.kind, ERROR_CORRUPT);
        assert_non_null(strstr(err.text, "stream ends after 0 bytes"));
    }
}

static void damage_is_noticed(void **state)
{
    CLEANUP(buf) struct buf plain = BUF_INIT;
    CLEANUP(buf) struct buf gzip = BUF_INIT;
    CLEANUP(buf) struct buf zstd = BUF_INIT;

    (void)state;
    fill(&plain, 700);
    add_gzip(&gzip, plain.data, plain.size);
    add_zstd(&zstd, plain.data, plain.size);
    size_t gzip_size = gzip.size, zstd_size = zstd.size;
    buf_add_text(&gzip, "behind");
    buf_add_text(&zstd, "behind");
    check_refused(&gzip, ERROR_CORRUPT, "the gzip stream is damaged: incorrect header check");
    check_refused(&zstd, ERROR_CORRUPT, "the zstd stream is damaged: Unknown frame descriptor");
    gzip.size = gzip_size;
    zstd.size = zstd_size;
    gzip.data[gzip.size - 8] ^= 1; /* of the checksum */
    check_refused(&gzip, ERROR_CORRUPT, "the gzip stream is damaged: incorrect data check");
    memset(zstd.data + 5, 0xff, 20);
    check_refused(&zstd, ERROR_CORRUPT, "the zstd stream is damaged: ");
}

static void other_packings_are_named(void **state)
{
    static const char xz[] = "\xfd"
                             "7zXZ\0\0\4";
    static const char bzip2[] = "BZh91AY&SY\xaa";
    static const char name[] = "BZhou.txt is the name of a file in a tar";
    const struct buf xz_buf = {(char *)(uintptr_t)xz, sizeof(xz), sizeof(xz)};
    const struct buf bzip2_buf = {(char *)(uintptr_t)bzip2, sizeof(bzip2), sizeof(bzip2)};
    const struct buf name_buf = {(char *)(uintptr_t)name, sizeof(name), sizeof(name)};

    (void)state;
    check_refused(&xz_buf, ERROR_UNSUPPORTED, "packed with xz; gzip, zstd and nothing at all");
    check_refused(&bzip2_buf, ERROR_UNSUPPORTED, "packed with bzip2; gzip, zstd and nothing");
    check_unpacks(&name_buf, &name_buf);
}

static void a_window_that_runtimes_do_not_read_is_refused(void **state)
{
    /* A frame header, RFC 8878 section 3.1.1.1: no size, no checksum, and a window of 2^30. */
    static const unsigned char head[] = {0x28, 0xb5, 0x2f, 0xfd, 0, 20 << 3, 1, 0, 0};
    const struct buf packed = {(char *)(uintptr_t)head, sizeof(head), sizeof(head)};

    (void)state;
    check_refused(&packed, ERROR_UNSUPPORTED, "needs a window of more than 512 MiB");
}

/* Reads to the end or to the refusal, and tells how many bytes came. */
static uint64_t drain(const struct buf *packed, struct error *err)
{
    CLEANUP(reader) struct reader *memory = memory_reader_new(packed->data, packed->size);
    CLEANUP(reader) struct reader *plain = unpack_reader_new(memory);
    CLEANUP(text) char *piece = xcalloc(MIB, 1);
    uint64_t total = 0;
    ssize_t size;

    while ((size = reader_read(plain, piece, MIB, err)) > 0)
        total += (uint64_t)size;
    return total;
}

static void a_few_bytes_do_not_become_more_than_a_gigabyte(void **state)
{
    CLEANUP(text) char *zeros = xcalloc(64 * MIB, 1);
    CLEANUP(buf) struct buf frame = BUF_INIT;
    CLEANUP(buf) struct buf member = BUF_INIT;
    CLEANUP(buf) struct buf bomb = BUF_INIT;
    CLEANUP(buf) struct buf most = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    add_zstd(&frame, zeros, 64 * MIB);
    for (unsigned i = 0; i < 16; i++)
        buf_add(&most, frame.data, frame.size);
    assert_int_equal(drain(&most, &err), GIB);
    assert_int_equal(err.kind, ERROR_NONE);
    buf_add(&bomb, most.data, most.size);
    buf_add(&bomb, frame.data, frame.size);
    assert_in_range(drain(&bomb, &err), GIB, GIB + MIB);
    assert_int_equal(err.kind, ERROR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "it unpacks to more than 1000 times its size"));

    buf_clear(&bomb);
    error_release(&err);
    add_gzip(&member, zeros, 64 * MIB);
    for (unsigned i = 0; i < 17; i++)
        buf_add(&bomb, member.data, member.size);
    assert_in_range(drain(&bomb, &err), GIB, GIB + MIB);
    assert_int_equal(err.kind, ERROR_UNSUPPORTED);
}

static void inflate_reader_reads_a_stream_by_itself_and_one_of_zlib(void **state)
{
    /* zlib.compress(b"weights " * 4, 9) */
    static const char zlib[] =
        "\x78\xda\x2b\x4f\xcd\x4c\xcf\x28\x29\x56\x28\xc7\x41\x03\x00\xd1\x08\x0c\x6d";
    const struct {
        size_t from, size;
        enum inflate_form form;
        const char *complaint; /* NULL: it is right */
    } cases[] = {
        {0, sizeof(zlib) - 1, INFLATE_ZLIB, NULL},
        {2, sizeof(zlib) - 1 - 6, INFLATE_PLAIN, NULL},
        {0, sizeof(zlib) - 2, INFLATE_ZLIB, "the zlib stream ends after"},
        {2, sizeof(zlib) - 1 - 8, INFLATE_PLAIN, "the deflate stream ends after"},
        {1, sizeof(zlib) - 2, INFLATE_ZLIB, "the zlib stream is damaged: incorrect header check"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(reader)
        struct reader *packed = memory_reader_new(zlib + cases[i].from, cases[i].size);
        CLEANUP(reader) struct reader *reader = inflate_reader_new(packed, cases[i].form);
        CLEANUP(buf) struct buf bytes = BUF_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        int result = reader_read_all(reader, MIB, &bytes, &err);
        if (cases[i].complaint == NULL) {
            assert_int_equal(result, 0);
            assert_string_equal(buf_text(&bytes), "weights weights weights weights ");
        } else {
            assert_int_equal(err.kind, ERROR_CORRUPT);
            assert_non_null(strstr(err.text, cases[i].complaint));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_packing_is_told_by_its_first_bytes),
        cmocka_unit_test(members_and_frames_follow_each_other),
        cmocka_unit_test(a_stream_that_ends_early_is_refused_wherever_it_ends),
        cmocka_unit_test(a_decoder_refuses_an_input_without_a_byte),
        cmocka_unit_test(damage_is_noticed),
        cmocka_unit_test(other_packings_are_named),
        cmocka_unit_test(a_window_that_runtimes_do_not_read_is_refused),
        cmocka_unit_test(a_few_bytes_do_not_become_more_than_a_gigabyte),
        cmocka_unit_test(inflate_reader_reads_a_stream_by_itself_and_one_of_zlib),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
