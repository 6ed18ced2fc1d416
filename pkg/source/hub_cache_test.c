#include "source/hub_cache_internal.h"

#include "core/file.h"
#include "testing/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define COMMIT "3f0c6d0c1d3b4e5f60718293a4b5c6d7e8f90123"
#define OTHER "3f0c6d0c2d3b4e5f60718293a4b5c6d7e8f90123"
#define HELLO_SHA256 "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define HELLO_SHA1 "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0"

static char acme_tiny[] = "acme/tiny";
static char main_branch[] = "main";
static const struct origin model = {
    .kind = ORIGIN_HUB_MODEL, .name = acme_tiny, .revision = main_branch};

struct world {
    char *root;
    struct hub_cache *cache;
};

static int setup(void **state)
{
    struct world *world = xcalloc(1, sizeof(*world));
    char root[] = "/tmp/inlay-hub-cache-XXXXXX";

    assert_non_null(mkdtemp(root));
    world->root = xstrdup(root);
    world->cache = hub_cache_new(root, &model, NULL);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    int result = folder_clear(world->root);

    hub_cache_free(world->cache);
    free(world->root);
    free(world);
    return result;
}

/* Makes the folders of a path in the repo's folder. Caller frees. */
static char *place(const struct world *world, const char *path)
{
    char *full = xasprintf("%s/%s", world->cache->repo, path);
    CLEANUP(text) char *folder = xstrndup(full, (size_t)(strrchr(full, '/') - full));
    CLEANUP(error) struct error err = ERROR_INIT;

    assert_int_equal(file_make_folders(folder, &err), 0);
    return full;
}

static void put(const struct world *world, const char *path, const char *text)
{
    CLEANUP(text) char *full = place(world, path);
    CLEANUP(error) struct error err = ERROR_INIT;

    assert_int_equal(file_replace(full, text, strlen(text), &err), 0);
}

static void put_link(const struct world *world, const char *path, const char *target)
{
    CLEANUP(text) char *full = place(world, path);

    assert_int_equal(symlink(target, full), 0);
}

static void a_repo_has_the_folder_that_clients_give_it(void **state)
{
    static char gpt2[] = "gpt2";
    static const struct {
        struct origin origin;
        const char *name;
    } cases[] = {
        {{.kind = ORIGIN_HUB_MODEL, .name = acme_tiny}, "models--acme--tiny"},
        {{.kind = ORIGIN_HUB_DATASET, .name = acme_tiny}, "datasets--acme--tiny"},
        {{.kind = ORIGIN_HUB_MODEL, .name = gpt2}, "models--gpt2"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(text) char *name = hub_cache_repo_name(&cases[i].origin);
        assert_string_equal(name, cases[i].name);
    }
}

static void a_revision_is_a_ref_or_a_commit(void **state)
{
    static const struct {
        const char *revision, *commit;
        enum error_kind kind;
    } cases[] = {
        {"main", COMMIT, ERROR_NONE},      {"refs/pr/1", OTHER, ERROR_NONE},
        {"newline", COMMIT, ERROR_NONE},   {"refs", "", ERROR_NONE},
        {"refs/pr", "", ERROR_NONE},       {"v1", "", ERROR_NONE},
        {"../refs/main", "", ERROR_NONE},  {"..", "", ERROR_NONE},
        {COMMIT, COMMIT, ERROR_NONE},      {OTHER, OTHER, ERROR_NONE},
        {"3f0c6d0c1", COMMIT, ERROR_NONE}, {"3f0c6d0c2", OTHER, ERROR_NONE},
        {"3f0c6d0c", "", ERROR_NOT_FOUND}, {"3f0", "", ERROR_NONE},
        {"damaged", "", ERROR_CORRUPT},
    };
    const struct world *world = *state;

    put(world, "refs/main", COMMIT);
    put(world, "refs/refs/pr/1", OTHER);
    put(world, "refs/newline", COMMIT "\n");
    put(world, "refs/damaged", "main");
    put(world, "snapshots/" COMMIT "/config.json", "{}");
    put(world, "trees/" COMMIT ".json", "{}");
    put(world, "trees/" OTHER ".json", "{}");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        struct plan_commit commit = {""};
        int result = hub_cache_resolve(world->cache, cases[i].revision, &commit, &err);
        assert_int_equal(result, cases[i].kind == ERROR_NONE ? 0 : -1);
        assert_int_equal(err.kind, cases[i].kind);
        assert_string_equal(commit.text, cases[i].commit);
    }
}

static void list(const struct world *world, struct plan *plan)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    if (hub_cache_list(world->cache, COMMIT, plan, &err) < 0)
        fail_msg("%s", err.text);
}

static void a_list_of_files_says_what_the_commit_has(void **state)
{
    static const char text[] = "{\"format_version\": 1, \"files\": {"
                               "\"b/config.json\": {\"size\": 5, \"blob_id\": \"" HELLO_SHA1 "\"},"
                               "\"a.bin\": {\"size\": 127, \"blob_id\": \"" COMMIT
                               "\", \"lfs_sha256\": \"" HELLO_SHA256 "\", \"lfs_size\": 5}}}";
    const struct world *world = *state;
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(plan) struct plan again = PLAN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    put(world, "trees/" COMMIT ".json", text);
    list(world, &plan);
    assert_int_equal(plan.count, 2);
    assert_string_equal(plan.files[0].path, "a.bin");
    assert_string_equal(digest_format(&plan.files[0].digest).text, "sha256:" HELLO_SHA256);
    assert_string_equal(plan.files[0].blob_id, COMMIT);
    assert_int_equal(plan.files[0].size, 5);
    assert_string_equal(digest_format(&plan.files[1].digest).text, HELLO_SHA1);

    CLEANUP(text) char *formatted = hub_tree_format(&plan);
    assert_int_equal(hub_tree_parse(formatted, strlen(formatted), &again, &err), 0);
    CLEANUP(text) char *twice = hub_tree_format(&again);
    assert_string_equal(formatted, twice);
}

#define LISTED(rest) "{\"format_version\": 1, \"files\": {\"a\": {\"blob_id\": " rest "}}}"

static void a_list_that_is_none_is_told(void **state)
{
    static const char *const cases[] = {
        "",
        "[]",
        "{}",
        "{\"format_version\": 2, \"files\": {}}",
        "{\"format_version\": 1, \"files\": []}",
        "{\"format_version\": 1, \"files\": {\"a\": 1}}",
        "{\"format_version\": 1, \"files\": {\"a\": {\"size\": 1}}}",
        LISTED("\"" COMMIT "\""),
        LISTED("\"" COMMIT "\", \"size\": -1"),
        "{\"format_version\": 1, \"files\": {\"a\": {\"blob_id\": \"../x\", \"size\": 1}}}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(hub_tree_parse(cases[i], strlen(cases[i]), &plan, &err), -1);
        assert_int_equal(err.kind, ERROR_CORRUPT);
    }
}

static void a_snapshot_is_listed_by_its_links(void **state)
{
    static const struct {
        const char *path, *digest;
        uint64_t size;
    } expected[] = {
        {"a/linked.bin", "sha256:" HELLO_SHA256, 5},
        {"dangling.json", HELLO_SHA1, 0},
        {"plain.bin", "sha256:" HELLO_SHA256, 5},
        {"plain.json", HELLO_SHA1, 5},
    };
    const struct world *world = *state;
    CLEANUP(plan) struct plan plan = PLAN_INIT;

    put(world, "blobs/" HELLO_SHA256, "hello");
    put(world, "trees/" COMMIT ".json", "no list, which is passed over");
    put(world, "snapshots/" COMMIT "/.gitattributes", "# x\n*.bin filter=lfs -text\n");
    put_link(world, "snapshots/" COMMIT "/a/linked.bin", "../../../blobs/" HELLO_SHA256);
    put_link(world, "snapshots/" COMMIT "/dangling.json", "../../blobs/" HELLO_SHA1);
    put(world, "snapshots/" COMMIT "/plain.bin", "hello");
    put(world, "snapshots/" COMMIT "/plain.json", "hello");
    list(world, &plan);
    assert_int_equal(plan.count, ARRAY_SIZE(expected) + 1);
    assert_string_equal(plan.files[0].path, ".gitattributes");
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        const struct plan_file *file = &plan.files[i + 1];
        assert_string_equal(file->path, expected[i].path);
        assert_string_equal(file->blob_id, "");
        assert_string_equal(digest_format(&file->digest).text, expected[i].digest);
        assert_int_equal(file->size, expected[i].size);
    }
    assert_true(hub_cache_has(world->cache, COMMIT, &plan.files[1]));
    assert_false(hub_cache_has(world->cache, COMMIT, &plan.files[2]));
    assert_true(hub_cache_has(world->cache, COMMIT, &plan.files[3]));
}

static void a_snapshot_has_files_only(void **state)
{
    const struct world *world = *state;
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    put_link(world, "snapshots/" COMMIT "/loop", "..");
    assert_int_equal(hub_cache_list(world->cache, COMMIT, &plan, &err), -1);
    assert_int_equal(err.kind, ERROR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "/loop' is neither a file nor a link to one"));
}

static void what_is_damaged_is_not_opened(void **state)
{
    const struct world *world = *state;
    char path[] = "a.bin";
    const struct plan_file file = {
        .path = path, .size = 5, .digest = digest_of(DIGEST_SHA256, "hello", 5)};
    CLEANUP(reader) struct reader *reader = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;

    assert_int_equal(hub_cache_open(world->cache, COMMIT, &file, NULL, &reader, &err), 0);
    assert_null(reader);
    assert_int_equal(hub_cache_open_part(world->cache, COMMIT, &file, 3, &reader, &err), 0);
    assert_null(reader);
    put(world, "blobs/" HELLO_SHA256, "hallo");
    assert_int_equal(hub_cache_open(world->cache, COMMIT, &file, NULL, &reader, &err), -1);
    assert_int_equal(err.kind, ERROR_CORRUPT);
    assert_non_null(strstr(err.text, "/blobs/" HELLO_SHA256));
    assert_null(reader);
}

static void a_part_is_opened_as_it_is(void **state)
{
    const struct world *world = *state;
    char path[] = "a.bin";
    const struct plan_file file = {
        .path = path, .size = 5, .digest = digest_of(DIGEST_SHA256, "hello", 5)};
    CLEANUP(reader) struct reader *reader = NULL;
    CLEANUP(buf) struct buf content = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    put(world, "blobs/" HELLO_SHA256, "hello");
    assert_int_equal(hub_cache_open_part(world->cache, COMMIT, &file, 3, &reader, &err), 0);
    assert_int_equal(reader_read_all(reader, 5, &content, &err), 0);
    assert_string_equal(buf_text(&content), "lo");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_repo_has_the_folder_that_clients_give_it),
        cmocka_unit_test_setup_teardown(a_revision_is_a_ref_or_a_commit, setup, teardown),
        cmocka_unit_test_setup_teardown(a_list_of_files_says_what_the_commit_has, setup, teardown),
        cmocka_unit_test(a_list_that_is_none_is_told),
        cmocka_unit_test_setup_teardown(a_snapshot_is_listed_by_its_links, setup, teardown),
        cmocka_unit_test_setup_teardown(a_snapshot_has_files_only, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_damaged_is_not_opened, setup, teardown),
        cmocka_unit_test_setup_teardown(a_part_is_opened_as_it_is, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
