#include "pack/pack_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Folder, text, link, and files whose contents end in a block, at its end and behind it. */
static const uint64_t sizes[] = {5, 0, 512, 1100};

struct model {
    struct plan plan;
    struct tree tree;
    struct recipe *recipes;
    size_t count;
    char bytes[ARRAY_SIZE(sizes)][1100];
    struct buf tar; /* as recipe_write_tar() writes it */
};

static int open_content(void *arg, const struct plan_file *file, struct reader **out,
                        struct error *err)
{
    struct model *model = arg;
    size_t number = (size_t)(file - model->plan.files);

    (void)err;
    *out = memory_reader_new(model->bytes[number], (size_t)file->size);
    return 0;
}

static void add_files(struct model *model)
{
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        struct plan_file file = {.path = xasprintf("f%zu", i), .size = sizes[i]};
        memset(model->bytes[i], (int)('a' + i), sizeof(model->bytes[i]));
        file.digest = digest_of(DIGEST_SHA256, model->bytes[i], (size_t)sizes[i]);
        plan_add(&model->plan, &file);
        tree_add(&model->tree, &(struct tree_entry){.type = TREE_FILE,
                                                    .path = xasprintf("m/na\xc3\xafve%zu", i),
                                                    .mode = 0644,
                                                    .file = i});
        free(file.path);
    }
}

static int setup(void **state)
{
    static const struct recipes_options plain = {.layers_max = PACK_LAYERS_MAX};
    struct model *model = xcalloc(1, sizeof(*model));
    CLEANUP(error) struct error err = ERROR_INIT;

    tree_add(&model->tree,
             &(struct tree_entry){.type = TREE_FOLDER, .path = xstrdup("m"), .mode = 0755});
    tree_add(&model->tree, &(struct tree_entry){.type = TREE_TEXT,
                                                .path = xstrdup("m/a-text"),
                                                .mode = 0644,
                                                .text = xstrdup("a text that is in the tree")});
    tree_add(&model->tree, &(struct tree_entry){.type = TREE_LINK,
                                                .path = xstrdup("m/link"),
                                                .mode = 0777,
                                                .text = xstrdup("a-text")});
    add_files(model);
    assert_int_equal(tree_sort(&model->tree, &err), 0);
    assert_int_equal(
        recipes_cut(&model->tree, &model->plan, &plain, &model->recipes, &model->count, &err), 0);
    assert_int_equal(model->count, 1);
    CLEANUP(writer) struct writer *memory = memory_writer_new(&model->tar, MIB);
    assert_int_equal(recipe_write_tar(model->recipes, open_content, model, memory, NULL, &err), 0);
    *state = model;
    return 0;
}

static int teardown(void **state)
{
    struct model *model = *state;

    recipes_free(model->recipes, model->count);
    tree_release(&model->tree);
    plan_release(&model->plan);
    buf_release(&model->tar);
    free(model);
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

    return cmocka_run_group_tests(tests, setup, teardown);
}
