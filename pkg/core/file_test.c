#include "core/file.h"

#include "core/folder_test_internal.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void replace_shows_the_old_or_the_new(void **state)
{
    CLEANUP(text) char *file = xasprintf("%s/file", (const char *)*state);
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf content = BUF_INIT;
    CLEANUP(text) char *large = xcalloc(1, MIB);
    struct rlimit before;

    assert_int_equal(file_replace(file, "old", 3, &err), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit small = {.rlim_cur = 4096, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int result = file_replace(file, large, MIB, &err); /* SIGXFSZ is ignored: see main */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(result, -1);
    assert_int_equal(err.kind, ERROR_LOCAL);
    assert_non_null(strstr(err.text, "File too large"));
    assert_int_equal(file_read(file, 10, &content, &err), 0);
    assert_string_equal(buf_text(&content), "old");
    assert_int_equal(count_entries(*state), 1);
    assert_int_equal(file_replace(file, "new!", 4, &err), 0);
    assert_int_equal(file_read(file, 10, &content, &err), 0);
    assert_string_equal(buf_text(&content), "new!");
}

static void what_is_private_is_for_this_user_alone(void **state)
{
    CLEANUP(text) char *file = xasprintf("%s/file", (const char *)*state);
    CLEANUP(error) struct error err = ERROR_INIT;
    struct stat status;

    assert_int_equal(file_replace(file, "old", 3, &err), 0);
    assert_int_equal(file_replace_private(file, "new", 3, &err), 0);
    assert_int_equal(stat(file, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
}

static void a_link_that_a_user_names_stays(void **state)
{
    CLEANUP(text) char *file = xasprintf("%s/file", (const char *)*state);
    CLEANUP(text) char *link = xasprintf("%s/link", (const char *)*state);
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf content = BUF_INIT;
    struct stat status;

    assert_int_equal(symlink("file", link), 0);
    assert_int_equal(file_replace(file, "old", 3, &err), 0);
    assert_int_equal(file_replace_named(link, "new", 3, &err), 0);
    assert_int_equal(lstat(link, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_int_equal(file_read(file, 10, &content, &err), 0);
    assert_string_equal(buf_text(&content), "new");
    assert_int_equal(file_replace(link, "own", 3, &err), 0); /* of a folder that others write to */
    assert_int_equal(lstat(link, &status), 0);
    assert_true(S_ISREG(status.st_mode));
    assert_int_equal(file_read(file, 10, &content, &err), 0);
    assert_string_equal(buf_text(&content), "new");
    assert_int_equal(unlink(link), 0);
}

static void what_is_no_regular_file_is_refused_and_stays(void **state)
{
    const char *folder = *state;
    CLEANUP(text) char *pipe = xasprintf("%s/pipe", folder);
    CLEANUP(text) char *link = xasprintf("%s/link", folder);
    CLEANUP(text) char *inside = xasprintf("%s/inside/", folder);
    const char *const paths[] = {pipe, link, inside, folder, ""};
    struct stat status;

    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(symlink("pipe", link), 0);
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(file_replace_named(paths[i], "new", 3, &err), -1);
        assert_int_equal(err.kind, ERROR_LOCAL);
        CLEANUP(error) struct error checked = ERROR_INIT;
        assert_int_equal(file_check_named(paths[i], &checked), -1);
        assert_string_equal(checked.text, err.text);
    }
    assert_int_equal(lstat(pipe, &status), 0);
    assert_true(S_ISFIFO(status.st_mode));
    assert_int_equal(lstat(link, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_int_equal(count_entries(folder), 2);
    assert_int_equal(unlink(pipe), 0);
    assert_int_equal(unlink(link), 0);
}

static void a_check_says_whether_a_file_can_be_written(void **state)
{
    CLEANUP(text) char *file = xasprintf("%s/file", (const char *)*state);
    CLEANUP(text) char *below = xasprintf("%s/file/more", (const char *)*state);
    CLEANUP(text) char *nowhere = xasprintf("%s/none/file", (const char *)*state);
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(error) struct error other = ERROR_INIT;

    assert_int_equal(file_check_named(file, &err), 0);
    assert_int_equal(count_entries(*state), 0);
    assert_int_equal(file_replace_named(file, "old", 3, &err), 0);
    assert_int_equal(file_check_named(file, &err), 0);
    assert_int_equal(file_check_named(below, &err), -1);
    assert_int_equal(err.kind, ERROR_LOCAL);
    assert_non_null(strstr(err.text, "Not a directory"));
    assert_int_equal(file_check_named(nowhere, &other), -1);
    assert_non_null(strstr(other.text, "No such file or directory"));
    assert_int_equal(unlink(file), 0);
}

static void names_of_one_file_are_known(void **state)
{
    CLEANUP(text) char *file = xasprintf("%s/file", (const char *)*state);
    CLEANUP(text) char *winding = xasprintf("%s/.//file", (const char *)*state);
    CLEANUP(text) char *link = xasprintf("%s/link", (const char *)*state);
    CLEANUP(error) struct error err = ERROR_INIT;

    assert_true(file_is_same_name(file, winding));
    assert_true(file_is_same_name("x", "./x"));
    assert_false(file_is_same_name(file, link));
    assert_int_equal(file_replace(file, "", 0, &err), 0);
    assert_int_equal(symlink("file", link), 0);
    assert_true(file_is_same_name(file, link));
    assert_int_equal(unlink(link), 0);
    assert_int_equal(unlink(file), 0);
}

static void read_says_what_is_wrong(void **state)
{
    CLEANUP(text) char *file = xasprintf("%s/file", (const char *)*state);
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf content = BUF_INIT;

    assert_int_equal(file_read(file, 10, &content, &err), -1);
    assert_int_equal(err.kind, ERROR_NOT_FOUND);
    assert_int_equal(file_replace(file, "12345678901", 11, &err), 0);
    assert_int_equal(file_read(file, 10, &content, &err), -1);
    assert_int_equal(err.kind, ERROR_CORRUPT);
    assert_int_equal(content.size, 0);
    assert_int_equal(file_read(*state, 10, &content, &err), -1);
    assert_int_equal(err.kind, ERROR_LOCAL);
}

static void a_pipe_is_read_only_where_a_user_names_it(void **state)
{
    CLEANUP(text) char *pipe = xasprintf("%s/pipe", (const char *)*state);
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf content = BUF_INIT;

    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(file_read(pipe, 10, &content, &err), -1); /* and nobody is waited for */
    assert_int_equal(err.kind, ERROR_LOCAL);
    assert_non_null(strstr(err.text, "is a pipe or device, expected a regular file"));
    int fd = open(pipe, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "12345678901", 11), 11);
    assert_int_equal(file_read_named(pipe, 10, &content, &err), -1);
    assert_int_equal(err.kind, ERROR_CORRUPT);
    close(fd);
    assert_int_equal(unlink(pipe), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(replace_shows_the_old_or_the_new, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(what_is_private_is_for_this_user_alone, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_link_that_a_user_names_stays, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_is_no_regular_file_is_refused_and_stays, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_check_says_whether_a_file_can_be_written, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(names_of_one_file_are_known, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(read_says_what_is_wrong, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_pipe_is_read_only_where_a_user_names_it, make_folder,
                                        remove_folder),
    };

    signal(SIGXFSZ, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
