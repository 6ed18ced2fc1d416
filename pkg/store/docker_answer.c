#include "store/archive_internal.h"

#include "json/parse.h"

#include <string.h>

char *docker_engine_message(const struct http_response *response)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* then it is plain text */
    json_auto_t *json = NULL;

    if (json_from_buf(&response->body, "the answer", &json, &ignored) < 0)
        return NULL;
    return text_copy(json_string_value(json_object_get(json, "message")));
}

int docker_engine_refuse(const char *host, const struct http_response *response, const char *what,
                         struct error *err)
{
    CLEANUP(text) char *message = docker_engine_message(response);
    CLEANUP(buf) struct buf plain = BUF_INIT;
    const char *words = message;

    registry_error_words(&response->body, &plain);
    if (words == NULL && plain.size > 0)
        words = buf_text(&plain);
    return error_set(err, response->status == 404 ? ERROR_NOT_FOUND : ERROR_UNSUPPORTED,
                     "the engine at '%s' does not %s (status %d)%s%s", host, what, response->status,
                     words != NULL ? ": " : "", words != NULL ? words : "");
}

int docker_engine_has_config(const struct buf *answer, const struct digest *config, bool *out,
                             struct error *err)
{
    json_auto_t *json = NULL;

    if (json_from_buf(answer, "the answer", &json, err) < 0)
        return -1;
    const char *id = json_string_value(json_object_get(json, "Id"));
    *out = id != NULL && text_ends_with(id, digest_format_hex(config).text);
    return 0;
}

/*
 * The answer to a load is a stream of JSON objects, with status 200 whatever happens; one with
 * "error" says that it did not work.
 */
int docker_load_check(const struct buf *answer, const struct log *log, struct error *err)
{
    const char *at = buf_text(answer);
    size_t left = answer->size;
    CLEANUP(error) struct error ignored = ERROR_INIT;
    size_t used = 0;

    while (left > 0) {
        json_auto_t *json = NULL;
        if (json_parse_first(at, left, &json, &used, &ignored) < 0)
            return 0; /* blanks, or plain text as engines before 1.23 have it */
        const char *words = json_string_value(json_object_get(json, "error"));
        if (words == NULL)
            words =
                json_string_value(json_object_get(json_object_get(json, "errorDetail"), "message"));
        if (words != NULL)
            return error_set(err, ERROR_UNSUPPORTED, "it does not load the image: %s", words);
        words = json_string_value(json_object_get(json, "stream"));
        if (words != NULL) /* the name, which is podman's localhost/app where Docker's is app */
            log_debug(log, "the engine says '%.*s'", (int)strcspn(words, "\r\n"), words);
        at += used;
        left -= used;
    }
    return 0;
}
