#include "rootfs/rootfs_test_internal.h"

struct package_case {
    const char *layers[2];
    const char *package;
    const char *environment[3];
    const char *found; /* all of them, with spaces between */
};

#define SITE "lib/python3.11/site-packages/"

static const struct package_case cases[] = {
    {{"usr/local/" SITE "rapidocr/main.py"},
     "python:rapidocr",
     {NULL},
     "/usr/local/" SITE "rapidocr"},
    {{"usr/lib/python3/dist-packages/spacy/x"},
     "python:spacy",
     {NULL},
     "/usr/lib/python3/dist-packages/spacy"},
    {{"usr/local/" SITE "spacy/x opt/venv/" SITE "spacy/x"},
     "python:spacy",
     {"PATH=/opt/venv/bin:/usr/local/bin", NULL},
     "/opt/venv/" SITE "spacy /usr/local/" SITE "spacy"},
    {{"usr/local/" SITE "spacy/x opt/venv/" SITE "spacy/x"},
     "python:spacy",
     {"PATH=/usr/local/bin:/usr/bin", NULL},
     "/usr/local/" SITE "spacy /opt/venv/" SITE "spacy"},
    {{"srv/env/" SITE "spacy/x opt/venv/" SITE "spacy/x"},
     "python:spacy",
     {"VIRTUAL_ENV=/srv/env", "PATH=/opt/venv/bin", NULL},
     "/srv/env/" SITE "spacy /opt/venv/" SITE "spacy"},
    {{"home/app/.local/" SITE "spacy/x usr/local/" SITE "spacy/x"},
     "python:spacy",
     {"PATH=/usr/local/bin", NULL},
     "/home/app/.local/" SITE "spacy /usr/local/" SITE "spacy"},
    {{"home/app/.pyenv/versions/3.12.1/" SITE "spacy/x"},
     "python:spacy",
     {NULL},
     "/home/app/.pyenv/versions/3.12.1/" SITE "spacy"},
    {{"app/.venv/lib64/python3.12/site-packages/spacy/x"},
     "python:spacy",
     {NULL},
     "/app/.venv/lib64/python3.12/site-packages/spacy"},
    {{"opt/py/" SITE "spacy/x opt/venv->py"},
     "python:spacy",
     {"VIRTUAL_ENV=/opt/venv", NULL},
     "/opt/py/" SITE "spacy"},
    {{"usr/local/" SITE "spacy=file usr/" SITE "other/x"}, "python:spacy", {NULL}, ""},
    {{"usr/local/" SITE "spacy/x", "usr/local/" SITE ".wh.spacy"}, "python:spacy", {NULL}, ""},
    {{"usr/local/lib=file opt/venv/lib/python3.11=file"}, "python:spacy", {NULL}, ""},
    {{"app/src/node_modules/@org/name/x node_modules/@org/name/x"},
     "node:@org/name",
     {NULL},
     "/app/src/node_modules/@org/name /node_modules/@org/name"},
    {{"app/node_modules/tool/x usr/lib/node_modules/tool/x"},
     "node:tool",
     {NULL},
     "/app/node_modules/tool /usr/lib/node_modules/tool"},
    {{"app/node_modules/.pnpm/@org+name@2.17.2/node_modules/@org/name/x"},
     "node:@org/name",
     {NULL},
     "/app/node_modules/.pnpm/@org+name@2.17.2/node_modules/@org/name"},
    {{"app/node_modules/.pnpm/@org+name@2.1.0_x/node_modules/@org/name/x",
      "app/node_modules/@org/name->../.pnpm/@org+name@2.1.0_x/node_modules/@org/name"},
     "node:@org/name",
     {NULL},
     "/app/node_modules/.pnpm/@org+name@2.1.0_x/node_modules/@org/name"},
    {{"app/node_modules/.pnpm/@org+namely@2/node_modules/@org/namely/x"},
     "node:@org/name",
     {NULL},
     ""},
};

static void packages_are_found_in_the_order_of_the_environment(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(image) struct image image;
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(strings) struct strings found = STRINGS_INIT;
        CLEANUP(buf) struct buf text = BUF_INIT;
        const struct rootfs_package_request request = {
            .package = cases[i].package,
            .working_dir = "/app/src",
            .home = "/home/app",
            .environment = cases[i].environment,
        };
        image_init(&image);
        for (size_t k = 0; k < ARRAY_SIZE(cases[i].layers) && cases[i].layers[k] != NULL; k++)
            image_add(&image, cases[i].layers[k]);
        CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 1, NULL);
        CHECK(rootfs_find_package(rootfs, &request, &found, &err), err);
        for (size_t k = 0; k < found.count; k++)
            buf_addf(&text, "%s%s", k > 0 ? " " : "", found.items[k]);
        if (strcmp(buf_text(&text), cases[i].found) != 0)
            fail_msg("case %zu: '%s', expected '%s'", i, buf_text(&text), cases[i].found);
    }
}

static void a_layer_that_cannot_be_read_is_no_missing_package(void **state)
{
    CLEANUP(image) struct image image;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(strings) struct strings found = STRINGS_INIT;
    const struct rootfs_package_request request = {
        .package = "python:spacy", .working_dir = "/", .home = "/root"};

    (void)state;
    image_init(&image);
    image_add(&image, "a/b");
    image.layers[0].diff_id.bytes[0] ^= 1;
    CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 1, NULL);
    CHECK_REFUSED(rootfs_find_package(rootfs, &request, &found, &err), err, ERROR_CORRUPT,
                  "unpacks to the digest");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packages_are_found_in_the_order_of_the_environment),
        cmocka_unit_test(a_layer_that_cannot_be_read_is_no_missing_package),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
