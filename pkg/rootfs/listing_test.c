#include "rootfs/rootfs_test_internal.h"

/* Bytes that come before and behind '/', which a path in two parts must not confuse. */
static const char *const parts[] = {"a", "a-", "a.b", "a0", "ab", "-", "\xff", "a b"};

/* All paths of up to three such parts. */
static void draw_paths(struct strings *out)
{
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        strings_add(out, parts[i]);
        for (size_t k = 0; k < ARRAY_SIZE(parts); k++) {
            strings_addf(out, "%s/%s", parts[i], parts[k]);
            for (size_t m = 0; m < ARRAY_SIZE(parts); m++)
                strings_addf(out, "%s/%s/%s", parts[i], parts[k], parts[m]);
        }
    }
}

static void add_all(struct listing *listing, const struct strings *paths, size_t step)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    for (size_t i = 0; i < paths->count; i++) { /* `step` and the count have no common divisor */
        const struct listing_entry entry = {
            .path = paths->items[i * step % paths->count], .type = ROOTFS_FILE, .size = 7};
        CHECK(listing_add(listing, &entry, &err), err);
    }
    listing_finish(listing);
}

static void entries_are_in_the_order_of_their_bytes_however_they_came(void **state)
{
    static const size_t steps[] = {1, 5, 577};
    CLEANUP(strings) struct strings paths = STRINGS_INIT;

    (void)state;
    draw_paths(&paths);
    assert_int_equal(paths.count, 584);
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        CLEANUP(listing) struct listing *listing = listing_new();
        CLEANUP(text) char *before = xstrdup("");
        add_all(listing, &paths, steps[i]);
        assert_int_equal(listing->count, paths.count);
        for (size_t k = 0; k < listing->count; k++) {
            CLEANUP(buf) struct buf path = BUF_INIT;
            const struct listing_entry entry = listing_at(listing, k, &path);
            assert_true(strcmp(before, entry.path) < 0);
            assert_ptr_equal(listing_find(listing, entry.path), &listing->records[k]);
            free(before);
            before = xstrdup(entry.path);
        }
    }
}

static void a_folder_has_what_lies_in_it_and_nothing_beside(void **state)
{
    CLEANUP(listing) struct listing *listing = listing_new();
    CLEANUP(strings) struct strings paths = STRINGS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    const struct listing_entry only = {.path = "b/c/d", .type = ROOTFS_FILE};

    (void)state;
    draw_paths(&paths);
    CHECK(listing_add(listing, &only, &err), err);
    add_all(listing, &paths, 5);
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        CLEANUP(strings) struct strings names = STRINGS_INIT;
        CLEANUP(text) char *where = NULL;
        listing_add_names(listing, parts[i], &names);
        for (size_t k = 0; k < ARRAY_SIZE(parts); k++)
            assert_true(strings_has(&names, parts[k]));
        assert_false(strings_has(&names, "c"));
        assert_true(listing_implies(listing, parts[i]));
        assert_int_equal(listing_effect(listing, parts[i], &where), ROOTFS_REMOVES); /* a file */
        assert_null(where);
    }
    CLEANUP(text) char *where = NULL;
    assert_true(listing_implies(listing, "b/c"));
    assert_false(listing_implies(listing, "b/c/d"));
    assert_false(listing_implies(listing, "b/"));
    assert_null(listing_find(listing, "b/c"));
    assert_null(listing_find(listing, "b/c/"));
    assert_null(listing_find(listing, ""));
    assert_int_equal(listing_effect(listing, "b", &where), ROOTFS_CHANGES);
    assert_string_equal(where, "b/c/d");
}

/* A base may have millions of them. */
static void a_file_takes_48_bytes_and_its_name(void **state)
{
    CLEANUP(listing) struct listing *listing = listing_new();
    CLEANUP(error) struct error err = ERROR_INIT;
    const struct listing_entry first = {
        .path = "usr/lib/a", .type = ROOTFS_FILE, .mode = 0644, .uid = 1, .time_s = 5, .size = 3};
    const struct listing_entry second = {.path = "usr/lib/b", .type = ROOTFS_FILE};

    (void)state;
    CHECK(listing_add(listing, &first, &err), err);
    CHECK(listing_add(listing, &second, &err), err);
    assert_true(sizeof(struct listing_record) <= 48);
    assert_null(listing->records[0].more);
    assert_ptr_equal(listing->records[0].folder, listing->records[1].folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_in_the_order_of_their_bytes_however_they_came),
        cmocka_unit_test(a_folder_has_what_lies_in_it_and_nothing_beside),
        cmocka_unit_test(a_file_takes_48_bytes_and_its_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
