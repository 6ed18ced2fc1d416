#include "store/store_test_internal.h"

#include "core/workers.h"

/*
 * What every kind of store promises. Each test runs once for each kind, always with stores that
 * are new: another repository, another folder.
 */

static void check_part(struct store *store, const struct descriptor *blob, const struct buf *bytes,
                       uint64_t offset, uint64_t length)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(reader) struct reader *reader = NULL;
    CLEANUP(buf) struct buf part = BUF_INIT;
    uint64_t left = offset < bytes->size ? bytes->size - offset : 0;

    CHECK(store->ops->open_blob(store, blob, offset, length, &reader, &err), err);
    CHECK(reader_read_all(reader, 16 * MIB, &part, &err), err);
    assert_int_equal(part.size, length < left ? length : left);
    if (part.size > 0)
        assert_memory_equal(part.data, bytes->data + offset, part.size);
}

static void a_blob_is_read_back_byte_for_byte_whole_and_in_parts(void **state)
{
    static const size_t sizes[] = {0, 1, 100000, 3145735};
    CLEANUP(store) struct store *store = open_subject(state);

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        CLEANUP(buf) struct buf bytes = BUF_INIT;
        buf_fill(&bytes, sizes[i], i);
        struct descriptor blob = describe(&bytes);
        put_blob(store, &bytes, &blob);
        check_part(store, &blob, &bytes, 0, SIZE_UNKNOWN);
        check_part(store, &blob, &bytes, 0, 0);
        check_part(store, &blob, &bytes, sizes[i] / 2, 10);
        check_part(store, &blob, &bytes, sizes[i] / 3, SIZE_UNKNOWN);
        check_part(store, &blob, &bytes, sizes[i], SIZE_UNKNOWN);
    }
}

static void a_writer_tells_digest_and_size_and_keeps_the_media_type(void **state)
{
    static const uint64_t announced[] = {70000, SIZE_UNKNOWN};
    CLEANUP(store) struct store *store = open_subject(state);

    for (size_t i = 0; i < ARRAY_SIZE(announced); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf bytes = BUF_INIT;
        CLEANUP(writer) struct writer *writer = NULL;
        struct descriptor told = {.media_type = "a/b"};
        buf_fill(&bytes, 70000, 77 + i);
        struct descriptor expected = describe(&bytes);

        assert_false(blob_is_there(store, &expected));
        CHECK(store_create_blob(store, announced[i], &told, &writer, &err), err);
        char *room = NULL;
        size_t part = 0;
        CHECK(writer_room(writer, &room, &part, &err), err);
        assert_non_null(room); /* bytes may be put where they go */
        CHECK(writer_write(writer, bytes.data, 1, &err), err);
        CHECK(writer_write(writer, bytes.data + 1, 0, &err), err);
        CHECK(writer_write(writer, bytes.data + 1, bytes.size - 1, &err), err);
        assert_false(blob_is_there(store, &expected));
        assert_int_equal(told.size, 0);
        CHECK(writer_finish(writer, &err), err);
        assert_true(blob_is_there(store, &expected));
        assert_true(digest_equal(&told.digest, &expected.digest));
        assert_int_equal(told.size, expected.size);
        assert_string_equal(told.media_type, "a/b");
    }
}

static void a_writer_that_is_not_finished_leaves_nothing(void **state)
{
    CLEANUP(store) struct store *store = open_subject(state);
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    struct descriptor told = DESCRIPTOR_INIT;

    buf_fill(&bytes, 5000, 5);
    struct descriptor blob = describe(&bytes);
    for (size_t size = 0; size <= bytes.size; size += 2500) {
        struct writer *writer = NULL;
        CHECK(store_create_blob(store, bytes.size, &told, &writer, &err), err);
        CHECK(writer_write(writer, bytes.data, size, &err), err);
        writer_free(writer);
        assert_false(blob_is_there(store, &blob));
        check_nothing_is_left(state, store);
    }
}

static void a_blob_of_another_size_than_announced_is_refused(void **state)
{
    static const struct {
        uint64_t announced;
        size_t written;
        const char *complaint;
    } cases[] = {
        {10, 11, "more than that"}, {10, 9, "ends after 9 bytes"}, {10, 0, "ends after 0 bytes"}};
    CLEANUP(store) struct store *store = open_subject(state);

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf bytes = BUF_INIT;
        struct descriptor told = DESCRIPTOR_INIT;
        struct writer *writer = NULL;
        buf_fill(&bytes, cases[i].written, i);
        struct descriptor blob = describe(&bytes);
        CHECK(store_create_blob(store, cases[i].announced, &told, &writer, &err), err);
        int result = writer_write(writer, buf_text(&bytes), bytes.size, &err);
        CHECK_REFUSED(result < 0 ? result : writer_finish(writer, &err), err, ERROR_CORRUPT,
                      cases[i].complaint);
        writer_free(writer);
        assert_false(blob_is_there(store, &blob));
        check_nothing_is_left(state, store);
    }
}

static int write_one_of_six(void *arg, size_t number, const struct cancel *cancel,
                            struct error *err)
{
    struct store *store = arg;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(writer) struct writer *writer = NULL;
    struct descriptor told = DESCRIPTOR_INIT;

    (void)cancel;
    buf_fill(&bytes, 50000, number % 6);
    if (store_create_blob(store, number % 2 > 0 ? bytes.size : SIZE_UNKNOWN, &told, &writer, err) <
            0 ||
        writer_write(writer, bytes.data, 20000, err) < 0 ||
        writer_write(writer, bytes.data + 20000, bytes.size - 20000, err) < 0)
        return -1;
    return writer_finish(writer, err);
}

static void threads_write_the_same_and_different_blobs_at_once(void **state)
{
    CLEANUP(store) struct store *store = open_subject(state);
    CLEANUP(error) struct error err = ERROR_INIT;

    CHECK(workers_run(6, 24, write_one_of_six, store, NULL, &err), err);
    for (uint64_t i = 0; i < 6; i++) {
        CLEANUP(buf) struct buf bytes = BUF_INIT;
        CLEANUP(buf) struct buf found = BUF_INIT;
        buf_fill(&bytes, 50000, i);
        struct descriptor blob = describe(&bytes);
        CHECK(store_read_blob(store, &blob, &found, &err), err);
        assert_memory_equal(found.data, bytes.data, bytes.size);
    }
}

static int tag_one(void *arg, size_t number, const struct cancel *cancel, struct error *err)
{
    struct store *store = arg;
    CLEANUP(text) char *tag = xasprintf("tag-%zu", number);
    CLEANUP(buf) struct buf manifest = BUF_INIT;

    (void)cancel;
    put_image(store, tag, &manifest);
    return store_write_manifest(store, tag, "application/vnd.oci.image.manifest.v1+json", &manifest,
                                err);
}

static void threads_write_different_tags_at_once(void **state)
{
    CLEANUP(store) struct store *store = open_subject(state);
    CLEANUP(error) struct error err = ERROR_INIT;

    CHECK(workers_run(4, 12, tag_one, store, NULL, &err), err);
    for (size_t i = 0; i < 12; i++) {
        CLEANUP(text) char *tag = xasprintf("tag-%zu", i);
        CLEANUP(document) struct document document = DOCUMENT_INIT;
        CHECK(store_read_document(store, tag, &document, &err), err);
    }
}

static void put_tag(struct store *store, const char *tag, const struct buf *manifest)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    CHECK(store_write_manifest(store, tag, "application/vnd.oci.image.manifest.v1+json", manifest,
                               &err),
          err);
}

static void check_manifest(struct store *store, const char *version, const struct buf *expected)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(document) struct document found = DOCUMENT_INIT;
    struct digest digest = digest_of(DIGEST_SHA256, expected->data, expected->size);

    CHECK(store_read_document(store, version, &found, &err), err);
    assert_string_equal(buf_text(&found.bytes), buf_text(expected));
    assert_string_equal(found.descriptor.media_type, "application/vnd.oci.image.manifest.v1+json");
    assert_true(digest_equal(&found.descriptor.digest, &digest));
    assert_int_equal(found.descriptor.size, expected->size);
    assert_false(found.is_index);
}

static void a_manifest_is_read_by_tag_and_by_digest(void **state)
{
    CLEANUP(store) struct store *store = open_subject(state);
    CLEANUP(buf) struct buf manifest = BUF_INIT;
    CLEANUP(buf) struct buf child = BUF_INIT;

    put_image(store, "one", &manifest);
    put_tag(store, "v1", &manifest);
    struct descriptor what = describe(&manifest);
    check_manifest(store, "v1", &manifest);
    check_manifest(store, digest_format(&what.digest).text, &manifest);

    put_image(store, "two", &child);
    what = describe(&child);
    put_tag(store, digest_format(&what.digest).text, &child);
    check_manifest(store, digest_format(&what.digest).text, &child);
    check_manifest(store, "v1", &manifest);
}

static void without_a_version_the_only_image_is_meant(void **state)
{
    const struct subject *subject = *state;
    CLEANUP(store) struct store *store = open_subject(state);
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf one = BUF_INIT;
    CLEANUP(buf) struct buf two = BUF_INIT;
    CLEANUP(document) struct document found = DOCUMENT_INIT;

    put_image(store, "one", &one);
    put_tag(store, "v1", &one);
    if (subject->kind == KIND_REGISTRY) {
        CHECK_REFUSED(store_read_document(store, NULL, &found, &err), err, ERROR_USAGE,
                      "needs a tag or a digest");
        return;
    }
    check_manifest(store, NULL, &one);
    put_tag(store, "again", &one);
    check_manifest(store, NULL, &one);
    put_image(store, "two", &two);
    put_tag(store, "v2", &two);
    CHECK_REFUSED(store_read_document(store, NULL, &found, &err), err, ERROR_USAGE,
                  "several images; name one of 'v1', 'again', 'v2'");
}

static void what_is_not_there_is_not_found(void **state)
{
    CLEANUP(store) struct store *store = open_subject(state);
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(document) struct document found = DOCUMENT_INIT;

    buf_fill(&bytes, 10, 99);
    struct descriptor blob = describe(&bytes);
    for (int round = 0; round < 2; round++) { /* in a store without and with images */
        CLEANUP(buf) struct buf manifest = BUF_INIT;
        CLEANUP(text) char *version = xstrdup(digest_format(&blob.digest).text);
        struct reader *reader = NULL;
        CHECK_REFUSED(store_read_document(store, "v9", &found, &err), err, ERROR_NOT_FOUND, "");
        CHECK_REFUSED(store_read_document(store, version, &found, &err), err, ERROR_NOT_FOUND, "");
        CHECK_REFUSED(store->ops->open_blob(store, &blob, 0, SIZE_UNKNOWN, &reader, &err), err,
                      ERROR_NOT_FOUND, version);
        assert_false(blob_is_there(store, &blob));
        put_image(store, "one", &manifest);
        put_tag(store, "v1", &manifest);
    }
    CHECK_REFUSED(store_read_document(store, "v9", &found, &err), err, ERROR_NOT_FOUND, "'v9'");
}

static void a_tag_is_moved_by_writing_it_again(void **state)
{
    CLEANUP(store) struct store *store = open_subject(state);
    CLEANUP(buf) struct buf one = BUF_INIT;
    CLEANUP(buf) struct buf two = BUF_INIT;

    put_image(store, "one", &one);
    put_image(store, "two", &two);
    put_tag(store, "v1", &one);
    put_tag(store, "other", &one);
    put_tag(store, "v1", &two);
    check_manifest(store, "v1", &two);
    check_manifest(store, "other", &one);
    put_tag(store, "v1", &two);
    check_manifest(store, "v1", &two);
}

static int move_tag(struct store *store, const char *tag, const struct buf *manifest,
                    const struct tag_state *expected, struct error *err)
{
    return store_write_tag(store, tag, "application/vnd.oci.image.manifest.v1+json", manifest,
                           expected, err);
}

static void a_tag_that_somebody_else_has_moved_is_left_as_it_is(void **state)
{
    CLEANUP(store) struct store *store = open_subject(state);
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(notes) struct notes notes = NOTES_INIT;
    CLEANUP(buf) struct buf one = BUF_INIT;
    CLEANUP(buf) struct buf two = BUF_INIT;
    struct tag_state none, first, any = {.kind = TAG_ANY};

    put_image(store, "one", &one);
    put_image(store, "two", &two);
    struct descriptor what = describe(&one);
    CHECK(store_note_tag(store, "v1", NULL, &notes, &none, &err), err);
    assert_int_equal(none.kind, TAG_NONE);
    CHECK(move_tag(store, "v1", &one, &none, &err), err);
    CHECK(store_note_tag(store, "v1", NULL, &notes, &first, &err), err);
    assert_int_equal(first.kind, TAG_IMAGE);
    assert_true(digest_equal(&first.digest, &what.digest));

    CLEANUP(text)
    char *both = xasprintf("shows %s, expected no image", digest_format(&first.digest).text);
    CHECK_REFUSED(move_tag(store, "v1", &two, &none, &err), err, ERROR_CONFLICT, both);
    check_manifest(store, "v1", &one);
    CHECK(move_tag(store, "v1", &one, &none, &err), err); /* shown already, by whoever it was */
    CHECK(move_tag(store, "v1", &two, &first, &err), err);
    CHECK_REFUSED(move_tag(store, "v1", &one, &first, &err), err, ERROR_CONFLICT, "--overwrite");
    check_manifest(store, "v1", &two);
    CHECK(move_tag(store, "v1", &one, &any, &err), err);
    CHECK_REFUSED(move_tag(store, "v2", &one, &first, &err), err, ERROR_CONFLICT, "'v2' of '");
    CHECK(store_note_tag(store, NULL, NULL, &notes, &any, &err), err);
    assert_int_equal(any.kind, TAG_ANY);
    assert_int_equal(notes.count, 0);
}

struct race {
    struct store *store;
    struct buf images[8];
    struct tag_state none;
    atomic_uint moved;
};

static int race_for_tag(void *arg, size_t number, const struct cancel *cancel, struct error *err)
{
    struct race *race = arg;
    CLEANUP(error) struct error why = ERROR_INIT;

    (void)cancel;
    if (move_tag(race->store, "v1", &race->images[number], &race->none, &why) == 0)
        atomic_fetch_add(&race->moved, 1);
    else if (why.kind != ERROR_CONFLICT)
        return error_move(err, &why);
    return 0;
}

/* Where there is a lock; elsewhere a moment remains between the look and the writing. */
static void of_writers_of_a_layouts_tag_at_once_one_wins(void **state)
{
    const struct subject *subject = *state;
    CLEANUP(store) struct store *store = open_subject(state);
    CLEANUP(error) struct error err = ERROR_INIT;
    struct race race = {.store = store, .none = {.kind = TAG_NONE}};

    for (size_t i = 0; i < ARRAY_SIZE(race.images); i++) {
        CLEANUP(text) char *label = xasprintf("%zu", i);
        put_image(store, label, &race.images[i]);
    }
    CHECK(workers_run(8, ARRAY_SIZE(race.images), race_for_tag, &race, NULL, &err), err);
    for (size_t i = 0; i < ARRAY_SIZE(race.images); i++)
        buf_release(&race.images[i]);
    if (subject->kind == KIND_OCI_DIR)
        assert_int_equal(atomic_load(&race.moved), 1);
    else
        assert_true(atomic_load(&race.moved) > 0);
}

static void a_manifest_needs_a_tag_or_its_own_digest(void **state)
{
    static const struct {
        const char *version, *complaint;
        enum error_kind kind;
    } cases[] = {
        {NULL, "needs a tag", ERROR_USAGE},
        {"", "is not a tag", ERROR_USAGE},
        {"../v1", "is not a tag", ERROR_USAGE},
        {"sha256:12", "is not a tag", ERROR_USAGE},
        {"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
         "the bytes have the digest", ERROR_CORRUPT},
    };
    const struct subject *subject = *state;
    bool is_archive = subject->kind == KIND_OCI_ARCHIVE || subject->kind == KIND_DOCKER_ARCHIVE;
    CLEANUP(store) struct store *store = open_subject(state);
    CLEANUP(buf) struct buf manifest = BUF_INIT;

    put_image(store, "one", &manifest);
    for (size_t i = is_archive ? 1 : 0; i < ARRAY_SIZE(cases); i++) { /* these need no tag */
        CLEANUP(error) struct error err = ERROR_INIT;
        CHECK_REFUSED(store_write_manifest(store, cases[i].version,
                                           "application/vnd.oci.image.manifest.v1+json", &manifest,
                                           &err),
                      err, cases[i].kind, cases[i].complaint);
    }
}

static void a_probe_leaves_nothing_behind(void **state)
{
    const struct subject *subject = *state;
    CLEANUP(store) struct store *store = open_subject(state);
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(document) struct document found = DOCUMENT_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    struct descriptor blob = DESCRIPTOR_INIT;

    CHECK(store_probe_write(store, &err), err);
    CHECK_REFUSED(store_read_document(store, "latest", &found, &err), err, ERROR_NOT_FOUND, "");
    if (subject->kind == KIND_OCI_DIR)
        assert_int_equal(folder_count(store->name + strlen("oci:")), -1);

    buf_fill(&bytes, 100, 1);
    put_blob(store, &bytes, &blob);
    CHECK(store_probe_write(store, &err), err);
    assert_true(blob_is_there(store, &blob));
    CHECK_REFUSED(store_read_document(store, "latest", &found, &err), err, ERROR_NOT_FOUND, "");
}

static void a_small_blob_is_written_unless_it_is_there(void **state)
{
    CLEANUP(store) struct store *store = open_subject(state);
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(buf) struct buf found = BUF_INIT;

    buf_fill(&bytes, 1000, 3);
    for (int round = 0; round < 2; round++) {
        struct descriptor blob = {.media_type = "a/b"};
        CHECK(store_write_blob(store, &bytes, &blob, &err), err);
        struct descriptor expected = describe(&bytes);
        assert_true(digest_equal(&blob.digest, &expected.digest));
        assert_int_equal(blob.size, 1000);
        assert_string_equal(blob.media_type, "a/b");
        CHECK(store_read_blob(store, &blob, &found, &err), err);
        assert_int_equal(found.size, 1000);
        assert_memory_equal(found.data, bytes.data, 1000);
    }
    struct descriptor large = {.size = DOCUMENT_LIMIT + 1};
    CHECK_REFUSED(store_read_blob(store, &large, &found, &err), err, ERROR_CORRUPT,
                  "expected 4194304 at most");
}

static void opening_a_store_asks_nobody_and_changes_nothing(void **state)
{
    static const struct {
        const char *text, *name;
    } cases[] = {
        {"alpine:3", "docker.io/library/alpine"},
        {"registry.invalid:5000/a/b", "registry.invalid:5000/a/b"},
        {"oci:/nonexistent/dir:v1", "oci:/nonexistent/dir"},
        {"oci-archive:/nonexistent/a.tar:v1", "oci-archive:/nonexistent/a.tar"},
        {"docker-archive:/nonexistent/a.tar:v1", "docker-archive:/nonexistent/a.tar"},
        {"docker-daemon:app", "docker-daemon"},
    };
    struct cancel stop = {.requested = true}; /* whoever asks somebody is stopped */
    struct world nobody = {
        .http = http_new(&(struct http_options){.user_agent = "inlay-test", .cancel = &stop})};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(store) struct store *store = open_text(&nobody, cases[i].text);
        CLEANUP(store) struct store *target = open_target_text(&nobody, cases[i].text);
        assert_string_equal(store->name, cases[i].name);
        assert_string_equal(target->name, cases[i].name);
    }
    http_free(nobody.http);
}

int main(void)
{
    SUBJECTS(world);
    const struct CMUnitTest tests[] = {
        EACH(a_blob_is_read_back_byte_for_byte_whole_and_in_parts),
        EACH(a_writer_tells_digest_and_size_and_keeps_the_media_type),
        EACH(a_writer_that_is_not_finished_leaves_nothing),
        EACH(a_blob_of_another_size_than_announced_is_refused),
        EACH(threads_write_the_same_and_different_blobs_at_once),
        EACH(threads_write_different_tags_at_once),
        EACH(a_manifest_is_read_by_tag_and_by_digest),
        EACH(without_a_version_the_only_image_is_meant),
        EACH(what_is_not_there_is_not_found),
        EACH(a_tag_is_moved_by_writing_it_again),
        EACH(a_tag_that_somebody_else_has_moved_is_left_as_it_is),
        EACH(of_writers_of_a_layouts_tag_at_once_one_wins),
        EACH(a_manifest_needs_a_tag_or_its_own_digest),
        EACH(a_probe_leaves_nothing_behind),
        EACH(a_small_blob_is_written_unless_it_is_there),
        cmocka_unit_test(opening_a_store_asks_nobody_and_changes_nothing),
    };

    world_init(&world);
    (void)world_start_registry(&world);
    int result = cmocka_run_group_tests(tests, NULL, NULL);
    world_release(&world);
    return result;
}
