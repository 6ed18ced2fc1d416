#include "models/listing.h"

#include "testing/model_bench.h"

static void a_listing_has_what_is_taken_and_wants_no_image(void **state)
{
    struct bench *bench = *state;
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);
    CLEANUP(listing) struct listing listing = LISTING_INIT;
    CLEANUP(notes) struct notes notes = NOTES_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    const struct run_context run = {.log = NULL};
    const struct models_request request = {
        .sources = &model, .choices = bench_choices(bench), .count = 1};

    assert_int_equal(listing_run(&request, &run, &notes, &listing, &err), 0);
    assert_int_equal(listing.count, 1);
    assert_string_equal(listing.items[0].title, "org/name@main");
    assert_string_equal(listing.items[0].plan.pin, COMMIT_A);
    assert_int_equal(listing.items[0].plan.count, 3);
    assert_string_equal(listing.items[0].plan.left_out.items[0], "pytorch_model.bin");
    assert_int_equal(listing.items[0].companion_of.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_listing_has_what_is_taken_and_wants_no_image),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
