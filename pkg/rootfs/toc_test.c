#include "rootfs/toc_test_internal.h"

#include "sandbox/sandbox.h"

/* Each test is run here and with processes of their own, which are this program. */
static const struct sandbox *sandbox;

#define PASSWD "root:x:0:0::/root:\napp:x:1000:1000::/home/app:\n"

/* Every kind of entry, as a tar and its table have it. */
static void add_all_kinds(struct maker *maker)
{
    static const char xattr[] = "SCHILY.xattr.user.b=\x01\xff";
    const struct item attributed = {
        .name = "attributed/", .type = '5', .pax = xattr, .pax_size = sizeof(xattr) - 1};

    maker_add(maker, &(struct item){.name = "./", .type = '5'}, NULL);
    maker_add_bulk(maker);
    maker_add(maker, &(struct item){.name = "etc/", .type = '5', .time = 1700000000},
              ",\"modtime\":\"2023-11-14T22:13:20Z\"");
    maker_add(maker, &(struct item){.name = "./etc/passwd", .data = PASSWD, .size = strlen(PASSWD)},
              NULL);
    maker_add(maker, &(struct item){.name = "etc/group", .data = "g:x:1:\n", .size = 7}, NULL);
    maker_add(maker, &(struct item){.name = "usr/lib/passwd", .data = "x:x:9:9::/x:\n", .size = 13},
              NULL);
    maker_add(maker, &(struct item){.name = "etc/empty", .data = "", .size = 0}, NULL);
    maker_add(maker, &(struct item){.name = "tmp", .type = '5', .mode = 01777}, NULL);
    maker_add(maker,
              &(struct item){.name = "home/app/",
                             .type = '5',
                             .mode = 02750,
                             .uid = 1000,
                             .gid = 100,
                             .time = 1294848000},
              ",\"modtime\":\"2011-01-12T17:00:00+01:00\",\"accesstime\":null");
    maker_add(maker, &(struct item){.name = "bin/su", .mode = 04755, .data = "#!", .size = 2},
              NULL);
    maker_add(maker, &(struct item){.name = "link", .type = '2', .target = "../else where"}, NULL);
    maker_add(maker, &(struct item){.name = "hard", .type = '1', .target = "/etc/passwd"}, NULL);
    maker_add(maker, &(struct item){.name = "lost", .type = '1', .target = "no/where"}, NULL);
    maker_add(maker, &(struct item){.name = "fifo", .type = '6'}, NULL);
    maker_add(maker, &(struct item){.name = "char", .type = '3'}, ",\"devMajor\":1,\"devMinor\":5");
    maker_add(maker, &(struct item){.name = "block", .type = '4'}, NULL);
    maker_add(maker, &attributed, ",\"xattrs\":{\"user.b\":\"Af8=\"}");
    maker_add(maker, &(struct item){.name = "var/.wh.gone"}, NULL);
    maker_add(maker, &(struct item){.name = "opt/.wh..wh..opq"}, NULL);
    maker_add(maker, &(struct item){.name = ".wh..wh.plnk/1"}, NULL);
}

static const struct {
    enum toc_format format;
    bool is_legacy;
} formats[] = {{TOC_STARGZ, false}, {TOC_STARGZ, true}, {TOC_CHUNKED, false}};

/* What a person is told, with the level in front. */
static void keep_line(void *arg, enum log_level level, const char *line)
{
    static const char *const names[] = {
        [LOG_WARN] = "warn", [LOG_WAIT] = "wait", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"};

    buf_addf(arg, "%s: %s\n", names[level], line);
}

/* A rootfs that reads one layer after another, and the words that it has. */
struct reading {
    struct rootfs *rootfs;
    struct buf words;
    struct log log;
};

static void reading_init(struct reading *reading, struct image *image, const char *memo)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    *reading = (struct reading){.log = {.level = LOG_DEBUG, .write = keep_line}};
    reading->log.arg = &reading->words;
    const struct rootfs_options options = {
        .store = &image->base,
        .layers = image->layers,
        .layer_count = image->count,
        .memo = memo,
        .jobs = 1,
        .log = &reading->log,
        .sandbox = sandbox,
    };
    CHECK(rootfs_open(&options, &reading->rootfs, &err), err);
}

static void reading_release(struct reading *reading)
{
    rootfs_free(TAKE(reading->rootfs));
    buf_release(&reading->words);
}
CLEANUP_RELEASE(reading)

static bool says(const struct reading *reading, const char *words)
{
    return strstr(buf_text(&reading->words), words) != NULL;
}

static void check_read(struct reading *reading, const char *path, const char *expected)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf content = BUF_INIT;

    CHECK(rootfs_read(reading->rootfs, path, 10000, &content, &err), err);
    assert_string_equal(buf_text(&content), expected);
}

/* The listing of one layer, by its table or by all of it. */
static void list_layer(struct image *image, bool by_table, struct buf *out)
{
    const struct digest none = digest_of(DIGEST_SHA256, "", 0);
    const struct memo_key key = {.content = none, .blob = none};
    struct rootfs_layer layer = image->layers[0];
    const struct rootfs_options options = {
        .store = &image->base, .layers = &layer, .layer_count = 1, .jobs = 1, .sandbox = sandbox};
    CLEANUP(layers) struct layers *layers = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;
    const struct listing *listing = NULL;

    if (!by_table)
        layer.stargz_toc = layer.chunked_checksum = layer.chunked_position = NULL;
    CHECK(layers_open(&options, &layers, &err), err);
    CHECK(layers_get(layers, 0, &listing, &err), err);
    assert_int_equal(layers_fetched(layers) < layer.blob.size / 2, by_table);
    memo_format(listing, &key, out);
}

/* Contents that are kept of other files named passwd are not told by a table, unless asked for. */
static void drop_content(struct buf *memo, const char *content)
{
    char *found = memmem(memo->data, memo->size, content, strlen(content));
    CLEANUP(buf) struct buf rest = BUF_INIT;

    assert_non_null(found);
    found[-2] = '0';
    char *behind = found + strlen(content) + 1;
    buf_add(&rest, behind, memo->size - (size_t)(behind - memo->data));
    memo->size = (size_t)(found - memo->data);
    buf_add(memo, rest.data, rest.size);
}

/* The first line has a digest of all. */
static const char *records_of(const struct buf *memo, size_t *size)
{
    const char *newline = memchr(memo->data, '\n', memo->size);

    *size = memo->size - (size_t)(newline + 1 - memo->data);
    return newline + 1;
}

static void a_table_says_what_the_layer_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
        CLEANUP(image) struct image image;
        CLEANUP(maker)
        struct maker maker = {.format = formats[i].format, .is_legacy = formats[i].is_legacy};
        CLEANUP(buf) struct buf by_table = BUF_INIT;
        CLEANUP(buf) struct buf by_tar = BUF_INIT;
        size_t expected_size = 0, found_size = 0;
        image_init(&image);
        add_all_kinds(&maker);
        maker_end(&maker, &image);
        list_layer(&image, true, &by_table);
        list_layer(&image, false, &by_tar);
        drop_content(&by_tar, "x:x:9:9::/x:\n");
        if (formats[i].format == TOC_STARGZ) /* which the maker gives a mode of 0 */
            assert_non_null(memmem(by_tar.data, by_tar.size, "stargz.index.json", 18));
        const char *expected = records_of(&by_tar, &expected_size);
        const char *found = records_of(&by_table, &found_size);
        assert_int_equal(found_size, expected_size);
        assert_memory_equal(found, expected, expected_size);
    }
}

static void files_are_read_out_of_the_blob(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
        CLEANUP(image) struct image image;
        CLEANUP(reading) struct reading reading;
        CLEANUP(maker)
        struct maker maker = {.format = formats[i].format, .is_legacy = formats[i].is_legacy};
        image_init(&image);
        add_all_kinds(&maker);
        const struct rootfs_layer *layer = maker_end(&maker, &image);
        reading_init(&reading, &image, NULL);
        check_walk(reading.rootfs, "/home/app",
                   "home d755 0:0 0, home/app d2750 1000:100 1294848000");
        check_walk(reading.rootfs, "/var/gone", "var d755 0:0 0, var/gone -");
        check_read(&reading, "/etc/passwd", PASSWD);
        check_read(&reading, "/hard", PASSWD);
        check_read(&reading, "/etc/group", "g:x:1:\n");
        assert_in_range(rootfs_fetched(reading.rootfs), 500, 10000);
        size_t opened = image.opened[0];
        check_read(&reading, "/usr/lib/passwd", "x:x:9:9::/x:\n"); /* the table once more */
        check_read(&reading, "/bin/su", "#!");
        check_read(&reading, "/etc/empty", "");
        assert_true(image.opened[0] > opened);
        assert_in_range(rootfs_fetched(reading.rootfs), 1000, layer->blob.size / 4);
        assert_false(says(&reading, "warn"));
        assert_false(says(&reading, "reading the layer"));
    }
}

static void many_files_in_one_member_are_told_apart(void **state)
{
    static const char entries[] =
        "{\"name\":\"etc/group\",\"type\":\"reg\",\"size\":4,\"offset\":%zu,\"innerOffset\":5,"
        "\"digest\":\"%s\"}";
    CLEANUP(image) struct image image;
    CLEANUP(reading) struct reading reading;
    CLEANUP(maker) struct maker maker = {.format = TOC_CHUNKED};
    struct digest digest = digest_of(DIGEST_SHA256, "word", 4);

    (void)state;
    image_init(&image);
    maker_add_bulk(&maker);
    maker_flush(&maker);
    buf_addf(&maker.json, ",");
    buf_addf(&maker.json, entries, maker.blob.size, digest_format(&digest).text);
    maker_add_tar(&maker, "some word more", 14);
    maker_end(&maker, &image);
    reading_init(&reading, &image, NULL);
    check_read(&reading, "/etc/group", "word");
    assert_false(says(&reading, "whole"));
}

/* How a table is wrong. */
enum defect {
    DEFECT_DIGEST,
    DEFECT_CONTENT,
    DEFECT_DIGEST_FORM,
    DEFECT_FOOTER,
    DEFECT_BEHIND_END,
    DEFECT_POSITION,
    DEFECT_TYPE,
    DEFECT_STORE,
};

static void add_defect(struct maker *maker, struct image *image, enum defect defect)
{
    static const char zeros[] =
        "sha256:0000000000000000000000000000000000000000000000000000000000000000";
    CLEANUP(text) char *position = NULL;

    maker->lie = defect == DEFECT_CONTENT ? zeros : NULL;
    add_all_kinds(maker);
    struct rootfs_layer *layer = maker_end(maker, image);
    bool is_stargz = maker->format == TOC_STARGZ;
    const char **digest = is_stargz ? &layer->stargz_toc : &layer->chunked_checksum;
    if (defect == DEFECT_DIGEST)
        *digest = zeros;
    if (defect == DEFECT_DIGEST_FORM)
        *digest = "md5:0";
    if (defect == DEFECT_POSITION)
        layer->chunked_position = "5:5";
    if (defect == DEFECT_TYPE) {
        position =
            xasprintf("%.*s2", (int)strlen(layer->chunked_position) - 1, layer->chunked_position);
        free(maker->position);
        maker->position = TAKE(position);
        layer->chunked_position = maker->position;
    }
    if (defect == DEFECT_BEHIND_END)
        layer->chunked_position = "1:999999999:5:1";
    if (defect == DEFECT_STORE) {
        image->refuse[0] = ERROR_UNSUPPORTED;
        image->refusals = 1;
    }
    if (defect != DEFECT_FOOTER)
        return;
    /* The same, with one byte of the footer another, in a field that gzip passes over. */
    CLEANUP(error) struct error err = ERROR_INIT;
    maker->blob.data[maker->blob.size - 14] = 'X';
    CHECK(store_write_blob(image->inner, &maker->blob, &layer->blob, &err), err);
    image->stored[0] = layer->blob.digest;
}

static void a_table_that_is_of_no_use_leaves_the_layer_to_be_read(void **state)
{
    static const struct {
        enum toc_format format;
        enum defect defect;
        const char *words;
    } cases[] = {
        {TOC_STARGZ, DEFECT_DIGEST, "warn: the layer sha256:"},
        {TOC_STARGZ, DEFECT_DIGEST, "cannot be trusted: 'its table' has the digest sha256:"},
        {TOC_CHUNKED, DEFECT_DIGEST, "cannot be trusted: 'its table' has the digest sha256:"},
        {TOC_STARGZ, DEFECT_CONTENT, "cannot be trusted: 'etc/passwd' has the digest sha256:"},
        {TOC_CHUNKED, DEFECT_CONTENT, "cannot be trusted: 'etc/passwd' has the digest sha256:"},
        {TOC_STARGZ, DEFECT_DIGEST_FORM, "debug: the table of contents of the layer sha256:"},
        {TOC_CHUNKED, DEFECT_DIGEST_FORM, "is not used: the digest of the table: "},
        {TOC_CHUNKED, DEFECT_POSITION, "is not used: the position of the table is '5:5'"},
        {TOC_CHUNKED, DEFECT_TYPE, "is not used: its table is of the type 2"},
        {TOC_CHUNKED, DEFECT_BEHIND_END, "the table is '1:999999999:5:1', in a blob of"},
        {TOC_STARGZ, DEFECT_STORE, "whole, for want of a table of contents: the store refuses"},
        {TOC_CHUNKED, DEFECT_STORE, "whole, for want of a table of contents: the store refuses"},
        {TOC_STARGZ, DEFECT_STORE, "debug: the layer sha256:"},
        {TOC_STARGZ, DEFECT_FOOTER, "the blob does not end with a footer of eStargz"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(text) char *memo = folder_make();
        CLEANUP(text) char *tables = xasprintf("%s/tables", memo);
        CLEANUP(image) struct image image;
        CLEANUP(reading) struct reading reading;
        CLEANUP(maker) struct maker maker = {.format = cases[i].format};
        bool is_wrong = cases[i].defect == DEFECT_DIGEST || cases[i].defect == DEFECT_CONTENT;
        image_init(&image);
        add_defect(&maker, &image, cases[i].defect);
        reading_init(&reading, &image, memo);
        check_read(&reading, "/etc/passwd", PASSWD);
        assert_true(rootfs_fetched(reading.rootfs) >= image.layers[0].blob.size);
        if (!says(&reading, cases[i].words) || says(&reading, "warn") != is_wrong)
            fail_msg("case %zu: \"%s\"", i, buf_text(&reading.words));
        assert_int_not_equal(access(tables, F_OK), 0);
        folder_remove(TAKE(memo));
    }
}

static void what_a_table_said_is_remembered(void **state)
{
    CLEANUP(text) char *memo = folder_make();
    CLEANUP(image) struct image image;
    CLEANUP(maker) struct maker maker = {.format = TOC_STARGZ};

    (void)state;
    image_init(&image);
    add_all_kinds(&maker);
    maker_end(&maker, &image);
    for (size_t i = 0; i < 2; i++) {
        CLEANUP(reading) struct reading reading;
        reading_init(&reading, &image, memo);
        check_read(&reading, "/etc/passwd", PASSWD);
        assert_int_equal(rootfs_fetched(reading.rootfs) == 0, i > 0);
        assert_int_equal(rootfs_remembered(reading.rootfs), i);
    }
    CLEANUP(text) char *of_layers = xasprintf("%s/layers", memo);
    assert_int_not_equal(access(of_layers, F_OK), 0);
    folder_remove(TAKE(memo));
}

/* The same layer twice, once with a table that says other things and is what its digest says. */
static void a_table_that_lies_speaks_for_itself_alone(void **state)
{
    CLEANUP(text) char *memo = folder_make();
    CLEANUP(image) struct image image;
    CLEANUP(maker) struct maker maker = {.format = TOC_CHUNKED};

    (void)state;
    image_init(&image);
    maker_add_bulk(&maker);
    maker_add(&maker, &(struct item){.name = "home/", .type = '5', .uid = 7},
              ",\"modtime\":\"2020-01-01T00:00:00Z\"");
    maker_end(&maker, &image);
    for (size_t i = 0; i < 2; i++) {
        CLEANUP(reading) struct reading lied;
        reading_init(&lied, &image, memo);
        check_walk(lied.rootfs, "/home", "home d755 7:0 1577836800");
    }
    image.layers[0].chunked_checksum = NULL;
    for (size_t i = 0; i < 2; i++) {
        CLEANUP(reading) struct reading reading;
        reading_init(&reading, &image, memo);
        check_walk(reading.rootfs, "/home", "home d755 7:0 0");
        assert_int_equal(rootfs_remembered(reading.rootfs), i);
    }
    /* What is proved is believed before what is only said. */
    image.layers[0].chunked_checksum = maker.digest;
    CLEANUP(reading) struct reading reading;
    reading_init(&reading, &image, memo);
    check_walk(reading.rootfs, "/home", "home d755 7:0 0");
    folder_remove(TAKE(memo));
}

static void where_a_table_would_not_do_the_layer_is_read(void **state)
{
    for (size_t i = 0; i < 3; i++) {
        CLEANUP(image) struct image image;
        CLEANUP(reading) struct reading reading;
        CLEANUP(maker) struct maker maker = {.format = TOC_STARGZ};
        (void)state;
        image_init(&image);
        if (i == 0) /* a layer that is small enough */
            maker_add(&maker, &(struct item){.name = "etc/", .type = '5'}, NULL);
        else
            add_all_kinds(&maker);
        if (i == 1) /* a name that JSON cannot tell */
            maker_add(&maker, &(struct item){.name = "odd\xef\xbf\xbd"}, NULL);
        struct rootfs_layer *layer = maker_end(&maker, &image);
        layer->hash_contents = i == 2;
        reading_init(&reading, &image, NULL);
        check_walk(reading.rootfs, "/etc/none",
                   i == 0 ? "etc d755 0:0 0, etc/none -" : "etc d755 0:0 1700000000, etc/none -");
        assert_true(rootfs_fetched(reading.rootfs) >= layer->blob.size);
        assert_int_equal(says(&reading, "may stand for other bytes"), i == 1);
        assert_false(says(&reading, "warn"));
    }
}

static void count_nothing(void *arg, uint64_t size)
{
    (void)arg;
    (void)size;
}

static void a_table_can_be_stopped(void **state)
{
    CLEANUP(image) struct image image;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(maker) struct maker maker = {.format = TOC_STARGZ};
    CLEANUP(listing) struct listing *listing = NULL;
    struct cancel cancel = {.parent = NULL};
    struct toc table;
    bool is_remembered = true;

    (void)state;
    image_init(&image);
    add_all_kinds(&maker);
    const struct rootfs_layer *layer = maker_end(&maker, &image);
    CHECK(toc_promise(layer, &table, &err), err);
    cancel_request(&cancel);
    const struct toc_request request = {
        .store = &image.base,
        .blob = &layer->blob,
        .table = &table,
        .cancel = &cancel,
        .sandbox = sandbox,
        .count = count_nothing,
    };
    CHECK_REFUSED(toc_find(&request, &listing, &is_remembered, &err), err, ERROR_CANCELED, "");
    assert_null(listing);
}

int main(int argc, char **argv)
{
    static const struct sandbox here = {.program = "/proc/self/exe", .word = "__read"};
    static const struct rootfs_selection *const selections[] = {NULL};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_says_what_the_layer_says),
        cmocka_unit_test(files_are_read_out_of_the_blob),
        cmocka_unit_test(many_files_in_one_member_are_told_apart),
        cmocka_unit_test(a_table_that_is_of_no_use_leaves_the_layer_to_be_read),
        cmocka_unit_test(what_a_table_said_is_remembered),
        cmocka_unit_test(a_table_that_lies_speaks_for_itself_alone),
        cmocka_unit_test(where_a_table_would_not_do_the_layer_is_read),
        cmocka_unit_test(a_table_can_be_stopped),
    };

    if (argc == 3)
        return strcmp(argv[2], ROOTFS_JOB_TABLE) == 0 ? rootfs_serve_table()
                                                      : rootfs_serve_layer(selections);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    sandbox = &here;
    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
