#ifndef INLAY_POLICY_GATE_H
#define INLAY_POLICY_GATE_H

#include "project/policy.h"
#include "verify/verify.h"

#include <jansson.h>

/* What `inlay verify --policy` finds: one model, and one rule that it does not meet. */
struct policy_finding {
    char *model; /* "org/name@1111111" */
    char *text;
};

struct policy_findings {
    struct policy_finding *items; /* each once, whatever the number of platforms */
    size_t count;
};

/* Adds what each model of the image does not meet. */
void policy_gate_judge(const struct policy *policy, const struct verify_result *result,
                       struct policy_findings *out);
/* {"model", "text"} of each. */
json_t *policy_findings_json(const struct policy_findings *findings);
/* A line for each on standard output. */
void policy_findings_print(const struct policy_findings *findings);
void policy_findings_release(struct policy_findings *findings);
CLEANUP_RELEASE(policy_findings)

#endif
