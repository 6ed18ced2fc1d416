#include "scan/scan_test_internal.h"

/* Folders that the application itself names: then the image's environment does not decide. */

#define TRANSFORMERS "from transformers import AutoModel\n"
#define HF_HUB "from huggingface_hub import hf_hub_download, snapshot_download\n"
#define OS "import os\n"

struct example {
    const char *text, *expected;
};

static void check(const struct example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CLEANUP(application) struct application application = {.working_dir = xstrdup("/app")};
        add_file(&application, "/a.py", examples[i].text);
        expect(&application, examples[i].expected);
    }
}

static void a_folder_that_the_call_names_is_where_it_looks(void **state)
{
    static const struct example examples[] = {
        {SENTENCE "SentenceTransformer('acme/a', cache_folder='/x')",
         "acme/a layout=hub-dir path=/x /a.py:2\n"},
        {SENTENCE "SentenceTransformer('acme/a', cache_folder=None)", "acme/a /a.py:2\n"},
        {SENTENCE "SentenceTransformer('acme/a', cache_folder='')", "acme/a /a.py:2\n"},
        {TRANSFORMERS "AutoModel.from_pretrained('acme/a', cache_dir='/x/')",
         "acme/a layout=hub-dir path=/x /a.py:2\n"},
        /* Below the image's working directory. */
        {TRANSFORMERS "AutoModel.from_pretrained('acme/a', cache_dir='./x')",
         "acme/a layout=hub-dir path=/app/x /a.py:2\n"},
        {TRANSFORMERS "D = 'x'\nAutoModel.from_pretrained('acme/a', cache_dir=D)",
         "acme/a layout=hub-dir path=/app/x /a.py:3\n"},
        {"from langchain_huggingface import HuggingFaceEmbeddings\n"
         "HuggingFaceEmbeddings(model_name='acme/a', cache_folder='/x')",
         "acme/a layout=hub-dir path=/x /a.py:2\n"},
        {"from faster_whisper import WhisperModel\nWhisperModel('tiny', download_root='/x')",
         "Systran/faster-whisper-tiny layout=hub-dir path=/x /a.py:2\n"},
        {"import whisper\nwhisper.load_model('tiny', download_root='/x')",
         "https://openaipublic.azureedge.net/main/whisper/models/"
         "65147644a518d12f04e32d6f3b26facc3f8dd46e5390956a9424a650c0ce22b9/tiny.pt#sha256="
         "65147644a518d12f04e32d6f3b26facc3f8dd46e5390956a9424a650c0ce22b9"
         " layout=dir path=/x /a.py:2\n"},
        {HF_HUB "hf_hub_download('acme/a', 'm.gguf', local_dir='/x')",
         "acme/a layout=dir path=/x include=m.gguf /a.py:2\n"},
        {HF_HUB "snapshot_download('acme/a', cache_dir='/x')",
         "acme/a layout=hub-dir path=/x /a.py:2\n"},
        /* Two calls, two folders. */
        {TRANSFORMERS "AutoModel.from_pretrained('acme/a', cache_dir='/x')\n"
                      "AutoModel.from_pretrained('acme/a')\n"
                      "AutoModel.from_pretrained('acme/a', cache_dir='/x')",
         "acme/a /a.py:3\nacme/a layout=hub-dir path=/x /a.py:2,/a.py:4\n"},
    };

    (void)state;
    check(examples, ARRAY_SIZE(examples));
}

static void a_folder_that_is_not_known_makes_a_guess(void **state)
{
    static const struct example examples[] = {
        {OS SENTENCE "SentenceTransformer('acme/a', cache_folder=os.environ['D'])",
         "acme/a /a.py:3 guess\n? /a.py:3: cache_folder of SentenceTransformer() comes from the "
         "variable D, which the image does not set: where it looks is not known\n"},
        {SENTENCE "SentenceTransformer('acme/a', cache_folder=f())",
         "acme/a /a.py:2 guess\n? /a.py:2: cache_folder of SentenceTransformer() is what f() "
         "returns: where it looks is not known\n"},
        {TRANSFORMERS "AutoModel.from_pretrained('acme/a', cache_dir='~/x')",
         "acme/a /a.py:2 guess\n? /a.py:2: cache_dir of AutoModel.from_pretrained() begins with "
         "'~', for which loaders do not put the home: where it looks is not known\n"},
        {TRANSFORMERS "AutoModel.from_pretrained('acme/a', cache_dir='../x')",
         "acme/a /a.py:2 guess\n? /a.py:2: cache_dir of AutoModel.from_pretrained() is no path "
         "that is known before it runs: where it looks is not known\n"},
        {"from transformers import pipeline\n"
         "pipeline(model='acme/a', model_kwargs={'cache_dir': '/x'})",
         "acme/a /a.py:2 guess\n? /a.py:2: model_kwargs of pipeline() names a folder: where it "
         "looks is not known\n"},
        {"from vllm import LLM\nLLM('acme/a', download_dir='/x')",
         "acme/a /a.py:2 guess\n? /a.py:2: download_dir of LLM() is for the weights, and the rest "
         "is elsewhere: where it looks is not known\n"},
    };

    (void)state;
    check(examples, ARRAY_SIZE(examples));
}

static void variables_of_the_source_move_the_place(void **state)
{
    static const struct example examples[] = {
        {OS "os.environ['HF_HOME'] = '/x'\n" TRANSFORMERS "AutoModel.from_pretrained('acme/a')",
         "acme/a layout=hub-dir path=/x/hub /a.py:4\n"},
        {OS "os.environ['HF_HUB_CACHE'] = '/x'\nos.environ['HF_HOME'] = '/y'\n" TRANSFORMERS
            "AutoModel.from_pretrained('acme/a')",
         "acme/a layout=hub-dir path=/x /a.py:5\n"},
        {OS "os.environ['SENTENCE_TRANSFORMERS_HOME'] = '/x'\n" SENTENCE
            "SentenceTransformer('acme/a')",
         "acme/a layout=hub-dir path=/x /a.py:4\n"},
        /* The image's own counts where it is there. */
        {OS "os.environ.setdefault('HF_HOME', '/x')\n" TRANSFORMERS
            "AutoModel.from_pretrained('acme/a')",
         "acme/a layout=hub-dir path=/x/hub /a.py:4\n"},
        {OS "os.environ.setdefault('XDG_CACHE_HOME', '/x')\n" TRANSFORMERS
            "AutoModel.from_pretrained('acme/a')",
         "acme/a /a.py:4\n"},
        {OS "os.environ['XDG_CACHE_HOME'] = '/same'\n" TRANSFORMERS
            "AutoModel.from_pretrained('acme/a')",
         "acme/a /a.py:4\n"},
        /* The library has read it by then. */
        {OS TRANSFORMERS "os.environ['HF_HOME'] = '/x'\nAutoModel.from_pretrained('acme/a')",
         "acme/a /a.py:4\n"},
        {OS "os.environ['HF_HOME'] = f()\n" TRANSFORMERS "AutoModel.from_pretrained('acme/a')",
         "acme/a /a.py:4 guess\n? /a.py:4: /a.py:2 sets HF_HOME, whose value is what f() returns: "
         "where its loader looks is not known\n"},
        {OS "os.environ['TIKTOKEN_CACHE_DIR'] = '/x'\nimport tiktoken\n"
            "tiktoken.get_encoding('cl100k_base')",
         "tiktoken:cl100k_base /a.py:4 guess\n? /a.py:4: it looks in '/x' by TIKTOKEN_CACHE_DIR, "
         "which "
         "/a.py sets, where the layout tiktoken cannot put it: let the image set the place "
         "(--env)\n"},
        {OS "os.environ['UNRELATED'] = '/x'\n" TRANSFORMERS "AutoModel.from_pretrained('acme/a')",
         "acme/a /a.py:4\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
        CLEANUP(application) struct application application = {.working_dir = xstrdup("/app")};
        strings_add(&application.environment, "XDG_CACHE_HOME=/same");
        add_file(&application, "/a.py", examples[i].text);
        expect(&application, examples[i].expected);
    }
}

static void what_other_files_set_counts_as_far_as_it_is_known(void **state)
{
    static const struct {
        const char *path, *text, *caller, *expected;
    } cases[] = {
        {"/app/config.py", "", "import config\n",
         "acme/a layout=hub-dir path=/x/hub /app/b.py:3\n"},
        {"/app/main.py", "import b\n", "\n", "acme/a layout=hub-dir path=/x/hub /app/b.py:3\n"},
        {"/app/download.py", "", "\n", "acme/a /app/b.py:3\n"}, /* a script by itself */
        {"/app/tests/conftest.py", "import b\n", "\n", "acme/a /app/b.py:3\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(application) struct application application = {.files = NULL};
        CLEANUP(text)
        char *setting = xasprintf("import os\nos.environ['HF_HOME'] = '/x'\n%s", cases[i].text);
        CLEANUP(text)
        char *caller =
            xasprintf("%s" TRANSFORMERS "AutoModel.from_pretrained('acme/a')", cases[i].caller);
        add_file(&application, cases[i].path, setting);
        add_file(&application, "/app/b.py", caller);
        expect(&application, cases[i].expected);
    }
}

static void scripts_and_dotenv_move_it_too(void **state)
{
    CLEANUP(application) struct application script = {.files = NULL};
    CLEANUP(application) struct application dotenv = {.files = NULL};

    (void)state;
    strings_add(&script.entrypoint, "/start.sh");
    add_file(&script, "/start.sh", "export HF_HOME=/x\npython /a.py\nvllm serve acme/b\n");
    add_file(&script, "/a.py", TRANSFORMERS "AutoModel.from_pretrained('acme/a')");
    expect(&script, "acme/a layout=hub-dir path=/x/hub /a.py:2\n"
                    "acme/b layout=hub-dir path=/x/hub /start.sh:3\n");
    add_file(&dotenv, "/app/.env", "HF_HOME=/x\n");
    add_file(&dotenv, "/app/a.py",
             "from dotenv import load_dotenv\nload_dotenv()\n" TRANSFORMERS
             "AutoModel.from_pretrained('acme/a')");
    expect(&dotenv, "acme/a layout=hub-dir path=/x/hub /app/a.py:4\n");
}

static void llama_index_has_a_cache_of_its_own(void **state)
{
    static const struct {
        const char *version, *variable, *arguments, *expected;
    } cases[] = {
        {"0.14.8", NULL, "", "acme/a layout=llama-index /a.py:2\n"},
        {"0.12.50", NULL, "", "acme/a layout=llama-index /a.py:2\n"},
        {"0.12.49", NULL, "", "acme/a layout=hub-dir path=/tmp/llama_index /a.py:2\n"},
        {"0.12.49", "LLAMA_INDEX_CACHE_DIR=/x", "", "acme/a layout=llama-index /a.py:2\n"},
        {"0.12.49", NULL, ", cache_folder='/x'", "acme/a layout=hub-dir path=/x /a.py:2\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(application) struct application application = {.files = NULL};
        CLEANUP(text)
        char *text =
            xasprintf("from llama_index.embeddings.huggingface import HuggingFaceEmbedding\n"
                      "HuggingFaceEmbedding('acme/a'%s)",
                      cases[i].arguments);
        add_package(&application, PACKAGE_PYTHON, "llama-index-core", cases[i].version);
        add_package(&application, PACKAGE_PYTHON, "sentence-transformers", "3.0.1");
        if (cases[i].variable != NULL)
            strings_add(&application.environment, cases[i].variable);
        add_file(&application, "/a.py", text);
        expect(&application, cases[i].expected);
    }
}

static void a_folder_without_its_image_has_no_working_directory(void **state)
{
    CLEANUP(application) struct application application = {.is_folder = true};

    (void)state;
    add_file(&application, "a.py",
             TRANSFORMERS "AutoModel.from_pretrained('acme/a', cache_dir='x')");
    expect(&application,
           "acme/a a.py:2 guess\n? a.py:2: cache_dir of AutoModel.from_pretrained() is "
           "below the working directory, which nothing here tells: where it looks is "
           "not known\n");
}

static void before_2_3_sentence_transformers_has_plain_files_there(void **state)
{
    CLEANUP(application) struct application application = {.files = NULL};

    (void)state;
    add_package(&application, PACKAGE_PYTHON, "sentence-transformers", "2.2.2");
    add_file(&application, "/a.py", SENTENCE "SentenceTransformer('acme/a', cache_folder='/x')");
    expect(&application, "acme/a layout=dir path=/x/acme_a /a.py:2\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_that_the_call_names_is_where_it_looks),
        cmocka_unit_test(a_folder_that_is_not_known_makes_a_guess),
        cmocka_unit_test(variables_of_the_source_move_the_place),
        cmocka_unit_test(what_other_files_set_counts_as_far_as_it_is_known),
        cmocka_unit_test(scripts_and_dotenv_move_it_too),
        cmocka_unit_test(llama_index_has_a_cache_of_its_own),
        cmocka_unit_test(a_folder_without_its_image_has_no_working_directory),
        cmocka_unit_test(before_2_3_sentence_transformers_has_plain_files_there),
    };

    return cmocka_run_group_tests(tests, read_presets, release_presets);
}
