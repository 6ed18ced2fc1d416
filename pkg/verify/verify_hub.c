#include "verify/verify_internal.h"

#include <inttypes.h>
#include <string.h>

void hub_free(struct hub_model *models, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(models[i].name);
        free(models[i].commit);
        free(models[i].why_not);
        plan_release(&models[i].plan);
    }
    free(models);
}

/* That the Hub does not have the model, or not this commit, is about the image. */
static int list_model(const struct verify_options *options, const struct origin *reference,
                      struct hub_model *model, struct error *err)
{
    CLEANUP(error) struct error why = ERROR_INIT;
    CLEANUP(source) struct source *source = NULL;

    if (options->open_source(options->open_arg, reference, &source, &why) == 0 &&
        source_list(source, &model->plan, &why) == 0)
        return 0;
    if (why.kind != ERROR_NOT_FOUND) {
        error_wrap(&why, "asking the Hub for '%s'", model->name);
        return error_move(err, &why);
    }
    model->why_not = xstrdup(why.text);
    return 0;
}

static const struct hub_model *find(const struct hub_model *models, size_t count, const char *name,
                                    const char *commit)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(models[i].name, name) == 0 && strcmp(models[i].commit, commit) == 0)
            return &models[i];
    return NULL;
}

static int list_image(const struct verify_options *options, const struct image *image,
                      struct hub_model **models, size_t *count, struct error *err)
{
    struct image_layer *own = NULL;
    size_t own_count = 0;
    int result = 0;

    image_own_layers(image, &own, &own_count);
    for (size_t i = 0; i < own_count && result == 0; i++) {
        const struct layer_record *record = &own[i].record;
        CLEANUP(origin) struct origin reference = ORIGIN_INIT;
        CLEANUP(error) struct error ignored = ERROR_INIT; /* it is told as unchecked */
        if (record->model == NULL || record->source != NULL ||
            !hub_revision_is_commit(record->commit) ||
            find(*models, *count, record->model, record->commit) != NULL ||
            record_parse(record->model, record->commit, &reference, &ignored) < 0)
            continue;
        *models = xrealloc(*models, *count + 1, sizeof(**models));
        struct hub_model *model = &(*models)[(*count)++];
        *model = (struct hub_model){
            .name = xstrdup(record->model), .commit = xstrdup(record->commit), .plan = PLAN_INIT};
        result = list_model(options, &reference, model, err);
    }
    image_layers_free(own, own_count);
    return result;
}

int hub_list(const struct verify_options *options, struct image_tree *const *images,
             size_t image_count, struct hub_model **out, size_t *count, struct error *err)
{
    for (size_t i = 0; i < image_count; i++)
        if (list_image(options, images[i]->image, out, count, err) < 0)
            return -1;
    return 0;
}

/* A selection may have left files out; so it is no finding. */
static void note_left_out(struct subject *subject, const struct plan *plan,
                          const struct strings *paths)
{
    CLEANUP(plan) struct plan rest = PLAN_INIT;

    for (size_t i = 0; i < plan->count; i++)
        if (!subject_has_file(subject, paths->items[i]))
            strings_add(&rest.left_out, plan->files[i].path);
    if (rest.left_out.count == 0)
        return;
    CLEANUP(text) char *names = plan_format_left_out(&rest);
    strings_addf(&subject->model->notes, "%zu file%s of the Hub %s not in the image: %s",
                 rest.left_out.count, rest.left_out.count == 1 ? "" : "s",
                 rest.left_out.count == 1 ? "is" : "are", names);
}

const struct plan *subject_hub_plan(const struct subject *subject)
{
    const struct check *check = subject->check;
    const struct verify_model *model = subject->model;
    const struct hub_model *hub = find(check->hub, check->hub_count, model->name, model->commit);

    return hub != NULL && hub->why_not == NULL ? &hub->plan : NULL;
}

void subject_compare_hub(struct subject *subject)
{
    const struct check *check = subject->check;
    struct verify_model *model = subject->model;
    const struct hub_model *hub = find(check->hub, check->hub_count, model->name, model->commit);

    if (hub == NULL && check->options->open_source != NULL && strcmp(model->source, "hub") != 0)
        strings_addf(&model->notes, "it is not compared with the Hub: it comes from elsewhere (%s)",
                     model->source);
    if (hub == NULL)
        return;
    if (hub->why_not != NULL) {
        findings_add(&model->findings, VERIFY_HUB, NULL, "%s", hub->why_not);
        return;
    }
    CLEANUP(strings) struct strings paths = STRINGS_INIT;
    const struct comparison comparison = {
        .plan = &hub->plan, .kind = VERIFY_HUB, .whose = "the Hub"};
    subject_compare(subject, &comparison, &paths);
    note_left_out(subject, &hub->plan, &paths);
}
