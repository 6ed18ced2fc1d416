#include "models/models_internal.h"

#include <string.h>

/* Companions of companions, and so on; more is no model that anybody has made. */
#define DEPTH_MAX 4

/* Other repositories that are asked for because the models of a call name them, all together. */
#define REPOSITORIES_MAX ((size_t)100)

/* Of a listed model, what decides how far it is followed. */
struct followed {
    unsigned depth;   /* 0: the call names it */
    bool is_followed; /* its own companions are known */
    bool is_chosen;   /* the call says what is taken of it */
    bool is_alone;    /* and what of its companions */
    bool is_whole;    /* taken by the automatic choice, not for its code or tokenizer alone */
    struct strings required; /* globs, each of which has to match */
    struct strings include;  /* of one that is not whole: all globs */
};

struct following {
    const struct model_listing *listing;
    struct models *models;  /* more and more of them */
    struct followed *items; /* one a model */
    struct companion_decisions *out;
    size_t repositories; /* different ones that were met so far */
};

static void followed_release(struct followed *followed)
{
    strings_release(&followed->required);
    strings_release(&followed->include);
}
CLEANUP_RELEASE(followed)

static void following_release(struct following *following)
{
    for (size_t i = 0; i < following->models->count; i++)
        followed_release(&following->items[i]);
    free(following->items);
}
CLEANUP_RELEASE(following)

/* Of the Hub, or where its model comes from if that has the Hub's names. */
static void find_origin(const struct model *model, const struct companion *companion,
                        struct origin *out)
{
    origin_copy(&companion->origin, out);
    if (model->plan.origin.kind != ORIGIN_MODELSCOPE)
        return;
    out->kind = ORIGIN_MODELSCOPE;
    if (strcmp(out->revision, "main") == 0) {
        free(out->revision);
        out->revision = xstrdup("master");
    }
}

static struct companion_decision *add_told(struct companion_decisions *out,
                                           const struct model *model,
                                           const struct companion *companion,
                                           const struct origin *origin)
{
    out->items = xrealloc(out->items, out->count + 1, sizeof(*out->items));
    struct companion_decision *told = &out->items[out->count++];
    *told = (struct companion_decision){
        .of = xstrdup(model->title),
        .title = origin_format(origin),
        .name = origin_record(origin),
        .size = SIZE_UNKNOWN,
        .kind = companion->kind,
        .fate = COMPANION_LEFT,
        .file = xstrdup(companion->file),
        .key = xstrdup(companion->key),
        .reason = xstrdup(companion->reason),
    };
    return told;
}

static void tell_plan(struct companion_decision *told, const struct plan *plan)
{
    told->size = plan_size(plan);
    free(told->commit);
    told->commit = text_copy(plan->pin);
}

/* The one before it of the same repository and revision; NULL: it is the first. */
static const struct companion_decision *find_told(const struct companion_decisions *out,
                                                  const struct companion_decision *told)
{
    for (size_t i = 0; &out->items[i] != told; i++)
        if (strcmp(out->items[i].title, told->title) == 0)
            return &out->items[i];
    return NULL;
}

static int count_repository(struct following *following, const struct companion_decision *told,
                            struct error *err)
{
    if (find_told(following->out, told) != NULL || ++following->repositories <= REPOSITORIES_MAX)
        return 0;
    return error_set(err, ERROR_UNSUPPORTED,
                     "models of one call name at most %zu other repositories, and '%s', which '%s' "
                     "names, is one more; take fewer models at once, or leave what they name out "
                     "with --no-companions",
                     REPOSITORIES_MAX, told->title, told->of);
}

/* The number of the model that the loader would find for it; models->count: none is listed. */
static size_t find_listed(const struct models *models, const struct model *owner,
                          const struct origin *origin)
{
    CLEANUP(text) char *name = origin_record(origin);
    const struct plan wanted = {.origin = *origin};
    const char *ref = plan_ref(&wanted);
    size_t number = 0;

    for (; number < models->count; number++) {
        const struct model *model = &models->items[number];
        if (model_goes_to(model, owner->layout, owner->path) && strcmp(model->name, name) == 0 &&
            (strcmp(plan_ref(&model->plan), ref) == 0 ||
             (strcmp(ref, "main") == 0 && model_is_by_commit(model))))
            break;
    }
    return number;
}

/* Without `include`: the automatic choice, and what is required. */
static void choose(struct plan_selection *selection, const struct strings *required,
                   const struct strings *include)
{
    const char *const *globs = (const char *const *)required->items;

    if (include == NULL) {
        selection->also = globs;
    } else {
        selection->include = globs;
        selection->optional = (const char *const *)include->items;
    }
}

/* Lists the model of this number by what of it is wanted, from the source and to the place of
 * `like`, which may be what was there of it. */
static int list_by(const struct following *following, size_t number, const struct followed *how,
                   const struct model *like, struct error *err)
{
    struct source *source = like->from;
    struct model_choice choice = {.layout = like->layout, .path = like->path};

    choose(&choice.selection, &how->required, how->is_whole ? NULL : &how->include);
    return models_add(following->listing, following->models, number, source, &choice, err);
}

static void want(struct followed *followed, const struct companion *companion)
{
    followed->is_whole = followed->is_whole || companion->include.count == 0;
    strings_add_missing(&followed->required, &companion->required);
    strings_add_missing(&followed->include, &companion->include);
}

/* Makes the model of this number an empty one that `of` asks for; takes `of`. */
static void reset(struct models *models, size_t number, char *of)
{
    struct models last = {xcalloc(1, sizeof(struct model)), 1};

    last.items[0] = models->items[number];
    models_release(&last);
    models->items[number] = (struct model){.plan = PLAN_INIT, .companion_of = of};
}

/* Lists it, as the last model; after a failure there is none. */
static int list_companion(struct following *following, size_t owner,
                          const struct companion *companion, struct source *source,
                          struct error *err)
{
    struct models *models = following->models;
    const struct model *loader = &models->items[owner];
    const struct model like = {.from = source, .layout = loader->layout, .path = loader->path};
    size_t number = models->count;

    models->items = xrealloc(models->items, number + 1, sizeof(*models->items));
    following->items = xrealloc(following->items, number + 1, sizeof(*following->items));
    models->items[number] = (struct model){.plan = PLAN_INIT};
    following->items[number] = (struct followed){.depth = following->items[owner].depth + 1};
    want(&following->items[number], companion);
    models->count++;
    reset(models, number, xstrdup(models->items[owner].title));
    if (list_by(following, number, &following->items[number], &like, err) == 0)
        return 0;
    reset(models, number, NULL);
    followed_release(&following->items[number]);
    models->count--;
    return -1;
}

/* "config.json: auto_map.AutoModel, code that is run"; caller frees. */
static char *format_why(const struct companion_decision *told)
{
    return xasprintf("%s: %s, %s", told->file, told->key, told->reason);
}

static int refuse(const struct companion_decision *told, const struct error *why, struct error *err)
{
    CLEANUP(text) char *named = format_why(told);

    return error_set(err, why->kind,
                     "'%s' needs '%s' (%s): %s; --no-companions leaves it out, and then the "
                     "application needs another way to it",
                     told->of, told->title, named, why->text);
}

/* What cannot be had: what is no code may be missing, and is then said. */
static int miss(const struct following *following, const struct companion *companion,
                const struct companion_decision *told, struct error *why, struct error *err)
{
    CLEANUP(text) char *named = format_why(told);

    if (why->kind == ERROR_CANCELED)
        return error_move(err, why);
    if (companion->kind != COMPANION_SMALL)
        return refuse(told, why, err);
    notes_warn(following->listing->notes, "%s loads %s besides (%s), which cannot be had: %s",
               told->of, told->title, named, why->text);
    return 0;
}

/* A companion that comes already, of which more is wanted now; without that it is as before. */
static int widen(struct following *following, size_t number, const struct companion *companion,
                 struct companion_decision *told, struct error *err)
{
    struct models *models = following->models;
    struct followed *followed = &following->items[number];
    const struct model *was = &models->items[number];
    const struct model like = {.from = was->from, .layout = was->layout, .path = was->path};
    CLEANUP(followed) struct followed wider = *followed;
    CLEANUP(error) struct error why = ERROR_INIT;

    wider.required = wider.include = (struct strings)STRINGS_INIT;
    strings_add_all(&wider.required, &followed->required);
    strings_add_all(&wider.include, &followed->include);
    want(&wider, companion);
    if (wider.is_whole == followed->is_whole && wider.required.count == followed->required.count &&
        wider.include.count == followed->include.count)
        return 0;
    reset(models, number, TAKE(models->items[number].companion_of));
    if (list_by(following, number, &wider, &like, &why) == 0) {
        struct followed narrower = *followed;
        *followed = wider;
        wider = narrower;
        return 0;
    }
    told->fate = COMPANION_LEFT;
    if (miss(following, companion, told, &why, err) < 0)
        return -1;
    reset(models, number, TAKE(models->items[number].companion_of));
    return list_by(following, number, followed, &like, err);
}

/* Fills `plan` as far as that can be found out, its pin first: with what is wanted of it. */
static int ask(const struct following *following, const struct model *model,
               const struct origin *origin, const struct companion *wanted, struct plan *plan,
               struct error *err)
{
    const struct models_request *request = following->listing->request;
    const struct run_context *run = following->listing->run;
    CLEANUP(plan_contents) struct plan_contents contents = PLAN_CONTENTS_INIT;
    struct plan_selection selection = {.contents = &contents, .weights = model->layout->weights};
    struct source *source = NULL;

    choose(&selection, &wanted->required, wanted->include.count > 0 ? &wanted->include : NULL);
    if (request->open_companion(request->open_arg, origin, &source, err) < 0 ||
        source_list(source, plan, err) < 0 ||
        source_read_contents(source, plan, run->memo, run->cancel, &contents, err) < 0)
        return -1;
    return plan_select(plan, &selection, err);
}

/* Whether what the base has by this name is what the loader will ask for; -1 if canceled. */
static int base_answers(const struct following *following, const struct model *model,
                        const struct origin *origin, struct base_question *question, bool *answers,
                        struct error *err)
{
    static const struct companion whole = {.kind = COMPANION_WEIGHTS};
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error why = ERROR_INIT; /* then records alone decide */

    if (ask(following, model, origin, &whole, &plan, &why) == 0)
        question->all_files = plan.count;
    if (why.kind == ERROR_CANCELED)
        return error_move(err, &why);
    question->pin = plan.pin;
    *answers = base_has_model(following->listing->base, question);
    question->pin = NULL;
    return 0;
}

/* What the loader will ask for: how large it is, as far as that can be found out. */
static int measure(const struct following *following, const struct model *model,
                   const struct companion *companion, const struct origin *origin,
                   struct companion_decision *told, struct error *err)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error why = ERROR_INIT;
    CLEANUP(text) char *named = format_why(told);
    const struct companion_decision *before = find_told(following->out, told);

    if (before != NULL && before->kind == told->kind && before->size != SIZE_UNKNOWN) {
        told->size = before->size;
        told->commit = text_copy(before->commit);
    } else if (ask(following, model, origin, companion, &plan, &why) == 0) {
        tell_plan(told, &plan);
    }
    if (why.kind == ERROR_CANCELED)
        return error_move(err, &why);
    const char *size =
        told->size != SIZE_UNKNOWN ? text_format_size(told->size).text : "of unknown size";
    notes_warn(following->listing->notes,
               "%s loads %s besides (%s, %s), which is not taken: name it, too, or --companions "
               "takes it%s%s",
               told->of, told->title, named, size, why.text != NULL ? "; so far: " : "",
               why.text != NULL ? why.text : "");
    return 0;
}

static int take(struct following *following, size_t owner, const struct companion *companion,
                const struct origin *origin, struct companion_decision *told, struct error *err)
{
    const struct model_listing *listing = following->listing;
    const struct models_request *request = listing->request;
    CLEANUP(error) struct error why = ERROR_INIT;
    CLEANUP(text) char *named = format_why(told);
    struct source *source = NULL;

    if (request->open_companion(request->open_arg, origin, &source, &why) < 0 ||
        list_companion(following, owner, companion, source, &why) < 0)
        return miss(following, companion, told, &why, err);
    tell_plan(told, &following->models->items[following->models->count - 1].plan);
    told->fate = COMPANION_COMES;
    notes_info(listing->notes, "%s comes along: %s loads it (%s)", told->title, told->of, named);
    return 0;
}

/* Of code and tokenizers the base's stay: what it has may be more, and would be replaced. */
static void leave(const struct following *following, struct companion_decision *told)
{
    CLEANUP(text) char *named = format_why(told);

    notes_warn(
        following->listing->notes,
        "%s loads %s besides (%s); the image has another commit of it, which stays: name it, "
        "too, to have it renewed ('inlay verify' tells whether its loader finds that one)",
        told->of, told->title, named);
}

/* What neither the base has nor can be asked for. */
static void do_without(const struct following *following, const struct model *model,
                       const struct companion_decision *told)
{
    struct notes *notes = following->listing->notes;
    CLEANUP(text) char *named = format_why(told);

    if (model->layout->content != LAYOUT_HUB_CACHE)
        notes_warn(notes,
                   "%s loads %s besides (%s), which layout %s has no place for: it is not taken",
                   told->of, told->title, named, model->layout->name);
    else
        notes_warn(notes, "%s loads %s besides (%s), which is left out", told->of, told->title,
                   named);
}

static int decide(struct following *following, size_t owner, const struct companion *companion,
                  const struct origin *origin, struct companion_decision *told, struct error *err)
{
    const struct model_listing *listing = following->listing;
    const struct models_request *request = listing->request;
    const struct model *model = &following->models->items[owner];
    const struct plan wanted = {.origin = *origin};
    bool is_small = companion->kind != COMPANION_WEIGHTS;
    bool asks = model->layout->content == LAYOUT_HUB_CACHE && request->open_companion != NULL &&
                request->companions != COMPANIONS_NONE;
    bool answers = false;
    struct base_question question = {
        .name = told->name, .layout = model->layout, .all_files = SIZE_MAX};
    bool is_named = base_has_model(listing->base, &question);

    if (asks && (is_small ? !is_named : request->companions == COMPANIONS_ALL))
        return take(following, owner, companion, origin, told, err);
    question.ref = plan_ref(&wanted);
    question.wants_weights = !is_small;
    question.wants_part = !is_small && companion->include.count > 0;
    if (!asks)
        answers = base_has_model(listing->base, &question);
    else if (is_named && base_answers(following, model, origin, &question, &answers, err) < 0)
        return -1;
    if (is_named && !answers && !is_small)
        notes_info(listing->notes, "%s: the image has another commit of it, or less", told->title);
    if (!answers && asks && !is_small)
        return measure(following, model, companion, origin, told, err);
    if (answers)
        told->fate = COMPANION_THERE;
    else if (asks)
        leave(following, told);
    else
        do_without(following, model, told);
    return 0;
}

static int meet(struct following *following, size_t owner, const struct companion *companion,
                struct error *err)
{
    const struct model_listing *listing = following->listing;
    struct models *models = following->models;
    CLEANUP(origin) struct origin origin = ORIGIN_INIT;

    find_origin(&models->items[owner], companion, &origin);
    size_t listed = find_listed(models, &models->items[owner], &origin);
    struct companion_decision *told =
        add_told(following->out, &models->items[owner], companion, &origin);
    if (listing->request->companions != COMPANIONS_NONE &&
        count_repository(following, told, err) < 0)
        return -1;
    if (listed == models->count)
        return decide(following, owner, companion, &origin, told, err);
    bool is_named = models->items[listed].companion_of == NULL;
    told->fate = is_named ? COMPANION_NAMED : COMPANION_COMES;
    if (!is_named && !following->items[listed].is_chosen &&
        widen(following, listed, companion, told, err) < 0)
        return -1;
    if (told->fate != COMPANION_LEFT)
        tell_plan(told, &models->items[listed].plan);
    return 0;
}

/* transformers and diffusers copy what they run. */
static void tell_code(const struct model_listing *listing, const struct model *model)
{
    if (model->layout->runs_code)
        notes_info(listing->notes,
                   "%s has code, which is copied at the start to HF_MODULES_CACHE (HF_HOME/modules "
                   "if that is not set): that has to be writable, on a read-only root file system "
                   "too",
                   model->title);
}

static int follow(struct following *following, size_t number, struct error *err)
{
    const struct model_listing *listing = following->listing;
    const struct model *model = &following->models->items[number];
    CLEANUP(companions) struct companions found = COMPANIONS_INIT;
    CLEANUP(strings) struct strings files = STRINGS_INIT;

    for (size_t i = 0; i < model->plan.count; i++)
        strings_add(&files, model->plan.files[i].path);
    if (companions_find(model->name, &model->contents, &files, &found, err) < 0)
        return -1;
    for (size_t i = 0; i < found.notes.count; i++)
        notes_warn(listing->notes, "%s: %s", model->title, found.notes.items[i]);
    if (companions_find_code(&found) != NULL)
        tell_code(listing, model);
    for (size_t i = 0; i < found.count && !following->items[number].is_alone; i++)
        if (meet(following, number, &found.items[i], err) < 0)
            return -1;
    return 0;
}

int companions_follow(const struct model_listing *listing, struct models *models,
                      struct companion_decisions *out, struct error *err)
{
    CLEANUP(following)
    struct following following = {listing, models, xcalloc(models->count, sizeof(struct followed)),
                                  out, 0};

    for (size_t i = 0; i < models->count; i++) {
        following.items[i].is_whole = true;
        following.items[i].is_chosen = listing->request->choices[i].is_chosen;
        following.items[i].is_alone = listing->request->choices[i].is_alone;
    }
    for (size_t i = 0; i < models->count; i++) {
        struct followed *followed = &following.items[i];
        if (followed->is_followed || !followed->is_whole || followed->depth == DEPTH_MAX)
            continue;
        followed->is_followed = true;
        if (follow(&following, i, err) < 0)
            return -1;
        i = SIZE_MAX; /* one before may have become whole */
    }
    return 0;
}
