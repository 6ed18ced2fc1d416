#include "stream/stream.h"

#include "core/clock.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define NOBODY SIZE_MAX

/* Pieces whose bytes tell their number, and what goes wrong with one of them. */
struct pieces {
    const size_t *sizes; /* NULL: all of them `size` */
    size_t size;
    unsigned wait_ms; /* before each is open */
    size_t refused;   /* cannot be opened */
    size_t stuck;     /* opens only to end when asked to stop */
    atomic_size_t opened;
    atomic_size_t open;
    atomic_size_t most; /* of those open at a time */
};

struct piece_reader {
    struct reader base;
    struct pieces *pieces;
    size_t number;
    size_t left;
};

static unsigned char byte_of(size_t number)
{
    return (unsigned char)(number * 7 + 1);
}

static size_t size_of(const struct pieces *pieces, size_t number)
{
    return pieces->sizes != NULL ? pieces->sizes[number] : pieces->size;
}

static ssize_t piece_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    struct piece_reader *piece = CONTAINER_OF(reader, struct piece_reader, base);
    size_t part = size / 2 + 1 < piece->left ? size / 2 + 1 : piece->left;

    (void)err;
    memset(data, byte_of(piece->number), part);
    piece->left -= part;
    return (ssize_t)part;
}

static void piece_free(struct reader *reader)
{
    struct piece_reader *piece = CONTAINER_OF(reader, struct piece_reader, base);

    atomic_fetch_sub(&piece->pieces->open, 1);
    free(piece);
}

static int piece_open(void *arg, size_t number, const struct cancel *cancel, struct reader **out,
                      struct error *err)
{
    static const struct reader_ops ops = {piece_read, piece_free};
    struct pieces *pieces = arg;

    atomic_fetch_add(&pieces->opened, 1);
    if (number == pieces->refused)
        return error_set(err, ERROR_NOT_FOUND, "piece %zu is not there", number);
    if (number == pieces->stuck)
        return cancel_wait(cancel, 60000, err);
    size_t open = atomic_fetch_add(&pieces->open, 1) + 1;
    size_t most = atomic_load(&pieces->most);
    while (open > most && !atomic_compare_exchange_weak(&pieces->most, &most, open))
        ;
    if (pieces->wait_ms > 0 && cancel_wait(cancel, pieces->wait_ms, err) < 0) {
        atomic_fetch_sub(&pieces->open, 1);
        return -1;
    }
    struct piece_reader *piece = xcalloc(1, sizeof(*piece));
    piece->base.ops = &ops;
    piece->pieces = pieces;
    piece->number = number;
    piece->left = size_of(pieces, number);
    *out = &piece->base;
    return 0;
}

static struct prefetch *begin(struct pieces *pieces, size_t count, struct prefetch_pool *pool,
                              const struct cancel *cancel)
{
    return prefetch_new(&(struct prefetch_options){
        .open = piece_open, .arg = pieces, .count = count, .pool = pool, .cancel = cancel});
}

/* Reads one piece, which must be what it should be. */
static int read_piece(struct prefetch *prefetch, const struct pieces *pieces, size_t number,
                      struct error *err)
{
    CLEANUP(text) char *data = xcalloc(1, 100000);
    size_t total = 0;
    ssize_t part;

    while ((part = prefetch_read(prefetch, data, 100000, err)) > 0) {
        for (ssize_t i = 0; i < part; i += 997)
            assert_int_equal((unsigned char)data[i], byte_of(number));
        total += (size_t)part;
    }
    if (part == 0)
        assert_int_equal(total, size_of(pieces, number));
    return part < 0 ? -1 : 0;
}

static void read_all(struct prefetch *prefetch, const struct pieces *pieces, size_t count)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    char beyond;

    for (size_t i = 0; i < count; i++) {
        if (read_piece(prefetch, pieces, i, &err) < 0)
            fail_msg("piece %zu: %s", i, err.text);
        prefetch_advance(prefetch);
    }
    assert_int_equal(prefetch_read(prefetch, &beyond, 1, &err), 0);
}

static void pieces_come_in_order_whatever_their_sizes(void **state)
{
    static const size_t sizes[] = {PREFETCH_BLOCK, 0, 1, 70000, PREFETCH_BLOCK - 1, 0, 5, 0};
    static const unsigned connections[] = {1, 2, 3, 8, PREFETCH_CONNECTIONS_MAX};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(connections); i++) {
        CLEANUP(prefetch_pool)
        struct prefetch_pool *pool = prefetch_pool_new(connections[i]);
        struct pieces pieces = {.sizes = sizes, .refused = NOBODY, .stuck = NOBODY};
        CLEANUP(prefetch)
        struct prefetch *prefetch = begin(&pieces, ARRAY_SIZE(sizes), pool, NULL);
        read_all(prefetch, &pieces, ARRAY_SIZE(sizes));
        assert_int_equal(pieces.opened, ARRAY_SIZE(sizes));
        assert_true(pieces.most <= connections[i]);
    }
}

static void waiting_for_many_pieces_is_done_side_by_side(void **state)
{
    CLEANUP(prefetch_pool) struct prefetch_pool *pool = prefetch_pool_new(8);
    struct pieces pieces = {.size = 1000, .wait_ms = 20, .refused = NOBODY, .stuck = NOBODY};
    uint64_t since_ms = clock_ms();
    CLEANUP(prefetch) struct prefetch *prefetch = begin(&pieces, 150, pool, NULL);

    (void)state;
    read_all(prefetch, &pieces, 150);
    assert_true(clock_ms() - since_ms < 2000); /* one after the other: 3 s */
    assert_in_range(pieces.most, 3, 8);
}

static void what_nobody_reads_is_not_fetched_without_end(void **state)
{
    CLEANUP(prefetch_pool) struct prefetch_pool *pool = prefetch_pool_new(4);
    struct pieces pieces = {.size = 1000, .refused = NOBODY, .stuck = NOBODY};
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(prefetch) struct prefetch *first = begin(&pieces, 1000, pool, NULL);
    CLEANUP(prefetch) struct prefetch *second = begin(&pieces, 1000, pool, NULL);
    CLEANUP(prefetch) struct prefetch *third = begin(&pieces, 1000, pool, NULL);

    (void)state;
    assert_int_equal(cancel_wait(NULL, 300, &err), 0);
    assert_in_range(pieces.opened, 3, 4 + 4 + 2); /* one for each, or as many as the pool has */
    read_all(third, &pieces, 1000);               /* and none of them waits for the others */
    read_all(second, &pieces, 1000);
    read_all(first, &pieces, 1000);
}

static void the_first_piece_that_cannot_be_had_ends_all(void **state)
{
    CLEANUP(prefetch_pool) struct prefetch_pool *pool = prefetch_pool_new(4);
    struct pieces pieces = {.size = 1000, .refused = 3, .stuck = NOBODY};
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(prefetch) struct prefetch *prefetch = begin(&pieces, 100, pool, NULL);
    int result = 0;

    (void)state;
    for (size_t i = 0; i < 100 && result == 0; i++) {
        result = read_piece(prefetch, &pieces, i, &err);
        if (result == 0)
            prefetch_advance(prefetch);
        assert_true(result < 0 || i < 3);
    }
    assert_int_equal(err.kind, ERROR_NOT_FOUND);
    assert_string_equal(err.text, "piece 3 is not there");
    error_release(&err);
    assert_int_equal(read_piece(prefetch, &pieces, 0, &err), -1); /* and so it stays */
    assert_true(pieces.opened < 12);
}

static void a_piece_beyond_a_block_is_refused(void **state)
{
    CLEANUP(prefetch_pool) struct prefetch_pool *pool = prefetch_pool_new(1);
    struct pieces pieces = {.size = PREFETCH_BLOCK + 1, .refused = NOBODY, .stuck = NOBODY};
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(prefetch) struct prefetch *prefetch = begin(&pieces, 1, pool, NULL);

    (void)state;
    assert_int_equal(read_piece(prefetch, &pieces, 0, &err), -1);
    assert_string_equal(err.text, "piece 0 has more than 4194304 bytes");
}

static void *request_later(void *arg)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* nobody stops this wait */

    if (cancel_wait(NULL, 50, &ignored) == 0)
        cancel_request(arg);
    return NULL;
}

static void a_reader_that_waits_is_stopped_within_a_second(void **state)
{
    struct cancel cancel = {.parent = NULL};
    CLEANUP(prefetch_pool) struct prefetch_pool *pool = prefetch_pool_new(4);
    struct pieces pieces = {.size = 1000, .refused = NOBODY, .stuck = 0};
    CLEANUP(error) struct error err = ERROR_INIT;
    uint64_t since_ms = clock_ms();
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, request_later, &cancel), 0);
    {
        CLEANUP(prefetch) struct prefetch *prefetch = begin(&pieces, 100, pool, &cancel);
        assert_int_equal(read_piece(prefetch, &pieces, 0, &err), -1);
    }
    pthread_join(thread, NULL);
    assert_int_equal(err.kind, ERROR_CANCELED);
    assert_true(clock_ms() - since_ms < 1000);
}

static void giving_up_ends_what_is_under_way(void **state)
{
    CLEANUP(prefetch_pool) struct prefetch_pool *pool = prefetch_pool_new(4);
    struct pieces pieces = {.size = 1000, .refused = NOBODY, .stuck = 1};
    CLEANUP(error) struct error err = ERROR_INIT;
    uint64_t since_ms = clock_ms();

    (void)state;
    {
        CLEANUP(prefetch) struct prefetch *prefetch = begin(&pieces, 100, pool, NULL);
        assert_int_equal(read_piece(prefetch, &pieces, 0, &err), 0);
    }
    assert_true(clock_ms() - since_ms < 1000);
    assert_int_equal(pieces.open, 0);
}

static void a_first_piece_that_is_open_is_read_and_not_opened_again(void **state)
{
    CLEANUP(prefetch_pool) struct prefetch_pool *pool = prefetch_pool_new(4);
    struct pieces pieces = {.size = 1000, .refused = 0, .stuck = NOBODY};
    char data[1000];

    (void)state;
    memset(data, byte_of(0), sizeof(data));
    for (size_t count = 1; count < 4; count++) {
        CLEANUP(prefetch)
        struct prefetch *prefetch = prefetch_new(&(struct prefetch_options){
            .open = piece_open,
            .arg = &pieces,
            .count = count,
            .pool = pool,
            .first = memory_reader_new(data, sizeof(data)),
        });
        read_all(prefetch, &pieces, count);
    }
    assert_int_equal(pieces.opened, 0 + 1 + 2);
}

static void without_a_thread_the_reader_fetches_by_itself(void **state)
{
    CLEANUP(prefetch_pool) struct prefetch_pool *pool = prefetch_pool_new(4);
    struct pieces pieces = {.size = 1000, .refused = NOBODY, .stuck = NOBODY};
    pthread_attr_t usual;
    pthread_attr_t huge;

    (void)state;
    pthread_getattr_default_np(&usual);
    pthread_getattr_default_np(&huge);
    pthread_attr_setstacksize(&huge, (size_t)1 << 50); /* more than there are addresses */
    pthread_setattr_default_np(&huge);
    struct prefetch *prefetch = begin(&pieces, 20, pool, NULL);
    read_all(prefetch, &pieces, 20);
    prefetch_free(prefetch);
    pthread_setattr_default_np(&usual);
    pthread_attr_destroy(&usual);
    pthread_attr_destroy(&huge);
    assert_int_equal(pieces.most, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_come_in_order_whatever_their_sizes),
        cmocka_unit_test(waiting_for_many_pieces_is_done_side_by_side),
        cmocka_unit_test(what_nobody_reads_is_not_fetched_without_end),
        cmocka_unit_test(the_first_piece_that_cannot_be_had_ends_all),
        cmocka_unit_test(a_piece_beyond_a_block_is_refused),
        cmocka_unit_test(a_reader_that_waits_is_stopped_within_a_second),
        cmocka_unit_test(giving_up_ends_what_is_under_way),
        cmocka_unit_test(a_first_piece_that_is_open_is_read_and_not_opened_again),
        cmocka_unit_test(without_a_thread_the_reader_fetches_by_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
