#include "pickle/pickle_internal.h"

#include <string.h>

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

/* How a line begins, by the verdict; then what else there is. */
static const char *const prefixes[] = {
    [PICKLE_KNOWN] = "known ",
    [PICKLE_UNKNOWN] = "unknown ",
    [PICKLE_DANGEROUS] = "dangerous ",
};
#define RUNS_CODE "runs code"
#define RUNS_NOTHING "runs nothing"
#define UNREAD "unread "

char *pickle_findings_save(const struct pickle_findings *findings)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    buf_addf(&text, "%s\n", findings->runs_code ? RUNS_CODE : RUNS_NOTHING);
    for (size_t i = 0; i < findings->count; i++)
        buf_addf(&text, "%s%s\n", prefixes[findings->imports[i].verdict],
                 findings->imports[i].name);
    if (findings->unread != NULL)
        buf_addf(&text, UNREAD "%s\n", findings->unread);
    buf_add_text(&text, "end\n");
    return buf_take(&text);
}

static bool parse_line(const char *line, struct pickle_findings *out)
{
    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
        if (!text_starts_with(line, prefixes[i]))
            continue;
        if (out->count == PICKLE_IMPORTS_MAX)
            return false;
        out->imports = xrealloc(out->imports, out->count + 1, sizeof(*out->imports));
        out->imports[out->count++] =
            (struct pickle_import){xstrdup(line + strlen(prefixes[i])), (enum pickle_verdict)i};
        return true;
    }
    if (out->unread != NULL || !text_starts_with(line, UNREAD))
        return false;
    out->unread = xstrdup(line + strlen(UNREAD));
    return true;
}

bool pickle_findings_parse(const char *text, struct pickle_findings *out)
{
    CLEANUP(pickle_findings) struct pickle_findings findings = PICKLE_FINDINGS_INIT;

    findings.runs_code = text_starts_with(text, RUNS_CODE "\n");
    if (!findings.runs_code && !text_starts_with(text, RUNS_NOTHING "\n"))
        return false;
    for (const char *at = strchr(text, '\n') + 1; strcmp(at, "end\n") != 0;) {
        size_t size = strcspn(at, "\n");
        CLEANUP(text) char *line = xstrndup(at, size);
        text_mask(line);
        if (at[size] == '\0' || !parse_line(line, &findings))
            return false;
        at += size + 1;
    }
    *out = findings;
    findings = (struct pickle_findings)PICKLE_FINDINGS_INIT;
    return true;
}
