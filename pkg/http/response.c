#include "http/http_internal.h"

#include "core/text.h"

#include <string.h>

#define WORDS_LIMIT 300

const char *http_response_header(const struct http_response *response, const char *name)
{
    for (size_t i = 0; i < response->header_count; i++)
        if (text_equal_fold(response->headers[i].name, name))
            return response->headers[i].value;
    return NULL;
}

static bool is_blank(char character)
{
    return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

/* The text without blanks around it; the caller frees it. */
static char *copy_trimmed(const char *text, size_t size)
{
    while (size > 0 && is_blank(text[size - 1]))
        size--;
    while (size > 0 && is_blank(*text)) {
        text++;
        size--;
    }
    return xstrndup(text, size);
}

void http_response_add_header(struct http_response *response, const char *line, size_t size)
{
    if (is_blank(*line) && response->header_count > 0) { /* obsolete folding, RFC 9112, 5.2 */
        struct http_header *last = &response->headers[response->header_count - 1];
        CLEANUP(text) char *more = copy_trimmed(line, size);
        char *value = xasprintf("%s %s", last->value, more);
        free(last->value);
        last->value = value;
        return;
    }
    const char *colon = memchr(line, ':', size);
    if (colon == NULL || colon == line)
        return;
    size_t name_size = (size_t)(colon - line);
    response->headers =
        xrealloc(response->headers, response->header_count + 1, sizeof(struct http_header));
    response->headers[response->header_count++] = (struct http_header){
        .name = copy_trimmed(line, name_size),
        .value = copy_trimmed(colon + 1, size - name_size - 1),
    };
}

static void mask_text(char **text, struct secrets *secrets)
{
    CLEANUP(buf) struct buf masked = BUF_INIT;

    secrets_mask(secrets, *text, strlen(*text), &masked);
    free(*text);
    *text = buf_take(&masked);
}

void http_response_mask(struct http_response *response, struct secrets *secrets)
{
    CLEANUP(buf) struct buf body = BUF_INIT;

    if (secrets == NULL || response->status < 400)
        return;
    secrets_mask(secrets, buf_text(&response->body), response->body.size, &body);
    buf_release(&response->body);
    response->body = body;
    body = (struct buf)BUF_INIT;
    for (size_t i = 0; i < response->header_count; i++)
        if (!text_equal_fold(response->headers[i].name, "Location") &&
            !text_equal_fold(response->headers[i].name, "WWW-Authenticate"))
            mask_text(&response->headers[i].value, secrets);
}

void http_response_drop_header(struct http_response *response, const char *name)
{
    size_t kept = 0;

    for (size_t i = 0; i < response->header_count; i++) {
        if (text_equal_fold(response->headers[i].name, name)) {
            free(response->headers[i].name);
            free(response->headers[i].value);
            continue;
        }
        response->headers[kept++] = response->headers[i];
    }
    response->header_count = kept;
}

void http_response_release(struct http_response *response)
{
    for (size_t i = 0; i < response->header_count; i++) {
        free(response->headers[i].name);
        free(response->headers[i].value);
    }
    free(response->headers);
    buf_release(&response->body);
    free(response->url);
    *response = (struct http_response)HTTP_RESPONSE_INIT;
}

bool http_method_is_safe(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

bool http_status_is_success(int status)
{
    return status >= 200 && status < 300;
}

bool http_status_is_transient(int status)
{
    return status == 408 || status == 429 || (status >= 500 && status != 501 && status != 505);
}

bool http_status_is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Appends a JSON string's content, from behind its opening quote. */
static void add_json_string(struct buf *out, const char *at, const char *end)
{
    while (at < end && *at != '"') {
        if (*at != '\\' || end - at < 2) {
            buf_add(out, at++, 1);
            continue;
        }
        bool letter = strchr("bfnrt", at[1]) != NULL;
        bool code = at[1] == 'u';
        buf_add(out, code ? "?" : letter ? " " : &at[1], 1);
        at += code && end - at >= 6 ? 6 : 2;
    }
}

/* Appends the first string member called `name` in a JSON text, wherever it stands. */
static bool add_json_member(struct buf *out, const struct buf *body, const char *name)
{
    CLEANUP(text) char *key = xasprintf("\"%s\"", name);
    const char *end = body->data + body->size;
    size_t key_size = strlen(key);
    const char *at = body->data;

    while ((at = memmem(at, (size_t)(end - at), key, key_size)) != NULL) {
        at += key_size;
        while (at < end && is_blank(*at))
            at++;
        if (at == end || *at != ':')
            continue;
        at++;
        while (at < end && (is_blank(*at) || *at == '['))
            at++;
        if (at == end || *at != '"' || end - at < 2 || at[1] == '"')
            continue;
        add_json_string(out, at + 1, end);
        return true;
    }
    return false;
}

static bool add_json_words(struct buf *out, const struct buf *body)
{
    CLEANUP(buf) struct buf code = BUF_INIT;
    CLEANUP(buf) struct buf message = BUF_INIT;

    bool coded = add_json_member(&code, body, "code");
    bool said = add_json_member(&message, body, "message") ||
                add_json_member(&message, body, "error_description") ||
                add_json_member(&message, body, "error");
    if (!coded && !said)
        return false;
    buf_addf(out, "%s%s%s", buf_text(&code), coded && said ? ": " : "", buf_text(&message));
    return true;
}

static bool body_is_text(const struct http_response *response)
{
    const char *type = http_response_header(response, "Content-Type");

    if (type != NULL && strncasecmp(type, "text/plain", 10) != 0 &&
        strncasecmp(type, "application/json", 16) != 0)
        return false;
    return memchr(response->body.data, '\0', response->body.size) == NULL &&
           memchr(response->body.data, '<', response->body.size) == NULL;
}

/* Cuts to WORDS_LIMIT bytes at a character's border, and strips line ends. */
static bool tidy_words(struct buf *words)
{
    size_t size = words->size;

    if (size > WORDS_LIMIT)
        for (size = WORDS_LIMIT; size > 0 && (words->data[size] & 0xc0) == 0x80;)
            size--;
    CLEANUP(text) char *text = copy_trimmed(buf_text(words), size);
    for (char *at = text; *at != '\0'; at++)
        if (is_blank(*at))
            *at = ' ';
    buf_clear(words);
    if (*text == '\0' || !text_is_utf8(text))
        return false;
    buf_add_text(words, text);
    return true;
}

bool http_response_find_words(const struct http_response *response, struct buf *out)
{
    const char *message = http_response_header(response, "X-Error-Message");

    if (message != NULL && *message != '\0') {
        buf_add_text(out, message);
        return tidy_words(out);
    }
    const struct buf *body = &response->body;
    size_t start = 0;
    while (start < body->size && is_blank(body->data[start]))
        start++;
    if (start == body->size)
        return false;
    if (body->data[start] == '{' || body->data[start] == '[')
        return add_json_words(out, body) && tidy_words(out);
    if (!body_is_text(response))
        return false;
    buf_add(out, body->data + start, body->size - start);
    return tidy_words(out);
}

static enum error_kind status_kind(int status)
{
    if (status == 401 || status == 403)
        return ERROR_DENIED;
    if (status == 404 || status == 410)
        return ERROR_NOT_FOUND;
    return http_status_is_transient(status) ? ERROR_UNREACHABLE : ERROR_UNSUPPORTED;
}

static bool status_is_expected(const int *expect, int status)
{
    if (expect == NULL)
        return true;
    while (*expect != 0 && *expect != status)
        expect++;
    return *expect != 0;
}

int http_check(const struct http_request *request, const struct http_response *response,
               struct error *err)
{
    CLEANUP(buf) struct buf words = BUF_INIT;
    CLEANUP(text) char *detour = NULL;

    if (status_is_expected(request->expect, response->status))
        return 0;
    CLEANUP(text) char *url = text_display_url(request->url);
    if (response->url != NULL && !http_same_origin(request->url, response->url)) {
        CLEANUP(text) char *authority = url_format_authority(response->url);
        detour = xasprintf(" by '%s'", authority);
    }
    const char *by = detour != NULL ? detour : "";
    enum error_kind kind = status_kind(response->status);
    if (http_response_find_words(response, &words))
        return error_set(err, kind, "%s '%s' was answered%s with status %d: '%s'", request->method,
                         url, by, response->status, buf_text(&words));
    return error_set(err, kind, "%s '%s' was answered%s with status %d", request->method, url, by,
                     response->status);
}
