#include "inspect/inspect.h"

#include "testing/layers.h"

static void look(struct store *store, const char *version, struct inspect_result *out)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    if (inspect_run(store, version, out, &err) < 0)
        fail_msg("%s", err.text);
}

static void models_are_told_with_what_was_recorded(void **state)
{
    static const char *const chosen[] = {"X=y", NULL};
    struct bench *bench = *state;
    CLEANUP(source) struct source *one = open_model(bench, "org/one", "main", COMMIT_A);
    CLEANUP(source) struct source *two = open_model(bench, "two", "v2", COMMIT_B);
    struct source *both[] = {two, one};
    struct inject_options options = make_options(bench, both, 2);
    CLEANUP(inspect_result) struct inspect_result result = INSPECT_RESULT_INIT;
    struct descriptor base = put_image(bench->store, "base", PLAIN, 3);

    options.placement.environment = chosen;
    struct inject_result injected = inject(&options);
    look(bench->store, "out", &result);
    assert_true(digest_equal(&result.manifest.digest, &injected.manifest.digest));
    assert_int_equal(result.model_count, 2);
    const struct inspect_model *model = &result.models[0];
    assert_string_equal(model->name, "org/one");
    assert_string_equal(model->commit, COMMIT_A);
    assert_string_equal(model->layout, "huggingface");
    assert_string_equal(model->place, "/root/.cache/huggingface/hub");
    assert_int_equal(model->kind, ORIGIN_HUB_MODEL);
    assert_int_equal(model->layer_count, 2);
    assert_string_equal(model->layers[0].kind, "medium");
    assert_string_equal(model->layers[1].kind, "small");
    assert_true(digest_equal(&model->layers[0].digest, &model->layers[0].diff_id));
    assert_true(model->layers[0].size > WEIGHTS_SIZE);
    assert_int_equal(model->size, model->layers[0].size + model->layers[1].size);
    assert_int_equal(model->files, 3);
    assert_int_equal(model->platforms.count, 1);
    assert_int_equal(result.models[1].files, 3);
    assert_string_equal(result.models[1].name, "two");
    assert_string_equal(result.models[1].commit, COMMIT_B);

    assert_int_equal(result.platform_count, 1);
    assert_string_equal(result.platforms[0].name, "linux/amd64");
    assert_string_equal(result.platforms[0].base_name, "registry.example.com/base:1");
    assert_string_equal(result.platforms[0].base_digest, digest_format(&base.digest).text);
    assert_int_equal(result.platforms[0].environment.count, 2);
    assert_string_equal(result.platforms[0].environment.items[1], "X=y");
}

static void an_image_without_models_is_no_failure(void **state)
{
    struct bench *bench = *state;
    CLEANUP(inspect_result) struct inspect_result result = INSPECT_RESULT_INIT;

    put_image(bench->store, "base", PLAIN ",\"history\":[{\"comment\":\"{\\\"inlay\\\":1}\"}]", 1);
    look(bench->store, "base", &result);
    assert_int_equal(result.model_count, 0);
    assert_int_equal(result.platform_count, 1);
    assert_null(result.platforms[0].base_digest);
}

/* Plain files of several layers, and the links of the Hub's cache, whose blobs do not count. */
static void the_files_of_a_model_are_counted_over_its_layers(void **state)
{
    static const char *const layouts[] = {"huggingface", "sentence-transformers"};
    struct bench *bench = *state;
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);
    struct inject_options options = make_options(bench, &model, 1);

    put_image(bench->store, "base", PLAIN, 1);
    write_file(bench, "modules.json", "[]", 2);
    bench_choices(bench)[0].selection.all_files = true;
    for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
        CLEANUP(inspect_result) struct inspect_result result = INSPECT_RESULT_INIT;
        bench_choices(bench)[0].layout = layout_find(layouts[i]);
        inject(&options);
        look(bench->store, "out", &result);
        assert_int_equal(result.models[0].layer_count, 2);
        assert_int_equal(result.models[0].files, 5);
    }
}

static struct descriptor put_index_of(struct store *store, const char *version,
                                      const struct descriptor *entries, size_t count)
{
    CLEANUP(buf) struct buf index = BUF_INIT;

    buf_add_text(&index, "{\"schemaVersion\":2,\"manifests\":[");
    for (size_t i = 0; i < count; i++)
        buf_addf(&index, "%s{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%llu}",
                 i > 0 ? "," : "", entries[i].media_type, digest_format(&entries[i].digest).text,
                 (unsigned long long)entries[i].size);
    buf_add_text(&index, "]}");
    return put_manifest(store, version, buf_text(&index), MEDIA_TYPE_OCI_INDEX);
}

static struct descriptor inject_platform(struct bench *bench, const char *members,
                                         struct source *model)
{
    struct inject_options options = make_options(bench, &model, 1);

    put_image(bench->store, "base", members, 1);
    return inject(&options).manifest;
}

/* Of three platforms two agree; one has the model elsewhere, and one has none. */
static void platforms_that_agree_are_told_once(void **state)
{
    struct bench *bench = *state;
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);
    CLEANUP(inspect_result) struct inspect_result result = INSPECT_RESULT_INIT;
    struct descriptor images[] = {
        inject_platform(bench, "\"os\":\"linux\",\"architecture\":\"amd64\"", model),
        inject_platform(bench, "\"os\":\"linux\",\"architecture\":\"arm64\"", model),
        inject_platform(bench,
                        "\"os\":\"linux\",\"architecture\":\"arm\",\"variant\":\"v7\",\"config\":{"
                        "\"Env\":[\"HF_HOME=/opt\"]}",
                        model),
        put_image(bench->store, NULL, "\"os\":\"linux\",\"architecture\":\"s390x\"", 1),
    };
    struct descriptor inner = put_index_of(bench->store, NULL, images, 2);
    struct descriptor outer[] = {inner, images[2], images[3]};

    put_index_of(bench->store, "all", outer, ARRAY_SIZE(outer)); /* an index in it, too */
    look(bench->store, "all", &result);
    assert_int_equal(result.platform_count, 4);
    assert_int_equal(result.model_count, 2);
    assert_int_equal(result.models[0].platforms.count, 2);
    assert_string_equal(result.models[0].platforms.items[1], "linux/arm64");
    assert_int_equal(result.models[1].platforms.count, 1);
    assert_string_equal(result.models[1].platforms.items[0], "linux/arm/v7");
    assert_string_equal(result.models[1].place, "/opt/hub");
    assert_null(result.platforms[3].base_digest);
}

static void what_is_no_image_is_refused_with_its_name(void **state)
{
    struct bench *bench = *state;
    CLEANUP(inspect_result) struct inspect_result result = INSPECT_RESULT_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct descriptor index = put_image(bench->store, "base", PLAIN, 1);

    assert_int_equal(inspect_run(bench->store, "none", &result, &err), -1);
    assert_int_equal(err.kind, ERROR_NOT_FOUND);
    assert_non_null(strstr(err.text, "the image memory:"));
    for (size_t i = 0; i < 6; i++)
        index = put_index_of(bench->store, "deep", &index, 1);
    assert_int_equal(inspect_run(bench->store, "deep", &result, &err), -1);
    assert_int_equal(err.kind, ERROR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "more than 4 indexes one in another"));
    put_image(bench->store, "windows", "\"os\":\"windows\",\"architecture\":\"amd64\"", 1);
    assert_int_equal(inspect_run(bench->store, "windows", &result, &err), -1);
    assert_non_null(strstr(err.text, "Windows"));
}

static void a_record_whose_commit_is_none_is_nobodys(void **state)
{
    static const char *const commits[] = {"\"\"", "\"abc\"", "\"../..\"", "null", "7"};
    struct bench *bench = *state;
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);
    struct inject_options options = make_options(bench, &model, 1);
    CLEANUP(inspect_result) struct inspect_result result = INSPECT_RESULT_INIT;

    put_image(bench->store, "base", PLAIN, 1);
    inject(&options);
    for (size_t i = 0; i < ARRAY_SIZE(commits); i++) {
        put_record(bench->store, "changed", "commit", commits[i]);
        look(bench->store, "changed", &result);
        assert_int_equal(result.platform_count, 1);
        assert_int_equal(result.model_count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(models_are_told_with_what_was_recorded),
        BENCH_TEST(the_files_of_a_model_are_counted_over_its_layers),
        BENCH_TEST(an_image_without_models_is_no_failure),
        BENCH_TEST(platforms_that_agree_are_told_once),
        BENCH_TEST(what_is_no_image_is_refused_with_its_name),
        BENCH_TEST(a_record_whose_commit_is_none_is_nobodys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
