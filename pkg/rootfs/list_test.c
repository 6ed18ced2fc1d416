#include "rootfs/rootfs_test_internal.h"

#define SHA1_NAME "0187f3b09d66cef7911083ad49f890f5a6589589"

/* Layers are written from the bottom up, as in a manifest. */
struct list_case {
    const char *layers[4];
    const char *path;
    const char *expected; /* entries as text, or, with `kind`, words of the refusal */
    enum error_kind kind;
};

typedef int list_fn(struct rootfs *rootfs, const char *path, struct rootfs_entry **out,
                    size_t *count, struct error *err);

static void add_layers(struct image *image, const char *const *layers, size_t count)
{
    image_init(image);
    for (size_t i = 0; i < count && layers[i] != NULL; i++)
        image_add(image, layers[i]);
}

static void check_lists(list_fn *list, const struct list_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CLEANUP(image) struct image image;
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf text = BUF_INIT;
        struct rootfs_entry *entries = NULL;
        size_t found = 0;
        add_layers(&image, cases[i].layers, ARRAY_SIZE(cases[i].layers));
        CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 1 + i % 3, NULL);
        int result = list(rootfs, cases[i].path, &entries, &found, &err);
        if (cases[i].kind != ERROR_NONE) {
            CHECK_REFUSED(result, err, cases[i].kind, cases[i].expected);
            continue;
        }
        CHECK(result, err);
        entries_format(entries, found, &text);
        assert_string_equal(buf_text(&text), cases[i].expected);
        rootfs_entries_free(entries, found);
    }
}

static void a_folder_is_listed_as_all_layers_together_have_it(void **state)
{
    static const struct list_case cases[] = {
        {{"a/b=1 a/d/:700 a/d/e"}, "/a", "a/b f644 0:0 0, a/d d700 0:0 0", ERROR_NONE},
        {{"a/x=1 ab/y", "a/b/c", "a-/z"}, "a", "a/b d755 0:0 0, a/x f644 0:0 0", ERROR_NONE},
        {{"b/c a"}, "/", "a f644 0:0 0, b d755 0:0 0", ERROR_NONE},
        {{"./:700 b/c", "/ a"}, "/", "a f644 0:0 0, b d755 0:0 0", ERROR_NONE},
        {{"a/x a/y", "a/.wh.x"}, "/a", "a/y f644 0:0 0", ERROR_NONE},
        {{"a/x a/y", "a/z a/.wh..wh..opq"}, "/a", "a/z f644 0:0 0", ERROR_NONE},
        {{"a/x", ".wh.a", "a/"}, "/a", "", ERROR_NONE},
        {{"a/x", "a=file", "a/y"}, "/a", "a/y f644 0:0 0", ERROR_NONE},
        {{"a/x", "a/b/.wh.c"}, "/a", "a/b d755 0:0 0, a/x f644 0:0 0", ERROR_NONE},
        {{"a/x", "a/b/.wh..wh..opq"}, "/a", "a/b d755 0:0 0, a/x f644 0:0 0", ERROR_NONE},
        {{"a/b/:711", "a/b/c"}, "/a", "a/b d711 0:0 0", ERROR_NONE},
        {{"a/l->nowhere a/f|", "a/k->l"},
         "/a",
         "a/f o644 0:0 0, a/k l644 0:0 0, a/l l644 0:0 0",
         ERROR_NONE},
        {{"l->a a/b"}, "/l", "a/b f644 0:0 0", ERROR_NONE},
        {{"a/"}, "/b", "listing '/b' in the image: '/b' is not there", ERROR_NOT_FOUND},
        {{"a/b", ".wh.a"}, "/a", "'/a' is not there", ERROR_NOT_FOUND},
        {{"a=1"}, "/a", "'/a' is no folder", ERROR_NOT_FOUND},
        {{"a=1"}, "/a/b", "'/a' is a file in the image", ERROR_UNSUPPORTED},
    };

    (void)state;
    check_lists(rootfs_list, cases, ARRAY_SIZE(cases));
}

static void what_is_passed_on_the_way_is_told_for_links_too(void **state)
{
    static const struct list_case cases[] = {
        {{"a/:700 a/b=1"}, "/a/b", " d755 0:0 0, a d700 0:0 0, a/b f644 0:0 0", ERROR_NONE},
        {{"s/:711 s/l->../b/x b/:700 b/x=1"},
         "/s/l",
         " d755 0:0 0, s d711 0:0 0, b d700 0:0 0, b/x f644 0:0 0",
         ERROR_NONE},
        {{"h->/v/h v/:750 v/h/:700"},
         "/h",
         " d755 0:0 0, v d750 0:0 0, v/h d700 0:0 0",
         ERROR_NONE},
        {{"a=1 ./:700:5:6:7"}, "/a", " d700 5:6 7, a f644 0:0 0", ERROR_NONE},
        {{"./:700 a=1", "/:711:1:2", "b", ".wh..wh..opq"}, "/a", " d711 1:2 0, a -", ERROR_NONE},
        {{"l->q/../a q/:700 a=1"}, "/l", " d755 0:0 0, q d700 0:0 0, a f644 0:0 0", ERROR_NONE},
        {{"a/l->no/where"}, "/a/l", " d755 0:0 0, a d755 0:0 0, a/no -, a/no/where -", ERROR_NONE},
        {{"a->a"}, "/a", "looking for '/a' in the image: more than 40 links", ERROR_UNSUPPORTED},
    };

    (void)state;
    check_lists(rootfs_trace, cases, ARRAY_SIZE(cases));
}

static void an_entry_names_the_layer_that_states_it_or_takes_it_away(void **state)
{
    static const char *const layers[] = {"a/ a/b=1 a/c=1 a/e/f", "a/b=2", "a/.wh.c"};
    static const struct {
        const char *path;
        size_t layer;
        bool removed;
    } cases[] = {
        {"/a", 1, false},    {"/a/b", 2, false}, {"/a/c", 3, true},
        {"/a/c/d", 3, true}, {"/a/d", 0, false}, {"/a/e", 0, false},
    };
    CLEANUP(image) struct image image;

    (void)state;
    add_layers(&image, layers, ARRAY_SIZE(layers));
    CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 0, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        struct rootfs_entry *entries = NULL;
        size_t count = 0;
        CHECK(rootfs_walk(rootfs, cases[i].path, &entries, &count, &err), err);
        assert_int_equal(entries[count - 1].layer, cases[i].layer);
        assert_int_equal(entries[count - 1].removed, cases[i].removed);
        rootfs_entries_free(entries, count);
    }
}

static const struct rootfs_entry *find(const struct rootfs_entry *entries, size_t count,
                                       const char *path)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(entries[i].path, path) == 0)
            return &entries[i];
    fail_msg("there is no '%s'", path);
    return NULL;
}

static void check_hashes(const struct rootfs_entry *entry, const void *data, size_t size,
                         bool has_git_sha1)
{
    struct digest sha256 = digest_of(DIGEST_SHA256, data, size);
    struct digest git_sha1 = digest_of(DIGEST_GIT_SHA1, data, size);

    assert_true(digest_equal(&entry->sha256, &sha256));
    if (has_git_sha1)
        assert_true(digest_equal(&entry->git_sha1, &git_sha1));
    else
        assert_int_equal(entry->git_sha1.algorithm, DIGEST_NONE);
}

static void files_of_the_layers_that_ask_for_it_are_hashed(void **state)
{
    static const char *const layers[] = {"a/old=x a/same=1", "a/new=hello a/link=>a/new a/none= "
                                                             "a/l->new a/d/ a/passwd=user a/f|"};
    CLEANUP(image) struct image image;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct rootfs_entry *entries = NULL;
    size_t count = 0;

    (void)state;
    add_layers(&image, layers, ARRAY_SIZE(layers));
    image.layers[1].hash_contents = true;
    CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 2, NULL);
    for (unsigned i = 0; i < 2; i++) { /* then with the other layer's as well */
        CHECK(rootfs_list(rootfs, "/a", &entries, &count, &err), err);
        check_hashes(find(entries, count, "a/new"), "hello", 5, true);
        check_hashes(find(entries, count, "a/link"), "hello", 5, true);
        check_hashes(find(entries, count, "a/none"), "", 0, true);
        check_hashes(find(entries, count, "a/passwd"), "user", 4, true);
        if (i == 0)
            assert_int_equal(find(entries, count, "a/old")->sha256.algorithm, DIGEST_NONE);
        else
            check_hashes(find(entries, count, "a/old"), "x", 1, true);
        assert_int_equal(find(entries, count, "a/l")->sha256.algorithm, DIGEST_NONE);
        assert_int_equal(find(entries, count, "a/d")->sha256.algorithm, DIGEST_NONE);
        assert_int_equal(find(entries, count, "a/f")->sha256.algorithm, DIGEST_NONE);
        rootfs_entries_free(entries, count);
        CHECK(rootfs_hash_layer(rootfs, 1, &err), err);
        CHECK(rootfs_hash_layer(rootfs, 1, &err), err);
        CHECK(rootfs_hash_layer(rootfs, 2, &err), err);
    }
    assert_int_equal(image.opened[0], 2);
    assert_int_equal(image.opened[1], 1);
}

/* The Hub keeps larger files by their SHA-256; a name can say that this one is kept by the other.
 */
static void a_large_file_has_a_git_sha1_only_if_its_name_is_one(void **state)
{
    size_t size = (size_t)ROOTFS_GIT_FILE + 1;
    CLEANUP(text) char *data = xcalloc(size, 1);
    const struct item items[] = {
        {.name = "at-limit", .data = data, .size = size - 1},
        {.name = "large", .data = data, .size = size},
        {.name = "x/" SHA1_NAME, .data = data, .size = size},
    };
    CLEANUP(image) struct image image;
    CLEANUP(buf) struct buf tar = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct rootfs_entry *entries = NULL;
    size_t count = 0;

    (void)state;
    memset(data, 'x', size);
    for (size_t i = 0; i < ARRAY_SIZE(items); i++)
        tar_add(&tar, &items[i]);
    tar_end(&tar);
    image_init(&image);
    image_add_tar(&image, &tar, NULL)->hash_contents = true;
    CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 0, NULL);
    CHECK(rootfs_list_layer(rootfs, 1, &entries, &count, &err), err);
    check_hashes(find(entries, count, "at-limit"), data, size - 1, true);
    check_hashes(find(entries, count, "large"), data, size, false);
    check_hashes(find(entries, count, "x/" SHA1_NAME), data, size, true);
    rootfs_entries_free(entries, count);
}

static void a_layer_tells_what_it_states_whatever_the_others_say(void **state)
{
    static const char *const layers[] = {"a=1 b/", ".wh.a b=2", "a=3"};
    static const char *const expected[] = {"a f644 0:0 0, b d755 0:0 0", "b f644 0:0 0",
                                           "a f644 0:0 0"};
    CLEANUP(image) struct image image;

    (void)state;
    add_layers(&image, layers, ARRAY_SIZE(layers));
    CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 0, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(layers); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf text = BUF_INIT;
        struct rootfs_entry *entries = NULL;
        size_t count = 0;
        CHECK(rootfs_list_layer(rootfs, i + 1, &entries, &count, &err), err);
        entries_format(entries, count, &text);
        assert_string_equal(buf_text(&text), expected[i]);
        assert_int_equal(entries[0].layer, i + 1);
        rootfs_entries_free(entries, count);
    }
}

static void hashing_reads_side_by_side_and_no_layer_that_is_not_asked_for(void **state)
{
    static const char *const layers[] = {"a", "b", "c", "d"};
    CLEANUP(image) struct image image;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    add_layers(&image, layers, ARRAY_SIZE(layers));
    image.layers[2].hash_contents = true;
    image.layers[3].hash_contents = true;
    image.together = 2; /* one after the other, opening would never go on */
    CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 4, NULL);
    CHECK(rootfs_read_layer(rootfs, 4, &err), err);
    CHECK(rootfs_read_layer(rootfs, 3, &err), err);
    CHECK(cancel_wait(NULL, 2 * CANCEL_POLL_MS, &err), err);
    assert_int_equal(image.opened[0] + image.opened[1], 0);
}

static void every_broken_layer_can_be_told(void **state)
{
    static const char *const layers[] = {"a", "b", "c"};
    CLEANUP(image) struct image image;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    add_layers(&image, layers, ARRAY_SIZE(layers));
    image.stored[2] = image.layers[1].blob.digest;
    image.layers[0].diff_id = image.layers[1].diff_id;
    CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 1, NULL);
    for (unsigned i = 0; i < 2; i++) {
        CHECK_REFUSED(rootfs_read_layer(rootfs, 3, &err), err, ERROR_CORRUPT, "layer 3 of 3");
        CHECK(rootfs_read_layer(rootfs, 2, &err), err);
        CHECK_REFUSED(rootfs_read_layer(rootfs, 1, &err), err, ERROR_CORRUPT, "layer 1 of 3");
    }
}

static void small_contents_of_hashed_layers_are_had_at_once(void **state)
{
    CLEANUP(image) struct image image;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf layer = BUF_INIT;
    CLEANUP(buf) struct buf content = BUF_INIT;

    (void)state;
    image_init(&image);
    buf_add_text(&layer, "refs/main=0123456789 large=");
    for (unsigned i = 0; i <= 4096; i++)
        buf_add_text(&layer, "x");
    image_add(&image, buf_text(&layer))->hash_contents = true;
    CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 1, NULL);
    CHECK(rootfs_read(rootfs, "/refs/main", 100, &content, &err), err);
    assert_string_equal(buf_text(&content), "0123456789");
    assert_int_equal(image.opened[0], 1);
    CHECK(rootfs_read(rootfs, "/large", 5000, &content, &err), err);
    assert_int_equal(content.size, 4097);
    assert_int_equal(image.opened[0], 2);
}

static void a_memo_neither_answers_for_a_hashed_layer_nor_learns_of_it(void **state)
{
    CLEANUP(text) char *memo = folder_make();
    CLEANUP(image) struct image image;

    (void)state;
    image_init(&image);
    image_add(&image, "a=1");
    for (unsigned i = 0; i < 4; i++) {
        image.layers[0].hash_contents = i < 3 && i != 1;
        CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 1, memo);
        check_walk(rootfs, "/a", "a f644 0:0 0");
        assert_int_equal(rootfs_remembered(rootfs), i == 3);
    }
    assert_int_equal(image.opened[0], 3);
    folder_remove(TAKE(memo));
}

static void what_another_rootfs_has_read_is_not_read_again(void **state)
{
    static const char *const layers[] = {"a=1", "b=2", "c=3"};
    CLEANUP(image) struct image image;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf content = BUF_INIT;
    struct rootfs *all[3] = {NULL};
    struct rootfs_options options = {.store = &image.base, .layers = image.layers, .jobs = 1};
    struct rootfs_entry *entries = NULL;
    size_t count = 0;

    (void)state;
    add_layers(&image, layers, ARRAY_SIZE(layers));
    options.layer_count = 3;
    image.layers[2].hash_contents = true;
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        options.known = i > 0 ? all[i - 1] : NULL;
        CHECK(rootfs_open(&options, &all[i], &err), err);
        CHECK(rootfs_list(all[i], "/", &entries, &count, &err), err);
        assert_int_equal(count, 3);
        check_hashes(find(entries, count, "c"), "3", 1, true);
        rootfs_entries_free(entries, count);
    }
    assert_int_equal(image_opened(&image), 3);

    /* A listing without hashes is no answer to who wants them, and reading again hurts nobody. */
    CHECK(rootfs_hash_layer(all[2], 1, &err), err);
    CHECK(rootfs_read(all[1], "/b", 10, &content, &err), err);
    assert_int_equal(image.opened[0], 2);
    assert_int_equal(image.opened[1], 2);
    check_walk(all[0], "/a", "a f644 0:0 0");
    assert_int_equal(image_opened(&image), 5);
    for (size_t i = ARRAY_SIZE(all); i > 0; i--)
        rootfs_free(all[i - 1]);
}

static void the_groups_of_a_user_are_those_that_name_it(void **state)
{
    static const char *const layers[] = {
        "etc/passwd=app:x:1000:1001::/:\nother:x:5:5::/:\napp2:x:1000:7::/: "
        "etc/group=one:x:20:app\ntwo:x:21:other,app,x\nthree:x:22:application\nfour:x:23:\n"
        "five:x:-1:app\nsix:x:24:app2,app"};
    static const struct {
        const char *user, *expected;
    } cases[] = {
        {"app", " 20 21 24"}, {"1000", " 20 21 24"}, {"app:5", ""}, {"app:one", ""},
        {"other", " 21"},     {"4321", ""},          {"", ""},      {"app2", " 24"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(image) struct image image;
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf text = BUF_INIT;
        const struct rootfs_user_request request = {.user = cases[i].user};
        uint32_t *gids = NULL;
        size_t count = 0;
        add_layers(&image, layers, ARRAY_SIZE(layers));
        CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 0, NULL);
        CHECK(rootfs_find_groups(rootfs, &request, &gids, &count, &err), err);
        for (size_t k = 0; k < count; k++)
            buf_addf(&text, " %u", gids[k]);
        assert_string_equal(buf_text(&text), cases[i].expected);
        free(gids);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_is_listed_as_all_layers_together_have_it),
        cmocka_unit_test(what_is_passed_on_the_way_is_told_for_links_too),
        cmocka_unit_test(an_entry_names_the_layer_that_states_it_or_takes_it_away),
        cmocka_unit_test(files_of_the_layers_that_ask_for_it_are_hashed),
        cmocka_unit_test(a_large_file_has_a_git_sha1_only_if_its_name_is_one),
        cmocka_unit_test(a_layer_tells_what_it_states_whatever_the_others_say),
        cmocka_unit_test(hashing_reads_side_by_side_and_no_layer_that_is_not_asked_for),
        cmocka_unit_test(every_broken_layer_can_be_told),
        cmocka_unit_test(small_contents_of_hashed_layers_are_had_at_once),
        cmocka_unit_test(a_memo_neither_answers_for_a_hashed_layer_nor_learns_of_it),
        cmocka_unit_test(what_another_rootfs_has_read_is_not_read_again),
        cmocka_unit_test(the_groups_of_a_user_are_those_that_name_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
