#include "core/secrets.h"

#include "core/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char password[] = "p+ss/w\"rd?>7";

static char *mask(struct secrets *secrets, const char *text)
{
    struct buf out = BUF_INIT;

    secrets_mask(secrets, text, strlen(text), &out);
    return buf_take(&out);
}

static void a_secret_is_masked_in_each_of_its_forms(void **state)
{
    /* As coreutils' base64, jq's @uri, its tojson and PHP's json_encode() write it. */
    static const char *const forms[] = {
        "p+ss/w\"rd?>7",          "cCtzcy93InJkPz43", "p%2Bss%2Fw%22rd%3F%3E7",
        "p%2bss%2fw%22rd%3f%3e7", "p+ss/w\\\"rd?>7",  "p+ss\\/w\\\"rd?>7",
    };
    CLEANUP(secrets) struct secrets *secrets = secrets_new();

    (void)state;
    secrets_add(secrets, password);
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        CLEANUP(text) char *text = xasprintf("it was '%s', was it not", forms[i]);
        CLEANUP(text) char *masked = mask(secrets, text);
        assert_string_equal(masked, "it was '…', was it not");
    }
}

static void base64_is_found_in_the_alphabet_of_urls_and_without_padding(void **state)
{
    CLEANUP(secrets) struct secrets *secrets = secrets_new();

    (void)state;
    secrets_add(secrets, "~~>secret?>");
    CLEANUP(text) char *standard = mask(secrets, "fn4+c2VjcmV0Pz4=");
    assert_string_equal(standard, "…=");
    CLEANUP(text) char *of_urls = mask(secrets, "fn4-c2VjcmV0Pz4.x");
    assert_string_equal(of_urls, "….x");
}

static void all_secrets_are_masked_wherever_they_stand(void **state)
{
    CLEANUP(secrets) struct secrets *secrets = secrets_new();

    (void)state;
    secrets_add(secrets, "hf_abcdefgh");
    secrets_add(secrets, "hf_abcdefghijkl");
    CLEANUP(text)
    char *masked = mask(secrets, "hf_abcdefghijklhf_abcdefgh, hf_abcdef; hf_abcdefgh");
    assert_string_equal(masked, "……, hf_abcdef; …");
}

static void short_words_and_a_text_without_secrets_stay(void **state)
{
    CLEANUP(secrets) struct secrets *secrets = secrets_new();

    (void)state;
    CLEANUP(text) char *before = mask(secrets, "team/app:1");
    assert_string_equal(before, "team/app:1");
    secrets_add(secrets, "team/ap");
    CLEANUP(text) char *after = mask(secrets, "team/app:1");
    assert_string_equal(after, "team/app:1");
}

static void a_secret_in_two_parts_of_a_text_is_masked(void **state)
{
    static const char text[] = "a name, hf_abcdefgh, and more";

    (void)state;
    for (size_t cut = 0; cut < sizeof(text); cut++) {
        CLEANUP(secrets) struct secrets *secrets = secrets_new();
        CLEANUP(buf) struct buf out = BUF_INIT;
        secrets_add(secrets, "hf_abcdefgh");
        size_t done = secrets_mask_part(secrets, text, cut, &out);
        assert_true(done <= cut);
        secrets_mask(secrets, text + done, strlen(text) - done, &out);
        assert_string_equal(buf_text(&out), "a name, …, and more");
    }
}

static void a_secret_is_masked_as_messages_have_it(void **state)
{
    CLEANUP(secrets) struct secrets *secrets = secrets_new();

    (void)state;
    secrets_add(secrets, "abc##[def-secret");
    CLEANUP(text) char *message = xstrdup("it was abc##[def-secret");
    text_mask(message);
    CLEANUP(text) char *masked = mask(secrets, message);
    assert_string_equal(masked, "it was …");
}

static void a_password_before_a_host_is_a_secret(void **state)
{
    static const struct {
        const char *name, *masked;
    } cases[] = {
        {"bob:hunter2secret@reg.example/app:1", "bob:…@reg.example/app:1"},
        {"bob:pw@reg.example/app:1", "bob…reg.example/app:1"},
        {"bob:pw@localhost", "bob…localhost"},
        {"docker://bob:hunter2secret@reg.example/app", "docker://bob:…@reg.example/app"},
        {"oci:bob:hunter2secret@reg.example/app", "oci:bob:…@reg.example/app"},
        {"--to=bob:hunter2secret@reg.example:5000/app", "--to=bob:…@reg.example:5000/app"},
        {"https://bob:hunter2@secret@h/m.gguf?x=1", "https://bob:…@h/m.gguf?x=1"},
        {"https://bob:hunter/2secret@h/m.gguf", "https://bob:…@h/m.gguf"},
        {"https://bob:p@ss/hunter2word@h/m", "https://bob…@h/m"},
        {"bob:123/hunter2word@reg.example/app:1", "bob:…@reg.example/app:1"},
        {"bob:12345/hunter2word@reg/app", "bob:…@reg/app"},
        {"bob:123/w@reg.example", "bob…reg.example"},
        {"oci:bob:123/word2word@10.0.0.1:5000/app", "oci:bob:…@10.0.0.1:5000/app"},
        {"https://bob:123/hunter2word@reg.example/m", "https://bob:…@reg.example/m"},
        {"https://bob:1/word2word@localhost/m", "https://bob:…@localhost/m"},
        {"https://hf_abcdefgh@h/m", "https://…@h/m"},
        {"https://:hunter2secret@[::1]:8/m", "https://:…@[::1]:8/m"},
        {"bob:hunter2secret@reg.example/app@sha256:00", "bob:…@reg.example/app@sha256:00"},
        /* no login */
        {"reg.example:5000/app:1.4@sha256:00", NULL},
        {"app:1.4@sha512:00", NULL},
        {"app:1.4@latest", NULL},
        {"https://h:5000/a@b/c", NULL},
        {"https://[::1]:5000/a@b/c", NULL},
        {"https://h:5000/left-pad@1.3.0/index.js", NULL},
        {"https://cdn.example:443/pkg@next.js/c", NULL},
        {"https://localhost:5000/pkg@next.js/c", NULL},
        {"reg:5000/app@latest", NULL},
        {"reg:5000/app:1.4@sha256:00", NULL},
        {"oci:a@b/c:1", NULL},
        {"dir:/models/a@b", NULL},
        {"oci-archive:a.tar:x@sha256:00", NULL},
        {"docker-archive:a.tar:@0", NULL},
        {"acme/model@refs/pr/1", NULL},
        {"ms://acme-models/model@v1.0", NULL},
        {"ollama://user/llama:8b", NULL},
        {"vllm:org/name@v1.0", NULL},
        {"hub-dir:/models=org/name@v1.0", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(secrets) struct secrets *alone = secrets_new();
        CLEANUP(secrets) struct secrets *in_message = secrets_new();
        CLEANUP(text) char *message = xasprintf("IMAGE: '%s' is none", cases[i].name);
        const char *right = cases[i].masked != NULL ? cases[i].masked : cases[i].name;
        secrets_add_passwords(alone, cases[i].name);
        secrets_add_passwords_of_words(in_message, message);
        CLEANUP(text) char *masked = mask(alone, cases[i].name);
        CLEANUP(text) char *masked_message = mask(in_message, cases[i].name);
        assert_string_equal(masked, right);
        assert_string_equal(masked_message, right);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_is_masked_in_each_of_its_forms),
        cmocka_unit_test(base64_is_found_in_the_alphabet_of_urls_and_without_padding),
        cmocka_unit_test(all_secrets_are_masked_wherever_they_stand),
        cmocka_unit_test(a_secret_in_two_parts_of_a_text_is_masked),
        cmocka_unit_test(a_secret_is_masked_as_messages_have_it),
        cmocka_unit_test(a_password_before_a_host_is_a_secret),
        cmocka_unit_test(short_words_and_a_text_without_secrets_stay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
