#include "core/text.h"
#include "plan/origin.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A name that is accepted can stand in a URL and in a path, and survives being written down. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(origin) struct origin model = ORIGIN_INIT;
    CLEANUP(origin) struct origin again = ORIGIN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *text = xcalloc(size + 1, 1);

    memcpy(text, data, size);
    if (origin_parse(text, &model, &err) < 0) {
        if (err.kind != ERROR_USAGE || model.name != NULL)
            abort();
        return 0;
    }
    if (model.revision != NULL &&
        (strstr(model.name, "..") != NULL || strstr(model.revision, "..") != NULL ||
         model.revision[0] == '/' || strstr(model.revision, "/.") != NULL ||
         !text_is_utf8(model.revision)))
        abort();
    if (origin_traits(model.kind)->grammar == GRAMMAR_URL) /* of which people are shown less */
        return 0;
    CLEANUP(text) char *formatted = origin_format(&model);
    if (origin_parse(formatted, &again, &err) < 0 || again.kind != model.kind ||
        strcmp(again.name, model.name) != 0 ||
        (model.revision != NULL && strcmp(again.revision, model.revision) != 0))
        abort();
    return 0;
}
