#include "scan/scan_test_internal.h"

/* What asks a server at each start whatever is baked. */

/* What is expected is the beginning of the only line; "": there is none. */
static void expect_asking(const struct application *application, const char *expected)
{
    CLEANUP(scan_findings) struct scan_findings findings = SCAN_FINDINGS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (scan_application(application, &presets, NULL, &findings, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(findings.asking.count, *expected != '\0' ? 1 : 0);
    if (*expected != '\0' && !text_starts_with(findings.asking.items[0], expected))
        fail_msg("'%s', expected '%s'", findings.asking.items[0], expected);
}

static void calls_that_list_the_repository_are_told(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {SENTENCE "SentenceTransformer('acme/e', backend='onnx')\n",
         "/app/a.py:2: SentenceTransformer('onnx') of sentence-transformers asks the Hub for the "
         "list of files at each start: bake with --weights onnx"},
        {SENTENCE "B = 'openvino'\nSentenceTransformer('acme/e', backend=B)\n",
         "/app/a.py:3: SentenceTransformer('openvino') of sentence-transformers asks"},
        {SENTENCE "SentenceTransformer('/models/e', backend='onnx')\n", ""},
        {SENTENCE "SentenceTransformer('acme/e', backend='torch')\n", ""},
        {SENTENCE "SentenceTransformer('acme/e')\n", ""},
        {"from llama_cpp import Llama\nLlama.from_pretrained('acme/g', filename='*q4.gguf')\n",
         "/app/a.py:2: from_pretrained() of llama-cpp-python asks the Hub for the list"},
        {"import kagglehub\nkagglehub.model_download('google/gemma/pyTorch/2b')\n",
         "/app/a.py:2: model_download('google/gemma/pyTorch/2b') of kagglehub asks Kaggle"},
        {"import kagglehub\nkagglehub.model_download(handle='google/gemma/pyTorch/2b/3')\n", ""},
        {"import kagglehub\nkagglehub.dataset_download('owner/data')\n",
         "/app/a.py:2: dataset_download('owner/data') of kagglehub asks Kaggle"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(application) struct application application = {.files = NULL};
        add_file(&application, "/app/a.py", cases[i].text);
        expect_asking(&application, cases[i].expected);
    }
}

static void servers_that_list_the_repository_are_told(void **state)
{
    static const struct {
        const char *words[8];
        const char *variable, *expected;
    } cases[] = {
        {{"infinity_emb", "v2", "--model-id", "acme/e", "--engine", "optimum"},
         NULL,
         "CMD: infinity_emb --engine optimum of infinity-emb asks the Hub"},
        {{"infinity_emb", "v2", "--model-id", "acme/e"},
         "INFINITY_ENGINE=optimum",
         "CMD: infinity_emb --engine optimum of infinity-emb asks the Hub"},
        {{"infinity_emb", "v2", "--model-id", "acme/e", "--engine", "torch"}, NULL, ""},
        {{"infinity_emb", "v2", "--model-id", "/models/e", "--engine", "optimum"}, NULL, ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(application) struct application application = {.files = NULL};
        for (size_t k = 0; cases[i].words[k] != NULL; k++)
            strings_add(&application.command, cases[i].words[k]);
        if (cases[i].variable != NULL)
            strings_add(&application.environment, cases[i].variable);
        expect_asking(&application, cases[i].expected);
    }
}

static void versions_that_ask_are_told_if_a_model_is_loaded_by_its_name(void **state)
{
    static const struct {
        const char *version, *text, *expected;
    } cases[] = {
        {"4.57.3", "from transformers import AutoModel\nAutoModel.from_pretrained('acme/m')\n",
         "transformers 4.57.3 asks the Hub what kind of model it is"},
        {"4.57.1", "from transformers import AutoModel\nAutoModel.from_pretrained('acme/m')\n", ""},
        {"4.57.3", "from transformers import AutoModel\nAutoModel.from_pretrained('/m')\n", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(application) struct application application = {.files = NULL};
        add_file(&application, "/app/a.py", cases[i].text);
        add_package(&application, PACKAGE_PYTHON, "transformers", cases[i].version);
        expect_asking(&application, cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_that_list_the_repository_are_told),
        cmocka_unit_test(servers_that_list_the_repository_are_told),
        cmocka_unit_test(versions_that_ask_are_told_if_a_model_is_loaded_by_its_name),
    };

    return cmocka_run_group_tests(tests, read_presets, release_presets);
}
