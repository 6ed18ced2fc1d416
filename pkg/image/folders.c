#include "image/image_internal.h"

#include <string.h>

#define ID_MAX INT64_C(4294967294) /* the kernel's -1 is no id */
#define NS_PER_S 1000000000
#define TIME_LIMIT_S ((json_int_t)1 << 40)

/*
 * A folder in the record: [path, mode, uid, gid, seconds], and where there is more to say
 * {"ns": fraction, "xattrs": {name: value in hex}} behind it.
 */

static char *to_hex(const unsigned char *data, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    char *text = xcalloc(2 * size + 1, 1);

    for (size_t i = 0; i < size; i++) {
        text[2 * i] = digits[data[i] >> 4];
        text[2 * i + 1] = digits[data[i] & 15];
    }
    return text;
}

/* The bytes that a text of hex digits stands for; anything else counts as 0. */
static void *from_hex(const char *text, size_t *size)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char *data = xcalloc(strlen(text) / 2, 1);

    *size = strlen(text) / 2;
    for (size_t i = 0; i < 2 * *size; i++) {
        const char *at = strchr(digits, text[i]);
        unsigned value = at != NULL ? (unsigned)(at - digits) : 0;
        data[i / 2] = (unsigned char)(data[i / 2] << 4 | value);
    }
    return data;
}

static json_t *more_to_json(const struct image_folder *folder)
{
    json_t *more = json_object();
    json_t *xattrs = json_object();

    if (folder->time_ns > 0)
        json_object_set_new(more, "ns", json_integer(folder->time_ns));
    for (size_t i = 0; i < folder->xattr_count; i++) {
        CLEANUP(text) char *hex = to_hex(folder->xattrs[i].value, folder->xattrs[i].size);
        json_object_set_new(xattrs, folder->xattrs[i].name, json_string(hex));
    }
    if (folder->xattr_count > 0)
        json_object_set(more, "xattrs", xattrs);
    json_decref(xattrs);
    return more;
}

json_t *folders_to_json(const struct image_folder *folders, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++) {
        const struct image_folder *folder = &folders[i];
        json_auto_t *more = more_to_json(folder);
        json_t *item =
            json_pack("[s, I, I, I, I]", folder->path, (json_int_t)folder->mode,
                      (json_int_t)folder->uid, (json_int_t)folder->gid, (json_int_t)folder->time_s);
        if (json_object_size(more) > 0)
            json_array_append(item, more);
        json_array_append_new(list, item);
    }
    return list;
}

static void more_from_json(json_t *more, struct image_folder *out)
{
    json_t *xattrs = json_object_get(more, "xattrs");
    json_int_t ns = json_integer_value(json_object_get(more, "ns"));
    const char *name;
    json_t *value;

    if (ns > 0 && ns < NS_PER_S)
        out->time_ns = (uint32_t)ns;
    if (json_object_size(xattrs) == 0)
        return;
    out->xattrs = xcalloc(json_object_size(xattrs), sizeof(*out->xattrs));
    json_object_foreach(xattrs, name, value)
    {
        const char *hex = json_string_value(value);
        struct xattr *xattr = &out->xattrs[out->xattr_count++];
        xattr->name = xstrdup(name);
        xattr->value = from_hex(hex != NULL ? hex : "", &xattr->size);
    }
}

/* What no tar could say of a folder counts as not told. */
static bool is_sane(json_int_t mode, json_int_t uid, json_int_t gid, json_int_t time_s)
{
    return mode >= 0 && mode <= 07777 && uid >= 0 && uid <= ID_MAX && gid >= 0 && gid <= ID_MAX &&
           time_s >= -TIME_LIMIT_S && time_s <= TIME_LIMIT_S;
}

void image_own_folders(const struct image *image, struct image_folder **out, size_t *count)
{
    json_auto_t *record = folders_record(image);
    json_t *list = json_object_get(record, "folders");
    struct image_folder *folders = xcalloc(json_array_size(list), sizeof(*folders));
    size_t found = 0;
    size_t i;
    json_t *item;

    json_array_foreach(list, i, item)
    {
        struct image_folder *folder = &folders[found];
        const char *path;
        json_int_t mode, uid, gid, time;
        json_t *more = NULL;
        if (json_unpack(item, "[s, I, I, I, I]", &path, &mode, &uid, &gid, &time) < 0 ||
            !is_sane(mode, uid, gid, time))
            continue;
        more = json_array_get(item, 5);
        *folder = (struct image_folder){
            .path = xstrdup(path),
            .mode = (uint32_t)mode,
            .uid = (uint32_t)uid,
            .gid = (uint32_t)gid,
            .time_s = time,
        };
        more_from_json(more, folder);
        found++;
    }
    *out = folders;
    *count = found;
}

void image_folder_copy(const struct image_folder *from, struct image_folder *to)
{
    *to = *from;
    to->path = xstrdup(from->path);
    to->xattrs = xattrs_copy(from->xattrs, from->xattr_count);
}

void image_folder_release(struct image_folder *folder)
{
    free(folder->path);
    xattrs_free(folder->xattrs, folder->xattr_count);
    *folder = (struct image_folder){0};
}

void image_folders_free(struct image_folder *folders, size_t count)
{
    for (size_t i = 0; i < count; i++)
        image_folder_release(&folders[i]);
    free(folders);
}
