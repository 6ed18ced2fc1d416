#include "scan/scan_test_internal.h"

/* Revisions that calls name, and fields of classes in JavaScript. */

static void a_revision_that_is_not_known_is_said(void **state)
{
    CLEANUP(application) struct application application = {.files = NULL};

    (void)state;
    add_package(&application, PACKAGE_PYTHON, "transformers", "5.0.0");
    add_file(&application, "/a.py",
             "import os\nfrom transformers import AutoModel\n"
             "AutoModel.from_pretrained('acme/a', revision=None)\n"
             "AutoModel.from_pretrained('acme/b', revision=os.environ['REVISION'])\n"
             "AutoModel.from_pretrained('acme/c', revision=os.getenv('REVISION', 'v2'))\n");
    expect(&application,
           "acme/a /a.py:3\nacme/c@v2 /a.py:5\nacme/b /a.py:4 guess\n"
           "? /a.py:4: revision of AutoModel.from_pretrained() comes from the variable REVISION, "
           "which the image does not set\n");
}

static void a_revision_that_cannot_be_baked_is_said(void **state)
{
    CLEANUP(application) struct application application = {.files = NULL};

    (void)state;
    add_package(&application, PACKAGE_NODE, "@huggingface/transformers", "4.0.0");
    add_file(&application, "/a.mjs",
             "import { pipeline } from '@huggingface/transformers';\n"
             "await pipeline('ner', 'acme/a', { revision: 'main' });\n"
             "await pipeline('ner', 'acme/b', { revision: 'v2' });\n"
             "await pipeline('ner', 'acme/c', { revision: pick() });\n");
    expect(&application,
           "acme/a layout=transformers-js weights=onnx:fp32 /a.mjs:2\n"
           "? /a.mjs:3: 'acme/b' is asked for at the revision 'v2', which the loader keeps beside "
           "its main, and inlay bakes main alone\n"
           "? /a.mjs:4: 'acme/c' is asked for at a revision that only a start tells, which the "
           "loader keeps beside its main, and inlay bakes main alone\n");
}

static void a_field_of_the_class_is_followed(void **state)
{
    CLEANUP(application) struct application application = {.files = NULL};

    (void)state;
    add_package(&application, PACKAGE_NODE, "@huggingface/transformers", "4.0.0");
    add_file(&application, "/a.mjs",
             "import { pipeline } from '@huggingface/transformers';\n"
             "class One {\n  static task = 'ner';\n  static model = 'acme/a';\n"
             "  static get() { return pipeline(this.task, this.model, { dtype: 'q8' }); }\n}\n"
             "class Two {\n  get() { return pipeline('ner', this.other); }\n}\n");
    expect(&application, "acme/a layout=transformers-js weights=onnx:q8 /a.mjs:5\n"
                         "? /a.mjs:8: the model of pipeline('ner') is not told here\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_revision_that_is_not_known_is_said),
        cmocka_unit_test(a_revision_that_cannot_be_baked_is_said),
        cmocka_unit_test(a_field_of_the_class_is_followed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
