#include "companion/companion.h"

#include "core/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* A model of a few files: those with a text are small ones that were read. */
struct file {
    const char *path, *text;
};

#define FILES_MOST 4

/* "KIND NAME@REVISION (FILE: KEY) REQUIRED GLOB…", a line each, "own code (FILE)" last; caller
 * frees. */
static char *format(const struct companions *companions)
{
    CLEANUP(buf) struct buf out = BUF_INIT;

    for (size_t i = 0; i < companions->count; i++) {
        const struct companion *companion = &companions->items[i];
        CLEANUP(text) char *name = origin_format(&companion->origin);
        buf_addf(&out, "%s %s (%s: %s)", companion_kind_name(companion->kind), name,
                 companion->file, companion->key);
        for (size_t k = 0; k < companion->required.count; k++)
            buf_addf(&out, " %s%s", companion->required.items[k],
                     strings_has(&companion->include, companion->required.items[k]) ? ""
                                                                                    : " besides");
        buf_add_text(&out, "\n");
    }
    for (size_t i = 0; i < companions->notes.count; i++)
        buf_addf(&out, "note %s\n", companions->notes.items[i]);
    if (companions->own_code != NULL)
        buf_addf(&out, "own code (%s)\n", companions->own_code);
    return buf_take(&out);
}

static void find(const char *model, const struct file *files, struct companions *out)
{
    CLEANUP(plan_contents) struct plan_contents contents = PLAN_CONTENTS_INIT;
    CLEANUP(strings) struct strings paths = STRINGS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    for (size_t i = 0; i < FILES_MOST && files[i].path != NULL; i++) {
        assert_true(i == 0 || strcmp(files[i - 1].path, files[i].path) < 0);
        strings_add(&paths, files[i].path);
        if (files[i].text != NULL)
            plan_contents_add(&contents, files[i].path, files[i].text, strlen(files[i].text));
    }
    if (companions_find(model, &contents, &paths, out, &err) < 0)
        fail_msg("%s", err.text);
}

struct companion_case {
    struct file files[FILES_MOST];
    const char *expected;
};

static void check_all(const struct companion_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CLEANUP(companions) struct companions found = COMPANIONS_INIT;
        find("acme/tiny", cases[i].files, &found);
        CLEANUP(text) char *text = format(&found);
        if (strcmp(text, cases[i].expected) != 0)
            fail_msg("case %zu: '%s', expected '%s'", i, text, cases[i].expected);
    }
}

static void code_of_another_repository_is_found_wherever_classes_are_named(void **state)
{
    static const struct companion_case cases[] = {
        /* nomic-ai/nomic-embed-text-v1.5 */
        {{{"config.json", "{\"auto_map\": {"
                          "\"AutoConfig\": \"nomic-ai/nomic-bert-2048--configuration_hf_nomic_bert."
                          "NomicBertConfig\", "
                          "\"AutoModel\": \"nomic-ai/nomic-bert-2048--modeling_hf_nomic_bert."
                          "NomicBertModel\"}}"}},
         "code nomic-ai/nomic-bert-2048@main (config.json: auto_map.AutoConfig) *.py\n"},
        {{{"tokenizer_config.json",
           "{\"auto_map\": {\"AutoTokenizer\": [\"org/tok--tokenization.Slow\", null]}}"}},
         "code org/tok@main (tokenizer_config.json: auto_map.AutoTokenizer) *.py\n"},
        {{{"tokenizer_config.json", "{\"auto_map\": [null, \"org/tok--tokenization.Fast\"]}"}},
         "code org/tok@main (tokenizer_config.json: auto_map) *.py\n"},
        {{{"preprocessor_config.json", "{\"auto_map\": {\"AutoImageProcessor\": \"org/i--a.B\"}}"},
          {"processor_config.json", "{\"auto_map\": {\"AutoProcessor\": \"org/p--a.B\"}}"}},
         "code org/i@main (preprocessor_config.json: auto_map.AutoImageProcessor) *.py\n"
         "code org/p@main (processor_config.json: auto_map.AutoProcessor) *.py\n"},
        {{{"0_Transformer/config.json", "{\"auto_map\": {\"AutoModel\": \"org/code--a.B\"}}"}},
         "code org/code@main (0_Transformer/config.json: auto_map.AutoModel) *.py\n"},
        {{{"config.json", "{\"custom_pipelines\": {\"pair\": {\"impl\": \"org/pipe--a.B\", \"pt\": "
                          "[\"AutoModel\"]}}}"}},
         "code org/pipe@main (config.json: custom_pipelines.pair.impl) *.py\n"},
        {{{"modules.json", "[{\"type\": \"sentence_transformers.models.Pooling\"}, "
                           "{\"type\": \"org/st--custom_st.Transformer\"}]"}},
         "code org/st@main (modules.json: type) *.py\n"},
    };

    (void)state;
    check_all(cases, ARRAY_SIZE(cases));
}

static void code_of_its_own_is_no_companion_and_is_said(void **state)
{
    static const struct companion_case cases[] = {
        {{{"config.json", "{\"auto_map\": {\"AutoModel\": \"modeling.Model\"}}"}},
         "own code (config.json)\n"},
        {{{"config.json", "{\"auto_map\": {\"AutoModel\": \"acme/tiny--modeling.Model\"}}"}},
         "own code (config.json)\n"},
        {{{"modules.json", "[{\"type\": \"custom_st.Transformer\"}]"}},
         "own code (modules.json)\n"},
        {{{"model_index.json", "{\"_class_name\": [\"pipeline\", \"MyPipeline\"]}"}},
         "own code (model_index.json)\n"},
        {{{"model_index.json", "{\"_class_name\": \"P\", \"unet\": [\"my_unet\", \"Unet\"]}"},
          {"unet/my_unet.py", NULL}},
         "own code (model_index.json)\n"},
        {{{"model_index.json", "{\"_class_name\": \"P\", \"unet\": [\"diffusers\", \"Unet\"]}"}},
         ""},
    };

    (void)state;
    check_all(cases, ARRAY_SIZE(cases));
}

static void weights_of_other_repositories_are_found(void **state)
{
    static const struct companion_case cases[] = {
        {{{"adapter_config.json",
           "{\"base_model_name_or_path\": \"org/base\", \"revision\": null}"}},
         "weights org/base@main (adapter_config.json: base_model_name_or_path)\n"},
        {{{"adapter_config.json", "{\"base_model_name_or_path\": \"gpt2\", \"revision\": \"v1\"}"}},
         "weights gpt2@v1 (adapter_config.json: base_model_name_or_path)\n"},
        {{{"modular_model_index.json", "{\"unet\": [\"diffusers\", \"U\", {\"repo\": \"org/sdxl\", "
                                       "\"subfolder\": \"unet\"}]}"}},
         "weights org/sdxl@main (modular_model_index.json: unet) unet/*\n"},
        {{{"config.json", "{\"model_type\": \"detr\", \"use_timm_backbone\": true, "
                          "\"backbone\": \"resnet50\"}"}},
         "weights timm/resnet50.a1_in1k@main (config.json: backbone)\n"},
        {{{"config.json", "{\"model_type\": \"detr\", \"use_timm_backbone\": true, "
                          "\"use_pretrained_backbone\": false, \"backbone\": \"resnet50\"}"}},
         ""},
        {{{"config.json", "{\"model_type\": \"upernet\", \"use_timm_backbone\": true, "
                          "\"backbone\": \"resnet50\"}"}},
         ""},
        {{{"config.json", "{\"model_type\": \"upernet\", \"use_pretrained_backbone\": true, "
                          "\"backbone\": \"microsoft/resnet-50\"}"}},
         "weights microsoft/resnet-50@main (config.json: backbone)\n"},
        {{{"config.json", "{\"model_type\": \"rt_detr\", \"backbone_config\": {\"model_type\": "
                          "\"timm_backbone\", \"backbone\": \"hf_hub:org/vit\"}}"}},
         "weights org/vit@main (config.json: backbone_config.backbone)\n"},
        {{{"config.json", "{\"_name_or_path\": \"org/elsewhere\", \"model_type\": \"bert\"}"}}, ""},
    };

    (void)state;
    check_all(cases, ARRAY_SIZE(cases));
}

static void what_is_wanted_of_one_repository_is_wanted_together(void **state)
{
    static const struct companion_case cases[] = {
        {{{"modular_model_index.json",
           "{\"unet\": [\"d\", \"U\", {\"repo\": \"acme/parts\", \"subfolder\": \"unet\"}], "
           "\"vae\": [\"d\", \"V\", {\"repo\": \"acme/parts\", \"subfolder\": \"vae\"}], "
           "\"again\": [\"d\", \"V\", {\"repo\": \"acme/parts\", \"subfolder\": \"vae\"}]}"}},
         "weights acme/parts@main (modular_model_index.json: unet) unet/* vae/*\n"},
        {{{"modular_model_index.json",
           "{\"unet\": [\"d\", \"U\", {\"repo\": \"acme/parts\", \"subfolder\": \"unet\"}], "
           "\"vae\": [\"d\", \"V\", {\"repo\": \"acme/parts\"}], "
           "\"text\": [\"d\", \"T\", {\"repo\": \"acme/parts\", \"subfolder\": \"text\"}]}"}},
         "weights acme/parts@main (modular_model_index.json: unet) unet/* besides text/* "
         "besides\n"},
        {{{"modular_model_index.json",
           "{\"unet\": [\"d\", \"U\", {\"repo\": \"acme/parts\", \"subfolder\": \"unet\"}], "
           "\"vae\": [\"d\", \"V\", {\"repo\": \"acme/parts\", \"subfolder\": \"vae\", "
           "\"revision\": \"v1\"}]}"}},
         "weights acme/parts@main (modular_model_index.json: unet) unet/*\n"
         "weights acme/parts@v1 (modular_model_index.json: vae) vae/*\n"},
    };

    (void)state;
    check_all(cases, ARRAY_SIZE(cases));
}

static void a_model_that_names_hundreds_of_folders_is_refused(void **state)
{
    CLEANUP(plan_contents) struct plan_contents contents = PLAN_CONTENTS_INIT;
    CLEANUP(strings) struct strings paths = STRINGS_INIT;
    CLEANUP(companions) struct companions found = COMPANIONS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf text = BUF_INIT;

    (void)state;
    buf_add_text(&text, "{\"_class_name\": \"P\"");
    for (size_t i = 0; i < 500; i++)
        buf_addf(&text, ", \"A%zu\": [\"d\", \"A\", {\"repo\": \"a/b\", \"subfolder\": \"f%zu\"}]",
                 i, i);
    buf_add_text(&text, "}");
    plan_contents_add(&contents, "modular_model_index.json", buf_text(&text), text.size);
    strings_add(&paths, "modular_model_index.json");
    assert_int_equal(companions_find("acme/tiny", &contents, &paths, &found, &err), -1);
    assert_int_equal(err.kind, ERROR_UNSUPPORTED);
    assert_string_equal(err.text,
                        "'acme/tiny' names more than 64 folders of 'a/b', expected a few");
}

static void tokenizers_of_other_repositories_are_found(void **state)
{
    static const struct companion_case cases[] = {
        {{{"gliner_config.json", "{\"model_name\": \"microsoft/deberta-v3-small\"}"}},
         "tokenizer microsoft/deberta-v3-small@main (gliner_config.json: model_name) tokenizer*\n"},
        {{{"gliner_config.json", "{\"model_name\": \"microsoft/deberta-v3-small\"}"},
          {"tokenizer_config.json", "{}"}},
         ""},
        {{{"open_clip_config.json", "{\"model_cfg\": {\"text_cfg\": {\"hf_tokenizer_name\": "
                                    "\"org/tok\", \"hf_model_name\": \"org/tok\"}}}"}},
         "tokenizer org/tok@main (open_clip_config.json: model_cfg.text_cfg.hf_tokenizer_name) "
         "tokenizer*\n"},
        {{{"config.json", "{\"alignment_heads\": [], \"suppress_ids_begin\": [220]}"},
          {"model.bin", NULL}},
         "tokenizer openai/whisper-tiny@main (config.json: without tokenizer.json) "
         "tokenizer.json\n"},
        {{{"config.json", "{\"alignment_heads\": [], \"suppress_ids_begin\": [220]}"},
          {"model.bin", NULL},
          {"tokenizer.json", NULL}},
         ""},
        {{{"config.json", "{\"bos_token\": \"<s>\"}"}, {"model.bin", NULL}}, ""},
    };

    (void)state;
    check_all(cases, ARRAY_SIZE(cases));
}

static void models_of_a_pipeline_of_pyannote_are_found(void **state)
{
    static const struct companion_case cases[] = {
        {{{"config.yaml", "version: 3.1.0\n\npipeline:\n"
                          "  name: pyannote.audio.pipelines.SpeakerDiarization\n"
                          "  params:\n"
                          "    clustering: AgglomerativeClustering\n"
                          "    embedding: pyannote/wespeaker-voxceleb-resnet34-LM # a comment\n"
                          "    segmentation: \"pyannote/segmentation@2022.07\"\n"
                          "params:\n  segmentation:\n    min_duration_off: 0.0\n"}},
         "weights pyannote/segmentation@2022.07 (config.yaml: pipeline.params.segmentation)\n"
         "weights pyannote/wespeaker-voxceleb-resnet34-LM@main "
         "(config.yaml: pipeline.params.embedding)\n"},
        {{{"config.yaml", "pipeline:\r\n  name: pyannote.audio.pipelines.SpeakerDiarization\r\n"
                          "  params:\r\n    segmentation: $model/segmentation\r\n"
                          "    embedding: $model/embedding\r\n"}},
         ""},
        {{{"config.yaml", "pipeline:\n  name: other.Pipeline\n  params:\n    embedding: a/b\n"}},
         ""},
        {{{"config.yaml", "model:\n  _target_: pyannote.audio.models.PyanNet\n"}}, ""},
        {{{"config.yaml", "pipeline:\n  name: pyannote.X\n  params:\n    embedding: {a: b}\n"}},
         "note '{a: b}', which config.yaml names (pipeline.params.embedding), is no model of the "
         "Hub: a model of the pipeline has to be in the image by other means\n"},
    };

    (void)state;
    check_all(cases, ARRAY_SIZE(cases));
}

static void what_is_no_name_of_the_hub_is_said_and_not_followed(void **state)
{
    static const struct companion_case cases[] = {
        {{{"adapter_config.json", "{\"base_model_name_or_path\": \"/data/llama\"}"}},
         "note '/data/llama', which adapter_config.json names (base_model_name_or_path), is no "
         "model of the Hub: the adapter's base model has to be in the image by other means\n"},
        {{{"adapter_config.json", "{\"base_model_name_or_path\": \"./out\\n\\u001b[2J\"}"}},
         "note './out??[2J', which adapter_config.json names (base_model_name_or_path), is no "
         "model of the Hub: the adapter's base model has to be in the image by other means\n"},
        {{{"adapter_config.json", "{\"base_model_name_or_path\": \"\"}"}}, ""},
        {{{"adapter_config.json", "{\"base_model_name_or_path\": null}"}}, ""},
        {{{"adapter_config.json", "{\"base_model_name_or_path\": [\"a/b\"]}"}}, ""},
    };

    (void)state;
    check_all(cases, ARRAY_SIZE(cases));
}

static void of_many_that_cannot_be_followed_some_are_told_and_the_rest_counted(void **state)
{
    static const size_t counts[] = {19, 20, 21, 6000};
    CLEANUP(strings) struct strings paths = STRINGS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    strings_add(&paths, "config.json");
    for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
        CLEANUP(plan_contents) struct plan_contents contents = PLAN_CONTENTS_INIT;
        CLEANUP(companions) struct companions found = COMPANIONS_INIT;
        CLEANUP(buf) struct buf text = BUF_INIT;
        buf_add_text(&text, "{\"auto_map\": {");
        for (size_t k = 0; k < counts[i]; k++)
            buf_addf(&text, "%s\"A%zu\": \"../%zu--a.B\"", k > 0 ? ", " : "", k, k);
        buf_add_text(&text, "}}");
        plan_contents_add(&contents, "config.json", buf_text(&text), text.size);
        assert_int_equal(companions_find("acme/tiny", &contents, &paths, &found, &err), 0);
        assert_int_equal(found.notes.count, counts[i] < 21 ? counts[i] : 21);
        if (counts[i] == 6000)
            assert_string_equal(found.notes.items[20],
                                "and 5980 more that are named and cannot be followed");
    }
}

static void what_does_not_have_the_expected_form_names_nothing(void **state)
{
    static const struct companion_case cases[] = {
        {{{"config.json", ""}}, ""},
        {{{"config.json", "[]"}}, ""},
        {{{"config.json", "{\"auto_map\": \"m.M\"}"}}, ""},
        {{{"config.json", "{\"auto_map\": 1, \"custom_pipelines\": [1]}"}}, ""},
        {{{"config.json", "{\"auto_map\": {\"AutoModel\": {\"a\": \"b/c--d.E\"}}}"}}, ""},
        {{{"config.json", "{\"auto_map\": "}}, ""},
        {{{"modules.json", "{\"type\": \"a/b--c.D\"}"}}, ""},
        {{{"model_index.json", "[1]"}}, ""},
        {{{"modular_model_index.json", "{\"a\": [1, 2, 3], \"b\": 1}"}}, ""},
    };

    (void)state;
    check_all(cases, ARRAY_SIZE(cases));
}

static void files_that_are_not_taken_do_not_count(void **state)
{
    CLEANUP(plan_contents) struct plan_contents contents = PLAN_CONTENTS_INIT;
    CLEANUP(strings) struct strings paths = STRINGS_INIT;
    CLEANUP(companions) struct companions found = COMPANIONS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    static const char text[] = "{\"auto_map\": {\"AutoModel\": \"org/code--a.B\"}}";

    (void)state;
    plan_contents_add(&contents, "checkpoint-500/config.json", text, strlen(text));
    strings_add(&paths, "config.json");
    assert_int_equal(companions_find("acme/tiny", &contents, &paths, &found, &err), 0);
    assert_int_equal(found.count, 0);
}

static void a_model_that_names_hundreds_is_refused(void **state)
{
    CLEANUP(plan_contents) struct plan_contents contents = PLAN_CONTENTS_INIT;
    CLEANUP(strings) struct strings paths = STRINGS_INIT;
    CLEANUP(companions) struct companions found = COMPANIONS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf text = BUF_INIT;

    (void)state;
    buf_add_text(&text, "{\"auto_map\": {\"A\": \"a/b--c.D\"");
    for (size_t i = 0; i < 500; i++)
        buf_addf(&text, ", \"A%zu\": \"org/code-%zu-x--a.B\"", i, i);
    buf_add_text(&text, "}}");
    plan_contents_add(&contents, "config.json", buf_text(&text), text.size);
    strings_add(&paths, "config.json");
    assert_int_equal(companions_find("acme/tiny", &contents, &paths, &found, &err), -1);
    assert_int_equal(err.kind, ERROR_UNSUPPORTED);
    assert_string_equal(err.text, "'acme/tiny' names more than 64 other models, expected a few");
}

static void files_say_whether_a_companion_is_there(void **state)
{
    static const struct {
        struct file asks; /* names one companion */
        const char *files[3];
        bool is_in;
    } cases[] = {
        {{"config.json", "{\"auto_map\": {\"A\": \"b/c--d.E\"}}"}, {"README.md", "d.py"}, true},
        {{"config.json", "{\"auto_map\": {\"A\": \"b/c--d.E\"}}"}, {"model.safetensors"}, false},
        {{"adapter_config.json", "{\"base_model_name_or_path\": \"b/c\"}"},
         {"config.json", "model.safetensors"},
         true},
        {{"adapter_config.json", "{\"base_model_name_or_path\": \"b/c\"}"},
         {"config.json", "d.py", "tokenizer.model"},
         false},
        {{"adapter_config.json", "{\"base_model_name_or_path\": \"b/c\"}"}, {NULL}, false},
        {{"config.yaml", "pipeline:\n  name: pyannote.audio.pipelines.SpeakerDiarization\n  "
                         "params:\n    plda: b/c\n"},
         {"plda.npz"},
         true},
        {{"gliner_config.json", "{\"model_name\": \"b/c\"}"}, {"tokenizer_config.json"}, true},
        {{"gliner_config.json", "{\"model_name\": \"b/c\"}"}, {"config.json"}, false},
        {{"modular_model_index.json",
          "{\"a\": [\"d\", \"A\", {\"repo\": \"b/c\", \"subfolder\": \"unet\"}]}"},
         {"unet/config.json"},
         true},
        {{"modular_model_index.json",
          "{\"a\": [\"d\", \"A\", {\"repo\": \"b/c\", \"subfolder\": \"unet\"}]}"},
         {"vae/model.safetensors"},
         false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(companions) struct companions found = COMPANIONS_INIT;
        CLEANUP(strings) struct strings files = STRINGS_INIT;
        const struct file asks[FILES_MOST] = {cases[i].asks};
        for (size_t k = 0; k < ARRAY_SIZE(cases[i].files) && cases[i].files[k] != NULL; k++)
            strings_add(&files, cases[i].files[k]);
        find("acme/tiny", asks, &found);
        assert_int_equal(found.count, 1);
        if (companion_is_in(&found.items[0], &files) != cases[i].is_in)
            fail_msg("%s: %s", cases[i].asks.path, cases[i].asks.text);
    }
}

static void files_that_are_read_are_known_by_name(void **state)
{
    static const struct {
        const char *path;
        bool is_read;
    } cases[] = {
        {"config.json", true},        {"1_Pooling/config.json", true},
        {"modules.json", true},       {"a/modules.json", false},
        {"config.yaml", true},        {"model.safetensors.index.json", false},
        {"model.safetensors", false}, {"", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (companion_reads(cases[i].path) != cases[i].is_read)
            fail_msg("%s", cases[i].path);
}

static void the_first_file_that_names_code_is_told(void **state)
{
    static const struct file own[FILES_MOST] = {
        {"tokenizer_config.json", "{\"auto_map\": {\"A\": [\"t.T\", null]}}"}};
    static const struct file other[FILES_MOST] = {
        {"adapter_config.json", "{\"base_model_name_or_path\": \"a/b\"}"},
        {"config.json", "{\"auto_map\": {\"A\": \"b/c--d.E\"}}"}};
    static const struct file none[FILES_MOST] = {{"config.json", "{}"}};
    CLEANUP(companions) struct companions of_own = COMPANIONS_INIT;
    CLEANUP(companions) struct companions of_other = COMPANIONS_INIT;
    CLEANUP(companions) struct companions of_none = COMPANIONS_INIT;

    (void)state;
    find("acme/tiny", own, &of_own);
    assert_string_equal(companions_find_code(&of_own), "tokenizer_config.json");
    find("acme/tiny", other, &of_other);
    assert_string_equal(companions_find_code(&of_other), "config.json");
    find("acme/tiny", none, &of_none);
    assert_null(companions_find_code(&of_none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(code_of_another_repository_is_found_wherever_classes_are_named),
        cmocka_unit_test(code_of_its_own_is_no_companion_and_is_said),
        cmocka_unit_test(weights_of_other_repositories_are_found),
        cmocka_unit_test(what_is_wanted_of_one_repository_is_wanted_together),
        cmocka_unit_test(a_model_that_names_hundreds_of_folders_is_refused),
        cmocka_unit_test(tokenizers_of_other_repositories_are_found),
        cmocka_unit_test(models_of_a_pipeline_of_pyannote_are_found),
        cmocka_unit_test(what_is_no_name_of_the_hub_is_said_and_not_followed),
        cmocka_unit_test(of_many_that_cannot_be_followed_some_are_told_and_the_rest_counted),
        cmocka_unit_test(what_does_not_have_the_expected_form_names_nothing),
        cmocka_unit_test(files_that_are_not_taken_do_not_count),
        cmocka_unit_test(files_say_whether_a_companion_is_there),
        cmocka_unit_test(files_that_are_read_are_known_by_name),
        cmocka_unit_test(the_first_file_that_names_code_is_told),
        cmocka_unit_test(a_model_that_names_hundreds_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
