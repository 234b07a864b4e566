#pragma once

/*
 * Alerts in the database: what is watched and how it stands, what was told and what waits
 * to be told. Errors and transactions are as in sinks/store.h; writes belong to the
 * transaction that publishes the series, but for those of the outbox and of people.
 */
#include "metrics/open_incidents.h"
#include "sinks/store.h"

/* ---- what is judged ---- */

struct alert_deployment {
	gint64 finished;
	gint64 failed; /* when it was first known to have failed (start of an incident,
			  finish of a repair); INSTANT_NONE: it has not */
	gint64 pending_until; /* before, it may still fail; INSTANT_NONE: no state yet */
	bool unplanned;
	guint service;
};
struct alert_lead {
	gint64 finished, lead; /* lead in µs */
	guint64 author;	       /* as lead_sample's; 0: unknown */
	guint service;
};
struct alert_span {
	gint64 began, ended; /* INSTANT_NONE: open */
	guint service;
};
/* What the numbers of a scope and one environment are made of, with whose each is: of the
 * services that are the scope's at the end of the range, from the time they were
 * another's, too. Unlike store_samples(), for a team that gets a service is no faster for
 * that. */
struct alert_samples {
	GArray *deployments;	       /* of struct alert_deployment, by finished */
	GArray *leads;		       /* of struct alert_lead, by finished */
	GArray *stages;		       /* of struct stage_sample, by finished */
	GArray *recoveries, *restores; /* of struct alert_span, by began: those that
					  began in [from, to), and the newest
					  ALERT_SPANS_MAX of before */
	GPtrArray *services;	       /* names, by the index above */
	gint64 born; /* the first rollout ever; INSTANT_NONE: there was none */
	gint64 incidents_from, changes_from; /* those that ended before it are deleted;
						INSTANT_NONE: none are */
};
#define ALERT_SPANS_MAX 400
void alert_samples_init(struct alert_samples *samples);
void alert_samples_clear(struct alert_samples *samples);
bool store_alert_samples(struct store *store, gint32 scope_id, const char *environment,
			 gint64 from, gint64 to, struct alert_samples *samples,
			 GError **error);
/* The rollouts of store_samples(), in its order: each of a service while it was the
 * scope's. Appends to deployments, of struct alert_deployment without service. */
bool store_own_deployments(struct store *store, gint32 scope_id, const char *environment,
			   gint64 from, gint64 to, GArray *deployments, GError **error);

/* A service of a scope in an environment, and which kinds of numbers it has a part in. */
struct alert_maker {
	char *environment, *service;
	bool deploys, ships; /* since */
	bool has_failed;     /* ever: of spans the newest count, however old */
};
/* The services that are a scope's at an instant, in each of the environments: array of
 * struct alert_maker; the caller unrefs. */
GArray *store_alert_makers(struct store *store, gint32 scope_id,
			   const char *const *environments, gsize n_environments,
			   gint64 since, gint64 at, GError **error);

/* Incidents that count for a scope and environment (metrics/open_incidents.h) and began
 * before `to`: those that are open, and those that were restored from `from` on. Of those
 * of several services a row for each, and for each time in which it was the scope's;
 * array of struct open_incident; the caller unrefs. */
GArray *store_open_incidents(struct store *store, gint32 scope_id,
			     const char *environment, gint64 from, gint64 to,
			     GError **error);

/* When anything at all happened to the services that are a scope's at the end of [from,
 * to): commits to their repositories (by committer), deployments of any environment and
 * outcome, runs of the projects that their pipelines name, changes opened in those that
 * theirs came from, and incidents. What else is in a source may be another's. One instant
 * of each local day, ascending: array of gint64; the caller unrefs. */
GArray *store_activity(struct store *store, gint32 scope_id, gint64 from, gint64 to,
		       GError **error);
/* Up to when the facts of a scope are known; INSTANT_NONE: a source was never read, or
 * what was read last is not attributed yet. */
bool store_fresh_until(struct store *store, gint32 scope_id, gint64 *fresh_until,
		       GError **error);
/* When the alerts of a scope have to be looked at again (INSTANT_NONE: never), and what
 * was watched then (NULL: nothing). Stored with the scope (scope_row.alerts_due,
 * .alerts_definition). */
bool store_alerts_due(struct store *store, gint32 scope_id, gint64 at,
		      const char *definition, GError **error);

/* ---- how it stands ---- */

enum watch_kind { WATCH_REGRESSION, WATCH_GUARDRAIL, WATCH_INCIDENT, WATCH_SELF };
const char *watch_kind_name(enum watch_kind kind); /* "regression", … */
bool watch_kind_parse(const char *name, enum watch_kind *kind);

/* There are weeks enough, but too few different authors (privacy.minimum_authors). */
#define WATCH_FEW_AUTHORS (-1)
struct watch_row {
	gint32 watch_id; /* 0: new */
	enum watch_kind kind;
	gint32 scope_id; /* 0: of the daemon itself */
	/* Names a guardrail or an incident; of self the source, service or channel; else
	 * "". Metrics of self: "source_stale", "source_denied", "rule_matched_nothing",
	 * "channel_failing". */
	char *name, *metric;
	char *environment; /* "" of self */
	enum shift_direction direction;
	struct watch watch;
	/* How it was when last judged, for people; NAN where it does not apply */
	gint32 lacking; /* learning: weeks, about; WATCH_FEW_AUTHORS */
	double score, ratio;
	gint64 alert_id; /* that fires; 0: none */
	char *measured;	 /* how, as of when it was judged; NULL: nobody said */
	/* Of regressions: while it fires those of the alert, which are what is stored. */
	enum shift_engine engine;
	enum shift_sensitivity sensitivity;
	double gate; /* the least ratio (> 1); 0: the engine's own */
};
/* Of a scope (0: the daemon's own), locked until the end of the transaction; array of
 * struct watch_row. */
GArray *store_watches(struct store *store, gint32 scope_id, GError **error);
/* The one whose alert fires under this number, locked likewise: array of one, or none. */
GArray *store_watch_of_alert(struct store *store, gint64 alert_id, GError **error);
/* From when on the stored watch of a series looks back (SHIFT_NO_BOUND: there is none, or
 * without a bound), without a lock. */
bool store_watch_baseline(struct store *store, gint32 scope_id, const char *metric,
			  const char *environment, enum shift_direction direction,
			  gint32 *baseline_start, GError **error);
/* An alert of a series that became the new normal. */
struct watch_accepted {
	gint64 at;
	bool by_hand; /* else by the days that it lasted */
	gint32 onset; /* a day: from when on the watch looks back since */
};
/* *moved: at an instant its scope has other services than when it fired. */
bool store_alert_services_moved(struct store *store, gint64 alert_id, gint64 at,
				bool *moved, GError **error);
/* All of a series, oldest first: array of struct watch_accepted; the caller unrefs. */
GArray *store_watch_accepted(struct store *store, gint32 scope_id, const char *metric,
			     const char *environment, enum shift_direction direction,
			     GError **error);
void watch_rows_free(GArray *rows);
/* Inserts or updates; *row gets its watch_id, which may be one that was off. Only what
 * differs is written. */
bool store_watch_write(struct store *store, struct watch_row *row, GError **error);
/* Watches of the scope that are not among these ids are off: what fires of them ends as
 * withdrawn with this reason, and is told to those who were told of it. */
bool store_watches_off(struct store *store, gint32 scope_id, const gint32 *kept, gsize n,
		       gint64 at, const char *reason, GError **error);

/* The same of all watches of scopes that are no longer in the configuration, whom nobody
 * evaluates. */
bool store_watches_left(struct store *store, gint64 at, const char *reason,
			GError **error);

struct alert_part {
	char *name;
	gint64 n, of;
};

/* An alert: one life of a watch from firing to its end. */
struct alert_row {
	gint64 alert_id, group_id;
	char *origin; /* as that of a message; of those that are told, else NULL */
	gint32 watch_id;
	enum watch_kind kind;
	enum shift_direction direction;
	enum scope_kind scope_kind;
	char *org, *team, *service; /* as in the views; all NULL of self */
	char *name, *metric, *environment;
	char *state;	   /* "firing", "resolved", "accepted", "withdrawn" */
	char *reason;	   /* in words: why it ended, or of self what is wrong; NULL */
	char *rule;	   /* of regressions and incidents */
	char *sensitivity; /* it fired with; NULL but of regressions */
	double gate;	   /* likewise, as that of its watch; not read back */
	enum shift_engine engine;		      /* of regressions */
	gint64 onset, first_seen, fired_at, ended_at; /* instants; local midnights of the
							 days; INSTANT_NONE */
	char *time_zone;			      /* to show them in */
	struct shift shift; /* of regressions, when it fired or got worse; guardrail:
			       after.rate is the value, before.rate the limit, window
			       and after.from to .to the days, before has none;
			       incident: after.rate is how long it had been open,
			       before.rate and .n those it was compared with */
	double fired_ratio; /* of regressions: shift.ratio when it fired; only read */
	char *unit;	    /* guardrail, incident: as in dora.guardrails */
	char *statistic;    /* guardrail: likewise */
	bool began_before; /* guardrail: on the day before onset it was breached, too, but
			      was not judged so */
	double false_alerts;	  /* a year, of such a series; NAN */
	struct alert_part *parts; /* largest first */
	guint n_parts;
	bool worsened;
	gint64 acked_at;    /* INSTANT_NONE */
	char *note;	    /* of the acknowledgement */
	gint64 muted_until; /* INSTANT_NONE: it is not */
};
void alert_row_clear(struct alert_row *row);
void alert_rows_free(GArray *rows);

/* One event of a watch that is to be remembered, and told to channels if it is of that
 * kind (watch_event_is_told), is not an improvement, and the alert counts. */
struct alert_event {
	enum watch_event event;
	gint64 at;	    /* as of when: the end of the day that was judged */
	const char *reason; /* NULL */
	/* WATCH_FIRED: the new alert; WATCH_WORSENED: its new numbers. Else NULL. Ids,
	 * names and times of people are not looked at. */
	const struct alert_row *alert;
};
/* Appends to the history; opens, updates or ends row->alert_id (and sets it, 0 after the
 * end); puts the alert into the open group of its team (an org's own; the daemon's) whose
 * onsets are all within 7 days, or a new one; and adds a row per channel to the outbox,
 * or notifies, with the transaction, those that are channels of NOTIFY. The end of an
 * alert goes to all that were told of it and are channels of the configuration, and to
 * them alone; if none of them is, to the channels of its rule. An event that the watch
 * has had as of that instant is not repeated. now: the wall clock, recorded beside `at`.
 */
bool store_alert_event(struct store *store, struct watch_row *row,
		       const struct alert_event *event, const char *const *channels,
		       gsize n_channels, gint64 now, GError **error);

/* ---- what waits to be told ---- */

/* A group of a channel that has something to tell: everything that waits of it. */
struct outbox_message {
	char *channel;
	char *origin; /* of this database; 8 hex digits */
	gint64 group_id;
	gint64 version;	    /* the newest event in it: with channel and group, the key by
			       which a receiver may drop what it has */
	guint attempts;	    /* failed so far */
	bool update;	    /* something of the group has been delivered there before */
	bool ended;	    /* nothing of the group fires any longer */
	gint64 *outbox_ids; /* what it delivers */
	gsize n_ids;
	GArray *events; /* of struct outbox_event, oldest first: what is new */
	GArray *alerts; /* of struct alert_row: all of the group that the channel hears
			   of, as they are now */
};
struct outbox_event {
	gint64 alert_id;
	enum watch_event event;
	gint64 at;
};
void outbox_messages_free(GPtrArray *messages);
/* What is due now, at most `limit` messages, those of one channel and group as one, in a
 * transaction of its own. Nobody else gets them before OUTBOX_LEASE has gone by: who
 * takes them tells what came of each. What waits of a group is due when the last of it
 * is, so that news does not pass what has to wait. News waits for more of its group: for
 * OUTBOX_GATHER since the first of it, and until OUTBOX_INTERVAL after the last message
 * of the group. Held back: rows of muted alerts, but for the end of what was delivered.
 * An alert that began and ended before it was delivered is in one message, as ended; in
 * none (state "folded") if it ended while it was muted and nothing of it can have
 * arrived, or if all of its group is over, older than OUTBOX_NEWS, and nothing of that
 * can have. What was taken and nobody said anything of may have arrived. Array of struct
 * outbox_message *; of active channels alone, what has been due for longest first. What
 * would be due in more than a day is due now: the clock was set back. */
#define OUTBOX_LEASE (5 * G_TIME_SPAN_MINUTE)
#define OUTBOX_GATHER G_TIME_SPAN_MINUTE
#define OUTBOX_INTERVAL (5 * G_TIME_SPAN_MINUTE)
#define OUTBOX_NEWS (7 * G_TIME_SPAN_DAY)
GPtrArray *store_outbox_due(struct store *store, const char *const *channels,
			    gsize n_channels, gint64 now, guint limit, GError **error);
/* Nothing waits for more of its group any longer: for who cannot come back later. */
bool store_outbox_hurry(struct store *store, gint64 now, GError **error);
/* In transactions of their own. The kind of the failure is kept beside its text
 * (dorad.outbox.failure_kind): one of data is of this message and says nothing of the
 * channel. unsure: it may have arrived all the same. */
bool store_outbox_delivered(struct store *store, const struct outbox_message *message,
			    gint64 now, GError **error);
bool store_outbox_failed(struct store *store, const struct outbox_message *message,
			 const GError *failure, bool unsure, gint64 next, gint64 now,
			 GError **error);
/* How often in a row a channel has failed, about: tries of what still waits, since it
 * took anything; but for failures of data. *last: when it failed last; *next: when the
 * first of what may pass by itself is tried again; INSTANT_NONE: it has not, there is
 * none. */
bool store_outbox_failures(struct store *store, const char *channel, guint *n,
			   gint64 *last, gint64 *next, GError **error);
/* Nothing that waits for a channel is due before then; what is due later stays so. */
bool store_outbox_postpone(struct store *store, const char *channel, gint64 until,
			   GError **error);
/* Of the groups that wait for a channel, are over and cannot have arrived there, when
 * the last of each was recorded: the earliest after `after`; INSTANT_NONE: none is. */
bool store_outbox_oldest(struct store *store, const char *channel, gint64 after,
			 gint64 *oldest, GError **error);
/* Deletes what was delivered or folded more than OUTBOX_KEPT ago, of alerts that ended
 * then. */
#define OUTBOX_KEPT (400 * G_TIME_SPAN_DAY)
bool store_outbox_prune(struct store *store, gint64 now, GError **error);
/* When the first message for a channel of the store's configuration is due, mutes and all
 * considered; INSTANT_NONE: none waits. */
bool store_outbox_next(struct store *store, gint64 now, gint64 *next, GError **error);
/* Alerts that fire and were delivered to a channel, for receivers that have to be
 * reminded: array of struct alert_row. */
GArray *store_alerts_firing(struct store *store, const char *channel, GError **error);
/* What came of that: `any`: there was something to tell; failure: NULL: it was taken.
 * until: the receiver asked to be left alone until then, for a day at most (the clock may
 * have been set back); INSTANT_NONE: it did not. *left: whether it still is. In
 * transactions of their own. */
bool store_reminded(struct store *store, const char *channel, bool any,
		    const GError *failure, gint64 until, gint64 now, GError **error);
bool store_reminders_left(struct store *store, const char *channel, gint64 now,
			  bool *left, GError **error);
/* What was told to channels that the store's configuration does not have, fires or ended
 * less than OUTBOX_NEWS ago, and was not told there to have ended: array of char *, a
 * sentence for each channel. Whoever may read dora.alerts may ask. */
GPtrArray *store_channels_left(struct store *store, gint64 now, GError **error);

/* ---- people ---- */

struct alert_query {
	gint64 alert_id;      /* 0: any */
	bool all;	      /* those that ended, too; and so with an id */
	bool improvements;    /* likewise */
	enum scope_kind kind; /* of scope */
	const char *scope;    /* with all that is in it; NULL: any */
	gint64 since;	      /* fired since; INSTANT_NONE: ever */
};
/* Array of struct alert_row, newest first. Whoever may read dora.alerts may ask. */
GArray *store_alerts(struct store *store, const struct alert_query *query,
		     GError **error);

struct alert_history_row {
	gint64 at, recorded;
	enum watch_event event;
	double score, ratio;
	char *reason;
};
/* Of one alert, oldest first; the caller unrefs. */
GArray *store_alert_history(struct store *store, gint64 alert_id, GError **error);

struct alert_delivery_row {
	char *channel;
	char *event, *state;		 /* as in dora.alert_deliveries */
	guint attempts;			 /* that failed */
	gint64 recorded, due, delivered; /* INSTANT_NONE */
	char *failure;			 /* the last; NULL */
};
/* What channels were told of one alert, oldest first; the caller unrefs. */
GArray *store_alert_deliveries(struct store *store, gint64 alert_id, GError **error);

/* The same as JSON, as dora.alerts has it: an array; of one an object of "alert",
 * "history" and "deliveries" (*text NULL: there is none); of mutes that have not ended an
 * array. The caller frees. */
char *store_alerts_json(struct store *store, const struct alert_query *query,
			GError **error);
bool store_alert_json(struct store *store, gint64 alert_id, char **text, GError **error);
char *store_mutes_json(struct store *store, gint64 now, GError **error);

/* Acknowledged: nobody has to be told again by receivers that repeat. *found: it fires.
 */
bool store_alert_ack(struct store *store, gint64 alert_id, const char *note, gint64 now,
		     bool *found, GError **error);
/* NULL and 0: any. Ends at until. */
struct alert_mute {
	gint64 mute_id;
	gint64 alert_id;
	enum scope_kind kind;
	const char *scope, *metric;
	gint64 from, until;
	const char *reason;
	gint64 n_watches; /* that it is of now, of what is told: a new one's alone */
};
/* *mute gets its id and n_watches. _CONFIG if there is no such alert or scope. */
bool store_mute(struct store *store, struct alert_mute *mute, GError **error);
/* *found: there was one that had not ended. */
bool store_unmute(struct store *store, gint64 mute_id, gint64 now, bool *found,
		  GError **error);
/* Those that have not ended, in the order of their ids. Whoever may read
 * dora.alert_mutes may ask. */
bool store_mutes_each(struct store *store, gint64 now,
		      bool (*visit)(const struct alert_mute *mute, void *user,
				    GError **error),
		      void *user, GError **error);

/* ---- change points ---- */

struct change_point {
	gint64 at;	      /* local midnight: the first day of the new level */
	double before, after; /* of the metric's weekly value: medians of the stretches */
};
/* Makes the change points of a series what is given, touching only what differs. */
bool store_change_points_write(struct store *store, gint32 scope_id,
			       const char *environment, const char *metric,
			       const struct change_point *points, gsize n,
			       GError **error);
/* Deletes those of the scope but of these n pairs of environment and metric. */
bool store_change_points_keep(struct store *store, gint32 scope_id,
			      const char *const *environments, const char *const *metrics,
			      gsize n, GError **error);
