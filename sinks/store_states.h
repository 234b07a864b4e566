#pragma once

/*
 * PostgreSQL, continued (sinks/store.h): what became of rollouts, the incidents and
 * changes that decide it, what commits say of them, and why a number is what it is.
 */
#include "sinks/store.h"

/* ---- what became of rollouts: metrics/rollout_state.h ---- */

/* Where to find an item. */
struct item_key {
	gint32 source_id;
	char *project; /* "" where it has none */
	char *id;
};

struct rollout_state_row {
	gint64 rollout_id;
	const char *environment;
	gint64 finished;
	struct rollout_state state;
	char *because; /* why it is unplanned, in words; NULL: it is not */
};
struct failure_row {
	gint64 rollout_id;
	enum failure_method method;
	gint64 by_rollout_id;	  /* 0: none */
	struct item_key incident; /* source_id 0: none */
};
struct service_incident_row {
	const char *environment; /* one row for each rollout group it is about */
	struct item_key incident;
	gint64 started, restored; /* INSTANT_NONE: not plausible; open */
	gint64 rollout_id;	  /* it is linked to; 0: none (or of another group) */
	enum link_method method;
	const char *evidence; /* the words that named it; of one linked to none: what of
				 another service its cause names; NULL */
	const char *excluded; /* "withdrawn", "exempt", "negative",
				 "implausible_time"; NULL: it counts */
	/* What may be of another service: lines of one of these and a name. NULL: no
	 * matter. */
	const char *others;
};
#define OTHER_DEPLOYMENT 'd' /* its id */
#define OTHER_COMMIT 'c'     /* 7 digits of its sha or more */
#define OTHER_CHANGE 'm'     /* project#7 */
struct shipped_change_row {
	const char *environment;
	struct item_key change;
	gint64 rollout_id, finished;
	gint32 repo_id;
	struct oid landed;	/* the commit by which it was shipped */
	gint64 spans[N_STAGES]; /* µs; -1: not known */
	guint64 author;
};
/* Which change a commit of a service came from, and how that is known: "merge",
 * "squash", "head", "rebase", "cherry_pick". */
struct commit_change_row {
	gint32 repo_id;
	struct oid oid;
	struct item_key change;
	const char *method;
};

/* Each makes the rows of a service what is given, touching only those that differ, and
 * marks dirty what its numbers depend on: for states the days of finishes and recoveries,
 * for a failed rollout or an incident that began to be open or ended otherwise all days
 * from its beginning to its end (or now). */
bool store_states_write(struct store *store, gint32 service_id,
			const struct rollout_state_row *rows, gsize n,
			const struct failure_row *failures, gsize n_failures, gint64 now,
			GError **error);
bool store_service_incidents_write(struct store *store, gint32 service_id,
				   const struct service_incident_row *rows, gsize n,
				   gint64 now, GError **error);
/* The first of others (as service_incident_row) that another service has: *name, which
 * the caller frees; NULL: none. */
bool store_elsewhere(struct store *store, gint32 service_id, const char *others,
		     char **name, GError **error);
/* Marks the attribution due of services of whose incidents the store would tell otherwise
 * by now. */
bool store_elsewhere_due(struct store *store, GError **error);
bool store_shipped_changes_write(struct store *store, gint32 service_id,
				 const struct shipped_change_row *rows, gsize n,
				 GError **error);
bool store_commit_changes_write(struct store *store, gint32 service_id,
				const struct commit_change_row *rows, gsize n,
				GError **error);
/* Marks dirty the days of what was still to come at from, and is not now: incidents that
 * start or are restored, rollouts that recover. Sources and clocks differ. */
bool store_states_pass(struct store *store, gint32 service_id, gint64 from, gint64 now,
		       GError **error);
/* When the service has to be looked at again though nothing came; INSTANT_NONE: never. */
bool store_state_due(struct store *store, gint32 service_id, gint64 at, GError **error);
/* Marks the attribution due of every service whose rows are made of one of these items
 * (incidents or changes: those stored as its incidents or changes, and those whose
 * components have a commit that a change names). */
bool store_items_due(struct store *store, gint32 source_id, const GPtrArray *items,
		     GError **error);

/* The changes that landed in a repository: those not gone, of which sha, squash_sha or
 * head_sha is a commit of it and that were merged. In order of key. */
bool store_changes_each(struct store *store, gint32 repo_id,
			bool (*visit)(const struct item *item, gint32 source_id,
				      void *user, GError **error),
			void *user, GError **error);
/* The rollout (0: none) and environment by which each commit was shipped: of n oids, for
 * one group. baseline[i]: the baseline's. */
bool store_shipped_by(struct store *store, gint32 service_id, const char *environment,
		      gint32 repo_id, const struct oid *oids, gsize n,
		      gint64 *rollout_ids, bool *baseline, GError **error);

/* What the message of a commit says that matters (collector/git/notes.h). */
struct commit_note {
	struct oid oid;
	const char *kind; /* "reverts", "picked", "title", "trailer", "author" */
	const char *text; /* the sha named; the subject; "Name: value"; "" */
};
/* *patterns (caller frees): what the notes of a repository were taken for; NULL: none
 * were. store_notes_reset() empties them for others; store_notes_add() leaves alone what
 * is there, and keeps the first 2,000 bytes of a text. */
bool store_notes_patterns(struct store *store, gint32 repo_id, char **patterns,
			  GError **error);
bool store_notes_reset(struct store *store, gint32 repo_id, const char *patterns,
		       GError **error);
bool store_notes_add(struct store *store, gint32 repo_id, const struct commit_note *notes,
		     gsize n, GError **error);
bool store_notes_each(struct store *store, gint32 repo_id,
		      bool (*visit)(const struct commit_note *note, void *user,
				    GError **error),
		      void *user, GError **error);

/* ---- why a number is what it is: dora.explain() ---- */

struct explain_query {
	enum scope_kind kind;
	const char *scope;	 /* its name */
	const char *metric;	 /* metric_name() */
	const char *grain;	 /* grain_name(); 7d, 28d, 90d: a rolling window */
	const char *day;	 /* any date in it: 2026-03-02; NULL: of a window */
	const char *environment; /* NULL: every one */
};
struct explain_row {
	char *part; /* "number", "used", "left_out", "open", "evidence", "source",
		       "definition" */
	char *what, *service, *environment, *name;
	gint64 at;
	double seconds; /* NAN: none */
	char *reason, *detail, *url;
	char *figures; /* JSON object of a "number", units in its names; else NULL */
};
/* Array of struct explain_row, in the order to be read; the caller unrefs. */
GArray *store_explain(struct store *store, const struct explain_query *query,
		      GError **error);

/* Incidents of any source, also of one that left the configuration. */
struct incident_query {
	const char *source;	     /* NULL: any */
	const char *project;	     /* NULL: any */
	const char *const *services; /* one of these is affected; NULL: any */
};
bool store_incidents_each(struct store *store, const struct incident_query *query,
			  bool (*visit)(const struct item *item, gint32 source_id,
					const char *source, bool gone, void *user,
					GError **error),
			  void *user, GError **error);

/* Of the commits of a repository that a service shipped, exactly these n are left out by
 * rule, if nothing else leaves them out; the days of those for which that is new become
 * dirty. */
bool store_shipped_left_out(struct store *store, gint32 service_id, gint32 repo_id,
			    const struct oid *oids, gsize n, GError **error);
