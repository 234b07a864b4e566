#include "sinks/store_private.h"
#include "sinks/store_states.h"

/* Which incidents concern a service. */

#define FIELDS                                                                           \
	"environment, source_id, project, external_id, started_at, restored_at,"         \
	" rollout_id, method, evidence, excluded, others"
#define KEY(row)                                                                         \
	"(" row ".environment, " row ".source_id, " row ".project, " row ".external_id)"
#define VALUES(row)                                                                      \
	"(" row ".started_at, " row ".restored_at, " row ".rollout_id, " row             \
	".method, " row ".evidence, " row ".excluded, " row ".others)"
/* ended: of one that counts; NULL: it does not. */
#define NUMBERS(row)                                                                     \
	row ".environment, " row ".source_id, " row ".project, " row                     \
	    ".external_id, " row ".started_at, CASE WHEN " row                           \
	    ".excluded IS NULL AND " row ".started_at IS NOT NULL THEN coalesce(" row    \
	    ".restored_at, 'infinity') END AS ended"

/* Named, for a call in the middle of a literal is more than clang-format can lay out. */
#define KEY_G KEY("g")
#define KEY_I KEY("i")
#define NUMBERS_I NUMBERS("i")
#define VALUES_I VALUES("i")
#define VALUES_G VALUES("g")
#define VALUES_EXCLUDED VALUES("excluded")
#define STORE_SPAN_END_VENDED_2 STORE_SPAN_END("v.ended", "$2")

/* Returns the times whose days are dirty: $2 is now. */
static const char *const write_sql =
	"WITH given AS (SELECT * FROM unnest($3, $4, $5, $6, $7, $8, $9, $10,"
	" $11, $12, $13) AS g (" FIELDS
	")), gone AS (DELETE FROM dorad.service_incident i"
	" WHERE i.service_id = $1 AND NOT EXISTS (SELECT"
	" FROM given g WHERE " KEY_G " = " KEY_I ") RETURNING " NUMBERS_I
	"), was AS (SELECT " NUMBERS_I
	" FROM dorad.service_incident i JOIN given g ON " KEY_G " = " KEY_I
	" WHERE i.service_id = $1 AND " VALUES_I " IS DISTINCT FROM " VALUES_G
	" UNION ALL SELECT * FROM gone), put AS (INSERT INTO"
	" dorad.service_incident AS i (service_id, " FIELDS ") SELECT $1, " FIELDS
	" FROM given g ON CONFLICT (service_id, environment, source_id,"
	" project, external_id) DO UPDATE SET started_at = excluded.started_at,"
	" restored_at = excluded.restored_at, rollout_id = excluded.rollout_id,"
	" method = excluded.method, evidence = excluded.evidence, excluded ="
	" excluded.excluded, others = excluded.others WHERE " VALUES_I
	" IS DISTINCT FROM " VALUES_EXCLUDED " RETURNING " NUMBERS_I
	") SELECT v.started_at, " STORE_SPAN_END_VENDED_2
	" FROM was FULL JOIN put USING (environment, source_id, project,"
	" external_id) CROSS JOIN LATERAL (VALUES (was.started_at,"
	" was.ended), (put.started_at, put.ended)) v (started_at, ended)"
	" WHERE v.ended IS NOT NULL AND (was.ended IS NULL OR"
	" put.ended IS NULL OR (was.started_at, was.ended) <> (put.started_at,"
	" put.ended))";

static const char *const elsewhere_sql = "SELECT dorad.elsewhere($1, $2)";

static const char *const elsewhere_due_sql =
	"INSERT INTO dorad.attribution_due (service_id)"
	" SELECT DISTINCT i.service_id FROM dorad.service_incident i"
	" JOIN dorad.scope o ON o.scope_id = i.service_id AND o.active"
	" WHERE i.others IS NOT NULL"
	" AND i.evidence IS DISTINCT FROM dorad.elsewhere(i.service_id, i.others)";

static void put_row(GByteArray *const *column, const struct service_incident_row *row)
{
	const struct item_key *incident = &row->incident;

	field_text(*column++, row->environment);
	field_int4(*column++, incident->source_id);
	field_text(*column++, incident->project ? incident->project : "");
	field_text(*column++, incident->id);
	field_instant(*column++, row->started);
	field_instant(*column++, row->restored);
	if (row->rollout_id == 0)
		field_null(*column++);
	else
		field_int8(*column++, row->rollout_id);
	field_text(*column++, link_method_name(row->method));
	field_text(*column++, row->evidence);
	field_text(*column++, row->excluded);
	field_text(*column, row->others);
}

bool store_service_incidents_write(struct store *store, gint32 service_id,
				   const struct service_incident_row *rows, gsize n,
				   gint64 now, GError **error)
{
	struct pg_args args = { 0 };
	struct pg_rows given;
	bool good;

	if (!store_writable(store, error))
		return false;
	pg_rows_init(&given, "tittzzltttt");
	for (gsize i = 0; i < n; i++, given.n++)
		put_row(given.columns, &rows[i]);
	arg_int4(&args, service_id);
	arg_instant(&args, now);
	arg_rows(&args, &given);
	good = store_exec_dirty(store, service_id, write_sql, &args, error);
	pg_rows_clear(&given);
	return good;
}

bool store_elsewhere(struct store *store, gint32 service_id, const char *others,
		     char **name, GError **error)
{
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;

	arg_int4(&args, service_id);
	arg_text(&args, others);
	if (!store_exec(store, elsewhere_sql, &args, &result, error))
		return false;
	*name = result_text(result, 0, 0);
	return true;
}

bool store_elsewhere_due(struct store *store, GError **error)
{
	return store_writable(store, error) &&
	       store_exec(store, elsewhere_due_sql, NULL, NULL, error);
}
