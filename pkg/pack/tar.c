#include "pack/pack_internal.h"

#include "core/file.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <string.h>

#define PART_SIZE ((size_t)256 * 1024)

/* One tar being written: libarchive calls back with every piece, which goes on to `out`. */
struct tar {
    struct archive *archive;
    struct writer *out;
    struct error *err; /* what `out` said, since the callback can only say that it did */
    locale_t locale;   /* C.UTF-8: in others a name that is not ASCII has other bytes */
    locale_t before;
    bool closing; /* nothing that comes now is wanted: the padding of an incomplete entry */
};

static la_ssize_t tar_pass_on(struct archive *archive, void *arg, const void *data, size_t size)
{
    struct tar *tar = arg;

    if (tar->closing || writer_write(tar->out, data, size, tar->err) < 0) {
        archive_set_error(archive, EIO, "see the writer");
        return -1;
    }
    return (la_ssize_t)size;
}

static void tar_close(struct tar *tar)
{
    if (tar->archive != NULL) {
        tar->closing = true;
        archive_write_close(
            tar->archive); /* even after a failure, or it leaks its client's state */
        archive_write_free(tar->archive);
    }
    if (tar->locale != (locale_t)0) {
        uselocale(tar->before);
        freelocale(tar->locale);
    }
}

/* libarchive's own words, unless the writer behind it has said what happened. */
static int tar_error(const struct tar *tar, const char *doing)
{
    const char *words = archive_error_string(tar->archive);

    if (tar->err->kind != ERROR_NONE)
        return -1;
    if (archive_errno(tar->archive) == ENOMEM)
        out_of_memory();
    return error_set(tar->err, ERROR_INTERNAL, "%s: %s", doing,
                     words != NULL ? words : "libarchive gives no reason");
}

/*
 * Restricted pax is plain ustar unless an entry needs more. A fraction of a second is more to a
 * base's folder, and to full pax alone.
 */
static int tar_set_format(struct archive *archive, const struct recipe *recipe)
{
    bool fractions = false;

    for (size_t i = 0; i < recipe->count; i++)
        fractions = fractions || (recipe->entries[i]->above && recipe->entries[i]->time_ns > 0);
    int status = fractions ? archive_write_set_format_pax(archive)
                           : archive_write_set_format_pax_restricted(archive);
    if (status != ARCHIVE_OK)
        return status;
    return archive_write_set_format_option(archive, NULL, "xattrheader", "SCHILY");
}

static int tar_open(struct tar *tar, const struct recipe *recipe, struct writer *out,
                    struct error *err)
{
    tar->out = out;
    tar->err = err;
    tar->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (tar->locale == (locale_t)0 && file_descriptors_run_out())
        return file_refuse_descriptors("pack a layer", err);
    if (tar->locale == (locale_t)0)
        return error_set(
            err, ERROR_LOCAL,
            "the locale C.UTF-8 cannot be had: this machine has none, or no memory for it");
    tar->before = uselocale(tar->locale);
    tar->archive = archive_write_new();
    if (tar->archive == NULL)
        out_of_memory();
    if (tar_set_format(tar->archive, recipe) != ARCHIVE_OK ||
        archive_write_set_bytes_per_block(tar->archive, 0) != ARCHIVE_OK ||
        archive_write_open(tar->archive, tar, NULL, tar_pass_on, NULL) != ARCHIVE_OK)
        return tar_error(tar, "beginning a tar");
    return 0;
}

static int tar_add_header(struct tar *tar, const struct recipe *recipe,
                          const struct tree_entry *entry)
{
    static const mode_t types[] = {[TREE_FOLDER] = AE_IFDIR,
                                   [TREE_FILE] = AE_IFREG,
                                   [TREE_TEXT] = AE_IFREG,
                                   [TREE_LINK] = AE_IFLNK};
    struct archive_entry *header = archive_entry_new();

    if (header == NULL)
        out_of_memory();
    archive_entry_set_pathname(header, entry->path);
    archive_entry_set_filetype(header, types[entry->type]);
    archive_entry_set_perm(header, entry->mode);
    archive_entry_set_uid(header, recipe_uid(recipe, entry));
    archive_entry_set_gid(header, recipe_gid(recipe, entry));
    archive_entry_set_mtime(header, entry_time_s(entry), entry->above ? (long)entry->time_ns : 0);
    for (size_t i = 0; i < entry->xattr_count; i++)
        archive_entry_xattr_add_entry(header, entry->xattrs[i].name, entry->xattrs[i].value,
                                      entry->xattrs[i].size);
    archive_entry_set_size(header, (la_int64_t)entry_size(recipe, entry));
    if (entry->type == TREE_LINK)
        archive_entry_set_symlink(header, entry->text);
    int status = archive_write_header(tar->archive, header);
    archive_entry_free(header);
    /* A warning means that it wrote other bytes than usual: not what was promised. */
    return status == ARCHIVE_OK ? 0 : tar_error(tar, entry->path);
}

static int tar_add_data(struct tar *tar, const struct tree_entry *entry, const void *data,
                        size_t size)
{
    la_ssize_t written = archive_write_data(tar->archive, data, size);

    if (written < 0)
        return tar_error(tar, entry->path);
    if ((size_t)written != size) /* libarchive clips at the size in the header, and says nothing */
        return error_set(tar->err, ERROR_CORRUPT, "'%s' has more bytes than expected", entry->path);
    return 0;
}

/* Where content is read to: where the writer has it, or else to a buffer, *own, which is made once.
 */
static int tar_find_room(const struct tar *tar, char **own, char **out, size_t *size)
{
    if (writer_room(tar->out, out, size, tar->err) < 0)
        return -1;
    if (*out != NULL)
        return 0;
    if (*own == NULL)
        *own = xmalloc(PART_SIZE);
    *out = *own;
    *size = PART_SIZE;
    return 0;
}

static int tar_add_content(struct tar *tar, const struct tree_entry *entry, uint64_t size,
                           struct reader *content, const struct cancel *cancel)
{
    CLEANUP(text) char *own = NULL;
    uint64_t total = 0;
    ssize_t got = 1;

    while (got > 0) {
        char *part = NULL;
        size_t size_most = 0;
        if (tar_find_room(tar, &own, &part, &size_most) < 0)
            return -1;
        got = reader_read(content, part, size_most, tar->err);
        if (got < 0 || cancel_check(cancel, tar->err) < 0)
            return -1;
        if (got > 0 && tar_add_data(tar, entry, part, (size_t)got) < 0)
            return -1;
        total += (uint64_t)got;
    }
    if (total != size) /* a shorter file would be filled up with zeros */
        return error_set(tar->err, ERROR_CORRUPT, "'%s' has fewer bytes than expected",
                         entry->path);
    return 0;
}

static int tar_add_entry(struct tar *tar, const struct recipe *recipe,
                         const struct tree_entry *entry, pack_open_fn *open, void *arg,
                         const struct cancel *cancel)
{
    CLEANUP(reader) struct reader *content = NULL;

    if (entry->type == TREE_FILE &&
        open(arg, &recipe->plan->files[entry->file], &content, tar->err) < 0)
        return -1;
    if (tar_add_header(tar, recipe, entry) < 0)
        return -1;
    if (entry->type == TREE_TEXT)
        return tar_add_data(tar, entry, entry->text, strlen(entry->text));
    if (entry->type == TREE_FILE)
        return tar_add_content(tar, entry, entry_size(recipe, entry), content, cancel);
    return 0;
}

static int tar_add_all(struct tar *tar, const struct recipe *recipe, pack_open_fn *open, void *arg,
                       const struct cancel *cancel)
{
    for (size_t i = 0; i < recipe->count; i++)
        if (tar_add_entry(tar, recipe, recipe->entries[i], open, arg, cancel) < 0)
            return -1;
    if (archive_write_close(tar->archive) != ARCHIVE_OK)
        return tar_error(tar, "ending a tar");
    return 0;
}

int recipe_write_tar(const struct recipe *recipe, pack_open_fn *open, void *arg, struct writer *out,
                     const struct cancel *cancel, struct error *err)
{
    struct tar tar = {0};
    int result = tar_open(&tar, recipe, out, err);

    if (result == 0)
        result = tar_add_all(&tar, recipe, open, arg, cancel);
    tar_close(&tar);
    return result;
}

int tar_write_header(const struct recipe *recipe, const struct tree_entry *entry,
                     struct writer *out, struct error *err)
{
    struct tar tar = {0};
    int result = tar_open(&tar, recipe, out, err);

    if (result == 0)
        result = tar_add_header(&tar, recipe, entry);
    tar_close(&tar);
    return result;
}

int tar_measure(const struct recipe *recipe, uint64_t *out, struct error *err)
{
    uint64_t total = PACK_TAR_END;

    for (size_t i = 0; i < recipe->count; i++) {
        const struct tree_entry *entry = recipe->entries[i];
        CLEANUP(buf) struct buf header = BUF_INIT;
        CLEANUP(writer) struct writer *memory = memory_writer_new(&header, MIB);
        uint64_t size = entry_size(recipe, entry);
        uint64_t padding = (PACK_TAR_BLOCK - size % PACK_TAR_BLOCK) % PACK_TAR_BLOCK;
        if (tar_write_header(recipe, entry, memory, err) < 0)
            return error_wrap(err, "'%s'", entry->path);
        if (!u64_add(total, header.size, &total) || !u64_add(total, size, &total) ||
            !u64_add(total, padding, &total) || total > INT64_MAX)
            return error_set(err, ERROR_UNSUPPORTED, "'%s' makes a layer of more than 8 EiB",
                             entry->path);
    }
    *out = total;
    return 0;
}

const char *pack_library_version(void)
{
    const char *text = archive_version_string(); /* "libarchive 3.6.2" */
    const char *space = strrchr(text, ' ');

    return space != NULL ? space + 1 : text;
}

void pack_list_features(struct strings *out)
{
    if (archive_bzlib_version() != NULL)
        strings_add(out, "bzip2");
    if (archive_liblzma_version() != NULL)
        strings_add(out, "xz");
}
