#include "oci/media_type.h"

#include "core/text.h"

#include <string.h>

static bool is_one_of(const char *media_type, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(media_type, list[i]) == 0)
            return true;
    return false;
}

bool media_type_is_index(const char *media_type)
{
    static const char *const list[] = {MEDIA_TYPE_OCI_INDEX, MEDIA_TYPE_DOCKER_LIST};

    return is_one_of(media_type, list, ARRAY_SIZE(list));
}

bool media_type_is_manifest(const char *media_type)
{
    static const char *const list[] = {MEDIA_TYPE_OCI_MANIFEST, MEDIA_TYPE_DOCKER_MANIFEST};

    return is_one_of(media_type, list, ARRAY_SIZE(list));
}

bool media_type_is_image_config(const char *media_type)
{
    static const char *const list[] = {MEDIA_TYPE_OCI_CONFIG, MEDIA_TYPE_DOCKER_CONFIG};

    return is_one_of(media_type, list, ARRAY_SIZE(list));
}

bool media_type_is_foreign_layer(const char *media_type)
{
    return text_starts_with(media_type, "application/vnd.oci.image.layer.nondistributable.") ||
           text_starts_with(media_type, "application/vnd.docker.image.rootfs.foreign.");
}

bool media_type_is_docker(const char *media_type)
{
    return text_starts_with(media_type, "application/vnd.docker.");
}

const char *media_type_compression(const char *media_type)
{
    static const struct {
        const char *type, *compression;
    } types[] = {
        {"", ""},
        {MEDIA_TYPE_OCI_LAYER, ""},
        {MEDIA_TYPE_OCI_LAYER "+gzip", "gzip"},
        {MEDIA_TYPE_OCI_LAYER "+zstd", "zstd"},
        {MEDIA_TYPE_DOCKER_LAYER, ""},
        {MEDIA_TYPE_DOCKER_LAYER ".gzip", "gzip"},
        {MEDIA_TYPE_DOCKER_LAYER ".zstd", "zstd"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (strcmp(media_type, types[i].type) == 0)
            return types[i].compression;
    return NULL;
}

const char *media_type_of_layer(const char *media_type, bool docker)
{
    static const char *const docker_types[] = {
        MEDIA_TYPE_DOCKER_LAYER, MEDIA_TYPE_DOCKER_LAYER ".gzip", MEDIA_TYPE_DOCKER_LAYER ".zstd"};
    static const char *const oci_types[] = {MEDIA_TYPE_OCI_LAYER, MEDIA_TYPE_OCI_LAYER "+gzip",
                                            MEDIA_TYPE_OCI_LAYER "+zstd"};
    size_t compression = text_ends_with(media_type, "gzip") ? 1 : 0;

    if (text_ends_with(media_type, "zstd"))
        compression = 2;
    if (media_type[0] != '\0' && media_type_is_docker(media_type) == docker)
        return media_type;
    return docker ? docker_types[compression] : oci_types[compression];
}
