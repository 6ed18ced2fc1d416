#include "rootfs/rootfs_test_internal.h"

/* Layers are written from the bottom up, as in a manifest. */
struct merge_case {
    const char *layers[4];
    const char *path;
    const char *expected; /* what rootfs_walk() gives, or, with `kind`, words of the refusal */
    enum error_kind kind;
};

static void check_merges(const struct merge_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CLEANUP(image) struct image image;
        CLEANUP(error) struct error err = ERROR_INIT;
        struct rootfs_entry *entries = NULL;
        size_t entry_count = 0;
        image_init(&image);
        for (size_t j = 0; j < ARRAY_SIZE(cases[i].layers) && cases[i].layers[j] != NULL; j++)
            image_add(&image, cases[i].layers[j]);
        CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 1 + i % 3, NULL);
        if (cases[i].kind == ERROR_NONE)
            check_walk(rootfs, cases[i].path, cases[i].expected);
        else
            CHECK_REFUSED(rootfs_walk(rootfs, cases[i].path, &entries, &entry_count, &err), err,
                          cases[i].kind, cases[i].expected);
    }
}

static void a_path_is_what_the_topmost_layer_says(void **state)
{
    static const struct merge_case cases[] = {
        {{"home/:700:1:2:5", "home/:750:3:4:6"}, "/home", "home d750 3:4 6", ERROR_NONE},
        {{"home/:1777"}, "home", "home d1777 0:0 0", ERROR_NONE},
        {{"./a/ ./a/./b/:700"}, "a//b/", "a d755 0:0 0, a/b d700 0:0 0", ERROR_NONE},
        {{"/a/:700"}, "/a", "a d700 0:0 0", ERROR_NONE},
        {{"a/"}, "/a/b/c", "a d755 0:0 0, a/b -, a/b/c -", ERROR_NONE},
        {{"a/:700"}, "/", "", ERROR_NONE},
        {{"./:700 a"}, "/a", "a f644 0:0 0", ERROR_NONE},
        {{""}, "/a", "a -", ERROR_NONE},
        {{NULL}, "/a/b", "a -, a/b -", ERROR_NONE},
        {{"a=1:2 a/:700"}, "/a", "a d700 0:0 0", ERROR_NONE},
        {{"a/:700 a/:711"}, "/a", "a d711 0:0 0", ERROR_NONE},
        {{"a/:700", "a=1"}, "/a", "a f644 0:0 0", ERROR_NONE},
        {{"a=1", "a/:711"}, "/a", "a d711 0:0 0", ERROR_NONE},
        {{"a/:700 a/x", "a=1", "a/"}, "/a/x", "a d755 0:0 0, a/x -", ERROR_NONE},
        {{"a/:700 a/x", "a->b", "a/y"}, "/a/x", "a d755 0:0 0, a/x -", ERROR_NONE},
        {{"a|"}, "/a", "a o644 0:0 0", ERROR_NONE},
    };

    (void)state;
    check_merges(cases, ARRAY_SIZE(cases));
}

static void whiteouts_hide_what_is_below_and_nothing_else(void **state)
{
    static const struct merge_case cases[] = {
        {{"a/ a/b=1", "a/.wh.b"}, "/a/b", "a d755 0:0 0, a/b -", ERROR_NONE},
        {{"a/:700 a/b=1", ".wh.a"}, "/a/b", "a -, a/b -", ERROR_NONE},
        {{"a/:700 a/b=1", ".wh.a a/c"}, "/a/b", "a d755 0:0 0, a/b -", ERROR_NONE},
        {{"a/:700 a/b=1", "a/c .wh.a"}, "/a/c", "a d755 0:0 0, a/c f644 0:0 0", ERROR_NONE},
        {{"a=1", ".wh.a a=2:3"}, "/a", "a f644 0:0 0", ERROR_NONE},
        {{"a/ a/b/:700", ".wh.a", "a/:711"}, "/a/b", "a d711 0:0 0, a/b -", ERROR_NONE},
        {{"a/b", "a/.wh.b", "a/b/:700"}, "/a/b", "a d755 0:0 0, a/b d700 0:0 0", ERROR_NONE},
        {{"ab/:700 a/", ".wh.a"}, "/ab", "ab d700 0:0 0", ERROR_NONE},
        {{"x", "a/.wh.b"}, "/a", "a d755 0:0 0", ERROR_NONE},
        {{"a/:700 a/x", "a/y a/.wh..wh..opq"}, "/a/x", "a d700 0:0 0, a/x -", ERROR_NONE},
        {{"a/:700 a/x", "a/.wh..wh..opq a/y"}, "/a/y", "a d700 0:0 0, a/y f644 0:0 0", ERROR_NONE},
        {{"a/b/x", "a/.wh..wh..opq"}, "/a/b/x", "a d755 0:0 0, a/b -, a/b/x -", ERROR_NONE},
        {{"a/b/:700", "a/b/y a/.wh..wh..opq"}, "/a/b", "a d755 0:0 0, a/b d755 0:0 0", ERROR_NONE},
        {{"a/:700", ".wh..wh..opq b"}, "/a", "a -", ERROR_NONE},
        {{"a/:700", ".wh..wh.plnk/ .wh..wh.plnk/1.2 .wh..wh.aufs"},
         "/.wh..wh.plnk",
         ".wh..wh.plnk -",
         ERROR_NONE},
        {{"a", "b/.wh."}, "/a", "names no file", ERROR_CORRUPT},
        {{"a", ".wh.."}, "/a", "names no file", ERROR_CORRUPT},
        {{"a", ".wh..."}, "/a", "layer 2 of 2: it has the whiteout '.wh...'", ERROR_CORRUPT},
    };

    (void)state;
    check_merges(cases, ARRAY_SIZE(cases));
}

static void a_folder_has_the_attributes_that_the_topmost_entry_states(void **state)
{
    static const struct merge_case cases[] = {
        {{"a/b/c"}, "/a/b", "a d755 0:0 0, a/b d755 0:0 0", ERROR_NONE},
        {{"a/:700:1:2:3", "a/b"}, "/a", "a d700 1:2 3", ERROR_NONE},
        {{"a/:700:1:2:3", "x", "a/b", "a/c"}, "/a", "a d700 1:2 3", ERROR_NONE},
        {{"a/:700:1:2:3", "a/:711:4:5:6", "a/b"}, "/a", "a d711 4:5 6", ERROR_NONE},
        {{"a/:700", "a=file", "a/b"}, "/a", "a d755 0:0 0", ERROR_NONE},
        {{"a/:700", ".wh.a", "a/b"}, "/a", "a d755 0:0 0", ERROR_NONE},
        {{"a/:700:1000:1000 a/b/:710:2000:2000", "a/b/c"},
         "/a/b/c",
         "a d700 1000:1000 0, a/b d710 2000:2000 0, a/b/c f644 0:0 0",
         ERROR_NONE},
    };

    (void)state;
    check_merges(cases, ARRAY_SIZE(cases));
}

static void links_are_followed_within_the_image(void **state)
{
    static const struct merge_case cases[] = {
        {{"root->/var/root var/root/:700"},
         "/root/.cache",
         "var d755 0:0 0, var/root d700 0:0 0, var/root/.cache -",
         ERROR_NONE},
        {{"home->usr/home usr/home/:711:1:1"},
         "/home",
         "usr d755 0:0 0, usr/home d711 1:1 0",
         ERROR_NONE},
        {{"a/b->../c c/:700"}, "/a/b", "c d700 0:0 0", ERROR_NONE},
        {{"a/b->../../../../c c/:700"}, "/a/b/x", "c d700 0:0 0, c/x -", ERROR_NONE},
        {{"a->b b->c c->/d d/:700"}, "a/x", "d d700 0:0 0, d/x -", ERROR_NONE},
        {{"a->b/", "b->c", "c/:700"}, "a", "c d700 0:0 0", ERROR_NONE},
        {{"a->/nowhere/at/all"},
         "/a/x",
         "nowhere -, nowhere/at -, nowhere/at/all -, nowhere/at/all/x -",
         ERROR_NONE},
        {{"a->."}, "/a/a/a/b", "b -", ERROR_NONE},
        {{"a->/"}, "/a", "", ERROR_NONE},
        {{"a/b/:700"}, "/../a/./b/../b/..", "a d755 0:0 0", ERROR_NONE},
        {{"a/b/:700"}, "/x/../a", "a d755 0:0 0", ERROR_NONE},
        {{"a->b b/:700", "a/x"}, "/a", "a d755 0:0 0", ERROR_NONE},
        {{"b/:700 a->b", ".wh.b"}, "/a", "b -", ERROR_NONE},
        {{"a=>b b->c"}, "/a", "a f644 0:0 0", ERROR_NONE},
        {{"b->c a=>b c/:700"}, "/a", "c d700 0:0 0", ERROR_NONE},
        {{"a->b b->a"},
         "/a/x",
         "looking for '/a/x' in the image: more than 40 links are on the way of '/a/x'",
         ERROR_UNSUPPORTED},
        {{"a->a"}, "/a", "perhaps in a circle", ERROR_UNSUPPORTED},
        {{"a/b=text"},
         "/a/b/c",
         "'/a/b' is a file in the image, expected a folder",
         ERROR_UNSUPPORTED},
        {{"a=text b->a"},
         "/b/c",
         "'/a' is a file in the image, expected a folder",
         ERROR_UNSUPPORTED},
        {{"a=text"}, "/a/..", "'/a' is a file", ERROR_UNSUPPORTED},
        {{"a|"}, "/a/b", "'/a' is a special file in the image", ERROR_UNSUPPORTED},
    };

    (void)state;
    check_merges(cases, ARRAY_SIZE(cases));
}

static void forty_links_are_followed_and_one_more_is_not(void **state)
{
    CLEANUP(image) struct image image;
    CLEANUP(buf) struct buf layer = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct rootfs_entry *entries = NULL;
    size_t count = 0;

    (void)state;
    image_init(&image);
    for (unsigned i = 0; i <= 40; i++)
        buf_addf(&layer, "l%u->l%u ", i, i + 1);
    buf_add_text(&layer, "l41/:700");
    image_add(&image, buf_text(&layer));
    CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 0, NULL);
    check_walk(rootfs, "/l1", "l41 d700 0:0 0");
    CHECK_REFUSED(rootfs_walk(rootfs, "/l0", &entries, &count, &err), err, ERROR_UNSUPPORTED,
                  "more than 40 links");
}

static void a_folder_keeps_its_extended_attributes_and_fractions(void **state)
{
    static const char record[] = "SCHILY.xattr.user.bytes=\0\xff=\n";
    static const struct item items[] = {
        {.name = "a/", .type = '5', .pax = record, .pax_size = sizeof(record) - 1},
        {.name = "b/", .type = '5', .time = 7, .pax = "mtime=7.123456789"},
        {.name = "c", .pax = "SCHILY.xattr.user.name=value"},
    };
    CLEANUP(text) char *memo = folder_make();
    CLEANUP(image) struct image image;
    CLEANUP(buf) struct buf tar = BUF_INIT;

    (void)state;
    image_init(&image);
    for (size_t i = 0; i < ARRAY_SIZE(items); i++)
        tar_add(&tar, &items[i]);
    image_add_tar(&image, &tar, NULL);
    for (unsigned i = 0; i < 2; i++) { /* from the layer, then from the memo */
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 0, memo);
        struct rootfs_entry *entries = NULL;
        size_t count = 0;
        CHECK(rootfs_walk(rootfs, "/a", &entries, &count, &err), err);
        assert_int_equal(count, 1);
        assert_int_equal(entries->xattr_count, 1);
        assert_string_equal(entries->xattrs->name, "user.bytes");
        assert_int_equal(entries->xattrs->size, 4);
        assert_memory_equal(entries->xattrs->value, "\0\xff=\n", 4);
        rootfs_entries_free(entries, count);
        CHECK(rootfs_walk(rootfs, "/b", &entries, &count, &err), err);
        assert_int_equal(entries->time_s, 7);
        assert_int_equal(entries->time_ns, 123456789);
        assert_int_equal(entries->xattr_count, 0);
        rootfs_entries_free(entries, count);
        assert_int_equal(rootfs_remembered(rootfs), i);
    }
    folder_remove(TAKE(memo));
}

struct read_case {
    const char *layers[4];
    const char *path;
    const char *expected; /* content, or words of the refusal */
    enum error_kind kind;
};

static const struct read_case read_cases[] = {
    {{"etc/passwd=one", "etc/passwd=two"}, "/etc/passwd", "two", ERROR_NONE},
    {{"etc/passwd=one", "etc/x"}, "/etc/passwd", "one", ERROR_NONE},
    {{"etc/passwd="}, "/etc/passwd", "", ERROR_NONE},
    {{"usr/lib/passwd=one etc/passwd->/usr/lib/passwd"}, "/etc/passwd", "one", ERROR_NONE},
    {{"usr/lib/passwd=one", "etc->usr/lib"}, "/etc/passwd", "one", ERROR_NONE},
    {{"nix/x-users=one etc/passwd->../nix/x-users"}, "/etc/passwd", "one", ERROR_NONE},
    {{"a/passwd=one etc/passwd=>a/passwd"}, "/etc/passwd", "one", ERROR_NONE},
    {{"a/users=one etc/passwd=>a/users"}, "/etc/passwd", "one", ERROR_NONE},
    {{"./a/users=one b=>/a/users etc/passwd=>./b"}, "/etc/passwd", "one", ERROR_NONE},
    {{"a=one etc/passwd=>a a=two"}, "/etc/passwd", "one", ERROR_NONE},
    {{"a=one etc/passwd=>a", ".wh.a"}, "/etc/passwd", "one", ERROR_NONE},
    {{"etc/passwd=one", "etc/.wh.passwd"},
     "/etc/passwd",
     "'/etc/passwd' is not there",
     ERROR_NOT_FOUND},
    {{"etc/"}, "/etc/passwd", "not there", ERROR_NOT_FOUND},
    {{"etc/passwd->nowhere"}, "/etc/passwd", "'/etc/nowhere' is not there", ERROR_NOT_FOUND},
    {{"etc/passwd/"},
     "/etc/passwd",
     "'/etc/passwd' is a folder, expected a file",
     ERROR_UNSUPPORTED},
    {{"etc/passwd|"},
     "/etc/passwd",
     "is a special file, expected an ordinary one",
     ERROR_UNSUPPORTED},
    {{"etc/passwd=0123456789abcdef0"},
     "/etc/passwd",
     "'/etc/passwd' has 17 bytes, expected 16 at most",
     ERROR_CORRUPT},
    {{"a=one", "etc/passwd=>a"},
     "/etc/passwd",
     "'/etc/passwd' is a hard link to '/a', which its layer does not hold",
     ERROR_UNSUPPORTED},
    {{"etc/passwd=>a a=one"}, "/etc/passwd", "does not hold", ERROR_UNSUPPORTED},
    {{"etc=one"},
     "/etc/passwd",
     "reading '/etc/passwd' in the image: '/etc' is a file",
     ERROR_UNSUPPORTED},
};

static void check_read(const struct read_case *this, const char *memo)
{
    CLEANUP(image) struct image image;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(error) struct error ignored = ERROR_INIT;
    CLEANUP(buf) struct buf content = BUF_INIT;

    image_init(&image);
    for (size_t i = 0; i < ARRAY_SIZE(this->layers) && this->layers[i] != NULL; i++)
        image_add(&image, this->layers[i]);
    /* One job reads nothing ahead: what the second reader needs, the first has put in the memo. */
    CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, memo != NULL ? 1 : 2, memo);
    if (memo != NULL) {
        CLEANUP(rootfs) struct rootfs *first = image_rootfs(&image, 2, memo);
        (void)!rootfs_read(first, this->path, 16, &content, &ignored);
    }
    buf_clear(&content);
    size_t opened = image_opened(&image);
    if (this->kind == ERROR_NONE) {
        CHECK(rootfs_read(rootfs, this->path, 16, &content, &err), err);
        assert_string_equal(buf_text(&content), this->expected);
    } else {
        CHECK_REFUSED(rootfs_read(rootfs, this->path, 16, &content, &err), err, this->kind,
                      this->expected);
    }
    assert_int_equal(image_opened(&image) == opened, memo != NULL);
}

static void a_small_file_is_read_through_links_of_both_kinds(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(read_cases); i++) {
        CLEANUP(text) char *memo = folder_make();
        check_read(&read_cases[i], NULL);
        check_read(&read_cases[i], memo);
        folder_remove(TAKE(memo));
    }
}

static void a_layer_that_cannot_be_read_is_refused_before_any_request(void **state)
{
    static const struct {
        const char *type, *words;
    } cases[] = {
        {"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
         "layer 2 of 2: its type is "
         "'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip'"},
        {"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", "not in the registry"},
        {"application/vnd.oci.image.layer.v1.tar+gzip+encrypted", "expected a tar, plain or"},
        {"application/vnd.oci.image.layer.v1.tar+bzip2", "packed with gzip or zstd"},
        {"application/vnd.in-toto+json", "packed with gzip or zstd"},
        {"", "expected a tar"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(image) struct image image;
        CLEANUP(error) struct error err = ERROR_INIT;
        struct rootfs *rootfs = NULL;
        image_init(&image);
        image_add(&image, "a");
        image_add(&image, "b");
        struct descriptor *blob = &image.layers[1].blob;
        snprintf(blob->media_type, sizeof(blob->media_type), "%s", cases[i].type);
        const struct rootfs_options options = {
            .store = &image.base, .layers = image.layers, .layer_count = image.count};
        CHECK_REFUSED(rootfs_open(&options, &rootfs, &err), err, ERROR_UNSUPPORTED, cases[i].words);
        assert_null(rootfs);
        assert_int_equal(image_opened(&image), 0);
    }
}

static void a_layer_without_a_diff_id_is_refused(void **state)
{
    CLEANUP(image) struct image image;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct rootfs *rootfs = NULL;

    (void)state;
    image_init(&image);
    image_add(&image, "a")->diff_id = (struct digest)DIGEST_INIT;
    const struct rootfs_options options = {
        .store = &image.base, .layers = image.layers, .layer_count = image.count};
    CHECK_REFUSED(rootfs_open(&options, &rootfs, &err), err, ERROR_UNSUPPORTED,
                  "layer 1 of 1: the image's config has no diff_id for it");
}

static void a_layer_tells_what_it_does_to_a_folder_below(void **state)
{
    static const struct {
        const char *layer;
        enum rootfs_effect effect; /* on /a/b */
        const char *where;
    } cases[] = {
        {"", ROOTFS_KEEPS, NULL},
        {"a/ a/b/ a/b/c/ a/b/c/d/", ROOTFS_KEEPS, NULL},
        {"a/bc a/x a/b-c .wh.b a/.wh.bb a/.wh.c", ROOTFS_KEEPS, NULL},
        {"a/b/c", ROOTFS_CHANGES, "a/b/c"},
        {"a/b/ a/b/c/ a/b/c/x a/b/d", ROOTFS_CHANGES, "a/b/c/x"},
        {"a/b/c->d", ROOTFS_CHANGES, "a/b/c"},
        {"a/b/c/.wh.x", ROOTFS_CHANGES, "a/b/c/x"},
        {"a/b/c/.wh..wh..opq", ROOTFS_CHANGES, "a/b/c"},
        {"a/.wh.b", ROOTFS_REMOVES, "a/b"},
        {".wh.a", ROOTFS_REMOVES, "a/b"},
        {"a/.wh..wh..opq", ROOTFS_REMOVES, "a/b"},
        {".wh..wh..opq", ROOTFS_REMOVES, "a/b"},
        {"a/b/.wh..wh..opq a/b/c", ROOTFS_REMOVES, "a/b"},
        {"a->x", ROOTFS_REMOVES, "a/b"},
        {"a/b=1", ROOTFS_REMOVES, "a/b"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(image) struct image image;
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(text) char *where = NULL;
        enum rootfs_effect effect;
        image_init(&image);
        image_add(&image, "a/ a/b/ a/b/c/ a/b/c/x=1");
        image_add(&image, cases[i].layer);
        CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 1, NULL);
        CHECK(rootfs_find_effect(rootfs, 2, "/a/b", &effect, &where, &err), err);
        if (effect != cases[i].effect)
            fail_msg("'%s' has the effect %d", cases[i].layer, (int)effect);
        if (cases[i].where == NULL)
            assert_null(where);
        else
            assert_string_equal(where, cases[i].where);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_layer_tells_what_it_does_to_a_folder_below),
        cmocka_unit_test(a_path_is_what_the_topmost_layer_says),
        cmocka_unit_test(whiteouts_hide_what_is_below_and_nothing_else),
        cmocka_unit_test(a_folder_has_the_attributes_that_the_topmost_entry_states),
        cmocka_unit_test(links_are_followed_within_the_image),
        cmocka_unit_test(forty_links_are_followed_and_one_more_is_not),
        cmocka_unit_test(a_folder_keeps_its_extended_attributes_and_fractions),
        cmocka_unit_test(a_small_file_is_read_through_links_of_both_kinds),
        cmocka_unit_test(a_layer_that_cannot_be_read_is_refused_before_any_request),
        cmocka_unit_test(a_layer_without_a_diff_id_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
