#include "python/python_test_internal.h"

static void names_are_followed_to_what_they_are_bound_to(void **state)
{
    static const struct example cases[] = {
        {"M = 'x'\nf(M)", "f(\"x\")"},
        {"M: str = 'x'\ndef g():\n  f(M)", "f(\"x\")"},
        {"def g():\n  m = 'x'\n  return f(m)", "f(\"x\")"},
        {"def g():\n  f(M)\nM = 'x'", "f(\"x\")"},
        {"A = 'x'\nB = f'{A}/y'\nf(B)", "f(\"x/y\")"},
        {"a, b = 'x', 'y'\nf(b)", "f(\"y\")"},
        {"a = b = 'x'\nf(a)", "f(\"x\")"},
        {"f(m := 'x')\ng(m)", "g(\"x\")"},
        {"M = 'x'\nM = 'y'\nf(M)", "f(<M>)"},
        {"M = 'x'\nM = 'x'\nf(M)", "f(\"x\")"},
        {"M = None\nM = 'x'\nf(M)", "f(\"x\")"},
        {"M = 'x'\nM += 'y'\nf(M)", "f(<M>)"},
        {"M = M\nf(M)", "f(<M>)"},
        {"A = B\nB = A\nf(A)", "f(<A>)"},
        {"M = 'x'\ndef g(M):\n  f(M)", "f(<M>)"},
        {"M = 'x'\nf([M for M in y])", "f(<[M for M in y]>)"},
        {"for m in ['x', 'y']:\n  f(m)", "f(each[\"x\", \"y\"])"},
        {"L = ('x', 'y')\n[f(m) for m in L]", "f(each[\"x\", \"y\"])"},
        {"M = None\ndef g():\n  global M\n  M = 'x'\nf(M)", "f(\"x\")"},
        {"C = {'a': 'x', 'b': 'y'}\nf(C['b'])", "f(\"y\")"},
        {"C = {'a': 'x'}\nC['a'] = 'y'\nf(C['a'])", "f(<C['a']>)"},
        {"C = {'a': {'b': 'x'}}\nf(C['a']['b'])", "f(\"x\")"},
        {"L = ['x', 'y']\nf(L[1])", "f(\"y\")"},
        {"def g(m='x'):\n  return f(m)", "f(\"x\"?)"},
        {"def g(*, m: str = 'x', **k) -> int:\n  f(model=m)", "f(model=\"x\"?)"},
        {"class A:\n  m = 'x'\n  def g(self):\n    f(self.m)", "f(\"x\")"},
        {"class A:\n  m = 'x'\nf(A.m)", "f(\"x\")"},
        {"class A:\n  def __init__(self):\n    self.m = 'x'\n  def g(self):\n    f(self.m)",
         "f(\"x\")"},
        {"class A:\n  def __init__(self, m='x'):\n    self.m = m\n  def g(self):\n    f(self.m)",
         "f(\"x\"?)"},
        {"class A:\n  m: str = 'x'\nclass B(A): pass\nb = B()\nf(b.m)", "f(\"x\")"},
        {"@dataclass\nclass A:\n  m: str = field(default='x')\na = A()\nf(a.m)", "f(\"x\")"},
        {"@dataclass\nclass A:\n  m: str = 'x'\na = A(m='y')\nf(a.m)", "f(\"y\")"},
        {"p = argparse.ArgumentParser()\np.add_argument('-m', '--model-name', default='x')\n"
         "args = p.parse_args()\nf(args.model_name)",
         "f(\"x\"?)"},
        {"p.add_argument('--m')\nargs = p.parse_args()\nf(args.m)", "f(<args.m>)"},
        {"def main(m: str = typer.Option('x')):\n  f(m)", "f(\"x\"?)"},
        {"f('x' if a else 'x')", "f(\"x\")"},
        {"f('x' if a else 'y')", "f(<'x' if a else 'y'>)"},
        {"f(m or 'x')", "f(<m or 'x'>)"},
        {"M = ''\nf(M or 'x')", "f(\"x\")"},
    };

    (void)state;
    expect_calls(cases, ARRAY_SIZE(cases));
}

static void texts_that_are_filled_in_are_known_with_their_values(void **state)
{
    static const struct example cases[] = {
        {"f('a/%s' % 'b')", "f(\"a/b\")"},
        {"O = 'a'\nf('%s/e%d-%%s' % (O, 5))", "f(\"a/e5-%s\")"},
        {"f('%s' % x)", "f(<'%s' % x>)"},
        {"f('%s' % ('a', 'b'))", "f(<'%s' % ('a', 'b')>)"},
        {"f('%s %s' % ('a',))", "f(<'%s %s' % ('a',)>)"},
        {"f('%5s' % 'a')", "f(<'%5s' % 'a'>)"},
        {"f('%d' % 0x10)", "f(<'%d' % 0x10>)"},
        {"f(7 % 3)", "f(<7 % 3>)"},
        {"f('a%s' % 'b' % 'c')", "f(<'a%s' % 'b' % 'c'>)"},
        {"f('a/{}'.format('b'))", "f(\"a/b\")"},
        {"S = 'b'\nf('{0}/{size}-{{}}'.format('a', size=S))", "f(\"a/b-{}\")"},
        {"T = 'a/{}'\nf(T.format('b'))", "f(\"a/b\")"},
        {"f('{}'.format(x))", "f(<'{}'.format(x)>)"},
        {"f('{:>3}'.format('a'))", "f(<'{:>3}'.format('a')>)"},
        {"f('{} {}'.format('a'))", "f(<'{} {}'.format('a')>)"},
        {"f('{'.format('a'))", "f(<'{'.format('a')>)"},
        {"f(x.format('a'))", "f(x.format())"},
        {"def g(m='x'):\n  f('a/{}'.format(m))", "f(\"a/x\"?)"},
    };

    (void)state;
    expect_calls(cases, ARRAY_SIZE(cases));
}

static void a_default_may_not_be_what_the_file_passes(void **state)
{
    static const struct example cases[] = {
        {"def load(a, m='x'):\n  f(m)\nload(1)", "f(\"x\"?)"},
        {"def load(a, m='x'):\n  f(m)\nload(1, g())", "f(\"x\"!)"},
        {"def load(a, m='x'):\n  f(m)\nload(1, m=g())", "f(\"x\"!)"},
        {"def load(a, *, m='x'):\n  f(m)\nload(1, n='y')", "f(\"x\"?)"},
        {"def load(m='x'):\n  f('a/' + m)\nload(g())", "f(\"a/x\"!)"},
        {"class E:\n  def __init__(self, m='x'):\n    f(m)\nE(g())", "f(\"x\"!)"},
        {"def load(m='x'):\n  f(m)\nload('y')\nload()", "f(\"x\"?)"},
        {"def load(m='x'):\n  f(m)\nload(m='y')\nload(n='z')", "f(\"x\"?)"},
        {"class E:\n  def __init__(self, m='x'):\n    f(m)\nE()", "f(\"x\"?)"},
    };

    (void)state;
    expect_calls(cases, ARRAY_SIZE(cases));
}

static void a_parameter_is_what_all_calls_in_the_file_pass(void **state)
{
    static const struct example cases[] = {
        {"def load(m):\n  f(m)\nload('y')", "f(\"y\")"},
        {"def load(a, m='x'):\n  f(m)\nload(1, 'y')", "f(\"y\")"},
        {"def load(m='x'):\n  f('a/' + m)\nload(m='y')", "f(\"a/y\")"},
        {"def load(m):\n  f(m)\nload('y')\nload('z')", "f(each[\"y\", \"z\"])"},
        {"def load(m):\n  f(m)\nload('y')\nload('y')", "f(\"y\")"},
        {"class E:\n  def __init__(self, m='x'):\n    f(m)\nE('y')", "f(\"y\")"},
        {"def load(m):\n  f(m)\nload('y')\nload()", "f(<m>)"},
        {"def load(m):\n  f(m)\nload(f'{g()}')", "f(<m>)"},
        {"def load(m):\n  load(m)\n  f(m)\nload('y')", "f(<m>)"},
    };

    (void)state;
    expect_calls(cases, ARRAY_SIZE(cases));
}

static void a_text_may_hold_the_default_of_a_variable(void **state)
{
    static const struct example cases[] = {
        {"import os\nORG = os.getenv('ORG', 'a')\nf(f'{ORG}/m')", "f(\"a/m\")"},
        {"import os\nORG = os.getenv('ORG', 'a')\nf(ORG + '/' + ORG)", "f(\"a/a\")"},
        {"import os\nORG = os.getenv('ORG')\nf(f'{ORG}/m')", "f(<f'{ORG}/m'>)"},
        {"import os\nf(os.getenv('A', 'a') + os.getenv('B', 'b'))",
         "f(<os.getenv('A', 'a') + os.getenv('B', 'b')>)"},
        {"import os\nORG = os.getenv('ORG', 'a')\nf(os.getenv('M', f'{ORG}/m'))", "f($M)"},
    };

    (void)state;
    expect_calls(cases, ARRAY_SIZE(cases));
}

static void defaults_of_options_are_known(void **state)
{
    static const struct example cases[] = {
        {"p.add_argument('--m', default='x')\na, rest = p.parse_known_args()\nf(a.m)", "f(\"x\"?)"},
        {"p.add_argument('--m', default='x')\na = p.parse_known_args()[0]\nf(a.m)", "f(\"x\"?)"},
        {"p.add_argument('--m', default='x')\na, rest = p.parse_known_args()\nf(rest)",
         "f(<rest>)"},
        {"p.add_argument('model', nargs='?', default='x')\na = p.parse_args()\nf(a.model)",
         "f(\"x\"?)"},
        {"@click.command()\n@click.option('--model-name', '-m', default='x')\n"
         "def main(model_name, other):\n  f(model_name)",
         "f(\"x\"?)"},
        {"@click.option('-m', '--model', 'name', default='x')\ndef main(name):\n  f(name)",
         "f(\"x\"?)"},
        {"@click.argument('model', default='x')\ndef main(model):\n  f(model)", "f(\"x\"?)"},
        {"@click.option('--m', default='x', envvar='M')\ndef main(m):\n  f(m)", "f(<m>)"},
        {"@click.option('--m', default='x')\ndef a(): pass\ndef main(m):\n  f(m)", "f(<m>)"},
        {"def main(m: Annotated[str, typer.Option()] = 'x'):\n  f(m)", "f(\"x\"?)"},
    };

    (void)state;
    expect_calls(cases, ARRAY_SIZE(cases));
}

static void the_environment_may_be_set_by_an_update(void **state)
{
    CLEANUP(python_file) struct python_file file = PYTHON_FILE_INIT;
    CLEANUP(buf) struct buf found = BUF_INIT;

    (void)state;
    read_text("import os\nD = {'A': 'x', **more, k: 'no'}\nos.environ.update(D)\n"
              "os.environ.update({'B': 'y'}, C='z', **rest)\nos.environ.update(unknown)\n"
              "os.environ.update([('E', 'no')])\n",
              &file);
    describe_assignments(&file.environment, &found);
    assert_string_equal(buf_text(&found), "A=\"x\"; B=\"y\"; C=\"z\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_followed_to_what_they_are_bound_to),
        cmocka_unit_test(texts_that_are_filled_in_are_known_with_their_values),
        cmocka_unit_test(a_default_may_not_be_what_the_file_passes),
        cmocka_unit_test(a_parameter_is_what_all_calls_in_the_file_pass),
        cmocka_unit_test(a_text_may_hold_the_default_of_a_variable),
        cmocka_unit_test(defaults_of_options_are_known),
        cmocka_unit_test(the_environment_may_be_set_by_an_update),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
