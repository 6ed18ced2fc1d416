#include "verify/verify.h"
#include "core/text.h"
#include "demands.h"
#include "json.h"
#include "oci/document.h"
#include "policy_gate.h"
#include "scanned.h"
#include "session.h"
#include "statements.h"
#include "trusted_keys.h"
#include "verify_view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What `inlay verify` opens. */
struct verification {
    struct session session;
    struct source_context sources;
    char *hub_cache; /* what they borrow; NULL: none */
    struct reference image;
    struct demands demands;
    struct statements statements;
    struct policy policy; /* empty: there is none */
    struct policy_findings against;
    struct store *store;
};

static void verification_release(struct verification *verification)
{
    store_free(verification->store);
    demands_release(&verification->demands);
    statements_release(&verification->statements);
    policy_release(&verification->policy);
    policy_findings_release(&verification->against);
    free(verification->hub_cache);
    session_release(&verification->session);
    reference_release(&verification->image);
}
CLEANUP_RELEASE(verification)

static json_t *findings_json(const struct verify_findings *findings)
{
    json_t *list = json_array();

    for (size_t i = 0; i < findings->count; i++) {
        const struct verify_finding *finding = &findings->items[i];
        json_array_append_new(
            list, json_pack("{s:s, s:o, s:o}", "kind", verify_kind_name(finding->kind), "path",
                            text_to_json(finding->path), "text", text_to_json(finding->text)));
    }
    return list;
}

static json_t *size_json(uint64_t size)
{
    return json_integer(size < INT64_MAX ? (json_int_t)size : INT64_MAX);
}

static json_t *model_json(const struct verify_model *model)
{
    json_t *json =
        json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "kind", origin_kind_name(model->kind), "name",
                  text_to_json(model->name), "source", text_to_json(model->source), "commit",
                  text_to_json(model->commit), "layout", text_to_json(model->layout), "place",
                  text_to_json(model->place));

    json_object_set_new(json, "links", strings_to_json(&model->links));
    json_object_set_new(json, "path", text_to_json(model->path));
    json_object_set_new(json, "canonical", text_to_json(model->canonical));
    json_object_set_new(json, "checked", json_boolean(model->is_checked));
    json_object_set_new(json, "files", size_json(model->files));
    json_object_set_new(json, "size", size_json(model->size));
    json_object_set_new(json, "notes", strings_to_json(&model->notes));
    json_object_set_new(json, "findings", findings_json(&model->findings));
    return json;
}

static json_t *user_json(const struct verify_platform *platform)
{
    if (platform->user == NULL)
        return json_null();
    return json_pack("{s:o, s:I, s:I, s:o, s:o, s:o}", "user", text_to_json(platform->user), "uid",
                     (json_int_t)platform->uid, "gid", (json_int_t)platform->gid, "from",
                     text_to_json(platform->user_from), "home", text_to_json(platform->home),
                     "home_from", text_to_json(platform->home_from));
}

static json_t *platform_json(const struct verify_platform *platform)
{
    json_t *models = json_array();

    for (size_t i = 0; i < platform->model_count; i++)
        json_array_append_new(models, model_json(&platform->models[i]));
    return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o}", "platform", text_to_json(platform->name),
                     "digest", digest_format(&platform->digest).text, "user", user_json(platform),
                     "findings", findings_json(&platform->findings), "missing",
                     findings_json(&platform->missing), "models", models);
}

/* Of models from elsewhere the Hub has nothing to say. */
static bool is_compared_with_hub(const struct options *options, const struct verify_result *result)
{
    for (size_t i = 0; options_has(options, "hub") && i < result->platform_count; i++)
        for (size_t k = 0; k < result->platforms[i].model_count; k++)
            if (strcmp(result->platforms[i].models[k].source, "hub") == 0)
                return true;
    return false;
}

/* What the image was compared with besides its own records. */
static json_t *compared_json(const struct verification *verification, const struct options *options,
                             const struct verify_result *result)
{
    const char *const *names = options_list(options, "trust-records");
    json_t *keys = json_array();

    for (size_t i = 0; i < options_count(options, "trust-records"); i++)
        json_array_append_new(keys, text_to_json(names[i]));
    return json_pack("{s:o, s:b, s:o, s:o}", "statements",
                     strings_to_json(&verification->statements.names), "hub",
                     is_compared_with_hub(options, result), "policy",
                     text_to_json(options_text(options, "policy")), "keys", keys);
}

static void say_json(const struct verification *verification, const struct options *options,
                     const struct verify_result *result, struct buf *out)
{
    const struct demands *demands = &verification->demands;
    json_t *demanded = json_array();
    json_t *platforms = json_array();

    for (size_t i = 0; i < result->platform_count; i++)
        json_array_append_new(platforms, platform_json(&result->platforms[i]));
    for (size_t i = 0; i < demands->count; i++)
        json_array_append_new(demanded, text_to_json(demands->items[i].title));
    json_auto_t *document = json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "digest",
        digest_format(&result->manifest.digest).text, "models", size_json(result->model_count),
        "wrong_models", size_json(result->wrong_model_count), "findings",
        size_json(result->finding_count), "demanded", demanded, "missing",
        strings_to_json(&result->missing), "compared", compared_json(verification, options, result),
        "platforms", platforms);
    if (options_has(options, "policy"))
        json_object_set_new(document, "policy", policy_findings_json(&verification->against));
    json_say(document, out);
}

/* Names of files end on terminals, too. */
static void print_line(char *line)
{
    text_mask(line);
    puts(line);
}

/* "signed by 'a.pub' or 'b.pub'"; which of them it is stands with each model. */
static void print_keys(const struct options *options)
{
    const char *const *names = options_list(options, "trust-records");
    size_t count = options_count(options, "trust-records");
    CLEANUP(buf) struct buf line = BUF_INIT;

    for (size_t i = 0; i < count; i++)
        buf_addf(&line, "%s'%s'", i > 0 ? " or " : "signed by ", names[i]);
    if (count == 0)
        return;
    CLEANUP(text) char *text = buf_take(&line);
    print_line(text);
}

/* What was held against the image, and is so. */
static void print_compared(const struct verification *verification, const struct options *options,
                           const struct verify_result *result)
{
    if (result->model_count == 0)
        return;
    for (size_t i = 0; i < verification->statements.names.count; i++) {
        CLEANUP(text)
        char *line = xasprintf("as stated in %s", verification->statements.names.items[i]);
        print_line(line);
    }
    if (is_compared_with_hub(options, result))
        puts("as the hub has it");
    print_keys(options);
    if (options_has(options, "policy") && verification->against.count == 0) {
        CLEANUP(text) char *line = xasprintf("by the policy '%s'", options_text(options, "policy"));
        print_line(line);
    }
}

static void print_text(const struct verification *verification, const struct options *options,
                       const struct verify_result *result)
{
    verify_view_print(result);
    if (result->finding_count > 0)
        return; /* the last line is the error's */
    if (result->model_count == 0)
        puts("no models");
    else
        printf("%zu model%s: nothing is wrong%s\n", result->model_count,
               text_plural(result->model_count),
               verification->against.count > 0 ? " but what the policy says" : "");
    print_compared(verification, options, result);
}

/* "2 findings in 1 of 1 model"; "" if the models that are there have none. Caller frees. */
static char *count_findings(const struct verify_result *result)
{
    size_t count = verify_view_count(result);

    if (count == 0)
        return xstrdup("");
    if (result->model_count == 0)
        return xasprintf("%zu finding%s in an image without models", count, text_plural(count));
    return xasprintf("%zu finding%s in %zu of %zu model%s", count, text_plural(count),
                     result->wrong_model_count, result->model_count,
                     text_plural(result->model_count));
}

static int refuse_findings(const struct demands *demands, const struct verify_result *result,
                           struct error *err)
{
    CLEANUP(text) char *findings = count_findings(result);
    size_t missing = result->missing.count;

    if (missing == 0)
        return error_set(err, ERROR_CORRUPT, "%s", findings);
    return error_set(err, ERROR_CORRUPT, "%s%s%zu of %zu model%s that %s asked for %s not there",
                     findings, *findings != '\0' ? "; " : "", missing, demands->count,
                     text_plural(demands->count), demands->count == 1 ? "is" : "are",
                     missing == 1 ? "is" : "are");
}

static int refuse_policy(const struct options *options, const struct policy_findings *against,
                         struct error *err)
{
    return error_set(err, ERROR_REFUSED, "%zu finding%s against the policy '%s'", against->count,
                     text_plural(against->count), options_text(options, "policy"));
}

/* Whoever asks whether its models can be read expects some. */
static int judge(const struct options *options, const struct verification *verification,
                 const struct verify_result *result, struct error *err)
{
    if (result->finding_count > 0)
        return refuse_findings(&verification->demands, result, err);
    if (verification->against.count > 0)
        return refuse_policy(options, &verification->against, err);
    if (result->model_count > 0 || options_has(options, "allow-none") ||
        options_has(options, "scan"))
        return 0;
    return error_set(err, ERROR_NOT_FOUND,
                     "'%s' has no models that inlay has put in; if that is right, say --allow-none",
                     options->names[0]);
}

static int open_hub(void *arg, const struct origin *model, struct source **out, struct error *err)
{
    const struct verification *verification = arg;

    return source_open(&verification->sources, model, out, err);
}

/* What the application asks for has to be there. */
static int demand_scan(struct verification *verification, const struct options *options,
                       struct error *err)
{
    CLEANUP(scan_findings) struct scan_findings findings = SCAN_FINDINGS_INIT;
    const struct scanned_image image = {
        .line = options,
        .stores = &verification->session.stores,
        .store = verification->store,
        .sandbox = verification->session.sandbox,
        .image = &verification->image,
        .presets = &verification->demands.presets,
    };

    if (scanned_read(&image, &findings, err) < 0)
        return -1;
    return demands_add_scan(&verification->demands, &findings, err);
}

/* What was found out, for people or programs; `out` as json_say() takes it. */
static int tell_result(struct verification *verification, const struct options *options,
                       const struct verify_result *result, struct buf *out, struct error *err)
{
    bool has_policy = options_has(options, "policy");

    if (has_policy)
        policy_gate_judge(&verification->policy, result, &verification->against);
    if (options_has(options, "json"))
        say_json(verification, options, result, out);
    else
        print_text(verification, options, result);
    if (!options_has(options, "json"))
        policy_findings_print(&verification->against);
    return judge(options, verification, result, err);
}

/* What is let in by nothing is a mistake, mostly. */
static void tell_idle_entries(const struct policy *policy, const struct log *log)
{
    CLEANUP(strings) struct strings idle = STRINGS_INIT;

    policy_find_idle(policy, &idle);
    for (size_t i = 0; i < idle.count; i++)
        log_warn(log, "the policy has an entry that no model can meet: %s", idle.items[i]);
}

static int read_policy(struct verification *verification, const struct options *options,
                       struct error *err)
{
    const char *path = options_text(options, "policy");

    if (path == NULL || policy_read(path, &verification->policy, err) == 0)
        return 0;
    return error_wrap(err, "--policy");
}

static int run_verify(const struct command_context *context, struct options *options,
                      struct error *err)
{
    CLEANUP(verification) struct verification verification = {.image = REFERENCE_INIT};
    CLEANUP(verify_result) struct verify_result result = VERIFY_RESULT_INIT;
    CLEANUP(trusted_keys) struct trusted_keys keys = {.items = NULL};
    struct session *session = &verification.session;

    if (session_parse_existing(options, "IMAGE", options->names[0], &verification.image, err) < 0 ||
        demands_parse(options, &verification.demands, err) < 0 ||
        read_policy(&verification, options, err) < 0 || trusted_keys_read(options, &keys, err) < 0)
        return -1;
    if (session_open(session, context, options, err) < 0)
        return -1;
    const struct store_context *stores = &session->stores;
    tell_idle_entries(&verification.policy, stores->log);
    verification.sources = (struct source_context){
        .http = stores->http,
        .auth = stores->auth,
        .cancel = context->cancel,
        .log = stores->log,
        .hub_endpoint = options_text(options, "hub-endpoint"),
        .pool = verification.session.pool,
        .sandbox = verification.session.sandbox,
    };
    if (session_find_hub_cache(options, &verification.sources, &verification.hub_cache, err) < 0 ||
        store_open(&verification.image, stores, &verification.store, err) < 0)
        return -1;
    if (options_has(options, "scan") && demand_scan(&verification, options, err) < 0)
        return -1;
    CLEANUP(text) char *version = reference_version(&verification.image);
    CLEANUP(text) char *memo = session_memo_folder();
    if (statements_read(options, &verification.image, verification.store, stores->log,
                        &verification.statements, err) < 0)
        return -1;
    const struct verify_options wanted = {
        .store = verification.store,
        .version = version,
        .user = options_text(options, "user"),
        .home = options_text(options, "home"),
        .memo = memo,
        .demands = verification.demands.wanted,
        .demand_count = verification.demands.count,
        .companions_are_notes = options_has(options, "no-companions"),
        .asks_license = policy_asks_for_licenses(&verification.policy),
        .asks_code = verification.policy.safe_only,
        .open_source = options_has(options, "hub") ? open_hub : NULL,
        .open_arg = &verification,
        .statements = verification.statements.items,
        .statement_count = verification.statements.count,
        .keys = keys.items,
        .key_count = keys.count,
        .jobs = (unsigned)options_number(options, "jobs"),
        .log = stores->log,
        .cancel = context->cancel,
        .progress = render_progress(session->render),
        .sandbox = session->sandbox,
    };
    if (verify_run(&wanted, &result, err) < 0)
        return -1;
    render_finish(session->render);
    return tell_result(&verification, options, &result, context->result, err);
}

static const struct argument_help arguments[] = {
    ARGUMENT_HELP_IMAGE("IMAGE", "stdin"),
    {"MODEL", NULL,
     "a model that has to be there, written as for 'inlay inject': org/name, org/name@COMMIT, a "
     "preset, dir:PATH; MODEL,layout=NAME for one loader"},
    {NULL, NULL, NULL},
};

const struct command verify_command = {
    .id = COMMAND_VERIFY,
    .name = "verify",
    .summary = "say whether an image's user can read its models",
    .usage = "IMAGE [MODEL…] [OPTION…]",
    .about =
        "Reads the layers of an image's models and says whether its user can read each of them "
        "offline, or what is in the way.",
    .names = {"IMAGE", "[MODEL…]"},
    .arguments = arguments,
    .examples = {"registry.example.com/rag:1.4-e5 intfloat/multilingual-e5-small",
                 "oci:images:rag --hub",
                 "registry.example.com/rag:1.4-e5 --policy policy.json --json"},
    .environment = "for --hub " ENVIRONMENT_HUB "; " ENVIRONMENT_NETWORK,
    .result =
        "The exit status is 7 if something is wrong, if a MODEL is not there, or if a document of "
        "the image is damaged; and 3 for an image without models, unless --allow-none or --scan is "
        "given.",
    .run = run_verify,
};
