#include "source/unpack_internal.h"

#include "core/file.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <string.h>

#define PART_SIZE ((size_t)(256 * KIB))

/* An archive that is being read. */
struct parsing {
    const struct archive_input *in;
    const struct archive_sink *sink;
    struct archive *archive;
    struct buf part;   /* that libarchive has */
    uint64_t offset;   /* behind it */
    struct error *err; /* what the input said, since the callback can only say that it did */
    bool is_broken;
    locale_t locale;
    locale_t before;
    char out[PART_SIZE];
};

static void parsing_free(struct parsing *parsing)
{
    if (parsing == NULL)
        return;
    archive_read_free(parsing->archive);
    buf_release(&parsing->part);
    if (parsing->locale != (locale_t)0) {
        uselocale(parsing->before);
        freelocale(parsing->locale);
    }
    free(parsing);
}
CLEANUP_FREE(parsing)

static int pull(struct parsing *parsing, struct error *err)
{
    const struct sandbox_input *bytes = &parsing->in->bytes;
    const struct sandbox_range range = {.offset = parsing->offset, .size = PART_SIZE};

    buf_clear(&parsing->part);
    if (bytes->read(bytes->arg, &range, &parsing->part, err) < 0)
        return -1;
    parsing->offset += parsing->part.size;
    return 0;
}

static la_ssize_t give(struct archive *archive, void *arg, const void **data)
{
    struct parsing *parsing = arg;

    if (pull(parsing, parsing->err) < 0) {
        parsing->is_broken = true;
        archive_set_error(archive, EIO, "see the source");
        return ARCHIVE_FATAL;
    }
    *data = buf_text(&parsing->part);
    return (la_ssize_t)parsing->part.size;
}

static la_int64_t seek(struct archive *archive, void *arg, la_int64_t offset, int whence)
{
    struct parsing *parsing = arg;
    la_int64_t size = (la_int64_t)parsing->in->size;
    la_int64_t from = whence == SEEK_SET   ? 0
                      : whence == SEEK_END ? size
                                           : (la_int64_t)parsing->offset;
    la_int64_t to = 0;

    (void)archive;
    if (__builtin_add_overflow(from, offset, &to) || to < 0 || to > size)
        return ARCHIVE_FATAL;
    parsing->offset = (uint64_t)to;
    return to;
}

/* libarchive's own words, unless the input has said what happened. */
static int refuse(const struct parsing *parsing, struct error *err)
{
    const char *words = archive_error_string(parsing->archive);

    if (parsing->is_broken)
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
static int choose_locale(struct parsing *parsing, bool is_zip, struct error *err)
{
    const char *name = is_zip ? "C.UTF-8" : "C";

    parsing->locale = newlocale(LC_CTYPE_MASK, name, (locale_t)0);
    if (parsing->locale == (locale_t)0 && file_descriptors_run_out())
        return file_refuse_descriptors("unpack an archive", err);
    if (parsing->locale == (locale_t)0)
        return error_set(err, ERROR_LOCAL,
                         "the locale %s cannot be had: this machine has none, or no memory for it",
                         name);
    parsing->before = uselocale(parsing->locale);
    return 0;
}

/* "PK", and a file or, of an empty one, the end (APPNOTE.TXT, 4.3.7 and 4.3.16). */
static int look(struct parsing *parsing, bool *is_zip, struct error *err)
{
    if (pull(parsing, err) < 0)
        return -1;
    const char *head = buf_text(&parsing->part);
    *is_zip = parsing->part.size >= 4 &&
              (memcmp(head, "PK\3\4", 4) == 0 || memcmp(head, "PK\5\6", 4) == 0);
    parsing->offset = 0;
    return 0;
}

static int start(struct parsing *parsing, bool *is_archive, struct error *err)
{
    bool is_zip = false;

    if (look(parsing, &is_zip, err) < 0 || choose_locale(parsing, is_zip, err) < 0)
        return -1;
    parsing->archive = archive_read_new();
    if (parsing->archive == NULL)
        out_of_memory();
    if (parsing->archive == NULL || support(parsing->archive, is_zip) != ARCHIVE_OK)
        return error_set(err, ERROR_INTERNAL, "libarchive does not unpack what it should");
    archive_read_set_read_callback(parsing->archive, give);
    archive_read_set_seek_callback(parsing->archive, seek);
    archive_read_set_callback_data(parsing->archive, parsing);
    *is_archive = archive_read_open1(parsing->archive) == ARCHIVE_OK;
    if (!*is_archive && is_zip)
        return refuse(parsing, err);
    return parsing->is_broken ? -1 : 0;
}

const char *archive_skip_dots(const char *name)
{
    while (name[0] == '.' && name[1] == '/')
        for (name += 2; *name == '/'; name++)
            continue;
    return name;
}

bool archive_is_wanted(const char *only, const char *name)
{
    return only == NULL || strcmp(only, archive_skip_dots(name)) == 0;
}

static struct archive_member describe(struct archive_entry *entry)
{
    const char *hard_link = archive_entry_hardlink(entry);
    const char *target = archive_entry_symlink(entry);
    struct archive_member member = {.kind = ARCHIVE_SPECIAL, .target = ""};

    member.name = archive_entry_pathname(entry);
    if (hard_link != NULL) {
        member.kind = ARCHIVE_HARD_LINK;
        member.target = hard_link;
    } else if (archive_entry_filetype(entry) == AE_IFDIR) {
        member.kind = ARCHIVE_FOLDER;
    } else if (archive_entry_filetype(entry) == AE_IFLNK && target != NULL) {
        member.kind = ARCHIVE_LINK;
        member.target = target;
    } else if (archive_entry_filetype(entry) == AE_IFREG) {
        bool has_size = archive_entry_size_is_set(entry) && archive_entry_size(entry) >= 0;
        member.kind = ARCHIVE_FILE;
        member.size = has_size ? (uint64_t)archive_entry_size(entry) : SIZE_UNKNOWN;
    }
    return member;
}

static int read_content(struct parsing *parsing, struct error *err)
{
    const struct archive_sink *sink = parsing->sink;
    la_ssize_t got;

    while ((got = archive_read_data(parsing->archive, parsing->out, sizeof(parsing->out))) > 0)
        if (sink->content(sink->arg, parsing->out, (size_t)got, err) < 0)
            return -1;
    return got < 0 ? refuse(parsing, err) : 0;
}

static int read_members(struct parsing *parsing, struct error *err)
{
    const struct archive_sink *sink = parsing->sink;

    for (;;) {
        struct archive_entry *entry = NULL;
        int status = archive_read_next_header(parsing->archive, &entry);
        if (status == ARCHIVE_EOF)
            return 0;
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
            return refuse(parsing, err);
        const struct archive_member member = describe(entry);
        if (sink->member(sink->arg, &member, err) < 0)
            return -1;
        if (member.kind == ARCHIVE_FILE && archive_is_wanted(parsing->in->only, member.name) &&
            read_content(parsing, err) < 0)
            return -1;
    }
}

int archive_parse(const struct archive_input *in, const struct archive_sink *sink, bool *is_archive,
                  struct error *err)
{
    CLEANUP(parsing) struct parsing *parsing = xcalloc(1, sizeof(*parsing));

    parsing->in = in;
    parsing->sink = sink;
    parsing->err = err;
    if (start(parsing, is_archive, err) < 0)
        return -1;
    return *is_archive ? read_members(parsing, err) : 0;
}
