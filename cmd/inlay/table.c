#include "table.h"

#include "core/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define GAP 2 /* between columns */

void table_add(struct table *table, const char *text)
{
    strings_add(&table->cells, text);
    text_mask(table->cells.items[table->cells.count - 1]);
}

void table_addf(struct table *table, const char *format, ...)
{
    CLEANUP(text) char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    table_add(table, text != NULL ? text : "");
}

size_t table_terminal_width(void)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* what is no number says nothing */
    const char *text = getenv("COLUMNS");
    uint64_t number = 0;
    struct winsize size;

    if (text != NULL && parse_u64(text, UINT16_MAX, &number, &ignored) == 0)
        return (size_t)number;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static void add_cell(struct buf *line, const char *text, bool is_number, size_t width)
{
    int padding = (int)(width - text_width(text));

    buf_addf(line, "%*s%s%*s", is_number ? padding : 0, "", text, GAP + (is_number ? 0 : padding),
             "");
}

/* Without the spaces at its end; of nothing else there is no line. */
static void print_row(struct buf *line)
{
    int size = (int)line->size;

    while (size > 0 && line->data[size - 1] == ' ')
        size--;
    if (size > 0)
        printf("%.*s\n", size, buf_text(line));
    buf_clear(line);
}

static void measure(const struct table *table, size_t *widths)
{
    const struct strings *cells = &table->cells;

    for (size_t i = 0; i < cells->count; i++) {
        size_t width = text_width(cells->items[i]);
        if (width > widths[i % table->columns])
            widths[i % table->columns] = width;
    }
}

/* A first cell that is wider than its column stands in a line of its own. */
static void print_columns(const struct table *table, const size_t *widths, size_t columns)
{
    const struct strings *cells = &table->cells;
    CLEANUP(buf) struct buf line = BUF_INIT;

    for (size_t i = 0; i < cells->count; i++) {
        size_t column = i % table->columns;
        const char *text = cells->items[i];
        if (column == 0 && columns > 1 && text_width(text) > widths[0]) {
            printf("%s\n", text);
            text = "";
        }
        if (column < columns)
            add_cell(&line, text, table->is_number[column], widths[column]);
        if (column + 1 == table->columns)
            print_row(&line);
    }
}

/* "TITLE  text", the rows apart. */
static void print_lines(const struct table *table, size_t columns)
{
    const struct strings *cells = &table->cells;
    size_t width = 0;

    for (size_t i = 0; i < columns; i++)
        if (text_width(cells->items[i]) > width)
            width = text_width(cells->items[i]);
    for (size_t i = table->columns; i < cells->count; i++) {
        size_t column = i % table->columns;
        if (column == 0 && i > table->columns)
            puts("");
        if (column < columns && cells->items[i][0] != '\0')
            printf("%-*s%*s%s\n", (int)width, cells->items[column], GAP, "", cells->items[i]);
    }
}

static bool fits(const size_t *widths, size_t columns, size_t width)
{
    size_t wanted = 0;

    for (size_t i = 0; i < columns; i++)
        wanted += widths[i] + (i > 0 ? GAP : 0);
    return width == 0 || wanted <= width;
}

void table_print(const struct table *table, size_t columns)
{
    size_t widths[TABLE_COLUMNS_MAX] = {0};

    measure(table, widths);
    if (table->is_untitled || fits(widths, columns, table_terminal_width()))
        print_columns(table, widths, columns);
    else
        print_lines(table, columns);
}

/* What is left of `width` for the first of `columns`, behind which stand the others. */
static size_t room_for_first(const size_t *widths, size_t columns, size_t width)
{
    size_t others = 0;

    for (size_t i = 1; i < columns; i++)
        others += GAP + widths[i];
    return width > others ? width - others : 0;
}

void table_print_within(const struct table *table, size_t width, size_t least)
{
    size_t widths[TABLE_COLUMNS_MAX] = {0};
    size_t columns = table->columns;

    measure(table, widths);
    while (columns > 2 && width > 0 && room_for_first(widths, columns, width) < widths[0] &&
           room_for_first(widths, columns, width) < least)
        columns--;
    size_t room = room_for_first(widths, columns, width);
    if (width > 0 && room < widths[0])
        widths[0] = room;
    print_columns(table, widths, columns);
}

void table_release(struct table *table)
{
    strings_release(&table->cells);
}

void table_print_line(const char *name, const char *text)
{
    CLEANUP(text) char *shown = xstrdup(text);

    text_mask(shown);
    if (shown[0] != '\0')
        printf("%-9s  %s\n", name, shown);
}

char *table_join(const struct strings *strings)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    for (size_t i = 0; i < strings->count; i++)
        buf_addf(&text, "%s%s", i > 0 ? ", " : "", strings->items[i]);
    return buf_take(&text);
}
