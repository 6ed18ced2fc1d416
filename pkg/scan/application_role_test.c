#include "scan/application_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *path;
    enum application_role image, folder;
} paths[] = {
    {"app/main.py", ROLE_SOURCE, ROLE_SOURCE},
    {"main.py", ROLE_SOURCE, ROLE_SOURCE},
    {"usr/src/app/server.mjs", ROLE_SOURCE, ROLE_SOURCE},
    {"workspace/a/b/c.ipynb", ROLE_SOURCE, ROLE_SOURCE},
    {"home/me/x.ts", ROLE_SOURCE, ROLE_SOURCE},
    {"root/x.py", ROLE_SOURCE, ROLE_SOURCE},
    {"var/task/handler.py", ROLE_SOURCE, ROLE_SOURCE},
    {"opt/app/config.yaml", ROLE_CONFIG, ROLE_CONFIG},
    {"srv/.env", ROLE_CONFIG, ROLE_CONFIG},
    {"srv/.env.production", ROLE_CONFIG, ROLE_CONFIG},
    {"app/Dockerfile", ROLE_CONFIG, ROLE_CONFIG},
    {"app/Procfile", ROLE_CONFIG, ROLE_CONFIG},
    {"app/package.json", ROLE_CONFIG, ROLE_CONFIG},
    {"app/uv.lock", ROLE_CONFIG, ROLE_CONFIG},
    {"app/requirements-dev.txt", ROLE_CONFIG, ROLE_CONFIG},
    {"app/requirements/base.txt", ROLE_CONFIG, ROLE_CONFIG},
    {"app/notes.txt", ROLE_NONE, ROLE_NONE},
    {"entrypoint.sh", ROLE_CONFIG, ROLE_CONFIG},
    {"app/model.safetensors", ROLE_NONE, ROLE_NONE},
    {"app/lib/helper.py", ROLE_SOURCE, ROLE_SOURCE},
    {"app/lib/python3_tools/helper.py", ROLE_SOURCE, ROLE_SOURCE},
    /* the system's, which a folder does not have */
    {"usr/lib/python3.11/json/__init__.py", ROLE_NONE, ROLE_NONE},
    {"usr/share/doc/x.py", ROLE_NONE, ROLE_SOURCE},
    {"usr/local/lib/node.js", ROLE_NONE, ROLE_SOURCE},
    {"etc/app.conf", ROLE_NONE, ROLE_CONFIG},
    {"etc/supervisor/conf.d/app.conf", ROLE_CONFIG, ROLE_CONFIG},
    {"etc/supervisord.conf", ROLE_CONFIG, ROLE_CONFIG},
    {"opt/conda/x.py", ROLE_NONE, ROLE_SOURCE},
    {"usr/local/cuda-12.4/x.py", ROLE_NONE, ROLE_SOURCE},
    {"root/.cache/huggingface/hub/x/config.json", ROLE_NONE, ROLE_NONE},
    {"app/.git/config.json", ROLE_NONE, ROLE_NONE},
    /* packages */
    {"app/.venv/lib/python3.12/site-packages/torch/a.py", ROLE_NONE, ROLE_NONE},
    {"app/.venv/lib/python3.12/site-packages/torch-2.5.1.dist-info/METADATA", ROLE_PYTHON,
     ROLE_PYTHON},
    {"usr/lib/python3/dist-packages/six.egg-info/PKG-INFO", ROLE_PYTHON, ROLE_PYTHON},
    {"usr/lib/python3/dist-packages/six-1.16.egg-info", ROLE_PYTHON, ROLE_PYTHON},
    {"usr/local/lib/python3.11/site-packages/setuptools/_vendor/x-1.dist-info/METADATA", ROLE_NONE,
     ROLE_NONE},
    {"usr/local/lib/python3.11/site-packages/x-1.dist-info/RECORD", ROLE_NONE, ROLE_NONE},
    {"root/.local/lib/python3.11/site-packages/x-1.dist-info/METADATA", ROLE_PYTHON, ROLE_PYTHON},
    {"root/.pyenv/versions/3.11.9/lib/python3.11/site-packages/x-1.dist-info/METADATA", ROLE_PYTHON,
     ROLE_PYTHON},
    {"root/.pyenv/versions/3.11.9/lib/python3.11/json/tool.py", ROLE_NONE, ROLE_NONE},
    {"var/task/x-1.dist-info/METADATA", ROLE_PYTHON, ROLE_PYTHON},
    {"root/.cache/uv/archive-v0/q/x-1.dist-info/METADATA", ROLE_NONE, ROLE_NONE},
    {"opt/conda/conda-meta/numpy-1.26.4-py311h64a7726_0.json", ROLE_CONDA, ROLE_CONDA},
    {"opt/conda/conda-meta/history", ROLE_NONE, ROLE_NONE},
    {"app/node_modules/ollama/package.json", ROLE_NODE, ROLE_NODE},
    {"app/node_modules/@xenova/transformers/package.json", ROLE_NODE, ROLE_NODE},
    {"app/node_modules/a/node_modules/b/package.json", ROLE_NODE, ROLE_NODE},
    {"app/node_modules/.pnpm/a@1.0.0/node_modules/a/package.json", ROLE_NODE, ROLE_NODE},
    {"app/node_modules/a/dist/package.json", ROLE_NONE, ROLE_NONE},
    {"app/node_modules/a/index.js", ROLE_NONE, ROLE_NONE},
    {"usr/local/lib/node_modules/npm/package.json", ROLE_NODE, ROLE_NODE},
    /* what rules ask for */
    {"usr/local/lib/python3.11/site-packages/fastembed/text/onnx.py", ROLE_SOURCE, ROLE_SOURCE},
    {"opt/venv/lib/python3.11/site-packages/rapidocr/default_models.yaml", ROLE_CONFIG,
     ROLE_CONFIG},
};

/* What has a role in a folder is come to. */
static void check_entered(const char *path)
{
    CLEANUP(text) char *above = xstrdup(path);

    for (char *slash = above; (slash = strchr(slash, '/')) != NULL; *slash++ = '/') {
        *slash = '\0';
        if (!application_enters(above))
            fail_msg("%s: '%s' is not entered", path, above);
    }
}

static void a_path_says_what_a_file_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        enum application_role image = application_role(ROOT_IMAGE, paths[i].path);
        enum application_role folder = application_role(ROOT_FOLDER, paths[i].path);
        if (image != paths[i].image || folder != paths[i].folder)
            fail_msg("%s: %d in an image, %d in a folder", paths[i].path, (int)image, (int)folder);
        if (folder != ROLE_NONE)
            check_entered(paths[i].path);
    }
}

static void folders_of_which_nothing_is_wanted_are_not_entered(void **state)
{
    static const char *const cases[] = {
        ".git",
        "src/__pycache__",
        ".venv/lib/python3.12/site-packages/torch",
        ".venv/lib/python3.12/site-packages/torch/nn",
        "node_modules/a/dist",
        "node_modules/@s/a/dist",
        "node_modules/a/node_modules/b/dist",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (application_enters(cases[i]))
            fail_msg("%s is entered", cases[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_says_what_a_file_is),
        cmocka_unit_test(folders_of_which_nothing_is_wanted_are_not_entered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
