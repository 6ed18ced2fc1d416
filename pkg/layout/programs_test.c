#include "layout/layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Files that may be run, with `executable` of a request. */

static void fill(struct plan *plan)
{
    static const char *const paths[] = {"a/b/c.txt", "a/b/d.txt", "config.json", "modules.json"};

    plan->origin.name = xstrdup("acme/tools");
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        struct plan_file file = {.path = (char *)(uintptr_t)paths[i], .size = 1};
        plan_add(plan, &file);
    }
}

static const struct tree_entry *find(const struct tree *tree, const char *path)
{
    for (size_t i = 0; i < tree->count; i++)
        if (strcmp(tree->entries[i].path, path) == 0)
            return &tree->entries[i];
    return NULL;
}

static void files_that_may_be_run_are_those_that_the_globs_name(void **state)
{
    static const struct {
        const char *globs[3];
        const char *path;
        uint32_t mode;
        bool group_writable;
    } cases[] = {
        {{NULL}, "m/a/b/c.txt", 0644, false},
        {{"*.txt", NULL}, "m/a/b/c.txt", 0755, false},
        {{"*.txt", NULL}, "m/config.json", 0644, false},
        {{"modules.json", "a/b/d.txt", NULL}, "m/a/b/d.txt", 0755, false},
        {{"modules.json", "a/b/d.txt", NULL}, "m/a/b/c.txt", 0644, false},
        {{"modules.json", NULL}, "m/config.json", 0664, true},
        {{"modules.json", NULL}, "m/modules.json", 0755, true},
        {{"modules.json", NULL}, "m/a", 0775, true},
        {{"*", NULL}, "m/a", 0755, true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(tree) struct tree tree = TREE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        const struct home home = {.path = "/root", .group_writable = cases[i].group_writable};
        const struct layout_request request = {
            .layout = layout_find("dir"),
            .plan = &plan,
            .home = &home,
            .path = "/m",
            .executable = cases[i].globs,
        };
        fill(&plan);
        assert_int_equal(layout_arrange(&request, &tree, &err), 0);
        const struct tree_entry *entry = find(&tree, cases[i].path);
        assert_non_null(entry);
        assert_int_equal(entry->mode, cases[i].mode);
    }
}

static void a_user_does_not_own_what_may_be_run_nor_the_way_to_it(void **state)
{
    static const struct tree_owner named = {5, 6};
    static const struct {
        const char *path; /* of the layout */
        const struct tree_owner *owner;
        const char *home;
        const char *entry;
        uint32_t uid;
    } cases[] = {
        {"/usr/bin", NULL, "/home/app", "usr", 0},
        {"/usr/bin", NULL, "/home/app", "usr/bin", 0},
        {"/usr/bin", NULL, "/home/app", "usr/bin/a", 0},
        {"/usr/bin", NULL, "/home/app", "usr/bin/a/b/c.txt", 0},
        {"/usr/bin", NULL, "/home/app", "usr/bin/config.json", 1000},
        {"/usr/bin", NULL, "/", "usr/bin", 0},
        {"/usr/bin", &named, "/home/app", "usr/bin", 0},
        {"/usr/bin", &named, "/home/app", "usr/bin/a", 5},
        {"/usr/bin", &named, "/home/app", "usr/bin/a/b/c.txt", 5},
        {"~/bin", NULL, "/home/app", "home", 0},
        {"~/bin", NULL, "/home/app", "home/app", 1000},
        {"~/bin", NULL, "/home/app", "home/app/bin/a", 1000},
        {"~/bin", NULL, "/home/app", "home/app/bin/a/b/c.txt", 0},
    };
    static const char *const programs[] = {"a/b/c.txt", NULL};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(tree) struct tree tree = TREE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        const struct home home = {
            .path = cases[i].home, .uid = 1000, .gid = 1000, .owner = cases[i].owner};
        const struct layout_request request = {
            .layout = layout_find("dir"),
            .plan = &plan,
            .home = &home,
            .path = cases[i].path,
            .executable = programs,
        };
        fill(&plan);
        assert_int_equal(layout_arrange(&request, &tree, &err), 0);
        const struct tree_entry *entry = find(&tree, cases[i].entry);
        if (entry == NULL || entry->uid != cases[i].uid)
            fail_msg("%s: %s is of %d", cases[i].path, cases[i].entry,
                     entry != NULL ? (int)entry->uid : -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_that_may_be_run_are_those_that_the_globs_name),
        cmocka_unit_test(a_user_does_not_own_what_may_be_run_nor_the_way_to_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
