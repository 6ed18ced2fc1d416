#include "quiet.h"

#include <pthread.h>
#include <stddef.h>
#include <time.h>

static void fill(sigset_t *out)
{
    sigemptyset(out);
    sigaddset(out, SIGPIPE);
    sigaddset(out, SIGXFSZ);
}

static bool is_pending(void)
{
    sigset_t pending;

    return sigpending(&pending) == 0 &&
           (sigismember(&pending, SIGPIPE) == 1 || sigismember(&pending, SIGXFSZ) == 1);
}

void quiet_begin(struct quiet *quiet)
{
    sigset_t signals;

    fill(&signals);
    quiet->was_pending = is_pending();
    pthread_sigmask(SIG_BLOCK, &signals, &quiet->before);
}

void quiet_end(const struct quiet *quiet)
{
    const struct timespec at_once = {0, 0};
    sigset_t signals;

    fill(&signals);
    while (!quiet->was_pending && is_pending())
        if (sigtimedwait(&signals, NULL, &at_once) < 0)
            break;
    pthread_sigmask(SIG_SETMASK, &quiet->before, NULL);
}
