#include "rootfs/rootfs_test_internal.h"

static enum rootfs_interest choose_sources(const char *path)
{
    if (text_ends_with(path, ".name"))
        return ROOTFS_NAMED;
    return text_ends_with(path, ".py") ? ROOTFS_KEPT : ROOTFS_IGNORED;
}

static const struct rootfs_selection sources = {"sources-1", choose_sources, 8, 20};

static int add_file(void *arg, const struct rootfs_file *file, struct error *err)
{
    if (file->content != NULL && strlen(file->content) != file->size)
        return error_set(err, ERROR_INTERNAL, "'%s' is cut off", file->path);
    buf_addf(arg, "%s=%s ", file->path, file->content != NULL ? file->content : "?");
    return 0;
}

static struct rootfs *selecting(struct image *image, const struct rootfs_selection *selection,
                                const char *memo)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    struct rootfs *rootfs = NULL;
    const struct rootfs_options options = {
        .store = &image->base,
        .layers = image->layers,
        .layer_count = image->count,
        .memo = memo,
        .jobs = 2,
        .selection = selection,
    };

    CHECK(rootfs_open(&options, &rootfs, &err), err);
    return rootfs;
}

static void check_collected(struct rootfs *rootfs, const char *expected)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf found = BUF_INIT;

    CHECK(rootfs_collect(rootfs, add_file, &found, &err), err);
    assert_string_equal(buf_text(&found), expected);
}

static void what_the_merged_tree_has_is_collected(void **state)
{
    static const struct {
        const char *layers[4]; /* bottom up */
        const char *expected;
    } cases[] = {
        {{"a.py=a b.txt=b c.name=c"}, "a.py=a c.name=? "},
        {{"a.py=old", "a.py=new"}, "a.py=new "},
        {{"a.py=old b.py=b", ".wh.a.py"}, "b.py=b "},
        {{"x/a.py=a x/b.py=b", "x/.wh..wh..opq x/c.py=c"}, "x/c.py=c "},
        {{"x/y/a.py=a", ".wh.x"}, ""},
        {{"x/y/a.py=a", "x/y=file"}, ""},
        {{"x/y/a.py=a z/a.py=z", "x/y->../z"}, "z/a.py=z "},
        {{"x/a.py=old", ".wh.x", "x/a.py=new"}, "x/a.py=new "},
        {{"a.py/ a.py/b.py=b c.py->a d.py|"}, "a.py/b.py=b "},
        {{"a.py=a a.py=again"}, "a.py=again "},
        {{"a.py=a b.py=>a.py"}, "a.py=a b.py=a "},
        {{"store=a b.py=>store store2=c d.py=>store2"}, "b.py=a d.py=c "},
        {{"store=a", "b.py=>store"}, "b.py=? "},
        {{"a.py=12345678 b.py=123456789"}, "a.py=12345678 b.py=? "},
        {{"a.py=12345678 b.py=12345678 c.py=12345 d.py=1234", "e.py=12345678"},
         "e.py=12345678 a.py=12345678 b.py=12345678 c.py=? d.py=1234 "},
        {{"a.py="}, "a.py= "},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(text) char *memo = folder_make();
        CLEANUP(image) struct image image;
        image_init(&image);
        for (size_t k = 0; k < ARRAY_SIZE(cases[i].layers) && cases[i].layers[k] != NULL; k++)
            image_add(&image, cases[i].layers[k]);
        CLEANUP(rootfs) struct rootfs *rootfs = selecting(&image, &sources, memo);
        check_collected(rootfs, cases[i].expected);
        size_t opened = image_opened(&image);
        CLEANUP(rootfs) struct rootfs *again = selecting(&image, &sources, memo);
        check_collected(again, cases[i].expected);
        assert_int_equal(image_opened(&image), opened);
        assert_int_equal(rootfs_fetched(again), 0);
        folder_remove(TAKE(memo));
    }
}

/* Neither answers for another one, nor for a rootfs without any. */
static void each_selection_is_remembered_by_itself(void **state)
{
    static const struct rootfs_selection larger = {"sources-2", choose_sources, 9, 20};
    CLEANUP(text) char *memo = folder_make();
    CLEANUP(image) struct image image;

    (void)state;
    image_init(&image);
    image_add(&image, "a.py=123456789 home/:700");
    for (size_t i = 0; i < 2; i++) {
        CLEANUP(rootfs) struct rootfs *plain = image_rootfs(&image, 1, memo);
        check_walk(plain, "/home", "home d700 0:0 0");
        CLEANUP(rootfs) struct rootfs *rootfs = selecting(&image, &sources, memo);
        check_collected(rootfs, "a.py=? ");
        CLEANUP(rootfs) struct rootfs *other = selecting(&image, &larger, memo);
        check_collected(other, "a.py=123456789 ");
        assert_int_equal(image_opened(&image), 3);
    }
    folder_remove(TAKE(memo));
}

static void a_layer_that_is_not_what_it_says_gives_nothing(void **state)
{
    CLEANUP(image) struct image image;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf found = BUF_INIT;

    (void)state;
    image_init(&image);
    image_add(&image, "a.py=a");
    image_add(&image, "b.py=b")->diff_id.bytes[0] ^= 1;
    CLEANUP(rootfs) struct rootfs *rootfs = selecting(&image, &sources, NULL);
    CHECK_REFUSED(rootfs_collect(rootfs, add_file, &found, &err), err, ERROR_CORRUPT,
                  "layer 2 of 2: 'sha256:");
    assert_int_equal(found.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_merged_tree_has_is_collected),
        cmocka_unit_test(each_selection_is_remembered_by_itself),
        cmocka_unit_test(a_layer_that_is_not_what_it_says_gives_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
