#pragma once

/* What the rules of all services make of a source's items, told in lines. */
#include <stdio.h>

#include "sinks/store.h"

/* For each rule with this source: how many items it matches, which of them look wrong and
 * why, with an example of each. Returns how many rules match nothing at all. */
guint doctor_rules(FILE *out, const struct config *config, const char *source,
		   const GPtrArray *items);
/* Whether any rule with this source may match the item. */
bool doctor_wanted(const struct config *config, const char *source,
		   const struct item *item);
/* What the rules with this source need to be read: 1 << enum item_kind each. */
guint doctor_needs(const struct config *config, const char *source);
