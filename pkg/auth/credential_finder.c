#include "auth/auth_internal.h"

#include "core/file.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_LIMIT ((size_t)4 * 1024 * 1024)
#define LINE_LIMIT ((size_t)64 * 1024)
/* Several scopes of one host are asked for in a row; a helper may be slow, or ask the user. */
#define ANSWER_LIFE_S 60

/* What a helper has said; nothing but a provenance if it knows none. */
struct answer {
    char *name;
    char *server;
    struct credential credential;
    time_t at_s;
};

struct credential_finder {
    const struct cancel *cancel; /* borrowed */
    const struct log *log;       /* borrowed */
    char *authfile;              /* NULL: by the environment */
    struct strings creds;
    pthread_mutex_t lock;
    pthread_cond_t free;
    bool busy; /* somebody looks; the rest is theirs */
    struct answer *answers;
    size_t answer_count;
    char *line;            /* of standard input, which can be read once; NULL: not yet */
    struct strings asked;  /* hosts that wanted a login and found none, each once */
    struct strings fitted; /* those of `creds` that were for one of them */
    struct strings warned; /* paths of files that others may read, each once */
};

struct credential_finder *credential_finder_new(const struct auth_options *options)
{
    struct credential_finder *credentials = xcalloc(1, sizeof(*credentials));

    credentials->cancel = options->cancel;
    credentials->log = options->log;
    credentials->authfile = options->authfile != NULL ? xstrdup(options->authfile) : NULL;
    for (const char *const *at = options->creds; at != NULL && *at != NULL; at++)
        strings_add(&credentials->creds, *at);
    pthread_mutex_init(&credentials->lock, NULL);
    pthread_cond_init(&credentials->free, NULL);
    return credentials;
}

static void answer_release(struct answer *answer)
{
    credential_release(&answer->credential);
    free(answer->server);
    free(answer->name);
    *answer = (struct answer){.credential = CREDENTIAL_INIT};
}

void credential_finder_free(struct credential_finder *credentials)
{
    if (credentials == NULL)
        return;
    for (size_t i = 0; i < credentials->answer_count; i++)
        answer_release(&credentials->answers[i]);
    free(credentials->answers);
    secret_free(credentials->line);
    strings_release(&credentials->creds);
    strings_release(&credentials->asked);
    strings_release(&credentials->fitted);
    strings_release(&credentials->warned);
    free(credentials->authfile);
    pthread_cond_destroy(&credentials->free);
    pthread_mutex_destroy(&credentials->lock);
    free(credentials);
}

static void credential_copy(const struct credential *from, struct credential *to)
{
    credential_release(to);
    to->user = text_copy(from->user);
    to->password = text_copy(from->password);
    to->identity_token = text_copy(from->identity_token);
    to->registry_token = text_copy(from->registry_token);
    to->provenance = text_copy(from->provenance);
}

/* One search. */
struct search {
    struct credential_finder *credentials;
    const struct credential_query *query;
    bool fresh;
    struct strings looked; /* places that are there and know nothing */
    struct credential found;
};

static void search_release(struct search *search)
{
    strings_release(&search->looked);
    credential_release(&search->found);
}
CLEANUP_RELEASE(search)

/* What the helper has said a moment ago; NULL if it has to be asked. */
static const struct answer *find_answer(const struct search *search, const char *name,
                                        const char *server)
{
    const struct credential_finder *credentials = search->credentials;

    for (size_t i = 0; i < credentials->answer_count && !search->fresh; i++) {
        const struct answer *answer = &credentials->answers[i];
        if (strcmp(answer->name, name) == 0 && strcmp(answer->server, server) == 0 &&
            auth_now_s() - answer->at_s < ANSWER_LIFE_S)
            return answer;
    }
    return NULL;
}

static void keep_answer(struct credential_finder *credentials, const char *name, const char *server,
                        const struct credential *credential)
{
    struct answer *answer = NULL;

    for (size_t i = 0; i < credentials->answer_count && answer == NULL; i++)
        if (strcmp(credentials->answers[i].name, name) == 0 &&
            strcmp(credentials->answers[i].server, server) == 0)
            answer = &credentials->answers[i];
    if (answer == NULL) {
        credentials->answers = xrealloc(credentials->answers, credentials->answer_count + 1,
                                        sizeof(*credentials->answers));
        answer = &credentials->answers[credentials->answer_count++];
        *answer = (struct answer){.credential = CREDENTIAL_INIT};
    }
    answer_release(answer);
    answer->name = xstrdup(name);
    answer->server = xstrdup(server);
    answer->at_s = auth_now_s();
    credential_copy(credential, &answer->credential);
}

static int ask_helper(struct search *search, const char *name, const char *named_by,
                      struct error *err)
{
    const char *server = credential_server(search->query->host);
    const struct answer *known = find_answer(search, name, server);
    struct helper helper = {
        .name = name,
        .server = server,
        .named_by = named_by,
        .cancel = search->credentials->cancel,
    };

    if (known != NULL) {
        credential_copy(&known->credential, &search->found);
        return 0;
    }
    log_debug(search->credentials->log, "asking 'docker-credential-%s' for '%s'", name, server);
    if (helper_ask(&helper, &search->found, err) < 0)
        return -1;
    keep_answer(search->credentials, name, server, &search->found);
    return 0;
}

/*
 * What a file says, in the order of Docker: a helper of the host is alone; what is said of the
 * repository is closer than what a store of everything knows; an entry of the host comes last.
 */
static int search_text(struct search *search, const struct credential_text *text, struct error *err)
{
    CLEANUP(docker_config) struct docker_config file = DOCKER_CONFIG_INIT;

    if (docker_config_parse(text, search->query, &file, err) < 0)
        return -1;
    if (file.helper != NULL) {
        if (ask_helper(search, file.helper, text->name, err) < 0)
            return -1;
    } else {
        bool close = file.rank >= CREDENTIAL_RANK_PATH && !credential_is_empty(&file.own);
        if (!close && file.store != NULL && ask_helper(search, file.store, text->name, err) < 0)
            return -1;
        if (credential_is_empty(&search->found))
            credential_copy(&file.own, &search->found);
    }
    if (credential_is_empty(&search->found))
        strings_add(&search->looked, text->name);
    return 0;
}

/* Who says where a file of logins is. */
enum place {
    PLACE_USUAL,    /* nobody: it need not be there, nor be in a folder that may be entered */
    PLACE_VARIABLE, /* the environment: it need not be there */
    PLACE_OPTION,   /* the command line: it has to be there */
};

static bool may_lack(const char *path, enum place place, const struct error *err)
{
    switch (place) {
    case PLACE_USUAL:
        return err->kind == ERROR_NOT_FOUND || file_is_hidden(path);
    case PLACE_VARIABLE:
        return err->kind == ERROR_NOT_FOUND;
    case PLACE_OPTION:
        return false;
    }
    abort();
}

static int search_file(struct search *search, const char *path, bool bare, enum place place,
                       struct error *err)
{
    CLEANUP(secret_buf) struct buf content = BUF_INIT;

    if (file_read_named(path, FILE_LIMIT, &content, err) < 0) {
        if (may_lack(path, place, err)) {
            error_release(err);
            return 0;
        }
        err->kind = ERROR_LOCAL;
        return -1;
    }
    struct credential_text text = {path, buf_text(&content), content.size, bare};
    if (content.size == 0) { /* what tools leave behind before the first login */
        strings_add(&search->looked, path);
        return 0;
    }
    return search_text(search, &text, err);
}

/* Standard input up to its first line end. */
static int read_line(struct credential_finder *credentials, struct error *err)
{
    CLEANUP(secret_buf) struct buf line = BUF_INIT;
    struct pollfd wait = {.fd = STDIN_FILENO, .events = POLLIN};
    char letter = '\0';

    while (letter != '\n') {
        if (cancel_check(credentials->cancel, err) < 0)
            return -1;
        if (poll(&wait, 1, CANCEL_POLL_MS) <= 0)
            continue;
        ssize_t size = read(STDIN_FILENO, &letter, 1);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return error_set_errno(err, errno, "reading standard input");
        if (size == 0)
            break;
        if (buf_add_limited(&line, &letter, 1, LINE_LIMIT, err) < 0)
            return error_wrap(err, "standard input");
    }
    credentials->line = buf_take(&line);
    return 0;
}

/* A password is as secret as a key that signs; files of others are theirs to look after. */
static void warn_of_mode(struct credential_finder *credentials, const char *path)
{
    struct stat found;

    if (strings_has(&credentials->warned, path) || stat(path, &found) < 0 ||
        !S_ISREG(found.st_mode) || found.st_uid != getuid() || (found.st_mode & 077) == 0)
        return;
    strings_add(&credentials->warned, path);
    log_warn(credentials->log,
             "'%s' holds a password and may be read by others (mode %04o); 'chmod 600' it, or "
             "mount it with mode 0400",
             path, (unsigned)found.st_mode & 07777);
}

static int search_creds(struct search *search, const struct credential_option *creds,
                        struct error *err)
{
    struct credential_finder *credentials = search->credentials;
    CLEANUP(secret_buf) struct buf content = BUF_INIT;
    CLEANUP(text)
    char *from = creds->file != NULL ? xasprintf("'%s'", creds->file) : xstrdup("standard input");

    if (creds->file == NULL) {
        if (credentials->line == NULL && read_line(credentials, err) < 0)
            return -1;
        buf_add_text(&content, credentials->line);
    } else if (file_read_named(creds->file, LINE_LIMIT, &content, err) < 0) {
        err->kind = ERROR_LOCAL;
        return -1;
    } else {
        warn_of_mode(credentials, creds->file);
    }
    CLEANUP(text) char *origin = xasprintf("%s, which --creds names for '%s'", from, creds->host);
    if (credential_option_parse_line(buf_text(&content), origin, &search->found, err) < 0)
        return -1;
    credential_tell(&search->found, origin);
    return 0;
}

/* The closest of --creds. */
static int search_options(struct search *search, struct error *err)
{
    const struct strings *options = &search->credentials->creds;
    CLEANUP(credential_option) struct credential_option best = {NULL, NULL};
    unsigned best_rank = 0;

    for (size_t i = 0; i < options->count; i++) {
        CLEANUP(credential_option) struct credential_option creds = {NULL, NULL};
        unsigned rank = 0;
        if (credential_option_parse(options->items[i], &creds, err) < 0)
            return error_wrap(err, "--creds");
        bool fits = credential_key_fits(creds.host, search->query, &rank);
        if (fits && !strings_has(&search->credentials->fitted, creds.host))
            strings_add(&search->credentials->fitted, creds.host);
        if (!fits || (best.host != NULL && rank <= best_rank))
            continue;
        credential_option_release(&best);
        best = creds;
        creds = (struct credential_option){NULL, NULL};
        best_rank = rank;
    }
    return best.host != NULL ? search_creds(search, &best, err) : 0;
}

static void add_path(struct strings *paths, const char *folder, const char *name)
{
    if (folder != NULL)
        strings_addf(paths, "%s/%s", folder, name);
}

/* Where tools keep what they were given at a login, those that a variable names first. */
static void list_files(struct strings *paths)
{
    const char *home = auth_variable("HOME");
    const char *runtime = auth_variable("XDG_RUNTIME_DIR");
    const char *config = auth_variable("XDG_CONFIG_HOME");

    add_path(paths, auth_variable("DOCKER_CONFIG"), "config.json");
    if (runtime != NULL)
        add_path(paths, runtime, "containers/auth.json");
    else
        strings_addf(paths, "/run/containers/%u/auth.json", (unsigned)getuid());
    add_path(paths, config != NULL ? config : home,
             config != NULL ? "containers/auth.json" : ".config/containers/auth.json");
    if (auth_variable("DOCKER_CONFIG") == NULL)
        add_path(paths, home, ".docker/config.json");
}

static int search_environment(struct search *search, struct error *err)
{
    static const char variable[] = "DOCKER_AUTH_CONFIG";
    CLEANUP(strings) struct strings paths = STRINGS_INIT;
    const char *named = auth_variable("REGISTRY_AUTH_FILE");
    const char *value = auth_variable(variable);
    const char *home = auth_variable("HOME");

    if (named != NULL && search_file(search, named, false, PLACE_VARIABLE, err) < 0)
        return -1;
    if (credential_is_empty(&search->found) && value != NULL) {
        struct credential_text text = {variable, value, strlen(value), false};
        if (search_text(search, &text, err) < 0)
            return -1;
    }
    list_files(&paths);
    for (size_t i = 0; i < paths.count && credential_is_empty(&search->found); i++)
        if (search_file(search, paths.items[i], false, PLACE_USUAL, err) < 0)
            return -1;
    if (home == NULL || !credential_is_empty(&search->found))
        return 0;
    CLEANUP(text) char *old = xasprintf("%s/.dockercfg", home);
    return search_file(search, old, true, PLACE_USUAL, err);
}

/* What to say if there is nothing. */
static char *tell_nothing(const struct search *search)
{
    const char *host = credential_host(search->query->host);
    const char *authfile = search->credentials->authfile;
    CLEANUP(buf) struct buf provenance = BUF_INIT;

    for (size_t i = 0; i < search->looked.count; i++)
        buf_addf(&provenance, "%s'%s'", i > 0 ? ", " : "", search->looked.items[i]);
    buf_addf(&provenance, "%s no credentials for '%s': ",
             search->looked.count == 0   ? "there are"
             : search->looked.count == 1 ? " has"
                                         : " have",
             host);
    if (authfile != NULL) /* in which docker writes nothing */
        buf_addf(&provenance, "'skopeo login --authfile %s %s'", authfile, host);
    else
        buf_addf(&provenance, "'docker login %s', 'skopeo login %s'", host, host);
    buf_addf(&provenance, " or --creds %s=FILE gives some", host);
    return buf_take(&provenance);
}

static int search_all(struct search *search, struct error *err)
{
    const char *authfile = search->credentials->authfile;

    if (search_options(search, err) < 0)
        return -1;
    if (credential_is_empty(&search->found) &&
        (authfile != NULL ? search_file(search, authfile, false, PLACE_OPTION, err)
                          : search_environment(search, err)) < 0)
        return -1;
    if (!credential_is_empty(&search->found))
        return 0;
    credential_release(&search->found);
    search->found.provenance = tell_nothing(search);
    return 0;
}

/* Where a login was found no name is mistyped. */
static void note_asked(struct credential_finder *credentials, const char *host)
{
    if (!strings_has(&credentials->asked, host))
        strings_add(&credentials->asked, host);
}

int credential_finder_find(struct credential_finder *credentials,
                           const struct credential_query *query, bool fresh, struct credential *out,
                           struct error *err)
{
    CLEANUP(search)
    struct search search = {.credentials = credentials, .query = query, .fresh = fresh};

    /* Needs no look at cancel: whoever is busy does so. */
    pthread_mutex_lock(&credentials->lock);
    while (credentials->busy)
        pthread_cond_wait(&credentials->free, &credentials->lock);
    credentials->busy = true;
    pthread_mutex_unlock(&credentials->lock);
    int result = search_all(&search, err);
    if (result == 0 && credential_is_empty(&search.found))
        note_asked(credentials, credential_host(query->host));
    pthread_mutex_lock(&credentials->lock);
    credentials->busy = false;
    pthread_cond_signal(&credentials->free);
    pthread_mutex_unlock(&credentials->lock);
    if (result < 0)
        return error_wrap(err, "looking for the credentials of '%s'", credential_host(query->host));
    log_debug(credentials->log, "'%s': %s", query->host, search.found.provenance);
    credential_release(out);
    *out = search.found;
    search.found = (struct credential)CREDENTIAL_INIT;
    return 0;
}

void credential_finder_tell_idle(struct credential_finder *credentials)
{
    CLEANUP(buf) struct buf asked = BUF_INIT;

    for (size_t i = 0; i < credentials->asked.count; i++)
        buf_addf(&asked, "%s'%s'", i > 0 ? ", " : "", credentials->asked.items[i]);
    for (size_t i = 0; i < credentials->creds.count && asked.size > 0; i++) {
        CLEANUP(credential_option) struct credential_option creds = {NULL, NULL};
        CLEANUP(error) struct error ignored = ERROR_INIT; /* told when it was looked at */
        if (credential_option_parse(credentials->creds.items[i], &creds, &ignored) == 0 &&
            !strings_has(&credentials->fitted, creds.host))
            log_warn(credentials->log,
                     "--creds has a login for '%s', which did not ask for one; %s did", creds.host,
                     buf_text(&asked));
    }
}
