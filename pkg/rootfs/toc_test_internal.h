#ifndef INLAY_ROOTFS_TOC_TEST_INTERNAL_H
#define INLAY_ROOTFS_TOC_TEST_INTERNAL_H

#include "rootfs/memo_test_internal.h"
#include "rootfs/rootfs_test_internal.h"
#include "rootfs/toc_internal.h"

/*
 * A layer's blob with a table of contents, written as the formats say it: the tar cut into gzip
 * members or zstd frames, so that files begin with one, and the table at the end.
 */
struct maker {
    enum toc_format format;
    bool is_legacy;     /* eStargz: with the footer of 47 bytes */
    const char *lie;    /* in the table, in place of the digests of contents; NULL: none */
    struct buf tar;     /* all of it */
    struct buf pending; /* of the tar, not yet in the blob */
    struct buf blob;
    struct buf json;
    char *digest;   /* of the table */
    char *position; /* TOC_CHUNKED */
};

static inline void maker_flush(struct maker *maker)
{
    if (maker->pending.size > 0)
        packed(&maker->pending, maker->format == TOC_STARGZ ? "gzip" : "zstd", &maker->blob);
    buf_clear(&maker->pending);
}

static inline void maker_add_tar(struct maker *maker, const void *data, size_t size)
{
    buf_add(&maker->tar, data, size);
    buf_add(&maker->pending, data, size);
}

static inline const char *type_name(char type)
{
    static const char *const names[] = {"reg",   "hardlink", "symlink", "char",
                                        "block", "dir",      "fifo"};

    return names[type == '\0' ? 0 : type - '0'];
}

/* Two chunks, where there are two bytes. */
static inline void maker_add_data(struct maker *maker, const struct item *item)
{
    size_t half = item->size / 2;
    CLEANUP(buf) struct buf pad = BUF_INIT;
    struct digest digest = digest_of(DIGEST_SHA256, item->data, item->size);

    maker_flush(maker);
    buf_addf(&maker->json, ",\"offset\":%zu,\"digest\":\"%s\"", maker->blob.size,
             maker->lie != NULL ? maker->lie : digest_format(&digest).text);
    if (half > 0)
        buf_addf(&maker->json, ",\"chunkSize\":%zu", half);
    maker_add_tar(maker, item->data, half);
    maker_flush(maker);
    size_t second = maker->blob.size;
    maker_add_tar(maker, item->data + half, item->size - half);
    if (maker->format == TOC_CHUNKED) {
        maker_flush(maker);
        buf_addf(&maker->json, ",\"endOffset\":%zu", maker->blob.size);
    }
    if (half > 0)
        buf_addf(&maker->json,
                 "},{\"name\":\"%s\",\"type\":\"chunk\",\"offset\":%zu,\"chunkOffset\":%zu",
                 item->name, second, half);
    buf_add(&pad, maker->tar.data, maker->tar.size);
    tar_pad(&pad);
    maker_add_tar(maker, pad.data + maker->tar.size, pad.size - maker->tar.size);
}

/* `more` are further members of the entry in the table: ",\"xattrs\":{}"; NULL: none. */
static inline void maker_add(struct maker *maker, const struct item *item, const char *more)
{
    struct item head = *item;
    CLEANUP(buf) struct buf header = BUF_INIT;
    char type = item->type != '\0' ? item->type : '0';
    unsigned mode = item->mode != 0 ? item->mode : type == '5' ? 0755 : 0644;
    bool has_data = item->data != NULL && item->size > 0;

    head.data = NULL;
    tar_add(&header, &head);
    if (has_data) { /* once more, with the size */
        head.type = type;
        head.mode = mode;
        buf_clear(&header);
        tar_add_header(&header, &head, item->size);
    }
    maker_add_tar(maker, header.data, header.size);
    buf_addf(&maker->json, "%s{\"name\":\"%s\",\"type\":\"%s\",\"mode\":%u",
             maker->json.size > 0 ? ",\n\t" : "", item->name, type_name(type), mode);
    if (item->uid != 0 || item->gid != 0)
        buf_addf(&maker->json, ",\"uid\":%lu,\"gid\":%lu", item->uid, item->gid);
    if (item->target != NULL)
        buf_addf(&maker->json, ",\"linkName\":\"%s\"", item->target);
    buf_addf(&maker->json, "%s", more != NULL ? more : "");
    if (item->data != NULL)
        buf_addf(&maker->json, ",\"size\":%zu", item->size);
    if (has_data)
        maker_add_data(maker, item);
    buf_add_text(&maker->json, "}");
}

/* Bytes that do not pack, so that the blob is worth a table. */
static inline void maker_add_bulk(struct maker *maker)
{
    CLEANUP(buf) struct buf bulk = BUF_INIT;
    uint64_t seed = 1;

    while (bulk.size < 400000) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const unsigned char byte = (unsigned char)(seed >> 56);
        buf_add(&bulk, &byte, 1);
    }
    maker_add(maker, &(struct item){.name = "bulk", .data = bulk.data, .size = bulk.size}, NULL);
}

static inline void maker_end_stargz(struct maker *maker, const struct buf *json)
{
    const struct item table = {.name = "stargz.index.json", .type = '0'};
    CLEANUP(buf) struct buf member = BUF_INIT;
    struct digest digest = digest_of(DIGEST_SHA256, json->data, json->size);

    maker_flush(maker);
    size_t offset = maker->blob.size;
    tar_add_header(&member, &table, json->size);
    buf_add(&member, json->data, json->size);
    tar_pad(&member);
    tar_end(&member);
    maker_add_tar(maker, member.data, member.size);
    maker_flush(maker);
    buf_add(&maker->blob, "\x1f\x8b\x08\x04\0\0\0\0\0\xff", 10);
    if (maker->is_legacy)
        buf_add(&maker->blob, "\x16\0", 2);
    else
        buf_add(&maker->blob, "\x1a\0SG\x16\0", 6);
    buf_addf(&maker->blob, "%016zxSTARGZ", offset);
    buf_add(&maker->blob, "\x01\0\0\xff\xff\0\0\0\0\0\0\0\0", 13);
    maker->digest = xstrdup(digest_format(&digest).text);
}

static inline void maker_end_chunked(struct maker *maker, const struct buf *json)
{
    CLEANUP(buf) struct buf frame = BUF_INIT;
    CLEANUP(buf) struct buf end = BUF_INIT;

    tar_end(&end);
    maker_add_tar(maker, end.data, end.size);
    maker_flush(maker);
    packed(json, "zstd", &frame);
    const unsigned char head[] = {0x50,
                                  0x2a,
                                  0x4d,
                                  0x18,
                                  (unsigned char)frame.size,
                                  (unsigned char)(frame.size >> 8),
                                  (unsigned char)(frame.size >> 16),
                                  0};
    buf_add(&maker->blob, head, sizeof(head));
    maker->position = xasprintf("%zu:%zu:%zu:1", maker->blob.size, frame.size, json->size);
    buf_add(&maker->blob, frame.data, frame.size);
    struct digest digest = digest_of(DIGEST_SHA256, frame.data, frame.size);
    maker->digest = xstrdup(digest_format(&digest).text);
}

/* Completes the blob and adds it to the image, on top; the annotations belong to `maker`. */
static inline struct rootfs_layer *maker_end(struct maker *maker, struct image *image)
{
    CLEANUP(buf) struct buf json = BUF_INIT;

    buf_addf(&json, "{\n\t\"version\": 1,\n\t\"entries\": [%s]\n}", buf_text(&maker->json));
    if (maker->format == TOC_STARGZ)
        maker_end_stargz(maker, &json);
    else
        maker_end_chunked(maker, &json);
    struct digest diff_id = digest_of(DIGEST_SHA256, maker->tar.data, maker->tar.size);
    struct rootfs_layer *layer = image_add_bytes(image, &maker->blob, &diff_id);
    if (maker->format == TOC_STARGZ)
        layer->stargz_toc = maker->digest;
    else
        layer->chunked_checksum = maker->digest;
    layer->chunked_position = maker->position;
    return layer;
}

static inline void maker_release(struct maker *maker)
{
    buf_release(&maker->tar);
    buf_release(&maker->pending);
    buf_release(&maker->blob);
    buf_release(&maker->json);
    free(TAKE(maker->digest));
    free(TAKE(maker->position));
}
CLEANUP_RELEASE(maker)

#endif
