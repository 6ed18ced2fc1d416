#include "source/hub_server.h"
#include "source/source_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT 20
#define EMPTY 7  /* a file without content */
#define LARGE 12 /* one that is read when it is its turn */
#define LARGE_SIZE (PREFETCH_BLOCK + 5)

struct world {
    struct hub_server hub;
    struct http *http;
    struct prefetch_pool *pool;
    struct source *source;
    struct strings texts;
    char *large;
    struct plan plan;
    const struct plan_file *files[COUNT];
};

static const char *content_of(const struct world *world, size_t number, size_t *size)
{
    const char *content = number == LARGE   ? world->large
                          : number == EMPTY ? ""
                                            : world->plan.files[number].path;

    *size = number == LARGE ? LARGE_SIZE : strlen(content);
    return content;
}

static void add_file(struct world *world, size_t number)
{
    CLEANUP(text) char *path = xasprintf("f%zu", number);
    struct plan_file file = {.path = path};
    size_t size = 0;

    plan_add(&world->plan, &file);
    const char *content = content_of(world, number, &size);
    world->plan.files[number].size = size;
    world->plan.files[number].digest = digest_of(DIGEST_SHA256, content, size);
    strings_addf(&world->texts, "/acme/tiny/resolve/" HUB_COMMIT "/f%zu", number);
}

static int setup(void **state)
{
    struct world *world = xcalloc(1, sizeof(*world));

    *state = world;
    hub_server_start(&world->hub);
    hub_server_enter(&world->hub, NULL);
    world->http = hub_server_http(NULL);
    world->pool = prefetch_pool_new(4);
    const struct source_context context = {.http = world->http, .pool = world->pool};
    if (hub_server_open(&context, &world->source) < 0)
        return -1;
    world->large = xcalloc(LARGE_SIZE, 1);
    world->plan = hub_server_plan();
    for (size_t i = 0; i < COUNT; i++)
        add_file(world, i);
    for (size_t i = 0; i < COUNT; i++)
        world->files[i] = &world->plan.files[i];
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    source_free(world->source);
    prefetch_pool_free(world->pool);
    http_free(world->http);
    hub_server_stop(&world->hub);
    plan_release(&world->plan);
    strings_release(&world->texts);
    free(world->large);
    free(world);
    return 0;
}

/* All files, but one of them as something else: COUNT for none. */
static void serve(struct world *world, size_t wrong, const char *content)
{
    for (size_t i = 0; i < COUNT; i++) {
        struct scripted_answer answer = {.target = world->texts.items[i]};
        answer.body = content_of(world, i, &answer.size);
        if (i == wrong)
            answer = (struct scripted_answer){.target = answer.target, .body = content};
        hub_server_add(&world->hub, answer);
    }
}

static int read_one(struct source_files *files, const struct world *world, size_t number,
                    struct error *err)
{
    CLEANUP(reader) struct reader *reader = NULL;
    CLEANUP(buf) struct buf content = BUF_INIT;
    size_t size = 0;

    if (source_files_open(files, world->files[number], &reader, err) < 0 ||
        reader_read_all(reader, 2 * LARGE_SIZE, &content, err) < 0)
        return -1;
    const char *expected = content_of(world, number, &size);
    assert_int_equal(content.size, size);
    assert_memory_equal(buf_text(&content), expected, size);
    return 0;
}

static struct source_files *open_all(struct world *world)
{
    return source_files_new(&(struct source_files_request){
        .source = world->source, .plan = &world->plan, .files = world->files, .count = COUNT});
}

static void files_come_each_once_and_right(void **state)
{
    struct world *world = *state;
    CLEANUP(error) struct error err = ERROR_INIT;

    serve(world, COUNT, NULL);
    CLEANUP(source_files) struct source_files *files = open_all(world);
    for (size_t i = 0; i < COUNT; i++)
        if (read_one(files, world, i, &err) < 0)
            fail_msg("%s", err.text);
    assert_int_equal(hub_server_count(&world->hub, "GET "), COUNT);
}

static void files_are_asked_for_before_their_turn(void **state)
{
    struct world *world = *state;
    CLEANUP(error) struct error err = ERROR_INIT;

    serve(world, COUNT, NULL);
    CLEANUP(source_files) struct source_files *files = open_all(world);
    assert_int_equal(cancel_wait(NULL, 300, &err), 0);
    assert_in_range(hub_server_count(&world->hub, "GET "), 2, 4 + 2);
    assert_int_equal(read_one(files, world, 0, &err), 0);
}

static void a_file_that_is_not_as_listed_is_refused(void **state)
{
    static const struct {
        size_t number;
        const char *content;
        const char *complaint;
    } cases[] = {
        {3, "f4", "'acme/tiny/f3' has the digest sha256:"},
        {3, "f", "'acme/tiny/f3' ends after 1 bytes, expected 2"},
        {EMPTY, "x", "'acme/tiny/f7' has more than the expected 0 bytes"},
        {COUNT - 1, "fff", "'acme/tiny/f19' has the digest sha256:"},
    };
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        hub_server_clear(&world->hub);
        serve(world, cases[i].number, cases[i].content);
        CLEANUP(source_files) struct source_files *files = open_all(world);
        size_t number = 0;
        while (number < COUNT && read_one(files, world, number, &err) == 0)
            number++;
        assert_true(number <= cases[i].number);
        assert_int_equal(err.kind, ERROR_CORRUPT);
        if (strstr(err.text, cases[i].complaint) == NULL)
            fail_msg("'%s' does not say '%s'", err.text, cases[i].complaint);
    }
}

static void files_may_be_opened_in_another_order_and_given_up(void **state)
{
    static const size_t order[] = {0, 5, 5, LARGE, 1, 2, 19, 3};
    struct world *world = *state;
    CLEANUP(error) struct error err = ERROR_INIT;

    serve(world, COUNT, NULL);
    CLEANUP(source_files) struct source_files *files = open_all(world);
    for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
        CLEANUP(reader) struct reader *given_up = NULL;
        if (read_one(files, world, order[i], &err) < 0)
            fail_msg("%s", err.text);
        if (order[i] == 2)
            assert_int_equal(source_files_open(files, world->files[3], &given_up, &err), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_come_each_once_and_right, setup, teardown),
        cmocka_unit_test_setup_teardown(files_are_asked_for_before_their_turn, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_is_not_as_listed_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(files_may_be_opened_in_another_order_and_given_up, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
