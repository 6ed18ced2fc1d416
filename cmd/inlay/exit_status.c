#include "exit_status.h"

const struct exit_status exit_statuses[] = {
    {ERROR_NONE, 0, "done"},
    {ERROR_USAGE, 2, "usage"},
    {ERROR_NOT_FOUND, 3, "not found"},
    {ERROR_DENIED, 4, "denied"},
    {ERROR_UNREACHABLE, 5, "unreachable"},
    {ERROR_UNSUPPORTED, 6, "unsupported"},
    {ERROR_CORRUPT, 7, "corrupt or not as expected"},
    {ERROR_LOCAL, 8, "this machine"},
    {ERROR_UNCERTAIN, 9, "may be published"},
    {ERROR_CONFLICT, 10, "moved by others"},
    {ERROR_REFUSED, 11, "refused by a rule"},
    {ERROR_CANCELED, 130, "interrupted"},
    {ERROR_INTERNAL, 1, "a defect"},
    {ERROR_NONE, 0, NULL},
};

int exit_status_of(enum error_kind kind)
{
    for (const struct exit_status *each = exit_statuses; each->name != NULL; each++)
        if (each->kind == kind)
            return each->status;
    return 1;
}
