#include "verify/verify_internal.h"

#include "image/image.h"

#include <string.h>

/* An image and what is stated of it: --provenance. */

static bool is_subject(const struct check *check, const struct statement *statement)
{
    for (size_t i = 0; i < statement->subject_count; i++)
        if (digest_equal(&statement->subjects[i], check->root) ||
            digest_equal(&statement->subjects[i], &check->platform->digest))
            return true;
    return false;
}

static void check_base(struct check *check, const struct statement *statement)
{
    const char *digest = image_base_digest(check->loaded->image);
    CLEANUP(buf) struct buf list = BUF_INIT;

    if (digest == NULL || strings_has(&statement->bases, digest))
        return;
    for (size_t i = 0; i < statement->bases.count; i++)
        buf_addf(&list, "%s%s", i > 0 ? ", " : "", statement->bases.items[i]);
    findings_add(&check->platform->findings, VERIFY_STATEMENT, NULL,
                 "the image records the base %s, the statement has %s", digest,
                 statement->bases.count > 0 ? buf_text(&list) : "no digest of a base");
}

static void add_flaws(struct verify_findings *findings, const char *of, const struct strings *flaws)
{
    for (size_t i = 0; i < flaws->count; i++)
        findings_add(findings, VERIFY_STATEMENT, NULL, "the statement contradicts itself on %s: %s",
                     of, flaws->items[i]);
}

/*
 * "docker://" stands before names of registries that are called like a scheme. An image records the
 * digest behind the name, where the base was given by it; a statement has it beside the name.
 */
static bool is_same_name(const char *recorded, const char *stated)
{
    static const char prefix[] = "docker://";

    recorded += text_starts_with(recorded, prefix) ? strlen(prefix) : 0;
    stated += text_starts_with(stated, prefix) ? strlen(prefix) : 0;
    size_t size = strcspn(recorded, "@");
    return strlen(stated) == size && strncmp(recorded, stated, size) == 0;
}

/* The image that was the base itself is recorded by its name, too. */
static void check_base_name(struct check *check, const struct statement *statement)
{
    const char *digest = image_base_digest(check->loaded->image);
    const char *name = image_base_name(check->loaded->image);
    const char *stated = statement->base_name;

    if (digest != NULL && name != NULL && stated != NULL &&
        strcmp(statement->bases.items[0], digest) == 0 && !is_same_name(name, stated))
        findings_add(&check->platform->findings, VERIFY_STATEMENT, NULL,
                     "the image records the base '%s', the statement has '%s'", name, stated);
}

static bool is_stated_as(const struct verify_model *model, const struct stated_model *stated)
{
    return strcmp(model->name, stated->name) == 0 && strcmp(model->commit, stated->pin) == 0 &&
           strcmp(model->layout, stated->layout) == 0;
}

/* What the model is by the statement, by what the image records of it. */
static void check_stated_model(struct verify_model *model, const struct stated_model *stated)
{
    enum origin_kind kind = stated->plan.origin.kind;
    const char *source = origin_is_of_hub(kind) ? "hub" : origin_kind_name(kind);
    CLEANUP(text) char *of = xasprintf("'%s'", stated->name);

    if (stated->has_source && strcmp(model->source, source) != 0)
        findings_add(&model->findings, VERIFY_STATEMENT, NULL,
                     "the image records the source '%s', the statement has '%s'", model->source,
                     source);
    add_flaws(&model->findings, of, &stated->flaws);
}

/* How many of the image's models are recorded like this one, beginning with `first`. */
static size_t count_alike(const struct verify_platform *platform, const struct stated_model *stated,
                          size_t first)
{
    size_t count = 0;

    for (size_t i = first; i < platform->model_count; i++)
        count += is_stated_as(&platform->models[i], stated);
    return count;
}

/* How many models are stated like this one, without those that came with the base. */
static size_t count_stated_alike(const struct statement *statement,
                                 const struct stated_model *stated)
{
    size_t count = 0;

    for (size_t i = 0; i < statement->model_count; i++) {
        const struct stated_model *other = &statement->models[i];
        count += !other->is_kept && strcmp(other->name, stated->name) == 0 &&
                 strcmp(other->pin, stated->pin) == 0 && strcmp(other->layout, stated->layout) == 0;
    }
    return count;
}

/* A model may be in several places; one that came with the base need not have been for every
 * platform. */
static void check_stated(struct check *check, const struct statement *statement,
                         const struct stated_model *stated)
{
    struct verify_platform *platform = check->platform;
    size_t there = count_alike(platform, stated, 0);
    size_t times = count_stated_alike(statement, stated);

    if (there == 0 && !stated->is_kept)
        findings_add(&platform->findings, VERIFY_STATEMENT, NULL,
                     "the statement has '%s' at %s in the layout %s, which the image does not "
                     "record",
                     stated->name, stated->pin, stated->layout);
    else if (!stated->is_kept && times > there)
        findings_add(&platform->findings, VERIFY_STATEMENT, NULL,
                     "the statement has '%s' %zu times, the image records it %zu time%s",
                     stated->name, times, there, there == 1 ? "" : "s");
}

/* Each of them, and not the first alone: readers need not take the first. */
static void check_model_statements(struct verify_model *model, const struct statement *statement)
{
    bool is_stated = false;

    for (size_t i = 0; i < statement->model_count; i++) {
        if (!is_stated_as(model, &statement->models[i]))
            continue;
        is_stated = true;
        check_stated_model(model, &statement->models[i]);
    }
    if (!is_stated)
        findings_add(&model->findings, VERIFY_STATEMENT, NULL, "the statement does not name it");
}

static void check_statement(struct check *check, const struct statement *statement)
{
    struct verify_platform *platform = check->platform;

    if (!is_subject(check, statement))
        findings_add(&platform->findings, VERIFY_STATEMENT, NULL,
                     "the statement is about %s, and not about this image, %s",
                     digest_format(&statement->subjects[0]).text, digest_format(check->root).text);
    add_flaws(&platform->findings, "the image", &statement->subject_flaws);
    check_base(check, statement);
    check_base_name(check, statement);
    add_flaws(&platform->findings, "the base", &statement->base_flaws);
    for (size_t i = 0; i < statement->model_count; i++)
        check_stated(check, statement, &statement->models[i]);
    for (size_t i = 0; i < platform->model_count; i++)
        check_model_statements(&platform->models[i], statement);
}

void check_statements(struct check *check)
{
    for (size_t i = 0; i < check->options->statement_count; i++)
        check_statement(check, &check->options->statements[i]);
}

static void compare_statement(struct subject *subject, const struct stated_model *stated)
{
    const struct plan *plan = &stated->plan;
    const struct comparison comparison = {
        .plan = plan,
        .kind = VERIFY_STATEMENT,
        .whose = "the statement",
        .by_content = !origin_is_of_hub(plan->origin.kind),
    };
    CLEANUP(strings) struct strings paths = STRINGS_INIT;

    subject_compare(subject, &comparison, &paths);
    for (size_t i = 0; i < plan->count; i++)
        if (!subject_has_file(subject, paths.items[i]) &&
            !(comparison.by_content && subject_has_content(subject, &plan->files[i])))
            findings_add(&subject->model->findings, VERIFY_STATEMENT, NULL,
                         "the statement has '%s', which is not there", plan->files[i].path);
}

/* What the model's files and those that are stated differ in; nothing is told of the base's. */
static struct verify_findings find_differences(struct subject *subject,
                                               const struct stated_model *stated)
{
    struct verify_findings *findings = &subject->model->findings;
    struct verify_findings before = *findings;

    *findings = (struct verify_findings){NULL, 0};
    if (!stated->is_kept)
        compare_statement(subject, stated);
    struct verify_findings found = *findings;
    *findings = before;
    return found;
}

static bool is_taken(const struct check *check, const struct stated_model *stated)
{
    for (size_t i = 0; i < check->taken_count; i++)
        if (check->taken[i] == stated)
            return true;
    return false;
}

static void take(struct check *check, const struct stated_model *stated)
{
    check->taken =
        xrealloc(check->taken, check->taken_count + 1, sizeof(const struct stated_model *));
    check->taken[check->taken_count++] = stated;
}

/* Those of the statement that are left for this model, and of which each has to be one's. */
static size_t count_left(const struct subject *subject, const struct statement *statement)
{
    size_t count = 0;

    for (size_t i = 0; i < statement->model_count; i++) {
        const struct stated_model *stated = &statement->models[i];
        count += !stated->is_kept && is_stated_as(subject->model, stated) &&
                 !is_taken(subject->check, stated);
    }
    return count;
}

/*
 * The same model may be in several places with other files in each, and a statement does not tell
 * the places: each model takes what fits it best, and what is left is for the next. It may have
 * come with the base if there are more models than entries with files.
 */
static void compare_with_best(struct subject *subject, const struct statement *statement)
{
    struct check *check = subject->check;
    const struct verify_platform *platform = check->platform;
    size_t number = (size_t)(subject->model - platform->models);
    size_t left = count_left(subject, statement);
    const struct stated_model *best = NULL;
    struct verify_findings least = {NULL, 0};
    bool is_stated = false;

    for (size_t i = 0; i < statement->model_count; i++) {
        const struct stated_model *stated = &statement->models[i];
        if (!is_stated_as(subject->model, stated))
            continue;
        is_stated = true;
        if (is_taken(check, stated) ||
            (stated->is_kept && count_alike(platform, stated, number) <= left))
            continue;
        struct verify_findings found = find_differences(subject, stated);
        if (best == NULL || found.count < least.count ||
            (found.count == least.count && best->is_kept)) {
            best = stated;
            struct verify_findings worse = least;
            least = found;
            found = worse;
        }
        findings_release(&found);
    }
    if (best != NULL && !best->is_kept)
        take(check, best);
    findings_move(&subject->model->findings, &least);
    if (best == NULL && is_stated)
        findings_add(&subject->model->findings, VERIFY_STATEMENT, NULL,
                     "the statement names it fewer times than the image records it");
}

void subject_compare_statements(struct subject *subject)
{
    const struct verify_options *options = subject->check->options;

    for (size_t i = 0; i < options->statement_count; i++)
        compare_with_best(subject, &options->statements[i]);
}
