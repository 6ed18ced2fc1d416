#include "run_options.h"

#include "configuration.h"
#include "outputs.h"

int run_options(const struct command_context *context, struct options *options, struct error *err)
{
    CLEANUP(settings) struct settings settings = SETTINGS_INIT;

    if (configuration_add(&settings, options, err) < 0 || outputs_check(options, err) < 0)
        return -1;
    return options->command->run(context, options, err);
}
