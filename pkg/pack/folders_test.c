#include "pack/folders.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void a_folder_is_needed_on_the_way_and_for_the_locks(void **state)
{
    static const struct {
        const char *folder, *layout, *place;
        bool needed;
    } cases[] = {
        {"root", "huggingface", "/root/.cache/huggingface/hub", true},
        {"root/.cache/huggingface/hub", "huggingface", "/root/.cache/huggingface/hub", true},
        {"root/.cache/huggingface/hub/.locks", "huggingface", "/root/.cache/huggingface/hub", true},
        {"root/.cache/torch", "huggingface", "/root/.cache/huggingface/hub", false},
        {"roo", "huggingface", "/root/.cache/huggingface/hub", false},
        {"root/.cache/huggingface/hub/x", "huggingface", "/root/.cache/huggingface/hub", false},
        {"opt/st", "sentence-transformers", "/opt/st", true},
        {"opt/st/.locks", "sentence-transformers", "/opt/st", false},
        {".locks", "huggingface", "/", true},
        {"opt", "huggingface", "/", false},
        {"opt", "huggingface", "opt", false},
        {"opt/hf", "of-tomorrow", "/opt/hf", true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(text) char *path = xstrdup(cases[i].folder);
        CLEANUP(text) char *layout = xstrdup(cases[i].layout);
        CLEANUP(text) char *place = xstrdup(cases[i].place);
        struct image_folder folder = {.path = path};
        struct layer_record record = {.layout = layout, .place = place};
        if (folder_is_needed(&folder, &record) != cases[i].needed)
            fail_msg("'%s' for %s in '%s'", path, layout, place);
    }
}

static void the_folders_layer_itself_needs_none(void **state)
{
    char path[] = "root";
    struct image_folder folder = {.path = path};
    struct layer_record record = {0};

    (void)state;
    assert_false(folder_is_needed(&folder, &record));
}

static void a_recipe_states_each_folder_as_it_is(void **state)
{
    char one[] = "home";
    char two[] = "home/app";
    char name[] = "user.x";
    char value[] = "v";
    struct xattr xattr = {name, value, 1};
    struct image_folder folders[] = {
        {.path = one, .mode = 0755, .time_s = 1},
        {two, 02750, 1000, 1001, 1700000000, 5, &xattr, 1},
    };
    struct tree_entry *entries = NULL;
    CLEANUP(recipe) struct recipe recipe = {0};
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(folders_cut(folders, ARRAY_SIZE(folders), &entries, &recipe, &err), 0);
    assert_int_equal(recipe.kind, RECIPE_FOLDERS);
    assert_int_equal(recipe.count, 2);
    const struct tree_entry *entry = recipe.entries[1];
    assert_string_equal(entry->path, "home/app");
    assert_int_equal(entry->type, TREE_FOLDER);
    assert_int_equal(entry->mode, 02750);
    assert_int_equal(entry->uid, 1000);
    assert_int_equal(entry->gid, 1001);
    assert_int_equal(entry->time_s, 1700000000);
    assert_int_equal(entry->time_ns, 5);
    assert_ptr_equal(entry->xattrs, &xattr);
    assert_true(entry->above);
    free(entries);
}

static void the_way_to_a_model_does_not_depend_on_others(void **state)
{
    static const char *const paths[] = {"opt", "opt/hf", "opt/hf/.locks", "opt/st", "srv"};
    struct image_folder folders[ARRAY_SIZE(paths)] = {0};
    CLEANUP(tree) struct tree tree = {.place = xstrdup("/opt/hf")};
    struct tree_entry *entries = NULL;
    CLEANUP(recipe) struct recipe recipe = {0};
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
        folders[i] = (struct image_folder){.path = xstrdup(paths[i]), .mode = 0755};
    assert_int_equal(
        folders_cut_ancestors(folders, ARRAY_SIZE(folders), &tree, &entries, &recipe, &err), 0);
    assert_int_equal(recipe.kind, RECIPE_ANCESTORS);
    assert_int_equal(recipe.count, 3);
    for (size_t i = 0; i < recipe.count; i++)
        assert_string_equal(recipe.entries[i]->path, paths[i]);
    free(entries);
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
        image_folder_release(&folders[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_is_needed_on_the_way_and_for_the_locks),
        cmocka_unit_test(the_folders_layer_itself_needs_none),
        cmocka_unit_test(the_way_to_a_model_does_not_depend_on_others),
        cmocka_unit_test(a_recipe_states_each_folder_as_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
