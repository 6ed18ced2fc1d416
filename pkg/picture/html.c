#include "picture/picture_internal.h"

static const char style[] =
    "*{box-sizing:border-box}\n"
    "body{margin:0;background:var(--page);color:var(--ink);"
    "font:15px/1.45 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}\n"
    "main{max-width:66rem;margin:0 auto;padding:1.5rem 1.25rem 3rem}\n"
    "h1{font-size:1.4rem;line-height:1.25;margin:0 0 .3rem;overflow-wrap:anywhere}\n"
    "h2{font-size:1.1rem;margin:2rem 0 .3rem}h3{font-size:.95rem;margin:1.3rem 0 .4rem}\n"
    "p{margin:.2rem 0 .8rem;color:var(--soft)}\n"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1.2rem;margin:.6rem 0}\n"
    "dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}\n"
    "code,.mono{font:.86em/1.4 ui-monospace,SFMono-Regular,Menlo,'DejaVu Sans Mono',monospace}\n"
    ".dot{display:inline-block;width:.75em;height:.75em;border-radius:.2em;"
    "background:var(--fill);margin-right:.5em}\n"
    ".layer{display:grid;grid-template-columns:8.5rem minmax(0,1fr) 5.2rem 6.2rem 5rem 9rem;"
    "gap:0 1rem;align-items:center;border-radius:.3rem}\n"
    ".layer:hover{background:var(--panel)}\n"
    ".block{background:var(--fill);color:var(--text);border:1px solid var(--page);"
    "border-radius:.3rem;height:100%;display:flex;align-items:center;justify-content:center;"
    "font-size:.8rem;font-weight:600}\n"
    ".name{overflow-wrap:anywhere;padding:.1rem 0}.size{text-align:right;white-space:nowrap}\n"
    ".digest{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;color:var(--soft)}\n"
    ".head{color:var(--soft);font-size:.85rem}.head:hover{background:none}\n"
    ".head+.group{margin-top:.2rem}\n"
    ".group{border-top:1px solid var(--line);padding-top:.5rem}\n"
    ".new{color:var(--new);font-weight:600}.reused{color:var(--reused)}"
    ".replaced{color:var(--replaced);font-weight:600}\n"
    ".gone .block{background:none;border:1px dashed var(--replaced)}"
    ".gone .name{text-decoration:line-through}\n"
    ".tree{border-top:1px solid var(--line);padding-top:.3rem}\n"
    ".node{display:grid;grid-template-columns:minmax(0,1fr) 3.2rem 6rem 3rem 5.2rem;gap:0 .8rem;"
    "align-items:stretch;min-height:1.7rem}\n"
    ".node>span{align-self:center}.node .path{display:flex;align-self:stretch;min-width:0}\n"
    ".path b,.path i{flex:0 0 1.25rem;position:relative}\n"
    ".path b::before{content:'';position:absolute;left:.45rem;top:0;bottom:0;"
    "border-left:1px solid var(--soft);opacity:.6}\n"
    ".path b.last::before{bottom:50%}\n"
    ".path b.fork::after,.path b.last::after{content:'';position:absolute;left:.45rem;top:50%;"
    "width:.6rem;border-top:1px solid var(--soft);opacity:.6}\n"
    ".path span{align-self:center;overflow-wrap:anywhere;min-width:0}.model{font-weight:600}\n"
    "@media (max-width:52rem){.layer{grid-template-columns:5.5rem minmax(0,1fr) 5.6rem 5.2rem;"
    "padding-bottom:.15rem}.layer .block{grid-row:1/span 2}.layer .name{grid-column:2/4}"
    ".layer .name,.layer .size{align-self:end}.layer .digest{grid-column:2;grid-row:2}"
    ".layer .owner{grid-column:3;grid-row:2;text-align:right}"
    ".layer .change{grid-column:4;grid-row:2;text-align:right}"
    ".layer .digest,.layer .owner,.layer .change{font-size:.8rem;align-self:start}}\n"
    "@media (max-width:34rem){.node{grid-template-columns:minmax(0,1fr) 2.6rem 5.2rem;"
    "font-size:.86rem}.node .new{display:none}.node .size:empty{display:none}"
    ".node .mode:empty,.node .owner:empty{display:none}.node .size{grid-column:2/4}"
    ".path b,.path i{flex-basis:.8rem}.path b::before,.path b.fork::after,.path b.last::after"
    "{left:.2rem}.path b.fork::after,.path b.last::after{width:.4rem}"
    "dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.4rem}}\n"
    "@media print{body{font-size:10pt}main{max-width:none;padding:0}.layer,.node"
    "{break-inside:avoid}h2,h3{break-after:avoid}*{print-color-adjust:exact;"
    "-webkit-print-color-adjust:exact}}\n";

static void add_element(struct buf *out, const char *tag, const char *class, const char *text)
{
    buf_addf(out, "<%s class=\"%s\">", tag, class);
    picture_add_text(out, text != NULL ? text : "");
    buf_addf(out, "</%s>", tag);
}

static void add_facts(const struct picture *picture, struct buf *out)
{
    buf_add_text(out, "<dl>\n");
    for (size_t i = 0; i < picture->fact_count; i++) {
        add_element(out, "dt", "fact", picture->facts[i].name);
        add_element(out, "dd", "mono", picture->facts[i].text);
        buf_add_text(out, "\n");
    }
    if (picture->models.count > 0)
        buf_add_text(out, "<dt>models</dt><dd>");
    for (size_t i = 0; i < picture->models.count; i++) {
        buf_addf(out, "%s<span class=\"m%zu\"><span class=\"dot\"></span></span>",
                 i > 0 ? "<br/>\n" : "", i % PICTURE_COLOURS);
        picture_add_text(out, picture->models.items[i]);
    }
    buf_addf(out, "%s</dl>\n", picture->models.count > 0 ? "</dd>\n" : "");
}

static void add_layer(const struct picture_layer *layer, const struct picture_sums *sums,
                      struct buf *out)
{
    bool is_gone = layer->change == PICTURE_REPLACED;
    const char *change = picture_change_name(layer->change);

    buf_add_text(out, "<div class=\"layer ");
    picture_add_class(out, layer);
    buf_addf(out, "%s\" style=\"min-height:%upx\" title=\"", is_gone ? " gone" : "",
             is_gone ? 26 : picture_height(layer, sums));
    picture_add_hover(out, layer, sums);
    buf_add_text(out, "\"><span class=\"block\">");
    if (!is_gone)
        picture_add_share(out, layer->size, sums->all);
    buf_add_text(out, "</span>");
    add_element(out, "span", "name", layer->title);
    add_element(out, "span", "size", text_format_size(layer->size).text);
    add_element(out, "span", "owner mono", layer->owner);
    buf_addf(out, "<span class=\"change %s\">%s</span>", change, change);
    add_element(out, "span", "digest mono", picture_short_digest(layer));
    buf_add_text(out, "</div>\n");
}

static void add_group(const struct picture_stack *stack, enum picture_group group,
                      const struct picture_sums *sums, struct buf *out)
{
    CLEANUP(buf) struct buf title = BUF_INIT;

    picture_add_group(&title, group, sums);
    if (title.size == 0)
        return;
    buf_addf(out, "<h3 class=\"group\">%s</h3>\n", buf_text(&title));
    for (size_t i = stack->layer_count; i > 0; i--)
        if (picture_group_of(&stack->layers[i - 1]) == group)
            add_layer(&stack->layers[i - 1], sums, out);
}

static void add_stack(const struct picture *picture, const struct picture_stack *stack,
                      struct buf *out)
{
    struct picture_sums sums = picture_sum(stack);

    buf_addf(out,
             "<div class=\"layer head\"><span></span><span class=\"name\">layer</span>"
             "<span class=\"size\">size</span><span class=\"owner\">%s</span>"
             "<span class=\"change\">%s</span><span class=\"digest\">digest</span></div>\n",
             sums.has_owners ? "owner" : "", picture->tells_changes ? "change" : "");
    for (enum picture_group group = PICTURE_ADDED; group < PICTURE_GROUPS; group++)
        add_group(stack, group, &sums, out);
}

static void add_branches(const struct picture_node *node, struct buf *out)
{
    for (size_t depth = 1; depth < node->depth; depth++)
        buf_add_text(out, (node->later >> depth & 1) != 0 ? "<b></b>" : "<i></i>");
    if (node->depth > 0)
        buf_addf(out, "<b class=\"%s\"></b>", picture_node_is_last(node) ? "last" : "fork");
}

static void add_name(const struct picture_node *node, struct buf *out)
{
    bool is_model = node->kind == PICTURE_MODEL;

    buf_addf(out, "<span%s>", is_model ? " class=\"model\"" : "");
    if (node->kind != PICTURE_FOLDER)
        buf_addf(out, "<span class=\"m%zu\"><span class=\"dot\"></span></span>",
                 node->model % PICTURE_COLOURS);
    picture_add_text(out, node->name);
    if (node->target != NULL) {
        buf_add_text(out, " → ");
        picture_add_text(out, node->target);
    }
    if (node->note != NULL) {
        buf_add_text(out, " (");
        picture_add_text(out, node->note);
        buf_add_text(out, ")");
    }
    buf_add_text(out, "</span>");
}

static void add_node(const struct picture_node *node, struct buf *out)
{
    buf_add_text(out, "<div class=\"node\" title=\"");
    picture_add_text(out, node->folder);
    buf_add_text(out, "\"><span class=\"path\">");
    add_branches(node, out);
    add_name(node, out);
    buf_add_text(out, "</span><span class=\"mode mono\">");
    if (node->has_owner)
        buf_addf(out, "%04o</span><span class=\"owner mono\">%u:%u", node->mode, node->uid,
                 node->gid);
    else
        buf_add_text(out, "</span><span class=\"owner mono\">");
    buf_addf(out, "</span><span class=\"new\">%s</span><span class=\"size\">%s</span></div>\n",
             node->is_new ? "new" : "",
             node->size != PICTURE_NO_SIZE ? text_format_size(node->size).text : "");
}

static void add_tree(const struct picture_tree *tree, struct buf *out)
{
    if (tree->count == 0)
        return;
    buf_add_text(out, "<h3>Folders down to the models</h3>\n<div class=\"tree\">\n");
    for (size_t i = 0; i < tree->count; i++)
        add_node(&tree->nodes[i], out);
    buf_add_text(out, "</div>\n");
}

void picture_format_html(const struct picture *picture, struct buf *out)
{
    buf_add_text(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"/>\n"
                      "<title>");
    picture_add_text(out, picture->title);
    buf_add_text(out, "</title>\n<style>\n");
    picture_add_colours(out, ":root");
    buf_add_text(out, style);
    buf_add_text(out, "</style>\n</head>\n<body>\n<main>\n<h1>");
    picture_add_text(out, picture->title);
    buf_add_text(out, "</h1>\n");
    if (picture->about != NULL)
        add_element(out, "p", "about", picture->about);
    add_facts(picture, out);
    for (size_t i = 0; i < picture->stack_count; i++) {
        add_element(out, "h2", "platform", picture->stacks[i].name);
        buf_add_text(out, "\n");
        add_stack(picture, &picture->stacks[i], out);
        add_tree(&picture->stacks[i].tree, out);
    }
    buf_add_text(out, "</main>\n</body>\n</html>\n");
}
