#ifndef INLAY_TABLE_H
#define INLAY_TABLE_H

#include "core/text.h"

/* Rows of cells on standard output, each column as wide as its widest cell. */
#define TABLE_COLUMNS_MAX 10

struct table {
    size_t columns;
    bool is_number[TABLE_COLUMNS_MAX]; /* set to the right */
    bool is_untitled;                  /* the first row is none of titles */
    struct strings cells;
};

/* Adds the next cell; control characters in it become '?'. */
void table_add(struct table *table, const char *text);
void table_addf(struct table *table, const char *format, ...) PRINTF_FORMAT(2, 3);
/*
 * Prints the first `columns` columns of it; on a terminal that they do not fit, a line each cell,
 * behind its title. What is empty is left out then.
 */
void table_print(const struct table *table, size_t columns);
/*
 * Prints as many columns of it as `width` has room for (0: any), and two at least. Where a first
 * cell would be cut to less than `least` otherwise, wider ones stand in a line of their own.
 */
void table_print_within(const struct table *table, size_t width, size_t least);
void table_release(struct table *table);
CLEANUP_RELEASE(table)

/* "NAME       text", as lines above a table; nothing if the text is empty. */
void table_print_line(const char *name, const char *text);

/* Columns of the terminal that standard output is, or of COLUMNS; 0: nothing limits them. */
size_t table_terminal_width(void);

/* "a, b, c"; caller frees. */
char *table_join(const struct strings *strings);

#endif
