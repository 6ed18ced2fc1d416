#include "source/source_internal.h"

#include "source/folder_test_internal.h"

/* source_pin(): a folder, which is looked at again, and a repo, which is not asked. */

static void list(struct source *source, struct plan *plan)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    if (source_list(source, plan, &err) < 0)
        fail_msg("%s", err.text);
}

static struct source *open_folder(const char *path)
{
    const struct source_context context = {.http = NULL};
    CLEANUP(text) char *name = xasprintf("dir:%s", path);
    CLEANUP(origin) struct origin origin = ORIGIN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct source *source = NULL;

    assert_int_equal(origin_parse(name, &origin, &err), 0);
    assert_int_equal(source_open(&context, &origin, &source, &err), 0);
    return source;
}

/* The plan of the folder as if only the first file of it had been taken. */
static void pin_first(struct source *source, struct plan *plan)
{
    list(source, plan);
    assert_int_equal(plan->count, 2);
    free(plan->files[--plan->count].path);
    strings_add(&plan->left_out, "b.txt");
    source_pin(source, plan);
}

static void source_pin_keeps_plan_and_pin_of_a_folder(void **state)
{
    CLEANUP(source) struct source *source = NULL;
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(plan) struct plan again = PLAN_INIT;

    put_text(*state, "a.txt", "one");
    put_text(*state, "b.txt", "two");
    source = open_folder(*state);
    pin_first(source, &plan);
    put_text(*state, "b.txt", "another, which is not taken");
    list(source, &again);
    assert_int_equal(again.count, 1);
    assert_string_equal(again.pin, plan.pin);
    assert_string_equal(again.left_out.items[0], "b.txt");
}

static void source_pin_notices_files_that_are_others(void **state)
{
    CLEANUP(source) struct source *source = NULL;
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(plan) struct plan again = PLAN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *path = xasprintf("%s/a.txt", (char *)*state);

    put_text(*state, "a.txt", "one");
    put_text(*state, "b.txt", "two");
    source = open_folder(*state);
    pin_first(source, &plan);
    put_text(*state, "a.txt", "ONE");
    assert_int_equal(source_list(source, &again, &err), -1);
    assert_int_equal(err.kind, ERROR_CORRUPT);
    assert_non_null(strstr(err.text, "the file 'a.txt' of 'dir:"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(source_list(source, &again, &err), -1);
    assert_non_null(strstr(err.text, "no longer has the file 'a.txt'"));
}

static int refuse_list(struct source *source, struct plan *plan, struct error *err)
{
    (void)source;
    (void)plan;
    return error_set(err, ERROR_INTERNAL, "it is asked for a listing");
}

static void free_nothing(struct source *source)
{
    (void)source;
}

static void source_pin_asks_no_repo(void **state)
{
    static const struct source_ops ops = {.list = refuse_list, .free = free_nothing};
    struct source repo = {.ops = &ops, .opens_unlisted = true};
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(plan) struct plan again = PLAN_INIT;
    struct plan_file file = {.path = (char *)(uintptr_t) "a.bin", .size = 5};

    (void)state;
    plan.origin.name = xstrdup("acme/tiny");
    plan.pin = xstrdup("1111111111111111111111111111111111111111");
    plan_add(&plan, &file);
    source_pin(&repo, &plan);
    list(&repo, &again);
    assert_string_equal(again.origin.name, "acme/tiny");
    assert_string_equal(again.pin, plan.pin);
    assert_string_equal(again.files[0].path, "a.bin");
    source_free(&repo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(source_pin_keeps_plan_and_pin_of_a_folder, folder_setup,
                                        folder_teardown),
        cmocka_unit_test_setup_teardown(source_pin_notices_files_that_are_others, folder_setup,
                                        folder_teardown),
        cmocka_unit_test(source_pin_asks_no_repo),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
