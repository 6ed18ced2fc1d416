#include "layout/layout_internal.h"

#include <string.h>

static const struct layout *const layouts[] = {
    &layout_huggingface,
    &layout_sentence_transformers,
    &layout_dir,
    NULL,
};

const struct layout *const *layout_all(void)
{
    return layouts;
}

const struct layout *layout_find(const char *name)
{
    if (name == NULL)
        return layouts[0];
    for (size_t i = 0; layouts[i] != NULL; i++)
        if (strcmp(layouts[i]->name, name) == 0)
            return layouts[i];
    return NULL;
}

const char *home_variable(const struct home *home, const char *name)
{
    size_t size = strlen(name);
    const char *value = NULL;

    for (size_t i = 0; home->environment != NULL && home->environment[i] != NULL; i++)
        if (strncmp(home->environment[i], name, size) == 0 && home->environment[i][size] == '=')
            value = home->environment[i] + size + 1;
    return value;
}
