#include "store/docker_archive_test_internal.h"

static void both_forms_are_read_as_the_same_image(void **state)
{
    const struct world *world = *state;
    struct image image;
    CLEANUP(text) char *path = tar_path(world);
    CLEANUP(document) struct document old = DOCUMENT_INIT;
    CLEANUP(document) struct document new = DOCUMENT_INIT;

    image_init(&image, "amd64");
    CLEANUP(text) char *old_config = xasprintf("%s.json", image.config_hex.text);
    CLEANUP(text) char *new_config = xasprintf("blobs/sha256/%s", image.config_hex.text);
    CLEANUP(text) char *new_layer = xasprintf("blobs/sha256/%s", image.layer_hex.text);
    CLEANUP(text)
    char *old_manifest = manifest_text(old_config, "\"app:1\"", "\"a/layer.tar\",\"b/layer.tar\"");
    CLEANUP(text) char *new_layers = xasprintf("\"%s\",\"%s\"", new_layer, new_layer);
    CLEANUP(text) char *new_manifest = manifest_text(new_config, "\"app:1\"", new_layers);
    const struct member old_form[] = {A_FILE(old_config, image.config),
                                      A_FILE("a/VERSION", "1.0"),
                                      A_FILE("a/layer.tar", LAYER),
                                      A_SYMLINK("b/layer.tar", "../a/layer.tar"),
                                      A_FILE("manifest.json", old_manifest),
                                      A_FILE("repositories", "{}"),
                                      THE_END};
    const struct member new_form[] = {A_FILE("manifest.json", new_manifest),
                                      A_FILE("index.json", "{}"),
                                      A_FILE("oci-layout", "{}"),
                                      A_FILE(new_config, image.config),
                                      A_FILE(new_layer, LAYER),
                                      THE_END};

    tar_make(path, ARCHIVE_FORMAT_TAR_USTAR, old_form);
    CLEANUP(store) struct store *first = open_docker(world, path, "", false);
    read_whole(first, "docker.io/library/app:1", &old);
    tar_make(path, ARCHIVE_FORMAT_TAR_USTAR, new_form);
    CLEANUP(store) struct store *second = open_docker(world, path, "", false);
    read_whole(second, NULL, &new);
    assert_string_equal(buf_text(&old.bytes), buf_text(&new.bytes));
    CLEANUP(text)
    char *expected = xasprintf(
        "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_DOCKER_MANIFEST "\",\"config\":{"
        "\"mediaType\":\"" MEDIA_TYPE_DOCKER_CONFIG "\",\"digest\":\"sha256:%s\",\"size\":%zu},"
        "\"layers\":[{\"mediaType\":\"" MEDIA_TYPE_DOCKER_LAYER "\",\"digest\":\"sha256:%s\","
        "\"size\":%zu},{\"mediaType\":\"" MEDIA_TYPE_DOCKER_LAYER "\",\"digest\":\"sha256:%s\","
        "\"size\":%zu}]}",
        image.config_hex.text, strlen(image.config), image.layer_hex.text, strlen(LAYER),
        image.layer_hex.text, strlen(LAYER));
    assert_string_equal(buf_text(&old.bytes), expected);
    free(image.config);
}

/* Writes what libarchive makes of a layer through a filter to the archive at `path`. */
static void make_packed(const struct world *world, const char *path, int filter)
{
    struct image image;
    CLEANUP(text) char *plain = xasprintf("%s/layer", world->folder);
    CLEANUP(text) char *packed = xasprintf("%s/layer.packed", world->folder);
    CLEANUP(buf) struct buf bytes = BUF_INIT;

    image_init(&image, "amd64");
    CLEANUP(text) char *manifest = manifest_text("c", "", "\"l\",\"l\"");
    file_write(plain, LAYER);
    file_pack(plain, packed, filter);
    file_text_to(packed, &bytes);
    const struct member members[] = {A_FILE("c", image.config),
                                     {.name = "l", .text = bytes.data, .size = bytes.size},
                                     A_FILE("manifest.json", manifest),
                                     THE_END};
    tar_make(path, ARCHIVE_FORMAT_TAR_USTAR, members);
    free(image.config);
}

static void packed_layers_stay_packed(void **state)
{
    static const struct {
        int filter;
        const char *manifest, *layer;
    } cases[] = {
        {ARCHIVE_FILTER_GZIP, MEDIA_TYPE_DOCKER_MANIFEST, MEDIA_TYPE_DOCKER_LAYER ".gzip"},
        {ARCHIVE_FILTER_ZSTD, MEDIA_TYPE_OCI_MANIFEST, MEDIA_TYPE_OCI_LAYER "+zstd"},
    };
    const struct world *world = *state;
    CLEANUP(text) char *path = tar_path(world);

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(document) struct document found = DOCUMENT_INIT;
        make_packed(world, path, cases[i].filter);
        CLEANUP(store) struct store *store = open_docker(world, path, "", false);
        read_whole(store, NULL, &found);
        assert_string_equal(found.descriptor.media_type, cases[i].manifest);
        assert_non_null(strstr(buf_text(&found.bytes), cases[i].layer));
    }
}

static void a_packing_that_no_registry_takes_is_refused(void **state)
{
    const struct world *world = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *path = tar_path(world);
    CLEANUP(document) struct document found = DOCUMENT_INIT;

    make_packed(world, path, ARCHIVE_FILTER_XZ);
    CLEANUP(store) struct store *store = open_docker(world, path, "", false);
    CHECK_REFUSED(store_read_document(store, NULL, &found, &err), err, ERROR_UNSUPPORTED,
                  "is packed with xz");
}

static void one_of_several_images_is_named(void **state)
{
    static const struct {
        const char *version;
        const char *architecture; /* NULL: refused */
        enum error_kind kind;
        const char *complaint;
    } cases[] = {
        {"docker.io/library/app:1", "amd64", ERROR_NONE, NULL},
        {"docker.io/library/app:latest", "arm64", ERROR_NONE, NULL},
        {"ghcr.io/me/app:2", "arm64", ERROR_NONE, NULL},
        {"@0", "amd64", ERROR_NONE, NULL},
        {"@1", "arm64", ERROR_NONE, NULL},
        {"@2", "s390x", ERROR_NONE, NULL},
        {"@3", NULL, ERROR_NOT_FOUND, "no image '@3'"},
        {NULL, NULL, ERROR_USAGE, "name one of 'app:1', 'app', 'ghcr.io/me/app:2', '@2'"},
        {"docker.io/library/app:3", NULL, ERROR_NOT_FOUND,
         "no image 'docker.io/library/app:3'; there is 'app:1', 'app'"},
    };
    const struct world *world = *state;
    struct image images[3];
    CLEANUP(text) char *path = tar_path(world);

    image_init(&images[0], "amd64");
    image_init(&images[1], "arm64");
    image_init(&images[2], "s390x");
    const struct member members[] = {
        A_FILE("a", images[0].config),
        A_FILE("b", images[1].config),
        A_FILE("c", images[2].config),
        A_FILE("l", LAYER),
        A_FILE("manifest.json",
               "[{\"Config\":\"a\",\"RepoTags\":[\"app:1\"],\"Layers\":[\"l\",\"l\"]},"
               "{\"Config\":\"b\",\"RepoTags\":[\"app\",\"ghcr.io/me/app:2\"],"
               "\"Layers\":[\"l\",\"l\"]},"
               "{\"Config\":\"c\",\"RepoTags\":null,\"Layers\":[\"l\",\"l\"]}]"),
        THE_END};
    tar_make(path, ARCHIVE_FORMAT_TAR_USTAR, members);
    CLEANUP(store) struct store *store = open_docker(world, path, "", false);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(document) struct document found = DOCUMENT_INIT;
        if (cases[i].architecture == NULL) {
            CHECK_REFUSED(store_read_document(store, cases[i].version, &found, &err), err,
                          cases[i].kind, cases[i].complaint);
            continue;
        }
        CHECK(store_read_document(store, cases[i].version, &found, &err), err);
        check_architecture(store, &found, cases[i].architecture);
        CLEANUP(text) char *digest = xstrdup(digest_format(&found.descriptor.digest).text);
        CHECK(store_read_document(store, digest, &found, &err), err);
        check_architecture(store, &found, cases[i].architecture);
    }
    for (size_t i = 0; i < 3; i++)
        free(images[i].config);
}

static void members_of_a_table_are_read_in_any_case(void **state)
{
    static const struct {
        const char *table;
        const char *complaint; /* NULL: it is the image */
    } cases[] = {
        {"[{\"config\":\"a\",\"repoTags\":[\"app:1\"],\"layers\":[\"l\",\"l\"]}]", NULL},
        {"[{\"CONFIG\":\"a\",\"REPOTAGS\":[\"app:1\"],\"LAYERS\":[\"l\",\"l\"]}]", NULL},
        {"[{\"Config\":\"a\",\"RepoTag\xC5\xBF\":[\"app:1\"],\"Layer\xC5\xBF\":[\"l\",\"l\"]}]",
         NULL},
        {"[{\"Config\":\"b\",\"config\":\"a\",\"RepoTags\":[\"x\"],\"repotags\":[\"app:1\"],"
         "\"Layers\":[],\"Layers\":[\"l\",\"l\"]}]",
         NULL},
        {"[{\"Config\":\"a\",\"config\":null,\"RepoTags\":[\"app:1\"],\"layers\":[\"l\",\"l\"],"
         "\"Parent\":\"\\ud800\",\"x\":1e400}]",
         NULL},
        {"[{\"Config\":1.0}]", "manifest.json: an image without 'Config'"},
        {"[{\"Config\":\"a\",\"layers\":{}}]", "manifest.json: 'Layers' is not a list"},
        {"[{\"Config\":\"a\",\"Layers\":[\"l\"],\"layers\":[1.0]}]",
         "manifest.json: 'Layers' holds what is no text"},
        {"[{\"Config\":\"a\"", "manifest.json is not JSON, at line 1: it ends too early"},
    };
    const struct world *world = *state;
    struct image image;
    CLEANUP(text) char *path = tar_path(world);

    image_init(&image, "amd64");
    CLEANUP(text)
    char *config =
        xasprintf("{\"Architecture\":\"none\",\"architecture\":\"amd64\",\"os\":\"linux\","
                  "\"rootfs\":{\"type\":\"layers\"},\"RootFS\":{\"DIFF_IDS\":["
                  "\"sha256:%s\",\"sha256:%s\"]}}",
                  image.layer_hex.text, image.layer_hex.text);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct member members[] = {A_FILE("a", config), A_FILE("b", "{}"), A_FILE("l", LAYER),
                                         A_FILE("manifest.json", cases[i].table), THE_END};
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(document) struct document found = DOCUMENT_INIT;
        tar_make(path, ARCHIVE_FORMAT_TAR_USTAR, members);
        CLEANUP(store) struct store *store = open_docker(world, path, "", false);
        if (cases[i].complaint != NULL) {
            CHECK_REFUSED(store_read_document(store, NULL, &found, &err), err, ERROR_CORRUPT,
                          cases[i].complaint);
            continue;
        }
        CHECK(store_read_document(store, "docker.io/library/app:1", &found, &err), err);
        assert_int_equal(json_array_size(json_object_get(found.json, "layers")), 2);
        check_architecture(store, &found, "amd64");
    }
    free(image.config);
}

static void an_archive_that_is_none_or_lies_is_refused(void **state)
{
    static const struct {
        struct member members[5];
        const char *complaint;
    } cases[] = {
        {{THE_END}, "has no file 'manifest.json'"},
        {{A_FILE("oci-layout", "{}"), THE_END}, "; try 'oci-archive:"},
        {{A_FILE("repositories", "{}"), THE_END}, "Docker before 1.10"},
        {{A_FILE("manifest.json", "{}"), THE_END}, "is not a list of images"},
        {{A_FILE("manifest.json", "[{}]"), THE_END}, "an image without 'Config'"},
        {{A_FILE("manifest.json", "[{\"Config\":\"c\",\"RepoTags\":1}]"), THE_END},
         "'RepoTags' is not a list"},
        {{A_FILE("manifest.json", "[{\"Config\":\"c\",\"Layers\":[1]}]"), THE_END},
         "'Layers' holds what is no text"},
        {{A_FILE("manifest.json", "[{\"Config\":\"c\"}]"), THE_END}, "has no file 'c'"},
        {{A_FILE("manifest.json", "[{\"Config\":\"../c\"}]"), THE_END}, "leads out of it"},
        {{A_FILE("manifest.json", "[{\"Config\":\"c\"}]"), A_SYMLINK("c", "../../etc/passwd"),
          THE_END},
         "which leads out of it"},
        {{A_FILE("manifest.json", "[{\"Config\":\"" ZEROS ".json\"}]"), A_FILE(ZEROS ".json", "{}"),
          THE_END},
         "not that of its name"},
        {{A_FILE("manifest.json", "[{\"Config\":\"c\",\"Layers\":[\"l\"]}]"), A_FILE("c", "{}"),
          A_FILE("l", LAYER), THE_END},
         "manifest.json lists 1 layers, the config 0"},
        {{A_FILE("manifest.json", "[{\"Config\":\"c\",\"Layers\":[\"l\"]}]"),
          A_FILE("c", "{\"rootfs\":{\"diff_ids\":[\"sha256:" ZEROS "\"]}}"), THE_END},
         "has no file 'l'"},
        {{A_FILE("manifest.json", "[{\"Config\":\"c\",\"Layers\":[\"l\"]}]"),
          A_FILE("c", "{\"rootfs\":{\"diff_ids\":[\"sha256:12\"]}}"), A_FILE("l", LAYER), THE_END},
         "the diff_id of layer 1"},
    };
    const struct world *world = *state;
    CLEANUP(text) char *path = tar_path(world);

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(document) struct document found = DOCUMENT_INIT;
        tar_make(path, ARCHIVE_FORMAT_TAR_USTAR, cases[i].members);
        CLEANUP(store) struct store *store = open_docker(world, path, "", false);
        CHECK_REFUSED(store_read_document(store, NULL, &found, &err), err, ERROR_CORRUPT,
                      cases[i].complaint);
    }
}

static void a_layer_with_other_bytes_is_found_out_when_it_is_read(void **state)
{
    static const struct member members[] = {
        A_FILE("manifest.json", "[{\"Config\":\"c\",\"Layers\":[\"l\"]}]"),
        A_FILE("c", "{\"rootfs\":{\"diff_ids\":[\"sha256:" ZEROS "\"]}}"), A_FILE("l", LAYER),
        THE_END};
    const struct world *world = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *path = tar_path(world);
    CLEANUP(document) struct document found = DOCUMENT_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    struct descriptor layer = DESCRIPTOR_INIT;

    tar_make(path, ARCHIVE_FORMAT_TAR_USTAR, members);
    CLEANUP(store) struct store *store = open_docker(world, path, "", false);
    CHECK(store_read_document(store, NULL, &found, &err), err);
    CHECK(descriptor_from_json(json_array_get(json_object_get(found.json, "layers"), 0), &layer,
                               &err),
          err);
    CHECK_REFUSED(store_read_blob(store, &layer, &bytes, &err), err, ERROR_CORRUPT,
                  "has the digest");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(both_forms_are_read_as_the_same_image),
        WORLD_TEST(packed_layers_stay_packed),
        WORLD_TEST(a_packing_that_no_registry_takes_is_refused),
        WORLD_TEST(one_of_several_images_is_named),
        WORLD_TEST(members_of_a_table_are_read_in_any_case),
        WORLD_TEST(an_archive_that_is_none_or_lies_is_refused),
        WORLD_TEST(a_layer_with_other_bytes_is_found_out_when_it_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
