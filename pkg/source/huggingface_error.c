#include "source/source_internal.h"

#include "core/text.h"
#include "json/parse.h"

#include <jansson.h>
#include <string.h>

#define COMMIT_DIGITS_MIN 7

#define WORDS_MAX 300
#define TOKEN_PLACE "the token in HF_TOKEN or the token file"

/* Texts of the hub that mean what no status and no code tells. */
static const char text_disabled[] = "Access to this resource is disabled.";
static const char text_bad_token[] = "Invalid credentials in Authorization header";

static const char *header_text(const struct http_response *response, const char *name)
{
    const char *value = http_response_header(response, name);

    return value != NULL ? value : "";
}

/* The text in {"error": text}, {"error": [text, …]} or {"errors": [{"message": text}, …]}. */
static const char *json_words(const json_t *document)
{
    const json_t *one = json_object_get(document, "error");
    const json_t *first = json_array_get(json_object_get(document, "errors"), 0);

    if (json_is_array(one))
        one = json_array_get(one, 0);
    if (one == NULL)
        one = json_object_get(first, "message");
    return json_string_value(one);
}

/* What the server says in its body; NULL if that is not for people. Caller frees. */
static char *body_words(const struct http_response *response)
{
    json_auto_t *document = json_parse_or_null(buf_text(&response->body), response->body.size);

    if (document != NULL) {
        const char *words = json_words(document);
        return words != NULL ? xstrdup(words) : NULL;
    }
    const char *text = buf_text(&response->body);
    if (!text_starts_with(header_text(response, "Content-Type"), "text/plain") ||
        strlen(text) != response->body.size)
        return NULL;
    return xstrdup(text);
}

/* Makes outside words fit for a message: of bounded length, UTF-8, without blanks around them. */
static void tidy_words(char *words)
{
    size_t size = strlen(words);

    if (size > WORDS_MAX)
        for (size = WORDS_MAX; size > 0 && ((unsigned char)words[size] & 0xc0) == 0x80; size--)
            continue; /* not within a character */
    while (size > 0 && strchr(" \t\r\n", words[size - 1]) != NULL)
        size--;
    words[size] = '\0';
}

static bool has_token(const struct hub_question *question, const char *words)
{
    return question->token != NULL && strstr(words, question->token) != NULL;
}

/* ": 'the server's own words' (request 'id')", as far as it said anything. Caller frees. */
static char *server_words(const struct hub_question *question, const struct http_response *response)
{
    static const char *const ids[] = {"X-Request-Id", "X-Amzn-Trace-Id", "X-Amz-Cf-Id"};
    CLEANUP(buf) struct buf out = BUF_INIT;
    CLEANUP(text) char *body = body_words(response);
    const char *said = http_response_header(response, "X-Error-Message");
    CLEANUP(text) char *words = xstrdup(said != NULL ? said : body != NULL ? body : "");
    const char *id = NULL;

    for (size_t i = 0; id == NULL && i < ARRAY_SIZE(ids); i++)
        id = http_response_header(response, ids[i]);
    if (has_token(question, words) || (id != NULL && has_token(question, id)))
        return xstrdup(": its words repeat the token and are withheld");
    tidy_words(words);
    if (words[0] != '\0' && text_is_utf8(words))
        buf_addf(&out, ": '%s'", words);
    if (id != NULL && strlen(id) <= WORDS_MAX && text_is_utf8(id))
        buf_addf(&out, " (request '%s')", id);
    return xstrdup(buf_text(&out));
}

/* sentence-transformers takes a bare name for one of its own; the hub does not. Caller frees. */
static char *name_hint(const struct origin *model)
{
    if (model->kind != ORIGIN_HUB_MODEL || strchr(model->name, '/') != NULL)
        return xstrdup("");
    return xasprintf("; did you mean 'sentence-transformers/%s'?", model->name);
}

static int refuse_repo(const struct hub_question *question, int status, struct error *err)
{
    CLEANUP(text) char *hint = name_hint(question->model);
    CLEANUP(text) char *name = origin_record(question->model);
    enum error_kind kind = status == 404 ? ERROR_NOT_FOUND : ERROR_DENIED;

    if (question->token == NULL)
        return error_set(err, kind,
                         "'%s' does not exist, or is private or gated: check the name, or set "
                         "HF_TOKEN (or HF_TOKEN_PATH) to a token that may read it%s",
                         name, hint);
    return error_set(err, kind,
                     "'%s' does not exist, or is private or gated: check the name, and that "
                     "%s may read it%s",
                     name, TOKEN_PLACE, hint);
}

static int refuse_gated(const struct hub_question *question, struct error *err)
{
    CLEANUP(text) char *name = origin_record(question->model);

    if (question->token == NULL)
        return error_set(err, ERROR_DENIED,
                         "'%s' is gated: ask for access at %s/%s, then set HF_TOKEN (or "
                         "HF_TOKEN_PATH) to a token of that account",
                         name, question->endpoint, name);
    return error_set(err, ERROR_DENIED,
                     "'%s' is gated: ask for access at %s/%s with the account of %s, and see "
                     "that the token may read gated repos",
                     name, question->endpoint, name, TOKEN_PLACE);
}

static bool is_transient(int status)
{
    return status == 408 || status == 429 || (status >= 500 && status != 501 && status != 505);
}

/* A host that the hub sent us to: what it says is about its own address, not about the repo. */
static int refuse_elsewhere(const struct hub_question *question,
                            const struct http_response *response, struct error *err)
{
    CLEANUP(text) char *url = text_display_url(response->url);
    CLEANUP(text) char *words = server_words(question, response);

    /* Signed addresses expire; the hub gives a new one when it is asked again. */
    if (is_transient(response->status) || response->status == 401 || response->status == 403)
        return error_set(err, ERROR_UNREACHABLE,
                         "'%s', where the hub sent this request, answers %d%s; try again later",
                         url, response->status, words);
    return error_set(err, response->status == 404 ? ERROR_NOT_FOUND : ERROR_UNSUPPORTED,
                     "'%s', where the hub sent this request, answers %d%s", url, response->status,
                     words);
}

/* A commit was asked for in place of the revision. */
static bool has_commit(const struct hub_question *question)
{
    return question->commit != NULL && strcmp(question->commit, question->model->revision) != 0;
}

static int refuse_gone(const struct hub_question *question, struct error *err)
{
    const struct origin *model = question->model;

    if (question->is_pinned)
        return error_set(err, ERROR_NOT_FOUND,
                         "the hub at '%s' does not have the commit %s of '%s' any more, which it "
                         "is pinned to",
                         question->endpoint, question->commit, model->name);
    return error_set(err, ERROR_NOT_FOUND,
                     "the hub at '%s' named the commit %s for '%s' at revision '%s', and now does "
                     "not have it: it was removed meanwhile, or a mirror is not in step; try again "
                     "later",
                     question->endpoint, question->commit, model->name, model->revision);
}

static int refuse_by_status(const struct hub_question *question,
                            const struct http_response *response, struct error *err)
{
    CLEANUP(text) char *words = server_words(question, response);
    CLEANUP(text) char *hint = name_hint(question->model);
    const char *id = question->model->name;
    int status = response->status;

    if (status == 403 && question->token == NULL)
        return error_set(err, ERROR_DENIED,
                         "the hub at '%s' lets nobody read '%s' without a token: set HF_TOKEN (or "
                         "HF_TOKEN_PATH)%s",
                         question->endpoint, id, words);
    if (status == 403)
        return error_set(err, ERROR_DENIED, "%s may not read '%s', give it that permission%s",
                         TOKEN_PLACE, id, words);
    if (is_transient(status))
        return error_set(err, ERROR_UNREACHABLE,
                         "the hub at '%s' answers %d when asked for '%s'%s; try again later",
                         question->endpoint, status, id, words);
    if ((status == 404 || status == 410) && question->path != NULL)
        return error_set(
            err, ERROR_NOT_FOUND, "the hub at '%s' has no '%s/%s' at revision '%s' (status %d)%s",
            question->endpoint, id, question->path, question->model->revision, status, words);
    if (status == 404 || status == 410)
        return error_set(err, ERROR_NOT_FOUND,
                         "the hub at '%s' has no '%s' at revision '%s' (status %d)%s%s",
                         question->endpoint, id, question->model->revision, status, words, hint);
    return error_set(err, ERROR_UNSUPPORTED,
                     "the hub at '%s' answers %d when asked for '%s', expected 200%s",
                     question->endpoint, status, id, words);
}

/* Less of a commit than the hub looks for. */
static bool is_short_commit(const char *revision)
{
    size_t size = strlen(revision);

    return size >= 4 && size < COMMIT_DIGITS_MIN && text_is_hex(revision, size);
}

int hub_refusal(const struct hub_question *question, const struct http_response *response,
                struct error *err)
{
    const struct origin *model = question->model;
    const char *code = header_text(response, "X-Error-Code");
    const char *message = header_text(response, "X-Error-Message");
    int status = response->status;

    if (response->url != NULL && !http_same_origin(response->url, question->endpoint))
        return refuse_elsewhere(question, response, err);
    if (strcmp(code, "RevisionNotFound") == 0 && has_commit(question))
        return refuse_gone(question, err);
    if (strcmp(code, "RevisionNotFound") == 0)
        return error_set(err, ERROR_NOT_FOUND, "'%s' has no revision '%s'%s", model->name,
                         model->revision,
                         is_short_commit(model->revision)
                             ? "; of a commit it takes 7 digits at least, and all 40 are best"
                             : "");
    if (strcmp(code, "EntryNotFound") == 0 && question->path != NULL)
        return error_set(err, ERROR_NOT_FOUND, "'%s' has no file '%s' at revision '%s'",
                         model->name, question->path, model->revision);
    if (strcmp(code, "GatedRepo") == 0)
        return refuse_gated(question, err);
    if (strcmp(message, text_disabled) == 0)
        return error_set(err, ERROR_DENIED,
                         "the hub has disabled '%s' for everyone: use another model", model->name);
    if (status == 401 && question->token != NULL && strcmp(message, text_bad_token) == 0)
        return error_set(err, ERROR_DENIED,
                         "%s is not valid (wrong or expired), and the hub then refuses public "
                         "models too: replace it or unset it",
                         TOKEN_PLACE);
    if (strcmp(code, "RepoNotFound") == 0 || status == 401)
        return refuse_repo(question, status, err);
    return refuse_by_status(question, response, err);
}
