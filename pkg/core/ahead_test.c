#include "core/ahead.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Two lookups that wait for each other. */
struct pair {
    atomic_bool here[2];
    struct cancel cancel;
};

static int meet(struct pair *pair, size_t self, struct error *err)
{
    atomic_store(&pair->here[self], true);
    while (!atomic_load(&pair->here[1 - self]))
        if (cancel_wait(&pair->cancel, 1, err) < 0)
            return -1;
    return 0;
}

static int meet_first(void *arg, struct error *err)
{
    return meet(arg, 0, err);
}

static void a_lookup_runs_while_its_caller_goes_on(void **state)
{
    struct pair pair = {.cancel = {.requested = false}};
    CLEANUP(ahead) struct ahead ahead = {.is_begun = false};
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    ahead_begin(&ahead, meet_first, &pair, &pair.cancel);
    assert_int_equal(meet(&pair, 1, &err), 0);
    assert_int_equal(ahead_join(&ahead, &err), 0);
    assert_false(ahead.is_begun);
}

static int refuse(void *arg, struct error *err)
{
    (void)arg;
    return error_set(err, ERROR_DENIED, "not for you");
}

static void what_went_wrong_is_said_to_who_joins(void **state)
{
    CLEANUP(ahead) struct ahead ahead = {.is_begun = false};
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    ahead_begin(&ahead, refuse, NULL, NULL);
    assert_int_equal(ahead_join(&ahead, &err), -1);
    assert_int_equal(err.kind, ERROR_DENIED);
    assert_string_equal(err.text, "not for you");
}

static int wait_long(void *arg, struct error *err)
{
    return cancel_wait(arg, 60000, err);
}

static void who_does_not_join_waits_for_nothing(void **state)
{
    struct cancel run = {.requested = false};
    struct ahead ahead = {.is_begun = false};
    struct ahead never = {.is_begun = false};

    (void)state;
    ahead_begin(&ahead, wait_long, &run, &run); /* what it waits for is the whole run's */
    ahead_release(&ahead);
    assert_false(cancel_is_requested(&run));
    ahead_release(&never);
}

static void a_request_to_stop_ends_it(void **state)
{
    struct cancel run = {.requested = false};
    CLEANUP(ahead) struct ahead ahead = {.is_begun = false};
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    ahead_begin(&ahead, wait_long, &run, &run);
    cancel_request(&run);
    assert_int_equal(ahead_join(&ahead, &err), -1);
    assert_int_equal(err.kind, ERROR_CANCELED);
}

static void it_ends_with_the_job_of_its_caller(void **state)
{
    struct cancel run = {.requested = false};
    struct cancel job = {.parent = &run};
    struct ahead ahead = {.is_begun = false};
    CLEANUP(error) struct error err = ERROR_INIT;
    const struct cancel *before = cancel_enter(&job);

    (void)state;
    ahead_begin(&ahead, wait_long, &run, NULL);
    cancel_request(&job);
    assert_int_equal(ahead_join(&ahead, &err), -1);
    assert_int_equal(err.kind, ERROR_CANCELED);
    cancel_enter(before);
    assert_false(cancel_is_requested(&run));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lookup_runs_while_its_caller_goes_on),
        cmocka_unit_test(what_went_wrong_is_said_to_who_joins),
        cmocka_unit_test(who_does_not_join_waits_for_nothing),
        cmocka_unit_test(a_request_to_stop_ends_it),
        cmocka_unit_test(it_ends_with_the_job_of_its_caller),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
