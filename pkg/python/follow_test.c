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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_followed_to_what_they_are_bound_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
