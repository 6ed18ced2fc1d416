#include "scan/scan_test_internal.h"

/* One file of Python, app.py. */
static void expect_python(const char *source, const char *expected)
{
    CLEANUP(application) struct application application = {.files = NULL};

    add_file(&application, "app.py", source);
    expect(&application, expected);
}

struct example {
    const char *source, *expected;
};

static void expect_examples(const struct example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++)
        expect_python(examples[i].source, examples[i].expected);
}

static const struct example calls[] = {
    {"from sentence_transformers import SentenceTransformer\n"
     "m = SentenceTransformer('BAAI/bge-small-en-v1.5')\n",
     "BAAI/bge-small-en-v1.5 app.py:2\n"},
    {"from sentence_transformers import SentenceTransformer as S\nS('all-MiniLM-L6-v2')",
     "sentence-transformers/all-MiniLM-L6-v2 app.py:2\n"},
    {"import sentence_transformers\n"
     "sentence_transformers.SentenceTransformer('bert-base-uncased')",
     "bert-base-uncased app.py:2\n"},
    {"from sentence_transformers import CrossEncoder\n"
     "CrossEncoder('cross-encoder/ms-marco-MiniLM-L-6-v2')",
     "cross-encoder/ms-marco-MiniLM-L-6-v2 app.py:2\n"},
    {"from sentence_transformers import SentenceTransformer\n"
     "SentenceTransformer('nomic-ai/x', revision='v1', trust_remote_code=True)",
     "nomic-ai/x@v1 app.py:2\n"},
    {"from langchain_huggingface import HuggingFaceEmbeddings\n"
     "e = HuggingFaceEmbeddings(model_name='intfloat/e5-small')",
     "intfloat/e5-small app.py:2\n"},
    {"from langchain_community.embeddings import HuggingFaceEmbeddings\n"
     "HuggingFaceEmbeddings()",
     "sentence-transformers/all-mpnet-base-v2 app.py:2\n"},
    {"from langchain.embeddings.huggingface import HuggingFaceBgeEmbeddings\n"
     "HuggingFaceBgeEmbeddings()",
     "BAAI/bge-large-en app.py:2\n"},
    {"from langchain_community.cross_encoders import HuggingFaceCrossEncoder\n"
     "HuggingFaceCrossEncoder(model_name='BAAI/bge-reranker-base')",
     "BAAI/bge-reranker-base app.py:2\n"},
    {"from llama_index.embeddings.huggingface import HuggingFaceEmbedding\n"
     "HuggingFaceEmbedding('BAAI/bge-m3')",
     "BAAI/bge-m3 layout=llama-index app.py:2\n"},
    {"from haystack.components.embedders import SentenceTransformersTextEmbedder\n"
     "SentenceTransformersTextEmbedder()",
     "sentence-transformers/all-mpnet-base-v2 app.py:2\n"},
    {"from bertopic import BERTopic\nBERTopic()\nBERTopic(language='multilingual')",
     "sentence-transformers/all-MiniLM-L6-v2 app.py:2\n"
     "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2 app.py:3\n"},
    {"from haystack_integrations.components.embedders.fastembed import "
     "FastembedSparseTextEmbedder as F\nF()",
     "fastembed:prithivida/Splade_PP_en_v1 app.py:2\n"},
    {"from keybert import KeyBERT\nKeyBERT()\nKeyBERT(model=other)",
     "sentence-transformers/all-MiniLM-L6-v2 app.py:2\n"},
    {"from FlagEmbedding import BGEM3FlagModel\nBGEM3FlagModel('BAAI/bge-m3', use_fp16=True)",
     "BAAI/bge-m3 app.py:2\n"},
    {"from transformers import AutoModel\nAutoModel.from_pretrained('acme/a')",
     "acme/a app.py:2\n"},
    {"import transformers\ntransformers.AutoModelForCausalLM.from_pretrained('gpt2')",
     "gpt2 app.py:2\n"},
    {"from transformers import AutoTokenizer\nAutoTokenizer.from_pretrained('acme/a')",
     "acme/a include=*.json app.py:2\n"},
    {"from transformers import AutoTokenizer, AutoModel\n"
     "AutoTokenizer.from_pretrained('acme/a')\nAutoModel.from_pretrained('acme/a')",
     "acme/a app.py:2,app.py:3\n"},
    {"from transformers import pipeline\npipeline('ner', model='acme/ner')", "acme/ner app.py:2\n"},
    {"from transformers import pipeline\npipeline('ner', 'acme/ner')", "acme/ner app.py:2\n"},
    {"from transformers import pipeline\npipeline('sentiment-analysis')",
     "distilbert/distilbert-base-uncased-finetuned-sst-2-english@714eb0f app.py:2 guess\n"},
    {"from transformers import pipeline\nm = load()\npipeline('ner', model=m)", ""},
    {"from diffusers import DiffusionPipeline\n"
     "DiffusionPipeline.from_pretrained('acme/xl', variant='fp16')",
     "acme/xl weights=safetensors:fp16 app.py:2\n"},
    {"from peft import PeftModel\nPeftModel.from_pretrained(base, 'acme/lora')",
     "acme/lora app.py:2\n"},
    {"from huggingface_hub import hf_hub_download\n"
     "hf_hub_download(repo_id='acme/a', filename='x.gguf')",
     "acme/a include=x.gguf app.py:2\n"},
    {"from huggingface_hub import hf_hub_download\n"
     "hf_hub_download('acme/a', 'x.bin', subfolder='s')\nhf_hub_download('acme/a', 'y.bin')",
     "acme/a include=s/x.bin include=y.bin app.py:2,app.py:3\n"},
    {"from huggingface_hub import snapshot_download\n"
     "snapshot_download('acme/d', repo_type='dataset', allow_patterns=['*.csv'])",
     "datasets/acme/d include=*.csv app.py:2\n"},
    {"from vllm import LLM\nLLM(model='acme/llm')", "acme/llm app.py:2\n"},
    {"from llama_cpp import Llama\nLlama.from_pretrained('acme/g', filename='*q4.gguf')",
     "acme/g include=*q4.gguf app.py:2\n"},
    {"from faster_whisper import WhisperModel\nWhisperModel('base')",
     "Systran/faster-whisper-base app.py:2\n"},
    {"from faster_whisper import WhisperModel\nWhisperModel('acme/whisper-ct2')",
     "acme/whisper-ct2 app.py:2\n"},
    {"import whisper\nwhisper.load_model('base.en')", "whisper:base.en app.py:2\n"},
    {"import spacy\nspacy.load('en_core_web_sm')", "spacy:en_core_web_sm app.py:2\n"},
    {"import tiktoken\ntiktoken.get_encoding('cl100k_base')", "tiktoken:cl100k_base app.py:2\n"},
    {"import tiktoken\ntiktoken.encoding_for_model('gpt-4o-mini')",
     "tiktoken:o200k_base app.py:2\n"},
    {"import easyocr\neasyocr.Reader(['en'])", "easyocr:en app.py:2\n"},
    {"from fastembed import TextEmbedding\nTextEmbedding()",
     "fastembed:BAAI/bge-small-en-v1.5 app.py:2\n"},
    {"import timm\ntimm.create_model('resnet50.a1_in1k', pretrained=True)",
     "timm/resnet50.a1_in1k app.py:2\n"},
    {"import timm\ntimm.create_model('resnet50.a1_in1k')", ""},
    {"import chromadb\nc = chromadb.Client()\nc.get_or_create_collection('x')",
     "chroma:all-MiniLM-L6-v2 app.py:3\n"},
    {"import chromadb\nc = chromadb.Client()\nc.create_collection('x', embedding_function=f)", ""},
    {"import chromadb\ndef f(c):\n  c.create_collection('x')",
     "chroma:all-MiniLM-L6-v2 app.py:3 guess\n"},
    {"import chromadb\nc = chromadb.Client()\nd = c.create_collection('x')\n"
     "d.add(ids=i, embeddings=e)",
     "chroma:all-MiniLM-L6-v2 app.py:3 guess\n"},
    {"from chromadb.utils import embedding_functions\n"
     "embedding_functions.SentenceTransformerEmbeddingFunction()",
     "sentence-transformers/all-MiniLM-L6-v2 app.py:2\n"},
    {"import torch\ntorch.hub.load('snakers4/silero-vad', 'silero_vad')",
     "? app.py:2: torch.hub.load() is called with 'snakers4/silero-vad': code of GitHub and its "
     "weights: "
     "bake them by --layout torch-hub\n"},
    {"class T: pass\nT.from_pretrained('acme/a')", "acme/a app.py:2 guess\n"},
};

static void calls_name_models(void **state)
{
    (void)state;
    expect_examples(calls, ARRAY_SIZE(calls));
}

static void what_is_no_download_is_none(void **state)
{
    static const struct example examples[] = {
        {"from langchain_huggingface import "
         "HuggingFaceEndpoint\nHuggingFaceEndpoint(repo_id='a/b')",
         ""},
        {"from huggingface_hub import InferenceClient\nInferenceClient('acme/a')", ""},
        {"from openai import OpenAI\nOpenAI().chat(model='gpt-4o')", ""},
        {"from langchain_ollama import OllamaEmbeddings\nOllamaEmbeddings(model='nomic/x')", ""},
        {"from sentence_transformers import SentenceTransformer\nSentenceTransformer('/models/x')",
         ""},
        {"from sentence_transformers import SentenceTransformer\nSentenceTransformer('./x')", ""},
        {"# SentenceTransformer('acme/a')\nx = '''SentenceTransformer(\"acme/a\")'''", ""},
        {"def SentenceTransformer(x): pass\nSentenceTransformer('acme/a')", ""},
    };

    (void)state;
    expect_examples(examples, ARRAY_SIZE(examples));
}

static void values_are_followed(void **state)
{
    static const struct example examples[] = {
        {SENTENCE "NAME = 'acme/a'\nSentenceTransformer(NAME)", "acme/a app.py:3\n"},
        {"import os\n" SENTENCE "SentenceTransformer(os.environ.get('M', 'acme/d'))",
         "acme/d app.py:3\n"},
        {"import os\n" SENTENCE "os.environ['M'] = 'acme/s'\nSentenceTransformer(os.environ['M'])",
         "acme/s app.py:4\n"},
        {"import os\n" SENTENCE "SentenceTransformer(os.environ['M'])",
         "? app.py:3: model_name_or_path of SentenceTransformer() comes from the variable M, which "
         "the image does not set\n"},
        {SENTENCE "for m in ['acme/a', 'acme/b']:\n  SentenceTransformer(m)",
         "acme/a app.py:3\nacme/b app.py:3\n"},
        {"import os\n" SENTENCE "os.environ.update({'M': 'acme/u'})\n"
         "SentenceTransformer(os.environ['M'])",
         "acme/u app.py:4\n"},
        {SENTENCE "SIZE = 'small'\nSentenceTransformer('acme/e5-{}'.format(SIZE))\n"
                  "SentenceTransformer('acme/bge-%s' % SIZE)",
         "acme/bge-small app.py:4\nacme/e5-small app.py:3\n"},
        {"from langchain_huggingface import HuggingFaceEmbeddings as E\nE(model_name=None)\n"
         "def f(name=None):\n  E(model_name=name)",
         "sentence-transformers/all-mpnet-base-v2 app.py:2\n"
         "? app.py:4: model_name of HuggingFaceEmbeddings() is name, which only a start tells\n"},
        {SENTENCE "def f(name=''):\n  SentenceTransformer(name)",
         "? app.py:3: model_name_or_path of SentenceTransformer() is name, which only a start "
         "tells\n"},
        {SENTENCE "SentenceTransformer(pick())",
         "? app.py:2: model_name_or_path of SentenceTransformer() is what pick() returns\n"},
        {SENTENCE "SentenceTransformer(**options)",
         "? app.py:2: what SentenceTransformer() loads is among arguments that are passed on\n"},
    };

    (void)state;
    expect_examples(examples, ARRAY_SIZE(examples));
}

/* A guess decides on nothing; where two are sure of different weights, all are taken. */
static void files_that_several_ask_for_come_together(void **state)
{
    static const char sure[] =
        "from diffusers import DiffusionPipeline\nDiffusionPipeline.from_pretrained('acme/sd')";
    static const char half[] = "from diffusers import DiffusionPipeline\n"
                               "DiffusionPipeline.from_pretrained('acme/sd', variant='fp16')";
    static const struct {
        const char *paths[2];
        const char *texts[2];
        const char *expected;
    } cases[] = {
        {{"/a.py", "/tests/t.py"}, {sure, half}, "acme/sd /a.py:2,/tests/t.py:2\n"},
        {{"/tests/t.py", "/z.py"}, {half, sure}, "acme/sd /tests/t.py:2,/z.py:2\n"},
        {{"/tests/t.py", "/z.py"},
         {sure, half},
         "acme/sd weights=safetensors:fp16 /tests/t.py:2,/z.py:2\n"},
        {{"/a.py", "/b.py"}, {sure, half}, "acme/sd include=* /a.py:2,/b.py:2\n"},
        {{"/a.py", "/b.py"}, {half, half}, "acme/sd weights=safetensors:fp16 /a.py:2,/b.py:2\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(application) struct application application = {.files = NULL};
        for (size_t k = 0; k < 2; k++)
            add_file(&application, cases[i].paths[k], cases[i].texts[k]);
        expect(&application, cases[i].expected);
    }
}

static void names_of_files_are_no_globs(void **state)
{
    static const struct example examples[] = {
        {"from huggingface_hub import hf_hub_download\nhf_hub_download('acme/a', 'a[1].bin')",
         "acme/a include=a[[]1].bin app.py:2\n"},
        {"from huggingface_hub import snapshot_download\n"
         "snapshot_download('acme/a', allow_patterns='*.bin')",
         "acme/a include=*.bin app.py:2\n"},
    };

    (void)state;
    expect_examples(examples, ARRAY_SIZE(examples));
}

static void a_precision_that_is_not_known_is_said(void **state)
{
    CLEANUP(application) struct application application = {.files = NULL};

    (void)state;
    add_package(&application, PACKAGE_NODE, "@huggingface/transformers", "4.0.0");
    add_file(&application, "/a.mjs",
             "import { pipeline } from '@huggingface/transformers';\nconst D = 'q4';\n"
             "await pipeline('ner', 'acme/a', { dtype: D });\n"
             "await pipeline('ner', 'acme/b', { dtype: pick() });\n"
             "await pipeline('ner', 'acme/c', { dtype: { encoder: 'fp32' } });\n");
    expect(&application,
           "acme/a layout=transformers-js weights=onnx:q4 /a.mjs:3\n"
           "? /a.mjs:4: the dtype of 'acme/b' is no text, and its files go by that\n"
           "? /a.mjs:5: the dtype of 'acme/c' is no text, and its files go by that\n");
}

static void names_lead_to_other_files(void **state)
{
    CLEANUP(application) struct application application = {.working_dir = xstrdup("/app")};

    (void)state;
    add_file(&application, "/app/app/main.py",
             SENTENCE "from app.config import settings\nfrom .names import RERANKER\n"
                      "SentenceTransformer(settings.model)\nSentenceTransformer(RERANKER)");
    add_file(&application, "/app/app/config.py",
             "class S:\n  model: str = 'acme/a'\nsettings = S()\n");
    add_file(&application, "/app/app/names.py", "RERANKER = 'acme/b'");
    expect(&application, "acme/a /app/app/main.py:4\nacme/b /app/app/main.py:5\n");
}

static void the_image_sets_variables(void **state)
{
    CLEANUP(application) struct application application = {.files = NULL};

    (void)state;
    strings_add(&application.environment, "M=acme/e");
    strings_add(&application.environment, "EMBEDDING_MODEL=acme/v");
    strings_add(&application.environment, "OPENAI_MODEL=gpt-4o");
    strings_add(&application.environment, "CONTENT_TYPE_MODEL=text/html");
    add_file(&application, "/a.py",
             "import os\n" SENTENCE "SentenceTransformer(os.getenv('M', 'acme/d'))");
    expect(&application, "acme/e /a.py:3\nacme/v ENV EMBEDDING_MODEL guess\n");
}

static void folders_of_the_application_are_no_models(void **state)
{
    CLEANUP(application) struct application application = {.working_dir = xstrdup("/app")};

    (void)state;
    add_file(&application, "/app/acme/a/config.json", "{}");
    add_file(&application, "/app/x.py", SENTENCE "SentenceTransformer('acme/a')");
    expect(&application, "");
}

static void versions_decide_where_models_go(void **state)
{
    static const struct {
        const char *first, *second, *expected;
    } cases[] = {
        {"2.2.2", NULL, "acme/a layout=sentence-transformers /a.py:2\n"},
        {"2.3.0", NULL, "acme/a /a.py:2\n"},
        {"5.7.0", NULL, "acme/a /a.py:2\n"},
        {"2.2.2", "3.0.1", "acme/a /a.py:2\nacme/a layout=sentence-transformers /a.py:2\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(application) struct application application = {.files = NULL};
        add_file(&application, "/a.py", SENTENCE "SentenceTransformer('acme/a')");
        add_package(&application, PACKAGE_PYTHON, "sentence-transformers", cases[i].first);
        if (cases[i].second != NULL)
            add_package(&application, PACKAGE_PYTHON, "sentence-transformers", cases[i].second);
        expect(&application, cases[i].expected);
    }
}

static void what_is_not_installed_or_a_test_is_a_guess(void **state)
{
    CLEANUP(application) struct application application = {.files = NULL};

    (void)state;
    add_package(&application, PACKAGE_PYTHON, "transformers", "4.50.0");
    add_file(&application, "/app/a.py", SENTENCE "SentenceTransformer('acme/a')");
    add_file(&application, "/app/tests/b.py",
             "from transformers import AutoModel\nAutoModel.from_pretrained('acme/b')");
    add_file(&application, "/app/test_c.py",
             "from transformers import AutoModel\nAutoModel.from_pretrained('acme/c')");
    add_file(&application, "/app/d.py",
             "from transformers import pipeline\npipeline('summarization')");
    expect(&application, "sshleifer/distilbart-cnn-12-6@a4f8f3e /app/d.py:2\n"
                         "acme/a /app/a.py:2 guess\nacme/b /app/tests/b.py:2 guess\n"
                         "acme/c /app/test_c.py:2 guess\n");
}

static void fastembed_has_a_table(void **state)
{
    CLEANUP(application) struct application application = {.files = NULL};

    (void)state;
    add_package(&application, PACKAGE_PYTHON, "fastembed", "0.7.1");
    add_file(&application, "/usr/lib/python3/site-packages/fastembed/text/onnx_embedding.py",
             "t = [DenseModelDescription(\n    model=\"acme/small\",\n    dim=3,\n"
             "    sources=ModelSource(hf=\"acme/small-onnx\"),\n    model_file=\"model.onnx\",\n"
             "    additional_files=[\"model.onnx_data\"])]\n");
    add_file(&application, "/app/a.py",
             "from fastembed import TextEmbedding\nTextEmbedding('acme/small')\n"
             "TextEmbedding('BAAI/bge-small-en-v1.5')");
    expect(&application,
           "acme/small-onnx layout=fastembed include=model.onnx include=model.onnx_data "
           "/app/a.py:2\nfastembed-0.8:BAAI/bge-small-en-v1.5 /app/a.py:3\n");
}

static void notebooks_have_cells(void **state)
{
    CLEANUP(application) struct application application = {.files = NULL};

    (void)state;
    add_file(&application, "n.ipynb",
             "{\"nbformat\": 4, \"nbformat_minor\": 5, \"metadata\": {}, \"cells\": ["
             "{\"cell_type\": \"code\", \"metadata\": {}, \"outputs\": [], \"source\": "
             "[\"%pip install x\\n\", \"from sentence_transformers import SentenceTransformer\"]},"
             "{\"cell_type\": \"code\", \"metadata\": {}, \"outputs\": [], \"source\": "
             "\"SentenceTransformer('acme/a')\"}]}");
    expect(&application, "acme/a n.ipynb:cell 2:1\n");
}

static void notebooks_have_the_shell_download(void **state)
{
    CLEANUP(application) struct application application = {.files = NULL};

    (void)state;
    add_file(&application, "n.ipynb",
             "{\"nbformat\": 4, \"cells\": ["
             "{\"cell_type\": \"code\", \"source\": \"%pip install x\\n"
             "!huggingface-cli download acme/a \\\\\\n  --quiet\\n!vllm serve acme/b &\"},"
             "{\"cell_type\": \"code\", \"source\": \"%%bash\\nM=acme/c\\nhf download $M\"},"
             "{\"cell_type\": \"code\", \"source\": \"%%html\\nhf download acme/no\"},"
             "{\"cell_type\": \"code\", \"source\": \"x = (\\n!hf download acme/no\"}]}");
    expect(&application, "acme/a n.ipynb:cell 1:2\nacme/b n.ipynb:cell 1:4\n"
                         "acme/c n.ipynb:cell 2:3\n");
}

static void what_is_nearly_the_keyword_is_no_default(void **state)
{
    static const struct example examples[] = {
        {"from langchain_huggingface import HuggingFaceEmbeddings\n"
         "HuggingFaceEmbeddings(model_nam='acme/a')",
         "? app.py:2: HuggingFaceEmbeddings() has 'model_nam=', which is nearly 'model_name=': "
         "what "
         "it loads is not known\n"},
        {"from langchain_huggingface import HuggingFaceEmbeddings\n"
         "HuggingFaceEmbeddings(model_kwargs={})",
         "sentence-transformers/all-mpnet-base-v2 app.py:2\n"},
    };

    (void)state;
    expect_examples(examples, ARRAY_SIZE(examples));
}

static void a_default_that_no_caller_takes_is_a_guess(void **state)
{
    static const struct {
        const char *call, *expected;
    } cases[] = {
        {"load(pick())", "acme/x a.py:3 guess\n"},
        {"load()", "acme/x a.py:3\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(application) struct application application = {.files = NULL};
        CLEANUP(text)
        char *text = xasprintf(
            SENTENCE "def load(name='acme/x'):\n  SentenceTransformer(name)\n%s\n", cases[i].call);
        add_file(&application, "a.py", text);
        expect(&application, cases[i].expected);
    }
}

static void defaults_go_by_the_version(void **state)
{
    static const struct {
        const char *version, *expected;
    } cases[] = {
        {"2.31.0", "Qwen/Qwen3-0.6B a.py:2\n"},
        {"2.25.0", "Qwen/Qwen3-0.6B a.py:2\n"},
        {"2.24.1", "google/flan-t5-base a.py:2\n"},
        {NULL, "Qwen/Qwen3-0.6B a.py:2 guess\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(application) struct application application = {.files = NULL};
        if (cases[i].version != NULL)
            add_package(&application, PACKAGE_PYTHON, "haystack-ai", cases[i].version);
        add_package(&application, PACKAGE_PYTHON, "transformers", "4.57.0");
        add_file(&application, "a.py",
                 "from haystack.components.generators import HuggingFaceLocalGenerator\n"
                 "HuggingFaceLocalGenerator()");
        expect(&application, cases[i].expected);
    }
}

static void what_a_module_does_by_itself_is_a_guess(void **state)
{
    static const char source[] =
        SENTENCE "def f():\n  SentenceTransformer('acme/a')\n"
                 "if __name__ == '__main__':\n  SentenceTransformer('acme/m')\n  f()\n"
                 "SentenceTransformer('acme/b')\n";
    CLEANUP(application) struct application alone = {.files = NULL};
    CLEANUP(application) struct application imported = {.files = NULL};

    (void)state;
    add_file(&alone, "lib/rank.py", source);
    expect(&alone, "acme/a lib/rank.py:3\nacme/b lib/rank.py:7\nacme/m lib/rank.py:5\n");
    add_file(&imported, "lib/rank.py", source);
    add_file(&imported, "app.py", "from lib import rank\n");
    expect(&imported, "acme/a lib/rank.py:3\nacme/b lib/rank.py:7\nacme/m lib/rank.py:5 guess\n");
}

static void datasets_are_noted(void **state)
{
    CLEANUP(application) struct application application = {.files = NULL};
    CLEANUP(scan_findings) struct scan_findings findings = SCAN_FINDINGS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    add_file(&application, "a.py",
             "from datasets import load_dataset\nload_dataset('acme/rows')\n"
             "load_dataset('json', data_files='a.json')\nload_dataset(name)");
    assert_int_equal(scan_application(&application, &presets, NULL, &findings, &err), 0);
    assert_int_equal(findings.count + findings.unresolved.count, 0);
    assert_int_equal(findings.notes.count, 1);
    assert_string_equal(
        findings.notes.items[0],
        "a.py:2: load_dataset() downloads the dataset 'acme/rows' when it is called: "
        "it is no model, and is not baked");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_name_models),
        cmocka_unit_test(what_is_no_download_is_none),
        cmocka_unit_test(values_are_followed),
        cmocka_unit_test(files_that_several_ask_for_come_together),
        cmocka_unit_test(names_of_files_are_no_globs),
        cmocka_unit_test(a_precision_that_is_not_known_is_said),
        cmocka_unit_test(names_lead_to_other_files),
        cmocka_unit_test(the_image_sets_variables),
        cmocka_unit_test(folders_of_the_application_are_no_models),
        cmocka_unit_test(versions_decide_where_models_go),
        cmocka_unit_test(what_is_not_installed_or_a_test_is_a_guess),
        cmocka_unit_test(fastembed_has_a_table),
        cmocka_unit_test(notebooks_have_cells),
        cmocka_unit_test(notebooks_have_the_shell_download),
        cmocka_unit_test(what_is_nearly_the_keyword_is_no_default),
        cmocka_unit_test(a_default_that_no_caller_takes_is_a_guess),
        cmocka_unit_test(defaults_go_by_the_version),
        cmocka_unit_test(what_a_module_does_by_itself_is_a_guess),
        cmocka_unit_test(datasets_are_noted),
    };

    return cmocka_run_group_tests(tests, read_presets, release_presets);
}
