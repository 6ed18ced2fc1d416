#ifndef INLAY_PROJECT_POLICY_H
#define INLAY_PROJECT_POLICY_H

#include "core/text.h"

/*
 * What an organization lets into its images, docs/safety.md and docs/policy.schema.json: rules that
 * each model of an image has to meet. Values only; no I/O but policy_read().
 */

/* The most that is read of one. */
#define POLICY_SIZE_MAX ((size_t)MIB)

/* Lists that are empty are rules that there are not. */
struct policy {
    struct strings sources;         /* "hub", "folder" …, as records have them */
    struct strings organizations;   /* what stands before the '/' of a name, in any case */
    struct strings models;          /* "org/name", "org/name@COMMIT" */
    struct strings licenses;        /* as the Hub has them, in any case; "unknown" */
    struct strings denied_licenses; /* the same */
    struct strings formats;         /* of weights, as --weights has them */
    bool pins_only;                 /* `models` names each by its commit */
    bool safe_only;                 /* no files that run code when they are loaded */
};

#define POLICY_INIT                                                                                \
    {                                                                                              \
        .pins_only = false                                                                         \
    }

/* A model of an image, as far as rules speak of it. All borrowed. */
struct policy_model {
    const char *source;
    const char *name;
    const char *commit;
    const char *license;           /* NULL: not known */
    const char *license_name;      /* NULL: it has none */
    const struct strings *paths;   /* of its files, as in the repo */
    const struct strings *suspect; /* those that run code when they are loaded */
};

/* ERROR_CORRUPT, naming the member, for anything but a policy; ERROR_UNSUPPORTED for a newer one.
 */
int policy_parse(const char *text, size_t size, struct policy *out, struct error *err) MUST_CHECK;
/* Fails as that does, with the path, and as file_read_named() does. */
int policy_read(const char *path, struct policy *out, struct error *err) MUST_CHECK;
/* Whether a rule is about licences, and one about files that run code. */
bool policy_asks_for_licenses(const struct policy *policy);
/*
 * Adds a text for each entry that can never be met, "'models[0]' is 'acme/tiny@main': …": a policy
 * is stricter by them than whoever wrote it meant.
 */
void policy_find_idle(const struct policy *policy, struct strings *out);
/* Adds a text for each rule that the model does not meet: "its licence is 'gpl-3.0', …". */
void policy_judge(const struct policy *policy, const struct policy_model *model,
                  struct strings *findings);
void policy_release(struct policy *policy);
CLEANUP_RELEASE(policy)

#endif
