#include "inject/inject.h"

#include "inject/materials.h"
#include "testing/inject_bench.h"

#include "testing/golden.h"

#define GOLDEN "inject/"

static void the_result_is_its_golden_documents_whatever_the_number_of_jobs(void **state)
{
    static const unsigned jobs[] = {1, 2, 8};
    struct bench *bench = *state;
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);

    put_image(bench->store, "base", PLAIN, 2);
    for (size_t i = 0; i < ARRAY_SIZE(jobs); i++) {
        CLEANUP(document) struct document manifest = DOCUMENT_INIT;
        CLEANUP(buf) struct buf config = BUF_INIT;
        CLEANUP(store) struct store *target = store_new_memory();
        struct inject_options options = make_options(bench, &model, 1);
        options.target.store = target;
        options.run.jobs = jobs[i];
        struct inject_result result = inject(&options);
        read_document(target, "out", &manifest);
        read_config(target, "out", &config);
        check_golden(GOLDEN "manifest.json", &manifest.bytes);
        check_golden(GOLDEN "config.json", &config);
        assert_true(digest_equal(&result.manifest.digest, &manifest.descriptor.digest));
        assert_int_equal(result.layers_built, 3); /* medium, small, folders */
    }
    assert_non_null(strstr(buf_text(&bench->said), "left out of org/name: pytorch_model.bin"));
    assert_non_null(strstr(buf_text(&bench->said), "setting HF_HUB_OFFLINE=1"));
}

static void a_second_run_moves_no_byte_and_gives_the_same(void **state)
{
    struct bench *bench = *state;
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);
    struct inject_options options = make_options(bench, &model, 1);

    put_image(bench->store, "base", PLAIN, 1);
    struct inject_result first = inject(&options);
    struct inject_result second = inject(&options);
    assert_true(digest_equal(&first.manifest.digest, &second.manifest.digest));
    assert_int_equal(first.model_size, WEIGHTS_SIZE + 8); /* two paths of one content */
    assert_int_equal(second.model_size, 0);
    assert_int_equal(second.layers_built, 0);
    assert_int_equal(second.layers_reused, 3);
}

static void a_run_tells_places_and_sizes_and_what_was_spared(void **state)
{
    struct bench *bench = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(materials) struct materials told = MATERIALS_INIT;
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);
    CLEANUP(document) struct document manifest = DOCUMENT_INIT;
    struct inject_options options = make_options(bench, &model, 1);
    struct inject_result result;
    uint64_t size = 0;

    put_image(bench->store, "base", PLAIN, 2);
    struct inject_result first = inject(&options);
    if (inject_run_told(&options, &result, &told, &err) < 0)
        fail_msg("%s", err.text);
    assert_true(result.spared_size >= first.model_size);
    assert_int_equal(told.models.count, 1);
    assert_int_equal(told.places[0].count, 1);
    assert_int_equal(told.places[0].items[0][0], '/');
    assert_int_equal(told.image_count, 1);
    assert_string_equal(told.images[0].platform, "linux/amd64");
    read_document(bench->store, "out", &manifest);
    json_t *layers = json_object_get(manifest.json, "layers");
    for (size_t i = 0; i < json_array_size(layers); i++)
        size += (uint64_t)json_integer_value(json_object_get(json_array_get(layers, i), "size"));
    assert_int_equal(told.images[0].size, size);
    for (size_t i = 0; i < 2; i++) /* less those of the base, which has two */
        size -= (uint64_t)json_integer_value(json_object_get(json_array_get(layers, i), "size"));
    assert_int_equal(told.images[0].models_size, size);
}

static void injecting_into_the_result_replaces_and_does_not_stack(void **state)
{
    struct bench *bench = *state;
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);
    struct inject_options options = make_options(bench, &model, 1);

    put_image(bench->store, "base", PLAIN, 1);
    struct inject_result first = inject(&options);
    options.base.version = "out";
    options.base.name = "registry.example.com/out:1";
    struct inject_result again = inject(&options);
    assert_true(digest_equal(&first.manifest.digest, &again.manifest.digest));
    assert_int_equal(again.model_size, 0);
}

static void a_new_revision_takes_the_place_of_the_old(void **state)
{
    struct bench *bench = *state;
    CLEANUP(source) struct source *old = open_model(bench, "org/name", "main", COMMIT_A);
    CLEANUP(source) struct source *new = open_model(bench, "org/name", "main", COMMIT_B);
    struct inject_options options = make_options(bench, &new, 1);

    put_image(bench->store, "base", PLAIN, 1);
    struct inject_result direct = inject(&options);
    options.models.sources = &old;
    options.target.version = "old";
    struct inject_result first = inject(&options);
    options.models.sources = &new;
    options.base.version = "old";
    options.target.version = "over-old";
    struct inject_result over = inject(&options);
    assert_false(digest_equal(&first.manifest.digest, &over.manifest.digest));
    assert_true(digest_equal(&direct.manifest.digest, &over.manifest.digest));
    assert_int_equal(over.model_size, 8); /* the weights are known from BASE */
}

static void the_order_of_models_and_of_calls_does_not_matter(void **state)
{
    struct bench *bench = *state;
    CLEANUP(source) struct source *one = open_model(bench, "org/one", "main", COMMIT_A);
    CLEANUP(source) struct source *two = open_model(bench, "org/two", "main", COMMIT_B);
    struct source *both[] = {one, two};
    struct source *reversed[] = {two, one};
    struct inject_options options = make_options(bench, both, 2);

    put_image(bench->store, "base", PLAIN, 1);
    struct inject_result together = inject(&options);
    options.models.sources = reversed;
    options.target.version = "reversed";
    struct inject_result other_order = inject(&options);
    assert_true(digest_equal(&together.manifest.digest, &other_order.manifest.digest));

    options.models.sources = &two;
    options.models.count = 1;
    options.target.version = "two";
    inject(&options);
    options.models.sources = &one;
    options.base.version = "two";
    options.target.version = "one-by-one";
    struct inject_result one_by_one = inject(&options);
    assert_true(digest_equal(&together.manifest.digest, &one_by_one.manifest.digest));
}

static void the_environment_says_offline_unless_somebody_objects(void **state)
{
    static const char *const chosen[] = {"HF_HUB_OFFLINE=0", "X=y", NULL};
    static const struct {
        const char *members;
        bool online;
        const char *const *environment;
        const char *expected; /* in the config */
        const char *unexpected;
    } cases[] = {
        {PLAIN, false, NULL, "\"Env\":[\"HF_HUB_OFFLINE=1\"]", "=0"},
        {PLAIN, true, NULL, "\"rootfs\"", "HF_HUB_OFFLINE"},
        {PLAIN, false, chosen, "\"Env\":[\"HF_HUB_OFFLINE=0\",\"X=y\"]", "OFFLINE=1"},
        {PLAIN ",\"config\":{\"Env\":[\"HF_HUB_OFFLINE=0\"]}", false, NULL,
         "\"Env\":[\"HF_HUB_OFFLINE=0\"]", "OFFLINE=1"},
    };
    struct bench *bench = *state;
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buf) struct buf config = BUF_INIT;
        struct inject_options options = make_options(bench, &model, 1);
        put_image(bench->store, "base", cases[i].members, 1);
        options.placement.online = cases[i].online;
        options.placement.environment = cases[i].environment;
        inject(&options);
        read_config(bench->store, "out", &config);
        if (strstr(buf_text(&config), cases[i].expected) == NULL ||
            strstr(buf_text(&config), cases[i].unexpected) != NULL)
            fail_msg("case %zu: %s", i, buf_text(&config));
    }
}

static void what_was_set_before_stays_set(void **state)
{
    static const char *const chosen[] = {"X=y", NULL};
    struct bench *bench = *state;
    CLEANUP(source) struct source *one = open_model(bench, "org/one", "main", COMMIT_A);
    CLEANUP(source) struct source *two = open_model(bench, "org/two", "main", COMMIT_A);
    struct inject_options options = make_options(bench, &one, 1);
    CLEANUP(buf) struct buf config = BUF_INIT;

    put_image(bench->store, "base", PLAIN, 1);
    options.placement.environment = chosen;
    inject(&options);
    options.placement.environment = NULL;
    options.models.sources = &two;
    options.base.version = "out";
    inject(&options);
    read_config(bench->store, "out", &config);
    assert_non_null(strstr(buf_text(&config), "\"Env\":[\"HF_HUB_OFFLINE=1\",\"X=y\"]"));
}

static void bases_that_cannot_be_built_on_are_refused(void **state)
{
    static const struct {
        const char *members;
        size_t layers;
        const char *complaint;
    } cases[] = {
        {PLAIN ",\"config\":{\"User\":\"app\"}", 1, "user 'app' is not in its /etc/passwd"},
        {"\"os\":\"windows\",\"architecture\":\"amd64\"", 1, "Windows"},
        {PLAIN, 119, "too many layers: 119"},
        {PLAIN ",\"config\":{\"Env\":[\"HF_HOME=relative\"]}", 1, "HF_HOME"},
        {PLAIN ",\"config\":{\"Env\":[\"HF_HUB_CACHE=\"]}", 1, "HF_HUB_CACHE"},
        {PLAIN ",\"config\":{\"Env\":[\"HOME=here\"]}", 1, "the home 'here'"},
    };
    struct bench *bench = *state;
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct inject_options options = make_options(bench, &model, 1);
        put_image(bench->store, "base", cases[i].members, cases[i].layers);
        refuse(&options, ERROR_UNSUPPORTED, cases[i].complaint);
    }
}

static void a_base_near_the_limit_gets_a_coarser_cut_or_a_clear_refusal(void **state)
{
    struct bench *bench = *state;
    CLEANUP(source) struct source *one = open_model(bench, "org/one", "main", COMMIT_A);
    CLEANUP(source) struct source *two = open_model(bench, "org/two", "main", COMMIT_A);
    struct source *both[] = {one, two};
    struct inject_options options = make_options(bench, both, 1);
    CLEANUP(document) struct document manifest = DOCUMENT_INIT;
    struct descriptor *children;
    size_t count;
    CLEANUP(error) struct error err = ERROR_INIT;

    put_image(bench->store, "base", PLAIN, 117);
    inject(&options);
    read_document(bench->store, "out", &manifest);
    assert_int_equal(document_children(&manifest, &children, &count, &err), 0);
    assert_int_equal(count, 121); /* the config and 120 layers */
    free(children);
    options.models.count = 2;
    refuse(&options, ERROR_UNSUPPORTED, "more than 120 layers");
}

static void an_index_is_edited_as_a_whole(void **state)
{
    struct bench *bench = *state;
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);
    CLEANUP(store) struct store *target = store_new_memory();
    struct inject_options options = make_options(bench, &model, 1);
    CLEANUP(buf) struct buf index = BUF_INIT;
    CLEANUP(document) struct document result = DOCUMENT_INIT;
    CLEANUP(document) struct document passed_on = DOCUMENT_INIT;
    struct descriptor amd64 = put_image(bench->store, NULL, PLAIN, 1);
    struct descriptor arm64 =
        put_image(bench->store, NULL, "\"os\":\"linux\",\"architecture\":\"arm64\"", 1);
    struct descriptor windows =
        put_image(bench->store, NULL, "\"os\":\"windows\",\"architecture\":\"amd64\"", 1);
    struct digest_text windows_digest = digest_format(&windows.digest);

    buf_addf(&index,
             "{\"schemaVersion\":2,\"manifests\":["
             "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%llu,\"platform\":{\"os\":\"linux\","
             "\"architecture\":\"amd64\"}},",
             amd64.media_type, digest_format(&amd64.digest).text, (unsigned long long)amd64.size);
    buf_addf(&index,
             "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%llu,\"platform\":{\"os\":\"linux\","
             "\"architecture\":\"arm64\"}},",
             arm64.media_type, digest_format(&arm64.digest).text, (unsigned long long)arm64.size);
    buf_addf(&index,
             "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%llu,\"platform\":{\"os\":"
             "\"windows\",\"architecture\":\"amd64\"}},",
             windows.media_type, windows_digest.text, (unsigned long long)windows.size);
    buf_addf(&index,
             "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%llu,\"annotations\":{"
             "\"vnd.docker.reference.type\":\"attestation-manifest\","
             "\"vnd.docker.reference.digest\":\"%s\"}}],\"x\":1}",
             amd64.media_type, digest_format(&amd64.digest).text, (unsigned long long)amd64.size,
             digest_format(&amd64.digest).text);
    put_manifest(bench->store, "base", buf_text(&index), MEDIA_TYPE_OCI_INDEX);
    options.target.store = target;
    struct inject_result first = inject(&options);
    assert_int_equal(first.layers_built, 3); /* once for both platforms */
    assert_non_null(strstr(buf_text(&bench->said), "dropping 1 attestation manifest of the base"));
    read_document(target, "out", &result);
    assert_int_equal(json_array_size(json_object_get(result.json, "manifests")), 3);
    assert_int_equal(json_integer_value(json_object_get(result.json, "x")), 1);
    read_document(target, windows_digest.text, &passed_on); /* it came along, unedited */
    struct inject_result second = inject(&options);
    assert_true(digest_equal(&first.manifest.digest, &second.manifest.digest));
    assert_int_equal(second.model_size, 0);
}

static void the_same_model_twice_in_one_call_is_a_mistake(void **state)
{
    struct bench *bench = *state;
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);
    struct source *twice[] = {model, model};
    struct inject_options options = make_options(bench, twice, 2);

    put_image(bench->store, "base", PLAIN, 1);
    refuse(&options, ERROR_USAGE, "'org/name@main' is named twice");
}

/* A source whose files are not what its listing promised. */
struct liar {
    struct source base;
    struct source *honest;
};

static int liar_list(struct source *source, struct plan *plan, struct error *err)
{
    struct liar *liar = CONTAINER_OF(source, struct liar, base);

    if (liar->honest->ops->list(liar->honest, plan, err) < 0)
        return -1;
    for (size_t i = 0; i < plan->count; i++)
        plan->files[i].digest.bytes[0] ^= 1;
    return 0;
}

static int liar_open(struct source *source, const struct plan *plan, const struct plan_file *file,
                     const struct source_range *range, struct reader **out, struct error *err)
{
    struct liar *liar = CONTAINER_OF(source, struct liar, base);

    return liar->honest->ops->open(liar->honest, plan, file, range, out, err);
}

static void liar_free(struct source *source)
{
    (void)source;
}

static void wrong_content_leaves_the_target_as_it_was(void **state)
{
    static const struct source_ops ops = {liar_list, liar_open, liar_free};
    struct bench *bench = *state;
    CLEANUP(source) struct source *honest = open_model(bench, "org/name", "main", COMMIT_A);
    struct liar liar = {.base.ops = &ops, .honest = honest};
    struct source *source = &liar.base;
    struct inject_options options = make_options(bench, &source, 1);
    CLEANUP(document) struct document after = DOCUMENT_INIT;

    put_image(bench->store, "base", PLAIN, 1);
    struct descriptor before = put_image(bench->store, "out", PLAIN ",\"x\":1", 1);
    refuse(&options, ERROR_CORRUPT, "has the digest");
    read_document(bench->store, "out", &after);
    assert_true(digest_equal(&before.digest, &after.descriptor.digest));
}

static void a_request_to_stop_leaves_the_target_as_it_was(void **state)
{
    struct bench *bench = *state;
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);
    struct inject_options options = make_options(bench, &model, 1);
    struct cancel cancel = {.requested = true};
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(document) struct document none = DOCUMENT_INIT;

    put_image(bench->store, "base", PLAIN, 1);
    options.run.cancel = &cancel;
    refuse(&options, ERROR_CANCELED, "stopped on request");
    assert_int_equal(store_read_document(bench->store, "out", &none, &err), -1);
    assert_int_equal(err.kind, ERROR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(the_result_is_its_golden_documents_whatever_the_number_of_jobs),
        BENCH_TEST(a_second_run_moves_no_byte_and_gives_the_same),
        BENCH_TEST(a_run_tells_places_and_sizes_and_what_was_spared),
        BENCH_TEST(injecting_into_the_result_replaces_and_does_not_stack),
        BENCH_TEST(a_new_revision_takes_the_place_of_the_old),
        BENCH_TEST(the_order_of_models_and_of_calls_does_not_matter),
        BENCH_TEST(the_environment_says_offline_unless_somebody_objects),
        BENCH_TEST(what_was_set_before_stays_set),
        BENCH_TEST(bases_that_cannot_be_built_on_are_refused),
        BENCH_TEST(a_base_near_the_limit_gets_a_coarser_cut_or_a_clear_refusal),
        BENCH_TEST(an_index_is_edited_as_a_whole),
        BENCH_TEST(the_same_model_twice_in_one_call_is_a_mistake),
        BENCH_TEST(wrong_content_leaves_the_target_as_it_was),
        BENCH_TEST(a_request_to_stop_leaves_the_target_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
