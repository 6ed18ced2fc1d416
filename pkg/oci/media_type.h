#ifndef INLAY_OCI_MEDIA_TYPE_H
#define INLAY_OCI_MEDIA_TYPE_H

#include "core/base.h"

/* Media types of image-spec (media-types.md) and of Docker's schema 2; all without parameters. */

#define MEDIA_TYPE_OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define MEDIA_TYPE_OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_TYPE_OCI_CONFIG "application/vnd.oci.image.config.v1+json"
#define MEDIA_TYPE_OCI_LAYER "application/vnd.oci.image.layer.v1.tar"
#define MEDIA_TYPE_OCI_EMPTY "application/vnd.oci.empty.v1+json"
#define MEDIA_TYPE_DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"
#define MEDIA_TYPE_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_TYPE_DOCKER_CONFIG "application/vnd.docker.container.image.v1+json"
#define MEDIA_TYPE_DOCKER_LAYER "application/vnd.docker.image.rootfs.diff.tar"

/* What to send as Accept when a manifest is asked for: all four, or some servers convert. */
#define MEDIA_TYPES_MANIFEST                                                                       \
    MEDIA_TYPE_OCI_INDEX ", " MEDIA_TYPE_OCI_MANIFEST ", " MEDIA_TYPE_DOCKER_LIST                  \
                         ", " MEDIA_TYPE_DOCKER_MANIFEST

bool media_type_is_index(const char *media_type);
bool media_type_is_manifest(const char *media_type);
bool media_type_is_image_config(const char *media_type);
/* A foreign or non-distributable layer: its blob is fetched from its `urls` and never uploaded. */
bool media_type_is_foreign_layer(const char *media_type);
/*
 * The media type of a layer in the family of the manifest that it goes into: that of a plain tar
 * for "", else `media_type` itself or, with the same compression, its counterpart.
 */
const char *media_type_of_layer(const char *media_type, bool docker);
/*
 * What a layer of this type is compressed with: "" of a plain tar, and for ""; "gzip", "zstd"; NULL
 * of any other type, that of a foreign layer included.
 */
const char *media_type_compression(const char *media_type);
/* Belongs to Docker's schema 2. */
bool media_type_is_docker(const char *media_type);

#endif
