#include "verify/verify_test_internal.h"

/* A model in a shared folder, which the user's loader comes to by a link. */

#define SHARED "usr/share/models/models--org--name"
#define LOOKS                                                                                      \
    "elsewhere /" FOLDER ": the loader of the user 1000:1000 looks at '/" FOLDER                   \
    "', which does not lead to the model in '/" SHARED "'\n"

static void inject_shared(struct bench *bench)
{
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);
    struct inject_options options = make_options(bench, &model, 1);

    inject_app(bench); /* makes the base; its model is replaced */
    options.placement.shared = "/usr/share/models";
    options.base.version = "out";
    inject(&options);
}

static void a_model_behind_a_link_is_found_by_the_loaders_path(void **state)
{
    struct bench *bench = *state;
    const struct verify_options options = verify_of(bench, "out");
    CLEANUP(verify_result) struct verify_result result = VERIFY_RESULT_INIT;

    inject_shared(bench);
    verify(&options, &result);
    assert_int_equal(result.finding_count, 0);
    assert_int_equal(result.platforms[0].model_count, 1);
    const struct verify_model *model = &result.platforms[0].models[0];
    assert_string_equal(model->place, "/usr/share/models");
    assert_string_equal(model->path, "/" FOLDER);
    assert_string_equal(model->canonical, "/" SHARED);
    assert_string_equal(model->links.items[0], "/" PLACE);
    assert_int_equal(model->files, 3);
}

static void a_link_that_does_not_lead_there_is_a_finding(void **state)
{
    static const struct {
        struct item items[2];
        const char *findings;
    } cases[] = {
        {{{PLACE "/.wh.models--org--name", '0', 0, 0, NULL}},
         LOOKS "hidden /" FOLDER ": layer 7 of 7 removes '/" FOLDER "'\n"},
        {{{FOLDER, '2', 0777, 1000, "/nowhere"}},
         LOOKS "replaced /" FOLDER ": layer 7 of 7 has another link '/" FOLDER
               "' than the model\n"},
        {{{FOLDER "/", '5', 0755, 1000, NULL}},
         LOOKS "replaced /" FOLDER ": layer 7 of 7 has a folder at '/" FOLDER
               "', where the model has something else\n"},
        {{{PLACE "/", '5', 0, 0, NULL}},
         "unreadable /" PLACE ": the user 1000:1000 cannot enter '/" PLACE
         "', which is 0000 0:0\n"},
        {{{"usr/share/.wh.models", '0', 0, 0, NULL}},
         LOOKS "hidden /usr/share/models: layer 7 of 7 removes '/usr/share/models'\n"},
    };
    struct bench *bench = *state;

    inject_shared(bench);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct verify_options options = verify_of(bench, "above");
        stack(bench->store, "out", "above", cases[i].items, ARRAY_SIZE(cases[i].items));
        check_findings(&options, cases[i].findings);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_model_behind_a_link_is_found_by_the_loaders_path),
        BENCH_TEST(a_link_that_does_not_lead_there_is_a_finding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
