#include "pickle/pickle_internal.h"

/* So many names are told, the worst first. */
#define SHOWN_MAX 8

void pickle_findings_release(struct pickle_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        free(findings->imports[i].name);
    free(findings->imports);
    free(findings->unread);
    *findings = (struct pickle_findings)PICKLE_FINDINGS_INIT;
}

enum pickle_verdict pickle_findings_verdict(const struct pickle_findings *findings)
{
    enum pickle_verdict worst = findings->unread != NULL ? PICKLE_UNKNOWN : PICKLE_KNOWN;

    for (size_t i = 0; i < findings->count; i++)
        if (findings->imports[i].verdict > worst)
            worst = findings->imports[i].verdict;
    return worst;
}

static void add_imports(const struct pickle_findings *findings, enum pickle_verdict verdict,
                        const char *words, struct buf *out)
{
    size_t count = 0;

    for (size_t i = 0; i < findings->count; i++) {
        if (findings->imports[i].verdict != verdict)
            continue;
        if (count < SHOWN_MAX)
            buf_addf(out, "%s%s", count > 0 ? ", " : (out->size > 0 ? " and " : "imports "),
                     findings->imports[i].name);
        count++;
    }
    if (count > SHOWN_MAX)
        buf_addf(out, " and %zu more", count - SHOWN_MAX);
    if (count > 0)
        buf_addf(out, " (%s)", words);
}

char *pickle_findings_format(const struct pickle_findings *findings)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    add_imports(findings, PICKLE_DANGEROUS, "dangerous", &text);
    add_imports(findings, PICKLE_UNKNOWN, "not known", &text);
    if (text.size == 0 && findings->unread == NULL)
        buf_add_text(&text, "imports nothing but what is known of checkpoints");
    if (findings->unread != NULL)
        buf_addf(&text, "%snot all of it is looked at: %s", text.size > 0 ? "; " : "",
                 findings->unread);
    return buf_take(&text);
}
