#include "auth/auth_internal.h"

#include "core/text.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One for all inputs; only token_format_url() asks it, and nothing is sent. */
static struct http *shared_http(void)
{
    static struct http *http;

    if (http == NULL)
        http = http_new(&(struct http_options){.user_agent = "inlay/test"});
    return http;
}

/* A WWW-Authenticate value, and the token URL that a Bearer challenge of it leads to. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const scopes[] = {"repository:a/b:pull,push", NULL};
    CLEANUP(text) char *value = xstrndup((const char *)data, size);
    struct auth_challenge *challenges = NULL;
    size_t count = 0;

    auth_challenges_parse(value, &challenges, &count);
    for (size_t i = 0; i < count; i++) {
        CLEANUP(buf) struct buf url = BUF_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        struct token_request request = {
            .http = shared_http(),
            .registry = "https://registry.example",
            .realm = challenges[i].realm,
            .service = challenges[i].service,
            .asked = challenges[i].scope,
            .scopes = scopes,
        };
        if (*challenges[i].scheme == '\0')
            __builtin_trap();
        if (challenges[i].realm != NULL && token_format_url(&request, &url, &err) == 0 &&
            !text_starts_with(buf_text(&url), "https://"))
            __builtin_trap();
    }
    auth_challenges_free(challenges, count);
    return 0;
}
