#include "rootfs/rootfs_test_internal.h"

static int scan(const struct buf *tar, struct listing **out, struct digest *digest,
                struct error *err)
{
    CLEANUP(reader) struct reader *plain = memory_reader_new(buf_text(tar), tar->size);
    const struct scan_request request = {.plain = plain, .algorithm = DIGEST_SHA256};

    return scan_tar(&request, out, digest, err);
}

/* All of a listing as text: entries, then "w" and "q" marks. */
static void listing_format(const struct listing *listing, struct buf *out)
{
    for (size_t i = 0; i < listing->count; i++) {
        CLEANUP(buf) struct buf path = BUF_INIT;
        const struct listing_entry value = listing_at(listing, i, &path);
        const struct listing_entry *entry = &value;
        buf_addf(out, "%s%s", out->size > 0 ? " " : "", entry->path);
        if (entry->type == ROOTFS_FOLDER)
            buf_add_text(out, "/");
        if (entry->target != NULL)
            buf_addf(out, "%s%s", entry->type == ROOTFS_LINK ? "->" : "=>", entry->target);
        if (entry->content != NULL)
            buf_addf(out, "=%s", entry->content);
    }
    for (size_t i = 0; i < listing->whiteouts.count; i++)
        buf_addf(out, " w:%s", listing->whiteouts.paths[i]);
    for (size_t i = 0; i < listing->opaque.count; i++)
        buf_addf(out, " q:%s", listing->opaque.paths[i]);
}

static void check_listing(const struct buf *tar, const char *expected)
{
    CLEANUP(listing) struct listing *listing = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf text = BUF_INIT;
    struct digest digest = DIGEST_INIT;
    struct digest whole = digest_of(DIGEST_SHA256, buf_text(tar), tar->size);

    CHECK(scan(tar, &listing, &digest, &err), err);
    listing_format(listing, &text);
    assert_string_equal(buf_text(&text), expected);
    assert_true(digest_equal(&digest, &whole));
}

static void a_tar_is_listed_by_its_paths(void **state)
{
    static const struct {
        const char *layer, *expected;
    } cases[] = {
        {"", ""},
        {"./", "/"},
        {"b ././/:700:5 a/", "/ a/ b"},
        {"./:700 a /", "/ a"},
        {"a/..//", "/"},
        {"b a/ a/c", "a/ a/c b"},
        {"/etc/./passwd=x //etc//group=y", "etc/group=y etc/passwd=x"},
        {"a.b a/ a/b", "a/ a.b a/b"},
        {"other=x etc/passwd=y", "etc/passwd=y other"},
        {"a=1 a->x a/", "a/"},
        {"a b=>a c=>./b d=>/c", "a b=>a c=>a d=>a"},
        {"l->a h=>l", "h->a l->a"},
        {"a/ b=>a", "a/ b=>a"},
        {"x/.wh.y .wh.z x/.wh..wh..opq .wh..wh..opq x/.wh.a", " w:x/a w:x/y w:z q: q:x"},
        {"usr/lib/../x /a/./b/..//../c no/../d ./e/../f/", "c d f/ usr/x"},
        {"l->a/b l/../etc/passwd=x l/../", "/ etc/passwd=x l->a/b"}, /* not where the link leads */
        {"a b/../c=>b/../a d=>/b/.././a", "a c=>a d=>a"},
        {"a/../.wh.b a/b/../.wh..wh..opq .wh.c/../d .wh..wh.plnk/../e", "d e w:b q:a"},
        {".wh..wh.plnk/ .wh..wh.plnk/.wh.a .wh..wh.orph/.wh..wh..opq a/.wh..wh.b", ""},
        {"stargz.index.json .no.prefetch.landmark", ".no.prefetch.landmark stargz.index.json"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buf) struct buf tar = BUF_INIT;
        layer_tar(cases[i].layer, &tar);
        check_listing(&tar, cases[i].expected);
    }
}

static void a_tar_may_be_empty_or_lack_its_end(void **state)
{
    static const struct item item = {.name = "a"};
    CLEANUP(buf) struct buf tar = BUF_INIT;

    (void)state;
    check_listing(&tar, "");
    tar_add(&tar, &item);
    check_listing(&tar, "a");
}

static void what_is_behind_the_end_counts_for_the_digest_alone(void **state)
{
    CLEANUP(buf) struct buf tar = BUF_INIT;

    (void)state;
    layer_tar("a", &tar);
    layer_tar("b", &tar);
    for (unsigned i = 0; i < 100000; i++)
        buf_add_text(&tar, "padding");
    check_listing(&tar, "a");
}

static void names_stay_the_bytes_that_they_are(void **state)
{
    static const struct {
        const char *record, *expected;
    } cases[] = {
        {"path=\xc3\xa9", "\xc3\xa9"},
        {"path=e\xcc\x81", "e\xcc\x81"},         /* is not composed */
        {"path=\xe2\x84\xaa", "\xe2\x84\xaa"},   /* the Kelvin sign does not become a K */
        {"path=\xff\xfe/\x80", "\xff\xfe/\x80"}, /* not UTF-8 at all */
        {"path=a\nb", "a\nb"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct item item = {.name = "x", .pax = cases[i].record};
        CLEANUP(buf) struct buf tar = BUF_INIT;
        tar_add(&tar, &item);
        tar_end(&tar);
        check_listing(&tar, cases[i].expected);
    }
}

static void a_tar_that_names_what_cannot_be_is_refused(void **state)
{
    static char long_path[5 + ROOTFS_PATH_MAX + 2] = "path=";
    const struct {
        struct item item;
        enum error_kind kind;
        const char *words;
    } cases[] = {
        {{.name = "../x"},
         ERROR_UNSUPPORTED,
         "it names '../x', which leads out of the image, expected a path that stays in it"},
        {{.name = "a/../../x/", .type = '5'}, ERROR_UNSUPPORTED, "'a/../../x/'"},
        {{.name = "./"}, ERROR_CORRUPT, "it has a file in place of the root, expected a folder"},
        {{.name = "."}, ERROR_CORRUPT, "it has a file in place of the root"},
        {{.name = ""}, ERROR_CORRUPT, "it has a file in place of the root"},
        {{.name = "./", .type = '1', .target = "a"}, ERROR_CORRUPT, "it has a file in place of"},
        {{.name = "a/..", .type = '2', .target = "b"}, ERROR_CORRUPT, "it has a link in place of"},
        {{.name = "/.", .type = '6'}, ERROR_CORRUPT, "it has a file in place of the root"},
        {{.name = "/.."}, ERROR_UNSUPPORTED, "'/..'"},
        {{.name = "a/../../.wh.b"}, ERROR_UNSUPPORTED, "'a/../../.wh.b'"},
        {{.name = "a", .type = '1', .target = "b/../../c"}, ERROR_UNSUPPORTED, "'b/../../c'"},
        {{.name = "a", .type = '1', .target = "b/.."},
         ERROR_CORRUPT,
         "the hard link 'a': it leads to 'b/..', expected a file"},
        {{.name = "a", .type = '1', .target = "../b"},
         ERROR_UNSUPPORTED,
         "the hard link 'a': it names '../b'"},
        {{.name = "a", .type = '1', .target = "./"},
         ERROR_CORRUPT,
         "the hard link 'a': it leads to './', expected a file"},
        {{.name = "a", .type = '2', .target = ""}, ERROR_CORRUPT, "the link 'a' has no target"},
        {{.name = "a", .pax = long_path}, ERROR_UNSUPPORTED, "it names a path of 4097 bytes"},
        {{.name = "a", .pax = "uid=4294967295"},
         ERROR_CORRUPT,
         "'a' belongs to 4294967295:0, expected ids up to 4294967294"},
        {{.name = "a", .pax = "gid=1099511627776"}, ERROR_CORRUPT, "belongs to 0:1099511627776"},
    };

    (void)state;
    memset(long_path + 5, 'x', ROOTFS_PATH_MAX + 1);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buf) struct buf tar = BUF_INIT;
        CLEANUP(listing) struct listing *listing = NULL;
        CLEANUP(error) struct error err = ERROR_INIT;
        struct digest digest = DIGEST_INIT;
        tar_add(&tar, &cases[i].item);
        tar_end(&tar);
        CHECK_REFUSED(scan(&tar, &listing, &digest, &err), err, cases[i].kind, cases[i].words);
        assert_null(listing);
        assert_int_equal(digest.algorithm, DIGEST_NONE);
    }
}

static void names_with_two_dots_inside_are_ordinary(void **state)
{
    CLEANUP(buf) struct buf tar = BUF_INIT;

    (void)state;
    layer_tar("..a a../b ... l->../x", &tar);
    check_listing(&tar, "... ..a a../b l->../x");
}

static void what_no_engine_unpacks_is_refused(void **state)
{
    static const struct {
        const char *types, *words; /* NULL: unpacked */
    } cases[] = {
        {"0123456", NULL},
        {"S", "'a' is a sparse file in the form of GNU tar, which container engines do not unpack"},
        {"7", "'a' has the type 0x37, which container engines do not unpack"},
        {"ADMNVXZ", "'a' has the type 0x"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        for (const char *type = cases[i].types; *type != '\0'; type++) {
            const struct item item = {.name = "a", .type = *type, .target = "b"};
            CLEANUP(listing) struct listing *listing = NULL;
            CLEANUP(error) struct error err = ERROR_INIT;
            CLEANUP(buf) struct buf tar = BUF_INIT;
            struct digest digest = DIGEST_INIT;
            layer_tar("b=text", &tar);
            tar.size -= 1024; /* without its end */
            tar_add(&tar, &item);
            tar_end(&tar);
            if (cases[i].words == NULL)
                CHECK(scan(&tar, &listing, &digest, &err), err);
            else
                CHECK_REFUSED(scan(&tar, &listing, &digest, &err), err, ERROR_CORRUPT,
                              cases[i].words);
        }
}

/* As engines do: two blocks of zeros, one, or none end it; after one there is nothing more. */
static void a_tar_ends_as_engines_want_it(void **state)
{
    static const struct {
        size_t cut; /* of the end, behind "text", which is followed by 508 bytes of padding */
        const char *more, *words; /* NULL: it is right */
    } cases[] = {
        {0, "", NULL},
        {512, "", NULL},
        {1024, "", NULL},
        {1025, "", NULL},
        {1024 + 508, "", NULL},
        {1024 + 509, "", "Truncated"},
        {1024 + 512, "", "Truncated"},
        {923, "", "Truncated"},
        {512, "b", "one block of zeros comes before byte 1536 of the tar, and more behind it"},
        {1024, "b", NULL},
        {0, "b", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(listing) struct listing *listing = NULL;
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf tar = BUF_INIT;
        struct digest digest = DIGEST_INIT;
        layer_tar("a=text", &tar);
        tar.size -= cases[i].cut;
        if (cases[i].more[0] != '\0')
            layer_tar(cases[i].more, &tar);
        struct digest whole = digest_of(DIGEST_SHA256, buf_text(&tar), tar.size);
        if (cases[i].words != NULL) {
            CHECK_REFUSED(scan(&tar, &listing, &digest, &err), err, ERROR_CORRUPT, cases[i].words);
            continue;
        }
        CHECK(scan(&tar, &listing, &digest, &err), err);
        assert_int_equal(listing_find(listing, "a")->size, 4);
        assert_true(digest_equal(&digest, &whole));
    }
}

/* Headers that say how the next one is to be read, and payloads of which nothing is a header. */
static void headers_are_found_between_payloads(void **state)
{
    CLEANUP(buf) struct buf inner = BUF_INIT;
    CLEANUP(buf) struct buf tar = BUF_INIT;
    CLEANUP(text) char *name = xcalloc(201, 1);

    (void)state;
    memset(memset(name, 'n', 200), 'd', 100);
    name[100] = '/';
    const struct item sparse = {.name = "x", .type = 'S'};
    const struct item link = {.name = "l", .type = '1', .target = "f", .data = "", .size = 0};
    tar_add(&inner, &sparse);
    const struct item file = {.name = "f", .data = inner.data, .size = inner.size};
    const struct item sized = {.name = "s", .pax = "size=512"};
    const struct item comment = {.name = "g", .type = 'g', .data = "12 comment=\n", .size = 12};
    const struct item long_name = {.name = "././@LongLink", .type = 'L', .data = name, .size = 201};
    tar_add(&tar, &file);
    tar_add(&tar, &sized);
    buf_add(&tar, inner.data, inner.size);
    tar_add(&tar, &link);
    tar_add(&tar, &comment);
    tar_add(&tar, &long_name);
    layer_tar("cut", &tar);
    tar_add(&tar, &sparse); /* behind the end */
    CLEANUP(text) char *expected = xasprintf("%s f l=>f s", name);
    check_listing(&tar, expected);
}

static void sparse_files_of_pax_are_as_long_as_they_say(void **state)
{
    static const char *const records[][4] = {
        {"GNU.sparse.size=4096", "GNU.sparse.numblocks=1", "GNU.sparse.offset=0",
         "GNU.sparse.numbytes=512"},
        {"GNU.sparse.size=4096", "GNU.sparse.numblocks=1", "GNU.sparse.map=0,512", NULL},
        {"GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.realsize=4096", NULL},
    };
    static char map[1024] = "1\n0\n512\n", data[512] = "data";

    (void)state;
    memcpy(map + 512, data, sizeof(data));
    for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
        const struct item plain = {.name = "a", .data = data, .size = sizeof(data)};
        const struct item mapped = {.name = "a", .data = map, .size = sizeof(map)};
        CLEANUP(listing) struct listing *listing = NULL;
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf lines = BUF_INIT;
        CLEANUP(buf) struct buf tar = BUF_INIT;
        struct digest digest = DIGEST_INIT;
        for (size_t k = 0; k < ARRAY_SIZE(records[i]) && records[i][k] != NULL; k++)
            buf_addf(&lines, "%zu %s\n", strlen(records[i][k]) + 4, records[i][k]);
        const struct item extended = {
            .name = "x", .type = 'x', .data = lines.data, .size = lines.size};
        tar_add(&tar, &extended);
        tar_add(&tar, i == 2 ? &mapped : &plain);
        tar_end(&tar);
        CHECK(scan(&tar, &listing, &digest, &err), err);
        assert_int_equal(listing_find(listing, "a")->size, 4096);
        assert_int_equal(listing_view(listing_find(listing, "a")).offset, 0); /* not in one piece */
    }
}

static void a_file_is_a_file_whatever_ends_its_name(void **state)
{
    static const char types[] = "0126";
    static const enum rootfs_type expected[] = {ROOTFS_FILE, ROOTFS_FILE, ROOTFS_LINK,
                                                ROOTFS_OTHER};

    (void)state;
    for (size_t i = 0; types[i] != '\0'; i++) {
        const struct item item = {.name = "a/", .type = types[i], .target = "b", .pax = "comment="};
        CLEANUP(listing) struct listing *listing = NULL;
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf tar = BUF_INIT;
        struct digest digest = DIGEST_INIT;
        tar_add(&tar, &item);
        tar_end(&tar);
        CHECK(scan(&tar, &listing, &digest, &err), err);
        assert_int_equal(listing_find(listing, "a")->type, expected[i]);
    }
}

static void a_folder_with_too_many_attributes_is_refused(void **state)
{
    CLEANUP(buf) struct buf records = BUF_INIT;
    CLEANUP(buf) struct buf tar = BUF_INIT;
    CLEANUP(listing) struct listing *listing = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;
    const struct item folder = {.name = "a/", .type = '5', .mode = 0755};
    struct item extended = {.name = "x", .type = 'x'};
    struct digest digest = DIGEST_INIT;

    (void)state;
    for (unsigned i = 0; i <= ROOTFS_XATTRS_MAX; i++)
        buf_addf(&records, "27 SCHILY.xattr.user.%04u=\n", i);
    extended.data = records.data;
    extended.size = records.size;
    tar_add(&tar, &extended);
    tar_add(&tar, &folder);
    CHECK_REFUSED(scan(&tar, &listing, &digest, &err), err, ERROR_UNSUPPORTED,
                  "'a' has 1001 extended attributes, expected 1000 at most");
}

static void a_file_above_the_limit_is_listed_and_not_kept(void **state)
{
    static char text[ROOTFS_SMALL_FILE + 1];
    static const size_t sizes[] = {ROOTFS_SMALL_FILE, ROOTFS_SMALL_FILE + 1};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        const struct item item = {.name = "etc/passwd", .data = text, .size = sizes[i]};
        CLEANUP(buf) struct buf tar = BUF_INIT;
        CLEANUP(listing) struct listing *listing = NULL;
        CLEANUP(error) struct error err = ERROR_INIT;
        struct digest digest = DIGEST_INIT;
        tar_add(&tar, &item);
        tar_end(&tar);
        CHECK(scan(&tar, &listing, &digest, &err), err);
        const struct listing_entry entry = listing_view(listing_find(listing, "etc/passwd"));
        assert_int_equal(entry.size, sizes[i]);
        assert_int_equal(entry.content == NULL, i > 0);
    }
}

static void a_listing_has_limits(void **state)
{
    CLEANUP(listing) struct listing *few = listing_new();
    CLEANUP(listing) struct listing *small = listing_new();
    CLEANUP(error) struct error err = ERROR_INIT;
    const struct listing_entry entry = {.path = "some/path", .type = ROOTFS_FILE};

    (void)state;
    few->entry_limit = 3;
    CHECK(listing_add(few, &entry, &err), err);
    CHECK(listing_add_whiteout(few, "b", &err), err);
    CHECK(listing_add_opaque(few, "c", &err), err);
    CHECK_REFUSED(listing_add(few, &entry, &err), err, ERROR_UNSUPPORTED,
                  "it holds more than 3 files");
    CHECK_REFUSED(listing_add_whiteout(few, "b", &err), err, ERROR_UNSUPPORTED,
                  "it holds more than 3 files");

    small->memory_limit = 2 * sizeof(struct listing_record) + 15;
    CHECK(listing_add(small, &entry, &err), err);
    CHECK_REFUSED(listing_add(small, &entry, &err), err, ERROR_UNSUPPORTED,
                  "the list of its files needs more than the 0 MiB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tar_is_listed_by_its_paths),
        cmocka_unit_test(a_tar_may_be_empty_or_lack_its_end),
        cmocka_unit_test(what_is_behind_the_end_counts_for_the_digest_alone),
        cmocka_unit_test(names_stay_the_bytes_that_they_are),
        cmocka_unit_test(a_tar_that_names_what_cannot_be_is_refused),
        cmocka_unit_test(names_with_two_dots_inside_are_ordinary),
        cmocka_unit_test(what_no_engine_unpacks_is_refused),
        cmocka_unit_test(a_tar_ends_as_engines_want_it),
        cmocka_unit_test(headers_are_found_between_payloads),
        cmocka_unit_test(sparse_files_of_pax_are_as_long_as_they_say),
        cmocka_unit_test(a_file_is_a_file_whatever_ends_its_name),
        cmocka_unit_test(a_folder_with_too_many_attributes_is_refused),
        cmocka_unit_test(a_file_above_the_limit_is_listed_and_not_kept),
        cmocka_unit_test(a_listing_has_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
