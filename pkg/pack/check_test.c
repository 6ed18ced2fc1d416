#include "pack/pack_test_internal.h"

#define FILES 4

static int setup(void **state)
{
    struct model *model = model_new(FILES, "a-text");
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(writer) struct writer *memory = memory_writer_new(&model->tar, MIB);

    assert_int_equal(recipe_write_tar(model->recipes, model_open_file, model, memory, NULL, &err),
                     0);
    *state = model;
    return 0;
}

/* Gives one byte after the other. */
struct drip_reader {
    struct reader base;
    struct reader *next;
};

static ssize_t drip_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    return reader_read(CONTAINER_OF(reader, struct drip_reader, base)->next, data, size > 0 ? 1 : 0,
                       err);
}

static void drip_free(struct reader *reader)
{
    (void)reader;
}

static int check(const struct model *model, const struct buf *tar, struct error *err)
{
    CLEANUP(reader) struct reader *memory = memory_reader_new(buf_text(tar), tar->size);

    return recipe_check_tar(model->recipes, memory, NULL, err);
}

static void a_tar_is_right_in_whatever_pieces_it_comes(void **state)
{
    static const struct reader_ops ops = {drip_read, drip_free};
    struct model *model = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(reader)
    struct reader *memory = memory_reader_new(buf_text(&model->tar), model->tar.size);
    struct drip_reader drip = {{&ops}, memory};

    if (check(model, &model->tar, &err) < 0)
        fail_msg("%s", err.text);
    if (recipe_check_tar(model->recipes, &drip.base, NULL, &err) < 0)
        fail_msg("%s", err.text);
}

static void no_byte_of_a_tar_may_be_another(void **state)
{
    struct model *model = *state;

    for (size_t at = 0; at < model->tar.size; at++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf wrong = BUF_INIT;
        buf_add(&wrong, buf_text(&model->tar), model->tar.size);
        wrong.data[at] ^= 1;
        if (check(model, &wrong, &err) == 0)
            fail_msg("byte %zu may be another", at);
        assert_int_equal(err.kind, ERROR_CORRUPT);
    }
}

static void a_tar_has_neither_more_nor_less(void **state)
{
    struct model *model = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf longer = BUF_INIT;

    for (size_t size = 0; size < model->tar.size; size += 61) {
        CLEANUP(error) struct error why = ERROR_INIT;
        CLEANUP(buf) struct buf shorter = BUF_INIT;
        buf_add(&shorter, buf_text(&model->tar), size);
        assert_int_equal(check(model, &shorter, &why), -1);
        assert_int_equal(why.kind, ERROR_CORRUPT);
    }
    buf_add(&longer, buf_text(&model->tar), model->tar.size);
    buf_add(&longer, "", 1);
    assert_int_equal(check(model, &longer, &err), -1);
    assert_non_null(strstr(err.text, "it has more than the expected"));
}

static void a_wrong_file_is_named(void **state)
{
    struct model *model = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf wrong = BUF_INIT;

    buf_add(&wrong, buf_text(&model->tar), model->tar.size);
    char *content = memmem(wrong.data, wrong.size, model->bytes[3], 1100);
    assert_non_null(content);
    memset(content, 0, 6);
    assert_int_equal(check(model, &wrong, &err), -1);
    assert_non_null(strstr(err.text, "'f3' has the digest sha256:"));
}

static void a_file_without_a_digest_cannot_be_checked(void **state)
{
    struct model *model = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct digest digest = model->plan.files[0].digest;

    model->plan.files[0].digest.algorithm = DIGEST_NONE;
    assert_int_equal(check(model, &model->tar, &err), -1);
    assert_int_equal(err.kind, ERROR_UNSUPPORTED);
    model->plan.files[0].digest = digest;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tar_is_right_in_whatever_pieces_it_comes),
        cmocka_unit_test(no_byte_of_a_tar_may_be_another),
        cmocka_unit_test(a_tar_has_neither_more_nor_less),
        cmocka_unit_test(a_wrong_file_is_named),
        cmocka_unit_test(a_file_without_a_digest_cannot_be_checked),
    };

    return cmocka_run_group_tests(tests, setup, model_teardown);
}
