#include "plan/plan_test_internal.h"

static void check(const struct choice *choice, enum plan_weights weights)
{
    struct plan_selection selection = {.weights = weights};

    check_choice(choice, &selection);
}

static void automatic_choice_drops_second_copies_in_the_same_folder(void **state)
{
    static const struct choice cases[] = {
        {"several frameworks",
         "config.json model.safetensors tokenizer.json README.md .gitattributes",
         "pytorch_model.bin tf_model.h5 flax_model.msgpack rust_model.ot"},
        {"shards and their indexes",
         "model-00001-of-00002.safetensors model-00002-of-00002.safetensors "
         "model.safetensors.index.json",
         "pytorch_model-00001-of-00002.bin pytorch_model-00002-of-00002.bin "
         "pytorch_model.bin.index.json tf_model-00001-of-00002.h5 tf_model.h5.index.json "
         "flax_model-00001-of-00002.msgpack flax_model.msgpack.index.json"},
        {"shard numbers of other lengths", "model-00001-of-000163.safetensors",
         "pytorch_model-1-of-2.bin"},
        {"a module that has only the pickle", "model.safetensors 2_Dense/pytorch_model.bin",
         "pytorch_model.bin"},
        {"each module by itself", "model.safetensors 2_Dense/model.safetensors",
         "pytorch_model.bin 2_Dense/pytorch_model.bin"},
        {"PyTorch before the others", "pytorch_model.bin config.json",
         "tf_model.h5 flax_model.msgpack rust_model.ot"},
        {"Mistral's own format beside shards",
         "model-00001-of-00002.safetensors model-00002-of-00002.safetensors params.json",
         "consolidated.safetensors"},
        {"Mistral's own format in shards", "model-00001-of-00002.safetensors",
         "consolidated-00001-of-00002.safetensors consolidated.safetensors.index.json"},
        {"Llama's own format", "model.safetensors", "consolidated.00.pth consolidated.01.pth"},
        {"peft", "adapter_model.safetensors adapter_config.json", "adapter_model.bin"},
        {"names that applications name exactly",
         "ip-adapter_sd15.safetensors ip-adapter_sd15.bin ve.safetensors ve.pt yolo.safetensors "
         "yolo.pt yolo.pth yolo.ckpt model.safetensors",
         "model.pt"},
        {"modules that sentence-transformers before 3.1 loads from the pickle",
         "modules.json 0_Transformer/model.safetensors 1_Pooling/config.json "
         "2_Dense/model.safetensors 2_Dense/pytorch_model.bin",
         "0_Transformer/pytorch_model.bin"},
        {"shards that no index lists", "model.safetensors config.json",
         "model-00001-of-00002.safetensors model-00002-of-00002.safetensors"},
        {"one file and shards with an index",
         "model.safetensors model.safetensors.index.json model-00001-of-00002.safetensors "
         "model-00002-of-00002.safetensors",
         ""},
        {"Mistral's own format without another tokenizer",
         "consolidated.safetensors params.json tekken.json config.json",
         "model-00001-of-00002.safetensors model-00002-of-00002.safetensors "
         "model.safetensors.index.json"},
        {"Mistral's own format in shards without another tokenizer",
         "consolidated-00001-of-00002.safetensors consolidated-00002-of-00002.safetensors "
         "consolidated.safetensors.index.json params.json tekken.json",
         "model-00001-of-00002.safetensors model-00002-of-00002.safetensors"},
        {"Mistral's own format with transformers' tokenizer",
         "params.json tekken.json tokenizer.json model.safetensors", "consolidated.safetensors"},
        {"open_clip", "open_clip_model.safetensors open_clip_config.json",
         "open_clip_pytorch_model.bin"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check(&cases[i], PLAN_PREFER_SAFETENSORS);
}

static void automatic_choice_drops_variants_of_what_is_there_plain(void **state)
{
    static const struct choice cases[] = {
        {"one file", "model.safetensors", "model.fp16.safetensors model.non_ema.safetensors"},
        {"shards with the number last", "model.safetensors config.json",
         "model.fp32-00001-of-00002.safetensors model.safetensors.index.fp32.json "
         "pytorch_model.fp32-00001-of-00002.bin pytorch_model.bin.index.fp32.json"},
        {"shards with the variant last", "model-00001-of-00002.safetensors",
         "model-00001-of-00002.fp16.safetensors"},
        {"only variants", "model.fp16.safetensors model.bf16.safetensors",
         "pytorch_model.fp16.bin"},
        {"variants beside a plain pickle", "pytorch_model.bin",
         "model.fp16.safetensors pytorch_model.fp16.bin"},
        {"numbers that are no variants", "qwen2.safetensors qwen2.5.safetensors", ""},
        {"other frameworks beside a variant", "model.fp16.safetensors tf_model.h5", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check(&cases[i], PLAN_PREFER_SAFETENSORS);
}

static void automatic_choice_drops_conversions_of_what_is_there(void **state)
{
    static const struct choice cases[] = {
        {"folders of conversions", "model.safetensors config.json",
         "onnx/model.onnx onnx/config.json onnx/model_O1.onnx openvino/openvino_model.bin "
         "openvino/openvino_model.xml coreml/fill-mask/m.mlpackage/Data/weights/weight.bin "
         "original/params.json original/tokenizer.model original/consolidated.00.pth "
         "metal/model.bin m.mlpackage/Manifest.json"},
        {"files of conversions", "model.safetensors config.json",
         "model.onnx model.onnx_data model.onnx_data_1 model.onnx.data 64-8bits.tflite "
         "openvino_model.bin openvino_model.xml m.mlmodel ggml-model-q4_0.bin weights.pb"},
        {"conversions of a pickle", "pytorch_model.bin colbert_linear.pt",
         "onnx/model.onnx onnx/model.onnx_data onnx/Constant_7_attr__value"},
        {"GGUF beside safetensors", "model.safetensors",
         "m-Q4_K_M.gguf m-Q8_0.gguf Q2_K/m-Q2_K-00001-of-00002.gguf mmproj-f16.gguf"},
        {"conversions in a module's folder", "text/model.safetensors", "text/onnx/model.onnx"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check(&cases[i], PLAN_PREFER_SAFETENSORS);
}

static void automatic_choice_never_drops_the_only_copy(void **state)
{
    static const struct choice cases[] = {
        {"pickle", "config.json pytorch_model.bin", ""},
        {"TensorFlow", "config.json tf_model.h5", ""},
        {"TensorFlow and Flax", "tf_model.h5 flax_model.msgpack", ""},
        {"ONNX", "config.json onnx/encoder_model.onnx onnx/decoder_model_merged.onnx", ""},
        {"ONNX in one precision",
         "onnx/encoder_q4.onnx onnx/decoder_q4.onnx silero_vad_16k_op15.onnx", ""},
        {"ONNX at the root", "model.onnx model.onnx_data tokenizer.json", ""},
        {"ONNX and OpenVINO", "onnx/model.onnx openvino/openvino_model.xml", ""},
        {"ONNX beside a Dense module", "onnx/model.onnx 2_Dense/model.safetensors", ""},
        {"ONNX of another model", "model.safetensors vad/model.onnx", ""},
        {"ONNX beside an adapter", "adapter_model.safetensors onnx/model.onnx", ""},
        {"GGUF", "config.json m-Q4_K_M.gguf", ""},
        {"GGUF beside an adapter", "adapter_model.safetensors m-Q4_K_M.gguf", ""},
        {"GGUF in shards with what belongs to it",
         "m-Q8_0-00001-of-00003.gguf m-Q8_0-00002-of-00003.gguf m-Q8_0-00003-of-00003.gguf "
         "mmproj-F16.gguf imatrix.gguf",
         "mmproj-BF16.gguf mmproj-F32.gguf"},
        {"consolidated weights", "consolidated.safetensors params.json", ""},
        {"original weights", "original/consolidated.00.pth original/params.json README.md", ""},
        {"a checkpoint", "model.ckpt yolov8n.pt yolov8n.onnx", ""},
        {"an adapter and the whole model", "adapter_model.safetensors pytorch_model.bin", ""},
        {"CTranslate2 beside transformers", "model.bin model.safetensors", ""},
        {"names that differ", "a.safetensors b.bin", ""},
        {"a training that left nothing else", "config.json mp_rank_00_model_states.pt", ""},
        {"checkpoints alone", "checkpoint-5/model.safetensors runs/a", ""},
        {"checkpoints beside the model", "model.safetensors",
         "checkpoint-500/model.safetensors checkpoint-500/config.json "
         "last-checkpoint/model.safetensors runs/Jan01/events mp_rank_00_model_states.pt "
         "global_step5/mp_rank_00_model_states.pt"},
        {"training leftovers", "model.safetensors trainer_state.json",
         "optimizer.pt scheduler.pt training_args.bin rng_state.pth rng_state_0.pth scaler.pt "
         "checkpoint-5/optimizer.pt runs/Jan01/events.out.tfevents.123"},
        {"no weights at all", "config.json tokenizer.json", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check(&cases[i], PLAN_PREFER_SAFETENSORS);
}

static void automatic_choice_takes_the_folders_of_a_pipeline(void **state)
{
    static const struct choice cases[] = {
        {"checkpoints at the root",
         "model_index.json scheduler/scheduler_config.json unet/config.json "
         "unet/diffusion_pytorch_model.safetensors text_encoder/model.safetensors "
         "safety_checker/pytorch_model.bin vae/diffusion_pytorch_model.fp16.safetensors",
         "v1-5-pruned.ckpt v1-5-pruned.safetensors unet/diffusion_pytorch_model.bin "
         "unet/diffusion_pytorch_model.fp16.safetensors unet/diffusion_pytorch_model.fp16.bin "
         "unet/diffusion_flax_model.msgpack unet/model.onnx unet/model.onnx_data "
         "text_encoder/openvino_model.bin text_encoder/openvino_model.xml "
         "vae/diffusion_pytorch_model.fp16.bin"},
        {"shards",
         "model_index.json unet/diffusion_pytorch_model-00001-of-00002.safetensors "
         "unet/diffusion_pytorch_model-00002-of-00002.safetensors "
         "unet/diffusion_pytorch_model.safetensors.index.json",
         "unet/diffusion_pytorch_model.fp16-00001-of-00002.safetensors "
         "unet/diffusion_pytorch_model.safetensors.index.fp16.json"},
        {"what is added to it",
         "model_index.json unet/diffusion_pytorch_model.safetensors "
         "pytorch_lora_weights.safetensors ip-adapter.safetensors",
         "sd.safetensors"},
        {"a loader of its own",
         "model_index.json unet/diffusion_pytorch_model.safetensors model_config.json "
         "model.safetensors",
         "sd.safetensors"},
        {"ONNX pipeline", "model_index.json unet/model.onnx unet/weights.pb", ""},
        {"checkpoint without folders", "model_index.json dream.safetensors", ""},
        {"no pipeline", "dream.safetensors unet/diffusion_pytorch_model.safetensors", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check(&cases[i], PLAN_PREFER_SAFETENSORS);
}

static void automatic_choice_keeps_the_pickle_for_old_loaders(void **state)
{
    static const struct choice cases[] = {
        {"both", "pytorch_model.bin config.json",
         "model.safetensors tf_model.h5 onnx/model.onnx model.onnx"},
        {"shards",
         "pytorch_model-00001-of-00002.bin pytorch_model-00002-of-00002.bin "
         "pytorch_model.bin.index.json",
         "model-00001-of-00002.safetensors model.safetensors.index.json"},
        {"each module by itself", "pytorch_model.bin 2_Dense/model.safetensors",
         "model.safetensors"},
        {"only safetensors", "model.safetensors", "tf_model.h5 m-Q4_0.gguf"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check(&cases[i], PLAN_PREFER_PYTORCH);
}

/* Better now than at each start. */
static void an_index_whose_shards_are_missing_is_refused(void **state)
{
    static const struct {
        const char *paths, *complaint;
    } cases[] = {
        {"model.safetensors.index.json config.json", "has none of them"},
        {"model.safetensors.index.json model-00001-of-00003.safetensors "
         "model-00003-of-00003.safetensors",
         "lists 3 shards, and the repo has 2 of them"},
        {"a/model.safetensors.index.json model-00001-of-00001.safetensors", "has none of them"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        struct plan_selection selection = {.weights = PLAN_PREFER_SAFETENSORS};
        plan.origin.name = xstrdup("acme/model");
        add_paths(&plan, cases[i].paths);
        plan_sort(&plan);
        assert_int_equal(plan_select(&plan, &selection, &err), -1);
        assert_int_equal(err.kind, ERROR_NOT_FOUND);
        assert_non_null(strstr(err.text, cases[i].complaint));
        selection.all_files = true;
        assert_int_equal(plan_select(&plan, &selection, &err), 0);
    }
}

static void servers_that_ask_for_onnx_first_get_both(void **state)
{
    static const struct choice cases[] = {
        {"the export and what belongs to it",
         "config.json model.safetensors onnx/model.onnx onnx/model.onnx_data",
         "onnx/decoder.onnx openvino/openvino_model.xml pytorch_model.bin"},
        {"beside the weights", "model.onnx model.safetensors", "other.onnx"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check(&cases[i], PLAN_KEEP_ONNX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(servers_that_ask_for_onnx_first_get_both),
        cmocka_unit_test(automatic_choice_drops_second_copies_in_the_same_folder),
        cmocka_unit_test(automatic_choice_drops_variants_of_what_is_there_plain),
        cmocka_unit_test(automatic_choice_drops_conversions_of_what_is_there),
        cmocka_unit_test(automatic_choice_never_drops_the_only_copy),
        cmocka_unit_test(automatic_choice_takes_the_folders_of_a_pipeline),
        cmocka_unit_test(automatic_choice_keeps_the_pickle_for_old_loaders),
        cmocka_unit_test(an_index_whose_shards_are_missing_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
