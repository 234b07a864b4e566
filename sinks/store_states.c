#include "sinks/store_states.h"
#include "sinks/store_private.h"

#define FIELDS                                                                           \
	"rollout_id, environment, finished_at, kind, state, pending_until, unplanned,"   \
	" recovered_at, recovery_excluded, unplanned_because"
#define VALUES(row)                                                                      \
	"(" row ".environment, " row ".finished_at, " row ".kind, " row ".state, " row   \
	".pending_until, " row ".unplanned, " row ".recovered_at, " row                  \
	".recovery_excluded, " row ".unplanned_because)"
/* What numbers are made of. ended: of a failure that takes or took time; NULL: it is
 * none. */
#define NUMBERS(row)                                                                     \
	row ".rollout_id, " row ".environment, " row ".finished_at, " row ".state, " row \
	    ".unplanned, CASE WHEN " row ".state = 'failed' AND " row                    \
	    ".recovery_excluded IS NULL THEN coalesce(" row                              \
	    ".recovered_at, 'infinity') END AS ended"
#define FAILURE "rollout_id, method, by_rollout_id, source_id, project, incident"
#define SAME_FAILURE                                                                     \
	"f.service_id = $1 AND (g.rollout_id, g.method, g.by_rollout_id, g.source_id,"   \
	" g.project, g.incident) = (f.rollout_id, f.method, f.by_rollout_id,"            \
	" f.source_id, f.project, f.incident)"

/* Named, for a call in the middle of a literal is more than clang-format can lay out. */
#define NUMBERS_R NUMBERS("r")
#define VALUES_R VALUES("r")
#define VALUES_G VALUES("g")
#define VALUES_EXCLUDED VALUES("excluded")
#define STORE_SPAN_END_VENDED_2 STORE_SPAN_END("v.ended", "$2")

enum statement { WRITE, WRITE_FAILURES, UNLINK, PASS };

static const char *const sql[] = {
	/* Returns the times whose days are dirty: $2 is now. */
	[WRITE] = "WITH given AS (SELECT * FROM unnest($3, $4, $5, $6, $7, $8, $9, $10,"
		  " $11, $12) AS g (" FIELDS
		  ")), gone AS (DELETE FROM dorad.rollout_state r WHERE r.service_id = $1"
		  " AND NOT EXISTS (SELECT FROM given g WHERE g.rollout_id ="
		  " r.rollout_id) RETURNING " NUMBERS_R "), was AS (SELECT " NUMBERS_R
		  " FROM dorad.rollout_state r JOIN given g ON g.rollout_id ="
		  " r.rollout_id WHERE " VALUES_R " IS DISTINCT FROM " VALUES_G
		  " UNION ALL SELECT * FROM gone), put AS (INSERT INTO"
		  " dorad.rollout_state AS r (service_id, " FIELDS ") SELECT $1, " FIELDS
		  " FROM given g ON CONFLICT (rollout_id) DO UPDATE"
		  " SET environment = excluded.environment, finished_at ="
		  " excluded.finished_at, kind = excluded.kind, state = excluded.state,"
		  " pending_until = excluded.pending_until, unplanned ="
		  " excluded.unplanned, recovered_at = excluded.recovered_at,"
		  " recovery_excluded = excluded.recovery_excluded,"
		  " unplanned_because = excluded.unplanned_because"
		  " WHERE " VALUES_R " IS DISTINCT FROM " VALUES_EXCLUDED
		  " RETURNING " NUMBERS_R
		  ") SELECT v.finished_at, CASE WHEN v.ended IS NULL OR (was.environment,"
		  " was.finished_at, was.ended) IS NOT DISTINCT FROM (put.environment,"
		  " put.finished_at, put.ended) THEN v.finished_at"
		  " ELSE " STORE_SPAN_END_VENDED_2
		  " END FROM was FULL JOIN put USING (rollout_id) CROSS"
		  " JOIN LATERAL (VALUES (was.finished_at, was.ended), (put.finished_at,"
		  " put.ended)) v (finished_at, ended) WHERE v.finished_at IS NOT NULL"
		  " AND (was.environment, was.finished_at, was.state,"
		  " was.unplanned, was.ended) IS DISTINCT FROM (put.environment,"
		  " put.finished_at, put.state, put.unplanned, put.ended)",
	[WRITE_FAILURES] =
		"WITH given AS (SELECT DISTINCT * FROM unnest($2, $3, $4, $5, $6, $7)"
		" AS g (" FAILURE ")),"
		" gone AS (DELETE FROM dorad.failure f WHERE f.service_id = $1"
		" AND NOT EXISTS (SELECT FROM given g WHERE " SAME_FAILURE "))"
		" INSERT INTO dorad.failure (service_id, " FAILURE ")"
		" SELECT $1, g.* FROM given g WHERE NOT EXISTS"
		" (SELECT FROM dorad.failure f WHERE " SAME_FAILURE ")",
	/* Incidents of rollouts that are no more: until they are linked anew, to none. */
	[UNLINK] = "UPDATE dorad.service_incident i"
		   " SET rollout_id = NULL, method = NULL, evidence = NULL"
		   " WHERE i.service_id = $1 AND i.rollout_id IS NOT NULL"
		   " AND NOT EXISTS (SELECT FROM dorad.rollout_state r"
		   " WHERE r.rollout_id = i.rollout_id)",
	[PASS] = "SELECT v.at, v.at FROM dorad.service_incident i CROSS JOIN LATERAL"
		 " (VALUES (i.started_at), (i.restored_at)) v (at)"
		 " WHERE i.service_id = $1 AND i.excluded IS NULL"
		 " AND v.at >= $2 AND v.at <= $3 UNION ALL"
		 " SELECT r.finished_at, r.recovered_at FROM dorad.rollout_state r"
		 " WHERE r.service_id = $1 AND r.recovered_at >= $2"
		 " AND r.recovered_at <= $3",
};

static void put_state(GByteArray *const *column, const struct rollout_state_row *row)
{
	const struct rollout_state *state = &row->state;
	const bool failed = state->state == CHANGE_FAILED;

	field_int8(*column++, row->rollout_id);
	field_text(*column++, row->environment);
	field_instant(*column++, row->finished);
	field_text(*column++, rollout_nature_name(state->nature));
	field_text(*column++, change_state_name(state->state));
	field_instant(*column++, state->pending_until);
	field_bool(*column++, state->unplanned);
	field_instant(*column++, failed ? state->recovered : INSTANT_NONE);
	field_text(*column++, failed ? exclusion_name(state->recovery_excluded) : NULL);
	field_text(*column, row->because);
}

static void put_failure(GByteArray *const *column, const struct failure_row *row)
{
	const struct item_key *incident = &row->incident;
	const bool named = incident->source_id != 0;

	field_int8(*column++, row->rollout_id);
	field_text(*column++, failure_method_name(row->method));
	field_int8(*column++, row->by_rollout_id);
	field_int4(*column++, incident->source_id);
	field_text(*column++, named && incident->project ? incident->project : "");
	field_text(*column, named ? incident->id : "");
}

static bool write_failures(struct store *store, gint32 service_id,
			   const struct failure_row *failures, gsize n, GError **error)
{
	struct pg_args args = { 0 }, unlink = { 0 };
	struct pg_rows rows;
	bool good;

	pg_rows_init(&rows, "ltlitt");
	for (gsize i = 0; i < n; i++, rows.n++)
		put_failure(rows.columns, &failures[i]);
	arg_int4(&args, service_id);
	arg_rows(&args, &rows);
	arg_int4(&unlink, service_id);
	good = store_exec(store, sql[WRITE_FAILURES], &args, NULL, error) &&
	       store_exec(store, sql[UNLINK], &unlink, NULL, error);
	pg_rows_clear(&rows);
	return good;
}

bool store_states_write(struct store *store, gint32 service_id,
			const struct rollout_state_row *rows, gsize n,
			const struct failure_row *failures, gsize n_failures, gint64 now,
			GError **error)
{
	struct pg_args args = { 0 };
	struct pg_rows given;
	bool good;

	if (!store_writable(store, error))
		return false;
	pg_rows_init(&given, "ltzttzoztt");
	for (gsize i = 0; i < n; i++, given.n++)
		put_state(given.columns, &rows[i]);
	arg_int4(&args, service_id);
	arg_instant(&args, now);
	arg_rows(&args, &given);
	good = store_exec_dirty(store, service_id, sql[WRITE], &args, error);
	pg_rows_clear(&given);
	return good && write_failures(store, service_id, failures, n_failures, error);
}

bool store_states_pass(struct store *store, gint32 service_id, gint64 from, gint64 now,
		       GError **error)
{
	struct pg_args args = { 0 };

	arg_int4(&args, service_id);
	arg_instant(&args, from);
	arg_instant(&args, now);
	return store_exec_dirty(store, service_id, sql[PASS], &args, error);
}
