#ifndef INLAY_STORE_DOCKER_ARCHIVE_TEST_INTERNAL_H
#define INLAY_STORE_DOCKER_ARCHIVE_TEST_INTERNAL_H

#include "oci/media_type.h"
#include "store/archive_test_internal.h"

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define LAYER "the bytes of a layer, which are not looked into here"

/* An image whose two layers are both LAYER. */
struct image {
    char *config;
    struct digest_text config_hex;
    struct digest_text layer_hex;
};

static inline void image_init(struct image *image, const char *architecture)
{
    struct digest layer = digest_of(DIGEST_SHA256, LAYER, strlen(LAYER));

    image->layer_hex = digest_format_hex(&layer);
    image->config = xasprintf("{\"architecture\":\"%s\",\"os\":\"linux\",\"rootfs\":{\"type\":"
                              "\"layers\",\"diff_ids\":[\"sha256:%s\",\"sha256:%s\"]}}",
                              architecture, image->layer_hex.text, image->layer_hex.text);
    struct digest config = digest_of(DIGEST_SHA256, image->config, strlen(image->config));
    image->config_hex = digest_format_hex(&config);
}

/* A manifest.json of one image; the lists are JSON. */
static inline char *manifest_text(const char *config, const char *tags, const char *layers)
{
    return xasprintf("[{\"Config\":\"%s\",\"RepoTags\":[%s],\"Layers\":[%s]}]", config, tags,
                     layers);
}

static inline char *tar_path(const struct world *world)
{
    return xasprintf("%s/a.tar", world->folder);
}

static inline struct store *open_docker(const struct world *world, const char *path,
                                        const char *version, bool is_target)
{
    CLEANUP(text) char *text = xasprintf("docker-archive:%s%s", path, version);

    return is_target ? open_target_text(world, text) : open_text(world, text);
}

static inline void check_architecture(struct store *store, const struct document *manifest,
                                      const char *expected)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    json_auto_t *config = NULL;
    struct descriptor what;

    CHECK(document_config(manifest, &what, &err), err);
    CHECK(store_read_blob(store, &what, &bytes, &err), err);
    CHECK(json_from_buf(&bytes, "the config", &config, &err), err);
    assert_string_equal(json_string_value(json_object_get(config, "architecture")), expected);
}

#endif
