#pragma once

#include <math.h>

#include "base/instant.h"
#include "collector/alert_judge.h"

/* Scenes made by hand, in Berlin. Day 0 is Monday, 2024-01-01. */
#define DAY0 19723
#define HOUR G_TIME_SPAN_HOUR
#define WEEK 7

static struct config_alert_rule plain = { .name = "plain" };

static inline void scene_init(struct alert_scene *scene)
{
	*scene = (struct alert_scene){ 0 };
	scene->zone = zone_open("Europe/Berlin", NULL);
	scene->samples = (struct alert_samples){
		.deployments = g_array_new(FALSE, FALSE, sizeof(struct alert_deployment)),
		.leads = g_array_new(FALSE, FALSE, sizeof(struct alert_lead)),
		.stages = g_array_new(FALSE, FALSE, sizeof(struct stage_sample)),
		.recoveries = g_array_new(FALSE, FALSE, sizeof(struct alert_span)),
		.restores = g_array_new(FALSE, FALSE, sizeof(struct alert_span)),
		.born = INSTANT_NONE,
		.incidents_from = INSTANT_NONE,
		.changes_from = INSTANT_NONE,
	};
	scene->activity = g_array_new(FALSE, FALSE, sizeof(gint64));
}

static inline void scene_clear(struct alert_scene *scene)
{
	g_array_unref(scene->samples.deployments);
	g_array_unref(scene->samples.leads);
	g_array_unref(scene->samples.stages);
	g_array_unref(scene->samples.recoveries);
	g_array_unref(scene->samples.restores);
	g_array_unref(scene->activity);
	zone_unref((struct zone *)scene->zone);
}

static inline gint64 at(const struct alert_scene *scene, gint32 day, double hours)
{
	return zone_day_start(scene->zone, DAY0 + day) + (gint64)(hours * (double)HOUR);
}

static inline void add_activity(struct alert_scene *scene, gint32 day)
{
	gint64 instant = at(scene, day, 12);

	g_array_append_val(scene->activity, instant);
}

static inline bool is_weekend(gint32 day)
{
	return day % WEEK >= 5;
}

static inline double noise(GRand *rand)
{
	double sum = 0;

	for (int i = 0; i < 12; i++)
		sum += g_rand_double(rand);
	return sum - 6;
}

/* Two deployments each working day of [0, days), with a lead time of a day or so, from a
 * day on times a factor. Every tenth fails, from that day on times a factor too. */
static inline void add_work(struct alert_scene *scene, gint32 days, gint32 onset,
			    double factor)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(7);

	for (gint32 day = 0; day < days; day++) {
		if (is_weekend(day))
			continue;
		add_activity(scene, day);
		for (guint k = 0; k < 2; k++) {
			double hours = 24 * exp(0.8 * noise(rand)) *
				       (day >= onset ? factor : 1);
			bool failed = g_rand_double(rand) <
				      0.1 * (day >= onset ? factor : 1);
			struct alert_lead lead = {
				.finished = at(scene, day, 10 + k),
				.lead = (gint64)(hours * (double)HOUR),
				.service = k,
			};
			struct alert_deployment deployment = {
				.finished = lead.finished,
				.failed = failed ? at(scene, day + 1, 9) : INSTANT_NONE,
				.unplanned = failed,
				.service = k,
			};

			g_array_append_val(scene->samples.leads, lead);
			g_array_append_val(scene->samples.deployments, deployment);
		}
	}
}

#define DAYS (60 * WEEK)
#define ONSET (54 * WEEK)

/* Takes the change back for a share of what came after the onset. */
static inline void correct(struct alert_scene *scene, guint every, double factor)
{
	GArray *rows = scene->samples.leads;

	for (guint i = 0; i < rows->len; i++) {
		struct alert_lead *lead = &g_array_index(rows, struct alert_lead, i);

		if (lead->finished >= at(scene, ONSET, 0) && i % every == 0)
			lead->lead = (gint64)((double)lead->lead / factor);
	}
}

/* Nothing is known yet. */
static inline struct watch learning(void)
{
	struct watch watch;

	watch_init(&watch, SHIFT_NO_BOUND);
	return watch;
}

/* What a day shows of a metric, by the rule that is plain. */
static inline void judge(const struct alert_scene *scene, enum metric metric,
			 const struct watch *watch, gint32 day, struct watch_look *look,
			 struct shift *shift)
{
	struct watch_row row = { .watch = *watch };
	struct alert_subject subject;

	alert_subject_init(&subject, scene, metric, &plain, SHIFT_WORSE);
	row.engine = alert_engine(&subject, DAY0 + day);
	alert_judge(scene, &subject, &row, DAY0 + day, look, shift);
	alert_subject_clear(&subject);
}
