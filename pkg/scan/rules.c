#include "core/version.h"
#include "scan/scan_internal.h"

#include <string.h>

#define LANGCHAIN "langchain|langchain_community|langchain_classic|langchain_huggingface"
#define HAYSTACK "haystack|haystack_integrations"
#define SPLADE "prithivida/Splade_PP_en_v"
#define MPNET "sentence-transformers/all-mpnet-base-v2"
#define MINILM "sentence-transformers/all-MiniLM-L6-v2"

/* Embeddings, rerankers, and what stands on sentence-transformers. */
const struct call_rule scan_text_rules[] = {
    {"sentence_transformers", "SentenceTransformer", "model_name_or_path", 0, NULL,
     "sentence-transformers", RULE_SENTENCE_TRANSFORMERS, NULL, false},
    {"sentence_transformers", "CrossEncoder", "model_name_or_path|model_name", 0, NULL,
     "sentence-transformers", RULE_HUB, NULL, false},
    {"sentence_transformers", "SparseEncoder", "model_name_or_path", 0, NULL,
     "sentence-transformers", RULE_HUB, NULL, false},
    {"sentence_transformers", "models.Transformer", "model_name_or_path", 0, NULL,
     "sentence-transformers", RULE_HUB, NULL, false},
    {"InstructorEmbedding", "INSTRUCTOR", "model_name_or_path", 0, NULL, "sentence-transformers",
     RULE_SENTENCE_TRANSFORMERS, NULL, false},
    {LANGCHAIN, "HuggingFaceEmbeddings", "model_name|model", -1, MPNET, "sentence-transformers",
     RULE_SENTENCE_TRANSFORMERS, NULL, false},
    {LANGCHAIN, "SentenceTransformerEmbeddings", "model_name|model", -1, MPNET,
     "sentence-transformers", RULE_SENTENCE_TRANSFORMERS, NULL, false},
    {LANGCHAIN, "HuggingFaceBgeEmbeddings", "model_name", -1, "BAAI/bge-large-en",
     "sentence-transformers", RULE_SENTENCE_TRANSFORMERS, NULL, false},
    {LANGCHAIN, "HuggingFaceInstructEmbeddings", "model_name", -1, "hkunlp/instructor-large",
     "sentence-transformers", RULE_SENTENCE_TRANSFORMERS, NULL, false},
    {LANGCHAIN, "HuggingFaceCrossEncoder", "model_name", -1, "BAAI/bge-reranker-base",
     "sentence-transformers", RULE_HUB, NULL, false},
    {LANGCHAIN, "HuggingFacePipeline.from_model_id", "model_id", 0, NULL, "transformers", RULE_HUB,
     NULL, false},
    {LANGCHAIN, "FastEmbedEmbeddings", "model_name", -1, "BAAI/bge-small-en-v1.5", "fastembed",
     RULE_FASTEMBED, NULL, false},
    {"langchain_qdrant", "FastEmbedSparse", "model_name", 0, "Qdrant/bm25", "fastembed",
     RULE_FASTEMBED, NULL, false},
    {LANGCHAIN, "SpacyEmbeddings", "model_name", -1, "en_core_web_sm", "spacy", RULE_SPACY, NULL,
     false},
    {LANGCHAIN "|langchain_text_splitters", "SentenceTransformersTokenTextSplitter", "model_name",
     1, MPNET, "sentence-transformers", RULE_SENTENCE_TRANSFORMERS, NULL, false},
    {"langchain_text_splitters|langchain", "*.from_tiktoken_encoder", "encoding_name", 0, "gpt2",
     "tiktoken", RULE_PRESET, "tiktoken", false},
    {"langchain_text_splitters|langchain", "TokenTextSplitter", "encoding_name", 0, "gpt2",
     "tiktoken", RULE_PRESET, "tiktoken", false},
    {"chromadb", "SentenceTransformerEmbeddingFunction", "model_name", 0, "all-MiniLM-L6-v2",
     "sentence-transformers", RULE_SENTENCE_TRANSFORMERS, NULL, false},
    {"chromadb", "DefaultEmbeddingFunction", "", -1, "all-MiniLM-L6-v2", "chromadb", RULE_PRESET,
     "chroma", false},
    {"chromadb", "ONNXMiniLM_L6_V2", "", -1, "all-MiniLM-L6-v2", "chromadb", RULE_PRESET, "chroma",
     false},
    {"@chromadb", "create_collection", "embedding_function", -1, "all-MiniLM-L6-v2", "chromadb",
     RULE_COLLECTION, "chroma", true},
    {"@chromadb", "get_or_create_collection", "embedding_function", -1, "all-MiniLM-L6-v2",
     "chromadb", RULE_COLLECTION, "chroma", true},
    {"@chromadb", "get_collection", "embedding_function", -1, "all-MiniLM-L6-v2", "chromadb",
     RULE_COLLECTION, "chroma", true},
    {"@qdrant_client", "set_model", "embedding_model_name", 0, NULL, "fastembed", RULE_FASTEMBED,
     NULL, false},
    {"@qdrant_client", "set_sparse_model", "embedding_model_name", 0, NULL, "fastembed",
     RULE_FASTEMBED, NULL, false},
    {"fastembed", "TextEmbedding", "model_name", 0, "BAAI/bge-small-en-v1.5", "fastembed",
     RULE_FASTEMBED, NULL, false},
    {"fastembed", "SparseTextEmbedding", "model_name", 0, NULL, "fastembed", RULE_FASTEMBED, NULL,
     false},
    {"fastembed", "LateInteractionTextEmbedding", "model_name", 0, NULL, "fastembed",
     RULE_FASTEMBED, NULL, false},
    {"fastembed", "ImageEmbedding", "model_name", 0, NULL, "fastembed", RULE_FASTEMBED, NULL,
     false},
    {"fastembed", "TextCrossEncoder", "model_name", 0, NULL, "fastembed", RULE_FASTEMBED, NULL,
     false},
    {"llama_index", "HuggingFaceEmbedding", "model_name", 0, "BAAI/bge-small-en",
     "sentence-transformers", RULE_LLAMA_INDEX, NULL, false},
    {"llama_index", "FastEmbedEmbedding", "model_name", 0, "BAAI/bge-small-en-v1.5", "fastembed",
     RULE_FASTEMBED, NULL, false},
    {"llama_index", "HuggingFaceLLM", "model_name", -1, "StabilityAI/stablelm-tuned-alpha-3b",
     "transformers", RULE_HUB, NULL, false},
    {"llama_index", "SentenceTransformerRerank", "model", -1,
     "cross-encoder/stsb-distilroberta-base", "sentence-transformers", RULE_HUB, NULL, false},
    {"llama_index", "FlagEmbeddingReranker", "model", -1, "BAAI/bge-reranker-large",
     "flagembedding", RULE_HUB, NULL, false},
    {HAYSTACK, "SentenceTransformersTextEmbedder", "model", 0, MPNET, "sentence-transformers",
     RULE_SENTENCE_TRANSFORMERS, NULL, false},
    {HAYSTACK, "SentenceTransformersDocumentEmbedder", "model", 0, MPNET, "sentence-transformers",
     RULE_SENTENCE_TRANSFORMERS, NULL, false},
    {HAYSTACK, "SentenceTransformersDiversityRanker", "model", 0, MINILM, "sentence-transformers",
     RULE_SENTENCE_TRANSFORMERS, NULL, false},
    {HAYSTACK, "SentenceTransformersSimilarityRanker", "model", 0,
     "cross-encoder/ms-marco-MiniLM-L-6-v2", "sentence-transformers", RULE_HUB, NULL, false},
    {"haystack", "TransformersSimilarityRanker", "model", 0, "cross-encoder/ms-marco-MiniLM-L-6-v2",
     "transformers", RULE_HUB, NULL, false},
    {HAYSTACK, "SentenceTransformersSparseTextEmbedder", "model", 0, SPLADE "2",
     "sentence-transformers", RULE_HUB, NULL, false},
    {HAYSTACK, "SentenceTransformersSparseDocumentEmbedder", "model", 0, SPLADE "2",
     "sentence-transformers", RULE_HUB, NULL, false},
    {HAYSTACK, "SentenceTransformersDocumentImageEmbedder", "model", -1,
     "sentence-transformers/clip-ViT-B-32", "sentence-transformers", RULE_SENTENCE_TRANSFORMERS,
     NULL, false},
    {"haystack", "SASEvaluator", "model", 0,
     "sentence-transformers/paraphrase-multilingual-mpnet-base-v2", "sentence-transformers",
     RULE_SENTENCE_TRANSFORMERS, NULL, false},
    {"haystack", "HuggingFaceLocalGenerator", "model", 0, "Qwen/Qwen3-0.6B", "transformers",
     RULE_HUB, NULL, false},
    {"haystack", "HuggingFaceLocalChatGenerator", "model", 0, "Qwen/Qwen3-0.6B", "transformers",
     RULE_HUB, NULL, false},
    {"haystack_integrations", "TransformersChatGenerator", "model", 0, "Qwen/Qwen3-0.6B",
     "transformers", RULE_HUB, NULL, false},
    {"haystack_integrations", "TransformersExtractiveReader", "model", 0,
     "deepset/roberta-base-squad2-distilled", "transformers", RULE_HUB, NULL, false},
    {"haystack", "ExtractiveReader", "model", 0, "deepset/roberta-base-squad2-distilled",
     "transformers", RULE_HUB, NULL, false},
    {"haystack_integrations", "FastembedTextEmbedder", "model", 0, "BAAI/bge-small-en-v1.5",
     "fastembed", RULE_FASTEMBED, NULL, false},
    {"haystack_integrations", "FastembedDocumentEmbedder", "model", 0, "BAAI/bge-small-en-v1.5",
     "fastembed", RULE_FASTEMBED, NULL, false},
    {"haystack_integrations", "FastembedSparseTextEmbedder", "model", 0, SPLADE "1", "fastembed",
     RULE_FASTEMBED, NULL, false},
    {"haystack_integrations", "FastembedSparseDocumentEmbedder", "model", 0, SPLADE "1",
     "fastembed", RULE_FASTEMBED, NULL, false},
    {"haystack_integrations", "FastembedRanker", "model_name", 0, "Xenova/ms-marco-MiniLM-L-6-v2",
     "fastembed", RULE_FASTEMBED, NULL, false},
    {"keybert", "KeyBERT", "model", 0, "all-MiniLM-L6-v2", "sentence-transformers",
     RULE_SENTENCE_TRANSFORMERS, NULL, true},
    {"bertopic", "BERTopic", "embedding_model", -1, "all-MiniLM-L6-v2", "sentence-transformers",
     RULE_SENTENCE_TRANSFORMERS, "paraphrase-multilingual-MiniLM-L12-v2", true},
    {"txtai", "Embeddings", "path", -1, NULL, "txtai", RULE_HUB, NULL, true},
    {"FlagEmbedding", "FlagModel", "model_name_or_path", 0, NULL, "flagembedding", RULE_HUB, NULL,
     false},
    {"FlagEmbedding", "BGEM3FlagModel", "model_name_or_path", 0, NULL, "flagembedding", RULE_HUB,
     NULL, false},
    {"FlagEmbedding", "FlagReranker", "model_name_or_path", 0, NULL, "flagembedding", RULE_HUB,
     NULL, false},
    {"FlagEmbedding", "FlagAutoModel.from_finetuned", "model_name_or_path", 0, NULL,
     "flagembedding", RULE_HUB, NULL, false},
    {"FlagEmbedding", "FlagAutoReranker.from_finetuned", "model_name_or_path", 0, NULL,
     "flagembedding", RULE_HUB, NULL, false},
    {"tiktoken", "get_encoding", "encoding_name", 0, NULL, "tiktoken", RULE_PRESET, "tiktoken",
     false},
    {"tiktoken", "encoding_for_model", "model_name", 0, NULL, "tiktoken", RULE_TIKTOKEN_MODEL, NULL,
     false},
    {"spacy", "load", "name", 0, NULL, "spacy", RULE_SPACY, NULL, false},
    {"spacy", "cli.download", "model", 0, NULL, "spacy", RULE_SPACY, NULL, false},
    {"nltk", "download", "info_or_id", 0, NULL, "nltk", RULE_ELSEWHERE,
     "NLTK's data, whose checksums are in an index that is served: bake its archive by "
     "https://…#sha256=… with --layout nltk",
     false},
    {"stanza", "Pipeline", "lang", 0, NULL, "stanza", RULE_ELSEWHERE,
     "stanza's resources: bake the folder of stanza.download() by dir: with --layout stanza",
     false},
    {"flair", "*.load", "model", 0, NULL, "flair", RULE_ELSEWHERE,
     "a model of flair: name its repository, with --layout flair", false},
    {"gensim", "downloader.load", "name", 0, NULL, "gensim", RULE_ELSEWHERE,
     "data of gensim: bake its folder by dir: with --layout gensim", false},
    {"flashrank", "Ranker", "model_name", 0, NULL, "flashrank", RULE_ELSEWHERE,
     "an archive at the Hub, into /tmp: bake its folder by dir: with --layout flashrank", false},
    {NULL, NULL, NULL, 0, NULL, NULL, RULE_HUB, NULL, false},
};

const char *scan_older_default(const struct scan *scan, const struct call_rule *rule,
                               bool *is_known)
{
    static const struct {
        const char *tail, *package, *before, *model;
    } rows[] = {
        {"HuggingFaceLocalGenerator", "haystack-ai", "2.25", "google/flan-t5-base"},
        {"HuggingFaceLocalChatGenerator", "haystack-ai", "2.22", "HuggingFaceH4/zephyr-7b-beta"},
    };

    *is_known = true;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (strcmp(rows[i].tail, rule->tail) != 0)
            continue;
        const char *version = scan_version(scan, PACKAGE_PYTHON, rows[i].package);
        *is_known = version != NULL;
        return version != NULL && version_compare(version, rows[i].before) < 0 ? rows[i].model
                                                                               : NULL;
    }
    return NULL;
}

/* Whether one of the words, with '|' between them, is these `size` bytes. */
static bool has_word(const char *words, const char *text, size_t size)
{
    while (*words != '\0') {
        size_t length = strcspn(words, "|");
        if (length == size && strncmp(words, text, size) == 0)
            return true;
        words += length + (words[length] == '|');
    }
    return false;
}

/* "sentence_transformers.models.Transformer" ends with "models.Transformer". */
static bool has_tail(const char *name, const char *tail)
{
    size_t size = strlen(name);
    bool of_class = text_starts_with(tail, "*.");
    const char *wanted = of_class ? tail + 2 : tail;
    size_t length = strlen(wanted);

    if (length >= size || strcmp(name + size - length, wanted) != 0 ||
        name[size - length - 1] != '.')
        return false;
    return !of_class || memchr(name, '.', size - length - 1) != NULL;
}

static bool rule_fits(const struct call_rule *rule, const struct python_call *call)
{
    bool of_object = rule->packages[0] == '@';
    const char *name = of_object ? call->method_of : call->name;

    if (name == NULL || name[0] == '.' || !has_tail(call->name, rule->tail))
        return false;
    return has_word(rule->packages + of_object, name, strcspn(name, "."));
}

const struct call_rule *scan_find_rule(const struct python_call *call)
{
    static const struct call_rule *const tables[] = {scan_text_rules, scan_media_rules};

    for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
        for (const struct call_rule *rule = tables[i]; rule->packages != NULL; rule++)
            if (rule_fits(rule, call))
                return rule;
    return NULL;
}
