#include "remove/remove_internal.h"

static void change_release(struct document_change *change)
{
    image_layers_free(change->own, change->own_count);
    free(change->leaves);
    free(change->keeps);
    free(change->base_digest);
    free(change->base_name);
    buf_release(&change->folders);
    buf_release(&change->config);
    buf_release(&change->bytes);
}

static void removal_release(struct removal *removal)
{
    for (size_t i = 0; i < removal->change_count; i++)
        change_release(&removal->changes[i]);
    free(removal->changes);
    transfer_release(&removal->transfer);
    removal_release_base(removal);
    image_tree_free(removal->loaded);
}
CLEANUP_RELEASE(removal)

struct document_change *removal_change(const struct removal *removal, const struct image_tree *was)
{
    for (size_t i = 0; i < removal->change_count; i++)
        if (removal->changes[i].was == was)
            return &removal->changes[i];
    return NULL;
}

static int removal_read(struct removal *removal, struct error *err)
{
    const struct remove_options *options = removal->options;
    struct image_tree **list = NULL;

    if (image_tree_open(options->image, options->image_version, IMAGE_TREE_WHOLE, &removal->loaded,
                        err) < 0)
        return -1;
    image_tree_list(removal->loaded, &list, &removal->change_count);
    removal->changes = xcalloc(removal->change_count, sizeof(*removal->changes));
    for (size_t i = 0; i < removal->change_count; i++) {
        struct document_change *change = &removal->changes[i];
        change->was = list[i];
        if (list[i]->image == NULL)
            continue;
        image_own_layers(list[i]->image, &change->own, &change->own_count);
        change->leaves = xcalloc(change->own_count, sizeof(*change->leaves));
        size_t count = image_layer_count(list[i]->image);
        CLEANUP(text) char *title = image_tree_title(options->image, options->image_version);
        log_info(options->log, "image: %s, %s, %zu layer%s", title, image_platform(list[i]->image),
                 count, count == 1 ? "" : "s");
    }
    free(list);
    return 0;
}

/* Another revision may need the layer still. */
static bool is_gone(const struct document_change *change, size_t layer)
{
    if (change->own[layer].record.model == NULL) { /* the folders go with the last model */
        for (size_t i = 0; i < change->own_count; i++)
            if (change->own[i].record.model != NULL && !change->leaves[i])
                return false;
        return change->edited;
    }
    for (size_t i = 0; i < change->own_count; i++)
        if (!change->leaves[i] &&
            digest_equal(&change->own[i].diff_id, &change->own[layer].diff_id))
            return false;
    return change->leaves[layer];
}

/* Does an earlier one of the layers that go have the same bytes? */
static bool is_counted(const struct removal *removal, size_t change, size_t layer)
{
    const struct digest *diff_id = &removal->changes[change].own[layer].diff_id;

    for (size_t i = 0; i <= change; i++) {
        const struct document_change *earlier = &removal->changes[i];
        for (size_t k = 0; k < (i == change ? layer : earlier->own_count); k++)
            if (is_gone(earlier, k) && digest_equal(&earlier->own[k].diff_id, diff_id))
                return true;
    }
    return false;
}

static size_t count_removed(const struct removal *removal)
{
    size_t count = 0;

    for (size_t i = 0; i < removal->change_count; i++)
        for (size_t k = 0; k < removal->changes[i].own_count; k++)
            count += is_gone(&removal->changes[i], k) && !is_counted(removal, i, k);
    return count;
}

/* Before the image is read, which may be what the tag shows. */
static int note_target(struct removal *removal, struct tag_state *shown, struct error *err)
{
    const struct remove_options *options = removal->options;
    CLEANUP(notes) struct notes notes = {.log = options->log};

    if (store_note_tag(options->target, options->target_version, options->expected, &notes, shown,
                       err) < 0)
        return error_wrap(err, "the target %s", options->target->name);
    removal->expected = options->expected != NULL ? *options->expected : *shown;
    return 0;
}

/* A tag that shows the result already may be the work of an earlier run. */
static int check_target(const struct removal *removal, const struct tag_state *shown,
                        struct error *err)
{
    const struct remove_options *options = removal->options;
    const struct descriptor *result = &removal->changes[removal->change_count - 1].becomes;

    if (shown->kind == TAG_ANY ||
        (shown->kind == TAG_IMAGE && digest_equal(&shown->digest, &result->digest)))
        return 0;
    return tag_state_check(options->target, options->target_version, &removal->expected, shown,
                           err);
}

int remove_run(const struct remove_options *options, struct remove_result *result,
               struct error *err)
{
    CLEANUP(removal)
    struct removal removal = {
        .options = options,
        .transfer = {.target = options->target,
                     .jobs = options->jobs,
                     .log = options->log,
                     .cancel = options->cancel,
                     .progress = options->progress},
    };

    struct tag_state shown;

    for (size_t i = 0; i < options->model_count; i++)
        if (removal_check_revision(&options->models[i], err) < 0)
            return -1;
    if (note_target(&removal, &shown, err) < 0)
        return -1;
    if (removal_read(&removal, err) < 0 || removal_choose(&removal, err) < 0)
        return image_tree_wrap("the image", options->image, options->image_version, err);
    if (store_probe_write(options->target, err) < 0)
        return error_wrap(err, "the target %s", options->target->name);
    if (removal_edit(&removal, err) < 0)
        return image_tree_wrap("the image", options->image, options->image_version, err);
    if (check_target(&removal, &shown, err) < 0 || removal_publish(&removal, err) < 0)
        return error_wrap(err, "the target %s", options->target->name);

    *result = (struct remove_result){
        .manifest = removal.changes[removal.change_count - 1].becomes,
        .layers_removed = count_removed(&removal),
        .moved = removal.transfer.moved,
    };
    return 0;
}
