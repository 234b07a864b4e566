#pragma once

/*
 * What neither tables nor config_names() can say: keys and values that do not fit each
 * other. config has its defaults; tree is the text it came from.
 */
#include "config/node.h"
#include "config/schema.h"

void config_check(const struct config *config, const struct tree *tree,
		  GPtrArray *faults);
