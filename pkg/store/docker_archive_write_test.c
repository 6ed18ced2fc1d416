#include "store/docker_archive_test_internal.h"

static char *tar_text(const char *path, const char *name)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(tar_index) struct tar_index *index = NULL;
    struct buf bytes = BUF_INIT;
    int fd = -1;

    CHECK(spool_open(path, NULL, &fd, &err), err);
    CHECK(tar_index_open(fd, path, NULL, &index, &err), err);
    CHECK(tar_index_load(index, name, MIB, &bytes, &err), err);
    return buf_take(&bytes);
}

/* Config and two layers, of which one has `more` bytes that count for nothing. */
struct result {
    struct descriptor config;
    struct descriptor layers[2];
    struct buf manifest;
};

static void put_layer(struct store *store, size_t size, bool is_announced, struct descriptor *out)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(writer) struct writer *writer = NULL;

    buf_fill(&bytes, size, size);
    *out = (struct descriptor){.media_type = MEDIA_TYPE_OCI_LAYER};
    CHECK(store_create_blob(store, is_announced ? size : SIZE_UNKNOWN, out, &writer, &err), err);
    CHECK(writer_write(writer, bytes.data, size / 2, &err), err);
    CHECK(writer_write(writer, bytes.data + size / 2, size - size / 2, &err), err);
    CHECK(writer_finish(writer, &err), err);
}

static void put_result(struct store *store, struct result *out)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf config = BUF_INIT;

    *out = (struct result){.config = {.media_type = MEDIA_TYPE_OCI_CONFIG}, .manifest = BUF_INIT};
    put_layer(store, 5 * MIB + 7, true, &out->layers[0]);
    put_layer(store, 300001, false, &out->layers[1]);
    buf_addf(&config,
             "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\","
             "\"diff_ids\":[\"%s\",\"%s\"]}}",
             digest_format(&out->layers[0].digest).text,
             digest_format(&out->layers[1].digest).text);
    CHECK(store_write_blob(store, &config, &out->config, &err), err);
    json_auto_t *manifest =
        json_pack("{s:i, s:s, s:o, s:[o, o]}", "schemaVersion", 2, "mediaType", MANIFEST_TYPE,
                  "config", descriptor_to_json(&out->config), "layers",
                  descriptor_to_json(&out->layers[0]), descriptor_to_json(&out->layers[1]));
    json_to_buf(manifest, &out->manifest);
}

static void write_result(struct store *store, const char *const *names, struct result *out)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    put_result(store, out);
    for (; *names != NULL; names++)
        CHECK(store_write_manifest(store, *names, MANIFEST_TYPE, &out->manifest, &err), err);
    CHECK(store_finish(store, &err), err);
}

static void check_result(const struct world *world, const char *path, const char *version,
                         const struct result *expected)
{
    CLEANUP(store) struct store *store = open_docker(world, path, "", false);
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(document) struct document found = DOCUMENT_INIT;
    struct descriptor *children = NULL;
    size_t count = 0;

    CHECK(store_read_document(store, version, &found, &err), err);
    CHECK(document_children(&found, &children, &count, &err), err);
    assert_int_equal(count, 3);
    assert_true(digest_equal(&children[0].digest, &expected->config.digest));
    for (size_t i = 0; i < 2; i++) {
        CLEANUP(reader) struct reader *reader = NULL;
        CLEANUP(buf) struct buf bytes = BUF_INIT;
        assert_true(digest_equal(&children[i + 1].digest, &expected->layers[i].digest));
        CHECK(store->ops->open_blob(store, &children[i + 1], 0, SIZE_UNKNOWN, &reader, &err), err);
        CHECK(reader_read_all(reader, 16 * MIB, &bytes, &err), err);
        struct descriptor blob = describe(&bytes);
        assert_true(digest_equal(&blob.digest, &expected->layers[i].digest));
    }
    free(children);
}

static void into_a_file_everything_is_named_by_its_digest(void **state)
{
    static const char *const names[] = {"docker.io/library/app:1", "ghcr.io/me/app:2", NULL};
    const struct world *world = *state;
    CLEANUP(text) char *path = tar_path(world);
    CLEANUP(store) struct store *store = open_docker(world, path, "", true);
    struct result result;

    assert_false(store->digest_first);
    assert_true(store->single_image);
    assert_true(store->sequential);
    write_result(store, names, &result);
    CLEANUP(text) char *found = tar_text(path, "manifest.json");
    CLEANUP(text)
    char *expected = xasprintf("[{\"Config\":\"%s.json\",\"RepoTags\":[\"app:1\","
                               "\"ghcr.io/me/app:2\"],\"Layers\":[\"%s.tar\",\"%s.tar\"]}]",
                               digest_format_hex(&result.config.digest).text,
                               digest_format_hex(&result.layers[0].digest).text,
                               digest_format_hex(&result.layers[1].digest).text);
    assert_string_equal(found, expected);
    check_result(world, path, "docker.io/library/app:1", &result);
    buf_release(&result.manifest);
}

static void into_a_pipe_large_layers_are_named_by_number(void **state)
{
    static const char *const names[] = {"docker.io/library/app:1", NULL};
    const struct world *world = *state;
    CLEANUP(text) char *fifo = xasprintf("%s/fifo", world->folder);
    CLEANUP(text) char *path = tar_path(world);
    struct result result;

    assert_int_equal(mkfifo(fifo, 0644), 0);
    pid_t pid = file_from_fifo(fifo, path);
    struct store *store = open_docker(world, fifo, "", true);
    assert_false(store->digest_first);
    write_result(store, names, &result);
    store_free(store);
    wait_for(pid);
    CLEANUP(text) char *found = tar_text(path, "manifest.json");
    CLEANUP(text)
    char *expected = xasprintf("[{\"Config\":\"%s.json\",\"RepoTags\":[\"app:1\"],"
                               "\"Layers\":[\"1.tar\",\"%s.tar\"]}]",
                               digest_format_hex(&result.config.digest).text,
                               digest_format_hex(&result.layers[1].digest).text);
    assert_string_equal(found, expected);
    check_result(world, path, NULL, &result);
    buf_release(&result.manifest);
}

static void an_image_without_a_name_has_no_tags(void **state)
{
    const struct world *world = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *path = tar_path(world);
    CLEANUP(store) struct store *store = open_docker(world, path, "", true);
    struct result result;

    put_result(store, &result);
    CHECK(store_write_manifest(store, NULL, MANIFEST_TYPE, &result.manifest, &err), err);
    CHECK(store_finish(store, &err), err);
    CLEANUP(text) char *found = tar_text(path, "manifest.json");
    assert_non_null(strstr(found, "\"RepoTags\":null"));
    check_result(world, path, NULL, &result);
    check_result(world, path, "@0", &result);
    buf_release(&result.manifest);
}

static void write_small(const struct world *world, const char *path)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(store) struct store *store = open_docker(world, path, "", true);
    struct result result;

    put_result(store, &result);
    CHECK(store_write_manifest(store, NULL, MANIFEST_TYPE, &result.manifest, &err), err);
    CHECK(store_finish(store, &err), err);
    buf_release(&result.manifest);
}

static void a_file_that_is_replaced_keeps_its_mode_and_a_link_its_place(void **state)
{
    const struct world *world = *state;
    CLEANUP(text) char *path = tar_path(world);
    CLEANUP(text) char *link = xasprintf("%s/link", world->folder);
    struct stat status;

    assert_int_equal(symlink(strrchr(path, '/') + 1, link), 0);
    write_small(world, link); /* which leads nowhere yet */
    assert_int_equal(lstat(link, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_int_equal(chmod(path, 0600), 0);
    write_small(world, link);
    assert_int_equal(lstat(link, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_int_equal(lstat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    unlink(link);
}

static void what_the_form_cannot_say_is_refused(void **state)
{
#define BLOB(type_) "{\"mediaType\":\"" type_ "\",\"digest\":\"sha256:" ZEROS "\",\"size\":1}"
#define IMAGE(config_, layers_)                                                                    \
    "{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST_TYPE "\",\"config\":" config_                 \
    ",\"layers\":[" layers_ "]}"
    static const struct {
        const char *media_type, *text, *complaint;
        enum error_kind kind;
    } cases[] = {
        {MEDIA_TYPE_OCI_INDEX, "{\"schemaVersion\":2,\"manifests\":[]}",
         "choose one with --platform", ERROR_UNSUPPORTED},
        {MANIFEST_TYPE, IMAGE(BLOB("application/vnd.cncf.helm.config.v1+json"), ""),
         "this is an artifact with the config 'application/vnd.cncf.helm.config.v1+json'",
         ERROR_UNSUPPORTED},
        {MANIFEST_TYPE,
         IMAGE(BLOB(MEDIA_TYPE_OCI_CONFIG),
               BLOB("application/vnd.oci.image.layer.nondistributable.v1.tar")),
         "layers that lie elsewhere", ERROR_UNSUPPORTED},
        {MANIFEST_TYPE, IMAGE(BLOB(MEDIA_TYPE_OCI_CONFIG), BLOB(MEDIA_TYPE_OCI_LAYER)),
         "has not been written", ERROR_INTERNAL},
    };
    const struct world *world = *state;
    CLEANUP(text) char *path = tar_path(world);
    CLEANUP(store) struct store *store = open_docker(world, path, "", true);

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf manifest = BUF_INIT;
        buf_add_text(&manifest, cases[i].text);
        CHECK_REFUSED(store_write_manifest(store, "docker.io/library/app:1", cases[i].media_type,
                                           &manifest, &err),
                      err, cases[i].kind, cases[i].complaint);
    }
}

static void a_place_in_an_archive_is_no_target(void **state)
{
    const struct world *world = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(reference) struct reference reference = REFERENCE_INIT;
    struct store_context context = world_context(world);
    struct store *store = NULL;

    CHECK(reference_parse("docker-archive:a.tar:@0", &reference, &err), err);
    CHECK_REFUSED(store_open_target(&reference, &context, &store, &err), err, ERROR_USAGE,
                  "a target is docker-archive:FILE[:NAME[:TAG]]");
    CHECK(reference_parse("scratch", &reference, &err), err);
    CHECK_REFUSED(store_open_target(&reference, &context, &store, &err), err, ERROR_USAGE,
                  "'scratch' is an empty base");
    CHECK(reference_parse("docker-daemon:sha256:" ZEROS, &reference, &err), err);
    CHECK_REFUSED(store_open_target(&reference, &context, &store, &err), err, ERROR_USAGE,
                  "an image's id is not known beforehand");
}

static void names_are_written_as_docker_does(void **state)
{
    static const struct {
        const char *text, *canonical, *familiar;
    } cases[] = {
        {"app", "docker.io/library/app:latest", "app:latest"},
        {"me/app:1", "docker.io/me/app:1", "me/app:1"},
        {"ghcr.io/me/app:1", "ghcr.io/me/app:1", "ghcr.io/me/app:1"},
        {"localhost:5000/app", "localhost:5000/app:latest", "localhost:5000/app:latest"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(text) char *canonical = NULL;
        CHECK(docker_name_parse(cases[i].text, &canonical, &err), err);
        CLEANUP(text) char *familiar = docker_name_familiar(canonical);
        assert_string_equal(canonical, cases[i].canonical);
        assert_string_equal(familiar, cases[i].familiar);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(into_a_file_everything_is_named_by_its_digest),
        WORLD_TEST(into_a_pipe_large_layers_are_named_by_number),
        WORLD_TEST(an_image_without_a_name_has_no_tags),
        WORLD_TEST(a_file_that_is_replaced_keeps_its_mode_and_a_link_its_place),
        WORLD_TEST(what_the_form_cannot_say_is_refused),
        WORLD_TEST(a_place_in_an_archive_is_no_target),
        cmocka_unit_test(names_are_written_as_docker_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
