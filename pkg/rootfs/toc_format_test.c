#include "rootfs/rootfs_test_internal.h"
#include "rootfs/toc_internal.h"

/* The entries of a table, each followed by a bar. */
static int cut(const char *json, struct buf *out, struct error *err)
{
    CLEANUP(reader) struct reader *reader = memory_reader_new(json, strlen(json));
    CLEANUP(cutter) struct cutter *cutter = cutter_new(reader, NULL);
    const struct buf *entry = NULL;

    do {
        if (cutter_next(cutter, &entry, err) < 0)
            return -1;
        if (entry != NULL)
            buf_addf(out, "%s|", buf_text(entry));
    } while (entry != NULL);
    return 0;
}

static void a_table_is_cut_into_its_entries(void **state)
{
    static const struct {
        const char *json, *entries;
        enum error_kind kind;
        const char *words;
    } cases[] = {
        {"{\"version\":1,\"entries\":[]}", "", ERROR_NONE, NULL},
        {"{\"version\":1,\"entries\":[{}]}", "{}|", ERROR_NONE, NULL},
        {" { \"version\" : 1 ,\n\"entries\" : [ {\"a\":1} ,\t{\"b\":2}\r\n] , \"x\":\"y\" } ",
         "{\"a\":1}|{\"b\":2}|", ERROR_NONE, NULL},
        {"{\"entries\":[{\"a\":{\"b\":[1,{}]}},{\"c\":\"}],{\\\"[\"}],\"version\":1}",
         "{\"a\":{\"b\":[1,{}]}}|{\"c\":\"}],{\\\"[\"}|", ERROR_NONE, NULL},
        {"{\"other\":[{}],\"more\":{\"entries\":[{}]},\"version\":1,\"entries\":[{\"a\":0}]}",
         "{\"a\":0}|", ERROR_NONE, NULL},
        {"", NULL, ERROR_CORRUPT, "has no entries"},
        {"{}", NULL, ERROR_CORRUPT, "has no entries"},
        {"{\"version\":1}", NULL, ERROR_CORRUPT, "has no entries"},
        {"[{\"version\":1}]", NULL, ERROR_CORRUPT, "has no entries"},
        {"{\"entries\":[{}", NULL, ERROR_CORRUPT, "ends among them"},
        {"{\"entries\":[{\"a", NULL, ERROR_CORRUPT, "ends among them"},
        {"{\"entries\":[{},]}", NULL, ERROR_CORRUPT, "']' where an entry or a comma"},
        {"{\"entries\":[,{}]}", NULL, ERROR_CORRUPT, "',' where an entry or a comma"},
        {"{\"entries\":[{}{}]}", NULL, ERROR_CORRUPT, "'{' where an entry or a comma"},
        {"{\"entries\":[1]}", NULL, ERROR_CORRUPT, "'1' where an entry or a comma"},
        {"{\"entries\":[\"x\"]}", NULL, ERROR_CORRUPT, "'\"' where an entry or a comma"},
        {"{\"entries\":[]}", NULL, ERROR_UNSUPPORTED, "not of version 1"},
        {"{\"version\":2,\"entries\":[]}", NULL, ERROR_UNSUPPORTED, "not of version 1"},
        {"{\"version\":\"1\",\"entries\":[]}", NULL, ERROR_UNSUPPORTED, "not of version 1"},
        {"{\"version\":1,\"entries\":[],\"entries\":[]}", NULL, ERROR_CORRUPT, "is not JSON"},
        {"{\"version\":1,\"entries\":[]", NULL, ERROR_CORRUPT, "is not JSON"},
        {"{\"version\":1,\"entries\":[]} x", NULL, ERROR_CORRUPT, "is not JSON"},
        {"{\"Version\":1,\"entries\":[]}", "", ERROR_NONE, NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf found = BUF_INIT;
        if (cases[i].entries == NULL) {
            CHECK_REFUSED(cut(cases[i].json, &found, &err), err, cases[i].kind, cases[i].words);
            continue;
        }
        CHECK(cut(cases[i].json, &found, &err), err);
        assert_string_equal(buf_text(&found), cases[i].entries);
    }
}

static void entries_that_are_larger_than_a_part_are_whole(void **state)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf json = BUF_INIT;
    CLEANUP(buf) struct buf found = BUF_INIT;
    CLEANUP(buf) struct buf expected = BUF_INIT;

    (void)state;
    buf_add_text(&json, "{\"version\":1,\"entries\":[");
    for (size_t i = 0; i < 200; i++) {
        CLEANUP(buf) struct buf entry = BUF_INIT;
        buf_addf(&entry, "{\"n\":%zu,\"x\":\"%*s\"}", i, (int)(i * 977 % 150000), "y");
        buf_addf(&json, "%s%s", i > 0 ? "," : "", entry.data);
        buf_addf(&expected, "%s|", entry.data);
    }
    buf_add_text(&json, "]}");
    CHECK(cut(buf_text(&json), &found, &err), err);
    assert_int_equal(found.size, expected.size);
    assert_memory_equal(found.data, expected.data, found.size);
}

static void what_would_fill_the_memory_is_refused(void **state)
{
    static const struct {
        const char *begin, *words;
    } cases[] = {
        {"{\"version\":1,\"entries\":[{\"x\":\"", "one of the table's entries"},
        {"{\"version\":1,\"x\":\"", "what is around the table's entries"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf json = BUF_INIT;
        CLEANUP(buf) struct buf found = BUF_INIT;
        CLEANUP(text) char *filling = xcalloc(5 * MIB, 1);
        memset(filling, 'y', 5 * MIB - 1);
        buf_addf(&json, "%s%s\"}]}", cases[i].begin, filling);
        CHECK_REFUSED(cut(buf_text(&json), &found, &err), err, ERROR_CORRUPT, cases[i].words);
    }
}

static void an_entry_that_makes_no_sense_is_refused(void **state)
{
    static const struct {
        const char *json;
        enum error_kind kind;
        const char *words;
    } cases[] = {
        {"{\"name\":1}", ERROR_CORRUPT, "its 'name' is not a string"},
        {"{\"name\":\"a\"}", ERROR_CORRUPT, "the table's entry 'a': its 'type' is ''"},
        {"{\"name\":\"a\",\"type\":\"socket\"}", ERROR_CORRUPT, "its 'type' is 'socket'"},
        {"{\"name\":\"a/../../b\",\"type\":\"reg\"}", ERROR_UNSUPPORTED, "out of the image"},
        {"{\"name\":\"./\",\"type\":\"reg\"}", ERROR_CORRUPT, "in place of the root"},
        {"{\"name\":\"a\",\"type\":\"reg\",\"uid\":-1}", ERROR_CORRUPT, "its 'uid' is not a"},
        {"{\"Name\":\"a\",\"TYPE\":\"reg\",\"UID\":-1}", ERROR_CORRUPT, "its 'uid' is not a"},
        {"{\"name\":\"a\",\"type\":\"reg\",\"gid\":4294967295}", ERROR_CORRUPT, "its 'gid' is"},
        {"{\"name\":\"a\",\"type\":\"reg\",\"uid\":\"1\"}", ERROR_CORRUPT, "its 'uid' is not a"},
        {"{\"name\":\"a\",\"type\":\"reg\",\"size\":1.5}", ERROR_CORRUPT, "its 'size' is not a"},
        {"{\"name\":\"a\",\"type\":\"reg\",\"modtime\":\"now\"}", ERROR_CORRUPT, "'now' is not a"},
        {"{\"name\":\"a\",\"type\":\"symlink\"}", ERROR_CORRUPT, "a link without a target"},
        {"{\"name\":\"a\",\"type\":\"hardlink\",\"linkName\":\"../x\"}", ERROR_UNSUPPORTED,
         "'../x'"},
        {"{\"name\":\"a\",\"type\":\"hardlink\"}", ERROR_CORRUPT,
         "it leads to '', expected a file"},
        {"{\"name\":\".wh.\",\"type\":\"reg\"}", ERROR_CORRUPT, "which names no file"},
        {"{\"name\":\"a\",\"type\":\"dir\",\"xattrs\":{\"x\":\"?\"}}", ERROR_CORRUPT, "not base64"},
        {"{\"name\":\"a\",\"type\":\"dir\",\"xattrs\":{\"x\":1}}", ERROR_CORRUPT, "not a string"},
        {"{\"name\":\"etc/passwd\",\"type\":\"reg\",\"size\":1}", ERROR_UNSUPPORTED,
         "no digest of its content"},
        {"{\"name\":\"etc/passwd\",\"type\":\"reg\",\"size\":1,\"digest\":\"x\"}", ERROR_CORRUPT,
         "etc/passwd"},
        {"{\"name\":\"a\",\"name\":\"b\"}", ERROR_CORRUPT, "is not JSON"},
        {"{]", ERROR_CORRUPT, "is not JSON"},
    };
    static const struct scan_wanted none;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(toc_scan) struct toc_scan scan;
        toc_scan_init(&scan, &none, NULL);
        CHECK_REFUSED(toc_scan_entry(&scan, cases[i].json, strlen(cases[i].json), &err), err,
                      cases[i].kind, cases[i].words);
        assert_int_equal(scan.listing->count, 0);
    }
}

static void times_are_seconds_since_1970(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds; /* INT64_MIN: refused */
        uint32_t nanoseconds;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0, 0},
        {"2023-11-14T22:13:20Z", 1700000000, 0},
        {"2023-11-14T22:13:20.5Z", 1700000000, 500000000},
        {"2023-11-14T22:13:20.123456789123Z", 1700000000, 123456789},
        {"2023-11-15T00:13:20+02:00", 1700000000, 0},
        {"2023-11-14T16:43:20.25-05:30", 1700000000, 250000000},
        {"1969-12-31T23:59:59.75Z", -1, 750000000},
        {"2024-02-29T00:00:00Z", 1709164800, 0},
        {"9999-12-31T23:59:59Z", INT64_C(253402300799), 0},
        {"0001-01-01T00:00:00Z", 0, 0},
        {"", INT64_MIN, 0},
        {"2023-11-14", INT64_MIN, 0},
        {"2023-11-14T22:13:20", INT64_MIN, 0},
        {"2023-11-14T22:13:20.Z", INT64_MIN, 0},
        {"2023-11-14T22:13:20Zx", INT64_MIN, 0},
        {"2023-13-14T22:13:20Z", INT64_MIN, 0},
        {"2023-00-14T22:13:20Z", INT64_MIN, 0},
        {"2023-11-14T24:13:20Z", INT64_MIN, 0},
        {"2023-11-14T22:13:20+0200", INT64_MIN, 0},
        {"2023-11-14 22:13:20Z", INT64_MIN, 0},
        {"+023-11-14T22:13:20Z", INT64_MIN, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        int64_t seconds = 0;
        uint32_t nanoseconds = 0;
        if (cases[i].seconds == INT64_MIN) {
            CHECK_REFUSED(toc_parse_time(cases[i].text, &seconds, &nanoseconds, &err), err,
                          ERROR_CORRUPT, "is not a time");
            continue;
        }
        CHECK(toc_parse_time(cases[i].text, &seconds, &nanoseconds, &err), err);
        if (seconds != cases[i].seconds || nanoseconds != cases[i].nanoseconds)
            fail_msg("'%s' is %ld and %u", cases[i].text, (long)seconds, nanoseconds);
    }
}

static void base64_is_bytes(void **state)
{
    static const struct {
        const char *text, *bytes; /* NULL: refused */
        size_t size;
    } cases[] = {
        {"", "", 0},
        {"AA==", "\0", 1},
        {"AQI=", "\1\2", 2},
        {"/+8A", "\xff\xef\0", 3},
        {"YWJjZA==", "abcd", 4},
        {"A", NULL, 0},
        {"AAA", NULL, 0},
        {"A===", NULL, 0},
        {"AA==AA==", NULL, 0},
        {"A-_A", NULL, 0},
        {"AA A", NULL, 0},
        {"====", NULL, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf found = BUF_INIT;
        if (cases[i].bytes == NULL) {
            CHECK_REFUSED(toc_parse_base64(cases[i].text, &found, &err), err, ERROR_CORRUPT,
                          "not base64");
            continue;
        }
        CHECK(toc_parse_base64(cases[i].text, &found, &err), err);
        assert_int_equal(found.size, cases[i].size);
        assert_memory_equal(buf_text(&found), cases[i].bytes, cases[i].size);
    }
}

#define TAIL "\x01\0\0\xff\xff\0\0\0\0\0\0\0\0"
#define HEAD "\x1f\x8b\x08\x04\0\0\0\0\0\xff"
#define NEW HEAD "\x1a\0SG\x16\0"
#define OLD HEAD "\x16\0"
#define BYTES(text) text, sizeof(text) - 1

static void a_footer_says_where_the_table_is(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        uint64_t offset; /* 0: refused */
        size_t footer_size;
    } cases[] = {
        {BYTES(NEW "0000000000104807STARGZ" TAIL), 0x104807, 51},
        {BYTES("abcd" OLD "00000000000000ffSTARGZ" TAIL), 0xff, 47},
        {BYTES(OLD "00000000000000ffSTARGZ" TAIL), 0xff, 47},
        {BYTES(NEW "ffffffffffffffffSTARGZ" TAIL), UINT64_MAX, 51},
        {BYTES(NEW "0000000000000000STARGZ" TAIL), 0, 0},
        {BYTES(NEW "000000000010480xSTARGZ" TAIL), 0, 0},
        {BYTES(NEW "000000000010480ASTARGZ" TAIL), 0, 0},
        {BYTES(NEW "0000000000104807STARGY" TAIL), 0, 0},
        {BYTES("abcd" NEW "00000000000000ffSTARG" TAIL), 0, 0},
        {BYTES(HEAD "\x1a\0SX\x16\0"
                    "0000000000104807STARGZ" TAIL),
         0, 0},
        {BYTES("short"), 0, 0},
        {BYTES(""), 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        const unsigned char *bytes = (const unsigned char *)cases[i].bytes;
        uint64_t offset = 0;
        size_t footer_size = 0;
        if (cases[i].offset == 0) {
            CHECK_REFUSED(stargz_parse_footer(bytes, cases[i].size, &offset, &footer_size, &err),
                          err, ERROR_UNSUPPORTED, "does not end with a footer");
            continue;
        }
        CHECK(stargz_parse_footer(bytes, cases[i].size, &offset, &footer_size, &err), err);
        assert_true(offset == cases[i].offset);
        assert_int_equal(footer_size, cases[i].footer_size);
    }
}

static void a_position_is_four_numbers_within_the_blob(void **state)
{
    static const struct {
        const char *text, *words; /* NULL: right */
    } cases[] = {
        {"10:20:300:1", NULL},
        {"970:30:9223372036854775807:1", NULL},
        {"", "the position of the table is ''"},
        {"10:20:300", "the position of the table is '10:20:300'"},
        {"10:20:300:1:", "the position of the table is"},
        {"10:20:300:1:5", "the position of the table is"},
        {"10:20:300:x", "the position of the table is"},
        {"10::300:1", "the position of the table is"},
        {"-1:20:300:1", "the position of the table is"},
        {"10:20:300:2", "its table is of the type 2"},
        {"0:20:300:1", "in a blob of 1000 bytes"},
        {"10:0:300:1", "in a blob of 1000 bytes"},
        {"971:30:300:1", "in a blob of 1000 bytes"},
        {"9223372036854775807:9223372036854775807:300:1", "in a blob of 1000 bytes"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        struct toc table = {.format = TOC_CHUNKED};
        if (cases[i].words != NULL) {
            CHECK_REFUSED(toc_parse_position(cases[i].text, 1000, &table, &err), err,
                          ERROR_UNSUPPORTED, cases[i].words);
            assert_int_equal(table.size, 0);
            continue;
        }
        CHECK(toc_parse_position(cases[i].text, 1000, &table, &err), err);
        assert_true(table.offset >= 10 && table.size >= 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_is_cut_into_its_entries),
        cmocka_unit_test(entries_that_are_larger_than_a_part_are_whole),
        cmocka_unit_test(what_would_fill_the_memory_is_refused),
        cmocka_unit_test(an_entry_that_makes_no_sense_is_refused),
        cmocka_unit_test(times_are_seconds_since_1970),
        cmocka_unit_test(base64_is_bytes),
        cmocka_unit_test(a_footer_says_where_the_table_is),
        cmocka_unit_test(a_position_is_four_numbers_within_the_blob),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
