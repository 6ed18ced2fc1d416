#include "core/text.h"
#include "source/source.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A name that is accepted can stand in a URL and in a path, and survives being written down. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(model_reference) struct model_reference model = MODEL_REFERENCE_INIT;
    CLEANUP(model_reference) struct model_reference again = MODEL_REFERENCE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *text = xcalloc(size + 1, 1);

    memcpy(text, data, size);
    if (model_reference_parse(text, &model, &err) < 0) {
        if (err.kind != ERROR_USAGE || model.id != NULL)
            abort();
        return 0;
    }
    if (strstr(model.id, "..") != NULL || strstr(model.revision, "..") != NULL ||
        model.revision[0] == '/' || strstr(model.revision, "/.") != NULL ||
        !text_is_utf8(model.revision))
        abort();
    CLEANUP(text) char *formatted = model_reference_format(&model);
    if (model_reference_parse(formatted, &again, &err) < 0 || again.type != model.type ||
        strcmp(again.id, model.id) != 0 || strcmp(again.revision, model.revision) != 0)
        abort();
    return 0;
}
