#include "stream/stream_internal.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#define LIMIT ((size_t)(64 * MIB))

static const char *const choices[] = {"gzip", "zstd", "zstd:1", "zstd:6"};

static struct compression_choice choice_of(const char *text)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    struct compression_choice choice = {COMPRESSION_NONE, 0};

    assert_int_equal(compression_parse(text, &choice, &err), 0);
    return choice;
}

/* Of runs that compress and runs that do not; the same in every run. */
static void make_content(size_t size, bool is_random, struct buf *out)
{
    static const unsigned char words[] = "weights and biases ";
    unsigned char part[4096];
    uint64_t state = 88172645463325252U;

    for (size_t at = 0; at < size; at += sizeof(part)) {
        size_t left = size - at < sizeof(part) ? size - at : sizeof(part);
        bool is_noise = is_random || at / sizeof(part) % 3 == 0;
        for (size_t i = 0; i < left; i++) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            part[i] = is_noise ? (unsigned char)state : words[(at + i * i) % 19];
        }
        buf_add(out, part, left);
    }
}

static void pack(const struct buf *content, const char *text, unsigned threads, size_t step,
                 struct buf *out)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(writer) struct writer *memory = memory_writer_new(out, LIMIT);
    struct compression_choice choice = choice_of(text);
    CLEANUP(writer) struct writer *packed = compress_writer_new(memory, &choice, threads);

    for (size_t at = 0; at < content->size; at += step) {
        size_t left = content->size - at;
        assert_int_equal(writer_write(packed, content->data + at, left < step ? left : step, &err),
                         0);
    }
    assert_int_equal(writer_finish(packed, &err), 0);
}

static void check_equal(const struct buf *a, const struct buf *b)
{
    assert_int_equal(a->size, b->size);
    assert_memory_equal(buf_text(a), buf_text(b), a->size);
}

static void check_unpacks(const struct buf *packed, const char *text, const struct buf *content)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf found = BUF_INIT;
    CLEANUP(reader) struct reader *memory = memory_reader_new(packed->data, packed->size);
    CLEANUP(reader)
    struct reader *reader =
        strcmp(text, "gzip") == 0 ? gunzip_reader_new(memory) : unzstd_reader_new(memory);

    assert_int_equal(reader_read_all(reader, LIMIT, &found, &err), 0);
    check_equal(&found, content);
}

/* What the usual program makes of it. */
static void check_program_unpacks(const struct buf *packed, const char *text,
                                  const struct buf *content)
{
    CLEANUP(buf) struct buf found = BUF_INIT;
    char name[] = "/tmp/compress_test.XXXXXX";
    char part[4096];
    int fd = mkstemp(name);
    size_t size;

    assert_int_equal(write(fd, buf_text(packed), packed->size), packed->size);
    close(fd);
    CLEANUP(text)
    char *command = xasprintf("%s -dc <%s", strcmp(text, "gzip") == 0 ? "gzip" : "zstd -q", name);
    FILE *program = popen(command, "r");
    assert_non_null(program);
    while ((size = fread(part, 1, sizeof(part), program)) > 0)
        buf_add(&found, part, size);
    assert_int_equal(pclose(program), 0);
    unlink(name);
    check_equal(&found, content);
}

static void what_is_compressed_unpacks_to_what_it_was(void **state)
{
    static const size_t sizes[] = {
        0,
        1,
        1000,
        GZIP_BLOCK - 1,
        GZIP_BLOCK,
        GZIP_BLOCK + 1,
        2 * GZIP_BLOCK,
        5 * GZIP_BLOCK + 12345,
        9 * MIB + 1,
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sizes) * 2; i++) {
        CLEANUP(buf) struct buf content = BUF_INIT;
        make_content(sizes[i / 2], i % 2 == 1, &content);
        for (size_t k = 0; k < ARRAY_SIZE(choices); k++) {
            CLEANUP(buf) struct buf packed = BUF_INIT;
            pack(&content, choices[k], 2, 100000, &packed);
            check_unpacks(&packed, choices[k], &content);
            check_program_unpacks(&packed, choices[k], &content);
        }
    }
}

static void the_bytes_depend_neither_on_threads_nor_on_writes(void **state)
{
    static const struct {
        unsigned threads;
        size_t step;
    } ways[] = {{0, 1 << 20}, {1, 777}, {2, 1 << 18}, {3, 65536}, {4, 5000001}, {8, 12345}};
    CLEANUP(buf) struct buf content = BUF_INIT;

    (void)state;
    make_content(12 * MIB + 4321, false, &content);
    for (size_t k = 0; k < ARRAY_SIZE(choices); k++) {
        CLEANUP(buf) struct buf first = BUF_INIT;
        pack(&content, choices[k], 1, 256 * KIB, &first);
        assert_true(first.size < content.size);
        for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
            CLEANUP(buf) struct buf packed = BUF_INIT;
            pack(&content, choices[k], ways[i].threads, ways[i].step, &packed);
            check_equal(&packed, &first);
        }
    }
}

/* RFC 1952; it is one member, as other tools write them. */
static void a_gzip_member_tells_neither_name_nor_time(void **state)
{
    static const unsigned char header[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3};
    CLEANUP(buf) struct buf content = BUF_INIT;
    CLEANUP(buf) struct buf packed = BUF_INIT;
    CLEANUP(buf) struct buf room = BUF_INIT;
    z_stream stream = {0};

    (void)state;
    make_content(3 * GZIP_BLOCK, false, &content);
    make_content(3 * GZIP_BLOCK, false, &room);
    pack(&content, "gzip", 2, 4096, &packed);
    assert_memory_equal(packed.data, header, sizeof(header));
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    stream.next_in = (unsigned char *)packed.data;
    stream.avail_in = (uInt)packed.size;
    stream.next_out = (unsigned char *)room.data;
    stream.avail_out = (uInt)room.size + 1; /* the NUL */
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.avail_in, 0);
    inflateEnd(&stream);
}

/* Blocks know of what was before them: it costs little that they are compressed apart. */
static void gzip_in_blocks_is_as_small_as_in_one(void **state)
{
    CLEANUP(buf) struct buf content = BUF_INIT;
    CLEANUP(buf) struct buf packed = BUF_INIT;
    uLongf size = compressBound(20 * GZIP_BLOCK);
    CLEANUP(text) char *whole = xcalloc(1, size);

    (void)state;
    make_content(20 * GZIP_BLOCK, false, &content);
    pack(&content, "gzip", 2, MIB, &packed);
    assert_int_equal(
        compress2((Bytef *)whole, &size, (const Bytef *)content.data, (uLong)content.size, 6),
        Z_OK);
    assert_true(packed.size < size + size / 100);
}

static void random_bytes_grow_by_little(void **state)
{
    CLEANUP(buf) struct buf content = BUF_INIT;

    (void)state;
    make_content(8 * MIB, true, &content);
    for (size_t k = 0; k < ARRAY_SIZE(choices); k++) {
        CLEANUP(buf) struct buf packed = BUF_INIT;
        pack(&content, choices[k], 2, MIB, &packed);
        assert_true(packed.size < content.size + content.size / 1000);
    }
}

/* Takes `left` bytes, and belongs to one thread as every writer does. */
struct short_writer {
    struct writer base;
    size_t left;
    pthread_t owner;
    bool finishes;
};

static int short_write(struct writer *writer, const void *data, size_t size, struct error *err)
{
    struct short_writer *end = CONTAINER_OF(writer, struct short_writer, base);

    (void)data;
    assert_true(pthread_equal(end->owner, pthread_self()));
    if (size > end->left)
        return error_set(err, ERROR_UNREACHABLE, "the other end is gone");
    end->left -= size;
    return 0;
}

static int short_finish(struct writer *writer, struct error *err)
{
    struct short_writer *end = CONTAINER_OF(writer, struct short_writer, base);

    return end->finishes ? 0 : error_set(err, ERROR_UNREACHABLE, "the other end is gone");
}

static void short_free(struct writer *writer)
{
    (void)writer;
}

static int feed(struct writer *next, const char *text, struct error *err)
{
    CLEANUP(buf) struct buf content = BUF_INIT;
    struct compression_choice choice = choice_of(text);
    CLEANUP(writer) struct writer *packed = compress_writer_new(next, &choice, 2);

    make_content(24 * MIB, true, &content);
    for (size_t at = 0; at < content.size; at += MIB)
        if (writer_write(packed, content.data + at, MIB, err) < 0)
            return -1;
    return writer_finish(packed, err);
}

static void what_the_next_stage_fails_with_arrives(void **state)
{
    static const struct writer_ops ops = {
        .write = short_write, .finish = short_finish, .free = short_free};
    static const size_t rooms[] = {0, 11, 3 * MIB, 20 * MIB, 24 * MIB};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rooms) * 2; i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        struct short_writer end = {{&ops}, rooms[i / 2], pthread_self(), true};
        assert_int_equal(feed(&end.base, choices[i % 2], &err), -1);
        assert_int_equal(err.kind, ERROR_UNREACHABLE);
        assert_string_equal(err.text, "the other end is gone");
    }
    for (size_t i = 0; i < 2; i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        struct short_writer end = {{&ops}, LIMIT, pthread_self(), false};
        assert_int_equal(feed(&end.base, choices[i], &err), -1);
        assert_int_equal(err.kind, ERROR_UNREACHABLE);
        end.finishes = true;
        assert_int_equal(feed(&end.base, choices[i], &err), 0);
    }
}

static void what_is_not_finished_is_dropped(void **state)
{
    static const size_t sizes[] = {0, 1000, 3 * GZIP_BLOCK + 5, 8 * MIB};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sizes) * 2; i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf content = BUF_INIT;
        CLEANUP(buf) struct buf found = BUF_INIT;
        CLEANUP(writer) struct writer *memory = memory_writer_new(&found, LIMIT);
        struct compression_choice choice = choice_of(choices[i % 2]);
        CLEANUP(writer) struct writer *packed = compress_writer_new(memory, &choice, 3);
        make_content(sizes[i / 2], true, &content);
        assert_int_equal(writer_write(packed, buf_text(&content), content.size, &err), 0);
    }
}

static void a_choice_is_parsed_and_told(void **state)
{
    static const struct {
        const char *text, *suffix, *version, *complaint;
    } cases[] = {
        {"none", "", "none", NULL},
        {"gzip", "+gzip", "gzip:6 zlib " ZLIB_VERSION " block 262144", NULL},
        {"zstd", "+zstd", "zstd:3 libzstd " ZSTD_VERSION_STRING, NULL},
        {"zstd:1", "+zstd", "zstd:1 libzstd " ZSTD_VERSION_STRING, NULL},
        {"zstd:19", "+zstd", "zstd:19 libzstd " ZSTD_VERSION_STRING, NULL},
        {"zstd:20", NULL, NULL, "'20' is not a level of 'zstd', 1 to 19"},
        {"zstd:0", NULL, NULL, "'0' is not a level"},
        {"zstd:-1", NULL, NULL, "'-1' is not a level"},
        {"zstd:", NULL, NULL, "'' is not a level"},
        {"zstd:3x", NULL, NULL, "'3x' is not a level"},
        {"gzip:6", NULL, NULL, "'gzip' takes no level; leave out ':6'"},
        {"none:1", NULL, NULL, "'none' takes no level"},
        {"estargz:4", NULL, NULL, "'estargz' takes no level"},
        {"", NULL, NULL, "'' is not none, gzip, zstd[:LEVEL] or estargz"},
        {"xz", NULL, NULL, "'xz' is not none, gzip, zstd[:LEVEL] or estargz"},
        {"zst", NULL, NULL, "'zst' is not none"},
        {"GZIP", NULL, NULL, "'GZIP' is not none"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        struct compression_choice choice = {COMPRESSION_ZSTD, 7};
        int result = compression_parse(cases[i].text, &choice, &err);
        assert_int_equal(result, cases[i].complaint == NULL ? 0 : -1);
        if (cases[i].complaint != NULL) {
            assert_int_equal(err.kind, ERROR_USAGE);
            assert_non_null(strstr(err.text, cases[i].complaint));
            assert_int_equal(choice.level, 7);
            continue;
        }
        CLEANUP(text) char *version = compression_version(&choice);
        assert_string_equal(version, cases[i].version);
        assert_string_equal(compression_suffix(&choice), cases[i].suffix);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_compressed_unpacks_to_what_it_was),
        cmocka_unit_test(the_bytes_depend_neither_on_threads_nor_on_writes),
        cmocka_unit_test(a_gzip_member_tells_neither_name_nor_time),
        cmocka_unit_test(gzip_in_blocks_is_as_small_as_in_one),
        cmocka_unit_test(random_bytes_grow_by_little),
        cmocka_unit_test(what_the_next_stage_fails_with_arrives),
        cmocka_unit_test(what_is_not_finished_is_dropped),
        cmocka_unit_test(a_choice_is_parsed_and_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
