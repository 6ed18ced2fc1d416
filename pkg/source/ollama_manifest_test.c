#include "source/ollama_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define CONFIG "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define WEIGHTS "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define BLOB(type, hex, size)                                                                      \
    "{\"mediaType\": \"application/vnd." type "\", \"digest\": \"sha256:" hex                      \
    "\", \"size\": " size "}"
#define MANIFEST(layers)                                                                           \
    "{\"schemaVersion\": 2, \"mediaType\": "                                                       \
    "\"application/vnd.docker.distribution.manifest.v2+json\", \"config\": " BLOB(                 \
        "docker.container.image.v1+json", CONFIG, "5") ", \"layers\": [" layers "]}"
#define PATH "manifests/registry.ollama.ai/library/tiny/latest"

static int parse(const char *text, struct plan *plan, struct error *err)
{
    CLEANUP(buf) struct buf manifest = BUF_INIT;

    buf_add_text(&manifest, text);
    return ollama_manifest_parse(&manifest, PATH, plan, err);
}

static void names_are_filled_in(void **state)
{
    static const struct {
        const char *text, *host, *repository;
    } cases[] = {
        {"llama3.2", "registry.ollama.ai", "library/llama3.2"},
        {"me/mine", "registry.ollama.ai", "me/mine"},
        {"hf.co/org/Name-GGUF", "hf.co", "org/Name-GGUF"},
        {"localhost:5000/a/b", "localhost:5000", "a/b"},
    };
    CLEANUP(ollama_name) struct ollama_name name = OLLAMA_NAME_INIT;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        ollama_name_parse(cases[i].text, &name);
        assert_string_equal(name.host, cases[i].host);
        assert_string_equal(name.repository, cases[i].repository);
    }
}

static void a_model_is_its_manifest_and_its_blobs_each_once(void **state)
{
    static const char text[] = MANIFEST(BLOB("ollama.image.model", WEIGHTS, "3") "," BLOB(
        "ollama.image.template", CONFIG, "5") "," BLOB("ollama.image.params", WEIGHTS, "3"));
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    struct digest digest = digest_of(DIGEST_SHA256, text, strlen(text));
    assert_int_equal(parse(text, &plan, &err), 0);
    assert_int_equal(plan.count, 3);
    assert_string_equal(plan.files[0].path, "blobs/sha256-" CONFIG);
    assert_true(plan.files[0].size == 5);
    assert_string_equal(digest_format(&plan.files[0].digest).text, "sha256:" CONFIG);
    assert_string_equal(plan.files[1].path, "blobs/sha256-" WEIGHTS);
    assert_true(plan.files[1].size == 3);
    assert_string_equal(plan.files[2].path, PATH);
    assert_true(plan.files[2].size == strlen(text));
    assert_true(digest_equal(&plan.files[2].digest, &digest));
    assert_int_equal(plan_check(&plan, &err), 0);
}

static void what_is_no_manifest_of_a_model_is_refused(void **state)
{
    static const struct {
        const char *text;
        enum error_kind kind;
        const char *complaint;
    } cases[] = {
        {"<html>", ERROR_CORRUPT, "not JSON"},
        {"[]", ERROR_CORRUPT, "not a JSON object"},
        {"{\"schemaVersion\": 2, \"manifests\": []}", ERROR_UNSUPPORTED, "an index"},
        {MANIFEST("{\"mediaType\": \"application/vnd.ollama.image.model\", \"size\": 1}"),
         ERROR_CORRUPT, "digest"},
        {MANIFEST("{\"mediaType\": \"a/b\", \"digest\": \"sha256:../../x\", \"size\": 1}"),
         ERROR_CORRUPT, "digest"},
        {MANIFEST("{\"mediaType\": \"a/b\", \"digest\": \"sha512:" WEIGHTS WEIGHTS
                  "\", \"size\": 1}"),
         ERROR_UNSUPPORTED, "SHA-256"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(parse(cases[i].text, &plan, &err), -1);
        assert_int_equal(err.kind, cases[i].kind);
        assert_non_null(strstr(err.text, cases[i].complaint));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_filled_in),
        cmocka_unit_test(a_model_is_its_manifest_and_its_blobs_each_once),
        cmocka_unit_test(what_is_no_manifest_of_a_model_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
