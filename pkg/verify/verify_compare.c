#include "verify/verify_internal.h"

#include <inttypes.h>
#include <string.h>

/* Where the layout has each file of the plan; "" for one that it would not take. */
static void find_paths(const struct subject *subject, const struct plan *plan, struct strings *out)
{
    for (size_t i = 0; i < plan->count; i++) {
        CLEANUP(text) char *path = NULL;
        layout_file_path(subject->layout, plan, i, &path);
        strings_add(out, path != NULL ? path : "");
    }
}

static const struct digest *digest_of_kind(const struct found_file *found,
                                           const struct plan_file *file)
{
    return file->digest.algorithm == DIGEST_GIT_SHA1 ? &found->git_sha1 : &found->sha256;
}

static bool is_same(const struct found_file *found, const struct plan_file *file)
{
    return found->size == file->size && digest_equal(digest_of_kind(found, file), &file->digest);
}

/* The number of the file of the plan; of none, as many as there are. */
static size_t find_file(const struct comparison *comparison, const struct strings *paths,
                        const struct found_file *found)
{
    const struct plan *plan = comparison->plan;
    size_t number = 0;

    while (number < plan->count && strcmp(paths->items[number], found->path) != 0)
        number++;
    if (number < plan->count || !comparison->by_content)
        return number;
    for (number = 0; number < plan->count && !is_same(found, &plan->files[number]);)
        number++;
    return number;
}

static void compare_file(struct subject *subject, const struct comparison *comparison,
                         const struct found_file *found, const struct plan_file *file)
{
    struct verify_findings *findings = &subject->model->findings;
    const char *whose = comparison->whose;
    const char *at = found->at + 1;

    const struct digest *digest = digest_of_kind(found, file);
    if (found->size != file->size)
        findings_add(findings, comparison->kind, at,
                     "'%s' has %" PRIu64 " bytes, %s's has %" PRIu64, found->path, found->size,
                     whose, file->size);
    else if (digest->algorithm == DIGEST_NONE)
        findings_add(findings, VERIFY_UNCHECKED, at, "'%s' is compared with %s's by its size alone",
                     found->path, whose);
    else if (!digest_equal(digest, &file->digest))
        findings_add(findings, comparison->kind, at, "'%s' has the digest %s, %s's has %s",
                     found->path, digest_format(digest).text, whose,
                     digest_format(&file->digest).text);
}

bool subject_has_file(const struct subject *subject, const char *path)
{
    for (size_t i = 0; i < subject->file_count; i++)
        if (strcmp(subject->files[i].path, path) == 0)
            return true;
    return false;
}

void subject_compare(struct subject *subject, const struct comparison *comparison,
                     struct strings *paths)
{
    find_paths(subject, comparison->plan, paths);
    for (size_t i = 0; i < subject->file_count; i++) {
        const struct found_file *found = &subject->files[i];
        size_t number = find_file(comparison, paths, found);
        if (number < comparison->plan->count)
            compare_file(subject, comparison, found, &comparison->plan->files[number]);
        else
            findings_add(&subject->model->findings, comparison->kind, found->at + 1,
                         "%s has no '%s' at this commit", comparison->whose, found->path);
    }
}

bool subject_has_content(const struct subject *subject, const struct plan_file *file)
{
    for (size_t i = 0; i < subject->file_count; i++)
        if (is_same(&subject->files[i], file))
            return true;
    return false;
}
