#include "rootfs/memo_test_internal.h"
#include "rootfs/rootfs_test_internal.h"

static void fill(struct listing *listing)
{
    static char bytes[] = "\0\x01\xff";
    static char empty[] = "", name[] = "user.bytes", other[] = "user.empty";
    const struct xattr xattrs[] = {{name, bytes, 3}, {other, empty, 0}};
    const struct listing_entry entries[] = {
        {.path = "a",
         .type = ROOTFS_FOLDER,
         .mode = 01777,
         .uid = 4294967294,
         .gid = 5,
         .time_s = INT64_MIN,
         .time_ns = 999999999,
         .xattrs = xattrs,
         .xattr_count = 2},
        {.path = "a/line\nbreak", .type = ROOTFS_LINK, .target = "/x y"},
        {.path = "b", .type = ROOTFS_OTHER, .time_s = -17},
        {.path = "etc/group", .type = ROOTFS_FILE, .content = ""},
        {.path = "etc/passwd", .type = ROOTFS_FILE, .size = 3, .content = "x\0y", .target = "src"},
        {.path = "gone", .type = ROOTFS_FILE, .target = "nowhere", .is_hard_link = true},
        {.path = "large", .type = ROOTFS_FILE, .size = UINT64_C(1) << 40},
    };
    CLEANUP(error) struct error err = ERROR_INIT;

    for (size_t i = 0; i < ARRAY_SIZE(entries); i++)
        CHECK(listing_add(listing, &entries[i], &err), err);
    CHECK(listing_add_whiteout(listing, "c/d", &err), err);
    CHECK(listing_add_opaque(listing, "", &err), err);
    listing_finish(listing);
}

static void a_memo_says_all_that_a_listing_says(void **state)
{
    const struct memo_key key = {.content = digest_of(DIGEST_SHA512, "x", 1),
                                 .blob = digest_of(DIGEST_SHA256, "b", 1)};
    CLEANUP(listing) struct listing *listing = listing_new();
    CLEANUP(listing) struct listing *parsed = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf first = BUF_INIT;
    CLEANUP(buf) struct buf second = BUF_INIT;

    (void)state;
    fill(listing);
    memo_format(listing, &key, &first);
    CHECK(memo_parse(&first, &key, &parsed, &err), err);
    memo_format(parsed, &key, &second);
    assert_int_equal(first.size, second.size);
    assert_memory_equal(first.data, second.data, first.size);

    const struct listing_entry folder = listing_view(listing_find(parsed, "a"));
    assert_int_equal(folder.type, ROOTFS_FOLDER);
    assert_int_equal(folder.mode, 01777);
    assert_int_equal(folder.uid, 4294967294);
    assert_int_equal(folder.gid, 5);
    assert_true(folder.time_s == INT64_MIN);
    assert_int_equal(folder.time_ns, 999999999);
    assert_int_equal(folder.xattr_count, 2);
    assert_string_equal(folder.xattrs[0].name, "user.bytes");
    assert_int_equal(folder.xattrs[0].size, 3);
    assert_memory_equal(folder.xattrs[0].value, "\0\x01\xff", 3);
    assert_int_equal(folder.xattrs[1].size, 0);
    assert_string_equal(listing_view(listing_find(parsed, "a/line\nbreak")).target, "/x y");
    assert_int_equal(listing_find(parsed, "b")->type, ROOTFS_OTHER);
    assert_int_equal(listing_view(listing_find(parsed, "b")).time_s, 0); /* of folders alone */
    assert_memory_equal(listing_view(listing_find(parsed, "etc/passwd")).content, "x\0y", 4);
    assert_string_equal(listing_view(listing_find(parsed, "etc/passwd")).target, "src");
    assert_string_equal(listing_view(listing_find(parsed, "etc/group")).content, "");
    assert_true(listing_find(parsed, "gone")->is_unresolved);
    assert_int_equal(listing_find(parsed, "large")->size, UINT64_C(1) << 40);
    assert_null(listing_view(listing_find(parsed, "large")).content);
    assert_true(listing_hides(parsed, "c/d/e"));
    assert_true(listing_hides(parsed, "any"));
}

static void a_memo_of_something_else_is_refused(void **state)
{
    const struct memo_key key = {.content = digest_of(DIGEST_SHA256, "x", 1),
                                 .blob = digest_of(DIGEST_SHA256, "b", 1)};
    const struct memo_key others[] = {{.content = key.blob, .blob = key.blob},
                                      {.content = key.content, .blob = key.content}};
    CLEANUP(listing) struct listing *listing = listing_new();
    CLEANUP(listing) struct listing *parsed = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;

    (void)state;
    fill(listing);
    memo_format(listing, &key, &bytes);
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        CHECK_REFUSED(memo_parse(&bytes, &others[i], &parsed, &err), err, ERROR_CORRUPT,
                      "of another version, of another layer, or damaged");
    for (size_t i = 0; i < bytes.size; i++) {
        bytes.data[i] ^= 1;
        CHECK_REFUSED(memo_parse(&bytes, &key, &parsed, &err), err, ERROR_CORRUPT, "the memo");
        bytes.data[i] ^= 1;
    }
    for (; bytes.size > 0; bytes.size--) {
        const struct buf part = {bytes.data, bytes.size - 1, bytes.capacity};
        CHECK_REFUSED(memo_parse(&part, &key, &parsed, &err), err, ERROR_CORRUPT, "the memo");
    }
}

static void records_that_make_no_sense_are_refused(void **state)
{
    static const struct {
        const char *records; /* with '|' for each NUL */
        const char *words;
    } cases[] = {
        {"x|", "a record of the kind 'x'"},
        {"|", "a record of the kind ''"},
        {"w", "ends in the middle"},
        {"w|a", "ends in the middle"},
        {"d|a|", "ends in the middle"},
        {"d|a|0|0|0|0|0|0|", "ends in the middle"},
        {"d|a|8888|", "8888"},
        {"d|a|x|", "x"},
        {"l|a|0|0|0|0|0|0||0|0|", "a link without a target"},
        {"h|a|0|0|0|0|0|0||0|0|", "a link without a target"},
        {"f|a|0|0|0|-5|0|9||0|1|short|", "less of a file than it says"},
        {"f|a|0|0|0|-5|0|3||0|1|longer|", "less of a file than it says"},
        {"d|a|0|0|0|0|0|1||0|1|x|", "less of a file than it says"},
        {"d|a|0|0|0|0|0|0||1|name|abc|", "not hex"},
        {"d|a|0|0|0|0|0|0||1|name|zz|", "not hex"},
        {"d|a|0|0|0|0|0|0||1001|", "1001"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(text) char *records = xstrdup(cases[i].records);
        CLEANUP(listing) struct listing *listing = NULL;
        CLEANUP(error) struct error err = ERROR_INIT;
        size_t size = strlen(records);
        for (char *at = strchr(records, '|'); at != NULL; at = strchr(at + 1, '|'))
            *at = '\0';
        CHECK_REFUSED(memo_parse_records(records, size, &listing, &err), err, ERROR_CORRUPT,
                      cases[i].words);
        assert_null(listing);
    }
}

static void a_memo_that_was_saved_is_loaded(void **state)
{
    const struct memo_key key = {.content = digest_of(DIGEST_SHA256, "x", 1),
                                 .blob = digest_of(DIGEST_SHA256, "b", 1)};
    CLEANUP(text) char *folder = folder_make();
    CLEANUP(text) char *inner = xasprintf("%s/new/folder", folder);
    CLEANUP(listing) struct listing *listing = listing_new();
    CLEANUP(listing) struct listing *loaded = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    fill(listing);
    CHECK_REFUSED(memo_load(inner, &key, &loaded, &err), err, ERROR_NOT_FOUND, "layers");
    CHECK(memo_save(inner, &key, listing, &err), err);
    CHECK(memo_load(inner, &key, &loaded, &err), err);
    assert_int_equal(loaded->count, listing->count);
    folder_remove(TAKE(folder));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_memo_says_all_that_a_listing_says),
        cmocka_unit_test(a_memo_of_something_else_is_refused),
        cmocka_unit_test(records_that_make_no_sense_are_refused),
        cmocka_unit_test(a_memo_that_was_saved_is_loaded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
