#include "injection.h"

#include "core/text.h"
#include "scanned.h"

#include <string.h>

/* What an application in BASE asks for, as models of the call. */

/* Whether the call names it itself, of whatever revision: then that is what the image gets. */
static bool is_named(const struct injection *injection, const char *text,
                     const struct layout *layout)
{
    CLEANUP(error) struct error err = ERROR_INIT; /* told where it is added */
    CLEANUP(origin) struct origin origin = ORIGIN_INIT;

    if (origin_parse(text, &origin, &err) < 0)
        return false;
    for (size_t i = 0; i < injection->named_count; i++) {
        const struct injection_model *model = &injection->models[i];
        if (model->layout == layout && model->origin.kind == origin.kind &&
            strcmp(model->origin.name, origin.name) == 0)
            return true;
    }
    return false;
}

/* Whether the call names the preset itself. */
static bool is_named_preset(const struct injection *injection, const struct preset *preset)
{
    for (size_t i = 0; i < injection->named_count; i++)
        if (injection->models[i].preset == preset)
            return true;
    return false;
}

static int add_finding(struct injection *injection, const struct scan_finding *finding,
                       struct error *err)
{
    CLEANUP(injection_model) struct injection_model model = INJECTION_MODEL_INIT;
    const struct preset *preset = NULL;

    if (presets_find(&injection->presets, finding->model, &preset, err) < 0)
        return -1;
    if (preset != NULL)
        return is_named_preset(injection, preset) ? 0
                                                  : injection_add_preset(injection, preset, err);
    model.layout = layout_find(finding->layout);
    model.path = text_copy(finding->path);
    if (is_named(injection, finding->model, model.layout))
        return 0;
    strings_add_all(&model.include, &finding->include);
    strings_add_all(&model.optional, &finding->optional);
    if (model.include.count == 0)
        model.weights = text_copy(finding->weights);
    return injection_add_name(injection, finding->model, &model, err);
}

static int add_findings(struct injection *injection, const struct scan_findings *findings,
                        struct error *err)
{
    const struct log *log = injection->session.stores.log;

    injection->named_count = injection->model_count;
    for (size_t i = 0; i < findings->count; i++) {
        const struct scan_finding *finding = &findings->items[i];
        if (!finding->sure)
            continue;
        if (add_finding(injection, finding, err) < 0)
            return error_wrap(err, "--scan: %s", finding->places.items[0]);
        log_info(log, "scan: %s (%s)", finding->model, finding->places.items[0]);
    }
    return 0;
}

int injection_add_scan(struct injection *injection, struct error *err)
{
    CLEANUP(scan_findings) struct scan_findings findings = SCAN_FINDINGS_INIT;
    const struct scanned_image image = {
        .line = injection->line,
        .stores = &injection->session.stores,
        .store = injection->base_store,
        .sandbox = injection->session.sandbox,
        .image = &injection->base,
        .presets = &injection->presets,
    };

    if (injection->base.kind == REFERENCE_SCRATCH)
        return error_set(err, ERROR_USAGE, "--scan reads what is in BASE, and scratch has nothing");
    if (scanned_read(&image, &findings, err) < 0 || add_findings(injection, &findings, err) < 0)
        return -1;
    if (injection->model_count > 0)
        return 0;
    CLEANUP(text) char *name = reference_format(&injection->base, true);
    return error_set(err, ERROR_NOT_FOUND,
                     "--scan found no model in '%s' that is sure; name what is needed as MODEL, or "
                     "see what there is by 'inlay scan'",
                     name);
}
