#include "plan/plan_test_internal.h"

#define JS                                                                                         \
    "onnx/model_bnb4.onnx onnx/model_fp16.onnx onnx/model_int8.onnx onnx/model_q4.onnx "           \
    "onnx/model_q4f16.onnx onnx/model_uint8.onnx"
#define PIPELINE                                                                                   \
    "model_index.json scheduler/scheduler_config.json tokenizer/vocab.json unet/config.json "
#define UNET "unet/diffusion_pytorch_model"

struct format_case {
    const char *weights;
    struct choice choice;
};

static void check_all(const struct format_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct plan_selection selection = {.format = cases[i].weights};
        check_choice(&cases[i].choice, &selection);
    }
}

static void a_format_brings_along_what_its_loader_needs(void **state)
{
    static const struct format_case cases[] = {
        {"safetensors",
         {"several frameworks", "config.json tokenizer.json model.safetensors",
          "pytorch_model.bin tf_model.h5 flax_model.msgpack rust_model.ot onnx/model.onnx "
          "onnx/config.json openvino/openvino_model.xml openvino/openvino_model.bin"}},
        {"pytorch",
         {"the same", "config.json tokenizer.json pytorch_model.bin",
          "model.safetensors tf_model.h5 onnx/model.onnx training_args.bin"}},
        {"onnx",
         {"the same with what belongs to ONNX",
          "config.json tokenizer.json onnx/config.json onnx/model.onnx onnx/model.onnx_data "
          "onnx/tokenizer.json",
          "pytorch_model.bin model.safetensors openvino/openvino_model.xml "
          "openvino/config.json " JS}},
        {"openvino",
         {"the same with OpenVINO's pair",
          "config.json openvino/openvino_model.xml openvino/openvino_model.bin",
          "model.safetensors onnx/model.onnx openvino/openvino_model_qint8_quantized.xml "
          "openvino/openvino_model_qint8_quantized.bin"}},
        {"tensorflow", {"TensorFlow", "config.json tf_model.h5", "model.safetensors a.msgpack"}},
        {"flax", {"Flax", "config.json flax_model.msgpack", "model.safetensors tf_model.h5"}},
        {"coreml",
         {"Core ML", "config.json coreml/m.mlpackage/Manifest.json coreml/m.mlpackage/Data/w.bin",
          "model.safetensors"}},
        {"mistral",
         {"Mistral's own", "params.json tekken.json config.json consolidated.safetensors",
          "model-00001-of-00002.safetensors model-00002-of-00002.safetensors "
          "model.safetensors.index.json"}},
        {"safetensors",
         {"transformers' own beside it",
          "params.json tekken.json config.json model-00001-of-00002.safetensors "
          "model-00002-of-00002.safetensors model.safetensors.index.json",
          "consolidated.safetensors"}},
        {"safetensors",
         {"a folder that lacks it", PIPELINE UNET ".safetensors safety_checker/pytorch_model.bin",
          UNET ".bin " UNET ".fp16.safetensors v1-5.safetensors v1-5.ckpt"}},
        {"onnx",
         {"a module that is torch's",
          "modules.json onnx/model.onnx 2_Dense/model.safetensors 2_Dense/pytorch_model.bin",
          "model.safetensors onnx/model_O4.onnx"}},
        {"gguf", {"one quantisation", "m-Q4_K_M.gguf mmproj-f16.gguf", "model.safetensors"}},
    };

    (void)state;
    check_all(cases, ARRAY_SIZE(cases));
}

static void a_variant_is_taken_where_there_is_one(void **state)
{
    static const struct format_case cases[] = {
        {"onnx:q4f16",
         {"one of eight", "config.json onnx/model_q4f16.onnx",
          "onnx/model.onnx onnx/model_fp16.onnx onnx/model_quantized.onnx onnx/model_q4.onnx"}},
        {"onnx:fp16",
         {"what has no such variant is taken plain",
          "onnx/encoder_model_fp16.onnx onnx/encoder_model_fp16.onnx_data onnx/decoder.onnx",
          "onnx/encoder_model.onnx onnx/decoder_q4.onnx"}},
        {"onnx:q8", {"by transformers.js's name", "onnx/model_quantized.onnx", "onnx/model.onnx"}},
        {"onnx:fp32", {"the plain one", "onnx/model.onnx", "onnx/model_quantized.onnx"}},
        {"onnx:qint8_avx512_vnni",
         {"a long one", "onnx/model_qint8_avx512_vnni.onnx",
          "onnx/model_qint8_avx512.onnx model.safetensors"}},
        {"onnx", {"the only one", "model_optimized.onnx tokenizer.json", ""}},
        {"safetensors:fp16",
         {"of a pipeline",
          PIPELINE UNET ".fp16.safetensors vae/diffusion_pytorch_model.safetensors",
          UNET ".safetensors " UNET ".fp16.bin " UNET ".non_ema.safetensors sd.safetensors"}},
        {"safetensors:fp16",
         {"in shards",
          PIPELINE UNET ".fp16-00001-of-00002.safetensors " UNET
                        ".fp16-00002-of-00002.safetensors " UNET ".safetensors.index.fp16.json",
          UNET "-00001-of-00002.safetensors " UNET "-00002-of-00002.safetensors " UNET
               ".safetensors.index.json"}},
        {"pytorch:fp16",
         {"the pickle of it", "model_index.json " UNET ".fp16.bin",
          UNET ".bin " UNET ".safetensors " UNET ".fp16.safetensors"}},
        {"gguf:q4_k_m",
         {"in either case", "m-Q4_K_M.gguf mmproj-F16.gguf README.md",
          "m-Q8_0.gguf m-Q4_K_S.gguf mmproj-F32.gguf BF16/m-BF16-00001-of-00002.gguf"}},
        {"gguf:BF16",
         {"in shards", "BF16/m-BF16-00001-of-00002.gguf BF16/m-BF16-00002-of-00002.gguf",
          "m.Q8_0.gguf m-UD-Q4_K_XL.gguf"}},
    };

    (void)state;
    check_all(cases, ARRAY_SIZE(cases));
}

static void what_is_not_there_or_not_decided_lists_what_there_is(void **state)
{
    static const struct {
        const char *weights, *paths;
        enum error_kind kind;
        const char *complaint;
    } cases[] = {
        {"gguf", "model.safetensors onnx/model.onnx onnx/model_fp16.onnx", ERROR_NOT_FOUND,
         "'acme/model' has no weights in the format 'gguf'; it has onnx (10 B), onnx:fp16 (10 B), "
         "safetensors (10 B)"},
        {"onnx:q4", "onnx/model.onnx onnx/model_fp16.onnx", ERROR_NOT_FOUND,
         "no weights in the format 'onnx:q4'; it has onnx (10 B), onnx:fp16 (10 B)"},
        {"safetensors:fp16", "model-1-of-2.safetensors model-2-of-2.safetensors", ERROR_NOT_FOUND,
         "it has safetensors (20 B)"},
        {"gguf:Q8_0", "a-Q4_0.gguf mmproj-Q8_0.gguf", ERROR_NOT_FOUND, "it has gguf:Q4_0 (10 B)"},
        {"pytorch", "config.json optimizer.pt", ERROR_NOT_FOUND, "nor in any other known one"},
        {"gguf", "a-Q4_0.gguf a-Q8_0.gguf", ERROR_UNSUPPORTED, "as in --weights gguf:Q4_0"},
        {"gguf:Q4_0", "a-Q4_0.gguf b-Q4_0.gguf", ERROR_UNSUPPORTED, "'b-Q4_0.gguf' (10 B)"},
        {NULL, "config.json onnx/model.onnx onnx/model_quantized.onnx", ERROR_UNSUPPORTED,
         "'acme/model' has ONNX weights in 2 precisions, and a loader takes one of them: onnx "
         "(10 B), onnx:quantized (10 B); choose one, as in --weights onnx"},
        {"onnx", "model_q4.onnx model_fp16.onnx", ERROR_UNSUPPORTED, "in 2 precisions"},
        {"safetensors:fp16", "model_index.json sd.fp16.safetensors vae/diffusion_pytorch_model.bin",
         ERROR_NOT_FOUND,
         "of the weights of 'acme/model' in the format 'safetensors:fp16' none is selected: "
         "'sd.fp16.safetensors' is excluded, or nothing that loads this repo reads it"},
        {"safetensors:fp16", "model_index.json sd.fp16.safetensors " UNET ".safetensors",
         ERROR_NOT_FOUND, "choose files by --include"},
        {"onnx:", "model.onnx", ERROR_USAGE, "'onnx:' is no format of weights; expected"},
        {"onx", "model.onnx", ERROR_USAGE,
         "'onx' is no format of weights; near it: onnx; expected"},
        {"flax:fp16", "model.onnx", ERROR_USAGE, "tensorflow, flax, mistral or coreml"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        struct plan_selection selection = {.format = cases[i].weights};
        plan.origin.name = xstrdup("acme/model");
        add_paths(&plan, cases[i].paths);
        plan_sort(&plan);
        assert_int_equal(plan_select(&plan, &selection, &err), -1);
        if (err.kind != cases[i].kind || strstr(err.text, cases[i].complaint) == NULL)
            fail_msg("'%s' (%d) does not say '%s'", err.text, (int)err.kind, cases[i].complaint);
    }
}

static void a_format_of_which_all_is_excluded_is_refused(void **state)
{
    static const char *const exclude[] = {"onnx/", NULL};
    const struct plan_selection selection = {.format = "onnx", .exclude = exclude};
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    plan.origin.name = xstrdup("acme/model");
    add_paths(&plan, "config.json model.safetensors onnx/model.onnx");
    assert_int_equal(plan_select(&plan, &selection, &err), -1);
    assert_int_equal(err.kind, ERROR_NOT_FOUND);
    assert_non_null(strstr(err.text, "'onnx/model.onnx' is excluded"));
}

static void more_can_be_taken_besides(void **state)
{
    static const char *const also[] = {"onnx/model.onnx", "*.md", NULL};
    static const char *const exclude[] = {"*.md", NULL};
    const struct {
        struct plan_selection selection;
        struct choice choice;
    } cases[] = {
        {{.also = also},
         {"beside the automatic choice", "README.md model.safetensors onnx/model.onnx",
          "pytorch_model.bin onnx/model_q4.onnx"}},
        {{.also = also, .format = "pytorch"},
         {"beside a format", "README.md pytorch_model.bin onnx/model.onnx", "model.safetensors"}},
        {{.also = also, .exclude = exclude},
         {"less what is excluded", "model.safetensors onnx/model.onnx", "README.md"}},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_choice(&cases[i].choice, &cases[i].selection);
}

static void a_server_that_asks_for_the_plain_export_gets_it(void **state)
{
    const struct plan_selection selection = {.weights = PLAN_KEEP_ONNX};
    const struct choice choice = {"ONNX alone", "config.json onnx/model.onnx",
                                  "onnx/model_quantized.onnx"};

    (void)state;
    check_choice(&choice, &selection);
}

static void loaders_of_onnx_alone_get_it_and_nothing_else(void **state)
{
    const struct plan_selection selection = {.weights = PLAN_PREFER_ONNX};
    static const struct choice choices[] = {
        {"beside safetensors", "config.json onnx/model.onnx tokenizer.json",
         "model.safetensors onnx/model_quantized.onnx pytorch_model.bin"},
        {"at the root", "config.json model_optimized.onnx", ""},
        {"none", "config.json model.safetensors", "pytorch_model.bin"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(choices); i++)
        check_choice(&choices[i], &selection);
}

static void who_misses_what_was_left_out_is_told(void **state)
{
    static const struct {
        const char *paths;
        enum plan_weights weights;
        const char *hint; /* NULL: none */
    } cases[] = {
        {"model.safetensors onnx/model.onnx onnx/model_O4.onnx", PLAN_PREFER_SAFETENSORS,
         "loaders of ONNX (fastembed, transformers.js, text-embeddings-inference on CPUs) find "
         "nothing of acme/model: --weights onnx takes ONNX alone, --also 'onnx/model.onnx' both"},
        {"model.safetensors onnx/model_q4.onnx", PLAN_PREFER_SAFETENSORS,
         "--also 'onnx/model_q4.onnx' both"},
        {"model.safetensors onnx/model.onnx onnx/model_O4.onnx", PLAN_KEEP_ONNX, NULL},
        {"model.safetensors onnx/model.onnx onnx/model_O4.onnx", PLAN_PREFER_ONNX, NULL},
        {"model.safetensors pytorch_model.bin", PLAN_PREFER_SAFETENSORS, NULL},
        {"model_index.json " UNET ".safetensors " UNET ".fp16.safetensors", PLAN_PREFER_SAFETENSORS,
         "loaded with variant=\"fp16\" reads other files: --weights safetensors:fp16 takes those"},
        {"model.safetensors model.fp16.safetensors", PLAN_PREFER_SAFETENSORS, NULL},
        {"consolidated.safetensors params.json tekken.json model.safetensors",
         PLAN_PREFER_SAFETENSORS,
         "transformers reads its other weights, which --weights safetensors"},
        {"consolidated.safetensors params.json tekken.json tokenizer.json model.safetensors",
         PLAN_PREFER_SAFETENSORS, "--weights mistral takes those"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(notes) struct notes notes = NOTES_INIT;
        struct plan_selection selection = {.weights = cases[i].weights};
        plan.origin.name = xstrdup("acme/model");
        add_paths(&plan, cases[i].paths);
        plan_sort(&plan);
        assert_int_equal(plan_select(&plan, &selection, &err), 0);
        plan_add_hints(&plan, &notes);
        assert_int_equal(notes.count, cases[i].hint != NULL ? 1 : 0);
        if (cases[i].hint != NULL)
            assert_non_null(strstr(notes.items[0].text, cases[i].hint));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_format_brings_along_what_its_loader_needs),
        cmocka_unit_test(a_variant_is_taken_where_there_is_one),
        cmocka_unit_test(what_is_not_there_or_not_decided_lists_what_there_is),
        cmocka_unit_test(a_format_of_which_all_is_excluded_is_refused),
        cmocka_unit_test(more_can_be_taken_besides),
        cmocka_unit_test(loaders_of_onnx_alone_get_it_and_nothing_else),
        cmocka_unit_test(who_misses_what_was_left_out_is_told),
        cmocka_unit_test(a_server_that_asks_for_the_plain_export_gets_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
