#include "testing/layers.h"

/* What cannot start offline whatever is baked is said where the version is known. */

#define SITE "usr/local/lib/python3.12/site-packages/"
#define LINE "asks the Hub what kind of model it is"

static void stack_transformers(struct bench *bench, const char *version)
{
    CLEANUP(text) char *info = xasprintf(SITE "transformers-%s.dist-info/METADATA", version);
    const struct item items[] = {{SITE "transformers/__init__.py", '0', 0644, 0, "x"},
                                 {info, '0', 0644, 0, "Name: transformers\n"}};

    put_image(bench->store, "bare", APP, 1);
    stack(bench->store, "bare", "base", items, ARRAY_SIZE(items));
}

static void a_version_that_asks_is_said_with_the_way_out(void **state)
{
    static const struct {
        const char *version, *layout;
        bool online, is_said;
    } cases[] = {
        {"4.57.1", "huggingface", false, false}, {"4.57.2", "huggingface", false, true},
        {"4.57.3", "huggingface", false, true},  {"4.57.3", "huggingface", true, false},
        {"4.57.3", "fastembed", false, false},   {"5.0.0", "huggingface", false, false},
    };
    struct bench *bench = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);
        CLEANUP(store) struct store *target = store_new_memory();
        struct inject_options options = make_options(bench, &model, 1);
        bench_choices(bench)[0].layout = layout_find(cases[i].layout);
        stack_transformers(bench, cases[i].version);
        options.target.store = target;
        options.placement.online = cases[i].online;
        buf_clear(&bench->said);
        inject(&options);
        const char *said = strstr(buf_text(&bench->said), LINE);
        if ((said != NULL) != cases[i].is_said)
            fail_msg("%s, %s: %s", cases[i].version, cases[i].layout, buf_text(&bench->said));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_version_that_asks_is_said_with_the_way_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
