#include "plan/plan.h"

#include <string.h>

#define PART_MAX 255
#define PATH_BYTES_MAX 4000

void plan_add(struct plan *plan, const struct plan_file *file)
{
    plan->files = xrealloc(plan->files, plan->count + 1, sizeof(*plan->files));
    plan->files[plan->count] = *file;
    plan->files[plan->count].path = xstrdup(file->path);
    plan->count++;
}

void plan_card_copy(const struct plan_card *from, struct plan_card *to)
{
    strings_add_all(&to->datasets, &from->datasets);
    strings_add_all(&to->base_models, &from->base_models);
    to->task = text_copy(from->task);
}

void plan_card_release(struct plan_card *card)
{
    strings_release(&card->datasets);
    strings_release(&card->base_models);
    free(TAKE(card->task));
}

void plan_copy(const struct plan *from, struct plan *to)
{
    origin_copy(&from->origin, &to->origin);
    to->pin = text_copy(from->pin);
    to->license = text_copy(from->license);
    to->license_name = text_copy(from->license_name);
    to->gate = from->gate;
    plan_card_copy(&from->card, &to->card);
    to->left_out_size = from->left_out_size;
    strings_add_all(&to->left_out, &from->left_out);
    if (from->left_out_sizes != NULL) {
        to->left_out_sizes = xcalloc(from->left_out.count, sizeof(*to->left_out_sizes));
        for (size_t i = 0; i < from->left_out.count; i++)
            to->left_out_sizes[i] = from->left_out_sizes[i];
    }
    for (size_t i = 0; i < from->count; i++)
        plan_add(to, &from->files[i]);
}

static int compare_files(const void *a, const void *b)
{
    return strcmp(((const struct plan_file *)a)->path, ((const struct plan_file *)b)->path);
}

void plan_sort(struct plan *plan)
{
    if (plan->count > 0)
        qsort(plan->files, plan->count, sizeof(*plan->files), compare_files);
}

const char *plan_ref(const struct plan *plan)
{
    const char *revision = plan->origin.revision;

    if (revision == NULL || origin_is_main(plan->origin.kind, revision))
        return "main";
    return revision;
}

struct plan_commit plan_commit(const char *pin)
{
    struct plan_commit commit = {""};
    const char *hex = strchr(pin, ':') != NULL ? strchr(pin, ':') + 1 : pin;

    if (text_is_hex(hex, strlen(hex)) && strlen(hex) >= GIT_OID_HEX)
        memcpy(commit.text, hex, GIT_OID_HEX);
    return commit;
}

uint64_t plan_size(const struct plan *plan)
{
    uint64_t total = 0;

    for (size_t i = 0; i < plan->count; i++)
        if (!u64_add(total, plan->files[i].size, &total))
            return UINT64_MAX;
    return total;
}

int plan_refuse_empty(const struct plan *plan, struct error *err)
{
    const struct origin *origin = &plan->origin;

    if (origin->revision == NULL)
        return error_set(err, ERROR_NOT_FOUND, "'%s' has no files", origin->name);
    return error_set(err, ERROR_NOT_FOUND, "'%s' has no files at revision '%s'", origin->name,
                     origin->revision);
}

void plan_release(struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        free(plan->files[i].path);
    free(plan->files);
    origin_release(&plan->origin);
    free(plan->pin);
    free(plan->license);
    free(plan->license_name);
    plan_card_release(&plan->card);
    strings_release(&plan->left_out);
    free(plan->left_out_sizes);
    *plan = (struct plan)PLAN_INIT;
}

/* A part as a Windows client would see it, too: between slashes of either kind. */
static int check_name(const char *path, const char *name, size_t size, struct error *err)
{
    if (size == 0 && name == path)
        return error_set(err, ERROR_CORRUPT, "path '%s' is absolute, expected one inside the repo",
                         path);
    if (size == 0)
        return error_set(err, ERROR_CORRUPT, "path '%s' has an empty part", path);
    if (name[0] == '.' && (size == 1 || (size == 2 && name[1] == '.')))
        return error_set(err, ERROR_CORRUPT, "path '%s' has the part '%.*s'", path, (int)size,
                         name);
    if (size >= 2 && name[1] == ':' &&
        ((name[0] >= 'A' && name[0] <= 'Z') || (name[0] >= 'a' && name[0] <= 'z')))
        return error_set(err, ERROR_CORRUPT, "path '%s' has the drive prefix '%.2s'", path, name);
    if (size >= 4 && memcmp(name, ".wh.", 4) == 0)
        return error_set(err, ERROR_CORRUPT,
                         "path '%s' has a part that begins with '.wh.', which deletes files in an "
                         "image",
                         path);
    return 0;
}

static int check_parts(const char *path, struct error *err)
{
    const char *part = path;
    const char *name = path;

    for (const char *at = path;; at++) {
        bool is_end = *at == '/' || *at == '\0';
        if (!is_end && *at != '\\')
            continue;
        if (check_name(path, name, (size_t)(at - name), err) < 0)
            return -1;
        name = at + 1;
        if (!is_end)
            continue;
        if (at - part > PART_MAX)
            return error_set(err, ERROR_CORRUPT,
                             "path '%s' has a part of %zu bytes, file systems take %d at most",
                             path, (size_t)(at - part), PART_MAX);
        part = at + 1;
        if (*at == '\0')
            return 0;
    }
}

static bool has_control(const char *text)
{
    CLEANUP(text) char *masked = xstrdup(text);

    text_mask(masked);
    return strcmp(masked, text) != 0;
}

int plan_check_path(const char *path, struct error *err)
{
    size_t size = strlen(path);

    if (size == 0)
        return error_set(err, ERROR_CORRUPT, "a file has an empty path");
    if (size > PATH_BYTES_MAX)
        return error_set(err, ERROR_CORRUPT, "path '%.100s…' has %zu bytes, expected %d at most",
                         path, size, PATH_BYTES_MAX);
    if (!text_is_utf8(path))
        return error_set(err, ERROR_CORRUPT, "path '%s' is not UTF-8", path);
    if (has_control(path))
        return error_set(err, ERROR_CORRUPT, "path '%s' has a control character", path);
    return check_parts(path, err);
}

static int compare_path(const void *path, const void *file)
{
    return strcmp(path, ((const struct plan_file *)file)->path);
}

static int check_folders(const struct plan *plan, const char *path, struct error *err)
{
    CLEANUP(text) char *folder = xstrdup(path);

    for (char *at = folder + strlen(folder); at > folder; at--) {
        if (*at != '/')
            continue;
        *at = '\0';
        if (bsearch(folder, plan->files, plan->count, sizeof(*plan->files), compare_path) != NULL)
            return error_set(err, ERROR_CORRUPT, "'%s' is a file, and a folder in the path '%s'",
                             folder, path);
    }
    return 0;
}

int plan_check(const struct plan *plan, struct error *err)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan_check_path(plan->files[i].path, err) < 0)
            return -1;
    for (size_t i = 0; i < plan->count; i++) {
        const char *path = plan->files[i].path;
        if (i > 0 && strcmp(path, plan->files[i - 1].path) == 0)
            return error_set(err, ERROR_CORRUPT, "path '%s' is there twice", path);
        if (check_folders(plan, path, err) < 0)
            return -1;
    }
    return 0;
}
