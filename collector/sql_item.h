#pragma once

/*
 * An item from a row of a query, as JSON: {"id": 42, "sha": "…", "outcome": "success"}.
 * Internal to collector/.
 */
#include "drivers/item.h"

/* NULL with DATA for a column that no item of the kind has, a value of the wrong type, an
 * outcome that is none, or an item that cannot be kept. The caller frees. */
struct item *sql_item(enum item_kind kind, const char *row, gsize n, GError **error);
/* Whether a column of the query may have that name; else _CONFIG, and what may. */
bool sql_column_check(enum item_kind kind, const char *name, GError **error);
