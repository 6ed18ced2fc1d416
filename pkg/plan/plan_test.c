#include "plan/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void add(struct plan *plan, const char *path, uint64_t size)
{
    struct plan_file file = {.path = (char *)(uintptr_t)path, .size = size};

    plan_add(plan, &file);
}

static char *repeat(char character, size_t times)
{
    char *out = xcalloc(times + 1, 1);

    memset(out, character, times);
    return out;
}

static void plan_sorts_by_the_bytes_of_paths_and_adds_sizes_up(void **state)
{
    static const char *const paths[] = {"b", "a/b", "a.txt", "\xc3\xa9", "Z", "a"};
    static const char *const sorted[] = {"Z", "a", "a.txt", "a/b", "b", "\xc3\xa9"};
    CLEANUP(plan) struct plan plan = PLAN_INIT;

    (void)state;
    plan_sort(&plan);
    assert_int_equal(plan_size(&plan), 0);
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
        add(&plan, paths[i], i);
    plan_sort(&plan);
    assert_int_equal(plan.count, ARRAY_SIZE(sorted));
    for (size_t i = 0; i < plan.count; i++)
        assert_string_equal(plan.files[i].path, sorted[i]);
    assert_int_equal(plan_size(&plan), 15);
    add(&plan, "huge", UINT64_MAX - 3);
    assert_true(plan_size(&plan) == UINT64_MAX);
}

/* "a/a/a", of that many bytes. */
static char *deep_path(size_t size)
{
    char *out = repeat('a', size);

    for (size_t i = 1; i < size; i += 2)
        out[i] = '/';
    return out;
}

static int check_one(const char *path, struct error *err)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;

    add(&plan, path, 1);
    return plan_check(&plan, err);
}

static void plan_check_accepts_unusual_paths(void **state)
{
    CLEANUP(text) char *part_255 = repeat('p', 255);
    CLEANUP(text) char *deep = deep_path(3999);
    const char *const paths[] = {
        "config.json",
        "1_Pooling/config.json",
        ".gitattributes",
        "a/.hidden/..x/x..",
        "a\\b",
        "d e/f+g&h#i?.txt",
        "x~y(1)\xc3\xa9.bin",
        "ab:c",
        "1:c",
        "a/.wh",
        "a/x.wh.y",
        "...",
        part_255,
        deep,
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        if (check_one(paths[i], &err) < 0)
            fail_msg("%s", err.text);
    }
}

static void plan_check_refuses_paths_that_must_not_become_files(void **state)
{
    CLEANUP(text) char *part_256 = repeat('p', 256);
    CLEANUP(text) char *slashes = repeat('/', 2001);
    CLEANUP(text) char *deep = deep_path(4001);
    const struct {
        const char *path, *complaint;
    } cases[] = {
        {"", "empty path"},
        {"/etc/passwd", "absolute"},
        {"\\etc", "absolute"},
        {"\\\\server\\share", "absolute"},
        {slashes, "absolute"},
        {"a//b", "empty part"},
        {"a/", "empty part"},
        {"a\\\\b", "empty part"},
        {".", "'.'"},
        {"a/./b", "'.'"},
        {"..", "'..'"},
        {"a/../b", "'..'"},
        {"a/..", "'..'"},
        {"..\\b", "'..'"},
        {"a/b\\..", "'..'"},
        {"C:", "drive prefix 'C:'"},
        {"c:/x", "drive prefix 'c:'"},
        {"a/C:\\x", "drive prefix 'C:'"},
        {".wh.a", "'.wh.'"},
        {"a/.wh..wh..opq", "'.wh.'"},
        {part_256, "part of 256 bytes"},
        {deep, "4001 bytes"},
        {"a\xff", "not UTF-8"},
        {"a\xc0\xaf", "not UTF-8"},
        {"a\nb", "control character"},
        {"a\x7f", "control character"},
        {"a\xc2\x85", "control character"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        if (check_one(cases[i].path, &err) == 0)
            fail_msg("'%s' is accepted", cases[i].path);
        assert_int_equal(err.kind, ERROR_CORRUPT);
        if (strstr(err.text, cases[i].complaint) == NULL)
            fail_msg("'%s' does not say '%s'", err.text, cases[i].complaint);
    }
}

static void plan_check_refuses_a_path_that_is_two_things(void **state)
{
    static const struct {
        const char *paths[4];
        const char *complaint;
    } cases[] = {
        {{"a", "a.txt", "a/b"}, "'a' is a file, and a folder in the path 'a/b'"},
        {{"x/a/b/c", "x/a"}, "'x/a' is a file, and a folder in the path 'x/a/b/c'"},
        {{"x", "b", "x"}, "path 'x' is there twice"},
        {{"a", "ab/c", "a-b/c"}, NULL},
        {{"a/b", "a/c", "A"}, NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        for (size_t j = 0; cases[i].paths[j] != NULL; j++)
            add(&plan, cases[i].paths[j], 1);
        plan_sort(&plan);
        if (cases[i].complaint == NULL) {
            assert_int_equal(plan_check(&plan, &err), 0);
            continue;
        }
        assert_int_equal(plan_check(&plan, &err), -1);
        assert_int_equal(err.kind, ERROR_CORRUPT);
        assert_string_equal(err.text, cases[i].complaint);
    }
}

static void left_out_files_are_told_in_one_line(void **state)
{
    CLEANUP(text) char *long_name = repeat('n', 200);
    const struct {
        const char *paths[12];
        const char *text;
    } cases[] = {
        {{NULL}, ""},
        {{"pytorch_model.bin"}, "pytorch_model.bin"},
        {{"onnx/a", "onnx/b", "pytorch_model.bin", "tf_model.h5"},
         "pytorch_model.bin, tf_model.h5, onnx/ (2 files)"},
        {{"2_Dense/pytorch_model.bin", "onnx-b/x", "onnx/a/b", "onnx/c"},
         "2_Dense/pytorch_model.bin, onnx-b/x, onnx/ (2 files)"},
        {{"flax_model.msgpack", "onnx/a", "onnx/b", "onnx/c", "pytorch_model-00001-of-00004.bin",
          "pytorch_model-00002-of-00004.bin", "pytorch_model-00003-of-00004.bin",
          "pytorch_model-00004-of-00004.bin", "pytorch_model.bin.index.json"},
         "flax_model.msgpack, pytorch_model-00001-of-00004.bin, pytorch_model-00002-of-00004.bin, "
         "pytorch_model-00003-of-00004.bin, and 5 more"},
        {{long_name}, "1 file"},
        {{"a", long_name}, "a, and 1 more"},
        {{"a\nb"}, "a?b"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        for (size_t j = 0; cases[i].paths[j] != NULL; j++)
            strings_add(&plan.left_out, cases[i].paths[j]);
        CLEANUP(text) char *text = plan_format_left_out(&plan);
        assert_string_equal(text, cases[i].text);
    }
}

static void plan_ref_is_what_applications_of_the_hub_ask_for(void **state)
{
    static const struct {
        const char *text, *ref;
    } cases[] = {
        {"acme/tiny", "main"},         {"acme/tiny@master", "master"}, {"ms://acme/tiny", "main"},
        {"ms://acme/tiny@v1", "v1"},   {"ollama://tiny:q4", "q4"},     {"dir:/m", "main"},
        {"datasets/a/b@v1.0", "v1.0"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(origin_parse(cases[i].text, &plan.origin, &err), 0);
        assert_string_equal(plan_ref(&plan), cases[i].ref);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plan_ref_is_what_applications_of_the_hub_ask_for),
        cmocka_unit_test(plan_sorts_by_the_bytes_of_paths_and_adds_sizes_up),
        cmocka_unit_test(plan_check_accepts_unusual_paths),
        cmocka_unit_test(plan_check_refuses_paths_that_must_not_become_files),
        cmocka_unit_test(plan_check_refuses_a_path_that_is_two_things),
        cmocka_unit_test(left_out_files_are_told_in_one_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
