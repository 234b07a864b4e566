#pragma once

/*
 * Names and who refers to them: each taken once, each reference to one that exists. Works
 * on the tree, so that a file with other faults has these reported in the same run.
 */
#include "config/node.h"

void config_names(const struct tree *tree, GPtrArray *faults);
