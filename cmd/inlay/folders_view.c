#include "folders_view.h"

#include "core/text.h"
#include "plan/plan.h"
#include "table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What git shows of a commit. */
#define COMMIT_SHOWN 7
/* Below that, branches are drawn shorter. */
#define NARROW 60

static bool has_model(const struct inspect_platform *platform, const struct inspect_model *model)
{
    return strings_has(&model->platforms, platform->name);
}

static void add_model(const struct inspect_model *model, size_t number, struct picture_tree *out)
{
    CLEANUP(buf) struct buf note = BUF_INIT;
    struct picture_node *node = picture_tree_add_model(out, model->place, model->name);

    buf_addf(&note, "%.*s", COMMIT_SHOWN, plan_commit(model->commit).text);
    if (model->files > 0)
        buf_addf(&note, ", %" PRIu64 " file%s", model->files, model->files == 1 ? "" : "s");
    node->note = buf_take(&note);
    node->size = model->size;
    node->model = number;
    for (size_t i = 0; i < model->links.count; i++)
        picture_tree_add_link(out, model->links.items[i], model->name, model->place)->model =
            number;
}

/* The link stands where its own last part is. */
static void add_link(const struct inspect_link *link, struct picture_tree *out)
{
    CLEANUP(text) char *folder = xstrdup(link->path);
    char *slash = strrchr(folder, '/');

    if (slash == NULL || slash[1] == '\0')
        return;
    CLEANUP(text) char *name = xstrdup(slash + 1);
    slash[slash == folder ? 1 : 0] = '\0';
    (void)picture_tree_add_link(out, folder, name, link->target);
}

void folders_view_of_image(const struct inspect_result *result, size_t platform,
                           struct picture_tree *out)
{
    const struct inspect_platform *from = &result->platforms[platform];

    for (size_t i = 0; i < from->folder_count; i++) {
        struct picture_node *node = picture_tree_add_folder(out, from->folders[i].path);
        node->has_owner = true;
        node->mode = from->folders[i].mode;
        node->uid = from->folders[i].uid;
        node->gid = from->folders[i].gid;
    }
    for (size_t i = 0; i < from->link_count; i++)
        add_link(&from->links[i], out);
    for (size_t i = 0; i < result->model_count; i++)
        if (has_model(from, &result->models[i]))
            add_model(&result->models[i], i, out);
    picture_tree_arrange(out);
}

/* By the variables that decide on the encoding of a terminal. */
static bool locale_is_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0')
            return text_contains_fold(value, "utf-8") || text_contains_fold(value, "utf8");
    }
    return false;
}

static const struct picture_branches *choose_branches(size_t width)
{
    static const struct picture_branches lines = {"├── ", "└── ", "│   ", "    "};
    static const struct picture_branches short_lines = {"├ ", "└ ", "│ ", "  "};
    static const struct picture_branches ascii = {"|-- ", "`-- ", "|   ", "    "};
    static const struct picture_branches short_ascii = {"|-", "`-", "| ", "  "};
    bool is_narrow = width > 0 && width < NARROW;

    if (locale_is_utf8())
        return is_narrow ? &short_lines : &lines;
    return is_narrow ? &short_ascii : &ascii;
}

static bool has_room(size_t width, const char *name, const char *note)
{
    return width == 0 || text_width(name) + text_width(note) + 3 <= width;
}

static void add_owner(struct table *table, const struct picture_node *node)
{
    if (node->has_owner) {
        table_addf(table, "%04o", node->mode);
        table_addf(table, "%u:%u", node->uid, node->gid);
    } else {
        table_add(table, "");
        table_add(table, "");
    }
}

/* What has no room behind the name stands below it. */
static void add_note_below(struct table *table, const struct picture_tree *tree, size_t number,
                           const struct picture_branches *branches)
{
    CLEANUP(buf) struct buf before = BUF_INIT;

    picture_tree_format_branches(tree, number, branches, &before);
    table_addf(table, "%*s(%s)", (int)text_width(buf_text(&before)) + 1, "",
               tree->nodes[number].note);
    for (size_t i = 1; i < table->columns; i++)
        table_add(table, "");
}

static void print_tree(const struct picture_tree *tree)
{
    CLEANUP(table) struct table table = {.columns = 4, .is_number = {[3] = true}};
    size_t width = table_terminal_width();
    const struct picture_branches *branches = choose_branches(width);

    table_add(&table, "FOLDER");
    table_add(&table, "MODE");
    table_add(&table, "OWNER");
    table_add(&table, "SIZE");
    for (size_t i = 0; i < tree->count; i++) {
        const struct picture_node *node = &tree->nodes[i];
        CLEANUP(buf) struct buf name = BUF_INIT;
        picture_tree_format_branches(tree, i, branches, &name);
        buf_add_text(&name, node->name);
        if (node->target != NULL)
            buf_addf(&name, " -> %s", node->target);
        bool is_below = node->note != NULL && !has_room(width, buf_text(&name), node->note);
        if (node->note != NULL && !is_below)
            buf_addf(&name, " (%s)", node->note);
        table_add(&table, buf_text(&name));
        add_owner(&table, node);
        table_add(&table, node->size != PICTURE_NO_SIZE ? text_format_size(node->size).text : "");
        if (is_below)
            add_note_below(&table, tree, i, branches);
    }
    table_print_within(&table, width, 0);
}

/* Each platform's tree, and whose is the same as one before. */
struct views {
    struct picture_tree *trees;
    size_t count;
};

static void views_release(struct views *views)
{
    for (size_t i = 0; i < views->count; i++)
        picture_tree_release(&views->trees[i]);
    free(views->trees);
}
CLEANUP_RELEASE(views)

static size_t find_equal(const struct views *views, size_t number)
{
    for (size_t i = 0; i < number; i++)
        if (picture_tree_equal(&views->trees[i], &views->trees[number]))
            return i;
    return number;
}

void folders_view_print(const struct inspect_result *result)
{
    CLEANUP(views)
    struct views views = {xcalloc(result->platform_count, sizeof(*views.trees)),
                          result->platform_count};

    for (size_t i = 0; i < views.count; i++)
        folders_view_of_image(result, i, &views.trees[i]);
    for (size_t i = 0; i < views.count; i++) {
        CLEANUP(strings) struct strings names = STRINGS_INIT;
        if (find_equal(&views, i) < i)
            continue;
        for (size_t k = i; k < views.count; k++)
            if (find_equal(&views, k) == i)
                strings_add(&names, result->platforms[k].name);
        CLEANUP(text) char *title = table_join(&names);
        if (i > 0)
            puts("");
        if (names.count < views.count)
            table_print_line("platform", title);
        print_tree(&views.trees[i]);
    }
}
