#include "stream/stream_internal.h"

#define BEGIN_WITH 2
/* A trial is long enough to measure, and short enough to come to eight connections within a GiB. */
#define TRIAL_LEAST_MS 100
#define TRIAL_MOST_MS 1000
#define REST_MS 3000
/* What a request costs beside its bytes, so that small files count by their number. */
#define REQUEST_WORK ((uint64_t)64 * 1024)

void prefetch_pace_init(struct prefetch_pace *pace, unsigned most)
{
    *pace = (struct prefetch_pace){.most = most, .wanted = most < BEGIN_WITH ? most : BEGIN_WITH};
}

/* Has the trial brought a quarter of what as many connections more could bring? */
static bool has_gained(const struct prefetch_pace *pace, uint64_t rate)
{
    uint64_t added = pace->wanted - pace->before;

    return rate >= pace->rate_before + pace->rate_before * added / pace->before / 4;
}

static void judge(struct prefetch_pace *pace, uint64_t now_ms)
{
    uint64_t rate = pace->work * 1000 / (now_ms - pace->since_ms);
    bool is_on_trial = pace->before > 0;
    bool begins = false;

    if (is_on_trial && !has_gained(pace, rate)) {
        pace->wanted = pace->before;
        pace->rest_until_ms = now_ms + REST_MS;
        pace->before = 0;
    } else if (pace->wanted < pace->most && !pace->is_held && now_ms >= pace->rest_until_ms) {
        pace->before = pace->wanted;
        pace->rate_before = rate;
        pace->wanted = 2 * pace->wanted < pace->most ? 2 * pace->wanted : pace->most;
        begins = true;
    } else {
        pace->before = 0;
    }
    pace->since_ms = begins ? 0 : now_ms;
    pace->work = 0;
    pace->has_piece = false;
    pace->is_held = false;
}

void prefetch_pace_note(struct prefetch_pace *pace, unsigned connection, size_t size, bool is_end,
                        uint64_t now_ms)
{
    bool is_newest = connection + 1 == pace->wanted;

    if (pace->since_ms == 0 && is_newest)
        pace->since_ms = now_ms;
    if (pace->since_ms == 0)
        return;
    pace->work += size + (is_end ? REQUEST_WORK : 0);
    pace->has_piece = pace->has_piece || (is_newest && is_end);
    uint64_t elapsed_ms = now_ms - pace->since_ms;
    if (elapsed_ms >= (pace->has_piece ? TRIAL_LEAST_MS : TRIAL_MOST_MS))
        judge(pace, now_ms);
}
