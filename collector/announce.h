#pragma once

/*
 * Every line the daemon logs, in one place: what happened, to what, and what to do about
 * it. Failures that go on are repeated ever more rarely. Used by the loop alone, but for
 * announce_alert().
 */
#include "collector/job.h"
#include "collector/progress.h"
#include "collector/roster.h"

struct announce;

/* progress is taken; it shares the terminal with the lines. */
struct announce *announce_new(struct progress *progress);
void announce_free(struct announce *announce); /* NULL is fine */

void announce_started(struct announce *announce, const char *path,
		      const struct config *config);
void announce_stopping(struct announce *announce, guint n_running);
void announce_abandoned(struct announce *announce, guint n_running);

/* wait: until the next try; negative: there will be none. */
void announce_poll(struct announce *announce, const char *source,
		   const struct poll_result *result);
void announce_poll_failed(struct announce *announce, const struct moment *now,
			  const char *source, const GError *error, GTimeSpan wait);
void announce_evaluation(struct announce *announce, const struct evaluate_result *result);
void announce_evaluation_failed(struct announce *announce, const struct moment *now,
				const GError *error, GTimeSpan wait);
/* What a channel of kind journal is told; from the worker, so that it is in the log
 * before it is noted as delivered. */
void announce_alert(const struct deliver_line *line);
/* What came of the channels. */
void announce_delivery(struct announce *announce, const struct moment *now,
		       const struct deliver_result *result, bool once);
/* error NULL: it did not fail. */
void announce_delivery_failed(struct announce *announce, const struct moment *now,
			      const GError *error, GTimeSpan wait);
void announce_database(struct announce *announce);
void announce_database_failed(struct announce *announce, const struct moment *now,
			      const GError *error, GTimeSpan wait);

/* A configuration file that cannot be used; the old one (if running) stays. */
void announce_faults(struct announce *announce, const char *path, const GPtrArray *faults,
		     bool running);
void announce_refused(struct announce *announce, const char *path, const GError *error);
void announce_applied(struct announce *announce, const char *path,
		      const struct roster_change *change);

/* What workers say underway. */
void announce_notice(struct announce *announce, const char *what, const char *text);
void announce_progress(struct announce *announce, const struct moment *now,
		       const char *what, const char *text);
