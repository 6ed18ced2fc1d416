#include "inject/remove_internal.h"

static void outcome_release(struct outcome *outcome)
{
    image_layers_free(outcome->own, outcome->own_count);
    free(outcome->leaves);
    free(outcome->keeps);
    free(outcome->base_digest);
    free(outcome->base_name);
    buf_release(&outcome->folders);
    buf_release(&outcome->config);
    buf_release(&outcome->bytes);
}

static void removal_release(struct removal *removal)
{
    for (size_t i = 0; i < removal->outcome_count; i++)
        outcome_release(&removal->outcomes[i]);
    free(removal->outcomes);
    passing_release(&removal->passing);
    removal_release_base(removal);
    loaded_free(removal->loaded);
}
CLEANUP_RELEASE(removal)

struct outcome *removal_outcome(const struct removal *removal, const struct loaded *was)
{
    for (size_t i = 0; i < removal->outcome_count; i++)
        if (removal->outcomes[i].was == was)
            return &removal->outcomes[i];
    return NULL;
}

static int removal_read(struct removal *removal, struct error *err)
{
    const struct remove_options *options = removal->options;
    struct loaded **list = NULL;

    if (loaded_open(options->image, options->image_version, LOADED_WHOLE, &removal->loaded, err) <
        0)
        return -1;
    loaded_list(removal->loaded, &list, &removal->outcome_count);
    removal->outcomes = xcalloc(removal->outcome_count, sizeof(*removal->outcomes));
    for (size_t i = 0; i < removal->outcome_count; i++) {
        struct outcome *outcome = &removal->outcomes[i];
        outcome->was = list[i];
        if (list[i]->image == NULL)
            continue;
        image_own_layers(list[i]->image, &outcome->own, &outcome->own_count);
        outcome->leaves = xcalloc(outcome->own_count, sizeof(*outcome->leaves));
        size_t count = image_layer_count(list[i]->image);
        CLEANUP(text) char *title = loaded_title(options->image, options->image_version);
        log_info(options->log, "image: %s, %s, %zu layer%s", title, image_platform(list[i]->image),
                 count, count == 1 ? "" : "s");
    }
    free(list);
    return 0;
}

/* Another revision may need the layer still. */
static bool is_gone(const struct outcome *outcome, size_t layer)
{
    if (outcome->own[layer].record.model == NULL) { /* the folders go with the last model */
        for (size_t i = 0; i < outcome->own_count; i++)
            if (outcome->own[i].record.model != NULL && !outcome->leaves[i])
                return false;
        return outcome->edited;
    }
    for (size_t i = 0; i < outcome->own_count; i++)
        if (!outcome->leaves[i] &&
            digest_equal(&outcome->own[i].diff_id, &outcome->own[layer].diff_id))
            return false;
    return outcome->leaves[layer];
}

/* Does an earlier one of the layers that go have the same bytes? */
static bool is_counted(const struct removal *removal, size_t outcome, size_t layer)
{
    const struct digest *diff_id = &removal->outcomes[outcome].own[layer].diff_id;

    for (size_t i = 0; i <= outcome; i++) {
        const struct outcome *earlier = &removal->outcomes[i];
        for (size_t k = 0; k < (i == outcome ? layer : earlier->own_count); k++)
            if (is_gone(earlier, k) && digest_equal(&earlier->own[k].diff_id, diff_id))
                return true;
    }
    return false;
}

static size_t count_removed(const struct removal *removal)
{
    size_t count = 0;

    for (size_t i = 0; i < removal->outcome_count; i++)
        for (size_t k = 0; k < removal->outcomes[i].own_count; k++)
            count += is_gone(&removal->outcomes[i], k) && !is_counted(removal, i, k);
    return count;
}

int remove_run(const struct remove_options *options, struct remove_result *result,
               struct error *err)
{
    CLEANUP(removal)
    struct removal removal = {
        .options = options,
        .passing = {.target = options->target,
                    .jobs = options->jobs,
                    .log = options->log,
                    .cancel = options->cancel,
                    .progress = options->progress},
    };

    for (size_t i = 0; i < options->model_count; i++)
        if (removal_check_revision(&options->models[i], err) < 0)
            return -1;
    if (removal_read(&removal, err) < 0 || removal_choose(&removal, err) < 0)
        return error_wrap(err, "the image %s", options->image->name);
    if (store_probe_write(options->target, err) < 0)
        return error_wrap(err, "the target %s", options->target->name);
    if (removal_edit(&removal, err) < 0)
        return error_wrap(err, "the image %s", options->image->name);
    if (removal_publish(&removal, err) < 0)
        return error_wrap(err, "the target %s", options->target->name);

    *result = (struct remove_result){
        .manifest = removal.outcomes[removal.outcome_count - 1].becomes,
        .layers_removed = count_removed(&removal),
        .moved = removal.passing.moved,
    };
    return 0;
}
