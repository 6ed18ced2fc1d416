#include "inject/listing.h"

#include "inject/preview.h"
#include "testing/inject_bench.h"

/* listing_run(), models that are pinned to what it found, and layers that are expected. */

static void list_model(const struct inject_options *options, struct listing *out)
{
    CLEANUP(notes) struct notes notes = NOTES_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (listing_run(options, &notes, out, &err) < 0)
        fail_msg("%s", err.text);
}

static void a_listing_has_what_is_taken_and_wants_no_image(void **state)
{
    struct bench *bench = *state;
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);
    CLEANUP(listing) struct listing listing = LISTING_INIT;
    const struct inject_options options = {
        .models = {.sources = &model, .choices = bench_choices(bench), .count = 1}};

    list_model(&options, &listing);
    assert_int_equal(listing.count, 1);
    assert_string_equal(listing.items[0].title, "org/name@main");
    assert_string_equal(listing.items[0].plan.pin, COMMIT_A);
    assert_int_equal(listing.items[0].plan.count, 3);
    assert_string_equal(listing.items[0].plan.left_out.items[0], "pytorch_model.bin");
    assert_int_equal(listing.items[0].companion_of.count, 0);
}

static void a_pinned_model_is_the_same_image_when_the_branch_has_moved(void **state)
{
    struct bench *bench = *state;
    CLEANUP(source) struct source *before = open_model(bench, "org/name", "main", COMMIT_A);
    CLEANUP(source) struct source *moved = open_model(bench, "org/name", "main", COMMIT_B);
    CLEANUP(listing) struct listing listing = LISTING_INIT;
    struct inject_options options = make_options(bench, &before, 1);
    struct inject_choice choice = options.models.choices[0];

    put_image(bench->store, "base", PLAIN, 1);
    struct inject_result first = inject(&options);
    list_model(&options, &listing);
    options.models.sources = &moved;
    options.target.version = "moved";
    struct inject_result other = inject(&options);
    assert_false(digest_equal(&first.manifest.digest, &other.manifest.digest));
    source_pin(moved, &listing.items[0].plan);
    choice.is_chosen = true;
    choice.is_alone = true;
    options.models.choices = &choice;
    options.target.version = "pinned";
    struct inject_result pinned = inject(&options);
    assert_true(digest_equal(&first.manifest.digest, &pinned.manifest.digest));
}

static void layers_that_are_others_than_expected_are_refused_on_that_base_alone(void **state)
{
    struct bench *bench = *state;
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);
    CLEANUP(preview) struct preview preview = PREVIEW_INIT;
    CLEANUP(preview) struct preview built = PREVIEW_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct inject_options options = make_options(bench, &model, 1);
    struct inject_expected_layer layers[8];
    struct inject_expected expected = {.by = "'l'", .advice = "make it anew", .layers = layers};

    put_image(bench->store, "base", PLAIN, 1);
    assert_int_equal(preview_run(&options, &preview, &err), 0);
    assert_int_equal(preview.layers[0].diff_id.algorithm, DIGEST_NONE);
    inject(&options);
    assert_int_equal(preview_run(&options, &built, &err), 0);
    expected.base = built.base_digest;
    expected.count = built.layer_count;
    assert_true(built.layer_count > 0 && built.layer_count < ARRAY_SIZE(layers));
    for (size_t i = 0; i < built.layer_count; i++) {
        assert_int_equal(built.layers[i].diff_id.algorithm, DIGEST_SHA256);
        layers[i] = (struct inject_expected_layer){"linux/amd64", built.layers[i].model,
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
        BENCH_TEST(a_listing_has_what_is_taken_and_wants_no_image),
        BENCH_TEST(a_pinned_model_is_the_same_image_when_the_branch_has_moved),
        BENCH_TEST(layers_that_are_others_than_expected_are_refused_on_that_base_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
