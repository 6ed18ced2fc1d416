#include "picture/picture_internal.h"

#define LEFT 24
#define STEP 20
#define ROW 23
#define MODE_X 690
#define OWNER_X 746
#define CHANGE_X 840
#define SIZE_END 976
/* Of a proportional font, on the safe side. */
#define CHARACTER 8
#define COLUMNS_LEAST 8

/* Where the line of a depth goes down. */
static unsigned line_x(size_t depth)
{
    return LEFT + 7 + (unsigned)(depth - 1) * STEP;
}

static void add_branches(const struct picture_node *node, struct buf *out, unsigned top)
{
    unsigned middle = top + ROW / 2;

    if (node->depth == 0)
        return;
    buf_add_text(out, "<path class=\"branch\" d=\"");
    for (size_t depth = 1; depth < node->depth; depth++)
        if ((node->later >> depth & 1) != 0)
            buf_addf(out, "M%u %uv%u", line_x(depth), top, ROW);
    buf_addf(out, "M%u %uv%u", line_x(node->depth), top,
             picture_node_is_last(node) ? ROW / 2 : ROW);
    buf_addf(out, "M%u %uh%u\"/>", line_x(node->depth), middle, STEP - 9);
}

/* A folder, or a dot in the colour of a model. */
static void add_mark(const struct picture_node *node, struct buf *out, unsigned top)
{
    unsigned x = LEFT + (unsigned)node->depth * STEP;
    unsigned y = top + ROW / 2 - 5;

    if (node->kind == PICTURE_FOLDER) {
        buf_addf(out, "<path class=\"branch\" d=\"M%u %uh5l2 2h7v8h-14z\"/>", x, y);
        return;
    }
    buf_addf(out,
             "<g class=\"m%zu\"><rect class=\"dot\" x=\"%u\" y=\"%u\" width=\"11\" "
             "height=\"11\" rx=\"3\"/></g>",
             node->model % PICTURE_COLOURS, x + 1, y);
}

static void add_name(const struct picture_node *node, struct buf *out, unsigned base)
{
    CLEANUP(buf) struct buf name = BUF_INIT;
    unsigned x = LEFT + (unsigned)node->depth * STEP + 20;
    size_t columns =
        x + COLUMNS_LEAST * CHARACTER < MODE_X ? (MODE_X - x) / CHARACTER : COLUMNS_LEAST;

    buf_add_text(&name, node->name);
    if (node->target != NULL)
        buf_addf(&name, " → %s", node->target);
    if (node->note != NULL)
        buf_addf(&name, "  (%s)", node->note);
    buf_addf(out, "<text x=\"%u\" y=\"%u\"%s>", x, base,
             node->kind == PICTURE_MODEL ? " class=\"group\"" : "");
    picture_add_fitted(out, buf_text(&name), columns);
    buf_add_text(out, "<title>");
    picture_add_text(out, node->folder);
    if (node->kind != PICTURE_FOLDER) {
        buf_add_text(out, "\n");
        picture_add_text(out, buf_text(&name));
    }
    buf_add_text(out, "</title></text>");
}

static void add_node(const struct picture_node *node, struct buf *out, unsigned *y)
{
    unsigned base = *y + ROW / 2 + 4;

    add_branches(node, out, *y);
    add_mark(node, out, *y);
    add_name(node, out, base);
    if (node->has_owner)
        buf_addf(out,
                 "<text x=\"%d\" y=\"%u\" class=\"mono\">%04o</text>"
                 "<text x=\"%d\" y=\"%u\" class=\"mono\">%u:%u</text>",
                 MODE_X, base, node->mode, OWNER_X, base, node->uid, node->gid);
    if (node->is_new)
        buf_addf(out, "<text x=\"%d\" y=\"%u\" class=\"new\">new</text>", CHANGE_X, base);
    if (node->size != PICTURE_NO_SIZE)
        buf_addf(out, "<text x=\"%d\" y=\"%u\" class=\"end\">%s</text>", SIZE_END, base,
                 text_format_size(node->size).text);
    buf_add_text(out, "\n");
    *y += ROW;
}

void picture_svg_tree(const struct picture_tree *tree, struct buf *out, unsigned *y)
{
    static const struct {
        const char *text, *class;
        int x;
    } heads[] = {
        {"mode", "soft", MODE_X}, {"owner", "soft", OWNER_X}, {"size", "soft end", SIZE_END}};

    if (tree->count == 0)
        return;
    *y += 18;
    buf_addf(out, "<text x=\"%d\" y=\"%u\" class=\"group\">Folders down to the models</text>", LEFT,
             *y);
    for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
        buf_addf(out, "<text x=\"%d\" y=\"%u\" class=\"%s\">%s</text>", heads[i].x, *y,
                 heads[i].class, heads[i].text);
    buf_addf(out, "<line class=\"rule\" x1=\"%d\" y1=\"%u\" x2=\"%d\" y2=\"%u\"/>\n", LEFT, *y + 6,
             SIZE_END, *y + 6);
    *y += 10;
    for (size_t i = 0; i < tree->count; i++)
        add_node(&tree->nodes[i], out, y);
}
