#include "pack/pack_test_internal.h"

static int open_part(void *arg, const struct pack_part *part, struct reader **out,
                     struct error *err)
{
    struct model *model = arg;
    size_t number = (size_t)(part->file - model->plan.files);

    (void)err;
    assert_true(part->size > 0 && part->offset + part->size <= part->file->size);
    model->opened++;
    *out = memory_reader_new(model->bytes[number] + part->offset,
                             (size_t)(part->file->size - part->offset));
    return 0;
}

static int setup(void **state)
{
    *state = model_new(ARRAY_SIZE(model_sizes), NULL);
    return 0;
}

static void write_range(struct model *model, uint64_t offset, uint64_t end, struct buf *out)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(writer) struct writer *memory = memory_writer_new(out, MIB);
    const struct pack_range range = {.offset = offset, .end = end};

    model->opened = 0;
    if (recipe_write_range(model->recipes, &range, open_part, model, memory, &err) < 0)
        fail_msg("%s", err.text);
}

static void every_range_of_a_tar_can_be_had_by_itself(void **state)
{
    static const uint64_t lengths[] = {0, 1, 511, 512, 513, 3000, UINT64_C(1) << 40};
    struct model *model = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf tar = BUF_INIT;
    CLEANUP(writer) struct writer *memory = memory_writer_new(&tar, MIB);

    assert_int_equal(recipe_write_tar(model->recipes, model_open_file, model, memory, NULL, &err),
                     0);
    for (uint64_t offset = 0; offset <= tar.size; offset += 101) {
        for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
            CLEANUP(buf) struct buf part = BUF_INIT;
            uint64_t left = tar.size - offset;
            uint64_t length = lengths[i] < left ? lengths[i] : left;
            write_range(model, offset, offset + length, &part);
            assert_int_equal(part.size, length);
            assert_int_equal(memcmp(buf_text(&part), tar.data + offset, (size_t)length), 0);
        }
    }
}

static void files_before_and_behind_a_range_are_left_alone(void **state)
{
    struct model *model = *state;
    CLEANUP(buf) struct buf part = BUF_INIT;
    uint64_t size = model->recipes->tar_size;

    write_range(model, 0, size, &part);
    assert_int_equal(model->opened, 4); /* the fifth is empty */
    write_range(model, size - 1024, size, &part);
    assert_int_equal(model->opened, 0);
    write_range(model, size - 1024 - 512, size, &part); /* of the last file, and its padding */
    assert_int_equal(model->opened, 1);
    write_range(model, 0, 512, &part);
    assert_int_equal(model->opened, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_range_of_a_tar_can_be_had_by_itself),
        cmocka_unit_test(files_before_and_behind_a_range_are_left_alone),
    };

    return cmocka_run_group_tests(tests, setup, model_teardown);
}
