#include "source/hub_server.h"
#include "source/source_internal.h"

#include "source/folder_test_internal.h"

/* source_read_contents() alone: one repo of a served hub, whose small files it reads. */

#define CONFIG "{\"model_type\": \"bert\"}"
#define MODULES "[]"

struct world {
    struct hub_server hub;
    struct http *http;
    struct source *source;
    struct plan plan;
    void *memo; /* a folder */
};

static void add_file(struct world *world, const char *path, const char *content,
                     enum digest_algorithm algorithm)
{
    struct plan_file file = {.path = (char *)(uintptr_t)path,
                             .size = strlen(content),
                             .digest = digest_of(algorithm, content, strlen(content))};

    plan_add(&world->plan, &file);
}

static int setup(void **state)
{
    struct world *world = xcalloc(1, sizeof(*world));

    *state = world;
    if (folder_setup(&world->memo) < 0)
        return -1;
    hub_server_start(&world->hub);
    hub_server_enter(&world->hub, NULL);
    world->http = hub_server_http(NULL);
    const struct source_context context = {.http = world->http};
    if (hub_server_open(&context, &world->source) < 0)
        return -1;
    world->plan = hub_server_plan();
    add_file(world, "config.json", CONFIG, DIGEST_GIT_SHA1);
    add_file(world, "model.safetensors", "weights", DIGEST_SHA256);
    add_file(world, "modules.json", MODULES, DIGEST_SHA256);
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    source_free(world->source);
    http_free(world->http);
    hub_server_stop(&world->hub);
    plan_release(&world->plan);
    int result = folder_teardown(&world->memo);
    free(world);
    return result;
}

static void serve(struct world *world, const char *config)
{
    hub_server_clear(&world->hub);
    hub_server_add(&world->hub,
                   (struct scripted_answer){
                       .target = "/acme/tiny/resolve/" HUB_COMMIT "/config.json", .body = config});
    hub_server_add(&world->hub, (struct scripted_answer){.target = "/acme/tiny/resolve/" HUB_COMMIT
                                                                   "/modules.json",
                                                         .body = MODULES});
}

static void expect_contents(struct world *world, const char *memo)
{
    CLEANUP(plan_contents) struct plan_contents contents = PLAN_CONTENTS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (source_read_contents(world->source, &world->plan, memo, NULL, &contents, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(contents.count, 2);
    assert_string_equal(plan_contents_find(&contents, "config.json")->text, CONFIG);
    assert_string_equal(plan_contents_find(&contents, "modules.json")->text, MODULES);
}

static void small_files_are_fetched_once_for_a_machine(void **state)
{
    struct world *world = *state;

    serve(world, CONFIG);
    expect_contents(world, world->memo);
    assert_int_equal(hub_server_count(&world->hub, "GET "), 2);
    expect_contents(world, world->memo);
    assert_int_equal(hub_server_count(&world->hub, "GET "), 2);
    expect_contents(world, NULL);
    assert_int_equal(hub_server_count(&world->hub, "GET "), 4);
}

static void what_is_remembered_wrong_is_fetched_again(void **state)
{
    struct world *world = *state;
    const struct digest digest = digest_of(DIGEST_GIT_SHA1, CONFIG, strlen(CONFIG));
    CLEANUP(text) char *name = xasprintf("contents/%s", digest_format_hex(&digest).text);

    serve(world, CONFIG);
    put_text(world->memo, name, "{\"model_type\": \"gpt2\"}");
    expect_contents(world, world->memo);
    assert_int_equal(hub_server_count(&world->hub, "GET "), 2);
    expect_contents(world, world->memo);
    assert_int_equal(hub_server_count(&world->hub, "GET "), 2);
}

static void a_file_that_is_not_as_listed_is_refused_and_not_remembered(void **state)
{
    struct world *world = *state;
    CLEANUP(plan_contents) struct plan_contents contents = PLAN_CONTENTS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    serve(world, "{\"model_type\": \"gpt2\"}");
    assert_int_equal(
        source_read_contents(world->source, &world->plan, world->memo, NULL, &contents, &err), -1);
    assert_int_equal(err.kind, ERROR_CORRUPT);
    assert_non_null(strstr(err.text, "'acme/tiny/config.json' has the digest"));
    assert_int_equal(contents.count, 0);
    serve(world, CONFIG);
    expect_contents(world, world->memo);
}

static void bytes_that_were_changed_on_their_way_are_asked_for_once_more(void **state)
{
    struct world *world = *state;

    hub_server_add(&world->hub, (struct scripted_answer){.target = "/acme/tiny/resolve/" HUB_COMMIT
                                                                   "/config.json",
                                                         .body = "{\"model_type\": \"bort\"}",
                                                         .times = 1});
    hub_server_add(&world->hub,
                   (struct scripted_answer){
                       .target = "/acme/tiny/resolve/" HUB_COMMIT "/config.json", .body = CONFIG});
    hub_server_add(&world->hub, (struct scripted_answer){.target = "/acme/tiny/resolve/" HUB_COMMIT
                                                                   "/modules.json",
                                                         .body = MODULES});
    expect_contents(world, world->memo);
    assert_int_equal(hub_server_count(&world->hub, "GET "), 3);
}

/* They have been read: whoever packs the files asks for the others alone. */
static void what_has_been_read_is_not_fetched_for_packing(void **state)
{
    struct world *world = *state;
    CLEANUP(plan_contents) struct plan_contents contents = PLAN_CONTENTS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(reader) struct reader *reader = NULL;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    const struct plan_file *const files[] = {&world->plan.files[0]};

    serve(world, CONFIG);
    assert_int_equal(source_read_contents(world->source, &world->plan, NULL, NULL, &contents, &err),
                     0);
    CLEANUP(source_files)
    struct source_files *opened =
        source_files_new(&(struct source_files_request){.source = world->source,
                                                        .plan = &world->plan,
                                                        .contents = &contents,
                                                        .files = files,
                                                        .count = 1});
    assert_int_equal(source_files_open(opened, files[0], &reader, &err), 0);
    assert_int_equal(reader_read_all(reader, MIB, &bytes, &err), 0);
    assert_string_equal(buf_text(&bytes), CONFIG);
    assert_int_equal(hub_server_count(&world->hub, "GET "), 2);
}

static void what_is_no_repo_has_no_such_files(void **state)
{
    struct world *world = *state;
    CLEANUP(plan_contents) struct plan_contents contents = PLAN_CONTENTS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    serve(world, CONFIG);
    world->plan.origin.kind = ORIGIN_OLLAMA;
    assert_int_equal(source_read_contents(world->source, &world->plan, NULL, NULL, &contents, &err),
                     0);
    assert_int_equal(contents.count, 0);
    assert_int_equal(hub_server_count(&world->hub, "GET "), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(small_files_are_fetched_once_for_a_machine, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_remembered_wrong_is_fetched_again, setup, teardown),
        cmocka_unit_test_setup_teardown(
            bytes_that_were_changed_on_their_way_are_asked_for_once_more, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_is_not_as_listed_is_refused_and_not_remembered,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(what_has_been_read_is_not_fetched_for_packing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_no_repo_has_no_such_files, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
