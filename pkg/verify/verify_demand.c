#include "verify/verify_internal.h"

#include <string.h>

/* Models that the image has to have, as the caller or the application names them. */

/* What git shows of a commit. */
#define COMMIT_SHOWN 7

/* The best answer that a model of the platform gives. */
struct verdict {
    enum layout_answer answer;
    const char *lacking;
};

/* Of a model that could not be checked nothing is known but its record, and that is a finding. */
static enum layout_answer answer_of(const struct verify_demand *demand,
                                    const struct verify_model *model, const char **lacking)
{
    const struct layout_state state = {
        .name = model->name,
        .layout = model->layout,
        .commit = model->commit,
        .refs = model->is_checked ? &model->refs : NULL,
        .paths = model->is_checked ? &model->paths : NULL,
        .place = model->place,
        .links = &model->links,
    };

    return layout_answer(&demand->wanted, &state, lacking);
}

static struct verdict judge(const struct verify_demand *demand,
                            const struct verify_platform *platform)
{
    struct verdict best = {.answer = LAYOUT_IS_OTHER};

    for (size_t i = 0; i < platform->model_count; i++) {
        const char *lacking = NULL;
        enum layout_answer answer = answer_of(demand, &platform->models[i], &lacking);
        if (answer < best.answer)
            best = (struct verdict){answer, lacking};
    }
    return best;
}

static bool is_named(const struct verify_demand *demand, const struct verify_model *model)
{
    return layout_is_record_of(layout_find(model->layout), model->name, demand->wanted.model);
}

/* The models of that name, or if there is none all of them: what may have been meant. */
static char *list_models(const struct verify_demand *demand, const struct verify_platform *platform)
{
    CLEANUP(strings) struct strings titles = STRINGS_INIT;
    CLEANUP(buf) struct buf list = BUF_INIT;

    for (unsigned all = 0; all < 2 && titles.count == 0; all++)
        for (size_t i = 0; i < platform->model_count; i++) {
            const struct verify_model *model = &platform->models[i];
            CLEANUP(text)
            char *title = xasprintf("%s@%.*s (%s)", model->name, COMMIT_SHOWN,
                                    plan_commit(model->commit).text, model->layout);
            if ((all != 0 || is_named(demand, model)) && !strings_has(&titles, title))
                strings_add(&titles, title);
        }
    for (size_t i = 0; i < titles.count; i++)
        buf_addf(&list, "%s%s", i > 0 ? ", " : "", titles.items[i]);
    return titles.count > 0 ? buf_take(&list) : xstrdup("no models");
}

/* "'v1', 'v2' alone", "the commit 1234567 alone": how its loader finds it. Caller frees. */
static char *list_refs(const struct verify_demand *demand, const struct verify_platform *platform)
{
    CLEANUP(buf) struct buf list = BUF_INIT;

    for (size_t i = 0; i < platform->model_count; i++) {
        const struct verify_model *model = &platform->models[i];
        const char *lacking = NULL;
        if (answer_of(demand, model, &lacking) != LAYOUT_LACKS_REVISION)
            continue;
        for (size_t k = 0; k < model->refs.count; k++)
            buf_addf(&list, "%s'%s'", list.size > 0 ? ", " : "", model->refs.items[k]);
        if (model->refs.count == 0)
            buf_addf(&list, "%sthe commit %.*s", list.size > 0 ? ", " : "", COMMIT_SHOWN,
                     plan_commit(model->commit).text);
    }
    buf_add_text(&list, " alone");
    return buf_take(&list);
}

/* What the application's first start would do, and what keeps it from that. Caller frees. */
static char *format_start(const struct verify_demand *demand, const struct verdict *verdict)
{
    CLEANUP(text) char *name = origin_record(demand->wanted.model);
    const char *revision = layout_demand_revision(&demand->wanted);

    if (demand->place == NULL)
        return xstrdup("");
    if (verdict->answer != LAYOUT_LACKS_REVISION && demand->wanted.place != NULL)
        return xasprintf(" (%s): 'inlay inject IMAGE --scan --to TARGET' puts it there, and so "
                         "does the MODEL '%s,layout=%s,path=%s'",
                         demand->place, demand->title, demand->wanted.layout, demand->wanted.place);
    if (verdict->answer != LAYOUT_LACKS_REVISION)
        return xasprintf(" (%s): 'inlay inject IMAGE --scan --to TARGET' puts it in",
                         demand->place);
    return xasprintf(": the first start will ask for %s@%s (%s); 'inlay inject IMAGE --scan --to "
                     "TARGET' puts it in, or let the application name the revision that is there",
                     name, revision, demand->place);
}

static void tell(const struct verify_demand *demand, const struct verdict *verdict,
                 struct verify_platform *platform)
{
    const char *layout = demand->wanted.layout;
    CLEANUP(text) char *there = list_models(demand, platform);
    CLEANUP(text) char *start = format_start(demand, verdict);
    bool names_layout = layout != NULL && verdict->answer != LAYOUT_LACKS_REVISION;
    bool names_place = names_layout && demand->wanted.place != NULL;

    if (verdict->answer == LAYOUT_LACKS_FILES) {
        findings_add(&platform->missing, VERIFY_NOT_BAKED, NULL,
                     "'%s' is there without %s, which is asked for%s", demand->title,
                     verdict->lacking, start);
        return;
    }
    if (verdict->answer == LAYOUT_LACKS_REVISION && demand->place != NULL) {
        CLEANUP(text) char *refs = list_refs(demand, platform);
        findings_add(&platform->missing, VERIFY_NOT_BAKED, NULL, "'%s' is there as %s%s",
                     demand->title, refs, start);
        return;
    }
    findings_add(&platform->missing, VERIFY_NOT_BAKED, NULL,
                 "'%s' is not there%s%s%s%s%s; the image has %s%s", demand->title,
                 names_layout ? " in the layout " : "", names_layout ? layout : "",
                 names_place ? " in '" : "", names_place ? demand->wanted.place : "",
                 names_place ? "'" : "", there, start);
}

/* The folder that a call names, links followed, as records have it. Caller frees. */
static char *canonical_place(const struct check *check, const char *place)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* then it is compared as it is written */
    struct rootfs_entry *way = NULL;
    size_t count = 0;

    if (check->rootfs == NULL || place[0] != '/' ||
        rootfs_walk(check->rootfs, place, &way, &count, &ignored) < 0)
        return xstrdup(place);
    char *canonical = xasprintf("/%s", count > 0 ? way[count - 1].path : "");
    rootfs_entries_free(way, count);
    return canonical;
}

static struct verdict judge_there(const struct check *check, const struct verify_demand *demand)
{
    struct verify_demand canonical = *demand;

    if (demand->wanted.place == NULL)
        return judge(demand, check->platform);
    CLEANUP(text) char *place = canonical_place(check, demand->wanted.place);
    canonical.wanted.place = place;
    return judge(&canonical, check->platform);
}

void check_demands(const struct check *check, struct strings *missing)
{
    const struct verify_options *options = check->options;

    for (size_t i = 0; i < options->demand_count; i++) {
        const struct verify_demand *demand = &options->demands[i];
        const struct verdict verdict = judge_there(check, demand);
        if (verdict.answer == LAYOUT_MEETS)
            continue;
        tell(demand, &verdict, check->platform);
        if (!strings_has(missing, demand->title))
            strings_add(missing, demand->title);
    }
}
