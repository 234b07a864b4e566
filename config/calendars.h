#pragma once

/*
 * Makes the calendars of a configuration whose values have been checked, reading the
 * files they name. Faults are added to faults.
 */
#include "config/config.h"
#include "config/node.h"

void config_calendars(struct config *config, const struct tree *tree, GPtrArray *faults);
