/* Sends a program a signal exactly before or after one of its files takes its name: preloaded, with
 * INLAY_STRIKE=SIGNAL:before:N or SIGNAL:after:N, N counted from 1. Built by soak.sh. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_int count;

static void strike(const char *side, int number)
{
    const char *wish = getenv("INLAY_STRIKE");
    char wanted[8];
    int signal_number, which;

    if (wish != NULL && sscanf(wish, "%d:%7[a-z]:%d", &signal_number, wanted, &which) == 3 &&
        which == number && strcmp(wanted, side) == 0)
        kill(getpid(), signal_number);
}

int rename(const char *from, const char *to)
{
    int (*real)(const char *, const char *) =
        (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename");
    int number = ++count;

    strike("before", number);
    int result = real(from, to);
    strike("after", number);
    return result;
}

int linkat(int from, const char *path, int to, const char *name, int flags)
{
    int (*real)(int, const char *, int, const char *, int) =
        (int (*)(int, const char *, int, const char *, int))dlsym(RTLD_NEXT, "linkat");
    int number = ++count;

    strike("before", number);
    int result = real(from, path, to, name, flags);
    strike("after", number);
    return result;
}
