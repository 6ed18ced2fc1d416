#include "source/source_internal.h"

#include "core/text.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Status, then headers and body, each up to a NUL: whatever a server says, a line comes of it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"X-Error-Code", "X-Error-Message", "X-Request-Id",
                                        "Content-Type"};
    static char token[] = "hf_x";
    static char id[] = "tiny";
    static char revision[] = "main";
    static char url[] = "https://hub.example/api?secret";
    const struct origin model = {.kind = ORIGIN_HUB_MODEL, .name = id, .revision = revision};
    const struct hub_question question = {"https://hub.example", &model, "f", token, NULL, false};
    struct http_header headers[ARRAY_SIZE(names)];
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *text = xcalloc(size + ARRAY_SIZE(names) + 2, 1);
    char *at = text + 1;

    memcpy(text, data, size);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        CLEANUP(text) char *name = xstrdup(names[i]);
        headers[i] = (struct http_header){TAKE(name), at};
        at += at < text + size ? strlen(at) + 1 : 0;
    }
    size_t body_size = at < text + size ? (size_t)(text + size - at) : 0;
    const struct http_response response = {
        .status = 300 + (unsigned char)text[0],
        .headers = headers,
        .header_count = ARRAY_SIZE(names),
        .body = {at, body_size, body_size + 1},
        .url = url,
    };
    if (hub_refusal(&question, &response, &err) != -1 || err.kind == ERROR_NONE ||
        strlen(err.text) > 2000 || strstr(err.text, token) != NULL || !text_is_utf8(err.text))
        abort();
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        free(headers[i].name);
    return 0;
}
