#include "plan/origin_internal.h"

#include "core/text.h"

#include <string.h>

#define ID_PART_MAX 96
#define ID_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
#define REVISION_MAX 255

static bool is_edge(char character)
{
    return character == '-' || character == '.';
}

/* What is wrong with the namespace or the name in an id; NULL if nothing is. */
static const char *id_part_complaint(const char *part, size_t size)
{
    if (size == 0)
        return "a part of the name is empty";
    if (size > ID_PART_MAX)
        return "a part of the name has more than 96 characters";
    if (strspn(part, ID_CHARACTERS) < size)
        return "a name has letters A-Z and a-z, digits, '-', '_' and '.' only";
    if (is_edge(part[0]) || is_edge(part[size - 1]))
        return "a part of the name begins or ends with '-' or '.'";
    return NULL;
}

const char *hub_name_complaint(const char *id)
{
    size_t first = strcspn(id, "/");
    const char *complaint = id_part_complaint(id, first);

    if (complaint != NULL)
        return complaint;
    if (strstr(id, "--") != NULL || strstr(id, "..") != NULL)
        return "a name has no '--' and no '..'";
    if (text_ends_with(id, ".git"))
        return "a name does not end in '.git'";
    if (id[first] == '\0')
        return NULL;
    if (strchr(id + first + 1, '/') != NULL)
        return "a name has at most one '/'";
    /* The Hub has no such namespaces; taken as one, the id would not survive being written down. */
    if (text_starts_with(id, "models/") || text_starts_with(id, "datasets/") ||
        text_starts_with(id, "spaces/"))
        return "'models', 'datasets' and 'spaces' are not names of an org";
    return id_part_complaint(id + first + 1, strlen(id + first + 1));
}

/* git-check-ref-format(1), for one of the parts between slashes. */
static const char *revision_part_complaint(const char *part, size_t size)
{
    if (size == 0)
        return "a part of the revision is empty";
    if (part[0] == '.')
        return "a part of the revision begins with '.'";
    if (size >= 5 && memcmp(part + size - 5, ".lock", 5) == 0)
        return "a part of the revision ends in '.lock'";
    return NULL;
}

/* It must be what git accepts as one. */
const char *revision_complaint(const char *revision)
{
    size_t size = strlen(revision);

    if (size == 0)
        return "there is no revision after '@'";
    if (size > REVISION_MAX)
        return "the revision has more than 255 bytes";
    for (const char *at = revision; *at != '\0'; at++)
        if ((unsigned char)*at <= ' ' || *at == 0x7f || strchr("~^:?*[\\", *at) != NULL)
            return "a revision has no blanks, control characters and none of ~ ^ : ? * [ \\";
    if (!text_is_utf8(revision))
        return "the revision is not UTF-8";
    if (strstr(revision, "..") != NULL || strstr(revision, "@{") != NULL ||
        strcmp(revision, "@") == 0)
        return "a revision has no '..' and no '@{', and is not '@'";
    if (revision[0] == '-' || revision[size - 1] == '.')
        return "a revision does not begin with '-' or end with '.'";
    for (const char *part = revision;; part++) {
        size_t part_size = strcspn(part, "/");
        const char *complaint = revision_part_complaint(part, part_size);
        if (complaint != NULL)
            return complaint;
        part += part_size;
        if (*part == '\0')
            return NULL;
    }
}
