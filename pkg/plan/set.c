#include "plan/plan_internal.h"

#include <string.h>

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void set_sort(struct strings *set)
{
    if (set->count > 0)
        qsort(set->items, set->count, sizeof(*set->items), compare_texts);
}

bool set_has(const struct strings *set, const char *text)
{
    return set->count > 0 &&
           bsearch(&text, set->items, set->count, sizeof(*set->items), compare_texts) != NULL;
}
