#pragma once

/*
 * What a day shows of a series that is watched: from samples to a look
 * (metrics/watch.h). The same code judges live and in replay. Pure.
 */
#include "sinks/store_alerts.h"

/* Everything of one scope and environment, loaded once for any number of days. */
struct alert_scene {
	const struct config *config;
	const struct calendar *calendar; /* borrowed; NULL: no day is masked */
	const struct zone *zone;
	guint minimum_authors; /* of lead times and stages (privacy); 0: any do */
	struct alert_samples samples;
	GArray *activity; /* of gint64, as store_activity() */
};

/* So many working days without a sign of life are a silence: it says nothing. */
#define ALERT_SILENT_DAYS 3
/* The silences of a scene that have ended, as masked days beside those of its calendar,
 * from the day after the last sign of life to the day before the next. As of a day only
 * those that had ended by then are known. The calendar is borrowed; NULL: no day is
 * masked. The scene has to live as long. */
struct alert_silences *alert_silences_new(const struct alert_scene *scene);
void alert_silences_free(struct alert_silences *silences); /* NULL is fine */
DEFINE_CLEANUP(struct alert_silences *, alert_silences_free);
const struct calendar *alert_silences_calendar(struct alert_silences *silences,
					       gint32 day);

/* One series of it. */
struct alert_subject {
	enum metric metric;
	const struct config_alert_rule *rule;
	enum shift_direction direction;
	GArray *level, *count, *share, *spans; /* of struct shift_sample; NULL: not its */
	GArray *authors; /* of guint64: whose each of level is, 0: unknown; NULL: nobody's
			  */
	struct alert_silences *silences; /* of counts, which they would be none for */
	/* Nothing is compared with weeks that begin before it: of counts there was
	 * nothing to deploy yet, of others what they are made of is deleted for its age;
	 * SHIFT_NO_BOUND: all is there. */
	gint32 known_from;
};
/* Makes the samples of what rule->durations says: of a lead time the time up to its end,
 * of a stage that up to where the next began. An incident or a recovery is of the
 * day on which it ended as a level, of that on which it began as a span. rule and scene
 * have to live as long as the subject. */
void alert_subject_init(struct alert_subject *subject, const struct alert_scene *scene,
			enum metric metric, const struct config_alert_rule *rule,
			enum shift_direction direction);
void alert_subject_clear(struct alert_subject *subject);

/* Is a metric one that can be watched? */
bool alert_metric_is_watched(enum metric metric);

/* The engine that judges it as of a day: time_to_restore and recovery are SHIFT_LEVEL
 * from 3 a week up, over the last 26 weeks. */
enum shift_engine alert_engine(const struct alert_subject *subject, gint32 day);

/* Do as many different authors as the scene asks for stand behind the samples of the days
 * from first to last? Numbers of fewer are those of people. Always true of what is
 * nobody's. */
bool alert_has_authors(const struct alert_scene *scene,
		       const struct alert_subject *subject, gint32 first, gint32 last);

/* The series of an engine as of the end of a day. *made (NULL if nothing had to be) is
 * what its samples rest on; the caller unrefs it after use. The subject has to live as
 * long as the series. */
struct shift_series alert_series(const struct alert_scene *scene,
				 const struct alert_subject *subject,
				 enum shift_engine engine, gint32 baseline_start,
				 gint32 day, GArray **made);

/* Is the day masked; have three working days gone by without a sign of life? */
void alert_look_around(const struct alert_scene *scene, gint32 day,
		       struct watch_look *look);

/* Fills the look of a day; *shift is what the engine said: of a masked or silent day
 * nothing, and it is not usable. Nor is one whose last 48 weeks have too few authors;
 * of a side of too few median and p85 are NAN. Of row the watch, and what that is judged
 * by: alert_engine(), sensitivity and gate of the rule; but a watch that fires keeps
 * those it fired with, for what is frozen is of them, and late facts undo nothing else.
 */
void alert_judge(const struct alert_scene *scene, const struct alert_subject *subject,
		 const struct watch_row *row, gint32 day, struct watch_look *look,
		 struct shift *shift);

/* ---- weeks ---- */

/* The values of the whole weeks up to last_day, oldest first, from the first that begins
 * with or after the first sample: the median of durations in seconds, deployments
 * (those of masked days left out, and scaled up for that), the share that failed. NAN:
 * there is nothing in it. No more than max_weeks. *first_day: of the first week. Spans
 * have none as long as they are too few for a level. The caller unrefs. */
GArray *alert_weeks(const struct alert_scene *scene, const struct alert_subject *subject,
		    gint32 last_day, guint max_weeks, gint32 *first_day);
/* As of how many weeks before. */
#define ALERT_BASELINE_WEEKS 104
#define ALERT_HISTORY_WEEKS 260

/* The first day of the last level that the segmenter finds in the weekly values, if at
 * least 8 weeks are left after it, else of the one before; SHIFT_NO_BOUND: none. The
 * weeks are counted back from the day. */
gint32 alert_baseline(const struct alert_scene *scene,
		      const struct alert_subject *subject, gint32 day);

/* The changes of level in the calendar weeks that had ended with the day, in published
 * units, NAN of a stretch with too few authors: array of struct change_point; the caller
 * unrefs. */
GArray *alert_change_points(const struct alert_scene *scene,
			    const struct alert_subject *subject, gint32 day);
