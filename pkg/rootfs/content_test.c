#include "rootfs/rootfs_test_internal.h"

#include "sandbox/sandbox.h"

/* Each test is run here and with a process of its own, which is this program. */
static const struct sandbox *sandbox;

/* The whole content, or a part of it; the caller frees it. */
static char *content_of(struct rootfs_contents *contents, const struct rootfs_content *content,
                        uint64_t offset, uint64_t length)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(reader) struct reader *reader = NULL;
    CLEANUP(buf) struct buf text = BUF_INIT;
    const struct rootfs_part part = {.offset = offset, .length = length};

    CHECK(rootfs_contents_open(contents, content, &part, &reader, &err), err);
    CHECK(reader_read_all(reader, 1000, &text, &err), err);
    return xstrdup(buf_text(&text));
}

static struct rootfs_content find(struct rootfs *rootfs, const char *path)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    struct rootfs_content content;

    CHECK(rootfs_find_content(rootfs, path, &content, &err), err);
    return content;
}

static void check_content(struct rootfs_contents *contents, struct rootfs *rootfs, const char *path,
                          const char *expected)
{
    struct rootfs_content content = find(rootfs, path);
    struct digest digest = digest_of(DIGEST_SHA256, expected, strlen(expected));

    assert_int_equal(content.size, strlen(expected));
    assert_true(digest_equal(&content.sha256, &digest));
    for (size_t offset = 0; offset <= strlen(expected) + 1; offset++) {
        size_t rest = offset < strlen(expected) ? strlen(expected) - offset : 0;
        CLEANUP(text) char *behind = content_of(contents, &content, offset, SIZE_UNKNOWN);
        CLEANUP(text) char *part = content_of(contents, &content, offset, 2);
        CLEANUP(text)
        char *wanted = xstrndup(expected + strlen(expected) - rest, rest > 2 ? 2 : rest);
        assert_string_equal(behind, expected + strlen(expected) - rest);
        assert_string_equal(part, wanted);
    }
}

static void a_file_is_read_in_parts_wherever_it_lies(void **state)
{
    static const struct {
        const char *path, *expected;
    } cases[] = {
        {"/m/plain", "one"},    {"m/gzip", "twotwo"}, {"/m/zstd", "three"}, {"/m/empty", ""},
        {"/m/replaced", "new"}, {"/l/twice", "last"}, {"/m/hard", "two"},   {"/m/harder", "two"},
        {"/l/gzip", "twotwo"},  {"/m/soft", "three"},
    };
    CLEANUP(image) struct image image;

    (void)state;
    image_init(&image);
    image_add(&image, "m/plain=one m/replaced=a-longer-old-one m/empty");
    image_add(&image, "m/gzip=twotwo m/data=two m/hard=>m/data m/data=another m/harder=>m/hard");
    image_add(&image, "m/zstd=three m/replaced=new m/soft->zstd l->m m/twice=first m/twice=last");
    CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 0, NULL);
    CLEANUP(rootfs_contents)
    struct rootfs_contents *contents = rootfs_contents_new(&image.base, sandbox);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_content(contents, rootfs, cases[i].path, cases[i].expected);
    assert_true(find(rootfs, "/m/plain").is_plain);
    assert_false(find(rootfs, "/m/gzip").is_plain);
}

static void what_is_no_file_has_no_content(void **state)
{
    static const struct {
        const char *path, *words;
        enum error_kind kind;
    } cases[] = {
        {"/m", "'/m' is a folder", ERROR_UNSUPPORTED},
        {"/none", "'/none' is not there", ERROR_NOT_FOUND},
        {"/fifo", "is a special file", ERROR_UNSUPPORTED},
        {"/away", "'/gone' is not there", ERROR_NOT_FOUND},
    };
    CLEANUP(image) struct image image;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct rootfs_content content;

    (void)state;
    image_init(&image);
    image_add(&image, "m/a=1 fifo| away->gone");
    CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 0, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        CHECK_REFUSED(rootfs_find_content(rootfs, cases[i].path, &content, &err), err,
                      cases[i].kind, cases[i].words);
}

static void files_in_the_order_of_a_packed_layer_are_unpacked_in_one_go(void **state)
{
    static const char *const paths[] = {"/a", "/b", "/c"};
    struct rootfs_content found[ARRAY_SIZE(paths)];
    CLEANUP(image) struct image image;

    (void)state;
    image_init(&image);
    image_add(&image, "x");
    image_add(&image, "a=aa b=bb c=cc");
    CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 0, NULL);
    CLEANUP(rootfs_contents)
    struct rootfs_contents *contents = rootfs_contents_new(&image.base, sandbox);
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
        found[i] = find(rootfs, paths[i]);
    size_t before = image.opened[1];
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
        free(content_of(contents, &found[i], 0, SIZE_UNKNOWN));
    assert_int_equal(image.opened[1], before + 1);
    free(content_of(contents, &found[0], 0, SIZE_UNKNOWN)); /* back to the beginning */
    assert_int_equal(image.opened[1], before + 2);
    free(content_of(contents, &found[1], 0, SIZE_UNKNOWN)); /* from the nearer one */
    free(content_of(contents, &found[2], 0, SIZE_UNKNOWN));
    assert_int_equal(image.opened[1], before + 2);
}

static void a_reader_that_is_given_up_leaves_nothing_behind(void **state)
{
    CLEANUP(image) struct image image;
    CLEANUP(error) struct error err = ERROR_INIT;
    const struct rootfs_part whole = {.length = SIZE_UNKNOWN};
    char byte;

    (void)state;
    image_init(&image);
    image_add(&image, "x");
    image_add(&image, "a=aa b=bb");
    CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 0, NULL);
    CLEANUP(rootfs_contents)
    struct rootfs_contents *contents = rootfs_contents_new(&image.base, sandbox);
    struct rootfs_content a = find(rootfs, "/a");
    struct rootfs_content b = find(rootfs, "/b");
    size_t before = image.opened[1];
    CLEANUP(reader) struct reader *reader = NULL;
    CHECK(rootfs_contents_open(contents, &a, &whole, &reader, &err), err);
    assert_int_equal(reader_read(reader, &byte, 1, &err), 1);
    reader_free(TAKE(reader));
    CLEANUP(text) char *text = content_of(contents, &b, 0, SIZE_UNKNOWN);
    assert_string_equal(text, "bb");
    assert_int_equal(image.opened[1], before + 2);
}

static void a_store_that_gives_whole_blobs_only_is_read_from_the_beginning(void **state)
{
    CLEANUP(image) struct image image;

    (void)state;
    image_init(&image);
    image_add(&image, "a=aa b=bb");
    CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 0, NULL);
    CLEANUP(rootfs_contents)
    struct rootfs_contents *contents = rootfs_contents_new(&image.base, sandbox);
    struct rootfs_content found[] = {find(rootfs, "/a"), find(rootfs, "/b")};
    size_t before = image.opened[0];
    image.refuse[0] = ERROR_UNSUPPORTED;
    image.refusals = before + 1;
    assert_true(rootfs_contents_gives_parts(contents));
    for (size_t i = 0; i < ARRAY_SIZE(found); i++) {
        CLEANUP(text) char *text = content_of(contents, &found[i], 1, SIZE_UNKNOWN);
        assert_string_equal(text, i == 0 ? "a" : "b");
    }
    assert_int_equal(image.opened[0], before + 2); /* refused, and then one for both */
    assert_false(rootfs_contents_gives_parts(contents));
}

static void the_tar_of_an_artifact_needs_neither_a_known_type_nor_a_diff_id(void **state)
{
    CLEANUP(image) struct image image;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    image_init(&image);
    image_add(&image, "a=1")->is_artifact = true;
    image.layers[0].diff_id = (struct digest)DIGEST_INIT;
    image.layers[0].hash_contents = true;
    CHECK(descriptor_set(&image.layers[0].blob, "application/x-model.tar",
                         &image.layers[0].blob.digest, image.layers[0].blob.size, &err),
          err);
    CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 0, NULL);
    CLEANUP(rootfs_contents)
    struct rootfs_contents *contents = rootfs_contents_new(&image.base, sandbox);
    check_content(contents, rootfs, "a", "1");
    assert_true(find(rootfs, "a").is_plain);
}

static void reading_ends_when_it_is_asked_to(void **state)
{
    CLEANUP(image) struct image image;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(reader) struct reader *reader = NULL;
    struct cancel cancel = {.parent = NULL};
    const struct rootfs_part whole = {.length = SIZE_UNKNOWN, .cancel = &cancel};
    char byte;

    (void)state;
    image_init(&image);
    image_add(&image, "a=aa");
    CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 0, NULL);
    CLEANUP(rootfs_contents)
    struct rootfs_contents *contents = rootfs_contents_new(&image.base, sandbox);
    struct rootfs_content a = find(rootfs, "/a");
    CHECK(rootfs_contents_open(contents, &a, &whole, &reader, &err), err);
    cancel_request(&cancel);
    assert_int_equal(reader_read(reader, &byte, 1, &err), -1);
    assert_int_equal(err.kind, ERROR_CANCELED);
}

int main(int argc, char **argv)
{
    static const struct sandbox here = {.program = "/proc/self/exe", .word = "__read"};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_in_parts_wherever_it_lies),
        cmocka_unit_test(what_is_no_file_has_no_content),
        cmocka_unit_test(files_in_the_order_of_a_packed_layer_are_unpacked_in_one_go),
        cmocka_unit_test(a_reader_that_is_given_up_leaves_nothing_behind),
        cmocka_unit_test(a_store_that_gives_whole_blobs_only_is_read_from_the_beginning),
        cmocka_unit_test(the_tar_of_an_artifact_needs_neither_a_known_type_nor_a_diff_id),
        cmocka_unit_test(reading_ends_when_it_is_asked_to),
    };

    (void)argv;
    if (argc == 3)
        return rootfs_serve_unpack();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    sandbox = &here;
    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
