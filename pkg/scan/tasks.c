#include "scan/scan_internal.h"

#include <string.h>

struct pair {
    const char *name, *value;
};

static const char *find(const struct pair *pairs, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(pairs[i].name, name) == 0)
            return pairs[i].value;
    return NULL;
}

const char *scan_task_model(const char *task)
{
    static const struct pair tasks[] = {
        {"audio-classification", "superb/wav2vec2-base-superb-ks@372e048"},
        {"automatic-speech-recognition", "facebook/wav2vec2-base-960h@22aad52"},
        {"text-to-audio", "suno/bark-small@1dbd7a1"},
        {"text-to-speech", "suno/bark-small@1dbd7a1"},
        {"feature-extraction", "distilbert/distilbert-base-cased@6ea8117"},
        {"text-classification",
         "distilbert/distilbert-base-uncased-finetuned-sst-2-english@714eb0f"},
        {"sentiment-analysis",
         "distilbert/distilbert-base-uncased-finetuned-sst-2-english@714eb0f"},
        {"token-classification", "dbmdz/bert-large-cased-finetuned-conll03-english@4c53496"},
        {"ner", "dbmdz/bert-large-cased-finetuned-conll03-english@4c53496"},
        {"question-answering", "distilbert/distilbert-base-cased-distilled-squad@564e9b5"},
        {"table-question-answering", "google/tapas-base-finetuned-wtq@e3dde19"},
        {"visual-question-answering", "dandelin/vilt-b32-finetuned-vqa@d0a1f6a"},
        {"vqa", "dandelin/vilt-b32-finetuned-vqa@d0a1f6a"},
        {"document-question-answering", "impira/layoutlm-document-qa@beed3c4"},
        {"fill-mask", "distilbert/distilroberta-base@fb53ab8"},
        {"summarization", "sshleifer/distilbart-cnn-12-6@a4f8f3e"},
        {"translation_en_to_fr", "google-t5/t5-base@a9723ea"},
        {"translation_en_to_de", "google-t5/t5-base@a9723ea"},
        {"translation_en_to_ro", "google-t5/t5-base@a9723ea"},
        {"text2text-generation", "google-t5/t5-base@a9723ea"},
        {"text-generation", "openai-community/gpt2@607a30d"},
        {"zero-shot-classification", "facebook/bart-large-mnli@d7645e1"},
        {"zero-shot-image-classification", "openai/clip-vit-base-patch32@3d74acf"},
        {"zero-shot-audio-classification", "laion/clap-htsat-fused@cca9e28"},
        {"zero-shot-object-detection", "google/owlvit-base-patch32@cbc355f"},
        {"image-classification", "google/vit-base-patch16-224@3f49326"},
        {"image-feature-extraction", "google/vit-base-patch16-224@3f49326"},
        {"image-segmentation", "facebook/detr-resnet-50-panoptic@d53b52a"},
        {"image-to-text", "ydshieh/vit-gpt2-coco-en@e460201"},
        {"object-detection", "facebook/detr-resnet-50@1d5f47b"},
        {"depth-estimation", "Intel/dpt-large@bc15f29"},
        {"video-classification", "MCG-NJU/videomae-base-finetuned-kinetics@488eb9a"},
        {"mask-generation", "facebook/sam-vit-huge@87aecf0"},
        {"image-to-image", "caidas/swin2SR-classical-sr-x2-64@cee1c92"},
    };

    return find(tasks, ARRAY_SIZE(tasks), task);
}

const char *scan_task_model_js(const char *task)
{
    static const struct pair tasks[] = {
        {"text-classification", "Xenova/distilbert-base-uncased-finetuned-sst-2-english"},
        {"sentiment-analysis", "Xenova/distilbert-base-uncased-finetuned-sst-2-english"},
        {"token-classification", "Xenova/bert-base-multilingual-cased-ner-hrl"},
        {"ner", "Xenova/bert-base-multilingual-cased-ner-hrl"},
        {"question-answering", "Xenova/distilbert-base-cased-distilled-squad"},
        {"fill-mask", "Xenova/bert-base-uncased"},
        {"summarization", "Xenova/distilbart-cnn-6-6"},
        {"translation", "Xenova/t5-small"},
        {"text2text-generation", "Xenova/flan-t5-small"},
        {"zero-shot-classification", "Xenova/distilbert-base-uncased-mnli"},
        {"automatic-speech-recognition", "Xenova/whisper-tiny.en"},
        {"image-to-text", "Xenova/vit-gpt2-image-captioning"},
        {"image-classification", "Xenova/vit-base-patch16-224"},
        {"object-detection", "Xenova/detr-resnet-50"},
        {"feature-extraction", "Xenova/all-MiniLM-L6-v2"},
    };

    return find(tasks, ARRAY_SIZE(tasks), task);
}

const char *scan_tiktoken_encoding(const char *model)
{
    /* The longest prefix that fits would be the same: no row is the beginning of one above. */
    static const struct pair prefixes[] = {
        {"gpt-oss-", "o200k_harmony"},
        {"gpt-4o", "o200k_base"},
        {"chatgpt-4o-", "o200k_base"},
        {"gpt-4.1", "o200k_base"},
        {"gpt-4.5", "o200k_base"},
        {"gpt-5", "o200k_base"},
        {"o1", "o200k_base"},
        {"o3", "o200k_base"},
        {"o4-mini", "o200k_base"},
        {"ft:gpt-4o", "o200k_base"},
        {"gpt-4", "cl100k_base"},
        {"gpt-3.5", "cl100k_base"},
        {"gpt-35-turbo", "cl100k_base"},
        {"ft:gpt-4", "cl100k_base"},
        {"ft:gpt-3.5-turbo", "cl100k_base"},
        {"text-embedding-ada-002", "cl100k_base"},
        {"text-embedding-3-", "cl100k_base"},
        {"davinci-002", "cl100k_base"},
        {"babbage-002", "cl100k_base"},
        {"text-davinci-edit-001", "p50k_edit"},
        {"code-davinci-edit-001", "p50k_edit"},
        {"text-davinci-003", "p50k_base"},
        {"text-davinci-002", "p50k_base"},
        {"code-", "p50k_base"},
        {"text-davinci-001", "r50k_base"},
        {"text-curie-001", "r50k_base"},
        {"text-babbage-001", "r50k_base"},
        {"text-ada-001", "r50k_base"},
        {"davinci", "r50k_base"},
        {"gpt2", "gpt2"},
        {"gpt-2", "gpt2"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
        if (text_starts_with(model, prefixes[i].name))
            return prefixes[i].value;
    return NULL;
}
