#include "source/unpack_internal.h"

#include "core/text.h"

#include <string.h>
#include <unistd.h>

/* What docs/sources.md says of them. */
static const struct unpack_limits limits = {
    .size = 64 * GIB,
    .free = GIB,
    .ratio = 1000,
    .count = LISTING_FILES_MAX,
};

/* The members of an archive that another source has. */
struct archive_source {
    struct source base;
    struct source *archive;        /* NULL once it is unpacked */
    bool is_plain;                 /* it turned out to be no archive: its one file is the model */
    const struct cancel *cancel;   /* may be NULL */
    const struct sandbox *sandbox; /* borrowed; may be NULL */
    struct plan plan;              /* once it is unpacked */
    struct members members;
    int copy; /* a temporary file of their contents; -1: not unpacked yet */
};

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

static void add_member(const char *path, const struct member *content, struct plan *plan)
{
    CLEANUP(text) char *name = xstrdup(path);
    struct plan_file file = {.path = name, .size = content->size, .digest = content->digest};

    source_name_blob(&file);
    plan_add(plan, &file);
}

/* For messages: what is missing where there is no archive. */
static int refuse_plain(struct error *err)
{
    return error_set(err, ERROR_UNSUPPORTED,
                     "it is none, expected a tar, plain or packed by gzip, bzip2, xz or zstd, or a "
                     "zip");
}

/* Reads the archive for the content of one member; *target is the path of the file that it is. */
static int read_one(struct unpack_request *request, const char *only, struct members *members,
                    char **target, struct error *err)
{
    const struct member *content = NULL;
    bool is_archive = false;

    request->only = only;
    members_release(members);
    if (unpack_archive(request, members, &is_archive, err) < 0)
        return -1;
    if (!is_archive)
        return refuse_plain(err);
    const struct member *member = members_find(members, only);
    if (member == NULL)
        return error_set(err, ERROR_NOT_FOUND, "it has no file '%s'", only);
    if (members_follow(members, member, &content, err) < 0)
        return -1;
    *target = xstrdup(content->path);
    return 0;
}

/* The one that is wanted may be a link: then it is read again for the file that this leads to. */
static int unpack_one(struct unpack_request *request, struct members *members, struct error *err)
{
    const char *only = request->plan->origin.member;
    CLEANUP(text) char *target = NULL;
    CLEANUP(text) char *same = NULL;

    if (read_one(request, only, members, &target, err) < 0)
        return -1;
    if (target == NULL || strcmp(target, only) == 0)
        return 0;
    return read_one(request, target, members, &same, err);
}

/* Fills the plan with the one member. */
static int take_one(struct archive_source *source, struct plan *plan, struct error *err)
{
    const struct origin *origin = &plan->origin;
    const struct member *member = members_find(&source->members, origin->member);
    const struct member *content = NULL;

    if (members_follow(&source->members, member, &content, err) < 0)
        return -1;
    if (!digest_equal(&content->digest, &origin->digest))
        return error_set(err, ERROR_CORRUPT,
                         "'%s' in it has the digest %s, expected %s: the first is that of what the "
                         "archive holds, the second the one that was asked for",
                         origin->member, digest_format(&content->digest).text,
                         digest_format(&origin->digest).text);
    add_member(origin->file_name != NULL ? origin->file_name : last_part(origin->member), content,
               plan);
    plan->pin = xstrdup(digest_format(&content->digest).text);
    return 0;
}

/* What is called an archive and is none is damaged; anything else is what it is. */
static bool is_called_archive(const char *name)
{
    static const char *const suffixes[] = {".zip", ".tar",     ".tgz",    ".tar.gz",  ".tbz2",
                                           ".txz", ".tar.bz2", ".tar.xz", ".tar.zst", ".tzst"};

    for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++)
        if (text_ends_with(name, suffixes[i]))
            return true;
    return false;
}

static int take_all(struct archive_source *source, const struct unpack_request *request,
                    struct plan *plan, struct error *err)
{
    const struct members *members = &source->members;
    const struct plan *archive = request->plan;
    bool is_archive = false;

    if (unpack_archive(request, &source->members, &is_archive, err) < 0)
        return -1;
    plan->pin = xstrdup(archive->pin);
    source->is_plain = !is_archive;
    if (!is_archive && is_called_archive(archive->files[0].path))
        return refuse_plain(err);
    if (!is_archive)
        plan_add(plan, &archive->files[0]);
    for (size_t i = 0; i < members->count; i++) {
        const struct member *content = NULL;
        if (members_follow(members, &members->items[i], &content, err) < 0)
            return -1;
        add_member(members->items[i].path, content, plan);
    }
    return 0;
}

/* Fills a plan with what is in the archive. */
static int unpack(struct archive_source *source, const struct plan *archive, int copy,
                  struct plan *plan, struct error *err)
{
    struct unpack_request request = {
        .source = source->archive,
        .plan = archive,
        .to = copy,
        .limits = limits,
        .cancel = source->cancel,
        .sandbox = source->sandbox,
    };

    members_release(&source->members);
    origin_copy(&archive->origin, &plan->origin);
    if (archive->origin.member == NULL)
        return take_all(source, &request, plan, err);
    return unpack_one(&request, &source->members, err) < 0 ? -1 : take_one(source, plan, err);
}

/* What was unpacked is what the pin says only if the archive is the same as before. */
static int check_unchanged(struct archive_source *source, const struct plan *archive,
                           struct error *err)
{
    CLEANUP(plan) struct plan again = PLAN_INIT;

    if (source_list(source->archive, &again, err) < 0)
        return -1;
    if (strcmp(archive->pin, again.pin) == 0)
        return 0;
    return error_set(err, ERROR_LOCAL, "it must not change while it is read: it was %s and is %s",
                     archive->pin, again.pin);
}

static int archive_list(struct source *base, struct plan *plan, struct error *err)
{
    struct archive_source *source = CONTAINER_OF(base, struct archive_source, base);
    CLEANUP(plan) struct plan archive = PLAN_INIT;
    CLEANUP(plan) struct plan listed = PLAN_INIT;
    CLEANUP(fd) int copy = -1;

    if (source->plan.count > 0) {
        plan_copy(&source->plan, plan);
        return 0;
    }
    if (source_list(source->archive, &archive, err) < 0 || temporary_create(&copy, err) < 0)
        return -1;
    if (unpack(source, &archive, copy, &listed, err) < 0 ||
        check_unchanged(source, &archive, err) < 0)
        return error_wrap(err, "the archive '%s'", archive.origin.name);
    if (source->is_plain) {
        source->base.explain = source->archive->explain;
    } else {
        source->copy = copy;
        copy = -1;
        source_free(TAKE(source->archive));
    }
    plan_copy(&listed, plan);
    source->plan = listed;
    listed = (struct plan)PLAN_INIT;
    return 0;
}

/* The member whose content a file of the plan is. */
static const struct member *find_content(const struct archive_source *source, const char *path)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* list() has followed all of them */
    const char *wanted = source->plan.origin.member;
    const struct member *member = members_find(&source->members, wanted != NULL ? wanted : path);
    const struct member *content = NULL;

    if (member == NULL || members_follow(&source->members, member, &content, &ignored) < 0)
        return NULL;
    return content;
}

static int archive_open(struct source *base, const struct plan *plan, const struct plan_file *file,
                        const struct source_range *range, struct reader **out, struct error *err)
{
    const struct archive_source *source = CONTAINER_OF(base, struct archive_source, base);

    if (source->is_plain)
        return source->archive->ops->open(source->archive, plan, file, range, out, err);
    const struct member *content = find_content(source, file->path);

    if (content == NULL || source->copy < 0)
        return error_set(err, ERROR_NOT_FOUND, "'%s' has no file '%s'", plan->origin.name,
                         file->path);
    uint64_t left = range->offset < content->size ? content->size - range->offset : 0;
    const struct source_range part = {
        .offset = content->offset + (content->size - left),
        .length = range->length < left ? range->length : left,
    };
    return temporary_open(source->copy, file->path, &part, out, err);
}

static void archive_free(struct source *base)
{
    struct archive_source *source = CONTAINER_OF(base, struct archive_source, base);

    if (source->copy >= 0)
        close(source->copy);
    source_free(source->archive);
    plan_release(&source->plan);
    members_release(&source->members);
    free(source);
}

struct source *source_unpack(struct source *archive, const struct source_context *context)
{
    static const struct source_ops ops = {archive_list, archive_open, archive_free};
    struct archive_source *source = xcalloc(1, sizeof(*source));

    source->base.ops = &ops;
    source->archive = archive;
    source->cancel = context->cancel;
    source->sandbox = context->sandbox;
    source->plan = (struct plan)PLAN_INIT;
    source->copy = -1;
    return &source->base;
}
