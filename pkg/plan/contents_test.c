#include "plan/contents.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void add(struct plan *plan, const char *path, uint64_t size)
{
    struct plan_file file = {.path = (char *)(uintptr_t)path, .size = size};

    plan_add(plan, &file);
}

static void small_files_that_rules_read_are_wanted(void **state)
{
    static const struct {
        const char *path;
        uint64_t size;
        bool is_wanted;
    } cases[] = {
        {"config.json", 2, true},
        {"config.json", PLAN_CONTENT_MAX, true},
        {"config.json", PLAN_CONTENT_MAX + 1, false},
        {"1_Pooling/config.json", 2, true},
        {"0_Router/query/config.json", 2, true},
        {"a/b/c/config.json", 2, false},
        {"my_config.json", 2, false},
        {"config.json.bak", 2, false},
        {"adapter_config.json", 2, true},
        {"modules.json", 2, true},
        {"model.safetensors.index.json", 2, true},
        {"unet/diffusion_pytorch_model.safetensors.index.fp16.json", 2, true},
        {"tokenizer.json", 2, false},
        {"model.safetensors", 2, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct plan_file file = {.path = (char *)(uintptr_t)cases[i].path, .size = cases[i].size};
        if (plan_wants_content(&file) != cases[i].is_wanted)
            fail_msg("%s of %" PRIu64 " bytes", cases[i].path, cases[i].size);
    }
}

static void of_many_those_nearest_to_the_root_are_wanted(void **state)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < PLAN_CONTENTS_MAX; i++) {
        CLEANUP(text) char *path = xasprintf("a%zu/config.json", i);
        add(&plan, path, 2);
    }
    add(&plan, "config.json", 2);
    plan_sort(&plan);
    const struct plan_file **wanted = plan_wanted_contents(&plan, &count);
    assert_int_equal(count, PLAN_CONTENTS_MAX);
    assert_string_equal(wanted[count - 1]->path, "config.json");
    for (size_t i = 1; i < count; i++)
        assert_true(strcmp(wanted[i - 1]->path, wanted[i]->path) < 0);
    free(wanted);
}

static void contents_are_found_by_path_in_whatever_order_they_came(void **state)
{
    static const char *const paths[] = {"modules.json", "a/config.json", "config.json", "z.json"};
    CLEANUP(plan_contents) struct plan_contents contents = PLAN_CONTENTS_INIT;

    (void)state;
    assert_null(plan_contents_find(&contents, "config.json"));
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
        plan_contents_add(&contents, paths[i], paths[i], strlen(paths[i]));
    plan_contents_add(&contents, "b/empty.json", "", 0);
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        const struct plan_content *content = plan_contents_find(&contents, paths[i]);
        assert_non_null(content);
        assert_string_equal(content->text, paths[i]);
        assert_int_equal(content->size, strlen(paths[i]));
    }
    assert_string_equal(plan_contents_find(&contents, "b/empty.json")->text, "");
    assert_null(plan_contents_find(&contents, "b/config.json"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_files_that_rules_read_are_wanted),
        cmocka_unit_test(of_many_those_nearest_to_the_root_are_wanted),
        cmocka_unit_test(contents_are_found_by_path_in_whatever_order_they_came),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
