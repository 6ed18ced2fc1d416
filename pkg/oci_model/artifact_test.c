#include "oci_model/oci_model_internal.h"

#include "oci/media_type.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define CNCF "application/vnd.cncf.model."
#define CNAI "application/vnd.cnai.model."
#define KIT "application/vnd.kitops.modelkit."
#define DOCKER "application/vnd.docker.ai."
#define TITLE "org.opencontainers.image.title"
#define FILEPATH "org.cncf.model.filepath"
#define DIGEST "sha256:1111111111111111111111111111111111111111111111111111111111111111"

/* A layer is its type, and annotations as JSON members. */
struct layer_text {
    const char *type;
    const char *annotations;
};

struct artifact_case {
    struct layer_text layers[4];
    const char *expected; /* "PATH" of a file, "*" of a tar; or words of the refusal */
};

static void parse(const struct layer_text *layers, size_t count, struct document *out)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf text = BUF_INIT;
    struct descriptor what = {.media_type = MEDIA_TYPE_OCI_MANIFEST};

    buf_add_text(&text, "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/x\","
                        "\"digest\":\"" DIGEST "\",\"size\":2},\"layers\":[");
    for (size_t i = 0; i < count && layers[i].type != NULL; i++)
        buf_addf(&text,
                 "%s{\"mediaType\":\"%s\",\"digest\":\"" DIGEST "\",\"size\":7,\"annotations\":"
                 "{%s}}",
                 i > 0 ? "," : "", layers[i].type,
                 layers[i].annotations != NULL ? layers[i].annotations : "");
    buf_add_text(&text, "]}");
    if (document_parse(&text, &what, out, &err) < 0)
        fail_msg("%s", err.text);
}

static void describe(const struct artifact *artifact, struct buf *out)
{
    for (size_t i = 0; i < artifact->files.count; i++) {
        const struct model_file *file = &artifact->files.items[i];
        buf_addf(out, "%s ", file->path);
        assert_int_equal(file->content.size, 7);
        assert_true(file->content.is_plain);
        assert_string_equal(digest_format(&file->content.sha256).text, DIGEST);
    }
    for (size_t i = 0; i < artifact->tar_count; i++) {
        buf_add_text(out, "* ");
        assert_true(artifact->tars[i].hash_contents);
    }
}

static void layers_are_what_their_types_and_annotations_say(void **state)
{
    static const struct artifact_case cases[] = {
        {{{NULL, NULL}}, ""},
        {{{CNCF "weight.v1.raw", "\"" FILEPATH "\":\"a/w.bin\""},
          {CNCF "weight.config.v1.raw", "\"" FILEPATH "\":\"c.json\",\"" TITLE "\":\"other\""},
          {CNCF "doc.v1.tar", "\"" FILEPATH "\":\"README.md\""},
          {CNCF "code.v1.tar+zstd", NULL}},
         "a/w.bin c.json * * "},
        {{{CNAI "weight.v1.raw", "\"org.cnai.model.filepath\":\"w\""},
          {CNAI "doc.v1.tar+gzip", NULL}},
         "w * "},
        {{{KIT "model.v1.tar", NULL}, {KIT "docs.v1.tar+gzip", NULL}}, "* * "},
        {{{CNCF "weight.v1.raw", "\"" FILEPATH "\":\"w\""}, {KIT "config.v1+json", NULL}}, "w "},
        {{{DOCKER "gguf.v3", NULL},
          {DOCKER "gguf.v3.mmproj", NULL},
          {DOCKER "license", NULL},
          {DOCKER "chat.template.jinja", NULL}},
         "model.gguf model.mmproj LICENSE template.jinja "},
        {{{DOCKER "safetensors", NULL},
          {DOCKER "safetensors", NULL},
          {DOCKER "vllm.config.tar", NULL},
          {DOCKER "dir.tar", "\"" FILEPATH "\":\"d\""}},
         "model-00001-of-00002.safetensors model-00002-of-00002.safetensors * * "},
        {{{DOCKER "gguf.v3", "\"" FILEPATH "\":\"named.gguf\""}, {DOCKER "gguf.v3", NULL}},
         "named.gguf model.gguf "},
        {{{MEDIA_TYPE_OCI_LAYER, "\"" TITLE "\":\"w.bin\""},
          {"application/octet-stream", "\"" TITLE "\":\"x/y\""},
          {MEDIA_TYPE_OCI_LAYER "+gzip",
           "\"" TITLE "\":\"d\",\"io.deis.oras.content.unpack\":\"true\""}},
         "w.bin x/y * "},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(document) struct document manifest = DOCUMENT_INIT;
        CLEANUP(artifact) struct artifact artifact = ARTIFACT_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf text = BUF_INIT;
        parse(cases[i].layers, ARRAY_SIZE(cases[i].layers), &manifest);
        if (artifact_from_manifest(&manifest, &artifact, &err) < 0)
            fail_msg("case %zu: %s", i, err.text);
        describe(&artifact, &text);
        assert_string_equal(buf_text(&text), cases[i].expected);
    }
}

static void layers_that_are_no_part_of_a_model_are_refused(void **state)
{
    static const struct artifact_case cases[] = {
        {{{CNCF "weight.v1.raw", "\"" FILEPATH "\":\"w\""}, {CNCF "weight.v1.raw", NULL}},
         "layer 2 of 2: its type is '" CNCF "weight.v1.raw', and it has no name"},
        {{{CNCF "weight.v1.raw", "\"" FILEPATH "\":\"\""}}, "it has no name"},
        {{{"application/vnd.cncf.helm.chart.content.v1.tar+gzip", NULL}}, "it has no name"},
        {{{MEDIA_TYPE_OCI_LAYER, NULL}}, "it has no name"},
        {{{MEDIA_TYPE_OCI_LAYER "+encrypted", "\"" TITLE "\":\"w\""}}, "it is encrypted"},
        {{{"application/vnd.oci.image.layer.nondistributable.v1.tar", "\"" TITLE "\":\"w\""}},
         "such a layer is not in the registry"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(document) struct document manifest = DOCUMENT_INIT;
        CLEANUP(artifact) struct artifact artifact = ARTIFACT_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        parse(cases[i].layers, ARRAY_SIZE(cases[i].layers), &manifest);
        assert_int_equal(artifact_from_manifest(&manifest, &artifact, &err), -1);
        if (err.kind != ERROR_UNSUPPORTED || strstr(err.text, cases[i].expected) == NULL)
            fail_msg("case %zu: kind %d, \"%s\"", i, (int)err.kind, err.text);
        assert_int_equal(artifact.files.count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_are_what_their_types_and_annotations_say),
        cmocka_unit_test(layers_that_are_no_part_of_a_model_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
