#include "sinks/store_alerts.h"
#include "sinks/store_private.h"

#define NEWEST G_STRINGIFY(ALERT_SPANS_MAX)

/* What began in the range, and the newest of before; once, of however many services of
 * the scope it is. Of each service the newest are found by an index, so those of all are
 * among them. */
#define SPANS(began, ended, table, key, condition)                                       \
	"SELECT y.began, y.ended, y.service_id FROM (SELECT z.*, row_number() OVER"      \
	" (PARTITION BY z.began < $3 ORDER BY z.began DESC, z.ended DESC, z.service_id)" \
	" AS place FROM (SELECT DISTINCT ON (x.began, x.ended, " key                     \
	") x.*" STORE_OF_EACH_LAST "(SELECT s." began " AS began, s." ended              \
	" AS ended, s.service_id, " key " FROM dorad." table " s"                        \
	" WHERE s.service_id = o.service_id AND s.environment = $2 AND " condition       \
	" AND s." began " >= $3 AND s." began " < $4)"                                   \
	" UNION ALL (SELECT s." began ", s." ended ", s.service_id, " key                \
	" FROM dorad." table " s"                                                        \
	" WHERE s.service_id = o.service_id AND s.environment = $2 AND " condition       \
	" AND s." began " < least($3, $4) ORDER BY s." began " DESC, s." ended           \
	" DESC, " key " LIMIT " NEWEST ") OFFSET 0) x"                                   \
	" ORDER BY x.began, x.ended, " key ", x.service_id) z) y"                        \
	" WHERE y.began >= $3 OR y.place <= " NEWEST                                     \
	" ORDER BY y.began, y.ended, y.service_id"

/* Named, for a call in the middle of a literal is more than clang-format can lay out. */
#define OWNED_R STORE_OWNED("r")
#define OWNED_S STORE_OWNED("s")

/* Known to have failed: when the first incident began, or what repaired it was done. An
 * incident may tell no beginning, and may have begun before the rollout was finished. */
#define DEPLOYMENTS_OF(each)                                                             \
	"SELECT x.finished_at, x.failed_at, x.unplanned, "                               \
	"x.service_id, x.pending_until" each                                             \
	"SELECT r.service_id, r.deployment_id, r.finished_at, s.unplanned,"              \
	" s.pending_until,"                                                              \
	" CASE WHEN s.state = 'failed' THEN greatest(r.finished_at, (SELECT min("        \
	"CASE f.method WHEN 'incident' THEN coalesce(i.started_at, (SELECT"              \
	" min(coalesce(t.started_at, t.detected_at, t.created_at,"                       \
	" t.first_seen_at)) FROM dorad.item t WHERE t.source_id = f.source_id"           \
	" AND t.project = f.project AND t.kind = 'incident'"                             \
	" AND t.external_id = f.incident)) ELSE p.finished_at END)"                      \
	" FROM dorad.failure f LEFT JOIN dorad.rollout p"                                \
	" ON p.deployment_id = f.by_rollout_id"                                          \
	" LEFT JOIN dorad.service_incident i ON i.service_id = f.service_id"             \
	" AND i.environment = $2 AND i.source_id = f.source_id"                          \
	" AND i.project = f.project AND i.external_id = f.incident"                      \
	" WHERE f.service_id = r.service_id"                                             \
	" AND f.rollout_id = r.deployment_id)) END AS failed_at"                         \
	" FROM dorad.rollout r"                                                          \
	" LEFT JOIN dorad.rollout_state s ON s.rollout_id = r.deployment_id"             \
	" WHERE " OWNED_R " OFFSET 0) x ORDER BY x.finished_at, x.deployment_id"

enum statement {
	SERVICES,
	BOUNDS,
	DEPLOYMENTS,
	OWN_DEPLOYMENTS,
	LEADS,
	RECOVERIES,
	RESTORES,
	MAKERS
};

/* Looked up, whatever else would seem to be less: tables are large. */
#define ANY(table, condition)                                                            \
	"(SELECT true FROM dorad." table " r WHERE r.service_id = s.scope_id"            \
	" AND r.environment = g.environment AND " condition " LIMIT 1) IS NOT NULL"
#define DEPLOYS ANY("rollout", "r.finished_at >= $3")
#define SHIPS ANY("shipped", "r.finished_at >= $3")
#define HAS_FAILED ANY("rollout_state", "r.state = 'failed'")

/* $1 scope, $2 environment, $3 and $4 the range */
static const char *const sql[] = {
	[SERVICES] = "SELECT DISTINCT s.scope_id, s.name FROM dorad.owner o"
		     " JOIN dorad.scope s ON s.scope_id = o.service_id"
		     " WHERE o.scope_id = $1 AND o.valid_from < $4"
		     " AND o.valid_to >= $4 ORDER BY s.name",
	[BOUNDS] = "SELECT min(x.finished_at), (SELECT kept_from FROM dorad.retention"
		   " WHERE kind = 'incidents'), (SELECT kept_from FROM dorad.retention"
		   " WHERE kind = 'changes')" STORE_OF_EACH_LAST
		   "SELECT r.finished_at FROM dorad.rollout r"
		   " WHERE r.service_id = o.service_id AND r.environment = $2"
		   " ORDER BY r.finished_at LIMIT 1) x",
	[DEPLOYMENTS] = DEPLOYMENTS_OF(STORE_OF_EACH_LAST),
	[OWN_DEPLOYMENTS] = DEPLOYMENTS_OF(STORE_OF_EACH_OWNED),
	[LEADS] = "SELECT x.finished_at, x.lead_us, x.service_id,"
		  " x.author" STORE_OF_EACH_LAST
		  "SELECT s.finished_at, s.lead_us, s.service_id, s.author"
		  " FROM dorad.shipped s"
		  " WHERE " OWNED_S " AND s.excluded IS NULL OFFSET 0) x"
		  " ORDER BY x.finished_at, x.service_id, x.lead_us",
	[RECOVERIES] = SPANS("finished_at", "recovered_at", "rollout_state", "rollout_id",
			     "s.state = 'failed' AND s.recovery_excluded IS NULL"),
	[RESTORES] = SPANS("started_at", "restored_at", "service_incident",
			   "source_id, project, external_id",
			   "s.excluded IS NULL AND s.started_at IS NOT NULL"),
	/* $1 scope, $2 environments, $3 since, $4 at */
	[MAKERS] = "SELECT g.environment, s.name, " DEPLOYS ", " SHIPS ", " HAS_FAILED
		   " FROM dorad.scope s CROSS JOIN unnest($2) AS g (environment)"
		   " WHERE s.scope_id IN (SELECT o.service_id FROM dorad.owner o"
		   " WHERE o.scope_id = $1 AND o.valid_from < $4 AND o.valid_to >= $4)"
		   " ORDER BY g.environment, s.name",
};

/* Where rows go, and the index of each service. */
struct reader {
	GArray *into;
	GHashTable *index; /* service_id to index */
};

static guint index_of(const struct reader *reader, const PGresult *result, int row,
		      int column)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(
		reader->index, GINT_TO_POINTER(result_int4(result, row, column))));
}

static bool add_deployments(const PGresult *result, void *user, GError **error)
{
	struct reader *reader = user;

	(void)error;
	for (int i = 0; i < PQntuples(result); i++) {
		struct alert_deployment sample = {
			.finished = result_instant(result, i, 0),
			.failed = result_instant(result, i, 1),
			.pending_until = result_instant(result, i, 4),
			.unplanned = result_bool(result, i, 2),
			.service = index_of(reader, result, i, 3),
		};

		g_array_append_val(reader->into, sample);
	}
	return true;
}

static bool add_leads(const PGresult *result, void *user, GError **error)
{
	struct reader *reader = user;

	(void)error;
	for (int i = 0; i < PQntuples(result); i++) {
		struct alert_lead sample = {
			.finished = result_instant(result, i, 0),
			.lead = result_int8(result, i, 1),
			.author = (guint64)result_int8(result, i, 3),
			.service = index_of(reader, result, i, 2),
		};

		g_array_append_val(reader->into, sample);
	}
	return true;
}

static bool add_spans(const PGresult *result, void *user, GError **error)
{
	struct reader *reader = user;

	(void)error;
	for (int i = 0; i < PQntuples(result); i++) {
		struct alert_span sample = {
			.began = result_instant(result, i, 0),
			.ended = result_instant(result, i, 1),
			.service = index_of(reader, result, i, 2),
		};

		g_array_append_val(reader->into, sample);
	}
	return true;
}

void alert_samples_init(struct alert_samples *samples)
{
	*samples = (struct alert_samples){
		.deployments = g_array_new(FALSE, FALSE, sizeof(struct alert_deployment)),
		.leads = g_array_new(FALSE, FALSE, sizeof(struct alert_lead)),
		.stages = g_array_new(FALSE, FALSE, sizeof(struct stage_sample)),
		.recoveries = g_array_new(FALSE, FALSE, sizeof(struct alert_span)),
		.restores = g_array_new(FALSE, FALSE, sizeof(struct alert_span)),
		.services = g_ptr_array_new_with_free_func(g_free),
		.born = INSTANT_NONE,
		.incidents_from = INSTANT_NONE,
		.changes_from = INSTANT_NONE,
	};
}

void alert_samples_clear(struct alert_samples *samples)
{
	g_clear_pointer(&samples->deployments, g_array_unref);
	g_clear_pointer(&samples->leads, g_array_unref);
	g_clear_pointer(&samples->stages, g_array_unref);
	g_clear_pointer(&samples->recoveries, g_array_unref);
	g_clear_pointer(&samples->restores, g_array_unref);
	g_clear_pointer(&samples->services, g_ptr_array_unref);
}

static bool read_services(struct store *store, const struct pg_args *args,
			  GPtrArray *names, GHashTable *index, GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;

	if (!store_exec(store, sql[SERVICES], args, &result, error))
		return false;
	for (int i = 0; i < PQntuples(result); i++) {
		g_hash_table_insert(index, GINT_TO_POINTER(result_int4(result, i, 0)),
				    GUINT_TO_POINTER(names->len));
		g_ptr_array_add(names, result_text(result, i, 1));
	}
	return true;
}

static bool read_bounds(struct store *store, const struct pg_args *args,
			struct alert_samples *samples, GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;

	if (!store_exec(store, sql[BOUNDS], args, &result, error))
		return false;
	samples->born = result_instant(result, 0, 0);
	samples->incidents_from = result_instant(result, 0, 1);
	samples->changes_from = result_instant(result, 0, 2);
	return true;
}

bool store_alert_samples(struct store *store, gint32 scope_id, const char *environment,
			 gint64 from, gint64 to, struct alert_samples *samples,
			 GError **error)
{
	g_autoptr(GHashTable) index = g_hash_table_new(NULL, NULL);
	const struct {
		enum statement statement;
		bool (*add)(const PGresult *result, void *user, GError **error);
		GArray *into;
	} kinds[] = {
		{ DEPLOYMENTS, add_deployments, samples->deployments },
		{ LEADS, add_leads, samples->leads },
		{ RECOVERIES, add_spans, samples->recoveries },
		{ RESTORES, add_spans, samples->restores },
	};
	struct pg_args args = { 0 };

	arg_int4(&args, scope_id);
	arg_text(&args, environment);
	arg_bound(&args, from);
	arg_bound(&args, to);
	if (!read_services(store, &args, samples->services, index, error) ||
	    !read_bounds(store, &args, samples, error) ||
	    !store_samples_stages(store, &args, samples->stages, error))
		return false;
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		struct reader reader = { kinds[i].into, index };

		if (!store_each(store, sql[kinds[i].statement], &args, kinds[i].add,
				&reader, error))
			return false;
	}
	return true;
}

bool store_own_deployments(struct store *store, gint32 scope_id, const char *environment,
			   gint64 from, gint64 to, GArray *deployments, GError **error)
{
	g_autoptr(GHashTable) nobody = g_hash_table_new(NULL, NULL);
	struct reader reader = { deployments, nobody };
	struct pg_args args = { 0 };

	arg_int4(&args, scope_id);
	arg_text(&args, environment);
	arg_bound(&args, from);
	arg_bound(&args, to);
	return store_each(store, sql[OWN_DEPLOYMENTS], &args, add_deployments, &reader,
			  error);
}

static void maker_clear(void *data)
{
	struct alert_maker *maker = data;

	g_free(maker->environment);
	g_free(maker->service);
}

static bool add_makers(const PGresult *result, void *user, GError **error)
{
	GArray *makers = user;

	(void)error;
	for (int i = 0; i < PQntuples(result); i++) {
		struct alert_maker maker = {
			.environment = result_text(result, i, 0),
			.service = result_text(result, i, 1),
			.deploys = result_bool(result, i, 2),
			.ships = result_bool(result, i, 3),
			.has_failed = result_bool(result, i, 4),
		};

		g_array_append_val(makers, maker);
	}
	return true;
}

GArray *store_alert_makers(struct store *store, gint32 scope_id,
			   const char *const *environments, gsize n_environments,
			   gint64 since, gint64 at, GError **error)
{
	g_autoptr(GArray) makers = g_array_new(FALSE, FALSE, sizeof(struct alert_maker));
	struct pg_args args = { 0 };
	struct pg_rows rows;
	bool good;

	g_array_set_clear_func(makers, maker_clear);
	pg_rows_init(&rows, "t");
	for (gsize i = 0; i < n_environments; i++, rows.n++)
		field_text(rows.columns[0], environments[i]);
	arg_int4(&args, scope_id);
	arg_rows(&args, &rows);
	arg_bound(&args, since);
	arg_bound(&args, at);
	good = store_each(store, sql[MAKERS], &args, add_makers, makers, error);
	pg_rows_clear(&rows);
	return good ? g_steal_pointer(&makers) : NULL;
}
