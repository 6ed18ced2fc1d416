#include "layout/layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define COMMIT "3f0c6d0c1d3b4e5f60718293a4b5c6d7e8f90123"
#define LIST(...)                                                                                  \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }
#define HUB ORIGIN_HUB_MODEL, "acme/tiny"
#define CACHE "home/app/.cache/"
#define BLOB "ea8c4fe1aa5e1f9d6e0e3b1b1e1f1c4b"

/* Where a loader looks, as its source has it: what stands there besides folders, in order. */
struct loader_case {
    const char *layout;
    const char *const *environment; /* NULL: nothing is set */
    enum origin_kind kind;
    const char *name;         /* of the origin */
    const char *const *files; /* of the plan */
    const char *const *found; /* in the image; empty files have " empty" behind them */
};

static const char *const packages[] = {
    "python:spacy",
    "python:rapidocr",
    "python:mediapipe",
    "node:@huggingface/transformers",
    "node:@xenova/transformers",
};
static const char *const package_folders[] = {
    "/venv/site-packages/spacy",
    "/venv/site-packages/rapidocr",
    "/venv/site-packages/mediapipe",
    "/app/node_modules/@huggingface/transformers",
    "/app/node_modules/@xenova/transformers",
};

static void fill(struct plan *plan, const struct loader_case *from)
{
    plan->origin.kind = from->kind;
    plan->origin.name = xstrdup(from->name);
    plan->origin.revision = origin_is_of_hub(from->kind) ? xstrdup("main") : NULL;
    plan->pin = xstrdup(COMMIT);
    for (size_t i = 0; from->files[i] != NULL; i++) {
        struct plan_file file = {.path = (char *)(uintptr_t)from->files[i], .size = 1};
        file.digest = digest_of(DIGEST_SHA256, from->files[i], strlen(from->files[i]));
        plan_add(plan, &file);
    }
    plan_sort(plan);
}

static int arrange(const struct loader_case *from, struct tree *out, struct error *err)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(strings) struct strings names = STRINGS_INIT;
    CLEANUP(strings) struct strings folders = STRINGS_INIT;
    struct home home = {
        .path = "/home/app",
        .working_dir = "/srv/app",
        .package_names = &names,
        .package_folders = &folders,
        .uid = 1000,
        .gid = 1000,
        .environment = from->environment,
    };
    const struct layout_request request = {
        layout_find(from->layout), &plan, &home, false, true, "/models", NULL};

    for (size_t i = 0; i < ARRAY_SIZE(packages); i++) {
        strings_add(&names, packages[i]);
        strings_add(&folders, package_folders[i]);
    }
    fill(&plan, from);
    return layout_arrange(&request, out, err);
}

/* Blobs are named by digests: other tests look at them. */
static bool is_of_interest(const struct tree_entry *entry)
{
    bool is_blob = strstr(entry->path, "--") != NULL && strstr(entry->path, "/blobs/") != NULL;

    return entry->type != TREE_FOLDER && !is_blob;
}

static void check_case(const struct loader_case *from)
{
    CLEANUP(tree) struct tree tree = TREE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf found = BUF_INIT;
    CLEANUP(buf) struct buf expected = BUF_INIT;

    if (arrange(from, &tree, &err) < 0)
        fail_msg("%s: %s", from->layout, err.text);
    for (size_t i = 0; i < tree.count; i++)
        if (is_of_interest(&tree.entries[i]))
            buf_addf(&found, "%s%s\n", tree.entries[i].path,
                     tree.entries[i].yields ? " empty" : "");
    for (size_t i = 0; from->found[i] != NULL; i++)
        buf_addf(&expected, "%s\n", from->found[i]);
    if (strcmp(buf_text(&found), buf_text(&expected)) != 0)
        fail_msg("%s has\n%sand not\n%s", from->layout, buf_text(&found), buf_text(&expected));
}

#define ONNX CACHE "chroma/onnx_models/all-MiniLM-L6-v2/onnx/"
#define ENCODINGS "https://openaipublic.blob.core.windows.net/encodings/"
#define HANDLE "https://tfhub.dev/google/nnlm-en-dim50/2"

static const struct loader_case cases[] = {
    {"dir", NULL, HUB, LIST("a/b"), LIST("models/a/b")},
    {"sentence-transformers", NULL, HUB, LIST("modules.json"),
     LIST(CACHE "torch/sentence_transformers/acme_tiny/modules.json")},
    {"chroma", LIST("XDG_CACHE_HOME=/x"), ORIGIN_URL, "https://chroma.example/onnx.tar.gz",
     LIST("onnx/config.json", "onnx/model.onnx", "onnx/special_tokens_map.json",
          "onnx/tokenizer.json", "onnx/tokenizer_config.json", "onnx/vocab.txt"),
     LIST(ONNX "config.json", ONNX "model.onnx", ONNX "special_tokens_map.json",
          ONNX "tokenizer.json", ONNX "tokenizer_config.json", ONNX "vocab.txt")},
    {"chroma", NULL, ORIGIN_FOLDER, "./onnx",
     LIST("config.json", "model.onnx", "special_tokens_map.json", "tokenizer.json",
          "tokenizer_config.json", "vocab.txt"),
     LIST(ONNX "config.json", ONNX "model.onnx", ONNX "special_tokens_map.json",
          ONNX "tokenizer.json", ONNX "tokenizer_config.json", ONNX "vocab.txt")},
    {"tiktoken", NULL, ORIGIN_URL, ENCODINGS "cl100k_base.tiktoken", LIST("cl100k_base.tiktoken"),
     LIST(CACHE "tiktoken/9b5ad71b2ce5302211f9c61530b329a4922fc6a4")},
    {"tiktoken", LIST("DATA_GYM_CACHE_DIR=/g", "TIKTOKEN_CACHE_DIR=/t"), ORIGIN_FILE,
     "./o200k_base.tiktoken", LIST("o200k_base.tiktoken"),
     LIST("t/fb374d419588a4632f3f557e76b4b70aebbca790")},
    {"tiktoken", NULL, ORIGIN_FOLDER, "./cache", LIST("0ea1e91bbb3a60f729a8dc8f777fd2fc07cd8df4"),
     LIST(CACHE "tiktoken/0ea1e91bbb3a60f729a8dc8f777fd2fc07cd8df4")},
    {"torch-hub", NULL, ORIGIN_URL, "https://download.example/models/resnet18-f37072fd.pth",
     LIST("resnet18-f37072fd.pth"),
     LIST(CACHE "torch/hub/checkpoints/resnet18-f37072fd.pth",
          CACHE "torch/hub/trusted_list empty")},
    {"torch-hub", LIST("TORCH_HOME=~/t", "XDG_CACHE_HOME=/x"), ORIGIN_FOLDER, "./hub",
     LIST("acme_net_v1/hubconf.py", "acme_net_v1/src/net.py", "w/x.pth"),
     LIST("home/app/t/hub/acme_net_v1/hubconf.py", "home/app/t/hub/acme_net_v1/src/net.py",
          "home/app/t/hub/checkpoints/x.pth", "home/app/t/hub/trusted_list empty")},
    {"silero-vad", LIST("XDG_CACHE_HOME=/x"), ORIGIN_FOLDER, "./silero-vad",
     LIST("hubconf.py", "src/silero_vad/data/silero_vad.jit"),
     LIST("x/torch/hub/snakers4_silero-vad_master/hubconf.py",
          "x/torch/hub/snakers4_silero-vad_master/src/silero_vad/data/silero_vad.jit",
          "x/torch/hub/trusted_list empty")},
    {"nltk", LIST("NLTK_DATA="), ORIGIN_URL,
     "https://nltk.example/packages/tokenizers/punkt_tab.zip",
     LIST("punkt_tab/english/collocations.tab"),
     LIST("home/app/nltk_data/tokenizers/punkt_tab/english/collocations.tab")},
    {"nltk", LIST("NLTK_DATA=/n:/usr/share/nltk_data"), ORIGIN_FOLDER, "nltk_data",
     LIST("corpora/wordnet.zip"), LIST("n/corpora/wordnet.zip")},
    {"spacy", NULL, ORIGIN_URL, "https://spacy.example/en_core_web_sm-3.8.0-py3-none-any.whl",
     LIST("en_core_web_sm/__init__.py", "en_core_web_sm-3.8.0.dist-info/METADATA"),
     LIST("venv/site-packages/en_core_web_sm-3.8.0.dist-info/METADATA",
          "venv/site-packages/en_core_web_sm/__init__.py")},
    {"tesseract-js", NULL, ORIGIN_FILE, "./eng.traineddata", LIST("eng.traineddata"),
     LIST("srv/app/eng.traineddata")},
    {"node-llama-cpp", NULL, HUB, LIST("x/m-Q4_K_M.gguf"),
     LIST("home/app/.node-llama-cpp/models/m-Q4_K_M.gguf")},
    {"transformers-js", NULL, HUB, LIST("config.json", "onnx/model.onnx"),
     LIST("app/node_modules/@huggingface/transformers/.cache/acme/tiny/config.json",
          "app/node_modules/@huggingface/transformers/.cache/acme/tiny/onnx/model.onnx")},
    {"xenova-transformers", NULL, HUB, LIST("config.json"),
     LIST("app/node_modules/@xenova/transformers/.cache/acme/tiny/config.json")},
    {"fastembed-js", NULL, ORIGIN_URL, "https://f.example/fast-bge-small-en-v1.5.tar.gz",
     LIST("fast-bge-small-en-v1.5/model_optimized.onnx"),
     LIST("srv/app/local_cache/fast-bge-small-en-v1.5/model_optimized.onnx")},
    {"ultralytics", NULL, ORIGIN_FILE, "yolo11n.pt", LIST("yolo11n.pt"),
     LIST("srv/app/yolo11n.pt")},
    {"docling", NULL, HUB, LIST("model.safetensors"),
     LIST(CACHE "docling/models/acme--tiny/model.safetensors")},
    {"docling", LIST("DOCLING_ARTIFACTS_PATH=/a"), HUB, LIST("x"), LIST("a/acme--tiny/x")},
    {"rapidocr", NULL, ORIGIN_URL, "https://r.example/onnx/det.onnx", LIST("det.onnx"),
     LIST("venv/site-packages/rapidocr/models/det.onnx")},
    {"easyocr", LIST("EASYOCR_MODULE_PATH=", "MODULE_PATH=/m"), ORIGIN_FILE, "english_g2.pth",
     LIST("english_g2.pth"), LIST("m/model/english_g2.pth")},
    {"easyocr", NULL, ORIGIN_FILE, "english_g2.pth", LIST("english_g2.pth"),
     LIST("home/app/.EasyOCR/model/english_g2.pth")},
    {"whisper", NULL, ORIGIN_FILE, "base.pt", LIST("base.pt"), LIST(CACHE "whisper/base.pt")},
    {"whisper", LIST("XDG_CACHE_HOME=/x"), ORIGIN_FILE, "tiny.en.pt", LIST("tiny.en.pt"),
     LIST("x/whisper/tiny.en.pt")},
    {"modelscope", NULL, ORIGIN_MODELSCOPE, "Qwen/Qwen2.5-0.5B", LIST("config.json"),
     LIST(CACHE "modelscope/hub/models/Qwen/Qwen2___5-0___5B/config.json")},
    {"modelscope", LIST("MODELSCOPE_CACHE=/m"), ORIGIN_MODELSCOPE, "a.b/c", LIST("x"),
     LIST("m/models/a.b/c/x")},
    {"mediapipe", NULL, ORIGIN_FOLDER, "mediapipe",
     LIST("modules/pose_landmark/pose_landmark_heavy.tflite"),
     LIST("venv/site-packages/mediapipe/modules/pose_landmark/pose_landmark_heavy.tflite")},
    {"openclip", LIST("XDG_CACHE_HOME=/x"), ORIGIN_FILE, "ViT-B-32.pt", LIST("ViT-B-32.pt"),
     LIST(CACHE "clip/ViT-B-32.pt")},
    {"rembg", NULL, ORIGIN_FILE, "u2net.onnx", LIST("u2net.onnx"),
     LIST("home/app/.u2net/u2net.onnx")},
    {"rembg", LIST("XDG_DATA_HOME=~/d"), ORIGIN_FILE, "u2net.onnx", LIST("u2net.onnx"),
     LIST("home/app/d/.u2net/u2net.onnx")},
    {"kagglehub", NULL, ORIGIN_FOLDER, "models",
     LIST("google/gemma/keras/2b/3/a", "google/gemma/keras/2b/3/b/c"),
     LIST(CACHE "kagglehub/models/google/gemma/keras/2b/3.complete empty",
          CACHE "kagglehub/models/google/gemma/keras/2b/3/a",
          CACHE "kagglehub/models/google/gemma/keras/2b/3/b/c")},
    {"paddlex", NULL, HUB, LIST("inference.yml"),
     LIST("home/app/.paddlex/official_models/tiny/inference.yml")},
    {"keras", LIST("KERAS_HOME=/k"), ORIGIN_FILE, "w.h5", LIST("w.h5"), LIST("k/models/w.h5")},
    {"llama-cpp-flat", NULL, ORIGIN_HUB_MODEL, "ggml-org/gemma-3-1b-it-GGUF",
     LIST("gemma-3-1b-it-Q4_K_M.gguf"),
     LIST(CACHE "llama.cpp/ggml-org_gemma-3-1b-it-GGUF_gemma-3-1b-it-Q4_K_M.gguf")},
    {"llama-cpp-flat", LIST("LLAMA_CACHE=", "XDG_CACHE_HOME=/x"), ORIGIN_FILE, "m.gguf",
     LIST("m.gguf"), LIST("x/llama.cpp/m.gguf")},
    {"ollama", LIST("OLLAMA_MODELS="), ORIGIN_OLLAMA, "tiny",
     LIST("manifests/registry.ollama.ai/library/tiny/latest", "blobs/sha256-" BLOB),
     LIST("home/app/.ollama/models/blobs/sha256-" BLOB,
          "home/app/.ollama/models/manifests/registry.ollama.ai/library/tiny/latest")},
    {"insightface", NULL, ORIGIN_URL, "https://i.example/v0.7/buffalo_l.zip", LIST("det_10g.onnx"),
     LIST("home/app/.insightface/models/buffalo_l/det_10g.onnx")},
    {"stanza", NULL, ORIGIN_FOLDER, "stanza", LIST("resources.json", "en/tokenize/combined.pt"),
     LIST("home/app/stanza_resources/en/tokenize/combined.pt",
          "home/app/stanza_resources/resources.json")},
    {"doctr", LIST("DOCTR_CACHE_DIR=/d"), ORIGIN_FILE, "fast_base-688a8b34.pt",
     LIST("fast_base-688a8b34.pt"), LIST("d/models/fast_base-688a8b34.pt")},
    {"flashrank", LIST("TMPDIR=/x"), ORIGIN_URL, "https://f.example/m.zip", LIST("m/m.onnx"),
     LIST("tmp/m/m.onnx")},
    {"piper", NULL, HUB, LIST("en/en_US/v.onnx", "en/en_US/v.onnx.json"),
     LIST("srv/app/v.onnx", "srv/app/v.onnx.json")},
    {"argos", NULL, ORIGIN_URL, "https://a.example/translate-en_es-1_0.argosmodel",
     LIST("en_es/metadata.json"),
     LIST("home/app/.local/share/argos-translate/packages/en_es/metadata.json")},
    {"argos", LIST("ARGOS_TRANSLATE_PACKAGE_DIR=/a", "XDG_DATA_HOME=/x"), ORIGIN_FOLDER, "packages",
     LIST("en_es/metadata.json"), LIST("a/en_es/metadata.json")},
    {"djl", NULL, ORIGIN_FOLDER, "repo", LIST("model/cv/x/y.zip"),
     LIST("home/app/.djl.ai/cache/repo/model/cv/x/y.zip")},
    {"deepface", LIST("DEEPFACE_HOME=/d"), ORIGIN_FILE, "arcface_weights.h5",
     LIST("arcface_weights.h5"), LIST("d/.deepface/weights/arcface_weights.h5")},
    {"gensim", NULL, ORIGIN_FOLDER, "gensim-data", LIST("information.json", "glove/__init__.py"),
     LIST("home/app/gensim-data/glove/__init__.py", "home/app/gensim-data/information.json")},
    {"surya", NULL, ORIGIN_FOLDER, "models", LIST("layout/2025_02_18/manifest.json"),
     LIST(CACHE "datalab/models/layout/2025_02_18/manifest.json")},
    {"coqui", LIST("TTS_HOME=~"), ORIGIN_FOLDER, "tts", LIST("tts_models--en--x--y/model.pth"),
     LIST("home/app/tts/tts_models--en--x--y/model.pth")},
    {"tfhub", NULL, ORIGIN_URL, HANDLE "?tf-hub-format=compressed", LIST("saved_model.pb"),
     LIST(CACHE "tfhub_modules/74a841d6eb84e8d93d913d716fb5440d020cc291/saved_model.pb")},
#define SNAPSHOT(place)                                                                            \
    LIST(place "models--acme--tiny/refs/main", place "models--acme--tiny/snapshots/" COMMIT "/x")
    {"huggingface", NULL, HUB, LIST("x"), SNAPSHOT(CACHE "huggingface/hub/")},
    {"hub-dir", LIST("HF_HOME=/h"), HUB, LIST("x"), SNAPSHOT("models/")},
    {"fastembed", NULL, HUB, LIST("x"), SNAPSHOT(CACHE "fastembed/")},
    {"fastembed", LIST("FASTEMBED_CACHE_PATH=/f", "HF_HOME=/h"), HUB, LIST("x"), SNAPSHOT("f/")},
    {"fastembed-rs", LIST("FASTEMBED_CACHE_DIR=/f", "HF_HOME=/h"), HUB, LIST("x"), SNAPSHOT("h/")},
    {"fastembed-rs", NULL, HUB, LIST("x"), SNAPSHOT("srv/app/.fastembed_cache/")},
    {"hf-hub", LIST("HF_HUB_CACHE=/c", "HF_HOME=/h", "XDG_CACHE_HOME=/x"), HUB, LIST("x"),
     SNAPSHOT("h/hub/")},
    {"tei", LIST("HUGGINGFACE_HUB_CACHE=/data"), HUB, LIST("x"), SNAPSHOT("data/")},
    {"llama-cpp", LIST("LLAMA_CACHE=", "HF_HOME=/h"), HUB, LIST("x"), SNAPSHOT("h/hub/")},
    {"llama-index", NULL, HUB, LIST("x"), SNAPSHOT(CACHE "llama_index/")},
    {"flair", LIST("FLAIR_CACHE_ROOT=/f", "HF_HUB_CACHE=/h"), HUB, LIST("x"),
     SNAPSHOT("f/models/tiny/")},
};

static void files_lie_where_loaders_look(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_case(&cases[i]);
}

static void every_row_has_a_case_and_says_what_it_is(void **state)
{
    const struct layout *row = NULL;

    (void)state;
    for (size_t i = 0; (row = layout_at(i)) != NULL; i++) {
        bool has_case = row->same_as != NULL;
        for (size_t k = 0; k < ARRAY_SIZE(cases); k++)
            has_case = has_case || strcmp(cases[k].layout, row->name) == 0;
        if (!has_case)
            fail_msg("'%s' has no case", row->name);
        assert_ptr_equal(layout_find_row(row->name), row);
        assert_ptr_equal(layout_find(row->name), row->same_as != NULL ? row->same_as : row);
        assert_true(strlen(row->summary) > 0);
        assert_true(!row->sets_variable || row->cache_variable != NULL);
        assert_int_equal(row->package != NULL,
                         row->base == LAYOUT_IN_PACKAGE || row->base == LAYOUT_BESIDE_PACKAGE);
    }
}

static void what_a_loader_would_not_find_is_refused(void **state)
{
    const struct {
        struct loader_case from;
        enum error_kind kind;
        const char *complaint;
    } wrong[] = {
        {{"whisper", NULL, HUB, LIST("medium.pth"), NULL},
         ERROR_UNSUPPORTED,
         "'medium.pth' is not what its loader looks for in the layout 'whisper': tiny.en.pt, "},
        {{"chroma", NULL, HUB, LIST("onnx/model.onnx"), NULL},
         ERROR_UNSUPPORTED,
         "'onnx/config.json' is missing: in the layout 'chroma'"},
        {{"rembg", NULL, HUB, LIST("a/x.onnx", "b/x.onnx"), NULL},
         ERROR_UNSUPPORTED,
         "several of its files would be 'x.onnx'"},
        {{"kagglehub", NULL, ORIGIN_FOLDER, "x", LIST("google/gemma/x"), NULL},
         ERROR_UNSUPPORTED,
         "expected OWNER/MODEL/FRAMEWORK/VARIATION/VERSION/FILE"},
        {{"nltk", NULL, ORIGIN_URL, "https://n.example/punkt.zip", LIST("punkt/x"), NULL},
         ERROR_UNSUPPORTED,
         "'punkt/x' is in none of NLTK's categories"},
        {{"tiktoken", NULL, ORIGIN_FILE, "mine.bpe", LIST("mine.bpe"), NULL},
         ERROR_UNSUPPORTED,
         "name the URL itself"},
        {{"tfhub", NULL, HUB, LIST("saved_model.pb"), NULL}, ERROR_UNSUPPORTED, "goes by the URL"},
        {{"ollama", NULL, ORIGIN_FOLDER, "x", LIST("blobs/sha256-00"), NULL},
         ERROR_UNSUPPORTED,
         "'manifests/*/*/*/*' is missing"},
        {{"ollama", NULL, ORIGIN_FOLDER, "x", LIST("manifests/h/n/a/b/tag", "blobs/sha256-00"),
          NULL},
         ERROR_UNSUPPORTED,
         "'manifests/h/n/a/b/tag' is not what its loader looks for"},
        {{"spacy", NULL, ORIGIN_FOLDER, "x", LIST("en/en_core_web_sm-3.8.0.dist-info/METADATA"),
          NULL},
         ERROR_UNSUPPORTED,
         "'*.dist-info/METADATA' is missing"},
        {{"llama-cpp", NULL, ORIGIN_HUB_MODEL, "acme/a--b", LIST("m.gguf"), NULL},
         ERROR_UNSUPPORTED,
         "llama.cpp never finds a model in its cache that has '--' in its name"},
        {{"huggingface", NULL, ORIGIN_FOLDER, "./tiny", LIST("x"), NULL},
         ERROR_USAGE,
         "a folder has no name in the Hub's cache; say --as org/name"},
        {{"flashrank", NULL, HUB, LIST("x.onnx"), NULL}, ERROR_UNSUPPORTED, "expected a folder"},
        {{"fastembed", LIST("FASTEMBED_CACHE_PATH=~/x"), HUB, LIST("x"), NULL},
         ERROR_UNSUPPORTED,
         "FASTEMBED_CACHE_PATH is '~/x' in the image"},
        {{"dir", NULL, HUB, LIST(NULL), NULL}, ERROR_NOT_FOUND, "it has no files"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        CLEANUP(tree) struct tree tree = TREE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(arrange(&wrong[i].from, &tree, &err), -1);
        if (err.kind != wrong[i].kind || strstr(err.text, wrong[i].complaint) == NULL)
            fail_msg("'%s' does not say '%s'", err.text, wrong[i].complaint);
        assert_int_equal(tree.count, 0);
    }
}

/* Folders of the base are stated as the base has them, and so are in no model's layer. */
static void folders_that_models_share_are_nobodys(void **state)
{
    static const char *const shared[] = {"home/app/.ollama/models/blobs",
                                         "home/app/.ollama/models/manifests"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(tree) struct tree tree = TREE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        size_t found = 0;
        if (strcmp(cases[i].layout, "ollama") != 0)
            continue;
        assert_int_equal(arrange(&cases[i], &tree, &err), 0);
        for (size_t k = 0; k < tree.count; k++)
            for (size_t n = 0; n < ARRAY_SIZE(shared); n++)
                if (strcmp(tree.entries[k].path, shared[n]) == 0) {
                    assert_true(tree.entries[k].above);
                    found++;
                }
        assert_int_equal(found, ARRAY_SIZE(shared));
    }
}

static void a_package_that_is_not_there_is_told(void **state)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(tree) struct tree tree = TREE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    const struct home home = {.path = "/root"};
    const struct layout_request request = {
        .layout = layout_find("rapidocr"), .plan = &plan, .home = &home};

    (void)state;
    assert_int_equal(layout_arrange(&request, &tree, &err), -1);
    assert_int_equal(err.kind, ERROR_NOT_FOUND);
    assert_non_null(strstr(err.text, "the package 'rapidocr', which the image does not have"));
}

static void names_that_are_near_are_told(void **state)
{
    static const struct {
        const char *typed, *text;
    } names[] = {
        {"wisper", "'wisper' is no layout; near it: whisper; 'inlay layouts' lists them"},
        {"ollma", "near it: ollama;"},
        {"hugging", "near it: huggingface;"},
        {"transformers", "near it: sentence-transformers, transformers-js, xenova-transformers; "
                         "'inlay layouts transformers' lists those that are for it"},
        {"nothing-like-it", "'nothing-like-it' is no layout; 'inlay layouts' lists them"},
        {"", "'' is no layout; 'inlay layouts' lists them"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(layout_refuse_name(names[i].typed, &err), -1);
        assert_int_equal(err.kind, ERROR_USAGE);
        if (strstr(err.text, names[i].text) == NULL)
            fail_msg("'%s' does not say '%s'", err.text, names[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_lie_where_loaders_look),
        cmocka_unit_test(every_row_has_a_case_and_says_what_it_is),
        cmocka_unit_test(what_a_loader_would_not_find_is_refused),
        cmocka_unit_test(folders_that_models_share_are_nobodys),
        cmocka_unit_test(a_package_that_is_not_there_is_told),
        cmocka_unit_test(names_that_are_near_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
