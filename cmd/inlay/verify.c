#include "inject/verify.h"
#include "core/text.h"
#include "oci/document.h"
#include "session.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What git shows of a commit, and `inlay remove` takes. */
#define COMMIT_SHOWN 7

/* The command line of `inlay verify`, and what it opens. */
struct verification {
    struct session session;
    struct session_options how;
    struct source_context sources;
    struct reference image;
    struct store *store;
    const char *user;
    const char *home;
    unsigned jobs;
    bool hub;
    bool json;
};

static void verification_release(struct verification *verification)
{
    store_free(verification->store);
    session_release(&verification->session);
    reference_release(&verification->image);
}
CLEANUP_RELEASE(verification)

enum argument {
    OPTION_USER = 256,
    OPTION_HOME,
    OPTION_HUB,
    OPTION_JOBS,
    OPTION_JSON,
};

static int set_home(struct verification *out, const char *text, struct error *err)
{
    if (text[0] != '/')
        return error_set(err, ERROR_USAGE, "--home '%s' is not an absolute path", text);
    out->home = text;
    return 0;
}

static int take_option(struct verification *out, int option, char **argv, struct error *err)
{
    switch (option) {
    case OPTION_USER:
        out->user = optarg;
        return 0;
    case OPTION_HOME:
        return set_home(out, optarg, err);
    case OPTION_HUB:
        out->hub = true;
        return 0;
    case OPTION_JOBS:
        return session_parse_jobs(optarg, &out->jobs, err);
    case OPTION_JSON:
        out->json = true;
        return 0;
    default:
        return session_take_option(&out->how, option, argv, "verify", err);
    }
}

static int verification_parse(struct verification *out, int argc, char **argv, struct error *err)
{
    static const struct option options[] = {
        {"user", required_argument, NULL, OPTION_USER},
        {"home", required_argument, NULL, OPTION_HOME},
        {"hub", no_argument, NULL, OPTION_HUB},
        {"jobs", required_argument, NULL, OPTION_JOBS},
        {"json", no_argument, NULL, OPTION_JSON},
        SESSION_OPTIONS,
        {NULL, 0, NULL, 0},
    };
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, SESSION_SHORT_OPTIONS, options, NULL)) != -1)
        if (take_option(out, option, argv, err) < 0)
            return -1;
    if (optind == argc)
        return error_set(err, ERROR_USAGE, "no IMAGE is named; see 'inlay verify --help'");
    if (optind + 1 < argc)
        return error_set(err, ERROR_USAGE,
                         "'%s' is one argument too many; see 'inlay verify --help'",
                         argv[optind + 1]);
    return session_parse_image(&out->how, "IMAGE", argv[optind], &out->image, err);
}

/* Paths of an image may be any bytes, and JSON is UTF-8. */
static json_t *text_json(const char *text)
{
    if (text == NULL)
        return json_null();
    if (text_is_utf8(text))
        return json_string(text);
    CLEANUP(text) char *copy = xstrdup(text);
    for (char *at = copy; *at != '\0'; at++)
        if ((unsigned char)*at >= 0x80)
            *at = '?';
    return json_string(copy);
}

static json_t *findings_json(const struct verify_findings *findings)
{
    json_t *list = json_array();

    for (size_t i = 0; i < findings->count; i++) {
        const struct verify_finding *finding = &findings->items[i];
        json_array_append_new(
            list, json_pack("{s:s, s:o, s:o}", "kind", verify_kind_name(finding->kind), "path",
                            text_json(finding->path), "text", text_json(finding->text)));
    }
    return list;
}

static json_t *strings_json(const struct strings *strings)
{
    json_t *list = json_array();

    for (size_t i = 0; i < strings->count; i++)
        json_array_append_new(list, text_json(strings->items[i]));
    return list;
}

static json_t *size_json(uint64_t size)
{
    return json_integer(size < INT64_MAX ? (json_int_t)size : INT64_MAX);
}

static json_t *model_json(const struct verify_model *model)
{
    json_t *json = json_pack("{s:s, s:o, s:o, s:o, s:o}", "kind",
                             model->type == REPO_DATASET ? "dataset" : "model", "name",
                             text_json(model->name), "commit", text_json(model->commit), "layout",
                             text_json(model->layout), "place", text_json(model->place));

    json_object_set_new(json, "path", text_json(model->path));
    json_object_set_new(json, "canonical", text_json(model->canonical));
    json_object_set_new(json, "checked", json_boolean(model->is_checked));
    json_object_set_new(json, "files", size_json(model->files));
    json_object_set_new(json, "size", size_json(model->size));
    json_object_set_new(json, "notes", strings_json(&model->notes));
    json_object_set_new(json, "findings", findings_json(&model->findings));
    return json;
}

static json_t *user_json(const struct verify_platform *platform)
{
    if (platform->user == NULL)
        return json_null();
    return json_pack("{s:o, s:I, s:I, s:o, s:o, s:o}", "user", text_json(platform->user), "uid",
                     (json_int_t)platform->uid, "gid", (json_int_t)platform->gid, "from",
                     text_json(platform->user_from), "home", text_json(platform->home), "home_from",
                     text_json(platform->home_from));
}

static json_t *platform_json(const struct verify_platform *platform)
{
    json_t *models = json_array();

    for (size_t i = 0; i < platform->model_count; i++)
        json_array_append_new(models, model_json(&platform->models[i]));
    return json_pack("{s:o, s:s, s:o, s:o, s:o}", "platform", text_json(platform->name), "digest",
                     digest_format(&platform->digest).text, "user", user_json(platform), "findings",
                     findings_json(&platform->findings), "models", models);
}

static void print_json(const struct verify_result *result)
{
    json_t *platforms = json_array();
    CLEANUP(buf) struct buf text = BUF_INIT;

    for (size_t i = 0; i < result->platform_count; i++)
        json_array_append_new(platforms, platform_json(&result->platforms[i]));
    json_auto_t *document = json_pack("{s:s, s:o, s:o, s:o, s:o}", "digest",
                                      digest_format(&result->manifest.digest).text, "models",
                                      size_json(result->model_count), "wrong_models",
                                      size_json(result->wrong_model_count), "findings",
                                      size_json(result->finding_count), "platforms", platforms);
    json_to_buf(document, &text);
    puts(buf_text(&text));
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static void add_findings(struct buf *out, const struct verify_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        buf_addf(out, "  - %s\n", findings->items[i].text);
}

/* What is told of one model of a platform, behind the platform's name. */
static char *model_text(const struct verify_platform *platform, const struct verify_model *model)
{
    CLEANUP(buf) struct buf out = BUF_INIT;
    CLEANUP(text) char *title = xasprintf("%s@%.*s", model->name, COMMIT_SHOWN, model->commit);
    const char *path = model->path != NULL ? model->path : model->canonical;
    const char *shown = path != NULL ? path : model->place;

    if (model->findings.count > 0)
        buf_addf(&out, "%s at %s: %zu finding%s\n", title, shown, model->findings.count,
                 plural(model->findings.count));
    else if (!model->is_checked)
        buf_addf(&out, "%s at %s is not checked\n", title, shown);
    else if (platform->findings.count > 0)
        buf_addf(&out, "%s at %s: nothing more is wrong with it\n", title, shown);
    else
        buf_addf(&out, "user %s (%s) can read %s offline at %s, %zu file%s, %s\n", platform->user,
                 platform->user_from, title, shown, model->files, plural(model->files),
                 text_format_size(model->size).text);
    if (model->path != NULL && strcmp(model->path, model->canonical) != 0)
        buf_addf(&out, "  note: this path leads to %s\n", model->canonical);
    for (size_t i = 0; i < model->notes.count; i++)
        buf_addf(&out, "  note: %s\n", model->notes.items[i]);
    add_findings(&out, &model->findings);
    return buf_take(&out);
}

/* What is told, and of which platforms. */
struct paragraph {
    char *text;
    struct strings platforms;
};

struct paragraphs {
    struct paragraph *items;
    size_t count;
};

static void paragraphs_release(struct paragraphs *paragraphs)
{
    for (size_t i = 0; i < paragraphs->count; i++) {
        free(paragraphs->items[i].text);
        strings_release(&paragraphs->items[i].platforms);
    }
    free(paragraphs->items);
    *paragraphs = (struct paragraphs){NULL, 0};
}
CLEANUP_RELEASE(paragraphs)

/* Platforms of which the same is to be told are told of together. Takes over `text`. */
static void tell(struct paragraphs *paragraphs, const char *platform, char *text)
{
    size_t at = 0;

    while (at < paragraphs->count && strcmp(paragraphs->items[at].text, text) != 0)
        at++;
    if (at == paragraphs->count) {
        paragraphs->items = xrealloc(paragraphs->items, at + 1, sizeof(*paragraphs->items));
        paragraphs->items[paragraphs->count++] = (struct paragraph){xstrdup(text), STRINGS_INIT};
    }
    strings_add(&paragraphs->items[at].platforms, platform);
    free(text);
}

static void tell_platform(struct paragraphs *paragraphs, const struct verify_platform *platform)
{
    CLEANUP(buf) struct buf image = BUF_INIT;

    if (platform->findings.count > 0) {
        buf_addf(&image, "%zu finding%s in the image itself\n", platform->findings.count,
                 plural(platform->findings.count));
        add_findings(&image, &platform->findings);
        tell(paragraphs, platform->name, buf_take(&image));
    }
    for (size_t i = 0; i < platform->model_count; i++)
        tell(paragraphs, platform->name, model_text(platform, &platform->models[i]));
}

/* Texts from outside end on terminals; the line feeds are ours. */
static void print_masked(const char *text)
{
    CLEANUP(text) char *copy = xstrdup(text);

    for (char *line = copy; *line != '\0';) {
        char *end = strchrnul(line, '\n');
        char was = *end;
        *end = '\0';
        text_mask(line);
        puts(line);
        line = end + (was != '\0');
    }
}

static void print_text(const struct verify_result *result)
{
    CLEANUP(paragraphs) struct paragraphs paragraphs = {NULL, 0};

    for (size_t i = 0; i < result->platform_count; i++)
        tell_platform(&paragraphs, &result->platforms[i]);
    for (size_t i = 0; i < paragraphs.count; i++) {
        const struct paragraph *paragraph = &paragraphs.items[i];
        CLEANUP(buf) struct buf text = BUF_INIT;
        for (size_t k = 0; k < paragraph->platforms.count; k++)
            buf_addf(&text, "%s%s", k > 0 ? ", " : "", paragraph->platforms.items[k]);
        buf_addf(&text, ": %s", paragraph->text);
        print_masked(buf_text(&text));
    }
    if (result->finding_count > 0)
        return; /* the last line is the error's */
    if (result->model_count == 0)
        puts("no models");
    else
        printf("%zu model%s: nothing is wrong\n", result->model_count, plural(result->model_count));
}

static int refuse_findings(const struct verify_result *result, struct error *err)
{
    if (result->model_count == 0)
        return error_set(err, ERROR_CORRUPT, "%zu finding%s in an image without models",
                         result->finding_count, plural(result->finding_count));
    return error_set(err, ERROR_CORRUPT, "%zu finding%s in %zu of %zu model%s",
                     result->finding_count, plural(result->finding_count),
                     result->wrong_model_count, result->model_count, plural(result->model_count));
}

static int open_hub(void *arg, const struct model_reference *model, struct source **out,
                    struct error *err)
{
    const struct verification *verification = arg;

    return source_open_huggingface(&verification->sources, model, out, err);
}

static int run_verify(const struct command_context *context, int argc, char **argv,
                      struct error *err)
{
    CLEANUP(verification) struct verification verification = {.image = REFERENCE_INIT};
    CLEANUP(verify_result) struct verify_result result = VERIFY_RESULT_INIT;
    struct session *session = &verification.session;

    if (verification_parse(&verification, argc, argv, err) < 0)
        return -1;
    session_open(session, context, &verification.how);
    const struct store_context *stores = &session->stores;
    verification.sources = (struct source_context){stores->http, context->cancel, stores->log,
                                                   verification.session.pool, NULL};
    if (store_open(&verification.image, stores, &verification.store, err) < 0)
        return -1;
    CLEANUP(text) char *version = reference_version(&verification.image);
    CLEANUP(text) char *memo = session_memo_folder();
    const struct verify_options options = {
        .store = verification.store,
        .version = version,
        .user = verification.user,
        .home = verification.home,
        .memo = memo,
        .open_source = verification.hub ? open_hub : NULL,
        .open_arg = &verification,
        .jobs = verification.jobs,
        .log = stores->log,
        .cancel = context->cancel,
    };
    if (verify_run(&options, &result, err) < 0)
        return -1;
    if (verification.json)
        print_json(&result);
    else
        print_text(&result);
    return result.finding_count > 0 ? refuse_findings(&result, err) : 0;
}

static const char help[] =
    "Usage: inlay verify IMAGE [OPTION…]\n"
    "\n"
    "Reads the layers of an image's models and says whether its user can read each of them\n"
    "offline, or what is in the way.\n"
    "\n"
    "  IMAGE  [docker://]NAME[:TAG][@DIGEST]    an image in a registry\n"
    "         oci:DIR[:TAG][@DIGEST]            an image in an OCI layout\n"
    "         oci-archive:FILE[:TAG][@DIGEST]   the same in a tar; '-' is stdin\n"
    "         docker-archive:FILE[:NAME[:TAG]]  what 'docker save' writes; '-' is stdin\n"
    "         docker-daemon:NAME[:TAG]          an image of a Docker engine\n"
    "\n"
    "  --user USER    who reads: USER[:GROUP], as in the image's /etc/passwd, or numbers, in\n"
    "                 place of the image's own user\n"
    "  --home PATH    in place of that user's home\n"
    "  --hub          compares with what the Hub has at the models' commits, too\n"
    "  --json         for programs: one JSON document\n"
    "  --jobs N       layers that are read at a time, 1 to 64 (4)\n" SESSION_HELP "\n"
    "Environment: HF_ENDPOINT, HF_TOKEN, HF_TOKEN_PATH, HF_HOME for --hub; HTTPS_PROXY,\n"
    "http_proxy, NO_PROXY; SSL_CERT_FILE; DOCKER_HOST.\n"
    "\n"
    "An image without models has nothing wrong: 'no models', and exit status 0. Exit status: 0\n"
    "nothing is wrong, 7 something is, or a document of the image is damaged; 2 usage, 3 not\n"
    "found, 4 denied, 5 unreachable, 6 unsupported, 8 this machine, 130 interrupted, 1 a defect.\n";

const struct command verify_command = {
    .name = "verify",
    .summary = "say whether an image's user can read its models",
    .help = help,
    .run = run_verify,
};
