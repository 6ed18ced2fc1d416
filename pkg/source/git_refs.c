#include "source/modelscope_internal.h"

#include "core/text.h"

#include <string.h>

/* The length of a packet, itself included; 0 ends a section; SIZE_MAX: these are no packets. */
static size_t packet_size(const char *at, size_t left)
{
    size_t size = 0;

    if (left < 4)
        return SIZE_MAX;
    for (size_t i = 0; i < 4; i++) {
        const char *digits = "0123456789abcdef";
        const char *digit = at[i] != '\0' ? strchr(digits, at[i]) : NULL;
        if (digit == NULL)
            return SIZE_MAX;
        size = size * 16 + (size_t)(digit - digits);
    }
    return size == 0 || (size >= 4 && size <= left) ? size : SIZE_MAX;
}

/* "OID REF", and behind a NUL what the server can do. */
static bool line_names(const char *line, const char *ref)
{
    return strlen(line) > GIT_OID_HEX && line[GIT_OID_HEX] == ' ' &&
           strcmp(line + GIT_OID_HEX + 1, ref) == 0;
}

/* An annotated tag is followed by the commit that it names, as REF^{}: the later of the two counts.
 */
bool git_refs_find(const void *data, size_t size, const char *revision,
                   char commit[GIT_OID_HEX + 1])
{
    CLEANUP(text) char *branch = xasprintf("refs/heads/%s", revision);
    CLEANUP(text) char *tag = xasprintf("refs/tags/%s", revision);
    CLEANUP(text) char *peeled = xasprintf("refs/tags/%s^{}", revision);
    const char *at = data;
    bool is_branch = false;

    commit[0] = '\0';
    while (size > 0) {
        size_t packet = packet_size(at, size);
        if (packet == SIZE_MAX)
            break;
        size_t step = packet > 0 ? packet : 4;
        CLEANUP(text) char *line = xstrndup(at + 4, step - 4);
        line[strcspn(line, "\n")] = '\0';
        bool found = line_names(line, branch);
        if (found || (!is_branch && (line_names(line, tag) || line_names(line, peeled)))) {
            memcpy(commit, line, GIT_OID_HEX);
            commit[GIT_OID_HEX] = '\0';
            is_branch = found;
        }
        at += step;
        size -= step;
    }
    if (!text_is_hex(commit, GIT_OID_HEX))
        commit[0] = '\0';
    return commit[0] != '\0';
}
