#include "store/oci_dir_test_internal.h"

#include <sched.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/resource.h>

static void a_new_layout_holds_what_the_specification_asks_for(void **state)
{
    struct place *place = *state;
    struct descriptor image = DESCRIPTOR_INIT;

    tag_image(place->store, "v1", "one", &image);
    CLEANUP(text) char *entry = entry_text(&image, "v1");
    CLEANUP(text)
    char *expected =
        xasprintf("{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\","
                  "\"manifests\":[%s]}",
                  entry);
    CLEANUP(text) char *index = place_text(place, "index.json");
    CLEANUP(text) char *layout = place_text(place, "oci-layout");
    assert_string_equal(index, expected);
    assert_string_equal(layout, LAYOUT_TEXT);
    assert_int_equal(folder_count(place->path), 3);
}

static void a_tag_takes_the_place_of_its_older_self_and_touches_nothing_else(void **state)
{
    struct place *place = *state;
    struct descriptor image = DESCRIPTOR_INIT;

    place_make_layout(place, "{ \"unknown\": {\"a\":[null,1]},\"schemaVersion\":2,\"manifests\":["
                             "{\"annotations\":{\"org.opencontainers.image.ref.name\":\"v1\"}},"
                             "" OTHER "," UNTAGGED
                             ",{\"annotations\":{\"org.opencontainers.image.ref.name\":\"v1\"}}],"
                             "\"annotations\":{\"of\":\"the index\"} }");
    tag_image(place->store, "v1", "one", &image);
    CLEANUP(text) char *entry = entry_text(&image, "v1");
    CLEANUP(text)
    char *expected = xasprintf("{\"unknown\":{\"a\":[null,1]},\"schemaVersion\":2,\"manifests\":["
                               "%s," OTHER "," UNTAGGED "],\"annotations\":{\"of\":\"the index\"}}",
                               entry);
    CLEANUP(text) char *index = place_text(place, "index.json");
    assert_string_equal(index, expected);

    tag_image(place->store, "v2", "two", &image);
    CLEANUP(text) char *second = entry_text(&image, "v2");
    CLEANUP(text)
    char *longer =
        xasprintf("{\"unknown\":{\"a\":[null,1]},\"schemaVersion\":2,\"manifests\":["
                  "%s," OTHER "," UNTAGGED ",%s],\"annotations\":{\"of\":\"the index\"}}",
                  entry, second);
    CLEANUP(text) char *again = place_text(place, "index.json");
    assert_string_equal(again, longer);
}

static void an_index_without_entries_may_say_null(void **state)
{
    struct place *place = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(document) struct document found = DOCUMENT_INIT;
    struct descriptor image = DESCRIPTOR_INIT;

    place_make_layout(place, "{\"schemaVersion\":2,\"manifests\":null}");
    CHECK_REFUSED(store_read_document(place->store, NULL, &found, &err), err, ERROR_NOT_FOUND,
                  "it holds no image");
    tag_image(place->store, "v1", "one", &image);
    CHECK(store_read_document(place->store, "v1", &found, &err), err);
}

static void the_index_is_read_and_edited_in_any_case(void **state)
{
    struct place *place = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(document) struct document found = DOCUMENT_INIT;
    struct descriptor image = DESCRIPTOR_INIT;

    place_make_layout(place,
                      "{\"manifests\":[],\"Manifests\":[" OTHER "],\"x\":[1.0,\"\\ud800\"]}");
    place_write(place, "oci-layout", "{\"ImageLayoutVersion\":\"1.0.0\"}");
    tag_image(place->store, "v1", "one", &image);
    CLEANUP(text) char *entry = entry_text(&image, "v1");
    CLEANUP(text)
    char *expected = xasprintf("{\"manifests\":[],\"Manifests\":[" OTHER ",%s],\"x\":[1.0,"
                               "\"\\ud800\"]}",
                               entry);
    CLEANUP(text) char *index = place_text(place, "index.json");
    assert_string_equal(index, expected);

    /* the same image, as another tool may write its entry */
    CLEANUP(text)
    char *other = xasprintf("{\"MANIFESTS\":[{\"MediaType\":\"%s\",\"Digest\":\"%s\",\"SIZE\":%zu,"
                            "\"Annotations\":{\"org.opencontainers.image.ref.name\":\"v2\"}}]}",
                            "application/vnd.oci.image.manifest.v1+json",
                            digest_format(&image.digest).text, (size_t)image.size);
    place_write(place, "index.json", other);
    CHECK(store_read_document(place->store, "v2", &found, &err), err);
    assert_true(digest_equal(&found.descriptor.digest, &image.digest));
    tag_image(place->store, "v2", "one", &image);
    CLEANUP(text) char *same = place_text(place, "index.json");
    assert_string_equal(same, other);
}

static void an_image_that_is_there_leaves_the_index_byte_for_byte(void **state)
{
    struct place *place = *state;
    struct descriptor image = DESCRIPTOR_INIT;

    tag_image(place->store, "v1", "one", &image);
    CLEANUP(text) char *entry = entry_text(&image, "v1");
    CLEANUP(text) char *spaced = xasprintf("{\n \"manifests\" : [ %s ] }\n", entry);
    place_write(place, "index.json", spaced);
    tag_image(place->store, "v1", "one", &image);
    CLEANUP(text) char *index = place_text(place, "index.json");
    assert_string_equal(index, spaced);
}

static void a_damaged_blob_is_written_anew(void **state)
{
    struct place *place = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(buf) struct buf found = BUF_INIT;
    struct descriptor blob = DESCRIPTOR_INIT;

    buf_fill(&bytes, 100, 1);
    put_blob(place->store, &bytes, &blob);
    CLEANUP(text)
    char *path = xasprintf("%s/blobs/sha256/%s", place->path, digest_format_hex(&blob.digest).text);
    file_write(path, "cut short");
    assert_false(blob_is_there(place->store, &blob));
    CHECK(store_write_blob(place->store, &bytes, &blob, &err), err);
    CHECK(store_read_blob(place->store, &blob, &found, &err), err);
}

static void a_folder_with_other_content_is_not_written(void **state)
{
    struct place *place = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct descriptor told = DESCRIPTOR_INIT;
    struct writer *writer = NULL;

    CHECK(file_make_folders(place->path, &err), err);
    place_write(place, "thesis.txt", "three years of work");
    CHECK_REFUSED(store_probe_write(place->store, &err), err, ERROR_USAGE,
                  "is not an OCI image layout");
    CHECK_REFUSED(store_create_blob(place->store, 1, &told, &writer, &err), err, ERROR_USAGE,
                  "is not an OCI image layout");
    assert_int_equal(folder_count(place->path), 1);

    CLEANUP(text) char *thesis = xasprintf("oci:%s/thesis.txt", place->path);
    CLEANUP(store) struct store *file = open_text(&place->world, thesis);
    CHECK_REFUSED(store_probe_write(file, &err), err, ERROR_USAGE, "is not an OCI image layout");
    CHECK_REFUSED(store_create_blob(file, 1, &told, &writer, &err), err, ERROR_USAGE,
                  "is not a folder");
}

/* Has a folder been made since inotify_add_watch()? */
static bool has_new_folder(int watch)
{
    _Alignas(struct inotify_event) char events[4096];
    ssize_t size = read(watch, events, sizeof(events));
    const struct inotify_event *event;

    for (ssize_t at = 0; at < size; at += (ssize_t)(sizeof(*event) + event->len)) {
        event = (const void *)(events + at);
        if ((event->mask & IN_ISDIR) != 0)
            return true;
    }
    return false;
}

/* Nor are there folders for a moment, which another run could have begun to use. */
static void a_probe_of_a_folder_that_is_missing_leaves_nothing(void **state)
{
    struct place *place = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *there = xasprintf("%s/there", place->world.folder);
    CLEANUP(text) char *deep = xasprintf("oci:%s/there/a//b/c/", place->world.folder);
    CLEANUP(store) struct store *store = open_text(&place->world, deep);

    assert_int_equal(mkdir(there, 0777), 0);
    CLEANUP(fd) int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    assert_true(inotify_add_watch(watch, there, IN_CREATE) >= 0);
    CHECK(store_probe_write(store, &err), err);
    assert_int_equal(folder_count(there), 0);
    assert_false(has_new_folder(watch));

    CLEANUP(store) struct store *impossible = open_text(&place->world, "oci:/proc/no/such/place");
    CHECK_REFUSED(store_probe_write(impossible, &err), err, ERROR_LOCAL,
                  "creating the folder '/proc/no/such/place'");
}

/* So it is for a moment while another run makes it. */
static void a_layout_without_index_shows_no_tag_yet(void **state)
{
    struct place *place = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf two = BUF_INIT;
    CLEANUP(text) char *index = xasprintf("%s/index.json", place->path);
    struct descriptor image = DESCRIPTOR_INIT;
    struct tag_state shown = {.kind = TAG_ANY};

    place_make_layout(place, "{}");
    assert_int_equal(unlink(index), 0);
    CHECK(store_read_tag(place->store, "v1", &shown, &err), err);
    assert_int_equal(shown.kind, TAG_NONE);

    tag_image(place->store, "v1", "one", &image);
    put_image(place->store, "two", &two);
    CHECK_REFUSED(store_write_tag(place->store, "v1", "application/vnd.oci.image.manifest.v1+json",
                                  &two, &shown, &err),
                  err, ERROR_CONFLICT, digest_format(&image.digest).text);
}

static void a_probe_of_a_layout_leaves_nothing(void **state)
{
    struct place *place = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *blobs = xasprintf("%s/blobs/sha256", place->path);

    CHECK(file_make_folders(place->path, &err), err);
    CHECK(store_probe_write(place->store, &err), err);
    assert_int_equal(folder_count(place->path), 0);
    place_make_layout(place, "{\"manifests\":[]}");
    CHECK(store_probe_write(place->store, &err), err);
    assert_int_equal(folder_count(place->path), 3);
    assert_int_equal(folder_count(blobs), 0);
}

/* Being root is put aside for the time of the call. */
static int probe_as_somebody(struct store *store, struct error *err)
{
    uid_t uid = geteuid();

    if (uid == 0 && seteuid(65534) < 0)
        skip();
    int result = store_probe_write(store, err);
    assert_int_equal(seteuid(uid), 0);
    return result;
}

static void a_probe_notices_folders_that_cannot_be_written(void **state)
{
    static const char *const folders[] = {"", "/blobs", "/blobs/sha256"};
    struct place *place = *state;

    place_make_layout(place, "{\"manifests\":[]}");
    chmod(place->world.folder, 0755);
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        for (size_t j = 0; j < ARRAY_SIZE(folders); j++) {
            CLEANUP(text) char *path = xasprintf("%s%s", place->path, folders[j]);
            assert_int_equal(chmod(path, i == j ? 0555 : 0777), 0);
        }
        CLEANUP(text) char *words = xasprintf("layout%s': Permission denied", folders[i]);
        CHECK_REFUSED(probe_as_somebody(place->store, &err), err, ERROR_LOCAL, words);
    }
    assert_int_equal(chmod(place->path, 0777), 0);
}

/* Writes 4 MiB, which do not fit. */
static int write_too_much(struct store *store, struct error *err)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(writer) struct writer *writer = NULL;
    struct descriptor told = DESCRIPTOR_INIT;

    buf_fill(&bytes, 65536, 1);
    if (store_create_blob(store, SIZE_UNKNOWN, &told, &writer, err) < 0)
        return -1;
    for (int i = 0; i < 64; i++)
        if (writer_write(writer, bytes.data, bytes.size, err) < 0)
            return -1;
    return writer_finish(writer, err);
}

static void a_file_that_may_not_grow_is_told_with_its_path(void **state)
{
    struct place *place = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *blobs = xasprintf("%s/blobs/sha256", place->path);
    CLEANUP(text) char *words = xasprintf("to '%s': File too large", place->path);
    struct rlimit old;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    struct rlimit small = {.rlim_cur = 1048576, .rlim_max = old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int result = write_too_much(place->store, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, SIG_DFL);
    CHECK_REFUSED(result, err, ERROR_LOCAL, words);
    assert_int_equal(folder_count(blobs), 0);
}

/* In a child: adds tags of its own to the layout, as another run of the program would. */
static void tag_as_another_process(const struct place *place, int number)
{
    CLEANUP(text) char *text = xasprintf("oci:%s", place->path);
    CLEANUP(store) struct store *store = open_text(&place->world, text);

    for (int i = 0; i < 10; i++) {
        CLEANUP(text) char *tag = xasprintf("p%d-%d", number, i);
        struct descriptor image = DESCRIPTOR_INIT;
        tag_image(store, tag, tag, &image);
    }
}

static void processes_that_write_one_layout_keep_each_others_tags(void **state)
{
    struct place *place = *state;
    pid_t children[4];
    int status = 0;

    for (int i = 0; i < 4; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            tag_as_another_process(place, i);
            _exit(0);
        }
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    for (int i = 0; i < 40; i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(document) struct document found = DOCUMENT_INIT;
        CLEANUP(text) char *tag = xasprintf("p%d-%d", i / 10, i % 10);
        CHECK(store_read_document(place->store, tag, &found, &err), err);
    }
    assert_int_equal(folder_count(place->path), 3);
}

static void a_full_disk_is_told_with_its_path(void **state)
{
    struct place *place = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *blobs = xasprintf("%s/blobs/sha256", place->path);
    CLEANUP(text) char *words = xasprintf("to '%s': No space left on device", place->path);

    CHECK(file_make_folders(place->path, &err), err);
    /* In a view of the file systems that ends with this process. */
    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("tmpfs", place->path, "tmpfs", 0, "size=1m") < 0) {
        print_message("this user may not mount a small disk\n");
        skip();
    }
    CHECK_REFUSED(write_too_much(place->store, &err), err, ERROR_LOCAL, words);
    assert_int_equal(folder_count(blobs), 0);
    assert_int_equal(umount(place->path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(a_new_layout_holds_what_the_specification_asks_for),
        ALONE(a_tag_takes_the_place_of_its_older_self_and_touches_nothing_else),
        ALONE(an_index_without_entries_may_say_null),
        ALONE(the_index_is_read_and_edited_in_any_case),
        ALONE(an_image_that_is_there_leaves_the_index_byte_for_byte),
        ALONE(a_damaged_blob_is_written_anew),
        ALONE(a_folder_with_other_content_is_not_written),
        ALONE(a_probe_of_a_folder_that_is_missing_leaves_nothing),
        ALONE(a_layout_without_index_shows_no_tag_yet),
        ALONE(a_probe_of_a_layout_leaves_nothing),
        ALONE(a_probe_notices_folders_that_cannot_be_written),
        ALONE(a_file_that_may_not_grow_is_told_with_its_path),
        ALONE(processes_that_write_one_layout_keep_each_others_tags),
        ALONE(a_full_disk_is_told_with_its_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
