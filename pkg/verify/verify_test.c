#include "verify/verify_test_internal.h"

static void a_whole_model_is_found_where_its_users_loader_looks(void **state)
{
    static const struct {
        const char *layout, *id, *path;
        uint64_t size; /* of the weights */
    } cases[] = {
        {"huggingface", "org/name", "/" FOLDER, WEIGHTS_SIZE},
        {"sentence-transformers", "name",
         "/" HOME ".cache/torch/sentence_transformers/sentence-transformers_name",
         WEIGHTS_SIZE - 1},
        {"dir", "org/name", "/models", WEIGHTS_SIZE},
    };
    struct bench *bench = *state;

    inject_app(bench);
    write_file(bench, "modules.json", "[]", 2);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(verify_result) struct verify_result result = VERIFY_RESULT_INIT;
        const struct layout *layout = layout_find(cases[i].layout);
        CLEANUP(text) char *id = layout_model_id(layout, cases[i].id);
        CLEANUP(source) struct source *model = open_model(bench, id, "main", COMMIT_A);
        struct inject_options options = make_options(bench, &model, 1);
        const struct verify_options look = verify_of(bench, "out");
        bench_choices(bench)[0].layout = layout;
        bench_choices(bench)[0].path = layout->takes_path ? "/models" : NULL;
        inject(&options);
        verify(&look, &result);
        assert_int_equal(result.finding_count, 0);
        assert_int_equal(result.model_count, 1);
        assert_int_equal(result.wrong_model_count, 0);
        assert_int_equal(result.platform_count, 1);
        const struct verify_platform *platform = &result.platforms[0];
        assert_string_equal(platform->name, "linux/amd64");
        assert_string_equal(platform->user, "1000:1000");
        assert_string_equal(platform->home, "/home/app");
        assert_int_equal(platform->model_count, 1);
        const struct verify_model *found = &platform->models[0];
        assert_true(found->is_checked);
        assert_string_equal(found->name, id);
        assert_string_equal(found->commit, COMMIT_A);
        assert_string_equal(found->path, cases[i].path);
        assert_string_equal(found->canonical, cases[i].path);
        assert_int_equal(found->files, 4);
        assert_int_equal(found->size, cases[i].size + 8 + 8 + 2);
        assert_int_equal(found->notes.count, 0);
    }
}

/* What one layer on top makes of the image, as findings. */
struct above {
    struct item items[3];
    const char *findings;
};

static void check_above(struct bench *bench, const struct above *cases, size_t count)
{
    inject_app(bench);
    for (size_t i = 0; i < count; i++) {
        const struct verify_options options = verify_of(bench, "above");
        stack(bench->store, "out", "above", cases[i].items, ARRAY_SIZE(cases[i].items));
        check_findings(&options, cases[i].findings);
    }
}

static void what_a_layer_above_takes_away_is_told_with_its_number(void **state)
{
    static const struct above cases[] = {
        {{{"home/app/x", '0', 0644, 0, "harmless"}}, ""},
        {{{FOLDER "/blobs/.wh." CONFIG_BLOB, '0', 0, 0, NULL}},
         "hidden /" FOLDER "/blobs/" CONFIG_BLOB ": layer 6 of 6 removes '/" FOLDER
         "/blobs/" CONFIG_BLOB "'\n"
         "dangling-link /" SNAPSHOT "/config.json: the link '/" SNAPSHOT
         "/config.json' leads to '/" FOLDER "/blobs/" CONFIG_BLOB "', which is not there\n"
         "dangling-link /" SNAPSHOT "/1_Pooling/config.json: the link '/" SNAPSHOT
         "/1_Pooling/config.json' leads to '/" FOLDER "/blobs/" CONFIG_BLOB
         "', which is not there\n"},
        {{{PLACE "/.wh.models--org--name", '0', 0, 0, NULL}},
         "hidden /" FOLDER ": layer 6 of 6 removes '/" FOLDER "'\n"},
        {{{"home/app/.wh..cache", '0', 0, 0, NULL}},
         "hidden /" HOME ".cache: layer 6 of 6 removes '/" HOME ".cache'\n"},
        {{{PLACE "/.locks/.wh.models--org--name", '0', 0, 0, NULL}},
         "hidden /" PLACE "/.locks/models--org--name: layer 6 of 6 removes '/" PLACE
         "/.locks/models--org--name'\n"},
        {{{FOLDER "/snapshots/.wh..wh..opq", '0', 0, 0, NULL}},
         "hidden /" SNAPSHOT ": layer 6 of 6 removes '/" SNAPSHOT "'\n"
         "wrong-ref /" FOLDER "/refs/main: the ref '/" FOLDER
         "/refs/main' names the commit " COMMIT_A ", of which there is no snapshot\n"},
        {{{SNAPSHOT "/.wh.config.json", '0', 0, 0, NULL}},
         "hidden /" SNAPSHOT "/config.json: layer 6 of 6 removes '/" SNAPSHOT "/config.json'\n"},
        {{{FOLDER "/refs/.wh.main", '0', 0, 0, NULL}},
         "hidden /" FOLDER "/refs/main: layer 6 of 6 removes '/" FOLDER "/refs/main'\n"},
    };

    check_above(*state, cases, ARRAY_SIZE(cases));
}

static void what_a_layer_above_puts_in_its_place_is_told(void **state)
{
    static const struct above cases[] = {
        {{{FOLDER "/blobs/" CONFIG_BLOB, '0', 0644, 1000, "{\"a\":1}\n"}}, ""},
        {{{FOLDER "/blobs/" CONFIG_BLOB, '0', 0644, 1000, "{\"a\":2}\n"}},
         "wrong-digest /" FOLDER "/blobs/" CONFIG_BLOB ": '/" FOLDER "/blobs/" CONFIG_BLOB
         "', in layer 6 of 6, has the digest 1a88562ae628d884061e92a56dadcf57bc713f0a, which is "
         "not its name\n"},
        {{{FOLDER "/refs/main", '0', 0644, 1000, COMMIT_A "\n"}},
         "wrong-ref /" FOLDER "/refs/main: the ref '/" FOLDER
         "/refs/main', in layer 6 of 6, has a newline behind the commit: loaders take it for a "
         "part of the name\n"},
        {{{FOLDER "/refs/main", '0', 0644, 1000, "main"}},
         "wrong-ref /" FOLDER "/refs/main: the ref '/" FOLDER
         "/refs/main', in layer 6 of 6, is not a commit of 40 hex digits\n"},
        {{{FOLDER "/refs/other", '0', 0644, 1000, COMMIT_B}},
         "wrong-ref /" FOLDER "/refs/other: the ref '/" FOLDER
         "/refs/other' names the commit " COMMIT_B ", of which there is no snapshot\n"},
        {{{FOLDER "/refs/other", '2', 0777, 1000, "main"}},
         "unexpected /" FOLDER "/refs/other: '/" FOLDER
         "/refs/other' is not a file, as refs are\n"},
        {{{SNAPSHOT "/config.json", '2', 0777, 1000, "../../blobs/nothing"}},
         "dangling-link /" SNAPSHOT "/config.json: the link '/" SNAPSHOT
         "/config.json' leads to '/" FOLDER "/blobs/nothing', which is not there\n"},
        {{{SNAPSHOT "/config.json", '2', 0777, 1000, "config.json"}},
         "dangling-link /" SNAPSHOT "/config.json: looking for '/" SNAPSHOT
         "/config.json' in the image: more than 40 links are on the way of '/" SNAPSHOT
         "/config.json' in the image, perhaps in a circle\n"},
        {{{SNAPSHOT "/config.json", '2', 0777, 1000, "../../blobs"}},
         "dangling-link /" SNAPSHOT "/config.json: the link '/" SNAPSHOT
         "/config.json' leads to '/" FOLDER "/blobs', which is not a file\n"},
        {{{SNAPSHOT "/config.json", '2', 0777, 1000, "../../refs/main"}},
         "replaced /" SNAPSHOT "/config.json: layer 6 of 6 has another link '/" SNAPSHOT
         "/config.json' than the model\n"},
        {{{SNAPSHOT "/config.json", '6', 0644, 1000, NULL}},
         "unexpected /" SNAPSHOT "/config.json: '/" SNAPSHOT "/config.json' is a special file\n"},
        {{{SNAPSHOT, '0', 0644, 1000, "x"}},
         "wrong-ref /" FOLDER "/refs/main: the ref '/" FOLDER
         "/refs/main' names the commit " COMMIT_A ", of which there is no snapshot\n"
         "unexpected /" SNAPSHOT ": '/" SNAPSHOT "' is not a folder, as snapshots are\n"},
        {{{HOME ".cache", '2', 0777, 1000, "/data"}},
         "elsewhere /" PLACE ": the loader of the user 1000:1000 looks in '/" PLACE
         "', which is '/data/huggingface/hub', the model is in '/" PLACE "'\n"
         "replaced /" HOME ".cache: layer 6 of 6 has a link at '/" HOME
         ".cache', where the model has a folder\n"},
        {{{FOLDER "/blobs/tmp.incomplete", '0', 0644, 1000, "x"}},
         "unexpected /" FOLDER "/blobs/tmp.incomplete: '/" FOLDER
         "/blobs/tmp.incomplete' is not named by its digest, as blobs are\n"},
        {{{FOLDER "/blobs/dir/", '5', 0755, 1000, NULL}},
         "unexpected /" FOLDER "/blobs/dir: '/" FOLDER "/blobs/dir' is not a file, as blobs are\n"},
        {{{PLACE "/.locks/models--org--name", '0', 0644, 1000, "x"}},
         "replaced /" PLACE "/.locks/models--org--name: layer 6 of 6 has a file at '/" PLACE
         "/.locks/models--org--name', where the model has something else\n"},
        {{{FOLDER "/trees/fifo", '6', 0644, 1000, NULL}},
         "unexpected /" FOLDER "/trees/fifo: '/" FOLDER "/trees/fifo' is a special file\n"},
    };

    check_above(*state, cases, ARRAY_SIZE(cases));
}

static void what_the_user_cannot_read_is_told_once(void **state)
{
    static const struct above cases[] = {
        {{{FOLDER "/blobs/" CONFIG_BLOB, '0', 0600, 0, "{\"a\":1}\n"}},
         "unreadable /" FOLDER "/blobs/" CONFIG_BLOB ": the user 1000:1000 cannot read '/" FOLDER
         "/blobs/" CONFIG_BLOB "', which is 0600 0:0\n"},
        {{{"home/app/", '5', 0700, 0, NULL}},
         "unreadable /home/app: the user 1000:1000 cannot enter '/home/app', which is 0700 0:0\n"},
        {{{FOLDER "/blobs/", '5', 0600, 1000, NULL}},
         "unreadable /" FOLDER "/blobs: the user 1000:1000 cannot enter '/" FOLDER
         "/blobs', which is 0600 1000:1000\n"},
        {{{FOLDER "/snapshots/", '5', 0711, 0, NULL}},
         "unreadable /" FOLDER "/snapshots: the user 1000:1000 cannot list '/" FOLDER
         "/snapshots', which is 0711 0:0\n"},
        {{{FOLDER "/", '5', 0070, 1000, NULL}},
         "unreadable /" FOLDER ": the user 1000:1000 cannot enter '/" FOLDER
         "', which is 0070 1000:1000\n"},
        {{{"./", '5', 0700, 0, NULL}},
         "unreadable /: the user 1000:1000 cannot enter '/', which is 0700 0:0\n"},
        {{{"/", '5', 0711, 0, NULL}, {"usr/../.", '5', 0677, 1000, NULL}},
         "unreadable /: the user 1000:1000 cannot enter '/', which is 0677 1000:1000\n"},
        {{{"./", '5', 0700, 1000, NULL}}, ""},
        {{{".", '5', 0711, 0, NULL}, {".wh..wh.plnk/", '5', 0700, 0, NULL}}, ""},
        {{{"home/app/", '5', 0750, 1000, NULL}}, ""},
        {{{"home/", '5', 0711, 0, NULL}}, ""},
        {{{FOLDER "/refs/main", '0', 0400, 5, COMMIT_A}},
         "unreadable /" FOLDER "/refs/main: the user 1000:1000 cannot read '/" FOLDER
         "/refs/main', which is 0400 5:5\n"},
    };

    check_above(*state, cases, ARRAY_SIZE(cases));
}

/* Injects; `words` is what it has to warn of, NULL: of no root. */
static struct descriptor check_root_warning(struct bench *bench,
                                            const struct inject_options *options, const char *words)
{
    buf_clear(&bench->said);
    struct descriptor found = inject(options).manifest;
    bool warns = strstr(buf_text(&bench->said), "may not enter /,") != NULL;

    if (warns != (words != NULL) || (warns && strstr(buf_text(&bench->said), words) == NULL))
        fail_msg("expected '%s': %s", words != NULL ? words : "", buf_text(&bench->said));
    return found;
}

/* By inject already: when it reads the base, and when an image in reach knows of it. */
static void a_root_that_is_closed_is_warned_of(void **state)
{
    static const struct {
        struct item root;
        const char *user, *words; /* NULL: no warning */
    } cases[] = {
        {{"./", '5', 0700, 0, NULL},
         NULL,
         "1000:1000 may not enter /, which is 0700 0:0 in the base"},
        {{"/", '5', 0710, 5, NULL},
         NULL,
         "1000:1000 may not enter /, which is 0710 5:5 in the base"},
        {{".", '5', 0700, 1000, NULL}, NULL, NULL},
        {{"./", '5', 0710, 1000, NULL}, "7:1000", NULL},
        {{"./", '5', 0700, 5, NULL}, "0:0", NULL},
        {{"./", '5', 0711, 5, NULL}, NULL, NULL},
    };
    struct bench *bench = *state;

    put_image(bench->store, "bare", APP, 1);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);
        struct inject_options options = make_options(bench, &model, 1);
        options.placement.user = cases[i].user;
        stack(bench->store, "bare", "base", &cases[i].root, 1);
        struct descriptor first = check_root_warning(bench, &options, cases[i].words);
        struct descriptor second = check_root_warning(bench, &options, cases[i].words);
        assert_true(digest_equal(&first.digest, &second.digest));
    }
}

static void root_reads_everything_and_groups_count(void **state)
{
    static const struct item closed[] = {
        {"home/app/", '5', 0750, 5, NULL},
        {"etc/passwd", '0', 0644, 0, "app:x:1000:1000::/home/app:\nroot:x:0:0::/root:\n"},
        {"etc/group", '0', 0644, 0, "app:x:1000:\nfive:x:5:other,app\n"},
    };
    static const struct {
        const char *user, *title, *findings;
    } cases[] = {
        {"0", "0:0", ""},
        {"root:app", "0:1000", ""},
        {"app", "1000:1000", ""},
        {"1000:5", "1000:5", ""},
        {"5", "5:0", ""},
        {"app:app", "1000:1000",
         "unreadable /home/app: the user 1000:1000 cannot enter '/home/app', which is 0750 "
         "5:5\n"},
        {"4:4", "4:4",
         "unreadable /home/app: the user 4:4 cannot enter '/home/app', which is 0750 5:5\n"},
    };
    struct bench *bench = *state;

    inject_app(bench);
    stack(bench->store, "out", "closed", closed, ARRAY_SIZE(closed));
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(verify_result) struct verify_result result = VERIFY_RESULT_INIT;
        struct verify_options options = verify_of(bench, "closed");
        options.user = cases[i].user;
        options.home = "/home/app";
        check_findings(&options, cases[i].findings);
        verify(&options, &result);
        assert_string_equal(result.platforms[0].user, cases[i].title);
    }
}

static void a_user_that_is_not_there_is_a_finding(void **state)
{
    struct bench *bench = *state;
    struct verify_options options = verify_of(bench, "out");

    inject_app(bench);
    options.user = "nobody";
    check_findings(&options,
                   "unknown-user -: the image's user 'nobody' is not in its /etc/passwd, which "
                   "does not exist; a number needs no such line\n");
}

static void a_loader_that_looks_elsewhere_is_told(void **state)
{
    static const struct {
        const char *members, *findings;
    } cases[] = {
        {"{\"Env\": [\"HOME=/home/app\", \"HF_HOME=/opt\"]}",
         "elsewhere /opt/hub: the loader of the user 1000:1000 looks in '/opt/hub', the model is "
         "in '/" PLACE "'\n"},
        {"{\"Env\": [\"HOME=/root\"]}",
         "elsewhere /root/.cache/huggingface/hub: the loader of the user 1000:1000 looks in "
         "'/root/.cache/huggingface/hub', the model is in '/" PLACE "'\n"},
        {"{\"Env\": [\"HOME=/home/app\", \"HF_HOME=data\"]}",
         "elsewhere -: HF_HOME is 'data' in the image, which is relative to a directory that only "
         "the loader knows; set it to an absolute path there\n"},
        {"{\"Env\": [\"HOME=/home/app\", \"HF_HUB_CACHE=/" PLACE "\"]}", ""},
    };
    struct bench *bench = *state;

    inject_app(bench);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct verify_options options = verify_of(bench, "configured");
        configure(bench->store, "out", "configured", cases[i].members);
        check_findings(&options, cases[i].findings);
    }
}

static void check_notes(const struct bench *bench, const char *version, const char *expected)
{
    CLEANUP(verify_result) struct verify_result result = VERIFY_RESULT_INIT;
    CLEANUP(buf) struct buf text = BUF_INIT;
    const struct verify_options options = verify_of(bench, version);

    verify(&options, &result);
    assert_int_equal(result.finding_count, 0);
    for (size_t i = 0; i < result.platforms[0].models[0].notes.count; i++)
        buf_addf(&text, "%s\n", result.platforms[0].models[0].notes.items[i]);
    if (strcmp(buf_text(&text), expected) != 0)
        fail_msg("notes:\n%sexpected:\n%s", buf_text(&text), expected);
}

static void what_is_worth_knowing_is_no_finding(void **state)
{
    static const struct {
        const char *members, *notes;
    } cases[] = {
        {"{\"Env\": [\"HOME=/home/app\"]}",
         "the image does not set HF_HUB_OFFLINE=1: loaders ask the Hub before they take these "
         "files\n"},
        {"{\"Env\": [\"HOME=/home/app\", \"HF_HUB_OFFLINE=yes\"]}", ""},
        {"{\"Env\": [\"HOME=/home/app\", \"HF_HUB_OFFLINE=0\"]}",
         "the image does not set HF_HUB_OFFLINE=1: loaders ask the Hub before they take these "
         "files\n"},
        {"{\"Volumes\": {\"/home/app/.cache\": {}}}",
         "it lies in the image's volume '/home/app/.cache': what is mounted there hides it\n"},
        {"{\"Env\": [\"HOME=/home/app\", \"HF_HUB_OFFLINE=1\", \"TRANSFORMERS_CACHE=/models\"]}",
         "the image sets TRANSFORMERS_CACHE=/models: loaders that obey it do not find the model\n"},
    };
    static const struct item link[] = {
        {"models/models--org--name", '2', 0777, 0, "../" FOLDER},
    };
    struct bench *bench = *state;

    inject_app(bench);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        configure(bench->store, "out", "configured", cases[i].members);
        check_notes(bench, "configured", cases[i].notes);
    }
    stack(bench->store, "configured", "linked", link, ARRAY_SIZE(link));
    check_notes(bench, "linked", "");
}

static void a_model_that_is_not_main_is_told_to_be_so(void **state)
{
    static const struct {
        const char *revision, *notes;
    } cases[] = {
        {"v1", "it is found as 'v1' and by its commit: applications have to name that\n"},
        {COMMIT_A, "it is found by its commit alone: applications have to name that\n"},
    };
    struct bench *bench = *state;
    CLEANUP(source) struct source *latest = open_model(bench, "org/name", "main", COMMIT_B);

    put_image(bench->store, "base", APP, 1);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(source)
        struct source *model = open_model(bench, "org/name", cases[i].revision, COMMIT_A);
        struct source *both[] = {model, latest};
        struct inject_options options = make_options(bench, both, 2);
        inject(&options);
        check_notes(bench, "out", cases[i].notes);
    }
}

/* The base has been exchanged under the models, and its home is another one. */
static void a_folder_that_the_folders_layer_changes_is_told(void **state)
{
    static const struct item home[] = {{"home/", '5', 0755, 0, NULL},
                                       {"home/app/", '5', 0700, 1000, NULL}};
    struct bench *bench = *state;
    CLEANUP(buf) struct buf tar = BUF_INIT;
    const struct verify_options options = verify_of(bench, "rebased");

    inject_app(bench);
    tar_items(&tar, home, ARRAY_SIZE(home));
    put_layer(bench->store, "out", "rebased", &tar, 1);
    check_findings(&options,
                   "changed-folder /home/app: layer 5 of 5 changes '/home/app': it is 0750 "
                   "1000:1000, the base has 0700 1000:1000\n");
}

/* What the base had in the model's folder before is read for its digests as well. */
static void what_the_base_had_there_is_checked_too(void **state)
{
    static const struct item cache[] = {
        {FOLDER "/blobs/e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", '0', 0644, 0, ""},
        {FOLDER "/blobs/" CONFIG_BLOB, '0', 0644, 0, "old"},
        {FOLDER "/snapshots/" COMMIT_B "/empty", '2', 0777, 0,
         "../../blobs/e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"},
        {FOLDER "/refs/old", '0', 0644, 0, COMMIT_B},
    };
    static const struct item broken[] = {
        {FOLDER "/blobs/e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", '0', 0644, 0, "x"},
        {FOLDER "/blobs/e69de29bb2d1d6434b8b29ae775ad8c2e48c5390", '1', 0644, 0, "no/where"},
    };
    struct bench *bench = *state;
    CLEANUP(source) struct source *model = open_model(bench, "org/name", "main", COMMIT_A);
    struct inject_options options = make_options(bench, &model, 1);
    CLEANUP(verify_result) struct verify_result result = VERIFY_RESULT_INIT;
    const struct verify_options look = verify_of(bench, "out");

    put_image(bench->store, "bare", APP, 1);
    stack(bench->store, "bare", "base", cache, ARRAY_SIZE(cache));
    inject(&options);
    check_findings(&look, "");
    verify(&look, &result);
    assert_int_equal(result.platforms[0].models[0].files, 3); /* and not the other snapshot's */
    stack(bench->store, "base", "base", broken, ARRAY_SIZE(broken));
    inject(&options);
    check_findings(
        &look, "unchecked /" FOLDER "/blobs/e69de29bb2d1d6434b8b29ae775ad8c2e48c5390: '/" FOLDER
               "/blobs/e69de29bb2d1d6434b8b29ae775ad8c2e48c5390' is a hard link to what its "
               "layer does not hold\n"
               "wrong-digest /" FOLDER "/blobs/e69de29bb2d1d6434b8b29ae775ad8c2e48c5391: '/" FOLDER
               "/blobs/e69de29bb2d1d6434b8b29ae775ad8c2e48c5391', in layer 3 of 6, has the "
               "digest c1b0730e0133447badcfd47fd144e254807b06e1, which is not its name\n");
}

static void a_layout_that_is_not_known_cannot_be_checked(void **state)
{
    struct bench *bench = *state;
    CLEANUP(buf) struct buf changed = BUF_INIT;
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    const struct verify_options options = verify_of(bench, "changed");

    inject_app(bench);
    read_config(bench->store, "out", &changed);
    CLEANUP(text) char *text = xstrdup(buf_text(&changed));
    for (char *at = strstr(text, "\\\"huggingface\\\""); at != NULL;
         at = strstr(at, "\\\"huggingface\\\""))
        at[2] = 'x';
    read_document(bench->store, "out", &document);
    json_auto_t *config = json_loads(text, 0, NULL);
    put_edited(bench->store, "changed", document.json, config);
    check_findings(&options,
                   "unchecked -: the layout 'xuggingface' is not known to this version of inlay\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_whole_model_is_found_where_its_users_loader_looks),
        BENCH_TEST(what_a_layer_above_takes_away_is_told_with_its_number),
        BENCH_TEST(what_a_layer_above_puts_in_its_place_is_told),
        BENCH_TEST(what_the_user_cannot_read_is_told_once),
        BENCH_TEST(a_root_that_is_closed_is_warned_of),
        BENCH_TEST(root_reads_everything_and_groups_count),
        BENCH_TEST(a_user_that_is_not_there_is_a_finding),
        BENCH_TEST(a_loader_that_looks_elsewhere_is_told),
        BENCH_TEST(what_is_worth_knowing_is_no_finding),
        BENCH_TEST(a_model_that_is_not_main_is_told_to_be_so),
        BENCH_TEST(a_folder_that_the_folders_layer_changes_is_told),
        BENCH_TEST(what_the_base_had_there_is_checked_too),
        BENCH_TEST(a_layout_that_is_not_known_cannot_be_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
