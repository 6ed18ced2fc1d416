#include "python/python.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Source and notebooks: a call has a name, and a value that is known has what its kind says. */
static void check(const struct python_file *file)
{
    for (size_t i = 0; i < file->call_count; i++) {
        const struct python_call *call = &file->calls[i];
        if (call->name == NULL || call->line == 0)
            abort();
        for (size_t j = 0; j < call->argument_count; j++) {
            const struct python_value *value = &call->arguments[j].value;
            if (value->source == NULL || (value->kind == PYTHON_TEXT && value->text == NULL) ||
                (value->kind == PYTHON_VARIABLE && value->variable == NULL))
                abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(python_file) struct python_file source = PYTHON_FILE_INIT;
    CLEANUP(python_file) struct python_file notebook = PYTHON_FILE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (python_read((const char *)data, size, &source, &err) == 0)
        check(&source);
    if (python_read_notebook((const char *)data, size, &notebook, &err) == 0)
        check(&notebook);
    return 0;
}
