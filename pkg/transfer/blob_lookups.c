#include "transfer/transfer.h"

void blob_lookups_add(struct blob_lookups *lookups, const struct descriptor *blob)
{
    for (size_t i = 0; i < lookups->count; i++)
        if (digest_equal(&lookups->items[i].blob.digest, &blob->digest))
            return;
    lookups->items = xrealloc(lookups->items, lookups->count + 1, sizeof(*lookups->items));
    lookups->items[lookups->count++] = (struct blob_lookup){.blob = *blob};
}

/* What need not be asked for: mounting is harmless where the blob is there already. */
static int mount(struct blob_lookups *lookups, struct blob_lookup *lookup,
                 const struct cancel *cancel, struct error *err)
{
    const struct store_ops *ops = lookups->target->ops;

    if (lookups->may_mount == NULL || lookups->from == NULL || ops->mount_blob == NULL ||
        !lookups->may_mount(lookups->may_mount_arg, cancel) || atomic_load(&lookups->refuses_mount))
        return 0;
    if (ops->mount_blob(lookups->target, &lookup->blob, lookups->from, &lookup->is_mounted, err) <
        0)
        return -1;
    lookup->is_refused = !lookup->is_mounted;
    if (lookup->is_refused)
        atomic_store(&lookups->refuses_mount, true);
    return 0;
}

/* What cannot be told is asked again by whoever needs it. */
static int look_up(void *arg, size_t number, const struct cancel *cancel, struct error *err)
{
    struct blob_lookups *lookups = arg;
    struct blob_lookup *lookup = &lookups->items[number];
    CLEANUP(error) struct error why = ERROR_INIT;

    if (mount(lookups, lookup, cancel, &why) < 0)
        return why.kind == ERROR_CANCELED ? error_move(err, &why) : 0;
    if (lookup->is_mounted)
        lookup->is_told = lookup->is_there = true;
    else if (store_has_blob(lookups->target, &lookup->blob, &lookup->is_there, &why) == 0)
        lookup->is_told = true;
    return why.kind == ERROR_CANCELED ? error_move(err, &why) : 0;
}

static int look_up_all(void *arg, struct error *err)
{
    struct blob_lookups *lookups = arg;

    /* Whoever waits in a lookup sees that it is not wanted any more. */
    return workers_run(lookups->jobs, lookups->count, look_up, lookups, &lookups->ahead.cancel,
                       err);
}

void blob_lookups_begin(struct blob_lookups *lookups)
{
    if (lookups->count > 0)
        ahead_begin(&lookups->ahead, look_up_all, lookups, lookups->cancel);
}

int blob_lookups_join(struct blob_lookups *lookups, struct error *err)
{
    return lookups->ahead.is_begun ? ahead_join(&lookups->ahead, err) : 0;
}

void blob_lookups_release(struct blob_lookups *lookups)
{
    ahead_release(&lookups->ahead);
    free(TAKE(lookups->items));
    lookups->count = 0;
}
