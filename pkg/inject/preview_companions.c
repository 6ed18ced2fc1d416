#include "inject/preview.h"

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

void preview_companions_release(struct preview_companions *companions)
{
    for (size_t i = 0; i < companions->count; i++) {
        struct preview_companion *item = &companions->items[i];
        free(item->of);
        free(item->title);
        free(item->name);
        free(item->commit);
        free(item->file);
        free(item->key);
        free(item->reason);
    }
    free(companions->items);
    *companions = (struct preview_companions)PREVIEW_COMPANIONS_INIT;
}
