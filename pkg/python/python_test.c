#include "python/python_test_internal.h"

static void strings_of_every_kind_are_texts(void **state)
{
    static const struct example cases[] = {
        {"f('a')", "f(\"a\")"},
        {"f(\"it's\")", "f(\"it's\")"},
        {"f('''a\nb''')", "f(\"a\nb\")"},
        {"f(\"\"\"a \"quoted\" b\"\"\")", "f(\"a \"quoted\" b\")"},
        {"f(r'a\\n')", "f(\"a\\n\")"},
        {"f(u'a')", "f(\"a\")"},
        {"f(b'a')", "f(<b'a'>)"},
        {"f('\\x41\\102\\u00e4\\t\\\\')", "f(\"AB\xc3\xa4\t\\\")"},
        {"f('a\\\nb')", "f(\"ab\")"},
        {"f('\\N{DASH}')", "f(<'\\N{DASH}'>)"},
        {"f('\\q')", "f(\"\\q\")"},
        {"f('a' \"b\" f'c')", "f(\"abc\")"},
        {"f(('a'\n   'b'))", "f(\"ab\")"},
        {"f('a' + 'b' + \"c\")", "f(\"abc\")"},
        {"f(f'{{a}}')", "f(\"{a}\")"},
        {"f(rf'\\d')", "f(\"\\d\")"},
        {"x = 'b'\nf(f'a/{x}')", "f(\"a/b\")"},
        {"d = {'k': 'v'}\nf(f'{d['k']}')", "f(\"v\")"},
        {"f(f'{x!r}')", "f(<f'{x!r}'>)"},
        {"f(f'{x:>{width}}')", "f(<f'{x:>{width}}'>)"},
        {"f(f'{(lambda x: x)(1)}' )", "f(<f'{(lambda x: x)(1)}'>)"},
        {"f('a' % b)", "f(<'a' % b>)"},
        {"f('a', 1, 1.5e-3, None, True)", "f(\"a\", 1, 1.5e-3, None, True)"},
        {"f(['a', 'b'], ('c',))", "f([\"a\", \"b\"], [\"c\"])"},
        {"f(*a, **b)", "f(*=<a>, **=<b>)"},
        {"f('a' # comment ) \"\n  , 'b')", "f(\"a\", \"b\")"},
        {"f \\\n('a')", "f(\"a\")"},
    };

    (void)state;
    expect_calls(cases, ARRAY_SIZE(cases));
}

static void calls_are_found_everywhere(void **state)
{
    static const struct example cases[] = {
        {"g(h(f('a')))", "f(\"a\")"},
        {"@f('a')\ndef g(): pass", "f(\"a\")"},
        {"def g(x=f('a')): pass", "f(\"a\")"},
        {"x = [f('a') for y in z]", "f(\"a\")"},
        {"x = {f('a'): 1 for y in z if y}", "f(\"a\")"},
        {"x = lambda: f('a')", "f(\"a\")"},
        {"x = lambda a=f('a'), *b: a", "f(\"a\")"},
        {"x = f\"{f('a')}\"", "f(\"a\")"},
        {"x = f\"\\N{EM DASH}{f('a')}\"", "f(\"a\")"},
        {"async def g():\n  async with f('a') as b:\n    await c", "f(\"a\")"},
        {"x = a if f('a') else b", "f(\"a\")"},
        {"x: Foo[f('a')] = 1", "f(\"a\")"},
        {"class A(f('a')): pass", "f(\"a\")"},
        {"if (x := f('a')): pass", "f(\"a\")"},
        {"print 'x', f('a')", "f(\"a\")"},
        {"print >>y, f('a')", "f(\"a\")"},
        {"exec code in f('a')", "f(\"a\")"},
        {"try:\n  pass\nexcept E, f('a'):\n  pass", "f(\"a\")"},
        {"match f('a'):\n  case A(x=1) if f('b'): pass", "f(\"b\")"},
        {"a[f('a'):2, ...]", "f(\"a\")"},
        {"return not f('a')", "f(\"a\")"},
        {"a[0].f('a')", ".f(\"a\")"},
        {"a()('a')", "(\"a\")"},
        {"x = -await f('a') ** 2", "f(\"a\")"},
        {"type X[T] = f('a')", "f(\"a\")"},
        {"if x: import f; f.g('a')", "f.g(\"a\")"},
        {"try: from m import f\nexcept E: f = None\nf('a')", "m.f(\"a\")"},
        {"if x: y = 'a'\nf(y)", "f(\"a\")"},
    };

    (void)state;
    expect_calls(cases, ARRAY_SIZE(cases));
}

static void imports_make_names_whole(void **state)
{
    static const struct example cases[] = {
        {"import a.b\na.b.f('x')", "a.b.f(\"x\")"},
        {"import a.b as c\nc.f('x')", "a.b.f(\"x\")"},
        {"from a.b import f\nf('x')", "a.b.f(\"x\")"},
        {"from a import (b as c,\n  d as e,)\ne.f('x')", "a.d.f(\"x\")"},
        {"from . import a\na.f('x')", ".a.f(\"x\")"},
        {"from ..a.b import f\nf('x')", "..a.b.f(\"x\")"},
        {"from a import *\nF('x')", "a.F(\"x\")"},
        {"from a import *\nprint('x')", "print(\"x\")"},
        {"from a import *\nfrom b import *\nF('x')", "F(\"x\")"},
        {"def g():\n  from a import f\n  f('x')", "a.f(\"x\")"},
        {"try:\n  from a import F\nexcept ImportError:\n  F = None\nF('x')", "a.F(\"x\")"},
        {"import a\nM = a.Model\nM.load('x')", "a.Model.load(\"x\")"},
        {"from a import f\nclass A:\n  def g(self):\n    f('x')", "a.f(\"x\")"},
        {"from app.config import settings\nf(settings.model)", "f(@app.config.settings.model)"},
        {"import a\na.F('x').to('cpu')", "a.F: .to(\"cpu\")"},
        {"import a\nc = a.C()\nc.make('x')", "a.C: c.make(\"x\")"},
        {"import a\nc = None\nc = a.C.load()\nc.make('x')", "a.C.load: c.make(\"x\")"},
        {"import a\nwith a.C() as c:\n  c.make('x')", "a.C: c.make(\"x\")"},
        {"import a\nclass S:\n  def __init__(self):\n    self.c = a.C()\n  def f(self):\n"
         "    self.c.make('x')",
         "a.C: self.c.make(\"x\")"},
        {"import a\nf(a.C('y'))", "f(a.C())"},
    };

    (void)state;
    expect_calls(cases, ARRAY_SIZE(cases));
}

static void variables_of_the_environment_keep_their_default(void **state)
{
    static const struct example cases[] = {
        {"import os\nf(os.environ['M'])", "f($M)"},
        {"import os\nf(os.environ.get('M'))", "f($M)"},
        {"import os\nf(os.environ.get('M', 'x'))", "f($M=\"x\")"},
        {"import os\nf(os.getenv('M', default='x'))", "f($M=\"x\")"},
        {"from os import getenv\nf(getenv('M'))", "f($M)"},
        {"from os import environ as e\nf(e['M'])", "f($M)"},
        {"import os as o\nf(o.environ.get('M', 'x'))", "f($M=\"x\")"},
        {"import os\nf(os.getenv('M') or 'x')", "f($M=\"x\")"},
        {"import os\nD = 'x'\nM = os.getenv('M', D)\nf(M)", "f($M=\"x\")"},
        {"import os\nf(str(os.getenv('M')))", "f($M)"},
        {"import os\nf(os.getenv(k, 'x'))", "f(<os.getenv(k, 'x')>)"},
        {"from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n"
         "  model: str = 'x'\ns = S()\nf(s.model)",
         "f($MODEL=\"x\")"},
        {"class S(BaseSettings):\n  model: str\ns = S()\nf(s.model)", "f($MODEL)"},
        {"class S(BaseSettings):\n  model_config = SettingsConfigDict(env_prefix='app_')\n"
         "  model: str = 'x'\ndef get():\n  return S()\ns = get()\nf(s.model)",
         "f($APP_MODEL=\"x\")"},
        {"class S(BaseSettings):\n  m: str = Field('x', env='NAME')\nf(S().m)", "f($NAME=\"x\")"},
        {"class S(BaseSettings):\n  m: str = 'x'\n  class Config:\n    env_prefix = 'P_'\n"
         "s = S()\nf(s.m)",
         "f($P_M=\"x\")"},
    };

    (void)state;
    expect_calls(cases, ARRAY_SIZE(cases));
}

static void variables_that_a_file_sets_are_listed(void **state)
{
    CLEANUP(python_file) struct python_file file = PYTHON_FILE_INIT;
    CLEANUP(buf) struct buf out = BUF_INIT;

    (void)state;
    read_text("import os\nos.environ['A'] = '1'\nif x:\n  os.environ.setdefault('B', X)\n"
              "other['C'] = 'x'\ndel os.environ['D']\n",
              &file);
    describe_assignments(&file.environment, &out);
    assert_string_equal(buf_text(&out), "A=\"1\"; B=<X>");
    assert_int_equal(file.environment.items[0].line, 2);
    assert_false(file.environment.items[0].yields);
    assert_true(file.environment.items[1].yields);
}

static void names_that_other_files_import_are_listed(void **state)
{
    CLEANUP(python_file) struct python_file file = PYTHON_FILE_INIT;
    CLEANUP(buf) struct buf out = BUF_INIT;

    (void)state;
    read_text("import os\nM = 'x'\nN = g()\nV = os.getenv('V')\nclass C:\n  m = 'y'\n"
              "class S(BaseSettings):\n  m: str = 'z'\ns = S()\ndef f():\n  local = 'x'\n",
              &file);
    describe_assignments(&file.constants, &out);
    assert_string_equal(buf_text(&out), "C.m=\"y\"; M=\"x\"; S.m=$M=\"z\"; V=$V; s.m=$M=\"z\"");
}

static void what_does_not_parse_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *text;
        size_t size;
        const char *complaint;
    } cases[] = {
        {"x = 1\ny = 'a\n", 13, "line 2: the string has no end"},
        {"x = '''a\n\n", 10, "line 1: the string has no end"},
        {"f(\n1", 4, "line 1: a bracket or an f-string has no end"},
        {"\nf)", 3, "line 2: a closing bracket without its opening one"},
        {"f(]", 3, "line 1: a closing bracket without its opening one"},
        {"f'{x'", 5, "line 1: the string has no end"},
        {"x = f'\\N{abc\n", 12, "line 1: a bracket or an f-string has no end"},
        {"f'}'", 4, "line 1: a single '}' in an f-string"},
        {"x\n\0", 3, "line 2: a NUL byte is no source"},
        {"x\n'\xff'", 5, "line 2: the bytes are no UTF-8"},
        {"if x:\n    y\n  z\n", 16, "line 3: the indentation fits no block around it"},
        {"# -*- coding: latin-1 -*-\n'\xe4'", 29,
         "line 1: it is encoded in 'latin-1'; UTF-8 is what is read"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(python_file) struct python_file file = PYTHON_FILE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        if (python_read(cases[i].text, cases[i].size, &file, &err) == 0)
            fail_msg("%s: read", cases[i].text);
        assert_string_equal(err.text, cases[i].complaint);
    }
}

static void repeat(struct buf *out, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_add_text(out, text);
}

static void expect_depth(const char *open, const char *middle, const char *close, size_t count,
                         int expected)
{
    CLEANUP(python_file) struct python_file file = PYTHON_FILE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf text = BUF_INIT;

    repeat(&text, open, count);
    buf_add_text(&text, middle);
    repeat(&text, close, count);
    if (python_read(buf_text(&text), text.size, &file, &err) != expected)
        fail_msg("%zu of '%s': %s", count, open, err.text != NULL ? err.text : "read");
}

static void depth_has_a_limit(void **state)
{
    static const struct {
        const char *open, *middle, *close;
        size_t good, bad;
    } cases[] = {
        {"(", "1", ")", 200, 201},
        {"f(", "1", ")", 200, 201},
        {"{1:", "1", "}", 200, 201},
        {"lambda: ", "1", "", 200, 100000},
        {"x if y else ", "1", "", 100000, 0},
        {"not ", "1", "", 100000, 0},
        {"-", "1", "", 100000, 0},
        {"x = ", "1", "", 100000, 0},
        {"x.", "y", "", 100000, 0},
        {"", "x", "()", 100000, 0},
        {"", "x", " + 'a'", 100000, 0},
        {"a := ", "1", "", 100, 100000},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        expect_depth(cases[i].open, cases[i].middle, cases[i].close, cases[i].good, 0);
        if (cases[i].bad > 0)
            expect_depth(cases[i].open, cases[i].middle, cases[i].close, cases[i].bad, -1);
    }
}

static void a_notebook_is_one_module(void **state)
{
    static const char v4[] =
        "{\"nbformat\": 4, \"cells\": ["
        "{\"cell_type\": \"markdown\", \"source\": [\"f('no')\"]},"
        "{\"cell_type\": \"code\", \"source\": [\"%pip install x\\n\", \"!ls 'a\\n\", \"M = "
        "'x'\"]},"
        "{\"cell_type\": \"code\", \"source\": \"%%bash\\necho 'it\"},"
        "{\"cell_type\": \"code\", \"source\": \"y = 'a\"},"
        "{\"cell_type\": \"code\", \"source\": \"%%time\\nz = !ls 'a\\nf(M)\"}]}";
    static const char v3[] = "{\"nbformat\": 3, \"worksheets\": [{\"cells\": ["
                             "{\"cell_type\": \"code\", \"input\": [\"M = 'x'\\n\", \"f(M)\"]}]}]}";
    CLEANUP(python_file) struct python_file file = PYTHON_FILE_INIT;
    CLEANUP(python_file) struct python_file old = PYTHON_FILE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf out = BUF_INIT;

    (void)state;
    assert_int_equal(python_read_notebook(v4, strlen(v4), &file, &err), 0);
    assert_int_equal(file.call_count, 1);
    describe_call(&file.calls[0], &out);
    assert_string_equal(buf_text(&out), "f(\"x\")");
    assert_int_equal(file.calls[0].line, 3);
    assert_int_equal(file.calls[0].cell, 5);
    assert_int_equal(file.skipped.count, 1);
    assert_string_equal(file.skipped.items[0], "cell 4, line 1: the string has no end");
    assert_int_equal(python_read_notebook(v3, strlen(v3), &old, &err), 0);
    assert_int_equal(old.call_count, 1);
    assert_int_equal(old.calls[0].cell, 1);
    assert_int_equal(python_read_notebook("{}", 2, &old, &err), -1);
    assert_int_equal(python_read_notebook("{", 1, &old, &err), -1);
}

static void imports_and_lines_are_listed(void **state)
{
    CLEANUP(python_file) struct python_file file = PYTHON_FILE_INIT;

    (void)state;
    read_text("\xef\xbb\xbfimport a.b, c as d\r\nfrom .e import f\r\nfrom g import *\r\n\r\n"
              "x = (f\r\n  ('y'))\r\n",
              &file);
    assert_int_equal(file.import_count, 4);
    assert_string_equal(file.imports[0].module, "a.b");
    assert_null(file.imports[0].name);
    assert_string_equal(file.imports[1].module, "c");
    assert_string_equal(file.imports[2].module, ".e");
    assert_string_equal(file.imports[2].name, "f");
    assert_string_equal(file.imports[3].name, "*");
    assert_int_equal(file.imports[3].line, 3);
    assert_int_equal(file.call_count, 1);
    assert_int_equal(file.calls[0].line, 5);
    python_file_release(&file);
    read_text("x = (\n  'a'\n).f()\ny = (a\n  .b)[0].c()\n", &file);
    assert_int_equal(file.call_count, 2);
    assert_int_equal(file.calls[0].line, 1); /* with its parenthesis, as CPython has it */
    assert_int_equal(file.calls[1].line, 4);
}

static void long_texts_and_lists_are_not_known(void **state)
{
    CLEANUP(python_file) struct python_file file = PYTHON_FILE_INIT;
    CLEANUP(buf) struct buf text = BUF_INIT;

    (void)state;
    buf_add_text(&text, "f('");
    repeat(&text, "a", PYTHON_TEXT_LIMIT + 1);
    buf_add_text(&text, "', [");
    repeat(&text, "'a', ", PYTHON_LIST_LIMIT + 1);
    buf_add_text(&text, "])");
    read_text(buf_text(&text), &file);
    assert_int_equal(file.calls[0].argument_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(file.calls[0].arguments[i].value.kind, PYTHON_UNKNOWN);
        assert_int_equal(strlen(file.calls[0].arguments[i].value.source), 80);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_of_every_kind_are_texts),
        cmocka_unit_test(calls_are_found_everywhere),
        cmocka_unit_test(imports_make_names_whole),
        cmocka_unit_test(variables_of_the_environment_keep_their_default),
        cmocka_unit_test(variables_that_a_file_sets_are_listed),
        cmocka_unit_test(names_that_other_files_import_are_listed),
        cmocka_unit_test(what_does_not_parse_is_refused_with_its_line),
        cmocka_unit_test(depth_has_a_limit),
        cmocka_unit_test(a_notebook_is_one_module),
        cmocka_unit_test(imports_and_lines_are_listed),
        cmocka_unit_test(long_texts_and_lists_are_not_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
