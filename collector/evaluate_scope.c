#include "base/instant.h"
#include "collector/definition.h"
#include "collector/evaluate.h"
#include "collector/evaluate_alerts.h"

/* One scope at work. */
struct publishing {
	struct store *store;
	struct scope_row *scope;
	struct zone *zone;
	GArray *days; /* gint32, ascending: local days whose buckets are due */
	gint64 now;
	guint minimum_authors;
	gint32 definition_id;
	struct evaluate_result *result;
};

/* Adds the local days [from, to). */
static void add_days(GArray *days, gint32 from, gint32 to)
{
	for (gint32 day = from; day < to; day++)
		g_array_append_val(days, day);
}

static int day_order(const void *a, const void *b)
{
	gint32 x = *(const gint32 *)a, y = *(const gint32 *)b;

	return (x > y) - (x < y);
}

/* Dirty days are in UTC: each overlaps two or three local ones. */
static void add_dirty(struct publishing *work, const GArray *dirty)
{
	for (guint i = 0; i < dirty->len; i++) {
		gint64 start = g_array_index(dirty, gint32, i) * G_TIME_SPAN_DAY;

		add_days(work->days, zone_local_day(work->zone, start),
			 zone_local_day(work->zone, start + G_TIME_SPAN_DAY - 1) + 1);
	}
}

/*
 * The end of the run of due days that starts at days[i]: days whose quarters touch are
 * done together, so that each quarter is read once and a far one is not read for nothing.
 */
static guint run_end(const GArray *days, guint i)
{
	gint32 quarter = grain_floor(GRAIN_QUARTER, g_array_index(days, gint32, i));

	for (guint j = i + 1; j < days->len; j++) {
		gint32 next = grain_floor(GRAIN_QUARTER, g_array_index(days, gint32, j));

		if (next != quarter && next != grain_next(GRAIN_QUARTER, quarter))
			return j;
		quarter = next;
	}
	return days->len;
}

/* Computes and writes one environment's rows: a run of buckets, or the windows (to_day ==
 * from_day). */
static bool publish(struct publishing *work, const struct scope_environment *environment,
		    gint32 from_day, gint32 to_day, GError **error)
{
	_cleanup_(sample_arrays_clear) struct sample_arrays samples = { 0 };
	g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(struct series_row));
	const bool windows = from_day == to_day;
	struct series_input input = {
		.zone = work->zone,
		.born = environment->born,
		.now = work->now,
		.minimum_authors = work->minimum_authors,
	};
	gint64 from, to;
	gsize n_changed = 0;

	sample_arrays_init(&samples);
	if (windows) {
		gint32 today = zone_local_day(work->zone, work->now);

		/* a day early: where midnight comes twice, an hour before it is the new
		 * day */
		from = zone_day_start(work->zone,
				      today - (gint32)series_window_days[2] - 1);
		to = zone_day_start(work->zone, today);
	} else {
		series_reach(work->zone, from_day, to_day, &from, &to);
	}
	if (!store_samples(work->store, work->scope->scope_id, environment->name, from,
			   to, &samples, error))
		return false;
	input.rollouts = (const void *)samples.rollouts->data;
	input.n_rollouts = samples.rollouts->len;
	input.samples = (const void *)samples.leads->data;
	input.n_samples = samples.leads->len;
	input.stages = (const void *)samples.stages->data;
	input.n_stages = samples.stages->len;
	input.recoveries = (const void *)samples.recoveries->data;
	input.n_recoveries = samples.recoveries->len;
	input.restores = (const void *)samples.restores->data;
	input.n_restores = samples.restores->len;
	input.incidents_born = environment->incidents_born;
	if (windows)
		series_windows(&input, rows);
	else
		series_buckets(&input, from_day, to_day, rows);
	/* Every bucket that starts on a due day is among rows, or has to go. */
	from = windows ? 0 : zone_day_start(work->zone, from_day);
	to = windows ? 0 : zone_day_start(work->zone, to_day);
	if (!store_series_write(work->store, work->scope->scope_id, environment->name,
				work->definition_id, work->now, from, to,
				(const struct series_row *)(const void *)rows->data,
				rows->len, &n_changed, error))
		return false;
	work->result->n_rows += n_changed;
	return true;
}

static bool publish_environment(struct publishing *work,
				const struct scope_environment *environment,
				GError **error)
{
	for (guint i = 0; i < work->days->len;) {
		guint end = run_end(work->days, i);

		if (!publish(work, environment, g_array_index(work->days, gint32, i),
			     g_array_index(work->days, gint32, end - 1) + 1, error))
			return false;
		i = end;
	}
	return publish(work, environment, 0, 0, error);
}

/* The first day that has numbers: of a rollout or, before any, an incident; INSTANT_NONE:
 * none does. */
static gint64 begins(const struct scope_environment *environment)
{
	if (environment->born == INSTANT_NONE ||
	    environment->incidents_born == INSTANT_NONE)
		return MAX(environment->born, environment->incidents_born);
	return MIN(environment->born, environment->incidents_born);
}

/* A life that turns out to have begun earlier or later than what is published: the days
 * in between gain their zeros or lose their rows. */
static void add_birth(struct publishing *work, gint64 begins, gint64 published,
		      gint32 today)
{
	gint32 born = begins == INSTANT_NONE ? today + 1
					     : zone_local_day(work->zone, begins);
	gint32 first = published == INSTANT_NONE ? today + 1
						 : zone_local_day(work->zone, published);

	/* with the week, month and quarter that began before what is to go */
	if (first < born)
		first = MIN(grain_floor(GRAIN_WEEK, first),
			    grain_floor(GRAIN_QUARTER, first));
	add_days(work->days, MIN(born, first), MAX(born, first));
}

/* Incidents live longer than rollouts, or without any. */
static void add_births(struct publishing *work, const GArray *environments, gint32 today)
{
	for (guint i = 0; i < environments->len; i++) {
		const struct scope_environment *environment = &g_array_index(
			environments, struct scope_environment, i);

		add_birth(work, environment->born, environment->published_from, today);
		add_birth(work, begins(environment), environment->restores_from, today);
	}
}

/* Other definitions, or none yet: all days from the first rollout are due. */
static bool renew(struct publishing *work, const struct work_context *context,
		  const GArray *environments, GError **error)
{
	g_autofree char *content = definition_of_scope(
		context->config, context->author_key, work->scope->kind,
		work->scope->name, work->scope->time_zone);
	g_autofree char *fingerprint = definition_fingerprint(content);

	work->definition_id = work->scope->definition_id;
	if (g_strcmp0(work->scope->definition, fingerprint) == 0)
		return true;
	for (guint i = 0; i < environments->len; i++) {
		gint64 beginning = begins(
			&g_array_index(environments, struct scope_environment, i));

		if (beginning != INSTANT_NONE)
			add_days(work->days, zone_local_day(work->zone, beginning),
				 zone_local_day(work->zone, work->now) + 1);
	}
	return store_definition(work->store, work->scope->scope_id, fingerprint, content,
				&work->definition_id, error);
}

static bool publish_scope(struct publishing *work, const struct work_context *context,
			  const GArray *environments, GError **error)
{
	gint32 today = zone_local_day(work->zone, work->now);
	GArray *dirty;

	if (!renew(work, context, environments, error))
		return false;
	dirty = store_dirty_take(work->store, work->scope->scope_id, error);
	if (!dirty)
		return false;
	add_dirty(work, dirty);
	g_array_unref(dirty);
	add_births(work, environments, today);
	/* Days that began since the last time: they start with zeros. */
	if (work->scope->published_until != INSTANT_NONE)
		add_days(work->days,
			 zone_local_day(work->zone, work->scope->published_until - 1),
			 today + 1);
	else
		add_days(work->days, today, today + 1);
	g_array_sort(work->days, day_order);
	work->result->changed = true;
	for (guint i = 0; i < environments->len; i++)
		if (!publish_environment(
			    work,
			    &g_array_index(environments, struct scope_environment, i),
			    error))
			return false;
	return store_published_until(work->store, work->scope->scope_id,
				     zone_day_start(work->zone, today + 1), error);
}

static bool series_are_due(const struct scope_row *scope,
			   const struct work_context *context, gint64 now)
{
	g_autofree char *content = definition_of_scope(context->config,
						       context->author_key, scope->kind,
						       scope->name, scope->time_zone);
	g_autofree char *fingerprint = definition_fingerprint(content);

	return scope->series_due || scope->published_until == INSTANT_NONE ||
	       now >= scope->published_until ||
	       g_strcmp0(scope->definition, fingerprint) != 0;
}

bool evaluate_scope_is_due(const struct scope_row *scope,
			   const struct work_context *context, gint64 now)
{
	return series_are_due(scope, context, now) ||
	       evaluate_alerts_is_due(scope, context, now);
}

static bool evaluate(struct publishing *work, const struct work_context *context,
		     enum scope_kind kind, const char *name, GError **error)
{
	GArray *environments;
	bool series, alerts, ok;

	work->scope = store_scope_lock(work->store, kind, name, error);
	if (!work->scope)
		return false;
	series = series_are_due(work->scope, context, work->now);
	alerts = evaluate_alerts_is_due(work->scope, context, work->now);
	work->result->next = work->scope->alerts_due;
	if (!series && !alerts)
		return true;
	work->zone = zone_open(work->scope->time_zone, error);
	environments = work->zone ? store_scope_environments(work->store,
							     work->scope->scope_id, error)
				  : NULL;
	if (!environments)
		return false;
	ok = (!series || publish_scope(work, context, environments, error)) &&
	     (!alerts ||
	      evaluate_alerts(work->store, context, work->scope, work->zone, environments,
			      work->now, &work->result->next, error));
	scope_environments_free(environments);
	return ok;
}

bool evaluate_scope(struct store *store, const struct work_context *context,
		    enum scope_kind kind, const char *name, gint64 now,
		    struct evaluate_result *result, GError **error)
{
	struct publishing work = {
		.store = store,
		.now = now,
		.days = g_array_new(FALSE, FALSE, sizeof(gint32)),
		.minimum_authors = context->config->privacy->minimum_authors,
		.result = result,
	};
	bool ok;

	*result = (struct evaluate_result){ .next = INSTANT_NONE };
	ok = store_begin(store, error) && evaluate(&work, context, kind, name, error) &&
	     store_commit(store, error);
	if (!ok) {
		store_rollback(store);
		g_prefix_error(error, "series of %s: ", name);
	}
	g_array_unref(work.days);
	g_clear_pointer(&work.zone, zone_unref);
	g_clear_pointer(&work.scope, scope_row_free);
	return ok;
}
