#include "picture/picture.h"

#include "picture/owned_test_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct picture_branches plain = {"+- ", "`- ", "|  ", "   "};

static char *draw(const struct picture_tree *tree)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    for (size_t i = 0; i < tree->count; i++) {
        const struct picture_node *node = &tree->nodes[i];
        picture_tree_format_branches(tree, i, &plain, &text);
        buf_addf(&text, "%s%s%s", node->name, node->target != NULL ? " -> " : "",
                 node->target != NULL ? node->target : "");
        if (node->has_owner)
            buf_addf(&text, " %04o %u:%u", node->mode, node->uid, node->gid);
        buf_add_text(&text, "\n");
    }
    return buf_take(&text);
}

static void what_is_in_a_folder_follows_it(void **state)
{
    CLEANUP(picture_tree) struct picture_tree tree = PICTURE_TREE_INIT;

    (void)state;
    add_owned(&tree, "/usr/share/models", 0755, 0);
    add_owned(&tree, "/home/app/.cache", 0700, 1000);
    add_owned(&tree, "/home/app", 0750, 1000);
    (void)picture_tree_add_folder(&tree, "/home/app"); /* of which less is known */
    add_owned(&tree, "/home/app-2", 0755, 2);
    (void)picture_tree_add_model(&tree, "/usr/share/models", "org/b");
    (void)picture_tree_add_model(&tree, "/usr/share/models", "org/a");
    (void)picture_tree_add_link(&tree, "/home/app/.cache/hub", "org/a", "/usr/share/models");
    (void)picture_tree_add_folder(&tree, "/home/app/.cache/hub/.locks");
    picture_tree_arrange(&tree);
    CLEANUP(text) char *text = draw(&tree);
    assert_string_equal(text, "/\n"
                              "+- home\n"
                              "|  +- app 0750 1000:1000\n"
                              "|  |  `- .cache 0700 1000:1000\n"
                              "|  |     `- hub\n"
                              "|  |        +- org/a -> /usr/share/models\n"
                              "|  |        `- .locks\n"
                              "|  `- app-2 0755 2:2\n"
                              "`- usr\n"
                              "   `- share\n"
                              "      `- models 0755 0:0\n"
                              "         +- org/a\n"
                              "         `- org/b\n");
}

static void an_empty_tree_is_a_root(void **state)
{
    CLEANUP(picture_tree) struct picture_tree tree = PICTURE_TREE_INIT;

    (void)state;
    picture_tree_arrange(&tree);
    CLEANUP(text) char *text = draw(&tree);
    assert_string_equal(text, "/\n");
}

static void a_model_may_lie_in_the_root(void **state)
{
    CLEANUP(picture_tree) struct picture_tree tree = PICTURE_TREE_INIT;

    (void)state;
    (void)picture_tree_add_model(&tree, "/", "org/a");
    add_owned(&tree, "/", 0755, 0);
    (void)picture_tree_add_folder(&tree, "/b");
    picture_tree_arrange(&tree);
    CLEANUP(text) char *text = draw(&tree);
    assert_string_equal(text, "/ 0755 0:0\n+- org/a\n`- b\n");
}

/* Whoever wrote the image may have written any path. */
static void paths_that_nobody_has_are_dropped(void **state)
{
    CLEANUP(picture_tree) struct picture_tree tree = PICTURE_TREE_INIT;
    CLEANUP(buf) struct buf deep = BUF_INIT;

    (void)state;
    for (size_t i = 0; i < 100000; i++)
        buf_add_text(&deep, "/a");
    (void)picture_tree_add_folder(&tree, buf_text(&deep));
    (void)picture_tree_add_model(&tree, "relative", "org/a");
    (void)picture_tree_add_folder(&tree, "");
    (void)picture_tree_add_folder(&tree, "//");
    (void)picture_tree_add_folder(&tree, "/a//b/");
    picture_tree_arrange(&tree);
    for (size_t i = 0; i < tree.count; i++)
        assert_true(tree.nodes[i].depth < 64);
    assert_int_equal(tree.nodes[0].depth, 0);
}

static void trees_are_equal_if_all_that_is_shown_is(void **state)
{
    CLEANUP(picture_tree) struct picture_tree one = PICTURE_TREE_INIT;
    CLEANUP(picture_tree) struct picture_tree two = PICTURE_TREE_INIT;

    (void)state;
    add_owned(&one, "/a", 0755, 0);
    add_owned(&two, "/a", 0755, 0);
    picture_tree_arrange(&one);
    picture_tree_arrange(&two);
    assert_true(picture_tree_equal(&one, &two));
    two.nodes[1].uid = 7;
    assert_false(picture_tree_equal(&one, &two));
    two.nodes[1].uid = 0;
    (void)picture_tree_add_model(&two, "/a", "m");
    assert_false(picture_tree_equal(&one, &two));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_in_a_folder_follows_it),
        cmocka_unit_test(an_empty_tree_is_a_root),
        cmocka_unit_test(a_model_may_lie_in_the_root),
        cmocka_unit_test(paths_that_nobody_has_are_dropped),
        cmocka_unit_test(trees_are_equal_if_all_that_is_shown_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
