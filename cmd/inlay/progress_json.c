#include "progress_json.h"

#include "json.h"

static json_t *number_json(uint64_t number)
{
    return number == UINT64_MAX ? json_null() : json_integer((json_int_t)number);
}

json_t *progress_to_json(const struct progress_view *view)
{
    json_t *transfers = json_array();

    for (size_t i = 0; i < view->transfer_count; i++) {
        const struct progress_transfer *transfer = &view->transfers[i];
        json_array_append_new(transfers, json_pack("{s:o, s:o, s:o, s:o}", "title",
                                                   text_to_json(transfer->title), "size",
                                                   number_json(transfer->size), "done",
                                                   number_json(transfer->done), "note",
                                                   text_to_json(transfer->note)));
    }
    return json_pack("{s:{s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o}}", "progress", "percent",
                     (int)progress_view_percent(view), "expected", number_json(view->expected),
                     "moved", number_json(view->moved), "spared", number_json(view->spared), "rate",
                     number_json(view->rate), "left_s", number_json(view->left_s), "note",
                     text_to_json(view->note), "ended", view->ended != NULL, "transfers",
                     transfers);
}
