#include "auth/auth.h"
#include "doctor/doctor_internal.h"
#include "http/http.h"
#include "json/parse.h"
#include "source/source.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <time.h>

#define DAY_S INT64_C(86400)
#define SOON_S (14 * DAY_S)
/* Tokens of registries live for a minute and more; signed addresses are refused beyond 15. */
#define SKEW_WARNING_S 60
#define SKEW_FAILED_S 900
#define ANSWER_LIMIT ((size_t)256 * 1024)
#define HINT                                                                                       \
    "HF_ENDPOINT or --hub-endpoint names the hub or its mirror, HTTPS_PROXY a proxy; without "     \
    "any, "                                                                                        \
    "HF_HUB_OFFLINE=1 takes what this machine has"

struct day {
    char text[16];
};

static struct day format_day(int64_t seconds)
{
    time_t when = (time_t)seconds;
    struct tm parts;
    struct day day = {""};

    if (gmtime_r(&when, &parts) != NULL)
        (void)!strftime(day.text, sizeof(day.text), "%Y-%m-%d", &parts);
    return day;
}

static void check_certificate(struct doctor *doctor, const char *url,
                              const struct http_examination *seen)
{
    CLEANUP(text) char *authorities = http_describe_authorities(doctor->options->http, url);
    int64_t left_s = seen->certificate_end_s - doctor->options->now_s;

    if (authorities == NULL) {
        doctor_add(doctor, "certificate", DOCTOR_WARNING,
                   "'%s' is spoken to in plain http: whoever is on the way can read it and "
                   "change it",
                   url);
    } else if (*authorities == '\0') {
        doctor_add(doctor, "certificate", DOCTOR_WARNING,
                   "nobody vouches for '%s', as --insecure wants; --tls-ca FILE names its "
                   "authority",
                   url);
    } else if (seen->certificate_end_s == 0) {
        doctor_add(doctor, "certificate", DOCTOR_OK, "of '%s': verified by %s", url, authorities);
    } else {
        struct day end = format_day(seen->certificate_end_s);
        doctor_add(doctor, "certificate", left_s < SOON_S ? DOCTOR_WARNING : DOCTOR_OK,
                   "of '%s': verified by %s, issued by %s, valid until %s%s", url, authorities,
                   seen->issuer != NULL ? seen->issuer : "somebody", end.text,
                   left_s < SOON_S ? "; it ends soon, and has to be renewed there" : "");
    }
}

static void check_clock(struct doctor *doctor, const char *url, int64_t date_s)
{
    int64_t skew_s = doctor->options->now_s - date_s;
    int64_t size_s = skew_s < 0 ? -skew_s : skew_s;

    if (date_s == 0) {
        doctor_add(doctor, "clock", DOCTOR_SKIPPED, "'%s' does not say what time it is there", url);
        return;
    }
    if (size_s <= SKEW_WARNING_S) {
        doctor_add(doctor, "clock", DOCTOR_OK, "as that of '%s'", url);
        return;
    }
    doctor_add(doctor, "clock", size_s > SKEW_FAILED_S ? DOCTOR_FAILED : DOCTOR_WARNING,
               "this machine's is %" PRId64 " s %s that of '%s', so that tokens and certificates "
               "may be taken for too old or too new; set it, as by NTP",
               size_s, skew_s > 0 ? "ahead of" : "behind", url);
}

bool doctor_check_server(struct doctor *doctor, const char *check, const char *url,
                         const char *hint)
{
    CLEANUP(http_examination) struct http_examination seen = {0};
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *proxy = http_describe_proxy(doctor->options->http, url);

    if (http_examine(doctor->options->http, url, &seen, &err) < 0) {
        CLEANUP(text)
        char *by_proxy =
            proxy != NULL ? xasprintf("it is asked through the proxy %s", proxy) : NULL;
        if (by_proxy == NULL && err.kind != ERROR_UNREACHABLE)
            hint = NULL; /* it was found, and says itself what is wrong */
        doctor_add_error(doctor, check, &err, by_proxy != NULL ? by_proxy : hint);
        return false;
    }
    doctor_add(doctor, check, seen.status >= 500 ? DOCTOR_WARNING : DOCTOR_OK,
               "'%s' answers with status %d, %s%s", url, seen.status,
               proxy != NULL ? "through the proxy " : "without a proxy",
               proxy != NULL ? proxy : "");
    check_certificate(doctor, url, &seen);
    check_clock(doctor, url, seen.date_s);
    return true;
}

/* The account that the hub names; NULL: none. Caller frees. */
static char *parse_account(const struct buf *body)
{
    json_auto_t *document = json_parse_or_null(buf_text(body), body->size);

    return text_copy(json_string_value(json_object_get(document, "name")));
}

/* Whose token it is. */
static void judge_token(struct doctor *doctor, const char *from, const struct http_response *answer)
{
    CLEANUP(text) char *name = parse_account(&answer->body);

    if (answer->status == 200)
        doctor_add(doctor, "token", DOCTOR_OK, "from %s, of '%s'", from,
                   name != NULL ? name : "somebody");
    else if (answer->status == 401 || answer->status == 403) {
        CLEANUP(error) struct error err = ERROR_INIT;
        error_set(&err, ERROR_DENIED,
                  "the hub does not take the token from %s (status %d): it may have ended; make "
                  "another one in the settings of the account",
                  from, answer->status);
        doctor_add_error(doctor, "token", &err, NULL);
    } else {
        doctor_add(doctor, "token", DOCTOR_WARNING,
                   "from %s; the hub does not say whose it is (status %d), as mirrors do not", from,
                   answer->status);
    }
}

static void check_token(struct doctor *doctor, const char *endpoint)
{
    CLEANUP(text) char *url = xasprintf("%s/api/whoami-v2", endpoint);
    CLEANUP(text) char *token = NULL;
    CLEANUP(text) char *from = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(http_response) struct http_response answer = HTTP_RESPONSE_INIT;

    if (auth_find_hub_token(&token, &from, &err) < 0) {
        doctor_add_error(doctor, "token", &err, NULL);
        return;
    }
    if (token == NULL) {
        doctor_add(doctor, "token", DOCTOR_OK,
                   "none: public models alone; private and gated ones want one in HF_TOKEN, or "
                   "'hf auth login'");
        return;
    }
    CLEANUP(text) char *authorization = xasprintf("Bearer %s", token);
    const struct http_request request = {.method = "GET",
                                         .url = url,
                                         .peer = "the hub",
                                         .authorization = authorization,
                                         .body_limit = ANSWER_LIMIT,
                                         .no_retry = true};
    if (http_send(doctor->options->http, &request, &answer, &err) < 0)
        doctor_add_error(doctor, "token", &err, NULL);
    else
        judge_token(doctor, from, &answer);
    explicit_bzero(authorization, strlen(authorization));
    explicit_bzero(token, strlen(token));
}

void doctor_check_hub(struct doctor *doctor)
{
    CLEANUP(text) char *endpoint = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (doctor->options->sources->offline) {
        doctor_add(doctor, "hub", DOCTOR_WARNING,
                   "is not asked, as HF_HUB_OFFLINE wants; models are what this machine has");
        return;
    }
    if (source_find_hub_endpoint(doctor->options->sources, &endpoint, &err) < 0) {
        doctor_add_error(doctor, "hub", &err, NULL);
        doctor_add(doctor, "token", DOCTOR_SKIPPED, "there is no hub to ask");
        return;
    }
    if (doctor_check_server(doctor, "hub", endpoint, HINT))
        check_token(doctor, endpoint);
    else
        doctor_add(doctor, "token", DOCTOR_SKIPPED, "the hub does not answer");
}

static void check_model(struct doctor *doctor, const struct origin *origin)
{
    CLEANUP(source) struct source *source = NULL;
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *name = origin_format(origin);
    uint64_t size = 0;

    if (source_open(doctor->options->sources, origin, &source, &err) < 0 ||
        source_list(source, &plan, &err) < 0) {
        doctor_add_error(doctor, "model", &err, NULL);
        return;
    }
    for (size_t i = 0; i < plan.count; i++)
        (void)u64_add(size, plan.files[i].size, &size);
    doctor_add(doctor, "model", DOCTOR_OK, "'%s' may be read: %zu file%s, %s, at %s", name,
               plan.count, plan.count == 1 ? "" : "s", text_format_size(size).text,
               plan.pin != NULL ? plan.pin : "no commit");
}

/* Of a hub that does not answer nothing more is asked: it would take as long again. */
static bool hub_is_silent(const struct doctor *doctor)
{
    for (size_t i = 0; i < doctor->report.count; i++)
        if (strcmp(doctor->report.items[i].check, "hub") == 0 &&
            doctor->report.items[i].state == DOCTOR_FAILED)
            return true;
    return false;
}

void doctor_check_models(struct doctor *doctor)
{
    for (size_t i = 0; i < doctor->options->model_count; i++) {
        const struct origin *origin = &doctor->options->models[i];
        CLEANUP(text) char *name = origin_format(origin);
        if (!origin_is_of_hub(origin->kind) || !hub_is_silent(doctor))
            check_model(doctor, origin);
        else
            doctor_add(doctor, "model", DOCTOR_SKIPPED, "'%s': the hub does not answer", name);
    }
}
