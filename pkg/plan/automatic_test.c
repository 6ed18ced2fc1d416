#include "plan/plan.h"

#include "core/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* What the automatic choice leaves out of a repo; paths are separated by blanks. */
struct choice {
    const char *what;
    const char *kept;
    const char *left_out;
};

static void add_paths(struct plan *plan, const char *paths)
{
    while (*paths != '\0') {
        size_t size = strcspn(paths, " ");
        CLEANUP(text) char *path = xstrndup(paths, size);
        struct plan_file file = {.path = path, .size = 10};
        plan_add(plan, &file);
        paths += size;
        paths += strspn(paths, " ");
    }
}

static char *join(const struct plan *plan)
{
    CLEANUP(buf) struct buf out = BUF_INIT;

    for (size_t i = 0; i < plan->count; i++)
        buf_addf(&out, "%s%s", i > 0 ? " " : "", plan->files[i].path);
    return buf_take(&out);
}

static void check(const struct choice *choice, enum plan_weights weights)
{
    CLEANUP(plan) struct plan expected = PLAN_INIT;
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct plan_selection selection = {.weights = weights};

    plan.id = xstrdup("acme/model");
    plan.revision = xstrdup("main");
    add_paths(&plan, choice->kept);
    add_paths(&plan, choice->left_out);
    plan_sort(&plan);
    add_paths(&expected, choice->kept);
    plan_sort(&expected);
    size_t total = plan.count;

    if (plan_select(&plan, &selection, &err) < 0)
        fail_msg("%s: %s", choice->what, err.text);
    CLEANUP(text) char *kept = join(&plan);
    CLEANUP(text) char *right = join(&expected);
    if (strcmp(kept, right) != 0)
        fail_msg("%s: kept %s\ninstead of %s", choice->what, kept, right);
    assert_int_equal(plan.count + plan.left_out.count, total);
    assert_int_equal(plan.left_out_size, 10 * plan.left_out.count);
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
        {"names with twins", "ip-adapter_sd15.safetensors adapter_model.safetensors",
         "ip-adapter_sd15.bin adapter_model.bin"},
        {"twins of other extensions", "yolo.safetensors model.safetensors",
         "yolo.pt yolo.pth yolo.ckpt model.pt"},
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
        {"ONNX", "config.json onnx/model.onnx onnx/model_quantized.onnx onnx/model_fp16.onnx", ""},
        {"ONNX at the root", "model.onnx model.onnx_data tokenizer.json", ""},
        {"ONNX and OpenVINO", "onnx/model.onnx openvino/openvino_model.xml", ""},
        {"ONNX beside a Dense module", "onnx/model.onnx 2_Dense/model.safetensors", ""},
        {"ONNX of another model", "model.safetensors vad/model.onnx", ""},
        {"ONNX beside an adapter", "adapter_model.safetensors onnx/model.onnx", ""},
        {"GGUF", "config.json m-Q4_K_M.gguf", ""},
        {"GGUF beside an adapter", "adapter_model.safetensors m-Q4_K_M.gguf", ""},
        {"GGUF in shards with what belongs to it",
         "m-Q8_0-00001-of-00003.gguf m-Q8_0-00002-of-00003.gguf m-Q8_0-00003-of-00003.gguf "
         "mmproj-BF16.gguf mmproj-F16.gguf imatrix.gguf",
         ""},
        {"consolidated weights", "consolidated.safetensors params.json", ""},
        {"original weights", "original/consolidated.00.pth original/params.json README.md", ""},
        {"a checkpoint", "model.ckpt yolov8n.pt yolov8n.onnx", ""},
        {"an adapter and the whole model", "adapter_model.safetensors pytorch_model.bin", ""},
        {"CTranslate2 beside transformers", "model.bin model.safetensors", ""},
        {"names that differ", "a.safetensors b.bin", ""},
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
         "unet/diffusion_pytorch_model.safetensors.index.json",
         "unet/diffusion_pytorch_model.fp16-00001-of-00002.safetensors "
         "unet/diffusion_pytorch_model.safetensors.index.fp16.json"},
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
        {"shards", "pytorch_model-00001-of-00002.bin pytorch_model.bin.index.json",
         "model-00001-of-00002.safetensors model.safetensors.index.json"},
        {"each module by itself", "pytorch_model.bin 2_Dense/model.safetensors",
         "model.safetensors"},
        {"only safetensors", "model.safetensors", "tf_model.h5 m-Q4_0.gguf"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check(&cases[i], PLAN_PREFER_PYTORCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(automatic_choice_drops_second_copies_in_the_same_folder),
        cmocka_unit_test(automatic_choice_drops_variants_of_what_is_there_plain),
        cmocka_unit_test(automatic_choice_drops_conversions_of_what_is_there),
        cmocka_unit_test(automatic_choice_never_drops_the_only_copy),
        cmocka_unit_test(automatic_choice_takes_the_folders_of_a_pipeline),
        cmocka_unit_test(automatic_choice_keeps_the_pickle_for_old_loaders),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
