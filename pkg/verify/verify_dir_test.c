#include "verify/verify_test_internal.h"

/* The layout `dir`, whose place is the model's folder; and records that nobody of ours wrote. */

/* "out" has org/name in /srv/models, where the base has files of others already. */
static void inject_dir(struct bench *bench)
{
    static const struct item others[] = {
        {"srv/", '5', 0755, 0, NULL},
        {"srv/models/", '5', 0755, 0, NULL},
        {"srv/models/secret", '0', 0600, 0, "of root"},
        {"srv/models/fifo", '6', 0644, 0, NULL},
        {"srv/models/link", '2', 0777, 0, "nowhere"},
    };
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);
    struct inject_options options = make_options(bench, &model, 1);

    put_image(bench->store, "bare", APP, 1);
    stack(bench->store, "bare", "base", others, ARRAY_SIZE(others));
    bench_choices(bench)[0].layout = layout_find("dir");
    bench_choices(bench)[0].path = "/srv/models";
    inject(&options);
}

static void a_folder_may_be_that_of_others_too(void **state)
{
    struct bench *bench = *state;
    const struct verify_options options = verify_of(bench, "out");
    CLEANUP(verify_result) struct verify_result result = VERIFY_RESULT_INIT;

    inject_dir(bench);
    check_findings(&options, "");
    verify(&options, &result);
    const struct verify_model *model = &result.platforms[0].models[0];
    assert_true(model->is_checked);
    assert_string_equal(model->path, "/srv/models");
    assert_string_equal(model->canonical, "/srv/models");
    assert_int_equal(model->files, 3);
    assert_int_equal(model->size, WEIGHTS_SIZE + 8 + 8);
    assert_int_equal(model->notes.count, 0);
}

static void what_its_layers_state_has_to_be_there_and_readable(void **state)
{
    static const struct {
        struct item item;
        const char *findings;
    } cases[] = {
        {{"srv/models/.wh.secret", '0', 0, 0, NULL}, ""},
        {{"srv/models/other", '0', 0600, 0, "x"}, ""},
        {{"srv/models/config.json", '0', 0644, 5, "{\"a\":1}\n"}, ""},
        {{"srv/models/.wh.config.json", '0', 0, 0, NULL},
         "hidden /srv/models/config.json: layer 6 of 6 removes '/srv/models/config.json'\n"},
        {{"srv/models/config.json", '0', 0644, 0, "{\"a\":2}\n"},
         "replaced /srv/models/config.json: layer 6 of 6 has other content in "
         "'/srv/models/config.json' than the model\n"},
        {{"srv/models/config.json", '2', 0777, 0, "1_Pooling/config.json"},
         "replaced /srv/models/config.json: layer 6 of 6 has a link at '/srv/models/config.json', "
         "where the model has something else\n"},
        {{"srv/models/config.json", '0', 0600, 0, "{\"a\":1}\n"},
         "unreadable /srv/models/config.json: the user 1000:1000 cannot read "
         "'/srv/models/config.json', which is 0600 0:0\n"},
        {{"srv/models/1_Pooling/", '5', 0700, 0, NULL},
         "unreadable /srv/models/1_Pooling: the user 1000:1000 cannot enter "
         "'/srv/models/1_Pooling', which is 0700 0:0\n"},
        {{"srv/models/", '5', 0711, 0, NULL},
         "unreadable /srv/models: the user 1000:1000 cannot list '/srv/models', which is 0711 "
         "0:0\n"},
        {{"srv/", '5', 0700, 0, NULL},
         "unreadable /srv: the user 1000:1000 cannot enter '/srv', which is 0700 0:0\n"},
        {{"srv/.wh.models", '0', 0, 0, NULL},
         "hidden /srv/models: layer 6 of 6 removes '/srv/models'\n"},
        {{"srv/models", '2', 0777, 0, "/opt"},
         "replaced /srv/models: layer 6 of 6 has a link at '/srv/models', where the model has a "
         "folder\n"},
    };
    struct bench *bench = *state;

    inject_dir(bench);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct verify_options options = verify_of(bench, "above");
        stack(bench->store, "out", "above", &cases[i].item, 1);
        check_findings(&options, cases[i].findings);
    }
}

static int open_folder(void *arg, const struct origin *model, struct source **out,
                       struct error *err)
{
    const struct bench *bench = arg;

    return source_open_directory(bench->folder, model, model->revision, out, err);
}

static void each_file_is_compared_with_the_hubs_by_its_path(void **state)
{
    struct bench *bench = *state;
    struct verify_options options = verify_of(bench, "out");
    CLEANUP(text) char *config = xasprintf("%s/config.json", bench->folder);

    inject_dir(bench);
    options.open_source = open_folder;
    options.open_arg = bench;
    check_findings(&options, "");
    write_file(bench, "1_Pooling/config.json", "{\"a\":2}\n", 8);
    write_file(bench, "model.safetensors", "short", 5);
    assert_int_equal(remove(config), 0);
    check_findings(&options,
                   "not-the-hubs /srv/models/1_Pooling/config.json: '1_Pooling/config.json' has "
                   "the digest " CONFIG_BLOB
                   ", the Hub's has 1a88562ae628d884061e92a56dadcf57bc713f0a\n"
                   "not-the-hubs /srv/models/config.json: the Hub has no 'config.json' at this "
                   "commit\n"
                   "not-the-hubs /srv/models/model.safetensors: 'model.safetensors' has 2097152 "
                   "bytes, the Hub's has 5\n");
}

#define NO_NAME(name)                                                                              \
    "unchecked -: the recorded name '" name                                                        \
    "' is none of a model, expected 'org/name' or 'datasets/org/name'\n"
#define NO_PLACE(place)                                                                            \
    "unchecked -: the recorded place '" place "' is not the absolute path of a folder\n"

/* What a stranger records decides on no path, no request and no crash. */
static void a_record_that_does_not_fit_cannot_be_checked(void **state)
{
    static const char *const layouts[] = {"huggingface", "sentence-transformers", "dir"};
    static const struct {
        const char *member, *value, *findings;
    } cases[] = {
        {"layout", "\"\"", "unchecked -: the layout '' is not known to this version of inlay\n"},
        {"layout", "\"di\\u001br\"",
         "unchecked -: the layout 'di?r' is not known to this version of inlay\n"},
        {"commit", "\"\"", ""}, /* nobody of ours wrote it */
        {"commit", "\"abc\"", ""},
        {"commit", "\"sha256:" COMMIT_A "aaaaaaaaaaaaaaaaaaaaaaaa\"", ""}, /* of another source */
        {"commit", "\"../../../etc/passwd\"", ""},
        {"model", "\"\"", NO_NAME("")},
        {"model", "\"datasets/\"", NO_NAME("datasets/")},
        {"model", "\"models/name\"", NO_NAME("models/name")},
        {"model", "\"hf://org/name\"", NO_NAME("hf://org/name")},
        {"model", "\"a/b/c\"", NO_NAME("a/b/c")},
        {"model", "\"org/name@main\"", NO_NAME("org/name@main")},
        {"model", "\"..\"", NO_NAME("..")},
        {"place", "\"\"", NO_PLACE("")},
        {"place", "\"srv\"", NO_PLACE("srv")},
        {"place", "\"//\"", NO_PLACE("//")},
        {"place", "\"/a/\"", NO_PLACE("/a/")},
        {"place", "\"/a//b\"", NO_PLACE("/a//b")},
        {"place", "\"/./a\"", NO_PLACE("/./a")},
        {"place", "\"/a/..\"", NO_PLACE("/a/..")},
        {"place", "\"/../a\"", NO_PLACE("/../a")},
    };
    struct bench *bench = *state;
    struct verify_options options = verify_of(bench, "changed");

    options.open_source = open_folder;
    options.open_arg = bench;
    write_file(bench, "modules.json", "[]", 2);
    for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
        CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);
        struct inject_options how = make_options(bench, &model, 1);
        put_image(bench->store, "base", APP, 1);
        bench_choices(bench)[0].layout = layout_find(layouts[i]);
        bench_choices(bench)[0].path =
            bench_choices(bench)[0].layout->takes_path ? "/srv/models" : NULL;
        inject(&how);
        for (size_t k = 0; k < ARRAY_SIZE(cases); k++) {
            put_record(bench->store, "changed", cases[k].member, cases[k].value);
            check_findings(&options, cases[k].findings);
        }
    }
}

/* Well-formed, and not what the image has. */
static void a_record_of_something_else_is_a_finding(void **state)
{
    static const struct {
        const char *member, *value, *findings;
    } cases[] = {
        {"layout", "\"sentence-transformers\"",
         "elsewhere /home/app/.cache/torch/sentence_transformers: the loader of the user 1000:1000 "
         "looks in '/home/app/.cache/torch/sentence_transformers', the model is in "
         "'/srv/models'\n"
         "missing /srv/models/org_name: '/srv/models/org_name' is not there\n"},
        {"place", "\"/\"",
         "unchecked -: '/' cannot be the model's folder; name an absolute path below /\n"},
        {"place", "\"/srv\"", ""},
        {"place", "\"/empty\"", "missing /empty: '/empty' is not there\n"},
        {"place", "\"/srv/models/1_Pooling/config.json\"",
         "replaced /srv/models/1_Pooling/config.json: layer 4 of 5 has a file at "
         "'/srv/models/1_Pooling/config.json', where the model has something else\n"},
        {"place", "\"/srv/mod\"", "missing /srv/mod: '/srv/mod' is not there\n"},
        {"model", "\"datasets/org/name\"", ""},
    };
    struct bench *bench = *state;
    const struct verify_options options = verify_of(bench, "changed");

    inject_dir(bench);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        put_record(bench->store, "changed", cases[i].member, cases[i].value);
        check_findings(&options, cases[i].findings);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_folder_may_be_that_of_others_too),
        BENCH_TEST(what_its_layers_state_has_to_be_there_and_readable),
        BENCH_TEST(each_file_is_compared_with_the_hubs_by_its_path),
        BENCH_TEST(a_record_that_does_not_fit_cannot_be_checked),
        BENCH_TEST(a_record_of_something_else_is_a_finding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
