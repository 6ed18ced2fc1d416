#include "provenance/provenance_test_internal.h"

static char *format_bill(const char *text, const char *license, const char *created)
{
    const struct provenance_kept kept = {"org/own", "folder", SAMPLE_HEX, "hf"};

    return sample_bill(&(struct sample_bill){spdx3_format, text, license, "own license/2",
                                             "org/data", NULL, &kept, 1, created});
}

static void a_model_is_an_ai_package_and_a_dataset_is_one_of_data(void **state)
{
    CLEANUP(text) char *bill = format_bill("org/name", "mit", NULL);
    CLEANUP(text) char *data = format_bill("datasets/org/name", "mit", NULL);

    (void)state;
    check_has(bill, "\"name\":\"org/name\",\"software_primaryPurpose\":\"model\","
                    "\"software_packageVersion\":\"" SAMPLE_COMMIT "\"");
    check_has(bill, "\"ai_informationAboutApplication\":\"fill-mask\"");
    check_has(bill, "\"name\":\"org/own\"");
    check_has(data, "\"name\":\"datasets/org/name\",\"software_primaryPurpose\":\"data\"");
    assert_null(strstr(data, "trainedOn"));
}

static void a_time_that_nobody_tells_is_said_to_be_none(void **state)
{
    CLEANUP(text) char *without = format_bill("org/name", NULL, NULL);
    CLEANUP(text) char *again = format_bill("org/name", NULL, NULL);
    CLEANUP(text) char *with = format_bill("org/name", NULL, "2020-01-01T00:00:00Z");

    (void)state;
    assert_string_equal(without, again);
    check_has(without, "\"created\":\"1970-01-01T00:00:00Z\"");
    check_has(without, "SOURCE_DATE_EPOCH was not set");
    check_has(with, "\"created\":\"2020-01-01T00:00:00Z\"");
    assert_null(strstr(with, "SOURCE_DATE_EPOCH"));
}

static void a_licence_is_an_expression_that_spdx_can_read(void **state)
{
    static const struct {
        const char *license, *expected;
    } cases[] = {
        {"mit", "\"simplelicensing_licenseExpression\":\"MIT\""},
        {"llama3.1", "\"simplelicensing_licenseExpression\":\"LicenseRef-llama3.1\""},
        {"other", "\"simplelicensing_licenseExpression\":\"LicenseRef-own-license-2\""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(text) char *bill = format_bill("org/name", cases[i].license, NULL);
        check_has(bill, cases[i].expected);
        check_has(bill, "\"hasDeclaredLicense\"");
    }
    CLEANUP(text) char *without = format_bill("org/name", NULL, NULL);
    assert_null(strstr(without, "hasDeclaredLicense"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_is_an_ai_package_and_a_dataset_is_one_of_data),
        cmocka_unit_test(a_time_that_nobody_tells_is_said_to_be_none),
        cmocka_unit_test(a_licence_is_an_expression_that_spdx_can_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
