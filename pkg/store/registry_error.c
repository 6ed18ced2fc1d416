#include "store/store_internal.h"

#include "json/parse.h"

#include <string.h>

#define ENTRIES_MAX 5
#define PART_MAX ((size_t)300) /* bytes of one message */

/* Appends at most PART_MAX bytes, cut where a character ends. */
static void add_part(struct buf *out, const char *text, size_t size)
{
    if (size > PART_MAX)
        for (size = PART_MAX; size > 0 && (text[size] & 0xc0) == 0x80;)
            size--;
    buf_add(out, text, size);
}

static void add_text(struct buf *out, const char *before, const char *text, const char *after)
{
    if (text == NULL || *text == '\0')
        return;
    buf_add_text(out, before);
    add_part(out, text, strlen(text));
    buf_add_text(out, after);
}

/* {"code": "…", "message": "…", "detail": …}: of the detail, a text or the digest in it. */
static void add_entry(struct buf *out, const json_t *entry)
{
    const char *code = json_string_value(json_object_get(entry, "code"));
    const char *message = json_string_value(json_object_get(entry, "message"));
    const json_t *detail = json_object_get(entry, "detail");
    const char *more = json_string_value(detail);

    if (more == NULL)
        more = json_string_value(json_object_get(detail, "digest"));
    size_t start = out->size;
    add_text(out, "", code, "");
    add_text(out, out->size > start ? ": " : "", message, "");
    if (out->size > start)
        add_text(out, " (", more, ")");
}

static void add_entries(struct buf *out, const json_t *entries)
{
    size_t count = json_array_size(entries);

    for (size_t i = 0; i < count && i < ENTRIES_MAX; i++) {
        CLEANUP(buf) struct buf entry = BUF_INIT;
        add_entry(&entry, json_array_get(entries, i));
        if (out->size > 0 && entry.size > 0)
            buf_add_text(out, "; ");
        buf_add(out, buf_text(&entry), entry.size);
    }
    if (count > ENTRIES_MAX)
        buf_addf(out, "; and %zu more", count - ENTRIES_MAX);
}

/* The first line of plain text; markup and bytes that are no text say nothing to a person. */
static void add_plain(struct buf *out, const struct buf *body)
{
    const char *text = buf_text(body);

    text += strspn(text, " \t\r\n");
    if (*text == '\0' || *text == '<' || *text == '{' || *text == '[' ||
        memchr(text, '\0', body->size - (size_t)(text - buf_text(body))) != NULL)
        return;
    CLEANUP(text) char *line = xstrndup(text, strcspn(text, "\r\n"));
    if (text_is_utf8(line))
        add_text(out, "", line, "");
}

void registry_error_words(const struct buf *body, struct buf *out)
{
    json_auto_t *json = json_parse_or_null(buf_text(body), body->size);

    buf_clear(out);
    if (json == NULL) {
        add_plain(out, body);
        return;
    }
    add_entries(out, json_object_get(json, "errors"));
    if (out->size == 0)
        add_text(out, "", json_string_value(json_object_get(json, "message")), "");
    if (out->size == 0)
        add_text(out, "", json_string_value(json_object_get(json, "error")), "");
}

bool registry_error_has_code(const struct buf *body, const char *code)
{
    json_auto_t *json = json_parse_or_null(buf_text(body), body->size);
    size_t i;
    json_t *entry;

    json_array_foreach(json_object_get(json, "errors"), i, entry)
    {
        const char *found = json_string_value(json_object_get(entry, "code"));
        if (found != NULL && strcmp(found, code) == 0)
            return true;
    }
    return false;
}

bool registry_status_is_transient(int status)
{
    return status == 408 || status == 429 || (status >= 500 && status != 501 && status != 505);
}

static enum error_kind kind_of_status(int status)
{
    if (status == 401 || status == 403)
        return ERROR_DENIED;
    if (status == 404 || status == 410)
        return ERROR_NOT_FOUND;
    return registry_status_is_transient(status) ? ERROR_UNREACHABLE : ERROR_UNSUPPORTED;
}

int registry_refuse(const struct http_response *response, struct error *err)
{
    CLEANUP(buf) struct buf words = BUF_INIT;
    enum error_kind kind = kind_of_status(response->status);

    registry_error_words(&response->body, &words);
    if (kind == ERROR_UNSUPPORTED && registry_error_has_code(&response->body, "DIGEST_INVALID"))
        kind = ERROR_CORRUPT; /* other bytes have arrived than were sent */
    if (words.size == 0)
        return error_set(err, kind, "the registry answers with status %d", response->status);
    return error_set(err, kind, "the registry says '%s' (status %d)", buf_text(&words),
                     response->status);
}

int registry_refuse_body(const struct http_response *response, uint64_t size, struct error *err)
{
    registry_refuse(response, err);
    if (response->status != 413)
        return -1;
    return error_wrap(err, "a body of %s is too large for the registry or for a proxy before it",
                      text_format_size(size).text);
}
