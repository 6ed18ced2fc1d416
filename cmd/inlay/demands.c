#include "demands.h"

#include "core/text.h"
#include "preset_list.h"

#include <string.h>

void demands_release(struct demands *demands)
{
    for (size_t i = 0; i < demands->count; i++) {
        injection_model_release(&demands->items[i].model);
        free(demands->items[i].title);
        free(demands->items[i].place);
        free(demands->items[i].folder);
        free(demands->items[i].revision);
        strings_release(&demands->items[i].files);
        free(demands->items[i].weights);
    }
    free(demands->items);
    free(demands->wanted);
    presets_release(&demands->presets);
    *demands = (struct demands){.count = 0};
}

/* Takes over `title`, `revision` and what is in `model`. */
static void add(struct demands *out, struct injection_model *model, char *title, char *revision)
{
    out->items = xrealloc(out->items, out->count + 1, sizeof(*out->items));
    out->items[out->count++] =
        (struct demand){.model = *model, .title = title, .revision = revision};
    *model = (struct injection_model)INJECTION_MODEL_INIT;
}

/* Once no more is added. */
static void fill_wanted(struct demands *out)
{
    free(out->wanted);
    out->wanted = xcalloc(out->count, sizeof(*out->wanted));
    for (size_t i = 0; i < out->count; i++) {
        const struct demand *demand = &out->items[i];
        const struct layout *layout = demand->model.layout;
        out->wanted[i] = (struct verify_demand){
            .title = demand->title,
            .place = demand->place,
            .wanted =
                {
                    .model = &demand->model.origin,
                    .revision = demand->revision,
                    .layout = layout != NULL ? layout->name : NULL,
                    .place = demand->folder,
                    .files = &demand->files,
                    .weights = demand->weights,
                    .readable = demand->readable,
                    .by_loader = demand->place != NULL,
                    .any_revision = demand->any_revision,
                },
        };
    }
}

/* The checksum of what is at a URL; of others what stands behind '@', and not what that stands for
 * where nothing does. */
static char *revision_of(const struct origin *origin, const char *text)
{
    if (origin->digest.algorithm != DIGEST_NONE)
        return xstrdup(digest_format(&origin->digest).text);
    if (!origin_has_commits(origin->kind) || strchr(text, '@') == NULL)
        return NULL;
    return text_copy(origin->revision);
}

static int add_preset(struct demands *out, const struct preset *preset, const struct layout *given,
                      struct error *err)
{
    const struct layout *layout = layout_find(preset->layout);

    if (layout == NULL)
        return error_set(err, ERROR_UNSUPPORTED,
                         "MODEL: the preset '%s' wants the layout '%s', which this inlay lacks",
                         preset->name, preset->layout);
    if (given != NULL && given != layout)
        return error_set(err, ERROR_USAGE,
                         "MODEL: the preset '%s' is for --layout %s, and --layout %s is given; "
                         "leave it out",
                         preset->name, layout->name, given->name);
    for (size_t i = 0; i < preset->item_count; i++) {
        const struct origin *origin = &preset->items[i].origin;
        CLEANUP(injection_model)
        struct injection_model model = {.origin = ORIGIN_INIT, .layout = layout};
        CLEANUP(text) char *name = origin_record(origin);
        origin_copy(origin, &model.origin);
        char *title = preset->item_count == 1 ? xstrdup(preset->name)
                                              : xasprintf("%s (%s)", name, preset->name);
        add(out, &model, title, revision_of(origin, ""));
    }
    return 0;
}

static int add_model(struct demands *out, const char *text, const struct layout *given,
                     struct error *err)
{
    CLEANUP(injection_model) struct injection_model model = INJECTION_MODEL_INIT;
    CLEANUP(text) char *name = NULL;
    const struct preset *preset = NULL;

    if (model_options_parse(text, &model, &name, err) < 0)
        return -1;
    if (presets_find(&out->presets, name, &preset, err) < 0)
        return error_wrap(err, "MODEL");
    if (preset != NULL)
        return add_preset(out, preset, model.layout != NULL ? model.layout : given, err);
    if (origin_parse(name, &model.origin, err) < 0)
        return error_wrap(err, "MODEL");
    if (model.layout == NULL)
        model.layout = given;
    if (!origin_is_of_hub(model.origin.kind))
        model.origin.as = text_copy(model.as);
    CLEANUP(text)
    char *shown = origin_has_commits(model.origin.kind) && strchr(name, '@') == NULL
                      ? origin_record(&model.origin)
                      : origin_format(&model.origin);
    add(out, &model, TAKE(shown), revision_of(&model.origin, name));
    return 0;
}

int demands_parse(const struct options *line, struct demands *out, struct error *err)
{
    CLEANUP(notes) struct notes ignored = NOTES_INIT; /* inject has told them */

    if (line->name_count > 1 && options_has(line, "allow-none"))
        return error_set(err, ERROR_USAGE,
                         "--allow-none is for images without models, and MODEL '%s' has to be "
                         "there; leave one out",
                         line->names[1]);
    if (line->name_count == 1 && line->layout != NULL)
        return error_set(err, ERROR_USAGE,
                         "--layout says for which loader a MODEL has to be there, and none is "
                         "named");
    if (preset_list_read(line, &ignored, &out->presets, err) < 0)
        return -1;
    for (size_t i = 1; i < line->name_count; i++)
        if (add_model(out, line->names[i], line->layout, err) < 0)
            return -1;
    fill_wanted(out);
    return 0;
}

/* What its loader will ask for of it; the presets' layouts are known already. */
static void take_finding(struct demand *demand, const struct scan_finding *finding)
{
    const struct layout *layout = demand->model.layout;
    const struct layout_demand wanted =
        scan_demand(finding, &demand->model.origin, layout != NULL ? layout->name : NULL);

    free(demand->revision);
    demand->place = xstrdup(finding->places.items[0]);
    demand->revision = text_copy(wanted.revision);
    demand->folder = text_copy(wanted.place);
    if (wanted.files != NULL)
        strings_add_all(&demand->files, wanted.files);
    demand->weights = text_copy(wanted.weights);
    demand->readable = wanted.readable;
    demand->any_revision = wanted.any_revision;
    demand->model.layout = layout_find(wanted.layout);
}

int demands_add_scan(struct demands *out, const struct scan_findings *findings, struct error *err)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct scan_finding *finding = &findings->items[i];
        size_t before = out->count;
        const struct layout *layout = finding->layout != NULL ? layout_find(finding->layout) : NULL;
        if (!finding->sure)
            continue;
        if (add_model(out, finding->model, layout, err) < 0)
            return error_wrap(err, "--scan: %s", finding->places.items[0]);
        for (size_t k = before; k < out->count; k++)
            take_finding(&out->items[k], finding);
    }
    fill_wanted(out);
    return 0;
}
