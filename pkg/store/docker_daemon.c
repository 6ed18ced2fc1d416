#include "store/archive_internal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_SOCKET "/var/run/docker.sock"
/* What an engine says of a load: some lines of JSON. */
#define ANSWER_LIMIT ((size_t)1024 * 1024)
/* Saving and loading, it says nothing while it packs or unpacks all of a large image. */
#define PATIENCE_S 3600u
/* Before an image is asked for once more; doubled each time. */
#define SAVE_WAIT_MS 1000u
/* It may still be at it when the answer is lost: how often it is asked, and for how long at most
   after a request to stop. */
#define QUESTIONS 5u
#define QUESTION_WAIT_MS 1000u
#define QUESTION_PATIENCE_MS 10000u

/* A Docker engine, spoken to by its API (Docker Engine API, "Images"; podman's is the same). */
struct engine {
    struct http *http;           /* of its own: other certificates */
    unsigned patience_s;         /* while it saves or loads */
    const struct cancel *cancel; /* borrowed; may be NULL */
    const struct log *log;       /* borrowed; may be NULL */
    char *host;                  /* as DOCKER_HOST says it, without a user; for messages */
    char *socket;                /* NULL: TCP */
    char *origin;                /* "http://localhost" for a socket */
    char *asked;                 /* the image to be read, as people write it; NULL: none */
    char *certificates; /* a folder of links to the files of DOCKER_CERT_PATH; NULL: none */
    struct http_response answer; /* to the load */
    bool is_open;                /* there was none: the image may be there or not */
    bool is_doubtful;            /* there was a refusal, but not in the engine's words */
};

/* The files of DOCKER_CERT_PATH, and what http_options.cert_dir wants them to be called. */
static const struct {
    const char *from;
    const char *to;
} certificate_names[] = {
    {"ca.pem", "ca.crt"}, {"cert.pem", "client.cert"}, {"key.pem", "client.key"}};

static void engine_free(void *arg)
{
    struct engine *engine = arg;

    if (engine == NULL)
        return;
    http_free(engine->http);
    for (size_t i = 0; engine->certificates != NULL && i < ARRAY_SIZE(certificate_names); i++) {
        CLEANUP(text)
        char *link = xasprintf("%s/%s", engine->certificates, certificate_names[i].to);
        unlink(link);
    }
    if (engine->certificates != NULL)
        rmdir(engine->certificates);
    free(engine->certificates);
    free(engine->host);
    free(engine->socket);
    free(engine->origin);
    free(engine->asked);
    http_response_release(&engine->answer);
    free(engine);
}

static inline void engine_cleanup(struct engine **engine)
{
    engine_free(*engine);
}

/* "~/.docker", or what DOCKER_CERT_PATH says. */
static char *certificate_folder(void)
{
    const char *folder = getenv("DOCKER_CERT_PATH");
    const char *home = getenv("HOME");

    if (folder != NULL && folder[0] != '\0')
        return xstrdup(folder);
    return xasprintf("%s/.docker", home != NULL ? home : "");
}

static int link_certificates(struct engine *engine, struct error *err)
{
    const char *parent = getenv("TMPDIR");
    CLEANUP(text) char *from = certificate_folder();
    CLEANUP(text) char *real = realpath(from, NULL);
    CLEANUP(text)
    char *folder =
        xasprintf("%s/inlay-XXXXXX", parent != NULL && parent[0] != '\0' ? parent : "/tmp");

    if (real == NULL)
        return error_set_errno(err, errno,
                               "DOCKER_TLS_VERIFY wants certificates, and the folder '%s' (see "
                               "DOCKER_CERT_PATH)",
                               from);
    if (mkdtemp(folder) == NULL)
        return error_set_errno(err, errno, "creating a folder '%s'", folder);
    engine->certificates = TAKE(folder);
    for (size_t i = 0; i < ARRAY_SIZE(certificate_names); i++) {
        CLEANUP(text) char *old = xasprintf("%s/%s", real, certificate_names[i].from);
        CLEANUP(text)
        char *new = xasprintf("%s/%s", engine->certificates, certificate_names[i].to);
        if (access(old, R_OK) < 0)
            return error_set_errno(
                err, errno, "DOCKER_TLS_VERIFY wants the file '%s' (see DOCKER_CERT_PATH)", old);
        if (symlink(old, new) < 0)
            return error_set_errno(err, errno, "creating '%s'", new);
    }
    return 0;
}

/* Without user and password, should somebody have written them. */
static char *mask_user(const char *host)
{
    const char *address = strstr(host, "://");
    const char *at = strrchr(host, '@');

    if (at == NULL || text_starts_with(host, "unix:"))
        return xstrdup(host);
    return xasprintf("%.*s…%s", address != NULL && address < at ? (int)(address + 3 - host) : 0,
                     host, at);
}

/* DOCKER_HOST: unix:///path, tcp://host:port; with DOCKER_TLS_VERIFY the latter is https. */
static int set_host(struct engine *engine, struct error *err)
{
    const char *host = getenv("DOCKER_HOST");
    const char *verify = getenv("DOCKER_TLS_VERIFY");

    if (host == NULL || host[0] == '\0')
        host = "unix://" DEFAULT_SOCKET;
    engine->host = mask_user(host);
    if (text_starts_with(host, "unix://") && host[strlen("unix://")] == '/') {
        engine->socket = xstrdup(host + strlen("unix://"));
        engine->origin = xstrdup("http://localhost");
        return 0;
    }
    const char *address = strstr(host, "://");
    if (!(text_starts_with(host, "tcp://") || text_starts_with(host, "http://") ||
          text_starts_with(host, "https://")) ||
        strcspn(address + 3, "/?#@") != strlen(address + 3) || address[3] == '\0')
        return error_set(err, ERROR_USAGE,
                         "DOCKER_HOST is '%s'; expected unix:///PATH or tcp://HOST:PORT",
                         engine->host);
    address += 3;
    bool tls = text_starts_with(host, "https://") || (verify != NULL && verify[0] != '\0');
    engine->origin = xasprintf("%s://%s", tls ? "https" : "http", address);
    return tls ? link_certificates(engine, err) : 0;
}

static int engine_open(const struct store_context *context, struct engine **out, struct error *err)
{
    __attribute__((cleanup(engine_cleanup))) struct engine *engine = xcalloc(1, sizeof(*engine));

    engine->cancel = context->cancel;
    engine->log = context->log;
    if (set_host(engine, err) < 0) {
        error_wrap(err, "docker-daemon");
        return -1;
    }
    engine->http = http_new(&(struct http_options){
        .user_agent = "inlay/" INLAY_VERSION,
        .cancel = context->cancel,
        .log = context->log,
        .stall_timeout_s = context->timeout_s,
        .retries = context->retries,
        .cert_dir = engine->certificates,
    });
    engine->patience_s = context->timeout_s > 0 ? context->timeout_s : PATIENCE_S;
    *out = TAKE(engine);
    return 0;
}

/* Nobody there is told as what it is: the engine is off, elsewhere, or closed to this user. */
static int engine_explain(const struct engine *engine, struct error *err)
{
    if (err->kind == ERROR_CANCELED)
        return -1;
    if (engine->socket != NULL && access(engine->socket, F_OK) < 0)
        return error_set(err, ERROR_UNREACHABLE,
                         "there is no engine at '%s'; start it, or name another with DOCKER_HOST",
                         engine->socket);
    if (engine->socket != NULL && access(engine->socket, R_OK | W_OK) < 0)
        return error_set(err, ERROR_DENIED,
                         "this user may not use '%s'; join the group that owns it, or name another "
                         "with DOCKER_HOST",
                         engine->socket);
    return error_wrap(
        err, "the engine at '%s'%s", engine->host,
        engine->certificates != NULL ? " (whose authority is ca.pem in DOCKER_CERT_PATH)" : "");
}

/* *is_mute is set if the engine has said nothing for all the time that it has. */
static int fetch_once(struct engine *engine, int *fd, bool *is_mute, struct error *err)
{
    CLEANUP(buf) struct buf url = BUF_INIT;
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(reader) struct reader *body = NULL;

    buf_addf(&url, "%s/images/", engine->origin);
    http_encode(&url, engine->asked, "/:");
    buf_add_text(&url, "/get");
    struct http_request request = {
        .method = "GET",
        .url = buf_text(&url),
        .unix_socket = engine->socket,
        .no_retry = true,
        .timeout_s = engine->patience_s,
    };
    if (http_open(engine->http, &request, &response, &body, err) < 0) {
        *is_mute = response.silent_ms >= (uint64_t)engine->patience_s * 1000;
        return engine_explain(engine, err);
    }
    if (body == NULL) {
        CLEANUP(text) char *what = xasprintf("give the image '%s'", engine->asked);
        return docker_engine_refuse(engine->host, &response, what, err);
    }
    if (spool_reader(body, engine->cancel, fd, err) < 0)
        return error_wrap(err, "reading '%s' from the engine at '%s'", engine->asked, engine->host);
    return 0;
}

/* A socket of this machine does not lose what is sent; what is lost elsewhere may pass. */
static int engine_fetch(void *arg, int *fd, struct error *err)
{
    struct engine *engine = arg;
    unsigned retries = engine->socket == NULL ? http_retries(engine->http) : 0;
    bool is_mute = false;

    for (unsigned attempt = 0; fetch_once(engine, fd, &is_mute, err) < 0; attempt++) {
        if (err->kind != ERROR_UNREACHABLE || attempt == retries || is_mute)
            return -1;
        unsigned wait_ms = SAVE_WAIT_MS << (attempt < 5 ? attempt : 5);
        log_again(engine->log, err->text, wait_ms, attempt + 2, retries + 1);
        error_release(err);
        if (cancel_wait(engine->cancel, wait_ms, err) < 0)
            return -1;
    }
    return 0;
}

int docker_daemon_open(const struct reference *reference, const struct store_context *context,
                       struct store **out, struct error *err)
{
    struct engine *engine = NULL;
    CLEANUP(text) char *version = reference_version(reference);
    CLEANUP(text) char *subject = xasprintf("docker-daemon:%s", version);

    if (engine_open(context, &engine, err) < 0)
        return -1;
    engine->asked = docker_name_familiar(version); /* podman finds its localhost/app by "app" */
    *out = docker_images_new(&(struct docker_source){
        .name = "docker-daemon",
        .subject = subject,
        .asked = version,
        .open = engine_fetch,
        .arg = engine,
        .free_arg = engine_free,
        .cancel = context->cancel,
    });
    return 0;
}

/* The upload, and behind its end the engine's answer. */
struct load_writer {
    struct writer base;
    struct engine *engine;
    struct writer *upload;
};

static int load_write(struct writer *writer, const void *data, size_t size, struct error *err)
{
    struct load_writer *load = CONTAINER_OF(writer, struct load_writer, base);

    if (writer_write(load->upload, data, size, err) == 0)
        return 0;
    return error_wrap(err, "the engine at '%s'", load->engine->host);
}

static int load_finish(struct writer *writer, struct error *err)
{
    struct load_writer *load = CONTAINER_OF(writer, struct load_writer, base);
    struct engine *engine = load->engine;

    if (writer_finish(load->upload, err) < 0) {
        engine->is_open = engine->answer.status == 0;
        return error_wrap(err, "the engine at '%s'", engine->host);
    }
    if (engine->answer.status != 200) {
        CLEANUP(text) char *message = docker_engine_message(&engine->answer);
        engine->is_doubtful = message == NULL;
        return docker_engine_refuse(engine->host, &engine->answer, "load the image", err);
    }
    if (docker_load_check(&engine->answer.body, engine->log, err) < 0)
        return error_wrap(err, "the engine at '%s'", engine->host);
    return 0;
}

static void load_free(struct writer *writer)
{
    struct load_writer *load = CONTAINER_OF(writer, struct load_writer, base);

    writer_free(load->upload);
    free(load);
}

static int engine_load(void *arg, struct writer **out, struct error *err)
{
    static const struct writer_ops ops = {
        .write = load_write, .finish = load_finish, .free = load_free};
    struct engine *engine = arg;
    CLEANUP(text) char *url = xasprintf("%s/images/load?quiet=1", engine->origin);
    CLEANUP(writer) struct writer *upload = NULL;
    struct http_request request = {
        .method = "POST",
        .url = url,
        .content_type = "application/x-tar",
        .body_limit = ANSWER_LIMIT,
        .unix_socket = engine->socket,
        .timeout_s = engine->patience_s,
    };

    if (http_upload(engine->http, &request, SIZE_UNKNOWN, &engine->answer, &upload, err) < 0)
        return engine_explain(engine, err);
    struct load_writer *load = xcalloc(1, sizeof(*load));
    load->base.ops = &ops;
    load->engine = engine;
    load->upload = TAKE(upload);
    *out = &load->base;
    return 0;
}

static int engine_probe(void *arg, struct error *err)
{
    struct engine *engine = arg;
    CLEANUP(text) char *url = xasprintf("%s/_ping", engine->origin);
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    struct http_request request = {
        .method = "GET",
        .url = url,
        .unix_socket = engine->socket,
        .no_retry = engine->socket != NULL,
    };

    if (http_send(engine->http, &request, &response, err) < 0)
        return engine_explain(engine, err);
    if (response.status != 200)
        return docker_engine_refuse(engine->host, &response, "answer a ping", err);
    return 0;
}

/* *is_shown: there is an image of this name, and it has this config. */
static int ask_id(const struct engine *engine, const char *name, const struct digest *config,
                  const struct cancel *cancel, bool *is_shown, struct error *err)
{
    CLEANUP(buf) struct buf url = BUF_INIT;
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;

    buf_addf(&url, "%s/images/", engine->origin);
    http_encode(&url, name, "/:");
    buf_add_text(&url, "/json");
    struct http_request request = {
        .method = "GET",
        .url = buf_text(&url),
        .body_limit = ANSWER_LIMIT,
        .unix_socket = engine->socket,
        .no_retry = engine->socket != NULL,
        .cancel = cancel,
    };
    *is_shown = false;
    if (http_send(engine->http, &request, &response, err) < 0)
        return -1;
    if (response.status == 404)
        return 0;
    if (response.status != 200)
        return docker_engine_refuse(engine->host, &response, "tell of the image", err);
    return docker_engine_has_config(&response.body, config, is_shown, err);
}

/*
 * Whether the image is there although the load had no answer. That it is not yet there says little:
 * the engine may go on with what it has got. After a refusal it says that the refusal is true.
 */
static int engine_settle(struct archive *archive, struct error *err)
{
    const struct engine *engine = archive->arg;
    const struct cancel patient = {.parent = engine->cancel, .patience_ms = QUESTION_PATIENCE_MS};
    CLEANUP(error) struct error why = ERROR_INIT;
    CLEANUP(text) char *name = NULL;
    struct digest config;
    bool is_shown = false;
    unsigned questions = engine->is_open ? QUESTIONS : 1;

    if ((!engine->is_open && !engine->is_doubtful) ||
        docker_archive_describe(archive, &name, &config, &why) < 0)
        return -1;
    for (unsigned i = 0; i < questions; i++) {
        if (ask_id(engine, name, &config, &patient, &is_shown, &why) < 0)
            break;
        if (is_shown) {
            log_debug(engine->log, "'%s' is loaded all the same: %s", name, err->text);
            error_release(err);
            return 0;
        }
        if (engine->is_doubtful)
            return -1;
        if (cancel_wait(&patient, QUESTION_WAIT_MS, &why) < 0)
            break;
    }
    CLEANUP(text) char *words = xstrdup(err->text);
    return error_set(err, ERROR_UNCERTAIN,
                     "%s; the image may have been loaded all the same, or may yet be: 'docker "
                     "image inspect %s' tells",
                     words, name);
}

int docker_daemon_open_target(const struct reference *reference,
                              const struct store_context *context, struct store **out,
                              struct error *err)
{
    struct engine *engine = NULL;

    if (reference->digest.algorithm != DIGEST_NONE)
        return error_set(err, ERROR_USAGE,
                         "an image's id is not known beforehand; expected "
                         "docker-daemon:NAME[:TAG]");
    if (engine_open(context, &engine, err) < 0)
        return -1;
    struct tar_target target = {
        .open = engine_load,
        .probe = engine_probe,
        .arg = engine,
        .name = "docker-daemon",
        .cancel = context->cancel,
    };
    *out = docker_archive_new(&target, engine_free);
    CONTAINER_OF(*out, struct archive, base)->settle = engine_settle;
    return 0;
}
