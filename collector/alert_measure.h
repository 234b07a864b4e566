#pragma once

/*
 * How something is measured, as text: what was frozen or counted in one way says nothing
 * about another.
 */
#include "collector/alert_scene.h"

/* Of a regression: durations of its rule, and, while it fires and the engine or the
 * durations leave masked days out, which of the days before were. Days that are masked
 * later change nothing, nor does what it takes to fire. The caller frees. */
char *alert_measure(const struct alert_place *place, enum metric metric,
		    const struct config_alert_rule *rule, const struct watch *watch);
/* Of a guardrail: limit, direction, statistic, window, minimum. The caller frees. */
char *alert_measure_guardrail(const struct config_guardrail *rail);

/* A fingerprint of what is to be watched of a scope: rules, guardrails, masked days.
 * NULL: nothing. The caller frees. */
char *alert_definition(const struct config *config, enum scope_kind kind,
		       const char *name);
