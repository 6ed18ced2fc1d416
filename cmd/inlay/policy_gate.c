#include "policy_gate.h"

#include "core/text.h"
#include "json.h"

#include <stdio.h>
#include <string.h>

/* What git shows of a commit. */
#define COMMIT_SHOWN 7

void policy_findings_release(struct policy_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        free(findings->items[i].model);
        free(findings->items[i].text);
    }
    free(findings->items);
    *findings = (struct policy_findings){NULL, 0};
}

/* The same of several platforms is told once. Takes over nothing. */
static void add(struct policy_findings *findings, const char *model, const char *text)
{
    for (size_t i = 0; i < findings->count; i++)
        if (strcmp(findings->items[i].model, model) == 0 &&
            strcmp(findings->items[i].text, text) == 0)
            return;
    findings->items = xrealloc(findings->items, findings->count + 1, sizeof(*findings->items));
    struct policy_finding *finding = &findings->items[findings->count++];
    *finding = (struct policy_finding){xstrdup(model), xstrdup(text)};
    text_mask(finding->model);
    text_mask(finding->text);
}

static void judge_model(const struct policy *policy, const struct verify_model *model,
                        struct policy_findings *out)
{
    CLEANUP(strings) struct strings texts = STRINGS_INIT;
    CLEANUP(text)
    char *title = xasprintf("%s@%.*s", model->name, COMMIT_SHOWN, plan_commit(model->commit).text);
    const struct policy_model judged = {
        .source = model->source,
        .name = model->name,
        .commit = model->commit,
        .license = model->license,
        .license_name = model->license_name,
        .paths = &model->paths,
        .suspect = &model->suspect,
    };

    if (model->is_checked)
        policy_judge(policy, &judged, &texts);
    else
        strings_add(&texts, "its files could not be looked at");
    for (size_t i = 0; i < texts.count; i++)
        add(out, title, texts.items[i]);
}

void policy_gate_judge(const struct policy *policy, const struct verify_result *result,
                       struct policy_findings *out)
{
    for (size_t i = 0; i < result->platform_count; i++)
        for (size_t k = 0; k < result->platforms[i].model_count; k++)
            judge_model(policy, &result->platforms[i].models[k], out);
}

json_t *policy_findings_json(const struct policy_findings *findings)
{
    json_t *list = json_array();

    for (size_t i = 0; i < findings->count; i++)
        json_array_append_new(list, json_pack("{s:o, s:o}", "model",
                                              text_to_json(findings->items[i].model), "text",
                                              text_to_json(findings->items[i].text)));
    return list;
}

void policy_findings_print(const struct policy_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        printf("policy: %s: %s\n", findings->items[i].model, findings->items[i].text);
}
