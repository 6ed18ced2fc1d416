#include "scan/scan_test_internal.h"

static void command_lines_name_models(void **state)
{
    static const struct {
        const char *words[8];
        const char *variable, *expected;
    } cases[] = {
        {{"vllm", "serve", "acme/llm", "--port", "80"}, NULL, "acme/llm CMD\n"},
        {{"python3", "-m", "vllm.entrypoints.openai.api_server", "--model", "acme/llm"},
         NULL,
         "acme/llm CMD\n"},
        {{"vllm", "serve", "--model=acme/llm", "--revision", "v2"}, NULL, "acme/llm@v2 CMD\n"},
        {{"vllm", "serve", "/models/llm"}, NULL, ""},
        {{"text-embeddings-router", "--model-id", "acme/e"}, NULL, "acme/e layout=tei CMD\n"},
        {{"text-embeddings-router"}, "MODEL_ID=acme/e", "acme/e layout=tei ENV MODEL_ID\n"},
        {{"/usr/bin/text-generation-launcher"}, "MODEL_ID=acme/g", "acme/g ENV MODEL_ID\n"},
        {{"llama-server", "-hf", "acme/g-GGUF:Q4_K_M"},
         NULL,
         "acme/g-GGUF layout=llama-cpp weights=gguf:Q4_K_M CMD\n"},
        {{"infinity_emb", "v2", "--model-id", "acme/e"}, NULL, "acme/e CMD\n"},
        {{"python", "-m", "sglang.launch_server", "--model-path", "acme/l"}, NULL, "acme/l CMD\n"},
        {{"sh", "-c", "exec vllm serve ${MODEL:-acme/d} --port 1"}, NULL, "acme/d CMD\n"},
        {{"sh", "-c", "vllm serve $MODEL"}, "MODEL=acme/v", "acme/v CMD\n"},
        {{"sh", "-c", "vllm serve $MODEL"},
         NULL,
         "? CMD: vllm is given '$MODEL', which only a start tells\n"},
        {{"ollama", "run", "llama3.2"}, NULL, "ollama://llama3.2 layout=ollama CMD\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(application) struct application application = {.files = NULL};
        for (size_t k = 0; cases[i].words[k] != NULL; k++)
            strings_add(&application.command, cases[i].words[k]);
        if (cases[i].variable != NULL)
            strings_add(&application.environment, cases[i].variable);
        expect(&application, cases[i].expected);
    }
}

static void scripts_are_read(void **state)
{
    CLEANUP(application) struct application application = {.files = NULL};

    (void)state;
    strings_add(&application.entrypoint, "/start.sh");
    add_file(&application, "/start.sh",
             "#!/bin/sh\n# hf download acme/no\nMODEL=acme/m\nhf download \"$MODEL\" && \\\n"
             "  exec vllm serve 'acme/llm' # acme/no\n");
    add_file(&application, "/other.sh", "huggingface-cli download acme/other\n");
    expect(&application,
           "acme/llm /start.sh:4\nacme/m /start.sh:4\nacme/other /other.sh:1 guess\n");
}

static void supervisord_starts_what_its_config_says(void **state)
{
    static const char *const lines[] = {"command=vllm serve acme/llm",
                                        "command = vllm serve acme/llm"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        CLEANUP(application) struct application application = {.files = NULL};
        CLEANUP(text) char *text = xasprintf("[program:a]\n%s\ndirectory=/app\n", lines[i]);
        strings_add(&application.command, "supervisord");
        strings_add(&application.command, "-c");
        strings_add(&application.command, "/etc/supervisord.conf");
        add_file(&application, "/etc/supervisord.conf", text);
        expect(&application, "acme/llm /etc/supervisord.conf:2\n");
    }
}

static void folders_have_dockerfiles(void **state)
{
    CLEANUP(application) struct application application = {.files = NULL};

    (void)state;
    add_file(&application, "Dockerfile",
             "FROM x AS build\nCMD [\"vllm\", \"serve\", \"acme/no\"]\nFROM y\nENV M=acme/e\n"
             "RUN hf download acme/no\nENTRYPOINT [\"vllm\", \"serve\"]\n"
             "CMD [\"acme/llm\", \"--port\", \"80\"]\n");
    add_file(&application, "a.py", "import os\n" SENTENCE "SentenceTransformer(os.environ['M'])");
    expect(&application, "acme/e a.py:3\nacme/llm Dockerfile:7\n");
}

static void images_of_servers_are_known_by_name(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"FROM vllm/vllm-openai\nCMD [\"--model\", \"acme/llm\"]\n", "acme/llm Dockerfile:2\n"},
        {"FROM --platform=linux/amd64 docker.io/vllm/vllm-openai:v0.11 AS a\nFROM a\n"
         "CMD [\"acme/llm\"]\n",
         "acme/llm Dockerfile:3\n"},
        {"FROM ghcr.io/huggingface/text-embeddings-inference:cpu-1.8\nENV MODEL_ID=acme/e\n",
         "acme/e layout=tei ENV MODEL_ID\n"},
        {"FROM vllm/vllm-openai\nENTRYPOINT [\"python3\"]\nCMD [\"--model\", \"acme/llm\"]\n", ""},
        {"FROM vllm/vllm-openai-other\nCMD [\"--model\", \"acme/llm\"]\n",
         "? Dockerfile:2: CMD goes on with the ENTRYPOINT of 'vllm/vllm-openai-other', which is "
         "not "
         "known here: scan the image that is built\n"},
        {"FROM vllm/vllm-openai AS a\nFROM python:3.12\nCMD [\"python3\", \"a.py\"]\n", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(application) struct application application = {.files = NULL};
        add_file(&application, "Dockerfile", cases[i].text);
        expect(&application, cases[i].expected);
    }
}

static void a_dockerfile_has_so_many_stages_at_most(void **state)
{
    CLEANUP(application) struct application application = {.is_folder = true};
    CLEANUP(scan_findings) struct scan_findings findings = SCAN_FINDINGS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf text = BUF_INIT;

    (void)state;
    for (int i = 0; i < 100; i++)
        buf_add_text(&text, "FROM vllm/vllm-openai\n");
    buf_add_text(&text, "CMD [\"acme/llm\"]\n");
    add_file(&application, "a/Dockerfile", buf_text(&text));
    buf_add_text(&text, "FROM b\n");
    add_file(&application, "b/Dockerfile", buf_text(&text));
    if (scan_application(&application, &presets, NULL, &findings, &err) < 0)
        fail_msg("%s", err.text);
    CLEANUP(text) char *found = describe(&findings);
    assert_string_equal(found, "acme/llm a/Dockerfile:101\n");
    assert_int_equal(findings.skipped.count, 1);
    assert_string_equal(findings.skipped.items[0],
                        "b/Dockerfile:102: only its first 100 stages are read");
}

static void the_default_in_a_text_counts_where_the_variable_is_not_set(void **state)
{
    (void)state;
    for (int is_set = 0; is_set <= 1; is_set++) {
        CLEANUP(application) struct application application = {.files = NULL};
        if (is_set)
            strings_add(&application.environment, "ORG=other");
        add_file(&application, "a.py",
                 "import os\n" SENTENCE
                 "ORG = os.getenv('ORG', 'acme')\nSentenceTransformer(f'{ORG}/m')");
        expect(&application,
               is_set ? "? a.py:4: model_name_or_path of SentenceTransformer() is f'{ORG}/m', "
                        "which only a start tells\n"
                      : "acme/m a.py:4\n");
    }
}

static void servers_name_more_than_their_model(void **state)
{
    static const struct {
        const char *words[10], *expected;
    } cases[] = {
        {{"vllm", "serve", "acme/llm", "--tokenizer", "acme/tok", "--tokenizer-mode", "auto"},
         "acme/llm CMD\nacme/tok include=*.json CMD\n"},
        {{"vllm", "serve", "acme/llm", "--tokenizer=/models/tok"}, "acme/llm CMD\n"},
        {{"vllm", "serve", "acme/llm", "--lora-modules", "a=acme/a", "b=/srv/b",
          "{\"name\": \"c\", \"path\": \"acme/c\"}", "--port", "1"},
         "acme/a CMD\nacme/c CMD\nacme/llm CMD\n"},
        {{"vllm", "serve", "acme/llm", "--speculative-config",
          "{\"model\": \"acme/draft\", \"num_speculative_tokens\": 5}"},
         "acme/draft CMD\nacme/llm CMD\n"},
        {{"vllm", "serve", "acme/llm", "--speculative-config", "{\"method\": \"ngram\"}"},
         "acme/llm CMD\n"},
        {{"vllm", "serve", "acme/llm", "--speculative-model", "acme/draft"},
         "acme/draft CMD\nacme/llm CMD\n"},
        {{"vllm", "serve", "acme/llm", "--speculative-model", "[ngram]"}, "acme/llm CMD\n"},
        {{"python", "-m", "sglang.launch_server", "--model-path", "acme/l", "--lora-paths",
          "acme/a"},
         "acme/a CMD\nacme/l CMD\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(application) struct application application = {.files = NULL};
        for (size_t k = 0; k < ARRAY_SIZE(cases[i].words) && cases[i].words[k] != NULL; k++)
            strings_add(&application.command, cases[i].words[k]);
        expect(&application, cases[i].expected);
    }
}

static void configs_are_guesses_until_code_asks(void **state)
{
    CLEANUP(application) struct application application = {.files = NULL};

    (void)state;
    add_file(&application, "a.yaml",
             "# x\nembedding:\n  model: acme/a # small\n  size: 3\n"
             "other:\n  - repo_id: \"acme/b\"\npath: models/x\n");
    add_file(&application, "b.toml", "[llm]\nmodel_name = \"acme/c\"\n");
    add_file(&application, "c.json", "{\"a\": {\"modelId\": \"x\", \"model_id\": \"acme/d\"}}");
    add_file(&application, ".env", "export RERANKER_MODEL='acme/e'\n");
    add_file(&application, "x.py", SENTENCE "SentenceTransformer(config['embedding']['model'])");
    expect(
        &application,
        "acme/a x.py:2\nacme/b a.yaml: other.repo_id guess\nacme/c b.toml: llm.model_name guess\n"
        "acme/d c.json: a.model_id guess\nacme/e .env: RERANKER_MODEL guess\n");
}

struct example {
    const char *source, *expected;
};

static void node_services_name_models(void **state)
{
    static const struct example examples[] = {
        {"import { pipeline } from '@huggingface/transformers';\n"
         "const p = await pipeline('feature-extraction', 'acme/a', { dtype: 'q8' });",
         "acme/a layout=transformers-js weights=onnx:q8 a.js:2\n"},
        {"const { pipeline } = require(\"@xenova/transformers\");\nconst model = `acme/a`;\n"
         "pipeline('ner', model)",
         "acme/a layout=xenova-transformers weights=onnx:q8 a.js:3\n"},
        {"import { AutoTokenizer } from '@huggingface/transformers';\n"
         "/* x.from_pretrained('acme/no') */ const r = /'/; // pipeline('ner', 'acme/no')\n"
         "AutoTokenizer.from_pretrained('acme/t')",
         "acme/t layout=transformers-js weights=onnx:fp32 a.js:3\n"},
        {"import { pipeline } from '@huggingface/transformers';\n"
         "const m = process.env.MODEL ?? 'acme/d';\npipeline('ner', m);\npipeline('ner', f());",
         "acme/d layout=transformers-js weights=onnx:fp32 a.js:3\n"
         "? a.js:4: the model of pipeline('ner') is not told here\n"},
        {"import { pipeline } from '@huggingface/transformers';\npipeline('feature-extraction')",
         "Xenova/all-MiniLM-L6-v2 layout=transformers-js weights=onnx:fp32 a.js:2\n"},
        {"import { pipeline } from '@huggingface/transformers';\npipeline('no-such-task')",
         "? a.js:2: pipeline('no-such-task') names no model, and no default of this task is "
         "known\n"},
        {"import { pipeline } from '@huggingface/transformers';\npipeline(task, 'acme/a');\n"
         "pipeline(task)",
         "acme/a layout=transformers-js weights=onnx:fp32 a.js:2\n"
         "? a.js:3: the model of pipeline() is not told here\n"},
        {"import { createWorker } from 'tesseract.js';\ncreateWorker('eng')",
         "tesseract-js:eng a.js:2\n"},
        {"import { pipeline } from 'node:stream';\npipeline('ner', 'acme/a') // transformers", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
        CLEANUP(application) struct application application = {.files = NULL};
        add_file(&application, "a.js", examples[i].source);
        expect(&application, examples[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(command_lines_name_models),
        cmocka_unit_test(scripts_are_read),
        cmocka_unit_test(supervisord_starts_what_its_config_says),
        cmocka_unit_test(folders_have_dockerfiles),
        cmocka_unit_test(images_of_servers_are_known_by_name),
        cmocka_unit_test(a_dockerfile_has_so_many_stages_at_most),
        cmocka_unit_test(the_default_in_a_text_counts_where_the_variable_is_not_set),
        cmocka_unit_test(servers_name_more_than_their_model),
        cmocka_unit_test(configs_are_guesses_until_code_asks),
        cmocka_unit_test(node_services_name_models),
    };

    return cmocka_run_group_tests(tests, read_presets, release_presets);
}
