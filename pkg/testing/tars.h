#ifndef INLAY_TESTING_TARS_H
#define INLAY_TESTING_TARS_H

/* Tars written by hand: not by the library that is to read them. */

#include "testing/images.h"

/* One entry of a layer. */
struct item {
    const char *path;
    char type; /* '0' file, '1' hard link, '2' link, '5' folder, '6' fifo */
    unsigned mode;
    unsigned id;      /* uid and gid */
    const char *data; /* content, or the target of a link */
};

/* Fills a field of a header: octal digits with zeros in front, and a closing 0 byte. */
static inline void tar_number(char *field, size_t width, uint64_t value)
{
    for (size_t i = width - 1; i > 0; i--, value /= 8)
        field[i - 1] = (char)('0' + value % 8);
    assert_int_equal(value, 0);
}

static inline void tar_header(struct buf *tar, const struct item *item, size_t size)
{
    char header[512] = {0};
    unsigned sum = 0;
    bool is_link = item->type == '1' || item->type == '2';

    assert_in_range(strlen(item->path), 1, 250);
    /* ustar divides a long name at a slash */
    const char *name = item->path;
    if (strlen(name) > 100) {
        name = strchr(item->path + strlen(item->path) - 100, '/') + 1;
        memcpy(header + 345, item->path, (size_t)(name - item->path) - 1);
    }
    memcpy(header, name, strlen(name));
    tar_number(header + 100, 8, item->mode);
    tar_number(header + 108, 8, item->id);
    tar_number(header + 116, 8, item->id);
    tar_number(header + 124, 12, is_link ? 0 : size);
    tar_number(header + 136, 12, 0);
    header[156] = item->type;
    if (is_link)
        memcpy(header + 157, item->data, strlen(item->data));
    memcpy(header + 257,
           "ustar\0"
           "00",
           8);
    memset(header + 148, ' ', 8);
    for (size_t i = 0; i < sizeof(header); i++)
        sum += (unsigned char)header[i];
    tar_number(header + 148, 7, sum);
    buf_add(tar, header, sizeof(header));
}

static inline void tar_item(struct buf *tar, const struct item *item)
{
    static const char zeros[512];
    size_t size = item->type == '0' && item->data != NULL ? strlen(item->data) : 0;

    tar_header(tar, item, size);
    buf_add(tar, item->data, size);
    if (size % sizeof(zeros) > 0)
        buf_add(tar, zeros, sizeof(zeros) - size % sizeof(zeros));
}

static inline void tar_items(struct buf *tar, const struct item *items, size_t count)
{
    static const char zeros[1024];

    for (size_t i = 0; i < count && items[i].path != NULL; i++)
        tar_item(tar, &items[i]);
    buf_add(tar, zeros, sizeof(zeros));
}

static inline struct descriptor put_tar(struct store *store, const struct buf *tar)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    struct descriptor blob = {.media_type = MEDIA_TYPE_OCI_LAYER};

    if (store_write_blob(store, tar, &blob, &err) < 0)
        fail_msg("%s", err.text);
    return blob;
}

#endif
