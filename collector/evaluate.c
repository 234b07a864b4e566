#include "collector/evaluate.h"

#include "base/instant.h"
#include "collector/definition.h"

/* Adds one outcome to the whole; the first failure is kept, others are dropped (they stay
 * due and will be told when they come again). */
static void add_outcome(struct evaluate_result *total, const struct evaluate_result *one,
			bool ok, GError *failure, GError **first)
{
	if (ok) {
		total->changed = total->changed || one->changed;
		total->n_rows += one->n_rows;
	} else if (*first) {
		g_error_free(failure);
	} else {
		*first = failure;
	}
}

static const struct scope_row *scope_of(const GArray *scopes, enum scope_kind kind,
					const char *name)
{
	for (guint i = 0; i < scopes->len; i++) {
		const struct scope_row *scope = &g_array_index(scopes, struct scope_row,
							       i);

		if (scope->kind == kind && strcmp(scope->name, name) == 0)
			return scope;
	}
	return NULL;
}

static bool service_is_due(const struct work_context *context,
			   const struct config_service *service,
			   const struct scope_row *scope)
{
	g_autofree char *content = definition_of_scope(context->config, SCOPE_SERVICE,
						       service->name, service->time_zone);
	g_autofree char *fingerprint = definition_fingerprint(content);

	return scope &&
	       (scope->attribution_due || g_strcmp0(scope->definition, fingerprint) != 0);
}

static void evaluate_services(struct store *store, const struct work_context *context,
			      gint64 now, const GArray *scopes,
			      struct evaluate_result *result, GError **first)
{
	for (unsigned i = 0; i < context->config->n_services; i++) {
		const struct config_service *service = &context->config->services[i];
		struct evaluate_result one;
		GError *failure = NULL;
		bool ok;

		if (!service_is_due(context, service,
				    scope_of(scopes, SCOPE_SERVICE, service->name)))
			continue;
		if (context->progress)
			context->progress(service->name, "attributing commits",
					  context->user);
		ok = evaluate_service(store, context, service, now, &one, &failure);
		add_outcome(result, &one, ok, failure, first);
	}
}

static void evaluate_scopes(struct store *store, const struct work_context *context,
			    gint64 now, const GArray *scopes, enum scope_kind kind,
			    struct evaluate_result *result, GError **first)
{
	for (guint i = 0; i < scopes->len; i++) {
		const struct scope_row *scope = &g_array_index(scopes, struct scope_row,
							       i);
		struct evaluate_result one;
		GError *failure = NULL;
		bool ok;

		/* To lock a row is to write it, so what is not due is left alone. */
		if (scope->kind != kind || !evaluate_scope_is_due(scope, context, now))
			continue;
		ok = evaluate_scope(store, context, kind, scope->name, now, &one,
				    &failure);
		add_outcome(result, &one, ok, failure, first);
	}
}

bool evaluate_due(struct store *store, const struct work_context *context, gint64 now,
		  struct evaluate_result *result, GError **error)
{
	static const enum scope_kind order[] = { SCOPE_SERVICE, SCOPE_TEAM, SCOPE_ORG };
	GArray *scopes = store_scopes(store, error);
	GError *first = NULL;

	*result = (struct evaluate_result){ 0 };
	if (!scopes)
		return false;
	evaluate_services(store, context, now, scopes, result, &first);
	if (result->changed) { /* days became due meanwhile */
		scope_rows_free(scopes);
		scopes = store_scopes(store, error);
		if (!scopes) {
			g_clear_error(&first);
			return false;
		}
	}
	for (gsize i = 0; i < G_N_ELEMENTS(order); i++)
		evaluate_scopes(store, context, now, scopes, order[i], result, &first);
	scope_rows_free(scopes);
	if (!first)
		return true;
	g_propagate_error(error, first);
	return false;
}

gint64 evaluate_next_midnight(const struct config *config, gint64 now)
{
	gint64 next = INSTANT_MAX;

	for (unsigned i = 0; i < config->n_services + config->n_teams + config->n_orgs;
	     i++) {
		unsigned team = i - config->n_services;
		const char *name =
			i < config->n_services ? config->services[i].time_zone
			: team < config->n_teams
				? config->teams[team].time_zone
				: config->orgs[team - config->n_teams].time_zone;
		_cleanup_(zone_unrefp) struct zone *zone = zone_open(name, NULL);

		if (zone)
			next = MIN(next,
				   zone_day_start(zone, zone_local_day(zone, now) + 1));
	}
	return next;
}
