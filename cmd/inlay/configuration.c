#include "configuration.h"

#include <string.h>

static bool takes(const struct command *command, const char *option)
{
    /* How long a transfer may stand still is not how long an answer may take. */
    if (command->id == COMMAND_DOCTOR && strcmp(option, "timeout") == 0)
        return false;
    for (const struct option_row *row = option_rows; row->name != NULL; row++)
        if (strcmp(row->name, option) == 0 && (row->commands & command->id) != 0)
            return true;
    return false;
}

static bool takes_any(const struct command *command)
{
    for (const struct setting *row = setting_rows; row->name != NULL; row++)
        if (takes(command, row->option))
            return true;
    return false;
}

/* A complaint repeats the value, which may hold a password where none belongs. */
static void hide_secret(const struct setting *setting, const char *value, struct error *err)
{
    CLEANUP(text) char *shown = setting_display(value);

    if (strcmp(shown, value) != 0)
        error_set(err, ERROR_USAGE,
                  "--%s does not take '%s' with what stands before '@' or behind '?'; leave that "
                  "out",
                  setting->option, shown);
}

int configuration_check(const struct settings *settings, size_t row, struct options *options,
                        struct error *err)
{
    const struct setting_value *value = &settings->values[row];
    const struct setting *setting = &setting_rows[row];

    for (size_t i = 0; i < value->texts.count; i++) {
        if (options_add(options, setting->option, value->texts.items[i], err) == 0)
            continue;
        hide_secret(setting, value->texts.items[i], err);
        if (value->origin == SETTING_FILE)
            return error_wrap(err, "'%s' in '%s'", setting->name, settings->file);
        return error_wrap(err, "%s", value->from);
    }
    return 0;
}

/* Of what other commands go by: whoever asks how things are is told of that, too. */
static void check_others(struct settings *settings, const struct command *command)
{
    CLEANUP(options) struct options of_all = {.command = &config_command};

    for (size_t i = 0; setting_rows[i].name != NULL; i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        enum setting_origin origin = settings->values[i].origin;
        bool is_ours = origin == SETTING_FILE || origin == SETTING_VARIABLE;
        if (is_ours && !takes(command, setting_rows[i].option) &&
            configuration_check(settings, i, &of_all, &err) < 0)
            settings_add_problem(settings, i, &err);
    }
}

int configuration_add(struct settings *settings, struct options *options, struct error *err)
{
    bool goes_on = options->command->id == COMMAND_DOCTOR; /* and tells what is wrong */

    if (!takes_any(options->command))
        return 0;
    if (goes_on)
        settings_read_all(settings);
    else if (settings_read(settings, err) < 0)
        return -1;
    options->settings = settings;
    for (size_t i = 0; setting_rows[i].name != NULL; i++) {
        const struct setting_value *value = &settings->values[i];
        const char *option = setting_rows[i].option;
        bool is_ours = value->origin == SETTING_FILE || value->origin == SETTING_VARIABLE;
        if (!is_ours || !takes(options->command, option) || options_has(options, option) ||
            configuration_check(settings, i, options, err) == 0)
            continue;
        if (!goes_on)
            return -1;
        settings_add_problem(settings, i, err);
    }
    if (goes_on)
        check_others(settings, options->command);
    return 0;
}
