#include "preview/preview.h"

#include "testing/inject_bench.h"

/* Layers that are expected: those that a preview tells are those that are built. */

static void preview(const struct inject_options *options, struct preview *out)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    const struct preview_options asked = {
        .models = options->models,
        .base = options->base,
        .target = {options->target.store, options->target.version},
        .run = options->run,
    };

    if (preview_run(&asked, out, &err) < 0)
        fail_msg("%s", err.text);
}

static void layers_that_are_others_than_expected_are_refused_on_that_base_alone(void **state)
{
    struct bench *bench = *state;
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);
    CLEANUP(preview) struct preview before = PREVIEW_INIT;
    CLEANUP(preview) struct preview built = PREVIEW_INIT;
    struct inject_options options = make_options(bench, &model, 1);
    struct expected_layer layers[8];
    struct expected_layers expected = {.by = "'l'", .advice = "make it anew", .layers = layers};

    put_image(bench->store, "base", PLAIN, 1);
    preview(&options, &before);
    assert_int_equal(before.layers[0].diff_id.algorithm, DIGEST_NONE);
    inject(&options);
    preview(&options, &built);
    expected.base = built.base.digest;
    expected.count = built.layer_count;
    assert_true(built.layer_count > 0 && built.layer_count < ARRAY_SIZE(layers));
    for (size_t i = 0; i < built.layer_count; i++) {
        assert_int_equal(built.layers[i].diff_id.algorithm, DIGEST_SHA256);
        layers[i] = (struct expected_layer){"linux/amd64", built.layers[i].model,
                                            built.layers[i].recipe, built.layers[i].diff_id};
    }
    options.expected = &expected;
    inject(&options);
    layers[expected.count] = layers[0];
    layers[expected.count].platform = "linux/arm64";
    layers[expected.count++].recipe.bytes[0] ^= 1;
    inject(&options);
    layers[expected.count - 1].platform = "linux/amd64";
    options.target.version = "more";
    refuse(&options, ERROR_CORRUPT, "it is not among those that the models get; make it anew");
    expected.count--;
    layers[0].diff_id.bytes[0] ^= 1;
    options.target.version = "other";
    refuse(&options, ERROR_CORRUPT, "expected sha256:");
    layers[0].recipe.bytes[0] ^= 1;
    refuse(&options, ERROR_CORRUPT,
           "which is none of those that 'l' has for this base; make it anew");
    expected.base.bytes[0] ^= 1;
    inject(&options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(layers_that_are_others_than_expected_are_refused_on_that_base_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
