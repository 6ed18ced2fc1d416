#include "rootfs/rootfs_test_internal.h"

#define PASSWD                                                                                     \
    "root:x:0:0:root:/root:/bin/sh\n"                                                              \
    "# daemon:x:1:1::/:\n"                                                                         \
    "\n"                                                                                           \
    "  app:x:1000:1001:An App:/home/app:/bin/sh  \r\n"                                             \
    "second:x:1000:2002::/home/second:\n"                                                          \
    "1234:x:77:78::/home/number:\n"                                                                \
    "homeless:x:5:6:::\n"                                                                          \
    "short:x:7\n"                                                                                  \
    "odd:x:eight:9x::/odd\n"                                                                       \
    "huge:x:2147483648:1::/huge:\n"                                                                \
    "hugegroup:x:30:99999999999999999999::/huge:\n"                                                \
    "minus:x:-1:1::/minus:\n"                                                                      \
    "last:x:2147483647:2147483647::/last:"

#define GROUP                                                                                      \
    "root:x:0:\n"                                                                                  \
    "#hidden:x:9:\n"                                                                               \
    "users:x:100:app\n"                                                                            \
    "users:x:101:\n"                                                                               \
    "1234:x:55:\n"                                                                                 \
    "broken\n"                                                                                     \
    "large:x:4294967296:\n"

#define ENV "HOME in the image's environment"
#define UNKNOWN ERROR_UNSUPPORTED

struct user_case {
    const char *user, *environment;
    const char *expected; /* "uid:gid home", or words of the refusal */
    const char *user_from, *home_from;
    enum error_kind kind;
};

static void check_user(const struct user_case *this, const char *passwd, const char *group)
{
    const struct rootfs_user_request request = {this->user, this->environment};
    CLEANUP(rootfs_user) struct rootfs_user user = {.home = NULL};
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf passwd_bytes = BUF_INIT;
    CLEANUP(buf) struct buf group_bytes = BUF_INIT;

    buf_add_text(&passwd_bytes, passwd != NULL ? passwd : "");
    buf_add_text(&group_bytes, group != NULL ? group : "");
    int result = user_find(&request, passwd != NULL ? &passwd_bytes : NULL,
                           group != NULL ? &group_bytes : NULL, &user, &err);
    if (this->kind != ERROR_NONE) {
        CHECK_REFUSED(result, err, this->kind, this->expected);
        assert_null(user.home);
        return;
    }
    CHECK(result, err);
    CLEANUP(text) char *text = xasprintf("%u:%u %s", user.uid, user.gid, user.home);
    if (strcmp(text, this->expected) != 0)
        fail_msg("'%s' is %s, expected %s", this->user != NULL ? this->user : "(null)", text,
                 this->expected);
    assert_string_equal(user.user_from, this->user_from);
    assert_string_equal(user.home_from, this->home_from);
}

#define LINE(number_) "line " #number_ " of /etc/passwd"
#define NOBODY "the image has no user: root"
#define SAYS(user_) "the image's user '" user_ "'"
#define NO_LINE(uid_) "the uid " #uid_ " has no line in /etc/passwd"
static const struct user_case user_cases[] = {
    {NULL, NULL, "0:0 /root", NOBODY, LINE(1), ERROR_NONE},
    {"", NULL, "0:0 /root", NOBODY, LINE(1), ERROR_NONE},
    {"", "/env", "0:0 /env", NOBODY, ENV, ERROR_NONE},
    {"", "", "0:0 /root", NOBODY, LINE(1), ERROR_NONE},
    {"root", NULL, "0:0 /root", LINE(1), LINE(1), ERROR_NONE},
    {"app", NULL, "1000:1001 /home/app", LINE(4), LINE(4), ERROR_NONE},
    {"app", "/env", "1000:1001 /env", LINE(4), ENV, ERROR_NONE},
    {"second", NULL, "1000:2002 /home/app", LINE(5), LINE(4), ERROR_NONE},
    {"1000", NULL, "1000:1001 /home/app", LINE(4), LINE(4), ERROR_NONE},
    {"+1000", NULL, "1000:1001 /home/app", LINE(4), LINE(4), ERROR_NONE},
    {"01000", NULL, "1000:1001 /home/app", LINE(4), LINE(4), ERROR_NONE},
    {"4000", NULL, "4000:0 /", SAYS("4000"), NO_LINE(4000), ERROR_NONE},
    {"app:users", NULL, "1000:100 /home/app", LINE(4), LINE(4), ERROR_NONE},
    {"app:7", NULL, "1000:7 /home/app", LINE(4), LINE(4), ERROR_NONE},
    {"app:", NULL, "1000:1001 /home/app", LINE(4), LINE(4), ERROR_NONE},
    {"1000:1000", NULL, "1000:1000 /home/app", LINE(4), LINE(4), ERROR_NONE},
    {"4000:users", NULL, "4000:100 /", SAYS("4000:users"), NO_LINE(4000), ERROR_NONE},
    {"0:5", NULL, "0:5 /root", LINE(1), LINE(1), ERROR_NONE},
    {":5", NULL, "0:5 /root", NOBODY, LINE(1), ERROR_NONE},
    {":users", NULL, "0:100 /root", NOBODY, LINE(1), ERROR_NONE},
    {"app:users:more", NULL, "1000:100 /home/app", LINE(4), LINE(4), ERROR_NONE},
    {"1234", NULL, "1234:0 /", SAYS("1234"), NO_LINE(1234), ERROR_NONE},
    {"app:1234", NULL, "1000:1234 /home/app", LINE(4), LINE(4), ERROR_NONE},
    {"homeless", NULL, "5:6 /", LINE(7), LINE(7) ", which has none", ERROR_NONE},
    {"short", NULL, "7:0 /", LINE(8), LINE(8) ", which has none", ERROR_NONE},
    {"odd", NULL, "0:0 /root", LINE(9), LINE(1), ERROR_NONE},
    {"app:broken", NULL, "1000:0 /home/app", LINE(4), LINE(4), ERROR_NONE},
    {"last", NULL, "2147483647:2147483647 /last", LINE(13), LINE(13), ERROR_NONE},
    {"2147483647", "/h", "2147483647:2147483647 /h", LINE(13), ENV, ERROR_NONE},
    {"nobody", NULL,
     "the image's user 'nobody' is not in its /etc/passwd; a number needs no such line", NULL, NULL,
     UNKNOWN},
    {"daemon", NULL, "user 'daemon' is not in", NULL, NULL, UNKNOWN},
    {"# daemon", NULL, "user '# daemon' is not in", NULL, NULL, UNKNOWN},
    {"App", NULL, "user 'App' is not in", NULL, NULL, UNKNOWN},
    {" app", NULL, "user ' app' is not in", NULL, NULL, UNKNOWN},
    {"ap", NULL, "user 'ap' is not in", NULL, NULL, UNKNOWN},
    {"1000x", NULL, "user '1000x' is not in", NULL, NULL, UNKNOWN},
    {"+", NULL, "user '+' is not in", NULL, NULL, UNKNOWN},
    {"app:nogroup", NULL, "the image's group 'nogroup' is not in its /etc/group", NULL, NULL,
     UNKNOWN},
    {"app:hidden", NULL, "group 'hidden' is not in", NULL, NULL, UNKNOWN},
    {"2147483648", NULL, "the uid of the image's user is 2147483648, expected 0 to 2147483647",
     NULL, NULL, UNKNOWN},
    {"4294967296", "/h", "is 4294967296, expected", NULL, NULL, UNKNOWN},
    {"99999999999999999999", NULL, "the uid of the image's user is 9223372036854775807", NULL, NULL,
     UNKNOWN},
    {"-5", NULL, "the uid of the image's user is -5, expected", NULL, NULL, UNKNOWN},
    {"huge", NULL, "the uid of the image's user is 2147483648", NULL, NULL, UNKNOWN},
    {"minus", NULL, "the uid of the image's user is -1", NULL, NULL, UNKNOWN},
    {"hugegroup", NULL, "the gid of the image's user is 9223372036854775807", NULL, NULL, UNKNOWN},
    {"hugegroup:1", "/h", "30:1 /h", LINE(11), ENV, ERROR_NONE},
    {"0:2147483648", NULL, "the gid of the image's group is 2147483648", NULL, NULL, UNKNOWN},
    {"0:-1", NULL, "the gid of the image's group is -1", NULL, NULL, UNKNOWN},
    {"app:large", NULL, "the gid of the image's group is 4294967296", NULL, NULL, UNKNOWN},
    {"app", "home/app",
     "the home 'home/app' (HOME in the image's environment) is not an absolute path", NULL, NULL,
     UNKNOWN},
};

static void a_user_is_looked_up_as_runtimes_do(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(user_cases); i++)
        check_user(&user_cases[i], PASSWD, GROUP);
}

static void a_user_needs_no_files_unless_it_is_a_name(void **state)
{
#define NO_FILE "the image has no /etc/passwd"
    static const struct user_case cases[] = {
        {NULL, NULL, "0:0 /root", NOBODY, NO_FILE, ERROR_NONE},
        {"0", NULL, "0:0 /root", SAYS("0"), NO_FILE, ERROR_NONE},
        {":5", NULL, "0:5 /root", NOBODY, NO_FILE, ERROR_NONE},
        {"65532", NULL, "65532:0 /", SAYS("65532"), NO_FILE, ERROR_NONE},
        {"65532:65532", "/home/nonroot", "65532:65532 /home/nonroot", SAYS("65532:65532"), ENV,
         ERROR_NONE},
        {"root", NULL, "user 'root' is not in its /etc/passwd, which does not exist", NULL, NULL,
         UNKNOWN},
        {"0:root", NULL, "group 'root' is not in its /etc/group, which does not exist", NULL, NULL,
         UNKNOWN},
    };
    static const struct user_case empty = {"0", NULL, "0:0 /", SAYS("0"), NO_LINE(0), ERROR_NONE};
    static const struct user_case relative = {
        "0",  NULL, "the home 'home' (line 1 of /etc/passwd) is not an absolute path",
        NULL, NULL, UNKNOWN};
    static const struct user_case word = {
        "0", NULL, "0:0 /", LINE(1), LINE(1) ", which has none", ERROR_NONE};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_user(&cases[i], NULL, NULL);
    check_user(&empty, "", "");
    check_user(&empty, "#comment\n\n   \n", "");
    check_user(&relative, "root:x:0:0::home:\n", NULL);
    check_user(&word, "whatever\nroot:x:0:0::/root:\n", NULL); /* a missing uid counts as 0 */
}

/* The files as the image has them, and what is read of it. */
static void the_files_are_found_in_the_image(void **state)
{
#define PASSWD_WORD "etc/passwd=app:x:5:6::/home/app"
    static const struct {
        const char *layer, *user, *home, *expected;
        size_t opened;
        enum error_kind kind;
    } cases[] = {
        {PASSWD_WORD, "app", NULL, "5:6 /home/app", 1, ERROR_NONE},
        {"usr/lib/passwd=app:x:5:6::/h etc->usr/lib", "app", NULL, "5:6 /h", 1, ERROR_NONE},
        {"x", NULL, NULL, "0:0 /root", 1, ERROR_NONE},
        {"etc/passwd->nowhere", NULL, NULL, "0:0 /root", 1, ERROR_NONE},
        {PASSWD_WORD " etc/group=g:x:9:", "app:g", NULL, "5:9 /home/app", 1, ERROR_NONE},
        {PASSWD_WORD, "5:6", "/h", "5:6 /h", 0, ERROR_NONE},
        {PASSWD_WORD, ":6", "/h", "0:6 /h", 0, ERROR_NONE},
        {PASSWD_WORD, "5", "/h", "5:6 /h", 1, ERROR_NONE},
        {PASSWD_WORD, "5:6", "", "5:6 /home/app", 1, ERROR_NONE},
        {"etc/passwd/", "5:6", "/h", "5:6 /h", 0, ERROR_NONE},
        {"etc/passwd/", "5", NULL, "'/etc/passwd' is a folder", 1, UNKNOWN},
        {"etc/passwd|", NULL, NULL, "'/etc/passwd' is a special file", 1, UNKNOWN},
        {"etc/passwd->passwd", NULL, NULL, "more than 40 links", 1, UNKNOWN},
        {PASSWD_WORD " etc/group/", "app:g", NULL,
         "reading '/etc/group' in the image: '/etc/group' is a folder", 1, UNKNOWN},
        {"x", "app", NULL, "'app' is not in its /etc/passwd, which does not exist", 1, UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct rootfs_user_request request = {cases[i].user, cases[i].home};
        CLEANUP(image) struct image image;
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(rootfs_user) struct rootfs_user user = {.home = NULL};
        image_init(&image);
        image_add(&image, cases[i].layer);
        CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 0, NULL);
        int result = rootfs_find_user(rootfs, &request, &user, &err);
        assert_int_equal(image_opened(&image), cases[i].opened);
        if (cases[i].kind != ERROR_NONE) {
            CHECK_REFUSED(result, err, cases[i].kind, cases[i].expected);
            continue;
        }
        CHECK(result, err);
        CLEANUP(text) char *text = xasprintf("%u:%u %s", user.uid, user.gid, user.home);
        assert_string_equal(text, cases[i].expected);
    }
}

static void a_passwd_above_1_mib_is_refused(void **state)
{
    static char text[ROOTFS_SMALL_FILE + 1];
    const struct item item = {.name = "etc/passwd", .data = text, .size = sizeof(text)};
    const struct rootfs_user_request request = {.user = "app"};
    CLEANUP(buf) struct buf tar = BUF_INIT;
    CLEANUP(image) struct image image;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(rootfs_user) struct rootfs_user user = {.home = NULL};

    (void)state;
    image_init(&image);
    tar_add(&tar, &item);
    image_add_tar(&image, &tar, "gzip");
    CLEANUP(rootfs) struct rootfs *rootfs = image_rootfs(&image, 0, NULL);
    CHECK_REFUSED(rootfs_find_user(rootfs, &request, &user, &err), err, ERROR_CORRUPT,
                  "'/etc/passwd' has 1048577 bytes, expected 1048576 at most");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_user_is_looked_up_as_runtimes_do),
        cmocka_unit_test(a_user_needs_no_files_unless_it_is_a_name),
        cmocka_unit_test(the_files_are_found_in_the_image),
        cmocka_unit_test(a_passwd_above_1_mib_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
