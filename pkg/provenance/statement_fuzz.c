#include "provenance/provenance.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever a registry has as a statement: each file has a path that can be one in an image. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(statement) struct statement statement = STATEMENT_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;

    buf_add(&bytes, data, size);
    if (statement_parse(&bytes, &statement, &err) < 0)
        return 0;
    if (statement.subject_count == 0)
        abort();
    for (size_t i = 0; i < statement.model_count; i++)
        for (size_t k = 0; k < statement.models[i].plan.count; k++)
            if (plan_check_path(statement.models[i].plan.files[k].path, &err) < 0)
                abort();
    return 0;
}
