#include "source/source_internal.h"

#include "core/text.h"

#include <jansson.h>
#include <string.h>

#define FLAGS_LIMIT ((size_t)(4 * MIB))
/* More files are not named. */
#define FLAGS_MAX 1000
#define LEVEL_MAX 40

static void add_flag(const json_t *issue, struct strings *out)
{
    const char *path = json_string_value(json_object_get(issue, "path"));
    const char *level = json_string_value(json_object_get(issue, "level"));

    if (path == NULL || level == NULL || !text_is_one_line(level) || strlen(level) > LEVEL_MAX ||
        out->count == FLAGS_MAX)
        return;
    CLEANUP(text) char *flag = xasprintf("'%s' is %s", path, level);
    text_mask(flag);
    strings_add(out, flag);
}

int hub_flags_parse(const void *data, size_t size, struct strings *out, struct error *err)
{
    json_auto_t *document = NULL;
    const json_t *issue;
    size_t i;

    if (json_parse(data, size, &page_rules, &document, err) < 0)
        return -1;
    const json_t *status = json_object_get(document, "securityRepoStatus");
    json_array_foreach(json_object_get(status, "filesWithIssues"), i, issue)
    {
        add_flag(issue, out);
    }
    return 0;
}

int huggingface_read_flags(struct source *source, const struct plan *plan, struct strings *out,
                           struct error *err)
{
    const struct huggingface *hub = CONTAINER_OF(source, struct huggingface, base);
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(text)
    char *url = xasprintf("%s/api/%s/%s/revision/%s?securityStatus=true", hub->endpoint,
                          hub_type_folder(hub->model.kind), hub->model.name, plan->pin);
    const struct http_request request = {
        .method = "GET",
        .url = url,
        .peer = "the hub",
        .authorization = hub->authorization,
        .accept = "application/json",
        .body_limit = FLAGS_LIMIT,
        .expect = HTTP_EXPECT(200),
        .no_retry = true,
    };

    if (http_send(hub->http, &request, &response, err) < 0)
        return -1;
    return hub_flags_parse(response.body.data, response.body.size, out, err);
}
