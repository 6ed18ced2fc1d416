#include "http/http_internal.h"

#include <string.h>

#define STATUS_BAD_REQUEST 400

/* Does a server that is no TLS server in disguise answer at this origin? */
static int ping(struct http *http, const char *origin, const char *path, bool *out,
                struct error *err)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(text) char *url = xasprintf("%s%s", origin, path);
    struct http_request request = {
        .method = "GET",
        .url = url,
        .keep_redirect = true,
        .no_retry = true,
    };

    if (http_send(http, &request, &response, err) < 0)
        return -1;
    *out = response.status != STATUS_BAD_REQUEST; /* what TLS servers say to plain http */
    return 0;
}

/* The words about https stay in `err`, unless there is more to say. */
static int try_plain(struct http *http, const char *plain, const char *path, bool *out,
                     struct error *err)
{
    CLEANUP(error) struct error why = ERROR_INIT;

    if (ping(http, plain, path, out, &why) == 0)
        return 0;
    if (why.kind == ERROR_CANCELED)
        return error_move(err, &why);
    if (err->kind == ERROR_UNSUPPORTED && why.kind == ERROR_UNREACHABLE) {
        CLEANUP(text) char *first = xstrdup(err->text); /* is half of it */
        error_set(err, err->kind, "%s; and in plain http: %s", first, why.text);
    }
    return -1;
}

/*
 * With a port given, both are asked at the same one, so that an answer in plain http proves that
 * there is no TLS; without, the ports differ, and only a server that cannot be talked to at all
 * makes room for http.
 */
int http_find_origin(struct http *http, const char *host, const char *path, char **out,
                     struct error *err)
{
    CLEANUP(text) char *secure = xasprintf("https://%s", host);
    CLEANUP(text) char *plain = xasprintf("http://%s", host);
    const char *bracket = strchr(host, ']');
    bool has_port = strchr(bracket != NULL ? bracket : host, ':') != NULL;
    bool is_there = false;

    if (ping(http, secure, path, &is_there, err) == 0) {
        *out = TAKE(secure);
        return 0;
    }
    if (err->kind != ERROR_UNREACHABLE && !(has_port && err->kind == ERROR_UNSUPPORTED))
        return -1;
    if (try_plain(http, plain, path, &is_there, err) < 0 || !is_there)
        return -1;
    log_debug(http->log, "'%s' does not answer in https; using http, which is allowed for it",
              host);
    error_release(err);
    *out = TAKE(plain);
    return 0;
}
