#include "core/ahead.h"

static void *run(void *arg)
{
    struct ahead *ahead = arg;
    const struct cancel *before = cancel_enter(&ahead->cancel);

    ahead->result = ahead->lookup(ahead->arg, &ahead->error);
    cancel_enter(before);
    return NULL;
}

void ahead_begin(struct ahead *ahead, int (*lookup)(void *arg, struct error *err), void *arg,
                 const struct cancel *cancel)
{
    const struct cancel *job = cancel_enter(NULL);

    cancel_enter(job);
    *ahead = (struct ahead){
        .lookup = lookup,
        .arg = arg,
        .cancel = {.parent = job != NULL ? job : cancel},
        .is_begun = true,
        .has_thread = true,
    };
    if (pthread_create(&ahead->thread, NULL, run, ahead) != 0)
        ahead->has_thread = false;
}

static void end(struct ahead *ahead)
{
    if (ahead->has_thread)
        pthread_join(ahead->thread, NULL);
    ahead->has_thread = false;
    ahead->is_begun = false;
}

int ahead_join(struct ahead *ahead, struct error *err)
{
    if (!ahead->has_thread)
        run(ahead);
    end(ahead);
    int result = ahead->result;
    if (result < 0)
        return error_move(err, &ahead->error);
    error_release(&ahead->error);
    return result;
}

void ahead_release(struct ahead *ahead)
{
    if (ahead->is_begun)
        cancel_request(&ahead->cancel);
    end(ahead);
    error_release(&ahead->error);
}
