#include "store/registry_internal.h"
#include "store/store_test_internal.h"

/* Against a real registry: what it keeps, and what it says. */

static int setup(void **state)
{
    struct world *world = xcalloc(1, sizeof(*world));

    world_init(world);
    (void)world_start_registry(world);
    *state = world;
    return 0;
}

static struct store *open_repository(const struct world *world, const char *name)
{
    if (world->port == 0) {
        print_message("the program docker-registry is absent\n");
        skip();
    }
    CLEANUP(text) char *text = xasprintf("127.0.0.1:%u/%s", world->port, name);
    return open_text(world, text);
}

static void a_blob_of_a_neighbour_is_mounted(void **state)
{
    static const struct store_copy_options options = {.cancel = NULL};
    struct world *world = *state;
    CLEANUP(store) struct store *from = open_repository(world, "team/base");
    CLEANUP(store) struct store *to = open_repository(world, "team/app");
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(buf) struct buf found = BUF_INIT;
    struct descriptor blob = DESCRIPTOR_INIT;
    enum store_copied how = STORE_STREAMED;

    buf_fill(&bytes, 100000, 1);
    put_blob(from, &bytes, &blob);
    assert_false(blob_is_there(to, &blob));
    CHECK(store_copy_blob(from, to, &blob, &options, &how, &err), err);
    assert_int_equal(how, STORE_MOUNTED);
    CHECK(store_read_blob(to, &blob, &found, &err), err);
    assert_memory_equal(found.data, bytes.data, bytes.size);
}

static void the_session_of_a_probe_carries_the_first_blob(void **state)
{
    struct world *world = *state;
    CLEANUP(store) struct store *store = open_repository(world, "probed");
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text)
    char *uploads =
        xasprintf("%s/registry/docker/registry/v2/repositories/probed/_uploads", world->folder);
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    struct descriptor blob = DESCRIPTOR_INIT;

    CHECK(store_probe_write(store, &err), err);
    assert_int_equal(folder_count(uploads), 1);
    buf_fill(&bytes, 100, 1);
    put_blob(store, &bytes, &blob);
    assert_int_equal(folder_count(uploads), 0);
    buf_fill(&bytes, 100, 2);
    put_blob(store, &bytes, &blob);
    assert_int_equal(folder_count(uploads), 0);
}

/* How many uploads are kept; of one that was cancelled, docker-registry keeps all but the data. */
static unsigned count_uploads(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    unsigned count = 0;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        CLEANUP(text) char *data = xasprintf("%s/%s/data", path, entry->d_name);
        count += access(data, F_OK) == 0;
    }
    if (folder != NULL)
        closedir(folder);
    return count;
}

/*
 * What was sent of a blob that comes to nothing does not stay on the registry's disk: nothing yet,
 * or whole chunks. (docker-registry 2.8 does not let go of a PATCH that broke off.)
 */
static void an_upload_that_is_given_up_leaves_nothing(void **state)
{
    static const struct {
        uint64_t size, chunk;
    } cases[] = {{100, 0}, {900000, 0}, {900000, 1000}, {SIZE_UNKNOWN, 1000}};
    const struct world *world = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(text)
    char *uploads =
        xasprintf("%s/registry/docker/registry/v2/repositories/given/up/_uploads", world->folder);

    buf_fill(&bytes, 5000, 1);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(store) struct store *store = open_repository(world, "given/up");
        struct descriptor blob = DESCRIPTOR_INIT;
        struct writer *writer = NULL;
        registry_of(store)->quirks.chunk = cases[i].chunk;
        CHECK(store_create_blob(store, cases[i].size, &blob, &writer, &err), err);
        CHECK(writer_write(writer, bytes.data, cases[i].size < bytes.size ? 50 : bytes.size, &err),
              err);
        assert_int_equal(count_uploads(uploads), 1);
        writer_free(writer);
        assert_int_equal(count_uploads(uploads), 0);
    }
    struct store *store = open_repository(world, "given/up");
    CHECK(store_probe_write(store, &err), err);
    assert_int_equal(count_uploads(uploads), 1);
    store_free(store);
    assert_int_equal(count_uploads(uploads), 0);
}

/* In chunks, and a registry that does not know them never sees a Content-Range. */
static void blobs_of_every_size_arrive_in_chunks_or_whole(void **state)
{
    static const size_t sizes[] = {0, 1, 999, 1000, 1001, 2000, 2001, 5500};
    static const uint64_t chunks[] = {0, 1000};
    const struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(sizes) * 2; i++) {
        CLEANUP(store) struct store *store = open_repository(world, "chunks");
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf bytes = BUF_INIT;
        CLEANUP(buf) struct buf found = BUF_INIT;
        CLEANUP(writer) struct writer *writer = NULL;
        struct descriptor blob = DESCRIPTOR_INIT;
        size_t size = sizes[i / 2];
        buf_fill(&bytes, size, i);
        registry_of(store)->quirks.chunk = chunks[i % 2];
        CHECK(store_create_blob(store, i % 3 == 0 ? SIZE_UNKNOWN : size, &blob, &writer, &err),
              err);
        for (size_t at = 0; at < size; at += 700)
            CHECK(writer_write(writer, bytes.data + at, size - at < 700 ? size - at : 700, &err),
                  err);
        CHECK(writer_finish(writer, &err), err);
        assert_int_equal(blob.size, size);
        CHECK(store_read_blob(store, &blob, &found, &err), err);
        assert_int_equal(found.size, size);
        assert_int_equal(memcmp(buf_text(&found), buf_text(&bytes), size), 0);
    }
}

static void a_registry_without_patch_gets_blobs_in_the_put(void **state)
{
    static const size_t sizes[] = {0, 1000, 1048576, 1048577, 3000000};
    static const struct store_copy_options options = {.cancel = NULL};
    const struct world *world = *state;
    CLEANUP(store) struct store *from = store_new_memory();

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        CLEANUP(store) struct store *store = open_repository(world, "put");
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf bytes = BUF_INIT;
        CLEANUP(buf) struct buf found = BUF_INIT;
        struct descriptor blob = DESCRIPTOR_INIT;
        struct descriptor copy = DESCRIPTOR_INIT;
        enum store_copied how = STORE_WAS_THERE;
        registry_of(store)->quirks.refuses_patch = true;
        buf_fill(&bytes, sizes[i], 100 + i);
        put_blob(store, &bytes, &blob); /* its digest is known at the end */
        CHECK(store_read_blob(store, &blob, &found, &err), err);
        assert_int_equal(memcmp(buf_text(&found), buf_text(&bytes), sizes[i]), 0);
        buf_fill(&bytes, sizes[i], 200 + i);
        put_blob(from, &bytes, &copy);
        CHECK(store_copy_blob(from, store, &copy, &options, &how, &err), err);
        assert_int_equal(how, sizes[i] > 0 ? STORE_STREAMED : STORE_WAS_THERE);
    }
}

static void a_manifest_whose_layer_is_missing_is_refused_with_its_digest(void **state)
{
    struct world *world = *state;
    CLEANUP(store) struct store *store = open_repository(world, "incomplete");
    CLEANUP(store) struct store *elsewhere = store_new_memory();
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf manifest = BUF_INIT;

    put_image(elsewhere, "one", &manifest);
    CHECK_REFUSED(store_write_manifest(store, "v1", "application/vnd.oci.image.manifest.v1+json",
                                       &manifest, &err),
                  err, ERROR_UNSUPPORTED,
                  "MANIFEST_BLOB_UNKNOWN: blob unknown to registry (sha256:");
}

/* A registry that is asked without the right Accept hands out something else. */
static void documents_of_every_family_come_back_as_they_were_written(void **state)
{
    static const struct {
        const char *type, *text;
    } cases[] = {
        {"application/vnd.oci.image.index.v1+json",
         "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\","
         "\"manifests\":[]}"},
        {"application/vnd.docker.distribution.manifest.list.v2+json",
         "{ \"schemaVersion\":2,\"mediaType\":\"application/"
         "vnd.docker.distribution.manifest.list.v2+json\",\"manifests\":[]}"},
        {"application/vnd.docker.distribution.manifest.v2+json", NULL},
    };
    struct world *world = *state;
    CLEANUP(store) struct store *store = open_repository(world, "families");
    struct descriptor blob = {.media_type = "application/vnd.docker.container.image.v1+json"};
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf config = BUF_INIT;

    buf_add_text(&config, "{\"architecture\":\"amd64\",\"os\":\"linux\"}");
    CHECK(store_write_blob(store, &config, &blob, &err), err);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buf) struct buf bytes = BUF_INIT;
        CLEANUP(document) struct document found = DOCUMENT_INIT;
        if (cases[i].text != NULL)
            buf_add_text(&bytes, cases[i].text);
        else
            buf_addf(&bytes,
                     "{\"schemaVersion\":2,\n\"mediaType\":\"%s\",\"config\":{\"mediaType\":\"%s\","
                     "\"digest\":\"%s\",\"size\":%zu},\"layers\":[]}",
                     cases[i].type, blob.media_type, digest_format(&blob.digest).text, config.size);
        CHECK(store_write_manifest(store, "v1", cases[i].type, &bytes, &err), err);
        CHECK(store_read_document(store, "v1", &found, &err), err);
        assert_string_equal(buf_text(&found.bytes), buf_text(&bytes));
        assert_string_equal(found.descriptor.media_type, cases[i].type);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_blob_of_a_neighbour_is_mounted),
        cmocka_unit_test(the_session_of_a_probe_carries_the_first_blob),
        cmocka_unit_test(an_upload_that_is_given_up_leaves_nothing),
        cmocka_unit_test(blobs_of_every_size_arrive_in_chunks_or_whole),
        cmocka_unit_test(a_registry_without_patch_gets_blobs_in_the_put),
        cmocka_unit_test(a_manifest_whose_layer_is_missing_is_refused_with_its_digest),
        cmocka_unit_test(documents_of_every_family_come_back_as_they_were_written),
    };

    return cmocka_run_group_tests(tests, setup, world_teardown);
}
