#include "oci_source.h"

#include "oci/reference.h"
#include "oci_model/oci_model.h"

/* Images record the name, and a path of this machine says nothing to whoever reads it there. */
static int parse_name(const struct origin *origin, struct reference *out, struct error *err)
{
    if (reference_parse(origin->name, out, err) < 0)
        return -1;
    if (out->kind != REFERENCE_REGISTRY)
        return error_set(err, ERROR_USAGE, "'%s' is in no registry; copy it to one by 'inlay copy'",
                         origin->name);
    return 0;
}

int oci_source_open(void *arg, const struct origin *origin, struct source **out, struct error *err)
{
    const struct oci_opener *opener = arg;
    CLEANUP(reference) struct reference reference = REFERENCE_INIT;
    CLEANUP(store) struct store *store = NULL;

    if (parse_name(origin, &reference, err) < 0)
        return error_wrap(err, "MODEL: oci-model://");
    if (store_open(&reference, opener->stores, &store, err) < 0)
        return -1;
    CLEANUP(text) char *version = reference_version(&reference);
    *out = oci_model_adopt(&(struct oci_model_options){
        .store = TAKE(store),
        .version = version,
        .origin = origin,
        .cancel = opener->sources->cancel,
        .log = opener->sources->log,
        .pool = opener->sources->pool,
        .cache = opener->sources->cache,
        .sandbox = opener->sandbox,
    });
    return 0;
}
