#include "table.h"

#include "core/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

/* Columns that a text takes on a terminal, if its characters are of the usual width. */
static size_t text_width(const char *text)
{
    size_t width = 0;

    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void print_cell(const char *text, bool is_number, size_t width, bool is_last)
{
    int padding = (int)(width - text_width(text));

    if (is_last)
        printf("%*s%s\n", is_number ? padding : 0, "", text);
    else
        printf("%*s%s%*s  ", is_number ? padding : 0, "", text, is_number ? 0 : padding, "");
}

void table_print(const struct table *table, size_t columns)
{
    size_t widths[TABLE_COLUMNS_MAX] = {0};
    const struct strings *cells = &table->cells;

    for (size_t i = 0; i < cells->count; i++) {
        size_t width = text_width(cells->items[i]);
        if (width > widths[i % table->columns])
            widths[i % table->columns] = width;
    }
    for (size_t i = 0; i < cells->count; i++) {
        size_t column = i % table->columns;
        if (column < columns)
            print_cell(cells->items[i], table->is_number[column], widths[column],
                       column + 1 == columns);
    }
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
