#include "inject/phase_test_internal.h"

/* models_list() alone: sources in, pinned and selected models out. */

static const struct base no_base;

static void models_are_pinned_selected_and_told(void **state)
{
    struct bench *bench = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(notes) struct notes notes = NOTES_INIT;
    CLEANUP(models) struct models models = MODELS_INIT;
    CLEANUP(preview_companions) struct preview_companions companions = PREVIEW_COMPANIONS_INIT;
    CLEANUP(source) struct source *source = open_model(bench, "org/name", "v1", COMMIT_A);
    struct inject_options request = {
        .models = {.sources = &source, .choices = bench_choices(bench), .count = 1}};

    assert_int_equal(models_list(&request, &no_base, &models, &companions, &notes, &err), 0);
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
        CLEANUP(preview_companions) struct preview_companions companions = PREVIEW_COMPANIONS_INIT;
        struct inject_options request = {
            .models = {.sources = both, .choices = bench_choices(bench), .count = count}};
        assert_int_equal(models_list(&request, &no_base, &models, &companions, &notes, &err), 0);
        assert_int_equal(models.items[0].as_main, count == 1);
    }
}

static void a_model_that_is_named_twice_is_refused(void **state)
{
    struct bench *bench = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(notes) struct notes notes = NOTES_INIT;
    CLEANUP(models) struct models models = MODELS_INIT;
    CLEANUP(preview_companions) struct preview_companions companions = PREVIEW_COMPANIONS_INIT;
    CLEANUP(source) struct source *source = open_model(bench, "org/name", "main", COMMIT_A);
    struct source *const twice[] = {source, source};
    struct inject_options request = {
        .models = {.sources = twice, .choices = bench_choices(bench), .count = 2}};

    assert_int_equal(models_list(&request, &no_base, &models, &companions, &notes, &err), -1);
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
