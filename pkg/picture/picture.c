#include "picture/picture.h"

#include "picture/picture_internal.h"

#include <inttypes.h>
#include <string.h>

#define HEIGHT_LEAST 26
#define HEIGHT_SHARED 260

void picture_add_fact(struct picture *picture, const char *name, const char *text)
{
    if (text[0] == '\0')
        return;
    picture->facts = xrealloc(picture->facts, picture->fact_count + 1, sizeof(*picture->facts));
    picture->facts[picture->fact_count++] = (struct picture_fact){xstrdup(name), xstrdup(text)};
}

struct picture_stack *picture_add_stack(struct picture *picture, const char *name)
{
    picture->stacks = xrealloc(picture->stacks, picture->stack_count + 1, sizeof(*picture->stacks));
    struct picture_stack *stack = &picture->stacks[picture->stack_count++];
    *stack = (struct picture_stack){.name = xstrdup(name)};
    return stack;
}

struct picture_layer *picture_add_layer(struct picture_stack *stack, const char *title)
{
    stack->layers = xrealloc(stack->layers, stack->layer_count + 1, sizeof(*stack->layers));
    struct picture_layer *layer = &stack->layers[stack->layer_count++];
    *layer = (struct picture_layer){.title = xstrdup(title)};
    return layer;
}

static void stack_release(struct picture_stack *stack)
{
    for (size_t i = 0; i < stack->layer_count; i++) {
        free(stack->layers[i].title);
        free(stack->layers[i].digest);
        free(stack->layers[i].owner);
    }
    free(stack->layers);
    free(stack->name);
    picture_tree_release(&stack->tree);
}

void picture_release(struct picture *picture)
{
    for (size_t i = 0; i < picture->stack_count; i++)
        stack_release(&picture->stacks[i]);
    for (size_t i = 0; i < picture->fact_count; i++) {
        free(picture->facts[i].name);
        free(picture->facts[i].text);
    }
    free(picture->stacks);
    free(picture->facts);
    free(picture->title);
    free(picture->about);
    strings_release(&picture->models);
    *picture = (struct picture)PICTURE_INIT;
}

static bool texts_equal(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool layers_equal(const struct picture_layer *a, const struct picture_layer *b)
{
    return texts_equal(a->title, b->title) && texts_equal(a->digest, b->digest) &&
           texts_equal(a->owner, b->owner) && a->size == b->size && a->model == b->model &&
           a->change == b->change;
}

static bool stacks_equal(const struct picture_stack *a, const struct picture_stack *b)
{
    bool equal = a->layer_count == b->layer_count;

    for (size_t i = 0; equal && i < a->layer_count; i++)
        equal = layers_equal(&a->layers[i], &b->layers[i]);
    return equal && picture_tree_equal(&a->tree, &b->tree);
}

static bool merge_into(struct picture *picture, size_t kept, const struct picture_stack *stack)
{
    for (size_t i = 0; i < kept; i++) {
        struct picture_stack *other = &picture->stacks[i];
        if (!stacks_equal(other, stack))
            continue;
        char *name = xasprintf("%s, %s", other->name, stack->name);
        free(other->name);
        other->name = name;
        return true;
    }
    return false;
}

void picture_merge(struct picture *picture)
{
    size_t kept = 0;

    for (size_t i = 0; i < picture->stack_count; i++)
        if (merge_into(picture, kept, &picture->stacks[i]))
            stack_release(&picture->stacks[i]);
        else
            picture->stacks[kept++] = picture->stacks[i];
    picture->stack_count = kept;
}

static void add_size(uint64_t *sum, uint64_t size)
{
    if (!u64_add(*sum, size, sum))
        *sum = UINT64_MAX;
}

struct picture_sums picture_sum(const struct picture_stack *stack)
{
    struct picture_sums sums = {0};

    for (size_t i = 0; i < stack->layer_count; i++) {
        const struct picture_layer *layer = &stack->layers[i];
        enum picture_group group = picture_group_of(layer);
        sums.has_owners = sums.has_owners || layer->owner != NULL;
        sums.replaced_count += group == PICTURE_GONE;
        sums.base_count += group == PICTURE_BELOW;
        sums.added_count += group == PICTURE_ADDED;
        add_size(group == PICTURE_GONE ? &sums.replaced : &sums.all, layer->size);
        if (group == PICTURE_BELOW)
            add_size(&sums.base, layer->size);
    }
    return sums;
}

/* Sizes are what others have written: the share is found without an overflow. */
static double share_of(uint64_t part, uint64_t whole)
{
    return whole > 0 && part <= whole ? (double)part / (double)whole : whole > 0 ? 1 : 0;
}

unsigned picture_height(const struct picture_layer *layer, const struct picture_sums *sums)
{
    return HEIGHT_LEAST + (unsigned)(HEIGHT_SHARED * share_of(layer->size, sums->all));
}

void picture_add_share(struct buf *out, uint64_t part, uint64_t whole)
{
    unsigned thousandths = (unsigned)(share_of(part, whole) * 1000 + 0.5);

    if (thousandths >= 100 && (thousandths < 990 || thousandths == 1000))
        buf_addf(out, "%u %%", (thousandths + 5) / 10);
    else if (thousandths > 0)
        buf_addf(out, "%u.%u %%", thousandths / 10, thousandths % 10);
    else
        buf_add_text(out, part > 0 ? "&lt; 0.1 %" : "0 %");
}

const char *picture_short_digest(const struct picture_layer *layer)
{
    static const char usual[] = "sha256:";

    return layer->digest != NULL && text_starts_with(layer->digest, usual)
               ? layer->digest + sizeof(usual) - 1
               : layer->digest;
}

enum picture_group picture_group_of(const struct picture_layer *layer)
{
    if (layer->change == PICTURE_REPLACED)
        return PICTURE_GONE;
    return layer->model == PICTURE_OF_BASE ? PICTURE_BELOW : PICTURE_ADDED;
}

static void add_count(struct buf *out, const char *title, size_t count, uint64_t size)
{
    buf_addf(out, "%s: %zu layer%s, %s", title, count, count == 1 ? "" : "s",
             text_format_size(size).text);
}

void picture_add_group(struct buf *out, enum picture_group group, const struct picture_sums *sums)
{
    uint64_t added = sums->all - sums->base;

    switch (group) {
    case PICTURE_ADDED:
        if (sums->added_count == 0)
            return;
        add_count(out, "Added by inlay", sums->added_count, added);
        buf_add_text(out, ", ");
        picture_add_share(out, added, sums->all);
        return;
    case PICTURE_BELOW:
        if (sums->base_count == 0)
            return;
        add_count(out, "Base, as it is", sums->base_count, sums->base);
        buf_add_text(out, ", ");
        picture_add_share(out, sums->base, sums->all);
        return;
    case PICTURE_GONE:
        if (sums->replaced_count > 0)
            add_count(out, "No longer in the image", sums->replaced_count, sums->replaced);
        return;
    case PICTURE_GROUPS:
        return;
    }
}

const char *picture_change_name(enum picture_change change)
{
    switch (change) {
    case PICTURE_STAYS:
        return "";
    case PICTURE_NEW:
        return "new";
    case PICTURE_REUSED:
        return "reused";
    case PICTURE_REPLACED:
        return "replaced";
    }
    abort();
}

void picture_add_class(struct buf *out, const struct picture_layer *layer)
{
    if (layer->model == PICTURE_OF_BASE)
        buf_add_text(out, "base");
    else if (layer->model == PICTURE_OF_IMAGE)
        buf_add_text(out, "image");
    else
        buf_addf(out, "m%zu", layer->model % PICTURE_COLOURS);
}

void picture_add_hover(struct buf *out, const struct picture_layer *layer,
                       const struct picture_sums *sums)
{
    picture_add_text(out, layer->title);
    buf_addf(out, "\n%s, %" PRIu64 " bytes", text_format_size(layer->size).text, layer->size);
    if (layer->change != PICTURE_REPLACED) {
        buf_add_text(out, ", ");
        picture_add_share(out, layer->size, sums->all);
        buf_add_text(out, " of the image");
    }
    if (layer->owner != NULL) {
        buf_add_text(out, "\nowner ");
        picture_add_text(out, layer->owner);
    }
    if (layer->change != PICTURE_STAYS)
        buf_addf(out, "\n%s", picture_change_name(layer->change));
    if (layer->digest != NULL) {
        buf_add_text(out, "\n");
        picture_add_text(out, layer->digest);
    }
}
