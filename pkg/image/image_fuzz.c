#include "image/image.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What inlay wrote about itself may come back as anything. */
static void ask(struct image *image)
{
    CLEANUP(image_base_facts) struct image_base_facts facts = {0};
    CLEANUP(strings) struct strings environment = STRINGS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct image_layer *layers = NULL;
    struct image_folder *folders = NULL;
    struct digest chain_id;
    size_t count = 0;

    image_own_layers(image, &layers, &count);
    image_layers_free(layers, count);
    image_own_folders(image, &folders, &count);
    image_folders_free(folders, count);
    image_own_base_facts(image, &facts);
    image_own_environment(image, &environment);
    image_chain_id(image, &chain_id);
    if (image_strip(image, &err) == 0)
        image_chain_id(image, &chain_id);
}

/* A manifest, and behind a NUL the config. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, 0, size) : NULL;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(buf) struct buf config = BUF_INIT;
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    CLEANUP(image) struct image *image = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct descriptor what = DESCRIPTOR_INIT;

    if (end == NULL)
        return 0;
    buf_add(&bytes, data, (size_t)(end - data));
    buf_add(&config, end + 1, size - (size_t)(end - data) - 1);
    what.digest = digest_of(DIGEST_SHA256, buf_text(&bytes), bytes.size);
    what.size = bytes.size;
    if (document_parse(&bytes, &what, &document, &err) == 0 && !document.is_index &&
        image_open(&document, &config, &image, &err) == 0)
        ask(image);
    return 0;
}
