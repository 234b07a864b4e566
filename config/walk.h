#pragma once

/*
 * Holds a tree against the schema tables: unknown, missing and repeated keys, types,
 * lengths, ranges, formats. Only a tree without a fault is given to libcyaml.
 */
#include "config/node.h"
#include "config/schema.h"

void config_walk(const struct tree *tree, GPtrArray *faults);
