#ifndef INLAY_STORE_OCI_DIR_TEST_INTERNAL_H
#define INLAY_STORE_OCI_DIR_TEST_INTERNAL_H

#include "store/store_test_internal.h"

#include <sys/stat.h>

#define OTHER                                                                                      \
    "{\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"digest\":\"sha256:"              \
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\",\"size\":12,"              \
    "\"platform\":{\"os\":\"plan9\",\"architecture\":\"mips\"},\"extra\":[1.5],"                   \
    "\"annotations\":{\"org.opencontainers.image.ref.name\":\"other\",\"kept\":\"too\"}}"
#define UNTAGGED                                                                                   \
    "{\"mediaType\":\"a/b\",\"digest\":\"sha256:"                                                  \
    "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4f82b9807785afee48bb\",\"size\":1}"
#define LAYOUT_TEXT "{\"imageLayoutVersion\":\"1.0.0\"}"

/* A layout in a new folder; `path` is where it is, whether it is there or not. */
struct place {
    struct world world;
    char *path;
    struct store *store;
};

static inline int place_setup(void **state)
{
    struct place *place = xcalloc(1, sizeof(*place));

    world_init(&place->world);
    place->path = xasprintf("%s/layout", place->world.folder);
    CLEANUP(text) char *text = xasprintf("oci:%s", place->path);
    place->store = open_text(&place->world, text);
    *state = place;
    return 0;
}

static inline int place_teardown(void **state)
{
    struct place *place = *state;

    store_free(place->store);
    free(place->path);
    world_release(&place->world);
    free(place);
    return 0;
}

static inline void place_write(const struct place *place, const char *name, const char *text)
{
    CLEANUP(text) char *path = xasprintf("%s/%s", place->path, name);

    file_write(path, text);
}

static inline char *place_text(const struct place *place, const char *name)
{
    CLEANUP(text) char *path = xasprintf("%s/%s", place->path, name);

    return file_text(path);
}

/* A layout with this index.json, not made by the code under test. */
static inline void place_make_layout(const struct place *place, const char *index)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *blobs = xasprintf("%s/blobs/sha256", place->path);

    CHECK(file_make_folders(blobs, &err), err);
    place_write(place, "oci-layout", LAYOUT_TEXT);
    place_write(place, "index.json", index);
}

static inline void tag_image(struct store *store, const char *tag, const char *label,
                             struct descriptor *out)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf manifest = BUF_INIT;

    put_image(store, label, &manifest);
    *out = describe(&manifest);
    CHECK(store_write_manifest(store, tag, "application/vnd.oci.image.manifest.v1+json", &manifest,
                               &err),
          err);
}

static inline char *entry_text(const struct descriptor *image, const char *tag)
{
    return xasprintf("{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
                     "\"digest\":\"%s\",\"size\":%zu,"
                     "\"annotations\":{\"org.opencontainers.image.ref.name\":\"%s\"}}",
                     digest_format(&image->digest).text, (size_t)image->size, tag);
}

#define ALONE(test) cmocka_unit_test_setup_teardown(test, place_setup, place_teardown)

#endif
