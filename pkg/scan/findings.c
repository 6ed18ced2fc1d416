#include "scan/scan_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void scan_finding_release(struct scan_finding *finding)
{
    free(finding->model);
    free(finding->layout);
    free(finding->path);
    free(finding->weights);
    strings_release(&finding->include);
    strings_release(&finding->optional);
    free(finding->loader);
    free(finding->version);
    strings_release(&finding->places);
    free(finding->reason);
    *finding = (struct scan_finding)SCAN_FINDING_INIT;
}

void scan_findings_release(struct scan_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        scan_finding_release(&findings->items[i]);
    free(findings->items);
    strings_release(&findings->unresolved);
    strings_release(&findings->skipped);
    strings_release(&findings->asking);
    strings_release(&findings->notes);
    *findings = (struct scan_findings)SCAN_FINDINGS_INIT;
}

#define ALL_FILES "*"
#define LINES_MAX 200 /* of one kind; more help nobody */

/* NULL before any text. */
static int compare_texts(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "");
}

static void swap_texts(char **a, char **b)
{
    char *kept = *a;

    *a = *b;
    *b = kept;
}

/* Who is sure tells how it is known. */
static void take_word_of(struct scan_finding *to, struct scan_finding *from)
{
    swap_texts(&to->loader, &from->loader);
    swap_texts(&to->version, &from->version);
    swap_texts(&to->reason, &from->reason);
    to->sure = true;
}

static void swap_lists(struct strings *a, struct strings *b)
{
    struct strings kept = *a;

    *a = *b;
    *b = kept;
}

static void take_files_of(struct scan_finding *to, struct scan_finding *from)
{
    swap_texts(&to->weights, &from->weights);
    swap_lists(&to->include, &from->include);
    swap_lists(&to->optional, &from->optional);
}

static bool takes_all(const struct scan_finding *finding)
{
    return finding->include.count == 1 && strcmp(finding->include.items[0], ALL_FILES) == 0;
}

static void take_all(struct scan_finding *finding)
{
    strings_release(&finding->include);
    strings_release(&finding->optional);
    free(finding->weights);
    finding->weights = NULL;
    strings_add(&finding->include, ALL_FILES);
}

/*
 * A guess does not say which files are read if somebody is sure. Where two that are alike want
 * different weights, both find theirs among all files.
 */
static void merge_files(struct scan_finding *to, struct scan_finding *from)
{
    if (to->sure && !from->sure)
        return;
    if (!to->sure && from->sure) {
        take_files_of(to, from);
        return;
    }
    if (takes_all(to) || takes_all(from) || compare_texts(to->weights, from->weights) != 0) {
        take_all(to);
        return;
    }
    if (to->include.count == 0 || from->include.count == 0) {
        strings_release(&to->include);
        strings_release(&to->optional);
        return;
    }
    strings_add_missing(&to->include, &from->include);
    strings_add_missing(&to->optional, &from->optional);
}

static void merge(struct scan_finding *to, struct scan_finding *from)
{
    merge_files(to, from);
    to->reads_torch = to->reads_torch && from->reads_torch;
    strings_add_missing(&to->places, &from->places);
    if (from->sure && !to->sure)
        take_word_of(to, from);
    scan_finding_release(from);
}

void scan_add_finding(struct scan_findings *out, struct scan_finding *finding)
{
    for (size_t i = 0; i < out->count; i++) {
        struct scan_finding *there = &out->items[i];
        if (strcmp(there->model, finding->model) == 0 &&
            compare_texts(there->layout, finding->layout) == 0 &&
            compare_texts(there->path, finding->path) == 0) {
            merge(there, finding);
            return;
        }
    }
    out->items = xrealloc(out->items, out->count + 1, sizeof(*out->items));
    out->items[out->count++] = *finding;
    *finding = (struct scan_finding)SCAN_FINDING_INIT;
}

static void PRINTF_FORMAT(2, 0) add_line(struct strings *to, const char *format, va_list arguments)
{
    char *line = NULL;

    if (to->count > LINES_MAX)
        return;
    if (to->count == LINES_MAX) {
        strings_add(to, "and more, which are not told");
        return;
    }
    if (vasprintf(&line, format, arguments) < 0)
        abort();
    text_mask(line);
    if (!strings_has(to, line))
        strings_add(to, line);
    free(line);
}

void scan_add_unresolved(struct scan_findings *out, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add_line(&out->unresolved, format, arguments);
    va_end(arguments);
}

void scan_add_skipped(struct scan_findings *out, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add_line(&out->skipped, format, arguments);
    va_end(arguments);
}

void scan_add_asking(struct scan_findings *out, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add_line(&out->asking, format, arguments);
    va_end(arguments);
}

void scan_add_note(struct scan_findings *out, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add_line(&out->notes, format, arguments);
    va_end(arguments);
}

bool scan_has_model(const struct scan_findings *out, const char *model)
{
    for (size_t i = 0; i < out->count; i++) {
        const char *there = out->items[i].model;
        size_t size = strcspn(there, "@");
        if (strlen(model) == size && strncmp(there, model, size) == 0)
            return true;
    }
    return false;
}

static int compare_findings(const void *left, const void *right)
{
    const struct scan_finding *a = left;
    const struct scan_finding *b = right;
    int order = strcmp(a->model, b->model);

    if (a->sure != b->sure)
        return a->sure ? -1 : 1;
    if (order == 0)
        order = compare_texts(a->layout, b->layout);
    return order != 0 ? order : compare_texts(a->path, b->path);
}

void scan_sort(struct scan_findings *out)
{
    if (out->count > 1)
        qsort(out->items, out->count, sizeof(*out->items), compare_findings);
}
