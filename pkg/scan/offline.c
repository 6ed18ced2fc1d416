#include "scan/scan_internal.h"

#include <string.h>

/* What asks a server at each start whatever is baked: layout/offline.h has the rules. */

static bool ends_with_one_of(const char *name, const char *words)
{
    for (const char *at = words; *at != '\0';) {
        size_t size = strcspn(at, "|");
        CLEANUP(text) char *tail = xasprintf(".%.*s", (int)size, at);
        if (text_ends_with(name, tail))
            return true;
        at += size + (at[size] == '|');
    }
    return false;
}

static bool is_call_of(const struct offline_rule *rule, const struct python_call *call)
{
    size_t size = rule->condition == OFFLINE_CALL ? strlen(rule->module) : 0;

    return size > 0 && strncmp(call->name, rule->module, size) == 0 && call->name[size] == '.' &&
           ends_with_one_of(call->name, rule->calls);
}

bool scan_asks_anyway(const struct python_call *call)
{
    for (const struct offline_rule *rule = offline_rules; rule->package != NULL; rule++)
        if (is_call_of(rule, call))
            return true;
    return false;
}

/* The way out is taken already: a path in place of the name. */
static bool has_path(const struct scan *scan, const struct scan_source *source,
                     const struct python_call *call)
{
    const struct python_value *first = call->argument_count > 0 ? &call->arguments[0].value : NULL;
    CLEANUP(text) char *text = first != NULL ? scan_resolve_text(scan, source, first) : NULL;

    return text != NULL && scan_is_local(scan, source->file->path, text);
}

static void tell(struct scan *scan, const struct offline_rule *rule, const char *place,
                 const char *what)
{
    const char *version = scan_version(scan, PACKAGE_PYTHON, rule->package);

    scan_add_asking(scan->out, "%s: %s of %s%s%s %s", place, what, rule->package,
                    version != NULL ? " " : "", version != NULL ? version : "", rule->line);
}

void scan_offline_call(struct scan *scan, const struct scan_source *source,
                       const struct python_call *call)
{
    for (const struct offline_rule *rule = offline_rules; rule->package != NULL; rule++) {
        const char *version = scan_version(scan, PACKAGE_PYTHON, rule->package);
        if (!is_call_of(rule, call) || !offline_rule_covers(rule, version) ||
            scan_is_test(source->file->path) || has_path(scan, source, call))
            continue;
        const struct python_value *value =
            rule->argument != NULL ? scan_argument(call, rule->argument, rule->position) : NULL;
        CLEANUP(text) char *text = value != NULL ? scan_resolve_text(scan, source, value) : NULL;
        if (!offline_rule_takes(rule, text))
            continue;
        CLEANUP(text) char *place = scan_format_place(source, call);
        CLEANUP(text)
        char *what = text != NULL ? xasprintf("%s('%s')", strrchr(call->name, '.') + 1, text)
                                  : xasprintf("%s()", strrchr(call->name, '.') + 1);
        tell(scan, rule, place, what);
    }
}

const struct offline_rule *scan_offline_command_rule(const char *program)
{
    for (const struct offline_rule *rule = offline_rules; rule->package != NULL; rule++)
        if (rule->condition == OFFLINE_COMMAND && strcmp(rule->program, program) == 0)
            return rule;
    return NULL;
}

void scan_offline_command(struct scan *scan, const struct offline_rule *rule, const char *place,
                          const char *value)
{
    const char *version = scan_version(scan, PACKAGE_PYTHON, rule->package);
    const char *where = NULL;

    if (value == NULL && rule->variable != NULL)
        value = scan_variable(scan, rule->variable, &where);
    if (!offline_rule_covers(rule, version) || !offline_rule_takes(rule, value))
        return;
    CLEANUP(text) char *what = xasprintf("%s %s %s", rule->program, rule->argument, value);
    tell(scan, rule, place, what);
}

/* One that is found in the Hub's own cache, where the loaders of transformers look. */
static bool is_by_name(const struct scan_finding *finding)
{
    return finding->sure && finding->layout == NULL && strchr(finding->model, ':') == NULL;
}

void scan_offline_versions(struct scan *scan)
{
    const struct scan_findings *out = scan->out;

    for (const struct offline_rule *rule = offline_rules; rule->package != NULL; rule++) {
        const char *version = scan_version(scan, PACKAGE_PYTHON, rule->package);
        bool is_used = false;
        for (size_t i = 0; i < out->count; i++)
            is_used = is_used || is_by_name(&out->items[i]);
        if (is_used && rule->condition == OFFLINE_VERSION && offline_rule_covers(rule, version))
            scan_add_asking(scan->out, "%s %s %s", rule->package, version, rule->line);
    }
}
