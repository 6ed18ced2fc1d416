#ifndef INLAY_STORE_ARCHIVE_TEST_INTERNAL_H
#define INLAY_STORE_ARCHIVE_TEST_INTERNAL_H

#include "store/archive_internal.h"
#include "store/store_test_internal.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

/* What the tests of archives share: tars that other code than ours has written. */

#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"

struct member {
    const char *name;
    const char *text; /* the content; NULL: a link */
    const char *symlink;
    const char *hard_link;
    size_t size; /* of the content; 0: to its NUL */
};

#define A_FILE(name_, text_)                                                                       \
    {                                                                                              \
        .name = (name_), .text = (text_)                                                           \
    }
#define A_SYMLINK(name_, target_)                                                                  \
    {                                                                                              \
        .name = (name_), .symlink = (target_)                                                      \
    }
#define A_HARD_LINK(name_, target_)                                                                \
    {                                                                                              \
        .name = (name_), .hard_link = (target_)                                                    \
    }
#define THE_END                                                                                    \
    {                                                                                              \
        .name = NULL                                                                               \
    }

static inline void member_write(struct archive *tar, const struct member *member)
{
    struct archive_entry *entry = archive_entry_new();
    size_t size = member->text != NULL && member->size == 0 ? strlen(member->text) : member->size;

    archive_entry_set_pathname(entry, member->name);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_filetype(entry, member->symlink != NULL ? AE_IFLNK : AE_IFREG);
    if (member->symlink != NULL)
        archive_entry_set_symlink(entry, member->symlink);
    if (member->hard_link != NULL)
        archive_entry_set_hardlink(entry, member->hard_link);
    archive_entry_set_size(entry, (la_int64_t)size);
    assert_int_equal(archive_write_header(tar, entry), ARCHIVE_OK);
    if (size > 0)
        assert_int_equal(archive_write_data(tar, member->text, size), size);
    archive_entry_free(entry);
}

/* Ends with the first member without a name. `format` is one of ARCHIVE_FORMAT_TAR_…. */
static inline void tar_make(const char *path, int format, const struct member *members)
{
    struct archive *tar = archive_write_new();

    assert_int_equal(archive_write_set_format(tar, format), ARCHIVE_OK);
    assert_int_equal(archive_write_open_filename(tar, path), ARCHIVE_OK);
    for (const struct member *member = members; member->name != NULL; member++)
        member_write(tar, member);
    assert_int_equal(archive_write_close(tar), ARCHIVE_OK);
    archive_write_free(tar);
}

/* Copies a file through a filter of libarchive's, such as ARCHIVE_FILTER_GZIP. */
static inline void file_pack(const char *from, const char *to, int filter)
{
    struct archive *packed = archive_write_new();
    struct archive_entry *entry = archive_entry_new();
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;

    CHECK(file_read(from, 64 * MIB, &bytes, &err), err);
    assert_int_equal(archive_write_set_format_raw(packed), ARCHIVE_OK);
    assert_int_equal(archive_write_add_filter(packed, filter), ARCHIVE_OK);
    assert_int_equal(archive_write_open_filename(packed, to), ARCHIVE_OK);
    archive_entry_set_filetype(entry, AE_IFREG);
    assert_int_equal(archive_write_header(packed, entry), ARCHIVE_OK);
    assert_int_equal(archive_write_data(packed, bytes.data, bytes.size), bytes.size);
    assert_int_equal(archive_write_close(packed), ARCHIVE_OK);
    archive_entry_free(entry);
    archive_write_free(packed);
}

static inline void file_cut(const char *path, off_t size)
{
    assert_int_equal(truncate(path, size), 0);
}

/* In a child: passes a file on to `to` in small pieces, as a pipe that fills slowly. */
static inline pid_t pipe_from_file(const char *path, int *out)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    int ends[2];

    CHECK(file_read(path, 64 * MIB, &bytes, &err), err);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(ends[0]);
        _exit(fd_write(ends[1], "the pipe", bytes.data, bytes.size, &err) < 0);
    }
    close(ends[1]);
    *out = ends[0];
    return pid;
}

/* In a child: keeps what comes out of a named pipe in a file. */
static inline pid_t file_from_fifo(const char *fifo, const char *path)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    int from = open(fifo, O_RDONLY);
    int to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    char part[4096];
    ssize_t got;
    while ((got = read(from, part, sizeof(part))) > 0)
        if (write(to, part, (size_t)got) != got)
            _exit(1);
    _exit(got < 0);
}

static inline void wait_for(pid_t pid)
{
    int status = 0;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static inline void file_text_to(const char *path, struct buf *out)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    CHECK(file_read(path, 64 * MIB, out, &err), err);
}

/* Reads the manifest of `version`, and all blobs that it mentions, verified. */
static inline void read_whole(struct store *store, const char *version, struct document *out)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    struct descriptor *children = NULL;
    size_t count = 0;

    CHECK(store_read_document(store, version, out, &err), err);
    CHECK(document_children(out, &children, &count, &err), err);
    for (size_t i = 0; i < count; i++) {
        CLEANUP(buf) struct buf bytes = BUF_INIT;
        assert_true(blob_is_there(store, &children[i]));
        CHECK(store_read_blob(store, &children[i], &bytes, &err), err);
    }
    free(children);
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

#endif
