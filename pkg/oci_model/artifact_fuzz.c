#include "oci_model/oci_model_internal.h"

#include "oci/media_type.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct descriptor what = {.media_type = MEDIA_TYPE_OCI_MANIFEST, .size = size};
    CLEANUP(document) struct document manifest = DOCUMENT_INIT;
    CLEANUP(artifact) struct artifact artifact = ARTIFACT_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;

    buf_add(&bytes, data, size);
    if (document_parse(&bytes, &what, &manifest, &err) < 0 || manifest.is_index ||
        artifact_from_manifest(&manifest, &artifact, &err) < 0)
        return 0;
    for (size_t i = 0; i < artifact.files.count; i++)
        if (artifact.files.items[i].path[0] == '\0' ||
            artifact.files.items[i].content.sha256.algorithm != DIGEST_SHA256)
            abort();
    return 0;
}
