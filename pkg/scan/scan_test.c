#include "scan/scan.h"

#include "core/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/*
 * What people write, and what is said of it: a line a model, "model layout place", and "?" before
 * what is a guess; then what is not resolved, in parentheses.
 */
struct snippet {
    const char *text, *expected;
};

#define FROM(module, name) "from " module " import " name "\n"

static const struct snippet snippets[] = {
    /* the name as it is, positional, by keyword, by a constant, by a default */
    {FROM("sentence_transformers", "SentenceTransformer") "m = SentenceTransformer('org/m')\n",
     "org/m - /app/a.py:2\n"},
    {FROM("sentence_transformers",
          "SentenceTransformer as S") "m = S(model_name_or_path=\"o/m\")\n",
     "o/m - /app/a.py:2\n"},
    {"import sentence_transformers as st\nNAME = 'all-MiniLM-L6-v2'\ndef f():\n"
     "    return st.SentenceTransformer(NAME)\n",
     "sentence-transformers/all-MiniLM-L6-v2 - /app/a.py:4\n"},
    {FROM("langchain_huggingface", "HuggingFaceEmbeddings") "e = HuggingFaceEmbeddings()\n",
     "sentence-transformers/all-mpnet-base-v2 - /app/a.py:2\n"},
    {FROM("langchain_community.embeddings",
          "HuggingFaceEmbeddings") "e = HuggingFaceEmbeddings(\n    "
                                   "model_name='intfloat/multilingual-e5-large',\n)\n",
     "intfloat/multilingual-e5-large - /app/a.py:2\n"},
    /* transformers */
    {FROM("transformers", "AutoModel, AutoTokenizer") "t = AutoTokenizer.from_pretrained('o/t')\nm "
                                                      "= AutoModel.from_pretrained('o/m')\n",
     "o/m - /app/a.py:3\no/t - /app/a.py:2\n"},
    {FROM("transformers", "pipeline") "p = pipeline('summarization', model='o/s')\n",
     "o/s - /app/a.py:2\n"},
    /* variables: of the image, their defaults, and none */
    {"import os\n" FROM("sentence_transformers",
                        "SentenceTransformer") "m = SentenceTransformer(os.environ['SET'])\n",
     "org/set - /app/a.py:3\n"},
    {"import os\n" FROM(
         "sentence_transformers",
         "SentenceTransformer") "m = SentenceTransformer(os.getenv('UNSET', 'org/default'))\n",
     "org/default - /app/a.py:3\n"},
    {"import os\n" FROM("sentence_transformers",
                        "SentenceTransformer") "m = SentenceTransformer(os.environ['UNSET'])\n",
     "(/app/a.py:3: model_name_or_path of SentenceTransformer() comes from the variable "
     "UNSET, which the image does not set)\n"},
    /* presets of loaders that do not ask the Hub */
    {"import whisper\nm = whisper.load_model('base')\n", "whisper:base - /app/a.py:2\n"},
    {"import tiktoken\ne = tiktoken.get_encoding('cl100k_base')\n",
     "tiktoken:cl100k_base - /app/a.py:2\n"},
    {"import tiktoken\ne = tiktoken.encoding_for_model('gpt-4o')\n",
     "tiktoken:o200k_base - /app/a.py:2\n"},
    {"import chromadb\nc = chromadb.Client()\nx = c.create_collection('docs')\n",
     "chroma:all-MiniLM-L6-v2 - /app/a.py:3\n"},
    {FROM("faster_whisper", "WhisperModel") "m = WhisperModel('small')\n",
     "Systran/faster-whisper-small - /app/a.py:2\n"},
    /* nothing that is downloaded */
    {FROM("huggingface_hub", "InferenceClient") "c = InferenceClient(model='o/m')\n", ""},
    {FROM("langchain_openai", "OpenAIEmbeddings") "e = OpenAIEmbeddings(model='o/m')\n", ""},
    {"# SentenceTransformer('org/m')\ntext = \"SentenceTransformer('org/m')\"\n", ""},
    {FROM("sentence_transformers", "SentenceTransformer") "m = SentenceTransformer('./local')\n",
     ""},
    {FROM("mine", "SentenceTransformer") "m = SentenceTransformer('org/m')\n", ""},
};

static char *describe(const struct scan_findings *findings)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    for (size_t i = 0; i < findings->count; i++) {
        const struct scan_finding *finding = &findings->items[i];
        CLEANUP(buf) struct buf places = BUF_INIT;
        for (size_t k = 0; k < finding->places.count; k++)
            buf_addf(&places, " %s", finding->places.items[k]);
        buf_addf(&text, "%s%s %s%s\n", finding->sure ? "" : "?", finding->model,
                 finding->layout != NULL ? finding->layout : "-", buf_text(&places));
    }
    for (size_t i = 0; i < findings->unresolved.count; i++)
        buf_addf(&text, "(%s)\n", findings->unresolved.items[i]);
    return buf_take(&text);
}

/* The file alone, in an image that sets SET. */
static char *scan_text(const char *path, const char *text)
{
    CLEANUP(scan_findings) struct scan_findings findings = SCAN_FINDINGS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(presets) struct presets presets = PRESETS_INIT;
    CLEANUP(notes) struct notes notes = {.log = NULL};
    CLEANUP(text) char *own_path = xstrdup(path);
    CLEANUP(text) char *own_text = xstrdup(text);
    struct application_file file = {.path = own_path, .text = own_text, .size = strlen(text)};
    CLEANUP(strings) struct strings environment = STRINGS_INIT;

    strings_add(&environment, "SET=org/set");
    const struct application application = {
        .files = &file, .file_count = 1, .environment = environment};
    assert_int_equal(presets_read(NULL, &notes, &presets, &err), 0);
    assert_int_equal(scan_application(&application, &presets, NULL, &findings, &err), 0);
    return describe(&findings);
}

static void models_are_found_as_people_write_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(snippets); i++) {
        CLEANUP(text) char *found = scan_text("/app/a.py", snippets[i].text);
        if (strcmp(found, snippets[i].expected) != 0)
            fail_msg("%s\nfound: %s\nexpected: %s", snippets[i].text, found, snippets[i].expected);
    }
}

static void what_tests_load_is_a_guess(void **state)
{
    static const char text[] =
        FROM("sentence_transformers", "SentenceTransformer") "m = SentenceTransformer('org/m')\n";
    CLEANUP(text) char *found = scan_text("/app/tests/test_a.py", text);

    (void)state;
    assert_string_equal(found, "?org/m - /app/tests/test_a.py:2\n");
}

static void a_file_that_does_not_parse_is_said(void **state)
{
    CLEANUP(scan_findings) struct scan_findings findings = SCAN_FINDINGS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct presets presets = PRESETS_INIT;
    struct application_file file = {
        .path = (char[]){"/app/a.py"}, .text = (char[]){"x = 'open\n"}, .size = 10};
    const struct application application = {.files = &file, .file_count = 1};

    (void)state;
    assert_int_equal(scan_application(&application, &presets, NULL, &findings, &err), 0);
    assert_int_equal(findings.count, 0);
    assert_int_equal(findings.skipped.count, 1);
    assert_non_null(strstr(findings.skipped.items[0], "/app/a.py is not read: "));
}

static void whoever_cancels_waits_for_no_file(void **state)
{
    CLEANUP(scan_findings) struct scan_findings findings = SCAN_FINDINGS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct presets presets = PRESETS_INIT;
    struct cancel cancel = {.requested = true};
    struct application_file file = {
        .path = (char[]){"/app/a.py"}, .text = (char[]){"x = 'open\n"}, .size = 10};
    const struct application application = {.files = &file, .file_count = 1};

    (void)state;
    assert_int_equal(scan_application(&application, &presets, &cancel, &findings, &err), -1);
    assert_int_equal(err.kind, ERROR_CANCELED);
    assert_int_equal(findings.skipped.count, 0); /* it was not looked at */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_are_found_as_people_write_them),
        cmocka_unit_test(what_tests_load_is_a_guess),
        cmocka_unit_test(a_file_that_does_not_parse_is_said),
        cmocka_unit_test(whoever_cancels_waits_for_no_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
