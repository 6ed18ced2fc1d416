#ifndef INLAY_PLACEMENT_TEST_INTERNAL_H
#define INLAY_PLACEMENT_TEST_INTERNAL_H

/* What the tests of placement share: an image in memory, and a model made by hand. */

#include "placement/placement.h"
#include "testing/images.h"

#define COMMIT "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define APP PLAIN ",\"config\":{\"User\":\"1000:1000\",\"Env\":[\"HOME=/home/app\"%s]}"

/* An image of one empty layer, and what a call asks for. */
struct bench {
    struct store *store;
    struct document document;
    struct buf config;
    struct image *image;
    struct rootfs *rootfs;
    struct own_parts own;
    struct known_bases known;
    struct models models;
};

static inline void make_models(struct models *out)
{
    struct plan_file file = {.path = xstrdup("config.json"), .size = 8};

    file.digest = digest_of(DIGEST_SHA256, "{\"a\":1}\n", 8);
    out->items = xcalloc(1, sizeof(*out->items));
    out->count = 1;
    out->items[0].plan = (struct plan)PLAN_INIT;
    out->items[0].name = xstrdup("org/name");
    out->items[0].title = xstrdup("org/name@main");
    out->items[0].layout = layout_find("huggingface");
    out->items[0].plan.origin.name = xstrdup("org/name");
    out->items[0].plan.origin.revision = xstrdup("main");
    out->items[0].plan.pin = xstrdup(COMMIT);
    plan_add(&out->items[0].plan, &file);
    free(file.path);
}

static inline struct bench *bench_of(const char *members)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    struct bench *bench = xcalloc(1, sizeof(*bench));
    struct rootfs_layer *layers = NULL;
    size_t count = 0;

    bench->store = store_new_memory();
    put_image(bench->store, "base", members, 1);
    read_document(bench->store, "base", &bench->document);
    read_config(bench->store, "base", &bench->config);
    if (image_open(&bench->document, &bench->config, &bench->image, &err) < 0 ||
        rootfs_layers_of(bench->image, &layers, &count, &err) < 0)
        fail_msg("%s", err.text);
    struct rootfs_options options = {.store = bench->store, .layers = layers, .layer_count = count};
    if (rootfs_open(&options, &bench->rootfs, &err) < 0)
        fail_msg("%s", err.text);
    free(layers);
    make_models(&bench->models);
    return bench;
}

static inline void bench_free(struct bench *bench)
{
    models_release(&bench->models);
    known_bases_release(&bench->known);
    own_parts_release(&bench->own);
    rootfs_free(bench->rootfs);
    image_free(bench->image);
    buf_release(&bench->config);
    document_release(&bench->document);
    store_free(bench->store);
    free(bench);
}
CLEANUP_FREE(bench)

static inline struct placement_base base_of(const struct bench *bench)
{
    return (struct placement_base){.image = bench->image,
                                   .rootfs = bench->rootfs,
                                   .store = bench->store,
                                   .own = &bench->own,
                                   .known = &bench->known};
}

static inline bool has_warning(const struct notes *notes, const char *part)
{
    for (size_t i = 0; i < notes->count; i++)
        if (notes->items[i].level == LOG_WARN && strstr(notes->items[i].text, part) != NULL)
            return true;
    return false;
}

#endif
