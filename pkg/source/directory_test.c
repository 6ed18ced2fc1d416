#include "source/folder_test_internal.h"

#include <fcntl.h>

#define COMMIT "3f0c6d0c1d3b4e5f60718293a4b5c6d7e8f90123"

static char acme_tiny[] = "acme/tiny";
static char main_branch[] = "main";
static const struct origin model = {
    .kind = ORIGIN_HUB_MODEL, .name = acme_tiny, .revision = main_branch};

static struct source *open_directory(const char *folder)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    struct source *source = NULL;

    assert_int_equal(source_open_directory(folder, &model, COMMIT, &source, &err), 0);
    return source;
}

static void a_directory_lists_its_files_as_git_would_name_them(void **state)
{
    static const struct {
        const char *path;
        uint64_t size;
        const char *digest, *blob_id;
    } expected[] = {
        {".cache/other", 2, "9e26dfeeb6e641a33dae4961196235bdb965b21b",
         "9e26dfeeb6e641a33dae4961196235bdb965b21b"},
        {".gitattributes", 0, "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
         "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"},
        {"a/b/c.txt", 5, "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0",
         "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0"},
        {"large.bin", 1048576,
         "sha256:30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58",
         "9bf2820abd0acc86f31fc02ce312debf25384d12"},
        {"sub/.git/x", 2, "9e26dfeeb6e641a33dae4961196235bdb965b21b",
         "9e26dfeeb6e641a33dae4961196235bdb965b21b"},
    };
    const char *folder = *state;
    CLEANUP(text) char *zeros = xcalloc(1, (size_t)MIB);

    put_text(folder, "a/b/c.txt", "hello");
    put_text(folder, ".gitattributes", "");
    put(folder, "large.bin", zeros, (size_t)MIB);
    put_text(folder, ".git/config", "x");
    put_text(folder, "sub/.git/x", "{}");
    put_text(folder, ".cache/huggingface/download/x.lock", "");
    put_text(folder, ".cache/other", "{}");

    CLEANUP(source) struct source *source = open_directory(folder);
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    assert_int_equal(source_list(source, &plan, &err), 0);
    assert_string_equal(plan.pin, COMMIT);
    assert_int_equal(plan.count, ARRAY_SIZE(expected));
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        assert_string_equal(plan.files[i].path, expected[i].path);
        assert_true(plan.files[i].size == expected[i].size);
        assert_string_equal(digest_format(&plan.files[i].digest).text, expected[i].digest);
        assert_string_equal(plan.files[i].blob_id, expected[i].blob_id);
    }
}

static void check_unlistable(const char *folder, enum error_kind kind, const char *complaint)
{
    CLEANUP(source) struct source *source = open_directory(folder);
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    assert_int_equal(source_list(source, &plan, &err), -1);
    assert_int_equal(err.kind, kind);
    assert_non_null(strstr(err.text, complaint));
    assert_null(plan.origin.name);
}

static void a_directory_refuses_links(void **state)
{
    const char *folder = *state;
    CLEANUP(text) char *link = xasprintf("%s/a/out", folder);

    put_text(folder, "a/f", "x");
    assert_int_equal(symlink("/etc", link), 0);
    check_unlistable(folder, ERROR_UNSUPPORTED, "'a/out' in '/tmp/inlay-folder-");
    check_unlistable(folder, ERROR_UNSUPPORTED,
                     "' is a link, expected regular files and folders only");
}

static void a_directory_refuses_special_files(void **state)
{
    const char *folder = *state;
    CLEANUP(text) char *pipe = xasprintf("%s/pipe", folder);

    assert_int_equal(mkfifo(pipe, 0600), 0);
    check_unlistable(folder, ERROR_UNSUPPORTED, "is a special file, expected regular files");
}

static void a_directory_without_files_is_no_model(void **state)
{
    const char *folder = *state;

    put_text(folder, ".git/config", "x");
    check_unlistable(folder, ERROR_NOT_FOUND, "'acme/tiny' has no files at revision 'main'");
}

static void a_directory_refuses_names_that_an_image_cannot_have(void **state)
{
    const char *folder = *state;

    put_text(folder, "a\nb", "x");
    check_unlistable(folder, ERROR_CORRUPT, "the file list of 'acme/tiny': ");
}

static int read_file(struct source *source, const struct plan *plan, struct buf *content,
                     struct error *err)
{
    CLEANUP(reader) struct reader *reader = NULL;

    if (source_open_file(source, plan, &plan->files[0], NULL, &reader, err) < 0)
        return -1;
    return reader_read_all(reader, 100, content, err);
}

static void a_directory_that_changes_after_it_was_listed_is_found_out(void **state)
{
    const char *folder = *state;
    CLEANUP(text) char *path = xasprintf("%s/a/f", folder);
    CLEANUP(text) char *parent = xasprintf("%s/a", folder);
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(buf) struct buf content = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    put_text(folder, "a/f", "hello");
    CLEANUP(source) struct source *source = open_directory(folder);
    assert_int_equal(source_list(source, &plan, &err), 0);

    put_text(folder, "a/f", "hallo");
    assert_int_equal(read_file(source, &plan, &content, &err), -1);
    assert_int_equal(err.kind, ERROR_LOCAL);
    assert_non_null(strstr(err.text, "'acme/tiny/a/f' has the digest"));
    assert_non_null(strstr(err.text, ": it has changed since it was listed"));

    assert_int_equal(unlink(path), 0);
    assert_int_equal(read_file(source, &plan, &content, &err), -1);
    assert_int_equal(err.kind, ERROR_NOT_FOUND);
    assert_non_null(strstr(err.text, "reading 'acme/tiny/a/f': '/tmp/inlay-folder-"));
    assert_non_null(strstr(err.text, "' has no file 'a/f'"));

    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_int_equal(read_file(source, &plan, &content, &err), -1);
    assert_int_equal(err.kind, ERROR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "is a link, expected a regular file"));

    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(read_file(source, &plan, &content, &err), -1);
    assert_int_equal(err.kind, ERROR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "is not a regular file"));

    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(parent), 0);
    assert_int_equal(read_file(source, &plan, &content, &err), -1);
    assert_int_equal(err.kind, ERROR_NOT_FOUND);
    assert_non_null(strstr(err.text, "' has no folder 'a'"));

    assert_int_equal(symlink("/etc", parent), 0);
    assert_int_equal(read_file(source, &plan, &content, &err), -1);
    assert_int_equal(err.kind, ERROR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "is not a folder; links are not followed"));
    assert_int_equal(content.size, 0);
}

static void a_directory_source_needs_a_folder_and_a_commit(void **state)
{
    static const struct {
        const char *path, *commit;
        enum error_kind kind;
        const char *text;
    } cases[] = {
        {"/nonexistent/x", COMMIT, ERROR_NOT_FOUND,
         "'/nonexistent/x' does not exist, expected a folder of files"},
        {"/dev/null", COMMIT, ERROR_LOCAL,
         "'/dev/null' is not a folder; a single file is named 'file:PATH'"},
        {"/tmp", "main", ERROR_USAGE, "'main' is not a commit, expected 40 hex digits"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(source) struct source *source = NULL;
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(
            source_open_directory(cases[i].path, &model, cases[i].commit, &source, &err), -1);
        assert_int_equal(err.kind, cases[i].kind);
        assert_string_equal(err.text, cases[i].text);
        assert_null(source);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_directory_lists_its_files_as_git_would_name_them,
                                        folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(a_directory_refuses_links, folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(a_directory_refuses_special_files, folder_setup,
                                        folder_teardown),
        cmocka_unit_test_setup_teardown(a_directory_without_files_is_no_model, folder_setup,
                                        folder_teardown),
        cmocka_unit_test_setup_teardown(a_directory_refuses_names_that_an_image_cannot_have,
                                        folder_setup, folder_teardown),
        cmocka_unit_test_setup_teardown(a_directory_that_changes_after_it_was_listed_is_found_out,
                                        folder_setup, folder_teardown),
        cmocka_unit_test(a_directory_source_needs_a_folder_and_a_commit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
