#include "project/policy.h"

#include "core/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define COMMIT "0123456789012345678901234567890123456789"
#define POLICY(members) "{\"version\": 1" members "}"

static void policy_parse_is_strict(void **state)
{
    static const struct {
        const char *text, *complaint; /* NULL: it is taken */
    } cases[] = {
        {POLICY(", \"safe_only\": true"), NULL},
        {POLICY(", \"$schema\": \"policy.schema.json\", \"sources\": [\"hub\", \"folder\"]"), NULL},
        {POLICY(", \"formats\": [\"safetensors\", \"gguf\"]"), NULL},
        {POLICY(", \"pins_only\": true, \"models\": [\"a/b@" COMMIT "\"]"), NULL},
        {"", "it is not JSON"},
        {"[]", "it is no policy: expected an object"},
        {"{\"safe_only\": true}", "'version' is missing"},
        {"{\"version\": 2, \"safe_only\": true}", "it has version 2 of the format"},
        {POLICY(""), "it has no rule, and would let all in"},
        {POLICY(", \"safe_only\": false"), "it has no rule"},
        {POLICY(", \"licences\": [\"mit\"]"), "'licences' is not known; did you mean 'licenses'?"},
        {POLICY(", \"licenses\": \"mit\""), "'licenses' is not what it has to be"},
        {POLICY(", \"licenses\": []"), "expected a list of texts with something in it"},
        {POLICY(", \"licenses\": [1]"), "expected a list of texts of one line each"},
        {POLICY(", \"safe_only\": 1"), "'safe_only' is not what it has to be, expected true or"},
        {POLICY(", \"safe_only\": true, \"safe_only\": true"), "a member stands twice"},
        {POLICY(", \"sources\": [\"huggingface\"]"), "'sources[0]' is 'huggingface', expected hub"},
        {POLICY(", \"formats\": [\"pickle\"]"),
         "'formats[0]' is 'pickle', expected safetensors, pytorch"},
        {POLICY(", \"formats\": [\"onnx:fp16\"]"), "without a variant"},
        {POLICY(", \"pins_only\": true"), "there is no 'models' that names pins"},
        {POLICY(", \"pins_only\": true, \"models\": [\"a/b@main\"]"),
         "'models[0]' is 'a/b@main', expected a commit of 40 hex digits"},
        {POLICY(", \"pins_only\": true, \"models\": "
                "[\"a/b@3F0C6D0C1D3B4E5F60718293A4B5C6D7E8F90123\"]"),
         "expected a commit of 40 hex digits, lower case, or"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(policy) struct policy policy = POLICY_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        int result = policy_parse(cases[i].text, strlen(cases[i].text), &policy, &err);
        assert_int_equal(result, cases[i].complaint != NULL ? -1 : 0);
        if (cases[i].complaint != NULL && strstr(err.text, cases[i].complaint) == NULL)
            fail_msg("'%s' lacks '%s'", err.text, cases[i].complaint);
    }
}

/* What is said of the same model: from the Hub, under the MIT licence, with pickles. */
static void policy_judge_tells_each_rule_that_is_not_met(void **state)
{
    static const struct {
        const char *policy, *findings; /* in their order, with '|' between them */
    } cases[] = {
        {POLICY(", \"sources\": [\"hub\"], \"organizations\": [\"Acme\"], \"licenses\": [\"MIT\"]"),
         ""},
        {POLICY(", \"models\": [\"acme/tiny\"]"), ""},
        {POLICY(", \"models\": [\"acme/tiny@" COMMIT "\"], \"pins_only\": true"), ""},
        {POLICY(", \"formats\": [\"pytorch\"]"), ""},
        {POLICY(", \"sources\": [\"folder\"]"),
         "it comes from 'hub', which is not among 'sources'"},
        {POLICY(", \"organizations\": [\"tiny\"]"),
         "its organization is 'acme', which is not among 'organizations'"},
        {POLICY(", \"models\": [\"acme/tin\", \"acme/tiny@main\"]"),
         "'models' does not name it at " COMMIT},
        {POLICY(", \"licenses\": [\"apache-2.0\"], \"denied_licenses\": [\"mit\"]"),
         "its licence is 'mit', which is not among 'licenses'|its licence is 'mit', which is among "
         "'denied_licenses'"},
        {POLICY(", \"formats\": [\"safetensors\"], \"safe_only\": true"),
         "it has weights in the format pytorch, which is not among 'formats'|it has files that run "
         "code when they are loaded: 'pytorch_model.bin'"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(policy) struct policy policy = POLICY_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(strings) struct strings paths = STRINGS_INIT;
        CLEANUP(strings) struct strings suspect = STRINGS_INIT;
        CLEANUP(strings) struct strings findings = STRINGS_INIT;
        CLEANUP(buf) struct buf joined = BUF_INIT;
        strings_add(&paths, "config.json");
        strings_add(&paths, "pytorch_model.bin");
        strings_add(&suspect, "pytorch_model.bin");
        const struct policy_model model = {"hub", "acme/tiny", COMMIT,  "mit",
                                           NULL,  &paths,      &suspect};
        assert_int_equal(policy_parse(cases[i].policy, strlen(cases[i].policy), &policy, &err), 0);
        policy_judge(&policy, &model, &findings);
        for (size_t k = 0; k < findings.count; k++)
            buf_addf(&joined, "%s%s", k > 0 ? "|" : "", findings.items[k]);
        assert_string_equal(buf_text(&joined), cases[i].findings);
    }
}

static void policy_find_idle_tells_each_entry_that_nothing_meets(void **state)
{
    static const struct {
        const char *policy, *idle; /* in their order, with '|' between them; parts of them */
    } cases[] = {
        {POLICY(", \"models\": [\"acme/tiny\", \"acme/tiny@" COMMIT "\", \"datasets/acme/rows\"]"),
         ""},
        {POLICY(", \"organizations\": [\"acme\"], \"models\": [\"datasets/Acme/rows\"]"), ""},
        {POLICY(", \"models\": [\"acme/*\"]"), "'models[0]' is 'acme/*'"},
        {POLICY(", \"models\": [\"acme/tiny@main\"]"),
         "'models[0]' is 'acme/tiny@main': behind '@'"},
        {POLICY(", \"models\": [\"other/tiny\"], \"organizations\": [\"acme\"]"),
         "'other' is not among 'organizations'"},
        {POLICY(", \"organizations\": [\"acme\", \"acme/\"]"), "'organizations[1]' is 'acme/'"},
        {POLICY(", \"licenses\": [\"mit\"], \"denied_licenses\": [\"MIT\"]"),
         "'licenses[0]' is 'mit', which is among 'denied_licenses', too"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(policy) struct policy policy = POLICY_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(strings) struct strings idle = STRINGS_INIT;
        assert_int_equal(policy_parse(cases[i].policy, strlen(cases[i].policy), &policy, &err), 0);
        policy_find_idle(&policy, &idle);
        assert_int_equal(idle.count, *cases[i].idle != '\0' ? 1 : 0);
        if (idle.count > 0 && strstr(idle.items[0], cases[i].idle) == NULL)
            fail_msg("'%s', expected '%s'", idle.items[0], cases[i].idle);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policy_parse_is_strict),
        cmocka_unit_test(policy_judge_tells_each_rule_that_is_not_met),
        cmocka_unit_test(policy_find_idle_tells_each_entry_that_nothing_meets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
