#include "provenance/provenance_test_internal.h"

static void a_model_is_named_by_its_purl_or_by_where_it_is(void **state)
{
    static const struct {
        const char *text, *pin, *expected;
    } cases[] = {
        {"org/name", SAMPLE_COMMIT, "pkg:huggingface/org/name@" SAMPLE_COMMIT},
        {"Name@v1", SAMPLE_COMMIT, "pkg:huggingface/Name@" SAMPLE_COMMIT},
        {"datasets/org/name", SAMPLE_COMMIT,
         "https://huggingface.co/datasets/org/name/tree/" SAMPLE_COMMIT},
        {"ms://org/name", SAMPLE_COMMIT, "https://modelscope.cn/models/org/name"},
        {"https://h.example/m.bin?token=secret#sha256=" SAMPLE_HEX, "sha256:" SAMPLE_HEX,
         "https://h.example/m.bin"},
        {"ollama://llama3.2", "sha256:" SAMPLE_HEX, "ollama://llama3.2:latest"},
        {"oci-model://r.example/a/m:1@sha256:" SAMPLE_HEX, "sha256:" SAMPLE_HEX,
         "oci-model://r.example/a/m:1@sha256:" SAMPLE_HEX},
        {"dir:/home/me/model", SAMPLE_COMMIT, NULL},
        {"file:model.bin", "sha256:" SAMPLE_HEX, NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        sample_plan(cases[i].text, cases[i].pin, &plan);
        CLEANUP(text) char *found = uri_of_model(&plan.origin, plan.pin);
        if (cases[i].expected == NULL)
            assert_null(found);
        else
            assert_string_equal(found, cases[i].expected);
    }
}

static void what_is_of_the_hub_has_a_purl(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"org/name", "pkg:huggingface/org/name@" SAMPLE_COMMIT},
        {"datasets/org/name",
         "pkg:generic/org/name@" SAMPLE_COMMIT
         "?vcs_url=git%2Bhttps://huggingface.co/datasets/org/name%40" SAMPLE_COMMIT},
        {"ms://org/name", NULL},
        {"dir:/home/me/model", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        sample_plan(cases[i].text, SAMPLE_COMMIT, &plan);
        CLEANUP(text) char *found = purl_of_model(&plan.origin, plan.pin);
        if (cases[i].expected == NULL)
            assert_null(found);
        else
            assert_string_equal(found, cases[i].expected);
    }
}

static void an_image_has_a_purl_in_a_registry_alone_and_no_path(void **state)
{
    static const struct {
        const char *text, *name, *purl;
    } cases[] = {
        {"127.0.0.1:5000/team/app:1", "127.0.0.1:5000/team/app:1",
         "pkg:oci/app@sha256:" SAMPLE_HEX "?repository_url=127.0.0.1:5000/team/app&tag=1"},
        {"alpine", "docker.io/library/alpine:latest",
         "pkg:oci/alpine@sha256:" SAMPLE_HEX "?repository_url=docker.io/library/alpine&tag=latest"},
        {"oci:/home/me/layout:v1", "oci:layout:v1", NULL},
        {"oci-archive:/tmp/a.tar", "oci-archive:a.tar", NULL},
        {"scratch", "scratch", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(provenance_image) struct provenance_image image = PROVENANCE_IMAGE_INIT;
        sample_image(cases[i].text, &image);
        assert_string_equal(image.name, cases[i].name);
        if (cases[i].purl == NULL)
            assert_null(image.purl);
        else
            assert_string_equal(image.purl, cases[i].purl);
    }
}

static void what_a_purl_does_not_take_is_percent_encoded(void **state)
{
    CLEANUP(buf) struct buf whole = BUF_INIT;
    CLEANUP(buf) struct buf part = BUF_INIT;

    (void)state;
    purl_encode(&whole, "a b/c#d?e%f+g~\xc3\xa9@&=");
    assert_string_equal(buf_text(&whole), "a%20b/c%23d%3Fe%25f%2Bg~%C3%A9%40%26%3D");
    purl_encode_part(&part, "a/b:1");
    assert_string_equal(buf_text(&part), "a%2Fb:1");
}

static void what_was_asked_for_tells_no_folder_and_no_secret(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"org/name@v1", "org/name@v1"},
        {"dir:/home/me/model", "dir:model"},
        {"file:/home/me/m.bin", "file:m.bin"},
        {"https://h.example/m.bin?token=secret#sha256=" SAMPLE_HEX, "https://h.example/m.bin"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(origin) struct origin origin = ORIGIN_INIT;
        assert_int_equal(origin_parse(cases[i].text, &origin, &err), 0);
        CLEANUP(text) char *found = provenance_ask(&origin);
        assert_string_equal(found, cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_is_named_by_its_purl_or_by_where_it_is),
        cmocka_unit_test(what_is_of_the_hub_has_a_purl),
        cmocka_unit_test(an_image_has_a_purl_in_a_registry_alone_and_no_path),
        cmocka_unit_test(what_a_purl_does_not_take_is_percent_encoded),
        cmocka_unit_test(what_was_asked_for_tells_no_folder_and_no_secret),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
