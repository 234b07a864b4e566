#pragma once

/* Paths that lead to many places; see json_at() for those that lead to one. */
#include "base/json.h"

/* Every value that a path of json_at() leads to, in order, where a token "*" leads to
 * every element of a list. Never NULL; the caller frees, the values are borrowed. */
GPtrArray *json_all_at(const cJSON *document, const char *path);
