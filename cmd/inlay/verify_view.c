#include "verify_view.h"

#include "core/text.h"

#include <stdio.h>
#include <string.h>

/* What git shows of a commit, and `inlay remove` takes. */
#define COMMIT_SHOWN 7
/* Before each finding; a line of its own. */
#define FINDING_MARK "  - "

static void add_findings(struct buf *out, const struct verify_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        buf_addf(out, FINDING_MARK "%s\n", findings->items[i].text);
}

/* By --user or --home of `inlay verify`, and not by the image. */
static bool is_user_given(const struct verify_platform *platform)
{
    return (platform->user_from != NULL && strcmp(platform->user_from, "--user") == 0) ||
           (platform->home_from != NULL && strcmp(platform->home_from, "--home") == 0);
}

/* For a user of one's own the place or its owner is another; the image's own could read it once. */
static void add_remedy(struct buf *out, const struct verify_platform *platform,
                       const struct verify_model *model)
{
    bool is_unreadable = false;

    for (size_t i = 0; i < model->findings.count; i++)
        is_unreadable = is_unreadable || model->findings.items[i].kind == VERIFY_UNREADABLE;
    if (is_unreadable && is_user_given(platform))
        buf_addf(
            out,
            "  note: for this user 'inlay inject' has --user %u:%u --home PATH, or --cache-dir "
            "PATH for a place that every user may enter\n",
            platform->uid, platform->gid);
    else if (is_unreadable)
        buf_add_text(out, "  note: the user for whom 'inlay inject' puts a model in can read it: a "
                          "layer above has changed that, or the image's user\n");
}

/* What is told of one model of a platform, behind the platform's name. */
static char *model_text(const struct verify_platform *platform, const struct verify_model *model)
{
    CLEANUP(buf) struct buf out = BUF_INIT;
    CLEANUP(text)
    char *title = xasprintf("%s@%.*s", model->name, COMMIT_SHOWN, plan_commit(model->commit).text);
    const char *path = model->path != NULL ? model->path : model->canonical;
    const char *shown = path != NULL ? path : model->place;

    if (model->findings.count > 0)
        buf_addf(&out, "%s at %s: %zu finding%s\n", title, shown, model->findings.count,
                 text_plural(model->findings.count));
    else if (!model->is_checked)
        buf_addf(&out, "%s at %s is not checked\n", title, shown);
    else if (platform->findings.count > 0)
        buf_addf(&out, "%s at %s: nothing more is wrong with it\n", title, shown);
    else
        buf_addf(&out, "user %s (%s) can read %s offline at %s, %zu file%s, %s\n", platform->user,
                 platform->user_from, title, shown, model->files, text_plural(model->files),
                 text_format_size(model->size).text);
    if (model->path != NULL && strcmp(model->path, model->canonical) != 0)
        buf_addf(&out, "  note: this path leads to %s\n", model->canonical);
    for (size_t i = 0; i < model->notes.count; i++)
        buf_addf(&out, "  note: %s\n", model->notes.items[i]);
    add_findings(&out, &model->findings);
    add_remedy(&out, platform, model);
    return buf_take(&out);
}

/* What is told, and of which platforms. */
struct paragraph {
    char *text;
    struct strings platforms;
};

struct paragraphs {
    struct paragraph *items;
    size_t count;
};

static void paragraphs_release(struct paragraphs *paragraphs)
{
    for (size_t i = 0; i < paragraphs->count; i++) {
        free(paragraphs->items[i].text);
        strings_release(&paragraphs->items[i].platforms);
    }
    free(paragraphs->items);
    *paragraphs = (struct paragraphs){NULL, 0};
}
CLEANUP_RELEASE(paragraphs)

/* Platforms of which the same is to be told are told of together. Takes over `text`. */
static void tell(struct paragraphs *paragraphs, const char *platform, char *text)
{
    size_t at = 0;

    while (at < paragraphs->count && strcmp(paragraphs->items[at].text, text) != 0)
        at++;
    if (at == paragraphs->count) {
        paragraphs->items = xrealloc(paragraphs->items, at + 1, sizeof(*paragraphs->items));
        paragraphs->items[paragraphs->count++] = (struct paragraph){xstrdup(text), STRINGS_INIT};
    }
    strings_add(&paragraphs->items[at].platforms, platform);
    free(text);
}

static void tell_platform(struct paragraphs *paragraphs, const struct verify_platform *platform)
{
    CLEANUP(buf) struct buf image = BUF_INIT;

    if (platform->findings.count > 0) {
        buf_addf(&image, "%zu finding%s in the image itself\n", platform->findings.count,
                 text_plural(platform->findings.count));
        add_findings(&image, &platform->findings);
        tell(paragraphs, platform->name, buf_take(&image));
    }
    for (size_t i = 0; i < platform->model_count; i++)
        tell(paragraphs, platform->name, model_text(platform, &platform->models[i]));
    for (size_t i = 0; i < platform->missing.count; i++)
        tell(paragraphs, platform->name, xasprintf("%s\n", platform->missing.items[i].text));
}

/* Texts from outside end on terminals; the line feeds are ours. */
static void print_masked(const char *text)
{
    CLEANUP(text) char *copy = xstrdup(text);

    for (char *line = copy; *line != '\0';) {
        char *end = strchrnul(line, '\n');
        char was = *end;
        *end = '\0';
        text_mask(line);
        puts(line);
        line = end + (was != '\0');
    }
}

void verify_view_print(const struct verify_result *result)
{
    CLEANUP(paragraphs) struct paragraphs paragraphs = {NULL, 0};

    for (size_t i = 0; i < result->platform_count; i++)
        tell_platform(&paragraphs, &result->platforms[i]);
    for (size_t i = 0; i < paragraphs.count; i++) {
        const struct paragraph *paragraph = &paragraphs.items[i];
        CLEANUP(buf) struct buf text = BUF_INIT;
        for (size_t k = 0; k < paragraph->platforms.count; k++)
            buf_addf(&text, "%s%s", k > 0 ? ", " : "", paragraph->platforms.items[k]);
        buf_addf(&text, ": %s", paragraph->text);
        print_masked(buf_text(&text));
    }
}

size_t verify_view_count(const struct verify_result *result)
{
    CLEANUP(paragraphs) struct paragraphs paragraphs = {NULL, 0};
    size_t count = 0;

    for (size_t i = 0; i < result->platform_count; i++)
        tell_platform(&paragraphs, &result->platforms[i]);
    for (size_t i = 0; i < paragraphs.count; i++)
        for (const char *at = paragraphs.items[i].text;
             (at = strstr(at, "\n" FINDING_MARK)) != NULL; at++)
            count++;
    return count;
}
