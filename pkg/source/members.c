#include "source/unpack_internal.h"

#include <string.h>

#define HOPS_MAX 40 /* as the kernel follows links */

void members_release(struct members *members)
{
    for (size_t i = 0; i < members->count; i++) {
        free(members->items[i].path);
        free(members->items[i].target);
    }
    free(members->items);
    *members = (struct members){NULL, 0};
}

static int compare(const void *path, const void *member)
{
    return strcmp(path, ((const struct member *)member)->path);
}

const struct member *members_find(const struct members *members, const char *path)
{
    if (members->count == 0)
        return NULL;
    return bsearch(path, members->items, members->count, sizeof(*members->items), compare);
}

int members_follow(const struct members *members, const struct member *member,
                   const struct member **out, struct error *err)
{
    const struct member *at = member;

    for (unsigned hop = 0; at->target != NULL; hop++) {
        const struct member *next = members_find(members, at->target);
        if (next == NULL)
            return error_set(err, ERROR_UNSUPPORTED,
                             "the link '%s' leads to '%s', which is no file in the archive",
                             member->path, at->target);
        if (hop == HOPS_MAX)
            return error_set(err, ERROR_UNSUPPORTED, "the link '%s' leads to itself", member->path);
        at = next;
    }
    *out = at;
    return 0;
}

static int refuse(const char *path, const char *target, struct error *err)
{
    return error_set(err, ERROR_UNSUPPORTED, "the link '%s' leads to '%s', outside the archive",
                     path, target);
}

int member_resolve(const char *path, const char *target, char **out, struct error *err)
{
    const char *slash = strrchr(path, '/');
    CLEANUP(buf) struct buf real = BUF_INIT;

    if (target[0] == '/')
        return refuse(path, target, err);
    buf_add(&real, path, slash != NULL ? (size_t)(slash - path) : 0);
    for (const char *part = target; *part != '\0';) {
        size_t size = strcspn(part, "/");
        if (size == 2 && part[0] == '.' && part[1] == '.') {
            if (real.size == 0)
                return refuse(path, target, err);
            const char *last = strrchr(buf_text(&real), '/');
            real.size = last != NULL ? (size_t)(last - real.data) : 0;
            real.data[real.size] = '\0';
        } else if (size > 0 && !(size == 1 && part[0] == '.')) {
            buf_addf(&real, "%s%.*s", real.size > 0 ? "/" : "", (int)size, part);
        }
        part += size + (part[size] == '/');
    }
    *out = xstrdup(buf_text(&real));
    return 0;
}
