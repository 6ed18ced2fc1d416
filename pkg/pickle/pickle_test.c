#include "pickle/pickle.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void pickle_judge_goes_by_module_and_name(void **state)
{
    static const struct {
        const char *module, *name;
        enum pickle_verdict verdict;
    } cases[] = {
        {"torch", "FloatStorage", PICKLE_KNOWN},
        {"torch", "load", PICKLE_DANGEROUS},
        {"torch.storage", "_load_from_bytes", PICKLE_DANGEROUS},
        {"torch", "FloatStorage.from_file", PICKLE_UNKNOWN},
        {"sklearn.ensemble._forest", "RandomForestClassifier", PICKLE_KNOWN},
        {"sklearn.ensemble._forest", "os.system", PICKLE_DANGEROUS},
        {"sklearn", "base.eval", PICKLE_UNKNOWN},
        {"numpy.testing._private.utils", "runstring", PICKLE_DANGEROUS},
        {"os.path", "join", PICKLE_DANGEROUS},
        {"osmium", "Thing", PICKLE_UNKNOWN},
        {"builtins", "set", PICKLE_KNOWN},
        {"builtins", "getattr", PICKLE_DANGEROUS},
        {"builtins", "type", PICKLE_UNKNOWN},
        {"__torch__.model", "Net", PICKLE_KNOWN},
        {"copy_reg", "_reconstructor", PICKLE_KNOWN},
        {"a", "io.open", PICKLE_DANGEROUS},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (pickle_judge(cases[i].module, cases[i].name) != cases[i].verdict)
            fail_msg("%s.%s is %d", cases[i].module, cases[i].name,
                     pickle_judge(cases[i].module, cases[i].name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pickle_judge_goes_by_module_and_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
