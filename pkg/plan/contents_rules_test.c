#include "plan/contents.h"
#include "plan/plan_test_internal.h"

/* What the contents of small files decide. */

#define UNET "unet/diffusion_pytorch_model.safetensors"
#define SDXL                                                                                       \
    "{\"_class_name\": \"StableDiffusionXLPipeline\", \"force_zeros_for_empty_prompt\": true, "    \
    "\"unet\": [\"diffusers\", \"UNet2DConditionModel\"], \"vae\": [\"diffusers\", "               \
    "\"AutoencoderKL\"], \"image_encoder\": [null, null], \"safety_checker\": "                    \
    "[\"stable_diffusion\", "                                                                      \
    "\"StableDiffusionSafetyChecker\"]}"
#define DENSE                                                                                      \
    "[{\"idx\": 0, \"name\": \"0\", \"path\": \"\", \"type\": "                                    \
    "\"sentence_transformers.models.Transformer\"}, {\"idx\": 1, \"name\": \"1\", \"path\": "      \
    "\"1_Pooling\", \"type\": \"sentence_transformers.models.Pooling\"}, {\"idx\": 2, \"name\": "  \
    "\"2\", \"path\": \"linear\", \"type\": \"sentence_transformers.models.Dense\"}]"

struct content_case {
    const char *path, *text;
    const char *format; /* of --weights; NULL: none */
    struct choice choice;
};

static void check_all(const struct content_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CLEANUP(plan_contents) struct plan_contents contents = PLAN_CONTENTS_INIT;
        struct plan_selection selection = {.format = cases[i].format, .contents = &contents};
        plan_contents_add(&contents, cases[i].path, cases[i].text, strlen(cases[i].text));
        check_choice(&cases[i].choice, &selection);
    }
}

static void of_a_pipeline_its_components_are_taken(void **state)
{
    static const struct content_case cases[] = {
        {"model_index.json",
         SDXL,
         NULL,
         {"the components of a pipeline",
          "model_index.json " UNET " vae/diffusion_pytorch_model.safetensors "
          "safety_checker/pytorch_model.bin assets/a.png pytorch_lora_weights.safetensors",
          "vae_1_0/diffusion_pytorch_model.safetensors vae_1_0/config.json "
          "vae_decoder/model.onnx image_encoder/model.safetensors sd_xl.safetensors"}},
        {"model_index.json",
         SDXL,
         "onnx",
         {"components of another runtime have other names",
          "model_index.json unet/model.onnx vae_decoder/model.onnx vae_encoder/model.onnx", UNET}},
        {"model_index.json",
         SDXL,
         "safetensors:fp16",
         {"of a variant", "model_index.json unet/diffusion_pytorch_model.fp16.safetensors",
          UNET " vae_1_0/diffusion_pytorch_model.fp16.safetensors"}},
        {"model_index.json",
         "{\"unet\": [\"diffusers\", \"X\"]}",
         NULL,
         {"no component is there", "model_index.json transformer/a.safetensors", ""}},
        {"model_index.json",
         "[",
         NULL,
         {"no JSON", "model_index.json " UNET " vae_1_0/diffusion_pytorch_model.safetensors", ""}},
    };

    (void)state;
    check_all(cases, ARRAY_SIZE(cases));
}

static void modules_and_indexes_are_told_by_their_content(void **state)
{
    static const struct content_case cases[] = {
        {"modules.json",
         DENSE,
         NULL,
         {"modules by what they are",
          "modules.json model.safetensors 1_Pooling/config.json linear/model.safetensors "
          "linear/pytorch_model.bin 2_Old/model.safetensors",
          "pytorch_model.bin 2_Old/pytorch_model.bin"}},
        {"modules.json",
         DENSE,
         "onnx",
         {"modules beside ONNX",
          "modules.json onnx/model.onnx linear/model.safetensors linear/pytorch_model.bin",
          "model.safetensors 2_Old/model.safetensors"}},
        {"modules.json",
         "{}",
         NULL,
         {"modules by their names",
          "modules.json 2_Dense/model.safetensors 2_Dense/pytorch_model.bin", ""}},
        {"model.safetensors.index.json",
         "{\"weight_map\": {\"a\": \"x.safetensors\", \"b\": \"y.safetensors\", \"c\": "
         "\"x.safetensors\"}}",
         NULL,
         {"shards by their names", "model.safetensors.index.json x.safetensors y.safetensors", ""}},
        {"model.safetensors.index.json",
         "{\"weight_map\": {\"a\": \"gone.safetensors\"}}",
         NULL,
         {"one file, which loaders take before the index",
          "model.safetensors.index.json model.safetensors", ""}},
    };

    (void)state;
    check_all(cases, ARRAY_SIZE(cases));
}

static void an_index_that_names_what_is_not_there_is_refused(void **state)
{
    static const struct {
        const char *path, *text, *paths, *complaint;
    } cases[] = {
        {"model.safetensors.index.json",
         "{\"weight_map\": {\"a\": \"model-00001-of-00002.safetensors\", \"b\": "
         "\"model-00002-of-00002.safetensors\", \"c\": \"extra.safetensors\"}}",
         "model.safetensors.index.json model-00001-of-00002.safetensors "
         "model-00002-of-00002.safetensors",
         "'model.safetensors.index.json' of 'acme/model' lists 3 shards, and the repo has 2"},
        {"t/model.safetensors.index.json", "{\"weight_map\": {\"a\": \"x.safetensors\"}}",
         "t/model.safetensors.index.json x.safetensors", "has none of them"},
        {"model.safetensors.index.json", "{\"weight_map\": {}}",
         "model.safetensors.index.json model-00001-of-00002.safetensors", "has 1 of them"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(plan_contents) struct plan_contents contents = PLAN_CONTENTS_INIT;
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        struct plan_selection selection = {.contents = &contents};
        plan.origin.name = xstrdup("acme/model");
        plan_contents_add(&contents, cases[i].path, cases[i].text, strlen(cases[i].text));
        add_paths(&plan, cases[i].paths);
        plan_sort(&plan);
        assert_int_equal(plan_select(&plan, &selection, &err), -1);
        if (err.kind != ERROR_NOT_FOUND || strstr(err.text, cases[i].complaint) == NULL)
            fail_msg("'%s' does not say '%s'", err.text, cases[i].complaint);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_a_pipeline_its_components_are_taken),
        cmocka_unit_test(modules_and_indexes_are_told_by_their_content),
        cmocka_unit_test(an_index_that_names_what_is_not_there_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
