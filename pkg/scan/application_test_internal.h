#ifndef INLAY_SCAN_APPLICATION_TEST_INTERNAL_H
#define INLAY_SCAN_APPLICATION_TEST_INTERNAL_H

#include "scan/application.h"
#include "testing/folder.h"
#include "testing/tars.h"

#include <sys/stat.h>
#include <unistd.h>

/* What the tests of applications share: images of hand-made layers, and folders. */

/* An image of layers, bottom up, whose config has `members` beside the platform. */
static inline void put_layers(struct store *store, const char *members, const struct buf *tars,
                              size_t count)
{
    CLEANUP(buf) struct buf config = BUF_INIT;
    CLEANUP(buf) struct buf layers = BUF_INIT;
    CLEANUP(buf) struct buf manifest = BUF_INIT;

    buf_addf(&config, "{" PLAIN ",%s,\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[", members);
    for (size_t i = 0; i < count; i++) {
        struct descriptor layer = put_tar(store, &tars[i]);
        struct digest_text digest = digest_format(&layer.digest);
        buf_addf(&config, "%s\"%s\"", i > 0 ? "," : "", digest.text);
        buf_addf(&layers, "%s{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%llu}",
                 i > 0 ? "," : "", layer.media_type, digest.text, (unsigned long long)layer.size);
    }
    buf_add_text(&config, "]}}");
    struct descriptor blob = put_blob(store, buf_text(&config), MEDIA_TYPE_OCI_CONFIG);
    buf_addf(&manifest,
             "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_OCI_MANIFEST "\",\"config\":"
             "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%llu},\"layers\":[%s]}",
             blob.media_type, digest_format(&blob.digest).text, (unsigned long long)blob.size,
             buf_text(&layers));
    put_manifest(store, "image", buf_text(&manifest), MEDIA_TYPE_OCI_MANIFEST);
}

/* "file=N" a line, then "package kind name version". Caller frees. */
static inline char *application_format(const struct application *application)
{
    static const char *const kinds[] = {"python", "conda", "node"};
    CLEANUP(buf) struct buf text = BUF_INIT;

    for (size_t i = 0; i < application->file_count; i++)
        buf_addf(&text, "%s=%s\n", application->files[i].path, application->files[i].text);
    for (size_t i = 0; i < application->package_count; i++) {
        const struct application_package *package = &application->packages[i];
        buf_addf(&text, "%s %s %s\n", kinds[package->kind], package->name,
                 package->version != NULL ? package->version : "-");
    }
    for (size_t i = 0; i < application->skipped.count; i++)
        buf_addf(&text, "skipped %s\n", application->skipped.items[i]);
    buf_add(&text, "", 0);
    return xstrdup(buf_text(&text));
}

#endif
