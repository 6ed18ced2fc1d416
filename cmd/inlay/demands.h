#ifndef INLAY_DEMANDS_H
#define INLAY_DEMANDS_H

#include "injection.h"
#include "scan/scan.h"
#include "verify/verify.h"

/* A model that the image has to have: a command line of `inlay verify` names it, or scan finds it.
 */
struct demand {
    struct injection_model model; /* what is said of its files does not count */
    char *title;                  /* for messages */
    char *place;                  /* where the application asks for it; NULL: it does not */
    char *folder;                 /* in which its loader is told to look; NULL: none */
    char *revision;               /* a commit, a digest, a ref; NULL: any */
    struct strings files;         /* globs, each of which has to match */
    char *weights;                /* their format; NULL: any */
    bool any_revision;            /* the loader takes what there is */
    const char *const *readable;  /* formats of weights, any of which will do; NULL: any */
};

struct demands {
    struct presets presets;
    struct demand *items;
    struct verify_demand *wanted; /* one each; borrow from them */
    size_t count;
};

/* Those behind IMAGE, written as `inject` takes them. ERROR_USAGE. `out` is zeroed before. */
int demands_parse(const struct options *line, struct demands *out, struct error *err) MUST_CHECK;
/* Adds what is sure of these, as the loaders will ask for it: see layout/demand.h. */
int demands_add_scan(struct demands *out, const struct scan_findings *findings,
                     struct error *err) MUST_CHECK;
void demands_release(struct demands *demands);
CLEANUP_RELEASE(demands)

#endif
