#include "scan/application_test_internal.h"

#include "core/file.h"
#include "scan/application_internal.h"

#include <fcntl.h>

/* Writes a file and the folders above it. */
static void put_file(const char *folder, const char *path, const char *text)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *whole = xasprintf("%s/%s", folder, path);
    CLEANUP(text) char *above = xstrdup(whole);

    *strrchr(above, '/') = '\0';
    if (file_make_folders(above, &err) < 0 || file_replace(whole, text, strlen(text), &err) < 0)
        fail_msg("%s", err.text);
}

static void put_link(const char *folder, const char *path, const char *target)
{
    CLEANUP(text) char *whole = xasprintf("%s/%s", folder, path);

    assert_int_equal(symlink(target, whole), 0);
}

static void check_folder(const char *folder, const char *expected)
{
    CLEANUP(application) struct application application = {.files = NULL};
    CLEANUP(error) struct error err = ERROR_INIT;

    if (application_read_folder(folder, NULL, &application, &err) < 0)
        fail_msg("%s", err.text);
    CLEANUP(text) char *found = application_format(&application);
    assert_string_equal(found, expected);
}

static void files_and_packages_of_a_folder_are_read(void **state)
{
    CLEANUP(text) char *folder = folder_make();
    CLEANUP(text) char *fifo = xasprintf("%s/pipe.py", folder);

    (void)state;
    put_file(folder, "app.py", "app");
    put_file(folder, "src/deep/er/x.py", "x");
    put_file(folder, ".env", "MODEL=y");
    put_file(folder, "data.bin", "no");
    put_file(folder, ".git/config.json", "no");
    put_file(folder, ".venv/lib/python3.12/site-packages/x/a.py", "no");
    put_file(folder, ".venv/lib/python3.12/site-packages/x-1.dist-info/METADATA", "no header");
    put_file(folder, "node_modules/a/package.json", "{\"version\":\"2\"}");
    put_file(folder, "node_modules/a/b/index.js", "no");
    put_link(folder, "inside.py", "src/deep/er/x.py");
    put_link(folder, "outside.py", "/etc/passwd");
    put_link(folder, "broken.py", "nowhere");
    put_link(folder, "etc", "/etc");
    put_link(folder, "circle", ".");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    CLEANUP(application) struct application application = {.files = NULL};
    CLEANUP(error) struct error err = ERROR_INIT;
    if (application_read_folder(folder, NULL, &application, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(application.skipped.count, 4); /* in the order of the folder, which is any */
    assert_true(
        strings_has(&application.skipped, "broken.py is not read: a link that leads nowhere"));
    assert_true(
        strings_has(&application.skipped, "etc is not read: a link that leads out of the folder"));
    assert_true(strings_has(&application.skipped,
                            "outside.py is not read: a link that leads out of the folder"));
    assert_true(strings_has(&application.skipped, "pipe.py is not read: a special file"));
    strings_release(&application.skipped);
    CLEANUP(text) char *found = application_format(&application);
    assert_string_equal(found, ".env=MODEL=y\napp.py=app\ninside.py=x\nsrc/deep/er/x.py=x\n"
                               "python x 1\nnode a -\n");
    assert_null(application.working_dir);
    folder_remove(TAKE(folder));
}

static void what_is_too_deep_is_skipped_and_said(void **state)
{
    CLEANUP(text) char *folder = folder_make();
    CLEANUP(buf) struct buf path = BUF_INIT;
    CLEANUP(buf) struct buf expected = BUF_INIT;

    (void)state;
    for (size_t i = 0; i < 64; i++)
        buf_add_text(&path, "d/");
    CLEANUP(text) char *last = xasprintf("%sd/x.py", buf_text(&path));
    CLEANUP(text) char *fine = xasprintf("%.*sx.py", 126, buf_text(&path));
    put_file(folder, last, "no");
    put_file(folder, fine, "yes");
    buf_addf(&expected, "%s=yes\nskipped %sd is not read: it lies deeper than 64 folders\n", fine,
             buf_text(&path));
    check_folder(folder, buf_text(&expected));
    folder_remove(TAKE(folder));
}

/* A file with a hole: nothing is read of it. */
static void a_gigabyte_is_skipped_and_said(void **state)
{
    CLEANUP(text) char *folder = folder_make();
    CLEANUP(text) char *path = xasprintf("%s/large.json", folder);

    (void)state;
    put_file(folder, "large.json", "");
    assert_int_equal(truncate(path, 1000000000), 0);
    check_folder(folder, "skipped large.json is not read: it has 1.0 GB, 1 MiB are the most\n");
    folder_remove(TAKE(folder));
}

static void sources_come_first_where_not_all_can_be_taken(void **state)
{
    CLEANUP(candidates) struct candidates candidates = {.items = NULL};
    CLEANUP(application) struct application application = {.files = NULL};
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < APPLICATION_FILES_MAX + 10; i++) {
        CLEANUP(text) char *path = xasprintf("/a/%zu.json", i);
        const struct candidate candidate = {path, ROLE_CONFIG, 2, "{}"};
        candidates_add(&candidates, &candidate);
    }
    for (size_t i = 0; i < 5; i++) {
        CLEANUP(text) char *path = xasprintf("/z/%zu.py", i);
        const struct candidate candidate = {path, ROLE_SOURCE, 1, "x"};
        candidates_add(&candidates, &candidate);
    }
    if (application_fill(&candidates, NULL, NULL, &application, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(application.file_count, APPLICATION_FILES_MAX);
    assert_non_null(application_find_file(&application, "/z/4.py"));
    assert_int_equal(application.skipped.count, 1);
    assert_string_equal(application.skipped.items[0],
                        "15 more files are not read: 20000 files and 256 MiB are the most, "
                        "sources first");
}

static void many_lines_become_a_number(void **state)
{
    CLEANUP(candidates) struct candidates candidates = {.items = NULL};
    CLEANUP(application) struct application application = {.files = NULL};
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < APPLICATION_SKIPPED_MAX + 7; i++)
        candidates_skip(&candidates, "%zu\n", i);
    if (application_fill(&candidates, NULL, NULL, &application, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(application.skipped.count, APPLICATION_SKIPPED_MAX + 1);
    assert_string_equal(application.skipped.items[0], "0?");
    assert_string_equal(application.skipped.items[APPLICATION_SKIPPED_MAX], "7 more are not read");
}

static void what_is_no_folder_is_refused(void **state)
{
    CLEANUP(text) char *folder = folder_make();
    CLEANUP(text) char *file = xasprintf("%s/file", folder);
    CLEANUP(text) char *none = xasprintf("%s/none", folder);
    const struct cancel cancel = {.requested = true};
    const struct {
        const char *path;
        const struct cancel *cancel;
        enum error_kind kind;
        const char *words;
    } cases[] = {
        {file, NULL, ERROR_NOT_FOUND, "is a file, expected a folder"},
        {none, NULL, ERROR_NOT_FOUND, "there is no folder"},
        {folder, &cancel, ERROR_CANCELED, ""},
    };

    (void)state;
    put_file(folder, "file", "");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(application) struct application application = {.files = NULL};
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(
            application_read_folder(cases[i].path, cases[i].cancel, &application, &err), -1);
        assert_int_equal(err.kind, cases[i].kind);
        assert_non_null(strstr(err.text, cases[i].words));
    }
    folder_remove(TAKE(folder));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_and_packages_of_a_folder_are_read),
        cmocka_unit_test(what_is_too_deep_is_skipped_and_said),
        cmocka_unit_test(a_gigabyte_is_skipped_and_said),
        cmocka_unit_test(sources_come_first_where_not_all_can_be_taken),
        cmocka_unit_test(many_lines_become_a_number),
        cmocka_unit_test(what_is_no_folder_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
