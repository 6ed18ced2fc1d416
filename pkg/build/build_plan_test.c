#include "build/build_plan.h"

#include "testing/phases.h"

/* build_plan_cut() and build_plan_find() alone: placements in, layers and where they are out. */

static void placements_become_layers_and_the_base_comes_along(void **state)
{
    struct bench *bench = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(base) struct base base = {0};
    CLEANUP(models) struct models models = MODELS_INIT;
    CLEANUP(placements) struct placements placements = {0};
    CLEANUP(build_plan) struct build_plan plan = {0};
    struct build_bench build;

    make_request(bench, &build);
    put_image(bench->store, "base", PLAIN, 3); /* of three equal layers */
    make_base(bench, "base", &base);
    make_models(PACK_LARGE, &models);
    make_placements(&models, &placements);
    assert_int_equal(build_plan_cut(&build.request, &base, &placements, &plan, &err), 0);
    assert_int_equal(plan.layer_count, 3);
    assert_int_equal(plan.layers[0].recipe->kind, RECIPE_LARGE);
    assert_int_equal(plan.layers[1].recipe->kind, RECIPE_SMALL);
    assert_int_equal(plan.layers[2].recipe->kind, RECIPE_FOLDERS);
    assert_null(plan.layers[2].placed);
    for (size_t i = 0; i < plan.layer_count; i++)
        assert_int_equal(plan.layers[i].fate, LAYER_BUILT);
    assert_int_equal(plan.others.blob_count, 1);
    CLEANUP(text) char *title = planned_layer_title(&plan.layers[0]);
    assert_string_equal(title, "weights of org/name");
}

/* Two models, which are placed and cut; they outlive the plan. */
static void make_plan_of_two(struct bench *bench, struct models *models,
                             struct placements *placements, struct build_plan *plan)
{
    make_models(2, models);
    make_placements(models, placements);
    make_plan(bench, placements, plan);
}

/* A plain layer of a recipe, whose bytes `store` has. */
static struct image_layer put_layer(struct store *store, const char *text,
                                    const struct recipe *recipe)
{
    struct image_layer layer = {.blob = put_blob(store, text, MEDIA_TYPE_OCI_LAYER)};

    layer.diff_id = layer.blob.digest;
    layer.record.recipe = recipe->digest;
    return layer;
}

static void a_layer_that_the_target_has_need_not_be_built(void **state)
{
    struct bench *bench = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(models) struct models models = MODELS_INIT;
    CLEANUP(placements) struct placements placements = {0};
    CLEANUP(build_plan) struct build_plan plan = {0};
    CLEANUP(store) struct store *elsewhere = store_new_memory();
    struct build_bench build;
    struct known_layer layers[2] = {0};
    struct known known = {.layers = layers, .layer_count = 2};

    make_request(bench, &build);
    make_plan_of_two(bench, &models, &placements, &plan);
    assert_int_equal(plan.layer_count, 2);
    /* The target has the first; the second is in another store alone. */
    layers[0].layer = put_layer(bench->store, "small", plan.layers[0].recipe);
    layers[0].from = elsewhere;
    layers[1].layer = put_layer(elsewhere, "folders", plan.layers[1].recipe);
    layers[1].from = elsewhere;
    assert_int_equal(build_plan_find(&build.request, &known, &plan, &err), 0);
    assert_int_equal(plan.layers[0].fate, LAYER_THERE);
    assert_true(digest_equal(&plan.layers[0].blob.digest, &layers[0].layer.blob.digest));
    assert_int_equal(plan.layers[1].fate, LAYER_COPIED);
    assert_ptr_equal(plan.layers[1].from, elsewhere);
    assert_true(plan.layers[0].is_claim && plan.layers[1].is_claim);
}

static void what_the_target_shows_is_believed_and_any_other_record_is_a_claim(void **state)
{
    static const struct {
        bool trusts_records, checks_all, by_target, is_claim;
    } cases[] = {
        {false, false, true, false},
        {false, false, false, true},
        {true, false, false, false},
        {false, true, true, true},
    };
    struct bench *bench = *state;
    CLEANUP(models) struct models models = MODELS_INIT;
    CLEANUP(placements) struct placements placements = {0};
    CLEANUP(build_plan) struct build_plan plan = {0};
    CLEANUP(store) struct store *elsewhere = store_new_memory();
    struct build_bench build;
    struct known_layer layers[2] = {0};
    struct known known = {.layers = layers, .layer_count = 2};

    make_request(bench, &build);
    make_plan_of_two(bench, &models, &placements, &plan);
    layers[0].layer = put_layer(bench->store, "first", plan.layers[0].recipe);
    layers[1].layer = put_layer(bench->store, "second", plan.layers[0].recipe);
    layers[0].from = layers[1].from = elsewhere;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        build.reuse.trusts_records = cases[i].trusts_records;
        build.reuse.checks_all = cases[i].checks_all;
        layers[1].from = cases[i].by_target ? NULL : elsewhere;
        assert_int_equal(build_plan_find(&build.request, &known, &plan, &err), 0);
        assert_int_equal(plan.layers[0].fate, LAYER_THERE);
        assert_int_equal(plan.layers[0].is_claim, cases[i].is_claim);
        /* The better record wins, not the first one. */
        size_t winner = cases[i].by_target && !cases[i].checks_all;
        assert_true(digest_equal(&plan.layers[0].blob.digest, &layers[winner].layer.blob.digest));
    }
}

static void a_record_that_calls_bytes_what_they_are_not_is_none(void **state)
{
    static const char *const types[] = {MEDIA_TYPE_OCI_LAYER "+gzip", "application/vnd.evil"};
    struct bench *bench = *state;
    CLEANUP(models) struct models models = MODELS_INIT;
    CLEANUP(placements) struct placements placements = {0};
    CLEANUP(build_plan) struct build_plan plan = {0};
    struct build_bench build;
    struct known_layer layer = {.from = NULL};
    struct known known = {.layers = &layer, .layer_count = 1};

    make_request(bench, &build);
    make_plan_of_two(bench, &models, &placements, &plan);
    layer.layer = put_layer(bench->store, "first", plan.layers[0].recipe);
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        memcpy(layer.layer.blob.media_type, types[i], strlen(types[i]) + 1);
        assert_int_equal(build_plan_find(&build.request, &known, &plan, &err), 0);
        assert_int_equal(plan.layers[0].fate, LAYER_BUILT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_record_that_calls_bytes_what_they_are_not_is_none),
        BENCH_TEST(placements_become_layers_and_the_base_comes_along),
        BENCH_TEST(a_layer_that_the_target_has_need_not_be_built),
        BENCH_TEST(what_the_target_shows_is_believed_and_any_other_record_is_a_claim),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
