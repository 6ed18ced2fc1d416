#include "picture/picture_internal.h"

/* Columns of the drawing. */
#define BLOCK_X 24
#define BLOCK_WIDTH 130
#define TITLE_X 172
#define SIZE_END 644
#define OWNER_X 668
#define CHANGE_X 756
#define DIGEST_X 830
#define RIGHT 976
#define TITLE_COLUMNS 57
#define DIGEST_COLUMNS 20
/* The text's line below the middle of its row. */
#define BASELINE 4

static void add_cell(struct buf *out, const char *text, unsigned x, unsigned y, const char *class)
{
    if (text == NULL || text[0] == '\0')
        return;
    buf_addf(out, "<text x=\"%u\" y=\"%u\" class=\"%s\">", x, y, class);
    picture_add_fitted(out, text, x == DIGEST_X ? DIGEST_COLUMNS : TITLE_COLUMNS);
    buf_add_text(out, "</text>");
}

static void add_head(const struct picture *picture, const struct picture_sums *sums,
                     struct buf *out, unsigned *y)
{
    *y += 18;
    add_cell(out, "layer", TITLE_X, *y, "soft");
    add_cell(out, "size", SIZE_END, *y, "soft end");
    add_cell(out, sums->has_owners ? "owner" : "", OWNER_X, *y, "soft");
    add_cell(out, picture->tells_changes ? "change" : "", CHANGE_X, *y, "soft");
    add_cell(out, "digest", DIGEST_X, *y, "soft");
    *y += 4;
}

static void add_layer(const struct picture_layer *layer, const struct picture_sums *sums,
                      struct buf *out, unsigned *y)
{
    bool is_gone = layer->change == PICTURE_REPLACED;
    unsigned height = is_gone ? 26 : picture_height(layer, sums);
    unsigned line = *y + height / 2 + BASELINE;

    buf_add_text(out, "<g class=\"row ");
    picture_add_class(out, layer);
    buf_addf(out, "%s\"><title>", is_gone ? " gone" : "");
    picture_add_hover(out, layer, sums);
    buf_addf(out,
             "</title><rect class=\"block\" x=\"%d\" y=\"%u\" width=\"%d\" height=\"%u\" "
             "rx=\"4\"/>",
             BLOCK_X, *y, BLOCK_WIDTH, height);
    if (!is_gone) {
        buf_addf(out, "<text x=\"%d\" y=\"%u\" class=\"on mid\">", BLOCK_X + BLOCK_WIDTH / 2, line);
        picture_add_share(out, layer->size, sums->all);
        buf_add_text(out, "</text>");
    }
    add_cell(out, layer->title, TITLE_X, line, "name");
    add_cell(out, text_format_size(layer->size).text, SIZE_END, line, "end");
    add_cell(out, layer->owner, OWNER_X, line, "mono");
    add_cell(out, picture_change_name(layer->change), CHANGE_X, line,
             picture_change_name(layer->change));
    add_cell(out, picture_short_digest(layer), DIGEST_X, line, "mono soft");
    buf_add_text(out, "</g>\n");
    *y += height;
}

static void add_group(const struct picture_stack *stack, enum picture_group group,
                      const struct picture_sums *sums, struct buf *out, unsigned *y)
{
    CLEANUP(buf) struct buf title = BUF_INIT;

    picture_add_group(&title, group, sums);
    if (title.size == 0)
        return;
    *y += 16;
    buf_addf(out, "<text x=\"%d\" y=\"%u\" class=\"group\">%s</text>", BLOCK_X, *y,
             buf_text(&title));
    buf_addf(out, "<line class=\"rule\" x1=\"%d\" y1=\"%u\" x2=\"%d\" y2=\"%u\"/>\n", BLOCK_X,
             *y + 6, RIGHT, *y + 6);
    *y += 10;
    for (size_t i = stack->layer_count; i > 0; i--)
        if (picture_group_of(&stack->layers[i - 1]) == group)
            add_layer(&stack->layers[i - 1], sums, out, y);
    *y += 8;
}

void picture_svg_stack(const struct picture *picture, const struct picture_stack *stack,
                       struct buf *out, unsigned *y)
{
    struct picture_sums sums = picture_sum(stack);

    add_head(picture, &sums, out, y);
    for (enum picture_group group = PICTURE_ADDED; group < PICTURE_GROUPS; group++)
        add_group(stack, group, &sums, out, y);
}
