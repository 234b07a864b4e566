#pragma once

/*
 * What pipelines do and cost, by a worker: turns runs whose items have changed into
 * samples and publishes the buckets of the services that they touch
 * (sinks/store_pipelines.h), one transaction a service. Does nothing where nothing is
 * due.
 */
#include "collector/evaluate.h"

bool evaluate_pipelines(struct store *store, const struct work_context *context,
			gint64 now, struct evaluate_result *result, GError **error);
