#pragma once

/*
 * Fills in what a loaded configuration leaves out: first the defaults of the rows in
 * config/schema.c, then those that follow from other values (a service's time zone is its
 * team's). References that lead nowhere are left alone; config_check() reports them.
 */
#include "config/node.h"
#include "config/schema.h"

void config_defaults(struct config *config, const struct tree *tree);

/* defaults_alerts.c, for config_defaults() alone; node is the section. */
void alerts_defaults(struct config_alerts *alerts, const struct node *node);
