#include "collector/alert_judge.h"

#include "base/instant.h"
#include "config/config.h"
#include "metrics/crowd.h"

/* From so many spans on, over so many weeks, their level is judged. */
#define LEVEL_PER_WEEK 3
#define LEVEL_WEEKS 26

static const enum shift_engine engines[N_METRICS] = {
	[METRIC_DEPLOYMENT_FREQUENCY] = SHIFT_COUNT,
	[METRIC_CHANGE_LEAD_TIME] = SHIFT_LEVEL,
	[METRIC_CHANGE_FAIL_RATE] = SHIFT_SHARE,
	[METRIC_RECOVERY_TIME] = SHIFT_SPANS,
	[METRIC_REWORK_RATE] = SHIFT_SHARE,
	[METRIC_TIME_TO_RESTORE] = SHIFT_SPANS,
	[METRIC_LEAD_TIME_ALL] = SHIFT_LEVEL,
	[METRIC_STAGE_CODING] = SHIFT_LEVEL,
	[METRIC_STAGE_PICKUP] = SHIFT_LEVEL,
	[METRIC_STAGE_REVIEW] = SHIFT_LEVEL,
	[METRIC_STAGE_DEPLOY] = SHIFT_LEVEL,
};

bool alert_metric_is_watched(enum metric metric)
{
	return metric != METRIC_LEAD_TIME_ALL;
}

/* ---- samples ---- */

static double seconds_of(GTimeSpan span)
{
	return (double)span / G_USEC_PER_SEC;
}

/* How long something took, as the rule measures it. */
static GTimeSpan lasted(const struct alert_scene *scene,
			const struct config_alert_rule *rule, gint64 from, gint64 to)
{
	return rule->durations == DURATIONS_WORKING_DAYS
		       ? calendar_working_time(scene->calendar, scene->zone, from, to)
		       : to - from;
}

static GArray *samples_new(void)
{
	return g_array_new(FALSE, FALSE, sizeof(struct shift_sample));
}

static void add_leads(struct alert_subject *subject, const struct alert_scene *scene)
{
	const GArray *leads = scene->samples.leads;

	for (guint i = 0; i < leads->len; i++) {
		const struct alert_lead *lead = &g_array_index(leads, struct alert_lead,
							       i);
		const struct shift_sample sample = {
			.day = zone_local_day(scene->zone, lead->finished),
			.seconds = seconds_of(lasted(scene, subject->rule,
						     lead->finished - lead->lead,
						     lead->finished)),
			.part = lead->service,
		};

		g_array_append_val(subject->level, sample);
		g_array_append_val(subject->authors, lead->author);
	}
}

/* One stage ends where the next begins, the last with the rollout. Where a later one is
 * not known it is not known either when this one ended, and it counts as it is. */
static GTimeSpan stage_lasted(const struct alert_scene *scene,
			      const struct config_alert_rule *rule,
			      const struct stage_sample *stage, guint k)
{
	gint64 end = stage->finished;

	for (guint later = N_STAGES - 1; later > k; later--) {
		if (stage->spans[later] < 0)
			return stage->spans[k];
		end -= stage->spans[later];
	}
	return lasted(scene, rule, end - stage->spans[k], end);
}

static void add_stages(struct alert_subject *subject, const struct alert_scene *scene)
{
	const GArray *stages = scene->samples.stages;
	guint k = (guint)subject->metric - METRIC_STAGE_CODING;

	for (guint i = 0; i < stages->len; i++) {
		const struct stage_sample *stage = &g_array_index(stages,
								  struct stage_sample, i);
		struct shift_sample sample = { 0 };

		if (stage->spans[k] < 0)
			continue;
		sample.day = zone_local_day(scene->zone, stage->finished);
		sample.seconds = seconds_of(stage_lasted(scene, subject->rule, stage, k));
		g_array_append_val(subject->level, sample);
		g_array_append_val(subject->authors, stage->author);
	}
}

/* When it was known to have failed, or to be unplanned; SHIFT_NEVER: it is not. */
static gint32 known_day(const struct alert_subject *subject,
			const struct alert_scene *scene,
			const struct alert_deployment *deployment, gint32 day)
{
	if (subject->metric == METRIC_REWORK_RATE)
		return deployment->unplanned ? day : SHIFT_NEVER;
	return deployment->failed == INSTANT_NONE
		       ? SHIFT_NEVER
		       : MAX(day, zone_local_day(scene->zone, deployment->failed));
}

static void add_deployments(struct alert_subject *subject,
			    const struct alert_scene *scene, GArray *into)
{
	const GArray *deployments = scene->samples.deployments;

	for (guint i = 0; i < deployments->len; i++) {
		const struct alert_deployment *deployment = &g_array_index(
			deployments, struct alert_deployment, i);
		gint32 day = zone_local_day(scene->zone, deployment->finished);
		const struct shift_sample sample = {
			.day = day,
			.known = known_day(subject, scene, deployment, day),
			.part = deployment->service,
		};

		g_array_append_val(into, sample);
	}
}

static int day_order(const void *a, const void *b)
{
	const struct shift_sample *x = a, *y = b;

	return (x->day > y->day) - (x->day < y->day);
}

static void add_spans(struct alert_subject *subject, const struct alert_scene *scene,
		      const GArray *spans)
{
	for (guint i = 0; i < spans->len; i++) {
		const struct alert_span *span = &g_array_index(spans, struct alert_span,
							       i);
		struct shift_sample sample = {
			.day = zone_local_day(scene->zone, span->began),
			.began = span->began,
			.ended = span->ended,
			.part = span->service,
		};

		g_array_append_val(subject->spans, sample);
		if (span->ended == INSTANT_NONE)
			continue;
		sample.day = zone_local_day(scene->zone, span->ended);
		sample.seconds = seconds_of(
			lasted(scene, subject->rule, span->began, span->ended));
		g_array_append_val(subject->level, sample);
	}
	g_array_sort(subject->level, day_order);
}

/* The first whole day without what was deleted for its age. */
static gint32 day_after(const struct alert_scene *scene, gint64 deleted)
{
	return deleted == INSTANT_NONE ? SHIFT_NO_BOUND
				       : zone_local_day(scene->zone, deleted) + 1;
}

static gint32 known_from(const struct alert_scene *scene, enum metric metric)
{
	const struct alert_samples *samples = &scene->samples;
	gint32 incidents = day_after(scene, samples->incidents_from);
	gint32 changes = day_after(scene, samples->changes_from);

	if (engines[metric] == SHIFT_COUNT)
		return samples->born == INSTANT_NONE
			       ? SHIFT_NO_BOUND
			       : zone_local_day(scene->zone, samples->born);
	if (metric == METRIC_REWORK_RATE)
		return MAX(incidents, changes);
	if (metric >= METRIC_STAGE_CODING)
		return changes;
	return engines[metric] == SHIFT_LEVEL ? SHIFT_NO_BOUND : incidents;
}

void alert_subject_init(struct alert_subject *subject, const struct alert_scene *scene,
			enum metric metric, const struct config_alert_rule *rule,
			enum shift_direction direction)
{
	*subject = (struct alert_subject){ .metric = metric,
					   .rule = rule,
					   .direction = direction,
					   .known_from = known_from(scene, metric) };
	switch (engines[metric]) {
	case SHIFT_COUNT:
		subject->count = samples_new();
		subject->silences = alert_silences_new(scene);
		add_deployments(subject, scene, subject->count);
		break;
	case SHIFT_SHARE:
		subject->share = samples_new();
		add_deployments(subject, scene, subject->share);
		break;
	case SHIFT_SPANS:
		subject->level = samples_new();
		subject->spans = samples_new();
		add_spans(subject, scene,
			  metric == METRIC_RECOVERY_TIME ? scene->samples.recoveries
							 : scene->samples.restores);
		break;
	case SHIFT_LEVEL:
	case N_SHIFT_ENGINES:
		subject->level = samples_new();
		subject->authors = g_array_new(FALSE, FALSE, sizeof(guint64));
		if (metric >= METRIC_STAGE_CODING)
			add_stages(subject, scene);
		else
			add_leads(subject, scene);
		break;
	}
}

void alert_subject_clear(struct alert_subject *subject)
{
	g_clear_pointer(&subject->level, g_array_unref);
	g_clear_pointer(&subject->count, g_array_unref);
	g_clear_pointer(&subject->share, g_array_unref);
	g_clear_pointer(&subject->spans, g_array_unref);
	g_clear_pointer(&subject->authors, g_array_unref);
	g_clear_pointer(&subject->silences, alert_silences_free);
}

bool alert_has_authors(const struct alert_scene *scene,
		       const struct alert_subject *subject, gint32 first, gint32 last)
{
	g_autofree guint64 *authors = g_new(guint64, scene->minimum_authors + 1);
	struct crowd crowd = { authors, 0, scene->minimum_authors };

	for (guint i = 0; subject->authors && i < subject->level->len; i++) {
		gint32 day = g_array_index(subject->level, struct shift_sample, i).day;

		if (day >= first && day <= last)
			crowd_add(&crowd, g_array_index(subject->authors, guint64, i));
	}
	return !subject->authors || crowd_is_enough(&crowd);
}

/* ---- the series ---- */

enum shift_engine alert_engine(const struct alert_subject *subject, gint32 day)
{
	guint n = 0;

	if (!subject->spans)
		return engines[subject->metric];
	for (guint i = 0; i < subject->spans->len; i++) {
		gint32 began = g_array_index(subject->spans, struct shift_sample, i).day;

		n += began <= day && began > day - 7 * LEVEL_WEEKS;
	}
	return n >= LEVEL_PER_WEEK * LEVEL_WEEKS ? SHIFT_LEVEL : SHIFT_SPANS;
}

static GArray *samples_of(const struct alert_subject *subject, enum shift_engine engine)
{
	switch (engine) {
	case SHIFT_COUNT:
		return subject->count;
	case SHIFT_SHARE:
		return subject->share;
	case SHIFT_SPANS:
		return subject->spans;
	case SHIFT_LEVEL:
	case N_SHIFT_ENGINES:
		break;
	}
	return subject->level;
}

/* Spans that begin as much later as they stood still until then: an engine that takes
 * the difference sees working time. */
static GArray *spans_worked(const struct alert_scene *scene,
			    const struct alert_subject *subject, gint64 asof)
{
	GArray *worked = g_array_copy(subject->spans);

	for (guint i = 0; i < worked->len; i++) {
		struct shift_sample *sample = &g_array_index(worked, struct shift_sample,
							     i);
		gint64 until = sample->ended == INSTANT_NONE ? asof
							     : MIN(sample->ended, asof);

		if (sample->began < until)
			sample->began = until - lasted(scene, subject->rule,
						       sample->began, until);
	}
	return worked;
}

struct shift_series alert_series(const struct alert_scene *scene,
				 const struct alert_subject *subject,
				 enum shift_engine engine, gint32 baseline_start,
				 gint32 day, GArray **made)
{
	const GArray *samples = samples_of(subject, engine);

	*made = NULL;
	if (engine == SHIFT_SPANS && subject->rule->durations == DURATIONS_WORKING_DAYS)
		samples = *made = spans_worked(scene, subject,
					       zone_day_start(scene->zone, day + 1));
	return (struct shift_series){
		.engine = engine,
		.direction = subject->direction,
		.samples = (const void *)samples->data,
		.n = samples->len,
		.baseline_start = MAX(baseline_start, subject->known_from),
		.calendar = subject->silences
				    ? alert_silences_calendar(subject->silences, day)
				    : scene->calendar,
		.gate = subject->rule->gate,
	};
}
