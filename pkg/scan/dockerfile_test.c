#include "scan/application_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void add_strings(struct buf *out, const char *title, const struct strings *list)
{
    if (list->count > 0)
        buf_addf(out, "%s%s:", out->size > 0 ? "; " : "", title);
    for (size_t i = 0; i < list->count; i++)
        buf_addf(out, " %s", list->items[i]);
}

/* A folder of one Dockerfile, as "env: A=1 B=2; entry: a b; cmd: c". Caller frees. */
static char *read_dockerfile(const char *text)
{
    CLEANUP(application) struct application application = {.is_folder = true};
    CLEANUP(buf) struct buf out = BUF_INIT;

    application.files = xcalloc(1, sizeof(*application.files));
    application.file_count = 1;
    application.files[0] = (struct application_file){
        .path = xstrdup("Dockerfile"), .text = xstrdup(text), .size = strlen(text)};
    application_read_dockerfile(&application);
    assert_string_equal(application.dockerfile, "Dockerfile");
    add_strings(&out, "env", &application.environment);
    add_strings(&out, "entry", &application.entrypoint);
    add_strings(&out, "cmd", &application.command);
    add_strings(&out, "skipped", &application.skipped);
    buf_add(&out, "", 0);
    return xstrdup(buf_text(&out));
}

static void the_last_stage_says_how_its_image_starts(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"FROM a\nENV M=acme/m\nCMD [\"python\", \"app.py\"]\n",
         "env: M=acme/m; cmd: python app.py"},
        {"from a\nenv M=acme/m N='a b' O=\"c d\" P=e\\ f\n", "env: M=acme/m N=a b O=c d P=e f"},
        {"FROM a\nENV M acme/m\nENV M acme/n\n", "env: M=acme/n"},
        {"FROM a\nENV A=1 \\\n  # a comment\n\n  B=2 \\\n  C=3\nENV D=4", "env: A=1 B=2 C=3 D=4"},
        {"FROM a AS one\nENTRYPOINT [\"e\"]\nCMD [\"x\"]\nFROM one\nENTRYPOINT []\n", "cmd: x"},
        {"FROM a\nENTRYPOINT exec a $X\nCMD b", "entry: /bin/sh -c exec a $X; cmd: /bin/sh -c b"},
        /* stages */
        {"FROM a AS one\nENV A=1\nFROM b\nENV B=2\n", "env: B=2"},
        {"FROM a AS one\nENV A=1\nCMD [\"x\"]\nFROM ONE AS two\nENV B=2\nFROM two\n",
         "env: A=1 B=2; cmd: x"},
        /* arguments with their defaults */
        {"ARG M=acme/m\nARG N=acme/n\nFROM a\nARG M\nENV A=$M B=${N:-none} C=${M:+set}\n",
         "env: A=acme/m B=none C=set"},
        {"FROM a\nARG SIZE=small\nENV M=acme/e5-${SIZE}\n", "env: M=acme/e5-small"},
        {"FROM a\nARG M\nENV M=${M}\n", "env: M="},
        {"ARG V=one\nFROM a AS one\nENV A=1\nFROM --platform=$P $V\n", "env: A=1"},
        {"FROM a\nENV A=1\nENV B=$A-'$A'-\\$A\n", "env: A=1 B=1-$A-$A"},
        /* what is no instruction */
        {"FROM a\nRUN <<EOF\nENV A=1\nEOF\nENV B=2\n", "env: B=2"},
        {"FROM a\nRUN cat <<'END' > x\nENV A=1\nEND\nENV B=2\n", "env: B=2"},
        {"FROM a\nRUN x <<open\nENV B=2\n", "env: B=2"},
        {"FROM a\n# ENV A=1\nENVIRONMENT A=1\nLABEL ENV A=1\n", ""},
        {"# escape=`\nFROM a\nENV A=1 `\n B=c:\\x\n", "env: A=1 B=c:\\x"},
        {"ENV A=1\n", ""},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(text) char *found = read_dockerfile(cases[i].text);
        assert_string_equal(found, cases[i].expected);
    }
}

static void values_that_double_have_an_end(void **state)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    (void)state;
    buf_add_text(&text, "FROM a\nENV A=aaaaaaaaaaaaaaaa\n");
    for (int i = 0; i < 64; i++)
        buf_add_text(&text, "ENV A=$A$A\n");
    CLEANUP(text) char *found = read_dockerfile(buf_text(&text));
    assert_true(strlen(found) < 8192);
}

static void the_variables_of_a_stage_have_an_end(void **state)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    (void)state;
    buf_add_text(&text, "FROM x AS a\nENV B=aaaaaaaa\n");
    for (int i = 0; i < 8; i++)
        buf_add_text(&text, "ENV B=$B$B\n");
    for (int i = 0; i < 900; i++)
        buf_addf(&text, "ENV V%d=$B\n", i);
    buf_add_text(&text, "CMD [\"x\"]\n");
    for (int i = 0; i < 98; i++)
        buf_add_text(&text, "FROM a AS a\n");
    CLEANUP(text) char *found = read_dockerfile(buf_text(&text));
    assert_true(strlen(found) < 260 * KIB);
    assert_true(strlen(found) > 240 * KIB);
    assert_non_null(strstr(found, "; cmd: x; skipped: Dockerfile: its variables are more than "
                                  "1000, or than 256 KiB: the rest is not read"));
}

static void behind_the_last_stage_that_is_read_is_nothing(void **state)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    (void)state;
    for (int i = 0; i < 100; i++)
        buf_add_text(&text, "FROM a\nENV A=1\n");
    CLEANUP(text) char *all = read_dockerfile(buf_text(&text));
    assert_string_equal(all, "env: A=1");
    buf_add_text(&text, "FROM b\nENV B=2\n");
    CLEANUP(text) char *more = read_dockerfile(buf_text(&text));
    assert_string_equal(more, "");
}

static void of_several_that_of_the_folder_counts(void **state)
{
    static const char *const paths[] = {"api/Dockerfile", "web/Dockerfile", "Dockerfile"};

    (void)state;
    for (size_t count = 1; count <= ARRAY_SIZE(paths); count++) {
        CLEANUP(application) struct application application = {.is_folder = true};
        application.files = xcalloc(count, sizeof(*application.files));
        for (size_t i = 0; i < count; i++)
            application.files[application.file_count++] = (struct application_file){
                .path = xstrdup(paths[i]), .text = xstrdup("FROM a\nENV A=1\n"), .size = 15};
        application_read_dockerfile(&application);
        if (count == 2)
            assert_null(application.dockerfile);
        else
            assert_string_equal(application.dockerfile, paths[count - 1]);
        assert_int_equal(application.environment.count, count == 2 ? 0 : 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_stage_says_how_its_image_starts),
        cmocka_unit_test(values_that_double_have_an_end),
        cmocka_unit_test(the_variables_of_a_stage_have_an_end),
        cmocka_unit_test(behind_the_last_stage_that_is_read_is_nothing),
        cmocka_unit_test(of_several_that_of_the_folder_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
