#include "scan/scan_test_internal.h"

/* What containers are started with, as people write it in Compose files and Kubernetes manifests.
 */

static void check(const char *path, const char *text, const char *expected)
{
    CLEANUP(application) struct application application = {.is_folder = true};

    add_file(&application, path, text);
    expect(&application, expected);
}

static void services_of_compose_start_servers(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"services:\n  llm:\n    image: vllm/vllm-openai:v0.9.1\n    command: --model acme/a "
         "--port 1\n",
         "acme/a compose.yaml:4\n"},
        {"services:\n  llm:\n    image: vllm/vllm-openai:latest\n    command:\n    - --model\n"
         "    - \"acme/a\"\n    ports:\n      - \"8000:8000\"\n",
         "acme/a compose.yaml:4\n"},
        {"services:\n  llm:\n    image: 'vllm/vllm-openai:latest' # x\n"
         "    command: [\"acme/a\", --max-model-len, '4096']\n",
         "acme/a compose.yaml:4\n"},
        {"services:\n  llm:\n    image: vllm/vllm-openai:latest\n    command: [\n      "
         "\"--model\",\n"
         "      \"acme/a\", # that one\n    ]\n",
         "acme/a compose.yaml:4\n"},
        {"services:\n  llm:\n    image: vllm/vllm-openai:latest\n    command: >\n      --model "
         "acme/a\n"
         "      --dtype half\n",
         "acme/a compose.yaml:4\n"},
        {"services:\n  llm:\n    image: vllm/vllm-openai:latest\n    command: --model acme/a\n"
         "      --dtype half\n    restart: always\n",
         "acme/a compose.yaml:4\n"},
        {"services:\n  llm:\n    image: own:1\n    entrypoint: [\"vllm\", \"serve\"]\n"
         "    command: acme/a\n",
         "acme/a compose.yaml:5\n"},
        {"services:\n  llm:\n    build: .\n    command: sh -c \"vllm serve acme/a\"\n", ""},
        {"services:\n  llm:\n    build: .\n    command: [sh, -c, 'sleep 1 && vllm serve acme/a']\n",
         "acme/a compose.yaml:4\n"},
        {"services:\n  t:\n    image: ghcr.io/huggingface/text-embeddings-inference:cpu-1.7\n"
         "    environment:\n      - MODEL_ID=acme/a\n",
         "acme/a layout=tei ENV MODEL_ID\n"},
        {"services:\n  t:\n    image: ghcr.io/huggingface/text-generation-inference:3\n"
         "    environment:\n      MODEL_ID: acme/a\n  u:\n    image: vllm/vllm-openai:latest\n"
         "    command: --model ${MODEL:-acme/b}\n",
         "acme/a ENV MODEL_ID\nacme/b compose.yaml:8\n"},
        {"services:\n  t:\n    image: vllm/vllm-openai:latest\n    command: --model ${MODEL}\n",
         "? compose.yaml:4: vllm is given '${MODEL}', which only a start tells\n"},
        {"services:\n  t:\n    image: own:1\n    command: --model acme/a\n",
         "? compose.yaml:4: it goes on with the ENTRYPOINT of 'own:1', which is not known here: "
         "scan that image\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check("compose.yaml", cases[i].text, cases[i].expected);
    check("docker-compose.prod.yml", cases[0].text, "acme/a docker-compose.prod.yml:4\n");
    check("tests/docker-compose.yml", cases[0].text, "acme/a tests/docker-compose.yml:4 guess\n");
}

#define POD                                                                                        \
    "apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n"

static void containers_of_kubernetes_start_servers(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {POD "        - name: vllm\n          image: vllm/vllm-openai:latest\n"
             "          args: [\"--model\", \"acme/a\"]\n",
         "acme/a k8s/llm.yaml:9\n"},
        {POD "      - image: vllm/vllm-openai:latest\n        name: x\n        args:\n"
             "        - --model=acme/a\n        - --port=8000\n",
         "acme/a k8s/llm.yaml:9\n"},
        {POD
         "      - name: x\n        image: own\n        command: [\"/bin/sh\", \"-c\"]\n"
         "        args:\n        - |\n          vllm serve acme/a \\\n            --port 8000\n",
         "acme/a k8s/llm.yaml:10\n"},
        {POD "      - name: x\n        image: own\n        command:\n          - python3\n"
             "          - -m\n          - vllm.entrypoints.openai.api_server\n        args:\n"
             "          - --model\n          - $(MODEL)\n        env:\n        - name: MODEL\n"
             "          value: acme/a\n        - name: TOKEN\n          valueFrom:\n"
             "            secretKeyRef: {name: s, key: t}\n",
         "acme/a k8s/llm.yaml:13\n"},
        {POD "      - name: x\n        image: ghcr.io/huggingface/text-embeddings-inference:1.7\n"
             "        env:\n        - {name: MODEL_ID, value: acme/a}\n",
         "acme/a layout=tei ENV MODEL_ID\n"},
        {POD "      - name: x\n        image: vllm/vllm-openai:latest\n"
             "        args: [\"--model\", \"{{ .Values.model }}\"]\n",
         "? k8s/llm.yaml:9: vllm is given '${template}', which only a start tells\n"},
        {"containers: x\nargs: [vllm, serve, acme/a]\n", ""}, /* no manifest */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check("k8s/llm.yaml", cases[i].text, cases[i].expected);
}

static void what_compose_sets_counts_for_what_it_builds(void **state)
{
    CLEANUP(application) struct application application = {.is_folder = true};

    (void)state;
    add_file(&application, "docker-compose.yml",
             "services:\n  app:\n    build: .\n    environment:\n      EMBEDDER: acme/e\n");
    add_file(&application, "app.py",
             SENTENCE "import os\nSentenceTransformer(os.environ['EMBEDDER'])");
    expect(&application, "acme/e app.py:3\n");
}

static void whatever_the_text_it_is_read(void **state)
{
    static const char *const texts[] = {"[",
                                        "{",
                                        "a: [b, {c: d",
                                        "a: {b: [c}]",
                                        "- - - - a",
                                        "a:\n  - b\n c: d",
                                        ": :",
                                        "a: \"",
                                        "a: 'x''y'",
                                        "|",
                                        ">",
                                        "a: |",
                                        "---\n...\n",
                                        "\ta: b",
                                        "a: &x\n",
                                        "a: *x",
                                        "a: !!map {b: c}"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        check("compose.yaml", texts[i], "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(services_of_compose_start_servers),
        cmocka_unit_test(containers_of_kubernetes_start_servers),
        cmocka_unit_test(what_compose_sets_counts_for_what_it_builds),
        cmocka_unit_test(whatever_the_text_it_is_read),
    };

    return cmocka_run_group_tests(tests, read_presets, release_presets);
}
