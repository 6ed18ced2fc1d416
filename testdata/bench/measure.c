/*
 * Runs a command and tells what it took: `measure RESULT SERVERS COMMAND…`. RESULT is a file that
 * gets one JSON object:
 *
 *   status         of the command; 128 and the signal, if one ended it
 *   wall_s         seconds on the clock
 *   cpu_s          user and system seconds of the command and of everything that it started
 *   peak_kib       the most memory that the largest of these processes had
 *   disk_bytes     what they wrote to files on disks (write_bytes of proc(5))
 *   wire_bytes     what passed the loopback device meanwhile, both directions, headers included
 *   servers_cpu_s  user and system seconds of the processes in SERVERS, numbers with commas between
 *
 * Processes that outlive the command are waited for: they belong to it. The exit status is 0 if
 * there is a result, whatever the command's was.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct sample {
    double wall_s;
    double cpu_s;
    double servers_cpu_s;
    uint64_t disk;
    uint64_t wire;
};

static double clock_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The number behind `name` in a file of lines such as /proc/self/io; 0 if it is not there. */
static uint64_t number_in(const char *path, const char *name)
{
    char line[512];
    uint64_t value = 0;
    FILE *file = fopen(path, "re");

    while (file && fgets(line, sizeof(line), file)) {
        char *at = line + strspn(line, " ");
        if (strncmp(at, name, strlen(name)) != 0)
            continue;
        value = strtoull(at + strlen(name), NULL, 10);
    }
    if (file)
        fclose(file);
    return value;
}

/* Seconds of one process, whose name may hold blanks and parentheses (proc(5), "stat"). */
static double process_cpu_s(unsigned long pid)
{
    char path[64], text[1024] = "";
    unsigned long long ticks = 0;

    snprintf(path, sizeof(path), "/proc/%lu/stat", pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    if (!fgets(text, sizeof(text), file))
        text[0] = '\0';
    fclose(file);
    char *at = strrchr(text, ')');
    for (unsigned field = 2; at && field < 14; field++)
        at = strchr(at + 1, ' ');
    if (at) {
        ticks = strtoull(at, &at, 10);
        ticks += strtoull(at, NULL, 10);
    }
    return (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

static double servers_cpu_s(const char *servers)
{
    double sum = 0;
    char *end;

    for (const char *at = servers + strspn(servers, ","); *at != '\0';
         at = end + strspn(end, ",")) {
        unsigned long pid = strtoul(at, &end, 10);
        if (end == at)
            break;
        sum += process_cpu_s(pid);
    }
    return sum;
}

static void take_sample(const char *servers, struct sample *out)
{
    struct rusage children;

    getrusage(RUSAGE_CHILDREN, &children);
    out->wall_s = clock_s();
    out->cpu_s = (double)(children.ru_utime.tv_sec + children.ru_stime.tv_sec) +
                 (double)(children.ru_utime.tv_usec + children.ru_stime.tv_usec) / 1e6;
    out->servers_cpu_s = servers_cpu_s(servers);
    out->disk = number_in("/proc/self/io", "write_bytes:");
    out->wire = number_in("/proc/self/net/dev", "lo:");
}

/* The status of `child`, once it and all that it left behind have ended. */
static int wait_for_all(pid_t child)
{
    int status = 0, word;
    pid_t pid;

    while ((pid = wait(&word)) > 0 || errno == EINTR) {
        if (pid == child)
            status = WIFSIGNALED(word) ? 128 + WTERMSIG(word) : WEXITSTATUS(word);
    }
    return status;
}

int main(int argc, char **argv)
{
    struct sample before, after;
    struct rusage children;

    if (argc < 4) {
        fprintf(stderr, "usage: measure RESULT SERVERS COMMAND...\n");
        return 2;
    }
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    take_sample(argv[2], &before);
    pid_t child = fork();
    if (child == 0) {
        execvp(argv[3], argv + 3);
        fprintf(stderr, "measure: '%s': %s\n", argv[3], strerror(errno));
        _exit(127);
    }
    if (child < 0) {
        fprintf(stderr, "measure: fork: %s\n", strerror(errno));
        return 1;
    }
    int status = wait_for_all(child);
    take_sample(argv[2], &after);
    getrusage(RUSAGE_CHILDREN, &children);

    FILE *result = fopen(argv[1], "we");
    if (!result) {
        fprintf(stderr, "measure: '%s': %s\n", argv[1], strerror(errno));
        return 1;
    }
    fprintf(result,
            "{\"status\": %d, \"wall_s\": %.4f, \"cpu_s\": %.4f, \"peak_kib\": %ld, "
            "\"disk_bytes\": %" PRIu64 ", \"wire_bytes\": %" PRIu64 ", \"servers_cpu_s\": %.2f}\n",
            status, after.wall_s - before.wall_s, after.cpu_s - before.cpu_s, children.ru_maxrss,
            after.disk - before.disk, after.wire - before.wire,
            after.servers_cpu_s - before.servers_cpu_s);
    return fclose(result) == 0 ? 0 : 1;
}
