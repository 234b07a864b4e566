#pragma once

/*
 * What a day shows of a series that is watched: from samples to a look
 * (metrics/watch.h). The same code judges live and in replay.
 */
#include "sinks/store_alerts.h"

/* Everything of one scope and environment, loaded once for any number of days. */
struct alert_scene {
	const struct config *config;
	const struct calendar *calendar;
	struct zone *zone;
	struct alert_samples samples;
	GArray *activity; /* of gint64, as store_activity() */
};

/* One series of it. */
struct alert_subject {
	enum metric metric;
	const struct config_alert_rule *rule;
	enum shift_direction direction;
	GArray *level, *count, *share, *spans; /* of struct shift_sample; NULL: not its */
};
void alert_subject_init(struct alert_subject *subject, const struct alert_scene *scene,
			enum metric metric, const struct config_alert_rule *rule,
			enum shift_direction direction);
void alert_subject_clear(struct alert_subject *subject);

/* The engine that judges it as of a day: time_to_restore and recovery are SHIFT_LEVEL
 * from 3 a week up, over the last 26 weeks. A watch that fires keeps the engine it fired
 * with. */
enum shift_engine alert_engine(const struct alert_subject *subject, gint32 day);

/* Fills the look of a day; *shift is what the engine said. */
void alert_judge(const struct alert_scene *scene, const struct alert_subject *subject,
		 const struct watch *watch, gint32 day, struct watch_look *look,
		 struct shift *shift);

/* The first day of the last level that the segmenter finds in the weekly values, if at
 * least 8 weeks are left after it, else of the one before; SHIFT_NO_BOUND: none. */
gint32 alert_baseline(const struct alert_scene *scene,
		      const struct alert_subject *subject, gint32 day);
