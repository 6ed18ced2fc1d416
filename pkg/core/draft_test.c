#include "core/draft.h"

#include "core/buf.h"
#include "core/file.h"
#include "core/folder_test_internal.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef int create_fn(const char *folder, struct draft *out, struct error *err);

static create_fn *const creators[] = {draft_create, draft_create_named};

static void check_content(const char *path, const char *expected)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf content = BUF_INIT;

    assert_int_equal(file_read(path, 100, &content, &err), 0);
    assert_string_equal(buf_text(&content), expected);
}

static void a_draft_appears_whole_and_takes_the_place_of_what_was_there(void **state)
{
    CLEANUP(text) char *file = xasprintf("%s/file", (const char *)*state);

    for (size_t i = 0; i < 2 * ARRAY_SIZE(creators); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(draft) struct draft draft = DRAFT_INIT;
        CLEANUP(text) char *text = xasprintf("content %zu", i);
        struct stat status;
        size_t before = count_entries(*state);
        assert_int_equal(creators[i / 2](*state, &draft, &err), 0);
        assert_int_equal(write(draft.fd, text, strlen(text)), strlen(text));
        assert_int_equal(count_entries(*state), before + (draft.temporary != NULL));
        assert_int_equal(draft_publish(&draft, file, &err), 0);
        check_content(file, text);
        assert_int_equal(count_entries(*state), 1);
        assert_int_equal(stat(file, &status), 0);
        assert_int_equal(status.st_nlink, 1);
        mode_t mask = umask(0);
        umask(mask);
        assert_int_equal(status.st_mode & 0777, 0644 & ~mask);
    }
}

static void a_draft_that_is_not_published_leaves_nothing(void **state)
{
    CLEANUP(text) char *folder = xasprintf("%s/folder", (const char *)*state);

    assert_int_equal(mkdir(folder, 0700), 0);
    for (size_t i = 0; i < ARRAY_SIZE(creators); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        struct draft draft = DRAFT_INIT;
        assert_int_equal(creators[i](*state, &draft, &err), 0);
        assert_int_equal(draft_publish(&draft, folder, &err), -1); /* that is a folder */
        assert_int_equal(err.kind, ERROR_LOCAL);
        draft_release(&draft);
        assert_int_equal(count_entries(*state), 1);
    }
    assert_int_equal(rmdir(folder), 0);
}

/* A process that has a draft until it is killed. */
static pid_t start_writer(const char *folder, create_fn *create)
{
    int ready[2];
    char byte;

    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct error err = ERROR_INIT;
        struct draft draft = DRAFT_INIT;
        if (create(folder, &draft, &err) == 0 && write(draft.fd, "part", 4) == 4 &&
            write(ready[1], "", 1) == 1)
            pause();
        _exit(1);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return pid;
}

static void what_a_killed_writer_has_left_is_swept_and_what_a_live_one_writes_is_not(void **state)
{
    CLEANUP(text) char *file = xasprintf("%s/.inlay-notes.json", (const char *)*state);
    CLEANUP(text) char *link = xasprintf("%s/.inlay-0123abcd", (const char *)*state);
    CLEANUP(error) struct error err = ERROR_INIT;

    assert_int_equal(file_replace(file, "", 0, &err), 0);
    assert_int_equal(symlink("/dev/null", link), 0);
    for (size_t i = 0; i < ARRAY_SIZE(creators); i++) {
        pid_t pid = start_writer(*state, creators[i]);
        size_t alive = count_entries(*state);
        draft_sweep(*state);
        assert_int_equal(count_entries(*state), alive);
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        draft_sweep(*state);
        assert_int_equal(count_entries(*state), 2);
    }
    unlink(file);
    unlink(link);
    draft_sweep("/nonexistent");
}

#define ALONE(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(a_draft_appears_whole_and_takes_the_place_of_what_was_there),
        ALONE(a_draft_that_is_not_published_leaves_nothing),
        ALONE(what_a_killed_writer_has_left_is_swept_and_what_a_live_one_writes_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
