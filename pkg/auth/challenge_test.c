#include "auth/auth_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void add(struct buf *out, const char *name, const char *value)
{
    if (value != NULL)
        buf_addf(out, " %s=<%s>", name, value);
}

/* "Bearer realm=<…> …; Basic …" */
static void describe(const char *value, struct buf *out)
{
    struct auth_challenge *challenges = NULL;
    size_t count = 0;

    auth_challenges_parse(value, &challenges, &count);
    for (size_t i = 0; i < count; i++) {
        buf_addf(out, "%s%s", i > 0 ? "; " : "", challenges[i].scheme);
        add(out, "realm", challenges[i].realm);
        add(out, "service", challenges[i].service);
        add(out, "scope", challenges[i].scope);
        add(out, "error", challenges[i].error);
    }
    auth_challenges_free(challenges, count);
}

static void challenges_are_read_as_rfc_9110_has_them(void **state)
{
    static const struct {
        const char *value, *meaning;
    } cases[] = {
        {"Bearer realm=\"https://a/token\",service=\"r\",scope=\"repository:a/b:pull,push "
         "repository:c/d:pull\"",
         "Bearer realm=<https://a/token> service=<r> scope=<repository:a/b:pull,push "
         "repository:c/d:pull>"},
        {"bearer REALM=\"x\", Error=\"invalid_token\"", "bearer realm=<x> error=<invalid_token>"},
        {"Basic realm=\"a, Bearer realm=b\", Bearer realm=\"c\"",
         "Basic realm=<a, Bearer realm=b>; Bearer realm=<c>"},
        {"Bearer realm=\"a \\\"b\\\" \\\\ c\"", "Bearer realm=<a \"b\" \\ c>"},
        {"Bearer realm = \"x\" , service = y", "Bearer realm=<x> service=<y>"},
        {"Bearer realm=https://a/t?s=1,service=r", "Bearer realm=<https://a/t?s=1> service=<r>"},
        {"Negotiate, Basic realm=\"x\"", "Negotiate; Basic realm=<x>"},
        {"Negotiate YII/a+b==, NTLM , Bearer realm=x", "Negotiate; NTLM; Bearer realm=<x>"},
        {"Bearer", "Bearer"},
        {", ,Basic realm=x,,", "Basic realm=<x>"},
        {"Bearer realm=\"first\",realm=\"second\"", "Bearer realm=<first>"},
        {"Bearer unknown=\"a,b\",realm=x", "Bearer realm=<x>"},
        {"Bearer realm=\"a\"junk, service=r", "Bearer realm=<a> service=<r>"},
        {"Bearer realm=\"\"", "Bearer realm=<>"},
        {"Bearer realm=\"open", "Bearer"},
        {"Bearer realm=\"open\\", "Bearer"},
        {"realm=\"x\"", ""},
        {"=", ""},
        {"\"quoted, Basic\" , Basic realm=x", "Basic realm=<x>"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buf) struct buf meaning = BUF_INIT;
        describe(cases[i].value, &meaning);
        assert_string_equal(buf_text(&meaning), cases[i].meaning);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(challenges_are_read_as_rfc_9110_has_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
