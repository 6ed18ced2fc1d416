#include "companion/companion.h"

#include <stdint.h>
#include <string.h>

/* Small files as anybody may have written them: what they name can be asked for and written down.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool has_control(const char *text)
{
    CLEANUP(text) char *masked = xstrdup(text);

    text_mask(masked);
    return strcmp(masked, text) != 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {
        "a/config.json",         "adapter_config.json",      "config.json",
        "config.yaml",           "gliner_config.json",       "model.bin",
        "model_index.json",      "modular_model_index.json", "modules.json",
        "open_clip_config.json", "tokenizer_config.json"};
    CLEANUP(plan_contents) struct plan_contents contents = PLAN_CONTENTS_INIT;
    CLEANUP(strings) struct strings files = STRINGS_INIT;
    CLEANUP(companions) struct companions found = COMPANIONS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        strings_add(&files, names[i]);
        plan_contents_add(&contents, names[i], data, size);
    }
    if (companions_find("acme/model", &contents, &files, &found, &err) < 0)
        return err.kind == ERROR_UNSUPPORTED ? 0 : (abort(), 0);
    for (size_t i = 0; i < found.count; i++) {
        const struct companion *companion = &found.items[i];
        if (origin_check_hub_name(companion->origin.name, &err) < 0 ||
            companion->origin.revision == NULL || has_control(companion->key))
            abort();
    }
    for (size_t i = 0; i < found.notes.count; i++)
        if (has_control(found.notes.items[i]))
            abort();
    return 0;
}
