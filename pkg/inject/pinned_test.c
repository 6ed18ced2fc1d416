#include "models/listing.h"

#include "testing/inject_bench.h"

/* Models that are pinned to what listing_run() found. */

static void list_model(const struct inject_options *options, struct listing *out)
{
    CLEANUP(notes) struct notes notes = NOTES_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (listing_run(&options->models, &options->run, &notes, out, &err) < 0)
        fail_msg("%s", err.text);
}

static void a_pinned_model_is_the_same_image_when_the_branch_has_moved(void **state)
{
    struct bench *bench = *state;
    CLEANUP(source) struct source *before = open_model(bench, "org/name", "main", COMMIT_A);
    CLEANUP(source) struct source *moved = open_model(bench, "org/name", "main", COMMIT_B);
    CLEANUP(listing) struct listing listing = LISTING_INIT;
    struct inject_options options = make_options(bench, &before, 1);
    struct model_choice choice = options.models.choices[0];

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_pinned_model_is_the_same_image_when_the_branch_has_moved),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
