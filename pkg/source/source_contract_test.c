#include "core/file.h"
#include "core/workers.h"
#include "source/hub_server.h"
#include "testing/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>

#include <cmocka.h>

#define LARGE_SIZE ((size_t)MIB + 3)

/* What every source must do, whatever it reads from: checked on one repo in several places. */
struct world {
    struct source *source;
    const struct origin *origin;      /* what the plan says */
    const char *pin;                  /* NULL: any 40 hex digits */
    enum error_kind kind_of_mismatch; /* of a file that is not what the plan says */
    struct hub_server hub;
    struct http *http;
    const char *files; /* how the URLs of its files begin; NULL: it has no server */
    bool all_sha256;   /* the source knows no other digests */
    char *folder;
    struct origin folder_origin;
    char *large; /* content of "weights/large.bin" */
    struct strings texts;
};

struct content {
    const char *path;
    const char *encoded; /* in a URL */
    const char *data;    /* NULL: the large one */
};

static const struct content contents[] = {
    {".gitattributes", ".gitattributes", ""},
    {"1_Pooling/config.json", "1_Pooling/config.json", "{}"},
    {"config.json", "config.json", "{\"a\":1}\n"},
    {"na me+(1)\xc3\xa9.txt", "na%20me%2B%281%29%C3%A9.txt", "hello"},
    {"weights/large.bin", "weights/large.bin", NULL},
};

static char acme_tiny[] = "acme/tiny";
static char version_1[] = "v1.0";
static const struct origin model = {
    .kind = ORIGIN_HUB_MODEL, .name = acme_tiny, .revision = version_1};
static const struct origin modelscope_model = {
    .kind = ORIGIN_MODELSCOPE, .name = acme_tiny, .revision = version_1};

#define MODELSCOPE_API "/api/v1/models/acme/tiny"

static const char *content_data(const struct world *world, size_t number)
{
    return contents[number].data != NULL ? contents[number].data : world->large;
}

static size_t content_size(size_t number)
{
    return contents[number].data != NULL ? strlen(contents[number].data) : LARGE_SIZE;
}

static struct digest content_digest(const struct world *world, size_t number)
{
    bool is_git = contents[number].data != NULL && !world->all_sha256;
    enum digest_algorithm algorithm = is_git ? DIGEST_GIT_SHA1 : DIGEST_SHA256;

    return digest_of(algorithm, content_data(world, number), content_size(number));
}

static struct world *world_new(void)
{
    struct world *world = xcalloc(1, sizeof(*world));

    world->origin = &model;
    world->pin = HUB_COMMIT;
    world->kind_of_mismatch = ERROR_CORRUPT;
    world->large = xcalloc(LARGE_SIZE, 1);
    for (size_t i = 0; i < LARGE_SIZE; i++)
        world->large[i] = (char)(i * 7 + i / 251);
    return world;
}

static int teardown(void **state)
{
    struct world *world = *state;

    source_free(world->source);
    http_free(world->http);
    if (world->files != NULL)
        hub_server_stop(&world->hub);
    if (world->folder != NULL)
        folder_clear(world->folder);
    strings_release(&world->texts);
    origin_release(&world->folder_origin);
    free(world->folder);
    free(world->large);
    free(world);
    return 0;
}

/* Puts the files into a new folder. */
static struct world *world_new_folder(struct error *err)
{
    struct world *world = world_new();

    world->kind_of_mismatch = ERROR_LOCAL;
    world->folder = xstrdup("/tmp/inlay-contract-XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    for (size_t i = 0; i < ARRAY_SIZE(contents); i++) {
        CLEANUP(text) char *path = xasprintf("%s/%s", world->folder, contents[i].path);
        CLEANUP(text) char *parent = xstrndup(path, (size_t)(strrchr(path, '/') - path));
        assert_int_equal(file_make_folders(parent, err), 0);
        assert_int_equal(file_replace(path, content_data(world, i), content_size(i), err), 0);
    }
    return world;
}

static int setup_directory(void **state)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    struct world *world = world_new_folder(&err);

    *state = world;
    return source_open_directory(world->folder, &model, HUB_COMMIT, &world->source, &err);
}

static int setup_folder(void **state)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    struct world *world = world_new_folder(&err);
    const struct source_context context = {.http = NULL};

    *state = world;
    world->folder_origin =
        (struct origin){.kind = ORIGIN_FOLDER, .name = realpath(world->folder, NULL)};
    world->origin = &world->folder_origin;
    world->pin = NULL;
    return source_open(&context, world->origin, &world->source, &err);
}

/* The listing of `contents`, last first, with a folder in it. */
static char *listing_new(const struct world *world)
{
    struct buf out = BUF_INIT;

    buf_addf(&out, "[{\"type\": \"directory\", \"oid\": \"" CONFIG_SHA1
                   "\", \"size\": 0, \"path\": \"weights\"}");
    for (size_t i = ARRAY_SIZE(contents); i-- > 0;) {
        struct digest digest = content_digest(world, i);
        struct digest_text hex = digest_format_hex(&digest);
        buf_addf(&out, ", {\"type\": \"file\", \"path\": \"%s\", \"size\": %zu, \"oid\": \"%s\"",
                 contents[i].path, content_size(i),
                 contents[i].data != NULL ? hex.text : POINTER_SHA1);
        if (contents[i].data == NULL)
            buf_addf(&out, ", \"lfs\": {\"oid\": \"%s\", \"size\": %zu}", hex.text,
                     content_size(i));
        buf_add_text(&out, "}");
    }
    buf_add_text(&out, "]");
    return buf_take(&out);
}

static const char *keep(struct world *world, const char *text)
{
    strings_add(&world->texts, text);
    return world->texts.items[world->texts.count - 1];
}

static void serve(struct world *world, const char *target, const char *body)
{
    hub_server_add(&world->hub, (struct scripted_answer){.target = target, .body = body});
}

static void add_encoded(struct buf *out, const char *path, bool is_query)
{
    for (; *path != '\0'; path++)
        buf_add(out, is_query && *path == '/' ? "%2F" : path, is_query && *path == '/' ? 3 : 1);
}

/* A server with the files below `files`, and what asks it. */
static void start_server(struct world *world, const char *files, bool ignores_range)
{
    world->files = files;
    hub_server_start(&world->hub);
    hub_server_enter(&world->hub, HUB_TOKEN);
    for (size_t i = 0; i < ARRAY_SIZE(contents); i++) {
        CLEANUP(buf) struct buf target = BUF_INIT;
        buf_add_text(&target, files);
        add_encoded(&target, contents[i].encoded, strchr(files, '?') != NULL);
        hub_server_add(&world->hub, (struct scripted_answer){
                                        .target = keep(world, buf_text(&target)),
                                        .body = content_data(world, i),
                                        .size = content_size(i),
                                        .ignores_range = ignores_range,
                                    });
    }
    world->http = hub_server_http(NULL);
}

static int setup_hub(void **state, bool ignores_range)
{
    struct world *world = world_new();
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *listing = listing_new(world);

    *state = world;
    start_server(world, "/acme/tiny/resolve/" HUB_COMMIT "/", ignores_range);
    serve(world, "/api/models/acme/tiny/revision/v1.0", "{\"sha\": \"" HUB_COMMIT "\"}");
    serve(world, "/api/models/acme/tiny/tree/" HUB_COMMIT "?recursive=true&expand=false",
          keep(world, listing));
    const struct source_context context = {.http = world->http};
    return source_open_huggingface(&context, &model, &world->source, &err);
}

/* The same of ModelScope. */
static char *modelscope_listing_new(const struct world *world)
{
    struct buf out = BUF_INIT;

    buf_add_text(&out,
                 "{\"Code\": 200, \"Success\": true, \"Data\": {\"LatestCommitter\": {\"Id\": "
                 "\"" HUB_COMMIT "\"}, \"Files\": [{\"Type\": \"tree\", \"Path\": \"weights\"}");
    for (size_t i = ARRAY_SIZE(contents); i-- > 0;) {
        struct digest digest = content_digest(world, i);
        buf_addf(&out,
                 ", {\"Type\": \"blob\", \"Path\": \"%s\", \"Size\": %zu, \"Sha256\": \"%s\"}",
                 contents[i].path, content_size(i), digest_format_hex(&digest).text);
    }
    buf_add_text(&out, "]}}");
    return buf_take(&out);
}

static int setup_modelscope(void **state)
{
    struct world *world = world_new();
    CLEANUP(error) struct error err = ERROR_INIT;

    *state = world;
    world->origin = &modelscope_model;
    world->all_sha256 = true;
    CLEANUP(text) char *listing = modelscope_listing_new(world);
    const char *kept = keep(world, listing);
    start_server(world, MODELSCOPE_API "/repo?Revision=" HUB_COMMIT "&FilePath=", false);
    serve(world, MODELSCOPE_API "/revisions",
          "{\"Code\": 200, \"Success\": true, \"Data\": {\"RevisionMap\": {\"Branches\": [], "
          "\"Tags\": [{\"Revision\": \"v1.0\"}]}}}");
    serve(world, MODELSCOPE_API "/repo/files?Revision=v1.0&Recursive=True", kept);
    serve(world, MODELSCOPE_API "/repo/files?Revision=" HUB_COMMIT "&Recursive=True", kept);
    hub_server_name("MODELSCOPE_ENDPOINT");
    const struct source_context context = {.http = world->http};
    return source_open_modelscope(&context, &modelscope_model, &world->source, &err);
}

static int setup_huggingface(void **state)
{
    return setup_hub(state, false);
}

static int setup_huggingface_without_ranges(void **state)
{
    return setup_hub(state, true);
}

static void list(struct world *world, struct plan *plan)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    assert_int_equal(source_list(world->source, plan, &err), 0);
    assert_int_equal(plan->count, ARRAY_SIZE(contents));
}

static void list_tells_name_pin_and_every_file_in_order(void **state)
{
    struct world *world = *state;
    CLEANUP(plan) struct plan plan = PLAN_INIT;

    list(world, &plan);
    assert_int_equal(plan.origin.kind, world->origin->kind);
    assert_string_equal(plan.origin.name, world->origin->name);
    if (world->origin->revision != NULL)
        assert_string_equal(plan.origin.revision, world->origin->revision);
    else
        assert_null(plan.origin.revision);
    assert_true(text_is_hex(plan.pin, GIT_OID_HEX));
    assert_true(world->pin == NULL || strcmp(plan.pin, world->pin) == 0);
    for (size_t i = 0; i < plan.count; i++) {
        struct digest digest = content_digest(world, i);
        assert_string_equal(plan.files[i].path, contents[i].path);
        assert_true(plan.files[i].size == content_size(i));
        assert_true(digest_equal(&plan.files[i].digest, &digest));
        assert_true(text_is_hex(plan.files[i].blob_id, GIT_OID_HEX));
    }
}

static void list_gives_the_same_again(void **state)
{
    struct world *world = *state;
    CLEANUP(plan) struct plan first = PLAN_INIT;
    CLEANUP(plan) struct plan second = PLAN_INIT;

    list(world, &first);
    list(world, &second);
    assert_string_equal(first.pin, second.pin);
    for (size_t i = 0; i < first.count; i++) {
        assert_string_equal(first.files[i].path, second.files[i].path);
        assert_true(digest_equal(&first.files[i].digest, &second.files[i].digest));
        assert_string_equal(first.files[i].blob_id, second.files[i].blob_id);
    }
}

struct job {
    struct world *world;
    const struct plan *plan;
};

static int read_whole(void *arg, size_t number, const struct cancel *cancel, struct error *err)
{
    const struct job *job = arg;
    CLEANUP(reader) struct reader *reader = NULL;
    CLEANUP(buf) struct buf content = BUF_INIT;
    number %= job->plan->count;

    if (source_open_file(job->world->source, job->plan, &job->plan->files[number], cancel, &reader,
                         err) < 0 ||
        reader_read_all(reader, 2 * LARGE_SIZE, &content, err) < 0)
        return -1;
    if (content.size != content_size(number) ||
        (content.size > 0 &&
         memcmp(content.data, content_data(job->world, number), content.size) != 0))
        return error_set(err, ERROR_INTERNAL, "'%s' has other content", contents[number].path);
    return 0;
}

static void open_file_reads_every_file_from_several_threads(void **state)
{
    struct world *world = *state;
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct job job = {world, &plan};

    list(world, &plan);
    int result = workers_run(3, 4 * plan.count, read_whole, &job, NULL, &err);
    if (result < 0)
        print_error("%s\n", err.text);
    assert_int_equal(result, 0);
}

static void open_reads_the_range_it_was_asked_for_and_no_more(void **state)
{
    static const struct {
        size_t file;
        uint64_t offset, length, expected;
    } cases[] = {
        {0, 0, SIZE_UNKNOWN, 0},
        {0, 0, 0, 0},
        {2, 0, SIZE_UNKNOWN, 8},
        {2, 0, 3, 3},
        {2, 2, 3, 3},
        {2, 2, SIZE_UNKNOWN, 6},
        {2, 7, 100, 1},
        {2, 3, 0, 0},
        {2, 8, SIZE_UNKNOWN, 0},
        {4, 1, SIZE_UNKNOWN, LARGE_SIZE - 1},
        {4, LARGE_SIZE - 2, SIZE_UNKNOWN, 2},
        {4, 65537, 300000, 300000},
    };
    struct world *world = *state;
    CLEANUP(plan) struct plan plan = PLAN_INIT;

    list(world, &plan);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(reader) struct reader *reader = NULL;
        CLEANUP(buf) struct buf content = BUF_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        const struct source_range range = {.offset = cases[i].offset, .length = cases[i].length};
        assert_int_equal(world->source->ops->open(world->source, &plan, &plan.files[cases[i].file],
                                                  &range, &reader, &err),
                         0);
        assert_int_equal(reader_read_all(reader, 2 * LARGE_SIZE, &content, &err), 0);
        assert_true(content.size == cases[i].expected);
        if (content.size > 0)
            assert_memory_equal(content.data, content_data(world, cases[i].file) + cases[i].offset,
                                content.size);
    }
}

static void a_part_of_a_file_is_had_again_by_itself(void **state)
{
    static const struct {
        size_t file;
        uint64_t offset, length;
    } cases[] = {{2, 0, 8},         {2, 2, 3}, {2, 7, 1}, {4, 0, 10}, {4, LARGE_SIZE - 2, 2},
                 {4, 65537, 300000}};
    struct world *world = *state;
    CLEANUP(plan) struct plan plan = PLAN_INIT;

    list(world, &plan);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(reader) struct reader *reader = NULL;
        CLEANUP(buf) struct buf content = BUF_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        const struct source_range range = {.offset = cases[i].offset, .length = cases[i].length};
        assert_int_equal(source_open_part(world->source, &plan, &plan.files[cases[i].file], &range,
                                          &reader, &err),
                         0);
        assert_int_equal(reader_read_exactly(reader, 0, (size_t)range.length, &content, &err), 0);
        assert_memory_equal(content.data, content_data(world, cases[i].file) + range.offset,
                            content.size);
    }
}

static void open_says_which_file_is_not_there(void **state)
{
    struct world *world = *state;
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(reader) struct reader *reader = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *path = xstrdup("absent.json");
    const struct plan_file file = {.path = path, .size = 1};

    list(world, &plan);
    if (world->files != NULL) {
        CLEANUP(text) char *target = xasprintf("%sabsent.json", world->files);
        hub_server_add(&world->hub, (struct scripted_answer){
                                        .target = keep(world, target),
                                        .status = 404,
                                        .headers = "X-Error-Code: EntryNotFound\r\n",
                                    });
    }
    assert_int_equal(source_open_file(world->source, &plan, &file, NULL, &reader, &err), -1);
    assert_int_equal(err.kind, ERROR_NOT_FOUND);
    CLEANUP(text) char *reading = xasprintf("reading '%s/absent.json': ", world->origin->name);
    assert_non_null(strstr(err.text, reading));
    assert_non_null(strstr(err.text, "has no file 'absent.json'"));
    assert_null(reader);
}

static void a_file_that_is_not_what_the_plan_says_is_never_handed_over_whole(void **state)
{
    struct world *world = *state;
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(reader) struct reader *reader = NULL;
    CLEANUP(buf) struct buf content = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    list(world, &plan);
    plan.files[4].digest = digest_of(DIGEST_SHA256, "other", 5);
    assert_int_equal(source_open_file(world->source, &plan, &plan.files[4], NULL, &reader, &err),
                     0);
    assert_int_equal(reader_read_all(reader, 2 * LARGE_SIZE, &content, &err), -1);
    assert_int_equal(err.kind, world->kind_of_mismatch);
    CLEANUP(text)
    char *found = xasprintf("'%s/weights/large.bin' has the digest sha256:", world->origin->name);
    assert_non_null(strstr(err.text, found));
    assert_true(content.size < LARGE_SIZE);
}

#define CONTRACT(test, name)                                                                       \
    {                                                                                              \
#test " (" #name ")", test, setup_##name, teardown, NULL                                   \
    }
#define CONTRACTS(name)                                                                            \
    CONTRACT(list_tells_name_pin_and_every_file_in_order, name),                                   \
        CONTRACT(list_gives_the_same_again, name),                                                 \
        CONTRACT(open_file_reads_every_file_from_several_threads, name),                           \
        CONTRACT(open_reads_the_range_it_was_asked_for_and_no_more, name),                         \
        CONTRACT(a_part_of_a_file_is_had_again_by_itself, name),                                   \
        CONTRACT(open_says_which_file_is_not_there, name),                                         \
        CONTRACT(a_file_that_is_not_what_the_plan_says_is_never_handed_over_whole, name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACTS(directory), CONTRACTS(folder), CONTRACTS(huggingface),
        CONTRACTS(huggingface_without_ranges), CONTRACTS(modelscope)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
