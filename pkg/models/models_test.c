#include "models/models.h"

#include "testing/model_bench.h"

/* models_list() alone: sources in, pinned and selected models out. */

static const struct base no_base;
static const struct run_context run;

static void models_are_pinned_selected_and_told(void **state)
{
    struct bench *bench = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(notes) struct notes notes = NOTES_INIT;
    CLEANUP(models) struct models models = MODELS_INIT;
    CLEANUP(companion_decisions) struct companion_decisions companions = COMPANION_DECISIONS_INIT;
    CLEANUP(source) struct source *source = open_model(bench, "org/name", "v1", COMMIT_A);
    const struct models_request request = {
        .sources = &source, .choices = bench_choices(bench), .count = 1};
    const struct model_listing listing = {&request, &run, &no_base, &notes, NULL};

    assert_int_equal(models_list(&listing, &models, &companions, &err), 0);
    assert_int_equal(models.count, 1);
    assert_string_equal(models.items[0].name, "org/name");
    assert_string_equal(models.items[0].plan.pin, COMMIT_A);
    assert_int_equal(models.items[0].plan.count, 3);
    assert_string_equal(models.items[0].plan.left_out.items[0], "pytorch_model.bin");
    assert_false(models.items[0].as_main);
    CLEANUP(text) char *told = notes_text(&notes);
    assert_non_null(strstr(told, "model: org/name@v1 is commit " COMMIT_A ", 3 files, 2.1 MB\n"));
    assert_non_null(strstr(told, "org/name will be found as 'v1' alone"));
}

static void a_commit_is_found_as_main_unless_main_is_named(void **state)
{
    struct bench *bench = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(source) struct source *pinned = open_model(bench, "org/name", COMMIT_A, COMMIT_A);
    CLEANUP(source) struct source *head = open_model(bench, "org/name", "main", COMMIT_B);
    struct source *const both[] = {pinned, head};

    for (size_t count = 1; count <= 2; count++) {
        CLEANUP(notes) struct notes notes = NOTES_INIT;
        CLEANUP(models) struct models models = MODELS_INIT;
        CLEANUP(companion_decisions)
        struct companion_decisions companions = COMPANION_DECISIONS_INIT;
        const struct models_request request = {
            .sources = both, .choices = bench_choices(bench), .count = count};
        const struct model_listing listing = {&request, &run, &no_base, &notes, NULL};
        assert_int_equal(models_list(&listing, &models, &companions, &err), 0);
        assert_int_equal(models.items[0].as_main, count == 1);
    }
}

static void a_model_that_is_named_twice_is_refused(void **state)
{
    struct bench *bench = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(notes) struct notes notes = NOTES_INIT;
    CLEANUP(models) struct models models = MODELS_INIT;
    CLEANUP(companion_decisions) struct companion_decisions companions = COMPANION_DECISIONS_INIT;
    CLEANUP(source) struct source *source = open_model(bench, "org/name", "main", COMMIT_A);
    struct source *const twice[] = {source, source};
    const struct models_request request = {
        .sources = twice, .choices = bench_choices(bench), .count = 2};
    const struct model_listing listing = {&request, &run, &no_base, &notes, NULL};

    assert_int_equal(models_list(&listing, &models, &companions, &err), -1);
    assert_string_equal(err.text, "'org/name@main' is named twice");
    assert_int_equal(models.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(models_are_pinned_selected_and_told),
        BENCH_TEST(a_commit_is_found_as_main_unless_main_is_named),
        BENCH_TEST(a_model_that_is_named_twice_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
