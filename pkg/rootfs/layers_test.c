#include "rootfs/rootfs_test_internal.h"

#include "core/file.h"

#define BIG (UINT64_C(1) << 50)

static bool is_remembered(const char *folder, const struct rootfs_layer *layer)
{
    CLEANUP(text)
    char *path = xasprintf("%s/layers/%s", folder, digest_format_hex(&layer->blob.digest).text);

    return access(path, F_OK) == 0;
}

static void an_answer_in_the_top_layer_reads_no_other(void **state)
{
    CLEANUP(image) struct image image;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf content = BUF_INIT;

    (void)state;
    image_init(&image);
    image_add(&image, "etc/passwd=old etc/group=old home/:700");
    image_add(&image, "home/:711");
    image_add(&image, "etc/passwd=new");
    CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 1, NULL);
    assert_int_equal(rootfs_fetched(rootfs), 0);
    CHECK(rootfs_read(rootfs, "/etc/passwd", 100, &content, &err), err);
    assert_string_equal(buf_text(&content), "new");
    assert_int_equal(image_opened(&image), 1);
    assert_int_equal(image.opened[2], 1);
    assert_int_equal(rootfs_fetched(rootfs), image.layers[2].blob.size);

    check_walk(rootfs, "/home", "home d711 0:0 0");
    assert_int_equal(image.opened[2], 1); /* a layer is read once */
    assert_int_equal(image.opened[1], 1);
    assert_int_equal(image.opened[0], 0);
    CHECK(rootfs_read(rootfs, "/etc/group", 100, &content, &err), err);
    assert_string_equal(buf_text(&content), "old");
    assert_int_equal(image.opened[0], 1);
}

static void a_layer_that_hides_what_is_below_is_the_last_one_read(void **state)
{
    static const struct {
        const char *layer, *path;
    } cases[] = {
        {".wh.home", "/home/app"},
        {"home=file", "/home/app"},
        {"home/.wh..wh..opq", "/home/app"},
        {".wh..wh..opq", "/home/app"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(image) struct image image;
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf content = BUF_INIT;
        image_init(&image);
        image_add(&image, "home/app/passwd=x");
        image_add(&image, cases[i].layer);
        CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 1, NULL);
        if (rootfs_read(rootfs, cases[i].path, 100, &content, &err) == 0)
            fail_msg("'%s' was found", cases[i].path);
        assert_int_equal(image.opened[1], 1);
        assert_int_equal(image.opened[0], 0);
    }
}

static void layers_are_read_side_by_side(void **state)
{
    CLEANUP(image) struct image image;

    (void)state;
    image_init(&image);
    for (unsigned i = 0; i < 4; i++) {
        CLEANUP(text) char *text = xasprintf("a/%u", i);
        image_add(&image, text);
    }
    image.together = 4; /* one after another, opening would never go on */
    CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 4, NULL);
    check_walk(rootfs, "/b", "b -");
    assert_int_equal(image_opened(&image), 4);
    assert_int_equal(image.peak, 4);
}

static void no_more_layers_are_read_at_a_time_than_were_asked_for(void **state)
{
    CLEANUP(image) struct image image;
    uint64_t size = 0;

    (void)state;
    image_init(&image);
    for (unsigned i = 0; i < 50; i++) {
        CLEANUP(text) char *text = xasprintf("a/%u b/%u=text", i, i);
        image_add(&image, text);
        size += image.layers[i].blob.size;
    }
    CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 3, NULL);
    check_walk(rootfs, "/a/0", "a d755 0:0 0, a/0 f644 0:0 0");
    check_walk(rootfs, "/b/7", "b d755 0:0 0, b/7 f644 0:0 0");
    for (size_t i = 0; i < image.count; i++)
        assert_int_equal(image.opened[i], 1);
    assert_in_range(image.peak, 1, 3);
    assert_int_equal(rootfs_fetched(rootfs), size);
}

static void what_is_read_ahead_ends_when_the_answer_is_there(void **state)
{
    CLEANUP(image) struct image image;

    (void)state;
    image_init(&image);
    for (unsigned i = 0; i < 3; i++) {
        CLEANUP(text) char *text = xasprintf("a%u", i);
        image_add(&image, text)->blob.size = BIG;
        image.is_endless[i] = true;
    }
    image_add(&image, "home/:700");
    image_add(&image, "a/:711");
    CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 4, NULL);
    check_walk(rootfs, "/home", "home d700 0:0 0");
    check_walk(rootfs, "/a", "a d711 0:0 0");
    assert_int_equal(image.opened[3], 1);
    assert_int_equal(image.opened[4], 1);
}

static void what_was_dropped_is_read_anew_when_it_is_needed(void **state)
{
    CLEANUP(image) struct image image;

    (void)state;
    image_init(&image);
    image_add(&image, "b/:700");
    image_add(&image, "a/:711");
    image.is_endless[0] = true;
    image.layers[0].blob.size = BIG;
    CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 2, NULL);
    image.together = 2; /* the endless one has been begun when the answer is there */
    check_walk(rootfs, "/a", "a d711 0:0 0");
    assert_int_equal(image.opened[0], 1);
    CLEANUP(error) struct error err = ERROR_INIT;
    struct rootfs_entry *entries = NULL;
    size_t count = 0;
    image.is_endless[0] = false;
    CHECK_REFUSED(rootfs_walk(rootfs, "/b", &entries, &count, &err), err, ERROR_CORRUPT,
                  "ends after"); /* the size is a wrong one: so these are the layer's bytes */
    assert_int_equal(image.opened[0], 2);
}

static void what_goes_wrong_ahead_matters_only_if_it_is_needed(void **state)
{
    CLEANUP(image) struct image image;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct rootfs_entry *entries = NULL;
    size_t count = 0;

    (void)state;
    image_init(&image);
    image_add(&image, "b/:700");
    image_add(&image, "x");
    image_add(&image, "a/:711");
    image.refuse[1] = ERROR_DENIED;
    image.refusals = 2;
    for (unsigned i = 0; i < 2; i++) {
        CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 3, NULL);
        check_walk(rootfs, "/a", "a d711 0:0 0");
    }
    image.refusals = image.opened[1] + 1;
    CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 1, NULL);
    CHECK_REFUSED(rootfs_walk(rootfs, "/b", &entries, &count, &err), err, ERROR_DENIED,
                  "looking for '/b' in the image: layer 2 of 3: the store refuses");
    check_walk(rootfs, "/b", "b d700 0:0 0"); /* who asks again gets another try */
}

static void a_layer_that_breaks_off_is_tried_again(void **state)
{
    CLEANUP(image) struct image image;

    (void)state;
    image_init(&image);
    image_add(&image, "a/:700");
    image.refuse[0] = ERROR_UNREACHABLE;
    image.refusals = 1;
    CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 1, NULL);
    check_walk(rootfs, "/a", "a d700 0:0 0");
    assert_int_equal(image.opened[0], 2);
}

static void a_missing_layer_is_not_taken_for_a_missing_file(void **state)
{
    CLEANUP(image) struct image image;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf content = BUF_INIT;
    struct rootfs_user user = {.home = NULL};
    const struct rootfs_user_request request = {.user = NULL};

    (void)state;
    image_init(&image);
    image_add(&image, "a");
    image.stored[0].bytes[0] ^= 1;
    CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 1, NULL);
    CHECK_REFUSED(rootfs_read(rootfs, "/etc/passwd", 100, &content, &err), err, ERROR_CORRUPT,
                  "layer 1 of 1: the image is not complete: 'memory' has no blob");
    CHECK_REFUSED(rootfs_find_user(rootfs, &request, &user, &err), err, ERROR_CORRUPT,
                  "the image is not complete");
}

static void *request_later(void *arg)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)!cancel_wait(NULL, 100, &err);
    cancel_request(arg);
    return NULL;
}

static void whoever_waits_can_be_stopped(void **state)
{
    CLEANUP(image) struct image image;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(rootfs) struct rootfs *rootfs = NULL;
    struct rootfs_entry *entries = NULL;
    size_t count = 0;
    struct cancel cancel = {.parent = NULL};
    const struct rootfs_options options = {
        .store = &image.base, .layers = image.layers, .layer_count = 1, .cancel = &cancel};
    pthread_t thread;

    (void)state;
    image_init(&image);
    image_add(&image, "a")->blob.size = BIG;
    image.is_endless[0] = true;
    CHECK(rootfs_open(&options, &rootfs, &err), err);
    assert_int_equal(pthread_create(&thread, NULL, request_later, &cancel), 0);
    CHECK_REFUSED(rootfs_walk(rootfs, "/a", &entries, &count, &err), err, ERROR_CANCELED, "");
    pthread_join(thread, NULL);
    CHECK_REFUSED(rootfs_walk(rootfs, "/a", &entries, &count, &err), err, ERROR_CANCELED, "");
}

/* In which way a layer is wrong. */
enum defect {
    DEFECT_DIGEST,
    DEFECT_LONGER,
    DEFECT_SHORTER,
    DEFECT_DIFF_ID,
    DEFECT_GZIP_CUT,
    DEFECT_ZSTD_CUT,
    DEFECT_TAR_CUT,
    DEFECT_GARBAGE,
    DEFECT_XZ,
    DEFECT_BZIP2,
};

static void add_defect(struct image *image, enum defect defect)
{
    static const char *const filters[] = {
        [DEFECT_GZIP_CUT] = "gzip",
        [DEFECT_ZSTD_CUT] = "zstd",
        [DEFECT_XZ] = "xz",
        [DEFECT_BZIP2] = "bzip2",
    };
    const char *filter = filters[defect];
    CLEANUP(buf) struct buf tar = BUF_INIT;
    CLEANUP(buf) struct buf blob = BUF_INIT;

    layer_tar("etc/passwd=some-text home/:700", &tar);
    if (defect == DEFECT_GARBAGE)
        memset(tar.data, 'x', tar.size);
    packed(&tar, filter, &blob);
    struct digest diff_id = digest_of(DIGEST_SHA256, tar.data, tar.size);
    if (defect == DEFECT_GZIP_CUT || defect == DEFECT_ZSTD_CUT)
        blob.size -= 9;
    if (defect == DEFECT_TAR_CUT)
        blob.size = 512 + 3;
    if (defect == DEFECT_TAR_CUT)
        diff_id = digest_of(DIGEST_SHA256, blob.data, blob.size);
    struct rootfs_layer *layer = image_add_bytes(image, &blob, &diff_id);
    layer->blob.digest.bytes[0] ^= defect == DEFECT_DIGEST;
    layer->blob.size += (uint64_t)(defect == DEFECT_LONGER);
    layer->blob.size -= (uint64_t)(defect == DEFECT_SHORTER);
    layer->diff_id.bytes[31] ^= defect == DEFECT_DIFF_ID;
}

static void a_layer_that_is_not_what_it_says_is_refused_and_not_remembered(void **state)
{
    static const struct {
        enum defect defect;
        enum error_kind kind;
        const char *words;
    } cases[] = {
        {DEFECT_DIGEST, ERROR_CORRUPT, "has the digest sha256:"},
        {DEFECT_LONGER, ERROR_CORRUPT, "ends after"},
        {DEFECT_SHORTER, ERROR_CORRUPT, "has more than the expected"},
        {DEFECT_DIFF_ID, ERROR_CORRUPT, "unpacks to the digest sha256:"},
        {DEFECT_GZIP_CUT, ERROR_CORRUPT, "the gzip stream ends after"},
        {DEFECT_ZSTD_CUT, ERROR_CORRUPT, "the zstd stream ends after"},
        {DEFECT_TAR_CUT, ERROR_CORRUPT, "it is not a tar that can be read: Truncated"},
        {DEFECT_GARBAGE, ERROR_CORRUPT, "it is not a tar that can be read: Unrecognized"},
        {DEFECT_XZ, ERROR_UNSUPPORTED, "it is packed with xz; gzip, zstd and nothing at all"},
        {DEFECT_BZIP2, ERROR_UNSUPPORTED, "it is packed with bzip2"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(text) char *memo = folder_make();
        CLEANUP(image) struct image image;
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf content = BUF_INIT;
        image_init(&image);
        image_add(&image, "x");
        add_defect(&image, cases[i].defect);
        CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 1, memo);
        CHECK_REFUSED(rootfs_read(rootfs, "/etc/passwd", 100, &content, &err), err, cases[i].kind,
                      cases[i].words);
        CHECK_REFUSED(rootfs_read(rootfs, "/etc/passwd", 100, &content, &err), err, cases[i].kind,
                      "layer 2 of 2: ");
        assert_int_equal(content.size, 0);
        assert_false(is_remembered(memo, &image.layers[1]));
        folder_remove(TAKE(memo));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_in_the_top_layer_reads_no_other),
        cmocka_unit_test(a_layer_that_hides_what_is_below_is_the_last_one_read),
        cmocka_unit_test(layers_are_read_side_by_side),
        cmocka_unit_test(no_more_layers_are_read_at_a_time_than_were_asked_for),
        cmocka_unit_test(what_is_read_ahead_ends_when_the_answer_is_there),
        cmocka_unit_test(what_was_dropped_is_read_anew_when_it_is_needed),
        cmocka_unit_test(what_goes_wrong_ahead_matters_only_if_it_is_needed),
        cmocka_unit_test(a_layer_that_breaks_off_is_tried_again),
        cmocka_unit_test(a_missing_layer_is_not_taken_for_a_missing_file),
        cmocka_unit_test(whoever_waits_can_be_stopped),
        cmocka_unit_test(a_layer_that_is_not_what_it_says_is_refused_and_not_remembered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
