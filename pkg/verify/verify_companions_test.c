#include "verify/verify_test_internal.h"

/* What a model makes its loader ask for besides has to be in the image, whoever has put it there.
 */

#define CODE PLACE "/models--org--code"
#define BASE PLACE "/models--org--base"
#define COMMIT_C "cccccccccccccccccccccccccccccccccccccccc"
#define AUTO_MAP "{\"auto_map\": {\"AutoModel\": \"org/code--modeling.Model\"}}"
#define ADAPTER "{\"base_model_name_or_path\": \"org/base\"}"
#define LACKS_CODE                                                                                 \
    "no-companion /" PLACE ": the first start will ask for org/code@main (config.json: "           \
    "auto_map.AutoModel, code that is run), which is not in '/" PLACE                              \
    "': 'inlay inject IMAGE org/name --to TARGET' takes it along\n"
#define LACKS_BASE                                                                                 \
    "no-companion /" PLACE ": the first start will ask for org/base@main (adapter_config.json: "   \
    "base_model_name_or_path, the adapter's base model), which is not in '/" PLACE                 \
    "': 'inlay inject IMAGE org/name --companions --to TARGET' takes it along\n"

static void inject_with(struct bench *bench, const char *name, const char *text)
{
    CLEANUP(text) char *path = xasprintf("%s/%s", bench->folder, name);

    write_file(bench, name, text, strlen(text));
    inject_app(bench);
    if (strcmp(name, "config.json") != 0)
        remove(path);
}

static bool has_note(const struct bench *bench, const char *version, const char *part)
{
    const struct verify_options options = verify_of(bench, version);
    CLEANUP(verify_result) struct verify_result result = VERIFY_RESULT_INIT;
    bool has = false;

    verify(&options, &result);
    const struct strings *notes = &result.platforms[0].models[0].notes;
    for (size_t i = 0; i < notes->count; i++)
        has = has || strstr(notes->items[i], part) != NULL;
    return has;
}

static void code_of_another_repository_has_to_be_where_its_loader_looks(void **state)
{
    static const struct {
        struct item items[3];
        const char *findings;
    } cases[] = {
        {{{"home/app/x", '0', 0644, 0, "harmless"}}, LACKS_CODE},
        {{{CODE "/refs/main", '0', 0644, 1000, COMMIT_C},
          {CODE "/snapshots/" COMMIT_C "/modeling.py", '0', 0644, 1000, "class Model: pass\n"}},
         ""},
        {{{CODE "/refs/main", '0', 0644, 1000, COMMIT_C},
          {CODE "/blobs/1", '0', 0644, 1000, "class Model: pass\n"},
          {CODE "/snapshots/" COMMIT_C "/modeling.py", '2', 0777, 1000, "../../blobs/1"}},
         ""},
        /* One that its loader does not find, or of which it is not all that it needs. */
        {{{CODE "/snapshots/" COMMIT_C "/modeling.py", '0', 0644, 1000, "class Model: pass\n"}},
         LACKS_CODE},
        {{{CODE "/refs/main", '0', 0644, 1000, COMMIT_C "\n"},
          {CODE "/snapshots/" COMMIT_C "/modeling.py", '0', 0644, 1000, "class Model: pass\n"}},
         LACKS_CODE},
        {{{CODE "/refs/main", '0', 0644, 1000, COMMIT_B},
          {CODE "/snapshots/" COMMIT_C "/modeling.py", '0', 0644, 1000, "class Model: pass\n"}},
         LACKS_CODE},
        {{{CODE "/refs/main", '0', 0644, 1000, COMMIT_C},
          {CODE "/snapshots/" COMMIT_C "/config.json", '0', 0644, 1000, "{}"}},
         LACKS_CODE},
        {{{CODE "/refs/main", '0', 0644, 1000, COMMIT_C},
          {CODE "/snapshots/" COMMIT_C "/modeling.py", '2', 0777, 1000, "../../blobs/1"}},
         LACKS_CODE},
        {{{CODE "/refs/main", '0', 0644, 1000, COMMIT_C},
          {CODE "/snapshots/" COMMIT_C "/modeling.py", '0', 0600, 0, "class Model: pass\n"}},
         LACKS_CODE},
    };
    struct bench *bench = *state;

    inject_with(bench, "config.json", AUTO_MAP);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct verify_options options = verify_of(bench, "above");
        stack(bench->store, "out", "above", cases[i].items, ARRAY_SIZE(cases[i].items));
        check_findings(&options, cases[i].findings);
        options.companions_are_notes = true;
        check_findings(&options, "");
    }
}

static void the_command_line_names_the_same_model(void **state)
{
    static const struct {
        const char *revision, *layout, *model;
    } cases[] = {
        {"main", "huggingface", "'inlay inject IMAGE org/name --companions --to TARGET'"},
        {"v1", "huggingface", "'inlay inject IMAGE org/name@v1 --companions --to TARGET'"},
        {"main", "fastembed",
         "'inlay inject IMAGE org/name,layout=fastembed --companions --to TARGET'"},
    };
    struct bench *bench = *state;

    CLEANUP(text) char *path = xasprintf("%s/adapter_config.json", bench->folder);

    inject_app(bench);
    write_file(bench, "adapter_config.json", ADAPTER, strlen(ADAPTER));
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct verify_options look = verify_of(bench, "out");
        CLEANUP(verify_result) struct verify_result result = VERIFY_RESULT_INIT;
        CLEANUP(source)
        struct source *model = open_model(bench, "org/name", cases[i].revision, COMMIT_A);
        struct inject_options options = make_options(bench, &model, 1);
        bench_choices(bench)[0].layout = layout_find(cases[i].layout);
        inject(&options);
        verify(&look, &result);
        CLEANUP(text) char *found = findings_text(&result);
        if (strstr(found, cases[i].model) == NULL)
            fail_msg("%s: %s", cases[i].model, found);
    }
    remove(path);
}

static void an_adapter_needs_its_base_with_weights(void **state)
{
    static const struct item whole[] = {
        {BASE "/refs/main", '0', 0644, 1000, COMMIT_C},
        {BASE "/snapshots/" COMMIT_C "/config.json", '0', 0644, 1000, "{}"},
        {BASE "/snapshots/" COMMIT_C "/unet/model.safetensors", '0', 0644, 1000, "weights"}};
    struct bench *bench = *state;
    const struct verify_options small = verify_of(bench, "small");
    const struct verify_options large = verify_of(bench, "large");
    const struct verify_options out = verify_of(bench, "out");

    inject_with(bench, "adapter_config.json", "{\"base_model_name_or_path\": \"org/base\"}");
    check_findings(&out, LACKS_BASE);
    stack(bench->store, "out", "small", whole, 2);
    check_findings(&small, LACKS_BASE);
    stack(bench->store, "out", "large", whole, 3);
    check_findings(&large, "");
}

static void a_base_that_is_there_for_another_loader_will_do(void **state)
{
    struct bench *bench = *state;
    const struct verify_options out = verify_of(bench, "out");
    CLEANUP(source) struct source *base = open_model(bench, "org/base", "main", COMMIT_C);
    struct inject_options more = make_options(bench, &base, 1);

    inject_with(bench, "adapter_config.json", "{\"base_model_name_or_path\": \"org/base\"}");
    bench_choices(bench)[0].layout = layout_find("dir");
    bench_choices(bench)[0].path = "/models/base";
    more.base.version = "out";
    inject(&more);
    check_findings(&out, "");
}

static void what_a_loader_may_ask_for_is_a_note(void **state)
{
    struct bench *bench = *state;
    const struct verify_options out = verify_of(bench, "out");

    inject_with(bench, "config.json",
                "{\"model_type\": \"detr\", \"backbone\": \"timm/resnet50.a1_in1k\", "
                "\"use_timm_backbone\": true}");
    check_findings(&out, "");
    assert_true(has_note(bench, "out", "the first start may ask for timm/resnet50.a1_in1k@main"));
    inject_with(bench, "adapter_config.json", "{\"base_model_name_or_path\": \"/home/me/llama\"}");
    check_findings(&out, "");
    assert_true(has_note(bench, "out", "'/home/me/llama', which adapter_config.json names"));
}

/* More small files than are read: what decides lies at the root, wherever it is in the order. */
static void of_many_files_those_at_the_root_are_read(void **state)
{
    struct bench *bench = *state;
    const struct verify_options options = verify_of(bench, "many");
    struct item items[101];
    char *paths[100];

    inject_with(bench, "config.json", "{}");
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        paths[i] = xasprintf(SNAPSHOT "/%03zu/config.json", i);
        items[i] = (struct item){paths[i], '0', 0644, 1000, "{}"};
    }
    items[100] = (struct item){SNAPSHOT "/tokenizer_config.json", '0', 0644, 1000, AUTO_MAP};
    stack(bench->store, "out", "many", items, ARRAY_SIZE(items));
    CLEANUP(verify_result) struct verify_result result = VERIFY_RESULT_INIT;
    verify(&options, &result);
    CLEANUP(text) char *found = findings_text(&result);
    assert_non_null(strstr(found, "(tokenizer_config.json: auto_map.AutoModel"));
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
        free(paths[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(code_of_another_repository_has_to_be_where_its_loader_looks),
        BENCH_TEST(the_command_line_names_the_same_model),
        BENCH_TEST(an_adapter_needs_its_base_with_weights),
        BENCH_TEST(a_base_that_is_there_for_another_loader_will_do),
        BENCH_TEST(what_a_loader_may_ask_for_is_a_note),
        BENCH_TEST(of_many_files_those_at_the_root_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
