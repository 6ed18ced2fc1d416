#include "http/http_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define NOW ((time_t)784111777) /* Sun, 06 Nov 1994 08:49:37 GMT */

static void waits_grow_and_obey_the_server(void **state)
{
    static const struct {
        unsigned attempt;
        int status; /* 0: there was no answer */
        const char *header;
        unsigned wait_ms;
    } cases[] = {
        {0, 0, NULL, 1000},
        {1, 503, NULL, 2000},
        {4, 0, NULL, 16000},
        {5, 0, NULL, 30000},
        {4000000000, 0, NULL, 30000},
        {0, 503, "Retry-After: 7", 7000},
        {3, 503, "Retry-After: 7", 8000},
        {0, 429, "Retry-After: 99999999999999999999", 300000},
        {0, 503, "Retry-After: Sun, 06 Nov 1994 08:50:37 GMT", 60000},
        {0, 503, "Retry-After: Sun, 06 Nov 1994 08:00:00 GMT", 1000},
        {0, 503, "Retry-After: soon", 1000},
        {0, 429, "RateLimit: \"resolvers\";r=0;t=55", 56000},
        {0, 429, "RateLimit: \"resolvers\";r=9;t=55", 1000},
        {0, 429, "RateLimit: nonsense", 1000},
        {0, 503, "RateLimit: \"resolvers\";r=0;t=55", 1000},
    };
    struct http http = {.retry_wait_ms = 1000};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
        response.status = cases[i].status;
        if (cases[i].header != NULL)
            http_response_add_header(&response, cases[i].header, strlen(cases[i].header));
        unsigned wait_ms = retry_choose_wait(&http, cases[i].attempt,
                                             cases[i].status != 0 ? &response : NULL, NOW);
        unsigned jitter_ms = cases[i].wait_ms < 30000 ? cases[i].wait_ms / 4 : 7500;
        if (wait_ms < cases[i].wait_ms || wait_ms > cases[i].wait_ms + jitter_ms)
            fail_msg("case %zu waits %u ms", i, wait_ms);
    }
}

static void a_caller_that_waits_itself_is_told_how_long(void **state)
{
    static const struct {
        const char *header;
        int status;
        unsigned wait_ms;
    } cases[] = {
        {NULL, 429, 0},
        {"Retry-After: 7", 429, 7000},
        {"Retry-After: 99999999999999999999", 503, 300000},
        {"Retry-After: Sun, 06 Nov 1994 08:49:37 GMT", 503, 0},
        {"RateLimit: \"resolvers\";r=0;t=55", 429, 56000},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
        response.status = cases[i].status;
        if (cases[i].header != NULL)
            http_response_add_header(&response, cases[i].header, strlen(cases[i].header));
        assert_int_equal(http_retry_after_ms(&response), cases[i].wait_ms);
    }
}

static void waits_for_nothing_are_enough_after_three_times_the_longest(void **state)
{
    static const struct {
        unsigned stall_timeout_ms;
        uint64_t waited_ms;
        bool is_enough;
    } cases[] = {
        {60000, 0, false},
        {60000, 899999, false}, /* the tries of a GET, 6 minutes, never come to it */
        {60000, 900000, true},
        {1000, 15000, true},
        {1800000, 5399999, false}, /* whoever has that much patience needs no more */
        {1800000, 5400000, true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct http http = {.stall_timeout_ms = cases[i].stall_timeout_ms};
        if (http_has_waited(&http, cases[i].waited_ms) != cases[i].is_enough)
            fail_msg("case %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_caller_that_waits_itself_is_told_how_long),
        cmocka_unit_test(waits_for_nothing_are_enough_after_three_times_the_longest),
        cmocka_unit_test(waits_grow_and_obey_the_server),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
