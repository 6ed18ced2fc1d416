#include "sandbox/sandbox.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * The kernel's interface, as linux/landlock.h, linux/seccomp.h, linux/filter.h and linux/audit.h
 * have it; the last ones of Debian 12 and musl have not all of it.
 */
#define CALL_SECCOMP 317
#define CALL_LANDLOCK_CREATE_RULESET 444
#define CALL_LANDLOCK_RESTRICT_SELF 446
#define LANDLOCK_CREATE_RULESET_VERSION 1U

struct landlock_rules {
    uint64_t handled_access_fs;  /* version 1: bits 0 to 12; 2: 13; 3: 14; 5: 15 */
    uint64_t handled_access_net; /* version 4: TCP, bind and connect */
    uint64_t scoped;             /* version 6: abstract sockets and signals of others */
};

#define SECCOMP_SET_MODE_FILTER 1
#define SECCOMP_GET_ACTION_AVAIL 2
#define SECCOMP_FILTER_FLAG_SPEC_ALLOW 4 /* nothing but a stranger's bytes are in this memory */
#define SECCOMP_RET_KILL_PROCESS 0x80000000U
#define SECCOMP_RET_ERRNO 0x00050000U
#define SECCOMP_RET_ALLOW 0x7fff0000U

struct filter_step {
    uint16_t code;
    uint8_t if_true;
    uint8_t if_false;
    uint32_t value;
};

struct filter_program {
    unsigned short size;
    struct filter_step *steps;
};

struct filter_data {
    int32_t number;
    uint32_t architecture;
    uint64_t instruction;
    uint64_t arguments[6];
};

#define FILTER_LOAD 0x20     /* BPF_LD | BPF_W | BPF_ABS */
#define FILTER_EQUAL 0x15    /* BPF_JMP | BPF_JEQ | BPF_K */
#define FILTER_AT_LEAST 0x35 /* BPF_JMP | BPF_JGE | BPF_K */
#define FILTER_HAS_BITS 0x45 /* BPF_JMP | BPF_JSET | BPF_K */
#define FILTER_RETURN 0x06   /* BPF_RET | BPF_K */

#if defined(__x86_64__) && defined(__LP64__)
#define ARCHITECTURE 0xc000003eU /* AUDIT_ARCH_X86_64 */
#elif defined(__aarch64__)
#define ARCHITECTURE 0xc00000b7U /* AUDIT_ARCH_AARCH64 */
#undef CALL_SECCOMP
#define CALL_SECCOMP 277
#endif

#define FOREIGN_NUMBERS 0x40000000U /* x32's, which have the architecture of x86-64 */
#define STEPS_MAX 128

#define MEMORY_MOST (4 * GIB)
#define PROCESSOR_MOST_S (4 * 60 * 60)

#ifndef INLAY_SANITIZED
static long landlock_version(void)
{
    return syscall(CALL_LANDLOCK_CREATE_RULESET, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

/* All rights that this version knows are taken, and none is given back. */
static unsigned shut_files(void)
{
    long version = landlock_version();
    struct landlock_rules rules = {.handled_access_fs = (1U << 13) - 1};
    size_t size = offsetof(struct landlock_rules, handled_access_net);

    if (version < 1)
        return 0;
    if (version >= 2)
        rules.handled_access_fs |= 1U << 13;
    if (version >= 3)
        rules.handled_access_fs |= 1U << 14;
    if (version >= 4) {
        rules.handled_access_net = 3;
        size = offsetof(struct landlock_rules, scoped);
    }
    if (version >= 5)
        rules.handled_access_fs |= 1U << 15;
    if (version >= 6) {
        rules.scoped = 3;
        size = sizeof(rules);
    }
    CLEANUP(fd) int fd = (int)syscall(CALL_LANDLOCK_CREATE_RULESET, &rules, size, 0);
    if (fd < 0 || syscall(CALL_LANDLOCK_RESTRICT_SELF, fd, 0) != 0)
        return 0;
    return (unsigned)version;
}
#endif

#if defined(ARCHITECTURE) && !defined(INLAY_SANITIZED)
/* What reading, unpacking and answering takes, with the allocators of glibc and musl. */
static const int allowed[] = {
    SYS_read,
    SYS_write,
    SYS_readv,
    SYS_writev,
    SYS_lseek,
    SYS_fstat,
    SYS_close,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_brk,
    SYS_futex,
    SYS_exit,
    SYS_exit_group,
    SYS_rt_sigreturn,
    SYS_rt_sigprocmask,
    SYS_getrandom,
    SYS_clock_gettime,
    SYS_gettimeofday,
    SYS_sched_yield,
    SYS_getpid,
    SYS_gettid,
    SYS_restart_syscall,
    SYS_sysinfo,
    SYS_sched_getaffinity,
};

/* These, too, unless the memory is to be run. */
static const int mapping[] = {SYS_mmap, SYS_mprotect};

/* What libraries try and can be without: character sets, settings, whether this is a terminal. */
static const int refused[] = {
    SYS_openat, SYS_newfstatat, SYS_statx, SYS_faccessat, SYS_readlinkat,
    SYS_ioctl,  SYS_fcntl,      SYS_prctl, SYS_prlimit64, SYS_uname,
#ifdef SYS_open
    SYS_open,   SYS_stat,       SYS_lstat, SYS_access,    SYS_readlink,
#endif
};

_Static_assert(2 * (ARRAY_SIZE(allowed) + ARRAY_SIZE(refused)) + 4 * ARRAY_SIZE(mapping) + 8 <=
                   STEPS_MAX,
               "STEPS_MAX is too small");

struct filter {
    struct filter_step steps[STEPS_MAX];
    unsigned short size;
};

static void filter_add(struct filter *filter, uint16_t code, uint32_t value, uint8_t if_true,
                       uint8_t if_false)
{
    filter->steps[filter->size++] = (struct filter_step){code, if_true, if_false, value};
}

static void filter_add_calls(struct filter *filter, const int *numbers, size_t count,
                             uint32_t answer)
{
    for (size_t i = 0; i < count; i++) {
        filter_add(filter, FILTER_EQUAL, (uint32_t)numbers[i], 0, 1);
        filter_add(filter, FILTER_RETURN, answer, 0, 0);
    }
}

/* The number of the call is loaded; what follows a mapping that is allowed no longer matters. */
static void filter_add_mappings(struct filter *filter)
{
    const uint32_t protection = offsetof(struct filter_data, arguments[2]);

    for (size_t i = 0; i < ARRAY_SIZE(mapping); i++) {
        filter_add(filter, FILTER_EQUAL, (uint32_t)mapping[i], 0, 4);
        filter_add(filter, FILTER_LOAD, protection, 0, 0); /* the lower half: little-endian */
        filter_add(filter, FILTER_HAS_BITS, PROT_EXEC, 0, 1);
        filter_add(filter, FILTER_RETURN, SECCOMP_RET_KILL_PROCESS, 0, 0);
        filter_add(filter, FILTER_RETURN, SECCOMP_RET_ALLOW, 0, 0);
    }
}

static bool shut_calls(void)
{
    struct filter filter = {.size = 0};

    filter_add(&filter, FILTER_LOAD, offsetof(struct filter_data, architecture), 0, 0);
    filter_add(&filter, FILTER_EQUAL, ARCHITECTURE, 1, 0);
    filter_add(&filter, FILTER_RETURN, SECCOMP_RET_KILL_PROCESS, 0, 0);
    filter_add(&filter, FILTER_LOAD, offsetof(struct filter_data, number), 0, 0);
    filter_add(&filter, FILTER_AT_LEAST, FOREIGN_NUMBERS, 0, 1);
    filter_add(&filter, FILTER_RETURN, SECCOMP_RET_KILL_PROCESS, 0, 0);
    filter_add_calls(&filter, allowed, ARRAY_SIZE(allowed), SECCOMP_RET_ALLOW);
    filter_add_mappings(&filter);
    filter_add_calls(&filter, refused, ARRAY_SIZE(refused), SECCOMP_RET_ERRNO | EACCES);
    filter_add(&filter, FILTER_RETURN, SECCOMP_RET_KILL_PROCESS, 0, 0);
    const struct filter_program program = {filter.size, filter.steps};
    return syscall(CALL_SECCOMP, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW,
                   &program) == 0 ||
           syscall(CALL_SECCOMP, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

static bool has_seccomp(void)
{
    const uint32_t action = SECCOMP_RET_KILL_PROCESS;

    return syscall(CALL_SECCOMP, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}
#elif !defined(INLAY_SANITIZED)
static bool shut_calls(void)
{
    return false; /* the numbers of this machine's calls are not known here */
}

static bool has_seccomp(void)
{
    return false;
}
#endif

struct sandbox_barriers sandbox_find_barriers(void)
{
    struct sandbox_barriers barriers = {0, false};

#ifndef INLAY_SANITIZED
    long version = landlock_version();
    barriers.landlock = version > 0 ? (unsigned)version : 0;
    barriers.seccomp = has_seccomp();
#endif
    return barriers;
}

char *sandbox_format_barriers(const struct sandbox_barriers *barriers)
{
    if (barriers->landlock > 0)
        return xasprintf("Landlock %u%s", barriers->landlock,
                         barriers->seccomp ? " and seccomp" : ", without seccomp");
    return xstrdup(barriers->seccomp ? "seccomp, without Landlock"
                                     : "neither Landlock nor seccomp");
}

#ifndef INLAY_SANITIZED
static void bound(int resource, rlim_t most)
{
    struct rlimit limit;

    if (getrlimit((__typeof__(RLIMIT_AS))resource, &limit) < 0)
        return;
    if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < most)
        most = limit.rlim_max;
    /* At the hard limit of time the kernel ends it without saying why; the soft one comes first. */
    limit = (struct rlimit){resource == RLIMIT_CPU && most > 0 ? most - 1 : most, most};
    (void)setrlimit((__typeof__(RLIMIT_AS))resource, &limit);
}
#endif

struct sandbox_barriers sandbox_confine(void)
{
    struct sandbox_barriers barriers = {0, false};

#ifndef INLAY_SANITIZED
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return barriers;
    barriers.landlock = shut_files();
    bound(RLIMIT_AS, MEMORY_MOST);
    bound(RLIMIT_CPU, PROCESSOR_MOST_S);
    bound(RLIMIT_FSIZE, 0);
    bound(RLIMIT_NPROC, 0);
    bound(RLIMIT_NOFILE, 0);
    barriers.seccomp = shut_calls();
#endif
    return barriers;
}
