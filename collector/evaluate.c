#include "collector/evaluate.h"

#include "base/error.h"
#include "base/instant.h"
#include "collector/definition.h"
#include "collector/evaluate_pipelines.h"
#include "sinks/store_alerts.h"
#include "sinks/store_states.h"

/* So many failures one after another that may be over when tried again are of one cause,
 * most likely a database that is away: what is left stays due, and waiting out its
 * timeout for each would hold the worker for hours. */
#define FAILURES_MAX 5

/* What became of everything so far. */
struct total {
	const struct work_context *context;
	struct evaluate_result *result;
	GError *first;
	guint n_transient; /* failures in a row */
	gint64 alerts;	   /* when the first of a scope are due; INSTANT_NONE */
};

static bool gives_up(const struct total *total)
{
	return total->n_transient >= FAILURES_MAX ||
	       (total->context->cancellable &&
		g_cancellable_is_cancelled(total->context->cancellable));
}

static gint64 earlier(gint64 a, gint64 b)
{
	return a == INSTANT_NONE ? b : b == INSTANT_NONE ? a : MIN(a, b);
}

/* Adds one outcome to the whole; the first failure is kept, others are dropped (they stay
 * due and will be told when they come again). */
static void add_outcome(struct total *total, const struct evaluate_result *one, bool ok,
			GError *failure)
{
	if (ok) {
		total->result->changed = total->result->changed || one->changed;
		total->result->n_rows += one->n_rows;
		total->n_transient = 0;
		return;
	}
	total->n_transient = dora_error_is_transient(failure) ? total->n_transient + 1
							      : 0;
	if (total->first)
		g_error_free(failure);
	else
		total->first = failure;
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

bool evaluate_state_is_due(const struct scope_row *scope, gint64 now)
{
	return scope->state_due != INSTANT_NONE && now >= scope->state_due;
}

static bool service_is_due(const struct work_context *context,
			   const struct config_service *service,
			   const struct scope_row *scope, gint64 now)
{
	g_autofree char *content = definition_of_scope(context->config,
						       context->author_key, SCOPE_SERVICE,
						       service->name, service->time_zone);
	g_autofree char *fingerprint = definition_fingerprint(content);

	return scope && (scope->attribution_due || evaluate_state_is_due(scope, now) ||
			 g_strcmp0(scope->definition, fingerprint) != 0);
}

static void evaluate_services(struct store *store, gint64 now, const GArray *scopes,
			      struct total *total)
{
	const struct work_context *context = total->context;

	for (unsigned i = 0; i < context->config->n_services && !gives_up(total); i++) {
		const struct config_service *service = &context->config->services[i];
		struct evaluate_result one;
		GError *failure = NULL;
		bool ok;

		if (!service_is_due(context, service,
				    scope_of(scopes, SCOPE_SERVICE, service->name), now))
			continue;
		if (context->progress)
			context->progress(service->name, "attributing commits",
					  context->user);
		ok = evaluate_service(store, context, service, now, &one, &failure);
		add_outcome(total, &one, ok, failure);
	}
}

static void evaluate_scopes(struct store *store, gint64 now, const GArray *scopes,
			    enum scope_kind kind, struct total *total)
{
	for (guint i = 0; i < scopes->len && !gives_up(total); i++) {
		const struct scope_row *scope = &g_array_index(scopes, struct scope_row,
							       i);
		struct evaluate_result one;
		GError *failure = NULL;
		bool ok;

		if (scope->kind != kind)
			continue;
		if (!evaluate_scope_is_due(scope, total->context, now)) {
			total->alerts = earlier(total->alerts, scope->alerts_due);
			continue;
		}
		ok = evaluate_scope(store, total->context, kind, scope->name, now, &one,
				    &failure);
		add_outcome(total, &one, ok, failure);
		if (ok)
			total->alerts = earlier(total->alerts, one.next);
	}
}

static void evaluate_runs(struct store *store, gint64 now, struct total *total)
{
	struct evaluate_result one;
	GError *failure = NULL;
	bool ok = evaluate_pipelines(store, total->context, now, &one, &failure);

	add_outcome(total, &one, ok, failure);
}

/* Nobody evaluates scopes that have left the configuration. */
static void end_what_has_left(struct store *store, gint64 now, struct total *total)
{
	const struct evaluate_result nothing = { 0 };
	GError *failure = NULL;
	bool ok;

	if (total->context->trial)
		return;
	ok = store_begin(store, &failure) &&
	     store_watches_left(store, now, "it has left the configuration", &failure) &&
	     store_commit(store, &failure);
	if (!ok)
		store_rollback(store);
	add_outcome(total, &nothing, ok, failure);
}

/* What another service has since, or has no more, may be what an incident names. */
static void look_elsewhere(struct store *store, struct total *total)
{
	const struct evaluate_result nothing = { 0 };
	GError *failure = NULL;
	bool ok = store_begin(store, &failure) && store_elsewhere_due(store, &failure) &&
		  store_commit(store, &failure);

	if (!ok)
		store_rollback(store);
	add_outcome(total, &nothing, ok, failure);
}

/* When the first of the pending rollouts becomes ok. */
static gint64 next_state(const GArray *scopes)
{
	gint64 next = INSTANT_NONE;

	for (guint i = 0; scopes && i < scopes->len; i++)
		next = earlier(next,
			       g_array_index(scopes, struct scope_row, i).state_due);
	return next;
}

bool evaluate_due(struct store *store, const struct work_context *context, gint64 now,
		  struct evaluate_result *result, GError **error)
{
	static const enum scope_kind order[] = { SCOPE_SERVICE, SCOPE_TEAM, SCOPE_ORG };
	struct total total = { .context = context,
			       .result = result,
			       .alerts = INSTANT_NONE };
	GArray *scopes;

	*result = (struct evaluate_result){ .next = INSTANT_NONE };
	if (!gives_up(&total))
		look_elsewhere(store, &total);
	scopes = store_scopes(store, total.first ? NULL : error);
	if (!scopes) {
		if (total.first)
			g_propagate_error(error, total.first);
		return false;
	}
	evaluate_services(store, now, scopes, &total);
	scope_rows_free(scopes);
	/* attribution has made days dirty */
	scopes = gives_up(&total)
			 ? NULL
			 : store_scopes(store, total.first ? NULL : &total.first);
	for (gsize i = 0; scopes && i < G_N_ELEMENTS(order); i++)
		evaluate_scopes(store, now, scopes, order[i], &total);
	result->next = earlier(next_state(scopes), total.alerts);
	scope_rows_free(scopes);
	if (!gives_up(&total))
		evaluate_runs(store, now, &total);
	if (!gives_up(&total))
		end_what_has_left(store, now, &total);
	if (!total.first && gives_up(&total))
		g_set_error(&total.first, DORA_ERROR, DORA_ERROR_CANCELLED,
			    "evaluation was cancelled");
	if (!total.first)
		return true;
	g_propagate_error(error, total.first);
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
