#include "build/build.h"

#include "testing/phases.h"

/* build_run() alone: a build plan and sources in, layers in the target out. */

/* The bench's own model, listed by its source. */
static void list_bench_model(struct source *source, struct models *out)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    out->items = xcalloc(1, sizeof(*out->items));
    out->count = 1;
    out->items[0].plan = (struct plan)PLAN_INIT;
    out->items[0].name = xstrdup("org/name");
    out->items[0].title = xstrdup("org/name@main");
    out->items[0].layout = layout_find("dir");
    out->items[0].from = source;
    if (source_list(source, &out->items[0].plan, &err) < 0)
        fail_msg("%s", err.text);
}

static void layers_are_packed_into_the_target(void **state)
{
    struct bench *bench = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(source) struct source *source = open_model(bench, "org/name", "main", COMMIT_A);
    CLEANUP(models) struct models models = MODELS_INIT;
    CLEANUP(placements) struct placements placements = {0};
    CLEANUP(build_plan) struct build_plan plan = {0};
    CLEANUP(built_layers) struct built_layers built = {0};
    struct build_bench build;

    make_request(bench, &build);
    list_bench_model(source, &models); /* the first two files are 8 bytes each */
    make_placements(&models, &placements);
    make_plan(bench, &placements, &plan);
    assert_int_equal(build_run(&build.request, &plan, &built, &err), 0);
    assert_int_equal(built.count, plan.layer_count);
    assert_int_equal(built.layers_built, plan.layer_count);
    assert_int_equal(built.layers_reused, 0);
    assert_int_equal(built.model_size, 16);
    for (size_t i = 0; i < built.count; i++) {
        bool there = false;
        const struct image_layer *layer = &built.layers[i];
        assert_int_equal(store_has_blob(bench->store, &layer->blob, &there, &err), 0);
        assert_true(there);
        assert_int_equal(layer->blob.size, plan.layers[i].recipe->tar_size);
        assert_true(digest_equal(&layer->diff_id, &layer->blob.digest)); /* plain */
        assert_true(digest_equal(&layer->record.recipe, &plan.layers[i].recipe->digest));
    }
    assert_string_equal(built.layers[0].record.place, "/models/m");
    assert_string_equal(built.layers[0].record.commit, COMMIT_A);
    assert_null(built.layers[built.count - 1].record.model);
}

static void a_layer_that_is_there_moves_no_byte(void **state)
{
    struct bench *bench = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(models) struct models models = MODELS_INIT;
    CLEANUP(placements) struct placements placements = {0};
    CLEANUP(build_plan) struct build_plan plan = {0};
    CLEANUP(built_layers) struct built_layers built = {0};
    CLEANUP(store) struct store *elsewhere = store_new_memory();
    struct build_bench build;

    make_request(bench, &build);
    make_models(2, &models);
    make_placements(&models, &placements);
    make_plan(bench, &placements, &plan);
    plan.layers[0].fate = LAYER_THERE;
    plan.layers[0].blob = put_blob(bench->store, "small", MEDIA_TYPE_OCI_LAYER);
    plan.layers[1].fate = LAYER_COPIED;
    plan.layers[1].from = elsewhere;
    plan.layers[1].blob = put_blob(elsewhere, "folders", MEDIA_TYPE_OCI_LAYER);
    assert_int_equal(build_run(&build.request, &plan, &built, &err), 0);
    assert_int_equal(built.layers_reused, 2);
    assert_int_equal(built.model_size, 0);
    assert_int_equal(built.base_size, strlen("folders"));
    bool there = false;
    assert_int_equal(store_has_blob(bench->store, &plan.layers[1].blob, &there, &err), 0);
    assert_true(there);
}

static void a_claim_that_is_wrong_is_built_and_told(void **state)
{
    struct bench *bench = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(source) struct source *source = open_model(bench, "org/name", "main", COMMIT_A);
    CLEANUP(models) struct models models = MODELS_INIT;
    CLEANUP(placements) struct placements placements = {0};
    CLEANUP(build_plan) struct build_plan plan = {0};
    CLEANUP(built_layers) struct built_layers built = {0};
    CLEANUP(store) struct store *elsewhere = store_new_memory();
    struct build_bench build;

    make_request(bench, &build);
    list_bench_model(source, &models);
    make_placements(&models, &placements);
    make_plan(bench, &placements, &plan);
    plan.layers[0].fate = LAYER_COPIED;
    plan.layers[0].is_claim = true;
    plan.layers[0].from = plan.layers[0].claimed_by = elsewhere;
    plan.layers[0].blob = put_blob(elsewhere, "something else", MEDIA_TYPE_OCI_LAYER);
    plan.layers[0].diff_id = plan.layers[0].blob.digest;
    assert_int_equal(build_run(&build.request, &plan, &built, &err), 0);
    assert_int_equal(built.layers_built, 2);
    assert_int_equal(built.layers_reused, 0);
    assert_int_equal(built.layers[0].blob.size, plan.layers[0].recipe->tar_size);
    assert_non_null(strstr(buf_text(&bench->said), "is not that layer, and is not used"));
    bool there = true; /* what passed is not committed */
    assert_int_equal(store_has_blob(bench->store, &plan.layers[0].blob, &there, &err), 0);
    assert_false(there);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(layers_are_packed_into_the_target),
        BENCH_TEST(a_layer_that_is_there_moves_no_byte),
        BENCH_TEST(a_claim_that_is_wrong_is_built_and_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
