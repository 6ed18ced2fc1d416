#include "picture/picture.h"

#include "picture/owned_test_internal.h"
#include "picture/picture_internal.h"
#include "testing/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct picture_layer *add(struct picture_stack *stack, const char *title, uint64_t size,
                                 size_t model)
{
    struct picture_layer *layer = picture_add_layer(stack, title);

    layer->size = size;
    layer->model = model;
    return layer;
}

/* A plan with one of everything. */
static void make_picture(struct picture *out)
{
    static const char digest[] =
        "sha256:5f1c0a1e5b7c2d3f4a596877665544332211ffeeddccbbaa9988776655443322";

    out->title = xstrdup("registry.example.com/rag:1.4-e5");
    out->about = xstrdup("What inlay inject would do.");
    out->tells_changes = true;
    picture_add_fact(out, "user", "1000:1000 (line 2 of /etc/passwd)");
    picture_add_fact(out, "nothing", "");
    strings_add(&out->models, "org/e5@main, 2.2 GB");
    struct picture_stack *stack = picture_add_stack(out, "linux/amd64");
    struct picture_layer *base = add(stack, "layer of the base", 30000000, PICTURE_OF_BASE);
    base->digest = xstrdup(digest);
    base->change = PICTURE_REUSED;
    struct picture_layer *large = add(stack, "model.safetensors of org/e5", 2200000000, 0);
    large->owner = xstrdup("0:0");
    large->change = PICTURE_NEW;
    add(stack, "folders", 4096, PICTURE_OF_IMAGE)->change = PICTURE_NEW;
    add(stack, "small files of org/e5", 9000, 0)->change = PICTURE_REPLACED;
    add_owned(&stack->tree, "/home", 0755, 0);
    add_owned(&stack->tree, "/home/app", 0750, 1000);
    add_owned(&stack->tree, "/home/app/.cache", 0755, 1000)->is_new = true;
    struct picture_node *model = picture_tree_add_model(&stack->tree, "/home/app/.cache", "org/e5");
    model->note = xstrdup("87cc5bb, 5 files");
    model->size = 2200009000;
    (void)picture_tree_add_link(&stack->tree, "/opt/hub", "org/e5", "/home/app/.cache");
    picture_tree_arrange(&stack->tree);
}

static void a_picture_is_drawn_as_it_was(void **state)
{
    CLEANUP(picture) struct picture picture = PICTURE_INIT;
    CLEANUP(buf) struct buf svg = BUF_INIT;
    CLEANUP(buf) struct buf html = BUF_INIT;

    (void)state;
    make_picture(&picture);
    picture_format_svg(&picture, &svg);
    picture_format_html(&picture, &html);
    check_golden("picture/plan.svg", &svg);
    check_golden("picture/plan.html", &html);
}

static void texts_of_strangers_are_only_read(void **state)
{
    static const struct {
        const char *text;
        size_t columns;
        const char *shown;
    } cases[] = {
        {"plain", 80, "plain"},
        {"<script>alert('&')</script>", 80, "&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;"},
        {"\" onload=\"x", 80, "&quot; onload=&quot;x"},
        {"a\x1b[2Jb\nc\x7f", 80, "a?[2Jb?c?"},
        {"\xe2\x80\xaegnp.exe", 80, "???gnp.exe"}, /* writes backwards */
        {"\xff\xfe", 80, "??"},
        {"\xef\xbf\xbe|\xef\xbf\xbf", 80, "?|?"}, /* no characters of XML */
        {"abcdef", 6, "abcdef"},
        {"abcdefg", 6, "abcde…"},
        {"<<<<", 3, "&lt;&lt;…"}, /* no half of an entity */
        {"模型模型", 8, "模型模型"},
        {"模型模型", 7, "模型模…"},
        {"", 3, ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buf) struct buf out = BUF_INIT;
        picture_add_fitted(&out, cases[i].text, cases[i].columns);
        if (strcmp(buf_text(&out), cases[i].shown) != 0)
            fail_msg("case %zu: %s", i, buf_text(&out));
    }
}

static void hostile_names_stand_nowhere_as_they_are(void **state)
{
    static const char evil[] = "\"'><script>x</script>&\x1b";
    CLEANUP(picture) struct picture picture = PICTURE_INIT;
    CLEANUP(buf) struct buf svg = BUF_INIT;
    CLEANUP(buf) struct buf html = BUF_INIT;

    (void)state;
    picture.title = xstrdup(evil);
    picture.about = xstrdup(evil);
    picture_add_fact(&picture, evil, evil);
    strings_add(&picture.models, evil);
    struct picture_stack *stack = picture_add_stack(&picture, evil);
    struct picture_layer *layer = add(stack, evil, UINT64_MAX, 0);
    layer->digest = xstrdup(evil);
    layer->owner = xstrdup(evil);
    add(stack, evil, UINT64_MAX, 1000); /* the sum has no place */
    CLEANUP(text) char *folder = xasprintf("/%s", evil);
    picture_tree_add_model(&stack->tree, folder, evil)->note = xstrdup(evil);
    (void)picture_tree_add_link(&stack->tree, folder, evil, evil);
    picture_tree_arrange(&stack->tree);
    picture_format_svg(&picture, &svg);
    picture_format_html(&picture, &html);
    assert_null(strstr(buf_text(&svg), "<script"));
    assert_null(strstr(buf_text(&html), "<script"));
    assert_null(strchr(buf_text(&svg), '\x1b'));
    assert_null(strchr(buf_text(&html), '\x1b'));
    check_golden("picture/hostile.svg", &svg);
    check_golden("picture/hostile.html", &html);
}

static void shares_are_told_where_they_are_small_too(void **state)
{
    static const struct {
        uint64_t part, whole;
        const char *shown;
    } cases[] = {{0, 0, "0 %"},         {0, 9, "0 %"},   {1, 1000000, "&lt; 0.1 %"},
                 {4, 1000, "0.4 %"},    {1, 2, "50 %"},  {996, 1000, "99.6 %"},
                 {1000, 1000, "100 %"}, {9, 3, "100 %"}, {UINT64_MAX, UINT64_MAX, "100 %"},
                 {989, 1000, "99 %"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buf) struct buf out = BUF_INIT;
        picture_add_share(&out, cases[i].part, cases[i].whole);
        if (strcmp(buf_text(&out), cases[i].shown) != 0)
            fail_msg("case %zu: %s", i, buf_text(&out));
    }
}

static void small_layers_stay_visible_and_large_ones_are_to_scale(void **state)
{
    const struct picture_sums sums = {.all = 1000000};
    const struct picture_layer tiny = {.size = 1};
    const struct picture_layer quarter = {.size = 250000};
    const struct picture_layer half = {.size = 500000};
    unsigned least = picture_height(&tiny, &sums);

    (void)state;
    assert_true(least >= 20);
    assert_int_equal(picture_height(&half, &sums) - least,
                     2 * (picture_height(&quarter, &sums) - least));
}

static void platforms_that_are_alike_are_drawn_once(void **state)
{
    CLEANUP(picture) struct picture picture = PICTURE_INIT;
    static const char *const names[] = {"linux/amd64", "linux/arm64", "linux/s390x"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct picture_stack *stack = picture_add_stack(&picture, names[i]);
        (void)add(stack, "base", i == 1 ? 2 : 1, PICTURE_OF_BASE);
        picture_tree_arrange(&stack->tree);
    }
    picture_merge(&picture);
    assert_int_equal(picture.stack_count, 2);
    assert_string_equal(picture.stacks[0].name, "linux/amd64, linux/s390x");
    assert_string_equal(picture.stacks[1].name, "linux/arm64");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_picture_is_drawn_as_it_was),
        cmocka_unit_test(texts_of_strangers_are_only_read),
        cmocka_unit_test(hostile_names_stand_nowhere_as_they_are),
        cmocka_unit_test(shares_are_told_where_they_are_small_too),
        cmocka_unit_test(small_layers_stay_visible_and_large_ones_are_to_scale),
        cmocka_unit_test(platforms_that_are_alike_are_drawn_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
