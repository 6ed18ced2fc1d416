#include "layout/offline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct offline_rule *find(const char *package, const char *calls)
{
    for (const struct offline_rule *rule = offline_rules; rule->package != NULL; rule++)
        if (strcmp(rule->package, package) == 0 &&
            (calls == NULL || strstr(rule->calls, calls) != NULL))
            return rule;
    fail_msg("no rule is about %s", package);
    return NULL;
}

static void a_rule_is_about_some_versions(void **state)
{
    static const struct {
        const char *package, *version;
        bool covers;
    } cases[] = {
        {"transformers", "4.57.1", false}, {"transformers", "4.57.2", true},
        {"transformers", "4.57.3", true},  {"transformers", "4.57.4", false},
        {"transformers", "5.0.0", false},  {"transformers", NULL, false},
        {"kagglehub", "0.3.1", true},      {"kagglehub", NULL, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        if (offline_rule_covers(find(cases[i].package, NULL), cases[i].version) != cases[i].covers)
            fail_msg("%s %s", cases[i].package, cases[i].version);
}

static void a_rule_is_about_some_values(void **state)
{
    static const struct {
        const char *package, *calls, *value;
        bool takes;
    } cases[] = {
        {"sentence-transformers", NULL, "onnx", true},
        {"sentence-transformers", NULL, "openvino", true},
        {"sentence-transformers", NULL, "torch", false},
        {"sentence-transformers", NULL, NULL, false},
        {"llama-cpp-python", NULL, NULL, true},
        {"kagglehub", "model_download", "google/gemma/pyTorch/2b", true},
        {"kagglehub", "model_download", "google/gemma/pyTorch/2b/3", false},
        {"kagglehub", "model_download", NULL, false},
        {"kagglehub", "dataset_download", "owner/data", true},
        {"kagglehub", "dataset_download", "owner/data/versions/2", false},
        {"infinity-emb", NULL, "optimum", true},
        {"infinity-emb", NULL, "torch", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        if (offline_rule_takes(find(cases[i].package, cases[i].calls), cases[i].value) !=
            cases[i].takes)
            fail_msg("%s %s", cases[i].package, cases[i].value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_is_about_some_versions),
        cmocka_unit_test(a_rule_is_about_some_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
