#include "plan/license.h"

#include "core/buf.h"
#include "core/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

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
        {"---\nlicense:\n- mit\n- \n---\n", NULL, NULL},
        {"---\nlicense:\n- mit\n-\n---\n", NULL, NULL},
        {"---\nlicense:\n- mit\n- \n- x11\n---\n", NULL, NULL},
        {"---\nbase:\n  license: mit\nlicense_name: a\n---\n", NULL, NULL},
        {"---\nlicense: mit\n", NULL, NULL},
        {"---\nlicense:\n---\n", NULL, NULL},
        {"---\nlicense: \"mit\n---\n", NULL, NULL},
        {"# A model\n---\nlicense: mit\n---\n", NULL, NULL},
        {"---\nlicense: [mit,\n  gpl-3.0]\n---\n", "mit, gpl-3.0", NULL},
        {"---\nlicense: [ # two\n  mit,\n\n  gpl-3.0,\n]\nlanguage: en\n---\n", "mit, gpl-3.0",
         NULL},
        {"---\nlicense:\n- mit\n\n# and\n- gpl-3.0\n---\n", "mit, gpl-3.0", NULL},
        {"---\nlicense:\n  - mit # one\n  - 'gpl-3.0'\n---\n", "mit, gpl-3.0", NULL},
        {"---\nlicense:\n  mit\n---\n", "mit", NULL},
        {"---\n\"license\" : gpl-3.0\n'license_name': \"#1\"\n---\n", "gpl-3.0", "#1"},
        {"---\nlicense: null\n---\n", NULL, NULL},
        {"---\nlicense: ~\n---\n", NULL, NULL},
        {"---\nlicense: ''\n---\n", NULL, NULL},
        {"---\nlicense: []\n---\n", NULL, NULL},
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

static void license_read_card_tells_whether_there_is_a_license_at_all(void **state)
{
    static const struct {
        const char *card;
        bool tells;
    } cases[] = {
        {"# A model\n", false},
        {"---\nlanguage: en\n---\n", false},
        {"---\nlicense: null\n---\n", false},
        {"---\nlicense:\n---\n", false},
        {"---\nlicense: >-\n  mit\n---\n", true},
        {"---\nlicense: |\n  mit\n---\n", true},
        {"---\nlicense: &a mit\n---\n", true},
        {"---\nlicense: *a\n---\n", true},
        {"---\nlicense: !!str mit\n---\n", true},
        {"---\nlicense: {name: mit}\n---\n", true},
        {"---\nlicense:\n  name: mit\n---\n", true},
        {"---\nlicense: mit\n  and gpl-3.0\n---\n", true},
        {"---\nlicense: [mit,\ngpl-3.0]\n---\n", true},
        {"---\nlicense: [mit, [gpl-3.0]]\n---\n", true},
        {"---\nlicense: [mit, *a]\n---\n", true},
        {"---\nlicense: [mit,, gpl-3.0]\n---\n", true},
        {"---\nlicense:\n- mit\n- >-\n  gpl-3.0\n---\n", true},
        {"---\nlicense:\n- mit\n- null\n---\n", true},
        {"---\nlicense: \"mit\\x2c gpl-3.0\"\n---\n", true},
        {"---\nlicense: \"mit\n  gpl-3.0\"\n---\n", true},
        {"---\nlicense: mit\nlicense: gpl-3.0\n---\n", true},
        {"---\n{license: gpl-3.0}\n---\n", true},
        {"---\n  license: gpl-3.0\n---\n", true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        if (license_read_card(cases[i].card, &plan) != cases[i].tells)
            fail_msg("'%s'", cases[i].card);
        assert_null(plan.license);
    }
}

#define MIT_TEXT                                                                                   \
    "Permission is hereby granted, free of charge, to any person obtaining a copy\nof this "       \
    "software and associated documentation files (the \"Software\"), to deal\nin the Software "    \
    "without restriction, including without limitation the rights\nto use, copy, modify, merge, "  \
    "publish, distribute, sublicense, and/or sell\ncopies of the Software, and to permit persons " \
    "to whom the Software is\nfurnished to do so, subject to the following conditions:\n\nThe "    \
    "above copyright notice and this permission notice shall be included in all\ncopies or "       \
    "substantial portions of the Software.\n\nTHE SOFTWARE IS PROVIDED \"AS IS\", WITHOUT "        \
    "WARRANTY OF ANY KIND, EXPRESS OR\nIMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF "   \
    "MERCHANTABILITY,\nFITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL "   \
    "THE\nAUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER\nLIABILITY, "     \
    "WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,\nOUT OF OR IN "            \
    "CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE\nSOFTWARE.\n"

#define BSD_TEXT                                                                                   \
    "Redistribution and use in source and binary forms, with or without\nmodification, are "       \
    "permitted provided that the following conditions are met:\n"

#define APACHE_TITLE "   Apache License\n   Version 2.0, January 2004\n"

static void check_text(const char *text, const char *expected)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;

    license_read_text(text, &plan);
    if ((plan.license == NULL) != (expected == NULL) ||
        (expected != NULL && strcmp(plan.license, expected) != 0))
        fail_msg("'%.80s' is '%s'", text, plan.license != NULL ? plan.license : "unknown");
}

static void license_read_text_goes_by_the_title_that_the_text_begins_with(void **state)
{
    static const struct {
        const char *text, *license;
    } cases[] = {
        {APACHE_TITLE "   http://www.apache.org/licenses/\n", "apache-2.0"},
        {"Copyright 2018- The Acme team. All rights reserved.\n\n" APACHE_TITLE, "apache-2.0"},
        {"MIT License\n\nCopyright (c) 2024 Acme\n\n" MIT_TEXT, "mit"},
        {"The MIT License (MIT)\r\n\r\nCopyright \xc2\xa9 Acme\r\n" MIT_TEXT, "mit"},
        {MIT_TEXT, "mit"},
        {"# GNU AFFERO GENERAL PUBLIC LICENSE\n_Version 3, 19 November 2007_", "agpl-3.0"},
        {"Attribution 4.0 International\n\n=====\n\nCreative Commons Corporation", "cc-by-4.0"},
        {"Attribution-NonCommercial 4.0 International\n\n===\n\nCreative Commons Corporation",
         "cc-by-nc-4.0"},
        {"Creative Commons Attribution-NonCommercial-NoDerivatives 4.0 International Public "
         "License",
         "cc-by-nc-nd-4.0"},
        {"BSD 3-Clause License\n\nCopyright (c) 2024, Acme\nAll rights reserved.\n\n" BSD_TEXT
         "3. Neither the name of Acme",
         "bsd-3-clause"},
        /* All of these name one, and are another. */
        {"This is not under the Apache License,\nVersion 2.0, January 2004", NULL},
        {"Copyright terms: not these.\n" APACHE_TITLE, NULL},
        {"Apache License, Version 2.0 does not apply", NULL},
        {"LLAMA 3.1 COMMUNITY LICENSE AGREEMENT\n\nNotice:\nMIT License\n" MIT_TEXT, NULL},
        {"Modified MIT License\n\n" MIT_TEXT, NULL},
        {"MIT License\n\n" MIT_TEXT "\nOur only modification is that you display our name.", NULL},
        {"\"Commons Clause\" License Condition v1.0\n\n" APACHE_TITLE, NULL},
        {BSD_TEXT "3. All advertising materials must say so. 4. Neither the name", NULL},
        {"Attribution-NonCommercial 4.0", NULL},
        {"All rights reserved.", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_text(cases[i].text, cases[i].license);
}

/* The full texts, as Debian has them; elsewhere there are fewer. */
static void license_read_text_tells_the_full_texts_of_licenses_apart(void **state)
{
    static const struct {
        const char *file, *license;
    } cases[] = {
        {"Apache-2.0", "apache-2.0"},
        {"Artistic", NULL},
        {"BSD", "bsd-3-clause"},
        {"CC0-1.0", "cc0-1.0"},
        {"GFDL-1.2", NULL},
        {"GFDL-1.3", NULL},
        {"GPL-1", NULL},
        {"GPL-2", "gpl-2.0"},
        {"GPL-3", "gpl-3.0"},
        {"LGPL-2", NULL},
        {"LGPL-3", "lgpl-3.0"},
        {"LGPL-2.1", "lgpl-2.1"},
        {"MPL-1.1", NULL},
        {"MPL-2.0", "mpl-2.0"},
    };
    size_t read = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(text) char *path = path_join("/usr/share/common-licenses", cases[i].file);
        CLEANUP(buf) struct buf bytes = BUF_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        if (access(path, F_OK) < 0)
            continue;
        assert_int_equal(file_read(path, LICENSE_FILE_MAX, &bytes, &err), 0);
        check_text(buf_text(&bytes), cases[i].license);
        read++;
    }
    if (read == 0)
        skip();
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
         "leave it out of --deny-license"},
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
        cmocka_unit_test(license_read_card_tells_whether_there_is_a_license_at_all),
        cmocka_unit_test(license_read_text_goes_by_the_title_that_the_text_begins_with),
        cmocka_unit_test(license_read_text_tells_the_full_texts_of_licenses_apart),
        cmocka_unit_test(license_check_refuses_by_either_list),
        cmocka_unit_test(license_list_parse_wants_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
