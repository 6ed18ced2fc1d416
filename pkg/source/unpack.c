#include "source/unpack_internal.h"

#include <string.h>

#define PART_SIZE ((size_t)(256 * KIB))

void unpacking_release(struct unpacking *unpacking)
{
    reader_free(unpacking->content);
    hasher_free(unpacking->hasher);
    members_release(&unpacking->members);
}

/* Of the archive, from wherever the parser wants to read on. */
static int read_archive(void *arg, const struct sandbox_range *range, struct buf *out,
                        struct error *err)
{
    struct unpacking *unpacking = arg;
    const struct unpack_request *request = unpacking->request;
    const struct source_range rest = {range->offset, SIZE_UNKNOWN, request->cancel};
    char part[PART_SIZE];
    size_t before = out->size;
    ssize_t size = 1;

    if (range->offset > request->plan->files[0].size)
        return error_set(err, ERROR_CORRUPT, "it is read beyond its end");
    if (range->offset != unpacking->offset)
        reader_free(TAKE(unpacking->content));
    if (unpacking->content == NULL &&
        request->source->ops->open(request->source, request->plan, &request->plan->files[0], &rest,
                                   &unpacking->content, err) < 0)
        return -1;
    unpacking->offset = range->offset;
    while (size > 0 && out->size - before < range->size) {
        size_t left = range->size - (out->size - before);
        if (cancel_check(request->cancel, err) < 0)
            return -1;
        size =
            reader_read(unpacking->content, part, left < sizeof(part) ? left : sizeof(part), err);
        if (size < 0)
            return -1;
        buf_add(out, part, (size_t)size);
        unpacking->offset += (uint64_t)size;
    }
    return 0;
}

/* Another member's bytes, or those that are to come of it. */
static int check_size(const struct unpacking *unpacking, const char *path, uint64_t more,
                      struct error *err)
{
    const struct unpack_limits *limits = &unpacking->request->limits;
    uint64_t size = unpacking->request->plan->files[0].size;
    uint64_t total = 0;

    if (!u64_add(unpacking->made, more, &total) || total > limits->size)
        return error_set(err, ERROR_UNSUPPORTED,
                         "with '%s' it unpacks to more than %s, and is not read on", path,
                         text_format_size(limits->size).text);
    if (total > limits->free && total / limits->ratio > size)
        return error_set(err, ERROR_UNSUPPORTED,
                         "with '%s' it unpacks to more than %" PRIu64 " times its size of %" PRIu64
                         " bytes, and is not read on",
                         path, limits->ratio, size);
    return 0;
}

static struct member *last_member(struct unpacking *unpacking)
{
    return &unpacking->members.items[unpacking->members.count - 1];
}

static int refuse_size(const struct unpacking *unpacking, const struct member *member,
                       struct error *err)
{
    return error_set(err, ERROR_CORRUPT, "'%s' has %" PRIu64 " bytes%s, expected %" PRIu64,
                     member->path, unpacking->passed,
                     unpacking->passed > member->size ? " or more" : "", member->size);
}

/* Nothing more comes of the last member. */
static int finish_content(struct unpacking *unpacking, struct error *err)
{
    if (unpacking->hasher == NULL)
        return 0;
    struct member *member = last_member(unpacking);
    if (unpacking->passed != member->size)
        return refuse_size(unpacking, member, err);
    member->digest = hasher_finish(unpacking->hasher);
    hasher_free(TAKE(unpacking->hasher));
    unpacking->made += unpacking->passed;
    return 0;
}

/* Appends to the file that is unpacked into. */
static int take_content(void *arg, const void *data, size_t size, struct error *err)
{
    struct unpacking *unpacking = arg;

    if (unpacking->hasher == NULL)
        return error_set(err, ERROR_CORRUPT, "content comes that is of no file");
    const struct member *member = last_member(unpacking);
    unpacking->passed += size;
    if (unpacking->passed > member->size)
        return refuse_size(unpacking, member, err);
    hasher_add(unpacking->hasher, data, size);
    return temporary_write(unpacking->request->to, data, size, err) < 0
               ? -1
               : cancel_check(unpacking->request->cancel, err);
}

static int add_file(struct unpacking *unpacking, uint64_t size, struct member *member,
                    struct error *err)
{
    const char *only = unpacking->request->only;

    if (size > INT64_MAX)
        return error_set(err, ERROR_CORRUPT, "'%s' does not say its size", member->path);
    member->size = size;
    if (!archive_is_wanted(only, member->path))
        return 0;
    if (check_size(unpacking, member->path, size, err) < 0)
        return -1;
    member->offset = unpacking->made;
    bool has_sha256 = size >= LFS_SIZE || only != NULL;
    unpacking->hasher = hasher_new(has_sha256 ? DIGEST_SHA256 : DIGEST_GIT_SHA1, size);
    unpacking->passed = 0;
    return 0;
}

/* What is neither a file nor a link nor a folder. */
static int refuse_special(const char *path, struct error *err)
{
    return error_set(err, ERROR_UNSUPPORTED,
                     "'%s' is a device, pipe or the like, expected files, folders, and links to "
                     "files in it",
                     path);
}

/* Fills `member` by what it is. */
static int fill_member(struct unpacking *unpacking, const struct archive_member *found,
                       struct member *member, struct error *err)
{
    switch (found->kind) {
    case ARCHIVE_FILE:
        return add_file(unpacking, found->size, member, err);
    case ARCHIVE_LINK:
        return member_resolve(member->path, found->target, &member->target, err);
    case ARCHIVE_HARD_LINK:
        return member_resolve("", archive_skip_dots(found->target), &member->target, err) == 0
                   ? 0
                   : error_wrap(err, "the hard link '%s'", member->path);
    case ARCHIVE_FOLDER:
    case ARCHIVE_SPECIAL:
        break;
    }
    return refuse_special(member->path, err);
}

static int take_member(void *arg, const struct archive_member *found, struct error *err)
{
    struct unpacking *unpacking = arg;
    bool is_folder = found->kind == ARCHIVE_FOLDER;

    if (finish_content(unpacking, err) < 0)
        return -1;
    if (++unpacking->headers > unpacking->request->limits.count)
        return error_set(err, ERROR_UNSUPPORTED, "it has more than %zu members",
                         unpacking->request->limits.count);
    if (found->name == NULL)
        return error_set(err, ERROR_CORRUPT, "it has a file whose name cannot be read");
    CLEANUP(text) char *path = xstrdup(archive_skip_dots(found->name));
    size_t size = strlen(path);
    if (is_folder && size > 1 && path[size - 1] == '/')
        path[--size] = '\0';
    if (is_folder && (size == 0 || strcmp(path, ".") == 0))
        return 0; /* the archive's own root */
    if (plan_check_path(path, err) < 0)
        return -1;
    if (is_folder)
        return 0;
    struct members *members = &unpacking->members;
    members->items = xrealloc(members->items, members->count + 1, sizeof(*members->items));
    struct member *member = &members->items[members->count++];
    *member = (struct member){.path = TAKE(path)};
    return fill_member(unpacking, found, member, err);
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct member *)a)->path, ((const struct member *)b)->path);
}

/* Of two with one name tools take the first or the last, so neither is. */
static int sort(struct members *members, struct error *err)
{
    if (members->count > 0)
        qsort(members->items, members->count, sizeof(*members->items), compare);
    for (size_t i = 1; i < members->count; i++)
        if (strcmp(members->items[i - 1].path, members->items[i].path) == 0)
            return error_set(err, ERROR_CORRUPT, "path '%s' is there twice",
                             members->items[i].path);
    return 0;
}

struct archive_sink unpacking_sink(struct unpacking *unpacking)
{
    return (struct archive_sink){take_member, take_content, unpacking};
}

int unpacking_finish(struct unpacking *unpacking, struct members *out, struct error *err)
{
    if (finish_content(unpacking, err) < 0 || sort(&unpacking->members, err) < 0)
        return -1;
    *out = unpacking->members;
    unpacking->members = (struct members){NULL, 0};
    return 0;
}

int unpack_archive(const struct unpack_request *request, struct members *out, bool *is_archive,
                   struct error *err)
{
    CLEANUP(unpacking) struct unpacking unpacking = {.request = request};
    const struct archive_sink sink = unpacking_sink(&unpacking);
    const struct archive_input in = {
        .bytes = {read_archive, &unpacking},
        .size = request->plan->files[0].size,
        .only = request->only,
    };

    if (archive_parse_apart(request->sandbox, request->cancel, &in, &sink, is_archive, err) < 0)
        return -1;
    return *is_archive ? unpacking_finish(&unpacking, out, err) : 0;
}
