#include "rootfs/rootfs_test_internal.h"

#include "core/file.h"

static void a_second_rootfs_reads_nothing(void **state)
{
    CLEANUP(text) char *memo = folder_make();
    CLEANUP(image) struct image image;

    (void)state;
    image_init(&image);
    image_add(&image, "home/:700:1:2:3 etc/passwd=text");
    image_add(&image, "home/app/:711 etc/.wh.passwd");
    image_add(&image, "x/.wh..wh..opq");
    for (size_t i = 0; i < 2; i++) {
        CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 2, memo);
        check_walk(rootfs, "/home/app", "home d700 1:2 3, home/app d711 0:0 0");
        check_walk(rootfs, "/etc/passwd", "etc d755 0:0 0, etc/passwd -");
        check_walk(rootfs, "/x/y", "x d755 0:0 0, x/y -");
        assert_int_equal(image_opened(&image), 3);
        assert_int_equal(rootfs_remembered(rootfs), i * 3);
        assert_int_equal(rootfs_fetched(rootfs) == 0, i > 0);
    }
    folder_remove(TAKE(memo));
}

/* Blobs of one tar: what is known of one says nothing of what is behind the stream in another. */
static void each_blob_of_a_layer_is_read_once_itself(void **state)
{
    static const struct {
        const char *filter, *behind, *words; /* NULL: it is right */
    } cases[] = {
        {NULL, "", NULL},
        {"gzip", "", NULL},
        {"zstd", "", NULL},
        {"gzip", "garbage behind the stream", "the gzip stream is damaged"},
        {"gzip", "g", "the gzip stream ends after"},
        {"zstd", "garbage behind the stream", "the zstd stream is damaged"},
    };
    CLEANUP(text) char *memo = folder_make();
    CLEANUP(buf) struct buf tar = BUF_INIT;

    (void)state;
    layer_tar("home/:700", &tar);
    const struct digest diff_id = digest_of(DIGEST_SHA256, tar.data, tar.size);
    for (size_t i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
        const size_t number = i % ARRAY_SIZE(cases);
        CLEANUP(image) struct image image;
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf blob = BUF_INIT;
        image_init(&image);
        packed(&tar, cases[number].filter, &blob);
        buf_add_text(&blob, cases[number].behind);
        image_add_bytes(&image, &blob, &diff_id);
        CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 1, memo);
        if (cases[number].words != NULL) {
            CHECK_REFUSED(rootfs_read_layer(rootfs, 1, &err), err, ERROR_CORRUPT,
                          cases[number].words);
            continue;
        }
        check_walk(rootfs, "/home", "home d700 0:0 0");
        assert_int_equal(rootfs_remembered(rootfs), i / ARRAY_SIZE(cases));
    }
    folder_remove(TAKE(memo));
}

/* The first version did not tell blobs apart, and had no roots: under the same name, of the tar. */
static void a_memo_of_an_older_version_is_ignored(void **state)
{
    static const char records[] = "d\0home\0457\00\00\00\00\00\0\00\00";
    const struct digest digest = digest_of(DIGEST_SHA256, records, sizeof(records));
    CLEANUP(text) char *memo = folder_make();
    CLEANUP(text) char *folder = xasprintf("%s/layers", memo);
    CLEANUP(image) struct image image;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf old = BUF_INIT;

    (void)state;
    image_init(&image);
    const struct digest diff_id = image_add(&image, "home/:700")->diff_id;
    buf_addf(&old, "inlay listing 1 %s %s\n", digest_format(&diff_id).text,
             digest_format(&digest).text);
    buf_add(&old, records, sizeof(records));
    CLEANUP(text) char *path = xasprintf("%s/%s", folder, digest_format_hex(&diff_id).text);
    CHECK(file_make_folders(folder, &err), err);
    CHECK(file_replace(path, old.data, old.size, &err), err);
    for (size_t i = 0; i < 2; i++) {
        CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 1, memo);
        check_walk(rootfs, "/home", "home d700 0:0 0");
        assert_int_equal(rootfs_remembered(rootfs), i);
    }
    folder_remove(TAKE(memo));
}

static void a_memo_that_does_not_parse_is_ignored_and_rewritten(void **state)
{
    static const struct {
        const char *name;
        size_t size; /* of what is left of the memo, then `name` follows */
    } cases[] = {{"junk", 0}, {"", 0}, {"", 100}, {"more", SIZE_MAX}, {"inlay listing 3 x\n", 0}};
    CLEANUP(text) char *memo = folder_make();
    CLEANUP(image) struct image image;

    (void)state;
    image_init(&image);
    image_add(&image, "home/:700");
    CLEANUP(text)
    char *path =
        xasprintf("%s/layers/%s", memo, digest_format_hex(&image.layers[0].blob.digest).text);
    for (size_t i = 0; i <= ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf bytes = BUF_INIT;
        CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 2, memo);
        check_walk(rootfs, "/home", "home d700 0:0 0");
        assert_int_equal(image_opened(&image), i + 1);
        assert_int_equal(rootfs_remembered(rootfs), 0);
        CLEANUP(rootfs) struct rootfs *second = image_rootfs(&image, 2, memo);
        check_walk(second, "/home", "home d700 0:0 0");
        assert_int_equal(image_opened(&image), i + 1);
        assert_int_equal(rootfs_remembered(second), 1);
        if (i == ARRAY_SIZE(cases))
            break;
        CHECK(file_read(path, MIB, &bytes, &err), err);
        bytes.size = bytes.size < cases[i].size ? bytes.size : cases[i].size;
        buf_add_text(&bytes, cases[i].name);
        CHECK(file_replace(path, buf_text(&bytes), bytes.size, &err), err);
    }
    folder_remove(TAKE(memo));
}

static void keep_line(void *arg, enum log_level level, const char *line)
{
    assert_int_equal(level, LOG_DEBUG);
    buf_addf(arg, "%s\n", line);
}

static void a_memo_that_cannot_be_written_is_only_logged(void **state)
{
    CLEANUP(image) struct image image;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf lines = BUF_INIT;
    CLEANUP(rootfs) struct rootfs *rootfs = NULL;
    const struct log log = {.level = LOG_DEBUG, .write = keep_line, .arg = &lines};
    const struct rootfs_options options = {
        .store = &image.base,
        .layers = image.layers,
        .layer_count = 1,
        .memo = "/dev/null/memo",
        .jobs = 1,
        .log = &log,
    };

    (void)state;
    image_init(&image);
    image_add(&image, "home/:700");
    CHECK(rootfs_open(&options, &rootfs, &err), err);
    check_walk(rootfs, "/home", "home d700 0:0 0");
    assert_non_null(strstr(buf_text(&lines), "what a layer holds is not remembered"));
    assert_non_null(strstr(buf_text(&lines), "reading the layer sha256:"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_rootfs_reads_nothing),
        cmocka_unit_test(each_blob_of_a_layer_is_read_once_itself),
        cmocka_unit_test(a_memo_of_an_older_version_is_ignored),
        cmocka_unit_test(a_memo_that_does_not_parse_is_ignored_and_rewritten),
        cmocka_unit_test(a_memo_that_cannot_be_written_is_only_logged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
