#include "core/buf.h"
#include "core/text.h"
#include "http/http.h"

#include <string.h>

static void skip_blanks(const char **at)
{
    *at += strspn(*at, " \t");
}

/* Reads a token or a quoted string (RFC 9110, section 5.6) into `out`. */
static void read_value(const char **at, struct buf *out)
{
    buf_clear(out);
    if (**at != '"') {
        size_t size = strcspn(*at, " \t;,");
        buf_add(out, *at, size);
        *at += size;
        return;
    }
    for ((*at)++; **at != '\0' && **at != '"'; (*at)++) {
        if (**at == '\\' && (*at)[1] != '\0')
            (*at)++;
        buf_add(out, *at, 1);
    }
    if (**at == '"')
        (*at)++;
}

/* `relations` is a list of words between blanks; their case does not count. */
static bool has_relation(const char *relations, const char *relation)
{
    for (;;) {
        relations += strspn(relations, " \t");
        size_t size = strcspn(relations, " \t");
        if (size == 0)
            return false;
        CLEANUP(text) char *word = xstrndup(relations, size);
        if (text_equal_fold(word, relation))
            return true;
        relations += size;
    }
}

/* Moves *at behind the parameters of one link; whether its first `rel` has that relation. */
static bool link_parameters(const char **at, const char *relation)
{
    CLEANUP(buf) struct buf value = BUF_INIT;
    bool seen = false;
    bool found = false;

    for (;;) {
        skip_blanks(at);
        if (**at != ';')
            return found;
        (*at)++;
        skip_blanks(at);
        size_t size = strcspn(*at, " \t=;,");
        CLEANUP(text) char *name = xstrndup(*at, size);
        *at += size;
        skip_blanks(at);
        if (**at != '=')
            continue;
        (*at)++;
        skip_blanks(at);
        read_value(at, &value);
        if (!seen && text_equal_fold(name, "rel")) {
            seen = true;
            found = has_relation(buf_text(&value), relation);
        }
    }
}

char *http_link_find(const char *header, const char *relation)
{
    const char *at = header;

    for (;;) {
        at += strspn(at, " \t,");
        const char *end = *at == '<' ? strchr(at, '>') : NULL;
        if (end == NULL)
            return NULL;
        const char *target = at + 1;
        at = end + 1;
        if (link_parameters(&at, relation))
            return xstrndup(target, (size_t)(end - target));
        if (*at != ',') /* the end, or what is no Link header */
            return NULL;
    }
}

char *http_find_link(const struct http_response *response, const char *relation)
{
    for (size_t i = 0; i < response->header_count; i++) {
        const struct http_header *header = &response->headers[i];
        if (!text_equal_fold(header->name, "Link"))
            continue;
        char *target = http_link_find(header->value, relation);
        if (target != NULL)
            return target;
    }
    return NULL;
}
