#include "oci/platform.h"

#include "core/nearest.h"
#include "core/text.h"
#include "oci/member.h"

#include <string.h>

#define PLATFORM_NEAR 2 /* letters that may be wrong in what was meant */

/* Names that mean the same, and what they bring along (containerd/platforms, database.go). */
struct alias {
    const char *given;
    const char *architecture;
    const char *variant; /* NULL: what was given stays */
};

static const struct alias aliases[] = {
    {"x86_64", "amd64", NULL},  {"x86-64", "amd64", NULL}, {"i386", "386", ""},
    {"aarch64", "arm64", NULL}, {"armhf", "arm", "v7"},    {"armel", "arm", "v6"},
};

/* By ASCII, whatever the locale. */
static char lower(char letter)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

    if (letter < 'A' || letter > 'Z')
        return letter;
    return letters[letter - 'A'];
}

static void set_part(char part[OCI_PLATFORM_PART], const char *text)
{
    size_t i = 0;

    for (; i + 1 < OCI_PLATFORM_PART && text[i] != '\0'; i++)
        part[i] = lower(text[i]);
    part[i] = '\0';
}

static void normalise(struct oci_platform *platform)
{
    char *variant = platform->variant;

    if (strcmp(platform->os, "macos") == 0)
        set_part(platform->os, "darwin");
    for (size_t i = 0; i < ARRAY_SIZE(aliases); i++) {
        if (strcmp(platform->architecture, aliases[i].given) != 0)
            continue;
        set_part(platform->architecture, aliases[i].architecture);
        if (aliases[i].variant != NULL)
            set_part(variant, aliases[i].variant);
        break;
    }
    if (strcmp(platform->architecture, "arm") == 0) {
        if (variant[0] == '\0')
            set_part(variant, "v7");
        else if (variant[0] >= '5' && variant[0] <= '8' && variant[1] == '\0')
            set_part(variant, (const char[]){'v', variant[0], '\0'});
    }
    if ((strcmp(platform->architecture, "arm64") == 0 &&
         (strcmp(variant, "8") == 0 || strcmp(variant, "v8") == 0)) ||
        (strcmp(platform->architecture, "amd64") == 0 && strcmp(variant, "v1") == 0) ||
        strcmp(platform->architecture, "386") == 0)
        variant[0] = '\0';
}

static bool is_part(const char *text)
{
    size_t size = strlen(text);

    return size > 0 && size < OCI_PLATFORM_PART &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") ==
               size;
}

int oci_platform_parse(const char *text, struct oci_platform *out, struct error *err)
{
    CLEANUP(text) char *copy = xstrdup(text);
    const char *parts[3] = {"linux", "", ""};
    size_t count = 0;
    struct oci_platform platform;

    for (char *at = copy; at != NULL; count++) {
        char *part = strsep(&at, "/");
        if (count == ARRAY_SIZE(parts) || !is_part(part))
            return error_set(err, ERROR_USAGE, "'%s' is not OS/ARCH[/VARIANT], such as linux/arm64",
                             text);
        parts[count] = part;
    }
    if (count == 1) {
        parts[1] = parts[0];
        parts[0] = "linux";
    }
    set_part(platform.os, parts[0]);
    set_part(platform.architecture, parts[1]);
    set_part(platform.variant, parts[2]);
    normalise(&platform);
    *out = platform;
    return 0;
}

/* Those of Go's GOARCH and GOOS (Go, internal/syslist). */
static const char *const architectures[] = {
    "386",   "amd64",  "amd64p32",    "arm",      "armbe",     "arm64", "arm64be", "loong64",
    "mips",  "mipsle", "mips64",      "mips64le", "mips64p32", "ppc",   "ppc64",   "ppc64le",
    "riscv", "s390",   "mips64p32le", "riscv64",  "s390x",     "sparc", "sparc64", "wasm",
};
static const char *const systems[] = {
    "aix",   "android", "darwin",  "dragonfly", "freebsd", "illumos", "ios",     "js",
    "linux", "netbsd",  "openbsd", "plan9",     "solaris", "wasip1",  "windows",
};

/* One that is not known at all may be new; one that is nearly known is a mistake. */
static int check_part(const char *text, const char *part, const char *const *known, size_t count,
                      struct error *err)
{
    struct nearest nearest = {.typed = part, .worst = PLATFORM_NEAR};

    for (size_t i = 0; i < count; i++) {
        if (strcmp(part, known[i]) == 0)
            return 0;
        nearest_consider(&nearest, known[i]);
    }
    if (nearest.count == 0)
        return 0;
    CLEANUP(text) char *near = nearest_format(&nearest);
    return error_set(err, ERROR_USAGE, "'%s': there is no '%s'%s", text, part, near);
}

int oci_platform_check_spelling(const char *text, const struct oci_platform *platform,
                                struct error *err)
{
    if (check_part(text, platform->os, systems, ARRAY_SIZE(systems), err) < 0)
        return -1;
    return check_part(text, platform->architecture, architectures, ARRAY_SIZE(architectures), err);
}

void oci_platform_from_json(const json_t *json, struct oci_platform *out)
{
    const char *os = member_text(json, "os");
    const char *architecture = member_text(json, "architecture");
    const char *variant = member_text(json, "variant");

    set_part(out->os, os != NULL ? os : "");
    set_part(out->architecture, architecture != NULL ? architecture : "");
    set_part(out->variant, variant != NULL ? variant : "");
    normalise(out);
}

char *oci_platform_format(const struct oci_platform *platform)
{
    const char *variant = platform->variant;

    return xasprintf("%s/%s%s%s", platform->os, platform->architecture,
                     variant[0] != '\0' ? "/" : "", variant);
}

bool oci_platform_equal(const struct oci_platform *a, const struct oci_platform *b)
{
    return strcmp(a->os, b->os) == 0 && strcmp(a->architecture, b->architecture) == 0 &&
           strcmp(a->variant, b->variant) == 0;
}
