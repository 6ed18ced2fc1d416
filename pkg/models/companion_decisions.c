#include "models/companion_decisions.h"

#include <stdlib.h>

const char *companion_fate_name(enum companion_fate fate)
{
    switch (fate) {
    case COMPANION_COMES:
        return "comes";
    case COMPANION_NAMED:
        return "named";
    case COMPANION_THERE:
        return "there";
    case COMPANION_LEFT:
        return "left";
    }
    abort();
}

void companion_decisions_release(struct companion_decisions *decisions)
{
    for (size_t i = 0; i < decisions->count; i++) {
        struct companion_decision *item = &decisions->items[i];
        free(item->of);
        free(item->title);
        free(item->name);
        free(item->commit);
        free(item->file);
        free(item->key);
        free(item->reason);
    }
    free(decisions->items);
    *decisions = (struct companion_decisions)COMPANION_DECISIONS_INIT;
}
