#include "settings/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * What is taken is one line each, and only a list has several; paths are absolute; what is wrong is
 * not taken.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(settings) struct settings settings = SETTINGS_INIT;

    settings_parse((const char *)data, size, &settings);
    for (size_t i = 0; i < settings.problem_count; i++)
        if (settings.problems[i].row < SETTING_ROWS_MAX &&
            settings.values[settings.problems[i].row].texts.count > 0)
            abort();
    for (size_t i = 0; setting_rows[i].name != NULL; i++) {
        const struct setting_value *value = &settings.values[i];
        if (value->texts.count > 1 && setting_rows[i].form != SETTING_TEXTS)
            abort();
        if (value->texts.count > 0 && value->origin != SETTING_FILE)
            abort();
        for (size_t j = 0; j < value->texts.count; j++)
            if (!text_is_one_line(value->texts.items[j]) ||
                (setting_rows[i].form == SETTING_PATH && value->texts.items[j][0] != '/'))
                abort();
    }
    return 0;
}
