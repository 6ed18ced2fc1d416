#include "store/archive_test_internal.h"

static char *tar_path(const struct world *world)
{
    return xasprintf("%s/a.tar", world->folder);
}

static struct store *open_for(const struct world *world, const char *kind, const char *path,
                              const char *version, bool is_target)
{
    CLEANUP(text) char *text = xasprintf("%s:%s%s", kind, path, version);

    return is_target ? open_target_text(world, text) : open_text(world, text);
}

static void write_image(struct store *store, const char *tag, const char *label)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf manifest = BUF_INIT;

    put_image(store, label, &manifest);
    CHECK(store_write_manifest(store, tag, MANIFEST_TYPE, &manifest, &err), err);
}

/* An archive with one image each of these tags, in a file. */
static void make_archive(const struct world *world, const char *path, const char *const *tags)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(store) struct store *store = open_for(world, "oci-archive", path, "", true);

    for (; *tags != NULL; tags++)
        write_image(store, *tags, *tags);
    CHECK(store_finish(store, &err), err);
}

static void what_was_written_is_read_back(void **state)
{
    static const char *const tags[] = {"v1", "docker.io/library/app:2", NULL};
    const struct world *world = *state;
    CLEANUP(text) char *path = tar_path(world);

    make_archive(world, path, tags);
    CLEANUP(store) struct store *store = open_for(world, "oci-archive", path, "", false);
    for (size_t i = 0; i < 2; i++) {
        CLEANUP(document) struct document found = DOCUMENT_INIT;
        CLEANUP(document) struct document by_digest = DOCUMENT_INIT;
        read_whole(store, tags[i], &found);
        read_whole(store, digest_format(&found.descriptor.digest).text, &by_digest);
        assert_string_equal(buf_text(&found.bytes), buf_text(&by_digest.bytes));
    }
}

static void the_file_is_what_it_was_until_all_is_written(void **state)
{
    const struct world *world = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *path = tar_path(world);
    CLEANUP(text) char *folder = xasprintf("%s/sub", world->folder);
    CLEANUP(text) char *inside = xasprintf("%s/a.tar", folder);

    file_write(path, "as it was");
    assert_int_equal(mkdir(folder, 0777), 0);
    assert_int_equal(rename(path, inside), 0);
    for (int round = 0; round < 2; round++) {
        CLEANUP(store) struct store *store = open_for(world, "oci-archive", inside, "", true);
        CHECK(store_probe_write(store, &err), err);
        write_image(store, "v1", "one");
        CLEANUP(text) char *text = file_text(inside);
        assert_string_equal(text, "as it was");
        if (round == 1)
            CHECK(store_finish(store, &err), err);
    }
    assert_int_equal(folder_count(folder), 1);
    CLEANUP(store) struct store *read = open_for(world, "oci-archive", inside, "", false);
    CLEANUP(document) struct document found = DOCUMENT_INIT;
    read_whole(read, NULL, &found);
}

static void a_link_at_the_path_keeps_pointing_to_the_archive(void **state)
{
    static const char *const tags[] = {"v1", NULL};
    const struct world *world = *state;
    CLEANUP(text) char *path = tar_path(world);
    CLEANUP(text) char *link = xasprintf("%s/latest.tar", world->folder);
    struct stat status;

    file_write(path, "as it was");
    assert_int_equal(symlink("a.tar", link), 0);
    make_archive(world, link, tags);
    assert_int_equal(lstat(link, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    CLEANUP(store) struct store *store = open_for(world, "oci-archive", path, "", false);
    CLEANUP(document) struct document found = DOCUMENT_INIT;
    read_whole(store, "v1", &found);
}

static void the_same_order_gives_the_same_bytes(void **state)
{
    static const char *const tags[] = {"v1", "v2", NULL};
    const struct world *world = *state;
    CLEANUP(text) char *one = tar_path(world);
    CLEANUP(text) char *two = xasprintf("%s/b.tar", world->folder);
    CLEANUP(buf) struct buf first = BUF_INIT;
    CLEANUP(buf) struct buf second = BUF_INIT;

    make_archive(world, one, tags);
    make_archive(world, two, tags);
    file_text_to(one, &first);
    file_text_to(two, &second);
    assert_int_equal(first.size, second.size);
    assert_memory_equal(first.data, second.data, first.size);
}

static void an_image_without_a_tag_is_the_last_that_was_written(void **state)
{
    const struct world *world = *state;
    CLEANUP(text) char *path = tar_path(world);

    for (int round = 0; round < 2; round++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf manifest = BUF_INIT;
        CLEANUP(document) struct document found = DOCUMENT_INIT;
        CLEANUP(store) struct store *store = open_for(world, "oci-archive", path, "", true);
        put_image(store, "child", &manifest);
        struct descriptor what = describe(&manifest);
        CHECK(store_write_manifest(store, digest_format(&what.digest).text, MANIFEST_TYPE,
                                   &manifest, &err),
              err);
        put_image(store, "root", &manifest);
        what = describe(&manifest);
        CHECK(store_write_manifest(store, round == 0 ? NULL : digest_format(&what.digest).text,
                                   MANIFEST_TYPE, &manifest, &err),
              err);
        CHECK(store_finish(store, &err), err);
        CLEANUP(store) struct store *read = open_for(world, "oci-archive", path, "", false);
        read_whole(read, NULL, &found);
        assert_true(digest_equal(&found.descriptor.digest, &what.digest));
    }
}

static void into_a_pipe_each_blob_comes_with_its_digest(void **state)
{
    const struct world *world = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *fifo = xasprintf("%s/fifo", world->folder);
    CLEANUP(text) char *path = tar_path(world);
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(buf) struct buf found = BUF_INIT;
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    struct writer *writer = NULL;
    struct reader *reader = NULL;

    assert_int_equal(mkfifo(fifo, 0644), 0);
    pid_t pid = file_from_fifo(fifo, path);
    struct store *store = open_for(world, "oci-archive", fifo, "", true);
    assert_true(store->digest_first);
    assert_true(store->sequential);
    buf_fill(&bytes, 300000, 1);
    struct descriptor blob = {.media_type = "a/b"};
    CHECK_REFUSED(store_create_blob(store, bytes.size, &blob, &writer, &err), err, ERROR_INTERNAL,
                  "needs its digest and size beforehand");
    blob = describe(&bytes);
    put_blob(store, &bytes, &blob);
    put_blob(store, &bytes, &blob); /* swallowed: it is there */
    CHECK_REFUSED(store->ops->open_blob(store, &blob, 0, SIZE_UNKNOWN, &reader, &err), err,
                  ERROR_UNSUPPORTED, "is a stream");
    write_image(store, "v1", "one");
    CHECK(store_finish(store, &err), err);
    store_free(store);
    wait_for(pid);
    CLEANUP(store) struct store *read = open_for(world, "oci-archive", path, "", false);
    read_whole(read, "v1", &document);
    CHECK(store_read_blob(read, &blob, &found, &err), err);
    assert_memory_equal(found.data, bytes.data, bytes.size);
}

static void a_pipe_refuses_other_bytes_than_announced_and_is_then_of_no_use(void **state)
{
    const struct world *world = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *fifo = xasprintf("%s/fifo", world->folder);
    CLEANUP(text) char *path = tar_path(world);
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    struct writer *writer = NULL;

    assert_int_equal(mkfifo(fifo, 0644), 0);
    pid_t pid = file_from_fifo(fifo, path);
    struct store *store = open_for(world, "oci-archive", fifo, "", true);
    buf_fill(&bytes, 3000, 1);
    struct descriptor blob = describe(&bytes);
    bytes.data[100]++;
    CHECK(store_create_blob(store, bytes.size, &blob, &writer, &err), err);
    CHECK(writer_write(writer, bytes.data, bytes.size, &err), err);
    CHECK_REFUSED(writer_finish(writer, &err), err, ERROR_CORRUPT, "has changed in between");
    writer_free(writer);
    CHECK_REFUSED(store_create_blob(store, bytes.size, &blob, &writer, &err), err, ERROR_LOCAL,
                  "cannot be taken back");
    store_free(store);
    wait_for(pid);
}

static void a_pipe_that_nobody_reads_any_more_is_told(void **state)
{
    const struct world *world = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *fifo = xasprintf("%s/fifo", world->folder);
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    struct writer *writer = NULL;

    assert_int_equal(mkfifo(fifo, 0644), 0);
    int from = open(fifo, O_RDONLY | O_NONBLOCK);
    CLEANUP(store) struct store *store = open_for(world, "oci-archive", fifo, "", true);
    buf_fill(&bytes, 100000, 1);
    struct descriptor blob = describe(&bytes);
    CHECK(store_create_blob(store, bytes.size, &blob, &writer, &err), err);
    close(from);
    signal(SIGPIPE, SIG_IGN);
    /* Hashing and sending may go on while the caller does: the end tells at the latest. */
    int result = writer_write(writer, bytes.data, bytes.size, &err);
    if (result == 0)
        result = writer_finish(writer, &err);
    CHECK_REFUSED(result, err, ERROR_LOCAL, "has stopped before the end");
    signal(SIGPIPE, SIG_DFL);
    writer_free(writer);
}

static void what_cannot_be_a_target_is_told_by_the_probe(void **state)
{
    const struct world *world = *state;
    CLEANUP(text) char *nowhere = xasprintf("%s/no/such/a.tar", world->folder);
    CLEANUP(text) char *words = xasprintf("creating a file in '%s/no/such'", world->folder);
    const struct {
        const char *path, *complaint;
        enum error_kind kind;
    } cases[] = {{world->folder, "is a folder, expected the name of a file", ERROR_USAGE},
                 {nowhere, words, ERROR_LOCAL}};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(store)
        struct store *store = open_for(world, "oci-archive", cases[i].path, "", true);
        CHECK_REFUSED(store_probe_write(store, &err), err, cases[i].kind, cases[i].complaint);
    }
}

static void an_unknown_tag_is_told_with_those_there_are(void **state)
{
    static const char *const tags[] = {"v1", "v2", NULL};
    const struct world *world = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *path = tar_path(world);
    CLEANUP(document) struct document found = DOCUMENT_INIT;

    make_archive(world, path, tags);
    CLEANUP(store) struct store *store = open_for(world, "oci-archive", path, "", false);
    CHECK_REFUSED(store_read_document(store, "v3", &found, &err), err, ERROR_NOT_FOUND,
                  "it has no image 'v3'; there is 'v1', 'v2'");
    CHECK_REFUSED(store_read_document(store, NULL, &found, &err), err, ERROR_USAGE,
                  "it holds several images; name one of 'v1', 'v2'");
    CHECK_REFUSED(store_probe_write(store, &err), err, ERROR_INTERNAL, "opened for reading");
}

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define LAYOUT A_FILE("oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}")
#define INDEX(size_)                                                                               \
    A_FILE("index.json", "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"" MANIFEST_TYPE     \
                         "\",\"digest\":\"sha256:" ZEROS "\",\"size\":" size_ "}]}")

static void an_archive_that_is_none_or_lies_is_refused(void **state)
{
    static const struct {
        struct member members[4];
        const char *complaint;
    } cases[] = {
        {{THE_END}, "has no file 'oci-layout'"},
        {{A_FILE("manifest.json", "[]"), THE_END}, "; try 'docker-archive:"},
        {{LAYOUT, THE_END}, "has no file 'index.json'"},
        {{A_FILE("oci-layout", "{}"), INDEX("2"), THE_END}, "no 'imageLayoutVersion'"},
        {{LAYOUT, A_FILE("index.json", "{"), THE_END}, "index.json is not JSON"},
        {{LAYOUT, INDEX("2"), THE_END}, "has no blob 'sha256:" ZEROS "'"},
        {{LAYOUT, INDEX("2"), A_FILE("blobs/sha256/" ZEROS, "{}"), THE_END}, "was asked for"},
        {{LAYOUT, INDEX("3"), A_FILE("blobs/sha256/" ZEROS, "{}"), THE_END},
         "has 2 bytes, its descriptor says 3"},
        {{LAYOUT, INDEX("2"), A_SYMLINK("blobs/sha256/" ZEROS, "/etc/passwd"), THE_END},
         "which leads out of it"},
    };
    const struct world *world = *state;
    CLEANUP(text) char *path = tar_path(world);

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(document) struct document found = DOCUMENT_INIT;
        tar_make(path, ARCHIVE_FORMAT_TAR_USTAR, cases[i].members);
        CLEANUP(store) struct store *store = open_for(world, "oci-archive", path, "", false);
        CHECK_REFUSED(store_read_document(store, NULL, &found, &err), err, ERROR_CORRUPT,
                      cases[i].complaint);
    }
}

static void a_header_says_sizes_and_names_that_others_read(void **state)
{
    static const struct {
        const char *name;
        uint64_t size;
    } cases[] = {
        {"blobs/a", 0},
        {"blobs/a", 8 * GIB - 1},
        {"blobs/a", 8 * GIB},
        {"blobs/a", 70 * GIB},
        {"blobs/sha512/" ZEROS ZEROS, 12345},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buf) struct buf header = BUF_INIT;
        struct archive *tar = archive_read_new();
        struct archive_entry *entry = NULL;
        tar_header(cases[i].name, cases[i].size, &header);
        archive_read_support_format_tar(tar);
        assert_int_equal(archive_read_open_memory(tar, header.data, header.size), ARCHIVE_OK);
        assert_int_equal(archive_read_next_header(tar, &entry), ARCHIVE_OK);
        assert_string_equal(archive_entry_pathname(entry), cases[i].name);
        assert_int_equal(archive_entry_size(entry), cases[i].size);
        assert_int_equal(archive_entry_mode(entry), AE_IFREG | 0644);
        assert_int_equal(archive_entry_mtime(entry), TAR_TIME);
        archive_read_free(tar);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(what_was_written_is_read_back),
        WORLD_TEST(the_file_is_what_it_was_until_all_is_written),
        WORLD_TEST(a_link_at_the_path_keeps_pointing_to_the_archive),
        WORLD_TEST(the_same_order_gives_the_same_bytes),
        WORLD_TEST(an_image_without_a_tag_is_the_last_that_was_written),
        WORLD_TEST(into_a_pipe_each_blob_comes_with_its_digest),
        WORLD_TEST(a_pipe_refuses_other_bytes_than_announced_and_is_then_of_no_use),
        WORLD_TEST(a_pipe_that_nobody_reads_any_more_is_told),
        WORLD_TEST(what_cannot_be_a_target_is_told_by_the_probe),
        WORLD_TEST(an_unknown_tag_is_told_with_those_there_are),
        WORLD_TEST(an_archive_that_is_none_or_lies_is_refused),
        cmocka_unit_test(a_header_says_sizes_and_names_that_others_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
