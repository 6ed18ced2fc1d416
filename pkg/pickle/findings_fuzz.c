#include "core/text.h"
#include "pickle/pickle.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* Whatever a process tells or a note has: lines that can be printed, and the same once more. */
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    CLEANUP(text) char *text = xstrndup((const char *)data, size);
    CLEANUP(pickle_findings) struct pickle_findings findings = PICKLE_FINDINGS_INIT;
    CLEANUP(pickle_findings) struct pickle_findings again = PICKLE_FINDINGS_INIT;

    if (!pickle_findings_parse(text, &findings)) {
        if (findings.count > 0 || findings.unread != NULL)
            abort();
        return 0;
    }
    CLEANUP(text) char *shown = pickle_findings_format(&findings);
    CLEANUP(text) char *first = pickle_findings_save(&findings);
    if (!text_is_one_line(shown) || !pickle_findings_parse(first, &again))
        abort();
    CLEANUP(text) char *second = pickle_findings_save(&again);
    if (strcmp(first, second) != 0)
        abort();
    return 0;
}
