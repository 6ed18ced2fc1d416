#include "store/oci_dir_test_internal.h"

#include <inttypes.h>

static void what_cannot_be_read_is_told_apart(void **state)
{
    static const struct {
        const char *file, *text, *complaint;
        enum error_kind kind;
    } cases[] = {
        {"oci-layout", NULL, "is not an OCI image layout: it has no file 'oci-layout'",
         ERROR_CORRUPT},
        {"oci-layout", "{\"imageLayout", "oci-layout is not JSON", ERROR_CORRUPT},
        {"oci-layout", "{}", "no 'imageLayoutVersion'", ERROR_CORRUPT},
        {"oci-layout", "{\"imageLayoutVersion\":\"2.0.0\"}", "version '2.0.0', expected '1.0.0'",
         ERROR_UNSUPPORTED},
        {"index.json", NULL, "it has no file 'index.json'", ERROR_CORRUPT},
        {"index.json", "{\"manifests\":[", "index.json is not JSON", ERROR_CORRUPT},
        {"index.json", "", "index.json is not JSON", ERROR_CORRUPT},
        {"index.json", "[]", "no list 'manifests'", ERROR_CORRUPT},
        {"index.json", "{\"manifests\":7}", "no list 'manifests'", ERROR_CORRUPT},
        {"index.json", "{\"manifests\":[7]}", "it has no image 'v1'", ERROR_NOT_FOUND},
        {"index.json", "{\"manifests\":[" OTHER "]}", "no image 'v1'; there is 'other'",
         ERROR_NOT_FOUND},
        {"index.json",
         "{\"manifests\":[{\"annotations\":{\"org.opencontainers.image.ref.name\":\"v1\"},"
         "\"mediaType\":\"a/b\",\"digest\":\"sha256:../../etc/passwd\",\"size\":1}]}",
         "64 hex digits", ERROR_CORRUPT},
    };
    struct place *place = *state;
    struct descriptor image = DESCRIPTOR_INIT;

    tag_image(place->store, "v1", "one", &image);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(document) struct document found = DOCUMENT_INIT;
        CLEANUP(text) char *path = xasprintf("%s/%s", place->path, cases[i].file);
        CLEANUP(text) char *good = file_text(path);
        if (cases[i].text != NULL)
            file_write(path, cases[i].text);
        else
            unlink(path);
        CHECK_REFUSED(store_read_document(place->store, "v1", &found, &err), err, cases[i].kind,
                      cases[i].complaint);
        file_write(path, good);
        CHECK(store_read_document(place->store, "v1", &found, &err), err);
    }
}

static void a_folder_without_content_holds_no_image(void **state)
{
    struct place *place = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(document) struct document found = DOCUMENT_INIT;

    CHECK_REFUSED(store_read_document(place->store, "v1", &found, &err), err, ERROR_NOT_FOUND,
                  "layout' does not exist");
    CHECK(file_make_folders(place->path, &err), err);
    CHECK_REFUSED(store_read_document(place->store, "v1", &found, &err), err, ERROR_NOT_FOUND,
                  "layout' is empty");
    place_write(place, ".inlay-01234567", ""); /* of a run that was killed */
    CHECK_REFUSED(store_read_document(place->store, "v1", &found, &err), err, ERROR_NOT_FOUND,
                  "layout' is empty");
}

static void a_manifest_must_be_what_the_index_says(void **state)
{
    struct place *place = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(document) struct document found = DOCUMENT_INIT;
    struct descriptor image = DESCRIPTOR_INIT;

    tag_image(place->store, "v1", "one", &image);
    CLEANUP(text)
    char *path =
        xasprintf("%s/blobs/sha256/%s", place->path, digest_format_hex(&image.digest).text);
    CLEANUP(text) char *good = file_text(path);
    CLEANUP(text) char *digest = xstrdup(digest_format(&image.digest).text);
    CLEANUP(text) char *longer = xasprintf("%s ", good);

    file_write(path, longer);
    CHECK_REFUSED(store_read_document(place->store, "v1", &found, &err), err, ERROR_CORRUPT,
                  "its descriptor says");
    CLEANUP(text) char *other = xstrdup(good);
    other[strlen(other) - 1] = ' ';
    file_write(path, other);
    CHECK_REFUSED(store_read_document(place->store, "v1", &found, &err), err, ERROR_CORRUPT,
                  "the bytes have the digest");
    CHECK_REFUSED(store_read_document(place->store, digest, &found, &err), err, ERROR_CORRUPT,
                  "the bytes have the digest");
    unlink(path);
    CHECK_REFUSED(store_read_document(place->store, "v1", &found, &err), err, ERROR_CORRUPT,
                  "has no blob");
}

static void a_blob_that_is_a_link_is_refused(void **state)
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
    CLEANUP(text) char *elsewhere = xasprintf("%s/elsewhere", place->world.folder);
    assert_int_equal(rename(path, elsewhere), 0);
    assert_int_equal(symlink(elsewhere, path), 0);
    CHECK_REFUSED(store_read_blob(place->store, &blob, &found, &err), err, ERROR_CORRUPT,
                  "is not a regular file");
    assert_false(blob_is_there(place->store, &blob));
    CHECK(store_write_blob(place->store, &bytes, &blob, &err), err);
    CHECK(store_read_blob(place->store, &blob, &found, &err), err);
}

static void a_long_name_is_told_in_part(void **state)
{
    struct place *place = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(document) struct document found = DOCUMENT_INIT;
    CLEANUP(text) char *a = xcalloc(100001, 1);
    struct descriptor image = DESCRIPTOR_INIT;

    tag_image(place->store, "v1", "one", &image);
    memset(a, 'a', 100000);
    /* A character that the cut would split stands at its place. */
    CLEANUP(text) char *tag = xasprintf("%.198s\xe2\x82\xac%s", a, a);
    CLEANUP(text)
    char *entry = xasprintf("{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%" PRIu64
                            ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"%s\"}}",
                            image.media_type, digest_format(&image.digest).text, image.size, tag);
    CLEANUP(text) char *index = xasprintf("{\"schemaVersion\":2,\"manifests\":[%s]}", entry);
    CLEANUP(text) char *expected = xasprintf("there is '%.198s…'", tag);
    place_write(place, "index.json", index);
    CHECK_REFUSED(store_read_document(place->store, "v2", &found, &err), err, ERROR_NOT_FOUND,
                  expected);
}

static void a_link_in_the_place_of_a_part_is_refused(void **state)
{
    static const char *const names[] = {"oci-layout", "index.json", "blobs", "blobs/sha256"};
    struct place *place = *state;
    struct descriptor image = DESCRIPTOR_INIT;
    CLEANUP(text) char *elsewhere = xasprintf("%s/elsewhere", place->world.folder);

    tag_image(place->store, "v1", "one", &image);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(document) struct document found = DOCUMENT_INIT;
        CLEANUP(text) char *path = xasprintf("%s/%s", place->path, names[i]);
        CLEANUP(text) char *complaint = xasprintf("/%s' is a symlink, which could", names[i]);
        assert_int_equal(rename(path, elsewhere), 0);
        assert_int_equal(symlink(elsewhere, path), 0);
        CHECK_REFUSED(store_read_document(place->store, "v1", &found, &err), err, ERROR_CORRUPT,
                      complaint);
        CHECK_REFUSED(store_probe_write(place->store, &err), err, ERROR_CORRUPT, complaint);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(rename(elsewhere, path), 0);
        CHECK(store_read_document(place->store, "v1", &found, &err), err);
    }
}

static void a_pipe_in_the_place_of_a_file_is_not_waited_for(void **state)
{
    struct place *place = *state;
    struct descriptor image = DESCRIPTOR_INIT;

    tag_image(place->store, "v1", "one", &image);
    CLEANUP(text) char *blob = xasprintf("blobs/sha256/%s", digest_format_hex(&image.digest).text);
    const char *const names[] = {"index.json", "oci-layout", blob};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(document) struct document found = DOCUMENT_INIT;
        CLEANUP(text) char *path = xasprintf("%s/%s", place->path, names[i]);
        CLEANUP(text) char *content = file_text(path);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(mkfifo(path, 0600), 0);
        assert_int_equal(store_read_document(place->store, "v1", &found, &err), -1);
        assert_non_null(strstr(err.text, names[i]));
        assert_int_equal(unlink(path), 0);
        file_write(path, content);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(what_cannot_be_read_is_told_apart),
        ALONE(a_folder_without_content_holds_no_image),
        ALONE(a_manifest_must_be_what_the_index_says),
        ALONE(a_blob_that_is_a_link_is_refused),
        ALONE(a_long_name_is_told_in_part),
        ALONE(a_link_in_the_place_of_a_part_is_refused),
        ALONE(a_pipe_in_the_place_of_a_file_is_not_waited_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
