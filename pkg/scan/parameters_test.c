#include "scan/scan_test_internal.h"

/* Models that functions and classes are given by their callers in the same file. */

static const struct {
    const char *text, *expected;
} examples[] = {
    {SENTENCE
     "def make(name):\n  return SentenceTransformer(model_name_or_path=name)\nmake('acme/a')",
     "acme/a app.py:3\n"},
    {SENTENCE
     "def make(name):\n  return SentenceTransformer(name)\nmake('acme/b')\nmake(name='acme/a')",
     "acme/a app.py:3\nacme/b app.py:3\n"},
    {SENTENCE "def make(x, *, name):\n  return SentenceTransformer(name)\nmake(1, name='acme/a')",
     "acme/a app.py:3\n"},
    {SENTENCE "MODEL = 'acme/a'\ndef make(name):\n  return SentenceTransformer(name)\nmake(MODEL)",
     "acme/a app.py:4\n"},
    {SENTENCE "class E:\n  def __init__(self, name):\n    self.model = "
              "SentenceTransformer(name)\nE('acme/a')",
     "acme/a app.py:4\n"},
    {SENTENCE
     "class E:\n  def __init__(self, name):\n    self.name = name\n"
     "  def load(self):\n    return SentenceTransformer(self.name)\nE(name='acme/a').load()",
     "acme/a app.py:6\n"},
    {SENTENCE "def make(name='acme/x'):\n  return SentenceTransformer(name)\nmake('acme/a')",
     "acme/a app.py:3\n"},
    {SENTENCE
     "def make(org, name):\n  return SentenceTransformer(f'{org}/{name}')\nmake('acme', 'a')",
     "acme/a app.py:3\n"},
    /* A caller who passes what is not known here, or a parameter of its own, tells nothing. */
    {SENTENCE "def make(name):\n  return SentenceTransformer(name)\nmake('acme/a')\nmake(pick())",
     "? app.py:3: model_name_or_path of SentenceTransformer() is name, which only a start tells\n"},
    {SENTENCE "def make(name):\n  return SentenceTransformer(name)\n"
              "def outer(n):\n  return make(n)\nouter('acme/a')",
     "? app.py:3: model_name_or_path of SentenceTransformer() is name, which only a start tells\n"},
    {SENTENCE "def make(name):\n  return SentenceTransformer(name)\nmake(*names)\nmake('acme/a')",
     "? app.py:3: model_name_or_path of SentenceTransformer() is name, which only a start tells\n"},
    {SENTENCE "def make(x, name):\n  return SentenceTransformer(name)\nmake(*x, 'acme/a')",
     "? app.py:3: model_name_or_path of SentenceTransformer() is name, which only a start tells\n"},
    {SENTENCE "def make(name):\n  return SentenceTransformer(name)",
     "? app.py:3: model_name_or_path of SentenceTransformer() is name, which only a start tells\n"},
};

static void callers_in_the_same_file_name_models(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
        CLEANUP(application) struct application application = {.files = NULL};
        add_package(&application, PACKAGE_PYTHON, "sentence-transformers", "5.0.0");
        add_file(&application, "app.py", examples[i].text);
        expect(&application, examples[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(callers_in_the_same_file_name_models),
    };

    return cmocka_run_group_tests(tests, read_presets, release_presets);
}
