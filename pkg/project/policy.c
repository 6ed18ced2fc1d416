#include "project/policy.h"

#include "core/file.h"
#include "plan/license.h"
#include "plan/plan.h"
#include "project/project_internal.h"

#include <string.h>

#define VERSION 1
#define NAMED_MOST 4

void policy_release(struct policy *policy)
{
    strings_release(&policy->sources);
    strings_release(&policy->organizations);
    strings_release(&policy->models);
    strings_release(&policy->licenses);
    strings_release(&policy->denied_licenses);
    strings_release(&policy->formats);
    *policy = (struct policy)POLICY_INIT;
}

static int check_sources(const struct policy *policy, struct error *err)
{
    CLEANUP(strings) struct strings known = STRINGS_INIT;

    strings_add(&known, "hub");
    for (size_t i = 0; i < ORIGIN_KIND_COUNT; i++)
        if (!origin_is_of_hub((enum origin_kind)i))
            strings_add(&known, origin_kind_name((enum origin_kind)i));
    for (size_t i = 0; i < policy->sources.count; i++)
        if (!strings_has(&known, policy->sources.items[i])) {
            CLEANUP(text) char *list = strings_format_choice(&known, "");
            return error_set(err, ERROR_CORRUPT, "'sources[%zu]' is '%s', expected %s", i,
                             policy->sources.items[i], list);
        }
    return 0;
}

static int check_formats(const struct policy *policy, struct error *err)
{
    for (size_t i = 0; i < policy->formats.count; i++) {
        CLEANUP(error) struct error why = ERROR_INIT;
        const char *format = policy->formats.items[i];
        if (plan_check_weights(format, &why) < 0 || strchr(format, ':') != NULL)
            return error_set(err, ERROR_CORRUPT,
                             "'formats[%zu]' is '%s', expected safetensors, pytorch, onnx, "
                             "openvino, gguf, tensorflow, flax, mistral or coreml, without a "
                             "variant",
                             i, format);
    }
    return 0;
}

/* "org/name@" and a commit or a digest in full. */
static bool is_pinned(const char *model)
{
    const char *pin = strrchr(model, '@');

    if (pin == NULL)
        return false;
    pin++;
    return text_is_hex(pin, GIT_OID_HEX) ||
           (text_starts_with(pin, "sha256:") && text_is_hex(pin + strlen("sha256:"), 64));
}

static int check_pins(const struct policy *policy, struct error *err)
{
    if (policy->pins_only && policy->models.count == 0)
        return error_set(err, ERROR_CORRUPT,
                         "'pins_only' is true, and there is no 'models' that names pins");
    for (size_t i = 0; policy->pins_only && i < policy->models.count; i++)
        if (!is_pinned(policy->models.items[i]))
            return error_set(err, ERROR_CORRUPT,
                             "'models[%zu]' is '%s', expected a commit of 40 hex digits, "
                             "lower case, or 'sha256:…' behind '@', as 'pins_only' is true",
                             i, policy->models.items[i]);
    return 0;
}

static int check_rules(const struct policy *policy, struct error *err)
{
    size_t rules = policy->sources.count + policy->organizations.count + policy->models.count +
                   policy->licenses.count + policy->denied_licenses.count + policy->formats.count +
                   policy->safe_only;

    if (check_sources(policy, err) < 0 || check_formats(policy, err) < 0 ||
        check_pins(policy, err) < 0)
        return -1;
    return rules > 0 ? 0 : error_set(err, ERROR_CORRUPT, "it has no rule, and would let all in");
}

int policy_parse(const char *text, size_t size, struct policy *out, struct error *err)
{
    static const char *const known[] = {"$schema",   "version",   "sources",  "organizations",
                                        "models",    "formats",   "licenses", "denied_licenses",
                                        "pins_only", "safe_only", NULL};
    CLEANUP(policy) struct policy policy = POLICY_INIT;
    json_auto_t *json = NULL;

    if (members_parse(text, size, "policy", &json, err) < 0 ||
        members_check_version(json, VERSION, err) < 0 || members_check(json, "", known, err) < 0 ||
        members_take_texts(json, "", "sources", &policy.sources, err) < 0 ||
        members_take_texts(json, "", "organizations", &policy.organizations, err) < 0 ||
        members_take_texts(json, "", "models", &policy.models, err) < 0 ||
        members_take_texts(json, "", "licenses", &policy.licenses, err) < 0 ||
        members_take_texts(json, "", "denied_licenses", &policy.denied_licenses, err) < 0 ||
        members_take_texts(json, "", "formats", &policy.formats, err) < 0 ||
        members_take_flag(json, "", "pins_only", &policy.pins_only, err) < 0 ||
        members_take_flag(json, "", "safe_only", &policy.safe_only, err) < 0 ||
        check_rules(&policy, err) < 0)
        return -1;
    policy_release(out);
    *out = policy;
    policy = (struct policy)POLICY_INIT;
    return 0;
}

int policy_read(const char *path, struct policy *out, struct error *err)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    if (file_read_named(path, POLICY_SIZE_MAX, &text, err) < 0)
        return -1;
    if (policy_parse(buf_text(&text), text.size, out, err) < 0)
        return error_wrap(err, "'%s'", path);
    return 0;
}

bool policy_asks_for_licenses(const struct policy *policy)
{
    return policy->licenses.count + policy->denied_licenses.count > 0;
}

static bool has_fold(const struct strings *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (text_equal_fold(list->items[i], text))
            return true;
    return false;
}

/* "acme" of "acme/tiny" and of "datasets/acme/tiny"; "" of a name without. Caller frees. */
static char *organization_of(const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *start = slash;

    if (slash == NULL)
        return xstrdup("");
    while (start > name && start[-1] != '/')
        start--;
    return xstrndup(start, (size_t)(slash - start));
}

/* Whether an entry of `models` names it, without a commit or by its own. */
static bool is_listed(const struct policy *policy, const struct policy_model *model)
{
    for (size_t i = 0; i < policy->models.count; i++) {
        const char *entry = policy->models.items[i];
        const char *at = strrchr(entry, '@');
        size_t size = at != NULL ? (size_t)(at - entry) : strlen(entry);
        if (strncmp(entry, model->name, size) == 0 && model->name[size] == '\0' &&
            (at == NULL || strcmp(at + 1, model->commit) == 0))
            return true;
    }
    return false;
}

/* What no name has: blanks, and letters of patterns, which there are none of. */
static bool is_no_name(const char *text)
{
    return strpbrk(text, " \t*?[]{}") != NULL;
}

/* Pins are commits and digests in full. */
static bool is_no_pin(const char *pin)
{
    return !text_is_hex(pin, GIT_OID_HEX) &&
           !(text_starts_with(pin, "sha256:") && text_is_hex(pin + strlen("sha256:"), 64)) &&
           !text_is_hex(pin, 64);
}

static void find_idle_models(const struct policy *policy, struct strings *out)
{
    for (size_t i = 0; i < policy->models.count; i++) {
        const char *model = policy->models.items[i];
        const char *at = strrchr(model, '@');
        CLEANUP(text)
        char *name = xstrndup(model, at != NULL ? (size_t)(at - model) : strlen(model));
        CLEANUP(text) char *organization = organization_of(name);
        if (is_no_name(name) || *name == '\0' || name[strlen(name) - 1] == '/')
            strings_addf(out,
                         "'models[%zu]' is '%s', which is no model's name: patterns are not known",
                         i, model);
        else if (at != NULL && is_no_pin(at + 1))
            strings_addf(
                out,
                "'models[%zu]' is '%s': behind '@' no image has anything but a commit of 40 "
                "hex digits, lower case, or 'sha256:…'",
                i, model);
        else if (policy->organizations.count > 0 && !has_fold(&policy->organizations, organization))
            strings_addf(out, "'models[%zu]' is '%s', and '%s' is not among 'organizations'", i,
                         model, organization);
    }
}

void policy_find_idle(const struct policy *policy, struct strings *out)
{
    find_idle_models(policy, out);
    for (size_t i = 0; i < policy->organizations.count; i++) {
        const char *organization = policy->organizations.items[i];
        if (is_no_name(organization) || strpbrk(organization, "/@") != NULL)
            strings_addf(out,
                         "'organizations[%zu]' is '%s', expected what stands before the '/' of a "
                         "name: patterns are not known",
                         i, organization);
    }
    for (size_t i = 0; i < policy->licenses.count; i++)
        if (has_fold(&policy->denied_licenses, policy->licenses.items[i]))
            strings_addf(out, "'licenses[%zu]' is '%s', which is among 'denied_licenses', too", i,
                         policy->licenses.items[i]);
}

static void judge_license(const struct policy *policy, const struct policy_model *model,
                          struct strings *findings)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error why = ERROR_INIT;
    const struct license_rules allowed = {
        .allowed = (const char *const *)policy->licenses.items,
    };
    const struct license_rules denied = {
        .denied = (const char *const *)policy->denied_licenses.items,
    };

    plan.license = text_copy(model->license);
    plan.license_name = text_copy(model->license_name);
    CLEANUP(text) char *license = license_format(&plan);
    if (license_check(&plan, "", &allowed, &why) < 0)
        strings_addf(findings, "its licence is '%s', which is not among 'licenses'", license);
    error_release(&why);
    if (license_check(&plan, "", &denied, &why) < 0)
        strings_addf(findings, "its licence is '%s', which is among 'denied_licenses'", license);
}

/* Formats that it has and that are not allowed. */
static void judge_formats(const struct policy *policy, const struct policy_model *model,
                          struct strings *findings)
{
    static const char *const formats[] = {"safetensors", "pytorch", "onnx",    "openvino", "gguf",
                                          "tensorflow",  "flax",    "mistral", "coreml"};

    for (size_t i = 0; policy->formats.count > 0 && i < ARRAY_SIZE(formats); i++) {
        CLEANUP(plan) struct plan plan = PLAN_INIT;
        CLEANUP(error) struct error why = ERROR_INIT;
        const struct plan_selection selection = {.format = formats[i]};
        for (size_t k = 0; k < model->paths->count; k++)
            plan_add(&plan, &(struct plan_file){.path = model->paths->items[k], .size = 1});
        plan_sort(&plan);
        if (!strings_has(&policy->formats, formats[i]) && plan_select(&plan, &selection, &why) == 0)
            strings_addf(findings, "it has weights in the format %s, which is not among 'formats'",
                         formats[i]);
    }
}

static void judge_code(const struct policy *policy, const struct policy_model *model,
                       struct strings *findings)
{
    size_t count = model->suspect->count;
    CLEANUP(buf) struct buf names = BUF_INIT;

    if (!policy->safe_only || count == 0)
        return;
    for (size_t i = 0; i < count && i < NAMED_MOST; i++)
        buf_addf(&names, "%s'%s'", i > 0 ? ", " : "", model->suspect->items[i]);
    if (count > NAMED_MOST)
        buf_addf(&names, " and %zu more", count - NAMED_MOST);
    strings_addf(findings, "it has files that run code when they are loaded: %s", buf_text(&names));
}

void policy_judge(const struct policy *policy, const struct policy_model *model,
                  struct strings *findings)
{
    CLEANUP(text) char *organization = organization_of(model->name);

    if (policy->sources.count > 0 && !strings_has(&policy->sources, model->source))
        strings_addf(findings, "it comes from '%s', which is not among 'sources'", model->source);
    if (policy->organizations.count > 0 && !has_fold(&policy->organizations, organization))
        strings_addf(findings, "its organization is '%s', which is not among 'organizations'",
                     organization);
    if (policy->models.count > 0 && !is_listed(policy, model))
        strings_addf(findings, "'models' does not name it at %s", model->commit);
    judge_license(policy, model, findings);
    judge_formats(policy, model, findings);
    judge_code(policy, model, findings);
}
