#ifndef INLAY_DEMANDS_H
#define INLAY_DEMANDS_H

#include "injection.h"
#include "scan/scan.h"
#include "verify/verify.h"

/* A model that a command line of `inlay verify` names: the image has to have it. */
struct demand {
    struct injection_model model; /* what is said of its files does not count */
    char *title;                  /* for messages */
    char *revision;               /* a commit, a digest, a ref; NULL: any */
    struct strings files;         /* globs, each of which has to match */
    char *weights;                /* their format; NULL: any */
};

struct demands {
    struct presets presets;
    struct demand *items;
    struct verify_demand *wanted; /* one each; borrow from them */
    size_t count;
};

/* Those behind IMAGE, written as `inject` takes them. ERROR_USAGE. `out` is zeroed before. */
int demands_parse(const struct options *line, struct demands *out, struct error *err) MUST_CHECK;
/* Adds what is sure of these; one that is there for another loader will not do. */
int demands_add_scan(struct demands *out, const struct scan_findings *findings,
                     struct error *err) MUST_CHECK;
void demands_release(struct demands *demands);
CLEANUP_RELEASE(demands)

#endif
