#ifndef INLAY_PACK_PACK_TEST_INTERNAL_H
#define INLAY_PACK_PACK_TEST_INTERNAL_H

#include "pack/pack_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Contents that end in a block, at its end and behind it. */
static const uint64_t model_sizes[] = {5, 0, 512, 1100, 3};

/* A model of one small layer: a folder, a text, and files whose contents are their numbers. */
struct model {
    struct plan plan;
    struct tree tree;
    struct recipe *recipes;
    size_t count;
    unsigned opened; /* parts, for whoever counts them */
    char bytes[ARRAY_SIZE(model_sizes)][1100];
    struct buf tar; /* as recipe_write_tar() writes it, where a test wants that */
};

/* As pack_open_fn; `arg` is the model. */
static inline int model_open_file(void *arg, const struct plan_file *file, struct reader **out,
                                  struct error *err)
{
    struct model *model = arg;
    size_t number = (size_t)(file - model->plan.files);

    (void)err;
    *out = memory_reader_new(model->bytes[number], (size_t)file->size);
    return 0;
}

/* With the first `files` of the sizes, and a link if `link_text` is one. */
static inline struct model *model_new(size_t files, const char *link_text)
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
    if (link_text != NULL)
        tree_add(&model->tree, &(struct tree_entry){.type = TREE_LINK,
                                                    .path = xstrdup("m/link"),
                                                    .mode = 0777,
                                                    .text = xstrdup(link_text)});
    for (size_t i = 0; i < files; i++) {
        struct plan_file file = {.path = xasprintf("f%zu", i), .size = model_sizes[i]};
        memset(model->bytes[i], (int)('a' + i), sizeof(model->bytes[i]));
        file.digest = digest_of(DIGEST_SHA256, model->bytes[i], (size_t)model_sizes[i]);
        plan_add(&model->plan, &file);
        tree_add(&model->tree, &(struct tree_entry){.type = TREE_FILE,
                                                    .path = xasprintf("m/na\xc3\xafve%zu", i),
                                                    .mode = 0644,
                                                    .file = i});
        free(file.path);
    }
    assert_int_equal(tree_sort(&model->tree, &err), 0);
    assert_int_equal(
        recipes_cut(&model->tree, &model->plan, &plain, &model->recipes, &model->count, &err), 0);
    assert_int_equal(model->count, 1);
    return model;
}

static inline int model_teardown(void **state)
{
    struct model *model = *state;

    recipes_free(model->recipes, model->count);
    tree_release(&model->tree);
    plan_release(&model->plan);
    buf_release(&model->tar);
    free(model);
    return 0;
}

#endif
