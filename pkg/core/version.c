#include "core/version.h"

#include <stdlib.h>

static unsigned long next_number(const char **text)
{
    char *end = NULL;
    unsigned long number = strtoul(*text, &end, 10);

    *text = *end == '.' ? end + 1 : "";
    return number;
}

int version_compare(const char *a, const char *b)
{
    while (*a != '\0' || *b != '\0') {
        unsigned long left = next_number(&a);
        unsigned long right = next_number(&b);
        if (left != right)
            return left < right ? -1 : 1;
    }
    return 0;
}
