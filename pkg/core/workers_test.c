#include "core/workers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define JOBS 100

struct trial {
    atomic_uint ran[JOBS];
    size_t failing; /* JOBS: none */
    struct cancel *outer;
    size_t cancels; /* the job that asks the caller's cancel; JOBS: none */
};

static int try_job(void *arg, size_t number, const struct cancel *cancel, struct error *err)
{
    struct trial *trial = arg;

    atomic_fetch_add(&trial->ran[number], 1);
    if (number == trial->cancels)
        cancel_request(trial->outer);
    if (number == trial->failing)
        return error_set(err, ERROR_CORRUPT, "job %zu", number);
    return number > trial->failing ? cancel_wait(cancel, 60000, err) : 0;
}

static void every_job_runs_once(void **state)
{
    static const unsigned threads[] = {1, 2, 7, 200};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        struct trial trial = {.failing = JOBS, .cancels = JOBS};
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(workers_run(threads[i], JOBS, try_job, &trial, NULL, &err), 0);
        for (size_t k = 0; k < JOBS; k++)
            assert_int_equal(trial.ran[k], 1);
    }
}

static void no_job_is_no_failure(void **state)
{
    struct trial trial = {.failing = JOBS, .cancels = JOBS};
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(workers_run(4, 0, try_job, &trial, NULL, &err), 0);
}

static int succeed_at_last(void *arg, size_t number, const struct cancel *cancel, struct error *err)
{
    (void)arg;
    (void)cancel;
    error_set(err, ERROR_UNREACHABLE, "the first try of job %zu", number);
    return 0;
}

static void a_job_that_succeeds_at_last_has_succeeded(void **state)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(workers_run(2, 5, succeed_at_last, NULL, NULL, &err), 0);
    assert_int_equal(err.kind, ERROR_NONE);
}

static void the_first_failure_stops_the_rest_and_is_told(void **state)
{
    struct trial trial = {.failing = 3, .cancels = JOBS};
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(workers_run(4, JOBS, try_job, &trial, NULL, &err), -1);
    assert_int_equal(err.kind, ERROR_CORRUPT);
    assert_string_equal(err.text, "job 3");
    assert_int_equal(trial.ran[JOBS - 1], 0);
}

static void a_request_to_stop_reaches_the_jobs(void **state)
{
    struct cancel outer = {.requested = false};
    struct trial trial = {.failing = JOBS, .outer = &outer, .cancels = 5};
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(workers_run(1, JOBS, try_job, &trial, &outer, &err), -1);
    assert_int_equal(err.kind, ERROR_CANCELED);
    assert_int_equal(trial.ran[5], 1);
    assert_int_equal(trial.ran[6], 0);
}

struct waiting {
    struct cancel whole;
    struct cancel other;
    int results[2]; /* of the waits of job 1 */
};

static int fail_or_wait(void *arg, size_t number, const struct cancel *cancel, struct error *err)
{
    struct waiting *waiting = arg;
    CLEANUP(error) struct error why = ERROR_INIT;

    if (number == 0)
        return error_set(err, ERROR_CORRUPT, "job 0");
    (void)cancel; /* it knows of the whole alone, as what several jobs share does */
    waiting->results[0] = cancel_wait(&waiting->whole, 60000, &why);
    error_release(&why);
    waiting->results[1] = cancel_check(&waiting->other, &why);
    return 0;
}

static void a_wait_for_the_whole_ends_with_its_job(void **state)
{
    struct waiting waiting = {.results = {1, 1}};
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(workers_run(2, 2, fail_or_wait, &waiting, &waiting.whole, &err), -1);
    assert_string_equal(err.text, "job 0");
    assert_int_not_equal(waiting.results[0], 0);
    assert_int_not_equal(waiting.results[1], -1);
    assert_false(cancel_is_requested(&waiting.whole));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_job_runs_once),
        cmocka_unit_test(no_job_is_no_failure),
        cmocka_unit_test(a_job_that_succeeds_at_last_has_succeeded),
        cmocka_unit_test(the_first_failure_stops_the_rest_and_is_told),
        cmocka_unit_test(a_request_to_stop_reaches_the_jobs),
        cmocka_unit_test(a_wait_for_the_whole_ends_with_its_job),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
