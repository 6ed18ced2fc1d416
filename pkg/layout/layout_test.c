#include "layout/layout.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define ENVIRONMENT(...)                                                                           \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static void layouts_are_found_by_name_and_the_hub_is_the_default(void **state)
{
    (void)state;
    assert_string_equal(layout_find(NULL)->name, "huggingface");
    assert_ptr_equal(layout_find(NULL), layout_at(0));
    assert_ptr_equal(layout_find("vllm"), layout_at(0));
    assert_null(layout_find("none"));
    assert_null(layout_find(""));
    assert_int_equal(layout_find("huggingface")->weights, PLAN_PREFER_SAFETENSORS);
    assert_int_equal(layout_find("sentence-transformers")->weights, PLAN_PREFER_PYTORCH);
}

static void the_last_value_of_a_variable_counts(void **state)
{
    struct home home = {
        .path = "/root",
        .environment = ENVIRONMENT("A=1", "AB=2", "A=3=4", "EMPTY=", "BARE"),
    };
    struct home bare = {.path = "/root", .environment = NULL};

    (void)state;
    assert_string_equal(home_variable(&home, "A"), "3=4");
    assert_string_equal(home_variable(&home, "AB"), "2");
    assert_string_equal(home_variable(&home, "EMPTY"), "");
    assert_null(home_variable(&home, "BARE"));
    assert_null(home_variable(&home, "B"));
    assert_null(home_variable(&bare, "A"));
}

static void ids_are_spelled_as_the_loader_asks_for_them(void **state)
{
    static const struct {
        const char *layout, *id, *asked;
    } cases[] = {
        {"huggingface", "gpt2", "gpt2"},
        {"huggingface", "all-MiniLM-L6-v2", "all-MiniLM-L6-v2"},
        {"huggingface", "BAAI/bge-m3", "BAAI/bge-m3"},
        {"sentence-transformers", "all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"},
        {"sentence-transformers", "BAAI/bge-m3", "BAAI/bge-m3"},
        {"sentence-transformers", "bert-base-uncased", "bert-base-uncased"},
        {"sentence-transformers", "BERT-base-Uncased", "BERT-base-Uncased"},
        {"sentence-transformers", "t5-11b", "t5-11b"},
        {"sentence-transformers", "xlnet-large-cased", "xlnet-large-cased"},
        {"sentence-transformers", "albert-xxlarge-v2", "albert-xxlarge-v2"},
        {"sentence-transformers", "gpt2-xxl", "sentence-transformers/gpt2-xxl"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(text) char *id = layout_model_id(layout_find(cases[i].layout), cases[i].id);
        assert_string_equal(id, cases[i].asked);
    }
}

static void add(struct tree *tree, enum tree_type type, const char *path, const char *text)
{
    struct tree_entry entry = {
        .type = type,
        .path = xstrdup(path),
        .mode = 0755,
        .text = text != NULL ? xstrdup(text) : NULL,
    };

    tree_add(tree, &entry);
}

static void trees_are_sorted_and_equal_entries_joined(void **state)
{
    static const char *const sorted[] = {"a", "a-b", "a/b", "a/b/c", "b"};
    CLEANUP(tree) struct tree tree = TREE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(tree_sort(&tree, &err), 0);
    add(&tree, TREE_LINK, "b", "a");
    add(&tree, TREE_FOLDER, "a/b", NULL);
    add(&tree, TREE_TEXT, "a/b/c", "x");
    add(&tree, TREE_FOLDER, "a", NULL);
    add(&tree, TREE_FILE, "a-b", NULL);
    add(&tree, TREE_FOLDER, "a/b", NULL);
    add(&tree, TREE_TEXT, "a/b/c", "x");
    add(&tree, TREE_LINK, "b", "a");
    add(&tree, TREE_FILE, "a-b", NULL);
    assert_int_equal(tree_sort(&tree, &err), 0);
    assert_int_equal(tree.count, ARRAY_SIZE(sorted));
    for (size_t i = 0; i < tree.count; i++)
        assert_string_equal(tree.entries[i].path, sorted[i]);
}

static void entries_that_differ_at_one_path_are_refused(void **state)
{
    static const struct {
        struct tree_entry one, other;
        const char *complaint;
        const char *texts[2];
    } cases[] = {
        {{.type = TREE_FOLDER}, {.type = TREE_FILE}, "'/a/b' would be ", {NULL}},
        {{.type = TREE_FILE, .file = 1}, {.type = TREE_FILE, .file = 2}, "a file", {NULL}},
        {{.type = TREE_TEXT}, {.type = TREE_TEXT}, "a file", {"1", "2"}},
        {{.type = TREE_LINK}, {.type = TREE_LINK}, "a link", {"1", "2"}},
        {{.type = TREE_FOLDER, .mode = 0700},
         {.type = TREE_FOLDER, .mode = 0755},
         "a folder",
         {NULL}},
        {{.type = TREE_FOLDER, .uid = 1}, {.type = TREE_FOLDER}, "a folder", {NULL}},
        {{.type = TREE_FOLDER, .gid = 1}, {.type = TREE_FOLDER}, "a folder", {NULL}},
        {{.type = TREE_FOLDER, .above = true}, {.type = TREE_FOLDER}, "other properties", {NULL}},
        {{.type = TREE_FOLDER, .newest = true}, {.type = TREE_FOLDER}, "other properties", {NULL}},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(tree) struct tree tree = TREE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        struct tree_entry entries[] = {cases[i].one, cases[i].other};
        for (size_t j = 0; j < ARRAY_SIZE(entries); j++) {
            entries[j].path = xstrdup("a/b");
            entries[j].text = cases[i].texts[j] != NULL ? xstrdup(cases[i].texts[j]) : NULL;
            tree_add(&tree, &entries[j]);
        }
        assert_int_equal(tree_sort(&tree, &err), -1);
        assert_int_equal(err.kind, ERROR_CORRUPT);
        assert_non_null(strstr(err.text, cases[i].complaint));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layouts_are_found_by_name_and_the_hub_is_the_default),
        cmocka_unit_test(the_last_value_of_a_variable_counts),
        cmocka_unit_test(ids_are_spelled_as_the_loader_asks_for_them),
        cmocka_unit_test(trees_are_sorted_and_equal_entries_joined),
        cmocka_unit_test(entries_that_differ_at_one_path_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
