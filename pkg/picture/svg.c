#include "picture/picture_internal.h"

#define WIDTH 1000
#define LEFT 24
#define LINE 21
#define TITLE_COLUMNS 74
#define FACT_COLUMNS 104

static const char style[] =
    "text{font:13px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;"
    "fill:var(--ink)}\n"
    ".page{fill:var(--page)}\n"
    ".mono{font-family:ui-monospace,SFMono-Regular,Menlo,'DejaVu Sans Mono',monospace;"
    "font-size:12px}\n"
    ".title{font-size:20px;font-weight:600}\n"
    ".head{font-size:15px;font-weight:600}\n"
    ".group{font-weight:600}\n"
    ".soft{fill:var(--soft)}\n"
    ".end{text-anchor:end}\n"
    ".mid{text-anchor:middle}\n"
    ".block{fill:var(--fill);stroke:var(--page);stroke-width:1.5}\n"
    ".on{fill:var(--text);font-weight:600;font-size:12px}\n"
    ".rule{stroke:var(--line);stroke-width:1}\n"
    ".branch{stroke:var(--soft);stroke-width:1;fill:none;opacity:.7}\n"
    ".gone .block{fill:none;stroke:var(--replaced);stroke-dasharray:4 3}\n"
    ".gone .name{text-decoration:line-through}\n"
    ".new{fill:var(--new);font-weight:600}.reused{fill:var(--reused)}"
    ".replaced{fill:var(--replaced);font-weight:600}\n"
    ".dot{fill:var(--fill)}\n"
    "g.row:hover .block{opacity:.8}\n"
    "@media print{g{break-inside:avoid}*{print-color-adjust:exact;"
    "-webkit-print-color-adjust:exact}}\n";

static void add_facts(const struct picture *picture, struct buf *out, unsigned *y)
{
    for (size_t i = 0; i < picture->fact_count; i++) {
        const struct picture_fact *fact = &picture->facts[i];
        buf_addf(out, "<text x=\"%d\" y=\"%u\" class=\"soft\">", LEFT, *y);
        picture_add_text(out, fact->name);
        buf_addf(out, "</text><text x=\"%d\" y=\"%u\" class=\"mono\">", LEFT + 110, *y);
        picture_add_fitted(out, fact->text, FACT_COLUMNS);
        buf_add_text(out, "<title>");
        picture_add_text(out, fact->text);
        buf_add_text(out, "</title></text>\n");
        *y += LINE;
    }
}

static void add_legend(const struct picture *picture, struct buf *out, unsigned *y)
{
    for (size_t i = 0; i < picture->models.count; i++) {
        buf_addf(out,
                 "<g class=\"m%zu\"><rect class=\"dot\" x=\"%d\" y=\"%u\" width=\"12\" "
                 "height=\"12\" rx=\"3\"/><text x=\"%d\" y=\"%u\">",
                 i % PICTURE_COLOURS, LEFT + 110, *y - 11, LEFT + 130, *y);
        picture_add_fitted(out, picture->models.items[i], FACT_COLUMNS);
        buf_add_text(out, "</text>");
        if (i == 0)
            buf_addf(out, "<text x=\"%d\" y=\"%u\" class=\"soft\">models</text>", LEFT, *y);
        buf_add_text(out, "</g>\n");
        *y += LINE;
    }
}

static void add_body(const struct picture *picture, struct buf *out, unsigned *y)
{
    buf_addf(out, "<text x=\"%d\" y=\"%u\" class=\"title\">", LEFT, *y);
    picture_add_fitted(out, picture->title, TITLE_COLUMNS);
    buf_add_text(out, "</text>\n");
    *y += LINE;
    if (picture->about != NULL) {
        buf_addf(out, "<text x=\"%d\" y=\"%u\" class=\"soft\">", LEFT, *y);
        picture_add_fitted(out, picture->about, FACT_COLUMNS + 12);
        buf_add_text(out, "</text>\n");
        *y += LINE + 4;
    }
    add_facts(picture, out, y);
    add_legend(picture, out, y);
    for (size_t i = 0; i < picture->stack_count; i++) {
        *y += i > 0 ? 44 : 22;
        buf_addf(out, "<text x=\"%d\" y=\"%u\" class=\"head\">", LEFT, *y);
        picture_add_fitted(out, picture->stacks[i].name, TITLE_COLUMNS);
        buf_add_text(out, "</text>\n");
        *y += 10;
        picture_svg_stack(picture, &picture->stacks[i], out, y);
        picture_svg_tree(&picture->stacks[i].tree, out, y);
    }
}

void picture_format_svg(const struct picture *picture, struct buf *out)
{
    CLEANUP(buf) struct buf body = BUF_INIT;
    unsigned y = 42;

    add_body(picture, &body, &y);
    buf_addf(out,
             "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %u\" width=\"%d\" "
             "height=\"%u\" role=\"img\" aria-labelledby=\"t\">\n<title id=\"t\">",
             WIDTH, y + 16, WIDTH, y + 16);
    picture_add_text(out, picture->title);
    buf_add_text(out, "</title>\n<style>\n");
    picture_add_colours(out, "svg");
    buf_add_text(out, style);
    buf_add_text(out, "</style>\n<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n");
    buf_add_text(out, buf_text(&body));
    buf_add_text(out, "</svg>\n");
}
