#pragma once

/*
 * PostgreSQL: where facts and numbers rest. A store is one connection, owned by one
 * worker at a time; it reconnects by itself when it is next used. Every write happens
 * between store_begin() and store_commit(), may be repeated, and leaves nothing behind if
 * it is cut off anywhere. Nothing depends on the session, so it runs through pgbouncer in
 * transaction mode. Schema "dorad" holds the tables, schema "dora" the views people read
 * (sinks/migrations/).
 *
 * Errors: DORA_ERROR_RETRY for a lost or refused connection, a restart, a deadlock, a
 * full disk; _DENIED for a refused credential or missing right; _CONFIG for a database
 * that is too old, too new or not prepared; _DATA for anything PostgreSQL will not store.
 * After an error the transaction is gone; call store_rollback() (or store_begin(), which
 * does it) and start over. Functions that only read may be called outside a transaction.
 *
 * Text must be UTF-8 where it is part of a key (refs, external ids): anything else is
 * _DATA. Functions that call back (…_each) do not allow the store to be used meanwhile.
 */
#include "base/cleanup.h"
#include "config/config.h"
#include "metrics/attribution.h"
#include "metrics/series.h"

struct store;

/* Does not connect yet. config is referenced. */
struct store *store_new(struct config *config);
void store_free(struct store *store);
DEFINE_CLEANUP(struct store *, store_free);

/* Brings the schema up to date (numbered migrations, each in its own transaction under an
 * advisory lock), grants the reader role. _CONFIG if the server is older than 15 or the
 * schema is newer than this program. Repeats nothing, writes nothing if there is nothing
 * to do. */
bool store_migrate(struct store *store, GError **error);
/* What an operator should know after store_migrate() though it succeeded (the reader role
 * could not be made); NULL: nothing. Belongs to the store. */
const char *store_notice(const struct store *store);

bool store_begin(struct store *store, GError **error);
bool store_commit(struct store *store, GError **error);
void store_rollback(struct store *store);

/* ---- names: what the configuration has, as rows ---- */

enum scope_kind { SCOPE_ORG, SCOPE_TEAM, SCOPE_SERVICE };
const char *scope_kind_name(enum scope_kind kind); /* "org", … */

/* Makes the rows of orgs, teams, services, repositories and sources what the
 * configuration says, in a transaction of its own. What left the configuration keeps its
 * rows and history, marked inactive. A service whose team or zone changed has all its
 * series marked dirty. */
bool store_sync_config(struct store *store, const struct config *config, GError **error);

/* ---- sources: one row each, of every kind; their names are unique ---- */

struct source_row {
	gint32 source_id, repo_id; /* repo_id 0: it is not git */
	char *cursor; /* digest of the last listing whose facts are stored; NULL: none */
	gint64 polled_at, ok_at; /* INSTANT_NONE: never */
};
void source_row_clear(struct source_row *row);

/* Reads the row outside a transaction; inside one, locks it until its end. What row held
 * before is not freed. _CONFIG if there is no such active source. */
bool store_source(struct store *store, const char *name, struct source_row *row,
		  GError **error);
/* The repository of a source, never locking anything; 0 if there is no such active
 * source, or it is not git. */
bool store_repo_id(struct store *store, const char *name, gint32 *repo_id,
		   GError **error);
/* A good poll: facts up to cursor are stored and true as of at. Writes only what changed
 * beside polled_at and ok_at. shallow: the history is cut. */
bool store_source_ok(struct store *store, gint32 source_id, const char *cursor, gint64 at,
		     bool shallow, GError **error);
/* The cursor alone, of a poll that was good in part. */
bool store_source_cursor(struct store *store, gint32 source_id, const char *cursor,
			 GError **error);
/* A failed poll, in its own transaction; what failed is shown to operators. One that was
 * cancelled is none. */
bool store_source_failed(struct store *store, gint32 source_id, gint64 at,
			 const GError *failure, GError **error);

/* ---- git facts ---- */

struct ref_row {
	char *name;
	struct oid object, commit;
	gint64 first_seen;
};
void ref_rows_free(GArray *rows);
/* Refs as of the cursor (array of struct ref_row, sorted by name). */
GArray *store_refs(struct store *store, gint32 repo_id, GError **error);
/* Upserts by name (at most one row each); a row with object.len 0 is deleted. first_seen
 * is written only where object or commit differ. */
bool store_refs_write(struct store *store, gint32 repo_id, const struct ref_row *rows,
		      gsize n, GError **error);
/* "tag moved", "tag deleted", "branch rewritten", …: what an operator or analyst may ask
 * about. */
bool store_repo_event(struct store *store, gint32 repo_id, gint64 at, const char *kind,
		      const char *ref, const struct oid *was, const struct oid *is,
		      GError **error);

/* Commits: begin, add any number (streamed by COPY if these are the repository's first),
 * end; nothing else may be asked of the store in between. Rows that exist are left alone,
 * but no commit may be added twice. *n_new (may be NULL) counts rows written. The
 * repository is locked until the end of the transaction. */
struct commit_row {
	struct oid oid;
	const struct oid *parents;
	guint n_parents;
	struct commit_times times;
};
bool store_commits_begin(struct store *store, gint32 repo_id, GError **error);
bool store_commits_add(struct store *store, const struct commit_row *row, GError **error);
bool store_commits_end(struct store *store, gsize *n_new, GError **error);

/* Times of commits: fills times[i] for oids[i]; found[i] (may be NULL) tells which exist.
 */
bool store_commit_times(struct store *store, gint32 repo_id, const struct oid *oids,
			gsize n, struct commit_times *times, bool *found, GError **error);
/* Every commit of a repository, in no order. */
bool store_commits_each(struct store *store, gint32 repo_id,
			bool (*visit)(const struct commit_row *row, void *user,
				      GError **error),
			void *user, GError **error);

/* Which commits touch a component (only components with globs). *globs is the text the
 * rows were made for (the caller frees); NULL if none were yet, or the component has been
 * out of the configuration since. store_touched_reset() empties them for other globs
 * (NULL: none); store_touched_add() leaves alone what is there. */
bool store_component(struct store *store, const char *service, gint32 repo_id,
		     gint32 *component_id, char **globs, GError **error);
bool store_touched_reset(struct store *store, gint32 component_id, const char *globs,
			 GError **error);
bool store_touched_add(struct store *store, gint32 component_id, const struct oid *oids,
		       gsize n, GError **error);
/* Of n oids, those the component is touched by: sets every hit[i]. */
bool store_touched(struct store *store, gint32 component_id, const struct oid *oids,
		   gsize n, bool *hit, GError **error);
bool store_touched_each(struct store *store, gint32 component_id,
			bool (*visit)(const struct oid *oid, void *user, GError **error),
			void *user, GError **error);

/* ---- deployments ---- */

/* A deployment as a source tells it. Natural key: (service, source, external_id,
 * attempt). */
struct deployment_row {
	gint64 deployment_id; /* filled when read */
	char *external_id;    /* "tag:v1.0" */
	gint32 attempt;	      /* 1 … */
	char *environment;
	gint64 started, finished; /* INSTANT_NONE: NULL */
	enum outcome outcome;
	enum exclusion withheld;
	gint64 first_seen;
	char *ref; /* branch or tag it ran on, where the source tells; NULL */
	struct {
		gint32 repo_id;
		struct oid oid;
	} * revisions;
	guint n_revisions;
};
void deployment_row_clear(struct deployment_row *row);

/* Upserts by natural key, which may be given once a call; a row is touched only if
 * something (but first_seen) differs, its revisions included. Marks the service's
 * attribution as due where anything did; *n_changed (may be NULL) counts. */
bool store_deployments_write(struct store *store, gint32 service_id, gint32 source_id,
			     const struct deployment_row *rows, gsize n, gsize *n_changed,
			     GError **error);
/* All deployments of a service, or those of one of its sources (source_id > 0), in no
 * order: an array of struct deployment_row. */
GArray *store_deployments(struct store *store, gint32 service_id, gint32 source_id,
			  GError **error);
void deployment_rows_free(GArray *rows);

/* ---- scopes and what is due ---- */

struct scope_row {
	gint32 scope_id;
	enum scope_kind kind;
	char *name;
	gint32 parent_id; /* team of a service, org of a team; 0 */
	char *time_zone;
	char *definition; /* fingerprint of what its stored rows were made with; NULL:
			     none yet */
	gint32 definition_id;
	gint64 published_until;	 /* buckets and windows are published up to this instant;
				    INSTANT_NONE */
	bool attribution_due;	 /* services: deployments, commits, incidents or changes
				    changed since the last attribution */
	gint64 state_due;	 /* services: when the next pending rollout is ok, if
				    nothing happens; INSTANT_NONE: none is */
	gint64 alerts_due;	 /* when the alerts have to be looked at again;
				    INSTANT_NONE: never */
	char *alerts_definition; /* what was to be watched then, a fingerprint; NULL */
	bool series_due;	 /* there are dirty days */
};
void scope_rows_free(GArray *rows);
/* All active scopes (array of struct scope_row). */
GArray *store_scopes(struct store *store, GError **error);
/* One, locked for the rest of the transaction (against other lockers only: facts of it
 * may be written meanwhile). The caller frees with scope_row_free. */
struct scope_row *store_scope_lock(struct store *store, enum scope_kind kind,
				   const char *name, GError **error);
void scope_row_free(struct scope_row *row);
DEFINE_CLEANUP(struct scope_row *, scope_row_free);
/* Marks the attribution of a service due (new commits came for a missing revision, …), or
 * takes back the marks that were there when store_scope_lock() locked it in this
 * transaction: what others have marked since stays. */
bool store_attribution_due(struct store *store, gint32 service_id, bool due,
			   GError **error);
/* Marks the attribution of a service due if a rollout of it waits for a revision. */
bool store_missing_due(struct store *store, gint32 service_id, GError **error);
/* Has the attribution of a service done anew from the first rollout on: the history that
 * it was made with has become another. */
bool store_attribution_anew(struct store *store, gint32 service_id, GError **error);
/* The definition row with this fingerprint and content (JSON text), made if new; becomes
 * the scope's. */
bool store_definition(struct store *store, gint32 scope_id, const char *fingerprint,
		      const char *content, gint32 *definition_id, GError **error);

/* ---- rollouts and shipped commits ---- */

struct rollout_row {
	gint64 deployment_id; /* the deployment that finished it */
	char *environment;    /* the group's name */
	gint64 finished;
	enum rollout_kind kind;
	char *revisions; /* a digest of what its commits were found by; NULL: not known */
};
struct fate_row {
	gint64 deployment_id, rollout_id; /* 0: none */
	enum exclusion excluded;
};
struct shipped_row {
	gint64 rollout_id;
	const char *environment;
	gint32 repo_id;
	struct oid oid;
	gint64 finished;
	struct commit_times times;
	gint64 lead; /* µs; meaningless where excluded but for EXCLUSION_RULE */
	enum exclusion excluded;
};

GArray *store_rollouts(struct store *store, gint32 service_id,
		       GError **error); /* of rollout_row */
void rollout_rows_free(GArray *rows);

/* Makes rollouts and fates of a service what is given. Days whose rollouts changed become
 * dirty for the service, its team and its org; so do the day of the rollout after each
 * (its time since the one before is another) and, where the first rollout is another, all
 * days between the old first and the new. */
bool store_rollouts_write(struct store *store, gint32 service_id,
			  const struct rollout_row *rollouts, gsize n,
			  const struct fate_row *fates, gsize n_fates, GError **error);

/* Shipped commits: begin, add, end. replace: afterwards the service has exactly these
 * rows (days of all that differ become dirty); else they are added to what is there
 * (their days become dirty). Rows that are equal already are not touched, and their days
 * are not dirty. No (environment, repo_id, oid) may be added twice; nothing else may be
 * asked of the store in between. lead is stored only where excluded is EXCLUSION_NONE or
 * _RULE. */
bool store_shipped_begin(struct store *store, gint32 service_id, bool replace,
			 GError **error);
bool store_shipped_add(struct store *store, const struct shipped_row *row,
		       GError **error);
bool store_shipped_end(struct store *store, gsize *n_changed, GError **error);

/* ---- series ---- */

/* Marks the days of [from, to) dirty for a scope and its parents. */
bool store_dirty_add(struct store *store, gint32 service_id, gint64 from, gint64 to,
		     GError **error);
/* Takes (deletes and returns) the dirty days of a scope: an ascending array of gint32,
 * days since 1970 in UTC; a local bucket is dirty if it overlaps one. */
GArray *store_dirty_take(struct store *store, gint32 scope_id, GError **error);
/* What a scope's numbers are made of, for finishes in [from, to), sorted as series.h
 * says; one environment. Spans: those that ended in [from, to) or later or are open, and
 * began before to. A team or org has the samples of its services from when they were its
 * own, and of those that have left the configuration until they did: by the finish of the
 * rollout, or the beginning of the incident. */
struct sample_arrays {
	GArray *rollouts;   /* of struct rollout_sample */
	GArray *leads;	    /* of struct lead_sample */
	GArray *stages;	    /* of struct stage_sample */
	GArray *recoveries; /* of struct span_sample */
	GArray *restores;   /* of struct span_sample */
};
void sample_arrays_init(struct sample_arrays *arrays);
void sample_arrays_clear(struct sample_arrays *arrays);
bool store_samples(struct store *store, gint32 scope_id, const char *environment,
		   gint64 from, gint64 to, struct sample_arrays *samples, GError **error);
/* Environments (group names) that a scope has rollouts or incidents in, and the finish of
 * the first rollout in each; INSTANT_NONE where there is none. published_from,
 * restores_from: start of the first day published of what rollouts make, and of
 * time_to_restore. */
struct scope_environment {
	char *name;
	gint64 born;
	gint64 incidents_born; /* when its first incident began; INSTANT_NONE: none */
	gint64 published_from, restores_from; /* INSTANT_NONE: nothing yet */
};
GArray *store_scope_environments(struct store *store, gint32 scope_id, GError **error);
void scope_environments_free(GArray *rows);
/* Publishes: upserts rows (touching only those that differ in a number or definition),
 * deletes buckets of any grain that overlap [from, to) and are not among rows: the
 * instants of the days that series_buckets() was given, or INSTANT_NONE and G_MAXINT64
 * for all. Window rows replace those of the scope and environment, if there are any,
 * from equals to, or all is given. *n_changed may be NULL. */
bool store_series_write(struct store *store, gint32 scope_id, const char *environment,
			gint32 definition_id, gint64 now, gint64 from, gint64 to,
			const struct series_row *rows, gsize n, gsize *n_changed,
			GError **error);
bool store_published_until(struct store *store, gint32 scope_id, gint64 until,
			   GError **error);

/* ---- what APIs tell (drivers/item.h) ---- */

/* How far a feed of a project has been read. A project that is NULL is stored, and read
 * back, as "": so it is with items. */
struct feed_row {
	char *project, *feed;
	gint64 cursor;	   /* everything up to here is stored; INSTANT_NONE: nothing */
	gint64 history;	   /* everything from here to cursor is; INSTANT_NONE */
	gint64 swept;	   /* when recent items were last read anew */
	gint64 swept_deep; /* and those of 40 days */
	char *mark;	   /* the engine's own, such as the highest number seen; NULL */
	char *etag, *etag_url; /* of the first page; NULL */
	char *trouble;	       /* why it is not complete, for operators; NULL: it is */
};
void feed_row_clear(struct feed_row *row);
/* What copy held before is not freed. */
void feed_row_copy(struct feed_row *copy, const struct feed_row *row);
/* The feeds of a source (array of struct feed_row). */
GArray *store_feeds(struct store *store, gint32 source_id, GError **error);
void feed_rows_free(GArray *rows);
/* Upserts by (source, project, feed); touched only where something differs. */
bool store_feed_write(struct store *store, gint32 source_id, const struct feed_row *row,
		      GError **error);

/* Upserts items (struct item *; each key once), touching only rows where something
 * differs; those that differ are added to changed in the order of items (borrowed; NULL:
 * not wanted). An item that was gone is there again. now becomes first_seen of new ones.
 * attempt 0 is 1; an empty list is none. */
bool store_items_write(struct store *store, gint32 source_id, gint64 now,
		       const GPtrArray *items, GPtrArray *changed, GError **error);
/* Marks items, all attempts of them, as no longer there at the source; they keep their
 * rows. *n_changed (may be NULL) counts rows that were not marked yet. */
bool store_items_gone(struct store *store, gint32 source_id, const char *project,
		      enum item_kind kind, const char *const *ids, gint64 now,
		      gsize *n_changed, GError **error);

struct item_query {
	gint32 source_id;
	const char *project;		 /* NULL: any */
	int kind;			 /* enum item_kind; -1: any */
	bool unfinished;		 /* only those that are neither done nor gone */
	gint64 created_from, created_to; /* INSTANT_NONE: no bound; to is exclusive.
					    With one, items without created are left
					    out */
	const char *const *ids;		 /* NULL: any */
	const char *parent;		 /* NULL: any */
	bool gone;			 /* with those that are gone */
};
/* Visits them oldest first (by created, those without one last, then by id and attempt).
 */
bool store_items_each(struct store *store, const struct item_query *query,
		      bool (*visit)(const struct item *item, gint64 first_seen, bool gone,
				    void *user, GError **error),
		      void *user, GError **error);

/* The commits of a repository whose ids begin with these hexadecimal digits (at least 7;
 * none for anything else), counted up to two: enough to see that it is not one. 0 with
 * an error if the database failed. */
guint store_commit_prefix(struct store *store, gint32 repo_id, const char *hex,
			  struct oid found[2], GError **error);
/* The commit of a tag, else branch, by its short or full name; oid.len 0: unknown. */
bool store_ref_commit(struct store *store, gint32 repo_id, const char *name,
		      struct oid *oid, GError **error);

/* Whether a signed request (its digest) was stored in the last 15 minutes; from now on it
 * was. */
bool store_push_seen(struct store *store, const guint8 digest[32], gint64 now, bool *seen,
		     GError **error);
