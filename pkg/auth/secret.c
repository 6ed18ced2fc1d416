#include "auth/auth_internal.h"

#include "core/clock.h"

#include <string.h>

/* Shorter ones are words that may stand anywhere. */
#define SECRET_SIZE_MIN 4

time_t auth_now_s(void)
{
    return (time_t)(clock_ms() / 1000);
}

const char *auth_variable(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && *value != '\0' ? value : NULL;
}

void secret_mask(struct error *err, const char *secret)
{
    size_t size = secret != NULL ? strlen(secret) : 0;
    CLEANUP(buf) struct buf text = BUF_INIT;

    if (err->text == NULL || size < SECRET_SIZE_MIN || strstr(err->text, secret) == NULL)
        return;
    for (const char *at = err->text; *at != '\0';) {
        bool found = strncmp(at, secret, size) == 0;
        buf_add(&text, found ? "…" : at, found ? strlen("…") : 1);
        at += found ? size : 1;
    }
    explicit_bzero(err->text, strlen(err->text));
    free(err->text);
    err->text = buf_take(&text);
}
