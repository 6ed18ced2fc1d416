#include "scan/scan_internal.h"

#include <string.h>

/*
 * Variables of the image that look as if they named a model. Who reads them is not known here: they
 * are guesses, unless something else has found the same.
 */

bool scan_names_model(const char *name)
{
    static const char *const words[] = {
        "model",    "model_id",  "model_name", "model_path", "model_repo",
        "repo_id",  "hf_repo",   "hf_repo_id", "embedder",   "embeddings",
        "reranker", "tokenizer", "embedding",  "checkpoint", "model_name_or_path"};
    size_t size = strlen(name);

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        size_t length = strlen(words[i]);
        if (size < length || !text_equal_fold(name + size - length, words[i]))
            continue;
        char before = (char)(size > length ? name[size - length - 1] : '_');
        if (before == '_' || before == '-' || before == '.' ||
            (before >= 'a' && before <= 'z' && name[size - length] == 'M')) /* embeddingModel */
            return true;
    }
    return false;
}

void scan_environment(struct scan *scan)
{
    const struct strings *environment = &scan->application->environment;

    for (size_t i = 0; i < environment->count; i++) {
        CLEANUP(scan_finding) struct scan_finding finding = SCAN_FINDING_INIT;
        const char *text = environment->items[i];
        const char *equals = strchr(text, '=');
        if (equals == NULL)
            continue;
        CLEANUP(text) char *name = xstrndup(text, (size_t)(equals - text));
        if (!scan_names_model(name) || !scan_looks_like_model(equals + 1) ||
            scan_is_local(scan, NULL, equals + 1) || scan_has_model(scan->out, equals + 1))
            continue;
        finding.model = xstrdup(equals + 1);
        finding.loader = xstrdup("");
        finding.reason = xasprintf("the variable %s looks as if it named a model", name);
        const char *dockerfile = scan->application->dockerfile;
        strings_addf(&finding.places, "%s%sENV %s", dockerfile != NULL ? dockerfile : "",
                     dockerfile != NULL ? ": " : "", name);
        scan_add_finding(scan->out, &finding);
    }
}
