/* Lets time run faster for a program, so that its waits and limits can be tested: preloaded, with
 * INLAY_HASTEN=20 a wait of 20 seconds lasts one. Clocks that count, not those that tell the date,
 * go faster; what waits, waits as much less. Built by soak.sh. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

#define NS_PER_S INT64_C(1000000000)
#define FIRST_DATE 1000000000 /* no machine is up for so many seconds, even hastened */

static int64_t factor = 1;
static int64_t begin;
static int (*real_clock)(clockid_t, struct timespec *);
static int (*real_nanosleep)(const struct timespec *, struct timespec *);
static int (*real_poll)(struct pollfd *, nfds_t, int);
static int (*real_epoll)(int, struct epoll_event *, int, int);
static int (*real_wait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);

static int64_t to_ns(const struct timespec *time)
{
    return time->tv_sec * NS_PER_S + time->tv_nsec;
}

static struct timespec from_ns(int64_t ns)
{
    return (struct timespec){.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};
}

__attribute__((constructor)) static void prepare(void)
{
    const char *text = getenv("INLAY_HASTEN");
    struct timespec now;

    if (real_clock != NULL)
        return;
    real_nanosleep = (__typeof__(real_nanosleep))dlsym(RTLD_NEXT, "nanosleep");
    real_poll = (__typeof__(real_poll))dlsym(RTLD_NEXT, "poll");
    real_epoll = (__typeof__(real_epoll))dlsym(RTLD_NEXT, "epoll_wait");
    real_wait = (__typeof__(real_wait))dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
    real_clock = (__typeof__(real_clock))dlsym(RTLD_NEXT, "clock_gettime");
    if (text != NULL && atoi(text) > 0)
        factor = atoi(text);
    real_clock(CLOCK_MONOTONIC, &now);
    begin = to_ns(&now);
}

int clock_gettime(clockid_t id, struct timespec *out)
{
    prepare();
    int result = real_clock(id, out);
    if (result == 0 && (id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_RAW ||
                        id == CLOCK_BOOTTIME || id == CLOCK_MONOTONIC_COARSE))
        *out = from_ns(begin + (to_ns(out) - begin) * factor);
    return result;
}

int nanosleep(const struct timespec *wait, struct timespec *left)
{
    prepare();
    struct timespec shorter = from_ns(to_ns(wait) / factor);
    return real_nanosleep(&shorter, left);
}

static int shorter_ms(int ms)
{
    return ms > 0 ? (int)((ms + factor - 1) / factor) : ms;
}

int poll(struct pollfd *fds, nfds_t count, int ms)
{
    prepare();
    return real_poll(fds, count, shorter_ms(ms));
}

int epoll_wait(int fd, struct epoll_event *events, int count, int ms)
{
    prepare();
    return real_epoll(fd, events, count, shorter_ms(ms));
}

int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *lock,
                           const struct timespec *until)
{
    prepare();
    struct timespec real = *until;
    if (until->tv_sec < FIRST_DATE)
        real = from_ns(begin + (to_ns(until) - begin) / factor);
    return real_wait(cond, lock, &real);
}
