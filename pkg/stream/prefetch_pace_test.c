#include "stream/stream_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define MS_PER_PIECE_PART 10

/* A way of `link` bytes a millisecond in all, and `connection` for each. */
struct way {
    uint64_t connection;
    uint64_t link;
};

/* Lets it run for a time; every connection that may work brings its share. */
static void run(struct prefetch_pace *pace, const struct way *way, uint64_t *clock_ms,
                uint64_t time_ms)
{
    uint64_t brought[PREFETCH_CONNECTIONS_MAX] = {0};

    for (uint64_t end_ms = *clock_ms + time_ms; *clock_ms < end_ms;
         *clock_ms += MS_PER_PIECE_PART) {
        unsigned working = pace->wanted;
        uint64_t share =
            way->link / working < way->connection ? way->link / working : way->connection;
        for (unsigned i = 0; i < working; i++) {
            size_t size = (size_t)(share * MS_PER_PIECE_PART);
            bool is_end = brought[i] / PREFETCH_BLOCK != (brought[i] + size) / PREFETCH_BLOCK;
            brought[i] += size;
            prefetch_pace_note(pace, i, size, is_end, *clock_ms);
        }
    }
}

static void as_many_connections_work_as_bring_more(void **state)
{
    static const struct {
        struct way way;
        unsigned most, after_a_second, later;
    } cases[] = {
        {{50000, 1000000}, 8, 8, 8},    /* each is limited: all of them */
        {{50000, 1000000}, 1, 1, 1},    /* no more than may be */
        {{50000, 1000000}, 20, 20, 20}, /* the last step is a smaller one */
        {{50000, 90000}, 8, 2, 2},      /* two fill the link */
        {{50000, 210000}, 64, 4, 4},    /* eight bring hardly more than four */
        {{100, 100}, 8, 2, 2},          /* a slow way is measured for longer */
        {{100, 10000}, 4, 2, 4},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct prefetch_pace pace;
        uint64_t clock_ms = 1;
        prefetch_pace_init(&pace, cases[i].most);
        run(&pace, &cases[i].way, &clock_ms, 1000);
        if (pace.wanted != cases[i].after_a_second)
            fail_msg("case %zu: %u after a second", i, pace.wanted);
        run(&pace, &cases[i].way, &clock_ms, 2900);
        if (pace.wanted != cases[i].later)
            fail_msg("case %zu: %u later", i, pace.wanted);
    }
}

static void a_link_that_grows_is_found_after_a_rest(void **state)
{
    const struct way narrow = {50000, 90000};
    const struct way wide = {50000, 1000000};
    struct prefetch_pace pace;
    uint64_t clock_ms = 1;

    (void)state;
    prefetch_pace_init(&pace, 8);
    run(&pace, &narrow, &clock_ms, 2000);
    assert_int_equal(pace.wanted, 2);
    run(&pace, &wide, &clock_ms, 4000);
    assert_int_equal(pace.wanted, 8);
}

static void nothing_is_added_while_the_reader_is_slower(void **state)
{
    const struct way way = {50000, 1000000};
    struct prefetch_pace pace;
    uint64_t clock_ms = 1;

    (void)state;
    prefetch_pace_init(&pace, 8);
    for (unsigned i = 0; i < 500; i++) {
        pace.is_held = true;
        run(&pace, &way, &clock_ms, MS_PER_PIECE_PART);
    }
    assert_int_equal(pace.wanted, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_connections_work_as_bring_more),
        cmocka_unit_test(a_link_that_grows_is_found_after_a_rest),
        cmocka_unit_test(nothing_is_added_while_the_reader_is_slower),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
