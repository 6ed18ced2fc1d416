#include "source/source_internal.h"

#include "core/file.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <string.h>

#define PART_SIZE ((size_t)(256 * KIB))

/* An archive that is being unpacked. */
struct unpacking {
    const struct unpack_request *request;
    struct archive *archive;
    struct reader *content; /* NULL: to be opened at `offset` */
    uint64_t offset;
    struct error *err; /* what the source said, since the callback can only say that it did */
    bool is_broken;
    struct members members;
    size_t headers;
    uint64_t made; /* bytes of contents so far */
    locale_t locale;
    locale_t before;
    char in[PART_SIZE];
    char out[PART_SIZE];
};

static void unpacking_free(struct unpacking *unpacking)
{
    if (unpacking == NULL)
        return;
    archive_read_free(unpacking->archive);
    reader_free(unpacking->content);
    members_release(&unpacking->members);
    if (unpacking->locale != (locale_t)0) {
        uselocale(unpacking->before);
        freelocale(unpacking->locale);
    }
    free(unpacking);
}
CLEANUP_FREE(unpacking)

static int pull(struct unpacking *unpacking, ssize_t *size, struct error *err)
{
    const struct unpack_request *request = unpacking->request;
    struct source *source = request->source;
    const struct source_range rest = {unpacking->offset, SIZE_UNKNOWN, request->cancel};

    if (cancel_check(request->cancel, err) < 0)
        return -1;
    if (unpacking->content == NULL &&
        source->ops->open(source, request->plan, &request->plan->files[0], &rest,
                          &unpacking->content, err) < 0)
        return -1;
    *size = reader_read(unpacking->content, unpacking->in, sizeof(unpacking->in), err);
    if (*size > 0)
        unpacking->offset += (uint64_t)*size;
    return *size < 0 ? -1 : 0;
}

static la_ssize_t give(struct archive *archive, void *arg, const void **data)
{
    struct unpacking *unpacking = arg;
    ssize_t size = 0;

    if (pull(unpacking, &size, unpacking->err) < 0) {
        unpacking->is_broken = true;
        archive_set_error(archive, EIO, "see the source");
        return ARCHIVE_FATAL;
    }
    *data = unpacking->in;
    return size;
}

static la_int64_t seek_to(struct unpacking *unpacking, uint64_t offset)
{
    if (offset != unpacking->offset)
        reader_free(TAKE(unpacking->content));
    unpacking->offset = offset;
    return (la_int64_t)offset;
}

static la_int64_t seek(struct archive *archive, void *arg, la_int64_t offset, int whence)
{
    struct unpacking *unpacking = arg;
    la_int64_t size = (la_int64_t)unpacking->request->plan->files[0].size;
    la_int64_t from = whence == SEEK_SET   ? 0
                      : whence == SEEK_END ? size
                                           : (la_int64_t)unpacking->offset;
    la_int64_t to = 0;

    (void)archive;
    if (__builtin_add_overflow(from, offset, &to) || to < 0 || to > size)
        return ARCHIVE_FATAL;
    return seek_to(unpacking, (uint64_t)to);
}

/* libarchive's own words, unless the source has said what happened. */
static int refuse(const struct unpacking *unpacking, struct error *err)
{
    const char *words = archive_error_string(unpacking->archive);

    if (unpacking->is_broken)
        return -1;
    return error_set(err, ERROR_CORRUPT, "it cannot be unpacked: %s",
                     words != NULL ? words : "libarchive gives no reason");
}

static int support(struct archive *archive, bool is_zip)
{
    if (is_zip)
        return archive_read_support_format_zip_seekable(archive);
    return archive_read_support_format_tar(archive) == ARCHIVE_OK &&
                   archive_read_support_filter_gzip(archive) == ARCHIVE_OK &&
                   archive_read_support_filter_bzip2(archive) == ARCHIVE_OK &&
                   archive_read_support_filter_xz(archive) == ARCHIVE_OK &&
                   archive_read_support_filter_zstd(archive) == ARCHIVE_OK
               ? ARCHIVE_OK
               : ARCHIVE_FATAL;
}

/*
 * In "C" libarchive hands names of a tar on as they are; those of a zip it has to take for UTF-8,
 * as they say of themselves.
 */
static int choose_locale(struct unpacking *unpacking, bool is_zip, struct error *err)
{
    const char *name = is_zip ? "C.UTF-8" : "C";

    unpacking->locale = newlocale(LC_CTYPE_MASK, name, (locale_t)0);
    if (unpacking->locale == (locale_t)0 && file_descriptors_run_out())
        return file_refuse_descriptors("unpack an archive", err);
    if (unpacking->locale == (locale_t)0)
        return error_set(err, ERROR_LOCAL,
                         "the locale %s cannot be had: this machine has none, or no memory for it",
                         name);
    unpacking->before = uselocale(unpacking->locale);
    return 0;
}

/* "PK", and a file or, of an empty one, the end (APPNOTE.TXT, 4.3.7 and 4.3.16). */
static int look(struct unpacking *unpacking, bool *is_zip, struct error *err)
{
    ssize_t size = 0;

    if (pull(unpacking, &size, err) < 0)
        return -1;
    *is_zip = size >= 4 &&
              (memcmp(unpacking->in, "PK\3\4", 4) == 0 || memcmp(unpacking->in, "PK\5\6", 4) == 0);
    seek_to(unpacking, 0);
    return 0;
}

static int start(struct unpacking *unpacking, bool *is_archive, struct error *err)
{
    bool is_zip = false;

    if (look(unpacking, &is_zip, err) < 0 || choose_locale(unpacking, is_zip, err) < 0)
        return -1;
    unpacking->archive = archive_read_new();
    if (unpacking->archive == NULL)
        out_of_memory();
    if (unpacking->archive == NULL || support(unpacking->archive, is_zip) != ARCHIVE_OK)
        return error_set(err, ERROR_INTERNAL, "libarchive does not unpack what it should");
    archive_read_set_read_callback(unpacking->archive, give);
    archive_read_set_seek_callback(unpacking->archive, seek);
    archive_read_set_callback_data(unpacking->archive, unpacking);
    *is_archive = archive_read_open1(unpacking->archive) == ARCHIVE_OK;
    if (!*is_archive && is_zip)
        return refuse(unpacking, err);
    return unpacking->is_broken ? -1 : 0;
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

/* Appends the content to the file that is unpacked into. */
static int take_content(struct unpacking *unpacking, struct member *member, struct error *err)
{
    bool has_sha256 = member->size >= LFS_SIZE || unpacking->request->only != NULL;
    CLEANUP(hasher)
    struct hasher *hasher = hasher_new(has_sha256 ? DIGEST_SHA256 : DIGEST_GIT_SHA1, member->size);
    uint64_t passed = 0;
    la_ssize_t got;

    member->offset = unpacking->made;
    while ((got = archive_read_data(unpacking->archive, unpacking->out, sizeof(unpacking->out))) >
           0) {
        passed += (uint64_t)got;
        if (passed > member->size)
            break;
        hasher_add(hasher, unpacking->out, (size_t)got);
        if (temporary_write(unpacking->request->to, unpacking->out, (size_t)got, err) < 0 ||
            cancel_check(unpacking->request->cancel, err) < 0)
            return -1;
    }
    if (got < 0)
        return refuse(unpacking, err);
    if (passed != member->size)
        return error_set(err, ERROR_CORRUPT, "'%s' has %" PRIu64 " bytes%s, expected %" PRIu64,
                         member->path, passed, got > 0 ? " or more" : "", member->size);
    member->digest = hasher_finish(hasher);
    unpacking->made += passed;
    return 0;
}

static int add_file(struct unpacking *unpacking, struct archive_entry *entry, struct member *member,
                    struct error *err)
{
    const char *only = unpacking->request->only;

    if (!archive_entry_size_is_set(entry) || archive_entry_size(entry) < 0)
        return error_set(err, ERROR_CORRUPT, "'%s' does not say its size", member->path);
    member->size = (uint64_t)archive_entry_size(entry);
    if (only != NULL && strcmp(only, member->path) != 0)
        return 0;
    if (check_size(unpacking, member->path, member->size, err) < 0)
        return -1;
    return take_content(unpacking, member, err);
}

static const char *skip_dots(const char *name)
{
    while (name[0] == '.' && name[1] == '/')
        for (name += 2; *name == '/'; name++)
            continue;
    return name;
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
static int take_member(struct unpacking *unpacking, struct archive_entry *entry,
                       struct member *member, struct error *err)
{
    const char *hard_link = archive_entry_hardlink(entry);
    const char *target = archive_entry_symlink(entry);

    if (hard_link != NULL)
        return member_resolve("", skip_dots(hard_link), &member->target, err) == 0
                   ? 0
                   : error_wrap(err, "the hard link '%s'", member->path);
    if (archive_entry_filetype(entry) == AE_IFLNK && target != NULL)
        return member_resolve(member->path, target, &member->target, err);
    if (archive_entry_filetype(entry) == AE_IFREG)
        return add_file(unpacking, entry, member, err);
    return refuse_special(member->path, err);
}

static int add_entry(struct unpacking *unpacking, struct archive_entry *entry, struct error *err)
{
    const char *name = archive_entry_pathname(entry);
    bool is_folder =
        archive_entry_filetype(entry) == AE_IFDIR && archive_entry_hardlink(entry) == NULL;

    if (++unpacking->headers > unpacking->request->limits.count)
        return error_set(err, ERROR_UNSUPPORTED, "it has more than %zu members",
                         unpacking->request->limits.count);
    if (name == NULL)
        return error_set(err, ERROR_CORRUPT, "it has a file whose name cannot be read");
    CLEANUP(text) char *path = xstrdup(skip_dots(name));
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
    return take_member(unpacking, entry, member, err);
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

static int read_entries(struct unpacking *unpacking, struct error *err)
{
    for (;;) {
        struct archive_entry *entry = NULL;
        int status = archive_read_next_header(unpacking->archive, &entry);
        if (status == ARCHIVE_EOF)
            return 0;
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
            return refuse(unpacking, err);
        if (add_entry(unpacking, entry, err) < 0)
            return -1;
    }
}

int unpack_archive(const struct unpack_request *request, struct members *out, bool *is_archive,
                   struct error *err)
{
    CLEANUP(unpacking) struct unpacking *unpacking = xcalloc(1, sizeof(*unpacking));

    unpacking->request = request;
    unpacking->err = err;
    if (start(unpacking, is_archive, err) < 0)
        return -1;
    if (!*is_archive)
        return 0;
    if (read_entries(unpacking, err) < 0 || sort(&unpacking->members, err) < 0)
        return -1;
    *out = unpacking->members;
    unpacking->members = (struct members){NULL, 0};
    return 0;
}
