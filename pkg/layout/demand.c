#include "layout/demand.h"

#include "core/text.h"

#include <string.h>

/* Fewer digits than this name too many commits: such a text is a ref's name. */
#define COMMIT_HEX_MIN ((size_t)7)
#define COMMIT_HEX ((size_t)40)
#define MAIN "main"

bool layout_is_same_place(const struct layout *one, const struct layout *other)
{
    return one == other ||
           (one != NULL && other != NULL && one->content == LAYOUT_HUB_CACHE &&
            other->content == LAYOUT_HUB_CACHE && !one->takes_path && !other->takes_path &&
            one->base == other->base && strcmp(one->below, other->below) == 0);
}

/* Whether the model's own folder is that of the demand, if it is in this place. */
static bool is_in(const struct layout_demand *demand, const struct layout_state *state,
                  const char *place)
{
    const struct layout *layout = layout_find(state->layout);
    const struct layout *wanted = layout_find(demand->layout);
    const char *name = NULL;
    enum origin_kind kind = origin_from_record(state->name, &name);

    if (layout == NULL || wanted == NULL || layout->content != wanted->content)
        return false;
    CLEANUP(text) char *folder = layout_folder(layout, place, kind, name);
    CLEANUP(text) char *asked = layout_folder(wanted, demand->place, kind, name);
    /* Whose home it is, is not known here. */
    return asked[0] == '~' ? text_ends_with(folder, asked + 1) : strcmp(folder, asked) == 0;
}

static bool is_where_asked(const struct layout_demand *demand, const struct layout_state *state)
{
    if (state->place == NULL || is_in(demand, state, state->place))
        return true;
    for (size_t i = 0; state->links != NULL && i < state->links->count; i++)
        if (is_in(demand, state, state->links->items[i]))
            return true;
    return false;
}

static bool has_place(const struct layout_demand *demand, const struct layout_state *state)
{
    if (demand->layout == NULL)
        return true;
    if (demand->place != NULL)
        return is_where_asked(demand, state);
    if (!demand->by_loader)
        return strcmp(demand->layout, state->layout) == 0;
    return layout_is_same_place(layout_find(demand->layout), layout_find(state->layout));
}

const char *layout_demand_revision(const struct layout_demand *demand)
{
    bool is_default =
        demand->revision == NULL || origin_is_main(demand->model->kind, demand->revision);

    return is_default ? MAIN : demand->revision;
}

static bool has_ref(const struct layout_state *state, const char *revision)
{
    return state->refs == NULL || strings_has(state->refs, revision);
}

/* Of what has no commits the checksum, if one is said, is all that tells states apart. */
static bool has_digest(const struct layout_demand *demand, const struct layout_state *state)
{
    const struct digest *digest = &demand->model->digest;

    return digest->algorithm == DIGEST_NONE ||
           strcmp(state->commit, digest_format(digest).text) == 0;
}

/* Plain files are one state of a model, and loaders do not ask which one that is. */
static bool has_revision(const struct layout_demand *demand, const struct layout_state *state)
{
    const struct layout *layout = layout_find(state->layout);
    const char *revision = layout_demand_revision(demand);

    if (demand->by_loader &&
        (demand->any_revision || layout == NULL || layout->content != LAYOUT_HUB_CACHE))
        return true;
    if (demand->by_loader && text_is_hex(revision, COMMIT_HEX))
        return strcmp(plan_commit(state->commit).text, revision) == 0;
    if (demand->by_loader)
        return has_ref(state, revision);
    if (demand->revision == NULL || (strlen(demand->revision) >= COMMIT_HEX_MIN &&
                                     text_starts_with(state->commit, demand->revision)))
        return true;
    return has_ref(state, demand->revision);
}

static bool has_match(const struct layout_state *state, const char *glob)
{
    for (size_t i = 0; i < state->paths->count; i++)
        if (glob_matches(glob, state->paths->items[i]))
            return true;
    return false;
}

/* Whether --weights would find them among the files that are there. */
static bool has_weights(const struct layout_state *state, const char *weights)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error why = ERROR_INIT; /* several that fit are enough, too */
    const struct plan_selection selection = {.format = weights};

    for (size_t i = 0; i < state->paths->count; i++)
        plan_add(&plan, &(struct plan_file){.path = state->paths->items[i], .size = 1});
    plan_sort(&plan);
    return plan_select(&plan, &selection, &why) == 0 || why.kind == ERROR_UNSUPPORTED;
}

/* Whether there are weights, and none in a format that its loader reads. */
static bool has_others_alone(const struct layout_state *state, const char *const *readable)
{
    static const char *const formats[] = {"safetensors", "pytorch", "onnx",    "openvino", "gguf",
                                          "tensorflow",  "flax",    "mistral", "coreml"};
    bool has_any = false;

    for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
        bool is_there = has_weights(state, formats[i]);
        if (is_there && text_is_among(formats[i], readable))
            return false;
        has_any = has_any || is_there;
    }
    return has_any;
}

/* Files that a layout names otherwise are not missed. */
static const char *find_lacking(const struct layout_demand *demand,
                                const struct layout_state *state)
{
    const struct layout *layout = layout_find(state->layout);

    if (state->paths == NULL || layout == NULL ||
        (layout->content != LAYOUT_HUB_CACHE && layout->file_path != NULL))
        return NULL;
    for (size_t i = 0; demand->files != NULL && i < demand->files->count; i++)
        if (!has_match(state, demand->files->items[i]))
            return demand->files->items[i];
    if (demand->weights != NULL && !has_weights(state, demand->weights))
        return demand->weights;
    return demand->readable != NULL && has_others_alone(state, demand->readable)
               ? demand->readable[0]
               : NULL;
}

enum layout_answer layout_answer(const struct layout_demand *demand,
                                 const struct layout_state *state, const char **lacking)
{
    if (!layout_is_record_of(layout_find(state->layout), state->name, demand->model))
        return LAYOUT_IS_OTHER;
    if (!has_place(demand, state))
        return LAYOUT_LACKS_PLACE;
    if (!has_digest(demand, state) || !has_revision(demand, state))
        return LAYOUT_LACKS_REVISION;
    *lacking = find_lacking(demand, state);
    return *lacking == NULL ? LAYOUT_MEETS : LAYOUT_LACKS_FILES;
}
