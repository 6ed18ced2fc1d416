#include "plan/plan.h"

#include "core/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define GLOBS(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static void fill(struct plan *plan, const char *const *paths)
{
    plan->origin.name = xstrdup("acme/model");
    plan->origin.revision = xstrdup("main");
    for (; *paths != NULL; paths++) {
        struct plan_file file = {.path = (char *)(uintptr_t)*paths, .size = 1500 * MIB};
        plan_add(plan, &file);
    }
    plan_sort(plan);
}

static char *join(const struct plan *plan)
{
    CLEANUP(buf) struct buf out = BUF_INIT;

    for (size_t i = 0; i < plan->count; i++)
        buf_addf(&out, "%s%s", i > 0 ? " " : "", plan->files[i].path);
    return buf_take(&out);
}

static const char *const repo[] = {
    "1_Pooling/config.json", "README.md",         "config.json", "model.safetensors",
    "onnx/model.onnx",       "pytorch_model.bin", NULL,
};

static void globs_choose_and_narrow(void **state)
{
    const struct {
        struct plan_selection selection;
        const char *kept;
    } cases[] = {
        {{.include = NULL}, "1_Pooling/config.json README.md config.json model.safetensors"},
        {{.all_files = true},
         "1_Pooling/config.json README.md config.json model.safetensors onnx/model.onnx "
         "pytorch_model.bin"},
        {{.include = GLOBS("*.json", "pytorch_model.bin")},
         "1_Pooling/config.json config.json pytorch_model.bin"},
        {{.include = GLOBS("*.bin"), .optional = GLOBS("config.json", "vocab.txt")},
         "config.json pytorch_model.bin"},
        {{.include = GLOBS("onnx/", "*.bin"), .exclude = GLOBS("*.bin")}, "onnx/model.onnx"},
        {{.exclude = GLOBS("README.md", "1_*")}, "config.json model.safetensors"},
        {{.exclude = GLOBS("*.safetensors")}, "1_Pooling/config.json README.md config.json"},
        {{.all_files = true, .exclude = GLOBS("onnx/", "*.bin")},
         "1_Pooling/config.json README.md config.json model.safetensors"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        fill(&plan, repo);
        assert_int_equal(plan_select(&plan, &cases[i].selection, &err), 0);
        CLEANUP(text) char *kept = join(&plan);
        assert_string_equal(kept, cases[i].kept);
        assert_int_equal(plan.left_out.count, ARRAY_SIZE(repo) - 1 - plan.count);
    }
}

static void left_out_files_are_noted_in_order_with_their_size(void **state)
{
    struct plan_selection selection = {.exclude = GLOBS("config.json")};
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    fill(&plan, repo);
    assert_int_equal(plan_select(&plan, &selection, &err), 0);
    assert_int_equal(plan.left_out.count, 3);
    assert_string_equal(plan.left_out.items[0], "config.json");
    assert_string_equal(plan.left_out.items[1], "onnx/model.onnx");
    assert_string_equal(plan.left_out.items[2], "pytorch_model.bin");
    assert_int_equal(plan.left_out_size, 4500 * MIB);
    CLEANUP(plan) struct plan copy = PLAN_INIT;
    plan_copy(&plan, &copy);
    for (size_t i = 0; i < copy.left_out.count; i++)
        assert_int_equal(copy.left_out_sizes[i], 1500 * MIB);
}

static void automatic_choice_takes_all_of_a_dataset(void **state)
{
    struct plan_selection selection = {.include = NULL};
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    fill(&plan, repo);
    plan.origin.kind = ORIGIN_HUB_DATASET;
    assert_int_equal(plan_select(&plan, &selection, &err), 0);
    assert_int_equal(plan.count, ARRAY_SIZE(repo) - 1);
    assert_int_equal(plan.left_out.count, 0);
}

static void selections_that_cannot_be_are_refused_and_change_nothing(void **state)
{
    static const char *const nothing[] = {NULL};
    const struct {
        struct plan_selection selection;
        enum error_kind kind;
        const char *complaint;
    } cases[] = {
        {{.include = GLOBS("*.json", "*.gguf")},
         ERROR_NOT_FOUND,
         "no file of 'acme/model' matches '*.gguf'"},
        {{.exclude = GLOBS("*.h5")}, ERROR_NOT_FOUND, "no file of 'acme/model' matches '*.h5'"},
        {{.include = GLOBS("onnx")}, ERROR_NOT_FOUND, "write 'onnx/' for everything in it"},
        {{.exclude = GLOBS("*")}, ERROR_NOT_FOUND, "nothing of 'acme/model' is selected"},
        {{.include = nothing}, ERROR_NOT_FOUND, "out of 6 files"},
        {{.include = GLOBS("*"), .all_files = true}, ERROR_USAGE, "leave one out"},
        {{.include = GLOBS("*"), .format = "onnx"}, ERROR_USAGE, "leave one out"},
        {{.all_files = true, .format = "onnx"}, ERROR_USAGE, "leave one out"},
        {{.format = "keras"}, ERROR_USAGE, "'keras' is no format of weights; expected safetensors"},
        {{.also = GLOBS("*.gguf")}, ERROR_NOT_FOUND, "matches '*.gguf'"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        fill(&plan, repo);
        assert_int_equal(plan_select(&plan, &cases[i].selection, &err), -1);
        assert_int_equal(err.kind, cases[i].kind);
        if (strstr(err.text, cases[i].complaint) == NULL)
            fail_msg("'%s' does not say '%s'", err.text, cases[i].complaint);
        assert_int_equal(plan.count, ARRAY_SIZE(repo) - 1);
        assert_int_equal(plan.left_out.count, 0);
    }
}

static void a_repo_without_files_is_refused(void **state)
{
    static const char *const nothing[] = {NULL};
    struct plan_selection selection = {.include = NULL};
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    fill(&plan, nothing);
    assert_int_equal(plan_select(&plan, &selection, &err), -1);
    assert_int_equal(err.kind, ERROR_NOT_FOUND);
    assert_string_equal(err.text, "'acme/model' has no files at revision 'main'");
}

static const char *const quantised[] = {
    "README.md",
    "m-Q4_K_M.gguf",
    "Q8_0/m-Q8_0-00001-of-00002.gguf",
    "Q8_0/m-Q8_0-00002-of-00002.gguf",
    "mmproj-f16.gguf",
    NULL,
};

static void several_gguf_quantisations_are_listed_to_choose_from(void **state)
{
    struct plan_selection selection = {.include = NULL};
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    fill(&plan, quantised);
    assert_int_equal(plan_select(&plan, &selection, &err), -1);
    assert_int_equal(err.kind, ERROR_UNSUPPORTED);
    assert_string_equal(err.text,
                        "'acme/model' has 2 GGUF quantisations, and a loader may take any of "
                        "them: 'Q8_0/m-Q8_0-*-of-00002.gguf' (3.1 GB), 'm-Q4_K_M.gguf' (1.6 GB); "
                        "choose one, as in --weights gguf:Q8_0");
}

static void one_gguf_quantisation_may_be_what_the_globs_leave(void **state)
{
    const struct {
        struct plan_selection selection;
        const char *kept;
    } cases[] = {
        {{.exclude = GLOBS("Q8_0/")}, "README.md m-Q4_K_M.gguf mmproj-f16.gguf"},
        {{.include = GLOBS("Q8_0/m-Q8_0-*-of-00002.gguf")},
         "Q8_0/m-Q8_0-00001-of-00002.gguf Q8_0/m-Q8_0-00002-of-00002.gguf"},
        {{.include = GLOBS("*.gguf")},
         "Q8_0/m-Q8_0-00001-of-00002.gguf Q8_0/m-Q8_0-00002-of-00002.gguf m-Q4_K_M.gguf "
         "mmproj-f16.gguf"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        fill(&plan, quantised);
        assert_int_equal(plan_select(&plan, &cases[i].selection, &err), 0);
        CLEANUP(text) char *kept = join(&plan);
        assert_string_equal(kept, cases[i].kept);
    }
}

static void a_long_list_of_quantisations_ends(void **state)
{
    CLEANUP(strings) struct strings paths = STRINGS_INIT;
    struct plan_selection selection = {.include = NULL};
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    for (int i = 0; i < 45; i++)
        strings_addf(&paths, "m-%02d.gguf", i);
    fill(&plan, (const char *const *)paths.items);
    assert_int_equal(plan_select(&plan, &selection, &err), -1);
    assert_non_null(strstr(err.text, "'m-39.gguf' (1.6 GB), and 5 more; choose one"));
    assert_null(strstr(err.text, "m-40"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(globs_choose_and_narrow),
        cmocka_unit_test(left_out_files_are_noted_in_order_with_their_size),
        cmocka_unit_test(automatic_choice_takes_all_of_a_dataset),
        cmocka_unit_test(selections_that_cannot_be_are_refused_and_change_nothing),
        cmocka_unit_test(a_repo_without_files_is_refused),
        cmocka_unit_test(several_gguf_quantisations_are_listed_to_choose_from),
        cmocka_unit_test(one_gguf_quantisation_may_be_what_the_globs_leave),
        cmocka_unit_test(a_long_list_of_quantisations_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
