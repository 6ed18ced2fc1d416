#include "provenance/provenance_test_internal.h"

#define HASHES(hex) "\"hashes\":[{\"alg\":\"SHA-256\",\"content\":\"" hex "\"}]"
#define OTHER_HEX "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

static char *format_bill(const char *text, const char *license, const char *created)
{
    const struct digest hashes[] = {sample_digest(DIGEST_SHA256, OTHER_HEX),
                                    sample_digest(DIGEST_SHA256, SAMPLE_HEX)};
    const struct provenance_kept kept[] = {{"org/old", NULL, SAMPLE_COMMIT, "hf"},
                                           {"datasets/org/rows", NULL, SAMPLE_COMMIT, "hf"},
                                           {"org/own", "folder", SAMPLE_HEX, "hf"}};

    return sample_bill(&(struct sample_bill){bom_format, text, license, "own-license", "org/base",
                                             hashes, kept, ARRAY_SIZE(kept), created});
}

static void a_bill_has_the_image_its_base_and_each_model_with_its_files(void **state)
{
    CLEANUP(text) char *bill = format_bill("org/name", "apache-2.0", NULL);

    (void)state;
    check_has(bill,
              "{\"$schema\":\"http://cyclonedx.org/schema/bom-1.6.schema.json\",\"bomFormat\":"
              "\"CycloneDX\",\"specVersion\":\"1.6\",\"version\":1,\"metadata\":{\"tools\":{"
              "\"components\":[{\"type\":\"application\",\"name\":\"inlay\",\"version\":"
              "\"1.2.3\"}]},\"component\":{\"type\":\"container\",\"bom-ref\":\"image\","
              "\"name\":\"h.example/app:1\",\"version\":\"sha256:" SAMPLE_HEX
              "\",\"purl\":\"pkg:oci/app@sha256:" SAMPLE_HEX
              "?repository_url=h.example/app&tag=1\"," HASHES(SAMPLE_HEX) "}},");
    check_has(bill, "\"components\":[{\"type\":\"container\",\"bom-ref\":\"base\",\"name\":"
                    "\"scratch\"");
    check_has(bill, "{\"type\":\"machine-learning-model\",\"bom-ref\":\"org/old@" SAMPLE_COMMIT
                    "#hf\",\"group\":\"org\",\"name\":\"old\",\"version\":\"" SAMPLE_COMMIT
                    "\",\"purl\":\"pkg:huggingface/org/old@" SAMPLE_COMMIT "\",\"properties\":[{"
                    "\"name\":\"inlay:from\",\"value\":\"base\"}");
    check_has(
        bill,
        "{\"type\":\"machine-learning-model\",\"bom-ref\":\"org/name@" SAMPLE_COMMIT
        "#hf\",\"group\":\"org\",\"name\":\"name\",\"version\":\"" SAMPLE_COMMIT
        "\",\"licenses\":[{\"license\":{\"id\":\"Apache-2.0\"}}],\"purl\":"
        "\"pkg:huggingface/org/name@" SAMPLE_COMMIT "\",\"pedigree\":{\"ancestors\":[{"
        "\"type\":\"machine-learning-model\",\"group\":\"org\",\"name\":\"base\","
        "\"purl\":\"pkg:huggingface/org/base\"}]},\"modelCard\":{\"modelParameters\":{"
        "\"task\":\"fill-mask\",\"datasets\":[{\"type\":\"dataset\",\"name\":"
        "\"org/data\"}]}},\"components\":[{\"type\":\"file\",\"name\":"
        "\"a b/config.json\"," HASHES(
            OTHER_HEX) ",\"properties\":[{\"name\":"
                       "\"inlay:size\",\"value\":\"2\"},{\"name\":\"inlay:git-blob\",\"value\":"
                       "\"" SAMPLE_SHA1 "\"}]},{\"type\":\"file\",\"name\":"
                       "\"model.safetensors\"," HASHES(SAMPLE_HEX) ",");
    check_has(
        bill,
        "\"dependencies\":[{\"ref\":\"image\",\"dependsOn\":[\"base\",\"org/old@" SAMPLE_COMMIT
        "#hf\",\"datasets/org/rows@" SAMPLE_COMMIT "#hf\",\"org/own@" SAMPLE_HEX
        "#hf\",\"org/name@" SAMPLE_COMMIT "#hf\"]},");
}

static void its_number_is_another_one_if_it_says_something_else(void **state)
{
    CLEANUP(text) char *bill = format_bill("org/name", "mit", NULL);
    CLEANUP(text) char *again = format_bill("org/name", "mit", NULL);
    CLEANUP(text) char *other = format_bill("org/name", "mit", "2020-01-01T00:00:00Z");

    (void)state;
    assert_string_equal(bill, again);
    const char *serial = strstr(bill, "\"serialNumber\":\"urn:uuid:");
    assert_non_null(serial);
    assert_null(strstr(other, serial));
    check_has(other, "\"metadata\":{\"timestamp\":\"2020-01-01T00:00:00Z\",");
}

static void a_licence_has_its_spdx_identifier_or_its_name(void **state)
{
    static const struct {
        const char *license, *expected;
    } cases[] = {
        {"mit", "\"licenses\":[{\"license\":{\"id\":\"MIT\"}}]"},
        {"odbl", "\"licenses\":[{\"license\":{\"id\":\"ODbL-1.0\"}}]"},
        {"llama3.1", "\"licenses\":[{\"license\":{\"name\":\"llama3.1\"}}]"},
        {"other", "\"licenses\":[{\"license\":{\"name\":\"own-license\"}}]"},
        {"mit, x, CC-BY-4.0", "\"licenses\":[{\"license\":{\"id\":\"MIT\"}},{\"license\":{\"name\":"
                              "\"x\"}},{\"license\":{\"id\":\"CC-BY-4.0\"}}]"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(text) char *bill = format_bill("org/name", cases[i].license, NULL);
        check_has(bill, cases[i].expected);
    }
    CLEANUP(text) char *without = format_bill("org/name", NULL, NULL);
    assert_null(strstr(without, "licenses"));
}

static void a_dataset_is_data_and_has_no_model_card(void **state)
{
    CLEANUP(text) char *bill = format_bill("datasets/org/name", NULL, NULL);

    (void)state;
    check_has(bill,
              "{\"type\":\"data\",\"bom-ref\":\"datasets/org/name@" SAMPLE_COMMIT
              "#hf\",\"group\":\"org\",\"name\":\"name\",\"version\":\"" SAMPLE_COMMIT
              "\",\"purl\":\"pkg:generic/org/name@" SAMPLE_COMMIT
              "?vcs_url=git%2Bhttps://huggingface.co/datasets/org/name%40" SAMPLE_COMMIT "\"");
    assert_null(strstr(bill, "modelCard"));
    assert_null(strstr(bill, "pkg:huggingface/org/name"));
}

static void what_the_base_had_is_named_in_the_same_way(void **state)
{
    CLEANUP(text) char *bill = format_bill("org/name", NULL, NULL);

    (void)state;
    check_has(bill, "{\"type\":\"data\",\"bom-ref\":\"datasets/org/rows@" SAMPLE_COMMIT
                    "#hf\",\"group\":\"org\",\"name\":\"rows\",\"version\":\"" SAMPLE_COMMIT
                    "\",\"purl\":\"pkg:generic/org/rows@" SAMPLE_COMMIT "?vcs_url=");
    check_has(bill, "{\"type\":\"machine-learning-model\",\"bom-ref\":\"org/own@" SAMPLE_HEX
                    "#hf\",\"name\":\"org/own\",\"version\":\"" SAMPLE_HEX "\",\"properties\":");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bill_has_the_image_its_base_and_each_model_with_its_files),
        cmocka_unit_test(its_number_is_another_one_if_it_says_something_else),
        cmocka_unit_test(a_licence_has_its_spdx_identifier_or_its_name),
        cmocka_unit_test(a_dataset_is_data_and_has_no_model_card),
        cmocka_unit_test(what_the_base_had_is_named_in_the_same_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
