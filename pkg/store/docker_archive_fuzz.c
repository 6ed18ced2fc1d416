#include "store/docker_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever a manifest.json holds, its images have a config; and whatever an engine answers. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    struct docker_image *images = NULL;
    size_t count = 0;

    buf_add(&bytes, data, size);
    (void)!docker_load_check(&bytes, NULL, &err);
    if (docker_images_parse(&bytes, &images, &count, &err) < 0)
        return 0;
    for (size_t i = 0; i < count; i++)
        if (images[i].config == NULL)
            abort();
    docker_images_free(images, count);
    return 0;
}
