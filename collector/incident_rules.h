#pragma once

/*
 * Which incidents concern a service, by the rules in its `incidents`
 * (docs/metrics.md, "Incidents of a service"). A rule takes what fits all its keys; one
 * rule that fits is enough. Pure.
 */
#include "base/cleanup.h"
#include "config/config.h"
#include "drivers/item.h"

/* The rules of a service with their patterns compiled; the service stays the caller's to
 * keep. */
struct incident_rules;
struct incident_rules *incident_rules_new(const struct config_service *service);
void incident_rules_free(struct incident_rules *rules); /* NULL is fine */
DEFINE_CLEANUP(struct incident_rules *, incident_rules_free);

/* Whether an incident that a source told concerns the service. Adds the names of the
 * rollout groups it is about to groups (unless that is NULL), each once, in the order of
 * the configuration: those of all rules that fit. They are borrowed from the service. */
bool incident_concerns(const struct incident_rules *rules, const char *source,
		       const struct item *item, GPtrArray *groups);
