#include "project/project.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is taken is written, and taken again as the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(project) struct project project = PROJECT_INIT;
    CLEANUP(project) struct project again = PROJECT_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf input = BUF_INIT;
    CLEANUP(buf) struct buf once = BUF_INIT;
    CLEANUP(buf) struct buf twice = BUF_INIT;

    buf_add(&input, data, size);
    if (project_parse(buf_text(&input), size, &project, &err) < 0)
        return 0;
    project_format(&project, &once);
    if (project_parse(buf_text(&once), once.size, &again, &err) < 0)
        abort();
    project_format(&again, &twice);
    if (strcmp(buf_text(&once), buf_text(&twice)) != 0)
        abort();
    return 0;
}
