#pragma once

/*
 * From facts to published numbers, by a worker. evaluate_service() brings rollouts and
 * shipped commits of a service up to date with its deployments (one transaction) and
 * marks days dirty; evaluate_scope() recomputes the dirty buckets and the windows of a
 * service, team or org, publishes them and judges what is watched of it (one
 * transaction). Both do nothing where
 * nothing is due.
 */
#include "collector/poll.h"

struct evaluate_result {
	bool changed;
	gsize n_rows; /* shipped commits or series rows written */
	gint64 next;  /* of evaluate_due(): when numbers change or alerts are to be
			 looked at though nothing comes, midnights apart; of
			 evaluate_scope(): when its alerts are; INSTANT_NONE: never */
};

/* Does nothing, too, while path globs are new and the next poll has not matched them. */
bool evaluate_service(struct store *store, const struct work_context *context,
		      const struct config_service *service, gint64 now,
		      struct evaluate_result *result, GError **error);

bool evaluate_scope(struct store *store, const struct work_context *context,
		    enum scope_kind kind, const char *name, gint64 now,
		    struct evaluate_result *result, GError **error);

/* Are there dirty days, is the day of its last publishing over, were its numbers made
 * with other definitions, or are its alerts due? */
bool evaluate_scope_is_due(const struct scope_row *scope,
			   const struct work_context *context, gint64 now);

/* Has a rollout of the service been pending until now? */
bool evaluate_state_is_due(const struct scope_row *scope, gint64 now);

/* Everything that is due: services with due attribution or state, then every scope whose
 * series are due or whose local day has changed since it was published, services before
 * teams before orgs. Goes on after a failure, but not after several in a row that speak
 * for a database that is away, nor when cancelled, and returns the first. */
bool evaluate_due(struct store *store, const struct work_context *context, gint64 now,
		  struct evaluate_result *result, GError **error);

/* The next instant at which a local day begins for any scope of the configuration. */
gint64 evaluate_next_midnight(const struct config *config, gint64 now);
