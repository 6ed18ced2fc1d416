#include "plan/license.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void license_read_card_takes_what_the_front_matter_says(void **state)
{
    static const struct {
        const char *card, *license, *name;
    } cases[] = {
        {"---\nlicense: mit\n---\n# A model\n", "mit", NULL},
        {"\xef\xbb\xbf---\r\nlanguage: en\r\nlicense: 'apache-2.0' # ours\r\n---\r\n", "apache-2.0",
         NULL},
        {"---\nlicense: other\nlicense_name: llama-community\nlicense_link: LICENSE\n---\n",
         "other", "llama-community"},
        {"---\nlicense:\n- mit\n- x11\ntags:\n- a\n---\n", "mit, x11", NULL},
        {"---\nlicense: [mit, \"x11\"]\n---\n", "mit, x11", NULL},
        {"---\nbase:\n  license: mit\nlicense_name: a\n---\n", NULL, NULL},
        {"---\nlicense: mit\n", NULL, NULL},
        {"---\nlicense:\n---\n", NULL, NULL},
        {"---\nlicense: \"mit\n---\n", NULL, NULL},
        {"# A model\n---\nlicense: mit\n---\n", NULL, NULL},
        {"", NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        license_read_card(cases[i].card, &plan);
        if (cases[i].license == NULL)
            assert_null(plan.license);
        else
            assert_string_equal(plan.license, cases[i].license);
        if (cases[i].name == NULL)
            assert_null(plan.license_name);
        else
            assert_string_equal(plan.license_name, cases[i].name);
    }
}

static void license_read_text_knows_the_words_of_well_known_licenses(void **state)
{
    static const struct {
        const char *text, *license;
    } cases[] = {
        {"                                 Apache License\n                           Version 2.0",
         "apache-2.0"},
        {"MIT License\n\nPermission is hereby granted, free of charge, to any person\nTHE SOFTWARE "
         "IS PROVIDED \"AS IS\"",
         "mit"},
        {"GNU AFFERO GENERAL PUBLIC LICENSE\nVersion 3, and not the GNU General Public License",
         "agpl-3.0"},
        {"Attribution-NonCommercial 4.0 International", "cc-by-nc-4.0"},
        {"All rights reserved.", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        license_read_text(cases[i].text, &plan);
        if (cases[i].license == NULL)
            assert_null(plan.license);
        else
            assert_string_equal(plan.license, cases[i].license);
    }
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static void license_check_refuses_by_either_list(void **state)
{
    const struct {
        const char *license, *name;
        const char *const *allowed, *const *denied;
        const char *complaint; /* NULL: it is taken */
    } cases[] = {
        {"mit", NULL, NULL, NULL, NULL},
        {"mit", NULL, LIST("apache-2.0", "MIT"), NULL, NULL},
        {"Apache-2.0", NULL, LIST("apache-2.0"), LIST("mit"), NULL},
        {"gpl-3.0", NULL, LIST("mit"), NULL,
         "'org/m' is under the licence 'gpl-3.0', which --allow-license does not name: take "
         "another "
         "model, or add it there"},
        {"mit", NULL, NULL, LIST("MIT"),
         "'org/m' is under the licence 'mit', which --deny-license names: take another model, or "
         "allow it"},
        {NULL, NULL, LIST("mit"), NULL, "the licence 'unknown'"},
        {NULL, NULL, LIST("unknown"), NULL, NULL},
        {NULL, NULL, NULL, LIST("unknown"), "the licence 'unknown'"},
        {"other", "llama", LIST("llama"), NULL, NULL},
        {"other", "llama", LIST("other"), NULL, NULL},
        {"other", "llama", LIST("other"), LIST("llama"), "the licence 'other (llama)'"},
        {"mit, gpl-3.0", NULL, LIST("mit"), NULL, "the licence 'mit, gpl-3.0'"},
        {"mit, gpl-3.0", NULL, LIST("mit", "gpl-3.0"), NULL, NULL},
        {"mit, gpl-3.0", NULL, NULL, LIST("gpl-3.0"), "the licence 'mit, gpl-3.0'"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        const struct license_rules rules = {cases[i].allowed, cases[i].denied};
        plan.license = text_copy(cases[i].license);
        plan.license_name = text_copy(cases[i].name);
        int result = license_check(&plan, "org/m", &rules, &err);
        assert_int_equal(result, cases[i].complaint != NULL ? -1 : 0);
        assert_int_equal(err.kind, cases[i].complaint != NULL ? ERROR_REFUSED : ERROR_NONE);
        if (cases[i].complaint != NULL && strstr(err.text, cases[i].complaint) == NULL)
            fail_msg("'%s' lacks '%s'", err.text, cases[i].complaint);
    }
}

static void license_list_parse_wants_names(void **state)
{
    static const char *const wrong[] = {"", ",", "mit,", "mit,,x", "mit x11", "a/b", "é"};
    CLEANUP(strings) struct strings list = STRINGS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(license_list_parse("mit,Apache-2.0", &list, &err), 0);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.items[1], "Apache-2.0");
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        CLEANUP(strings) struct strings ignored = STRINGS_INIT;
        CLEANUP(error) struct error why = ERROR_INIT;
        assert_int_equal(license_list_parse(wrong[i], &ignored, &why), -1);
        assert_int_equal(why.kind, ERROR_USAGE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(license_read_card_takes_what_the_front_matter_says),
        cmocka_unit_test(license_read_text_knows_the_words_of_well_known_licenses),
        cmocka_unit_test(license_check_refuses_by_either_list),
        cmocka_unit_test(license_list_parse_wants_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
