#include "store/archive_test_internal.h"

#define LONG_NAME                                                                                  \
    "a/very/long/name/of/more/than/one/hundred/bytes/that/does/not/fit/into/the/field/of/a/"       \
    "header/and/has/to/go/elsewhere/in/the/tar/which/the/old/formats/did/in/various/ways/and/"     \
    "which/is/over/two/hundred/and/fifty/five/bytes/so/that/a/prefix/does/not/do/either/file"

static char *path_in(const struct world *world, const char *name)
{
    return xasprintf("%s/%s", world->folder, name);
}

static int open_tar(const char *path, struct tar_index **out, struct error *err)
{
    int fd = -1;

    if (spool_open(path, NULL, &fd, err) < 0)
        return -1;
    return tar_index_open(fd, "the tar", NULL, out, err);
}

static void check_text(const struct tar_index *index, const char *name, const char *expected)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf found = BUF_INIT;

    CHECK(tar_index_load(index, name, MIB, &found, &err), err);
    assert_string_equal(buf_text(&found), expected);
}

static void every_format_tells_where_its_files_are(void **state)
{
    static const struct member members[] = {A_FILE("first", "one"),
                                            A_FILE("./second", "of two"),
                                            A_FILE(LONG_NAME, "far away"),
                                            A_FILE("folder/empty", ""),
                                            A_FILE("folder//./last", "the end"),
                                            THE_END};
    static const int formats[] = {ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE, ARCHIVE_FORMAT_TAR_GNUTAR,
                                  ARCHIVE_FORMAT_TAR_PAX_RESTRICTED};
    CLEANUP(text) char *path = path_in(*state, "a.tar");

    for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(tar_index) struct tar_index *index = NULL;
        tar_make(path, formats[i], members);
        CHECK(open_tar(path, &index, &err), err);
        check_text(index, "first", "one");
        check_text(index, "second", "of two");
        check_text(index, "./second", "of two");
        check_text(index, LONG_NAME, "far away");
        check_text(index, "folder/empty", "");
        check_text(index, "folder/last", "the end");
    }
}

static void a_packed_tar_is_read_as_the_plain_one(void **state)
{
    static const struct member members[] = {A_FILE("first", "one"), A_FILE("second", "two"),
                                            THE_END};
    static const int filters[] = {ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_BZIP2, ARCHIVE_FILTER_XZ,
                                  ARCHIVE_FILTER_ZSTD};
    CLEANUP(text) char *path = path_in(*state, "a.tar");
    CLEANUP(text) char *packed = path_in(*state, "a.packed");

    tar_make(path, ARCHIVE_FORMAT_TAR_USTAR, members);
    for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(tar_index) struct tar_index *index = NULL;
        CLEANUP(tar_index) struct tar_index *none = NULL;
        struct stat status;
        file_pack(path, packed, filters[i]);
        CHECK(open_tar(packed, &index, &err), err);
        check_text(index, "second", "two");
        assert_int_equal(stat(packed, &status), 0);
        file_cut(packed, status.st_size / 2);
        CHECK_REFUSED(open_tar(packed, &none, &err), err, ERROR_CORRUPT, "cannot be unpacked");
    }
}

static void the_last_of_two_files_with_one_name_counts(void **state)
{
    static const struct member members[] = {A_FILE("name", "old"), A_FILE("between", "x"),
                                            A_FILE("./name", "new"), THE_END};
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(tar_index) struct tar_index *index = NULL;
    CLEANUP(text) char *path = path_in(*state, "a.tar");

    tar_make(path, ARCHIVE_FORMAT_TAR_USTAR, members);
    CHECK(open_tar(path, &index, &err), err);
    check_text(index, "name", "new");
}

static void links_are_followed_within_the_tar_and_not_out_of_it(void **state)
{
    static const struct member members[] = {A_FILE("a/file", "text"),
                                            A_SYMLINK("a/near", "file"),
                                            A_SYMLINK("b/far", "../a/./near"),
                                            A_HARD_LINK("hard", "a/file"),
                                            A_SYMLINK("out", "../etc/passwd"),
                                            A_SYMLINK("b/out", "../../a/file"),
                                            A_SYMLINK("absolute", "/etc/passwd"),
                                            A_HARD_LINK("hard-out", "../x"),
                                            A_SYMLINK("dangling", "nowhere"),
                                            A_SYMLINK("loop", "pool"),
                                            A_SYMLINK("pool", "loop"),
                                            THE_END};
    static const struct {
        const char *name, *complaint;
    } cases[] = {
        {"out", "'out' is a link to '../etc/passwd', which leads out of it"},
        {"b/out", "'b/out' is a link to '../../a/file', which leads out of it"},
        {"absolute", "'absolute' is a link to '/etc/passwd', which leads out of it"},
        {"hard-out", "'hard-out' is a link to '../x', which leads out of it"},
        {"dangling", "'dangling' is a link to 'nowhere', which is not there"},
        {"loop", "'loop' is a link to itself"},
        {"../a/file", "asks for '../a/file', which leads out of it"},
    };
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(tar_index) struct tar_index *index = NULL;
    CLEANUP(text) char *path = path_in(*state, "a.tar");
    struct tar_range range;

    tar_make(path, ARCHIVE_FORMAT_TAR_USTAR, members);
    CHECK(open_tar(path, &index, &err), err);
    check_text(index, "a/near", "text");
    check_text(index, "b/far", "text");
    check_text(index, "hard", "text");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        CHECK_REFUSED(tar_index_find(index, cases[i].name, &range, &err), err, ERROR_CORRUPT,
                      cases[i].complaint);
    CHECK_REFUSED(tar_index_find(index, "none", &range, &err), err, ERROR_NOT_FOUND,
                  "has no file 'none'");
}

static void names_that_lead_out_are_refused(void **state)
{
    static const char *const names[] = {"/etc/passwd", "../x", "a/../../x", "a/../x", ".."};
    CLEANUP(text) char *path = path_in(*state, "a.tar");

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const struct member members[] = {A_FILE("good", "text"), A_FILE(names[i], "text"), THE_END};
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(tar_index) struct tar_index *index = NULL;
        CLEANUP(text) char *words = xasprintf("holds the name '%s', which leads out", names[i]);
        tar_make(path, ARCHIVE_FORMAT_TAR_USTAR, members);
        CHECK_REFUSED(open_tar(path, &index, &err), err, ERROR_CORRUPT, words);
    }
}

static void a_tar_that_is_cut_short_is_refused(void **state)
{
    static const struct {
        off_t size;
        const char *complaint;
    } cases[] = {
        {512 + 100, "is cut short: it has 612 bytes, and 'a' in it ends at 1512"},
        {512 + 1024 + 200, "damaged"},
        {100, "not a tar, or a damaged one"},
        {0, "is empty"},
    };
    CLEANUP(text) char *content = xcalloc(1001, 1);
    CLEANUP(text) char *path = path_in(*state, "a.tar");

    memset(content, 'x', 1000);
    const struct member members[] = {A_FILE("a", content), A_FILE("b", content), THE_END};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(tar_index) struct tar_index *index = NULL;
        tar_make(path, ARCHIVE_FORMAT_TAR_USTAR, members);
        file_cut(path, cases[i].size);
        CHECK_REFUSED(open_tar(path, &index, &err), err, ERROR_CORRUPT, cases[i].complaint);
    }
}

static void what_is_no_archive_is_told_apart(void **state)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(tar_index) struct tar_index *index = NULL;
    const struct world *world = *state;
    CLEANUP(text) char *path = path_in(world, "a.tar");

    CHECK_REFUSED(open_tar(path, &index, &err), err, ERROR_NOT_FOUND, "does not exist");
    CHECK_REFUSED(open_tar(world->folder, &index, &err), err, ERROR_USAGE,
                  "oci:DIR is for folders");
    file_write(path, "three years of work, and none of it in a tar; that is what this file is, and "
                     "nothing more can be said of it, for it is only text");
    CHECK_REFUSED(open_tar(path, &index, &err), err, ERROR_CORRUPT, "is not a tar");
}

static void a_sparse_file_is_not_read(void **state)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(tar_index) struct tar_index *index = NULL;
    CLEANUP(text) char *path = path_in(*state, "a.tar");
    struct archive *tar = archive_write_new();
    struct archive_entry *entry = archive_entry_new();
    CLEANUP(text) char *zeros = xcalloc(1000000, 1);
    struct tar_range range;

    archive_write_set_format(tar, ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE);
    archive_write_open_filename(tar, path);
    archive_entry_set_pathname(entry, "sparse");
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_size(entry, 1000000);
    archive_entry_sparse_add_entry(entry, 500000, 512);
    assert_int_equal(archive_write_header(tar, entry), ARCHIVE_OK);
    assert_int_equal(archive_write_data(tar, zeros, 1000000), 1000000);
    archive_entry_free(entry);
    archive_write_close(tar);
    archive_write_free(tar);
    CHECK(open_tar(path, &index, &err), err);
    CHECK_REFUSED(tar_index_find(index, "sparse", &range, &err), err, ERROR_CORRUPT,
                  "'sparse' is not a plain (it is a sparse) file");
}

static void what_is_piped_in_is_read_as_a_file_is(void **state)
{
    static const struct member members[] = {A_FILE("first", "one"), A_FILE("second", "two"),
                                            THE_END};
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(tar_index) struct tar_index *piped = NULL;
    CLEANUP(tar_index) struct tar_index *redirected = NULL;
    CLEANUP(text) char *path = path_in(*state, "a.tar");
    int kept = dup(STDIN_FILENO);
    int from = -1;

    tar_make(path, ARCHIVE_FORMAT_TAR_USTAR, members);
    pid_t pid = pipe_from_file(path, &from);
    dup2(from, STDIN_FILENO);
    close(from);
    int result = open_tar("-", &piped, &err);
    wait_for(pid);
    CHECK(result, err);
    from = open(path, O_RDONLY);
    dup2(from, STDIN_FILENO);
    close(from);
    result = open_tar("-", &redirected, &err);
    dup2(kept, STDIN_FILENO);
    close(kept);
    CHECK(result, err);
    check_text(piped, "second", "two");
    check_text(redirected, "second", "two");
}

static void waiting_for_a_pipe_ends_when_asked_to_stop(void **state)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    struct cancel stop = {.requested = true};
    int ends[2];
    int kept = dup(STDIN_FILENO);
    int fd = -1;

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    dup2(ends[0], STDIN_FILENO);
    int result = spool_open("-", &stop, &fd, &err);
    dup2(kept, STDIN_FILENO);
    CHECK_REFUSED(result, err, ERROR_CANCELED, "");
    close(kept);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(every_format_tells_where_its_files_are),
        WORLD_TEST(a_packed_tar_is_read_as_the_plain_one),
        WORLD_TEST(the_last_of_two_files_with_one_name_counts),
        WORLD_TEST(links_are_followed_within_the_tar_and_not_out_of_it),
        WORLD_TEST(names_that_lead_out_are_refused),
        WORLD_TEST(a_tar_that_is_cut_short_is_refused),
        WORLD_TEST(what_is_no_archive_is_told_apart),
        WORLD_TEST(a_sparse_file_is_not_read),
        WORLD_TEST(what_is_piped_in_is_read_as_a_file_is),
        WORLD_TEST(waiting_for_a_pipe_ends_when_asked_to_stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
